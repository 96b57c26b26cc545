//! Machines: roles, operating system, kernel, kubelet, runtime, taints, readiness.

use serde::Serialize;

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
