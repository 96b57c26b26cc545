//! Blocks and inline text as HTML.

use std::{collections::HashMap, fmt::Write};

use super::{escape::escape, svg, table};
use crate::document::{Answer, Block, Callout, Diagram, Form, Inline, Question, Target, Texts, Tone, palette, plain};

/// What blocks need to know of the page they are on.
pub(super) struct Context<'a> {
    /// `../` as often as the page lies below the output folder.
    pub root: String,
    /// Everything that pages say apart from the document.
    pub texts: &'a Texts,
    /// Numbers of tables, by anchor.
    pub numbers: HashMap<&'a str, usize>,
}

impl Context<'_> {
    /// Appends the text of a key.
    pub(super) fn say(&self, out: &mut String, key: &str) {
        escape(out, self.texts.t(key));
    }
}

/// Appends blocks.
pub(super) fn blocks(out: &mut String, blocks: &[Block], context: &Context<'_>) {
    let mut rest = blocks;
    while let Some((first, after)) = rest.split_first() {
        let lead = leading(rest);
        if lead > 0 {
            // Printed on a page turned sideways, together with the headings that would else stay behind.
            out.push_str("<div class=\"wide\">\n");
            rest[..=lead].iter().for_each(|block| self::block(out, block, context));
            out.push_str("</div>\n");
            rest = &rest[lead + 1..];
        } else {
            self::block(out, first, context);
            rest = after;
        }
    }
}

/// How many headings and single paragraphs stand before a table that is printed sideways; 0 when none follows. A
/// drawing wants its page for itself.
fn leading(blocks: &[Block]) -> usize {
    let headings = blocks.iter().take_while(|block| matches!(block, Block::Heading { .. })).count();
    let paragraphs = blocks[headings..].iter().take_while(|block| matches!(block, Block::Paragraph { .. })).count();
    let next = blocks.get(headings + paragraphs);
    let turned = matches!(next, Some(Block::Table(table)) if table.landscape && !table.rows.is_empty());
    if headings > 0 && paragraphs <= 2 && turned { headings + paragraphs } else { 0 }
}

fn block(out: &mut String, block: &Block, context: &Context<'_>) {
    match block {
        Block::Heading { level, id, text } => heading(out, *level, id, text, context),
        Block::Paragraph { text } => wrapped(out, "p", text, context),
        Block::List { start, items } => list(out, *start, items, context),
        Block::Terms { items } => terms(out, items, context),
        Block::Table(content) => table::table(out, content, context),
        Block::Code { language, text } => {
            out.push_str("<pre tabindex=\"0\"");
            if !language.is_empty() {
                out.push_str(" data-language=\"");
                escape(out, language);
                out.push('"');
            }
            out.push_str("><code>");
            escape(out, text);
            out.push_str("</code></pre>\n");
        }
        Block::Quote { blocks } => {
            out.push_str("<blockquote>");
            self::blocks(out, blocks, context);
            out.push_str("</blockquote>\n");
        }
        Block::Callout { kind, title, blocks } => callout(out, *kind, title, blocks, context),
        Block::Diagram(content) => diagram(out, content, context),
        Block::Image { file, alt, .. } => {
            let _ = write!(out, "<p class=\"picture\"><img src=\"{}assets/", context.root);
            escape(out, file);
            out.push_str("\" alt=\"");
            escape(out, alt);
            out.push_str("\"></p>\n");
        }
        Block::Form(content) => form(out, content, context),
        Block::Rule => out.push_str("<hr>\n"),
        Block::PageBreak => out.push_str("<div class=\"page-break\"></div>\n"),
    }
}

fn heading(out: &mut String, level: u8, id: &str, text: &[Inline], context: &Context<'_>) {
    let level = (level + 1).clamp(2, 6);
    let _ = write!(out, "<h{level} id=\"");
    escape(out, id);
    out.push_str("\">");
    inlines(out, text, context);
    anchor(out, id, &plain(text), context);
    let _ = writeln!(out, "</h{level}>");
}

/// The link to a place itself, which the script also copies.
pub(super) fn anchor(out: &mut String, id: &str, what: &str, context: &Context<'_>) {
    out.push_str(" <a class=\"anchor\" href=\"#");
    escape(out, id);
    out.push_str("\" aria-label=\"");
    escape(out, &context.texts.fill("site.link_to", &[("what", what)]));
    out.push_str("\">#</a>");
}

