//! What all models share: the inputs, names, and the small shapes of OSCAL (properties, links, parties, tokens).
//!
//! OSCAL has no empty lists and no empty strings: [`object`] leaves out what has nothing to say.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Display,
};

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use serde_json::{Map, Value};

use super::names::Names;
use crate::{
    assess::{
        self, Assessment, Check,
        plan::{Item, Plan},
    },
    frameworks::Frameworks,
    pretty,
    sort::Sort,
    workspace::{CheckId, ComponentId, ControlId, Implementation, OrganizationKind, Party, TeamId, Workspace},
};

/// Namespace of properties that OSCAL does not define, and seed of all identifiers.
pub(super) const NAMESPACE: &str = "https://github.com/scopefence/scopefence/ns/oscal";

/// The inputs of one export.
pub(super) struct Build<'a> {
    pub(super) workspace: &'a Workspace,
    pub(super) assessment: &'a Assessment,
    pub(super) frameworks: &'a Frameworks,
    pub(super) names: Names,
    /// The controls that the plan answers: the baseline as tailored, else those with an implementation.
    pub(super) selected: Vec<ControlId>,
    /// Statements on selected controls, in the order of the catalog.
    pub(super) implementations: Vec<&'a Implementation>,
    /// What is open, accepted and closed, with what was decided.
    pub(super) plan: Plan<'a>,
    checks: BTreeMap<&'a CheckId, &'a Check>,
}

impl<'a> Build<'a> {
    pub(super) fn new(workspace: &'a Workspace, assessment: &'a Assessment) -> Self {
        let mut build = Self {
            workspace,
            assessment,
            frameworks: &workspace.frameworks,
            names: Names::new(&workspace.system.id),
            selected: Vec::new(),
            implementations: Vec::new(),
            plan: assess::plan(workspace, assessment),
            checks: assessment.checks.iter().map(|check| (&check.id, &**check)).collect(),
        };
        build.selected = super::profile::selected(&build);
        let selected: BTreeSet<&ControlId> = build.selected.iter().collect();
        let stated = workspace.implementations.iter().filter(|it| selected.contains(&it.control));
        build.implementations = stated.collect();
        build.implementations.order_by(|a, b| build.frameworks.compare(&a.control, &b.control));
        build
    }

    /// When the content last changed as far as anybody said: the assessment's clock, else the newest revision.
    pub(super) fn modified(&self) -> DateTime<Utc> {
        let control = &self.workspace.control;
        let dates = control.revisions.iter().map(|revision| revision.date);
        let declared = || dates.chain(control.completed).chain(control.approved).max().unwrap_or_default();
        self.assessment.as_of.unwrap_or_else(|| declared().and_time(chrono::NaiveTime::MIN).and_utc())
    }

    /// Every finding with what was decided of it: what is open, then what is accepted.
    pub(super) fn items(&self) -> impl Iterator<Item = &Item<'a>> {
        self.plan.open.iter().chain(&self.plan.accepted)
    }

    /// Identifier of the party that a team or a person is.
    pub(super) fn party(&self, party: &Party) -> Value {
        match party {
            Party::Person(id) => self.names.id("person", id.as_str()),
            Party::Team(id) => self.team(id),
        }
    }

    /// Identifier of the party that a team is.
    pub(super) fn team(&self, id: &TeamId) -> Value {
        self.names.id("team", id.as_str())
    }

    /// Identifier of a declared component.
    pub(super) fn component(&self, id: &ComponentId) -> Value {
        self.names.id("component", id.as_str())
    }

    /// The check that something speaks of.
    pub(super) fn check(&self, id: &CheckId) -> Option<&'a Check> {
        self.checks.get(id).copied()
    }

    /// A reference to a resource of the back matter: `#uuid`.
    pub(super) fn resource(&self, kind: &str, id: &str) -> Value {
        format!("#{}", self.names.uuid(kind, id)).into()
    }

    /// Relation of the organization that a team belongs to.
    pub(super) fn relation(&self, team: &TeamId) -> OrganizationKind {
        let team = self.workspace.team(team);
        self.workspace.organization(&team.organization).kind
    }

    /// Framework whose controls the plan answers: the baseline's, else that of the first implementation.
    pub(super) fn framework(&self) -> Option<&'a str> {
        let chosen = self.workspace.baseline.as_ref().map(|choice| choice.framework.as_str());
        chosen.or_else(|| self.workspace.implementations.first().map(|first| first.control.framework()))
    }

    /// Identifier of a control as OSCAL wants it: a token. Those of catalogs that count from a digit get the
    /// framework's name in front.
    pub(super) fn control(&self, control: &ControlId) -> String {
        control_token(control)
    }

    /// `AC-6(5) Privileged Accounts`.
    pub(super) fn control_title(&self, control: &ControlId) -> String {
        match self.frameworks.control(control) {
            Some(known) => format!("{} {}", known.label, known.title),
            None => control.control().to_owned(),
        }
    }
}

