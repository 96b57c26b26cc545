//! From small clusters to outcomes: each check with an object that passes and one that fails, and the rules on evidence.

mod engines;
mod estate;
mod every;
mod exposure;
mod settings;

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{testing::*, *};
use crate::{
    snapshot::{Completeness, Kept, List},
    workspace::{CheckId, CheckOverride, Component, Exception, ExceptionId, Party, Role, RoleId, Severity, TeamId},
};

const RBAC: &str = "rbac.authorization.k8s.io";

fn shop() -> Component {
    component("shop", "platform", vec![claim(|claim| claim.namespaces = vec!["shop".to_owned()])])
}

fn assessed(workspace: &Workspace, lists: Vec<List>) -> Assessment {
    assess(workspace, &[snapshot(lists)], &History::default(), None)
}

fn result<'a>(assessment: &'a Assessment, check: &str) -> &'a CheckResult {
    let result =
        assessment.results.iter().find(|result| result.check.as_str() == check).expect("the check is in force");
    every::seen(check, result.outcome);
    result
}

/// Outcome of a check on these lists, with its messages.
pub(super) fn ask_in(workspace: &Workspace, check: &str, lists: Vec<List>) -> (Outcome, Vec<String>) {
    let assessment = assessed(workspace, lists);
    let findings = assessment.findings.iter().filter(|finding| finding.check.as_str() == check);
    let messages = findings.flat_map(|finding| &finding.objects).map(|failure| failure.message.clone()).collect();
    (result(&assessment, check).outcome, messages)
}

fn ask(check: &str, lists: Vec<List>) -> (Outcome, Vec<String>) {
    ask_in(&workspace(vec![shop()]), check, lists)
}

fn pod(spec: Value) -> Vec<List> {
    vec![list("Pod", vec![object("shop", "web", json!({ "spec": spec }))])]
}

fn container(context: Value) -> Value {
    json!({ "containers": [{ "name": "web", "image": "registry.example.com/web:1", "securityContext": context }] })
}

/// Asks about a good and a bad object; the bad one's message must name the field.
pub(super) fn tell_apart(check: &str, good: Vec<List>, bad: Vec<List>, field: &str) {
    assert_eq!(ask(check, good), (Outcome::Pass, Vec::new()), "{check}: the good one");
    let (outcome, messages) = ask(check, bad);
    assert_eq!(outcome, Outcome::Fail, "{check}: the bad one");
    assert!(messages.len() == 1 && messages[0].contains(field), "{check}: {messages:?}");
}

#[test]
fn pods_are_told_apart() {
    let hardened = container(json!({
        "runAsNonRoot": true,
        "allowPrivilegeEscalation": false,
        "readOnlyRootFilesystem": true,
        "capabilities": { "drop": ["ALL"] },
        "seccompProfile": { "type": "RuntimeDefault" },
    }));
    let mut listening = hardened.clone();
    listening["containers"][0]["ports"] = json!([{ "hostPort": 80 }]);
    let mut mounting = hardened.clone();
    mounting["volumes"] = json!([{ "name": "host", "hostPath": { "path": "/etc" } }]);
    let mut sharing = hardened.clone();
    sharing["hostPID"] = true.into();
    for (check, bad, field) in [
        ("pod-privileged", container(json!({ "privileged": true })), "securityContext.privileged = true"),
        ("pod-run-as-root", container(json!({})), "neither securityContext.runAsNonRoot nor runAsUser"),
        ("pod-run-as-root", container(json!({ "runAsUser": 0 })), "securityContext.runAsUser = 0"),
        ("pod-host-path", mounting, "hostPath.path = /etc"),
        ("pod-host-ports", listening, "container web: ports[0].hostPort = 80"),
        ("pod-privilege-escalation", container(json!({})), "allowPrivilegeEscalation is not false"),
        ("pod-capabilities", container(json!({ "capabilities": { "drop": ["NET_RAW"] } })), "does not include ALL"),
        (
            "pod-seccomp",
            container(json!({ "seccompProfile": { "type": "Unconfined" } })),
            "seccompProfile.type = Unconfined",
        ),
        ("pod-read-only-root", container(json!({})), "readOnlyRootFilesystem is not true"),
        ("pod-host-namespaces", sharing, "hostPID = true"),
        ("pod-host-process", container(json!({ "windowsOptions": { "hostProcess": true } })), "runs as a host process"),
        ("pod-security-baseline", container(json!({ "privileged": true })), "privileged = true"),
        (
            "pod-security-restricted",
            container(json!({ "runAsNonRoot": true })),
            "allowPrivilegeEscalation is not false",
        ),
    ] {
        tell_apart(check, pod(hardened.clone()), pod(bad), field);
    }
}

#[test]
fn supplies_of_pods_are_told_apart() {
    let with = |field: &str, value: Value| {
        let mut spec = container(json!({}));
        spec["containers"][0][field] = value;
        pod(spec)
    };
    let file = || {
        let mut spec = container(json!({}));
        spec["volumes"] = json!([{ "name": "db", "secret": { "secretName": "db" } }]);
        pod(spec)
    };
    let key = json!({ "secretKeyRef": { "name": "db", "key": "password" } });
    let variable = with("env", json!([{ "name": "DB_PASSWORD", "valueFrom": key }]));
    tell_apart("pod-secret-variables", file(), variable, "container web: DB_PASSWORD = db/password");
    let all = with("envFrom", json!([{ "secretRef": { "name": "db" } }]));
    tell_apart("pod-secret-variables", file(), all, "container web: db (envFrom)");
    let plain = with("env", json!([{ "name": "DB_PASSWORD", "value": "[redacted]" }]));
    tell_apart("pod-plain-secrets", file(), plain, "container web: DB_PASSWORD has a plain value");
    let limits = with("resources", json!({ "limits": { "cpu": "1", "memory": "1Gi" } }));
    tell_apart("pod-resources", limits, file(), "requests.cpu, requests.memory, limits.memory");
    tell_apart("pod-probes", with("readinessProbe", json!({ "httpGet": {} })), file(), "readinessProbe is not set");
    let quota = |quotas| {
        let lists = [namespaces(&["shop", "unused"]), list("ResourceQuota", quotas)];
        lists.into_iter().chain(file()).collect()
    };
    tell_apart("namespace-quota", quota(vec![object("shop", "all", json!({}))]), quota(Vec::new()), "no ResourceQuota");
}

