//! The least rights that a collection needs, as a ClusterRole.
//!
//! In: the projections, what the user opts in to, and the kinds that discovery found. Out: [`ClusterRole`], printed as
//! YAML with a reason beside each rule, or as JSON.
//!
//! Invariant: no wildcard, no write verb; Secrets and kubelet configuration only when asked for.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::Serialize;

use super::projection::Projections;

/// Rights beyond the usual, each with a risk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Extra {
    /// Listing Secrets.
    Secrets,
    /// Reading the settings that kubelets run with, through the API server.
    Configz,
    /// Reading the API server's metrics.
    Metrics,
}

/// A ClusterRole, in the API's own field names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClusterRole {
    api_version: &'static str,
    kind: &'static str,
    metadata: Metadata,
    rules: Vec<Rule>,
    /// Groups whose kinds only the cluster knows, where nothing of them is among the rules.
    #[serde(skip)]
    unknown: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Metadata {
    name: &'static str,
}

/// A rule, with why it is there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    api_groups: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    resources: Vec<String>,
    #[serde(rename = "nonResourceURLs", skip_serializing_if = "Vec::is_empty")]
    non_resource_urls: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    resource_names: Vec<String>,
    verbs: Vec<&'static str>,
    #[serde(skip)]
    why: Vec<String>,
}

impl ClusterRole {
    /// The rights for everything that has a projection, for `extras`, and for the kinds that discovery found besides,
    /// as (group, resource, kind).
    pub fn new(projections: &Projections, extras: &BTreeSet<Extra>, discovered: &[(String, String, String)]) -> Self {
        let mut kubernetes: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        let mut addons: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        let mut rules = Vec::new();
        let mut named = Vec::new();
        for projection in projections.iter() {
            if projection.risk.is_some() {
                continue;
            }
            let groups = if projection.built_in { &mut kubernetes } else { &mut addons };
            groups.entry(&projection.group).or_default().insert(&projection.resource);
            for settings in &projection.settings {
                named.push((projection.resource.clone(), settings.name.clone()));
            }
        }
        for (group, resource, kind) in discovered {
            let risky = projections.get(group, kind).is_some_and(|projection| projection.risk.is_some());
            if !risky && !kubernetes.get(&**group).is_some_and(|known| known.contains(&**resource)) {
                addons.entry(group).or_default().insert(resource);
            }
        }
        rules.extend(kubernetes.into_iter().map(|(group, resources)| Rule::list(group, resources)));
        if let Some((resource, _)) = named.first() {
            rules.push(Rule {
                api_groups: vec![String::new()],
                resources: vec![resource.clone()],
                resource_names: named.iter().map(|(_, name)| name.clone()).collect(),
                verbs: vec!["get"],
                non_resource_urls: Vec::new(),
                why: vec![
                    "Known settings of what kubeadm wrote into kube-system; the rest of them is dropped.".to_owned(),
                ],
            });
        }
        let unknown =
            projections.open_groups().filter(|group| !addons.contains_key(group)).map(str::to_owned).collect();
        let mut first = true;
        for (group, resources) in addons {
            let mut rule = Rule::list(group, resources);
            if std::mem::take(&mut first) {
                rule.why.push(
                    "Add-ons and custom resources; a rule for one that is not installed grants nothing.".to_owned(),
                );
            }
            rules.push(rule);
        }
        if extras.contains(&Extra::Secrets) {
            for projection in projections.iter() {
                if let Some(risk) = &projection.risk {
                    let mut rule = Rule::list(&projection.group, [projection.resource.as_str()]);
                    rule.why = wrap(&format!("RISK: {}", risk.trim()));
                    rules.push(rule);
                }
            }
        }
        if extras.contains(&Extra::Configz) {
            rules.push(Rule {
                api_groups: vec![String::new()],
                resources: vec!["nodes/proxy".to_owned()],
                verbs: vec!["get"],
                why: wrap(
                    "RISK: through this right whoever holds it can run commands in every container of a node, because \
                     the kubelet takes them as GET requests that become a stream. The API server asks for it whatever \
                     path of a kubelet is meant; `nodes/configz` is enough only for whoever asks the kubelet itself, \
                     which collect does not. Grant it for the time of one collection, or to named nodes by \
                     `resourceNames`; the kubelet in turn has to let the API server read `nodes/configz`, as \
                     `system:kubelet-api-admin` does.",
                ),
                ..Rule::default()
            });
        }
        if extras.contains(&Extra::Metrics) {
            rules.push(Rule {
                non_resource_urls: vec!["/metrics".to_owned()],
                verbs: vec!["get"],
                why: wrap(
                    "RISK: all metrics of the API server, which name resources, users' agents and how much is asked of \
                     them. Of these only the counters of encryption at rest are kept.",
                ),
                ..Rule::default()
            });
        }
        Self {
            api_version: "rbac.authorization.k8s.io/v1",
            kind: "ClusterRole",
            metadata: Metadata { name: "scopefence-collect" },
            rules,
            unknown,
        }
    }
}

