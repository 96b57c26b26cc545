//! The plan of action and milestones: what is to be done by whom until when, what was closed, what is left over.

use super::{Ctx, Grid, Head, Place, assessment, observed, table::lines};
use crate::{
    assess::{Finding, plan::Item},
    document::{
        tree::{Block, Callout, Cell, Inline, Tone},
        words,
    },
    workspace::{CheckId, PoamEntry, Severity, TeamId},
};

/// Open items by team and severity, and what is late.
pub(super) fn summary(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    if !ctx.observed() {
        return Ok(vec![observed::not_yet(ctx, "what.findings")]);
    }
    let plan = &ctx.plan;
    let mut heads = vec![Head::name("column.team", 30)];
    heads.extend(Severity::ALL.map(|severity| Head::number(words::severity(severity))));
    heads.extend([Head::number("poam.column.overdue"), Head::number("poam.column.unscheduled")]);
    let mut grid = Grid::new(ctx, place, "poam-by-team", "table.poam_summary", &heads);
    let teams = ctx.ws.teams.iter().map(|team| Some(&team.id)).chain([None]);
    for team in teams {
        let items: Vec<&Item<'_>> = plan.open.iter().filter(|item| item.finding.team.as_ref() == team).collect();
        if items.is_empty() {
            continue;
        }
        let number = |wanted: &dyn Fn(&Item<'_>) -> bool| {
            Cell::text(items.iter().filter(|item| wanted(item)).count().to_string())
        };
        let mut row = vec![Cell::new(vec![of_team(ctx, team)])];
        row.extend(Severity::ALL.map(|severity| number(&|item| item.finding.severity == severity)));
        row.push(number(&|item| item.overdue));
        row.push(number(&|item| item.scheduled.is_none()));
        grid.row(row);
    }
    grid.source(assessment::times(ctx));
    let mut blocks = vec![grid.block()];
    if ctx.ws.policy.remediation_days.is_empty() {
        blocks.push(remark(ctx, "poam.no_days"));
    }
    Ok(blocks)
}

fn remark(ctx: &Ctx<'_>, key: &str) -> Block {
    Block::Callout { kind: Callout::Note, title: Vec::new(), blocks: vec![ctx.paragraph(key)] }
}

fn of_team(ctx: &Ctx<'_>, team: Option<&TeamId>) -> Inline {
    team.map_or_else(|| ctx.text("findings.nobody"), |team| ctx.team(team))
}

/// Open items with what was decided of them.
pub(super) fn open(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    if !ctx.observed() {
        return Ok(vec![observed::not_yet(ctx, "what.findings")]);
    }
    let heads = [
        Head::name("column.finding", 14),
        Head::text("poam.column.weakness", 30),
        Head::text("column.findings_where", 34),
        Head::text("poam.column.dates", 18),
        Head::text("poam.column.plan", 34),
    ];
    let mut grid = Grid::new(ctx, place, "poam-open", "table.poam_open", &heads);
    let plan = &ctx.plan;
    for item in &plan.open {
        let finding = item.finding;
        let mut id = vec![vec![assessment::link(finding)], vec![assessment::severity(ctx, finding)]];
        if let Some(severity) = item.entry.and_then(|entry| entry.severity) {
            let severity = ctx.t.t(words::severity(severity));
            id.push(vec![Inline::text(ctx.t.fill("poam.adjusted", &[("severity", severity)]))]);
        }
        let mut what = vec![vec![Inline::text(weakness(ctx, &finding.check))]];
        if !finding.controls.is_empty() {
            what.push(ctx.controls(&finding.controls));
        }
        let objects: Vec<String> = assess_keys(finding);
        let whose = match &finding.component {
            Some(id) => vec![ctx.component_link(id), Inline::text(", "), of_team(ctx, finding.team.as_ref())],
            None => vec![of_team(ctx, None)],
        };
        let names = observed::names(ctx, objects.iter().map(String::as_str), 6);
        let seen = ctx.t.fill("poam.first_seen", &[("date", &words::date(finding.first_seen.date_naive()))]);
        let anchor = place.anchors.claim(&assessment::anchor(&finding.id));
        grid.anchored(
            Some(anchor),
            vec![
                lines(id),
                lines(what),
                lines([whose, names]),
                lines([vec![Inline::text(seen)], scheduled(ctx, item)]),
                lines(decided(ctx, item)),
            ],
        );
    }
    grid.landscape();
    grid.source(assessment::times(ctx));
    grid.blocks()
}

