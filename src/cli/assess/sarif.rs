//! SARIF 2.1.0 (OASIS), for code scanning and the tools that read it.
//!
//! One result an object: it names the object as logical location and, for files, the place in the file. Results of one
//! finding share its identifier as fingerprint; the object's key tells them apart. What an exception covers is there,
//! suppressed; what could not be answered is a notification, never a result.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{
    outcome,
    report::{Report, Standing, bent},
    severity,
};
use crate::{
    assess::{Check, ExceptionState, Finding},
    cli::evidence::escaped,
    ownership::ObjectKey,
    workspace::{CheckId, Severity},
};

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

pub(super) fn sarif(report: &Report<'_>) -> Value {
    let used = |check: &Check| report.results.iter().any(|line| line.result.check == check.id);
    let rules: Vec<&Check> =
        report.assessment.checks.iter().map(|check| &**check).filter(|check| used(check)).collect();
    let index: BTreeMap<&CheckId, usize> = rules.iter().enumerate().map(|(index, check)| (&check.id, index)).collect();
    let results: Vec<Value> = report.findings.iter().flat_map(|finding| results(report, finding, &index)).collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "scopefence",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "version": env!("CARGO_PKG_VERSION"),
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": rules.iter().map(|check| rule(check)).collect::<Vec<_>>(),
            }},
            "automationDetails": { "id": format!("scopefence/{}/", report.workspace.system.id) },
            "columnKind": "unicodeCodePoints",
            "invocations": [{
                "executionSuccessful": true,
                "toolExecutionNotifications": notifications(report, &index),
            }],
            "results": results,
            "properties": {
                "asOf": report.as_of,
                "pristine": report.pristine,
                "bent": report.bent.iter().map(|it| escaped(&bent(it))).collect::<Vec<_>>(),
            },
        }],
    })
}

fn rule(check: &Check) -> Value {
    let mut tags: Vec<String> = vec!["security".to_owned(), "kubernetes".to_owned()];
    tags.extend(check.controls.iter().map(ToString::to_string));
    json!({
        "id": check.id,
        "name": pascal(check.id.as_str()),
        "shortDescription": { "text": check.title },
        "fullDescription": { "text": check.rationale },
        "help": {
            "text": format!("{}\n\n{}", check.rationale, check.remediation),
            "markdown": format!("{}\n\n**Remediation.** {}", check.rationale, check.remediation),
        },
        "defaultConfiguration": { "level": level(check.severity) },
        "properties": {
            "tags": tags,
            "security-severity": score(check.severity),
            "severity": severity(check.severity),
            "preventedBy": check.prevented_by,
        },
    })
}

/// SARIF's names of rules are for people, in Pascal case.
fn pascal(id: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>()).unwrap_or_default()
    };
    id.split('-').map(word).collect()
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low => "note",
    }
}

/// A number in the range that GitHub reads as this severity.
fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.0",
    }
}

fn results(report: &Report<'_>, finding: &Finding, index: &BTreeMap<&CheckId, usize>) -> Vec<Value> {
    let open = finding.objects.chunk_by(|a, b| a.key == b.key).map(|failures| {
        let messages: Vec<&str> = failures.iter().map(|failure| &*failure.message).collect();
        result(report, finding, &failures[0].key, &messages, index)
    });
    let accepted = finding.excepted.iter().map(|accepted| {
        let messages: Vec<&str> = accepted.messages.iter().map(String::as_str).collect();
        let mut value = result(report, finding, &accepted.key, &messages, index);
        let exception = report.workspace.exceptions.iter().find(|it| it.id == accepted.exception);
        value.insert(
            "suppressions".to_owned(),
            json!([{
                "kind": "external",
                "status": "accepted",
                "justification": exception.map(|it| it.reason.as_str()).unwrap_or_default(),
                "properties": {
                    "exception": accepted.exception,
                    "owner": exception.map(|it| report.workspace.party_name(&it.owner)),
                    "approver": exception.map(|it| report.workspace.party_name(&it.approver)),
                    "expires": exception.map(|it| it.expires),
                    "compensating": exception.and_then(|it| it.compensating.as_deref()),
                },
            }]),
        );
        value
    });
    open.chain(accepted).map(Value::Object).collect()
}