fn wrapped(out: &mut String, tag: &str, text: &[Inline], context: &Context<'_>) {
    let _ = write!(out, "<{tag}>");
    inlines(out, text, context);
    let _ = writeln!(out, "</{tag}>");
}

fn list(out: &mut String, start: Option<u64>, items: &[Vec<Block>], context: &Context<'_>) {
    match start {
        None => out.push_str("<ul>"),
        Some(1) => out.push_str("<ol>"),
        Some(first) => {
            let _ = write!(out, "<ol start=\"{first}\">");
        }
    }
    for item in items {
        out.push_str("<li>");
        tight(out, item, context);
        out.push_str("</li>\n");
    }
    out.push_str(if start.is_some() { "</ol>\n" } else { "</ul>\n" });
}

/// Blocks without a paragraph around a single paragraph.
pub(super) fn tight(out: &mut String, content: &[Block], context: &Context<'_>) {
    match content {
        [Block::Paragraph { text }] => inlines(out, text, context),
        [Block::Paragraph { text }, rest @ ..] if rest.iter().all(|block| matches!(block, Block::List { .. })) => {
            inlines(out, text, context);
            blocks(out, rest, context);
        }
        _ => blocks(out, content, context),
    }
}

fn terms(out: &mut String, items: &[(Vec<Inline>, Vec<Block>)], context: &Context<'_>) {
    out.push_str("<dl class=\"terms\">\n");
    for (term, details) in items {
        out.push_str("<div><dt>");
        inlines(out, term, context);
        out.push_str("</dt><dd>");
        tight(out, details, context);
        out.push_str("</dd></div>\n");
    }
    out.push_str("</dl>\n");
}

fn callout(out: &mut String, kind: Callout, title: &[Inline], content: &[Block], context: &Context<'_>) {
    let (class, symbol, name) = match kind {
        Callout::Note => ("note", "●", "callout.note"),
        Callout::Important => ("important", "▲", "callout.important"),
        Callout::Warning => ("warning", "▲", "callout.warning"),
    };
    let _ = write!(out, "<div class=\"callout {class}\" role=\"note\"><p class=\"callout-title\">");
    let _ = write!(out, "<span class=\"symbol\" aria-hidden=\"true\">{symbol}</span>");
    if title.is_empty() {
        context.say(out, name);
    } else {
        inlines(out, title, context);
    }
    out.push_str("</p>");
    blocks(out, content, context);
    out.push_str("</div>\n");
}

/// A drawing with its caption.
pub(super) fn diagram(out: &mut String, diagram: &Diagram, context: &Context<'_>) {
    out.push_str(if diagram.landscape {
        "<figure class=\"diagram wide\" id=\""
    } else {
        "<figure class=\"diagram\" id=\""
    });
    escape(out, &diagram.id);
    out.push_str("\"><div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"");
    escape(out, &diagram.caption);
    out.push_str("\">\n");
    svg::draw(out, diagram, &|anchor| Some(format!("#{anchor}")));
    out.push_str("</div>\n<figcaption>");
    escape(out, &diagram.caption);
    anchor(out, &diagram.id, &diagram.caption, context);
    out.push_str("<details><summary>");
    context.say(out, "site.in_words");
    out.push_str("</summary><p>");
    escape(out, &diagram.alt);
    out.push_str("</p></details></figcaption></figure>\n");
}

fn form(out: &mut String, form: &Form, context: &Context<'_>) {
    out.push_str("<ol class=\"form\" id=\"");
    escape(out, &form.id);
    out.push_str("\">\n");
    for question in &form.questions {
        self::question(out, form, question, context);
    }
    out.push_str("</ol>\n");
}

fn question(out: &mut String, form: &Form, question: &Question, context: &Context<'_>) {
    out.push_str("<li class=\"question\" id=\"");
    escape(out, &format!("{}-{}", form.id, question.id));
    out.push_str("\"><p class=\"ask\"><span class=\"number\">");
    escape(out, &question.id);
    out.push_str("</span> ");
    inlines(out, &question.text, context);
    out.push_str("</p>");
    if !question.hint.is_empty() {
        out.push_str("<p class=\"hint\">");
        inlines(out, &question.hint, context);
        out.push_str("</p>");
    }
    if !question.controls.is_empty() {
        out.push_str("<p class=\"serves\">");
        inlines(out, &question.controls, context);
        out.push_str("</p>");
    }
    let given = question.given.as_deref().unwrap_or_default();
    out.push_str("<div class=\"answer\">");
    let texts = context.texts;
    match &question.answer {
        // What is said stays `yes`, `no` or `not-applicable` in every language.
        Answer::YesNo => {
            let said = [("yes", "form.yes"), ("no", "form.no"), ("not applicable", "form.not_applicable")];
            choices(out, said.into_iter().map(|(said, key)| (said, texts.t(key))), given, context);
        }
        Answer::Choice(known) => choices(out, known.iter().map(|choice| (&**choice, &**choice)), given, context),
        Answer::Date => field(out, texts.t("form.date"), given, 1),
        Answer::Text(lines) => field(out, texts.t("form.answer"), given, *lines),
    }
    field(out, texts.t("form.remarks"), "", 1);
    out.push_str("</div></li>\n");
}

/// Choices, each as an answer says it and as it is shown.
fn choices<'a>(
    out: &mut String,
    choices: impl Iterator<Item = (&'a str, &'a str)>,
    given: &str,
    context: &Context<'_>,
) {
    out.push_str("<ul class=\"choices\">");
    let given = given.trim().to_lowercase().replace('-', " ");
    for (said, choice) in choices {
        let chosen = !given.is_empty() && said.to_lowercase() == given;
        out.push_str(if chosen { "<li class=\"chosen\">" } else { "<li>" });
        let _ = write!(out, "<span class=\"box\" aria-hidden=\"true\">{}</span> ", if chosen { "✓" } else { "" });
        escape(out, choice);
        if chosen {
            out.push_str("<span class=\"unseen\"> ");
            context.say(out, "form.chosen");
            out.push_str("</span>");
        }
        out.push_str("</li>");
    }
    out.push_str("</ul>");
}

