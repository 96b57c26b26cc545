//! Suggest: claims for what nobody claims.
//!
//! In: a join. Out: [`Draft`]s, components with claims that together take every unclaimed object and take nothing from
//! anybody. Steps: a namespace that is itself unclaimed becomes one draft, with the owner label, Helm releases and GitOps
//! applications found in it; what is left is grouped by release, application and label, and else named one by one.
//!
//! Invariant: a drafted claim matches unclaimed objects only, so pasting it moves no object that has an owner.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    ownership::{Join, Owner, Spot, application, release},
    snapshot::{Object, qualified},
    sort::Sort,
    workspace::{Claim, Component, ComponentId, Duty, Fence, TeamId},
};

/// A component to be decided on.
#[derive(Debug)]
pub struct Draft {
    /// Suggested identifier, unique among declared components and drafts.
    pub id: String,
    /// What it was drafted from, one line.
    pub from: String,
    /// Claims.
    pub claims: Vec<Claim>,
    /// Unclaimed objects that they take.
    pub objects: usize,
}

impl Draft {
    /// The component that the draft becomes when it is pasted for this team.
    pub fn component(&self, team: &TeamId) -> Component {
        Component {
            id: ComponentId::new(self.id.as_str()),
            title: self.id.clone(),
            group: "To be sorted".to_owned(),
            fence: Fence::Outside,
            team: team.clone(),
            description: "Drafted from the cluster; say what it is.".to_owned(),
            part_of: None,
            duties: Duty::ALL.into_iter().map(|duty| (duty, team.clone())).collect(),
            claims: self.claims.clone(),
            optional: false,
            critical: false,
            recovery_point: None,
            recovery_time: None,
            restore_tested: None,
            product: None,
            version: None,
            skills: Vec::new(),
            kind: "software".to_owned(),
            provider_uuid: None,
            declared_at: "drafted".to_owned(),
        }
    }
}

/// Drafts for everything unclaimed, in a stable order.
pub fn suggest(join: &Join<'_>) -> Vec<Draft> {
    let mut drafting = Drafting::new(join);
    drafting.namespaces();
    drafting.shared();
    drafting.rest();
    drafting.drafts
}

struct Drafting<'j, 'a> {
    join: &'j Join<'a>,
    /// Unclaimed objects that no draft takes yet.
    open: BTreeSet<Spot>,
    ids: BTreeSet<String>,
    drafts: Vec<Draft>,
}

impl<'j, 'a> Drafting<'j, 'a> {
    fn new(join: &'j Join<'a>) -> Self {
        let open = join.spots().filter(|&spot| matches!(join.owner(spot), Owner::Unclaimed(_))).collect();
        let ids = join.workspace().components.iter().map(|component| component.id.to_string()).collect();
        Self { join, open, ids, drafts: Vec::new() }
    }

