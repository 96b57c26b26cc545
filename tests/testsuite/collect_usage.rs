//! `scopefence collect` as people call it: workspaces, contexts, dry run, mistakes, Ctrl-C.

use std::{
    fs,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Command, Output, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use scopefence::snapshot;

use crate::{
    replay::{Fault, Options, Replay},
    support::{data, scopefence},
};

fn run(command: &mut Command) -> (i32, String, String) {
    let output: Output = command.output().expect("the program runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().expect("no signal"), text(&output.stdout), text(&output.stderr))
}

fn collect(server: &Replay) -> Command {
    let mut command = scopefence();
    command.args(["collect", "--timeout", "1", "--kubeconfig"]).arg(server.kubeconfig());
    command
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).map(|entries| entries.flatten().collect::<Vec<_>>()).unwrap_or_default();
    entries.iter().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn a_workspace_gets_a_chain_of_snapshots() {
    let server = Replay::start(Options::default());
    let folder = tempfile::tempdir().expect("a folder");
    let workspace = "format = 1\n[[cluster]]\nid = \"prod\"\nname = \"Production\"\ncontext = \"replay\"\n";
    fs::write(folder.path().join("scopefence.toml"), workspace).expect("written");
    let (status, stdout, stderr) = run(collect(&server).arg(folder.path()));
    assert_eq!(status, 0, "{stderr}");
    assert!(stderr.contains("prod: 305 objects from https://127.0.0.1") && stderr.contains("2 forbidden"), "{stderr}");
    let first = Path::new(stdout.trim()).to_owned();
    assert!(first.parent().is_some_and(|it| it.ends_with("evidence")));
    let read = snapshot::read(&first).expect("a snapshot");
    assert_eq!(read.header.cluster.id, "prod");
    assert_eq!(read.header.previous, None);
    // Two snapshots of one second would have one name.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let (status, stdout, stderr) = run(collect(&server).arg(folder.path()).args(["--format", "json", "-q"]));
    assert_eq!((status, &*stderr), (0, ""));
    let report: serde_json::Value = serde_json::from_str(&stdout).expect("JSON");
    assert_eq!(report[0]["header"]["previous"], *read.digest);
    assert_eq!(names(&folder.path().join("evidence")).len(), 2);
}

#[test]
fn several_contexts_are_read_at_once_and_one_failure_spares_the_others() {
    let (one, two) =
        (Replay::start(Options::default()), Replay::start(Options { page: Some(5), ..Options::default() }));
    let down = Replay::with("/version", Fault::Html);
    let kubeconfig = Replay::kubeconfig_of(&[("one", &one), ("a/b:c", &two), ("down", &down)]);
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("evidence");
    let contexts = |contexts: &[&str]| {
        let mut command = scopefence();
        command.args(["collect", "--kubeconfig"]).arg(&kubeconfig).arg("--out").arg(&out);
        command.args(contexts.iter().flat_map(|context| ["--context", context]));
        run(&mut command)
    };
    let (status, stdout, stderr) = contexts(&["one", "a/b:c"]);
    assert_eq!(status, 0, "{stderr}");
    assert_eq!(stdout.lines().count(), 2);
    let mut found = names(&out);
    found.sort();
    assert!(found[0].starts_with("a-b-c-") && found[1].starts_with("one-"), "{found:?}");
    let (status, stdout, stderr) = contexts(&["down", "one"]);
    assert_eq!(status, 2, "{stderr}");
    assert!(stderr.contains("web page") && stdout.lines().count() == 1, "{stdout}{stderr}");
    let file = folder.path().join("x.snapshot.jsonl.zst");
    fs::write(&file, "").expect("written");
    let mut command = scopefence();
    command
        .args(["collect", "--context", "one", "--context", "down", "--kubeconfig"])
        .arg(&kubeconfig)
        .arg("--out")
        .arg(file);
    assert!(run(&mut command).2.contains("several contexts"));
}

#[test]
fn a_dry_run_says_what_could_be_read_and_writes_nothing() {
    let server = Replay::start(Options::default());
    let (status, stdout, stderr) = run(collect(&server).arg("--dry-run"));
    assert_eq!(status, 1, "FlowSchemas are refused: {stderr}");
    let line = |start: &str| stdout.lines().find(|line| line.contains(start)).unwrap_or_default().to_owned();
    assert!(line(" Pod ").starts_with("yes"), "{stdout}");
    assert!(line(" Secret ").starts_with("no") && line(" Secret ").contains("not among the usual rights"), "{stdout}");
    assert!(line("FlowSchema").contains("refused"), "{stdout}");
    let (_, stdout, _) = run(collect(&server).args(["--dry-run", "--format", "json"]));
    let report: serde_json::Value = serde_json::from_str(&stdout).expect("JSON");
    assert!(report["kinds"].as_array().expect("kinds").len() > 20);
    assert!(server.seen().iter().all(|seen| seen.path.starts_with("/api") || seen.path == "/version"));
    assert!(!server.seen().iter().any(|seen| seen.path == "/api/v1/pods"), "nothing is listed");
}

#[test]
fn mistakes_end_with_status_2_and_what_to_do() {
    let server = Replay::start(Options::default());
    let out = server.folder().join("x.snapshot.jsonl.zst");
    let failure = |arguments: &[&str]| {
        let (status, stdout, stderr) = run(collect(&server).arg("--out").arg(&out).args(arguments));
        assert_eq!((status, &*stdout), (2, ""), "{stderr}");
        assert!(!out.exists() && !stderr.contains("panicked"), "{stderr}");
        stderr
    };
    assert!(failure(&["--context", "repley"]).contains("did you mean `replay`?"));
    assert!(failure(&["--as-group", "admins"]).contains("--as"));
    let (status, _, stderr) = run(collect(&server).arg(server.folder()));
    assert_eq!(status, 2);
    assert!(stderr.contains("is not a workspace") && stderr.contains("help:"), "{stderr}");
    let (status, _, stderr) = run(collect(&server).arg("--out").arg(server.folder().join("x.txt")));
    assert_eq!(status, 2);
    assert!(stderr.contains("no name for a snapshot"), "{stderr}");
    let (status, _, stderr) = run(scopefence().args(["collect", "--kubeconfig", "/does/not/exist", "--out", "x/"]));
    assert_eq!(status, 2);
    assert!(stderr.contains("there is no kubeconfig /does/not/exist"), "{stderr}");
}

#[test]
fn servers_that_cannot_be_used_are_named_with_the_reason() {
    let server = Replay::start(Options::default());
    let kubeconfig = server.kubeconfig();
    let text = fs::read_to_string(&kubeconfig).expect("there");
    let with = |text: &str, expected: &str| {
        fs::write(&kubeconfig, text).expect("written");
        let mut command = scopefence();
        command
            .args(["collect", "--timeout", "1", "--out"])
            .arg(server.folder().join("x/"))
            .arg("--kubeconfig")
            .arg(&kubeconfig);
        let (status, _, stderr) = run(&mut command);
        assert_eq!(status, 2, "{stderr}");
        assert!(stderr.contains("cannot reach the API server https://") && stderr.contains(expected), "{stderr}");
        assert!(names(&server.folder().join("x")).is_empty());
    };
    with(&text.replace(&server.url, "https://127.0.0.1:1"), "refused");
    with(&text.replace("certificate-authority", "x-certificate-authority"), "certificate");
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("https://{}", silent.local_addr().expect("an address"));
    with(&text.replace(&server.url, &address), "");
}

#[test]
fn nothing_readable_is_a_failure_and_not_an_empty_snapshot() {
    let folder = tempfile::tempdir().expect("a folder");
    for entry in fs::read_dir(data("recorded")).expect("recorded").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let list = name.starts_with("api") && name.matches("__").count() >= 2;
        let refused =
            r#"{"kind":"Status","apiVersion":"v1","message":"nobody may list this","reason":"Forbidden","code":403}"#;
        let text = if list { refused.to_owned() } else { fs::read_to_string(entry.path()).expect("text") };
        fs::write(folder.path().join(name), text).expect("written");
    }
    let server = Replay::of(folder.path(), Options::default());
    let (status, _, stderr) = run(collect(&server).arg("--out").arg(server.folder().join("x.snapshot.jsonl.zst")));
    assert_eq!(status, 2);
    assert!(stderr.contains("nothing could be read") && stderr.contains("nobody may list this"), "{stderr}");
    assert!(stderr.contains("scopefence permissions"), "{stderr}");
    assert!(!server.folder().join("x.snapshot.jsonl.zst").exists());
}

#[test]
fn impersonation_is_asked_of_the_server() {
    let server = Replay::start(Options::default());
    let out = server.folder().join("x.snapshot.jsonl.zst");
    let (status, _, stderr) =
        run(collect(&server).arg("--out").arg(out).args(["--as", "ada", "--as-group", "auditors"]));
    assert_eq!(status, 0, "{stderr}");
    let seen = server.seen();
    assert!(
        seen.iter()
            .all(|seen| seen.headers["impersonate-user"] == "ada" && seen.headers["impersonate-group"] == "auditors")
    );
}

#[test]
fn a_credential_plug_in_is_run() {
    let server = Replay::start(Options::default());
    let kubeconfig = server.kubeconfig();
    let mut config: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(&kubeconfig).expect("there")).expect("JSON");
    let credential =
        r#"{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"from-plug-in"}}"#;
    config["users"][0]["user"] = serde_json::json!({"exec": {
        "apiVersion": "client.authentication.k8s.io/v1", "command": "echo", "args": [credential], "interactiveMode": "Never",
    }});
    fs::write(&kubeconfig, config.to_string()).expect("written");
    let mut command = scopefence();
    command
        .args(["collect", "--out"])
        .arg(server.folder().join("x.snapshot.jsonl.zst"))
        .arg("--kubeconfig")
        .arg(&kubeconfig);
    let (status, _, stderr) = run(&mut command);
    assert_eq!(status, 0, "{stderr}");
    assert!(server.seen().iter().all(|seen| seen.headers["authorization"] == "Bearer from-plug-in"));
}

