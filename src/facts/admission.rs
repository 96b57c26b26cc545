//! What stands at the API server's door: webhooks, admission policies, policy engines.

use serde::Serialize;

/// Admission control.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Admission {
    /// Policy engines recognised: `Kyverno`, `OPA Gatekeeper`, `Kubewarden`, `ValidatingAdmissionPolicy`.
    pub engines: Vec<String>,
    /// Webhooks, by configuration and name.
    pub webhooks: Vec<Webhook>,
    /// ValidatingAdmissionPolicies, by name.
    pub policies: Vec<AdmissionPolicy>,
}

/// One webhook.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Webhook {
    /// Configuration it is in.
    pub configuration: String,
    /// Name.
    pub name: String,
    /// `validating` or `mutating`.
    pub kind: String,
    /// `Fail` or `Ignore`.
    pub failure_policy: String,
    /// Where calls go: `service kyverno/kyverno-svc`, or `url` for a host outside the cluster.
    pub target: String,
    /// It leaves out some namespaces or objects by selector.
    pub selective: bool,
}

/// A ValidatingAdmissionPolicy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct AdmissionPolicy {
    /// Name.
    pub name: String,
    /// `Fail` or `Ignore`.
    pub failure_policy: String,
    /// Actions of its bindings: `Deny`, `Warn`, `Audit`; empty: it is not bound and does nothing.
    pub actions: Vec<String>,
}
