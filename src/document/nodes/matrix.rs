//! The control matrix of one framework: from each control to components, owners, checks, evidence and statements, and
//! from each component back to its controls.

use std::collections::BTreeMap;

use super::{
    Ctx, Grid, Head, Place,
    answer::{self, Met},
    controls as statements, evidence, join,
    table::lines,
};
use crate::{
    assess::Outcome,
    document::{
        parse,
        tree::{Block, Cell, Inline, Target},
        words,
    },
    frameworks::Relation,
    workspace::{CheckId, ControlId, Implementation},
};

/// Families with the number of controls in each state.
pub(super) fn overview(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let selected = ctx.selected(place.framework()?);
    let families = statements::families(ctx, &selected);
    let keys: Vec<Vec<&'static str>> = families
        .iter()
        .map(|(_, controls)| controls.iter().map(|control| answer::of(ctx, control).met().words().1).collect())
        .collect();
    let occurring: Vec<&'static str> =
        Met::KEYS.into_iter().filter(|key| keys.iter().any(|family| family.contains(key))).collect();
    let mut heads = vec![Head::name("column.family", 40), Head::number("column.selected")];
    heads.extend(occurring.iter().map(|key| Head::number(key)));
    let mut grid = Grid::new(ctx, place, "states-table", "table.matrix_states", &heads);
    for ((family, controls), keys) in families.iter().zip(&keys) {
        let mut cells = vec![Cell::text(&**family), Cell::text(controls.len().to_string())];
        cells.extend(occurring.iter().map(|wanted| match keys.iter().filter(|key| *key == wanted).count() {
            0 => Cell::text(""),
            count => Cell::text(count.to_string()),
        }));
        grid.row(cells);
    }
    grid.rotate_heads();
    grid.blocks()
}

/// Where the relations come from that the matrix uses.
pub(super) fn sources(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let framework = place.framework()?;
    let heads = [Head::name("column.frameworks", 40), Head::text("column.source", 60)];
    let mut grid = Grid::new(ctx, place, "crosswalks-table", "table.crosswalks", &heads);
    let through = checked_through(ctx, framework);
    for other in ctx.frameworks.related(framework) {
        let used = ctx.stated.contains(&other) || through == Some(other);
        if other == framework || !used {
            continue;
        }
        let title = ctx.frameworks.framework(other).map_or(other, |known| known.title.as_str());
        let sources = ctx.frameworks.crosswalk_sources(framework, other);
        grid.row(vec![Cell::text(title), lines(sources.into_iter().map(|source| vec![Inline::text(source)]))]);
    }
    grid.blocks()
}

/// Every selected control.
pub(super) fn controls(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let framework = place.framework()?;
    let heads = [
        Head::name("column.control", 22),
        Head::fit("column.status"),
        Head::text("column.answers", 12),
        Head::text("column.components", 20),
        Head::text("column.checks", 24),
        Head::text("column.evidence", 12),
        Head::text("column.said", 14),
    ];
    let id = format!("matrix-{framework}");
    let mut grid = Grid::new(ctx, place, &id, "table.matrix", &heads);
    let selected = ctx.selected(framework);
    for (family, controls) in statements::families(ctx, &selected) {
        grid.group(vec![Inline::text(family)]);
        for control in controls {
            let answer = answer::of(ctx, control);
            let (tone, key) = answer.met().words();
            let anchor = place.anchors.claim(&row(control));
            grid.anchored(
                Some(anchor),
                vec![
                    Cell::text(ctx.control(control)),
                    Cell::new(vec![ctx.badge(tone, key)]),
                    Cell::new(ctx.teams(answer.teams())),
                    Cell::new(answer.components(ctx)),
                    lines(checks(ctx, control)),
                    lines(answer.own.map(attached).unwrap_or_default()),
                    lines(answer.places(ctx).into_iter().chain(proof(ctx, control))),
                ],
            );
        }
    }
    grid.landscape();
    grid.blocks()
}

/// Anchor of a control's row. Not that of its sections elsewhere: links to those would stay here.
pub(super) fn row(control: &ControlId) -> String {
    parse::slug(&format!("row-{control}"))
}

/// A link to what the audit pack shows of a control.
fn proof(ctx: &Ctx<'_>, control: &ControlId) -> Option<Vec<Inline>> {
    ctx.posture(control)?;
    let target = Target::Document("audit-pack".to_owned(), Some(statements::anchor(control)));
    Some(vec![Inline::Link { target, text: vec![ctx.text("answer.proof")] }])
}

