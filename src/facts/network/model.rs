//! All policies of a cluster against all its Pods.
//!
//! In: the lists of policies, namespaces and Pods. Out: a [`Model`] that answers, for one side of a connection, whether
//! policies let it through and which of them decide.
//!
//! Invariant: what could not be evaluated or was not read ends as [`Answer::NotVisible`], never as open or blocked.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use serde::Serialize;

use super::{
    admin, calico, cilium, cni, kubernetes,
    pods::{self, Group},
    rules::{Action, Direction, End, Far, Half, Peer, Policy, Port, Question, Rule, Tier},
    selector::{Expr, Match, Target},
};
use crate::{
    facts::{observed::Reading, pod::Pods},
    ownership::{Join, Spot},
    snapshot::{Completeness, Object, Snapshot, qualified},
    sort::Sort,
};

/// Whether policies let a connection through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// They let it through.
    Open,
    /// They cut it off.
    Blocked,
    /// It cannot be told.
    NotVisible,
    /// Policies do not hold this side: no Pods, or Pods in the network of their node.
    NotHeld,
}

/// What one side says, with what decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Judgement {
    pub(crate) answer: Answer,
    /// Numbers of the policies that decide.
    pub(crate) policies: Vec<usize>,
    /// Why it cannot be told, or is not held.
    pub(crate) why: Option<String>,
}

/// Policies and Pods of one cluster.
pub(crate) struct Model<'a> {
    pub(crate) policies: Arc<[Policy]>,
    pub(crate) groups: Vec<Group<'a>>,
    /// For each group, the policies that select it for ingress and for egress, in order of evaluation.
    held: Vec<[Vec<(usize, Match)>; 2]>,
    cidr_sees_pods: Match,
    /// Everything that can hold Pods was read.
    complete: bool,
}

fn slot(direction: Direction) -> usize {
    match direction {
        Direction::Ingress => 0,
        Direction::Egress => 1,
    }
}

/// The policies of every API that is known, in order of evaluation.
pub(crate) struct Read {
    pub(crate) policies: Arc<[Policy]>,
    /// Objects that could not be read, with why.
    pub(crate) odd: Vec<(Spot, String)>,
}

/// Kinds of policies whose rules are not evaluated. Each may hold the Pods of its namespace, or of all.
const OPAQUE: &[(&str, &str)] = &[("crd.antrea.io", "ClusterNetworkPolicy"), ("crd.antrea.io", "NetworkPolicy")];

/// Kinds of [`admin`].
const ADMIN: [&str; 3] = ["AdminNetworkPolicy", "BaselineAdminNetworkPolicy", "ClusterNetworkPolicy"];

/// A policy of which nothing is known but whose Pods it could hold.
fn opaque(object: &Object, spot: Spot, kind: &str) -> Policy {
    let half = || {
        let rule = Rule { action: Action::Unknown, peers: None, ports: None, doubt: None };
        Some(Half { isolates: false, rules: vec![rule] })
    };
    Policy {
        spot,
        label: label(object, kind),
        namespace: Some(object.namespace.clone()).filter(|name| !name.is_empty()),
        subject: Expr::Unknown,
        tier: Tier::ADMIN,
        order: 0.0,
        ingress: half(),
        egress: half(),
        doubt: Some(format!("policies of the kind {kind} are not evaluated")),
    }
}

/// A policy that is not a NetworkPolicy, by its kind and name.
fn label(object: &Object, kind: &str) -> String {
    match &*object.namespace {
        "" => format!("{kind} {}", object.name),
        namespace => format!("{kind} {namespace}/{}", object.name),
    }
}

/// Objects of a kind with their spots. A kind whose API is not installed has none.
fn spots<'a>(reading: &mut Reading<'a>, snapshot: &'a Snapshot, group: &str, kind: &str) -> Vec<(Spot, &'a Object)> {
    let number = snapshot.number(group, kind);
    let Some(list) = number.filter(|&list| snapshot.lists[list].record.completeness != Completeness::Absent) else {
        return Vec::new();
    };
    let objects = reading.wish(group, kind).iter().enumerate();
    objects.map(|(object, body)| (Spot { list, object }, body)).collect()
}

