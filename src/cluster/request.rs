//! One request to the API server: bounded in time, size and repetitions.
//!
//! Invariants: only GETs and `self-subject*` reviews are sent; no error text holds any part of an answer but a
//! `Status` message's reason; every repetition is counted.

use std::time::Duration;

use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use kube::{Client, client::Body};
use serde::Deserialize;
use tokio::time::{Instant, sleep, timeout};

/// Repetitions of one request.
const MAX_RETRIES: u32 = 3;
/// Unpacked size of one answer.
const MAX_BODY: usize = 128 << 20;
/// Size of an answer of which only some lines are kept.
const MAX_SIFTED: usize = 512 << 20;
/// An answer may trickle, but not for longer than so many times the allowed silence.
const MAX_SILENCES: u32 = 20;
/// A server that asks for more patience than this gets its answer recorded instead.
const MAX_WAIT: Duration = Duration::from_secs(30);

/// An API server.
#[derive(Clone)]
pub(super) struct Api {
    client: Client,
    timeout: Duration,
}

/// A whole answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Vec<u8>,
    /// Texts of `Warning` headers.
    pub(super) warnings: Vec<String>,
    pub(super) retries: u32,
    html: bool,
}

/// No whole answer.
#[derive(Debug, Clone)]
pub(super) struct Trouble {
    pub(super) reason: String,
    pub(super) retries: u32,
    /// The answer was too large; a smaller page may fit.
    pub(super) too_large: bool,
}

/// An answer that is not a success, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// 401 or 403, with the server's message.
    Forbidden(String),
    /// The API server does not know the path.
    NotFound,
    /// The list changed too much while it was read page by page.
    Gone,
    /// Anything else.
    Failed(String),
}

impl Api {
    pub(super) fn new(client: Client, timeout: Duration) -> Self {
        Self { client, timeout }
    }

    /// GETs a path with its query.
    pub(super) async fn get(&self, path: &str, accept: &str) -> Result<Answer, Trouble> {
        self.send(Method::GET, path, accept, Vec::new(), None).await
    }

    /// GETs text of any length and keeps the lines that are wanted.
    pub(super) async fn sift(&self, path: &str, keep: fn(&[u8]) -> bool) -> Result<Answer, Trouble> {
        self.send(Method::GET, path, "text/plain", Vec::new(), Some(keep)).await
    }

    /// POSTs a self-subject review: the only requests that are not GET, and they change nothing.
    pub(super) async fn review(&self, resource: SelfSubject, body: &serde_json::Value) -> Result<Answer, Trouble> {
        self.send(Method::POST, resource.path(), "application/json", body.to_string().into_bytes(), None).await
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        accept: &str,
        body: Vec<u8>,
        keep: Option<fn(&[u8]) -> bool>,
    ) -> Result<Answer, Trouble> {
        let mut retries = 0;
        loop {
            let last = retries == MAX_RETRIES;
            let pause = Duration::from_millis(100 << (2 * retries));
            let attempt = self.attempt(method.clone(), path, accept, body.clone(), keep).await;
            let wait = match attempt {
                Ok((mut answer, headers)) => {
                    answer.retries = retries;
                    let wait = match answer.status.as_u16() {
                        429 | 500 | 502 | 503 | 504 => retry_after(&headers).unwrap_or(pause),
                        _ => return Ok(answer),
                    };
                    if last || wait > MAX_WAIT {
                        return Ok(answer);
                    }
                    wait
                }
                Err(Failure { reason, again, too_large }) => {
                    if last || !again {
                        return Err(Trouble { reason, retries, too_large });
                    }
                    pause
                }
            };
            sleep(wait).await;
            retries += 1;
        }
    }

