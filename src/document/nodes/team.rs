//! Team briefs: what a team owns, its rows, its findings, whom it calls and who calls it.

use super::{
    Ctx, Grid, Head, Place, assessment, component_anchor, raci, system, table::lines, terms, words_or_nothing,
};
use crate::{
    document::{
        tree::{Block, Cell, Inline, Target},
        words,
    },
    workspace::{Component, Connection, Duty, Interface, RaciParty, Side, Team, TeamId, staffing::owns_for},
};

/// All teams and how to reach them.
pub(super) fn all(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let heads = [
        Head::name("column.team", 18),
        Head::text("column.what_it_does", 32),
        Head::text("column.organization", 14),
        Head::text("column.reach", 24),
        Head::text("column.hours", 16),
    ];
    let mut grid = Grid::new(ctx, place, "teams-table", "table.teams", &heads);
    for team in &ctx.ws.teams {
        let hours = [team.hours.as_deref(), team.response_time.as_deref()];
        grid.row(vec![
            Cell::new(vec![ctx.team(&team.id)]),
            Cell::text(&*team.description),
            Cell::text(&*ctx.ws.organization(&team.organization).name),
            Cell::new(system::team_reach(team)),
            lines(hours.into_iter().flatten().map(|text| vec![Inline::text(text)])),
        ]);
    }
    grid.blocks()
}

/// A list of the briefs.
pub(super) fn list(ctx: &Ctx<'_>, _place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let items = ctx.ws.teams.iter().map(|team| vec![Block::Paragraph { text: vec![brief(ctx, team)] }]).collect();
    Ok(vec![Block::List { start: None, items }])
}

/// A link to a team's brief.
pub(super) fn brief(_ctx: &Ctx<'_>, team: &Team) -> Inline {
    Inline::Link { target: Target::Document(format!("team/{}", team.id), None), text: vec![Inline::text(&*team.name)] }
}

/// Who the team is and how to reach it.
pub(super) fn contact(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let team = place.team()?;
    let people: Vec<&str> = ctx
        .ws
        .people
        .iter()
        .filter(|person| person.teams.contains(&team.id) && person.left.is_none())
        .map(|person| person.name.as_str())
        .collect();
    let mut reach = system::team_reach(team);
    reach.extend(team.hours.iter().map(|hours| Inline::text(format!("; {hours}"))));
    reach.extend(
        team.response_time
            .iter()
            .map(|time| Inline::text(format!("; {}", ctx.t.fill("team.within", &[("time", time)])))),
    );
    let organization = &ctx.ws.organization(&team.organization).name;
    Ok(vec![terms(
        ctx,
        [
            ("team.does", words_or_nothing(&team.description)),
            ("team.people", words_or_nothing(&people.join(", "))),
            ("team.organization", words_or_nothing(organization)),
            ("team.reach", reach),
        ],
    )])
}

/// Duties that a team answers for in a component.
fn duties(component: &Component, team: &TeamId) -> Vec<Duty> {
    Duty::ALL.into_iter().filter(|duty| component.duties.get(duty) == Some(team)).collect()
}

/// Components in which the team answers for at least one duty.
pub(super) fn components(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let team = place.team()?;
    let heads = [
        Head::name("column.component", 34),
        Head::fit("column.fence"),
        Head::text("column.our_duties", 28),
        Head::text("column.others_duties", 28),
    ];
    let mut grid = Grid::new(ctx, place, "we-own", "table.we_own", &heads);
    for component in &ctx.ws.components {
        let ours = duties(component, &team.id);
        if ours.is_empty() {
            continue;
        }
        let ours = if ours.len() == Duty::ALL.len() {
            ctx.t.t("team.all_duties").to_owned()
        } else {
            ours.iter().map(|duty| ctx.t.t(words::duty(*duty))).collect::<Vec<_>>().join(", ")
        };
        let mut others: Vec<(&TeamId, Vec<&str>)> = Vec::new();
        for (duty, other) in component.duties.iter().filter(|(_, other)| **other != team.id) {
            let duty = ctx.t.t(words::duty(*duty));
            match others.iter_mut().find(|(known, _)| *known == other) {
                Some((_, duties)) => duties.push(duty),
                None => others.push((other, vec![duty])),
            }
        }
        let others = others
            .iter()
            .map(|(other, duties)| vec![ctx.team(other), Inline::text(format!(": {}", duties.join(", ")))]);
        let name = Inline::Link {
            target: Target::Document("scope".to_owned(), Some(component_anchor(&component.id))),
            text: vec![Inline::text(&*component.title)],
        };
        grid.row(vec![
            Cell::new(vec![name]),
            Cell::text(ctx.t.t(words::fence(component.fence))),
            Cell::text(ours),
            lines(others),
        ]);
    }
    grid.blocks()
}

