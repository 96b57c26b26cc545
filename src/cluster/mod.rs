//! Collect: an API server, or files that somebody saved, become a [`Snapshot`](crate::snapshot::Snapshot).
//!
//! Steps: choose what to keep ([`projection`]), parse each answer past everything else ([`page`]).
//!
//! Invariants: nothing that a projection does not name leaves this module; every list ends with a
//! [`Completeness`](crate::snapshot::Completeness) and a reason.

mod files;
mod page;
pub mod projection;
mod settings;

pub use files::{Error as FilesError, Supplied, from_files};
