//! How the API server is reached: the address that the collection used.

use std::net::IpAddr;

use serde::Serialize;

use super::observed::{Observed, Reading};
use crate::ownership::Join;

/// Address of the API server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ApiEndpoint {
    /// Host of the kubeconfig; `None` for evidence from files.
    pub host: Option<String>,
    /// Where it can be reached from.
    pub reach: Reach,
    /// Addresses of the Service `kubernetes`, inside the cluster.
    pub inside: Vec<String>,
}

/// Where an address can be reached from, as far as the address itself says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// A name: what it resolves to is not asked.
    Name,
    /// Routed on the internet.
    Public,
    /// A private network (RFC 1918, RFC 4193, RFC 6598) or link.
    Private,
    /// The machine itself: a tunnel or a proxy.
    Loopback,
    /// No address is known.
    #[default]
    Unknown,
}

pub(crate) fn observe(join: &Join<'_>) -> Observed<ApiEndpoint> {
    let mut reading = Reading::new(join.snapshot());
    let mut endpoint = ApiEndpoint::default();
    match join.snapshot().header.cluster.server.as_deref().and_then(host) {
        Some(host) => {
            endpoint.reach = reach(host);
            endpoint.host = Some(host.to_owned());
        }
        None => reading.remark("the address of the API server is not in the snapshot".to_owned()),
    }
    for object in reading.need("", "Service") {
        if (&*object.namespace, &*object.name) == ("default", "kubernetes")
            && let Some(body) = reading.body::<Body>(object)
        {
            endpoint.inside = body.spec.cluster_ips.or(body.spec.cluster_ip.map(|ip| vec![ip])).unwrap_or_default();
        }
    }
    reading.finish(endpoint)
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Body {
    spec: Spec,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Spec {
    #[serde(rename = "clusterIPs")]
    cluster_ips: Option<Vec<String>>,
    #[serde(rename = "clusterIP")]
    cluster_ip: Option<String>,
}

/// Host of `https://host:port/path`.
fn host(url: &str) -> Option<&str> {
    let authority = url.split_once("://")?.1.split('/').next()?;
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next()?,
        None => authority.split(':').next()?,
    };
    (!host.is_empty()).then_some(host)
}

fn reach(host: &str) -> Reach {
    match host.parse() {
        Err(_) if host == "localhost" => Reach::Loopback,
        Err(_) => Reach::Name,
        Ok(IpAddr::V4(ip)) => {
            let shared = ip.octets()[0] == 100 && ip.octets()[1] & 0xc0 == 64;
            match ip {
                _ if ip.is_loopback() => Reach::Loopback,
                _ if ip.is_private() || ip.is_link_local() || shared => Reach::Private,
                _ => Reach::Public,
            }
        }
        Ok(IpAddr::V6(ip)) => match ip {
            _ if ip.is_loopback() => Reach::Loopback,
            _ if ip.is_unique_local() || ip.is_unicast_link_local() => Reach::Private,
            _ => Reach::Public,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_say_where_they_reach() {
        for (url, expected) in [
            ("https://10.0.0.1:6443", Reach::Private),
            ("https://100.64.0.9", Reach::Private),
            ("https://127.0.0.1:6443/k8s/clusters/c-1", Reach::Loopback),
            ("https://203.0.113.7:6443", Reach::Public),
            ("https://[fd00::1]:6443", Reach::Private),
            ("https://[2001:db8::1]:6443", Reach::Public),
            ("https://api.example.com", Reach::Name),
            ("https://localhost:8001", Reach::Loopback),
        ] {
            assert_eq!(host(url).map(reach), Some(expected), "{url}");
        }
        assert_eq!(host("cluster"), None);
    }
}
