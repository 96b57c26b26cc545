//! Tenancy: which teams' Pods shared machines, and what keeps Pods apart.
//!
//! In: nodes, Pods, `policy.dedicated-nodes`. Out: [`Tenancy`]. Nodes are one pool when the provider's label says so;
//! without such a label, when they have the same roles and the same taints. Taints by which Kubernetes marks the
//! condition of a node (`node.kubernetes.io/…`) tell no pools apart.
//!
//! Invariant: a Pod counts for the node that it was bound to, never for those it might have gone to.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;

use super::{
    nodes::{self, Taint},
    observed::{Observed, Reading},
    pod::{Pod, Pods},
    running::WorkloadName,
};
use crate::{
    ownership::{
        Join,
        pattern::{self, Pattern},
    },
    snapshot::Object,
    sort::Sort,
    workspace::{DedicatedNodes, TeamId},
};

/// Which teams' Pods shared machines.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Tenancy {
    /// Node pools, by name.
    pub pools: Vec<NodePool>,
    /// Workloads that tolerate every taint, without DaemonSets and static Pods, which have to.
    pub tolerant: Vec<WorkloadName>,
    /// Workloads that ran on control-plane nodes, without DaemonSets and static Pods.
    pub on_control_plane: Vec<WorkloadName>,
    /// Workloads that ask for a runtime class, which may isolate them further.
    pub sandboxed: Vec<Sandboxed>,
}

/// Nodes that take the same Pods.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NodePool {
    /// Name: the provider's label, or the roles.
    pub name: String,
    /// Nodes, sorted.
    pub nodes: Vec<String>,
    /// Taints that keep Pods away, as `key=value:effect`.
    pub taints: Vec<String>,
    /// Teams that it is reserved for by declaration; `None` when it is not.
    pub dedicated_to: Option<Vec<TeamId>>,
    /// Who ran Pods there, DaemonSets and static Pods left out; `None` for Pods of nobody.
    pub tenants: Vec<Tenant>,
    /// Teams of which only DaemonSets or static Pods ran there.
    pub agents_of: Vec<TeamId>,
}

/// A team on a pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tenant {
    /// Team accountable for the component.
    pub team: Option<TeamId>,
    /// Pods.
    pub pods: usize,
    /// Those of them whose node selector or required node affinity keeps them to this pool.
    pub pinned: usize,
    /// Nodes of the pool on which they ran, sorted.
    pub nodes: Vec<String>,
    /// The declaration does not name it.
    pub foreign: bool,
}

/// A workload with its runtime class.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Sandboxed {
    /// Runtime class.
    pub class: String,
    /// Workload.
    pub workload: WorkloadName,
}

/// It keeps Pods away by somebody's will, not because of the node's condition.
fn is_will(taint: &&Taint) -> bool {
    !taint.key.starts_with("node.kubernetes.io/") && taint.effect != "PreferNoSchedule"
}

/// Labels by which providers and Karpenter name the pool of a node.
const POOL_LABELS: [&str; 4] = [
    "eks.amazonaws.com/nodegroup",
    "cloud.google.com/gke-nodepool",
    "kubernetes.azure.com/agentpool",
    "karpenter.sh/nodepool",
];

/// Name of the pool that a node belongs to.
pub(crate) fn pool(node: &Object) -> String {
    match POOL_LABELS.iter().find_map(|label| node.labels.get(*label)) {
        Some(pool) => pool.to_string(),
        None => super::nodes::roles(node).join(", "),
    }
}

/// Teams that a node is reserved for, if a declaration names it or its pool.
pub(crate) fn dedicated<'d>(declared: &'d [DedicatedNodes], node: &str, pool: &str) -> Option<&'d [TeamId]> {
    let named = |dedicated: &&DedicatedNodes| {
        let globs = Pattern::list(&dedicated.nodes);
        pattern::any(&globs, node) || pattern::any(&globs, pool)
    };
    declared.iter().find(named).map(|dedicated| &*dedicated.teams)
}