    async fn attempt(
        &self,
        method: Method,
        path: &str,
        accept: &str,
        body: Vec<u8>,
        keep: Option<fn(&[u8]) -> bool>,
    ) -> Result<(Answer, HeaderMap), Failure> {
        let mut request = Request::builder().method(method).uri(path).header(header::ACCEPT, accept);
        if !body.is_empty() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let request = request.body(Body::from(body)).map_err(|_| Failure::final_("the path is no URL"))?;
        let silent = || Failure::final_(format!("no answer within {} s", self.timeout.as_secs()));
        let response = timeout(self.timeout, self.client.send(request))
            .await
            .map_err(|_| silent())?
            .map_err(|error| Failure { reason: describe(&error), again: is_transient(&error), too_large: false })?;
        let (parts, mut body) = response.into_parts();
        let mut bytes = Vec::new();
        let keep = keep.filter(|_| parts.status.is_success());
        let (mut sifted, mut passed) = (0, 0);
        let begun = Instant::now();
        loop {
            if begun.elapsed() > self.timeout * MAX_SILENCES {
                return Err(Failure::final_("the answer takes too long"));
            }
            let frame = timeout(self.timeout, body.frame()).await.map_err(|_| {
                Failure::final_(format!(
                    "the answer stopped in the middle and did not go on within {} s",
                    self.timeout.as_secs()
                ))
            })?;
            match frame {
                None => break,
                Some(Err(_)) => {
                    let reason = "the answer ends in the middle".to_owned();
                    return Err(Failure { reason, again: true, too_large: false });
                }
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        if bytes.len() + data.len() > MAX_BODY {
                            let reason = format!("the answer is larger than {} MB", MAX_BODY >> 20);
                            return Err(Failure { reason, again: false, too_large: true });
                        }
                        bytes.extend_from_slice(&data);
                        passed += data.len();
                        if let Some(keep) = keep {
                            if passed > MAX_SIFTED {
                                let reason = format!("the answer is larger than {} MB", MAX_SIFTED >> 20);
                                return Err(Failure { reason, again: false, too_large: true });
                            }
                            sift(&mut bytes, &mut sifted, keep);
                        }
                    }
                }
            }
        }
        if let Some(keep) = keep
            && !keep(&bytes[sifted..])
        {
            bytes.truncate(sifted);
        }
        let html = parts
            .headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.starts_with("text/html"))
            || bytes.trim_ascii_start().starts_with(b"<");
        let warnings = parts.headers.get_all(header::WARNING).iter().filter_map(|value| warning(value.to_str().ok()?));
        let answer = Answer { status: parts.status, warnings: warnings.collect(), body: bytes, retries: 0, html };
        Ok((answer, parts.headers))
    }
}

/// Drops the whole lines after the first `sifted` bytes that nobody wants; the beginning of a line stays until its end comes.
fn sift(bytes: &mut Vec<u8>, sifted: &mut usize, keep: fn(&[u8]) -> bool) {
    let Some(end) = bytes[*sifted..].iter().rposition(|byte| *byte == b'\n').map(|at| *sifted + at + 1) else { return };
    let rest = bytes.split_off(end);
    let lines = bytes.split_off(*sifted);
    for line in lines.split_inclusive(|byte| *byte == b'\n').filter(|line| keep(line)) {
        bytes.extend_from_slice(line);
    }
    *sifted = bytes.len();
    bytes.extend_from_slice(&rest);
}

/// The reviews of one's own rights and identity.
#[derive(Debug, Clone, Copy)]
pub(super) enum SelfSubject {
    Identity,
    Access,
}

impl SelfSubject {
    fn path(self) -> &'static str {
        match self {
            Self::Identity => "/apis/authentication.k8s.io/v1/selfsubjectreviews",
            Self::Access => "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
        }
    }
}

impl Answer {
    /// What a status other than success means; `None` for a success that is not a web page.
    pub(super) fn refusal(&self) -> Option<Refusal> {
        if self.html {
            return Some(Refusal::Failed(format!(
                "the answer (status {}) is a web page, not from a Kubernetes API server: a proxy or a login page?",
                self.status.as_u16()
            )));
        }
        if self.status.is_success() {
            return None;
        }
        let status: Status = serde_json::from_slice(&self.body).unwrap_or_default();
        Some(match self.status.as_u16() {
            401 => Refusal::Forbidden("the API server does not accept these credentials (401)".to_owned()),
            403 => Refusal::Forbidden(match status.message.as_deref() {
                Some(message) if !message.is_empty() => clip(message),
                _ => "the API server refuses this (403)".to_owned(),
            }),
            404 => Refusal::NotFound,
            410 => Refusal::Gone,
            code => Refusal::Failed(match status.reason.as_deref().map(word).filter(|reason| !reason.is_empty()) {
                Some(reason) => format!("the API server answers {code} ({reason})"),
                None => format!("the API server answers {code}"),
            }),
        })
    }
}

