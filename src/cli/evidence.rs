//! Which evidence a command works on, chosen the same way everywhere.
//!
//! Default: the newest snapshot of each cluster in the workspace's `evidence` folder. `--evidence FILE` names others,
//! `--from-files PATH` takes saved objects, `--live` reads a cluster now and writes nothing.

mod judged;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use clap::Args;
use rayon::prelude::*;
use serde::Serialize;

use super::{Exit, Failure, Ui, collect, workspace::counted};
use crate::{
    assess::{self, Assessment, History, Past},
    cluster::{self, projection::Projections},
    ownership::ObjectKey,
    snapshot::{self, Found, Snapshot},
    sort::Sort,
    visible::{deceives, spelled_out},
    workspace::Workspace,
};

/// Files passed over that are named; the others are counted.
const NOTES: usize = 10;

/// Arguments that choose evidence.
#[derive(Debug, Args)]
pub(super) struct EvidenceArguments {
    /// Snapshot to use, one a cluster; earlier ones beside it show the trend [default: the newest of each cluster in the evidence folder]
    #[arg(long, value_name = "FILE")]
    pub(super) evidence: Vec<PathBuf>,
}

/// The argument that sets the clock.
#[derive(Debug, Args)]
pub(super) struct ClockArguments {
    /// Compare dates with this moment: 2026-11-21, or 2026-11-21T09:00:00Z [default: SOURCE_DATE_EPOCH, else the newest
    /// snapshot's end]
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub(super) as_of: Option<DateTime<Utc>>,
}

/// A day means its first moment, UTC.
fn moment(text: &str) -> Result<DateTime<Utc>, String> {
    let day = || Some(NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0)?.and_utc());
    let time = DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc());
    time.or_else(day).ok_or_else(|| "write a day, 2026-11-21, or a time, 2026-11-21T09:00:00Z".to_owned())
}

/// Arguments that read a cluster now.
#[derive(Debug, Args)]
pub(super) struct LiveArguments {
    /// Read the cluster now instead of a snapshot; nothing is written
    #[arg(long, conflicts_with = "evidence")]
    live: bool,
    /// Context of the kubeconfig [default: the current one]
    #[arg(long, value_name = "CONTEXT", requires = "live", help_heading = collect::ACCESS)]
    context: Option<String>,
    #[command(flatten)]
    access: collect::AccessArguments,
}

/// The evidence of one run.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    /// At most one a cluster, sorted by cluster id.
    pub(super) snapshots: Vec<Snapshot>,
    /// Earlier snapshots in the evidence folder, oldest first; only their headers were read.
    pub(super) older: Vec<Found>,
    /// The files that stand in for a snapshot.
    pub(super) files: Option<Files>,
}

/// Files that stand in for a snapshot.
#[derive(Debug, Serialize)]
pub(super) struct Files {
    #[serde(skip)]
    places: cluster::Places,
    #[serde(flatten)]
    counts: cluster::Counts,
}

impl Files {
    /// Where an object stands.
    pub(super) fn place(&self, key: &ObjectKey) -> Option<&cluster::Place> {
        let ObjectKey { group, kind, namespace, name } = key.clone();
        self.places.get(&[group, kind, namespace, name])
    }
}

impl std::fmt::Display for Files {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let cluster::Counts { files, passed_over, objects } = self.counts;
        write!(f, "{} in {}, supplied", counted(objects, "object"), counted(files, "file"))?;
        match passed_over {
            0 => Ok(()),
            _ => write!(f, "; {} passed over", counted(passed_over, "file")),
        }
    }
}

