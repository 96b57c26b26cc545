//! Availability: replicas wanted and ready, disruption budgets, nodes and zones in which Pods really ran, probes,
//! autoscalers, by workload that is meant to stay up; and what makes it a single point of failure.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{
    observed::{Observed, Reading},
    pod::{PROBES, PodSpec, Pods},
    running::{Unit, WorkloadName, units},
    selector::Selector,
};
use crate::ownership::Join;

/// A workload that is meant to stay up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Availability {
    /// Which.
    pub workload: WorkloadName,
    /// Pods wanted, where a kind read says so.
    pub wanted: Option<u64>,
    /// Pods that were ready.
    pub ready: usize,
    /// Nodes on which they ran.
    pub nodes: Vec<String>,
    /// Zones of these nodes, by label; empty when none has the label.
    pub zones: Vec<String>,
    /// Spread that the Pods ask for: `topology.kubernetes.io/zone`.
    pub spread: Vec<String>,
    /// Disruption budgets that select its Pods.
    pub budgets: Vec<Budget>,
    /// Autoscaler: `2 to 10`.
    pub autoscaler: Option<String>,
    /// Containers without a readiness probe.
    pub unready: Vec<String>,
    /// Containers without a liveness probe.
    pub unwatched: Vec<String>,
    /// What ends it with one failure.
    pub single: Option<SinglePoint>,
}

/// A PodDisruptionBudget.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Budget {
    /// Name.
    pub name: String,
    /// Disruptions that it allowed when it was read; 0 blocks the drain of a node.
    pub allowed: Option<i64>,
}

