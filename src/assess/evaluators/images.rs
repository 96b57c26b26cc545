//! Images: where they come from and how they are named.

use super::{Answer, Evaluator, Question, Tally};
use crate::facts::{
    images::{Approved, Reference},
    pod::Container,
    pod_security::rules,
    signatures,
};

pub(super) const EVALUATORS: &[Evaluator] = &[
    Evaluator { name: "image-registry", subjects: "Pods", alone: true, ask: registry },
    Evaluator { name: "image-signature-admission", subjects: "namespaces with Pods", alone: false, ask: signed },
    Evaluator { name: "image-tag-latest", subjects: "Pods", alone: true, ask: |question| each(question, mutable) },
];

/// Asks about the image of every container of every Pod.
fn each(question: &Question<'_, '_>, judge: impl Fn(&Reference) -> Option<String>) -> Answer {
    let mut tally = Tally::default();
    for (spot, _) in question.objects("", "Pod") {
        tally.subject();
        match question.bench.pods.get(spot.object) {
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

fn registry(question: &Question<'_, '_>) -> Answer {
    let approved = Approved::new(&question.bench.policy.registries);
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

/// In every namespace with Pods, a policy that refuses verifies the signature of every image.
fn signed(question: &Question<'_, '_>) -> Answer {
    let observed = signatures::observe(question.bench.join, question.bench.pods);
    let Some(found) = observed.complete() else {
        return Answer::NotVisible(observed.reasons().join("; "));
    };
    let mut tally = Tally::default();
    for (spot, object) in question.objects("", "Namespace") {
        let Some(namespace) = found.namespaces.iter().find(|it| *it.namespace == *object.name) else { continue };
        tally.subject();
        if !namespace.unverified.is_empty() {
            let (some, all) = (namespace.unverified.len(), namespace.images);
            let names = namespace.unverified.join(", ");
            tally.fail(spot, format!("no policy refuses unsigned images for {some} of {all} images: {names}"));
        }
    }
    if found.policies.is_empty() {
        tally.remark("no policy that verifies signatures is in the cluster");
    }
    tally.answer()
}
