//! Render documents as Markdown (GitHub flavoured).
//!
//! In: a [`Document`]. Out: one Markdown text: title, document control, disclosures, body. Spans of tables are flattened,
//! a diagram is its text alternative, a form is a list with blanks.
//!
//! Invariant: text of the tree stays text. Parsing the output gives back the same words, and no markup that the tree
//! did not have ([`escape`]).

mod escape;
mod table;

use std::fmt::Write as _;

use crate::document::{Answer, Block, Callout, ControlBlock, Document, Form, Inline, Target, Texts, Tone};
use escape::{code_span, line, text};

pub(crate) use escape::{code_span as code, text as inline};

/// Renders a document. Links to other documents of the build go to their `.md` files.
pub fn render(document: &Document) -> String {
    let mut out = String::new();
    let texts = &*document.texts;
    let writer = Writer { depth: document.id.matches('/').count(), texts };
    let _ = writeln!(out, "# {}\n", line(&document.title));
    if !document.subtitle.is_empty() {
        let _ = writeln!(out, "{}\n", line(&document.subtitle));
    }
    control(&document.control, texts, &mut out);
    if !document.disclosures.is_empty() {
        let _ = write!(out, "> [!IMPORTANT]\n> {}:\n>\n", text(texts.t("page.influences")));
        for disclosure in &document.disclosures {
            let _ = writeln!(out, "> - **{}**: {}", text(&disclosure.what), text(&disclosure.detail));
        }
        out.push('\n');
    }
    writer.blocks(&document.blocks, "", &mut out);
    let end = out.trim_end().len();
    out.truncate(end);
    out.push('\n');
    out
}

/// Markdown of the workspace as documents print it: no HTML, no links but to known schemes, no pictures.
pub(crate) fn narrative(markdown: &str) -> String {
    // Only forms have words of the program's own, and there are none in Markdown.
    Writer { depth: 0, texts: &Texts::default() }.nested(&crate::document::narrative(markdown))
}

fn control(control: &ControlBlock, texts: &Texts, out: &mut String) {
    if control.is_draft() {
        let _ = write!(out, "> [!WARNING]\n> {}.\n\n", text(texts.t("approval.missing")));
    }
    let no_date = || texts.t("approval.no_date").to_owned();
    let date = |date: Option<chrono::NaiveDate>| date.map_or_else(no_date, |date| date.to_string());
    let evidence = match control.evidence.as_deref() {
        None => String::new(),
        Some([]) => texts.t("sheet.no_evidence").to_owned(),
        Some(lines) => lines.join("; "),
    };
    let rows = [
        ("label.organization", control.organisation.clone()),
        ("label.identifier", control.identifier.clone()),
        ("label.version", control.version.clone()),
        ("label.classification", control.classification.clone()),
        ("label.author", control.author.clone()),
        ("label.owner", control.owner.clone()),
        ("label.approver", control.approver.clone()),
        ("label.approved", date(control.approved)),
        ("label.next_review", date(control.next_review)),
        ("label.distribution", control.distribution.clone()),
        ("label.retention", control.retention.clone()),
        ("label.content_as_of", control.as_of.clone()),
        ("label.evidence", evidence),
    ];
    let label = |key: &str| text(texts.t(key));
    let _ = write!(out, "| {} | |\n| --- | --- |\n", label("label.control"));
    for (name, value) in rows.iter().filter(|(_, value)| !value.is_empty()) {
        let _ = writeln!(out, "| {} | {} |", label(name), text(value));
    }
    out.push('\n');
    if !control.revisions.is_empty() {
        let head = ["label.version", "label.date", "label.author", "label.change"].map(label);
        let _ = write!(out, "| {} |\n| --- | --- | --- | --- |\n", head.join(" | "));
        for row in &control.revisions {
            let cells: Vec<String> = row.iter().map(|cell| text(cell)).collect();
            let _ = writeln!(out, "| {} |", cells.join(" | "));
        }
        out.push('\n');
    }
}

/// Writes blocks; `indent` starts every line after the first of a nested block.
struct Writer<'a> {
    /// Folders between the output's root and the document.
    depth: usize,
    texts: &'a Texts,
}

