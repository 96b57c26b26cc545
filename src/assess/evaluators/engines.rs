//! Policy engines, mesh, monitoring and delivery: what they let through, and whom they leave out.

use std::collections::BTreeSet;

use super::{Answer, Evaluator, Question, Tally};
use crate::{
    facts::{
        Purpose,
        admission::{
            self, Mode,
            policies::{CONSTRAINTS, ConstraintBody, KyvernoBody},
            webhooks::{GROUP, KINDS, RawWebhook, WebhooksBody},
        },
        delivery::{WORKLOADS, listed, marked},
        mesh::{PeerBody, ROOT},
        monitoring::{DaemonBody, RuleBody},
        pod_security::{Level, labels},
    },
    ownership::{
        Spot,
        pattern::{self, Pattern},
    },
};

pub(super) const EVALUATORS: &[Evaluator] = &[
    Evaluator { name: "webhook-fail-open", subjects: "webhook configurations", alone: true, ask: fail_open },
    Evaluator { name: "webhook-hole", subjects: "webhook configurations", alone: true, ask: hole },
    Evaluator { name: "kyverno-enforces", subjects: "policies", alone: true, ask: kyverno },
    Evaluator { name: "gatekeeper-enforces", subjects: "constraints", alone: false, ask: gatekeeper },
    Evaluator { name: "admission-guards", subjects: "namespaces", alone: false, ask: guards },
    Evaluator { name: "alert-rules", subjects: "Prometheus servers", alone: false, ask: alerts },
    Evaluator { name: "mesh-strict", subjects: "PeerAuthentications", alone: false, ask: mesh },
    Evaluator { name: "log-shipper-coverage", subjects: "log shippers", alone: false, ask: shippers },
    Evaluator { name: "delivery-gitops", subjects: "workloads", alone: false, ask: delivered },
];

/// Asks about each configuration that holds a webhook of a policy engine.
fn engines(question: &Question<'_, '_>, judge: impl Fn(&RawWebhook) -> Option<String>) -> Tally {
    let mut tally = Tally::default();
    for (kind, _) in KINDS {
        for (spot, object) in question.objects(GROUP, kind) {
            let body = match object.body::<WebhooksBody>() {
                Ok(body) => body,
                Err(error) => {
                    tally.odd(spot, error);
                    continue;
                }
            };
            let webhooks = body.webhooks.unwrap_or_default();
            let own: Vec<_> = webhooks.iter().filter(|webhook| webhook.engine(&object.name).is_some()).collect();
            if own.is_empty() {
                continue;
            }
            tally.subject();
            let wrong: BTreeSet<String> = own.into_iter().filter_map(&judge).collect();
            if !wrong.is_empty() {
                tally.fail(spot, wrong.into_iter().collect::<Vec<_>>().join("; "));
            }
        }
    }
    tally
}

fn fail_open(question: &Question<'_, '_>) -> Answer {
    let judge = |webhook: &RawWebhook| {
        let what = || webhook.resources().join(", ");
        webhook.fails_open().then(|| format!("failurePolicy = Ignore of {} for {}", webhook.name, what()))
    };
    engines(question, judge).answer()
}

fn hole(question: &Question<'_, '_>) -> Answer {
    let namespaces: Vec<_> = question.objects("", "Namespace").map(|(_, object)| object).collect();
    let excused = Pattern::list(&question.bench.policy.privileged_namespaces);
    let judge = |webhook: &RawWebhook| {
        let out = webhook.left_out(namespaces.iter().copied()).into_iter();
        // An engine leaves out its own namespace, or it could not start.
        let out = out.filter(|name| Some(*name) != webhook.home() && !pattern::any(&excused, name));
        let out: Vec<&str> = out.collect();
        (!out.is_empty()).then(|| format!("namespaceSelector of {} leaves out {}", webhook.name, out.join(", ")))
    };
    let mut tally = engines(question, judge);
    if !question.bench.policy.privileged_namespaces.is_empty() {
        tally.remark(format!("left out by policy: {}", question.bench.policy.privileged_namespaces.join(", ")));
    }
    tally.answer()
}

