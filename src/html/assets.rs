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
