//! What holds for every command: streams, exit statuses, messages, arguments that could be mistaken for others.

use std::{
    fs::{self, File},
    process::Stdio,
};

use crate::{
    evidence::{Run, Workspace},
    support::{data, scopefence},
};

/// Commands that print a result, `.` standing for the workspace.
const PRINTING: &[&[&str]] = &[
    &["check", ".", "--format", "json"],
    &["permissions", "."],
    &["drift", "."],
    &["drift", ".", "--format", "json"],
    &["suggest", "."],
    &["whose", "deploy/web", "-n", "lab", "--workspace", "."],
    &["assess", "."],
    &["init", "--list"],
    &["init", "--list", "--format", "json"],
    &["completions", "bash"],
    &["man"],
];

#[test]
fn results_end_quietly_at_a_closed_pipe_and_loudly_on_a_full_disk() {
    let workspace = Workspace::observed();
    for arguments in PRINTING {
        let normal = Run::of(scopefence().args(*arguments).current_dir(workspace.path()));
        assert!(!normal.out.is_empty() && matches!(normal.status, Some(0 | 1)), "{arguments:?}: {}", normal.err);

        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let child =
            scopefence().args(*arguments).current_dir(workspace.path()).stdout(writer).stderr(Stdio::piped()).spawn();
        let output = child.and_then(std::process::Child::wait_with_output).expect("it runs");
        assert_eq!(output.status.code(), normal.status, "{arguments:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), normal.err, "{arguments:?}");

        let Ok(full) = File::options().write(true).open("/dev/full") else { continue };
        let child =
            scopefence().args(*arguments).current_dir(workspace.path()).stdout(full).stderr(Stdio::piped()).spawn();
        let output = child.and_then(std::process::Child::wait_with_output).expect("it runs");
        let err = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(err.contains("cannot write the result: No space left on device\n"), "{arguments:?}: {err}");
    }
}

#[test]
fn quiet_says_nothing_but_the_result_and_color_only_when_asked() {
    let workspace = Workspace::observed();
    for arguments in PRINTING {
        let quiet = Run::of(scopefence().args(*arguments).arg("--quiet").current_dir(workspace.path()));
        assert_eq!(quiet.err, "", "{arguments:?}");
        assert!(!quiet.out.contains('\u{1b}'), "{arguments:?}");
    }
    let mut failing = scopefence();
    let failing = failing.args(["check", "/nowhere", "--color", "always"]);
    assert!(Run::of(failing).err.contains("\u{1b}[1;31merror:\u{1b}[0m there is no folder"));
}

#[test]
fn what_the_user_types_steers_no_terminal() {
    let workspace = Workspace::observed();
    let hostile = "\u{1b}[2J\u{202e}x";
    for arguments in [
        vec!["collect", ".", "--kubeconfig", hostile],
        vec!["collect", ".", "--from-files", hostile],
        vec!["drift", ".", "--evidence", hostile],
        vec!["whose", hostile, "--workspace", "."],
        vec!["whose", "deploy/web", "-n", hostile, "--workspace", "."],
        vec!["assess", ".", "--team", hostile],
        vec!["assess", ".", "--control", hostile],
        vec!["build", ".", "--only", hostile],
        vec!["init", "new", "--from", hostile],
    ] {
        let run = Run::of(scopefence().args(&arguments).current_dir(workspace.path()));
        assert!(matches!(run.status, Some(1 | 2)), "{arguments:?}: {}", run.out);
        assert!(!run.err.is_empty() && !run.err.contains(['\u{1b}', '\u{202e}']), "{arguments:?}: {:?}", run.err);
    }
}

#[test]
fn a_workspace_is_not_swallowed_by_a_flag_before_it() {
    let workspace = Workspace::observed();
    let pods = data("drift/cluster");
    for command in ["collect", "assess"] {
        let run = Run::of(scopefence().arg(command).arg("--from-files").arg(&pods).arg(workspace.path()));
        assert_eq!(run.status, Some(2), "{command}");
        assert!(run.err.contains("is a workspace, not saved evidence"), "{}", run.err);
    }
    let run = Run::of(scopefence().args(["drift", "--write-baseline"]).arg(workspace.path()));
    assert_eq!(run.status, Some(0), "{}", run.err);
    assert!(workspace.file("evidence/drift-baseline.toml").is_file());
}

#[test]
fn a_folder_that_is_not_there_is_an_error_for_every_command() {
    for command in ["check", "permissions", "collect", "drift", "suggest", "assess", "build"] {
        let run = Run::of(scopefence().args([command, "/does/not/exist"]));
        assert_eq!((run.status, &*run.out), (Some(2), ""), "{command}");
        assert!(run.err.contains("there is no folder /does/not/exist"), "{command}: {}", run.err);
    }
}

#[test]
fn access_to_a_cluster_without_reading_one_is_an_error() {
    let workspace = Workspace::observed();
    for command in ["drift", "build", "permissions"] {
        let run = workspace.run(&[command, "--kubeconfig", "x"]);
        assert_eq!(run.status, Some(2), "{command}");
        assert!(run.err.contains("--kubeconfig") && run.err.contains("add --live"), "{command}: {}", run.err);
    }
}

#[test]
fn commands_find_the_workspace_upward() {
    let workspace = Workspace::observed();
    for command in ["check", "drift", "suggest", "assess", "permissions"] {
        let run = Run::of(scopefence().arg(command).current_dir(workspace.file("scope")));
        assert!(matches!(run.status, Some(0 | 1)), "{command}: {}", run.err);
    }
    let run = Run::of(
        scopefence().args(["collect", "--from-files"]).arg(data("drift/cluster")).current_dir(workspace.file("scope")),
    );
    assert_eq!(run.status, Some(0), "{}", run.err);
    assert!(!workspace.file("scope/evidence").exists());
}

#[test]
fn moments_are_days_or_times() {
    let workspace = Workspace::observed();
    for moment in ["2026-11-21", "2026-11-21T09:00:00Z", "2026-11-21T09:00:00+02:00"] {
        assert_eq!(workspace.run(&["assess", "--as-of", moment]).status, Some(0), "{moment}");
    }
    let run = workspace.run(&["assess", "--as-of", "tomorrow"]);
    assert_eq!(run.status, Some(2));
    assert!(run.err.contains("write a day, 2026-11-21, or a time"), "{}", run.err);
}

#[test]
fn a_baseline_is_not_written_among_the_declarations() {
    let workspace = Workspace::observed();
    for file in ["baseline.toml", "scope/baseline.toml"] {
        let run = workspace.run(&["drift", &format!("--write-baseline={}", workspace.file(file).display())]);
        assert_eq!(run.status, Some(2), "{file}");
        assert!(run.err.contains("would be read as a declaration"), "{}", run.err);
        assert!(!workspace.file(file).exists());
    }
}

#[test]
fn a_logo_that_is_no_picture_is_named() {
    let workspace = Workspace::bare();
    let main = workspace.file("scopefence.toml");
    let text = fs::read_to_string(&main).expect("a workspace");
    assert!(!text.contains("[style]"));
    fs::write(&main, format!("{text}\n[style]\nlogo = \"logo.png\"\n")).expect("written");
    fs::write(workspace.file("logo.png"), "no picture").expect("written");
    let out = format!("--out={}", workspace.file("out").display());
    let run = workspace.run(&["build", "--only", "scope", "--format", "md", &out]);
    assert_eq!(run.status, Some(2), "{}", run.out);
    assert!(run.err.contains("logo.png is no PNG, JPEG or SVG") && !workspace.file("out").exists(), "{}", run.err);
}

#[cfg(unix)]
#[test]
fn links_that_loop_among_the_templates_end() {
    let workspace = Workspace::bare();
    fs::create_dir(workspace.file("templates")).expect("a folder");
    for name in ["a", "b", "c"] {
        std::os::unix::fs::symlink(".", workspace.file("templates").join(name)).expect("a link");
    }
    let out = format!("--out={}", workspace.file("out").display());
    let run = workspace.run(&["build", "--only", "scope", "--format", "md", &out]);
    assert_eq!(run.status, Some(0), "{}", run.err);
}

#[test]
fn files_without_end_are_refused() {
    let workspace = Workspace::observed();
    if !std::path::Path::new("/dev/zero").exists() {
        return eprintln!("skipped: no /dev/zero");
    }
    let run = workspace.run(&["drift", "--evidence", "/dev/zero"]);
    assert_eq!(run.status, Some(2));
    assert!(run.err.contains("larger than"), "{}", run.err);
}
