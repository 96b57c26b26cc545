//! `scopefence drift`.

use std::fs;

use crate::evidence::{Workspace, cluster_without};

#[test]
fn drift_lists_what_nobody_claims_and_what_is_missing() {
    let run = Workspace::observed().run(&["drift"]);
    assert_eq!(run.status, Some(1), "{}{}", run.out, run.err);
    for expected in [
        "Namespace",
        "lab",
        "owner label platform.example/owner = ml is not declared",
        "missing: 1",
        "cache",
        "<script>alert(1)</script>[U+001B][31mred",
    ] {
        assert!(run.out.contains(expected), "{expected}: {}", run.out);
    }
    // Replica sets and Pods are folded into their Deployment; Kubernetes' own objects follow theirs.
    assert!(!run.out.contains("web-1-x") && !run.out.contains("view"), "{}", run.out);
    run.assert_harmless();
}

#[test]
fn a_baseline_suppresses_what_it_lists_and_says_what_is_gone() {
    let workspace = Workspace::observed();
    let written =
        workspace.run(&["drift", &format!("--write-baseline={}", workspace.file("evidence/accepted.toml").display())]);
    assert_eq!((written.status, &*written.out), (Some(0), ""), "{}", written.err);
    let accepted = workspace.file("evidence/accepted.toml");
    let from = format!("--baseline={}", accepted.display());
    let to = format!("--write-baseline={}", accepted.display());
    let quiet = workspace.run(&["drift", &from]);
    assert_eq!(quiet.status, Some(0), "{}", quiet.out);
    assert!(quiet.out.contains("no new drift; 7 suppressed"), "{}", quiet.out);

    // Written again, it is the same, byte by byte.
    let first = fs::read_to_string(&accepted).expect("a baseline");
    workspace.run(&["drift", &to]);
    assert_eq!(fs::read_to_string(&accepted).expect("a baseline"), first);

    // One entry less is new drift, one more is gone.
    let edited = first.replace("    \"Namespace lab\",\n", "    \"Namespace gone\",\n");
    assert_ne!(edited, first);
    fs::write(&accepted, edited).expect("written");
    let loud = workspace.run(&["drift", &from]);
    assert_eq!(loud.status, Some(1));
    assert!(loud.out.contains("new drift: 1; 6 suppressed"), "{}", loud.out);
    assert!(loud.out.contains("unclaimed Namespace gone"), "{}", loud.out);
}

#[test]
fn the_default_baseline_lives_beside_the_evidence() {
    let workspace = Workspace::observed();
    let mut command = crate::support::scopefence();
    command.arg("drift").arg(workspace.path()).arg("--write-baseline");
    assert_eq!(crate::evidence::Run::of(&mut command).status, Some(0));
    assert!(workspace.file("evidence/drift-baseline.toml").is_file());
    let mut command = crate::support::scopefence();
    command.arg("drift").arg(workspace.path()).arg("--baseline");
    assert_eq!(crate::evidence::Run::of(&mut command).status, Some(0));
    // The workspace may stand behind the flag: it is not the baseline's file.
    let mut command = crate::support::scopefence();
    command.arg("drift").arg("--baseline").arg(workspace.path());
    assert_eq!(crate::evidence::Run::of(&mut command).status, Some(0));
}

#[test]
fn json_has_everything_and_the_same_status() {
    let run = Workspace::observed().run(&["drift", "--format", "json"]);
    assert_eq!(run.status, Some(1));
    let drift = &run.json()[0];
    assert_eq!(drift["new"], 7);
    assert_eq!(drift["missing"][0]["component"], "cache");
    let unclaimed = drift["unclaimed"].as_array().expect("a list");
    let web = unclaimed.iter().find(|object| object["kind"] == "apps/Deployment").expect("the Deployment");
    assert_eq!((&web["namespace"], &web["name"], &web["dependants"]), (&"lab".into(), &"web".into(), &2.into()));
}

#[test]
fn without_a_snapshot_it_says_how_to_get_one() {
    let run = Workspace::bare().run(&["drift"]);
    assert_eq!((run.status, &*run.out), (Some(2), ""));
    assert!(run.err.contains("there is no snapshot in") && run.err.contains("scopefence collect"), "{}", run.err);
}

#[test]
fn a_component_is_only_missing_when_the_lists_prove_it() {
    let workspace = Workspace::bare();
    workspace.collect(cluster_without("namespaces.json").path());
    let run = workspace.run(&["drift"]);
    assert!(!run.out.contains("missing: 1"), "{}", run.out);
    assert!(run.out.contains("not proven missing"), "{}", run.out);
}
