//! Building tables: columns with their titles, rows of cells, groups.

use super::{Ctx, Place};
use crate::document::tree::{Align, Block, Cell, Column, Inline, Row, Table};

/// A column and its title's key.
#[derive(Clone, Copy)]
pub(crate) struct Head {
    key: &'static str,
    weight: u16,
    narrow: bool,
    header: bool,
    align: Align,
}

impl Head {
    /// A column that names the row.
    pub(crate) const fn name(key: &'static str, weight: u16) -> Self {
        Self { key, weight, narrow: false, header: true, align: Align::Start }
    }

    /// A column of text that wraps.
    pub(crate) const fn text(key: &'static str, weight: u16) -> Self {
        Self { key, weight, narrow: false, header: false, align: Align::Start }
    }

    /// A column as wide as its content: a badge, a date.
    pub(crate) const fn fit(key: &'static str) -> Self {
        Self { key, weight: 0, narrow: true, header: false, align: Align::Start }
    }

    /// A column of numbers.
    pub(crate) const fn number(key: &'static str) -> Self {
        Self { key, weight: 0, narrow: true, header: false, align: Align::End }
    }

    fn column(self) -> Column {
        Column { align: self.align, narrow: self.narrow, header: self.header, weight: self.weight }
    }
}

/// A table being built.
pub(crate) struct Grid {
    table: Table,
}

impl Grid {
    /// A table with one row of heads. `key` names the caption (`KEY.caption`) and the sentence for no rows (`KEY.empty`).
    pub(crate) fn new(ctx: &Ctx<'_>, place: &mut Place<'_>, id: &str, key: &str, heads: &[Head]) -> Self {
        let cells = heads.iter().map(|head| Cell::text(ctx.t.t(head.key))).collect();
        Self {
            table: Table {
                id: place.anchors.claim(id),
                caption: ctx.t.t(&format!("{key}.caption")).to_owned(),
                columns: heads.iter().map(|head| head.column()).collect(),
                head: vec![Row { cells, ..Row::default() }],
                empty: vec![Inline::text(ctx.t.t(&format!("{key}.empty")))],
                ..Table::default()
            },
        }
    }

    /// Appends a column after those given as heads.
    pub(crate) fn column(&mut self, column: Column, head: Vec<Inline>) {
        self.table.columns.push(column);
        if let Some(row) = self.table.head.first_mut() {
            row.cells.push(Cell::new(head));
        }
    }

    /// A group's heading.
    pub(crate) fn group(&mut self, text: Vec<Inline>) {
        let mut cell = Cell::new(text);
        cell.columns = u16::try_from(self.table.columns.len()).unwrap_or(u16::MAX);
        self.table.rows.push(Row { group: true, cells: vec![cell], id: None });
    }

    /// A remark across all columns.
    pub(crate) fn note(&mut self, text: Vec<Inline>) {
        let mut cell = Cell::new(text);
        cell.columns = u16::try_from(self.table.columns.len()).unwrap_or(u16::MAX);
        self.table.rows.push(Row { cells: vec![cell], ..Row::default() });
    }

    /// A row.
    pub(crate) fn row(&mut self, cells: Vec<Cell>) {
        self.anchored(None, cells);
    }

    /// A row whose cells span columns and cover the table by themselves.
    pub(crate) fn spanning(&mut self, cells: Vec<Cell>) {
        self.table.rows.push(Row { cells, ..Row::default() });
    }

    /// A row that something links to.
    pub(crate) fn anchored(&mut self, id: Option<String>, mut cells: Vec<Cell>) {
        cells.resize(self.table.columns.len(), Cell::new(Vec::new()));
        self.table.rows.push(Row { id, group: false, cells });
    }

    /// What the table rests on.
    pub(crate) fn source(&mut self, source: Vec<Inline>) {
        self.table.source = source;
    }

    /// Adds what tells this table from others of its kind: the cluster.
    pub(crate) fn caption_more(&mut self, more: &str) {
        self.table.caption = format!("{} ({more})", self.table.caption);
    }

    /// Says something else than the standard sentence for no rows.
    pub(crate) fn empty(&mut self, text: Vec<Inline>) {
        self.table.empty = text;
    }

    /// Too wide for a portrait page.
    pub(crate) fn landscape(&mut self) {
        self.table.landscape = true;
    }

    /// Too wide for any page.
    pub(crate) fn sheet_only(&mut self) {
        self.table.sheet_only = true;
    }

    /// Heads of narrow columns stand upright.
    pub(crate) fn rotate_heads(&mut self) {
        self.table.rotate_heads = true;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.table.rows.is_empty()
    }

    pub(crate) fn block(self) -> Block {
        Block::Table(self.table)
    }

    pub(crate) fn blocks(self) -> Result<Vec<Block>, String> {
        Ok(vec![self.block()])
    }
}

/// A cell with several paragraphs or lists.
pub(crate) fn cell(blocks: Vec<Block>) -> Cell {
    Cell { blocks, columns: 1, rows: 1 }
}

/// A cell with one line each.
pub(crate) fn lines(lines: impl IntoIterator<Item = Vec<Inline>>) -> Cell {
    let mut text = Vec::new();
    for line in lines {
        if !text.is_empty() {
            text.push(Inline::Break);
        }
        text.extend(line);
    }
    Cell::new(text)
}
