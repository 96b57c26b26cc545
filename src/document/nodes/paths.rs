//! Declared connections against network policies, and what enforces them.

use std::collections::{BTreeMap, BTreeSet};

use super::{Ctx, Grid, Head, Place, observed, table::lines};
use crate::{
    document::{
        fence,
        tree::{Align, Block, Cell, Column, Inline, Tone},
    },
    facts::State,
    facts::network::{Answer, Enforcement, JudgedPath, JudgedSide, Standing},
    workspace::{ComponentId, Connection, ConnectionNeed},
};

/// Workloads named in one line before the rest is counted.
const NAMES: usize = 4;

/// Standings, those first that need somebody.
const STANDINGS: [Standing; 5] =
    [Standing::Blocked, Standing::Partly, Standing::NotVisible, Standing::Open, Standing::NotHeld];

/// What stands where a component calls another, the most telling first.
const MARKS: [(&str, &str); 6] = [
    ("✗", "network.matrix_blocked"),
    ("○", "network.matrix_undeclared"),
    ("?", "network.matrix_unknown"),
    ("½", "network.matrix_partly"),
    ("●", "network.matrix_open"),
    ("–", "network.matrix_not_held"),
];

fn mark(standing: Standing) -> usize {
    match standing {
        Standing::Blocked => 0,
        Standing::NotVisible => 2,
        Standing::Partly => 3,
        Standing::Open => 4,
        Standing::NotHeld => 5,
    }
}

/// Components that call against components that are called: declared connections by what policies say of them, and paths
/// that policies open and nobody declares. Of several between two components the most telling is shown.
pub(super) fn matrix(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    observed::each_cluster(ctx, "what.connections_policies", |cluster| {
        let (fact, openings) = (&cluster.facts.connections, &cluster.facts.network_openings);
        let title = |id: Option<&ComponentId>| {
            id.map_or_else(|| ctx.t.t("network.matrix_nobody").to_owned(), |id| ctx.component(id).title.clone())
        };
        let mut cells: BTreeMap<(String, String), usize> = BTreeMap::new();
        let mut see = |from: String, to: String, mark: usize| {
            let known = cells.entry((from, to)).or_insert(mark);
            *known = mark.min(*known);
        };
        for connection in &ctx.ws.connections {
            if let Some(judged) = fact.seen().iter().find(|judged| judged.connection == connection.id) {
                see(title(Some(&connection.from)), title(Some(&connection.to)), mark(judged.standing));
            }
        }
        for path in &openings.seen().undeclared {
            see(title(path.from.as_ref()), title(path.to.as_ref()), 1);
        }
        let callers: BTreeSet<&str> = cells.keys().map(|(from, _)| from.as_str()).collect();
        let called: BTreeSet<&str> = cells.keys().map(|(_, to)| to.as_str()).collect();
        let heads = [Head::name("column.component", 40)];
        let mut grid = Grid::new(ctx, place, "network-matrix", "table.network_matrix", &heads);
        for to in &called {
            let column = Column { align: Align::Center, narrow: true, ..Column::default() };
            grid.column(column, vec![Inline::text(*to)]);
        }
        for from in callers {
            let mut row = vec![Cell::text(from)];
            row.extend(called.iter().map(|to| {
                let mark = cells.get(&(from.to_owned(), (*to).to_owned()));
                Cell::text(mark.map_or("", |mark| MARKS[*mark].0))
            }));
            grid.row(row);
        }
        let mut legend = None;
        if !grid.is_empty() {
            let used = MARKS.iter().enumerate().filter(|(index, _)| cells.values().any(|mark| mark == index));
            let said: Vec<&str> = used.map(|(_, (_, key))| ctx.t.t(key)).collect();
            legend = Some(vec![ctx.text("network.matrix_legend"), Inline::text(format!(" {}.", said.join("; ")))]);
        }
        grid.rotate_heads();
        let mut blocks = observed::table(ctx, cluster, fact, grid);
        blocks.extend(legend.map(|text| Block::Paragraph { text }));
        if openings.state() != State::Complete {
            blocks.push(Block::Paragraph { text: observed::source(ctx, cluster, openings) });
        }
        blocks
    })
}

/// Declared connections by what policies say of them, one line each with the policies that decide.
pub(super) fn glance(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    observed::each_cluster(ctx, "what.connections_policies", |cluster| {
        let fact = &cluster.facts.connections;
        let heads = [
            Head::fit("column.number"),
            Head::name("column.connection", 34),
            Head::text("column.need", 14),
            Head::text("column.policies_that_decide", 52),
        ];
        let mut grid = Grid::new(ctx, place, "connections-at-a-glance", "table.connections_glance", &heads);
        let all: Vec<_> = ctx
            .ws
            .connections
            .iter()
            .enumerate()
            .filter_map(|(index, connection)| {
                let judged = fact.seen().iter().find(|judged| judged.connection == connection.id)?;
                Some((index, connection, judged))
            })
            .collect();
        for kind in STANDINGS {
            let same: Vec<_> = all.iter().filter(|(.., judged)| judged.standing == kind).collect();
            let worst = same.iter().map(|(_, connection, _)| connection.need);
            let Some(need_of) = worst.max_by_key(|need| *need == ConnectionNeed::Required) else { continue };
            let count = ctx.t.count("network.connections", same.len());
            grid.group(vec![standing(ctx, kind, need_of), Inline::text(format!(" · {count}"))]);
            for (index, connection, judged) in same {
                let sides = judged.paths.iter().flat_map(|path| [&path.egress, &path.ingress]);
                let mut deciding: Vec<&JudgedSide> =
                    sides.filter(|side| kind != Standing::Blocked || side.answer == Answer::Blocked).collect();
                // A side that is let through decides nothing where another is not told.
                if kind == Standing::NotVisible {
                    deciding.retain(|side| side.answer == Answer::NotVisible);
                }
                let policies: BTreeSet<&str> =
                    deciding.iter().flat_map(|side| &side.policies).map(String::as_str).collect();
                let mut why = observed::names(ctx, policies, 6);
                if why.is_empty() {
                    let reasons: BTreeSet<&str> = deciding.iter().filter_map(|side| side.why.as_deref()).collect();
                    why = match kind {
                        Standing::Open => vec![ctx.text("network.path.free")],
                        _ => vec![Inline::text(reasons.into_iter().collect::<Vec<_>>().join("; "))],
                    };
                }
                grid.row(vec![
                    Cell::text(fence::connection_number(*index)),
                    Cell::text(&*connection.title),
                    Cell::new(vec![need(ctx, connection.need)]),
                    Cell::new(why),
                ]);
            }
        }
        observed::table(ctx, cluster, fact, grid)
    })
}

