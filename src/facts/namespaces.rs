//! Namespaces: owner, Pod Security labels, Pods, default-deny, quota.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use super::{
    network::{Direction, Network},
    observed::{Observed, Reading},
    pod::Pods,
    pod_security::{Level, Policy, PolicyVersion, Subject, level_met},
};
use crate::{
    ownership::Join,
    snapshot::{List, Object},
    sort::Sort,
    workspace::{ComponentId, TeamId},
};

/// A namespace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Namespace {
    /// Name.
    pub name: String,
    /// Component that claims the namespace itself.
    pub component: Option<ComponentId>,
    /// Team accountable for that component.
    pub team: Option<TeamId>,
    /// Pod Security admission labels.
    pub pod_security: PodSecurityLabels,
    /// Strictest Pod Security level that all its Pods meet, by the rules of the version that the namespace enforces:
    /// `restricted`, `baseline` or `privileged`; `None` without Pods or without a complete list of them.
    pub level_met: Option<String>,
    /// Pods in it; `None` when Pods were not read completely.
    pub pods: Option<usize>,
    /// A policy denies all ingress that no other policy allows; `None` when policies were not read completely,
    /// or cannot be evaluated.
    pub default_deny_ingress: Option<bool>,
    /// The same for egress.
    pub default_deny_egress: Option<bool>,
    /// Network policies in it; `None` when policies were not read completely.
    pub network_policies: Option<usize>,
    /// It has a ResourceQuota; `None` when quotas were not read completely.
    pub quota: Option<bool>,
}

/// `pod-security.kubernetes.io/*` labels of a namespace.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct PodSecurityLabels {
    /// Level enforced.
    pub enforce: Option<String>,
    /// Version of the enforced level.
    pub enforce_version: Option<String>,
    /// Level audited.
    pub audit: Option<String>,
    /// Version of the audited level.
    pub audit_version: Option<String>,
    /// Level warned about.
    pub warn: Option<String>,
    /// Version of the level warned about.
    pub warn_version: Option<String>,
}

impl PodSecurityLabels {
    fn of(namespace: &Object) -> Self {
        let label = |key: &str| {
            namespace.labels.get(&*format!("pod-security.kubernetes.io/{key}")).map(|value| value.to_string())
        };
        Self {
            enforce: label("enforce"),
            enforce_version: label("enforce-version"),
            audit: label("audit"),
            audit_version: label("audit-version"),
            warn: label("warn"),
            warn_version: label("warn-version"),
        }
    }
}

pub(super) fn observe<'a>(join: &Join<'a>, pods: &Pods, network: &Network<'a>) -> Observed<Vec<Namespace>> {
    let snapshot = join.snapshot();
    let mut reading = Reading::new(snapshot);
    let namespaces = reading.need("", "Namespace");
    let all_pods = reading.need("", "Pod");
    let policies = reading.need("networking.k8s.io", "NetworkPolicy");
    let quotas = reading.need("", "ResourceQuota");
    let complete =
        |group: &str, kind: &str| snapshot.list(group, kind).map(List::complete).is_some_and(|list| list.is_ok());
    let (pods_known, policies_known, quotas_known) =
        (complete("", "Pod"), complete("networking.k8s.io", "NetworkPolicy"), complete("", "ResourceQuota"));

    // By rules of the version that the namespace names, and none that its API server does not know.
    let server = snapshot.header.cluster.version.as_deref();
    let versions: HashMap<&str, PolicyVersion> = namespaces
        .iter()
        .map(|object| (&*object.name, Policy::of(&object.labels).enforce.version.on_server(server)))
        .collect();
    // Pods by namespace, with the weakest level that all of them meet; `None` once one could not be read.
    let mut met: HashMap<&str, (usize, Option<Level>)> = HashMap::new();
    for (index, object) in all_pods.iter().enumerate() {
        let version = versions.get(&*object.namespace).copied();
        let version = version.unwrap_or_else(|| PolicyVersion::LATEST.on_server(server));
        let level = reading
            .pod(pods, index, object)
            .map(|pod| level_met(&Subject { spec: &pod.spec, annotations: &object.annotations }, version));
        let entry = met.entry(&object.namespace).or_insert((0, Some(Level::Restricted)));
        entry.0 += 1;
        entry.1 = entry.1.zip(level).map(|(weakest, level)| weakest.min(level));
    }
    let denials = network.denials(&mut reading);
    let count = |objects: &'_ [Object]| {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for object in objects {
            *counts.entry(object.namespace.to_string()).or_default() += 1;
        }
        counts
    };
    let (policy_counts, quota_counts) = (count(policies), count(quotas));

    let owners = join.owners("", "Namespace");
    let mut found: Vec<Namespace> = namespaces
        .iter()
        .enumerate()
        .map(|(index, object)| {
            let name = &*object.name;
            let (component, team) = owners.of(index);
            let (pods, level) = met.get(name).copied().unwrap_or((0, None));
            let denies = |direction| denials.of(object, direction).filter(|_| policies_known);
            Namespace {
                name: name.to_owned(),
                component,
                team,
                pod_security: PodSecurityLabels::of(object),
                level_met: level.filter(|_| pods_known).map(|level| level.as_str().to_owned()),
                pods: pods_known.then_some(pods),
                default_deny_ingress: denies(Direction::Ingress),
                default_deny_egress: denies(Direction::Egress),
                network_policies: policies_known.then(|| policy_counts.get(name).copied().unwrap_or(0)),
                quota: quotas_known.then(|| quota_counts.contains_key(name)),
            }
        })
        .collect();
    found.order_by(|a, b| a.name.cmp(&b.name));
    reading.finish(found)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        assess::testing::{labelled, list, object, snapshot, workspace},
        ownership,
    };

    #[test]
    fn the_level_met_is_judged_by_the_version_that_the_namespace_enforces() {
        let version = "pod-security.kubernetes.io/enforce-version";
        let namespace = |name, labels: &[(&str, &str)]| labelled(object("", name, json!({})), labels);
        let pod = |namespace, sysctl| {
            let spec = json!({ "securityContext": { "sysctls": [{ "name": sysctl }] }, "containers": [] });
            object(namespace, "web", json!({ "spec": spec }))
        };
        let (since_1_32, since_1_37) = ("net.ipv4.tcp_rmem", "net.ipv4.tcp_notsent_lowat");
        let snapshot = snapshot(vec![
            list(
                "Namespace",
                vec![
                    namespace("early", &[(version, "v1.31")]),
                    namespace("late", &[(version, "v1.32")]),
                    namespace("silent", &[]),
                    // The API server of this snapshot is 1.36.
                    namespace("too-new", &[(version, "v1.37")]),
                ],
            ),
            list(
                "Pod",
                vec![
                    pod("early", since_1_32),
                    pod("late", since_1_32),
                    pod("silent", since_1_32),
                    pod("too-new", since_1_37),
                ],
            ),
        ]);
        let workspace = workspace(Vec::new());
        let join = ownership::join(&workspace, &snapshot);
        let pods = Pods::of(&snapshot);
        let observed = observe(&join, &pods, &crate::facts::network::Network::new(&join, &pods));
        let met: Vec<_> =
            observed.seen().iter().map(|it| (&*it.name, it.level_met.as_deref().unwrap_or("?"))).collect();
        assert_eq!(
            met,
            [("early", "privileged"), ("late", "restricted"), ("silent", "restricted"), ("too-new", "privileged")]
        );
    }
}
