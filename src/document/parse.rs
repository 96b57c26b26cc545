//! Markdown to blocks.
//!
//! In: Markdown from a template (trusted to place nodes and to link to other documents) or from a narrative of the
//! workspace (trusted with neither). Out: [`Block`]s with unique anchors. Raw HTML stays text, links keep only known
//! schemes, pictures come from the workspace's folder alone.

use std::{collections::BTreeSet, iter::Peekable, path::Path};

use pulldown_cmark::{Alignment, BlockQuoteKind, CodeBlockKind, Event, Options, Tag, TagEnd};

use super::tree::{Align, Block, Callout, Cell, Column, Inline, Row, Table, Target};
use crate::sort::Sort;

/// Pictures larger than this are left out of documents.
const LARGEST_PICTURE: u64 = 8 << 20;

/// The anchors of one document: each is handed out once.
#[derive(Debug, Default)]
pub(crate) struct Anchors(BTreeSet<String>);

impl Anchors {
    /// The wish itself, or the wish with the first free number.
    pub(crate) fn claim(&mut self, wish: &str) -> String {
        let slug = slug(wish);
        let slug = if slug.is_empty() { "section".to_owned() } else { slug };
        let mut name = slug.clone();
        let mut number = 2;
        while !self.0.insert(name.clone()) {
            name = format!("{slug}-{number}");
            number += 1;
        }
        name
    }
}

/// Lower-case letters and digits of any script, everything else one hyphen.
pub(crate) fn slug(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_alphanumeric() {
            out.extend(c.to_lowercase());
        } else if !out.is_empty() && !out.ends_with('-') {
            out.push('-');
        }
    }
    out.truncate(out.trim_end_matches('-').len());
    out
}

/// What stands in for a node fence: called with the number of the node and the level of the heading it stands under.
pub(crate) type Swap<'a> = dyn FnMut(usize, u8, &mut Anchors) -> Vec<Block> + 'a;

/// Where the Markdown comes from, which decides what it may do.
pub(crate) enum Origin<'a> {
    /// A template: nodes are fences whose information string is this token and a number.
    Template {
        /// Marks node fences; nobody who wrote content can know it.
        token: &'a str,
        /// Builds the node.
        swap: &'a mut Swap<'a>,
    },
    /// A Markdown field of the workspace, standing under a heading of this level.
    Narrative {
        /// Folder that pictures must lie in.
        root: &'a Path,
        /// Level of the heading above.
        under: u8,
    },
}

/// Parses Markdown into blocks.
pub(crate) fn blocks<'a>(markdown: &str, origin: Origin<'a>, anchors: &'a mut Anchors) -> Vec<Block> {
    let mut options = Options::ENABLE_TABLES | Options::ENABLE_GFM | Options::ENABLE_FOOTNOTES;
    if matches!(origin, Origin::Template { .. }) {
        options |= Options::ENABLE_HEADING_ATTRIBUTES;
    }
    let events = pulldown_cmark::Parser::new_ext(markdown, options).peekable();
    let mut builder =
        Builder { events, origin, anchors, level: 0, pictures: Vec::new(), notes: Vec::new(), labels: Vec::new() };
    let mut blocks = builder.blocks(None);
    let notes = std::mem::take(&mut builder.notes);
    for (number, mut note) in notes {
        let mark = Inline::text(format!("[{number}] "));
        match note.first_mut() {
            Some(Block::Paragraph { text }) => text.insert(0, mark),
            _ => note.insert(0, Block::Paragraph { text: vec![mark] }),
        }
        blocks.extend(note);
    }
    blocks
}

struct Builder<'a, 'b, I: Iterator<Item = Event<'a>>> {
    events: Peekable<I>,
    origin: Origin<'b>,
    anchors: &'b mut Anchors,
    /// Level of the last heading.
    level: u8,
    /// Pictures met in the current paragraph; they follow it as blocks.
    pictures: Vec<Block>,
    notes: Vec<(usize, Vec<Block>)>,
    /// Footnote labels in order of first use.
    labels: Vec<String>,
}

