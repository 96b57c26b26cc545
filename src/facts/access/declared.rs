//! Declared rights against those that RBAC grants.
//!
//! In: the workspace's roles with what each may hold (`[[role.may]]`), RBAC objects, owners of bindings and accounts. Out:
//! [`DeclaredAccess`]: what is held and not declared, declared and not held, and who holds rights in no declared role.
//!
//! Invariant: a right counts as declared only where a declaration covers all of it: group, resource, names, verb, place.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;

use super::{
    Bound, Grant, RuleLine, RuleSet, Subject, matrix,
    rbac::{self, Roles},
    readable,
};
use crate::{
    facts::observed::{Observed, Reading},
    ownership::{
        Join,
        pattern::{self, Pattern},
    },
    workspace::{ComponentId, May, Role, TeamId},
};

/// Declared rights against observed ones.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct DeclaredAccess {
    /// Roles that say what they may hold, in the order of declaration.
    pub roles: Vec<Comparison>,
    /// Roles that do not say it, by title.
    pub silent: Vec<String>,
    /// Subjects that hold rights and stand in no declared role, sorted.
    pub strangers: Vec<Stranger>,
}

/// One role compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// Declared role.
    pub role: String,
    /// Its title.
    pub title: String,
    /// Team whose members hold it.
    pub team: TeamId,
    /// Held, not declared.
    pub beyond: Vec<Beyond>,
    /// Declared, not held.
    pub missing: Vec<Missing>,
}

/// A right that is held and not declared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Beyond {
    /// Who.
    pub subject: Subject,
    /// Everything that a role grants, or verbs and resources: `create, delete pods`.
    pub what: Vec<String>,
    /// Role that grants it, where all of it is beyond.
    pub role: Option<String>,
    /// Where; one empty name for the whole cluster.
    pub scopes: Vec<String>,
    /// Bindings that grant it.
    pub bindings: Vec<String>,
}

/// A right that is declared and not held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Missing {
    /// As declared: `edit`, or verbs and resources.
    pub what: String,
    /// Where; one empty name for the whole cluster. Empty when no namespace has a declared name.
    pub scopes: Vec<String>,
}

/// A subject in no declared role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stranger {
    /// Who.
    pub subject: Subject,
    /// Component that owns the first binding.
    pub component: Option<ComponentId>,
    /// Its team.
    pub team: Option<TeamId>,
    /// Bindings with their roles.
    pub through: Vec<String>,
}

pub(in crate::facts) fn observe(join: &Join<'_>) -> Observed<DeclaredAccess> {
    let mut reading = Reading::new(join.snapshot());
    let (roles, bindings) = rbac::read(&mut reading, join);
    let (sets, grants) = matrix::of(&roles, bindings.iter().filter(|binding| !binding.default));
    let namespaces: Vec<&str> = reading.need("", "Namespace").iter().map(|object| &*object.name).collect();
    let workspace = join.workspace();
    let mut found = DeclaredAccess::default();
    for role in &workspace.roles {
        match &role.may {
            None => found.silent.push(role.title.clone()),
            Some(may) => {
                let mut declared = Declared::new(&roles, may);
                let subjects: Vec<Subject> = readable::subjects(role).collect();
                found.roles.push(Comparison {
                    role: role.id.to_string(),
                    title: role.title.clone(),
                    team: role.team.clone(),
                    beyond: subjects
                        .iter()
                        .flat_map(|subject| readable::of(&grants, subject))
                        .flat_map(|grant| declared.beyond(grant, &sets))
                        .collect(),
                    missing: missing(&roles, may, &subjects, &sets, &grants, &namespaces),
                });
            }
        }
    }
    found.strangers = strangers(join, &grants, &workspace.roles);
    // Service accounts of components are told from strangers by their objects.
    reading.wish("", "ServiceAccount");
    reading.finish(found)
}

/// What one role may hold, by place.
pub(crate) struct Declared<'d> {
    roles: &'d Roles,
    may: Vec<(&'d May, Vec<Pattern>)>,
    known: HashMap<String, Vec<RuleLine>>,
}

impl<'d> Declared<'d> {
    pub(crate) fn new(roles: &'d Roles, may: &'d [May]) -> Self {
        let may = may.iter().map(|may| (may, Pattern::list(&may.namespaces))).collect();
        Self { roles, may, known: HashMap::new() }
    }

