//! Admission webhooks: what they are asked about, what they leave out, and whether anything answers.

use serde::{Deserialize, Serialize};

use super::super::{
    exposure::{Backend, reach::Reach},
    observed::Reading,
    selector::Selector,
};
use crate::{snapshot::Object, sort::Sort};

pub(crate) const GROUP: &str = "admissionregistration.k8s.io";

/// Kinds of configurations, and what their webhooks do.
pub(crate) const KINDS: [(&str, &str); 2] =
    [("ValidatingWebhookConfiguration", "validating"), ("MutatingWebhookConfiguration", "mutating")];

/// One webhook.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Webhook {
    /// Configuration it is in.
    pub configuration: String,
    /// Name.
    pub name: String,
    /// `validating` or `mutating`.
    pub kind: String,
    /// Policy engine that it belongs to; `None` for those of operators and other add-ons.
    pub engine: Option<String>,
    /// `Fail` or `Ignore`: what happens to a request when nothing answers.
    pub failure_policy: String,
    /// How long the API server waits for it, in seconds.
    pub timeout: u32,
    /// Resources it is asked about, as `pods`, `deployments.apps`.
    pub resources: Vec<String>,
    /// The service that answers; `None`: a host outside the cluster.
    pub service: Option<Backend>,
    /// Namespaces that its `namespaceSelector` leaves out, by name.
    pub left_out: Vec<String>,
    /// `objectSelector` as text; empty when it selects everything.
    pub objects: String,
    /// Names of its match conditions: what they leave out cannot be told from their names.
    pub conditions: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct WebhooksBody {
    pub(crate) webhooks: Option<Vec<RawWebhook>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct RawWebhook {
    pub(crate) name: String,
    failure_policy: Option<String>,
    client_config: ClientConfig,
    namespace_selector: Option<Selector>,
    object_selector: Option<Selector>,
    match_conditions: Option<Vec<Named>>,
    timeout_seconds: Option<u32>,
    rules: Option<Vec<Rule>>,
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
struct Named {
    name: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Rule {
    api_groups: Option<Vec<String>>,
    resources: Option<Vec<String>>,
}

/// Words in names of configurations, webhooks and services by which policy engines are known.
const ENGINES: &[(&str, &str)] = &[
    ("kyverno", "Kyverno"),
    ("gatekeeper", "OPA Gatekeeper"),
    ("kubewarden", "Kubewarden"),
    ("policy.sigstore.dev", "Sigstore policy controller"),
    ("cosigned", "Sigstore policy controller"),
    ("connaisseur", "Connaisseur"),
    ("stackrox", "StackRox"),
    ("neuvector", "NeuVector"),
    ("polaris", "Polaris"),
    ("datree", "Datree"),
    ("ratify", "Ratify"),
    ("portieris", "Portieris"),
];

impl RawWebhook {
    /// The policy engine that it belongs to.
    pub(crate) fn engine(&self, configuration: &str) -> Option<&'static str> {
        let service = self.client_config.service.as_ref();
        let names =
            [configuration, &self.name, service.map_or("", |it| &it.name), service.map_or("", |it| &it.namespace)];
        ENGINES.iter().find(|(word, _)| names.iter().any(|name| name.contains(word))).map(|(_, engine)| *engine)
    }

    /// A request passes when nothing answers.
    pub(crate) fn fails_open(&self) -> bool {
        self.failure_policy.as_deref() == Some("Ignore")
    }

    /// Namespace of the service that answers.
    pub(crate) fn home(&self) -> Option<&str> {
        self.client_config.service.as_ref().map(|service| &*service.namespace)
    }

    /// Namespaces that its selector leaves out.
    pub(crate) fn left_out<'n>(&self, namespaces: impl IntoIterator<Item = &'n Object>) -> Vec<&'n str> {
        let Some(selector) = self.namespace_selector.as_ref().filter(|selector| !selector.is_empty()) else {
            return Vec::new();
        };
        let out = namespaces.into_iter().filter(|namespace| !selector.selects(&namespace.labels));
        out.map(|namespace| &*namespace.name).collect()
    }

    /// Resources it is asked about.
    pub(crate) fn resources(&self) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        for rule in self.rules.iter().flatten() {
            let groups: Vec<&str> = rule.api_groups.iter().flatten().map(String::as_str).collect();
            let group = if groups.contains(&"*") { "*".to_owned() } else { groups.join("|") };
            found.extend(rule.resources.iter().flatten().map(|resource| match &*group {
                "" => resource.clone(),
                "*" if resource.starts_with('*') => "everything".to_owned(),
                group => format!("{resource}.{group}"),
            }));
        }
        found.order();
        found.dedup();
        found
    }
}

pub(super) fn observe<'a>(reading: &mut Reading<'a>, reach: &Reach<'_, 'a>, namespaces: &'a [Object]) -> Vec<Webhook> {
    let mut found = Vec::new();
    for (kind, word) in KINDS {
        for object in reading.need(GROUP, kind) {
            let Some(body) = reading.body::<WebhooksBody>(object) else { continue };
            found.extend(body.webhooks.unwrap_or_default().into_iter().map(|webhook| {
                let service = webhook.client_config.service.as_ref();
                Webhook {
                    configuration: object.name.to_string(),
                    kind: word.to_owned(),
                    engine: webhook.engine(&object.name).map(str::to_owned),
                    failure_policy: webhook.failure_policy.clone().unwrap_or_else(|| "Fail".to_owned()),
                    // The API server's default.
                    timeout: webhook.timeout_seconds.unwrap_or(10),
                    resources: webhook.resources(),
                    service: service.map(|service| reach.service(&service.namespace, &service.name)),
                    left_out: webhook.left_out(namespaces).into_iter().map(str::to_owned).collect(),
                    objects: webhook.object_selector.as_ref().map(ToString::to_string).unwrap_or_default(),
                    conditions: webhook.match_conditions.unwrap_or_default().into_iter().map(|it| it.name).collect(),
                    name: webhook.name,
                }
            }));
        }
    }
    found.order();
    found
}
