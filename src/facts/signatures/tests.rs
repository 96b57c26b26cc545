use serde_json::{Value, json};

use super::*;
use crate::{
    assess::testing::{labelled, list, namespaces, object, snapshot, workspace},
    ownership,
    snapshot::List,
};

/// As the engines' charts install them.
fn webhook(engine: &str, selector: Value) -> List {
    let webhook = json!({
        "name": engine, "namespaceSelector": selector,
        "clientConfig": { "service": { "namespace": "system", "name": "webhook" } },
        "rules": [{ "apiGroups": [""], "resources": ["pods", "pods/ephemeralcontainers"] }],
    });
    let configuration = object("", engine, json!({ "webhooks": [webhook] }));
    list("admissionregistration.k8s.io/MutatingWebhookConfiguration", vec![configuration])
}

fn seen(mut lists: Vec<List>) -> Signatures {
    let pod = |namespace: &str, image: &str| {
        object(namespace, "web", json!({ "spec": { "containers": [{ "name": "web", "image": image }] } }))
    };
    let mut spaces = namespaces(&["kube-system", "payments", "shop", "unused"]).seen().to_vec();
    for namespace in &mut spaces {
        let name = namespace.name.to_string();
        *namespace = labelled(namespace.clone(), &[("kubernetes.io/metadata.name", &name)]);
    }
    lists.extend([
        list("Namespace", spaces),
        list("admissionregistration.k8s.io/ValidatingWebhookConfiguration", Vec::new()),
        list(
            "Pod",
            vec![
                pod("kube-system", "registry.k8s.io/pause:3.10"),
                pod("payments", "registry.example.com/payments/api:1.4"),
                pod("shop", "nginx"),
            ],
        ),
    ]);
    let snapshot = snapshot(lists);
    let workspace = workspace(Vec::new());
    observe(&ownership::join(&workspace, &snapshot), &Pods::of(&snapshot)).seen().clone()
}

fn unverified(found: &Signatures) -> Vec<&str> {
    found.namespaces.iter().filter(|it| !it.unverified.is_empty()).map(|it| &*it.namespace).collect()
}

fn kyverno(action: &str, matches: Value, images: Value) -> Signatures {
    let everywhere_but = json!({ "matchExpressions": [
        { "key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["kube-system"] },
    ] });
    let rule = json!({
        "name": "signed", "match": matches,
        "verifyImages": [{ "imageReferences": images, "failureAction": action }],
    });
    let policy = object("", "check-images", json!({ "spec": { "rules": [rule] } }));
    seen(vec![
        webhook("kyverno-resource-mutating-webhook-cfg", everywhere_but),
        list("kyverno.io/ClusterPolicy", vec![policy]),
    ])
}

#[test]
fn a_kyverno_rule_covers_what_its_webhook_and_its_match_cover() {
    let pods = json!({ "any": [{ "resources": { "kinds": ["Pod"] } }] });
    let found = kyverno("Enforce", pods.clone(), json!(["*"]));
    let policy = &found.policies[0];
    assert_eq!((&*policy.name, policy.enforces), ("check-images: signed", true));
    assert_eq!(
        (&policy.covered[..], &policy.left_out[..]),
        (&["payments".to_owned(), "shop".to_owned()][..], &["kube-system".to_owned()][..])
    );
    assert_eq!(unverified(&found), ["kube-system"]);
    // Only some images; only recorded.
    assert_eq!(
        unverified(&kyverno("Enforce", pods.clone(), json!(["registry.example.com/*"]))),
        ["kube-system", "shop"]
    );
    assert_eq!(unverified(&kyverno("Audit", pods, json!(["*"]))), ["kube-system", "payments", "shop"]);
    // Only some namespaces; only some Pods of them.
    let some = json!({ "any": [{ "resources": { "kinds": ["Pod"], "namespaces": ["pay*"] } }] });
    assert_eq!(unverified(&kyverno("Enforce", some, json!(["*"]))), ["kube-system", "shop"]);
    let labelled =
        json!({ "any": [{ "resources": { "kinds": ["Pod"], "selector": { "matchLabels": { "a": "b" } } } }] });
    let found = kyverno("Enforce", labelled, json!(["*"]));
    assert_eq!((found.policies[0].covered.len(), found.policies[0].partly.len()), (0, 2));
    assert_eq!(unverified(&found), ["kube-system", "payments", "shop"]);
}

#[test]
fn an_image_validating_policy_denies_by_default() {
    let policy = |spec: Value| {
        let everywhere = webhook("kyverno-resource-validating-webhook-cfg", json!({}));
        seen(vec![
            everywhere,
            list("policies.kyverno.io/ImageValidatingPolicy", vec![object("", "signed", json!({ "spec": spec }))]),
        ])
    };
    let rules = json!([{ "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"] }]);
    let all = policy(json!({ "matchConstraints": { "resourceRules": rules } }));
    assert!(all.policies[0].enforces && unverified(&all).is_empty());
    let glob = json!([{ "glob": "docker.io/nginx*" }]);
    let some = policy(json!({ "matchConstraints": { "resourceRules": rules }, "matchImageReferences": glob }));
    assert_eq!(unverified(&some), ["kube-system", "payments"]);
    let warns = policy(json!({ "matchConstraints": { "resourceRules": rules }, "validationActions": ["Audit"] }));
    assert_eq!((warns.policies[0].enforces, unverified(&warns).len()), (false, 3));
    let conditional = json!({ "matchConstraints": { "resourceRules": rules }, "matchConditions": [{ "name": "a" }] });
    assert_eq!(policy(conditional).policies[0].partly.len(), 3);
}

#[test]
fn the_sigstore_controller_looks_where_a_namespace_asks_for_it() {
    // The controller's own configuration: namespaces opt in.
    let opted =
        json!({ "matchExpressions": [{ "key": "kubernetes.io/metadata.name", "operator": "In", "values": ["shop"] }] });
    let policy = |spec: Value| {
        let policy = object("", "signed", json!({ "spec": spec }));
        seen(vec![
            webhook("policy.sigstore.dev", opted.clone()),
            list("policy.sigstore.dev/ClusterImagePolicy", vec![policy]),
        ])
    };
    let every = json!({ "images": [{ "glob": "**" }], "authorities": [{ "name": "release" }] });
    assert_eq!(unverified(&policy(every)), ["kube-system", "payments"]);
    let one_level = json!({ "images": [{ "glob": "index.docker.io/*" }] });
    assert_eq!(unverified(&policy(one_level)).len(), 3);
    let library = json!({ "images": [{ "glob": "index.docker.io/library/*" }] });
    assert_eq!(unverified(&policy(library)).len(), 2);
    let warns = json!({ "mode": "warn", "images": [{ "glob": "**" }] });
    assert_eq!(unverified(&policy(warns)).len(), 3);
    let passes = json!({ "images": [{ "glob": "**" }], "authorities": [{ "static": { "action": "pass" } }] });
    assert!(policy(passes).policies.is_empty());
}
