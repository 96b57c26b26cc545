//! What stands at the API server's door: webhooks, admission policies, policy engines.
//!
//! [`webhooks`]: what each webhook covers and whether anything answers it. [`policies`]: what each policy of any engine
//! enforces, only audits, and leaves out.

pub(crate) mod policies;
pub(crate) mod webhooks;

use std::collections::BTreeSet;

use serde::Serialize;

use super::{
    exposure::reach::Reach,
    observed::{Observed, Reading},
};
use crate::ownership::Join;

pub use policies::{Exempted, Mode, Policy};
pub use webhooks::Webhook;

/// Admission control.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Admission {
    /// Policy engines recognised: `Kyverno`, `OPA Gatekeeper`, `Kubewarden`, `ValidatingAdmissionPolicy`.
    pub engines: Vec<String>,
    /// Webhooks, by configuration and name.
    pub webhooks: Vec<Webhook>,
    /// Policies of every engine, by engine, kind, namespace and name.
    pub policies: Vec<Policy>,
    /// Exceptions that policy engines grant, by namespace and name.
    pub exempted: Vec<Exempted>,
}

/// API groups of policy engines.
const ENGINES: &[(&str, &str)] = &[
    ("kyverno.io", "Kyverno"),
    ("policies.kyverno.io", "Kyverno"),
    ("templates.gatekeeper.sh", "OPA Gatekeeper"),
    ("policies.kubewarden.io", "Kubewarden"),
    ("policy.sigstore.dev", "Sigstore policy controller"),
];

pub(crate) fn observe(join: &Join<'_>) -> Observed<Admission> {
    let mut reading = Reading::new(join.snapshot());
    let reach = Reach::new(join, &mut reading);
    let namespaces = reading.need("", "Namespace");
    let webhooks = webhooks::observe(&mut reading, &reach, namespaces);
    let (policies, exempted) = policies::observe(&mut reading, namespaces);
    let mut engines: BTreeSet<String> = BTreeSet::new();
    for object in reading.need("apiextensions.k8s.io", "CustomResourceDefinition") {
        let defined = object.name.split_once('.').map(|(_, group)| group);
        engines.extend(ENGINES.iter().filter(|(group, _)| defined == Some(*group)).map(|(_, name)| (*name).to_owned()));
    }
    engines.extend(policies.iter().map(|policy| policy.engine.clone()));
    reading.remark("A webhook says what it is asked about, not what it answers".to_owned());
    reading.finish(Admission { engines: engines.into_iter().collect(), webhooks, policies, exempted })
}

#[cfg(test)]
mod tests;