impl<'a, I: Iterator<Item = Event<'a>>> Builder<'a, '_, I> {
    /// Blocks up to the end tag, or all of them.
    fn blocks(&mut self, end: Option<TagEnd>) -> Vec<Block> {
        let mut out = Vec::new();
        let mut loose = Vec::new();
        while let Some(event) = self.events.next() {
            if let Event::End(tag) = &event {
                if Some(*tag) == end {
                    break;
                }
                continue;
            }
            if is_inline(&event) {
                self.inline(event, &mut loose);
                continue;
            }
            self.flush(&mut loose, &mut out);
            match event {
                Event::Start(tag) => self.block(tag, &mut out),
                Event::Rule => out.push(Block::Rule),
                _ => {}
            }
        }
        self.flush(&mut loose, &mut out);
        out
    }

    /// Ends a paragraph: its text, then the pictures that stood in it.
    fn flush(&mut self, text: &mut Vec<Inline>, out: &mut Vec<Block>) {
        trim(text);
        if !text.is_empty() {
            out.push(Block::Paragraph { text: std::mem::take(text) });
        }
        out.append(&mut self.pictures);
    }

    fn block(&mut self, tag: Tag<'a>, out: &mut Vec<Block>) {
        match tag {
            Tag::Paragraph => {
                let mut text = self.inlines(TagEnd::Paragraph);
                self.flush(&mut text, out);
            }
            Tag::Heading { level, id, .. } => {
                let mut text = self.inlines(TagEnd::Heading(level));
                trim(&mut text);
                let (level, id) = match &self.origin {
                    Origin::Template { .. } => {
                        self.level = level as u8;
                        let wish = id.map_or_else(|| plain(&text), |id| id.to_string());
                        (level as u8, self.anchors.claim(&wish))
                    }
                    // A prefix of their own keeps narratives from taking an anchor that a template relies on.
                    Origin::Narrative { under, .. } => {
                        (level as u8 + under, self.anchors.claim(&format!("n-{}", plain(&text))))
                    }
                };
                out.push(Block::Heading { level: level.min(6), id, text });
                out.append(&mut self.pictures);
            }
            Tag::BlockQuote(kind) => {
                let blocks = self.blocks(Some(TagEnd::BlockQuote(kind)));
                out.push(match kind {
                    None => Block::Quote { blocks },
                    Some(kind) => Block::Callout { kind: callout(kind), title: Vec::new(), blocks },
                });
            }
            Tag::CodeBlock(kind) => self.code(kind, out),
            Tag::HtmlBlock => {
                let mut text = Vec::new();
                for event in self.events.by_ref() {
                    match event {
                        Event::End(TagEnd::HtmlBlock) => break,
                        Event::Html(html) | Event::Text(html) => push_text(&mut text, html.trim_end_matches('\n')),
                        _ => {}
                    }
                    push_text(&mut text, " ");
                }
                self.flush(&mut text, out);
            }
            Tag::List(start) => {
                let mut items = Vec::new();
                while let Some(event) = self.events.next() {
                    match event {
                        Event::Start(Tag::Item) => items.push(self.blocks(Some(TagEnd::Item))),
                        Event::End(TagEnd::List(_)) => break,
                        _ => {}
                    }
                }
                out.push(Block::List { start, items });
            }
            Tag::Table(alignments) => {
                let table = self.table(&alignments);
                out.push(Block::Table(table));
            }
            Tag::FootnoteDefinition(label) => {
                let number = self.note(&label);
                let blocks = self.blocks(Some(TagEnd::FootnoteDefinition));
                self.notes.push((number, blocks));
                self.notes.order_by_key(|(number, _)| *number);
            }
            other => out.extend(self.blocks(Some(other.to_end()))),
        }
    }

