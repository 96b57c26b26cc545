//! What other tools say, as observations with those tools as their origin: one a file, one a contradiction.
//!
//! They stand beside ours, under no finding: nobody here saw what those tools saw.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveTime, Utc};
use serde_json::Value;

use super::build::{Build, line, list, moment, object, own, word};
use crate::{
    assess::{BesideFile, Disagreement, Outcome},
    results::When,
};

/// The tools, once each.
pub(super) fn components(build: &Build<'_>) -> Value {
    let mut tools: BTreeMap<&str, Option<&str>> = BTreeMap::new();
    for file in &build.assessment.beside.files {
        let version = tools.entry(&file.tool).or_default();
        *version = version.or(file.tool_version.as_deref());
    }
    list(tools.into_iter().map(|(tool, version)| {
        object([
            ("uuid", build.names.id("other-tool", tool)),
            ("type", "software".into()),
            ("title", line(tool)),
            ("description", "Another tool, whose results somebody supplied.".into()),
            ("props", list(version.map(|version| own("version", version)))),
            ("status", object([("state", "other".into()), ("remarks", "Run by others.".into())])),
        ])
    }))
}

/// An observation a file, and one a contradiction.
pub(super) fn observations<'b>(build: &'b Build<'_>) -> impl Iterator<Item = Value> + 'b {
    let beside = &build.assessment.beside;
    let files = beside.files.iter().map(|it| of_file(build, it));
    files.chain(beside.disagreements.iter().map(|it| of_disagreement(build, it)))
}

fn of_file(build: &Build<'_>, file: &BesideFile) -> Value {
    let said = |outcome: &Outcome| word(*outcome).as_str().unwrap_or_default().to_owned();
    let counts: Vec<String> = file.counts.iter().map(|(outcome, count)| format!("{count} {}", said(outcome))).collect();
    let rules = if counts.is_empty() { "no rule is listed".to_owned() } else { counts.join(", ") };
    object([
        ("uuid", build.names.id("other-results", &file.file)),
        ("title", line(format_args!("Results of {}", file.tool))),
        (
            "description",
            line(format_args!("Rules by the worst that was said of them: {rules}. Supplied, not collected.")),
        ),
        (
            "props",
            list(
                [own("evidence", "supplied"), own("file", &file.file), own("sha-256", &file.digest)]
                    .into_iter()
                    .chain([own("original", &file.original), own("original-sha-256", &file.original_digest)])
                    .chain(file.cluster.iter().map(|cluster| own("cluster", cluster))),
            ),
        ),
        ("methods", list(["EXAMINE".into()])),
        ("origins", origin(build, &file.tool)),
        ("collected", moment(time(file.observed))),
    ])
}

fn of_disagreement(build: &Build<'_>, it: &Disagreement) -> Value {
    let name = format!("{}/{}/{}/{}", it.check, it.cluster, it.file, it.rule);
    let said = |outcome| word(outcome).as_str().unwrap_or_default().to_owned();
    let (theirs, ours) = (said(it.theirs), said(it.ours));
    object([
        ("uuid", build.names.id("contradiction", &name)),
        ("title", line(format_args!("{} contradicts the check {}", it.tool, it.check))),
        (
            "description",
            line(format_args!(
                "Rule {} of {} says {theirs}, seen {}; the check {} says {ours}, seen {}.",
                it.rule,
                it.tool,
                it.their_observed,
                it.check,
                it.observed.format("%Y-%m-%dT%H:%M:%SZ")
            )),
        ),
        (
            "props",
            list([
                own("check", &it.check),
                own("cluster", &it.cluster),
                own("outcome", &ours),
                own("other-rule", &it.rule),
                own("other-outcome", &theirs),
                own("file", &it.file),
            ]),
        ),
        ("methods", list(["EXAMINE".into()])),
        ("origins", origin(build, &it.tool)),
        ("collected", moment(time(it.their_observed))),
    ])
}

fn origin(build: &Build<'_>, tool: &str) -> Value {
    let actor = object([("type", "tool".into()), ("actor-uuid", build.names.id("other-tool", tool))]);
    list([object([("actors", list([actor]))])])
}

/// A day that somebody says begins at midnight.
fn time(when: When) -> DateTime<Utc> {
    match when {
        When::Time(time) => time,
        When::Day(day) => day.and_time(NaiveTime::MIN).and_utc(),
    }
}
