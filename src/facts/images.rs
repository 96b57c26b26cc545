//! Images in use, by registry, with whether the registry is approved.

use serde::Serialize;

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