    /// Preformatted text, or a node of the template.
    fn code(&mut self, kind: CodeBlockKind<'a>, out: &mut Vec<Block>) {
        let info = match &kind {
            CodeBlockKind::Fenced(info) => info.to_string(),
            CodeBlockKind::Indented => String::new(),
        };
        let mut text = String::new();
        for event in self.events.by_ref() {
            match event {
                Event::End(TagEnd::CodeBlock) => break,
                Event::Text(part) => text.push_str(&part),
                _ => {}
            }
        }
        if let Origin::Template { token, swap } = &mut self.origin
            && let Some(number) = info.strip_prefix(*token).and_then(|rest| rest.trim().parse().ok())
        {
            out.extend(swap(number, self.level, self.anchors));
            return;
        }
        let language = info.split_whitespace().next().unwrap_or_default().to_owned();
        out.push(Block::Code { language, text: text.trim_end_matches('\n').to_owned() });
    }

    fn table(&mut self, alignments: &[Alignment]) -> Table {
        let mut table = Table { id: self.anchors.claim("table"), ..Table::default() };
        let mut widths = vec![4_usize; alignments.len()];
        while let Some(event) = self.events.next() {
            match event {
                Event::Start(head @ (Tag::TableHead | Tag::TableRow)) => {
                    let is_head = matches!(head, Tag::TableHead);
                    let mut row = Row::default();
                    while let Some(event) = self.events.next() {
                        match event {
                            Event::Start(Tag::TableCell) => {
                                let text = self.inlines(TagEnd::TableCell);
                                if let Some(width) = widths.get_mut(row.cells.len()) {
                                    *width = (*width).max(plain(&text).chars().count().min(60));
                                }
                                row.cells.push(Cell::new(text));
                            }
                            Event::End(TagEnd::TableHead | TagEnd::TableRow) => break,
                            _ => {}
                        }
                    }
                    row.cells.resize(alignments.len(), Cell::new(Vec::new()));
                    if is_head { table.head.push(row) } else { table.rows.push(row) }
                }
                Event::End(TagEnd::Table) => break,
                _ => {}
            }
        }
        table.columns = alignments
            .iter()
            .zip(widths)
            .map(|(alignment, width)| Column {
                align: match alignment {
                    Alignment::None | Alignment::Left => Align::Start,
                    Alignment::Center => Align::Center,
                    Alignment::Right => Align::End,
                },
                weight: width as u16,
                ..Column::default()
            })
            .collect();
        table
    }

    fn inlines(&mut self, end: TagEnd) -> Vec<Inline> {
        let mut out = Vec::new();
        while let Some(event) = self.events.next() {
            if matches!(&event, Event::End(tag) if *tag == end) {
                break;
            }
            self.inline(event, &mut out);
        }
        out
    }

    fn inline(&mut self, event: Event<'a>, out: &mut Vec<Inline>) {
        match event {
            Event::Text(text) | Event::InlineHtml(text) | Event::Html(text) => push_text(out, &text),
            Event::InlineMath(text) | Event::DisplayMath(text) => push_text(out, &text),
            Event::Code(text) => out.push(Inline::code(text.to_string())),
            Event::SoftBreak => push_text(out, " "),
            Event::HardBreak => out.push(Inline::Break),
            Event::FootnoteReference(label) => {
                let number = self.note(&label);
                push_text(out, &format!(" [{number}]"));
            }
            Event::TaskListMarker(done) => push_text(out, if done { "[x] " } else { "[ ] " }),
            Event::Start(Tag::Strong) => {
                let text = self.inlines(TagEnd::Strong);
                out.push(Inline::Strong { text });
            }
            Event::Start(Tag::Emphasis) => {
                let text = self.inlines(TagEnd::Emphasis);
                out.push(Inline::Emphasis { text });
            }
            Event::Start(Tag::Link { dest_url, .. }) => {
                let text = self.inlines(TagEnd::Link);
                match self.target(&dest_url) {
                    Some(target) => out.push(Inline::Link { target, text }),
                    None => text.into_iter().for_each(|inline| push(out, inline)),
                }
            }
            Event::Start(Tag::Image { dest_url, .. }) => {
                let alt = plain(&self.inlines(TagEnd::Image));
                match self.picture(&dest_url, &alt) {
                    Some(picture) => self.pictures.push(picture),
                    None => push_text(out, &alt),
                }
            }
            Event::Start(tag) => {
                let text = self.inlines(tag.to_end());
                text.into_iter().for_each(|inline| push(out, inline));
            }
            Event::End(_) | Event::Rule => {}
        }
    }

