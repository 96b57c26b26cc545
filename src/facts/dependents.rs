//! Blast radius: what several teams rely on, and which of them would stop with it.
//!
//! In: objects that name what they use: Ingresses a class, routes a Gateway, Certificates an issuer, ExternalSecrets a
//! store, claims a storage class, schedules a place for backups, monitors a Prometheus, databases an operator. Out:
//! [`Shared`] things, those that most teams rely on first.
//!
//! Invariant: a dependency is written in an object that is named; traffic that no object tells of is not here.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    backups::{self, Backups},
    observed::{Observed, Reading},
};
use crate::{
    ownership::{Join, Spot},
    snapshot::Object,
    sort::Sort,
    workspace::{Component, ComponentId, Duty, TeamId},
};

/// What others rely on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shared {
    /// What it does for others.
    pub service: Service,
    /// Kind, for example `IngressClass`.
    pub kind: String,
    /// Name, with its namespace where it has one.
    pub name: String,
    /// Component that it belongs to; `None` when nobody owns it, or it was not found.
    pub component: Option<ComponentId>,
    /// Team accountable for that component.
    pub team: Option<TeamId>,
    /// Who relies on it, by team.
    pub dependents: Vec<Dependent>,
}

/// What a shared thing does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Service {
    /// Traffic from outside comes in through it.
    Ingress,
    /// It issues certificates.
    Certificates,
    /// It holds secrets.
    Secrets,
    /// Volumes are made of it.
    Storage,
    /// Backups lie there.
    Backup,
    /// It watches.
    Monitoring,
    /// It runs databases.
    Databases,
}

/// A team that relies on something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Dependent {
    /// The team; `None` for objects of nobody.
    pub team: Option<TeamId>,
    /// Objects that say so, as `Ingress shop/web`.
    pub objects: Vec<String>,
}

/// Something that objects name: service, group, kind, namespace (empty for none), name.
type Named = (Service, &'static str, &'static str, String, String);

#[derive(Default)]
struct Uses(BTreeMap<Named, BTreeMap<Option<TeamId>, Vec<String>>>);

impl Uses {
    fn add(&mut self, what: Named, join: &Join<'_>, user: Spot) {
        let key = join.key(user);
        let team = join.component(user).map(|component| data_team(component, &key.kind));
        let object = match &*key.namespace {
            "" => format!("{} {}", key.kind, key.name),
            namespace => format!("{} {namespace}/{}", key.kind, key.name),
        };
        self.0.entry(what).or_default().entry(team).or_default().push(object);
    }
}

