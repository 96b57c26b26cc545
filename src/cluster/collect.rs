//! Everything one collection reads, many kinds at a time.

use std::{collections::BTreeSet, sync::Arc};

use serde::Deserialize;
use serde_json::json;
use tokio::{sync::Semaphore, task::JoinSet};

use super::{
    Connection, Error, configz,
    discovery::{self, Discovery, Listable},
    list, metrics, now,
    permissions::Extra,
    projection::{Projection, Projections},
    request::{Api, Refusal, SelfSubject},
    settings,
};
use crate::snapshot::{
    ClusterIdentity, Collector, Completeness, FORMAT, Header, Kept, Lines, List, ListRecord, Packed, Probe, Snapshot,
    Source,
};

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

/// What one collection read.
pub struct Collected<L> {
    /// Where, when and by whom.
    pub header: Header,
    /// One per list asked for, sorted by (group, kind).
    pub lists: Vec<L>,
    /// Evidence that is no list, sorted by name.
    pub probes: Vec<Probe>,
}

/// What becomes of a list as soon as it was read.
trait Keep: Send + Sized + 'static {
    fn keep(record: ListRecord, lines: Lines) -> Result<Self, String>;
    fn record(&self) -> &ListRecord;
}

impl Keep for List {
    fn keep(record: ListRecord, lines: Lines) -> Result<Self, String> {
        lines.into_list(record).map_err(|_| "an object in it cannot be read back".to_owned())
    }

    fn record(&self) -> &ListRecord {
        &self.record
    }
}

impl Keep for Packed {
    fn keep(record: ListRecord, lines: Lines) -> Result<Self, String> {
        Packed::new(record, lines).map_err(|error| error.to_string())
    }

    fn record(&self) -> &ListRecord {
        &self.record
    }
}

/// Reads all that the projections and discovery name into a snapshot.
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
    let Collected { header, lists, probes } = gather(connection, id, projections, &BTreeSet::new(), observe).await?;
    Ok(Snapshot::with_probes(header, lists, probes))
}

