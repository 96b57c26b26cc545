//! Who may do what, as far as RBAC objects say: joined offline from roles, aggregated roles and bindings.
//!
//! It is never more than RBAC says: the fact is partial until other authorizers are ruled out (`authorizers`), and the
//! members of a group are known to the identity provider only. [`Access::limits`] says so, for documents to print.
//!
//! In: RBAC objects and the workspace's roles. Out: [`Access`]. Steps: join roles with bindings (`rbac`), fold equal
//! rules and equal grants (`matrix`), say in kubectl's words what the declared roles may do (`readable`).
//!
//! Invariant: work and memory grow with bindings and distinct rules, never with subject × namespace × resource.

pub(crate) mod accounts;
pub(crate) mod authorizers;
pub(crate) mod declared;
pub(crate) mod escalation;
pub(crate) mod matrix;
pub(crate) mod powers;
pub(crate) mod rbac;
pub(crate) mod readable;
mod supplied;

use std::collections::BTreeSet;

use serde::Serialize;

use super::observed::{Observed, Reading, State};
use crate::{ownership::Join, sort::Sort};
use rbac::{Binding, Roles};

pub use accounts::{AccountUse, LongLivedToken};
pub use authorizers::{Authorizers, SuppliedGrants};
pub use declared::{Beyond, Comparison, DeclaredAccess, Missing, Stranger};
pub use escalation::{Escalation, Escalations, PowerHeld};

/// Access as RBAC objects grant it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Access {
    /// What decides besides RBAC, as far as known.
    pub authorizers: Authorizers,
    /// What this cannot show, in sentences.
    pub limits: Vec<String>,
    /// Subjects bound to `cluster-admin` or to a role that grants everything, sorted.
    pub cluster_admins: Vec<AdminBinding>,
    /// Roles with `*` in verbs, resources or API groups, sorted.
    pub wildcard_roles: Vec<WildcardRole>,
    /// Bindings of everybody, with or without a login, that are not Kubernetes' own.
    pub anyone: Vec<OpenBinding>,
    /// Bindings of roles that do not exist; only where all roles were read.
    pub dangling: Vec<Dangling>,
    /// Distinct sets of rules that grants refer to by index.
    pub rule_sets: Vec<RuleSet>,
    /// The verb matrix, folded: subject × role × where, without Kubernetes' own default bindings.
    pub grants: Vec<Grant>,
    /// What the declared roles' groups, users and service accounts may do, in the order of declaration.
    pub roles: Vec<RoleAccess>,
}

/// A subject of RBAC.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Subject {
    /// `User`, `Group` or `ServiceAccount`.
    pub kind: String,
    /// Namespace of a service account, else empty.
    pub namespace: String,
    /// Name.
    pub name: String,
}

impl std::fmt::Display for Subject {
    /// `Group oidc:platform-admins`, `ServiceAccount argocd/argocd-server`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.namespace.is_empty() {
            write!(f, "{} {}", self.kind, self.name)
        } else {
            write!(f, "{} {}/{}", self.kind, self.namespace, self.name)
        }
    }
}

/// A subject with unrestricted access.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct AdminBinding {
    /// Who.
    pub subject: Subject,
    /// `ClusterRoleBinding NAME` or `RoleBinding NAMESPACE/NAME`.
    pub binding: String,
    /// Role bound.
    pub role: String,
    /// Empty for the whole cluster, else the namespace.
    pub namespace: String,
    /// Kubernetes' own default (`system:masters`).
    pub default: bool,
}

/// A role with wildcards.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct WildcardRole {
    /// `ClusterRole` or `Role`.
    pub kind: String,
    /// Namespace of a Role, else empty.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Where the wildcards are: `verbs`, `resources`, `apiGroups`.
    pub wildcards: Vec<String>,
    /// Kubernetes' own (`kubernetes.io/bootstrapping=rbac-defaults`).
    pub default: bool,
}

/// A binding of everybody.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct OpenBinding {
    /// `system:anonymous`, `system:unauthenticated`, `system:authenticated` or `system:serviceaccounts`.
    pub subject: Subject,
    /// Binding.
    pub binding: String,
    /// Role bound.
    pub role: String,
    /// Empty for the whole cluster, else the namespace.
    pub namespace: String,
}

/// A binding of a role that does not exist: who may create that role decides what it grants.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Dangling {
    /// Binding.
    pub binding: String,
    /// Role that does not exist.
    pub role: String,
    /// Who would get it.
    pub subjects: Vec<Subject>,
}

/// Rules that are granted together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct RuleSet {
    /// Roles that consist of exactly these rules: `ClusterRole edit`, `Role shop/deployer`.
    pub roles: Vec<String>,
    /// The rules.
    pub rules: Vec<RuleLine>,
}

/// Resources of one API group with the same verbs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct RuleLine {
    /// API group; empty for core, `*` for all.
    pub group: String,
    /// Resources, with subresources: `pods/exec`; a non-resource URL starts with `/`.
    pub resources: Vec<String>,
    /// Only these names; empty for all.
    pub names: Vec<String>,
    /// Verbs, in the order in which kubectl documents them.
    pub verbs: Vec<String>,
}

