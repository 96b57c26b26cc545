//! Trivy: reports on an image, a file system or configuration (`ArtifactName`, `Results`), on a cluster (`ClusterName`),
//! compliance reports with and without details, and the ClusterComplianceReports of the Trivy operator, JSON or YAML.
//!
//! Of secrets that were found only rule, severity and the file they are in are kept: never the match, nor the code around
//! it. Licences are counted and left out. Trivy lists what passes only if told to; how much passed without being listed is
//! counted.

use serde::Deserialize;

use super::{
    super::rows::{Answer, Rows, object, severity, short, time},
    Problem, json, or_none,
};
use crate::assess::Outcome;

#[derive(Deserialize)]
struct Report {
    #[serde(rename = "ArtifactName", default, deserialize_with = "or_none")]
    artifact: String,
    #[serde(rename = "ClusterName", default, deserialize_with = "or_none")]
    cluster: String,
    #[serde(rename = "CreatedAt", default, deserialize_with = "or_none")]
    created: String,
    #[serde(rename = "Trivy")]
    trivy: Option<Program>,
    #[serde(rename = "ID", default, deserialize_with = "or_none")]
    id: String,
    #[serde(rename = "Results", default, deserialize_with = "or_none")]
    results: Vec<Group>,
    #[serde(rename = "Resources", default, deserialize_with = "or_none")]
    resources: Vec<Resource>,
    #[serde(rename = "Findings", default, deserialize_with = "or_none")]
    findings: Vec<Resource>,
    #[serde(rename = "Vulnerabilities", default, deserialize_with = "or_none")]
    vulnerabilities: Vec<Resource>,
    #[serde(rename = "Misconfigurations", default, deserialize_with = "or_none")]
    misconfigurations: Vec<Resource>,
    #[serde(rename = "SummaryControls", default, deserialize_with = "or_none")]
    controls: Vec<Control>,
    #[serde(default, deserialize_with = "or_none")]
    kind: String,
    #[serde(default, deserialize_with = "or_none")]
    items: Vec<Operator>,
    status: Option<Box<Operator>>,
    #[serde(rename = "detailReport")]
    detail: Option<Detail>,
    #[serde(rename = "summaryReport")]
    summary: Option<Summary>,
}

#[derive(Deserialize)]
struct Program {
    #[serde(rename = "Version", default, deserialize_with = "or_none")]
    version: String,
}

/// An object of a cluster and what was found in it.
#[derive(Deserialize)]
struct Resource {
    #[serde(rename = "Namespace", default, deserialize_with = "or_none")]
    namespace: String,
    #[serde(rename = "Kind", default, deserialize_with = "or_none")]
    kind: String,
    #[serde(rename = "Name", default, deserialize_with = "or_none")]
    name: String,
    #[serde(rename = "Error", default, deserialize_with = "or_none")]
    error: String,
    #[serde(rename = "Results", default, deserialize_with = "or_none")]
    results: Vec<Group>,
}

/// What was found in one target; in a compliance report the control, with what was found for it.
#[derive(Deserialize)]
struct Group {
    #[serde(rename = "Target", default, deserialize_with = "or_none")]
    target: String,
    #[serde(rename = "MisconfSummary")]
    summary: Option<Sums>,
    #[serde(rename = "Misconfigurations", default, deserialize_with = "or_none")]
    misconfigurations: Vec<Misconfiguration>,
    #[serde(rename = "Vulnerabilities", default, deserialize_with = "or_none")]
    vulnerabilities: Vec<Vulnerability>,
    #[serde(rename = "Secrets", default, deserialize_with = "or_none")]
    secrets: Vec<Secret>,
    #[serde(rename = "Licenses", default, deserialize_with = "or_none")]
    licences: Vec<serde::de::IgnoredAny>,
    #[serde(rename = "ID", default, deserialize_with = "or_none")]
    id: String,
    #[serde(rename = "Name", default, deserialize_with = "or_none")]
    name: String,
    #[serde(rename = "Severity", default, deserialize_with = "or_none")]
    severity: String,
    #[serde(rename = "Results", default, deserialize_with = "or_none")]
    results: Vec<Group>,
}

#[derive(Deserialize)]
struct Sums {
    #[serde(rename = "Successes", default, deserialize_with = "or_none")]
    successes: usize,
    #[serde(rename = "Exceptions", default, deserialize_with = "or_none")]
    exceptions: usize,
}

#[derive(Deserialize)]
struct Misconfiguration {
    #[serde(rename = "AVDID", default, deserialize_with = "or_none")]
    avd: String,
    #[serde(rename = "ID", default, deserialize_with = "or_none")]
    id: String,
    #[serde(rename = "Title", default, deserialize_with = "or_none")]
    title: String,
    #[serde(rename = "Severity", default, deserialize_with = "or_none")]
    severity: String,
    #[serde(rename = "Status")]
    status: String,
}

