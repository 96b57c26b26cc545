//! Reports of other tools in the cluster: policy reports by namespace, vulnerability reports by component.
//!
//! The absence of a report is not the absence of a problem.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::workspace::{ComponentId, TeamId};

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
