//! From objects to answers: who reaches whom, and which policies decide.

use serde_json::{Value, json};

use super::*;
use crate::{
    assess::testing::{claim, component, labelled, list, object, snapshot, workspace},
    facts::pod::Pods,
    ownership,
    snapshot::{List, Object},
    workspace::{ComponentId, Connection, ConnectionId, ConnectionNeed, Workspace},
};

fn connection(port: u16, protocol: &str) -> Connection {
    Connection {
        id: ConnectionId::new("web-to-db"),
        title: "Web to database".to_owned(),
        from: ComponentId::new("web"),
        to: ComponentId::new("db"),
        need: ConnectionNeed::Required,
        protocol: protocol.to_owned(),
        ports: vec![port],
        organization: None,
        agreement: None,
        data: String::new(),
        encryption: None,
    }
}

/// `web` owns the namespace `web`, `db` the namespace `db`.
fn shop() -> Workspace {
    let of = |id: &str| component(id, "platform", vec![claim(|claim| claim.namespaces = vec![id.to_owned()])]);
    let mut workspace = workspace(vec![of("web"), of("db")]);
    workspace.connections = vec![connection(5432, "PostgreSQL")];
    workspace
}

fn namespace(name: &str) -> Object {
    labelled(object("", name, json!({})), &[("kubernetes.io/metadata.name", name), ("team", name)])
}

fn pod(namespace: &str, name: &str, spec: Value) -> Object {
    let body = json!({ "spec": spec, "status": { "podIP": "10.244.0.9" } });
    labelled(object(namespace, name, body), &[("app", name)])
}

fn listening(port: u16) -> Value {
    json!({ "containers": [{ "name": "c", "ports": [{ "name": "sql", "containerPort": port }] }] })
}

fn policy(namespace: &str, name: &str, spec: Value) -> Object {
    object(namespace, name, json!({ "spec": spec }))
}

fn cluster(policies: Vec<Object>) -> Vec<List> {
    vec![
        list("Namespace", vec![namespace("web"), namespace("db")]),
        list("Pod", vec![pod("web", "front", json!({ "containers": [] })), pod("db", "orders", listening(5432))]),
        list("networking.k8s.io/NetworkPolicy", policies),
    ]
}

fn judged_in(workspace: &Workspace, lists: Vec<List>) -> JudgedConnection {
    let snapshot = snapshot(lists);
    let join = ownership::join(workspace, &snapshot);
    let pods = Pods::of(&snapshot);
    Network::new(&join, &pods).connections().seen()[0].clone()
}

fn judged(policies: Vec<Object>) -> JudgedConnection {
    judged_in(&shop(), cluster(policies))
}

fn deny_all(namespace: &str) -> Object {
    policy(namespace, "default-deny-all", json!({ "podSelector": {}, "policyTypes": ["Ingress", "Egress"] }))
}

/// A policy of `db` that lets in from these peers on these ports.
fn lets_in(from: Value, ports: Value) -> Object {
    let spec =
        json!({ "podSelector": { "matchLabels": { "app": "orders" } }, "ingress": [{ "from": from, "ports": ports }] });
    policy("db", "allow-web", spec)
}

#[test]
fn a_connection_is_open_where_both_sides_let_it_through() {
    assert_eq!(judged(Vec::new()).standing, Standing::Open);

    let closed = judged(vec![deny_all("db")]);
    assert_eq!(closed.standing, Standing::Blocked);
    let [path] = &closed.paths[..] else { panic!("{:?}", closed.paths) };
    assert_eq!((&path.from[..], &path.to[..]), (&["web/front".to_owned()][..], &["db/orders".to_owned()][..]));
    assert_eq!((path.egress.answer, path.ingress.answer), (Answer::Open, Answer::Blocked));
    assert_eq!(path.ingress.policies, ["db/default-deny-all"]);

    let web = json!([{ "namespaceSelector": { "matchLabels": { "team": "web" } } }]);
    let open = judged(vec![deny_all("db"), lets_in(web.clone(), json!([{ "port": 5432 }]))]);
    assert_eq!(open.standing, Standing::Open);
    assert_eq!(open.paths[0].ingress.policies, ["db/allow-web"]);

    // The called lets it in, the caller is not let out: the payment service of the recorded cluster.
    let held = judged(vec![deny_all("web"), deny_all("db"), lets_in(web, json!([{ "port": 5432 }]))]);
    assert_eq!((held.standing, held.paths[0].egress.answer), (Standing::Blocked, Answer::Blocked));
}

