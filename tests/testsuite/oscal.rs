//! OSCAL: what `build` writes is what `validate` accepts, stays the same, and changes only where the declarations do.

use std::{fs, path::Path, process::Output};

use serde_json::Value;

use crate::support::{checkout, copy, scopefence};

const MODELS: [&str; 6] = [
    "assessment-plan",
    "assessment-results",
    "component-definition",
    "plan-of-action-and-milestones",
    "profile",
    "system-security-plan",
];

fn export(workspace: &Path, out: &Path, evidence: bool) {
    let sample = checkout("scopes/samples/platform.snapshot.jsonl.zst");
    let mut command = scopefence();
    command.arg("build").arg(workspace).arg("--out").arg(out).args(["--only", "oscal"]);
    let output = match evidence {
        true => command.arg("--evidence").arg(sample).output().unwrap(),
        false => command.arg("--no-evidence").output().unwrap(),
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn validate(path: &Path) -> Output {
    scopefence().arg("validate").arg(path).output().unwrap()
}

fn read(out: &Path, model: &str) -> Value {
    let text = fs::read_to_string(out.join(format!("oscal/{model}.json"))).unwrap();
    serde_json::from_str::<Value>(&text).unwrap()[model].take()
}

#[test]
fn every_model_of_both_starters_is_valid() {
    for (starter, evidence) in
        [("compliant-kubernetes", true), ("compliant-kubernetes", false), ("managed-cluster", false)]
    {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out");
        export(&checkout(&format!("scopes/{starter}")), &out, evidence);
        let output = validate(&out.join("oscal"));
        assert!(output.status.success(), "{starter}: {}", String::from_utf8_lossy(&output.stdout));
        let there = |model: &&&str| out.join(format!("oscal/{model}.json")).exists();
        assert_eq!(MODELS.iter().filter(there).count(), if evidence { 6 } else { 4 }, "{starter}");
    }
}

#[test]
fn the_plan_says_what_the_declarations_and_the_evidence_say() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    export(&checkout("scopes/compliant-kubernetes"), &out, true);
    let plan = read(&out, "system-security-plan");
    let requirements = plan["control-implementation"]["implemented-requirements"].as_array().unwrap();
    let requirement = requirements.iter().find(|it| it["control-id"] == "ac-2").unwrap();
    let by_components = requirement["statements"][0]["by-components"].as_array().unwrap();
    let components = plan["system-implementation"]["components"].as_array().unwrap();
    let titles: Vec<&str> = by_components
        .iter()
        .map(|it| components.iter().find(|one| one["uuid"] == it["component-uuid"]).unwrap()["title"].as_str().unwrap())
        .collect();
    assert_eq!(titles, ["Access to the cluster", "Identity provider"]);
    assert!(!plan["system-implementation"]["inventory-items"].as_array().unwrap().is_empty());

    // Each open finding of `assess` is an item of the plan of action, under its own identifier.
    let sample = checkout("scopes/samples/platform.snapshot.jsonl.zst");
    let assessed = scopefence()
        .args(["assess", "--format", "json", "--evidence"])
        .arg(sample)
        .arg(checkout("scopes/compliant-kubernetes"))
        .output()
        .unwrap();
    let assessed: Value = serde_json::from_slice(&assessed.stdout).unwrap();
    let items = read(&out, "plan-of-action-and-milestones");
    let items = items["poam-items"].to_string();
    let findings = assessed["findings"].as_array().unwrap();
    assert!(findings.len() > 20);
    for finding in findings {
        assert!(items.contains(finding["id"].as_str().unwrap()), "{finding}");
    }

    // A control is satisfied only where nothing but passes was decided.
    let results = read(&out, "assessment-results");
    let states = results["results"][0]["findings"].as_array().unwrap();
    let satisfied = states.iter().filter(|it| it["target"]["status"]["state"] == "satisfied");
    for finding in satisfied {
        let props = finding["props"].as_array().unwrap();
        assert!(props.iter().any(|it| it["name"] == "outcome" && it["value"] == "pass"), "{finding}");
    }
}

#[test]
fn the_same_inputs_are_the_same_bytes_and_one_line_is_a_small_change() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path().join("workspace");
    copy(&checkout("scopes/managed-cluster"), &workspace);
    let (one, two, three) = (folder.path().join("1"), folder.path().join("2"), folder.path().join("3"));
    export(&workspace, &one, false);
    export(&workspace, &two, false);
    let main = workspace.join("scopefence.toml");
    let text = fs::read_to_string(&main).unwrap();
    let at = text.find("summary = \"").unwrap() + "summary = \"".len();
    fs::write(&main, format!("{}Changed: {}", &text[..at], &text[at..])).unwrap();
    export(&workspace, &three, false);
    for model in ["component-definition", "profile", "system-security-plan", "assessment-plan"] {
        let text = |out: &Path| fs::read_to_string(out.join(format!("oscal/{model}.json"))).unwrap();
        let (before, again, after) = (text(&one), text(&two), text(&three));
        assert!(before == again, "{model}");
        let changed = before.lines().zip(after.lines()).filter(|(old, new)| old != new).count();
        assert_eq!(before.lines().count(), after.lines().count(), "{model}");
        assert!(changed <= 4, "{model}: {changed} lines");
    }
}

#[test]
fn damage_is_found_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    export(&checkout("scopes/managed-cluster"), &out, false);
    let file = out.join("oscal/system-security-plan.json");
    let good: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    let first = "/system-security-plan/control-implementation/implemented-requirements/0";
    let by = format!("{first}/statements/0/by-components/0");
    let nobody = "00000000-0000-4000-8000-000000000000";
    for (pointer, value, message) in [
        (format!("{by}/component-uuid"), nobody, "has the identifier 00000000"),
        (format!("{first}/control-id"), "zz-1", "has the control `zz-1`"),
        (format!("{first}/responsible-roles/0/role-id"), "ghost", "define no role `ghost`"),
        (format!("{first}/responsible-roles/0/party-uuids/0"), nobody, "has the identifier 00000000"),
        (format!("{first}/props/0/value"), "somebody", "`somebody` is not one of organization"),
        (format!("{by}/implementation-status/state"), "done", "`done` is not one of implemented"),
        (format!("{by}/description"), "TODO write", "`TODO` is a placeholder"),
        ("/system-security-plan/uuid".to_owned(), "7", "is not written as OSCAL wants it"),
    ] {
        let mut bad = good.clone();
        *bad.pointer_mut(&pointer).unwrap_or_else(|| panic!("{pointer}")) = value.into();
        fs::write(&file, bad.to_string()).unwrap();
        let output = validate(&file);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(1), "{pointer}: {said}");
        assert!(said.contains(message), "{pointer}: {said}");
        assert!(said.contains(": $.system-security-plan."), "{said}");
    }
    assert_eq!(validate(&out.join("nothing.json")).status.code(), Some(2));
}
