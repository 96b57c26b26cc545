//! `scopefence assess` for other programs: SARIF, JUnit, Markdown, and before anything is deployed.

use std::fs;

use crate::{
    evidence::{Run, Workspace},
    support::scopefence,
};

const EXCEPTION: &str = r#"format = 1

[[exception]]
id = "debugging"
check = "pod-privileged"
namespaces = ["team-payments", "databases"]
reason = "A week of debugging."
owner = "payments"
approver = "@ada"
expires = 2027-01-01

[[exception]]
id = "gone"
check = "pod-host-path"
component = "payments-app"
reason = "Was needed once."
owner = "payments"
approver = "@ada"
expires = 2027-01-01

[[check-override]]
check = "pod-run-as-root"
disabled = true
reason = "Asked by another tool."
"#;

fn bent() -> Workspace {
    let workspace = Workspace::observed();
    fs::create_dir_all(workspace.file("controls")).expect("a folder");
    fs::write(workspace.file("controls/own.toml"), EXCEPTION).expect("written");
    workspace
}

/// A folder of manifests beside the workspace.
fn manifests(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        let file = folder.path().join(name);
        fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        fs::write(file, text).expect("written");
    }
    folder
}

const DEPLOYMENT: &str = "# The shop.
---
apiVersion: v1
kind: ServiceAccount
metadata: { name: web }
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    metadata: { labels: { app: web } }
    spec:
      containers:
        - name: web
          image: registry.example.com/web:1.0
          securityContext: { privileged: true }
";

fn from_files(workspace: &Workspace, folder: &std::path::Path, more: &[&str]) -> Run {
    let mut command = scopefence();
    command.current_dir(folder).env("COLUMNS", "200").env("SOURCE_DATE_EPOCH", "1795255200");
    Run::of(command.arg("assess").arg(workspace.path()).args(more).args(["--from-files", "."]))
}

