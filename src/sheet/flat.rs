//! A table without spans, groups or markup: what a spreadsheet can hold.

use crate::document::{Block, Cell, Inline, Row, Table, Texts, Tone, plain};

pub(super) struct Flat {
    pub(super) head: Vec<String>,
    pub(super) rows: Vec<Vec<FlatCell>>,
    /// Columns at the left that name the row.
    pub(super) names: usize,
}

#[derive(Clone, Default)]
pub(super) struct FlatCell {
    pub(super) text: String,
    /// Tone of its only badge.
    pub(super) tone: Option<Tone>,
}

impl Flat {
    pub(super) fn new(table: &Table, texts: &Texts) -> Self {
        let width = table.columns.len();
        let mut head = vec![String::new(); width];
        for row in spread(&table.head, width) {
            for (cell, more) in head.iter_mut().zip(row) {
                let gap = if cell.is_empty() || more.text.is_empty() { "" } else { " " };
                *cell = format!("{cell}{gap}{}", more.text);
            }
        }
        let mut names = table.columns.iter().take_while(|column| column.header).count();
        let grouped = table.rows.iter().any(|row| row.group);
        if grouped {
            // What group rows become.
            head.insert(0, texts.t("sheet.group").to_owned());
            names += 1;
        }
        let mut group = FlatCell::default();
        let mut rows = Vec::with_capacity(table.rows.len());
        for (row, mut cells) in table.rows.iter().zip(spread(&table.rows, width)) {
            if row.group {
                group = cells.into_iter().next().unwrap_or_default();
                continue;
            }
            if grouped {
                cells.insert(0, group.clone());
            }
            rows.push(cells);
        }
        Self { head, rows, names }
    }
}

/// Cells in their columns; a cell that spans rows is repeated in each, so that every line stands alone.
fn spread(rows: &[Row], width: usize) -> Vec<Vec<FlatCell>> {
    let mut above: Vec<(u16, FlatCell)> = vec![(0, FlatCell::default()); width];
    rows.iter()
        .map(|row| {
            let mut out = vec![FlatCell::default(); width];
            let mut cells = row.cells.iter();
            let mut column = 0;
            while column < width {
                if above[column].0 > 0 {
                    above[column].0 -= 1;
                    out[column] = above[column].1.clone();
                    column += 1;
                    continue;
                }
                let Some(cell) = cells.next() else { break };
                let flat = FlatCell { text: text(&cell.blocks), tone: tone(cell) };
                let end = (column + usize::from(cell.columns.max(1))).min(width);
                for slot in &mut above[column..end] {
                    *slot = (cell.rows.max(1) - 1, FlatCell::default());
                }
                above[column].1 = flat.clone();
                out[column] = flat;
                column = end;
            }
            out
        })
        .collect()
}

fn tone(cell: &Cell) -> Option<Tone> {
    match cell.blocks.as_slice() {
        [Block::Paragraph { text }] => match text.as_slice() {
            [Inline::Badge { tone, .. }, ..] => Some(*tone),
            _ => None,
        },
        _ => None,
    }
}

/// Blocks as text, parts separated by semicolons.
fn text(blocks: &[Block]) -> String {
    let mut parts = Vec::new();
    collect(blocks, &mut parts);
    parts.retain(|part: &String| !part.trim().is_empty());
    parts.join("; ")
}

fn collect(blocks: &[Block], out: &mut Vec<String>) {
    for block in blocks {
        match block {
            Block::Paragraph { text } | Block::Heading { text, .. } => {
                for line in text.split(|inline| matches!(inline, Inline::Break)) {
                    out.push(plain(line));
                }
            }
            Block::List { items, .. } => items.iter().for_each(|item| collect(item, out)),
            Block::Terms { items } => {
                for (term, item) in items {
                    let mut inner = Vec::new();
                    collect(item, &mut inner);
                    out.push(format!("{}: {}", plain(term), inner.join("; ")));
                }
            }
            Block::Quote { blocks } | Block::Callout { blocks, .. } => collect(blocks, out),
            Block::Code { text, .. } => out.push(text.clone()),
            Block::Table(table) => {
                for row in &table.rows {
                    let cells: Vec<String> = row.cells.iter().map(|cell| self::text(&cell.blocks)).collect();
                    out.push(cells.join(", "));
                }
            }
            Block::Diagram(diagram) => out.push(diagram.caption.clone()),
            Block::Image { alt, .. } => out.push(alt.clone()),
            Block::Form(_) | Block::Rule | Block::PageBreak => {}
        }
    }
}
