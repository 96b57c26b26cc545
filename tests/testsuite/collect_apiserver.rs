//! What only a real API server can prove of `collect` and what stands beside it: see [`crate::apiserver`]. Skipped
//! without one.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use scopefence::snapshot::{Completeness, ListRecord, Snapshot};
use serde_json::{Value, json};

use crate::{
    apiserver::{self, BROKEN, SETTINGS},
    support::{checkout, in_pod, scopefence},
};

/// How the lists of kinds ended, but for the custom resources that other tests make meanwhile.
fn endings(snapshot: &Snapshot) -> BTreeMap<(&str, &str), &Completeness> {
    let key = |record: &'_ ListRecord| record.group.clone() != "example.com";
    let records = snapshot.lists.iter().map(|list| &list.record);
    records.filter(|record| key(record)).map(|it| ((&*it.group, &*it.kind), &it.completeness)).collect()
}

fn count(snapshot: &Snapshot, group: &str, kind: &str) -> usize {
    snapshot.list(group, kind).expect("asked").complete().expect("complete").len()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn the_printed_role_is_enough_and_no_more() {
    let Some(server) = apiserver::server() else { return };
    let read = server.collect("reader", &[]).expect("a snapshot");
    let collector = read.header.collector.as_ref().expect("known");
    assert_eq!((&*collector.username, collector.groups.contains(&"auditors".to_owned())), ("reader", true));
    assert!(read.header.cluster.uid.is_some(), "the UID of kube-system");
    assert!(read.header.cluster.version.as_ref().is_some_and(|version| version.starts_with("v1.")));
    assert_eq!(count(&read, "", "Pod"), 1);
    assert!(count(&read, "", "ConfigMap") >= SETTINGS, "a second page is read");
    assert!(count(&read, "rbac.authorization.k8s.io", "ClusterRole") > 20);
    for list in &read.lists {
        let ListRecord { group, kind, completeness, .. } = &list.record;
        let expected = match (&**group, &**kind) {
            ("", "Secret") => matches!(completeness, Completeness::Forbidden(why) if why.contains("cannot list")),
            (BROKEN, _) => matches!(completeness, Completeness::Failed(_)),
            // Whatever has a projection is granted; the rest of what the server knows is not.
            _ => matches!(completeness, Completeness::Complete | Completeness::Absent | Completeness::Forbidden(_)),
        };
        assert!(expected, "{:?}", list.record);
    }
    let probe = |snapshot: &Snapshot| snapshot.probe("encryption-at-rest").expect("asked").clone();
    assert!(matches!(probe(&read).record.completeness, Completeness::Forbidden(_)));
    let certificate = read.probe("api-certificate").expect("asked");
    assert_eq!(certificate.record.completeness, Completeness::Complete);

    let metrics = server.collect("metrics", &[]).expect("a snapshot");
    assert_eq!(probe(&metrics).record.completeness, Completeness::Complete);
    let samples: Value = probe(&metrics).body().expect("JSON");
    let secretbox = |sample: &Value| {
        sample["resource"] == "secrets"
            && sample["transformer_prefix"].as_str().is_some_and(|it| it.contains("secretbox"))
    };
    assert!(samples.as_array().expect("samples").iter().any(secretbox), "{samples}");
}

#[test]
fn an_administrator_reads_all_but_values() {
    let Some(server) = apiserver::server() else { return };
    let all = server.collect("admin", &[]).expect("a snapshot");
    let secrets = all.list("", "Secret").expect("asked").complete().expect("complete");
    assert!(secrets.iter().any(|secret| &*secret.name == "database" && secret.body.get() == "{}"));
    for list in all.lists.iter().filter(|list| list.record.group != BROKEN) {
        let fine = matches!(list.record.completeness, Completeness::Complete | Completeness::Absent);
        assert!(fine, "{:?}", list.record);
    }
    // Read twice, a quiet cluster gives the same lists.
    let again = server.collect("admin", &[]).expect("a snapshot");
    let digests = |snapshot: &Snapshot| -> Vec<String> {
        let quiet = |kind: &str| ["Pod", "ConfigMap", "Secret", "ClusterRole", "Namespace"].contains(&kind);
        snapshot.lists.iter().filter(|it| quiet(&it.record.kind)).map(|it| it.record.digest.clone()).collect()
    };
    assert_eq!(digests(&all), digests(&again));
}

#[test]
fn impersonation_shows_what_another_may_read() {
    let Some(server) = apiserver::server() else { return };
    let reader = server.collect("reader", &[]).expect("a snapshot");
    let lent = server.collect("boss", &["--as", "reader", "--as-group", "auditors"]).expect("a snapshot");
    assert_eq!(lent.header.collector.as_ref().map(|it| &*it.username), Some("reader"));
    let (reader, lent) = (endings(&reader), endings(&lent));
    for (kind, ending) in &reader {
        assert_eq!(std::mem::discriminant(lent[kind]), std::mem::discriminant(*ending), "{kind:?}");
    }

    for (context, more, named) in [
        ("nobody", &[][..], "nobody"),
        ("admin", &["--as", "nobody"], "nobody"),
        ("reader", &["--as", "admin"], "impersonate"),
    ] {
        let refused = server.collect(context, more).expect_err("nothing is readable");
        assert!(refused.contains("nothing could be read") && refused.contains(named), "{context}: {refused}");
    }
}

#[test]
fn a_dry_run_foretells_the_collection() {
    let Some(server) = apiserver::server() else { return };
    for context in ["reader", "admin", "nobody"] {
        let dry = server.run(&["collect", "--context", context, "--dry-run", "--format", "json"]);
        let dry: Value = serde_json::from_slice(&dry.stdout).expect("JSON");
        let foretold: BTreeMap<(String, String), String> = dry["kinds"]
            .as_array()
            .expect("kinds")
            .iter()
            .map(|it| {
                let text = |value: &Value| value.as_str().expect("a text").to_owned();
                ((text(&it["group"]), text(&it["kind"])), text(&it["answer"]["readable"]))
            })
            .collect();
        assert!(foretold.len() > 30, "{foretold:?}");
        let Ok(snapshot) = server.collect(context, &[]) else {
            assert!(foretold.values().all(|answer| answer != "yes"), "{context}: {foretold:?}");
            continue;
        };
        for ((group, kind), completeness) in endings(&snapshot) {
            let answer = foretold.get(&(group.to_owned(), kind.to_owned())).map(String::as_str);
            let agrees = match completeness {
                Completeness::Complete => answer == Some("yes"),
                Completeness::Forbidden(_) => answer == Some("no"),
                Completeness::Absent => answer.is_none(),
                _ => answer == Some("unknown"),
            };
            assert!(agrees, "{context}: {group}/{kind} was foretold as {answer:?} and ended as {completeness:?}");
        }
    }
}

#[test]
fn the_fence_is_held_against_the_running_cluster() {
    let Some(server) = apiserver::server() else { return };
    let starter = checkout("scopes/compliant-kubernetes");
    let starter = starter.to_str().expect("a path");
    let drift = server.run(&["drift", starter, "--live", "--context", "reader", "--format", "json"]);
    assert_eq!(drift.status.code(), Some(1), "{}", text(&drift.stderr));
    assert!(text(&drift.stdout).contains("shop"), "the namespace that nobody claims is named");
    let out = server.file("out");
    let path = out.to_str().expect("a path");
    let built = server.run(&[
        "build",
        starter,
        "--live",
        "--context",
        "reader",
        "--only",
        "ssp",
        "--format",
        "md",
        "--out",
        path,
    ]);
    assert_eq!(built.status.code(), Some(0), "{}", text(&built.stderr));
    let ssp = std::fs::read_to_string(out.join("ssp.md")).expect("a plan");
    assert!(ssp.contains(BROKEN) || ssp.contains("secrets is forbidden") || ssp.contains("cannot list"), "{ssp}");
}

/// The server of the group answers nothing, and no list of it can be called empty.
#[test]
fn a_group_whose_server_is_gone_is_a_failure_and_not_an_absence() {
    let Some(server) = apiserver::server() else { return };
    let read = server.collect("admin", &[]).expect("a snapshot");
    let broken: Vec<&ListRecord> =
        read.lists.iter().map(|list| &list.record).filter(|record| record.group == BROKEN).collect();
    assert!(matches!(&*broken, [one] if matches!(one.completeness, Completeness::Failed(_))), "{broken:?}");
    assert!(matches!(read.list("", "Pod").expect("asked").record.completeness, Completeness::Complete));
}

#[test]
fn custom_resources_are_found_as_soon_as_they_are_defined() {
    let Some(server) = apiserver::server() else { return };
    let definition = json!({
        "metadata": {"name": "shops.example.com"}, "spec": {
            "group": "example.com", "scope": "Namespaced",
            "names": {"plural": "shops", "singular": "shop", "kind": "Shop", "listKind": "ShopList"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {
                "type": "object", "x-kubernetes-preserve-unknown-fields": true,
            }}}],
        },
    });
    let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    server.create(definitions, &definition.to_string());
    let early = server.collect("admin", &[]).expect("a snapshot");
    let defined = |snapshot: &Snapshot| {
        let list = snapshot.list("apiextensions.k8s.io", "CustomResourceDefinition").expect("asked");
        list.complete().expect("complete").iter().any(|it| &*it.name == "shops.example.com")
    };
    assert!(defined(&early));
    server.wait(&format!("{definitions}/shops.example.com"), |body| body.contains("Established"));
    server.wait("/apis/example.com/v1/shops", |_| true);
    let shop = json!({
        "apiVersion": "example.com/v1", "kind": "Shop", "metadata": {"name": "corner"},
        "spec": {"password": apiserver::CANARY},
    });
    server.create("/apis/example.com/v1/namespaces/shop/shops", &shop.to_string());
    server.wait("/apis", |body| body.contains("example.com"));
    let late = server.collect("admin", &[]).expect("a snapshot");
    let shops = late.list("example.com", "Shop").expect("asked").complete().expect("complete");
    assert!(matches!(shops, [one] if &*one.name == "corner" && one.body.get() == "{}"), "{shops:?}");

    let role = server.run(&["permissions", "--live", "--context", "admin", "--format", "json"]);
    assert!(text(&role.stdout).contains("\"shops\""), "{}", text(&role.stderr));
}

