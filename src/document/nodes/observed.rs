//! How observed parts are introduced: what was seen, when, where, from which paths, and how completely; or that nothing
//! was observed yet.

use super::{Ctx, Grid, join, spans};
use crate::{
    assess::ClusterEvidence,
    document::{
        tree::{Block, Callout, Inline, Target, Tone},
        words,
    },
    facts::{Observed, State},
    snapshot::{Citation, Source},
};

/// One block run a cluster; without a snapshot, one sentence that nothing was observed yet.
pub(super) fn each_cluster(
    ctx: &Ctx<'_>,
    what: &str,
    mut build: impl FnMut(&ClusterEvidence) -> Vec<Block>,
) -> Result<Vec<Block>, String> {
    if !ctx.observed() {
        return Ok(vec![not_yet(ctx, what)]);
    }
    Ok(ctx.assessment.clusters.iter().flat_map(&mut build).collect())
}

/// "Not yet observed", for a plan. `what` is the key of the thing that a snapshot would show.
pub(super) fn not_yet(ctx: &Ctx<'_>, what: &str) -> Block {
    let mut text = vec![ctx.badge(Tone::Unknown, "observed.not_yet"), Inline::text(" ")];
    text.extend(ctx.t.inlines(
        "observed.not_yet_text",
        &[("what", ctx.text(what)), ("command", Inline::code("scopefence collect"))],
    ));
    Block::Paragraph { text }
}

/// "Observed 2026-11-02 10:00 UTC in cluster prod", or supplied, or sample.
pub(super) fn when(ctx: &Ctx<'_>, cluster: &ClusterEvidence) -> String {
    let header = &cluster.header;
    let key = match (header.sample, header.source) {
        (true, _) => "observed.sample",
        (false, Source::Collected) => "observed.collected",
        (false, Source::Supplied) => "observed.supplied",
    };
    ctx.t.fill(key, &[("time", &words::time(header.ended)), ("cluster", &header.cluster.id)])
}

/// The source line below a table of observed things.
pub(super) fn source<T>(ctx: &Ctx<'_>, cluster: &ClusterEvidence, fact: &Observed<T>) -> Vec<Inline> {
    let mut text = vec![Inline::text(format!("{}. ", when(ctx, cluster)))];
    text.extend(paths(ctx, fact.evidence()));
    if fact.state() != State::Complete {
        for reason in fact.reasons() {
            text.extend(spans(&format!(" {reason}.")));
        }
    }
    text
}

/// Lists named one by one in a source line; of more only the sum is said.
const LISTS: usize = 16;

/// What was read: lists read completely by the API that they are of, with the number of their objects; those that were
/// not, each with how it ended; and APIs that are not installed.
pub(super) fn paths(ctx: &Ctx<'_>, evidence: &[Citation]) -> Vec<Inline> {
    let of = |state: &'static str| evidence.iter().filter(move |piece| piece.completeness == state);
    let mut parts: Vec<Vec<Inline>> = Vec::new();
    let read: Vec<&Citation> = of("complete").collect();
    match read.as_slice() {
        [] => {}
        [piece] => {
            let count = ctx.t.count("observed.objects", piece.count);
            let end = format!(" ({}, {count})", ctx.t.t("completeness.complete"));
            parts.push(vec![Inline::code(&*piece.path), Inline::text(end)]);
        }
        _ => {
            let mut text = vec![Inline::text(format!("{}: ", ctx.t.t("observed.read")))];
            if read.len() > LISTS {
                let objects: usize = read.iter().map(|piece| piece.count).sum();
                let link = Inline::Link {
                    target: Target::Document("audit-pack".to_owned(), Some("lists-read".to_owned())),
                    text: vec![ctx.text("observed.all_lists")],
                };
                let sum = [("lists", &*read.len().to_string()), ("objects", &*objects.to_string())];
                text.extend([Inline::text(ctx.t.fill("observed.sum", &sum)), Inline::text(" "), link]);
            } else {
                let counted = |piece: &Citation, name: &str| format!("{name} ({})", piece.count);
                text.extend(by_api(&read, counted));
            }
            parts.push(text);
        }
    }
    for piece in evidence.iter().filter(|piece| !["complete", "absent"].contains(&&*piece.completeness)) {
        let count = ctx.t.count("observed.objects", piece.count);
        let end = format!(" ({}, {count})", ctx.t.t(completeness(&piece.completeness)));
        parts.push(vec![Inline::code(&*piece.path), Inline::text(end)]);
    }
    let absent: Vec<&Citation> = of("absent").collect();
    if !absent.is_empty() {
        let mut text = vec![Inline::text(format!("{}: ", ctx.t.t(completeness("absent"))))];
        text.extend(by_api(&absent, |_, name| name.to_owned()));
        parts.push(text);
    }
    let mut out = Vec::new();
    for part in parts {
        if !out.is_empty() {
            out.push(Inline::text("; "));
        }
        out.extend(part);
    }
    if !out.is_empty() {
        out.push(Inline::text("."));
    }
    out
}

