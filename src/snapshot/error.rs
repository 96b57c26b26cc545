//! Why an evidence file could not be read or written: what, where, what to do.

use std::{io, path::PathBuf};

use super::FORMAT;

/// A failure to read or write an evidence file.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be opened or read at all.
    #[error("cannot read {}: {source}", path.display())]
    Open {
        /// Which file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Nothing in it.
    #[error("{} is empty: collect the evidence again", path.display())]
    Empty {
        /// Which file.
        path: PathBuf,
    },
    /// Something else than a snapshot.
    #[error("{} is not a scopefence snapshot: {reason}", path.display())]
    NotSnapshot {
        /// Which file.
        path: PathBuf,
        /// How one can tell.
        reason: String,
    },
    /// Written by a newer program.
    #[error(
        "{} has snapshot format {format}, this program reads up to {FORMAT}: update scopefence",
        path.display()
    )]
    Future {
        /// Which file.
        path: PathBuf,
        /// Its format.
        format: u64,
    },
    /// It ends too early.
    #[error("{} is cut off {place}: copy it again or collect again", path.display())]
    Truncated {
        /// Which file.
        path: PathBuf,
        /// After what.
        place: String,
    },
    /// Its content contradicts itself: damaged in transit or edited.
    #[error("{} was damaged or changed after it was written: {reason}", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What does not fit.
        reason: String,
    },
    /// Larger than any snapshot can sensibly be.
    #[error("{} is not read: {reason}", path.display())]
    TooLarge {
        /// Which file.
        path: PathBuf,
        /// Which bound it exceeds.
        reason: String,
    },
    /// The file could not be written; what was there before is untouched.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}