#[test]
fn a_field_that_an_older_snapshot_did_not_keep_is_not_visible() {
    let probed = |kept: Kept| {
        let mut lists = pod(container(json!({})));
        lists[0].record.kept = kept;
        let assessment = assessed(&workspace(vec![shop()]), lists);
        result(&assessment, "pod-probes").clone()
    };
    let before = Kept::new(json!({ "spec": { "containers": { "[]": { "readinessProbe": { "httpGet": true } } } } }));
    for kept in [Kept::default(), before] {
        let result = probed(kept);
        assert_eq!((result.outcome, result.failures), (Outcome::NotVisible, 0));
        assert!(result.reason.contains("spec.containers[].readinessProbe.exec"), "{}", result.reason);
    }
}

#[test]
fn what_keeps_workloads_up_is_told_apart() {
    let deployment = |replicas: u64| {
        let template = json!({ "metadata": { "labels": { "app": "web" } }, "spec": container(json!({})) });
        list(
            "apps/Deployment",
            vec![object("shop", "web", json!({ "spec": { "replicas": replicas, "template": template } }))],
        )
    };
    let budget = |app: &str, allowed: u64| {
        let status = json!({ "disruptionsAllowed": allowed, "currentHealthy": 2, "desiredHealthy": 2 - allowed, "expectedPods": 2 });
        let spec = json!({ "selector": { "matchLabels": { "app": app } } });
        list("policy/PodDisruptionBudget", vec![object("shop", "web", json!({ "spec": spec, "status": status }))])
    };
    let cluster = |app| vec![deployment(2), list("apps/StatefulSet", Vec::new()), budget(app, 1)];
    tell_apart("workload-disruption-budget", cluster("web"), cluster("other"), "no PodDisruptionBudget selects");
    let (lets, blocks) = (vec![budget("web", 1)], vec![budget("web", 0)]);
    tell_apart("disruption-budget-allows", lets, blocks, "all 2 Pods have to stay");
    // A manifest has no status.
    let written = |spec| vec![list("policy/PodDisruptionBudget", vec![object("shop", "web", json!({ "spec": spec }))])];
    for blocks in [json!({ "maxUnavailable": 0 }), json!({ "maxUnavailable": "0%" }), json!({ "minAvailable": "100%" })]
    {
        let lets = written(json!({ "maxUnavailable": 1 }));
        tell_apart("disruption-budget-allows", lets, written(blocks), "lets no Pod be missing");
    }
    assert_eq!(ask("disruption-budget-allows", written(json!({ "minAvailable": 2 }))).0, Outcome::Pass);

    let scaled = |replicas| vec![deployment(replicas), list("apps/StatefulSet", Vec::new())];
    let critical = workspace(vec![Component { critical: true, ..shop() }]);
    assert_eq!(ask_in(&critical, "critical-replicas", scaled(2)).0, Outcome::Pass);
    let (outcome, messages) = ask_in(&critical, "critical-replicas", scaled(1));
    assert_eq!((outcome, messages.len()), (Outcome::Fail, 1));
    assert_eq!(ask("critical-replicas", scaled(1)).0, Outcome::NotApplicable);
}

#[test]
fn signatures_at_admission_are_told_apart() {
    let cluster = |action: &str| {
        let rules = json!([{ "apiGroups": [""], "resources": ["pods"] }]);
        let webhook = json!({ "webhooks": [{ "name": "ivpol.validate.kyverno.svc-fail", "rules": rules }] });
        let policy =
            json!({ "spec": { "validationActions": [action], "matchConstraints": { "resourceRules": rules } } });
        let group = "admissionregistration.k8s.io";
        let mut lists = pod(container(json!({})));
        lists.extend([
            namespaces(&["shop"]),
            list(&format!("{group}/MutatingWebhookConfiguration"), Vec::new()),
            list(&format!("{group}/ValidatingWebhookConfiguration"), vec![object("", "kyverno", webhook)]),
            list("policies.kyverno.io/ImageValidatingPolicy", vec![object("", "signed", policy)]),
        ]);
        for kind in [
            "kyverno.io/ClusterPolicy",
            "kyverno.io/Policy",
            "policies.kyverno.io/NamespacedImageValidatingPolicy",
            "policy.sigstore.dev/ClusterImagePolicy",
        ] {
            lists.push(list(kind, Vec::new()));
        }
        lists
    };
    tell_apart(
        "image-signature-admission",
        cluster("Deny"),
        cluster("Audit"),
        "no policy refuses unsigned images for 1 of 1",
    );
    // Policies that could not be read may be the ones that refuse.
    let mut unread = cluster("Audit");
    unread.retain(|list| list.record.kind != "ClusterImagePolicy");
    assert_eq!(ask("image-signature-admission", unread).0, Outcome::NotVisible);
}

#[test]
fn images_are_told_apart() {
    let image = |image: &str| pod(json!({ "containers": [{ "name": "web", "image": image }] }));
    tell_apart("image-tag-latest", image("quay.io/a/b:1"), image("quay.io/a/b"), "has no tag");
    tell_apart("image-tag-latest", image("a@sha256:00"), image("a:latest"), "docker.io/library/a:latest");
    let mut workspace = workspace(vec![shop()]);
    assert_eq!(ask_in(&workspace, "image-registry", image("a")).0, Outcome::Manual);
    workspace.policy.registries = vec!["registry.example.com/".to_owned()];
    assert_eq!(ask_in(&workspace, "image-registry", image("registry.example.com/a:1")).0, Outcome::Pass);
    assert_eq!(ask_in(&workspace, "image-registry", image("a:1")).0, Outcome::Fail);
}

