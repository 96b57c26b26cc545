//! OSCAL: what `build` writes is what `validate` accepts, stays the same, and changes only where the declarations do.

use std::{fs, path::Path, process::Output};

use serde_json::Value;

use crate::support::{checkout, copy, data, scopefence};

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
        assert!(props.iter().any(|it| it["name"] == "standing" && it["value"] == "passing"), "{finding}");
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

/// A workspace, and a catalog with one control that it implements.
fn with_catalog(folder: &Path) -> (std::path::PathBuf, std::path::PathBuf) {
    let workspace = folder.join("workspace");
    copy(&data("check/base"), &workspace);
    fs::write(
        workspace.join("asked.toml"),
        "format = 1\n[[implementation]]\ncontrol = \"AC-2(4)\"\nstatus = \"implemented\"\ncomponents = []\n\
         team = \"platform\"\nnarrative = \"Every change is written down.\"\nparameters = { \"ac-2.4_odp\" = \"within one hour\" }\n",
    )
    .unwrap();
    let catalog = serde_json::json!({"catalog": {
        "metadata": {"title": "A publisher's catalog", "version": "9", "oscal-version": "1.1.3"},
        "groups": [{"id": "ac", "title": "Access Control", "controls": [{
            "id": "ac-2.4", "title": "Automated Audit Actions",
            "props": [{"name": "label", "value": "AC-2(4)"}],
            "params": [{"id": "ac-2.4_odp", "label": "time period"}, {"id": "ac-2.4_who", "label": "personnel"}],
            "parts": [{"name": "statement", "prose":
                "Audit everything {{ insert: param, ac-2.4_odp }} and tell {{ insert: param, ac-2.4_who }}. <script>alert(1)</script>"}],
        }]}],
    }});
    let path = folder.join("catalog.json");
    fs::write(&path, catalog.to_string()).unwrap();
    (workspace, path)
}

#[test]
fn an_imported_catalog_puts_its_text_before_the_statement() {
    let folder = tempfile::tempdir().unwrap();
    let (workspace, catalog) = with_catalog(folder.path());
    let import = |what: &str, file: &Path| {
        let output = scopefence().args(["import", what]).arg(file).arg("--workspace").arg(&workspace).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    import("catalog", &catalog);
    let checked = scopefence().arg("check").arg(&workspace).output().unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    let out = folder.path().join("out");
    let built = scopefence()
        .arg("build")
        .arg(&workspace)
        .args(["--no-evidence", "--only", "ssp", "--format", "md,html", "--out"])
        .arg(&out)
        .output()
        .unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let text = fs::read_to_string(out.join("ssp.md")).unwrap();
    let asked = text.find("Audit everything **within one hour** and tell").expect("the publisher's text");
    assert!(asked < text.find("Every change is written down.").unwrap());
    let page = fs::read_to_string(out.join("ssp.html")).unwrap();
    assert!(page.contains("tell [personnel].") && !page.contains("<script>alert"), "brackets for what nobody set");

    // A profile of the same catalog becomes a baseline that a workspace may choose.
    let profile = serde_json::json!({"profile": {
        "metadata": {"title": "Ours"}, "imports": [{"href": "catalog.json", "include-all": {}}],
    }});
    let path = folder.path().join("profile.json");
    fs::write(&path, profile.to_string()).unwrap();
    import("profile", &path);
    let choice = workspace.join("controls/controls.toml");
    let text = fs::read_to_string(&choice).unwrap();
    let chosen = "framework = \"nist-800-53r5\"\n";
    assert!(text.contains(chosen));
    fs::write(&choice, text.replacen(chosen, &format!("{chosen}name = \"ours\"\n"), 1)).unwrap();
    let checked = scopefence().arg("check").arg(&workspace).output().unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
}

#[test]
fn what_cannot_be_imported_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (workspace, catalog) = with_catalog(folder.path());
    let text = fs::read_to_string(&catalog).unwrap();
    fs::write(&catalog, &text[..text.len() / 2]).unwrap();
    let output =
        scopefence().args(["import", "catalog"]).arg(&catalog).arg("--workspace").arg(&workspace).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("$.catalog.groups[0].controls[0]") && said.contains("not JSON: EOF"), "{said}");
    assert!(!workspace.join("controls/texts").exists());
}

