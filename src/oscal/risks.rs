//! Risks: what a finding means, what was decided of it, who does what about it until when. Shared by the results and
//! the plan of action.
//!
//! Nobody's word closes a risk: it is closed when the evidence no longer shows its finding.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;

use super::{
    assessment_plan::origin,
    build::{Build, day_end, line, list, moment, object, own, property, prose, prose_or, responsible, word},
};
use crate::{
    assess::{Finding, Vanished, plan::Item},
    sort::Sort,
    workspace::{Deviation, Exception, Milestone, PoamEntry, PoamStatus, Severity},
};

fn title<'b>(build: &Build<'b>, id: &'b crate::workspace::CheckId) -> &'b str {
    build.check(id).map_or(id.as_str(), |check| check.title.as_str())
}

/// Where a risk stands, in OSCAL's words. A deviation is requested here: that somebody approved one, only an exception
/// says.
fn status(item: &Item<'_>) -> &'static str {
    match (item.finding.is_open(), item.entry.and_then(|entry| entry.deviation), item.status) {
        (false, ..) => "deviation-approved",
        (true, Some(_), _) => "deviation-requested",
        (true, None, PoamStatus::Open) => "open",
        (true, None, PoamStatus::InProgress | PoamStatus::Delayed | PoamStatus::Remediated) => "remediating",
    }
}

/// What a finding means: a risk with its owner, what is done about it, and until when.
pub(super) fn of(build: &Build<'_>, item: &Item<'_>) -> Value {
    let finding = item.finding;
    let check = build.check(&finding.check);
    let owner = finding.team.as_ref().map(|team| build.workspace.team(team));
    let component = finding.component.as_ref();
    let exceptions: Vec<&Exception> = exceptions(build, finding).collect();
    let accepted_until = || exceptions.iter().map(|exception| exception.expires).min();
    let deadline = if finding.is_open() { item.scheduled } else { accepted_until().or(item.scheduled) };
    object([
        ("uuid", build.names.id("risk", &finding.id)),
        ("title", line(format_args!("Not met: {}", title(build, &finding.check)))),
        (
            "description",
            line(format_args!(
                "Finding {} in {} of cluster {}, first seen {}.",
                finding.id,
                component.map_or("objects that nobody claims", |id| build.workspace.component(id).title.as_str()),
                finding.cluster,
                finding.first_seen.format("%Y-%m-%d"),
            )),
        ),
        ("statement", prose_or(check.map_or("", |check| check.rationale.as_str()), title(build, &finding.check))),
        (
            "props",
            list(
                [own("finding", &finding.id), own("owner", owner.map_or("nobody", |team| team.name.as_str()))]
                    .into_iter()
                    .chain(item.entry.into_iter().flat_map(decided)),
            ),
        ),
        ("status", status(item).into()),
        ("origins", origin(build)),
        (
            "characterizations",
            list([object([
                ("origin", origin(build)[0].clone()),
                ("facets", list(facets(finding.severity, item.entry.and_then(|entry| entry.severity)))),
            ])]),
        ),
        ("mitigating-factors", list(exceptions.iter().filter_map(|it| mitigation(build, finding, it)))),
        ("deadline", deadline.map_or(Value::Null, day_end)),
        (
            "remediations",
            list(
                (exceptions.iter().map(|it| acceptance(build, finding, it)))
                    .chain(item.entry.and_then(|entry| deviation(build, finding, entry)))
                    .chain(planned(build, item))
                    .chain(recommended(build, finding)),
            ),
        ),
        (
            "related-observations",
            list([object([("observation-uuid", build.names.id("finding-observation", &finding.id))])]),
        ),
    ])
}

/// What people said of a finding, beside what has a place of its own.
fn decided(entry: &PoamEntry) -> impl Iterator<Item = Value> {
    let work = word(entry.status).as_str().map(|status| own("work", status));
    let deviation = entry.deviation.map(|it| own("deviation", word(it).as_str().unwrap_or_default()));
    (work.into_iter().chain(deviation))
        .chain(entry.vendor.iter().map(|vendor| own("vendor", vendor)))
        .chain(entry.vendor_checked.map(|day| own("vendor-asked", day)))
}

/// How bad, as the check says, and as somebody adjusted it (OSCAL's `state` of a facet).
fn facets(severity: Severity, adjusted: Option<Severity>) -> impl Iterator<Item = Value> {
    let facet = move |severity: Severity, state: Option<&str>| {
        object([
            ("name", "severity".into()),
            ("system", super::build::NAMESPACE.into()),
            ("value", word(severity)),
            ("props", list(state.map(|state| property("state", state)))),
        ])
    };
    let initial = facet(severity, adjusted.map(|_| "initial"));
    std::iter::once(initial).chain(adjusted.map(|severity| facet(severity, Some("adjusted"))))
}

/// What is done about a risk, in the values of OSCAL's `type` of a response.
fn response(uuid: Value, lifecycle: &str, kind: &str, title: Value, description: Value, tasks: Value) -> Value {
    object([
        ("uuid", uuid),
        ("lifecycle", lifecycle.into()),
        ("title", title),
        ("description", description),
        ("props", list([property("type", kind)])),
        ("tasks", tasks),
    ])
}

/// The remedy that the check gives.
fn recommended(build: &Build<'_>, finding: &Finding) -> Option<Value> {
    let check = build.check(&finding.check).filter(|check| !check.remediation.trim().is_empty())?;
    let title = line(format_args!("Remediate: {}", check.title));
    let uuid = build.names.id("response", &finding.id);
    Some(response(uuid, "recommendation", "mitigate", title, prose(&check.remediation), Value::Null))
}

/// The work that was planned: its steps and who does it.
fn planned(build: &Build<'_>, item: &Item<'_>) -> Option<Value> {
    let (finding, entry) = (item.finding, item.entry?);
    if entry.milestones.is_empty() && entry.scheduled.is_none() && entry.owner.is_none() {
        return None;
    }
    let party = entry.owner.as_ref().map(|owner| build.party(owner));
    let party = party.or_else(|| finding.team.as_ref().map(|team| build.team(team)));
    let milestones = entry.milestones.iter().enumerate();
    let tasks = milestones.map(|(at, it)| {
        let uuid = build.names.id("milestone", &format!("{}/{}", finding.id, at + 1));
        step(uuid, &it.what, it.date, milestone_state(it), party.as_ref())
    });
    // The date by which all is to be done is the last step.
    let end = entry.scheduled.map(|day| {
        let uuid = build.names.id("milestone", &format!("{}/scheduled", finding.id));
        step(uuid, "Scheduled completion", day, None, party.as_ref())
    });
    let lifecycle = if entry.status == PoamStatus::Remediated { "completed" } else { "planned" };
    let said = match entry.status {
        PoamStatus::Open => "Planned.",
        PoamStatus::InProgress => "Work is under way.",
        PoamStatus::Delayed => "Work is delayed.",
        PoamStatus::Remediated => "Said to be done; the next snapshot has to show it.",
    };
    let uuid = build.names.id("plan", &finding.id);
    let title = line(format_args!("Plan: {}", title(build, &finding.check)));
    Some(response(uuid, lifecycle, "mitigate", title, said.into(), list(tasks.chain(end))))
}

fn milestone_state(milestone: &Milestone) -> Option<Value> {
    milestone.done.map(|day| own("done", day))
}

/// A milestone: what, on which day, by whom.
fn step(uuid: Value, what: &str, day: NaiveDate, done: Option<Value>, party: Option<&Value>) -> Value {
    object([
        ("uuid", uuid),
        ("type", "milestone".into()),
        ("title", line(what)),
        ("props", list(done)),
        ("timing", object([("on-date", object([("date", day_end(day))]))])),
        ("responsible-roles", list(party.map(|party| responsible("action-owner", [party.clone()])))),
    ])
}

/// A departure from the rule that somebody asks for, with the reason.
fn deviation(build: &Build<'_>, finding: &Finding, entry: &PoamEntry) -> Option<Value> {
    let (kind, said) = match entry.deviation? {
        Deviation::FalsePositive => ("none", "Deviation: false positive"),
        Deviation::OperationalRequirement => ("accept", "Deviation: operational requirement"),
        Deviation::RiskAdjustment => ("mitigate", "Deviation: risk adjustment"),
    };
    let reason = prose_or(entry.reason.as_deref().unwrap_or_default(), said);
    let uuid = build.names.id("deviation", &finding.id);
    Some(response(uuid, "planned", kind, said.into(), reason, Value::Null))
}

/// Exceptions that cover objects of a finding, each once.
fn exceptions<'b>(build: &Build<'b>, finding: &Finding) -> impl Iterator<Item = &'b Exception> {
    let mut ids: Vec<_> = finding.excepted.iter().map(|it| &it.exception).collect();
    ids.order();
    ids.dedup();
    let found = ids.into_iter().filter_map(|id| build.workspace.exceptions.iter().find(|it| it.id == *id));
    found.collect::<Vec<_>>().into_iter()
}

