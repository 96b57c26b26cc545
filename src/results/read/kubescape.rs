//! Kubescape: `summaryDetails.controls` says where each control stands, `results` which objects fail it (versions 2 and 3);
//! or the summary alone. Objects themselves, their paths and fixes are not kept.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{
    super::rows::{Answer, Rows, short, time},
    Problem, json, or_none,
};
use crate::{assess::Outcome, workspace::Severity};

#[derive(Deserialize)]
struct Report {
    #[serde(rename = "generationTime", default, deserialize_with = "or_none")]
    generated: String,
    #[serde(rename = "clusterName", default, deserialize_with = "or_none")]
    cluster: String,
    #[serde(default, deserialize_with = "or_none")]
    metadata: Metadata,
    #[serde(rename = "summaryDetails")]
    summary: Option<Summary>,
    /// Of a summary that stands alone.
    controls: Option<BTreeMap<String, Control>>,
    #[serde(default, deserialize_with = "or_none")]
    frameworks: Vec<Framework>,
    #[serde(default, deserialize_with = "or_none")]
    results: Vec<Object>,
}

#[derive(Default, Deserialize)]
struct Metadata {
    #[serde(rename = "targetMetadata", default, deserialize_with = "or_none")]
    target: Target,
    #[serde(rename = "scanMetadata", default, deserialize_with = "or_none")]
    scan: Scan,
}

#[derive(Default, Deserialize)]
struct Target {
    #[serde(rename = "clusterContextMetadata", default, deserialize_with = "or_none")]
    cluster: Context,
}

#[derive(Default, Deserialize)]
struct Context {
    #[serde(rename = "contextName", default, deserialize_with = "or_none")]
    name: String,
}

#[derive(Default, Deserialize)]
struct Scan {
    #[serde(rename = "kubescapeVersion", default, deserialize_with = "or_none")]
    version: String,
}

#[derive(Deserialize)]
struct Summary {
    #[serde(default, deserialize_with = "or_none")]
    controls: BTreeMap<String, Control>,
    #[serde(default, deserialize_with = "or_none")]
    frameworks: Vec<Framework>,
}

#[derive(Deserialize)]
struct Framework {
    #[serde(default, deserialize_with = "or_none")]
    name: String,
}

#[derive(Deserialize)]
struct Control {
    #[serde(rename = "controlID", default, deserialize_with = "or_none")]
    id: String,
    #[serde(default, deserialize_with = "or_none")]
    name: String,
    #[serde(rename = "statusInfo", default, deserialize_with = "or_none")]
    info: Status,
    #[serde(default, deserialize_with = "or_none")]
    status: String,
    #[serde(rename = "ResourceCounters", default, deserialize_with = "or_none")]
    counters: Counters,
    #[serde(rename = "scoreFactor", default, deserialize_with = "or_none")]
    factor: f64,
}

#[derive(Default, Deserialize)]
struct Status {
    #[serde(default, deserialize_with = "or_none")]
    status: String,
    #[serde(rename = "subStatus", default, deserialize_with = "or_none")]
    sub: String,
}

#[derive(Default, Deserialize)]
struct Counters {
    #[serde(rename = "passedResources", default, deserialize_with = "or_none")]
    passed: usize,
    #[serde(rename = "failedResources", default, deserialize_with = "or_none")]
    failed: usize,
    #[serde(rename = "skippedResources", default, deserialize_with = "or_none")]
    skipped: usize,
}

#[derive(Deserialize)]
struct Object {
    #[serde(rename = "resourceID", default, deserialize_with = "or_none")]
    id: String,
    #[serde(default, deserialize_with = "or_none")]
    controls: Vec<OfObject>,
}

#[derive(Deserialize)]
struct OfObject {
    #[serde(rename = "controlID")]
    id: String,
    #[serde(default, deserialize_with = "or_none")]
    status: Status,
}

