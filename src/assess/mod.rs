//! Assess: join what was declared with what was observed.
//!
//! In: a [`Workspace`], [`Snapshot`]s (none is fine: a plan), a clock. Out: an [`Assessment`].
//! Steps: ownership (every object to its component, [`crate::ownership::join`]), facts ([`crate::facts::observe`]), checks
//! (outcome per check and cluster, `results`), findings (check × component × team, `findings`), exceptions, roll-up per
//! control (`posture`), results of other tools beside all that (`beside`).
//!
//! Invariants: no outcome is `pass` unless everything the check needs was read completely; finding ids depend on check,
//! component and cluster alone; the same inputs give the same assessment.

mod addressee;
mod bent;
mod beside;
mod contradictions;
#[cfg(test)]
mod estate;
pub mod evaluators;
pub mod explain;
mod findings;
mod history;
mod links;
pub mod outcome;
pub mod plan;
mod posture;
mod results;
mod rules;
#[cfg(test)]
mod sample;
pub mod suggest;
mod tally;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use std::{collections::BTreeSet, sync::Arc};

use chrono::{DateTime, Utc};

pub use bent::{Bent, bent, pristine};
pub use beside::{Beside, BesideFile, BesideRule, Disagreement, OpenPoint};
pub use contradictions::contradictions;
pub use findings::finding_id;
pub use history::{Change, History, Open, Past, PastFinding};
pub use outcome::*;
pub use plan::{Plan, plan};
pub use tally::{Tally, by_framework, by_team};

use crate::{
    checks,
    facts::{control_plane::provider, network::Network, pod::Pods},
    ownership,
    snapshot::{ClusterIdentity, Snapshot},
    sort::Sort,
    workspace::{CheckId, Workspace},
};

/// Joins declarations and evidence.
///
/// `clock` is `--as-of` or `SOURCE_DATE_EPOCH`; without it the newest snapshot's end is the assessment's time.
/// `history` says which findings earlier snapshots showed.
pub fn assess(
    workspace: &Workspace,
    snapshots: &[Snapshot],
    history: &History,
    clock: Option<DateTime<Utc>>,
) -> Assessment {
    let as_of = clock.or_else(|| snapshots.iter().map(|snapshot| snapshot.header.ended).max());
    let (definitions, checks) = asked(workspace);
    let mut exceptions = findings::Exceptions::new(workspace, as_of.map(|as_of| as_of.date_naive()));
    let mut sorted: Vec<&Snapshot> = snapshots.iter().collect();
    sorted.order_by(|a, b| (&a.header.cluster.id, a.header.ended).cmp(&(&b.header.cluster.id, b.header.ended)));

    let mut clusters = Vec::new();
    let mut results = Vec::new();
    let mut found = Vec::new();
    let mut trend = history.past.clone();
    let mut vanished = Vec::new();
    let mut unanswered = BTreeSet::new();
    for &snapshot in &sorted {
        let as_of = as_of.unwrap_or(snapshot.header.ended);
        let join = ownership::join(workspace, snapshot);
        let pods = Pods::of(snapshot);
        let network = Network::new(&join, &pods);
        let bench = results::Bench::new(&join, &pods, &network, &workspace.policy, as_of);
        let judged = judge(&definitions, &checks, &bench, &mut exceptions, history);
        unanswered.extend(
            checks
                .iter()
                .filter(|check| check.disabled.is_none() && !judged.complete.contains(&check.id))
                .map(|it| it.id.clone()),
        );
        let newest = history::Newest {
            cluster: &snapshot.header.cluster.id,
            ended: snapshot.header.ended,
            findings: &judged.findings,
        };
        vanished.append(&mut history.vanished(&newest, &judged.complete));
        trend.push(judged.past(snapshot));
        results.extend(judged.results);
        found.extend(judged.findings);
        clusters.push(ClusterEvidence {
            header: snapshot.header.clone(),
            digest: snapshot.digest.clone(),
            lists: snapshot.lists.iter().map(|list| list.record.cited()).collect(),
            probes: snapshot.probes.iter().map(|probe| probe.record.clone()).collect(),
            ownership: join.summary(),
            facts: bench.into_facts(),
        });
    }
    if snapshots.is_empty() {
        let enabled = definitions.iter().zip(&checks).filter(|(_, check)| check.disabled.is_none());
        results.extend(enabled.map(|(definition, _)| planned(workspace, definition)));
    }
    trend.order_by(|a, b| (&a.cluster, a.ended, &a.digest).cmp(&(&b.cluster, b.ended, &b.digest)));
    results.order_by(|a, b| (&a.check, &a.cluster).cmp(&(&b.check, &b.cluster)));
    found.order_by(|a, b| {
        (std::cmp::Reverse(a.severity), &a.check, &a.component, &a.cluster).cmp(&(
            std::cmp::Reverse(b.severity),
            &b.check,
            &b.component,
            &b.cluster,
        ))
    });
    vanished.order_by(|a, b| (&a.id, &a.cluster).cmp(&(&b.id, &b.cluster)));
    let enabled = checks.iter().filter(|check| check.disabled.is_none() && !sorted.is_empty());
    let answered = enabled.map(|check| check.id.clone()).filter(|id| !unanswered.contains(id)).collect();
    let today = as_of.map(|as_of| as_of.date_naive());
    let controls = posture::of(workspace, &checks, &results, &found, today);
    Assessment {
        as_of,
        beside: beside::of(workspace, &clusters, &results, &controls, today),
        controls,
        clusters,
        checks,
        results,
        findings: found,
        exceptions: exceptions.uses(&answered),
        trend,
        vanished,
    }
}

