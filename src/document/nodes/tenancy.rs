//! Who shares what: node pools with their tenants, and which teams stop when something shared fails.

use std::collections::{BTreeMap, BTreeSet};

use super::{Ctx, Grid, Head, Place, observed, table::lines, team::team_of};
use crate::{
    assess::ClusterEvidence,
    document::{
        impact::{self, Row},
        tree::{Block, Cell, Diagram, Inline, Tone},
    },
    facts::{NodePool, Service, Shared, WorkloadName},
    sort::Sort,
    workspace::{ComponentId, ConnectionNeed, Interface, Relies, Side, TeamId},
};

/// Names that a cell or remark lists before it says how many more.
const NAMES: usize = 12;

/// Node pools: what keeps Pods away, for whom they are reserved, and whose Pods ran there.
pub(super) fn pools(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    observed::each_cluster(ctx, "what.tenancy", |cluster| {
        let fact = &cluster.facts.tenancy;
        let value = fact.seen();
        let heads = [
            Head::name("column.node_pool", 26),
            Head::text("column.reserved_for", 18),
            Head::text("column.tenants", 40),
            Head::text("column.agents_of", 16),
        ];
        let mut grid = Grid::new(ctx, place, "node-pools", "table.node_pools", &heads);
        for pool in &value.pools {
            grid.row(vec![
                name(ctx, pool),
                Cell::new(match &pool.dedicated_to {
                    Some(teams) => ctx.teams(teams),
                    None => Vec::new(),
                }),
                tenants(ctx, pool),
                Cell::new(ctx.teams(&pool.agents_of)),
            ]);
        }
        if !grid.is_empty() {
            for (key, none, workloads) in [
                ("tenancy.tolerant", "tenancy.none_tolerant", &value.tolerant),
                ("tenancy.above", "tenancy.none_above", &value.on_control_plane),
            ] {
                if workloads.is_empty() && fact.complete().is_some() {
                    grid.note(vec![ctx.text(none)]);
                } else if !workloads.is_empty() {
                    let mut text = vec![ctx.text(key), Inline::text(" ")];
                    text.extend(workload_names(ctx, workloads.iter()));
                    grid.note(text);
                }
            }
            let mut classes: BTreeMap<&str, Vec<&WorkloadName>> = BTreeMap::new();
            for sandboxed in &value.sandboxed {
                classes.entry(&sandboxed.class).or_default().push(&sandboxed.workload);
            }
            for (class, workloads) in classes {
                let mut text = ctx.t.inlines("tenancy.sandboxed", &[("class", Inline::code(class))]);
                text.push(Inline::text(" "));
                text.extend(workload_names(ctx, workloads));
                grid.note(text);
            }
        }
        observed::table(ctx, cluster, fact, grid)
    })
}

fn name(ctx: &Ctx<'_>, pool: &NodePool) -> Cell {
    let mut nodes = vec![Inline::text(format!("{}: ", ctx.t.count("configuration.nodes", pool.nodes.len())))];
    nodes.extend(observed::names(ctx, pool.nodes.iter().map(String::as_str), NAMES));
    let taints =
        pool.taints.iter().map(|taint| vec![ctx.text("tenancy.taint"), Inline::text(" "), Inline::code(&**taint)]);
    lines([vec![Inline::Strong { text: vec![Inline::text(&*pool.name)] }], nodes].into_iter().chain(taints))
}

fn tenants(ctx: &Ctx<'_>, pool: &NodePool) -> Cell {
    lines(pool.tenants.iter().map(|tenant| {
        let mut text = vec![match &tenant.team {
            Some(team) => ctx.team(team),
            None => ctx.badge(Tone::Bad, "inventory.unclaimed"),
        }];
        let pods = ctx.t.count("configuration.pods", tenant.pods);
        let pods = match tenant.pinned {
            0 => pods,
            pinned if pinned == tenant.pods => format!("{pods}, {}", ctx.t.t("tenancy.all_pinned")),
            pinned => format!("{pods}, {}", ctx.t.fill("tenancy.pinned", &[("count", &pinned.to_string())])),
        };
        text.push(Inline::text(format!(" ({pods}) ")));
        text.extend(observed::names(ctx, tenant.nodes.iter().map(String::as_str), NAMES));
        if tenant.foreign {
            text.extend([Inline::text(" "), ctx.badge(Tone::Bad, "tenancy.foreign")]);
        }
        text
    }))
}

fn workload_names<'w>(ctx: &Ctx<'_>, workloads: impl IntoIterator<Item = &'w WorkloadName>) -> Vec<Inline> {
    let names = workloads.into_iter().map(|it| format!("{} {}/{}", it.kind, it.namespace, it.name));
    let names: Vec<String> = names.collect();
    observed::names(ctx, names.iter().map(String::as_str), 2 * NAMES)
}

