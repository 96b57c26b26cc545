//! The report for a terminal: findings by team, what let them in, accepted risks, checks, what bent the result.

use super::{
    outcome,
    report::{Line, OtherTools, Report, Standing, bent, keys, names},
    severity,
};
use crate::{
    assess::{ExceptionState, Finding, Outcome},
    cli::{
        evidence::{escaped, table},
        workspace::counted,
    },
};

/// Names in one cell or line.
const MOST: usize = 20;

pub(super) fn text(report: &Report<'_>) -> String {
    let mut parts = vec![escaped_lines(&report.rests_on())];
    if report.pristine {
        parts.push(
            "pristine: built-in rules alone; nothing that the workspace switched off, changed or accepted".to_owned(),
        );
    }
    for (_, name, findings) in report.by_team() {
        parts.push(format!("{} ({})\n{}", escaped(name), findings.len(), rows(&findings)));
    }
    let causes: Vec<String> = report
        .causes()
        .into_iter()
        .map(|(cause, found)| {
            let (title, team) = (report.title(&cause.check), report.team(cause));
            escaped(&format!("{} ({team}; not met: {title}) let in {}", cause.id, found.join(", ")))
        })
        .collect();
    if !causes.is_empty() {
        parts.push(format!("what let these in:\n{}", causes.join("\n")));
    }
    parts.extend(exceptions(report));
    let plan = [("past their date", &report.plan.overdue), ("in the plan without a finding", &report.plan.orphans)];
    for (what, ids) in plan.into_iter().filter(|(_, ids)| !ids.is_empty()) {
        parts.push(format!("{what}: {}", escaped(&ids.join(", "))));
    }
    parts.push(match report.files {
        Some(_) => before_deployment(report),
        None => checks(report),
    });
    let contradictions: Vec<String> = report
        .controls
        .iter()
        .filter_map(|posture| Some(format!("{}: {}", posture.control, posture.contradiction.as_ref()?)))
        .collect();
    if !contradictions.is_empty() && report.files.is_none() {
        parts.push(format!("contradictions: {}\n{}", contradictions.len(), contradictions.join("\n")));
    }
    parts.extend(report.other_tools.as_ref().map(other_tools));
    if !report.bent.is_empty() {
        let lines: Vec<String> = report.bent.iter().map(bent).collect();
        parts.push(format!("what bent this:\n{}", escaped_lines(&lines)));
    }
    parts.push(report.headline());
    parts.join("\n\n") + "\n"
}

fn escaped_lines(lines: &[String]) -> String {
    lines.iter().map(|line| escaped(line)).collect::<Vec<_>>().join("\n")
}

fn rows(findings: &[&Finding]) -> String {
    let rows = findings.iter().map(|finding| {
        vec![
            severity(finding.severity).to_owned(),
            finding.check.to_string(),
            finding.component.as_ref().map(ToString::to_string).unwrap_or_default(),
            names(&keys(&finding.objects), MOST),
            if finding.excepted.is_empty() { String::new() } else { finding.excepted.len().to_string() },
            finding.due.map(|due| due.to_string()).unwrap_or_default(),
            finding.id.clone(),
        ]
    });
    table(&["severity", "check", "component", "~objects", "accepted", "due", "finding"], rows)
}

/// Accepted risks, and exceptions that accept nothing.
fn exceptions(report: &Report<'_>) -> Option<String> {
    if report.exceptions.is_empty() {
        return None;
    }
    let idle = |state| matches!(state, ExceptionState::Expired | ExceptionState::Unused);
    let idle = report.exceptions.iter().filter(|used| idle(used.state)).count();
    let rows = report.exceptions.iter().map(|used| {
        let covers = match used.state {
            ExceptionState::InForce => used.objects.join(", "),
            ExceptionState::Unused => "nothing: remove it".to_owned(),
            ExceptionState::NotAsked => "not known: its check was not answered".to_owned(),
            ExceptionState::Expired if used.lapsed > 0 => {
                format!("expired: {} open again", counted(used.lapsed, "object"))
            }
            ExceptionState::Expired => "expired".to_owned(),
        };
        let who = format!("{}, approved by {}", used.owner, used.approver);
        vec![used.exception.to_string(), used.check.to_string(), covers, who, used.expires.to_string()]
    });
    let head = ["exception", "check", "~covers", "~owner", "until"];
    let idle = if idle > 0 { format!(", of which {idle} cover nothing") } else { String::new() };
    Some(format!("exceptions: {}{idle}\n{}", report.exceptions.len(), table(&head, rows)))
}

