//! Declared rights against observed ones, and the service accounts that Pods run as.

use std::collections::BTreeMap;

use super::{
    Ctx, Grid, Head, Place,
    access::places,
    join,
    observed::{self, names},
    table::lines,
};
use crate::{
    document::{
        tree::{Block, Cell, Inline, Tone},
        words,
    },
    workspace::TeamId,
};

/// What is held and not declared, declared and not held, by role; then who stands in no role.
pub(super) fn comparison(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    observed::each_cluster(ctx, "what.declared", |cluster| {
        let fact = &cluster.facts.declared_access;
        let heads = [
            Head::name("column.who", 24),
            Head::fit("column.difference"),
            Head::text("column.what_right", 30),
            Head::text("column.scope", 16),
            Head::text("column.through", 22),
            Head::fit("column.team"),
        ];
        let mut grid = Grid::new(ctx, place, "declared-access", "table.declared_access", &heads);
        for role in &fact.seen().roles {
            for beyond in &role.beyond {
                let what = match &beyond.role {
                    Some(role) => vec![vec![ctx.text("access.all_of"), Inline::text(" "), Inline::code(&**role)]],
                    None => beyond.what.iter().take(4).map(|what| vec![Inline::text(&**what)]).collect(),
                };
                grid.row(vec![
                    Cell::new(vec![
                        Inline::text(&*role.title),
                        Inline::Break,
                        Inline::code(beyond.subject.to_string()),
                    ]),
                    Cell::new(vec![ctx.badge(Tone::Bad, "access.not_declared")]),
                    lines(what),
                    Cell::new(places(ctx, &beyond.scopes, 4)),
                    Cell::new(names(ctx, beyond.bindings.iter().map(String::as_str), 3)),
                    Cell::new(vec![ctx.team(&role.team)]),
                ]);
            }
            for missing in &role.missing {
                let scope = if missing.scopes.is_empty() {
                    vec![ctx.text("access.no_such_namespace")]
                } else {
                    places(ctx, &missing.scopes, 4)
                };
                grid.row(vec![
                    Cell::text(&*role.title),
                    Cell::new(vec![ctx.badge(Tone::Caution, "access.not_held")]),
                    Cell::text(&*missing.what),
                    Cell::new(scope),
                    Cell::text(""),
                    Cell::new(vec![ctx.team(&role.team)]),
                ]);
            }
        }
        for stranger in &fact.seen().strangers {
            grid.row(vec![
                Cell::new(vec![Inline::code(stranger.subject.to_string())]),
                Cell::new(vec![ctx.badge(Tone::Bad, "access.no_role")]),
                lines(stranger.through.iter().take(4).map(|through| vec![Inline::text(&**through)])),
                Cell::text(""),
                Cell::text(""),
                Cell::new(stranger.team.iter().map(|team| ctx.team(team)).collect()),
            ]);
        }
        if !fact.seen().silent.is_empty() {
            let text = ctx.t.fill("access.silent", &[("roles", &fact.seen().silent.join(", "))]);
            grid.note(vec![Inline::text(text)]);
        }
        grid.landscape();
        observed::table(ctx, cluster, fact, grid)
    })
}

/// Accounts whose token is mounted though it opens nothing, default accounts in use, by team; then tokens without end.
pub(super) fn accounts(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    observed::each_cluster(ctx, "what.accounts", |cluster| {
        let fact = &cluster.facts.service_accounts;
        let mut by_team: BTreeMap<&[TeamId], [Vec<String>; 3]> = BTreeMap::new();
        for account in fact.seen() {
            let entry = by_team.entry(&account.teams).or_default();
            let name = format!("{}/{}", account.namespace, account.name);
            if account.name == "default" {
                entry[0].push(account.namespace.clone());
                if account.rights {
                    entry[1].push(name.clone());
                }
            }
            if !account.mounted.is_empty() && !account.rights {
                entry[2].push(name);
            }
        }
        let heads = [
            Head::name("column.teams", 18),
            Head::text("column.default_in_use", 24),
            Head::text("column.default_rights", 22),
            Head::text("column.mounted_unneeded", 36),
        ];
        let mut grid = Grid::new(ctx, place, "service-accounts", "table.service_accounts", &heads);
        for (teams, columns) in by_team.iter().filter(|(_, columns)| columns.iter().any(|list| !list.is_empty())) {
            let owner = if teams.is_empty() { vec![ctx.text("access.nobody")] } else { ctx.teams(teams.iter()) };
            let mut cells = vec![Cell::new(owner)];
            cells.extend(columns.iter().map(|list| Cell::new(names(ctx, list.iter().map(String::as_str), 12))));
            grid.row(cells);
        }
        let mut blocks = observed::table(ctx, cluster, fact, grid);
        let fact = &cluster.facts.long_lived_tokens;
        let heads = [Head::name("column.secret", 40), Head::text("column.account", 36), Head::fit("column.made")];
        let mut tokens = Grid::new(ctx, place, "long-lived-tokens", "table.long_lived_tokens", &heads);
        for token in fact.seen() {
            let made =
                token.created.map_or_else(|| ctx.t.t("word.unknown").to_owned(), |at| words::date(at.date_naive()));
            tokens.row(vec![
                Cell::new(vec![Inline::code(format!("{}/{}", token.namespace, token.name))]),
                Cell::new(vec![Inline::code(format!("{}/{}", token.namespace, token.account))]),
                Cell::text(made),
            ]);
        }
        blocks.extend(observed::table(ctx, cluster, fact, tokens));
        blocks
    })
}

/// Every account that Pods run as.
pub(super) fn all_accounts(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    observed::each_cluster(ctx, "what.accounts", |cluster| {
        let fact = &cluster.facts.service_accounts;
        let heads = [
            Head::name("column.account", 22),
            Head::text("column.workloads_as", 46),
            Head::fit("column.token"),
            Head::fit("column.rights"),
            Head::text("column.teams", 14),
        ];
        let mut grid = Grid::new(ctx, place, "all-accounts", "table.all_accounts", &heads);
        for accounts in fact.seen().chunk_by(|a, b| a.namespace == b.namespace) {
            if let Some(first) = accounts.first() {
                grid.group(join([Inline::code(&*first.namespace)], ""));
            }
            for account in accounts {
                let token = match (account.mounted.len(), account.workloads.len()) {
                    (0, _) => "access.token_no",
                    (mounted, all) if mounted == all => "access.token_yes",
                    _ => "access.token_some",
                };
                grid.row(vec![
                    Cell::new(vec![Inline::code(&*account.name)]),
                    Cell::new(names(ctx, account.workloads.iter().map(String::as_str), 8)),
                    Cell::text(ctx.t.t(token)),
                    Cell::new(observed::yes(ctx, Some(account.rights), None)),
                    Cell::new(ctx.teams(&account.teams)),
                ]);
            }
        }
        observed::table(ctx, cluster, fact, grid)
    })
}
