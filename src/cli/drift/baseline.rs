//! The drift that a team has accepted for now, as a sorted TOML file that can be reviewed line by line.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write,
    path::Path,
};

use serde::Deserialize;

use crate::{
    cli::{Failure, evidence::quoted},
    tables,
};

/// Accepted drift by cluster.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Baseline {
    format: u32,
    #[serde(default)]
    cluster: BTreeMap<String, Entries>,
}

/// Accepted drift of one cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Entries {
    pub(super) unclaimed: BTreeSet<String>,
    pub(super) contested: BTreeSet<String>,
    pub(super) missing: BTreeSet<String>,
}

impl Entries {
    fn lists(&self) -> [(&'static str, &BTreeSet<String>); 3] {
        [("unclaimed", &self.unclaimed), ("contested", &self.contested), ("missing", &self.missing)]
    }

    pub(super) fn len(&self) -> usize {
        self.lists().iter().map(|(_, entries)| entries.len()).sum()
    }

    /// Entries that `other` does not have, each with what it is: `unclaimed Deployment shop/web`.
    pub(super) fn without(&self, other: &Self) -> Vec<String> {
        self.lists()
            .into_iter()
            .zip(other.lists())
            .flat_map(|((what, own), (_, others))| own.difference(others).map(move |entry| format!("{what} {entry}")))
            .collect()
    }
}

impl Baseline {
    pub(super) fn of(clusters: impl Iterator<Item = (String, Entries)>) -> Self {
        Self { format: 1, cluster: clusters.collect() }
    }

    pub(super) fn of_cluster(&self, cluster: &str) -> Entries {
        self.cluster.get(cluster).cloned().unwrap_or_default()
    }

    pub(super) fn len(&self) -> usize {
        self.cluster.values().map(Entries::len).sum()
    }

    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        if path.is_dir() {
            return Err(Failure::new(format_args!("{} is a folder, not a baseline", path.display()))
                .help("name the file of a baseline: --baseline=FILE"));
        }
        let text = std::fs::read_to_string(path).map_err(|error| {
            Failure::new(format_args!("cannot read the baseline {}: {error}", path.display()))
                .help("write one with `scopefence drift --write-baseline`")
        })?;
        let baseline: Self = tables::from_str(&text)
            .map_err(|error| Failure::new(format_args!("{} is not a baseline: {}", path.display(), error.message())))?;
        match baseline.format {
            1 => Ok(baseline),
            other => Err(Failure::new(format_args!(
                "{} has format {other}, which this version does not know",
                path.display()
            ))),
        }
    }

    fn text(&self) -> String {
        let mut text = String::from(
            "# Drift accepted for now, written by `scopefence drift --write-baseline`. Take out what was dealt with.\n\
             format = 1\n",
        );
        for (cluster, entries) in &self.cluster {
            text.push_str(&format!("\n[cluster.{}]\n", quoted(cluster)));
            for (what, list) in entries.lists() {
                if list.is_empty() {
                    continue;
                }
                text.push_str(&format!("{what} = [\n"));
                for entry in list {
                    text.push_str(&format!("    {},\n", quoted(entry)));
                }
                text.push_str("]\n");
            }
        }
        text
    }

    /// Writes it whole or not at all.
    pub(super) fn write(&self, path: &Path) -> Result<(), Failure> {
        let failed = |error: std::io::Error| Failure::new(format_args!("cannot write {}: {error}", path.display()));
        if path.is_dir() {
            return Err(Failure::new(format_args!("{} is a folder, not a baseline", path.display()))
                .help("name a file: --write-baseline=FILE"));
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).map_err(failed)?;
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
        file.write_all(self.text().as_bytes()).map_err(failed)?;
        file.persist(path).map_err(|error| failed(error.error))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_survive_the_round_trip() {
        let name = "Pod a/\"\n]\x1b[31m'''";
        let entries = Entries { unclaimed: [name.to_owned()].into(), ..Entries::default() };
        let baseline = Baseline::of([("a \"b\".c".to_owned(), entries.clone())].into_iter());
        let read: Baseline = tables::from_str(&baseline.text()).expect("valid TOML");
        assert_eq!(read.of_cluster("a \"b\".c"), entries);
    }
}
