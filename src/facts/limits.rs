//! Limits and quotas: containers without requests or limits, and what bounds each namespace.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::{
    observed::{Observed, Reading},
    pod::{PodSpec, Pods, null_is_empty},
    pod_security::rules,
    running::{WorkloadName, units},
};
use crate::{ownership::Join, workspace::TeamId};

/// Limits and quotas of a cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Limits {
    /// Workloads with containers that lack a request or limit.
    pub workloads: Vec<Unlimited>,
    /// Namespaces, by name.
    pub namespaces: Vec<NamespaceLimits>,
}

/// A workload with containers that lack a request or limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unlimited {
    /// Which.
    pub workload: WorkloadName,
    /// What each container lacks: `container web: limits.memory`.
    pub missing: Vec<String>,
}

/// What bounds a namespace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NamespaceLimits {
    /// Namespace.
    pub namespace: String,
    /// Team accountable for it.
    pub team: Option<TeamId>,
    /// It runs workloads.
    pub in_use: bool,
    /// Quotas, by name.
    pub quotas: Vec<Quota>,
    /// LimitRanges, by name.
    pub limit_ranges: Vec<String>,
}

/// A ResourceQuota.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Quota {
    /// Name.
    pub name: String,
    /// Resources it bounds.
    pub usage: Vec<Usage>,
}

/// How much of a resource is used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Usage {
    /// Resource: `requests.cpu`, `pods`.
    pub resource: String,
    /// Used, as the API writes it.
    pub used: Option<String>,
    /// Allowed, as the API writes it.
    pub hard: String,
    /// Used of allowed in percent.
    pub percent: Option<u32>,
}

/// Requests and limits that containers lack. A limit without a request is also the request. Init containers end before
/// the others start and may go without; those that restart are sidecars and may not.
pub(crate) fn missing(spec: &PodSpec) -> Vec<String> {
    let sidecars = spec.init_containers.iter().filter(|it| it.restart_policy.as_deref() == Some("Always"));
    let containers =
        sidecars.map(|it| ("initContainers", it)).chain(spec.containers.iter().map(|it| ("containers", it)));
    let whole = spec.resources.as_ref();
    let lacking = containers.filter_map(|(list, container)| {
        let sets = [container.resources.as_ref(), whole];
        let limit = |name: &str| sets.iter().flatten().any(|set| set.limits.contains_key(name));
        let request = |name: &str| limit(name) || sets.iter().flatten().any(|set| set.requests.contains_key(name));
        let all = [
            ("requests.cpu", request("cpu")),
            ("requests.memory", request("memory")),
            ("limits.memory", limit("memory")),
        ];
        let lacks: Vec<&str> = all.iter().filter(|(_, has)| !has).map(|(name, _)| *name).collect();
        (!lacks.is_empty()).then(|| format!("{}: {}", rules::place(list, container), lacks.join(", ")))
    });
    lacking.collect()
}

