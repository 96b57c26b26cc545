//! Tables: captions, header cells with scopes, groups as row groups, room to scroll.
//!
//! A browser lays a table out as a whole, since any cell may widen a column: with thousands of rows that takes seconds.
//! Very long tables therefore have columns of known widths ([`Tracks`]) and rows in pieces, of which the style lets the
//! browser lay out only those in view; on paper they are tables as any other.

use std::fmt::Write;

use super::{
    blocks::{Context, anchor, inlines, tight},
    escape::escape,
};
use crate::document::{Align, Block, Cell, Row, Table, numbered_caption, plain};

/// Tables with at least this many rows get a filter.
const FILTER_FROM: usize = 12;

/// Characters of narrow headers, all together, from which on they are set upright.
const UPRIGHT_FROM: usize = 40;

/// Tables with at least this many rows are laid out in pieces.
const MANY: usize = 400;

/// Rows of a piece; `site.css` reserves room for as many.
const PIECE: usize = 50;

/// The widths of a very long table's columns, known before any of its rows is laid out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Tracks(Vec<Track>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Track {
    /// Room for so many characters.
    Characters(usize),
    /// A share of the room that is left.
    Share(usize),
}

/// Most characters that a narrow column gets.
const WIDEST: usize = 18;

impl Tracks {
    /// For tables of many rows without spans below a single row of headers.
    pub(super) fn of(table: &Table) -> Option<Tracks> {
        let plain = |row: &Row| row.cells.iter().all(|cell| cell.rows <= 1 && cell.columns <= 1);
        let [head] = &*table.head else { return None };
        let rows = || table.rows.iter().filter(|row| !row.group);
        if table.rotate_heads || rows().count() < MANY || !plain(head) || !rows().all(plain) {
            return None;
        }
        let tracks = table.columns.iter().enumerate().map(|(index, column)| {
            let lengths = std::iter::once(head).chain(rows()).filter_map(|row| row.cells.get(index));
            let lengths = lengths.map(|cell| words(cell).chars().count());
            if column.narrow {
                return Track::Characters(lengths.max().unwrap_or_default().clamp(4, WIDEST));
            }
            match usize::from(column.weight) {
                0 => Track::Share((lengths.sum::<usize>() / table.rows.len()).clamp(8, 40)),
                weight => Track::Share(weight),
            }
        });
        Some(Tracks(tracks.collect()))
    }

    /// The class of tables with these columns.
    fn class(&self) -> String {
        let tracks = self.0.iter().map(|track| match track {
            Track::Characters(count) => format!("-c{count}"),
            Track::Share(share) => format!("-s{share}"),
        });
        format!("columns{}", tracks.collect::<String>())
    }

    /// The style of that class.
    pub(super) fn css(&self) -> String {
        // Half an em a character, and the padding of a cell, of a badge and its symbol.
        let narrow = |count: &usize| count * 9 + 48;
        let least: usize =
            self.0.iter().map(|track| if let Track::Characters(n) = track { narrow(n) } else { 128 }).sum();
        let tracks = self.0.iter().map(|track| match track {
            Track::Characters(count) => format!(" {}px", narrow(count)),
            Track::Share(share) => format!(" minmax(0,{share}fr)"),
        });
        let (class, tracks) = (self.class(), tracks.collect::<String>());
        format!("table.many.{class}{{min-width:{least}px}}.{class} tr{{grid-template-columns:{}}}", tracks.trim_start())
    }
}

