//! Claims, indexed: which components claim an object, and how specifically.
//!
//! Fields of a claim AND, claims of a component OR. The most specific matching claim wins: name > release or GitOps
//! application > label > exact namespace > longest glob prefix > kind > API group. A claim is measured by all its
//! fields, so of two claims that agree on the first, the one with the more specific second field wins; what is then
//! still equal, between different components, is contested. Claims of kinds or API groups alone match cluster-scoped
//! objects only.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::pattern::{self, Pattern};
use crate::{
    snapshot::{ListRecord, Object},
    workspace::{Claim, Workspace},
};

/// How specific a match is, most significant field first; see the module's first lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Specificity([usize; 7]);

impl Specificity {
    /// Nothing but globs over namespaces, kinds or API groups: a guess where an owner label says something else.
    fn is_loose(self) -> bool {
        self.0[..4] == [0; 4]
    }
}

/// An object as claims see it.
pub(super) struct Candidate<'a> {
    pub(super) record: &'a ListRecord,
    pub(super) object: &'a Object,
}

impl<'a> Candidate<'a> {
    /// Namespace of the object; a Namespace's own name.
    pub(super) fn namespace(&self) -> &'a str {
        if self.record.kind == "Namespace" && self.record.group.is_empty() {
            &self.object.name
        } else {
            &self.object.namespace
        }
    }

    /// API groups it speaks for: its own, and the one that a CustomResourceDefinition or APIService serves.
    fn groups(&self) -> impl Iterator<Item = &'a str> {
        let served = match (&*self.record.group, &*self.record.kind) {
            ("apiextensions.k8s.io", "CustomResourceDefinition") | ("apiregistration.k8s.io", "APIService") => {
                self.object.name.split_once('.').map(|(_, group)| group)
            }
            _ => None,
        };
        std::iter::once(&*self.record.group).chain(served)
    }
}

/// Helm releases that an object says it belongs to.
pub(crate) fn release(object: &Object) -> Option<&str> {
    let label = |key: &str| object.labels.get(key).map(|value| &**value);
    if let Some(name) = object.annotations.get("meta.helm.sh/release-name") {
        return Some(name);
    }
    if label("owner") == Some("helm") {
        return label("name");
    }
    let by_helm = label("app.kubernetes.io/managed-by") == Some("Helm")
        || label("heritage") == Some("Helm")
        || label("helm.sh/chart").is_some();
    by_helm.then(|| label("app.kubernetes.io/instance").or_else(|| label("release"))).flatten()
}

/// GitOps application that an object says it was delivered by (Argo CD Application, Flux Kustomization or HelmRelease).
pub(crate) fn application(object: &Object) -> Option<&str> {
    let label = |key: &str| object.labels.get(key).map(|value| &**value);
    if let Some((name, _)) =
        object.annotations.get("argocd.argoproj.io/tracking-id").and_then(|tracking| tracking.split_once(':'))
    {
        return Some(name);
    }
    label("argocd.argoproj.io/instance")
        .or_else(|| label("kustomize.toolkit.fluxcd.io/name"))
        .or_else(|| label("helm.toolkit.fluxcd.io/name"))
        .or_else(|| label("app.kubernetes.io/instance"))
}

/// One claim, ready to be matched.
#[derive(Debug)]
pub(super) struct Ready<'w> {
    /// Index into the workspace's components.
    pub(super) component: usize,
    pub(super) declared_at: &'w str,
    names: Vec<Pattern>,
    releases: Vec<Pattern>,
    applications: Vec<Pattern>,
    labels: &'w BTreeMap<String, String>,
    namespaces: Vec<Pattern>,
    namespace_labels: &'w BTreeMap<String, String>,
    kinds: &'w [String],
    groups: Vec<Pattern>,
}

fn carries(labels: &BTreeMap<std::sync::Arc<str>, std::sync::Arc<str>>, wanted: &BTreeMap<String, String>) -> bool {
    wanted.iter().all(|(key, value)| labels.get(key.as_str()).is_some_and(|have| value == "*" || **have == **value))
}

fn is_kind(kinds: &[String], group: &str, kind: &str) -> bool {
    kinds.iter().any(|wanted| match wanted.rsplit_once('/') {
        None => wanted == kind,
        Some((wanted_group, wanted_kind)) => wanted_kind == kind && wanted_group == group,
    })
}

/// The most literal of the patterns that match.
fn best(patterns: &[Pattern], name: &str) -> Option<usize> {
    patterns.iter().filter(|pattern| pattern.matches(name)).map(|pattern| pattern.literal().saturating_add(1)).max()
}

impl<'w> Ready<'w> {
    pub(super) fn new(component: usize, claim: &'w Claim) -> Self {
        Self {
            component,
            declared_at: &claim.declared_at,
            names: Pattern::list(&claim.names),
            releases: Pattern::list(&claim.helm_releases),
            applications: Pattern::list(&claim.applications),
            labels: &claim.labels,
            namespaces: Pattern::list(&claim.namespaces),
            namespace_labels: &claim.namespace_labels,
            kinds: &claim.kinds,
            groups: Pattern::list(&claim.api_groups),
        }
    }

