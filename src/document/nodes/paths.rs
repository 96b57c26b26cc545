//! Declared connections against network policies, and what enforces them.

use super::{Ctx, Grid, Head, Place, observed, table::lines};
use crate::{
    document::{
        fence,
        tree::{Block, Cell, Inline, Tone},
    },
    facts::network::{Answer, Enforcement, JudgedPath, JudgedSide, Standing},
    workspace::{Connection, ConnectionNeed},
};

/// Workloads named in one line before the rest is counted.
const NAMES: usize = 4;

/// Declared connections with what policies say of each, and the policies that decide.
pub(super) fn connections(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    observed::each_cluster(ctx, "what.connections_policies", |cluster| {
        let fact = &cluster.facts.connections;
        let heads = [
            Head::fit("column.number"),
            Head::name("column.connection", 26),
            Head::text("column.policies_say", 14),
            Head::text("column.decided_by", 60),
        ];
        let mut grid = Grid::new(ctx, place, "connections-against-policies", "table.connections_policies", &heads);
        for (index, connection) in ctx.ws.connections.iter().enumerate() {
            let Some(judged) = fact.seen().iter().find(|judged| judged.connection == connection.id) else { continue };
            let path =
                vec![ctx.component_link(&connection.from), Inline::text(" → "), ctx.component_link(&connection.to)];
            let mut reasons: Vec<Vec<Inline>> =
                judged.paths.iter().flat_map(|path| one_path(ctx, connection, path)).collect();
            reasons.extend(judged.remarks.iter().map(|remark| vec![Inline::text(&**remark)]));
            grid.row(vec![
                Cell::text(fence::connection_number(index)),
                lines([vec![Inline::text(&*connection.title)], path, vec![need(ctx, connection.need)]]),
                Cell::new(vec![standing(ctx, judged.standing, connection.need)]),
                lines(reasons),
            ]);
        }
        grid.landscape();
        observed::table(ctx, cluster, fact, grid)
    })
}

pub(super) fn need(ctx: &Ctx<'_>, need: ConnectionNeed) -> Inline {
    match need {
        ConnectionNeed::Required => ctx.badge(Tone::Neutral, "network.required"),
        ConnectionNeed::Allowed => ctx.badge(Tone::Neutral, "network.allowed"),
    }
}

fn standing(ctx: &Ctx<'_>, standing: Standing, need: ConnectionNeed) -> Inline {
    match (standing, need) {
        (Standing::Open, _) => ctx.badge(Tone::Good, "network.standing.open"),
        (Standing::Partly, _) => ctx.badge(Tone::Neutral, "network.standing.partly"),
        (Standing::Blocked, ConnectionNeed::Required) => ctx.badge(Tone::Bad, "network.standing.blocked"),
        (Standing::Blocked, ConnectionNeed::Allowed) => ctx.badge(Tone::Caution, "network.standing.blocked"),
        (Standing::NotVisible, _) => ctx.badge(Tone::Unknown, "network.standing.not_visible"),
        (Standing::NotHeld, _) => ctx.badge(Tone::Neutral, "network.standing.not_held"),
    }
}

/// Who calls whom on which ports, then what decides on each side.
fn one_path(ctx: &Ctx<'_>, connection: &Connection, path: &JudgedPath) -> Vec<Vec<Inline>> {
    let workloads = |names: &[String], component| match names {
        [] => vec![Inline::text(&*ctx.component(component).title)],
        names => observed::names(ctx, names.iter().map(String::as_str), NAMES),
    };
    let mut head = workloads(&path.from, &connection.from);
    head.push(Inline::text(" → "));
    head.extend(workloads(&path.to, &connection.to));
    let ports: Vec<String> = path.ports.iter().map(ToString::to_string).collect();
    head.push(Inline::text(format!(", {}: ", ports.join(", "))));
    head.push(match path.answer {
        Answer::Open => ctx.badge(Tone::Good, "network.standing.open"),
        Answer::Blocked => ctx.badge(Tone::Bad, "network.standing.blocked"),
        Answer::NotVisible => ctx.badge(Tone::Unknown, "network.standing.not_visible"),
        Answer::NotHeld => ctx.badge(Tone::Neutral, "network.standing.not_held"),
    });
    let mut sides = one_side(ctx, "network.path.egress", &path.egress);
    sides.push(Inline::text("; "));
    sides.extend(one_side(ctx, "network.path.ingress", &path.ingress));
    vec![head, sides]
}

fn one_side(ctx: &Ctx<'_>, key: &str, side: &JudgedSide) -> Vec<Inline> {
    let mut text = vec![Inline::text(format!("{}: ", ctx.t.t(key)))];
    let policies = || observed::names(ctx, side.policies.iter().map(String::as_str), NAMES);
    match side.answer {
        Answer::Open if side.policies.is_empty() => text.push(ctx.text("network.path.free")),
        Answer::Open => {
            text.extend([ctx.text("network.path.allowed"), Inline::text(" ")]);
            text.extend(policies());
        }
        Answer::Blocked => {
            text.extend([ctx.text("network.path.denied"), Inline::text(" ")]);
            text.extend(policies());
        }
        Answer::NotVisible | Answer::NotHeld => {
            if side.answer == Answer::NotVisible {
                text.extend([ctx.text("network.path.untold"), Inline::text(" ")]);
            }
            text.push(Inline::text(side.why.as_deref().unwrap_or_default()));
        }
    }
    text
}

/// Network plug-ins and whether they enforce policies.
pub(super) fn plugins(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    observed::each_cluster(ctx, "what.plugins", |cluster| {
        let fact = &cluster.facts.network_plugins;
        let heads = [
            Head::name("column.plugin", 24),
            Head::text("column.daemon_set", 24),
            Head::text("column.image", 30),
            Head::text("column.policies_enforced", 34),
        ];
        let mut grid = Grid::new(ctx, place, "network-plugins", "table.network_plugins", &heads);
        for plugin in &fact.seen().seen {
            let mut said = vec![match plugin.enforces {
                Enforcement::Enforced => ctx.badge(Tone::Good, "network.enforced.enforced"),
                Enforcement::NotEnforced => ctx.badge(Tone::Bad, "network.enforced.not_enforced"),
                Enforcement::NotVisible => ctx.badge(Tone::Unknown, "network.enforced.not_visible"),
            }];
            if let Some(remark) = plugin.remark {
                said.extend([Inline::Break, Inline::text(remark)]);
            }
            grid.row(vec![
                Cell::text(plugin.product),
                Cell::new(vec![Inline::code(&*plugin.daemon_set)]),
                Cell::new(vec![Inline::code(&*plugin.image)]),
                Cell::new(said),
            ]);
        }
        observed::table(ctx, cluster, fact, grid)
    })
}
