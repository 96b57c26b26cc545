//! What an assessment says: outcomes, findings, evidence references, posture per control.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    ownership::{ObjectKey, Ownership},
    snapshot::{Citation, Header},
    workspace::{CheckId, ComponentId, ControlId, Duty, ExceptionId, ImplementationStatus, Severity, TeamId},
};

/// Outcome of a check. Ordered for roll-up: the first of these that occurs decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// At least one object fails.
    Fail,
    /// The evaluation itself failed, or a list that no real cluster has empty was empty.
    Error,
    /// We may not read what it needs.
    Forbidden,
    /// No snapshot, or the snapshot did not ask for what it needs.
    NotCollected,
    /// The API cannot show it.
    NotVisible,
    /// The evidence is older than allowed.
    Stale,
    /// A person must look.
    Manual,
    /// Everything needed was read completely and nothing fails.
    Pass,
    /// Nothing to ask about: the subject list is complete and empty, or the API is not installed.
    NotApplicable,
}

impl Outcome {
    /// All outcomes in roll-up order.
    pub const ALL: [Outcome; 9] = [
        Outcome::Fail,
        Outcome::Error,
        Outcome::Forbidden,
        Outcome::NotCollected,
        Outcome::NotVisible,
        Outcome::Stale,
        Outcome::Manual,
        Outcome::Pass,
        Outcome::NotApplicable,
    ];

    /// Decided on complete evidence.
    pub fn is_decided(self) -> bool {
        matches!(self, Outcome::Pass | Outcome::Fail | Outcome::NotApplicable)
    }

    /// Rolls several outcomes up into one; `None` when there are none.
    pub fn roll_up(outcomes: impl IntoIterator<Item = Outcome>) -> Option<Outcome> {
        outcomes.into_iter().min()
    }
}

/// Where a control stands: what its checks say, beside what is declared and attached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Declared as implemented or not applicable, but a check fails.
    Contradicted,
    /// A check fails.
    Failing,
    /// Declared as planned or partly implemented, and no check fails.
    Incomplete,
    /// Checks serve it, and the evidence does not decide them.
    Unseen,
    /// No check can decide it, and no evidence in date is attached: a person must look.
    Manual,
    /// No check can decide it; evidence is attached or somebody looked, and that is not too old.
    Attested,
    /// Its checks pass on complete evidence.
    Passing,
    /// Declared as not applicable, or there is nothing to ask about.
    NotApplicable,
}

impl Standing {
    /// All of them, from worst to best.
    pub const ALL: [Standing; 8] = [
        Standing::Contradicted,
        Standing::Failing,
        Standing::Incomplete,
        Standing::Unseen,
        Standing::Manual,
        Standing::Attested,
        Standing::Passing,
        Standing::NotApplicable,
    ];

    /// Only a person can say, now or again later.
    pub fn is_for_a_person(self) -> bool {
        matches!(self, Standing::Manual | Standing::Attested)
    }
}

/// Date by which somebody must look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct LookBy {
    /// The day.
    pub date: NaiveDate,
    /// It is past.
    pub overdue: bool,
}

/// Everything later stages need to know of the evidence.
#[derive(Debug, Clone, Serialize)]
pub struct Assessment {
    /// Clock: `--as-of`, else `SOURCE_DATE_EPOCH`, else the newest snapshot's end. `None`: no snapshot and no clock given.
    pub as_of: Option<DateTime<Utc>>,
    /// One per snapshot, sorted by cluster id.
    pub clusters: Vec<ClusterEvidence>,
    /// The checks in force, by id.
    pub checks: Vec<Arc<Check>>,
    /// One per check and cluster, sorted by check, then cluster.
    pub results: Vec<CheckResult>,
    /// Sorted by severity (worst first), then check, component, cluster.
    pub findings: Vec<Finding>,
    /// One per control that has an implementation or a check, in framework order.
    pub controls: Vec<ControlPosture>,
    /// What became of each declared exception.
    pub exceptions: Vec<ExceptionUse>,
    /// Each snapshot, earlier ones too, as judged by the checks of today; by cluster, oldest first.
    pub trend: Vec<super::Past>,
    /// Findings of earlier snapshots that these do not show, by identifier.
    pub vanished: Vec<Vanished>,
    /// What other tools say, which changes nothing of the above.
    pub beside: super::Beside,
}

