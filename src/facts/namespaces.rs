//! Namespaces: owner, Pod Security labels, Pods, default-deny, quota.

use serde::Serialize;

use crate::workspace::{ComponentId, TeamId};

/// A namespace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Namespace {
    /// Name.
    pub name: String,
    /// Component that claims the namespace itself.
    pub component: Option<ComponentId>,
    /// Team accountable for that component.
    pub team: Option<TeamId>,
    /// Pod Security admission labels.
    pub pod_security: PodSecurityLabels,
    /// Strictest Pod Security level that all its Pods meet: `restricted`, `baseline` or `privileged`; `None` without
    /// Pods or without a complete list of them.
    pub level_met: Option<String>,
    /// Pods in it; `None` when Pods were not read completely.
    pub pods: Option<usize>,
    /// A policy denies all ingress that no other policy allows; `None` when policies were not read completely.
    pub default_deny_ingress: Option<bool>,
    /// The same for egress.
    pub default_deny_egress: Option<bool>,
    /// Network policies in it; `None` when policies were not read completely.
    pub network_policies: Option<usize>,
    /// It has a ResourceQuota; `None` when quotas were not read completely.
    pub quota: Option<bool>,
}

/// `pod-security.kubernetes.io/*` labels of a namespace.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct PodSecurityLabels {
    /// Level enforced.
    pub enforce: Option<String>,
    /// Version of the enforced level.
    pub enforce_version: Option<String>,
    /// Level audited.
    pub audit: Option<String>,
    /// Version of the audited level.
    pub audit_version: Option<String>,
    /// Level warned about.
    pub warn: Option<String>,
    /// Version of the level warned about.
    pub warn_version: Option<String>,
}
