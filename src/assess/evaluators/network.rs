//! Network: namespaces deny by default what no policy allows, and declared connections work.

use std::collections::BTreeSet;

use super::{Answer, Evaluator, Question, Tally};
use crate::{
    facts::{
        network::{self, Direction, Enforcement, JudgedConnection, Standing},
        observed::Reading,
    },
    ownership::pattern::{self, Pattern},
    workspace::{ComponentId, ConnectionNeed},
};

pub(super) const EVALUATORS: &[Evaluator] = &[
    Evaluator {
        name: "network-default-deny-ingress",
        subjects: "namespaces",
        alone: false,
        ask: |question| denies(question, Direction::Ingress),
    },
    Evaluator {
        name: "network-default-deny-egress",
        subjects: "namespaces",
        alone: false,
        ask: |question| denies(question, Direction::Egress),
    },
    Evaluator { name: "network-required-connections", subjects: "required connections", alone: false, ask: required },
    Evaluator { name: "network-undeclared-paths", subjects: "network policies", alone: false, ask: undeclared },
    Evaluator { name: "network-policies-enforced", subjects: "network plug-ins", alone: false, ask: enforced },
];

fn denies(question: &Question<'_, '_>, direction: Direction) -> Answer {
    let mut tally = Tally::default();
    let mut reading = Reading::new(question.bench.join.snapshot());
    let denials = question.bench.network.denials(&mut reading);
    for (spot, why) in question.bench.network.odd() {
        tally.odd(*spot, why);
    }
    let open = Pattern::list(&question.bench.policy.open_namespaces);
    let (mut left_out, mut untold) = (Vec::new(), Vec::new());
    let word = match direction {
        Direction::Ingress => "ingress",
        Direction::Egress => "egress",
    };
    let unread = !reading.complete_so_far();
    for (spot, namespace) in question.objects("", "Namespace") {
        if pattern::any(&open, &namespace.name) {
            left_out.push(&*namespace.name);
            continue;
        }
        match denials.of(namespace, direction) {
            Some(true) => tally.subject(),
            // A policy that was not read, or cannot be evaluated, may deny.
            None => untold.push(&*namespace.name),
            Some(false) if unread => untold.push(&*namespace.name),
            Some(false) => {
                tally.subject();
                tally.fail(spot, format!("no network policy denies {word} by default"));
            }
        }
    }
    if !untold.is_empty() {
        let remark = format!("policies that were not read or cannot be evaluated may decide in {}", untold.join(", "));
        if !tally.failed() {
            return Answer::NotVisible(remark);
        }
        tally.remark(remark);
    }
    if !left_out.is_empty() {
        tally.remark(format!("left out as open by policy: {}", left_out.join(", ")));
    }
    tally.answer()
}

/// Required connections that policies cut off. The owner of the policy that denies is asked: an allowing one belongs
/// beside it.
fn required(question: &Question<'_, '_>) -> Answer {
    if question.bench.join.workspace().connections.is_empty() {
        return Answer::Manual("the workspace declares no connections".to_owned());
    }
    let mut tally = Tally::default();
    let judged = question.bench.network.connections();
    for (spot, why) in question.bench.network.odd() {
        tally.odd(*spot, why);
    }
    let (mut untold, mut unheld) = (Vec::new(), Vec::new());
    for connection in judged.seen().iter().filter(|connection| connection.need == ConnectionNeed::Required) {
        match connection.standing {
            Standing::Open | Standing::Partly => tally.subject(),
            Standing::NotVisible => untold.push(connection.connection.as_str()),
            Standing::NotHeld => unheld.push(connection.connection.as_str()),
            Standing::Blocked => {
                tally.subject();
                blocked(connection, &mut tally);
            }
        }
    }
    if !untold.is_empty() {
        let remark = format!("what policies say cannot be told of {}", untold.join(", "));
        if !tally.failed() {
            return Answer::NotVisible(remark);
        }
        tally.remark(remark);
    }
    if !unheld.is_empty() {
        tally.remark(format!("no policy holds either side of {}", unheld.join(", ")));
    }
    tally.answer()
}

fn blocked(connection: &JudgedConnection, tally: &mut Tally) {
    let mut said = BTreeSet::new();
    for path in &connection.paths {
        for (side, word, whose) in [(&path.egress, "egress", &path.from), (&path.ingress, "ingress", &path.to)] {
            let (true, Some(&spot)) = (side.answer == network::Answer::Blocked, side.spots.first()) else { continue };
            if !said.insert((spot, word)) {
                continue;
            }
            let ports: Vec<String> = path.ports.iter().map(ToString::to_string).collect();
            let message = format!(
                "cuts off the required connection {}: no {word} rule lets {} through {} {}",
                connection.connection,
                ports.join(", "),
                if word == "egress" { "from" } else { "to" },
                whose.join(", "),
            );
            tally.fail(spot, message);
        }
    }
}

/// Paths between components that policies open and no connection declares. The owner of the policy is asked.
fn undeclared(question: &Question<'_, '_>) -> Answer {
    let mut tally = Tally::default();
    let observed = question.bench.network.openings();
    for (spot, why) in question.bench.network.odd() {
        tally.odd(*spot, why);
    }
    for _ in question.objects("networking.k8s.io", "NetworkPolicy") {
        tally.subject();
    }
    let name =
        |id: &Option<ComponentId>| id.as_ref().map_or("workloads without an owner".to_owned(), ToString::to_string);
    for path in &observed.seen().undeclared {
        let ports = if path.ports.is_empty() { "all ports".to_owned() } else { path.ports.join(", ") };
        let (from, to) = (name(&path.from), name(&path.to));
        for &spot in &path.spots {
            tally.fail(spot, format!("lets {from} reach {to} on {ports}, which no connection declares"));
        }
    }
    let free = observed.seen().accepting.iter().flat_map(|open| &open.workloads).count();
    if free > 0 {
        tally.remark(format!("{free} workloads accept every connection, which default deny is asked about"));
    }
    tally.answer()
}

/// Policies that nothing enforces protect nothing.
fn enforced(question: &Question<'_, '_>) -> Answer {
    let mut tally = Tally::default();
    let observed = network::observe_plugins(question.bench.join);
    let plugins = observed.seen();
    match plugins.enforced {
        Enforcement::NotVisible => {
            let seen: Vec<&str> = plugins.seen.iter().map(|plugin| plugin.product).collect();
            let seen = if seen.is_empty() { "no known network plug-in".to_owned() } else { seen.join(", ") };
            return Answer::NotVisible(format!(
                "{seen} was seen among DaemonSets, which does not tell whether policies are enforced; the provider or                  whoever runs the network has to say"
            ));
        }
        Enforcement::Enforced => {
            for plugin in plugins.seen.iter().filter(|plugin| plugin.enforces == Enforcement::Enforced) {
                tally.subject();
                let remark = plugin.remark.map(|remark| format!(", {remark}")).unwrap_or_default();
                tally.remark(format!("{} enforces policies{remark}", plugin.product));
            }
        }
        Enforcement::NotEnforced => {
            for plugin in &plugins.seen {
                tally.subject();
                if let Some(spot) = plugin.spot {
                    tally.fail(
                        spot,
                        format!("{} does not enforce network policies, and nothing else does", plugin.product),
                    );
                }
            }
        }
    }
    tally.answer()
}
