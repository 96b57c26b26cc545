//! Access: grants that lead further than they should, and bindings of everybody, of nothing, of nobody known.

use std::collections::{BTreeMap, BTreeSet};

use super::{Answer, Evaluator, Question, Tally};
use crate::{
    facts::{
        Subject,
        access::{
            accounts::{self, Rights, TOKEN_OF, Use},
            declared::{Declared, Known},
            matrix,
            powers::{self, Whole},
            rbac::{self, Binding, GROUP, Roles},
            readable,
        },
        members,
    },
    ownership::Spot,
    workspace::{May, TeamId},
};

pub(super) const EVALUATORS: &[Evaluator] = &[
    Evaluator { name: "rbac-escalation", subjects: "bindings", alone: true, ask: escalation },
    Evaluator { name: "rbac-anyone", subjects: "bindings", alone: true, ask: anyone },
    Evaluator { name: "rbac-default-account", subjects: "bindings", alone: true, ask: default_account },
    Evaluator { name: "rbac-undeclared", subjects: "bindings", alone: false, ask: undeclared },
    Evaluator { name: "rbac-dangling", subjects: "bindings", alone: false, ask: dangling },
    Evaluator { name: "rbac-leavers", subjects: "bindings", alone: false, ask: leavers },
    Evaluator { name: "token-automount", subjects: "Pods", alone: false, ask: automount },
    Evaluator { name: "token-long-lived", subjects: "Secrets", alone: true, ask: long_lived },
];

/// All roles, aggregated.
pub(super) fn roles(question: &Question<'_, '_>, tally: &mut Tally) -> Roles {
    let mut roles = Roles::default();
    for (kind, cluster) in [("ClusterRole", true), ("Role", false)] {
        for (spot, object) in question.objects(GROUP, kind) {
            if let Err(error) = roles.add(object, cluster) {
                tally.odd(spot, error);
            }
        }
    }
    roles.aggregate();
    roles
}

/// Bindings, Kubernetes' own left out; each is a subject.
pub(super) fn bindings(question: &Question<'_, '_>, tally: &mut Tally) -> Vec<(Spot, Binding)> {
    let mut found = Vec::new();
    for (kind, cluster) in [("ClusterRoleBinding", true), ("RoleBinding", false)] {
        for (spot, object) in question.objects(GROUP, kind) {
            tally.subject();
            match Binding::parse(object, cluster) {
                Ok(binding) if binding.default => {}
                Ok(binding) => found.push((spot, binding)),
                Err(error) => tally.odd(spot, error),
            }
        }
    }
    found
}

fn named(subjects: &[&Subject]) -> String {
    subjects.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Only subjects of roles declared as privileged hold rights that lead to more than they name, for the whole cluster or
/// in a namespace of another team. Bindings that grant everything are `rbac-cluster-admin`'s.
fn escalation(question: &Question<'_, '_>) -> Answer {
    let mut tally = Tally::default();
    let roles = roles(question, &mut tally);
    let declared = readable::privileged(question.bench.join.workspace());
    let home = Home::of(question);
    for (spot, binding) in bindings(question, &mut tally) {
        let whole = Whole::of(&binding.namespace);
        if whole == Whole::Yes && roles.grants_everything(&binding) {
            continue;
        }
        let abroad = |subject: &Subject| whole == Whole::Yes || home.is_foreign(subject, &binding.namespace);
        let strangers: Vec<&Subject> =
            binding.subjects.iter().filter(|subject| !declared.contains(subject) && abroad(subject)).collect();
        if strangers.is_empty() {
            continue;
        }
        let lines = matrix::lines(roles.rules(&binding), whole == Whole::Yes);
        let held: Vec<&str> = powers::all()
            .iter()
            .filter(|power| power.given_by(&lines, whole).iter().any(|line| line.names.is_empty()))
            .map(|power| power.does.as_str())
            .collect();
        if !held.is_empty() {
            let role = binding.role_kind_and_name();
            let place = match whole {
                Whole::Yes => "in the whole cluster".to_owned(),
                Whole::No => format!("in {}, a namespace of another team", binding.namespace),
            };
            tally.fail(spot, format!("{role} lets {} {place}: {}", named(&strangers), held.join(", ")));
        }
    }
    tally.answer()
}

/// Whose namespaces are whose.
struct Home<'q> {
    teams: BTreeMap<&'q str, TeamId>,
    roles: BTreeMap<Subject, BTreeSet<&'q TeamId>>,
}

