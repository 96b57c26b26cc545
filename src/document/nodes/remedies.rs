//! What a team does about its findings: every object by name, the remedy with a manifest to copy, by when, and what let
//! it in.

use super::{Ctx, Place, assessment, poam};
use crate::{
    assess::Finding,
    document::tree::{Block, Inline},
};

/// The remedies for one team, a heading a check, worst first.
pub(super) fn of_team(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let team = place.team()?;
    let ours = ctx.assessment.open_findings().filter(|finding| finding.team.as_ref() == Some(&team.id));
    let findings: Vec<&Finding> = ours.collect();
    if findings.is_empty() {
        return Ok(vec![ctx.paragraph("remedies.none")]);
    }
    let mut blocks = Vec::new();
    for members in findings.chunk_by(|a, b| a.check == b.check) {
        let Some(check) = ctx.check(&members[0].check) else { continue };
        let severity = assessment::severity(ctx, members[0]);
        let title = vec![Inline::text(format!("{} ", check.title)), severity];
        blocks.push(place.heading(1, &anchor(check.id.as_str()), title));
        for finding in members {
            blocks.push(Block::Paragraph { text: head(ctx, finding) });
            let item = |text| vec![Block::Paragraph { text }];
            let objects = assessment::alike(&finding.objects).into_iter();
            let items = objects.chain(assessment::linked(ctx, finding)).map(item).collect();
            blocks.push(Block::List { start: None, items });
        }
        blocks.extend(place.narrative(ctx, &check.remediation));
    }
    Ok(blocks)
}

/// `F-3f2a9c01 Ledger: due 2026-12-01, in progress`.
fn head(ctx: &Ctx<'_>, finding: &Finding) -> Vec<Inline> {
    let mut text = vec![assessment::link(finding)];
    text.extend(finding.component.iter().flat_map(|id| [Inline::text(" "), ctx.component_link(id)]));
    if let Some(item) = ctx.plan.open.iter().find(|item| std::ptr::eq(item.finding, finding)) {
        text.push(Inline::text(": "));
        text.extend(poam::scheduled(ctx, item));
        text.push(Inline::text(", "));
        text.push(poam::status(ctx, item));
    }
    text
}

/// Anchor of a check's remedy.
fn anchor(check: &str) -> String {
    format!("remedy-{check}")
}
