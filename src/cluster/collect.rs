//! Everything one collection reads, many kinds at a time.

use std::{collections::BTreeMap, sync::Arc};

use serde::Deserialize;
use serde_json::{json, value::RawValue};
use tokio::{sync::Semaphore, task::JoinSet};

use super::{
    Connection, Error,
    discovery::{self, Discovery, Listable},
    list, now,
    projection::{Projection, Projections},
    request::{Api, Refusal, SelfSubject},
    settings,
};
use crate::snapshot::{ClusterIdentity, Collector, Completeness, FORMAT, Header, List, ListRecord, Snapshot, Source};

/// Kinds read at the same time.
const CONCURRENT: usize = 8;

/// What happens while a cluster is read, for progress bars and logs. Never holds content of the cluster.
#[derive(Debug)]
pub enum Event<'a> {
    /// The API server answers; this many kinds will be read.
    Discovered(usize),
    /// One list has ended.
    Listed(&'a ListRecord),
}

/// Reads all that the projections and discovery name.
///
/// `id` names the cluster in the snapshot; `None` takes the kubeconfig context, else `cluster`.
///
/// # Errors
/// When the API server cannot be reached, or nothing at all could be read.
pub async fn collect(
    connection: &Connection,
    id: Option<&str>,
    projections: &Projections,
    observe: &(dyn Fn(Event<'_>) + Send + Sync),
) -> Result<Snapshot, Error> {
    let api = &connection.api;
    let started = now();
    let version = version(connection).await?;
    let (discovery, collector) = tokio::join!(discovery::discover(api), who_am_i(api));
    let kinds = chosen(&discovery, projections);
    observe(Event::Discovered(kinds.len()));
    let mut lists = read_all(api, kinds, observe).await;
    read_settings(api, &mut lists, projections).await;
    let readable =
        lists.iter().any(|list| matches!(list.record.completeness, Completeness::Complete | Completeness::Partial(_)));
    if !readable {
        let reason = lists
            .iter()
            .map(|list| &list.record.completeness)
            .chain(discovery.core_unknown.iter())
            .chain(discovery.groups_unknown.iter())
            .find_map(|completeness| match completeness {
                Completeness::Forbidden(reason) | Completeness::Failed(reason) => Some(reason.clone()),
                _ => None,
            });
        return Err(Error::NothingReadable {
            server: connection.server.clone(),
            reason: reason.unwrap_or_else(|| "it offers nothing to list".to_owned()),
        });
    }
    lists.extend(missing(&discovery, &lists, projections));
    let uid = match cluster_uid(&lists) {
        Some(uid) => Some(uid),
        None => ask_uid(api).await,
    };
    let id = id.map(str::to_owned).or_else(|| connection.context.clone()).unwrap_or_else(|| "cluster".to_owned());
    let header = Header {
        format: FORMAT,
        generator: concat!("scopefence ", env!("CARGO_PKG_VERSION")).to_owned(),
        source: Source::Collected,
        cluster: ClusterIdentity {
            id,
            uid,
            server: Some(connection.server.clone()),
            version,
            context: connection.context.clone(),
        },
        collector,
        started,
        ended: now(),
        previous: None,
        sample: false,
    };
    tokio::task::spawn_blocking(move || Snapshot::new(header, lists)).await.map_err(|_| Error::Interrupted)
}

/// The first request: if it does not come through, no other will.
pub(super) async fn version(connection: &Connection) -> Result<Option<String>, Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Version {
        git_version: String,
    }
    let unreachable = |reason: String| Error::Unreachable { server: connection.server.clone(), reason };
    let answer = connection.api.get("/version", "application/json").await.map_err(|it| unreachable(it.reason))?;
    match answer.refusal() {
        None => match serde_json::from_slice::<Version>(&answer.body) {
            Ok(version) => Ok(Some(version.git_version.chars().filter(|it| !it.is_control()).take(60).collect())),
            Err(_) => Ok(None),
        },
        Some(Refusal::Failed(reason)) if reason.contains("web page") => Err(unreachable(reason)),
        Some(_) => Ok(None),
    }
}

async fn who_am_i(api: &Api) -> Option<Collector> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Review {
        status: Status,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Status {
        user_info: Collector,
    }
    let body = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
    let answer = api.review(SelfSubject::Identity, &body).await.ok()?;
    if answer.refusal().is_some() {
        return None;
    }
    serde_json::from_slice::<Review>(&answer.body).ok().map(|review| review.status.user_info)
}

/// Kinds to read, those with the most to parse first so that they do not come last alone.
fn chosen(discovery: &Discovery, projections: &Projections) -> Vec<(Listable, Arc<Projection>)> {
    let mut kinds: Vec<_> = discovery
        .kinds
        .iter()
        .filter(|kind| projections.left_out(&kind.group, &kind.kind).is_none())
        .map(|kind| (kind.clone(), projections.get_or_metadata(&kind.group, &kind.kind)))
        .collect();
    kinds.sort_by_key(|(kind, projection)| match (&*kind.group, &*kind.kind) {
        ("", "Pod") => 0,
        ("apps", _) => 1,
        _ if !projection.metadata_only => 2,
        _ => 3,
    });
    kinds
}

async fn read_all(
    api: &Api,
    kinds: Vec<(Listable, Arc<Projection>)>,
    observe: &(dyn Fn(Event<'_>) + Send + Sync),
) -> Vec<List> {
    let permits = Arc::new(Semaphore::new(CONCURRENT));
    let mut tasks = JoinSet::new();
    for (kind, projection) in kinds {
        let (api, permits) = (api.clone(), permits.clone());
        tasks.spawn(async move {
            // The semaphore is never closed.
            let _permit = permits.acquire_owned().await;
            list::list(&api, &kind, projection).await
        });
    }
    let mut lists = Vec::new();
    while let Some(done) = tasks.join_next().await {
        if let Ok(list) = done {
            observe(Event::Listed(&list.record));
            lists.push(list);
        }
    }
    lists
}

/// Adds the known settings of named ConfigMaps to their list.
async fn read_settings(api: &Api, lists: &mut [List], projections: &Projections) {
    for list in lists.iter_mut() {
        let Some(projection) = projections.get(&list.record.group, &list.record.kind) else { continue };
        let mut bodies = BTreeMap::new();
        let mut warnings = Vec::new();
        for settings in &projection.settings {
            let path = format!(
                "/api/{}/namespaces/{}/{}/{}",
                list.record.version, settings.namespace, list.record.resource, settings.name
            );
            let problem = match api.get(&path, "application/json").await {
                Err(trouble) => trouble.reason,
                Ok(answer) => match answer.refusal() {
                    Some(Refusal::NotFound) => continue,
                    Some(Refusal::Forbidden(_)) => "forbidden".to_owned(),
                    Some(Refusal::Gone) => "gone".to_owned(),
                    Some(Refusal::Failed(reason)) => reason,
                    None => match settings::body(&answer.body, settings).map(RawValue::from_string) {
                        Ok(Ok(body)) => {
                            bodies.insert(
                                (settings.namespace.clone(), settings.name.clone()),
                                Arc::<RawValue>::from(body),
                            );
                            continue;
                        }
                        Ok(Err(_)) => "it cannot be read".to_owned(),
                        Err(reason) => reason.to_owned(),
                    },
                },
            };
            warnings.push(format!("settings of {}/{} were not read: {problem}", settings.namespace, settings.name));
        }
        if bodies.is_empty() && warnings.is_empty() {
            continue;
        }
        let mut record = list.record.clone();
        record.warnings.extend(warnings);
        let mut objects = list.seen().to_vec();
        for object in &mut objects {
            if let Some(body) = bodies.remove(&(object.namespace.to_string(), object.name.to_string())) {
                object.body = body;
            }
        }
        *list = List::new(record, objects);
    }
}

/// Records for what was not there to be listed: groups that could not be reached, kinds that are not installed.
fn missing(discovery: &Discovery, lists: &[List], projections: &Projections) -> Vec<List> {
    let mut missing = Vec::new();
    for unknown in &discovery.unknown {
        missing.push(empty(
            (&unknown.group, &unknown.version, "*", "*"),
            false,
            true,
            unknown.path.clone(),
            unknown.completeness.clone(),
        ));
    }
    for projection in projections.iter() {
        let read = |list: &List| list.record.group == projection.group && list.record.kind == projection.kind;
        if lists.iter().any(read) {
            continue;
        }
        missing.push(empty(
            (&projection.group, &projection.version, &projection.kind, &projection.resource),
            projection.namespaced,
            projection.metadata_only,
            discovery::path(&projection.group, &projection.version, &projection.resource),
            discovery.why_missing(&projection.group),
        ));
    }
    missing
}

fn empty(
    (group, version, kind, resource): (&str, &str, &str, &str),
    namespaced: bool,
    metadata_only: bool,
    path: String,
    completeness: Completeness,
) -> List {
    let record = ListRecord {
        group: group.to_owned(),
        version: version.to_owned(),
        kind: kind.to_owned(),
        resource: resource.to_owned(),
        namespaced,
        path,
        resource_version: None,
        count: 0,
        completeness,
        metadata_only,
        read_at: now(),
        retries: 0,
        warnings: Vec::new(),
        digest: String::new(),
    };
    List::new(record, Vec::new())
}

fn cluster_uid(lists: &[List]) -> Option<String> {
    let namespaces = lists.iter().find(|list| list.record.group.is_empty() && list.record.kind == "Namespace")?;
    let system = namespaces.seen().iter().find(|object| &*object.name == "kube-system")?;
    Some(system.uid.to_string()).filter(|uid| !uid.is_empty())
}

/// One namespace may be readable where the list of all is not.
async fn ask_uid(api: &Api) -> Option<String> {
    #[derive(Deserialize)]
    struct Namespace {
        metadata: Metadata,
    }
    #[derive(Deserialize)]
    struct Metadata {
        uid: String,
    }
    let answer = api.get("/api/v1/namespaces/kube-system", "application/json").await.ok()?;
    if answer.refusal().is_some() {
        return None;
    }
    serde_json::from_slice::<Namespace>(&answer.body).ok().map(|namespace| namespace.metadata.uid)
}