    fn note(&mut self, label: &str) -> usize {
        match self.labels.iter().position(|known| known == label) {
            Some(index) => index + 1,
            None => {
                self.labels.push(label.to_owned());
                self.labels.len()
            }
        }
    }

    fn target(&self, url: &str) -> Option<Target> {
        if let Some(anchor) = url.strip_prefix('#') {
            return (!anchor.is_empty()).then(|| Target::Anchor(anchor.to_owned()));
        }
        if let Some(url) = web_address(url) {
            return Some(Target::Url(url));
        }
        if matches!(self.origin, Origin::Template { .. }) {
            let (file, anchor) = url.split_once('#').map_or((url, None), |(file, anchor)| (file, Some(anchor)));
            return file.strip_suffix(".md").map(|id| Target::Document(id.to_owned(), anchor.map(str::to_owned)));
        }
        None
    }

    /// A picture that lies in the workspace's folder; nothing for any other.
    fn picture(&self, url: &str, alt: &str) -> Option<Block> {
        let Origin::Narrative { root, .. } = &self.origin else { return None };
        let extension = Path::new(url).extension()?.to_str()?.to_ascii_lowercase();
        if url.contains(':') || !matches!(extension.as_str(), "png" | "jpg" | "jpeg" | "svg") {
            return None;
        }
        let root = root.canonicalize().ok()?;
        let path = root.join(url).canonicalize().ok()?;
        let relative = path.strip_prefix(&root).ok()?;
        let size = path.metadata().ok()?;
        if !size.is_file() || size.len() > LARGEST_PICTURE {
            return None;
        }
        let bytes = std::fs::read(&path).ok()?;
        let stem = relative.with_extension("");
        let file = format!("{}.{extension}", slug(&stem.to_string_lossy()));
        Some(Block::Image { file, alt: alt.to_owned(), bytes: bytes.into() })
    }
}

