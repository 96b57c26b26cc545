//! Tenancy: reserved nodes run Pods of their teams only; Pods keep to the nodes meant for them.

use std::collections::BTreeMap;

use super::{Answer, Evaluator, Question, Tally};
use crate::facts::tenancy::{dedicated, is_agent, pool, tolerates_everything};

pub(super) const EVALUATORS: &[Evaluator] = &[
    Evaluator { name: "dedicated-nodes", subjects: "Pods on reserved nodes", alone: false, ask: dedicated_nodes },
    Evaluator { name: "namespace-claimed", subjects: "namespaces", alone: true, ask: claimed },
    Evaluator { name: "wildcard-toleration", subjects: "running Pods", alone: true, ask: wildcard },
];

fn dedicated_nodes(question: &Question<'_, '_>) -> Answer {
    let declared = &question.bench.policy.dedicated_nodes;
    if declared.is_empty() {
        return Answer::Manual("the workspace reserves no nodes for a team (policy.dedicated-nodes)".to_owned());
    }
    let nodes = question.objects("", "Node");
    let reserved: BTreeMap<&str, _> =
        nodes.filter_map(|(_, node)| Some((&*node.name, dedicated(declared, &node.name, &pool(node))?))).collect();
    let mut tally = Tally::default();
    for (spot, object) in question.objects("", "Pod") {
        let pod = match question.bench.pods.get(spot.object) {
            Ok(pod) => pod,
            Err(why) => {
                tally.odd(spot, why);
                continue;
            }
        };
        if pod.status.ended() {
            continue;
        }
        let Some((node, teams)) = pod.node.as_deref().and_then(|node| Some((node, reserved.get(node)?))) else {
            continue;
        };
        tally.subject();
        if is_agent(object) {
            continue;
        }
        let team = question.bench.join.component(spot).map(|component| &component.team);
        if team.is_none_or(|team| !teams.contains(team)) {
            let whose = team.map_or_else(|| "nobody".to_owned(), ToString::to_string);
            let teams: Vec<&str> = teams.iter().map(|team| team.as_str()).collect();
            tally.fail(
                spot,
                format!("runs on {node}, which is reserved for {}; it belongs to {whose}", teams.join(", ")),
            );
        }
    }
    if reserved.is_empty() {
        tally.remark("no node that was seen is reserved");
    }
    tally.answer()
}

fn claimed(question: &Question<'_, '_>) -> Answer {
    let mut tally = Tally::default();
    for (spot, _) in question.objects("", "Namespace") {
        tally.subject();
        if question.bench.join.component(spot).is_none() {
            tally.fail(spot, "no component claims it");
        }
    }
    tally.answer()
}

fn wildcard(question: &Question<'_, '_>) -> Answer {
    let mut tally = Tally::default();
    for (spot, object) in question.objects("", "Pod") {
        match question.bench.pods.get(spot.object) {
            Err(why) => tally.odd(spot, why),
            Ok(pod) if is_agent(object) || pod.status.ended() => {}
            Ok(pod) => {
                tally.subject();
                if tolerates_everything(pod) {
                    tally
                        .fail(spot, "spec.tolerations has one with operator Exists and no key: it may run on any node");
                }
            }
        }
    }
    tally.answer()
}
