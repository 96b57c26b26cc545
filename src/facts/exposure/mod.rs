//! What is reachable from outside: one list of ways in, each from its host or address to the workload behind it.
//!
//! In: Services, Ingresses, Gateways with their routes, OpenShift Routes, Istio Gateways, Pods. Out: [`Exposure`].
//! One file an API (`service`, [`ingress`], [`gateway`], [`route`], `istio`); [`reach`] follows a Service to its Pods.

pub(crate) mod gateway;
pub(crate) mod ingress;
mod istio;
pub(crate) mod reach;
pub(crate) mod route;
mod service;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{
    observed::{Observed, Reading},
    pod::Pods,
};
use crate::{
    ownership::{Join, Owners},
    snapshot::Object,
    sort::Sort,
    workspace::{ComponentId, TeamId},
};

pub use gateway::OpenListener;
use reach::Reach;
pub use reach::{Backend, BackendState};
pub(crate) use service::{ServiceBody, service_body};

/// Everything that is reachable from outside the cluster network.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Exposure {
    /// Ways in, by team, namespace, kind and name.
    pub ways: Vec<WayIn>,
    /// Hosts that objects of several owners serve, by host.
    pub shared_hosts: Vec<SharedHost>,
    /// Listeners of Gateways that routes of every namespace may use.
    pub open_listeners: Vec<OpenListener>,
    /// Workloads that listen on addresses of nodes, by namespace and name.
    pub on_nodes: Vec<OnNode>,
}

/// One object through which traffic comes in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WayIn {
    /// `Ingress`, `HTTPRoute`, `Service, load balancer` …
    pub kind: String,
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Component it belongs to.
    pub component: Option<ComponentId>,
    /// Team accountable for the component.
    pub team: Option<TeamId>,
    /// Hosts that it serves, `*` for any; addresses where the API knows no hosts.
    pub hosts: Vec<String>,
    /// Ports, where the object names them.
    pub ports: Vec<String>,
    /// Class or gateway that serves it.
    pub through: Option<String>,
    /// Whether it is served with TLS.
    pub tls: Tls,
    /// Hosts that are served without TLS.
    pub without_tls: Vec<String>,
    /// Whether plain HTTP is sent on to TLS.
    pub redirect: Redirect,
    /// Secrets that hold its certificates, as `namespace/name`.
    pub certificates: Vec<String>,
    /// It asks for an address inside the provider's network only.
    pub internal: bool,
    /// Source ranges it is limited to; empty means everybody.
    pub source_ranges: Vec<String>,
    /// What it leads to.
    pub backends: Vec<Backend>,
    /// What keeps it from working as written.
    pub problems: Vec<String>,
}

/// Whether a way in is served with TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tls {
    /// All hosts, ended at the entry.
    All,
    /// Some hosts, or beside plain HTTP.
    Partly,
    /// None of it.
    None,
    /// Passed on to the workload, which ends it.
    Passthrough,
    /// Plain HTTP that only redirects to TLS.
    Redirects,
    /// A port is opened; what is spoken on it cannot be seen.
    NotVisible,
}

/// Whether plain HTTP is sent on to TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Redirect {
    /// The object says so.
    ToTls,
    /// The object says not to.
    Off,
    /// The object says nothing: the controller's own setting decides.
    NotSaid,
}

/// A host that objects of several owners serve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SharedHost {
    /// Host.
    pub host: String,
    /// Objects as `Ingress shop/web`.
    pub objects: Vec<String>,
}

/// A workload that listens on addresses of nodes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct OnNode {
    /// Namespace.
    pub namespace: String,
    /// Kind and name: `DaemonSet cilium`.
    pub workload: String,
    /// Component it belongs to.
    pub component: Option<ComponentId>,
    /// Team accountable for the component.
    pub team: Option<TeamId>,
    /// Pods use the network of their node.
    pub host_network: bool,
    /// Ports of nodes that it asks for.
    pub host_ports: Vec<i64>,
}

impl WayIn {
    /// A way in with the name of its object and nothing else known.
    fn of(kind: &str, object: &Object) -> Self {
        Self {
            kind: kind.to_owned(),
            namespace: object.namespace.to_string(),
            name: object.name.to_string(),
            component: None,
            team: None,
            hosts: Vec::new(),
            ports: Vec::new(),
            through: None,
            tls: Tls::NotVisible,
            without_tls: Vec::new(),
            redirect: Redirect::NotSaid,
            certificates: Vec::new(),
            internal: false,
            source_ranges: Vec::new(),
            backends: Vec::new(),
            problems: Vec::new(),
        }
    }

