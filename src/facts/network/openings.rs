//! What policies leave open beyond the declared connections, and which policies hold each workload.
//!
//! Workloads that accept everything are said once each; paths between components are listed where a policy opens them to
//! some component by name and nobody declared the connection. Only rules that name Pods are followed, so the work grows
//! with what rules select and not with all pairs of workloads.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;

use super::{
    connections::{Judge, declared, with_parts},
    model::{Answer, Model},
    pods::{self, Group},
    rules::{Action, Direction, Far, Peer, Port, Protocol, Rule, Which},
    selector::{Expr, Match},
};
use crate::{
    ownership::{Join, Spot},
    sort::Sort,
    workspace::ComponentId,
};

/// What policies leave open.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Openings {
    /// Workloads that accept connections from everybody, by component.
    pub accepting: Vec<Accepting>,
    /// Paths that policies open and no connection declares.
    pub undeclared: Vec<UndeclaredPath>,
    /// Workloads with the policies that hold them, folded where they are the same.
    pub held: Vec<Held>,
}

/// Workloads of one component and namespace that accept connections from everybody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Accepting {
    /// Component; `None` when nobody or several claim them.
    pub component: Option<ComponentId>,
    /// Namespace.
    pub namespace: String,
    /// Workloads, by name.
    pub workloads: Vec<String>,
    /// Policies that let everybody in; none where no policy isolates.
    pub policies: Vec<String>,
    /// Ports they are open on; none for all.
    pub ports: Vec<String>,
}

/// A path between components that a policy opens and no connection declares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UndeclaredPath {
    /// Component that may call; `None` when nobody or several claim it.
    pub from: Option<ComponentId>,
    /// Component that may be called.
    pub to: Option<ComponentId>,
    /// Workloads that may call.
    pub callers: Vec<String>,
    /// Workloads that may be called.
    pub called: Vec<String>,
    /// Ports, as the rules have them.
    pub ports: Vec<String>,
    /// Policies that open it.
    pub policies: Vec<String>,
    #[serde(skip)]
    pub(crate) spots: Vec<Spot>,
}

/// Workloads of a namespace that the same policies hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Held {
    /// Namespace.
    pub namespace: String,
    /// Workloads, by name.
    pub workloads: Vec<String>,
    /// Pods of them.
    pub pods: usize,
    /// They run in the network of their node: no policy holds them.
    pub host_network: bool,
    /// Policies that hold what comes in.
    pub ingress: Vec<String>,
    /// Policies that hold what goes out.
    pub egress: Vec<String>,
}

struct Finder<'j, 'a> {
    model: &'j Model<'a>,
    by_namespace: BTreeMap<&'a str, Vec<usize>>,
    /// Groups that a selector matches, by selector.
    selected: HashMap<&'j Expr, Vec<usize>>,
    /// Ports declared from one component to another.
    declared: HashMap<(&'a ComponentId, &'a ComponentId), BTreeSet<Port>>,
}

#[derive(Default)]
struct Path {
    callers: BTreeSet<String>,
    called: BTreeSet<String>,
    ports: BTreeSet<String>,
    policies: BTreeSet<usize>,
}

/// Component, namespace, policies that let everybody in, and on which ports.
type Open<'a> = (Option<&'a ComponentId>, &'a str, BTreeSet<usize>, BTreeSet<String>);

/// Namespace, whether in the network of the node, and policies for ingress and egress.
type Alike<'a> = (&'a str, bool, [Vec<String>; 2]);

type Pair<'a> = (Option<&'a ComponentId>, Option<&'a ComponentId>);

fn component<'a>(group: &Group<'a>) -> Option<&'a ComponentId> {
    group.component.map(|component| &component.id)
}

/// Namespaces outside which the selector matches nothing, where it says so by name.
fn confined(selector: &Expr) -> Option<&[String]> {
    match selector {
        Expr::In(super::selector::Key::NamespaceName, names) => Some(names),
        Expr::And(parts) => parts.iter().find_map(confined),
        _ => None,
    }
}

impl<'j, 'a> Finder<'j, 'a> {
    fn new(join: &'j Join<'a>, judge: &Judge<'j, 'a>) -> Self {
        let model = judge.model;
        let workspace = join.workspace();
        let mut ports: HashMap<(&ComponentId, &ComponentId), BTreeSet<Port>> = HashMap::new();
        for connection in &workspace.connections {
            let mut known: BTreeSet<Port> = declared(connection).collect();
            known.extend(judge.called_ports(connection));
            for from in with_parts(workspace, &connection.from) {
                for to in with_parts(workspace, &connection.to) {
                    ports.entry((from, to)).or_default().extend(&known);
                }
            }
        }
        let by_namespace = pods::by_namespace(&model.groups);
        Self { model, by_namespace, selected: HashMap::new(), declared: ports }
    }

    fn select(&mut self, selector: &'j Expr) -> Vec<usize> {
        if let Some(known) = self.selected.get(selector) {
            return known.clone();
        }
        let groups = &self.model.groups;
        let matches = |number: &usize| {
            let group = &groups[*number];
            !group.host_network && selector.matches(group.target()) == Match::Yes
        };
        let found: Vec<usize> = match confined(selector) {
            Some(names) => {
                let within = names.iter().filter_map(|name| self.by_namespace.get(name.as_str())).flatten();
                within.copied().filter(matches).collect()
            }
            None => (0..groups.len()).filter(matches).collect(),
        };
        self.selected.insert(selector, found.clone());
        found
    }

