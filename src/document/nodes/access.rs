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
    facts::{AccessLine, RoleAccess},
    sort::Sort,
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
            Head::name("column.role", 20),
            Head::text("column.scope", 18),
            Head::text("column.verbs", 28),
            Head::text("column.resources", 34),
        ];
        let mut grid = Grid::new(ctx, place, "role-summary", "table.role_summary", &heads);
        for access in &fact.seen().roles {
            let title = title(ctx, access);
            for lines in access.lines.chunk_by(|a, b| a.scopes == b.scopes) {
                let Some(first) = lines.first() else { continue };
                let names: Vec<&str> = lines.iter().filter_map(|line| line.built_in.as_deref()).collect();
                if !names.is_empty() {
                    let mut cell = Cell::new(built_in(ctx, &names));
                    cell.columns = 2;
                    grid.spanning(vec![Cell::text(title), Cell::new(places(ctx, &first.scopes, 4)), cell]);
                }
                let mut verbs: Vec<&str> = Vec::new();
                let mut resources: Vec<&str> = Vec::new();
                for line in lines {
                    for (list, words) in [(&mut verbs, &line.verbs), (&mut resources, &line.resources)] {
                        for word in words {
                            if !list.contains(&word.as_str()) {
                                list.push(word);
                            }
                        }
                    }
                }
                if verbs.is_empty() {
                    continue;
                }
                resources.order_by_key(|resource| {
                    let name = without_group(resource);
                    TELLING.iter().position(|known| *known == name).unwrap_or(TELLING.len())
                });
                grid.row(vec![
                    Cell::text(title),
                    Cell::new(places(ctx, &first.scopes, 4)),
                    Cell::text(verbs.join(", ")),
                    Cell::new(shown(ctx, &resources)),
                ]);
            }
            if access.lines.is_empty() {
                grid.row(vec![Cell::text(title), Cell::text(""), Cell::text(ctx.t.t("access.nothing"))]);
            }
        }
        explain(ctx, &mut grid, &fact.seen().roles);
        observed::table(ctx, cluster, fact, grid)
    })?;
    if ctx.observed() {
        blocks.push(limits(ctx));
    }
    Ok(blocks)
}

fn title<'t>(ctx: &'t Ctx<'_>, access: &'t RoleAccess) -> &'t str {
    let declared = ctx.ws.roles.iter().find(|role| role.id.as_str() == access.role);
    declared.map_or(access.role.as_str(), |role| role.title.as_str())
}

/// Kubernetes' own roles, from the least, with what each allows and its commands.
const BUILT_IN: [(&str, &str, &str); 4] = [
    ("view", "access.built_in.view", "access.built_in.view_commands"),
    ("edit", "access.built_in.edit", "access.built_in.edit_commands"),
    ("admin", "access.built_in.admin", "access.built_in.admin_commands"),
    ("cluster-admin", "access.built_in.cluster_admin", "access.built_in.cluster_admin_commands"),
];

/// Kubernetes' own roles by name: `edit, admin (roles of Kubernetes)`.
fn built_in(ctx: &Ctx<'_>, names: &[&str]) -> Vec<Inline> {
    let known = BUILT_IN.iter().filter(|(name, ..)| names.contains(name)).map(|(name, ..)| Inline::code(*name));
    let mut text = join(known, ", ");
    text.extend([Inline::text(" "), ctx.text("access.built_in.of_kubernetes")]);
    text
}

/// Says once below a table what those of Kubernetes' own roles allow that stand in it.
fn explain<'r>(ctx: &Ctx<'_>, grid: &mut Grid, roles: impl IntoIterator<Item = &'r RoleAccess>) {
    let lines: Vec<&AccessLine> = roles.into_iter().flat_map(|access| &access.lines).collect();
    for (name, allows, commands) in BUILT_IN {
        if lines.iter().any(|line| line.built_in.as_deref() == Some(name)) {
            let mut text = vec![Inline::code(name), Inline::text(": "), ctx.text(allows), Inline::text(" ")];
            text.push(Inline::code(ctx.t.t(commands)));
            grid.note(text);
        }
    }
}

