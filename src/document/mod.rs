//! Compose: workspace and assessment become [`Document`]s.
//!
//! In: a [`Workspace`](crate::workspace::Workspace) and an [`Assessment`](crate::assess::Assessment). Out: block trees
//! that the renderers draw. Steps: load templates (`templates`), publish the context (`context`), run each document's
//! Tera template to Markdown, parse the Markdown into blocks (`parse`), swap `{{ node(name="…") }}` fences for typed
//! nodes (`nodes`), settle links and clean text (`settle`).
//!
//! Invariant: text from users and clusters reaches the tree as text or through the sanitising Markdown parser, never as
//! template or node syntax.

pub(crate) mod chart;
mod compose;
mod context;
mod control;
mod error;
pub mod fence;
mod impact;
mod nodes;
pub mod palette;
mod parse;
pub mod scene;
mod settle;
#[cfg(test)]
pub(crate) mod specimen;
mod templates;
#[cfg(test)]
pub(crate) mod testing;
pub(crate) mod texts;
pub mod tree;
pub(crate) mod trend;
pub(crate) mod words;

pub(crate) use compose::Outline;
pub use compose::{Sources, compose};
pub use error::{ComposeError, Problem};
pub(crate) use parse::plain;
pub(crate) use settle::{Known, known, settle};
pub use texts::Texts;
pub use tree::*;

/// A Markdown field of the workspace as blocks that stand alone: no pictures, and no links to what is elsewhere.
pub(crate) fn narrative(markdown: &str) -> Vec<Block> {
    // The empty path is no folder, so no picture lies in it.
    let origin = parse::Origin::Narrative { root: std::path::Path::new(""), under: 0 };
    let mut blocks = parse::blocks(markdown, origin, &mut parse::Anchors::default());
    settle::alone(&mut blocks);
    blocks
}

/// How many tables a reader looks up in a list: fewer are found without, and more would make the list a book of its own.
const LISTED: std::ops::RangeInclusive<usize> = 8..=150;

/// Numbers of the tables with captions, by anchor; none in a document that does not list them.
pub(crate) fn table_numbers(document: &Document) -> std::collections::HashMap<&str, usize> {
    let mut tables = tables(document);
    tables.retain(|table| !table.caption.is_empty() && !table.id.is_empty());
    if !LISTED.contains(&tables.len()) {
        tables.clear();
    }
    tables.into_iter().enumerate().map(|(at, table)| (table.id.as_str(), at + 1)).collect()
}

/// A table's caption below its number: `Table 7 · Findings`.
pub(crate) fn numbered_caption(table: &Table, number: Option<usize>, texts: &Texts) -> String {
    match number {
        Some(number) => texts.fill("page.numbered_table", &[("n", &number.to_string()), ("caption", &table.caption)]),
        None => table.caption.clone(),
    }
}

/// The tables of a document, in order, with those inside lists and call-outs.
pub fn tables(document: &Document) -> Vec<&Table> {
    fn walk<'a>(blocks: &'a [Block], out: &mut Vec<&'a Table>) {
        for block in blocks {
            match block {
                Block::Table(table) => out.push(table),
                Block::List { items, .. } => items.iter().for_each(|item| walk(item, out)),
                Block::Terms { items } => items.iter().for_each(|(_, item)| walk(item, out)),
                Block::Quote { blocks } | Block::Callout { blocks, .. } => walk(blocks, out),
                _ => {}
            }
        }
    }
    let mut out = Vec::new();
    walk(&document.blocks, &mut out);
    out
}
