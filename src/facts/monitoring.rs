//! Monitoring: agents on nodes, alert rules, receivers, and components that nothing watches.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{
    observed::{Observed, Reading},
    selector::Selector,
};
use crate::{
    ownership::Join,
    sort::Sort,
    workspace::{ComponentId, TeamId},
};

const GROUP: &str = "monitoring.coreos.com";

/// What watches the cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Monitoring {
    /// Agents that run on nodes, by purpose and product.
    pub agents: Vec<Agent>,
    /// Nodes in all; `None` when they were not read.
    pub nodes: Option<usize>,
    /// Alert rules, by team, namespace and name.
    pub rules: Vec<Rules>,
    /// Prometheus and Alertmanager objects, as `Prometheus monitoring/main`.
    pub servers: Vec<String>,
    /// Receivers of AlertmanagerConfigs, as `namespace/name: receiver (slack)`.
    pub receivers: Vec<String>,
    /// Components with workloads, but without an alert rule or without a monitor of their own.
    pub unwatched: Vec<Unwatched>,
}

/// What an agent is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// Sends logs away.
    Logs,
    /// Watches what programs do.
    Runtime,
    /// Measures the node.
    Metrics,
}

/// A DaemonSet known by its images.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Agent {
    /// What it is for.
    pub purpose: Purpose,
    /// Product.
    pub product: String,
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Component it belongs to.
    pub component: Option<ComponentId>,
    /// Team accountable for the component.
    pub team: Option<TeamId>,
    /// Nodes that it should run on.
    pub wanted: u64,
    /// Nodes that it is ready on.
    pub ready: u64,
}

/// A PrometheusRule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Rules {
    /// Team accountable for its component.
    pub team: Option<TeamId>,
    /// Component it belongs to.
    pub component: Option<ComponentId>,
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Alerts by name.
    pub alerts: Vec<String>,
}

/// A component that nothing watches, or that nothing raises an alert for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Unwatched {
    /// Team accountable for it.
    pub team: TeamId,
    /// Component.
    pub component: ComponentId,
    /// It owns an alert rule.
    pub alerts: bool,
    /// A ServiceMonitor or PodMonitor is its own, or selects one of its Services or Pods.
    pub monitored: bool,
}

/// Last part of an image's repository, without tag, and the product.
const PRODUCTS: &[(&str, &str, Purpose)] = &[
    ("fluent-bit", "Fluent Bit", Purpose::Logs),
    ("aws-for-fluent-bit", "Fluent Bit", Purpose::Logs),
    ("fluentd", "Fluentd", Purpose::Logs),
    ("fluentd-kubernetes-daemonset", "Fluentd", Purpose::Logs),
    ("vector", "Vector", Purpose::Logs),
    ("promtail", "Promtail", Purpose::Logs),
    ("alloy", "Grafana Alloy", Purpose::Logs),
    ("filebeat", "Filebeat", Purpose::Logs),
    ("elastic-agent", "Elastic Agent", Purpose::Logs),
    ("logstash", "Logstash", Purpose::Logs),
    ("opentelemetry-collector", "OpenTelemetry Collector", Purpose::Logs),
    ("opentelemetry-collector-contrib", "OpenTelemetry Collector", Purpose::Logs),
    ("opentelemetry-collector-k8s", "OpenTelemetry Collector", Purpose::Logs),
    ("splunk-otel-collector", "Splunk OpenTelemetry Collector", Purpose::Logs),
    ("datadog-agent", "Datadog Agent", Purpose::Logs),
    ("falco", "Falco", Purpose::Runtime),
    ("falco-no-driver", "Falco", Purpose::Runtime),
    ("tetragon", "Tetragon", Purpose::Runtime),
    ("tracee", "Tracee", Purpose::Runtime),
    ("kubearmor", "KubeArmor", Purpose::Runtime),
    ("node-agent-kubescape", "Kubescape node agent", Purpose::Runtime),
    ("falcon-sensor", "CrowdStrike Falcon", Purpose::Runtime),
    ("collector-slim", "StackRox collector", Purpose::Runtime),
    ("enforcer", "NeuVector enforcer", Purpose::Runtime),
    ("node-exporter", "node exporter", Purpose::Metrics),
];

