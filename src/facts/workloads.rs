//! Workloads: what runs Pods, by component.

use serde::Serialize;

use crate::workspace::{ComponentId, TeamId};

/// A workload: an owner-reference root with its Pods.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Workload {
    /// Component it belongs to; `None` when nobody or several claim it.
    pub component: Option<ComponentId>,
    /// Team accountable for the component.
    pub team: Option<TeamId>,
    /// API group, empty for core.
    pub group: String,
    /// Kind, for example `Deployment`, or the custom resource at the root.
    pub kind: String,
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Replicas wanted, where the kind says.
    pub replicas: Option<u64>,
    /// Pods that exist.
    pub pods: usize,
    /// Images, sorted.
    pub images: Vec<String>,
}
