//! Backups: schedules, runs that failed, restores, databases, and for each piece of data when it was last backed up.
//!
//! In: objects of Velero, k8up and CloudNativePG, volume snapshots, volume claims and namespaces. Out: [`Backups`]. A
//! schedule of k8up takes its own namespace, one of Velero covers a namespace
//! as Velero defines it (<https://velero.io/docs/main/resource-filtering/>): included, not excluded, not labelled
//! `velero.io/exclude-from-backup=true`.
//!
//! Invariant: a schedule that takes only some objects of a namespace never proves that a volume is backed up.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::observed::{Observed, Reading, State};
use crate::{
    ownership::{
        Join, Spot,
        pattern::{self, Pattern},
    },
    snapshot::Object,
    sort::Sort,
    workspace::{Component, ComponentId, Duty, TeamId},
};

const VELERO: &str = "velero.io";
const CNPG: &str = "postgresql.cnpg.io";
const K8UP: &str = "k8up.io";
const SNAPSHOTS: &str = "snapshot.storage.k8s.io";

/// Backups as far as objects of the cluster show them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Backups {
    /// Schedules of Velero and k8up, by namespace and name.
    pub schedules: Vec<BackupSchedule>,
    /// Backups that did not complete, newest first.
    pub failed: Vec<FailedBackup>,
    /// Restores, newest first.
    pub restores: Vec<Restore>,
    /// Namespaces that no schedule covers, sorted.
    pub uncovered: Vec<String>,
    /// Volume claims and databases, each with its newest backup; by component and name.
    pub data: Vec<Data>,
}

/// A backup schedule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BackupSchedule {
    /// What runs it.
    pub tool: BackupTool,
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Schedule, as cron has it.
    pub schedule: String,
    /// It is paused.
    pub paused: bool,
    /// Namespaces it covers, as written; `*` for all.
    pub covers: Vec<String>,
    /// Namespaces it leaves out, as written.
    pub leaves_out: Vec<String>,
    /// It takes only some objects of a namespace: a selector or a list of resources says which.
    pub some_objects: bool,
    /// It takes the content of volumes.
    pub volumes: bool,
    /// Storage location that it names; `None` for the default one.
    pub location: Option<String>,
    /// Last backup that completed, UTC.
    pub last_completed: Option<DateTime<Utc>>,
    /// Phase of the newest backup: `Completed`, `PartiallyFailed`, `Failed` …
    pub last_phase: Option<String>,
    #[serde(skip)]
    pub(crate) spot: Spot,
}

/// What runs a backup schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum BackupTool {
    Velero,
    K8up,
}

/// A backup that did not complete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FailedBackup {
    /// `namespace/name`.
    pub name: String,
    /// Schedule that started it.
    pub schedule: Option<String>,
    /// Phase.
    pub phase: String,
    /// Errors counted.
    pub errors: u64,
    /// When it began, UTC.
    pub started: Option<DateTime<Utc>>,
}

/// A restore.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Restore {
    /// Name.
    pub name: String,
    /// Backup it was made from.
    pub backup: String,
    /// Namespaces restored, as written; empty for all.
    pub namespaces: Vec<String>,
    /// Phase.
    pub phase: String,
    /// When it ended, UTC.
    pub ended: Option<DateTime<Utc>>,
}

