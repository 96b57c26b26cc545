//! RBAC objects as values: roles with aggregation, bindings with their subjects.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt,
    sync::Arc,
};

use serde::Deserialize;

use super::{Subject, WildcardRole, supplied};
use crate::{
    facts::{
        observed::Reading,
        selector::{Labels, Selector},
    },
    ownership::Join,
    snapshot::{BodyError, Object},
    sort::Sort,
};

/// Kubernetes' own roles and bindings carry this label.
pub(crate) fn is_default(object: &Object) -> bool {
    object.labels.get("kubernetes.io/bootstrapping").is_some_and(|value| &**value == "rbac-defaults")
}

/// One rule of a role.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Rule {
    #[serde(deserialize_with = "list")]
    pub(crate) api_groups: Vec<String>,
    #[serde(deserialize_with = "list")]
    pub(crate) resources: Vec<String>,
    #[serde(deserialize_with = "list")]
    pub(crate) verbs: Vec<String>,
    #[serde(deserialize_with = "list")]
    pub(crate) resource_names: Vec<String>,
    #[serde(rename = "nonResourceURLs", deserialize_with = "list")]
    pub(crate) urls: Vec<String>,
}

fn list<'de, D: serde::Deserializer<'de>>(input: D) -> Result<Vec<String>, D::Error> {
    Ok(Option::deserialize(input)?.unwrap_or_default())
}

impl Rule {
    /// API group and resource pairs; URLs count only where the grant is for the whole cluster.
    pub(crate) fn targets(&self, cluster_wide: bool) -> impl Iterator<Item = (&str, &str)> {
        let resources = self
            .api_groups
            .iter()
            .flat_map(move |group| self.resources.iter().map(move |resource| (&**group, &**resource)));
        // As a URL `*` is `/*`; as a resource it would be everything of the core group.
        let urls = self.urls.iter().filter(move |_| cluster_wide);
        let urls = urls.map(|url| ("", if url == "*" { "/*" } else { url.as_str() }));
        resources.chain(urls)
    }

    fn is_everything(&self) -> bool {
        let any = |list: &[String]| list.iter().any(|item| item == "*");
        any(&self.verbs) && any(&self.resources) && any(&self.api_groups) && self.resource_names.is_empty()
    }

    /// Which of its fields hold a wildcard.
    pub(crate) fn wildcards(&self) -> impl Iterator<Item = &'static str> {
        [("verbs", &self.verbs), ("resources", &self.resources), ("apiGroups", &self.api_groups)]
            .into_iter()
            .filter(|(_, list)| list.iter().any(|item| item == "*"))
            .map(|(name, _)| name)
    }
}

/// Body of a Role or ClusterRole.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct RoleBody {
    pub(crate) rules: Option<Vec<Rule>>,
    aggregation_rule: Option<Aggregation>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Aggregation {
    cluster_role_selectors: Option<Vec<Selector>>,
}

struct Role {
    rules: Vec<Rule>,
    labels: Arc<Labels>,
    selectors: Vec<Selector>,
    default: bool,
}

/// API group of roles and bindings.
pub(crate) const GROUP: &str = "rbac.authorization.k8s.io";

/// Roles and bindings of one snapshot, and beside them what was imported of other authorizers; an odd object makes the
/// reading partial.
pub(crate) fn read(reading: &mut Reading<'_>, join: &Join<'_>) -> (Roles, Vec<Binding>) {
    let mut roles = Roles::default();
    for (kind, cluster) in [("ClusterRole", true), ("Role", false)] {
        for object in reading.need(GROUP, kind) {
            if let Err(error) = roles.add(object, cluster) {
                reading.odd(object, error);
            }
        }
    }
    roles.aggregate();
    let mut bindings = Vec::new();
    for (kind, cluster) in [("ClusterRoleBinding", true), ("RoleBinding", false)] {
        for object in reading.need(GROUP, kind) {
            match Binding::parse(object, cluster) {
                Ok(binding) => bindings.push(binding),
                Err(error) => reading.odd(object, error),
            }
        }
    }
    bindings.extend(supplied::bindings(join, &mut roles));
    (roles, bindings)
}

/// All roles: ClusterRoles under an empty namespace.
#[derive(Default)]
pub(crate) struct Roles(BTreeMap<(String, String), Role>);