/// Reads all policies.
pub(crate) fn policies<'a>(join: &Join<'a>, reading: &mut Reading<'a>) -> Read {
    let (mut policies, mut odd) = (Vec::new(), Vec::new());
    let snapshot = join.snapshot();
    reading.need("networking.k8s.io", "NetworkPolicy");
    for (spot, object) in spots(reading, snapshot, "networking.k8s.io", "NetworkPolicy") {
        match kubernetes::parse(object, spot) {
            Ok((policy, _)) => policies.push(policy),
            Err(error) => {
                reading.odd(object, &error);
                odd.push((spot, error.to_string()));
            }
        }
    }
    for kind in ADMIN {
        for (spot, object) in spots(reading, snapshot, "policy.networking.k8s.io", kind) {
            match admin::parse(object, spot, kind) {
                Ok(policy) => policies.push(policy),
                // It exists, and may hold any Pod.
                Err(error) => policies.push(opaque(object, spot, kind).doubted(&error.to_string())),
            }
        }
    }
    for kind in ["CiliumClusterwideNetworkPolicy", "CiliumNetworkPolicy"] {
        for (spot, object) in spots(reading, snapshot, "cilium.io", kind) {
            match cilium::parse(object, spot, kind) {
                Ok(parts) => policies.extend(parts),
                Err(error) => policies.push(opaque(object, spot, kind).doubted(&error.to_string())),
            }
        }
    }
    // The API server of Calico shows the stored objects once more, under its own group.
    let served = |kind: &str| !spots(&mut Reading::new(snapshot), snapshot, "projectcalico.org", kind).is_empty();
    let group = |kind: &str| if served(kind) { "projectcalico.org" } else { "crd.projectcalico.org" };
    let tiers = spots(reading, snapshot, group("Tier"), "Tier");
    let tiers = calico::Tiers::of(tiers.into_iter().map(|(_, object)| object));
    for kind in ["GlobalNetworkPolicy", "NetworkPolicy"] {
        for (spot, object) in spots(reading, snapshot, group(kind), kind) {
            let named = format!("Calico {kind}");
            match calico::parse(object, spot, &named, &tiers) {
                Ok(policy) => policies.extend(policy),
                Err(error) => policies.push(opaque(object, spot, &named).doubted(&error.to_string())),
            }
        }
    }
    admin::doubt_equals(&mut policies);
    for &(group, kind) in OPAQUE {
        let objects = spots(reading, snapshot, group, kind);
        let kind = qualified(group, kind);
        policies.extend(objects.into_iter().map(|(spot, object)| opaque(object, spot, &kind)));
    }
    policies.order_by(|a, b| {
        a.tier.rank.total_cmp(&b.tier.rank).then(a.order.total_cmp(&b.order)).then_with(|| a.label.cmp(&b.label))
    });
    Read { policies: policies.into(), odd }
}

/// Policies by the namespace whose Pods they can select.
pub(crate) struct ByNamespace {
    by_name: HashMap<Arc<str>, Vec<usize>>,
    everywhere: Vec<usize>,
}

impl ByNamespace {
    pub(crate) fn of(policies: &[Policy]) -> Self {
        let mut index = Self { by_name: HashMap::new(), everywhere: Vec::new() };
        for (number, policy) in policies.iter().enumerate() {
            match &policy.namespace {
                Some(name) => index.by_name.entry(name.clone()).or_default().push(number),
                None => index.everywhere.push(number),
            }
        }
        index
    }

    /// Numbers in order of evaluation.
    pub(crate) fn of_namespace(&self, name: &str) -> Vec<usize> {
        let own = self.by_name.get(name).map_or(&[][..], Vec::as_slice);
        let mut numbers: Vec<usize> = own.iter().chain(&self.everywhere).copied().collect();
        numbers.sort_unstable();
        numbers
    }
}

