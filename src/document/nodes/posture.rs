//! Posture: how many controls stand where, by team and by framework, and what a person must look at by when.
//!
//! Counts stand beside their coverage; nothing is blended into one score.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::{Ctx, Grid, Head, Place, controls, join};
use crate::{
    assess::{Standing, Tally, by_framework, by_team},
    document::{
        chart,
        tree::{Align, Block, Cell, Column, Diagram, Inline, Target, Tone},
        words,
    },
    workspace::TeamId,
};

fn coverage(tally: &Tally) -> String {
    if tally.needed == 0 { "–".to_owned() } else { format!("{}/{}", tally.observed, tally.needed) }
}

/// A table with a column for each standing that occurs, coverage and what is overdue.
pub(super) struct Standings {
    grid: Grid,
    occurring: Vec<Standing>,
    overdue: bool,
}

impl Standings {
    pub(super) fn new(ctx: &Ctx<'_>, place: &mut Place<'_>, id: &str, key: &str, head: Head) -> Self {
        let mut grid = Grid::new(ctx, place, id, key, &[head]);
        let narrow = || Column { align: Align::End, narrow: true, ..Column::default() };
        let occurs = |standing: &Standing| ctx.assessment.controls.iter().any(|item| item.standing == *standing);
        let occurring: Vec<Standing> = Standing::ALL.into_iter().filter(occurs).collect();
        for standing in &occurring {
            let key = match standing {
                Standing::NotApplicable => "column.n_a",
                standing => words::standing(*standing).1,
            };
            grid.column(narrow(), vec![ctx.text(key)]);
        }
        grid.column(narrow(), vec![ctx.text("column.coverage")]);
        let overdue = ctx.assessment.controls.iter().any(|item| item.look_by.is_some_and(|by| by.overdue));
        if overdue {
            grid.column(narrow(), vec![ctx.text("recurring.overdue")]);
        }
        grid.source(vec![ctx.text("posture.coverage")]);
        grid.rotate_heads();
        Self { grid, occurring, overdue }
    }

    pub(super) fn group(&mut self, text: Vec<Inline>) {
        self.grid.group(text);
    }

    pub(super) fn row(&mut self, name: Vec<Inline>, tally: &Tally) {
        let number = |count: usize| Cell::text(if count == 0 { String::new() } else { count.to_string() });
        let mut cells = vec![Cell::new(name)];
        cells.extend(self.occurring.iter().map(|standing| number(tally.count(*standing))));
        cells.push(Cell::text(coverage(tally)));
        cells.extend(self.overdue.then(|| number(tally.overdue)));
        self.grid.row(cells);
    }

    pub(super) fn block(self) -> Block {
        self.grid.block()
    }
}

fn picture(ctx: &Ctx<'_>, place: &mut Place<'_>, id: &str, caption: &str, rows: &[(String, &Tally)]) -> Block {
    let kind = |standing: Standing| ctx.t.t(words::standing(standing).1).to_owned();
    let note = |tally: &Tally| match tally.needed {
        0 => ctx.t.t("posture.no_checks").to_owned(),
        _ => {
            let numbers = [tally.observed, tally.needed].map(|number| number.to_string());
            ctx.t.fill("posture.decided", &[("observed", &numbers[0]), ("needed", &numbers[1])])
        }
    };
    let drawn = chart::standings(&kind, rows.iter().map(|(label, tally)| (label.clone(), *tally, note(tally))));
    Block::Diagram(Diagram {
        id: place.anchors.claim(id),
        caption: ctx.t.t(caption).to_owned(),
        alt: chart::in_words(&drawn),
        scene: chart::draw(&drawn),
        landscape: false,
    })
}

/// Controls by the team that answers for them.
pub(super) fn teams(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let tallies = by_team(ctx.ws, ctx.assessment);
    let name = |team: Option<&TeamId>| match team {
        Some(team) => ctx.ws.team(team).name.clone(),
        None => ctx.t.t("posture.no_statement").to_owned(),
    };
    let rows: Vec<(String, &Tally)> = tallies.iter().map(|(team, tally)| (name(*team), tally)).collect();
    let mut table = Standings::new(ctx, place, "posture-teams", "table.posture_teams", Head::name("column.team", 30));
    for (team, tally) in &tallies {
        let name = team.map_or_else(|| ctx.text("posture.no_statement"), |team| ctx.team(team));
        table.row(vec![name], tally);
    }
    if rows.is_empty() {
        return Ok(vec![table.block()]);
    }
    Ok(vec![picture(ctx, place, "posture-teams-chart", "posture.teams_chart", &rows), table.block()])
}

/// Controls by framework.
pub(super) fn frameworks(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let tallies = by_framework(ctx.ws, ctx.assessment);
    let name = |id: &str| ctx.frameworks.framework(id).map_or_else(|| id.to_owned(), |known| known.title.clone());
    let rows: Vec<(String, &Tally)> = tallies.iter().map(|(id, tally)| (name(id), tally)).collect();
    let head = Head::name("column.framework", 30);
    let mut table = Standings::new(ctx, place, "posture-frameworks", "table.posture_frameworks", head);
    for (label, tally) in &rows {
        table.row(vec![Inline::text(&**label)], tally);
    }
    if rows.is_empty() {
        return Ok(vec![table.block()]);
    }
    Ok(vec![picture(ctx, place, "posture-frameworks-chart", "posture.frameworks_chart", &rows), table.block()])
}

/// What only a person can say, by the date by which somebody must look.
pub(super) fn due(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let heads =
        [Head::fit("column.look_by"), Head::name("column.team", 20), Head::text("column.controls_to_look_at", 64)];
    let mut grid = Grid::new(ctx, place, "posture-due", "table.posture_due", &heads);
    type Key<'k> = (bool, Option<NaiveDate>, Option<&'k TeamId>);
    let mut alike: BTreeMap<Key<'_>, Vec<Inline>> = BTreeMap::new();
    for item in ctx.assessment.controls.iter().filter(|item| item.standing == Standing::Manual) {
        let date = item.look_by.map(|by| by.date);
        let link = Inline::Link {
            target: Target::Document("audit-pack".to_owned(), Some(controls::anchor(&item.control))),
            text: vec![Inline::text(ctx.label(&item.control))],
        };
        alike.entry((date.is_none(), date, item.team.as_ref())).or_default().push(link);
    }
    let today = ctx.assessment.as_of.map(|time| time.date_naive());
    for ((_, date, team), labels) in alike {
        let mut when = vec![match date {
            Some(date) => Inline::text(words::date(date)),
            None => ctx.badge(Tone::Caution, "posture.no_date"),
        }];
        if date.zip(today).is_some_and(|(date, today)| date < today) {
            when.extend([Inline::Break, ctx.badge(Tone::Bad, "recurring.overdue")]);
        }
        grid.row(vec![
            Cell::new(when),
            Cell::new(vec![team.map_or_else(|| ctx.text("posture.no_statement"), |team| ctx.team(team))]),
            Cell::new(join(labels, ", ")),
        ]);
    }
    grid.blocks()
}

/// The controls that one team answers for.
pub(super) fn of_team(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let team = place.team()?;
    let tallies = by_team(ctx.ws, ctx.assessment);
    let Some((_, tally)) = tallies.iter().find(|(id, _)| *id == Some(&team.id)) else {
        return Ok(vec![ctx.paragraph("posture.none_of_ours")]);
    };
    Ok(vec![picture(ctx, place, "posture-chart", "posture.our_chart", &[(team.name.clone(), tally)])])
}
