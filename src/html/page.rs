//! The shell around a document: head, top bar, contents, control block, disclosures, footer.

use std::{collections::BTreeMap, fmt::Write};

use super::{
    Site,
    blocks::{self, Context, badge, inlines},
    escape::escape,
    root_of,
};
use crate::document::{Block, ControlBlock, Disclosure, Document, Influence, Inline, Texts, Tone, table_numbers};

/// Nothing but the page's own files, and no script or style within the page. `data:` pictures are the theme's icons.
pub(crate) const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; \
                      base-uri 'none'; form-action 'none'";

/// Renders one document as a page; its path is the document's id with `.html`.
pub fn render(document: &Document, site: &Site<'_>) -> String {
    let numbers = table_numbers(document);
    let context = Context { root: root_of(&document.id), texts: &document.texts, numbers };
    let mut out = String::with_capacity(64 * 1024);
    let title = format!("{} – {}", document.title, document.subtitle);
    let frame =
        Frame { language: &document.language, title: &title, draft: document.control.is_draft(), context: &context };
    frame.open(&mut out, site, &document.summary);
    crumbs(&mut out, document, site, &context);
    out.push_str("</header>\n<div class=\"layout\">\n");
    contents(&mut out, document, site, &context);
    out.push_str("<main id=\"content\">\n");
    title_block(&mut out, document, site, &context);
    let influences = document.disclosures.iter().collect::<Vec<_>>();
    disclosures(&mut out, &influences, context.texts.t("page.influences"));
    out.push_str("<article>\n");
    blocks::blocks(&mut out, &document.blocks, &context);
    out.push_str("</article>\n</main>\n</div>\n");
    footer(&mut out, document, site, &context);
    out.push_str("</body>\n</html>\n");
    out
}

/// What all pages begin with.
pub(super) struct Frame<'a> {
    pub language: &'a str,
    pub title: &'a str,
    pub draft: bool,
    pub context: &'a Context<'a>,
}

impl Frame<'_> {
    /// Everything up to and including the buttons of the top bar; the caller goes on inside `<header>`.
    pub(super) fn open(&self, out: &mut String, site: &Site<'_>, summary: &str) {
        let root = &self.context.root;
        out.push_str("<!doctype html>\n<html lang=\"");
        escape(out, self.language);
        let _ = write!(out, "\" data-root=\"{root}\">\n<head>\n<meta charset=\"utf-8\">\n");
        let _ = writeln!(out, "<meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">");
        out.push_str("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
        out.push_str("<meta name=\"referrer\" content=\"no-referrer\">\n<meta name=\"description\" content=\"");
        escape(out, summary);
        out.push_str("\">\n<meta name=\"generator\" content=\"scopefence\">\n<title>");
        escape(out, self.title);
        let _ = write!(
            out,
            "</title>\n<link rel=\"icon\" href=\"{root}assets/icon.svg\">\n\
             <link rel=\"stylesheet\" href=\"{root}assets/theme.css\">\n\
             <link rel=\"stylesheet\" href=\"{root}assets/site.css\">\n\
             <link rel=\"stylesheet\" href=\"{root}assets/print.css\" media=\"print\">\n\
             <script src=\"{root}assets/theme.js\"></script>\n<script defer src=\"{root}assets/words.js\"></script>\n\
             <script defer src=\"{root}assets/site.js\"></script>\n</head>\n"
        );
        out.push_str(if self.draft { "<body class=\"draft\">\n" } else { "<body>\n" });
        out.push_str("<a class=\"skip\" href=\"#content\">");
        self.context.say(out, "site.skip");
        out.push_str("</a>\n");
        if self.draft {
            out.push_str("<div class=\"draft-mark\" aria-hidden=\"true\">");
            self.context.say(out, "approval.draft");
            out.push_str("</div>\n");
        }
        let _ = write!(
            out,
            "<header class=\"top\">\n<a class=\"home\" href=\"{root}index.html\"><span class=\"mark\" aria-hidden=\"true\"></span>"
        );
        escape(out, &site.workspace.system.name);
        out.push_str("</a>\n<div class=\"tools\"><span class=\"top-status\">");
        let (tone, key) =
            if self.draft { (Tone::Caution, "approval.draft") } else { (Tone::Good, "approval.approved") };
        badge(out, tone, self.context.texts.t(key));
        out.push_str("</span></div>\n");
    }
}

/// The way here: all documents, and for a document in a folder its siblings.
fn crumbs(out: &mut String, document: &Document, site: &Site<'_>, context: &Context<'_>) {
    out.push_str("<nav class=\"crumbs\" aria-label=\"");
    context.say(out, "site.breadcrumb");
    let _ = write!(out, "\"><ol><li><a href=\"{}index.html\">", context.root);
    context.say(out, "site.all_documents");
    out.push_str("</a></li>");
    if let Some((folder, _)) = document.id.rsplit_once('/') {
        let siblings =
            site.documents.iter().filter(|other| other.id.rsplit_once('/').is_some_and(|(at, _)| at == folder));
        if siblings.count() > 1 {
            let _ = write!(out, "<li><a href=\"{}index.html#", context.root);
            escape(out, &format!("folder-{folder}"));
            out.push_str("\">");
            escape(out, &folder_title(folder, context));
            out.push_str("</a></li>");
        }
    }
    out.push_str("<li><span aria-current=\"page\">");
    escape(out, &document.title);
    out.push_str("</span></li></ol></nav>\n");
}

/// How documents of one folder are called together.
pub(super) fn folder_title(folder: &str, context: &Context<'_>) -> String {
    match folder {
        "team" => context.texts.t("site.folder.team").to_owned(),
        "matrix" => context.texts.t("site.folder.matrix").to_owned(),
        other => other.replace(['-', '/'], " "),
    }
}

struct Entry<'a> {
    level: u8,
    id: &'a str,
    text: &'a [Inline],
}