/// Forwards what follows a CONNECT, and counts.
fn proxy() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://user:pass@{}", listener.local_addr().expect("an address"));
    let count = Arc::new(AtomicUsize::new(0));
    let counter = count.clone();
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let counter = counter.clone();
            std::thread::spawn(move || forward(client, &counter));
        }
    });
    (url, count)
}

fn forward(mut client: TcpStream, counter: &AtomicUsize) -> Option<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        client.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let target = head.strip_prefix("CONNECT ")?.split(' ').next()?;
    if head.to_lowercase().contains("proxy-authorization: basic ") {
        counter.fetch_add(1, Ordering::SeqCst);
    }
    let mut server = TcpStream::connect(target).ok()?;
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").ok()?;
    let (mut from, mut to) = (client.try_clone().ok()?, server.try_clone().ok()?);
    std::thread::spawn(move || std::io::copy(&mut from, &mut to));
    std::io::copy(&mut server, &mut client).ok().map(drop)
}

#[test]
fn the_proxy_of_the_kubeconfig_is_used_and_no_proxy_keeps_the_others_out() {
    let server = Replay::start(Options::default());
    let kubeconfig = server.kubeconfig();
    let out = server.folder().join("x.snapshot.jsonl.zst");
    let mut command = scopefence();
    command.args(["collect", "-v", "--out"]).arg(&out).arg("--kubeconfig").arg(&kubeconfig);
    // This machine's own addresses are never reached through a proxy of the environment.
    command.env("HTTPS_PROXY", "http://127.0.0.1:1");
    assert_eq!(run(&mut command).0, 0);
    let (url, count) = proxy();
    let mut config: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(&kubeconfig).expect("there")).expect("JSON");
    config["clusters"][0]["cluster"]["proxy-url"] = url.into();
    fs::write(&kubeconfig, config.to_string()).expect("written");
    let (status, _, stderr) = run(&mut command);
    assert_eq!(status, 0, "{stderr}");
    assert!(count.load(Ordering::SeqCst) > 0, "the proxy was passed by");
    assert!(!stderr.contains("pass"), "{stderr}");
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_leaves_nothing() {
    let server = Replay::with("/api/v1/pods", Fault::Stall);
    let folder = server.folder().join("evidence");
    fs::create_dir(&folder).expect("made");
    let child = scopefence()
        .args(["collect", "--kubeconfig"])
        .arg(server.kubeconfig())
        .arg("--out")
        .arg(&folder)
        .stderr(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program runs");
    while !server.seen().iter().any(|seen| seen.path == "/api/v1/pods") {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs");
    assert!(killed.success());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("interrupted; nothing was written"));
    assert!(names(&folder).is_empty());
}
