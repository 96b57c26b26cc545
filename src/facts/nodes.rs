//! Machines: roles, operating system, kernel, kubelet, runtime, taints, readiness.

use serde::{Deserialize, Serialize};

use super::observed::{Observed, Reading};
use crate::{
    ownership::{
        Join,
        pattern::{self, Pattern},
    },
    snapshot::Object,
    sort::Sort,
    workspace::Product,
};

/// A node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Node {
    /// Name.
    pub name: String,
    /// Roles, from the `node-role.kubernetes.io/` labels; `worker` when it has none.
    pub roles: Vec<String>,
    /// Operating system image, for example `Ubuntu 24.04.3 LTS`.
    pub os_image: String,
    /// Kernel version.
    pub kernel: String,
    /// Kubelet version, for example `v1.36.2`.
    pub kubelet: String,
    /// Container runtime and version, for example `containerd://2.1.4`.
    pub runtime: String,
    /// Processor architecture.
    pub architecture: String,
    /// Zone, from `topology.kubernetes.io/zone`.
    pub zone: Option<String>,
    /// Taints as `key=value:effect`.
    pub taints: Vec<String>,
    /// The `Ready` condition is true; `None` when the node does not say.
    pub ready: Option<bool>,
    /// On the approved list of node images; `None` when none is declared.
    pub image_approved: Option<bool>,
    /// On the approved list of runtimes; `None` when none is declared.
    pub runtime_approved: Option<bool>,
}

/// Body of a Node, as far as anything here asks.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Body {
    pub(super) spec: Spec,
    pub(crate) status: Status,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Spec {
    pub(super) taints: Option<Vec<Taint>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Taint {
    pub(super) key: String,
    value: Option<String>,
    pub(super) effect: String,
}

impl Taint {
    /// As `key=value:effect`.
    pub(super) fn text(&self) -> String {
        match self.value.as_deref() {
            None | Some("") => format!("{}:{}", self.key, self.effect),
            Some(value) => format!("{}={value}:{}", self.key, self.effect),
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Status {
    pub(crate) node_info: Info,
    conditions: Option<Vec<Condition>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Info {
    pub(crate) os_image: String,
    pub(crate) kernel_version: String,
    pub(crate) kubelet_version: String,
    pub(crate) container_runtime_version: String,
    pub(crate) architecture: String,
}

impl Info {
    /// What has a lifecycle, with its version as reported; empty ones are left out.
    pub(crate) fn versions(&self) -> impl Iterator<Item = (Product, &str)> {
        let all = [
            (Product::Kubernetes, &*self.kubelet_version),
            (Product::Runtime, &*self.container_runtime_version),
            (Product::OperatingSystem, &*self.os_image),
        ];
        all.into_iter().filter(|(_, version)| !version.is_empty())
    }
}

/// A condition of any kind that has them.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Condition {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) status: String,
    pub(crate) reason: Option<String>,
}

/// Whether the `Ready` condition is true, if there is one.
pub(crate) fn ready(conditions: Option<&[Condition]>) -> Option<bool> {
    conditions?.iter().find(|condition| condition.kind == "Ready").map(|condition| condition.status == "True")
}

/// Roles, from the labels; `worker` when there is none.
pub(crate) fn roles(object: &Object) -> Vec<String> {
    let named = object.labels.keys().filter_map(|key| key.strip_prefix("node-role.kubernetes.io/"));
    let roles: Vec<String> = named.filter(|role| !role.is_empty()).map(str::to_owned).collect();
    if roles.is_empty() { vec!["worker".to_owned()] } else { roles }
}

pub(super) fn observe(join: &Join<'_>) -> Observed<Vec<Node>> {
    let mut reading = Reading::new(join.snapshot());
    let policy = &join.workspace().policy;
    let (images, runtimes) = (Pattern::list(&policy.node_images), Pattern::list(&policy.runtimes));
    let approved = |list: &[Pattern], value: &str| (!list.is_empty()).then(|| pattern::any(list, value));
    let mut nodes = Vec::new();
    for object in reading.need("", "Node") {
        let Some(body) = reading.body::<Body>(object) else { continue };
        let info = body.status.node_info;
        nodes.push(Node {
            name: object.name.to_string(),
            roles: roles(object),
            image_approved: approved(&images, &info.os_image),
            runtime_approved: approved(&runtimes, &info.container_runtime_version),
            os_image: info.os_image,
            kernel: info.kernel_version,
            kubelet: info.kubelet_version,
            runtime: info.container_runtime_version,
            architecture: info.architecture,
            zone: object.labels.get("topology.kubernetes.io/zone").map(|zone| zone.to_string()),
            taints: body.spec.taints.iter().flatten().map(Taint::text).collect(),
            ready: ready(body.status.conditions.as_deref()),
        });
    }
    nodes.order_by(|a, b| a.name.cmp(&b.name));
    reading.finish(nodes)
}