/// What a component definition says of each component: identifier to title and statements by control.
fn said(out: &Path) -> std::collections::BTreeMap<String, (String, Vec<String>)> {
    let components = read(out, "component-definition")["components"].take();
    let said = |component: &Value| {
        let props = component["props"].as_array().unwrap();
        let id = props.iter().find(|it| it["name"] == "component-id").unwrap()["value"].as_str().unwrap().to_owned();
        let sets = component["control-implementations"].as_array().into_iter().flatten();
        let requirements = sets.flat_map(|set| set["implemented-requirements"].as_array().unwrap());
        let mut statements: Vec<String> = requirements
            .map(|it| format!("{} {} {}", it["control-id"], it["description"], it["set-parameters"]))
            .collect();
        statements.sort();
        (id, (format!("{} {}", component["title"], component["description"]), statements))
    };
    components.as_array().unwrap().iter().map(said).collect()
}

#[test]
fn components_come_back_as_they_went() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (folder.path().join("first"), folder.path().join("second"));
    export(&checkout("scopes/compliant-kubernetes"), &first, false);
    let workspace = folder.path().join("workspace");
    copy(&data("check/base"), &workspace);
    let output = scopefence()
        .args(["import", "components", "--team", "platform", "--name", "from-afar"])
        .arg(first.join("oscal/component-definition.json"))
        .arg("--workspace")
        .arg(&workspace)
        .output()
        .unwrap();
    let notes = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{notes}");
    let checked = scopefence().arg("check").arg(&workspace).output().unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    export(&workspace, &second, false);
    assert!(validate(&second.join("oscal")).status.success());
    let (went, came) = (said(&first), said(&second));
    for (id, what) in went {
        let there = came.get(&id).unwrap_or_else(|| panic!("{id} did not come back"));
        // The workspace has some components of the same name, and answers AC-6(5) already.
        if !["ingress", "database", "payments-app", "machines"].contains(&id.as_str()) {
            let statements = |all: &[String]| -> Vec<String> {
                all.iter().filter(|it| !it.starts_with("\"ac-6.5\"")).cloned().collect()
            };
            assert_eq!(there.0, what.0);
            assert_eq!(statements(&there.1), statements(&what.1), "{id}");
        }
    }
    assert!(notes.contains("AC-6(5) is answered at controls/controls.toml:"), "{notes}");
}

