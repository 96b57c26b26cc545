//! The network: connections as declared, isolation and exposure as observed.

use globset::{Glob, GlobSet};

use super::{Ctx, Grid, Head, Place, inventory::component_cell, observed, paths, table::lines};
use crate::{
    document::{
        fence,
        tree::{Block, Cell, Inline, Tone},
    },
    facts::network::Lets,
};

/// Declared connections, with organization, agreement, data, ports and encryption.
pub(super) fn connections(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let heads = [
        Head::fit("column.number"),
        Head::name("column.connection", 26),
        Head::text("column.ports", 14),
        Head::text("column.data", 22),
        Head::text("column.encryption", 16),
        Head::text("column.agreement", 22),
    ];
    let mut grid = Grid::new(ctx, place, "connections-table", "table.connections", &heads);
    for (index, connection) in ctx.ws.connections.iter().enumerate() {
        let path = vec![ctx.component_link(&connection.from), Inline::text(" → "), ctx.component_link(&connection.to)];
        let need = vec![paths::need(ctx, connection.need)];
        let ports: Vec<String> = connection.ports.iter().map(u16::to_string).collect();
        let encryption = match &connection.encryption {
            Some(encryption) => vec![Inline::text(&**encryption)],
            None => vec![ctx.badge(Tone::Caution, "network.not_encrypted")],
        };
        let organization = match &connection.organization {
            Some(id) => ctx.ws.organization(id).name.clone(),
            None => ctx.t.t("network.own").to_owned(),
        };
        let agreement = connection.agreement.as_deref().map(|agreement| vec![Inline::text(agreement)]);
        let missing = (connection.organization.is_some() && agreement.is_none())
            .then(|| vec![ctx.badge(Tone::Caution, "network.no_agreement")]);
        grid.row(vec![
            Cell::text(fence::connection_number(index)),
            lines([vec![Inline::text(&*connection.title)], path, need]),
            lines([vec![Inline::text(&*connection.protocol)], vec![Inline::text(ports.join(", "))]]),
            Cell::text(&*connection.data),
            Cell::new(encryption),
            lines([Some(vec![Inline::text(organization)]), agreement, missing].into_iter().flatten()),
        ]);
    }
    grid.landscape();
    grid.blocks()
}

/// Namespaces with Pod Security level and default deny.
pub(super) fn namespaces(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let open = globs(&ctx.ws.policy.open_namespaces);
    observed::each_cluster(ctx, "what.namespaces", |cluster| {
        let fact = &cluster.facts.namespaces;
        let heads = [
            Head::name("column.namespace", 24),
            Head::text("column.component", 22),
            Head::text("column.enforced", 14),
            Head::text("column.met", 14),
            Head::fit("column.deny_ingress"),
            Head::fit("column.deny_egress"),
            Head::number("column.pods"),
        ];
        let mut grid = Grid::new(ctx, place, "namespaces", "table.namespaces", &heads);
        for namespace in fact.seen() {
            // Open by policy, or nothing in it to isolate: a missing default deny is no bad news.
            let expected = (!open.is_match(&namespace.name) && namespace.pods != Some(0)).then_some(true);
            let enforced = match &namespace.pod_security.enforce {
                Some(level) => vec![Inline::code(&**level)],
                None => vec![ctx.text("network.none_enforced")],
            };
            let met = match &namespace.level_met {
                Some(level) => vec![Inline::code(&**level)],
                None if namespace.pods == Some(0) => vec![ctx.text("network.no_pods")],
                None => vec![ctx.badge(Tone::Unknown, "word.unknown")],
            };
            grid.row(vec![
                Cell::new(vec![Inline::code(&*namespace.name)]),
                component_cell(ctx, namespace.component.as_ref()),
                Cell::new(enforced),
                Cell::new(met),
                Cell::new(observed::yes(ctx, namespace.default_deny_ingress, expected)),
                Cell::new(observed::yes(ctx, namespace.default_deny_egress, expected)),
                Cell::text(namespace.pods.map_or_else(|| ctx.t.t("word.unknown").to_owned(), |pods| pods.to_string())),
            ]);
        }
        observed::table(ctx, cluster, fact, grid)
    })
}

/// Globs of the workspace; validation has refused those that do not parse.
fn globs(patterns: &[String]) -> GlobSet {
    let mut set = GlobSet::builder();
    for glob in patterns.iter().filter_map(|pattern| Glob::new(pattern).ok()) {
        set.add(glob);
    }
    set.build().unwrap_or_default()
}

/// Every network policy.
pub(super) fn policies(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    observed::each_cluster(ctx, "what.policies", |cluster| {
        let fact = &cluster.facts.network_policies;
        let heads =
            [Head::name("column.policy", 36), Head::text("column.selects", 34), Head::text("column.isolates", 30)];
        let mut grid = Grid::new(ctx, place, "network-policies", "table.network_policies", &heads);
        for policy in fact.seen() {
            let ingress = policy.lets_in.map(|lets| match lets {
                Lets::Nothing => "network.denies_ingress",
                Lets::Listed => "network.limits_ingress",
                Lets::Everything => "network.opens_ingress",
            });
            let egress = policy.lets_out.map(|lets| match lets {
                Lets::Nothing => "network.denies_egress",
                Lets::Listed => "network.limits_egress",
                Lets::Everything => "network.opens_egress",
            });
            let isolates = [ingress, egress].into_iter().flatten().map(|key| vec![ctx.text(key)]);
            grid.row(vec![
                Cell::new(vec![Inline::code(format!("{}/{}", policy.namespace, policy.name))]),
                Cell::text(&*policy.selects),
                lines(isolates),
            ]);
        }
        observed::table(ctx, cluster, fact, grid)
    })
}
