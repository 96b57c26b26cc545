//! Backups: Velero schedules and when each last completed.

use chrono::{DateTime, Utc};
use serde::Serialize;

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
