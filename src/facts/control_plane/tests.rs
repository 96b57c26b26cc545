use serde_json::json;

use super::*;
use crate::{
    assess::testing::{labelled, list, object, snapshot, workspace},
    facts::State,
    ownership,
    snapshot::Object,
};

/// A static Pod as kubeadm makes it and the kubelet mirrors it.
pub(crate) fn static_pod(component: &str, node: &str, command: &[&str]) -> Object {
    let body = json!({"spec": {"nodeName": node, "containers": [{"name": component, "command": command}]}});
    let pod = object("kube-system", &format!("{component}-{node}"), body);
    let mut pod = labelled(pod, &[("component", component), ("tier", "control-plane")]);
    pod.annotations.insert("kubernetes.io/config.mirror".into(), "8d0b5e0e".into());
    pod
}

fn plane(pods: Vec<Object>) -> Observed<ControlPlane> {
    let workspace = workspace(Vec::new());
    let snapshot = snapshot(vec![list("Pod", pods)]);
    observe(&ownership::join(&workspace, &snapshot))
}

fn value<'a>(plane: &'a ControlPlane, component: &str, name: &str) -> &'a [PlaneValue] {
    let component = plane.components.iter().find(|it| it.name == component).expect("seen");
    &component.settings.iter().find(|it| it.name == name).expect("known").values
}

#[test]
fn what_is_set_what_is_default_and_what_differs() {
    let first =
        ["kube-apiserver", "--anonymous-auth=false", "--authorization-mode=Node,RBAC", "--enable-admission-plugins=A"];
    let second = [
        "kube-apiserver",
        "--anonymous-auth=false",
        "--authorization-mode",
        "[redacted]",
        "--profiling",
        "--enable-admission-plugins=A",
        "--enable-admission-plugins=B",
    ];
    let fact = plane(vec![static_pod("kube-apiserver", "cp-1", &first), static_pod("kube-apiserver", "cp-2", &second)]);
    assert_eq!(fact.state(), State::Complete);
    let plane = fact.seen();
    assert_eq!(plane.components[0].nodes, ["cp-1", "cp-2"]);
    let anonymous = value(plane, "kube-apiserver", "anonymous-auth");
    assert_eq!((anonymous.len(), anonymous[0].origin, &*anonymous[0].text), (1, Origin::Set, "false"));
    let profiling = value(plane, "kube-apiserver", "profiling");
    let found: Vec<_> = profiling.iter().map(|it| (it.origin, &*it.text, &*it.nodes[0])).collect();
    assert_eq!(found, [(Origin::Set, "true", "cp-2"), (Origin::Default, "true", "cp-1")]);
    let mode = value(plane, "kube-apiserver", "authorization-mode");
    assert!(mode.iter().any(|it| it.origin == Origin::NotVisible && it.nodes == ["cp-2"]), "{mode:?}");
    let plugins = value(plane, "kube-apiserver", "enable-admission-plugins");
    assert!(plugins.iter().any(|it| it.text == "A,B" && it.nodes == ["cp-2"]), "{plugins:?}");
    assert_eq!(value(plane, "kube-apiserver", "audit-log-path")[0].origin, Origin::Unset);
}

#[test]
fn what_a_file_or_the_environment_may_say_is_not_called_default() {
    let api = static_pod("kube-apiserver", "cp-1", &["kube-apiserver", "--authorization-config=/etc/authz.yaml"]);
    let mut etcd = static_pod("etcd", "cp-1", &["etcd"]);
    let body = json!({"spec": {"containers": [{"name": "etcd", "command": ["etcd"],
        "env": [{"name": "ETCD_CLIENT_CERT_AUTH", "value": "[redacted]"}]}]}});
    etcd.body = object("", "", body).body;
    let fact = plane(vec![api, etcd]);
    let mode = &value(fact.seen(), "kube-apiserver", "authorization-mode")[0];
    assert_eq!((mode.origin, &*mode.text), (Origin::NotVisible, "it may be set in the file of --authorization-config"));
    assert_eq!(value(fact.seen(), "etcd", "client-cert-auth")[0].origin, Origin::NotVisible);
    assert_eq!(value(fact.seen(), "etcd", "peer-client-cert-auth")[0].origin, Origin::Default);
}

#[test]
fn only_static_pods_in_kube_system_count() {
    let command = ["kube-apiserver", "--anonymous-auth=false"];
    let mut elsewhere = static_pod("kube-apiserver", "a", &command);
    elsewhere.namespace = "team-payments".into();
    let mut made_by_hand = static_pod("kube-apiserver", "b", &command);
    made_by_hand.annotations.clear();
    let fact = plane(vec![elsewhere, made_by_hand]);
    assert!(
        fact.seen().components.is_empty() && fact.reasons().iter().any(|it| it.contains("not visible")),
        "{:?}",
        fact.reasons()
    );
}

#[test]
fn an_odd_command_line_makes_the_fact_partial() {
    let mut odd = static_pod("kube-scheduler", "cp-1", &["kube-scheduler"]);
    odd.body = object("", "", json!({"spec": {"containers": "[unexpected]"}})).body;
    let fact = plane(vec![odd]);
    assert_eq!(fact.state(), State::Partial);
    assert!(fact.reasons()[0].starts_with("kube-system/kube-scheduler-cp-1 "), "{:?}", fact.reasons());
}