    fn asks_nothing(&self) -> bool {
        !self.narrows() && self.kinds.is_empty() && self.groups.is_empty()
    }

    /// It has a field beside kind and API group.
    fn narrows(&self) -> bool {
        !(self.names.is_empty()
            && self.releases.is_empty()
            && self.applications.is_empty()
            && self.labels.is_empty()
            && self.namespaces.is_empty()
            && self.namespace_labels.is_empty())
    }

    /// How specifically the claim matches, if it does.
    pub(super) fn matches(
        &self,
        candidate: &Candidate<'_>,
        namespaces: &HashMap<&str, &Object>,
    ) -> Option<Specificity> {
        let mut specificity = Specificity::default();
        let object = candidate.object;
        if self.asks_nothing() || (!self.narrows() && !object.namespace.is_empty()) {
            return None;
        }
        if !self.names.is_empty() {
            specificity.0[0] = best(&self.names, &object.name)?;
        }
        if !self.releases.is_empty() {
            release(object).filter(|release| pattern::any(&self.releases, release))?;
            specificity.0[1] = 1;
        }
        if !self.applications.is_empty() {
            application(object).filter(|application| pattern::any(&self.applications, application))?;
            specificity.0[1] = 1;
        }
        if !self.labels.is_empty() {
            carries(&object.labels, self.labels).then_some(())?;
            specificity.0[2] = 1;
        }
        if !self.namespace_labels.is_empty() {
            let namespace = namespaces.get(candidate.namespace())?;
            carries(&namespace.labels, self.namespace_labels).then_some(())?;
            specificity.0[2] = 1;
        }
        if !self.namespaces.is_empty() {
            let namespace = candidate.namespace();
            if namespace.is_empty() {
                return None;
            }
            match best(&self.namespaces, namespace)? {
                usize::MAX => specificity.0[3] = 1,
                prefix => specificity.0[4] = prefix,
            }
        }
        if !self.kinds.is_empty() {
            is_kind(self.kinds, &candidate.record.group, &candidate.record.kind).then_some(())?;
            specificity.0[5] = 1;
        }
        if !self.groups.is_empty() {
            candidate.groups().any(|group| pattern::any(&self.groups, group)).then_some(())?;
            specificity.0[6] = 1;
        }
        Some(specificity)
    }

    /// An object of this list could match, as far as kind and group say.
    pub(super) fn could_match(&self, record: &ListRecord) -> bool {
        if self.asks_nothing() || (!self.narrows() && record.namespaced) {
            return false;
        }
        let anywhere = self.namespaces.is_empty() && self.namespace_labels.is_empty();
        if !(anywhere || record.namespaced || record.kind == "Namespace") {
            return false;
        }
        (self.kinds.is_empty() || is_kind(self.kinds, &record.group, &record.kind))
            && (self.groups.is_empty()
                || pattern::any(&self.groups, &record.group)
                || matches!(&*record.kind, "CustomResourceDefinition" | "APIService"))
    }

    /// The kinds that it is limited to, if it is.
    pub(super) fn kinds(&self) -> &[String] {
        self.kinds
    }

    /// One of these namespaces could hold an object of the claim.
    pub(super) fn could_be_in<'n>(&self, mut namespaces: impl Iterator<Item = &'n Object>) -> bool {
        (self.namespaces.is_empty() && self.namespace_labels.is_empty())
            || namespaces.any(|namespace| {
                (self.namespaces.is_empty() || pattern::any(&self.namespaces, &namespace.name))
                    && carries(&namespace.labels, self.namespace_labels)
            })
    }
}

/// Who wins an object.
pub(super) enum Winner {
    /// Nobody claims it.
    Nobody,
    /// One component.
    Component(usize),
    /// Several components, equally specifically: component and claim.
    Several(Vec<(usize, usize)>),
}

/// All claims of a workspace, found by what an object has instead of one by one.
pub(super) struct Index<'w, 's> {
    pub(super) claims: Vec<Ready<'w>>,
    namespaces: HashMap<&'s str, &'s Object>,
    by_name: HashMap<&'w str, Vec<usize>>,
    by_release: HashMap<&'w str, Vec<usize>>,
    by_application: HashMap<&'w str, Vec<usize>>,
    by_label: HashMap<(&'w str, &'w str), Vec<usize>>,
    by_kind: HashMap<&'w str, Vec<usize>>,
    by_namespace: HashMap<&'s str, Vec<usize>>,
    /// Claims that no exact key finds: globs over names, releases, groups.
    scan: Vec<usize>,
    owner_keys: BTreeMap<&'w str, BTreeSet<&'w str>>,
}

