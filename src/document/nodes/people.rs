//! Key people: who can handle what, what hangs on one of them, and who is called at two in the morning.
//!
//! All of it follows from declarations ([`crate::workspace::staffing`]); what is not declared is said to be so.

use chrono::Weekday;

use super::{Ctx, Grid, Head, Place, join, raci, system, table::lines, terms, words_or_nothing};
use crate::{
    document::{
        tree::{Align, Block, Cell, Column, Inline, Target, Tone},
        words,
    },
    sort::Sort,
    workspace::{
        Person, Rota, Team, TeamId,
        staffing::{Answer, Cover, Load, Named, Night, Staffing, Subject, WEEK, Work},
    },
};

/// People side by side in one matrix; a larger team has several.
const COLUMNS: usize = 20;

/// Nobody is declared, so nothing can be said.
fn nobody(ctx: &Ctx<'_>) -> Option<Vec<Block>> {
    ctx.ws.people.is_empty().then(|| vec![ctx.paragraph("people.nobody_declared")])
}

fn name(person: &Person) -> Inline {
    Inline::text(&*person.name)
}

fn names(people: &[&Person]) -> Vec<Inline> {
    join(people.iter().map(|person| name(person)), ", ")
}

/// A person with what they are.
fn titled(ctx: &Ctx<'_>, person: &Person) -> Cell {
    let leaves = person.left.map(|date| {
        let text = ctx.t.fill("people.leaves", &[("date", &words::date(date))]);
        vec![Inline::Badge { tone: Tone::Caution, text }]
    });
    let title = person.title.as_deref().map(|title| vec![Inline::text(title)]);
    lines([Some(vec![Inline::Strong { text: vec![name(person)] }]), title, leaves].into_iter().flatten())
}

fn linked(ctx: &Ctx<'_>, subject: Subject<'_>) -> Inline {
    match subject {
        Subject::Component(component) => ctx.component_link(&component.id),
        Subject::Activity(activity) => raci::link(activity),
    }
}

/// The component or activity, linked to where it is declared; with the owner where owners differ.
fn subject(ctx: &Ctx<'_>, work: &Work<'_>) -> Vec<Inline> {
    let mut text = vec![linked(ctx, work.subject)];
    if work.as_owner {
        text.extend([Inline::text(" ("), ctx.text("people.as_owner"), Inline::text(" ")]);
        text.extend(ctx.teams(work.teams.iter().copied()));
        text.push(Inline::text(")"));
    }
    text
}

/// One line each; what one team does as owner stands together.
fn subjects(ctx: &Ctx<'_>, work: &[&Work<'_>]) -> Cell {
    let (owned, named): (Vec<&Work<'_>>, Vec<&Work<'_>>) = work.iter().partition(|work| work.as_owner);
    let mut rows: Vec<Vec<Inline>> = named.iter().map(|work| subject(ctx, work)).collect();
    for of_team in owned.chunk_by(|a, b| a.teams == b.teams) {
        let mut text = vec![ctx.text("people.as_owner"), Inline::text(" ")];
        text.extend(ctx.teams(of_team[0].teams.iter().copied()));
        text.push(Inline::text(": "));
        text.extend(join(of_team.iter().map(|work| linked(ctx, work.subject)), "; "));
        rows.push(text);
    }
    lines(rows)
}

fn cover(ctx: &Ctx<'_>, work: &Work<'_>) -> Inline {
    let (tone, text) = match work.cover {
        Cover::People(0) => (Tone::Bad, ctx.t.t("people.cover.none").to_owned()),
        Cover::People(1) => (Tone::Caution, ctx.t.t("people.cover.one").to_owned()),
        Cover::People(count) => (Tone::Good, ctx.t.count("people.cover.some", count)),
        Cover::NoSkills => (Tone::Unknown, ctx.t.t("people.cover.no_skills").to_owned()),
        Cover::NoPeople => (Tone::Unknown, ctx.t.t("people.cover.no_people").to_owned()),
        Cover::Elsewhere => (Tone::Neutral, ctx.t.t("people.cover.elsewhere").to_owned()),
    };
    Inline::Badge { tone, text }
}

