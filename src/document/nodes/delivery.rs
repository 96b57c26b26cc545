//! Delivery: what keeps workloads in step with their source, and which workloads nothing does.

use super::{Ctx, Grid, Head, Place, observed, table::lines};
use crate::{
    assess::ClusterEvidence,
    document::tree::{Block, Cell, Inline, Tone},
    facts::{Delivered, Outside},
    workspace::TeamId,
};

/// Applications, projects, and the share of workloads under GitOps by team.
pub(super) fn summary(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    observed::each_cluster(ctx, "what.delivery", |cluster| {
        let mut blocks = deliveries(ctx, place, cluster);
        blocks.extend(projects(ctx, place, cluster));
        blocks.extend(shares(ctx, place, cluster));
        blocks
    })
}

fn team(ctx: &Ctx<'_>, team: Option<&TeamId>) -> Inline {
    match team {
        Some(team) => ctx.team(team),
        None => ctx.badge(Tone::Bad, "inventory.unclaimed"),
    }
}

fn deliveries(ctx: &Ctx<'_>, place: &mut Place<'_>, cluster: &ClusterEvidence) -> Vec<Block> {
    let fact = &cluster.facts.delivery;
    let heads = [
        Head::name("column.delivery", 26),
        Head::text("column.team", 14),
        Head::text("column.source_to", 34),
        Head::text("column.state", 14),
        Head::text("column.applied", 12),
    ];
    let mut grid = Grid::new(ctx, place, "deliveries", "table.deliveries", &heads);
    for it in &fact.seen().deliveries {
        let mut name = vec![vec![Inline::text(&*it.kind)], vec![Inline::code(format!("{}/{}", it.namespace, it.name))]];
        name.extend(
            it.project
                .as_ref()
                .map(|project| vec![Inline::text(ctx.t.fill("delivery.project", &[("project", project)]))]),
        );
        let mut source: Vec<Vec<Inline>> = it.sources.iter().map(|source| vec![Inline::code(&**source)]).collect();
        if !it.destination.is_empty() {
            source.push(vec![Inline::text("→ "), Inline::code(&*it.destination)]);
        }
        grid.row(vec![
            lines(name),
            Cell::new(vec![team(ctx, it.team.as_ref())]),
            lines(source),
            lines([vec![Inline::text(&*it.sync)], vec![Inline::text(&*it.health)]]),
            Cell::new(vec![ctx.text(applied(it))]),
        ]);
    }
    observed::table(ctx, cluster, fact, grid)
}

fn applied(it: &Delivered) -> &'static str {
    match (it.automated, it.prune, it.self_heal) {
        (false, ..) => "delivery.by_hand",
        (true, true, true) => "delivery.prune_and_heal",
        (true, true, false) => "delivery.prune",
        (true, false, true) => "delivery.heal",
        (true, false, false) => "delivery.automated",
    }
}

fn projects(ctx: &Ctx<'_>, place: &mut Place<'_>, cluster: &ClusterEvidence) -> Vec<Block> {
    let fact = &cluster.facts.delivery;
    if fact.seen().projects.is_empty() {
        return Vec::new();
    }
    let heads =
        [Head::name("column.project", 24), Head::text("column.sources", 38), Head::text("column.destinations", 38)];
    let mut grid = Grid::new(ctx, place, "projects", "table.projects", &heads);
    for it in &fact.seen().projects {
        let side = |wide: bool, names: &[String]| {
            let names = observed::names(ctx, names.iter().map(String::as_str), 6);
            let badge = wide.then(|| vec![ctx.badge(Tone::Caution, "delivery.anything")]);
            lines(std::iter::once(names).chain(badge))
        };
        grid.row(vec![
            Cell::new(vec![Inline::code(format!("{}/{}", it.namespace, it.name))]),
            side(it.any_source, &it.sources),
            side(it.any_destination, &it.destinations),
        ]);
    }
    observed::follows(ctx, cluster, fact, grid)
}

fn shares(ctx: &Ctx<'_>, place: &mut Place<'_>, cluster: &ClusterEvidence) -> Vec<Block> {
    let fact = &cluster.facts.delivery;
    let heads = [Head::name("column.team", 60), Head::number("column.under_gitops"), Head::number("column.workloads")];
    let mut grid = Grid::new(ctx, place, "delivery-shares", "table.shares", &heads);
    for it in &fact.seen().shares {
        grid.row(vec![
            Cell::new(vec![team(ctx, it.team.as_ref())]),
            Cell::text(it.delivered.to_string()),
            Cell::text(it.workloads.to_string()),
        ]);
    }
    if grid.is_empty() { Vec::new() } else { observed::follows(ctx, cluster, fact, grid) }
}

/// Workloads that no delivery tool marks, by team and namespace.
pub(super) fn outside(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    observed::each_cluster(ctx, "what.delivery", |cluster| {
        let fact = &cluster.facts.delivery;
        let heads =
            [Head::name("column.namespace", 24), Head::text("column.team", 20), Head::text("column.workloads", 56)];
        let mut grid = Grid::new(ctx, place, "outside-delivery", "table.outside_delivery", &heads);
        let same = |a: &Outside, b: &Outside| (&a.team, &a.namespace) == (&b.team, &b.namespace);
        for group in fact.seen().outside.chunk_by(same) {
            let names: Vec<String> = group.iter().map(|it| format!("{} {}", it.kind, it.name)).collect();
            let mut text = observed::names(ctx, names.iter().map(String::as_str), names.len());
            if group.iter().all(|it| it.helm) {
                text.extend([Inline::text(" "), ctx.badge(Tone::Neutral, "delivery.helm")]);
            }
            grid.row(vec![
                Cell::new(vec![Inline::code(&*group[0].namespace)]),
                Cell::new(vec![team(ctx, group[0].team.as_ref())]),
                Cell::new(text),
            ]);
        }
        observed::table(ctx, cluster, fact, grid)
    })
}
