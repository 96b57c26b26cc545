//! Versions in use: until when each is supported, and what is outside the version skew policy.

use super::{Ctx, Grid, Head, Place, observed, table::lines};
use crate::{
    document::{
        tree::{Block, Cell, Inline, Tone},
        words,
    },
    facts::{Line, Support, Versions},
    workspace::Product,
};

/// Names of nodes that a cell lists before it says how many more; the table of nodes has all.
const NODES: usize = 8;

/// Every version seen with its end of life, by product.
pub(super) fn versions(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    observed::each_cluster(ctx, "what.versions", |cluster| {
        let fact = &cluster.facts.versions;
        let heads = [
            Head::name("column.version", 22),
            Head::text("column.runs_on", 36),
            Head::text("column.supported_until", 20),
            Head::text("column.published_by", 22),
        ];
        let mut grid = Grid::new(ctx, place, "versions", "table.versions", &heads);
        let value = fact.seen();
        let mut product = None;
        for line in &value.lines {
            if product != Some(line.product) {
                product = Some(line.product);
                grid.group(vec![ctx.text(match line.product {
                    Product::Kubernetes => "configuration.kubernetes",
                    Product::Runtime => "configuration.runtimes",
                    Product::OperatingSystem => "configuration.node_images",
                })]);
                if line.product == Product::Kubernetes {
                    for skew in &value.skewed {
                        let mut text = vec![ctx.badge(Tone::Bad, "configuration.skewed"), Inline::text(" ")];
                        text.extend([Inline::code(&*skew.what), Inline::text(format!(": {}", skew.why))]);
                        grid.note(text);
                    }
                }
            }
            grid.row(vec![
                Cell::new(vec![Inline::code(&*line.version)]),
                runs_on(ctx, value, line),
                until(ctx, line.support.as_ref()),
                source(ctx, line.support.as_ref()),
            ]);
        }
        observed::table(ctx, cluster, fact, grid)
    })
}

fn runs_on(ctx: &Ctx<'_>, value: &Versions, line: &Line) -> Cell {
    let mut parts = Vec::new();
    if line.api_server {
        parts.push(ctx.t.t("configuration.api_server").to_owned());
    }
    if line.product == Product::Kubernetes {
        let same = value.parts.iter().filter(|part| part.version == line.version);
        parts.extend(same.map(|part| format!("{} ({})", part.name, ctx.t.count("configuration.pods", part.pods))));
    }
    let mut rows = Vec::new();
    if !parts.is_empty() {
        rows.push(vec![Inline::text(parts.join(", "))]);
    }
    if !line.nodes.is_empty() {
        let mut row = vec![Inline::text(format!("{}: ", ctx.t.count("configuration.nodes", line.nodes.len())))];
        row.extend(observed::names(ctx, line.nodes.iter().map(String::as_str), NODES));
        rows.push(row);
    }
    lines(rows)
}

fn until(ctx: &Ctx<'_>, support: Option<&Support>) -> Cell {
    let Some(support) = support else { return Cell::new(vec![ctx.badge(Tone::Unknown, "word.unknown")]) };
    let left = usize::try_from(support.days_left.unsigned_abs()).unwrap_or(usize::MAX);
    let badge = match support.days_left {
        ..0 => Inline::Badge { tone: Tone::Bad, text: ctx.t.count("configuration.days_past", left) },
        0..90 => Inline::Badge { tone: Tone::Caution, text: ctx.t.count("crypto.days_left", left) },
        _ => Inline::Badge { tone: Tone::Good, text: ctx.t.count("crypto.days_left", left) },
    };
    Cell::new(vec![Inline::text(words::date(support.end)), Inline::Break, badge])
}

fn source(ctx: &Ctx<'_>, support: Option<&Support>) -> Cell {
    let Some(support) = support else { return Cell::text(ctx.t.t("configuration.no_lifecycle")) };
    let host = support.source.trim_start_matches("https://");
    let host = host.split('/').next().unwrap_or(host);
    Cell::text(match support.checked {
        Some(checked) => ctx.t.fill("configuration.checked", &[("source", host), ("date", &words::date(checked))]),
        None => ctx.t.fill("configuration.declared_lifecycle", &[("source", &support.source)]),
    })
}