impl Assessment {
    /// Findings that somebody has to act on. Those whose every object an exception covers are accepted risks, not open.
    pub fn open_findings(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.is_open())
    }

    /// Objects that an exception covers now, with the finding that each was taken out of; in the order of findings.
    pub fn covered<'a>(&'a self, exception: &'a ExceptionId) -> impl Iterator<Item = (&'a Finding, &'a ObjectKey)> {
        self.findings.iter().flat_map(move |finding| {
            let covered = finding.excepted.iter().filter(move |accepted| accepted.exception == *exception);
            covered.map(move |accepted| (finding, &accepted.key))
        })
    }

    /// The finding of this identifier.
    pub fn finding(&self, id: &str) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.id == id)
    }

    /// The check of this identifier.
    pub fn check(&self, id: &CheckId) -> Option<&Check> {
        self.checks.binary_search_by(|check| check.id.cmp(id)).ok().map(|index| &*self.checks[index])
    }
}

impl Finding {
    /// Whether an object fails that no exception covers.
    pub fn is_open(&self) -> bool {
        !self.objects.is_empty()
    }
}

/// One cluster as seen by one snapshot.
#[derive(Debug, Clone, Serialize)]
pub struct ClusterEvidence {
    /// Where, when, who.
    pub header: Header,
    /// SHA-256 of the snapshot file.
    pub digest: String,
    /// Every list asked for and how it ended.
    pub lists: Vec<crate::snapshot::ListRecord>,
    /// Everything asked for that is no list.
    pub probes: Vec<crate::snapshot::ProbeRecord>,
    /// Every object to its component.
    pub ownership: Ownership,
    /// Facts for the documents.
    pub facts: crate::facts::Facts,
}

/// A check in force: built in, or the workspace's own.
#[derive(Debug, Clone, Serialize)]
pub struct Check {
    /// Identifier.
    pub id: CheckId,
    /// Title, as a statement that is true when the check passes.
    pub title: String,
    /// Why it matters, Markdown.
    pub rationale: String,
    /// What the owner does about a failure, Markdown.
    pub remediation: String,
    /// Severity in force.
    pub severity: Severity,
    /// Duty it questions; picks the addressee.
    pub duty: Duty,
    /// Controls it serves.
    pub controls: Vec<ControlId>,
    /// Kinds it needs, as `group/Kind` (`Pod`, `apps/Deployment`); the first is its subject.
    pub needs: Vec<String>,
    /// Switched off by the workspace, with its reason.
    pub disabled: Option<String>,
    /// Checks whose failure let in what this one finds.
    pub prevented_by: Vec<CheckId>,
}

/// What one check said of one cluster.
#[derive(Debug, Clone, Serialize)]
pub struct CheckResult {
    /// Which check.
    pub check: CheckId,
    /// Which cluster; empty when there is no snapshot.
    pub cluster: String,
    /// Outcome.
    pub outcome: Outcome,
    /// Why, for every outcome but pass and fail; what was counted, for those: one sentence.
    pub reason: String,
    /// Objects asked about.
    pub subjects: usize,
    /// Objects that fail, before exceptions.
    pub failures: usize,
    /// Failures that an exception covers.
    pub excepted: usize,
    /// Objects that could not be evaluated.
    pub odd: usize,
    /// What it was decided on; empty for `not-collected`.
    pub evidence: Vec<Citation>,
}

