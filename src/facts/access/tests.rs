use std::sync::Arc;

use super::{rbac::*, *};
use crate::{
    assess::testing::{labelled, list, object, snapshot, workspace},
    facts::control_plane::tests::static_pod,
};

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
        { "apiGroups": [""], "resources": ["pods/exec"], "verbs": ["create"], "resourceNames": ["web-0"] },
        { "nonResourceURLs": ["/metrics"], "verbs": ["get"] },
    ]);
    roles.add(&role("deployer", rules), true).expect("a role");
    let group = || serde_json::json!({ "kind": "Group", "name": "oidc:shop" });
    let bound = ["shop", "shop-test", ""].map(|scope| binding(scope, "ClusterRole", "deployer", group()));
    let (sets, grants) = matrix::of(&roles, &bound);
    // Two namespaces share one set of rules; the whole cluster has the URL as well.
    assert_eq!((sets.len(), grants.len()), (2, 2));
    let scopes = |grant: &Grant| grant.bound.iter().map(|bound| bound.scope.clone()).collect::<Vec<_>>();
    assert_eq!(scopes(&grants[0]), ["shop", "shop-test"]);
    assert_eq!(scopes(&grants[1]), [""]);
    let lines = |grant: &Grant| {
        let rules = &sets[grant.rules].rules;
        rules
            .iter()
            .map(|line| format!("{} {:?} {}", line.resources.join(" "), line.names, line.verbs.join(" ")))
            .collect::<Vec<_>>()
    };
    assert_eq!(lines(&grants[0]), ["pods/exec [\"web-0\"] create", "deployments statefulsets [] get list watch"]);
    assert_eq!(lines(&grants[1])[0], "/metrics [] get");
}

#[test]
fn a_rule_matches_as_the_authorizer_does() {
    let line = |resources: &[&str], verbs: &[&str]| RuleLine {
        group: String::new(),
        resources: resources.iter().map(|item| (*item).to_owned()).collect(),
        names: Vec::new(),
        verbs: verbs.iter().map(|item| (*item).to_owned()).collect(),
    };
    assert!(line(&["*"], &["create"]).allows("", "pods/exec", &["create"]));
    assert!(line(&["*/exec"], &["*"]).allows("", "pods/exec", &["create"]));
    assert!(!line(&["pods"], &["*"]).allows("", "pods/exec", &["create"]));
    assert!(!line(&["pods/*"], &["*"]).allows("", "pods/exec", &["create"]), "Kubernetes has no such wildcard");
    assert!(!line(&["*"], &["*"]).allows("apps", "deployments", &["get"]));
}

