//! Pods and Pod templates as checks and facts read them: typed once a snapshot, field names as in the API.
//!
//! Pods of one workload have the same spec but for the node that they run on and the name of the volume with their
//! token. Without these two, equal specs are held once and have one number, so that whoever judges specs judges each
//! once, however many Pods there are.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use serde::Deserialize;

use super::templates::{self, Template};
use crate::snapshot::{Object, Snapshot};

/// The Pods and Pod templates of one snapshot, in the order of their lists; each parsed, or why not.
pub(crate) struct Pods {
    pods: Vec<Result<Pod, String>>,
    /// By index in [`templates::KINDS`].
    templates: Vec<Vec<Result<Template, String>>>,
}

impl Pods {
    pub(crate) fn of(snapshot: &Snapshot) -> Self {
        let mut specs = Specs::default();
        let seen =
            |group: &str, kind: &str| -> &[Object] { snapshot.list(group, kind).map_or(&[], |list| list.seen()) };
        let pods = seen("", "Pod").iter().map(|object| Pod::of(object, &mut specs)).collect();
        let templates = templates::KINDS
            .iter()
            .map(|&(group, kind, _)| seen(group, kind).iter().map(|object| Template::of(object, &mut specs)).collect())
            .collect();
        Self { pods, templates }
    }

    /// The Pod at an index of the list of Pods.
    pub(crate) fn get(&self, index: usize) -> Result<&Pod, &str> {
        at(&self.pods, index)
    }

    /// The template at an index of the list of the kind at an index of [`templates::KINDS`].
    pub(crate) fn template(&self, kind: usize, index: usize) -> Result<&Template, &str> {
        self.templates.get(kind).map_or(Err("not read"), |list| at(list, index))
    }
}

fn at<T>(list: &[Result<T, String>], index: usize) -> Result<&T, &str> {
    match list.get(index) {
        Some(Ok(value)) => Ok(value),
        Some(Err(why)) => Err(why),
        None => Err("not read"),
    }
}

/// A spec and its number within the snapshot: equal specs have the same.
#[derive(Debug, Clone)]
pub(crate) struct Numbered {
    pub(crate) spec: Arc<PodSpec>,
    pub(crate) number: usize,
}

/// Holds equal specs once.
#[derive(Default)]
pub(crate) struct Specs(HashMap<Arc<PodSpec>, usize>);

impl Specs {
    pub(crate) fn number(&mut self, spec: PodSpec) -> Numbered {
        let next = self.0.len();
        if let Some((known, number)) = self.0.get_key_value(&spec) {
            return Numbered { spec: known.clone(), number: *number };
        }
        let spec = Arc::new(spec);
        self.0.insert(spec.clone(), next);
        Numbered { spec, number: next }
    }
}

/// Volumes that the API server adds with a random name; they hold the token of the service account.
const TOKEN_VOLUME: &str = "kube-api-access-";

/// A Pod.
#[derive(Debug)]
pub(crate) struct Pod {
    pub(crate) spec: Arc<PodSpec>,
    /// Number of the spec: equal ones have the same.
    pub(crate) number: usize,
    /// Node that it was given.
    pub(crate) node: Option<String>,
    pub(crate) status: PodStatus,
}