#[test]
fn namespaces_are_told_apart() {
    let namespace = |labels: &[(&str, &str)]| list("Namespace", vec![labelled(object("", "shop", json!({})), labels)]);
    let enforce = "pod-security.kubernetes.io/enforce";
    tell_apart("pod-security-enforced", vec![namespace(&[(enforce, "baseline")])], vec![namespace(&[])], "is not set");
    tell_apart(
        "pod-security-enforced",
        vec![namespace(&[(enforce, "restricted")])],
        vec![namespace(&[(enforce, "privileged")])],
        "= privileged",
    );
    let policy = |types: Value| {
        let spec = json!({ "spec": { "podSelector": {}, "policyTypes": types } });
        vec![namespaces(&["shop"]), list("networking.k8s.io/NetworkPolicy", vec![object("shop", "deny", spec)])]
    };
    tell_apart("network-default-deny-ingress", policy(json!(["Ingress"])), policy(json!(["Egress"])), "denies ingress");
    tell_apart("network-default-deny-egress", policy(json!(["Egress"])), policy(json!(["Ingress"])), "denies egress");
}

#[test]
fn policies_that_cannot_be_evaluated_leave_the_question_open() {
    let mut lists = vec![namespaces(&["shop"]), list("networking.k8s.io/NetworkPolicy", Vec::new())];
    assert_eq!(ask("network-default-deny-ingress", lists.clone()).0, Outcome::Fail);
    lists.push(list("cilium.io/CiliumNetworkPolicy", vec![object("shop", "deny", json!({}))]));
    assert_eq!(ask("network-default-deny-ingress", lists).0, Outcome::NotVisible);
}

#[test]
fn required_connections_and_their_enforcement_are_told_apart() {
    let mut workspace = workspace(vec![
        shop(),
        component("db", "platform", vec![claim(|claim| claim.namespaces = vec!["db".to_owned()])]),
    ]);
    assert_eq!(ask_in(&workspace, "network-required-connections", on_db(json!([]))).0, Outcome::Manual);
    workspace.connections = vec![crate::workspace::Connection {
        id: crate::workspace::ConnectionId::new("shop-to-db"),
        title: "Shop to database".to_owned(),
        from: workspace.components[0].id.clone(),
        to: workspace.components[1].id.clone(),
        need: crate::workspace::ConnectionNeed::Required,
        protocol: "PostgreSQL".to_owned(),
        ports: vec![5432],
        organization: None,
        agreement: None,
        data: String::new(),
        encryption: None,
    }];
    let open = on_db(json!([{ "from": [{ "namespaceSelector": {} }] }]));
    assert_eq!(ask_in(&workspace, "network-required-connections", open), (Outcome::Pass, Vec::new()));
    let (outcome, messages) = ask_in(&workspace, "network-required-connections", on_db(json!([])));
    assert_eq!(outcome, Outcome::Fail);
    assert!(messages[0].contains("shop-to-db: no ingress rule lets TCP 5432 through to db/orders"), "{messages:?}");

    let open = || {
        on_db(
            json!([{ "from": [{ "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": "shop" } } }] }]),
        )
    };
    assert_eq!(ask_in(&workspace, "network-undeclared-paths", on_db(json!([]))), (Outcome::Pass, Vec::new()));
    let (outcome, messages) = ask_in(&workspace, "network-undeclared-paths", open());
    assert_eq!(outcome, Outcome::Fail);
    assert_eq!(messages, ["lets shop reach db on all ports, which no connection declares"]);

    let agent = |image: &str| {
        let spec = json!({ "template": { "spec": { "containers": [{ "name": "agent", "image": image }] } } });
        vec![list("apps/DaemonSet", vec![object("kube-system", "agent", json!({ "spec": spec }))])]
    };
    let (good, bad) = (agent("quay.io/cilium/cilium:v1.18.4"), agent("docker.io/flannel/flannel:v0.26.1"));
    tell_apart("network-policies-enforced", good, bad, "flannel does not enforce");
    assert_eq!(ask("network-policies-enforced", agent("example.com/net:1")).0, Outcome::NotVisible);
}

/// A shop, a database, and one policy of the database with these ingress rules.
fn on_db(ingress: Value) -> Vec<List> {
    let policy = json!({ "spec": { "podSelector": {}, "policyTypes": ["Ingress"], "ingress": ingress } });
    let pod = |namespace: &str, name: &str| object(namespace, name, json!({ "spec": { "containers": [] } }));
    vec![
        namespaces(&["shop", "db"]),
        list("Pod", vec![pod("shop", "web"), pod("db", "orders")]),
        list("networking.k8s.io/NetworkPolicy", vec![object("db", "default-deny", policy)]),
    ]
}

fn bindings(role: &str, subject: Value) -> Vec<List> {
    let body = json!({ "roleRef": { "kind": "ClusterRole", "name": role }, "subjects": [subject] });
    vec![
        list(&format!("{RBAC}/ClusterRoleBinding"), vec![object("", "b", body)]),
        list(&format!("{RBAC}/RoleBinding"), Vec::new()),
        list(&format!("{RBAC}/ClusterRole"), Vec::new()),
        list(&format!("{RBAC}/Role"), Vec::new()),
    ]
}

