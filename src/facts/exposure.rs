//! What is reachable from outside: ingresses with their TLS, services of type LoadBalancer and NodePort.

use serde::{Deserialize, Serialize};

use super::observed::{Observed, Reading};
use crate::{
    ownership::Join,
    snapshot::Object,
    workspace::{ComponentId, TeamId},
};

/// An ingress.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ingress {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Component it belongs to.
    pub component: Option<ComponentId>,
    /// Team accountable for the component.
    pub team: Option<TeamId>,
    /// Ingress class.
    pub class: Option<String>,
    /// Hosts it serves; `*` for a rule without a host.
    pub hosts: Vec<String>,
    /// Hosts without TLS.
    pub without_tls: Vec<String>,
    /// Secrets that hold its certificates.
    pub tls_secrets: Vec<String>,
    /// Addresses that the controller published.
    pub addresses: Vec<String>,
}

/// A service that is reachable from outside the cluster network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExposedService {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Component it belongs to.
    pub component: Option<ComponentId>,
    /// Team accountable for the component.
    pub team: Option<TeamId>,
    /// `LoadBalancer`, `NodePort`, or `ExternalIPs`.
    pub kind: String,
    /// Ports as `443/TCP` or `443:30443/TCP`.
    pub ports: Vec<String>,
    /// Addresses from the load balancer, or the external addresses.
    pub addresses: Vec<String>,
    /// Source ranges it is limited to; empty means everybody.
    pub source_ranges: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct IngressBody {
    spec: IngressSpec,
    status: LoadBalanced,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct IngressSpec {
    ingress_class_name: Option<String>,
    tls: Option<Vec<Tls>>,
    rules: Option<Vec<Rule>>,
    default_backend: Option<serde_json::Value>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Tls {
    hosts: Option<Vec<String>>,
    secret_name: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Rule {
    host: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct LoadBalanced {
    load_balancer: LoadBalancer,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct LoadBalancer {
    ingress: Option<Vec<Address>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Address {
    ip: Option<String>,
    hostname: Option<String>,
}

impl LoadBalanced {
    fn addresses(self) -> Vec<String> {
        let published = self.load_balancer.ingress.unwrap_or_default().into_iter();
        published.filter_map(|address| address.hostname.or(address.ip)).collect()
    }
}

/// A host is covered by the same host, or by a wildcard over its first label (RFC 6125, as ingress-nginx has it).
fn covers(certificate: &str, host: &str) -> bool {
    certificate.eq_ignore_ascii_case(host)
        || certificate
            .strip_prefix("*.")
            .is_some_and(|domain| host.split_once('.').is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(domain)))
}

/// Reads one Ingress, without its owner.
pub(crate) fn ingress(object: &Object) -> serde_json::Result<Ingress> {
    let body: IngressBody = object.body()?;
    let rules = body.spec.rules.unwrap_or_default();
    let mut hosts: Vec<String> = rules
        .into_iter()
        .map(|rule| rule.host.filter(|host| !host.is_empty()).unwrap_or_else(|| "*".to_owned()))
        .collect();
    if body.spec.default_backend.is_some() && hosts.is_empty() {
        hosts.push("*".to_owned());
    }
    hosts.sort();
    hosts.dedup();
    let tls = body.spec.tls.unwrap_or_default();
    let covered = |host: &String| {
        tls.iter().any(|entry| match entry.hosts.as_deref() {
            // An entry without hosts is the controller's certificate for every host.
            None | Some([]) => true,
            Some(names) => names.iter().any(|name| covers(name, host)),
        })
    };
    Ok(Ingress {
        namespace: object.namespace.to_string(),
        name: object.name.to_string(),
        component: None,
        team: None,
        class: body.spec.ingress_class_name,
        without_tls: hosts.iter().filter(|host| !covered(host)).cloned().collect(),
        hosts,
        tls_secrets: tls.iter().filter_map(|entry| entry.secret_name.clone()).collect(),
        addresses: body.status.addresses(),
    })
}

pub(super) fn ingresses(join: &Join<'_>) -> Observed<Vec<Ingress>> {
    let mut reading = Reading::new(join.snapshot());
    let owners = join.owners("networking.k8s.io", "Ingress");
    let mut found = Vec::new();
    for (index, object) in reading.need("networking.k8s.io", "Ingress").iter().enumerate() {
        match ingress(object) {
            Err(error) => reading.odd(object, error),
            Ok(ingress) => {
                let (component, team) = owners.of(index);
                found.push(Ingress { component, team, ..ingress });
            }
        }
    }
    found.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
    reading.finish(found)
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ServiceBody {
    spec: ServiceSpec,
    status: LoadBalanced,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ServiceSpec {
    #[serde(rename = "type")]
    kind: Option<String>,
    ports: Option<Vec<ServicePort>>,
    #[serde(rename = "externalIPs")]
    external_ips: Option<Vec<String>>,
    load_balancer_source_ranges: Option<Vec<String>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ServicePort {
    port: u32,
    node_port: Option<u32>,
    protocol: Option<String>,
}

pub(super) fn services(join: &Join<'_>) -> Observed<Vec<ExposedService>> {
    let mut reading = Reading::new(join.snapshot());
    let owners = join.owners("", "Service");
    let mut found = Vec::new();
    for (index, object) in reading.need("", "Service").iter().enumerate() {
        let Some(body) = reading.body::<ServiceBody>(object) else { continue };
        let external = body.spec.external_ips.unwrap_or_default();
        let kind = match body.spec.kind.as_deref() {
            Some(kind @ ("LoadBalancer" | "NodePort")) => kind,
            _ if !external.is_empty() => "ExternalIPs",
            _ => continue,
        };
        let (component, team) = owners.of(index);
        let mut addresses = body.status.addresses();
        addresses.extend(external);
        found.push(ExposedService {
            namespace: object.namespace.to_string(),
            name: object.name.to_string(),
            component,
            team,
            kind: kind.to_owned(),
            ports: body
                .spec
                .ports
                .unwrap_or_default()
                .into_iter()
                .map(|port| {
                    let protocol = port.protocol.as_deref().unwrap_or("TCP");
                    match port.node_port.filter(|port| *port != 0) {
                        Some(node_port) => format!("{}:{node_port}/{protocol}", port.port),
                        None => format!("{}/{protocol}", port.port),
                    }
                })
                .collect(),
            addresses,
            source_ranges: body.spec.load_balancer_source_ranges.unwrap_or_default(),
        });
    }
    found.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
    reading.finish(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::testing::object;

    #[test]
    fn hosts_without_a_certificate_are_named() {
        let spec = serde_json::json!({ "spec": {
            "rules": [{ "host": "a.shop.example" }, { "host": "plain.example" }, {}],
            "tls": [{ "hosts": ["*.shop.example"], "secretName": "t" }],
        }});
        let ingress = ingress(&object("shop", "web", spec)).expect("an ingress");
        assert_eq!(ingress.without_tls, ["*", "plain.example"]);
        assert_eq!(ingress.tls_secrets, ["t"]);
    }

    #[test]
    fn a_wildcard_covers_one_label_only() {
        assert!(covers("*.shop.example", "a.shop.example"));
        assert!(!covers("*.shop.example", "a.b.shop.example"));
        assert!(!covers("*.shop.example", "shop.example"));
    }
}
