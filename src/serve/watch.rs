//! Notice that files changed.
//!
//! In: the folder of a workspace, and the folders of evidence elsewhere. Out: [`Change`], the paths that are not as they
//! were. The operating system only wakes this up: what changed is found by comparing names, sizes and times, so that
//! renames of editors, bursts of events and events that got lost all come out the same. Where the operating system cannot
//! tell, the comparison runs five times a second.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, Metadata},
    path::{Path, PathBuf},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    time::{Duration, Instant, SystemTime},
};

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use crate::{output, snapshot};

/// Editors save in several steps; nothing happened for so long when they are done.
const QUIET: Duration = Duration::from_millis(20);

/// Longest wait for that.
const PATIENCE: Duration = Duration::from_millis(200);

/// Time between two looks that nothing asked for.
const UNASKED: Duration = Duration::from_secs(1);

/// The same where nothing ever asks.
const POLLING: Duration = Duration::from_millis(200);

/// Most files and folders that are compared; a workspace has some hundred.
const MOST: usize = 50_000;

/// Files that are not as they were.
pub(crate) struct Change {
    /// When the first of them was noticed.
    pub(crate) noticed: Instant,
    /// New, changed and removed files.
    pub(crate) paths: BTreeSet<PathBuf>,
}

/// What tells one state of a file from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    length: u64,
    modified: Option<SystemTime>,
    /// Device, number and time of the last change of the entry: other files under the same name differ in them.
    entry: (u64, u64, i64, i64),
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        let entry = {
            use std::os::unix::fs::MetadataExt;
            (metadata.dev(), metadata.ino(), metadata.ctime(), metadata.ctime_nsec())
        };
        #[cfg(not(unix))]
        let entry = (0, 0, 0, 0);
        Self { length: metadata.len(), modified: metadata.modified().ok(), entry }
    }
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Look {
    files: BTreeMap<PathBuf, Stamp>,
    /// Folders, by device and number: one that was replaced has to be watched anew.
    folders: BTreeMap<PathBuf, (u64, u64)>,
}

/// Waits for changes of a workspace and its evidence.
pub(crate) struct Watch {
    root: PathBuf,
    /// Snapshots that were named.
    evidence: Vec<PathBuf>,
    /// The folders that they are in, of which only snapshots count.
    beside: BTreeSet<PathBuf>,
    events: Receiver<()>,
    watcher: Option<RecommendedWatcher>,
    watched: BTreeMap<PathBuf, (u64, u64)>,
    seen: BTreeMap<PathBuf, Stamp>,
}

impl Watch {
    /// Watches from now on. The second value says why the operating system does not help, if it does not.
    pub(crate) fn new(root: &Path, evidence: &[PathBuf]) -> (Self, Option<String>) {
        let (sender, events) = channel();
        let woken = move |event: notify::Result<notify::Event>| {
            // Whoever reads a file, this program first of all, changes nothing.
            if !matches!(event, Ok(notify::Event { kind: EventKind::Access(_), .. })) {
                let _ = sender.send(());
            }
        };
        let (watcher, why) = match notify::recommended_watcher(woken) {
            Ok(watcher) => (Some(watcher), None),
            Err(error) => (None, Some(error.to_string())),
        };
        let beside = evidence.iter().map(|file| match file.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        });
        let mut watch = Self {
            root: root.to_owned(),
            evidence: evidence.to_vec(),
            beside: beside.collect(),
            events,
            watcher,
            watched: BTreeMap::new(),
            seen: BTreeMap::new(),
        };
        let refused = watch.look();
        (watch, why.or(refused))
    }

    /// Waits for the next change.
    pub(crate) fn next(&mut self) -> Change {
        loop {
            let idle = if self.watcher.is_some() { UNASKED } else { POLLING };
            let asked = match self.events.recv_timeout(idle) {
                Ok(()) => true,
                Err(RecvTimeoutError::Timeout) => false,
                Err(RecvTimeoutError::Disconnected) => {
                    std::thread::sleep(POLLING);
                    false
                }
            };
            let noticed = Instant::now();
            while asked && noticed.elapsed() < PATIENCE && self.events.recv_timeout(QUIET).is_ok() {}
            let before = std::mem::take(&mut self.seen);
            self.look();
            let paths = differences(&before, &self.seen);
            if !paths.is_empty() {
                return Change { noticed, paths };
            }
        }
    }

    /// Looks at everything, and watches the folders that are new. Says why it cannot; then it polls.
    fn look(&mut self) -> Option<String> {
        loop {
            let look = self.compare();
            self.seen = look.files;
            let Some(watcher) = &mut self.watcher else { return None };
            let gone: Vec<_> = self
                .watched
                .iter()
                .filter(|(path, id)| look.folders.get(*path) != Some(id))
                .map(|(path, _)| path.clone())
                .collect();
            for path in gone {
                // The operating system has forgotten a folder that was removed.
                let _ = watcher.unwatch(&path);
                self.watched.remove(&path);
            }
            let mut new = false;
            for (path, id) in look.folders {
                if self.watched.contains_key(&path) {
                    continue;
                }
                match watcher.watch(&path, RecursiveMode::NonRecursive) {
                    Ok(()) => new |= self.watched.insert(path, id).is_none(),
                    // Removed since it was seen: the next look does not find it.
                    Err(_) if !path.exists() => {}
                    Err(error) => {
                        self.watcher = None;
                        return Some(error.to_string());
                    }
                }
            }
            // What was saved between the look and the watch would be missed.
            if !new {
                return None;
            }
        }
    }

    fn compare(&self) -> Look {
        let mut look = Look::default();
        let mut seen = BTreeSet::new();
        walk(&self.root, &mut seen, &mut look);
        for file in &self.evidence {
            if let Ok(metadata) = fs::metadata(file) {
                look.files.insert(file.clone(), Stamp::of(&metadata));
            }
        }
        for folder in &self.beside {
            let Ok(metadata) = fs::metadata(folder) else { continue };
            look.folders.insert(folder.clone(), identity(&metadata));
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                let path = entry.path();
                let is_snapshot =
                    path.file_name().and_then(|name| name.to_str()).is_some_and(snapshot::is_snapshot_name);
                if let Ok(metadata) = fs::metadata(&path)
                    && is_snapshot
                {
                    look.files.insert(path, Stamp::of(&metadata));
                }
            }
        }
        look
    }
}

