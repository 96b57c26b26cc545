//! Versions of API server and kubelets, and the skew between them.
//!
//! Kubernetes version skew policy: a kubelet is never newer than the API server and at most three minor versions older.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    nodes::Body,
    observed::{Observed, Reading, State},
};
use crate::ownership::Join;

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

/// Major and minor of `v1.36.2`, `1.36+`, `v1.33.1-eks-1234`.
pub(crate) fn minor(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.trim_start_matches('v').split('.');
    let number = |part: Option<&str>| {
        let part = part?;
        let digits = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
        part.get(..digits)?.parse().ok()
    };
    Some((number(parts.next())?, number(parts.next())?))
}

/// Why a kubelet is outside the skew policy of an API server, if it is. `Err` when a version cannot be read.
pub(crate) fn skew(api_server: &str, kubelet: &str) -> Result<Option<String>, String> {
    let read = |version: &str| minor(version).ok_or_else(|| format!("version `{version}` cannot be read"));
    let (server, node) = (read(api_server)?, read(kubelet)?);
    Ok(if node > server {
        Some(format!("kubelet {kubelet} is newer than API server {api_server}"))
    } else if server.0 == node.0 && server.1 - node.1 > 3 {
        Some(format!("kubelet {kubelet} is {} minor versions older than API server {api_server}", server.1 - node.1))
    } else {
        None
    })
}

pub(super) fn observe(join: &Join<'_>) -> Observed<Versions> {
    let mut reading = Reading::new(join.snapshot());
    let api_server = join.snapshot().header.cluster.version.clone();
    if api_server.is_none() {
        reading.worsen(State::Partial, "the version of the API server is not in the snapshot".to_owned());
    }
    let mut counts: [BTreeMap<String, usize>; 4] = Default::default();
    let mut skewed = Vec::new();
    for object in reading.need("", "Node") {
        let Some(body) = reading.body::<Body>(object) else { continue };
        let info = body.status.node_info;
        match api_server.as_deref().map(|server| skew(server, &info.kubelet_version)) {
            Some(Ok(Some(why))) => {
                skewed.push(Skew { node: object.name.to_string(), kubelet: info.kubelet_version.clone(), why });
            }
            Some(Err(why)) => reading.odd(object, why),
            Some(Ok(None)) | None => {}
        }
        let seen = [info.kubelet_version, info.os_image, info.kernel_version, info.container_runtime_version];
        for (count, name) in counts.iter_mut().zip(seen) {
            *count.entry(name).or_default() += 1;
        }
    }
    let [mut kubelets, os_images, kernels, runtimes] =
        counts.map(|names| names.into_iter().map(|(name, count)| Counted { name, count }).collect::<Vec<_>>());
    kubelets.sort_by_key(|counted| minor(&counted.name));
    skewed.sort_by(|a, b| a.node.cmp(&b.node));
    reading.finish(Versions { api_server, kubelets, os_images, kernels, runtimes, skewed })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_older_is_fine_four_is_not_and_newer_never_is() {
        assert_eq!(skew("v1.36.2", "v1.36.5"), Ok(None));
        assert_eq!(skew("v1.36.2", "v1.33.0-eks-1"), Ok(None));
        assert!(skew("v1.36.2", "v1.32.9").is_ok_and(|why| why.is_some()));
        assert!(skew("v1.36.2", "v1.37.0").is_ok_and(|why| why.is_some()));
        assert!(skew("v1.36.2", "unknown").is_err());
    }
}
