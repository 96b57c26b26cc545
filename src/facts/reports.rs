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
    reading.finish(sums.into_values().collect())
}
