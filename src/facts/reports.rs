//! Reports of other tools in the cluster: policy reports by namespace, vulnerability reports by component.
//!
//! The absence of a report is not the absence of a problem.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::observed::{Observed, Reading, State};
use crate::{
    ownership::Join,
    workspace::{ComponentId, Duty, TeamId},
};

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
}

/// Vulnerability reports of one component, summed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VulnerabilitySum {
    /// Component the scanned workloads belong to.
    pub component: Option<ComponentId>,
    /// Team that answers for the component's images.
    pub team: Option<TeamId>,
    /// Reports summed.
    pub reports: usize,
    /// Critical vulnerabilities.
    pub critical: u64,
    /// High vulnerabilities.
    pub high: u64,
    /// Medium vulnerabilities.
    pub medium: u64,
    /// Low vulnerabilities.
    pub low: u64,
    /// Oldest report, UTC.
    pub oldest: Option<DateTime<Utc>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PolicyReport {
    summary: PolicySummary,
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
    }
    reading.finish(sums.into_values().collect())
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct VulnerabilityReport {
    report: Vulnerabilities,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Vulnerabilities {
    summary: VulnerabilitySummary,
    update_timestamp: Option<DateTime<Utc>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct VulnerabilitySummary {
    critical_count: u64,
    high_count: u64,
    medium_count: u64,
    low_count: u64,
}

pub(super) fn vulnerabilities(join: &Join<'_>) -> Observed<Vec<VulnerabilitySum>> {
    let mut reading = Reading::new(join.snapshot());
    let owners = join.owners("aquasecurity.github.io", "VulnerabilityReport");
    let mut sums: BTreeMap<Option<ComponentId>, VulnerabilitySum> = BTreeMap::new();
    for (index, object) in reading.need("aquasecurity.github.io", "VulnerabilityReport").iter().enumerate() {
        let Some(body) = reading.body::<VulnerabilityReport>(object) else { continue };
        let component = owners.spot(index).and_then(|spot| join.component(spot));
        let id = component.map(|component| component.id.clone());
        let sum = sums.entry(id.clone()).or_insert_with(|| VulnerabilitySum {
            team: component.and_then(|component| component.duties.get(&Duty::Image).cloned()),
            component: id,
            reports: 0,
            critical: 0,
            high: 0,
            medium: 0,
            low: 0,
            oldest: None,
        });
        let summary = body.report.summary;
        sum.reports += 1;
        sum.critical += summary.critical_count;
        sum.high += summary.high_count;
        sum.medium += summary.medium_count;
        sum.low += summary.low_count;
        sum.oldest = [sum.oldest, body.report.update_timestamp].into_iter().flatten().min();
    }
    reading.remark(
        "A workload without a report was not scanned; that is not the same as having no vulnerabilities".to_owned(),
    );
    reading.finish(sums.into_values().collect())
}