#[cfg(unix)]
fn identity(metadata: &Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino())
}

#[cfg(not(unix))]
fn identity(_: &Metadata) -> (u64, u64) {
    (0, 0)
}

/// Files and folders below one, hidden ones and the output of builds left out. Links are followed, each folder once.
fn walk(folder: &Path, seen: &mut BTreeSet<PathBuf>, look: &mut Look) {
    if fs::canonicalize(folder).map_or(true, |real| !seen.insert(real)) || seen.len() + look.files.len() > MOST {
        return;
    }
    let Ok(metadata) = fs::metadata(folder) else { return };
    look.folders.insert(folder.to_owned(), identity(&metadata));
    // A folder that cannot be read is as good as empty until that changes, which changes its parent's entry.
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        match fs::metadata(&path) {
            Ok(metadata) if metadata.is_dir() => {
                if !path.join(output::MANIFEST).exists() {
                    walk(&path, seen, look);
                }
            }
            Ok(metadata) => drop(look.files.insert(path, Stamp::of(&metadata))),
            // A link to nothing, or gone.
            Err(_) => {}
        }
    }
}

fn differences(before: &BTreeMap<PathBuf, Stamp>, now: &BTreeMap<PathBuf, Stamp>) -> BTreeSet<PathBuf> {
    let changed = now.iter().filter(|(path, stamp)| before.get(*path) != Some(stamp));
    let gone = before.keys().filter(|path| !now.contains_key(*path));
    changed.map(|(path, _)| path).chain(gone).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(change: &Change) -> Vec<String> {
        change.paths.iter().map(|path| path.file_name().expect("a name").to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn every_way_of_saving_is_noticed() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        fs::write(root.join("a.toml"), "1").expect("written");
        let (mut watch, _) = Watch::new(root, &[]);

        fs::write(root.join("a.toml"), "2").expect("written");
        assert_eq!(names(&watch.next()), ["a.toml"], "written in place, same length");

        fs::write(root.join(".a.toml.swp"), "3").expect("written");
        fs::rename(root.join(".a.toml.swp"), root.join("a.toml")).expect("renamed");
        assert_eq!(names(&watch.next()), ["a.toml"], "written beside and renamed");

        fs::create_dir(root.join("scope")).expect("a folder");
        fs::write(root.join("scope/b.toml"), "1").expect("written");
        assert_eq!(names(&watch.next()), ["b.toml"], "in a new folder");

        fs::remove_dir_all(root.join("scope")).expect("removed");
        assert_eq!(names(&watch.next()), ["b.toml"], "removed");
        fs::create_dir(root.join("scope")).expect("a folder");
        fs::write(root.join("scope/b.toml"), "1").expect("written");
        assert_eq!(names(&watch.next()), ["b.toml"], "there again");
        fs::write(root.join("scope/b.toml"), "2").expect("written");
        assert_eq!(names(&watch.next()), ["b.toml"], "changed in the folder that was there before");
    }

    #[test]
    fn output_and_hidden_folders_do_not_count() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        for inside in ["out", ".git", "scope"] {
            fs::create_dir(root.join(inside)).expect("a folder");
            fs::write(root.join(inside).join("x.md"), "").expect("written");
        }
        fs::write(root.join("out").join(output::MANIFEST), "{}").expect("written");
        let (watch, _) = Watch::new(root, &[]);
        assert_eq!(watch.seen.keys().collect::<Vec<_>>(), [&root.join("scope/x.md")]);
    }
}