impl Pod {
    fn of(object: &Object, specs: &mut Specs) -> Result<Self, String> {
        let mut body = object.body::<Body>().map_err(|error| error.to_string())?;
        let node = body.spec.node_name.take();
        for volume in body.spec.volumes.iter_mut().filter(|volume| volume.name.starts_with(TOKEN_VOLUME)) {
            volume.name.truncate(TOKEN_VOLUME.len());
        }
        let mounts = [&mut body.spec.containers, &mut body.spec.init_containers, &mut body.spec.ephemeral_containers];
        let mounts = mounts.into_iter().flatten().flat_map(|container| &mut container.volume_mounts);
        for mount in mounts.filter(|mount| mount.name.starts_with(TOKEN_VOLUME)) {
            mount.name.truncate(TOKEN_VOLUME.len());
        }
        let Numbered { spec, number } = specs.number(body.spec);
        Ok(Self { spec, number, node, status: body.status })
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Body {
    spec: PodSpec,
    status: PodStatus,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct PodStatus {
    phase: Option<String>,
    #[serde(rename = "podIP")]
    pub(crate) pod_ip: Option<String>,
    #[serde(deserialize_with = "null_is_empty")]
    conditions: Vec<Condition>,
    #[serde(deserialize_with = "null_is_empty")]
    container_statuses: Vec<ContainerStatus>,
    #[serde(deserialize_with = "null_is_empty")]
    init_container_statuses: Vec<ContainerStatus>,
    #[serde(deserialize_with = "null_is_empty")]
    ephemeral_container_statuses: Vec<ContainerStatus>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ContainerStatus {
    name: String,
    #[serde(rename = "imageID", deserialize_with = "null_is_empty")]
    image_id: String,
}

impl PodStatus {
    /// What the runtime says that a container runs: `docker.io/library/nginx@sha256:…`. Names are unique in a Pod.
    pub(crate) fn image_of(&self, container: &str) -> Option<&str> {
        let lists = [&self.container_statuses, &self.init_container_statuses, &self.ephemeral_container_statuses];
        let status = lists.into_iter().flatten().find(|status| status.name == container)?;
        Some(&*status.image_id).filter(|id| !id.is_empty())
    }

    /// It has ended and will not run again.
    pub(crate) fn ended(&self) -> bool {
        matches!(self.phase.as_deref(), Some("Succeeded" | "Failed"))
    }

    /// Its condition `Ready` is true.
    pub(crate) fn ready(&self) -> bool {
        self.conditions.iter().any(|condition| condition.kind == "Ready" && condition.status == "True")
    }
}

/// A condition of any object.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Condition {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) status: String,
    #[serde(deserialize_with = "null_is_empty")]
    pub(crate) reason: String,
}

/// `PodSpec`, as far as anything here asks.
#[derive(Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct PodSpec {
    #[serde(deserialize_with = "null_is_empty")]
    pub(crate) containers: Vec<Container>,
    #[serde(deserialize_with = "null_is_empty")]
    pub(crate) init_containers: Vec<Container>,
    #[serde(deserialize_with = "null_is_empty")]
    pub(crate) ephemeral_containers: Vec<Container>,
    #[serde(deserialize_with = "null_is_empty")]
    pub(crate) volumes: Vec<Volume>,
    pub(crate) security_context: Option<PodSecurityContext>,
    #[serde(rename = "hostNetwork")]
    pub(crate) host_network: Option<bool>,
    #[serde(rename = "hostPID")]
    pub(crate) host_pid: Option<bool>,
    #[serde(rename = "hostIPC")]
    pub(crate) host_ipc: Option<bool>,
    pub(crate) host_users: Option<bool>,
    pub(crate) os: Option<Os>,
    pub(crate) node_name: Option<String>,
    pub(crate) restart_policy: Option<String>,
    pub(crate) resources: Option<Resources>,
    #[serde(deserialize_with = "null_is_empty")]
    pub(crate) topology_spread_constraints: Vec<Topology>,
    pub(crate) affinity: Option<Affinity>,
    #[serde(deserialize_with = "null_is_empty")]
    pub(crate) node_selector: BTreeMap<String, String>,
    #[serde(deserialize_with = "null_is_empty")]
    pub(crate) tolerations: Vec<Toleration>,
    pub(crate) runtime_class_name: Option<String>,
}

/// A toleration.
#[derive(Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub(crate) struct Toleration {
    pub(crate) key: Option<String>,
    pub(crate) operator: Option<String>,
    pub(crate) effect: Option<String>,
}

impl Toleration {
    /// It tolerates every taint that keeps Pods from being scheduled: `operator: Exists` without a key, for all effects
    /// or for `NoSchedule` (<https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/>).
    pub(crate) fn is_wildcard(&self) -> bool {
        self.key.as_deref().is_none_or(str::is_empty)
            && self.operator.as_deref() == Some("Exists")
            && matches!(self.effect.as_deref(), None | Some("" | "NoSchedule"))
    }
}

pub(super) fn null_is_empty<'de, D: serde::Deserializer<'de>, T: Deserialize<'de> + Default>(
    input: D,
) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(input)?.unwrap_or_default())
}

#[derive(Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub(crate) struct Os {
    #[serde(deserialize_with = "null_is_empty")]
    pub(crate) name: String,
}

/// Paths without which a Pod's container that has a probe looks like one that has none.
pub(crate) const PROBES: [&str; 4] = [
    "spec.containers[].livenessProbe.exec{}",
    "spec.containers[].livenessProbe.grpc{}",
    "spec.containers[].readinessProbe.exec{}",
    "spec.containers[].readinessProbe.grpc{}",
];

