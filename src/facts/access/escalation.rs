//! Powers that are held, and the paths on which they lead to everything.
//!
//! In: RBAC objects, ServiceAccounts, Pods. Out: [`Escalations`]. Steps: which grants give a power (`powers`); which
//! service accounts hold everything; then outward from those, who may act as one of them, at most [`MOST_STEPS`] deep.
//!
//! Invariant: each subject stands in at most one path, a shortest one; work grows with grants × powers.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{
    Grant, RuleLine, RuleSet, Subject, matrix,
    powers::{self, Leads, Power, Whole},
    rbac, readable,
};
use crate::{
    facts::observed::{Observed, Reading},
    ownership::Join,
    sort::Sort,
};

/// Service accounts between a subject and everything.
const MOST_STEPS: usize = 3;

/// Who holds more than a role's name says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Escalations {
    /// Powers that somebody holds, in the order of the data, without those who hold everything anyway.
    pub powers: Vec<PowerHeld>,
    /// Who reaches everything, and how; without those who hold it already.
    pub paths: Vec<Escalation>,
}

/// A power and its holders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PowerHeld {
    /// Power, as `controls/access` has it.
    pub power: String,
    /// What its holder may do, after `may`.
    pub does: String,
    /// What that allows.
    pub allows: String,
    /// Who, sorted.
    pub holders: Vec<Holder>,
}

/// Who holds a power, where and by what.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Holder {
    /// Who.
    pub subject: Subject,
    /// Namespaces, sorted; one empty name for the whole cluster.
    pub scopes: Vec<String>,
    /// Only for objects of these names; empty for all.
    pub names: Vec<String>,
    /// Roles that give it: `ClusterRole edit`.
    pub roles: Vec<String>,
}

/// A path to everything.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Escalation {
    /// Who.
    pub subject: Subject,
    /// Steps in words: `may create Pods in namespace ci`, `ServiceAccount ci/deployer`, `cluster-admin`.
    pub steps: Vec<String>,
    /// Bindings that the first step rests on.
    pub through: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Body {
    spec: Spec,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    service_account_name: Option<String>,
}

/// Computes the powers that are held and where they lead.
pub(in crate::facts) fn observe(join: &Join<'_>) -> Observed<Escalations> {
    let mut reading = Reading::new(join.snapshot());
    let (roles, bindings) = rbac::read(&mut reading, join);
    let (sets, grants) = matrix::of(&roles, bindings.iter().filter(|binding| !binding.default));
    let mut accounts: BTreeSet<Subject> = BTreeSet::new();
    for object in reading.wish("", "ServiceAccount") {
        accounts.insert(account(&object.namespace, &object.name));
    }
    let known = join.snapshot().list("", "ServiceAccount").is_some_and(|list| list.complete().is_ok());
    if !known {
        let bound = grants.iter().map(|grant| &grant.subject).filter(|subject| subject.kind == "ServiceAccount");
        accounts.extend(bound.cloned());
    }
    let mut running = BTreeSet::new();
    for object in reading.wish("", "Pod") {
        if let Some(body) = reading.body::<Body>(object) {
            let name = body.spec.service_account_name.filter(|name| !name.is_empty());
            running.insert(account(&object.namespace, name.as_deref().unwrap_or("default")));
        }
    }
    let powers = Table { sets: &sets, grants: &grants }.powers();
    // Kubernetes' own controllers hold much as well: a path may lead through their service accounts.
    let (sets, all) = matrix::of(&roles, &bindings);
    let mut paths = Table { sets: &sets, grants: &all }.paths(&accounts, &running);
    paths.retain(|path| !readable::of(&grants, &path.subject).is_empty());
    reading.finish(Escalations { powers, paths })
}

fn account(namespace: &str, name: &str) -> Subject {
    Subject { kind: "ServiceAccount".to_owned(), namespace: namespace.to_owned(), name: name.to_owned() }
}

struct Table<'t> {
    sets: &'t [RuleSet],
    grants: &'t [Grant],
}

/// A way out of a subject: a power in one place.
struct Way<'t> {
    power: &'static Power,
    leads: Leads,
    scope: &'t str,
    names: Vec<&'t str>,
    binding: &'t str,
}

