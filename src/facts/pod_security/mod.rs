//! Pod Security Standards, as Pod Security admission evaluates them: which level a Pod meets, and which field stops it.
//!
//! In: a Pod's spec and annotations, and a policy version. Out: [`violations`] of a level, each with its exact field.
//! The rules are one table, [`rules::RULES`]: a field's rule by the minor version that brought it.
//!
//! Source: <https://kubernetes.io/docs/concepts/security/pod-security-standards/> and the policy package of Pod
//! Security admission.

pub(crate) mod rules;

use std::{collections::BTreeMap, sync::Arc};

use serde::Serialize;

use super::pod::PodSpec;
use rules::RULES;

/// A Pod Security level, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// No restriction.
    Privileged,
    /// Prevents known privilege escalations.
    Baseline,
    /// Current hardening practice.
    Restricted,
}

impl Level {
    /// As namespace labels write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Privileged => "privileged",
            Level::Baseline => "baseline",
            Level::Restricted => "restricted",
        }
    }

    /// A level as a namespace label writes it.
    pub fn parse(text: &str) -> Option<Self> {
        [Level::Privileged, Level::Baseline, Level::Restricted].into_iter().find(|level| level.as_str() == text)
    }
}

/// The minor version of the policy: `latest`, or 36 for `v1.36`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PolicyVersion(u32);

impl PolicyVersion {
    /// The newest rules known here.
    pub const LATEST: Self = Self(u32::MAX);

    /// A version as a namespace label writes it; anything else is `latest`, as Pod Security admission has it.
    pub fn parse(text: &str) -> Self {
        text.strip_prefix("v1.").and_then(|minor| minor.parse().ok()).map_or(Self::LATEST, Self)
    }
}

/// What is evaluated: a Pod, or a Pod template.
pub(crate) struct Subject<'p> {
    pub(crate) spec: &'p PodSpec,
    pub(crate) annotations: &'p BTreeMap<Arc<str>, Arc<str>>,
}

/// Everything about the Pod that the level forbids, each as `place: field = value`.
pub(crate) fn violations(subject: &Subject<'_>, level: Level, version: PolicyVersion) -> Vec<String> {
    let asked: Vec<_> = RULES.iter().filter(|rule| rule.level <= level && level > Level::Privileged).collect();
    let replaced: Vec<&str> = asked.iter().filter_map(|rule| rule.replaces).collect();
    let mut found = Vec::new();
    for rule in asked.into_iter().filter(|rule| !replaced.contains(&rule.id)) {
        let in_force = rule.versions.iter().rev().find(|(since, _)| PolicyVersion(*since) <= version);
        if let Some((_, judge)) = in_force {
            judge(subject, &mut found);
        }
    }
    found
}