fn skills(ctx: &Ctx<'_>, work: &Work<'_>) -> Cell {
    match work.skills {
        [] => Cell::text(ctx.t.t("word.not_declared")),
        skills => Cell::text(skills.join(", ")),
    }
}

fn is_component(work: &Work<'_>) -> bool {
    matches!(work.subject, Subject::Component(_))
}

/// Numbers that a lead asks for first.
pub(super) fn glance(ctx: &Ctx<'_>, _place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    if let Some(said) = nobody(ctx) {
        return Ok(said);
    }
    let staffing = &ctx.staffing;
    let thin = |component: bool| {
        staffing.work.iter().filter(|work| is_component(work) == component && work.cover.is_thin()).count()
    };
    let known = |component: bool| {
        let of = |work: &&Work<'_>| is_component(work) == component;
        let own = staffing.work.iter().filter(of).filter(|work| work.cover != Cover::Elsewhere);
        (own.clone().filter(|work| matches!(work.cover, Cover::People(_))).count(), own.count())
    };
    let say = |key: &str, component: bool| {
        let (known, all) = known(component);
        let numbers = [thin(component), known, all].map(|number| number.to_string());
        let text = ctx.t.fill(key, &[("n", &numbers[0]), ("known", &numbers[1]), ("all", &numbers[2])]);
        vec![Inline::text(text)]
    };
    let alone = staffing.people.iter().max_by_key(|load| load.alone.len()).filter(|load| !load.alone.is_empty());
    let most = alone.map(|load| {
        let count = load.alone.len().to_string();
        vec![Inline::text(ctx.t.fill("people.most_alone", &[("name", &load.person.name), ("n", &count)]))]
    });
    let short = |night: &&Night<'_>| {
        night.work.iter().any(|at| staffing.work[*at].night.as_ref().is_some_and(|it| it.answer < Answer::NotDeclared))
    };
    let teams = ctx.teams(staffing.nights.iter().filter(short).map(|night| &night.team.id));
    Ok(vec![terms(
        ctx,
        [
            ("people.glance.people", vec![Inline::text(ctx.t.count("people.here", staffing.people.len()))]),
            ("people.glance.components", say("people.thin_components", true)),
            ("people.glance.activities", say("people.thin_activities", false)),
            ("people.glance.person", most.unwrap_or_default()),
            ("people.glance.teams", teams),
        ],
    )])
}

/// Every component with the people who can handle it.
pub(super) fn able(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let heads = [
        Head::name("column.component", 28),
        Head::text("column.team", 16),
        Head::text("column.skills_taken", 18),
        Head::text("column.able", 24),
        Head::text("column.how_many", 14),
    ];
    let mut grid = Grid::new(ctx, place, "people", "table.people_able", &heads);
    for work in ctx.staffing.work.iter().filter(|work| is_component(work)) {
        grid.row(vec![
            Cell::new(subject(ctx, work)),
            Cell::new(ctx.teams(work.teams.iter().copied())),
            skills(ctx, work),
            Cell::new(names(&work.able)),
            Cell::new(vec![cover(ctx, work)]),
        ]);
    }
    grid.blocks()
}

/// The picture: components down, people across, one matrix a team.
pub(super) fn matrix(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let staffing = &ctx.staffing;
    let mut blocks = Vec::new();
    for team in &ctx.ws.teams {
        let members: Vec<&Person> =
            staffing.people.iter().map(|load| load.person).filter(|person| person.teams.contains(&team.id)).collect();
        let ours: Vec<&Work<'_>> = staffing
            .work
            .iter()
            .filter(|work| is_component(work) && work.teams == [&team.id] && work.cover != Cover::Elsewhere)
            .collect();
        if ours.is_empty() {
            continue;
        }
        for (part, some) in members.chunks(COLUMNS).enumerate() {
            blocks.push(team_matrix(ctx, place, (team, part), some, &ours));
        }
    }
    if blocks.is_empty() {
        blocks.push(ctx.paragraph("people.no_matrix"));
    }
    Ok(blocks)
}

