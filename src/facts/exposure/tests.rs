use serde_json::json;

use super::*;
use crate::{
    assess::testing::{labelled, list, object, snapshot, workspace},
    ownership,
    snapshot::Snapshot,
};

fn seen(snapshot: &Snapshot) -> Exposure {
    let workspace = workspace(Vec::new());
    let join = ownership::join(&workspace, snapshot);
    observe(&join, &Pods::of(snapshot)).seen().clone()
}

fn pod(namespace: &str, name: &str) -> Object {
    let ready = json!({ "status": { "conditions": [{ "type": "Ready", "status": "True" }] } });
    labelled(object(namespace, name, ready), &[("app", name)])
}

fn service(namespace: &str, name: &str) -> Object {
    object(namespace, name, json!({ "spec": { "selector": { "app": name }, "ports": [{ "port": 8080 }] } }))
}

/// The cross-namespace example of the Gateway API's guide: an infrastructure namespace holds the Gateway, two teams
/// attach routes by the label of their namespaces.
fn shared_gateway(http: serde_json::Value) -> Snapshot {
    let gateway = json!({ "spec": { "gatewayClassName": "acme-lb", "listeners": [
        { "name": "https", "hostname": "foo.example.com", "port": 443, "protocol": "HTTPS",
          "tls": { "certificateRefs": [{ "name": "foo-example-com" }] },
          "allowedRoutes": { "namespaces": { "from": "Selector",
            "selector": { "matchLabels": { "shared-gateway-access": "true" } } } } },
        http,
    ]}});
    let route = |backend: serde_json::Value| {
        json!({ "spec": { "parentRefs": [{ "name": "shared-gateway", "namespace": "infra-ns" }],
                "rules": [{ "backendRefs": [backend] }] } })
    };
    let open = |name| labelled(object("", name, json!({})), &[("shared-gateway-access", "true")]);
    snapshot(vec![
        list(
            "Namespace",
            vec![
                object("", "infra-ns", json!({})),
                open("site-ns"),
                open("store-ns"),
                object("", "no-external-access", json!({})),
            ],
        ),
        list("gateway.networking.k8s.io/Gateway", vec![object("infra-ns", "shared-gateway", gateway)]),
        list(
            "gateway.networking.k8s.io/HTTPRoute",
            vec![
                object("store-ns", "store", route(json!({ "name": "store", "port": 8080 }))),
                object("site-ns", "login", route(json!({ "name": "login", "namespace": "auth", "port": 8080 }))),
                object("no-external-access", "internal", route(json!({ "name": "internal", "port": 8080 }))),
            ],
        ),
        list("Service", vec![service("store-ns", "store"), service("auth", "login")]),
        list("Pod", vec![pod("store-ns", "store"), pod("auth", "login")]),
    ])
}

fn way<'e>(exposure: &'e Exposure, name: &str) -> &'e WayIn {
    exposure.ways.iter().find(|way| way.name == name).expect("the way in")
}

#[test]
fn routes_attach_to_the_listeners_that_allow_their_namespace() {
    let plain = json!({ "name": "http", "hostname": "foo.example.com", "port": 80, "protocol": "HTTP",
                        "allowedRoutes": { "namespaces": { "from": "All" } } });
    let exposure = seen(&shared_gateway(plain));
    let store = way(&exposure, "store");
    assert_eq!((store.tls, &*store.without_tls), (Tls::Partly, &["foo.example.com".to_owned()][..]));
    assert_eq!(store.certificates, ["infra-ns/foo-example-com"]);
    assert_eq!(store.backends[0].state, BackendState::Ready);
    assert_eq!(store.backends[0].workloads, ["Pod store"]);
    // Another namespace's service needs that namespace's ReferenceGrant.
    assert_eq!(way(&exposure, "login").backends[0].state, BackendState::NotGranted);
    // The selector leaves this namespace out, the open listener does not.
    let internal = way(&exposure, "internal");
    assert_eq!((internal.tls, internal.ports.len()), (Tls::None, 1));
    assert_eq!(internal.backends[0].state, BackendState::Missing);
    assert_eq!(exposure.open_listeners.len(), 1);
    assert_eq!(exposure.open_listeners[0].listener, "http");
}

