//! The start page: every document with its formats, the state of approval and evidence, the posture at a glance.

use std::{collections::BTreeSet, fmt::Write};

use super::{
    FEDRAMP, OSCAL, Site,
    blocks::Context,
    escape::escape,
    page::{Frame, control_list, disclosures, downloads, folder_title, marking},
    posture,
};
use crate::document::{ControlBlock, Document};

/// Renders the start page, `index.html`.
pub fn index(site: &Site<'_>) -> String {
    let workspace = site.workspace;
    let texts = &*site.texts();
    let context = Context { root: String::new(), texts, numbers: Default::default() };
    let nothing = ControlBlock::default();
    // A document that shows no evidence on purpose cannot tell what the build rests on.
    let controls = || site.documents.iter().map(|document| &document.control);
    let control = controls().find(|control| control.evidence.is_some()).or(controls().next()).unwrap_or(&nothing);
    let title = texts.fill("site.title", &[("system", &workspace.system.name)]);
    let mut out = String::new();
    let draft = site.documents.iter().any(|document| document.control.is_draft());
    let frame = Frame { language: &workspace.language, title: &title, draft, context: &context };
    frame.open(&mut out, site, &workspace.system.summary);
    out.push_str("</header>\n<div class=\"layout start\">\n<main id=\"content\">\n<header class=\"title-block\">\n<p class=\"organisation\">");
    escape(&mut out, &workspace.style.organisation);
    out.push_str("</p>\n<h1>");
    escape(&mut out, &workspace.system.name);
    out.push_str("</h1>\n<p class=\"subtitle\">");
    escape(&mut out, &workspace.system.summary);
    out.push_str("</p>\n");
    state(&mut out, site, control, &context);
    out.push_str("</header>\n");
    // A brief discloses what concerns its team; the documents for everybody disclose the whole.
    let brief = |document: &&Document| document.id.starts_with("team/");
    let only_briefs = site.documents.iter().all(|document| brief(&document));
    let whole = site.documents.iter().filter(|document| only_briefs || !brief(document));
    let disclosed: BTreeSet<_> = whole.flat_map(|document| &document.disclosures).collect();
    disclosures(&mut out, &disclosed.into_iter().collect::<Vec<_>>(), texts.t("site.influences"));
    documents(&mut out, site, &context);
    posture::posture(&mut out, site, &context);
    models(&mut out, site, &context);
    out.push_str("</main>\n</div>\n<footer class=\"bottom\">\n");
    marking(&mut out, control, texts);
    out.push_str("</footer>\n</body>\n</html>\n");
    out
}

fn state(out: &mut String, site: &Site<'_>, control: &ControlBlock, context: &Context<'_>) {
    let rows = [
        ("label.identifier", site.workspace.system.identifier.as_deref().unwrap_or_default()),
        ("label.version", &control.version),
        ("label.classification", &control.classification),
        ("label.owner", &control.owner),
        ("label.approver", &control.approver),
        ("label.content_as_of", &control.as_of),
    ];
    control_list(out, control, &rows, "site.no_evidence_at_all", context);
}

fn documents(out: &mut String, site: &Site<'_>, context: &Context<'_>) {
    out.push_str("<section aria-labelledby=\"documents\">\n<h2 id=\"documents\">");
    context.say(out, "site.documents");
    out.push_str("</h2>\n<ul class=\"cards\">\n");
    for document in site.documents.iter().filter(|document| !document.id.contains('/')) {
        card(out, document, site, context, "h3");
    }
    out.push_str("</ul>\n");
    let mut folders: Vec<&str> = Vec::new();
    for (folder, _) in site.documents.iter().filter_map(|document| document.id.rsplit_once('/')) {
        if !folders.contains(&folder) {
            folders.push(folder);
        }
    }
    for folder in folders {
        out.push_str("<h3 id=\"");
        escape(out, &format!("folder-{folder}"));
        out.push_str("\">");
        escape(out, &folder_title(folder, context));
        out.push_str("</h3>\n<ul class=\"cards small\">\n");
        let inside = |document: &&Document| document.id.rsplit_once('/').is_some_and(|(at, _)| at == folder);
        for document in site.documents.iter().filter(inside) {
            card(out, document, site, context, "h4");
        }
        out.push_str("</ul>\n");
    }
    out.push_str("</section>\n");
}

/// What the files for other programs are, as the key of a text, by the folder that they lie in.
const MODELS: [(&str, &str); 2] = [(OSCAL, "site.models.oscal"), (FEDRAMP, "site.models.fedramp")];

/// The same content for other programs.
fn models(out: &mut String, site: &Site<'_>, context: &Context<'_>) {
    let mut headed = false;
    for (folder, what) in MODELS {
        let files: Vec<_> = site.downloads.iter().filter(|file| file.document == folder).collect();
        if files.is_empty() {
            continue;
        }
        if !headed {
            out.push_str("<section aria-labelledby=\"programs\">\n<h2 id=\"programs\">");
            context.say(out, "site.models.heading");
            out.push_str("</h2>\n");
            headed = true;
        }
        out.push_str("<p>");
        context.say(out, what);
        out.push_str("</p>\n<ul>\n");
        for file in files {
            out.push_str("<li><a href=\"");
            escape(out, &file.path);
            out.push_str("\" download>");
            escape(out, &file.label);
            out.push_str("</a></li>\n");
        }
        out.push_str("</ul>\n");
    }
    if headed {
        out.push_str("</section>\n");
    }
}

fn card(out: &mut String, document: &Document, site: &Site<'_>, context: &Context<'_>, heading: &str) {
    let _ = write!(out, "<li><{heading}><a href=\"");
    escape(out, &document.id);
    out.push_str(".html\">");
    escape(out, &document.title);
    let _ = write!(out, "</a></{heading}><p>");
    escape(out, &document.summary);
    out.push_str("</p>");
    downloads(out, &document.id, site, context, &document.title);
    out.push_str("</li>\n");
}
