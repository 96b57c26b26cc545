//! Canaries: secrets planted wherever a cluster can hold them appear in no snapshot, output, log or error.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::{Value, json};

use crate::{
    replay::{Fault, Options, Replay},
    support::{checkout, data, scopefence, tool},
};

/// Planted everywhere; also inside base64 it would not do to find it.
const CANARIES: [&str; 3] = ["hunter2", "aHVudGVyMg", "kubeconfig-t0ken"];

fn assert_clean(what: &str, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for canary in CANARIES {
        assert!(!text.contains(canary), "{what} holds {canary}: {text}");
    }
}

/// What a run wrote anywhere.
fn assert_run_clean(output: &Output, folder: &Path) {
    assert_clean("stdout", &output.stdout);
    assert_clean("stderr", &output.stderr);
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.to_string_lossy().contains(".snapshot.jsonl") {
            let bytes = zstd::decode_all(&*fs::read(&path).expect("readable")).expect("zstd");
            assert!(bytes.len() > 1000);
            assert_clean(&path.to_string_lossy(), &bytes);
        }
    }
}

/// Plants a value at a path of keys, making what is missing on the way.
fn plant(object: &mut Value, path: &[&str], value: &Value) {
    let mut at = object;
    for key in path {
        at = match key.parse::<usize>() {
            Ok(index) => {
                if !at.is_array() {
                    *at = json!([{}]);
                }
                &mut at[index]
            }
            Err(_) => &mut at[*key],
        };
    }
    *at = value.clone();
}

/// The recorded slice with canaries in every object.
fn planted() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for entry in fs::read_dir(data("recorded")).expect("recorded").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let text = fs::read_to_string(entry.path()).expect("text");
        if name == "metrics.txt" {
            let planted = format!("{text}apiserver_request_total{{resource=\"hunter2\"}} 1\n");
            fs::write(folder.path().join(&name), planted).expect("written");
            continue;
        }
        let mut answer: Value = serde_json::from_str(&text).expect("JSON");
        let list = name.contains("__") && answer["items"].is_array();
        if list {
            let workload = name.contains("pods.json") || name.contains("apps__v1");
            for item in answer["items"].as_array_mut().expect("items") {
                let secret = json!("hunter2");
                let last = "kubectl.kubernetes.io/last-applied-configuration";
                plant(item, &["metadata", "annotations", last], &json!("{\"data\":\"hunter2\"}"));
                plant(item, &["metadata", "annotations", "example.com/password"], &secret);
                plant(item, &["metadata", "managedFields"], &json!([{"fieldsV1": {"f:hunter2": {}}}]));
                plant(item, &["data"], &json!({"password": "hunter2", "encoded": "aHVudGVyMg=="}));
                plant(item, &["stringData"], &json!({"password": "hunter2"}));
                plant(item, &["spec", "password"], &secret);
                plant(
                    item,
                    &["spec", "source", "helm"],
                    &json!({"values": "hunter2", "parameters": [{"name": "p", "value": "hunter2"}]}),
                );
                plant(
                    item,
                    &["spec", "source", "repoURL"],
                    &json!("https://user:hunter2@git.example/x.git?token=hunter2"),
                );
                plant(item, &["status", "message"], &secret);
                if workload {
                    let spec: &[&str] =
                        if name.contains("pods.json") { &["spec"] } else { &["spec", "template", "spec"] };
                    let container = |rest: &[&'static str]| [spec, &["containers", "0"], rest].concat();
                    plant(item, &container(&["env"]), &json!([{"name": "PASSWORD", "value": "hunter2"}]));
                    plant(
                        item,
                        &container(&["command"]),
                        &json!(["kube-apiserver", "--password=hunter2", "--profiling=false", "hunter2"]),
                    );
                    plant(item, &container(&["args"]), &json!(["--token", "hunter2"]));
                    plant(
                        item,
                        &container(&["livenessProbe"]),
                        &json!({"httpGet": {"httpHeaders": [{"name": "a", "value": "hunter2"}]}}),
                    );
                    plant(item, &container(&["lifecycle"]), &json!({"preStop": {"exec": {"command": ["hunter2"]}}}));
                    let volumes = json!([{"name": "v", "csi": {"driver": "d", "volumeAttributes": {"p": "hunter2"}}}, {"name": "f", "flexVolume": {"options": {"p": "hunter2"}}}]);
                    plant(item, &[spec, &["volumes"]].concat(), &volumes);
                }
            }
        }
        if name.contains("kubeadm-config") {
            let yaml = "kind: ClusterConfiguration\nkubernetesVersion: v1\napiServer:\n  extraArgs:\n  - {name: token, value: hunter2}\ncertificateKey: hunter2\n";
            answer["data"] = json!({"ClusterConfiguration": yaml, "ClusterStatus": "hunter2"});
        }
        fs::write(folder.path().join(&name), answer.to_string()).expect("written");
    }
    // A server that sends whole Secrets although only their metadata was asked for.
    let secrets = json!({"kind": "SecretList", "apiVersion": "v1", "metadata": {"resourceVersion": "1"}, "items": [
        {"metadata": {"name": "db", "namespace": "shop"}, "type": "Opaque", "data": {"password": "aHVudGVyMg=="}},
    ]});
    fs::write(folder.path().join("api__v1__secrets.json"), secrets.to_string()).expect("written");
    folder
}

