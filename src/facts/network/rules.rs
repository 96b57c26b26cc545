//! What every policy API is translated to: policies in tiers, with rules of peers and ports.
//!
//! Tiers run in order of their rank, policies of a tier in order, rules as written; the first that matches decides. A
//! tier in which some policy isolates the Pod ends as it says: with a denial, or by passing on. After the last tier
//! everything is allowed. Kubernetes' own NetworkPolicies are one tier of allowing rules that ends with a denial.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{
    pods::Group,
    selector::{Expr, Match},
};
use crate::ownership::Spot;

/// Direction, as seen from the Pod that a policy holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// Into the Pod.
    Ingress,
    /// Out of the Pod.
    Egress,
}

/// Transport protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[allow(missing_docs)]
pub enum Protocol {
    Tcp,
    Udp,
    Sctp,
}

impl Protocol {
    /// As APIs write it: `TCP`, and `tcp` in some.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text.to_ascii_uppercase().as_str() {
            "TCP" => Some(Self::Tcp),
            "UDP" => Some(Self::Udp),
            "SCTP" => Some(Self::Sctp),
            _ => None,
        }
    }

    /// As the Kubernetes API writes it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
            Self::Sctp => "SCTP",
        }
    }
}

/// A port that somebody calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Port {
    /// Protocol.
    pub protocol: Protocol,
    /// Number.
    pub number: u16,
}

impl std::fmt::Display for Port {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.protocol.as_str(), self.number)
    }
}

/// Ports that a rule speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ports {
    /// `None`: any.
    pub(crate) protocol: Option<Protocol>,
    pub(crate) which: Which,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Which {
    Any,
    Range(u16, u16),
    /// A named port of the Pod that is called.
    Named(String),
    Unknown,
}

impl Ports {
    /// `called`: the Pods that are called, if they are Pods.
    fn matches(&self, port: Port, called: Option<&Group<'_>>) -> Match {
        if self.protocol.is_some_and(|protocol| protocol != port.protocol) {
            return Match::No;
        }
        match &self.which {
            Which::Any => Match::Yes,
            Which::Range(from, to) => Match::of((*from..=*to).contains(&port.number)),
            Which::Named(name) => Match::of(called.is_some_and(|group| {
                group.ports.iter().any(|(named, one)| named.as_deref() == Some(name) && *one == port)
            })),
            Which::Unknown => Match::Unknown,
        }
    }
}

impl std::fmt::Display for Ports {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let protocol = self.protocol.map_or("any protocol", Protocol::as_str);
        match &self.which {
            Which::Any => write!(f, "{protocol}, all ports"),
            Which::Range(from, to) if from == to => write!(f, "{protocol} {from}"),
            Which::Range(from, to) => write!(f, "{protocol} {from}–{to}"),
            Which::Named(name) => write!(f, "{protocol} {name}"),
            Which::Unknown => write!(f, "{protocol}, ports that cannot be evaluated"),
        }
    }
}

/// Addresses with exceptions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cidr {
    net: (IpAddr, u8),
    except: Vec<(IpAddr, u8)>,
}

fn network(text: &str) -> Option<(IpAddr, u8)> {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address.parse::<IpAddr>().ok()?, length.parse().ok()?),
        None => {
            let address = text.parse::<IpAddr>().ok()?;
            (address, if address.is_ipv4() { 32 } else { 128 })
        }
    };
    (length <= if address.is_ipv4() { 32 } else { 128 }).then_some((address, length))
}

fn within(address: IpAddr, (net, length): (IpAddr, u8)) -> bool {
    match (address, net) {
        (IpAddr::V4(address), IpAddr::V4(net)) => {
            length == 0 || (address.to_bits() ^ net.to_bits()) >> (32 - u32::from(length)) == 0
        }
        (IpAddr::V6(address), IpAddr::V6(net)) => {
            length == 0 || (address.to_bits() ^ net.to_bits()) >> (128 - u32::from(length)) == 0
        }
        _ => false,
    }
}

impl Cidr {
    /// `None` when one of them is no network.
    pub(crate) fn parse(net: &str, except: &[String]) -> Option<Self> {
        Some(Self { net: network(net)?, except: except.iter().map(|one| network(one)).collect::<Option<_>>()? })
    }

    fn contains(&self, address: IpAddr) -> bool {
        within(address, self.net) && !self.except.iter().any(|&except| within(address, except))
    }

