use super::*;
use crate::{
    assess::Outcome,
    results::{MOST_OBJECTS, Original, RuleResult},
    workspace::Severity,
};

fn sample(name: &str) -> Vec<u8> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/results").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn kept(bytes: &[u8], told: Option<Format>) -> ResultFile {
    let read = file(bytes, told).unwrap_or_else(|problem| panic!("{problem:?}"));
    let original = Original { name: "a.json".to_owned(), sha256: String::new(), bytes: 0 };
    let observed = read.observed().map_or_else(|| When::Day(chrono::NaiveDate::default()), When::Time);
    let cluster = read.cluster().map(str::to_owned);
    read.keep(cluster, observed, original)
}

fn rule<'f>(file: &'f ResultFile, name: &str) -> &'f RuleResult {
    let names = || file.rules.iter().map(RuleResult::name).collect::<Vec<_>>();
    file.rules.iter().find(|rule| rule.name() == name).unwrap_or_else(|| panic!("{name} of {:?}", names()))
}

fn outcomes(file: &ResultFile) -> Vec<(String, Outcome)> {
    file.rules.iter().map(|rule| (rule.name(), rule.outcome())).collect()
}

#[track_caller]
fn says(file: &ResultFile, wanted: &[(&str, Outcome)]) {
    let wanted: Vec<_> = wanted.iter().map(|(rule, outcome)| ((*rule).to_owned(), *outcome)).collect();
    assert_eq!(outcomes(file), wanted);
}

use Outcome::{Error, Fail, Manual, NotApplicable, NotCollected, Pass};

#[test]
fn kube_bench_warns_by_hand_and_informs_of_what_it_skipped() {
    let file = kept(&sample("kube-bench.json"), None);
    assert_eq!(
        (&*file.tool, &*file.read_as, &file.against[..]),
        ("kube-bench", "kube-bench", &["cis-1.12".to_owned()][..])
    );
    says(
        &file,
        &[
            ("1.1.1", Fail),
            ("1.1.9", Manual),
            ("1.2.1", Fail),
            ("1.2.2", NotCollected),
            ("1.2.6", Pass),
            ("4.2.1", Pass),
            ("4.2.4", Error),
            ("5.2.2", Fail),
        ],
    );
    let named = &rule(&file, "1.2.1").named;
    assert_eq!((&*named[0].framework, &*named[0].control), ("cis-1.12", "1.2.1"));
    // The controls of older versions, one after another and as a list.
    let whole: serde_json::Value = serde_json::from_slice(&sample("kube-bench.json")).expect("JSON");
    let each = whole["Controls"].as_array().expect("controls");
    let after: String = each.iter().map(|one| format!("{one}\n")).collect();
    for text in [after, serde_json::Value::Array(each.clone()).to_string()] {
        assert_eq!(kept(text.as_bytes(), None).rules, file.rules);
    }
}

#[test]
fn trivy_speaks_of_clusters_images_and_its_own_reports() {
    let cluster = kept(&sample("trivy-k8s.json"), None);
    assert_eq!(cluster.cluster.as_deref(), Some("kind-voc-lab"));
    says(
        &cluster,
        &[
            ("CVE-2024-0001", Fail),
            ("CVE-2024-0002", Fail),
            ("KSV-0017", Fail),
            ("KSV001", Fail),
            ("KSV014", Pass),
            ("KSV113", Fail),
        ],
    );
    assert_eq!(rule(&cluster, "KSV001").objects[0].object, "Deployment default/redis-follower");
    assert_eq!(rule(&cluster, "CVE-2024-0001").severity, Some(Severity::Critical));
    assert_eq!(cluster.left_out["checks that passed and are not listed"], 22);

    let image = file(&sample("trivy-image.json"), None).expect("an image");
    assert!(!image.of_cluster() && image.observed().is_some());
    let image = kept(&sample("trivy-image.json"), None);
    assert_eq!(image.observed.to_string(), "2026-11-20T08:30:00Z");
    assert_eq!(rule(&image, "github-pat").objects[0].object, "registry.example.com/shop/cart:1.4: /app/config.env");
    assert_eq!(image.left_out["licences"], 2);

    let summary = kept(&sample("trivy-summary.json"), None);
    says(&summary, &[("k8s-nsa-1.0: 1.0", Fail), ("k8s-nsa-1.0: 1.1", Pass), ("k8s-nsa-1.0: 3.0", Manual)]);
    assert_eq!(rule(&summary, "k8s-nsa-1.0: 1.0").count(Fail), 8);
    let detail = kept(&sample("trivy-compliance.json"), None);
    says(&detail, &[("KSV-0017", Fail), ("k8s-nsa-1.0: 1.2", Fail), ("k8s-nsa-1.0: 8.0", Manual)]);
    let operator = kept(&sample("trivy-operator.yaml"), None);
    says(&operator, &[("nsa-summary: 1.0", Fail), ("nsa-summary: 1.1", Pass)]);
    let object = br#"{"apiVersion":"aquasecurity.github.io/v1alpha1","kind":"ClusterComplianceReport","status":{"updateTimestamp":
        "2026-11-20T08:00:00Z","detailReport":{"id":"k8s-nsa","results":[{"id":"1.0","checks":[{"checkID":"AVD-KSV-0012","target":
        "default/pod-a","success":false},{"success":true}]},{"id":"2.0","checks":null}]}}}"#;
    let object = kept(object, None);
    says(&object, &[("AVD-KSV-0012", Fail), ("k8s-nsa: 1.0", Fail), ("k8s-nsa: 2.0", Manual)]);
    assert_eq!(rule(&object, "k8s-nsa: 1.0").count(Pass), 1);
}