impl Evidence {
    /// The snapshots named, else the newest of each cluster; possibly none.
    ///
    /// # Errors
    /// When a snapshot cannot be read, or two of one cluster are named.
    pub(super) fn choose(root: &Path, named: &[PathBuf], ui: &Ui) -> Result<Self, Failure> {
        let folder = root.join("evidence");
        let found = snapshot::find(&folder).map_err(Failure::new)?;
        let mut evidence = Self::default();
        if named.is_empty() {
            for error in &found.unreadable {
                ui.warn(format_args!("left out: {error}"));
            }
            for newest in &found.newest {
                evidence.snapshots.push(snapshot::read(&newest.path).map_err(Failure::new)?);
            }
            evidence.older = found.older;
        } else {
            let mut paths: BTreeMap<String, &Path> = BTreeMap::new();
            for path in named {
                let snapshot = snapshot::read(path).map_err(|error| {
                    Failure::new(error).help("name a snapshot that `scopefence collect` wrote, or use --from-files")
                })?;
                let cluster = &snapshot.header.cluster;
                let key = cluster.uid.clone().unwrap_or_else(|| cluster.id.clone());
                if let Some(other) = paths.insert(key, path) {
                    return Err(Failure::new(format_args!(
                        "{} and {} are both of cluster {}",
                        other.display(),
                        path.display(),
                        escaped(&cluster.id)
                    ))
                    .help("name one snapshot a cluster"));
                }
                evidence.snapshots.push(snapshot);
            }
            evidence.older = found.older.into_iter().chain(found.newest).chain(beside(named, &folder)).collect();
        }
        evidence.older.retain(|older| {
            evidence.snapshots.iter().any(|snapshot| {
                same_cluster(&snapshot.header, &older.header) && older.header.ended < snapshot.header.ended
            })
        });
        evidence.older.order_by(|a, b| (a.header.ended, &a.path).cmp(&(b.header.ended, &b.path)));
        evidence.snapshots.order_by(|a, b| a.header.cluster.id.cmp(&b.header.cluster.id));
        Ok(evidence)
    }

    /// As [`Evidence::choose`], for commands that can do nothing without a snapshot.
    ///
    /// # Errors
    /// Also when there is no snapshot at all.
    pub(super) fn need(root: &Path, named: &[PathBuf], ui: &Ui) -> Result<Self, Failure> {
        let evidence = Self::choose(root, named, ui)?;
        if evidence.snapshots.is_empty() {
            let folder = root.join("evidence");
            return Err(Failure::new(format_args!("there is no snapshot in {}", folder.display())).help(format_args!(
                "run `scopefence collect {}` first, or name a snapshot with --evidence",
                root.display()
            )));
        }
        Ok(evidence)
    }

    /// Saved `kubectl get` output or manifests, as evidence of the declared cluster.
    ///
    /// # Errors
    /// When the files cannot be read or hold no object.
    pub(super) fn from_files(
        workspace: &Workspace,
        paths: &[PathBuf],
        namespace: Option<&str>,
        ui: &Ui,
    ) -> Result<Self, Failure> {
        let projections = Projections::of_workspace(&workspace.root).map_err(Failure::new)?;
        let id = match workspace.clusters.as_slice() {
            [cluster] => cluster.id.to_string(),
            _ => "cluster".to_owned(),
        };
        let templates = cluster::Templates::ArePods;
        let reading = cluster::Reading { cluster: &id, as_of: clock(None)?, templates, namespace };
        let supplied = cluster::from_files(paths, &reading, &projections).map_err(|error| {
            Failure::new(error).help("name manifests, or what `kubectl get KIND -A -o json` printed")
        })?;
        for note in supplied.notes.iter().take(NOTES) {
            ui.note(escaped(note));
        }
        if let Some(more) = supplied.notes.len().checked_sub(NOTES).filter(|more| *more > 0) {
            ui.note(format_args!("… and {more} more that were passed over"));
        }
        let files = Files { places: supplied.places, counts: supplied.counts };
        Ok(Self { snapshots: vec![supplied.snapshot], files: Some(files), ..Self::default() })
    }