/// Who stops when an object does: for data whoever answers for the data, else the component's team.
fn data_team(component: &Component, kind: &str) -> TeamId {
    let holds_data = matches!(kind, "PersistentVolumeClaim" | "Cluster");
    let data = component.duties.get(&Duty::Data).filter(|_| holds_data);
    data.unwrap_or(&component.team).clone()
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Body {
    spec: Spec,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    ingress_class_name: Option<String>,
    parent_refs: Option<Vec<Reference>>,
    issuer_ref: Option<Reference>,
    secret_store_ref: Option<Reference>,
    storage_class_name: Option<String>,
    default: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Reference {
    kind: Option<String>,
    namespace: Option<String>,
    name: String,
}

/// Objects of a kind with their spots and bodies.
fn each<'a>(
    reading: &mut Reading<'a>,
    join: &Join<'a>,
    group: &str,
    kind: &str,
    mut see: impl FnMut(Spot, &'a Object, Spec),
) {
    let owners = join.owners(group, kind);
    for (index, object) in reading.wish(group, kind).iter().enumerate() {
        if let (Some(spot), Some(body)) = (owners.spot(index), reading.body::<Body>(object)) {
            see(spot, object, body.spec);
        }
    }
}

/// The only object of a kind with this annotation set to `true`.
fn default_of(join: &Join<'_>, group: &str, kind: &str, annotation: &str) -> Option<String> {
    let list = join.snapshot().list(group, kind)?.seen();
    let marked = |object: &&Object| object.annotations.get(annotation).is_some_and(|value| &**value == "true");
    let mut marked = list.iter().filter(marked);
    let first = marked.next()?;
    marked.next().is_none().then(|| first.name.to_string())
}

const NETWORKING: &str = "networking.k8s.io";
const GATEWAY: &str = "gateway.networking.k8s.io";
const ISSUERS: &str = "cert-manager.io";
const SECRETS: &str = "external-secrets.io";
const STORAGE: &str = "storage.k8s.io";
const VELERO: &str = "velero.io";
const MONITORING: &str = "monitoring.coreos.com";
const CNPG: &str = "postgresql.cnpg.io";

fn ways_in<'a>(reading: &mut Reading<'a>, join: &Join<'a>, uses: &mut Uses) {
    let default = default_of(join, NETWORKING, "IngressClass", "ingressclass.kubernetes.io/is-default-class");
    each(reading, join, NETWORKING, "Ingress", |spot, object, spec| {
        let old = object.annotations.get("kubernetes.io/ingress.class").map(|class| class.to_string());
        if let Some(class) = spec.ingress_class_name.or(old).or_else(|| default.clone()) {
            uses.add((Service::Ingress, NETWORKING, "IngressClass", String::new(), class), join, spot);
        }
    });
    for kind in ["HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute"] {
        each(reading, join, GATEWAY, kind, |spot, object, spec| {
            let gateways = spec.parent_refs.into_iter().flatten();
            for parent in gateways.filter(|parent| parent.kind.as_deref().is_none_or(|kind| kind == "Gateway")) {
                let namespace = parent.namespace.unwrap_or_else(|| object.namespace.to_string());
                uses.add((Service::Ingress, GATEWAY, "Gateway", namespace, parent.name), join, spot);
            }
        });
    }
}

/// A reference to one kind for the whole cluster and one in the same namespace, which is the default.
fn scoped(
    service: Service,
    group: &'static str,
    (cluster, own): (&'static str, &'static str),
    reference: Reference,
    namespace: &str,
) -> Named {
    match reference.kind.as_deref() == Some(cluster) {
        true => (service, group, cluster, String::new(), reference.name),
        false => (service, group, own, namespace.to_owned(), reference.name),
    }
}

fn backups<'a>(reading: &mut Reading<'a>, join: &Join<'a>, uses: &mut Uses, backed_up: &Backups) {
    let mut standard = None;
    each(reading, join, VELERO, "BackupStorageLocation", |_, object, spec| {
        if spec.default == Some(true) {
            standard = Some((object.namespace.to_string(), object.name.to_string()));
        }
    });
    if reading.wish(VELERO, "Schedule").is_empty() {
        return;
    }
    for data in &backed_up.data {
        let by = backed_up
            .schedules
            .iter()
            .filter(|it| it.tool == backups::BackupTool::Velero && data.schedules.contains(&it.name));
        let mut places: Vec<_> = by
            .filter_map(|schedule| match &schedule.location {
                Some(name) => Some((schedule.namespace.clone(), name.clone())),
                None => standard.clone(),
            })
            .collect();
        places.order();
        places.dedup();
        for (namespace, name) in places {
            let place = (Service::Backup, VELERO, "BackupStorageLocation", namespace, name);
            uses.add(place, join, data.spot);
        }
    }
}

fn monitors<'a>(reading: &mut Reading<'a>, join: &Join<'a>, uses: &mut Uses) {
    let servers = reading.wish(MONITORING, "Prometheus");
    // With several, their selectors decide, which are not read.
    let [server] = servers else {
        if !servers.is_empty() {
            reading.remark("Which of several Prometheus servers a monitor belongs to is not told apart".to_owned());
        }
        return;
    };
    for kind in ["ServiceMonitor", "PodMonitor"] {
        each(reading, join, MONITORING, kind, |spot, _, _| {
            let (namespace, name) = (server.namespace.to_string(), server.name.to_string());
            uses.add((Service::Monitoring, MONITORING, "Prometheus", namespace, name), join, spot);
        });
    }
}

pub(super) fn observe(join: &Join<'_>, backed_up: &Observed<Backups>) -> Observed<Vec<Shared>> {
    let mut reading = Reading::new(join.snapshot());
    let mut uses = Uses::default();
    ways_in(&mut reading, join, &mut uses);
    each(&mut reading, join, ISSUERS, "Certificate", |spot, object, spec| {
        if let Some(issuer) = spec.issuer_ref {
            let kinds = ("ClusterIssuer", "Issuer");
            uses.add(scoped(Service::Certificates, ISSUERS, kinds, issuer, &object.namespace), join, spot);
        }
    });
    each(&mut reading, join, SECRETS, "ExternalSecret", |spot, object, spec| {
        if let Some(store) = spec.secret_store_ref {
            let kinds = ("ClusterSecretStore", "SecretStore");
            uses.add(scoped(Service::Secrets, SECRETS, kinds, store, &object.namespace), join, spot);
        }
    });
    each(&mut reading, join, "", "PersistentVolumeClaim", |spot, _, spec| {
        if let Some(class) = spec.storage_class_name.filter(|class| !class.is_empty()) {
            uses.add((Service::Storage, STORAGE, "StorageClass", String::new(), class), join, spot);
        }
    });
    backups(&mut reading, join, &mut uses, backed_up.seen());
    monitors(&mut reading, join, &mut uses);
    each(&mut reading, join, CNPG, "Cluster", |spot, _, _| {
        let definition = "clusters.postgresql.cnpg.io".to_owned();
        let kind = "CustomResourceDefinition";
        uses.add((Service::Databases, "apiextensions.k8s.io", kind, String::new(), definition), join, spot);
    });
    reading.remark("What uses something without an object that names it is not visible".to_owned());
    let mut shared: Vec<Shared> = uses.0.into_iter().map(|(what, by)| finish(join, what, by)).collect();
    shared.order_by(|a, b| {
        (b.dependents.len(), a.service, &a.kind, &a.name).cmp(&(a.dependents.len(), b.service, &b.kind, &b.name))
    });
    reading.finish(shared)
}

