//! `cilium.io/v2` CiliumNetworkPolicy and CiliumClusterwideNetworkPolicy, as far as Pods, addresses and ports go.
//!
//! Source: `pkg/policy/api` and `pkg/k8s/apis/cilium.io/utils` of cilium/cilium, and "Policy Enforcement Modes" and "Deny
//! Policies" of its documentation. Cilium lets the rules of all its policies and of NetworkPolicies add up; denying
//! rules come before all allowing ones. Rules that go beyond ports (HTTP, DNS), names, groups and services are not
//! evaluated: a match that depends on one is not certain.

use serde::{Deserialize, de::IgnoredAny};

use super::{
    rules::{Action, Cidr, Half, Peer, Policy, Ports, Protocol, Rule, Tier, Which},
    selector::{Expr, Key, Selector},
};
use crate::snapshot::BodyError;
use crate::{ownership::Spot, snapshot::Object};

#[derive(Default, Deserialize)]
#[serde(default)]
struct Body {
    spec: Option<Spec>,
    specs: Option<Vec<Spec>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    endpoint_selector: Option<Selector>,
    enable_default_deny: DefaultDeny,
    ingress: Option<Vec<RuleBody>>,
    ingress_deny: Option<Vec<RuleBody>>,
    egress: Option<Vec<RuleBody>>,
    egress_deny: Option<Vec<RuleBody>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct DefaultDeny {
    ingress: Option<bool>,
    egress: Option<bool>,
}

/// A rule of either direction: `from…` at ingress, `to…` at egress.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RuleBody {
    #[serde(alias = "toEndpoints")]
    from_endpoints: Option<Vec<Selector>>,
    #[serde(alias = "toEntities")]
    from_entities: Option<Vec<String>>,
    #[serde(rename = "fromCIDR", alias = "toCIDR")]
    from_cidr: Option<Vec<String>>,
    #[serde(rename = "fromCIDRSet", alias = "toCIDRSet")]
    from_cidr_set: Option<Vec<CidrSet>>,
    #[serde(alias = "toRequires")]
    from_requires: Option<IgnoredAny>,
    #[serde(alias = "toNodes")]
    from_nodes: Option<IgnoredAny>,
    #[serde(alias = "toGroups")]
    from_groups: Option<IgnoredAny>,
    #[serde(rename = "toFQDNs")]
    to_fqdns: Option<IgnoredAny>,
    to_services: Option<IgnoredAny>,
    to_ports: Option<Vec<PortRule>>,
    icmps: Option<IgnoredAny>,
    authentication: Option<IgnoredAny>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct CidrSet {
    cidr: Option<String>,
    except: Option<Vec<String>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PortRule {
    ports: Option<Vec<PortBody>>,
    rules: Option<IgnoredAny>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PortBody {
    port: String,
    end_port: Option<u16>,
    protocol: Option<String>,
}

/// A label with its source in front, as Cilium writes it; none for those that do not come from Pods or namespaces.
fn key(label: &str) -> Option<Key> {
    let label = match label.split_once(':') {
        None => label,
        Some(("k8s" | "any", label)) => label,
        Some(_) => return None,
    };
    match label {
        "io.kubernetes.pod.namespace" => Some(Key::NamespaceName),
        label if label.starts_with("io.cilium.k8s.policy.") => None,
        label => Some(match label.strip_prefix("io.cilium.k8s.namespace.labels.") {
            Some(label) => Key::namespace(label),
            None => Key::Pod(label.to_owned()),
        }),
    }
}

/// Pods that a selector selects. Without a word of namespaces it stays in `own`, if the policy has one.
fn selects(selector: &Selector, own: Option<&str>) -> Expr {
    let keys: Vec<Option<Key>> = selector.keys().map(key).collect();
    if keys.contains(&None) {
        return Expr::Unknown;
    }
    let elsewhere = keys.iter().flatten().any(|key| !matches!(key, Key::Pod(_)));
    // No label is left without a key.
    let selected = selector.expression(|label| key(label).unwrap_or(Key::NamespaceName));
    match own {
        Some(own) if !elsewhere => Expr::and(vec![Expr::In(Key::NamespaceName, vec![own.to_owned()]), selected]),
        _ => selected,
    }
}

impl PortBody {
    fn ports(&self) -> Ports {
        let (protocol, known) = match self.protocol.as_deref() {
            None | Some("" | "ANY") => (None, true),
            Some(text) => (Protocol::parse(text), Protocol::parse(text).is_some()),
        };
        let which = match self.port.parse::<u16>() {
            _ if !known => Which::Unknown,
            Ok(0) => Which::Any,
            Ok(port) => Which::Range(port, self.end_port.filter(|&end| end > 0).unwrap_or(port)),
            Err(_) if self.port.is_empty() => Which::Any,
            Err(_) => Which::Named(self.port.clone()),
        };
        Ports { protocol, which }
    }
}

impl RuleBody {
    /// `None`: it lets nothing through that has a port.
    fn rule(&self, action: Action, own: Option<&str>) -> Option<Rule> {
        let mut peers = Vec::new();
        let mut everybody = false;
        peers.extend(self.from_endpoints.iter().flatten().map(|one| Peer::Pods(selects(one, own))));
        for entity in self.from_entities.iter().flatten() {
            match entity.as_str() {
                "all" => everybody = true,
                "cluster" => peers.extend([Peer::Pods(Expr::All), Peer::Hosts]),
                "world" => peers.push(Peer::World),
                "host" | "remote-node" | "kube-apiserver" => peers.push(Peer::Hosts),
                "none" | "init" | "health" | "unmanaged" | "ingress" => {}
                _ => peers.push(Peer::Unknown),
            }
        }
        let blocks = self.from_cidr.iter().flatten().map(|net| Cidr::parse(net, &[]));
        let sets = self
            .from_cidr_set
            .iter()
            .flatten()
            .map(|set| Cidr::parse(set.cidr.as_deref()?, set.except.as_deref().unwrap_or_default()));
        peers.extend(blocks.chain(sets).map(|cidr| cidr.map_or(Peer::Unknown, Peer::Cidr)));
        let beyond = [&self.from_nodes, &self.from_groups, &self.to_fqdns, &self.to_services];
        peers.extend(beyond.iter().filter(|part| part.is_some()).map(|_| Peer::Unknown));

        let said = [self.from_endpoints.is_some(), self.from_entities.is_some()];
        let named = said.contains(&true)
            || self.from_cidr.is_some()
            || self.from_cidr_set.is_some()
            || beyond.iter().any(|part| part.is_some());
        let ports = self.to_ports.as_ref().filter(|ports| !ports.is_empty());
        if ports.is_none() && (self.icmps.is_some() || !named) {
            // An empty rule selects nobody, and ICMP has no ports.
            return None;
        }
        let every = ports.is_none_or(|rules| rules.iter().any(|rule| rule.ports.as_ref().is_none_or(Vec::is_empty)));
        let doubt = match () {
            () if self.from_requires.is_some() => Some("it also asks for required labels, which are not evaluated"),
            () if self.authentication.is_some() => Some("it also asks for mutual authentication"),
            () if ports.is_some_and(|rules| rules.iter().any(|rule| rule.rules.is_some())) => {
                Some("it also holds what is said on the port (HTTP, DNS), which is not evaluated")
            }
            () => None,
        };
        Some(Rule {
            action,
            peers: (named && !everybody).then_some(peers),
            ports: (!every).then(|| {
                ports.into_iter().flatten().flat_map(|rule| &rule.ports).flatten().map(PortBody::ports).collect()
            }),
            doubt: doubt.map(str::to_owned),
        })
    }
}

/// Denying and allowing rules of one direction, and whether the rest is denied.
fn halves(
    allow: Option<&Vec<RuleBody>>,
    deny: Option<&Vec<RuleBody>>,
    default: Option<bool>,
    own: Option<&str>,
) -> [Option<Half>; 2] {
    let any = |rules: Option<&Vec<RuleBody>>| rules.is_some_and(|rules| !rules.is_empty());
    let isolates = default.unwrap_or(any(allow) || any(deny));
    let half = |rules: Option<&Vec<RuleBody>>, action| {
        let rules: Vec<Rule> = rules.into_iter().flatten().filter_map(|rule| rule.rule(action, own)).collect();
        (isolates || !rules.is_empty()).then_some(Half { isolates, rules })
    };
    let denying = any(deny).then(|| half(deny, Action::Deny)).flatten();
    [denying, half(allow, Action::Allow)]
}

/// Reads one policy: one or two for each of its specifications, as its denying rules come first.
pub(crate) fn parse(object: &Object, spot: Spot, kind: &str) -> Result<Vec<Policy>, BodyError> {
    let body = object.body::<Body>()?;
    if body.spec.is_none() && body.specs.is_none() {
        return Err(serde::de::Error::custom("it has no specification"));
    }
    let own = (!object.namespace.is_empty()).then_some(&*object.namespace);
    let label = own.map_or_else(|| format!("{kind} {}", object.name), |own| format!("{kind} {own}/{}", object.name));
    let mut found = Vec::new();
    for spec in body.spec.iter().chain(body.specs.iter().flatten()) {
        // A `nodeSelector` in its place holds machines, not Pods.
        let Some(selector) = &spec.endpoint_selector else { continue };
        let [deny_in, allow_in] =
            halves(spec.ingress.as_ref(), spec.ingress_deny.as_ref(), spec.enable_default_deny.ingress, own);
        let [deny_out, allow_out] =
            halves(spec.egress.as_ref(), spec.egress_deny.as_ref(), spec.enable_default_deny.egress, own);
        for (order, ingress, egress) in [(0.0, deny_in, deny_out), (1_000.0, allow_in, allow_out)] {
            if ingress.is_none() && egress.is_none() {
                continue;
            }
            found.push(Policy {
                spot,
                label: label.clone(),
                namespace: own.map(Into::into),
                subject: selects(selector, own),
                tier: Tier::DEFAULT,
                order,
                ingress,
                egress,
                doubt: None,
            });
        }
    }
    Ok(found)
}
