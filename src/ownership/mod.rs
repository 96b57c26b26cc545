//! The ownership join: every object of a cluster to the component that answers for it.
//!
//! In: the workspace's claims and one snapshot. Out: a [`Join`], which knows root and owner of each object, and its
//! summary [`Ownership`].
//! Steps, for each object: find its owner-reference root; let claims decide the root (`claims`); what they leave open,
//! let them decide further down the chain, to the object itself; what is then still open may follow another object
//! (`kubernetes`: Kubernetes' own objects); the rest is unclaimed.
//!
//! Invariant: each object is decided once; work grows with objects plus claims, not with their product.

mod claims;
mod kubernetes;
pub(crate) mod pattern;
mod summary;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use serde::Deserialize;

use claims::{Candidate, Index, Winner};

pub(crate) use claims::{application, release};
use kubernetes::{Follow, Followed, Rules};

pub use summary::*;

use crate::{
    snapshot::{Completeness, Object, Snapshot, Source, reason},
    sort::Sort,
    workspace::{Claim, ComponentId, TeamId, Workspace},
};

/// An object by its place in the snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Spot {
    /// Index of the list.
    pub list: usize,
    /// Index within the list.
    pub object: usize,
}

/// Whose an object is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner<'j> {
    /// One component.
    Component(&'j ComponentId),
    /// Several components claim it equally specifically; each with the place of its claim.
    Contested(&'j [(ComponentId, String)]),
    /// Nobody, and why.
    Unclaimed(&'j str),
    /// The kind is left out: events, leases and their like.
    LeftOut,
}

#[derive(Debug, Clone, Copy)]
enum Case {
    Component(usize),
    Contested(usize),
    Unclaimed(usize),
}

#[derive(Debug, Clone, Copy)]
struct Place {
    /// The highest owner seen.
    root: Spot,
    /// The object whose claims or rules decided.
    decider: Spot,
    case: Case,
}

/// Owner and root of each object of one snapshot.
pub struct Join<'a> {
    workspace: &'a Workspace,
    snapshot: &'a Snapshot,
    /// One per list; `None` for kinds that nobody owns.
    places: Vec<Option<Vec<Place>>>,
    contests: Vec<Vec<(ComponentId, String)>>,
    reasons: Vec<String>,
    missing: Vec<Missing>,
}

/// What deciding needs at hand.
struct Deciding<'a> {
    snapshot: &'a Snapshot,
    index: Index<'a, 'a>,
    rules: &'static Rules,
    followed: Vec<Followed<'static>>,
    by_uid: HashMap<&'a str, Spot>,
    /// Fallback for owners without a UID, which supplied files may have: kind, namespace, name.
    by_name: HashMap<(&'a str, &'a str, &'a str), Spot>,
    namespaces: HashMap<&'a str, Spot>,
    claims: HashMap<(&'a str, &'a str), Spot>,
    resources: HashMap<&'a str, Spot>,
    places: Vec<Option<Vec<Option<Place>>>>,
    contests: Vec<Vec<(ComponentId, String)>>,
    reasons: Vec<String>,
    reason_numbers: HashMap<String, usize>,
}

/// Joins a snapshot with the workspace's claims.
pub fn join<'a>(workspace: &'a Workspace, snapshot: &'a Snapshot) -> Join<'a> {
    let mut deciding = Deciding::new(workspace, snapshot);
    for list in 0..snapshot.lists.len() {
        let count = deciding.places[list].as_ref().map_or(0, Vec::len);
        for object in 0..count {
            deciding.place(workspace, Spot { list, object }, 0);
        }
    }
    let places: Vec<Option<Vec<Place>>> =
        deciding.places.into_iter().map(|list| list.map(|places| places.into_iter().flatten().collect())).collect();
    let missing = missing(workspace, snapshot, &deciding.index, &places, &deciding.contests);
    Join { workspace, snapshot, places, contests: deciding.contests, reasons: deciding.reasons, missing }
}

impl<'a> Deciding<'a> {
    fn new(workspace: &'a Workspace, snapshot: &'a Snapshot) -> Self {
        let rules = Rules::embedded();
        let mut by_uid = HashMap::new();
        let mut by_name = HashMap::new();
        let mut namespaces = HashMap::new();
        let mut claims = HashMap::new();
        let mut resources = HashMap::new();
        let mut labelled = HashMap::new();
        let mut places = Vec::with_capacity(snapshot.lists.len());
        let mut followed = Vec::with_capacity(snapshot.lists.len());
        for (number, list) in snapshot.lists.iter().enumerate() {
            let record = &list.record;
            followed.push(rules.of_kind(&record.group, &record.kind));
            if rules.leaves_out(&record.group, &record.kind) {
                places.push(None);
                continue;
            }
            places.push(Some(vec![None; list.seen().len()]));
            for (index, object) in list.seen().iter().enumerate() {
                let spot = Spot { list: number, object: index };
                if object.uid.is_empty() {
                    by_name.insert((&*record.kind, &*object.namespace, &*object.name), spot);
                } else {
                    by_uid.insert(&*object.uid, spot);
                }
                match (&*record.group, &*record.kind) {
                    ("", "Namespace") => {
                        namespaces.insert(&*object.name, spot);
                        labelled.insert(&*object.name, object);
                    }
                    ("", "PersistentVolumeClaim") => {
                        claims.insert((&*object.namespace, &*object.name), spot);
                    }
                    ("apiextensions.k8s.io", "CustomResourceDefinition") => {
                        if let Some((_, group)) = object.name.split_once('.') {
                            resources.entry(group).or_insert(spot);
                        }
                    }
                    _ => {}
                }
            }
        }
        Self {
            snapshot,
            index: Index::new(workspace, labelled),
            rules,
            followed,
            by_uid,
            by_name,
            namespaces,
            claims,
            resources,
            places,
            contests: Vec::new(),
            reasons: Vec::new(),
            reason_numbers: HashMap::new(),
        }
    }

    fn object(&self, spot: Spot) -> &'a Object {
        &self.snapshot.lists[spot.list].seen()[spot.object]
    }

    /// The owner that manages the object, if it was seen.
    fn parent(&self, spot: Spot) -> Option<Spot> {
        let object = self.object(spot);
        let owner = object.owners.iter().find(|owner| owner.controller).or_else(|| object.owners.first())?;
        if self.rules.is_place(&self.snapshot.lists[spot.list].record.kind, &owner.kind) {
            return None;
        }
        let found = self.by_uid.get(&*owner.uid).or_else(|| {
            self.by_name
                .get(&(&*owner.kind, &*object.namespace, &*owner.name))
                .or_else(|| self.by_name.get(&(&*owner.kind, "", &*owner.name)))
        });
        found.copied().filter(|&parent| parent != spot)
    }

    /// What an unclaimed object follows, if that was seen.
    fn follows(&self, spot: Spot) -> Option<Spot> {
        let object = self.object(spot);
        let found = match self.followed[spot.list].follows(object)? {
            Follow::Namespace => self.namespaces.get(&*object.namespace).copied(),
            Follow::KubeSystem => self.namespaces.get("kube-system").copied(),
            Follow::Claim => {
                let body: VolumeBody<'_> = object.body().ok()?;
                let claim = body.spec?.claim_ref?;
                self.claims.get(&(claim.namespace.as_deref()?, claim.name.as_deref()?)).copied()
            }
            Follow::Resource => self.resources.get(object.name.split_once('.')?.1).copied(),
        };
        found.filter(|&followed| followed != spot)
    }

    fn place(&mut self, workspace: &Workspace, spot: Spot, depth: usize) -> Place {
        if let Some(known) = self.places[spot.list].as_ref().and_then(|places| places[spot.object]) {
            return known;
        }
        // Owner references of a real cluster are a few levels deep; a hostile one may be a circle.
        const DEEPEST: usize = 32;
        let parent = (depth < DEEPEST).then(|| self.parent(spot)).flatten();
        let above = parent.map(|parent| self.place(workspace, parent, depth + 1));
        let place = match above {
            Some(above) if !matches!(above.case, Case::Unclaimed(_)) => above,
            _ => {
                let root = above.map_or(spot, |above| above.root);
                self.decide(workspace, spot, root, above, depth)
            }
        };
        if let Some(places) = self.places[spot.list].as_mut() {
            places[spot.object] = Some(place);
        }
        place
    }

    /// Lets the object's own claims decide, then what it follows.
    fn decide(&mut self, workspace: &Workspace, spot: Spot, root: Spot, above: Option<Place>, depth: usize) -> Place {
        let candidate = Candidate { record: &self.snapshot.lists[spot.list].record, object: self.object(spot) };
        match self.index.winner(&candidate) {
            Winner::Component(component) => Place { root, decider: spot, case: Case::Component(component) },
            Winner::Several(claims) => {
                let number = self.contests.len();
                let named = claims
                    .into_iter()
                    .map(|(component, claim)| {
                        (workspace.components[component].id.clone(), self.index.claims[claim].declared_at.to_owned())
                    })
                    .collect();
                self.contests.push(named);
                Place { root, decider: spot, case: Case::Contested(number) }
            }
            Winner::Nobody => {
                if let Some(above) = above {
                    return above;
                }
                if depth < 32
                    && let Some(followed) = self.follows(spot)
                {
                    // It keeps its own root: it belongs where the other belongs, it is not made by it.
                    return Place { root, ..self.place(workspace, followed, depth + 1) };
                }
                let why = match self.index.unknown_owner(candidate.namespace()) {
                    Some((key, value)) => format!("owner label {key} = {value} is not declared"),
                    None => "no claim matches".to_owned(),
                };
                let next = self.reasons.len();
                let number = *self.reason_numbers.entry(why.clone()).or_insert(next);
                if number == next {
                    self.reasons.push(why);
                }
                Place { root, decider: spot, case: Case::Unclaimed(number) }
            }
        }
    }
}