fn finish(
    join: &Join<'_>,
    (service, group, kind, namespace, name): Named,
    by: BTreeMap<Option<TeamId>, Vec<String>>,
) -> Shared {
    let objects = join.snapshot().list(group, kind).map_or(&[][..], |list| list.seen());
    let at = objects.iter().position(|object| *object.namespace == *namespace && *object.name == *name);
    let component = at.and_then(|at| join.component(join.owners(group, kind).spot(at)?));
    let dependents = by.into_iter().map(|(team, mut objects)| {
        objects.order();
        Dependent { team, objects }
    });
    Shared {
        service,
        kind: kind.to_owned(),
        component: component.map(|component| component.id.clone()),
        team: component.map(|component| component.team.clone()),
        dependents: dependents.collect(),
        name: if namespace.is_empty() { name } else { format!("{namespace}/{name}") },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        assess::testing::{claim, component, list, moment, object, snapshot, workspace},
        ownership,
    };

    fn seen() -> Vec<Shared> {
        let issuer = json!({ "spec": { "issuerRef": { "kind": "ClusterIssuer", "name": "public" } } });
        let own = json!({ "spec": { "issuerRef": { "name": "own" } } });
        let snapshot = snapshot(vec![
            list("networking.k8s.io/IngressClass", vec![object("", "nginx", json!({}))]),
            list(
                "networking.k8s.io/Ingress",
                vec![
                    object("shop", "web", json!({ "spec": { "ingressClassName": "nginx" } })),
                    object("ml", "notebook", json!({ "spec": { "ingressClassName": "nginx" } })),
                ],
            ),
            list("cert-manager.io/Certificate", vec![object("shop", "web", issuer), object("ml", "own", own)]),
            list(
                "monitoring.coreos.com/Prometheus",
                vec![object("a", "one", json!({})), object("a", "two", json!({}))],
            ),
            list("monitoring.coreos.com/ServiceMonitor", vec![object("shop", "web", json!({}))]),
        ]);
        let of =
            |name: &str, team: &str, fill: fn(&mut crate::workspace::Claim)| component(name, team, vec![claim(fill)]);
        let workspace = workspace(vec![
            of("shop", "application", |claim| claim.namespaces = vec!["shop".to_owned()]),
            of("ml", "science", |claim| claim.namespaces = vec!["ml".to_owned()]),
            of("ingress", "platform", |claim| {
                claim.kinds = vec!["IngressClass".to_owned()];
                claim.names = vec!["nginx".to_owned()];
            }),
        ]);
        let join = ownership::join(&workspace, &snapshot);
        observe(&join, &backups::observe(&join, moment())).seen().clone()
    }

    #[test]
    fn objects_name_what_their_teams_rely_on() {
        let shared = seen();
        let class = &shared[0];
        assert_eq!((&*class.kind, &*class.name), ("IngressClass", "nginx"));
        assert_eq!(class.team.as_ref().map(TeamId::as_str), Some("platform"));
        let teams: Vec<_> =
            class.dependents.iter().map(|it| (it.team.as_ref().map(TeamId::as_str), it.objects.join(","))).collect();
        assert_eq!(
            teams,
            [(Some("application"), "Ingress shop/web".to_owned()), (Some("science"), "Ingress ml/notebook".to_owned())]
        );
        // An issuer without a kind is one of the namespace.
        assert!(shared.iter().any(|it| it.kind == "Issuer" && it.name == "ml/own"));
        assert!(shared.iter().any(|it| it.kind == "ClusterIssuer" && it.name == "public" && it.team.is_none()));
    }

    #[test]
    fn of_several_servers_none_is_guessed() {
        assert!(seen().iter().all(|shared| shared.service != Service::Monitoring));
    }
}