fn result(
    report: &Report<'_>,
    finding: &Finding,
    key: &ObjectKey,
    messages: &[&str],
    index: &BTreeMap<&CheckId, usize>,
) -> Map<String, Value> {
    let text = format!("{key}: {} ({})", messages.join("; "), report.team(finding));
    let mut value = Map::new();
    let mut set = |name: &str, it: Value| _ = value.insert(name.to_owned(), it);
    set("ruleId", json!(finding.check));
    if let Some(index) = index.get(&finding.check) {
        set("ruleIndex", json!(index));
    }
    set("kind", json!("fail"));
    set("level", json!(level(finding.severity)));
    set("message", json!({ "text": escaped(&text) }));
    set("locations", json!([location(report, finding, key)]));
    let related: Vec<Value> = finding
        .let_in_by
        .iter()
        .filter_map(|id| report.assessment.finding(id))
        .enumerate()
        .map(|(number, cause)| related(report, number, cause, key))
        .collect();
    if !related.is_empty() {
        set("relatedLocations", json!(related));
    }
    set(
        "partialFingerprints",
        json!({ "scopefenceFinding/v1": finding.id, "scopefenceObject/v1": qualified(&finding.cluster, key) }),
    );
    set(
        "properties",
        json!({
            "finding": finding.id,
            "team": finding.team,
            "component": finding.component,
            "controls": finding.controls,
            "firstSeen": finding.first_seen,
            "due": finding.due,
            "letInBy": finding.let_in_by,
            "letsIn": finding.lets_in,
        }),
    );
    value
}

/// `prod/team-payments/apps/Deployment/api`.
fn qualified(cluster: &str, key: &ObjectKey) -> String {
    let parts = [cluster, &key.namespace, &key.group, &key.kind, &key.name];
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    escaped(&parts.join("/"))
}

fn logical(finding: &Finding, key: &ObjectKey) -> Value {
    json!([{
        "name": escaped(&key.name),
        "fullyQualifiedName": qualified(&finding.cluster, key),
        "kind": "resource",
    }])
}

fn location(report: &Report<'_>, finding: &Finding, key: &ObjectKey) -> Value {
    let mut location = Map::new();
    if let Some(place) = report.files.and_then(|files| files.place(key)) {
        let physical = json!({
            "artifactLocation": { "uri": uri(&place.file) },
            "region": { "startLine": place.line.max(1) },
        });
        location.insert("physicalLocation".to_owned(), physical);
    }
    location.insert("logicalLocations".to_owned(), logical(finding, key));
    Value::Object(location)
}

/// What let the object in: of the finding that did, the object's namespace, else its first object.
fn related(report: &Report<'_>, number: usize, cause: &Finding, key: &ObjectKey) -> Value {
    let text = format!("Let in by {} ({}): not met: {}", cause.id, report.team(cause), report.title(&cause.check));
    let namespace = cause.objects.iter().find(|failure| failure.key.name == key.namespace);
    let mut value = match namespace.or(cause.objects.first()) {
        Some(failure) => location(report, cause, &failure.key),
        None => json!({}),
    };
    value["id"] = json!(number);
    value["message"] = json!({ "text": escaped(&text) });
    value
}

/// A path as URI reference (RFC 3986): relative paths stay relative.
fn uri(path: &std::path::Path) -> String {
    let mut out = String::new();
    if path.is_absolute() {
        out.push_str("file://");
    }
    let text = path.to_string_lossy().replace('\\', "/");
    for byte in text.strip_prefix("./").unwrap_or(&text).bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => out.push(byte.into()),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// Checks without an answer, and exceptions that cover nothing.
fn notifications(report: &Report<'_>, index: &BTreeMap<&CheckId, usize>) -> Vec<Value> {
    let open = report.results.iter().filter_map(|line| {
        let level = match line.standing {
            Standing::Error => "error",
            Standing::NotAnswered | Standing::NeedsCluster | Standing::Manual => "note",
            _ => return None,
        };
        let result = line.result;
        let text = format!("{}: {}: {}", result.check, outcome(result.outcome), result.reason);
        Some(json!({
            "level": level,
            "message": { "text": escaped(&text) },
            "associatedRule": { "id": result.check, "index": index.get(&result.check).copied().unwrap_or_default() },
        }))
    });
    let idle = report.exceptions.iter().filter_map(|used| {
        let what = match used.state {
            ExceptionState::Expired => "has expired",
            ExceptionState::Unused => "covers nothing",
            ExceptionState::InForce | ExceptionState::NotAsked => return None,
        };
        Some(json!({ "level": "warning", "message": { "text": format!("exception {} {what}", used.exception) } }))
    });
    open.chain(idle).collect()
}
