//! The verb matrix, folded.
//!
//! In: roles and bindings. Out: distinct sets of rules, and grants that refer to them by index: one a subject and role,
//! with every place where it is bound. Roles are expanded once each, however many bindings name them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{
    Bound, Grant, RuleLine, RuleSet, Subject,
    rbac::{self, Binding, Roles, Rule},
};
use crate::sort::Sort;

/// Everything that these bindings grant.
pub(crate) fn of<'b>(roles: &Roles, bindings: impl IntoIterator<Item = &'b Binding>) -> (Vec<RuleSet>, Vec<Grant>) {
    let mut sets = Sets::default();
    let mut grants: BTreeMap<(&Subject, String, usize), (bool, Vec<Bound>)> = BTreeMap::new();
    for binding in bindings.into_iter().filter(|binding| roles.has(binding)) {
        let rules = sets.of(roles, binding);
        for subject in &binding.subjects {
            let key = (subject, binding.role_kind_and_name(), rules);
            let entry = grants.entry(key).or_insert_with(|| (roles.is_default(binding), Vec::new()));
            entry.1.push(Bound { scope: binding.namespace.clone(), binding: binding.to_string() });
        }
    }
    let grants = grants
        .into_iter()
        .map(|((subject, role, rules), (built_in, mut bound))| {
            bound.order();
            bound.dedup();
            Grant { subject: subject.clone(), role, rules, built_in, bound }
        })
        .collect();
    (sets.finish(), grants)
}

/// Distinct sets of rules.
#[derive(Default)]
struct Sets {
    /// By namespace of the role, name of the role, and whether it is bound to the whole cluster.
    known: HashMap<(String, String, bool), usize>,
    by_content: HashMap<Vec<RuleLine>, usize>,
    names: Vec<BTreeSet<String>>,
}

impl Sets {
    fn of(&mut self, roles: &Roles, binding: &Binding) -> usize {
        let namespace = if binding.role_is_cluster { "" } else { &*binding.namespace };
        let cluster_wide = binding.namespace.is_empty();
        let key = (namespace.to_owned(), binding.role.clone(), cluster_wide);
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let name = match namespace {
            "" => binding.role_kind_and_name(),
            namespace => format!("Role {namespace}/{}", binding.role),
        };
        let next = self.names.len();
        let number = *self.by_content.entry(lines(roles.rules(binding), cluster_wide)).or_insert(next);
        if number == next {
            self.names.push(BTreeSet::new());
        }
        self.names[number].insert(name);
        self.known.insert(key, number);
        number
    }

    fn finish(self) -> Vec<RuleSet> {
        let mut by_number: Vec<(usize, Vec<RuleLine>)> =
            self.by_content.into_iter().map(|(rules, number)| (number, rules)).collect();
        by_number.order_by_key(|(number, _)| *number);
        let rules = by_number.into_iter().map(|(_, rules)| rules);
        let sets = self.names.into_iter().zip(rules);
        sets.map(|(names, rules)| RuleSet { roles: names.into_iter().collect(), rules }).collect()
    }
}

/// What resources on one line share: API group, names, verbs.
type Same<'r> = (&'r str, &'r [String], Vec<String>);

/// Rules with resources of equal verbs on one line.
pub(crate) fn lines(rules: &[Rule], cluster_wide: bool) -> Vec<RuleLine> {
    let mut verbs: BTreeMap<(&str, &str, &[String]), BTreeSet<String>> = BTreeMap::new();
    for rule in rules {
        for (group, resource) in rule.targets(cluster_wide) {
            verbs.entry((group, resource, &rule.resource_names)).or_default().extend(rule.verbs.iter().cloned());
        }
    }
    let mut lines: BTreeMap<Same<'_>, Vec<String>> = BTreeMap::new();
    for ((group, resource, names), verbs) in verbs {
        lines.entry((group, names, rbac::ordered(&verbs))).or_default().push(resource.to_owned());
    }
    let line = |((group, names, verbs), resources): (Same<'_>, Vec<String>)| RuleLine {
        group: group.to_owned(),
        resources,
        names: names.to_vec(),
        verbs,
    };
    lines.into_iter().map(line).collect()
}

impl RuleLine {
    /// It grants one of these verbs on the resource, as the RBAC authorizer matches: `*`, the name, or `*/subresource`.
    pub(crate) fn allows(&self, group: &str, resource: &str, verbs: &[impl AsRef<str>]) -> bool {
        let verb = || verbs.iter().any(|verb| self.verbs.iter().any(|held| held == "*" || held == verb.as_ref()));
        (self.group == "*" || self.group == group) && self.covers(resource) && verb()
    }

    /// One of its resources is this one.
    pub(crate) fn covers(&self, resource: &str) -> bool {
        self.resources.iter().any(|held| {
            held == "*"
                || held == resource
                || held
                    .strip_prefix("*/")
                    .is_some_and(|sub| resource.split_once('/').is_some_and(|(_, asked)| asked == sub))
        })
    }

    /// It grants every verb on every resource.
    pub(crate) fn is_everything(&self) -> bool {
        let all = |list: &[String]| list.iter().any(|item| item == "*");
        self.group == "*" && all(&self.resources) && all(&self.verbs) && self.names.is_empty()
    }
}

impl RuleSet {
    /// It grants every verb on every resource.
    pub(crate) fn is_everything(&self) -> bool {
        self.rules.iter().any(RuleLine::is_everything)
    }
}
