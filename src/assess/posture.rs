//! Where each control stands: its checks' outcomes rolled up, beside what was declared and attached.
//!
//! In: workspace, checks, results, findings, the day. Out: one [`ControlPosture`] a control. What the checks say decides
//! first; a declaration can only take away from a pass, and attached evidence counts only where no check can decide.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate};

use super::outcome::{Check, CheckResult, ControlPosture, Finding, LookBy, Outcome, Standing};
use crate::{
    frameworks::Frameworks,
    sort::Sort,
    workspace::{CheckId, ControlId, Implementation, ImplementationStatus, Workspace},
};

/// One per control that has an implementation or a check, in the order of framework and control.
pub(super) fn of(
    workspace: &Workspace,
    checks: &[std::sync::Arc<Check>],
    results: &[CheckResult],
    findings: &[Finding],
    today: Option<NaiveDate>,
) -> Vec<ControlPosture> {
    let mut serving: BTreeMap<&ControlId, BTreeSet<&CheckId>> = BTreeMap::new();
    for check in checks.iter().filter(|check| check.disabled.is_none()) {
        for control in &check.controls {
            serving.entry(control).or_default().insert(&check.id);
        }
    }
    let enabled: BTreeSet<&CheckId> =
        checks.iter().filter(|check| check.disabled.is_none()).map(|check| &check.id).collect();
    let mut declared: BTreeMap<&ControlId, &Implementation> = BTreeMap::new();
    for implementation in &workspace.implementations {
        let named = serving.entry(&implementation.control).or_default();
        named.extend(implementation.checks.iter().filter(|check| enabled.contains(check)));
        declared.insert(&implementation.control, implementation);
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
            let observed = outcomes.iter().filter(|outcome| outcome.is_decided()).count();
            let outcome = Outcome::roll_up(outcomes.iter().copied()).unwrap_or(Outcome::Manual);
            let failing: Vec<&str> = checks
                .iter()
                .zip(&outcomes)
                .filter(|(_, outcome)| **outcome == Outcome::Fail)
                .map(|(check, _)| check.as_str())
                .collect();
            let implementation = declared.get(control).copied();
            let status = implementation.map(|implementation| implementation.status);
            let person = person(workspace, implementation, today);
            let findings = checks.iter().flat_map(|check| open.get(*check).into_iter().flatten());
            let standing = stand(outcome, status, person.attested);
            ControlPosture {
                control: control.clone(),
                team: implementation.map(|implementation| implementation.team.clone()),
                declared: status,
                findings: findings.map(|id| (*id).to_owned()).collect::<BTreeSet<_>>().into_iter().collect(),
                observed,
                needed: checks.len(),
                checks: checks.into_iter().cloned().collect(),
                outcome,
                standing,
                look_by: person.look_by.filter(|_| standing.is_for_a_person()),
                contradiction: contradiction(status, &failing),
            }
        })
        .collect();
    posture.order_by(|a, b| Frameworks::builtin().compare(&a.control, &b.control));
    posture
}

fn contradiction(status: Option<ImplementationStatus>, failing: &[&str]) -> Option<String> {
    let declared = match status? {
        ImplementationStatus::Implemented => "declared as implemented",
        ImplementationStatus::NotApplicable => "declared as not applicable",
        _ => return None,
    };
    let verb = if failing.len() == 1 { "fails" } else { "fail" };
    (!failing.is_empty()).then(|| format!("{declared}, but {} {verb}", failing.join(", ")))
}

/// Checks decide; then the declaration; then what people attested, where no check can say.
fn stand(outcome: Outcome, declared: Option<ImplementationStatus>, attested: bool) -> Standing {
    use ImplementationStatus::{Implemented, NotApplicable, Partial, Planned};
    match (outcome, declared) {
        (Outcome::Fail, Some(Implemented | NotApplicable)) => Standing::Contradicted,
        (Outcome::Fail, _) => Standing::Failing,
        (_, Some(NotApplicable)) => Standing::NotApplicable,
        (_, Some(Planned | Partial)) => Standing::Incomplete,
        (Outcome::Manual | Outcome::NotVisible, _) if attested => Standing::Attested,
        (Outcome::Manual, _) => Standing::Manual,
        (Outcome::Pass, _) => Standing::Passing,
        (Outcome::NotApplicable, _) => Standing::NotApplicable,
        (Outcome::Error | Outcome::Forbidden | Outcome::NotCollected | Outcome::NotVisible | Outcome::Stale, _) => {
            Standing::Unseen
        }
    }
}

/// What people say of a control.
struct Person {
    /// Somebody looked, or evidence is attached, and neither is too old.
    attested: bool,
    /// When somebody has to look next.
    look_by: Option<LookBy>,
}

