//! External secret stores: stores and whether they answer, what is synchronised from them, and which Secrets in use
//! come from one.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    observed::{Observed, Reading},
    pod::{Condition, Pods, null_is_empty},
    running::units,
    secret_use::uses,
};
use crate::{ownership::Join, snapshot::Object, workspace::TeamId};

/// External secret stores of a cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SecretStores {
    /// Stores, by kind, namespace and name.
    pub stores: Vec<SecretStore>,
    /// Secrets that are made from a store or from a sealed form.
    pub synced: Vec<Synced>,
    /// Namespaces whose workloads use Secrets, by name.
    pub coverage: Vec<SecretCoverage>,
}

/// A store, or a class of the CSI driver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SecretStore {
    /// `SecretStore`, `ClusterSecretStore` or `SecretProviderClass`.
    pub kind: String,
    /// Namespace, empty for the whole cluster.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Kind of store: `vault`, `aws`; several only if the object is odd.
    pub provider: String,
    /// It says that it is ready; `None` when it does not say.
    pub ready: Option<bool>,
}

/// A Secret that is made from elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Synced {
    /// `ExternalSecret` or `SealedSecret`.
    pub kind: String,
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Store that it comes from, as `kind/name`.
    pub store: Option<String>,
    /// Secret that it makes.
    pub target: String,
    /// It says that it is in step; `None` when it does not say.
    pub ready: Option<bool>,
    /// Why not, in the word of the controller.
    pub reason: String,
    /// Last read from the store, UTC.
    pub refreshed: Option<DateTime<Utc>>,
}

/// Secrets that the workloads of a namespace use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SecretCoverage {
    /// Namespace.
    pub namespace: String,
    /// Teams whose workloads use them.
    pub teams: Vec<TeamId>,
    /// Secrets made from a store.
    pub external: Vec<String>,
    /// Secrets that no object read makes from a store.
    pub other: Vec<String>,
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
    provider: Option<Provider>,
    secret_store_ref: Option<StoreRef>,
    target: Option<Target>,
}

