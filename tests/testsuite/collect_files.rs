//! `scopefence collect --from-files`: what saved files prove and what they do not.

use std::{fs, path::Path, process::Output};

use scopefence::snapshot::{self, Completeness, Snapshot, Source};

use crate::support::{data, scopefence};

fn supplied(out: &Path, files: &[&Path]) -> Output {
    scopefence()
        .args(["collect", "--cluster", "prod", "--out"])
        .arg(out)
        .arg("--from-files")
        .args(files)
        .env("SOURCE_DATE_EPOCH", "1767225600")
        .output()
        .expect("the program runs")
}

fn snapshot_of(files: &[&Path]) -> Snapshot {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("x.snapshot.jsonl");
    let output = supplied(&out, files);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    snapshot::read(&out).expect("a snapshot")
}

/// Why a list is not complete.
fn partial(snapshot: &Snapshot, group: &str, kind: &str) -> String {
    match &snapshot.list(group, kind).expect("supplied").record.completeness {
        Completeness::Partial(reason) => reason.clone(),
        other => panic!("{kind} is {other:?}"),
    }
}

#[test]
fn manifests_show_presence_and_never_absence() {
    let snapshot = snapshot_of(&[&data("collect/manifests")]);
    assert_eq!(snapshot.header.source, Source::Supplied);
    assert_eq!(snapshot.header.cluster.id, "prod");
    assert_eq!(snapshot.header.ended.timestamp(), 1_767_225_600);
    let deployments = snapshot.list("apps", "Deployment").expect("supplied");
    assert!(deployments.complete().is_err());
    assert!(partial(&snapshot, "apps", "Deployment").contains("manifests"));
    assert!(deployments.seen()[0].body.get().contains(r#""privileged":true"#));
    assert!(deployments.record.path.ends_with("manifests/web.yaml"));
    assert_eq!(snapshot.list("", "Secret").expect("supplied").seen()[0].body.get(), "{}");
    assert!(snapshot.list("", "Pod").is_none());
}

#[test]
fn lists_of_the_whole_cluster_are_complete() {
    let snapshot = snapshot_of(&[&data("recorded/api__v1__pods.json"), &data("recorded/api__v1__namespaces.json")]);
    assert_eq!(snapshot.list("", "Pod").expect("supplied").complete().expect("complete").len(), 18);
    assert_eq!(snapshot.list("", "Namespace").expect("supplied").complete().expect("complete").len(), 24);
    assert!(snapshot.header.cluster.uid.is_some());
}

#[test]
fn doubt_makes_a_list_partial() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).expect("written");
        path
    };
    let object = |kind: &str, name: &str, namespace: &str| {
        format!(r#"{{"apiVersion":"v1","kind":"{kind}","metadata":{{"name":"{name}","namespace":"{namespace}"}}}}"#)
    };
    let list = |items: &[String]| format!(r#"{{"kind":"List","apiVersion":"v1","items":[{}]}}"#, items.join(","));
    let two = list(&[object("Service", "a", "x"), object("Service", "b", "y")]);

    let one_namespace = write("one.json", &list(&[object("Service", "a", "x"), object("Service", "b", "x")]));
    assert!(partial(&snapshot_of(&[&one_namespace]), "", "Service").contains("that namespace only"));

    let whole = write("two.json", &two);
    assert!(snapshot_of(&[&whole]).list("", "Service").expect("supplied").complete().is_ok());

    let manifest = write("three.json", &object("Service", "c", "z"));
    assert!(partial(&snapshot_of(&[&whole, &manifest]), "", "Service").contains("manifests beside it"));

    assert!(partial(&snapshot_of(&[&whole, &one_namespace]), "", "Service").contains("several lists"));

    let page = write("page.json", &two.replace(r#""items""#, r#""metadata":{"continue":"x"},"items""#));
    assert!(partial(&snapshot_of(&[&page]), "", "Service").contains("first of several pages"));

    let namespaces =
        write("ns.json", &list(&[r#"{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"x"}}"#.to_owned()]));
    let snapshot = snapshot_of(&[&whole, &namespaces]);
    assert!(partial(&snapshot, "", "Service").contains("namespace y is not in"));
    assert!(partial(&snapshot, "", "Namespace").contains("namespace y is not in"));

    let odd =
        write("odd.json", &list(&[object("Service", "a", "x"), r#"{"apiVersion":"v1","kind":"Service"}"#.to_owned()]));
    assert!(partial(&snapshot_of(&[&odd]), "", "Service").contains("1 of 2 objects could not be read"));
}

#[test]
fn the_same_files_give_the_same_bytes() {
    let folder = tempfile::tempdir().expect("a folder");
    let (a, b) = (folder.path().join("a.snapshot.jsonl.zst"), folder.path().join("b.snapshot.jsonl.zst"));
    // Each run writes into the folder of the other, so `previous` has to be taken out of the comparison.
    assert!(supplied(&a, &[&data("collect/manifests")]).status.success());
    let first = fs::read(&a).expect("written");
    fs::remove_file(&a).expect("removed");
    assert!(supplied(&b, &[&data("collect/manifests")]).status.success());
    assert_eq!(first, fs::read(&b).expect("written"));
}

#[test]
fn bad_files_are_named_and_nothing_is_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("x.snapshot.jsonl.zst");
    for (name, bytes, expected) in [
        ("cut.json", &b"{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{"[..], "ends in the middle"),
        ("bad.json", b"{\"apiVersion\":}", "is not valid JSON (line 1"),
        ("bad.yaml", b"a: b\n  c: [d\n", "is not valid YAML"),
        ("empty.yaml", b"", "is empty"),
        ("binary.yaml", b"\xff\xfe\x00", "is not text"),
        ("values.yaml", b"replicaCount: 3\n", "without `apiVersion` and `kind`"),
        ("status.json", b"{\"apiVersion\":\"v1\",\"kind\":\"Status\"}", "error answer"),
        ("mixed.json", b"{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[1]}", "no object"),
        ("noname.yaml", b"apiVersion: v1\nkind: Pod\nmetadata: {}\n", "it has no name"),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, bytes).expect("written");
        let output = supplied(&out, &[&path]);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{name}: {stderr}");
        assert!(stderr.contains(name) && stderr.contains(expected), "{name}: {stderr}");
        assert!(!out.exists());
    }
    let output = supplied(&out, &[&folder.path().join("none")]);
    assert_eq!(output.status.code(), Some(2));
    let empty = folder.path().join("nothing");
    fs::create_dir(&empty).expect("made");
    assert!(String::from_utf8_lossy(&supplied(&out, &[&empty]).stderr).contains("no Kubernetes object found"));
}