impl Rule {
    fn list<'a>(group: &str, resources: impl IntoIterator<Item = &'a str>) -> Self {
        Self {
            api_groups: vec![group.to_owned()],
            resources: resources.into_iter().map(str::to_owned).collect(),
            resource_names: Vec::new(),
            non_resource_urls: Vec::new(),
            verbs: vec!["list"],
            why: match group {
                "" => wrap(
                    "Of ConfigMaps only names, labels and owners are asked for, but the right to list them includes the \
                     right to read them.",
                ),
                _ => Vec::new(),
            },
        }
    }
}

fn wrap(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().filter(|line| line.len() + word.len() < 100);
        match line {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) => {
                line.push(' ');
                line.push_str(word);
            }
            None => lines.push(word.to_owned()),
        }
    }
    lines
}

/// As YAML. Every name in it comes from embedded data or from API discovery, whose names have no need of escaping
/// beyond quotes.
impl fmt::Display for ClusterRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "# The rights that `scopefence collect` needs, and no more: it only lists.")?;
        writeln!(
            f,
            "apiVersion: {}\nkind: {}\nmetadata:\n  name: {}\nrules:",
            self.api_version, self.kind, self.metadata.name
        )?;
        for rule in &self.rules {
            for line in &rule.why {
                writeln!(f, "  # {line}")?;
            }
            if !rule.non_resource_urls.is_empty() {
                writeln!(f, "  - nonResourceURLs: {}", quoted(&rule.non_resource_urls))?;
                writeln!(f, "    verbs: {}", quoted(&rule.verbs))?;
                continue;
            }
            writeln!(f, "  - apiGroups: {}", quoted(&rule.api_groups))?;
            if rule.resources.len() > 3 {
                writeln!(f, "    resources:")?;
                for resource in &rule.resources {
                    writeln!(f, "      - {}", quote(resource))?;
                }
            } else {
                writeln!(f, "    resources: {}", quoted(&rule.resources))?;
            }
            if !rule.resource_names.is_empty() {
                writeln!(f, "    resourceNames: {}", quoted(&rule.resource_names))?;
            }
            writeln!(f, "    verbs: {}", quoted(&rule.verbs))?;
        }
        if !self.unknown.is_empty() {
            writeln!(
                f,
                "# Not among them: kinds that each cluster defines for itself, in {}.\n\
                 # Where such a product is installed, `--live` asks the cluster for its kinds and adds them.",
                self.unknown.join(", ")
            )?;
        }
        write!(
            f,
            "# Bind it to whoever collects, for example:\n\
             # ---\n\
             # apiVersion: rbac.authorization.k8s.io/v1\n\
             # kind: ClusterRoleBinding\n\
             # metadata:\n\
             #   name: {name}\n\
             # roleRef:\n\
             #   apiGroup: rbac.authorization.k8s.io\n\
             #   kind: ClusterRole\n\
             #   name: {name}\n\
             # subjects:\n\
             #   - apiGroup: rbac.authorization.k8s.io\n\
             #     kind: Group\n\
             #     name: platform:evidence-readers",
            name = self.metadata.name
        )
    }
}

fn quoted(texts: &[impl AsRef<str>]) -> String {
    format!("[{}]", texts.iter().map(|text| quote(text.as_ref())).collect::<Vec<_>>().join(", "))
}

fn quote(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
