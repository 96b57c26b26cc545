//! What is reachable from outside: ingresses with their TLS, services of type LoadBalancer and NodePort.

use serde::Serialize;

use crate::workspace::{ComponentId, TeamId};

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