/// What ends a workload with one failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SinglePoint {
    /// A Pod that nothing makes again.
    Bare,
    /// One replica.
    Replica,
    /// All its Pods ran on one node.
    Node,
    /// All its Pods ran in one of several zones.
    Zone,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct BudgetBody {
    spec: BudgetSpec,
    status: BudgetStatus,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct BudgetSpec {
    selector: Option<Selector>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct BudgetStatus {
    disruptions_allowed: Option<i64>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ScalerBody {
    spec: ScalerSpec,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ScalerSpec {
    scale_target_ref: ScaleTarget,
    min_replicas: Option<u64>,
    max_replicas: Option<u64>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ScaleTarget {
    kind: String,
    name: String,
}

/// What other objects say, by namespace.
struct Around<'a> {
    budgets: BTreeMap<&'a str, Vec<(Budget, Selector)>>,
    scalers: BTreeMap<(&'a str, String, String), String>,
    zones: BTreeMap<&'a str, &'a str>,
    zones_of_cluster: usize,
}

impl<'a> Around<'a> {
    fn read(reading: &mut Reading<'a>) -> Self {
        let mut budgets: BTreeMap<&str, Vec<_>> = BTreeMap::new();
        for object in reading.need("policy", "PodDisruptionBudget") {
            let Some(body) = reading.body::<BudgetBody>(object) else { continue };
            // Without a selector it selects nothing.
            if let Some(selector) = body.spec.selector {
                let budget = Budget { name: object.name.to_string(), allowed: body.status.disruptions_allowed };
                budgets.entry(&object.namespace).or_default().push((budget, selector));
            }
        }
        let mut scalers = BTreeMap::new();
        for object in reading.wish("autoscaling", "HorizontalPodAutoscaler") {
            let Some(ScalerBody { spec }) = reading.body::<ScalerBody>(object) else { continue };
            let most = spec.max_replicas.map_or_else(|| "?".to_owned(), |most| most.to_string());
            let range = format!("{} to {most}", spec.min_replicas.unwrap_or(1));
            scalers.insert((&*object.namespace, spec.scale_target_ref.kind, spec.scale_target_ref.name), range);
        }
        let nodes = reading.need("", "Node").iter();
        let zones: BTreeMap<&str, &str> =
            nodes.filter_map(|node| Some((&*node.name, &**node.labels.get("topology.kubernetes.io/zone")?))).collect();
        let zones_of_cluster = zones.values().collect::<BTreeSet<_>>().len();
        Self { budgets, scalers, zones, zones_of_cluster }
    }
}

/// Kinds that end, or that run once a node: how many there are is not a choice.
fn stays_up(unit: &Unit<'_>) -> bool {
    let kinds = || unit.templates.iter().map(|(kind, ..)| *kind).chain([&*unit.name.kind]);
    !kinds().any(|kind| matches!(kind, "Job" | "CronJob" | "DaemonSet" | "PodTemplate"))
}

/// Containers without the probe that `has` asks for.
fn without(spec: &PodSpec, has: impl Fn(&super::pod::Container) -> bool) -> Vec<String> {
    spec.containers.iter().filter(|container| !has(container)).map(|container| container.name.clone()).collect()
}

/// Topology keys over which the Pods are to be spread, hard or soft.
fn spread(spec: &PodSpec) -> BTreeSet<String> {
    let constraints = spec.topology_spread_constraints.iter();
    let anti = spec.affinity.as_ref().and_then(|affinity| affinity.pod_anti_affinity.as_ref());
    let hard = anti.into_iter().flat_map(|anti| &anti.required_during_scheduling_ignored_during_execution);
    let soft = anti.into_iter().flat_map(|anti| &anti.preferred_during_scheduling_ignored_during_execution);
    let all = constraints.chain(hard).chain(soft.map(|term| &term.pod_affinity_term));
    all.map(|it| it.topology_key.clone()).filter(|key| !key.is_empty()).collect()
}

pub(super) fn observe(join: &Join<'_>, pods: &Pods) -> Observed<Vec<Availability>> {
    let mut reading = Reading::new(join.snapshot());
    let around = Around::read(&mut reading);
    reading.rely("", "Pod", &PROBES);
    let units = units(&mut reading, join, pods);
    reading.finish(units.iter().filter(|unit| stays_up(unit)).filter_map(|unit| of_unit(unit, &around)).collect())
}

fn of_unit(unit: &Unit<'_>, around: &Around<'_>) -> Option<Availability> {
    let running: Vec<_> = unit.pods.iter().filter(|it| !it.pod.status.ended()).collect();
    let is_pod = unit.name.kind == "Pod";
    // One whose owner was not read may have others beside it.
    let orphan = is_pod && unit.pods.iter().any(|it| !it.object.owners.is_empty());
    // A Pod that ended is no service; a static Pod is its node's.
    let of_node = running.iter().any(|it| it.object.annotations.contains_key("kubernetes.io/config.source"));
    if is_pod && (running.is_empty() || of_node) {
        return None;
    }
    let wanted: Vec<u64> = unit.templates.iter().filter_map(|(_, _, template)| template.wanted).collect();
    let wanted = (!wanted.is_empty()).then(|| wanted.iter().sum());
    // Scaled down on purpose: nothing is meant to stay up.
    if wanted == Some(0) && running.is_empty() {
        return None;
    }
    let nodes: BTreeSet<&str> = running.iter().filter_map(|it| it.pod.node.as_deref()).collect();
    let zones: BTreeSet<&str> = nodes.iter().filter_map(|node| around.zones.get(node).copied()).collect();
    let namespace = &*unit.name.namespace;
    let budgets = around.budgets.get(namespace).into_iter().flatten();
    let budgets = budgets.filter(|(_, selector)| running.iter().any(|it| selector.selects(&it.object.labels)));
    let names = unit.templates.iter().map(|(kind, name, _)| ((*kind).to_owned(), (*name).to_owned()));
    let mut names = names.chain([(unit.name.kind.clone(), unit.name.name.clone())]);
    let autoscaler = names.find_map(|(kind, name)| around.scalers.get(&(namespace, kind, name)).cloned());
    let count = wanted.unwrap_or(0).max(running.len() as u64);
    let single = if orphan {
        None
    } else if is_pod {
        Some(SinglePoint::Bare)
    } else if count <= 1 {
        Some(SinglePoint::Replica)
    } else if nodes.len() == 1 {
        Some(SinglePoint::Node)
    } else if zones.len() == 1 && around.zones_of_cluster > 1 {
        Some(SinglePoint::Zone)
    } else {
        None
    };
    let gather = |of: &dyn Fn(&PodSpec) -> Vec<String>| -> Vec<String> {
        unit.in_force().flat_map(|shape| of(shape.spec)).collect::<BTreeSet<_>>().into_iter().collect()
    };
    Some(Availability {
        workload: unit.name.clone(),
        wanted,
        ready: running.iter().filter(|it| it.pod.status.ready()).count(),
        spread: gather(&|spec| spread(spec).into_iter().collect()),
        unready: gather(&|spec| without(spec, |container| container.readiness_probe.is_some())),
        unwatched: gather(&|spec| without(spec, |container| container.liveness_probe.is_some())),
        nodes: nodes.into_iter().map(str::to_owned).collect(),
        zones: zones.into_iter().map(str::to_owned).collect(),
        budgets: budgets.map(|(budget, _)| budget.clone()).collect(),
        autoscaler,
        single,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        assess::testing::{labelled, list, object, owned, snapshot, workspace},
        ownership,
    };

    #[test]
    fn a_workload_is_seen_with_what_guards_it() {
        let zone = |name, zone| labelled(object("", name, json!({})), &[("topology.kubernetes.io/zone", zone)]);
        let spec = json!({ "containers": [{ "name": "web", "readinessProbe": { "httpGet": {} } }] });
        let deployment =
            |name| object("shop", name, json!({ "spec": { "replicas": 2, "template": { "spec": spec } } }));
        let (web, cart) = (deployment("web"), deployment("cart"));
        let pod = |owner: &crate::snapshot::Object, name: &str, node: &str| {
            let spec = json!({ "nodeName": node, "containers": spec["containers"] });
            let status = json!({ "phase": "Running", "conditions": [{ "type": "Ready", "status": "True" }] });
            let pod = object("shop", name, json!({ "spec": spec, "status": status }));
            owned(labelled(pod, &[("app", &*owner.name)]), "Deployment", owner)
        };
        let pods = vec![
            pod(&web, "web-1", "a"),
            pod(&web, "web-2", "b"),
            pod(&cart, "cart-1", "a"),
            pod(&cart, "cart-2", "a"),
        ];
        let budget = json!({ "spec": { "selector": { "matchLabels": { "app": "web" } } }, "status": { "disruptionsAllowed": 0 } });
        let snapshot = snapshot(vec![
            list("Node", vec![zone("a", "one"), zone("b", "two")]),
            list("policy/PodDisruptionBudget", vec![object("shop", "web-budget", budget)]),
            list("apps/Deployment", vec![web.clone(), cart.clone()]),
            list("Pod", pods),
        ]);
        let workspace = workspace(Vec::new());
        let observed = observe(&ownership::join(&workspace, &snapshot), &Pods::of(&snapshot));
        let [cart, web] = &observed.seen()[..] else { panic!("{:?}", observed.seen()) };
        assert_eq!((web.wanted, web.ready, web.zones.len(), web.single), (Some(2), 2, 2, None));
        assert_eq!(web.budgets, [Budget { name: "web-budget".to_owned(), allowed: Some(0) }]);
        assert_eq!((web.unready.len(), &web.unwatched[..]), (0, &["web".to_owned()][..]));
        assert_eq!((cart.single, cart.budgets.len()), (Some(SinglePoint::Node), 0));
    }

    #[test]
    fn a_pod_whose_owner_was_not_read_may_have_others_beside_it() {
        let owner = object("shop", "db", json!({}));
        let pod = |name: &str| object("shop", name, json!({ "status": { "phase": "Running" } }));
        let pods = vec![pod("alone"), owned(pod("db-1"), "Cluster", &owner)];
        let snapshot = snapshot(vec![list("Pod", pods)]);
        let workspace = workspace(Vec::new());
        let observed = observe(&ownership::join(&workspace, &snapshot), &Pods::of(&snapshot));
        let single: Vec<_> = observed.seen().iter().map(|it| (&*it.workload.name, it.single)).collect();
        assert_eq!(single, [("alone", Some(SinglePoint::Bare)), ("db-1", None)]);
    }
}