#[test]
fn access_is_told_apart() {
    let group = json!({ "kind": "Group", "name": "oidc:admins" });
    tell_apart(
        "rbac-cluster-admin",
        bindings("view", group.clone()),
        bindings("cluster-admin", group.clone()),
        "everything in the whole cluster to Group oidc:admins",
    );
    let mut declared = workspace(vec![shop()]);
    declared.roles.push(Role {
        id: RoleId::new("admin"),
        title: "Administrator".to_owned(),
        team: TeamId::new("platform"),
        description: String::new(),
        privileged: true,
        groups: vec!["oidc:admins".to_owned()],
        users: Vec::new(),
        service_accounts: Vec::new(),
        may: None,
    });
    assert_eq!(ask_in(&declared, "rbac-cluster-admin", bindings("cluster-admin", group)).0, Outcome::Pass);

    let roles = |verbs: Value| {
        let rules = json!({ "rules": [{ "apiGroups": ["apps"], "resources": ["deployments"], "verbs": verbs }] });
        vec![
            list(&format!("{RBAC}/ClusterRole"), vec![object("", "r", rules)]),
            list(&format!("{RBAC}/Role"), Vec::new()),
        ]
    };
    tell_apart("rbac-wildcard", roles(json!(["get"])), roles(json!(["*"])), "rules[].verbs = *");
}

/// All RBAC lists: one ClusterRole `r` with these rules, one ClusterRoleBinding `b` of it with these subjects.
fn granted(rules: Value, subjects: Value) -> Vec<List> {
    let body = json!({ "roleRef": { "kind": "ClusterRole", "name": "r" }, "subjects": subjects });
    vec![
        list(&format!("{RBAC}/ClusterRole"), vec![object("", "r", json!({ "rules": rules }))]),
        list(&format!("{RBAC}/Role"), Vec::new()),
        list(&format!("{RBAC}/ClusterRoleBinding"), vec![object("", "b", body)]),
        list(&format!("{RBAC}/RoleBinding"), Vec::new()),
        list("ServiceAccount", vec![object("shop", "web", json!({})), object("other", "stray", json!({}))]),
        namespaces(&["shop", "other"]),
    ]
}

fn rules(resource: &str, verb: &str) -> Value {
    json!([{ "apiGroups": [""], "resources": [resource], "verbs": [verb] }])
}

#[test]
fn grants_are_told_apart() {
    let dev = || json!([{ "kind": "Group", "name": "dev" }]);
    let account =
        |namespace: &str, name: &str| json!([{ "kind": "ServiceAccount", "namespace": namespace, "name": name }]);
    tell_apart(
        "rbac-escalation",
        granted(rules("pods", "get"), dev()),
        granted(rules("secrets", "list"), dev()),
        "ClusterRole r lets Group dev in the whole cluster: read Secrets",
    );
    let anyone = json!([{ "kind": "Group", "name": "system:unauthenticated" }]);
    tell_apart(
        "rbac-anyone",
        granted(rules("pods", "get"), dev()),
        granted(rules("pods", "get"), anyone),
        "bound to Group system:unauthenticated",
    );
    tell_apart(
        "rbac-default-account",
        granted(rules("pods", "get"), account("shop", "web")),
        granted(rules("pods", "get"), account("shop", "default")),
        "bound to ServiceAccount shop/default",
    );
    let mut gone = granted(rules("pods", "get"), dev());
    gone[0] = list(&format!("{RBAC}/ClusterRole"), vec![object("", "other", json!({}))]);
    tell_apart("rbac-dangling", granted(rules("pods", "get"), dev()), gone, "ClusterRole r does not exist");
}

#[test]
fn a_missing_role_is_no_finding_where_roles_were_not_all_read() {
    let mut lists = granted(rules("pods", "get"), json!([{ "kind": "Group", "name": "dev" }]));
    lists[0] = ended(&format!("{RBAC}/ClusterRole"), Completeness::Forbidden("no".to_owned()), Vec::new());
    assert_eq!(ask("rbac-dangling", lists), (Outcome::Forbidden, Vec::new()));
}

#[test]
fn undeclared_subjects_are_told_apart() {
    let subject =
        |namespace: &str, name: &str| json!([{ "kind": "ServiceAccount", "namespace": namespace, "name": name }]);
    let mut declared = workspace(vec![shop()]);
    let ask =
        |declared: &Workspace, subjects| ask_in(declared, "rbac-undeclared", granted(rules("pods", "get"), subjects));
    declared.roles.clear();
    assert_eq!(ask(&declared, subject("other", "stray")).0, Outcome::Manual, "nothing to compare with");
    declared.roles.push(role_of("dev"));
    assert_eq!(ask(&declared, json!([{ "kind": "Group", "name": "dev" }])).0, Outcome::Pass);
    assert_eq!(ask(&declared, subject("shop", "web")).0, Outcome::Pass, "a component claims it");
    let (outcome, messages) = ask(&declared, subject("other", "stray"));
    assert!(outcome == Outcome::Fail && messages[0].contains("ServiceAccount other/stray"), "{messages:?}");
    let (outcome, messages) = ask(&declared, json!([{ "kind": "User", "name": "eve" }]));
    assert!(outcome == Outcome::Fail && messages[0].contains("User eve, in no declared role"), "{messages:?}");
}

#[test]
fn rights_beyond_what_a_role_declares_are_told_apart() {
    use crate::workspace::May;
    let mut declared = workspace(vec![shop()]);
    let may = |resource: &str| May {
        roles: Vec::new(),
        verbs: vec!["get".to_owned()],
        resources: vec![resource.to_owned()],
        namespaces: Vec::new(),
    };
    declared.roles = vec![Role { may: Some(vec![may("pods")]), ..role_of("dev") }];
    let dev = || json!([{ "kind": "Group", "name": "dev" }]);
    let ask =
        |declared: &Workspace, resource| ask_in(declared, "rbac-undeclared", granted(rules(resource, "get"), dev()));
    assert_eq!(ask(&declared, "pods").0, Outcome::Pass);
    let (outcome, messages) = ask(&declared, "secrets");
    assert!(outcome == Outcome::Fail && messages[0].contains("holds more than its role declares"), "{messages:?}");
    // Another of its roles declares it.
    declared.roles.push(Role { may: Some(vec![may("secrets")]), ..role_of("dev") });
    assert_eq!(ask(&declared, "secrets").0, Outcome::Pass);
    // Or does not say what it may hold.
    declared.roles = vec![Role { may: Some(vec![may("pods")]), ..role_of("dev") }, role_of("dev")];
    assert_eq!(ask(&declared, "secrets").0, Outcome::Pass);
}

