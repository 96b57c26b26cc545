//! `networking.k8s.io/v1` NetworkPolicy, with the defaults of its API.
//!
//! Source: the API reference of NetworkPolicy, and "Network Policies" among the concepts of the Kubernetes documentation.

use serde::{Deserialize, Deserializer};

use super::{
    rules::{Action, Cidr, Half, Peer, Policy, Ports, Protocol, Rule, Tier, Which},
    selector::{Expr, Key, Selector},
};
use crate::snapshot::BodyError;
use crate::{ownership::Spot, snapshot::Object};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Body {
    spec: Spec,
}

/// `NetworkPolicySpec`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Spec {
    pub(crate) pod_selector: Selector,
    policy_types: Option<Vec<String>>,
    ingress: Option<Vec<RuleBody>>,
    egress: Option<Vec<RuleBody>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RuleBody {
    /// `from` of ingress rules, `to` of egress rules.
    #[serde(alias = "to")]
    from: Option<Vec<PeerBody>>,
    ports: Option<Vec<PortBody>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PeerBody {
    pod_selector: Option<Selector>,
    namespace_selector: Option<Selector>,
    ip_block: Option<BlockBody>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct BlockBody {
    cidr: String,
    except: Option<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PortBody {
    protocol: Option<String>,
    port: Option<NumberOrName>,
    end_port: Option<u16>,
}

/// `IntOrString`.
#[derive(Debug, Clone)]
pub(crate) enum NumberOrName {
    Number(u16),
    Name(String),
}

impl<'de> Deserialize<'de> for NumberOrName {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        match serde_json::Value::deserialize(input)? {
            serde_json::Value::Number(number) => number
                .as_u64()
                .and_then(|number| u16::try_from(number).ok())
                .map(Self::Number)
                .ok_or_else(|| serde::de::Error::custom(format!("{number} is no port"))),
            serde_json::Value::String(name) => Ok(name.parse().map_or(Self::Name(name), Self::Number)),
            other => Err(serde::de::Error::custom(format!("{other} is no port"))),
        }
    }
}

impl NumberOrName {
    /// The ports from this one to `end`.
    pub(crate) fn to(&self, end: Option<u16>) -> Which {
        match self {
            Self::Number(number) => Which::Range(*number, end.unwrap_or(*number)),
            Self::Name(name) => Which::Named(name.clone()),
        }
    }
}

impl PortBody {
    fn ports(&self) -> Ports {
        // Without a protocol it is TCP; without a port all ports of the protocol.
        let protocol = self.protocol.as_deref().map_or(Some(Protocol::Tcp), Protocol::parse);
        let which = match (&self.port, protocol) {
            (_, None) => Which::Unknown,
            (None, _) => Which::Any,
            (Some(port), _) => port.to(self.end_port),
        };
        Ports { protocol, which }
    }
}

impl PeerBody {
    fn peer(&self, own: &str) -> Peer {
        if let Some(block) = &self.ip_block {
            return Cidr::parse(&block.cidr, block.except.as_deref().unwrap_or_default())
                .map_or(Peer::Unknown, Peer::Cidr);
        }
        let pods = self.pod_selector.as_ref().map(Selector::pods);
        match (&self.namespace_selector, pods) {
            (Some(namespaces), pods) => Peer::Pods(Expr::and(vec![namespaces.namespaces(), pods.unwrap_or(Expr::All)])),
            (None, Some(pods)) => Peer::Pods(Expr::and(vec![Expr::In(Key::NamespaceName, vec![own.to_owned()]), pods])),
            // The API server refuses it; nothing can say what it was meant to select.
            (None, None) => Peer::Unknown,
        }
    }
}

impl RuleBody {
    fn rule(&self, own: &str) -> Rule {
        let peers = self.from.as_ref().filter(|peers| !peers.is_empty());
        let ports = self.ports.as_ref().filter(|ports| !ports.is_empty());
        Rule {
            action: Action::Allow,
            peers: peers.map(|peers| peers.iter().map(|peer| peer.peer(own)).collect()),
            ports: ports.map(|ports| ports.iter().map(PortBody::ports).collect()),
            doubt: None,
        }
    }
}

/// Reads one NetworkPolicy: without `policyTypes` it isolates ingress, and egress if it has rules for it.
pub(crate) fn parse(object: &Object, spot: Spot) -> Result<(Policy, Spec), BodyError> {
    let spec = object.body::<Body>()?.spec;
    let types = spec.policy_types.as_deref().unwrap_or_default();
    let named = |name: &str| types.iter().any(|kind| kind == name);
    let ingress = types.is_empty() || named("Ingress");
    let egress = named("Egress") || (types.is_empty() && spec.egress.as_ref().is_some_and(|rules| !rules.is_empty()));
    let half = |rules: &Option<Vec<RuleBody>>| Half {
        isolates: true,
        rules: rules.iter().flatten().map(|rule| rule.rule(&object.namespace)).collect(),
    };
    let policy = Policy {
        spot,
        label: format!("{}/{}", object.namespace, object.name),
        namespace: Some(object.namespace.clone()),
        subject: spec.pod_selector.pods(),
        tier: Tier::DEFAULT,
        // Calico places them among its own policies of the tier by this number.
        order: 1_000.0,
        ingress: ingress.then(|| half(&spec.ingress)),
        egress: egress.then(|| half(&spec.egress)),
        doubt: None,
    };
    Ok((policy, spec))
}
