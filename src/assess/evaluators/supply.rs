//! How Pods are supplied: secrets, requests and limits, probes, quotas.

use std::collections::{BTreeSet, HashMap};

use super::{Answer, Evaluator, Question, Tally};
use crate::facts::{
    limits::missing,
    pod::{PROBES, PodSpec},
    secret_use::uses,
};

pub(super) const EVALUATORS: &[Evaluator] = &[
    Evaluator {
        name: "pod-secret-variables",
        subjects: "Pods",
        alone: true,
        ask: |question| {
            each(question, |spec| {
                let uses = uses(spec);
                let whole = uses.environments.into_iter().map(|text| format!("{text} (envFrom)"));
                uses.variables.into_iter().chain(whole).collect()
            })
        },
    },
    Evaluator {
        name: "pod-plain-secrets",
        subjects: "Pods",
        alone: true,
        ask: |question| {
            each(question, |spec| {
                uses(spec).plain.into_iter().map(|text| format!("{text} has a plain value")).collect()
            })
        },
    },
    Evaluator {
        name: "pod-resources",
        subjects: "Pods",
        alone: true,
        ask: |question| {
            let of_pods = ["spec.resources.requests", "spec.resources.limits"];
            question.unkept("", "Pod", &of_pods).unwrap_or_else(|| each(question, missing))
        },
    },
    Evaluator {
        name: "pod-probes",
        subjects: "Pods",
        alone: true,
        ask: |question| question.unkept("", "Pod", &PROBES).unwrap_or_else(|| each(question, unprobed)),
    },
    Evaluator { name: "namespace-quota", subjects: "namespaces with Pods", alone: false, ask: quota },
];

/// Asks a question of every Pod; each distinct spec is judged once.
fn each(question: &Question<'_, '_>, judge: impl Fn(&PodSpec) -> Vec<String>) -> Answer {
    let mut tally = Tally::default();
    let mut judged: HashMap<usize, String> = HashMap::new();
    for (spot, _) in question.objects("", "Pod") {
        tally.subject();
        match question.bench.pods.get(spot.object) {
            Err(why) => tally.odd(spot, why),
            Ok(pod) => {
                let message = judged.entry(pod.number).or_insert_with(|| judge(&pod.spec).join("; "));
                if !message.is_empty() {
                    tally.fail(spot, message.clone());
                }
            }
        }
    }
    tally.answer()
}

/// Containers without a readiness probe, of Pods that are meant to stay up.
fn unprobed(spec: &PodSpec) -> Vec<String> {
    if spec.restart_policy.as_deref().is_some_and(|policy| policy != "Always") {
        return Vec::new();
    }
    let without = spec.containers.iter().filter(|container| container.readiness_probe.is_none());
    without.map(|container| format!("container {}: readinessProbe is not set", container.name)).collect()
}

/// Namespaces that run Pods have a quota.
fn quota(question: &Question<'_, '_>) -> Answer {
    let names = |kind| -> BTreeSet<&str> { question.objects("", kind).map(|(_, object)| &*object.namespace).collect() };
    let (used, bounded) = (names("Pod"), names("ResourceQuota"));
    let mut tally = Tally::default();
    for (spot, namespace) in question.objects("", "Namespace").filter(|(_, it)| used.contains(&*it.name)) {
        tally.subject();
        if !bounded.contains(&*namespace.name) {
            tally.fail(spot, "no ResourceQuota bounds what its Pods take");
        }
    }
    tally.answer()
}
