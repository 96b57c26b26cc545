//! Assessment results: every question's answer with its evidence, and what the answers say of each control.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{
    assessment_plan::{assets, origin, reviewed},
    build::{Build, fields, line, list, moment, object, own, word},
    metadata, observations, other_tools, risks,
};
use crate::{
    assess::{ControlPosture, Standing},
    workspace::ControlId,
};

pub(super) fn of(build: &Build<'_>) -> Map<String, Value> {
    let framework = build.framework().unwrap_or_default();
    let clusters = &build.assessment.clusters;
    let selected: BTreeSet<&ControlId> = build.selected.iter().collect();
    let start = clusters.iter().map(|cluster| cluster.header.started).min().unwrap_or_else(|| build.modified());
    let end = clusters.iter().map(|cluster| cluster.header.ended).max().unwrap_or(start);
    let findings = &build.assessment.findings;
    let observed = (build.assessment.results.iter().map(|it| observations::of_result(build, it)))
        .chain(findings.iter().map(|it| observations::of_finding(build, it)))
        .chain(other_tools::observations(build));
    let names: Vec<&str> = clusters.iter().map(|cluster| cluster.header.cluster.id.as_str()).collect();
    let result = object([
        ("uuid", build.names.id("result", &clusters.iter().map(|it| it.digest.as_str()).collect::<Vec<_>>().join("+"))),
        ("title", line(format_args!("What was read of {}", names.join(", ")))),
        (
            "description",
            "One reading of each cluster. It says what was so at that time, not before and not since.".into(),
        ),
        ("start", moment(start)),
        ("end", moment(end)),
        (
            "local-definitions",
            object([("components", other_tools::components(build)), ("assessment-assets", assets(build))]),
        ),
        ("reviewed-controls", reviewed(build)),
        ("observations", list(observed)),
        ("risks", list(build.items().map(|it| risks::of(build, it)))),
        (
            "findings",
            list(
                build
                    .assessment
                    .controls
                    .iter()
                    .filter(|it| selected.contains(&it.control))
                    .filter_map(|it| finding(build, it)),
            ),
        ),
    ]);
    fields(object([
        ("metadata", metadata::of(build, "Assessment results")),
        ("import-ap", object([("href", "assessment-plan.json".into())])),
        ("results", list([result])),
        ("back-matter", metadata::back_matter(build, [framework], clusters)),
    ]))
}

/// What the checks say of a control. Only what was decided on complete evidence is said: OSCAL has no word for a
/// control that nobody could look at, so such a control has observations and no finding.
fn finding(build: &Build<'_>, posture: &ControlPosture) -> Option<Value> {
    let (state, reason) = match posture.standing {
        Standing::Passing => ("satisfied", "pass"),
        Standing::Failing | Standing::Contradicted => ("not-satisfied", "fail"),
        Standing::Incomplete => ("not-satisfied", "other"),
        _ => return None,
    };
    let control = build.control(&posture.control);
    let results = build.assessment.results.iter();
    let related = results.filter(|it| posture.checks.contains(&it.check) && it.outcome.is_decided());
    let related =
        related.map(|it| object([("observation-uuid", build.names.id("observation", &observations::result_name(it)))]));
    let risks = posture.findings.iter().map(|id| object([("risk-uuid", build.names.id("risk", id))]));
    let coverage = format!("{} of {} checks decided", posture.observed, posture.needed);
    let said = match posture.standing {
        Standing::Incomplete => "It is declared as planned or met in part.",
        Standing::Passing => {
            "The checks that serve this control pass. Parts of the control that no check asks about are answered in the plan alone."
        }
        _ => "At least one check that serves this control fails.",
    };
    Some(object([
        ("uuid", build.names.id("finding", posture.control.as_str())),
        ("title", line(build.control_title(&posture.control))),
        ("description", said.into()),
        (
            "props",
            list([own("coverage", coverage), own("standing", word(posture.standing).as_str().unwrap_or_default())]),
        ),
        ("origins", origin(build)),
        (
            "target",
            object([
                ("type", "statement-id".into()),
                ("target-id", format!("{control}_smt").into()),
                ("status", object([("state", state.into()), ("reason", reason.into())])),
            ]),
        ),
        ("related-observations", list(related)),
        ("related-risks", list(risks)),
        ("remarks", posture.contradiction.as_deref().map_or(Value::Null, line)),
    ]))
}