fn kyverno(question: &Question<'_, '_>) -> Answer {
    let mut tally = Tally::default();
    for (spot, object) in question.objects("kyverno.io", "ClusterPolicy") {
        match object.body::<KyvernoBody>() {
            Err(error) => {
                tally.subject();
                tally.odd(spot, error);
            }
            Ok(body) => {
                let (enforced, audited) = body.rules();
                if enforced.is_empty() && audited.is_empty() {
                    continue;
                }
                tally.subject();
                if !audited.is_empty() {
                    tally.fail(spot, format!("failureAction is not Enforce for {}", audited.join(", ")));
                }
            }
        }
    }
    tally.answer()
}

fn gatekeeper(question: &Question<'_, '_>) -> Answer {
    let mut tally = Tally::default();
    let snapshot = question.bench.join.snapshot();
    // Each template's constraints are of a kind of their own, whose name in lower case is the template's.
    let mut unread: BTreeSet<&str> =
        question.objects("templates.gatekeeper.sh", "ConstraintTemplate").map(|(_, object)| &*object.name).collect();
    for (list, constraints) in snapshot.lists.iter().enumerate() {
        if constraints.record.group != CONSTRAINTS {
            continue;
        }
        if constraints.complete().is_ok() {
            unread.retain(|name| *name != constraints.record.kind.to_ascii_lowercase());
        }
        for (object, constraint) in constraints.seen().iter().enumerate() {
            let spot = Spot { list, object };
            tally.subject();
            match constraint.body::<ConstraintBody>() {
                Err(error) => tally.odd(spot, error),
                Ok(body) => {
                    if body.mode() != Mode::Enforce {
                        tally.fail(spot, format!("spec.enforcementAction: {}", body.action()));
                    }
                }
            }
        }
    }
    if !unread.is_empty() && !tally.failed() {
        let names: Vec<&str> = unread.into_iter().collect();
        return Answer::NotVisible(format!("the constraints of {} were not read completely", names.join(", ")));
    }
    tally.answer()
}

fn guards(question: &Question<'_, '_>) -> Answer {
    let mut tally = Tally::default();
    let excused = Pattern::list(&question.bench.policy.privileged_namespaces);
    let running: BTreeSet<&str> = question.objects("", "Pod").map(|(_, pod)| &*pod.namespace).collect();
    let fact = admission::observe(question.bench.join);
    // Which fields a policy of an engine refuses is for a person to read.
    let guards = |policy: &admission::Policy, namespace: &str| match policy.engine.as_str() {
        "ValidatingAdmissionPolicy" => policy.enforced.iter().any(|name| name == namespace),
        _ => {
            matches!(policy.mode, Mode::Enforce | Mode::Mixed)
                && (policy.namespace.is_empty() || policy.namespace == namespace)
                && !policy.left_out.iter().any(|name| name == namespace)
        }
    };
    let (mut by_engine, mut unread, mut left_out) = (BTreeSet::new(), Vec::new(), Vec::new());
    for (spot, namespace) in question.objects("", "Namespace").filter(|(_, it)| running.contains(&*it.name)) {
        if pattern::any(&excused, &namespace.name) {
            left_out.push(&*namespace.name);
            continue;
        }
        tally.subject();
        if labels::Policy::of(&namespace.labels).enforce.level > Level::Privileged {
            continue;
        }
        let policies = fact.seen().policies.iter().filter(|policy| guards(policy, &namespace.name));
        let policies: Vec<&str> = policies.map(|policy| &*policy.name).collect();
        if !policies.is_empty() {
            by_engine.extend(policies);
        } else if fact.complete().is_none() {
            unread.push(&*namespace.name);
        } else {
            tally.fail(spot, "no Pod Security level is enforced, and no admission policy refuses anything");
        }
    }
    if !left_out.is_empty() {
        tally.remark(format!("left out as privileged by policy: {}", left_out.join(", ")));
    }
    if !by_engine.is_empty() {
        let names: Vec<&str> = by_engine.into_iter().collect();
        let read =
            format!("some namespaces rest on {}: whether these refuse dangerous Pods is to be read", names.join(", "));
        if unread.is_empty() && !tally.failed() {
            return Answer::Manual(read);
        }
        tally.remark(read);
    }
    match fact.reasons().first() {
        Some(why) if !unread.is_empty() && !tally.failed() => Answer::NotVisible(why.clone()),
        _ => tally.answer(),
    }
}

