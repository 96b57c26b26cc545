//! `scopefence collect`: what a snapshot says after everything that can happen to a request.

use std::{collections::BTreeMap, fs, process::Output};

use scopefence::{
    assess::{self, History, Outcome},
    facts::{State, catalogue},
    snapshot::{self, Completeness, Snapshot, Source},
    workspace::{self, Workspace},
};

use crate::{
    replay::{Fault, Options, Replay},
    support::{checkout, data, scopefence},
};

fn collect(server: &Replay, arguments: &[&str]) -> Output {
    scopefence()
        .args(["collect", "--timeout", "1", "--kubeconfig"])
        .arg(server.kubeconfig())
        .args(arguments)
        .output()
        .expect("the program runs")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Collects into a file and reads it back.
fn snapshot_of(server: &Replay) -> Snapshot {
    let out = server.folder().join("evidence.snapshot.jsonl.zst");
    let output = collect(server, &["--out", out.to_str().expect("a path")]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), out.to_str().expect("a path"));
    snapshot::read(&out).expect("a snapshot")
}

/// How the list of each path ended, without reasons.
fn endings(snapshot: &Snapshot) -> BTreeMap<String, (String, usize)> {
    let word = |completeness: &Completeness| {
        serde_json::to_value(completeness).expect("JSON")["state"].as_str().expect("a state").to_owned()
    };
    snapshot
        .lists
        .iter()
        .map(|list| (list.record.path.clone(), (word(&list.record.completeness), list.record.count)))
        .collect()
}

#[test]
fn everything_readable_is_read() {
    let server = Replay::start(Options::default());
    let snapshot = snapshot_of(&server);
    assert_eq!(snapshot.header.source, Source::Collected);
    assert_eq!(snapshot.header.cluster.version.as_deref(), Some("v1.36.2"));
    assert_eq!(snapshot.header.cluster.id, "replay");
    assert!(snapshot.header.cluster.uid.is_some());
    assert_eq!(snapshot.header.collector.as_ref().map(|it| &*it.username), Some("evidence-reader"));
    let encryption = snapshot.probe("encryption-at-rest").expect("asked");
    assert_eq!(encryption.record.completeness, Completeness::Complete);
    let samples: serde_json::Value = encryption.body().expect("JSON");
    assert_eq!(samples.as_array().map(Vec::len), Some(4));
    assert!(!samples.to_string().contains("apiserver_request_total"));
    let certificate = snapshot.probe("api-certificate").expect("asked");
    assert_eq!(certificate.record.completeness, Completeness::Complete, "{:?}", certificate.record);
    let certificate: serde_json::Value = certificate.body().expect("JSON");
    assert_eq!(certificate["protocol"], "TLS 1.3");
    assert!(certificate["names"].as_array().is_some_and(|names| !names.is_empty()), "{certificate}");
    assert!(snapshot.probe("kubelet-configz").is_none(), "nobody opted in");
    let pods = snapshot.list("", "Pod").expect("Pods").complete().expect("complete");
    assert_eq!(pods.len(), 18);
    assert!(matches!(snapshot.list("", "Secret").expect("Secrets").record.completeness, Completeness::Forbidden(_)));
    assert_eq!(
        snapshot.list("cilium.io", "CiliumNetworkPolicy").expect("known").record.completeness,
        Completeness::Absent
    );
    assert!(snapshot.list("", "Event").is_none());
    let settings = snapshot.list("", "ConfigMap").expect("ConfigMaps");
    let kubeadm = settings.seen().iter().find(|it| &*it.name == "kubeadm-config").expect("kubeadm-config");
    assert!(kubeadm.body.get().contains("podSubnet"), "{}", kubeadm.body.get());
    assert!(settings.seen().iter().all(|it| &*it.name == "kubeadm-config" || it.body.get() == "{}"));
}

