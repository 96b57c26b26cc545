use std::{fs, io::Write, path::PathBuf};

use proptest::prelude::*;

use super::*;

fn date(text: &str) -> DateTime<Utc> {
    text.parse().expect("a date")
}

fn header(id: &str, ended: &str) -> Header {
    Header {
        format: FORMAT,
        generator: "scopefence test".to_owned(),
        source: Source::Collected,
        cluster: ClusterIdentity { id: id.to_owned(), uid: None, server: None, version: None, context: None },
        collector: None,
        started: date("2026-01-01T00:00:00Z"),
        ended: date(ended),
        previous: None,
        sample: false,
    }
}

fn record(kind: &str) -> ListRecord {
    ListRecord {
        group: String::new(),
        version: "v1".to_owned(),
        kind: kind.to_owned(),
        resource: format!("{}s", kind.to_lowercase()),
        namespaced: true,
        path: format!("/api/v1/{}s", kind.to_lowercase()),
        resource_version: Some("1".to_owned()),
        count: 0,
        completeness: Completeness::Complete,
        metadata_only: false,
        read_at: date("2026-01-01T00:00:00Z"),
        retries: 0,
        warnings: Vec::new(),
        digest: String::new(),
        kept: Kept::default(),
    }
}

fn object(name: &str, body: &str) -> Object {
    Object {
        namespace: "shop".into(),
        name: name.into(),
        uid: "".into(),
        created: None,
        labels: Texts::from([("app".into(), name.into())]).into(),
        annotations: Texts::new(),
        owners: vec![OwnerRef {
            group: "apps".into(),
            kind: "ReplicaSet".into(),
            name: "x".into(),
            uid: "".into(),
            controller: true,
        }],
        body: Body::new(body).expect("JSON"),
    }
}

