//! Members of groups, as supplied: lists, who is in the groups that hold rights, and names that match nothing.

use super::{
    Ctx, Grid, Head, Place, join,
    observed::{self, names},
    table::lines,
};
use crate::{
    document::{
        tree::{Block, Cell, Inline, Tone},
        words,
    },
    facts::Members,
};

/// Groups that hold rights with their members, then what matches nothing, then the lists.
pub(super) fn members(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    observed::each_cluster(ctx, "what.members", |cluster| {
        let fact = &cluster.facts.members;
        let heads = [Head::name("column.group", 30), Head::text("column.members", 50), Head::text("column.remark", 20)];
        let mut grid = Grid::new(ctx, place, "group-members", "table.group_members", &heads);
        let Members { lists, groups, unknown_groups, unknown_people, leavers } = fact.seen();
        for group in groups {
            let people = group.people.iter().map(|(name, person)| match person {
                Some(person) => Inline::text(&*ctx.ws.person(person).name),
                None => Inline::code(&**name),
            });
            let gone = leavers.iter().filter(|leaver| leaver.left.is_some() && leaver.groups.contains(&group.group));
            let gone = gone.map(|leaver| {
                let date = leaver.left.map(words::date).unwrap_or_default();
                let text = ctx.t.fill("access.left", &[("name", &leaver.name), ("date", &date)]);
                vec![Inline::Badge { tone: Tone::Bad, text }]
            });
            grid.row(vec![Cell::new(vec![Inline::code(&*group.group)]), Cell::new(join(people, ", ")), lines(gone)]);
        }
        if lists.is_empty() && !unknown_groups.is_empty() {
            let mut text = vec![ctx.badge(Tone::Unknown, "access.no_lists"), Inline::text(" ")];
            text.extend(said(ctx, "access.no_lists_of", unknown_groups));
            return vec![Block::Paragraph { text }];
        }
        if !unknown_groups.is_empty() {
            grid.note(said(ctx, "access.unknown_groups", unknown_groups));
        }
        if !unknown_people.is_empty() {
            grid.note(said(ctx, "access.unknown_people", unknown_people));
        }
        let since: Vec<String> = leavers
            .iter()
            .filter(|leaver| leaver.left.is_none())
            .map(|leaver| format!("{} ({})", leaver.name, leaver.groups.join(", ")))
            .collect();
        if !since.is_empty() {
            grid.note(said(ctx, "access.gone_since", &since));
        }
        for list in lists {
            let date = words::date(list.date);
            let text = ctx.t.fill(
                "access.supplied_list",
                &[("source", &list.source), ("date", &date), ("file", &list.file), ("digest", &list.digest)],
            );
            grid.note(vec![Inline::text(text)]);
        }
        observed::table(ctx, cluster, fact, grid)
    })
}

fn said(ctx: &Ctx<'_>, key: &str, list: &[String]) -> Vec<Inline> {
    let mut text = vec![ctx.text(key), Inline::text(" ")];
    text.extend(names(ctx, list.iter().map(String::as_str), 40));
    text
}
