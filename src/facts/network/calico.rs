//! Calico's NetworkPolicy and GlobalNetworkPolicy (`projectcalico.org/v3`, stored as `crd.projectcalico.org/v1`), and the
//! tiers they are in.
//!
//! Source: Calico's reference of NetworkPolicy, GlobalNetworkPolicy and Tier. Tiers run by their order, policies of a
//! tier by theirs, those without one last; the first rule that matches decides. Service accounts, services, HTTP, and
//! criteria that name the policy's own Pods again are not evaluated: a match that depends on one is not certain.

use std::collections::HashMap;

use serde::{Deserialize, de::IgnoredAny};

use super::{
    expression,
    kubernetes::NumberOrName,
    rules::{Action, Cidr, End, Half, Peer, Policy, Ports, Protocol, Rule, Tier, Which},
    selector::{Expr, Key},
};
use crate::snapshot::BodyError;
use crate::{ownership::Spot, snapshot::Object};

#[derive(Default, Deserialize)]
#[serde(default)]
struct TierBody {
    spec: TierSpec,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct TierSpec {
    order: Option<f64>,
    default_action: Option<String>,
}

/// Tiers by name.
pub(crate) struct Tiers(HashMap<String, Tier>);

impl Tiers {
    /// The tiers that every Calico has, and those declared.
    pub(crate) fn of<'o>(objects: impl Iterator<Item = &'o Object>) -> Self {
        let built_in = [
            ("default", Tier::DEFAULT),
            ("adminnetworkpolicy", Tier::ADMIN),
            ("kube-admin", Tier::ADMIN),
            ("baselineadminnetworkpolicy", Tier::BASELINE),
            ("kube-baseline", Tier::BASELINE),
        ];
        let mut tiers: HashMap<String, Tier> =
            built_in.into_iter().map(|(name, tier)| (name.to_owned(), tier)).collect();
        for object in objects {
            let Ok(TierBody { spec }) = object.body() else {
                tiers.remove(&*object.name);
                continue;
            };
            let end = match spec.default_action.as_deref() {
                None | Some("Deny") => End::Deny,
                Some("Pass") => End::Pass,
                Some(_) => End::Unknown,
            };
            tiers.insert(object.name.to_string(), Tier { rank: spec.order.unwrap_or(f64::INFINITY), end });
        }
        Self(tiers)
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Body {
    spec: Spec,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    tier: Option<String>,
    order: Option<f64>,
    selector: Option<String>,
    namespace_selector: Option<String>,
    service_account_selector: Option<String>,
    types: Option<Vec<String>>,
    ingress: Option<Vec<RuleBody>>,
    egress: Option<Vec<RuleBody>>,
    #[serde(rename = "preDNAT")]
    pre_dnat: Option<bool>,
    do_not_track: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RuleBody {
    action: String,
    protocol: Option<serde_json::Value>,
    not_protocol: Option<IgnoredAny>,
    source: Entity,
    destination: Entity,
    http: Option<IgnoredAny>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Entity {
    nets: Option<Vec<String>>,
    not_nets: Option<Vec<String>>,
    selector: Option<String>,
    not_selector: Option<String>,
    namespace_selector: Option<String>,
    ports: Option<Vec<NumberOrName>>,
    not_ports: Option<Vec<NumberOrName>>,
    service_accounts: Option<IgnoredAny>,
    services: Option<IgnoredAny>,
}

fn filled(text: Option<&String>) -> Option<&str> {
    text.map(String::as_str).filter(|text| !text.is_empty())
}

/// A label of Pods; Calico gives each its namespace, and labels of its own that are not evaluated.
fn of_pods(text: &str) -> Expr {
    let read = expression::parse(text, |label| match label {
        "projectcalico.org/namespace" => Key::NamespaceName,
        label => Key::Pod(label.to_owned()),
    });
    let own = |label: &str| label.starts_with("projectcalico.org/");
    match read {
        Some(found) => {
            let mut odd = false;
            found.pod_labels(&mut |label| odd |= own(label));
            if odd { Expr::Unknown } else { found }
        }
        None => Expr::Unknown,
    }
}

fn of_namespaces(text: &str) -> Expr {
    let read = expression::parse(text, |label| match label {
        "projectcalico.org/name" => Key::NamespaceName,
        label => Key::namespace(label),
    });
    read.unwrap_or(Expr::Unknown)
}

impl Entity {
    /// It says something of who is at this end.
    fn names_somebody(&self) -> bool {
        let nets = [&self.nets, &self.not_nets].into_iter().flatten().any(|nets| !nets.is_empty());
        let selected = [&self.selector, &self.not_selector, &self.namespace_selector];
        nets || selected.into_iter().any(|text| filled(text.as_ref()).is_some())
            || self.service_accounts.is_some()
            || self.services.is_some()
    }

    fn names_ports(&self) -> bool {
        [&self.ports, &self.not_ports].into_iter().flatten().any(|ports| !ports.is_empty())
    }

    /// Who may be at this end, and why that is not certain. All criteria have to hold.
    fn peers(&self, own: Option<&str>) -> (Option<Vec<Peer>>, Option<&'static str>) {
        if !self.names_somebody() {
            return (None, None);
        }
        let nets: Vec<&String> = self.nets.iter().flatten().collect();
        let not_nets = self.not_nets.as_ref().is_some_and(|nets| !nets.is_empty());
        let (selector, namespaces) = (filled(self.selector.as_ref()), filled(self.namespace_selector.as_ref()));
        let not_selector = filled(self.not_selector.as_ref());
        let doubt = match () {
            () if self.service_accounts.is_some() => Some("it selects by service account, which is not evaluated"),
            () if self.services.is_some() => Some("it selects by Service, which is not evaluated"),
            () if not_nets => Some("it leaves out networks, which is not evaluated"),
            () if !nets.is_empty() && (selector.is_some() || namespaces.is_some() || not_selector.is_some()) => {
                Some("it asks for networks and labels at once, which is not evaluated")
            }
            () => None,
        };
        if !nets.is_empty() {
            let nets = nets.into_iter().map(|net| Cidr::parse(net, &[]).map_or(Peer::Unknown, Peer::Network));
            return (Some(nets.collect()), doubt);
        }
        let mut parts: Vec<Expr> = selector.map(of_pods).into_iter().collect();
        parts.extend(not_selector.map(|text| of_pods(text).not()));
        match (namespaces, own) {
            (Some(text), _) => parts.push(of_namespaces(text)),
            // Labels without a namespace stay in the policy's own.
            (None, Some(own)) if selector.is_some() || not_selector.is_some() => {
                parts.push(Expr::In(Key::NamespaceName, vec![own.to_owned()]));
            }
            (None, _) => {}
        }
        (Some(vec![Peer::Labelled(Expr::and(parts))]), doubt)
    }
}

impl RuleBody {
    /// `None`: it says nothing of connections to ports.
    fn rule(&self, ingress: bool, own: Option<&str>) -> Option<Rule> {
        let action = match self.action.as_str() {
            "Allow" => Action::Allow,
            "Deny" => Action::Deny,
            "Pass" => Action::Pass,
            "Log" => return None,
            _ => Action::Unknown,
        };
        let protocol = match &self.protocol {
            None => None,
            Some(serde_json::Value::String(name)) => match Protocol::parse(name) {
                Some(protocol) => Some(protocol),
                None if matches!(name.as_str(), "ICMP" | "ICMPv6" | "UDPLite") => return None,
                None => return Some(uncertain(action, "its protocol is not evaluated")),
            },
            Some(_) => return Some(uncertain(action, "its protocol is a number, which is not evaluated")),
        };
        let (far, near) = if ingress { (&self.source, &self.destination) } else { (&self.destination, &self.source) };
        let (peers, doubt) = far.peers(own);
        let doubt = match () {
            () if doubt.is_some() => doubt,
            () if self.not_protocol.is_some() => Some("it leaves out a protocol, which is not evaluated"),
            () if self.http.is_some() => Some("it also holds what HTTP says, which is not evaluated"),
            () if near.names_somebody() => Some("it names the Pods it selects once more, which is not evaluated"),
            () if self.source.names_ports() => Some("it asks for the port of the caller, which is not evaluated"),
            () if self.destination.not_ports.as_ref().is_some_and(|ports| !ports.is_empty()) => {
                Some("it leaves out ports, which is not evaluated")
            }
            () => None,
        };
        let ports: Vec<Ports> = match &self.destination.ports {
            Some(ports) if !ports.is_empty() => {
                ports.iter().map(|port| Ports { protocol, which: which(port) }).collect()
            }
            _ => protocol.into_iter().map(|one| Ports { protocol: Some(one), which: Which::Any }).collect(),
        };
        Some(Rule { action, peers, ports: (!ports.is_empty()).then_some(ports), doubt: doubt.map(str::to_owned) })
    }
}

/// `8080`, `8000:8100` or the name of a port.
fn which(port: &NumberOrName) -> Which {
    match port {
        NumberOrName::Name(text) => match text.split_once(':') {
            Some((from, to)) => match (from.parse(), to.parse()) {
                (Ok(from), Ok(to)) => Which::Range(from, to),
                _ => Which::Unknown,
            },
            None => Which::Named(text.clone()),
        },
        number => number.to(None),
    }
}

fn uncertain(action: Action, why: &str) -> Rule {
    Rule { action, peers: None, ports: None, doubt: Some(why.to_owned()) }
}

/// Reads one policy; `None` for one that holds interfaces of machines only.
pub(crate) fn parse(object: &Object, spot: Spot, kind: &str, tiers: &Tiers) -> Result<Option<Policy>, BodyError> {
    let spec = object.body::<Body>()?.spec;
    if spec.pre_dnat == Some(true) || spec.do_not_track == Some(true) {
        return Ok(None);
    }
    let own = (!object.namespace.is_empty()).then_some(&*object.namespace);
    let mut subject: Vec<Expr> = filled(spec.selector.as_ref()).map(of_pods).into_iter().collect();
    subject.extend(filled(spec.namespace_selector.as_ref()).map(of_namespaces));
    if filled(spec.service_account_selector.as_ref()).is_some() {
        subject.push(Expr::Unknown);
    }
    let any = |rules: &Option<Vec<RuleBody>>| rules.as_ref().is_some_and(|rules| !rules.is_empty());
    let (rules_in, rules_out) = (any(&spec.ingress), any(&spec.egress));
    // Without types: those it has rules for, and ingress if it has none.
    let (ingress, egress) = match spec.types.as_deref() {
        None | Some([]) => (rules_in || !rules_out, rules_out),
        Some(types) => (types.iter().any(|one| one == "Ingress"), types.iter().any(|one| one == "Egress")),
    };
    let half = |rules: &Option<Vec<RuleBody>>, ingress: bool| Half {
        isolates: true,
        rules: rules.iter().flatten().filter_map(|rule| rule.rule(ingress, own)).collect(),
    };
    let name = spec.tier.as_deref().filter(|name| !name.is_empty()).unwrap_or("default");
    let tier = tiers.0.get(name).copied();
    let policy = Policy {
        spot,
        label: own.map_or_else(|| format!("{kind} {}", object.name), |own| format!("{kind} {own}/{}", object.name)),
        namespace: own.map(Into::into),
        subject: Expr::and(subject),
        tier: tier.unwrap_or(Tier { rank: f64::NEG_INFINITY, end: End::Unknown }),
        order: spec.order.unwrap_or(f64::INFINITY),
        ingress: ingress.then(|| half(&spec.ingress, true)),
        egress: egress.then(|| half(&spec.egress, false)),
        doubt: None,
    };
    Ok(Some(match tier {
        Some(_) => policy,
        None => policy.doubted(&format!("its tier {name} was not read")),
    }))
}
