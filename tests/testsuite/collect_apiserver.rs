//! `scopefence` against a real API server: the one that `KUBEBUILDER_ASSETS` names a folder with. Skipped without it.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use http_body_util::BodyExt;
use kube::{Client, client::Body};
use scopefence::snapshot::{self, Completeness};
use serde_json::{Value, json};

use crate::support::{checkout, scopefence};

/// Token and groups by user.
const USERS: [(&str, &str, &str); 3] = [
    ("admin", "admin-t0ken", "system:masters"),
    ("reader", "reader-t0ken", "auditors"),
    ("nobody", "nobody-t0ken", "strangers"),
];
/// More than fit on one page.
const SETTINGS: usize = 520;
const CANARY: &str = "hunter2";

/// etcd and kube-apiserver; end with this value.
struct ApiServer {
    folder: tempfile::TempDir,
    children: Vec<Child>,
    runtime: tokio::runtime::Runtime,
}

impl Drop for ApiServer {
    fn drop(&mut self) {
        for child in self.children.iter_mut().rev() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port()
}

/// The folder of the binaries, if there is one.
fn assets() -> Option<PathBuf> {
    let folder = PathBuf::from(std::env::var_os("KUBEBUILDER_ASSETS")?);
    ["etcd", "kube-apiserver"].iter().all(|name| folder.join(name).is_file()).then_some(folder)
}

impl ApiServer {
    fn start(assets: &Path) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        let certified = rcgen::generate_simple_self_signed(vec!["localhost".to_owned(), "127.0.0.1".to_owned()]);
        let certified = certified.expect("a certificate");
        let tokens = USERS.map(|(user, token, group)| format!("{token},{user},{user},\"{group}\"\n")).concat();
        for (name, text) in [
            ("ca.pem", certified.cert.pem()),
            ("key.pem", certified.signing_key.serialize_pem()),
            ("public.pem", certified.signing_key.public_key_pem()),
            ("tokens.csv", tokens),
        ] {
            fs::write(at(name), text).expect("written");
        }
        let (clients, peers, secure) = (port(), port(), port());
        let url = |port: u16| format!("http://127.0.0.1:{port}");
        let start = |name: &str, arguments: Vec<String>| {
            let log = fs::File::create(at(&format!("{name}.log"))).expect("a log");
            let mut command = Command::new(assets.join(name));
            command.args(arguments).current_dir(folder.path()).stdout(Stdio::null()).stderr(log);
            command.spawn().expect("it starts")
        };
        let file = |flag: &str, name: &str| format!("{flag}={}", at(name).display());
        let etcd = start(
            "etcd",
            vec![
                file("--data-dir", "etcd"),
                format!("--listen-client-urls={}", url(clients)),
                format!("--advertise-client-urls={}", url(clients)),
                format!("--listen-peer-urls={}", url(peers)),
                format!("--initial-advertise-peer-urls={}", url(peers)),
                format!("--initial-cluster=default={}", url(peers)),
                "--unsafe-no-fsync".to_owned(),
            ],
        );
        let server = start(
            "kube-apiserver",
            vec![
                format!("--etcd-servers={}", url(clients)),
                "--bind-address=127.0.0.1".to_owned(),
                format!("--secure-port={secure}"),
                file("--tls-cert-file", "ca.pem"),
                file("--tls-private-key-file", "key.pem"),
                file("--service-account-key-file", "public.pem"),
                file("--service-account-signing-key-file", "key.pem"),
                "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
                file("--token-auth-file", "tokens.csv"),
                "--authorization-mode=RBAC".to_owned(),
                "--disable-admission-plugins=ServiceAccount".to_owned(),
                "--service-cluster-ip-range=10.0.0.0/24".to_owned(),
            ],
        );
        let named = |name: &str, key: &str, value: Value| json!({"name": name, key: value});
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "reader",
            "clusters": [named("real", "cluster", json!({
                "server": format!("https://127.0.0.1:{secure}"), "certificate-authority": at("ca.pem"),
            }))],
            "users": USERS.map(|(user, token, _)| named(user, "user", json!({"token": token}))),
            "contexts": USERS.map(|(user, ..)| named(user, "context", json!({"cluster": "real", "user": user}))),
        });
        fs::write(at("kubeconfig"), config.to_string()).expect("written");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let server = Self { folder, children: vec![etcd, server], runtime };
        server.wait();
        server
    }

    fn wait(&self) {
        let begun = Instant::now();
        while self.ask("GET", "/readyz", None).is_none_or(|(status, _)| status != 200) {
            assert!(begun.elapsed() < Duration::from_secs(180), "the API server is not ready: {}", self.log());
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    fn log(&self) -> String {
        let log = fs::read_to_string(self.folder.path().join("kube-apiserver.log")).unwrap_or_default();
        log.lines().rev().take(20).collect::<Vec<_>>().join("\n")
    }

    /// One request as admin: status and body.
    fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Option<(u16, String)> {
        self.runtime.block_on(async {
            let kubeconfig = kube::config::Kubeconfig::read_from(self.kubeconfig()).expect("a kubeconfig");
            let context = kube::config::KubeConfigOptions { context: Some("admin".to_owned()), ..Default::default() };
            let config = kube::Config::from_custom_kubeconfig(kubeconfig, &context).await.expect("a context");
            let client = Client::try_from(config).expect("a client");
            let body = body.map(|body| body.to_string().into_bytes()).unwrap_or_default();
            let request = http::Request::builder().method(method).uri(path).header("content-type", "application/json");
            let answer = client.send(request.body(Body::from(body)).expect("a request")).await.ok()?;
            let status = answer.status().as_u16();
            let body = answer.into_body().collect().await.ok()?.to_bytes();
            Some((status, String::from_utf8_lossy(&body).into_owned()))
        })
    }

    fn create(&self, path: &str, object: &Value) {
        let (status, body) = self.ask("POST", path, Some(object)).expect("an answer");
        assert_eq!(status, 201, "{path}: {body}");
    }

    fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("kubeconfig")
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = scopefence();
        command.arg(arguments[0]).arg("--kubeconfig").arg(self.kubeconfig()).args(&arguments[1..]);
        let output = command.env("RUST_LOG", "trace").output().expect("the program runs");
        for stream in [&output.stdout, &output.stderr] {
            assert!(!String::from_utf8_lossy(stream).contains(CANARY), "a secret was shown");
        }
        output
    }

    fn collect(&self, context: &str) -> Result<snapshot::Snapshot, String> {
        let out = self.folder.path().join(format!("{context}.snapshot.jsonl.zst"));
        let path = out.to_str().expect("a path");
        let output = self.run(&["collect", "--context", context, "--out", path]);
        match output.status.code() {
            Some(0) => {
                let bytes = zstd::decode_all(&*fs::read(&out).expect("written")).expect("zstd");
                assert!(!String::from_utf8_lossy(&bytes).contains(CANARY), "a secret was kept");
                Ok(snapshot::read(&out).expect("a snapshot"))
            }
            _ => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    }

    /// A namespace with a Pod, a Secret, many ConfigMaps; and the rights that `permissions` prints, for `reader`.
    fn fill(&self) {
        let named = |name: &str| json!({"name": name});
        self.create("/api/v1/namespaces", &json!({"metadata": named("shop")}));
        let secret = json!({"metadata": named("database"), "stringData": {"password": CANARY}});
        self.create("/api/v1/namespaces/shop/secrets", &secret);
        let pod = json!({"metadata": named("web"), "spec": {"containers": [{
            "name": "web", "image": "registry.example/web:1", "env": [{"name": "PASSWORD", "value": CANARY}],
            "args": ["--token", CANARY],
        }]}});
        self.create("/api/v1/namespaces/shop/pods", &pod);
        for number in 0..SETTINGS {
            let map = json!({"metadata": named(&format!("settings-{number}")), "data": {"key": CANARY}});
            self.create("/api/v1/namespaces/shop/configmaps", &map);
        }
        let role = scopefence().args(["permissions", "--format", "json"]).output().expect("the program runs");
        let role: Value = serde_json::from_slice(&role.stdout).expect("a ClusterRole");
        self.create("/apis/rbac.authorization.k8s.io/v1/clusterroles", &role);
        let binding = json!({
            "metadata": named("reader"),
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role["metadata"]["name"]},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "auditors"}],
        });
        self.create("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", &binding);
    }
}

