//! Images: where they come from and how they are named.

use super::{Answer, Evaluator, Question, Tally};
use crate::facts::{
    images::{Approved, Reference},
    pod::Container,
    pod_security::rules,
};

pub(super) const EVALUATORS: &[Evaluator] = &[
    Evaluator { name: "image-registry", subjects: "Pods", alone: true, ask: registry },
    Evaluator { name: "image-tag-latest", subjects: "Pods", alone: true, ask: |question| each(question, mutable) },
];

/// Asks about the image of every container of every Pod.
fn each(question: &Question<'_>, judge: impl Fn(&Reference) -> Option<String>) -> Answer {
    let mut tally = Tally::default();
    for (spot, _) in question.objects("", "Pod") {
        tally.subject();
        match question.pods.get(spot.object) {
            Err(why) => tally.odd(spot, why),
            Ok(pod) => {
                let judged = pod.spec.all_containers().filter_map(|(field, container)| {
                    let wrong = judge(&Reference::parse(image(container)?))?;
                    Some(format!("{}: {wrong}", rules::place(field, container)))
                });
                let found: Vec<String> = judged.collect();
                if !found.is_empty() {
                    tally.fail(spot, found.join("; "));
                }
            }
        }
    }
    tally.answer()
}

fn image(container: &Container) -> Option<&str> {
    container.image.as_deref().filter(|image| !image.is_empty())
}

fn registry(question: &Question<'_>) -> Answer {
    let approved = Approved::new(&question.policy.registries);
    if approved.is_empty() {
        return Answer::Manual("the workspace declares no approved registries (policy.registries)".to_owned());
    }
    each(question, |reference| {
        (!approved.covers(reference)).then(|| format!("image {reference} is not from an approved registry"))
    })
}

fn mutable(reference: &Reference) -> Option<String> {
    if reference.digest.is_some() {
        return None;
    }
    match reference.tag.as_deref() {
        None => Some(format!("image {reference} has no tag")),
        Some("latest") => Some(format!("image {reference} has the tag latest")),
        Some(_) => None,
    }
}
