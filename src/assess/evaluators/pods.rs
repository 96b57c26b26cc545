//! Pod Security: what Pods do.
//!
//! Namespaces that the workspace accepts as privileged by design are left out, and counted.

use std::{
    cell::RefCell,
    collections::{BTreeSet, HashMap},
};

use super::{Answer, Evaluator, Question, Tally};
use crate::{
    facts::{
        Property,
        containers::deviations,
        pod::PodSpec,
        pod_security::{Level, PolicyVersion, Subject, rules, violations},
    },
    ownership::{
        Spot,
        pattern::{self, Pattern},
    },
};

pub(super) const EVALUATORS: &[Evaluator] = &[
    Evaluator {
        name: "pod-security-baseline",
        subjects: "Pods",
        alone: true,
        ask: |question| level(question, Level::Baseline),
    },
    Evaluator {
        name: "pod-security-restricted",
        subjects: "Pods",
        alone: true,
        ask: |question| level(question, Level::Restricted),
    },
    Evaluator {
        name: "pod-privileged",
        subjects: "Pods",
        alone: true,
        ask: |question| each(question, |pod, _, out| rules::privileged(pod, out)),
    },
    Evaluator {
        name: "pod-host-namespaces",
        subjects: "Pods",
        alone: true,
        ask: |question| each(question, |pod, _, out| rules::host_namespaces(pod, out)),
    },
    Evaluator {
        name: "pod-host-path",
        subjects: "Pods",
        alone: true,
        ask: |question| each(question, |pod, _, out| rules::host_paths(pod, out)),
    },
    hardening("pod-host-ports", |question| deviate(question, &[Property::HostPorts])),
    hardening("pod-privilege-escalation", |question| deviate(question, &[Property::Escalation])),
    hardening("pod-capabilities", |question| {
        deviate(question, &[Property::AddedCapabilities, Property::KeptCapabilities])
    }),
    hardening("pod-seccomp", |question| deviate(question, &[Property::Seccomp])),
    hardening("pod-read-only-root", |question| deviate(question, &[Property::WritableRoot])),
    Evaluator {
        name: "pod-run-as-root",
        subjects: "Pods",
        alone: true,
        ask: |question| each(question, |pod, _, out| root(pod.spec, out)),
    },
];

const fn hardening(name: &'static str, ask: fn(&Question<'_, '_>) -> Answer) -> Evaluator {
    Evaluator { name, subjects: "Pods", alone: true, ask }
}

/// Pods whose containers may do one of these. Each distinct spec is judged once.
fn deviate(question: &Question<'_, '_>, asked: &[Property]) -> Answer {
    let judged: RefCell<HashMap<usize, Vec<String>>> = RefCell::default();
    each(question, |pod, number, out| {
        let mut judged = judged.borrow_mut();
        let texts = judged.entry(number).or_insert_with(|| {
            let found = deviations(pod.spec).into_iter().filter(|found| asked.contains(&found.property));
            found.map(|found| found.text()).collect()
        });
        out.extend_from_slice(texts);
    })
}

/// Asks a question of every Pod outside the namespaces that are privileged by design.
fn each(question: &Question<'_, '_>, judge: impl Fn(&Subject<'_>, usize, &mut Vec<String>)) -> Answer {
    let accepted = Pattern::list(&question.bench.policy.privileged_namespaces);
    let mut tally = Tally::default();
    let mut left_out = BTreeSet::new();
    let mut pods_left_out = 0;
    for (spot, object) in question.objects("", "Pod") {
        if pattern::any(&accepted, &object.namespace) {
            left_out.insert(&*object.namespace);
            pods_left_out += 1;
            continue;
        }
        tally.subject();
        match question.bench.pods.get(spot.object) {
            Err(why) => tally.odd(spot, why),
            Ok(pod) => {
                let mut found = Vec::new();
                judge(&Subject { spec: &pod.spec, annotations: &object.annotations }, pod.number, &mut found);
                fail_once(&mut tally, spot, found);
            }
        }
    }
    let pods = if pods_left_out == 1 { " (1 Pod)".to_owned() } else { format!(" ({pods_left_out} Pods)") };
    remark_accepted(&mut tally, &pods, &left_out);
    tally.answer()
}

/// One failing Pod is one failure, however many of its fields are wrong.
fn fail_once(tally: &mut Tally, spot: Spot, found: Vec<String>) {
    if !found.is_empty() {
        tally.fail(spot, found.join("; "));
    }
}

fn remark_accepted(tally: &mut Tally, what: &str, namespaces: &BTreeSet<&str>) {
    if !namespaces.is_empty() {
        let names = namespaces.iter().copied().collect::<Vec<_>>().join(", ");
        tally.remark(format!("left out as privileged by policy: {names}{what}"));
    }
}

fn level(question: &Question<'_, '_>, level: Level) -> Answer {
    // A server admits by the newest policy that it knows.
    let version = PolicyVersion::LATEST.on_server(question.bench.join.snapshot().header.cluster.version.as_deref());
    each(question, |pod, _, out| *out = violations(pod, level, version))
}

/// A container may run as root unless a user above 0 or `runAsNonRoot` stands in the Pod or the container. What the
/// image itself says is not visible in the API.
fn root(spec: &PodSpec, out: &mut Vec<String>) {
    // Root in a user namespace is nobody on the node; Windows has no root.
    if spec.host_users == Some(false) || spec.is_windows() {
        return;
    }
    let pod = spec.security_context.as_ref();
    for (field, container) in spec.all_containers() {
        let own = container.security_context.as_ref();
        let non_root = own.and_then(|own| own.run_as_non_root).or_else(|| pod.and_then(|pod| pod.run_as_non_root));
        let user = own.and_then(|own| own.run_as_user).or_else(|| pod.and_then(|pod| pod.run_as_user));
        if non_root == Some(true) || user.is_some_and(|user| user > 0) {
            continue;
        }
        let place = rules::place(field, container);
        out.push(match user {
            Some(user) => format!("{place}: securityContext.runAsUser = {user}"),
            None => format!("{place}: neither securityContext.runAsNonRoot nor runAsUser keeps root out"),
        });
    }
}
