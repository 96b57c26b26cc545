//! The evidence file: everything one collection read from one cluster, redacted, with provenance.
//!
//! In: what `cluster` read, or a file. Out: a [`Snapshot`], or the same as one compressed file.
//!
//! Invariants: an object list can only be had together with its [`ListRecord`], which says how complete it is; nothing
//! that is not named by a projection is in a snapshot; two snapshots of equal content are byte-identical but for their
//! header.

mod body;
mod cite;
mod error;
mod file;
mod find;
mod frames;
mod kept;
mod line;
mod lines;
pub(crate) mod moment;
mod pack;
mod probe;
mod share;
mod template;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use scopefence_json::read;
use serde::{Deserialize, Serialize};

pub use scopefence_json::read::Error as BodyError;

use crate::digest::sha256_hex;

pub use body::Body;
pub use cite::{Citation, State};
pub(crate) use cite::{cite, not_installed, parts, qualified, reason};
pub use error::Error;
pub use file::{read, read_header};
pub use find::{ENDINGS, Evidence, Found, find, is_snapshot_name};
pub use kept::Kept;
pub use pack::{Packed, pack, write, write_packed};
pub use probe::{Probe, ProbeRecord};
pub use share::Texts;
pub(crate) use {
    line::{Owner as OwnerParts, Pairs, Parts},
    lines::{Lines, Writing},
    share::Strings,
};

/// Format version that this program writes; it reads this and every older one.
pub const FORMAT: u32 = 2;

/// Stands for a value that a projection redacts.
pub(crate) const REDACTED: &str = "[redacted]";

/// Stands for a value of another shape than the API promises.
pub(crate) const UNEXPECTED: &str = "[unexpected]";

/// Everything one collection read from one cluster.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// Where, when and by whom it was read.
    pub header: Header,
    /// SHA-256 of the file, in hex; of the canonical content for a snapshot not yet written.
    pub digest: String,
    /// One per list asked for, sorted by (group, kind).
    pub lists: Vec<List>,
    /// Evidence that is no list, sorted by name.
    pub probes: Vec<Probe>,
}

/// First line of a snapshot file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Header {
    /// Format version.
    pub format: u32,
    /// Version of the program that wrote it.
    pub generator: String,
    /// How the evidence came here.
    pub source: Source,
    /// Which cluster.
    pub cluster: ClusterIdentity,
    /// Who read it, from the self-subject review.
    pub collector: Option<Collector>,
    /// First request, UTC.
    pub started: DateTime<Utc>,
    /// Last answer, UTC. Documents date evidence by this.
    pub ended: DateTime<Utc>,
    /// SHA-256 of the previous snapshot of this cluster in the same folder.
    pub previous: Option<String>,
    /// `true` only for the sample shipped with the starters.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sample: bool,
}

/// How evidence came here. Documents label the two differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// Read from the API server by this program.
    Collected,
    /// Read from files that somebody saved.
    Supplied,
}

/// Which cluster was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ClusterIdentity {
    /// Declared identifier, else kubeconfig context, else `cluster`.
    pub id: String,
    /// UID of the kube-system namespace.
    pub uid: Option<String>,
    /// API server URL, without credentials.
    pub server: Option<String>,
    /// `gitVersion` of the API server, for example `v1.36.2`.
    pub version: Option<String>,
    /// kubeconfig context used.
    pub context: Option<String>,
}

/// Who the API server said we are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Collector {
    /// User name.
    pub username: String,
    /// Groups.
    pub groups: Vec<String>,
}

/// One list that was asked for, and what came of it.
#[derive(Debug, Clone)]
pub struct List {
    /// What was asked and how it ended.
    pub record: ListRecord,
    objects: Vec<Object>,
}

/// What was asked of the API server and how it ended. This is what a document cites as evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ListRecord {
    /// API group, empty for core.
    pub group: String,
    /// API version, for example `v1`.
    pub version: String,
    /// Kind, for example `Pod`.
    pub kind: String,
    /// Plural resource, for example `pods`.
    pub resource: String,
    /// Namespaced or cluster-scoped.
    pub namespaced: bool,
    /// Request path, for example `/api/v1/pods`; for supplied evidence the file.
    pub path: String,
    /// `resourceVersion` of the list.
    pub resource_version: Option<String>,
    /// Objects kept.
    pub count: usize,
    /// How it ended.
    pub completeness: Completeness,
    /// Only names, labels and owners were asked for (`PartialObjectMetadata`).
    pub metadata_only: bool,
    /// Last answer for this list, UTC.
    pub read_at: DateTime<Utc>,
    /// Requests repeated.
    pub retries: u32,
    /// `Warning` headers that the server sent.
    pub warnings: Vec<String>,
    /// SHA-256 in hex over the kept objects of this list, in order.
    pub digest: String,
    /// What of each object was kept; unknown where only metadata was read, or when an earlier version read it.
    #[serde(default, skip_serializing_if = "Kept::is_unknown")]
    pub kept: Kept,
}

impl ListRecord {
    /// What lists are sorted by.
    pub(crate) fn key(&self) -> (&str, &str) {
        (&self.group, &self.kind)
    }
}

