//! Vulnerabilities: sums by team and component, reports one by one, and workloads without one.

use std::collections::BTreeMap;

use super::{Ctx, Grid, Head, Place, inventory::component_cell, observed};
use crate::{
    document::{
        chart::{self, Bar, Chart},
        tree::{Block, Cell, Diagram, Inline, Target, Tone},
        words,
    },
    facts::{Counts, Observed, Unscanned, Vulnerabilities, VulnerabilityReport},
    sort::Sort,
    workspace::{ComponentId, TeamId},
};

/// Names of workloads that a cell lists before it says how many more; the appendix has all.
const NAMES: usize = 4;

/// Chart by team, then a table by component.
pub(super) fn by_component(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    observed::each_cluster(ctx, "what.vulnerabilities", |cluster| {
        let fact = &cluster.facts.vulnerabilities;
        let value = fact.seen();
        let heads = [
            Head::name("column.component", 24),
            Head::text("column.team", 16),
            Head::number("severity.critical"),
            Head::number("severity.high"),
            Head::number("severity.medium"),
            Head::number("severity.low"),
            Head::text("column.fixable", 14),
            Head::text("column.oldest_report", 14),
            Head::text("column.unscanned", 28),
        ];
        let mut grid = Grid::new(ctx, place, "vulnerabilities-table", "table.vulnerabilities", &heads);
        // Components of which nothing was scanned, by team.
        let mut unscanned: BTreeMap<Option<&TeamId>, Vec<Option<&ComponentId>>> = BTreeMap::new();
        for sum in &value.sums {
            if sum.reports == 0 {
                unscanned.entry(sum.team.as_ref()).or_default().push(sum.component.as_ref());
                continue;
            }
            let without = value.unscanned.iter().filter(|workload| workload.component == sum.component);
            let without: Vec<String> = without.map(name).collect();
            let mut row = vec![
                component_cell(ctx, sum.component.as_ref()),
                Cell::new(sum.team.as_ref().map(|team| ctx.team(team)).into_iter().collect()),
            ];
            row.extend(counts(sum.counts));
            row.extend([
                Cell::text(fixable(ctx, sum.fixable)),
                Cell::text(sum.oldest.map_or(String::new(), |time| words::date(time.date_naive()))),
                Cell::new(observed::names(ctx, without.iter().map(String::as_str), NAMES)),
            ]);
            grid.row(row);
        }
        for (team, components) in unscanned {
            let mut titles: Vec<&str> = components
                .into_iter()
                .map(|id| id.map_or_else(|| ctx.t.t("inventory.unclaimed"), |id| &*ctx.component(id).title))
                .collect();
            titles.sort_unstable();
            let badge = Cell::new(vec![ctx.badge(Tone::Unknown, "vulnerabilities.no_report")]);
            let mut named = Cell::text(titles.join(", "));
            named.columns = 3;
            let mut row = vec![badge, Cell::new(team.map(|team| ctx.team(team)).into_iter().collect())];
            row.resize(6, Cell::text(""));
            row.push(named);
            grid.spanning(row);
        }
        grid.landscape();
        let mut blocks: Vec<Block> = chart(ctx, place, &cluster.header.cluster.id, value).into_iter().collect();
        blocks.extend(observed::table(ctx, cluster, fact, grid));
        if !value.sums.is_empty() {
            let link = Inline::Link {
                target: Target::Anchor("appendix-vulnerabilities".to_owned()),
                text: vec![ctx.text("inventory.appendix")],
            };
            let scanners =
                if value.scanners.is_empty() { ctx.t.t("word.unknown").to_owned() } else { value.scanners.join(", ") };
            blocks.push(Block::Paragraph {
                text: ctx
                    .t
                    .inlines("vulnerabilities.more", &[("appendix", link), ("scanners", Inline::text(scanners))]),
            });
        }
        blocks
    })
}

/// Each report, then each workload without one.
pub(super) fn reports(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    observed::each_cluster(ctx, "what.vulnerabilities", |cluster| {
        let fact = &cluster.facts.vulnerabilities;
        let mut blocks = table(ctx, place, cluster, fact, None);
        let heads =
            [Head::name("column.namespace", 26), Head::text("column.team", 20), Head::text("column.workloads", 54)];
        let mut grid = Grid::new(ctx, place, "unscanned", "table.unscanned", &heads);
        let mut namespaces: BTreeMap<(&str, Option<&TeamId>), Vec<String>> = BTreeMap::new();
        for workload in &fact.seen().unscanned {
            let key = (&*workload.namespace, workload.team.as_ref());
            namespaces.entry(key).or_default().push(format!("{} {}", workload.kind, workload.name));
        }
        for ((namespace, team), names) in namespaces {
            grid.row(vec![
                Cell::new(vec![Inline::code(namespace)]),
                Cell::new(team.map(|team| ctx.team(team)).into_iter().collect()),
                Cell::text(names.join(", ")),
            ]);
        }
        blocks.extend(observed::table(ctx, cluster, fact, grid));
        blocks
    })
}

