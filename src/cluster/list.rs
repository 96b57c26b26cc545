//! One kind, page by page, until its list ends one way or another.

use std::sync::Arc;

use super::{
    discovery::Listable,
    now, page,
    projection::Projection,
    request::{Answer, Api, Refusal, Trouble},
};
use crate::snapshot::{Completeness, Lines, ListRecord};

/// Objects asked for at a time.
const PAGE: usize = 500;
/// For kinds whose pages are too large: long custom resource definitions, reports.
const SMALL_PAGE: usize = 50;
/// 200,000 objects are 400 pages.
const MAX_PAGES: usize = 20_000;
/// Odd objects of which the reason is kept.
const MAX_ODD: usize = 3;

const JSON: &str = "application/json";
const METADATA: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
/// Aggregated APIs need not know the metadata form; what they send instead is dropped while parsing.
const METADATA_OR_JSON: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";

/// How one reading through all pages ended.
enum End {
    Last,
    /// 410: the rest of the list is gone.
    Gone,
    TooLarge(String),
    Refused(Refusal),
}

#[derive(Default)]
struct Reading {
    lines: Lines,
    resource_version: Option<String>,
    odd: Vec<String>,
    pages: usize,
}

/// Reads a kind. Never fails: how it ended is in the record, but for count and digest.
pub(super) async fn list(api: &Api, kind: &Listable, projection: Arc<Projection>) -> (ListRecord, Lines) {
    let content = ["Secret", "ConfigMap"].contains(&&*kind.kind) && kind.group.is_empty();
    let accept = match projection.metadata_only {
        // Never ask for content of these, not even as a second choice.
        true if content => METADATA,
        true => METADATA_OR_JSON,
        false => JSON,
    };
    let mut record = ListRecord {
        group: kind.group.clone(),
        version: kind.version.clone(),
        kind: kind.kind.clone(),
        resource: kind.resource.clone(),
        namespaced: kind.namespaced,
        path: kind.path(),
        resource_version: None,
        count: 0,
        completeness: Completeness::Complete,
        metadata_only: projection.metadata_only,
        read_at: now(),
        retries: 0,
        warnings: Vec::new(),
        digest: String::new(),
        kept: projection.kept(),
    };
    let (mut limit, mut restarted) = (PAGE, false);
    let (reading, end) = loop {
        let mut reading = Reading::default();
        let end = read(api, accept, limit, &projection, &mut record, &mut reading).await;
        match end {
            End::Gone if !restarted => restarted = true,
            End::TooLarge(_) if limit == PAGE => limit = SMALL_PAGE,
            end => break (reading, end),
        }
        record.retries += 1;
    };
    record.read_at = now();
    record.resource_version = reading.resource_version;
    record.completeness = match end {
        End::Last => Completeness::Complete,
        End::Gone => partial(reading.pages, "the list expired twice while it was read (410)".to_owned()),
        End::TooLarge(reason) | End::Refused(Refusal::Failed(reason)) => partial(reading.pages, reason),
        End::Refused(Refusal::Forbidden(reason)) if reading.pages > 0 => partial(reading.pages, reason),
        End::Refused(Refusal::Forbidden(reason)) => Completeness::Forbidden(reason),
        End::Refused(Refusal::NotFound) if reading.pages > 0 => {
            partial(reading.pages, "the API disappeared while it was read (404)".to_owned())
        }
        // Discovery has just said that the API is there, so this proves nothing.
        End::Refused(Refusal::NotFound) => {
            Completeness::Failed("discovery shows it, but the API server answers 404".to_owned())
        }
        End::Refused(Refusal::Gone) => partial(reading.pages, "the API server answers 410".to_owned()),
    };
    if !reading.odd.is_empty() && record.completeness == Completeness::Complete {
        let all = reading.odd.len() + reading.lines.len();
        let first = reading.odd.iter().take(MAX_ODD).map(String::as_str).collect::<Vec<_>>().join("; ");
        record.completeness =
            Completeness::Partial(format!("{} of {all} objects could not be read: {first}", reading.odd.len()));
    }
    (record, reading.lines)
}

fn partial(pages: usize, reason: String) -> Completeness {
    match pages {
        0 => Completeness::Failed(reason),
        1 => Completeness::Partial(format!("after one page: {reason}")),
        _ => Completeness::Partial(format!("after {pages} pages: {reason}")),
    }
}

async fn read(
    api: &Api,
    accept: &str,
    limit: usize,
    projection: &Arc<Projection>,
    record: &mut ListRecord,
    reading: &mut Reading,
) -> End {
    let failed = |reason: String| End::Refused(Refusal::Failed(reason));
    let mut token = String::new();
    let whole = projection.resource_version.as_ref().map(|word| format!("&resourceVersion={}", escape(word)));
    let first = format!("{}?limit={limit}{}", record.path, whole.unwrap_or_default());
    let mut early = None;
    loop {
        let answer = match early.take() {
            Some(answer) => answer,
            None => ask(api, &first, &token, accept).await,
        };
        let answer = match answer {
            Ok(answer) => answer,
            Err(trouble) => {
                record.retries += trouble.retries;
                return if trouble.too_large { End::TooLarge(trouble.reason) } else { failed(trouble.reason) };
            }
        };
        record.retries += answer.retries;
        for warning in &answer.warnings {
            if record.warnings.len() < 10 && !record.warnings.contains(warning) {
                record.warnings.push(warning.clone());
            }
        }
        match answer.refusal() {
            None => {}
            Some(Refusal::Gone) => return End::Gone,
            Some(refusal) => return End::Refused(refusal),
        }
        let ahead = page::token_ahead(&answer.body).filter(|next| *next != token);
        let (body, projection) = (answer.body, projection.clone());
        // A page is read on another thread, while the next one is on its way.
        let reader = tokio::task::spawn_blocking(move || page::parse(&body, &projection));
        let next = async {
            match &ahead {
                Some(next) => Some(ask(api, &first, next, accept).await),
                None => None,
            }
        };
        let (page, next) = tokio::join!(reader, next);
        let page = match page {
            Ok(Ok(page)) => page,
            Ok(Err(error)) => return failed(error.to_string()),
            Err(_) => return failed("the answer could not be processed".to_owned()),
        };
        reading.pages += 1;
        reading.lines.append(page.lines);
        reading.odd.extend(page.odd);
        reading.resource_version = page.resource_version.or(reading.resource_version.take());
        if page.next.is_empty() {
            return End::Last;
        }
        if page.next == token || reading.pages >= MAX_PAGES {
            return failed("the API server's pages do not end".to_owned());
        }
        early = next.filter(|_| ahead.as_ref() == Some(&page.next));
        token = page.next;
    }
}

/// Asks for the page that a token stands for; `first` is the path and query of the first page.
async fn ask(api: &Api, first: &str, token: &str, accept: &str) -> Result<Answer, Trouble> {
    match token {
        "" => api.get(first, accept).await,
        token => api.get(&format!("{first}&continue={}", escape(token)), accept).await,
    }
}

/// A continue token as part of a query.
fn escape(token: &str) -> String {
    token.bytes().fold(String::with_capacity(token.len()), |mut text, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => text.push(char::from(byte)),
            _ => text.push_str(&format!("%{byte:02X}")),
        }
        text
    })
}