impl<'a> Model<'a> {
    /// `reading` has taken account of the policies.
    pub(crate) fn of(join: &Join<'a>, pods: &Pods, policies: Arc<[Policy]>, reading: &mut Reading<'a>) -> Self {
        reading.need("", "Namespace");
        let complete = reading.complete_so_far();
        let mut asked: HashSet<&str> = HashSet::new();
        let mut ask = |label| {
            asked.insert(label);
        };
        for policy in &*policies {
            policy.subject.pod_labels(&mut ask);
            let halves = [&policy.ingress, &policy.egress].into_iter().flatten();
            for peer in halves.flat_map(|half| &half.rules).flat_map(|rule| rule.peers.iter().flatten()) {
                if let Peer::Pods(selector) | Peer::Labelled(selector) = peer {
                    selector.pod_labels(&mut ask);
                }
            }
        }
        let services = super::services::selectors(join);
        services.iter().for_each(|service| service.selector.pod_labels(&mut ask));
        let groups = pods::groups(join, pods, reading, &asked);
        let index = ByNamespace::of(&policies);
        let mut candidates: HashMap<&str, Vec<usize>> = HashMap::new();
        let held = groups
            .iter()
            .map(|group| {
                if group.host_network {
                    return [Vec::new(), Vec::new()];
                }
                let numbers = candidates.entry(group.namespace).or_insert_with(|| index.of_namespace(group.namespace));
                let selected: Vec<(usize, Match)> = numbers
                    .iter()
                    .map(|&number| (number, policies[number].subject.matches(group.target())))
                    .filter(|&(_, found)| found != Match::No)
                    .collect();
                [Direction::Ingress, Direction::Egress].map(|direction| {
                    selected.iter().copied().filter(|&(number, _)| policies[number].half(direction).is_some()).collect()
                })
            })
            .collect();
        let cidr_sees_pods = cni::cidr_sees_pods(join.snapshot());
        Self { policies, groups, held, cidr_sees_pods, complete }
    }

    /// Everything that can hold Pods was read.
    pub(crate) fn complete(&self) -> bool {
        self.complete
    }

    /// Policies that select the group, with how certainly.
    pub(crate) fn selecting(&self, group: usize, direction: Direction) -> &[(usize, Match)] {
        &self.held[group][slot(direction)]
    }

    /// Asks the policies of one side.
    pub(crate) fn judge(&self, direction: Direction, held: usize, far: Far<'_, 'a>, port: Port) -> Judgement {
        let group = &self.groups[held];
        if group.host_network {
            let why = "the Pods run in the network of their node, where policies do not hold them".to_owned();
            return Judgement { answer: Answer::NotHeld, policies: Vec::new(), why: Some(why) };
        }
        if !self.complete {
            let why = "policies and namespaces were not read completely".to_owned();
            return Judgement { answer: Answer::NotVisible, policies: Vec::new(), why: Some(why) };
        }
        let question = Question { direction, held: group, far, port };
        let judgement = self.walk(self.selecting(held, direction), &question);
        let why = match (judgement.answer, direction, far) {
            (Answer::Blocked, _, Far::Pods(group)) if group.host_network => {
                "the other side runs in the network of its node; a node always reaches the Pods on it"
            }
            (Answer::Blocked, Direction::Ingress, Far::Outside | Far::Machines) => {
                "traffic from outside may arrive with the address of a node, which policies may let through"
            }
            _ => return judgement,
        };
        Judgement { answer: Answer::NotVisible, why: Some(why.to_owned()), ..judgement }
    }