#[test]
fn powers_in_namespaces_of_other_teams_are_told_apart() {
    let mut declared = workspace(vec![shop()]);
    declared.roles = vec![role_of("dev")];
    let ask = |subject: Value| {
        let mut lists = granted(rules("secrets", "get"), subject.clone());
        let harmless = json!({ "roleRef": { "kind": "ClusterRole", "name": "none" }, "subjects": subject });
        lists[2] = list(&format!("{RBAC}/ClusterRoleBinding"), vec![object("", "b", harmless)]);
        let body = json!({ "roleRef": { "kind": "ClusterRole", "name": "r" }, "subjects": [subject[0]] });
        lists[3] = list(&format!("{RBAC}/RoleBinding"), vec![object("shop", "b", body)]);
        ask_in(&declared, "rbac-escalation", lists)
    };
    let account = |namespace: &str| json!([{ "kind": "ServiceAccount", "namespace": namespace, "name": "web" }]);
    assert_eq!(ask(account("shop")).0, Outcome::Pass);
    assert_eq!(ask(json!([{ "kind": "Group", "name": "dev" }])).0, Outcome::Pass, "its team owns the namespace");
    for foreign in [account("other"), json!([{ "kind": "Group", "name": "strangers" }])] {
        let (outcome, messages) = ask(foreign);
        assert!(outcome == Outcome::Fail && messages[0].contains("a namespace of another team"), "{messages:?}");
    }
}

fn role_of(group: &str) -> Role {
    Role {
        id: RoleId::new(group),
        title: "Developer".to_owned(),
        team: TeamId::new("platform"),
        description: String::new(),
        privileged: false,
        groups: vec![group.to_owned()],
        users: Vec::new(),
        service_accounts: Vec::new(),
        may: None,
    }
}

#[test]
fn leavers_are_found_by_name_and_in_groups() {
    use crate::workspace::{MemberList, Person, PersonId};
    let mut declared = workspace(vec![shop()]);
    let left = moment().date_naive() - TimeDelta::days(1);
    declared.people = vec![Person {
        id: PersonId::new("eve"),
        name: "Eve".to_owned(),
        title: None,
        teams: vec![TeamId::new("platform")],
        email: Some("eve@example.com".to_owned()),
        phone: None,
        skills: Vec::new(),
        on_call: false,
        left: Some(left),
        languages: Vec::new(),
        time_zone: None,
    }];
    let ask =
        |declared: &Workspace, subjects| ask_in(declared, "rbac-leavers", granted(rules("pods", "get"), subjects));
    let user = |name: &str| json!([{ "kind": "User", "name": name }]);
    let group = || json!([{ "kind": "Group", "name": "dev" }]);
    assert_eq!(ask(&declared, user("ada")).0, Outcome::Pass);
    let (outcome, messages) = ask(&declared, user("Eve@Example.com"));
    assert!(outcome == Outcome::Fail && messages[0].contains("who left"), "{messages:?}");
    assert_eq!(ask(&declared, group()).0, Outcome::NotVisible, "nobody supplied its members");

    let list = |people: &[&str], days: i64| MemberList {
        source: "Entra ID".to_owned(),
        date: moment().date_naive() - TimeDelta::days(days),
        file: "evidence/groups/entra-id.csv".to_owned(),
        digest: String::new(),
        groups: [("dev".to_owned(), people.iter().map(|name| (*name).to_owned()).collect())].into(),
    };
    declared.members = vec![list(&["Ada"], 1)];
    assert_eq!(ask(&declared, group()).0, Outcome::Pass);
    declared.members = vec![list(&["Ada"], 400)];
    assert_eq!(ask(&declared, group()).0, Outcome::Manual, "an old list proves nothing");
    declared.members = vec![list(&["Ada", "eve"], 1)];
    let (outcome, messages) = ask(&declared, group());
    assert!(outcome == Outcome::Fail && messages[0].contains("eve of dev, who left"), "{messages:?}");

    declared.members = vec![list(&["Ada", "Bob"], 30), list(&["Ada", "eve"], 1)];
    let assessment = assessed(&declared, granted(rules("pods", "get"), group()));
    let members = assessment.clusters[0].facts.members.seen();
    assert_eq!(members.unknown_people, ["Ada"]);
    let leavers: Vec<_> = members.leavers.iter().map(|leaver| (leaver.name.as_str(), leaver.left)).collect();
    assert_eq!(leavers, [("Bob", None), ("eve", Some(left))]);
}