fn team_matrix(
    ctx: &Ctx<'_>,
    place: &mut Place<'_>,
    (team, part): (&Team, usize),
    members: &[&Person],
    work: &[&Work<'_>],
) -> Block {
    let id = format!("matrix-{}-{}", team.id, part + 1);
    let heads = [Head::name("column.component", 40)];
    let mut grid = Grid::new(ctx, place, &id, "table.people_matrix", &heads);
    grid.caption_more(&team.name);
    for person in members {
        let column = Column { align: Align::Center, narrow: true, ..Column::default() };
        grid.column(column, vec![name(person)]);
    }
    grid.column(Column { weight: 14, ..Column::default() }, vec![ctx.text("column.how_many")]);
    for work in work {
        let mut cells = vec![Cell::new(subject(ctx, work))];
        let can = |person: &&Person| work.able.iter().any(|able| able.id == person.id);
        cells.extend(members.iter().map(|person| Cell::text(if can(person) { "●" } else { "" })));
        cells.push(Cell::new(vec![cover(ctx, work)]));
        grid.row(cells);
    }
    grid.rotate_heads();
    if members.len() > COLUMNS / 2 {
        grid.landscape();
    }
    grid.block()
}

/// Activities that fewer than two people can do.
pub(super) fn activities(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    thin_table(ctx, place, ("people-activities", "table.people_activities"), |work| !is_component(work))
}

/// Components and activities that fewer than two people can handle.
pub(super) fn thin(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    if let Some(said) = nobody(ctx) {
        return Ok(said);
    }
    thin_table(ctx, place, ("key-people-table", "table.people_thin"), |_| true)
}

/// What hangs on fewer than two, one row a set of skills and people: equal answers stand together.
fn thin_table(
    ctx: &Ctx<'_>,
    place: &mut Place<'_>,
    (id, key): (&str, &str),
    wanted: impl Fn(&Work<'_>) -> bool,
) -> Result<Vec<Block>, String> {
    let heads = [
        Head::name("column.hangs_on_few", 44),
        Head::text("column.team", 16),
        Head::text("column.skills_taken", 18),
        Head::text("column.able", 22),
    ];
    let mut grid = Grid::new(ctx, place, id, key, &heads);
    let staffing = &ctx.staffing;
    let mut alike: Vec<Vec<&Work<'_>>> = Vec::new();
    for work in staffing.work.iter().filter(|work| work.cover.is_thin() && wanted(work)) {
        let same = |other: &Work<'_>| {
            other.skills == work.skills && other.teams == work.teams && is_component(other) == is_component(work)
        };
        match alike.iter_mut().find(|members| same(members[0])) {
            Some(members) => members.push(work),
            None => alike.push(vec![work]),
        }
    }
    alike.order_by_key(|members| members[0].able.len());
    for members in alike {
        let first = members[0];
        let who = match first.able.as_slice() {
            [] => vec![cover(ctx, first)],
            people => names(people),
        };
        grid.row(vec![
            subjects(ctx, &members),
            Cell::new(ctx.teams(first.teams.iter().copied())),
            skills(ctx, first),
            Cell::new(who),
        ]);
    }
    grid.blocks()
}

/// If somebody is away, what has nobody.
pub(super) fn away(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let staffing = &ctx.staffing;
    let rows: Vec<(&Person, Vec<&Work<'_>>, Vec<&Work<'_>>)> = by_weight(staffing)
        .into_iter()
        .map(|load| {
            let alone: Vec<&Work<'_>> = load.alone.iter().map(|at| &staffing.work[*at]).collect();
            (load.person, alone, calls_of(staffing, load.person))
        })
        .filter(|(_, alone, calls)| !alone.is_empty() || !calls.is_empty())
        .collect();
    let calls = rows.iter().any(|(_, _, calls)| !calls.is_empty());
    let mut heads = vec![
        Head::name("column.if_away", 22),
        Head::text("column.components_then", 36),
        Head::text("column.activities_then", 42),
    ];
    heads.extend(calls.then_some(Head::text("column.calls_then", 20)));
    let mut grid = Grid::new(ctx, place, "people-away", "table.people_away", &heads);
    for (person, alone, calls) in rows {
        let (components, activities): (Vec<&Work<'_>>, Vec<&Work<'_>>) =
            alone.into_iter().partition(|work| is_component(work));
        let mut cells = vec![titled(ctx, person), subjects(ctx, &components), subjects(ctx, &activities)];
        cells.extend((!calls.is_empty()).then(|| subjects(ctx, &calls)));
        grid.row(cells);
    }
    grid.blocks()
}

/// What only this person of those on call can handle, and others could by day.
fn calls_of<'s, 'w>(staffing: &'s Staffing<'w>, person: &Person) -> Vec<&'s Work<'w>> {
    let only = |work: &&Work<'_>| {
        let on_call = work.night.as_ref().map(|night| night.able.as_slice());
        matches!(on_call, Some([only]) if only.id == person.id) && work.able.len() > 1
    };
    staffing.work.iter().filter(only).collect()
}

