//! Vulnerability reports: how old they are, what they leave unremediated, and what has none.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::{Answer, Evaluator, Question, Tally};
use crate::{
    facts::vulnerabilities::{Body, Coverage, GROUP, Vulnerability, runs, stale},
    workspace::Severity,
};

pub(super) const EVALUATORS: &[Evaluator] = &[
    Evaluator { name: "vulnerability-remediation", subjects: "vulnerability reports", alone: true, ask: remediation },
    Evaluator { name: "vulnerability-report-age", subjects: "vulnerability reports", alone: true, ask: age },
    Evaluator { name: "vulnerability-coverage", subjects: "running Pods", alone: false, ask: coverage },
];

/// Identifiers that a message names.
const NAMED: usize = 5;

/// Vulnerabilities that a fix exists for have one within the days that the workspace allows for their severity.
fn remediation(question: &Question<'_, '_>) -> Answer {
    let allowed = &question.bench.policy.remediation_days;
    if allowed.is_empty() {
        return Answer::Manual("the workspace declares no time for remediation (policy.remediation-days)".to_owned());
    }
    let mut tally = Tally::default();
    for (spot, object) in question.objects(GROUP, "VulnerabilityReport") {
        tally.subject();
        let report = match object.body::<Body>() {
            Ok(body) => body.report,
            Err(error) => {
                tally.odd(spot, error);
                continue;
            }
        };
        let Some(vulnerabilities) = &report.vulnerabilities else {
            if report.counts().total() > 0 {
                tally.odd(spot, "the snapshot holds sums, not the vulnerabilities themselves");
            }
            continue;
        };
        let mut late: BTreeMap<std::cmp::Reverse<Severity>, Vec<&str>> = BTreeMap::new();
        for vulnerability in vulnerabilities.iter().filter(|vulnerability| vulnerability.fixable()) {
            let Some((severity, days)) = severity(vulnerability).and_then(|it| Some((it, allowed.get(&it)?))) else {
                continue;
            };
            // Without a date of publication nothing says that it is not late.
            let age = vulnerability.published().map(|published| question.bench.as_of - published);
            if age.is_none_or(|age| age > TimeDelta::days((*days).into())) {
                late.entry(std::cmp::Reverse(severity)).or_default().push(&vulnerability.id);
            }
        }
        if !late.is_empty() {
            let parts = late.into_iter().map(|(std::cmp::Reverse(severity), ids)| {
                let more = if ids.len() > NAMED { format!(" and {} more", ids.len() - NAMED) } else { String::new() };
                let named = ids.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
                format!(
                    "{} {} with a fix, older than {} days: {named}{more}",
                    ids.len(),
                    word(severity),
                    allowed[&severity]
                )
            });
            tally.fail(spot, parts.collect::<Vec<_>>().join("; "));
        }
    }
    tally.answer()
}

fn severity(vulnerability: &Vulnerability) -> Option<Severity> {
    match &*vulnerability.severity {
        "CRITICAL" => Some(Severity::Critical),
        "HIGH" => Some(Severity::High),
        "MEDIUM" => Some(Severity::Medium),
        "LOW" => Some(Severity::Low),
        _ => None,
    }
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "critical",
        Severity::High => "high",
        Severity::Medium => "medium",
        Severity::Low => "low",
    }
}

fn age(question: &Question<'_, '_>) -> Answer {
    let days = question.bench.policy.report_days;
    let mut tally = Tally::default();
    for (spot, object) in question.objects(GROUP, "VulnerabilityReport") {
        tally.subject();
        match object.body::<Body>() {
            Err(error) => tally.odd(spot, error),
            Ok(body) => {
                let updated = body.report.update_timestamp;
                if stale(updated, days, question.bench.as_of) {
                    tally.fail(
                        spot,
                        match updated {
                            Some(updated) => format!(
                                "report.updateTimestamp = {}, {} days ago; at most {days} are allowed",
                                updated.date_naive(),
                                (question.bench.as_of - updated).num_days()
                            ),
                            None => "report.updateTimestamp is not set".to_owned(),
                        },
                    );
                }
            }
        }
    }
    tally.answer()
}

fn coverage(question: &Question<'_, '_>) -> Answer {
    let coverage = Coverage::of(question.bench.join.snapshot());
    let mut tally = Tally::default();
    for (spot, object) in question.objects("", "Pod") {
        match runs(object) {
            Err(why) => tally.odd(spot, why),
            Ok(true) => {
                tally.subject();
                if !coverage.covers(question.bench.join, spot, object) {
                    tally.fail(spot, "no report of a scanner speaks of it: it was not scanned");
                }
            }
            Ok(false) => {}
        }
    }
    tally.answer()
}
