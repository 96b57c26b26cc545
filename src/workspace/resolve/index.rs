//! Every identifier of the workspace, with what the rules need to know of it before the model exists.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use chrono::NaiveDate;

use super::{
    super::{
        code::Code,
        diagnostic::Diagnostic,
        parse::{Item, Raw},
        raw::{Text, Texts},
        source::Place,
    },
    context::day,
};

/// What an identifier names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Organization,
    Authorization,
    Team,
    Person,
    Rota,
    Cluster,
    Role,
    Component,
    Interface,
    Connection,
    NodeAccess,
    Activity,
    Cryptography,
    Assessment,
    Exception,
}

impl Kind {
    /// The word for it in messages.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Organization => "organization",
            Kind::Authorization => "authorization",
            Kind::Team => "team",
            Kind::Person => "person",
            Kind::Rota => "rota",
            Kind::Cluster => "cluster",
            Kind::Role => "role",
            Kind::Component => "component",
            Kind::Interface => "interface",
            Kind::Connection => "connection",
            Kind::NodeAccess => "node access",
            Kind::Activity => "activity",
            Kind::Cryptography => "cryptography",
            Kind::Assessment => "assessment",
            Kind::Exception => "exception",
        }
    }

    /// The table that declares it.
    pub fn table(self) -> &'static str {
        match self {
            Kind::NodeAccess => "node-access",
            other => other.word(),
        }
    }
}

/// Identifiers and raw facts about them. Facts are absent where they could not be read.
#[derive(Debug, Default)]
pub(super) struct Index {
    pub names: BTreeMap<Kind, BTreeMap<String, Place>>,
    /// (kind, old identifier) to new identifier.
    pub renamed: BTreeMap<(Kind, String), String>,
    pub team_organization: BTreeMap<String, String>,
    pub team_is_application: BTreeMap<String, bool>,
    pub organization_kind: BTreeMap<String, String>,
    pub person_teams: BTreeMap<String, Vec<String>>,
    pub person_left: BTreeMap<String, NaiveDate>,
    pub component_team: BTreeMap<String, String>,
    pub component_fence: BTreeMap<String, String>,
    pub component_duties: BTreeMap<String, BTreeMap<&'static str, String>>,
    /// Some table of this kind has an identifier that could not be read, so absence proves nothing.
    pub uncertain: BTreeSet<Kind>,
}

impl Index {
    pub fn new(raw: &Raw, found: &RefCell<Vec<Diagnostic>>) -> Self {
        let mut index = Self::default();
        macro_rules! names {
            ($($list:ident: $kind:ident),*) => {$(
                for item in &raw.$list {
                    index.name(Kind::$kind, item, &item.raw.id, found);
                }
                if raw.unreadable.contains(Kind::$kind.table()) {
                    index.uncertain.insert(Kind::$kind);
                }
                // Only after all current names are known can an old name be told from a taken one.
                for item in &raw.$list {
                    index.old_names(Kind::$kind, item, &item.raw.id, &item.raw.was, found);
                }
            )*};
        }
        names!(organizations: Organization, authorizations: Authorization, teams: Team, people: Person, rotas: Rota, clusters: Cluster, roles: Role,
            components: Component, interfaces: Interface, connections: Connection, node_access: NodeAccess,
            activities: Activity, cryptography: Cryptography, assessments: Assessment, exceptions: Exception);
        for item in &raw.organizations {
            keep(&mut index.organization_kind, &item.raw.id, text(&item.raw.kind));
        }
        for item in &raw.teams {
            keep(&mut index.team_organization, &item.raw.id, text(&item.raw.organization));
            keep(&mut index.team_is_application, &item.raw.id, text(&item.raw.reader).map(|r| r == "application"));
        }
        for item in &raw.people {
            let teams = item
                .raw
                .teams
                .as_ref()
                .map(|teams| teams.get_ref().iter().map(|team| team.get_ref().clone()).collect());
            keep(&mut index.person_teams, &item.raw.id, teams);
            keep(&mut index.person_left, &item.raw.id, item.raw.left.as_ref().and_then(|left| day(*left.get_ref())));
        }
        for item in &raw.components {
            let raw = &item.raw;
            keep(&mut index.component_team, &raw.id, text(&raw.team));
            keep(&mut index.component_fence, &raw.id, text(&raw.fence));
            let duties = raw.duties.as_ref().map(|duties| {
                let d = duties.get_ref();
                [
                    ("image", &d.image),
                    ("configuration", &d.configuration),
                    ("data", &d.data),
                    ("availability", &d.availability),
                    ("access", &d.access),
                    ("network", &d.network),
                ]
                .into_iter()
                .filter_map(|(duty, team)| Some((duty, text(team)?)))
                .collect()
            });
            keep(&mut index.component_duties, &raw.id, duties);
        }
        index
    }

