//! `scopefence permissions`: the least rights, and what is never among them.

use std::process::Output;

use crate::{
    replay::{Options, Replay},
    support::scopefence,
};

fn permissions(arguments: &[&str]) -> Output {
    scopefence().arg("permissions").args(arguments).output().expect("the program runs")
}

fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).expect("text")
}

#[test]
fn usual_rights_hold_no_wildcard_no_write_and_no_secret() {
    let role: serde_json::Value = serde_json::from_str(&stdout(&permissions(&["--format", "json"]))).expect("JSON");
    assert_eq!(role["kind"], "ClusterRole");
    let rules = role["rules"].as_array().expect("rules");
    assert!(rules.len() > 20);
    for rule in rules {
        let all = rule.to_string();
        assert!(!all.contains('*'), "{all}");
        assert!(rule["verbs"] == serde_json::json!(["list"]) || rule["verbs"] == serde_json::json!(["get"]), "{all}");
        assert!(!all.contains("\"secrets\"") && !all.contains("proxy") && !all.contains("configz"), "{all}");
        if rule["verbs"] == serde_json::json!(["get"]) {
            assert_eq!(rule["resourceNames"], serde_json::json!(["kubeadm-config", "kubelet-config"]), "{all}");
        }
    }
}

#[test]
fn yaml_is_the_same_role() {
    let yaml = stdout(&permissions(&[]));
    let role: serde_json::Value = serde_saphyr::from_str(&yaml).expect("YAML");
    let json: serde_json::Value = serde_json::from_str(&stdout(&permissions(&["--format", "json"]))).expect("JSON");
    assert_eq!(role, json);
}

#[test]
fn groups_whose_kinds_only_the_cluster_knows_are_named() {
    let yaml = stdout(&permissions(&[]));
    let named = yaml.lines().filter(|line| line.contains("constraints.gatekeeper.sh")).collect::<Vec<_>>();
    assert!(named.len() == 1 && named[0].starts_with("# Not among them:"), "{named:?}");
    // One that the workspace declares is a rule.
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::create_dir_all(folder.path().join("controls/projections")).expect("a folder");
    std::fs::write(folder.path().join("scopefence.toml"), "format = 1\n").expect("written");
    let own = r#"
format = 1

[[kind]]
group = "constraints.gatekeeper.sh"
version = "v1beta1"
kind = "K8sRequiredLabels"
resource = "k8srequiredlabels"
namespaced = false
keep = ["spec.enforcementAction"]
"#;
    std::fs::write(folder.path().join("controls/projections/own.toml"), own).expect("written");
    let yaml = stdout(&permissions(&[folder.path().to_str().expect("a path")]));
    assert!(yaml.contains("k8srequiredlabels") && !yaml.contains("# Not among them"), "{yaml}");
}

#[test]
fn extra_rights_come_with_their_risk() {
    let yaml = stdout(&permissions(&["--with", "secrets,configz,metrics"]));
    assert_eq!(yaml.matches("# RISK:").count(), 3, "{yaml}");
    assert!(yaml.contains("nonResourceURLs: [\"/metrics\"]\n    verbs: [\"get\"]"), "{yaml}");
    assert!(yaml.contains(r#"resources: ["secrets"]"#) && yaml.contains(r#"resources: ["nodes/proxy"]"#), "{yaml}");
    assert!(!permissions(&["--with", "everything"]).status.success());
}

#[test]
fn a_live_cluster_adds_its_custom_resources() {
    let server = Replay::start(Options::default());
    let kubeconfig = server.kubeconfig();
    let yaml = stdout(&permissions(&["--live", "--kubeconfig", kubeconfig.to_str().expect("a path")]));
    let usual = stdout(&permissions(&[]));
    assert!(yaml.lines().count() >= usual.lines().count());
    assert!(!yaml.contains("\"events\"") && !yaml.contains("\"secrets\""), "{yaml}");
}