fn sample() -> Snapshot {
    let pods = vec![object("b", r#"{"spec":{}}"#), object("a", r#"{"spec":{"x":[1,"ü\n"]}}"#)];
    let mut forbidden = record("Secret");
    forbidden.completeness = Completeness::Forbidden("no".to_owned());
    let read_at = "2026-01-01T00:01:00Z".parse().expect("a time");
    let probe = |name: &str, body| Probe::new(name, format!("/{name}"), Completeness::Complete, read_at, &body);
    Snapshot::with_probes(
        header("prod", "2026-01-01T00:01:00Z"),
        vec![List::new(forbidden, Vec::new()), List::new(record("Pod"), pods)],
        vec![probe("b", serde_json::json!([{"count": 1}])), probe("a", serde_json::json!([]))],
    )
}

fn lines(snapshot: &Snapshot) -> Vec<String> {
    let mut bytes = Vec::new();
    pack::write_lines(snapshot, &mut bytes).expect("memory takes all");
    String::from_utf8(bytes).expect("text").lines().map(str::to_owned).collect()
}

fn put(folder: &tempfile::TempDir, bytes: &[u8]) -> PathBuf {
    let path = folder.path().join("x.snapshot.jsonl");
    fs::write(&path, bytes).expect("written");
    path
}

#[test]
fn what_is_written_is_read_in_every_form() {
    let folder = tempfile::tempdir().expect("a folder");
    let snapshot = sample();
    for ending in ENDINGS {
        let path = folder.path().join(format!("a{ending}"));
        let digest = write(&snapshot, &path).expect("written");
        let bytes = fs::read(&path).expect("there");
        assert_eq!(digest, crate::digest::sha256_hex(&bytes));
        let again = read(&path).expect("read");
        assert_eq!(again.digest, digest);
        assert_eq!(again.header, snapshot.header);
        assert_eq!(lines(&again), lines(&snapshot));
        assert_eq!(read_header(&path).expect("a header"), snapshot.header);
        write(&again, &path).expect("written again");
        assert_eq!(fs::read(&path).expect("there"), bytes, "{ending} is deterministic");
    }
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 3, "no temporary file stays");
}

/// Pods of one workload, which share their spec in a file.
fn siblings() -> Snapshot {
    let pod = |name: &str, node: &str| {
        let filler = "x".repeat(200);
        object(name, &format!(r#"{{"spec":{{"nodeName":"{node}","x":"{filler}"}},"status":{{"phase":"Running"}}}}"#))
    };
    let pods = vec![pod("a", "n1"), pod("b", "n2"), pod("c", "n1")];
    Snapshot::new(header("prod", "2026-01-01T00:01:00Z"), vec![List::new(record("Pod"), pods)])
}

#[test]
fn equal_specs_are_stored_once_and_come_back_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let snapshot = siblings();
    let text = lines(&snapshot);
    assert_eq!(text.iter().filter(|line| line.starts_with("{\"template\":")).count(), 1, "{text:#?}");
    assert_eq!(text.iter().filter(|line| line.starts_with("{\"of\":[0,\"n")).count(), 3, "{text:#?}");
    for ending in ENDINGS {
        let path = folder.path().join(format!("a{ending}"));
        write(&snapshot, &path).expect("written");
        let again = read(&path).expect("read");
        let bodies = |snapshot: &Snapshot| {
            snapshot.lists[0].seen().iter().map(|pod| pod.body.get().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(bodies(&again), bodies(&snapshot));
        assert_eq!(again.lists[0].record, snapshot.lists[0].record);
    }
    let damaged = text.join("\n").replace("\"of\":[0,", "\"of\":[7,") + "\n";
    assert!(matches!(read(&put(&folder, damaged.as_bytes())).expect_err("no such template"), Error::Damaged { .. }));
    let damaged = text.join("\n").replacen("xxx", "xyx", 1) + "\n";
    assert!(matches!(read(&put(&folder, damaged.as_bytes())).expect_err("another template"), Error::Damaged { .. }));
}

#[test]
fn the_older_format_is_read_and_written_anew() {
    let folder = tempfile::tempdir().expect("a folder");
    let snapshot = siblings();
    let mut old = vec![serde_json::to_string(&Header { format: 1, ..snapshot.header.clone() }).expect("JSON")];
    old.push(serde_json::to_string(&snapshot.lists[0].record).expect("JSON"));
    old.extend(snapshot.lists[0].seen().iter().map(|pod| serde_json::to_string(pod).expect("JSON")));
    old.push(r#"{"end":{"lists":1,"objects":3}}"#.to_owned());
    let read = read(&put(&folder, (old.join("\n") + "\n").as_bytes())).expect("format 1");
    assert_eq!(read.header.format, 1);
    assert_eq!(lines(&read), lines(&snapshot));
}

#[test]
fn a_snapshot_of_format_1_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let text: Vec<String> = lines(&sample()).into_iter().filter(|line| !line.starts_with("{\"probe\":")).collect();
    let text = text.join("\n").replacen("\"format\":2", "\"format\":1", 1).replace(",\"probes\":2", "") + "\n";
    let snapshot = read(&put(&folder, text.as_bytes())).expect("read");
    assert_eq!((snapshot.header.format, snapshot.lists.len(), snapshot.probes.len()), (1, 2, 0));
}

#[test]
fn a_probe_that_was_changed_is_noticed() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = lines(&sample()).join("\n").replace("{\"count\":1}", "{\"count\":2}") + "\n";
    assert!(matches!(read(&put(&folder, text.as_bytes())), Err(Error::Damaged { .. })));
}

#[test]
fn lists_come_with_their_completeness() {
    let snapshot = sample();
    let pods = snapshot.list("", "Pod").expect("asked").complete().expect("complete");
    assert_eq!(pods.iter().map(|pod| &*pod.name).collect::<Vec<_>>(), ["a", "b"]);
    let secrets = snapshot.list("", "Secret").expect("asked");
    assert_eq!(secrets.complete().expect_err("forbidden").completeness, Completeness::Forbidden("no".to_owned()));
    assert!(snapshot.list("apps", "Deployment").is_none());
}

#[test]
fn a_file_cut_off_anywhere_is_an_error() {
    let folder = tempfile::tempdir().expect("a folder");
    for ending in ENDINGS {
        let path = folder.path().join(format!("a{ending}"));
        write(&sample(), &path).expect("written");
        let whole = fs::read(&path).expect("there");
        for length in 0..whole.len() - 1 {
            fs::write(&path, &whole[..length]).expect("cut");
            let error = read(&path).expect_err("cut off");
            let fits = matches!(
                error,
                Error::Empty { .. } | Error::Truncated { .. } | Error::NotSnapshot { .. } | Error::Damaged { .. }
            );
            assert!(fits, "{ending} cut to {length} bytes: {error}");
        }
    }
}

#[test]
fn a_file_changed_anywhere_is_an_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let good = lines(&sample());
    let change = |edit: &dyn Fn(&mut Vec<String>)| {
        let mut lines = good.clone();
        edit(&mut lines);
        read(&put(&folder, (lines.join("\n") + "\n").as_bytes())).map(|_| ()).map_err(|error| error.to_string())
    };
    change(&|_| {}).expect("unchanged");
    for (what, edit) in [
        ("a value", &(|lines: &mut Vec<String>| lines[2] = lines[2].replace("ü", "u")) as &dyn Fn(&mut Vec<String>)),
        ("an object left out", &|lines| drop(lines.remove(2))),
        ("an object twice", &|lines| lines.insert(2, lines[2].clone())),
        ("objects swapped", &|lines| lines.swap(2, 3)),
        ("a count lowered", &|lines| lines[1] = lines[1].replace("\"count\":2", "\"count\":1")),
        ("a count raised", &|lines| lines[1] = lines[1].replace("\"count\":2", "\"count\":99999999999")),
        ("a list left out", &|lines| drop(lines.remove(4))),
        ("lists swapped", &|lines| lines.rotate_left(4)),
        ("the end left out", &|lines| drop(lines.pop())),
        ("more after the end", &|lines| lines.push("{}".to_owned())),
        ("no JSON", &|lines| lines[3] = "hunter2".to_owned()),
        ("another type", &|lines| lines[3] = "{\"name\":{\"hunter2\":1}}".to_owned()),
    ] {
        let error = change(edit).expect_err(what);
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[test]
fn other_files_are_named_for_what_they_are() {
    let folder = tempfile::tempdir().expect("a folder");
    let error = |bytes: &[u8]| read(&put(&folder, bytes)).expect_err("no snapshot");
    assert!(matches!(error(b""), Error::Empty { .. }));
    assert!(matches!(error(b"PK\x03\x04 something else"), Error::NotSnapshot { .. }));
    assert!(matches!(error(b"{\"format\":1}\n"), Error::NotSnapshot { .. }));
    assert!(matches!(error(b"{\"kind\":\"PodList\"}\n"), Error::NotSnapshot { .. }));
    let future = error(b"{\"format\":7,\"generator\":\"scopefence 9\",\"news\":{}}\n");
    assert!(matches!(future, Error::Future { format: 7, .. }));
    assert!(future.to_string().ends_with("this program reads up to 2: update scopefence"), "{future}");
    assert!(matches!(read(folder.path()).expect_err("a folder"), Error::Open { .. }));
    assert!(matches!(read(&folder.path().join("none")).expect_err("nothing"), Error::Open { .. }));
}

#[test]
fn a_bomb_is_refused_before_it_fills_the_memory() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut bomb = zstd::stream::write::Encoder::new(Vec::new(), 1).expect("an encoder");
    let zeros = vec![0; 1 << 20];
    for _ in 0..256 {
        bomb.write_all(&zeros).expect("memory takes all");
    }
    let path = put(&folder, &bomb.finish().expect("finished"));
    assert!(matches!(read(&path).expect_err("a bomb"), Error::NotSnapshot { .. }));
    assert!(matches!(read_header(&path).expect_err("a bomb"), Error::NotSnapshot { .. }));
}

#[test]
fn writing_into_nowhere_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("none/x.snapshot.jsonl.zst");
    assert!(matches!(write(&sample(), &path).expect_err("no folder"), Error::Write { .. }));
}

#[test]
fn the_newest_of_each_cluster_is_found() {
    let folder = tempfile::tempdir().expect("a folder");
    let put = |name: &str, id: &str, uid: Option<&str>, ended: &str| {
        let mut header = header(id, ended);
        header.cluster.uid = uid.map(str::to_owned);
        let path = folder.path().join(format!("{name}.snapshot.jsonl.zst"));
        write(&Snapshot::new(header, Vec::new()), &path).expect("written");
    };
    put("1", "prod", Some("u1"), "2026-01-03T00:00:00Z");
    put("2", "prod-renamed", Some("u1"), "2026-01-05T00:00:00Z");
    put("3", "prod", Some("u1"), "2026-01-04T00:00:00Z");
    put("4", "test", None, "2026-01-01T00:00:00Z");
    fs::write(folder.path().join("5.snapshot.jsonl.zst"), "hunter2").expect("written");
    fs::write(folder.path().join("report.pdf"), "other").expect("written");
    fs::write(folder.path().join(".snapshot-tmp"), "other").expect("written");
    let evidence = find(folder.path()).expect("a folder");
    let names = |found: &[Found]| {
        found
            .iter()
            .map(|it| it.path.file_name().expect("a name").to_string_lossy()[..1].to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&evidence.newest), ["2", "4"]);
    assert_eq!(names(&evidence.older), ["1", "3"]);
    assert_eq!(evidence.unreadable.len(), 1);
    assert!(find(&folder.path().join("none")).expect("no evidence yet").newest.is_empty());
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400), at in any::<usize>(), whole in any::<bool>()) {
        static GOOD: std::sync::OnceLock<(tempfile::TempDir, PathBuf, Vec<u8>)> = std::sync::OnceLock::new();
        let (_, path, good) = GOOD.get_or_init(|| {
            let folder = tempfile::tempdir().expect("a folder");
            let path = folder.path().join("x.snapshot.jsonl.zst");
            write(&sample(), &path).expect("written");
            let good = fs::read(&path).expect("there");
            (folder, path, good)
        });
        let mut file = if whole { bytes.clone() } else { good.clone() };
        if !whole {
            let at = at % file.len();
            file.splice(at..(at + bytes.len()).min(good.len()), bytes);
        }
        fs::write(path, &file).expect("written");
        let _ = read(path);
        let _ = read_header(path);
    }
}
