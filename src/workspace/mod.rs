//! Declare: a folder of TOML becomes a [`Workspace`], or all the diagnostics that stand in its way.
//!
//! In: the folder. Out: [`Loaded`], the workspace (when no error stands in its way) and every diagnostic of the run.
//! Steps: find and read files (`read`), parse each into raw tables with spans (`parse`, `raw`), resolve references,
//! check rules and build the model (`resolve`, [`model`]).
//!
//! Invariant: raw tables stay in here; the rest of the program sees only resolved references.

pub mod code;
pub mod diagnostic;
pub mod id;
pub mod model;
mod parse;
mod raw;
pub(crate) mod read;
mod render;
mod resolve;
mod source;

use std::{
    io,
    path::{Path, PathBuf},
};

use chrono::NaiveDate;

pub use code::Code;
pub use diagnostic::{Diagnostic, Level};
pub use id::*;
pub use model::*;
pub use read::MAIN_FILE;
pub use render::Renderer;
pub use source::{Place, Source};

/// A workspace as far as it could be loaded.
#[derive(Debug)]
pub struct Loaded {
    /// The workspace; `None` when any diagnostic is an error.
    pub workspace: Option<Workspace>,
    /// Everything that is wrong, sorted by file and place.
    pub diagnostics: Vec<Diagnostic>,
}

/// Loads the workspace in `dir`. Rules about dates compare with `today`.
///
/// # Errors
/// When the folder or its `scopefence.toml` is missing or unreadable. Everything else is a diagnostic.
pub fn load(dir: &Path, today: NaiveDate) -> io::Result<Loaded> {
    let mut diagnostics = Vec::new();
    let sources = read::sources(dir, &mut diagnostics)?;
    let main = sources.iter().find(|source| source.path() == MAIN_FILE).cloned();
    let mut raw = parse::Raw { main, ..parse::Raw::default() };
    let mut complete = diagnostics.is_empty();
    for source in &sources {
        complete &= parse::file(source, &mut raw, &mut diagnostics);
    }
    let workspace = resolve::workspace(dir, &raw, today, complete, &mut diagnostics);
    diagnostics.sort_by(|a, b| a.key().cmp(&b.key()));
    diagnostics.dedup();
    let sound = diagnostics.iter().all(|diagnostic| diagnostic.level() != Level::Error);
    Ok(Loaded { workspace: workspace.filter(|_| sound), diagnostics })
}

/// The nearest folder upward from `start` that holds a `scopefence.toml`.
pub fn find(start: &Path) -> Option<PathBuf> {
    let start = std::path::absolute(start).ok()?;
    start.ancestors().find(|folder| folder.join(MAIN_FILE).is_file()).map(Path::to_owned)
}
