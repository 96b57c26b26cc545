//! Continuous assessment: what is looked at again and again, what the checks said, findings, exceptions.

use std::collections::{BTreeSet, HashMap};

use super::{Ctx, Grid, Head, Place, observed, table::lines};
use crate::{
    assess::{Check, ExceptionState, Failure, Finding, Outcome},
    document::{
        tree::{Block, Cell, Inline, Target, Tone},
        words,
    },
    sort::Sort,
    workspace::{Exception, TeamId},
};

/// Recurring assessments.
pub(super) fn recurring(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let heads = [
        Head::name("column.assessment", 24),
        Head::text("column.team", 16),
        Head::text("column.frequency", 12),
        Head::text("column.method", 28),
        Head::text("column.last_next", 20),
    ];
    let mut grid = Grid::new(ctx, place, "recurring-table", "table.recurring", &heads);
    let today = ctx.assessment.as_of.map(|time| time.date_naive());
    for item in &ctx.ws.assessments {
        let last = match item.last {
            Some(date) => ctx.t.fill("recurring.last", &[("date", &words::date(date))]),
            None => ctx.t.t("recurring.never").to_owned(),
        };
        let next = item.next.map(|date| {
            let mut text = vec![Inline::text(ctx.t.fill("recurring.next", &[("date", &words::date(date))]))];
            if today.is_some_and(|today| date < today) {
                text.extend([Inline::text(" "), ctx.badge(Tone::Bad, "recurring.overdue")]);
            }
            text
        });
        grid.row(vec![
            Cell::text(&*item.title),
            Cell::new(vec![ctx.team(&item.team)]),
            Cell::text(&*item.frequency),
            Cell::text(&*item.method),
            lines([Some(vec![Inline::text(last)]), next].into_iter().flatten()),
        ]);
    }
    grid.blocks()
}

/// Every check in force with its outcome, worst first.
pub(super) fn checks(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let heads = [
        Head::name("column.check", 34),
        Head::fit("column.severity"),
        Head::text("column.outcome", 14),
        Head::text("column.reason", 52),
    ];
    let mut grid = Grid::new(ctx, place, "checks-table", "table.checks", &heads);
    let mut checks: Vec<&Check> = ctx.assessment.checks.iter().map(|check| &**check).collect();
    checks.order_by_key(|check| {
        let outcome = Outcome::roll_up(ctx.results(&check.id).map(|result| result.outcome));
        (check.disabled.is_some(), outcome.unwrap_or(Outcome::NotApplicable), std::cmp::Reverse(check.severity))
    });
    let several = ctx.assessment.clusters.len() > 1;
    for check in checks {
        let name = vec![Inline::text(&*check.title), Inline::Break, Inline::code(check.id.as_str())];
        let severity = vec![Inline::Badge {
            tone: words::severity_tone(check.severity),
            text: ctx.t.t(words::severity(check.severity)).to_owned(),
        }];
        if let Some(reason) = &check.disabled {
            grid.row(vec![
                Cell::new(name),
                Cell::new(severity),
                Cell::new(vec![ctx.badge(Tone::Unknown, "checks.disabled")]),
                Cell::text(&**reason),
            ]);
            continue;
        }
        let outcomes = ctx.results(&check.id).map(|result| vec![ctx.outcome(result.outcome)]);
        let reasons = ctx.results(&check.id).map(|result| {
            let cluster = if several { format!("{}: ", result.cluster) } else { String::new() };
            vec![Inline::text(format!("{cluster}{}", result.reason))]
        });
        grid.row(vec![Cell::new(name), Cell::new(severity), lines(outcomes), lines(reasons)]);
    }
    grid.source(times(ctx));
    grid.blocks()
}

