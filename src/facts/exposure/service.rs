//! Services that are reachable from outside the cluster network.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{LoadBalanced, Redirect, Tls, WayIn};
use crate::snapshot::{BodyError, Object};

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct ServiceBody {
    pub(super) spec: ServiceSpec,
    status: LoadBalanced,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ServiceSpec {
    #[serde(rename = "type")]
    kind: Option<String>,
    ports: Option<Vec<ServicePort>>,
    pub(super) selector: Option<BTreeMap<String, String>>,
    #[serde(rename = "externalIPs")]
    external_ips: Option<Vec<String>>,
    load_balancer_class: Option<String>,
    load_balancer_source_ranges: Option<Vec<String>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ServicePort {
    port: u32,
    node_port: Option<u32>,
    protocol: Option<String>,
}

/// Reads one Service.
pub(crate) fn service_body(object: &Object) -> Result<ServiceBody, BodyError> {
    object.body()
}

impl ServiceBody {
    /// Ports as `443/TCP`, or `443:30443/TCP` with the port that nodes listen on.
    pub(super) fn ports(&self) -> Vec<String> {
        let ports = self.spec.ports.iter().flatten().map(|port| {
            let protocol = port.protocol.as_deref().unwrap_or("TCP");
            match port.node_port.filter(|port| *port != 0) {
                Some(node_port) => format!("{}:{node_port}/{protocol}", port.port),
                None => format!("{}/{protocol}", port.port),
            }
        });
        ports.collect()
    }
}

/// Annotations by which a cloud is asked for a load balancer with an internal address only, and the value that asks.
const INTERNAL: &[(&str, &[&str])] = &[
    ("service.beta.kubernetes.io/aws-load-balancer-internal", &["true", "0.0.0.0/0"]),
    ("service.beta.kubernetes.io/aws-load-balancer-scheme", &["internal"]),
    ("service.beta.kubernetes.io/azure-load-balancer-internal", &["true"]),
    ("service.beta.kubernetes.io/openstack-internal-load-balancer", &["true"]),
    ("networking.gke.io/load-balancer-type", &["Internal"]),
    ("cloud.google.com/load-balancer-type", &["Internal"]),
    ("service.beta.kubernetes.io/oci-load-balancer-internal", &["true"]),
    ("service.kubernetes.io/ibm-load-balancer-cloud-provider-ip-type", &["private"]),
    ("service.beta.kubernetes.io/alibaba-cloud-loadbalancer-address-type", &["intranet"]),
];

fn internal(object: &Object) -> bool {
    INTERNAL.iter().any(|(key, values)| {
        object.annotations.get(*key).is_some_and(|have| values.iter().any(|value| value.eq_ignore_ascii_case(have)))
    })
}

/// The way in that a Service is, if it is one; without owner and backends.
pub(super) fn way(object: &Object, body: &ServiceBody) -> Option<WayIn> {
    let external = body.spec.external_ips.clone().unwrap_or_default();
    let kind = match body.spec.kind.as_deref() {
        Some("LoadBalancer") => "Service, load balancer",
        Some("NodePort") => "Service, node port",
        _ if !external.is_empty() => "Service, external addresses",
        _ => return None,
    };
    let mut hosts = body.status.addresses();
    hosts.extend(external);
    let mut source_ranges = body.spec.load_balancer_source_ranges.clone().unwrap_or_default();
    if source_ranges.is_empty()
        && let Some(ranges) = object.annotations.get("service.beta.kubernetes.io/load-balancer-source-ranges")
    {
        source_ranges.extend(ranges.split(',').map(|range| range.trim().to_owned()).filter(|range| !range.is_empty()));
    }
    Some(WayIn {
        hosts,
        ports: body.ports(),
        through: body.spec.load_balancer_class.clone(),
        tls: Tls::NotVisible,
        redirect: Redirect::NotSaid,
        internal: internal(object),
        source_ranges,
        ..WayIn::of(kind, object)
    })
}
