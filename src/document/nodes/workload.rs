//! Workloads in tables: by name, by team.

use super::{Ctx, join};
use crate::{
    document::tree::{Inline, Tone},
    facts::WorkloadName,
};

/// `Deployment shop/web`; without the namespace where the table names it already.
pub(super) fn named(name: &WorkloadName, namespace: &str) -> Vec<Inline> {
    let short = name.namespace == namespace;
    let text = if short { name.name.clone() } else { format!("{}/{}", name.namespace, name.name) };
    vec![Inline::text(format!("{} ", name.kind)), Inline::code(text)]
}

/// Workloads by name, those of one kind and namespace together, the first few and how many more.
pub(super) fn named_all<'n>(
    ctx: &Ctx<'_>,
    names: impl IntoIterator<Item = &'n WorkloadName>,
    most: usize,
) -> Vec<Inline> {
    let names: Vec<&WorkloadName> = names.into_iter().collect();
    let shown = names.iter().take(most).map(|name| Inline::code(format!("{}/{}", name.namespace, name.name)));
    let mut out = join(shown, ", ");
    if names.len() > most {
        out.push(Inline::text(format!(" {}", ctx.t.count("word.more", names.len() - most))));
    }
    out
}

/// A run of rows for each team, in the order of the workspace, with the team as heading; last what nobody owns.
pub(super) fn by_team<'v, T>(
    ctx: &Ctx<'_>,
    values: impl Iterator<Item = &'v T>,
    name: impl Fn(&T) -> &WorkloadName,
) -> Vec<(Vec<Inline>, Vec<&'v T>)> {
    let mut groups: Vec<(Vec<Inline>, Vec<&'v T>)> =
        ctx.ws.teams.iter().map(|team| (vec![ctx.team(&team.id)], Vec::new())).collect();
    groups.push((vec![ctx.badge(Tone::Bad, "inventory.unclaimed")], Vec::new()));
    for value in values {
        let team = name(value).team.as_ref();
        let index = ctx.ws.teams.iter().position(|known| Some(&known.id) == team).unwrap_or(ctx.ws.teams.len());
        groups[index].1.push(value);
    }
    groups.retain(|(_, members)| !members.is_empty());
    groups
}
