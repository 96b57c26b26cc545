//! What earlier snapshots showed, kept beside them: reading and judging a large snapshot anew takes seconds.
//!
//! A file in `.judged/` in the folder of the snapshot holds one [`Past`]. Its name is made of the digest of the snapshot
//! and of everything that judges it: declarations, checks, this program. Whatever changes, the name changes; what
//! cannot be read or written is judged anew.

use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use sha2::{Digest, Sha256};

use crate::{assess::Past, digest::hex, workspace::Workspace};

const FOLDER: &str = ".judged";

/// Digits of each digest in a file's name.
const DIGITS: usize = 24;

/// What judges a snapshot.
pub(super) struct Rules(String);

impl Rules {
    pub(super) fn of(workspace: &Workspace) -> Self {
        let mut hash = Sha256::new();
        hash.update(env!("CARGO_PKG_VERSION"));
        if let Ok(program) = std::env::current_exe().and_then(fs::metadata) {
            hash.update(program.len().to_le_bytes());
            let built = program.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
            hash.update(built.unwrap_or_default().as_nanos().to_le_bytes());
        }
        // What serialization leaves out judges as well.
        hash.update(serde_json::to_vec(workspace).unwrap_or_default());
        hash.update(format!("{:?} {:?}", workspace.checks, workspace.members));
        Self(hex(&hash.finalize()))
    }
}

/// What was kept of the snapshot in this file, if it was judged by these rules.
pub(super) fn find(snapshot: &Path, rules: &Rules) -> Option<Past> {
    let digest = digest_of(snapshot).ok()?;
    let text = fs::read(place(snapshot, &digest, rules)?).ok()?;
    let past: Past = serde_json::from_slice(&text).ok()?;
    (past.digest == digest).then_some(past)
}

/// Keeps it, and removes what other rules said of the same snapshot. A folder that cannot be written is left as it is.
pub(super) fn keep(snapshot: &Path, rules: &Rules, past: &Past) {
    let _ = try_keep(snapshot, rules, past);
}

fn try_keep(snapshot: &Path, rules: &Rules, past: &Past) -> io::Result<()> {
    let Some(path) = place(snapshot, &past.digest, rules) else { return Ok(()) };
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    fs::write(folder.join(".gitignore"), "*\n")?;
    let same = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.split('-').next()).unwrap_or("");
    for entry in fs::read_dir(folder)?.flatten() {
        if entry.file_name().to_str().is_some_and(|name| name.starts_with(same) && name.ends_with(".json")) {
            fs::remove_file(entry.path())?;
        }
    }
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    serde_json::to_writer(&mut file, past)?;
    file.persist(path)?;
    Ok(())
}

fn place(snapshot: &Path, digest: &str, rules: &Rules) -> Option<PathBuf> {
    let name = format!("{}-{}.json", digest.get(..DIGITS)?, rules.0.get(..DIGITS)?);
    Some(snapshot.parent()?.join(FOLDER).join(name))
}

fn digest_of(path: &Path) -> io::Result<String> {
    let mut file = fs::File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex(&hash.finalize())),
            count => hash.update(&buffer[..count]),
        }
    }
}