#[derive(Deserialize)]
struct VolumeBody<'a> {
    #[serde(borrow)]
    spec: Option<VolumeSpec<'a>>,
}

#[derive(Deserialize)]
struct VolumeSpec<'a> {
    #[serde(rename = "claimRef", borrow)]
    claim_ref: Option<ClaimRef<'a>>,
}

#[derive(Deserialize)]
struct ClaimRef<'a> {
    #[serde(borrow)]
    namespace: Option<std::borrow::Cow<'a, str>>,
    #[serde(borrow)]
    name: Option<std::borrow::Cow<'a, str>>,
}

/// Components with claims of which nothing was seen.
fn missing(
    workspace: &Workspace,
    snapshot: &Snapshot,
    index: &Index<'_, '_>,
    places: &[Option<Vec<Place>>],
    contests: &[Vec<(ComponentId, String)>],
) -> Vec<Missing> {
    let mut seen = vec![false; workspace.components.len()];
    for place in places.iter().flatten().flatten() {
        if let Case::Component(component) = place.case {
            seen[component] = true;
        }
    }
    let contested: BTreeSet<&ComponentId> = contests.iter().flatten().map(|(component, _)| component).collect();
    let namespaces = snapshot.list("", "Namespace").and_then(|list| list.complete().ok());
    let unread: Vec<_> = snapshot
        .lists
        .iter()
        .map(|list| &list.record)
        .filter(|record| !matches!(record.completeness, Completeness::Complete | Completeness::Absent))
        .collect();
    workspace
        .components
        .iter()
        .enumerate()
        .filter(|&(number, component)| {
            !seen[number] && !component.optional && !component.claims.is_empty() && !contested.contains(&component.id)
        })
        .map(|(number, component)| {
            let could_be = index.claims.iter().filter(|claim| claim.component == number).any(|claim| {
                namespaces.is_none_or(|namespaces| claim.could_be_in(namespaces.iter()))
                    && (unasked(snapshot, claim) || unread.iter().any(|record| claim.could_match(record)))
            });
            Missing { component: component.id.clone(), proven: !could_be }
        })
        .collect()
}