#[test]
fn planted_secrets_stay_in_the_cluster() {
    let recording = planted();
    let whole = fs::read_to_string(recording.path().join("api__v1__secrets.json")).expect("there");
    let faults = [("/api/v1/secrets".to_owned(), Fault::Body(whole))].into();
    let server = Replay::of(recording.path(), Options { faults, ..Options::default() });
    for arguments in [&["-v", "--format", "json"][..], &["-q"], &["--dry-run", "-v"]] {
        let output = scopefence()
            .args(["collect", "--kubeconfig"])
            .arg(server.kubeconfig())
            .arg("--out")
            .arg(server.folder().join("x.snapshot.jsonl.zst"))
            .args(arguments)
            .env("RUST_LOG", "trace")
            .output()
            .expect("the program runs");
        assert!(output.status.code().is_some_and(|code| code < 2), "{}", String::from_utf8_lossy(&output.stderr));
        assert_run_clean(&output, server.folder());
    }
    // What was kept shows that the canaries were in the way of something.
    let snapshot = scopefence::snapshot::read(&server.folder().join("x.snapshot.jsonl.zst")).expect("a snapshot");
    let pods = snapshot.list("", "Pod").expect("Pods").complete().expect("complete");
    assert!(pods.iter().all(|pod| pod.body.get().contains(r#""value":"[redacted]""#)));
    assert!(pods.iter().any(|pod| pod.body.get().contains("--profiling=false")));
    assert_eq!(snapshot.list("", "Secret").expect("Secrets").complete().expect("complete").len(), 1);
}

/// Every text in a file that the program wrote, unpacked.
fn text_of(path: &Path) -> Option<String> {
    let extension = path.extension()?.to_str()?;
    Some(match extension {
        "pdf" => {
            let output = Command::new(tool("pdftotext")?).arg(path).arg("-").output().expect("pdftotext runs");
            String::from_utf8_lossy(&output.stdout).into_owned()
        }
        "xlsx" => {
            let mut book: calamine::Xlsx<_> = calamine::open_workbook(path).expect("a workbook");
            let sheets = calamine::Reader::worksheets(&mut book);
            let cells = sheets.iter().flat_map(|(_, range)| range.rows().flatten());
            cells.map(|cell| format!("{cell}\n")).collect()
        }
        _ => String::from_utf8_lossy(&fs::read(path).expect("readable")).into_owned(),
    })
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for path in fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path()) {
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

#[test]
fn planted_secrets_reach_no_document() {
    let recording = planted();
    let server = Replay::of(recording.path(), Options::default());
    let snapshot = server.folder().join("x.snapshot.jsonl.zst");
    let run = |command: &str, arguments: &[&str]| {
        let output = scopefence()
            .arg(command)
            .arg(checkout("scopes/compliant-kubernetes"))
            .args(arguments)
            .env("RUST_LOG", "trace")
            .output()
            .expect("the program runs");
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code().is_some_and(|code| code < 2), "{command} {arguments:?}: {stderr}");
        assert_clean(command, &output.stdout);
        assert_clean(command, &output.stderr);
    };
    let kubeconfig = server.kubeconfig();
    let (kubeconfig, path) = (kubeconfig.to_str().expect("a path"), snapshot.to_str().expect("a path"));
    run("collect", &["--kubeconfig", kubeconfig, "--out", path]);
    run("drift", &["--live", "--kubeconfig", kubeconfig]);
    for format in ["text", "json"] {
        run("assess", &["--evidence", path, "--format", format]);
    }
    run("drift", &["--evidence", path, "--format", "json"]);
    let out = server.folder().join("out");
    let to = out.to_str().expect("a path");
    run("build", &["--evidence", path, "--out", to, "--format", "html,pdf,md,csv,xlsx"]);
    let mut written = Vec::new();
    files(&out, &mut written);
    let mut seen = BTreeSet::new();
    for path in written {
        let Some(text) = text_of(&path) else { continue };
        assert_clean(&path.to_string_lossy(), text.as_bytes());
        if text.contains("kube-system") {
            seen.extend(path.extension().map(|extension| extension.to_string_lossy().into_owned()));
        }
    }
    for format in ["html", "md", "csv", "xlsx"] {
        assert!(seen.contains(format), "nothing of the cluster was looked at as {format}: {seen:?}");
    }
}

#[test]
fn errors_quote_no_answer() {
    for fault in [
        Fault::Html,
        Fault::InvalidJson,
        Fault::Body(r#"{"hunter2": "#.to_owned()),
        Fault::Body(r#"{"gitVersion": {"hunter2": 1}}"#.to_owned()),
        Fault::Plain(500, "hunter2"),
        Fault::Plain(401, "hunter2"),
    ] {
        for path in ["/version", "/api", "/apis", "/apis/authentication.k8s.io/v1/selfsubjectreviews"] {
            let server = Replay::with(path, fault.clone());
            let output = scopefence()
                .args(["collect", "-v", "--timeout", "1", "--kubeconfig"])
                .arg(server.kubeconfig())
                .arg("--out")
                .arg(server.folder().join("x.snapshot.jsonl.zst"))
                .env("RUST_LOG", "trace")
                .output()
                .expect("the program runs");
            assert!(output.status.code().is_some(), "no signal, no panic");
            assert!(!String::from_utf8_lossy(&output.stderr).contains("panicked"));
            assert_run_clean(&output, server.folder());
        }
    }
}

#[test]
fn supplied_files_and_kubeconfigs_are_not_quoted() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).expect("written");
        path
    };
    let out = folder.path().join("x.snapshot.jsonl.zst");
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: b}\nstringData: {password: hunter2}\n";
    for (name, text, status) in [
        ("secret.yaml", secret, 0),
        ("broken.yaml", "apiVersion: v1\nkind: Secret\nstringData: {password: hunter2\n", 2),
        ("broken.json", "{\"kind\": \"Secret\", \"data\": {\"a\": \"hunter2\" ", 2),
        ("odd.json", "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":{\"hunter2\":1}}}", 2),
    ] {
        let path = write(name, text);
        let output = scopefence()
            .args(["collect", "--out"])
            .arg(&out)
            .arg("--from-files")
            .arg(&path)
            .output()
            .expect("the program runs");
        assert_eq!(output.status.code(), Some(status), "{}", String::from_utf8_lossy(&output.stderr));
        assert_clean(name, &output.stderr);
        if status == 0 {
            assert_clean(name, &zstd::decode_all(&*fs::read(&out).expect("written")).expect("zstd"));
        }
    }
    let plugin = "#!/bin/sh\necho hunter2\nexit 3\n";
    let program = write("plugin.sh", plugin);
    for text in [
        "users: [{name: a, user: {token: hunter2}\n".to_owned(),
        "users: [{name: a, user: {token: {hunter2: 1}}}]\n".to_owned(),
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts: [{{name: c, context: {{cluster: c, user: u}}}}]\n\
             clusters: [{{name: c, cluster: {{server: 'https://127.0.0.1:1'}}}}]\n\
             users: [{{name: u, user: {{exec: {{apiVersion: client.authentication.k8s.io/v1, command: sh, args: [{}], interactiveMode: Never}}}}}}]\n",
            program.display()
        ),
    ] {
        let kubeconfig = write("kubeconfig", &text);
        let output = scopefence()
            .args(["collect", "--timeout", "1", "-v", "--out"])
            .arg(&out)
            .arg("--kubeconfig")
            .arg(kubeconfig)
            .env("RUST_LOG", "trace")
            .output()
            .expect("the program runs");
        assert_eq!(output.status.code(), Some(2));
        println!("{}", String::from_utf8_lossy(&output.stderr));
        assert_clean("stderr", &output.stderr);
    }
}
