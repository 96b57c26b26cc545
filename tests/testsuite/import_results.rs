//! `scopefence import results`: files as other tools write them, and what documents and `assess` then say.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use crate::{
    evidence::{Run, Workspace},
    support::{data, scopefence},
};

/// Imports files into a workspace; more arguments after them.
fn import(workspace: &Workspace, files: &[PathBuf], more: &[&str]) -> Run {
    let mut command = scopefence();
    command.args(["import", "results"]).args(files).arg("--workspace").arg(workspace.path()).args(more);
    Run::of(&mut command)
}

/// Writes a file and imports it.
fn import_text(workspace: &Workspace, name: &str, text: &[u8], more: &[&str]) -> Run {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join(name);
    fs::write(&file, text).expect("written");
    import(workspace, &[file], more)
}

fn sample(name: &str) -> PathBuf {
    data("results").join(name)
}

/// The audit pack as Markdown, and the folder that it is in, with HTML beside it.
fn pack(workspace: &Workspace) -> (String, tempfile::TempDir) {
    let out = tempfile::tempdir().expect("a folder");
    let folder = out.path().join("out");
    let mut command = scopefence();
    command.arg("build").arg(workspace.path()).args(["--only", "audit-pack", "--format", "md,html", "--out"]);
    let run = Run::of(command.arg(&folder));
    assert_eq!(run.status, Some(0), "{}", run.err);
    (fs::read_to_string(folder.join("audit-pack.md")).expect("the pack"), out)
}

/// Everything below a folder.
fn all_text(folder: &Path) -> String {
    let mut text = String::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                text.push_str(&String::from_utf8_lossy(&fs::read(path).expect("a file")));
            }
        }
    }
    text
}

/// A kube-bench file of one test.
fn kube_bench(number: &str, status: &str) -> Vec<u8> {
    let test = json!({"test_number": number, "test_desc": "A test", "status": status});
    let controls = json!({"version": "cis-1.12", "node_type": "node", "tests": [{"results": [test]}]});
    json!({"Controls": [controls]}).to_string().into_bytes()
}

const OBSERVED: [&str; 2] = ["--observed", "2026-11-20"];

fn row<'t>(text: &'t str, start: &str) -> &'t str {
    text.lines().find(|line| line.contains(start)).unwrap_or_else(|| panic!("no row `{start}` in\n{text}"))
}

#[test]
fn every_tool_reaches_the_audit_pack_and_no_secret_does() {
    let workspace = Workspace::observed();
    let timeless =
        ["kube-bench.json", "trivy-k8s.json", "trivy-compliance.json", "kubescape-summary.json", "trivy-operator.yaml"];
    let run = import(&workspace, &timeless.map(sample), &[&OBSERVED[..], &["--cluster", "cluster"]].concat());
    assert_eq!(run.status, Some(0), "{}", run.err);
    assert!(
        run.err.contains("kube-bench of cluster cluster, 2026-11-20: 8 rules (3 fail, 2 pass, 3 neither)"),
        "{}",
        run.err
    );
    assert!(run.err.contains("not taken: checks that passed and are not listed: 22"), "{}", run.err);
    let timed = [
        "kubescape.json",
        "prowler.ocsf.json",
        "policy-report.yaml",
        "open-reports.json",
        "sarif.json",
        "trivy-image.json",
    ];
    let run = import(&workspace, &timed.map(sample), &["--cluster", "cluster"]);
    assert_eq!(run.status, Some(0), "{}", run.err);
    let (pack, out) = pack(&workspace);
    for (tool, says) in [
        ("| kube-bench<br>cis-1.12 |", "3 fail, 1 error, 1 not collected, 1 manual, 2 pass"),
        ("| Kubescape v3.0.25<br>NSA |", "4 fail, 1 not collected, 1 not applicable"),
        ("| Prowler 5.4.0 |", "1 rule is about no control that is known"),
        ("| Policy reports |", "▲ stale"),
        ("| Trivy<br>k8s-nsa-1.0 |", "day as said by whoever supplied the file"),
        ("| Trivy 0.58.1 |", "1 fail, 1 manual"),
    ] {
        assert!(row(&pack, tool).contains(says), "{}", row(&pack, tool));
    }
    let original = scopefence::digest::sha256_hex(fs::read(sample("prowler.ocsf.json")).expect("the sample"));
    assert!(row(&pack, "supplied as `prowler.ocsf.json`").contains(&original));
    let kept = fs::read(workspace.file("evidence/results/prowler-ocsf-2026-11-20.results.json")).expect("kept");
    assert!(row(&pack, "kept as `evidence/results/prowler-ocsf-2026").contains(&scopefence::digest::sha256_hex(&kept)));
    assert!(pack.contains("2 rules are about no control that is known: `DS002` (fail), `github-pat` (fail)"), "listed");
    for folder in [out.path(), &workspace.file("evidence/results")] {
        assert!(!all_text(folder).contains("CANARY"), "a secret is kept in {}", folder.display());
    }
}

