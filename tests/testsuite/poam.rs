//! The plan of action and milestones, from snapshots and decisions to documents and spreadsheets.

use std::fs;

use crate::{
    evidence::{Run, Workspace},
    support::{data, scopefence},
};

const WORSE: &str = r#"{"apiVersion":"v1","kind":"PodList","metadata":{},"items":[
{"metadata":{"name":"gone","namespace":"databases","uid":"g"},"spec":{"hostNetwork":true,"containers":[{"name":"a","image":"x"}]}},
{"metadata":{"name":"other","namespace":"lab","uid":"o"},"spec":{"containers":[{"name":"a","image":"x"}]}}]}"#;

fn collect(workspace: &Workspace, epoch: &str, files: &[&std::path::Path]) {
    let mut command = scopefence();
    command.env("SOURCE_DATE_EPOCH", epoch).arg("collect").arg(workspace.path()).arg("--from-files").args(files);
    let run = Run::of(&mut command);
    assert_eq!(run.status, Some(0), "{}", run.err);
}

/// With an earlier snapshot that showed something worse, and decisions.
fn planned(entries: &str) -> Workspace {
    let workspace = Workspace::bare();
    let worse = workspace.file("worse.json");
    fs::write(&worse, WORSE).expect("written");
    collect(&workspace, "1792663200", &[&worse, &data("drift/cluster/namespaces.json")]);
    collect(&workspace, "1795255200", &[&data("drift/cluster")]);
    fs::create_dir_all(workspace.file("controls")).expect("a folder");
    fs::write(workspace.file("controls/plan.toml"), format!("format = 1\n{entries}")).expect("written");
    workspace
}

fn finding(workspace: &Workspace, check: &str) -> String {
    let report = workspace.run(&["assess", "--format", "json", "--check", check]).json();
    let open = report["findings"].as_array().expect("findings").iter().find(|it| it["team"] == "payments");
    open.expect("a finding")["id"].as_str().expect("an id").to_owned()
}

#[test]
fn decisions_stay_with_findings_and_evidence_closes_them() {
    let first = planned("");
    let id = finding(&first, "pod-privileged");
    let entries = format!(
        r#"[[poam]]
finding = "{id}"
status = "in-progress"
scheduled = 2026-12-24
owner = "@ada"
vendor = "Database vendor"
deviation = "risk-adjustment"
severity = "high"
reason = "Reached by nobody."
comment = "=1+1"

[[poam.milestone]]
date = 2026-12-01
what = "New image"

[[poam]]
finding = "F-00000000"
comment = "Of a component that is no more."
"#
    );
    let workspace = planned(&entries);
    assert_eq!(finding(&workspace, "pod-privileged"), id);
    let out = workspace.file("out");
    let built = workspace.run(&["build", "--only", "poam", "--out", out.to_str().expect("UTF-8")]);
    assert_eq!(built.status, Some(0), "{}", built.err);
    let csv = fs::read_to_string(out.join("poam.csv")).expect("the sheet");
    let row = csv.lines().find(|line| line.starts_with(&format!("{id},"))).expect("its row");
    assert!(row.contains("No container runs privileged"), "{row}");
    for said in ["in progress", "2026-12-24", "Database vendor", "Risk adjusted", "2026-12-01: New image", "'=1+1"] {
        assert!(csv.contains(said), "{said}: {csv}");
    }
    let gone = csv.lines().find(|line| line.contains("pod-host-namespaces")).expect("the closed item");
    assert!(gone.contains(",closed,") && gone.contains("2026-10-22") && gone.contains("2026-11-21"), "{gone}");
    assert!(out.join("poam.xlsx").is_file() && out.join("poam.pdf").is_file());
    let page = fs::read_to_string(out.join("poam.md")).expect("the document");
    assert!(page.contains("F-00000000") && page.contains("adjusted to high"), "{page}");

    let text = workspace.run(&["assess"]);
    assert!(text.out.contains("in the plan without a finding: F-00000000"), "{}", text.out);
}

#[test]
fn a_decision_is_about_one_finding_and_gives_its_reason() {
    let workspace = planned(
        "[[poam]]\nfinding = \"F-1\"\n[[poam]]\nfinding = \"F-0a1b2c3d\"\ndeviation = \"false-positive\"\n[[poam]]\nfinding = \"F-0a1b2c3d\"\n",
    );
    let run = workspace.run(&["check"]);
    assert_eq!(run.status, Some(1));
    for said in ["`F-1` is no identifier of a finding", "two entries of the plan are about F-0a1b2c3d", "`reason`"] {
        assert!(run.err.contains(said) || run.out.contains(said), "{said}: {}{}", run.out, run.err);
    }
}

#[test]
fn every_document_says_what_bent_it_and_a_brief_how_to_remedy() {
    let workspace = planned(
        "[[check-override]]\ncheck = \"pod-run-as-root\"\ndisabled = true\nreason = \"Asked by another tool.\"\n",
    );
    let out = workspace.file("out");
    let built = workspace.run(&["build", "--format", "html,md", "--out", out.to_str().expect("UTF-8")]);
    assert_eq!(built.status, Some(0), "{}", built.err);
    let mut folders = vec![out.clone()];
    let mut seen = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() && !path.ends_with("assets") {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "md" || it == "html") {
                // It rests on no check, and goes to people outside.
                if path.file_stem().is_some_and(|name| name == "responsibilities") {
                    continue;
                }
                let text = fs::read_to_string(&path).expect("text");
                assert!(text.contains("Asked by another tool"), "{} does not disclose it", path.display());
                seen += 1;
            }
        }
    }
    assert!(seen > 14, "{seen} documents");
    let brief = fs::read_to_string(out.join("team/payments.md")).expect("the brief");
    let remedies = brief.split("# How we remedy our findings").nth(1).expect("the remedies");
    assert!(remedies.contains("Deployment team-payments/api") && remedies.contains("privileged: false"), "{remedies}");
}