/// What is wrong: a check's title says what has to be so.
fn weakness(ctx: &Ctx<'_>, check: &CheckId) -> String {
    ctx.t.fill("poam.not_met", &[("title", ctx.check_title(check))])
}

fn assess_keys(finding: &Finding) -> Vec<String> {
    let open = finding.objects.iter().map(|failure| failure.key.to_string());
    let mut keys: Vec<String> = open.chain(finding.excepted.iter().map(|accepted| accepted.key.to_string())).collect();
    keys.dedup();
    keys
}

/// By when, and whether that is past.
pub(super) fn scheduled(ctx: &Ctx<'_>, item: &Item<'_>) -> Vec<Inline> {
    let Some(date) = item.scheduled else { return vec![ctx.text("findings.no_date")] };
    let key = match item.entry.and_then(|entry| entry.scheduled) {
        Some(_) => "poam.scheduled",
        None => "poam.due",
    };
    let mut text = vec![Inline::text(ctx.t.fill(key, &[("date", &words::date(date))]))];
    if item.overdue {
        text.extend([Inline::text(" "), ctx.badge(Tone::Bad, "recurring.overdue")]);
    }
    text
}

/// Where it stands.
pub(super) fn status(ctx: &Ctx<'_>, item: &Item<'_>) -> Inline {
    let (tone, key) = words::poam_status(item.status);
    ctx.badge(tone, key)
}

/// What people decided, a line each.
fn decided(ctx: &Ctx<'_>, item: &Item<'_>) -> Vec<Vec<Inline>> {
    let mut out = vec![vec![status(ctx, item)]];
    let Some(entry) = item.entry else { return out };
    let mut say = |key: &str, values: &[(&str, &str)]| out.push(vec![Inline::text(ctx.t.fill(key, values))]);
    for milestone in &entry.milestones {
        let date = words::date(milestone.date);
        match milestone.done {
            Some(done) => say("poam.milestone_done", &[("what", &milestone.what), ("date", &words::date(done))]),
            None => say("poam.milestone", &[("what", &milestone.what), ("date", &date)]),
        }
    }
    if let Some(vendor) = &entry.vendor {
        match entry.vendor_checked {
            Some(date) => say("poam.vendor_asked", &[("vendor", vendor), ("date", &words::date(date))]),
            None => say("poam.vendor", &[("vendor", vendor)]),
        }
    }
    if let Some(deviation) = entry.deviation {
        let reason = entry.reason.as_deref().unwrap_or_default();
        say("poam.deviates", &[("deviation", ctx.t.t(words::deviation(deviation))), ("reason", reason)]);
    }
    if let Some(comment) = &entry.comment {
        say("poam.comment", &[("text", comment)]);
    }
    if let Some(owner) = &entry.owner {
        out.insert(1, vec![ctx.text("poam.by"), Inline::text(" "), ctx.party(owner)]);
    }
    out
}

/// What earlier snapshots showed and the newest do not.
pub(super) fn closed(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    if !ctx.observed() {
        return Ok(vec![observed::not_yet(ctx, "what.findings")]);
    }
    let heads = [
        Head::name("column.finding", 14),
        Head::text("poam.column.weakness", 40),
        Head::text("column.component", 20),
        Head::fit("poam.column.seen"),
        Head::text("poam.column.closed", 18),
    ];
    let mut grid = Grid::new(ctx, place, "poam-closed", "table.poam_closed", &heads);
    let plan = &ctx.plan;
    let closed = plan.closed.iter().map(|(finding, gone, _)| (finding, Some(*gone)));
    for (finding, gone) in closed.chain(plan.unconfirmed.iter().map(|(finding, _)| (finding, None))) {
        let dates = [finding.first_seen, finding.last_seen].map(|time| words::date(time.date_naive()));
        grid.row(vec![
            Cell::new(vec![Inline::code(&*finding.id)]),
            Cell::text(weakness(ctx, &finding.check)),
            Cell::new(finding.component.as_ref().map(|id| vec![ctx.component_link(id)]).unwrap_or_default()),
            Cell::text(ctx.t.fill("poam.seen", &[("first", &dates[0]), ("last", &dates[1])])),
            match gone {
                Some(gone) => Cell::text(words::date(gone.date_naive())),
                None => Cell::new(vec![ctx.badge(Tone::Unknown, "poam.unconfirmed")]),
            },
        ]);
    }
    grid.source(assessment::times(ctx));
    grid.blocks()
}

