//! The verb matrix of the declared roles in words that a person at a keyboard knows: kubectl's.

use std::collections::{BTreeMap, BTreeSet};

use super::{AccessLine, Allowed, RoleAccess, Subject, rbac::Binding};
use crate::workspace::Role;

/// What a verb on a subresource lets one do, as kubectl calls it: resource, verbs, command.
const COMMANDS: &[(&str, &[&str], &str)] = &[
    ("pods/exec", &["create", "get"], "exec"),
    ("pods/attach", &["create", "get"], "attach"),
    ("pods/portforward", &["create", "get"], "port-forward"),
    ("pods/log", &["get"], "logs"),
    ("pods/eviction", &["create"], "evict"),
    ("pods/ephemeralcontainers", &["update", "patch"], "debug"),
    ("serviceaccounts/token", &["create"], "create token"),
    ("nodes/proxy", &["get", "create"], "reach kubelets"),
];

/// What the subjects of each declared role may do.
pub(super) fn declared(
    roles: &[Role],
    matrix: &BTreeMap<(Subject, String), Allowed>,
    bindings: &[Binding],
) -> Vec<RoleAccess> {
    let named: BTreeSet<&Subject> = bindings.iter().flat_map(|binding| &binding.subjects).collect();
    roles
        .iter()
        .map(|role| {
            let (bound, unbound): (Vec<Subject>, Vec<Subject>) =
                subjects(role).partition(|subject| named.contains(subject));
            RoleAccess { role: role.id.to_string(), lines: lines(matrix, &bound), bound, unbound }
        })
        .collect()
}

/// The Kubernetes subjects that carry a role.
pub(crate) fn subjects(role: &Role) -> impl Iterator<Item = Subject> {
    let plain = |kind: &'static str, name: &String| Subject {
        kind: kind.to_owned(),
        namespace: String::new(),
        name: name.clone(),
    };
    let groups = role.groups.iter().map(move |name| plain("Group", name));
    let users = role.users.iter().map(move |name| plain("User", name));
    let accounts = role.service_accounts.iter().map(|account| {
        let (namespace, name) = account.split_once('/').unwrap_or(("", account));
        Subject { kind: "ServiceAccount".to_owned(), namespace: namespace.to_owned(), name: name.to_owned() }
    });
    groups.chain(users).chain(accounts)
}

/// The groups that the API server itself puts a subject in.
fn implied(subject: &Subject) -> Vec<Subject> {
    let group = |name: String| Subject { kind: "Group".to_owned(), namespace: String::new(), name };
    let mut groups = vec![group("system:authenticated".to_owned())];
    if subject.kind == "ServiceAccount" {
        groups.push(group("system:serviceaccounts".to_owned()));
        groups.push(group(format!("system:serviceaccounts:{}", subject.namespace)));
    }
    groups
}

/// What several subjects may do to one target.
#[derive(Default)]
struct United<'m> {
    verbs: BTreeSet<&'m str>,
    through: BTreeSet<&'m str>,
}

/// What may be done to several targets.
#[derive(Default)]
struct Line<'m> {
    resources: Vec<String>,
    through: BTreeSet<&'m str>,
}

fn lines(matrix: &BTreeMap<(Subject, String), Allowed>, subjects: &[Subject]) -> Vec<AccessLine> {
    let everyone: BTreeSet<Subject> = subjects.iter().flat_map(implied).chain(subjects.iter().cloned()).collect();
    // Unite what all of them may do, by scope and target.
    let mut united: BTreeMap<(&str, &str, &str, &[String]), United<'_>> = BTreeMap::new();
    for ((subject, scope), allowed) in matrix {
        if !everyone.contains(subject) {
            continue;
        }
        for ((group, resource, names), (verbs, through)) in allowed {
            let entry = united.entry((scope, group, resource, names)).or_default();
            entry.verbs.extend(verbs.iter().map(String::as_str));
            entry.through.extend(through.iter().map(String::as_str));
        }
    }
    // One line for all resources with the same verbs.
    let mut lines: BTreeMap<(&str, String), Line<'_>> = BTreeMap::new();
    for ((scope, group, resource, names), united) in united {
        let line = lines.entry((scope, commands(resource, &united.verbs))).or_default();
        line.resources.push(target(group, resource, names));
        line.through.extend(united.through);
    }
    lines
        .into_iter()
        .map(|((scope, verbs), Line { resources, through })| AccessLine {
            scope: if scope.is_empty() { "whole cluster".to_owned() } else { scope.to_owned() },
            verbs,
            resources: resources.join(", "),
            through: through.into_iter().map(str::to_owned).collect(),
        })
        .collect()
}

/// `deployments.apps`, `pods (named web-0)`, `all resources`.
fn target(group: &str, resource: &str, names: &[String]) -> String {
    let place = match (group, resource) {
        ("*", "*") => "all resources".to_owned(),
        (group, "*") => format!("all resources of {}", if group.is_empty() { "core" } else { group }),
        ("*", resource) => format!("{resource} of all groups"),
        ("", resource) => resource.to_owned(),
        (group, resource) => match resource.split_once('/') {
            Some((resource, sub)) => format!("{resource}.{group}/{sub}"),
            None => format!("{resource}.{group}"),
        },
    };
    if names.is_empty() { place } else { format!("{place} (named {})", names.join(", ")) }
}

/// Verbs as kubectl's commands.
fn commands(resource: &str, verbs: &BTreeSet<&str>) -> String {
    if verbs.contains("*") {
        return "everything".to_owned();
    }
    if resource.starts_with('/') {
        return verbs.iter().copied().collect::<Vec<_>>().join(", ");
    }
    let has = |verb: &str| verbs.contains(verb);
    for (known, needed, command) in COMMANDS {
        if *known == resource && needed.iter().any(|verb| has(verb)) {
            return (*command).to_owned();
        }
    }
    if resource.ends_with("/scale") && (has("update") || has("patch")) {
        return "scale".to_owned();
    }
    let mut said = Vec::new();
    match (has("get"), has("list"), has("watch")) {
        (true, true, true) => said.push("get"),
        (get, list, watch) => {
            said.extend(get.then_some("get by name"));
            said.extend(list.then_some("list"));
            said.extend(watch.then_some("watch"));
        }
    }
    said.extend(has("create").then_some("create"));
    said.extend((has("update") || has("patch")).then_some("edit"));
    said.extend(has("delete").then_some("delete"));
    said.extend(has("deletecollection").then_some("delete all"));
    const PLAIN: [&str; 8] = ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"];
    said.extend(verbs.iter().filter(|verb| !PLAIN.contains(verb)));
    said.join(", ")
}
