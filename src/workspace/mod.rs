//! Declare: a folder of TOML becomes a [`Workspace`], or all the diagnostics that stand in its way.
//!
//! In: the folder. Out: [`Loaded`], the workspace (when no error stands in its way) and every diagnostic of the run.
//! Steps: find and read files, parse each into raw tables with spans (`raw`), resolve references and check rules
//! (`resolve`), build the model ([`model`]).
//!
//! Invariant: raw tables stay in here; the rest of the program sees only resolved references.

pub mod id;
pub mod model;

pub use id::*;
pub use model::*;