    /// Rights declared for a place.
    fn rules(&mut self, scope: &str) -> &[RuleLine] {
        if !self.known.contains_key(scope) {
            let here = |(may, globs): &&(&May, Vec<Pattern>)| {
                may.namespaces.is_empty() || (!scope.is_empty() && pattern::any(globs, scope))
            };
            let rules = self.may.iter().filter(here).flat_map(|(may, _)| lines(self.roles, may, scope)).collect();
            self.known.insert(scope.to_owned(), rules);
        }
        self.known.get(scope).map_or(&[], Vec::as_slice)
    }

    /// What a grant gives beyond that.
    pub(crate) fn beyond(&mut self, grant: &Grant, sets: &[RuleSet]) -> Vec<Beyond> {
        let Some(set) = sets.get(grant.rules) else { return Vec::new() };
        let mut folded: BTreeMap<Vec<RuleLine>, Vec<&Bound>> = BTreeMap::new();
        for bound in &grant.bound {
            let declared = self.rules(&bound.scope);
            let left: Vec<RuleLine> = set.rules.iter().flat_map(|line| uncovered(line, declared)).collect();
            if !left.is_empty() {
                folded.entry(left).or_default().push(bound);
            }
        }
        folded
            .into_iter()
            .map(|(left, bound)| {
                let all = rights(&left) == rights(&set.rules);
                let set = RuleSet { roles: Vec::new(), rules: left };
                Beyond {
                    subject: grant.subject.clone(),
                    what: readable::united(std::iter::once(&set))
                        .into_iter()
                        .map(|(verbs, resources)| format!("{}: {}", verbs.join(", "), resources.join(", ")))
                        .collect(),
                    role: all.then(|| grant.role.clone()),
                    scopes: bound.iter().map(|bound| bound.scope.clone()).collect(),
                    bindings: bound.iter().map(|bound| bound.binding.clone()).collect(),
                }
            })
            .collect()
    }
}

/// Number of single rights.
fn rights(lines: &[RuleLine]) -> usize {
    lines.iter().map(|line| line.resources.len() * line.verbs.len()).sum()
}

/// The rules that a declaration stands for. A role is named as `edit` (ClusterRole) or `Role/deployer`.
fn lines(roles: &Roles, may: &May, scope: &str) -> Vec<RuleLine> {
    let mut lines: Vec<RuleLine> = may
        .roles
        .iter()
        .flat_map(|name| match name.strip_prefix("Role/") {
            Some(name) if !scope.is_empty() => matrix::lines(roles.named(scope, name), false),
            Some(_) => Vec::new(),
            None => matrix::lines(roles.named("", name), scope.is_empty()),
        })
        .collect();
    for resource in &may.resources {
        let (group, resource) = split(resource);
        let resources = vec![resource];
        lines.push(RuleLine { group, resources, names: Vec::new(), verbs: may.verbs.clone() });
    }
    lines
}

/// `deployments.apps/scale` into API group and resource; `*` is everything, `*.apps` all of a group, `/metrics` a URL.
pub(super) fn split(resource: &str) -> (String, String) {
    if resource == "*" {
        return ("*".to_owned(), "*".to_owned());
    }
    if resource.starts_with('/') {
        return (String::new(), resource.to_owned());
    }
    let (name, sub) = resource.split_once('/').map_or((resource, ""), |(name, sub)| (name, sub));
    let (name, group) = name.split_once('.').unwrap_or((name, ""));
    let full = if sub.is_empty() { name.to_owned() } else { format!("{name}/{sub}") };
    (group.to_owned(), full)
}

/// What of a rule these do not cover.
fn uncovered(line: &RuleLine, declared: &[RuleLine]) -> Vec<RuleLine> {
    let mut left: Vec<RuleLine> = Vec::new();
    for resource in &line.resources {
        let covers = |other: &RuleLine, verb: &str| {
            let names = other.names.is_empty()
                || (!line.names.is_empty() && line.names.iter().all(|name| other.names.contains(name)));
            names && other.allows(&line.group, resource, &[verb])
        };
        let verbs: Vec<String> =
            line.verbs.iter().filter(|verb| !declared.iter().any(|other| covers(other, verb))).cloned().collect();
        if verbs.is_empty() {
            continue;
        }
        match left.iter_mut().find(|known| known.verbs == verbs) {
            Some(known) => known.resources.push(resource.clone()),
            None => left.push(RuleLine {
                group: line.group.clone(),
                resources: vec![resource.clone()],
                names: line.names.clone(),
                verbs,
            }),
        }
    }
    left
}