/// The strictest level that the Pod meets.
pub(crate) fn level_met(subject: &Subject<'_>, version: PolicyVersion) -> Level {
    if !violations(subject, Level::Baseline, version).is_empty() {
        Level::Privileged
    } else if !violations(subject, Level::Restricted, version).is_empty() {
        Level::Baseline
    } else {
        Level::Restricted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(json: serde_json::Value) -> PodSpec {
        serde_json::from_value(json).expect("a Pod spec")
    }

    fn ask(json: serde_json::Value, level: Level) -> Vec<String> {
        let spec = spec(json);
        violations(&Subject { spec: &spec, annotations: &BTreeMap::new() }, level, PolicyVersion::LATEST)
    }

    fn hardened() -> serde_json::Value {
        serde_json::json!({
            "securityContext": { "runAsNonRoot": true, "seccompProfile": { "type": "RuntimeDefault" } },
            "containers": [{
                "name": "web",
                "securityContext": { "allowPrivilegeEscalation": false, "capabilities": { "drop": ["ALL"] } },
            }],
            "volumes": [{ "name": "tmp", "emptyDir": {} }],
        })
    }

    #[test]
    fn a_hardened_pod_meets_restricted_and_a_plain_one_baseline() {
        assert_eq!(ask(hardened(), Level::Restricted), Vec::<String>::new());
        let plain = spec(serde_json::json!({ "containers": [{ "name": "web" }] }));
        let subject = Subject { spec: &plain, annotations: &BTreeMap::new() };
        assert_eq!(level_met(&subject, PolicyVersion::LATEST), Level::Baseline);
    }

    #[test]
    fn each_baseline_rule_names_its_field() {
        let cases = [
            (serde_json::json!({ "hostNetwork": true }), "hostNetwork = true"),
            (serde_json::json!({ "hostPID": true }), "hostPID = true"),
            (serde_json::json!({ "hostIPC": true }), "hostIPC = true"),
            (serde_json::json!({ "volumes": [{ "name": "v", "hostPath": { "path": "/" } }] }), "volume v: hostPath"),
            (
                serde_json::json!({ "containers": [{ "name": "c", "securityContext": { "privileged": true } }] }),
                "privileged = true",
            ),
            (
                serde_json::json!({ "ephemeralContainers": [{ "name": "c", "securityContext": { "privileged": true } }] }),
                "ephemeral container c",
            ),
            (
                serde_json::json!({ "containers": [{ "name": "c", "securityContext": { "capabilities": { "add": ["NET_ADMIN"] } } }] }),
                "NET_ADMIN",
            ),
            (serde_json::json!({ "containers": [{ "name": "c", "ports": [{ "hostPort": 80 }] }] }), "hostPort = 80"),
            (
                serde_json::json!({ "containers": [{ "name": "c", "securityContext": { "procMount": "Unmasked" } }] }),
                "procMount = Unmasked",
            ),
            (
                serde_json::json!({ "securityContext": { "seccompProfile": { "type": "Unconfined" } } }),
                "seccompProfile.type = Unconfined",
            ),
            (
                serde_json::json!({ "securityContext": { "appArmorProfile": { "type": "Unconfined" } } }),
                "appArmorProfile.type = Unconfined",
            ),
            (
                serde_json::json!({ "securityContext": { "seLinuxOptions": { "type": "spc_t" } } }),
                "seLinuxOptions.type = spc_t",
            ),
            (serde_json::json!({ "securityContext": { "sysctls": [{ "name": "kernel.msgmax" }] } }), "kernel.msgmax"),
            (
                serde_json::json!({ "securityContext": { "windowsOptions": { "hostProcess": true } } }),
                "hostProcess = true",
            ),
            (
                serde_json::json!({ "containers": [{ "name": "c", "livenessProbe": { "httpGet": { "host": "10.0.0.1" } } }] }),
                "livenessProbe.httpGet.host",
            ),
        ];
        for (pod, field) in cases {
            let found = ask(pod.clone(), Level::Baseline);
            assert_eq!(found.len(), 1, "{pod}: {found:?}");
            assert!(found[0].contains(field), "{pod}: {found:?}");
        }
    }

    #[test]
    fn each_restricted_rule_names_its_field() {
        let mut cases = Vec::new();
        let mut case = |path: &[&str], value: serde_json::Value, field: &'static str| {
            let mut pod = hardened();
            let mut place = &mut pod;
            for step in path {
                place = match step.parse::<usize>() {
                    Ok(index) => &mut place[index],
                    Err(_) => &mut place[*step],
                };
            }
            *place = value;
            cases.push((pod, field));
        };
        let context = ["containers", "0", "securityContext"];
        case(
            &[&context[..], &["allowPrivilegeEscalation"]].concat(),
            serde_json::Value::Null,
            "allowPrivilegeEscalation",
        );
        case(&[&context[..], &["capabilities", "drop"]].concat(), serde_json::json!(["NET_RAW"]), "capabilities.drop");
        case(&[&context[..], &["capabilities", "add"]].concat(), serde_json::json!(["CHOWN"]), "CHOWN");
        case(&["securityContext", "runAsNonRoot"], serde_json::Value::Null, "runAsNonRoot");
        case(&["securityContext", "runAsUser"], serde_json::json!(0), "runAsUser = 0");
        case(&["securityContext", "seccompProfile"], serde_json::Value::Null, "seccompProfile");
        case(&["volumes"], serde_json::json!([{ "name": "n", "nfs": {} }]), "volume n: nfs");
        for (pod, field) in cases {
            let found = ask(pod.clone(), Level::Restricted);
            assert_eq!(found.len(), 1, "{pod}: {found:?}");
            assert!(found[0].contains(field), "{pod}: {found:?}");
            assert!(ask(pod, Level::Baseline).is_empty());
        }
    }

    #[test]
    fn a_user_namespace_relaxes_root_from_1_35_on() {
        let spec = spec(serde_json::json!({
            "hostUsers": false,
            "securityContext": { "runAsUser": 0, "seccompProfile": { "type": "RuntimeDefault" } },
            "containers": [{
                "name": "web",
                "securityContext": { "allowPrivilegeEscalation": false, "capabilities": { "drop": ["ALL"] } },
            }],
        }));
        let subject = Subject { spec: &spec, annotations: &BTreeMap::new() };
        assert!(violations(&subject, Level::Restricted, PolicyVersion::LATEST).is_empty());
        assert_eq!(violations(&subject, Level::Restricted, PolicyVersion::parse("v1.34")).len(), 2);
    }

    #[test]
    fn a_pod_level_false_is_forbidden_even_when_containers_say_true() {
        let mut pod = hardened();
        pod["securityContext"]["runAsNonRoot"] = false.into();
        pod["containers"][0]["securityContext"]["runAsNonRoot"] = true.into();
        assert_eq!(ask(pod, Level::Restricted).len(), 1);
    }

    #[test]
    fn windows_pods_need_no_linux_fields() {
        let pod = serde_json::json!({
            "os": { "name": "windows" },
            "securityContext": { "runAsNonRoot": true },
            "containers": [{ "name": "web" }],
        });
        assert!(ask(pod, Level::Restricted).is_empty());
    }

    #[test]
    fn safe_sysctls_depend_on_the_version() {
        let spec = spec(serde_json::json!({ "securityContext": { "sysctls": [{ "name": "net.ipv4.tcp_rmem" }] } }));
        let subject = Subject { spec: &spec, annotations: &BTreeMap::new() };
        assert!(violations(&subject, Level::Baseline, PolicyVersion::parse("v1.32")).is_empty());
        assert_eq!(violations(&subject, Level::Baseline, PolicyVersion::parse("v1.31")).len(), 1);
    }
}
