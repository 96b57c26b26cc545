//! Every control at every boundary of its versions, in every kind that has a Pod inside, as written and as a snapshot
//! keeps it. Cases are data: `tests/data/pod_security/*.yaml`.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use serde_json::{Value, json};

use super::{templates::KINDS, *};
use crate::cluster::{page, projection::Projections};

/// Newest minor version that has rules of its own.
const NEWEST: u32 = 37;

/// A Pod that meets restricted at every version, changed; and exactly what is then forbidden.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    case: String,
    /// Without the hardening.
    #[serde(default)]
    bare: bool,
    /// Merged into the Pod's spec.
    #[serde(default)]
    spec: Value,
    /// Merged into its only container.
    #[serde(default)]
    container: Value,
    #[serde(default)]
    annotations: Value,
    #[serde(default)]
    forbidden: Vec<Forbidden>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Forbidden {
    check: String,
    field: String,
    /// First minor version that forbids it.
    #[serde(default)]
    since: u32,
    /// Last one.
    #[serde(default = "forever")]
    until: u32,
    levels: Levels,
}

fn forever() -> u32 {
    u32::MAX
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
enum Levels {
    Both,
    Baseline,
    Restricted,
}

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/pod_security")
}

fn yaml<T: for<'de> Deserialize<'de>>(path: &Path) -> T {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files
}

fn merge(into: &mut Value, patch: &Value) {
    match patch {
        Value::Object(fields) => {
            if !into.is_object() {
                *into = json!({});
            }
            for (name, value) in fields {
                merge(&mut into[name], value);
            }
        }
        Value::Null => {}
        other => *into = other.clone(),
    }
}

/// The template of a case: metadata and spec.
fn template(case: &Case) -> Value {
    let mut container = json!({ "name": "app" });
    let mut spec = json!({});
    if !case.bare {
        container["securityContext"] =
            json!({ "allowPrivilegeEscalation": false, "capabilities": { "drop": ["ALL"] } });
        spec["securityContext"] = json!({ "runAsNonRoot": true, "seccompProfile": { "type": "RuntimeDefault" } });
    }
    merge(&mut container, &case.container);
    spec["containers"] = json!([container]);
    merge(&mut spec, &case.spec);
    json!({ "metadata": { "name": "p", "annotations": case.annotations }, "spec": spec })
}

/// An object of a kind that has this template.
fn object(group: &str, kind: &str, path: &str, template: Value) -> Value {
    let mut object =
        path.rsplit('.').filter(|step| !step.is_empty()).fold(template, |inner, step| json!({ step: inner }));
    let version = if group.is_empty() { "v1".to_owned() } else { format!("{group}/v1") };
    merge(&mut object, &json!({ "apiVersion": version, "kind": kind, "metadata": { "name": "p" } }));
    object
}

/// The object as a snapshot keeps it.
fn kept(group: &str, kind: &str, object: &Value) -> Value {
    let projections = Projections::builtin().expect("embedded");
    let projection = projections.get(group, kind).expect("every kind with a template has a projection");
    let kept =
        page::parse_object(&object.to_string(), projection, &crate::snapshot::Strings::default()).expect("an object");
    let mut body: Value = serde_json::from_str(kept.body.get()).expect("JSON");
    let annotations: Value = kept.annotations.iter().map(|(key, value)| (key.to_string(), json!(&**value))).collect();
    merge(
        &mut body,
        &json!({ "apiVersion": object["apiVersion"], "kind": kind, "metadata": { "annotations": annotations } }),
    );
    body
}

fn ask(object: &Value, level: Level, version: PolicyVersion) -> BTreeSet<(String, String)> {
    let found = violations_of_object(object, level, version).unwrap_or_else(|error| panic!("{object}: {error}"));
    found.into_iter().map(|violation| (violation.check.to_owned(), violation.field)).collect()
}