    fn owned(mut self, owners: &Owners<'_, '_>, index: usize) -> Self {
        (self.component, self.team) = owners.of(index);
        self
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct LoadBalanced {
    load_balancer: LoadBalancer,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct LoadBalancer {
    ingress: Option<Vec<Address>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Address {
    ip: Option<String>,
    hostname: Option<String>,
}

impl LoadBalanced {
    fn addresses(&self) -> Vec<String> {
        let published = self.load_balancer.ingress.iter().flatten();
        published.filter_map(|address| address.hostname.clone().or_else(|| address.ip.clone())).collect()
    }
}

pub(super) fn observe(join: &Join<'_>, pods: &Pods) -> Observed<Exposure> {
    let mut reading = Reading::new(join.snapshot());
    let reach = Reach::new(join, &mut reading);
    let mut exposure = Exposure::default();
    let owners = join.owners("", "Service");
    for (index, object) in reading.need("", "Service").iter().enumerate() {
        let Ok(body) = service_body(object) else { continue };
        if let Some(way) = service::way(object, &body) {
            let backends = vec![reach.service(&object.namespace, &object.name)];
            exposure.ways.push(WayIn { backends, ..way }.owned(&owners, index));
        }
    }
    let owners = join.owners("networking.k8s.io", "Ingress");
    for (index, object) in reading.need("networking.k8s.io", "Ingress").iter().enumerate() {
        match ingress::way(object, &reach) {
            Ok(way) => exposure.ways.push(way.owned(&owners, index)),
            Err(error) => reading.odd(object, error),
        }
    }
    gateway::observe(join, &mut reading, &reach, &mut exposure);
    route::observe(join, &mut reading, &reach, &mut exposure.ways);
    istio::observe(join, &mut reading, &reach, &mut exposure.ways);
    exposure.on_nodes = on_nodes(join, &mut reading, pods);
    exposure.shared_hosts = shared(&exposure.ways);
    exposure
        .ways
        .order_by(|a, b| (&a.team, &a.namespace, &a.kind, &a.name).cmp(&(&b.team, &b.namespace, &b.kind, &b.name)));
    reading.remark("Load balancers, firewalls and name servers in front of the cluster are not visible".to_owned());
    reading.finish(exposure)
}

/// Hosts that objects of different components serve. Objects of nobody differ by namespace.
fn shared(ways: &[WayIn]) -> Vec<SharedHost> {
    type Owned<'w> = (BTreeSet<(Option<&'w ComponentId>, &'w str)>, BTreeSet<String>);
    let mut hosts: BTreeMap<&str, Owned<'_>> = BTreeMap::new();
    for way in ways.iter().filter(|way| !way.kind.starts_with("Service")) {
        let owner = (way.component.as_ref(), if way.component.is_none() { &*way.namespace } else { "" });
        for host in way.hosts.iter().filter(|host| *host != "*") {
            let (owners, objects) = hosts.entry(host).or_default();
            owners.insert(owner);
            objects.insert(format!("{} {}/{}", way.kind, way.namespace, way.name));
        }
    }
    let several = hosts.into_iter().filter(|(_, (owners, _))| owners.len() > 1);
    several
        .map(|(host, (_, objects))| SharedHost { host: host.to_owned(), objects: objects.into_iter().collect() })
        .collect()
}

fn on_nodes(join: &Join<'_>, reading: &mut Reading<'_>, pods: &Pods) -> Vec<OnNode> {
    let mut found: BTreeMap<_, OnNode> = BTreeMap::new();
    let owners = join.owners("", "Pod");
    for (index, object) in reading.need("", "Pod").iter().enumerate() {
        let (Some(pod), Some(spot)) = (reading.pod(pods, index, object), owners.spot(index)) else { continue };
        let host_network = pod.spec.host_network == Some(true);
        let ports = pod.spec.all_containers().flat_map(|(_, container)| &container.ports);
        let host_ports: BTreeSet<i64> = ports.filter_map(|port| port.host_port).filter(|port| *port != 0).collect();
        if !host_network && host_ports.is_empty() {
            continue;
        }
        let root = join.root(spot);
        let entry = found.entry(root).or_insert_with(|| {
            let (key, (component, team)) = (join.key(root), owners.of(index));
            OnNode {
                namespace: key.namespace.to_string(),
                workload: format!("{} {}", key.kind, key.name),
                component,
                team,
                host_network: false,
                host_ports: Vec::new(),
            }
        });
        entry.host_network |= host_network;
        entry.host_ports.extend(host_ports);
        entry.host_ports.sort_unstable();
        entry.host_ports.dedup();
    }
    let mut found: Vec<OnNode> = found.into_values().collect();
    found.order();
    found
}

#[cfg(test)]
mod tests;
