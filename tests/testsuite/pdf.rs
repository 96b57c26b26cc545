//! PDF as other people's tools see it: text that can be copied, a file without errors, fonts inside.

use std::{path::Path, process::Command};

use scopefence::pdf::{Theme, render};

use crate::{pdf_sample, support};

/// The sample as a file of its own.
fn sample(folder: &Path) -> std::path::PathBuf {
    let path = folder.join("sample.pdf");
    std::fs::write(&path, render(&pdf_sample::document(), &Theme::default()).expect("renders")).expect("writes");
    path
}

fn output(tool: &Path, arguments: &[&str], file: &Path) -> String {
    let mut command = Command::new(tool);
    let (options, rest) = arguments.split_at(arguments.iter().position(|a| *a == "-").unwrap_or(arguments.len()));
    let done = command.args(options).arg(file).args(rest).output().expect("runs");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr)
}

#[test]
fn text_can_be_copied_and_searched() {
    let Some(tool) = support::tool("pdftotext") else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let text = output(&tool, &["-enc", "UTF-8", "-raw", "-"], &sample(folder.path()));
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    for wanted in ["System security plan", "Acme Kubernetes Platform", "Document control", "Responsibility matrix"] {
        assert!(lines.contains(&wanted), "{wanted}");
    }
    for wanted in [
        "Αθήνα, Київ, Ñandú, Łódź, œuvre, fi fl ffi.",
        "✓ ✗ → • – — “quoted” ‘single’ …",
        "kube-system/ingress-nginx-controller-7d8f9c6b5-x2x9k",
        "<script>alert(1)</script>",
        "user[U+202E]gpj.exe",
        "Page 1 of",
        "✗ Fail",
    ] {
        assert!(text.contains(wanted), "{wanted}");
    }
    assert!(!text.contains('\u{fffd}') && !text.contains('\u{1b}'));
}

#[test]
fn a_document_says_what_it_rests_on_unless_it_shows_no_evidence() {
    let Some(tool) = support::tool("pdftotext") else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let text = |evidence: Option<Vec<String>>, bent: bool| {
        let mut document = pdf_sample::document();
        document.control.evidence = evidence;
        if !bent {
            document.disclosures.clear();
        }
        let path = folder.path().join("front.pdf");
        std::fs::write(&path, render(&document, &Theme::default()).expect("renders")).expect("writes");
        output(&tool, &["-enc", "UTF-8", "-raw", "-l", "3", "-"], &path)
    };
    let (evidence, plan) = ("Evidence this document rests on", "No snapshot: nothing in this document was observed.");
    let influences = "What influenced this document";
    let observed = text(Some(vec!["one snapshot".into()]), false);
    assert!(observed.contains(evidence) && observed.contains("one snapshot") && !observed.contains(plan), "{observed}");
    assert!(observed.contains(influences) && observed.contains("no exception is in force"), "{observed}");
    let planned = text(Some(Vec::new()), true);
    assert!(planned.contains(evidence) && planned.contains(plan) && planned.contains(influences), "{planned}");
    let handed_out = text(None, false);
    assert!(!handed_out.contains(evidence) && !handed_out.contains(plan), "{handed_out}");
    assert!(!handed_out.contains(influences), "{handed_out}");
    assert!(text(None, true).contains(influences));
}

#[test]
fn the_file_is_sound() {
    let Some(tool) = support::tool("qpdf") else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let said = output(&tool, &["--check"], &sample(folder.path()));
    assert!(said.contains("No syntax or stream encoding errors found"), "{said}");
    assert!(!said.contains("WARNING"), "{said}");
}

#[test]
fn every_font_is_embedded_and_maps_to_unicode() {
    let Some(tool) = support::tool("pdffonts") else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let listed = output(&tool, &[], &sample(folder.path()));
    let fonts: Vec<&str> = listed.lines().skip(2).filter(|line| !line.trim().is_empty()).collect();
    assert!(fonts.len() >= 5, "{listed}");
    for font in fonts {
        let words: Vec<&str> = font.split_whitespace().collect();
        assert!(words.windows(3).any(|three| three == ["yes", "yes", "yes"]), "embedded, subset, Unicode: {font}");
    }
}

#[test]
fn the_file_is_tagged_and_says_what_it_is() {
    let Some(tool) = support::tool("pdfinfo") else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let file = sample(folder.path());
    let said = output(&tool, &[], &file);
    let value = |key: &str| {
        said.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':')).map(|value| value.trim().to_owned())
    };
    assert_eq!(value("Title").as_deref(), Some("System security plan: Acme Kubernetes Platform"));
    assert_eq!(value("Author").as_deref(), Some("Acme AB"));
    assert_eq!(value("Tagged").as_deref(), Some("yes"));
    assert_eq!(value("PDF version").as_deref(), Some("1.7"));
    let tree = output(&tool, &["-struct"], &file);
    for wanted in ["Table", "TH", "TD", "LBody", "Figure", "Link", "H1"] {
        assert!(tree.contains(wanted), "{wanted}");
    }
    assert!(!tree.contains("Error"), "{tree}");
}
