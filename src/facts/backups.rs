//! Backups: schedules, runs that failed, restores, databases, and for each piece of data when it was last backed up.
//!
//! In: objects of Velero and CloudNativePG, volume claims and namespaces. Out: [`Backups`]. A schedule covers a namespace
//! as Velero defines it (<https://velero.io/docs/main/resource-filtering/>): included, not excluded, not labelled
//! `velero.io/exclude-from-backup=true`.
//!
//! Invariant: a schedule that takes only some objects of a namespace never proves that a volume is backed up.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::observed::{Observed, Reading};
use crate::{
    ownership::{
        Join, Spot,
        pattern::{self, Pattern},
    },
    snapshot::Object,
    workspace::{Component, ComponentId, Duty, TeamId},
};

const VELERO: &str = "velero.io";
const CNPG: &str = "postgresql.cnpg.io";

/// Backups as far as objects of the cluster show them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Backups {
    /// Velero's schedules, by namespace and name.
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

/// A backup schedule of Velero.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BackupSchedule {
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
    for object in reading.need(VELERO, "Backup") {
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
    value.failed.sort_by(|a, b| (b.started, &a.name).cmp(&(a.started, &b.name)));
    let owners = join.owners(VELERO, "Schedule");
    for (index, object) in reading.need(VELERO, "Schedule").iter().enumerate() {
        let (Some(spot), Some(body)) = (owners.spot(index), reading.body::<ScheduleBody>(object)) else { continue };
        let own = || runs.iter().filter(|run| run.0 == &*object.namespace && run.1 == &*object.name).map(|run| &run.2);
        let template = body.spec.template;
        value.schedules.push(BackupSchedule {
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
    value.schedules.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
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
    restores.sort_by(|a, b| (b.ended, &a.name).cmp(&(a.ended, &b.name)));
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
        spot,
    }
}

pub(crate) fn observe(join: &Join<'_>, as_of: DateTime<Utc>) -> Observed<Backups> {
    let mut reading = Reading::new(join.snapshot());
    let mut value = Backups::default();
    schedules(&mut reading, join, &mut value);
    value.restores = restores(&mut reading);
    let databases = databases(&mut reading, join);
    let namespaces = reading.need("", "Namespace");
    let active: Vec<&BackupSchedule> = value.schedules.iter().filter(|schedule| !schedule.paused).collect();
    let free = namespaces.iter().filter(|namespace| !active.iter().any(|schedule| covers(schedule, namespace)));
    let mut uncovered: Vec<String> = free.map(|namespace| namespace.name.to_string()).collect();
    uncovered.sort();
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
        let newest = by.iter().filter_map(|schedule| schedule.last_completed).max();
        let names: Vec<String> = by.iter().map(|schedule| schedule.name.clone()).collect();
        let told = names.iter().map(|name| format!("Schedule {name}")).collect();
        all.push(data(join, spot, (told, names, newest), as_of));
    }
    all.extend(databases.into_iter().map(|it| data(join, it.spot, (it.by, Vec::new(), it.newest), as_of)));
    all.sort_by(|a, b| {
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
}
