//! The catalogue of facts: for each, how completely it was observed, and what cannot be seen of it.

use super::{Ctx, Grid, Head, Place, evidence, observed, spans};
use crate::{
    document::tree::{Block, Cell, Inline, Target},
    facts::{State, catalogue},
    sort::Sort,
};

/// Every fact with its completeness, its limit, its controls and where it is shown; one table a cluster.
pub(super) fn table(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    observed::each_cluster(ctx, "what.facts", |cluster| {
        let heads = [
            Head::name("column.fact", 24),
            Head::text("column.completeness", 30),
            Head::text("column.limit", 34),
            Head::text("column.controls", 18),
        ];
        let mut grid = Grid::new(ctx, place, "facts-table", "table.facts", &heads);
        let mut entries: Vec<_> = catalogue::entries().iter().collect();
        entries.order_by(|a, b| a.title.cmp(&b.title));
        for entry in entries {
            let Some(account) = cluster.facts.account(&entry.family) else { continue };
            let (document, anchor) = entry.section.split_once('#').unwrap_or((&entry.section, ""));
            let title = Inline::Link {
                target: Target::Document(document.to_owned(), Some(anchor.to_owned())),
                text: vec![Inline::text(&*entry.title)],
            };
            let (tone, key) = evidence::state(account.state());
            let mut state = vec![ctx.badge(tone, key)];
            if !matches!(account.state(), State::Complete | State::Absent) {
                for reason in account.reasons() {
                    state.push(Inline::Break);
                    state.extend(spans(&format!("{reason}.")));
                }
            }
            grid.row(vec![
                Cell::new(vec![title]),
                Cell::new(state),
                Cell::new(spans(&entry.limit)),
                Cell::new(ctx.controls(&entry.controls)),
            ]);
        }
        grid.caption_more(&cluster.header.cluster.id);
        grid.landscape();
        vec![grid.block()]
    })
}