/// Attached files, with their digests.
fn attached(item: &Implementation) -> Vec<Vec<Inline>> {
    let piece = |piece: &crate::workspace::AttachedEvidence| {
        let mut text = vec![Inline::text(format!("{}: ", piece.title)), evidence::location(&piece.location)];
        text.extend(piece.date.map(|date| Inline::text(format!(", {}", words::date(date)))));
        if let Some(digest) = &piece.digest {
            text.extend([Inline::text(", "), Inline::code(words::short(digest))]);
        }
        text
    };
    item.evidence.iter().map(piece).collect()
}

/// The framework whose checks serve the controls of one that checks do not name themselves.
fn checked_through<'a>(ctx: &Ctx<'a>, framework: &str) -> Option<&'a str> {
    let serves = |id: &str| ctx.assessment.controls.iter().any(|posture| posture.control.framework() == id);
    if serves(framework) {
        return None;
    }
    let benchmark = |id: &&str| id.starts_with("cis-kubernetes") && serves(id);
    ctx.frameworks.related(framework).into_iter().find(benchmark)
}

/// The checks that question a control, by outcome, worst first. Where checks name no control of its framework, those of
/// benchmark rules that ask for the same or a part of it, with the rule.
fn checks(ctx: &Ctx<'_>, control: &ControlId) -> Vec<Vec<Inline>> {
    if let Some(posture) = ctx.posture(control) {
        return by_outcome(ctx, &posture.checks, "");
    }
    let Some(benchmark) = checked_through(ctx, control.framework()) else { return Vec::new() };
    let links = ctx.frameworks.links(control, benchmark);
    let telling = links.iter().filter(|link| link.relation != Relation::Intersects);
    telling
        .filter_map(|link| Some((link, ctx.posture(&link.to)?)))
        .flat_map(|(link, posture)| by_outcome(ctx, &posture.checks, &ctx.label(&link.to)))
        .collect()
}

fn by_outcome(ctx: &Ctx<'_>, checks: &[CheckId], through: &str) -> Vec<Vec<Inline>> {
    let mut groups: BTreeMap<Outcome, Vec<&CheckId>> = BTreeMap::new();
    for check in checks {
        let outcome = Outcome::roll_up(ctx.results(check).map(|result| result.outcome));
        groups.entry(outcome.unwrap_or(Outcome::NotCollected)).or_default().push(check);
    }
    groups
        .into_iter()
        .map(|(outcome, checks)| {
            let mut line = vec![ctx.outcome(outcome), Inline::text(" ")];
            line.extend(join(checks.into_iter().map(|check| Inline::code(check.as_str())), ", "));
            if !through.is_empty() {
                line.push(Inline::text(format!(" ({through})")));
            }
            line
        })
        .collect()
}

/// Every component with the controls that it meets.
pub(super) fn components(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let framework = place.framework()?;
    let mut met: BTreeMap<&str, Vec<(&ControlId, bool)>> = BTreeMap::new();
    let selected = ctx.selected(framework);
    for control in &selected {
        let answer = answer::of(ctx, control);
        for item in answer.statements() {
            for component in &item.components {
                let controls = met.entry(component.as_str()).or_default();
                if controls.last().is_none_or(|(known, _)| *known != control) {
                    controls.push((control, answer.own.is_none()));
                }
            }
        }
    }
    let heads = [
        Head::name("column.component", 24),
        Head::text("column.team", 14),
        Head::number("column.number_controls"),
        Head::text("column.controls", 54),
    ];
    let mut grid = Grid::new(ctx, place, "components-table", "table.component_controls", &heads);
    for component in &ctx.ws.components {
        let controls = met.get(component.id.as_str()).map_or(&[][..], Vec::as_slice);
        let link = |(control, through): &(&ControlId, bool)| Inline::Link {
            target: Target::Anchor(row(control)),
            text: vec![Inline::text(format!("{}{}", ctx.frameworks.label(control), if *through { "*" } else { "" }))],
        };
        let mut list = join(controls.iter().map(link), ", ");
        if list.is_empty() {
            list.push(ctx.text("matrix.no_control"));
        }
        let anchor = place.anchors.claim(&format!("row-{}", component.id));
        grid.anchored(
            Some(anchor),
            vec![
                Cell::new(vec![ctx.component_link(&component.id)]),
                Cell::new(vec![ctx.team(&component.team)]),
                Cell::text(controls.len().to_string()),
                Cell::new(list),
            ],
        );
    }
    grid.source(vec![ctx.text("matrix.through_star")]);
    grid.blocks()
}
