//! The output folder: everything one build wrote, swapped in as a whole.
//!
//! In: files as path and bytes. Out: a folder that holds exactly those and [`MANIFEST`], or the folder as it was before.
//!
//! Invariants: an interrupted build leaves the earlier output whole; a folder that this program did not write is never
//! replaced.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use crate::digest::sha256_hex;
use serde::{Deserialize, Serialize};

/// Names every file of a build with its SHA-256; also the mark by which a build knows its own output.
pub const MANIFEST: &str = "build-manifest.json";

const GENERATOR: &str = "scopefence";

#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    generator: String,
    version: String,
    files: BTreeMap<String, String>,
}

/// Why a folder could not be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The folder holds something else.
    #[error("{0} is not empty and holds no {MANIFEST} of ours, so it is left alone")]
    Foreign(PathBuf),
    /// The path is something other than a folder.
    #[error("{0} is not a folder")]
    NotAFolder(PathBuf),
    /// The folder holds the workspace or the current folder.
    #[error("{0} holds the workspace itself; name a folder of its own")]
    HoldsWorkspace(PathBuf),
    /// Two parts of the build want the same file.
    #[error("two outputs want the same file {0}")]
    Twice(String),
    /// The operating system refused.
    #[error("cannot write {path}: {source}")]
    Io {
        /// What was being written.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
}

/// Files of a build, collected before anything is written.
#[derive(Debug, Default)]
pub struct Files(BTreeMap<String, Vec<u8>>);

