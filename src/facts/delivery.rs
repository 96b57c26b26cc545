//! Delivery: what Argo CD and Flux keep in step with its source, and which workloads neither of them does.
//!
//! An object is under GitOps when it carries a tool's mark (Argo CD's tracking annotation or instance label, Flux's
//! Kustomization or HelmRelease labels), or when an Application lists it among its resources.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{
    nodes::{Condition, ready},
    observed::{Observed, Reading, State},
};
use crate::{
    ownership::{Join, release},
    snapshot::{BodyError, Object},
    sort::Sort,
    workspace::{ComponentId, TeamId},
};

/// Delivery of workloads.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Delivery {
    /// What delivers, by tool, kind, namespace and name.
    pub deliveries: Vec<Delivered>,
    /// Argo CD's projects, by namespace and name.
    pub projects: Vec<Project>,
    /// Workloads under GitOps and in all, by team.
    pub shares: Vec<Share>,
    /// Workloads that no delivery tool marks, by team, namespace, kind and name.
    pub outside: Vec<Outside>,
}

/// An Argo CD Application, or a Flux Kustomization or HelmRelease.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Delivered {
    /// `Argo CD` or `Flux`.
    pub tool: String,
    /// Kind.
    pub kind: String,
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Component it belongs to.
    pub component: Option<ComponentId>,
    /// Team accountable for the component.
    pub team: Option<TeamId>,
    /// Where it comes from: repositories without user names and queries, or the name of a Flux source.
    pub sources: Vec<String>,
    /// Namespace it delivers to.
    pub destination: String,
    /// Argo CD's project.
    pub project: Option<String>,
    /// `Synced`, `OutOfSync`, `Unknown`; for Flux `Ready`, `Not ready`, `Suspended`.
    pub sync: String,
    /// Argo CD's health status, or Flux' reason.
    pub health: String,
    /// It is applied without a person.
    pub automated: bool,
    /// Objects that the source drops are deleted.
    pub prune: bool,
    /// Changes made by hand are undone.
    pub self_heal: bool,
}

/// An Argo CD AppProject.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Project {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Repositories it allows.
    pub sources: Vec<String>,
    /// Destinations it allows, as `namespace on server`.
    pub destinations: Vec<String>,
    /// Every repository is allowed.
    pub any_source: bool,
    /// Every namespace of a cluster is allowed.
    pub any_destination: bool,
}

/// Workloads of a team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Share {
    /// Team; `None` for those of nobody.
    pub team: Option<TeamId>,
    /// Workloads under GitOps.
    pub delivered: usize,
    /// Workloads in all.
    pub workloads: usize,
}

