//! Configuration management: approved images, node operating systems and runtimes, declared and observed.

use super::{
    Ctx, Grid, Head, Place,
    observed::{self, names},
    table::lines,
};
use crate::{
    assess::ClusterEvidence,
    document::tree::{Block, Cell, Inline, Tone},
    facts::{Counted, Image},
};

/// What is approved and what runs: registries, node images, runtimes.
pub(super) fn software(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let policy = &ctx.ws.policy;
    let heads =
        [Head::name("column.what_approved", 22), Head::text("column.approved", 36), Head::text("column.observed", 42)];
    let mut grid = Grid::new(ctx, place, "approved-software", "table.approved", &heads);
    let declared = |list: &[String]| {
        if list.is_empty() {
            return Cell::new(vec![ctx.badge(Tone::Caution, "configuration.none_declared")]);
        }
        lines(list.iter().map(|item| vec![Inline::code(&**item)]))
    };
    grid.row(vec![
        Cell::text(ctx.t.t("configuration.registries")),
        declared(&policy.registries),
        seen(ctx, "configuration.containers", |cluster| {
            let registries = &cluster.facts.images.seen().registries;
            let rows = registries.iter().map(|registry| {
                let refused = registry.images.iter().filter(|image| image.approved == Some(false));
                (registry.host.clone(), registry.containers, refused.map(|image| image.reference.clone()).collect())
            });
            rows.collect()
        }),
    ]);
    grid.row(vec![
        Cell::text(ctx.t.t("configuration.node_images")),
        declared(&policy.node_images),
        seen(ctx, "configuration.nodes", |cluster| {
            let refused = |name: &str| {
                let nodes = cluster.facts.nodes.seen().iter();
                let nodes = nodes.filter(|node| node.image_approved == Some(false) && node.os_image == name);
                nodes.map(|node| node.name.clone()).collect()
            };
            counted(&cluster.facts.versions.seen().os_images, refused)
        }),
    ]);
    grid.row(vec![
        Cell::text(ctx.t.t("configuration.runtimes")),
        declared(&policy.runtimes),
        seen(ctx, "configuration.nodes", |cluster| {
            let refused = |name: &str| {
                let nodes = cluster.facts.nodes.seen().iter();
                let nodes = nodes.filter(|node| node.runtime_approved == Some(false) && node.runtime == name);
                nodes.map(|node| node.name.clone()).collect()
            };
            counted(&cluster.facts.versions.seen().runtimes, refused)
        }),
    ]);
    grid.source(sources(ctx));
    grid.blocks()
}

/// What was seen, how often, and which of it is not approved.
type Seen = Vec<(String, usize, Vec<String>)>;

fn counted(list: &[Counted], refused: impl Fn(&str) -> Vec<String>) -> Seen {
    list.iter().map(|item| (item.name.clone(), item.count, refused(&item.name))).collect()
}

fn seen(ctx: &Ctx<'_>, unit: &str, list: impl Fn(&ClusterEvidence) -> Seen) -> Cell {
    if !ctx.observed() {
        return Cell::new(vec![ctx.badge(Tone::Unknown, "observed.not_yet")]);
    }
    let mut rows = Vec::new();
    for cluster in &ctx.assessment.clusters {
        for (name, count, refused) in list(cluster) {
            rows.push(vec![Inline::code(name), Inline::text(format!(" ({})", ctx.t.count(unit, count)))]);
            if !refused.is_empty() {
                let mut text = vec![ctx.badge(Tone::Bad, "configuration.not_approved"), Inline::text(" ")];
                text.extend(names(ctx, refused.iter().map(String::as_str), 5));
                rows.push(text);
            }
        }
    }
    if rows.is_empty() {
        return Cell::text(ctx.t.t("observed.nothing"));
    }
    lines(rows)
}

fn sources(ctx: &Ctx<'_>) -> Vec<Inline> {
    let mut out = Vec::new();
    for cluster in &ctx.assessment.clusters {
        out.push(Inline::text(format!("{}. ", observed::when(ctx, cluster))));
        out.extend(observed::paths(ctx, cluster.facts.images.evidence()));
        out.push(Inline::text(" "));
        out.extend(observed::paths(ctx, cluster.facts.versions.evidence()));
    }
    out
}