impl Files {
    /// Adds a file by its path below the output folder, with `/` between folders.
    ///
    /// # Errors
    /// When another part of the build already added it.
    pub fn add(&mut self, path: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Result<(), Error> {
        let path = path.into();
        match self.0.insert(path.clone(), bytes.into()) {
            None => Ok(()),
            Some(_) => Err(Error::Twice(path)),
        }
    }

    /// Paths in order.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Number of files.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Nothing was added.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Sum of all file sizes.
    pub fn bytes(&self) -> usize {
        self.0.values().map(Vec::len).sum()
    }

    fn manifest(&self) -> Vec<u8> {
        let files = self.0.iter().map(|(path, bytes)| (path.clone(), sha256_hex(bytes))).collect();
        let manifest =
            Manifest { generator: GENERATOR.to_owned(), version: env!("CARGO_PKG_VERSION").to_owned(), files };
        let mut text = serde_json::to_vec_pretty(&manifest).expect("strings always serialise");
        text.push(b'\n');
        text
    }
}

/// Refuses a folder that a build must not replace; builds call it before they spend time on rendering.
///
/// # Errors
/// When the folder is not empty and was not written by a build, is not a folder, or holds the workspace.
pub fn check(folder: &Path, workspace: &Path) -> Result<(), Error> {
    let metadata = match fs::metadata(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(Error::Io { path: folder.to_owned(), source }),
        Ok(metadata) => metadata,
    };
    if !metadata.is_dir() {
        return Err(Error::NotAFolder(folder.to_owned()));
    }
    let failed = |source| Error::Io { path: folder.to_owned(), source };
    let canonical = folder.canonicalize().map_err(failed)?;
    let holds = |path: &Path| path.canonicalize().is_ok_and(|path| path.starts_with(&canonical));
    if holds(workspace) || std::env::current_dir().is_ok_and(|current| holds(&current)) {
        return Err(Error::HoldsWorkspace(folder.to_owned()));
    }
    let empty = fs::read_dir(folder).map_err(failed)?.next().is_none();
    if empty || is_ours(folder) { Ok(()) } else { Err(Error::Foreign(folder.to_owned())) }
}

fn is_ours(folder: &Path) -> bool {
    fs::read(folder.join(MANIFEST))
        .ok()
        .and_then(|bytes| serde_json::from_slice::<Manifest>(&bytes).ok())
        .is_some_and(|manifest| manifest.generator == GENERATOR)
}

/// Writes the files into a new folder beside `folder`, then swaps the two.
///
/// # Errors
/// As [`check`], or when the operating system refuses; the earlier folder is then still in place.
pub fn write(files: &Files, folder: &Path, workspace: &Path) -> Result<(), Error> {
    check(folder, workspace)?;
    // A link is followed, so that the link stays and its target is replaced.
    let folder = &folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let parent = match folder.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let at = |path: &Path| {
        let path = path.to_owned();
        move |source| Error::Io { path, source }
    };
    fs::create_dir_all(parent).map_err(at(parent))?;
    let new = tempfile::Builder::new().prefix(".scopefence-").tempdir_in(parent).map_err(at(parent))?;
    for (path, bytes) in &files.0 {
        let file = new.path().join(path);
        if let Some(parent) = file.parent() {
            fs::create_dir_all(parent).map_err(at(parent))?;
        }
        fs::write(&file, bytes).map_err(at(&file))?;
    }
    let manifest = new.path().join(MANIFEST);
    fs::write(&manifest, files.manifest()).map_err(at(&manifest))?;
    publish(new.path()).map_err(at(new.path()))?;

    swap(new, folder, parent).map_err(at(folder))
}

/// Puts `new` in the place of `folder`. Where the file system can exchange two folders in one step, there is no moment
/// without output; elsewhere the earlier one is set aside first, and put back should the second step fail.
fn swap(new: tempfile::TempDir, folder: &Path, parent: &Path) -> io::Result<()> {
    if !folder.exists() {
        let made = new.keep();
        return fs::rename(&made, folder).inspect_err(|_| {
            let _ = fs::remove_dir_all(&made);
        });
    }
    if exchange(new.path(), folder).is_ok() {
        // The temporary folder is now the earlier output and goes with its name.
        return Ok(());
    }
    let old = tempfile::Builder::new().prefix(".scopefence-old-").tempdir_in(parent)?;
    let earlier = old.path().join("earlier");
    fs::rename(folder, &earlier)?;
    fs::rename(new.path(), folder).inspect_err(|_| {
        let _ = fs::rename(&earlier, folder);
    })
}

#[cfg(any(target_os = "linux", target_vendor = "apple"))]
fn exchange(new: &Path, folder: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    Ok(renameat_with(CWD, new, CWD, folder, RenameFlags::EXCHANGE)?)
}

#[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
fn exchange(_new: &Path, _folder: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Temporary folders are private; output is as readable as any folder the person makes.
#[cfg(unix)]
fn publish(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    // The process's umask shows in a folder made the ordinary way.
    let probe = folder.join(".mode");
    fs::create_dir(&probe)?;
    let mode = fs::metadata(&probe)?.permissions().mode();
    fs::remove_dir(&probe)?;
    fs::set_permissions(folder, fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn publish(_folder: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(entries: &[(&str, &str)]) -> Files {
        let mut files = Files::default();
        for (path, text) in entries {
            files.add(*path, text.as_bytes()).unwrap();
        }
        files
    }

    #[test]
    fn replaces_its_own_output_and_drops_what_is_gone() {
        let root = tempfile::tempdir().unwrap();
        let out = root.path().join("out");
        let workspace = root.path().join("workspace");
        write(&files(&[("a.html", "1"), ("team/b.html", "2")]), &out, &workspace).unwrap();
        write(&files(&[("a.html", "3")]), &out, &workspace).unwrap();
        assert_eq!(fs::read_to_string(out.join("a.html")).unwrap(), "3");
        assert!(!out.join("team").exists());
        let left: Vec<_> = fs::read_dir(root.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["out"], "nothing temporary stays");
    }

    #[test]
    fn leaves_a_foreign_folder_alone() {
        let root = tempfile::tempdir().unwrap();
        let out = root.path().join("out");
        fs::create_dir(&out).unwrap();
        fs::write(out.join("thesis.txt"), "ten years").unwrap();
        let refused = write(&files(&[("a.html", "1")]), &out, root.path()).unwrap_err();
        assert!(matches!(refused, Error::Foreign(_)), "{refused}");
        assert_eq!(fs::read_to_string(out.join("thesis.txt")).unwrap(), "ten years");
    }

    #[test]
    fn refuses_the_folder_that_holds_the_workspace() {
        let root = tempfile::tempdir().unwrap();
        let workspace = root.path().join("workspace");
        fs::create_dir(&workspace).unwrap();
        let refused = write(&files(&[]), root.path(), &workspace).unwrap_err();
        assert!(matches!(refused, Error::HoldsWorkspace(_)), "{refused}");
    }

    #[test]
    fn refuses_two_outputs_of_one_name() {
        let mut files = files(&[("a.html", "1")]);
        assert!(matches!(files.add("a.html", "2"), Err(Error::Twice(_))));
    }
}
