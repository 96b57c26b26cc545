//! The customer responsibility matrix: what each party does for each control.
//!
//! It is handed out without the plan. So it says only what the fence, the interfaces and the RACI matrix say: nothing of
//! statements, parameters, outcomes, findings or evidence, and of components inside the fence only their group.

use std::collections::BTreeMap;

use super::{
    Ctx, Grid, Head, Place, controls as statements, join,
    table::{cell, lines},
    team::team_of,
};
use crate::{
    document::{
        tree::{Align, Block, Cell, Column, Inline},
        words,
    },
    workspace::{
        Activity, ControlId, Fence, Implementation, ImplementationStatus, OrganizationKind, RaciParty, ReaderRole,
        Team, TeamId,
    },
};

/// Who a team is to the reader of the matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Party {
    Platform,
    Customer,
    Infrastructure,
    It,
    Organization,
}

const PARTIES: [(Party, &str); 5] = [
    (Party::Platform, "crm.party.platform"),
    (Party::Customer, "crm.party.customer"),
    (Party::Infrastructure, "crm.party.infrastructure"),
    (Party::It, "crm.party.it"),
    (Party::Organization, "crm.party.organization"),
];

fn party(ctx: &Ctx<'_>, team: &Team) -> Party {
    match team.reader {
        _ if ctx.ws.organization(&team.organization).kind == OrganizationKind::Customer => Party::Customer,
        ReaderRole::Platform => Party::Platform,
        ReaderRole::Application => Party::Customer,
        ReaderRole::Infrastructure => Party::Infrastructure,
        ReaderRole::It => Party::It,
        ReaderRole::Executive | ReaderRole::Security | ReaderRole::Auditor => Party::Organization,
    }
}

fn party_of(ctx: &Ctx<'_>, team: &TeamId) -> Party {
    party(ctx, ctx.ws.team(team))
}

/// The parties with their teams and how to reach them.
pub(super) fn parties(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let heads = [
        Head::name("crm.column.party", 24),
        Head::text("column.team", 28),
        Head::text("column.organization", 20),
        Head::text("column.reach", 28),
    ];
    let mut grid = Grid::new(ctx, place, "parties-table", "table.crm_parties", &heads);
    for (wanted, key) in PARTIES {
        for team in ctx.ws.teams.iter().filter(|team| party(ctx, team) == wanted) {
            let reach = [&team.email, &team.phone, &team.chat].into_iter().flatten();
            grid.row(vec![
                Cell::text(ctx.t.t(key)),
                Cell::new(vec![ctx.team(&team.id)]),
                Cell::text(&*ctx.ws.organization(&team.organization).name),
                lines(reach.map(|way| vec![Inline::text(&**way)])),
            ]);
        }
    }
    grid.blocks()
}

/// What each party does for each control of the selection.
pub(super) fn matrix(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let Some(choice) = &ctx.ws.baseline else { return Ok(vec![ctx.paragraph("controls.no_baseline")]) };
    let shown: Vec<(Party, &str)> =
        PARTIES.into_iter().filter(|(wanted, _)| ctx.ws.teams.iter().any(|team| party(ctx, team) == *wanted)).collect();
    let heads = [Head::name("column.control", 22), Head::text("crm.column.whose", 10)];
    let mut grid = Grid::new(ctx, place, "responsibilities", "table.crm", &heads);
    for (_, key) in &shown {
        grid.column(Column { weight: 18, align: Align::Start, ..Column::default() }, vec![ctx.text(key)]);
    }
    let mut serving: BTreeMap<&ControlId, Vec<&Activity>> = BTreeMap::new();
    for activity in &ctx.ws.activities {
        for control in &activity.controls {
            serving.entry(control).or_default().push(activity);
        }
    }
    let selected = ctx.selected(&choice.framework);
    for (family, controls) in statements::families(ctx, &selected) {
        let mut rows = Vec::new();
        for control in controls {
            let item = ctx.implementation(control);
            if item.is_some_and(|item| item.status == ImplementationStatus::NotApplicable) {
                continue;
            }
            let activities = serving.get(control).map_or(&[][..], Vec::as_slice);
            let whose =
                item.map_or_else(|| ctx.t.t("crm.nobody"), |item| ctx.t.t(words::origination(item.origination)));
            let mut cells = vec![Cell::text(ctx.control(control)), Cell::text(whose)];
            cells.extend(shown.iter().map(|(party, _)| lines(work(ctx, *party, item, activities))));
            rows.push(cells);
        }
        if !rows.is_empty() {
            grid.group(vec![Inline::text(family)]);
            rows.into_iter().for_each(|cells| grid.row(cells));
        }
    }
    grid.landscape();
    grid.blocks()
}