impl Roles {
    pub(crate) fn add(&mut self, object: &Object, cluster: bool) -> Result<(), BodyError> {
        let body: RoleBody = object.body()?;
        let selectors = body.aggregation_rule.and_then(|rule| rule.cluster_role_selectors).unwrap_or_default();
        let namespace = if cluster { String::new() } else { object.namespace.to_string() };
        self.0.insert(
            (namespace, object.name.to_string()),
            Role {
                rules: body.rules.unwrap_or_default(),
                labels: Arc::clone(&object.labels),
                selectors,
                default: is_default(object),
            },
        );
        Ok(())
    }

    /// Rights without a role object, under a name of their own.
    pub(super) fn add_rights(&mut self, name: String, rule: Rule) {
        let empty = Role { rules: Vec::new(), labels: Arc::default(), selectors: Vec::new(), default: false };
        let rules = &mut self.0.entry((String::new(), name)).or_insert(empty).rules;
        if !rules.contains(&rule) {
            rules.push(rule);
        }
    }

    /// Fills aggregated ClusterRoles whose rules the controller did not fill in, as in supplied manifests. Aggregates of
    /// aggregates need several rounds.
    pub(crate) fn aggregate(&mut self) {
        const MOST_ROUNDS: usize = 8;
        for _ in 0..MOST_ROUNDS {
            let mut filled = Vec::new();
            for (key, role) in self.0.iter().filter(|(_, role)| !role.selectors.is_empty()) {
                let mut added: Vec<Rule> = Vec::new();
                let selected = |other: &Role| role.selectors.iter().any(|selector| selector.selects(&other.labels));
                for (_, other) in self.0.iter().filter(|(other, _)| other.0.is_empty() && *other != key) {
                    if selected(other) {
                        let new = other.rules.iter().filter(|rule| !role.rules.contains(rule));
                        added.extend(new.cloned());
                    }
                }
                if !added.is_empty() {
                    filled.push((key.clone(), added));
                }
            }
            if filled.is_empty() {
                return;
            }
            for (key, added) in filled {
                if let Some(role) = self.0.get_mut(&key) {
                    for rule in added {
                        if !role.rules.contains(&rule) {
                            role.rules.push(rule);
                        }
                    }
                }
            }
        }
    }

    fn of(&self, binding: &Binding) -> Option<&Role> {
        let namespace = if binding.role_is_cluster { "" } else { &binding.namespace };
        self.0.get(&(namespace.to_owned(), binding.role.clone()))
    }

    /// Rules of the role that a binding grants; none when the role does not exist.
    pub(crate) fn rules(&self, binding: &Binding) -> &[Rule] {
        self.of(binding).map_or(&[], |role| &role.rules)
    }

    /// The binding grants every verb on every resource. `cluster-admin` does, whether its role was read or not.
    pub(crate) fn grants_everything(&self, binding: &Binding) -> bool {
        (binding.role_is_cluster && binding.role == "cluster-admin")
            || self.rules(binding).iter().any(Rule::is_everything)
    }

    /// The role that a binding names was read.
    pub(crate) fn has(&self, binding: &Binding) -> bool {
        self.of(binding).is_some()
    }

    /// The role is Kubernetes' own.
    pub(crate) fn is_default(&self, binding: &Binding) -> bool {
        self.of(binding).is_some_and(|role| role.default)
    }

    /// Rules of the role with this name: of a namespace, or the ClusterRole.
    pub(crate) fn named(&self, namespace: &str, name: &str) -> &[Rule] {
        self.0.get(&(namespace.to_owned(), name.to_owned())).map_or(&[], |role| &role.rules)
    }

    pub(crate) fn wildcards(&self) -> Vec<WildcardRole> {
        self.0
            .iter()
            .filter_map(|((namespace, name), role)| {
                let found: BTreeSet<&str> = role.rules.iter().flat_map(Rule::wildcards).collect();
                (!found.is_empty()).then(|| WildcardRole {
                    kind: if namespace.is_empty() { "ClusterRole" } else { "Role" }.to_owned(),
                    namespace: namespace.clone(),
                    name: name.clone(),
                    wildcards: found.into_iter().map(str::to_owned).collect(),
                    default: role.default,
                })
            })
            .collect()
    }
}

