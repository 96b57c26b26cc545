//! FedRAMP: what `build` writes is what `validate` accepts, stays the same, and says no more than was declared and seen.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
};

use scopefence::snapshot::{self, Completeness, List};
use serde_json::Value;

use crate::support::{checkout, copy, data, scopefence};

const FILES: [&str; 2] = ["certification-package-overview", "security-decision-record"];

fn sample() -> PathBuf {
    checkout("scopes/samples/platform.snapshot.jsonl.zst")
}

fn build(workspace: &Path, out: &Path, evidence: Option<&Path>, arguments: &[&str]) -> Output {
    let mut command = scopefence();
    command.arg("build").arg(workspace).arg("--out").arg(out).args(arguments);
    match evidence {
        Some(file) => command.arg("--evidence").arg(file).output().unwrap(),
        None => command.arg("--no-evidence").output().unwrap(),
    }
}

/// The package alone, and valid: overview and record.
fn package(workspace: &Path, out: &Path, evidence: Option<&Path>) -> [Value; 2] {
    let output = build(workspace, out, evidence, &["--format", "fedramp"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let output = validate(&out.join("fedramp"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    FILES.map(|name| serde_json::from_str(&text(out, name)).unwrap())
}

fn text(out: &Path, name: &str) -> String {
    fs::read_to_string(out.join(format!("fedramp/{name}.json"))).unwrap()
}

fn validate(path: &Path) -> Output {
    scopefence().arg("validate").arg(path).output().unwrap()
}

fn indicator<'v>(record: &'v Value, id: &str) -> &'v Value {
    record["keySecurityIndicators"].as_array().unwrap().iter().find(|it| it["ksiId"] == id).unwrap()
}

/// The starter, with its statement about network traffic resting on one check that the sample passes.
fn starter(folder: &Path) -> PathBuf {
    let workspace = folder.join("workspace");
    copy(&checkout("scopes/compliant-kubernetes"), &workspace);
    let file = workspace.join("controls/fedramp.toml");
    let text = fs::read_to_string(&file).unwrap();
    let (before, rest) = text.split_once("control = \"fedramp-ksi-2026:KSI-CNA-RNT\"").unwrap();
    let (_, after) = rest.split_once("\n[[implementation]]").unwrap();
    let ours = "status = \"implemented\"\ncomponents = [\"network-policy\", \"cni\"]\nteam = \"platform\"\n\
                narrative = \"The plug-in enforces policies.\"\nchecks = [\"network-policies-enforced\"]\n";
    let text = format!("{before}control = \"fedramp-ksi-2026:KSI-CNA-RNT\"\n{ours}\n[[implementation]]{after}");
    fs::write(&file, text).unwrap();
    workspace
}

/// The sample as somebody would have read it who may not list this kind.
fn forbidden(folder: &Path, group: &str, kind: &str) -> PathBuf {
    let mut snapshot = snapshot::read(&sample()).unwrap();
    for list in &mut snapshot.lists {
        if list.record.group == group && list.record.kind == kind {
            let mut record = list.record.clone();
            record.completeness = Completeness::Forbidden("cannot list resource".to_owned());
            *list = List::new(record, Vec::new());
        }
    }
    let file = folder.join("forbidden.snapshot.jsonl.zst");
    snapshot::write(&snapshot, &file).unwrap();
    file
}

#[test]
fn the_starter_has_a_package_and_the_start_page_leads_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let starter = checkout("scopes/compliant-kubernetes");
    let out = folder.path().join("out");
    let output = build(&starter, &out, Some(&sample()), &["--only", "fedramp"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let output = validate(&out.join("fedramp"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let (page, manifest) = (
        fs::read_to_string(out.join("index.html")).unwrap(),
        fs::read_to_string(out.join("build-manifest.json")).unwrap(),
    );
    for name in FILES {
        assert!(page.contains(&format!("<a href=\"fedramp/{name}.json\" download>")), "{page}");
        assert!(manifest.contains(&format!("\"fedramp/{name}.json\"")));
    }
    assert!(!out.join("oscal").exists(), "what was asked for, and nothing else");

    let record: Value = serde_json::from_str(&text(&out, FILES[1])).unwrap();
    let traffic = indicator(&record, "KSI-CNA-RNT");
    assert_eq!(traffic["ksiImplementationStatus"], "Partially Implemented");
    assert_eq!(traffic["ksiTests"].as_array().unwrap().len(), 4);
    let seen = traffic["ksiEvidence"].as_array().unwrap();
    assert_eq!(seen.len(), 4);
    let digest = {
        use sha2::Digest;
        let hash = sha2::Sha256::digest(fs::read(sample()).unwrap());
        hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    };
    for piece in seen {
        assert_eq!(piece["lastUpdated"], "2026-11-21", "{piece}");
        let text = piece["evidenceText"].as_str().unwrap();
        assert!(text.contains("/apis/") && text.contains("complete, ") && text.ends_with(&digest), "{text}");
        assert!(piece["evidenceDescription"].as_str().unwrap().contains("(sample evidence)"), "{piece}");
        assert!(piece["evidenceLocation"].as_str().unwrap().starts_with("ni:///sha-256;"));
    }
    // Ports are those of the declared interfaces and connections.
    let ports = record["portsAndProtocols"].as_array().unwrap();
    assert!(ports.iter().any(|it| it["portNumber"] == "443" && it["transportProtocol"] == "TCP"));
}

#[test]
fn an_item_is_implemented_only_where_a_pass_or_a_person_bears_it_out() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let [_, record] = package(&checkout("scopes/compliant-kubernetes"), &out, Some(&sample()));
    let mut implemented = 0;
    for item in record["keySecurityIndicators"].as_array().unwrap() {
        if item["ksiImplementationStatus"] != "Implemented" {
            continue;
        }
        implemented += 1;
        let evidence = item["ksiEvidence"].as_array().unwrap();
        let says = |word: &str| evidence.iter().any(|it| it["evidenceDescription"].as_str().unwrap().contains(word));
        assert!(says(": pass on ") || says("found the statement true"), "{item}");
        assert!(!says(": fail on "), "{item}");
    }
    assert!(implemented > 0);
    // Without evidence nobody looked, except the people who say so.
    let [_, record] = package(&checkout("scopes/compliant-kubernetes"), &out, None);
    for item in record["keySecurityIndicators"].as_array().unwrap() {
        if matches!(item["ksiImplementationStatus"].as_str(), Some("Implemented" | "Partially Implemented")) {
            assert!(item["ksiValidation"].to_string().contains("looked on"), "{item}");
        }
    }
    let statuses = record["securityControls"].as_array().unwrap().iter().map(|it| &it["controlImplementationStatus"]);
    assert!(statuses.clone().all(|status| status != "Partially Implemented"), "nothing was seen");
}

#[test]
fn what_may_not_be_read_is_not_positive() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = starter(folder.path());
    let out = folder.path().join("out");
    let [_, record] = package(&workspace, &out, Some(&sample()));
    assert_eq!(indicator(&record, "KSI-CNA-RNT")["ksiImplementationStatus"], "Implemented");
    let evidence = forbidden(folder.path(), "apps", "DaemonSet");
    let [_, record] = package(&workspace, &out, Some(&evidence));
    let item = indicator(&record, "KSI-CNA-RNT");
    assert!(item.get("ksiImplementationStatus").is_none(), "{item}");
    assert!(item["ksiValidation"].to_string().contains("1 forbidden (`network-policies-enforced`)"), "{item}");
    assert!(item["ksiValidation"].to_string().contains("not shown by the evidence"), "{item}");
}

#[test]
fn without_a_table_the_answer_is_what_to_declare() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let starter = checkout("scopes/managed-cluster");
    for arguments in [&["--format", "fedramp"][..], &["--only", "fedramp"], &["--format", "oscal,fedramp"]] {
        let output = build(&starter, &out, None, arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(
            said.contains("declares no `[fedramp]`") && said.contains("help:") && said.contains("acronym"),
            "{said}"
        );
        assert!(!out.exists(), "nothing is written");
    }
    // A build of everything, or of something else, does without.
    for arguments in [&["--only", "raci"][..], &["--only", "oscal"], &[]] {
        let output = build(&starter, &out, None, arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(!out.join("fedramp").exists());
    }
}

#[test]
fn the_same_inputs_are_the_same_bytes_and_one_line_is_a_small_change() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = starter(folder.path());
    let (one, two, three) = (folder.path().join("1"), folder.path().join("2"), folder.path().join("3"));
    package(&workspace, &one, Some(&sample()));
    package(&workspace, &two, Some(&sample()));
    let file = workspace.join("controls/fedramp.toml");
    let declared = fs::read_to_string(&file).unwrap();
    fs::write(&file, declared.replace("The plug-in enforces policies.", "The plug-in enforces all policies.")).unwrap();
    package(&workspace, &three, Some(&sample()));
    for (name, lines) in FILES.into_iter().zip([0, 1]) {
        let (before, again, after) = (text(&one, name), text(&two, name), text(&three, name));
        assert!(before == again, "{name}");
        assert_eq!(before.lines().count(), after.lines().count(), "{name}");
        assert_eq!(before.lines().zip(after.lines()).filter(|(old, new)| old != new).count(), lines, "{name}");
    }
}

#[test]
fn hostile_text_is_text() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path().join("workspace");
    copy(&data("hostile/workspace"), &workspace);
    fs::write(
        workspace.join("scope/fedramp.toml"),
        "format = 1\n[fedramp]\noverview = \"https://a.example/o.json\"\ntype = \"20x\"\nacronym = \"<b>A</b>\"\n\
         website = \"https://a.example/\"\nlogo = \"https://a.example/l.png\"\nservice-models = [\"saas\"]\n\
         deployment-model = \"hybrid-cloud\"\nofficial = \"@mallory\"\n\
         [[fedramp.contact]]\ntype = \"security\"\nparty = \"@mallory\"\n\
         [[fedramp.contact]]\ntype = \"sales\"\nparty = \"platform\"\n\
         [[fedramp.service]]\ncomponent = \"app\"\navailable = 2026-01-01\n\
         [[implementation]]\ncontrol = \"fedramp-ksi-2026:KSI-CNA-MAT\"\nstatus = \"implemented\"\ncomponents = [\"app\"]\n\
         narrative = \"<img src=x onerror=alert(1)> [a](javascript:alert(1)) \\u202e\\u001b[31m\"\n\
         checks = [\"pod-privileged\"]\n",
    )
    .unwrap();
    let snapshot = folder.path().join("hostile.snapshot.jsonl.zst");
    let mut command = scopefence();
    command.arg("collect").arg(&workspace).arg("--from-files").arg(data("hostile/cluster")).arg("--out").arg(&snapshot);
    assert!(command.output().unwrap().status.success());
    let [overview, record] = package(&workspace, &folder.path().join("out"), Some(&snapshot));
    let harmless = |markdown: &Value| {
        let mut events = pulldown_cmark::Parser::new(markdown.as_str().unwrap());
        let found = events.find(|event| {
            use pulldown_cmark::{Event, Tag};
            matches!(event, Event::Html(_) | Event::InlineHtml(_) | Event::Start(Tag::Link { .. } | Tag::Image { .. }))
        });
        assert!(found.is_none(), "{found:?} in {markdown}");
    };
    let item = indicator(&record, "KSI-CNA-MAT");
    assert!(!item["ksiImplementation"][0].as_str().unwrap().is_empty());
    item["ksiImplementation"].as_array().unwrap().iter().for_each(harmless);
    for item in record["keySecurityIndicators"].as_array().unwrap() {
        item["ksiValidation"].as_array().unwrap().iter().for_each(harmless);
    }
    harmless(&overview["serviceIdentification"]["serviceDescription"]);
    harmless(&overview["certifiedServices"][0]["serviceDescription"]);
    let all = format!("{overview}{record}");
    assert!(all.chars().all(|it| !it.is_control() && it != '\u{202e}') && !all.contains("\\u00"), "{all}");
}

#[test]
fn damage_is_found_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    package(&checkout("scopes/compliant-kubernetes"), &out, None);
    let file = out.join("fedramp/security-decision-record.json");
    let good: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    for (pointer, value, message) in [
        (
            "/fedRampRequirements/0/frrID",
            "AFC-CSO-XXX",
            "$.fedRampRequirements[0].frrID: FedRAMP Rules 2026 has no control",
        ),
        ("/keySecurityIndicators/0/ksiId", "KSI-CED-XXX", "$.keySecurityIndicators[0].ksiId: "),
        ("/securityControls/0/controlId", "ZZ-1", "has no control `ZZ-1`"),
        ("/portsAndProtocols/0/purpose", "TODO", "$.portsAndProtocols[0].purpose: `TODO` is a placeholder"),
        ("/certificationPackageOverviewUri", "here", "is not a web address with its scheme"),
        ("/$schema", "https://fedramp.gov/schemas/other.json", "`other.json` is no schema that is known here"),
    ] {
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}")) = value.into();
        fs::write(&file, bad.to_string()).unwrap();
        let output = validate(&file);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(1), "{pointer}: {said}");
        assert!(said.contains(message), "{pointer}: {said}");
    }
    let output = scopefence().args(["validate", "--format", "json"]).arg(&file).output().unwrap();
    let rows: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(rows[0]["path"], "$[\"$schema\"]");
}
