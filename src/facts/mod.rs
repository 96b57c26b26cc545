//! Facts: what can be computed from the objects of one snapshot, for documents and checks.
//!
//! In: a [`Snapshot`] and, where a fact speaks of owners or policy, what ownership and the workspace say. Out:
//! [`Facts`], one [`Observed`] value a family. Each family is one file with the same shape: the value's types, and one
//! `observe` function that states the lists it needs to a [`Reading`](observed::Reading) and returns the value with
//! what those lists were worth.
//!
//! Invariant: a value cannot be had without the completeness of what it was computed from.

pub(crate) mod access;
mod admission;
mod backups;
pub(crate) mod certificates;
pub(crate) mod exposure;
pub(crate) mod images;
mod namespaces;
pub(crate) mod network;
pub(crate) mod nodes;
pub mod observed;
pub(crate) mod pod;
pub mod pod_security;
mod reports;
mod storage;
pub(crate) mod versions;
mod workloads;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::assess::ownership::Join;

pub use access::*;
pub use admission::*;
pub use backups::*;
pub use certificates::*;
pub use exposure::*;
pub use images::{Image, Images, Registry};
pub use namespaces::*;
pub use network::*;
pub use nodes::*;
pub use observed::{Observed, State};
pub use reports::*;
pub use storage::*;
pub use versions::*;
pub use workloads::*;

/// Facts of one cluster, for checks and documents. Every value carries its completeness. In templates a fact is an
/// object with `value`, `state`, `complete`, `reasons` and `evidence`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Facts {
    /// Machines, by name.
    pub nodes: Observed<Vec<Node>>,
    /// Versions of API server and kubelets, and the skew between them.
    pub versions: Observed<Versions>,
    /// Namespaces, by name, with owner, Pod Security labels, default-deny and quota.
    pub namespaces: Observed<Vec<Namespace>>,
    /// Workloads (owner-reference roots that run Pods), by component, kind, namespace, name.
    pub workloads: Observed<Vec<Workload>>,
    /// Images in use, grouped by registry.
    pub images: Observed<Images>,
    /// Who may do what, as far as RBAC objects say.
    pub access: Observed<Access>,
    /// Ingresses, by namespace and name.
    pub ingresses: Observed<Vec<Ingress>>,
    /// Services that are reachable from outside the cluster network.
    pub services: Observed<Vec<ExposedService>>,
    /// cert-manager certificates, soonest expiry first.
    pub certificates: Observed<Vec<Certificate>>,
    /// Storage classes, by name.
    pub storage_classes: Observed<Vec<StorageClass>>,
    /// Network policies, by namespace and name.
    pub network_policies: Observed<Vec<NetworkPolicy>>,
    /// Admission webhooks, admission policies, and the policy engines recognised.
    pub admission: Observed<Admission>,
    /// Policy reports summed by namespace.
    pub policy_reports: Observed<Vec<PolicyReportSum>>,
    /// Trivy Operator's vulnerability reports summed by component.
    pub vulnerabilities: Observed<Vec<VulnerabilitySum>>,
    /// Backup schedules and when each last completed.
    pub backups: Observed<Vec<BackupSchedule>>,
}

/// Computes all facts of one snapshot.
pub(crate) fn observe(join: &Join<'_>, pods: &pod::Pods, as_of: DateTime<Utc>) -> Facts {
    Facts {
        nodes: nodes::observe(join),
        versions: versions::observe(join),
        namespaces: namespaces::observe(join, pods),
        workloads: workloads::observe(join, pods),
        images: images::observe(join, pods),
        access: access::observe(join),
        ingresses: exposure::ingresses(join),
        services: exposure::services(join),
        certificates: certificates::observe(join, as_of),
        storage_classes: storage::observe(join),
        network_policies: network::observe(join),
        admission: admission::observe(join),
        policy_reports: reports::policy(join),
        vulnerabilities: reports::vulnerabilities(join),
        backups: backups::observe(join),
    }
}