impl Writer<'_> {
    fn blocks(&self, blocks: &[Block], indent: &str, out: &mut String) {
        for block in blocks {
            let start = out.len();
            self.block(block, indent, out);
            if out.len() > start {
                let _ = write!(out, "\n{}", indent.trim_end());
                out.push('\n');
                if !indent.is_empty() {
                    out.push_str(indent);
                }
            }
        }
    }

    /// A block as lines below each other, without indentation.
    fn nested(&self, blocks: &[Block]) -> String {
        let mut inner = String::new();
        self.blocks(blocks, "", &mut inner);
        inner.truncate(inner.trim_end().len());
        inner
    }

    fn block(&self, block: &Block, indent: &str, out: &mut String) {
        let mut body = String::new();
        match block {
            Block::Heading { level, id, text } => {
                let shown = self.inlines(text);
                if escape::anchor(&crate::document::plain(text)) != *id {
                    let _ = writeln!(body, "<a id=\"{}\"></a>\n", escape::attribute(id));
                }
                let _ = write!(body, "{} {shown}", "#".repeat(usize::from(*level + 1).min(6)));
            }
            Block::Paragraph { text } => body.push_str(&escape::line_start(&self.inlines(text))),
            Block::List { start, items } => {
                for (index, item) in items.iter().enumerate() {
                    let mark = start.map_or_else(|| "- ".to_owned(), |start| format!("{}. ", start + index as u64));
                    if index > 0 {
                        body.push('\n');
                    }
                    push_indented(&mut body, &mark, &self.nested(item));
                }
            }
            Block::Terms { items } => {
                for (index, (term, item)) in items.iter().enumerate() {
                    if index > 0 {
                        body.push('\n');
                    }
                    let detail = self.nested(item);
                    let gap = if matches!(item.first(), Some(Block::Paragraph { .. }) | None) { " " } else { "\n\n" };
                    push_indented(&mut body, "- ", &format!("**{}**:{gap}{detail}", self.inlines(term)));
                }
            }
            Block::Table(table) => body.push_str(&table::render(self, table)),
            Block::Code { language, text } => {
                let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
                let fence = "`".repeat(longest.max(2) + 1);
                let language: String = language.chars().filter(|c| c.is_ascii_alphanumeric()).collect();
                let _ = write!(body, "{fence}{language}\n{text}\n{fence}");
            }
            Block::Quote { blocks } => push_quoted(&mut body, &self.nested(blocks)),
            Block::Callout { kind, title, blocks } => {
                let name = match kind {
                    Callout::Note => "NOTE",
                    Callout::Important => "IMPORTANT",
                    Callout::Warning => "WARNING",
                };
                let mut inner = format!("[!{name}]\n");
                if !title.is_empty() {
                    let _ = write!(inner, "**{}**\n\n", self.inlines(title));
                }
                inner.push_str(&self.nested(blocks));
                push_quoted(&mut body, &inner);
            }
            Block::Diagram(diagram) => {
                let alt: Vec<String> = diagram.alt.lines().map(line).collect();
                push_quoted(&mut body, &format!("**{}**\n\n{}", text(&diagram.caption), alt.join("  \n")));
            }
            Block::Image { file, alt, .. } => {
                let _ = write!(body, "![{}](<{}assets/{}>)", text(alt), "../".repeat(self.depth), escape::target(file));
            }
            Block::Form(form) => self.form(form, &mut body),
            Block::Rule => body.push_str("---"),
            Block::PageBreak => {}
        }
        let mut lines = body.split('\n');
        out.push_str(lines.next().unwrap_or_default());
        for line in lines {
            out.push('\n');
            if !line.is_empty() {
                out.push_str(indent);
            }
            out.push_str(line);
        }
    }

    fn form(&self, form: &Form, out: &mut String) {
        let label = |key: &str| text(self.texts.t(key));
        for (index, question) in form.questions.iter().enumerate() {
            if index > 0 {
                out.push_str("\n\n");
            }
            let _ = write!(out, "**{}** {}", text(&question.id), self.inlines(&question.text));
            if !question.hint.is_empty() {
                let _ = write!(out, "\n\n*{}*", self.inlines(&question.hint));
            }
            if !question.controls.is_empty() {
                let _ = write!(out, "\n\n{}: {}", label("form.controls"), self.inlines(&question.controls));
            }
            let boxes = |choices: &[&str]| {
                choices.iter().map(|choice| format!("- [ ] {}", text(choice))).collect::<Vec<_>>().join("\n")
            };
            let blank = match &question.answer {
                Answer::YesNo => boxes(&["word.yes", "word.no", "word.not_applicable"].map(|key| self.texts.t(key))),
                Answer::Text(_) => format!("{}: \\_\\_\\_\\_\\_\\_\\_\\_", label("form.answer")),
                Answer::Date => format!("{}: \\_\\_\\_\\_-\\_\\_-\\_\\_", label("label.date")),
                Answer::Choice(choices) => boxes(&choices.iter().map(String::as_str).collect::<Vec<_>>()),
            };
            match &question.given {
                Some(given) => {
                    let _ = write!(out, "\n\n{}: {}", label("form.known"), text(given));
                }
                None => {
                    let _ = write!(out, "\n\n{blank}");
                }
            }
            let _ = write!(out, "\n\n{}: \\_\\_\\_\\_\\_\\_\\_\\_", label("form.remarks"));
        }
    }

    fn inlines(&self, inlines: &[Inline]) -> String {
        let mut out = String::new();
        for inline in inlines {
            match inline {
                Inline::Text { text: words } | Inline::Team { text: words, .. } => out.push_str(&text(words)),
                Inline::Strong { text } => push_marked(&mut out, "**", &self.inlines(text)),
                Inline::Emphasis { text } => push_marked(&mut out, "*", &self.inlines(text)),
                Inline::Code { text } => out.push_str(&code_span(text)),
                Inline::Link { target, text } => {
                    let _ = write!(out, "[{}](<{}>)", self.inlines(text), escape::target(&self.target(target)));
                }
                Inline::Badge { tone, text: words } => {
                    let _ = write!(out, "{} {}", symbol(*tone), text(words));
                }
                Inline::Break => out.push_str("<br>"),
            }
        }
        out
    }

    fn target(&self, target: &Target) -> String {
        match target {
            Target::Anchor(anchor) => format!("#{anchor}"),
            Target::Document(id, anchor) => {
                let anchor = anchor.as_ref().map_or_else(String::new, |anchor| format!("#{anchor}"));
                format!("{}{id}.md{anchor}", "../".repeat(self.depth))
            }
            Target::Url(url) => url.clone(),
        }
    }
}

