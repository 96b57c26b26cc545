//! Privilege: who holds everything, who can get there, which bindings reach everybody or nothing, and every grant.

use super::{
    Ctx, Grid, Head, Place,
    access::places,
    join,
    observed::{self, names},
    table::lines,
};
use crate::{
    document::tree::{Block, Cell, Inline},
    facts::{Grant, RuleLine},
    sort::Sort,
};

/// Unrestricted access: cluster-admin bindings and roles with wildcards.
pub(super) fn wide(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    observed::each_cluster(ctx, "what.wide", |cluster| {
        let fact = &cluster.facts.access;
        let heads = [
            Head::text("column.subject", 32),
            Head::text("column.scope", 16),
            Head::text("column.binding", 32),
            Head::text("column.remark", 20),
        ];
        let mut admins = Grid::new(ctx, place, "cluster-admins", "table.cluster_admins", &heads);
        for admin in &fact.seen().cluster_admins {
            let scope =
                if admin.namespace.is_empty() { ctx.text("access.whole") } else { Inline::code(&*admin.namespace) };
            admins.row(vec![
                Cell::new(vec![Inline::code(admin.subject.to_string())]),
                Cell::new(vec![scope]),
                Cell::new(vec![Inline::code(format!("{} → {}", admin.binding, admin.role))]),
                Cell::text(if admin.default { ctx.t.t("access.default") } else { "" }),
            ]);
        }
        let heads =
            [Head::text("column.role", 44), Head::text("column.wildcards", 36), Head::text("column.remark", 20)];
        let mut wildcards = Grid::new(ctx, place, "wildcard-roles", "table.wildcard_roles", &heads);
        for role in &fact.seen().wildcard_roles {
            let name = match role.namespace.as_str() {
                "" => format!("{} {}", role.kind, role.name),
                namespace => format!("{} {namespace}/{}", role.kind, role.name),
            };
            wildcards.row(vec![
                Cell::new(vec![Inline::code(name)]),
                Cell::text(role.wildcards.join(", ")),
                Cell::text(if role.default { ctx.t.t("access.default") } else { "" }),
            ]);
        }
        let mut blocks = observed::table(ctx, cluster, fact, admins);
        blocks.extend(observed::table(ctx, cluster, fact, wildcards));
        blocks
    })
}

/// Bindings of everybody, and bindings of roles that do not exist.
pub(super) fn loose(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    observed::each_cluster(ctx, "what.loose", |cluster| {
        let fact = &cluster.facts.access;
        let heads = [
            Head::text("column.binding", 34),
            Head::text("column.subjects", 30),
            Head::text("column.scope", 14),
            Head::text("column.remark", 22),
        ];
        let mut grid = Grid::new(ctx, place, "loose-bindings", "table.loose_bindings", &heads);
        for open in &fact.seen().anyone {
            grid.row(vec![
                Cell::new(vec![Inline::code(format!("{} → {}", open.binding, open.role))]),
                Cell::new(vec![Inline::code(open.subject.to_string())]),
                Cell::new(places(ctx, std::slice::from_ref(&open.namespace), 1)),
                Cell::text(ctx.t.t(match &*open.subject.name {
                    "system:anonymous" | "system:unauthenticated" => "access.no_login",
                    "system:serviceaccounts" => "access.every_account",
                    _ => "access.every_login",
                })),
            ]);
        }
        for dangling in &fact.seen().dangling {
            let subjects = join(dangling.subjects.iter().map(|subject| Inline::code(subject.to_string())), ", ");
            grid.row(vec![
                Cell::new(vec![Inline::code(format!("{} → {}", dangling.binding, dangling.role))]),
                Cell::new(subjects),
                Cell::text(""),
                Cell::text(ctx.t.t("access.dangling")),
            ]);
        }
        observed::table(ctx, cluster, fact, grid)
    })
}