/// Failures of one check in one component of one cluster: who has to do what.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// Stable identifier: check, component and cluster, never object names: `F-3f2a9c01`.
    pub id: String,
    /// Check.
    pub check: CheckId,
    /// Component; `None` for objects that nobody claims.
    pub component: Option<ComponentId>,
    /// Team that answers for the duty in question; `None` for objects that nobody claims.
    pub team: Option<TeamId>,
    /// Cluster.
    pub cluster: String,
    /// Severity in force.
    pub severity: Severity,
    /// Controls touched.
    pub controls: Vec<ControlId>,
    /// Failing objects with what is wrong, sorted by key; dependants folded into their root.
    pub objects: Vec<Failure>,
    /// Objects left out because an exception covers them.
    pub excepted: Vec<Accepted>,
    /// First snapshot that shows it, UTC.
    pub first_seen: DateTime<Utc>,
    /// Date by which it has to be remediated: the objects' own, such as the expiry of a certificate, else what the
    /// workspace wants for the severity.
    pub due: Option<NaiveDate>,
    /// Findings without which this one would not be: what should have kept these objects out.
    pub let_in_by: Vec<String>,
    /// Findings that this one let in.
    pub lets_in: Vec<String>,
}

/// A failing object that an exception covers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Accepted {
    /// Object.
    pub key: ObjectKey,
    /// Exception that covers it.
    pub exception: ExceptionId,
    /// What is wrong, one sentence each.
    pub messages: Vec<String>,
}

/// A finding of earlier snapshots that the newest one does not show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Vanished {
    /// Identifier.
    pub id: String,
    /// Check.
    pub check: CheckId,
    /// Component, if one owned the objects.
    pub component: Option<ComponentId>,
    /// Cluster.
    pub cluster: String,
    /// First snapshot that showed it, UTC.
    pub first_seen: DateTime<Utc>,
    /// Last snapshot that showed it, UTC.
    pub last_seen: DateTime<Utc>,
    /// First snapshot after that on whose complete evidence the check does not show it, UTC; `None` where nothing since
    /// was complete enough to say that it is gone.
    pub gone: Option<DateTime<Utc>>,
}

/// One failing object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Failure {
    /// Object (the owner-reference root, for example the Deployment of a Pod).
    pub key: ObjectKey,
    /// What is wrong, with the exact field: `container api: securityContext.privileged = true`.
    pub message: String,
}

/// Where one control stands.
#[derive(Debug, Clone, Serialize)]
pub struct ControlPosture {
    /// Which control.
    pub control: ControlId,
    /// Checks that serve it.
    pub checks: Vec<CheckId>,
    /// Roll-up of their outcomes; `Manual` without any check.
    pub outcome: Outcome,
    /// Where it stands, what is declared and attached counted in.
    pub standing: Standing,
    /// Team that answers for it; `None` without a statement.
    pub team: Option<TeamId>,
    /// Declared status; `None` without a statement.
    pub declared: Option<ImplementationStatus>,
    /// By when somebody must look, where only a person can say.
    pub look_by: Option<LookBy>,
    /// Checks with an outcome decided on complete evidence (pass, fail, not-applicable).
    pub observed: usize,
    /// Checks needed.
    pub needed: usize,
    /// Findings that touch it.
    pub findings: Vec<String>,
    /// Declared `implemented` or `not-applicable`, but a check fails: says so in words.
    pub contradiction: Option<String>,
}

/// What became of a declared exception.
#[derive(Debug, Clone, Serialize)]
pub struct ExceptionUse {
    /// Which one.
    pub exception: ExceptionId,
    /// Where it stands.
    pub state: ExceptionState,
    /// Objects it covers.
    pub matched: usize,
    /// Objects that it would cover had it not expired: findings again.
    pub lapsed: usize,
}

/// Where an exception stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExceptionState {
    /// It covers something.
    InForce,
    /// Its check was answered on complete evidence, and it covers nothing: not needed any more, or written wrong.
    Unused,
    /// Its check is switched off, or was not answered on complete evidence: whether it is needed cannot be said.
    NotAsked,
    /// Past its expiry at the assessment's clock; it covers nothing.
    Expired,
}
