//! `scopefence build`: both starters in all formats, plans, selections, and what must not be overwritten.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    process::{Command, Output},
};

use crate::support::{checkout, data, scopefence, tool};

const SAMPLE: &str = "scopes/samples/platform.snapshot.jsonl.zst";

fn build(workspace: &Path, out: &Path, more: &[&str]) -> Output {
    scopefence().arg("build").arg(workspace).arg("--out").arg(out).args(more).output().unwrap()
}

fn sample_build(out: &Path, more: &[&str]) -> Output {
    let sample = checkout(SAMPLE);
    let mut arguments = vec!["--evidence", sample.to_str().unwrap()];
    arguments.extend(more);
    build(&checkout("scopes/compliant-kubernetes"), out, &arguments)
}

fn assert_fine(output: &Output) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Every file below a folder, by its path.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    fn walk(root: &Path, folder: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(root, &path, files);
            } else {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                files.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    let mut files = BTreeMap::new();
    walk(folder, folder, &mut files);
    files
}

#[test]
fn writes_every_document_of_the_starter_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let output = sample_build(&out, &[]);
    assert_fine(&output);
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), out.join("index.html").to_str().unwrap());
    let files = contents(&out);
    let documents = [
        "scope",
        "ssp",
        "raci",
        "audit-pack",
        "provider-audit",
        "reading-guide",
        "people",
        "team/platform",
        "team/payments",
    ];
    let index = String::from_utf8_lossy(&files["index.html"]).into_owned();
    for document in documents {
        for format in ["html", "pdf", "md"] {
            let path = format!("{document}.{format}");
            assert!(files.contains_key(&path), "{path} is missing");
            assert!(index.contains(&format!("href=\"{path}\"")), "the start page does not lead to {path}");
        }
    }
    for sheet in ["raci.csv", "raci.xlsx", "people.csv"] {
        assert!(files.contains_key(sheet), "{sheet} is missing");
        assert!(index.contains(sheet), "the start page does not lead to {sheet}");
    }
}

#[test]
fn same_input_gives_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let [first, second] = ["first", "second"].map(|name| folder.path().join(name));
    assert_fine(&sample_build(&first, &[]));
    assert_fine(&sample_build(&second, &[]));
    let (first, second) = (contents(&first), contents(&second));
    assert_eq!(first.keys().collect::<Vec<_>>(), second.keys().collect::<Vec<_>>());
    for (path, bytes) in &first {
        assert!(second[path] == *bytes, "{path} differs between two builds");
    }
}

#[test]
fn without_evidence_the_result_is_a_plan() {
    for starter in ["compliant-kubernetes", "managed-cluster"] {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out");
        assert_fine(&build(&checkout("scopes").join(starter), &out, &["--format", "md"]));
        let plan = fs::read_to_string(out.join("ssp.md")).unwrap();
        assert!(plan.to_lowercase().contains("not yet observed"), "{starter}: observed parts do not say so");
        assert!(!plan.contains("sample evidence"), "{starter}: a plan without evidence mentions some");
    }
}

#[test]
fn sample_evidence_is_said_on_every_document() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    assert_fine(&sample_build(&out, &["--format", "md"]));
    for (path, bytes) in contents(&out) {
        if path.ends_with(".md") {
            let text = String::from_utf8(bytes).unwrap().to_lowercase();
            assert!(text.contains("sample evidence"), "{path} hides that its evidence is the sample");
            assert!(text.contains("draft"), "{path} does not say DRAFT");
        }
    }
}

#[test]
fn only_and_format_choose() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    assert_fine(&sample_build(&out, &["--only", "raci", "--only", "team", "--format", "md,csv"]));
    let files = contents(&out);
    assert!(files.contains_key("raci.md") && files.contains_key("raci.csv") && files.contains_key("team/it.md"));
    assert!(files.keys().all(|path| !path.starts_with("ssp") && !path.ends_with(".html") && !path.ends_with(".pdf")));
    assert!(!String::from_utf8_lossy(&files["raci.md"]).contains("ssp.md"), "a link leads to a document left out");

    let output = sample_build(&out, &["--only", "raicy"]);
    assert_eq!(output.status.code(), Some(2));
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(message.contains("raicy") && message.contains("raci"), "{message}");
}

#[test]
fn a_foreign_folder_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("thesis.txt"), "ten years of work").unwrap();
    let output = sample_build(folder.path(), &["--format", "md"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(contents(folder.path()).into_keys().collect::<Vec<_>>(), ["thesis.txt"]);
}

#[test]
fn an_invalid_workspace_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path().join("workspace");
    let out = folder.path().join("out");
    assert_fine(&scopefence().arg("init").arg(&workspace).output().unwrap());
    assert_fine(&build(&workspace, &out, &["--format", "md"]));
    let before = contents(&out);
    let inside = workspace.join("scope/inside.toml");
    let text = fs::read_to_string(&inside).unwrap();
    fs::write(&inside, text.replacen("team = \"platform\"", "team = \"plaftorm\"", 1)).unwrap();
    let output = build(&workspace, &out, &["--format", "md"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("did you mean `platform`?"));
    assert!(contents(&out) == before, "the earlier output changed");
}

#[test]
fn a_workspace_overrides_a_template_and_every_document_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path().join("workspace");
    let out = folder.path().join("out");
    assert_fine(&scopefence().arg("init").arg(&workspace).output().unwrap());
    fs::create_dir_all(workspace.join("templates")).unwrap();
    fs::write(workspace.join("templates/raci.md"), "# Ours\n\nOwn words on {{ system.name }}.\n").unwrap();
    assert_fine(&build(&workspace, &out, &["--format", "md"]));
    let raci = fs::read_to_string(out.join("raci.md")).unwrap();
    assert!(raci.contains("Own words on"), "{raci}");
    assert!(raci.contains("templates/raci.md") || raci.contains("raci.md"), "the override is not disclosed:\n{raci}");
    assert!(raci.to_lowercase().contains("template overridden"), "the override is not disclosed:\n{raci}");

    fs::write(workspace.join("templates/raci.md"), "# Ours\n\n{{ sistem.name }}\n").unwrap();
    let output = build(&workspace, &out, &["--format", "md"]);
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(message.contains("templates/raci.md:3") && message.contains("sistem"), "{message}");
}

#[test]
fn a_snapshot_that_is_none_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let workspace = checkout("scopes/compliant-kubernetes");
    for wrong in ["nowhere.snapshot.jsonl.zst", data("hostile/cluster/access.json").to_str().unwrap()] {
        let output = build(&workspace, &out, &["--evidence", wrong]);
        assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(String::from_utf8_lossy(&output.stderr).contains(wrong), "the message does not name the file");
    }
    assert!(!out.exists());
}

#[test]
fn pdfs_are_sound_to_another_program() {
    let Some(qpdf) = tool("qpdf") else { return };
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    assert_fine(&sample_build(&out, &["--format", "pdf"]));
    for path in contents(&out).into_keys().filter(|path| path.ends_with(".pdf")) {
        let output = Command::new(&qpdf).arg("--check").arg(out.join(&path)).output().unwrap();
        assert!(output.status.success(), "{path}: {}", String::from_utf8_lossy(&output.stderr));
    }
}