/// Whether a Pod has to be on its node: one of a DaemonSet, or a static one, which the node itself owns.
pub(crate) fn is_agent(pod: &Object) -> bool {
    pod.annotations.contains_key("kubernetes.io/config.mirror")
        || pod.owners.iter().any(|owner| owner.controller && matches!(&*owner.kind, "DaemonSet" | "Node"))
}

/// It tolerates every taint.
pub(crate) fn tolerates_everything(pod: &Pod) -> bool {
    pod.spec.tolerations.iter().any(super::pod::Toleration::is_wildcard)
}

/// Pods of a team on a pool: how many, and on which nodes.
#[derive(Default)]
struct Count {
    pods: usize,
    pinned: usize,
    nodes: BTreeSet<String>,
}

/// Name and taints of a pool.
type PoolKey = (String, Vec<String>);

/// The pools that a Pod may run in by its own will; `None` where it does not say.
fn keeps_to(pod: &Pod, nodes: &[(&Object, PoolKey)]) -> Option<BTreeSet<PoolKey>> {
    let spec = &pod.spec;
    let terms = spec.affinity.as_ref().and_then(|affinity| affinity.node_affinity.as_ref());
    let terms = terms.and_then(|it| it.required_during_scheduling_ignored_during_execution.as_ref());
    if spec.node_selector.is_empty() && terms.is_none() {
        return None;
    }
    let selected = |node: &Object| {
        spec.node_selector.iter().all(|(key, value)| node.labels.get(key.as_str()).is_some_and(|it| **it == **value))
            && terms.is_none_or(|terms| terms.node_selector_terms.iter().any(|term| term.selects(node)))
    };
    Some(nodes.iter().filter(|(node, _)| selected(node)).map(|(_, key)| key.clone()).collect())
}

#[derive(Default)]
struct Building {
    nodes: BTreeSet<String>,
    dedicated_to: Option<Vec<TeamId>>,
    tenants: BTreeMap<Option<TeamId>, Count>,
    agents: BTreeSet<TeamId>,
}

pub(super) fn observe(join: &Join<'_>, pods: &Pods) -> Observed<Tenancy> {
    let mut reading = Reading::new(join.snapshot());
    let declared = &join.workspace().policy.dedicated_nodes;
    let mut pools: BTreeMap<PoolKey, Building> = BTreeMap::new();
    let mut places: BTreeMap<&str, PoolKey> = BTreeMap::new();
    let mut labelled: Vec<(&Object, PoolKey)> = Vec::new();
    let mut control_plane = BTreeSet::new();
    for object in reading.need("", "Node") {
        let Some(body) = reading.body::<nodes::Body>(object) else { continue };
        let mut taints: Vec<String> = body.spec.taints.iter().flatten().filter(is_will).map(Taint::text).collect();
        taints.order();
        let key = (pool(object), taints);
        let building = pools.entry(key.clone()).or_default();
        building.nodes.insert(object.name.to_string());
        if let Some(teams) = dedicated(declared, &object.name, &key.0) {
            building.dedicated_to = Some(teams.to_vec());
        }
        if object.labels.contains_key("node-role.kubernetes.io/control-plane") {
            control_plane.insert(&*object.name);
        }
        labelled.push((object, key.clone()));
        places.insert(&object.name, key);
    }
    let several = pools.len() > 1;
    let mut value = Tenancy::default();
    let (mut tolerant, mut above, mut sandboxed) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    // Pods of one template say the same.
    let mut kept: HashMap<usize, bool> = HashMap::new();
    let owners = join.owners("", "Pod");
    for (index, object) in reading.need("", "Pod").iter().enumerate() {
        let (Some(spot), Some(pod)) = (owners.spot(index), reading.pod(pods, index, object)) else { continue };
        if pod.status.ended() {
            continue;
        }
        let (component, team) = owners.of(index);
        let agent = is_agent(object);
        let name = || {
            let root = join.key(join.root(spot));
            WorkloadName {
                namespace: object.namespace.to_string(),
                kind: root.kind.to_string(),
                name: root.name.to_string(),
                component: component.clone(),
                team: team.clone(),
            }
        };
        if let Some(class) = &pod.spec.runtime_class_name {
            sandboxed.insert(Sandboxed { class: class.clone(), workload: name() });
        }
        if !agent && tolerates_everything(pod) {
            tolerant.insert(name());
        }
        let Some(node) = pod.node.as_deref() else { continue };
        if !agent && control_plane.contains(node) {
            above.insert(name());
        }
        let Some(building) = places.get(node).and_then(|key| pools.get_mut(key)) else { continue };
        if agent {
            building.agents.extend(team);
        } else {
            let pinned = *kept
                .entry(pod.number)
                .or_insert_with(|| several && keeps_to(pod, &labelled).is_some_and(|pools| pools.len() == 1));
            let count = building.tenants.entry(team).or_default();
            count.pods += 1;
            count.pinned += usize::from(pinned);
            count.nodes.insert(node.to_owned());
        }
    }
    value.pools = pools.into_iter().map(|((name, taints), building)| building.finish(name, taints)).collect();
    value.tolerant = tolerant.into_iter().collect();
    value.on_control_plane = above.into_iter().collect();
    value.sandboxed = sandboxed.into_iter().collect();
    reading.finish(value)
}

