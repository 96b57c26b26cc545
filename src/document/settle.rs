//! The last pass over all documents: links lead somewhere, and text holds nothing that a terminal or a reader's eye
//! could take for something else.
//!
//! Invariants afterwards: every [`Target::Anchor`] and [`Target::Document`] exists in this build; no text has control
//! characters or direction overrides (they are spelled out instead).

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::tree::{Block, Diagram, Document, Inline, Table, Target};
use crate::visible::{deceives, spelled_out};

/// Anchors by document.
pub(crate) type Known = BTreeMap<String, BTreeSet<String>>;

/// Anchors that name the same thing in whatever document they are.
const SHARED: [&str; 4] = ["component-", "control-", "activity-", "finding-"];

/// Settles all documents of a build. Again after some were left out: links to those then become plain text.
pub(crate) fn settle(documents: &mut [Document]) {
    let known = known(documents);
    documents.par_iter_mut().for_each(|document| one(document, &known));
}

/// Where links may lead.
pub(crate) fn known(documents: &[Document]) -> Known {
    let anchors = |document: &Document| {
        let mut anchors = BTreeSet::new();
        document.blocks.iter().for_each(|block| anchors_of(block, &mut anchors));
        (document.id.clone(), anchors)
    };
    documents.iter().map(anchors).collect()
}

/// Settles one document among those known; its own anchors are among them.
pub(crate) fn one(document: &mut Document, known: &Known) {
    let Document { id, title, subtitle, summary, blocks, sheets, control, disclosures, .. } = document;
    let pass = Pass { known, id };
    pass.blocks(blocks);
    pass.blocks(sheets);
    [title, subtitle, summary].into_iter().for_each(clean);
    control_texts(control).into_iter().for_each(clean);
    for disclosure in disclosures {
        clean(&mut disclosure.what);
        clean(&mut disclosure.detail);
    }
}

/// Settles blocks that belong to no document.
pub(super) fn alone(blocks: &mut [Block]) {
    Pass { known: &Known::new(), id: "" }.blocks(blocks);
}

fn control_texts(control: &mut super::tree::ControlBlock) -> Vec<&mut String> {
    let mut texts = vec![
        &mut control.organisation,
        &mut control.identifier,
        &mut control.version,
        &mut control.author,
        &mut control.owner,
        &mut control.approver,
        &mut control.distribution,
        &mut control.retention,
        &mut control.classification,
        &mut control.as_of,
    ];
    texts.extend(control.evidence.iter_mut().flatten());
    texts.extend(control.revisions.iter_mut().flatten());
    texts
}

fn anchors_of(block: &Block, out: &mut BTreeSet<String>) {
    match block {
        Block::Heading { id, .. } => {
            out.insert(id.clone());
        }
        Block::Table(table) => {
            out.insert(table.id.clone());
            out.extend(table.rows.iter().filter_map(|row| row.id.clone()));
            let cells = table.rows.iter().flat_map(|row| &row.cells);
            cells.flat_map(|cell| &cell.blocks).for_each(|block| anchors_of(block, out));
        }
        Block::Diagram(Diagram { id, .. }) => {
            out.insert(id.clone());
        }
        Block::Form(form) => {
            out.insert(form.id.clone());
        }
        Block::List { items, .. } => items.iter().flatten().for_each(|block| anchors_of(block, out)),
        Block::Terms { items } => items.iter().flat_map(|(_, item)| item).for_each(|block| anchors_of(block, out)),
        Block::Quote { blocks } | Block::Callout { blocks, .. } => {
            blocks.iter().for_each(|block| anchors_of(block, out));
        }
        Block::Paragraph { .. } | Block::Code { .. } | Block::Image { .. } | Block::Rule | Block::PageBreak => {}
    }
}

struct Pass<'a> {
    known: &'a Known,
    /// The document at hand.
    id: &'a str,
}

impl Pass<'_> {
    fn blocks(&self, blocks: &mut [Block]) {
        for block in blocks {
            match block {
                Block::Heading { text, .. } | Block::Paragraph { text } => self.inlines(text),
                Block::List { items, .. } => items.iter_mut().for_each(|item| self.blocks(item)),
                Block::Terms { items } => {
                    for (term, item) in items {
                        self.inlines(term);
                        self.blocks(item);
                    }
                }
                Block::Table(table) => self.table(table),
                Block::Code { language, text } => {
                    clean(language);
                    let lines: Vec<String> = text.split('\n').map(spelled_out).collect();
                    *text = lines.join("\n");
                }
                Block::Quote { blocks } => self.blocks(blocks),
                Block::Callout { title, blocks, .. } => {
                    self.inlines(title);
                    self.blocks(blocks);
                }
                Block::Diagram(diagram) => {
                    clean(&mut diagram.caption);
                    clean(&mut diagram.alt);
                    for shape in &mut diagram.scene.shapes {
                        if let super::scene::Shape::Text { text, .. } = shape {
                            clean(text);
                        }
                    }
                }
                Block::Image { alt, .. } => clean(alt),
                Block::Form(form) => {
                    for question in &mut form.questions {
                        self.inlines(&mut question.text);
                        self.inlines(&mut question.hint);
                        self.inlines(&mut question.controls);
                        if let Some(given) = &mut question.given {
                            clean(given);
                        }
                    }
                }
                Block::Rule | Block::PageBreak => {}
            }
        }
    }

    fn table(&self, table: &mut Table) {
        clean(&mut table.caption);
        self.inlines(&mut table.source);
        self.inlines(&mut table.empty);
        for row in table.head.iter_mut().chain(&mut table.rows) {
            for cell in &mut row.cells {
                self.blocks(&mut cell.blocks);
            }
        }
    }

    fn inlines(&self, inlines: &mut Vec<Inline>) {
        for inline in inlines.iter_mut() {
            match inline {
                Inline::Text { text }
                | Inline::Code { text }
                | Inline::Badge { text, .. }
                | Inline::Team { text, .. } => clean(text),
                Inline::Strong { text } | Inline::Emphasis { text } | Inline::Link { text, .. } => self.inlines(text),
                Inline::Break => {}
            }
        }
        for inline in inlines.iter_mut() {
            if let Inline::Link { target, .. } = inline {
                self.shorten(target);
            }
        }
        if inlines.iter().any(|inline| matches!(inline, Inline::Link { target, .. } if !self.leads(target))) {
            *inlines = std::mem::take(inlines)
                .into_iter()
                .flat_map(|inline| match inline {
                    Inline::Link { target, text } if !self.leads(&target) => text,
                    other => vec![other],
                })
                .collect();
        }
    }

    /// A link to what this document shows itself stays in it.
    fn shorten(&self, target: &mut Target) {
        let Target::Document(document, Some(anchor)) = target else { return };
        let here = self.known.get(self.id).is_some_and(|known| known.contains(anchor));
        let same_thing = SHARED.iter().any(|prefix| anchor.starts_with(prefix));
        if here && (document == self.id || same_thing) {
            *target = Target::Anchor(std::mem::take(anchor));
        }
    }

    fn leads(&self, target: &Target) -> bool {
        let has = |document: &str, anchor: &str| self.known.get(document).is_some_and(|known| known.contains(anchor));
        match target {
            Target::Anchor(anchor) => has(self.id, anchor),
            Target::Document(document, Some(anchor)) => has(document, anchor),
            Target::Document(document, None) => self.known.contains_key(document),
            Target::Url(_) => true,
        }
    }
}

fn clean(text: &mut String) {
    if text.chars().any(deceives) {
        *text = spelled_out(text);
    }
}