impl<'t> Table<'t> {
    fn rules(&self, grant: &Grant) -> &'t [RuleLine] {
        self.sets.get(grant.rules).map_or(&[], |set| &set.rules)
    }

    /// The subject holds everything, in the whole cluster.
    fn holds_everything(&self, subject: &Subject) -> bool {
        readable::of(self.grants, subject).iter().any(|grant| {
            grant.bound.iter().any(|bound| bound.scope.is_empty())
                && self.sets.get(grant.rules).is_some_and(RuleSet::is_everything)
        })
    }

    fn subjects(&self) -> impl Iterator<Item = &'t Subject> {
        self.grants.chunk_by(|a, b| a.subject == b.subject).filter_map(|grants| Some(&grants.first()?.subject))
    }

    fn powers(&self) -> Vec<PowerHeld> {
        // What each distinct set of rules gives is looked up once.
        let given = |power: &Power| -> Vec<[Vec<&RuleLine>; 2]> {
            let of = |set: &'t RuleSet| [power.given_by(&set.rules, Whole::Yes), power.given_by(&set.rules, Whole::No)];
            self.sets.iter().map(of).collect()
        };
        let everything: BTreeSet<&Subject> = self.subjects().filter(|subject| self.holds_everything(subject)).collect();
        let mut all = Vec::new();
        for power in powers::all() {
            let given = given(power);
            let mut holders: Vec<Holder> = Vec::new();
            for grant in self.grants.iter().filter(|grant| !everything.contains(&grant.subject)) {
                let Some([whole, part]) = given.get(grant.rules) else { continue };
                let places: Vec<&str> = grant.bound.iter().map(|bound| bound.scope.as_str()).collect();
                let wide = places.contains(&"") && !whole.is_empty();
                let lines = if wide { whole } else { part };
                if lines.is_empty() {
                    continue;
                }
                let mut scopes: Vec<String> = if wide {
                    vec![String::new()]
                } else {
                    places.into_iter().filter(|scope| !scope.is_empty()).map(str::to_owned).collect()
                };
                scopes.dedup();
                if scopes.is_empty() {
                    continue;
                }
                let named = lines.iter().all(|line| !line.names.is_empty());
                let mut names: Vec<String> =
                    lines.iter().filter(|_| named).flat_map(|line| line.names.iter().cloned()).collect();
                names.order();
                names.dedup();
                let roles = vec![grant.role.clone()];
                holders.push(Holder { subject: grant.subject.clone(), scopes, names, roles });
            }
            // Who holds it everywhere comes first.
            holders.order_by(|a, b| {
                (a.scopes.first() != Some(&String::new()), a).cmp(&(b.scopes.first() != Some(&String::new()), b))
            });
            if !holders.is_empty() {
                let (does, allows) = (power.does.clone(), power.allows.clone());
                all.push(PowerHeld { power: power.id.clone(), does, allows, holders });
            }
        }
        all
    }

    /// Ways out of a subject, by what it holds itself.
    fn ways(&self, subject: &Subject) -> Vec<Way<'t>> {
        let grants = readable::of(self.grants, subject);
        let mut ways = Vec::new();
        for grant in grants {
            for power in powers::all() {
                for bound in &grant.bound {
                    let whole = Whole::of(&bound.scope);
                    let given = power.given_by(self.rules(grant), whole);
                    if given.is_empty() {
                        continue;
                    }
                    // What else is held in the same place, by whichever binding.
                    let beside = grants
                        .iter()
                        .filter(|other| {
                            other.bound.iter().any(|other| other.scope.is_empty() || other.scope == bound.scope)
                        })
                        .flat_map(|other| self.rules(other));
                    let Some(leads) = power.leads(beside, whole) else { continue };
                    let named = given.iter().all(|line| !line.names.is_empty());
                    let names = given.iter().filter(|_| named).flat_map(|line| line.names.iter());
                    if leads == Leads::Everything && named {
                        continue;
                    }
                    ways.push(Way {
                        power,
                        leads,
                        scope: &bound.scope,
                        names: names.map(String::as_str).collect(),
                        binding: &bound.binding,
                    });
                }
            }
        }
        ways
    }

    fn paths(&self, accounts: &BTreeSet<Subject>, running: &BTreeSet<Subject>) -> Vec<Escalation> {
        // Service accounts from which everything is reached, by namespace, with the steps from there on.
        let mut reached: BTreeMap<&str, BTreeMap<&Subject, Vec<String>>> = BTreeMap::new();
        let mut done: BTreeSet<&Subject> = self.subjects().filter(|subject| self.holds_everything(subject)).collect();
        for subject in accounts.iter().chain(running) {
            let implied = readable::implied(subject);
            if done.contains(subject) || implied.iter().any(|group| done.contains(group)) {
                reached.entry(&subject.namespace).or_default().insert(subject, vec!["cluster-admin".to_owned()]);
            }
        }
        let ways: Vec<(&Subject, Vec<Way<'_>>)> = self
            .subjects()
            .filter(|subject| !done.contains(subject))
            .map(|subject| (subject, self.ways(subject)))
            .filter(|(_, ways)| !ways.is_empty())
            .collect();
        let mut paths = Vec::new();
        for _ in 0..MOST_STEPS {
            let mut found = Vec::new();
            for (subject, ways) in ways.iter().filter(|(subject, _)| !done.contains(subject)) {
                if let Some((steps, through)) = step(subject, ways, &reached, running) {
                    found.push((*subject, steps, through));
                }
            }
            if found.is_empty() {
                break;
            }
            for (subject, steps, through) in found {
                done.insert(subject);
                if subject.kind == "ServiceAccount" && accounts.contains(subject) {
                    reached.entry(&subject.namespace).or_default().insert(subject, steps.clone());
                }
                paths.push(Escalation { subject: subject.clone(), steps, through });
            }
        }
        paths.order_by(|a, b| (&a.subject, &a.steps).cmp(&(&b.subject, &b.steps)));
        paths
    }
}

