//! From a Service to the Pods behind it, their workloads and their owner.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use super::{
    super::{
        nodes::{Condition, ready},
        observed::Reading,
    },
    ServiceBody, service_body,
};
use crate::{
    ownership::{Join, Spot},
    snapshot::{List, Object},
    workspace::{ComponentId, TeamId},
};

/// What a way in, or a webhook, leads to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Backend {
    /// Namespace of the service.
    pub namespace: String,
    /// Name of the service, or of the backend of another kind.
    pub name: String,
    /// What was found of it.
    pub state: BackendState,
    /// Workloads whose Pods it selects, as `Deployment web`.
    pub workloads: Vec<String>,
    /// Component of those workloads, or of the service while it selects none; `None` when nobody or several own them.
    pub component: Option<ComponentId>,
    /// Team accountable for that component.
    pub team: Option<TeamId>,
}

/// What was found of a backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum BackendState {
    /// The service selects Pods, and at least one is ready.
    Ready,
    /// It selects Pods, but none is ready.
    NotReady,
    /// It selects no Pods.
    NoPods,
    /// There is no such service.
    Missing,
    /// In another namespace, without a ReferenceGrant there.
    NotGranted,
    /// No selector, a name outside the cluster, or another kind than Service: where it leads is not in these lists.
    Elsewhere,
    /// Services or Pods were not read completely.
    Unknown,
}

impl BackendState {
    /// Whoever calls it gets no answer.
    pub fn dangles(self) -> bool {
        matches!(self, Self::NoPods | Self::Missing | Self::NotGranted)
    }
}

/// Services and Pods of a snapshot, by namespace.
pub(crate) struct Reach<'j, 'a> {
    join: &'j Join<'a>,
    services: HashMap<(&'a str, &'a str), (Option<Spot>, ServiceBody)>,
    pods: HashMap<&'a str, Vec<(Option<Spot>, &'a Object)>>,
    services_known: bool,
    pods_known: bool,
}

impl<'j, 'a> Reach<'j, 'a> {
    pub(crate) fn new(join: &'j Join<'a>, reading: &mut Reading<'a>) -> Self {
        let known = |kind: &str| join.snapshot().list("", kind).is_some_and(|list: &List| list.complete().is_ok());
        let owners = join.owners("", "Service");
        let mut services = HashMap::new();
        for (index, object) in reading.need("", "Service").iter().enumerate() {
            match service_body(object) {
                Ok(body) => {
                    services.insert((&*object.namespace, &*object.name), (owners.spot(index), body));
                }
                Err(error) => reading.odd(object, error),
            }
        }
        let owners = join.owners("", "Pod");
        let mut pods: HashMap<&str, Vec<_>> = HashMap::new();
        for (index, object) in reading.need("", "Pod").iter().enumerate() {
            pods.entry(&*object.namespace).or_default().push((owners.spot(index), object));
        }
        Self { join, services, pods, services_known: known("Service"), pods_known: known("Pod") }
    }

    /// What a service leads to.
    pub(crate) fn service(&self, namespace: &str, name: &str) -> Backend {
        let found = |state| Backend {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            state,
            workloads: Vec::new(),
            component: None,
            team: None,
        };
        let Some((spot, body)) = self.services.get(&(namespace, name)) else {
            return found(if self.services_known { BackendState::Missing } else { BackendState::Unknown });
        };
        let own = spot.and_then(|spot| self.join.component(spot));
        let own = |state| Backend {
            component: own.map(|component| component.id.clone()),
            team: own.map(|component| component.team.clone()),
            ..found(state)
        };
        let Some(selector) = body.spec.selector.as_ref().filter(|selector| !selector.is_empty()) else {
            return own(BackendState::Elsewhere);
        };
        let (mut workloads, mut components) = (BTreeSet::new(), BTreeMap::new());
        let (mut pods, mut answering) = (0, 0);
        for (spot, pod) in self.pods.get(namespace).into_iter().flatten() {
            let selected = selector.iter().all(|(key, value)| pod.labels.get(&**key).is_some_and(|it| **it == **value));
            if !selected {
                continue;
            }
            pods += 1;
            answering += usize::from(is_ready(pod));
            if let Some(spot) = *spot {
                let root = self.join.key(self.join.root(spot));
                workloads.insert(format!("{} {}", root.kind, root.name));
                let component = self.join.component(spot);
                components.insert(component.map(|it| it.id.clone()), component.map(|it| it.team.clone()));
            }
        }
        let state = match (pods, answering) {
            (_, 1..) => BackendState::Ready,
            (_, _) if !self.pods_known => BackendState::Unknown,
            (0, _) => return own(BackendState::NoPods),
            (_, _) => BackendState::NotReady,
        };
        let (component, team) = match components.len() {
            1 => components.into_iter().next().unwrap_or_default(),
            _ => (None, None),
        };
        Backend { workloads: workloads.into_iter().collect(), component, team, ..found(state) }
    }
}

/// The Pod's `Ready` condition is true.
pub(crate) fn is_ready(pod: &Object) -> bool {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Body {
        status: Status,
    }
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Status {
        conditions: Option<Vec<Condition>>,
    }
    pod.body::<Body>().is_ok_and(|body| ready(body.status.conditions.as_deref()) == Some(true))
}
