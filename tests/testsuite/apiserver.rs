//! A real API server: `kube-apiserver` and `etcd` from the folder that `KUBEBUILDER_ASSETS` names.
//!
//! One server serves all tests that run at the same time. It authorizes by RBAC alone, encrypts Secrets at rest, and
//! knows the users of [`USERS`] and every service account.

#![allow(dead_code)]

use std::{
    fs,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::{Arc, Mutex, PoisonError, Weak},
    time::{Duration, Instant},
};

use http_body_util::BodyExt;
use kube::{Client, client::Body};
use scopefence::snapshot;
use serde_json::{Value, json};

use crate::support::scopefence;

/// User, token and group. `masters` may do everything; what the others may do, [`fill`](ApiServer::fill) says.
const USERS: [(&str, &str, &str); 5] = [
    ("admin", "admin-t0ken", "system:masters"),
    ("reader", "reader-t0ken", "auditors"),
    ("metrics", "metrics-t0ken", "metrics-readers"),
    ("boss", "boss-t0ken", "impersonators"),
    ("nobody", "nobody-t0ken", "strangers"),
];
/// More than fit on one page.
pub const SETTINGS: usize = 520;
/// Planted wherever a cluster keeps secrets.
pub const CANARY: &str = "hunter2";
/// Answered by a server that does not exist.
pub const BROKEN: &str = "broken.example.com";

/// etcd and kube-apiserver; they end with this value.
pub struct ApiServer {
    folder: tempfile::TempDir,
    children: Vec<Child>,
    runtime: tokio::runtime::Runtime,
    admin: Option<Client>,
    pub port: u16,
    /// Port of etcd.
    etcd: u16,
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

/// The server that other tests use meanwhile, else a new one; `None`, said aloud, where there are no programs for it.
pub fn server() -> Option<Arc<ApiServer>> {
    static SERVER: Mutex<Weak<ApiServer>> = Mutex::new(Weak::new());
    let assets = std::env::var_os("KUBEBUILDER_ASSETS").map(PathBuf::from);
    let whole = |folder: &PathBuf| ["etcd", "kube-apiserver"].iter().all(|name| folder.join(name).is_file());
    let Some(assets) = assets.filter(whole) else {
        eprintln!("skipped: KUBEBUILDER_ASSETS names no folder with etcd and kube-apiserver");
        return None;
    };
    let mut shared = SERVER.lock().unwrap_or_else(PoisonError::into_inner);
    let server = shared.upgrade().unwrap_or_else(|| {
        let server = ApiServer::start(&assets);
        server.fill();
        Arc::new(server)
    });
    *shared = Arc::downgrade(&server);
    Some(server)
}

impl ApiServer {
    fn start(assets: &Path) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        let certified = rcgen::generate_simple_self_signed(vec!["localhost".to_owned(), "127.0.0.1".to_owned()]);
        let certified = certified.expect("a certificate");
        let tokens = USERS.map(|(user, token, group)| format!("{token},{user},{user},\"{group}\"\n")).concat();
        let encryption = json!({
            "apiVersion": "apiserver.config.k8s.io/v1", "kind": "EncryptionConfiguration", "resources": [{
                "resources": ["secrets"],
                "providers": [{"secretbox": {"keys": [{"name": "one", "secret": "c2NvcGVmZW5jZS1zY29wZWZlbmNlLXNjb3BlZmVuY2U="}]}}, {"identity": {}}],
            }],
        });
        for (name, text) in [
            ("ca.pem", certified.cert.pem()),
            ("key.pem", certified.signing_key.serialize_pem()),
            ("public.pem", certified.signing_key.public_key_pem()),
            ("tokens.csv", tokens),
            ("encryption.json", encryption.to_string()),
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
                file("--encryption-provider-config", "encryption.json"),
                "--allow-privileged=true".to_owned(),
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
        let threads = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = threads.expect("a runtime");
        let children = vec![etcd, server];
        let mut server = Self { folder, children, runtime, admin: None, port: secure, etcd: clients };
        server.admin = Some(server.client());
        server.wait("/readyz", |_| true);
        server
    }

    fn client(&self) -> Client {
        self.runtime.block_on(async {
            let kubeconfig = kube::config::Kubeconfig::read_from(self.kubeconfig()).expect("a kubeconfig");
            let context = kube::config::KubeConfigOptions { context: Some("admin".to_owned()), ..Default::default() };
            let config = kube::Config::from_custom_kubeconfig(kubeconfig, &context).await.expect("a context");
            Client::try_from(config).expect("a client")
        })
    }