    /// Tiers in order, policies in order, rules in order.
    fn walk(&self, selecting: &[(usize, Match)], question: &Question<'_, 'a>) -> Judgement {
        let mut doubts: Vec<(usize, Action)> = Vec::new();
        let tiers = selecting.chunk_by(|a, b| self.policies[a.0].tier.rank == self.policies[b.0].tier.rank);
        for tier in tiers {
            let (mut isolating, mut perhaps) = (Vec::new(), Vec::new());
            let mut decided: Option<(Action, f64, Vec<usize>)> = None;
            for &(number, selected) in tier {
                let policy = &self.policies[number];
                let Some(half) = policy.half(question.direction) else { continue };
                if let Some((_, order, deciders)) = &mut decided {
                    // Others of the same order that let it through as well are worth naming.
                    let also = policy.order == *order
                        && selected == Match::Yes
                        && half.rules.iter().any(|rule| {
                            rule.action == Action::Allow && rule.matches(question, self.cidr_sees_pods) == Match::Yes
                        });
                    if also {
                        deciders.push(number);
                    }
                    continue;
                }
                if half.isolates {
                    if selected == Match::Yes { isolating.push(number) } else { perhaps.push(number) }
                }
                for rule in &half.rules {
                    match rule.matches(question, self.cidr_sees_pods).min(selected) {
                        Match::No => {}
                        Match::Yes if rule.action != Action::Unknown => {
                            decided = Some((rule.action, policy.order, vec![number]));
                            break;
                        }
                        Match::Yes | Match::Unknown => doubts.push((number, rule.action)),
                    }
                }
                if matches!(decided, Some((Action::Deny | Action::Pass, ..))) {
                    break;
                }
            }
            match decided {
                Some((Action::Allow, _, deciders)) => return self.settle(Answer::Open, deciders, &doubts),
                Some((Action::Deny, _, deciders)) => return self.settle(Answer::Blocked, deciders, &doubts),
                Some((Action::Pass | Action::Unknown, ..)) => {}
                None => match self.policies[tier[0].0].tier.end {
                    End::Pass => {}
                    End::Deny if !isolating.is_empty() => return self.settle(Answer::Blocked, isolating, &doubts),
                    End::Deny => doubts.extend(perhaps.into_iter().map(|number| (number, Action::Deny))),
                    End::Unknown => {
                        let all = isolating.into_iter().chain(perhaps);
                        doubts.extend(all.map(|number| (number, Action::Unknown)));
                    }
                },
            }
        }
        self.settle(Answer::Open, Vec::new(), &doubts)
    }

    /// An answer stands if nothing doubtful before it could have changed it.
    fn settle(&self, answer: Answer, policies: Vec<usize>, doubts: &[(usize, Action)]) -> Judgement {
        let same = if answer == Answer::Open { Action::Allow } else { Action::Deny };
        let mut against: Vec<usize> =
            doubts.iter().filter(|(_, action)| *action != same).map(|&(number, _)| number).collect();
        against.dedup();
        let Some(&first) = against.first() else { return Judgement { answer, policies, why: None } };
        let policy = &self.policies[first];
        let rules = [&policy.ingress, &policy.egress].into_iter().flatten().flat_map(|half| &half.rules);
        let why = policy.doubt.clone().or_else(|| rules.filter_map(|rule| rule.doubt.clone()).next());
        let why =
            why.unwrap_or_else(|| "whether one of its selectors or address blocks matches is not known".to_owned());
        Judgement { answer: Answer::NotVisible, policies: against, why: Some(format!("{}: {why}", policy.label)) }
    }
}

/// Whether a namespace denies what no policy allows, by any of these policies; nothing where that cannot be told.
pub(crate) fn denies(policies: &[Policy], numbers: &[usize], target: Target<'_>, direction: Direction) -> Option<bool> {
    let (mut denied, mut opened, mut doubt) = (false, false, false);
    for policy in numbers.iter().map(|&number| &policies[number]) {
        let Some(half) = policy.half(direction) else { continue };
        match policy.subject.matches(target) {
            Match::No => continue,
            Match::Unknown => doubt = true,
            Match::Yes if policy.doubt.is_some() => doubt = true,
            Match::Yes if !policy.selects_all_pods() => {}
            Match::Yes => {
                let all = |action| {
                    let mut rules = half.rules.iter();
                    rules.any(|rule| rule.action == action && rule.peers.is_none() && rule.ports.is_none())
                };
                denied |= (half.isolates && policy.tier.end == End::Deny) || all(Action::Deny);
                opened |= half.rules.iter().any(super::rules::Rule::allows_all);
                doubt |= half.isolates && policy.tier.end == End::Unknown;
            }
        }
    }
    match (denied && !opened, doubt) {
        (_, true) => None,
        (denies, false) => Some(denies),
    }
}
