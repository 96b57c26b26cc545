//! Controls: the selection, where each family stands, and how each control is met.

use std::collections::BTreeMap;

use super::{Ctx, Grid, Head, Place, join, leveraged, pack, results, terms};
use crate::{
    assess::ControlPosture,
    document::{
        parse,
        tree::{Block, Callout, Cell, Inline, Target},
        words,
    },
    sort::Sort,
    workspace::{BaselineChoice, Beside, ControlId, Implementation, ImplementationStatus},
};

/// Anchor of a control's section, in the plan and in the audit pack.
pub(super) fn anchor(id: &ControlId) -> String {
    parse::slug(&format!("control-{id}"))
}

/// The controls selected: the baseline without what was excluded, with what was added, in catalog order.
pub(super) fn selected(ctx: &Ctx<'_>) -> Vec<ControlId> {
    ctx.ws.baseline.as_ref().map(|choice| ctx.frameworks.selected(choice)).unwrap_or_default()
}

/// Framework and baseline chosen, with what was taken out and added and why.
pub(super) fn baseline(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let Some(choice) = &ctx.ws.baseline else { return Ok(vec![ctx.paragraph("controls.no_baseline")]) };
    let framework = match ctx.frameworks.framework(&choice.framework) {
        Some(framework) => format!("{}, {}", framework.title, framework.version),
        None => choice.framework.clone(),
    };
    let count = ctx.t.count("controls.selected", selected(ctx).len());
    let heads = [Head::name("column.control", 32), Head::fit("column.change"), Head::text("column.reason", 56)];
    let mut grid = Grid::new(ctx, place, "tailoring-table", "table.tailoring", &heads);
    for (control, reason) in choice.excluded.iter().filter(|(control, _)| control.framework() == choice.framework) {
        grid.row(vec![
            Cell::text(ctx.control(control)),
            Cell::text(ctx.t.t("controls.excluded")),
            Cell::text(&**reason),
        ]);
    }
    for control in &choice.added {
        let reason = choice.added_because.get(control).map_or("", String::as_str);
        grid.row(vec![Cell::text(ctx.control(control)), Cell::text(ctx.t.t("controls.added")), Cell::text(reason)]);
    }
    Ok(vec![
        terms(
            ctx,
            [
                ("controls.framework", vec![Inline::text(framework)]),
                ("controls.baseline", vec![Inline::text(&*choice.name)]),
                ("controls.selection", vec![Inline::text(count)]),
                ("controls.beside", beside(ctx, choice)),
            ],
        ),
        grid.block(),
    ])
}

/// The selections of other frameworks, each linked to its matrix.
fn beside(ctx: &Ctx<'_>, choice: &BaselineChoice) -> Vec<Inline> {
    let link = |beside: &Beside| {
        let title = ctx.frameworks.framework(&beside.framework).map_or(&*beside.framework, |known| &*known.title);
        Inline::Link {
            target: Target::Document(format!("matrix/{}", beside.framework), None),
            text: vec![Inline::text(format!("{title}, {}", beside.name))],
        }
    };
    join(choice.beside.iter().map(link), "; ")
}

const STATUSES: [(ImplementationStatus, &str); 5] = [
    (ImplementationStatus::Implemented, "implementation.implemented"),
    (ImplementationStatus::Partial, "implementation.partial"),
    (ImplementationStatus::Planned, "implementation.planned"),
    (ImplementationStatus::Alternative, "implementation.alternative"),
    (ImplementationStatus::NotApplicable, "implementation.not_applicable"),
];

/// Families with the number of controls in each status.
pub(super) fn overview(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let statuses: Vec<_> = STATUSES
        .into_iter()
        .filter(|(status, _)| ctx.ws.implementations.iter().any(|item| item.status == *status))
        .collect();
    let mut heads = vec![Head::name("column.family", 40), Head::number("column.selected")];
    heads.extend(statuses.iter().map(|(_, key)| Head::number(key)));
    heads.push(Head::number("column.not_addressed"));
    let mut grid = Grid::new(ctx, place, "families-table", "table.families", &heads);
    for (family, controls) in families(ctx, &selected(ctx)) {
        let stated: Vec<&Implementation> = controls.iter().filter_map(|control| ctx.implementation(control)).collect();
        let mut cells = vec![Cell::text(family), Cell::text(controls.len().to_string())];
        let number = |count: usize| Cell::text(if count == 0 { String::new() } else { count.to_string() });
        cells.extend(
            statuses.iter().map(|(status, _)| number(stated.iter().filter(|item| item.status == *status).count())),
        );
        cells.push(Cell::text((controls.len() - stated.len()).to_string()));
        grid.row(cells);
    }
    grid.rotate_heads();
    grid.blocks()
}

/// Selected controls without a statement, by family.
pub(super) fn gaps(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let missing: Vec<ControlId> =
        selected(ctx).into_iter().filter(|control| ctx.implementation(control).is_none()).collect();
    let heads = [Head::name("column.family", 28), Head::text("column.controls", 72)];
    let mut grid = Grid::new(ctx, place, "gaps-table", "table.gaps", &heads);
    for (family, controls) in families(ctx, &missing) {
        let names: Vec<String> = controls.iter().map(|control| ctx.control(control)).collect();
        grid.row(vec![Cell::text(family), Cell::text(names.join("; "))]);
    }
    if ctx.ws.baseline.is_none() {
        grid.empty(vec![ctx.text("controls.no_baseline")]);
    }
    grid.blocks()
}

