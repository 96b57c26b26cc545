//! Users and roles with the verbs they hold, and who reaches the nodes.

use super::{
    Ctx, Grid, Head, Place, join,
    observed::{self, names},
    table::lines,
};
use crate::{
    document::{
        tree::{Block, Callout, Cell, Inline, Tone},
        words,
    },
    facts::Grant,
};

/// Roles of users as declared, with the Kubernetes subjects that carry them.
pub(super) fn roles(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let heads = [
        Head::name("column.role", 22),
        Head::text("column.team", 16),
        Head::text("column.for_what", 32),
        Head::text("column.subjects", 30),
    ];
    let mut grid = Grid::new(ctx, place, "roles-table", "table.roles", &heads);
    for role in &ctx.ws.roles {
        let mut title = vec![Inline::text(&*role.title)];
        if role.privileged {
            title.extend([Inline::Break, ctx.badge(Tone::Caution, "access.privileged")]);
        }
        let subjects =
            [("access.group", &role.groups), ("access.user", &role.users), ("access.account", &role.service_accounts)]
                .into_iter()
                .flat_map(|(key, names)| names.iter().map(move |name| (key, name)))
                .map(|(key, name)| vec![Inline::text(format!("{} ", ctx.t.t(key))), Inline::code(&**name)]);
        grid.row(vec![
            Cell::new(title),
            Cell::new(vec![ctx.team(&role.team)]),
            Cell::text(&*role.description),
            lines(subjects),
        ]);
    }
    grid.blocks()
}

/// Resources whose reach says most about a role; they are named first.
const TELLING: [&str; 9] = [
    "secrets",
    "pods/exec",
    "pods",
    "nodes/proxy",
    "roles",
    "rolebindings",
    "clusterroles",
    "serviceaccounts",
    "deployments",
];

/// The declared roles in a few lines each; [`verbs`] has every line.
pub(super) fn summary(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let mut blocks = observed::each_cluster(ctx, "what.verbs", |cluster| {
        let fact = &cluster.facts.access;
        let heads = [
            Head::name("column.role", 22),
            Head::text("column.scope", 16),
            Head::text("column.verbs", 28),
            Head::text("column.resources", 34),
        ];
        let mut grid = Grid::new(ctx, place, "role-summary", "table.role_summary", &heads);
        for access in &fact.seen().roles {
            let declared = ctx.ws.roles.iter().find(|role| role.id.as_str() == access.role);
            let title = declared.map_or(access.role.as_str(), |role| role.title.as_str());
            let mut start = 0;
            while let Some(first) = access.lines.get(start) {
                let lines = &access.lines[start..];
                let lines = &lines[..lines.iter().take_while(|line| line.scope == first.scope).count()];
                start += lines.len();
                let mut verbs: Vec<&str> = Vec::new();
                let mut resources: Vec<&str> = Vec::new();
                for line in lines {
                    for (list, text) in [(&mut verbs, &line.verbs), (&mut resources, &line.resources)] {
                        for word in text.split(", ") {
                            if !list.contains(&word) {
                                list.push(word);
                            }
                        }
                    }
                }
                resources.sort_by_key(|resource| {
                    let name = without_group(resource);
                    TELLING.iter().position(|known| *known == name).unwrap_or(TELLING.len())
                });
                grid.row(vec![
                    Cell::text(title),
                    Cell::text(&*first.scope),
                    Cell::text(verbs.join(", ")),
                    Cell::new(shown(ctx, &resources)),
                ]);
            }
            if access.lines.is_empty() {
                grid.row(vec![Cell::text(title), Cell::text(""), Cell::text(ctx.t.t("access.nothing"))]);
            }
        }
        observed::table(ctx, cluster, fact, grid)
    })?;
    if ctx.observed() {
        blocks.push(limits(ctx));
    }
    Ok(blocks)
}

/// What the declared roles may do, in the words of kubectl.
pub(super) fn verbs(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    observed::each_cluster(ctx, "what.verbs", |cluster| {
        let fact = &cluster.facts.access;
        let heads = [
            Head::text("column.scope", 12),
            Head::text("column.verbs", 20),
            Head::text("column.resources", 42),
            Head::text("column.through", 26),
        ];
        let mut grid = Grid::new(ctx, place, "role-verbs", "table.role_verbs", &heads);
        for access in &fact.seen().roles {
            let declared = ctx.ws.roles.iter().find(|role| role.id.as_str() == access.role);
            let title = declared.map_or(access.role.as_str(), |role| role.title.as_str());
            grid.group(vec![Inline::text(title)]);
            for line in &access.lines {
                grid.row(vec![
                    Cell::text(&*line.scope),
                    Cell::text(&*line.verbs),
                    Cell::text(&*line.resources),
                    lines(line.through.iter().map(|through| vec![Inline::text(&**through)])),
                ]);
            }
            if access.lines.is_empty() {
                grid.row(vec![Cell::text(""), Cell::text(ctx.t.t("access.nothing"))]);
            }
            if !access.unbound.is_empty() {
                let mut text = vec![ctx.text("access.unbound"), Inline::text(" ")];
                text.extend(join(access.unbound.iter().map(|subject| Inline::code(subject.to_string())), ", "));
                grid.note(text);
            }
        }
        grid.landscape();
        observed::table(ctx, cluster, fact, grid)
    })
}

