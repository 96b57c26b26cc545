//! An API server that replays recorded answers over HTTPS, cuts lists into pages, and fails where it is told to.
//!
//! A recording is a folder of answers, file name = path without the leading `/`, `/` written as `__`. A list that was
//! not recorded is a 404, like that of an API which is not installed.

#![allow(dead_code)]

use std::{
    collections::BTreeMap,
    convert::Infallible,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use http::{HeaderMap, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, combinators::BoxBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json, value::RawValue};

/// What goes wrong with the answers for one path.
#[derive(Debug, Clone)]
pub enum Fault {
    /// This status with a `Status` object as body.
    Status(u16, &'static str),
    /// This status with `text/plain`.
    Plain(u16, &'static str),
    /// 429 with this `Retry-After`, so many times, then the recorded answer.
    TooMany { times: usize, retry_after: &'static str },
    /// This status so many times, then the recorded answer.
    Flaky { times: usize, status: u16 },
    /// 410 instead of the second page, so many times.
    Gone { times: usize },
    /// 500 instead of the second page, always.
    BrokenSecondPage,
    /// The head of the answer and half its body, then silence.
    Stall,
    /// Half the body, then the connection ends.
    Truncated,
    /// Half the body as if it were whole.
    Halved,
    /// A body that is no JSON.
    InvalidJson,
    /// 200 with a web page.
    Html,
    /// One object of the page is this instead.
    Odd(&'static str),
    /// The list without its items.
    Empty,
    /// Exactly this answer.
    Body(String),
}

/// How to replay.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Faults by path.
    pub faults: BTreeMap<String, Fault>,
    /// Objects a page at most, whatever is asked for.
    pub page: Option<usize>,
    /// Knows aggregated discovery no more than Kubernetes 1.25 did.
    pub plain_discovery: bool,
    /// A group whose server is down.
    pub stale_group: Option<&'static str>,
}

/// A request as it arrived.
#[derive(Debug, Clone)]
pub struct Seen {
    pub method: Method,
    pub path: String,
    pub query: String,
    pub headers: HeaderMap,
}

/// A running server; ends with its value.
pub struct Replay {
    pub url: String,
    folder: tempfile::TempDir,
    state: Arc<State>,
    runtime: Option<tokio::runtime::Runtime>,
}

#[derive(Default)]
struct State {
    recording: PathBuf,
    options: Options,
    /// Packed pages by path, instead of a recording.
    pages: Option<BTreeMap<String, Vec<Bytes>>>,
    counts: Mutex<BTreeMap<String, usize>>,
    seen: Mutex<Vec<Seen>>,
}

type Body = BoxBody<Bytes, std::io::Error>;

impl Replay {
    /// Replays the slice of the recorded cluster that lies in the source tree.
    pub fn start(options: Options) -> Self {
        Self::of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/recorded"), options)
    }

    /// Replays one fault.
    pub fn with(path: &str, fault: Fault) -> Self {
        Self::start(Options { faults: [(path.to_owned(), fault)].into(), ..Options::default() })
    }

    /// Replays a folder of recorded answers.
    pub fn of(recording: &Path, options: Options) -> Self {
        Self::run(State { recording: recording.to_owned(), options, ..State::default() })
    }

    /// Serves pages held packed with gzip, by path; the continue token is the number of the page.
    pub fn of_pages(pages: BTreeMap<String, Vec<Vec<u8>>>) -> Self {
        let packed = |pages: Vec<Vec<u8>>| pages.into_iter().map(Bytes::from).collect();
        let pages = pages.into_iter().map(|(path, pages)| (path, packed(pages))).collect();
        Self::run(State { pages: Some(pages), ..State::default() })
    }

    fn run(state: State) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let certified = rcgen::generate_simple_self_signed(names).expect("a certificate");
        let key = rustls::pki_types::PrivateKeyDer::try_from(certified.signing_key.serialize_der()).expect("a key");
        let tls = rustls::ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![certified.cert.der().clone()], key)
            .expect("a server configuration");
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let listener =
            runtime.block_on(tokio::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))).expect("a port");
        let url = format!("https://{}", listener.local_addr().expect("an address"));
        let state = Arc::new(state);
        runtime.spawn(serve(listener, tokio_rustls::TlsAcceptor::from(Arc::new(tls)), state.clone()));
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("ca.pem"), certified.cert.pem()).expect("the certificate is written");
        Self { url, folder, state, runtime: Some(runtime) }
    }

    /// A kubeconfig whose current context `replay` leads here.
    pub fn kubeconfig(&self) -> PathBuf {
        Self::kubeconfig_of(&[("replay", self)])
    }

    /// A kubeconfig with a context for each server, in the folder of the first.
    pub fn kubeconfig_of(servers: &[(&str, &Self)]) -> PathBuf {
        let each = |part: &dyn Fn(&str, &Self) -> Value| {
            servers.iter().map(|(name, server)| part(name, server)).collect::<Vec<_>>()
        };
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": servers[0].0,
            "clusters": each(&|name, server| json!({"name": name, "cluster": {
                "server": server.url, "certificate-authority": server.folder.path().join("ca.pem"),
            }})),
            "users": each(&|name, _| json!({"name": name, "user": {"token": "kubeconfig-t0ken"}})),
            "contexts": each(&|name, _| json!({"name": name, "context": {"cluster": name, "user": name}})),
        });
        let path = servers[0].1.folder.path().join("kubeconfig");
        fs::write(&path, config.to_string()).expect("the kubeconfig is written");
        path
    }

    /// A folder that lives as long as the server.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Everything that was asked so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.state.seen.lock().expect("not poisoned").clone()
    }
}

