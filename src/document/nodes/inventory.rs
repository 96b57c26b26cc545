//! Components and inventory: as declared, and as observed.

use super::{
    Ctx, Grid, Head, Place, component_anchor, observed, scope,
    table::{cell, lines},
};
use crate::{
    document::{
        tree::{Block, Cell, Inline, Target, Tone},
        words,
    },
    workspace::{ComponentId, Fence},
};

/// The declared inventory, both sides of the fence.
pub(super) fn components(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let heads = [
        Head::name("column.component", 24),
        Head::text("column.fence", 10),
        Head::text("column.kind", 12),
        Head::text("column.product", 18),
        Head::text("column.team", 16),
        Head::text("column.seen", 20),
    ];
    let mut grid = Grid::new(ctx, place, "components-table", "table.components", &heads);
    for side in [Fence::Inside, Fence::Outside] {
        for (group, members) in scope::grouped(ctx, side) {
            grid.group(vec![Inline::text(format!("{group} ({})", ctx.t.t(words::fence(side))))]);
            for component in members {
                let product = [component.product.as_deref(), component.version.as_deref()];
                let anchor = place.anchors.claim(&component_anchor(&component.id));
                grid.anchored(
                    Some(anchor),
                    vec![
                        Cell::text(&*component.title),
                        Cell::text(ctx.t.t(words::fence(side))),
                        Cell::text(&*component.kind),
                        Cell::text(product.into_iter().flatten().collect::<Vec<_>>().join(" ")),
                        Cell::new(vec![ctx.team(&component.team)]),
                        seen(ctx, &component.id, component.claims.is_empty()),
                    ],
                );
            }
        }
    }
    grid.blocks()
}

/// What was seen of a component, one line a cluster.
fn seen(ctx: &Ctx<'_>, id: &ComponentId, without_claims: bool) -> Cell {
    if without_claims {
        return Cell::text(ctx.t.t("inventory.no_objects"));
    }
    if !ctx.observed() {
        return Cell::new(vec![ctx.badge(Tone::Unknown, "observed.not_yet")]);
    }
    lines(ctx.assessment.clusters.iter().map(|cluster| {
        let count = cluster.ownership.claimed.get(id).map_or(0, Vec::len);
        let prefix =
            if ctx.assessment.clusters.len() > 1 { format!("{}: ", cluster.header.cluster.id) } else { String::new() };
        if count > 0 {
            return vec![Inline::text(format!("{prefix}{}", ctx.t.count("observed.objects", count)))];
        }
        let missing = cluster.ownership.missing.iter().find(|missing| missing.component == *id);
        match missing {
            Some(missing) if missing.proven => vec![Inline::text(prefix), ctx.badge(Tone::Bad, "inventory.missing")],
            Some(_) => vec![Inline::text(prefix), ctx.badge(Tone::Unknown, "inventory.not_provable")],
            None => vec![Inline::text(format!("{prefix}{}", ctx.t.t("inventory.none_seen")))],
        }
    }))
}

/// Objects that nobody or that several claim, and declared components that are not there.
pub(super) fn ownership(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    observed::each_cluster(ctx, "what.ownership", |cluster| {
        let heads = [Head::text("column.object", 34), Head::fit("column.drift"), Head::text("column.reason", 46)];
        let mut grid = Grid::new(ctx, place, "ownership-table", "table.ownership", &heads);
        let ownership = &cluster.ownership;
        for unclaimed in &ownership.unclaimed {
            let mut name = vec![Inline::code(unclaimed.key.to_string())];
            if unclaimed.dependants > 0 {
                name.push(Inline::text(format!(" {}", ctx.t.count("inventory.dependants", unclaimed.dependants))));
            }
            grid.row(vec![
                Cell::new(name),
                Cell::new(vec![ctx.badge(Tone::Bad, "inventory.unclaimed")]),
                Cell::text(&*unclaimed.reason),
            ]);
        }
        for contested in &ownership.contested {
            let claims = contested.claims.iter().map(|(component, at)| {
                vec![ctx.component_link(component), Inline::text(" ("), Inline::code(&**at), Inline::text(")")]
            });
            grid.row(vec![
                Cell::new(vec![Inline::code(contested.key.to_string())]),
                Cell::new(vec![ctx.badge(Tone::Bad, "inventory.contested")]),
                lines(claims),
            ]);
        }
        for missing in &ownership.missing {
            let (tone, key, why) = if missing.proven {
                (Tone::Bad, "inventory.missing", "inventory.missing_why")
            } else {
                (Tone::Unknown, "inventory.not_provable", "inventory.not_provable_why")
            };
            grid.row(vec![
                Cell::new(vec![ctx.component_link(&missing.component)]),
                Cell::new(vec![ctx.badge(tone, key)]),
                Cell::text(ctx.t.t(why)),
            ]);
        }
        grid.caption_more(&cluster.header.cluster.id);
        let mut source = vec![Inline::text(format!("{}.", observed::when(ctx, cluster)))];
        if !ownership.not_seen.is_empty() {
            source.push(Inline::text(format!(" {}", ctx.t.t("inventory.not_seen"))));
            // What the API server answered stands in the audit pack, beside each list; here only which and why in a word.
            for (index, (path, reason)) in ownership.not_seen.iter().enumerate() {
                let reason = reason.strip_prefix(path.as_str()).unwrap_or(reason);
                let reason = reason.split(':').next().unwrap_or_default().trim();
                let before = if index == 0 { " " } else { "; " };
                source.extend([Inline::text(before), Inline::code(&**path), Inline::text(format!(" {reason}"))]);
            }
            source.push(Inline::text("."));
        }
        grid.source(source);
        if !ownership.not_seen.is_empty() {
            grid.empty(vec![ctx.text("inventory.empty_unproven")]);
        }
        vec![grid.block()]
    })
}

