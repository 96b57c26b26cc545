//! Acronyms: those that occur in the document, from the built-in list and the workspace's.

use std::collections::{BTreeMap, BTreeSet};

use super::{Ctx, Grid, Head, Place};
use crate::document::{
    plain,
    tree::{Block, Cell, Inline, Row},
};

/// Anchor of the table, by which [`fill`] finds it again.
const TABLE: &str = "acronyms-table";

/// An empty table; [`fill`] writes its rows once the whole document is known.
pub(super) fn place(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let heads = [Head::name("column.acronym", 14), Head::text("column.meaning", 86)];
    Grid::new(ctx, place, TABLE, "table.acronyms", &heads).blocks()
}

/// Lists the acronyms that occur in these blocks.
pub(in crate::document) fn fill(ctx: &Ctx<'_>, blocks: &mut [Block]) {
    let Some(index) = blocks.iter().position(|block| matches!(block, Block::Table(table) if table.id == TABLE)) else {
        return;
    };
    let mut known: BTreeMap<&str, &str> = ctx.acronyms.iter().map(|(name, meaning)| (&**name, &**meaning)).collect();
    known.extend(ctx.ws.acronyms.iter().map(|(name, meaning)| (&**name, &**meaning)));
    let mut seen = BTreeSet::new();
    blocks.iter().for_each(|block| walk(block, &mut |text| collect(text, &known, &mut seen)));
    if let Some(Block::Table(table)) = blocks.get_mut(index) {
        table.rows = seen
            .iter()
            .filter_map(|name| known.get_key_value(name.as_str()))
            .map(|(name, meaning)| Row { cells: vec![Cell::text(*name), Cell::text(*meaning)], ..Row::default() })
            .collect();
    }
}

/// Words of a text that are acronyms; a plural counts as its singular.
fn collect(text: &str, known: &BTreeMap<&str, &str>, seen: &mut BTreeSet<String>) {
    for word in text.split(|c: char| !c.is_alphanumeric()) {
        let word = if known.contains_key(word) { word } else { word.strip_suffix('s').unwrap_or(word) };
        if known.contains_key(word) && !seen.contains(word) {
            seen.insert(word.to_owned());
        }
    }
}

/// Hands every piece of prose to `see`; names of the machine are no prose.
pub(super) fn walk(block: &Block, see: &mut dyn FnMut(&str)) {
    match block {
        Block::Heading { text, .. } | Block::Paragraph { text } => prose(text, see),
        Block::List { items, .. } => items.iter().flatten().for_each(|block| walk(block, see)),
        Block::Terms { items } => {
            for (term, item) in items {
                prose(term, see);
                item.iter().for_each(|block| walk(block, see));
            }
        }
        Block::Table(table) => {
            see(&table.caption);
            for row in table.head.iter().chain(&table.rows) {
                row.cells.iter().flat_map(|cell| &cell.blocks).for_each(|block| walk(block, see));
            }
        }
        Block::Quote { blocks } | Block::Callout { blocks, .. } => blocks.iter().for_each(|block| walk(block, see)),
        Block::Form(form) => {
            for question in &form.questions {
                see(&plain(&question.text));
                see(&plain(&question.hint));
            }
        }
        Block::Code { .. } | Block::Diagram(_) | Block::Image { .. } | Block::Rule | Block::PageBreak => {}
    }
}

fn prose(text: &[Inline], see: &mut dyn FnMut(&str)) {
    for inline in text {
        match inline {
            Inline::Text { text } | Inline::Badge { text, .. } | Inline::Team { text, .. } => see(text),
            Inline::Strong { text } | Inline::Emphasis { text } | Inline::Link { text, .. } => prose(text, see),
            Inline::Code { .. } | Inline::Break => {}
        }
    }
}