#[test]
fn only_gets_and_reviews_are_sent() {
    let server = Replay::start(Options::default());
    snapshot_of(&server);
    let output = collect(&server, &["--dry-run"]);
    assert!(output.status.code().is_some_and(|code| code < 2), "{}", stderr(&output));
    for seen in server.seen() {
        let review = seen.path.contains("/selfsubject");
        assert!(seen.method == if review { "POST" } else { "GET" }, "{} {}", seen.method, seen.path);
        assert!(!seen.query.contains("watch") && !seen.path.contains("/proxy/"), "{}", seen.path);
        let header = |name: &str| seen.headers.get(name).and_then(|it| it.to_str().ok()).unwrap_or_default().to_owned();
        assert!(header("user-agent").starts_with("scopefence/"), "{}", header("user-agent"));
        if seen.path == "/api/v1/secrets" || seen.path == "/api/v1/configmaps" {
            assert_eq!(header("accept"), "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1");
        }
    }
}

#[test]
fn pages_give_the_same_as_one_answer() {
    let whole = snapshot_of(&Replay::start(Options::default()));
    let server = Replay::start(Options { page: Some(3), ..Options::default() });
    let paged = snapshot_of(&server);
    assert!(server.seen().iter().any(|seen| seen.query.contains("continue=")));
    let digests =
        |snapshot: &Snapshot| snapshot.lists.iter().map(|list| list.record.digest.clone()).collect::<Vec<_>>();
    assert_eq!(endings(&whole), endings(&paged));
    assert_eq!(digests(&whole), digests(&paged));
}

#[test]
fn servers_without_aggregated_discovery_are_asked_group_by_group() {
    let server = Replay::start(Options { plain_discovery: true, ..Options::default() });
    let snapshot = snapshot_of(&server);
    assert!(snapshot.list("", "Pod").expect("Pods").complete().is_ok());
    assert!(snapshot.list("cert-manager.io", "Certificate").expect("Certificates").complete().is_ok());
}

#[test]
fn a_broken_aggregated_api_costs_only_itself() {
    let server = Replay::start(Options { stale_group: Some("metrics.k8s.io"), ..Options::default() });
    let snapshot = snapshot_of(&server);
    let broken = snapshot.list("metrics.k8s.io", "*").expect("the group is recorded");
    assert!(matches!(broken.record.completeness, Completeness::Failed(_)), "{:?}", broken.record);
    let failed = snapshot.lists.iter().filter(|list| matches!(list.record.completeness, Completeness::Failed(_)));
    assert_eq!(failed.count(), 1);
}

/// No check passes and no fact is complete without every list that it needs.
fn nothing_rests_on_gaps(workspace: &Workspace, snapshot: Snapshot) {
    let incomplete = |kind: &String| {
        let (group, kind) = kind.rsplit_once('/').unwrap_or(("", kind));
        let ended = snapshot.list(group, kind).map(|list| &list.record.completeness);
        (!matches!(ended, Some(Completeness::Complete | Completeness::Absent))).then(|| format!("{kind}: {ended:?}"))
    };
    let empty = |kind: &String| {
        let (group, kind) = kind.rsplit_once('/').unwrap_or(("", kind));
        snapshot.list(group, kind).is_some_and(|list| list.complete().is_ok_and(<[_]>::is_empty))
    };
    let assessment = assess::assess(workspace, std::slice::from_ref(&snapshot), &History::default(), None);
    assert!(assessment.results.len() > 10);
    for result in &assessment.results {
        let check = assessment.checks.iter().find(|check| check.id == result.check).expect("its check");
        let gaps: Vec<_> = check.needs.iter().filter_map(incomplete).collect();
        let passes = result.outcome == Outcome::Pass;
        assert!(!passes || gaps.is_empty(), "{} passes without {gaps:?}", check.id);
        assert!(!passes || !check.needs.first().is_some_and(empty), "{} passes on nothing", check.id);
    }
    let facts = &assessment.clusters[0].facts;
    for entry in catalogue::entries() {
        let gaps: Vec<_> = entry.needs.iter().filter_map(incomplete).collect();
        let state = facts.account(&entry.family).expect("its family").state();
        assert!(state != State::Complete || gaps.is_empty(), "{} is complete without {gaps:?}", entry.id);
    }
}

