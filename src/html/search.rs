//! The search index: headings and table rows of every document, as a script that sets one variable.
//!
//! A script and not JSON, because a page that was opened from a folder may not fetch.

use serde_json::{Value, json};

use super::Site;
use crate::document::{Block, Document, Row, Table, plain};

/// Longest text of an entry, in characters.
const LONGEST: usize = 160;

/// `assets/search-index.js`: per document its id, title and entries of anchor, text, section, and 1 for a heading.
pub(super) fn script(site: &Site<'_>) -> String {
    assign("scopefenceIndex", &Value::Array(site.documents.iter().map(page).collect()))
}

/// A script that sets one variable of the window.
pub(super) fn assign(name: &str, value: &Value) -> String {
    // JSON may hold the two line separators that scripts once could not; escaping `<` keeps it harmless in any context.
    let json = value.to_string();
    let json = json.replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029").replace('<', "\\u003c");
    format!("window.{name}={json};\n")
}

fn page(document: &Document) -> Value {
    let mut entries = vec![json!(["", document.title, document.subtitle, 1])];
    let mut section = String::new();
    // Headings above the current place, outermost first.
    let mut above: Vec<(u8, String)> = Vec::new();
    for block in &document.blocks {
        match block {
            Block::Heading { level, id, text } => {
                let text = plain(text);
                above.retain(|(other, _)| other < level);
                let parent = above.last().map_or("", |(_, parent)| parent);
                entries.push(json!([id, text, parent, 1]));
                above.push((*level, text.clone()));
                section = text;
            }
            Block::Table(table) => rows(table, &section, &mut entries),
            Block::Diagram(diagram) => entries.push(json!([diagram.id, diagram.caption, section])),
            Block::Form(form) => {
                for question in &form.questions {
                    let anchor = format!("{}-{}", form.id, question.id);
                    entries.push(json!([anchor, cut(format!("{} {}", question.id, plain(&question.text))), section]));
                }
            }
            _ => {}
        }
    }
    json!([document.id, document.title, entries])
}

fn rows(table: &Table, section: &str, entries: &mut Vec<Value>) {
    for row in table.rows.iter().filter(|row| !row.group) {
        let anchor = row.id.as_deref().unwrap_or(&table.id);
        let text = cut(words(row));
        if !text.is_empty() {
            entries.push(json!([anchor, text, if section.is_empty() { &table.caption } else { section }]));
        }
    }
}

fn words(row: &Row) -> String {
    let cells = row.cells.iter().flat_map(|cell| &cell.blocks).filter_map(|block| match block {
        Block::Paragraph { text } => Some(plain(text)),
        _ => None,
    });
    cells.filter(|text| text.chars().count() > 1).collect::<Vec<_>>().join(" · ")
}

fn cut(text: String) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
