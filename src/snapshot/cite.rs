//! How a list of a snapshot is cited: what it is called, how completely it was read, and why not.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{Completeness, ListRecord, Object, Snapshot};

/// How much of what a fact needs was read. Ordered from best to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Every list was read to its end: absence in the value is absence in the cluster.
    Complete,
    /// The API that would show it is not installed.
    Absent,
    /// Something was read, something was not: absence in the value proves nothing.
    Partial,
    /// We may not read it.
    Forbidden,
    /// Reading failed.
    Failed,
    /// Nobody asked.
    NotCollected,
}

impl State {
    /// The state of one list.
    pub fn of(completeness: &Completeness) -> Self {
        match completeness {
            Completeness::Complete => State::Complete,
            Completeness::Partial(_) => State::Partial,
            Completeness::Forbidden(_) => State::Forbidden,
            Completeness::Absent => State::Absent,
            Completeness::Failed(_) => State::Failed,
            Completeness::NotCollected => State::NotCollected,
        }
    }

    /// As documents print it.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Complete => "complete",
            State::Absent => "absent",
            State::Partial => "partial",
            State::Forbidden => "forbidden",
            State::Failed => "failed",
            State::NotCollected => "not-collected",
        }
    }
}

/// A list as a piece of evidence.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Citation {
    /// Cluster id.
    pub cluster: String,
    /// API path, or file for supplied evidence.
    pub path: String,
    /// When it was read, UTC.
    pub read_at: DateTime<Utc>,
    /// How the list ended: `complete`, `partial`, `forbidden`, `absent`, `failed`, `not-collected`.
    pub completeness: String,
    /// Objects read.
    pub count: usize,
    /// SHA-256 over the kept objects.
    pub digest: String,
}

/// `apps/Deployment`, or `Pod` for the core group.
pub(crate) fn qualified(group: &str, kind: &str) -> String {
    if group.is_empty() { kind.to_owned() } else { format!("{group}/{kind}") }
}

/// Group and kind of a name that [`qualified`] made.
pub(crate) fn parts(name: &str) -> (&str, &str) {
    name.rsplit_once('/').unwrap_or(("", name))
}

/// Why a list is not complete, with its path, as a sentence without a full stop.
pub(crate) fn reason(record: &ListRecord) -> String {
    let path = if record.path.is_empty() { qualified(&record.group, &record.kind) } else { record.path.clone() };
    ended(&path, &record.completeness, || {
        format!("the API of {} is not installed", qualified(&record.group, &record.kind))
    })
}

/// How the reading of a path ended, as a sentence without a full stop.
pub(super) fn ended(path: &str, completeness: &Completeness, absent: impl Fn() -> String) -> String {
    match completeness {
        Completeness::Complete => format!("{path} was read completely"),
        Completeness::Partial(why) => format!("{path} was read in part: {why}"),
        Completeness::Forbidden(why) => format!("{path} is forbidden: {why}"),
        Completeness::Absent => absent(),
        Completeness::Failed(why) => format!("{path} could not be read: {why}"),
        Completeness::NotCollected => format!("{path} was not asked for"),
    }
}

/// A list as a piece of evidence.
pub(crate) fn cite(cluster: &str, record: &ListRecord) -> Citation {
    Citation {
        cluster: cluster.to_owned(),
        path: record.path.clone(),
        read_at: record.read_at,
        completeness: State::of(&record.completeness).as_str().to_owned(),
        count: record.count,
        digest: record.digest.clone(),
    }
}

/// The complete list of resource definitions, if it proves that nothing of this API group is installed.
pub(crate) fn not_installed<'a>(snapshot: &'a Snapshot, group: &str) -> Option<&'a ListRecord> {
    let built_in = !group.contains('.') || group.ends_with(".k8s.io");
    let definitions = snapshot.list("apiextensions.k8s.io", "CustomResourceDefinition").filter(|_| !built_in)?;
    let installed = |object: &Object| object.name.split_once('.').is_some_and(|(_, defined)| defined == group);
    (!definitions.complete().ok()?.iter().any(installed)).then_some(&definitions.record)
}
