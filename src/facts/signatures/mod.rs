//! Image signatures at admission: which policies verify them, whether they refuse, which namespaces they look at, and
//! which running images none of them covers.
//!
//! In: policies of Kyverno and of the Sigstore policy controller ([`policies`]), the webhooks through which these
//! engines are asked, namespaces, Pods. A namespace counts for a policy only when the engine is asked about Pods there
//! and nothing narrower than the namespace decides.

mod policies;

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde::Serialize;

use super::{
    admission::webhooks::{GROUP, KINDS, WebhooksBody},
    images::Reference,
    observed::{Observed, Reading},
    pod::Pods,
};
use crate::{ownership::Join, snapshot::Object, workspace::TeamId};
use policies::{Extent, Verifying};

/// Image signatures at admission.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Signatures {
    /// Policies that verify signatures, by engine, kind and name.
    pub policies: Vec<SignaturePolicy>,
    /// Namespaces that run Pods, by name.
    pub namespaces: Vec<SignedNamespace>,
}

/// A policy that verifies signatures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SignaturePolicy {
    /// Engine.
    pub engine: String,
    /// Kind.
    pub kind: String,
    /// Namespace; empty for cluster-wide ones.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// It refuses what is not signed; else it warns or records.
    pub enforces: bool,
    /// Patterns of images that it looks at; empty: every image.
    pub images: Vec<String>,
    /// Namespaces with Pods that it looks at, by name.
    pub covered: Vec<String>,
    /// Namespaces with Pods where something else than the namespace decides too, by name.
    pub partly: Vec<String>,
    /// Namespaces with Pods that it does not look at, by name.
    pub left_out: Vec<String>,
}

/// A namespace that runs Pods.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SignedNamespace {
    /// Namespace.
    pub namespace: String,
    /// Team accountable for it.
    pub team: Option<TeamId>,
    /// Images that run in it.
    pub images: usize,
    /// Those of which no policy that refuses verifies the signature, by name.
    pub unverified: Vec<String>,
}

/// Namespaces about whose Pods an engine is asked.
fn asked<'a>(reading: &mut Reading<'a>, namespaces: &'a [Object]) -> BTreeMap<&'static str, BTreeSet<&'a str>> {
    let mut asked: BTreeMap<&'static str, BTreeSet<&str>> = BTreeMap::new();
    for (kind, _) in KINDS {
        for object in reading.need(GROUP, kind) {
            let Some(body) = reading.body::<WebhooksBody>(object) else { continue };
            for webhook in body.webhooks.unwrap_or_default() {
                let Some(engine) = webhook.engine(&object.name) else { continue };
                let about_pods = |name: &String| matches!(&**name, "pods" | "everything" | "*" | "*/*" | "pods.*");
                if !webhook.resources().iter().any(about_pods) {
                    continue;
                }
                let out: BTreeSet<&str> = webhook.left_out(namespaces).into_iter().collect();
                let inside = namespaces.iter().map(|namespace| &*namespace.name).filter(|name| !out.contains(name));
                asked.entry(engine).or_default().extend(inside);
            }
        }
    }
    asked
}

/// Images that run, by namespace.
fn running<'a>(reading: &mut Reading<'a>, pods: &Pods) -> BTreeMap<&'a str, BTreeSet<Reference>> {
    let mut running: BTreeMap<&str, BTreeSet<Reference>> = BTreeMap::new();
    // Pods of one template run the same.
    let mut known = HashSet::new();
    for (index, object) in reading.need("", "Pod").iter().enumerate() {
        let Some(pod) = reading.pod(pods, index, object) else { continue };
        if !known.insert((&object.namespace, pod.number)) {
            continue;
        }
        let images = pod.spec.all_containers().filter_map(|(_, container)| container.image.as_deref());
        let images = images.filter(|image| !image.is_empty()).map(Reference::parse);
        running.entry(&object.namespace).or_default().extend(images);
    }
    running
}

pub(crate) fn observe(join: &Join<'_>, pods: &Pods) -> Observed<Signatures> {
    let mut reading = Reading::new(join.snapshot());
    let owners = join.owners("", "Namespace");
    let namespaces = reading.need("", "Namespace");
    let asked = asked(&mut reading, namespaces);
    let running = running(&mut reading, pods);
    let verifying = policies::read(&mut reading);
    let extent = |policy: &Verifying, namespace: &Object| match asked.get(policy.engine) {
        Some(asked) if asked.contains(&*namespace.name) => policy.extent(namespace),
        _ => Extent::Nothing,
    };
    let mut found = Signatures::default();
    for policy in &verifying {
        let mut lists: [Vec<String>; 3] = Default::default();
        for namespace in namespaces.iter().filter(|namespace| running.contains_key(&*namespace.name)) {
            lists[extent(policy, namespace) as usize].push(namespace.name.to_string());
        }
        let [left_out, partly, covered] = lists;
        found.policies.push(SignaturePolicy {
            engine: policy.engine.to_owned(),
            kind: policy.kind.to_owned(),
            namespace: policy.namespace.clone(),
            name: policy.name.clone(),
            enforces: policy.enforces,
            images: policy.images.clone(),
            covered,
            partly,
            left_out,
        });
    }
    for (index, namespace) in namespaces.iter().enumerate() {
        let Some(images) = running.get(&*namespace.name) else { continue };
        let here: Vec<&Verifying> =
            verifying.iter().filter(|it| it.enforces && extent(it, namespace) == Extent::All).collect();
        let unverified = images.iter().filter(|image| !here.iter().any(|policy| policy.verifies(image)));
        found.namespaces.push(SignedNamespace {
            namespace: namespace.name.to_string(),
            team: owners.of(index).1,
            images: images.len(),
            unverified: unverified.map(ToString::to_string).collect(),
        });
    }
    reading.remark(
        "What a policy found when it verified an image is not visible; an image that ran before a policy was there was \
         never verified"
            .to_owned(),
    );
    reading.finish(found)
}

#[cfg(test)]
mod tests;