#[derive(Deserialize)]
struct Vulnerability {
    #[serde(rename = "VulnerabilityID")]
    id: String,
    #[serde(rename = "PkgName", default, deserialize_with = "or_none")]
    package: String,
    #[serde(rename = "Severity", default, deserialize_with = "or_none")]
    severity: String,
}

#[derive(Deserialize)]
struct Secret {
    #[serde(rename = "RuleID")]
    id: String,
    #[serde(rename = "Title", default, deserialize_with = "or_none")]
    title: String,
    #[serde(rename = "Severity", default, deserialize_with = "or_none")]
    severity: String,
}

/// A control of a compliance report without details.
#[derive(Deserialize)]
struct Control {
    // Written with a capital by Trivy, without by its operator.
    #[serde(rename = "ID", alias = "id")]
    id: String,
    #[serde(rename = "Name", alias = "name", default, deserialize_with = "or_none")]
    name: String,
    #[serde(rename = "Severity", alias = "severity", default, deserialize_with = "or_none")]
    severity: String,
    /// None where Trivy has no check for it.
    #[serde(rename = "TotalFail", alias = "totalFail")]
    failures: Option<usize>,
}

/// A ClusterComplianceReport of the operator, its status, or a list of them.
#[derive(Default, Deserialize)]
struct Operator {
    #[serde(default, deserialize_with = "or_none")]
    kind: String,
    #[serde(default, deserialize_with = "or_none")]
    items: Vec<Operator>,
    status: Option<Box<Operator>>,
    #[serde(rename = "updateTimestamp", default, deserialize_with = "or_none")]
    updated: String,
    #[serde(rename = "detailReport")]
    detail: Option<Detail>,
    #[serde(rename = "summaryReport")]
    summary: Option<Summary>,
}

#[derive(Deserialize)]
struct Detail {
    #[serde(default, deserialize_with = "or_none")]
    id: String,
    #[serde(default, deserialize_with = "or_none")]
    results: Vec<DetailControl>,
}

#[derive(Deserialize)]
struct DetailControl {
    id: String,
    #[serde(default, deserialize_with = "or_none")]
    name: String,
    #[serde(default, deserialize_with = "or_none")]
    severity: String,
    #[serde(default, deserialize_with = "or_none")]
    checks: Vec<DetailCheck>,
}

#[derive(Deserialize)]
struct DetailCheck {
    #[serde(rename = "checkID", default, deserialize_with = "or_none")]
    id: String,
    #[serde(default, deserialize_with = "or_none")]
    target: String,
    #[serde(default, deserialize_with = "or_none")]
    title: String,
    #[serde(default, deserialize_with = "or_none")]
    severity: String,
    success: bool,
}

#[derive(Deserialize)]
struct Summary {
    #[serde(default, deserialize_with = "or_none")]
    id: String,
    #[serde(rename = "controlCheck", default, deserialize_with = "or_none")]
    controls: Vec<Control>,
}

pub(super) fn read(text: &str) -> Result<Rows, Problem> {
    let mut rows = Rows::of_cluster();
    if text.trim_start().starts_with('{') {
        report(&mut rows, json(text)?);
        return Ok(rows);
    }
    for document in super::yaml(text)?.into_iter().filter(|document| !document.is_null()) {
        compliance(&mut rows, super::document::<Operator>(&document)?);
    }
    Ok(rows)
}

fn report(rows: &mut Rows, report: Report) {
    rows.of_cluster = report.artifact.is_empty();
    rows.at(time(&report.created));
    rows.version = report.trivy.map(|program| short(&program.version)).filter(|version| !version.is_empty());
    rows.cluster = Some(short(&report.cluster)).filter(|name| !name.is_empty());
    let compliance_report = !report.id.is_empty() && report.artifact.is_empty();
    if compliance_report {
        rows.against.insert(short(&report.id));
    }
    for group in report.results {
        if compliance_report && !group.id.is_empty() {
            control_of(rows, &report.id, group);
        } else {
            found(rows, &group, &report.artifact, None);
        }
    }
    let lists = [report.resources, report.findings, report.vulnerabilities, report.misconfigurations];
    for resource in lists.into_iter().flatten() {
        let key = object(&resource.kind, &resource.namespace, &resource.name);
        if !resource.error.is_empty() {
            rows.leave_out("objects that Trivy could not scan", 1);
        }
        for group in &resource.results {
            found(rows, group, "", key.as_deref());
        }
    }
    for control in report.controls {
        summed(rows, &report.id, &control);
    }
    let Report { kind, items, status, detail, summary, .. } = report;
    compliance(rows, Operator { kind, items, status, detail, summary, updated: String::new() });
}

