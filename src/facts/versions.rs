//! Versions of the API server, the kubelets and the other parts of Kubernetes, the skew between them, and until when each
//! is supported.
//!
//! Kubernetes version skew policy (<https://kubernetes.io/releases/version-skew-policy/>): nothing is newer than the API
//! server; kubelet and kube-proxy are at most three minor versions older, controller manager and scheduler at most one.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{
    images::Reference,
    lifecycle::{Support, Table},
    nodes::Body,
    observed::{Observed, Reading, State},
    pod::Pods,
};
use crate::sort::Sort;
use crate::{ownership::Join, snapshot::Object, workspace::Product};

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
    /// Nodes and control-plane Pods outside the skew policy, each with why.
    pub skewed: Vec<Skew>,
    /// Parts of the control plane and kube-proxy, as far as their Pods are visible, by name and version.
    pub parts: Vec<Part>,
    /// Every version seen, with the nodes that run it and until when it is supported; by product, soonest end first.
    pub lines: Vec<Line>,
}

/// A part of Kubernetes that runs as Pods.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Part {
    /// Name, for example `kube-scheduler`.
    pub name: String,
    /// Version by the tag of its image, for example `v1.36.2`.
    pub version: String,
    /// Pods that run it.
    pub pods: usize,
}

/// A version in use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// What it is a version of.
    pub product: Product,
    /// Version as reported.
    pub version: String,
    /// The API server runs it.
    pub api_server: bool,
    /// Nodes that run it, sorted.
    pub nodes: Vec<String>,
    /// Until when it is supported; `None` when no table knows the version.
    pub support: Option<Support>,
}

/// A name and how often it occurs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Counted {
    /// What.
    pub name: String,
    /// How often.
    pub count: usize,
}

/// A node or Pod that is outside the version skew policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Skew {
    /// Node, or `namespace/name` of a Pod.
    pub what: String,
    /// Its version.
    pub version: String,
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

/// Why a version of `what` is outside the skew policy of an API server, if it is: newer, or more than `most` minor versions
/// older. `Err` when a version cannot be read.
fn behind(what: &str, api_server: &str, version: &str, most: u32) -> Result<Option<String>, String> {
    let read = |version: &str| minor(version).ok_or_else(|| format!("version `{version}` cannot be read"));
    let (server, own) = (read(api_server)?, read(version)?);
    Ok(if own > server {
        Some(format!("{what} {version} is newer than API server {api_server}"))
    } else if server.0 == own.0 && server.1 - own.1 > most {
        Some(format!("{what} {version} is {} minor versions older than API server {api_server}", server.1 - own.1))
    } else {
        None
    })
}

/// The same for a kubelet.
pub(crate) fn skew(api_server: &str, kubelet: &str) -> Result<Option<String>, String> {
    behind("kubelet", api_server, kubelet, 3)
}

/// Which part of Kubernetes a Pod is, and how many minor versions it may be behind; by the labels that kubeadm and the
/// usual installers set.
fn part(object: &Object) -> Option<(&'static str, u32)> {
    if &*object.namespace != "kube-system" {
        return None;
    }
    let label = |key: &str| object.labels.get(key).map(|value| &**value);
    match (label("component").or_else(|| label("k8s-app")), label("k8s-app")) {
        (Some("kube-apiserver"), _) => Some(("kube-apiserver", 1)),
        (Some("kube-controller-manager"), _) => Some(("kube-controller-manager", 1)),
        (Some("kube-scheduler"), _) => Some(("kube-scheduler", 1)),
        (_, Some("kube-proxy")) => Some(("kube-proxy", 3)),
        _ => None,
    }
}

