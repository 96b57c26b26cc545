//! The audit pack: posture, and per control who, how, proof.

use std::collections::BTreeMap;

use super::{
    Ctx, Grid, Head, Place, assessment, controls as statements, evidence, join, posture::Standings, results,
    table::lines, terms,
};
use crate::{
    assess::{ControlPosture, Tally},
    document::{
        tree::{Block, Cell, Inline, Target, Tone},
        words,
    },
    sort::Sort,
};

/// Families by framework with the number of controls in each standing, and coverage.
pub(super) fn posture(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let mut table = Standings::new(ctx, place, "posture-table", "table.posture", Head::name("column.family", 36));
    for (framework, families) in by_family(ctx) {
        let title = ctx.frameworks.framework(&framework).map_or(framework.as_str(), |known| known.title.as_str());
        table.group(vec![Inline::text(title)]);
        for (family, postures) in families {
            table.row(vec![Inline::text(family)], &Tally::of(postures.into_iter()));
        }
    }
    Ok(vec![table.block()])
}

type Families<'a> = Vec<(String, Vec<&'a ControlPosture>)>;

/// Postures by framework and family, in catalog order; the chosen framework first.
fn by_family<'a>(ctx: &Ctx<'a>) -> Vec<(String, Families<'a>)> {
    let mut postures: Vec<&ControlPosture> = ctx.assessment.controls.iter().collect();
    postures.order_by(|a, b| ctx.frameworks.compare(&a.control, &b.control));
    let mut frameworks: Vec<(String, Families<'a>)> = Vec::new();
    for posture in postures {
        let framework = posture.control.framework();
        if frameworks.last().is_none_or(|(known, _)| known != framework) {
            frameworks.push((framework.to_owned(), Vec::new()));
        }
        let family = ctx.frameworks.control(&posture.control).map_or("", |control| control.family.as_str());
        let Some((_, families)) = frameworks.last_mut() else { continue };
        match families.iter_mut().find(|(known, _)| known == family) {
            Some((_, members)) => members.push(posture),
            None => families.push((family.to_owned(), vec![posture])),
        }
    }
    let chosen = ctx.ws.baseline.as_ref().map(|choice| choice.framework.as_str());
    frameworks.order_by_key(|(framework, _)| Some(framework.as_str()) != chosen);
    frameworks
}

/// Every control that has a statement or a check.
pub(super) fn controls(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let findings: BTreeMap<&str, &crate::assess::Finding> =
        ctx.assessment.findings.iter().map(|finding| (finding.id.as_str(), finding)).collect();
    let level = place.level;
    let mut blocks = Vec::new();
    for (framework, families) in by_family(ctx) {
        let title = ctx.frameworks.framework(&framework).map_or(framework.as_str(), |known| known.title.as_str());
        blocks.push(place.heading(1, &format!("framework-{framework}"), vec![Inline::text(title)]));
        for posture in families.iter().flat_map(|(_, postures)| postures) {
            let id = statements::anchor(&posture.control);
            blocks.push(place.heading(2, &id, vec![Inline::text(ctx.control(&posture.control))]));
            place.level = level + 2;
            control(ctx, place, posture, &findings, &mut blocks);
            place.level = level;
        }
    }
    if blocks.is_empty() {
        blocks.push(ctx.paragraph("pack.none"));
    }
    Ok(blocks)
}

/// Where a control stands, and by when a person must look.
pub(super) fn standing(ctx: &Ctx<'_>, posture: &ControlPosture) -> Vec<Inline> {
    let (tone, key) = words::standing(posture.standing);
    let mut text = vec![ctx.badge(tone, key)];
    if posture.standing.is_for_a_person() {
        text.push(Inline::text(match posture.look_by {
            Some(by) => format!(" {}", ctx.t.fill("posture.look_by", &[("date", &words::date(by.date))])),
            None => format!(" {}", ctx.t.t("posture.look_no_date")),
        }));
    }
    if posture.look_by.is_some_and(|by| by.overdue) {
        text.extend([Inline::text(" "), ctx.badge(Tone::Bad, "recurring.overdue")]);
    }
    text
}

fn control(
    ctx: &Ctx<'_>,
    place: &mut Place<'_>,
    posture: &ControlPosture,
    findings: &BTreeMap<&str, &crate::assess::Finding>,
    blocks: &mut Vec<Block>,
) {
    let item = ctx.implementation(&posture.control);
    let coverage = if posture.needed == 0 {
        ctx.t.t("pack.no_checks").to_owned()
    } else {
        let values = [("observed", posture.observed.to_string()), ("needed", posture.needed.to_string())];
        let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        ctx.t.fill("controls.coverage", &values)
    };
    let status = item.map_or_else(Vec::new, |item| {
        let (tone, key) = words::implementation(item.status);
        let mut text = vec![ctx.badge(tone, key), Inline::text(", ")];
        text.extend(statements::origination(ctx, item));
        text
    });
    blocks.push(terms(
        ctx,
        [
            ("pack.standing_of", standing(ctx, posture)),
            ("pack.outcome", vec![ctx.outcome(posture.outcome), Inline::text(format!(" {coverage}"))]),
            (
                "controls.answers",
                match item {
                    Some(item) => vec![ctx.team(&item.team)],
                    None => vec![ctx.text("pack.no_team")],
                },
            ),
            ("pack.declared", status),
            (
                "controls.components",
                item.map_or_else(Vec::new, |item| join(item.components.iter().map(|id| ctx.component_link(id)), ", ")),
            ),
        ],
    ));
    blocks.extend(statements::contradiction(posture));
    match item {
        Some(item) => blocks.extend(statements::statement(ctx, place, item)),
        None => blocks.push(ctx.paragraph("pack.no_statement")),
    }
    if !posture.checks.is_empty() {
        blocks.push(check_table(ctx, place, posture));
    }
    blocks.extend(results::of_control(ctx, place, &posture.control));
    let open = posture.findings.iter().filter_map(|id| findings.get(id.as_str())).map(|finding| Inline::Link {
        target: Target::Anchor(assessment::anchor(&finding.id)),
        text: vec![Inline::code(&*finding.id)],
    });
    let open = join(open, ", ");
    let attached = item.into_iter().flat_map(|item| &item.evidence).map(|piece| {
        let mut text = vec![Inline::text(format!("{}: ", piece.title)), evidence::location(&piece.location)];
        if let Some(date) = piece.date {
            text.push(Inline::text(format!(", {}", words::date(date))));
        }
        match &piece.digest {
            Some(digest) => text.extend([Inline::text(", SHA-256 "), Inline::code(words::short(digest))]),
            None => text.push(Inline::text(format!(", {}", ctx.t.t("evidence.no_digest")))),
        }
        text
    });
    let attached = Cell::new(attached.fold(Vec::new(), |mut all, piece| {
        if !all.is_empty() {
            all.push(Inline::Break);
        }
        all.extend(piece);
        all
    }));
    let mut more = Vec::new();
    if !open.is_empty() {
        more.push((vec![ctx.text("pack.findings")], vec![Block::Paragraph { text: open }]));
    }
    if !attached.blocks.is_empty() {
        more.push((vec![ctx.text("pack.attached")], attached.blocks));
    }
    if !more.is_empty() {
        blocks.push(Block::Terms { items: more });
    }
}

/// The checks of one control: outcome, reason, evidence.
fn check_table(ctx: &Ctx<'_>, place: &mut Place<'_>, posture: &ControlPosture) -> Block {
    let heads = [
        Head::name("column.check", 24),
        Head::fit("column.outcome"),
        Head::text("column.reason", 32),
        Head::text("column.evidence", 44),
    ];
    let id = format!("checks-{}", posture.control);
    let mut grid = Grid::new(ctx, place, &id, "table.control_checks", &heads);
    grid.caption_more(&ctx.label(&posture.control));
    let several = ctx.assessment.clusters.len() > 1;
    for check in &posture.checks {
        let title = ctx.check_title(check);
        if let Some(reason) = ctx.check(check).and_then(|check| check.disabled.as_deref()) {
            grid.row(vec![
                Cell::text(title),
                Cell::new(vec![ctx.badge(Tone::Unknown, "checks.disabled")]),
                Cell::text(reason),
            ]);
            continue;
        }
        for result in ctx.results(check) {
            let cluster = if several { format!("{}: ", result.cluster) } else { String::new() };
            let mut evidence: Vec<Vec<Inline>> =
                result.evidence.iter().map(|evidence| evidence::cite(ctx, evidence)).collect();
            if evidence.is_empty() {
                evidence.push(vec![ctx.text("pack.no_evidence")]);
            }
            grid.row(vec![
                Cell::new(vec![Inline::text(title), Inline::Break, Inline::code(check.as_str())]),
                Cell::new(vec![ctx.outcome(result.outcome)]),
                Cell::text(format!("{cluster}{}", result.reason)),
                lines(evidence),
            ]);
        }
    }
    grid.block()
}
