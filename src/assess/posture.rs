//! Where each control stands: its checks' outcomes rolled up, beside what was declared.

use std::collections::{BTreeMap, BTreeSet};

use super::outcome::{Check, CheckResult, ControlPosture, Finding, Outcome};
use crate::{
    frameworks::Frameworks,
    workspace::{CheckId, ControlId, ImplementationStatus, Workspace},
};

/// One per control that has an implementation or a check, in the order of framework and control.
pub(super) fn of(
    workspace: &Workspace,
    checks: &[std::sync::Arc<Check>],
    results: &[CheckResult],
    findings: &[Finding],
) -> Vec<ControlPosture> {
    let mut serving: BTreeMap<&ControlId, BTreeSet<&CheckId>> = BTreeMap::new();
    for check in checks.iter().filter(|check| check.disabled.is_none()) {
        for control in &check.controls {
            serving.entry(control).or_default().insert(&check.id);
        }
    }
    let enabled: BTreeSet<&CheckId> =
        checks.iter().filter(|check| check.disabled.is_none()).map(|check| &check.id).collect();
    let mut declared: BTreeMap<&ControlId, ImplementationStatus> = BTreeMap::new();
    for implementation in &workspace.implementations {
        let named = serving.entry(&implementation.control).or_default();
        named.extend(implementation.checks.iter().filter(|check| enabled.contains(check)));
        declared.insert(&implementation.control, implementation.status);
    }
    let mut by_check: BTreeMap<&CheckId, Vec<&CheckResult>> = BTreeMap::new();
    for result in results {
        by_check.entry(&result.check).or_default().push(result);
    }
    let mut open: BTreeMap<&CheckId, Vec<&str>> = BTreeMap::new();
    for finding in findings.iter().filter(|finding| finding.is_open()) {
        open.entry(&finding.check).or_default().push(&finding.id);
    }

    let mut posture: Vec<ControlPosture> = serving
        .into_iter()
        .map(|(control, checks)| {
            let outcomes = checks.iter().map(|check| {
                let results = by_check.get(*check).map_or(&[][..], Vec::as_slice);
                Outcome::roll_up(results.iter().map(|result| result.outcome)).unwrap_or(Outcome::NotCollected)
            });
            let outcomes: Vec<Outcome> = outcomes.collect();
            let observed = outcomes
                .iter()
                .filter(|outcome| matches!(outcome, Outcome::Pass | Outcome::Fail | Outcome::NotApplicable))
                .count();
            let outcome = Outcome::roll_up(outcomes.iter().copied()).unwrap_or(Outcome::Manual);
            let failing: Vec<&str> = checks
                .iter()
                .zip(&outcomes)
                .filter(|(_, outcome)| **outcome == Outcome::Fail)
                .map(|(check, _)| check.as_str())
                .collect();
            let contradiction =
                (declared.get(control) == Some(&ImplementationStatus::Implemented) && !failing.is_empty()).then(|| {
                    let verb = if failing.len() == 1 { "fails" } else { "fail" };
                    format!("declared as implemented, but {} {verb}", failing.join(", "))
                });
            let findings = checks.iter().flat_map(|check| open.get(*check).into_iter().flatten());
            ControlPosture {
                control: control.clone(),
                findings: findings.map(|id| (*id).to_owned()).collect::<BTreeSet<_>>().into_iter().collect(),
                observed,
                needed: checks.len(),
                checks: checks.into_iter().cloned().collect(),
                outcome,
                contradiction,
            }
        })
        .collect();
    posture.sort_by(|a, b| Frameworks::builtin().compare(&a.control, &b.control));
    posture
}