/// People, those first on whom most hangs.
fn by_weight<'s, 'w>(staffing: &'s Staffing<'w>) -> Vec<&'s Load<'w>> {
    let mut loads: Vec<&Load<'_>> = staffing.people.iter().collect();
    loads.order_by_key(|load| std::cmp::Reverse((load.alone.len(), load.able.len())));
    loads
}

/// Who carries how much.
pub(super) fn load(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let heads = [
        Head::name("column.person", 26),
        Head::text("column.teams", 18),
        Head::number("column.can_handle"),
        Head::number("column.only_they"),
        Head::text("column.rotas", 22),
        Head::text("column.named_for", 26),
    ];
    let mut grid = Grid::new(ctx, place, "people-load", "table.people_load", &heads);
    let most = ctx.ws.policy.staffing.most_alone.map(|most| most as usize);
    let staffing = &ctx.staffing;
    for load in by_weight(staffing) {
        let mut alone = vec![Inline::text(load.alone.len().to_string())];
        if most.is_some_and(|most| load.alone.len() > most) {
            alone.extend([Inline::Break, ctx.badge(Tone::Bad, "people.too_many")]);
        }
        let rotas = load.rotas.iter().map(|rota| Inline::text(&*rota.title));
        let rotas = match (load.rotas.is_empty(), load.person.on_call) {
            (true, true) => vec![ctx.text("people.on_call_no_rota")],
            _ => join(rotas, "; "),
        };
        grid.row(vec![
            titled(ctx, load.person),
            Cell::new(ctx.teams(&load.person.teams)),
            Cell::text(load.able.len().to_string()),
            Cell::new(alone),
            Cell::new(rotas),
            lines(load.named.iter().map(|named| vec![Inline::text(named_for(ctx, *named))])),
        ]);
    }
    let bound = most.map(|most| ctx.t.fill("people.bound", &[("n", &most.to_string())]));
    grid.source(vec![Inline::text(bound.unwrap_or_else(|| ctx.t.t("people.no_bound").to_owned()))]);
    grid.blocks()
}

fn named_for(ctx: &Ctx<'_>, named: Named<'_>) -> String {
    match named {
        Named::SystemOwner => ctx.t.t("people.named.owner").to_owned(),
        Named::AuthorizingOfficial => ctx.t.t("people.named.official").to_owned(),
        Named::SecurityOfficer => ctx.t.t("people.named.security").to_owned(),
        Named::DocumentOwner => ctx.t.t("people.named.documents").to_owned(),
        Named::Approver => ctx.t.t("people.named.approver").to_owned(),
        Named::Contact(about) => ctx.t.fill("people.named.contact", &[("about", about)]),
        Named::Exceptions(count) => ctx.t.count("people.named.exceptions", count),
    }
}

