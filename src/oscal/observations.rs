//! Observations: what was seen, and on which evidence. Shared by the results and the plan of action.

use serde_json::Value;

use super::{
    assessment_plan::origin,
    build::{Build, line, list, moment, object, own, word},
    requirements::this_system,
};
use crate::assess::{CheckResult, ClusterEvidence, Finding};

fn title(build: &Build<'_>, id: &crate::workspace::CheckId) -> String {
    build.check(id).map_or_else(|| id.to_string(), |check| check.title.clone())
}

fn cluster<'a>(build: &Build<'a>, id: &str) -> Option<&'a ClusterEvidence> {
    build.assessment.clusters.iter().find(|cluster| cluster.header.cluster.id == id)
}

/// Name of the observation of a check on a cluster.
pub(super) fn result_name(result: &CheckResult) -> String {
    format!("{}/{}", result.check, result.cluster)
}

/// What one check said of one cluster, with every list that it was decided on.
pub(super) fn of_result(build: &Build<'_>, result: &CheckResult) -> Value {
    let seen = cluster(build, &result.cluster);
    let snapshot = seen.map(|cluster| build.resource("snapshot", &cluster.digest));
    let evidence = result.evidence.iter().map(|piece| {
        object([
            ("href", snapshot.clone().unwrap_or_default()),
            (
                "description",
                line(format_args!(
                    "{}: {}, {} objects, read {}",
                    piece.path, piece.completeness, piece.count, piece.read_at
                )),
            ),
            (
                "props",
                list(
                    [own("path", &piece.path), own("completeness", &piece.completeness)]
                        .into_iter()
                        .chain((!piece.digest.is_empty()).then(|| own("sha-256", &piece.digest))),
                ),
            ),
        ])
    });
    let collected = result.evidence.iter().map(|piece| piece.read_at).max();
    let collected = collected.or(seen.map(|cluster| cluster.header.ended)).unwrap_or_else(|| build.modified());
    object([
        ("uuid", build.names.id("observation", &result_name(result))),
        ("title", line(title(build, &result.check))),
        ("description", line(format_args!("{}: {}", word(result.outcome).as_str().unwrap_or_default(), result.reason))),
        (
            "props",
            list([
                own("outcome", word(result.outcome).as_str().unwrap_or_default()),
                own("check", &result.check),
                own("cluster", &result.cluster),
            ]),
        ),
        ("methods", list(["TEST".into()])),
        ("types", list(["control-objective".into()])),
        ("origins", origin(build)),
        ("relevant-evidence", list(evidence)),
        ("collected", moment(collected)),
    ])
}

/// What a finding shows: each failing object, and each that an exception covers.
pub(super) fn of_finding(build: &Build<'_>, finding: &Finding) -> Value {
    let subject = finding.component.as_ref().map_or_else(|| this_system(build), |id| build.component(id));
    let objects = finding.objects.iter().map(|it| own("object", format_args!("{}: {}", it.key, it.message)));
    let accepted = finding.excepted.iter().map(|it| own("accepted", format_args!("{}: {}", it.key, it.exception)));
    let seen = cluster(build, &finding.cluster);
    let collected = seen.map_or_else(|| build.modified(), |cluster| cluster.header.ended);
    object([
        ("uuid", build.names.id("finding-observation", &finding.id)),
        ("title", line(title(build, &finding.check))),
        (
            "description",
            line(format_args!(
                "{} objects of cluster {} fail, {} more are accepted risks.",
                finding.objects.len(),
                finding.cluster,
                finding.excepted.len()
            )),
        ),
        ("props", list([own("finding", &finding.id)].into_iter().chain(objects).chain(accepted))),
        ("methods", list(["TEST".into()])),
        ("types", list(["finding".into()])),
        ("origins", origin(build)),
        ("subjects", list([object([("subject-uuid", subject), ("type", "component".into())])])),
        (
            "relevant-evidence",
            list(seen.map(|cluster| {
                object([
                    ("href", build.resource("snapshot", &cluster.digest)),
                    ("description", line(format_args!("Evidence of cluster {}", finding.cluster))),
                ])
            })),
        ),
        ("collected", moment(collected)),
    ])
}
