//! Storage classes: what they say of encryption, and whose volumes are made of them.

use std::collections::BTreeMap;

use super::{Ctx, Grid, Head, Place, observed, table::lines};
use crate::{
    document::tree::{Block, Cell, Inline, Tone},
    facts::{Elsewhere, StorageClass, Volume},
    workspace::TeamId,
};

/// Names of volumes that a line lists before it says how many more.
const NAMES: usize = 12;

/// One row a class with its volumes; volumes without a class, or of one that is gone, below.
pub(super) fn classes(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    observed::each_cluster(ctx, "what.storage", |cluster| {
        let fact = &cluster.facts.storage_classes;
        let volumes = cluster.facts.volumes.seen();
        let heads = [
            Head::name("column.storage_class", 24),
            Head::text("column.encrypted", 30),
            Head::text("column.volumes", 46),
        ];
        let mut grid = Grid::new(ctx, place, "storage-classes", "table.storage", &heads);
        for class in fact.seen() {
            let of_class = volumes.iter().filter(|volume| volume.class.as_ref() == Some(&class.name));
            let of_class: Vec<&Volume> = of_class.collect();
            let mut named = vec![vec![Inline::code(&*class.name)], vec![Inline::text(&*class.provisioner)]];
            if class.default {
                named[0].extend([Inline::text(" "), ctx.badge(Tone::Neutral, "storage.default")]);
            }
            grid.row(vec![lines(named), encryption(ctx, class), used(ctx, class, &of_class)]);
        }
        let known = |class: &String| fact.seen().iter().any(|known| known.name == *class);
        let without = volumes.iter().filter(|volume| volume.class.is_none());
        remark(ctx, &mut grid, "storage.without_class", without.collect());
        if fact.complete().is_some() {
            let gone = volumes.iter().filter(|volume| volume.class.as_ref().is_some_and(|class| !known(class)));
            remark(ctx, &mut grid, "storage.class_gone", gone.collect());
        }
        observed::table(ctx, cluster, fact, grid)
    })
}

fn encryption(ctx: &Ctx<'_>, class: &StorageClass) -> Cell {
    let mut rows = vec![vec![match class.encrypted {
        Some(true) => ctx.badge(Tone::Good, "crypto.asks"),
        Some(false) => ctx.badge(Tone::Bad, "crypto.asks_none"),
        None => ctx.badge(Tone::Unknown, "crypto.not_said"),
    }]];
    rows.extend(class.encryption.iter().map(|(key, value)| vec![Inline::code(format!("{key} = {value}"))]));
    rows.extend(class.decided_by.map(|by| {
        vec![ctx.text(match by {
            Elsewhere::Provider => "storage.by_provider",
            Elsewhere::Policy => "storage.by_policy",
            Elsewhere::Backend => "storage.by_backend",
        })]
    }));
    lines(rows)
}

/// Claims by team, as their volumes name them; claims that wait for a volume are counted.
fn used(ctx: &Ctx<'_>, class: &StorageClass, volumes: &[&Volume]) -> Cell {
    if volumes.is_empty() {
        let unused = class.claims == Some(0) && class.volumes == Some(0);
        return match unused {
            true => Cell::new(vec![ctx.badge(Tone::Neutral, "storage.unused")]),
            false => Cell::text(
                class.claims.map_or_else(|| ctx.t.t("word.unknown").to_owned(), |n| ctx.t.count("storage.claims", n)),
            ),
        };
    }
    lines(by_team(ctx, volumes))
}

fn by_team(ctx: &Ctx<'_>, volumes: &[&Volume]) -> Vec<Vec<Inline>> {
    let mut teams: BTreeMap<Option<&TeamId>, Vec<String>> = BTreeMap::new();
    for volume in volumes {
        let name = volume.claim.clone().unwrap_or_else(|| volume.name.clone());
        let bound = matches!(&*volume.phase, "Bound" | "");
        let name = if bound { name } else { format!("{name} ({})", volume.phase) };
        teams.entry(volume.team.as_ref()).or_default().push(name);
    }
    let line = |(team, names): (Option<&TeamId>, Vec<String>)| {
        let who = team.map_or_else(|| ctx.badge(Tone::Bad, "inventory.unclaimed"), |team| ctx.team(team));
        let mut text = vec![who, Inline::text(": ")];
        text.extend(observed::names(ctx, names.iter().map(String::as_str), NAMES));
        text
    };
    teams.into_iter().map(line).collect()
}

fn remark(ctx: &Ctx<'_>, grid: &mut Grid, key: &str, volumes: Vec<&Volume>) {
    if volumes.is_empty() {
        return;
    }
    let names: Vec<String> = volumes
        .iter()
        .map(|volume| {
            let claim = volume.claim.as_ref().map(|claim| format!(", {claim}")).unwrap_or_default();
            format!("{} ({}{claim})", volume.name, volume.driver)
        })
        .collect();
    let mut text = vec![ctx.text(key), Inline::text(" ")];
    text.extend(observed::names(ctx, names.iter().map(String::as_str), 2 * NAMES));
    grid.note(text);
}
