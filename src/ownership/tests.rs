use super::*;
use crate::{
    assess::testing::*,
    snapshot::{List, OwnerRef},
    workspace::Component,
};

fn json() -> serde_json::Value {
    serde_json::json!({})
}

/// Owner of the object of this kind and name, as text.
fn owner(components: Vec<Component>, lists: Vec<List>, kind: &str, name: &str) -> String {
    let workspace = workspace(components);
    let snapshot = snapshot(lists);
    let join = join(&workspace, &snapshot);
    let spot = snapshot
        .lists
        .iter()
        .enumerate()
        .filter(|(_, list)| list.record.kind == kind)
        .find_map(|(number, list)| {
            let object = list.seen().iter().position(|object| &*object.name == name)?;
            Some(Spot { list: number, object })
        })
        .expect("the object is in the snapshot");
    match join.owner(spot) {
        Owner::Component(id) => id.to_string(),
        Owner::Contested(claims) => {
            let ids: Vec<&str> = claims.iter().map(|(id, _)| id.as_str()).collect();
            format!("contested: {}", ids.join(" "))
        }
        Owner::Unclaimed(why) => format!("unclaimed: {why}"),
        Owner::LeftOut => "left out".to_owned(),
    }
}

fn service(name: &str) -> List {
    list(
        "Service",
        vec![labelled(
            object("shop", name, json()),
            &[("app", "web"), ("helm.sh/chart", "web-1"), ("app.kubernetes.io/instance", "web")],
        )],
    )
}

/// One component a field, each claiming the Service `shop/web` by that field alone.
fn ladder() -> Vec<Component> {
    vec![
        component("by-name", "platform", vec![claim(|claim| claim.names = vec!["web".to_owned()])]),
        component("by-release", "platform", vec![claim(|claim| claim.helm_releases = vec!["web".to_owned()])]),
        component(
            "by-label",
            "platform",
            vec![claim(|claim| {
                claim.labels.insert("app".to_owned(), "web".to_owned());
            })],
        ),
        component("by-namespace", "platform", vec![claim(|claim| claim.namespaces = vec!["shop".to_owned()])]),
        component("by-long-glob", "platform", vec![claim(|claim| claim.namespaces = vec!["sho*".to_owned()])]),
        component("by-short-glob", "platform", vec![claim(|claim| claim.namespaces = vec!["s*".to_owned()])]),
    ]
}

#[test]
fn the_most_specific_claim_wins_at_every_step() {
    let ladder = ladder();
    for start in 0..ladder.len() {
        let expected = ladder[start].id.to_string();
        // Order of declaration must not matter.
        let mut rest = ladder[start..].to_vec();
        rest.reverse();
        assert_eq!(owner(rest, vec![namespaces(&["shop"]), service("web")], "Service", "web"), expected);
    }
}

#[test]
fn equal_claims_of_two_components_are_contested_and_of_one_are_not() {
    let by_namespace = || vec![claim(|claim| claim.namespaces = vec!["shop".to_owned()])];
    let two = vec![component("a", "platform", by_namespace()), component("b", "platform", by_namespace())];
    let lists = || vec![namespaces(&["shop"]), service("web")];
    assert_eq!(owner(two, lists(), "Service", "web"), "contested: a b");
    let twice = component("a", "platform", [by_namespace(), by_namespace()].concat());
    assert_eq!(owner(vec![twice], lists(), "Service", "web"), "a");
}

#[test]
fn a_second_field_breaks_a_tie() {
    let narrow = claim(|claim| {
        claim.namespaces = vec!["shop".to_owned()];
        claim.kinds = vec!["Service".to_owned()];
    });
    let wide = claim(|claim| claim.namespaces = vec!["shop".to_owned()]);
    let both = vec![component("wide", "platform", vec![wide]), component("narrow", "platform", vec![narrow])];
    assert_eq!(owner(both, vec![namespaces(&["shop"]), service("web")], "Service", "web"), "narrow");
}

#[test]
fn fields_of_a_claim_must_all_match() {
    let other = claim(|claim| {
        claim.namespaces = vec!["shop".to_owned()];
        claim.kinds = vec!["Deployment".to_owned()];
    });
    let found = owner(
        vec![component("a", "platform", vec![other])],
        vec![namespaces(&["shop"]), service("web")],
        "Service",
        "web",
    );
    assert_eq!(found, "unclaimed: no claim matches");
}

#[test]
fn kind_and_group_claims_match_cluster_scoped_objects_only() {
    let kinds = claim(|claim| claim.kinds = vec!["Service".to_owned(), "IngressClass".to_owned()]);
    let lists = || vec![service("web"), list("networking.k8s.io/IngressClass", vec![object("", "nginx", json())])];
    let components = || vec![component("a", "platform", vec![kinds.clone()])];
    assert_eq!(owner(components(), lists(), "IngressClass", "nginx"), "a");
    assert_eq!(owner(components(), lists(), "Service", "web"), "unclaimed: no claim matches");
}