impl Building {
    fn finish(self, name: String, taints: Vec<String>) -> NodePool {
        let Self { nodes, dedicated_to, tenants, agents } = self;
        let foreign = |team: &Option<TeamId>| {
            dedicated_to.as_ref().is_some_and(|teams| team.as_ref().is_none_or(|team| !teams.contains(team)))
        };
        let agents_of = agents.into_iter().filter(|team| !tenants.contains_key(&Some(team.clone()))).collect();
        let tenants = tenants.into_iter().map(|(team, count)| Tenant {
            foreign: foreign(&team),
            team,
            pods: count.pods,
            pinned: count.pinned,
            nodes: count.nodes.into_iter().collect(),
        });
        let tenants = tenants.collect();
        NodePool { name, nodes: nodes.into_iter().collect(), taints, dedicated_to, tenants, agents_of }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        assess::testing::{claim, component, labelled, list, object, owned, snapshot, workspace},
        ownership,
    };

    fn node(name: &str, role: &str, taints: Value) -> Object {
        let role = format!("node-role.kubernetes.io/{role}");
        labelled(object("", name, json!({ "spec": { "taints": taints } })), &[(&role, "")])
    }

    fn pod(namespace: &str, name: &str, node: &str, tolerations: Value) -> Object {
        let spec = json!({ "spec": { "nodeName": node, "tolerations": tolerations, "containers": [] },
            "status": { "phase": "Running" } });
        object(namespace, name, spec)
    }

    fn seen() -> Tenancy {
        let everything = json!([{ "operator": "Exists" }]);
        let agent = object("kube-system", "cni", json!({}));
        let gpu = json!([{ "key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule" }]);
        let snapshot = snapshot(vec![
            list(
                "Node",
                vec![
                    node(
                        "cp-1",
                        "control-plane",
                        json!([{ "key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule" }]),
                    ),
                    node("gpu-1", "gpu", gpu),
                    node("worker-1", "worker", json!(null)),
                    node(
                        "worker-2",
                        "worker",
                        json!([{ "key": "node.kubernetes.io/unreachable", "effect": "NoExecute" }]),
                    ),
                ],
            ),
            list("apps/DaemonSet", vec![agent.clone()]),
            list(
                "Pod",
                vec![
                    owned(pod("kube-system", "cni-1", "gpu-1", everything.clone()), "DaemonSet", &agent),
                    pod("ml", "train", "gpu-1", json!([{ "key": "nvidia.com/gpu", "operator": "Exists" }])),
                    pod("shop", "web", "worker-1", json!(null)),
                    pod("shop", "spread", "gpu-1", everything.clone()),
                    pod("ml", "notebook", "worker-2", json!(null)),
                    pod(
                        "shop",
                        "up",
                        "cp-1",
                        json!([{ "key": "node-role.kubernetes.io/control-plane", "operator": "Exists" }]),
                    ),
                    // Static Pods tolerate eviction only.
                    pod("shop", "calm", "worker-1", json!([{ "operator": "Exists", "effect": "NoExecute" }])),
                ],
            ),
        ]);
        let of = |name: &str, team: &str| {
            component(name, team, vec![claim(|claim| claim.namespaces = vec![name.to_owned()])])
        };
        let mut workspace =
            workspace(vec![of("ml", "platform"), of("shop", "application"), of("kube-system", "platform")]);
        workspace.policy.dedicated_nodes =
            vec![DedicatedNodes { nodes: vec!["gpu*".to_owned()], teams: vec![TeamId::new("platform")] }];
        let join = ownership::join(&workspace, &snapshot);
        observe(&join, &Pods::of(&snapshot)).complete().expect("complete").clone()
    }