/// The mark that carries a badge's tone without colour.
fn symbol(tone: Tone) -> &'static str {
    match tone {
        Tone::Good => "✓",
        Tone::Bad => "✗",
        Tone::Caution => "▲",
        Tone::Unknown => "?",
        Tone::Neutral => "○",
    }
}

/// Emphasis marks do not work with space inside them.
fn push_marked(out: &mut String, mark: &str, inner: &str) {
    let trimmed = inner.trim();
    if trimmed.is_empty() {
        out.push_str(inner);
        return;
    }
    let start = inner.len() - inner.trim_start().len();
    let end = start + trimmed.len();
    let _ = write!(out, "{}{mark}{trimmed}{mark}{}", &inner[..start], &inner[end..]);
}

fn push_indented(out: &mut String, mark: &str, body: &str) {
    out.push_str(mark);
    let indent = " ".repeat(mark.len());
    for (index, line) in body.lines().enumerate() {
        if index > 0 {
            out.push('\n');
            if !line.is_empty() {
                out.push_str(&indent);
            }
        }
        out.push_str(line);
    }
}

fn push_quoted(out: &mut String, body: &str) {
    for (index, line) in body.lines().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        out.push_str(if line.is_empty() { ">" } else { "> " });
        out.push_str(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Cell, Column, Row, Table};

    fn document(blocks: Vec<Block>) -> Document {
        Document {
            id: "team/x".to_owned(),
            title: "Title # 1".to_owned(),
            subtitle: String::new(),
            summary: String::new(),
            language: "en".to_owned(),
            texts: std::sync::Arc::new(Texts::built_in("en")),
            paper: crate::workspace::Paper::A4,
            control: ControlBlock::default(),
            disclosures: Vec::new(),
            blocks,
            sheets: Vec::new(),
        }
    }

    fn paragraph(words: &str) -> Block {
        Block::Paragraph { text: vec![Inline::text(words)] }
    }

    /// What a Markdown parser reads out of our output: the words, and the kinds of markup besides paragraphs.
    fn parsed(markdown: &str) -> (String, Vec<String>) {
        let mut words = String::new();
        let mut marks = Vec::new();
        let options = pulldown_cmark::Options::all() - pulldown_cmark::Options::ENABLE_SMART_PUNCTUATION;
        for event in pulldown_cmark::Parser::new_ext(markdown, options) {
            match event {
                pulldown_cmark::Event::Text(text) => words.push_str(&text),
                pulldown_cmark::Event::Start(pulldown_cmark::Tag::Paragraph) | pulldown_cmark::Event::End(_) => {}
                other => marks.push(format!("{other:?}")),
            }
        }
        (words, marks)
    }

    #[test]
    fn hostile_text_stays_text() {
        let hostile = [
            "<script>alert(1)</script>",
            "[x](javascript:alert(1))",
            "![x](y)",
            "# heading",
            "1. list",
            "12) list",
            "- list",
            "+ list",
            "* list",
            "> quote",
            "=== x",
            "---",
            "    indented",
            "``` fence",
            "~~~ fence",
            "`code` *em* __strong__ ~~gone~~",
            "a | b",
            "&lt; &amp; &#60;",
            "$x$ $$y$$",
            "[^1] [^1]: x",
            "[ref]: http://example.com",
            "https://example.com www.example.com",
            "<https://example.com>",
            ":-- | --:",
            "trailing \\",
            "term\\\n: definition",
            "^up^ ~down~ [[wiki]]",
            "{#id .class}",
        ];
        for words in hostile {
            let body = Writer { depth: 0, texts: &Texts::default() }.nested(&[paragraph(words)]);
            let (read, marks) = parsed(&body);
            let expected = words.split_whitespace().collect::<Vec<_>>().join(" ");
            assert_eq!(read.split_whitespace().collect::<Vec<_>>().join(" "), expected, "{body}");
            assert!(marks.is_empty(), "{words:?} became {marks:?} in {body}");
        }
    }

    #[test]
    fn a_table_flattens_spans_and_escapes_cells() {
        let mut wide = Cell::text("a|b <i>");
        wide.columns = 2;
        let table = Table {
            caption: "Things".to_owned(),
            columns: vec![Column::default(), Column::default()],
            head: vec![Row { cells: vec![Cell::text("One"), Cell::text("Two")], ..Row::default() }],
            rows: vec![
                Row { cells: vec![wide], ..Row::default() },
                Row { cells: vec![Cell::new(vec![Inline::code("x|`y")]), Cell::text("2")], ..Row::default() },
            ],
            ..Table::default()
        };
        let markdown = render(&document(vec![Block::Table(table)]));
        assert!(
            markdown.contains("| One | Two |\n| --- | --- |\n| a\\|b \\<i\\> |  |\n| `` x\\|`y `` | 2 |"),
            "{markdown}"
        );
    }

    #[test]
    fn lists_quotes_and_links_nest() {
        let markdown = render(&document(vec![
            Block::List {
                start: Some(1),
                items: vec![vec![
                    paragraph("first"),
                    Block::List { start: None, items: vec![vec![paragraph("inner")], vec![paragraph("second")]] },
                ]],
            },
            Block::Callout { kind: Callout::Note, title: Vec::new(), blocks: vec![paragraph("said")] },
            Block::Paragraph {
                text: vec![Inline::Link {
                    target: Target::Document("ssp".to_owned(), Some("owner".to_owned())),
                    text: vec![Inline::text("plan")],
                }],
            },
        ]));
        assert!(markdown.contains("1. first\n\n   - inner\n   - second\n"), "{markdown}");
        assert!(markdown.contains("> [!NOTE]\n> said\n"), "{markdown}");
        assert!(markdown.contains("[plan](<../ssp.md#owner>)"), "{markdown}");
    }
}