#[test]
fn a_group_claim_takes_the_definitions_of_its_group() {
    let group = claim(|claim| claim.api_groups = vec!["*.cert-manager.io".to_owned(), "cert-manager.io".to_owned()]);
    let crds = list(
        "apiextensions.k8s.io/CustomResourceDefinition",
        vec![object("", "certificates.cert-manager.io", json()), object("", "orders.acme.cert-manager.io", json())],
    );
    let components = vec![component("certificates", "platform", vec![group])];
    assert_eq!(
        owner(components.clone(), vec![crds], "CustomResourceDefinition", "orders.acme.cert-manager.io"),
        "certificates"
    );
}

#[test]
fn the_owner_reference_root_decides_first() {
    let database = object("shop", "orders", json());
    let set = owned(object("shop", "orders-set", json()), "Cluster", &database);
    let pod = labelled(owned(object("shop", "orders-1", json()), "StatefulSet", &set), &[("app", "web")]);
    let lists = vec![
        namespaces(&["shop"]),
        list("postgresql.cnpg.io/Cluster", vec![database]),
        list("apps/StatefulSet", vec![set]),
        list("Pod", vec![pod]),
    ];
    let by_kind = claim(|claim| {
        claim.namespaces = vec!["shop".to_owned()];
        claim.kinds = vec!["postgresql.cnpg.io/Cluster".to_owned()];
    });
    let by_label = claim(|claim| {
        claim.labels.insert("app".to_owned(), "web".to_owned());
    });
    let components =
        vec![component("databases", "platform", vec![by_kind]), component("web", "platform", vec![by_label.clone()])];
    assert_eq!(owner(components, lists.clone(), "Pod", "orders-1"), "databases");
    // A root that nobody claims leaves the decision to the object.
    assert_eq!(owner(vec![component("web", "platform", vec![by_label])], lists, "Pod", "orders-1"), "web");
}

#[test]
fn a_circle_of_owners_ends() {
    let mut a = object("shop", "a", json());
    let b = owned(object("shop", "b", json()), "ConfigMap", &a);
    a.owners.push(OwnerRef {
        group: "".into(),
        kind: "ConfigMap".into(),
        name: "b".into(),
        uid: b.uid.clone(),
        controller: true,
    });
    let found = owner(Vec::new(), vec![list("ConfigMap", vec![a, b])], "ConfigMap", "a");
    assert_eq!(found, "unclaimed: no claim matches");
}

#[test]
fn a_static_pod_is_not_owned_by_its_node() {
    let node = object("", "cp-1", json());
    let pod = owned(object("kube-system", "kube-apiserver-cp-1", json()), "Node", &node);
    let nodes = component("nodes", "platform", vec![claim(|claim| claim.kinds = vec!["Node".to_owned()])]);
    let api = component("api", "platform", vec![claim(|claim| claim.namespaces = vec!["kube-system".to_owned()])]);
    let lists = vec![namespaces(&["kube-system"]), list("Node", vec![node]), list("Pod", vec![pod])];
    assert_eq!(owner(vec![nodes, api], lists, "Pod", "kube-apiserver-cp-1"), "api");
}

fn tenants(labels: &[(&str, &str)]) -> Vec<List> {
    let namespace = labelled(object("", "team-ml", json()), labels);
    vec![list("Namespace", vec![namespace]), list("Service", vec![object("team-ml", "web", json())])]
}

#[test]
fn an_owner_label_names_the_component_and_an_unknown_value_is_never_a_guess() {
    let key = "platform.example/owner";
    let labelled_claim = claim(|claim| {
        claim.namespace_labels.insert(key.to_owned(), "payments".to_owned());
    });
    let glob = claim(|claim| claim.namespaces = vec!["team-*".to_owned()]);
    let components = || {
        vec![
            component("payments", "platform", vec![labelled_claim.clone()]),
            component("other", "platform", vec![glob.clone()]),
        ]
    };
    assert_eq!(owner(components(), tenants(&[(key, "payments")]), "Service", "web"), "payments");
    assert_eq!(owner(components(), tenants(&[(key, "payments")]), "Namespace", "team-ml"), "payments");
    assert_eq!(owner(components(), tenants(&[]), "Service", "web"), "other");
    assert_eq!(
        owner(components(), tenants(&[(key, "ml")]), "Service", "web"),
        "unclaimed: owner label platform.example/owner = ml is not declared"
    );
}

#[test]
fn what_kubernetes_makes_itself_is_no_noise() {
    let lists = || {
        vec![
            namespaces(&["kube-system", "shop", "default"]),
            list("ConfigMap", vec![object("shop", "kube-root-ca.crt", json())]),
            list("ServiceAccount", vec![object("shop", "default", json())]),
            list("Event", vec![object("shop", "web.1", json())]),
            list(
                "rbac.authorization.k8s.io/ClusterRole",
                vec![labelled(object("", "view", json()), &[("kubernetes.io/bootstrapping", "rbac-defaults")])],
            ),
        ]
    };
    let components = || {
        vec![
            component("api", "platform", vec![claim(|claim| claim.namespaces = vec!["kube-system".to_owned()])]),
            // Not the whole namespace: what nobody made by hand follows the Namespace object.
            component(
                "shop",
                "platform",
                vec![claim(|claim| {
                    claim.namespaces = vec!["shop".to_owned()];
                    claim.kinds = vec!["Namespace".to_owned()];
                })],
            ),
        ]
    };
    assert_eq!(owner(components(), lists(), "ConfigMap", "kube-root-ca.crt"), "shop");
    assert_eq!(owner(components(), lists(), "ServiceAccount", "default"), "shop");
    assert_eq!(owner(components(), lists(), "ClusterRole", "view"), "api");
    assert_eq!(owner(components(), lists(), "Namespace", "default"), "api");
    assert_eq!(owner(components(), lists(), "Event", "web.1"), "left out");
}

