//! Tables: one line a row, spans flattened into empty cells.

use super::{Writer, escape};
use crate::document::{Align, Block, Cell, Row, Table};

pub(super) fn render(writer: &Writer<'_>, table: &Table) -> String {
    let mut out = String::new();
    if !table.id.is_empty() {
        out.push_str(&format!("<a id=\"{}\"></a>\n\n", escape::attribute(&table.id)));
    }
    if !table.caption.is_empty() {
        out.push_str(&format!("**{}**\n\n", escape::text(&table.caption)));
    }
    if table.rows.is_empty() && !table.empty.is_empty() {
        out.push_str(&writer.inlines(&table.empty));
    } else {
        let width = table.columns.len();
        let heads = grid(writer, &table.head, width);
        let mut head = vec![String::new(); width];
        for row in heads {
            for (cell, more) in head.iter_mut().zip(row) {
                let gap = if cell.is_empty() || more.is_empty() { "" } else { " " };
                cell.push_str(gap);
                cell.push_str(&more);
            }
        }
        push_row(&mut out, &head);
        out.push_str("\n|");
        for column in &table.columns {
            out.push_str(match column.align {
                Align::Start => " --- |",
                Align::Center => " :-: |",
                Align::End => " --: |",
            });
        }
        for row in grid(writer, &table.rows, width) {
            out.push('\n');
            push_row(&mut out, &row);
        }
    }
    if !table.source.is_empty() {
        out.push_str(&format!("\n\n*{}*", writer.inlines(&table.source).trim()));
    }
    out
}

fn push_row(out: &mut String, cells: &[String]) {
    out.push('|');
    for cell in cells {
        out.push(' ');
        out.push_str(cell);
        out.push_str(" |");
    }
}

/// Rows as cells of text; a cell that spans is followed by empty ones.
fn grid(writer: &Writer<'_>, rows: &[Row], width: usize) -> Vec<Vec<String>> {
    // Rows still covered in each column by a cell above.
    let mut covered = vec![0_u16; width];
    rows.iter()
        .map(|row| {
            let mut out = vec![String::new(); width];
            let mut column = 0;
            for (index, cell) in row.cells.iter().enumerate() {
                while column < width && covered[column] > 0 {
                    column += 1;
                }
                let Some(slot) = out.get_mut(column) else { break };
                *slot = content(writer, cell);
                if row.group && !slot.is_empty() {
                    *slot = format!("**{slot}**");
                }
                if index == 0
                    && let Some(id) = &row.id
                {
                    *slot = format!("<a id=\"{}\"></a>{slot}", escape::attribute(id));
                }
                let end = (column + usize::from(cell.columns.max(1))).min(width);
                for rows in &mut covered[column..end] {
                    *rows = (*rows).max(cell.rows.max(1));
                }
                column = end;
            }
            covered.iter_mut().for_each(|rows| *rows = rows.saturating_sub(1));
            out
        })
        .collect()
}

/// A cell's blocks on one line.
fn content(writer: &Writer<'_>, cell: &Cell) -> String {
    let mut parts = Vec::new();
    flatten(writer, &cell.blocks, "", &mut parts);
    parts.join("<br>")
}

fn flatten(writer: &Writer<'_>, blocks: &[Block], mark: &str, out: &mut Vec<String>) {
    for block in blocks {
        match block {
            Block::Paragraph { text } | Block::Heading { text, .. } => {
                out.push(format!("{mark}{}", in_cell(&writer.inlines(text))));
            }
            Block::List { items, .. } => items.iter().for_each(|item| flatten(writer, item, "• ", out)),
            Block::Terms { items } => {
                for (term, item) in items {
                    out.push(format!("{mark}**{}**", in_cell(&writer.inlines(term))));
                    flatten(writer, item, mark, out);
                }
            }
            Block::Quote { blocks } | Block::Callout { blocks, .. } => flatten(writer, blocks, mark, out),
            Block::Code { text, .. } => out.extend(text.lines().map(|line| in_cell(&escape::code_span(line)))),
            Block::Table(table) => {
                for row in &table.rows {
                    let cells: Vec<String> = row.cells.iter().map(|cell| content(writer, cell)).collect();
                    out.push(cells.join(", "));
                }
            }
            Block::Diagram(diagram) => out.push(escape::text(&diagram.caption)),
            Block::Image { alt, .. } => out.push(escape::text(alt)),
            Block::Form(_) | Block::Rule | Block::PageBreak => {}
        }
    }
}

/// A bar in a code span ends a cell all the same, so it is escaped there too (GFM, section 4.10).
fn in_cell(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut last = ' ';
    for c in text.chars() {
        if c == '|' && last != '\\' {
            out.push('\\');
        }
        out.push(c);
        last = c;
    }
    out
}