/// What is shared, as a picture and as a table with the objects that say so; then declared connections.
pub(super) fn blast_radius(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    observed::each_cluster(ctx, "what.dependents", |cluster| {
        let fact = &cluster.facts.dependents;
        let heads =
            [Head::name("column.if_fails", 30), Head::text("column.answers", 18), Head::text("column.then_stops", 52)];
        let mut grid = Grid::new(ctx, place, "dependents", "table.dependents", &heads);
        let shared: Vec<&Shared> = fact.seen().iter().filter(|shared| reaches_others(shared)).collect();
        for shared in &shared {
            let mut what = vec![vec![Inline::text(format!("{} ", shared.kind)), Inline::code(&*shared.name)]];
            what.extend(shared.component.as_ref().map(|component| vec![ctx.component_link(component)]));
            what.push(vec![ctx.text(does(shared.service))]);
            let stops = shared.dependents.iter().map(|dependent| {
                let mut text = vec![team(ctx, dependent.team.as_ref()), Inline::text(": ")];
                text.extend(objects(ctx, &dependent.objects));
                text
            });
            grid.row(vec![lines(what), Cell::new(vec![team(ctx, shared.team.as_ref())]), lines(stops)]);
        }
        let declared = declared(ctx, fact.seen());
        if !declared.is_empty() {
            grid.group(vec![ctx.text("tenancy.declared")]);
        }
        for reliances in declared.values() {
            let mut by: BTreeMap<&TeamId, Vec<Inline>> = BTreeMap::new();
            for reliance in reliances {
                let text = by.entry(team_of(ctx, &reliance.relies)).or_default();
                text.push(Inline::text(if text.is_empty() { ": " } else { ", " }));
                if let Side::Component(id) = &reliance.relies {
                    text.extend([ctx.component_link(id), Inline::text(format!(" ({})", reliance.title))]);
                } else {
                    text.push(Inline::text(reliance.title));
                }
            }
            let stops = by.into_iter().map(|(id, text)| std::iter::once(ctx.team(id)).chain(text).collect());
            let on = &reliances[0].on;
            grid.row(vec![Cell::new(vec![ctx.side(on)]), Cell::new(vec![ctx.team(team_of(ctx, on))]), lines(stops)]);
        }
        let silent: Vec<&str> = interfaces(ctx).filter(|it| it.relies.is_none()).map(|it| &*it.title).collect();
        if !silent.is_empty() {
            let text = ctx.t.fill("tenancy.silent", &[("interfaces", &silent.join(", "))]);
            grid.note(vec![Inline::text(text)]);
        }
        let mut blocks: Vec<Block> = picture(ctx, place, cluster, &shared, &declared).into_iter().collect();
        blocks.extend(observed::table(ctx, cluster, fact, grid));
        blocks
    })
}

/// Objects by kind, each kind once: `Ingress shop/web, shop/api`.
fn objects(ctx: &Ctx<'_>, objects: &[String]) -> Vec<Inline> {
    let mut kinds: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (kind, name) in objects.iter().filter_map(|object| object.split_once(' ')) {
        kinds.entry(kind).or_default().push(name);
    }
    let mut text = Vec::new();
    for (kind, names) in kinds {
        text.push(Inline::text(format!("{}{kind} ", if text.is_empty() { "" } else { "; " })));
        text.extend(observed::names(ctx, names, NAMES));
    }
    text
}

/// Somebody else than its own team relies on it.
fn reaches_others(shared: &Shared) -> bool {
    shared.dependents.iter().any(|dependent| dependent.team.is_none() || dependent.team != shared.team)
}

/// Somebody relies on somebody else by declaration.
struct Reliance<'a> {
    /// Who stops.
    relies: Side,
    /// Without whom.
    on: Side,
    /// The connection or interface that says so.
    title: &'a str,
    /// Key of what it is.
    what: &'static str,
}

/// What a side is called.
fn side_title<'a>(ctx: &Ctx<'a>, side: &Side) -> &'a str {
    match side {
        Side::Component(id) => &ctx.component(id).title,
        Side::Team(id) => &ctx.ws.team(id).name,
    }
}

/// Interfaces between two teams.
fn interfaces<'a>(ctx: &Ctx<'a>) -> impl Iterator<Item = &'a Interface> {
    ctx.ws.interfaces.iter().filter(|it| team_of(ctx, &it.from) != team_of(ctx, &it.to))
}