/// Controls by family, in catalog order.
pub(super) fn families<'c>(ctx: &Ctx<'_>, controls: &'c [ControlId]) -> Vec<(String, Vec<&'c ControlId>)> {
    let mut out: Vec<(String, Vec<&ControlId>)> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for control in controls {
        let family = match ctx.frameworks.control(control) {
            Some(known) => known.family.clone(),
            None => control.framework().to_owned(),
        };
        let index = *places.entry(family.clone()).or_insert_with(|| {
            out.push((family, Vec::new()));
            out.len() - 1
        });
        out[index].1.push(control);
    }
    out
}

/// Every implementation statement, by framework and family.
pub(super) fn statements(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let mut items: Vec<&Implementation> = ctx.ws.implementations.iter().collect();
    items.order_by(|a, b| ctx.frameworks.compare(&a.control, &b.control));
    let mut blocks = Vec::new();
    let mut above = (String::new(), String::new());
    let level = place.level;
    for item in items {
        let known = ctx.frameworks.control(&item.control);
        let framework = item.control.framework().to_owned();
        let family = known.map_or_else(String::new, |control| control.family.clone());
        if above != (framework.clone(), family.clone()) {
            let title = match ctx.frameworks.framework(&framework) {
                Some(known) if ctx.ws.baseline.as_ref().is_none_or(|choice| choice.framework != framework) => {
                    format!("{}: {family}", known.title)
                }
                _ => family.clone(),
            };
            blocks.push(place.heading(1, &format!("family-{framework}-{family}"), vec![Inline::text(title)]));
            above = (framework, family);
        }
        blocks.push(place.heading(2, &anchor(&item.control), vec![Inline::text(ctx.control(&item.control))]));
        place.level = level + 2;
        blocks.push(facts(ctx, item));
        blocks.extend(ctx.posture(&item.control).and_then(contradiction));
        blocks.extend(statement(ctx, place, item));
        place.level = level;
    }
    if blocks.is_empty() {
        blocks.push(ctx.paragraph("controls.none_stated"));
    }
    Ok(blocks)
}

/// Status, origination, who answers, what meets it, what the checks say.
fn facts(ctx: &Ctx<'_>, item: &Implementation) -> Block {
    let (tone, key) = words::implementation(item.status);
    let posture = ctx.posture(&item.control);
    let outcome = match posture {
        Some(posture) if !posture.checks.is_empty() => {
            let values = [("observed", posture.observed.to_string()), ("needed", posture.needed.to_string())];
            let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
            vec![ctx.outcome(posture.outcome), Inline::text(format!(" {}", ctx.t.fill("controls.coverage", &values)))]
        }
        _ => vec![ctx.text("controls.no_check")],
    };
    let stands = posture.map(|posture| pack::standing(ctx, posture)).unwrap_or_default();
    let attested = item.attested.map(|date| {
        let mut text = vec![Inline::text(words::date(date))];
        text.extend(item.attested_by.iter().flat_map(|party| [Inline::text(", "), ctx.party(party)]));
        text
    });
    let review = item.review_by.map(|date| vec![Inline::text(words::date(date))]).unwrap_or_default();
    terms(
        ctx,
        [
            ("controls.status", vec![ctx.badge(tone, key)]),
            ("controls.origination", origination(ctx, item)),
            ("controls.answers", vec![ctx.team(&item.team)]),
            ("controls.components", join(item.components.iter().map(|id| ctx.component_link(id)), ", ")),
            ("controls.checks", outcome),
            ("controls.stands", stands),
            ("controls.other_tools", results::in_plan(ctx, &item.control)),
            ("controls.attested", attested.unwrap_or_default()),
            ("controls.review", review),
        ],
    )
}

/// A warning where a check fails what is declared as implemented.
pub(super) fn contradiction(posture: &ControlPosture) -> Option<Block> {
    let text = vec![Inline::text(posture.contradiction.as_deref()?)];
    let blocks = vec![Block::Paragraph { text }];
    Some(Block::Callout { kind: Callout::Warning, title: Vec::new(), blocks })
}

/// Whose job the control is, and whether that was derived.
pub(super) fn origination(ctx: &Ctx<'_>, item: &Implementation) -> Vec<Inline> {
    let key = words::origination(item.origination);
    let derived = if item.origination_derived { format!(" ({})", ctx.t.t("controls.derived")) } else { String::new() };
    vec![Inline::text(format!("{}{derived}", ctx.t.t(key)))]
}

/// What the publisher asks, where it was imported; the statement and its parameters.
pub(super) fn statement(ctx: &Ctx<'_>, place: &mut Place<'_>, item: &Implementation) -> Vec<Block> {
    let asked = ctx.frameworks.text(item, ctx.ws.baseline.as_ref());
    let mut blocks: Vec<Block> =
        asked.map(|text| Block::Quote { blocks: place.narrative(ctx, &text) }).into_iter().collect();
    if let Some(first) = &item.said_with {
        let target = Target::Anchor(anchor(first));
        let link = Inline::Link { target, text: vec![Inline::text(ctx.label(first))] };
        let mut text = ctx.t.inlines("controls.said_with", &[("control", link)]);
        let own = item
            .parameters
            .iter()
            .flat_map(|(name, value)| [Inline::text(" "), Inline::code(&**name), Inline::text(format!(" {value}."))]);
        text.extend(own);
        blocks.push(Block::Paragraph { text });
        return blocks;
    }
    blocks.extend(match item.narrative.trim() {
        "" => vec![ctx.paragraph("controls.no_statement")],
        narrative => place.narrative(ctx, narrative),
    });
    if !item.parameters.is_empty() {
        let items = item.parameters.iter().map(|(name, value)| {
            (vec![Inline::code(&**name)], vec![Block::Paragraph { text: vec![Inline::text(&**value)] }])
        });
        blocks.push(Block::Terms { items: items.collect() });
    }
    blocks.extend(leveraged::of_control(ctx, place, item));
    blocks
}
