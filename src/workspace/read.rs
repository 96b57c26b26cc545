//! Find the files of a workspace and read them as text.
//!
//! In: the folder. Out: one [`Source`] per file, sorted by path, and a diagnostic for each that could not be read.
//! Links are followed only to files, and folders that were already visited are not visited again, so loops end.

use std::{
    collections::BTreeSet,
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    code::Code,
    diagnostic::Diagnostic,
    source::{Place, Source},
};
use crate::sort::Sort;

/// Name of the file that makes a folder a workspace.
pub const MAIN_FILE: &str = "scopefence.toml";

/// Largest file that is read. Hand-written declarations are thousand times smaller.
const LARGEST: u64 = 16 << 20;

/// Depth of folders below `scope/` and `controls/`.
const DEEPEST: usize = 16;

/// Reads all TOML files of a workspace.
///
/// # Errors
/// When the folder or its `scopefence.toml` cannot be read: then there is no workspace to speak of.
pub(super) fn sources(root: &Path, diagnostics: &mut Vec<Diagnostic>) -> io::Result<Vec<Arc<Source>>> {
    fs::metadata(root.join(MAIN_FILE)).and_then(|meta| {
        if meta.is_file() { Ok(()) } else { Err(io::Error::other(format!("{MAIN_FILE} is not a file"))) }
    })?;
    fs::File::open(root.join(MAIN_FILE))?;
    let mut files = BTreeSet::new();
    // A link back to the workspace itself leads to nothing new.
    let mut seen: BTreeSet<PathBuf> = fs::canonicalize(root).into_iter().collect();
    top(root, &mut files)?;
    for folder in ["scope", "controls"] {
        let path = root.join(folder);
        if path.is_dir() {
            walk(&path, folder, 0, &mut seen, &mut files, diagnostics);
        }
    }
    let mut sources = Vec::new();
    for (relative, path) in files {
        match read(&path) {
            Ok(text) => sources.push(Source::new(relative, text)),
            Err(problem) => diagnostics.push(unreadable(relative, problem)),
        }
    }
    Ok(sources)
}

fn top(root: &Path, files: &mut BTreeSet<(String, PathBuf)>) -> io::Result<()> {
    for entry in fs::read_dir(root)? {
        let path = entry?.path();
        if let Some(name) = toml_name(&path) {
            files.insert((name, path));
        }
    }
    Ok(())
}

fn walk(
    folder: &Path,
    relative: &str,
    depth: usize,
    seen: &mut BTreeSet<PathBuf>,
    files: &mut BTreeSet<(String, PathBuf)>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let fail = |error: io::Error| unreadable(relative.to_owned(), Problem::Io(error));
    match fs::canonicalize(folder) {
        // A link back to a folder on the way here, or a second link to the same one: its files are read once.
        Ok(real) if !seen.insert(real.clone()) => return,
        Ok(_) if depth > DEEPEST => {
            return diagnostics.push(fail(io::Error::other(format!("more than {DEEPEST} folders deep"))));
        }
        Ok(_) => {}
        Err(error) => return diagnostics.push(fail(error)),
    }
    let entries = match fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>) {
        Ok(entries) => entries,
        Err(error) => return diagnostics.push(fail(error)),
    };
    let mut paths: Vec<_> = entries.into_iter().map(|entry| entry.path()).collect();
    paths.order();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let below = format!("{relative}/{name}");
        if toml_name(&path).is_some() {
            files.insert((below, path));
        } else if path.is_dir() && !name.starts_with('.') {
            walk(&path, &below, depth + 1, seen, files, diagnostics);
        }
    }
}

/// The name of a path that ends in `.toml` and is not hidden.
fn toml_name(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_string_lossy().into_owned();
    (name.ends_with(".toml") && !name.starts_with('.')).then_some(name)
}

enum Problem {
    Io(io::Error),
    Folder,
    NotAFile,
    TooLarge,
    NotUtf8 { line: usize, column: usize, byte: u8 },
}

fn read(path: &Path) -> Result<String, Problem> {
    let meta = fs::metadata(path).map_err(Problem::Io)?;
    if meta.is_dir() {
        return Err(Problem::Folder);
    }
    if !meta.is_file() {
        return Err(Problem::NotAFile);
    }
    if meta.len() > LARGEST {
        return Err(Problem::TooLarge);
    }
    let mut bytes = Vec::new();
    fs::File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes)).map_err(Problem::Io)?;
    if bytes.len() as u64 > LARGEST {
        return Err(Problem::TooLarge);
    }
    String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let before = error.as_bytes().get(..good).unwrap_or_default();
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let column = String::from_utf8_lossy(before.get(start..).unwrap_or_default()).chars().count() + 1;
        Problem::NotUtf8 { line, column, byte: error.as_bytes().get(good).copied().unwrap_or_default() }
    })
}

fn unreadable(path: String, problem: Problem) -> Diagnostic {
    let (message, help) = match problem {
        Problem::Io(error) => (format!("`{path}` cannot be read: {}", plain(&error)), None),
        Problem::Folder => {
            (format!("`{path}` is a folder"), Some("names that end in `.toml` are read as files: rename the folder"))
        }
        Problem::NotAFile => (format!("`{path}` is not a regular file"), None),
        Problem::TooLarge => (
            format!("`{path}` is larger than {} MB", LARGEST >> 20),
            Some("declarations are written by hand; move data out of the workspace's TOML"),
        ),
        Problem::NotUtf8 { line, column, byte } => (
            format!("`{path}` is not UTF-8: byte 0x{byte:02x} at line {line}, column {column}"),
            Some("save the file as UTF-8"),
        ),
    };
    let place = Place { source: Source::new(path, ""), span: 0..0 };
    let diagnostic = Diagnostic::new(Code::UnreadableFile, place, message, "");
    match help {
        Some(help) => diagnostic.help(help),
        None => diagnostic,
    }
}

/// An operating-system error without its `(os error 2)`.
pub(crate) fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut chars = text.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}