/// Teams at two in the morning: who is on call, on how many nights, for how much.
pub(super) fn nights(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let heads = [
        Head::name("column.team", 20),
        Head::text("column.rotas", 34),
        Head::text("column.on_call_then", 24),
        Head::number("column.called_for"),
        Head::text("column.a_call_leads_to", 22),
    ];
    let mut grid = Grid::new(ctx, place, "people-nights", "table.people_nights", &heads);
    let staffing = &ctx.staffing;
    for night in &staffing.nights {
        let count = |answer: Answer| {
            let is = |at: &&usize| staffing.work[**at].night.as_ref().is_some_and(|it| it.answer == answer);
            night.work.iter().filter(is).count()
        };
        let answers = ANSWERS.into_iter().map(|answer| (answer, count(answer))).filter(|(_, count)| *count > 0);
        let answers = answers.map(|(answer, count)| vec![Inline::text(format!("{count} × ")), badge(ctx, answer)]);
        grid.row(vec![
            Cell::new(vec![ctx.team(&night.team.id)]),
            rotas(ctx, night),
            on_call(ctx, night),
            Cell::text(night.work.len().to_string()),
            lines(answers),
        ]);
    }
    grid.source(vec![Inline::text(match &ctx.ws.policy.time_zone {
        Some(zone) => ctx.t.fill("people.clock", &[("zone", zone)]),
        None => ctx.t.t("people.no_clock").to_owned(),
    })]);
    grid.blocks()
}

const ANSWERS: [Answer; 5] = [Answer::NotAble, Answer::Nobody, Answer::ByChance, Answer::NotDeclared, Answer::Anybody];

fn badge(ctx: &Ctx<'_>, answer: Answer) -> Inline {
    let (tone, key) = match answer {
        Answer::NotAble => (Tone::Bad, "people.answer.not_able"),
        Answer::Nobody => (Tone::Bad, "people.answer.nobody"),
        Answer::ByChance => (Tone::Caution, "people.answer.by_chance"),
        Answer::NotDeclared => (Tone::Unknown, "people.answer.not_declared"),
        Answer::Anybody => (Tone::Good, "people.answer.anybody"),
    };
    ctx.badge(tone, key)
}

fn rotas(ctx: &Ctx<'_>, night: &Night<'_>) -> Cell {
    let mut said: Vec<Vec<Inline>> = night.rotas.iter().map(|rota| vec![Inline::text(hours(ctx, rota))]).collect();
    if said.is_empty() {
        said.push(vec![ctx.text("people.no_rota")]);
        said.extend(
            night
                .team
                .hours
                .as_deref()
                .map(|hours| vec![Inline::text(ctx.t.fill("people.hours_in_words", &[("hours", hours)]))]),
        );
    }
    lines(said)
}

fn on_call(ctx: &Ctx<'_>, night: &Night<'_>) -> Cell {
    let mut said = vec![match night.on_call.as_slice() {
        [] => vec![ctx.badge(Tone::Bad, "people.answer.nobody")],
        people => names(people),
    }];
    match night.nights {
        Some(nights) if nights < WEEK.len() && !night.on_call.is_empty() => {
            said.push(vec![Inline::text(ctx.t.fill("people.nights", &[("n", &nights.to_string())]))]);
        }
        None if !night.on_call.is_empty() => said.push(vec![ctx.text("people.hours_not_declared")]),
        _ => {}
    }
    lines(said)
}