/// A map with one key that names the store, or its name.
#[derive(Deserialize)]
#[serde(untagged)]
enum Provider {
    Name(String),
    Map(BTreeMap<String, super::pod::Present>),
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct StoreRef {
    name: String,
    kind: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Target {
    name: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    #[serde(deserialize_with = "null_is_empty")]
    conditions: Vec<Condition>,
    refresh_time: Option<DateTime<Utc>>,
}

impl Status {
    /// The condition of this type: whether it is true, and its reason.
    fn is(&self, kind: &str) -> (Option<bool>, String) {
        let condition = self.conditions.iter().find(|condition| condition.kind == kind);
        condition.map_or((None, String::new()), |it| (Some(it.status == "True"), it.reason.clone()))
    }
}

fn store(kind: &str, object: &Object, body: Body) -> SecretStore {
    let provider = match body.spec.provider {
        Some(Provider::Name(name)) => name,
        Some(Provider::Map(map)) => map.into_keys().collect::<Vec<_>>().join(", "),
        None => String::new(),
    };
    SecretStore {
        kind: kind.to_owned(),
        namespace: object.namespace.to_string(),
        name: object.name.to_string(),
        provider,
        ready: body.status.is("Ready").0,
    }
}

fn synced(kind: &str, condition: &str, object: &Object, body: Body) -> Synced {
    let (ready, reason) = body.status.is(condition);
    let store = body.spec.secret_store_ref.filter(|store| !store.name.is_empty());
    let target = body.spec.target.and_then(|target| target.name).filter(|name| !name.is_empty());
    Synced {
        kind: kind.to_owned(),
        namespace: object.namespace.to_string(),
        name: object.name.to_string(),
        store: store.map(|it| format!("{}/{}", it.kind.as_deref().unwrap_or("SecretStore"), it.name)),
        target: target.unwrap_or_else(|| object.name.to_string()),
        ready,
        reason: if ready == Some(true) { String::new() } else { reason },
        refreshed: body.status.refresh_time,
    }
}

pub(super) fn observe(join: &Join<'_>, pods: &Pods) -> Observed<SecretStores> {
    let mut reading = Reading::new(join.snapshot());
    let mut found = SecretStores::default();
    for (group, kind) in [
        ("external-secrets.io", "ClusterSecretStore"),
        ("external-secrets.io", "SecretStore"),
        ("secrets-store.csi.x-k8s.io", "SecretProviderClass"),
    ] {
        for object in reading.wish(group, kind) {
            if let Some(body) = reading.body::<Body>(object) {
                found.stores.push(store(kind, object, body));
            }
        }
    }
    for (group, kind, condition) in
        [("external-secrets.io", "ExternalSecret", "Ready"), ("bitnami.com", "SealedSecret", "Synced")]
    {
        for object in reading.wish(group, kind) {
            if let Some(body) = reading.body::<Body>(object) {
                found.synced.push(synced(kind, condition, object, body));
            }
        }
    }
    let made: BTreeSet<(&str, &str)> = found.synced.iter().map(|it| (&*it.namespace, &*it.target)).collect();
    let mut used: BTreeMap<String, (BTreeSet<TeamId>, BTreeSet<String>)> = BTreeMap::new();
    for unit in units(&mut reading, join, pods) {
        let secrets: BTreeSet<String> = unit.shapes.iter().flat_map(|shape| uses(shape.spec).secrets).collect();
        if secrets.is_empty() {
            continue;
        }
        let entry = used.entry(unit.name.namespace.clone()).or_default();
        entry.0.extend(unit.name.team.clone());
        entry.1.extend(secrets);
    }
    let coverage = used.into_iter().map(|(namespace, (teams, secrets))| {
        let (external, other) = secrets.into_iter().partition(|name| made.contains(&(&*namespace, &**name)));
        SecretCoverage { teams: teams.into_iter().collect(), external, other, namespace }
    });
    let coverage = coverage.collect();
    found.coverage = coverage;
    reading.finish(found)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        assess::testing::{list, object, snapshot, workspace},
        ownership,
    };

    #[test]
    fn a_secret_in_use_comes_from_a_store_or_not() {
        let store = json!({ "spec": { "provider": { "vault": {} } }, "status": { "conditions": [{ "type": "Ready", "status": "True" }] } });
        let external = json!({
            "spec": { "secretStoreRef": { "name": "vault", "kind": "ClusterSecretStore" }, "target": { "name": "db" } },
            "status": { "conditions": [{ "type": "Ready", "status": "False", "reason": "SecretSyncedError" }] },
        });
        let env = |name: &str| json!({ "secretRef": { "name": name } });
        let spec = json!({ "containers": [{ "name": "web", "envFrom": [env("db"), env("smtp")] }] });
        let snapshot = snapshot(vec![
            list("external-secrets.io/ClusterSecretStore", vec![object("", "vault", store)]),
            list("external-secrets.io/ExternalSecret", vec![object("shop", "database", external)]),
            list("Pod", vec![object("shop", "web", json!({ "spec": spec }))]),
        ]);
        let workspace = workspace(Vec::new());
        let observed = observe(&ownership::join(&workspace, &snapshot), &Pods::of(&snapshot));
        let found = observed.seen();
        assert_eq!((&*found.stores[0].provider, found.stores[0].ready), ("vault", Some(true)));
        assert_eq!((found.synced[0].ready, &*found.synced[0].reason), (Some(false), "SecretSyncedError"));
        assert_eq!(found.synced[0].store.as_deref(), Some("ClusterSecretStore/vault"));
        assert_eq!(
            (&found.coverage[0].external[..], &found.coverage[0].other[..]),
            (&["db".to_owned()][..], &["smtp".to_owned()][..])
        );
    }
}
