//! Languages: no renderer has a word of its own, and a workspace brings or changes the words.

use std::{collections::BTreeSet, fs, path::Path, process::Output};

use calamine::Reader;

use crate::support::{checkout, scopefence, tool};

/// Tables of the catalog that renderers read, rather than documents.
const AROUND: [&str; 10] =
    ["approval", "callout", "fence", "form", "label", "page", "script", "sheet", "site", "start"];

/// A text in a language that nobody speaks: no English word is left outside of `{holes}`.
fn foreign(text: &str) -> String {
    let mut hole = false;
    text.chars()
        .map(|c| {
            hole = c == '{' || (hole && c != '}');
            match c {
                'a' if !hole => 'á',
                'e' if !hole => 'é',
                'i' if !hole => 'í',
                'o' if !hole => 'ó',
                'u' if !hole => 'ú',
                'A' => 'Á',
                'E' => 'É',
                'I' => 'Í',
                'O' => 'Ó',
                'U' => 'Ú',
                c => c,
            }
        })
        .collect()
}

fn translate(table: &mut toml::Table) {
    for (_, value) in table.iter_mut() {
        match value {
            toml::Value::Table(table) => translate(table),
            toml::Value::String(text) => *text = foreign(text),
            _ => {}
        }
    }
}

/// The English texts below a table.
fn texts(table: &toml::Table, out: &mut Vec<String>) {
    for value in table.values() {
        match value {
            toml::Value::Table(table) => texts(table, out),
            toml::Value::String(text) => out.push(text.clone()),
            _ => {}
        }
    }
}

/// What a text says around its holes.
fn pieces(text: &str) -> Vec<&str> {
    text.split(['{', '}']).step_by(2).map(str::trim).collect()
}

fn english() -> toml::Table {
    toml::from_str(&fs::read_to_string(checkout("templates/lang/en.toml")).unwrap()).unwrap()
}

/// A new workspace in a language, with its own language files.
fn workspace(folder: &Path, language: &str, files: &[(&str, &str)]) {
    assert!(scopefence().arg("init").arg(folder).output().unwrap().status.success());
    let file = folder.join("scopefence.toml");
    let text = fs::read_to_string(&file).unwrap();
    let changed = text.replace("language = \"en\"", &format!("language = \"{language}\""));
    assert_ne!(text, changed);
    fs::write(file, changed).unwrap();
    fs::create_dir_all(folder.join("templates/lang")).unwrap();
    for (name, text) in files {
        fs::write(folder.join("templates/lang").join(name), text).unwrap();
    }
}

fn build(workspace: &Path, out: &Path, more: &[&str]) -> Output {
    scopefence().arg("build").arg(workspace).arg("--out").arg(out).args(more).output().unwrap()
}

fn assert_fine(output: &Output) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Texts of elements and values of labels on a page.
fn shown(page: &str) -> BTreeSet<&str> {
    let elements = page.split('>').skip(1).filter_map(|rest| rest.split('<').next());
    let labels = page.split("aria-label=\"").skip(1).filter_map(|rest| rest.split('"').next());
    elements.chain(labels).map(str::trim).collect()
}