/// Every finding with every object.
pub(super) fn findings(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    if !ctx.observed() {
        return Ok(vec![observed::not_yet(ctx, "what.findings")]);
    }
    let heads = [
        Head::name("column.finding", 14),
        Head::text("column.what_is_wrong", 30),
        Head::text("column.component", 20),
        Head::text("column.objects", 36),
        Head::fit("column.due"),
    ];
    let mut grid = Grid::new(ctx, place, "findings-table", "table.findings", &heads);
    let several = ctx.assessment.clusters.len() > 1;
    for finding in ctx.assessment.open_findings() {
        let check = ctx.check_title(&finding.check);
        let mut who = vec![match &finding.component {
            Some(id) => vec![ctx.component_link(id)],
            None => vec![ctx.badge(Tone::Bad, "inventory.unclaimed")],
        }];
        who.push(match &finding.team {
            Some(team) => vec![ctx.team(team)],
            None => vec![ctx.text("findings.nobody")],
        });
        if several {
            who.push(vec![Inline::code(&*finding.cluster)]);
        }
        let mut objects = alike(&finding.objects);
        for accepted in &finding.excepted {
            let text = ctx.t.fill("findings.excepted", &[("exception", accepted.exception.as_str())]);
            objects.push(vec![Inline::code(accepted.key.to_string()), Inline::text(format!(": {text}"))]);
        }
        let mut what = vec![vec![Inline::text(check)]];
        if !finding.controls.is_empty() {
            what.push(ctx.controls(&finding.controls));
        }
        what.extend(linked(ctx, finding));
        what.push(vec![Inline::text(ctx.t.fill("findings.first_seen", &[("time", &words::time(finding.first_seen))]))]);
        let anchor = place.anchors.claim(&anchor(&finding.id));
        grid.anchored(
            Some(anchor),
            vec![
                Cell::new(vec![Inline::code(&*finding.id), Inline::Break, severity(ctx, finding)]),
                lines(what),
                lines(who),
                lines(objects),
                Cell::new(due(ctx, finding)),
            ],
        );
    }
    grid.landscape();
    grid.source(times(ctx));
    grid.blocks()
}

/// What let a finding in, and what it let in: one line each, with whose finding that is.
pub(super) fn linked(ctx: &Ctx<'_>, finding: &Finding) -> Vec<Vec<Inline>> {
    let line = |key: &str, ids: &[String]| {
        let mut teams: Vec<(Option<&TeamId>, Vec<Inline>)> = Vec::new();
        for other in ids.iter().filter_map(|id| ctx.assessment.finding(id)) {
            match teams.iter_mut().find(|(team, _)| *team == other.team.as_ref()) {
                Some((_, links)) => links.extend([Inline::text(", "), link(other)]),
                None => teams.push((other.team.as_ref(), vec![link(other)])),
            }
        }
        let mut text = vec![ctx.text(key), Inline::text(" ")];
        for (number, (team, links)) in teams.into_iter().enumerate() {
            if number > 0 {
                text.push(Inline::text("; "));
            }
            text.extend(links);
            let team = team.map_or_else(|| ctx.text("findings.nobody"), |team| ctx.team(team));
            text.extend([Inline::text(" ("), team, Inline::text(")")]);
        }
        (!ids.is_empty()).then_some(text)
    };
    [("findings.let_in_by", &finding.let_in_by), ("findings.lets_in", &finding.lets_in)]
        .into_iter()
        .filter_map(|(key, ids)| line(key, ids))
        .collect()
}

/// Failing objects, one line a message, in the order of their first object.
pub(super) fn alike(failures: &[Failure]) -> Vec<Vec<Inline>> {
    let mut lines: Vec<(&str, Vec<Inline>)> = Vec::new();
    let mut known: HashMap<&str, usize> = HashMap::new();
    for failure in failures {
        let line = *known.entry(&failure.message).or_insert_with(|| {
            lines.push((&failure.message, Vec::new()));
            lines.len() - 1
        });
        let names = &mut lines[line].1;
        if !names.is_empty() {
            names.push(Inline::text(", "));
        }
        names.push(Inline::code(failure.key.to_string()));
    }
    let line = |(message, mut names): (&str, Vec<Inline>)| {
        names.push(Inline::text(format!(": {message}")));
        names
    };
    lines.into_iter().map(line).collect()
}

/// Findings in short, one row a check: where, whose, by when. The audit pack has the objects.
pub(super) fn by_check(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    if !ctx.observed() {
        return Ok(vec![observed::not_yet(ctx, "what.findings")]);
    }
    let heads = [
        Head::name("column.what_is_wrong", 34),
        Head::fit("column.severity"),
        Head::text("column.findings", 52),
        Head::fit("column.first_due"),
    ];
    let mut grid = Grid::new(ctx, place, "findings-table", "table.findings_by_check", &heads);
    let findings: Vec<&Finding> = ctx.assessment.open_findings().collect();
    for members in findings.chunk_by(|a, b| a.check == b.check) {
        let first = members[0];
        let check = ctx.check_title(&first.check);
        let places = members.iter().map(|finding| {
            let mut text = vec![link(finding), Inline::text(" ")];
            match &finding.component {
                Some(id) => text.push(ctx.component_link(id)),
                None => text.push(ctx.badge(Tone::Bad, "inventory.unclaimed")),
            }
            if let Some(team) = &finding.team {
                text.extend([Inline::text(" ("), ctx.team(team), Inline::text(")")]);
            }
            text
        });
        let due = members.iter().filter_map(|finding| finding.due).min();
        grid.row(vec![
            Cell::text(check),
            Cell::new(vec![severity(ctx, first)]),
            lines(places),
            Cell::text(due.map_or_else(|| ctx.t.t("findings.no_date").to_owned(), words::date)),
        ]);
    }
    grid.source(times(ctx));
    grid.blocks()
}

