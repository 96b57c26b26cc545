//! What runs: each workload with its distinct Pod specs, those of its templates and those of its Pods.
//!
//! In: the ownership join and the parsed Pods. Out: [`Unit`]s, one an owner-reference root and namespace, by namespace,
//! kind and name. Steps: every template that no Deployment or CronJob made, then every Pod, goes to its root;
//! equal specs of one unit are one [`Shape`].
//!
//! Invariant: work grows with Pods, judging grows with distinct specs.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use super::{
    observed::Reading,
    pod::{Pod, PodSpec, Pods},
    pod_security::Subject,
    templates::{self, KINDS, Template},
};
use crate::{
    ownership::{Join, Spot},
    snapshot::Object,
    sort::Sort,
    workspace::{ComponentId, TeamId},
};

/// A workload by name, with its owner.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct WorkloadName {
    /// Namespace.
    pub namespace: String,
    /// Kind of the owner-reference root: `Deployment`, or the custom resource that made the Pods.
    pub kind: String,
    /// Name.
    pub name: String,
    /// Component it belongs to; `None` when nobody or several claim it.
    pub component: Option<ComponentId>,
    /// Team accountable for the component.
    pub team: Option<TeamId>,
}

/// A workload: an owner-reference root that runs Pods or would.
pub(crate) struct Unit<'a> {
    pub(crate) name: WorkloadName,
    /// Distinct specs: templates first.
    pub(crate) shapes: Vec<Shape<'a>>,
    /// Its Pods.
    pub(crate) pods: Vec<RunningPod<'a>>,
    /// Its templates, by kind and name of the object.
    pub(crate) templates: Vec<(&'static str, &'a str, &'a Template)>,
}

/// A Pod of a unit.
pub(crate) struct RunningPod<'a> {
    pub(crate) object: &'a Object,
    pub(crate) pod: &'a Pod,
}

/// One distinct spec within a unit.
pub(crate) struct Shape<'a> {
    pub(crate) spec: &'a PodSpec,
    pub(crate) number: usize,
    pub(crate) annotations: &'a BTreeMap<std::sync::Arc<str>, std::sync::Arc<str>>,
    /// Where the Pod is in its object: `spec.template`; empty for a Pod itself.
    pub(crate) path: &'static str,
    /// Pods with this spec; 0 for a template.
    pub(crate) pods: usize,
}

/// Number of the spec, with the annotations that set profiles before there were fields for them.
pub(crate) type ShapeKey<'a> = (usize, Vec<(&'a str, &'a str)>);

impl<'a> Shape<'a> {
    pub(crate) fn is_template(&self) -> bool {
        !self.path.is_empty()
    }

    pub(crate) fn subject(&self) -> Subject<'a> {
        Subject { spec: self.spec, annotations: self.annotations }
    }

    /// A field of the Pod as a path within the object: `spec.template.spec.hostPID`.
    pub(crate) fn field(&self, field: &str) -> String {
        if self.path.is_empty() { field.to_owned() } else { format!("{}.{field}", self.path) }
    }

    /// Equal for shapes that whoever judges them cannot tell apart.
    pub(crate) fn key(&self) -> ShapeKey<'a> {
        let profile =
            |key: &str| key.contains(".security.beta.kubernetes.io/") || key.contains("seccomp.security.alpha");
        let profiles = self.annotations.iter().filter(|(key, _)| profile(key));
        (self.number, profiles.map(|(key, value)| (&**key, &**value)).collect())
    }
}

impl<'a> Unit<'a> {
    fn new(join: &Join<'_>, root: Spot, namespace: &str) -> Self {
        let key = join.key(root);
        let component = join.component(root);
        let name = WorkloadName {
            namespace: namespace.to_owned(),
            kind: key.kind.to_string(),
            name: key.name.to_string(),
            component: component.map(|component| component.id.clone()),
            team: component.map(|component| component.team.clone()),
        };
        Self { name, shapes: Vec::new(), pods: Vec::new(), templates: Vec::new() }
    }

    /// Shapes of its Pods; of its templates when it has no Pods.
    pub(crate) fn in_force(&self) -> impl Iterator<Item = &Shape<'a>> {
        let any = !self.pods.is_empty();
        self.shapes.iter().filter(move |shape| shape.is_template() != any)
    }
}

/// Every workload, from all lists that have Pods or Pod templates.
pub(crate) fn units<'a>(reading: &mut Reading<'a>, join: &Join<'a>, pods: &'a Pods) -> Vec<Unit<'a>> {
    let mut units: BTreeMap<(Spot, &str), Unit<'a>> = BTreeMap::new();
    let makers = templates::makers(join.snapshot());
    for (number, &(group, kind, path)) in KINDS.iter().enumerate().filter(|(_, kind)| !kind.2.is_empty()) {
        let owners = join.owners(group, kind);
        for (index, object) in reading.need(group, kind).iter().enumerate() {
            if object.owners.iter().any(|owner| owner.controller && makers.contains(&*owner.uid)) {
                continue;
            }
            let Some(spot) = owners.spot(index) else { continue };
            let template = match pods.template(number, index) {
                Ok(template) => template,
                Err(why) => {
                    reading.odd(object, why);
                    continue;
                }
            };
            let at = (join.root(spot), &*object.namespace);
            let unit = units.entry(at).or_insert_with(|| Unit::new(join, at.0, at.1));
            unit.templates.push((kind, &object.name, template));
            let Template { spec, number, annotations, .. } = template;
            unit.shapes.push(Shape { spec, number: *number, annotations, path, pods: 0 });
        }
    }
    let owners = join.owners("", "Pod");
    let mut shapes: HashMap<_, usize> = HashMap::new();
    for (index, object) in reading.need("", "Pod").iter().enumerate() {
        let Some(spot) = owners.spot(index) else { continue };
        let Some(pod) = reading.pod(pods, index, object) else { continue };
        let at = (join.root(spot), &*object.namespace);
        let unit = units.entry(at).or_insert_with(|| Unit::new(join, at.0, at.1));
        unit.pods.push(RunningPod { object, pod });
        let shape = Shape { spec: &pod.spec, number: pod.number, annotations: &object.annotations, path: "", pods: 1 };
        match shapes.entry((at, shape.key())) {
            std::collections::hash_map::Entry::Occupied(known) => unit.shapes[*known.get()].pods += 1,
            std::collections::hash_map::Entry::Vacant(new) => {
                new.insert(unit.shapes.len());
                unit.shapes.push(shape);
            }
        }
    }
    let mut units: Vec<_> = units.into_values().collect();
    units.order_by(|a, b| a.name.cmp(&b.name));
    units
}
