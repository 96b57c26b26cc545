use super::{rbac::*, *};
use crate::assess::testing::object;

fn role(name: &str, rules: serde_json::Value) -> crate::snapshot::Object {
    object("", name, serde_json::json!({ "rules": rules }))
}

fn binding(namespace: &str, kind: &str, role: &str, subject: serde_json::Value) -> Binding {
    let body = serde_json::json!({ "roleRef": { "kind": kind, "name": role }, "subjects": [subject] });
    Binding::parse(&object(namespace, "b", body), namespace.is_empty()).expect("a binding")
}

#[test]
fn grants_join_bindings_with_roles_by_scope() {
    let mut roles = Roles::default();
    let rules = serde_json::json!([
        { "apiGroups": ["apps"], "resources": ["deployments", "statefulsets"], "verbs": ["get", "list", "watch"] },
        { "apiGroups": [""], "resources": ["pods/exec"], "verbs": ["create"] },
    ]);
    roles.add(&role("deployer", rules), true).expect("a role");
    let group = serde_json::json!({ "kind": "Group", "name": "oidc:shop" });
    let bindings = [binding("shop", "ClusterRole", "deployer", group)];
    let grants = grants(matrix(&roles, &bindings));
    let lines: Vec<_> =
        grants.iter().map(|grant| (&*grant.scope, grant.resources.join(" "), grant.verbs.join(" "))).collect();
    assert_eq!(
        lines,
        [
            ("shop", "pods/exec".to_owned(), "create".to_owned()),
            ("shop", "deployments statefulsets".to_owned(), "get list watch".to_owned()),
        ]
    );
}

#[test]
fn aggregated_roles_are_filled_from_labels() {
    let mut roles = Roles::default();
    let mut part = role("part", serde_json::json!([{ "apiGroups": ["*"], "resources": ["*"], "verbs": ["*"] }]));
    part.labels.insert("aggregate".into(), "true".into());
    roles.add(&part, true).expect("a role");
    let whole = serde_json::json!({ "aggregationRule": { "clusterRoleSelectors": [{ "matchLabels": { "aggregate": "true" } }] } });
    roles.add(&object("", "whole", whole), true).expect("a role");
    roles.aggregate();
    let user = serde_json::json!({ "kind": "User", "name": "eve" });
    assert!(roles.grants_everything(&binding("", "ClusterRole", "whole", user)));
}

#[test]
fn cluster_admin_is_known_without_its_role() {
    let user = serde_json::json!({ "kind": "User", "name": "eve" });
    assert!(Roles::default().grants_everything(&binding("", "ClusterRole", "cluster-admin", user.clone())));
    assert!(!Roles::default().grants_everything(&binding("shop", "Role", "cluster-admin", user)));
}