/// Versions by the tags of images, of Pods that are part of Kubernetes.
fn parts(reading: &mut Reading<'_>, pods: &Pods, api_server: Option<&str>, skewed: &mut Vec<Skew>) -> Vec<Part> {
    let mut counts: BTreeMap<(&'static str, String), usize> = BTreeMap::new();
    for (index, object) in reading.wish("", "Pod").iter().enumerate() {
        let Some((name, most)) = part(object) else { continue };
        let Some(pod) = reading.pod(pods, index, object) else { continue };
        let images =
            pod.spec.containers.iter().filter_map(|container| container.image.as_deref()).map(Reference::parse);
        // The container's image is named as the part is; a side car's is not.
        let tags = images.filter(|image| image.path.rsplit('/').next().is_some_and(|last| last.starts_with(name)));
        let Some(version) = tags.filter_map(|image| image.tag).next() else { continue };
        if let Some(Ok(Some(why))) = api_server.map(|server| behind(name, server, &version, most)) {
            let what = format!("{}/{}", object.namespace, object.name);
            skewed.push(Skew { what, version: version.clone(), why });
        }
        *counts.entry((name, version)).or_default() += 1;
    }
    let part = |((name, version), pods): ((&'static str, String), usize)| Part { name: name.to_owned(), version, pods };
    counts.into_iter().map(part).collect()
}

pub(super) fn observe(join: &Join<'_>, pods: &Pods, as_of: DateTime<Utc>) -> Observed<Versions> {
    let mut reading = Reading::new(join.snapshot());
    let table = Table::new(join.workspace(), as_of);
    let api_server = join.snapshot().header.cluster.version.clone();
    if api_server.is_none() {
        reading.worsen(State::Partial, "the version of the API server is not in the snapshot".to_owned());
    }
    let mut counts: [BTreeMap<String, usize>; 4] = Default::default();
    let mut seen: BTreeMap<(Product, String), BTreeSet<String>> = BTreeMap::new();
    if let Some(server) = &api_server {
        seen.insert((Product::Kubernetes, server.clone()), BTreeSet::new());
    }
    let mut skewed = Vec::new();
    for object in reading.need("", "Node") {
        let Some(body) = reading.body::<Body>(object) else { continue };
        let info = body.status.node_info;
        match api_server.as_deref().map(|server| skew(server, &info.kubelet_version)) {
            Some(Ok(Some(why))) => {
                skewed.push(Skew { what: object.name.to_string(), version: info.kubelet_version.clone(), why });
            }
            Some(Err(why)) => reading.odd(object, why),
            Some(Ok(None)) | None => {}
        }
        for (product, version) in info.versions() {
            seen.entry((product, version.to_owned())).or_default().insert(object.name.to_string());
        }
        let names = [info.kubelet_version, info.os_image, info.kernel_version, info.container_runtime_version];
        for (count, name) in counts.iter_mut().zip(names) {
            *count.entry(name).or_default() += 1;
        }
    }
    let [mut kubelets, os_images, kernels, runtimes] =
        counts.map(|names| names.into_iter().map(|(name, count)| Counted { name, count }).collect::<Vec<_>>());
    kubelets.order_by_key(|counted| minor(&counted.name));
    let parts = parts(&mut reading, pods, api_server.as_deref(), &mut skewed);
    skewed.order_by(|a, b| a.what.cmp(&b.what));
    let mut lines: Vec<Line> = seen
        .into_iter()
        .map(|((product, version), nodes)| Line {
            product,
            api_server: product == Product::Kubernetes && api_server.as_deref() == Some(&version),
            support: table.support(product, &version),
            nodes: nodes.into_iter().collect(),
            version,
        })
        .collect();
    lines.order_by_key(|line| (line.product, line.support.as_ref().map(|support| support.end)));
    reading.finish(Versions { api_server, kubelets, os_images, kernels, runtimes, skewed, parts, lines })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        assess::testing::{labelled, list, moment, object, snapshot, workspace},
        ownership,
    };

    #[test]
    fn three_older_is_fine_four_is_not_and_newer_never_is() {
        assert_eq!(skew("v1.36.2", "v1.36.5"), Ok(None));
        assert_eq!(skew("v1.36.2", "v1.33.0-eks-1"), Ok(None));
        assert!(skew("v1.36.2", "v1.32.9").is_ok_and(|why| why.is_some()));
        assert!(skew("v1.36.2", "v1.37.0").is_ok_and(|why| why.is_some()));
        assert!(skew("v1.36.2", "unknown").is_err());
    }

    #[test]
    fn parts_of_the_control_plane_are_one_behind_at_most() {
        let pod = |name: &str, label: &str, image: &str| {
            let body = json!({ "spec": { "containers": [{ "name": name, "image": image }] } });
            labelled(object("kube-system", name, body), &[(label, name)])
        };
        let snapshot = snapshot(vec![
            list(
                "Node",
                vec![object(
                    "",
                    "old",
                    json!({ "status": { "nodeInfo": { "kubeletVersion": "v1.31.9",
                "osImage": "Ubuntu 24.04.3 LTS", "containerRuntimeVersion": "containerd://9.9.9" } } }),
                )],
            ),
            list(
                "Pod",
                vec![
                    pod("kube-scheduler", "component", "registry.k8s.io/kube-scheduler:v1.34.1"),
                    pod("kube-controller-manager", "component", "registry.k8s.io/kube-controller-manager:v1.35.0"),
                    pod("kube-proxy", "k8s-app", "registry.k8s.io/kube-proxy:v1.33.0@sha256:00"),
                ],
            ),
        ]);
        let workspace = workspace(Vec::new());
        let join = ownership::join(&workspace, &snapshot);
        let observed = observe(&join, &Pods::of(&snapshot), moment());
        let skewed: Vec<&str> = observed.seen().skewed.iter().map(|skew| &*skew.what).collect();
        assert_eq!(skewed, ["kube-system/kube-scheduler", "old"]);
        assert_eq!(observed.seen().parts.len(), 3);
        let line = |version: &str| observed.seen().lines.iter().find(|line| line.version == version).expect("seen");
        assert!(line("v1.36.2").api_server && line("v1.36.2").nodes.is_empty());
        assert!(line("v1.31.9").support.as_ref().is_some_and(|support| support.days_left < 0));
        assert_eq!(line("containerd://9.9.9").support, None);
    }
}
