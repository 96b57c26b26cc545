//! Istio Gateways, with the VirtualServices that bind to them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::{super::observed::Reading, Redirect, Tls, WayIn, reach::Reach};
use crate::ownership::Join;

const GROUP: &str = "networking.istio.io";

#[derive(Default, Deserialize)]
#[serde(default)]
struct GatewayBody {
    spec: GatewaySpec,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct GatewaySpec {
    servers: Option<Vec<Server>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Server {
    port: Port,
    hosts: Option<Vec<String>>,
    tls: Option<ServerTls>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Port {
    number: u32,
    protocol: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ServerTls {
    mode: Option<String>,
    https_redirect: Option<bool>,
    credential_name: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct VirtualBody {
    spec: VirtualSpec,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct VirtualSpec {
    gateways: Option<Vec<String>>,
    http: Option<Vec<Routes>>,
    tls: Option<Vec<Routes>>,
    tcp: Option<Vec<Routes>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Routes {
    route: Option<Vec<Route>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Route {
    destination: Destination,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Destination {
    host: String,
}

/// A destination as namespace and service: `reviews`, `reviews.shop`, `reviews.shop.svc.cluster.local`.
fn service<'h>(host: &'h str, own: &'h str) -> (&'h str, &'h str) {
    let mut parts = host.split('.');
    let name = parts.next().unwrap_or(host);
    (parts.next().unwrap_or(own), name)
}

pub(super) fn observe<'a>(join: &Join<'a>, reading: &mut Reading<'a>, reach: &Reach<'_, 'a>, ways: &mut Vec<WayIn>) {
    let mut behind: BTreeMap<String, BTreeSet<(String, String)>> = BTreeMap::new();
    for object in reading.wish(GROUP, "VirtualService") {
        let Some(VirtualBody { spec }) = reading.body::<VirtualBody>(object) else { continue };
        let lists = [spec.http, spec.tls, spec.tcp].into_iter().flatten().flatten();
        let routes = lists.flat_map(|routes| routes.route.unwrap_or_default());
        let targets: Vec<(String, String)> = routes
            .map(|route| {
                let (namespace, name) = service(&route.destination.host, &object.namespace);
                (namespace.to_owned(), name.to_owned())
            })
            .collect();
        for gateway in spec.gateways.unwrap_or_default() {
            let key = if gateway.contains('/') { gateway } else { format!("{}/{gateway}", object.namespace) };
            behind.entry(key).or_default().extend(targets.iter().cloned());
        }
    }
    let owners = join.owners(GROUP, "Gateway");
    for (index, object) in reading.wish(GROUP, "Gateway").iter().enumerate() {
        let Some(body) = reading.body::<GatewayBody>(object) else { continue };
        let mut way = WayIn::of("Istio Gateway", object);
        let (mut hosts, mut plain, mut modes) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for server in body.spec.servers.unwrap_or_default() {
            // `namespace/host` limits which VirtualServices may bind.
            let named: Vec<String> = server.hosts.unwrap_or_default();
            let named = named.iter().map(|host| host.rsplit_once('/').map_or(&**host, |(_, host)| host).to_owned());
            let named: BTreeSet<String> = named.collect();
            way.ports.push(format!("{}/{}", server.port.number, server.port.protocol));
            let tls = server.tls.unwrap_or_default();
            if let Some(name) = tls.credential_name {
                way.certificates.push(format!("{}/{name}", object.namespace));
            }
            match (&*server.port.protocol, tls.mode.as_deref()) {
                (_, Some("PASSTHROUGH" | "AUTO_PASSTHROUGH")) => _ = modes.insert("passthrough"),
                ("HTTPS" | "TLS", _) | (_, Some(_)) => _ = modes.insert("tls"),
                _ if tls.https_redirect == Some(true) => way.redirect = Redirect::ToTls,
                ("HTTP" | "HTTP2" | "GRPC" | "GRPC-WEB", _) => plain.extend(named.iter().cloned()),
                _ => _ = modes.insert("open"),
            }
            hosts.extend(named);
        }
        way.tls = match (plain.is_empty(), modes.contains("tls"), modes.contains("passthrough")) {
            (false, false, false) => Tls::None,
            (false, ..) => Tls::Partly,
            (true, true, _) => Tls::All,
            (true, false, true) => Tls::Passthrough,
            (true, false, false) if way.redirect == Redirect::ToTls => Tls::Redirects,
            (true, false, false) => Tls::NotVisible,
        };
        way.hosts = hosts.into_iter().collect();
        way.without_tls = plain.into_iter().collect();
        let key = format!("{}/{}", object.namespace, object.name);
        let targets = behind.remove(&key).unwrap_or_default();
        way.backends = targets.iter().map(|(namespace, name)| reach.service(namespace, name)).collect();
        ways.push(way.owned(&owners, index));
    }
}
