//! From a check and one snapshot to a [`CheckResult`].
//!
//! The only place where an outcome is chosen. `pass` is built from [`Complete`], and [`Complete`] exists only where
//! every list that the check needs was read to its end, was not empty where no real cluster has it empty, and is not
//! older than the workspace allows.

use std::cell::OnceCell;

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    evaluators::{self, Answer, Failing, Question},
    outcome::{CheckResult, Outcome},
    rules,
};
use crate::{
    checks::{self, Definition},
    facts::{self, Backups, Facts, Observed, network::Network, pod::Pods},
    ownership::Join,
    snapshot::{Citation, Completeness, ListRecord, Snapshot, State, cite, not_installed, parts, reason},
    sort::Sort,
    workspace::Policy,
};

/// Proof that everything a check needs was read completely.
pub(super) struct Complete(());

/// What stands between a check and a complete answer.
struct Gap {
    outcome: Outcome,
    reason: String,
}

/// Result of one check on one cluster, with the objects that fail.
pub(super) struct Asked {
    pub(super) result: CheckResult,
    pub(super) failures: Vec<Failing>,
    /// Held back by failures: what a pass would be built from if exceptions covered them all.
    sound: Option<(Complete, Option<String>)>,
}

/// How many subjects were looked at, and what they are.
#[derive(Clone, Copy)]
struct Count<'w> {
    subjects: usize,
    what: &'w str,
}

impl std::fmt::Display for Count<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.subjects, self.what)
    }
}

impl Asked {
    /// Everything was read and evaluated: what is not among the failures does not fail.
    pub(super) fn complete(&self) -> bool {
        self.sound.is_some() || matches!(self.result.outcome, Outcome::Pass | Outcome::NotApplicable | Outcome::Stale)
    }

    /// Counts the failures that exceptions cover. If they are all of them, the outcome is that of the evidence without
    /// them, and says so.
    pub(super) fn except(&mut self, covered: usize) {
        self.result.excepted = covered;
        if covered < self.result.failures || self.result.outcome != Outcome::Fail {
            if covered > 0 {
                let are = if covered == 1 { "is an accepted risk" } else { "are accepted risks" };
                self.result.reason.push_str(&format!("; {covered} of the failures {are}"));
            }
            return;
        }
        if let Some((complete, stale)) = self.sound.take() {
            (self.result.outcome, _) = sound(complete, Count { subjects: self.result.subjects, what: "" }, stale);
            self.result.reason.push_str("; each of them is an accepted risk");
        }
    }
}

/// What is the same for all checks on one snapshot.
pub(crate) struct Bench<'q> {
    pub(super) join: &'q Join<'q>,
    pub(super) pods: &'q Pods,
    pub(super) network: &'q Network<'q>,
    pub(super) policy: &'q Policy,
    pub(super) as_of: DateTime<Utc>,
    backups: OnceCell<Observed<Backups>>,
    facts: OnceCell<Facts>,
}

impl<'q> Bench<'q> {
    pub(super) fn new(
        join: &'q Join<'q>,
        pods: &'q Pods,
        network: &'q Network<'q>,
        policy: &'q Policy,
        as_of: DateTime<Utc>,
    ) -> Self {
        Self { join, pods, network, policy, as_of, backups: OnceCell::new(), facts: OnceCell::new() }
    }

    /// Data and its backups, which several checks ask about, computed when somebody asks.
    pub(super) fn backups(&self) -> &Observed<Backups> {
        self.backups.get_or_init(|| facts::backups::observe(self.join, self.as_of))
    }

    /// The facts of the snapshot, computed when somebody asks.
    pub(super) fn facts(&self) -> &Facts {
        self.facts.get_or_init(|| facts::observe(self.join, self.pods, self.network, self.backups(), self.as_of))
    }

    pub(super) fn into_facts(self) -> Facts {
        self.facts();
        self.facts.into_inner().unwrap_or_default()
    }
}

/// Kinds that no real cluster has none of: an empty list is a reading error, never evidence.
fn never_empty(group: &str, kind: &str) -> bool {
    matches!((group, kind), ("", "Namespace") | ("rbac.authorization.k8s.io", "ClusterRoleBinding"))
}

fn gap_of(record: &ListRecord, required: bool) -> Option<Gap> {
    let outcome = match &record.completeness {
        Completeness::Complete if record.count == 0 && never_empty(&record.group, &record.kind) => {
            let reason = format!("{} is empty, which no real cluster is: the answer cannot be trusted", record.path);
            return Some(Gap { outcome: Outcome::Error, reason });
        }
        Completeness::Complete => return None,
        Completeness::Absent if required => Outcome::Fail,
        Completeness::Absent => Outcome::NotApplicable,
        Completeness::Forbidden(_) => Outcome::Forbidden,
        Completeness::NotCollected => Outcome::NotCollected,
        Completeness::Partial(_) | Completeness::Failed(_) => Outcome::Error,
    };
    Some(Gap { outcome, reason: reason(record) })
}