/// A ClusterRoleBinding or RoleBinding.
#[derive(Debug, Clone)]
pub(crate) struct Binding {
    /// Empty for a ClusterRoleBinding.
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) role: String,
    pub(crate) role_is_cluster: bool,
    pub(crate) subjects: Vec<Subject>,
    /// Kubernetes' own.
    pub(crate) default: bool,
    /// Where it comes from.
    pub(crate) origin: Origin,
}

/// Where a binding comes from.
#[derive(Debug, Clone)]
pub(crate) enum Origin {
    /// An object of the cluster.
    Object,
    /// Another authorizer, which grants what a role does: `Webhook grant (EKS access entries, 2026-11-20)`.
    Supplied(String),
    /// Another authorizer, which grants verbs on resources.
    Rights(String),
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct BindingBody {
    role_ref: RoleRef,
    subjects: Option<Vec<RawSubject>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RoleRef {
    kind: String,
    name: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawSubject {
    kind: String,
    name: String,
    namespace: Option<String>,
}

impl Binding {
    pub(crate) fn parse(object: &Object, cluster: bool) -> Result<Self, BodyError> {
        let body: BindingBody = object.body()?;
        let subject = |raw: RawSubject| Subject {
            namespace: match &*raw.kind {
                "ServiceAccount" => raw.namespace.unwrap_or_else(|| object.namespace.to_string()),
                _ => String::new(),
            },
            kind: raw.kind,
            name: raw.name,
        };
        Ok(Self {
            namespace: if cluster { String::new() } else { object.namespace.to_string() },
            name: object.name.to_string(),
            role: body.role_ref.name,
            role_is_cluster: body.role_ref.kind == "ClusterRole",
            subjects: body.subjects.unwrap_or_default().into_iter().map(subject).collect(),
            default: is_default(object),
            origin: Origin::Object,
        })
    }

    /// It comes from another authorizer.
    pub(crate) fn is_supplied(&self) -> bool {
        !matches!(self.origin, Origin::Object)
    }

    /// `ClusterRole edit`, `Role deployer`.
    pub(crate) fn role_kind_and_name(&self) -> String {
        match self.origin {
            Origin::Rights(_) => self.role.clone(),
            Origin::Object | Origin::Supplied(_) if self.role_is_cluster => format!("ClusterRole {}", self.role),
            Origin::Object | Origin::Supplied(_) => format!("Role {}", self.role),
        }
    }
}

impl fmt::Display for Binding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.origin {
            Origin::Supplied(from) | Origin::Rights(from) => f.write_str(from),
            Origin::Object if self.namespace.is_empty() => write!(f, "ClusterRoleBinding {}", self.name),
            Origin::Object => write!(f, "RoleBinding {}/{}", self.namespace, self.name),
        }
    }
}

/// Users and groups that stand for everybody.
pub(crate) fn is_anyone(subject: &Subject) -> bool {
    match &*subject.kind {
        "User" => subject.name == "system:anonymous",
        "Group" => {
            matches!(&*subject.name, "system:unauthenticated" | "system:authenticated" | "system:serviceaccounts")
        }
        _ => false,
    }
}

/// Made by Kubernetes itself, or by kubeadm so that nodes can join.
pub(crate) fn is_expected(binding: &Binding) -> bool {
    binding.default
        || (binding.role_is_cluster && binding.role == "system:public-info-viewer")
        || (binding.namespace == "kube-public" && binding.name == "kubeadm:bootstrap-signer-clusterinfo")
}

/// Verbs in the order in which kubectl documents them, unknown ones after.
pub(crate) fn ordered(verbs: &BTreeSet<String>) -> Vec<String> {
    const ORDER: [&str; 12] = [
        "*",
        "get",
        "list",
        "watch",
        "create",
        "update",
        "patch",
        "delete",
        "deletecollection",
        "impersonate",
        "bind",
        "escalate",
    ];
    let places: HashMap<&str, usize> = ORDER.iter().enumerate().map(|(place, verb)| (*verb, place)).collect();
    let mut sorted: Vec<String> = verbs.iter().cloned().collect();
    sorted.order_by_key(|verb| (places.get(&**verb).copied().unwrap_or(ORDER.len()), verb.clone()));
    sorted
}
