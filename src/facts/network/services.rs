//! Services as far as policies ask: callers name the port of a Service, policies the port of a Pod.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{
    kubernetes::NumberOrName,
    pods::Group,
    rules::{Port, Protocol},
    selector::{Expr, Key, Match},
};
use crate::ownership::Join;

/// A Service with a selector.
pub(crate) struct Service<'a> {
    namespace: &'a str,
    pub(crate) selector: Expr,
    ports: Vec<(Port, NumberOrName)>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Body {
    spec: Spec,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Spec {
    selector: Option<BTreeMap<String, String>>,
    ports: Option<Vec<PortBody>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PortBody {
    protocol: Option<String>,
    port: u16,
    target_port: Option<NumberOrName>,
}

/// Services that select Pods. One that cannot be read only leaves ports unresolved.
pub(crate) fn selectors<'a>(join: &Join<'a>) -> Vec<Service<'a>> {
    let objects = join.snapshot().list("", "Service").map_or(&[][..], |list| list.seen());
    let service = |object: &'a crate::snapshot::Object| {
        let spec = object.body::<Body>().ok()?.spec;
        let selector = spec.selector.filter(|selector| !selector.is_empty())?;
        let tests = selector.into_iter().map(|(key, value)| Expr::In(Key::Pod(key), vec![value])).collect();
        let ports = spec.ports.into_iter().flatten().filter_map(|port| {
            let protocol = port.protocol.as_deref().map_or(Some(Protocol::Tcp), Protocol::parse)?;
            Some((Port { protocol, number: port.port }, port.target_port.unwrap_or(NumberOrName::Number(port.port))))
        });
        Some(Service { namespace: &object.namespace, selector: Expr::and(tests), ports: ports.collect() })
    };
    objects.iter().filter_map(service).collect()
}

impl Service<'_> {
    /// Ports of the group's Pods that callers of this port of the Service reach.
    pub(crate) fn targets(&self, group: &Group<'_>, called: Port) -> Vec<Port> {
        if self.namespace != group.namespace || self.selector.matches(group.target()) != Match::Yes {
            return Vec::new();
        }
        let mut found = Vec::new();
        for (_, target) in self.ports.iter().filter(|(port, _)| *port == called) {
            match target {
                NumberOrName::Number(number) => found.push(Port { number: *number, ..called }),
                NumberOrName::Name(name) => {
                    let named = group.ports.iter().filter(|(one, _)| one.as_deref() == Some(name));
                    found.extend(named.map(|(_, port)| *port).filter(|port| port.protocol == called.protocol));
                }
            }
        }
        found
    }
}
