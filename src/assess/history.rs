//! What earlier snapshots showed: since when a finding has been open, and how findings went from snapshot to snapshot.
//!
//! Every snapshot is judged by the checks and declarations of today, so that a change of rules does not look like a
//! change of the cluster. What a snapshot does not show can still make it look better: `decided` says how much it does.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::outcome::{CheckResult, Finding, Vanished};
use crate::{
    snapshot::Header,
    sort::Sort,
    workspace::{CheckId, ComponentId, Severity},
};

/// Earlier snapshots.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// In any order.
    pub past: Vec<Past>,
}

/// One snapshot as judged today.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Past {
    /// Cluster id.
    pub cluster: String,
    /// Its end, UTC.
    pub ended: DateTime<Utc>,
    /// SHA-256 of the file.
    pub digest: String,
    /// The findings it shows, by identifier, those whose every object an exception covers among them.
    pub findings: BTreeMap<String, PastFinding>,
    /// Open findings.
    pub open: Vec<Open>,
    /// Checks decided on complete evidence.
    pub decided: BTreeSet<String>,
    /// Checks answered on complete evidence: what they do not show was not there.
    pub complete: BTreeSet<String>,
    /// Checks in force.
    pub asked: usize,
}

/// A finding of an earlier snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastFinding {
    /// Check.
    pub check: String,
    /// Component that owned the objects.
    pub component: Option<String>,
}

/// An open finding of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Open {
    /// Stable identifier.
    pub id: String,
    /// Check.
    pub check: String,
    /// Team that answers for it, if anybody does.
    pub team: Option<String>,
    /// Severity in force today.
    pub severity: Severity,
}

/// How the findings of one snapshot differ from those of the one before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Not open before.
    pub new: usize,
    /// Open before, and no longer.
    pub gone: usize,
    /// Of these nothing can be said: one of the two snapshots does not decide their check.
    pub unknown: usize,
}

impl Past {
    /// What one snapshot shows.
    pub(super) fn of(
        header: &Header,
        digest: &str,
        results: &[CheckResult],
        findings: &[Finding],
        complete: &BTreeSet<CheckId>,
    ) -> Self {
        let open = findings.iter().filter(|finding| finding.is_open()).map(|finding| Open {
            id: finding.id.clone(),
            check: finding.check.to_string(),
            team: finding.team.as_ref().map(ToString::to_string),
            severity: finding.severity,
        });
        let known = |finding: &Finding| {
            let component = finding.component.as_ref().map(ToString::to_string);
            let past = PastFinding { check: finding.check.to_string(), component };
            (finding.id.clone(), past)
        };
        let decided = results.iter().filter(|result| result.outcome.is_decided());
        Self {
            cluster: header.cluster.id.clone(),
            ended: header.ended,
            digest: digest.to_owned(),
            findings: findings.iter().map(known).collect(),
            complete: complete.iter().map(ToString::to_string).collect(),
            open: open.collect(),
            decided: decided.map(|result| result.check.to_string()).collect(),
            asked: results.len(),
        }
    }

    /// What changed since `before`, among the findings that are asked for.
    pub fn since(&self, before: &Past, wanted: impl Fn(&Open) -> bool) -> Change {
        let mut change = Change::default();
        let mut count = |one: &Past, other: &Past, known: fn(&mut Change) -> &mut usize| {
            let others: BTreeSet<&str> = other.open.iter().map(|open| open.id.as_str()).collect();
            for open in one.open.iter().filter(|open| wanted(open) && !others.contains(open.id.as_str())) {
                match other.decided.contains(&open.check) {
                    true => *known(&mut change) += 1,
                    false => change.unknown += 1,
                }
            }
        };
        count(self, before, |change| &mut change.new);
        count(before, self, |change| &mut change.gone);
        change
    }
}

impl History {
    /// End of the first snapshot of the cluster that shows the finding.
    pub fn first_seen(&self, cluster: &str, finding: &str) -> Option<DateTime<Utc>> {
        self.past
            .iter()
            .filter(|past| past.cluster == cluster && past.findings.contains_key(finding))
            .map(|past| past.ended)
            .min()
    }

    /// Findings that the newest snapshot of a cluster, `newest`, does not show. `complete`: the checks that it answers on
    /// complete evidence.
    pub(super) fn vanished(&self, newest: &Newest<'_>, complete: &BTreeSet<CheckId>) -> Vec<Vanished> {
        let mut pasts: Vec<&Past> =
            self.past.iter().filter(|past| past.cluster == newest.cluster && past.ended < newest.ended).collect();
        pasts.order_by_key(|past| past.ended);
        let mut vanished: BTreeMap<&str, Vanished> = BTreeMap::new();
        for past in &pasts {
            for (id, finding) in &past.findings {
                if newest.findings.iter().any(|now| now.id == *id) {
                    continue;
                }
                let entry = vanished.entry(id).or_insert_with(|| Vanished {
                    id: id.clone(),
                    check: CheckId::new(finding.check.clone()),
                    component: finding.component.clone().map(ComponentId::new),
                    cluster: past.cluster.clone(),
                    first_seen: past.ended,
                    last_seen: past.ended,
                    gone: None,
                });
                entry.last_seen = past.ended;
            }
        }
        for entry in vanished.values_mut() {
            let later = pasts
                .iter()
                .filter(|past| past.ended > entry.last_seen && past.complete.contains(entry.check.as_str()));
            let now = complete.contains(&entry.check).then_some(newest.ended);
            entry.gone = later.map(|past| past.ended).next().or(now);
        }
        vanished.into_values().collect()
    }
}

/// The newest snapshot of a cluster and what it shows.
pub(super) struct Newest<'a> {
    pub(super) cluster: &'a str,
    pub(super) ended: DateTime<Utc>,
    pub(super) findings: &'a [Finding],
}

#[cfg(test)]
mod tests {
    use super::*;

    fn past(open: &[(&str, &str)], decided: &[&str]) -> Past {
        Past {
            cluster: "prod".to_owned(),
            ended: DateTime::UNIX_EPOCH,
            digest: String::new(),
            findings: BTreeMap::new(),
            complete: BTreeSet::new(),
            open: open
                .iter()
                .map(|(id, check)| Open {
                    id: (*id).to_owned(),
                    check: (*check).to_owned(),
                    team: None,
                    severity: Severity::High,
                })
                .collect(),
            decided: decided.iter().map(|check| (*check).to_owned()).collect(),
            asked: 3,
        }
    }

    #[test]
    fn what_was_not_decided_is_neither_new_nor_gone() {
        let before = past(&[("1", "a"), ("2", "b"), ("3", "c")], &["a", "b"]);
        let now = past(&[("1", "a"), ("4", "c"), ("5", "b")], &["a", "b"]);
        // 2 is gone and 5 is new; of 3 and 4 the other snapshot says nothing.
        assert_eq!(now.since(&before, |_| true), Change { new: 1, gone: 1, unknown: 2 });
        assert_eq!(now.since(&before, |open| open.check == "a"), Change::default());
    }
}