/// Declarations of which something is held nowhere, or not in every place named.
fn missing(
    roles: &Roles,
    may: &[May],
    subjects: &[Subject],
    sets: &[RuleSet],
    grants: &[Grant],
    namespaces: &[&str],
) -> Vec<Missing> {
    let mut held: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    for grant in subjects.iter().flat_map(|subject| readable::of(grants, subject)) {
        for bound in &grant.bound {
            held.entry(&bound.scope).or_default().insert(grant.rules);
        }
    }
    let holds = |scope: &str, wanted: &[RuleLine]| {
        let here = ["", scope].into_iter().filter_map(|place| held.get(place)).flatten();
        let rules: Vec<RuleLine> =
            here.filter_map(|set| sets.get(*set)).flat_map(|set| set.rules.iter().cloned()).collect();
        !wanted.is_empty() && wanted.iter().all(|line| uncovered(line, &rules).is_empty())
    };
    let mut out = Vec::new();
    for may in may {
        let what = match may.roles.as_slice() {
            [] => format!("{}: {}", may.verbs.join(", "), may.resources.join(", ")),
            roles => roles.join(", "),
        };
        let globs = Pattern::list(&may.namespaces);
        let places: Vec<&str> = match may.namespaces.as_slice() {
            [] => vec![""],
            _ => namespaces.iter().copied().filter(|name| pattern::any(&globs, name)).collect(),
        };
        let scopes: Vec<String> = places
            .iter()
            .filter(|scope| !holds(scope, &lines(roles, may, scope)))
            .map(|scope| (*scope).to_owned())
            .collect();
        if places.is_empty() || !scopes.is_empty() {
            out.push(Missing { what, scopes });
        }
    }
    out
}

/// A subject that the workspace should know: not Kubernetes' own, and not of a service account that a component claims.
pub(crate) struct Known<'k> {
    roles: BTreeSet<Subject>,
    claimed: BTreeSet<(&'k str, &'k str)>,
    accounts: bool,
}

impl<'k> Known<'k> {
    pub(crate) fn of(join: &'k Join<'_>) -> Self {
        let list = join.snapshot().list("", "ServiceAccount");
        let owners = join.owners("", "ServiceAccount");
        let objects = list.map_or(&[][..], |list| list.seen()).iter().enumerate();
        Self {
            roles: join.workspace().roles.iter().flat_map(readable::subjects).collect(),
            claimed: objects
                .filter(|(index, _)| owners.of(*index).0.is_some())
                .map(|(_, object)| (&*object.namespace, &*object.name))
                .collect(),
            accounts: list.is_some_and(|list| list.complete().is_ok()),
        }
    }

    /// It stands in no declared role, and nothing else says whose it is.
    pub(crate) fn is_stranger(&self, subject: &Subject) -> bool {
        if self.roles.contains(subject) {
            return false;
        }
        match &*subject.kind {
            "ServiceAccount" => self.accounts && !self.claimed.contains(&(&*subject.namespace, &*subject.name)),
            _ => !subject.name.starts_with("system:") && !subject.name.starts_with("kubeadm:"),
        }
    }
}

fn strangers(join: &Join<'_>, grants: &[Grant], roles: &[Role]) -> Vec<Stranger> {
    if roles.is_empty() {
        return Vec::new();
    }
    let known = Known::of(join);
    let mut owners: HashMap<String, usize> = HashMap::new();
    let lists = [("ClusterRoleBinding", true), ("RoleBinding", false)];
    for (kind, cluster) in lists {
        let objects = join.snapshot().list(rbac::GROUP, kind).map_or(&[][..], |list| list.seen());
        for (index, object) in objects.iter().enumerate() {
            let key = match cluster {
                true => format!("{kind} {}", object.name),
                false => format!("{kind} {}/{}", object.namespace, object.name),
            };
            owners.insert(key, index);
        }
    }
    let owner = |binding: &str| {
        let kind = binding.split(' ').next().unwrap_or_default();
        owners.get(binding).map_or((None, None), |index| join.owners(rbac::GROUP, kind).of(*index))
    };
    grants
        .chunk_by(|a, b| a.subject == b.subject)
        .filter_map(|grants| Some((grants.first()?, grants)))
        .filter(|(first, _)| known.is_stranger(&first.subject))
        .map(|(first, grants)| {
            let (component, team) = first.bound.first().map_or((None, None), |bound| owner(&bound.binding));
            let through = grants
                .iter()
                .flat_map(|grant| grant.bound.iter().map(move |bound| format!("{} → {}", bound.binding, grant.role)));
            Stranger { subject: first.subject.clone(), component, team, through: through.collect() }
        })
        .collect()
}
