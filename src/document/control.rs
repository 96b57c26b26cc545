//! Document control, and the disclosure of what bent a document (DESIGN rule 6).

use super::{
    nodes::Ctx,
    templates::{Declared, Templates},
    tree::{ControlBlock, Disclosure, Influence},
    words,
};
use crate::{
    assess::{self, Bent, ExceptionState},
    snapshot::Source,
    workspace::{CheckId, ExceptionId, Party, Team},
};

/// The control block of a document.
pub(super) fn block(ctx: &Ctx<'_>, declared: &Declared, team: Option<&Team>, framework: Option<&str>) -> ControlBlock {
    let control = &ctx.ws.control;
    let suffix = declared
        .suffix
        .replace("{team}", &team.map_or(String::new(), |team| team.id.as_str().to_uppercase()))
        .replace("{framework}", &framework.unwrap_or_default().to_uppercase());
    let name = |party: &Party| ctx.ws.party_name(party).to_owned();
    ControlBlock {
        organisation: ctx.ws.style.organisation.clone(),
        identifier: [control.identifier.as_str(), &suffix]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join("-"),
        version: control.version.clone(),
        author: name(&control.author),
        owner: name(&control.owner),
        approver: name(&control.approver),
        approved: control.approved,
        next_review: control.next_review,
        distribution: control.distribution.clone(),
        retention: control.retention.clone(),
        classification: control.classification.clone(),
        revisions: control
            .revisions
            .iter()
            .map(|row| [row.version.clone(), words::date(row.date), row.author.clone(), row.change.clone()])
            .collect(),
        as_of: ctx.as_of(),
        evidence: match declared.shareable {
            true => None,
            false => Some(ctx.assessment.clusters.iter().map(|cluster| evidence(ctx, cluster)).collect()),
        },
    }
}

fn evidence(ctx: &Ctx<'_>, cluster: &crate::assess::ClusterEvidence) -> String {
    let header = &cluster.header;
    let source = match (header.sample, header.source) {
        (true, _) => "control.sample",
        (false, Source::Collected) => "control.collected",
        (false, Source::Supplied) => "control.supplied",
    };
    ctx.t.fill(
        "control.evidence",
        &[
            ("cluster", &header.cluster.id),
            ("version", header.cluster.version.as_deref().unwrap_or_else(|| ctx.t.t("word.unknown_version"))),
            ("source", ctx.t.t(source)),
            ("time", &words::time(header.ended)),
            ("digest", &cluster.digest),
        ],
    )
}

