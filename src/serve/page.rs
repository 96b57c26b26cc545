//! What serve adds to a page: the script that follows changes, and the list of what is wrong with the workspace.
//!
//! In: a page as a build writes it, the mark of its state, and [`Problem`]s. Out: the page as it is sent. Everything that
//! comes from the workspace passes [`escape`].

use std::fmt::Write;

use serde_json::json;

use crate::{
    document::{self, ComposeError},
    frameworks::LoadError,
    html::{self, escape},
    workspace::{ACCENT, Diagnostic, Level},
};

/// Folder of the files that only serve has.
pub(crate) const OWN: &str = "-/";

const SCRIPT: &str = include_str!("live.js");
const STYLE: &str = include_str!("live.css");

/// Problems that are listed; the others are counted.
const LISTED: usize = 100;

/// Longest line of a file that is shown, in characters.
const LONGEST: usize = 300;

/// Something that is wrong with the workspace, as `check` and `build` say it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) level: Level,
    /// The rule, where it has a code.
    pub(crate) code: Option<&'static str>,
    pub(crate) message: String,
    /// `scope/inside.toml:12:8`, as far as it is known.
    pub(crate) place: Option<String>,
    /// The line, cut before and after what is meant.
    pub(crate) excerpt: Option<[String; 3]>,
    /// What to say about the place.
    pub(crate) label: String,
    pub(crate) help: Option<String>,
}

impl Problem {
    /// An error that is in no file.
    pub(crate) fn error(message: impl Into<String>) -> Self {
        Self {
            level: Level::Error,
            code: None,
            message: message.into(),
            place: None,
            excerpt: None,
            label: String::new(),
            help: None,
        }
    }

    pub(crate) fn of_compose(error: ComposeError) -> Vec<Self> {
        let problem = |problem: document::Problem| Self {
            place: Some(match problem.line {
                Some(line) => format!("{}:{line}", problem.file),
                None => problem.file,
            }),
            help: Some(problem.help),
            ..Self::error(problem.message)
        };
        error.problems.into_iter().map(problem).collect()
    }

    pub(crate) fn of_load(error: &LoadError) -> Self {
        Self { place: Some(error.file.display().to_string()), ..Self::error(error.message.clone()) }
    }
}

impl From<&Diagnostic> for Problem {
    fn from(diagnostic: &Diagnostic) -> Self {
        let place = &diagnostic.place;
        let read = !place.source.text().is_empty();
        let at = match read {
            true => format!("{}:{}:{}", place.source.path(), place.line(), place.column()),
            false => place.source.path().to_owned(),
        };
        Self {
            level: diagnostic.level(),
            code: Some(diagnostic.code.as_str()),
            message: diagnostic.message.clone(),
            place: Some(at),
            excerpt: excerpt(place.source.text(), &place.span),
            label: diagnostic.label.clone(),
            help: diagnostic.help.clone(),
        }
    }
}

/// The line in which a span begins, in three parts; nothing for one that is too long to show.
fn excerpt(text: &str, span: &std::ops::Range<usize>) -> Option<[String; 3]> {
    let (before, after) = text.split_at_checked(span.start)?;
    let before = before.rsplit('\n').next().unwrap_or_default();
    let after = after.split('\n').next().unwrap_or_default().trim_end();
    let meant = after.get(..span.len().min(after.len()))?;
    let rest = after.get(meant.len()..)?;
    let parts = [before, meant, rest];
    let length: usize = parts.iter().map(|part| part.chars().count()).sum();
    (length > 0 && length <= LONGEST).then(|| parts.map(str::to_owned))
}

/// A page with script and list, and the policy that lets the script hear of changes.
pub(crate) fn follow(page: &str, mark: &str, problems: &[Problem]) -> String {
    let (head, rest) = page.split_once("</head>").unwrap_or(("", page));
    let (body, end) = rest.rsplit_once("</body>").unwrap_or((rest, ""));
    let mut out = String::with_capacity(page.len() + 4096);
    out.push_str(&head.replacen(html::POLICY, &policy(), 1));
    let _ = write!(out, "{}</head>", links(mark));
    out.push_str(body);
    overlay(&mut out, problems, "");
    let _ = write!(out, "</body>{end}");
    out
}

