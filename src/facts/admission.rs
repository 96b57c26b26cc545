//! What stands at the API server's door: webhooks, admission policies, policy engines.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::observed::{Observed, Reading};
use crate::ownership::Join;

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

#[derive(Default, Deserialize)]
#[serde(default)]
struct WebhooksBody {
    webhooks: Option<Vec<RawWebhook>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RawWebhook {
    name: String,
    failure_policy: Option<String>,
    client_config: ClientConfig,
    namespace_selector: Option<BTreeMap<String, serde_json::Value>>,
    object_selector: Option<BTreeMap<String, serde_json::Value>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ClientConfig {
    service: Option<ServiceRef>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ServiceRef {
    namespace: String,
    name: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PolicyBody {
    spec: PolicySpec,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PolicySpec {
    failure_policy: Option<String>,
    policy_name: String,
    validation_actions: Option<Vec<String>>,
}

/// API groups of policy engines.
const ENGINES: &[(&str, &str)] = &[
    ("kyverno.io", "Kyverno"),
    ("policies.kyverno.io", "Kyverno"),
    ("templates.gatekeeper.sh", "OPA Gatekeeper"),
    ("policies.kubewarden.io", "Kubewarden"),
    ("policy.sigstore.dev", "Sigstore policy controller"),
];

pub(super) fn observe(join: &Join<'_>) -> Observed<Admission> {
    let group = "admissionregistration.k8s.io";
    let mut reading = Reading::new(join.snapshot());
    let mut webhooks = Vec::new();
    for (kind, word) in [("ValidatingWebhookConfiguration", "validating"), ("MutatingWebhookConfiguration", "mutating")]
    {
        for object in reading.need(group, kind) {
            let Some(body) = reading.body::<WebhooksBody>(object) else { continue };
            webhooks.extend(body.webhooks.unwrap_or_default().into_iter().map(|webhook| {
                let selects = |selector: Option<BTreeMap<_, _>>| selector.is_some_and(|selector| !selector.is_empty());
                Webhook {
                    configuration: object.name.to_string(),
                    name: webhook.name,
                    kind: word.to_owned(),
                    failure_policy: webhook.failure_policy.unwrap_or_else(|| "Fail".to_owned()),
                    target: match webhook.client_config.service {
                        Some(service) => format!("service {}/{}", service.namespace, service.name),
                        None => "url".to_owned(),
                    },
                    selective: selects(webhook.namespace_selector) || selects(webhook.object_selector),
                }
            }));
        }
    }
    let mut actions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for object in reading.wish(group, "ValidatingAdmissionPolicyBinding") {
        if let Some(body) = reading.body::<PolicyBody>(object) {
            actions.entry(body.spec.policy_name).or_default().extend(body.spec.validation_actions.unwrap_or_default());
        }
    }
    let mut policies = Vec::new();
    for object in reading.wish(group, "ValidatingAdmissionPolicy") {
        let Some(body) = reading.body::<PolicyBody>(object) else { continue };
        policies.push(AdmissionPolicy {
            name: object.name.to_string(),
            failure_policy: body.spec.failure_policy.unwrap_or_else(|| "Fail".to_owned()),
            actions: actions.get(&*object.name).into_iter().flatten().cloned().collect(),
        });
    }
    let mut engines: BTreeSet<String> = BTreeSet::new();
    for object in reading.need("apiextensions.k8s.io", "CustomResourceDefinition") {
        let defined = object.name.split_once('.').map(|(_, group)| group);
        engines.extend(ENGINES.iter().filter(|(group, _)| defined == Some(*group)).map(|(_, name)| (*name).to_owned()));
    }
    if !policies.is_empty() {
        engines.insert("ValidatingAdmissionPolicy".to_owned());
    }
    webhooks.sort();
    policies.sort();
    reading.finish(Admission { engines: engines.into_iter().collect(), webhooks, policies })
}