#[test]
fn contradictions_are_shown_from_both_sides_and_change_nothing() {
    let workspace = Workspace::observed();
    let before = workspace.run(&["assess", "--format", "json"]).json();
    assert!(before.get("other_tools").is_none());
    // Ours: nothing runs in the namespace default; a Pod is privileged.
    for (name, number, status) in
        [("a.json", "5.6.4", "FAIL"), ("b.json", "5.2.2", "PASS"), ("c.json", "1.1.1", "FAIL")]
    {
        let run = import_text(&workspace, name, &kube_bench(number, status), &OBSERVED);
        assert_eq!(run.status, Some(0), "{}", run.err);
    }
    let after = workspace.run(&["assess", "--format", "json"]).json();
    for same in ["results", "findings", "controls", "posture", "bent"] {
        assert_eq!(before[same], after[same], "{same} is ours alone");
    }
    let other = &after["other_tools"];
    let said: Vec<_> = other["disagreements"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|it| {
            let text = |key: &str| it[key].as_str().expect("a text").to_owned();
            (text("check"), text("ours"), text("rule"), text("theirs"))
        })
        .collect();
    let words = |all: [&str; 4]| (all[0].to_owned(), all[1].to_owned(), all[2].to_owned(), all[3].to_owned());
    assert_eq!(
        said,
        [
            words(["namespace-default-unused", "pass", "5.6.4", "fail"]),
            words(["pod-privileged", "fail", "5.2.2", "pass"])
        ]
    );
    assert_eq!(other["open"][0]["rule"], Value::from("1.1.1"));
    let text = workspace.run(&["assess"]).out;
    assert!(
        text.contains("namespace-default-unused (pass, 2026-11-21 10:00) against kube-bench 5.6.4 (fail, 2026-11-20)"),
        "{text}"
    );
    assert!(text.contains("only they found: 1\nkube-bench 1.1.1"), "{text}");
    let team = workspace.run(&["assess", "--check", "pod-privileged", "--format", "json"]).json();
    assert_eq!(team["other_tools"]["disagreements"].as_array().map(Vec::len), Some(1));

    let (pack, _out) = pack(&workspace);
    let ours = row(&pack, "`namespace-default-unused`<br>Both ask the same.");
    assert!(ours.contains("✓ pass 2026-11-21 10:00 UTC") && ours.contains("✗ fail 2026-11-20"), "{ours}");
    assert!(
        ours.contains("/pods.json`]") && ours.contains("evidence/results/kube-bench-a-2026-11-20.results.json"),
        "{ours}"
    );
    assert!(row(&pack, "`pod-privileged`<br>Both ask the same.").contains("✓ pass 2026-11-20"));
    assert!(row(&pack, "| kube-bench: `1.1.1`").contains("CIS 1.1.1: nothing of ours speaks to it"));
    assert!(pack.contains("**Results of other tools (CIS 5.2.2)**"));
}

