//! The files that pages need, below `assets/`.

use std::{borrow::Cow, collections::BTreeMap};

use super::{Site, search, theme, words};
use crate::{
    document::{Block, Document},
    embedded::SITE,
};

/// Everything below `assets/`: embedded files, the generated theme, pictures of the documents.
pub fn assets(site: &Site<'_>) -> Vec<(String, Cow<'static, [u8]>)> {
    let mut files: BTreeMap<String, Cow<'static, [u8]>> = BTreeMap::new();
    // Pictures come first, so that no workspace file can stand in for one of ours.
    for document in site.documents {
        pictures(document, &mut files);
    }
    embedded(&SITE, &mut files);
    files.insert("assets/theme.css".to_owned(), Cow::Owned(theme::css(site).into_bytes()));
    files.insert("assets/words.js".to_owned(), Cow::Owned(words::script(&site.texts()).into_bytes()));
    files.insert("assets/search-index.js".to_owned(), Cow::Owned(search::script(site).into_bytes()));
    files.into_iter().collect()
}

/// One file below `assets/`, by its path: [`assets`] without the work for the others.
pub(crate) fn asset(site: &Site<'_>, path: &str) -> Option<Cow<'static, [u8]>> {
    match path {
        "assets/theme.css" => return Some(Cow::Owned(theme::css(site).into_bytes())),
        "assets/words.js" => return Some(Cow::Owned(words::script(&site.texts()).into_bytes())),
        "assets/search-index.js" => return Some(Cow::Owned(search::script(site).into_bytes())),
        _ => {}
    }
    shipped(path).or_else(|| {
        let mut files = BTreeMap::new();
        site.documents.iter().for_each(|document| pictures(document, &mut files));
        files.remove(path)
    })
}

/// A file below `assets/` that is the same in every build.
pub(crate) fn shipped(path: &str) -> Option<Cow<'static, [u8]>> {
    let mut files = BTreeMap::new();
    embedded(&SITE, &mut files);
    files.remove(path)
}

/// The embedded folder as it is; the whole fonts in it are for the PDF alone.
fn embedded(folder: &'static include_dir::Dir<'static>, files: &mut BTreeMap<String, Cow<'static, [u8]>>) {
    for file in folder.files() {
        let Some(path) = file.path().to_str() else { continue };
        let path = path.replace('\\', "/");
        let ours = [".css", ".js", ".svg", ".woff2", ".txt"].iter().any(|end| path.ends_with(end));
        if ours {
            files.insert(format!("assets/{path}"), Cow::Borrowed(file.contents()));
        }
    }
    folder.dirs().for_each(|folder| embedded(folder, files));
}

fn pictures(document: &Document, files: &mut BTreeMap<String, Cow<'static, [u8]>>) {
    fn walk(blocks: &[Block], files: &mut BTreeMap<String, Cow<'static, [u8]>>) {
        for block in blocks {
            match block {
                Block::Image { file, bytes, .. } => {
                    files.insert(format!("assets/{file}"), Cow::Owned(bytes.to_vec()));
                }
                Block::List { items, .. } => items.iter().for_each(|item| walk(item, files)),
                Block::Terms { items } => items.iter().for_each(|(_, item)| walk(item, files)),
                Block::Quote { blocks } | Block::Callout { blocks, .. } => walk(blocks, files),
                Block::Table(table) => {
                    let cells = table.rows.iter().flat_map(|row| &row.cells);
                    cells.for_each(|cell| walk(&cell.blocks, files));
                }
                _ => {}
            }
        }
    }
    walk(&document.blocks, files);
}
