//! Loading the workspace, as every command that needs one does it.

use std::{
    fmt::Display,
    io::{self, Write},
    path::{Path, PathBuf},
};

use chrono::{NaiveDate, Utc};

use super::{Failure, Ui};
use crate::{
    frameworks::Frameworks,
    workspace::{self, Diagnostic, Level, Loaded, MAIN_FILE, Renderer, Workspace},
};

/// Width of diagnostics: fixed, so that they look the same everywhere.
const WIDTH: usize = 100;

/// Diagnostics drawn in full; the summary counts the rest.
const DRAWN: usize = 200;

/// Loads the workspace in `dir`, else the nearest one upward, and prints its errors on stderr. Warnings are only
/// counted: `check` shows them.
///
/// `None` means that a declaration is wrong and was shown: the command ends with [`Exit::BadNews`](super::Exit) and has
/// written nothing.
///
/// # Errors
/// When there is no workspace, or it cannot be read.
pub(super) fn load(dir: Option<&Path>, ui: &Ui) -> Result<Option<Workspace>, Failure> {
    let loaded = read(dir, today(), ui)?.1;
    let (errors, warnings): (Vec<_>, Vec<_>) =
        loaded.diagnostics.into_iter().partition(|diagnostic| diagnostic.level() == Level::Error);
    print(&errors, ui);
    if !errors.is_empty() {
        ui.warn(format_args!("nothing was done: the workspace has {}", counted(errors.len(), "error")));
    } else if !warnings.is_empty() {
        ui.note(format_args!(
            "the workspace has {}; `scopefence check` shows them",
            counted(warnings.len(), "warning")
        ));
    }
    Ok(loaded.workspace)
}

/// The built-in frameworks, and those of a workspace that need not be sound otherwise.
pub(super) fn frameworks(root: Option<&Path>) -> Result<Frameworks, Failure> {
    Frameworks::load(root).map_err(|errors| listed(&errors))
}

/// All errors, a line each.
pub(super) fn listed(errors: &[impl Display]) -> Failure {
    Failure::new(errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

/// The folder that `dir` or the current folder means, and what is in it.
pub(super) fn read(dir: Option<&Path>, today: NaiveDate, _ui: &Ui) -> Result<(PathBuf, Loaded), Failure> {
    let dir = folder(dir)?;
    let loaded = workspace::load(&dir, today).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => missing(&dir),
        _ => Failure::new(format_args!(
            "cannot read the workspace {}: {}",
            dir.display(),
            workspace::read::plain(&error)
        )),
    })?;
    Ok((dir, loaded))
}

/// The folder of the workspace, unread.
pub(super) fn folder(dir: Option<&Path>) -> Result<PathBuf, Failure> {
    match dir {
        Some(dir) if dir.is_dir() => Ok(dir.to_owned()),
        Some(dir) if dir.is_file() && dir.ends_with(MAIN_FILE) => {
            Ok(dir.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned())
        }
        Some(dir) if dir.exists() => {
            Err(Failure::new(format_args!("{} is not a folder", dir.display())).help("name the folder of a workspace"))
        }
        Some(dir) => Err(Failure::new(format_args!("there is no folder {}", dir.display()))
            .help(format_args!("start a workspace with `scopefence init {}`", dir.display()))),
        None => workspace::find(Path::new(".")).ok_or_else(|| {
            Failure::new(format_args!("there is no {MAIN_FILE} in this folder or above it"))
                .help("name the folder of a workspace, or start one with `scopefence init`")
        }),
    }
}

/// Folder of the workspace for commands that can do without one: as named, else the nearest one upward, else here.
pub(super) fn root(dir: Option<&Path>) -> Result<PathBuf, Failure> {
    match dir {
        Some(_) => folder(dir),
        None => Ok(workspace::find(Path::new(".")).unwrap_or_else(|| PathBuf::from("."))),
    }
}

/// There is a folder, and no workspace in it.
pub(super) fn missing(dir: &Path) -> Failure {
    Failure::new(format_args!("there is no {MAIN_FILE} in {}", dir.display()))
        .help(format_args!("start a workspace with `scopefence init {}`", dir.display()))
}

/// Draws diagnostics on stderr.
pub(super) fn print(diagnostics: &[Diagnostic], ui: &Ui) {
    let mut renderer = Renderer::new(ui.color_err(), WIDTH);
    let mut stderr = io::BufWriter::new(io::stderr().lock());
    for diagnostic in diagnostics.iter().take(DRAWN) {
        let _ = stderr.write_all(renderer.render(diagnostic).as_bytes());
    }
    if let Some(rest) = diagnostics.len().checked_sub(DRAWN).filter(|rest| *rest > 0) {
        let _ = writeln!(stderr, "… and {rest} more; `scopefence check --format json` lists all\n");
    }
    let _ = stderr.flush();
}

/// Today by the system's clock, UTC.
pub(super) fn today() -> NaiveDate {
    Utc::now().date_naive()
}

/// `1 error`, `3 errors`.
pub(super) fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
