//! Evidence: snapshots, every list that was read, attached files.

use super::{Ctx, Grid, Head, Place, join, observed};
use crate::{
    document::{
        tree::{Block, Cell, Inline, Target, Tone},
        words,
    },
    facts::{State, control_plane::provider},
    snapshot::Completeness,
};

/// Snapshots with their digests and who read them.
pub(super) fn snapshots(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let heads = [
        Head::name("column.cluster", 18),
        Head::text("column.observed", 24),
        Head::text("column.collector", 26),
        Head::text("column.digest", 40),
    ];
    let mut grid = Grid::new(ctx, place, "snapshots-table", "table.snapshots", &heads);
    for cluster in &ctx.assessment.clusters {
        let header = &cluster.header;
        let mut id = vec![Inline::code(&*header.cluster.id)];
        for more in [&header.cluster.version, &header.cluster.uid, &header.cluster.server].into_iter().flatten() {
            id.extend([Inline::Break, Inline::text(&**more)]);
        }
        let collector = match &header.collector {
            Some(collector) => {
                let mut text = vec![Inline::code(&*collector.username)];
                if !collector.groups.is_empty() {
                    text.push(Inline::text(format!(" ({})", collector.groups.join(", "))));
                }
                text
            }
            None => vec![ctx.badge(Tone::Unknown, "evidence.unknown_collector")],
        };
        let time = format!(
            "{}. {} – {}",
            observed::when(ctx, cluster),
            words::time(header.started),
            words::time(header.ended)
        );
        grid.row(vec![
            Cell::new(id),
            Cell::text(time),
            Cell::new(collector),
            Cell::new(vec![Inline::code(&*cluster.digest)]),
        ]);
    }
    grid.blocks()
}

/// Tone and word of a completeness.
pub(super) fn state(state: State) -> (Tone, &'static str) {
    let tone = match state {
        State::Complete => Tone::Good,
        State::Partial => Tone::Caution,
        State::Failed => Tone::Bad,
        State::Absent => Tone::Neutral,
        State::Forbidden | State::NotCollected => Tone::Unknown,
    };
    (tone, observed::completeness(state.as_str()))
}

/// Every list asked for and how it ended.
pub(super) fn lists(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    observed::each_cluster(ctx, "what.lists", |cluster| {
        let heads = [
            Head::name("column.path", 32),
            Head::text("column.completeness", 18),
            Head::number("column.objects"),
            Head::text("column.resource_version", 12),
            Head::text("column.read_at", 14),
            Head::text("column.digest", 36),
        ];
        let mut grid = Grid::new(ctx, place, "lists", "table.lists", &heads);
        for list in &cluster.lists {
            let (tone, key) = state(State::of(&list.completeness));
            let why = match &list.completeness {
                Completeness::Partial(why) | Completeness::Forbidden(why) | Completeness::Failed(why) => why.as_str(),
                Completeness::Complete | Completeness::Absent | Completeness::NotCollected => "",
            };
            let mut ending = vec![ctx.badge(tone, key)];
            if !why.is_empty() {
                ending.extend([Inline::Break, Inline::text(why)]);
            }
            if list.metadata_only {
                ending.extend([Inline::Break, ctx.text("evidence.metadata_only")]);
            }
            let read = matches!(list.completeness, Completeness::Complete | Completeness::Partial(_));
            grid.anchored(
                Some(place.anchors.claim(&list_anchor(&cluster.header.cluster.id, &list.path))),
                vec![
                    Cell::new(vec![Inline::code(&*list.path)]),
                    Cell::new(ending),
                    Cell::text(if read { list.count.to_string() } else { String::new() }),
                    Cell::text(list.resource_version.as_deref().unwrap_or_default()),
                    Cell::text(words::time(list.read_at)),
                    Cell::new(if read { vec![Inline::code(&*list.digest)] } else { Vec::new() }),
                ],
            );
        }
        for probe in &cluster.probes {
            let (tone, key) = state(State::of(&probe.completeness));
            let mut ending = vec![ctx.badge(tone, key)];
            if let Completeness::Partial(why) | Completeness::Forbidden(why) | Completeness::Failed(why) =
                &probe.completeness
            {
                ending.extend([Inline::Break, Inline::text(why)]);
            }
            let read = matches!(probe.completeness, Completeness::Complete | Completeness::Partial(_));
            grid.anchored(
                Some(place.anchors.claim(&list_anchor(&cluster.header.cluster.id, &probe.path))),
                vec![
                    Cell::new(vec![Inline::code(&*probe.path), Inline::Break, Inline::text(&*probe.name)]),
                    Cell::new(ending),
                    Cell::text(""),
                    Cell::text(""),
                    Cell::text(words::time(probe.read_at)),
                    Cell::new(if read { vec![Inline::code(&*probe.digest)] } else { Vec::new() }),
                ],
            );
        }
        grid.caption_more(&cluster.header.cluster.id);
        grid.source(vec![Inline::text(format!("{}.", observed::when(ctx, cluster)))]);
        grid.landscape();
        vec![grid.block()]
    })
}