#[test]
fn every_control_forbids_its_fields_at_its_versions_alone() {
    let mut exercised = BTreeSet::new();
    for path in files(&data()) {
        for case in yaml::<Vec<Case>>(&path) {
            for (group, kind, place) in KINDS {
                let object = object(group, kind, place, template(&case));
                let prefix = if place.is_empty() { String::new() } else { format!("{place}.") };
                for (how, object) in [("written", &object), ("kept", &kept(group, kind, &object))] {
                    for (level, other) in [(Level::Baseline, Levels::Restricted), (Level::Restricted, Levels::Baseline)]
                    {
                        for minor in (0..=NEWEST + 1).chain([u32::MAX]) {
                            let in_force =
                                |it: &&Forbidden| it.levels != other && it.since <= minor && minor <= it.until;
                            let expected: BTreeSet<(String, String)> = case
                                .forbidden
                                .iter()
                                .filter(in_force)
                                .map(|it| (it.check.clone(), format!("{prefix}{}", it.field)))
                                .collect();
                            let version = PolicyVersion::minor(minor);
                            assert_eq!(
                                ask(object, level, version),
                                expected,
                                "{}: {kind} as {how} at {} {version}",
                                case.case,
                                level.as_str()
                            );
                        }
                    }
                }
            }
            exercised.extend(case.forbidden.into_iter().map(|it| it.check));
        }
    }
    let all: BTreeSet<String> = rules::RULES.iter().map(|rule| rule.check.to_owned()).collect();
    assert_eq!(exercised, all, "every control has a case");
}