/// An accepted risk: why, by whom, and the day on which the acceptance ends.
fn acceptance(build: &Build<'_>, finding: &Finding, exception: &Exception) -> Value {
    let name = format!("{}/{}", finding.id, exception.id);
    let owner = build.party(&exception.owner);
    let end = object([
        ("uuid", build.names.id("acceptance-end", &name)),
        ("type", "milestone".into()),
        ("title", "The acceptance ends".into()),
        ("timing", object([("on-date", object([("date", day_end(exception.expires))]))])),
        ("responsible-roles", list([responsible("risk-owner", [owner])])),
    ]);
    let approver = build.workspace.party_name(&exception.approver);
    // Without a day nobody is on record as having approved it.
    let (lifecycle, approved) = match exception.approved {
        Some(day) => ("completed", format!("Approved by {approver} on {day}.")),
        None => ("planned", format!("To be approved by {approver}.")),
    };
    response(
        build.names.id("acceptance", &name),
        lifecycle,
        "accept",
        line(format_args!("Accepted risk: {}", exception.id)),
        prose(&format!("{} {approved}", exception.reason.trim())),
        list([end]),
    )
}

/// What is done in place of a remedy.
fn mitigation(build: &Build<'_>, finding: &Finding, exception: &Exception) -> Option<Value> {
    let instead = exception.compensating.as_deref().filter(|text| !text.trim().is_empty())?;
    Some(object([
        ("uuid", build.names.id("mitigating-factor", &format!("{}/{}", finding.id, exception.id))),
        ("description", prose(instead)),
    ]))
}