/// Anchor of a list's row in the appendix of the audit pack.
pub(super) fn list_anchor(cluster: &str, path: &str) -> String {
    format!("list-{cluster}-{path}")
}

/// Files and links that implementations name as evidence.
pub(super) fn attached(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let heads = [
        Head::name("column.evidence", 28),
        Head::fit("column.control"),
        Head::fit("column.date"),
        Head::text("column.where", 28),
        Head::text("column.digest", 36),
    ];
    let mut grid = Grid::new(ctx, place, "attached-table", "table.attached", &heads);
    for item in &ctx.ws.implementations {
        for evidence in &item.evidence {
            grid.row(vec![
                Cell::text(&*evidence.title),
                Cell::new(ctx.controls(std::slice::from_ref(&item.control))),
                Cell::text(evidence.date.map(words::date).unwrap_or_default()),
                Cell::new(vec![location(&evidence.location)]),
                Cell::new(match &evidence.digest {
                    Some(digest) => vec![Inline::code(&**digest)],
                    None => vec![ctx.text("evidence.no_digest")],
                }),
            ]);
        }
    }
    for setting in &ctx.ws.provider_settings {
        let Some(place) = &setting.location else { continue };
        let title = provider::find(&setting.setting).map_or(&*setting.setting, |asked| &*asked.title);
        grid.row(vec![
            Cell::text(title),
            Cell::new(Vec::new()),
            Cell::text(words::date(setting.date)),
            Cell::new(vec![location(place)]),
            Cell::new(match &setting.digest {
                Some(digest) => vec![Inline::code(&**digest)],
                None => vec![ctx.text("evidence.no_digest")],
            }),
        ]);
    }
    grid.blocks()
}

/// A link for an address, code for a path.
pub(super) fn location(location: &str) -> Inline {
    match crate::document::parse::web_address(location) {
        Some(url) => Inline::Link { target: Target::Url(url), text: vec![Inline::text(location)] },
        None => Inline::code(location),
    }
}

/// A piece of evidence in one line: path, time, completeness, shortened digest that leads to the whole one.
pub(super) fn cite(ctx: &Ctx<'_>, evidence: &crate::snapshot::Citation) -> Vec<Inline> {
    let state = ctx.t.t(observed::completeness(&evidence.completeness));
    let digest = Inline::Link {
        target: Target::Document(
            "audit-pack".to_owned(),
            Some(crate::document::parse::slug(&list_anchor(&evidence.cluster, &evidence.path))),
        ),
        text: vec![Inline::code(words::short(&evidence.digest))],
    };
    let count = ctx.t.count("observed.objects", evidence.count);
    let text = Inline::text(format!(", {}, {state}, {count}", words::time(evidence.read_at)));
    let mut out = vec![Inline::code(&*evidence.path), text];
    if !evidence.digest.is_empty() && evidence.completeness == "complete" {
        out.extend(join([Inline::text(", SHA-256"), digest], " "));
    }
    out
}
