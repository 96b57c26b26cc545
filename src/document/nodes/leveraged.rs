//! Authorizations of providers that the system builds on, and what providers leave to us.

use super::{
    Ctx, Grid, Head, Place, join,
    system::contact,
    table::{cell, lines},
};
use crate::{
    document::{
        tree::{Block, Cell, Inline, Tone},
        words,
    },
    sort::Sort,
    workspace::{Authorization, Implementation, Inherited},
};

/// Who reads a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reader {
    /// Somebody with the plan: links lead into it, and to the provider's.
    OfThePlan,
    /// Somebody to whom the document was handed alone.
    Outside,
}

/// Leveraged authorizations: whose, for what impact, since when and until when, what they cover.
pub(super) fn authorizations(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    table(ctx, place, Reader::OfThePlan)
}

/// The same without links, for documents that are handed out alone.
pub(super) fn handed_out(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    table(ctx, place, Reader::Outside)
}

fn table(ctx: &Ctx<'_>, place: &mut Place<'_>, reader: Reader) -> Result<Vec<Block>, String> {
    let heads = [
        Head::name("column.organization", 20),
        Head::text("leveraged.column.authorization", 26),
        Head::text("leveraged.column.impact", 10),
        Head::text("leveraged.column.dates", 16),
        Head::text("leveraged.column.covers", 28),
    ];
    let mut grid = Grid::new(ctx, place, "authorizations-table", "table.authorizations", &heads);
    for authorization in &ctx.ws.authorizations {
        let number = authorization.identifier.as_deref().map(|number| vec![Inline::code(number)]);
        let plan = authorization.plan.as_deref().filter(|_| reader == Reader::OfThePlan).map(contact);
        let title = [Some(vec![Inline::text(&*authorization.title)]), number, plan];
        let impact = authorization.impact.map_or("leveraged.no_impact", words::impact);
        let covers = authorization.components.iter().map(|id| match reader {
            Reader::OfThePlan => ctx.component_link(id),
            Reader::Outside => Inline::text(&*ctx.component(id).title),
        });
        grid.row(vec![
            Cell::text(&*ctx.ws.organization(&authorization.organization).name),
            lines(title.into_iter().flatten()),
            Cell::text(ctx.t.t(impact)),
            lines(dates(ctx, authorization)),
            Cell::new(join(covers, ", ")),
        ]);
    }
    grid.blocks()
}

fn dates(ctx: &Ctx<'_>, authorization: &Authorization) -> Vec<Vec<Inline>> {
    let today = ctx.assessment.as_of.map(|time| time.date_naive());
    let mut since = vec![Inline::text(words::date(authorization.authorized))];
    if today.is_some_and(|today| authorization.authorized > today) {
        since.extend([Inline::Break, ctx.badge(Tone::Bad, "leveraged.ahead")]);
    }
    let until = authorization.expires.map(|day| {
        let mut until = vec![Inline::text(ctx.t.fill("plan.contract_ends", &[("date", &words::date(day))]))];
        if today.is_some_and(|today| day < today) {
            until.extend([Inline::Break, ctx.badge(Tone::Bad, "dates.past")]);
        }
        until
    });
    std::iter::once(since).chain(until).collect()
}

/// What providers leave to us, control by control, and how it is done.
pub(super) fn responsibilities(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let heads = [
        Head::name("column.control", 20),
        Head::text("column.component", 16),
        Head::text("leveraged.column.left", 32),
        Head::text("leveraged.column.done", 32),
    ];
    let mut grid = Grid::new(ctx, place, "left-to-us", "table.left_to_us", &heads);
    let mut items: Vec<&Implementation> = ctx.ws.implementations.iter().collect();
    items.order_by(|a, b| ctx.frameworks.compare(&a.control, &b.control));
    for item in items {
        for one in &item.inherited {
            let Some(left) = &one.responsibility else { continue };
            let done = match &one.satisfied {
                Some(done) => cell(place.narrative(ctx, done)),
                None => Cell::new(vec![ctx.badge(Tone::Caution, "leveraged.unanswered")]),
            };
            grid.row(vec![
                Cell::text(ctx.control(&item.control)),
                Cell::new(vec![ctx.component_link(&one.component)]),
                cell(place.narrative(ctx, left)),
                done,
            ]);
        }
    }
    grid.blocks()
}

/// The same of one control, below its statement: what is provided, what is left to us, and how that is done.
pub(super) fn of_control(ctx: &Ctx<'_>, place: &mut Place<'_>, item: &Implementation) -> Option<Block> {
    let mut items = Vec::new();
    for Inherited { component, provided, responsibility, satisfied, .. } in &item.inherited {
        let mut say = |key: &str, blocks: Vec<Block>| {
            items.push((ctx.t.inlines(key, &[("component", ctx.component_link(component))]), blocks));
        };
        if let Some(provided) = provided {
            say("leveraged.provided", place.narrative(ctx, provided));
        }
        if let Some(left) = responsibility {
            say("leveraged.left", place.narrative(ctx, left));
            say(
                "leveraged.done",
                match satisfied {
                    Some(done) => place.narrative(ctx, done),
                    None => vec![Block::Paragraph { text: vec![ctx.badge(Tone::Caution, "leveraged.unanswered")] }],
                },
            );
        }
    }
    (!items.is_empty()).then_some(Block::Terms { items })
}