#[test]
fn aggregated_roles_are_filled_from_labels() {
    let mut roles = Roles::default();
    let mut part = role("part", serde_json::json!([{ "apiGroups": ["*"], "resources": ["*"], "verbs": ["*"] }]));
    Arc::make_mut(&mut part.labels).insert("aggregate".into(), "true".into());
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

#[test]
fn aggregates_of_aggregates_fill_up_and_expressions_select() {
    let mut roles = Roles::default();
    let rule = serde_json::json!([{ "apiGroups": [""], "resources": ["pods"], "verbs": ["get"] }]);
    let mut part = role("part", rule);
    Arc::make_mut(&mut part.labels).insert("to-view".into(), "true".into());
    roles.add(&part, true).expect("a role");
    let select = |expression: serde_json::Value| serde_json::json!({ "rules": null, "aggregationRule": { "clusterRoleSelectors": [{ "matchExpressions": [expression] }] } });
    let mut view = object("", "view", select(serde_json::json!({ "key": "to-view", "operator": "Exists" })));
    Arc::make_mut(&mut view.labels).insert("to-edit".into(), "yes".into());
    roles.add(&view, true).expect("a role");
    let edit = select(serde_json::json!({ "key": "to-edit", "operator": "In", "values": ["yes"] }));
    roles.add(&object("", "edit", edit), true).expect("a role");
    roles.aggregate();
    let user = serde_json::json!({ "kind": "User", "name": "eve" });
    assert_eq!(roles.rules(&binding("", "ClusterRole", "edit", user)).len(), 1);
}

fn bound(namespace: &str, name: &str, role: &str, subject: serde_json::Value) -> crate::snapshot::Object {
    let body = serde_json::json!({ "roleRef": { "kind": "ClusterRole", "name": role }, "subjects": [subject] });
    object(namespace, name, body)
}

fn observed(
    objects: Vec<(&str, Vec<crate::snapshot::Object>)>,
) -> (crate::snapshot::Snapshot, crate::workspace::Workspace) {
    let mut lists: Vec<_> = ["ClusterRole", "Role", "ClusterRoleBinding", "RoleBinding"]
        .iter()
        .filter(|kind| objects.iter().all(|(given, _)| given != *kind))
        .map(|kind| list(&format!("{}/{kind}", rbac::GROUP), Vec::new()))
        .collect();
    for (kind, objects) in objects {
        let core = matches!(kind, "Pod" | "ServiceAccount");
        let kind = if core { kind.to_owned() } else { format!("{}/{kind}", rbac::GROUP) };
        lists.push(list(&kind, objects));
    }
    (snapshot(lists), workspace(Vec::new()))
}

#[test]
fn a_path_leads_through_service_accounts_to_cluster_admin() {
    let all = serde_json::json!([{ "apiGroups": ["*"], "resources": ["*"], "verbs": ["*"] }]);
    let create = serde_json::json!([{ "apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["create"] }]);
    let token = serde_json::json!([{ "apiGroups": [""], "resources": ["serviceaccounts/token"], "verbs": ["create"], "resourceNames": ["builder"] }]);
    let account = |namespace: &str, name: &str| serde_json::json!({ "kind": "ServiceAccount", "namespace": namespace, "name": name });
    let group = |name: &str| serde_json::json!({ "kind": "Group", "name": name });
    let (snapshot, workspace) = observed(vec![
        ("ClusterRole", vec![role("cluster-admin", all), role("jobs", create), role("token", token)]),
        ("ClusterRoleBinding", vec![bound("", "deployer", "cluster-admin", account("ci", "deployer"))]),
        (
            "RoleBinding",
            vec![
                bound("ci", "builder", "jobs", account("build", "builder")),
                bound("build", "dev", "token", group("dev")),
                bound("shop", "ops", "jobs", group("ops")),
            ],
        ),
        (
            "ServiceAccount",
            vec![
                object("ci", "deployer", serde_json::json!({})),
                object("build", "builder", serde_json::json!({})),
                object("shop", "default", serde_json::json!({})),
            ],
        ),
        ("Pod", Vec::new()),
    ]);
    let join = crate::ownership::join(&workspace, &snapshot);
    let found = escalation::observe(&join);
    let paths: Vec<String> =
        found.seen().paths.iter().map(|path| format!("{} → {}", path.subject, path.steps.join(" → "))).collect();
    assert_eq!(
        paths,
        [
            "Group dev → may create tokens of service accounts in namespace build → ServiceAccount build/builder → may create Pods in namespace ci → ServiceAccount ci/deployer → cluster-admin",
            "ServiceAccount build/builder → may create Pods in namespace ci → ServiceAccount ci/deployer → cluster-admin",
        ]
    );
    let holders = found.seen().powers.iter().find(|held| held.power == "create-pods").map(|held| held.holders.len());
    assert_eq!(holders, Some(2), "who holds everything is not listed again");
}

#[test]
fn other_authorizers_make_the_matrix_partial_until_they_are_ruled_out() {
    let server = |flags: &[&str]| static_pod("kube-apiserver", "cp-1", flags);
    let state = |pods: Vec<crate::snapshot::Object>| {
        let (snapshot, workspace) = observed(vec![("Pod", pods)]);
        let access = observe(&crate::ownership::join(&workspace, &snapshot));
        (access.state(), access.seen().authorizers.known, access.reasons().join(" "))
    };
    use crate::snapshot::State;
    let (none, _, why) = state(Vec::new());
    assert!(none == State::Partial && why.contains("not ruled out"), "{why}");
    let (alone, known, _) = state(vec![server(&["kube-apiserver", "--authorization-mode=Node,RBAC"])]);
    assert_eq!((alone, known), (State::Complete, authorizers::Known::Seen));
    let (hook, _, why) = state(vec![server(&["--authorization-mode=Node,RBAC,Webhook"])]);
    assert!(hook == State::Partial && why.contains("Webhook"), "{why}");
    let (none, known, _) = state(vec![server(&["--authorization-config=/etc/authz.yaml"])]);
    assert_eq!((none, known), (State::Partial, authorizers::Known::No));
    let (open, _, why) = state(vec![server(&["kube-apiserver"])]);
    assert!(open == State::Partial && why.contains("AlwaysAllow"), "upstream's default: {why}");
}

#[test]
fn declared_modes_count_where_no_flag_is_seen() {
    use crate::{
        snapshot::State,
        workspace::{Cluster, ClusterId, ControlPlane},
    };
    let (snapshot, mut workspace) = observed(vec![("Pod", Vec::new())]);
    workspace.clusters.push(Cluster {
        id: ClusterId::new(snapshot.header.cluster.id.as_str()),
        name: "Production".to_owned(),
        uid: None,
        context: None,
        environment: None,
        location: None,
        control_plane: ControlPlane::Managed,
        authorization_modes: vec!["Node".to_owned(), "RBAC".to_owned(), "RBAC".to_owned()],
    });
    let access = observe(&crate::ownership::join(&workspace, &snapshot));
    let found = &access.seen().authorizers;
    assert_eq!((access.state(), found.known), (State::Complete, authorizers::Known::Declared));
    assert_eq!(found.modes, ["Node", "RBAC"]);
    // What runs outweighs what is declared.
    let running = static_pod("kube-apiserver", "cp-1", &["--authorization-mode=Node,Webhook"]);
    let (snapshot, _) = observed(vec![("Pod", vec![running])]);
    let access = observe(&crate::ownership::join(&workspace, &snapshot));
    assert_eq!((access.state(), access.seen().authorizers.known), (State::Partial, authorizers::Known::Seen));
}

#[test]
fn everybody_and_nothing_are_told_from_what_kubernetes_ships() {
    let group = |name: &str| serde_json::json!({ "kind": "Group", "name": name });
    let shipped = labelled(
        bound("", "system:public-info-viewer", "system:public-info-viewer", group("system:unauthenticated")),
        &[("kubernetes.io/bootstrapping", "rbac-defaults")],
    );
    let (snapshot, workspace) = observed(vec![
        (
            "ClusterRole",
            vec![role("view", serde_json::json!([])), role("system:public-info-viewer", serde_json::json!([]))],
        ),
        (
            "ClusterRoleBinding",
            vec![
                shipped,
                bound("", "open", "view", group("system:unauthenticated")),
                bound("", "ghost", "gone", group("dev")),
            ],
        ),
    ]);
    let access = observe(&crate::ownership::join(&workspace, &snapshot));
    let open: Vec<_> = access.seen().anyone.iter().map(|open| open.binding.as_str()).collect();
    assert_eq!(open, ["ClusterRoleBinding open"]);
    let dangling: Vec<_> =
        access.seen().dangling.iter().map(|item| (item.binding.as_str(), item.role.as_str())).collect();
    assert_eq!(dangling, [("ClusterRoleBinding ghost", "ClusterRole gone")]);
}

#[test]
fn names_are_quoted_for_a_shell() {
    assert_eq!(readable::quoted("deployments.apps"), "deployments.apps");
    assert_eq!(readable::quoted("a; rm -rf ~"), "'a; rm -rf ~'");
    assert_eq!(readable::quoted("it's\u{202e}"), "'it'\\''s[U+202E]'");
}

#[test]
fn five_thousand_bindings_are_folded_in_well_under_a_second() {
    let edit: Vec<serde_json::Value> = (0..60)
        .map(|number| serde_json::json!({ "apiGroups": ["apps"], "resources": [format!("r{number}"), "pods"], "verbs": ["get", "create", "delete"] }))
        .collect();
    let bindings: Vec<_> = (0..5000)
        .map(|number| {
            bound(
                &format!("ns-{}", number % 1000),
                &format!("b{number}"),
                "edit",
                serde_json::json!({ "kind": "Group", "name": format!("team-{}", number % 200) }),
            )
        })
        .collect();
    let accounts = (0..1000).map(|number| object(&format!("ns-{number}"), "default", serde_json::json!({}))).collect();
    let (snapshot, workspace) = observed(vec![
        ("ClusterRole", vec![role("edit", serde_json::Value::Array(edit))]),
        ("RoleBinding", bindings),
        ("ServiceAccount", accounts),
        ("Pod", Vec::new()),
    ]);
    let join = crate::ownership::join(&workspace, &snapshot);
    let start = std::time::Instant::now();
    let access = observe(&join);
    let escalations = escalation::observe(&join);
    let took = start.elapsed();
    assert_eq!((access.seen().rule_sets.len(), access.seen().grants.len()), (1, 200));
    assert!(escalations.seen().paths.is_empty());
    // Unoptimised, on a busy machine: far from what a release build needs.
    assert!(took < std::time::Duration::from_secs(5), "{took:?}");
}

fn declared_role(may: Vec<crate::workspace::May>) -> crate::workspace::Role {
    crate::workspace::Role {
        id: crate::workspace::RoleId::new("dev"),
        title: "Developer".to_owned(),
        team: crate::workspace::TeamId::new("platform"),
        description: String::new(),
        privileged: false,
        groups: vec!["dev".to_owned()],
        users: Vec::new(),
        service_accounts: Vec::new(),
        may: Some(may),
    }
}

fn may(roles: &[&str], verbs: &[&str], resources: &[&str], namespaces: &[&str]) -> crate::workspace::May {
    let own = |list: &[&str]| list.iter().map(|item| (*item).to_owned()).collect();
    crate::workspace::May {
        roles: own(roles),
        verbs: own(verbs),
        resources: own(resources),
        namespaces: own(namespaces),
    }
}

#[test]
fn declared_rights_are_held_against_observed_ones() {
    let edit = serde_json::json!([{ "apiGroups": [""], "resources": ["pods", "secrets"], "verbs": ["get", "delete"] }]);
    let group = serde_json::json!({ "kind": "Group", "name": "dev" });
    let (mut snapshot, mut workspace) = observed(vec![
        ("ClusterRole", vec![role("edit", edit)]),
        ("RoleBinding", vec![bound("shop-a", "x", "edit", group.clone()), bound("other", "y", "edit", group)]),
        ("ServiceAccount", Vec::new()),
    ]);
    let namespaces = ["shop-a", "shop-b", "other"].map(|name| object("", name, serde_json::json!({})));
    snapshot.lists.push(list("Namespace", namespaces.to_vec()));
    let snapshot = crate::snapshot::Snapshot::new(snapshot.header, snapshot.lists);
    let compared = |workspace: &crate::workspace::Workspace| {
        declared::observe(&crate::ownership::join(workspace, &snapshot)).seen().roles[0].clone()
    };

    workspace.roles = vec![declared_role(vec![may(&["edit"], &[], &[], &["shop-*"])])];
    let found = compared(&workspace);
    let beyond: Vec<_> = found.beyond.iter().map(|item| (item.role.as_deref(), item.scopes.join(" "))).collect();
    assert_eq!(beyond, [(Some("ClusterRole edit"), "other".to_owned())]);
    assert_eq!(found.missing.iter().map(|item| item.scopes.join(" ")).collect::<Vec<_>>(), ["shop-b"]);

    workspace.roles = vec![declared_role(vec![may(&[], &["get"], &["*"], &[])])];
    let found = compared(&workspace);
    assert_eq!(found.beyond.len(), 1, "both places are one row");
    assert_eq!(found.beyond[0].what, ["delete: pods, secrets"]);
    assert_eq!(found.beyond[0].bindings, ["RoleBinding other/y", "RoleBinding shop-a/x"]);

    workspace.roles = vec![declared_role(Vec::new())];
    assert_eq!(compared(&workspace).beyond.len(), 1, "nothing is declared: all of it is beyond");
}

#[test]
fn imported_grants_stand_in_the_matrix_and_account_for_their_authorizer() {
    use crate::workspace::{Cluster, ClusterId, ControlPlane, GrantList, SuppliedGrant, SuppliedRights};
    let grant = |kind: &str, subject: &str, namespace: &str, rights: SuppliedRights| SuppliedGrant {
        kind: kind.to_owned(),
        subject: subject.to_owned(),
        namespace: namespace.to_owned(),
        rights,
    };
    let rights = SuppliedRights::Verbs { verbs: vec!["get".to_owned()], resources: vec!["pods".to_owned()] };
    let role = |name: &str| SuppliedRights::Role(name.to_owned());
    let list = |days: i64, grants: Vec<SuppliedGrant>| GrantList {
        authorizer: "webhook".to_owned(),
        cluster: Some("prod".to_owned()),
        source: "EKS".to_owned(),
        date: (crate::assess::testing::moment() - chrono::TimeDelta::days(days)).date_naive(),
        file: "evidence/grants/eks.csv".to_owned(),
        digest: "00".to_owned(),
        grants: grants.into_iter().collect(),
    };
    let seen = |grants: Vec<GrantList>| {
        let mut workspace = workspace(Vec::new());
        workspace.clusters = vec![Cluster {
            id: ClusterId::new("prod"),
            name: "Production".to_owned(),
            uid: None,
            context: None,
            environment: None,
            location: None,
            control_plane: ControlPlane::Managed,
            authorization_modes: ["Node", "RBAC", "Webhook"].map(str::to_owned).to_vec(),
        }];
        workspace.grants = grants;
        let body = serde_json::json!({ "rules": [{ "apiGroups": ["*"], "resources": ["*"], "verbs": ["*"] }] });
        let rbac = |kind: &str, objects| crate::assess::testing::list(&format!("{}/{kind}", rbac::GROUP), objects);
        let snapshot = snapshot(vec![
            rbac("ClusterRole", vec![object("", "cluster-admin", body)]),
            rbac("ClusterRoleBinding", Vec::new()),
            rbac("Role", Vec::new()),
            rbac("RoleBinding", Vec::new()),
        ]);
        observe(&crate::ownership::join(&workspace, &snapshot))
    };
    let access = seen(Vec::new());
    assert!(
        access.state() == State::Partial && access.reasons()[0].contains("import grants"),
        "{:?}",
        access.reasons()
    );
    let grants = vec![grant("Group", "admins", "", role("cluster-admin")), grant("User", "ada", "shop", rights)];
    let access = seen(vec![list(3, grants.clone())]);
    assert_eq!(access.state(), State::Complete, "{:?}", access.reasons());
    let said: Vec<_> =
        access.seen().grants.iter().map(|it| (it.subject.to_string(), &*it.role, &*it.bound[0].binding)).collect();
    let from = "webhook grant (EKS, 2026-11-18)";
    assert_eq!(
        said,
        [("Group admins".to_owned(), "ClusterRole cluster-admin", from), ("User ada".to_owned(), "get on pods", from)]
    );
    assert_eq!(access.seen().cluster_admins[0].binding, from);
    assert!(access.seen().limits.iter().any(|limit| limit.contains("it is shown as EKS supplied it")));
    // Too old, or of a role that nobody knows here.
    assert_eq!(seen(vec![list(60, grants)]).state(), State::Partial);
    let unknown = seen(vec![list(3, vec![grant("User", "ada", "", role("AmazonEKSViewPolicy"))])]);
    assert!(unknown.reasons()[0].contains("AmazonEKSViewPolicy"), "{:?}", unknown.reasons());
}
