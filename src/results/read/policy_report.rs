//! Policy reports: PolicyReport and ClusterPolicyReport (wgpolicyk8s.io), Report and ClusterReport (openreports.io), JSON or
//! YAML, one, a list, or several documents. Messages and properties are not kept.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{
    super::rows::{Answer, Rows, object, severity, time},
    Problem, json_each, or_none,
};
use crate::assess::Outcome;

/// Levels of lists within lists.
const DEEPEST: usize = 4;

#[derive(Deserialize)]
struct Object {
    #[serde(rename = "apiVersion", default, deserialize_with = "or_none")]
    api_version: String,
    #[serde(default, deserialize_with = "or_none")]
    source: String,
    #[serde(default, deserialize_with = "or_none")]
    metadata: Metadata,
    scope: Option<Resource>,
    #[serde(default, deserialize_with = "or_none")]
    items: Vec<Object>,
    #[serde(default, deserialize_with = "or_none")]
    results: Vec<Entry>,
}

#[derive(Default, Deserialize)]
struct Metadata {
    #[serde(default, deserialize_with = "or_none")]
    labels: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Entry {
    policy: String,
    #[serde(default, deserialize_with = "or_none")]
    rule: String,
    #[serde(default, deserialize_with = "or_none")]
    source: String,
    result: Option<String>,
    /// As drafts of the API named it.
    status: Option<String>,
    #[serde(default, deserialize_with = "or_none")]
    severity: String,
    #[serde(default, deserialize_with = "or_none")]
    resources: Vec<Resource>,
    #[serde(default, deserialize_with = "or_none")]
    subjects: Vec<Resource>,
    timestamp: Option<Timestamp>,
    #[serde(default, deserialize_with = "or_none")]
    properties: BTreeMap<String, serde_json::Value>,
}

#[derive(Deserialize)]
struct Resource {
    #[serde(default, deserialize_with = "or_none")]
    kind: String,
    #[serde(default, deserialize_with = "or_none")]
    namespace: String,
    #[serde(default, deserialize_with = "or_none")]
    name: String,
}

#[derive(Deserialize)]
struct Timestamp {
    #[serde(default, deserialize_with = "or_none")]
    seconds: i64,
}

pub(super) fn read(text: &str) -> Result<Rows, Problem> {
    let objects: Vec<Object> = if text.trim_start().starts_with(['{', '[']) {
        json_each(text)?
    } else {
        let documents = super::yaml(text)?.into_iter().filter(|document| !document.is_null());
        documents.map(|document| super::document(&document)).collect::<Result<_, _>>()?
    };
    let mut rows = Rows::of_cluster();
    for object in &objects {
        take(&mut rows, object, 0);
    }
    Ok(rows)
}

fn take(rows: &mut Rows, object: &Object, depth: usize) {
    let group = object.api_version.split('/').next().unwrap_or_default();
    if !object.items.is_empty() {
        if depth < DEEPEST {
            object.items.iter().for_each(|item| take(rows, item, depth + 1));
        } else {
            rows.leave_out("lists within lists", object.items.len());
        }
    } else if matches!(group, "wgpolicyk8s.io" | "openreports.io" | "reports.x-k8s.io") {
        let labels = &object.metadata.labels;
        let labelled =
            ["policy.kubernetes.io/engine", "wgpolicyk8s.io/engine"].into_iter().find_map(|key| labels.get(key));
        for entry in &object.results {
            one(rows, object, entry, labelled.map_or("", String::as_str));
        }
    } else {
        rows.leave_out(super::OTHER_OBJECTS, 1);
    }
}

fn one(rows: &mut Rows, report: &Object, entry: &Entry, labelled: &str) {
    let rule = if entry.rule.is_empty() || entry.rule == entry.policy {
        entry.policy.clone()
    } else {
        format!("{}/{}", entry.policy, entry.rule)
    };
    let engine = [&*entry.source, &*report.source, labelled].into_iter().find(|name| !name.is_empty());
    rows.at(entry.timestamp.as_ref().and_then(|at| chrono::DateTime::from_timestamp(at.seconds, 0)));
    rows.at(entry.properties.get("timestamp").and_then(|at| time(at.as_str()?)));
    let answer = |object| Answer { rule: &rule, engine, title: None, severity: severity(&entry.severity), object };
    // Two engines name controls in properties: the index in a benchmark, or framework and control.
    let property = |name: &str| entry.properties.get(name).and_then(serde_json::Value::as_str);
    for (framework, control) in [("standards", "controls"), ("standard", "control")] {
        if let (Some(framework), Some(controls)) = (property(framework), property(control)) {
            let control = controls.split_whitespace().next().unwrap_or_default();
            rows.name(&answer(None), framework, control);
        }
    }
    let outcome = outcome(entry.result.as_ref().or(entry.status.as_ref()).map_or("", String::as_str));
    let own = || entry.resources.iter().chain(&entry.subjects);
    let scope = report.scope.iter().filter(|_| own().next().is_none());
    let mut any = false;
    for resource in own().chain(scope) {
        any = true;
        rows.add(answer(object(&resource.kind, &resource.namespace, &resource.name)), outcome);
    }
    if !any {
        rows.add(answer(None), outcome);
    }
}

/// Results of the policy report API. A warning is a policy that is not met and not scored: a person weighs it. What was
/// skipped nobody asked, be it for a precondition or an exception.
fn outcome(result: &str) -> Outcome {
    match result {
        "pass" => Outcome::Pass,
        "fail" => Outcome::Fail,
        "warn" => Outcome::Manual,
        "skip" => Outcome::NotCollected,
        _ => Outcome::Error,
    }
}
