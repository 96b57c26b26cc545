//! The RACI matrix.

use super::{
    Ctx, Grid, Head, Place,
    table::{cell, lines},
};
use crate::{
    document::{
        tree::{Align, Block, Cell, Column, Inline, Target},
        words,
    },
    workspace::{Activity, RaciParty},
};

/// The matrix: activities by teams, and one column for `@owner`.
pub(super) fn matrix(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let heads = [Head::name("column.activity", 30)];
    let mut grid = Grid::new(ctx, place, "raci", "table.raci", &heads);
    let narrow = || Column { align: Align::Center, narrow: true, ..Column::default() };
    for team in &ctx.ws.teams {
        grid.column(narrow(), vec![ctx.team(&team.id)]);
    }
    let with_owner = ctx.ws.activities.iter().any(|activity| !letters(activity, &RaciParty::Owner).is_empty());
    if with_owner {
        grid.column(narrow(), vec![ctx.text("column.object_owner")]);
    }
    for (group, activities) in groups(ctx) {
        grid.group(vec![Inline::text(group)]);
        for activity in activities {
            let mut cells = vec![Cell::new(title(ctx, activity))];
            cells.extend(ctx.ws.teams.iter().map(|team| letter_cell(activity, &RaciParty::Team(team.id.clone()))));
            if with_owner {
                cells.push(letter_cell(activity, &RaciParty::Owner));
            }
            grid.anchored(Some(place.anchors.claim(&anchor(activity))), cells);
        }
    }
    grid.rotate_heads();
    if ctx.ws.teams.len() > 8 {
        grid.landscape();
    }
    grid.blocks()
}

/// Activities with a description, the component and duty they concern, controls and skills.
pub(super) fn detail(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let heads = [
        Head::name("column.activity", 26),
        Head::text("column.description", 38),
        Head::text("column.concerns", 18),
        Head::text("column.controls", 18),
    ];
    let mut grid = Grid::new(ctx, place, "activities-table", "table.activities", &heads);
    for (group, activities) in groups(ctx) {
        grid.group(vec![Inline::text(group)]);
        for activity in activities {
            let mut concerns = Vec::new();
            concerns.extend(activity.component.as_ref().map(|id| vec![ctx.component_link(id)]));
            concerns.extend(activity.duty.map(|duty| vec![ctx.text(words::duty(duty))]));
            let mut description = place.narrative(ctx, &activity.description);
            if !activity.skills.is_empty() {
                let skills = ctx.t.fill("raci.skills", &[("skills", &activity.skills.join(", "))]);
                description.push(Block::Paragraph { text: vec![Inline::text(skills)] });
            }
            grid.row(vec![
                Cell::new(title(ctx, activity)),
                cell(description),
                lines(concerns),
                Cell::new(ctx.controls(&activity.controls)),
            ]);
        }
    }
    grid.blocks()
}

/// Rows whose accountable team is not the component's, each with its reason.
pub(super) fn because(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let heads = [
        Head::name("column.activity", 30),
        Head::text("column.component", 20),
        Head::text("column.accountable", 18),
        Head::text("column.reason", 32),
    ];
    let mut grid = Grid::new(ctx, place, "because-table", "table.because", &heads);
    for activity in &ctx.ws.activities {
        let Some(because) = &activity.because else { continue };
        let accountable = match &activity.a {
            RaciParty::Team(id) => ctx.team(id),
            RaciParty::Owner => ctx.text("column.object_owner"),
        };
        grid.row(vec![
            Cell::new(vec![link(activity)]),
            Cell::new(activity.component.as_ref().map(|id| ctx.component_link(id)).into_iter().collect()),
            Cell::new(vec![accountable]),
            Cell::text(&**because),
        ]);
    }
    grid.blocks()
}

/// Anchor of an activity's row in the matrix.
pub(super) fn anchor(activity: &Activity) -> String {
    format!("activity-{}", activity.id)
}

/// A link to an activity's row in the matrix.
pub(super) fn link(activity: &Activity) -> Inline {
    Inline::Link {
        target: Target::Document("raci".to_owned(), Some(anchor(activity))),
        text: vec![Inline::text(&*activity.title)],
    }
}

fn title(ctx: &Ctx<'_>, activity: &Activity) -> Vec<Inline> {
    let mut text = vec![Inline::text(&*activity.title)];
    let mut details = Vec::new();
    details.extend(activity.frequency.clone());
    if activity.out_of_hours {
        details.push(ctx.t.t("raci.out_of_hours").to_owned());
    }
    if !details.is_empty() {
        text.push(Inline::text(format!(" ({})", details.join(", "))));
    }
    text
}

/// Activities by group, groups in order of first declaration.
pub(super) fn groups<'a>(ctx: &Ctx<'a>) -> Vec<(&'a str, Vec<&'a Activity>)> {
    let mut groups: Vec<(&str, Vec<&Activity>)> = Vec::new();
    for activity in &ctx.ws.activities {
        match groups.iter_mut().find(|(group, _)| *group == activity.group) {
            Some((_, members)) => members.push(activity),
            None => groups.push((&activity.group, vec![activity])),
        }
    }
    groups
}

/// The roles of a party in an activity, in the order A, R, C, I.
pub(super) fn letters(activity: &Activity, party: &RaciParty) -> Vec<&'static str> {
    let mut letters = Vec::new();
    if activity.a == *party {
        letters.push("A");
    }
    for (letter, parties) in [("R", &activity.r), ("C", &activity.c), ("I", &activity.i)] {
        if parties.contains(party) {
            letters.push(letter);
        }
    }
    letters
}

fn letter_cell(activity: &Activity, party: &RaciParty) -> Cell {
    let letters = letters(activity, party).join(" ");
    if letters.starts_with('A') {
        Cell::new(vec![Inline::Strong { text: vec![Inline::text(letters)] }])
    } else {
        Cell::text(letters)
    }
}
