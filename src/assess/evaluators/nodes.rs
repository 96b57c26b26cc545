//! Nodes: version skew and approved operating systems.

use super::{Answer, Evaluator, Question, Tally};
use crate::{
    facts::{nodes::Body, versions::skew},
    ownership::pattern::{self, Pattern},
};

pub(super) const EVALUATORS: &[Evaluator] = &[
    Evaluator { name: "node-image", subjects: "nodes", alone: true, ask: image },
    Evaluator { name: "version-skew", subjects: "nodes", alone: true, ask: version_skew },
];

fn version_skew(question: &Question<'_>) -> Answer {
    let Some(server) = question.join.snapshot().header.cluster.version.as_deref() else {
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

fn image(question: &Question<'_>) -> Answer {
    let approved = Pattern::list(&question.policy.node_images);
    if approved.is_empty() {
        return Answer::Manual("the workspace declares no approved node images (policy.node-images)".to_owned());
    }
    let mut tally = Tally::default();
    for (spot, object) in question.objects("", "Node") {
        tally.subject();
        match object.body::<Body>() {
            Err(error) => tally.odd(spot, error),
            Ok(body) => {
                let image = body.status.node_info.os_image;
                if !pattern::any(&approved, &image) {
                    tally.fail(spot, format!("status.nodeInfo.osImage = {image} is not approved"));
                }
            }
        }
    }
    tally.answer()
}