impl Drop for Replay {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn serve(listener: tokio::net::TcpListener, tls: tokio_rustls::TlsAcceptor, state: Arc<State>) {
    while let Ok((stream, _)) = listener.accept().await {
        let (tls, state) = (tls.clone(), state.clone());
        tokio::spawn(async move {
            let Ok(stream) = tls.accept(stream).await else { return };
            let service = hyper::service::service_fn(move |request| {
                let state = state.clone();
                async move { Ok::<_, Infallible>(state.answer(request).await) }
            });
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

impl State {
    async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path().to_owned();
        let query = parts.uri.query().unwrap_or_default().to_owned();
        let seen = Seen {
            method: parts.method.clone(),
            path: path.clone(),
            query: query.clone(),
            headers: parts.headers.clone(),
        };
        self.seen.lock().expect("not poisoned").push(seen);
        if !parts.headers.contains_key(header::AUTHORIZATION) {
            return status(401, "Unauthorized");
        }
        if let Some(pages) = &self.pages {
            return prepared(pages, &path, &query, &parts);
        }
        let asked = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        let page = parameter(&query, "continue").map_or(0, |token| token.parse().unwrap_or(0));
        let Some(fault) = self.options.faults.get(&path).cloned() else {
            return self.recorded(&parts, &path, &query, &asked);
        };
        let time = {
            let mut counts = self.counts.lock().expect("not poisoned");
            let count = counts.entry(path.clone()).or_default();
            *count += usize::from(page > 0 || !matches!(fault, Fault::Gone { .. }));
            *count
        };
        let whole = || self.recorded(&parts, &path, &query, &asked);
        match fault {
            Fault::Status(code, reason) => status(code, reason),
            Fault::Plain(code, text) => plain(code, "text/plain", text),
            Fault::TooMany { times, retry_after } if time <= times => {
                let mut answer = status(429, "TooManyRequests");
                answer.headers_mut().insert(header::RETRY_AFTER, retry_after.parse().expect("a header"));
                answer
            }
            Fault::Flaky { times, status: code } if time <= times => status(code, "InternalError"),
            Fault::Gone { times } if page > 0 && time <= times => status(410, "Expired"),
            Fault::BrokenSecondPage if page > 0 => status(500, "InternalError"),
            Fault::TooMany { .. } | Fault::Flaky { .. } | Fault::Gone { .. } | Fault::BrokenSecondPage => whole(),
            Fault::Html => plain(200, "text/html", "<!doctype html><title>Sign in</title> hunter2"),
            Fault::InvalidJson => {
                plain(200, "application/json", "{\"kind\":\"List\",\"items\":[{\"metadata\":hunter2}]}")
            }
            Fault::Body(text) => plain(200, "application/json", &text),
            Fault::Empty => {
                plain(200, "application/json", r#"{"kind":"List","metadata":{"resourceVersion":"1"},"items":[]}"#)
            }
            Fault::Odd(odd) => {
                let text = bytes(whole()).await;
                let mut list: Value = serde_json::from_slice(&text).expect("a recorded list");
                list["items"][0] = serde_json::from_str(odd).expect("the odd object is JSON");
                plain(200, "application/json", &list.to_string())
            }
            Fault::Halved => {
                let text = bytes(whole()).await;
                plain(200, "application/json", &String::from_utf8_lossy(&text[..text.len() / 2]))
            }
            Fault::Stall | Fault::Truncated => {
                let text = bytes(whole()).await;
                let half = text.slice(..text.len() / 2);
                let body = Half { chunk: Some(half), stall: matches!(fault, Fault::Stall), sleep: None };
                Response::builder()
                    .header(header::CONTENT_TYPE, "application/json")
                    .header(header::CONTENT_LENGTH, text.len())
                    .body(body.boxed())
                    .expect("an answer")
            }
        }
    }

    fn recorded(&self, parts: &http::request::Parts, path: &str, query: &str, asked: &Bytes) -> Response<Body> {
        let accept = parts.headers.get(header::ACCEPT).and_then(|it| it.to_str().ok()).unwrap_or_default();
        if parts.method == Method::POST {
            return self.review(path, asked);
        }
        if path == "/api" || path == "/apis" {
            let aggregated = accept.contains("as=APIGroupDiscoveryList") && !self.options.plain_discovery;
            let suffix = if aggregated { "@aggregated" } else { "" };
            let mut text = self.file(&format!("{path}{suffix}")).unwrap_or_else(|| "{}".to_owned());
            if aggregated {
                text = self.offered(&text, path == "/api");
            }
            if let Some(group) = self.options.stale_group.filter(|_| path == "/apis" && aggregated) {
                let mut discovery: Value = serde_json::from_str(&text).expect("discovery");
                let stale =
                    json!({"metadata": {"name": group}, "versions": [{"version": "v1beta1", "freshness": "Stale"}]});
                discovery["items"].as_array_mut().expect("groups").push(stale);
                text = discovery.to_string();
            }
            return plain(200, "application/json", &text);
        }
        if path == "/api/v1/namespaces/kube-system" {
            let list: Value =
                self.file("/api/v1/namespaces").and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
            let namespaces = list["items"].as_array().cloned().unwrap_or_default();
            return match namespaces.iter().find(|namespace| namespace["metadata"]["name"] == "kube-system") {
                Some(namespace) => plain(200, "application/json", &namespace.to_string()),
                None => status(404, "NotFound"),
            };
        }
        if let Some(text) = self.metrics().filter(|_| path == "/metrics") {
            return plain(200, "text/plain; version=0.0.4", &text);
        }
        let Some(text) = self.file(path) else { return plain(404, "text/plain", "404 page not found\n") };
        if text.starts_with(r#"{"kind":"Status""#) {
            return plain(403, "application/json", &text);
        }
        match self.page(&text, query, accept.contains("as=PartialObjectMetadataList")) {
            Some(page) => packed(&page, parts),
            None => plain(200, "application/json", &text),
        }
    }

    /// Aggregated discovery of those kinds of which the list was recorded; the others are not installed here.
    fn offered(&self, text: &str, core: bool) -> String {
        let mut discovery: Value = serde_json::from_str(text).expect("discovery");
        for group in discovery["items"].as_array_mut().expect("groups") {
            let name = group["metadata"]["name"].as_str().unwrap_or_default().to_owned();
            for version in group["versions"].as_array_mut().expect("versions") {
                let base = match core {
                    true => format!("/api/{}", version["version"].as_str().expect("a version")),
                    false => format!("/apis/{name}/{}", version["version"].as_str().expect("a version")),
                };
                if let Some(resources) = version["resources"].as_array_mut() {
                    resources.retain(|it| {
                        self.file(&format!("{base}/{}", it["resource"].as_str().unwrap_or_default())).is_some()
                    });
                }
            }
        }
        discovery.to_string()
    }

    /// The part of a recorded list that is asked for; `None` when it is no list.
    fn page(&self, text: &str, query: &str, metadata_only: bool) -> Option<String> {
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct List<'a> {
            kind: String,
            api_version: String,
            metadata: Value,
            #[serde(borrow)]
            items: Vec<&'a RawValue>,
        }
        let list: List<'_> = serde_json::from_str(text).ok()?;
        let from: usize = parameter(query, "continue").and_then(|token| token.parse().ok()).unwrap_or(0);
        let asked = parameter(query, "limit").and_then(|limit| limit.parse().ok()).unwrap_or(usize::MAX);
        let limit = asked.min(self.options.page.unwrap_or(usize::MAX));
        let to = from.saturating_add(limit).min(list.items.len());
        let mut metadata = list.metadata;
        if to < list.items.len() {
            metadata["continue"] = to.to_string().into();
            metadata["remainingItemCount"] = (list.items.len() - to).into();
        }
        let items: Vec<String> = list.items[from.min(to)..to]
            .iter()
            .map(|item| match metadata_only {
                false => item.get().to_owned(),
                true => {
                    let item: Value = serde_json::from_str(item.get()).expect("an object");
                    json!({"metadata": item["metadata"]}).to_string()
                }
            })
            .collect();
        let (kind, version) = match metadata_only {
            true => ("PartialObjectMetadataList", "meta.k8s.io/v1"),
            false => (&*list.kind, &*list.api_version),
        };
        Some(format!(
            r#"{{"kind":"{kind}","apiVersion":"{version}","metadata":{metadata},"items":[{}]}}"#,
            items.join(",")
        ))
    }

    fn review(&self, path: &str, asked: &Bytes) -> Response<Body> {
        if path.ends_with("/selfsubjectreviews") {
            let file = self.recording.join("POST__apis__authentication.k8s.io__v1__selfsubjectreviews.json");
            return plain(201, "application/json", &fs::read_to_string(file).expect("a recorded review"));
        }
        let asked: Value = serde_json::from_slice(asked).unwrap_or_default();
        if !asked["spec"]["nonResourceAttributes"].is_null() {
            let answer = json!({"kind": "SelfSubjectAccessReview", "status": {"allowed": self.metrics().is_some()}});
            return plain(201, "application/json", &answer.to_string());
        }
        let asked = &asked["spec"]["resourceAttributes"];
        let text = |key: &str| asked[key].as_str().unwrap_or_default();
        let group = if text("group").is_empty() { "/api/v1".to_owned() } else { format!("/apis/{}/", text("group")) };
        let list = fs::read_dir(&self.recording).expect("the recording").flatten().find(|entry| {
            let name = format!("/{}", entry.file_name().to_string_lossy().replace("__", "/"));
            name.starts_with(&group) && name.ends_with(&format!("/{}.json", text("resource")))
        });
        let allowed = list
            .and_then(|entry| fs::read_to_string(entry.path()).ok())
            .is_some_and(|text| !text.starts_with(r#"{"kind":"Status""#));
        let answer = json!({"kind": "SelfSubjectAccessReview", "status": {"allowed": allowed}});
        plain(201, "application/json", &answer.to_string())
    }

    fn metrics(&self) -> Option<String> {
        fs::read_to_string(self.recording.join("metrics.txt")).ok()
    }

    fn file(&self, path: &str) -> Option<String> {
        let name = path.trim_start_matches('/').replace('/', "__");
        fs::read_to_string(self.recording.join(format!("{name}.json"))).ok()
    }
}

fn parameter<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

fn plain(code: u16, content_type: &str, text: &str) -> Response<Body> {
    let body = Full::new(Bytes::from(text.to_owned())).map_err(|never| match never {}).boxed();
    Response::builder()
        .status(StatusCode::from_u16(code).expect("a status"))
        .header(header::CONTENT_TYPE, content_type)
        .body(body)
        .expect("an answer")
}

/// A page, packed anew for each answer as the API server does it.
fn prepared(
    pages: &BTreeMap<String, Vec<Bytes>>,
    path: &str,
    query: &str,
    parts: &http::request::Parts,
) -> Response<Body> {
    let number = parameter(query, "continue").map_or(0, |token| token.parse().unwrap_or(usize::MAX));
    match pages.get(path).and_then(|pages| pages.get(number)) {
        None => plain(404, "text/plain", "404 page not found\n"),
        Some(page) => {
            let mut text = String::new();
            std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&page[..]), &mut text).expect("packed");
            packed(&text, parts)
        }
    }
}

/// Like the API server, which packs answers above 128 kB if it may.
fn packed(text: &str, parts: &http::request::Parts) -> Response<Body> {
    let may = parts
        .headers
        .get(header::ACCEPT_ENCODING)
        .and_then(|it| it.to_str().ok())
        .is_some_and(|it| it.contains("gzip"));
    if !may || text.len() < 128 << 10 {
        return plain(200, "application/json", text);
    }
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut encoder, text.as_bytes()).expect("memory takes all");
    let body = Full::new(Bytes::from(encoder.finish().expect("memory takes all")));
    Response::builder()
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::CONTENT_ENCODING, "gzip")
        .body(body.map_err(|never| match never {}).boxed())
        .expect("an answer")
}

fn status(code: u16, reason: &str) -> Response<Body> {
    let message = format!("the replay answers {code}");
    let status = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "reason": reason, "code": code});
    plain(code, "application/json", &status.to_string())
}

async fn bytes(answer: Response<Body>) -> Bytes {
    answer.into_body().collect().await.expect("a recorded body").to_bytes()
}

/// Half an answer, then an error or silence.
struct Half {
    chunk: Option<Bytes>,
    stall: bool,
    sleep: Option<std::pin::Pin<Box<tokio::time::Sleep>>>,
}

impl hyper::body::Body for Half {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        if let Some(chunk) = self.chunk.take() {
            return std::task::Poll::Ready(Some(Ok(Frame::data(chunk))));
        }
        let wait = if self.stall { Duration::from_secs(60) } else { Duration::from_millis(20) };
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep(wait)));
        sleep.as_mut().poll(context).map(|()| Some(Err(std::io::Error::other("cut off"))))
    }
}