impl<'q> Home<'q> {
    fn of(question: &Question<'_, 'q>) -> Self {
        let owners = question.bench.join.owners("", "Namespace");
        let owned = question.objects("", "Namespace").filter_map(|(spot, object)| {
            let (_, team) = owners.of(spot.object);
            Some((&*object.name, team?))
        });
        let mut roles: BTreeMap<Subject, BTreeSet<&TeamId>> = BTreeMap::new();
        for role in &question.bench.join.workspace().roles {
            for subject in readable::subjects(role) {
                roles.entry(subject).or_default().insert(&role.team);
            }
        }
        Self { teams: owned.collect(), roles }
    }

    /// The namespace belongs to a team, and that team is not the subject's: not that of the account's own namespace, not
    /// that of a declared role.
    fn is_foreign(&self, subject: &Subject, namespace: &str) -> bool {
        let Some(team) = self.teams.get(namespace) else { return false };
        let carried = self.roles.get(subject).is_some_and(|teams| teams.contains(team));
        let lives = subject.kind == "ServiceAccount"
            && (subject.namespace == namespace || self.teams.get(&*subject.namespace) == Some(team));
        !carried && !lives
    }
}

/// No binding but Kubernetes' own reaches everybody, with or without a login.
fn anyone(question: &Question<'_, '_>) -> Answer {
    let mut tally = Tally::default();
    for (spot, binding) in bindings(question, &mut tally) {
        let open: Vec<&Subject> = binding.subjects.iter().filter(|subject| rbac::is_anyone(subject)).collect();
        if !open.is_empty() && !rbac::is_expected(&binding) {
            tally.fail(spot, format!("{} is bound to {}", binding.role_kind_and_name(), named(&open)));
        }
    }
    tally.answer()
}

/// No binding names the account that Pods get unless they ask for another.
fn default_account(question: &Question<'_, '_>) -> Answer {
    let mut tally = Tally::default();
    for (spot, binding) in bindings(question, &mut tally) {
        let is_default = |subject: &&Subject| subject.kind == "ServiceAccount" && subject.name == "default";
        let found: Vec<&Subject> = binding.subjects.iter().filter(is_default).collect();
        if !found.is_empty() {
            tally.fail(spot, format!("{} is bound to {}", binding.role_kind_and_name(), named(&found)));
        }
    }
    tally.answer()
}

/// Every subject of a binding stands in a declared role, or is the account of a component; one whose roles say what they
/// may hold gets nothing beyond it.
fn undeclared(question: &Question<'_, '_>) -> Answer {
    let mut tally = Tally::default();
    if question.bench.join.workspace().roles.is_empty() {
        return Answer::Manual("the workspace declares no `[[role]]`: nothing says who should hold rights".to_owned());
    }
    let known = Known::of(question.bench.join);
    let roles = roles(question, &mut tally);
    // A subject of a role that does not say what it may hold is not compared.
    let mut allowed: BTreeMap<Subject, Option<Vec<May>>> = BTreeMap::new();
    for role in &question.bench.join.workspace().roles {
        for subject in readable::subjects(role) {
            let may = allowed.entry(subject).or_insert_with(|| Some(Vec::new()));
            *may = may.take().zip(role.may.as_ref()).map(|(mut all, more)| {
                all.extend(more.iter().cloned());
                all
            });
        }
    }
    let mut declared: BTreeMap<&Subject, Declared<'_>> =
        allowed.iter().filter_map(|(subject, may)| Some((subject, Declared::new(&roles, may.as_deref()?)))).collect();
    for (spot, binding) in bindings(question, &mut tally) {
        let (sets, grants) = matrix::of(&roles, [&binding]);
        let mut wrong: Vec<String> = Vec::new();
        for grant in &grants {
            let Some(declared) = declared.get_mut(&grant.subject) else { continue };
            for beyond in declared.beyond(grant, &sets) {
                let what = match &beyond.role {
                    Some(role) => format!("all of {role}"),
                    None => beyond.what.join("; "),
                };
                wrong.push(format!("{} holds more than its role declares: {what}", grant.subject));
            }
        }
        let strangers: Vec<&Subject> = binding.subjects.iter().filter(|subject| known.is_stranger(subject)).collect();
        if !strangers.is_empty() {
            let role = binding.role_kind_and_name();
            wrong.push(format!("{role} is bound to {}, in no declared role", named(&strangers)));
        }
        if !wrong.is_empty() {
            tally.fail(spot, wrong.join("; "));
        }
    }
    tally.answer()
}

