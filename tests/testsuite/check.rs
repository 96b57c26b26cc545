//! `scopefence check`: every diagnostic as a person sees it.
//!
//! A case is a folder below `tests/data/check/cases`, laid over the sound workspace in `tests/data/check/base`; beside
//! it stands what the program says. `SCOPEFENCE_UPDATE=1 cargo test --test testsuite check` writes that anew.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Output,
};

use scopefence::workspace::{Code, code};

use super::support::{checkout, copy, data, scopefence};

const TODAY: &str = "2026-11-21";

/// A folder that is gone after the test.
struct Workspace(tempfile::TempDir);

impl Workspace {
    fn base() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        copy(&data("check/base"), folder.path());
        Self(folder)
    }

    fn case(name: &str) -> Self {
        let workspace = Self::base();
        copy(&data("check/cases").join(name), workspace.path());
        workspace
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, file: &str, content: impl AsRef<[u8]>) -> &Self {
        let path = self.path().join(file);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, content).expect("written");
        self
    }

    fn check(&self, arguments: &[&str]) -> Output {
        scopefence()
            .arg("check")
            .arg(self.path())
            .args(["--as-of", TODAY])
            .args(arguments)
            .output()
            .expect("the program runs")
    }

    /// What it says, and its exit status.
    fn says(&self) -> (String, i32) {
        let output = self.check(&[]);
        (stderr(&output), output.status.code().expect("an exit status"))
    }
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

fn cases() -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(data("check/cases"))
        .expect("cases")
        .map(|entry| entry.expect("an entry"))
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().expect("UTF-8"))
        .collect();
    names.sort();
    names
}

/// Compares with a file that is written when `SCOPEFENCE_UPDATE=1`; true if it is as it should be.
fn matches(file: &PathBuf, actual: &str) -> bool {
    if std::env::var_os("SCOPEFENCE_UPDATE").is_some_and(|update| update == "1") {
        fs::write(file, actual).expect("written");
        return true;
    }
    let expected = fs::read_to_string(file).unwrap_or_default();
    if expected != actual {
        eprintln!("--- {}\n{expected}\n+++ now\n{actual}", file.display());
    }
    expected == actual
}

#[test]
fn every_case_is_reported_as_expected() {
    let mut wrong = Vec::new();
    for name in cases() {
        let workspace = Workspace::case(&name);
        let (text, status) = workspace.says();
        let text = format!("{text}exit status {status}\n");
        if !matches(&data("check/cases").join(format!("{name}.txt")), &text) {
            wrong.push(name.clone());
        }
        if let Some(code) = Code::ALL.iter().find(|code| code.as_str() == name) {
            assert!(text.lines().any(|line| line == code.as_str()), "case {name} does not show its code:\n{text}");
        }
    }
    assert!(wrong.is_empty(), "changed: {wrong:?}; if that is right, run again with SCOPEFENCE_UPDATE=1");
}

#[test]
fn a_workspace_that_lacks_everything_is_not_fine() {
    for (main, expected) in [
        (&b""[..], &["no `[system]`", "no `[document-control]`", "`format = 1`"][..]),
        (b"format = 1\n", &["no `[system]`", "no `[document-control]`", "no organization is our own"]),
        (b"format = 1\n[system]\nid = \"x\"\n", &["no `[document-control]`", "the system"]),
        (b"format = 1\n[system\n", &["syntax"]),
        (b"format = 1\nsystem = 3\n", &["wrong-type"]),
        (b"\xff\xfe", &["is not UTF-8"]),
    ] {
        let workspace = Workspace::base();
        workspace.write("scopefence.toml", main);
        let (text, status) = workspace.says();
        assert_eq!(status, 1, "{text}");
        for part in expected {
            assert!(text.contains(part), "{part} is missing in\n{text}");
        }
        let json = workspace.check(&["--format", "json"]);
        assert!(json.stdout.starts_with(b"[\n") && json.status.code() == Some(1));
    }
}

#[test]
fn every_code_has_a_case() {
    // Files that cannot be read cannot be kept as data; `unreadable_files_are_named` makes them.
    let made: BTreeSet<String> = cases().into_iter().chain(["unreadable-file".to_owned()]).collect();
    let missing: Vec<_> = Code::ALL.iter().filter(|code| !made.contains(code.as_str())).collect();
    assert!(missing.is_empty(), "no case for {missing:?}");
}

#[test]
fn diagnostics_page() {
    let ok = matches(&checkout("docs/diagnostics.md"), &code::documentation());
    assert!(ok, "docs/diagnostics.md is out of date: SCOPEFENCE_UPDATE=1 cargo test --test testsuite diagnostics_page");
}

#[test]
fn all_errors_of_a_run_are_shown_at_once_and_the_same_each_time() {
    let workspace = Workspace::case("many-at-once");
    let first = workspace.check(&["--format", "json"]);
    assert_eq!(first.status.code(), Some(1));
    let rows: Vec<serde_json::Value> = serde_json::from_slice(&first.stdout).expect("JSON");
    assert!(rows.len() >= 14, "{} diagnostics", rows.len());
    let text = fs::read_to_string(workspace.path().join("scope/extra.toml")).expect("text");
    let unknown = rows.iter().find(|row| row["message"] == "unknown key `tema`").expect("the misspelt key");
    let span = |i: usize| usize::try_from(unknown["span"][i].as_u64().expect("a number")).expect("small");
    assert_eq!(&text[span(0)..span(1)], "tema");
    assert_eq!((unknown["line"].as_u64(), unknown["column"].as_u64()), (Some(8), Some(1)));
    assert_eq!(unknown["help"], "did you mean `team`?");
    for _ in 0..3 {
        assert_eq!(workspace.check(&["--format", "json"]).stdout, first.stdout);
    }
}

