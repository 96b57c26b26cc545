//! `scopefence assess`.

use std::fs;

use crate::{
    evidence::{Run, Workspace, cluster_without},
    support::{data, scopefence},
};

fn outcome<'a>(report: &'a serde_json::Value, check: &str) -> &'a serde_json::Value {
    let results = report["results"].as_array().expect("results");
    &results.iter().find(|result| result["check"] == check).expect("the check is in force")["outcome"]
}

#[test]
fn findings_go_to_the_team_that_answers_for_the_duty() {
    let workspace = Workspace::observed();
    let run = workspace.run(&["assess"]);
    assert_eq!(run.status, Some(0), "{}", run.err);
    run.assert_harmless();
    let payments = run.out.split("Payments team").nth(1).expect("their table");
    assert!(payments.contains("Deployment team-payments/api") && payments.contains("Pod databases/orders-1"));
    assert!(run.out.contains("Nobody: these objects are unclaimed or contested"), "{}", run.out);

    let report = workspace.run(&["assess", "--format", "json"]).json();
    assert_eq!(outcome(&report, "pod-privileged"), "fail");
    assert_eq!(outcome(&report, "certificate-expiry"), "not-collected");
    assert_eq!(report["as_of"], "2026-11-21T10:00:00Z");
}

#[test]
fn filters_and_fail_on_decide_together() {
    let workspace = Workspace::observed();
    let status = |arguments: &[&str]| workspace.run(&[&["assess"], arguments].concat()).status;
    assert_eq!(status(&["--fail-on", "critical"]), Some(1));
    assert_eq!(status(&["--fail-on", "critical", "--namespace", "lab"]), Some(0));
    assert_eq!(status(&["--fail-on", "critical", "--team", "payments"]), Some(1));
    assert_eq!(status(&["--fail-on", "critical", "--team", "provider"]), Some(0));
    assert_eq!(status(&["--fail-on", "low", "--control", "iso-27001-2022:a.8.24"]), Some(0));
    let wrong = workspace.run(&["assess", "--team", "paymets"]);
    assert!(wrong.status == Some(2) && wrong.err.contains("did you mean `payments`?"), "{}", wrong.err);
    let unknown = workspace.run(&["assess", "--control", "nist-800-53r5:zz-99"]);
    assert!(unknown.status == Some(2) && unknown.err.contains("zz-99"), "{}", unknown.err);
}

#[test]
fn what_was_not_supplied_never_passes() {
    let workspace = Workspace::observed();
    let whole = workspace.run(&["assess", "--format", "json"]).json();
    assert_eq!(outcome(&whole, "pod-host-path"), "pass");
    let workspace = Workspace::bare();
    workspace.collect(cluster_without("pods.json").path());
    let report = workspace.run(&["assess", "--format", "json"]).json();
    for check in ["pod-host-path", "pod-host-namespaces", "pod-privileged", "image-registry"] {
        assert_eq!(outcome(&report, check), "not-collected", "{check}");
    }
}

#[test]
fn files_are_assessed_before_anything_is_deployed() {
    let workspace = Workspace::bare();
    let mut command = scopefence();
    command
        .arg("assess")
        .arg(workspace.path())
        .args(["--fail-on", "critical", "--from-files"])
        .arg(data("drift/cluster"));
    let run = Run::of(command.env("SOURCE_DATE_EPOCH", "1795255200"));
    assert_eq!(run.status, Some(1), "{}", run.err);
    assert!(run.out.contains("pod-privileged"), "{}", run.out);
    assert!(!workspace.file("evidence").exists(), "nothing is written");
}

#[test]
fn stale_evidence_warns_and_fails_when_asked_to() {
    let workspace = Workspace::bare();
    let mut command = scopefence();
    command.arg("collect").arg(workspace.path()).arg("--from-files").arg(data("drift/cluster"));
    assert!(Run::of(command.env("SOURCE_DATE_EPOCH", "1700000000")).status == Some(0));
    let run = workspace.run(&["assess", "--fail-on", "stale"]);
    assert_eq!(run.status, Some(1));
    assert!(run.err.contains("days old; the workspace allows 30"), "{}", run.err);
}

#[test]
fn two_runs_say_the_same() {
    let workspace = Workspace::observed();
    let first = workspace.run(&["assess", "--format", "json"]);
    let second = workspace.run(&["assess", "--format", "json"]);
    assert_eq!(first.out, second.out);
}

#[test]
fn an_own_check_asks_a_known_question_and_an_exception_is_counted() {
    let workspace = Workspace::observed();
    fs::create_dir_all(workspace.file("controls")).expect("a folder");
    fs::write(
        workspace.file("controls/own.toml"),
        r#"format = 1

[[exception]]
id = "debugging"
check = "pod-privileged"
namespaces = ["team-payments", "databases"]
reason = "A week of debugging."
owner = "payments"
approver = "@ada"
expires = 2027-01-01

[[check-override]]
check = "pod-run-as-root"
disabled = true
reason = "Asked by another tool."
"#,
    )
    .expect("written");
    let run = workspace.run(&["assess", "--format", "json"]);
    let report = run.json();
    let privileged =
        report["results"].as_array().expect("results").iter().find(|result| result["check"] == "pod-privileged");
    let privileged = privileged.expect("a result");
    assert_eq!((&privileged["outcome"], &privileged["excepted"]), (&"pass".into(), &2.into()), "{privileged}");
    assert!(report["results"].as_array().expect("results").iter().all(|result| result["check"] != "pod-run-as-root"));
    let text = workspace.run(&["assess"]);
    assert!(text.out.contains("exception debugging covers 2 objects"), "{}", text.out);
    assert!(text.out.contains("check pod-run-as-root disabled: Asked by another tool."), "{}", text.out);
}