/// What other tools say, which changes nothing of the rest.
fn other_tools(other: &OtherTools<'_>) -> String {
    let rows = other.files.iter().map(|file| {
        let count = |outcome| file.rules.get(&outcome).copied().unwrap_or_default();
        let (fail, pass) = (count(Outcome::Fail), count(Outcome::Pass));
        let neither = file.rules.values().sum::<usize>() - fail - pass;
        let version = file.tool_version.map(|version| format!(" {version}")).unwrap_or_default();
        let stale = if file.stale { ", stale" } else { "" };
        vec![
            format!("{}{version}", file.tool),
            file.cluster.unwrap_or_default().to_owned(),
            format!("{}{stale}", file.observed),
            fail.to_string(),
            pass.to_string(),
            neither.to_string(),
            file.file.rsplit('/').next().unwrap_or_default().to_owned(),
        ]
    });
    let head = ["tool", "cluster", "looked", "fail", "pass", "neither", "~file in evidence/results"];
    let mut parts = vec![format!(
        "other tools: {} of results, which change nothing of the above\n{}",
        counted(other.files.len(), "file"),
        table(&head, rows)
    )];
    let contradictions = other.disagreements.iter().map(|it| {
        let ours = format!("{} ({}, {})", it.check, outcome(it.ours), it.observed.format("%Y-%m-%d %H:%M"));
        format!("{ours} against {} {} ({}, {})", it.tool, it.rule, outcome(it.theirs), it.their_observed)
    });
    let contradictions: Vec<String> = contradictions.collect();
    if !contradictions.is_empty() {
        parts.push(format!("they contradict our checks: {}\n{}", contradictions.len(), escaped_lines(&contradictions)));
    }
    if !other.open.is_empty() {
        let some = other.open.iter().take(MOST).map(|point| format!("{} {}", point.tool, point.rule));
        let more = other.open.len().checked_sub(MOST).filter(|more| *more > 0);
        let more = more.map(|more| format!(" and {more} more")).unwrap_or_default();
        let some = some.collect::<Vec<_>>().join(", ");
        parts.push(format!("only they found: {}\n{}{more}", other.open.len(), escaped(&some)));
    }
    parts.join("\n")
}

fn checks(report: &Report<'_>) -> String {
    let several = report.assessment.clusters.len() > 1;
    let rows = report.results.iter().map(|Line { result, .. }| {
        let mut row = vec![result.check.to_string()];
        row.extend(several.then(|| result.cluster.clone()));
        row.extend([outcome(result.outcome).to_owned(), result.reason.clone()]);
        row
    });
    let mut head = vec!["check"];
    head.extend(several.then_some("cluster"));
    head.extend(["outcome", "~why"]);
    let sound =
        |line: &&Line<'_>| matches!(line.result.outcome, Outcome::Pass | Outcome::Fail | Outcome::NotApplicable);
    format!(
        "checks: {}, of which {} rest on complete evidence\n{}",
        report.results.len(),
        report.results.iter().filter(sound).count(),
        table(&head, rows)
    )
}

/// Checks of files by what is known: what they show is judged, what only the cluster shows is said.
fn before_deployment(report: &Report<'_>) -> String {
    let of = |standings: &[Standing]| {
        let lines = report.results.iter().filter(|line| standings.contains(&line.standing));
        lines.map(|line| line.result.check.to_string()).collect::<Vec<_>>()
    };
    let mut parts = vec![format!("checks: {}", report.results.len())];
    let mut say = |what: &str, checks: Vec<String>| {
        if !checks.is_empty() {
            let more = checks.len().checked_sub(MOST).filter(|more| *more > 0);
            let more = more.map(|more| format!(" and {more} more")).unwrap_or_default();
            let some: Vec<&str> = checks.iter().take(MOST).map(String::as_str).collect();
            parts.push(format!("  {what} ({}): {}{more}", checks.len(), some.join(", ")));
        }
    };
    say("fail", of(&[Standing::Fails]));
    say("fail, but nothing asked for", of(&[Standing::FailsElsewhere]));
    say("found nothing wrong in these files", of(&[Standing::Passes, Standing::NothingFound]));
    say("need the live cluster", of(&[Standing::NeedsCluster, Standing::NotAnswered]));
    say("need a person", of(&[Standing::Manual]));
    say("have nothing to ask about", of(&[Standing::NotApplicable]));
    for line in report.results.iter().filter(|line| line.standing == Standing::Error) {
        parts.push(format!("  error in {}: {}", line.result.check, escaped(&line.result.reason)));
    }
    parts.join("\n")
}