#[test]
fn a_volume_follows_its_claim() {
    let volume =
        object("", "pv-1", serde_json::json!({ "spec": { "claimRef": { "namespace": "shop", "name": "data" } } }));
    let lists = vec![
        namespaces(&["shop"]),
        list("PersistentVolume", vec![volume]),
        list("PersistentVolumeClaim", vec![object("shop", "data", json())]),
    ];
    let shop = component("shop", "platform", vec![claim(|claim| claim.namespaces = vec!["shop".to_owned()])]);
    assert_eq!(owner(vec![shop], lists, "PersistentVolume", "pv-1"), "shop");
}

#[test]
fn unclaimed_dependants_fold_into_their_root_and_missing_is_proven_by_complete_lists() {
    let deployment = object("lab", "jupyter", json());
    let set = owned(object("lab", "jupyter-1", json()), "Deployment", &deployment);
    let pod = owned(object("lab", "jupyter-1-x", json()), "ReplicaSet", &set);
    let lists = vec![
        namespaces(&["lab"]),
        list("apps/Deployment", vec![deployment]),
        list("apps/ReplicaSet", vec![set]),
        list("Pod", vec![pod]),
    ];
    let absent =
        || component("payments", "platform", vec![claim(|claim| claim.namespaces = vec!["payments".to_owned()])]);
    let labelled = component(
        "web",
        "platform",
        vec![claim(|claim| {
            claim.labels.insert("app".to_owned(), "web".to_owned());
        })],
    );
    let workspace = workspace(vec![absent(), labelled]);
    let whole = snapshot(lists.clone());
    let summary = join(&workspace, &whole).summary();
    let keys: Vec<String> =
        summary.unclaimed.iter().map(|unclaimed| format!("{} +{}", unclaimed.key, unclaimed.dependants)).collect();
    assert_eq!(keys, ["Namespace lab +0", "Deployment lab/jupyter +2"]);
    assert!(summary.missing.iter().all(|missing| missing.proven), "{:?}", summary.missing);

    let mut partial = lists;
    partial.push(ended("Secret", Completeness::Forbidden("no".to_owned()), Vec::new()));
    let partial = snapshot(partial);
    let summary = join(&workspace, &partial).summary();
    let proven: Vec<bool> = summary.missing.iter().map(|missing| missing.proven).collect();
    // No Secret can be in a namespace that does not exist, but one anywhere could carry the label.
    assert_eq!(proven, [true, false]);
    assert_eq!(summary.not_seen.len(), 1);
    assert!(summary.not_seen[0].1.contains("/api/v1/secrets is forbidden"));
}

/// 200,000 objects, 1,000 namespaces, 600 claims: run with `cargo test --release -- --ignored --nocapture large`.
#[test]
#[ignore = "a measurement"]
fn a_large_cluster_is_joined_in_linear_time() {
    for size in [20_000, 200_000] {
        let home = |number: usize| format!("team-{}", number % 1_000);
        let spaces: Vec<String> = (0..1_000).map(home).collect();
        let names: Vec<&str> = spaces.iter().map(String::as_str).collect();
        let mut roots = Vec::new();
        let mut pods = Vec::new();
        for number in 0..size / 4 {
            let root = object(&home(number), &format!("app-{number}"), json());
            let labels = [("app", "web"), ("app.kubernetes.io/instance", "web"), ("tier", "front")];
            pods.extend((0..3).map(|pod| {
                let pod = object(&home(number), &format!("app-{number}-{pod}"), json());
                labelled(owned(pod, "Deployment", &root), &labels)
            }));
            roots.push(labelled(root, &labels));
        }
        let snapshot = snapshot(vec![namespaces(&names), list("apps/Deployment", roots), list("Pod", pods)]);
        let components = (0..200).map(|number| {
            let space = claim(|claim| claim.namespaces = vec![format!("team-{number}"), format!("team-{number}?")]);
            let release = claim(|claim| claim.helm_releases = vec![format!("release-{number}")]);
            let name = claim(|claim| claim.names = vec![format!("operator-{number}-*")]);
            component(&format!("c-{number}"), "platform", vec![space, release, name])
        });
        let workspace = workspace(components.collect());
        let start = std::time::Instant::now();
        let joined = join(&workspace, &snapshot);
        let join_time = start.elapsed();
        let summary = joined.summary();
        eprintln!(
            "{size} objects: join {join_time:?}, summary {:?}, {} unclaimed",
            start.elapsed() - join_time,
            summary.unclaimed.len()
        );
    }
}
