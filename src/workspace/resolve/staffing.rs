//! Rotas, and what the workspace wants to be warned of about its people.

use std::collections::BTreeSet;

use chrono::Weekday;

use super::{
    super::{
        Rota, RotaId, Workspace,
        code::Code,
        diagnostic::{Diagnostic, nearest},
        parse::{Item, Raw},
        raw::{self, Text},
        source::Place,
        staffing::{self, Cover, Staffing, Subject, WEEK, Work},
    },
    context::{Context, Table, Words, each},
    index::Kind,
};
use crate::sort::Sort;

const DAYS: Words<Weekday> = &[
    ("mon", Weekday::Mon),
    ("tue", Weekday::Tue),
    ("wed", Weekday::Wed),
    ("thu", Weekday::Thu),
    ("fri", Weekday::Fri),
    ("sat", Weekday::Sat),
    ("sun", Weekday::Sun),
];

/// Minutes of a day.
const DAY: u32 = 24 * 60;

/// Names that a message shows before it says how many more.
const SHOWN: usize = 5;

pub(super) fn rotas(context: &Context<'_>, raw: &Raw) -> Vec<Rota> {
    raw.rotas.iter().map(|item| rota(context, item)).collect()
}

fn rota(context: &Context<'_>, item: &Item<raw::Rota>) -> Rota {
    let table = context.table(item, "rota", Some(&item.raw.id));
    let raw = &item.raw;
    if let Some(people) = table.required(&raw.people, "people").filter(|people| people.get_ref().is_empty()) {
        let message = format!("{} has nobody on it", table.what());
        table.report(Diagnostic::new(Code::MissingKey, table.at(people), message, "name at least one person"));
    }
    // Hours are said whole or not at all.
    if raw.from.is_some() != raw.to.is_some() {
        table.missing(if raw.from.is_some() { "to" } else { "from" });
    }
    let mut days: Vec<Weekday> =
        each(&raw.days).filter_map(|day| table.word(&Some(day.clone()), "days", DAYS)).collect();
    days.order_by_key(|day| day.num_days_from_monday());
    days.dedup();
    Rota {
        id: RotaId::new(table.id(&raw.id)),
        title: table.text(&raw.title, "title"),
        team: table.team(&raw.team, "team"),
        people: table.people(&raw.people),
        days: if raw.days.is_none() { WEEK.to_vec() } else { days },
        from: minute(&table, &raw.from, "from").unwrap_or(0) % DAY,
        to: minute(&table, &raw.to, "to").unwrap_or(0) % DAY,
        phone: table.optional(&raw.phone),
    }
}

/// A time of day as `18:00`, in minutes; `24:00` is the end of the day.
fn minute(table: &Table<'_>, value: &Text, key: &str) -> Option<u32> {
    let value = value.as_ref()?;
    let text = value.get_ref().trim();
    let digits = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    let parts = text.split_once(':').filter(|(hour, minute)| digits(hour) && digits(minute));
    let time = parts.and_then(|(hour, minute)| Some((hour.parse::<u32>().ok()?, minute.parse::<u32>().ok()?)));
    let time = time.filter(|(hour, minute)| *minute < 60 && hour * 60 + minute <= DAY);
    if time.is_none() {
        let message = format!("`{key}` cannot be `{text}`");
        table.report(
            Diagnostic::new(Code::UnknownValue, table.at(value), message, "not a time of day")
                .help("write hours and minutes: `18:00`"),
        );
    }
    time.map(|(hour, minute)| hour * 60 + minute)
}

/// Warnings about people. The model is sound.
pub(super) fn warn(context: &Context<'_>, workspace: &Workspace) {
    let staffing = staffing::staffing(workspace, Some(context.today));
    unheld(context, workspace);
    key_people(context, workspace, &staffing);
    overloaded(context, workspace, &staffing);
    nights(context, workspace, &staffing);
}

fn place(context: &Context<'_>, kind: Kind, id: &str) -> Option<Place> {
    context.index.names.get(&kind)?.get(id).cloned()
}

fn home(context: &Context<'_>, subject: Subject<'_>) -> (Option<Place>, String) {
    let (kind, id) = match subject {
        Subject::Component(component) => (Kind::Component, component.id.as_str()),
        Subject::Activity(activity) => (Kind::Activity, activity.id.as_str()),
    };
    (place(context, kind, id), format!("{} `{id}`", kind.word()))
}