/// How a list ended. Only [`Completeness::Complete`] lets anything read absence into it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "state", content = "reason")]
pub enum Completeness {
    /// Every page was read.
    Complete,
    /// Some pages, namespaces or objects were not read; why.
    Partial(String),
    /// 401 or 403; the server's message.
    Forbidden(String),
    /// The API is not installed.
    Absent,
    /// Any other end: timeout, 5xx, invalid answer; why.
    Failed(String),
    /// Nobody asked: the kind was outside what was collected or supplied.
    NotCollected,
}

/// One object as kept: metadata, and the projected rest as compact JSON.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Object {
    /// Namespace, empty for cluster-scoped objects.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub namespace: Arc<str>,
    /// Name.
    pub name: Arc<str>,
    /// UID.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub uid: Arc<str>,
    /// Creation time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<DateTime<Utc>>,
    /// Labels.
    #[serde(default, skip_serializing_if = "no_labels")]
    pub labels: Arc<Texts>,
    /// Annotations on the projection's allow-list.
    #[serde(default, skip_serializing_if = "Texts::is_empty")]
    pub annotations: Texts,
    /// Owner references.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub owners: Vec<OwnerRef>,
    /// The projected object without metadata, for example `{"spec":{…},"status":{…}}`; field names as in the API.
    #[serde(default)]
    pub body: Body,
}

fn no_labels(labels: &Arc<Texts>) -> bool {
    labels.is_empty()
}

/// An owner reference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct OwnerRef {
    /// API group of the owner.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub group: Arc<str>,
    /// Kind of the owner.
    pub kind: Arc<str>,
    /// Name of the owner.
    pub name: Arc<str>,
    /// UID of the owner.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub uid: Arc<str>,
    /// The owner that manages the object.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub controller: bool,
}

impl Object {
    /// Reads the body as `T`, which names the fields it needs in the API's own spelling.
    ///
    /// # Errors
    /// When the cluster's answer does not have the shape that the API promises; callers report outcome `error`.
    pub fn body<'a, T: Deserialize<'a>>(&'a self) -> Result<T, BodyError> {
        read::from_str(self.body.get())
    }
}

/// Into the order of a file.
fn sort(objects: &mut [Object]) {
    objects.sort_by(|a, b| (&a.namespace, &a.name, &a.uid).cmp(&(&b.namespace, &b.name, &b.uid)));
}

impl List {
    /// Binds objects to the record of how they were read: sorts them by (namespace, name) and sets the record's count
    /// and digest from them.
    pub fn new(mut record: ListRecord, mut objects: Vec<Object>) -> Self {
        sort(&mut objects);
        record.count = objects.len();
        record.digest = Lines::of(&objects).digest();
        Self { record, objects }
    }

    /// The objects, if every one of them was read; else the record that says why not.
    pub fn complete(&self) -> Result<&[Object], &ListRecord> {
        match self.record.completeness {
            Completeness::Complete => Ok(&self.objects),
            _ => Err(&self.record),
        }
    }

    /// Whatever was read. Presence in here proves something, absence proves nothing.
    pub fn seen(&self) -> &[Object] {
        &self.objects
    }
}

impl Snapshot {
    /// Puts lists into order; of two lists of one kind the first stays. The digest is that of the header and of the
    /// records, which hold the digests of the objects.
    pub fn new(header: Header, lists: Vec<List>) -> Self {
        Self::with_probes(header, lists, Vec::new())
    }

    /// The same with evidence that is no list; of two of one name the first stays.
    pub fn with_probes(header: Header, mut lists: Vec<List>, mut probes: Vec<Probe>) -> Self {
        lists.sort_by(|a, b| a.record.key().cmp(&b.record.key()));
        lists.dedup_by(|b, a| a.record.key() == b.record.key());
        probes.sort_by(|a, b| a.record.name.cmp(&b.record.name));
        probes.dedup_by(|b, a| a.record.name == b.record.name);
        let records: Vec<&ListRecord> = lists.iter().map(|list| &list.record).collect();
        let probed: Vec<&ProbeRecord> = probes.iter().map(|probe| &probe.record).collect();
        // Plain data always serializes.
        let digest = sha256_hex(serde_json::to_vec(&(&header, records, probed)).unwrap_or_default());
        Self { header, digest, lists, probes }
    }

    /// The evidence of a name that is no list, if the collection asked for it.
    pub fn probe(&self, name: &str) -> Option<&Probe> {
        self.probes.iter().find(|probe| probe.record.name == name)
    }

    /// The list of a kind, if the collection knew the kind at all.
    pub fn list(&self, group: &str, kind: &str) -> Option<&List> {
        self.number(group, kind).map(|number| &self.lists[number])
    }

    /// Whether the cluster has the API of a kind, as far as the collection asked.
    pub(crate) fn offers(&self, group: &str, kind: &str) -> bool {
        self.list(group, kind).is_some_and(|list| list.record.completeness != Completeness::Absent)
    }

    /// The number of the list whose kind [`qualified`] writes like this.
    pub(crate) fn numbered(&self, name: &str) -> Option<usize> {
        let (group, kind) = parts(name);
        self.number(group, kind)
    }

    /// Its number among the lists.
    pub(crate) fn number(&self, group: &str, kind: &str) -> Option<usize> {
        self.lists.binary_search_by(|list| (&*list.record.group, &*list.record.kind).cmp(&(group, kind))).ok()
    }
}

#[cfg(test)]
mod tests;