#[derive(Default, Deserialize)]
struct Status {
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    reason: Option<String>,
}

struct Failure {
    reason: String,
    again: bool,
    too_large: bool,
}

impl Failure {
    fn final_(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), again: false, too_large: false }
    }
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(header::RETRY_AFTER)?.to_str().ok()?;
    value.trim().parse().ok().map(Duration::from_secs)
}

/// The text of `299 - "text"`.
fn warning(value: &str) -> Option<String> {
    let (_, text) = value.split_once('"')?;
    let text = text.rsplit_once('"')?.0;
    Some(clip(&text.replace("\\\"", "\"")))
}

/// A `reason` is one word; anything else is not repeated.
fn word(reason: &str) -> String {
    let plain = reason.len() <= 40 && reason.chars().all(|it| it.is_ascii_alphanumeric());
    if plain { reason.to_owned() } else { String::new() }
}

/// Bounded, on one line.
fn clip(text: &str) -> String {
    let mut line: String = text.chars().map(|it| if it.is_control() { ' ' } else { it }).take(500).collect();
    if text.chars().count() > 500 {
        line.push('…');
    }
    line
}

fn is_transient(error: &kube::Error) -> bool {
    !matches!(error, kube::Error::Auth(_) | kube::Error::InferConfig(_) | kube::Error::InferKubeconfig(_))
        && !describe(error).contains("certificate")
}

/// A client error in words, without what a credential plug-in printed.
pub(super) fn describe(error: &kube::Error) -> String {
    use kube::client::AuthError;
    match error {
        // Neither its arguments nor what it printed: both can hold a credential.
        kube::Error::Auth(AuthError::AuthExecRun { out, .. }) => {
            format!("the credential plug-in of the kubeconfig failed ({})", out.status)
        }
        kube::Error::Auth(AuthError::AuthExecStart(error)) => format!("cannot start the credential plug-in: {error}"),
        kube::Error::Auth(AuthError::AuthExecParse(_)) => "the credential plug-in printed no credential".to_owned(),
        kube::Error::Auth(AuthError::ReadTokenFile(error, path)) => {
            format!("cannot read the token file {}: {error}", path.display())
        }
        kube::Error::Auth(_) => "no credentials could be had from what the kubeconfig says".to_owned(),
        error => {
            // Layers of libraries wrap the cause; the innermost says what happened.
            let mut inner: &dyn std::error::Error = error;
            while let Some(source) = inner.source() {
                inner = source;
            }
            if let Some(auth) = inner.downcast_ref::<AuthError>() {
                return match auth {
                    AuthError::AuthExecRun { out, .. } => {
                        format!("the credential plug-in of the kubeconfig failed ({})", out.status)
                    }
                    _ => "no credentials could be had from what the kubeconfig says".to_owned(),
                };
            }
            clip(&inner.to_string())
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn lines_are_sifted_wherever_an_answer_is_cut() {
        let text = b"keep 1\ndrop 2\nkeep 3\ndrop 4\nkeep 5";
        let keep: fn(&[u8]) -> bool = |line| line.starts_with(b"keep");
        for size in 1..=text.len() {
            let (mut bytes, mut sifted) = (Vec::new(), 0);
            for chunk in text.chunks(size) {
                bytes.extend_from_slice(chunk);
                super::sift(&mut bytes, &mut sifted, keep);
            }
            assert_eq!(bytes, b"keep 1\nkeep 3\nkeep 5", "in pieces of {size}");
        }
    }
}