    /// A port to ask about: one that the rule names, else one that the Pods name.
    fn probe(rule: &Rule, group: &Group<'_>) -> Port {
        let named = rule.ports.iter().flatten().find_map(|ports| match ports.which {
            Which::Range(number, _) => Some(Port { protocol: ports.protocol.unwrap_or(Protocol::Tcp), number }),
            _ => None,
        });
        let listening = group.ports.first().map(|(_, port)| *port);
        named.or(listening).unwrap_or(Port { protocol: Protocol::Tcp, number: 1 })
    }

    fn is_declared(&self, pair: Pair<'a>, port: Port) -> bool {
        let (Some(from), Some(to)) = pair else { return false };
        from == to || self.declared.get(&(from, to)).is_some_and(|ports| ports.contains(&port))
    }
}

fn ports_of(rule: &Rule) -> impl Iterator<Item = String> {
    rule.ports.iter().flatten().map(ToString::to_string)
}

/// What policies leave open.
pub(super) fn find<'j, 'a>(join: &'j Join<'a>, judge: &Judge<'j, 'a>) -> Openings {
    let model = judge.model;
    let mut finder = Finder::new(join, judge);
    let mut accepting: BTreeMap<Open<'_>, BTreeSet<String>> = BTreeMap::new();
    let mut paths: BTreeMap<Pair<'a>, Path> = BTreeMap::new();
    for (number, group) in model.groups.iter().enumerate().filter(|(_, group)| !group.host_network) {
        let selecting = model.selecting(number, Direction::Ingress);
        if selecting.is_empty() && model.complete() {
            let key = (component(group), group.namespace, BTreeSet::new(), BTreeSet::new());
            accepting.entry(key).or_default().insert(judge.name(number));
            continue;
        }
        let certain = selecting.iter().filter(|(_, selected)| *selected == Match::Yes).map(|&(policy, _)| policy);
        for policy in certain {
            let rules = model.policies[policy].half(Direction::Ingress).into_iter().flat_map(|half| &half.rules);
            for rule in rules.filter(|rule| rule.action == Action::Allow && rule.doubt.is_none()) {
                let everybody = rule.peers.as_ref().is_none_or(|peers| peers.contains(&Peer::Pods(Expr::All)));
                let port = Finder::probe(rule, group);
                if everybody {
                    if model.judge(Direction::Ingress, number, Far::Pods(group), port).answer == Answer::Open {
                        let key =
                            (component(group), group.namespace, BTreeSet::from([policy]), ports_of(rule).collect());
                        accepting.entry(key).or_default().insert(judge.name(number));
                    }
                    continue;
                }
                for peer in rule.peers.iter().flatten() {
                    let (Peer::Pods(selector) | Peer::Labelled(selector)) = peer else { continue };
                    for source in finder.select(selector) {
                        let from = &model.groups[source];
                        let pair = (component(from), component(group));
                        if pair.0 == pair.1 || finder.is_declared(pair, port) {
                            continue;
                        }
                        let ingress = model.judge(Direction::Ingress, number, Far::Pods(from), port);
                        let egress = model.judge(Direction::Egress, source, Far::Pods(group), port);
                        if (ingress.answer, egress.answer) != (Answer::Open, Answer::Open) {
                            continue;
                        }
                        let path = paths.entry(pair).or_default();
                        path.callers.insert(judge.workload(source));
                        path.called.insert(judge.workload(number));
                        path.ports.extend(ports_of(rule));
                        path.policies.insert(policy);
                    }
                }
            }
        }
    }
    let labels = |numbers: &BTreeSet<usize>| -> Vec<String> {
        let labels: BTreeSet<String> = numbers.iter().map(|&number| model.policies[number].label.clone()).collect();
        labels.into_iter().collect()
    };
    Openings {
        accepting: accepting
            .into_iter()
            .map(|((component, namespace, policies, ports), workloads)| Accepting {
                component: component.cloned(),
                namespace: namespace.to_owned(),
                workloads: workloads.into_iter().collect(),
                policies: labels(&policies),
                ports: ports.into_iter().collect(),
            })
            .collect(),
        undeclared: paths
            .into_iter()
            .map(|((from, to), path)| UndeclaredPath {
                from: from.cloned(),
                to: to.cloned(),
                callers: path.callers.into_iter().collect(),
                called: path.called.into_iter().collect(),
                ports: path.ports.into_iter().collect(),
                policies: labels(&path.policies),
                spots: path.policies.iter().map(|&number| model.policies[number].spot).collect(),
            })
            .collect(),
        held: held(judge),
    }
}

/// Workloads with the policies that hold them, folded by namespace and policies.
fn held(judge: &Judge<'_, '_>) -> Vec<Held> {
    let model = judge.model;
    let mut folded: BTreeMap<Alike<'_>, (BTreeSet<String>, usize)> = BTreeMap::new();
    for (number, group) in model.groups.iter().enumerate() {
        let policies = [Direction::Ingress, Direction::Egress].map(|direction| {
            let selecting = model.selecting(number, direction).iter();
            let mut labels: Vec<String> = selecting
                .map(|&(policy, selected)| {
                    let label = &model.policies[policy].label;
                    if selected == Match::Yes { label.clone() } else { format!("{label} (perhaps)") }
                })
                .collect();
            labels.order();
            labels.dedup();
            labels
        });
        let (names, pods) = folded.entry((group.namespace, group.host_network, policies)).or_default();
        names.insert(judge.name(number));
        *pods += group.pods;
    }
    folded
        .into_iter()
        .map(|((namespace, host_network, [ingress, egress]), (workloads, pods))| Held {
            namespace: namespace.to_owned(),
            workloads: workloads.into_iter().collect(),
            pods,
            host_network,
            ingress,
            egress,
        })
        .collect()
}
