//! Container security: what a Pod's spec lets its containers do beyond what a hardened one may, with the exact field.
//!
//! Each distinct spec is judged once; checks and documents read the same answer.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::{
    observed::{Observed, Reading},
    pod::{Container, PodSpec, Pods, SecurityContext, Volume},
    pod_security::rules,
    running::{Shape, WorkloadName, units},
};
use crate::ownership::Join;

/// What a container may do that a hardened one may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Property {
    /// It runs privileged.
    Privileged,
    /// It may run as root: neither Pod nor container keeps root out.
    Root,
    /// It shares network, processes or IPC of its node.
    HostNamespaces,
    /// It takes a port of its node.
    HostPorts,
    /// It sees a path of its node.
    HostPath,
    /// A process may gain more rights than its parent.
    Escalation,
    /// It is given capabilities.
    AddedCapabilities,
    /// It keeps the capabilities that the runtime grants by default.
    KeptCapabilities,
    /// No seccomp profile is named, or one that lets everything through.
    Seccomp,
    /// Its root file system is writable.
    WritableRoot,
}

impl Property {
    /// All, gravest first.
    pub const ALL: [Self; 10] = [
        Self::Privileged,
        Self::HostNamespaces,
        Self::HostPath,
        Self::HostPorts,
        Self::AddedCapabilities,
        Self::Root,
        Self::Escalation,
        Self::KeptCapabilities,
        Self::Seccomp,
        Self::WritableRoot,
    ];
}

/// One field that lets a container do it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Deviation {
    /// What it may do.
    pub property: Property,
    /// Container or volume: `container web`, `volume logs`; empty for the Pod.
    pub place: String,
    /// Path in the object: `spec.template.spec.containers[0].securityContext.privileged`.
    pub field: String,
    /// Its value, or what it lacks: `= true`, `is not set`.
    pub problem: String,
}

impl Deviation {
    /// `container web: securityContext.privileged = true`, for findings.
    pub(crate) fn text(&self) -> String {
        let leaf = self.field.strip_prefix("spec.").unwrap_or(&self.field);
        let leaf = leaf.split_once("].").map_or(leaf, |(_, leaf)| leaf);
        match &*self.place {
            "" => format!("{leaf} {}", self.problem),
            place => format!("{place}: {leaf} {}", self.problem),
        }
    }
}

/// A workload with what its containers may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WorkloadSecurity {
    /// Which.
    pub workload: WorkloadName,
    /// Pods of it.
    pub pods: usize,
    /// Its Pods have users of their own: root in them is nobody on the node.
    pub own_users: bool,
    /// Fields that deviate; empty for a hardened workload.
    pub deviations: Vec<Deviation>,
}

impl WorkloadSecurity {
    /// Any of its fields lets it do this.
    pub fn has(&self, property: Property) -> bool {
        self.deviations.iter().any(|deviation| deviation.property == property)
    }
}

/// Takes what is found about one spec.
struct Found(Vec<Deviation>);

impl Found {
    fn add(&mut self, property: Property, place: String, field: String, problem: impl Into<String>) {
        self.0.push(Deviation { property, place, field: format!("spec.{field}"), problem: problem.into() });
    }
}

/// Everything about the Pod that deviates, in the order of its fields.
pub(crate) fn deviations(spec: &PodSpec) -> Vec<Deviation> {
    let mut found = Found(Vec::new());
    for (field, set) in [("hostNetwork", spec.host_network), ("hostPID", spec.host_pid), ("hostIPC", spec.host_ipc)] {
        if set == Some(true) {
            found.add(Property::HostNamespaces, String::new(), field.to_owned(), "= true");
        }
    }
    for (index, volume) in spec.volumes.iter().enumerate() {
        if let Some(source) = volume.source.get("hostPath").filter(|source| !source.is_null()) {
            let path = source.get("path").and_then(|path| path.as_str()).unwrap_or("?");
            let problem = format!("= {path}, {}", mounted(spec, volume));
            let field = format!("volumes[{index}].hostPath.path");
            found.add(Property::HostPath, format!("volume {}", volume.name), field, problem);
        }
    }
    for (list, index, container) in indexed(spec) {
        of_container(spec, list, index, container, &mut found);
    }
    found.0
}

/// Every container with the field that lists it and its index there.
pub(crate) fn indexed(spec: &PodSpec) -> impl Iterator<Item = (&'static str, usize, &Container)> {
    let lists = [
        ("initContainers", &spec.init_containers),
        ("containers", &spec.containers),
        ("ephemeralContainers", &spec.ephemeral_containers),
    ];
    lists.into_iter().flat_map(|(list, containers)| {
        containers.iter().enumerate().map(move |(index, container)| (list, index, container))
    })
}