    fn object(&self, spot: Spot) -> Option<&'a Object> {
        self.join.object(spot)
    }

    /// What the claim takes, if all of it is unclaimed and not drafted yet.
    fn takes(&self, claim: &Claim) -> Option<Vec<Spot>> {
        let matched = self.join.matching(claim);
        (!matched.is_empty() && matched.iter().all(|spot| self.open.contains(spot))).then_some(matched)
    }

    /// Takes these objects off the open ones, with those that are unclaimed only because these are.
    fn close(&mut self, taken: &[Spot]) -> usize {
        let taken: BTreeSet<Spot> = taken.iter().copied().collect();
        let before = self.open.len();
        let join = self.join;
        self.open.retain(|spot| !taken.contains(spot) && !taken.contains(&join.decider(*spot)));
        before - self.open.len()
    }

    fn draft(&mut self, name: &str, from: String, claims: Vec<Claim>, taken: &[Spot]) {
        let objects = self.close(taken);
        let id = self.id(name);
        self.drafts.push(Draft { id, from, claims, objects });
    }

    /// A kebab-case identifier that is not in use.
    fn id(&mut self, name: &str) -> String {
        let mut base = String::new();
        for c in name.chars() {
            match c {
                'a'..='z' | '0'..='9' => base.push(c),
                'A'..='Z' => base.push(c.to_ascii_lowercase()),
                _ if !base.is_empty() && !base.ends_with('-') => base.push('-'),
                _ => {}
            }
        }
        let base = base.trim_end_matches('-');
        let base = match base.chars().next() {
            Some('a'..='z') => base.to_owned(),
            Some(_) => format!("component-{base}"),
            None => "component".to_owned(),
        };
        let numbered = (2..).map(|number| format!("{base}-{number}"));
        let id = std::iter::once(base.clone()).chain(numbered).find(|id| !self.ids.contains(id)).unwrap_or(base);
        self.ids.insert(id.clone());
        id
    }

    /// A namespace that is itself unclaimed, with everything in it.
    fn namespaces(&mut self) {
        let lists = &self.join.snapshot().lists;
        let is_namespace = |spot: &Spot| {
            lists.get(spot.list).is_some_and(|list| list.record.group.is_empty() && list.record.kind == "Namespace")
        };
        let unclaimed: Vec<Spot> = self.open.iter().copied().filter(is_namespace).collect();
        let mut by_label: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
        for spot in unclaimed {
            let Some(namespace) = self.object(spot) else { continue };
            let name = namespace.name.to_string();
            if let Some((key, value)) = self.join.unknown_owner(&name) {
                by_label.entry((key.to_owned(), value.to_owned())).or_default().push(name);
                continue;
            }
            let mut claims = vec![Claim { namespaces: vec![literal(&name)], ..Claim::default() }];
            let mut taken = self.join.matching(&claims[0]);
            taken.retain(|spot| self.open.contains(spot));
            let (found, more) = self.inside(&name);
            for (claim, spots) in more {
                claims.push(claim);
                taken.extend(spots);
            }
            let from = format!("namespace {name}{found}");
            self.draft(&name, from, claims, &taken);
        }
        for ((key, value), names) in by_label {
            let claim = Claim { namespace_labels: [(key.clone(), value.clone())].into(), ..Claim::default() };
            let mut taken = self.join.matching(&claim);
            taken.retain(|spot| self.open.contains(spot));
            let from = format!("owner label {key} = {value} on {}", names.join(", "));
            self.draft(&value, from, vec![claim], &taken);
        }
    }

    /// Releases and applications of a namespace, and claims for those that live there and cluster-wide only.
    fn inside(&self, namespace: &str) -> (String, Vec<(Claim, Vec<Spot>)>) {
        let (mut releases, mut applications) = (BTreeSet::new(), BTreeSet::new());
        for object in self.open.iter().filter_map(|&spot| self.object(spot)) {
            if &*object.namespace == namespace {
                match release(object) {
                    Some(name) => releases.insert(name.to_owned()),
                    None => application(object).is_some_and(|name| applications.insert(name.to_owned())),
                };
            }
        }
        applications.retain(|name| !releases.contains(name));
        let mut found = String::new();
        for (what, names) in [("Helm releases", &releases), ("applications", &applications)] {
            if !names.is_empty() {
                found.push_str(&format!("; {what} {}", names.iter().cloned().collect::<Vec<_>>().join(", ")));
            }
        }
        let releases =
            releases.into_iter().map(|name| Claim { helm_releases: vec![literal(&name)], ..Claim::default() });
        let applications =
            applications.into_iter().map(|name| Claim { applications: vec![literal(&name)], ..Claim::default() });
        let local = |spots: &[Spot]| {
            let places = spots.iter().filter_map(|&spot| self.object(spot));
            places.into_iter().all(|object| object.namespace.is_empty() || &*object.namespace == namespace)
        };
        let claims = releases
            .chain(applications)
            .filter_map(|claim| Some((self.takes(&claim)?, claim)))
            .filter(|(spots, _)| local(spots))
            .map(|(spots, claim)| (claim, spots));
        (found, claims.collect())
    }

    /// What is left, by what several objects have in common.
    fn shared(&mut self) {
        const LABELS: [&str; 4] = ["app.kubernetes.io/part-of", "app.kubernetes.io/name", "app", "k8s-app"];
        for spot in self.open.clone() {
            if !self.open.contains(&spot) {
                continue;
            }
            let Some(object) = self.object(spot) else { continue };
            let by_release = release(object).map(|name| {
                (
                    name.to_owned(),
                    format!("Helm release {name}"),
                    Claim { helm_releases: vec![literal(name)], ..Claim::default() },
                )
            });
            let by_application = application(object).map(|name| {
                (
                    name.to_owned(),
                    format!("application {name}"),
                    Claim { applications: vec![literal(name)], ..Claim::default() },
                )
            });
            let by_label = LABELS.iter().filter_map(|key| {
                let value = object.labels.get(*key)?.to_string();
                let labels = [((*key).to_owned(), value.clone())].into();
                Some((value.clone(), format!("label {key} = {value}"), Claim { labels, ..Claim::default() }))
            });
            let options = by_release.into_iter().chain(by_application).chain(by_label).collect::<Vec<_>>();
            let safe =
                options.into_iter().find_map(|(name, from, claim)| Some((self.takes(&claim)?, name, from, claim)));
            if let Some((taken, name, from, claim)) = safe {
                self.draft(&name, from, vec![claim], &taken);
            }
        }
    }

    /// What has nothing in common, by kind and name: one draft a namespace, one for the whole cluster.
    fn rest(&mut self) {
        #[derive(Default)]
        struct Named {
            names: Vec<String>,
            spots: Vec<Spot>,
        }
        let mut named: BTreeMap<String, BTreeMap<String, Named>> = BTreeMap::new();
        for &spot in &self.open {
            let key = self.join.key(spot);
            // What is unclaimed only because another object is follows that one.
            if self.join.decider(spot) != spot && self.open.contains(&self.join.decider(spot)) {
                continue;
            }
            let entry = named
                .entry(key.namespace.to_string())
                .or_default()
                .entry(qualified(&key.group, &key.kind))
                .or_default();
            entry.names.push(literal(&key.name));
            entry.spots.push(spot);
        }
        for (namespace, kinds) in named {
            let mut claims = Vec::new();
            let mut taken = Vec::new();
            for (kind, Named { mut names, spots }) in kinds {
                names.order();
                let namespaces = if namespace.is_empty() { Vec::new() } else { vec![literal(&namespace)] };
                claims.push(Claim { kinds: vec![kind], names, namespaces, ..Claim::default() });
                taken.extend(spots);
            }
            let (name, from) = match &*namespace {
                "" => ("cluster-wide-objects".to_owned(), "cluster-wide objects that nothing connects".to_owned()),
                namespace => (format!("{namespace}-rest"), format!("single objects in namespace {namespace}")),
            };
            self.draft(&name, from, claims, &taken);
        }
    }
}

/// A name as a glob that matches nothing else: stars and brackets of a hostile name must not match more.
fn literal(name: &str) -> String {
    let mut pattern = String::with_capacity(name.len());
    for c in name.chars() {
        if matches!(c, '*' | '?' | '[' | '{' | '\\') {
            pattern.extend(['[', c, ']']);
        } else {
            pattern.push(c);
        }
    }
    pattern
}