    /// Addresses of all Pods of the group, of none, or of some.
    fn covers(&self, group: &Group<'_>) -> Match {
        let inside = group.addresses.iter().filter(|&&address| self.contains(address)).count();
        match inside {
            0 if group.addresses.len() == group.pods => Match::No,
            all if all == group.pods => Match::Yes,
            _ => Match::Unknown,
        }
    }

    /// Every address there is.
    fn is_everything(&self) -> bool {
        self.net.1 == 0 && self.except.is_empty()
    }
}

/// Who may be at the other end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Peer {
    /// Pods that have their own address.
    Pods(Expr),
    /// Addresses by `ipBlock`, which plug-ins apply to Pods or not.
    Cidr(Cidr),
    /// Addresses of an API that applies them to Pods as well.
    Network(Cidr),
    /// Pods by labels, and whatever else outside the cluster carries them (sets of networks).
    Labelled(Expr),
    /// Everything outside the cluster.
    World,
    /// Machines of the cluster and what runs in their network.
    Hosts,
    /// It cannot be evaluated.
    Unknown,
}

/// The other end of a connection.
#[derive(Clone, Copy)]
pub(crate) enum Far<'f, 'a> {
    Pods(&'f Group<'a>),
    /// An address outside the cluster, not declared.
    Outside,
    /// Something of the cluster that has no Pods: machines, a managed control plane.
    Machines,
}

impl Peer {
    /// `cidr_sees_pods`: whether blocks of addresses match addresses of Pods; plug-ins differ.
    fn matches(&self, far: Far<'_, '_>, cidr_sees_pods: Match) -> Match {
        match (self, far) {
            (Self::Unknown, _) => Match::Unknown,
            (Self::World, Far::Outside) => Match::Yes,
            (Self::World, Far::Pods(_)) => Match::No,
            (Self::Labelled(_), Far::Outside | Far::Machines) => Match::Unknown,
            (Self::Labelled(_), Far::Pods(group)) if group.host_network => Match::Unknown,
            (Self::Labelled(selector), Far::Pods(group)) => selector.matches(group.target()),
            (Self::Pods(_), Far::Outside | Far::Machines) | (Self::Hosts, Far::Outside) => Match::No,
            (Self::Cidr(cidr) | Self::Network(cidr), Far::Outside | Far::Machines) if cidr.is_everything() => {
                Match::Yes
            }
            (Self::Cidr(_) | Self::Network(_), Far::Outside | Far::Machines)
            | (Self::World | Self::Hosts, Far::Machines) => Match::Unknown,
            (Self::Hosts, Far::Pods(group)) => Match::of(group.host_network),
            (Self::Pods(_), Far::Pods(group)) if group.host_network => Match::No,
            (Self::Pods(selector), Far::Pods(group)) => selector.matches(group.target()),
            (Self::Cidr(_) | Self::Network(_), Far::Pods(group)) if group.host_network => Match::Unknown,
            (Self::Cidr(cidr), Far::Pods(group)) => cidr.covers(group).min(cidr_sees_pods),
            (Self::Network(cidr), Far::Pods(group)) => cidr.covers(group),
        }
    }
}

/// What a rule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Allow,
    Deny,
    /// On to the next tier.
    Pass,
    /// It cannot be evaluated.
    Unknown,
}

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) action: Action,
    /// `None`: everybody.
    pub(crate) peers: Option<Vec<Peer>>,
    /// `None`: all.
    pub(crate) ports: Option<Vec<Ports>>,
    /// Why a match is not certain: it also asks for something that is not evaluated.
    pub(crate) doubt: Option<String>,
}

impl Rule {
    pub(crate) fn matches(&self, question: &Question<'_, '_>, cidr_sees_pods: Match) -> Match {
        let port = match &self.ports {
            None => Match::Yes,
            Some(ports) => {
                ports.iter().map(|one| one.matches(question.port, question.called())).max().unwrap_or(Match::No)
            }
        };
        if port == Match::No {
            return Match::No;
        }
        let peer = match &self.peers {
            None => Match::Yes,
            Some(peers) => {
                peers.iter().map(|peer| peer.matches(question.far, cidr_sees_pods)).max().unwrap_or(Match::No)
            }
        };
        let certain = if self.doubt.is_some() { Match::Unknown } else { Match::Yes };
        port.min(peer).min(certain)
    }

