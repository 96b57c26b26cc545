//! Pods as checks and facts read them: typed once a snapshot, field names as in the API.

use serde::Deserialize;

use crate::snapshot::{Object, Snapshot};

/// The Pods of one snapshot, in the order of their list; each parsed, or why not.
pub(crate) struct Pods(Vec<Result<Pod, String>>);

impl Pods {
    pub(crate) fn of(snapshot: &Snapshot) -> Self {
        let objects: &[Object] = snapshot.list("", "Pod").map_or(&[], |list| list.seen());
        Self(objects.iter().map(|object| object.body::<Pod>().map_err(|error| error.to_string())).collect())
    }

    /// The Pod at an index of the list of Pods.
    pub(crate) fn get(&self, index: usize) -> Result<&Pod, &str> {
        match self.0.get(index) {
            Some(Ok(pod)) => Ok(pod),
            Some(Err(why)) => Err(why),
            None => Err("not read"),
        }
    }
}

/// Body of a Pod.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Pod {
    pub(crate) spec: PodSpec,
    pub(crate) status: PodStatus,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct PodStatus {
    pub(crate) phase: Option<String>,
}

/// `PodSpec`, as far as anything here asks.
#[derive(Debug, Default, Deserialize)]
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
}

fn null_is_empty<'de, D: serde::Deserializer<'de>, T: Deserialize<'de> + Default>(input: D) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(input)?.unwrap_or_default())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Os {
    #[serde(deserialize_with = "null_is_empty")]
    pub(crate) name: String,
}

/// A container of any of the three kinds.
#[derive(Debug, Default, Deserialize)]
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
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Port {
    pub(crate) host_port: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Lifecycle {
    pub(crate) post_start: Option<Handler>,
    pub(crate) pre_stop: Option<Handler>,
}

/// What a probe or lifecycle hook calls.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Handler {
    pub(crate) http_get: Option<Endpoint>,
    pub(crate) tcp_socket: Option<Endpoint>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Endpoint {
    pub(crate) host: Option<String>,
}

/// `PodSecurityContext`.
#[derive(Debug, Default, Deserialize)]
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
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct SecurityContext {
    pub(crate) privileged: Option<bool>,
    pub(crate) allow_privilege_escalation: Option<bool>,
    pub(crate) run_as_non_root: Option<bool>,
    pub(crate) run_as_user: Option<i64>,
    pub(crate) capabilities: Option<Capabilities>,
    pub(crate) seccomp_profile: Option<Profile>,
    pub(crate) app_armor_profile: Option<Profile>,
    pub(crate) se_linux_options: Option<SeLinux>,
    pub(crate) proc_mount: Option<String>,
    pub(crate) windows_options: Option<Windows>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Capabilities {
    #[serde(deserialize_with = "null_is_empty")]
    pub(crate) add: Vec<String>,
    #[serde(deserialize_with = "null_is_empty")]
    pub(crate) drop: Vec<String>,
}

/// A seccomp or AppArmor profile.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Profile {
    #[serde(rename = "type", deserialize_with = "null_is_empty")]
    pub(crate) kind: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct SeLinux {
    #[serde(rename = "type", deserialize_with = "null_is_empty")]
    pub(crate) kind: String,
    #[serde(deserialize_with = "null_is_empty")]
    pub(crate) user: String,
    #[serde(deserialize_with = "null_is_empty")]
    pub(crate) role: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Sysctl {
    pub(crate) name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Windows {
    pub(crate) host_process: Option<bool>,
}

/// A volume: its name, and its source by the name of the field that holds it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Volume {
    pub(crate) name: String,
    #[serde(flatten)]
    pub(crate) source: std::collections::BTreeMap<String, serde_json::Value>,
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