fn alerts(question: &Question<'_, '_>) -> Answer {
    const GROUP: &str = "monitoring.coreos.com";
    let mut tally = Tally::default();
    let mut any = false;
    for (spot, object) in question.objects(GROUP, "PrometheusRule") {
        match object.body::<RuleBody>() {
            Err(error) => tally.odd(spot, error),
            Ok(body) => any |= body.alerts().next().is_some(),
        }
    }
    for (spot, _) in question.objects(GROUP, "Prometheus") {
        tally.subject();
        if !any {
            tally.fail(spot, "no PrometheusRule holds an alert");
        }
    }
    tally.answer()
}

fn mesh(question: &Question<'_, '_>) -> Answer {
    let mut tally = Tally::default();
    let mut strict = false;
    for (spot, object) in question.objects("security.istio.io", "PeerAuthentication") {
        tally.subject();
        match object.body::<PeerBody>() {
            Err(error) => tally.odd(spot, error),
            Ok(body) => {
                strict |= &*object.namespace == ROOT && body.wide() && body.mode() == Some("STRICT");
                let weaker = body.weaker();
                if !weaker.is_empty() {
                    tally.fail(spot, format!("mtls.mode: {}", weaker.join(", ")));
                }
            }
        }
    }
    if !strict {
        let Some((root, _)) = question.objects("", "Namespace").find(|(_, namespace)| &*namespace.name == ROOT) else {
            return Answer::Manual(format!("no namespace {ROOT}: where the mesh-wide policy stands cannot be told"));
        };
        tally.fail(root, "no mesh-wide PeerAuthentication sets mtls.mode = STRICT");
    }
    tally.answer()
}

fn shippers(question: &Question<'_, '_>) -> Answer {
    let mut tally = Tally::default();
    let nodes = question.objects("", "Node").count() as u64;
    let mut seen = 0;
    for (spot, object) in question.objects("apps", "DaemonSet") {
        match object.body::<DaemonBody>() {
            Err(error) => tally.odd(spot, error),
            Ok(body) => {
                let Some((product, Purpose::Logs)) = body.product() else { continue };
                seen += 1;
                tally.subject();
                let ready = body.status.number_ready;
                if ready < nodes {
                    tally.fail(spot, format!("{product}: status.numberReady = {ready}, and there are {nodes} nodes"));
                }
            }
        }
    }
    if seen == 0 {
        return Answer::Manual("no DaemonSet of a known log shipper: say how logs leave the nodes".to_owned());
    }
    tally.answer()
}

fn delivered(question: &Question<'_, '_>) -> Answer {
    let mut tally = Tally::default();
    let mut resources = BTreeSet::new();
    for (spot, object) in question.objects("argoproj.io", "Application") {
        match listed(object) {
            Ok(found) => resources.extend(found),
            Err(error) => tally.odd(spot, error),
        }
    }
    for (group, kind) in WORKLOADS {
        for (spot, object) in question.objects(group, kind) {
            if !object.owners.is_empty() {
                continue;
            }
            tally.subject();
            let key = (kind.to_owned(), object.namespace.to_string(), object.name.to_string());
            if !marked(object) && !resources.contains(&key) {
                tally.fail(spot, "no delivery tool's mark, and no Application lists it");
            }
        }
    }
    tally.answer()
}