    /// It lets everybody through to every port.
    pub(crate) fn allows_all(&self) -> bool {
        self.action == Action::Allow && self.peers.is_none() && self.ports.is_none() && self.doubt.is_none()
    }
}

/// What is asked of one side of a connection.
#[derive(Clone, Copy)]
pub(crate) struct Question<'q, 'a> {
    pub(crate) direction: Direction,
    /// Pods whose policies are asked.
    pub(crate) held: &'q Group<'a>,
    pub(crate) far: Far<'q, 'a>,
    pub(crate) port: Port,
}

impl<'q, 'a> Question<'q, 'a> {
    fn called(&self) -> Option<&'q Group<'a>> {
        match (self.direction, self.far) {
            (Direction::Ingress, _) => Some(self.held),
            (Direction::Egress, Far::Pods(group)) => Some(group),
            (Direction::Egress, Far::Outside | Far::Machines) => None,
        }
    }
}

/// How a tier ends for a Pod that it isolates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Deny,
    Pass,
    Unknown,
}

/// A tier.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Tier {
    /// Lower runs first. The numbers are Calico's, which knows more tiers than the others.
    pub(crate) rank: f64,
    pub(crate) end: End,
}

impl Tier {
    /// Admin tier of `policy.networking.k8s.io`.
    pub(crate) const ADMIN: Self = Self { rank: 1_000.0, end: End::Pass };
    /// NetworkPolicies, and Cilium's policies.
    pub(crate) const DEFAULT: Self = Self { rank: 1_000_000.0, end: End::Deny };
    /// Baseline tier of `policy.networking.k8s.io`.
    pub(crate) const BASELINE: Self = Self { rank: 10_000_000.0, end: End::Pass };
}

/// What a policy says of one direction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Half {
    /// What no rule of the tier matches ends as the tier does.
    pub(crate) isolates: bool,
    pub(crate) rules: Vec<Rule>,
}

/// A policy of any API.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Policy {
    pub(crate) spot: Spot,
    /// As documents name it: `databases/default-deny-all`, with the kind where it is not a NetworkPolicy.
    pub(crate) label: String,
    /// Namespace whose Pods it can select; `None`: any.
    pub(crate) namespace: Option<std::sync::Arc<str>>,
    pub(crate) subject: Expr,
    pub(crate) tier: Tier,
    pub(crate) order: f64,
    pub(crate) ingress: Option<Half>,
    pub(crate) egress: Option<Half>,
    /// Why it cannot be evaluated as a whole.
    pub(crate) doubt: Option<String>,
}

impl Policy {
    /// Keeps what a policy may hold, and makes no rule of it count as certain.
    pub(crate) fn doubted(mut self, why: &str) -> Self {
        for rule in [&mut self.ingress, &mut self.egress].into_iter().flatten().flat_map(|half| &mut half.rules) {
            rule.doubt.get_or_insert_with(|| why.to_owned());
        }
        self.doubt.get_or_insert_with(|| why.to_owned());
        self
    }

    pub(crate) fn half(&self, direction: Direction) -> Option<&Half> {
        match direction {
            Direction::Ingress => self.ingress.as_ref(),
            Direction::Egress => self.egress.as_ref(),
        }
    }

    /// It selects every Pod of the namespaces that it reaches into at all.
    pub(crate) fn selects_all_pods(&self) -> bool {
        let mut asked = false;
        self.subject.pod_labels(&mut |_| asked = true);
        !asked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_of_addresses_contain_what_their_prefix_says_but_the_exceptions() {
        let block = Cidr::parse("10.0.0.0/8", &["10.1.0.0/16".to_owned()]).expect("a block");
        let contains = |text: &str| block.contains(text.parse().expect("an address"));
        assert!(contains("10.2.3.4") && !contains("10.1.3.4") && !contains("11.0.0.1") && !contains("::a"));
        assert!(Cidr::parse("0.0.0.0/0", &[]).expect("a block").is_everything());
        let six = Cidr::parse("2001:db8::/32", &[]).expect("a block");
        assert!(six.contains("2001:db8:1::1".parse().expect("an address")));
        assert!(Cidr::parse("10.0.0.0/33", &[]).is_none() && Cidr::parse("nope", &[]).is_none());
    }
}
