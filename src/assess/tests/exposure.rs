//! Checks on ways in and certificates.

use super::*;

const INGRESS: &str = "networking.k8s.io/Ingress";
const GATEWAY: &str = "gateway.networking.k8s.io/Gateway";
const HTTP_ROUTE: &str = "gateway.networking.k8s.io/HTTPRoute";

fn ingress(host: &str) -> Value {
    json!({ "spec": { "rules": [{ "host": host }], "tls": [{ "hosts": [host], "secretName": "shop-tls" }] } })
}

fn gateway(from: &str) -> Vec<List> {
    let listener = |name: &str, port: u16, protocol: &str| json!({ "name": name, "port": port, "protocol": protocol, "allowedRoutes": { "namespaces": { "from": from } } });
    let listeners = json!([listener("http", 80, "HTTP"), listener("https", 443, "HTTPS")]);
    vec![list(GATEWAY, vec![object("shop", "gateway", json!({ "spec": { "listeners": listeners } }))])]
}

fn routed(section: Value) -> Vec<List> {
    let parent = json!({ "name": "gateway", "sectionName": section });
    let route = json!({ "spec": { "hostnames": ["shop.example"], "parentRefs": [parent], "rules": [] } });
    let mut lists = gateway("Same");
    lists.extend([list(HTTP_ROUTE, vec![object("shop", "web", route)]), namespaces(&["shop"])]);
    lists
}

#[test]
pub(super) fn gateways_and_routes_are_told_apart() {
    tell_apart("gateway-open-listener", gateway("Same"), gateway("All"), "allowedRoutes.namespaces.from = All");
    tell_apart("gateway-route-tls", routed(json!("https")), routed(json!(null)), "without TLS for shop.example");
    let route = |tls: Value| {
        vec![list("route.openshift.io/Route", vec![object("shop", "web", json!({ "spec": { "tls": tls } }))])]
    };
    let allow = json!({ "termination": "edge", "insecureEdgeTerminationPolicy": "Allow" });
    tell_apart("openshift-route-tls", route(json!({ "termination": "edge" })), route(allow), "= Allow");
    tell_apart("openshift-route-tls", route(json!({ "termination": "passthrough" })), route(json!(null)), "spec.tls");
}

#[test]
pub(super) fn hosts_of_ingresses_are_told_apart() {
    let lists =
        |one: Value, other: Value| vec![list(INGRESS, vec![object("shop", "web", one), object("other", "web", other)])];
    let good = || lists(ingress("a.example"), ingress("b.example"));
    assert_eq!(ask("ingress-host-owner", good()).0, Outcome::Pass);
    let (outcome, messages) = ask("ingress-host-owner", lists(ingress("a.example"), ingress("a.example")));
    assert_eq!((outcome, messages.len()), (Outcome::Fail, 2));
    assert!(messages.iter().any(|message| message == "a.example is also served by shop/web"), "{messages:?}");
    let wild = lists(ingress("*.example"), ingress("b.example"));
    tell_apart("ingress-host-wildcard", good(), wild, "*.example");
}

#[test]
pub(super) fn certificates_are_told_apart() {
    let certificate = |status: Value| {
        let body = json!({ "spec": { "secretName": "shop-tls" }, "status": status });
        list("cert-manager.io/Certificate", vec![object("shop", "shop", body)])
    };
    let status = |ready: &str, renewal: &str| {
        json!({ "notAfter": "2027-02-01T00:00:00Z", "renewalTime": renewal,
                "conditions": [{ "type": "Ready", "status": ready, "reason": "Failed" }] })
    };
    let good = || vec![certificate(status("True", "2027-01-01T00:00:00Z"))];
    tell_apart("certificate-ready", good(), vec![certificate(status("False", "2027-01-01T00:00:00Z"))], "Failed");
    let late = vec![certificate(status("True", "2026-11-01T00:00:00Z"))];
    tell_apart("certificate-ready", good(), late, "status.renewalTime passed 20 days ago");

    let web = || list(INGRESS, vec![object("shop", "web", ingress("a.example"))]);
    let kept = vec![web(), certificate(json!({}))];
    let by_hand = vec![web(), list("cert-manager.io/Certificate", Vec::new())];
    tell_apart("ingress-certificate-managed", kept, by_hand, "the Secret shop-tls");
}

#[test]
pub(super) fn approved_client_certificates_are_told_apart() {
    let request = |signer: &str| {
        let body = json!({ "spec": { "signerName": signer, "username": "alice" },
                           "status": { "conditions": [{ "type": "Approved", "status": "True" }] } });
        vec![list("certificates.k8s.io/CertificateSigningRequest", vec![object("", "csr", body)])]
    };
    let client = request("kubernetes.io/kube-apiserver-client");
    tell_apart("client-certificate-approved", request("kubernetes.io/kubelet-serving"), client, "alice");
}