#[test]
fn kubescape_says_what_it_did_not_ask() {
    for (name, cluster) in [("kubescape.json", Some("prod-context")), ("kubescape-summary.json", None)] {
        let file = kept(&sample(name), None);
        assert_eq!(file.cluster.as_deref(), cluster);
        says(
            &file,
            &[
                ("C-0002", Fail),
                ("C-0005", NotApplicable),
                ("C-0012", NotCollected),
                ("C-0013", Fail),
                ("C-0016", Fail),
                ("C-0057", Fail),
            ],
        );
        let non_root = rule(&file, "C-0013");
        assert_eq!((non_root.count(Fail), non_root.count(Pass)), (37, 32), "{name}");
    }
    let file = kept(&sample("kubescape.json"), None);
    let objects: Vec<&str> = rule(&file, "C-0013").objects.iter().map(|object| &*object.object).collect();
    assert_eq!(objects, ["Deployment shop/cart", "Pod shop/web"]);
    assert_eq!(file.tool_version.as_deref(), Some("v3.0.25"));
    let odd = |status: &str| {
        let text = format!(r#"{{"summaryDetails":{{"controls":{{"C-1":{{"statusInfo":{status}}}}}}}}}"#);
        kept(text.as_bytes(), None).rules[0].outcome()
    };
    assert_eq!(odd(r#"{"status":"passed"}"#), Pass);
    assert_eq!(odd(r#"{"status":"passed","subStatus":"w/exceptions"}"#), Manual);
    assert_eq!(odd(r#"{"status":"passed","subStatus":"something new"}"#), Error);
    assert_eq!(odd(r#"{"status":"skipped","subStatus":"manual review"}"#), Manual);
    assert_eq!(odd("{}"), Error);
}

#[test]
fn prowler_names_frameworks_itself() {
    let file = kept(&sample("prowler.ocsf.json"), None);
    assert_eq!((file.cluster.as_deref(), file.tool_version.as_deref()), (Some("prod-context"), Some("5.4.0")));
    says(
        &file,
        &[
            ("apiserver_anonymous_requests", Pass),
            ("core_minimize_privileged_containers", Fail),
            ("core_no_secrets_envs", Manual),
            ("rbac_cluster_admin_usage", Manual),
        ],
    );
    let privileged = rule(&file, "core_minimize_privileged_containers");
    assert_eq!((privileged.count(Fail), privileged.count(Pass)), (1, 1));
    assert_eq!(privileged.objects[0].object, "KubernetesPod shop/cart-1");
    assert_eq!(rule(&file, "apiserver_anonymous_requests").named.len(), 3);
    assert_eq!(file.observed.to_string(), "2026-11-20T09:00:00Z");
    assert_eq!(kept(&sample("prowler.ndjson"), None).rules.len(), 2);
}

#[test]
fn policy_reports_keep_engines_apart() {
    let file = kept(&sample("policy-report.yaml"), None);
    says(
        &file,
        &[
            ("kyverno: disallow-capabilities/adding-capabilities", Pass),
            ("kyverno: disallow-privileged-containers/privileged-containers", Fail),
            ("kyverno: require-labels", Manual),
            ("kyverno: require-requests-limits", NotCollected),
            ("other-engine: disallow-privileged-containers/privileged-containers", Pass),
        ],
    );
    let open = kept(&sample("open-reports.json"), None);
    says(&open, &[("kyverno: disallow-host-path/host-path", Fail)]);
    assert_eq!(open.rules[0].objects[0].object, "Deployment shop/cart", "of the report's scope");
    assert_eq!(open.left_out[OTHER_OBJECTS], 1);
}

#[test]
fn sarif_results_find_their_rules() {
    let file = kept(&sample("sarif.json"), None);
    assert_eq!((&*file.tool, &*file.read_as, file.tool_version.as_deref()), ("trivy", "sarif", Some("0.58.1")));
    says(&file, &[("KSV-0017", Fail), ("own/1", Manual)]);
    let own = rule(&file, "own/1");
    assert_eq!((own.count(Pass), own.count(Manual), own.count(Fail)), (1, 2, 0), "suppressed is not failed");
    assert_eq!(own.named.len(), 1);
    assert_eq!(rule(&file, "KSV-0017").severity, Some(Severity::High));
    // The results of this program are SARIF as well.
    assert!(
        kept(br#"{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"x"}},"results":[]}]}"#, None).rules.is_empty()
    );
}

#[track_caller]
fn refuses(bytes: &[u8], told: Option<Format>, message: &str, place: Option<(usize, usize)>) {
    let problem = file(bytes, told).expect_err("wrong");
    assert!(problem.message.contains(message), "{problem:?}");
    assert_eq!(problem.place, place, "{problem:?}");
}

#[test]
fn what_cannot_be_read_says_where() {
    refuses(b"", None, "empty", None);
    refuses(b" \n", None, "empty", None);
    refuses(b"{\"Controls\": [\n{\xff", None, "not UTF-8", Some((2, 2)));
    refuses(b"{\"a\": 1}", None, "no tool that is understood", None);
    refuses(b"[]", None, "no tool that is understood", None);
    refuses(b"[1]", None, "no tool that is understood", None);
    refuses(b"{\"Controls\": [{\"version\":", None, "ends in the middle", Some((1, 25)));
    refuses(b"{\"Controls\": [}", None, "not JSON", Some((1, 15)));
    refuses(b"{\"Controls\": [{\"tests\": []}]}", None, "`version` is missing", Some((1, 27)));
    refuses(b"{\"Controls\": \"CANARY\"}", None, "another type", Some((1, 14)));
    refuses(b"{\"Controls\": []}", None, "no results of kube-bench", None);
    refuses(b"key: [1", None, "neither JSON nor YAML", Some((1, 6)));
    refuses(b"apiVersion: v1\nkind: ConfigMap\n", None, "no tool that is understood", None);
    refuses(b"apiVersion: v1\nkind: List\nitems:\n- kind: Pod\n", None, "no results of policy-report", None);
    refuses(b"{\"version\": \"2.0.0\", \"runs\": []}", None, "another version than 2.1.0", None);
    refuses(b"{\"version\": \"2.1.0\", \"runs\": []}", None, "no runs", None);
    refuses(b"{\"a\": 1}", Some(Format::Prowler), "`metadata` is missing", Some((1, 8)));
    for depth in [200, 200_000] {
        let deep = format!("{{\"Controls\": {}", "[".repeat(depth));
        let problem = file(deep.as_bytes(), None).expect_err("deep");
        assert!(
            ["nested too deeply", "ends in the middle"].iter().any(|why| problem.message.contains(why)),
            "{problem:?}"
        );
        let deep = format!("{{\"Controls\": {}{}}}", "[".repeat(depth), "]".repeat(depth));
        let problem = file(deep.as_bytes(), None).expect_err("deep");
        assert!(["nested too deeply", "another type"].iter().any(|why| problem.message.contains(why)), "{problem:?}");
        assert!(file(format!("a: {}", "[".repeat(depth)).as_bytes(), None).is_err());
    }
}

#[test]
fn no_sample_cut_anywhere_brings_it_down_and_none_keeps_what_messages_quote() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/results");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).expect("samples") {
        let path = entry.expect("an entry").path();
        let bytes = std::fs::read(&path).expect("a sample");
        let text = kept(&bytes, None).text().expect("JSON");
        assert!(!text.contains("CANARY"), "{}", path.display());
        for end in (0..bytes.len()).step_by(61) {
            let _ = file(&bytes[..end], None);
        }
        seen += 1;
    }
    assert!(seen > 10);
}

#[test]
fn text_is_short_and_spelled_out_and_objects_are_counted() {
    let long = "x".repeat(4_000);
    let mut results = vec![serde_json::json!({"ruleId": format!("a\u{202e}\u{1b}[2J{long}")})];
    results.extend((0..1_200).map(|n| {
        let uri = format!("file-{n:04}");
        serde_json::json!({"ruleId": "b", "locations": [{"physicalLocation": {"artifactLocation": {"uri": uri}}}]})
    }));
    let log = serde_json::json!({"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "T\u{1b}ool"}}, "results": results}]});
    let file = kept(log.to_string().as_bytes(), None);
    assert!(file.rules[0].id.starts_with("a[U+202E][U+001B][2Jx") && file.rules[0].id.chars().count() <= 301);
    let many = rule(&file, "b");
    assert_eq!((many.objects.len(), many.more, many.count(Fail)), (MOST_OBJECTS, 200, 1_200));
    assert_eq!(file.tool, "t-u-001b-ool");
}