#[test]
fn tokens_are_told_apart() {
    let lists = |pod: Value, account: Value| {
        let mut lists =
            granted(rules("pods", "get"), json!([{ "kind": "ServiceAccount", "namespace": "shop", "name": "reader" }]));
        lists[4] = list("ServiceAccount", vec![object("shop", "web", account), object("shop", "reader", json!({}))]);
        lists.push(list("Pod", vec![object("shop", "web", json!({ "spec": pod }))]));
        lists
    };
    let web = || json!({ "serviceAccountName": "web" });
    let off = || json!({ "automountServiceAccountToken": false });
    tell_apart(
        "token-automount",
        lists(web(), off()),
        lists(web(), json!({})),
        "token of service account web is mounted",
    );
    // The Pod has the last word, and an account with rights needs its token.
    let insists = json!({ "serviceAccountName": "web", "automountServiceAccountToken": true });
    assert_eq!(ask("token-automount", lists(insists, off())).0, Outcome::Fail);
    assert_eq!(ask("token-automount", lists(json!({ "serviceAccountName": "reader" }), off())).0, Outcome::Pass);

    let secret = |annotations: &[(&str, &str)]| {
        let mut secret = object("shop", "deployer-token", json!({}));
        secret.annotations.extend(annotations.iter().map(|&(key, value)| (key.into(), value.into())));
        let mut names = list("Secret", vec![secret]);
        names.record.metadata_only = true;
        vec![names]
    };
    tell_apart(
        "token-long-lived",
        secret(&[]),
        secret(&[("kubernetes.io/service-account.name", "deployer")]),
        "service account deployer that never ends",
    );
    let forbidden = vec![ended("Secret", Completeness::Forbidden("no".to_owned()), Vec::new())];
    assert_eq!(ask("token-long-lived", forbidden).0, Outcome::Forbidden);
}

#[test]
fn exposure_certificates_and_nodes_are_told_apart() {
    let ingress = |tls: Value| {
        let spec = json!({ "spec": { "rules": [{ "host": "shop.example" }], "tls": tls } });
        vec![list("networking.k8s.io/Ingress", vec![object("shop", "web", spec)])]
    };
    tell_apart(
        "ingress-tls",
        ingress(json!([{ "hosts": ["shop.example"] }])),
        ingress(Value::Null),
        "spec.tls does not cover shop.example",
    );
    let certificate = |days: i64| {
        let end = (moment() + TimeDelta::days(days)).to_rfc3339();
        vec![list("cert-manager.io/Certificate", vec![object("shop", "web", json!({ "status": { "notAfter": end } }))])]
    };
    tell_apart("certificate-expiry", certificate(31), certificate(3), "expires in 3 days");
    tell_apart("certificate-valid", certificate(3), certificate(-2), "expired on 2026-11-19");
    let node = |kubelet: &str| {
        let status =
            json!({ "status": { "nodeInfo": { "kubeletVersion": kubelet, "osImage": "Ubuntu 24.04.3 LTS" } } });
        vec![list("Node", vec![object("", "n", status)])]
    };
    tell_apart("version-skew", node("v1.35.1"), node("v1.37.0"), "newer than API server");
    let mut declared = workspace(vec![shop()]);
    assert_eq!(ask_in(&declared, "node-image", node("v1.36.0")).0, Outcome::Manual);
    declared.policy.node_images = vec!["Ubuntu 24.04*".to_owned()];
    assert_eq!(ask_in(&declared, "node-image", node("v1.36.0")).0, Outcome::Pass);
    declared.policy.node_images = vec!["Flatcar*".to_owned()];
    assert_eq!(ask_in(&declared, "node-image", node("v1.36.0")).0, Outcome::Fail);
}

/// Whatever keeps any one needed list from being complete, no check that needs it passes.
#[test]
fn nothing_incomplete_ever_passes() {
    let ends = [
        (Completeness::Forbidden("no".to_owned()), Outcome::Forbidden),
        (Completeness::Failed("503".to_owned()), Outcome::Error),
        (Completeness::Partial("a page is missing".to_owned()), Outcome::Error),
        (Completeness::NotCollected, Outcome::NotCollected),
    ];
    for definition in checks::built_in() {
        for (completeness, expected) in &ends {
            for broken in &definition.needs {
                let lists = definition.needs.iter().map(|kind| {
                    if kind == broken { ended(kind, completeness.clone(), Vec::new()) } else { list(kind, one(kind)) }
                });
                let assessment = assessed(&workspace(vec![shop()]), lists.collect());
                let result = result(&assessment, definition.id.as_str());
                assert_eq!(result.outcome, *expected, "{} with {broken} {completeness:?}: {result:?}", definition.id);
            }
        }
        // A kind that was never asked for at all.
        let assessment = assessed(&workspace(vec![shop()]), Vec::new());
        assert_eq!(result(&assessment, definition.id.as_str()).outcome, Outcome::NotCollected);
    }
}

/// One harmless object of a kind.
fn one(kind: &str) -> Vec<crate::snapshot::Object> {
    vec![object("shop", "one", json!({ "kind": kind }))]
}

#[test]
fn empty_and_absent_lists_are_read_as_what_they_are() {
    assert_eq!(ask("pod-privileged", vec![list("Pod", Vec::new())]).0, Outcome::NotApplicable);
    assert_eq!(ask("pod-security-enforced", vec![list("Namespace", Vec::new())]).0, Outcome::Error);
    let empty = bindings("view", json!({}))
        .into_iter()
        .map(|found| ended(&format!("{RBAC}/{}", found.record.kind), Completeness::Complete, Vec::new()));
    assert_eq!(ask("rbac-cluster-admin", empty.collect()).0, Outcome::Error);
    let absent = ended("cert-manager.io/Certificate", Completeness::Absent, Vec::new());
    assert_eq!(ask("certificate-expiry", vec![absent]).0, Outcome::NotApplicable);
    // No list of certificates, but the definitions prove that there can be none.
    let definitions = list("apiextensions.k8s.io/CustomResourceDefinition", vec![object("", "a.b.example", json!({}))]);
    assert_eq!(ask("certificate-expiry", vec![definitions]).0, Outcome::NotApplicable);
}

#[test]
fn a_failure_that_was_seen_counts_even_when_more_could_not_be_read() {
    let bad = object("shop", "web", json!({ "spec": container(json!({ "privileged": true })) }));
    let lists = vec![ended("Pod", Completeness::Partial("page 2 failed".to_owned()), vec![bad])];
    let assessment = assessed(&workspace(vec![shop()]), lists);
    let result = result(&assessment, "pod-privileged");
    assert_eq!(result.outcome, Outcome::Fail);
    assert!(result.reason.contains("there may be more") && result.reason.contains("/api/v1/pods"), "{}", result.reason);
}

