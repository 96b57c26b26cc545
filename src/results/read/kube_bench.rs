//! kube-bench: `{"Controls": [{"id", "version", "node_type", "tests": [{"results": […]}]}]}`, or one of the controls alone,
//! as older versions write it. Rules are numbers of the benchmark that `version` names. Audit commands, values and
//! remediation are not kept.

use serde::Deserialize;

use super::{
    super::rows::{Answer, Rows},
    Problem, json_each, or_none,
};
use crate::assess::Outcome;

/// The whole output, or one of the controls.
#[derive(Deserialize)]
struct File {
    #[serde(rename = "Controls")]
    controls: Option<Vec<Controls>>,
    version: Option<String>,
    #[serde(default, deserialize_with = "or_none")]
    tests: Vec<Group>,
}

#[derive(Deserialize)]
struct Controls {
    version: String,
    #[serde(default, deserialize_with = "or_none")]
    tests: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    #[serde(default, deserialize_with = "or_none")]
    results: Vec<Test>,
}

#[derive(Deserialize)]
struct Test {
    test_number: String,
    #[serde(default, deserialize_with = "or_none")]
    test_desc: String,
    status: String,
}

pub(super) fn read(text: &str) -> Result<Rows, Problem> {
    let mut rows = Rows::of_cluster();
    let mut all = Vec::new();
    for file in json_each::<File>(text)? {
        match (file.controls, file.version) {
            (Some(controls), _) => all.extend(controls),
            (None, Some(version)) => all.push(Controls { version, tests: file.tests }),
            (None, None) => return Err(Problem::new("it has neither `Controls` nor the `version` of one")),
        }
    }
    for controls in &all {
        rows.against.insert(super::super::rows::short(&controls.version));
        for test in controls.tests.iter().flat_map(|group| &group.results) {
            let answer = || Answer { rule: &test.test_number, title: Some(&test.test_desc), ..Answer::default() };
            rows.name(&answer(), &controls.version, &test.test_number);
            rows.add(answer(), outcome(&test.status));
        }
    }
    Ok(rows)
}

/// States of kube-bench's `check` package: a warning is what a person has to do by hand, information a test that was
/// skipped.
fn outcome(status: &str) -> Outcome {
    match status {
        "PASS" => Outcome::Pass,
        "FAIL" => Outcome::Fail,
        "WARN" => Outcome::Manual,
        "INFO" => Outcome::NotCollected,
        _ => Outcome::Error,
    }
}
