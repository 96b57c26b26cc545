//! Facts: what can be computed from the objects of one snapshot, for documents and checks.
//!
//! In: a [`Snapshot`] and, where a fact speaks of owners or policy, what ownership and the workspace say. Out:
//! [`Facts`], one [`Observed`] value a family. Each family is one file with the same shape: the value's types, and one
//! `observe` function that states the lists it needs to a [`Reading`](observed::Reading) and returns the value with
//! what those lists were worth. What each fact is called, needs and cannot show is data: [`catalogue`].
//!
//! Invariant: a value cannot be had without the completeness of what it was computed from.

pub(crate) mod access;
pub(crate) mod admission;
pub(crate) mod api_certificate;
mod availability;
pub(crate) mod backups;
pub mod catalogue;
pub(crate) mod certificates;
pub(crate) mod containers;
pub(crate) mod control_plane;
pub(crate) mod delivery;
mod dependents;
pub(crate) mod encryption;
pub(crate) mod endpoint;
pub(crate) mod exposure;
pub(crate) mod images;
pub(crate) mod lifecycle;
pub(crate) mod limits;
pub(crate) mod members;
pub(crate) mod mesh;
pub(crate) mod monitoring;
mod namespaces;
pub(crate) mod network;
pub(crate) mod nodes;
pub mod observed;
pub(crate) mod pod;
pub mod pod_security;
mod reports;
pub(crate) mod running;
mod secret_stores;
pub(crate) mod secret_use;
pub(crate) mod selector;
pub(crate) mod signatures;
mod standards;
pub(crate) mod storage;
pub(crate) mod templates;
pub(crate) mod tenancy;
pub(crate) mod versions;
pub(crate) mod vulnerabilities;
mod workloads;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::ownership::Join;
use network::Network;

pub use access::*;
pub use admission::{Admission, Exempted, Mode, Policy, Webhook};
pub use api_certificate::ApiCertificate;
pub use availability::{Availability, Budget, SinglePoint};
pub use backups::*;
pub use certificates::*;
pub use containers::{Deviation, Property, WorkloadSecurity};
pub use control_plane::{ControlPlane, Origin, PlaneComponent, PlaneSetting, PlaneSource, PlaneValue};
pub use delivery::{Delivered, Delivery, Outside, Project, Share};
pub use dependents::*;
pub use encryption::*;
pub use endpoint::*;
pub use exposure::{Backend, BackendState, Exposure, OnNode, OpenListener, Redirect, SharedHost, Tls, WayIn};
pub use images::{Image, Images, Registry};
pub use lifecycle::Support;
pub use limits::{Limits, NamespaceLimits, Quota, Unlimited, Usage};
pub use members::*;
pub use mesh::{Mesh, MeshNamespace};
pub use monitoring::{Agent, Monitoring, Purpose, Rules, Unwatched};
pub use namespaces::*;
pub use network::*;
pub use nodes::*;
pub use observed::{Account, Observed, State};
pub use reports::*;
pub use running::WorkloadName;
pub use secret_stores::{SecretCoverage, SecretStore, SecretStores, Synced};
pub use secret_use::{SecretUse, SecretUses};
pub use signatures::{SignaturePolicy, Signatures, SignedNamespace};
pub use standards::{Field as StandardsField, Met, ModeSet, NamespaceSecurity, Violator};
pub use storage::*;
pub use tenancy::*;
pub use versions::*;
pub use vulnerabilities::*;
pub use workloads::*;