#[test]
fn an_odd_object_is_an_error_and_never_hides_a_failure() {
    let odd = object("shop", "odd", json!({ "spec": { "containers": "none" } }));
    assert_eq!(ask("pod-privileged", vec![list("Pod", vec![odd.clone()])]).0, Outcome::Error);
    let bad = object("shop", "web", json!({ "spec": container(json!({ "privileged": true })) }));
    assert_eq!(ask("pod-privileged", vec![list("Pod", vec![odd, bad])]).0, Outcome::Fail);
}

#[test]
fn old_evidence_is_stale_but_a_failure_stays_one() {
    let workspace = workspace(vec![shop()]);
    let later = Some(moment() + TimeDelta::days(31));
    let of = |spec: Value| {
        let assessment = assess(&workspace, &[snapshot(pod(spec))], &History::default(), later);
        result(&assessment, "pod-privileged").outcome
    };
    assert_eq!(of(container(json!({}))), Outcome::Stale);
    assert_eq!(of(container(json!({ "privileged": true }))), Outcome::Fail);
}

#[test]
fn namespaces_that_policy_leaves_out_are_counted() {
    let mut workspace = workspace(vec![shop()]);
    workspace.policy.privileged_namespaces = vec!["sh*".to_owned()];
    let assessment = assessed(&workspace, pod(container(json!({ "privileged": true }))));
    let result = result(&assessment, "pod-privileged");
    assert_eq!(result.outcome, Outcome::NotApplicable);
    assert!(result.reason.contains("left out as privileged by policy: shop (1 Pod)"), "{}", result.reason);
}

fn exception(until: i64) -> Exception {
    Exception {
        id: ExceptionId::new("accepted"),
        check: CheckId::new("pod-privileged"),
        component: None,
        namespaces: Vec::new(),
        objects: vec!["Pod/we*".to_owned()],
        reason: "because".to_owned(),
        owner: Party::Team(TeamId::new("platform")),
        approver: Party::Team(TeamId::new("platform")),
        approved: None,
        expires: (moment() + TimeDelta::days(until)).date_naive(),
        compensating: None,
    }
}

#[test]
fn exceptions_cover_until_their_last_day_and_are_counted() {
    let mut workspace = workspace(vec![shop()]);
    workspace.exceptions = vec![exception(0)];
    let assessment = assessed(&workspace, pod(container(json!({ "privileged": true }))));
    let covered = result(&assessment, "pod-privileged");
    assert_eq!((covered.outcome, covered.failures, covered.excepted), (Outcome::Pass, 1, 1));
    assert!(covered.reason.contains("accepted risk"), "{}", covered.reason);
    assert_eq!(assessment.exceptions[0].matched, 1);
    let finding = assessment.findings.iter().find(|finding| finding.check.as_str() == "pod-privileged");
    assert!(finding.is_some_and(|finding| finding.objects.is_empty() && finding.excepted.len() == 1));

    workspace.exceptions = vec![exception(-1)];
    let assessment = assessed(&workspace, pod(container(json!({ "privileged": true }))));
    assert_eq!(result(&assessment, "pod-privileged").outcome, Outcome::Fail);
    let used = &assessment.exceptions[0];
    assert_eq!((used.state, used.matched, used.lapsed), (ExceptionState::Expired, 0, 1));
}

#[test]
fn an_exception_is_unused_only_where_its_check_was_answered() {
    let mut workspace = workspace(vec![shop()]);
    workspace.exceptions = vec![exception(1)];
    let state = |lists| assessed(&workspace, lists).exceptions[0].state;
    assert_eq!(state(pod(container(json!({ "privileged": true })))), ExceptionState::InForce);
    assert_eq!(state(pod(container(json!({})))), ExceptionState::Unused);
    assert_eq!(state(vec![namespaces(&["shop"])]), ExceptionState::NotAsked);
}

#[test]
fn what_vanished_is_gone_only_on_complete_evidence() {
    let workspace = workspace(vec![shop()]);
    let at = |days: i64, mut lists: Vec<List>| {
        lists.retain(|list| days != 10 || list.record.kind != "Pod");
        let mut snapshot = snapshot(lists);
        snapshot.header.ended = moment() - TimeDelta::days(days);
        snapshot
    };
    let bad = || pod(container(json!({ "privileged": true })));
    let fine = || pod(container(json!({})));
    let gone = |later: Vec<Snapshot>, now: Snapshot| {
        let pasts = later.iter().chain([&at(20, bad())]).map(|it| past(&workspace, it)).collect::<Vec<_>>();
        let assessment = assess(&workspace, &[now], &History { past: pasts }, None);
        let vanished = assessment.vanished.iter().find(|it| it.check.as_str() == "pod-privileged");
        vanished.map(|it| (it.last_seen, it.gone))
    };
    let ago = |days: i64| moment() - TimeDelta::days(days);
    assert_eq!(gone(vec![], at(0, bad())), None);
    assert_eq!(gone(vec![], at(0, fine())), Some((ago(20), Some(ago(0)))));
    assert_eq!(gone(vec![at(5, fine())], at(0, fine())), Some((ago(20), Some(ago(5)))));
    assert_eq!(gone(vec![at(10, fine())], at(0, fine())), Some((ago(20), Some(ago(0)))));
    assert_eq!(gone(vec![], at(0, vec![namespaces(&["shop"])])), Some((ago(20), None)));
}

