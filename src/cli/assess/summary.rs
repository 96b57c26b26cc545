//! A comment on a pull request, in GitHub's Markdown: what to act on first, everything else folded away.
//!
//! Names and messages stand in code spans, where nothing is a link, a mention or markup; longer than a comment may be,
//! rows and names are left out, and counted.

use super::{
    report::{Report, Standing, bent, keys},
    severity,
};
use crate::{
    assess::{ExceptionState, Finding},
    cli::{evidence::escaped, workspace::counted},
    markdown::{code, inline},
    workspace::Severity,
};

/// What GitHub and GitLab take in one comment, less a margin.
const LONGEST: usize = 60_000;

/// How much is shown: rows a team, names a row. The first that fits is taken.
const SIZES: [(usize, usize); 4] = [(60, 12), (30, 5), (10, 3), (3, 1)];

pub(super) fn summary(report: &Report<'_>) -> String {
    let mut text = String::new();
    for (rows, most) in SIZES {
        text = sized(report, rows, most);
        if text.len() <= LONGEST {
            break;
        }
    }
    if text.len() > LONGEST {
        // Only very many teams get here: the counts alone.
        text = format!("{}\n\n{}", head(report), counts(report));
    }
    text
}

fn sized(report: &Report<'_>, rows: usize, most: usize) -> String {
    let mut parts = vec![head(report)];
    if report.open().next().is_some() {
        parts.push(counts(report));
    }
    for (_, name, findings) in report.by_team() {
        let worst = findings.first().map(|finding| severity(finding.severity)).unwrap_or_default();
        let title = format!("{}: {}, worst {worst}", html(name), counted(findings.len(), "finding"));
        parts.push(folded(&title, &table(report, &findings, rows, most)));
    }
    let causes = report.causes();
    if !causes.is_empty() {
        let lines = causes.iter().take(rows).map(|(cause, found)| {
            let ids: Vec<String> = found.iter().map(|id| code(id)).collect();
            let (title, team) = (inline(report.title(&cause.check)), inline(report.team(cause)));
            format!("- {} ({team}), not met: {title}. It let in {}", code(&cause.id), ids.join(", "))
        });
        parts.push(folded("What let these in", &lines.collect::<Vec<_>>().join("\n")));
    }
    parts.extend(remediation(report, rows));
    parts.extend(exceptions(report, rows));
    parts.extend(unanswered(report));
    if !report.bent.is_empty() {
        let lines: Vec<String> = report.bent.iter().take(rows).map(|it| format!("- {}", inline(&bent(it)))).collect();
        parts.push(folded("What bent this result", &lines.join("\n")));
    }
    parts.join("\n\n")
}

fn head(report: &Report<'_>) -> String {
    let mut text = format!("### scopefence: {}\n", report.headline());
    for line in report.rests_on() {
        text.push_str(&format!("\n{}.", inline(&line)));
    }
    if report.pristine {
        text.push_str("\nBuilt-in rules alone: nothing that the workspace switched off, changed or accepted.");
    }
    text
}

fn counts(report: &Report<'_>) -> String {
    let mut text = "| Team | critical | high | medium | low |\n| --- | ---: | ---: | ---: | ---: |".to_owned();
    for (_, name, findings) in report.by_team() {
        text.push_str(&format!("\n| {} |", inline(name)));
        for wanted in Severity::ALL {
            let count = findings.iter().filter(|finding| finding.severity == wanted).count();
            text.push_str(&if count == 0 { "  |".to_owned() } else { format!(" {count} |") });
        }
    }
    text
}