/// The headings of a document as nested lists, and the other documents of the build.
fn contents(out: &mut String, document: &Document, site: &Site<'_>, context: &Context<'_>) {
    let entries: Vec<Entry<'_>> = document
        .blocks
        .iter()
        .filter_map(|block| match block {
            Block::Heading { level, id, text } if *level <= 3 => Some(Entry { level: *level, id, text }),
            _ => None,
        })
        .collect();
    out.push_str("<nav class=\"contents\" aria-label=\"");
    context.say(out, "page.contents");
    out.push_str("\">\n<p class=\"nav-title\">");
    context.say(out, "page.contents");
    out.push_str("</p>\n");
    if !entries.is_empty() {
        out.push_str("<ul class=\"tree\">");
        let mut next = 0;
        while next < entries.len() {
            next = branch(out, &entries, next, context);
        }
        out.push_str("</ul>\n");
    }
    out.push_str("<p class=\"nav-title\">");
    context.say(out, "site.documents");
    out.push_str("</p>\n<ul class=\"documents\">");
    for other in site.documents {
        // Documents of a folder are reached from the start page; here they would push the rest away.
        if other.id.contains('/') && other.id != document.id && !document.id.contains('/') {
            continue;
        }
        let _ = write!(out, "<li><a href=\"{}", context.root);
        escape(out, &other.id);
        out.push_str(if other.id == document.id { ".html\" aria-current=\"page\">" } else { ".html\">" });
        escape(out, &other.title);
        out.push_str("</a></li>");
    }
    out.push_str("</ul>\n</nav>\n");
}