/// Saved files hold the kinds that somebody thought of: one that is not among them may exist all the same. A collection
/// asks the API server which kinds there are.
fn unasked(snapshot: &Snapshot, claim: &claims::Ready<'_>) -> bool {
    let listed = |kind: &String| {
        let (group, name) = kind.rsplit_once('/').map_or((None, &**kind), |(group, name)| (Some(group), name));
        let records = snapshot.lists.iter().map(|list| &list.record);
        records.into_iter().any(|record| record.kind == name && group.is_none_or(|group| record.group == group))
    };
    snapshot.header.source == Source::Supplied && (claim.kinds().is_empty() || !claim.kinds().iter().all(listed))
}

impl<'a> Join<'a> {
    fn found(&self, spot: Spot) -> Option<Place> {
        self.places.get(spot.list)?.as_ref()?.get(spot.object).copied()
    }

    /// Whose the object is.
    pub fn owner(&self, spot: Spot) -> Owner<'_> {
        match self.found(spot).map(|place| place.case) {
            None => Owner::LeftOut,
            Some(Case::Component(component)) => Owner::Component(&self.workspace.components[component].id),
            Some(Case::Contested(number)) => Owner::Contested(&self.contests[number]),
            Some(Case::Unclaimed(number)) => Owner::Unclaimed(&self.reasons[number]),
        }
    }

    /// The component that owns the object, if exactly one does.
    pub fn component(&self, spot: Spot) -> Option<&'a crate::workspace::Component> {
        match self.found(spot)?.case {
            Case::Component(component) => self.workspace.components.get(component),
            _ => None,
        }
    }

    /// All objects, but those of kinds that nobody owns.
    pub fn spots(&self) -> impl Iterator<Item = Spot> + '_ {
        self.places.iter().enumerate().flat_map(|(list, places)| {
            (0..places.as_ref().map_or(0, Vec::len)).map(move |object| Spot { list, object })
        })
    }

    /// The objects that a claim would match, whatever else claims them.
    pub(crate) fn matching(&self, claim: &Claim) -> Vec<Spot> {
        let namespaces = self.snapshot.list("", "Namespace").map_or(&[][..], |list| list.seen());
        let namespaces = namespaces.iter().map(|namespace| (&*namespace.name, namespace)).collect();
        let ready = claims::Ready::new(0, claim);
        let matches = |spot: &Spot| {
            let list = &self.snapshot.lists[spot.list];
            let candidate = Candidate { record: &list.record, object: &list.seen()[spot.object] };
            ready.matches(&candidate, &namespaces).is_some()
        };
        self.spots().filter(matches).collect()
    }

    /// The label that names the owner of a namespace, with a value that no claim names.
    pub(crate) fn unknown_owner(&self, namespace: &str) -> Option<(&str, &str)> {
        let labels =
            &self.snapshot.list("", "Namespace")?.seen().iter().find(|object| &*object.name == namespace)?.labels;
        let claims = self.workspace.components.iter().flat_map(|component| &component.claims);
        claims.flat_map(|claim| claim.namespace_labels.keys()).find_map(|key| {
            let value = labels.get(key.as_str())?;
            let said = format!("owner label {key} = {value} is not declared");
            self.reasons.contains(&said).then_some((key.as_str(), &**value))
        })
    }

    /// Owners of the objects of one kind, by index within its list.
    pub(crate) fn owners(&self, group: &str, kind: &str) -> Owners<'_, 'a> {
        Owners { join: self, list: self.snapshot.number(group, kind) }
    }

    /// The highest owner seen of the object, or itself.
    pub fn root(&self, spot: Spot) -> Spot {
        self.found(spot).map_or(spot, |place| place.root)
    }

    /// The object whose claims, or lack of claims, decided: the root, or what the object follows, else itself.
    pub(crate) fn decider(&self, spot: Spot) -> Spot {
        self.found(spot).map_or(spot, |place| place.decider)
    }

    /// The object at a spot.
    pub fn object(&self, spot: Spot) -> Option<&'a Object> {
        self.snapshot.lists.get(spot.list)?.seen().get(spot.object)
    }

    /// Key of the object at a spot.
    pub fn key(&self, spot: Spot) -> ObjectKey {
        let list = &self.snapshot.lists[spot.list];
        let object = &list.seen()[spot.object];
        ObjectKey {
            group: Arc::from(&*list.record.group),
            kind: Arc::from(&*list.record.kind),
            namespace: object.namespace.clone(),
            name: object.name.clone(),
        }
    }

    /// The snapshot that was joined.
    pub fn snapshot(&self) -> &'a Snapshot {
        self.snapshot
    }

    /// The workspace that it was joined with.
    pub fn workspace(&self) -> &'a Workspace {
        self.workspace
    }

    /// The join as documents and commands show it.
    pub fn summary(&self) -> Ownership {
        let mut claimed: BTreeMap<ComponentId, Vec<ObjectKey>> = BTreeMap::new();
        let mut dependants: BTreeMap<Spot, (usize, usize)> = BTreeMap::new();
        let mut contested = Vec::new();
        for (number, places) in self.places.iter().enumerate() {
            let Some(places) = places else { continue };
            // One allocation a list for what all its keys share.
            let record = &self.snapshot.lists[number].record;
            let (group, kind): (Arc<str>, Arc<str>) = (Arc::from(&*record.group), Arc::from(&*record.kind));
            for (index, place) in places.iter().enumerate() {
                let spot = Spot { list: number, object: index };
                let object = &self.snapshot.lists[number].seen()[index];
                let key = || ObjectKey {
                    group: group.clone(),
                    kind: kind.clone(),
                    namespace: object.namespace.clone(),
                    name: object.name.clone(),
                };
                match place.case {
                    Case::Component(component) => {
                        claimed.entry(self.workspace.components[component].id.clone()).or_default().push(key());
                    }
                    Case::Contested(number) if place.decider == spot => {
                        contested.push(Contested { key: key(), claims: self.contests[number].clone() });
                    }
                    Case::Contested(_) => {}
                    Case::Unclaimed(reason) => {
                        let entry = dependants.entry(place.decider).or_insert((0, reason));
                        if place.decider != spot {
                            entry.0 += 1;
                        }
                    }
                }
            }
        }
        for keys in claimed.values_mut() {
            keys.sort_unstable();
        }
        let mut unclaimed: Vec<Unclaimed> = dependants
            .into_iter()
            .map(|(spot, (dependants, reason))| Unclaimed {
                key: self.key(spot),
                dependants,
                reason: self.reasons[reason].clone(),
            })
            .collect();
        unclaimed.order_by(|a, b| a.key.cmp(&b.key));
        contested.order_by(|a: &Contested, b| a.key.cmp(&b.key));
        let rules = Rules::embedded();
        let not_seen = self
            .snapshot
            .lists
            .iter()
            .map(|list| &list.record)
            .filter(|record| !matches!(record.completeness, Completeness::Complete | Completeness::Absent))
            .filter(|record| !rules.leaves_out(&record.group, &record.kind))
            .map(|record| (record.path.clone(), reason(record)))
            .collect();
        Ownership { claimed, unclaimed, contested, missing: self.missing.clone(), not_seen }
    }
}

/// Owners of the objects of one kind.
pub(crate) struct Owners<'j, 'a> {
    join: &'j Join<'a>,
    list: Option<usize>,
}

impl Owners<'_, '_> {
    /// Component and its accountable team; neither when nobody or several claim the object.
    pub(crate) fn of(&self, object: usize) -> (Option<ComponentId>, Option<TeamId>) {
        let component = self.list.and_then(|list| self.join.component(Spot { list, object }));
        (component.map(|component| component.id.clone()), component.map(|component| component.team.clone()))
    }

    /// The spot of an object.
    pub(crate) fn spot(&self, object: usize) -> Option<Spot> {
        self.list.map(|list| Spot { list, object })
    }
}

#[cfg(test)]
mod tests;