/// What a team has to patch, and what of its was not scanned.
pub(super) fn of_team(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let team = &place.team()?.id;
    observed::each_cluster(ctx, "what.vulnerabilities", |cluster| {
        let fact = &cluster.facts.vulnerabilities;
        let mut blocks = table(ctx, place, cluster, fact, Some(team));
        let without = fact.seen().unscanned.iter().filter(|workload| workload.team.as_ref() == Some(team));
        let without: Vec<String> = without.map(name).collect();
        if !without.is_empty() {
            let mut text = vec![ctx.text("vulnerabilities.yours_unscanned"), Inline::text(" ")];
            text.extend(observed::names(ctx, without.iter().map(String::as_str), 24));
            text.push(Inline::text("."));
            blocks.push(Block::Paragraph { text });
        }
        blocks
    })
}

fn table(
    ctx: &Ctx<'_>,
    place: &mut Place<'_>,
    cluster: &crate::assess::ClusterEvidence,
    fact: &Observed<Vulnerabilities>,
    team: Option<&TeamId>,
) -> Vec<Block> {
    let heads = [
        Head::name("column.workload", 28),
        Head::text("column.image", 26),
        Head::number("severity.critical"),
        Head::number("severity.high"),
        Head::number("severity.medium"),
        Head::number("severity.low"),
        Head::text("column.fixable", 14),
        Head::text("column.report", 16),
    ];
    let mut grid = Grid::new(ctx, place, "vulnerability-reports", "table.vulnerability_reports", &heads);
    let mine = |report: &&VulnerabilityReport| team.is_none_or(|team| report.team.as_ref() == Some(team));
    for report in fact.seen().reports.iter().filter(mine) {
        let mut workload = vec![Inline::text(format!("{} ", report.workload)), Inline::Break];
        workload.push(Inline::code(match &*report.container {
            "" => report.namespace.clone(),
            container => format!("{}/{container}", report.namespace),
        }));
        let mut updated =
            vec![Inline::text(report.updated.map_or(String::new(), |time| words::date(time.date_naive())))];
        if report.stale {
            updated.extend([Inline::Break, ctx.badge(Tone::Caution, "outcome.stale")]);
        }
        let mut row = vec![Cell::new(workload), Cell::new(vec![Inline::code(&*report.image)])];
        row.extend(counts(report.counts));
        row.extend([Cell::text(fixable(ctx, report.fixable)), Cell::new(updated)]);
        grid.row(row);
    }
    if team.is_none() {
        grid.landscape();
    }
    observed::table(ctx, cluster, fact, grid)
}

fn name(workload: &Unscanned) -> String {
    format!("{}/{}", workload.namespace, workload.name)
}

fn counts(counts: Counts) -> [Cell; 4] {
    [counts.critical, counts.high, counts.medium, counts.low].map(|count| Cell::text(count.to_string()))
}

/// Critical and high ones with a fix, which is what can be acted on today.
fn fixable(ctx: &Ctx<'_>, fixable: Option<Counts>) -> String {
    match fixable {
        Some(counts) => {
            let number = |count: u64| count.to_string();
            let values = [("critical", &*number(counts.critical)), ("high", &*number(counts.high))];
            ctx.t.fill("vulnerabilities.fixable", &values)
        }
        None => ctx.t.t("word.unknown").to_owned(),
    }
}

/// Reports summed by the team that answers for the images.
fn chart(ctx: &Ctx<'_>, place: &mut Place<'_>, cluster: &str, value: &Vulnerabilities) -> Option<Block> {
    let mut teams: BTreeMap<Option<&TeamId>, (Counts, usize)> = BTreeMap::new();
    for sum in &value.sums {
        let entry = teams.entry(sum.team.as_ref()).or_default();
        entry.0.critical += sum.counts.critical;
        entry.0.high += sum.counts.high;
        entry.0.medium += sum.counts.medium;
        entry.0.low += sum.counts.low;
        entry.1 += sum.unscanned;
    }
    if value.reports.is_empty() {
        return None;
    }
    let bar = |(team, (counts, unscanned)): (Option<&TeamId>, (Counts, usize))| Bar {
        label: team.map_or_else(|| ctx.t.t("inventory.unclaimed").to_owned(), |team| ctx.ws.team(team).name.clone()),
        parts: vec![counts.critical, counts.high, counts.medium, counts.low],
        note: if unscanned > 0 { ctx.t.count("vulnerabilities.unscanned", unscanned) } else { String::new() },
    };
    let mut rows: Vec<(Counts, Bar)> = teams.into_iter().map(|entry| (entry.1.0, bar(entry))).collect();
    rows.order_by_key(|row| std::cmp::Reverse(row.0));
    let rows: Vec<Bar> = rows.into_iter().map(|(_, bar)| bar).collect();
    let keys = ["severity.critical", "severity.high", "severity.medium", "severity.low"];
    let kinds: Vec<String> = keys.iter().map(|key| ctx.t.t(key).to_owned()).collect();
    let told = rows.iter().map(|row| {
        let parts = kinds.iter().zip(&row.parts).map(|(kind, count)| format!("{count} {kind}"));
        let parts: Vec<String> = parts.chain((!row.note.is_empty()).then(|| row.note.clone())).collect();
        format!("{}: {}", row.label, parts.join(", "))
    });
    let caption = ctx.t.fill("vulnerabilities.chart", &[("cluster", cluster)]);
    Some(Block::Diagram(Diagram {
        id: place.anchors.claim("vulnerabilities-chart"),
        alt: format!("{caption}. {}.", told.collect::<Vec<_>>().join("; ")),
        caption,
        scene: chart::draw(&Chart { kinds: kinds.clone(), light: false, rows }),
        landscape: false,
    }))
}