/// As a Pod of the cluster would: with the token that the API server gave its service account.
#[cfg(target_os = "linux")]
#[test]
fn a_service_account_collects_from_within_the_cluster() {
    let Some(server) = apiserver::server() else { return };
    let account = json!({"metadata": {"name": "collector"}}).to_string();
    server.create("/api/v1/namespaces/default/serviceaccounts", &account);
    server.bind("scopefence-collect", json!({"kind": "ServiceAccount", "namespace": "default", "name": "collector"}));
    let asked = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}).to_string();
    let token = server.create("/api/v1/namespaces/default/serviceaccounts/collector/token", &asked);
    let token = token["status"]["token"].as_str().expect("a token").to_owned();
    let out = server.file("pod.snapshot.jsonl.zst");
    let mut program = scopefence();
    program.args(["collect", "--verbose", "--out"]).arg(&out).env("RUST_LOG", "trace");
    let Some(mut command) = in_pod(&program, &token, &server.file("ca.pem"), server.port) else { return };
    let output = command.output().expect("the program runs");
    let said = text(&output.stderr) + &text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(!said.contains(&token), "the token was shown");
    let read = apiserver::opened(&out);
    let collector = read.header.collector.as_ref().expect("known");
    assert_eq!(collector.username, "system:serviceaccount:default:collector");
    assert_eq!(count(&read, "", "Pod"), 1);
}

/// What the reading of pages takes for granted: a token outlives its revision as a 410, not as an empty page.
#[test]
fn a_token_for_a_page_expires_as_410() {
    let Some(server) = apiserver::server() else { return };
    let (_, first) = server.ask("GET", "/api/v1/configmaps?limit=500", "").expect("an answer");
    let first: Value = serde_json::from_str(&first).expect("JSON");
    let token = first["metadata"]["continue"].as_str().expect("a second page");
    let later = server.create("/api/v1/namespaces/default/configmaps", r#"{"metadata": {"generateName": "later-"}}"#);
    server.forget_before(later["metadata"]["resourceVersion"].as_str().expect("a revision"));
    let next = format!("/api/v1/configmaps?limit=500&continue={token}");
    let begun = Instant::now();
    let (status, body) = loop {
        let answer = server.ask("GET", &next, "").expect("an answer");
        // The API server keeps lists for a while, and looks every few seconds which are too old.
        if answer.0 != 200 || begun.elapsed() > Duration::from_secs(60) {
            break answer;
        }
        std::thread::sleep(Duration::from_millis(500));
    };
    let answer: Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!((status, &answer["reason"]), (410, &json!("Expired")));
}
