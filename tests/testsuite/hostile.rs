//! Names and annotations from the cluster, and texts from the workspace, are data in every format.
//!
//! `tests/data/hostile` plants markup, scripts, link schemes, spreadsheet formulas, template syntax and terminal control
//! codes wherever text can stand.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::OnceLock,
};

use pulldown_cmark::{Event, Options, Parser, Tag};

use crate::support::{data, scopefence, tool};

/// Output of one build that all tests of this module read.
fn built() -> &'static Path {
    static OUT: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    let (_, out) = OUT.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let snapshot = snapshot(folder.path());
        let out = folder.path().join("out");
        let output = scopefence()
            .arg("build")
            .arg(data("hostile/workspace"))
            .arg("--evidence")
            .arg(&snapshot)
            .arg("--out")
            .arg(&out)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        (folder, out)
    });
    out
}

fn snapshot(folder: &Path) -> PathBuf {
    let snapshot = folder.join("hostile.snapshot.jsonl.zst");
    let output = scopefence()
        .arg("collect")
        .arg(data("hostile/workspace"))
        .arg("--from-files")
        .arg(data("hostile/cluster"))
        .arg("--out")
        .arg(&snapshot)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    snapshot
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                found.push(path);
            }
        }
    }
    assert!(!found.is_empty(), "no .{extension} was built");
    found.sort();
    found
}

/// Start tags of a page: name, and attributes as written.
fn tags(page: &str) -> Vec<(String, Vec<(String, String)>)> {
    let mut tags = Vec::new();
    let mut rest = page;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        if !rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
            continue;
        }
        let end = rest.find('>').expect("every tag ends");
        let (tag, after) = rest.split_at(end);
        let name_end = tag.find(|c: char| c.is_whitespace() || c == '/').unwrap_or(tag.len());
        let mut attributes = Vec::new();
        let mut left = tag[name_end..].trim_start_matches([' ', '/', '\n']);
        while !left.is_empty() {
            let name_end = left.find(['=', ' ', '\n', '/']).unwrap_or(left.len());
            let name = left[..name_end].to_owned();
            left = &left[name_end..];
            let mut value = String::new();
            if let Some(quoted) = left.strip_prefix("=\"") {
                let close = quoted.find('"').expect("every value is closed within its tag");
                value = quoted[..close].to_owned();
                left = &quoted[close + 1..];
            }
            attributes.push((name, value));
            left = left.trim_start_matches([' ', '/', '\n']);
        }
        tags.push((tag[..name_end].to_ascii_lowercase(), attributes));
        rest = after;
    }
    tags
}

#[test]
fn html_holds_no_foreign_tag_or_link() {
    for file in files(built(), "html") {
        let page = fs::read_to_string(&file).unwrap();
        for (tag, attributes) in tags(&page) {
            assert!(!["iframe", "object", "embed", "base", "b", "i", "u"].contains(&&*tag), "<{tag}> in {file:?}");
            for (name, value) in &attributes {
                assert!(!name.starts_with("on"), "{name}={value} in <{tag}> of {file:?}");
                if ["href", "src", "action", "xlink:href"].contains(&&**name) {
                    let scheme = value.split_once(':').map(|(scheme, _)| scheme);
                    let fine = match (&*tag, scheme) {
                        ("a", Some(scheme)) => ["https", "http", "mailto", "tel"].contains(&scheme),
                        (_, Some(_)) => false,
                        (_, None) => !value.starts_with("//"),
                    };
                    assert!(fine, "{name}={value} in <{tag}> of {file:?}");
                }
            }
            if tag == "script" {
                let source = attributes.iter().find(|(name, _)| name == "src");
                assert!(source.is_some_and(|(_, value)| value.contains("assets/")), "inline script in {file:?}");
            }
        }
    }
}

#[test]
fn html_shows_what_was_planted_as_text() {
    let pages: String = files(built(), "html").iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    for planted in ["&lt;script&gt;alert", "alert(&#39;deployment&#39;)", "onerror=alert", "{{ 7 * 191 }}"] {
        let found = pages.contains(planted) || pages.contains(&planted.replace("&#39;", "'"));
        assert!(found, "{planted} is nowhere to be read");
    }
    assert!(!pages.contains("1337"), "template syntax in a text was evaluated");
    assert!(!pages.contains("root:x:"), "a template included a file");
    assert!(!pages.contains('\u{1b}'), "an escape code is in a page");
    assert!(!pages.contains('\u{202e}'), "a direction override is in a page");
}

