//! Who may do what, as far as RBAC objects say: joined offline from roles, aggregated roles and bindings.
//!
//! It is never the whole truth: other authorizers (webhook, cloud IAM) are not ruled out, and the members of a group are
//! known to the identity provider only. [`Access::limits`] says so, for documents to print.

use serde::Serialize;

/// Access as RBAC objects grant it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Access {
    /// What this cannot show, in sentences.
    pub limits: Vec<String>,
    /// Subjects bound to `cluster-admin` or to a role that grants everything, sorted.
    pub cluster_admins: Vec<AdminBinding>,
    /// Roles with `*` in verbs, resources or API groups, sorted.
    pub wildcard_roles: Vec<WildcardRole>,
    /// Every grant: subject × scope × resource × verbs, without Kubernetes' own `system:` subjects.
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
    /// Resource, with its subresource: `pods/exec`; a non-resource URL starts with `/`.
    pub resource: String,
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
    /// Verbs as kubectl has them: `get, list, watch`, `everything`, `exec into`, `read logs of`.
    pub verbs: String,
    /// Resources, comma separated: `deployments.apps, pods`.
    pub resources: String,
    /// Roles that grant it.
    pub through: Vec<String>,
}
