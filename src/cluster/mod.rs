//! Collect: an API server, or files that somebody saved, become a [`Snapshot`](crate::snapshot::Snapshot).
//!
//! In: an [`Access`] to a cluster, or paths, and the [`projection::Projections`] that say what to keep. Out: a snapshot.
//! Steps: [`connect`], find out what there is (`discovery`), read kind after kind in pages (`list`, `request`), parse
//! each page past everything that is not kept (`page`, [`projection`]), bind all with its provenance ([`collect`]).
//! [`from_files`] is the way in for clusters that cannot be reached.
//!
//! Invariants: only GETs and `self-subject*` reviews are sent; nothing that a projection does not name leaves this
//! module; every list ends with a [`Completeness`](crate::snapshot::Completeness) and a reason; errors never quote an
//! answer or a kubeconfig.

mod certificate;
mod collect;
mod configz;
mod connect;
mod discovery;
pub(crate) mod files;
mod handshake;
mod list;
mod manifests;
mod metrics;
pub(crate) mod page;
mod permissions;
mod preflight;
pub mod projection;
mod proxy;
mod request;
mod settings;

pub use collect::{Collected, Event, collect, collect_packed};
pub use connect::{Access, Connection, connect, contexts};
pub use files::{Counts, Errors as FilesErrors, Place, Places, Reading, Supplied, Templates, from_files};
pub use permissions::{ClusterRole, Extra};
pub use preflight::{Preflight, Readable, listable, preflight};

/// Why a cluster could not be read at all. Everything less is recorded in the snapshot.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No usable kubeconfig, context or service account.
    #[error("{0}")]
    Kubeconfig(String),
    /// No answer to the first request.
    #[error("cannot reach the API server {server}: {reason}")]
    Unreachable {
        /// Its URL.
        server: String,
        /// What happened.
        reason: String,
    },
    /// Every list was refused or failed.
    #[error("nothing could be read from {server}: {reason}")]
    NothingReadable {
        /// Its URL.
        server: String,
        /// Why, for one of the lists.
        reason: String,
    },
    /// A list could not be packed.
    #[error("a list cannot be kept: {0}")]
    Memory(String),
    /// The program is being stopped.
    #[error("interrupted")]
    Interrupted,
}

/// Now, to the second: evidence is not dated more exactly than that.
fn now() -> chrono::DateTime<chrono::Utc> {
    let now = chrono::Utc::now();
    chrono::DateTime::from_timestamp(now.timestamp(), 0).unwrap_or(now)
}
