//! Key people: who can handle what, what hangs on one person, and who is called at two in the morning.
//!
//! In: a [`Workspace`] and the day it is read for. Out: a [`Staffing`]. Everything follows from what was declared: teams,
//! people with their skills, skills that components and activities take, rotas. Whoever has every skill counts as able;
//! where nothing is declared, nothing is counted ([`Cover::NoPeople`], [`Cover::NoSkills`]).
//!
//! Invariant: nobody counts as able by belonging to a team alone, unless they are the only one in it.

use std::collections::BTreeSet;

use chrono::{NaiveDate, Weekday};

use super::{Activity, Component, Duty, OrganizationKind, Party, Person, RaciParty, Rota, Team, TeamId, Workspace};

/// People below which something hangs on too few.
pub const ENOUGH: usize = 2;

/// Minute of the day at which the night is asked about.
const NIGHT: u32 = 2 * 60;

/// Days of the week, Monday first.
pub const WEEK: [Weekday; 7] =
    [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun];

/// Who can do what, as far as it is declared.
#[derive(Debug)]
pub struct Staffing<'w> {
    /// Components, then activities, in the order of declaration; one a team for an activity of `@owner`.
    pub work: Vec<Work<'w>>,
    /// People who are still here.
    pub people: Vec<Load<'w>>,
    /// Teams of our own organization whose work does not wait, or who have somebody on call.
    pub nights: Vec<Night<'w>>,
}

/// A component to handle or an activity to do.
#[derive(Debug)]
pub struct Work<'w> {
    /// What it is.
    pub subject: Subject<'w>,
    /// Teams whose people do it.
    pub teams: Vec<&'w TeamId>,
    /// The team does it as the owner of what is at hand.
    pub as_owner: bool,
    /// Skills it takes, all of them; empty when that is not declared.
    pub skills: &'w [String],
    /// People of these teams who can do it, as far as declared.
    pub able: Vec<&'w Person>,
    /// How many can.
    pub cover: Cover,
    /// Team that is called for it at any hour; `None` when it can wait for the morning.
    pub night: Option<AtNight<'w>>,
}

/// What is handled or done.
#[derive(Debug, Clone, Copy)]
#[allow(missing_docs)]
pub enum Subject<'w> {
    Component(&'w Component),
    Activity(&'w Activity),
}

impl<'w> Subject<'w> {
    /// Its title.
    pub fn title(self) -> &'w str {
        match self {
            Subject::Component(component) => &component.title,
            Subject::Activity(activity) => &activity.title,
        }
    }
}

/// How many people can handle something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cover {
    /// So many.
    People(usize),
    /// Several could, but which skills it takes is not declared.
    NoSkills,
    /// The workspace declares nobody of the team.
    NoPeople,
    /// Teams of another organization do it: how they staff it is theirs to say.
    Elsewhere,
}

impl Cover {
    /// Known to hang on fewer people than are enough.
    pub fn is_thin(self) -> bool {
        matches!(self, Cover::People(count) if count < ENOUGH)
    }
}

/// Something at two in the morning.
#[derive(Debug)]
pub struct AtNight<'w> {
    /// Team that is called.
    pub team: &'w TeamId,
    /// Those of its people on call then who can handle it.
    pub able: Vec<&'w Person>,
    /// What follows for whoever calls.
    pub answer: Answer,
}

/// What a call at two in the morning leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    /// Somebody is on call, and none of them can handle it.
    NotAble,
    /// Nobody is on call.
    Nobody,
    /// Whoever is on duty may or may not be able to.
    ByChance,
    /// Not declared who is on call, or which skills it takes.
    NotDeclared,
    /// Whoever is on duty can.
    Anybody,
}

/// One person.
#[derive(Debug)]
pub struct Load<'w> {
    /// Who.
    pub person: &'w Person,
    /// Components and activities that they can handle, with others or alone; indices into [`Staffing::work`].
    pub able: Vec<usize>,
    /// Those that nobody else can.
    pub alone: Vec<usize>,
    /// Rotas that they are on.
    pub rotas: Vec<&'w Rota>,
    /// What the documents name them for besides.
    pub named: Vec<Named<'w>>,
}

/// What a person is named for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Named<'w> {
    SystemOwner,
    AuthorizingOfficial,
    SecurityOfficer,
    DocumentOwner,
    Approver,
    Contact(&'w str),
    /// Owner of so many exceptions.
    Exceptions(usize),
}

/// One team at two in the morning.
#[derive(Debug)]
pub struct Night<'w> {
    /// Which one.
    pub team: &'w Team,
    /// Its rotas.
    pub rotas: Vec<&'w Rota>,
    /// People on call then on some night, by its rotas; without rotas those that are said to be on call.
    pub on_call: Vec<&'w Person>,
    /// Nights of the week on which somebody is; `None` without rotas, when their hours are not declared.
    pub nights: Option<usize>,
    /// What it is called for; indices into [`Staffing::work`].
    pub work: Vec<usize>,
}