/// Every kind meets every fault in turn: run `n` gives kind `k` fault `k + n`.
#[test]
fn fault_matrix() {
    let gone = "the list expired twice while it was read (410)";
    // Fault; how the list must end; a part of the reason; objects (`None`: those recorded).
    let faults: Vec<(Fault, &str, &str, Option<isize>)> = vec![
        (Fault::Status(403, "Forbidden"), "forbidden", "the replay answers 403", Some(0)),
        (Fault::Status(401, "Unauthorized"), "forbidden", "401", Some(0)),
        (Fault::Plain(404, "404 page not found"), "failed", "404", Some(0)),
        (Fault::Gone { times: 1 }, "complete", "", None),
        (Fault::Gone { times: 99 }, "partial", gone, Some(2)),
        (Fault::BrokenSecondPage, "partial", "after one page: the API server answers 500 (InternalError)", Some(2)),
        (Fault::TooMany { times: 2, retry_after: "0" }, "complete", "", None),
        (Fault::TooMany { times: 99, retry_after: "7200" }, "failed", "429", Some(0)),
        (Fault::Status(500, "InternalError"), "failed", "500 (InternalError)", Some(0)),
        (Fault::Flaky { times: 2, status: 500 }, "complete", "", None),
        (Fault::Plain(503, "service unavailable hunter2"), "failed", "503", Some(0)),
        (Fault::Stall, "failed", "stopped in the middle", Some(0)),
        (Fault::Truncated, "failed", "ends in the middle", Some(0)),
        (Fault::Halved, "failed", "ends in the middle", Some(0)),
        (Fault::InvalidJson, "failed", "not valid JSON", Some(0)),
        (Fault::Html, "failed", "web page", Some(0)),
        (Fault::Body("{\"kind\":\"Status\",\"message\":\"hunter2\"}".to_owned()), "failed", "not a list", Some(0)),
        (Fault::Odd("\"hunter2\""), "partial", "could not be read", Some(-1)),
        (Fault::Odd("{\"metadata\":{\"name\":\"x\",\"labels\":{\"a\":{\"hunter2\":1}}}}"), "partial", "type", Some(-1)),
        (Fault::Odd("{\"spec\":\"hunter2\"}"), "partial", "no metadata", Some(-1)),
        (Fault::Empty, "complete", "", Some(0)),
    ];
    let clean = endings(&snapshot_of(&Replay::start(Options::default())));
    // Kinds with several pages of two.
    let paths: Vec<String> = clean
        .iter()
        .filter(|(_, (state, count))| state == "complete" && *count > 3)
        .map(|(path, _)| path.clone())
        .collect();
    assert!(paths.len() >= 12, "{paths:?}");
    let today = chrono::NaiveDate::from_ymd_opt(2026, 11, 21).expect("a date");
    let workspace = workspace::load(&checkout("scopes/compliant-kubernetes"), today).expect("a starter");
    let workspace = workspace.workspace.expect("a sound workspace");
    let run = |turn: usize| {
        let given: BTreeMap<String, usize> =
            paths.iter().enumerate().map(|(at, path)| (path.clone(), (at + turn) % faults.len())).collect();
        let options = Options {
            faults: given.iter().map(|(path, fault)| (path.clone(), faults[*fault].0.clone())).collect(),
            page: Some(2),
            ..Options::default()
        };
        let server = Replay::start(options);
        let out = server.folder().join("x.snapshot.jsonl.zst");
        let output = collect(&server, &["-v", "--out", out.to_str().expect("a path")]);
        assert!(output.status.success(), "{}", stderr(&output));
        assert!(!stderr(&output).contains("hunter2"), "{}", stderr(&output));
        let snapshot = snapshot::read(&out).expect("a snapshot");
        for list in &snapshot.lists {
            let record = &list.record;
            let (state, count) = &clean[&record.path];
            let (fault, state, reason, count) = match given.get(&record.path).map(|fault| &faults[*fault]) {
                None => (None, &**state, "", *count),
                Some((fault, state, reason, objects)) => {
                    let objects = match objects {
                        None => *count,
                        Some(less) if *less < 0 => count.checked_add_signed(*less).expect("an object less"),
                        Some(exactly) => exactly.unsigned_abs(),
                    };
                    // The page is cut before the odd object is put in, so with pages of two each has one.
                    let objects = if matches!(fault, Fault::Odd(_)) { count / 2 } else { objects };
                    (Some(fault), *state, *reason, objects)
                }
            };
            let ended = serde_json::to_value(&record.completeness).expect("JSON");
            assert_eq!(ended["state"], state, "{} with {fault:?}: {ended}", record.path);
            let why = ended["reason"].as_str().unwrap_or_default();
            assert!(why.contains(reason) && !why.contains("hunter2"), "{} with {fault:?}: {why}", record.path);
            assert_eq!(record.count, count, "{} with {fault:?}: {ended}", record.path);
            assert_eq!(list.complete().is_ok(), state == "complete");
            if matches!(fault, Some(Fault::TooMany { times: 2, .. } | Fault::Flaky { .. } | Fault::Gone { .. })) {
                assert!(record.retries > 0, "{} with {fault:?}", record.path);
            }
        }
        nothing_rests_on_gaps(&workspace, snapshot);
    };
    std::thread::scope(|scope| {
        for lane in 0..6 {
            let (run, faults) = (&run, &faults);
            scope.spawn(move || (lane..faults.len()).step_by(6).for_each(run));
        }
    });
}