/// The first resources; words such as `all resources` are no names.
fn shown(ctx: &Ctx<'_>, resources: &[&str]) -> Vec<Inline> {
    if resources.iter().any(|resource| resource.contains(' ')) {
        return vec![Inline::text(resources.join(", "))];
    }
    names(ctx, resources.iter().copied(), 7)
}

/// `deployments/scale` of `deployments.apps/scale`.
fn without_group(resource: &str) -> String {
    let (name, subresource) = resource.split_once('/').map_or((resource, None), |(name, sub)| (name, Some(sub)));
    let name = name.split('.').next().unwrap_or_default();
    subresource.map_or_else(|| name.to_owned(), |subresource| format!("{name}/{subresource}"))
}

/// What RBAC objects cannot show.
fn limits(ctx: &Ctx<'_>) -> Block {
    let mut limits: Vec<&str> = Vec::new();
    for limit in ctx.assessment.clusters.iter().flat_map(|cluster| &cluster.facts.access.seen().limits) {
        if !limits.contains(&limit.as_str()) {
            limits.push(limit);
        }
    }
    if limits.is_empty() {
        limits.push(ctx.t.t("access.limit"));
    }
    let items = limits.iter().map(|limit| vec![Block::Paragraph { text: vec![Inline::text(*limit)] }]).collect();
    let blocks = vec![ctx.paragraph("access.limits"), Block::List { start: None, items }];
    Block::Callout { kind: Callout::Note, title: Vec::new(), blocks }
}

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

/// Every grant: subject by scope, resources with the same verbs from the same bindings on one row.
pub(super) fn matrix(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    observed::each_cluster(ctx, "what.verbs", |cluster| {
        let fact = &cluster.facts.access;
        let heads = [
            Head::text("column.scope", 10),
            Head::text("column.resource", 44),
            Head::text("column.verbs", 20),
            Head::text("column.through", 26),
        ];
        let mut grid = Grid::new(ctx, place, "verb-matrix", "table.verb_matrix", &heads);
        for grants in fact.seen().grants.chunk_by(|a, b| a.subject == b.subject) {
            let mut merged: Vec<(&Grant, Vec<String>)> = Vec::new();
            for grant in grants {
                let resources = grant.resources.iter().map(|resource| qualified(grant, resource));
                let same = |other: &Grant| {
                    (&other.scope, &other.verbs, &other.through, &other.names)
                        == (&grant.scope, &grant.verbs, &grant.through, &grant.names)
                };
                match merged.iter_mut().find(|(other, _)| same(other)) {
                    Some((_, all)) => all.extend(resources),
                    None => merged.push((grant, resources.collect())),
                }
            }
            if let Some(first) = grants.first() {
                grid.group(vec![Inline::code(first.subject.to_string())]);
            }
            for (grant, resources) in merged {
                let scope = if grant.scope.is_empty() { ctx.text("access.whole") } else { Inline::code(&*grant.scope) };
                let mut resource = vec![Inline::text(resources.join(", "))];
                if !grant.names.is_empty() {
                    resource.push(Inline::text(format!(" {} ", ctx.t.t("access.named"))));
                    resource.extend(names(ctx, grant.names.iter().map(String::as_str), 5));
                }
                grid.row(vec![
                    Cell::new(vec![scope]),
                    Cell::new(resource),
                    Cell::text(grant.verbs.join(", ")),
                    lines(grant.through.iter().map(|through| vec![Inline::text(&**through)])),
                ]);
            }
        }
        grid.landscape();
        observed::table(ctx, cluster, fact, grid)
    })
}

/// `deployments.apps`; everything of everything is `*.*`, as kubectl writes it.
fn qualified(grant: &Grant, resource: &str) -> String {
    match grant.group.as_str() {
        "" => resource.to_owned(),
        group => match resource.split_once('/') {
            Some((name, subresource)) => format!("{name}.{group}/{subresource}"),
            None => format!("{resource}.{group}"),
        },
    }
}

/// Who reaches which nodes.
pub(super) fn node_access(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let heads = [
        Head::name("column.nodes", 14),
        Head::text("column.who", 20),
        Head::text("column.from_where", 16),
        Head::text("column.method", 16),
        Head::text("column.when", 18),
        Head::fit("column.until"),
        Head::text("column.recorded", 18),
    ];
    let mut grid = Grid::new(ctx, place, "node-access-table", "table.node_access", &heads);
    let today = ctx.assessment.as_of.map(|time| time.date_naive());
    for access in &ctx.ws.node_access {
        let teams = access.teams.iter().map(|team| vec![ctx.team(team)]);
        let people = access.people.iter().map(|person| vec![Inline::text(&*ctx.ws.person(person).name)]);
        let groups =
            access.groups.iter().map(|group| vec![ctx.text("access.group"), Inline::text(" "), Inline::code(&**group)]);
        let until = match access.until {
            Some(date) => {
                let mut text = vec![Inline::text(words::date(date))];
                if today.is_some_and(|today| date < today) {
                    text.extend([Inline::Break, ctx.badge(Tone::Bad, "dates.past")]);
                }
                text
            }
            None => vec![ctx.text("access.open_ended")],
        };
        grid.row(vec![
            Cell::text(&*access.nodes),
            lines(teams.chain(people).chain(groups)),
            Cell::text(&*access.from),
            Cell::text(&*access.method),
            Cell::text(&*access.when),
            Cell::new(until),
            Cell::text(&*access.recorded),
        ]);
    }
    grid.blocks()
}