/// The policy of a page that follows changes.
pub(crate) fn policy() -> String {
    format!("{}; connect-src 'self'", html::POLICY)
}

fn links(mark: &str) -> String {
    format!(
        "<meta name=\"scopefence-live\" content=\"{mark}\">\n<link rel=\"stylesheet\" href=\"/{OWN}live.css\">\n\
         <script defer src=\"/{OWN}live.js\"></script>\n"
    )
}

/// What stands over a page: always there, empty while nothing is wrong.
fn overlay(out: &mut String, problems: &[Problem], attribute: &str) {
    let _ = writeln!(
        out,
        "<aside id=\"live\" class=\"live\" lang=\"en\" aria-label=\"Diagnostics of the workspace\"{attribute}>"
    );
    out.push_str("<p class=\"unseen\" role=\"status\">");
    escape(out, &counted(problems));
    out.push_str("</p>\n<div class=\"live-list\">");
    out.push_str(&panel(problems));
    out.push_str("</div>\n</aside>\n");
}

/// `2 errors, 1 warning`.
fn counted(problems: &[Problem]) -> String {
    let count = |level| problems.iter().filter(|problem| problem.level == level).count();
    let parts = [(count(Level::Error), "error"), (count(Level::Warning), "warning")];
    let parts = parts.into_iter().filter(|(count, _)| *count > 0);
    let parts = parts.map(|(count, what)| format!("{count} {what}{}", if count == 1 { "" } else { "s" }));
    parts.collect::<Vec<_>>().join(", ")
}

fn has_errors(problems: &[Problem]) -> bool {
    problems.iter().any(|problem| problem.level == Level::Error)
}

fn panel(problems: &[Problem]) -> String {
    if problems.is_empty() {
        return String::new();
    }
    let bad = has_errors(problems);
    let mut out = format!(
        "<details class=\"live-panel {}\"{}><summary><strong>{}</strong>",
        if bad { "wrong" } else { "quiet" },
        if bad { " open" } else { "" },
        counted(problems)
    );
    if bad {
        out.push_str("<span>The pages show the workspace as it was before.</span>");
    }
    out.push_str("</summary>\n");
    list(&mut out, problems);
    out.push_str("</details>");
    out
}

fn list(out: &mut String, problems: &[Problem]) {
    // Errors first: they are what has to be mended for the pages to go on.
    let errors = problems.iter().filter(|problem| problem.level == Level::Error);
    let all = errors.chain(problems.iter().filter(|problem| problem.level == Level::Warning));
    out.push_str("<ol class=\"live-problems\">\n");
    for problem in all.take(LISTED) {
        let (class, name) = match problem.level {
            Level::Error => ("live-error", "error"),
            Level::Warning => ("live-warning", "warning"),
        };
        let _ = write!(out, "<li class=\"{class}\"><p><span class=\"live-level\">{name}</span> ");
        if let Some(code) = problem.code {
            let _ = write!(out, "<code>{code}</code> ");
        }
        quoted(out, &problem.message);
        out.push_str("</p>\n");
        if let Some(place) = &problem.place {
            out.push_str("<p class=\"live-place\"><code>");
            escape(out, place);
            out.push_str("</code></p>\n");
        }
        if let Some([before, meant, rest]) = &problem.excerpt {
            out.push_str("<pre tabindex=\"0\" aria-label=\"Line of the file\"><code>");
            escape(out, before.trim_start());
            out.push_str("<mark>");
            escape(out, meant);
            out.push_str("</mark>");
            escape(out, rest);
            out.push_str("</code></pre>\n");
        }
        for (what, text) in [("", Some(&problem.label)), ("help: ", problem.help.as_ref())] {
            if let Some(text) = text.filter(|text| !text.is_empty()) {
                let _ = write!(out, "<p class=\"live-help\">{what}");
                quoted(out, text);
                out.push_str("</p>\n");
            }
        }
        out.push_str("</li>\n");
    }
    out.push_str("</ol>\n");
    if let Some(more) = problems.len().checked_sub(LISTED).filter(|more| *more > 0) {
        let _ = writeln!(out, "<p>… and {more} more; <code>scopefence check</code> lists all.</p>");
    }
}

