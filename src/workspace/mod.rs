//! Declare: a folder of TOML becomes a [`Workspace`], or all the diagnostics that stand in its way.
//!
//! In: the folder. Out: [`Loaded`], the workspace (when no error stands in its way) and every diagnostic of the run.
//! Steps: find and read files (`read`), parse each into raw tables with spans (`parse`, `raw`), resolve references,
//! check rules and build the model (`resolve`, [`model`]).
//!
//! Invariant: raw tables stay in here; the rest of the program sees only resolved references.

pub mod code;
pub(crate) mod csv;
pub mod diagnostic;
pub mod fedramp;
pub(crate) mod grants;
pub mod id;
pub(crate) mod members;
pub mod model;
mod parse;
mod raw;
pub(crate) mod read;
mod render;
mod resolve;
mod source;
pub mod staffing;
pub(crate) mod supplied;

use std::{
    io,
    path::{Path, PathBuf},
};

use chrono::NaiveDate;

use crate::{results, sort::Sort};

pub use code::Code;
pub use diagnostic::{Diagnostic, Level};
pub use fedramp::Fedramp;
pub use grants::{GrantList, SuppliedGrant, SuppliedRights};
pub use id::*;
pub use members::MemberList;
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
    let mut workspace = resolve::workspace(dir, &raw, today, complete, &mut diagnostics);
    let (members, grants) = (members::load(dir, &mut diagnostics), grants::load(dir, &mut diagnostics));
    let results = results::stored::load(dir, &mut diagnostics);
    if let Some(workspace) = &mut workspace {
        (workspace.members, workspace.grants, workspace.results) = (members, grants, results);
        results::stored::warn(workspace, today, &mut diagnostics);
    }
    diagnostics.order_by(|a, b| a.key().cmp(&b.key()));
    diagnostics.dedup();
    let sound = diagnostics.iter().all(|diagnostic| diagnostic.level() != Level::Error);
    Ok(Loaded { workspace: workspace.filter(|_| sound), diagnostics })
}

/// The checks that a workspace declares itself, without the rest of it: what is collected depends on them.
///
/// # Errors
/// When a file with checks cannot be used; `load` says exactly why.
pub(crate) fn own_checks(root: &Path) -> Result<Vec<crate::checks::Definition>, crate::cluster::projection::Error> {
    let mut unsaid = Vec::new();
    let mut raw = parse::Raw::default();
    for source in read::sources(root, &mut unsaid).unwrap_or_default() {
        parse::file(&source, &mut raw, &mut unsaid);
    }
    let mut checks = Vec::new();
    for source in raw.data_files.iter().filter(|source| raw.check_files.contains(source.path())) {
        let found = crate::checks::parse(source.text()).map_err(|problems| crate::cluster::projection::Error {
            file: root.join(source.path()),
            message: match problems.first() {
                Some(problem) => format!("{problem}; `scopefence check` shows where"),
                None => "cannot be used".to_owned(),
            },
        })?;
        checks.extend(found);
    }
    Ok(checks)
}

/// The nearest folder upward from `start` that holds a `scopefence.toml`.
pub fn find(start: &Path) -> Option<PathBuf> {
    let start = std::path::absolute(start).ok()?;
    start.ancestors().find(|folder| folder.join(MAIN_FILE).is_file()).map(Path::to_owned)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn load_text(text: &[u8]) -> Loaded {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join(MAIN_FILE), text).expect("written");
        let mut loaded = load(folder.path(), NaiveDate::default()).expect("a workspace");
        let mut renderer = Renderer::new(true, 100);
        for diagnostic in &loaded.diagnostics {
            assert!(!renderer.render(diagnostic).is_empty());
        }
        if let Some(workspace) = &mut loaded.workspace {
            workspace.root = PathBuf::new();
        }
        loaded
    }

    /// All tables of the sound workspace that the whole-program tests use, in one file.
    fn sound() -> String {
        let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/check/base");
        let read = |file: &str| std::fs::read_to_string(base.join(file)).expect("data");
        let later = ["scope/scope.toml", "controls/controls.toml"].map(|file| read(file).replace("format = 1", ""));
        format!("{}{}", read(MAIN_FILE), later.concat())
    }

    #[test]
    fn sound_text_is_sound() {
        let loaded = load_text(sound().as_bytes());
        assert_eq!(loaded.diagnostics, []);
        let workspace = loaded.workspace.expect("sound");
        let database = workspace.components.iter().find(|c| c.id.as_str() == "database").expect("declared");
        assert_eq!(database.duties.len(), 6);
        assert_eq!(database.duties[&Duty::Data].as_str(), "payments");
        assert_eq!(database.duties[&Duty::Image].as_str(), "platform");
        let implementation = &workspace.implementations[0];
        assert_eq!(implementation.control.as_str(), "nist-800-53r5:ac-6.5");
        assert_eq!(
            (implementation.origination, implementation.origination_derived),
            (Origination::SystemSpecific, true)
        );
        assert_eq!(implementation.team.as_str(), "platform");
        assert_eq!(workspace.style.organisation, "Acme AB");
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

        /// Whatever a slip of the finger does to a workspace: an answer, drawn, and no panic.
        #[test]
        fn no_edit_brings_it_down(at in 0_usize..4000, cut in 0_usize..40, put in "[\\[\\]\"={}\\n#,.a-z0-9å\u{202e}-]{0,6}") {
            let mut text = sound().into_bytes();
            let at = at.min(text.len());
            let end = (at + cut).min(text.len());
            text.splice(at..end, put.into_bytes());
            load_text(&text);
        }
    }
}