/// Everything the check needs, or the worst that stands in its way. Also the lists themselves and their evidence.
fn survey(check: &Definition, bench: &Bench<'_>) -> (Result<Complete, Gap>, Vec<usize>, Vec<Citation>) {
    let snapshot = bench.join.snapshot();
    let mut gaps = Vec::new();
    let mut lists = Vec::new();
    let mut evidence = Vec::new();
    let mut gap = |outcome, reason| gaps.push(Gap { outcome, reason });
    for kind in &check.needs {
        let (group, name) = parts(kind);
        let Some(number) = snapshot.number(group, name) else {
            match not_installed(snapshot, group) {
                Some(definitions) => {
                    evidence.push(cite(&snapshot.header.cluster.id, definitions));
                    let outcome = if check.required { Outcome::Fail } else { Outcome::NotApplicable };
                    gap(outcome, format!("the API of {kind} is not installed"));
                }
                None => gap(Outcome::NotCollected, format!("{kind} was not asked for when this snapshot was taken")),
            }
            continue;
        };
        let record = &snapshot.lists[number].record;
        lists.push(number);
        evidence.push(cite(&snapshot.header.cluster.id, record));
        if record.metadata_only && !check.names_suffice && record.completeness == Completeness::Complete {
            let reason = format!("only names and labels of {} were read, not what the check asks about", record.path);
            gap(Outcome::NotVisible, reason);
        } else if let Some(Gap { outcome, reason }) = gap_of(record, check.required) {
            gap(outcome, reason);
        }
    }
    let mut installed = check.needs_any.is_empty();
    for kind in &check.needs_any {
        let (group, name) = parts(kind);
        match (snapshot.number(group, name), not_installed(snapshot, group)) {
            (Some(number), _) => {
                let record = &snapshot.lists[number].record;
                evidence.push(cite(&snapshot.header.cluster.id, record));
                if record.completeness == Completeness::Absent {
                    continue;
                }
                lists.push(number);
                if record.metadata_only && record.count > 0 && record.completeness == Completeness::Complete {
                    gap(Outcome::NotVisible, format!("only names and labels of {} were read", record.path));
                } else if let Some(Gap { outcome, reason }) = gap_of(record, false) {
                    gap(outcome, reason);
                }
            }
            (None, Some(_)) => continue,
            (None, None) => {
                gap(Outcome::NotCollected, format!("{kind} was not asked for when this snapshot was taken"));
            }
        }
        installed = true;
    }
    if !installed {
        gap(Outcome::NotApplicable, format!("none of these APIs is installed: {}", check.needs_any.join(", ")));
    }
    if let checks::Question::Rules(rules) = &check.question {
        for (record, unkept) in rules::unkept(check, rules, snapshot) {
            gap(Outcome::NotVisible, format!("when {} was read, {unkept} was not kept: collect again", record.path));
        }
        for family in rules.facts() {
            if let Some(account) = bench.facts().account(family)
                && let Some(outcome) = incomplete(account.state())
            {
                gap(outcome, format!("the fact {family} is not complete: {}", account.reasons().join("; ")));
            }
        }
    }
    // The first in roll-up order names the result; the others are worth saying as well.
    gaps.order_by_key(|gap| gap.outcome);
    let answer = match gaps.first() {
        None => Ok(Complete(())),
        Some(worst) => {
            let outcome = worst.outcome;
            let reasons: Vec<_> = gaps.into_iter().filter(|gap| gap.outcome == outcome).map(|gap| gap.reason).collect();
            Err(Gap { outcome, reason: reasons.join("; ") })
        }
    };
    (answer, lists, evidence)
}

/// What a fact that is not complete leaves of a check that reads it.
fn incomplete(state: State) -> Option<Outcome> {
    match state {
        State::Complete => None,
        State::Absent => Some(Outcome::NotApplicable),
        State::Forbidden => Some(Outcome::Forbidden),
        State::NotCollected => Some(Outcome::NotCollected),
        State::Partial | State::Failed => Some(Outcome::Error),
    }
}