/// Every binding names a role that exists.
fn dangling(question: &Question<'_, '_>) -> Answer {
    let mut tally = Tally::default();
    let roles = roles(question, &mut tally);
    for (spot, binding) in bindings(question, &mut tally) {
        if !roles.has(&binding) {
            tally.fail(spot, format!("{} does not exist", binding.role_kind_and_name()));
        }
    }
    tally.answer()
}

/// A token is mounted only into Pods whose account holds rights.
fn automount(question: &Question<'_, '_>) -> Answer {
    let mut tally = Tally::default();
    let mut bound = Vec::new();
    for (kind, cluster) in [("ClusterRoleBinding", true), ("RoleBinding", false)] {
        for (spot, object) in question.objects(GROUP, kind) {
            match Binding::parse(object, cluster) {
                Ok(binding) => bound.push(binding),
                Err(error) => tally.odd(spot, error),
            }
        }
    }
    let rights = Rights::of(&bound);
    let mut says = BTreeMap::new();
    for (spot, object) in question.objects("", "ServiceAccount") {
        match accounts::automount(object) {
            Ok(value) => {
                says.insert((&*object.namespace, &*object.name), value);
            }
            Err(error) => tally.odd(spot, error),
        }
    }
    for (spot, object) in question.objects("", "Pod") {
        tally.subject();
        match Use::of(object) {
            Err(error) => tally.odd(spot, error),
            Ok(found) => {
                let said = says.get(&(&*object.namespace, found.account.as_str())).copied().flatten();
                if found.mounted(said) && !rights.has(&object.namespace, &found.account) {
                    let message = format!(
                        "the token of service account {} is mounted, and no binding gives that account rights",
                        found.account
                    );
                    tally.fail(spot, message);
                }
            }
        }
    }
    tally.answer()
}

/// No Secret is a token of a service account.
fn long_lived(question: &Question<'_, '_>) -> Answer {
    let mut tally = Tally::default();
    for (spot, object) in question.objects("", "Secret") {
        tally.subject();
        if let Some(account) = object.annotations.get(TOKEN_OF) {
            let age = object.created.map(|created| (question.bench.as_of - created).num_days());
            let age = age.map_or_else(String::new, |days| format!(", {days} days old"));
            tally.fail(spot, format!("a token of service account {account} that never ends{age}"));
        }
    }
    tally.answer()
}

/// Nobody who left holds rights: by name, or as a member of a group.
fn leavers(question: &Question<'_, '_>) -> Answer {
    let mut tally = Tally::default();
    let workspace = question.bench.join.workspace();
    let today = question.bench.as_of.date_naive();
    let lists = members::newest(workspace);
    let left =
        |name: &str| members::person(workspace, name).and_then(|person| person.left).is_some_and(|date| date <= today);
    let mut unknown: BTreeSet<String> = BTreeSet::new();
    let mut failed = false;
    for (spot, binding) in bindings(question, &mut tally) {
        let mut gone: BTreeSet<String> = BTreeSet::new();
        for subject in &binding.subjects {
            match &*subject.kind {
                "User" if left(&subject.name) => {
                    gone.insert(subject.name.clone());
                }
                "Group" if !subject.name.starts_with("system:") => {
                    let mut known = false;
                    for (list, _) in lists.iter().filter(|(list, _)| list.groups.contains_key(&subject.name)) {
                        known = true;
                        let people = list.people(&subject.name).into_iter().filter(|name| left(name));
                        gone.extend(people.map(|name| format!("{name} of {}", subject.name)));
                    }
                    if !known {
                        unknown.insert(subject.name.clone());
                    }
                }
                _ => {}
            }
        }
        if !gone.is_empty() {
            failed = true;
            let gone: Vec<_> = gone.into_iter().collect();
            tally.fail(spot, format!("{} is held by {}, who left", binding.role_kind_and_name(), gone.join(", ")));
        }
    }
    let old = lists.iter().find(|(list, _)| members::is_old(workspace, list, question.bench.as_of));
    if failed {
        return tally.answer();
    }
    if !unknown.is_empty() {
        let names: Vec<_> = unknown.into_iter().collect();
        return Answer::NotVisible(format!(
            "the members of {} are known to the identity provider only: `scopefence import groups` takes a list",
            names.join(", ")
        ));
    }
    if let Some((list, _)) = old {
        let days = workspace.policy.evidence_days;
        return Answer::Manual(format!(
            "the members from {} are of {}, more than {days} days old: import them anew",
            list.source, list.date
        ));
    }
    tally.answer()
}
