//! Cluster-wide policies of `policy.networking.k8s.io`: AdminNetworkPolicy and BaselineAdminNetworkPolicy (v1alpha1),
//! ClusterNetworkPolicy (v1alpha2 and later).
//!
//! Source: the types of kubernetes-sigs/network-policy-api. Lower priorities come first; a rule accepts, denies, or
//! passes on to the next tier.

use serde::Deserialize;

use super::{
    rules::{Action, Cidr, End, Half, Peer, Policy, Ports, Protocol, Rule, Tier, Which},
    selector::{Expr, Selector},
};
use crate::snapshot::BodyError;
use crate::{ownership::Spot, snapshot::Object};

#[derive(Default, Deserialize)]
#[serde(default)]
struct Body {
    spec: Spec,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Spec {
    tier: Option<String>,
    priority: Option<i32>,
    subject: PeerBody,
    ingress: Option<Vec<RuleBody>>,
    egress: Option<Vec<RuleBody>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RuleBody {
    action: String,
    /// `from` of ingress rules, `to` of egress rules.
    #[serde(alias = "to")]
    from: Option<Vec<PeerBody>>,
    /// v1alpha1.
    ports: Option<Vec<PortBody>>,
    /// v1alpha2 and later.
    protocols: Option<Vec<ProtocolBody>>,
}

/// A subject or a peer: one field is set. Nodes and domain names are peers that are not evaluated.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PeerBody {
    namespaces: Option<Selector>,
    pods: Option<NamespacedPod>,
    networks: Option<Vec<String>>,
    nodes: Option<serde::de::IgnoredAny>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct NamespacedPod {
    namespace_selector: Selector,
    pod_selector: Selector,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PortBody {
    port_number: Option<PortNumber>,
    port_range: Option<PortRange>,
    named_port: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PortNumber {
    protocol: Option<String>,
    port: u16,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PortRange {
    protocol: Option<String>,
    start: u16,
    end: u16,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ProtocolBody {
    tcp: Option<Destination>,
    udp: Option<Destination>,
    sctp: Option<Destination>,
    destination_named_port: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Destination {
    destination_port: Option<DestinationPort>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct DestinationPort {
    number: Option<u16>,
    range: Option<PortRange>,
}

impl PeerBody {
    /// The Pods it names, if that is what it names.
    fn pods(&self) -> Option<Expr> {
        match (&self.namespaces, &self.pods) {
            (Some(namespaces), None) => Some(namespaces.namespaces()),
            (None, Some(pods)) => Some(Expr::and(vec![pods.namespace_selector.namespaces(), pods.pod_selector.pods()])),
            _ => None,
        }
    }

    fn peers(&self) -> Vec<Peer> {
        if let Some(pods) = self.pods() {
            return vec![Peer::Pods(pods)];
        }
        if self.nodes.is_some() {
            // Addresses of machines, never of Pods that have their own.
            return vec![Peer::Hosts];
        }
        match &self.networks {
            Some(networks) => {
                networks.iter().map(|network| Cidr::parse(network, &[]).map_or(Peer::Unknown, Peer::Network)).collect()
            }
            None => vec![Peer::Unknown],
        }
    }
}

fn protocol(text: Option<&str>) -> Option<Protocol> {
    text.map_or(Some(Protocol::Tcp), Protocol::parse)
}

impl PortBody {
    fn ports(&self) -> Ports {
        match (&self.port_number, &self.port_range, &self.named_port) {
            (Some(one), None, None) => {
                Ports { protocol: protocol(one.protocol.as_deref()), which: Which::Range(one.port, one.port) }
            }
            (None, Some(range), None) => {
                Ports { protocol: protocol(range.protocol.as_deref()), which: Which::Range(range.start, range.end) }
            }
            (None, None, Some(name)) => Ports { protocol: None, which: Which::Named(name.clone()) },
            _ => Ports { protocol: None, which: Which::Unknown },
        }
    }
}

impl ProtocolBody {
    fn ports(&self) -> Ports {
        let of = |protocol, destination: &Destination| {
            let which = match &destination.destination_port {
                None => Which::Any,
                Some(DestinationPort { number: Some(number), range: None }) => Which::Range(*number, *number),
                Some(DestinationPort { number: None, range: Some(range) }) => Which::Range(range.start, range.end),
                Some(_) => Which::Unknown,
            };
            Ports { protocol: Some(protocol), which }
        };
        match (&self.tcp, &self.udp, &self.sctp, &self.destination_named_port) {
            (Some(tcp), None, None, None) => of(Protocol::Tcp, tcp),
            (None, Some(udp), None, None) => of(Protocol::Udp, udp),
            (None, None, Some(sctp), None) => of(Protocol::Sctp, sctp),
            (None, None, None, Some(name)) => Ports { protocol: None, which: Which::Named(name.clone()) },
            _ => Ports { protocol: None, which: Which::Unknown },
        }
    }
}

impl RuleBody {
    fn rule(&self) -> Rule {
        let ports = self.ports.iter().flatten().map(PortBody::ports);
        let ports: Vec<Ports> = ports.chain(self.protocols.iter().flatten().map(ProtocolBody::ports)).collect();
        Rule {
            action: match self.action.as_str() {
                "Allow" | "Accept" => Action::Allow,
                "Deny" => Action::Deny,
                "Pass" => Action::Pass,
                _ => Action::Unknown,
            },
            peers: Some(self.from.iter().flatten().flat_map(PeerBody::peers).collect()),
            ports: (!ports.is_empty()).then_some(ports),
            doubt: None,
        }
    }
}

/// Reads one policy of the group.
pub(crate) fn parse(object: &Object, spot: Spot, kind: &str) -> Result<Policy, BodyError> {
    let spec = object.body::<Body>()?.spec;
    let tier = match (kind, spec.tier.as_deref()) {
        ("AdminNetworkPolicy", _) | (_, Some("Admin")) => Some(Tier::ADMIN),
        ("BaselineAdminNetworkPolicy", _) | (_, Some("Baseline")) => Some(Tier::BASELINE),
        _ => None,
    };
    // It lets pass what its rules do not match: no rules, no say.
    let half = |rules: &Option<Vec<RuleBody>>| {
        let rules: Vec<Rule> = rules.iter().flatten().map(RuleBody::rule).collect();
        (!rules.is_empty()).then_some(Half { isolates: false, rules })
    };
    Ok(Policy {
        spot,
        label: format!("{kind} {}", object.name),
        namespace: None,
        subject: spec.subject.pods().unwrap_or(Expr::Unknown),
        tier: tier.unwrap_or(Tier::ADMIN),
        order: spec.priority.map_or(0.0, f64::from),
        ingress: half(&spec.ingress),
        egress: half(&spec.egress),
        doubt: tier.is_none().then(|| "its tier is not known".to_owned()),
    })
}

/// Of policies with the same priority in the same tier any may come first, and nobody can tell which.
pub(crate) fn doubt_equals(policies: &mut [Policy]) {
    for index in 0..policies.len() {
        let own = &policies[index];
        if own.tier.end == End::Deny || own.doubt.is_some() {
            continue;
        }
        let equal = policies
            .iter()
            .enumerate()
            .find(|&(other, policy)| other != index && policy.tier.rank == own.tier.rank && policy.order == own.order);
        if let Some((_, other)) = equal {
            let why = format!("{} has the same priority; any of them may come first", other.label);
            policies[index] = policies[index].clone().doubted(&why);
        }
    }
}
