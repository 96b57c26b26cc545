//! `scopefence drift`: the fence against the cluster.

mod baseline;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use clap::{Args, ValueEnum};
use serde::Serialize;

use self::baseline::{Baseline, Entries};
use super::{
    Exit, Failure, Ui,
    evidence::{Evidence, EvidenceArguments, LiveArguments, escaped, table},
    workspace::load,
};
use crate::{
    ownership::{ObjectKey, Ownership, join},
    snapshot::Snapshot,
    snapshot::qualified,
};

/// Compare the fence with the cluster: unclaimed, contested, missing
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Folder of the workspace; the nearest one upward unless given
    dir: Option<PathBuf>,
    #[command(flatten)]
    evidence: EvidenceArguments,
    #[command(flatten)]
    live: LiveArguments,
    /// Accept the drift of today: write it to FILE [default: evidence/drift-baseline.toml in the workspace]
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true, conflicts_with = "baseline")]
    write_baseline: Option<Option<PathBuf>>,
    /// Fail only on drift that FILE does not list [default: evidence/drift-baseline.toml in the workspace]
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    baseline: Option<Option<PathBuf>>,
    /// How to print the result
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For programs
    Json,
}

pub(super) fn run(arguments: &Arguments, ui: &Ui) -> Result<Exit, Failure> {
    let Some(workspace) = load(arguments.dir.as_deref(), ui)? else { return Ok(Exit::BadNews) };
    let evidence = match Evidence::live(&workspace, &arguments.live, ui)? {
        Some(evidence) => evidence,
        None => Evidence::need(&workspace.root, &arguments.evidence.evidence, ui)?,
    };
    let file = |named: &Option<PathBuf>| {
        named.clone().unwrap_or_else(|| workspace.root.join("evidence").join("drift-baseline.toml"))
    };
    let baseline = match &arguments.baseline {
        Some(named) => Some(Baseline::read(&file(named))?),
        None => None,
    };
    let drifts: Vec<Drift> = evidence
        .snapshots
        .iter()
        .map(|snapshot| Drift::of(snapshot, join(&workspace, snapshot).summary(), baseline.as_ref()))
        .collect();
    if let Some(named) = &arguments.write_baseline {
        let path = file(named);
        if is_declaration(&path, &workspace.root) {
            return Err(Failure::new(format_args!("{} would be read as a declaration", path.display()))
                .help("leave out the file, or name one in the workspace's evidence folder"));
        }
        let baseline = Baseline::of(drifts.iter().map(|drift| (drift.cluster.clone(), drift.entries.clone())));
        baseline.write(&path)?;
        let entries = baseline.len();
        let what = if entries == 1 { "entry" } else { "entries" };
        ui.note(format_args!("wrote {entries} {what} to {}", path.display()));
        return Ok(Exit::Fine);
    }
    match arguments.format {
        Format::Text => drifts.iter().for_each(|drift| ui.print(drift.text(baseline.is_some()))),
        Format::Json => {
            let json = serde_json::to_string_pretty(&drifts)
                .map_err(|error| Failure::new(format_args!("cannot write the result: {error}")))?;
            ui.print(json);
        }
    }
    Ok(if drifts.iter().any(|drift| drift.new > 0) { Exit::BadNews } else { Exit::Fine })
}

/// Files of the workspace that every command reads: a baseline among them would spoil it.
fn is_declaration(path: &Path, root: &Path) -> bool {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let (Ok(folder), Ok(root)) = (folder.canonicalize(), root.canonicalize()) else { return false };
    let read = folder == root || ["scope", "controls"].iter().any(|name| folder.starts_with(root.join(name)));
    read && path.extension().is_some_and(|extension| extension == "toml")
}

/// The drift of one cluster.
#[derive(Debug, Serialize)]
struct Drift {
    cluster: String,
    observed: String,
    digest: String,
    /// Drift that the baseline does not list.
    new: usize,
    /// Drift that the baseline lists.
    suppressed: usize,
    unclaimed: Vec<Unclaimed>,
    contested: Vec<Contested>,
    missing: Vec<Missing>,
    /// Entries of the baseline that no longer occur.
    resolved: Vec<String>,
    /// Lists that could not be read: no drift in them is not proven.
    not_seen: Vec<NotSeen>,
    #[serde(skip)]
    entries: Entries,
}

#[derive(Debug, Serialize)]
struct Unclaimed {
    #[serde(flatten)]
    key: Key,
    dependants: usize,
    reason: String,
}

#[derive(Debug, Serialize)]
struct Contested {
    #[serde(flatten)]
    key: Key,
    claims: Vec<Claim>,
}

#[derive(Debug, Serialize)]
struct Claim {
    component: String,
    declared_at: String,
}

#[derive(Debug, Serialize)]
struct Missing {
    component: String,
    /// A list that could show it was not read completely.
    proven: bool,
}

#[derive(Debug, Serialize)]
struct NotSeen {
    path: String,
    reason: String,
}

#[derive(Debug, Serialize)]
struct Key {
    kind: String,
    namespace: String,
    name: String,
}

impl Key {
    fn new(key: &ObjectKey) -> Self {
        Self {
            kind: qualified(&key.group, &key.kind),
            namespace: key.namespace.to_string(),
            name: key.name.to_string(),
        }
    }

    /// `apps/Deployment shop/web`, as baselines have it.
    fn entry(&self) -> String {
        match &*self.namespace {
            "" => format!("{} {}", self.kind, self.name),
            namespace => format!("{} {namespace}/{}", self.kind, self.name),
        }
    }

