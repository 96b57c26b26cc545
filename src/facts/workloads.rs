//! Workloads: what runs Pods, by component.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{
    observed::{Observed, Reading},
    pod::{PodSpec, Pods},
};
use crate::{
    ownership::{Join, Spot},
    sort::Sort,
    workspace::{ComponentId, TeamId},
};

/// A workload: an owner-reference root with its Pods.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Workload {
    /// Component it belongs to; `None` when nobody or several claim it.
    pub component: Option<ComponentId>,
    /// Team accountable for the component.
    pub team: Option<TeamId>,
    /// API group, empty for core.
    pub group: String,
    /// Kind, for example `Deployment`, or the custom resource at the root.
    pub kind: String,
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Replicas wanted, where the kind says.
    pub replicas: Option<u64>,
    /// Pods that exist.
    pub pods: usize,
    /// Images, sorted.
    pub images: Vec<String>,
}

/// Kinds that run Pods, and where their template is.
const KINDS: &[(&str, &str, Template)] = &[
    ("apps", "Deployment", Template::Spec),
    ("apps", "StatefulSet", Template::Spec),
    ("apps", "DaemonSet", Template::Spec),
    ("batch", "CronJob", Template::Job),
    ("batch", "Job", Template::Spec),
];

#[derive(Clone, Copy, PartialEq)]
enum Template {
    Spec,
    Job,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Body {
    spec: Spec,
    status: Status,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    replicas: Option<u64>,
    template: PodTemplate,
    job_template: JobTemplate,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct JobTemplate {
    spec: JobSpec,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct JobSpec {
    template: PodTemplate,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PodTemplate {
    spec: PodSpec,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    desired_number_scheduled: Option<u64>,
}

#[derive(Default)]
struct Seen {
    replicas: Option<u64>,
    pods: usize,
    images: BTreeSet<String>,
}

fn images(spec: &PodSpec) -> impl Iterator<Item = String> {
    spec.all_containers().filter_map(|(_, container)| container.image.clone()).filter(|image| !image.is_empty())
}

pub(super) fn observe(join: &Join<'_>, pods: &Pods) -> Observed<Vec<Workload>> {
    let mut reading = Reading::new(join.snapshot());
    let mut seen: BTreeMap<Spot, Seen> = BTreeMap::new();
    for &(group, kind, template) in KINDS {
        let owners = join.owners(group, kind);
        for (index, object) in reading.need(group, kind).iter().enumerate() {
            let Some(spot) = owners.spot(index) else { continue };
            // What another object made is counted with that one: the Job of a CronJob, the StatefulSet of an operator.
            let entry = seen.entry(join.root(spot)).or_default();
            let Some(body) = reading.body::<Body>(object) else { continue };
            if let Some(replicas) = body.spec.replicas.or(body.status.desired_number_scheduled) {
                *entry.replicas.get_or_insert(0) += replicas;
            }
            let template =
                if template == Template::Job { &body.spec.job_template.spec.template } else { &body.spec.template };
            entry.images.extend(images(&template.spec));
        }
    }
    let owners = join.owners("", "Pod");
    for (index, object) in reading.need("", "Pod").iter().enumerate() {
        let Some(spot) = owners.spot(index) else { continue };
        let entry = seen.entry(join.root(spot)).or_default();
        entry.pods += 1;
        if let Some(pod) = reading.pod(pods, index, object) {
            entry.images.extend(images(&pod.spec));
        }
    }
    let mut workloads: Vec<Workload> = seen
        .into_iter()
        .map(|(spot, seen)| {
            let key = join.key(spot);
            let component = join.component(spot);
            Workload {
                component: component.map(|component| component.id.clone()),
                team: component.map(|component| component.team.clone()),
                group: key.group.to_string(),
                kind: key.kind.to_string(),
                namespace: key.namespace.to_string(),
                name: key.name.to_string(),
                replicas: seen.replicas,
                pods: seen.pods,
                images: seen.images.into_iter().collect(),
            }
        })
        .collect();
    workloads.order_by(|a, b| {
        (&a.component, &a.kind, &a.namespace, &a.name).cmp(&(&b.component, &b.kind, &b.namespace, &b.name))
    });
    reading.finish(workloads)
}
