//! Who may do what, as far as RBAC objects say: joined offline from roles, aggregated roles and bindings.
//!
//! It is never the whole truth: other authorizers (webhook, cloud IAM) are not ruled out, and the members of a group are
//! known to the identity provider only. [`Access::limits`] says so, for documents to print.

pub(crate) mod rbac;
pub(crate) mod readable;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::observed::{Observed, Reading};
use crate::ownership::Join;
use rbac::{Binding, Roles};

/// Access as RBAC objects grant it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Access {
    /// What this cannot show, in sentences.
    pub limits: Vec<String>,
    /// Subjects bound to `cluster-admin` or to a role that grants everything, sorted.
    pub cluster_admins: Vec<AdminBinding>,
    /// Roles with `*` in verbs, resources or API groups, sorted.
    pub wildcard_roles: Vec<WildcardRole>,
    /// Every grant: subject × scope × resources × verbs, without Kubernetes' own default bindings.
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

/// One line of the verb matrix.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Grant {
    /// Who.
    pub subject: Subject,
    /// Namespace, or empty for the whole cluster.
    pub scope: String,
    /// API group; empty for core, `*` for all.
    pub group: String,
    /// Resources that share these verbs, with their subresources: `pods/exec`; a non-resource URL starts with `/`.
    pub resources: Vec<String>,
    /// Only these names; empty for all.
    pub names: Vec<String>,
    /// Verbs, in the order in which kubectl documents them.
    pub verbs: Vec<String>,
    /// Bindings and roles that grant it: `ClusterRoleBinding platform-admins → ClusterRole cluster-admin`.
    pub through: Vec<String>,
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
    /// `whole cluster`, or a namespace.
    pub scope: String,
    /// Verbs as kubectl has them: `get, create, edit, delete`, `exec`, `logs`, or `everything`.
    pub verbs: String,
    /// Resources, comma separated: `deployments.apps, pods`.
    pub resources: String,
    /// Roles that grant it.
    pub through: Vec<String>,
}

/// What one subject may do in one scope: group, resource and names to verbs and where they come from.
type Allowed = BTreeMap<(String, String, Vec<String>), (BTreeSet<String>, BTreeSet<String>)>;

pub(super) fn observe(join: &Join<'_>) -> Observed<Access> {
    let mut reading = Reading::new(join.snapshot());
    let group = "rbac.authorization.k8s.io";
    let mut roles = Roles::default();
    for (kind, cluster) in [("ClusterRole", true), ("Role", false)] {
        for object in reading.need(group, kind) {
            if let Err(error) = roles.add(object, cluster) {
                reading.odd(object, error);
            }
        }
    }
    roles.aggregate();
    let mut bindings = Vec::new();
    for (kind, cluster) in [("ClusterRoleBinding", true), ("RoleBinding", false)] {
        for object in reading.need(group, kind) {
            match Binding::parse(object, cluster) {
                Ok(binding) => bindings.push(binding),
                Err(error) => reading.odd(object, error),
            }
        }
    }
    let matrix = matrix(&roles, &bindings);
    let access = Access {
        limits: vec![
            "RBAC objects only: other authorizers (webhook, cloud identity, node) are not ruled out and their grants are not shown."
                .to_owned(),
            "Who is a member of a group is known to the identity provider, not to the cluster.".to_owned(),
        ],
        cluster_admins: cluster_admins(&roles, &bindings),
        wildcard_roles: roles.wildcards(),
        roles: readable::declared(&join.workspace().roles, &matrix, &bindings),
        grants: grants(matrix),
    };
    reading.finish(access)
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
    found.sort();
    found
}

/// Everything that bindings grant, without Kubernetes' own.
fn matrix(roles: &Roles, bindings: &[Binding]) -> BTreeMap<(Subject, String), Allowed> {
    let mut matrix: BTreeMap<(Subject, String), Allowed> = BTreeMap::new();
    for binding in bindings.iter().filter(|binding| !binding.default) {
        let through = format!("{binding} → {}", binding.role_kind_and_name());
        for subject in &binding.subjects {
            let allowed = matrix.entry((subject.clone(), binding.namespace.clone())).or_default();
            for rule in roles.rules(binding) {
                for (group, resource) in rule.targets(binding.namespace.is_empty()) {
                    let key = (group.to_owned(), resource.to_owned(), rule.resource_names.clone());
                    let entry = allowed.entry(key).or_default();
                    entry.0.extend(rule.verbs.iter().cloned());
                    entry.1.insert(through.clone());
                }
            }
        }
    }
    matrix
}

/// The matrix with resources of equal verbs on one line.
fn grants(matrix: BTreeMap<(Subject, String), Allowed>) -> Vec<Grant> {
    let mut grants = Vec::new();
    for ((subject, scope), allowed) in matrix {
        let mut lines: BTreeMap<_, Vec<String>> = BTreeMap::new();
        for ((group, resource, names), (verbs, through)) in allowed {
            lines.entry((group, names, rbac::ordered(&verbs), through)).or_default().push(resource);
        }
        grants.extend(lines.into_iter().map(|((group, names, verbs, through), resources)| Grant {
            subject: subject.clone(),
            scope: scope.clone(),
            group,
            resources,
            names,
            verbs,
            through: through.into_iter().collect(),
        }));
    }
    grants
}

#[cfg(test)]
mod tests;