    /// Until a GET is answered with what is wanted.
    pub fn wait(&self, path: &str, wanted: impl Fn(&str) -> bool) {
        let begun = Instant::now();
        while !self.ask("GET", path, "").is_some_and(|(status, body)| status == 200 && wanted(&body)) {
            assert!(begun.elapsed() < Duration::from_secs(180), "{path} is not ready: {}", self.log());
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    fn log(&self) -> String {
        let log = fs::read_to_string(self.file("kube-apiserver.log")).unwrap_or_default();
        log.lines().rev().take(20).collect::<Vec<_>>().join("\n")
    }

    /// One request as admin: status and body. The text sent may be JSON or YAML.
    pub fn ask(&self, method: &str, path: &str, text: &str) -> Option<(u16, String)> {
        let kind = if text.starts_with('{') { "application/json" } else { "application/yaml" };
        let client = self.admin.clone()?;
        self.runtime.block_on(async {
            let request = http::Request::builder().method(method).uri(path).header("content-type", kind);
            let request = request.body(Body::from(text.as_bytes().to_vec())).expect("a request");
            let answer = client.send(request).await.ok()?;
            let status = answer.status().as_u16();
            let body = answer.into_body().collect().await.ok()?.to_bytes();
            Some((status, String::from_utf8_lossy(&body).into_owned()))
        })
    }

    /// Creates an object and returns what the server says of it.
    pub fn create(&self, path: &str, object: &str) -> Value {
        let (status, body) = self.ask("POST", path, object).expect("an answer");
        assert_eq!(status, 201, "{path}: {body}");
        serde_json::from_str(&body).expect("JSON")
    }

    /// Creates many objects, of path and text each, some at a time; how many the server took.
    pub fn create_all(&self, objects: Vec<(String, String)>) -> usize {
        let client = self.admin.clone().expect("it has started");
        self.runtime.block_on(async {
            let permits = Arc::new(tokio::sync::Semaphore::new(32));
            let mut tasks = tokio::task::JoinSet::new();
            for (path, text) in objects {
                let permit = permits.clone().acquire_owned().await;
                let client = client.clone();
                tasks.spawn(async move {
                    let request = http::Request::post(path).header("content-type", "application/json");
                    let answer = client.send(request.body(Body::from(text.into_bytes())).expect("a request")).await;
                    drop(permit);
                    match answer {
                        Ok(answer) if answer.status() == 201 => None,
                        Ok(answer) => Some(answer.into_body().collect().await.expect("an answer").to_bytes()),
                        Err(error) => Some(error.to_string().into()),
                    }
                });
            }
            let answers = tasks.join_all().await;
            if let Some(refused) = answers.iter().flatten().next() {
                eprintln!("not all were taken: {}", String::from_utf8_lossy(refused));
            }
            answers.iter().filter(|answer| answer.is_none()).count()
        })
    }

    /// etcd and kube-apiserver.
    pub fn processes(&self) -> Vec<u32> {
        self.children.iter().map(Child::id).collect()
    }

    /// A kubeconfig with this user's context as the current one.
    pub fn kubeconfig_of(&self, user: &str) -> PathBuf {
        let text = fs::read_to_string(self.kubeconfig()).expect("there");
        let mut config: Value = serde_json::from_str(&text).expect("JSON");
        config["current-context"] = user.into();
        let path = self.file(&format!("{user}.kubeconfig"));
        fs::write(&path, config.to_string()).expect("written");
        path
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn kubeconfig(&self) -> PathBuf {
        self.file("kubeconfig")
    }

    /// Runs the program on this server, as talkative as it can be, and sees that it gives no secret away.
    pub fn run(&self, arguments: &[&str]) -> Output {
        let mut command = scopefence();
        command.arg(arguments[0]).arg("--kubeconfig").arg(self.kubeconfig()).args(&arguments[1..]);
        let output = command.env("RUST_LOG", "trace").output().expect("the program runs");
        for stream in [&output.stdout, &output.stderr] {
            assert!(!String::from_utf8_lossy(stream).contains(CANARY), "a secret was shown");
        }
        output
    }

    /// What a user collects, or what the program says instead.
    pub fn collect(&self, context: &str, more: &[&str]) -> Result<snapshot::Snapshot, String> {
        let out = tempfile::Builder::new().prefix("x").suffix(".snapshot.jsonl.zst").tempfile_in(self.folder.path());
        let out = out.expect("a file").into_temp_path();
        let path = out.to_str().expect("a path");
        let output = self.run(&[&["collect", "--context", context, "--out", path], more].concat());
        match output.status.code() {
            Some(0) => Ok(opened(&out)),
            _ => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    }

    /// Fills the cluster, and binds to users what `permissions` prints, by sending it as it was printed.
    fn fill(&self) {
        let named = |name: &str| json!({"name": name});
        let create = |path: &str, object: Value| self.create(path, &object.to_string());
        create("/api/v1/namespaces", json!({"metadata": named("shop")}));
        let secret = json!({"metadata": named("database"), "stringData": {"password": CANARY}});
        create("/api/v1/namespaces/shop/secrets", secret);
        let pod = json!({"metadata": {"name": "web", "annotations": {"note": CANARY}}, "spec": {"containers": [{
            "name": "web", "image": "registry.example/web:1", "env": [{"name": "PASSWORD", "value": CANARY}],
            "args": ["--token", CANARY],
        }]}});
        create("/api/v1/namespaces/shop/pods", pod);
        for number in 0..SETTINGS {
            let map = json!({"metadata": named(&format!("settings-{number}")), "data": {"key": CANARY}});
            create("/api/v1/namespaces/shop/configmaps", map);
        }
        let roles = "/apis/rbac.authorization.k8s.io/v1/clusterroles";
        self.create(roles, &permissions(&[]));
        let more = permissions(&["--with", "metrics"]).replace("name: scopefence-collect", "name: scopefence-metrics");
        self.create(roles, &more);
        let rules = json!([{"apiGroups": [""], "resources": ["users", "groups"], "verbs": ["impersonate"]}]);
        create(roles, json!({"metadata": named("impersonate"), "rules": rules}));
        for (role, group) in [
            ("scopefence-collect", "auditors"),
            ("scopefence-metrics", "metrics-readers"),
            ("impersonate", "impersonators"),
        ] {
            self.bind(role, json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": group}));
        }
        let service = json!({
            "metadata": named(&format!("v1.{BROKEN}")), "spec": {
                "group": BROKEN, "version": "v1", "groupPriorityMinimum": 1000, "versionPriority": 10,
                "insecureSkipTLSVerify": true, "service": {"namespace": "shop", "name": "missing"},
            },
        });
        create("/apis/apiregistration.k8s.io/v1/apiservices", service);
        let path = format!("/apis/apiregistration.k8s.io/v1/apiservices/v1.{BROKEN}");
        self.wait(&path, |body| body.contains(r#""status":"False""#));
    }

    /// Lets etcd and the API server forget what was before a revision, as they do by themselves every few minutes.
    pub fn forget_before(&self, revision: &str) {
        self.etcd("/v3/kv/compaction", &json!({"revision": revision, "physical": true}));
        // `compact_rev_key`: API servers tell each other by it.
        let value = base64(revision.as_bytes());
        self.etcd("/v3/kv/put", &json!({"key": base64(b"compact_rev_key"), "value": value}));
    }

    fn etcd(&self, path: &str, body: &Value) {
        let body = body.to_string();
        let mut etcd = TcpStream::connect(("127.0.0.1", self.etcd)).expect("etcd");
        let head = "Host: localhost\r\nConnection: close\r\nContent-Type: application/json";
        write!(etcd, "POST {path} HTTP/1.1\r\n{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).expect("sent");
        let mut answer = String::new();
        etcd.read_to_string(&mut answer).expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    /// Gives a ClusterRole to a subject.
    pub fn bind(&self, role: &str, subject: Value) {
        let binding = json!({
            "metadata": {"generateName": "test-"}, "subjects": [subject],
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        });
        self.create("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", &binding.to_string());
    }
}

/// A snapshot without secrets.
pub fn opened(path: &Path) -> snapshot::Snapshot {
    let bytes = zstd::decode_all(&*fs::read(path).expect("written")).expect("zstd");
    assert!(!String::from_utf8_lossy(&bytes).contains(CANARY), "a secret was kept");
    snapshot::read(path).expect("a snapshot")
}

/// The role as it is printed.
fn permissions(arguments: &[&str]) -> String {
    let output = scopefence().arg("permissions").args(arguments).output().expect("the program runs");
    String::from_utf8(output.stdout).expect("text")
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digit = |chunk: &[u8], place: usize| {
        let word = chunk.iter().chain(&[0, 0]).take(3).fold(0_usize, |word, byte| word << 8 | usize::from(*byte));
        if place > chunk.len() { '=' } else { char::from(DIGITS[word >> (18 - 6 * place) & 63]) }
    };
    bytes.chunks(3).flat_map(|chunk| (0..4).map(move |place| digit(chunk, place))).collect()
}