#[test]
fn ports_match_by_number_range_name_and_protocol() {
    let open = |ports: Value| judged(vec![lets_in(json!([]), ports)]).standing == Standing::Open;
    assert!(open(json!([])) && open(json!(null)) && open(json!([{ "protocol": "TCP" }])));
    assert!(open(json!([{ "port": 5432 }])) && open(json!([{ "port": 5000, "endPort": 6000 }])));
    assert!(open(json!([{ "port": "sql" }])) && !open(json!([{ "port": "http" }])));
    assert!(!open(json!([{ "port": 5431 }])) && !open(json!([{ "protocol": "UDP", "port": 5432 }])));
    assert!(!open(json!([{ "port": 5433, "endPort": 6000 }])));
}

#[test]
fn peers_select_by_pod_by_namespace_and_by_both() {
    let open = |peer: Value| judged(vec![lets_in(json!([peer]), json!([]))]).standing == Standing::Open;
    // A Pod selector alone stays in the policy's own namespace.
    assert!(!open(json!({ "podSelector": {} })));
    assert!(open(json!({ "namespaceSelector": {} })));
    assert!(open(json!({ "namespaceSelector": {}, "podSelector": { "matchLabels": { "app": "front" } } })));
    assert!(!open(json!({ "namespaceSelector": {}, "podSelector": { "matchLabels": { "app": "other" } } })));
}

#[test]
fn what_depends_on_the_plug_in_or_on_the_machine_is_not_visible() {
    let block = json!([{ "ipBlock": { "cidr": "10.0.0.0/8" } }]);
    let agent = |image: &str| {
        let spec = json!({ "template": { "spec": { "containers": [{ "name": "agent", "image": image }] } } });
        list("apps/DaemonSet", vec![object("kube-system", "net", json!({ "spec": spec }))])
    };
    let with = |image: &str| {
        let mut lists = cluster(vec![lets_in(block.clone(), json!([]))]);
        lists.push(agent(image));
        judged_in(&shop(), lists).standing
    };
    assert_eq!(with("quay.io/calico/node:v3.31.0"), Standing::Open);
    assert_eq!(with("quay.io/cilium/cilium:v1.18.4"), Standing::Blocked);
    assert_eq!(with("example.com/unknown:1"), Standing::NotVisible);

    let mut lists = cluster(vec![deny_all("db")]);
    lists[1] =
        list("Pod", vec![pod("web", "front", json!({ "hostNetwork": true })), pod("db", "orders", listening(5432))]);
    let host = judged_in(&shop(), lists);
    assert_eq!((host.standing, host.paths[0].egress.answer), (Standing::NotVisible, Answer::NotHeld));
}

#[test]
fn a_port_of_a_service_is_held_against_the_port_of_its_pods() {
    let service =
        json!({ "spec": { "selector": { "app": "orders" }, "ports": [{ "port": 80, "targetPort": "sql" }] } });
    let mut lists = cluster(vec![lets_in(json!([]), json!([{ "port": 5432 }]))]);
    lists.push(list("Service", vec![object("db", "orders", service)]));
    let mut workspace = shop();
    workspace.connections = vec![connection(80, "HTTP")];
    let judged = judged_in(&workspace, lists);
    assert_eq!((judged.standing, judged.paths[0].ports[0].number), (Standing::Open, 5432));
    assert!(judged.remarks[0].contains("port 80 of the Service is port 5432"), "{:?}", judged.remarks);
}