/// `Platform, nights: Mon–Fri 18:00–08:00, +46 …`.
fn hours(ctx: &Ctx<'_>, rota: &Rota) -> String {
    let clock = |minute: u32| format!("{:02}:{:02}", minute / 60, minute % 60);
    let when = if rota.is_always() {
        ctx.t.t("people.always").to_owned()
    } else {
        let end = if rota.to == 0 { "24:00".to_owned() } else { clock(rota.to) };
        format!("{} {}–{end}", days(ctx, &rota.days), clock(rota.from))
    };
    let phone = rota.phone.as_deref().map(|phone| format!(", {phone}")).unwrap_or_default();
    format!("{}: {when}{phone}", rota.title)
}

fn day(ctx: &Ctx<'_>, day: Weekday) -> String {
    let key = match day {
        Weekday::Mon => "people.day.mon",
        Weekday::Tue => "people.day.tue",
        Weekday::Wed => "people.day.wed",
        Weekday::Thu => "people.day.thu",
        Weekday::Fri => "people.day.fri",
        Weekday::Sat => "people.day.sat",
        Weekday::Sun => "people.day.sun",
    };
    ctx.t.t(key).to_owned()
}

/// Days in runs: `Mon–Fri, Sun`.
fn days(ctx: &Ctx<'_>, days: &[Weekday]) -> String {
    if days.len() == WEEK.len() {
        return ctx.t.t("people.day.every").to_owned();
    }
    let runs = days.chunk_by(|a, b| a.num_days_from_monday() + 1 == b.num_days_from_monday());
    let run = |run: &[Weekday]| match run {
        [first, .., last] => format!("{}–{}", day(ctx, *first), day(ctx, *last)),
        [only] => day(ctx, *only),
        [] => String::new(),
    };
    runs.map(run).collect::<Vec<_>>().join(", ")
}

/// What cannot wait, by team, with what a call at two leads to.
pub(super) fn calls(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let heads = [
        Head::name("column.called_for_what", 36),
        Head::text("column.skills_taken", 20),
        Head::text("column.able_on_call", 24),
        Head::text("column.a_call_leads_to", 20),
    ];
    let mut grid = Grid::new(ctx, place, "people-calls", "table.people_calls", &heads);
    let staffing = &ctx.staffing;
    for night in staffing.nights.iter().filter(|night| !night.work.is_empty()) {
        grid.group(vec![ctx.team(&night.team.id)]);
        for work in night.work.iter().map(|at| &staffing.work[*at]) {
            let Some(at_night) = &work.night else { continue };
            grid.row(vec![
                Cell::new(subject(ctx, work)),
                skills(ctx, work),
                Cell::new(names(&at_night.able)),
                Cell::new(vec![badge(ctx, at_night.answer)]),
            ]);
        }
    }
    grid.blocks()
}

/// People with skills, languages, time zone and how to reach them.
pub(super) fn contact(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let heads = [
        Head::name("column.person", 24),
        Head::text("column.skills", 26),
        Head::text("column.languages", 18),
        Head::text("column.reach", 32),
    ];
    let mut grid = Grid::new(ctx, place, "people-contact", "table.people_contact", &heads);
    for load in &ctx.staffing.people {
        let person = load.person;
        let languages = (!person.languages.is_empty()).then(|| vec![Inline::text(person.languages.join(", "))]);
        let zone = person.time_zone.as_deref().map(|zone| vec![Inline::text(zone)]);
        let own = person.email.is_some() || person.phone.is_some();
        let reach = system::reach(ctx, &crate::workspace::Party::Person(person.id.clone()));
        let by_team = (!own).then(|| vec![ctx.text("people.by_team")]);
        grid.row(vec![
            titled(ctx, person),
            Cell::text(person.skills.join(", ")),
            lines([languages, zone].into_iter().flatten()),
            lines([Some(reach), by_team].into_iter().flatten()),
        ]);
    }
    grid.blocks()
}