/// The team's rows of the matrix by what it has to do, `@owner` expanded.
pub(super) fn rows(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let team = place.team()?;
    let party = RaciParty::Team(team.id.clone());
    let mut does: Vec<(String, Vec<Inline>)> =
        ["A R", "A", "R", "C", "I"].into_iter().map(|letters| (letters.to_owned(), Vec::new())).collect();
    let mut as_owner = false;
    for activity in &ctx.ws.activities {
        let own = raci::letters(activity, &party);
        let owner =
            if owns_for(ctx.ws, activity, &team.id) { raci::letters(activity, &RaciParty::Owner) } else { Vec::new() };
        let mut all: Vec<&str> =
            ["A", "R", "C", "I"].into_iter().filter(|letter| own.contains(letter) || owner.contains(letter)).collect();
        if all.is_empty() {
            continue;
        }
        // Who does or answers for it knows of it: C and I add nothing then.
        if all.contains(&"A") || all.contains(&"R") {
            all.retain(|letter| matches!(*letter, "A" | "R"));
        } else if all.contains(&"C") {
            all.retain(|letter| *letter == "C");
        }
        let as_their_own = owner.iter().any(|letter| all.contains(letter) && !own.contains(letter));
        as_owner |= as_their_own;
        let key = all.join(" ");
        let Some((_, list)) = does.iter_mut().find(|(letters, _)| *letters == key) else { continue };
        if !list.is_empty() {
            list.push(Inline::text("; "));
        }
        list.push(raci::link(activity));
        if as_their_own {
            list.push(Inline::text("\u{a0}°"));
        }
    }
    let label = |letters: &str| match letters {
        "A R" => "team.a_r",
        "A" => "team.a",
        "R" => "team.r",
        "C" => "team.c",
        _ => "team.i",
    };
    if does.iter().all(|(_, list)| list.is_empty()) {
        return Ok(vec![ctx.paragraph("team.no_rows")]);
    }
    let mut blocks = vec![terms(ctx, does.iter().map(|(letters, list)| (label(letters), list.clone())))];
    if as_owner {
        blocks.push(ctx.paragraph("team.as_owner"));
    }
    Ok(blocks)
}

/// The team's findings.
pub(super) fn findings(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let team = place.team()?;
    assessment::findings_of(ctx, place, &team.id)
}

pub(super) fn team_of<'a>(ctx: &Ctx<'a>, side: &'a Side) -> &'a TeamId {
    match side {
        Side::Team(id) => id,
        Side::Component(id) => &ctx.component(id).team,
    }
}

/// Interfaces of the team at which others answer.
pub(super) fn we_call(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let team = place.team()?;
    let heads = [
        Head::name("column.about", 34),
        Head::text("column.call", 30),
        Head::text("column.reach", 22),
        Head::text("column.answer", 14),
    ];
    let mut grid = Grid::new(ctx, place, "we-call", "table.we_call", &heads);
    for interface in interfaces_of(ctx, &team.id) {
        let others: Vec<&TeamId> = interface.escalation.iter().filter(|other| **other != team.id).collect();
        let Some(first) = others.first() else { continue };
        // What the interface promises is the promise of who is called first.
        let promised = interface.response_time.as_deref().filter(|_| interface.escalation.first() == Some(*first));
        let first = ctx.ws.team(first);
        let order = others
            .iter()
            .enumerate()
            .map(|(index, other)| vec![Inline::text(format!("{}. ", index + 1)), ctx.team(other)]);
        let answer = promised.or(first.response_time.as_deref());
        grid.row(vec![
            about(ctx, interface),
            lines(order),
            Cell::new(system::team_reach(first)),
            Cell::text(answer.unwrap_or_else(|| ctx.t.t("team.not_promised"))),
        ]);
    }
    for (_, other, connections) in neighbors(ctx).into_iter().filter(|(caller, _, _)| **caller == team.id) {
        let other = ctx.ws.team(other);
        let answer = other.response_time.as_deref();
        grid.row(vec![
            about_connections(ctx, &connections),
            Cell::new(vec![Inline::text("1. "), ctx.team(&other.id)]),
            Cell::new(system::team_reach(other)),
            Cell::text(answer.unwrap_or_else(|| ctx.t.t("team.not_promised"))),
        ]);
    }
    grid.blocks()
}

