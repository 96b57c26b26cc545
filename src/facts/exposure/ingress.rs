//! Ingresses and their TLS.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::{Redirect, Tls, WayIn, reach::Reach};
use crate::{
    snapshot::{BodyError, Object},
    sort::Sort,
};

#[derive(Default, Deserialize)]
#[serde(default)]
struct Body {
    spec: Spec,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    ingress_class_name: Option<String>,
    tls: Option<Vec<TlsEntry>>,
    rules: Option<Vec<Rule>>,
    default_backend: Option<Backend>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct TlsEntry {
    hosts: Option<Vec<String>>,
    secret_name: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Rule {
    host: Option<String>,
    http: Option<Http>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Http {
    paths: Option<Vec<Path>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Path {
    backend: Backend,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Backend {
    service: Option<Named>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Named {
    name: String,
}

/// A host is covered by the same host, or by a wildcard over its first label (RFC 6125, as ingress-nginx has it).
fn covers(certificate: &str, host: &str) -> bool {
    certificate.eq_ignore_ascii_case(host)
        || certificate
            .strip_prefix("*.")
            .is_some_and(|domain| host.split_once('.').is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(domain)))
}

/// An Ingress, as far as its hosts and their certificates go.
pub(crate) struct Hosts {
    /// Hosts it serves; `*` for a rule without a host.
    pub(crate) hosts: Vec<String>,
    /// Hosts without TLS.
    pub(crate) without_tls: Vec<String>,
    /// Secrets that hold its certificates.
    pub(crate) secrets: Vec<String>,
}

/// Controllers end TLS without `spec.tls` where these annotations say so.
fn by_annotation(object: &Object) -> bool {
    let has = |key: &str, word: &str| object.annotations.get(key).is_some_and(|value| value.contains(word));
    has("alb.ingress.kubernetes.io/listen-ports", "HTTPS")
        || has("traefik.ingress.kubernetes.io/router.tls", "true")
        || has("nginx.ingress.kubernetes.io/ssl-passthrough", "true")
}

/// Hosts of one Ingress.
pub(crate) fn hosts(object: &Object) -> Result<Hosts, BodyError> {
    Ok(hosts_of(object, &object.body()?))
}

fn hosts_of(object: &Object, body: &Body) -> Hosts {
    let rules = body.spec.rules.iter().flatten();
    let named = rules.map(|rule| rule.host.clone().filter(|host| !host.is_empty()).unwrap_or_else(|| "*".to_owned()));
    let mut hosts: Vec<String> = named.collect();
    if body.spec.default_backend.is_some() && hosts.is_empty() {
        hosts.push("*".to_owned());
    }
    hosts.order();
    hosts.dedup();
    let entries = || body.spec.tls.iter().flatten();
    let covered = |host: &String| {
        entries().any(|entry| match entry.hosts.as_deref() {
            // An entry without hosts is the controller's certificate for every host.
            None | Some([]) => true,
            Some(names) => names.iter().any(|name| covers(name, host)),
        })
    };
    let without_tls = hosts.iter().filter(|host| !covered(host) && !by_annotation(object)).cloned().collect();
    let secrets = entries().filter_map(|entry| entry.secret_name.clone()).collect();
    Hosts { hosts, without_tls, secrets }
}

/// What an Ingress says of plain HTTP.
fn redirect(object: &Object) -> Redirect {
    let says = |key: &str| object.annotations.get(key).map(|value| &**value);
    let keys = [
        "nginx.ingress.kubernetes.io/force-ssl-redirect",
        "nginx.ingress.kubernetes.io/ssl-redirect",
        "haproxy.org/ssl-redirect",
        "haproxy-ingress.github.io/ssl-redirect",
    ];
    let said: Vec<&str> = keys.into_iter().filter_map(says).collect();
    // The load balancer's annotation carries the port to redirect to.
    match says("alb.ingress.kubernetes.io/ssl-redirect") {
        Some(_) => Redirect::ToTls,
        None if said.contains(&"true") => Redirect::ToTls,
        None if said.contains(&"false") => Redirect::Off,
        None => Redirect::NotSaid,
    }
}

/// The way in that an Ingress is, without its owner.
pub(super) fn way(object: &Object, reach: &Reach<'_, '_>) -> Result<WayIn, BodyError> {
    let body: Body = object.body()?;
    let Hosts { hosts, without_tls, secrets } = hosts_of(object, &body);
    let tls = match without_tls.len() {
        0 if object
            .annotations
            .get("nginx.ingress.kubernetes.io/ssl-passthrough")
            .is_some_and(|it| &**it == "true") =>
        {
            Tls::Passthrough
        }
        0 => Tls::All,
        some if some < hosts.len() => Tls::Partly,
        _ => Tls::None,
    };
    let rules = body.spec.rules.iter().flatten().filter_map(|rule| rule.http.as_ref());
    let paths = rules.flat_map(|http| http.paths.iter().flatten()).map(|path| &path.backend);
    let services: BTreeSet<&str> = paths
        .chain(&body.spec.default_backend)
        .filter_map(|backend| backend.service.as_ref())
        .map(|service| &*service.name)
        .collect();
    let internal = object.annotations.get("alb.ingress.kubernetes.io/scheme").is_some_and(|it| &**it == "internal");
    let ranges = object.annotations.get("nginx.ingress.kubernetes.io/whitelist-source-range");
    let ranges = ranges.map(|ranges| ranges.split(',').map(|range| range.trim().to_owned()).collect());
    let class = body.spec.ingress_class_name.clone();
    Ok(WayIn {
        hosts,
        through: class.or_else(|| object.annotations.get("kubernetes.io/ingress.class").map(|it| it.to_string())),
        tls,
        without_tls,
        redirect: redirect(object),
        certificates: secrets.into_iter().map(|name| format!("{}/{name}", object.namespace)).collect(),
        internal,
        source_ranges: ranges.unwrap_or_default(),
        backends: services.into_iter().map(|name| reach.service(&object.namespace, name)).collect(),
        ..WayIn::of("Ingress", object)
    })
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
        let ingress = hosts(&object("shop", "web", spec)).expect("an ingress");
        assert_eq!(ingress.without_tls, ["*", "plain.example"]);
        assert_eq!(ingress.secrets, ["t"]);
    }

    #[test]
    fn a_wildcard_covers_one_label_only() {
        assert!(covers("*.shop.example", "a.shop.example"));
        assert!(!covers("*.shop.example", "a.b.shop.example"));
        assert!(!covers("*.shop.example", "shop.example"));
    }
}