impl<'w, 's> Index<'w, 's> {
    pub(super) fn new(workspace: &'w Workspace, namespaces: HashMap<&'s str, &'s Object>) -> Self {
        let mut index = Self {
            claims: Vec::new(),
            namespaces,
            by_name: HashMap::new(),
            by_release: HashMap::new(),
            by_application: HashMap::new(),
            by_label: HashMap::new(),
            by_kind: HashMap::new(),
            by_namespace: HashMap::new(),
            scan: Vec::new(),
            owner_keys: BTreeMap::new(),
        };
        let mut in_namespaces = Vec::new();
        for (component, declared) in workspace.components.iter().enumerate() {
            for claim in &declared.claims {
                let number = index.claims.len();
                let ready = Ready::new(component, claim);
                for (key, value) in &claim.namespace_labels {
                    index.owner_keys.entry(key).or_default().insert(value);
                }
                let exact = |patterns: &[Pattern]| {
                    !patterns.is_empty() && patterns.iter().all(|pattern| pattern.exact().is_some())
                };
                if exact(&ready.names) {
                    file(&mut index.by_name, &claim.names, number);
                } else if exact(&ready.releases) {
                    file(&mut index.by_release, &claim.helm_releases, number);
                } else if exact(&ready.applications) {
                    file(&mut index.by_application, &claim.applications, number);
                } else if let Some((key, value)) = claim.labels.first_key_value() {
                    index.by_label.entry((key, value)).or_default().push(number);
                } else if !(claim.namespaces.is_empty() && claim.namespace_labels.is_empty()) {
                    in_namespaces.push(number);
                } else if !claim.kinds.is_empty() {
                    for kind in &claim.kinds {
                        let kind = kind.rsplit_once('/').map_or(&**kind, |(_, kind)| kind);
                        index.by_kind.entry(kind).or_default().push(number);
                    }
                } else {
                    index.scan.push(number);
                }
                index.claims.push(ready);
            }
        }
        // Namespaces are few and objects many: decide which claims concern a namespace once.
        for (&name, namespace) in &index.namespaces {
            let concerned: Vec<usize> = in_namespaces
                .iter()
                .copied()
                .filter(|&number| index.claims[number].could_be_in(std::iter::once(*namespace)))
                .collect();
            index.by_namespace.insert(name, concerned);
        }
        // Without a complete list of namespaces, objects can sit in one that was not seen.
        index.by_namespace.insert("", in_namespaces);
        index
    }

    /// The component whose claim matches most specifically.
    pub(super) fn winner(&self, candidate: &Candidate<'_>) -> Winner {
        let object = candidate.object;
        let none: &[usize] = &[];
        let found = |list: Option<&'_ Vec<usize>>| list.map_or(none.to_vec(), Clone::clone);
        let namespace = candidate.namespace();
        let mut numbers = found(self.by_name.get(&*object.name));
        if let Some(release) = release(object) {
            numbers.extend(self.by_release.get(release).into_iter().flatten());
        }
        if let Some(application) = application(object) {
            numbers.extend(self.by_application.get(application).into_iter().flatten());
        }
        if !self.by_label.is_empty() {
            for (key, value) in &*object.labels {
                numbers.extend(self.by_label.get(&(&**key, &**value)).into_iter().flatten());
                numbers.extend(self.by_label.get(&(&**key, "*")).into_iter().flatten());
            }
        }
        if !namespace.is_empty() {
            numbers
                .extend(self.by_namespace.get(namespace).or_else(|| self.by_namespace.get("")).into_iter().flatten());
        }
        numbers.extend(self.by_kind.get(&*candidate.record.kind).into_iter().flatten());
        numbers.extend(&self.scan);

        let guesses_barred = self.unknown_owner(namespace).is_some();
        let mut best = Specificity::default();
        let mut winners: Vec<(usize, usize)> = Vec::new();
        for number in numbers {
            let claim = &self.claims[number];
            let Some(specificity) = claim.matches(candidate, &self.namespaces) else { continue };
            if guesses_barred && specificity.is_loose() {
                continue;
            }
            if specificity > best {
                best = specificity;
                winners.clear();
            }
            if specificity == best && !winners.iter().any(|&(component, _)| component == claim.component) {
                winners.push((claim.component, number));
            }
        }
        winners.sort_unstable();
        match winners[..] {
            [] => Winner::Nobody,
            [(component, _)] => Winner::Component(component),
            _ => Winner::Several(winners),
        }
    }

    /// The namespace carries a label that some claim reads as the owner, with a value that no claim names.
    pub(super) fn unknown_owner(&self, namespace: &str) -> Option<(&'w str, &'s str)> {
        let labels = &self.namespaces.get(namespace)?.labels;
        self.owner_keys.iter().find_map(|(&key, known)| {
            let value = &**labels.get(key)?;
            (!known.contains(value) && !known.contains("*")).then_some((key, value))
        })
    }
}

fn file<'w>(index: &mut HashMap<&'w str, Vec<usize>>, keys: &'w [String], number: usize) {
    for key in keys {
        index.entry(key).or_default().push(number);
    }
}
