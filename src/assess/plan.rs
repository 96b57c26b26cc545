//! Plan of action and milestones: what is open and by when it is to be done, what was closed, what is accepted.
//!
//! In: a workspace, whose `[[poam]]` tables hold what people decided of single findings, and an assessment. Out: a
//! [`Plan`]. Findings keep their identifier from run to run, so that decisions stay with them.
//!
//! Invariant: nobody's word closes an item. It is closed when its check no longer shows it on complete evidence.

use chrono::{DateTime, NaiveDate, Utc};

use super::outcome::{Assessment, Finding, Vanished};
use crate::{
    sort::Sort,
    workspace::{PoamEntry, PoamStatus, Workspace},
};

/// The plan.
#[derive(Debug, Default)]
pub struct Plan<'a> {
    /// What is to be done, in the order of findings.
    pub open: Vec<Item<'a>>,
    /// Findings whose every object an exception covers.
    pub accepted: Vec<Item<'a>>,
    /// Findings of earlier snapshots that are gone, newest first, and what was decided of them.
    pub closed: Vec<(&'a Vanished, DateTime<Utc>, Option<&'a PoamEntry>)>,
    /// Findings of earlier snapshots that the newest could neither show nor rule out.
    pub unconfirmed: Vec<(&'a Vanished, Option<&'a PoamEntry>)>,
    /// Decisions on findings that no snapshot at hand shows.
    pub orphans: Vec<&'a PoamEntry>,
}

/// One finding with what was decided of it.
#[derive(Debug)]
pub struct Item<'a> {
    /// The finding.
    pub finding: &'a Finding,
    /// What people decided.
    pub entry: Option<&'a PoamEntry>,
    /// Date by which it is to be done: as decided, else as it is due.
    pub scheduled: Option<NaiveDate>,
    /// Where it stands, as somebody said.
    pub status: PoamStatus,
    /// Past its date at the assessment's clock.
    pub overdue: bool,
}

/// The plan that an assessment leads to.
pub fn plan<'a>(workspace: &'a Workspace, assessment: &'a Assessment) -> Plan<'a> {
    let entry = |id: &str| workspace.poam.iter().find(|entry| entry.finding == id);
    let today = assessment.as_of.map(|as_of| as_of.date_naive());
    let item = |finding: &'a Finding| {
        let entry = entry(&finding.id);
        let scheduled = entry.and_then(|entry| entry.scheduled).or(finding.due);
        Item {
            finding,
            entry,
            scheduled,
            status: entry.map_or(PoamStatus::Open, |entry| entry.status),
            overdue: scheduled.zip(today).is_some_and(|(scheduled, today)| scheduled < today),
        }
    };
    let (open, accepted) = assessment.findings.iter().map(item).partition(|item| item.finding.is_open());
    let mut plan = Plan { open, accepted, ..Plan::default() };
    for vanished in &assessment.vanished {
        match vanished.gone {
            Some(gone) => plan.closed.push((vanished, gone, entry(&vanished.id))),
            None => plan.unconfirmed.push((vanished, entry(&vanished.id))),
        }
    }
    plan.closed.order_by(|a, b| (b.1, &a.0.id).cmp(&(a.1, &b.0.id)));
    // Without evidence nothing can be said of any decision.
    if !assessment.clusters.is_empty() {
        let known = |entry: &&PoamEntry| {
            assessment.finding(&entry.finding).is_some() || assessment.vanished.iter().any(|it| it.id == entry.finding)
        };
        plan.orphans = workspace.poam.iter().filter(|entry| !known(entry)).collect();
    }
    plan
}