#[test]
fn a_real_api_server_is_read_by_several_identities() {
    let Some(assets) = assets() else {
        return eprintln!("skipped: KUBEBUILDER_ASSETS names no folder with etcd and kube-apiserver");
    };
    let server = ApiServer::start(&assets);
    server.fill();

    let read = server.collect("reader").expect("a snapshot");
    assert_eq!(read.header.collector.as_ref().map(|it| &*it.username), Some("reader"));
    assert!(read.header.cluster.uid.is_some() && read.header.cluster.version.is_some());
    let complete = |group: &str, kind: &str| read.list(group, kind).expect("asked").complete().expect("complete").len();
    assert_eq!(complete("", "Pod"), 1);
    assert!(complete("", "ConfigMap") >= SETTINGS);
    assert!(complete("rbac.authorization.k8s.io", "ClusterRole") > 20);
    for list in &read.lists {
        let expected = match (&*list.record.group, &*list.record.kind) {
            ("", "Secret") => matches!(list.record.completeness, Completeness::Forbidden(_)),
            _ => matches!(
                list.record.completeness,
                Completeness::Complete | Completeness::Absent | Completeness::Forbidden(_)
            ),
        };
        assert!(expected, "{:?}", list.record);
    }

    let all = server.collect("admin").expect("a snapshot");
    let secrets = all.list("", "Secret").expect("asked").complete().expect("complete");
    assert!(secrets.iter().any(|secret| &*secret.name == "database" && secret.body.get() == "{}"));
    assert!(all.lists.iter().all(|list| !matches!(list.record.completeness, Completeness::Failed(_))));

    let refused = server.collect("nobody").expect_err("nothing is readable");
    assert!(refused.contains("nothing could be read") && refused.contains("nobody"), "{refused}");
    let out = server.folder.path().join("impersonated.snapshot.jsonl.zst");
    let path = out.to_str().expect("a path");
    let as_nobody = server.run(&["collect", "--context", "admin", "--as", "nobody", "--out", path]);
    assert_eq!(as_nobody.status.code(), Some(2));
    assert!(!out.exists());

    let dry = server.run(&["collect", "--context", "reader", "--dry-run", "--format", "json"]);
    let dry: Value = serde_json::from_slice(&dry.stdout).expect("JSON");
    let answer = |kind: &str| {
        let kinds = dry["kinds"].as_array().expect("kinds");
        kinds.iter().find(|it| it["kind"] == kind && it["group"] == "").expect("asked")["answer"]["readable"].clone()
    };
    assert_eq!((answer("Pod"), answer("Secret")), ("yes".into(), "no".into()));

    let starter = checkout("scopes/compliant-kubernetes");
    let starter = starter.to_str().expect("a path");
    let drift = server.run(&["drift", starter, "--live", "--context", "reader", "--format", "json"]);
    assert_eq!(drift.status.code(), Some(1), "{}", String::from_utf8_lossy(&drift.stderr));
    assert!(String::from_utf8_lossy(&drift.stdout).contains("shop"), "the namespace that nobody claims is named");
}
