//! Mutual TLS between Pods: Istio and Linkerd by namespace, WireGuard of Cilium by node.
//!
//! Istio: a PeerAuthentication with a selector beats one of its namespace, which beats the one of the root namespace;
//! `UNSET` inherits, and without any the mode is `PERMISSIVE` (Istio's reference of PeerAuthentication).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    observed::{Observed, Reading},
    pod::Pods,
    selector::Selector,
};
use crate::{
    ownership::Join,
    snapshot::Object,
    sort::Sort,
    workspace::{ComponentId, TeamId},
};

/// Namespace in which Istio's mesh-wide policy stands, unless its installation says otherwise.
pub(crate) const ROOT: &str = "istio-system";

/// Encryption between Pods.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Mesh {
    /// Mesh-wide mode of Istio: `STRICT`, `PERMISSIVE`, `DISABLE`; `None` when no mesh-wide policy was seen.
    pub mesh_wide: Option<String>,
    /// Namespaces, if any Pod is in a mesh; by name.
    pub namespaces: Vec<MeshNamespace>,
    /// Nodes that publish a WireGuard key of Cilium.
    pub wireguard: Vec<String>,
    /// Nodes of Cilium that publish none.
    pub without_wireguard: Vec<String>,
}

/// A namespace in or beside a mesh.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MeshNamespace {
    /// Name.
    pub name: String,
    /// Component that claims the namespace.
    pub component: Option<ComponentId>,
    /// Team accountable for the component.
    pub team: Option<TeamId>,
    /// `Istio sidecar`, `Istio ambient`, `Linkerd`: what its Pods were seen in.
    pub meshes: Vec<String>,
    /// Pods in it.
    pub pods: usize,
    /// Pods of it that are in a mesh.
    pub meshed: usize,
    /// Mode that Istio's policies ask for; `None` outside Istio.
    pub mode: Option<String>,
    /// What asks for less than the namespace: `web: PERMISSIVE`, `web, port 8080: DISABLE`.
    pub weaker: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct PeerBody {
    spec: PeerSpec,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PeerSpec {
    selector: Option<Selector>,
    mtls: Mtls,
    port_level_mtls: Option<BTreeMap<String, Mtls>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Mtls {
    mode: Option<String>,
}

impl Mtls {
    fn mode(&self) -> Option<&str> {
        self.mode.as_deref().filter(|mode| *mode != "UNSET")
    }
}

impl PeerBody {
    /// It speaks for its whole namespace, or for the mesh in the root namespace.
    pub(crate) fn wide(&self) -> bool {
        self.spec.selector.as_ref().is_none_or(Selector::is_empty)
    }

    /// The mode it sets.
    pub(crate) fn mode(&self) -> Option<&str> {
        self.spec.mtls.mode()
    }

    /// Modes below `STRICT` that it sets itself, with the ports.
    pub(crate) fn weaker(&self) -> Vec<String> {
        let own = self.mode().filter(|mode| *mode != "STRICT").map(str::to_owned);
        let ports = self.spec.port_level_mtls.iter().flatten();
        let ports = ports.filter_map(|(port, mtls)| Some((port, mtls.mode().filter(|mode| *mode != "STRICT")?)));
        own.into_iter().chain(ports.map(|(port, mode)| format!("port {port}: {mode}"))).collect()
    }
}

/// The mesh that a Pod is in.
fn mesh(object: &Object, containers: &[&str]) -> Option<&'static str> {
    let ambient = object.annotations.get("ambient.istio.io/redirection").is_some_and(|it| &**it == "enabled");
    match () {
        () if containers.contains(&"istio-proxy") => Some("Istio sidecar"),
        () if containers.contains(&"linkerd-proxy") => Some("Linkerd"),
        () if ambient => Some("Istio ambient"),
        () => None,
    }
}

pub(super) fn observe(join: &Join<'_>, pods: &Pods) -> Observed<Mesh> {
    let mut reading = Reading::new(join.snapshot());
    let mut found = Mesh::default();
    let mut seen: BTreeMap<&str, (usize, BTreeMap<&str, usize>)> = BTreeMap::new();
    for (index, object) in reading.need("", "Pod").iter().enumerate() {
        let Some(pod) = reading.pod(pods, index, object) else { continue };
        // The network of a node is in no mesh.
        if pod.spec.host_network == Some(true) {
            continue;
        }
        let containers: Vec<&str> = pod.spec.all_containers().map(|(_, container)| &*container.name).collect();
        let (all, meshes) = seen.entry(&*object.namespace).or_default();
        *all += 1;
        if let Some(mesh) = mesh(object, &containers) {
            *meshes.entry(mesh).or_default() += 1;
        }
    }
    let mut policies: BTreeMap<&str, Vec<(&str, PeerBody)>> = BTreeMap::new();
    for object in reading.wish("security.istio.io", "PeerAuthentication") {
        if let Some(body) = reading.body::<PeerBody>(object) {
            policies.entry(&*object.namespace).or_default().push((&*object.name, body));
        }
    }
    let wide = |namespace: &str| {
        let list = policies.get(namespace).into_iter().flatten();
        list.filter(|(_, policy)| policy.wide()).find_map(|(_, policy)| policy.mode().map(str::to_owned))
    };
    found.mesh_wide = wide(ROOT);
    let any = seen.values().any(|(_, meshes)| !meshes.is_empty());
    let owners = join.owners("", "Namespace");
    for (index, object) in reading.need("", "Namespace").iter().enumerate() {
        let Some((pods, meshes)) = seen.get(&*object.name).filter(|_| any) else { continue };
        let (component, team) = owners.of(index);
        let istio = meshes.keys().any(|mesh| mesh.starts_with("Istio"));
        let own = policies.get(&*object.name).into_iter().flatten();
        let weaker = own.flat_map(|(name, policy)| policy.weaker().into_iter().map(move |it| format!("{name}: {it}")));
        let mode = wide(&object.name).or_else(|| found.mesh_wide.clone()).unwrap_or_else(|| "PERMISSIVE".to_owned());
        found.namespaces.push(MeshNamespace {
            name: object.name.to_string(),
            component,
            team,
            meshes: meshes.keys().map(|mesh| (*mesh).to_owned()).collect(),
            pods: *pods,
            meshed: meshes.values().sum(),
            mode: istio.then_some(mode),
            weaker: weaker.collect(),
        });
    }
    found.namespaces.order_by(|a, b| a.name.cmp(&b.name));
    for object in reading.wish("cilium.io", "CiliumNode") {
        let publishes = object.annotations.contains_key("network.cilium.io/wg-pub-key");
        let list = if publishes { &mut found.wireguard } else { &mut found.without_wireguard };
        list.push(object.name.to_string());
    }
    reading.remark("Settings of meshes and network plug-ins in ConfigMaps are not read".to_owned());
    reading.finish(found)
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
    fn weaker_overrides_of_a_strict_mesh_are_named() {
        // From Istio's reference: mesh-wide STRICT, a namespace that allows plain text, a workload with a plain port.
        let peer = |spec: serde_json::Value| json!({ "spec": spec });
        let policies = vec![
            object(ROOT, "default", peer(json!({ "mtls": { "mode": "STRICT" } }))),
            object("foo", "default", peer(json!({ "mtls": { "mode": "PERMISSIVE" } }))),
            object(
                "bar",
                "finance",
                peer(json!({
                "selector": { "matchLabels": { "app": "finance" } }, "mtls": { "mode": "STRICT" },
                "portLevelMtls": { "8080": { "mode": "DISABLE" } } })),
            ),
        ];
        let pod = |namespace: &str, names: &[&str]| {
            let containers: Vec<_> = names.iter().map(|name| json!({ "name": name })).collect();
            object(namespace, "web", json!({ "spec": { "containers": containers } }))
        };
        let ambient = |mut object: Object| {
            object.annotations.insert("ambient.istio.io/redirection".into(), "enabled".into());
            object
        };
        let snapshot = snapshot(vec![
            namespaces(&[ROOT, "foo", "bar", "out"]),
            list("security.istio.io/PeerAuthentication", policies),
            list("Pod", vec![pod("foo", &["web", "istio-proxy"]), ambient(pod("bar", &["web"])), pod("out", &["web"])]),
        ]);
        let workspace = workspace(Vec::new());
        let observed = observe(&ownership::join(&workspace, &snapshot), &Pods::of(&snapshot));
        let found = observed.seen();
        assert_eq!(found.mesh_wide.as_deref(), Some("STRICT"));
        let rows: Vec<_> = found
            .namespaces
            .iter()
            .map(|it| (&*it.name, it.meshed, it.mode.as_deref(), it.weaker.join("; ")))
            .collect();
        assert_eq!(
            rows,
            [
                ("bar", 1, Some("STRICT"), "finance: port 8080: DISABLE".to_owned()),
                ("foo", 1, Some("PERMISSIVE"), "default: PERMISSIVE".to_owned()),
                ("out", 0, None, String::new()),
            ]
        );
    }

    #[test]
    fn without_a_mesh_no_namespace_is_listed() {
        let pods = vec![object("shop", "web", json!({ "spec": { "containers": [{ "name": "web" }] } }))];
        let snapshot = snapshot(vec![namespaces(&["shop"]), list("Pod", pods)]);
        let workspace = workspace(Vec::new());
        let observed = observe(&ownership::join(&workspace, &snapshot), &Pods::of(&snapshot));
        assert!(observed.seen().namespaces.is_empty());
    }
}
