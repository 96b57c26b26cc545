//! Render as HTML: a static site that works from a folder by double click.
//!
//! In: composed [`Document`]s, and the [`Site`] they belong to (workspace, assessment, files in other formats). Out:
//! one page a document ([`render`]), a start page ([`index`]) and the files both need ([`assets`]); [`site`] is all of
//! it. Steps within a page: shell (`page`), blocks (`blocks`, `table`), drawings ([`svg()`]).
//!
//! Invariants: every text passes `escape`; no page holds inline script or style, so the strict content security policy
//! in each of them holds; nothing is fetched from outside the output folder; pages are complete without script, which
//! only adds comfort.

mod assets;
mod blocks;
mod escape;
mod index;
mod page;
mod posture;
mod search;
mod svg;
mod table;
#[cfg(test)]
mod tests;
mod theme;
mod words;

use std::{borrow::Cow, sync::Arc};

use rayon::prelude::*;

pub use assets::assets;
pub(crate) use assets::{asset, shipped};
pub(crate) use escape::escape;
pub use index::index;
pub(crate) use page::POLICY;
pub use page::render;
pub use svg::svg;
pub(crate) use theme::colours;

use crate::{
    assess::Assessment,
    document::{Document, Texts},
    workspace::Workspace,
};

/// Where the models for other programs lie, and the document that their downloads belong to.
pub const OSCAL: &str = "oscal";

/// Where the FedRAMP package lies, and the document that its downloads belong to.
pub const FEDRAMP: &str = "fedramp";

/// What every page needs to know of the whole build.
#[derive(Debug, Clone, Copy)]
pub struct Site<'a> {
    /// The declarations: names, colours, paper.
    pub workspace: &'a Workspace,
    /// What the start page sums up.
    pub assessment: &'a Assessment,
    /// All documents of the build, in the order in which pages lead to them.
    pub documents: &'a [Document],
    /// Files in other formats.
    pub downloads: &'a [Download],
}

impl Site<'_> {
    /// What pages say around documents. Without documents, in the words that travel in the program.
    fn texts(&self) -> Arc<Texts> {
        let first = self.documents.first().map(|document| document.texts.clone());
        first.unwrap_or_else(|| Arc::new(Texts::built_in(&self.workspace.language)))
    }
}

/// A file of the build in another format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Download {
    /// Document that it belongs to.
    pub document: String,
    /// What the link says: `PDF`, `Markdown`, `CSV`, `XLSX`.
    pub label: String,
    /// Path below the output folder, with `/`.
    pub path: String,
}

/// Every file of the site: path below the output folder, and content.
pub fn site(site: &Site<'_>) -> Vec<(String, Cow<'static, [u8]>)> {
    let mut files: Vec<(String, Cow<'static, [u8]>)> = site
        .documents
        .par_iter()
        .map(|document| (format!("{}.html", document.id), Cow::Owned(render(document, site).into_bytes())))
        .collect();
    files.push(("index.html".to_owned(), Cow::Owned(index(site).into_bytes())));
    files.extend(assets(site));
    files
}

/// The way from the page of a document up to the output folder: `../` once a folder.
fn root_of(id: &str) -> String {
    "../".repeat(id.matches('/').count())
}