/// Who relies on another team, by the title of what it relies on: required connections, and interfaces that say which
/// side stops without the other. Connections from and to what lets traffic in are none of it: the shop does not stop the
/// ingress.
fn declared<'a>(ctx: &Ctx<'a>, shared: &[Shared]) -> BTreeMap<&'a str, Vec<Reliance<'a>>> {
    let entries: BTreeSet<&ComponentId> = shared
        .iter()
        .filter(|shared| shared.service == Service::Ingress)
        .filter_map(|shared| shared.component.as_ref())
        .collect();
    let mut out: BTreeMap<&str, Vec<Reliance<'_>>> = BTreeMap::new();
    for connection in ctx.ws.connections.iter().filter(|connection| connection.need == ConnectionNeed::Required) {
        let (from, to) = (ctx.component(&connection.from), ctx.component(&connection.to));
        if from.team != to.team && !entries.contains(&from.id) && !entries.contains(&to.id) {
            let (relies, on) = (Side::Component(from.id.clone()), Side::Component(to.id.clone()));
            let what = "tenancy.connection";
            out.entry(&to.title).or_default().push(Reliance { relies, on, title: &connection.title, what });
        }
    }
    for interface in interfaces(ctx) {
        let (from, to) = (&interface.from, &interface.to);
        let pairs = match interface.relies {
            None => Vec::new(),
            Some(Relies::From) => vec![(from, to)],
            Some(Relies::To) => vec![(to, from)],
            Some(Relies::Both) => vec![(from, to), (to, from)],
        };
        for (relies, on) in pairs {
            let (relies, what) = (relies.clone(), "tenancy.interface");
            let reliance = Reliance { relies, on: on.clone(), title: &interface.title, what };
            out.entry(side_title(ctx, on)).or_default().push(reliance);
        }
    }
    out
}

fn team(ctx: &Ctx<'_>, team: Option<&TeamId>) -> Inline {
    team.map_or_else(|| ctx.badge(Tone::Bad, "inventory.unclaimed"), |team| ctx.team(team))
}

fn does(service: Service) -> &'static str {
    match service {
        Service::Ingress => "tenancy.ingress",
        Service::Certificates => "tenancy.certificates",
        Service::Secrets => "tenancy.secrets",
        Service::Storage => "tenancy.storage",
        Service::Backup => "tenancy.backup",
        Service::Monitoring => "tenancy.monitoring",
        Service::Databases => "tenancy.databases",
    }
}

/// A row of the picture being put together: what may fail, what it does, and the teams that lose it.
type Merged<'a> = (String, Vec<&'a str>, BTreeSet<Option<&'a TeamId>>);

/// One row a component and what it does: its classes and issuers fail together.
fn picture(
    ctx: &Ctx<'_>,
    place: &mut Place<'_>,
    cluster: &ClusterEvidence,
    shared: &[&Shared],
    declared: &BTreeMap<&str, Vec<Reliance<'_>>>,
) -> Option<Block> {
    let seen = shared.iter().map(|shared| {
        let what = match &shared.component {
            Some(component) => ctx.component(component).title.clone(),
            None => format!("{} {}", shared.kind, shared.name),
        };
        let teams = shared.dependents.iter().map(|dependent| dependent.team.as_ref());
        (what, ctx.t.t(does(shared.service)), teams.collect::<Vec<_>>())
    });
    let declared = declared.iter().flat_map(|(on, reliances)| {
        reliances.iter().map(|reliance| {
            let teams: Vec<Option<&TeamId>> = vec![Some(team_of(ctx, &reliance.relies))];
            ((*on).to_owned(), ctx.t.t(reliance.what), teams)
        })
    });
    let mut rows: Vec<Merged<'_>> = Vec::new();
    for (what, does, teams) in seen.chain(declared) {
        let row = match rows.iter().position(|row| row.0 == what) {
            Some(at) => &mut rows[at],
            None => {
                rows.push((what, Vec::new(), BTreeSet::new()));
                rows.last_mut()?
            }
        };
        if !row.1.contains(&does) {
            row.1.push(does);
        }
        row.2.extend(teams);
    }
    if rows.is_empty() {
        return None;
    }
    rows.order_by(|a, b| (b.2.len(), &a.0).cmp(&(a.2.len(), &b.0)));
    let chip = |team: Option<&TeamId>| match team {
        Some(id) => {
            let index = ctx.team_index.get(id.as_str()).and_then(|index| u8::try_from(*index).ok());
            (ctx.ws.team(id).name.clone(), index)
        }
        None => (ctx.t.t("inventory.unclaimed").to_owned(), None),
    };
    let rows: Vec<Row> = rows
        .into_iter()
        .map(|(what, does, teams)| {
            let (named, nobody): (Vec<_>, Vec<_>) = teams.into_iter().partition(Option::is_some);
            Row { what, does: does.join(", "), teams: named.into_iter().chain(nobody).map(chip).collect() }
        })
        .collect();
    let caption = ctx.t.fill("tenancy.picture", &[("cluster", &cluster.header.cluster.id)]);
    let told = rows.iter().map(|row| {
        let teams: Vec<&str> = row.teams.iter().map(|team| &*team.0).collect();
        format!("{} ({}): {}", row.what, row.does, teams.join(", "))
    });
    Some(Block::Diagram(Diagram {
        id: place.anchors.claim("blast-radius-picture"),
        alt: format!("{caption}. {}.", told.collect::<Vec<_>>().join("; ")),
        scene: impact::draw([ctx.t.t("column.if_fails"), ctx.t.t("tenancy.teams_stop")], &rows),
        caption,
        landscape: false,
    }))
}
