//! Versions of API server and kubelets, and the skew between them.
//!
//! Kubernetes version skew policy: a kubelet is never newer than the API server and at most three minor versions older.

use serde::Serialize;

/// Versions seen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Versions {
    /// Version of the API server, for example `v1.36.2`.
    pub api_server: Option<String>,
    /// Each kubelet version with the number of nodes that run it, oldest first.
    pub kubelets: Vec<Counted>,
    /// Each node image with the number of nodes that run it.
    pub os_images: Vec<Counted>,
    /// Each kernel with the number of nodes that run it.
    pub kernels: Vec<Counted>,
    /// Each runtime with the number of nodes that run it.
    pub runtimes: Vec<Counted>,
    /// Nodes outside the skew policy, each with why.
    pub skewed: Vec<Skew>,
}

/// A name and how often it occurs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Counted {
    /// What.
    pub name: String,
    /// How often.
    pub count: usize,
}

/// A node whose kubelet is outside the version skew policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Skew {
    /// Node.
    pub node: String,
    /// Kubelet version.
    pub kubelet: String,
    /// Why it is outside.
    pub why: String,
}
