//! Where a snapshot goes, and what the workspace says about the cluster.
//!
//! Evidence can be collected while declarations are still wrong, so only the `[[cluster]]` tables are looked at and
//! every other mistake is left to `check`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    cli::{Failure, Ui},
    digest::sha256_hex,
    snapshot::{self, Header},
    sort::Sort,
};

/// `[[cluster]]` tables: identifier and context.
pub(super) struct Declared(Vec<(String, Option<String>)>);

impl Declared {
    pub(super) fn read(root: &Path) -> Self {
        let mut files = Vec::new();
        toml_files(root, false, &mut files);
        for folder in ["scope", "controls"] {
            toml_files(&root.join(folder), true, &mut files);
        }
        files.order();
        let mut clusters = Vec::new();
        for file in files {
            let Some(table) = fs::read_to_string(file).ok().and_then(|text| text.parse::<toml::Table>().ok()) else {
                continue;
            };
            for cluster in table.get("cluster").and_then(toml::Value::as_array).into_iter().flatten() {
                let text = |key: &str| cluster.get(key).and_then(toml::Value::as_str).map(str::to_owned);
                if let Some(id) = text("id") {
                    clusters.push((id, text("context")));
                }
            }
        }
        Self(clusters)
    }

    /// The cluster declared with this context, else the only one if it names no context.
    pub(super) fn id(&self, context: Option<&str>) -> Option<String> {
        let named = self.0.iter().find(|(_, its)| context.is_some() && its.as_deref() == context);
        match (named, self.0.as_slice()) {
            (Some((id, _)), _) | (None, [(id, None)]) => Some(id.clone()),
            _ => None,
        }
    }

    /// The only declared cluster.
    pub(super) fn only(&self) -> Option<String> {
        match self.0.as_slice() {
            [(id, _)] => Some(id.clone()),
            _ => None,
        }
    }
}

fn toml_files(folder: &Path, deep: bool, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && deep => toml_files(&path, deep, files),
            Ok(kind) if kind.is_file() && path.extension().is_some_and(|it| it == "toml") => files.push(path),
            _ => {}
        }
    }
}

/// Where snapshots go.
pub(super) enum Target {
    /// Into this folder, named by cluster and time.
    Folder(PathBuf),
    /// To this file.
    File(PathBuf),
}

impl Target {
    /// Decides before anything is read, so that a mistake costs no time.
    pub(super) fn new(workspace: &Path, out: Option<&Path>, clusters: usize) -> Result<Self, Failure> {
        let Some(out) = out else {
            if !workspace.join("scopefence.toml").is_file() {
                return Err(Failure::new(format!(
                    "{} is not a workspace: it has no scopefence.toml",
                    workspace.display()
                ))
                .help("start one with `scopefence init`, or say where to write with --out"));
            }
            return Ok(Self::Folder(workspace.join("evidence")));
        };
        let folder = out.is_dir() || out.to_string_lossy().ends_with(std::path::is_separator);
        if folder || (clusters > 1 && !out.exists()) {
            return Ok(Self::Folder(out.to_owned()));
        }
        if clusters > 1 {
            return Err(Failure::new(format!("{} is a file, but several contexts are given", out.display()))
                .help("name a folder with --out"));
        }
        if !out.file_name().and_then(|name| name.to_str()).is_some_and(snapshot::is_snapshot_name) {
            return Err(Failure::new(format!("{} is no name for a snapshot", out.display()))
                .help(format!("end it in {}, or name a folder", snapshot::ENDINGS.join(" or "))));
        }
        Ok(Self::File(out.to_owned()))
    }

    pub(super) fn path(&self, header: &Header) -> Result<PathBuf, Failure> {
        match self {
            Self::File(path) => Ok(path.clone()),
            Self::Folder(folder) => {
                fs::create_dir_all(folder)
                    .map_err(|error| Failure::new(format!("cannot make the folder {}: {error}", folder.display())))?;
                let time = header.ended.format("%Y%m%dT%H%M%SZ");
                Ok(folder.join(format!("{}-{time}{}", file_name(&header.cluster.id), snapshot::ENDINGS[0])))
            }
        }
    }
}

/// A context may hold anything, `arn:aws:eks:…/prod` for example; a file name may not.
fn file_name(id: &str) -> String {
    let plain = |it: char| if it.is_ascii_alphanumeric() || "-_.".contains(it) { it } else { '-' };
    let name: String = id.chars().map(plain).take(100).collect();
    match name.trim_matches(['-', '.']) {
        "" => "cluster".to_owned(),
        name => name.to_owned(),
    }
}

/// Digest of the newest other snapshot of the same cluster in the folder of `path`, so that a gap in the chain shows.
pub(super) fn previous(folder: &Path, path: &Path, header: &Header, ui: &Ui) -> Option<String> {
    let evidence = snapshot::find(folder).ok()?;
    for problem in &evidence.unreadable {
        ui.warn(format!("{problem}; the new snapshot does not refer to it"));
    }
    let same = |found: &&snapshot::Found| match (&found.header.cluster.uid, &header.cluster.uid) {
        (Some(uid), Some(other)) => uid == other,
        _ => found.header.cluster.id == header.cluster.id,
    };
    let found = evidence.newest.iter().chain(&evidence.older).filter(|found| found.path != *path).filter(same);
    let found = found.max_by_key(|found| found.header.ended)?;
    fs::read(&found.path).ok().map(sha256_hex)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_context_gives_a_file_name() {
        assert_eq!(file_name("arn:aws:eks:eu-west-1:1:cluster/prod"), "arn-aws-eks-eu-west-1-1-cluster-prod");
        assert_eq!(file_name("../../etc/passwd"), "etc-passwd");
        assert_eq!(file_name("\u{1b}[31m"), "31m");
        assert_eq!(file_name("…"), "cluster");
    }

    #[test]
    fn a_declared_cluster_is_found_by_its_context() {
        let declared = Declared(vec![("prod".into(), Some("ctx".into())), ("test".into(), None)]);
        assert_eq!(declared.id(Some("ctx")).as_deref(), Some("prod"));
        assert_eq!(declared.id(Some("other")), None);
        let single = Declared(vec![("prod".into(), None)]);
        assert_eq!(single.id(Some("other")).as_deref(), Some("prod"));
    }
}