/// The findings of one team, for its brief: what, where, by when.
pub(super) fn findings_of(ctx: &Ctx<'_>, place: &mut Place<'_>, team: &TeamId) -> Result<Vec<Block>, String> {
    if !ctx.observed() {
        return Ok(vec![observed::not_yet(ctx, "what.findings")]);
    }
    let heads = [
        Head::name("column.what_is_wrong", 28),
        Head::fit("column.severity"),
        Head::text("column.findings_where", 58),
        Head::fit("column.first_due"),
    ];
    let mut grid = Grid::new(ctx, place, "findings-table", "table.findings_by_check", &heads);
    let ours = ctx.assessment.open_findings().filter(|finding| finding.team.as_ref() == Some(team));
    let findings: Vec<&Finding> = ours.collect();
    for members in findings.chunk_by(|a, b| a.check == b.check) {
        let first = members[0];
        let check = ctx.check_title(&first.check);
        let places = members.iter().map(|finding| {
            let mut text = vec![link(finding), Inline::text(" ")];
            text.extend(finding.component.iter().flat_map(|id| [ctx.component_link(id), Inline::text(": ")]));
            let objects: Vec<String> = finding.objects.iter().map(|failure| failure.key.to_string()).collect();
            text.extend(observed::names(ctx, objects.iter().map(String::as_str), 2));
            text
        });
        let soonest = members.iter().min_by_key(|finding| (finding.due.is_none(), finding.due)).unwrap_or(&first);
        grid.row(vec![
            Cell::text(check),
            Cell::new(vec![severity(ctx, first)]),
            lines(places),
            Cell::new(due(ctx, soonest)),
        ]);
    }
    grid.source(times(ctx));
    let mut blocks = grid.blocks()?;
    let accepted = accepted_of(ctx, team);
    if !accepted.is_empty() {
        blocks.push(ctx.paragraph("findings.accepted"));
        blocks.push(Block::List { start: None, items: accepted });
    }
    Ok(blocks)
}

/// What exceptions took out of a team's findings, one item a check and exception.
fn accepted_of(ctx: &Ctx<'_>, team: &TeamId) -> Vec<Vec<Block>> {
    let mut items = Vec::new();
    for exception in &ctx.ws.exceptions {
        let keys: BTreeSet<String> = ctx
            .assessment
            .covered(&exception.id)
            .filter(|(finding, _)| finding.team.as_ref() == Some(team))
            .map(|(_, key)| key.to_string())
            .collect();
        if keys.is_empty() {
            continue;
        }
        let check = ctx.check_title(&exception.check);
        let until = ctx.t.fill("exceptions.until", &[("date", &words::date(exception.expires))]);
        let mut text = vec![Inline::text(format!("{check}: "))];
        text.extend(super::join(keys.into_iter().map(Inline::code), ", "));
        text.push(Inline::text(format!(" ({} {until})", exception.id)));
        items.push(vec![Block::Paragraph { text }]);
    }
    items
}

/// A link to the finding in the audit pack.
pub(super) fn link(finding: &Finding) -> Inline {
    Inline::Link {
        target: Target::Document("audit-pack".to_owned(), Some(anchor(&finding.id))),
        text: vec![Inline::code(&*finding.id)],
    }
}

pub(super) fn severity(ctx: &Ctx<'_>, finding: &Finding) -> Inline {
    let text = ctx.t.t(words::severity(finding.severity)).to_owned();
    Inline::Badge { tone: words::severity_tone(finding.severity), text }
}

/// When a finding is due, and whether that is past.
fn due(ctx: &Ctx<'_>, finding: &Finding) -> Vec<Inline> {
    let today = ctx.assessment.as_of.map(|time| time.date_naive());
    match finding.due {
        Some(date) => {
            let mut text = vec![Inline::text(words::date(date))];
            if today.is_some_and(|today| date < today) {
                text.extend([Inline::Break, ctx.badge(Tone::Bad, "recurring.overdue")]);
            }
            text
        }
        None => vec![ctx.text("findings.no_date")],
    }
}

