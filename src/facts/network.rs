//! Network policies: what each selects and isolates.

use serde::Serialize;

/// A NetworkPolicy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NetworkPolicy {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Pods it selects, as text: `all Pods`, `app=api`.
    pub selects: String,
    /// It isolates ingress.
    pub ingress: bool,
    /// It isolates egress.
    pub egress: bool,
    /// It selects all Pods and allows no ingress.
    pub denies_ingress: bool,
    /// It selects all Pods and allows no egress.
    pub denies_egress: bool,
}