/// A quantity as a number: `500m`, `2Gi`, `10`.
fn quantity(text: &str) -> Option<f64> {
    let end = text.find(|it: char| !it.is_ascii_digit() && it != '.' && it != '-').unwrap_or(text.len());
    let number: f64 = text.get(..end)?.parse().ok()?;
    let factor = match text.get(end..)? {
        "" => 1.0,
        "n" => 1e-9,
        "u" => 1e-6,
        "m" => 1e-3,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "P" => 1e15,
        "Ki" => 1024.0,
        "Mi" => 1024f64.powi(2),
        "Gi" => 1024f64.powi(3),
        "Ti" => 1024f64.powi(4),
        "Pi" => 1024f64.powi(5),
        _ => return None,
    };
    Some(number * factor)
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct QuotaBody {
    spec: QuotaSpec,
    status: QuotaStatus,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct QuotaSpec {
    #[serde(deserialize_with = "null_is_empty")]
    hard: BTreeMap<String, String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct QuotaStatus {
    #[serde(deserialize_with = "null_is_empty")]
    used: BTreeMap<String, String>,
}

pub(super) fn observe(join: &Join<'_>, pods: &Pods) -> Observed<Limits> {
    let mut reading = Reading::new(join.snapshot());
    let owners = join.owners("", "Namespace");
    let mut namespaces: BTreeMap<&str, NamespaceLimits> = BTreeMap::new();
    for (index, object) in reading.need("", "Namespace").iter().enumerate() {
        let namespace = object.name.to_string();
        let (_, team) = owners.of(index);
        let limits = NamespaceLimits { namespace, team, in_use: false, quotas: Vec::new(), limit_ranges: Vec::new() };
        namespaces.insert(&object.name, limits);
    }
    for object in reading.need("", "ResourceQuota") {
        let Some(body) = reading.body::<QuotaBody>(object) else { continue };
        let usage = body.spec.hard.into_iter().map(|(resource, hard)| {
            let used = body.status.used.get(&resource).cloned();
            let share = used.as_deref().and_then(quantity).zip(quantity(&hard)).filter(|(_, hard)| *hard > 0.0);
            let percent = share.map(|(used, hard)| (used / hard * 100.0).round().clamp(0.0, 1e6) as u32);
            Usage { resource, used, hard, percent }
        });
        let quota = Quota { name: object.name.to_string(), usage: usage.collect() };
        if let Some(namespace) = namespaces.get_mut(&*object.namespace) {
            namespace.quotas.push(quota);
        }
    }
    for object in reading.need("", "LimitRange") {
        if let Some(namespace) = namespaces.get_mut(&*object.namespace) {
            namespace.limit_ranges.push(object.name.to_string());
        }
    }
    reading.rely("", "Pod", &["spec.resources.requests", "spec.resources.limits"]);
    let mut judged: HashMap<usize, Vec<String>> = HashMap::new();
    let mut workloads = Vec::new();
    for unit in units(&mut reading, join, pods) {
        if let Some(namespace) = namespaces.get_mut(&*unit.name.namespace) {
            namespace.in_use = true;
        }
        // A LimitRange fills in what a template leaves open, so Pods decide where there are any.
        let mut lacking: Vec<String> = Vec::new();
        for shape in unit.in_force() {
            for text in judged.entry(shape.number).or_insert_with(|| missing(shape.spec)) {
                if !lacking.contains(text) {
                    lacking.push(text.clone());
                }
            }
        }
        if !lacking.is_empty() {
            workloads.push(Unlimited { workload: unit.name.clone(), missing: lacking });
        }
    }
    reading.finish(Limits { workloads, namespaces: namespaces.into_values().collect() })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        assess::testing::{list, namespaces, object, snapshot, workspace},
        ownership,
    };

    #[test]
    fn quotas_are_compared_in_one_unit() {
        let quota = json!({
            "spec": { "hard": { "requests.cpu": "2", "requests.memory": "1Gi", "odd": "many" } },
            "status": { "used": { "requests.cpu": "500m", "requests.memory": "512Mi", "odd": "1" } },
        });
        let snapshot = snapshot(vec![namespaces(&["shop"]), list("ResourceQuota", vec![object("shop", "all", quota)])]);
        let workspace = workspace(Vec::new());
        let observed = observe(&ownership::join(&workspace, &snapshot), &Pods::of(&snapshot));
        let usage: Vec<_> =
            observed.seen().namespaces[0].quotas[0].usage.iter().map(|it| (&*it.resource, it.percent)).collect();
        assert_eq!(usage, [("odd", None), ("requests.cpu", Some(25)), ("requests.memory", Some(50))]);
    }

    #[test]
    fn a_limit_is_a_request_and_a_sidecar_counts() {
        let of = |spec| missing(&serde_json::from_value::<PodSpec>(spec).expect("a spec"));
        let web = json!({ "name": "web", "resources": { "limits": { "cpu": "1", "memory": "1Gi" } } });
        assert_eq!(of(json!({ "containers": [web], "initContainers": [{ "name": "once" }] })), Vec::<String>::new());
        let proxy = json!({ "name": "proxy", "restartPolicy": "Always", "resources": { "requests": { "cpu": "1" } } });
        let found = of(json!({ "containers": [web], "initContainers": [proxy] }));
        assert_eq!(found, ["init container proxy: requests.memory, limits.memory"]);
        let whole =
            json!({ "resources": { "limits": { "cpu": "1", "memory": "1Gi" } }, "containers": [{ "name": "a" }] });
        assert_eq!(of(whole), Vec::<String>::new());
    }
}