/// The address if its scheme is one that documents may link to.
pub(crate) fn web_address(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once(':')?;
    let known = ["https", "http", "mailto", "tel"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
    let clean = !rest.is_empty() && !url.chars().any(|c| c.is_control() || c.is_whitespace());
    (known && clean).then(|| url.to_owned())
}

fn callout(kind: BlockQuoteKind) -> Callout {
    match kind {
        BlockQuoteKind::Note | BlockQuoteKind::Tip => Callout::Note,
        BlockQuoteKind::Important => Callout::Important,
        BlockQuoteKind::Warning | BlockQuoteKind::Caution => Callout::Warning,
    }
}

fn is_inline(event: &Event<'_>) -> bool {
    match event {
        Event::Start(tag) => {
            matches!(tag, Tag::Emphasis | Tag::Strong | Tag::Strikethrough | Tag::Link { .. } | Tag::Image { .. })
        }
        Event::End(_) | Event::Rule => false,
        _ => true,
    }
}

fn push(out: &mut Vec<Inline>, inline: Inline) {
    match inline {
        Inline::Text { text } => push_text(out, &text),
        other => out.push(other),
    }
}

fn push_text(out: &mut Vec<Inline>, text: &str) {
    match out.last_mut() {
        Some(Inline::Text { text: last }) => last.push_str(text),
        _ if text.is_empty() => {}
        _ => out.push(Inline::text(text)),
    }
}

/// Takes white space off both ends.
fn trim(text: &mut Vec<Inline>) {
    if let Some(Inline::Text { text: first }) = text.first_mut() {
        *first = first.trim_start().to_owned();
    }
    if let Some(Inline::Text { text: last }) = text.last_mut() {
        last.truncate(last.trim_end().len());
    }
    text.retain(|inline| !matches!(inline, Inline::Text { text } if text.is_empty()));
}

/// The text alone.
pub(crate) fn plain(text: &[Inline]) -> String {
    let mut out = String::new();
    for inline in text {
        match inline {
            Inline::Text { text } | Inline::Code { text } | Inline::Badge { text, .. } | Inline::Team { text, .. } => {
                out.push_str(text);
            }
            Inline::Strong { text } | Inline::Emphasis { text } | Inline::Link { text, .. } => {
                out.push_str(&plain(text));
            }
            Inline::Break => out.push(' '),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn narrative(markdown: &str) -> Vec<Block> {
        blocks(markdown, Origin::Narrative { root: Path::new("/nowhere"), under: 2 }, &mut Anchors::default())
    }

    fn template(markdown: &str) -> Vec<Block> {
        let mut swap = |number: usize, level: u8, _: &mut Anchors| {
            vec![Block::Paragraph { text: vec![Inline::text(format!("node {number} under {level}"))] }]
        };
        blocks(markdown, Origin::Template { token: "tok", swap: &mut swap }, &mut Anchors::default())
    }

    #[test]
    fn headings_get_unique_stable_ids() {
        let blocks = template("# One {#first}\n\n## Two words\n\n## Two words\n");
        let ids: Vec<_> = blocks
            .iter()
            .filter_map(|block| match block {
                Block::Heading { level, id, .. } => Some((*level, id.as_str())),
                _ => None,
            })
            .collect();
        assert_eq!(ids, [(1, "first"), (2, "two-words"), (2, "two-words-2")]);
    }

    #[test]
    fn a_template_places_nodes_and_a_narrative_cannot() {
        let fence = "## H\n\n```tok 7\n```\n";
        assert_eq!(template(fence)[1], Block::Paragraph { text: vec![Inline::text("node 7 under 2")] });
        assert!(matches!(narrative(fence)[1], Block::Code { .. }));
    }

    #[test]
    fn narrative_headings_go_below_the_section() {
        assert!(matches!(&narrative("# Top")[0], Block::Heading { level: 3, id, .. } if id == "n-top"));
    }

    #[test]
    fn html_is_text_and_foreign_schemes_are_no_links() {
        let blocks =
            narrative("a <b onclick=x>bold</b> [go](javascript:alert) [ok](https://example.com) ![p](../x.png)");
        let Block::Paragraph { text } = &blocks[0] else { panic!("{blocks:?}") };
        assert_eq!(plain(text), "a <b onclick=x>bold</b> go ok p");
        let links = text.iter().filter(|inline| matches!(inline, Inline::Link { .. })).count();
        assert_eq!(links, 1);
        assert_eq!(narrative("<script>\nalert(1)\n</script>").len(), 1);
    }

    #[test]
    fn lists_tables_quotes_callouts_and_notes() {
        let blocks = template(
            "- a\n- b\n  1. c\n\n| x | y |\n|---|--:|\n| 1 | `2` |\n\n> [!WARNING]\n> careful\n\n> said\n\nsee[^n]\n\n[^n]: note\n",
        );
        assert!(matches!(&blocks[0], Block::List { start: None, items } if items.len() == 2 && items[1].len() == 2));
        assert!(
            matches!(&blocks[1], Block::Table(table) if table.rows.len() == 1 && table.columns[1].align == Align::End)
        );
        assert!(matches!(&blocks[2], Block::Callout { kind: Callout::Warning, .. }));
        assert!(matches!(&blocks[3], Block::Quote { .. }));
        assert!(matches!(&blocks[4], Block::Paragraph { text } if plain(text) == "see [1]"));
        assert!(matches!(&blocks[5], Block::Paragraph { text } if plain(text) == "[1] note"));
    }

    #[test]
    fn template_links_reach_other_documents() {
        let Block::Paragraph { text } = &template("[plan](ssp.md#owner)")[0] else { panic!() };
        assert!(
            matches!(&text[0], Inline::Link { target: Target::Document(id, Some(anchor)), .. } if id == "ssp" && anchor == "owner")
        );
    }
}
