//! `scopefence collect`, and the sample snapshot that ships with the starters.

use std::path::{Path, PathBuf};

use scopefence::{
    cluster::{self, projection::Projections},
    snapshot::{self, Collector, Completeness, List, ListRecord, Snapshot, Source},
};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Maintainers: writes `scopes/samples/platform.snapshot.jsonl.zst` anew from `../shared/recorded-cluster`, identity
/// `reader`. Run `cargo test --test testsuite regenerate_sample -- --ignored`.
#[test]
#[ignore = "writes into the source tree"]
fn regenerate_sample() {
    let recorded = Path::new("../shared/recorded-cluster/reader");
    let mut paths = Vec::new();
    let mut forbidden = Vec::new();
    for entry in std::fs::read_dir(recorded).expect("the recorded cluster") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
        if name.contains('@') || name.starts_with("POST") || !name.ends_with(".json") || name.matches("__").count() < 2
        {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("text");
        if text.starts_with(r#"{"kind":"Status""#) { forbidden.push((name, text)) } else { paths.push(path) }
    }
    paths.sort();
    let projections = Projections::builtin().expect("embedded");
    let date = "2026-11-21T09:47:31Z".parse().expect("a date");
    let supplied = cluster::from_files(&paths, "sample", Some(date), projections).expect("recorded lists");
    let mut header = supplied.snapshot.header.clone();
    header.source = Source::Collected;
    header.sample = true;
    header.collector = Some(Collector {
        username: "evidence-reader".to_owned(),
        groups: vec!["platform:evidence-readers".to_owned(), "system:authenticated".to_owned()],
    });
    header.cluster.version = Some("v1.36.2".to_owned());
    header.cluster.server = Some("https://cluster.example:6443".to_owned());
    header.cluster.context = Some("sample".to_owned());
    let mut lists: Vec<List> = Vec::new();
    for list in supplied.snapshot.lists {
        let mut record = list.record.clone();
        let group = if record.group.is_empty() { "/api".to_owned() } else { format!("/apis/{}", record.group) };
        record.path = format!("{group}/{}/{}", record.version, record.resource);
        record.completeness = Completeness::Complete;
        lists.push(List::new(record, list.seen().to_vec()));
    }
    for (name, text) in forbidden {
        let parts: Vec<&str> = name.trim_end_matches(".json").split("__").collect();
        let (group, version, resource) = match parts[..] {
            ["api", version, resource] => ("", version, resource),
            ["apis", group, version, resource] => (group, version, resource),
            _ => continue,
        };
        let status: serde_json::Value = serde_json::from_str(&text).expect("a status");
        let Some(projection) = projections.iter().find(|it| it.group == group && it.resource == resource) else {
            continue;
        };
        lists.push(List::new(
            ListRecord {
                group: group.to_owned(),
                version: version.to_owned(),
                kind: projection.kind.clone(),
                resource: resource.to_owned(),
                namespaced: projection.namespaced,
                path: format!("/{}", parts.join("/")),
                resource_version: None,
                count: 0,
                completeness: Completeness::Forbidden(status["message"].as_str().unwrap_or_default().to_owned()),
                metadata_only: projection.metadata_only,
                read_at: date,
                retries: 0,
                warnings: Vec::new(),
                digest: String::new(),
            },
            Vec::new(),
        ));
    }
    let snapshot = Snapshot::new(header, lists);
    let path = root().join("scopes/samples/platform.snapshot.jsonl.zst");
    std::fs::create_dir_all(root().join("scopes/samples")).expect("a folder");
    snapshot::write(&snapshot, &path).expect("written");
    let again = snapshot::read(&path).expect("read back");
    println!("{} lists, {} bytes", again.lists.len(), std::fs::metadata(&path).expect("there").len());
}
