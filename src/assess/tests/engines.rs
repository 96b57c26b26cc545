//! Checks on policy engines, mesh, monitoring and delivery.

use super::*;

const VALIDATING: &str = "admissionregistration.k8s.io/ValidatingWebhookConfiguration";
const MUTATING: &str = "admissionregistration.k8s.io/MutatingWebhookConfiguration";

fn webhook(failure: &str, selector: Value) -> Vec<List> {
    let body = json!({ "webhooks": [{ "name": "validate.kyverno.svc", "failurePolicy": failure,
        "clientConfig": { "service": { "namespace": "kyverno", "name": "kyverno-svc" } },
        "namespaceSelector": selector, "rules": [{ "apiGroups": ["*"], "resources": ["*/*"] }] }] });
    let operator = json!({ "webhooks": [{ "name": "webhook.cert-manager.io", "failurePolicy": "Ignore" }] });
    let objects =
        vec![object("", "kyverno-resource-validating-webhook-cfg", body), object("", "cert-manager", operator)];
    let named = |name: &str| labelled(object("", name, json!({})), &[("kubernetes.io/metadata.name", name)]);
    vec![
        list(VALIDATING, objects),
        list(MUTATING, Vec::new()),
        list("Namespace", vec![named("shop"), named("kyverno")]),
    ]
}

#[test]
pub(super) fn webhooks_of_engines_are_told_apart() {
    let not_in = |name: &str| {
        json!({ "matchExpressions": [
        { "key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": [name] }] })
    };
    tell_apart("webhook-fail-open", webhook("Fail", json!({})), webhook("Ignore", json!({})), "everything");
    tell_apart("webhook-hole", webhook("Fail", not_in("kyverno")), webhook("Fail", not_in("shop")), "leaves out shop");
}

#[test]
pub(super) fn policies_are_told_apart() {
    let policy = |bound: &str| {
        let binding = json!({ "spec": { "policyName": bound, "validationActions": ["Deny"] } });
        vec![
            list("admissionregistration.k8s.io/ValidatingAdmissionPolicy", vec![object("", "images", json!({}))]),
            list("admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding", vec![object("", "b", binding)]),
        ]
    };
    tell_apart("admission-policy-bound", policy("images"), policy("other"), "it does nothing");
    let kyverno = |action: &str| {
        let body = json!({ "spec": { "rules": [{ "name": "tag", "validate": { "failureAction": action } }] } });
        vec![list("kyverno.io/ClusterPolicy", vec![object("", "disallow-latest-tag", body)])]
    };
    tell_apart("kyverno-enforces", kyverno("Enforce"), kyverno("Audit"), "tag");
}

#[test]
pub(super) fn constraints_are_told_apart() {
    let constraint = |spec: Value| {
        vec![
            list("templates.gatekeeper.sh/ConstraintTemplate", vec![object("", "k8srequiredlabels", json!({}))]),
            list(
                "constraints.gatekeeper.sh/K8sRequiredLabels",
                vec![object("", "ns-must-have-owner", json!({ "spec": spec }))],
            ),
        ]
    };
    let enforced = constraint(json!({ "match": { "kinds": [{ "kinds": ["Namespace"] }] } }));
    tell_apart("gatekeeper-enforces", enforced, constraint(json!({ "enforcementAction": "dryrun" })), "dryrun");
    let scoped = json!({ "enforcementAction": "scoped", "scopedEnforcementActions": [
        { "action": "deny", "enforcementPoints": [{ "name": "gator.gatekeeper.sh" }] }, { "action": "warn" }] });
    let (outcome, messages) = ask("gatekeeper-enforces", constraint(scoped));
    assert!(outcome == Outcome::Fail && messages[0].ends_with("scoped (deny, warn)"), "{messages:?}");
    let unread = constraint(json!({})).into_iter().take(1).collect();
    assert_eq!(ask("gatekeeper-enforces", unread).0, Outcome::NotVisible);
}