#[test]
fn tiers_accept_deny_and_pass_before_and_after_network_policies() {
    let rule = |action: &str| json!([{ "action": action, "from": [{ "namespaces": {} }] }]);
    let cnp = |tier: &str, priority: i32, action: &str| {
        let spec = json!({ "tier": tier, "priority": priority, "subject": { "namespaces": { "matchLabels": { "team": "db" } } }, "ingress": rule(action) });
        policy("", &format!("{tier}-{priority}"), spec)
    };
    let with = |own: Vec<Object>, cluster_wide: Vec<Object>| {
        let mut lists = cluster(own);
        lists.push(list("policy.networking.k8s.io/ClusterNetworkPolicy", cluster_wide));
        judged_in(&shop(), lists)
    };
    assert_eq!(with(vec![deny_all("db")], vec![cnp("Admin", 1, "Accept")]).standing, Standing::Open);
    assert_eq!(
        with(vec![deny_all("db")], vec![cnp("Admin", 1, "Pass"), cnp("Admin", 2, "Accept")]).standing,
        Standing::Blocked
    );
    assert_eq!(with(vec![], vec![cnp("Baseline", 1, "Deny")]).standing, Standing::Blocked);
    assert_eq!(with(vec![lets_in(json!([]), json!([]))], vec![cnp("Baseline", 1, "Deny")]).standing, Standing::Open);
    let denied = with(vec![lets_in(json!([]), json!([]))], vec![cnp("Admin", 7, "Deny")]);
    assert_eq!(denied.paths[0].ingress.policies, ["ClusterNetworkPolicy Admin-7"]);
    // Of two with the same priority nobody can tell which comes first.
    let mut deny = cnp("Admin", 1, "Deny");
    deny.name = "other".into();
    assert_eq!(with(vec![], vec![cnp("Admin", 1, "Accept"), deny]).standing, Standing::NotVisible);
}

#[test]
fn a_policy_of_an_api_that_is_not_evaluated_leaves_its_namespace_open_to_question() {
    let with = |namespace: &str| {
        let mut lists = cluster(vec![deny_all("db")]);
        lists.push(list("crd.antrea.io/NetworkPolicy", vec![object(namespace, "strict", json!({}))]));
        judged_in(&shop(), lists)
    };
    let judged = with("db");
    assert_eq!(judged.standing, Standing::NotVisible);
    let why = judged.paths[0].ingress.why.as_deref().unwrap_or_default();
    assert!(why.starts_with("crd.antrea.io/NetworkPolicy db/strict: "), "{why}");
    assert_eq!(with("other").standing, Standing::Blocked);
}

#[test]
fn ends_without_pods_are_judged_as_far_as_the_address_allows() {
    let mut workspace = shop();
    workspace.components[1].fence = crate::workspace::Fence::Outside;
    workspace.components[1].claims.clear();
    let out = |rules: Value| {
        let spec = json!({ "podSelector": {}, "policyTypes": ["Egress"], "egress": rules });
        judged_in(&workspace, cluster(vec![policy("web", "egress", spec)])).standing
    };
    assert_eq!(out(json!([])), Standing::Blocked);
    assert_eq!(out(json!([{ "to": [{ "namespaceSelector": {} }] }])), Standing::Blocked);
    assert_eq!(out(json!([{ "to": [{ "ipBlock": { "cidr": "0.0.0.0/0" } }] }])), Standing::Open);
    assert_eq!(out(json!([{ "to": [{ "ipBlock": { "cidr": "192.0.2.0/24" } }] }])), Standing::NotVisible);
}

fn with(kind: &str, objects: Vec<Object>, policies: Vec<Object>) -> JudgedConnection {
    let mut lists = cluster(policies);
    lists.push(list(kind, objects));
    judged_in(&shop(), lists)
}

#[test]
fn cilium_policies_add_up_and_their_denials_come_first() {
    let cilium = |spec: Value| with("cilium.io/CiliumNetworkPolicy", vec![policy("db", "c", spec)], Vec::new());
    let endpoints = json!([{ "matchLabels": { "k8s:io.kubernetes.pod.namespace": "web" } }]);
    let ports = json!([{ "ports": [{ "port": "5432", "protocol": "TCP" }] }]);
    // An empty rule selects nobody: the documentation's default deny.
    let judged = cilium(json!({ "endpointSelector": {}, "ingress": [{}] }));
    assert_eq!(judged.standing, Standing::Blocked);
    assert_eq!(judged.paths[0].ingress.policies, ["CiliumNetworkPolicy db/c"]);
    let allow = json!([{ "fromEndpoints": endpoints, "toPorts": ports }]);
    assert_eq!(cilium(json!({ "endpointSelector": {}, "ingress": allow })).standing, Standing::Open);
    // Without a word of namespaces peers are of the policy's own.
    let own = json!([{ "fromEndpoints": [{ "matchLabels": { "app": "front" } }] }]);
    assert_eq!(cilium(json!({ "endpointSelector": {}, "ingress": own })).standing, Standing::Blocked);
    let both = json!({ "endpointSelector": {}, "ingress": allow, "ingressDeny": [{ "fromEntities": ["cluster"] }] });
    assert_eq!(cilium(both).standing, Standing::Blocked);
    let off = json!({ "endpointSelector": {}, "enableDefaultDeny": { "ingress": false }, "ingress": [{}] });
    assert_eq!(cilium(off).standing, Standing::Open);
    let http = json!([{ "fromEndpoints": endpoints, "toPorts": [{ "ports": [{ "port": "5432" }], "rules": { "http": {} } }] }]);
    let judged = cilium(json!({ "endpointSelector": {}, "ingress": http }));
    assert_eq!(judged.standing, Standing::NotVisible);
    assert!(
        judged.paths[0].ingress.why.as_deref().is_some_and(|why| why.contains("CiliumNetworkPolicy db/c: it also"))
    );
}

