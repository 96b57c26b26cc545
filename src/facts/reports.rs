//! Policy reports by namespace.
//!
//! The absence of a report is not the absence of a problem.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::observed::{Observed, Reading, State};
use crate::ownership::Join;

/// Policy reports of one namespace, summed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct PolicyReportSum {
    /// Namespace; empty for cluster reports.
    pub namespace: String,
    /// Benchmark, for a compliance report of the whole cluster; its sums count controls.
    pub benchmark: Option<String>,
    /// Reports summed.
    pub reports: usize,
    /// Results that pass.
    pub pass: u64,
    /// Results that fail.
    pub fail: u64,
    /// Warnings.
    pub warn: u64,
    /// Results that could not be had.
    pub error: u64,
    /// Results skipped.
    pub skip: u64,
    /// Policies with a result that fails or could not be had.
    pub failing: BTreeSet<String>,
    /// Newest result, UTC.
    pub newest: Option<DateTime<Utc>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PolicyReport {
    summary: PolicySummary,
    results: Option<Vec<PolicyResult>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PolicyResult {
    policy: String,
    result: String,
    timestamp: Option<Timestamp>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Timestamp {
    seconds: i64,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PolicySummary {
    pass: u64,
    fail: u64,
    warn: u64,
    error: u64,
    skip: u64,
}

/// `ClusterComplianceReport` of the Trivy operator, with `reportType: summary` and, as far as it is kept, of any type.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Compliance {
    spec: ComplianceSpec,
    status: ComplianceStatus,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ComplianceSpec {
    compliance: Benchmark,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Benchmark {
    title: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ComplianceStatus {
    summary: Controls,
    update_timestamp: Option<DateTime<Utc>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Controls {
    pass_count: u64,
    fail_count: u64,
}

/// Sums policy reports of both API groups that carry them.
pub(super) fn policy(join: &Join<'_>) -> Observed<Vec<PolicyReportSum>> {
    let mut reading = Reading::new(join.snapshot());
    let mut sums: BTreeMap<String, PolicyReportSum> = BTreeMap::new();
    let old = "wgpolicyk8s.io";
    let lists = [
        reading.wish(old, "PolicyReport"),
        reading.wish(old, "ClusterPolicyReport"),
        reading.wish("openreports.io", "Report"),
        reading.wish("openreports.io", "ClusterReport"),
    ];
    let compliance = reading.wish("aquasecurity.github.io", "ClusterComplianceReport");
    if !reading.found_any() {
        reading.worsen(State::Absent, "no API of policy reports is installed".to_owned());
    }
    for object in lists.into_iter().flatten() {
        let Some(report) = reading.body::<PolicyReport>(object) else { continue };
        let namespace = object.namespace.to_string();
        let sum = sums.entry(namespace.clone()).or_insert(PolicyReportSum { namespace, ..Default::default() });
        sum.reports += 1;
        sum.pass += report.summary.pass;
        sum.fail += report.summary.fail;
        sum.warn += report.summary.warn;
        sum.error += report.summary.error;
        sum.skip += report.summary.skip;
        for result in report.results.unwrap_or_default() {
            let time = result.timestamp.and_then(|time| DateTime::from_timestamp(time.seconds, 0));
            sum.newest = sum.newest.max(time);
            if matches!(&*result.result, "fail" | "error") {
                sum.failing.insert(result.policy);
            }
        }
    }
    let mut sums: Vec<PolicyReportSum> = sums.into_values().collect();
    for object in compliance {
        let Some(body) = reading.body::<Compliance>(object) else { continue };
        let title = body.spec.compliance.title.filter(|title| !title.is_empty());
        sums.push(PolicyReportSum {
            benchmark: Some(title.unwrap_or_else(|| object.name.to_string())),
            reports: 1,
            pass: body.status.summary.pass_count,
            fail: body.status.summary.fail_count,
            newest: body.status.update_timestamp,
            ..PolicyReportSum::default()
        });
    }
    reading.finish(sums)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::{
        assess::testing::{list, object, snapshot, workspace},
        ownership,
    };

    #[test]
    fn a_compliance_report_is_a_row_of_its_own() {
        // As the Trivy operator writes it.
        let compliance = json!({ "spec": { "compliance": { "id": "k8s-cis-1.23",
            "title": "CIS Kubernetes Benchmarks v1.23", "version": "1.0" }, "reportType": "summary" },
            "status": { "summary": { "failCount": 31, "passCount": 85 }, "updateTimestamp": "2026-11-21T03:47:07Z" } });
        let policy = json!({ "summary": { "pass": 1, "fail": 2 } });
        let snapshot = snapshot(vec![
            list("wgpolicyk8s.io/ClusterPolicyReport", vec![object("", "cluster", policy)]),
            list("aquasecurity.github.io/ClusterComplianceReport", vec![object("", "k8s-cis-1.23", compliance)]),
        ]);
        let workspace = workspace(Vec::new());
        let fact = super::policy(&ownership::join(&workspace, &snapshot));
        let rows: Vec<_> = fact
            .seen()
            .iter()
            .map(|sum| (sum.benchmark.as_deref(), sum.pass, sum.fail, sum.newest.is_some()))
            .collect();
        assert_eq!(rows, [(None, 1, 2, false), (Some("CIS Kubernetes Benchmarks v1.23"), 85, 31, true)]);
    }
}
