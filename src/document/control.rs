//! Document control, and the disclosure of what bent a document (DESIGN rule 6).

use super::{
    nodes::Ctx,
    templates::{Declared, Templates},
    tree::{ControlBlock, Disclosure},
    words,
};
use crate::{
    snapshot::Source,
    workspace::{Exception, Party, Team},
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
            true => Vec::new(),
            false => ctx.assessment.clusters.iter().map(|cluster| evidence(ctx, cluster)).collect(),
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
    let mut say = |what: &str, detail: String| out.push(Disclosure { what: t.t(what).to_owned(), detail });
    for cluster in &ctx.assessment.clusters {
        let values = [("cluster", cluster.header.cluster.id.as_str()), ("time", &words::time(cluster.header.ended))];
        if cluster.header.sample || ctx.ws.sample {
            say("disclosure.sample", t.fill("disclosure.sample_detail", &values));
        }
        if cluster.header.source == Source::Supplied && !declared.shareable {
            say("disclosure.supplied", t.fill("disclosure.supplied_detail", &values));
        }
    }
    // It rests on no evidence, and whose risks were accepted is not for its readers.
    if declared.shareable {
        return out;
    }
    for change in &ctx.ws.check_overrides {
        let check = change.check.as_str();
        if change.disabled {
            say(
                "disclosure.disabled",
                t.fill("disclosure.disabled_detail", &[("check", check), ("reason", &change.reason)]),
            );
        }
        if let Some(severity) = change.severity {
            let severity = t.t(words::severity(severity));
            let values = [("check", check), ("severity", severity), ("reason", change.reason.as_str())];
            say("disclosure.severity", t.fill("disclosure.severity_detail", &values));
        }
    }
    for (change, param) in
        ctx.ws.check_overrides.iter().flat_map(|change| change.params.iter().map(move |it| (change, it)))
    {
        let values = [
            ("check", change.check.as_str()),
            ("param", &*param.name),
            ("now", &*param.now),
            ("instead", &*param.instead_of),
            ("reason", &*change.reason),
        ];
        say("disclosure.param", t.fill("disclosure.param_detail", &values));
    }
    let expired = |exception: &Exception| {
        ctx.assessment.exceptions.iter().any(|used| used.exception == exception.id && used.expired)
    };
    // A brief shows the findings of one team: exceptions for others did not bend it.
    let touches = |exception: &Exception, team: &Team| {
        ctx.assessment.covered(&exception.id).any(|(finding, _)| finding.team.as_ref() == Some(&team.id))
    };
    let in_force: Vec<String> = ctx
        .ws
        .exceptions
        .iter()
        .filter(|exception| !expired(exception) && team.is_none_or(|team| touches(exception, team)))
        .map(|exception| {
            let values = [("exception", exception.id.as_str()), ("expires", &words::date(exception.expires))];
            t.fill("disclosure.exception", &values)
        })
        .collect();
    if !in_force.is_empty() {
        say("disclosure.exceptions", t.fill("disclosure.exceptions_detail", &[("list", &in_force.join(", "))]));
    }
    out
}

/// Templates of the workspace that bend a document made from `template`.
fn overridden(ctx: &Ctx<'_>, templates: &Templates, template: &str) -> Vec<Disclosure> {
    // The page template of another document does not bend this one; parts and texts may bend any.
    let of_another = |file: &str| file != template && templates.documents.iter().any(|one| one.template == file);
    let bends = templates.overridden.iter().filter(|file| !of_another(file));
    let detail = |file: &String| ctx.t.fill("disclosure.template_detail", &[("file", &format!("templates/{file}"))]);
    bends.map(|file| Disclosure { what: ctx.t.t("disclosure.template").to_owned(), detail: detail(file) }).collect()
}