/// One entry with everything below it; returns the next entry that is not.
fn branch(out: &mut String, entries: &[Entry<'_>], at: usize, context: &Context<'_>) -> usize {
    let entry = &entries[at];
    out.push_str("<li><a href=\"#");
    escape(out, entry.id);
    out.push_str("\">");
    unlinked(out, entry.text, context);
    out.push_str("</a>");
    let mut next = at + 1;
    if entries.get(next).is_some_and(|below| below.level > entry.level) {
        out.push_str("<ul>");
        while entries.get(next).is_some_and(|below| below.level > entry.level) {
            next = branch(out, entries, next, context);
        }
        out.push_str("</ul>");
    }
    out.push_str("</li>\n");
    next
}

/// Inline text within a link, where another link cannot stand.
fn unlinked(out: &mut String, text: &[Inline], context: &Context<'_>) {
    for inline in text {
        match inline {
            Inline::Link { text, .. } => unlinked(out, text, context),
            other => inlines(out, std::slice::from_ref(other), context),
        }
    }
}

fn title_block(out: &mut String, document: &Document, site: &Site<'_>, context: &Context<'_>) {
    let control = &document.control;
    out.push_str("<header class=\"title-block\">\n<p class=\"organisation\">");
    escape(out, &control.organisation);
    out.push_str("</p>\n<h1>");
    escape(out, &document.title);
    out.push_str("</h1>\n<p class=\"subtitle\">");
    escape(out, &document.subtitle);
    out.push_str("</p>\n<p class=\"summary\">");
    escape(out, &document.summary);
    out.push_str("</p>\n");
    downloads(out, &document.id, site, context, &document.title);
    control_block(out, document, context);
    out.push_str("</header>\n");
}

/// Links to a document's other formats.
pub(super) fn downloads(out: &mut String, id: &str, site: &Site<'_>, context: &Context<'_>, title: &str) {
    let files: Vec<_> = site.downloads.iter().filter(|file| file.document == id).collect();
    if files.is_empty() {
        return;
    }
    out.push_str("<ul class=\"formats\">");
    for file in files {
        let _ = write!(out, "<li><a href=\"{}", context.root);
        escape(out, &file.path);
        out.push_str("\"><span class=\"unseen\">");
        escape(out, &context.texts.fill("site.as_format", &[("document", title)]));
        out.push_str(" </span>");
        escape(out, &file.label);
        out.push_str("</a></li>");
    }
    out.push_str("</ul>\n");
}

fn control_block(out: &mut String, document: &Document, context: &Context<'_>) {
    let control = &document.control;
    let next_review = control.next_review.map(|date| date.to_string()).unwrap_or_default();
    let rows = [
        ("label.identifier", &*control.identifier),
        ("label.version", &control.version),
        ("label.classification", &control.classification),
        ("label.author", &control.author),
        ("label.owner", &control.owner),
        ("label.approver", &control.approver),
        ("label.next_review", &next_review),
        ("label.distribution", &control.distribution),
        ("label.retention", &control.retention),
        ("label.content_as_of", &control.as_of),
    ];
    control_list(out, control, &rows, "site.no_evidence", context);
    if !control.revisions.is_empty() {
        out.push_str("<details class=\"revisions\"><summary>");
        context.say(out, "label.revisions");
        out.push_str("</summary><div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"");
        context.say(out, "label.revisions");
        out.push_str("\"><table><thead><tr>");
        for key in ["label.version", "label.date", "label.author", "label.change"] {
            out.push_str("<th scope=\"col\">");
            context.say(out, key);
            out.push_str("</th>");
        }
        out.push_str("</tr></thead><tbody>");
        for revision in &control.revisions {
            out.push_str("<tr>");
            for (index, cell) in revision.iter().enumerate() {
                out.push_str(if index == 0 { "<th scope=\"row\">" } else { "<td>" });
                escape(out, cell);
                out.push_str(if index == 0 { "</th>" } else { "</td>" });
            }
            out.push_str("</tr>");
        }
        out.push_str("</tbody></table></div></details>\n");
    }
}

/// Approval, then the rows that say something (key of the label, value), then the evidence that a document shows, or
/// the text of the key `plan` where there is none.
pub(super) fn control_list(
    out: &mut String,
    control: &ControlBlock,
    rows: &[(&str, &str)],
    plan: &str,
    context: &Context<'_>,
) {
    let texts = context.texts;
    out.push_str("<dl class=\"control\">\n<div><dt>");
    context.say(out, "label.status");
    out.push_str("</dt><dd>");
    match control.approved {
        Some(date) => {
            badge(out, Tone::Good, &texts.fill("approval.approved_on", &[("date", &date.to_string())]));
        }
        None => badge(out, Tone::Caution, texts.t("approval.none")),
    }
    out.push_str("</dd></div>\n");
    for (name, value) in rows {
        if !value.is_empty() {
            out.push_str("<div><dt>");
            context.say(out, name);
            out.push_str("</dt><dd>");
            escape(out, value);
            out.push_str("</dd></div>\n");
        }
    }
    if let Some(lines) = &control.evidence {
        out.push_str("<div class=\"whole\"><dt>");
        context.say(out, "label.evidence");
        out.push_str("</dt><dd>");
        if lines.is_empty() {
            context.say(out, plan);
        }
        for line in lines {
            out.push_str("<span class=\"line\">");
            escape(out, line);
            out.push_str("</span>");
        }
        out.push_str("</dd></div>\n");
    }
    out.push_str("</dl>\n");
}

/// What influenced the documents.
pub(super) fn disclosures(out: &mut String, disclosures: &[&Disclosure], title: &str) {
    if disclosures.is_empty() {
        return;
    }
    out.push_str("<section class=\"disclosures\" aria-labelledby=\"disclosures\">\n<h2 id=\"disclosures\">");
    escape(out, title);
    out.push_str("</h2>\n<ul>");
    // Evidence first: it decides what all the rest is worth.
    let (evidence, others): (Vec<_>, Vec<_>) =
        disclosures.iter().copied().partition(|disclosure| disclosure.kind == Influence::Evidence);
    evidence.iter().for_each(|disclosure| item(out, disclosure));
    if others.len() <= OPEN_DISCLOSURES {
        others.iter().for_each(|disclosure| item(out, disclosure));
    } else {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        others.iter().for_each(|disclosure| *counts.entry(&disclosure.what).or_default() += 1);
        let counts: Vec<String> = counts.iter().map(|(what, count)| format!("{what}: {count}")).collect();
        out.push_str("</ul>\n<details><summary>");
        escape(out, &counts.join(", "));
        out.push_str("</summary>\n<ul>");
        others.iter().for_each(|disclosure| item(out, disclosure));
        out.push_str("</ul></details>\n</section>\n");
        return;
    }
    out.push_str("</ul>\n</section>\n");
}

/// More disclosures than these, beside those of evidence, are folded behind their count; print shows them all.
const OPEN_DISCLOSURES: usize = 3;

fn item(out: &mut String, disclosure: &Disclosure) {
    out.push_str("<li><strong>");
    escape(out, &disclosure.what);
    out.push_str("</strong> ");
    escape(out, &disclosure.detail);
    out.push_str("</li>\n");
}

fn footer(out: &mut String, document: &Document, site: &Site<'_>, context: &Context<'_>) {
    out.push_str("<footer class=\"bottom\">\n");
    let at = site.documents.iter().position(|other| other.id == document.id);
    if let Some(at) = at {
        let neighbours = [
            ("previous", "site.previous", at.checked_sub(1).and_then(|index| site.documents.get(index))),
            ("next", "site.next", site.documents.get(at + 1)),
        ];
        out.push_str("<nav class=\"neighbours\" aria-label=\"");
        context.say(out, "site.neighbours");
        out.push_str("\">");
        for (class, label, neighbour) in neighbours {
            let Some(neighbour) = neighbour else { continue };
            let _ = write!(out, "<a class=\"{class}\" href=\"{}", context.root);
            escape(out, &neighbour.id);
            out.push_str(".html\"><span>");
            context.say(out, label);
            out.push_str("</span> ");
            escape(out, &neighbour.title);
            out.push_str("</a>");
        }
        out.push_str("</nav>\n");
    }
    marking(out, &document.control, context.texts);
    out.push_str("</footer>\n");
}

/// Classification, identifier, version and clock, as at the foot of every page.
pub(super) fn marking(out: &mut String, control: &ControlBlock, texts: &Texts) {
    out.push_str("<p class=\"marking\">");
    let parts = [&control.classification, &control.organisation, &control.identifier];
    for part in parts.into_iter().filter(|part| !part.is_empty()) {
        out.push_str("<span>");
        escape(out, part);
        out.push_str("</span>");
    }
    if !control.version.is_empty() {
        out.push_str("<span>");
        escape(out, &texts.fill("page.version", &[("version", &control.version)]));
        out.push_str("</span>");
    }
    if !control.as_of.is_empty() {
        out.push_str("<span>");
        escape(out, &texts.fill("page.as_of", &[("time", &control.as_of)]));
        out.push_str("</span>");
    }
    if control.is_draft() {
        out.push_str("<span><strong>");
        escape(out, texts.t("approval.draft"));
        out.push_str("</strong></span>");
    }
    out.push_str("</p>\n");
}