/// When the clusters were observed.
pub(super) fn times(ctx: &Ctx<'_>) -> Vec<Inline> {
    let clusters = ctx.assessment.clusters.iter();
    let times: Vec<String> = clusters.map(|cluster| format!("{}.", observed::when(ctx, cluster))).collect();
    if times.is_empty() { Vec::new() } else { vec![Inline::text(times.join(" "))] }
}

/// Anchor of a finding's row.
pub(super) fn anchor(id: &str) -> String {
    crate::document::parse::slug(&format!("finding-{id}"))
}

/// Accepted risks, with what they cover now.
pub(super) fn exceptions(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let heads = [
        Head::name("column.exception", 20),
        Head::text("column.covers", 24),
        Head::text("column.reason", 34),
        Head::text("column.owner_approver", 22),
    ];
    let mut grid = Grid::new(ctx, place, "exceptions-table", "table.exceptions", &heads);
    for exception in &ctx.ws.exceptions {
        let used = ctx.assessment.exceptions.iter().find(|used| used.exception == exception.id);
        let state = match used {
            _ if !ctx.observed() => vec![ctx.badge(Tone::Unknown, "observed.not_yet")],
            Some(used) => match used.state {
                ExceptionState::Expired => {
                    let mut text = vec![ctx.badge(Tone::Bad, "exceptions.expired")];
                    if used.lapsed > 0 {
                        let again = ctx.t.count("observed.objects", used.lapsed);
                        text.push(Inline::text(format!(" {}", ctx.t.fill("exceptions.again", &[("objects", &again)]))));
                    }
                    text
                }
                ExceptionState::Unused => vec![ctx.badge(Tone::Caution, "exceptions.covers_nothing")],
                ExceptionState::NotAsked => vec![ctx.badge(Tone::Unknown, "exceptions.not_asked")],
                ExceptionState::InForce => covered(ctx, exception),
            },
            None => covered(ctx, exception),
        };
        let check = ctx.check_title(&exception.check);
        let instead = exception.compensating.as_deref();
        let instead = instead.map(|text| vec![Inline::text(ctx.t.fill("exceptions.instead", &[("text", text)]))]);
        let mut who = vec![
            vec![ctx.text("exceptions.owner"), Inline::text(" "), ctx.party(&exception.owner)],
            vec![ctx.text("exceptions.approver"), Inline::text(" "), ctx.party(&exception.approver)],
        ];
        who.push(vec![Inline::text(match exception.approved {
            Some(date) => ctx.t.fill("exceptions.approved", &[("date", &words::date(date))]),
            None => ctx.t.t("exceptions.not_approved").to_owned(),
        })]);
        grid.row(vec![
            lines([
                vec![Inline::text(exception.id.as_str())],
                vec![Inline::text(ctx.t.fill("exceptions.until", &[("date", &words::date(exception.expires))]))],
                state,
            ]),
            lines([vec![Inline::text(check)], limits(ctx, exception)]),
            lines([Some(vec![Inline::text(&*exception.reason)]), instead].into_iter().flatten()),
            lines(who),
        ]);
    }
    grid.blocks()
}

/// The objects that an exception covered, by name.
fn covered(ctx: &Ctx<'_>, exception: &Exception) -> Vec<Inline> {
    let keys: BTreeSet<String> = ctx.assessment.covered(&exception.id).map(|(_, key)| key.to_string()).collect();
    let mut text = vec![ctx.text("exceptions.covered"), Inline::text(" ")];
    text.extend(super::join(keys.into_iter().map(Inline::code), ", "));
    text
}

/// What an exception is limited to.
fn limits(ctx: &Ctx<'_>, exception: &Exception) -> Vec<Inline> {
    let mut parts = Vec::new();
    if let Some(component) = &exception.component {
        parts.push(ctx.component_link(component));
    }
    parts.extend(exception.namespaces.iter().map(|namespace| Inline::code(&**namespace)));
    parts.extend(exception.objects.iter().map(|object| Inline::code(&**object)));
    if parts.is_empty() {
        return vec![ctx.text("exceptions.everywhere")];
    }
    let mut text = vec![ctx.text("exceptions.only"), Inline::text(" ")];
    text.extend(super::join(parts, ", "));
    text
}
