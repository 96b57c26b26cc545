//! Assessment plan: which questions are asked of the cluster, and what people do again and again.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{
    build::{Build, control_token, fields, line, list, object, own, prose_or, responsible, word},
    metadata,
};
use crate::{
    assess::Check,
    workspace::{ControlId, RecurringAssessment},
};

pub(super) fn of(build: &Build<'_>) -> Map<String, Value> {
    let framework = build.framework().unwrap_or_default();
    let selected: BTreeSet<&ControlId> = build.selected.iter().collect();
    let enabled = build.assessment.checks.iter().filter(|check| check.disabled.is_none());
    fields(object([
        ("metadata", metadata::of(build, "Assessment plan")),
        ("import-ssp", object([("href", "system-security-plan.json".into())])),
        ("local-definitions", object([("activities", list(enabled.map(|check| activity(build, check, &selected))))])),
        ("reviewed-controls", reviewed(build)),
        (
            "assessment-subjects",
            list([object([("type", "component".into()), ("include-all", Value::Object(Map::new()))])]),
        ),
        ("assessment-assets", assets(build)),
        ("tasks", list(build.workspace.assessments.iter().map(|it| task(build, it)))),
        ("back-matter", metadata::back_matter(build, [framework], &[])),
    ]))
}

/// The controls that are looked at.
pub(super) fn reviewed(build: &Build<'_>) -> Value {
    let ids = build.selected.iter().map(|it| object([("control-id", build.control(it).into())]));
    object([("control-selections", list([object([("include-controls", list(ids))])]))])
}

/// The program that asks.
pub(super) fn assets(build: &Build<'_>) -> Value {
    let tool = tool(build);
    let platform = object([
        ("uuid", build.names.id("platform", "scopefence")),
        ("title", "scopefence on a machine of the platform team".into()),
        ("uses-components", list([object([("component-uuid", tool["uuid"].clone())])])),
    ]);
    object([("components", list([tool])), ("assessment-platforms", list([platform]))])
}

/// The program as a component.
pub(super) fn tool(build: &Build<'_>) -> Value {
    object([
        ("uuid", build.names.id("tool", "scopefence")),
        ("type", "software".into()),
        ("title", "scopefence".into()),
        ("description", "Reads the cluster without changing it and asks the checks of this plan.".into()),
        ("props", list([own("version", env!("CARGO_PKG_VERSION"))])),
        ("status", object([("state", "operational".into())])),
    ])
}

/// Where an answer came from: the program.
pub(super) fn origin(build: &Build<'_>) -> Value {
    let actor = object([("type", "tool".into()), ("actor-uuid", build.names.id("tool", "scopefence"))]);
    list([object([("actors", list([actor]))])])
}

fn activity(build: &Build<'_>, check: &Check, selected: &BTreeSet<&ControlId>) -> Value {
    let selected = check.controls.iter().filter(|it| selected.contains(it));
    let related: Vec<String> = selected.map(control_token).collect();
    let related = match related.is_empty() {
        true => Value::Null,
        false => {
            let ids = related.into_iter().map(|id| object([("control-id", id.into())]));
            object([("control-selections", list([object([("include-controls", list(ids))])]))])
        }
    };
    object([
        ("uuid", build.names.id("check", check.id.as_str())),
        ("title", line(&check.title)),
        ("description", prose_or(&check.rationale, &check.title)),
        (
            "props",
            list(
                [
                    super::build::property("method", "TEST"),
                    own("check", &check.id),
                    own("severity", word(check.severity).as_str().unwrap_or_default()),
                ]
                .into_iter()
                .chain(check.needs.iter().map(|kind| own("needs", kind))),
            ),
        ),
        ("related-controls", related),
    ])
}

fn task(build: &Build<'_>, assessment: &RecurringAssessment) -> Value {
    let timing = assessment
        .next
        .map_or(Value::Null, |day| object([("on-date", object([("date", format!("{day}T00:00:00Z").into())]))]));
    object([
        ("uuid", build.names.id("assessment", &assessment.id)),
        ("type", "action".into()),
        ("title", line(&assessment.title)),
        ("description", prose_or(&assessment.method, &assessment.title)),
        (
            "props",
            list(
                [own("frequency", &assessment.frequency)]
                    .into_iter()
                    .chain(assessment.last.map(|day| own("last", day))),
            ),
        ),
        ("timing", timing),
        ("responsible-roles", list([responsible("asset-owner", [build.team(&assessment.team)])])),
    ])
}