fn field(out: &mut String, label: &str, given: &str, lines: u8) {
    let _ = write!(out, "<div class=\"field lines-{}\"><span class=\"label\">", lines.clamp(1, 12));
    escape(out, label);
    out.push_str("</span><span class=\"value\">");
    escape(out, given);
    out.push_str("</span></div>");
}

/// Appends inline text.
pub(super) fn inlines(out: &mut String, text: &[Inline], context: &Context<'_>) {
    for inline in text {
        match inline {
            Inline::Text { text } => escape(out, text),
            Inline::Strong { text } => nested(out, "strong", text, context),
            Inline::Emphasis { text } => nested(out, "em", text, context),
            Inline::Code { text } => {
                out.push_str("<code>");
                breakable(out, text);
                out.push_str("</code>");
            }
            Inline::Link { target, text } => {
                out.push_str("<a href=\"");
                escape(out, &href(target, context));
                out.push_str(if matches!(target, Target::Url(_)) { "\" rel=\"noreferrer\">" } else { "\">" });
                inlines(out, text, context);
                out.push_str("</a>");
            }
            Inline::Badge { tone, text } => {
                badge(out, *tone, text);
            }
            Inline::Team { index, text } => {
                let _ = write!(out, "<span class=\"team t{}\">", index % palette::TEAMS);
                escape(out, text);
                out.push_str("</span>");
            }
            Inline::Break => out.push_str("<br>"),
        }
    }
}

/// A status with the symbol of its tone.
pub(super) fn badge(out: &mut String, tone: Tone, text: &str) {
    let (class, symbol) = (svg::tone(tone), palette::symbol(tone));
    let _ = write!(out, "<span class=\"badge {class}\"><span aria-hidden=\"true\">{symbol}</span> ");
    escape(out, text);
    out.push_str("</span>");
}

fn nested(out: &mut String, tag: &str, text: &[Inline], context: &Context<'_>) {
    let _ = write!(out, "<{tag}>");
    inlines(out, text, context);
    let _ = write!(out, "</{tag}>");
}

/// Long names of the machine may break after their separators.
fn breakable(out: &mut String, text: &str) {
    if text.len() < 18 {
        return escape(out, text);
    }
    let mut rest = text;
    while let Some(end) = rest.find(['/', '.', '@', ':', '_', '-', ',', '=']) {
        let (piece, after) = rest.split_at(end + 1);
        escape(out, piece);
        if !after.is_empty() {
            out.push_str("<wbr>");
        }
        rest = after;
    }
    escape(out, rest);
}

fn href(target: &Target, context: &Context<'_>) -> String {
    match target {
        Target::Anchor(anchor) => format!("#{anchor}"),
        Target::Document(document, None) => format!("{}{document}.html", context.root),
        Target::Document(document, Some(anchor)) => format!("{}{document}.html#{anchor}", context.root),
        Target::Url(url) => url.clone(),
    }
}
