//! Findings from snapshot to snapshot, of everybody or of one team.

use super::{Ctx, Place, observed};
use crate::{
    assess::{Open, Past},
    document::{
        tree::{Block, Inline},
        trend::{self, MOST},
        words,
    },
};

/// Clusters of which columns are drawn; of the others a sentence says what changed.
const DRAWN: usize = 6;

/// Open findings by severity over the snapshots of each cluster.
pub(super) fn all(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    trend(ctx, place, &|_| true)
}

/// Those of one team.
pub(super) fn of_team(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let team = place.team()?.id.as_str();
    trend(ctx, place, &|open| open.team.as_deref() == Some(team))
}

fn trend(ctx: &Ctx<'_>, place: &mut Place<'_>, wanted: &dyn Fn(&Open) -> bool) -> Result<Vec<Block>, String> {
    if !ctx.observed() {
        return Ok(vec![observed::not_yet(ctx, "what.trend")]);
    }
    let mut blocks = Vec::new();
    for (number, points) in ctx.assessment.trend.chunk_by(|a, b| a.cluster == b.cluster).enumerate() {
        let [.., before, now] = points else {
            blocks.extend(points.iter().map(|only| once(ctx, only)));
            continue;
        };
        if number < DRAWN {
            let id = place.anchors.claim("trend");
            blocks.push(Block::Diagram(trend::diagram(id, points, wanted, ctx.t)));
        }
        blocks.push(Block::Paragraph { text: vec![Inline::text(said(ctx, points, before, now, wanted))] });
    }
    Ok(blocks)
}

fn once(ctx: &Ctx<'_>, point: &Past) -> Block {
    let values = [("cluster", &*point.cluster), ("time", &words::time(point.ended))];
    Block::Paragraph { text: vec![Inline::text(ctx.t.fill("trend.once", &values))] }
}

/// What changed since the snapshot before, and what must be known to read the columns.
fn said(ctx: &Ctx<'_>, points: &[Past], before: &Past, now: &Past, wanted: &dyn Fn(&Open) -> bool) -> String {
    let mut said = vec![trend::since(&words::time(before.ended), [before, now], wanted, ctx.t)];
    said.push(ctx.t.t("trend.rules").to_owned());
    if points.iter().any(|point| point.decided.len() < now.decided.len()) {
        said.push(ctx.t.t("trend.less").to_owned());
    }
    if points.len() > MOST {
        let numbers = [MOST, points.len()].map(|number| number.to_string());
        said.push(ctx.t.fill("trend.newest", &[("n", &numbers[0]), ("all", &numbers[1])]));
    }
    said.join(" ")
}
