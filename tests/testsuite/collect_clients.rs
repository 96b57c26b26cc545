//! `scopefence collect` by every way that leads to an API server: proxies of the environment, the service account of a
//! Pod, credential plug-ins; and how long it waits for one that does not answer.

use std::{
    fs,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    replay::{Fault, Options, Replay},
    support::{in_pod, scopefence},
};

fn run(command: &mut Command) -> (i32, String) {
    let output = command.output().expect("the program runs");
    (output.status.code().expect("no signal"), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Changes the kubeconfig of a server.
fn edit(kubeconfig: &Path, change: impl FnOnce(&mut Value)) {
    let mut config: Value = serde_json::from_str(&fs::read_to_string(kubeconfig).expect("there")).expect("JSON");
    change(&mut config);
    fs::write(kubeconfig, config.to_string()).expect("written");
}

/// A proxy in front of which every host name is this machine; counts the tunnels it opens.
fn proxy() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let count = Arc::new(AtomicUsize::new(0));
    let counter = count.clone();
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let counter = counter.clone();
            std::thread::spawn(move || tunnel(client, &counter));
        }
    });
    (url, count)
}

fn tunnel(mut client: TcpStream, counter: &AtomicUsize) -> Option<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        client.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let port = head.strip_prefix("CONNECT ")?.split(' ').next()?.rsplit(':').next()?.parse::<u16>().ok()?;
    counter.fetch_add(1, Ordering::SeqCst);
    let mut server = TcpStream::connect(("127.0.0.1", port)).ok()?;
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").ok()?;
    let (mut from, mut to) = (client.try_clone().ok()?, server.try_clone().ok()?);
    std::thread::spawn(move || std::io::copy(&mut from, &mut to));
    std::io::copy(&mut server, &mut client).ok().map(drop)
}

#[test]
fn the_proxy_of_the_environment_is_used_unless_no_proxy_names_the_server() {
    let server = Replay::start(Options::default());
    let kubeconfig = server.kubeconfig();
    let port = server.url.rsplit(':').next().expect("a port").to_owned();
    edit(&kubeconfig, |config| {
        let cluster = &mut config["clusters"][0]["cluster"];
        cluster["server"] = format!("https://api.cluster.invalid:{port}").into();
        cluster["tls-server-name"] = "localhost".into();
    });
    let (url, count) = proxy();
    let out = server.folder().join("x.snapshot.jsonl.zst");
    let collect = |no_proxy: &str| {
        let mut command = scopefence();
        command.args(["collect", "--timeout", "2", "--kubeconfig"]).arg(&kubeconfig).arg("--out").arg(&out);
        run(command.env("HTTPS_PROXY", &url).env("NO_PROXY", no_proxy).env_remove("no_proxy"))
    };
    let (status, stderr) = collect("other.invalid,10.0.0.0/8");
    assert_eq!(status, 0, "{stderr}");
    let through = count.load(Ordering::SeqCst);
    assert!(through > 0, "the proxy was passed by");
    let (status, stderr) = collect("other.invalid, .cluster.invalid");
    assert_eq!((status, count.load(Ordering::SeqCst)), (2, through), "{stderr}");
    assert!(stderr.contains("cannot reach the API server https://api.cluster.invalid"), "{stderr}");
}

#[cfg(target_os = "linux")]
#[test]
fn in_a_pod_the_service_account_is_used() {
    let server = Replay::start(Options::default());
    let out = server.folder().join("x.snapshot.jsonl.zst");
    let mut program = scopefence();
    program.args(["collect", "--out"]).arg(&out);
    let port = server.url.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    let Some(mut command) = in_pod(&program, "pod-t0ken", &server.folder().join("ca.pem"), port) else { return };
    let (status, stderr) = run(&mut command);
    assert_eq!(status, 0, "{stderr}");
    assert!(server.seen().iter().all(|seen| seen.headers["authorization"] == "Bearer pod-t0ken"));
    let header = scopefence::snapshot::read_header(&out).expect("a snapshot");
    assert_eq!((header.cluster.id.as_str(), header.cluster.context), ("cluster", None));
}

#[cfg(unix)]
#[test]
fn a_credential_script_gets_its_arguments_and_environment() {
    let server = Replay::start(Options::default());
    let kubeconfig = server.kubeconfig();
    let script = server.folder().join("credential.sh");
    let text = "printf '{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\",\"status\":{\"token\":\"%s-%s\"}}' \"$1\" \"$ACCOUNT\"\n";
    fs::write(&script, text).expect("written");
    edit(&kubeconfig, |config| {
        config["users"][0]["user"] = json!({"exec": {
            "apiVersion": "client.authentication.k8s.io/v1", "command": "sh", "args": [script, "audit"],
            "env": [{"name": "ACCOUNT", "value": "prod"}], "interactiveMode": "Never",
        }});
    });
    let mut command = scopefence();
    command.args(["collect", "--kubeconfig"]).arg(&kubeconfig);
    let (status, stderr) = run(command.arg("--out").arg(server.folder().join("x.snapshot.jsonl.zst")));
    assert_eq!(status, 0, "{stderr}");
    assert!(server.seen().iter().all(|seen| seen.headers["authorization"] == "Bearer audit-prod"));
}

#[test]
fn a_server_that_falls_silent_is_given_up_in_bounded_time() {
    for path in ["/version", "/apis", "/api/v1/pods"] {
        let server = Replay::with(path, Fault::Stall);
        let begun = Instant::now();
        let mut command = scopefence();
        command.args(["collect", "--timeout", "1", "--kubeconfig"]).arg(server.kubeconfig());
        let (status, stderr) = run(command.arg("--out").arg(server.folder().join("x.snapshot.jsonl.zst")));
        // Twice a second of silence, and whatever the machine adds; the server itself would stall for a minute.
        assert!(begun.elapsed() < Duration::from_secs(30), "{path}: {:?}", begun.elapsed());
        assert_eq!(status, if path == "/version" { 2 } else { 0 }, "{path}: {stderr}");
    }
}
