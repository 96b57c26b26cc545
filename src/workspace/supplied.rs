//! What people supply, kept as files below `evidence/` of a workspace.
//!
//! In: a folder and how one of its files is read. Out: what the files hold, each with its digest. A file that cannot be
//! read is a diagnostic, and the others count.

use std::{fs, io, path::Path};

use chrono::NaiveDate;

use super::{
    code::Code,
    csv::Problem,
    diagnostic::Diagnostic,
    read,
    source::{Place, Source},
};
use crate::{digest::sha256_hex, sort::Sort};

/// Largest list that is read: a million memberships.
const LARGEST: u64 = 64 << 20;

/// A file of a folder of lists.
pub(crate) struct Stored<T> {
    /// Path within the workspace.
    pub(crate) file: String,
    /// SHA-256 of it.
    pub(crate) digest: String,
    pub(crate) lists: Vec<T>,
}

/// The files of a folder that end so, by name. `import` is the command that makes them.
pub(crate) fn load<T>(
    root: &Path,
    (folder, ending): (&str, &str),
    import: &str,
    parse: impl Fn(&[u8]) -> Result<Vec<T>, Problem>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Stored<T>> {
    let Ok(entries) = fs::read_dir(root.join(folder)) else { return Vec::new() };
    let mut names: Vec<String> =
        entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.retain(|name| name.ends_with(ending) && !name.starts_with('.'));
    names.order();
    let mut stored = Vec::new();
    for name in names {
        let file = format!("{folder}/{name}");
        let read = bytes(&root.join(&file)).map_err(|error| read::plain(&error)).and_then(|bytes| {
            let lists = parse(&bytes).map_err(|problem| format!("line {}: {}", problem.line, problem.message))?;
            Ok((lists, sha256_hex(&bytes)))
        });
        match read {
            Ok((lists, digest)) => stored.push(Stored { file, digest, lists }),
            Err(why) => {
                let place = Place { source: Source::new(file.clone(), String::new()), span: 0..0 };
                let message = format!("`{file}` cannot be used: {why}");
                let help = format!("import it anew with `{import}`, or remove the file");
                diagnostics.push(Diagnostic::new(Code::InvalidData, place, message, "here").help(help));
            }
        }
    }
    stored
}

/// Name of the file of what a source supplied on a day: `entra-id-2026-11-21.csv`.
pub(super) fn file_name(source: &str, date: NaiveDate) -> String {
    format!("{}-{date}.csv", slug(source))
}

/// Lower case, with hyphens for whatever is no letter or digit: `Entra ID` is `entra-id`.
pub(crate) fn slug(text: &str) -> String {
    let mut name = String::new();
    for c in text.chars().flat_map(char::to_lowercase) {
        if c.is_ascii_alphanumeric() {
            name.push(c);
        } else if !name.is_empty() && !name.ends_with('-') {
            name.push('-');
        }
    }
    let name = name.trim_matches('-');
    if name.is_empty() { "list".to_owned() } else { name.to_owned() }
}

/// The bytes of a list.
///
/// # Errors
/// When it cannot be read, or is larger than any list that a cluster needs.
pub(crate) fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    bytes_up_to(path, LARGEST, "export only the groups that the cluster knows")
}

/// The bytes of a file that is at most so large; `advice` says what to do about a larger one.
///
/// # Errors
/// When it cannot be read, or is larger.
pub(crate) fn bytes_up_to(path: &Path, largest: u64, advice: &str) -> io::Result<Vec<u8>> {
    let size = fs::metadata(path)?.len();
    if size > largest {
        return Err(io::Error::other(format!(
            "it has {} MB, and at most {} MB are read: {advice}",
            size >> 20,
            largest >> 20
        )));
    }
    fs::read(path)
}
