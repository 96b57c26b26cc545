//! Backups: Velero schedules and when each last completed.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::observed::{Observed, Reading};
use crate::ownership::Join;

/// A backup schedule.
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
    /// Namespaces it covers; `*` for all.
    pub covers: Vec<String>,
    /// Last backup that completed, UTC.
    pub last_completed: Option<DateTime<Utc>>,
    /// Phase of the newest backup: `Completed`, `PartiallyFailed`, `Failed` …
    pub last_phase: Option<String>,
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
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct BackupBody {
    status: BackupStatus,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct BackupStatus {
    phase: Option<String>,
    start_timestamp: Option<DateTime<Utc>>,
    completion_timestamp: Option<DateTime<Utc>>,
}

pub(super) fn observe(join: &Join<'_>) -> Observed<Vec<BackupSchedule>> {
    let mut reading = Reading::new(join.snapshot());
    let mut runs = Vec::new();
    for object in reading.need("velero.io", "Backup") {
        let Some(schedule) = object.labels.get("velero.io/schedule-name") else { continue };
        if let Some(body) = reading.body::<BackupBody>(object) {
            runs.push((&*object.namespace, &**schedule, body.status));
        }
    }
    let mut schedules = Vec::new();
    for object in reading.need("velero.io", "Schedule") {
        let Some(body) = reading.body::<ScheduleBody>(object) else { continue };
        let own = || runs.iter().filter(|run| run.0 == &*object.namespace && run.1 == &*object.name).map(|run| &run.2);
        schedules.push(BackupSchedule {
            namespace: object.namespace.to_string(),
            name: object.name.to_string(),
            schedule: body.spec.schedule,
            paused: body.spec.paused.unwrap_or(false),
            covers: body
                .spec
                .template
                .included_namespaces
                .filter(|list| !list.is_empty())
                .unwrap_or(vec!["*".to_owned()]),
            last_completed: own()
                .filter(|run| run.phase.as_deref() == Some("Completed"))
                .filter_map(|run| run.completion_timestamp)
                .max(),
            last_phase: own().max_by_key(|run| run.start_timestamp).and_then(|run| run.phase.clone()),
        });
    }
    schedules.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
    reading.finish(schedules)
}