#[test]
fn a_listener_of_its_own_namespace_takes_nobody_elses_routes() {
    let same = json!({ "name": "http", "port": 80, "protocol": "HTTP" });
    let exposure = seen(&shared_gateway(same));
    assert_eq!(way(&exposure, "store").tls, Tls::All);
    assert_eq!(way(&exposure, "internal").problems, ["no listener of Gateway infra-ns/shared-gateway takes it"]);
    assert!(exposure.open_listeners.is_empty());
}

#[test]
fn openshift_routes_say_how_they_end_tls() {
    let route = |tls: serde_json::Value| json!({ "spec": { "host": "a.apps.example", "to": { "kind": "Service", "name": "web" }, "tls": tls } });
    let edge = json!({ "termination": "edge", "insecureEdgeTerminationPolicy": "Redirect" });
    let allow = json!({ "termination": "edge", "insecureEdgeTerminationPolicy": "Allow" });
    let snapshot = snapshot(vec![list(
        "route.openshift.io/Route",
        vec![
            object("a", "edge", route(edge)),
            object("b", "allow", route(allow)),
            object("b", "plain", route(json!(null))),
        ],
    )]);
    let exposure = seen(&snapshot);
    assert_eq!((way(&exposure, "edge").tls, way(&exposure, "edge").redirect), (Tls::All, Redirect::ToTls));
    assert_eq!(way(&exposure, "allow").tls, Tls::Partly);
    assert_eq!(way(&exposure, "plain").without_tls, ["a.apps.example"]);
    // One host, two namespaces that nobody owns.
    assert_eq!(exposure.shared_hosts.len(), 1);
    // No list of Services: nothing is said of the backend.
    assert_eq!(way(&exposure, "edge").backends[0].state, BackendState::Unknown);
}

#[test]
fn internal_load_balancers_and_source_ranges_are_told_apart() {
    let load_balancer = |ranges: &[&str]| {
        json!({ "spec": { "type": "LoadBalancer", "loadBalancerSourceRanges": ranges,
                "ports": [{ "port": 443, "nodePort": 30443 }], "selector": { "app": "web" } } })
    };
    let mut inside = object("shop", "inside", load_balancer(&[]));
    inside.annotations.insert("networking.gke.io/load-balancer-type".into(), "Internal".into());
    let snapshot = snapshot(vec![
        list(
            "Service",
            vec![inside, object("shop", "limited", load_balancer(&["192.0.2.0/24"])), service("shop", "web")],
        ),
        list("Pod", Vec::new()),
    ]);
    let exposure = seen(&snapshot);
    assert_eq!(exposure.ways.len(), 2);
    assert!(way(&exposure, "inside").internal && !way(&exposure, "limited").internal);
    assert_eq!(way(&exposure, "limited").source_ranges, ["192.0.2.0/24"]);
    assert_eq!(way(&exposure, "limited").ports, ["443:30443/TCP"]);
    assert_eq!(way(&exposure, "limited").backends[0].state, BackendState::NoPods);
}

#[test]
fn istio_gateways_lead_where_their_virtual_services_say() {
    // From Istio's ingress task, with an HTTPS server beside it.
    let gateway = json!({ "spec": { "servers": [
        { "port": { "number": 80, "name": "http", "protocol": "HTTP" }, "hosts": ["httpbin.example.com"] },
        { "port": { "number": 443, "name": "https", "protocol": "HTTPS" }, "hosts": ["shop/secure.example.com"],
          "tls": { "mode": "SIMPLE", "credentialName": "httpbin-credential" } },
    ]}});
    let virtual_service = json!({ "spec": { "hosts": ["httpbin.example.com"], "gateways": ["httpbin-gateway"],
        "http": [{ "route": [{ "destination": { "host": "httpbin.shop.svc.cluster.local" } }] }] } });
    let snapshot = snapshot(vec![
        list("networking.istio.io/Gateway", vec![object("shop", "httpbin-gateway", gateway)]),
        list("networking.istio.io/VirtualService", vec![object("shop", "httpbin", virtual_service)]),
        list("Service", vec![service("shop", "httpbin")]),
        list("Pod", vec![pod("shop", "httpbin")]),
    ]);
    let exposure = seen(&snapshot);
    let way = way(&exposure, "httpbin-gateway");
    assert_eq!((way.tls, &*way.without_tls), (Tls::Partly, &["httpbin.example.com".to_owned()][..]));
    assert_eq!(way.hosts, ["httpbin.example.com", "secure.example.com"]);
    assert_eq!(way.backends[0].state, BackendState::Ready);
}