/// Nodes with operating system, kernel, kubelet and runtime.
pub(super) fn nodes(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    observed::each_cluster(ctx, "what.nodes", |cluster| {
        let fact = &cluster.facts.nodes;
        let heads = [
            Head::name("column.node", 20),
            Head::text("column.roles", 14),
            Head::text("column.os", 22),
            Head::text("column.kubelet", 12),
            Head::text("column.runtime", 18),
            Head::text("column.approved", 14),
        ];
        let mut grid = Grid::new(ctx, place, "nodes", "table.nodes", &heads);
        for node in fact.seen() {
            let approved = match (node.image_approved, node.runtime_approved) {
                (None, None) => vec![ctx.text("configuration.nothing_to_compare")],
                (image, runtime) => {
                    observed::yes(ctx, Some(image.unwrap_or(true) && runtime.unwrap_or(true)), Some(true))
                }
            };
            grid.row(vec![
                Cell::new(vec![Inline::code(&*node.name)]),
                Cell::text(node.roles.join(", ")),
                lines([vec![Inline::text(&*node.os_image)], vec![Inline::text(&*node.kernel)]]),
                Cell::text(&*node.kubelet),
                Cell::text(&*node.runtime),
                Cell::new(approved),
            ]);
        }
        observed::table(ctx, cluster, fact, grid)
    })
}

/// Every image in use.
pub(super) fn images(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    observed::each_cluster(ctx, "what.images", |cluster| {
        let fact = &cluster.facts.images;
        let heads = [
            Head::name("column.image", 50),
            Head::fit("column.approved"),
            Head::fit("column.pinned"),
            Head::number("column.containers"),
            Head::text("configuration.column.ran", 24),
            Head::text("configuration.column.pull", 14),
            Head::text("column.namespaces", 24),
        ];
        let mut grid = Grid::new(ctx, place, "images", "table.images", &heads);
        for registry in &fact.seen().registries {
            grid.group(vec![Inline::code(&*registry.host)]);
            for image in &registry.images {
                let approved = match image.approved {
                    None => vec![ctx.text("configuration.nothing_to_compare")],
                    approved => observed::yes(ctx, approved, Some(true)),
                };
                grid.row(vec![
                    Cell::new(vec![Inline::code(&*image.reference)]),
                    Cell::new(approved),
                    Cell::new(observed::yes(ctx, Some(image.pinned), None)),
                    Cell::text(image.containers.to_string()),
                    ran(ctx, image),
                    Cell::text(image.pull.join(", ")),
                    Cell::new(names(ctx, image.namespaces.iter().map(String::as_str), 6)),
                ]);
            }
        }
        grid.landscape();
        observed::table(ctx, cluster, fact, grid)
    })
}

/// The digests that ran under a name; more than one, or another than the one it is pinned to, wants an explanation.
fn ran(ctx: &Ctx<'_>, image: &Image) -> Cell {
    let pinned = |digest: &String| image.pinned && image.reference.ends_with(&**digest);
    let mut rows: Vec<Vec<Inline>> = Vec::new();
    match &image.ran[..] {
        [] => return Cell::text(ctx.t.t("configuration.not_reported")),
        [only] if pinned(only) => return Cell::text(ctx.t.t("configuration.as_pinned")),
        [_] if image.pinned => rows.push(vec![ctx.badge(Tone::Caution, "configuration.other_digest")]),
        [_] => {}
        _ => rows.push(vec![ctx.badge(Tone::Caution, "configuration.several_digests")]),
    }
    // Twelve digits tell digests of one table apart; the data beside the document has them whole.
    let short = |digest: &String| digest.chars().take("sha256:".len() + 12).collect::<String>();
    rows.extend(image.ran.iter().map(|digest| vec![Inline::code(short(digest))]));
    lines(rows)
}