/// A check of the workspace's own that asks for fields which no snapshot keeps of itself.
const HOSTNAMES: &str = r#"format = 1

[[check]]
id = "own-hostname"
title = "Pods keep their own host names"
severity = "low"
duty = "network"
needs = ["Pod"]
rationale = "Names are given by the platform."
remediation = "Leave out `spec.hostname`."
match = "object.metadata.namespace != 'kube-system'"
params = { longest = 3 }

[[check.variable]]
name = "hostname"
expression = "object.spec.?hostname.orValue('')"

[[check.variable]]
name = "unused"
expression = "object.spec.hostname"

[[check.rule]]
expression = "variables.hostname == '' || size(variables.hostname) <= params.longest"
message-expression = "'spec.hostname = ' + variables.hostname"

[check.controls]
"nist-800-53r5" = ["cm-7"]
"#;

/// A Pod with a host name as `kubectl get pods -A -o json` saves it.
const PODS: &str = r#"{"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": [
    {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "web", "namespace": "team-payments"}, "spec": {"hostname": "front"}},
    {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "db", "namespace": "databases"}, "spec": {"subdomain": "hunter2"}}
]}"#;

fn hostnames() -> Workspace {
    let workspace = Workspace::bare();
    fs::create_dir_all(workspace.file("controls")).expect("a folder");
    fs::create_dir_all(workspace.file("saved")).expect("a folder");
    fs::write(workspace.file("saved/pods.json"), PODS).expect("written");
    workspace
}

fn own(report: &serde_json::Value) -> &serde_json::Value {
    let results = report["results"].as_array().expect("results");
    results.iter().find(|result| result["check"] == "own-hostname").expect("the check is in force")
}

#[test]
fn own_checks_widen_what_is_collected_and_older_snapshots_say_so() {
    let workspace = hostnames();
    workspace.collect(&workspace.file("saved"));
    fs::write(workspace.file("controls/own.toml"), HOSTNAMES).expect("written");
    let report = workspace.run(&["assess", "--format", "json"]).json();
    assert_eq!(own(&report)["outcome"], "not-visible");
    let reason = own(&report)["reason"].as_str().expect("a reason");
    assert!(reason.contains("pods.json was read, spec.hostname was not kept"), "{reason}");
    fs::remove_dir_all(workspace.file("evidence")).expect("removed");
    workspace.collect(&workspace.file("saved"));
    let report = workspace.run(&["assess", "--format", "json"]).json();
    assert_eq!((&own(&report)["outcome"], &own(&report)["failures"]), (&"fail".into(), &1.into()));
    let findings = report["findings"].to_string();
    assert!(findings.contains("spec.hostname = front") && !report.to_string().contains("hunter2"), "{findings}");
}

#[test]
fn parameters_are_changed_and_disclosed() {
    let workspace = hostnames();
    let changed = "[[check-override]]\ncheck = \"own-hostname\"\nparams = { longest = 5 }\nreason = \"Short ones.\"\n";
    fs::write(workspace.file("controls/own.toml"), format!("{HOSTNAMES}\n{changed}")).expect("written");
    workspace.collect(&workspace.file("saved"));
    let report = workspace.run(&["assess", "--format", "json"]).json();
    assert_eq!(own(&report)["outcome"], "pass");
    let said = "check own-hostname longest is 5 instead of 3: Short ones.";
    let text = workspace.run(&["assess"]);
    assert!(text.out.contains(said), "{}", text.out);
    let out = workspace.file("documents");
    let built = workspace.run(&["build", "--only", "ssp", "--format", "md", "--out", &out.to_string_lossy()]);
    assert_eq!(built.status, Some(0), "{}", built.err);
    let document = fs::read_to_string(out.join("ssp.md")).expect("a document");
    assert!(document.contains("longest is 5 instead of 3: Short ones"), "disclosed");
}

