use serde_json::json;

use super::*;
use crate::{
    assess::testing::{labelled, list, namespaces, object, snapshot, workspace},
    ownership,
    snapshot::{List, Object},
};

fn seen(lists: Vec<List>) -> Admission {
    let (snapshot, workspace) = (snapshot(lists), workspace(Vec::new()));
    observe(&ownership::join(&workspace, &snapshot)).seen().clone()
}

fn owned_by(name: &str, owner: &str) -> Object {
    labelled(object("", name, json!({})), &[("platform.example/owner", owner)])
}

#[test]
fn a_webhook_names_the_namespaces_it_leaves_out_and_a_service_that_is_gone() {
    // Kyverno's own webhook configuration, as its chart excludes kube-system.
    let webhook = json!({ "webhooks": [{
        "name": "validate.kyverno.svc-fail", "failurePolicy": "Ignore", "timeoutSeconds": 10,
        "clientConfig": { "service": { "namespace": "kyverno", "name": "kyverno-svc" } },
        "namespaceSelector": { "matchExpressions": [
            { "key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["kube-system"] }] },
        "rules": [{ "apiGroups": [""], "resources": ["pods"] }, { "apiGroups": ["apps"], "resources": ["deployments"] }] }] });
    let named = |name: &str| labelled(object("", name, json!({})), &[("kubernetes.io/metadata.name", name)]);
    let admission = seen(vec![
        list("Namespace", vec![named("kube-system"), named("shop")]),
        list(
            "admissionregistration.k8s.io/ValidatingWebhookConfiguration",
            vec![object("", "kyverno-resource-validating-webhook-cfg", webhook)],
        ),
        list("Service", Vec::new()),
        list("Pod", Vec::new()),
    ]);
    let webhook = &admission.webhooks[0];
    assert_eq!((webhook.engine.as_deref(), &*webhook.failure_policy), (Some("Kyverno"), "Ignore"));
    assert_eq!(webhook.left_out, ["kube-system"]);
    assert_eq!(webhook.resources, ["deployments.apps", "pods"]);
    assert!(webhook.service.as_ref().is_some_and(|service| service.state.dangles()));
}

#[test]
fn admission_policies_enforce_where_a_binding_says_so() {
    // From the recorded cluster.
    let binding = |values: &[&str], actions: &[&str]| {
        json!({ "spec": { "policyName": "approved-registries", "validationActions": actions,
            "matchResources": { "namespaceSelector": { "matchExpressions": [
                { "key": "platform.example/owner", "operator": "In", "values": values }] } } } })
    };
    let group = |kind: &str| format!("admissionregistration.k8s.io/{kind}");
    let admission = seen(vec![
        list("Namespace", vec![owned_by("pay", "payments"), owned_by("store", "storefront"), owned_by("none", "x")]),
        list(
            &group("ValidatingAdmissionPolicy"),
            vec![object("", "approved-registries", json!({})), object("", "require-requests", json!({}))],
        ),
        list(
            &group("ValidatingAdmissionPolicyBinding"),
            vec![
                object("", "audit", binding(&["storefront"], &["Audit", "Warn"])),
                object("", "deny", binding(&["payments"], &["Deny"])),
            ],
        ),
    ]);
    let policy = &admission.policies[0];
    assert_eq!((policy.mode, &*policy.enforced[0], &*policy.audited[0]), (Mode::Mixed, "pay", "store"));
    assert_eq!(policy.left_out, ["none"]);
    assert_eq!(admission.policies[1].mode, Mode::Unbound);
}

#[test]
fn kyverno_rules_override_their_policy() {
    let rule = |name: &str, action: serde_json::Value| json!({ "name": name, "validate": { "failureAction": action } });
    let body = json!({ "spec": { "validationFailureAction": "Audit", "rules": [
        rule("own", json!(null)), rule("strict", json!("Enforce")), { "name": "adds", "mutate": {} }] } });
    let admission =
        seen(vec![namespaces(&["shop"]), list("kyverno.io/ClusterPolicy", vec![object("", "labels", body)])]);
    let policy = &admission.policies[0];
    assert_eq!(
        (policy.mode, policy.enforced.join(","), policy.audited.join(",")),
        (Mode::Mixed, "strict".into(), "own".into())
    );
}

#[test]
fn constraints_of_every_template_are_read_with_their_total() {
    // As Gatekeeper's audit writes it: at most 20 violations are listed, the total counts all.
    let body = json!({ "spec": { "enforcementAction": "dryrun", "match": { "excludedNamespaces": ["kube-*"] } },
        "status": { "totalViolations": 42, "violations": [
            { "enforcementAction": "dryrun", "kind": "Pod", "namespace": "shop", "name": "web", "message": "no" }] } });
    let admission = seen(vec![
        namespaces(&["shop"]),
        list("constraints.gatekeeper.sh/K8sRequiredLabels", vec![object("", "owner", body)]),
    ]);
    let policy = &admission.policies[0];
    assert_eq!((policy.mode, policy.violations, &*policy.violating[0]), (Mode::Audit, Some(42), "Pod shop/web"));
    assert_eq!(policy.left_out, ["kube-*"]);
}
