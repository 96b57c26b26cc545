//! Checks on versions, vulnerabilities, storage and backups: each with an object that passes and one that fails.

use serde_json::{Value, json};

use super::{
    testing::*,
    tests::{ask_in, tell_apart},
    *,
};
use crate::{
    snapshot::{Completeness, List, Object},
    workspace::{Lifecycle, Product, Severity},
};

fn node(kubelet: &str, runtime: &str) -> Vec<List> {
    let info = json!({
        "kubeletVersion": kubelet, "containerRuntimeVersion": runtime, "osImage": "Ubuntu 24.04.3 LTS",
    });
    vec![list("Node", vec![object("", "n", json!({ "status": { "nodeInfo": info } }))])]
}

#[test]
fn runtimes_are_compared_with_those_approved() {
    let mut declared = workspace(Vec::new());
    assert_eq!(ask_in(&declared, "node-runtime", node("v1.36.2", "containerd://2.1.4")).0, Outcome::Manual);
    declared.policy.runtimes = vec!["containerd://2.*".to_owned()];
    assert_eq!(ask_in(&declared, "node-runtime", node("v1.36.2", "containerd://2.1.4")).0, Outcome::Pass);
    let (outcome, messages) = ask_in(&declared, "node-runtime", node("v1.36.2", "containerd://1.7.24"));
    assert_eq!(outcome, Outcome::Fail);
    assert!(messages[0].contains("containerRuntimeVersion = containerd://1.7.24"), "{messages:?}");
}

#[test]
fn ended_support_fails_and_unknown_versions_need_a_person() {
    let mut declared = workspace(Vec::new());
    let check = "version-end-of-life";
    assert_eq!(ask_in(&declared, check, node("v1.36.2", "cri-o://1.36.1")).0, Outcome::Manual);
    let (outcome, messages) = ask_in(&declared, check, node("v1.33.9", "cri-o://1.36.1"));
    assert_eq!(outcome, Outcome::Fail);
    assert!(messages[0].contains("Kubernetes 1.33 ended on 2026-06-28"), "{messages:?}");
    declared.lifecycles.push(Lifecycle {
        product: Product::Runtime,
        title: "CRI-O 1.36".to_owned(),
        versions: vec!["cri-o://1.36.*".to_owned()],
        released: None,
        end: chrono::NaiveDate::from_ymd_opt(2027, 6, 28).expect("a day"),
        source: "contract 42".to_owned(),
    });
    assert_eq!(ask_in(&declared, check, node("v1.36.2", "cri-o://1.36.1")).0, Outcome::Pass);
}

fn report(updated: &str, vulnerabilities: Value) -> Object {
    let body = json!({ "report": {
        "summary": { "criticalCount": 1 }, "updateTimestamp": updated, "vulnerabilities": vulnerabilities,
    } });
    labelled(
        object("shop", "deployment-web-web", body),
        &[("trivy-operator.resource.kind", "Deployment"), ("trivy-operator.resource.name", "web")],
    )
}

fn reports(updated: &str, vulnerabilities: Value) -> Vec<List> {
    vec![list("aquasecurity.github.io/VulnerabilityReport", vec![report(updated, vulnerabilities)])]
}

#[test]
fn vulnerabilities_have_to_be_remediated_in_time() {
    let one = |published: &str, fixed: &str| {
        let it = json!({
            "vulnerabilityID": "CVE-2021-44228", "severity": "CRITICAL", "fixedVersion": fixed, "publishedDate": published,
        });
        reports("2026-11-21T00:00:00Z", json!([it]))
    };
    let check = "vulnerability-remediation";
    let mut declared = workspace(Vec::new());
    declared.policy.remediation_days.clear();
    assert_eq!(ask_in(&declared, check, one("2021-12-10T10:15:09Z", "2.15.0")).0, Outcome::Manual);
    declared.policy.remediation_days.insert(Severity::Critical, 7);
    let (outcome, messages) = ask_in(&declared, check, one("2021-12-10T10:15:09Z", "2.15.0"));
    assert_eq!(outcome, Outcome::Fail);
    assert!(messages[0].contains("1 critical with a fix, older than 7 days: CVE-2021-44228"), "{messages:?}");
    assert_eq!(ask_in(&declared, check, one("2026-11-18T00:00:00Z", "2.15.0")).0, Outcome::Pass);
    assert_eq!(ask_in(&declared, check, one("2021-12-10T10:15:09Z", "")).0, Outcome::Pass);
    // A snapshot of sums alone cannot tell.
    assert_eq!(ask_in(&declared, check, reports("2026-11-21T00:00:00Z", Value::Null)).0, Outcome::Error);
}

#[test]
fn reports_are_recent_and_cover_what_runs() {
    let of = |updated| reports(updated, json!([]));
    tell_apart("vulnerability-report-age", of("2026-11-20T13:46:42Z"), of("2026-11-02T09:46:42Z"), "19 days ago");
    let running = |name: &str| {
        let deployment = object("shop", name, json!({}));
        let pod = object("shop", "web-1", json!({ "spec": { "containers": [] }, "status": { "phase": "Running" } }));
        let mut lists = of("2026-11-20T13:46:42Z");
        lists.push(list("Pod", vec![owned(pod, "Deployment", &deployment)]));
        lists.push(list("apps/Deployment", vec![deployment]));
        let kubescape = "spdx.softwarecomposition.kubescape.io/VulnerabilityManifestSummary";
        lists.push(ended(kubescape, Completeness::Absent, Vec::new()));
        lists
    };
    tell_apart("vulnerability-coverage", running("web"), running("other"), "was not scanned");
}