    /// Reads a cluster now, if the arguments ask for it.
    ///
    /// # Errors
    /// When the cluster cannot be reached or nothing of it can be read.
    pub(super) fn live(workspace: &Workspace, arguments: &LiveArguments, ui: &Ui) -> Result<Option<Self>, Failure> {
        if !arguments.live {
            return match arguments.access.given() {
                None => Ok(None),
                Some(flag) => {
                    Err(Failure::new(format_args!("{flag} says how to reach a cluster, but this run reads a snapshot"))
                        .help("add --live"))
                }
            };
        }
        let projections = Projections::of_workspace(&workspace.root).map_err(Failure::new)?;
        let snapshot = collect::interruptible(async {
            let connection = collect::connect(&arguments.access.access(arguments.context.clone())).await?;
            if let Some(warning) = collect::unverified(&connection) {
                ui.warn(warning);
            }
            let declared = declared_cluster(workspace, connection.context.as_deref());
            cluster::collect(&connection, declared, &projections, &|_| {})
                .await
                .map_err(|error| collect::help(&error, Failure::new(&error)))
        })?;
        Ok(Some(Self { snapshots: vec![snapshot], ..Self::default() }))
    }

    /// Which findings the earlier snapshots showed. Reads and assesses as many at once as there are processors; one
    /// that cannot be read is said and left out.
    pub(super) fn history(&self, workspace: &Workspace, ui: &Ui) -> History {
        let mut history = History::default();
        if self.older.is_empty() {
            return history;
        }
        let rules = judged::Rules::of(workspace);
        // Not all at once: a large cluster's snapshot unpacks to hundreds of MB.
        for some in self.older.chunks(rayon::current_num_threads().max(1)) {
            let assess = |older: &Found| judge(workspace, &rules, older);
            for past in some.par_iter().map(assess).collect::<Vec<_>>() {
                match past {
                    Ok(past) => history.past.push(past),
                    Err(error) => ui.warn(format_args!("findings may be older than they are said to be: {error}")),
                }
            }
        }
        history
    }

    /// As [`Evidence::history`], one snapshot after the other while nobody stops it: `None` if somebody did.
    pub(super) fn history_while(&self, workspace: &Workspace, go_on: &dyn Fn() -> bool) -> Option<History> {
        let rules = judged::Rules::of(workspace);
        let mut history = History::default();
        for older in &self.older {
            if !go_on() {
                return None;
            }
            // One that cannot be read was said at the start.
            history.past.extend(judge(workspace, &rules, older).ok());
        }
        Some(history)
    }

    /// Assesses it: history, then clock, then [`assess::assess`].
    ///
    /// # Errors
    /// When `SOURCE_DATE_EPOCH` is not a number.
    pub(super) fn assess(
        &self,
        workspace: &Workspace,
        as_of: Option<DateTime<Utc>>,
        ui: &Ui,
    ) -> Result<Assessment, Failure> {
        let history = self.history(workspace, ui);
        Ok(assess::assess(workspace, &self.snapshots, &history, clock(as_of)?))
    }

    /// Says which snapshots are older today than the workspace allows; `BadNews` if one is.
    pub(super) fn warn_stale(&self, workspace: &Workspace, ui: &Ui) -> Exit {
        let mut exit = Exit::Fine;
        // Files that are not deployed yet have no age.
        if self.files.is_some() {
            return exit;
        }
        let allowed = TimeDelta::days(i64::from(workspace.policy.evidence_days));
        // The sample never pretends to be fresh: every document says what it is.
        for snapshot in self.snapshots.iter().filter(|snapshot| !snapshot.header.sample) {
            let age = Utc::now() - snapshot.header.ended;
            if age > allowed {
                exit = Exit::BadNews;
                ui.warn(format_args!(
                    "the evidence of cluster {} is {} days old; the workspace allows {}",
                    escaped(&snapshot.header.cluster.id),
                    age.num_days(),
                    workspace.policy.evidence_days
                ));
            }
        }
        exit
    }
}

/// What a snapshot shows: as kept beside it, else read and judged anew.
fn judge(workspace: &Workspace, rules: &judged::Rules, older: &Found) -> Result<Past, snapshot::Error> {
    if let Some(past) = judged::find(&older.path, rules) {
        return Ok(past);
    }
    let past = assess::past(workspace, &snapshot::read(&older.path)?);
    judged::keep(&older.path, rules, &past);
    Ok(past)
}