pub(super) fn read(text: &str) -> Result<Rows, Problem> {
    let report: Report = json(text)?;
    let mut rows = Rows::of_cluster();
    rows.at(time(&report.generated));
    let context = Some(report.metadata.target.cluster.name).filter(|name| !name.is_empty());
    rows.cluster = context.or(Some(report.cluster)).map(|name| short(&name)).filter(|name| !name.is_empty());
    rows.version = Some(short(&report.metadata.scan.version)).filter(|version| !version.is_empty());
    let (controls, frameworks) = match (report.summary, report.controls) {
        (Some(summary), _) => (summary.controls, summary.frameworks),
        (None, Some(controls)) => (controls, report.frameworks),
        (None, None) => return Err(Problem::new("it has no `summaryDetails`")),
    };
    rows.against.extend(frameworks.iter().map(|framework| short(&framework.name)).filter(|name| !name.is_empty()));
    let mut failing: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for object in &report.results {
        let name = named(&object.id);
        for control in object.controls.iter().filter(|control| control.status.status == "failed") {
            failing.entry(&control.id).or_default().push(name.clone());
        }
    }
    for (key, control) in &controls {
        let id = if control.id.is_empty() { key } else { &control.id };
        let answer = |object| Answer {
            rule: id,
            title: Some(&control.name),
            severity: severity(control.factor),
            object,
            ..Answer::default()
        };
        let status = if control.info.status.is_empty() { &control.status } else { &control.info.status };
        let outcome = outcome(status, &control.info.sub);
        let mut failed = control.counters.failed;
        if outcome == Outcome::Fail {
            for object in failing.remove(id.as_str()).unwrap_or_default() {
                rows.add(answer(Some(object)), Outcome::Fail);
                failed = failed.saturating_sub(1);
            }
            rows.add_many(answer(None), Outcome::Fail, failed);
            rows.add_many(answer(None), Outcome::Pass, control.counters.passed);
            rows.add_many(answer(None), Outcome::Manual, control.counters.skipped);
            if control.counters.failed == 0 {
                rows.add(answer(None), Outcome::Fail);
            }
        } else {
            // How many objects stand behind one word for all of them.
            let counted = match outcome {
                Outcome::Pass => control.counters.passed,
                Outcome::Manual | Outcome::NotCollected => control.counters.skipped,
                _ => 1,
            };
            rows.add_many(answer(None), outcome, counted.max(1));
        }
    }
    Ok(rows)
}

/// States of `apis.ScanningStatus` and `ScanningSubStatus` in opa-utils.
fn outcome(status: &str, sub: &str) -> Outcome {
    match (status, sub) {
        // There was no object to ask about.
        ("passed" | "irrelevant", "irrelevant") | ("irrelevant", _) => Outcome::NotApplicable,
        // Failures that Kubescape was told to accept.
        ("passed", "w/exceptions") | ("excluded", _) => Outcome::Manual,
        ("passed", "") => Outcome::Pass,
        ("failed", _) => Outcome::Fail,
        ("skipped", "configuration" | "integration") => Outcome::NotCollected,
        ("skipped", _) => Outcome::Manual,
        _ => Outcome::Error,
    }
}

/// Kubescape's own steps from the weight of a control to a severity.
fn severity(factor: f64) -> Option<Severity> {
    Some(match factor {
        factor if factor >= 9.0 => Severity::Critical,
        factor if factor >= 7.0 => Severity::High,
        factor if factor >= 4.0 => Severity::Medium,
        factor if factor >= 1.0 => Severity::Low,
        _ => return None,
    })
}

/// The object of a resource identifier: `apps/v1/shop/Deployment/cart` is `Deployment shop/cart`, and before it may stand
/// `path=1234/api=`.
fn named(id: &str) -> String {
    let id = id.rsplit_once("/api=").map_or(id, |(_, api)| api);
    let parts: Vec<&str> = id.split('/').collect();
    match parts.as_slice() {
        [.., namespace, kind, name] if parts.len() >= 4 && !kind.is_empty() => {
            super::super::rows::object(kind, namespace, name).unwrap_or_else(|| id.to_owned())
        }
        _ => id.to_owned(),
    }
}