/// Lists by the API that they are of, which is named once: `/apis/apps/v1`: deployments, statefulsets.
fn by_api(lists: &[&Citation], name: impl Fn(&Citation, &str) -> String) -> Vec<Inline> {
    let mut apis: Vec<(&str, Vec<String>)> = Vec::new();
    for piece in lists {
        let (api, resource) = piece.path.rsplit_once('/').unwrap_or(("", &piece.path));
        let said = name(piece, resource);
        match apis.last_mut().filter(|(known, _)| *known == api) {
            Some((_, all)) => all.push(said),
            None => apis.push((api, vec![said])),
        }
    }
    let mut out = Vec::new();
    for (api, resources) in apis {
        if !out.is_empty() {
            out.push(Inline::text(", "));
        }
        out.push(Inline::code(api));
        out.push(Inline::text(format!(" {}", resources.join(", "))));
    }
    out
}

/// The key of a completeness as evidence states it.
pub(super) fn completeness(state: &str) -> &'static str {
    match state {
        "complete" => "completeness.complete",
        "partial" => "completeness.partial",
        "forbidden" => "completeness.forbidden",
        "absent" => "completeness.absent",
        "failed" => "completeness.failed",
        _ => "completeness.not_collected",
    }
}

/// A table of observed things: its source line; a warning before it when something was not read; and for an empty one
/// whether that proves absence.
pub(super) fn table<T>(ctx: &Ctx<'_>, cluster: &ClusterEvidence, fact: &Observed<T>, mut grid: Grid) -> Vec<Block> {
    grid.caption_more(&cluster.header.cluster.id);
    grid.source(source(ctx, cluster, fact));
    let state = fact.state();
    if grid.is_empty() && state != State::Complete {
        let key = match state {
            State::Absent => "observed.absent",
            State::Forbidden => "observed.forbidden",
            State::NotCollected => "observed.not_collected",
            State::Partial | State::Failed | State::Complete => "observed.unread",
        };
        grid.empty(vec![ctx.text(key)]);
        return vec![grid.block()];
    }
    if matches!(state, State::Complete | State::Absent) {
        return vec![grid.block()];
    }
    let mut text = vec![ctx.text("observed.incomplete")];
    text.extend(fact.reasons().iter().flat_map(|reason| spans(&format!(" {reason}."))));
    vec![
        Block::Callout { kind: Callout::Warning, title: Vec::new(), blocks: vec![Block::Paragraph { text }] },
        grid.block(),
    ]
}

/// Another table of the same fact: its source line refers to that of the table before, which named the lists.
pub(super) fn follows<T>(ctx: &Ctx<'_>, cluster: &ClusterEvidence, fact: &Observed<T>, mut grid: Grid) -> Vec<Block> {
    if grid.is_empty() && fact.state() != State::Complete {
        return table(ctx, cluster, fact, grid);
    }
    grid.caption_more(&cluster.header.cluster.id);
    grid.source(vec![Inline::text(format!("{}. ", when(ctx, cluster))), ctx.text("observed.lists_above")]);
    vec![grid.block()]
}

/// A list of names as code, the first few and how many more.
pub(super) fn names<'a>(ctx: &Ctx<'_>, names: impl IntoIterator<Item = &'a str>, most: usize) -> Vec<Inline> {
    let names: Vec<&str> = names.into_iter().collect();
    let mut out = join(names.iter().take(most).map(|name| Inline::code(*name)), ", ");
    if names.len() > most {
        out.push(Inline::text(format!(" {}", ctx.t.count("word.more", names.len() - most))));
    }
    out
}

/// Yes, no, or not known.
pub(super) fn yes(ctx: &Ctx<'_>, value: Option<bool>, good: Option<bool>) -> Vec<Inline> {
    let Some(value) = value else { return vec![ctx.badge(Tone::Unknown, "word.unknown")] };
    let tone = match good {
        None => Tone::Neutral,
        Some(good) if good == value => Tone::Good,
        Some(_) => Tone::Caution,
    };
    vec![ctx.badge(tone, if value { "word.yes" } else { "word.no" })]
}
