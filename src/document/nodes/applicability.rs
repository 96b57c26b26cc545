//! The Statement of Applicability (ISO/IEC 27001:2022, 6.1.3 d): every control of Annex A, whether it applies and why,
//! and how far it is met.

use super::{Ctx, Grid, Head, Place, answer, controls as statements, join, table::lines};
use crate::{
    document::{
        tree::{Block, Cell, Inline, Tone},
        words,
    },
    workspace::{ControlId, Origination},
};

/// How many controls apply, how many are left out, and how far those that apply are met.
pub(super) fn overview(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let framework = place.framework()?;
    let selected = ctx.selected(framework);
    let all = catalog(ctx, framework);
    let heads = [
        Head::name("column.family", 44),
        Head::number("soa.column.controls"),
        Head::number("soa.column.apply"),
        Head::number("soa.column.left_out"),
        Head::number("soa.column.implemented"),
        Head::number("soa.column.unfinished"),
        Head::number("soa.column.open"),
    ];
    let mut grid = Grid::new(ctx, place, "applicability-overview", "table.soa_overview", &heads);
    for (family, controls) in statements::families(ctx, &all) {
        let applying: Vec<&&ControlId> = controls.iter().filter(|control| selected.contains(control)).collect();
        let tones: Vec<Tone> = applying.iter().map(|control| answer::of(ctx, control).met().words().0).collect();
        let count = |wanted: &[Tone]| tones.iter().filter(|tone| wanted.contains(tone)).count();
        let numbers = [
            controls.len(),
            applying.len(),
            controls.len() - applying.len(),
            count(&[Tone::Good]),
            count(&[Tone::Caution, Tone::Neutral, Tone::Unknown]),
            count(&[Tone::Bad]),
        ];
        let mut cells = vec![Cell::text(family)];
        cells.extend(numbers.map(|number| Cell::text(number.to_string())));
        grid.row(cells);
    }
    grid.blocks()
}

/// The statement.
pub(super) fn statement(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let framework = place.framework()?;
    let selected = ctx.selected(framework);
    let all = catalog(ctx, framework);
    let heads = [
        Head::name("column.control", 22),
        Head::fit("soa.column.applicable"),
        Head::text("soa.column.justification", 26),
        Head::fit("column.status"),
        Head::text("column.answers", 12),
        Head::text("controls.origination", 12),
        Head::text("column.said", 28),
    ];
    let mut grid = Grid::new(ctx, place, "statement-of-applicability", "table.soa", &heads);
    for (family, controls) in statements::families(ctx, &all) {
        grid.group(vec![Inline::text(family)]);
        for control in controls {
            let anchor = place.anchors.claim(&super::matrix::row(control));
            let mut cells = vec![Cell::text(ctx.control(control))];
            if !selected.contains(control) {
                cells.push(Cell::new(vec![ctx.badge(Tone::Neutral, "soa.no")]));
                cells.push(Cell::text(excluded(ctx, control)));
                grid.anchored(Some(anchor), cells);
                continue;
            }
            let answer = answer::of(ctx, control);
            let (tone, key) = answer.met().words();
            let mut origins: Vec<Origination> = Vec::new();
            for item in answer.statements() {
                if !origins.contains(&item.origination) {
                    origins.push(item.origination);
                }
            }
            let origins = origins.into_iter().map(|origin| ctx.text(words::origination(origin)));
            let mut places = answer.places(ctx);
            let components = answer.components(ctx);
            if !components.is_empty() {
                places.push(components);
            }
            cells.extend([
                Cell::new(vec![ctx.text("soa.yes")]),
                Cell::text(because(ctx, control)),
                Cell::new(vec![ctx.badge(tone, key)]),
                Cell::new(ctx.teams(answer.teams())),
                Cell::new(join(origins, ", ")),
                lines(places),
            ]);
            grid.anchored(Some(anchor), cells);
        }
    }
    grid.landscape();
    grid.blocks()
}

/// All controls of a framework that it still has.
fn catalog(ctx: &Ctx<'_>, framework: &str) -> Vec<ControlId> {
    let known = ctx.frameworks.framework(framework).map_or(&[][..], |known| known.controls.as_slice());
    known.iter().filter(|control| !control.withdrawn).map(|control| control.id.clone()).collect()
}

/// Why a control was left out.
fn excluded(ctx: &Ctx<'_>, control: &ControlId) -> String {
    let choice = ctx.ws.baseline.as_ref();
    match choice.and_then(|choice| choice.excluded.get(control)) {
        Some(reason) => reason.clone(),
        None => ctx.t.t("soa.not_selected").to_owned(),
    }
}

/// Why a control was chosen: its own reason, else that of the whole selection.
fn because(ctx: &Ctx<'_>, control: &ControlId) -> String {
    let Some(choice) = &ctx.ws.baseline else { return String::new() };
    let own = choice.added_because.get(control).map(String::as_str);
    let whole = || choice.because_of(control.framework());
    own.or_else(whole).unwrap_or_else(|| ctx.t.t("soa.no_reason")).to_owned()
}