    fn name<T>(&mut self, kind: Kind, item: &Item<T>, id: &Text, found: &RefCell<Vec<Diagnostic>>) {
        let Some(id) = id else {
            self.uncertain.insert(kind);
            return;
        };
        let place = Place { source: item.source.clone(), span: id.span() };
        let names = self.names.entry(kind).or_default();
        if let Some(first) = names.get(id.get_ref()) {
            let message = format!("two {} `{}`", plural(kind), id.get_ref());
            found.borrow_mut().push(
                Diagnostic::new(Code::DuplicateId, place, message, "the second")
                    .also(first.clone(), "the first")
                    .help("identifiers are unique within their table: rename one"),
            );
        } else {
            names.insert(id.get_ref().clone(), place);
        }
    }

    fn old_names<T>(&mut self, kind: Kind, item: &Item<T>, id: &Text, was: &Texts, found: &RefCell<Vec<Diagnostic>>) {
        let Some(id) = id else { return };
        for old in was.iter().flat_map(|was| was.get_ref()) {
            let place = Place { source: item.source.clone(), span: old.span() };
            let taken = self.names.get(&kind).and_then(|names| names.get(old.get_ref()));
            if let Some(taken) = taken {
                let message =
                    format!("`{}` is the old name of {} `{}`, and taken", old.get_ref(), kind.word(), id.get_ref());
                found.borrow_mut().push(
                    Diagnostic::new(Code::DuplicateId, place, message, "an old name is never reused")
                        .also(taken.clone(), "taken here"),
                );
                continue;
            }
            let earlier = self.renamed.insert((kind, old.get_ref().clone()), id.get_ref().clone());
            if earlier.is_some_and(|earlier| earlier != *id.get_ref()) {
                let message = format!("`{}` is the old name of two {}", old.get_ref(), plural(kind));
                found.borrow_mut().push(Diagnostic::new(Code::DuplicateId, place, message, "the second"));
            }
        }
    }

    /// Team that answers for a component, or for one duty of it.
    pub fn owner(&self, component: &str, duty: Option<&str>) -> Option<&str> {
        duty.and_then(|duty| self.component_duties.get(component)?.get(duty))
            .or_else(|| self.component_team.get(component))
            .map(String::as_str)
    }

    /// Whether a team belongs to our own organization; `None` when that is not known.
    pub fn is_own(&self, team: &str) -> Option<bool> {
        let organization = self.team_organization.get(team)?;
        self.organization_kind.get(organization).map(|kind| kind == "own")
    }
}

fn plural(kind: Kind) -> String {
    match kind {
        Kind::Person => "people named".to_owned(),
        Kind::Activity => "activities".to_owned(),
        Kind::NodeAccess | Kind::Cryptography => format!("{} declarations", kind.word()),
        _ => format!("{}s", kind.word()),
    }
}

fn keep<T>(map: &mut BTreeMap<String, T>, id: &Text, value: Option<T>) {
    if let (Some(id), Some(value)) = (id, value) {
        map.entry(id.get_ref().clone()).or_insert(value);
    }
}

fn text(text: &Text) -> Option<String> {
    text.as_ref().map(|text| text.get_ref().clone())
}