    fn row(&self) -> Vec<String> {
        let kind = self.kind.rsplit_once('/').map_or(&*self.kind, |(_, kind)| kind);
        vec![self.namespace.clone(), kind.to_owned(), self.name.clone()]
    }
}

impl Drift {
    fn of(snapshot: &Snapshot, ownership: Ownership, baseline: Option<&Baseline>) -> Self {
        let cluster = snapshot.header.cluster.id.clone();
        let mut drift = Self {
            observed: snapshot.header.ended.format("%Y-%m-%d %H:%M UTC").to_string(),
            digest: snapshot.digest.clone(),
            new: 0,
            suppressed: 0,
            unclaimed: ownership
                .unclaimed
                .iter()
                .map(|unclaimed| Unclaimed {
                    key: Key::new(&unclaimed.key),
                    dependants: unclaimed.dependants,
                    reason: unclaimed.reason.clone(),
                })
                .collect(),
            contested: ownership
                .contested
                .iter()
                .map(|contested| Contested {
                    key: Key::new(&contested.key),
                    claims: contested
                        .claims
                        .iter()
                        .map(|(component, at)| Claim { component: component.to_string(), declared_at: at.clone() })
                        .collect(),
                })
                .collect(),
            missing: ownership
                .missing
                .iter()
                .map(|missing| Missing { component: missing.component.to_string(), proven: missing.proven })
                .collect(),
            resolved: Vec::new(),
            not_seen: ownership.not_seen.into_iter().map(|(path, reason)| NotSeen { path, reason }).collect(),
            entries: Entries::default(),
            cluster,
        };
        drift.entries = Entries {
            unclaimed: drift.unclaimed.iter().map(|unclaimed| unclaimed.key.entry()).collect(),
            contested: drift.contested.iter().map(|contested| contested.key.entry()).collect(),
            missing: drift
                .missing
                .iter()
                .filter(|missing| missing.proven)
                .map(|missing| missing.component.clone())
                .collect(),
        };
        let known = baseline.map(|baseline| baseline.of_cluster(&drift.cluster)).unwrap_or_default();
        drift.resolved = known.without(&drift.entries);
        drift.suppressed = drift.entries.len() - drift.entries.without(&known).len();
        drift.new = drift.entries.len() - drift.suppressed;
        let fresh = |known: &BTreeSet<String>, entry: &str| !known.contains(entry);
        drift.unclaimed.retain(|unclaimed| fresh(&known.unclaimed, &unclaimed.key.entry()));
        drift.contested.retain(|contested| fresh(&known.contested, &contested.key.entry()));
        drift.missing.retain(|missing| fresh(&known.missing, &missing.component));
        drift
    }

    fn text(&self, against_baseline: bool) -> String {
        let mut parts = vec![format!("cluster {}, observed {}", escaped(&self.cluster), self.observed)];
        if !self.unclaimed.is_empty() {
            let rows = self.unclaimed.iter().map(|unclaimed| {
                let mut row = unclaimed.key.row();
                row.push(if unclaimed.dependants == 0 { String::new() } else { unclaimed.dependants.to_string() });
                row.push(unclaimed.reason.clone());
                row
            });
            let head = ["namespace", "kind", "~name", "dependants", "~why"];
            parts.push(format!("unclaimed: {}\n{}", self.unclaimed.len(), table(&head, rows)));
        }
        if !self.contested.is_empty() {
            let rows = self.contested.iter().map(|contested| {
                let mut row = contested.key.row();
                let claims =
                    contested.claims.iter().map(|claim| format!("{} ({})", claim.component, claim.declared_at));
                row.push(claims.collect::<Vec<_>>().join(", "));
                row
            });
            let head = ["namespace", "kind", "~name", "~claimed equally by"];
            parts.push(format!("contested: {}\n{}", self.contested.len(), table(&head, rows)));
        }
        let (proven, unproven): (Vec<_>, Vec<_>) = self.missing.iter().partition(|missing| missing.proven);
        let names = |list: &[&Missing]| list.iter().map(|missing| &*missing.component).collect::<Vec<_>>().join(", ");
        if !proven.is_empty() {
            parts.push(format!("missing: {}\n{}", proven.len(), names(&proven)));
        }
        if !unproven.is_empty() {
            parts.push(format!(
                "not seen, but not proven missing, because lists that could show them were not read: {}\n{}",
                unproven.len(),
                names(&unproven)
            ));
        }
        if !self.not_seen.is_empty() {
            let reasons: Vec<String> = self.not_seen.iter().map(|not_seen| escaped(&not_seen.reason)).collect();
            parts.push(format!(
                "not read, so that drift in them cannot be ruled out: {}\n{}",
                self.not_seen.len(),
                reasons.join("\n")
            ));
        }
        if !self.resolved.is_empty() {
            let resolved: Vec<String> = self.resolved.iter().map(|entry| escaped(entry)).collect();
            parts.push(format!(
                "in the baseline, but gone; write it anew to drop them: {}\n{}",
                self.resolved.len(),
                resolved.join("\n")
            ));
        }
        parts.push(match (self.new, against_baseline) {
            (0, false) => "no drift".to_owned(),
            (0, true) => format!("no new drift; {} suppressed by the baseline", self.suppressed),
            (new, false) => format!("drift: {new}"),
            (new, true) => format!("new drift: {new}; {} suppressed by the baseline", self.suppressed),
        });
        parts.join("\n\n") + "\n"
    }
}