/// Interfaces at which others call the team.
pub(super) fn they_call(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let team = place.team()?;
    let heads = [
        Head::name("column.about", 40),
        Head::text("column.caller", 24),
        Head::fit("column.our_place"),
        Head::text("column.we_answer", 18),
    ];
    let mut grid = Grid::new(ctx, place, "they-call", "table.they_call", &heads);
    for interface in &ctx.ws.interfaces {
        let Some(place) = interface.escalation.iter().position(|other| *other == team.id) else { continue };
        let mut callers: Vec<&TeamId> = [&interface.from, &interface.to].map(|side| team_of(ctx, side)).to_vec();
        callers.dedup();
        callers.retain(|caller| **caller != team.id);
        if callers.is_empty() {
            continue;
        }
        let answer = interface.response_time.as_deref().filter(|_| place == 0).or(team.response_time.as_deref());
        grid.row(vec![
            about(ctx, interface),
            Cell::new(ctx.teams(callers)),
            Cell::text((place + 1).to_string()),
            Cell::text(answer.unwrap_or_else(|| ctx.t.t("team.not_promised"))),
        ]);
    }
    for (caller, _, connections) in neighbors(ctx).into_iter().filter(|(_, called, _)| **called == team.id) {
        grid.row(vec![
            about_connections(ctx, &connections),
            Cell::new(vec![ctx.team(caller)]),
            Cell::text("1"),
            Cell::text(team.response_time.as_deref().unwrap_or_else(|| ctx.t.t("team.not_promised"))),
        ]);
    }
    grid.blocks()
}

/// Teams whose components a connection joins though no interface of the first names the second: whom to call all the
/// same. Caller, who is called, and the connections between them.
fn neighbors<'a>(ctx: &Ctx<'a>) -> Vec<(&'a TeamId, &'a TeamId, Vec<&'a Connection>)> {
    let mut out: Vec<(&TeamId, &TeamId, Vec<&Connection>)> = Vec::new();
    for connection in &ctx.ws.connections {
        let (from, to) = (&ctx.ws.component(&connection.from).team, &ctx.ws.component(&connection.to).team);
        for (caller, called) in [(from, to), (to, from)] {
            let named = interfaces_of(ctx, caller).any(|interface| interface.escalation.contains(called));
            if caller == called || named {
                continue;
            }
            match out.iter_mut().find(|known| (known.0, known.1) == (caller, called)) {
                Some((_, _, connections)) => connections.push(connection),
                None => out.push((caller, called, vec![connection])),
            }
        }
    }
    out
}

fn about_connections(ctx: &Ctx<'_>, connections: &[&Connection]) -> Cell {
    lines(connections.iter().flat_map(|connection| {
        let sides = vec![ctx.component_link(&connection.from), Inline::text(" → "), ctx.component_link(&connection.to)];
        [vec![Inline::Strong { text: vec![Inline::text(&*connection.title)] }], sides]
    }))
}

fn interfaces_of<'a>(ctx: &Ctx<'a>, team: &TeamId) -> impl Iterator<Item = &'a Interface> {
    let mine: Vec<&'a Interface> = ctx
        .ws
        .interfaces
        .iter()
        .filter(|interface| [&interface.from, &interface.to].iter().any(|side| team_of(ctx, side) == team))
        .collect();
    mine.into_iter()
}

fn about(ctx: &Ctx<'_>, interface: &Interface) -> Cell {
    let sides = vec![ctx.side(&interface.from), Inline::text(" ↔ "), ctx.side(&interface.to)];
    lines([vec![Inline::Strong { text: vec![Inline::text(&*interface.title)] }], sides])
}