/// Upstream's own fixtures, `test/testdata` of `k8s.io/pod-security-admission`: LEVEL/VERSION/{pass,fail}/*.yaml.
#[test]
fn upstream_fixtures() {
    let Some(folder) = std::env::var_os("SCOPEFENCE_PSS_FIXTURES").map(PathBuf::from) else {
        println!("skipped: SCOPEFENCE_PSS_FIXTURES names no folder");
        return;
    };
    let (mut asked, mut wrong) = (0, Vec::new());
    for level in [Level::Baseline, Level::Restricted] {
        for versions in files(&folder.join(level.as_str())) {
            let name = versions.file_name().and_then(|name| name.to_str()).expect("a version");
            let version = PolicyVersion::read(name).expect("a version");
            for (outcome, allowed) in [("pass", true), ("fail", false)] {
                for path in files(&versions.join(outcome)) {
                    let mut pod: Value = yaml(&path);
                    let template = json!({ "metadata": pod["metadata"].take(), "spec": pod["spec"].take() });
                    for (group, kind, place) in KINDS {
                        let object = object(group, kind, place, template.clone());
                        for object in [&object, &kept(group, kind, &object)] {
                            asked += 1;
                            let found = ask(object, level, version);
                            if found.is_empty() != allowed {
                                wrong.push(format!("{} as {kind}: {found:?}", path.display()));
                            }
                        }
                    }
                }
            }
        }
    }
    println!("{asked} objects asked, {} wrong", wrong.len());
    assert!(asked > 0 && wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn versions_are_read_as_admission_reads_them() {
    for (text, minor) in [("v1.0", 0), ("v1.36", 36), ("latest", u32::MAX)] {
        assert_eq!(PolicyVersion::read(text), Some(PolicyVersion::minor(minor)));
        assert_eq!(PolicyVersion::minor(minor).to_string(), text);
    }
    for text in ["", "1.36", "v1", "v1.", "v1.036", "v1.00", "v1.+3", "v1.3-rc", "v2.0", "v1.36.1", "v1.99999999999"] {
        assert_eq!(PolicyVersion::read(text), None, "{text}");
        assert_eq!(PolicyVersion::parse(text), PolicyVersion::LATEST, "{text}");
    }
}

#[test]
fn a_server_evaluates_no_rules_newer_than_itself() {
    let latest = PolicyVersion::LATEST;
    for server in ["v1.30.4", "v1.30+", "v1.30.4-gke.100", "v1.30"] {
        assert_eq!(latest.on_server(Some(server)), PolicyVersion::minor(30), "{server}");
        assert_eq!(PolicyVersion::minor(24).on_server(Some(server)), PolicyVersion::minor(24));
    }
    for server in [None, Some(""), Some("v1."), Some("unknown")] {
        assert_eq!(latest.on_server(server), latest);
    }
}

#[test]
fn labels_make_a_policy_as_admission_reads_them() {
    let policy = |labels: &[(&str, &str)]| {
        let labels =
            labels.iter().map(|(key, value)| (format!("pod-security.kubernetes.io/{key}").into(), (*value).into()));
        let Policy { enforce, audit, warn } = Policy::of(&labels.collect());
        [enforce, audit, warn].map(|mode| format!("{}:{}", mode.level.as_str(), mode.version))
    };
    assert_eq!(policy(&[]), ["privileged:latest", "privileged:latest", "privileged:latest"]);
    assert_eq!(
        policy(&[("enforce", "baseline"), ("enforce-version", "v1.24"), ("audit", "restricted")]),
        ["baseline:v1.24", "restricted:latest", "baseline:v1.24"]
    );
    assert_eq!(
        policy(&[("enforce", "baseline"), ("enforce-version", "v1.24"), ("warn-version", "v1.30")]),
        ["baseline:v1.24", "privileged:latest", "baseline:v1.30"]
    );
    assert_eq!(
        policy(&[("enforce", "Baseline"), ("audit", "x"), ("warn", "y"), ("warn-version", "z")]),
        ["restricted:latest", "privileged:latest", "privileged:latest"]
    );
    assert_eq!(
        policy(&[("enforce", "restricted"), ("warn", "privileged")]),
        ["restricted:latest", "privileged:latest", "privileged:latest"]
    );
}

#[test]
fn a_violation_names_container_field_and_value() {
    let object = object(
        "apps",
        "Deployment",
        "spec.template",
        json!({
            "spec": {
                "hostPID": true,
                "initContainers": [{ "name": "setup", "securityContext": { "privileged": true } }],
            },
        }),
    );
    let found = violations_of_object(&object, Level::Baseline, PolicyVersion::LATEST).expect("a Deployment");
    let texts: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(texts, ["hostPID = true", "init container setup: securityContext.privileged = true"]);
    assert_eq!(found[1].field, "spec.template.spec.initContainers[0].securityContext.privileged");
    assert_eq!((found[0].check, found[0].reason), ("hostNamespaces", "host namespaces"));
}

#[test]
fn null_is_what_is_not_there_and_odd_fields_are_errors() {
    let pod =
        |spec: Value| json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "annotations": null }, "spec": spec });
    let nulls = json!({
        "os": { "name": null }, "initContainers": null, "volumes": [{ "name": "v", "hostPath": null }],
        "securityContext": { "seLinuxOptions": { "type": null, "user": null }, "sysctls": null },
        "containers": [{ "name": "c", "ports": null, "securityContext": null, "livenessProbe": { "httpGet": { "host": null } } }],
    });
    let latest = PolicyVersion::LATEST;
    assert_eq!(violations_of_object(&pod(nulls), Level::Baseline, latest), Ok(Vec::new()));
    assert!(violations_of_object(&pod(json!({ "containers": "[unexpected]" })), Level::Baseline, latest).is_err());
    assert!(violations_of_object(&json!({ "kind": "Service", "apiVersion": "v1" }), Level::Baseline, latest).is_err());
    let empty = json!({ "kind": "ReplicationController", "apiVersion": "v1", "spec": {} });
    assert_eq!(violations_of_object(&empty, Level::Restricted, latest), Ok(Vec::new()));
}

#[test]
fn the_level_met_is_the_strictest_without_violations() {
    let met = |json: Value, version| {
        let spec: PodSpec = serde_json::from_value(json).expect("a Pod spec");
        level_met(&Subject { spec: &spec, annotations: &BTreeMap::new() }, PolicyVersion::parse(version))
    };
    assert_eq!(met(json!({ "containers": [{ "name": "web" }] }), "latest"), Level::Baseline);
    assert_eq!(met(json!({ "hostPID": true }), "latest"), Level::Privileged);
    let early = json!({ "securityContext": { "runAsNonRoot": true }, "containers": [{ "name": "web" }] });
    assert_eq!(met(early.clone(), "v1.7"), Level::Restricted);
    assert_eq!(met(early, "v1.8"), Level::Baseline);
}