/// Identifier of a control as a token: `ac-6.5`, `cis-kubernetes-1.12-5.2.1`.
pub(super) fn control_token(control: &ControlId) -> String {
    match control.control().chars().next() {
        Some(first) if first.is_alphabetic() => token(control.control()),
        _ => token(&format!("{}-{}", control.framework(), control.control())),
    }
}

/// An object of these fields, without nulls, empty lists and empty texts.
pub(super) fn object<const N: usize>(fields: [(&str, Value); N]) -> Value {
    let says = |value: &Value| match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => true,
    };
    pretty::object(&mut fields.into_iter().filter(|(_, value)| says(value)))
}

/// A list of what there is.
pub(super) fn list(items: impl IntoIterator<Item = Value>) -> Value {
    Value::Array(items.into_iter().collect())
}

/// A list without repetitions.
pub(super) fn distinct(items: impl IntoIterator<Item = Value>) -> Value {
    let mut kept = Vec::new();
    for item in items {
        if !kept.contains(&item) {
            kept.push(item);
        }
    }
    Value::Array(kept)
}

/// Text on one line, as OSCAL's `string` wants it: no line ends, no blanks at its ends.
pub(super) fn line(text: impl Display) -> Value {
    text.to_string().split_whitespace().collect::<Vec<_>>().join(" ").into()
}

/// Text on several lines, without blanks at its ends.
pub(super) fn prose(text: &str) -> Value {
    text.trim().into()
}

/// [`prose`], or what stands for it where nothing was declared.
pub(super) fn prose_or(text: &str, instead: &str) -> Value {
    prose(if text.trim().is_empty() { instead } else { text })
}

/// A property that OSCAL defines.
pub(super) fn property(name: &str, value: impl Display) -> Value {
    object([("name", name.into()), ("value", line(value))])
}

/// A property of our own.
pub(super) fn own(name: &str, value: impl Display) -> Value {
    object([("name", name.into()), ("ns", NAMESPACE.into()), ("value", line(value))])
}

/// Who answers in a role.
pub(super) fn responsible(role: &str, parties: impl IntoIterator<Item = Value>) -> Value {
    object([("role-id", role.into()), ("party-uuids", distinct(parties))])
}

/// A moment with its zone.
pub(super) fn moment(at: DateTime<Utc>) -> Value {
    at.to_rfc3339_opts(SecondsFormat::Secs, true).into()
}

/// The end of a day, where OSCAL wants a moment.
pub(super) fn day_end(day: NaiveDate) -> Value {
    format!("{day}T23:59:59Z").into()
}

/// Characters that a token may not have become hyphens; one that does not start with a letter gets an underscore.
pub(super) fn token(text: &str) -> String {
    let mut token: String =
        text.chars().map(|it| if it.is_alphanumeric() || matches!(it, '.' | '-' | '_') { it } else { '-' }).collect();
    if !token.starts_with(|first: char| first.is_alphabetic() || first == '_') {
        token.insert(0, '_');
    }
    token
}

/// What a serde enum writes for itself: `under-development`.
pub(super) fn word(value: impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

/// Fields of an object, for documents.
pub(super) fn fields(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}