/// Whether `@owner` can mean this team in this activity: it answers for the duty in question of some component. A team
/// of another organization is never meant: what it does is in its contract and in the rows that name it.
pub fn owns_for(workspace: &Workspace, activity: &Activity, team: &TeamId) -> bool {
    is_own(workspace, team)
        && workspace.components.iter().any(|component| match activity.duty {
            Some(duty) => component.duties.get(&duty) == Some(team),
            None => component.team == *team,
        })
}

fn is_own(workspace: &Workspace, team: &TeamId) -> bool {
    workspace.organization(&workspace.team(team).organization).kind == OrganizationKind::Own
}

impl Rota {
    /// Days of the week on which somebody is on this rota at two in the morning.
    pub fn nights(&self) -> impl Iterator<Item = Weekday> {
        let overnight = self.to <= self.from;
        WEEK.into_iter().filter(move |day| {
            let begins = |day: Weekday| self.days.contains(&day);
            let today = begins(*day) && self.from <= NIGHT && (overnight || NIGHT < self.to);
            today || (overnight && begins(day.pred()) && NIGHT < self.to)
        })
    }

    /// Every day, around the clock.
    pub fn is_always(&self) -> bool {
        self.days.len() == WEEK.len() && self.from == self.to % (24 * 60)
    }
}

/// Asks who can do what. `today` decides who has left; without a day, everybody whose leaving is recorded has.
pub fn staffing(workspace: &Workspace, today: Option<NaiveDate>) -> Staffing<'_> {
    let crew = Crew { workspace, here: workspace.people.iter().filter(|person| person.is_here(today)).collect() };
    let components = workspace.components.iter().map(|component| crew.component(component));
    let mut work: Vec<Work<'_>> = components.collect();
    for activity in &workspace.activities {
        crew.activity(activity, &mut work);
    }
    let people = crew.here.iter().map(|person| crew.load(person, &work)).collect();
    let nights = workspace.teams.iter().filter_map(|team| crew.night(team, &work)).collect();
    Staffing { work, people, nights }
}

/// The people who are here.
struct Crew<'w> {
    workspace: &'w Workspace,
    here: Vec<&'w Person>,
}

impl<'w> Crew<'w> {
    fn component(&self, component: &'w Component) -> Work<'w> {
        let called = component.critical.then(|| component.duties.get(&Duty::Availability).unwrap_or(&component.team));
        self.work(Subject::Component(component), vec![&component.team], false, &component.skills, called)
    }

    /// One for the teams that are named; one a team where the owner of what is at hand does it.
    fn activity(&self, activity: &'w Activity, work: &mut Vec<Work<'w>>) {
        let named: Vec<&TeamId> = activity
            .r
            .iter()
            .filter_map(|party| match party {
                RaciParty::Team(team) => Some(team),
                RaciParty::Owner => None,
            })
            .collect();
        let subject = Subject::Activity(activity);
        if !named.is_empty() {
            let own = named.iter().copied().find(|team| is_own(self.workspace, team));
            let called = own.or(named.first().copied()).filter(|_| activity.out_of_hours);
            return work.push(self.work(subject, named, false, &activity.skills, called));
        }
        let teams = self.workspace.teams.iter().map(|team| &team.id);
        for team in teams.filter(|team| owns_for(self.workspace, activity, team)) {
            let called = Some(team).filter(|_| activity.out_of_hours);
            work.push(self.work(subject, vec![team], true, &activity.skills, called));
        }
    }

    fn work(
        &self,
        subject: Subject<'w>,
        teams: Vec<&'w TeamId>,
        as_owner: bool,
        skills: &'w [String],
        called: Option<&'w TeamId>,
    ) -> Work<'w> {
        let own: Vec<&TeamId> = teams.iter().copied().filter(|team| is_own(self.workspace, team)).collect();
        let members: Vec<&Person> =
            self.here.iter().copied().filter(|person| own.iter().any(|team| person.teams.contains(team))).collect();
        let able: Vec<&Person> = match (skills, members.as_slice()) {
            ([], [_]) => members.clone(),
            ([], _) => Vec::new(),
            _ => members.iter().copied().filter(|person| has(person, skills)).collect(),
        };
        let cover = match (own.is_empty(), members.len(), skills) {
            (true, ..) => Cover::Elsewhere,
            (_, 0, _) => Cover::NoPeople,
            (_, 2.., []) => Cover::NoSkills,
            _ => Cover::People(able.len()),
        };
        let called = called.filter(|team| is_own(self.workspace, team));
        let night = called.map(|team| self.at_night(team, skills));
        Work { subject, teams, as_owner, skills, able, cover, night }
    }