/// Namespaces, or the whole cluster.
pub(super) fn places(ctx: &Ctx<'_>, scopes: &[String], most: usize) -> Vec<Inline> {
    match scopes {
        [scope] if scope.is_empty() => vec![ctx.text("access.whole")],
        scopes => names(ctx, scopes.iter().map(String::as_str), most),
    }
}

/// What the declared roles may do, in the words of kubectl.
pub(super) fn verbs(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    observed::each_cluster(ctx, "what.verbs", |cluster| {
        let mut grid = Grid::new(ctx, place, "role-verbs", "table.role_verbs", &COMMANDS);
        for access in &cluster.facts.access.seen().roles {
            commands(ctx, &mut grid, access);
        }
        grid.landscape();
        observed::table(ctx, cluster, &cluster.facts.access, grid)
    })
}

/// The commands that a team's own roles may run.
pub(super) fn of_team(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let team = place.team()?;
    let own =
        |access: &&RoleAccess| ctx.ws.roles.iter().any(|role| role.id.as_str() == access.role && role.team == team.id);
    if !ctx.ws.roles.iter().any(|role| role.team == team.id) {
        return Ok(vec![ctx.paragraph("team.no_roles")]);
    }
    observed::each_cluster(ctx, "what.verbs", |cluster| {
        let mut grid = Grid::new(ctx, place, "our-commands", "table.our_commands", &COMMANDS);
        let roles = &cluster.facts.access.seen().roles;
        for access in roles.iter().filter(own) {
            commands(ctx, &mut grid, access);
        }
        explain(ctx, &mut grid, roles.iter().filter(own));
        observed::table(ctx, cluster, &cluster.facts.access, grid)
    })
}

const COMMANDS: [Head; 3] =
    [Head::text("column.scope", 18), Head::text("column.commands", 54), Head::text("column.through", 28)];

/// A role's commands under its title, places with the same commands on one row.
fn commands(ctx: &Ctx<'_>, grid: &mut Grid, access: &RoleAccess) {
    let mut heading = vec![Inline::text(title(ctx, access))];
    if !access.bound.is_empty() {
        heading.push(Inline::text(" · "));
        heading.extend(join(access.bound.iter().map(|subject| Inline::code(subject.to_string())), ", "));
    }
    grid.group(heading);
    for lines_here in access.lines.chunk_by(|a, b| a.scopes == b.scopes) {
        let Some(first) = lines_here.first() else { continue };
        let mut through: Vec<&str> = Vec::new();
        for one in lines_here.iter().flat_map(|line| &line.through) {
            if !through.contains(&one.as_str()) {
                through.push(one);
            }
        }
        let names: Vec<&str> = lines_here.iter().filter_map(|line| line.built_in.as_deref()).collect();
        let known = (!names.is_empty()).then(|| built_in(ctx, &names));
        let typed = lines_here.iter().flat_map(|line| &line.commands).map(|command| vec![Inline::code(&**command)]);
        let said = known.into_iter().chain(typed);
        grid.row(vec![
            Cell::new(places(ctx, &first.scopes, 12)),
            lines(said),
            lines(through.into_iter().map(|through| vec![Inline::text(through)])),
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

/// The first resources; words such as `all resources` are no names.
fn shown(ctx: &Ctx<'_>, resources: &[&str]) -> Vec<Inline> {
    const MOST: usize = 7;
    if resources.iter().any(|resource| resource.contains(' ')) {
        let mut text = resources.iter().take(MOST).copied().collect::<Vec<_>>().join(", ");
        if resources.len() > MOST {
            text.push_str(&format!(" {}", ctx.t.count("word.more", resources.len() - MOST)));
        }
        return vec![Inline::text(text)];
    }
    names(ctx, resources.iter().copied(), MOST)
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