/// Decisions on findings that no snapshot at hand shows.
pub(super) fn orphans(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let heads = [Head::name("column.finding", 16), Head::fit("poam.column.status"), Head::text("poam.column.plan", 70)];
    let mut grid = Grid::new(ctx, place, "poam-orphans", "table.poam_orphans", &heads);
    for entry in &ctx.plan.orphans {
        let (tone, key) = words::poam_status(entry.status);
        let texts = [&entry.comment, &entry.vendor, &entry.reason].into_iter().flatten();
        let milestones = entry.milestones.iter().map(|milestone| &milestone.what);
        let text: Vec<&str> = texts.chain(milestones).map(String::as_str).collect();
        grid.row(vec![
            Cell::new(vec![Inline::code(&*entry.finding)]),
            Cell::new(vec![ctx.badge(tone, key)]),
            Cell::text(text.join("; ")),
        ]);
    }
    grid.blocks()
}

/// Every item in one wide table, for spreadsheets: open, accepted and closed.
pub(super) fn sheet(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let heads = COLUMNS.map(|key| Head::text(key, 10));
    let mut grid = Grid::new(ctx, place, "poam", "table.poam", &heads);
    let plan = &ctx.plan;
    for item in &plan.open {
        let (_, status) = words::poam_status(item.status);
        grid.row(row(ctx, item, ctx.t.t(status)));
    }
    for item in &plan.accepted {
        grid.row(row(ctx, item, ctx.t.t("poam.status.accepted")));
    }
    let closed = plan.closed.iter().map(|(finding, gone, entry)| (finding, Some(*gone), entry));
    for (finding, gone, entry) in closed.chain(plan.unconfirmed.iter().map(|(finding, entry)| (finding, None, entry))) {
        let check = ctx.check(&finding.check);
        let team =
            finding.component.as_ref().zip(check).and_then(|(id, check)| ctx.component(id).duties.get(&check.duty));
        let mut cells = vec![String::new(); COLUMNS.len()];
        let mut set = |column: &str, text: String| {
            if let Some(at) = COLUMNS.iter().position(|key| *key == column) {
                cells[at] = text;
            }
        };
        set("poam.sheet.id", finding.id.clone());
        set("poam.sheet.weakness", weakness(ctx, &finding.check));
        set("poam.sheet.source", ctx.t.t("poam.source").to_owned());
        set("poam.sheet.check", finding.check.to_string());
        set("poam.sheet.cluster", finding.cluster.clone());
        set("poam.sheet.component", finding.component.as_ref().map(ToString::to_string).unwrap_or_default());
        set("poam.sheet.team", team.map(|id| ctx.ws.team(id).name.clone()).unwrap_or_default());
        set("poam.sheet.first_seen", words::date(finding.first_seen.date_naive()));
        set("poam.sheet.last_seen", words::date(finding.last_seen.date_naive()));
        set("poam.sheet.closed", gone.map(|gone| words::date(gone.date_naive())).unwrap_or_default());
        let status = if gone.is_some() { "poam.status.closed" } else { "poam.unconfirmed" };
        set("poam.sheet.status", ctx.t.t(status).to_owned());
        set("poam.sheet.comment", entry.and_then(|entry| entry.comment.clone()).unwrap_or_default());
        grid.row(cells.into_iter().map(Cell::text).collect());
    }
    grid.source(assessment::times(ctx));
    grid.sheet_only();
    grid.blocks()
}

/// Columns of the sheet, in our words: those that a plan of action and milestones has by custom (FedRAMP's among them).
const COLUMNS: [&str; 28] = [
    "poam.sheet.id",
    "poam.sheet.controls",
    "poam.sheet.weakness",
    "poam.sheet.description",
    "poam.sheet.source",
    "poam.sheet.check",
    "poam.sheet.assets",
    "poam.sheet.cluster",
    "poam.sheet.component",
    "poam.sheet.team",
    "poam.sheet.contact",
    "poam.sheet.severity",
    "poam.sheet.adjusted",
    "poam.sheet.deviation",
    "poam.sheet.reason",
    "poam.sheet.first_seen",
    "poam.sheet.due",
    "poam.sheet.scheduled",
    "poam.sheet.status",
    "poam.sheet.overdue",
    "poam.sheet.milestones",
    "poam.sheet.done",
    "poam.sheet.remediation",
    "poam.sheet.vendor",
    "poam.sheet.vendor_checked",
    "poam.sheet.last_seen",
    "poam.sheet.closed",
    "poam.sheet.comment",
];