#[test]
fn a_cluster_that_is_not_ours_is_held_against_nothing() {
    let workspace = Workspace::observed();
    let run = import_text(
        &workspace,
        "a.json",
        &kube_bench("5.6.4", "FAIL"),
        &["--observed", "2026-11-20", "--cluster", "other"],
    );
    assert_eq!(run.status, Some(0), "{}", run.err);
    let json = workspace.run(&["assess", "--format", "json"]).json();
    assert_eq!(json["other_tools"]["disagreements"], json!([]));
    assert_eq!(json["other_tools"]["open"][0]["rule"], Value::from("5.6.4"));
    // Once clusters are declared, only those can be named.
    let cluster = "format = 1\n\n[[cluster]]\nid = \"prod\"\nname = \"Prod\"\ncontext = \"prod-context\"\ncontrol-plane = \"self-managed\"\n";
    fs::write(workspace.file("scope/cluster.toml"), cluster).expect("written");
    let run = import_text(
        &workspace,
        "a.json",
        &kube_bench("5.6.4", "FAIL"),
        &["--observed", "2026-11-20", "--cluster", "other"],
    );
    assert!(run.status == Some(2) && run.err.contains("no cluster `other` is declared"), "{}", run.err);
    let run = import(&workspace, &[sample("kubescape.json")], &[]);
    assert!(run.err.contains("Kubescape v3.0.25 of cluster prod, "), "by its context: {}", run.err);
    let run = import(&workspace, &[sample("trivy-k8s.json")], &OBSERVED);
    assert!(run.err.contains("cluster `kind-voc-lab` is not declared"), "{}", run.err);
    let run = import(&workspace, &[sample("trivy-image.json")], &[]);
    assert!(run.err.contains("held against no check of ours"), "an image is of no cluster: {}", run.err);
    let run = import_text(&workspace, "a.json", &kube_bench("5.6.4", "FAIL"), &OBSERVED);
    assert!(run.err.contains("kube-bench of cluster prod, "), "there is only one: {}", run.err);
}

#[test]
fn the_same_file_twice_is_the_same_and_a_newer_one_takes_its_place() {
    let workspace = Workspace::bare();
    let kept = || fs::read(workspace.file("evidence/results/kube-bench-2026-11-20.results.json")).expect("kept");
    let run = import(&workspace, &[sample("kube-bench.json")], &OBSERVED);
    assert!(run.status == Some(0) && !run.err.contains("as before"), "{}", run.err);
    let first = kept();
    let run = import(&workspace, &[sample("kube-bench.json")], &OBSERVED);
    assert!(run.status == Some(0) && run.err.contains("(as before)"), "{}", run.err);
    assert_eq!(kept(), first);
    let run = import_text(&workspace, "kube-bench.json", &kube_bench("1.2.1", "PASS"), &OBSERVED);
    assert!(run.status == Some(0) && run.err.contains("in place of what was imported"), "{}", run.err);
    assert_ne!(kept(), first);
    assert_eq!(fs::read_dir(workspace.file("evidence/results")).expect("a folder").count(), 1);
}