#[test]
fn calico_policies_run_by_tier_and_order() {
    let kind = "projectcalico.org/GlobalNetworkPolicy";
    let rule = |action: &str| json!([{ "action": action, "protocol": "TCP", "source": { "namespaceSelector": "projectcalico.org/name == 'web'" }, "destination": { "ports": [5432] } }]);
    let global = |order: Option<f64>, action: &str| {
        let spec =
            json!({ "order": order, "selector": "app == 'orders'", "types": ["Ingress"], "ingress": rule(action) });
        policy("", &format!("calico-{action}"), spec)
    };
    assert_eq!(with(kind, vec![global(Some(1.0), "Allow")], vec![deny_all("db")]).standing, Standing::Open);
    // Order 1000 is that of NetworkPolicies, and their tier ends with a denial; a policy without an order comes after.
    let late = with(kind, vec![global(None, "Deny")], vec![lets_in(json!([]), json!([]))]);
    assert_eq!(late.standing, Standing::Open);
    let denied = with(kind, vec![global(Some(1.0), "Deny")], vec![lets_in(json!([]), json!([]))]);
    assert_eq!(denied.paths[0].ingress.policies, ["Calico GlobalNetworkPolicy calico-Deny"]);
    let strange = policy("", "strange", json!({ "tier": "unread", "selector": "all()", "ingress": rule("Deny") }));
    assert_eq!(with(kind, vec![strange], Vec::new()).standing, Standing::NotVisible);
    let accounts = json!([{ "action": "Allow", "source": { "serviceAccounts": { "names": ["web"] } } }]);
    let accounts = policy("", "accounts", json!({ "selector": "all()", "ingress": accounts }));
    assert_eq!(with(kind, vec![accounts], Vec::new()).standing, Standing::NotVisible);
}

#[test]
fn openings_are_said_once_and_undeclared_paths_by_their_policy() {
    let openings = |workspace: &Workspace, lists: Vec<List>| {
        let snapshot = snapshot(lists);
        let join = ownership::join(workspace, &snapshot);
        let pods = Pods::of(&snapshot);
        Network::new(&join, &pods).openings().seen().clone()
    };
    let (declared, mut undeclared) = (shop(), shop());
    undeclared.connections.clear();
    let free = openings(&declared, cluster(Vec::new()));
    let free: Vec<_> = free.accepting.iter().map(|open| (&*open.namespace, &open.workloads[..])).collect();
    assert_eq!(free, [("db", &["orders".to_owned()][..]), ("web", &["front".to_owned()][..])]);

    let web = json!([{ "namespaceSelector": { "matchLabels": { "team": "web" } } }]);
    let policies = || vec![deny_all("db"), lets_in(web.clone(), json!([{ "port": 5432 }]))];
    assert!(openings(&declared, cluster(policies())).undeclared.is_empty());
    let found = openings(&undeclared, cluster(policies()));
    let [path] = &found.undeclared[..] else { panic!("{:?}", found.undeclared) };
    assert_eq!((&path.ports[..], &path.policies[..]), (&["TCP 5432".to_owned()][..], &["db/allow-web".to_owned()][..]));
    assert_eq!((&path.callers[..], &path.called[..]), (&["web/front".to_owned()][..], &["db/orders".to_owned()][..]));
    let held: Vec<_> =
        found.held.iter().map(|held| (&*held.namespace, held.ingress.len(), held.egress.len())).collect();
    assert_eq!(held, [("db", 2, 1), ("web", 0, 0)]);
}
