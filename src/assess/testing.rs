//! Small builders for tests: objects, lists, snapshots, a workspace with claims.

use std::sync::Arc;

use chrono::{DateTime, TimeZone, Utc};

use crate::{
    cluster::projection::Projections,
    snapshot::{
        Body, ClusterIdentity, Completeness, Header, List, ListRecord, Object, OwnerRef, Probe, Snapshot, Source, parts,
    },
    sort::Sort,
    workspace::{Claim, Component, ComponentId, Duty, Fence, TeamId, Workspace},
};

/// The moment at which all test snapshots end.
pub(crate) fn moment() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 21, 10, 0, 0).single().expect("a moment")
}

pub(crate) fn object(namespace: &str, name: &str, body: serde_json::Value) -> Object {
    Object {
        namespace: namespace.into(),
        name: name.into(),
        uid: format!("uid-{namespace}-{name}").into(),
        created: None,
        labels: Default::default(),
        annotations: Default::default(),
        owners: Vec::new(),
        body: Body::new(&body.to_string()).expect("JSON"),
    }
}

pub(crate) fn labelled(mut object: Object, labels: &[(&str, &str)]) -> Object {
    Arc::make_mut(&mut object.labels).extend(labels.iter().map(|&(key, value)| (Arc::from(key), Arc::from(value))));
    object
}

pub(crate) fn owned(mut object: Object, kind: &str, owner: &Object) -> Object {
    object.owners.push(OwnerRef {
        group: "".into(),
        kind: kind.into(),
        name: owner.name.clone(),
        uid: owner.uid.clone(),
        controller: true,
    });
    object
}

pub(crate) fn list(kind: &str, objects: Vec<Object>) -> List {
    ended(kind, Completeness::Complete, objects)
}

pub(crate) fn ended(kind: &str, completeness: Completeness, objects: Vec<Object>) -> List {
    let (group, kind) = parts(kind);
    let resource = format!("{}s", kind.to_lowercase());
    const CLUSTER: [&str; 8] = [
        "Namespace",
        "Node",
        "PersistentVolume",
        "ClusterRole",
        "ClusterRoleBinding",
        "CustomResourceDefinition",
        "StorageClass",
        "IngressClass",
    ];
    let path = if group.is_empty() { format!("/api/v1/{resource}") } else { format!("/apis/{group}/v1/{resource}") };
    List::new(
        ListRecord {
            group: group.to_owned(),
            version: "v1".to_owned(),
            kind: kind.to_owned(),
            namespaced: !CLUSTER.contains(&kind),
            path,
            resource,
            resource_version: None,
            count: objects.len(),
            completeness,
            metadata_only: false,
            read_at: moment(),
            retries: 0,
            warnings: Vec::new(),
            digest: String::new(),
            kept: Projections::builtin().expect("projections").get_or_metadata(group, kind).kept(),
        },
        objects,
    )
}

pub(crate) fn snapshot(mut lists: Vec<List>) -> Snapshot {
    lists.order_by(|a, b| (&a.record.group, &a.record.kind).cmp(&(&b.record.group, &b.record.kind)));
    Snapshot {
        header: Header {
            format: 1,
            generator: "test".to_owned(),
            source: Source::Collected,
            cluster: ClusterIdentity {
                id: "prod".to_owned(),
                uid: None,
                server: None,
                version: Some("v1.36.2".to_owned()),
                context: None,
            },
            collector: None,
            started: moment(),
            ended: moment(),
            previous: None,
            sample: false,
        },
        digest: "00".to_owned(),
        lists,
        probes: Vec::new(),
    }
}

pub(crate) fn probe(name: &str, completeness: Completeness, body: &serde_json::Value) -> Probe {
    Probe::new(name, format!("/{name}"), completeness, moment(), body)
}

pub(crate) fn namespaces(names: &[&str]) -> List {
    list("Namespace", names.iter().map(|name| object("", name, serde_json::json!({}))).collect())
}

pub(crate) fn claim(fill: impl FnOnce(&mut Claim)) -> Claim {
    let mut claim = Claim { declared_at: "scope/test.toml:1".to_owned(), ..Claim::default() };
    fill(&mut claim);
    claim
}

pub(crate) fn component(id: &str, team: &str, claims: Vec<Claim>) -> Component {
    let team = TeamId::new(team);
    Component {
        id: ComponentId::new(id),
        title: id.to_owned(),
        group: "Group".to_owned(),
        fence: Fence::Inside,
        duties: Duty::ALL.into_iter().map(|duty| (duty, team.clone())).collect(),
        team,
        description: String::new(),
        part_of: None,
        claims,
        optional: false,
        critical: false,
        recovery_point: None,
        recovery_time: None,
        restore_tested: None,
        skills: Vec::new(),
        product: None,
        version: None,
        kind: "software".to_owned(),
        provider_uuid: None,
        declared_at: "scope/test.toml:1".to_owned(),
    }
}

/// The test workspace of `document`, with these components only.
pub(crate) fn workspace(components: Vec<Component>) -> Workspace {
    let mut workspace = crate::document::testing::workspace();
    workspace.components = components;
    workspace.activities.clear();
    workspace.interfaces.clear();
    workspace.connections.clear();
    workspace.policy.registries.clear();
    workspace.policy.privileged_namespaces.clear();
    workspace.policy.open_namespaces.clear();
    workspace.policy.evidence_days = 30;
    workspace.policy.certificate_days = 30;
    workspace
}