#[test]
fn a_providers_plan_says_what_is_inherited_and_what_is_left_to_us() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path().join("workspace");
    copy(&data("check/base"), &workspace);
    let uuid = |number: u32| format!("11111111-0000-4000-8000-{number:012}");
    let plan = serde_json::json!({"system-security-plan": {
        "metadata": {"title": "Plan of the provider"},
        "system-characteristics": {
            "system-name": "Cloud, infrastructure", "date-authorized": "2025-03-01", "security-sensitivity-level": "fips-199-moderate",
            "system-ids": [{"identifier-type": "http://ietf.org/rfc/rfc4122", "id": uuid(9)}, {"id": "CL-42"}],
        },
        "system-implementation": {"components": [
            {"uuid": uuid(1), "type": "service", "title": "Managed control plane", "description": "Runs the API server."},
            {"uuid": uuid(2), "type": "software", "title": "Inner tool", "description": "Not for customers."},
        ]},
        "control-implementation": {"implemented-requirements": [{"control-id": "sc-28", "statements": [{"by-components": [
            {"component-uuid": uuid(1), "implementation-status": {"state": "implemented"}, "export": {
                "provided": [{"uuid": uuid(3), "description": "Disks are encrypted."}],
                "responsibilities": [{"uuid": uuid(4), "provided-uuid": uuid(3), "description": "Choose the key."}],
            }},
            {"component-uuid": uuid(2), "description": "Ours alone."},
        ]}]}]},
    }});
    let file = folder.path().join("provider.json");
    fs::write(&file, plan.to_string()).unwrap();
    let import = |team: &str| {
        let mut command = scopefence();
        command.args(["import", "ssp", "--team", team]).arg(&file).arg("--workspace").arg(&workspace);
        command.output().unwrap()
    };
    let nobody = import("nobody");
    assert_eq!(nobody.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&nobody.stderr).contains("there is no team `nobody`"));
    let output = import("provider");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = fs::read_to_string(workspace.join("scope/provider.toml")).unwrap();
    assert!(text.contains("title = \"Managed control plane\"") && !text.contains("Inner tool"), "{text}");
    for said in [
        "provided = \"Disks are encrypted.\"".to_owned(),
        "responsibility = \"Choose the key.\"".to_owned(),
        format!("responsibility-uuid = \"{}\"", uuid(4)),
        format!("provider-uuid = \"{}\"", uuid(1)),
        "organization = \"cloud\"\ntitle = \"Cloud, infrastructure\"\nidentifier = \"CL-42\"\nauthorized = 2025-03-01\n\
         impact = \"moderate\"\ncomponents = [\"managed-control-plane\"]"
            .to_owned(),
        // What is left to us is not done by being inherited.
        "status = \"partial\"".to_owned(),
    ] {
        assert!(text.contains(&said), "{said}: {text}");
    }
    let checked = scopefence().args(["check", "--as-of", "2026-11-21"]).arg(&workspace).output().unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    let said = String::from_utf8_lossy(&checked.stderr).into_owned();
    assert!(said.contains("leaves something to us that nobody answers"), "{said}");

    // Answered, it is exported as satisfied, linked to the provider's plan, and shown in the plan.
    let answered = "satisfied = \"The key is ours and lies in the key service.\"\nresponsibility-uuid";
    fs::write(workspace.join("scope/provider.toml"), text.replace("responsibility-uuid", answered)).unwrap();
    let out = folder.path().join("out");
    let build = ["--no-evidence", "--format", "md,oscal", "--out"];
    let built = scopefence().arg("build").arg(&workspace).args(build).arg(&out).output().unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let checked = validate(&out.join("oscal"));
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout));
    let plan = read(&out, "system-security-plan");
    let leveraged = &plan["system-implementation"]["leveraged-authorizations"][0];
    assert_eq!(
        (leveraged["title"].as_str(), leveraged["date-authorized"].as_str()),
        (Some("Cloud, infrastructure"), Some("2025-03-01"))
    );
    let components = plan["system-implementation"]["components"].as_array().unwrap();
    let component = components.iter().find(|it| it["title"] == "Managed control plane").unwrap();
    let prop = |name: &str| {
        component["props"].as_array().unwrap().iter().find(|it| it["name"] == name).unwrap()["value"].clone()
    };
    assert_eq!(prop("leveraged-authorization-uuid"), leveraged["uuid"]);
    assert_eq!(prop("inherited-uuid"), uuid(1));
    let file = out.join("oscal/system-security-plan.json");
    let text = fs::read_to_string(&file).unwrap();
    let value = format!("\"value\": {}", leveraged["uuid"]);
    assert!(text.contains(&value));
    fs::write(&file, text.replace(&value, "\"value\": \"00000000-0000-4000-8000-000000000000\"")).unwrap();
    let found = String::from_utf8_lossy(&validate(&file).stdout).into_owned();
    assert!(found.contains(".value: nothing in this file has the identifier 00000000"), "{found}");
    let page = fs::read_to_string(out.join("ssp.md")).unwrap();
    assert!(page.contains("Leveraged authorizations") && page.contains("The key is ours and lies in the key service."));
    assert!(fs::read_to_string(out.join("scope.md")).unwrap().contains("`CL-42`"));
    let handed_out = fs::read_to_string(out.join("responsibilities.md")).unwrap();
    assert!(
        handed_out.contains("Cloud, infrastructure") && !handed_out.contains("key service"),
        "it goes out without statements"
    );
    // Once is enough: a second import does not overwrite what people may have changed.
    assert_eq!(import("provider").status.code(), Some(2));
}

