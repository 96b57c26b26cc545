//! Mutual TLS between Pods.

use super::{Ctx, Grid, Head, Place, inventory::component_cell, observed, table::lines};
use crate::document::tree::{Block, Cell, Inline, Tone};

/// Namespaces in and beside a mesh; nodes with and without WireGuard below.
pub(super) fn mesh(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    observed::each_cluster(ctx, "what.mesh", |cluster| {
        let fact = &cluster.facts.mesh;
        let found = fact.seen();
        let heads = [
            Head::name("column.namespace", 22),
            Head::text("column.component", 22),
            Head::text("column.mesh", 16),
            Head::text("column.pods_meshed", 12),
            Head::text("column.mtls", 28),
        ];
        let mut grid = Grid::new(ctx, place, "mesh", "table.mesh", &heads);
        for namespace in &found.namespaces {
            let mode = match namespace.mode.as_deref() {
                Some("STRICT") => vec![ctx.badge(Tone::Good, "mesh.strict")],
                Some(mode) => vec![ctx.badge(Tone::Caution, "mesh.not_strict"), Inline::text(format!(" {mode}"))],
                None if namespace.meshed > 0 => vec![ctx.text("mesh.between_members")],
                None => vec![ctx.badge(Tone::Neutral, "mesh.outside")],
            };
            let weaker = (!namespace.weaker.is_empty())
                .then(|| observed::names(ctx, namespace.weaker.iter().map(String::as_str), 8));
            grid.row(vec![
                Cell::new(vec![Inline::code(&*namespace.name)]),
                component_cell(ctx, namespace.component.as_ref()),
                Cell::text(namespace.meshes.join(", ")),
                Cell::text(format!("{} / {}", namespace.meshed, namespace.pods)),
                lines(std::iter::once(mode).chain(weaker)),
            ]);
        }
        for (key, nodes) in [("mesh.wireguard", &found.wireguard), ("mesh.no_wireguard", &found.without_wireguard)] {
            if !nodes.is_empty() {
                let mut text = vec![ctx.text(key), Inline::text(" ")];
                text.extend(observed::names(ctx, nodes.iter().map(String::as_str), 12));
                grid.note(text);
            }
        }
        observed::table(ctx, cluster, fact, grid)
    })
}