#[test]
fn unreadable_files_are_named() {
    let workspace = Workspace::base();
    workspace.write("scope/latin1.toml", b"format = 1\n# caf\xe9\n");
    fs::create_dir(workspace.path().join("scope/folder.toml")).expect("a folder");
    let large = fs::File::create(workspace.path().join("scope/large.toml")).expect("a file");
    large.set_len(100 << 20).expect("a sparse file");
    let (text, status) = workspace.says();
    assert_eq!(status, 1, "{text}");
    for line in [
        "`scope/latin1.toml` is not UTF-8: byte 0xe9 at line 2, column 6",
        "`scope/folder.toml` is a folder",
        "`scope/large.toml` is larger than 16 MB",
        "3 errors",
    ] {
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }
}

#[cfg(unix)]
#[test]
fn links_that_loop_end_and_links_that_dangle_are_named() {
    use std::os::unix::fs::symlink;
    let workspace = Workspace::base();
    symlink("..", workspace.path().join("scope/up")).expect("a link");
    symlink(".", workspace.path().join("scope/same")).expect("a link");
    let (text, status) = workspace.says();
    assert_eq!(status, 0, "{text}");
    let workspace = Workspace::base();
    symlink("self.toml", workspace.path().join("scope/self.toml")).expect("a link");
    symlink("nowhere", workspace.path().join("scope/gone.toml")).expect("a link");
    let (text, status) = workspace.says();
    assert_eq!(status, 1);
    assert!(text.contains("`scope/self.toml` cannot be read") && text.contains("`scope/gone.toml` cannot"), "{text}");
}

#[cfg(unix)]
#[test]
fn evidence_outside_the_workspace_is_refused_through_links_too() {
    let workspace = Workspace::case("evidence-missing");
    let outside = tempfile::NamedTempFile::new().expect("a file");
    std::os::unix::fs::symlink(outside.path(), workspace.path().join("evidence/gone.txt")).expect("a link");
    let (text, _) = workspace.says();
    assert!(text.contains("`evidence/gone.txt` is a link that leads out of the workspace"), "{text}");
}

#[test]
fn byte_order_marks_and_carriage_returns_are_fine() {
    let workspace = Workspace::base();
    let text = fs::read_to_string(workspace.path().join("scope/scope.toml")).expect("text");
    workspace.write("scope/scope.toml", format!("\u{feff}{}", text.replace('\n', "\r\n")));
    let (says, status) = workspace.says();
    assert_eq!(status, 0, "{says}");
    let broken = text.replace("team = \"payments\"", "team = \"payment\"").replace('\n', "\r\n");
    workspace.write("scope/scope.toml", format!("\u{feff}{broken}"));
    let (says, status) = workspace.says();
    assert_eq!(status, 1);
    assert!(says.contains("[scope/scope.toml:31:8]") && says.contains("did you mean `payments`?"), "{says}");
    assert!(!says.contains('\r'), "{says:?}");
}

#[test]
fn terminal_control_codes_in_files_do_not_reach_the_terminal() {
    let workspace = Workspace::base();
    workspace
        .write("scope/extra.toml", "format = 1\n# \x1b[31mred\u{9b}2J\n[[component]]\nid = \"\\u001b]0;x\\u0007\"\n");
    let output = workspace.check(&[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(!output.stderr.contains(&0x1b), "{}", stderr(&output));
    workspace.write("scope/extra.toml", "format = 1\n[[component]]\nid = \"\\u001b]0;x\\u0007\"\n");
    assert!(!workspace.check(&[]).stderr.contains(&0x1b));
}

#[test]
fn warnings_stop_only_a_strict_check() {
    let workspace = Workspace::case("expired-contract");
    assert_eq!(workspace.check(&[]).status.code(), Some(0));
    assert_eq!(workspace.check(&["--strict"]).status.code(), Some(1));
}

#[test]
fn a_folder_without_a_workspace_is_status_2() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = |dir: &Path| scopefence().arg("check").arg(dir).output().expect("the program runs");
    for (dir, message) in [
        (folder.path().to_owned(), "there is no scopefence.toml in"),
        (folder.path().join("gone"), "there is no folder"),
        (data("check/base/scope/scope.toml"), "is not a folder"),
    ] {
        let output = run(&dir);
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains(message), "{}", stderr(&output));
        assert!(stderr(&output).contains("help:"), "{}", stderr(&output));
    }
    let output = scopefence().arg("check").current_dir(folder.path()).output().expect("the program runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("scopefence init"), "{}", stderr(&output));
}

#[test]
fn the_nearest_workspace_upward_is_found() {
    let workspace = Workspace::base();
    let output = scopefence()
        .args(["check", "--as-of", TODAY])
        .current_dir(workspace.path().join("scope"))
        .output()
        .expect("the program runs");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(stderr(&output), "acme-platform: 4 components, 1 activity, 1 implementation, 3 teams: no problems\n");
}

#[test]
fn evidence_is_held_against_declared_statuses() {
    let starter = Path::new(env!("CARGO_MANIFEST_DIR")).join("scopes/compliant-kubernetes");
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("scopes/samples/platform.snapshot.jsonl.zst");
    let check = |strict: &[&str]| {
        let mut command = scopefence();
        command.arg("check").arg(&starter).args(["--as-of", TODAY, "--evidence"]).arg(&sample).args(strict);
        command.output().expect("the program runs")
    };
    let output = check(&[]);
    let text = stderr(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("status-contradiction") && text.contains("SC-39 is declared as implemented, but"), "{text}");
    assert!(text.contains("control = \"SC-39\""), "at its place: {text}");
    assert_eq!(check(&["--strict"]).status.code(), Some(1));
}