#[test]
fn a_certificate_is_due_by_its_own_expiry() {
    let mut workspace = workspace(vec![shop()]);
    workspace.policy.remediation_days = [(Severity::High, 365)].into();
    let ends = moment() + TimeDelta::days(3);
    let body = json!({ "status": { "notAfter": ends.to_rfc3339() } });
    let lists = vec![list("cert-manager.io/Certificate", vec![object("shop", "web", body)])];
    let assessment = assessed(&workspace, lists);
    let finding = assessment.findings.iter().find(|finding| finding.check.as_str() == "certificate-expiry");
    assert_eq!(finding.expect("a finding").due, Some(ends.date_naive()));
}

#[test]
fn what_let_a_pod_in_is_the_finding_of_whoever_answers_for_admission() {
    let claimed = |id: &str, team: &str, namespace: &str| {
        component(id, team, vec![claim(|claim| claim.namespaces = vec![namespace.to_owned()])])
    };
    let mut workspace =
        workspace(vec![claimed("shop", "payments", "shop"), claimed("control-plane", "platform", "kube-system")]);
    let lists = || {
        let mut lists = pod(container(json!({ "privileged": true })));
        lists.retain(|list| list.record.kind != "Namespace");
        lists.push(namespaces(&["kube-system", "quiet", "shop"]));
        let none = [
            "admissionregistration.k8s.io/ValidatingWebhookConfiguration",
            "admissionregistration.k8s.io/MutatingWebhookConfiguration",
            "admissionregistration.k8s.io/ValidatingAdmissionPolicy",
            "admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding",
            "apiextensions.k8s.io/CustomResourceDefinition",
            "Service",
        ];
        lists.extend(none.map(|kind| list(kind, Vec::new())));
        lists
    };
    let finding = |assessment: &Assessment, check: &str| {
        assessment.findings.iter().find(|finding| finding.check.as_str() == check).expect("a finding").clone()
    };
    let assessment = assessed(&workspace, lists());
    let (pod, admission) = (finding(&assessment, "pod-privileged"), finding(&assessment, "admission-guards"));
    assert_eq!((pod.team, admission.team), (Some(TeamId::new("payments")), Some(TeamId::new("platform"))));
    assert!(pod.let_in_by.contains(&admission.id) && admission.lets_in.contains(&pod.id));
    let names: Vec<String> = admission.objects.iter().map(|failure| failure.key.to_string()).collect();
    assert_eq!(names, ["Namespace shop"], "quiet runs no Pod");

    workspace.policy.admission = Some(crate::workspace::ComponentId::new("shop"));
    assert_eq!(finding(&assessed(&workspace, lists()), "admission-guards").team, Some(TeamId::new("payments")));
}

#[test]
fn overrides_disable_and_change_severity() {
    let mut workspace = workspace(vec![shop()]);
    let change = |check: &str, disabled, severity| CheckOverride {
        check: CheckId::new(check),
        disabled,
        severity,
        params: Vec::new(),
        reason: "because".to_owned(),
    };
    workspace.check_overrides =
        vec![change("pod-run-as-root", true, None), change("pod-privileged", false, Some(Severity::Low))];
    let assessment = assessed(&workspace, pod(container(json!({ "privileged": true }))));
    assert!(assessment.results.iter().all(|result| result.check.as_str() != "pod-run-as-root"));
    let finding = assessment.findings.iter().find(|finding| finding.check.as_str() == "pod-privileged");
    assert!(finding.is_some_and(|finding| finding.severity == Severity::Low));
}

#[test]
fn a_finding_speaks_of_the_root_to_the_team_of_the_duty() {
    let mut database =
        component("database", "platform", vec![claim(|claim| claim.namespaces = vec!["shop".to_owned()])]);
    database.duties.insert(crate::workspace::Duty::Configuration, TeamId::new("payments"));
    let deployment = object("shop", "web", json!({}));
    let bad = |name: &str| {
        let pod = object("shop", name, json!({ "spec": container(json!({ "privileged": true })) }));
        owned(pod, "Deployment", &deployment)
    };
    let lists = vec![list("apps/Deployment", vec![deployment.clone()]), list("Pod", vec![bad("web-1"), bad("web-2")])];
    let assessment = assessed(&workspace(vec![database]), lists);
    let finding =
        assessment.findings.iter().find(|finding| finding.check.as_str() == "pod-privileged").expect("a finding");
    assert_eq!(finding.team.as_ref().map(TeamId::as_str), Some("payments"));
    let objects: Vec<String> = finding.objects.iter().map(|failure| failure.key.to_string()).collect();
    assert_eq!(objects, ["Deployment shop/web"]);
    assert_eq!(finding.id, finding_id("pod-privileged", Some("database"), "prod"));
    assert_eq!(result(&assessment, "pod-privileged").failures, 2);
}

#[test]
fn a_finding_is_as_old_as_the_first_snapshot_that_shows_it() {
    let workspace = workspace(vec![shop()]);
    let mut earlier = snapshot(pod(container(json!({ "privileged": true }))));
    earlier.header.ended = moment() - TimeDelta::days(10);
    let history = History { past: vec![past(&workspace, &earlier)] };
    let now = snapshot(pod(container(json!({ "privileged": true }))));
    let assessment = assess(&workspace, &[now], &history, None);
    let finding =
        assessment.findings.iter().find(|finding| finding.check.as_str() == "pod-privileged").expect("a finding");
    assert_eq!(finding.first_seen, earlier.header.ended);
}

#[test]
fn a_plan_has_every_check_not_collected_and_controls_say_so() {
    let assessment = assess(&workspace(vec![shop()]), &[], &History::default(), None);
    assert!(assessment.as_of.is_none() && assessment.clusters.is_empty() && assessment.findings.is_empty());
    assert_eq!(assessment.results.len(), checks::built_in().len());
    assert!(assessment.results.iter().all(|result| result.outcome == Outcome::NotCollected));
    assert!(assessment.controls.iter().all(|posture| posture.observed == 0 && posture.needed > 0));
}