/// A container of any of the three kinds.
#[derive(Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Container {
    pub(crate) name: String,
    pub(crate) image: Option<String>,
    #[serde(deserialize_with = "null_is_empty")]
    pub(crate) ports: Vec<Port>,
    pub(crate) security_context: Option<SecurityContext>,
    pub(crate) liveness_probe: Option<Handler>,
    pub(crate) readiness_probe: Option<Handler>,
    pub(crate) startup_probe: Option<Handler>,
    pub(crate) lifecycle: Option<Lifecycle>,
    pub(crate) image_pull_policy: Option<String>,
    pub(crate) restart_policy: Option<String>,
    pub(crate) resources: Option<Resources>,
    #[serde(deserialize_with = "null_is_empty")]
    pub(crate) env: Vec<Variable>,
    #[serde(deserialize_with = "null_is_empty")]
    pub(crate) env_from: Vec<VariablesFrom>,
    #[serde(deserialize_with = "null_is_empty")]
    pub(crate) volume_mounts: Vec<Mount>,
}

/// An environment variable. Of a value that stands in the spec nothing is kept but that it is there.
#[derive(Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Variable {
    pub(crate) name: String,
    pub(crate) value: Option<Present>,
    pub(crate) value_from: Option<VariableSource>,
}

#[derive(Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct VariableSource {
    pub(crate) secret_key_ref: Option<SecretKey>,
}

#[derive(Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub(crate) struct SecretKey {
    pub(crate) name: String,
    pub(crate) key: String,
}

#[derive(Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct VariablesFrom {
    pub(crate) secret_ref: Option<Named>,
}

/// A reference by name.
#[derive(Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub(crate) struct Named {
    #[serde(deserialize_with = "null_is_empty")]
    pub(crate) name: String,
}

#[derive(Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Mount {
    pub(crate) name: String,
    pub(crate) read_only: Option<bool>,
}

/// Something that is there, of whatever shape; what it is, is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Present;

impl<'de> Deserialize<'de> for Present {
    fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        serde::de::IgnoredAny::deserialize(input).map(|_| Self)
    }
}

/// Requests and limits; a quantity of whatever shape counts as one.
#[derive(Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub(crate) struct Resources {
    #[serde(deserialize_with = "null_is_empty")]
    pub(crate) requests: BTreeMap<String, Present>,
    #[serde(deserialize_with = "null_is_empty")]
    pub(crate) limits: BTreeMap<String, Present>,
}

/// A topology spread constraint, or a term of an anti-affinity.
#[derive(Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Topology {
    pub(crate) topology_key: String,
    pub(crate) when_unsatisfiable: Option<String>,
}

#[derive(Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Affinity {
    pub(crate) pod_anti_affinity: Option<AntiAffinity>,
    pub(crate) node_affinity: Option<NodeAffinity>,
}

/// Which nodes a Pod may run on.
#[derive(Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct NodeAffinity {
    pub(crate) required_during_scheduling_ignored_during_execution: Option<NodeTerms>,
}

/// Terms of which one has to hold.
#[derive(Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct NodeTerms {
    #[serde(deserialize_with = "null_is_empty")]
    pub(crate) node_selector_terms: Vec<NodeTerm>,
}

/// Requirements all of which have to hold; without any it holds for no node. Those on the node's name are left out: only
/// DaemonSets make them, a different one for each Pod, and their Pods would have no spec in common.
#[derive(Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct NodeTerm {
    #[serde(deserialize_with = "null_is_empty")]
    match_expressions: Vec<NodeRequirement>,
}

/// A requirement on a label of a node.
#[derive(Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub(crate) struct NodeRequirement {
    key: String,
    operator: String,
    #[serde(deserialize_with = "null_is_empty")]
    values: Vec<String>,
}

impl NodeTerm {
    /// Whether it holds for a node.
    pub(crate) fn selects(&self, node: &Object) -> bool {
        let label = |key: &str| node.labels.get(key).map(|value| &**value);
        !self.match_expressions.is_empty() && self.match_expressions.iter().all(|it| it.holds(label(&it.key)))
    }
}

impl NodeRequirement {
    /// Operators of `core/v1`; one that it does not have holds for nothing.
    fn holds(&self, value: Option<&str>) -> bool {
        let listed = || value.is_some_and(|value| self.values.iter().any(|it| it == value));
        let compared = || Some((value?.parse::<i64>().ok()?, self.values.first()?.parse::<i64>().ok()?));
        match &*self.operator {
            "In" => listed(),
            "NotIn" => !listed(),
            "Exists" => value.is_some(),
            "DoesNotExist" => value.is_none(),
            "Gt" => compared().is_some_and(|(value, limit)| value > limit),
            "Lt" => compared().is_some_and(|(value, limit)| value < limit),
            _ => false,
        }
    }
}