fn row(ctx: &Ctx<'_>, item: &Item<'_>, status: &str) -> Vec<Cell> {
    let finding = item.finding;
    let entry = item.entry;
    let check = ctx.check(&finding.check);
    let of = |text: Option<&String>| text.cloned().unwrap_or_default();
    let messages = finding.objects.iter().map(|failure| format!("{}: {}", failure.key, failure.message));
    let accepted = finding.excepted.iter().map(|accepted| {
        let text = ctx.t.fill("findings.excepted", &[("exception", accepted.exception.as_str())]);
        format!("{}: {text}", accepted.key)
    });
    let exceptions = finding.excepted.iter().filter_map(|accepted| {
        let exception = ctx.ws.exceptions.iter().find(|it| it.id == accepted.exception)?;
        Some(exception.reason.clone())
    });
    let mut reasons: Vec<String> = entry.and_then(|entry| entry.reason.clone()).into_iter().chain(exceptions).collect();
    reasons.dedup();
    let controls: Vec<String> = finding.controls.iter().map(|control| ctx.label(control)).collect();
    let contact = match entry.and_then(|entry| entry.owner.as_ref()) {
        Some(owner) => ctx.ws.party_name(owner).to_owned(),
        None => finding.team.as_ref().map(|id| reach(ctx, id)).unwrap_or_default(),
    };
    let date = |date: Option<chrono::NaiveDate>| date.map(words::date).unwrap_or_default();
    let texts = [
        finding.id.clone(),
        controls.join(", "),
        weakness(ctx, &finding.check),
        messages.chain(accepted).collect::<Vec<_>>().join("\n"),
        ctx.t.t("poam.source").to_owned(),
        finding.check.to_string(),
        assess_keys(finding).join(", "),
        finding.cluster.clone(),
        finding.component.as_ref().map(ToString::to_string).unwrap_or_default(),
        finding.team.as_ref().map_or_else(|| ctx.t.t("findings.nobody").to_owned(), |id| ctx.ws.team(id).name.clone()),
        contact,
        ctx.t.t(words::severity(finding.severity)).to_owned(),
        entry.and_then(|entry| entry.severity).map(|it| ctx.t.t(words::severity(it)).to_owned()).unwrap_or_default(),
        entry.and_then(|entry| entry.deviation).map(|it| ctx.t.t(words::deviation(it)).to_owned()).unwrap_or_default(),
        reasons.join("\n"),
        words::date(finding.first_seen.date_naive()),
        date(finding.due),
        date(item.scheduled),
        status.to_owned(),
        if item.overdue { ctx.t.t("word.yes").to_owned() } else { String::new() },
        milestones(entry, false),
        milestones(entry, true),
        check.map(|check| in_words(&check.remediation)).unwrap_or_default(),
        of(entry.and_then(|entry| entry.vendor.as_ref())),
        date(entry.and_then(|entry| entry.vendor_checked)),
        String::new(),
        String::new(),
        of(entry.and_then(|entry| entry.comment.as_ref())),
    ];
    let cell = |text: String| lines(text.lines().map(|line| vec![Inline::text(line)]));
    texts.into_iter().map(cell).collect()
}

/// A remedy without its manifest, on one line.
fn in_words(remediation: &str) -> String {
    let words = remediation.split("```").next().unwrap_or_default();
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn reach(ctx: &Ctx<'_>, team: &TeamId) -> String {
    let team = ctx.ws.team(team);
    let ways = [&team.email, &team.chat, &team.phone];
    ways.into_iter().flatten().next().map_or_else(|| team.name.clone(), |way| format!("{}, {way}", team.name))
}

fn milestones(entry: Option<&PoamEntry>, done: bool) -> String {
    let of = entry.iter().flat_map(|entry| &entry.milestones);
    let of = of.filter(|milestone| milestone.done.is_some() == done);
    let line = |date, what: &str| format!("{}: {what}", words::date(date));
    of.map(|it| line(it.done.unwrap_or(it.date), &it.what)).collect::<Vec<_>>().join("\n")
}
