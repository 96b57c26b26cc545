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
pub(super) fn fence(_ctx: &Ctx<'_>, _place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    Ok(Vec::new())
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
