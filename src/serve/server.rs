//! Answer browsers: who may ask, for what, and with which headers.
//!
//! In: a listener and the [`Board`]. Out: pages, files of the other formats, and a stream of events that tells open pages
//! to load anew. Runs until it is dropped.

use std::{convert::Infallible, net::IpAddr, sync::Arc, time::Duration};

use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, channel::Channel, combinators::UnsyncBoxBody};
use hyper::{
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use super::{
    board::{Board, State},
    page::{self, Problem},
    preview::{self, Error, Preview},
};

type Body = UnsyncBoxBody<Bytes, Infallible>;

/// A comment is sent when nothing else was for so long, so that connections which are gone are noticed.
const STILL_HERE: Duration = Duration::from_secs(15);

/// Answers until it is dropped.
pub(crate) async fn run(listener: TcpListener, board: Arc<Board>) {
    let address = listener.local_addr().map(|address| address.ip()).unwrap_or(IpAddr::from([127, 0, 0, 1]));
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file handles, most likely: others will be closed.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let board = board.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let board = board.clone();
                async move { Ok::<_, Infallible>(answer(request, address, board).await) }
            });
            // An error here is a browser that went away or spoke no HTTP.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(request: Request<Incoming>, address: IpAddr, board: Arc<Board>) -> Response<Body> {
    if !is_ours(&request, address) {
        return text(
            StatusCode::FORBIDDEN,
            "This address answers only for localhost, 127.0.0.1, [::1] and the address it was told to listen on.\n",
        );
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "Only GET and HEAD.\n");
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    let head = request.method() == Method::HEAD;
    let name = preview::named(request.uri().path()).to_owned();
    if let Some(own) = name.strip_prefix(page::OWN) {
        return match page::own(own) {
            Some(content) => whole(StatusCode::OK, own, content.into_bytes(), head),
            None if own == "events" && !head => events(board),
            None => text(StatusCode::NOT_FOUND, "There is no such file.\n"),
        };
    }
    let state = board.state();
    let mark = board.mark(&state);
    // Rendering takes a moment, and may wait for the documents to be composed.
    let made = tokio::task::spawn_blocking(move || content(&state, &mark, &name).into_response_parts(name)).await;
    match made {
        Ok((status, name, content)) => whole(status, &name, content, head),
        Err(_) => text(StatusCode::INTERNAL_SERVER_ERROR, "This page could not be made.\n"),
    }
}

/// A foreign name in `Host` means that somebody else's page made the browser ask here, by a name that leads to this
/// machine (DNS rebinding). Numbers cannot be bent that way.
fn is_ours<B>(request: &Request<B>, address: IpAddr) -> bool {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
    let Some(host) = host.to_str().ok().and_then(|host| host.parse::<http::uri::Authority>().ok()) else {
        return false;
    };
    let named = |host: &str| {
        let plain = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        match plain.parse::<IpAddr>() {
            Ok(ip) => ip.is_loopback() || ip == address || address.is_unspecified(),
            Err(_) => host.eq_ignore_ascii_case("localhost"),
        }
    };
    let target = request.uri().host();
    named(host.host()) && target.is_none_or(named)
}

/// What a path gives.
enum Content {
    Page(StatusCode, String),
    File(Arc<[u8]>),
    Text(StatusCode, String),
}

impl Content {
    /// Status, a name whose ending is that of the content, and the content.
    fn into_response_parts(self, name: String) -> (StatusCode, String, Vec<u8>) {
        match self {
            Content::Page(status, page) => (status, "page.html".to_owned(), page.into_bytes()),
            Content::File(bytes) => (StatusCode::OK, name, bytes.to_vec()),
            Content::Text(status, text) => (status, "text.txt".to_owned(), text.into_bytes()),
        }
    }
}