#[test]
pub(super) fn guards_of_namespaces_are_told_apart() {
    let guarded = |level: &str, policies: Vec<crate::snapshot::Object>| {
        let namespace = labelled(object("", "shop", json!({})), &[("pod-security.kubernetes.io/enforce", level)]);
        let mut lists = vec![
            list("Pod", vec![object("shop", "web", json!({}))]),
            list("Namespace", vec![namespace]),
            list("kyverno.io/ClusterPolicy", policies),
        ];
        let policies = ["ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"];
        lists.extend(policies.map(|kind| list(&format!("admissionregistration.k8s.io/{kind}"), Vec::new())));
        let none = [VALIDATING, MUTATING, "apiextensions.k8s.io/CustomResourceDefinition", "Service"];
        lists.extend(none.map(|kind| list(kind, Vec::new())));
        lists
    };
    let fails = "no admission policy refuses anything";
    tell_apart("admission-guards", guarded("baseline", Vec::new()), guarded("privileged", Vec::new()), fails);
    let body = json!({ "spec": { "rules": [{ "name": "tag", "validate": { "failureAction": "Enforce" } }] } });
    let engine = guarded("privileged", vec![object("", "disallow-latest-tag", body)]);
    assert_eq!(ask("admission-guards", engine).0, Outcome::Manual);
    let mut unread = guarded("privileged", Vec::new());
    unread.retain(|list| list.record.kind != "CustomResourceDefinition");
    assert_eq!(ask("admission-guards", unread).0, Outcome::NotVisible);
}

#[test]
pub(super) fn servers_without_alerts_are_told_apart() {
    let rules = |rule: Value| {
        let body = json!({ "spec": { "groups": [{ "name": "shop", "rules": [rule] }] } });
        vec![
            list("monitoring.coreos.com/Prometheus", vec![object("monitoring", "main", json!({}))]),
            list("monitoring.coreos.com/PrometheusRule", vec![object("shop", "shop", body)]),
        ]
    };
    let alert = rules(json!({ "alert": "ShopDown", "expr": "up == 0" }));
    tell_apart("alert-rules", alert, rules(json!({ "record": "job:up:sum", "expr": "sum(up)" })), "holds an alert");
}

#[test]
pub(super) fn meshes_are_told_apart() {
    let peers = |namespace: &str, mode: &str| {
        let policy = |mode: &str| json!({ "spec": { "mtls": { "mode": mode } } });
        vec![
            list("security.istio.io/PeerAuthentication", vec![object(namespace, "default", policy(mode))]),
            namespaces(&["istio-system", "shop"]),
        ]
    };
    tell_apart("mesh-strict", peers("istio-system", "STRICT"), peers("shop", "STRICT"), "no mesh-wide");
    let (outcome, messages) = ask("mesh-strict", peers("istio-system", "PERMISSIVE"));
    assert_eq!((outcome, messages.len()), (Outcome::Fail, 2));
}

#[test]
pub(super) fn log_shippers_are_told_apart() {
    let shipper = |image: &str, ready: u64| {
        let body = json!({ "spec": { "template": { "spec": { "containers": [{ "image": image }] } } },
                           "status": { "desiredNumberScheduled": 2, "numberReady": ready } });
        let nodes = vec![object("", "a", json!({})), object("", "b", json!({}))];
        vec![list("apps/DaemonSet", vec![object("shop", "logs", body)]), list("Node", nodes)]
    };
    let image = "cr.fluentbit.io/fluent/fluent-bit:4.1.1";
    tell_apart("log-shipper-coverage", shipper(image, 2), shipper(image, 1), "numberReady = 1");
    assert_eq!(ask("log-shipper-coverage", shipper("kube-proxy", 2)).0, Outcome::Manual);
}

#[test]
pub(super) fn delivery_is_told_apart() {
    let workload = |labels: &[(&str, &str)]| {
        let mut lists = vec![list("argoproj.io/Application", vec![object("argocd", "shop", json!({}))])];
        lists.push(list("apps/Deployment", vec![labelled(object("shop", "web", json!({})), labels)]));
        let empty = ["apps/DaemonSet", "apps/StatefulSet", "batch/CronJob", "batch/Job"];
        lists.extend(empty.map(|kind| list(kind, Vec::new())));
        lists
    };
    let marked = workload(&[("argocd.argoproj.io/instance", "shop")]);
    tell_apart("delivery-gitops", marked, workload(&[("app.kubernetes.io/managed-by", "Helm")]), "mark");
    let project = |source: &str| {
        let body = json!({ "spec": { "sourceRepos": [source] } });
        vec![list("argoproj.io/AppProject", vec![object("argocd", "shop", body)])]
    };
    tell_apart("project-sources", project("https://git.example/shop/*"), project("*"), "spec.sourceRepos");
}