/// As [`collect`], with each list packed for the file as soon as it ends: the objects of the whole cluster are never
/// in memory at once. `extras` are what the user opted in to.
///
/// # Errors
/// As [`collect`].
pub async fn collect_packed(
    connection: &Connection,
    id: Option<&str>,
    projections: &Projections,
    extras: &BTreeSet<Extra>,
    observe: &(dyn Fn(Event<'_>) + Send + Sync),
) -> Result<Collected<Packed>, Error> {
    gather(connection, id, projections, extras, observe).await
}

async fn gather<L: Keep>(
    connection: &Connection,
    id: Option<&str>,
    projections: &Projections,
    extras: &BTreeSet<Extra>,
    observe: &(dyn Fn(Event<'_>) + Send + Sync),
) -> Result<Collected<L>, Error> {
    let api = &connection.api;
    let started = now();
    let version = version(connection).await?;
    let (discovery, collector) = tokio::join!(discovery::discover(api), who_am_i(api));
    let kinds = chosen(&discovery, projections);
    observe(Event::Discovered(kinds.len()));
    let Lists { mut lists, uid, mut nodes } = read_all::<L>(api, kinds, observe).await?;
    let readable = lists
        .iter()
        .any(|list| matches!(list.record().completeness, Completeness::Complete | Completeness::Partial(_)));
    if !readable {
        let reason = lists
            .iter()
            .map(|list| &list.record().completeness)
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
    for record in missing(&discovery, &lists, projections) {
        lists.push(L::keep(record, Lines::default()).map_err(Error::Memory)?);
    }
    let (certificate, encryption) = tokio::join!(connection.handshake.certificate(), metrics::encryption(api));
    let mut probes = vec![certificate, encryption];
    if extras.contains(&Extra::Configz) {
        nodes.sort();
        probes.push(configz::kubelets(api, &nodes, projections).await);
    }
    lists.sort_by(|a, b| a.record().key().cmp(&b.record().key()));
    lists.dedup_by(|b, a| a.record().key() == b.record().key());
    let uid = match uid {
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
    Ok(Collected { header, lists, probes })
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

/// Lists as they ended.
struct Lists<L> {
    lists: Vec<L>,
    /// UID of the kube-system namespace, if it was among them.
    uid: Option<String>,
    /// Names of the nodes among them.
    nodes: Vec<String>,
}

async fn read_all<L: Keep>(
    api: &Api,
    kinds: Vec<(Listable, Arc<Projection>)>,
    observe: &(dyn Fn(Event<'_>) + Send + Sync),
) -> Result<Lists<L>, Error> {
    let permits = Arc::new(Semaphore::new(CONCURRENT));
    let mut tasks = JoinSet::new();
    for (kind, projection) in kinds {
        let (api, permits) = (api.clone(), permits.clone());
        tasks.spawn(async move {
            // The semaphore is never closed.
            let _permit = permits.acquire_owned().await;
            let (mut record, mut lines) = list::list(&api, &kind, projection.clone()).await;
            read_settings(&api, &projection, &mut record, &mut lines).await;
            let uid = cluster_uid(&record, &lines);
            let nodes: Vec<String> = match record.key() {
                ("", "Node") => lines.iter().map(|node| node.name.to_owned()).collect(),
                _ => Vec::new(),
            };
            // Sorting, hashing and packing a large list take longer than a network round trip.
            let kept = tokio::task::spawn_blocking(move || L::keep(record, lines)).await;
            (kept, uid, nodes)
        });
    }
    let mut all = Lists { lists: Vec::new(), uid: None, nodes: Vec::new() };
    while let Some(done) = tasks.join_next().await {
        let Ok((Ok(kept), uid, nodes)) = done else { return Err(Error::Interrupted) };
        let list = kept.map_err(Error::Memory)?;
        observe(Event::Listed(list.record()));
        all.lists.push(list);
        all.uid = all.uid.or(uid);
        all.nodes.extend(nodes);
    }
    Ok(all)
}

/// Adds the known settings of named ConfigMaps to their list.
async fn read_settings(api: &Api, projection: &Projection, record: &mut ListRecord, lines: &mut Lines) {
    for settings in &projection.settings {
        let path =
            format!("/api/{}/namespaces/{}/{}/{}", record.version, settings.namespace, record.resource, settings.name);
        let problem = match api.get(&path, "application/json").await {
            Err(trouble) => trouble.reason,
            Ok(answer) => match answer.refusal() {
                Some(Refusal::NotFound) => continue,
                Some(Refusal::Forbidden(_)) => "forbidden".to_owned(),
                Some(Refusal::Gone) => "gone".to_owned(),
                Some(Refusal::Failed(reason)) => reason,
                None => match settings::body(&answer.body, settings) {
                    Ok(body) => {
                        lines.set_body(&settings.namespace, &settings.name, &body);
                        continue;
                    }
                    Err(reason) => reason.to_owned(),
                },
            },
        };
        record.warnings.push(format!("settings of {}/{} were not read: {problem}", settings.namespace, settings.name));
    }
}

/// Records for what was not there to be listed: groups that could not be reached, kinds that are not installed.
fn missing<L: Keep>(discovery: &Discovery, lists: &[L], projections: &Projections) -> Vec<ListRecord> {
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
        let read = |list: &L| list.record().key() == (&projection.group, &projection.kind);
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
) -> ListRecord {
    ListRecord {
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
        kept: Kept::default(),
    }
}

fn cluster_uid(record: &ListRecord, lines: &Lines) -> Option<String> {
    if record.key() != ("", "Namespace") {
        return None;
    }
    let system = lines.iter().find(|line| line.name == "kube-system")?;
    Some(system.uid.to_owned()).filter(|uid| !uid.is_empty())
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
