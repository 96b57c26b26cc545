//! Ways in: from a host to the workload behind it, with owner and TLS.

use std::collections::BTreeMap;

use super::{Ctx, Grid, Head, Place, inventory::component_cell, observed, table::lines};
use crate::{
    assess::ClusterEvidence,
    document::tree::{Block, Callout, Cell, Inline, Tone},
    facts::{Backend, BackendState, Redirect, State, Tls, WayIn},
    workspace::{ComponentId, TeamId},
};

/// Everything reachable from outside, grouped by the team that owns the entry; then what listens on nodes.
pub(super) fn ways(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    observed::each_cluster(ctx, "what.exposure", |cluster| {
        let mut blocks = table(ctx, place, cluster);
        blocks.extend(shared(ctx, cluster));
        blocks.extend(on_nodes(ctx, place, cluster));
        blocks
    })
}

fn table(ctx: &Ctx<'_>, place: &mut Place<'_>, cluster: &ClusterEvidence) -> Vec<Block> {
    let fact = &cluster.facts.exposure;
    let heads = [
        Head::name("column.way_in", 26),
        Head::text("column.entry", 26),
        Head::text("column.leads_to", 26),
        Head::text("column.tls", 22),
    ];
    let mut grid = Grid::new(ctx, place, "ways-in", "table.ways", &heads);
    let mut group: Option<&Option<TeamId>> = None;
    for way in &fact.seen().ways {
        if group != Some(&way.team) {
            group = Some(&way.team);
            grid.group(vec![match &way.team {
                Some(team) => ctx.team(team),
                None => ctx.text("exposure.no_team"),
            }]);
        }
        grid.row(vec![host(ctx, way), entry(ctx, way), leads_to(ctx, way), tls(ctx, cluster, way)]);
    }
    observed::table(ctx, cluster, fact, grid)
}

/// Hosts, ports, and who may come from where.
fn host(ctx: &Ctx<'_>, way: &WayIn) -> Cell {
    let mut rows = vec![if way.hosts.is_empty() {
        vec![ctx.text("exposure.no_address")]
    } else {
        observed::names(ctx, way.hosts.iter().map(String::as_str), 6)
    }];
    if way.hosts.iter().any(|host| host.starts_with('*')) {
        rows.push(vec![ctx.badge(Tone::Caution, "exposure.wildcard")]);
    }
    if !way.ports.is_empty() {
        rows.push(vec![Inline::text(way.ports.join(", "))]);
    }
    if way.internal {
        rows.push(vec![ctx.badge(Tone::Neutral, "exposure.internal")]);
    }
    let everybody = |range: &String| matches!(&**range, "0.0.0.0/0" | "::/0");
    if way.source_ranges.iter().any(everybody) || (way.source_ranges.is_empty() && way.kind.starts_with("Service")) {
        rows.push(vec![ctx.badge(Tone::Neutral, "network.everybody")]);
    } else if !way.source_ranges.is_empty() {
        let mut from = vec![ctx.text("exposure.from"), Inline::text(" ")];
        from.extend(observed::names(ctx, way.source_ranges.iter().map(String::as_str), 4));
        rows.push(from);
    }
    lines(rows)
}

fn entry(ctx: &Ctx<'_>, way: &WayIn) -> Cell {
    let mut rows = vec![vec![Inline::text(&*way.kind)], vec![Inline::code(format!("{}/{}", way.namespace, way.name))]];
    if let Some(through) = way.through.as_ref().filter(|through| !through.is_empty()) {
        rows.push(vec![ctx.text("exposure.through"), Inline::text(format!(" {through}"))]);
    }
    for problem in &way.problems {
        rows.push(vec![ctx.badge(Tone::Caution, "exposure.problem"), Inline::text(format!(" {problem}"))]);
    }
    lines(rows)
}

fn leads_to(ctx: &Ctx<'_>, way: &WayIn) -> Cell {
    let mut rows = Vec::new();
    for backend in &way.backends {
        let mut row = vec![Inline::code(format!("{}/{}", backend.namespace, backend.name))];
        if !backend.workloads.is_empty() {
            row.push(Inline::text(" → "));
            row.extend(observed::names(ctx, backend.workloads.iter().map(String::as_str), 3));
        }
        rows.push(row);
        rows.extend(owner(ctx, way.component.as_ref(), backend));
        let (tone, key) = match backend.state {
            BackendState::Ready => continue,
            BackendState::NotReady => (Tone::Caution, "exposure.not_ready"),
            BackendState::NoPods => (Tone::Bad, "exposure.no_pods"),
            BackendState::Missing => (Tone::Bad, "exposure.missing"),
            BackendState::NotGranted => (Tone::Bad, "exposure.not_granted"),
            BackendState::Elsewhere => (Tone::Neutral, "exposure.elsewhere"),
            BackendState::Unknown => (Tone::Unknown, "exposure.unknown"),
        };
        rows.push(vec![ctx.badge(tone, key)]);
    }
    lines(rows)
}