/// What one target holds. `artifact` stands before the target where no object of a cluster is known.
fn found(rows: &mut Rows, group: &Group, artifact: &str, key: Option<&str>) {
    let target = match key {
        Some(key) => key.to_owned(),
        None if artifact.is_empty() || artifact == "." || group.target.starts_with(artifact) => group.target.clone(),
        None => format!("{artifact}: {}", group.target),
    };
    let mut listed = 0;
    for found in &group.misconfigurations {
        let outcome = status(&found.status);
        listed += usize::from(outcome == Outcome::Pass);
        let rule = if found.id.is_empty() { &found.avd } else { &found.id };
        let answer = Answer {
            rule,
            title: Some(&found.title),
            severity: severity(&found.severity),
            object: Some(target.clone()),
            ..Answer::default()
        };
        rows.add(answer, outcome);
    }
    if let Some(sums) = &group.summary {
        rows.leave_out("checks that passed and are not listed", sums.successes.saturating_sub(listed));
        rows.leave_out("failures that Trivy was told to ignore", sums.exceptions);
    }
    for found in &group.vulnerabilities {
        let answer = Answer {
            rule: &found.id,
            severity: severity(&found.severity),
            object: Some(format!("{target}: {}", found.package)),
            ..Answer::default()
        };
        rows.add(answer, Outcome::Fail);
    }
    for found in &group.secrets {
        // Beside a match, the file may be named after what it holds: of an image the target is the path in it.
        let answer = Answer {
            rule: &found.id,
            title: Some(&found.title),
            severity: severity(&found.severity),
            object: Some(target.clone()),
            ..Answer::default()
        };
        rows.add(answer, Outcome::Fail);
    }
    rows.leave_out("licences", group.licences.len());
}

/// A control of a compliance report with what was found for it.
fn control_of(rows: &mut Rows, report: &str, group: Group) {
    let answer = || Answer {
        rule: &group.id,
        engine: Some(report),
        title: Some(&group.name),
        severity: severity(&group.severity),
        ..Answer::default()
    };
    rows.name(&answer(), report, &group.id);
    let mut inner = Rows::default();
    for results in &group.results {
        found(&mut inner, results, "", None);
        found(rows, results, "", None);
    }
    let rules = inner.rules();
    let sums = rules.iter().flat_map(|rule| &rule.counts);
    let mut any = false;
    for (outcome, count) in sums {
        any = true;
        rows.add_many(answer(), *outcome, *count);
    }
    // Trivy writes FAIL or nothing for a control that it has no check for: nobody looked.
    if !any {
        rows.add(answer(), Outcome::Manual);
    }
}

/// What every answer to a control of a compliance report begins with.
fn named<'a>(report: &'a str, id: &'a str, name: &'a str, level: &str) -> Answer<'a> {
    Answer { rule: id, engine: Some(report), title: Some(name), severity: severity(level), ..Answer::default() }
}

/// A control of a compliance report, of which only the number of failures is known.
fn summed(rows: &mut Rows, report: &str, control: &Control) {
    let answer = || named(report, &control.id, &control.name, &control.severity);
    rows.name(&answer(), report, &control.id);
    match control.failures {
        None => rows.add(answer(), Outcome::Manual),
        Some(0) => rows.add(answer(), Outcome::Pass),
        Some(failures) => rows.add_many(answer(), Outcome::Fail, failures),
    }
}

fn compliance(rows: &mut Rows, operator: Operator) {
    rows.at(time(&operator.updated));
    let mut inner = operator.items;
    inner.extend(operator.status.map(|status| *status));
    let empty = operator.detail.is_none() && operator.summary.is_none() && inner.is_empty();
    if empty && !operator.kind.is_empty() {
        rows.leave_out(super::OTHER_OBJECTS, 1);
    }
    if let Some(detail) = operator.detail {
        rows.against.insert(short(&detail.id));
        for control in detail.results {
            detailed(rows, &detail.id, &control);
        }
    }
    if let Some(summary) = operator.summary {
        rows.against.insert(short(&summary.id));
        for control in &summary.controls {
            summed(rows, &summary.id, control);
        }
    }
    for one in inner {
        compliance(rows, one);
    }
}

fn detailed(rows: &mut Rows, report: &str, control: &DetailControl) {
    let answer = || named(report, &control.id, &control.name, &control.severity);
    rows.name(&answer(), report, &control.id);
    let mut any = false;
    for check in &control.checks {
        let outcome = if check.success { Outcome::Pass } else { Outcome::Fail };
        any = true;
        rows.add(answer(), outcome);
        // The report names no check where it says that all of them passed.
        if !check.id.is_empty() {
            let answer = Answer {
                rule: &check.id,
                title: Some(&check.title),
                severity: severity(&check.severity),
                object: Some(check.target.clone()),
                ..Answer::default()
            };
            rows.add(answer, outcome);
        }
    }
    if !any {
        rows.add(answer(), Outcome::Manual);
    }
}

/// States of Trivy's `MisconfStatus`; an exception is a failure that Trivy was told to ignore.
fn status(status: &str) -> Outcome {
    match status {
        "PASS" => Outcome::Pass,
        "FAIL" => Outcome::Fail,
        "EXCEPTION" => Outcome::Manual,
        _ => Outcome::Error,
    }
}
