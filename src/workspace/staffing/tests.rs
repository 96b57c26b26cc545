//! Who counts as able, and who is called when.

use super::*;
use crate::document::testing::{activity, workspace};
use crate::workspace::{PersonId, RotaId};

fn person(id: &str, team: &str, skills: &[&str]) -> Person {
    Person {
        id: PersonId::new(id),
        name: id.to_owned(),
        title: None,
        teams: vec![TeamId::new(team)],
        email: None,
        phone: None,
        skills: skills.iter().map(|skill| (*skill).to_owned()).collect(),
        on_call: false,
        left: None,
        languages: Vec::new(),
        time_zone: None,
    }
}

fn rota(people: &[&str], days: &[Weekday], from: u32, to: u32) -> Rota {
    Rota {
        id: RotaId::new("r"),
        title: "Rota".to_owned(),
        team: TeamId::new("platform"),
        people: people.iter().map(|id| PersonId::new(*id)).collect(),
        days: days.to_vec(),
        from: from * 60,
        to: to * 60,
        phone: None,
    }
}

/// The database of the platform team, critical, takes two skills.
fn declared(people: Vec<Person>) -> Workspace {
    let mut declared = workspace();
    declared.people = people;
    declared.components[0].skills = vec!["sql".to_owned(), "linux".to_owned()];
    declared.components[0].critical = true;
    declared
}

fn names<'w>(people: &[&'w Person]) -> Vec<&'w str> {
    people.iter().map(|person| person.id.as_str()).collect()
}

#[test]
fn able_is_who_has_every_skill_and_is_still_here() {
    let day = NaiveDate::from_ymd_opt(2026, 11, 21).expect("a day");
    let mut gone = person("gone", "platform", &["sql", "linux"]);
    gone.left = Some(day);
    let mut leaving = person("leaving", "platform", &["sql", "linux"]);
    leaving.left = day.succ_opt();
    let declared = declared(vec![
        person("all", "platform", &["linux", "sql"]),
        person("half", "platform", &["sql"]),
        person("elsewhere", "payments", &["sql", "linux"]),
        gone,
        leaving,
    ]);
    let found = staffing(&declared, Some(day));
    assert_eq!(names(&found.work[0].able), ["all", "leaving"]);
    assert_eq!(found.work[0].cover, Cover::People(2));
    // Without a day nobody counts whose leaving is recorded.
    let found = staffing(&declared, None);
    assert_eq!(found.work[0].cover, Cover::People(1));
    let all = found.people.iter().find(|load| load.person.id.as_str() == "all").expect("here");
    assert!(all.alone.contains(&0) && found.work[0].cover.is_thin());
}

#[test]
fn nothing_is_claimed_of_what_was_not_declared() {
    let mut declared = declared(Vec::new());
    assert_eq!(staffing(&declared, None).work[0].cover, Cover::NoPeople);
    declared.components[0].skills.clear();
    declared.people = vec![person("a", "platform", &[])];
    assert_eq!(staffing(&declared, None).work[0].cover, Cover::People(1), "who is alone in a team is alone");
    declared.people.push(person("b", "platform", &[]));
    let found = staffing(&declared, None);
    assert_eq!(found.work[0].cover, Cover::NoSkills);
    assert!(found.work[0].able.is_empty() && found.people.iter().all(|load| load.alone.is_empty()));
    declared.organizations[0].kind = OrganizationKind::Supplier;
    assert_eq!(staffing(&declared, None).work[0].cover, Cover::Elsewhere);
}

#[test]
fn what_the_owner_does_is_asked_of_each_owner() {
    let mut declared = declared(vec![person("a", "platform", &["images"]), person("b", "payments", &["web"])]);
    declared.activities = vec![activity("fix-image", "Fix", RaciParty::Owner)];
    declared.activities[0].skills = vec!["images".to_owned()];
    let found = staffing(&declared, None);
    let owners: Vec<(&str, Cover)> =
        found.work.iter().filter(|work| work.as_owner).map(|work| (work.teams[0].as_str(), work.cover)).collect();
    assert_eq!(owners, [("platform", Cover::People(1)), ("payments", Cover::People(0))]);
}

#[test]
fn a_night_belongs_to_the_shift_that_is_on_at_two() {
    use Weekday::{Fri, Mon, Sat, Sun, Tue};
    let nights = |days: &[Weekday], from, to| rota(&["a"], days, from, to).nights().collect::<Vec<_>>();
    assert_eq!(nights(&[Mon], 18, 8), [Tue]);
    assert_eq!(nights(&[Sun, Fri], 18, 8), [Mon, Sat]);
    assert_eq!(nights(&[Mon], 0, 8), [Mon]);
    assert_eq!(nights(&[Mon], 8, 18), []);
    assert_eq!(nights(&[Mon], 18, 2), [], "it ends at two");
    assert_eq!(nights(&WEEK, 0, 0).len(), 7);
    assert_eq!(nights(&[Mon], 1, 1), [Mon], "from one to one of the next day");
    assert_eq!(nights(&[Mon], 3, 3), [Tue]);
    assert!(rota(&["a"], &WEEK, 0, 0).is_always() && !rota(&["a"], &WEEK, 1, 0).is_always());
}

#[test]
fn at_two_only_those_on_a_rota_count() {
    let mut declared =
        declared(vec![person("able", "platform", &["sql", "linux"]), person("unable", "platform", &["sql"])]);
    let answer = |declared: &Workspace| {
        let found = staffing(declared, None);
        let night = found.work[0].night.as_ref().expect("critical");
        (night.answer, names(&night.able).len())
    };
    assert_eq!(answer(&declared), (Answer::Nobody, 0));
    declared.people[0].on_call = true;
    assert_eq!(answer(&declared), (Answer::Anybody, 1), "hours are not declared, but who is on call is");
    declared.rotas = vec![rota(&["able", "unable"], &WEEK, 0, 0)];
    assert_eq!(answer(&declared), (Answer::ByChance, 1));
    declared.rotas = vec![rota(&["unable"], &WEEK, 0, 0)];
    assert_eq!(answer(&declared), (Answer::NotAble, 0));
    declared.rotas = vec![rota(&["able"], &WEEK[..5], 0, 0)];
    assert_eq!(answer(&declared), (Answer::ByChance, 1), "not on every night");
    declared.rotas = vec![rota(&["able"], &WEEK, 8, 18)];
    assert_eq!(answer(&declared), (Answer::Nobody, 0));
    let found = staffing(&declared, None);
    assert_eq!((found.nights[0].nights, found.nights[0].on_call.len()), (Some(0), 0));
}