/// Appends a table.
pub(super) fn table(out: &mut String, table: &Table, context: &Context<'_>) {
    if table.rows.is_empty() {
        return nothing(out, table, context);
    }
    let rows = table.rows.iter().filter(|row| !row.group).count();
    let spans = table.rows.iter().flat_map(|row| &row.cells).any(|cell| cell.rows > 1);
    out.push_str("<figure class=\"table");
    if table.landscape {
        out.push_str(" wide");
    }
    if table.rotate_heads {
        out.push_str(" rotate");
    }
    out.push_str("\" id=\"");
    escape(out, &table.id);
    out.push('"');
    if rows >= FILTER_FROM && !spans {
        out.push_str(" data-filter");
    }
    if rows >= 3 && !spans {
        out.push_str(" data-sort");
    }
    out.push_str("><div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-labelledby=\"");
    escape(out, &table.id);
    out.push_str("-caption\">\n<table");
    let tracks = Tracks::of(table);
    if let Some(tracks) = &tracks {
        let _ = write!(out, " class=\"many {}\"", tracks.class());
    }
    out.push_str("><caption id=\"");
    escape(out, &table.id);
    if table.caption.is_empty() {
        out.push_str("-caption\" class=\"unseen\">");
        context.say(out, "page.table");
    } else {
        out.push_str("-caption\"><span>");
        let number = context.numbers.get(table.id.as_str()).copied();
        escape(out, &numbered_caption(table, number, context.texts));
        anchor(out, &table.id, &table.caption, context);
        out.push_str("</span>");
    }
    out.push_str("</caption>\n");
    columns(out, table);
    let said = |row: &&Row| row.cells.iter().any(|cell| !cell.blocks.is_empty());
    if table.head.iter().any(|row| said(&row)) {
        out.push_str("<thead>");
        for row in table.head.iter().filter(said) {
            head_row(out, table, row, context);
        }
        out.push_str("</thead>\n");
    }
    body(out, table, tracks.map_or(usize::MAX, |_| PIECE), context);
    out.push_str("</table></div>\n");
    if !table.source.is_empty() {
        out.push_str("<figcaption class=\"source\">");
        inlines(out, &table.source, context);
        out.push_str("</figcaption>\n");
    }
    out.push_str("</figure>\n");
}

/// Said instead of a table without rows.
fn nothing(out: &mut String, table: &Table, context: &Context<'_>) {
    out.push_str("<div class=\"empty\" id=\"");
    escape(out, &table.id);
    out.push_str("\"><p><strong>");
    escape(out, &table.caption);
    out.push_str("</strong></p><p>");
    inlines(out, &table.empty, context);
    out.push_str("</p></div>\n");
}

fn columns(out: &mut String, table: &Table) {
    let total: u32 = table.columns.iter().map(|column| u32::from(column.weight)).sum();
    // What columns without a wish need is left to them.
    let others = table.columns.iter().filter(|column| column.weight == 0).count() as u32;
    let share = 100_u32.saturating_sub(others * 8).max(40);
    out.push_str("<colgroup>");
    for column in &table.columns {
        if column.narrow {
            out.push_str("<col class=\"narrow\">");
        } else if column.weight > 0 {
            let _ = write!(out, "<col class=\"w{}\">", (u32::from(column.weight) * share / total.max(1)).clamp(1, 100));
        } else {
            out.push_str("<col>");
        }
    }
    out.push_str("</colgroup>\n");
}

fn head_row(out: &mut String, table: &Table, row: &Row, context: &Context<'_>) {
    out.push_str("<tr>");
    let mut column = 0;
    let labels = row.cells.iter().map(|cell| words(cell).chars().count());
    let crowded = table.rotate_heads && labels.skip(1).sum::<usize>() > UPRIGHT_FROM;
    for cell in &row.cells {
        // A header cell must say something; an empty corner is a plain cell.
        let tag = if cell.blocks.is_empty() { "td" } else { "th" };
        let _ = write!(out, "<{tag}");
        if tag == "th" {
            out.push_str(if cell.columns > 1 { " scope=\"colgroup\"" } else { " scope=\"col\"" });
        }
        spans(out, cell);
        let narrow = cell.columns == 1 && table.columns.get(column).is_some_and(|column| column.narrow);
        let upright = crowded && narrow && words(cell).chars().count() > 4;
        let align = table.columns.get(column).map_or(Align::Start, |column| column.align);
        classes(out, [if upright { "upright" } else { "" }, if narrow { "narrow" } else { "" }, class(align)]);
        out.push('>');
        if upright {
            out.push_str("<span>");
        }
        tight(out, &cell.blocks, context);
        if upright {
            out.push_str("</span>");
        }
        let _ = write!(out, "</{tag}>");
        column += usize::from(cell.columns);
    }
    out.push_str("</tr>");
}