/// Skills that nobody has and somebody almost has.
fn unheld(context: &Context<'_>, workspace: &Workspace) {
    let held: BTreeSet<&str> =
        workspace.people.iter().flat_map(|person| person.skills.iter().map(String::as_str)).collect();
    let components = workspace.components.iter().map(|component| (Subject::Component(component), &component.skills));
    let activities = workspace.activities.iter().map(|activity| (Subject::Activity(activity), &activity.skills));
    for (subject, skill) in components.chain(activities).flat_map(|(at, skills)| skills.iter().map(move |s| (at, s))) {
        let near = nearest(skill, held.iter().copied()).filter(|_| !held.contains(skill.as_str()));
        let (Some(near), (Some(place), what)) = (near, home(context, subject)) else { continue };
        let message = format!("{what} takes the skill `{skill}`, which nobody has");
        context.report(
            Diagnostic::new(Code::UnheldSkill, place, message, format!("takes `{skill}`"))
                .help(format!("did you mean `{near}`?")),
        );
    }
}

fn key_people(context: &Context<'_>, workspace: &Workspace, staffing: &Staffing<'_>) {
    let Some(least) = workspace.policy.staffing.least_people else { return };
    for work in &staffing.work {
        let Cover::People(count) = work.cover else { continue };
        let (Some(place), what) = home(context, work.subject) else { continue };
        if count >= least as usize {
            continue;
        }
        let of = work.teams.iter().map(|team| format!("`{team}`")).collect::<Vec<_>>().join(" and ");
        let who = match work.able.as_slice() {
            [] => format!("nobody of {of} can handle {what}"),
            [only] => format!("only `{}` of {of} can handle {what}", only.id),
            some => format!("only {} people of {of} can handle {what}", some.len()),
        };
        let label = match work.skills {
            [] => "no skill is declared, and nobody else is in the team".to_owned(),
            skills => format!("takes {}", skills.join(", ")),
        };
        context.report(
            Diagnostic::new(Code::KeyPerson, place, who, label)
                .help(format!("the policy asks for {least}: train or hire somebody, or lower `least-people`")),
        );
    }
}

fn overloaded(context: &Context<'_>, workspace: &Workspace, staffing: &Staffing<'_>) {
    let Some(most) = workspace.policy.staffing.most_alone else { return };
    for load in staffing.people.iter().filter(|load| load.alone.len() > most as usize) {
        let Some(place) = place(context, Kind::Person, load.person.id.as_str()) else { continue };
        let titles = load.alone.iter().map(|index| staffing.work[*index].subject.title());
        let mut shown: Vec<&str> = titles.take(SHOWN).collect();
        let more = format!("and {} more", load.alone.len().saturating_sub(SHOWN));
        shown.extend((load.alone.len() > SHOWN).then_some(more.as_str()));
        let message = format!(
            "only `{}` can handle {} of the components and activities; the policy allows {most}",
            load.person.id,
            load.alone.len()
        );
        context.report(
            Diagnostic::new(Code::OverloadedPerson, place, message, "nobody else can handle them")
                .help(format!("let somebody else learn some of: {}", shown.join("; "))),
        );
    }
}

fn nights(context: &Context<'_>, workspace: &Workspace, staffing: &Staffing<'_>) {
    let Some(least) = workspace.policy.staffing.least_on_call else { return };
    for night in staffing.nights.iter().filter(|night| !night.work.is_empty()) {
        let Some(place) = place(context, Kind::Team, night.team.id.as_str()) else { continue };
        if night.on_call.len() >= least as usize {
            continue;
        }
        let shown: Vec<&str> = night.work.iter().take(SHOWN).map(|at| title(&staffing.work[*at])).collect();
        let message = format!(
            "team `{}` has {} on call at 2 AM; the policy asks for {least}",
            night.team.id,
            match night.on_call.len() {
                0 => "nobody".to_owned(),
                1 => "one person".to_owned(),
                count => format!("{count} people"),
            }
        );
        context.report(Diagnostic::new(Code::UnstaffedNight, place, message, "called at any hour").help(format!(
            "put more people on a `[[rota]]` that includes 02:00; it is called for: {}",
            shown.join("; ")
        )));
    }
}

fn title<'w>(work: &Work<'w>) -> &'w str {
    work.subject.title()
}