/// NIST's example of a system that others build on (a slice of it: `leveraged.json`), and what it says there.
#[test]
fn nists_example_of_a_leveraged_system_lands_in_its_places() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path().join("workspace");
    copy(&data("check/base"), &workspace);
    let import = |more: &[&str]| {
        let mut command = scopefence();
        command.args(["import", "ssp", "--team", "provider", "--name", "iaas"]).args(more);
        command.arg(data("oscal/leveraged.json")).arg("--workspace").arg(&workspace).output().unwrap()
    };
    let output = import(&[]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.success() && said.contains("does not say when Leveraged IaaS System was authorized"),
        "{said}"
    );
    fs::remove_file(workspace.join("scope/iaas.toml")).unwrap();
    let output = import(&["--authorized", "2018-01-01"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let file = workspace.join("scope/iaas.toml");
    let text = fs::read_to_string(&file).unwrap();
    // The component that stands for the system bears its name.
    assert!(
        text.contains("title = \"Leveraged IaaS System\"\n") && text.contains("title = \"Application\"\n"),
        "{text}"
    );
    assert!(
        text.contains("authorized = 2018-01-01")
            && text.contains("components = [\n    \"leveraged-iaas-system\",\n    \"application\",\n]"),
        "{text}"
    );
    assert_eq!(text.matches("[[implementation.inherited]]").count(), 2, "{text}");
    fs::write(&file, text.replace("provided-uuid", "satisfied = \"We do.\"\nprovided-uuid")).unwrap();
    let out = folder.path().join("out");
    let choice = workspace.join("controls/controls.toml");
    let chosen = fs::read_to_string(&choice).unwrap();
    fs::write(
        &choice,
        chosen.replacen(
            "control = \"AC-6(5)\"\n",
            "control = \"AC-6(5)\"\n\n[[baseline.add]]\ncontrol = \"AC-2\"\n",
            1,
        ),
    )
    .unwrap();
    export(&workspace, &out, false);
    assert!(validate(&out.join("oscal")).status.success());
    let plan = read(&out, "system-security-plan");
    let requirements = plan["control-implementation"]["implemented-requirements"].as_array().unwrap();
    let shares = requirements.iter().find(|it| it["control-id"] == "ac-2").unwrap()["statements"][0]["by-components"]
        .as_array()
        .unwrap();
    let linked: Vec<[&str; 2]> = shares
        .iter()
        .map(|it| {
            [&it["inherited"][0]["provided-uuid"], &it["satisfied"][0]["responsibility-uuid"]]
                .map(|it| it.as_str().unwrap())
        })
        .collect();
    let uuid = |end: &str| format!("11111111-0000-4000-9009-00200100{end}");
    assert_eq!(linked, [[&*uuid("1001"), &*uuid("1002")], [&*uuid("2001"), &*uuid("2002")]]);
}

/// What people decided of findings, in the plan of action and in the results.
#[test]
fn decisions_on_findings_are_responses_with_milestones() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    export(&checkout("scopes/compliant-kubernetes"), &out, true);
    let poam = read(&out, "plan-of-action-and-milestones");
    let risks = poam["risks"].as_array().unwrap();
    let states = |name: &str| risks.iter().filter(|it| it["status"] == name).count();
    assert!(
        states("open") > 10 && states("deviation-approved") > 0,
        "{} {}",
        states("open"),
        states("deviation-approved")
    );
    // An accepted risk says by whom it was accepted, and until when.
    let accepted = risks.iter().find(|it| it["status"] == "deviation-approved").unwrap();
    let response = &accepted["remediations"][0];
    assert_eq!(response["props"][0]["value"], "accept");
    let end = &response["tasks"][0];
    assert_eq!(end["type"], "milestone");
    assert_eq!(end["timing"]["on-date"]["date"], accepted["deadline"], "{accepted}");

    let id = risks.iter().find(|it| it["status"] == "open").unwrap()["props"][0]["value"].as_str().unwrap().to_owned();
    let workspace = folder.path().join("workspace");
    copy(&checkout("scopes/compliant-kubernetes"), &workspace);
    let decided = format!(
        "format = 1\n[[poam]]\nfinding = \"{id}\"\nstatus = \"in-progress\"\nscheduled = 2027-02-01\nowner = \"it\"\n\
         vendor = \"The vendor\"\ncomment = \"Waits for a release.\"\n\
         [[poam.milestone]]\ndate = 2026-12-01\nwhat = \"New image\"\ndone = 2026-11-30\n"
    );
    let others =
        |text: &str| text.split("[[poam]]").filter(|it| !it.contains(&id)).collect::<Vec<_>>().join("[[poam]]");
    for file in
        fs::read_dir(workspace.join("controls")).unwrap().flatten().map(|it| it.path()).filter(|it| it.is_file())
    {
        let text = fs::read_to_string(&file).unwrap();
        fs::write(&file, others(&text)).unwrap();
    }
    fs::write(workspace.join("controls/decided.toml"), decided).unwrap();
    let out = folder.path().join("decided");
    export(&workspace, &out, true);
    let output = validate(&out.join("oscal"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let results = read(&out, "assessment-results")["results"][0].take();
    for model in [&read(&out, "plan-of-action-and-milestones"), &results] {
        let risk = model["risks"].as_array().unwrap().iter().find(|it| it["props"][0]["value"] == *id).unwrap();
        assert_eq!(risk["status"], "remediating");
        assert_eq!(risk["deadline"], "2027-02-01T23:59:59Z");
        let plan = risk["remediations"].as_array().unwrap().iter().find(|it| it["lifecycle"] == "planned").unwrap();
        let steps: Vec<&str> =
            plan["tasks"].as_array().unwrap().iter().map(|it| it["title"].as_str().unwrap()).collect();
        assert_eq!(steps, ["New image", "Scheduled completion"]);
        assert_eq!(plan["tasks"][0]["props"][0]["value"], "2026-11-30");
        assert_eq!(plan["tasks"][1]["responsible-roles"][0]["role-id"], "action-owner");
    }
    let items = read(&out, "plan-of-action-and-milestones")["poam-items"].take();
    let item = items.as_array().unwrap().iter().find(|it| it["props"][0]["value"] == *id).unwrap();
    assert_eq!(item["remarks"], "Waits for a release.");
}

#[test]
fn no_file_is_too_broken_for_a_clear_answer() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path().join("workspace");
    copy(&data("check/base"), &workspace);
    let file = folder.path().join("file.json");
    let says = |text: &[u8], model: &[&str], said: &str| {
        fs::write(&file, text).unwrap();
        let output =
            scopefence().arg("import").args(model).arg(&file).arg("--workspace").arg(&workspace).output().unwrap();
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}: {err}");
        assert!(err.contains(said), "{said}: {err}");
    };
    let ssp = ["ssp", "--team", "provider"];
    let deep = format!(r#"{{"system-security-plan": {{"metadata": {}"#, r#"{"a": ["#.repeat(50_000));
    says(deep.as_bytes(), &ssp, "$.system-security-plan.metadata.a[0].a[0]");
    let cut =
        br#"{"system-security-plan": {"control-implementation": {"implemented-requirements": [{"control-id": "ac-"#;
    says(cut, &ssp, "$.system-security-plan.control-implementation.implemented-requirements[0].control-id");
    says(b"\xff\xfe{}", &ssp, "not JSON");
    says(b"", &ssp, "not JSON");
    says(
        br#"{"system-security-plan": {}}"#,
        &ssp,
        "$.system-security-plan.system-implementation: it holds no components",
    );
    says(
        br#"{"system-security-plan": [1]}"#,
        &ssp,
        "$.system-security-plan.system-implementation: it holds no components",
    );
    says(
        br#"{"profile": {"imports": [{"href": "gone.json"}]}}"#,
        &["profile"],
        "$.profile.imports[0].href: gone.json does not lie",
    );
    says(br#"{"profile": {"imports": [{"href": "file.json"}], "uuid": "u"}}"#, &["profile"], "in a circle");
    says(br#"{"profile": {"imports": {"href": 7}}}"#, &["profile"], "$.profile.imports: it imports nothing");
    // Larger than what is read: nothing of it is parsed. Sparse, so that nothing of it is written either.
    fs::File::create(&file).and_then(|file| file.set_len((64 << 20) + 1)).unwrap();
    let output = scopefence().arg("validate").arg(&file).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stdout).contains("$: the file is larger than 64 MB"));
}