/// A sentence with what stands between backticks as code.
fn quoted(out: &mut String, text: &str) {
    if text.matches('`').count() % 2 == 1 {
        return escape(out, text);
    }
    for (index, part) in text.split('`').enumerate() {
        let code = index % 2 == 1;
        out.push_str(if code { "<code>" } else { "" });
        escape(out, part);
        out.push_str(if code { "</code>" } else { "" });
    }
}

/// What the script hears: the mark of the state, and the list.
pub(crate) fn event(mark: &str, problems: &[Problem]) -> String {
    let data = json!({ "mark": mark, "status": counted(problems), "html": panel(problems) });
    format!("data: {data}\n\n")
}

/// The page while there is nothing else to show: the first load found errors.
pub(crate) fn nothing_yet(mark: &str, problems: &[Problem]) -> String {
    let mut out = opening("The workspace has errors", mark);
    out.push_str("<h1>The workspace has errors</h1>\n<p>Once they are mended, its start page appears here.</p>\n");
    list(&mut out, problems);
    out.push_str("</main>\n</div>\n");
    // The list stands above; the script only waits here.
    overlay(&mut out, &[], " data-fixed");
    out.push_str("</body>\n</html>\n");
    out
}

/// The page for a path that leads nowhere.
pub(crate) fn not_there(mark: &str, path: &str, problems: &[Problem]) -> String {
    let mut out = opening("There is no such page", mark);
    out.push_str("<h1>There is no such page</h1>\n<p>No document of this workspace is at <code>");
    escape(&mut out, path);
    out.push_str("</code>. <a href=\"/\">All documents</a></p>\n</main>\n</div>\n");
    overlay(&mut out, problems, "");
    out.push_str("</body>\n</html>\n");
    out
}

fn opening(title: &str, mark: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\" data-root=\"/\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
         <link rel=\"icon\" href=\"/assets/icon.svg\">\n<link rel=\"stylesheet\" href=\"/{OWN}colours.css\">\n\
         <link rel=\"stylesheet\" href=\"/assets/site.css\">\n<script src=\"/assets/theme.js\"></script>\n{}</head>\n\
         <body class=\"live-page\">\n<div class=\"layout start\">\n<main id=\"content\">\n",
        policy(),
        links(mark)
    )
}

/// The files that only serve has.
pub(crate) fn own(name: &str) -> Option<String> {
    match name {
        "live.js" => Some(SCRIPT.to_owned()),
        "live.css" => Some(STYLE.to_owned()),
        "colours.css" => Some(html::colours(ACCENT)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_files_stays_text() {
        let evil = "</code><script>alert(1)</script>";
        let problem = Problem {
            place: Some(evil.to_owned()),
            excerpt: Some([evil.to_owned(), evil.to_owned(), evil.to_owned()]),
            label: evil.to_owned(),
            help: Some(evil.to_owned()),
            ..Problem::error(evil)
        };
        for page in [panel(std::slice::from_ref(&problem)), not_there("0", evil, &[problem])] {
            assert!(!page.contains("<script>") && page.contains("&lt;script&gt;"), "{page}");
        }
    }

    #[test]
    fn an_excerpt_is_one_line_cut_at_the_span() {
        let text = "a = 1\n  team = \"plaftorm\"\nb = 2\n";
        let start = text.find("\"pl").expect("there");
        let parts = excerpt(text, &(start..start + 10)).expect("an excerpt");
        assert_eq!(parts, ["  team = ", "\"plaftorm\"", ""]);
        assert_eq!(excerpt(text, &(900..910)), None);
        assert_eq!(excerpt("", &(0..0)), None);
    }

    #[test]
    fn a_page_gains_script_policy_and_list_and_loses_nothing() {
        let page = format!("<head><meta content=\"{}\"></head>\n<body>text</body>\n</html>\n", html::POLICY);
        let out = follow(&page, "1-2", &[Problem::error("wrong")]);
        assert!(out.contains("connect-src 'self'") && out.contains("/-/live.js") && out.contains("content=\"1-2\""));
        assert!(out.contains("<body>text<aside") && out.contains("1 error") && out.ends_with("</body>\n</html>\n"));
    }
}