    fn at_night(&self, team: &'w TeamId, skills: &[String]) -> AtNight<'w> {
        let (on_call, nights) = self.on_call(team);
        let able: Vec<&Person> = match skills {
            [] => Vec::new(),
            skills => on_call.iter().copied().filter(|person| has(person, skills)).collect(),
        };
        let answer = match (on_call.len(), able.len()) {
            (0, _) if nights.is_none() && !self.here.iter().any(|person| person.teams.contains(team)) => {
                Answer::NotDeclared
            }
            (0, _) => Answer::Nobody,
            _ if skills.is_empty() => Answer::NotDeclared,
            (_, 0) => Answer::NotAble,
            (all, able) if able < all || nights.is_some_and(|nights| nights < WEEK.len()) => Answer::ByChance,
            _ => Answer::Anybody,
        };
        AtNight { team, able, answer }
    }

    /// Who of a team is on call at two, and on how many nights of the week somebody is.
    fn on_call(&self, team: &TeamId) -> (Vec<&'w Person>, Option<usize>) {
        let rotas: Vec<&Rota> = self.workspace.rotas.iter().filter(|rota| rota.team == *team).collect();
        if rotas.is_empty() {
            let said = self.here.iter().copied().filter(|person| person.on_call && person.teams.contains(team));
            return (said.collect(), None);
        }
        let manned = |rota: &&&Rota| self.here.iter().any(|person| rota.people.contains(&person.id));
        let nights: BTreeSet<u8> = rotas
            .iter()
            .filter(manned)
            .flat_map(|rota| rota.nights())
            .map(|day| u8::try_from(day.num_days_from_monday()).unwrap_or_default())
            .collect();
        let awake: Vec<&&Rota> = rotas.iter().filter(|rota| rota.nights().next().is_some()).collect();
        let on_call = self.here.iter().copied().filter(|person| awake.iter().any(|r| r.people.contains(&person.id)));
        (on_call.collect(), Some(nights.len()))
    }

    fn load(&self, person: &'w Person, work: &[Work<'w>]) -> Load<'w> {
        let is = |other: &&Person| other.id == person.id;
        let of = |wanted: &dyn Fn(&Work<'_>) -> bool| -> Vec<usize> {
            work.iter().enumerate().filter(|(_, work)| wanted(work)).map(|(index, _)| index).collect()
        };
        Load {
            person,
            able: of(&|work| work.able.iter().any(is)),
            alone: of(&|work| matches!(work.able.as_slice(), [only] if is(only))),
            rotas: self.workspace.rotas.iter().filter(|rota| rota.people.contains(&person.id)).collect(),
            named: self.named(person),
        }
    }

    fn named(&self, person: &Person) -> Vec<Named<'w>> {
        let is = |party: &Party| matches!(party, Party::Person(id) if *id == person.id);
        let (system, control) = (&self.workspace.system, &self.workspace.control);
        let mut named: Vec<Named<'_>> = [
            (&system.owner, Named::SystemOwner),
            (&system.authorizing_official, Named::AuthorizingOfficial),
            (&system.security_officer, Named::SecurityOfficer),
            (&control.owner, Named::DocumentOwner),
            (&control.approver, Named::Approver),
        ]
        .into_iter()
        .filter(|(party, _)| is(party))
        .map(|(_, named)| named)
        .collect();
        let contacts = system.contacts.iter().filter(|contact| is(&contact.party));
        named.extend(contacts.map(|contact| Named::Contact(&contact.about)));
        match self.workspace.exceptions.iter().filter(|exception| is(&exception.owner)).count() {
            0 => {}
            count => named.push(Named::Exceptions(count)),
        }
        named
    }

    fn night(&self, team: &'w Team, work: &[Work<'w>]) -> Option<Night<'w>> {
        let called = |work: &Work<'_>| work.night.as_ref().is_some_and(|night| *night.team == team.id);
        let indices: Vec<usize> =
            work.iter().enumerate().filter(|(_, work)| called(work)).map(|(index, _)| index).collect();
        let rotas: Vec<&Rota> = self.workspace.rotas.iter().filter(|rota| rota.team == team.id).collect();
        let (on_call, nights) = self.on_call(&team.id);
        let asked = !indices.is_empty() || !rotas.is_empty() || !on_call.is_empty();
        (asked && is_own(self.workspace, &team.id)).then_some(Night { team, rotas, on_call, nights, work: indices })
    }
}

fn has(person: &Person, skills: &[String]) -> bool {
    skills.iter().all(|skill| person.skills.contains(skill))
}

#[cfg(test)]
mod tests;
