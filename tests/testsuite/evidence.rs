//! A small workspace with the evidence of a small cluster, made anew for each test.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use crate::support::{data, scopefence};

/// A copy of `tests/data/drift/workspace`.
pub struct Workspace(tempfile::TempDir);

impl Workspace {
    /// Without evidence.
    pub fn bare() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let source = data("drift/workspace");
        fs::create_dir_all(folder.path().join("scope")).expect("a folder");
        for file in ["scopefence.toml", "scope/scope.toml"] {
            fs::copy(source.join(file), folder.path().join(file)).expect("a copy");
        }
        Self(folder)
    }

    /// With a snapshot of `tests/data/drift/cluster`.
    pub fn observed() -> Self {
        let workspace = Self::bare();
        workspace.collect(&data("drift/cluster"));
        workspace
    }

    pub fn collect(&self, files: &Path) {
        let mut command = scopefence();
        command.env("SOURCE_DATE_EPOCH", "1795255200").arg("collect").arg(self.path()).arg("--from-files").arg(files);
        let output = command.output().expect("the program runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// A command on this workspace, with its folder as the last argument unless it is `whose`.
    pub fn run(&self, arguments: &[&str]) -> Run {
        let mut command = scopefence();
        command.args(arguments).env("COLUMNS", "200");
        if arguments[0] == "whose" {
            command.arg("--workspace").arg(self.path())
        } else {
            command.arg(self.path())
        };
        Run::of(&mut command)
    }
}

/// What a run said.
pub struct Run {
    pub status: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Run {
    pub fn of(command: &mut Command) -> Self {
        let Output { status, stdout, stderr } = command.output().expect("the program runs");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        Self { status: status.code(), out: text(stdout), err: text(stderr) }
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}{}", self.out, self.err))
    }

    /// No control character of a hostile name reaches the terminal.
    pub fn assert_harmless(&self) {
        for text in [&self.out, &self.err] {
            assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
        }
    }
}

/// Saved output with one kind answered by a list that is not the whole.
pub fn cluster_without(file: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for entry in fs::read_dir(data("drift/cluster")).expect("test data") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name");
        if name != file {
            fs::copy(&path, folder.path().join(name)).expect("a copy");
        }
    }
    folder
}