#[test]
fn markdown_holds_no_foreign_html_or_link() {
    for file in files(built(), "md") {
        let text = fs::read_to_string(&file).unwrap();
        assert!(!text.contains('\u{1b}'), "an escape code is in {file:?}");
        for event in Parser::new_ext(&text, Options::all()) {
            match event {
                Event::Html(html) | Event::InlineHtml(html) => {
                    // Anchors and line breaks within cells are ours: Markdown has no other form for them.
                    let ours = html.starts_with("<a id=\"") || html.starts_with("</a>") || html.starts_with("<br");
                    assert!(ours || html.starts_with("<!--"), "{html} in {file:?}");
                }
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    assert!(!dest_url.to_ascii_lowercase().contains("javascript:"), "{dest_url} in {file:?}");
                }
                Event::Start(Tag::Heading { .. }) => {}
                Event::Text(text) => assert!(text.trim() != "Heading from the cluster", "a forged heading in {file:?}"),
                _ => {}
            }
        }
    }
}

#[test]
fn sheets_hold_no_formula() {
    for file in files(built(), "csv") {
        for line in fs::read_to_string(&file).unwrap().lines() {
            for cell in line.split(',') {
                let cell = cell.trim_start_matches('"');
                assert!(!cell.starts_with(['=', '+', '@', '\t']), "{cell} in {file:?}");
                let number = cell.trim_end_matches('"').parse::<f64>().is_ok();
                assert!(!cell.starts_with('-') || number, "{cell} in {file:?}");
            }
        }
    }
    for file in files(built(), "xlsx") {
        use calamine::Reader;
        let mut book = calamine::open_workbook_auto(&file).unwrap();
        for sheet in book.sheet_names() {
            let formulas = book.worksheet_formula(&sheet).unwrap();
            assert_eq!(formulas.used_cells().count(), 0, "formulas in {sheet} of {file:?}");
        }
    }
}

#[test]
fn pdf_holds_no_foreign_action() {
    for file in files(built(), "pdf") {
        let document = lopdf::Document::load(&file).unwrap();
        for object in document.objects.values() {
            let Ok(dictionary) = object.as_dict() else { continue };
            for key in ["JS", "JavaScript", "Launch", "OpenAction", "AA"] {
                assert!(!dictionary.has(key.as_bytes()), "/{key} in {file:?}");
            }
            if let Ok(uri) = dictionary.get(b"URI").and_then(lopdf::Object::as_str) {
                let uri = String::from_utf8_lossy(uri).to_ascii_lowercase();
                assert!(!uri.contains("javascript:"), "{uri} in {file:?}");
            }
        }
    }
    let Some(pdftotext) = tool("pdftotext") else { return };
    let text: String =
        files(built(), "pdf").iter().map(|file| stdout(Command::new(&pdftotext).arg(file).arg("-"))).collect();
    let text: String = text.split_whitespace().collect();
    assert!(
        text.contains("<script>alert('deployment')</script>"),
        "the hostile Deployment is not to be read in any PDF"
    );
    assert!(!text.contains('\u{202e}'), "a direction override is in a PDF");
}

#[test]
fn terminals_get_no_control_codes() {
    let folder = tempfile::tempdir().unwrap();
    let snapshot = snapshot(folder.path());
    let workspace = data("hostile/workspace");
    for command in ["drift", "suggest", "assess"] {
        let output = scopefence().arg(command).arg(&workspace).arg("--evidence").arg(&snapshot).output().unwrap();
        assert_ne!(output.status.code(), Some(2), "{command}: {}", String::from_utf8_lossy(&output.stderr));
        assert_clean(command, &output);
    }
    let output = scopefence()
        .args(["whose", "deployment/\u{1b}[31m"])
        .arg("--workspace")
        .arg(&workspace)
        .arg("--evidence")
        .arg(&snapshot)
        .output()
        .unwrap();
    assert_clean("whose", &output);
}

fn assert_clean(command: &str, output: &Output) {
    for (name, bytes) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
        let text = String::from_utf8_lossy(bytes);
        let control = text.chars().find(|c| (c.is_control() && *c != '\n' && *c != '\t') || *c == '\u{202e}');
        assert_eq!(control, None, "{command} wrote a control code to {name}:\n{}", text.escape_debug());
    }
}

fn stdout(command: &mut Command) -> String {
    String::from_utf8_lossy(&command.output().unwrap().stdout).into_owned()
}
