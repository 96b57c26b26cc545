//! Network policies: what each selects and isolates, and which namespaces deny by default.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::observed::{Observed, Reading};
use crate::{
    ownership::Join,
    snapshot::{Completeness, Object, Snapshot, qualified},
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
    /// It isolates ingress.
    pub ingress: bool,
    /// It isolates egress.
    pub egress: bool,
    /// It selects all Pods and isolates ingress, without a rule that allows everything.
    pub denies_ingress: bool,
    /// The same for egress.
    pub denies_egress: bool,
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
    fn of(rules: Option<&Vec<BTreeMap<String, serde_json::Value>>>) -> Self {
        match rules {
            _ if allows_all(rules) => Lets::Everything,
            Some(rules) if !rules.is_empty() => Lets::Listed,
            _ => Lets::Nothing,
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Body {
    spec: Spec,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    pod_selector: Selector,
    policy_types: Option<Vec<String>>,
    ingress: Option<Vec<BTreeMap<String, serde_json::Value>>>,
    egress: Option<Vec<BTreeMap<String, serde_json::Value>>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Selector {
    match_labels: Option<BTreeMap<String, String>>,
    match_expressions: Option<Vec<Expression>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Expression {
    key: String,
    operator: String,
    values: Option<Vec<String>>,
}

/// One policy, as far as default-deny asks.
pub(crate) struct Parsed {
    pub(crate) policy: NetworkPolicy,
    /// It selects all Pods and lets everything in, or out: it undoes any default-deny beside it.
    opens_ingress: bool,
    opens_egress: bool,
}

/// A rule without peers and ports allows everything.
fn allows_all(rules: Option<&Vec<BTreeMap<String, serde_json::Value>>>) -> bool {
    let is_empty = |value: &serde_json::Value| value.is_null() || value.as_array().is_some_and(Vec::is_empty);
    rules.is_some_and(|rules| rules.iter().any(|rule| rule.values().all(is_empty)))
}

/// Reads one NetworkPolicy; API defaults apply: without `policyTypes` it isolates ingress, and egress if it has rules.
pub(crate) fn parse(object: &Object) -> serde_json::Result<Parsed> {
    let spec = object.body::<Body>()?.spec;
    let labels = spec.pod_selector.match_labels.iter().flatten().map(|(key, value)| format!("{key}={value}"));
    let expressions = spec.pod_selector.match_expressions.iter().flatten().map(|expression| {
        let values = expression.values.as_deref().unwrap_or_default().join(", ");
        match values.is_empty() {
            true => format!("{} {}", expression.key, expression.operator),
            false => format!("{} {} ({values})", expression.key, expression.operator),
        }
    });
    let parts: Vec<String> = labels.chain(expressions).collect();
    let everything = parts.is_empty();
    let types = spec.policy_types.as_deref().unwrap_or_default();
    let named = |name: &str| types.iter().any(|kind| kind == name);
    let ingress = types.is_empty() || named("Ingress");
    let egress = named("Egress") || (types.is_empty() && spec.egress.as_ref().is_some_and(|rules| !rules.is_empty()));
    let opens_ingress = everything && ingress && allows_all(spec.ingress.as_ref());
    let opens_egress = everything && egress && allows_all(spec.egress.as_ref());
    Ok(Parsed {
        policy: NetworkPolicy {
            namespace: object.namespace.to_string(),
            name: object.name.to_string(),
            selects: if everything { "all Pods".to_owned() } else { parts.join(", ") },
            ingress,
            egress,
            denies_ingress: everything && ingress && !opens_ingress,
            denies_egress: everything && egress && !opens_egress,
            lets_in: ingress.then(|| Lets::of(spec.ingress.as_ref())),
            lets_out: egress.then(|| Lets::of(spec.egress.as_ref())),
        },
        opens_ingress,
        opens_egress,
    })
}

/// Ingress and egress of each namespace that has policies: denied by default or not.
pub(crate) fn default_deny<'p>(policies: impl Iterator<Item = &'p Parsed>) -> HashMap<&'p str, (bool, bool)> {
    let mut seen: HashMap<&str, [bool; 4]> = HashMap::new();
    for parsed in policies {
        let [deny_in, deny_out, open_in, open_out] = seen.entry(&parsed.policy.namespace).or_default();
        *deny_in |= parsed.policy.denies_ingress;
        *deny_out |= parsed.policy.denies_egress;
        *open_in |= parsed.opens_ingress;
        *open_out |= parsed.opens_egress;
    }
    seen.into_iter()
        .map(|(namespace, [deny_in, deny_out, open_in, open_out])| {
            (namespace, (deny_in && !open_in, deny_out && !open_out))
        })
        .collect()
}

/// Policies of other APIs that can deny as well, but are not evaluated here.
const OTHERS: &[(&str, &str)] = &[
    ("cilium.io", "CiliumClusterwideNetworkPolicy"),
    ("cilium.io", "CiliumNetworkPolicy"),
    ("crd.projectcalico.org", "GlobalNetworkPolicy"),
    ("crd.projectcalico.org", "NetworkPolicy"),
    ("projectcalico.org", "GlobalNetworkPolicy"),
    ("projectcalico.org", "NetworkPolicy"),
    ("crd.antrea.io", "ClusterNetworkPolicy"),
    ("crd.antrea.io", "NetworkPolicy"),
    ("policy.networking.k8s.io", "AdminNetworkPolicy"),
    ("policy.networking.k8s.io", "BaselineAdminNetworkPolicy"),
    ("policy.networking.k8s.io", "ClusterNetworkPolicy"),
];

/// Kinds of [`OTHERS`] that exist in the cluster, or may exist because they could not be read.
pub(crate) fn not_evaluated(snapshot: &Snapshot) -> Vec<String> {
    let possible = OTHERS.iter().filter_map(|&(group, kind)| {
        let list = snapshot.list(group, kind)?;
        let unread = !matches!(list.record.completeness, Completeness::Complete | Completeness::Absent);
        (unread || !list.seen().is_empty()).then(|| qualified(group, kind))
    });
    possible.collect()
}

pub(super) fn observe(join: &Join<'_>) -> Observed<Vec<NetworkPolicy>> {
    let mut reading = Reading::new(join.snapshot());
    let mut policies = Vec::new();
    for object in reading.need("networking.k8s.io", "NetworkPolicy") {
        match parse(object) {
            Ok(parsed) => policies.push(parsed.policy),
            Err(error) => reading.odd(object, error),
        }
    }
    for kind in not_evaluated(join.snapshot()) {
        reading.remark(format!("{kind} objects may allow or deny more than is shown here; they are not evaluated"));
    }
    policies.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
    reading.finish(policies)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::testing::object;

    fn policy(spec: serde_json::Value) -> Parsed {
        parse(&object("shop", "p", serde_json::json!({ "spec": spec }))).expect("a policy")
    }

    #[test]
    fn an_empty_selector_without_rules_denies() {
        let parsed = policy(serde_json::json!({ "podSelector": {}, "policyTypes": ["Ingress", "Egress"] }));
        assert!(parsed.policy.denies_ingress && parsed.policy.denies_egress);
        assert_eq!(parsed.policy.selects, "all Pods");
    }

    #[test]
    fn api_defaults_isolate_ingress_only() {
        let parsed = policy(serde_json::json!({ "podSelector": {} }));
        assert!(parsed.policy.denies_ingress && !parsed.policy.egress);
    }

    #[test]
    fn an_allow_all_beside_a_deny_undoes_it() {
        let deny = policy(serde_json::json!({ "podSelector": {}, "policyTypes": ["Ingress"] }));
        let open = policy(serde_json::json!({ "podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{}] }));
        assert!(!open.policy.denies_ingress);
        assert_eq!(default_deny([&deny].into_iter())["shop"], (true, false));
        assert_eq!(default_deny([&deny, &open].into_iter())["shop"], (false, false));
    }

    #[test]
    fn a_selector_of_some_pods_is_no_default() {
        let parsed = policy(serde_json::json!({ "podSelector": { "matchLabels": { "app": "api" } } }));
        assert!(parsed.policy.ingress && !parsed.policy.denies_ingress);
        assert_eq!(parsed.policy.selects, "app=api");
    }
}