/// A workload that no delivery tool marks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Outside {
    /// Team accountable for its component.
    pub team: Option<TeamId>,
    /// Namespace.
    pub namespace: String,
    /// Kind.
    pub kind: String,
    /// Name.
    pub name: String,
    /// It says that Helm installed it.
    pub helm: bool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ApplicationBody {
    spec: ApplicationSpec,
    status: ApplicationStatus,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ApplicationSpec {
    project: Option<String>,
    destination: Destination,
    source: Option<Source>,
    sources: Option<Vec<Source>>,
    sync_policy: Option<SyncPolicy>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Destination {
    namespace: Option<String>,
    server: Option<String>,
    name: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Source {
    #[serde(rename = "repoURL")]
    repo_url: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct SyncPolicy {
    automated: Option<Automated>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Automated {
    enabled: Option<bool>,
    prune: Option<bool>,
    self_heal: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ApplicationStatus {
    sync: Status,
    health: Status,
    resources: Option<Vec<Resource>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Status {
    status: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Resource {
    kind: String,
    namespace: Option<String>,
    name: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct ProjectBody {
    spec: ProjectSpec,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ProjectSpec {
    source_repos: Option<Vec<String>>,
    destinations: Option<Vec<Destination>>,
}

impl ProjectBody {
    /// Every repository is allowed.
    pub(crate) fn any_source(&self) -> bool {
        self.spec.source_repos.iter().flatten().any(|repository| repository == "*")
    }

    fn any_destination(&self) -> bool {
        self.spec.destinations.iter().flatten().any(|it| it.namespace.as_deref() == Some("*"))
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct FluxBody {
    spec: FluxSpec,
    status: FluxStatus,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct FluxSpec {
    source_ref: Option<Reference>,
    chart_ref: Option<Reference>,
    chart: Option<Chart>,
    target_namespace: Option<String>,
    suspend: Option<bool>,
    prune: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Chart {
    spec: ChartSpec,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ChartSpec {
    source_ref: Option<Reference>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Reference {
    kind: String,
    namespace: Option<String>,
    name: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct FluxStatus {
    conditions: Option<Vec<Condition>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct SourceBody {
    spec: SourceSpec,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct SourceSpec {
    url: Option<String>,
}

/// Kind, namespace and name of an object that an Application lists.
pub(crate) type Listed = (String, String, String);

/// What one Application lists among its resources.
pub(crate) fn listed(object: &Object) -> Result<Vec<Listed>, BodyError> {
    let body: ApplicationBody = object.body()?;
    Ok(body.status.listed())
}

impl ApplicationStatus {
    fn listed(self) -> Vec<Listed> {
        let resources = self.resources.unwrap_or_default().into_iter();
        resources.map(|it| (it.kind, it.namespace.unwrap_or_default(), it.name)).collect()
    }
}

/// A delivery tool's own mark on an object. The label `app.kubernetes.io/instance` is none: Helm sets it as well.
pub(crate) fn marked(object: &Object) -> bool {
    object.annotations.contains_key("argocd.argoproj.io/tracking-id")
        || ["argocd.argoproj.io/instance", "kustomize.toolkit.fluxcd.io/name", "helm.toolkit.fluxcd.io/name"]
            .iter()
            .any(|key| object.labels.contains_key(*key))
}

/// Kinds that are workloads when nothing made them.
pub(crate) const WORKLOADS: [(&str, &str); 5] =
    [("apps", "DaemonSet"), ("apps", "Deployment"), ("apps", "StatefulSet"), ("batch", "CronJob"), ("batch", "Job")];

pub(super) fn observe(join: &Join<'_>) -> Observed<Delivery> {
    let mut reading = Reading::new(join.snapshot());
    let mut found = Delivery::default();
    let mut listed: BTreeSet<Listed> = BTreeSet::new();
    argo(join, &mut reading, &mut found, &mut listed);
    flux(join, &mut reading, &mut found);
    if !reading.found_any() {
        reading.worsen(State::Absent, "neither Argo CD nor Flux is installed".to_owned());
        return reading.finish(found);
    }
    let mut shares: BTreeMap<Option<TeamId>, (usize, usize)> = BTreeMap::new();
    for (group, kind) in WORKLOADS {
        let owners = join.owners(group, kind);
        for (index, object) in reading.need(group, kind).iter().enumerate() {
            // What another object made is delivered with that one.
            if !object.owners.is_empty() {
                continue;
            }
            let (_, team) = owners.of(index);
            let key = (kind.to_owned(), object.namespace.to_string(), object.name.to_string());
            let share = shares.entry(team.clone()).or_default();
            share.1 += 1;
            if marked(object) || listed.contains(&key) {
                share.0 += 1;
                continue;
            }
            let (kind, namespace, name) = key;
            found.outside.push(Outside { team, namespace, kind, name, helm: release(object).is_some() });
        }
    }
    found.shares =
        shares.into_iter().map(|(team, (delivered, workloads))| Share { team, delivered, workloads }).collect();
    found.deliveries.order();
    found.projects.order();
    found.outside.order();
    reading.finish(found)
}

fn argo(join: &Join<'_>, reading: &mut Reading<'_>, found: &mut Delivery, listed: &mut BTreeSet<Listed>) {
    let owners = join.owners("argoproj.io", "Application");
    for (index, object) in reading.wish("argoproj.io", "Application").iter().enumerate() {
        let Some(ApplicationBody { spec, status }) = reading.body::<ApplicationBody>(object) else { continue };
        let (component, team) = owners.of(index);
        let automated = spec.sync_policy.and_then(|policy| policy.automated).filter(|it| it.enabled != Some(false));
        found.deliveries.push(Delivered {
            tool: "Argo CD".to_owned(),
            kind: "Application".to_owned(),
            namespace: object.namespace.to_string(),
            name: object.name.to_string(),
            component,
            team,
            sources: spec.source.into_iter().chain(spec.sources.into_iter().flatten()).map(|it| it.repo_url).collect(),
            destination: spec.destination.namespace.unwrap_or_default(),
            project: spec.project,
            sync: status.sync.status.clone(),
            health: status.health.status.clone(),
            prune: automated.as_ref().is_some_and(|it| it.prune == Some(true)),
            self_heal: automated.as_ref().is_some_and(|it| it.self_heal == Some(true)),
            automated: automated.is_some(),
        });
        listed.extend(status.listed());
    }
    for object in reading.wish("argoproj.io", "AppProject") {
        let Some(body) = reading.body::<ProjectBody>(object) else { continue };
        let destinations = body.spec.destinations.iter().flatten().map(|it| {
            let server = it.server.as_deref().or(it.name.as_deref()).unwrap_or("*");
            format!("{} on {server}", it.namespace.as_deref().unwrap_or("*"))
        });
        found.projects.push(Project {
            namespace: object.namespace.to_string(),
            name: object.name.to_string(),
            destinations: destinations.collect(),
            any_source: body.any_source(),
            any_destination: body.any_destination(),
            sources: body.spec.source_repos.unwrap_or_default(),
        });
    }
}

fn flux(join: &Join<'_>, reading: &mut Reading<'_>, found: &mut Delivery) {
    let mut urls: BTreeMap<(String, String, String), String> = BTreeMap::new();
    for kind in ["GitRepository", "OCIRepository", "HelmRepository"] {
        for object in reading.wish("source.toolkit.fluxcd.io", kind) {
            if let Some(url) = reading.body::<SourceBody>(object).and_then(|body| body.spec.url) {
                urls.insert((kind.to_owned(), object.namespace.to_string(), object.name.to_string()), url);
            }
        }
    }
    for (group, kind) in [("kustomize.toolkit.fluxcd.io", "Kustomization"), ("helm.toolkit.fluxcd.io", "HelmRelease")] {
        let owners = join.owners(group, kind);
        for (index, object) in reading.wish(group, kind).iter().enumerate() {
            let Some(FluxBody { spec, status }) = reading.body::<FluxBody>(object) else { continue };
            let (component, team) = owners.of(index);
            let source = spec.source_ref.or(spec.chart_ref).or(spec.chart.and_then(|chart| chart.spec.source_ref));
            let sources = source.map(|it| {
                let namespace = it.namespace.unwrap_or_else(|| object.namespace.to_string());
                let text = format!("{} {namespace}/{}", it.kind, it.name);
                urls.get(&(it.kind, namespace, it.name)).cloned().unwrap_or(text)
            });
            let conditions = status.conditions.as_deref();
            let suspended = spec.suspend == Some(true);
            let sync = match (suspended, ready(conditions)) {
                (true, _) => "Suspended",
                (_, Some(true)) => "Ready",
                (_, Some(false)) => "Not ready",
                (_, None) => "Unknown",
            };
            let reason = conditions.and_then(|list| list.iter().find(|it| it.kind == "Ready"));
            found.deliveries.push(Delivered {
                tool: "Flux".to_owned(),
                kind: kind.to_owned(),
                namespace: object.namespace.to_string(),
                name: object.name.to_string(),
                component,
                team,
                sources: sources.into_iter().collect(),
                destination: spec.target_namespace.unwrap_or_default(),
                project: None,
                sync: sync.to_owned(),
                health: reason.and_then(|it| it.reason.clone()).unwrap_or_default(),
                automated: !suspended,
                prune: spec.prune == Some(true),
                // Flux applies again at each interval what was changed by hand.
                self_heal: !suspended && kind == "Kustomization",
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        assess::testing::{labelled, list, object, snapshot, workspace},
        ownership,
    };

    fn seen(lists: Vec<crate::snapshot::List>) -> Observed<Delivery> {
        let (snapshot, workspace) = (snapshot(lists), workspace(Vec::new()));
        observe(&ownership::join(&workspace, &snapshot))
    }

    #[test]
    fn workloads_without_a_mark_are_named_and_a_helm_label_is_no_mark() {
        let mut tracked = object("shop", "tracked", json!({}));
        tracked.annotations.insert("argocd.argoproj.io/tracking-id".into(), "shop:apps/Deployment:shop/tracked".into());
        let by_flux = labelled(object("shop", "by-flux", json!({})), &[("kustomize.toolkit.fluxcd.io/name", "shop")]);
        let helm = [("app.kubernetes.io/managed-by", "Helm"), ("app.kubernetes.io/instance", "shop")];
        // The recorded cluster's Application, with the resources that Argo CD's status carries.
        let application = json!({
            "spec": { "project": "default", "destination": { "namespace": "shop" },
                      "source": { "repoURL": "https://git.internal.example/shop.git" },
                      "syncPolicy": { "automated": { "prune": true } } },
            "status": { "sync": { "status": "OutOfSync" }, "health": { "status": "Degraded" },
                        "resources": [{ "group": "apps", "kind": "Deployment", "namespace": "shop", "name": "listed" }] } });
        let mut lists = vec![
            list("argoproj.io/Application", vec![object("argocd", "shop", application)]),
            list(
                "apps/Deployment",
                vec![
                    tracked,
                    by_flux,
                    object("shop", "listed", json!({})),
                    labelled(object("shop", "by-hand", json!({})), &helm),
                ],
            ),
        ];
        lists.extend(
            ["apps/DaemonSet", "apps/StatefulSet", "batch/CronJob", "batch/Job"].map(|kind| list(kind, Vec::new())),
        );
        let observed = seen(lists);
        let found = observed.seen();
        assert_eq!((found.shares[0].delivered, found.shares[0].workloads), (3, 4));
        let outside: Vec<_> = found.outside.iter().map(|it| (&*it.name, it.helm)).collect();
        assert_eq!(outside, [("by-hand", true)]);
        let delivery = &found.deliveries[0];
        assert_eq!((delivery.automated, delivery.prune, delivery.self_heal), (true, true, false));
        assert_eq!((&*delivery.sync, &*delivery.health), ("OutOfSync", "Degraded"));
    }

    #[test]
    fn projects_that_allow_everything_are_told_apart() {
        let project = |repository: &str, namespace: &str| json!({ "spec": { "sourceRepos": [repository], "destinations": [{ "namespace": namespace, "server": "*" }] } });
        let observed = seen(vec![list(
            "argoproj.io/AppProject",
            vec![
                object("argocd", "default", project("*", "*")),
                object("argocd", "shop", project("https://git.internal.example/shop/*", "shop")),
            ],
        )]);
        let wide: Vec<_> = observed.seen().projects.iter().map(|it| (it.any_source, it.any_destination)).collect();
        assert_eq!(wide, [(true, true), (false, false)]);
    }

    #[test]
    fn a_kustomization_names_its_repository() {
        let source = json!({ "spec": { "url": "ssh://git.internal.example/fleet" } });
        let kustomization = json!({
            "spec": { "prune": true, "sourceRef": { "kind": "GitRepository", "name": "fleet" } },
            "status": { "conditions": [{ "type": "Ready", "status": "False", "reason": "BuildFailed" }] } });
        let observed = seen(vec![
            list("source.toolkit.fluxcd.io/GitRepository", vec![object("flux-system", "fleet", source)]),
            list("kustomize.toolkit.fluxcd.io/Kustomization", vec![object("flux-system", "apps", kustomization)]),
        ]);
        let found = &observed.seen().deliveries[0];
        assert_eq!(found.sources, ["ssh://git.internal.example/fleet"]);
        assert_eq!((&*found.sync, &*found.health), ("Not ready", "BuildFailed"));
    }
}