    #[test]
    fn pods_count_where_they_ran() {
        let tenancy = seen();
        let pools: Vec<&str> = tenancy.pools.iter().map(|pool| &*pool.name).collect();
        assert_eq!(pools, ["control-plane", "gpu", "worker"]);
        let worker = &tenancy.pools[2];
        assert_eq!((worker.nodes.len(), worker.tenants.len(), worker.dedicated_to.is_none()), (2, 2, true));
        let gpu = &tenancy.pools[1];
        let foreign: Vec<_> = gpu.tenants.iter().filter(|tenant| tenant.foreign).collect();
        assert_eq!(foreign.len(), 1);
        assert_eq!(foreign[0].team.as_ref().map(TeamId::as_str), Some("application"));
    }

    #[test]
    fn a_selector_or_an_affinity_keeps_pods_to_a_pool() {
        let node = |name: &str, pool: &str| {
            let labels = [("cloud.google.com/gke-nodepool", pool), ("kubernetes.io/os", "linux")];
            labelled(object("", name, json!({ "spec": {} })), &labels)
        };
        let pod = |name: &str, mut spec: Value| {
            spec["nodeName"] = "a-1".into();
            object("shop", name, json!({ "spec": spec, "status": { "phase": "Running" } }))
        };
        let affinity = |operator: &str, value: &str| {
            let expression = json!({ "key": "cloud.google.com/gke-nodepool", "operator": operator, "values": [value] });
            let terms = json!({ "nodeSelectorTerms": [{ "matchExpressions": [expression] }] });
            json!({ "affinity": { "nodeAffinity": { "requiredDuringSchedulingIgnoredDuringExecution": terms } } })
        };
        let pinned = |spec: Value| {
            let nodes = vec![node("a-1", "a"), node("b-1", "b")];
            let snapshot = snapshot(vec![list("Node", nodes), list("Pod", vec![pod("web", spec)])]);
            let workspace = workspace(Vec::new());
            let tenancy = observe(&ownership::join(&workspace, &snapshot), &Pods::of(&snapshot));
            tenancy.seen().pools[0].tenants[0].pinned == 1
        };
        assert!(pinned(json!({ "nodeSelector": { "cloud.google.com/gke-nodepool": "a" } })));
        assert!(!pinned(json!({ "nodeSelector": { "kubernetes.io/os": "linux" } })));
        assert!(pinned(affinity("In", "a")) && pinned(affinity("NotIn", "b")));
        assert!(!pinned(affinity("Exists", "a")) && !pinned(affinity("Near", "a")) && !pinned(json!({})));
    }

    #[test]
    fn agents_are_no_tenants_and_may_tolerate_everything() {
        let tenancy = seen();
        let tolerant: Vec<&str> = tenancy.tolerant.iter().map(|workload| &*workload.name).collect();
        assert_eq!(tolerant, ["spread"]);
        let above: Vec<&str> = tenancy.on_control_plane.iter().map(|workload| &*workload.name).collect();
        assert_eq!(above, ["up"]);
    }
}