/// Workloads by component: how many of which kind; the appendix lists each.
pub(super) fn summary(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    observed::each_cluster(ctx, "what.workloads", |cluster| {
        let fact = &cluster.facts.workloads;
        let heads = [
            Head::name("column.component", 26),
            Head::text("column.team", 18),
            Head::text("column.workloads", 38),
            Head::number("column.pods"),
        ];
        let mut grid = Grid::new(ctx, place, "workloads-summary", "table.workloads_summary", &heads);
        let mut start = 0;
        let workloads = fact.seen();
        while let Some(first) = workloads.get(start) {
            let count = workloads[start..].iter().take_while(|other| other.component == first.component).count();
            let members = &workloads[start..start + count];
            let names: Vec<String> =
                members.iter().map(|member| format!("{}/{}", member.namespace, member.name)).collect();
            grid.row(vec![
                component_cell(ctx, first.component.as_ref()),
                Cell::new(first.team.as_ref().map(|team| ctx.team(team)).into_iter().collect()),
                Cell::new(observed::names(ctx, names.iter().map(String::as_str), 6)),
                Cell::text(members.iter().map(|member| member.pods).sum::<usize>().to_string()),
            ]);
            start += count;
        }
        let mut blocks = observed::table(ctx, cluster, fact, grid);
        if !workloads.is_empty() {
            let link = Inline::Link {
                target: Target::Anchor("appendix-workloads".to_owned()),
                text: vec![ctx.text("inventory.appendix")],
            };
            blocks.push(Block::Paragraph { text: ctx.t.inlines("inventory.see_appendix", &[("appendix", link)]) });
        }
        blocks
    })
}

/// Every workload with its images.
pub(super) fn workloads(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    observed::each_cluster(ctx, "what.workloads", |cluster| {
        let fact = &cluster.facts.workloads;
        let heads = [
            Head::name("column.workload", 34),
            Head::text("column.component", 18),
            Head::number("column.pods"),
            Head::text("column.images", 44),
        ];
        let mut grid = Grid::new(ctx, place, "workloads", "table.workloads", &heads);
        for workload in fact.seen() {
            let images = workload.images.iter().map(|image| Block::Paragraph { text: vec![Inline::code(&**image)] });
            grid.row(vec![
                Cell::new(vec![
                    Inline::text(format!("{} ", workload.kind)),
                    Inline::code(format!("{}/{}", workload.namespace, workload.name)),
                ]),
                component_cell(ctx, workload.component.as_ref()),
                Cell::text(workload.pods.to_string()),
                cell(images.collect()),
            ]);
        }
        grid.landscape();
        observed::table(ctx, cluster, fact, grid)
    })
}

/// A component, or that nobody claims it.
pub(super) fn component_cell(ctx: &Ctx<'_>, id: Option<&ComponentId>) -> Cell {
    Cell::new(vec![match id {
        Some(id) => ctx.component_link(id),
        None => ctx.badge(Tone::Bad, "inventory.unclaimed"),
    }])
}
