//! One kind, page by page, until its list ends one way or another.

use std::sync::Arc;

use super::{
    discovery::Listable,
    now, page,
    projection::Projection,
    request::{Api, Refusal},
};
use crate::snapshot::{Completeness, ListRecord, Object, Strings};

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

struct Reading {
    objects: Vec<Object>,
    strings: Strings,
    resource_version: Option<String>,
    odd: Vec<String>,
    pages: usize,
}

impl Reading {
    fn new() -> Self {
        Self { objects: Vec::new(), strings: Strings::default(), resource_version: None, odd: Vec::new(), pages: 0 }
    }
}

/// Reads a kind. Never fails: how it ended is in the record, but for count and digest.
pub(super) async fn list(api: &Api, kind: &Listable, projection: Arc<Projection>) -> (ListRecord, Vec<Object>) {
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
        let mut reading = Reading::new();
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
        let all = reading.odd.len() + reading.objects.len();
        let first = reading.odd.iter().take(MAX_ODD).map(String::as_str).collect::<Vec<_>>().join("; ");
        record.completeness =
            Completeness::Partial(format!("{} of {all} objects could not be read: {first}", reading.odd.len()));
    }
    (record, reading.objects)
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
    let whole = whole.unwrap_or_default();
    loop {
        let path = match token.as_str() {
            "" => format!("{}?limit={limit}{whole}", record.path),
            token => format!("{}?limit={limit}{whole}&continue={}", record.path, escape(token)),
        };
        let answer = match api.get(&path, accept).await {
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
        // Parsing runs beside the network: other lists go on meanwhile.
        let strings = std::mem::take(&mut reading.strings);
        let (body, projection) = (answer.body, projection.clone());
        let parsed = tokio::task::spawn_blocking(move || (page::parse(&body, &projection, &strings), strings)).await;
        let page = match parsed {
            Ok((Ok(page), strings)) => {
                reading.strings = strings;
                page
            }
            Ok((Err(error), _)) => return failed(error.to_string()),
            Err(_) => return failed("the answer could not be processed".to_owned()),
        };
        reading.pages += 1;
        reading.objects.extend(page.objects);
        reading.odd.extend(page.odd);
        reading.resource_version = page.resource_version.or(reading.resource_version.take());
        if page.next.is_empty() {
            return End::Last;
        }
        if page.next == token || reading.pages >= MAX_PAGES {
            return failed("the API server's pages do not end".to_owned());
        }
        token = page.next;
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