#[test]
fn no_word_around_documents_is_left_in_english() {
    let mut catalog = english();
    let mut around = Vec::new();
    for table in AROUND {
        texts(catalog[table].as_table().unwrap(), &mut around);
    }
    around.retain(|text| foreign(text) != *text);
    let whole: Vec<&str> = around.iter().filter(|text| !text.contains('{')).map(String::as_str).collect();
    let long = around.iter().flat_map(|text| pieces(text)).filter(|piece| piece.len() > 15);
    let long: Vec<&str> = long.collect();
    assert!(whole.contains(&"Contents") && whole.contains(&"Evidence and remarks") && long.len() > 50);

    translate(&mut catalog);
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("workspace");
    workspace(&root, "de-AT", &[("de.toml", &toml::to_string(&catalog).unwrap())]);
    let sample = checkout("scopes/samples/platform.snapshot.jsonl.zst");
    let parts = ["--only", "scope", "--only", "provider-audit", "--only", "team", "--only", "raci"];
    let formats = ["--format", "html,md,pdf,csv,xlsx"];
    let out = folder.path().join("observed");
    assert_fine(&build(&root, &out, &[&parts[..], &formats, &["--evidence", sample.to_str().unwrap()]].concat()));
    let plan = folder.path().join("plan");
    assert_fine(&build(&root, &plan, &["--only", "scope", "--format", "html,md"]));

    let pages = ["index", "scope", "provider-audit", "team/platform"].map(|name| out.join(format!("{name}.html")));
    for file in pages.into_iter().chain([plan.join("index.html"), plan.join("scope.html")]) {
        let name = file.display();
        let page = fs::read_to_string(&file).unwrap();
        assert!(page.contains("<html lang=\"de-AT\""), "{name}");
        let shown = shown(&page);
        for word in &whole {
            assert!(!shown.contains(word), "{name} says `{word}`");
        }
        for piece in &long {
            assert!(!page.contains(piece), "{name} says `{piece}`");
        }
    }
    let words = fs::read_to_string(out.join("assets/words.js")).unwrap();
    let theme = fs::read_to_string(out.join("assets/theme.css")).unwrap();
    assert!(words.contains(&foreign("Scroll sideways to see all of it →")), "{words}");
    assert!(theme.contains("\"Págé \" counter(page) \" óf \" counter(pages)") && theme.contains("\"DRÁFT\""));

    for file in ["scope.md", "provider-audit.md"].map(|name| out.join(name)) {
        let text = fs::read_to_string(&file).unwrap();
        let name = file.display();
        for piece in &long {
            assert!(!text.contains(piece), "{name} says `{piece}`");
        }
        for word in ["Document control", "Owner", "Approved", "Content as of"] {
            assert!(!text.contains(&format!("| {word} |")), "{name} says `{word}`");
        }
        assert!(text.contains(&foreign("Content as of")), "{name}");
    }
    let csv = fs::read_to_string(out.join("raci.csv")).unwrap();
    assert!(csv.starts_with("Gróúp,"), "{csv}");
    let book: calamine::Xlsx<_> = calamine::open_workbook(out.join("raci.xlsx")).unwrap();
    assert!(book.sheet_names().contains(&"Ábóút".to_owned()), "{:?}", book.sheet_names());

    let pdf = lopdf::Document::load(out.join("provider-audit.pdf")).unwrap();
    assert_eq!(pdf.catalog().unwrap().get(b"Lang").unwrap().as_str().unwrap(), b"de-AT");
    let Some(pdftotext) = tool("pdftotext") else { return };
    let text = std::process::Command::new(pdftotext).arg(out.join("provider-audit.pdf")).arg("-").output().unwrap();
    let text = String::from_utf8_lossy(&text.stdout).into_owned();
    assert!(text.contains("DRÁFT") && text.contains(&foreign("Evidence and remarks")), "{text}");
    for piece in &long {
        assert!(!text.contains(piece), "the PDF says `{piece}`");
    }
    for line in text.lines() {
        assert!(!whole.contains(&line.trim()), "the PDF says `{line}`");
    }
}

#[test]
fn a_language_without_texts_is_refused_until_the_workspace_brings_some() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("workspace");
    let out = folder.path().join("out");
    workspace(&root, "tlh", &[]);
    let output = build(&root, &out, &["--only", "raci", "--format", "html"]);
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(message.contains("`tlh`") && message.contains("templates/lang/tlh.toml"), "{message}");
    assert!(message.contains("`en`"), "{message}");

    // What it does not say is said in English.
    let own = "[site]\nskip = \"To the <text>\"\n";
    fs::write(root.join("templates/lang/tlh.toml"), own).unwrap();
    assert_fine(&build(&root, &out, &["--only", "raci", "--format", "html"]));
    let page = fs::read_to_string(out.join("raci.html")).unwrap();
    assert!(page.contains("<html lang=\"tlh\"") && page.contains(">All documents<"));
    assert!(page.contains(">To the &lt;text&gt;<"), "the text is not escaped, or not there");
    assert!(page.contains("templates/lang/tlh.toml"), "the override is not disclosed");
}
