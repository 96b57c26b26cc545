//! Evidence that is no list of objects, for example one family of metrics.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use scopefence_json::read;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Citation, Completeness, State, cite};
use crate::{digest::sha256_hex, snapshot::BodyError};

/// One answer that is no list of objects.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Probe {
    /// What was asked and how it ended.
    #[serde(rename = "probe")]
    pub record: ProbeRecord,
    body: Arc<RawValue>,
}

/// What was asked and how it ended, like the record of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ProbeRecord {
    /// What it is, for example `encryption-at-rest`; one of a name in a snapshot.
    pub name: String,
    /// Request path.
    pub path: String,
    /// How it ended.
    pub completeness: Completeness,
    /// Answer, UTC.
    pub read_at: DateTime<Utc>,
    /// SHA-256 in hex over what was kept.
    pub digest: String,
}

impl Probe {
    /// Binds what was kept to how it was read.
    pub fn new(
        name: &str,
        path: String,
        completeness: Completeness,
        read_at: DateTime<Utc>,
        body: &serde_json::Value,
    ) -> Self {
        // A value always serializes to JSON.
        let body = RawValue::from_string(body.to_string()).unwrap_or_default();
        let digest = sha256_hex(body.get().as_bytes());
        let record = ProbeRecord { name: name.to_owned(), path, completeness, read_at, digest };
        Self { record, body: Arc::from(body) }
    }

    /// Reads what was kept as `T`.
    ///
    /// # Errors
    /// When it has another shape.
    pub fn body<'a, T: Deserialize<'a>>(&'a self) -> Result<T, BodyError> {
        read::from_str(self.body.get())
    }

    /// What was kept has the digest recorded for it.
    pub(super) fn is_sound(&self) -> bool {
        self.record.digest == sha256_hex(self.body.get().as_bytes())
    }

    /// It as a piece of evidence.
    pub(crate) fn cite(&self, cluster: &str) -> Citation {
        Citation {
            cluster: cluster.to_owned(),
            path: self.record.path.clone(),
            read_at: self.record.read_at,
            completeness: State::of(&self.record.completeness).as_str().to_owned(),
            count: usize::from(self.record.completeness == Completeness::Complete),
            digest: self.record.digest.clone(),
        }
    }
}

impl ProbeRecord {
    /// Why it is not complete, with its path, as a sentence without a full stop.
    pub(crate) fn reason(&self) -> String {
        cite::ended(&self.path, &self.completeness, || format!("the API server does not offer {}", self.path))
    }
}