#[test]
fn what_cannot_be_used_changes_nothing() {
    let workspace = Workspace::bare();
    let whole = fs::read(sample("kubescape.json")).expect("the sample");
    let deep = format!("{{\"Controls\": {}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let yaml = format!("a: {}", "[".repeat(100_000));
    for (text, more, says) in [
        (
            &b"{\"hello\": 1}"[..],
            &[][..],
            "no tool that is understood writes such files\n  help: understood are kube-bench",
        ),
        (b"hello", &[], "no tool that is understood writes such files"),
        (b"", &[], "it is empty"),
        (&whole[..whole.len() / 2], &[], "it ends in the middle: export it again"),
        (b"{\"runs\": [\n\xff", &[], ", line 2, column 1: it is not UTF-8 text"),
        (deep.as_bytes(), &[], "a field has another type than the format of the tool promises"),
        (yaml.as_bytes(), &[], "it is neither JSON nor YAML that can be read"),
        (b"{\"Controls\": []}", &[], "it holds no results of kube-bench"),
        (&whole, &["--tool", "sarif"], "the field `version` is missing"),
        (&whole, &["--observed", "2026-11-19"], "itself says when the tool looked: 2026-11-20T10:00:02Z"),
    ] {
        let run = import_text(&workspace, "a.json", text, more);
        assert!(run.status == Some(2) && run.err.contains(says), "{says}: {:?} {}", run.status, run.err);
        run.assert_harmless();
    }
    let run = import(&workspace, &[sample("kube-bench.json")], &[]);
    assert!(run.status == Some(2) && run.err.contains("say it with `--observed 2026-11-21`"), "{}", run.err);
    // One of several that cannot be used keeps the others out.
    let run = import(&workspace, &[sample("kubescape.json"), sample("kube-bench.json")], &[]);
    assert_eq!(run.status, Some(2));
    let run = import(&workspace, &[sample("kubescape.json"), sample("kubescape.json")], &[]);
    assert!(run.status == Some(2) && run.err.contains("the same name, tool and day"), "{}", run.err);
    assert!(!workspace.file("evidence/results").exists());
}

#[test]
fn hostile_text_stays_text() {
    let workspace = Workspace::observed();
    let names = [
        "<script>alert(1)</script>",
        "=cmd|' /C calc'!A0",
        "a\u{1b}[2Jb",
        "E\u{202e}ve",
        "| x | y",
        "{{ node(name=\"raci\") }}",
        "[a](javascript:alert(1))",
    ];
    let results: Vec<_> = names
        .iter()
        .map(|name| json!({"ruleId": name, "locations": [{"logicalLocations": [{"fullyQualifiedName": name}]}]}))
        .collect();
    let rules: Vec<_> = names.iter().map(|name| {
        json!({"id": name, "shortDescription": {"text": name}, "properties": {"tags": ["nist-800-53r5:ac-6", name]}})
    }).collect();
    let log = json!({"version": "2.1.0", "runs": [{
        "tool": {"driver": {"name": "<b>\u{1b}[31mTool", "version": names[2], "rules": rules}}, "results": results,
    }]});
    let run = import_text(&workspace, "..\u{1b}[31m.json", log.to_string().as_bytes(), &OBSERVED);
    assert_eq!(run.status, Some(0), "{}", run.err);
    run.assert_harmless();
    workspace.run(&["assess"]).assert_harmless();
    workspace.run(&["check"]).assert_harmless();
    let (pack, out) = pack(&workspace);
    assert!(pack.contains("E[U+202E]ve") && !pack.contains('\u{202e}') && !pack.contains('\u{1b}'));
    let html = fs::read_to_string(out.path().join("out/audit-pack.html")).expect("the pack");
    assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert!(!html.contains("<script>alert") && !html.contains("href=\"javascript:") && !html.contains('\u{1b}'));
}

#[test]
fn a_workspace_says_what_rules_are_about() {
    let workspace = Workspace::observed();
    let run = import(&workspace, &[sample("trivy-image.json")], &[]);
    assert!(run.err.contains("about no control that is known: 2 rules"), "{}", run.err);
    let mapping =
        "format = 1\n\n[[result-mapping]]\ntool = \"trivy\"\nrule = \"DS*\"\ncontrols = [\"nist-800-53r5:cm-6\"]\n";
    fs::create_dir_all(workspace.file("controls")).expect("a folder");
    fs::write(workspace.file("controls/results.toml"), mapping).expect("written");
    let json = workspace.run(&["assess", "--format", "json"]).json();
    assert_eq!(json["other_tools"]["files"][0]["unmapped"], Value::from(1));
    let open = json["other_tools"]["open"].as_array().expect("a list");
    assert!(open.iter().any(|point| point["rule"] == "DS*" && point["controls"] == json!(["nist-800-53r5:cm-6"])));
}

#[test]
fn oscal_names_the_tool_as_the_origin() {
    let workspace = Workspace::observed();
    let baseline = "format = 1\n\n[baseline]\nframework = \"nist-800-53r5\"\nname = \"low\"\nbecause = \"A test\"\n";
    fs::create_dir_all(workspace.file("controls")).expect("a folder");
    fs::write(workspace.file("controls/baseline.toml"), baseline).expect("written");
    for (name, number, status) in [("a.json", "5.6.4", "FAIL"), ("b.json", "1.1.1", "FAIL")] {
        let run = import_text(&workspace, name, &kube_bench(number, status), &OBSERVED);
        assert_eq!(run.status, Some(0), "{}", run.err);
    }
    let out = tempfile::tempdir().expect("a folder");
    let folder = out.path().join("out");
    let mut command = scopefence();
    let run = Run::of(command.arg("build").arg(workspace.path()).args(["--format", "oscal", "--out"]).arg(&folder));
    assert_eq!(run.status, Some(0), "{}", run.err);
    let file = folder.join("oscal/assessment-results.json");
    let run = Run::of(scopefence().arg("validate").arg(&file));
    assert_eq!(run.status, Some(0), "{}{}", run.out, run.err);
    let results: Value = serde_json::from_slice(&fs::read(&file).expect("the results")).expect("JSON");
    let result = &results["assessment-results"]["results"][0];
    let tool = &result["local-definitions"]["components"][0];
    assert_eq!(tool["title"], "kube-bench");
    let theirs: Vec<&Value> = result["observations"]
        .as_array()
        .expect("observations")
        .iter()
        .filter(|it| it["origins"][0]["actors"][0]["actor-uuid"] == tool["uuid"])
        .collect();
    let titles: Vec<&str> = theirs.iter().filter_map(|it| it["title"].as_str()).collect();
    let contradiction = "kube-bench contradicts the check namespace-default-unused";
    assert_eq!(titles, ["Results of kube-bench", "Results of kube-bench", contradiction]);
}