#[test]
fn a_check_is_explained_down_to_what_decided() {
    let workspace = hostnames();
    fs::write(workspace.file("controls/own.toml"), HOSTNAMES).expect("written");
    workspace.collect(&workspace.file("saved"));
    let run = workspace.run(&["assess", "--explain", "own-hostname"]);
    assert_eq!(run.status, Some(0), "{}", run.err);
    run.assert_harmless();
    for part in [
        "own-hostname: Pods keep their own host names",
        "params.longest = 3",
        "saved/pods.json",
        "1 pass, 0 are left out",
        "Pod team-payments/web: fail",
        "spec.hostname = front",
        "variables.hostname = \"front\"",
        "variables.unused = (not needed)",
        "because `size(variables.hostname) <= params.longest` is false, where size(variables.hostname) = 5",
    ] {
        assert!(run.out.contains(part), "{part} is missing in\n{}", run.out);
    }
    assert!(!run.out.contains("databases/db"));
    let one = workspace.run(&["assess", "--explain", "own-hostname", "--object", "databases/db", "--format", "json"]);
    let one = one.json();
    assert_eq!((&one[0]["objects"][0]["verdict"], &one[0]["outcome"]), (&"pass".into(), &"fail".into()));
    let named = workspace.run(&["assess", "--explain", "pod-privileged"]);
    assert!(named.status == Some(0) && named.out.contains("evaluator pod-privileged"), "{}", named.err);
    let none = workspace.run(&["assess", "--explain", "own-hostnam"]);
    assert!(none.status == Some(2) && none.err.contains("did you mean `own-hostname`?"), "{}", none.err);
    let none = workspace.run(&["assess", "--explain", "own-hostname", "--object", "x/y"]);
    assert!(none.status == Some(2) && none.err.contains("does not ask about `x/y`"), "{}", none.err);
}

#[test]
fn controls_are_counted_by_team_and_framework_with_their_coverage() {
    let workspace = Workspace::observed();
    let report = workspace.run(&["assess", "--format", "json"]).json();
    let rows = |by: &str| report["posture"][by].as_array().expect("rows").clone();
    let controls = report["controls"].as_array().expect("controls");
    for by in ["teams", "frameworks"] {
        let sum = |key: &str| rows(by).iter().map(|row| row[key].as_u64().expect("a number")).sum::<u64>();
        assert_eq!(sum("controls"), controls.len() as u64, "{by}: each control is counted once");
        let named =
            ["contradicted", "failing", "incomplete", "unseen", "manual", "attested", "passing", "not-applicable"];
        assert_eq!(named.iter().map(|name| sum(name)).sum::<u64>(), sum("controls"), "{by}");
        assert!(sum("checks-decided") < sum("checks-needed"), "not everything was supplied");
    }
    let text = workspace.run(&["assess", "--by", "team"]);
    assert_eq!(text.status, Some(0), "{}", text.err);
    text.assert_harmless();
    assert!(text.out.contains("CHECKS DECIDED") && text.out.contains("no statement"), "{}", text.out);
    let text = workspace.run(&["assess", "--by", "control", "--control", "iso-27001-2022:a.8.24"]);
    assert_eq!(text.out.lines().count(), 2, "a head and one control: {}", text.out);
    assert!(workspace.run(&["assess", "--by", "framework"]).out.contains("nist-800-53r5"));
}

#[test]
fn earlier_snapshots_are_judged_by_the_rules_of_today_and_kept() {
    let workspace = Workspace::observed();
    let alone = workspace.run(&["assess", "--format", "json"]).json();
    assert_eq!(alone["trend"].as_array().expect("points").len(), 1);
    let without = cluster_without("pods.json");
    let mut earlier = scopefence();
    earlier.arg("collect").arg(workspace.path()).arg("--from-files").arg(without.path());
    let run = Run::of(earlier.env("SOURCE_DATE_EPOCH", "1790000000"));
    assert_eq!(run.status, Some(0), "{}", run.err);

    let first = workspace.run(&["assess", "--format", "json"]);
    let trend = first.json()["trend"].as_array().expect("points").clone();
    assert_eq!(trend.len(), 2);
    let decided = |point: usize| trend[point]["checks-decided"].as_u64().expect("a number");
    assert!(decided(0) < decided(1), "without Pods fewer checks are decided: {trend:?}");
    assert!(trend[0]["ended"].as_str() < trend[1]["ended"].as_str());
    let kept = || {
        let files = fs::read_dir(workspace.file("evidence/.judged")).expect("kept");
        let mut names: Vec<_> = files.map(|file| file.expect("one").file_name()).collect();
        names.sort();
        names.into_iter().map(|name| name.into_string().expect("UTF-8")).collect::<Vec<_>>()
    };
    let names = kept();
    assert!(names.len() == 2 && names[0] == ".gitignore" && names[1].ends_with(".json"), "{names:?}");
    // Kept or not, whole or not, the answer is the same.
    assert_eq!(workspace.run(&["assess", "--format", "json"]).out, first.out);
    fs::write(workspace.file("evidence/.judged").join(&names[1]), "{\"cluster\":").expect("written");
    assert_eq!(workspace.run(&["assess", "--format", "json"]).out, first.out);
    // Other rules, another answer: what was kept for the old ones goes.
    fs::create_dir_all(workspace.file("controls")).expect("a folder");
    let off =
        "format = 1\n[[check-override]]\ncheck = \"network-default-deny-ingress\"\ndisabled = true\nreason = \"No.\"\n";
    fs::write(workspace.file("controls/own.toml"), off).expect("written");
    let changed = workspace.run(&["assess", "--format", "json"]).json();
    assert_ne!(changed["trend"][0]["checks"], trend[0]["checks"]);
    assert!(kept().len() == 2 && kept() != names, "{:?}", kept());
}