/// Snapshots in the folders of those that are named, the evidence folder left out. Whatever cannot be read there was not
/// asked for.
fn beside(named: &[PathBuf], evidence: &Path) -> Vec<Found> {
    let real = |path: &Path| std::fs::canonicalize(path).ok();
    let folders: BTreeSet<PathBuf> = named.iter().filter_map(|path| real(path)?.parent().map(Path::to_owned)).collect();
    let others = folders.into_iter().filter(|folder| Some(folder) != real(evidence).as_ref());
    let found = others.filter_map(|folder| snapshot::find(&folder).ok());
    found.flat_map(|found| found.older.into_iter().chain(found.newest)).collect()
}

/// The cluster declared with this context, else the only one if it names no context.
fn declared_cluster<'w>(workspace: &'w Workspace, context: Option<&str>) -> Option<&'w str> {
    let clusters = &workspace.clusters;
    let named = clusters.iter().find(|cluster| context.is_some() && cluster.context.as_deref() == context);
    let only = || clusters.first().filter(|cluster| clusters.len() == 1 && cluster.context.is_none());
    named.or_else(only).map(|cluster| cluster.id.as_str())
}

fn same_cluster(a: &snapshot::Header, b: &snapshot::Header) -> bool {
    match (&a.cluster.uid, &b.cluster.uid) {
        (Some(a), Some(b)) => a == b,
        _ => a.cluster.id == b.cluster.id,
    }
}

/// `--as-of`, else `SOURCE_DATE_EPOCH`.
///
/// # Errors
/// When `SOURCE_DATE_EPOCH` is not a number of seconds.
pub(super) fn clock(as_of: Option<DateTime<Utc>>) -> Result<Option<DateTime<Utc>>, Failure> {
    match as_of {
        Some(as_of) => Ok(Some(as_of)),
        None => collect::source_date_epoch(),
    }
}

/// Text of a cluster or user as a terminal may show it.
pub(super) fn escaped(text: &str) -> String {
    spelled_out(text)
}

/// A basic string of TOML on one line; what would steer a terminal is spelled as TOML's own escape.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if deceives(c) => out.push_str(&format!("\\U{:08X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A table as wide as the terminal, without drawing characters between rows. Cells are escaped. Only the columns whose
/// head begins with `~` wrap; columns without any content are left out.
pub(super) fn table(head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let rows: Vec<Vec<String>> = rows.into_iter().collect();
    let filled = |column: usize| rows.iter().any(|row| row.get(column).is_some_and(|cell| !cell.is_empty()));
    let kept: Vec<usize> = (0..head.len()).filter(|&column| filled(column)).collect();
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_content_arrangement(comfy_table::ContentArrangement::Dynamic);
    table.set_width(width());
    table.set_header(kept.iter().map(|&column| head[column].trim_start_matches('~').to_uppercase()));
    for row in &rows {
        table.add_row(kept.iter().map(|&column| row.get(column).map(|cell| escaped(cell)).unwrap_or_default()));
    }
    table.set_constraints(kept.iter().map(|&column| match head[column].starts_with('~') {
        true => comfy_table::ColumnConstraint::LowerBoundary(comfy_table::Width::Fixed(20)),
        false => comfy_table::ColumnConstraint::ContentWidth,
    }));
    let text = table.to_string();
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.join("\n")
}

/// Columns of the terminal, else what `COLUMNS` says, else enough for most rows.
fn width() -> u16 {
    let terminal = || terminal_size::terminal_size().map(|(width, _)| width.0);
    let told = || std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    terminal().or_else(told).filter(|width| *width >= 40).unwrap_or(120)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_text_is_the_same_text_in_toml() {
        let text = "a\"\\b'''\x1b[31m\u{202e}\n\u{85}c";
        let toml = quoted(text);
        assert!(!toml.contains(deceives), "{toml}");
        let read: toml::Table = toml::from_str(&format!("x = {toml}")).expect("valid TOML");
        assert_eq!(read["x"].as_str(), Some(text));
    }

    #[test]
    fn a_table_escapes_its_cells_and_ends_lines_without_spaces() {
        let text = table(&["a", "~b"], [vec!["x\x1b".to_owned(), "long ".repeat(60)], vec![String::new()]]);
        assert!(!text.contains('\x1b') && text.contains("x[U+001B]"), "{text}");
        assert!(text.lines().all(|line| line == line.trim_end()));
    }
}