/// Data that can be lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Data {
    /// Component that it belongs to.
    pub component: Option<ComponentId>,
    /// Team that answers for the component's data.
    pub team: Option<TeamId>,
    /// `PersistentVolumeClaim` or `Cluster`.
    pub kind: String,
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// What backs it up, by name.
    pub by: Vec<String>,
    /// Newest backup that completed, UTC.
    pub newest: Option<DateTime<Utc>>,
    /// Recovery point objective of the component in minutes.
    pub objective: Option<u32>,
    /// The newest backup is missing, or older than the objective; `None` when there is a backup and no objective.
    pub late: Option<bool>,
    /// Names of the schedules that take it.
    pub schedules: Vec<String>,
    /// Nothing but a volume snapshot backs it up: whether it lies elsewhere than the volume is not visible.
    pub only_snapshot: bool,
    #[serde(skip)]
    pub(crate) spot: Spot,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ScheduleBody {
    spec: ScheduleSpec,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ScheduleSpec {
    schedule: String,
    paused: Option<bool>,
    template: Template,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Template {
    included_namespaces: Option<Vec<String>>,
    excluded_namespaces: Option<Vec<String>>,
    included_resources: Option<Vec<String>>,
    excluded_resources: Option<Vec<String>>,
    included_namespace_scoped_resources: Option<Vec<String>>,
    excluded_namespace_scoped_resources: Option<Vec<String>>,
    label_selector: Option<serde_json::Value>,
    or_label_selectors: Option<Vec<serde_json::Value>>,
    snapshot_volumes: Option<bool>,
    default_volumes_to_fs_backup: Option<bool>,
    storage_location: Option<String>,
}

impl Template {
    fn some_objects(&self) -> bool {
        let all = |list: &Option<Vec<String>>| {
            list.as_ref().is_none_or(|list| list.is_empty() || list.contains(&"*".to_owned()))
        };
        let none = |list: &Option<Vec<String>>| list.as_ref().is_none_or(Vec::is_empty);
        !(all(&self.included_resources)
            && all(&self.included_namespace_scoped_resources)
            && none(&self.excluded_resources)
            && none(&self.excluded_namespace_scoped_resources)
            && self.label_selector.is_none()
            && self.or_label_selectors.as_ref().is_none_or(Vec::is_empty))
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RunBody {
    spec: RunSpec,
    status: RunStatus,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RunSpec {
    backup_name: Option<String>,
    included_namespaces: Option<Vec<String>>,
    cluster: Named,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Named {
    name: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RunStatus {
    phase: Option<String>,
    errors: Option<u64>,
    start_timestamp: Option<DateTime<Utc>>,
    completion_timestamp: Option<DateTime<Utc>>,
    stopped_at: Option<DateTime<Utc>>,
    last_successful_backup: Option<DateTime<Utc>>,
}

/// Whether the schedule takes the namespace.
fn covers(schedule: &BackupSchedule, namespace: &Object) -> bool {
    let label = namespace.labels.get("velero.io/exclude-from-backup");
    label.is_none_or(|value| &**value != "true")
        && pattern::any(&Pattern::list(&schedule.covers), &namespace.name)
        && !pattern::any(&Pattern::list(&schedule.leaves_out), &namespace.name)
}

/// A run of a schedule: namespace and name of the schedule, and how it went.
type Run<'a> = (&'a str, &'a str, RunStatus);

fn schedules<'a>(reading: &mut Reading<'a>, join: &Join<'a>, value: &mut Backups) {
    let mut runs: Vec<Run<'a>> = Vec::new();
    for object in reading.wish(VELERO, "Backup") {
        let Some(body) = reading.body::<RunBody>(object) else { continue };
        let schedule = object.labels.get("velero.io/schedule-name");
        if let Some(phase) = body.status.phase.as_deref().filter(|phase| phase.contains("Failed")) {
            value.failed.push(FailedBackup {
                name: format!("{}/{}", object.namespace, object.name),
                schedule: schedule.map(|name| name.to_string()),
                phase: phase.to_owned(),
                errors: body.status.errors.unwrap_or(0),
                started: body.status.start_timestamp,
            });
        }
        if let Some(schedule) = schedule {
            runs.push((&object.namespace, schedule, body.status));
        }
    }
    let owners = join.owners(VELERO, "Schedule");
    for (index, object) in reading.wish(VELERO, "Schedule").iter().enumerate() {
        let (Some(spot), Some(body)) = (owners.spot(index), reading.body::<ScheduleBody>(object)) else { continue };
        let own = || runs.iter().filter(|run| run.0 == &*object.namespace && run.1 == &*object.name).map(|run| &run.2);
        let template = body.spec.template;
        value.schedules.push(BackupSchedule {
            tool: BackupTool::Velero,
            namespace: object.namespace.to_string(),
            name: object.name.to_string(),
            schedule: body.spec.schedule,
            paused: body.spec.paused.unwrap_or(false),
            some_objects: template.some_objects(),
            volumes: template.snapshot_volumes != Some(false) || template.default_volumes_to_fs_backup == Some(true),
            covers: template.included_namespaces.filter(|list| !list.is_empty()).unwrap_or(vec!["*".to_owned()]),
            leaves_out: template.excluded_namespaces.unwrap_or_default(),
            location: template.storage_location.filter(|name| !name.is_empty()),
            spot,
            last_completed: own()
                .filter(|run| run.phase.as_deref() == Some("Completed"))
                .filter_map(|run| run.completion_timestamp)
                .max(),
            last_phase: own().max_by_key(|run| run.start_timestamp).and_then(|run| run.phase.clone()),
        });
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct K8upBody {
    spec: K8upSpec,
    status: K8upStatus,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct K8upSpec {
    backup: Option<K8upBackup>,
    date: Option<DateTime<Utc>>,
    paths: Option<Vec<String>>,
    snapshot: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct K8upBackup {
    schedule: String,
    label_selectors: Option<Vec<serde_json::Value>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct K8upStatus {
    conditions: Option<Vec<Condition>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Condition {
    r#type: String,
    status: String,
    reason: String,
    last_transition_time: Option<DateTime<Utc>>,
}

impl K8upStatus {
    /// How it ended and when; `Succeeded` as Velero calls it.
    fn end(&self) -> Option<(String, Option<DateTime<Utc>>)> {
        let ended = |it: &&Condition| it.r#type == "Completed" && it.status == "True";
        let condition = self.conditions.iter().flatten().find(ended)?;
        let phase = if condition.reason == "Succeeded" { "Completed" } else { &condition.reason };
        Some((phase.to_owned(), condition.last_transition_time))
    }
}

/// Schedules of k8up, each of which takes the volumes of its namespace, with their runs.
fn k8up(reading: &mut Reading<'_>, join: &Join<'_>, value: &mut Backups) {
    let mut runs = Vec::new();
    for object in reading.wish(K8UP, "Backup") {
        let Some(body) = reading.body::<K8upBody>(object) else { continue };
        let Some((phase, ended)) = body.status.end() else { continue };
        let schedule =
            object.owners.iter().find(|owner| &*owner.kind == "Schedule").map(|owner| owner.name.to_string());
        if phase != "Completed" {
            value.failed.push(FailedBackup {
                name: format!("{}/{}", object.namespace, object.name),
                schedule: schedule.clone(),
                phase: phase.clone(),
                errors: 0,
                started: object.created,
            });
        }
        runs.push((&*object.namespace, schedule, phase, ended));
    }
    let owners = join.owners(K8UP, "Schedule");
    for (index, object) in reading.wish(K8UP, "Schedule").iter().enumerate() {
        let (Some(spot), Some(body)) = (owners.spot(index), reading.body::<K8upBody>(object)) else { continue };
        // One that only prunes or checks takes nothing.
        let Some(backup) = body.spec.backup else { continue };
        let own = || runs.iter().filter(|run| run.0 == &*object.namespace && run.1.as_deref() == Some(&*object.name));
        value.schedules.push(BackupSchedule {
            tool: BackupTool::K8up,
            namespace: object.namespace.to_string(),
            name: object.name.to_string(),
            schedule: backup.schedule,
            paused: false,
            covers: vec![object.namespace.to_string()],
            leaves_out: Vec::new(),
            some_objects: backup.label_selectors.is_some_and(|list| !list.is_empty()),
            volumes: true,
            location: None,
            last_completed: own().filter(|run| run.2 == "Completed").filter_map(|run| run.3).max(),
            last_phase: own().max_by_key(|run| run.3).map(|run| run.2.clone()),
            spot,
        });
    }
    for object in reading.wish(K8UP, "Restore") {
        let Some(body) = reading.body::<K8upBody>(object) else { continue };
        let (phase, ended) = body.status.end().unwrap_or_default();
        value.restores.push(Restore {
            name: object.name.to_string(),
            backup: body.spec.snapshot.unwrap_or_default(),
            namespaces: vec![object.namespace.to_string()],
            phase,
            ended,
        });
    }
}

/// Namespace and name of a volume claim.
type Claim<'a> = (&'a str, String);

/// What was taken of a claim, and when.
type Taken = (String, DateTime<Utc>);

/// The newest copy of each claim that k8up keeps: it stores a claim below `/data`.
fn copies<'a>(reading: &mut Reading<'a>) -> BTreeMap<Claim<'a>, Taken> {
    let mut newest: BTreeMap<Claim<'a>, Taken> = BTreeMap::new();
    for object in reading.wish(K8UP, "Snapshot") {
        let Some(K8upBody { spec, .. }) = reading.body::<K8upBody>(object) else { continue };
        let Some(date) = spec.date else { continue };
        for claim in spec.paths.iter().flatten().filter_map(|path| path.strip_prefix("/data/")) {
            keep(&mut newest, (&object.namespace, claim.to_owned()), (format!("Snapshot {}", object.name), date));
        }
    }
    newest
}

fn keep<'a>(newest: &mut BTreeMap<Claim<'a>, Taken>, claim: Claim<'a>, taken: Taken) {
    match newest.get_mut(&claim) {
        Some(known) if known.1 >= taken.1 => {}
        Some(known) => *known = taken,
        None => {
            newest.insert(claim, taken);
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct SnapshotBody {
    spec: SnapshotSpec,
    status: SnapshotStatus,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct SnapshotSpec {
    source: SnapshotSource,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct SnapshotSource {
    persistent_volume_claim_name: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct SnapshotStatus {
    ready_to_use: Option<bool>,
    creation_time: Option<DateTime<Utc>>,
}

/// The newest volume snapshot of each claim that can be used.
fn volume_snapshots<'a>(reading: &mut Reading<'a>) -> BTreeMap<Claim<'a>, Taken> {
    let mut newest: BTreeMap<Claim<'a>, Taken> = BTreeMap::new();
    for object in reading.wish(SNAPSHOTS, "VolumeSnapshot") {
        let Some(SnapshotBody { spec, status }) = reading.body::<SnapshotBody>(object) else { continue };
        if let (Some(true), Some(time), Some(claim)) =
            (status.ready_to_use, status.creation_time, spec.source.persistent_volume_claim_name)
        {
            keep(&mut newest, (&object.namespace, claim), (format!("VolumeSnapshot {}", object.name), time));
        }
    }
    newest
}

/// The API of some tool that backs up is installed.
fn any_tool(join: &Join<'_>) -> bool {
    let kinds = [(VELERO, "Schedule"), (K8UP, "Schedule"), (SNAPSHOTS, "VolumeSnapshot"), (CNPG, "Cluster")];
    kinds.iter().any(|(group, kind)| join.snapshot().offers(group, kind))
}

fn restores(reading: &mut Reading<'_>) -> Vec<Restore> {
    let mut restores = Vec::new();
    for object in reading.wish(VELERO, "Restore") {
        let Some(body) = reading.body::<RunBody>(object) else { continue };
        restores.push(Restore {
            name: object.name.to_string(),
            backup: body.spec.backup_name.unwrap_or_default(),
            namespaces: body.spec.included_namespaces.unwrap_or_default(),
            phase: body.status.phase.unwrap_or_default(),
            ended: body.status.completion_timestamp,
        });
    }
    restores
}

/// A database cluster with what backed it up.
struct Database {
    spot: Spot,
    by: Vec<String>,
    newest: Option<DateTime<Utc>>,
}

fn databases(reading: &mut Reading<'_>, join: &Join<'_>) -> Vec<Database> {
    let mut runs = Vec::new();
    for object in reading.wish(CNPG, "Backup") {
        let Some(body) = reading.body::<RunBody>(object) else { continue };
        if body.status.phase.as_deref() == Some("completed") {
            runs.push((&*object.namespace, body.spec.cluster.name, &*object.name, body.status.stopped_at));
        }
    }
    let owners = join.owners(CNPG, "Cluster");
    let mut databases = Vec::new();
    for (index, object) in reading.wish(CNPG, "Cluster").iter().enumerate() {
        let (Some(spot), Some(body)) = (owners.spot(index), reading.body::<RunBody>(object)) else { continue };
        let own = || runs.iter().filter(|run| run.0 == &*object.namespace && run.1 == *object.name);
        let newest = own().filter_map(|run| run.3).chain(body.status.last_successful_backup).max();
        let last = own().max_by_key(|run| run.3).map(|run| format!("Backup {}", run.2));
        databases.push(Database { spot, by: last.into_iter().collect(), newest });
    }
    databases
}

/// What backs something up, names of the schedules among it, and when it last did.
type Backed = (Vec<String>, Vec<String>, Option<DateTime<Utc>>);

fn data(join: &Join<'_>, spot: Spot, (by, schedules, newest): Backed, as_of: DateTime<Utc>) -> Data {
    let key = join.key(spot);
    let component: Option<&Component> = join.component(spot);
    let objective = component.and_then(|component| component.recovery_point);
    let late = match (newest, objective) {
        (None, _) => Some(true),
        (Some(newest), Some(minutes)) => Some((as_of - newest).num_minutes() > i64::from(minutes)),
        (Some(_), None) => None,
    };
    Data {
        component: component.map(|component| component.id.clone()),
        team: component.and_then(|component| component.duties.get(&Duty::Data).cloned()),
        kind: key.kind.to_string(),
        namespace: key.namespace.to_string(),
        name: key.name.to_string(),
        by,
        newest,
        objective,
        late,
        schedules,
        only_snapshot: false,
        spot,
    }
}

pub(crate) fn observe(join: &Join<'_>, as_of: DateTime<Utc>) -> Observed<Backups> {
    let mut reading = Reading::new(join.snapshot());
    let mut value = Backups::default();
    if !any_tool(join) {
        reading.worsen(State::Absent, "no API of a backup tool is installed".to_owned());
    }
    schedules(&mut reading, join, &mut value);
    value.restores = restores(&mut reading);
    k8up(&mut reading, join, &mut value);
    value.schedules.order_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
    value.failed.order_by(|a, b| (b.started, &a.name).cmp(&(a.started, &b.name)));
    value.restores.order_by(|a, b| (b.ended, &a.name).cmp(&(a.ended, &b.name)));
    let (copies, snapshots) = (copies(&mut reading), volume_snapshots(&mut reading));
    let databases = databases(&mut reading, join);
    let namespaces = reading.need("", "Namespace");
    let active: Vec<&BackupSchedule> = value.schedules.iter().filter(|schedule| !schedule.paused).collect();
    let free = namespaces.iter().filter(|namespace| !active.iter().any(|schedule| covers(schedule, namespace)));
    let mut uncovered: Vec<String> = free.map(|namespace| namespace.name.to_string()).collect();
    uncovered.order();
    let owners = join.owners("", "PersistentVolumeClaim");
    let mut all = Vec::new();
    for (index, object) in reading.need("", "PersistentVolumeClaim").iter().enumerate() {
        let Some(spot) = owners.spot(index) else { continue };
        // The volumes of a database are backed up by its operator.
        if databases.iter().any(|database| database.spot == join.root(spot)) {
            continue;
        }
        let namespace = namespaces.iter().find(|namespace| namespace.name == object.namespace);
        let by = active.iter().filter(|schedule| {
            schedule.volumes && !schedule.some_objects && namespace.is_some_and(|namespace| covers(schedule, namespace))
        });
        let by: Vec<_> = by.collect();
        let claim = (&*object.namespace, object.name.to_string());
        let (copy, snapshot) = (copies.get(&claim), snapshots.get(&claim));
        // k8up says of each claim when it was copied, Velero only when its schedule ran.
        let velero = by.iter().filter(|schedule| schedule.tool == BackupTool::Velero);
        let newest = velero.filter_map(|schedule| schedule.last_completed).chain(copy.map(|it| it.1)).max();
        let names: Vec<String> = by.iter().map(|schedule| schedule.name.clone()).collect();
        let mut told: Vec<String> = names.iter().map(|name| format!("Schedule {name}")).collect();
        told.extend(copy.into_iter().chain(snapshot).map(|it| it.0.clone()));
        let both = newest.max(snapshot.map(|it| it.1));
        let mut data = data(join, spot, (told, names, both), as_of);
        data.only_snapshot = newest.is_none() && snapshot.is_some();
        all.push(data);
    }
    all.extend(databases.into_iter().map(|it| data(join, it.spot, (it.by, Vec::new(), it.newest), as_of)));
    all.order_by(|a, b| {
        (&a.component, &a.kind, &a.namespace, &a.name).cmp(&(&b.component, &b.kind, &b.namespace, &b.name))
    });
    (value.uncovered, value.data) = (uncovered, all);
    reading.finish(value)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        assess::testing::{claim, component, labelled, list, moment, namespaces, object, snapshot, workspace},
        ownership,
    };

    /// As Velero 1.17 writes them, shortened; observed in a cluster with a claim in `shop`.
    fn seen(template: Value, phase: &str) -> Backups {
        let run = json!({ "status": {
            "phase": phase, "startTimestamp": "2026-11-21T03:46:42Z", "completionTimestamp": "2026-11-21T03:56:42Z", "errors": 3,
        } });
        let schedule = json!({ "spec": { "schedule": "0 3 * * *", "paused": false, "template": template } });
        let snapshot = snapshot(vec![
            namespaces(&["shop", "other"]),
            list("PersistentVolumeClaim", vec![object("shop", "data", json!({}))]),
            list("velero.io/Schedule", vec![object("velero", "daily", schedule)]),
            list(
                "velero.io/Backup",
                vec![labelled(object("velero", "daily-1", run), &[("velero.io/schedule-name", "daily")])],
            ),
            list("postgresql.cnpg.io/Cluster", vec![object("shop", "orders", json!({}))]),
            list(
                "postgresql.cnpg.io/Backup",
                vec![object(
                    "shop",
                    "orders-1",
                    json!({
                        "spec": { "cluster": { "name": "orders" } },
                        "status": { "phase": "completed", "stoppedAt": "2026-11-19T01:59:07Z" },
                    }),
                )],
            ),
        ]);
        let mut shop = component("shop", "platform", vec![claim(|claim| claim.namespaces = vec!["shop".to_owned()])]);
        shop.recovery_point = Some(24 * 60);
        let workspace = workspace(vec![shop]);
        let join = ownership::join(&workspace, &snapshot);
        observe(&join, moment()).seen().clone()
    }

    fn late(backups: &Backups, kind: &str) -> Option<bool> {
        backups.data.iter().find(|data| data.kind == kind).expect("seen").late
    }

    #[test]
    fn age_is_that_of_the_newest_completed_backup() {
        let fine = seen(json!({ "includedNamespaces": ["*"] }), "Completed");
        assert_eq!(late(&fine, "PersistentVolumeClaim"), Some(false));
        assert!(fine.uncovered.is_empty() && fine.failed.is_empty());
        // 56 hours at an objective of 24.
        assert_eq!(late(&fine, "Cluster"), Some(true));
        let failed = seen(json!({ "includedNamespaces": ["*"] }), "PartiallyFailed");
        assert_eq!(late(&failed, "PersistentVolumeClaim"), Some(true));
        assert_eq!((&*failed.failed[0].name, failed.failed[0].errors), ("velero/daily-1", 3));
    }

    #[test]
    fn what_a_schedule_leaves_out_is_named() {
        assert_eq!(seen(json!({ "excludedNamespaces": ["oth*"] }), "Completed").uncovered, ["other"]);
        let others = seen(json!({ "includedNamespaces": ["other"] }), "Completed");
        assert_eq!(
            (others.uncovered.join(","), late(&others, "PersistentVolumeClaim")),
            ("shop".to_owned(), Some(true))
        );
        let selected = seen(json!({ "labelSelector": { "matchLabels": { "backup": "yes" } } }), "Completed");
        assert_eq!(late(&selected, "PersistentVolumeClaim"), Some(true));
        let objects = seen(json!({ "snapshotVolumes": false }), "Completed");
        assert_eq!(late(&objects, "PersistentVolumeClaim"), Some(true));
    }

    /// As k8up 2.12 and the snapshot controller write them, shortened.
    fn copied(snapshot_ready: bool, with_k8up: bool) -> Backups {
        let taken = json!({ "spec": { "source": { "persistentVolumeClaimName": "data" } },
            "status": { "readyToUse": snapshot_ready, "creationTime": "2026-11-21T02:00:00Z" } });
        let mut lists = vec![
            namespaces(&["shop"]),
            list("PersistentVolumeClaim", vec![object("shop", "data", json!({})), object("shop", "cache", json!({}))]),
            list("snapshot.storage.k8s.io/VolumeSnapshot", vec![object("shop", "data-1", taken)]),
        ];
        if with_k8up {
            let schedule = object("shop", "nightly", json!({ "spec": { "backup": { "schedule": "0 1 * * *" } } }));
            let ended = |reason: &str| {
                json!({ "status": { "conditions": [
                { "type": "Completed", "status": "True", "reason": reason, "lastTransitionTime": "2026-11-20T01:10:00Z" },
            ] } })
            };
            let mut run = object("shop", "nightly-1", ended("Failed"));
            run.owners = crate::assess::testing::owned(object("", "", json!({})), "Schedule", &schedule).owners;
            let copy = json!({ "spec": { "date": "2026-11-19T01:05:00Z", "paths": ["/data/data", "/data/other"] } });
            let prune = object("shop", "prune", json!({ "spec": { "prune": { "schedule": "@daily" } } }));
            lists.extend([
                list("k8up.io/Schedule", vec![schedule, prune]),
                list("k8up.io/Backup", vec![run]),
                list("k8up.io/Snapshot", vec![object("shop", "5f1", copy)]),
                list("k8up.io/Restore", vec![object("shop", "drill", ended("Succeeded"))]),
            ]);
        }
        let snapshot = snapshot(lists);
        let workspace = workspace(Vec::new());
        observe(&ownership::join(&workspace, &snapshot), moment()).seen().clone()
    }

    fn claim_of<'b>(backups: &'b Backups, name: &str) -> &'b Data {
        backups.data.iter().find(|data| data.name == name).expect("seen")
    }

    #[test]
    fn volume_snapshots_count_and_are_told_from_backups() {
        let seen = copied(true, false);
        let data = claim_of(&seen, "data");
        assert_eq!((data.by.join(","), data.only_snapshot), ("VolumeSnapshot data-1".to_owned(), true));
        assert!(data.newest.is_some() && claim_of(&seen, "cache").newest.is_none());
        assert!(claim_of(&copied(false, false), "data").newest.is_none(), "one that cannot be used is none");
    }

    #[test]
    fn k8up_says_of_each_claim_when_it_was_copied() {
        let seen = copied(false, true);
        let [schedule] = &seen.schedules[..] else { panic!("{:?}", seen.schedules) };
        assert_eq!((schedule.tool, schedule.last_phase.as_deref()), (BackupTool::K8up, Some("Failed")));
        assert_eq!((&*seen.failed[0].name, &*seen.restores[0].phase), ("shop/nightly-1", "Completed"));
        let data = claim_of(&seen, "data");
        assert_eq!(data.newest.map(|time| time.to_rfc3339()).as_deref(), Some("2026-11-19T01:05:00+00:00"));
        assert!(!data.only_snapshot && data.by == ["Schedule nightly", "Snapshot 5f1"]);
        let cache = claim_of(&seen, "cache");
        assert!(cache.newest.is_none() && cache.by == ["Schedule nightly"], "a schedule alone is no copy");
        assert!(seen.uncovered.is_empty());
    }
}