/// What this analysis does not know.
pub(super) fn undeclared(ctx: &Ctx<'_>, _place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let staffing = &ctx.staffing;
    let list = |wanted: &dyn Fn(&Work<'_>) -> bool| {
        let mut found: Vec<Inline> = Vec::new();
        for work in staffing.work.iter().filter(|work| wanted(work)) {
            let link = linked(ctx, work.subject);
            // An activity of several owners is one activity.
            if found.last() != Some(&link) {
                found.push(link);
            }
        }
        join(found, "; ")
    };
    let no_people: Vec<&TeamId> = {
        let mut teams: Vec<&TeamId> = staffing
            .work
            .iter()
            .filter(|work| work.cover == Cover::NoPeople)
            .flat_map(|work| work.teams.iter().copied())
            .collect();
        teams.order();
        teams.dedup();
        teams
    };
    let no_rota = staffing.nights.iter().filter(|night| night.rotas.is_empty()).map(|night| &night.team.id);
    let without: Vec<&str> = ctx
        .ws
        .people
        .iter()
        .filter(|person| person.skills.is_empty() && person.left.is_none())
        .map(|person| person.name.as_str())
        .collect();
    let list = terms(
        ctx,
        [
            ("people.unknown.teams", ctx.teams(no_people)),
            ("people.unknown.components", list(&|work| work.cover == Cover::NoSkills && is_component(work))),
            ("people.unknown.activities", list(&|work| work.cover == Cover::NoSkills && !is_component(work))),
            ("people.unknown.skills", words_or_nothing(&without.join(", "))),
            ("people.unknown.rotas", ctx.teams(no_rota)),
        ],
    );
    Ok(vec![match &list {
        Block::Terms { items } if items.is_empty() => ctx.paragraph("people.all_declared"),
        _ => list,
    }])
}

/// What hangs on one person of the team, and its night.
pub(super) fn of_team(ctx: &Ctx<'_>, place: &mut Place<'_>) -> Result<Vec<Block>, String> {
    let team = place.team()?;
    let staffing = &ctx.staffing;
    let ours: Vec<&Work<'_>> =
        staffing.work.iter().filter(|work| work.cover.is_thin() && work.teams.contains(&&team.id)).collect();
    let night = staffing.nights.iter().find(|night| night.team.id == team.id);
    let mut items = Vec::new();
    let mut alike: Vec<(Vec<&str>, Vec<&Work<'_>>)> = Vec::new();
    for work in ours {
        let who: Vec<&str> = work.able.iter().map(|person| person.name.as_str()).collect();
        match alike.iter_mut().find(|(known, _)| *known == who) {
            Some((_, works)) => works.push(work),
            None => alike.push((who, vec![work])),
        }
    }
    for (who, works) in &alike {
        let mut text = vec![Inline::text(match who.as_slice() {
            [] => ctx.t.t("people.brief.nobody").to_owned(),
            who => ctx.t.fill("people.brief.only", &[("name", &who.join(", "))]),
        })];
        text.push(Inline::text(" "));
        text.extend(join(works.iter().map(|work| linked(ctx, work.subject)), "; "));
        items.push(vec![Block::Paragraph { text }]);
    }
    if let Some(night) = night.filter(|night| !night.work.is_empty()) {
        let count = night.work.len().to_string();
        let mut text = vec![Inline::text(ctx.t.fill("people.brief.night", &[("n", &count)])), Inline::text(" ")];
        text.extend(match night.on_call.as_slice() {
            [] => vec![ctx.badge(Tone::Bad, "people.answer.nobody")],
            people => names(people),
        });
        items.push(vec![Block::Paragraph { text }]);
    }
    let more =
        Inline::Link { target: Target::Document("people".to_owned(), None), text: vec![ctx.text("people.brief.more")] };
    let mut blocks = match items.is_empty() {
        true => vec![ctx.paragraph(if ctx.ws.people.is_empty() {
            "people.nobody_declared"
        } else {
            "people.brief.nothing"
        })],
        false => vec![Block::List { start: None, items }],
    };
    blocks.push(Block::Paragraph { text: vec![more] });
    Ok(blocks)
}
