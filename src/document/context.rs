//! The context that templates see: one for all documents, documented in `docs/templates.md`.

use serde::Serialize;
use tera::Context;

use super::{nodes::Ctx, words};
use crate::workspace::Team;

/// What a template knows of the evidence.
#[derive(Serialize)]
struct Evidence {
    /// Any snapshot at all.
    observed: bool,
    clusters: Vec<Cluster>,
}

#[derive(Serialize)]
struct Cluster {
    id: String,
    version: String,
    time: String,
    digest: String,
    supplied: bool,
    sample: bool,
}

#[derive(Serialize)]
struct Counts {
    teams: usize,
    components: usize,
    activities: usize,
    controls: usize,
    findings: usize,
}

/// Publishes workspace and evidence.
pub(super) fn publish(ctx: &Ctx<'_>) -> Context {
    let mut context = Context::new();
    context.insert("system", &ctx.ws.system);
    context.insert("control", &ctx.ws.control);
    context.insert("style", &ctx.ws.style);
    context.insert("policy", &ctx.ws.policy);
    context.insert("organizations", &ctx.ws.organizations);
    context.insert("teams", &ctx.ws.teams);
    context.insert("people", &ctx.ws.people);
    context.insert("declared_clusters", &ctx.ws.clusters);
    context.insert("components", &ctx.ws.components);
    context.insert("interfaces", &ctx.ws.interfaces);
    context.insert("baseline", &ctx.ws.baseline);
    context.insert("sample", &ctx.ws.sample);
    context.insert("as_of", &ctx.as_of());
    let clusters = ctx.assessment.clusters.iter().map(|cluster| Cluster {
        id: cluster.header.cluster.id.clone(),
        version: cluster.header.cluster.version.clone().unwrap_or_default(),
        time: words::time(cluster.header.ended),
        digest: cluster.digest.clone(),
        supplied: cluster.header.source == crate::snapshot::Source::Supplied,
        sample: cluster.header.sample,
    });
    context.insert("other_tools", &!ctx.assessment.beside.files.is_empty());
    context.insert("evidence", &Evidence { observed: ctx.observed(), clusters: clusters.collect() });
    context.insert(
        "counts",
        &Counts {
            teams: ctx.ws.teams.len(),
            components: ctx.ws.components.len(),
            activities: ctx.ws.activities.len(),
            controls: ctx.ws.implementations.len(),
            findings: ctx.assessment.open_findings().count(),
        },
    );
    context
}

/// Publishes what differs from document to document.
pub(super) fn publish_document(context: &mut Context, id: &str, title: &str, team: Option<&Team>) {
    context.insert("document_id", &id);
    context.insert("document_title", &title);
    context.insert("team", &team);
}
