//! OpenShift Routes.

use serde::Deserialize;

use super::{super::observed::Reading, Redirect, Tls, WayIn, reach::Reach};
use crate::ownership::Join;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Body {
    spec: Spec,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    host: Option<String>,
    to: Target,
    alternate_backends: Option<Vec<Target>>,
    tls: Option<TlsConfig>,
    wildcard_policy: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Target {
    name: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct TlsConfig {
    termination: String,
    insecure_edge_termination_policy: Option<String>,
    external_certificate: Option<Target>,
}

pub(super) fn observe<'a>(join: &Join<'a>, reading: &mut Reading<'a>, reach: &Reach<'_, 'a>, ways: &mut Vec<WayIn>) {
    let owners = join.owners("route.openshift.io", "Route");
    for (index, object) in reading.wish("route.openshift.io", "Route").iter().enumerate() {
        let Some(Body { spec }) = reading.body::<Body>(object) else { continue };
        let host = spec.host.filter(|host| !host.is_empty()).unwrap_or_else(|| "*".to_owned());
        let host = match (spec.wildcard_policy.as_deref(), host.split_once('.')) {
            (Some("Subdomain"), Some((_, domain))) => format!("*.{domain}"),
            _ => host,
        };
        let (tls, redirect) = match &spec.tls {
            None => (Tls::None, Redirect::NotSaid),
            Some(config) => match (&*config.termination, config.insecure_edge_termination_policy.as_deref()) {
                ("passthrough", _) => (Tls::Passthrough, Redirect::NotSaid),
                (_, Some("Allow")) => (Tls::Partly, Redirect::Off),
                (_, Some("Redirect")) => (Tls::All, Redirect::ToTls),
                _ => (Tls::All, Redirect::NotSaid),
            },
        };
        let targets = std::iter::once(&spec.to).chain(spec.alternate_backends.iter().flatten());
        let certificate = spec.tls.as_ref().and_then(|tls| tls.external_certificate.as_ref());
        let way = WayIn {
            without_tls: if matches!(tls, Tls::None | Tls::Partly) { vec![host.clone()] } else { Vec::new() },
            hosts: vec![host],
            tls,
            redirect,
            certificates: certificate.map(|it| format!("{}/{}", object.namespace, it.name)).into_iter().collect(),
            backends: targets.map(|target| reach.service(&object.namespace, &target.name)).collect(),
            ..WayIn::of("Route", object)
        };
        ways.push(way.owned(&owners, index));
    }
}