/// Asks one check about one snapshot. `answer` is that of its rules, if it has any.
pub(super) fn ask<'q>(check: &'q Definition, bench: &Bench<'q>, answer: Option<Answer>) -> Asked {
    let snapshot = bench.join.snapshot();
    let (complete, lists, evidence) = survey(check, bench);
    let needed = lists.clone();
    let mut asked = Asked {
        result: CheckResult {
            check: check.id.clone(),
            cluster: snapshot.header.cluster.id.clone(),
            outcome: Outcome::Error,
            reason: String::new(),
            subjects: 0,
            failures: 0,
            excepted: 0,
            odd: 0,
            evidence,
        },
        failures: Vec::new(),
        sound: None,
    };
    let evaluator = match &check.question {
        checks::Question::Named { name, .. } => evaluators::find(name),
        checks::Question::Rules(_) => None,
    };
    let (alone, what) = match (&check.question, evaluator) {
        (checks::Question::Rules(found), _) => (found.alone(), rules::subjects(check, found)),
        (_, Some(evaluator)) => (evaluator.alone, evaluator.subjects.to_owned()),
        (_, None) => (false, String::new()),
    };
    // Nothing to look at, or nothing that a look could prove.
    if let Err(gap) = &complete
        && !(alone && matches!(gap.outcome, Outcome::Error | Outcome::Forbidden))
    {
        asked.result.outcome = gap.outcome;
        asked.result.reason = gap.reason.clone();
        return asked;
    }
    let params = match &check.question {
        checks::Question::Named { params, .. } => params.as_ref(),
        checks::Question::Rules(_) => None,
    };
    let question = Question { bench, params, lists };
    let Some(answer) = answer.or_else(|| Some((evaluator?.ask)(&question))) else {
        asked.result.reason = "nothing here can answer it".to_owned();
        return asked;
    };
    let (outcome, reason) = match answer {
        Answer::Manual(why) => open(complete, Outcome::Manual, why),
        Answer::NotVisible(why) => open(complete, Outcome::NotVisible, why),
        Answer::Decided { subjects, failures, odd, remarks } => {
            asked.result.subjects = subjects;
            asked.result.failures = failures.len();
            asked.result.odd = odd.len();
            asked.failures = failures;
            cite_failing(&mut asked, snapshot, &needed);
            let stale = stale(&asked.result.evidence, bench);
            let (outcome, mut reason, sound) =
                decide(complete, Count { subjects, what: &what }, asked.failures.len(), stale);
            asked.sound = sound.filter(|_| odd.is_empty());
            let (outcome, reason) = match odd.first() {
                Some((spot, why)) => {
                    reason = format!(
                        "{} could not be evaluated: {why}{}; {reason}",
                        bench.join.key(*spot),
                        if odd.len() > 1 { format!(" (and {} more)", odd.len() - 1) } else { String::new() },
                    );
                    (outcome.min(Outcome::Error), reason)
                }
                None => (outcome, reason),
            };
            (outcome, std::iter::once(reason).chain(remarks).collect::<Vec<_>>().join("; "))
        }
    };
    asked.result.outcome = outcome;
    asked.result.reason = reason;
    asked
}

/// Cites lists that the check does not need, but in which an object fails.
fn cite_failing(asked: &mut Asked, snapshot: &Snapshot, needed: &[usize]) {
    let mut others: Vec<usize> = asked.failures.iter().map(|failing| failing.spot.list).collect();
    others.sort_unstable();
    others.dedup();
    for list in others.into_iter().filter(|list| !needed.contains(list)).filter_map(|list| snapshot.lists.get(list)) {
        asked.result.evidence.push(cite(&snapshot.header.cluster.id, &list.record));
    }
}

/// The outcome of a question that the objects cannot answer: what kept them from being read comes first.
fn open(complete: Result<Complete, Gap>, outcome: Outcome, why: String) -> (Outcome, String) {
    match complete {
        Ok(_) => (outcome, why),
        Err(gap) => (gap.outcome, gap.reason),
    }
}

/// The outcome of looked-at subjects; with what it would be built from if the failures were accepted.
fn decide(
    complete: Result<Complete, Gap>,
    count: Count<'_>,
    failures: usize,
    stale: Option<String>,
) -> (Outcome, String, Option<(Complete, Option<String>)>) {
    match (complete, failures) {
        (Ok(complete), 0) => {
            let (outcome, reason) = sound(complete, count, stale);
            (outcome, reason, None)
        }
        (Ok(complete), _) => {
            let late = stale.as_ref().map(|why| format!("; {why}")).unwrap_or_default();
            (Outcome::Fail, format!("{failures} of {count} fail{late}"), Some((complete, stale)))
        }
        (Err(gap), 0) => (gap.outcome, gap.reason, None),
        (Err(gap), _) => {
            (Outcome::Fail, format!("{failures} of {count} seen fail, there may be more: {}", gap.reason), None)
        }
    }
}

/// Nothing fails and everything was read: the only way to `pass`.
fn sound(_: Complete, count: Count<'_>, stale: Option<String>) -> (Outcome, String) {
    match (stale, count.subjects) {
        (Some(why), _) => (Outcome::Stale, why),
        (None, 0) => (Outcome::NotApplicable, "there is nothing to ask about".to_owned()),
        (None, all) => (Outcome::Pass, format!("{all} of {count} pass")),
    }
}

/// Why the evidence is too old, if it is.
fn stale(evidence: &[Citation], bench: &Bench<'_>) -> Option<String> {
    let oldest = evidence.iter().map(|piece| piece.read_at).min()?;
    let allowed = TimeDelta::days(i64::from(bench.policy.evidence_days));
    (bench.as_of - oldest > allowed).then(|| {
        format!(
            "the evidence of {} is older than the {} days allowed",
            oldest.format("%Y-%m-%d %H:%M UTC"),
            bench.policy.evidence_days
        )
    })
}

/// Result of a check when there is no snapshot at all.
pub(super) fn not_collected(check: &Definition) -> CheckResult {
    CheckResult {
        check: check.id.clone(),
        cluster: String::new(),
        outcome: Outcome::NotCollected,
        reason: "no snapshot".to_owned(),
        subjects: 0,
        failures: 0,
        excepted: 0,
        odd: 0,
        evidence: Vec::new(),
    }
}