/// Declares the families of facts: the field of [`Facts`], how it is observed, and how data finds it by name.
macro_rules! families {
    (|$join:ident, $pods:ident, $network:ident, $backups:ident, $as_of:ident| $($(#[$doc:meta])* $name:ident: $value:ty = $observe:expr;)*) => {
        /// Facts of one cluster, for checks and documents. Every value carries its completeness. In templates a fact is
        /// an object with `value`, `state`, `complete`, `reasons` and `evidence`.
        #[derive(Debug, Clone, Default, Serialize)]
        pub struct Facts {
            $($(#[$doc])* pub $name: Observed<$value>,)*
        }

        /// Names of the families.
        pub(crate) const FAMILIES: &[&str] = &[$(stringify!($name)),*];

        impl Facts {
            /// Completeness, reasons and evidence of the family with this field name.
            pub fn account(&self, family: &str) -> Option<&Account> {
                match family {
                    $(stringify!($name) => Some(self.$name.account()),)*
                    _ => None,
                }
            }

            /// Value of the family with this field name, as JSON.
            pub(crate) fn value(&self, family: &str) -> Option<serde_json::Value> {
                match family {
                    $(stringify!($name) => serde_json::to_value(self.$name.seen()).ok(),)*
                    _ => None,
                }
            }
        }

        /// Computes all facts of one snapshot.
        pub(crate) fn observe<'a>(
            $join: &Join<'a>,
            $pods: &pod::Pods,
            $network: &Network<'a>,
            $backups: &Observed<Backups>,
            $as_of: DateTime<Utc>,
        ) -> Facts {
            Facts { $($name: $observe,)* }
        }
    };
}

families! { |join, pods, network, backups, as_of|
    /// Who may do what, as far as RBAC objects say.
    access: Access = access::observe(join);
    /// Admission webhooks, admission policies, and the policy engines recognised.
    admission: Admission = admission::observe(join);
    /// Replicas, disruption budgets, spread and probes of workloads that are meant to stay up.
    availability: Vec<Availability> = availability::observe(join, pods);
    /// Data with its newest backup, schedules, failures, restores.
    backups: Backups = backups.clone();
    /// cert-manager certificates, soonest expiry first.
    certificates: Vec<Certificate> = certificates::observe(join, as_of);
    /// Settings of the control plane, as its static Pods show them.
    control_plane: ControlPlane = control_plane::observe(join);
    /// What containers may do beyond a hardened one, by workload.
    containers: Vec<WorkloadSecurity> = containers::observe(join, pods);
    /// What Argo CD and Flux deliver, and what they do not.
    delivery: Delivery = delivery::observe(join);
    /// What went to and came from storage through which provider of encryption at rest.
    encryption: Vec<Transformation> = encryption::observe(join);
    /// Certificate that the API server presented.
    api_certificate: Option<ApiCertificate> = api_certificate::observe(join, as_of);
    /// Address of the API server.
    endpoint: ApiEndpoint = endpoint::observe(join);
    /// What several teams rely on, and which would stop with it.
    dependents: Vec<Shared> = dependents::observe(join, backups);
    /// Everything that is reachable from outside the cluster network.
    exposure: Exposure = exposure::observe(join, pods);
    /// Declared rights against those that RBAC grants.
    declared_access: DeclaredAccess = access::declared::observe(join);
    /// Who holds more than the name of a role says, and how it leads to everything.
    escalations: Escalations = access::escalation::observe(join);
    /// Images in use, grouped by registry.
    images: Images = images::observe(join, pods);
    /// Issuers, failed requests, client certificates.
    issuance: Issuance = certificates::issuance(join);
    /// Requests and limits that containers lack, quotas and limit ranges of namespaces.
    limits: Limits = limits::observe(join, pods);
    /// Settings of kubelets: as they run, where they were asked, and as kubeadm configured them.
    kubelets: Vec<PlaneComponent> = control_plane::kubelets::observe(join);
    /// Mutual TLS between Pods, by namespace.
    mesh: Mesh = mesh::observe(join, pods);
    /// Agents on nodes, alert rules, and what nothing watches.
    monitoring: Monitoring = monitoring::observe(join);
    /// Namespaces, by name, with owner, Pod Security labels, default-deny and quota.
    namespaces: Vec<Namespace> = namespaces::observe(join, pods, network);
    /// Declared connections and what network policies say of them, in order of declaration.
    connections: Vec<JudgedConnection> = network.connections().clone();
    /// Network plug-ins seen, and whether one of them enforces policies.
    network_plugins: NetworkPlugins = network::observe_plugins(join);
    /// What network policies leave open beyond the declared connections, and what holds each workload.
    network_openings: Openings = network.openings().clone();
    /// Network policies, by namespace and name.
    network_policies: Vec<NetworkPolicy> = network::observe(join);
    /// Tokens of service accounts that never end, as far as Secrets may be listed.
    long_lived_tokens: Vec<LongLivedToken> = access::accounts::tokens(join);
    /// Members of the groups that hold rights, as supplied.
    members: Members = members::observe(join, as_of);
    /// Machines, by name.
    nodes: Vec<Node> = nodes::observe(join);
    /// Pod Security by namespace: level set, levels met, workloads that hold it back.
    pod_security: Vec<NamespaceSecurity> = standards::observe(join, pods);
    /// Policy reports summed by namespace.
    policy_reports: Vec<PolicyReportSum> = reports::policy(join);
    /// External secret stores, what is synchronised from them, and which Secrets in use come from one.
    secret_stores: SecretStores = secret_stores::observe(join, pods);
    /// Which workloads use which Secrets, and how.
    secret_use: Vec<SecretUse> = secret_use::observe(join, pods);
    /// Service accounts that Pods run as, by namespace and name.
    service_accounts: Vec<AccountUse> = access::accounts::observe(join);
    /// Policies that verify image signatures, and which running images none of them covers.
    signatures: Signatures = signatures::observe(join, pods);
    /// Storage classes, by name.
    storage_classes: Vec<StorageClass> = storage::observe(join);
    /// Node pools with the teams whose Pods ran on them, and Pods that keep to no pool.
    tenancy: Tenancy = tenancy::observe(join, pods);
    /// Versions of API server and kubelets, and the skew between them.
    versions: Versions = versions::observe(join, pods, as_of);
    /// Volumes, by class and team.
    volumes: Vec<Volume> = storage::observe_volumes(join);
    /// Vulnerability reports by component and workload, and workloads without one.
    vulnerabilities: Vulnerabilities = vulnerabilities::observe(join, as_of);
    /// Workloads (owner-reference roots that run Pods), by component, kind, namespace, name.
    workloads: Vec<Workload> = workloads::observe(join, pods);
}