/// The declared date, else the newest attestation and the workspace's interval, else the next review of the documents.
fn person(workspace: &Workspace, implementation: Option<&Implementation>, today: Option<NaiveDate>) -> Person {
    let past = |date: &NaiveDate| today.is_none_or(|today| *date <= today);
    let looked = implementation.and_then(|implementation| {
        let attached = implementation.evidence.iter().filter_map(|piece| piece.date);
        implementation.attested.into_iter().chain(attached).filter(past).max()
    });
    let declared = implementation.and_then(|implementation| implementation.review_by);
    let interval = workspace.policy.review_days.map(|days| Days::new(u64::from(days)));
    let renewed = looked.zip(interval).and_then(|(looked, interval)| looked.checked_add_days(interval));
    let due = declared.or(renewed);
    let look_by = due.or(workspace.control.next_review);
    let late = |date: NaiveDate| today.is_some_and(|today| date < today);
    // A file without a date proves nothing of when somebody looked, once the workspace asks how long ago that was.
    let undated = implementation.is_some_and(|implementation| !implementation.evidence.is_empty());
    let something = looked.is_some() || (undated && (interval.is_none() || declared.is_some()));
    Person {
        attested: something && !due.is_some_and(late),
        look_by: look_by.map(|date| LookBy { date, overdue: late(date) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        document::testing::workspace,
        workspace::{AttachedEvidence, Origination, Place, TeamId},
    };

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    fn declared(status: ImplementationStatus) -> Implementation {
        Implementation {
            control: ControlId::new("nist-800-53r5:at-1"),
            said_with: None,
            place: Place::nowhere(),
            narrative: String::new(),
            status,
            origination: Origination::Organization,
            origination_derived: true,
            components: Vec::new(),
            inherited: Vec::new(),
            team: TeamId::new("platform"),
            checks: Vec::new(),
            parameters: BTreeMap::new(),
            evidence: Vec::new(),
            review_by: None,
            attested: None,
            attested_by: None,
            declared_at: String::new(),
        }
    }

    fn posture(implementation: Implementation, review_days: Option<u32>) -> ControlPosture {
        let mut workspace = workspace();
        workspace.policy.review_days = review_days;
        workspace.control.next_review = Some(day("2027-01-31"));
        workspace.implementations = vec![implementation];
        of(&workspace, &[], &[], &[], Some(day("2026-11-21"))).remove(0)
    }

    #[test]
    fn without_check_and_evidence_a_person_must_look_by_a_date() {
        let plain = posture(declared(ImplementationStatus::Implemented), Some(365));
        assert_eq!((plain.outcome, plain.standing), (Outcome::Manual, Standing::Manual));
        assert_eq!(plain.look_by, Some(LookBy { date: day("2027-01-31"), overdue: false }), "review of the documents");
        let mut dated = declared(ImplementationStatus::Implemented);
        dated.review_by = Some(day("2026-11-20"));
        let dated = posture(dated, Some(365));
        assert_eq!(dated.look_by, Some(LookBy { date: day("2026-11-20"), overdue: true }));
        assert_eq!((dated.observed, dated.needed), (0, 0));
    }

    #[test]
    fn evidence_counts_until_it_is_too_old() {
        let with = |date: Option<&str>, review_days| {
            let mut implementation = declared(ImplementationStatus::Implemented);
            implementation.evidence.push(AttachedEvidence {
                title: "Minutes".to_owned(),
                location: "evidence/minutes.pdf".to_owned(),
                digest: None,
                date: date.map(day),
            });
            posture(implementation, review_days)
        };
        let fresh = with(Some("2026-09-01"), Some(365));
        assert_eq!(fresh.standing, Standing::Attested);
        assert_eq!(fresh.look_by, Some(LookBy { date: day("2027-09-01"), overdue: false }));
        let old = with(Some("2025-09-01"), Some(365));
        assert_eq!((old.standing, old.look_by.map(|by| by.overdue)), (Standing::Manual, Some(true)));
        assert_eq!(with(None, Some(365)).standing, Standing::Manual, "how old it is, nobody says");
        assert_eq!(with(None, None).standing, Standing::Attested, "nobody asks how old it is");
        assert_eq!(with(Some("2026-12-24"), Some(365)).standing, Standing::Manual, "not made yet");
    }

    #[test]
    fn a_declaration_only_takes_away() {
        use ImplementationStatus::{Alternative, Implemented, NotApplicable, Partial, Planned};
        for (outcome, status, standing) in [
            (Outcome::Fail, Some(Implemented), Standing::Contradicted),
            (Outcome::Fail, Some(NotApplicable), Standing::Contradicted),
            (Outcome::Fail, Some(Partial), Standing::Failing),
            (Outcome::Fail, None, Standing::Failing),
            (Outcome::Pass, Some(Planned), Standing::Incomplete),
            (Outcome::Pass, Some(Alternative), Standing::Passing),
            (Outcome::NotVisible, Some(Implemented), Standing::Unseen),
            (Outcome::Forbidden, Some(Implemented), Standing::Unseen),
            (Outcome::Stale, None, Standing::Unseen),
            (Outcome::Manual, Some(NotApplicable), Standing::NotApplicable),
        ] {
            assert_eq!(stand(outcome, status, false), standing, "{outcome:?} {status:?}");
        }
        // Somebody may attest what no API shows, never what the evidence lacks or contradicts.
        assert_eq!(stand(Outcome::NotVisible, None, true), Standing::Attested);
        assert_eq!(stand(Outcome::Forbidden, None, true), Standing::Unseen);
        assert_eq!(stand(Outcome::Fail, None, true), Standing::Failing);
        let failing = contradiction(Some(NotApplicable), &["a", "b"]);
        assert_eq!(failing.as_deref(), Some("declared as not applicable, but a, b fail"));
    }
}
