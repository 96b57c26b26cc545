//! Images in use, by registry, with whether the registry is approved.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::Serialize;

use super::{
    observed::{Observed, Reading},
    pod::Pods,
};
use crate::ownership::Join;

/// Images in use.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Images {
    /// The workspace declares approved registries.
    pub policy_declared: bool,
    /// Registries, most used first.
    pub registries: Vec<Registry>,
}

/// A registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Registry {
    /// Host, for example `quay.io`.
    pub host: String,
    /// Containers that run an image from it.
    pub containers: usize,
    /// Images of it, by name.
    pub images: Vec<Image>,
}

/// An image as the Pods name it, normalised (`nginx` is `docker.io/library/nginx`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Image {
    /// Normalised reference.
    pub reference: String,
    /// Pinned by digest.
    pub pinned: bool,
    /// Containers that run it.
    pub containers: usize,
    /// Namespaces that run it, sorted.
    pub namespaces: Vec<String>,
    /// From an approved registry; `None` when the workspace declares none.
    pub approved: Option<bool>,
}

pub(super) fn observe(join: &Join<'_>, pods: &Pods) -> Observed<Images> {
    let mut reading = Reading::new(join.snapshot());
    let approved = Approved::new(&join.workspace().policy.registries);
    let mut seen: BTreeMap<Reference, (usize, BTreeSet<&str>)> = BTreeMap::new();
    for (index, object) in reading.need("", "Pod").iter().enumerate() {
        let Some(pod) = reading.pod(pods, index, object) else { continue };
        for (_, container) in pod.spec.all_containers() {
            let Some(image) = container.image.as_deref().filter(|image| !image.is_empty()) else { continue };
            let entry = seen.entry(Reference::parse(image)).or_default();
            entry.0 += 1;
            entry.1.insert(&object.namespace);
        }
    }
    let mut registries: BTreeMap<String, Registry> = BTreeMap::new();
    for (reference, (containers, namespaces)) in seen {
        let registry = registries.entry(reference.host.clone()).or_insert_with(|| Registry {
            host: reference.host.clone(),
            containers: 0,
            images: Vec::new(),
        });
        registry.containers += containers;
        registry.images.push(Image {
            reference: reference.to_string(),
            pinned: reference.digest.is_some(),
            containers,
            namespaces: namespaces.into_iter().map(str::to_owned).collect(),
            approved: (!approved.is_empty()).then(|| approved.covers(&reference)),
        });
    }
    let mut registries: Vec<Registry> = registries.into_values().collect();
    registries.sort_by(|a, b| b.containers.cmp(&a.containers).then_with(|| a.host.cmp(&b.host)));
    reading.finish(Images { policy_declared: !approved.is_empty(), registries })
}

/// An image reference, normalised as container runtimes do it: a missing host is `docker.io`, a missing folder there
/// is `library`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Reference {
    pub(crate) host: String,
    pub(crate) path: String,
    pub(crate) tag: Option<String>,
    pub(crate) digest: Option<String>,
}

impl Reference {
    pub(crate) fn parse(text: &str) -> Self {
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest.to_owned())),
            None => (text, None),
        };
        // A colon after the last slash begins the tag; one before it belongs to the host's port.
        let name_start = rest.rfind('/').map_or(0, |slash| slash + 1);
        let (name, tag) = match rest.get(name_start..).and_then(|name| name.find(':')) {
            Some(colon) => (&rest[..name_start + colon], Some(rest[name_start + colon + 1..].to_owned())),
            None => (rest, None),
        };
        let (host, path) = match name.split_once('/') {
            Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => (host, path.to_owned()),
            _ => ("docker.io", name.to_owned()),
        };
        let host = if host == "index.docker.io" { "docker.io" } else { host }.to_ascii_lowercase();
        let path = if host == "docker.io" && !path.contains('/') { format!("library/{path}") } else { path };
        Self { host, path, tag, digest }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.host, self.path)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

/// The registries or repository prefixes that a workspace approves.
pub(crate) struct Approved(Vec<String>);

impl Approved {
    pub(crate) fn new(declared: &[String]) -> Self {
        let clean = |entry: &String| {
            let entry = entry.trim().trim_start_matches("https://").trim_end_matches('/');
            entry.strip_prefix("index.docker.io").map_or(entry.to_owned(), |rest| format!("docker.io{rest}"))
        };
        Self(declared.iter().map(clean).filter(|entry| !entry.is_empty()).collect())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A prefix ends at a boundary: `registry.example.com` does not cover `registry.example.com.evil.example`.
    pub(crate) fn covers(&self, reference: &Reference) -> bool {
        let name = format!("{}/{}", reference.host, reference.path);
        self.0
            .iter()
            .any(|entry| name.strip_prefix(&**entry).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_normalised() {
        for (text, normal) in [
            ("nginx", "docker.io/library/nginx"),
            ("nginx:1.29", "docker.io/library/nginx:1.29"),
            ("bitnami/redis", "docker.io/bitnami/redis"),
            ("index.docker.io/library/nginx:1", "docker.io/library/nginx:1"),
            ("localhost:5000/app", "localhost:5000/app"),
            ("quay.io/a/b@sha256:00", "quay.io/a/b@sha256:00"),
            ("Registry.Example.com/app:v1@sha256:00", "registry.example.com/app:v1@sha256:00"),
        ] {
            assert_eq!(Reference::parse(text).to_string(), normal);
        }
    }

    #[test]
    fn an_approved_prefix_ends_at_a_boundary() {
        let approved = Approved::new(&["registry.example.com/".to_owned(), "quay.io/jetstack".to_owned()]);
        assert!(approved.covers(&Reference::parse("registry.example.com/team/app:1")));
        assert!(approved.covers(&Reference::parse("quay.io/jetstack/cert-manager:1")));
        assert!(!approved.covers(&Reference::parse("registry.example.com.evil.example/app")));
        assert!(!approved.covers(&Reference::parse("quay.io/jetstacked/app")));
        assert!(!approved.covers(&Reference::parse("nginx")));
    }
}
