//! Checks on storage, backups and shared nodes. Objects as the operators write them, shortened.

use chrono::NaiveDate;

use super::*;
use crate::workspace::DedicatedNodes;

const CLAIM: &str = "PersistentVolumeClaim";

#[test]
pub(super) fn storage_classes_are_told_apart() {
    let class = |provisioner: &str, parameters: Value| {
        let body = json!({ "provisioner": provisioner, "parameters": parameters });
        vec![list("storage.k8s.io/StorageClass", vec![object("", "gp3", body)])]
    };
    let ebs = "ebs.csi.aws.com";
    let (on, off) = (class(ebs, json!({ "encrypted": "true" })), class(ebs, json!({ "encrypted": "false" })));
    tell_apart("storage-encryption", on, off, "parameters.encrypted = false");
    // Nothing said is for a person to find out.
    assert_eq!(ask("storage-encryption", class(ebs, json!({ "type": "gp2" }))).0, Outcome::Manual);
}

/// A claim in `shop`, a schedule of Velero and its newest backup, with phase and end.
fn backed_up(template: Value, phase: &str, end: &str) -> Vec<List> {
    let run = json!({ "status": { "phase": phase, "startTimestamp": end, "completionTimestamp": end } });
    let run = labelled(object("velero", "daily-1", run), &[("velero.io/schedule-name", "daily")]);
    let schedule = json!({ "spec": { "schedule": "0 3 * * *", "template": template } });
    let mut lists = vec![
        namespaces(&["shop"]),
        list(CLAIM, vec![object("shop", "data", json!({}))]),
        list("velero.io/Schedule", vec![object("velero", "daily", schedule)]),
        list("velero.io/Backup", vec![run]),
        list("velero.io/Restore", Vec::new()),
    ];
    for kind in ["k8up.io/Schedule", "k8up.io/Backup", "k8up.io/Snapshot", "k8up.io/Restore", VOLUME_SNAPSHOT] {
        lists.push(ended(kind, Completeness::Absent, Vec::new()));
    }
    lists
}

const VOLUME_SNAPSHOT: &str = "snapshot.storage.k8s.io/VolumeSnapshot";

#[test]
fn one_tool_is_enough_and_none_is_not_applicable() {
    let mut lists = backed_up(json!({}), "Completed", FRESH);
    lists.retain(|list| list.record.group != "velero.io");
    let kinds = ["velero.io/Schedule", "velero.io/Backup", "velero.io/Restore"];
    lists.extend(kinds.map(|kind| ended(kind, Completeness::Absent, Vec::new())));
    assert_eq!(ask("backup-coverage", lists.clone()).0, Outcome::NotApplicable);
    lists.retain(|list| list.record.kind != "VolumeSnapshot");
    let of = |claim: &str| {
        let spec = json!({ "source": { "persistentVolumeClaimName": claim } });
        let body = json!({ "spec": spec, "status": { "readyToUse": true, "creationTime": FRESH } });
        let mut lists = lists.clone();
        lists.push(list(VOLUME_SNAPSHOT, vec![object("shop", "one", body)]));
        lists
    };
    assert_eq!(ask("backup-coverage", of("data")).0, Outcome::Pass);
    assert_eq!(ask("backup-coverage", of("other")).0, Outcome::Fail);
    let mut unread = of("data");
    unread.retain(|list| list.record.kind != "VolumeSnapshot");
    unread.push(ended(VOLUME_SNAPSHOT, Completeness::Forbidden("no".to_owned()), Vec::new()));
    assert_eq!(ask("backup-coverage", unread).0, Outcome::Forbidden);
}

const FRESH: &str = "2026-11-21T03:56:42Z";