/// The result of a plan, with what providers say of the control planes.
fn planned(workspace: &Workspace, definition: &checks::Definition) -> CheckResult {
    let mut result = results::not_collected(definition);
    for cluster in &workspace.clusters {
        if let Some(said) = provider::beside(workspace, cluster, definition.id.as_str(), result.outcome) {
            result.reason.push_str(&format!("; {}: {said}", cluster.id));
        }
    }
    result
}

/// Says what a provider declares about a question that the cluster could not answer. The outcome stays.
fn declared_beside(workspace: &Workspace, cluster: &ClusterIdentity, result: &mut CheckResult) {
    let cluster = workspace.cluster_of(&cluster.id, cluster.uid.as_deref());
    let said = cluster.and_then(|it| provider::beside(workspace, it, result.check.as_str(), result.outcome));
    if let Some(said) = said {
        result.reason.push_str(&format!("; {said}"));
    }
}

/// What one earlier snapshot shows, for [`History`]: the same questions without the facts for documents.
pub fn past(workspace: &Workspace, snapshot: &Snapshot) -> Past {
    let (definitions, checks) = asked(workspace);
    let join = ownership::join(workspace, snapshot);
    let pods = Pods::of(snapshot);
    let network = Network::new(&join, &pods);
    let as_of = snapshot.header.ended;
    let bench = results::Bench::new(&join, &pods, &network, &workspace.policy, as_of);
    let mut exceptions = findings::Exceptions::new(workspace, Some(as_of.date_naive()));
    let judged = judge(&definitions, &checks, &bench, &mut exceptions, &History::default());
    judged.past(snapshot)
}

/// The checks in force, as data asks them and as this workspace weighs them.
fn asked(workspace: &Workspace) -> (Vec<Arc<checks::Definition>>, Vec<Arc<Check>>) {
    let definitions = in_force(workspace);
    let checks = definitions.iter().map(|definition| Arc::new(overridden(workspace, definition))).collect();
    (definitions, checks)
}

/// What the checks say of one snapshot.
struct Judged {
    results: Vec<CheckResult>,
    findings: Vec<Finding>,
    /// Checks answered on complete evidence.
    complete: BTreeSet<CheckId>,
}

impl Judged {
    fn past(&self, snapshot: &Snapshot) -> Past {
        Past::of(&snapshot.header, &snapshot.digest, &self.results, &self.findings, &self.complete)
    }
}

fn judge<'q>(
    definitions: &'q [Arc<checks::Definition>],
    checks: &[Arc<Check>],
    bench: &results::Bench<'q>,
    exceptions: &mut findings::Exceptions<'_>,
    history: &History,
) -> Judged {
    let enabled = definitions.iter().zip(checks).filter(|(_, check)| check.disabled.is_none());
    let asked: Vec<&checks::Definition> = enabled.clone().map(|(definition, _)| &**definition).collect();
    let mut answers = rules::answers(&asked, bench);
    let mut judged = Judged { results: Vec::new(), findings: Vec::new(), complete: BTreeSet::new() };
    for (definition, check) in enabled {
        let mut asked = results::ask(definition, bench, answers.remove(&definition.id));
        let addressee = addressee::of(definition.addressee, bench.join);
        let (findings, excepted) = findings::group(check, bench.join, &asked.failures, addressee, exceptions, history);
        asked.except(excepted);
        if asked.complete() {
            judged.complete.insert(check.id.clone());
        }
        let header = &bench.join.snapshot().header.cluster;
        declared_beside(bench.join.workspace(), header, &mut asked.result);
        judged.results.push(asked.result);
        judged.findings.extend(findings);
    }
    links::link(checks, &mut judged.findings);
    judged
}

/// Built-in checks and the workspace's own, by identifier, with the workspace's parameters; an own check replaces a
/// built-in one of the same name.
fn in_force(workspace: &Workspace) -> Vec<Arc<checks::Definition>> {
    let own = workspace.checks.iter().cloned();
    let built_in =
        checks::built_in().iter().filter(|check| workspace.checks.iter().all(|own| own.id != check.id)).cloned();
    let mut all: Vec<_> = own.chain(built_in).collect();
    all.order_by(|a, b| a.id.cmp(&b.id));
    for change in &workspace.check_overrides {
        for definition in all.iter_mut().filter(|definition| definition.id == change.check) {
            for param in &change.params {
                // `workspace` has held it against the check.
                if let Ok(changed) = definition.with(&param.name, &param.value) {
                    *definition = Arc::new(changed);
                }
            }
        }
    }
    all
}

/// A definition with what the workspace changed.
fn overridden(workspace: &Workspace, definition: &checks::Definition) -> Check {
    let mut check = Check {
        id: definition.id.clone(),
        title: definition.title.clone(),
        rationale: definition.rationale.clone(),
        remediation: definition.remediation.clone(),
        severity: definition.severity,
        duty: definition.duty,
        controls: definition.controls.clone(),
        needs: definition.needs.iter().chain(&definition.needs_any).cloned().collect(),
        disabled: None,
        prevented_by: definition.prevented_by.clone(),
    };
    for change in workspace.check_overrides.iter().filter(|change| change.check == definition.id) {
        if change.disabled {
            check.disabled = Some(change.reason.clone());
        }
        if let Some(severity) = change.severity {
            check.severity = severity;
        }
    }
    check
}
