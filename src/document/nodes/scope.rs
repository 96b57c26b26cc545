//! The fence: what is inside, what is outside, who owns it, what crosses.

use super::{
    Ctx, Grid, Head, Place, component_anchor, join,
    table::{cell, lines},
};
use crate::{
    document::{
        tree::{Block, Cell, Inline},
        words,
    },
    workspace::{Component, Fence},
};

/// The fence diagram.
pub(super) fn fence(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let mut diagram = crate::document::fence::fence(ctx.ws, ctx.t);
    diagram.id = place.anchors.claim(&diagram.id);
    Ok(vec![Block::Diagram(diagram)])
}

/// The answer on one page: each team with what it owns inside and outside.
pub(super) fn answer(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let heads =
        [Head::name("column.team", 20), Head::text("column.owns_inside", 42), Head::text("column.owns_outside", 38)];
    let mut grid = Grid::new(ctx, place, "answer-table", "table.answer", &heads);
    for team in &ctx.ws.teams {
        let owned = |side: Fence| {
            let members = ctx.ws.components.iter().filter(|item| item.fence == side && item.team == team.id);
            Cell::new(join(members.map(|component| ctx.component_link(&component.id)), ", "))
        };
        let (inside, outside) = (owned(Fence::Inside), owned(Fence::Outside));
        if inside.blocks.is_empty() && outside.blocks.is_empty() {
            let mut none = Cell::text(ctx.t.t("scope.owns_none"));
            none.columns = 2;
            grid.spanning(vec![Cell::new(vec![ctx.team(&team.id)]), none]);
        } else {
            grid.row(vec![Cell::new(vec![ctx.team(&team.id)]), inside, outside]);
        }
    }
    grid.blocks()
}

/// Interfaces with who supplies what, whom to call and how fast they answer.
pub(super) fn interfaces(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let heads = [
        Head::fit("column.number"),
        Head::name("column.interface", 26),
        Head::text("column.crosses", 20),
        Head::text("column.supplies", 34),
        Head::text("column.call", 20),
    ];
    let mut grid = Grid::new(ctx, place, "interfaces-table", "table.interfaces", &heads);
    for (index, interface) in ctx.ws.interfaces.iter().enumerate() {
        let sides = vec![ctx.side(&interface.from), Inline::text(" ↔ "), ctx.side(&interface.to)];
        let protocol = [interface.protocol.as_deref(), interface.port.as_deref()];
        let protocol = protocol.into_iter().flatten().collect::<Vec<_>>().join(" ");
        let crosses = [interface.crosses.as_str(), protocol.as_str()].into_iter().filter(|text| !text.is_empty());
        let mut call: Vec<Vec<Inline>> = interface
            .escalation
            .iter()
            .enumerate()
            .map(|(index, team)| vec![Inline::text(format!("{}. ", index + 1)), ctx.team(team)])
            .collect();
        if let Some(time) = &interface.response_time {
            call.push(vec![Inline::text(ctx.t.fill("scope.within", &[("time", time)]))]);
        }
        grid.row(vec![
            Cell::text(crate::document::fence::interface_number(index)),
            lines([vec![Inline::text(&*interface.title)], sides]),
            lines(crosses.map(|text| vec![Inline::text(text)])),
            cell(place.narrative(ctx, &interface.supplies)),
            lines(call),
        ]);
    }
    grid.blocks()
}

/// Blanks for the signature of every team.
pub(super) fn signatures(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let heads = [
        Head::name("column.team", 24),
        Head::text("column.sign_name", 28),
        Head::text("column.signature", 32),
        Head::text("column.date", 16),
    ];
    let mut grid = Grid::new(ctx, place, "signatures-table", "table.signatures", &heads);
    for team in &ctx.ws.teams {
        grid.row(vec![Cell::new(vec![ctx.team(&team.id)])]);
    }
    grid.blocks()
}

/// Components inside the fence.
pub(super) fn inside(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    components(ctx, place, Fence::Inside, "components-inside", "table.inside")
}

/// Components outside the fence.
pub(super) fn outside(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    components(ctx, place, Fence::Outside, "components-outside", "table.outside")
}

fn components(ctx: &Ctx<'_>, place: &mut Place<'_>, side: Fence, id: &str, key: &str) -> Result<Vec<Block>, String> {
    let heads = [
        Head::name("column.component", 22),
        Head::text("column.what", 40),
        Head::text("column.team", 16),
        Head::text("column.split_duties", 22),
    ];
    let mut grid = Grid::new(ctx, place, id, key, &heads);
    for (group, members) in grouped(ctx, side) {
        grid.group(vec![Inline::text(group)]);
        for component in members {
            let mut name = vec![Inline::text(&*component.title)];
            if let Some(parent) = &component.part_of {
                name.push(Inline::Break);
                name.extend(ctx.t.inlines("scope.part_of", &[("parent", Inline::text(&*ctx.component(parent).title))]));
            }
            let description = place.narrative(ctx, &component.description);
            let anchor = place.anchors.claim(&component_anchor(&component.id));
            grid.anchored(
                Some(anchor),
                vec![
                    Cell::new(name),
                    cell(description),
                    Cell::new(vec![ctx.team(&component.team)]),
                    split(ctx, component),
                ],
            );
        }
    }
    grid.blocks()
}

/// Components of one side by group, groups in order of first declaration.
pub(super) fn grouped<'a>(ctx: &Ctx<'a>, side: Fence) -> Vec<(&'a str, Vec<&'a Component>)> {
    let mut groups: Vec<(&str, Vec<&Component>)> = Vec::new();
    for component in ctx.ws.components.iter().filter(|component| component.fence == side) {
        match groups.iter_mut().find(|(group, _)| *group == component.group) {
            Some((_, members)) => members.push(component),
            None => groups.push((&component.group, vec![component])),
        }
    }
    groups
}

/// Duties that another team than the component's answers for.
fn split(ctx: &Ctx<'_>, component: &Component) -> Cell {
    let duties = component.duties.iter().filter(|(_, team)| **team != component.team);
    lines(
        duties
            .map(|(duty, team)| join([Inline::text(format!("{}:", ctx.t.t(words::duty(*duty)))), ctx.team(team)], " ")),
    )
}