#[test]
pub(super) fn backups_are_told_apart() {
    let fine = || backed_up(json!({}), "Completed", FRESH);
    let others = backed_up(json!({ "includedNamespaces": ["other"] }), "Completed", FRESH);
    tell_apart("backup-coverage", fine(), others, "no schedule takes its content");
    tell_apart("backup-outcome", fine(), backed_up(json!({}), "PartiallyFailed", FRESH), "PartiallyFailed");
    let location = |phase: &str| {
        let location = object("velero", "default", json!({ "status": { "phase": phase } }));
        vec![list("velero.io/BackupStorageLocation", vec![location])]
    };
    tell_apart("backup-location", location("Available"), location("Unavailable"), "status.phase = Unavailable");
    // Without an objective nothing is late.
    assert_eq!(ask("backup-age", fine()).0, Outcome::Manual);
    let mut shop = shop();
    shop.recovery_point = Some(24 * 60);
    let workspace = workspace(vec![shop]);
    assert_eq!(ask_in(&workspace, "backup-age", fine()).0, Outcome::Pass);
    let (outcome, messages) =
        ask_in(&workspace, "backup-age", backed_up(json!({}), "Completed", "2026-11-15T03:56:42Z"));
    assert_eq!(outcome, Outcome::Fail);
    assert!(messages[0].contains("6 days old; the recovery point objective is 24 hours"), "{messages:?}");
}

#[test]
pub(super) fn databases_are_told_apart() {
    let database = |phase: &str| {
        let backup =
            json!({ "spec": { "cluster": { "name": "orders" } }, "status": { "phase": phase, "stoppedAt": FRESH } });
        vec![
            list("postgresql.cnpg.io/Cluster", vec![object("shop", "orders", json!({}))]),
            list("postgresql.cnpg.io/Backup", vec![object("shop", "orders-1", backup)]),
        ]
    };
    tell_apart("database-backup", database("completed"), database("failed"), "no completed backup");
}

#[test]
pub(super) fn restores_are_told_apart() {
    let lists = || backed_up(json!({}), "Completed", FRESH);
    let outcome = |days: Option<u32>, tested: Option<&str>| {
        let mut shop = shop();
        shop.recovery_point = Some(24 * 60);
        shop.restore_tested = tested.map(|date| date.parse::<NaiveDate>().expect("a date"));
        let mut workspace = workspace(vec![shop]);
        workspace.policy.restore_test_days = days;
        ask_in(&workspace, "restore-test", lists()).0
    };
    assert_eq!(outcome(None, Some("2026-11-01")), Outcome::Manual);
    assert_eq!(outcome(Some(90), Some("2026-11-01")), Outcome::Pass);
    assert_eq!(outcome(Some(90), Some("2026-06-01")), Outcome::Fail);
    assert_eq!(outcome(Some(90), None), Outcome::Fail);
}

#[test]
pub(super) fn shared_nodes_are_told_apart() {
    let running = |tolerations: Value| {
        let pod = json!({ "spec": { "nodeName": "gpu-1", "tolerations": tolerations, "containers": [] },
            "status": { "phase": "Running" } });
        vec![list("Pod", vec![object("shop", "web", pod)]), list("Node", vec![object("", "gpu-1", json!({}))])]
    };
    let named = running(json!([{ "key": "nvidia.com/gpu", "operator": "Exists" }]));
    tell_apart("wildcard-toleration", named, running(json!([{ "operator": "Exists" }])), "operator Exists");
    assert_eq!(ask("dedicated-nodes", running(json!(null))).0, Outcome::Manual);
    let reserved = |team: &str| {
        let mut workspace = workspace(vec![shop()]);
        workspace.policy.dedicated_nodes =
            vec![DedicatedNodes { nodes: vec!["gpu-*".to_owned()], teams: vec![TeamId::new(team)] }];
        ask_in(&workspace, "dedicated-nodes", running(json!(null)))
    };
    assert_eq!(reserved("platform").0, Outcome::Pass);
    let (outcome, messages) = reserved("payments");
    assert_eq!(outcome, Outcome::Fail);
    assert!(messages[0].contains("gpu-1, which is reserved for payments"), "{messages:?}");
}
