//! RACI rows: exactly one A, at least one R, no team twice, and an A that owns what the row is about.

use toml::Spanned;

use super::{
    super::{
        Activity, ActivityId, RaciParty, TeamId,
        code::Code,
        diagnostic::Diagnostic,
        parse::{Item, Raw},
        raw::{self, Texts},
    },
    context::{Context, Table, each},
    scope::DUTIES,
};

pub(super) fn activities(context: &Context<'_>, raw: &Raw) -> Vec<Activity> {
    raw.activities.iter().map(|item| activity(context, item)).collect()
}

fn activity(context: &Context<'_>, item: &Item<raw::Activity>) -> Activity {
    let table = context.table(item, "activity", Some(&item.raw.id));
    let raw = &item.raw;
    let accountable = raw.a.as_ref().filter(|a| !a.get_ref().trim().is_empty());
    if accountable.is_none() && !table.was_written("a", &raw.a.as_ref().filter(|_| false)) {
        let message = format!("{} has no accountable team", table.what());
        let place = raw.a.as_ref().map_or_else(|| table.here(), |a| table.at(a));
        table.report(
            Diagnostic::new(Code::RaciAccountable, place, message, "nobody answers for it")
                .help("write `a = \"team\"` with the one team that answers for it"),
        );
    }
    if each(&raw.r).next().is_none() && !table.was_written("r", &raw.r.as_ref().filter(|_| false)) {
        let message = format!("{} has nobody who does it", table.what());
        let place = raw.r.as_ref().map_or_else(|| table.here(), |r| table.at(r));
        table.report(
            Diagnostic::new(Code::RaciResponsible, place, message, "nobody is responsible")
                .help("write `r = [\"team\"]`; the accountable team may stand there too"),
        );
    }
    repeated(&table, raw);
    owns(&table, raw);
    outside(&table, raw);
    Activity {
        id: ActivityId::new(table.id(&raw.id)),
        title: table.text(&raw.title, "title"),
        group: table.text(&raw.group, "group"),
        description: table.optional(&raw.description).unwrap_or_default(),
        component: table.optional_component(&raw.component),
        duty: raw.duty.as_ref().and_then(|_| table.word(&raw.duty, "duty", DUTIES)),
        r: parties(&table, &raw.r),
        a: accountable.map_or_else(|| RaciParty::Team(TeamId::new("")), |a| party(&table, a)),
        c: parties(&table, &raw.c),
        i: parties(&table, &raw.i),
        frequency: table.optional(&raw.frequency),
        because: table.optional(&raw.because),
        controls: table.controls(&raw.controls),
        skills: table.list(&raw.skills),
        out_of_hours: table.flag(&raw.out_of_hours),
    }
}

fn party(table: &Table<'_>, value: &Spanned<String>) -> RaciParty {
    if value.get_ref() == "@owner" { RaciParty::Owner } else { RaciParty::Team(table.team_named(value)) }
}

fn parties(table: &Table<'_>, values: &Texts) -> Vec<RaciParty> {
    each(values).map(|value| party(table, value)).collect()
}

/// A team may be R and A; every other repetition says something twice.
fn repeated(table: &Table<'_>, raw: &raw::Activity) {
    let cells = raw
        .a
        .iter()
        .map(|a| ("a", a))
        .chain(each(&raw.r).map(|r| ("r", r)))
        .chain(each(&raw.c).map(|c| ("c", c)))
        .chain(each(&raw.i).map(|i| ("i", i)));
    let mut seen: Vec<(&str, &Spanned<String>)> = Vec::new();
    for (key, value) in cells {
        let before = seen
            .iter()
            .rev()
            .find(|(earlier, other)| other.get_ref() == value.get_ref() && !(*earlier == "a" && key == "r"));
        if let Some((earlier, other)) = before {
            let name = value.get_ref();
            let message = match *earlier == key {
                true => format!("{} names `{name}` twice in `{key}`", table.what()),
                false => format!("{} names `{name}` in `{earlier}` and in `{key}`", table.what()),
            };
            table.report(
                Diagnostic::new(Code::RaciRepeated, table.at(value), message, "named again")
                    .also(table.at(other), "named first")
                    .help(
                        "keep the stronger one: whoever does or answers for the work is consulted and informed anyway",
                    ),
            );
        }
        seen.push((key, value));
    }
}

/// The accountable team owns the component, or the duty of it that the row names.
fn owns(table: &Table<'_>, raw: &raw::Activity) {
    let (Some(a), Some(component)) = (&raw.a, &raw.component) else { return };
    if a.get_ref() == "@owner" || table.was_written("because", &raw.because) {
        return;
    }
    let duty = raw.duty.as_ref().map(|duty| duty.get_ref().as_str());
    let Some(owner) = table.context.index.owner(component.get_ref(), duty) else { return };
    if owner == a.get_ref() {
        return;
    }
    let of = match duty {
        Some(duty) => format!("duty `{duty}` of component `{}`", component.get_ref()),
        None => format!("component `{}`", component.get_ref()),
    };
    let message = format!("`{}` answers for {}, but {of} is owned by `{owner}`", a.get_ref(), table.what());
    table.report(
        Diagnostic::new(Code::RaciForeignAccountable, table.at(a), message, "not the owner")
            .also(table.at(component), format!("owned by `{owner}`"))
            .help(format!("write `a = \"{owner}\"`, or say why in `because = \"…\"`")),
    );
}

/// Work of a team of another organization is answered for by one of ours.
fn outside(table: &Table<'_>, raw: &raw::Activity) {
    let Some(a) = &raw.a else { return };
    let index = table.context.index;
    if index.is_own(a.get_ref()) != Some(false) {
        return;
    }
    let Some(r) = each(&raw.r).find(|r| index.is_own(r.get_ref()) == Some(false)) else { return };
    let message = format!("{} is done by `{}` and answered for by nobody of ours", table.what(), r.get_ref());
    table.report(
        Diagnostic::new(Code::OutsideResponsible, table.at(a), message, "a team of another organization")
            .also(table.at(r), "so is this")
            .help("make a team of our own organization accountable: that the work is done stays ours to answer for"),
    );
}