/// A finding of earlier snapshots: closed where complete evidence no longer shows it, else still to be looked at.
pub(super) fn of_vanished(build: &Build<'_>, vanished: &Vanished, gone: Option<DateTime<Utc>>) -> Value {
    let entry = |uuid: &str, title: &str, at: DateTime<Utc>, change: &str| {
        object([
            ("uuid", build.names.id(uuid, &vanished.id)),
            ("title", title.into()),
            ("start", moment(at)),
            ("status-change", change.into()),
        ])
    };
    let seen = entry("log-opened", "First seen", vanished.first_seen, "open");
    let closed = gone.map(|gone| entry("log-closed", "Complete evidence does not show it any more", gone, "closed"));
    object([
        ("uuid", build.names.id("risk", &vanished.id)),
        ("title", line(format_args!("Not met: {}", title(build, &vanished.check)))),
        (
            "description",
            line(format_args!(
                "Finding {} of cluster {}, seen from {} to {}.",
                vanished.id,
                vanished.cluster,
                vanished.first_seen.format("%Y-%m-%d"),
                vanished.last_seen.format("%Y-%m-%d"),
            )),
        ),
        (
            "statement",
            prose_or(
                build.check(&vanished.check).map_or("", |check| check.rationale.as_str()),
                title(build, &vanished.check),
            ),
        ),
        ("props", list([own("finding", &vanished.id)])),
        ("status", if gone.is_some() { "closed" } else { "investigating" }.into()),
        ("origins", origin(build)),
        ("risk-log", object([("entries", list([seen].into_iter().chain(closed)))])),
    ])
}
