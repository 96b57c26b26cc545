//! Network: namespaces deny by default what no policy allows.

use super::{Answer, Evaluator, Question, Tally};
use crate::{
    facts::network::{default_deny, not_evaluated, parse},
    ownership::pattern::{self, Pattern},
};

pub(super) const EVALUATORS: &[Evaluator] = &[
    Evaluator {
        name: "network-default-deny-ingress",
        subjects: "namespaces",
        alone: false,
        ask: |question| ask(question, Direction::Ingress),
    },
    Evaluator {
        name: "network-default-deny-egress",
        subjects: "namespaces",
        alone: false,
        ask: |question| ask(question, Direction::Egress),
    },
];

#[derive(Clone, Copy)]
enum Direction {
    Ingress,
    Egress,
}

fn ask(question: &Question<'_>, direction: Direction) -> Answer {
    let mut tally = Tally::default();
    let mut policies = Vec::new();
    for (spot, object) in question.objects("networking.k8s.io", "NetworkPolicy") {
        match parse(object) {
            Ok(parsed) => policies.push(parsed),
            Err(error) => tally.odd(spot, error),
        }
    }
    let denied = default_deny(policies.iter());
    let open = Pattern::list(&question.policy.open_namespaces);
    let mut left_out = Vec::new();
    let mut failing = 0;
    for (spot, namespace) in question.objects("", "Namespace") {
        if pattern::any(&open, &namespace.name) {
            left_out.push(&*namespace.name);
            continue;
        }
        tally.subject();
        let (ingress, egress) = denied.get(&*namespace.name).copied().unwrap_or_default();
        let (denies, word) = match direction {
            Direction::Ingress => (ingress, "ingress"),
            Direction::Egress => (egress, "egress"),
        };
        if !denies {
            failing += 1;
            tally.fail(spot, format!("no NetworkPolicy denies {word} by default"));
        }
    }
    let others = not_evaluated(question.join.snapshot());
    if failing > 0 && !others.is_empty() {
        return Answer::NotVisible(format!(
            "{failing} namespaces have no default-deny NetworkPolicy, but {} may deny as well and are not evaluated",
            others.join(", ")
        ));
    }
    if !left_out.is_empty() {
        tally.remark(format!("left out as open by policy: {}", left_out.join(", ")));
    }
    tally.answer()
}
