//! Monitoring: agents on nodes, alert rules, and components that nothing watches.

use std::collections::BTreeMap;

use super::{Ctx, Grid, Head, Place, inventory::component_cell, observed, table::lines};
use crate::{
    assess::ClusterEvidence,
    document::tree::{Block, Cell, Inline, Tone},
    facts::Purpose,
    workspace::TeamId,
};

/// Agents with their coverage of nodes; alert rules with their owner; what is not watched.
pub(super) fn monitoring(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    observed::each_cluster(ctx, "what.monitoring", |cluster| {
        let mut blocks = agents(ctx, place, cluster);
        blocks.extend(rules(ctx, place, cluster));
        blocks.extend(unwatched(ctx, place, cluster));
        blocks
    })
}

fn agents(ctx: &Ctx<'_>, place: &mut Place<'_>, cluster: &ClusterEvidence) -> Vec<Block> {
    let fact = &cluster.facts.monitoring;
    let found = fact.seen();
    let heads = [
        Head::text("column.purpose", 20),
        Head::name("column.agent", 34),
        Head::text("column.component", 22),
        Head::text("column.nodes", 24),
    ];
    let mut grid = Grid::new(ctx, place, "agents", "table.agents", &heads);
    for (purpose, key) in [
        (Purpose::Logs, "monitoring.logs"),
        (Purpose::Runtime, "monitoring.runtime"),
        (Purpose::Metrics, "monitoring.metrics"),
    ] {
        let mut agents = found.agents.iter().filter(|agent| agent.purpose == purpose).peekable();
        if agents.peek().is_none() {
            grid.row(vec![Cell::text(ctx.t.t(key)), Cell::new(vec![ctx.badge(Tone::Caution, "monitoring.no_agent")])]);
        }
        for agent in agents {
            let nodes = found.nodes.map_or_else(|| ctx.t.t("word.unknown").to_owned(), |nodes| nodes.to_string());
            let numbers = [("ready", &*agent.ready.to_string()), ("nodes", &*nodes)];
            let mut coverage = vec![vec![Inline::text(ctx.t.fill("monitoring.coverage", &numbers))]];
            if found.nodes.is_some_and(|nodes| agent.ready < nodes as u64) {
                coverage.push(vec![ctx.badge(Tone::Caution, "monitoring.not_all")]);
            }
            grid.row(vec![
                Cell::text(ctx.t.t(key)),
                lines([
                    vec![Inline::text(&*agent.product)],
                    vec![Inline::code(format!("{}/{}", agent.namespace, agent.name))],
                ]),
                component_cell(ctx, agent.component.as_ref()),
                lines(coverage),
            ]);
        }
    }
    observed::table(ctx, cluster, fact, grid)
}

fn rules(ctx: &Ctx<'_>, place: &mut Place<'_>, cluster: &ClusterEvidence) -> Vec<Block> {
    let found = cluster.facts.monitoring.seen();
    let heads = [Head::name("column.rules", 28), Head::text("column.component", 22), Head::text("column.alerts", 50)];
    let mut grid = Grid::new(ctx, place, "alert-rules", "table.rules", &heads);
    for rules in &found.rules {
        grid.row(vec![
            Cell::new(vec![Inline::code(format!("{}/{}", rules.namespace, rules.name))]),
            component_cell(ctx, rules.component.as_ref()),
            Cell::new(observed::names(ctx, rules.alerts.iter().map(String::as_str), 30)),
        ]);
    }
    let mut note = |key: &str, names: &[String]| {
        if !names.is_empty() {
            let mut text = vec![ctx.text(key), Inline::text(" ")];
            text.extend(observed::names(ctx, names.iter().map(String::as_str), 20));
            grid.note(text);
        }
    };
    note("monitoring.servers", &found.servers);
    note("monitoring.receivers", &found.receivers);
    observed::follows(ctx, cluster, &cluster.facts.monitoring, grid)
}

/// One row a team: components without an alert rule, components without a monitor.
fn unwatched(ctx: &Ctx<'_>, place: &mut Place<'_>, cluster: &ClusterEvidence) -> Vec<Block> {
    let heads =
        [Head::name("column.team", 20), Head::text("column.no_alerts", 40), Head::text("column.no_monitor", 40)];
    let mut grid = Grid::new(ctx, place, "unwatched", "table.unwatched", &heads);
    let mut teams: BTreeMap<&TeamId, [Vec<Inline>; 2]> = BTreeMap::new();
    for it in &cluster.facts.monitoring.seen().unwatched {
        let cells = teams.entry(&it.team).or_default();
        for (cell, seen) in cells.iter_mut().zip([it.alerts, it.monitored]) {
            if !seen {
                if !cell.is_empty() {
                    cell.push(Inline::text(", "));
                }
                cell.push(ctx.component_link(&it.component));
            }
        }
    }
    for (team, [alerts, monitors]) in teams {
        grid.row(vec![Cell::new(vec![ctx.team(team)]), Cell::new(alerts), Cell::new(monitors)]);
    }
    observed::follows(ctx, cluster, &cluster.facts.monitoring, grid)
}
