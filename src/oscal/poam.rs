//! Plan of action and milestones: open findings, accepted risks, and controls that are planned or met in part.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::{
    assessment_plan::{origin, tool},
    build::{Build, fields, line, list, object, own, prose, prose_or},
    metadata, observations, risks,
};
use crate::{
    assess::{Vanished, plan::Item},
    workspace::{Implementation, ImplementationStatus, PoamEntry},
};

pub(super) fn of(build: &Build<'_>) -> Map<String, Value> {
    let framework = build.framework().unwrap_or_default();
    let findings = &build.assessment.findings;
    let unmet = build
        .workspace
        .implementations
        .iter()
        .filter(|it| matches!(it.status, ImplementationStatus::Planned | ImplementationStatus::Partial));
    let closed = build.plan.closed.iter().map(|(it, gone, entry)| (*it, Some(*gone), *entry));
    let unconfirmed = build.plan.unconfirmed.iter().map(|(it, entry)| (*it, None, *entry));
    let vanished: Vec<_> = closed.chain(unconfirmed).collect();
    let mut items: Vec<Value> = build.items().map(|it| of_finding(build, it)).collect();
    items.extend(vanished.iter().map(|(it, gone, entry)| of_vanished(build, it, *gone, *entry)));
    items.extend(unmet.map(|it| of_control(build, it)));
    if items.is_empty() {
        items.push(object([
            ("uuid", build.names.id("poam-item", "@nothing")),
            ("title", "Nothing is open".into()),
            ("description", "No check failed and no control is planned or met in part.".into()),
        ]));
    }
    fields(object([
        ("metadata", metadata::of(build, "Plan of action and milestones")),
        ("import-ssp", object([("href", "system-security-plan.json".into())])),
        (
            "system-id",
            object([("identifier-type", "http://ietf.org/rfc/rfc4122".into()), ("id", build.names.system().into())]),
        ),
        ("local-definitions", object([("components", list([tool(build)]))])),
        ("observations", list(findings.iter().map(|it| observations::of_finding(build, it)))),
        (
            "risks",
            list(
                (build.items().map(|it| risks::of(build, it)))
                    .chain(vanished.iter().map(|(it, gone, _)| risks::of_vanished(build, it, *gone))),
            ),
        ),
        ("poam-items", items.into()),
        ("back-matter", metadata::back_matter(build, [framework], &build.assessment.clusters)),
    ]))
}

fn of_finding(build: &Build<'_>, item: &Item<'_>) -> Value {
    let finding = item.finding;
    let who = item.entry.and_then(|entry| entry.owner.as_ref()).map(|owner| build.workspace.party_name(owner));
    let check = build.check(&finding.check);
    let team = finding.team.as_ref().map_or("nobody", |team| build.workspace.team(team).name.as_str());
    let controls = finding.controls.iter().map(|control| own("control", control));
    object([
        ("uuid", build.names.id("poam-item", &finding.id)),
        (
            "title",
            line(format_args!("Not met: {}", check.map_or(finding.check.as_str(), |check| check.title.as_str()))),
        ),
        ("description", prose_or(check.map_or("", |check| check.rationale.as_str()), finding.check.as_str())),
        (
            "props",
            list(
                [own("POAM-ID", &finding.id), own("owner", team)]
                    .into_iter()
                    .chain(who.map(|who| own("done-by", who)))
                    .chain(item.scheduled.map(|day| own("scheduled", day)))
                    .chain(item.overdue.then(|| own("overdue", "yes")))
                    .chain(controls),
            ),
        ),
        ("origins", origin(build)),
        (
            "related-observations",
            list([object([("observation-uuid", build.names.id("finding-observation", &finding.id))])]),
        ),
        ("related-risks", list([object([("risk-uuid", build.names.id("risk", &finding.id))])])),
        ("remarks", comment(item.entry)),
    ])
}

fn comment(entry: Option<&PoamEntry>) -> Value {
    entry.and_then(|entry| entry.comment.as_deref()).map_or(Value::Null, prose)
}

/// An item of earlier snapshots: closed by complete evidence, or neither shown nor ruled out since.
fn of_vanished(
    build: &Build<'_>,
    vanished: &Vanished,
    gone: Option<DateTime<Utc>>,
    entry: Option<&PoamEntry>,
) -> Value {
    let check = build.check(&vanished.check);
    let title = check.map_or(vanished.check.as_str(), |check| check.title.as_str());
    let state = gone.map_or_else(
        || own("state", "unconfirmed"),
        |gone| own("state", format_args!("closed {}", gone.format("%Y-%m-%d"))),
    );
    object([
        ("uuid", build.names.id("poam-item", &vanished.id)),
        ("title", line(format_args!("Not met: {title}"))),
        ("description", prose_or(check.map_or("", |check| check.rationale.as_str()), title)),
        ("props", list([own("POAM-ID", &vanished.id), state])),
        ("origins", origin(build)),
        ("related-risks", list([object([("risk-uuid", build.names.id("risk", &vanished.id))])])),
        ("remarks", comment(entry)),
    ])
}

fn of_control(build: &Build<'_>, implementation: &Implementation) -> Value {
    let planned = implementation.status == ImplementationStatus::Planned;
    let name = format!("@control/{}", implementation.control);
    let title = build.control_title(&implementation.control);
    object([
        ("uuid", build.names.id("poam-item", &name)),
        ("title", line(format_args!("{title} is {}", if planned { "planned" } else { "met in part" }))),
        ("description", prose_or(&implementation.narrative, &title)),
        (
            "props",
            list(
                [
                    own("owner", &build.workspace.team(&implementation.team).name),
                    own("control", &implementation.control),
                ]
                .into_iter()
                .chain(implementation.review_by.map(|day| own("review-by", day))),
            ),
        ),
    ])
}