#[test]
fn kubelets_say_what_they_run_with_only_when_asked() {
    let recording = tempfile::tempdir().expect("a folder");
    for file in fs::read_dir(data("recorded")).expect("recorded").flatten() {
        fs::copy(file.path(), recording.path().join(file.file_name())).expect("copied");
    }
    let answer = r#"{"kubeletconfig":{"readOnlyPort":10255,"staticPodURLHeader":{"Authorization":["hunter2"]}}}"#;
    fs::write(recording.path().join("api__v1__nodes__worker-1__proxy__configz.json"), answer).expect("written");
    let server = Replay::of(recording.path(), Options::default());
    let out = server.folder().join("x.snapshot.jsonl");
    let output = collect(&server, &["--with", "configz", "--out", out.to_str().expect("a path")]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(!fs::read_to_string(&out).expect("text").contains("hunter2"));
    let snapshot = snapshot::read(&out).expect("a snapshot");
    let probe = snapshot.probe("kubelet-configz").expect("asked");
    assert!(matches!(&probe.record.completeness, Completeness::Partial(why) if why.starts_with("1 of ")), "{probe:?}");
    let kubelets: serde_json::Value = probe.body().expect("JSON");
    assert_eq!(kubelets, serde_json::json!({"worker-1": {"readOnlyPort": 10255}}));
}

/// Maintainers: collects `scopes/samples/platform.snapshot.jsonl.zst` anew from the recorded cluster in
/// `../shared/recorded-cluster`, identity `reader`, through the replay server. Times are those of the recording.
/// Run `cargo test --test testsuite regenerate_sample -- --ignored`.
#[test]
#[ignore = "writes into the source tree"]
fn regenerate_sample() {
    let shared = checkout("../shared/recorded-cluster");
    if !shared.is_dir() {
        return eprintln!("skipped: {} is not there", shared.display());
    }
    let recording = tempfile::tempdir().expect("a folder");
    for identity in ["admin/api@aggregated.json", "reader"] {
        let path = shared.join(identity);
        let files = if path.is_dir() {
            fs::read_dir(&path).expect("recorded").map(|it| it.expect("one").path()).collect()
        } else {
            vec![path]
        };
        for file in files {
            fs::copy(&file, recording.path().join(file.file_name().expect("a name"))).expect("copied");
        }
    }
    // The reader was recorded listing ConfigMaps, so it could have read these two by name.
    let maps = fs::read_to_string(shared.join("reader/api__v1__configmaps.json")).expect("recorded");
    let maps: serde_json::Value = serde_json::from_str(&maps).expect("JSON");
    for map in maps["items"].as_array().expect("ConfigMaps") {
        let Some(name @ ("kubeadm-config" | "kubelet-config")) = map["metadata"]["name"].as_str() else { continue };
        let file = format!("api__v1__namespaces__kube-system__configmaps__{name}.json");
        fs::write(recording.path().join(file), map.to_string()).expect("written");
    }
    let server = Replay::of(recording.path(), Options::default());
    let collected = snapshot_of(&server);
    let date = "2026-11-21T09:47:31Z".parse().expect("a date");
    let mut header = collected.header;
    header.sample = true;
    (header.started, header.ended) = (date, date);
    header.cluster.id = "sample".to_owned();
    header.cluster.context = Some("sample".to_owned());
    header.cluster.server = Some("https://cluster.example:6443".to_owned());
    let lists = collected.lists.iter().map(|list| {
        let mut record = list.record.clone();
        record.read_at = date;
        snapshot::List::new(record, list.seen().to_vec())
    });
    let path = checkout("scopes/samples/platform.snapshot.jsonl.zst");
    // The certificate is that of the replay server, not of the cluster.
    let recorded = collected.probes.into_iter().filter(|probe| probe.record.name != "api-certificate");
    let probes = recorded.map(|mut probe| {
        probe.record.read_at = date;
        probe
    });
    let sample = Snapshot::with_probes(header, lists.collect(), probes.collect());
    snapshot::write(&sample, &path).expect("written");
    println!("{} bytes", fs::metadata(&path).expect("there").len());
}

/// Maintainers: writes what the sample cluster might have looked like earlier, from the sample itself, so that the
/// starter's documents show a trend. The first lacks lists that nobody asked for then.
/// Run `cargo test --test testsuite regenerate_earlier_samples -- --ignored`.
#[test]
#[ignore = "writes into the source tree"]
fn regenerate_earlier_samples() {
    let sample = snapshot::read(&checkout("scopes/samples/platform.snapshot.jsonl.zst")).expect("the sample");
    let unasked = ["aquasecurity.github.io", "wgpolicyk8s.io", "kyverno.io", "velero.io", "cilium.io"];
    let later = ["sandbox", "team-ml"];
    let earlier: [(&str, &[&str], &[&str]); 3] = [
        ("2026-08-22", &unasked, &["NetworkPolicy", "PodDisruptionBudget", "ResourceQuota", "LimitRange"]),
        ("2026-09-26", &[], &["NetworkPolicy", "PodDisruptionBudget"]),
        ("2026-10-24", &[], &["PodDisruptionBudget"]),
    ];
    for (day, unasked, without) in earlier {
        let date = format!("{day}T09:30:00Z").parse().expect("a date");
        let mut header = sample.header.clone();
        (header.started, header.ended) = (date, date);
        let lists = sample.lists.iter().filter(|list| !unasked.contains(&&*list.record.group)).map(|list| {
            let mut record = list.record.clone();
            record.read_at = date;
            let kept = |object: &&snapshot::Object| {
                let home = if record.kind == "Namespace" { &object.name } else { &object.namespace };
                let lacks = without.contains(&&*record.kind) && object.namespace.starts_with("team-");
                !lacks && !later.contains(&&**home)
            };
            let objects = list.seen().iter().filter(kept).cloned().collect();
            snapshot::List::new(record, objects)
        });
        let probes = sample.probes.iter().cloned().map(|mut probe| {
            probe.record.read_at = date;
            probe
        });
        let earlier = Snapshot::with_probes(header, lists.collect(), probes.collect());
        let path = checkout(&format!("scopes/samples/platform-{day}.snapshot.jsonl.zst"));
        snapshot::write(&earlier, &path).expect("written");
        println!("{day}: {} bytes", fs::metadata(&path).expect("there").len());
    }
}

#[test]
fn the_sample_is_one_and_says_so() {
    let path = checkout("scopes/samples/platform.snapshot.jsonl.zst");
    assert!(fs::metadata(&path).expect("there").len() < 400_000);
    let sample = snapshot::read(&path).expect("a snapshot");
    assert!(sample.header.sample);
    assert_eq!(sample.header.cluster.id, "sample");
    assert_eq!(sample.list("", "Pod").expect("Pods").complete().expect("complete").len(), 136);
    assert!(sample.list("", "Namespace").expect("Namespaces").complete().is_ok());
    assert!(sample.list("", "Secret").expect("Secrets").complete().is_err());
    let found = snapshot::find(path.parent().expect("a folder")).expect("readable");
    assert_eq!(found.newest.len(), 1);
    assert!(found.unreadable.is_empty());
}
