//! Nodes: version skew, end of life, approved operating systems and runtimes.

use std::collections::BTreeSet;

use super::{Answer, Evaluator, Question, Tally};
use crate::{
    facts::{
        lifecycle::Table,
        nodes::{Body, Info},
        versions::skew,
    },
    ownership::pattern::{self, Pattern},
};

pub(super) const EVALUATORS: &[Evaluator] = &[
    Evaluator { name: "node-image", subjects: "nodes", alone: true, ask: image },
    Evaluator { name: "node-runtime", subjects: "nodes", alone: true, ask: runtime },
    Evaluator { name: "version-end-of-life", subjects: "nodes", alone: true, ask: end_of_life },
    Evaluator { name: "version-skew", subjects: "nodes", alone: true, ask: version_skew },
];

fn version_skew(question: &Question<'_, '_>) -> Answer {
    let Some(server) = question.bench.join.snapshot().header.cluster.version.as_deref() else {
        return Answer::NotVisible("the version of the API server is not in the snapshot".to_owned());
    };
    let mut tally = Tally::default();
    for (spot, object) in question.objects("", "Node") {
        tally.subject();
        match object.body::<Body>() {
            Err(error) => tally.odd(spot, error),
            Ok(body) => match skew(server, &body.status.node_info.kubelet_version) {
                Err(why) => tally.odd(spot, why),
                Ok(Some(why)) => tally.fail(spot, why),
                Ok(None) => {}
            },
        }
    }
    tally.answer()
}

fn image(question: &Question<'_, '_>) -> Answer {
    approved(question, &question.bench.policy.node_images, "node images (policy.node-images)", |info| {
        ("status.nodeInfo.osImage", &info.os_image)
    })
}

fn runtime(question: &Question<'_, '_>) -> Answer {
    approved(question, &question.bench.policy.runtimes, "container runtimes (policy.runtimes)", |info| {
        ("status.nodeInfo.containerRuntimeVersion", &info.container_runtime_version)
    })
}

/// Compares a field of every node with a list of globs.
fn approved(
    question: &Question<'_, '_>,
    list: &[String],
    what: &str,
    field: fn(&Info) -> (&'static str, &String),
) -> Answer {
    let approved = Pattern::list(list);
    if approved.is_empty() {
        return Answer::Manual(format!("the workspace declares no approved {what}"));
    }
    let mut tally = Tally::default();
    for (spot, object) in question.objects("", "Node") {
        tally.subject();
        match object.body::<Body>() {
            Err(error) => tally.odd(spot, error),
            Ok(body) => {
                let (path, value) = field(&body.status.node_info);
                if !pattern::any(&approved, value) {
                    tally.fail(spot, format!("{path} = {value} is not approved"));
                }
            }
        }
    }
    tally.answer()
}

/// No node runs anything whose support is over. A version that no table knows needs a person.
fn end_of_life(question: &Question<'_, '_>) -> Answer {
    let table = Table::new(question.bench.join.workspace(), question.bench.as_of);
    let mut tally = Tally::default();
    let (mut unknown, mut failed) = (BTreeSet::new(), false);
    for (spot, object) in question.objects("", "Node") {
        tally.subject();
        let body = match object.body::<Body>() {
            Ok(body) => body,
            Err(error) => {
                tally.odd(spot, error);
                continue;
            }
        };
        let mut over = Vec::new();
        for (product, version) in body.status.node_info.versions() {
            match table.support(product, version) {
                None => {
                    unknown.insert(version.to_owned());
                }
                Some(support) if support.days_left < 0 => {
                    over.push(format!("{version}: support of {} ended on {}", support.title, support.end));
                }
                Some(_) => {}
            }
        }
        if !over.is_empty() {
            failed = true;
            tally.fail(spot, over.join("; "));
        }
    }
    if unknown.is_empty() {
        return tally.answer();
    }
    let names = unknown.into_iter().collect::<Vec<_>>().join(", ");
    let why = format!("no table knows until when {names} is supported; declare it in a [[lifecycle]] table");
    if !failed {
        return Answer::Manual(why);
    }
    tally.remark(why);
    tally.answer()
}