/// Whether containers may write to a volume: `read-only`, `writable`, `not mounted`.
fn mounted(spec: &PodSpec, volume: &Volume) -> &'static str {
    let mounts = || indexed(spec).flat_map(|(.., it)| &it.volume_mounts).filter(|mount| mount.name == volume.name);
    match (mounts().next(), mounts().all(|mount| mount.read_only == Some(true))) {
        (None, _) => "not mounted",
        (Some(_), true) => "read-only",
        (Some(_), false) => "writable",
    }
}

fn of_container(spec: &PodSpec, list: &str, index: usize, container: &Container, found: &mut Found) {
    let default = SecurityContext::default();
    let own = container.security_context.as_ref().unwrap_or(&default);
    let pod = spec.security_context.as_ref();
    let mut add = |property, field: &str, problem: String| {
        found.add(property, rules::place(list, container), format!("{list}[{index}].{field}"), problem);
    };
    for (number, port) in container.ports.iter().enumerate() {
        if let Some(port) = port.host_port.filter(|port| *port != 0) {
            add(Property::HostPorts, &format!("ports[{number}].hostPort"), format!("= {port}"));
        }
    }
    if own.privileged == Some(true) {
        add(Property::Privileged, "securityContext.privileged", "= true".to_owned());
    }
    // Windows has none of the rest: the API refuses these fields there.
    if spec.is_windows() {
        return;
    }
    let non_root = own.run_as_non_root.or_else(|| pod.and_then(|pod| pod.run_as_non_root));
    let user = own.run_as_user.or_else(|| pod.and_then(|pod| pod.run_as_user));
    if non_root != Some(true) && user.is_none_or(|user| user <= 0) {
        match user {
            Some(user) => add(Property::Root, "securityContext.runAsUser", format!("= {user}")),
            None => add(Property::Root, "securityContext.runAsNonRoot", "is not true".to_owned()),
        }
    }
    if own.allow_privilege_escalation != Some(false) {
        add(Property::Escalation, "securityContext.allowPrivilegeEscalation", "is not false".to_owned());
    }
    let (added, dropped) = own.capabilities.as_ref().map_or((&[][..], &[][..]), |set| (&set.add[..], &set.drop[..]));
    let added: Vec<&str> = added.iter().map(String::as_str).filter(|name| *name != "NET_BIND_SERVICE").collect();
    if !added.is_empty() {
        add(Property::AddedCapabilities, "securityContext.capabilities.add", format!("= {}", added.join(", ")));
    }
    if !dropped.iter().any(|name| name == "ALL") {
        add(Property::KeptCapabilities, "securityContext.capabilities.drop", "does not include ALL".to_owned());
    }
    let profile = own.seccomp_profile.as_ref().or_else(|| pod.and_then(|pod| pod.seccomp_profile.as_ref()));
    match profile.map(|profile| &*profile.kind) {
        Some("RuntimeDefault" | "Localhost") => {}
        Some(kind) => add(Property::Seccomp, "securityContext.seccompProfile.type", format!("= {kind}")),
        None => add(Property::Seccomp, "securityContext.seccompProfile.type", "is not set".to_owned()),
    }
    if own.read_only_root_filesystem != Some(true) {
        add(Property::WritableRoot, "securityContext.readOnlyRootFilesystem", "is not true".to_owned());
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct VolumeBody {
    spec: VolumeSpec,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct VolumeSpec {
    claim_ref: Option<ClaimRef>,
    host_path: Option<HostPath>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ClaimRef {
    namespace: String,
    name: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct HostPath {
    path: String,
}

/// Claims whose volume is a path of a node: by namespace and claim, the volume's name and path.
fn host_volumes(reading: &mut Reading<'_>) -> BTreeMap<(String, String), (String, String)> {
    let mut volumes = BTreeMap::new();
    for object in reading.wish("", "PersistentVolume") {
        let Some(body) = reading.body::<VolumeBody>(object) else { continue };
        if let (Some(claim), Some(host)) = (body.spec.claim_ref, body.spec.host_path) {
            volumes.insert((claim.namespace, claim.name), (object.name.to_string(), host.path));
        }
    }
    volumes
}

pub(super) fn observe(join: &Join<'_>, pods: &Pods) -> Observed<Vec<WorkloadSecurity>> {
    let mut reading = Reading::new(join.snapshot());
    let volumes = host_volumes(&mut reading);
    let mut judged: HashMap<usize, Vec<Deviation>> = HashMap::new();
    let mut found = Vec::new();
    for unit in units(&mut reading, join, pods) {
        let mut deviations: Vec<Deviation> = Vec::new();
        for shape in &unit.shapes {
            let own = judged.entry(shape.number).or_insert_with(|| self::deviations(shape.spec));
            let claimed = claimed(shape, &unit.name.namespace, &volumes);
            let seen = deviations.len();
            for deviation in own.iter().chain(&claimed) {
                // A template says it once for all its Pods; Pods add only what was put into them later.
                let known = deviations[..seen].iter().any(|known| {
                    (known.property, &known.place, &known.problem)
                        == (deviation.property, &deviation.place, &deviation.problem)
                });
                if !known {
                    deviations.push(Deviation { field: shape.field(&deviation.field), ..deviation.clone() });
                }
            }
        }
        let own_users = unit.in_force().all(|shape| shape.spec.host_users == Some(false));
        found.push(WorkloadSecurity { pods: unit.pods.len(), own_users, workload: unit.name, deviations });
    }
    reading.remark(
        "The user that an image names is not visible in the API; a kubelet may set a seccomp profile by default"
            .to_owned(),
    );
    reading.finish(found)
}

/// Volumes of the Pod that are claims of a path of a node.
fn claimed(
    shape: &Shape<'_>,
    namespace: &str,
    volumes: &BTreeMap<(String, String), (String, String)>,
) -> Vec<Deviation> {
    if volumes.is_empty() {
        return Vec::new();
    }
    let claims = shape.spec.volumes.iter().enumerate().filter_map(|(index, volume)| {
        let claim = volume.source.get("persistentVolumeClaim")?.get("claimName")?.as_str()?;
        let (name, path) = volumes.get(&(namespace.to_owned(), claim.to_owned()))?;
        Some(Deviation {
            property: Property::HostPath,
            place: format!("volume {}", volume.name),
            field: format!("spec.volumes[{index}].persistentVolumeClaim.claimName"),
            problem: format!(
                "= {claim}, PersistentVolume {name}: hostPath.path = {path}, {}",
                mounted(shape.spec, volume)
            ),
        })
    });
    claims.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        assess::testing::{list, object, snapshot, workspace},
        ownership,
    };

    fn of(spec: Value) -> Vec<(Property, String)> {
        let spec: PodSpec = serde_json::from_value(spec).expect("a spec");
        deviations(&spec).into_iter().map(|it| (it.property, it.text())).collect()
    }

    #[test]
    fn a_hardened_container_deviates_in_nothing() {
        let hardened = json!({
            "securityContext": { "runAsNonRoot": true, "seccompProfile": { "type": "RuntimeDefault" } },
            "containers": [{ "name": "web", "securityContext": {
                "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true,
                "capabilities": { "drop": ["ALL"], "add": ["NET_BIND_SERVICE"] },
            } }],
        });
        assert_eq!(of(hardened), []);
    }

    #[test]
    fn each_property_is_named_with_its_field() {
        let agent = json!({
            "hostNetwork": true,
            "securityContext": { "runAsUser": 0 },
            "volumes": [{ "name": "logs", "hostPath": { "path": "/var/log" } }],
            "containers": [{
                "name": "agent",
                "ports": [{ "hostPort": 9100 }],
                "volumeMounts": [{ "name": "logs", "readOnly": true }],
                "securityContext": { "privileged": true, "capabilities": { "add": ["SYS_ADMIN"] } },
            }],
        });
        let found = of(agent);
        let texts: Vec<&str> = found.iter().map(|(_, text)| &**text).collect();
        assert_eq!(
            texts,
            [
                "hostNetwork = true",
                "volume logs: hostPath.path = /var/log, read-only",
                "container agent: ports[0].hostPort = 9100",
                "container agent: securityContext.privileged = true",
                "container agent: securityContext.runAsUser = 0",
                "container agent: securityContext.allowPrivilegeEscalation is not false",
                "container agent: securityContext.capabilities.add = SYS_ADMIN",
                "container agent: securityContext.capabilities.drop does not include ALL",
                "container agent: securityContext.seccompProfile.type is not set",
                "container agent: securityContext.readOnlyRootFilesystem is not true",
            ]
        );
        assert!(Property::ALL.iter().all(|property| found.iter().any(|(known, _)| known == property)));
    }

    #[test]
    fn a_claim_of_a_host_path_is_a_host_path() {
        let volume = json!({ "spec": {
            "claimRef": { "namespace": "shop", "name": "data" }, "hostPath": { "path": "/srv/data" },
        } });
        let spec = json!({
            "volumes": [{ "name": "data", "persistentVolumeClaim": { "claimName": "data" } }],
            "containers": [{ "name": "db", "volumeMounts": [{ "name": "data" }] }],
        });
        let snapshot = snapshot(vec![
            list("PersistentVolume", vec![object("", "pv-1", volume)]),
            list("Pod", vec![object("shop", "db", json!({ "spec": spec }))]),
        ]);
        let workspace = workspace(Vec::new());
        let observed = observe(&ownership::join(&workspace, &snapshot), &Pods::of(&snapshot));
        let path = observed.seen()[0].deviations.iter().find(|it| it.property == Property::HostPath).expect("found");
        assert_eq!(path.problem, "= data, PersistentVolume pv-1: hostPath.path = /srv/data, writable");
        // Deployments and the others were not read.
        assert_eq!(observed.state(), crate::facts::State::Partial);
    }
}