/// The paths on which rights lead to everything, then those rights with their holders; with `all`, every holder and no
/// path.
pub(super) fn escalations(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    observed::each_cluster(ctx, "what.escalations", |cluster| {
        let fact = &cluster.facts.escalations;
        let all = place.arguments.contains_key("all");
        let heads =
            [Head::text("column.subject", 28), Head::text("column.steps", 46), Head::text("column.binding", 26)];
        let mut paths = Grid::new(ctx, place, "escalation-paths", "table.escalation_paths", &heads);
        for path in &fact.seen().paths {
            paths.row(vec![
                Cell::new(vec![Inline::code(path.subject.to_string())]),
                Cell::text(format!("→ {}", path.steps.join(" → "))),
                Cell::new(names(ctx, path.through.iter().map(String::as_str), 3)),
            ]);
        }
        let heads = [Head::name("column.power", 18), Head::text("column.allows", 34), Head::text("column.holders", 48)];
        let mut powers = Grid::new(ctx, place, "powers", "table.powers", &heads);
        for held in &fact.seen().powers {
            let most = if all { usize::MAX } else { 6 };
            // Who holds it by the same role is one line, however many places that is.
            let mut shown: Vec<Vec<Inline>> = held
                .holders
                .iter()
                .take(most)
                .map(|holder| {
                    let mut text = vec![Inline::code(holder.subject.to_string()), Inline::text(": ")];
                    text.extend(places(ctx, &holder.scopes, 3));
                    if !holder.names.is_empty() {
                        text.push(Inline::text(format!(", {} ", ctx.t.t("access.named"))));
                        text.extend(names(ctx, holder.names.iter().map(String::as_str), 3));
                    }
                    text
                })
                .collect();
            if held.holders.len() > most {
                shown.push(vec![Inline::text(ctx.t.count("word.more", held.holders.len() - most))]);
            }
            powers.row(vec![Cell::text(&*held.does), Cell::text(&*held.allows), lines(shown)]);
        }
        let mut blocks = if all { Vec::new() } else { observed::table(ctx, cluster, fact, paths) };
        blocks.extend(observed::table(ctx, cluster, fact, powers));
        blocks
    })
}

/// Every grant: each distinct set of rules once, with who holds it where.
pub(super) fn matrix(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    observed::each_cluster(ctx, "what.verbs", |cluster| {
        let fact = &cluster.facts.access;
        let heads = [Head::text("column.verbs", 28), Head::text("column.resource", 72)];
        let mut grid = Grid::new(ctx, place, "verb-matrix", "table.verb_matrix", &heads);
        let access = fact.seen();
        let mut by_rules: Vec<Vec<&Grant>> = vec![Vec::new(); access.rule_sets.len()];
        for grant in &access.grants {
            if let Some(list) = by_rules.get_mut(grant.rules) {
                list.push(grant);
            }
        }
        let mut order: Vec<usize> = (0..access.rule_sets.len()).collect();
        order.order_by_key(|set| &access.rule_sets[*set].roles);
        for set in order {
            let rules = &access.rule_sets[set];
            grid.group(join(rules.roles.iter().map(|role| Inline::code(&**role)), ", "));
            let mut held = Vec::new();
            for holder in by_rules[set].chunk_by(|a, b| a.subject == b.subject) {
                let Some(first) = holder.first() else { continue };
                let mut scopes: Vec<String> =
                    holder.iter().flat_map(|grant| grant.bound.iter().map(|bound| bound.scope.clone())).collect();
                scopes.dedup();
                let mut bindings: Vec<&str> =
                    holder.iter().flat_map(|grant| &grant.bound).map(|bound| bound.binding.as_str()).collect();
                bindings.dedup();
                if !held.is_empty() {
                    held.push(Inline::text("; "));
                }
                held.extend([Inline::code(first.subject.to_string()), Inline::text(": ")]);
                held.extend(places(ctx, &scopes, usize::MAX));
                held.push(Inline::text(format!(" ({})", bindings.join(", "))));
            }
            if !held.is_empty() {
                grid.note(held);
            }
            for (verbs, resources) in folded(&rules.rules) {
                grid.row(vec![Cell::text(verbs), Cell::text(resources)]);
            }
        }
        grid.landscape();
        observed::table(ctx, cluster, fact, grid)
    })
}

/// Rules with the same verbs on one line, resources with their groups.
fn folded(rules: &[RuleLine]) -> Vec<(String, String)> {
    let mut lines: Vec<(String, Vec<String>)> = Vec::new();
    for rule in rules {
        let verbs = rule.verbs.join(", ");
        let named = if rule.names.is_empty() { String::new() } else { format!(" [{}]", rule.names.join(", ")) };
        let resources = rule.resources.iter().map(|resource| format!("{}{named}", qualified(&rule.group, resource)));
        match lines.iter_mut().find(|(known, _)| *known == verbs) {
            Some((_, all)) => all.extend(resources),
            None => lines.push((verbs, resources.collect())),
        }
    }
    lines.into_iter().map(|(verbs, resources)| (verbs, resources.join(", "))).collect()
}

/// `deployments.apps`; everything of everything is `*.*`, as kubectl writes it.
fn qualified(group: &str, resource: &str) -> String {
    match group {
        "" => resource.to_owned(),
        group => match resource.split_once('/') {
            Some((name, subresource)) => format!("{name}.{group}/{subresource}"),
            None => format!("{resource}.{group}"),
        },
    }
}
