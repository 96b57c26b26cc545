//! The list of NetworkPolicies, and which namespaces deny by default.

use std::sync::Arc;

use serde::Serialize;

use super::{
    kubernetes::parse,
    model::{ByNamespace, denies},
    rules::{Direction, Half, Policy, Rule},
    selector::{Labels, Target},
};
use crate::{
    facts::observed::{Observed, Reading},
    ownership::{Join, Spot},
    snapshot::Object,
    sort::Sort,
};

/// A NetworkPolicy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NetworkPolicy {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Pods it selects, as text: `all Pods`, `app=api`.
    pub selects: String,
    /// What it lets in to the Pods it selects; `None`: it says nothing of ingress.
    pub lets_in: Option<Lets>,
    /// What it lets out of them; `None`: it says nothing of egress.
    pub lets_out: Option<Lets>,
}

/// What the rules of a policy let through in one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lets {
    /// No rule: nothing.
    Nothing,
    /// What its rules list.
    Listed,
    /// A rule without peers and ports: everything.
    Everything,
}

impl Lets {
    fn of(half: &Half) -> Self {
        match &half.rules[..] {
            [] => Lets::Nothing,
            rules if rules.iter().any(Rule::allows_all) => Lets::Everything,
            _ => Lets::Listed,
        }
    }
}

/// Which namespaces deny by default what no policy allows.
pub(crate) struct Denials {
    policies: Arc<[Policy]>,
    index: ByNamespace,
}

impl Denials {
    pub(super) fn of_policies(policies: Arc<[Policy]>) -> Self {
        Self { index: ByNamespace::of(&policies), policies }
    }

    /// Ingress or egress of a namespace is denied by default or not; nothing where it cannot be told.
    pub(crate) fn of(&self, namespace: &Object, direction: Direction) -> Option<bool> {
        let none = Labels::new();
        let target = Target { namespace: &namespace.name, namespace_labels: Some(&namespace.labels), labels: &none };
        denies(&self.policies, &self.index.of_namespace(&namespace.name), target, direction)
    }
}

pub(crate) fn observe(join: &Join<'_>) -> Observed<Vec<NetworkPolicy>> {
    let mut reading = Reading::new(join.snapshot());
    let mut policies = Vec::new();
    for object in reading.need("networking.k8s.io", "NetworkPolicy") {
        match parse(object, Spot { list: 0, object: 0 }) {
            Ok((policy, spec)) => policies.push(NetworkPolicy {
                namespace: object.namespace.to_string(),
                name: object.name.to_string(),
                selects: match spec.pod_selector.is_empty() {
                    true => "all Pods".to_owned(),
                    false => spec.pod_selector.to_string(),
                },
                lets_in: policy.ingress.as_ref().map(Lets::of),
                lets_out: policy.egress.as_ref().map(Lets::of),
            }),
            Err(error) => reading.odd(object, error),
        }
    }
    policies.order_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
    reading.finish(policies)
}
