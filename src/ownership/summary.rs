//! What the join says of a whole cluster: objects per component, and the drift between fence and cluster.

use std::{collections::BTreeMap, sync::Arc};

use serde::Serialize;

use crate::workspace::ComponentId;

/// Where every object of a cluster belongs.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Ownership {
    /// Objects per component, sorted by key.
    pub claimed: BTreeMap<ComponentId, Vec<ObjectKey>>,
    /// Objects that no component claims, with what is known of them.
    pub unclaimed: Vec<Unclaimed>,
    /// Objects that several components claim equally specifically.
    pub contested: Vec<Contested>,
    /// Declared components with claims, not optional, none of whose objects was seen.
    pub missing: Vec<Missing>,
    /// Lists that were not read completely: absence of drift is not proven for them. Path and reason.
    pub not_seen: Vec<(String, String)>,
}

/// Key of an object within its cluster.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ObjectKey {
    /// API group, empty for core.
    pub group: Arc<str>,
    /// Kind.
    pub kind: Arc<str>,
    /// Namespace, empty for cluster-scoped objects.
    pub namespace: Arc<str>,
    /// Name.
    pub name: Arc<str>,
}

impl std::fmt::Display for ObjectKey {
    /// `Deployment team-payments/ledger`, or `ClusterRole view` for a cluster-scoped object.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.namespace.is_empty() {
            write!(f, "{} {}", self.kind, self.name)
        } else {
            write!(f, "{} {}/{}", self.kind, self.namespace, self.name)
        }
    }
}

/// An object without an owner. Dependants are folded into their owner-reference root.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unclaimed {
    /// Root object.
    pub key: ObjectKey,
    /// How many dependants it has.
    pub dependants: usize,
    /// Why, in words: `no claim matches`, `owner label platform.example/owner = ml is not declared`.
    pub reason: String,
}

/// An object with several owners.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Contested {
    /// The object.
    pub key: ObjectKey,
    /// Components and the place of the claim, `scope/inside.toml:14`.
    pub claims: Vec<(ComponentId, String)>,
}

/// A component that was declared but not seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Missing {
    /// Which one.
    pub component: ComponentId,
    /// False when a list that could show it was not read completely.
    pub proven: bool,
}
