//! Which snapshot to use: the newest of each cluster in a folder.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use super::{Error, Header, file::read_header};
use crate::sort::Sort;

/// Endings of an evidence file's name.
pub const ENDINGS: [&str; 3] = [".snapshot.jsonl.zst", ".snapshot.jsonl.gz", ".snapshot.jsonl"];

/// The evidence files of one folder.
#[derive(Debug, Default)]
pub struct Evidence {
    /// The newest snapshot of each cluster by its end time, sorted by cluster id.
    pub newest: Vec<Found>,
    /// Older ones, oldest first.
    pub older: Vec<Found>,
    /// Files named like a snapshot that cannot be read. Whoever uses `newest` says so: one of these might be newer.
    pub unreadable: Vec<Error>,
}

/// A snapshot file of which the header was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Where it is.
    pub path: PathBuf,
    /// Its first line.
    pub header: Header,
}

/// Looks through `folder` (not below it). A folder that does not exist holds no evidence.
///
/// # Errors
/// When the folder exists but cannot be read.
pub fn find(folder: &Path) -> Result<Evidence, Error> {
    let failed = |source| Error::Open { path: folder.to_owned(), source };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Evidence::default()),
        Err(error) => return Err(failed(error)),
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        if path.file_name().and_then(|name| name.to_str()).is_some_and(is_snapshot_name) && path.is_file() {
            paths.push(path);
        }
    }
    paths.order();
    let mut evidence = Evidence::default();
    let mut clusters: BTreeMap<String, Vec<Found>> = BTreeMap::new();
    for path in paths {
        match read_header(&path) {
            Ok(header) => clusters.entry(cluster_key(&header)).or_default().push(Found { path, header }),
            Err(error) => evidence.unreadable.push(error),
        }
    }
    for mut found in clusters.into_values() {
        found.order_by(|a, b| (a.header.ended, &a.path).cmp(&(b.header.ended, &b.path)));
        evidence.newest.extend(found.pop());
        evidence.older.extend(found);
    }
    evidence.newest.order_by(|a, b| (&a.header.cluster.id, &a.path).cmp(&(&b.header.cluster.id, &b.path)));
    evidence.older.order_by(|a, b| (a.header.ended, &a.path).cmp(&(b.header.ended, &b.path)));
    Ok(evidence)
}

/// Whether a file name is one of a snapshot.
pub fn is_snapshot_name(name: &str) -> bool {
    !name.starts_with('.') && ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// The kube-system UID tells clusters apart; without one the declared id has to.
fn cluster_key(header: &Header) -> String {
    match &header.cluster.uid {
        Some(uid) => format!("uid {uid}"),
        None => format!("id {}", header.cluster.id),
    }
}