/// What bent a document that is made from this template.
pub(super) fn disclosures(
    ctx: &Ctx<'_>,
    templates: &Templates,
    declared: &Declared,
    team: Option<&Team>,
) -> Vec<Disclosure> {
    let t = ctx.t;
    let mut out = overridden(ctx, templates, &declared.template);
    let mut say = |kind: Influence, what: &str, detail: String| {
        out.push(Disclosure { what: t.t(what).to_owned(), detail, kind });
    };
    // A brief shows the findings of one team: exceptions for others did not bend it.
    let touches = |exception: &ExceptionId, team: &Team| {
        ctx.assessment.covered(exception).any(|(finding, _)| finding.team.as_ref() == Some(&team.id))
            || ctx.ws.exceptions.iter().any(|declared| declared.id == *exception && of(&declared.owner, team))
    };
    let mut in_force = Vec::new();
    let mut idle = Vec::new();
    for bent in assess::bent(ctx.ws, ctx.assessment) {
        // It rests on no evidence, and whose risks were accepted is not for its readers.
        if declared.shareable && !matches!(bent, Bent::Sample { .. }) {
            continue;
        }
        match bent {
            Bent::Sample { cluster } => {
                let values = [("cluster", &*cluster), ("time", &*observed(ctx, &cluster))];
                say(Influence::Evidence, "disclosure.sample", t.fill("disclosure.sample_detail", &values));
            }
            Bent::Supplied { cluster } => {
                let values = [("cluster", &*cluster), ("time", &*observed(ctx, &cluster))];
                say(Influence::Evidence, "disclosure.supplied", t.fill("disclosure.supplied_detail", &values));
            }
            Bent::Disabled { check, reason } => {
                let values = [("check", check.as_str()), ("reason", &reason)];
                say(Influence::Judgement, "disclosure.disabled", t.fill("disclosure.disabled_detail", &values));
            }
            Bent::Severity { check, severity, reason } => {
                let severity = t.t(words::severity(severity));
                let values = [("check", check.as_str()), ("severity", severity), ("reason", &reason)];
                say(Influence::Judgement, "disclosure.severity", t.fill("disclosure.severity_detail", &values));
            }
            Bent::Param { check, param, now, instead_of, reason } => {
                let values = [
                    ("check", check.as_str()),
                    ("param", &*param),
                    ("now", &*now),
                    ("instead", &*instead_of),
                    ("reason", &*reason),
                ];
                say(Influence::Judgement, "disclosure.param", t.fill("disclosure.param_detail", &values));
            }
            Bent::Replaced { check } => {
                say(
                    Influence::Judgement,
                    "disclosure.replaced",
                    t.fill("disclosure.replaced_detail", &[("check", check.as_str())]),
                );
            }
            Bent::Own { checks } => {
                let list: Vec<&str> = checks.iter().map(CheckId::as_str).collect();
                say(
                    Influence::Judgement,
                    "disclosure.own",
                    t.fill("disclosure.own_detail", &[("list", &list.join(", "))]),
                );
            }
            Bent::LeftOut { policy, namespaces } => {
                let detail = match policy {
                    "privileged-namespaces" => "disclosure.privileged_detail",
                    _ => "disclosure.open_detail",
                };
                say(Influence::Judgement, "disclosure.left_out", t.fill(detail, &[("list", &namespaces.join(", "))]));
            }
            Bent::Exception { exception, state, objects } => {
                if team.is_some_and(|team| !touches(&exception, team)) {
                    continue;
                }
                let expires = ctx.ws.exceptions.iter().find(|declared| declared.id == exception);
                let expires = expires.map(|declared| words::date(declared.expires)).unwrap_or_default();
                let objects = t.count("observed.objects", objects);
                let values = [("exception", exception.as_str()), ("expires", &expires), ("objects", &objects)];
                match state {
                    ExceptionState::InForce | ExceptionState::NotAsked => {
                        in_force.push(t.fill("disclosure.exception", &values));
                    }
                    ExceptionState::Expired => idle.push(t.fill("disclosure.exception_expired", &values)),
                    ExceptionState::Unused => idle.push(t.fill("disclosure.exception_unused", &values)),
                }
            }
        }
    }
    if !in_force.is_empty() {
        say(
            Influence::Judgement,
            "disclosure.exceptions",
            t.fill("disclosure.exceptions_detail", &[("list", &in_force.join(", "))]),
        );
    }
    if !idle.is_empty() {
        say(Influence::Judgement, "disclosure.idle", t.fill("disclosure.idle_detail", &[("list", &idle.join(", "))]));
    }
    out
}

/// Templates of the workspace that bend a document made from `template`.
fn overridden(ctx: &Ctx<'_>, templates: &Templates, template: &str) -> Vec<Disclosure> {
    // The page template of another document does not bend this one; parts and texts may bend any.
    let of_another = |file: &str| file != template && templates.documents.iter().any(|one| one.template == file);
    let bends = templates.overridden.iter().filter(|file| !of_another(file));
    let detail = |file: &String| ctx.t.fill("disclosure.template_detail", &[("file", &format!("templates/{file}"))]);
    let what = ctx.t.t("disclosure.template");
    bends.map(|file| Disclosure { what: what.to_owned(), detail: detail(file), kind: Influence::Wording }).collect()
}

/// When a cluster was observed, as text.
fn observed(ctx: &Ctx<'_>, cluster: &str) -> String {
    let found = ctx.assessment.clusters.iter().find(|known| known.header.cluster.id == cluster);
    found.map(|known| words::time(known.header.ended)).unwrap_or_default()
}

/// Whether a party is this team.
fn of(party: &Party, team: &Team) -> bool {
    matches!(party, Party::Team(id) if *id == team.id)
}