/// What one party does for a control: answers for it, keeps components, does activities.
fn work(ctx: &Ctx<'_>, of: Party, item: Option<&Implementation>, activities: &[&Activity]) -> Vec<Vec<Inline>> {
    let mut out = Vec::new();
    if item.is_some_and(|item| party_of(ctx, &item.team) == of) {
        out.push(vec![Inline::Strong { text: vec![ctx.text("crm.answers")] }]);
    }
    let mut keeps: Vec<&str> = Vec::new();
    let mut splits: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for component in item.into_iter().flat_map(|item| &item.components).map(|id| ctx.component(id)) {
        // What stands inside the fence is the platform's own affair: readers outside learn its group.
        let name = match component.fence {
            Fence::Inside => component.group.as_str(),
            Fence::Outside => component.title.as_str(),
        };
        if party_of(ctx, &component.team) == of {
            if !keeps.contains(&name) {
                keeps.push(name);
            }
            continue;
        }
        for (duty, _) in component.duties.iter().filter(|(_, team)| party_of(ctx, team) == of) {
            let duties = splits.entry(name).or_default();
            let duty = ctx.t.t(words::duty(*duty));
            if !duties.contains(&duty) {
                duties.push(duty);
            }
        }
    }
    if !keeps.is_empty() {
        out.push(vec![Inline::text(ctx.t.fill("crm.keeps", &[("components", &keeps.join(", "))]))]);
    }
    for (component, duties) in splits {
        let values = [("component", component), ("duties", &*duties.join(", "))];
        out.push(vec![Inline::text(ctx.t.fill("crm.keeps_duty", &values))]);
    }
    for (key, does) in [("crm.does", true), ("crm.sees_to", false)] {
        let titles: Vec<&str> = activities
            .iter()
            .filter(|activity| {
                let responsible = activity.r.iter().any(|one| is(ctx, one, of));
                if does { responsible } else { !responsible && is(ctx, &activity.a, of) }
            })
            .map(|activity| activity.title.as_str())
            .collect();
        if !titles.is_empty() {
            out.push(vec![Inline::text(ctx.t.fill(key, &[("activities", &titles.join("; "))]))]);
        }
    }
    out
}

/// `@owner` is whoever owns the object at hand; to the readers of this matrix that is the customer.
fn is(ctx: &Ctx<'_>, one: &RaciParty, of: Party) -> bool {
    match one {
        RaciParty::Team(team) => party_of(ctx, team) == of,
        RaciParty::Owner => of == Party::Customer,
    }
}

/// Interfaces between parties: what crosses, who supplies what, whom to call.
pub(super) fn interfaces(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let heads = [
        Head::name("column.interface", 20),
        Head::text("crm.column.between", 18),
        Head::text("column.crosses", 18),
        Head::text("column.supplies", 28),
        Head::text("column.call", 16),
    ];
    let mut grid = Grid::new(ctx, place, "handover-table", "table.crm_interfaces", &heads);
    let side = |side| party_of(ctx, team_of(ctx, side));
    let name = |wanted: Party| PARTIES.iter().find(|(one, _)| *one == wanted).map_or("", |(_, key)| ctx.t.t(key));
    for interface in &ctx.ws.interfaces {
        let (from, to) = (side(&interface.from), side(&interface.to));
        if from == to {
            continue;
        }
        let mut call: Vec<Vec<Inline>> = interface.escalation.iter().map(|team| vec![ctx.team(team)]).collect();
        if let Some(time) = &interface.response_time {
            call.push(vec![Inline::text(ctx.t.fill("scope.within", &[("time", time)]))]);
        }
        grid.row(vec![
            Cell::text(&*interface.title),
            Cell::new(join([Inline::text(name(from)), Inline::text(name(to))], " ↔ ")),
            Cell::text(&*interface.crosses),
            cell(place.narrative(ctx, &interface.supplies)),
            lines(call),
        ]);
    }
    grid.blocks()
}
