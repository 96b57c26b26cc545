//! What earlier snapshots showed: enough to say since when a finding has been open.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

/// Earlier snapshots.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// In any order.
    pub past: Vec<Past>,
}

/// One earlier snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// Cluster id.
    pub cluster: String,
    /// Its end, UTC.
    pub ended: DateTime<Utc>,
    /// SHA-256 of the file.
    pub digest: String,
    /// Identifiers of the findings it shows under the declarations of today.
    pub findings: BTreeSet<String>,
}

impl History {
    /// End of the first snapshot of the cluster that shows the finding.
    pub fn first_seen(&self, cluster: &str, finding: &str) -> Option<DateTime<Utc>> {
        self.past
            .iter()
            .filter(|past| past.cluster == cluster && past.findings.contains(finding))
            .map(|past| past.ended)
            .min()
    }
}