#[derive(Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct AntiAffinity {
    #[serde(deserialize_with = "null_is_empty")]
    pub(crate) required_during_scheduling_ignored_during_execution: Vec<Topology>,
    #[serde(deserialize_with = "null_is_empty")]
    pub(crate) preferred_during_scheduling_ignored_during_execution: Vec<Weighted>,
}

#[derive(Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Weighted {
    pub(crate) pod_affinity_term: Topology,
}

#[derive(Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Port {
    pub(crate) host_port: Option<i64>,
    pub(crate) name: Option<String>,
    pub(crate) container_port: Option<i64>,
    pub(crate) protocol: Option<String>,
}

#[derive(Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Lifecycle {
    pub(crate) post_start: Option<Handler>,
    pub(crate) pre_stop: Option<Handler>,
}

/// What a probe or lifecycle hook calls.
#[derive(Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Handler {
    pub(crate) http_get: Option<Endpoint>,
    pub(crate) tcp_socket: Option<Endpoint>,
}

#[derive(Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub(crate) struct Endpoint {
    pub(crate) host: Option<String>,
}

/// `PodSecurityContext`.
#[derive(Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct PodSecurityContext {
    pub(crate) run_as_non_root: Option<bool>,
    pub(crate) run_as_user: Option<i64>,
    pub(crate) seccomp_profile: Option<Profile>,
    pub(crate) app_armor_profile: Option<Profile>,
    pub(crate) se_linux_options: Option<SeLinux>,
    #[serde(deserialize_with = "null_is_empty")]
    pub(crate) sysctls: Vec<Sysctl>,
    pub(crate) windows_options: Option<Windows>,
}

/// `SecurityContext` of a container.
#[derive(Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct SecurityContext {
    pub(crate) privileged: Option<bool>,
    pub(crate) allow_privilege_escalation: Option<bool>,
    pub(crate) read_only_root_filesystem: Option<bool>,
    pub(crate) run_as_non_root: Option<bool>,
    pub(crate) run_as_user: Option<i64>,
    pub(crate) capabilities: Option<Capabilities>,
    pub(crate) seccomp_profile: Option<Profile>,
    pub(crate) app_armor_profile: Option<Profile>,
    pub(crate) se_linux_options: Option<SeLinux>,
    pub(crate) proc_mount: Option<String>,
    pub(crate) windows_options: Option<Windows>,
}

#[derive(Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub(crate) struct Capabilities {
    #[serde(deserialize_with = "null_is_empty")]
    pub(crate) add: Vec<String>,
    #[serde(deserialize_with = "null_is_empty")]
    pub(crate) drop: Vec<String>,
}

/// A seccomp or AppArmor profile.
#[derive(Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub(crate) struct Profile {
    #[serde(rename = "type", deserialize_with = "null_is_empty")]
    pub(crate) kind: String,
}

#[derive(Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub(crate) struct SeLinux {
    #[serde(rename = "type", deserialize_with = "null_is_empty")]
    pub(crate) kind: String,
    #[serde(deserialize_with = "null_is_empty")]
    pub(crate) user: String,
    #[serde(deserialize_with = "null_is_empty")]
    pub(crate) role: String,
}

#[derive(Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub(crate) struct Sysctl {
    pub(crate) name: String,
}

#[derive(Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Windows {
    pub(crate) host_process: Option<bool>,
}

/// A volume: its name, and its source by the name of the field that holds it.
#[derive(Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub(crate) struct Volume {
    pub(crate) name: String,
    #[serde(flatten)]
    pub(crate) source: BTreeMap<String, serde_json::Value>,
}

impl PodSpec {
    /// Every container with its path within the Pod's spec: `spec.containers[web]`.
    pub(crate) fn all_containers(&self) -> impl Iterator<Item = (&'static str, &Container)> {
        fn of<'c>(field: &'static str, list: &'c [Container]) -> impl Iterator<Item = (&'static str, &'c Container)> {
            list.iter().map(move |container| (field, container))
        }
        of("initContainers", &self.init_containers)
            .chain(of("containers", &self.containers))
            .chain(of("ephemeralContainers", &self.ephemeral_containers))
    }

    /// The Pod says that it runs on Windows nodes.
    pub(crate) fn is_windows(&self) -> bool {
        self.os.as_ref().is_some_and(|os| os.name == "windows")
    }
}
