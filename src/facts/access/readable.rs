//! The verb matrix of the declared roles in words that a person at a keyboard knows: kubectl's.

use std::collections::{BTreeMap, BTreeSet};

use super::{AccessLine, Grant, RoleAccess, RuleLine, RuleSet, Subject};
use crate::{
    visible::spelled_out,
    workspace::{Role, Workspace},
};

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

/// Kubernetes' own roles for people, whose names say what they grant.
const BUILT_IN: [(&str, &str); 4] = [
    ("ClusterRole admin", "admin"),
    ("ClusterRole cluster-admin", "cluster-admin"),
    ("ClusterRole edit", "edit"),
    ("ClusterRole view", "view"),
];

/// What the subjects of each declared role may do.
pub(super) fn declared(roles: &[Role], sets: &[RuleSet], grants: &[Grant]) -> Vec<RoleAccess> {
    roles
        .iter()
        .map(|role| {
            let (bound, unbound): (Vec<Subject>, Vec<Subject>) =
                subjects(role).partition(|subject| !of(grants, subject).is_empty());
            RoleAccess { role: role.id.to_string(), lines: lines(sets, grants, &bound), bound, unbound }
        })
        .collect()
}

/// Grants of one subject: they are sorted by subject.
pub(crate) fn of<'g>(grants: &'g [Grant], subject: &Subject) -> &'g [Grant] {
    let start = grants.partition_point(|grant| grant.subject < *subject);
    let rest = &grants[start..];
    &rest[..rest.partition_point(|grant| grant.subject == *subject)]
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

/// The subjects of roles that are declared as privileged.
pub(crate) fn privileged(workspace: &Workspace) -> BTreeSet<Subject> {
    workspace.roles.iter().filter(|role| role.privileged).flat_map(subjects).collect()
}

/// The groups that the API server itself puts a subject in.
pub(crate) fn implied(subject: &Subject) -> Vec<Subject> {
    let group = |name: String| Subject { kind: "Group".to_owned(), namespace: String::new(), name };
    let mut groups = vec![group("system:authenticated".to_owned())];
    if subject.kind == "ServiceAccount" {
        groups.push(group("system:serviceaccounts".to_owned()));
        groups.push(group(format!("system:serviceaccounts:{}", subject.namespace)));
    }
    groups
}

/// Rule sets and built-in roles that hold in one place, with what grants them.
#[derive(Default)]
struct Place<'g> {
    sets: BTreeSet<usize>,
    built_in: BTreeSet<&'static str>,
    through: BTreeSet<(&'static str, String)>,
    scope: &'g str,
}

fn lines(sets: &[RuleSet], grants: &[Grant], subjects: &[Subject]) -> Vec<AccessLine> {
    let everyone: BTreeSet<Subject> = subjects.iter().flat_map(implied).chain(subjects.iter().cloned()).collect();
    let mut places: BTreeMap<&str, Place<'_>> = BTreeMap::new();
    for grant in everyone.iter().flat_map(|subject| of(grants, subject)) {
        let known = BUILT_IN.iter().find(|(role, _)| grant.built_in && *role == grant.role).map(|(_, name)| *name);
        for bound in &grant.bound {
            let place = places.entry(&bound.scope).or_default();
            place.scope = &bound.scope;
            match known {
                Some(name) => {
                    place.built_in.insert(name);
                }
                None => {
                    place.sets.insert(grant.rules);
                }
            }
            let binding =
                bound.binding.strip_suffix(&*bound.scope).map_or_else(|| bound.binding.clone(), str::to_owned);
            place.through.insert((known.unwrap_or_default(), format!("{binding} → {}", grant.role)));
        }
    }
    // Places in which the same holds are one.
    let mut folded: Vec<(Place<'_>, Vec<String>)> = Vec::new();
    for (scope, place) in places {
        let same = |other: &Place<'_>| {
            (&other.sets, &other.built_in) == (&place.sets, &place.built_in)
                && other.scope.is_empty() == scope.is_empty()
        };
        match folded.iter_mut().find(|(other, _)| same(other)) {
            Some((other, scopes)) => {
                scopes.push(scope.to_owned());
                other.through.extend(place.through);
            }
            None => folded.push((place, vec![scope.to_owned()])),
        }
    }
    let mut out = Vec::new();
    for (place, scopes) in folded {
        let through = |known: &str| {
            let of = place.through.iter().filter(|(role, _)| *role == known);
            of.map(|(_, through)| through.clone()).collect::<Vec<_>>()
        };
        for name in &place.built_in {
            out.push(AccessLine {
                scopes: scopes.clone(),
                built_in: Some((*name).to_owned()),
                verbs: Vec::new(),
                resources: Vec::new(),
                commands: Vec::new(),
                through: through(name),
            });
        }
        for (verbs, resources) in united(place.sets.iter().filter_map(|set| sets.get(*set))) {
            let only = match scopes.as_slice() {
                [scope] if !scope.is_empty() => Some(scope.as_str()),
                _ => None,
            };
            out.push(AccessLine {
                scopes: scopes.clone(),
                built_in: None,
                commands: typed(&verbs, &resources, only),
                verbs,
                resources,
                through: through(""),
            });
        }
    }
    out
}