fn table(report: &Report<'_>, findings: &[&Finding], rows: usize, most: usize) -> String {
    let mut text = "| Severity | Not met | Objects | Due | Finding |\n| --- | --- | --- | --- | --- |".to_owned();
    for finding in findings.iter().take(rows) {
        let keys = keys(&finding.objects);
        let objects = keys.iter().take(most).map(|key| {
            let name = cell(&key.to_string());
            match report.files.and_then(|files| files.place(key)) {
                Some(place) => format!("{name} ({})", cell(&format!("{}:{}", place.file.display(), place.line))),
                None => name,
            }
        });
        let mut objects = objects.collect::<Vec<_>>().join(", ");
        if keys.len() > most {
            objects.push_str(&format!(" and {} more", keys.len() - most));
        }
        text.push_str(&format!(
            "\n| {} | {} | {objects} | {} | {} |",
            severity(finding.severity),
            inline(report.title(&finding.check)),
            finding.due.map(|due| due.to_string()).unwrap_or_default(),
            code(&finding.id)
        ));
    }
    if findings.len() > rows {
        text.push_str(&format!("\n\n… and {} more.", findings.len() - rows));
    }
    text
}

/// What the owners do, once a check.
fn remediation(report: &Report<'_>, rows: usize) -> Option<String> {
    let mut checks: Vec<_> = report.open().filter_map(|finding| report.check(&finding.check)).collect();
    checks.dedup_by_key(|check| &check.id);
    let mut seen = std::collections::BTreeSet::new();
    checks.retain(|check| seen.insert(&check.id));
    if checks.is_empty() || rows < SIZES[1].0 {
        return None;
    }
    let text: Vec<String> =
        checks.iter().map(|check| format!("**{}**\n\n{}", inline(&check.title), check.remediation)).collect();
    Some(folded("How to remedy", &text.join("\n\n")))
}

fn exceptions(report: &Report<'_>, rows: usize) -> Option<String> {
    if report.exceptions.is_empty() {
        return None;
    }
    let mut text = "| Exception | Covers | Owner | Approver | Until |\n| --- | --- | --- | --- | --- |".to_owned();
    for used in report.exceptions.iter().take(rows) {
        let covers = match used.state {
            ExceptionState::InForce => counted(used.matched, "object"),
            ExceptionState::Unused => "nothing: remove it".to_owned(),
            ExceptionState::NotAsked => "not known".to_owned(),
            ExceptionState::Expired => format!("**expired**, {} open again", counted(used.lapsed, "object")),
        };
        let (owner, approver) = (inline(used.owner), inline(used.approver));
        text.push_str(&format!(
            "\n| {} ({}) | {covers} | {owner} | {approver} | {} |",
            code(used.exception.as_str()),
            code(used.check.as_str()),
            used.expires
        ));
    }
    Some(folded(&counted(report.exceptions.len(), "exception"), &text))
}

/// Checks without an answer: none of them passed.
fn unanswered(report: &Report<'_>) -> Option<String> {
    let of = |wanted: &[Standing]| {
        let lines = report.results.iter().filter(|line| wanted.contains(&line.standing));
        lines.map(|line| code(line.result.check.as_str())).collect::<Vec<_>>()
    };
    let groups = [
        ("Need the live cluster", of(&[Standing::NeedsCluster])),
        ("Evidence missing, incomplete or too old", of(&[Standing::NotAnswered])),
        ("Could not be evaluated", of(&[Standing::Error])),
        ("Need a person", of(&[Standing::Manual])),
    ];
    let count: usize = groups.iter().map(|(_, checks)| checks.len()).sum();
    let lines = groups.iter().filter(|(_, checks)| !checks.is_empty());
    let lines: Vec<String> = lines.map(|(what, checks)| format!("- {what}: {}", checks.join(", "))).collect();
    (count > 0).then(|| folded(&format!("{} not answered", counted(count, "check")), &lines.join("\n")))
}

/// A code span in a table's cell.
fn cell(text: &str) -> String {
    code(&escaped(text)).replace('|', "\\|")
}

fn folded(title: &str, body: &str) -> String {
    format!("<details><summary>{title}</summary>\n\n{body}\n\n</details>")
}

fn html(text: &str) -> String {
    escaped(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