/// The component behind it, and its team where that is not the entry's.
fn owner(ctx: &Ctx<'_>, entry: Option<&ComponentId>, backend: &Backend) -> Option<Vec<Inline>> {
    let component = backend.component.as_ref()?;
    let mut text = vec![ctx.component_link(component)];
    if entry != Some(component)
        && let Some(team) = &backend.team
    {
        text.extend([Inline::text(" ("), ctx.team(team), Inline::text(")")]);
    }
    Some(text)
}

fn tls(ctx: &Ctx<'_>, cluster: &ClusterEvidence, way: &WayIn) -> Cell {
    let (tone, key) = match way.tls {
        Tls::All => (Tone::Good, "network.tls_all"),
        Tls::Partly => (Tone::Bad, "exposure.tls_partly"),
        Tls::None => (Tone::Bad, "network.tls_missing"),
        Tls::Passthrough => (Tone::Neutral, "exposure.passthrough"),
        Tls::Redirects => (Tone::Neutral, "exposure.redirects"),
        Tls::NotVisible => (Tone::Unknown, "exposure.tls_not_visible"),
    };
    let mut rows = vec![vec![ctx.badge(tone, key)]];
    if !way.without_tls.is_empty() {
        rows.push(observed::names(ctx, way.without_tls.iter().map(String::as_str), 4));
    }
    match way.redirect {
        Redirect::ToTls if way.tls != Tls::Redirects => rows.push(vec![ctx.text("exposure.redirect")]),
        Redirect::Off => rows.push(vec![ctx.badge(Tone::Caution, "exposure.redirect_off")]),
        Redirect::ToTls | Redirect::NotSaid => {}
    }
    for secret in &way.certificates {
        rows.push(certificate(ctx, cluster, secret));
    }
    lines(rows)
}

/// The certificate in a Secret, as far as cert-manager says.
fn certificate(ctx: &Ctx<'_>, cluster: &ClusterEvidence, secret: &str) -> Vec<Inline> {
    let mut text = vec![Inline::code(secret), Inline::text(" ")];
    let fact = &cluster.facts.certificates;
    let keeps = |namespace: &str, name: &str| secret.split_once('/') == Some((namespace, name));
    match fact.seen().iter().find(|it| it.secret.as_deref().is_some_and(|name| keeps(&it.namespace, name))) {
        Some(certificate) => text.extend(super::crypto::expiry(ctx, certificate)),
        None if matches!(fact.state(), State::Complete | State::Absent) => {
            text.push(ctx.badge(Tone::Unknown, "exposure.not_managed"));
        }
        None => text.push(ctx.badge(Tone::Unknown, "word.unknown")),
    }
    text
}

fn shared(ctx: &Ctx<'_>, cluster: &ClusterEvidence) -> Option<Block> {
    let hosts = &cluster.facts.exposure.seen().shared_hosts;
    let items = hosts.iter().map(|shared| {
        let mut text = vec![Inline::code(&*shared.host), Inline::text(": ")];
        text.extend(observed::names(ctx, shared.objects.iter().map(String::as_str), 6));
        vec![Block::Paragraph { text }]
    });
    let items: Vec<Vec<Block>> = items.collect();
    (!items.is_empty()).then(|| Block::Callout {
        kind: Callout::Warning,
        title: vec![ctx.text("exposure.shared")],
        blocks: items.into_iter().flatten().collect(),
    })
}

/// What listens on addresses of nodes, one row a component.
fn on_nodes(ctx: &Ctx<'_>, place: &mut Place<'_>, cluster: &ClusterEvidence) -> Vec<Block> {
    let fact = &cluster.facts.exposure;
    let heads =
        [Head::name("column.component", 24), Head::text("column.workloads", 50), Head::text("column.host_ports", 26)];
    let mut grid = Grid::new(ctx, place, "on-nodes", "table.on_nodes", &heads);
    let mut rows: BTreeMap<Option<&ComponentId>, Vec<_>> = BTreeMap::new();
    for workload in &fact.seen().on_nodes {
        rows.entry(workload.component.as_ref()).or_default().push(workload);
    }
    for (component, workloads) in rows {
        let names: Vec<String> = workloads.iter().map(|it| format!("{}/{}", it.namespace, it.workload)).collect();
        let ports: Vec<String> = workloads.iter().flat_map(|it| &it.host_ports).map(i64::to_string).collect();
        grid.row(vec![
            component_cell(ctx, component),
            Cell::new(observed::names(ctx, names.iter().map(String::as_str), 12)),
            lines(
                [
                    (!ports.is_empty()).then(|| vec![Inline::text(ports.join(", "))]),
                    workloads.iter().any(|it| it.host_network).then(|| vec![ctx.text("exposure.host_network")]),
                ]
                .into_iter()
                .flatten(),
            ),
        ]);
    }
    observed::follows(ctx, cluster, fact, grid)
}