/// Declared connections path by path, with what policies say of each side.
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
            let mut reasons: Vec<Vec<Inline>> =
                judged.paths.iter().flat_map(|path| one_path(ctx, connection, path)).collect();
            reasons.extend(judged.remarks.iter().map(|remark| vec![Inline::text(&**remark)]));
            grid.row(vec![
                Cell::text(fence::connection_number(index)),
                Cell::text(&*connection.title),
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

/// Paths between components that policies open and no connection declares.
pub(super) fn undeclared(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    observed::each_cluster(ctx, "what.undeclared", |cluster| {
        let fact = &cluster.facts.network_openings;
        let heads = [
            Head::name("column.path_between", 28),
            Head::text("column.ports", 16),
            Head::text("column.workloads", 34),
            Head::text("column.opened_by", 24),
        ];
        let mut grid = Grid::new(ctx, place, "undeclared-paths", "table.undeclared", &heads);
        for path in &fact.seen().undeclared {
            let mut between = component(ctx, path.from.as_ref());
            between.push(Inline::text(" → "));
            between.extend(component(ctx, path.to.as_ref()));
            let mut workloads = observed::names(ctx, path.callers.iter().map(String::as_str), NAMES);
            workloads.push(Inline::text(" → "));
            workloads.extend(observed::names(ctx, path.called.iter().map(String::as_str), NAMES));
            grid.row(vec![
                Cell::new(between),
                ports(ctx, &path.ports),
                Cell::new(workloads),
                Cell::new(observed::names(ctx, path.policies.iter().map(String::as_str), NAMES)),
            ]);
        }
        observed::table(ctx, cluster, fact, grid)
    })
}

fn component(ctx: &Ctx<'_>, id: Option<&ComponentId>) -> Vec<Inline> {
    vec![id.map_or_else(|| ctx.badge(Tone::Caution, "network.nobodys"), |id| ctx.component_link(id))]
}

fn ports(ctx: &Ctx<'_>, ports: &[String]) -> Cell {
    if ports.is_empty() { Cell::new(vec![ctx.text("network.all_ports")]) } else { Cell::text(ports.join(", ")) }
}

/// Workloads that accept connections from everybody.
pub(super) fn accepting(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    observed::each_cluster(ctx, "what.accepting", |cluster| {
        let fact = &cluster.facts.network_openings;
        let heads = [
            Head::name("column.component", 24),
            Head::text("column.namespace", 16),
            Head::text("column.workloads", 36),
            Head::text("column.because", 24),
        ];
        let mut grid = Grid::new(ctx, place, "accepting-everything", "table.accepting", &heads);
        for open in &fact.seen().accepting {
            let mut why = observed::names(ctx, open.policies.iter().map(String::as_str), NAMES);
            if why.is_empty() {
                why.push(ctx.text("network.path.free"));
            }
            if !open.ports.is_empty() {
                why.push(Inline::text(format!(", {}", open.ports.join(", "))));
            }
            grid.row(vec![
                Cell::new(component(ctx, open.component.as_ref())),
                Cell::new(vec![Inline::code(&*open.namespace)]),
                Cell::new(observed::names(ctx, open.workloads.iter().map(String::as_str), 8)),
                Cell::new(why),
            ]);
        }
        observed::table(ctx, cluster, fact, grid)
    })
}

/// Every workload with the policies that hold it, folded by namespace.
pub(super) fn held(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    observed::each_cluster(ctx, "what.held", |cluster| {
        let fact = &cluster.facts.network_openings;
        let heads = [
            Head::name("column.namespace", 16),
            Head::text("column.workloads", 36),
            Head::number("column.pods"),
            Head::text("column.held_ingress", 24),
            Head::text("column.held_egress", 24),
        ];
        let mut grid = Grid::new(ctx, place, "workloads-held", "table.held", &heads);
        for held in &fact.seen().held {
            let side = |policies: &[String]| match policies {
                [] if held.host_network => vec![ctx.text("network.host_network")],
                [] => vec![ctx.text("network.no_policy")],
                policies => observed::names(ctx, policies.iter().map(String::as_str), policies.len()),
            };
            grid.row(vec![
                Cell::new(vec![Inline::code(&*held.namespace)]),
                Cell::new(observed::names(ctx, held.workloads.iter().map(String::as_str), held.workloads.len())),
                Cell::text(held.pods.to_string()),
                Cell::new(side(&held.ingress)),
                Cell::new(side(&held.egress)),
            ]);
        }
        observed::table(ctx, cluster, fact, grid)
    })
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