/// Rules of several sets: verbs as kubectl has them, and the resources that share them.
pub(crate) fn united<'s>(sets: impl Iterator<Item = &'s RuleSet>) -> BTreeMap<Vec<String>, Vec<String>> {
    let mut targets: BTreeMap<(&str, &str, &[String]), BTreeSet<&str>> = BTreeMap::new();
    for RuleLine { group, resources, names, verbs } in sets.flat_map(|set| &set.rules) {
        for resource in resources {
            targets.entry((group, resource, names)).or_default().extend(verbs.iter().map(String::as_str));
        }
    }
    let mut lines: BTreeMap<Vec<String>, Vec<String>> = BTreeMap::new();
    for ((group, resource, names), verbs) in targets {
        lines.entry(commands(resource, &verbs)).or_default().push(target(group, resource, names));
    }
    lines
}

/// Verbs of kubectl's words as commands to type, one a line.
fn typed(verbs: &[String], resources: &[String], namespace: Option<&str>) -> Vec<String> {
    const ALONE: [&str; 7] = ["exec", "attach", "port-forward", "logs", "debug", "create token", "evict"];
    let place = namespace.map(|name| format!(" -n {}", quoted(name))).unwrap_or_default();
    let (whole, listed): (Vec<String>, Vec<String>) =
        resources.iter().map(|resource| quoted(resource)).partition(|resource| resource.starts_with("all "));
    let urls = resources.iter().all(|resource| resource.starts_with('/'));
    let command = match verbs {
        _ if urls => format!("kubectl get --raw {}", listed.join(" | ")),
        [verb] if verb == "everything" => {
            let all: Vec<&str> = listed.iter().chain(&whole).map(String::as_str).collect();
            format!("kubectl (every command) on {}{place}", all.join(", "))
        }
        [verb] if verb == "reach kubelets" => "kubectl get --raw /api/v1/nodes/NODE/proxy/…".to_owned(),
        [verb] if verb == "evict" => format!("kubectl drain (evict){place}"),
        [verb] if ALONE.contains(&verb.as_str()) => format!("kubectl {verb}{place}"),
        [verb] if verb == "impersonate" => format!("kubectl --as … ({}){place}", listed.join(",")),
        [verb] if verb == "scale" => {
            let parents = listed.iter().map(|resource| resource.trim_end_matches("/scale"));
            format!("kubectl scale {}{place}", parents.collect::<Vec<_>>().join(","))
        }
        verbs => return plain(verbs, &listed, &whole, &place),
    };
    vec![command]
}

/// Commands of verbs that go by kubectl's own names: on resources by name, and on all of a group, which has no one command.
fn plain(verbs: &[String], listed: &[String], whole: &[String], place: &str) -> Vec<String> {
    let mut words: Vec<&str> = Vec::new();
    for verb in verbs {
        let word = match verb.as_str() {
            "get by name" | "list" => "get",
            "watch" => "get --watch",
            "delete all" => "delete --all",
            verb => verb,
        };
        if !words.contains(&word) {
            words.push(word);
        }
    }
    // Without `list`, only who knows a name gets anything.
    let name = if verbs.iter().any(|verb| verb == "get by name") && !verbs.iter().any(|verb| verb == "list") {
        " NAME"
    } else {
        ""
    };
    let words = words.join(", ");
    let mut commands = Vec::new();
    if !listed.is_empty() {
        commands.push(format!("kubectl {words} {}{name}{place}", listed.join(",")));
    }
    if !whole.is_empty() {
        const OF: &str = "all resources of ";
        let (groups, rest): (Vec<&str>, Vec<&str>) =
            whole.iter().map(String::as_str).partition(|target| target.starts_with(OF) && !target.contains(" (named "));
        let groups: Vec<&str> = groups.iter().filter_map(|target| target.strip_prefix(OF)).collect();
        let groups = (!groups.is_empty()).then(|| format!("{OF}{}", groups.join(", ")));
        let all: Vec<&str> = rest.into_iter().chain(groups.as_deref()).collect();
        commands.push(format!("kubectl {words}{place}: {}", all.join(", ")));
    }
    commands
}

/// A name as a shell takes it for one word; what deceives the eye is spelled out.
pub(crate) fn quoted(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._:/@,".contains(c);
    let name = spelled_out(name);
    if !name.is_empty() && (name.chars().all(plain) || name.contains(" (named ") || name.starts_with("all ")) {
        return name;
    }
    format!("'{}'", name.replace('\'', "'\\''"))
}

/// `deployments.apps`, `pods (named web-0)`, `all resources`.
fn target(group: &str, resource: &str, names: &[String]) -> String {
    let place = match (group, resource) {
        ("*", "*") => "all resources".to_owned(),
        ("", "/*") => "all URLs".to_owned(),
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
fn commands(resource: &str, verbs: &BTreeSet<&str>) -> Vec<String> {
    if verbs.contains("*") {
        return vec!["everything".to_owned()];
    }
    if resource.starts_with('/') {
        return verbs.iter().map(|verb| (*verb).to_owned()).collect();
    }
    let has = |verb: &str| verbs.contains(verb);
    for (known, needed, command) in COMMANDS {
        if *known == resource && needed.iter().any(|verb| has(verb)) {
            return vec![(*command).to_owned()];
        }
    }
    if resource.ends_with("/scale") && (has("update") || has("patch")) {
        return vec!["scale".to_owned()];
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
    said.into_iter().map(str::to_owned).collect()
}