/// What one subject holds by one role, wherever it is bound.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Grant {
    /// Who.
    pub subject: Subject,
    /// `ClusterRole edit`, `Role deployer`.
    pub role: String,
    /// Index into [`Access::rule_sets`].
    pub rules: usize,
    /// The role is Kubernetes' own: its name says what it grants.
    pub built_in: bool,
    /// Where, sorted, and the binding that says so.
    pub bound: Vec<Bound>,
}

/// One binding of a grant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Bound {
    /// Namespace, or empty for the whole cluster.
    pub scope: String,
    /// `ClusterRoleBinding NAME` or `RoleBinding NAMESPACE/NAME`.
    pub binding: String,
}

/// What one declared role may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RoleAccess {
    /// Declared role.
    pub role: String,
    /// Its subjects that at least one binding names.
    pub bound: Vec<Subject>,
    /// Its subjects that no binding names.
    pub unbound: Vec<Subject>,
    /// Verbs in readable form, cluster-wide first, then by namespace.
    pub lines: Vec<AccessLine>,
}

/// A readable line: which kubectl verbs, on what, where.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct AccessLine {
    /// Namespaces with these same lines; one empty name for the whole cluster.
    pub scopes: Vec<String>,
    /// Kubernetes' own role that says it all (`view`, `edit`, `admin`, `cluster-admin`); verbs and resources are empty.
    pub built_in: Option<String>,
    /// Verbs as kubectl has them: `get`, `exec`, `logs`, or `everything`.
    pub verbs: Vec<String>,
    /// Resources: `deployments.apps`, `pods`.
    pub resources: Vec<String>,
    /// The same as commands to type, names quoted for a shell.
    pub commands: Vec<String>,
    /// Bindings and roles that grant it.
    pub through: Vec<String>,
}

pub(super) fn observe(join: &Join<'_>) -> Observed<Access> {
    let mut reading = Reading::new(join.snapshot());
    let (roles, bindings) = rbac::read(&mut reading, join);
    let all_roles = reading.complete_so_far();
    let authorizers = authorizers::known(join, &mut reading);
    let (rule_sets, grants) = matrix::of(&roles, bindings.iter().filter(|binding| !binding.default));
    let mut limits = authorizers.limits();
    limits.push("Who is a member of a group is known to the identity provider, not to the cluster.".to_owned());
    let unknown: BTreeSet<&str> =
        bindings.iter().filter(|it| it.is_supplied() && !roles.has(it)).map(|it| it.role.as_str()).collect();
    if !unknown.is_empty() {
        let names = unknown.into_iter().collect::<Vec<_>>().join(", ");
        reading.worsen(
            State::Partial,
            format!(
                "imported grants name roles that are no ClusterRole of the cluster: {names}; import them with --role"
            ),
        );
    }
    let access = Access {
        limits,
        authorizers,
        cluster_admins: cluster_admins(&roles, &bindings),
        wildcard_roles: roles.wildcards(),
        anyone: anyone(&bindings),
        dangling: if all_roles { dangling(&roles, &bindings) } else { Vec::new() },
        roles: readable::declared(&join.workspace().roles, &rule_sets, &grants),
        rule_sets,
        grants,
    };
    reading.finish(access)
}

/// Bindings of everybody that Kubernetes does not make itself. `kubeadm` binds `system:anonymous` to read
/// `cluster-info` in `kube-public`, for nodes that join.
fn anyone(bindings: &[Binding]) -> Vec<OpenBinding> {
    let mut found: Vec<OpenBinding> = bindings
        .iter()
        .filter(|binding| !rbac::is_expected(binding))
        .flat_map(|binding| {
            binding.subjects.iter().filter(|subject| rbac::is_anyone(subject)).map(|subject| OpenBinding {
                subject: subject.clone(),
                binding: binding.to_string(),
                role: binding.role_kind_and_name(),
                namespace: binding.namespace.clone(),
            })
        })
        .collect();
    found.order();
    found
}

fn dangling(roles: &Roles, bindings: &[Binding]) -> Vec<Dangling> {
    let mut found: Vec<Dangling> = bindings
        .iter()
        .filter(|binding| !roles.has(binding) && !binding.is_supplied())
        .map(|binding| Dangling {
            binding: binding.to_string(),
            role: binding.role_kind_and_name(),
            subjects: binding.subjects.clone(),
        })
        .collect();
    found.order();
    found
}

fn cluster_admins(roles: &Roles, bindings: &[Binding]) -> Vec<AdminBinding> {
    let mut found: Vec<AdminBinding> = bindings
        .iter()
        .filter(|binding| roles.grants_everything(binding))
        .flat_map(|binding| {
            binding.subjects.iter().map(|subject| AdminBinding {
                subject: subject.clone(),
                binding: binding.to_string(),
                role: binding.role.clone(),
                namespace: binding.namespace.clone(),
                default: binding.default,
            })
        })
        .collect();
    found.order();
    found
}

#[cfg(test)]
mod tests;