/// The product that an image is known as.
pub(crate) fn product(image: &str) -> Option<(&'static str, Purpose)> {
    let repository = image.split('@').next().unwrap_or(image);
    let last = repository.rsplit('/').next().unwrap_or(repository);
    let name = last.split(':').next().unwrap_or(last);
    PRODUCTS.iter().find(|(known, ..)| *known == name).map(|&(_, product, purpose)| (product, purpose))
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct DaemonBody {
    spec: DaemonSpec,
    pub(crate) status: DaemonStatus,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct DaemonSpec {
    template: Template,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Template {
    spec: TemplateSpec,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct TemplateSpec {
    containers: Option<Vec<Container>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Container {
    image: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct DaemonStatus {
    pub(crate) desired_number_scheduled: u64,
    pub(crate) number_ready: u64,
}

impl DaemonBody {
    /// The first known product among its containers.
    pub(crate) fn product(&self) -> Option<(&'static str, Purpose)> {
        self.spec.template.spec.containers.iter().flatten().filter_map(|it| it.image.as_deref()).find_map(product)
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct RuleBody {
    spec: RuleSpec,
}

impl RuleBody {
    /// Names of the alerts it holds; a recording rule has none.
    pub(crate) fn alerts(self) -> impl Iterator<Item = String> {
        let groups = self.spec.groups.into_iter().flatten();
        groups.flat_map(|group| group.rules.unwrap_or_default()).filter_map(|rule| rule.alert)
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RuleSpec {
    groups: Option<Vec<RuleGroup>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RuleGroup {
    rules: Option<Vec<Rule>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Rule {
    alert: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct MonitorBody {
    spec: MonitorSpec,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct MonitorSpec {
    selector: Selector,
    namespace_selector: NamespaceSelector,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct NamespaceSelector {
    any: Option<bool>,
    match_names: Option<Vec<String>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ReceiversBody {
    spec: ReceiversSpec,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ReceiversSpec {
    receivers: Option<Vec<BTreeMap<String, serde_json::Value>>>,
}

pub(super) fn observe(join: &Join<'_>) -> Observed<Monitoring> {
    let mut reading = Reading::new(join.snapshot());
    let mut found = Monitoring::default();
    let owners = join.owners("apps", "DaemonSet");
    for (index, object) in reading.need("apps", "DaemonSet").iter().enumerate() {
        let Some(body) = reading.body::<DaemonBody>(object) else { continue };
        let Some((product, purpose)) = body.product() else { continue };
        let (component, team) = owners.of(index);
        found.agents.push(Agent {
            purpose,
            product: product.to_owned(),
            namespace: object.namespace.to_string(),
            name: object.name.to_string(),
            component,
            team,
            wanted: body.status.desired_number_scheduled,
            ready: body.status.number_ready,
        });
    }
    found.agents.order();
    reading.need("", "Node");
    found.nodes = join.snapshot().list("", "Node").and_then(|list| list.complete().ok()).map(<[_]>::len);
    let owners = join.owners(GROUP, "PrometheusRule");
    for (index, object) in reading.wish(GROUP, "PrometheusRule").iter().enumerate() {
        let Some(body) = reading.body::<RuleBody>(object) else { continue };
        let (component, team) = owners.of(index);
        let alerts: Vec<String> = body.alerts().collect();
        let (namespace, name) = (object.namespace.to_string(), object.name.to_string());
        found.rules.push(Rules { team, component, namespace, name, alerts });
    }
    found.rules.order();
    for kind in ["Prometheus", "Alertmanager"] {
        let objects = reading.wish(GROUP, kind).iter();
        found.servers.extend(objects.map(|object| format!("{kind} {}/{}", object.namespace, object.name)));
    }
    for object in reading.wish(GROUP, "AlertmanagerConfig") {
        let Some(body) = reading.body::<ReceiversBody>(object) else { continue };
        found.receivers.extend(body.spec.receivers.into_iter().flatten().map(|receiver| {
            let name = receiver.get("name").and_then(serde_json::Value::as_str).unwrap_or_default();
            let kinds: Vec<&str> = receiver.keys().filter_map(|key| key.strip_suffix("Configs")).collect();
            format!("{}/{}: {name} ({})", object.namespace, object.name, kinds.join(", "))
        }));
    }
    found.unwatched = unwatched(join, &mut reading, &found.rules);
    reading.remark("What logs hold, and whether alerts reach anybody, is not visible".to_owned());
    reading.finish(found)
}

/// Components that own a workload, but no alert rule or nothing that a monitor selects.
fn unwatched(join: &Join<'_>, reading: &mut Reading<'_>, rules: &[Rules]) -> Vec<Unwatched> {
    let alerting: BTreeSet<&ComponentId> =
        rules.iter().filter(|rule| !rule.alerts.is_empty()).filter_map(|rule| rule.component.as_ref()).collect();
    let mut monitored: BTreeSet<ComponentId> = BTreeSet::new();
    for (kind, target) in [("ServiceMonitor", "Service"), ("PodMonitor", "Pod")] {
        let monitors = join.owners(GROUP, kind);
        let owners = join.owners("", target);
        for (index, object) in reading.wish(GROUP, kind).iter().enumerate() {
            monitored.extend(monitors.of(index).0);
            let Some(MonitorBody { spec }) = reading.body::<MonitorBody>(object) else { continue };
            let names = spec.namespace_selector.match_names.unwrap_or_default();
            let inside = |namespace: &str| match spec.namespace_selector.any {
                Some(true) => true,
                _ if names.is_empty() => *namespace == *object.namespace,
                _ => names.iter().any(|name| name == namespace),
            };
            for (index, target) in reading.need("", target).iter().enumerate() {
                if inside(&target.namespace) && spec.selector.selects(&target.labels) {
                    monitored.extend(owners.of(index).0);
                }
            }
        }
    }
    let mut found = BTreeSet::new();
    for (group, kind) in super::delivery::WORKLOADS {
        let owners = join.owners(group, kind);
        for index in 0..reading.need(group, kind).len() {
            let (Some(component), Some(team)) = owners.of(index) else { continue };
            let (alerts, monitored) = (alerting.contains(&component), monitored.contains(&component));
            if !alerts || !monitored {
                found.insert(Unwatched { team, component, alerts, monitored });
            }
        }
    }
    found.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        assess::testing::{claim, component, labelled, list, namespaces, object, snapshot, workspace},
        ownership,
    };

    #[test]
    fn products_are_known_by_the_name_of_their_image() {
        assert_eq!(product("cr.fluentbit.io/fluent/fluent-bit:4.1.1"), Some(("Fluent Bit", Purpose::Logs)));
        assert_eq!(product("docker.io/falcosecurity/falco@sha256:00"), Some(("Falco", Purpose::Runtime)));
        assert_eq!(product("registry.example:5000/fluent-bit-test:1"), None);
    }

    #[test]
    fn components_without_alert_or_monitor_are_named() {
        let claims = |namespace: &str| vec![claim(|claim| claim.namespaces = vec![namespace.to_owned()])];
        let workspace = workspace(vec![
            component("shop", "platform", claims("shop")),
            component("dark", "platform", claims("dark")),
        ]);
        let rule = json!({ "spec": { "groups": [{ "name": "shop", "rules": [{ "alert": "ShopDown" }, { "record": "x" }] }] } });
        let monitor = json!({ "spec": { "selector": { "matchLabels": { "app": "web" } }, "namespaceSelector": { "matchNames": ["shop"] } } });
        let agent = json!({ "spec": { "template": { "spec": { "containers": [{ "image": "fluent-bit:4" }] } } },
                            "status": { "desiredNumberScheduled": 5, "numberReady": 4 } });
        let receivers = json!({ "spec": { "receivers": [{ "name": "on-call", "pagerdutyConfigs": [{}] }] } });
        let mut lists = vec![
            namespaces(&["shop", "dark", "monitoring"]),
            list("Node", vec![object("", "a", json!({})), object("", "b", json!({}))]),
            list("apps/DaemonSet", vec![object("monitoring", "logs", agent)]),
            list("apps/Deployment", vec![object("shop", "web", json!({})), object("dark", "web", json!({}))]),
            list("Service", vec![labelled(object("shop", "web", json!({})), &[("app", "web")])]),
            list("monitoring.coreos.com/PrometheusRule", vec![object("shop", "alerts", rule)]),
            list("monitoring.coreos.com/ServiceMonitor", vec![object("monitoring", "web", monitor)]),
            list("monitoring.coreos.com/AlertmanagerConfig", vec![object("monitoring", "main", receivers)]),
        ];
        lists.extend(["apps/StatefulSet", "batch/CronJob", "batch/Job", "Pod"].map(|kind| list(kind, Vec::new())));
        let snapshot = snapshot(lists);
        let observed = observe(&ownership::join(&workspace, &snapshot));
        let found = observed.seen();
        assert_eq!(found.rules[0].alerts, ["ShopDown"]);
        assert_eq!(found.receivers, ["monitoring/main: on-call (pagerduty)"]);
        assert_eq!((found.agents[0].wanted, found.agents[0].ready, found.nodes), (5, 4, Some(2)));
        let dark: Vec<_> = found.unwatched.iter().map(|it| (it.component.as_str(), it.alerts, it.monitored)).collect();
        assert_eq!(dark, [("dark", false, false)]);
    }
}