fn content(state: &State, mark: &str, name: &str) -> Content {
    let problems = &state.problems;
    let Some(pages) = &state.pages else {
        return match crate::html::shipped(name) {
            Some(bytes) => Content::File(bytes.as_ref().into()),
            None => Content::Page(StatusCode::SERVICE_UNAVAILABLE, page::nothing_yet(mark, problems)),
        };
    };
    match look_up(pages, state.sound.as_ref(), name) {
        Ok(Some(bytes)) if name.ends_with(".html") => {
            Content::Page(StatusCode::OK, page::follow(&String::from_utf8_lossy(&bytes), mark, problems))
        }
        Ok(Some(bytes)) => Content::File(bytes),
        Ok(None) => Content::Page(StatusCode::NOT_FOUND, page::not_there(mark, name, problems)),
        Err(Error::Compose(error)) => {
            let found: Vec<Problem> = Problem::of_compose(error);
            Content::Page(StatusCode::SERVICE_UNAVAILABLE, page::nothing_yet(mark, &found))
        }
        Err(error) => Content::Text(StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")),
    }
}

/// The newest pages, and where they cannot be composed those before.
fn look_up(pages: &Preview, sound: Option<&Arc<Preview>>, name: &str) -> Result<Option<Arc<[u8]>>, Error> {
    match (pages.file(name), sound) {
        (Err(Error::Compose(_)), Some(sound)) => sound.file(name),
        (answer, _) => answer,
    }
}

fn events(board: Arc<Board>) -> Response<Body> {
    let (mut sender, body) = Channel::<Bytes, Infallible>::new(4);
    tokio::spawn(async move {
        let mut states = board.subscribe();
        let mut last = String::new();
        loop {
            let event = {
                let state = states.borrow_and_update();
                page::event(&board.mark(&state), &state.problems)
            };
            // Much of what changes is not to be seen.
            if event != last && sender.send_data(event.clone().into()).await.is_err() {
                return;
            }
            last = event;
            loop {
                tokio::select! {
                    changed = states.changed() => match changed {
                        Ok(()) => break,
                        Err(_) => return,
                    },
                    () = tokio::time::sleep(STILL_HERE) => {
                        if sender.send_data(Bytes::from_static(b": still here\n\n")).await.is_err() {
                            return;
                        }
                    }
                }
            }
        }
    });
    let mut response = Response::new(body.boxed_unsync());
    guard(&mut response, "events");
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    response
}

fn text(status: StatusCode, text: &'static str) -> Response<Body> {
    whole(status, "text.txt", text.into(), false)
}

fn whole(status: StatusCode, name: &str, bytes: Vec<u8>, head: bool) -> Response<Body> {
    let length = bytes.len();
    let body = if head { Full::default() } else { Full::new(Bytes::from(bytes)) };
    let mut response = Response::new(body.boxed_unsync());
    *response.status_mut() = status;
    guard(&mut response, name);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(preview::content_type(name)));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    response
}

/// Headers of every answer: pages of others may neither read nor frame nor embed it.
fn guard(response: &mut Response<Body>, name: &str) {
    let headers = response.headers_mut();
    let fixed = [
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let policy = match name.rsplit('.').next() {
        Some("html") => format!("{}; frame-ancestors 'none'", page::policy()),
        // A drawing opened by itself is a document, and could hold script.
        Some("svg") => "default-src 'none'; style-src 'unsafe-inline'; sandbox".to_owned(),
        _ => return,
    };
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(host: &str) -> Request<()> {
        Request::builder().uri("/").header("host", host).body(()).expect("a request")
    }

    #[test]
    fn only_names_of_this_machine_are_answered() {
        let loopback = IpAddr::from([127, 0, 0, 1]);
        for host in ["localhost", "LOCALHOST:8600", "127.0.0.1:8600", "[::1]:8600", "127.0.0.1"] {
            assert!(is_ours(&asked(host), loopback), "{host}");
        }
        for host in
            ["evil.example", "evil.example:8600", "localhost.evil.example", "192.0.2.7", "127.0.0.1.evil.example", ""]
        {
            assert!(!is_ours(&asked(host), loopback), "{host}");
        }
        let elsewhere = IpAddr::from([192, 0, 2, 7]);
        assert!(is_ours(&asked("192.0.2.7:8600"), elsewhere));
        assert!(!is_ours(&asked("192.0.2.8:8600"), elsewhere));
        assert!(is_ours(&asked("192.0.2.8:8600"), IpAddr::from([0, 0, 0, 0])), "any number when listening on all");
        assert!(!is_ours(&asked("evil.example"), IpAddr::from([0, 0, 0, 0])));
        assert!(!is_ours(&Request::builder().uri("/").body(()).expect("a request"), loopback), "without a host");
    }
}
