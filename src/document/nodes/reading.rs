//! The reading guide: per role, what to read, why, and how long that takes.

use std::{
    collections::BTreeMap,
    sync::{MutexGuard, PoisonError},
};

use super::{Ctx, Grid, Head, Place, acronyms, join, team, terms};
use crate::{
    document::{
        plain,
        tree::{Block, Cell, Document, Inline, Target},
    },
    workspace::{RaciParty, ReaderRole, Team, staffing::owns_for},
};

/// Words a minute at which technical prose is read. Brysbaert (2019) finds 238 for plain English.
const WORDS_A_MINUTE: usize = 200;

/// Tables are looked things up in, not read: of their words one in so many counts.
const SKIMMED: usize = 3;

const ROLES: [(ReaderRole, &str); 7] = [
    (ReaderRole::Executive, "reader.executive"),
    (ReaderRole::Platform, "reader.platform"),
    (ReaderRole::Application, "reader.application"),
    (ReaderRole::It, "reader.it"),
    (ReaderRole::Infrastructure, "reader.infrastructure"),
    (ReaderRole::Security, "reader.security"),
    (ReaderRole::Auditor, "reader.auditor"),
];

/// Words and titles by document and section.
#[derive(Debug, Default)]
pub(in crate::document) struct Counted {
    words: BTreeMap<(String, String), usize>,
    titles: BTreeMap<(String, String), String>,
}

impl Counted {
    /// Adds those of another document.
    pub(in crate::document) fn add(&mut self, other: Counted) {
        self.words.extend(other.words);
        self.titles.extend(other.titles);
    }
}

/// The node that needs what [`count`] counted.
pub(in crate::document) const PATHS: &str = "reading-paths";

/// Counts a composed document's words, by section, for the reading times.
pub(in crate::document) fn count(document: &Document) -> Counted {
    let Counted { mut words, mut titles } = Counted::default();
    // Sections that the current block stands in, outermost first.
    let mut open: Vec<(u8, String)> = Vec::new();
    for block in &document.blocks {
        if let Block::Heading { level, id, .. } = block {
            open.retain(|(other, _)| other < level);
            open.push((*level, id.clone()));
        }
        let mut count = 0;
        acronyms::walk(block, &mut |text| count += text.split_whitespace().count());
        if matches!(block, Block::Table(_)) {
            count /= SKIMMED;
        }
        for section in open.iter().map(|(_, id)| id.clone()).chain([String::new()]) {
            *words.entry((document.id.clone(), section)).or_default() += count;
        }
    }
    let headings = document.blocks.iter().filter_map(|block| match block {
        Block::Heading { id, text, .. } => Some((id.clone(), plain(text))),
        _ => None,
    });
    titles.insert((document.id.clone(), String::new()), document.title.clone());
    titles.extend(headings.map(|(id, title)| ((document.id.clone(), id), title)));
    Counted { words, titles }
}

/// What was counted so far.
pub(in crate::document) fn counted<'c>(ctx: &'c Ctx<'_>) -> MutexGuard<'c, Counted> {
    // Whoever panicked while holding it only read.
    ctx.counted.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A section a role: who that is here, what to read.
pub(super) fn paths(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let mut blocks = Vec::new();
    for (role, key) in ROLES {
        let name = role_name(role);
        blocks.push(Block::Heading {
            level: 1,
            id: place.anchors.claim(&format!("reader-{name}")),
            text: vec![ctx.text(key)],
        });
        let teams: Vec<&Team> = ctx.ws.teams.iter().filter(|team| team.reader == role).collect();
        blocks.extend(who(ctx, &teams));
        let heads = [Head::name("column.read", 34), Head::text("column.why", 52), Head::number("column.minutes")];
        let mut grid = Grid::new(ctx, place, &format!("reading-{name}"), "table.reading", &heads);
        grid.caption_more(ctx.t.t(key));
        let mut total = 0;
        for path in ctx.reading.iter().filter(|path| path.role == role) {
            let documents: Vec<String> = if path.document == "team" {
                teams.iter().map(|team| format!("team/{}", team.id)).collect()
            } else {
                vec![path.document.clone()]
            };
            for document in documents {
                let key = (document.clone(), path.section.clone());
                let Some(count) = counted(ctx).words.get(&key).copied() else { continue };
                let minutes = count.div_ceil(WORDS_A_MINUTE).max(1);
                total += minutes;
                grid.row(vec![
                    Cell::new(link(ctx, &document, &path.section)),
                    Cell::text(ctx.t.t(&path.why)),
                    Cell::text(minutes.to_string()),
                ]);
            }
        }
        if !grid.is_empty() {
            let minutes = ctx.t.count("reading.total", total);
            grid.source(vec![Inline::text(minutes)]);
        }
        blocks.push(grid.block());
    }
    Ok(blocks)
}

/// The teams of a role and what they answer for.
fn who(ctx: &Ctx<'_>, teams: &[&Team]) -> Vec<Block> {
    if teams.is_empty() {
        return vec![ctx.paragraph("reading.no_team")];
    }
    let mut items = Vec::new();
    for team in teams {
        let components = ctx.ws.components.iter().filter(|component| component.team == team.id);
        let owns = join(components.map(|component| ctx.component_link(&component.id)), ", ");
        let accountable =
            ctx.ws.activities.iter().filter(|activity| matches!(&activity.a, RaciParty::Team(id) if *id == team.id));
        let answers = join(accountable.map(super::raci::link), "; ");
        let owns = if owns.is_empty() { vec![ctx.text("reading.owns_nothing")] } else { owns };
        let answers = if answers.is_empty() { vec![ctx.text("reading.answers_nothing")] } else { answers };
        items.push((
            vec![team::brief(ctx, team)],
            vec![terms(ctx, [("reading.owns", owns), ("reading.answers", answers)])],
        ));
    }
    let mut blocks = vec![ctx.paragraph("reading.duties"), Block::Terms { items }];
    let as_owner = ctx.ws.activities.iter().filter(|activity| {
        activity.a == RaciParty::Owner && teams.iter().any(|team| owns_for(ctx.ws, activity, &team.id))
    });
    let as_owner = join(as_owner.map(super::raci::link), "; ");
    if !as_owner.is_empty() {
        let mut text = vec![ctx.text("reading.as_owner"), Inline::text(" ")];
        text.extend(as_owner);
        text.push(Inline::text("."));
        blocks.push(Block::Paragraph { text });
    }
    blocks
}

fn link(ctx: &Ctx<'_>, document: &str, section: &str) -> Vec<Inline> {
    let counted = counted(ctx);
    let title =
        |section: &str| counted.titles.get(&(document.to_owned(), section.to_owned())).cloned().unwrap_or_default();
    let anchor = (!section.is_empty()).then(|| section.to_owned());
    let text = if section.is_empty() { title("") } else { format!("{}: {}", title(""), title(section)) };
    vec![Inline::Link { target: Target::Document(document.to_owned(), anchor), text: vec![Inline::text(text)] }]
}

fn role_name(role: ReaderRole) -> &'static str {
    match role {
        ReaderRole::Executive => "executive",
        ReaderRole::Platform => "platform",
        ReaderRole::Application => "application",
        ReaderRole::It => "it",
        ReaderRole::Infrastructure => "infrastructure",
        ReaderRole::Security => "security",
        ReaderRole::Auditor => "auditor",
    }
}