/// The shortest next step of a subject towards everything, with the bindings that it rests on.
fn step(
    subject: &Subject,
    ways: &[Way<'_>],
    reached: &BTreeMap<&str, BTreeMap<&Subject, Vec<String>>>,
    running: &BTreeSet<Subject>,
) -> Option<(Vec<String>, Vec<String>)> {
    if let Some(way) = ways.iter().find(|way| way.leads == Leads::Everything) {
        let steps = vec![format!("may {}", way.power.does), "cluster-admin".to_owned()];
        return Some((steps, vec![way.binding.to_owned()]));
    }
    let mut best: Option<(&Way<'_>, &Subject, &Vec<String>)> = None;
    for way in ways {
        let places: Vec<&BTreeMap<&Subject, Vec<String>>> = match way.scope {
            "" => reached.values().collect(),
            scope => reached.get(scope).into_iter().collect(),
        };
        for (next, rest) in places.into_iter().flatten() {
            let allowed = match way.leads {
                Leads::Pods => running.contains(*next),
                // A name limits tokens and impersonation to those accounts; creation cannot be limited by name.
                _ => way.names.is_empty() || way.names.contains(&next.name.as_str()),
            };
            if allowed && *next != subject && best.is_none_or(|(_, _, known)| rest.len() < known.len()) {
                best = Some((way, next, rest));
            }
        }
    }
    let (way, next, rest) = best?;
    // Every power that gives this same step.
    let mut does: Vec<&str> = Vec::new();
    let mut through: BTreeSet<String> = BTreeSet::new();
    for other in ways.iter().filter(|other| other.scope == way.scope && other.names == way.names) {
        let leads = other.leads == Leads::Accounts || (other.leads == Leads::Pods && running.contains(next));
        if leads {
            through.insert(other.binding.to_owned());
            if !does.contains(&other.power.does.as_str()) {
                does.push(&other.power.does);
            }
        }
    }
    let place = match way.scope {
        "" => "in every namespace".to_owned(),
        scope => format!("in namespace {scope}"),
    };
    let mut steps = vec![format!("may {} {place}", does.join(", ")), next.to_string()];
    steps.extend(rest.iter().cloned());
    Some((steps, through.into_iter().collect()))
}