#[test]
fn sarif_has_a_result_an_object_and_suppresses_what_is_accepted() {
    let workspace = bent();
    let sarif = workspace.run(&["assess", "--format", "sarif"]).json();
    assert_eq!(sarif["version"], "2.1.0");
    let run = &sarif["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().expect("rules");
    let results = run["results"].as_array().expect("results");
    assert!(rules.iter().all(|rule| rule["id"] != "pod-run-as-root"), "switched off");
    let mut fingerprints = std::collections::BTreeSet::new();
    for result in results {
        let rule = &rules[result["ruleIndex"].as_u64().expect("an index") as usize];
        assert_eq!(rule["id"], result["ruleId"]);
        assert!(rule["help"]["text"].as_str().is_some_and(|help| !help.is_empty()));
        let score: f64 = rule["properties"]["security-severity"].as_str().expect("text").parse().expect("a number");
        assert!((0.0..=10.0).contains(&score));
        assert!(["error", "warning", "note"].contains(&result["level"].as_str().expect("a level")));
        let location = &result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"];
        assert!(location.as_str().is_some_and(|name| name.starts_with("cluster/")), "{location}");
        assert!(fingerprints.insert(result["partialFingerprints"].to_string()), "two results are one: {result}");
        assert!(!result["message"]["text"].as_str().expect("a message").contains(|c: char| c.is_control()));
    }
    let privileged = results.iter().filter(|result| result["ruleId"] == "pod-privileged");
    let (accepted, open): (Vec<_>, Vec<_>) = privileged.partition(|result| result["suppressions"].is_array());
    assert_eq!((accepted.len(), open.len()), (2, 0));
    assert_eq!(accepted[0]["suppressions"][0]["justification"], "A week of debugging.");
    assert_eq!(accepted[0]["suppressions"][0]["status"], "accepted");
    let notes = run["invocations"][0]["toolExecutionNotifications"].to_string();
    assert!(notes.contains("exception gone covers nothing"), "{notes}");
    assert!(run["properties"]["bent"].to_string().contains("check pod-run-as-root disabled"));
}

#[test]
fn junit_fails_for_findings_and_skips_what_was_not_answered() {
    let workspace = bent();
    let run = workspace.run(&["assess", "--format", "junit"]);
    run.assert_harmless();
    let count = |what: &str| run.out.matches(what).count();
    let told = |name: &str| {
        let text = run.out.split(&format!(" {name}=\"")).nth(1).expect("told").split('"').next().expect("a number");
        text.parse::<usize>().expect("a number")
    };
    assert_eq!(told("tests"), count("<testcase "));
    assert_eq!(told("failures"), count("<failure "));
    assert_eq!(told("skipped"), count("<skipped "));
    assert!(run.out.contains("accepted risk: debugging"), "{}", run.out);
    assert!(run.out.contains("<skipped message=\"not collected: "), "{}", run.out);
    assert!(!run.out.contains(
        "<testcase classname=\"certificate-expiry\" name=\"No valid certificate is near its expiry\" time=\"0\"/>"
    ));
    let few = workspace.run(&["assess", "--format", "junit", "--check", "certificate-expiry"]);
    assert_eq!(few.out.matches("<testcase ").count(), 1);
}

#[test]
fn a_comment_folds_details_and_escapes_names() {
    let workspace = bent();
    let run = workspace.run(&["assess", "--format", "md", "--team", "payments"]);
    run.assert_harmless();
    assert!(run.out.starts_with("### scopefence: "), "{}", run.out);
    assert!(run.out.contains("<details><summary>Payments team: "), "{}", run.out);
    assert!(!run.out.contains("Platform team: "), "{}", run.out);
    assert_eq!(run.out.matches("<details>").count(), run.out.matches("</details>").count());

    let hostile = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: \"a`|@evil <b>\\n| x |\"\n  namespace: shop\nspec:\n  containers:\n    - {name: a, image: x, securityContext: {privileged: true}}\n";
    let folder = manifests(&[("pod.yaml", hostile)]);
    let run = from_files(&workspace, folder.path(), &["--format", "md", "--check", "pod-privileged"]);
    assert!(run.out.contains("`` Pod shop/a`\\|@evil <b> \\| x \\| ``"), "{}", run.out);
}

#[test]
fn pristine_undoes_what_bent_the_result() {
    let workspace = bent();
    let report = workspace.run(&["assess", "--pristine", "--format", "json"]).json();
    assert_eq!((&report["pristine"], &report["exceptions"]), (&true.into(), &serde_json::json!([])));
    let results = report["results"].as_array().expect("results");
    let outcome = |check: &str| &results.iter().find(|it| it["check"] == check).expect("in force")["outcome"];
    assert_eq!(outcome("pod-privileged"), "fail");
    assert_ne!(outcome("pod-run-as-root"), "pass");
    let text = workspace.run(&["assess"]);
    for said in ["check pod-run-as-root disabled", "exception gone covers nothing; remove it", "supplied as files"] {
        assert!(text.out.contains(said), "{said}: {}", text.out);
    }
    assert_eq!(workspace.run(&["assess", "--fail-on", "exceptions"]).status, Some(1));
    assert_eq!(workspace.run(&["assess", "--pristine", "--fail-on", "exceptions"]).status, Some(0));
}

#[test]
fn manifests_are_judged_as_the_pods_they_make() {
    let workspace = Workspace::bare();
    let folder = manifests(&[("deploy/web.yaml", DEPLOYMENT), ("mkdocs.yml", "site_name: Shop\n")]);
    let run = from_files(&workspace, folder.path(), &["-n", "databases", "--fail-on", "critical"]);
    assert_eq!(run.status, Some(1), "{}{}", run.out, run.err);
    assert!(run.out.contains("2 objects in 1 file, supplied; 1 file passed over"), "{}", run.out);
    assert!(run.out.contains("Deployment databases/web") && run.out.contains("Payments team"), "{}", run.out);
    assert!(
        run.out.contains("need the live cluster") && run.out.contains("nothing wrong in these files"),
        "{}",
        run.out
    );

    // Whose a namespace is by its labels cannot be seen in files: what nobody claims stays the asking team's.
    let labelled =
        from_files(&workspace, folder.path(), &["-n", "team-x", "--team", "payments", "--fail-on", "critical"]);
    assert_eq!(labelled.status, Some(1), "{}", labelled.out);

    let sarif = from_files(&workspace, folder.path(), &["-n", "databases", "--format", "sarif"]).json();
    let results = sarif["runs"][0]["results"].as_array().expect("results").clone();
    let privileged = results.iter().find(|result| result["ruleId"] == "pod-privileged").expect("a result");
    let place = &privileged["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "deploy/web.yaml");
    assert_eq!(place["region"]["startLine"], 7);

    let fine = manifests(&[("web.yaml", &DEPLOYMENT.replace("privileged: true", "privileged: false"))]);
    let report = from_files(&workspace, fine.path(), &["--format", "json", "--fail-on", "critical"]);
    assert_eq!(report.status, Some(0), "{}", report.err);
    let report = report.json();
    let results = report["results"].as_array().expect("results");
    let result = results.iter().find(|it| it["check"] == "pod-privileged").expect("a result");
    assert_ne!(result["outcome"], "pass", "manifests never show that there is nothing else");
    assert_eq!(result["standing"], "nothing-found");
    let cluster = results.iter().find(|it| it["check"] == "version-skew").expect("a result");
    assert_eq!(cluster["standing"], "needs-cluster");
}

#[test]
fn files_that_cannot_be_read_are_all_named_with_their_place() {
    let workspace = Workspace::bare();
    let chart = "apiVersion: v1\nkind: Service\nmetadata:\n  name: {{ .Release.Name }}\n";
    let folder = manifests(&[
        ("a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\nkind: [\n"),
        ("b.json", "{ \"kind\": "),
        ("shop/Chart.yaml", "apiVersion: v2\nname: shop\n"),
        ("shop/templates/service.yaml", chart),
    ]);
    let run = from_files(&workspace, folder.path(), &[]);
    assert_eq!(run.status, Some(2));
    assert!(run.err.contains("a.yaml: is not valid YAML (line "), "{}", run.err);
    assert!(run.err.contains("b.json: ends in the middle (line 1"), "{}", run.err);
    assert!(run.err.contains("service.yaml: is a Helm template") && run.err.contains("helm template"), "{}", run.err);
}
