//! Observations and risks: what was seen, on which evidence, and what follows from it. Shared by the results and the
//! plan of action.

use serde_json::Value;

use super::{
    assessment_plan::origin,
    build::{Build, day_end, line, list, moment, object, own, prose, word},
    requirements::{severity, this_system},
};
use crate::{
    assess::{CheckResult, ClusterEvidence, Finding},
    workspace::ExceptionId,
};

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

/// What a finding means: a risk with its owner, and until when it is to be gone.
pub(super) fn risk(build: &Build<'_>, finding: &Finding) -> Value {
    let check = build.check(&finding.check);
    let owner = finding.team.as_ref().map(|team| build.workspace.team(team));
    let facet = object([
        ("name", "severity".into()),
        ("system", super::build::NAMESPACE.into()),
        ("value", severity(finding.severity)),
    ]);
    let remediation = check.filter(|check| !check.remediation.trim().is_empty()).map(|check| {
        object([
            ("uuid", build.names.id("response", &finding.id)),
            ("lifecycle", "recommendation".into()),
            ("title", line(format_args!("Remediate: {}", check.title))),
            ("description", prose(&check.remediation)),
        ])
    });
    object([
        ("uuid", build.names.id("risk", &finding.id)),
        ("title", line(title(build, &finding.check))),
        (
            "description",
            line(format_args!(
                "Finding {} in {} of cluster {}, first seen {}.",
                finding.id,
                finding.component.as_ref().map_or("objects that nobody claims", |id| build
                    .workspace
                    .component(id)
                    .title
                    .as_str()),
                finding.cluster,
                finding.first_seen.format("%Y-%m-%d"),
            )),
        ),
        ("statement", prose(check.map_or("", |check| check.rationale.as_str()))),
        ("props", list([own("finding", &finding.id), own("owner", owner.map_or("nobody", |team| team.name.as_str()))])),
        ("status", if finding.is_open() { "open" } else { "deviation-approved" }.into()),
        ("origins", origin(build)),
        ("characterizations", list([object([("origin", origin(build)[0].clone()), ("facets", list([facet]))])])),
        ("mitigating-factors", list(exceptions(finding).filter_map(|id| mitigation(build, finding, id)))),
        ("deadline", finding.due.map_or(Value::Null, day_end)),
        ("remediations", list(remediation)),
        (
            "related-observations",
            list([object([("observation-uuid", build.names.id("finding-observation", &finding.id))])]),
        ),
    ])
}

fn exceptions(finding: &Finding) -> impl Iterator<Item = &ExceptionId> {
    let mut ids: Vec<_> = finding.excepted.iter().map(|it| &it.exception).collect();
    ids.sort();
    ids.dedup();
    ids.into_iter()
}

fn mitigation(build: &Build<'_>, finding: &Finding, id: &ExceptionId) -> Option<Value> {
    let exception = build.workspace.exceptions.iter().find(|exception| exception.id == *id)?;
    let instead = exception.compensating.as_deref().unwrap_or("nothing is declared in its place");
    Some(object([
        ("uuid", build.names.id("mitigating-factor", &format!("{}/{id}", finding.id))),
        (
            "description",
            line(format_args!(
                "Accepted until {} by {}: {} Instead: {instead}",
                exception.expires,
                build.workspace.party_name(&exception.approver),
                exception.reason
            )),
        ),
    ]))
}