/// The rows: a group begins a body of its own, and within a group each `piece` rows begin a further part.
fn body(out: &mut String, table: &Table, piece: usize, context: &Context<'_>) {
    out.push_str("<tbody>");
    let mut filled = 0;
    // For every column, how many further rows a cell from above still covers.
    let mut covered = vec![0_u16; table.columns.len()];
    for (index, row) in table.rows.iter().enumerate() {
        if row.group && index > 0 {
            out.push_str("</tbody>\n<tbody>");
            filled = 0;
        } else if filled == piece {
            out.push_str("</tbody>\n<tbody class=\"part\">");
            filled = 0;
        }
        filled += 1;
        out.push_str(if row.group { "<tr class=\"group\"" } else { "<tr" });
        if let Some(id) = &row.id {
            out.push_str(" id=\"");
            escape(out, id);
            out.push('"');
        }
        out.push('>');
        body_cells(out, table, row, &mut covered, context);
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>");
}

fn body_cells(out: &mut String, table: &Table, row: &Row, covered: &mut [u16], context: &Context<'_>) {
    let mut column = 0;
    let skip = |column: &mut usize, covered: &mut [u16]| {
        while let Some(rows) = covered.get_mut(*column).filter(|rows| **rows > 0) {
            *rows -= 1;
            *column += 1;
        }
    };
    for cell in &row.cells {
        skip(&mut column, covered);
        let spec = table.columns.get(column);
        let header = row.group || spec.is_some_and(|column| column.header);
        let tag = if header && !cell.blocks.is_empty() { "th" } else { "td" };
        let _ = write!(out, "<{tag}");
        if tag == "th" {
            let group = row.group || cell.rows > 1;
            out.push_str(if group { " scope=\"rowgroup\"" } else { " scope=\"row\"" });
        }
        spans(out, cell);
        let align = spec.filter(|_| !row.group).map_or(Align::Start, |column| column.align);
        let narrow = !row.group && spec.is_some_and(|column| column.narrow);
        classes(out, [class(align), if narrow { "narrow" } else { "" }, ""]);
        out.push('>');
        tight(out, &cell.blocks, context);
        let _ = write!(out, "</{tag}>");
        for below in covered.iter_mut().skip(column).take(usize::from(cell.columns)) {
            *below = cell.rows.saturating_sub(1);
        }
        column += usize::from(cell.columns);
    }
    skip(&mut column, covered);
}

fn spans(out: &mut String, cell: &Cell) {
    if cell.columns > 1 {
        let _ = write!(out, " colspan=\"{}\"", cell.columns);
    }
    if cell.rows > 1 {
        let _ = write!(out, " rowspan=\"{}\"", cell.rows);
    }
}

fn classes(out: &mut String, classes: [&str; 3]) {
    let classes = classes.into_iter().filter(|class| !class.is_empty()).collect::<Vec<_>>();
    if !classes.is_empty() {
        let _ = write!(out, " class=\"{}\"", classes.join(" "));
    }
}

fn class(align: Align) -> &'static str {
    match align {
        Align::Start => "",
        Align::Center => "center",
        Align::End => "end",
    }
}

/// The words of a cell's paragraphs.
fn words(cell: &Cell) -> String {
    let paragraphs = cell.blocks.iter().map(|block| match block {
        Block::Paragraph { text } => plain(text),
        _ => String::new(),
    });
    paragraphs.collect::<Vec<_>>().join(" ")
}
