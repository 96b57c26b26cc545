//! `scopefence init`: a new workspace from each starter, whole or not at all.

use std::{fs, path::Path, process::Output};

use super::support::{checkout, scopefence};

fn init(folder: &Path, arguments: &[&str]) -> Output {
    scopefence().arg("init").args(arguments).current_dir(folder).output().expect("the program runs")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

fn starters() -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(checkout("scopes"))
        .expect("scopes")
        .map(|entry| entry.expect("an entry"))
        .filter(|entry| entry.path().join("scopefence.toml").is_file())
        .map(|entry| entry.file_name().into_string().expect("UTF-8"))
        .collect();
    names.sort();
    names
}

#[test]
fn every_starter_is_sound() {
    let folder = tempfile::tempdir().expect("a folder");
    for starter in starters() {
        let target = format!("deep/{starter}");
        let output = init(folder.path(), &[&target, "--from", &starter]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let dir = folder.path().join(&target);
        let written = fs::read(dir.join("scopefence.toml")).expect("written");
        assert_eq!(written, fs::read(checkout("scopes").join(&starter).join("scopefence.toml")).expect("there"));
        assert!(!dir.join("samples").exists());
        assert_eq!(fs::read_to_string(dir.join(".gitignore")).expect("written"), "out/\n");
        let check = scopefence()
            .args(["check", "--strict", "--as-of", "2026-11-21"])
            .arg(&dir)
            .output()
            .expect("the program runs");
        assert_eq!(check.status.code(), Some(0), "{starter}: {}", stderr(&check));
    }
    let left: Vec<_> = fs::read_dir(folder.path().join("deep")).expect("a folder").collect();
    assert_eq!(left.len(), starters().len(), "temporary folders are left");
}

#[test]
fn the_starters_are_listed() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = init(folder.path(), &["--list"]);
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let names: Vec<_> = text.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(names, starters());
    assert!(text.lines().all(|line| line.split_whitespace().count() > 3), "a starter has no summary: {text}");
}

#[test]
fn the_current_folder_may_be_empty_or_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = init(folder.path(), &[]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stderr(&output).contains("scopefence check"), "{}", stderr(&output));
    assert!(folder.path().join("scope").is_dir());
    let again = init(folder.path(), &[]);
    assert_eq!(again.status.code(), Some(2));
    assert!(stderr(&again).contains("is not empty"), "{}", stderr(&again));
}

#[test]
fn an_unknown_starter_writes_nothing_and_offers_the_nearest() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = init(folder.path(), &["new", "--from", "compliant-kubernets"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("did you mean compliant-kubernetes?"), "{}", stderr(&output));
    assert!(!folder.path().join("new").exists());
}

#[test]
fn a_file_in_the_way_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("taken"), "mine").expect("written");
    for target in ["taken", "taken/below"] {
        let output = init(folder.path(), &[target]);
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    }
    assert_eq!(fs::read_to_string(folder.path().join("taken")).expect("there"), "mine");
}
