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
use crate::{ownership::Join, sort::Sort};

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
    /// Digests that container runtimes report for it, as `sha256:…`, sorted; several: the name stood for several
    /// contents. Empty where none ran yet, or a runtime reports no digest of a registry.
    pub ran: Vec<String>,
    /// When nodes pull it: `Always`, `IfNotPresent`, `Never`, sorted.
    pub pull: Vec<String>,
    /// Containers that run it.
    pub containers: usize,
    /// Namespaces that run it, sorted.
    pub namespaces: Vec<String>,
    /// From an approved registry; `None` when the workspace declares none.
    pub approved: Option<bool>,
}

/// What was seen of one name.
#[derive(Default)]
struct Seen<'a> {
    containers: usize,
    namespaces: BTreeSet<&'a str>,
    ran: BTreeSet<&'a str>,
    pull: BTreeSet<&'a str>,
}

/// The digest of a container status' `imageID`: `docker.io/library/nginx@sha256:…`, with `docker-pullable://` before it
/// on old runtimes. A bare `sha256:…` is that of the image's configuration, which no registry knows it by.
fn digest(id: &str) -> Option<&str> {
    id.rsplit_once('@').map(|(_, digest)| digest).filter(|digest| digest.starts_with("sha256:"))
}

pub(super) fn observe(join: &Join<'_>, pods: &Pods) -> Observed<Images> {
    let mut reading = Reading::new(join.snapshot());
    let approved = Approved::new(&join.workspace().policy.registries);
    let mut seen: BTreeMap<Reference, Seen<'_>> = BTreeMap::new();
    for (index, object) in reading.need("", "Pod").iter().enumerate() {
        let Some(pod) = reading.pod(pods, index, object) else { continue };
        for (_, container) in pod.spec.all_containers() {
            let Some(image) = container.image.as_deref().filter(|image| !image.is_empty()) else { continue };
            let entry = seen.entry(Reference::parse(image)).or_default();
            entry.containers += 1;
            entry.namespaces.insert(&object.namespace);
            entry.pull.extend(container.image_pull_policy.as_deref());
            entry.ran.extend(pod.status.image_of(&container.name).and_then(digest));
        }
    }
    let mut registries: BTreeMap<String, Registry> = BTreeMap::new();
    for (reference, Seen { containers, namespaces, ran, pull }) in seen {
        let registry = registries.entry(reference.host.clone()).or_insert_with(|| Registry {
            host: reference.host.clone(),
            containers: 0,
            images: Vec::new(),
        });
        registry.containers += containers;
        registry.images.push(Image {
            reference: reference.to_string(),
            pinned: reference.digest.is_some(),
            ran: ran.into_iter().map(str::to_owned).collect(),
            pull: pull.into_iter().map(str::to_owned).collect(),
            containers,
            namespaces: namespaces.into_iter().map(str::to_owned).collect(),
            approved: (!approved.is_empty()).then(|| approved.covers(&reference)),
        });
    }
    let mut registries: Vec<Registry> = registries.into_values().collect();
    registries.order_by(|a, b| b.containers.cmp(&a.containers).then_with(|| a.host.cmp(&b.host)));
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
    fn what_ran_is_told_from_the_status() {
        use serde_json::json;

        use crate::{
            assess::testing::{list, object, snapshot, workspace},
            ownership,
        };

        let (old, new) = ("sha256:00", "sha256:11");
        let pod = |name: &str, id: String| {
            let container = json!({ "name": "web", "image": "nginx:1.29", "imagePullPolicy": "IfNotPresent" });
            let status = json!({ "containerStatuses": [{ "name": "web", "imageID": id }] });
            object("shop", name, json!({ "spec": { "containers": [container] }, "status": status }))
        };
        let snapshot = snapshot(vec![list(
            "Pod",
            vec![
                pod("a", format!("docker.io/library/nginx@{old}")),
                pod("b", format!("docker-pullable://nginx@{new}")),
                pod("c", "sha256:22".to_owned()),
            ],
        )]);
        let workspace = workspace(Vec::new());
        let observed = observe(&ownership::join(&workspace, &snapshot), &Pods::of(&snapshot));
        let image = &observed.seen().registries[0].images[0];
        assert_eq!(
            (&image.ran[..], &image.pull[..]),
            (&[old.to_owned(), new.to_owned()][..], &["IfNotPresent".to_owned()][..])
        );
        assert_eq!((image.pinned, image.containers), (false, 3));
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
