//! `scopefence import results`: what other tools found, kept beside the snapshots.

use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use clap::Args;

use super::{Exit, Failure, Ui, keep, root, workspace};
use crate::{
    assess::Outcome,
    digest::sha256_hex,
    results::{
        Original, ResultFile, When, mapping,
        read::{self, Format, Problem},
        stored,
    },
    visible::spelled_out,
    workspace::{Cluster, Workspace, read::plain, supplied},
};

/// Import results of another tool: kube-bench, Trivy, Kubescape, Prowler, policy reports, SARIF
///
/// Rules, outcomes, severities and objects are kept, never messages, matches or values. Documents show them beside our own
/// checks and point out where both disagree; no control stands better for them.
#[derive(Debug, Args)]
pub(super) struct Results {
    /// Files as the tool writes them: JSON, of policy reports YAML too. All are taken, or none
    #[arg(required = true)]
    file: Vec<PathBuf>,
    /// What the files are; recognised by their content unless given
    #[arg(long, value_enum, value_name = "FORMAT")]
    tool: Option<Format>,
    /// Identifier of the cluster [default: the one that the file names, else the only one declared]
    #[arg(long, value_name = "ID")]
    cluster: Option<String>,
    /// The day on which the tool looked, where the file does not say it: 2026-11-21
    #[arg(long, value_name = "DATE")]
    observed: Option<NaiveDate>,
    /// Folder of the workspace [default: the nearest one upward]
    #[arg(long, value_name = "DIR")]
    workspace: Option<PathBuf>,
}

pub(super) fn run(arguments: &Results, ui: &Ui) -> Result<Exit, Failure> {
    let root = root(arguments.workspace.as_deref())?;
    // What is wrong elsewhere, or with results imported before, must not keep new ones out.
    let declared = workspace::read(Some(&root), workspace::today(), ui)?.1.workspace;
    let mut files = Vec::new();
    for path in &arguments.file {
        files.push(file(arguments, path, declared.as_ref())?);
    }
    let names: std::collections::BTreeSet<String> = files.iter().map(ResultFile::file_name).collect();
    if names.len() < files.len() {
        return Err(Failure::new("two of the files have the same name, tool and day")
            .help("give them names that say of which cluster or node they are"));
    }
    let folder = root.join(stored::FOLDER);
    for file in &files {
        let text = file.text().map_err(|error| Failure::new(format_args!("cannot write the results: {error}")))?;
        let before = std::fs::read(folder.join(file.file_name())).ok();
        let path = keep(&folder, file.file_name(), &text)?;
        let replaced = match before {
            Some(before) if before == text.as_bytes() => " (as before)",
            Some(_) => " (in place of what was imported of this name and day before)",
            None => "",
        };
        ui.note(format_args!("{} in {}{replaced}", said(file), path.display()));
        not_taken(file, declared.as_ref(), ui);
    }
    Ok(Exit::Fine)
}

fn file(arguments: &Results, path: &Path, declared: Option<&Workspace>) -> Result<ResultFile, Failure> {
    let bytes = supplied::bytes_up_to(path, read::LARGEST, "scan or export one namespace or node at a time")
        .map_err(|error| Failure::new(format_args!("cannot import {}: {}", path.display(), plain(&error))))?;
    let read = read::file(&bytes, arguments.tool).map_err(|problem| wrong(path, &problem))?;
    let observed = match (read.observed(), arguments.observed) {
        (Some(time), None) => When::Time(time),
        (Some(time), Some(day)) if time.date_naive() == day => When::Time(time),
        (None, Some(day)) => When::Day(day),
        (Some(time), Some(_)) => {
            let message = format!("{} itself says when the tool looked: {}", path.display(), When::Time(time));
            return Err(Failure::new(message).help("leave out `--observed`"));
        }
        (None, None) => {
            return Err(Failure::new(format_args!("{} does not say when the tool looked", path.display()))
                .help("say it with `--observed 2026-11-21`"));
        }
    };
    let cluster = match &arguments.cluster {
        Some(id) => Some(known(id, declared)?),
        None if read.of_cluster() => cluster(read.cluster(), declared),
        None => None,
    };
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let original = Original {
        name: spelled_out(&name),
        sha256: sha256_hex(&bytes),
        bytes: u64::try_from(bytes.len()).unwrap_or_default(),
    };
    Ok(read.keep(cluster, observed, original))
}

fn wrong(path: &Path, problem: &Problem) -> Failure {
    let place = problem.place.map(|(line, column)| format!(", line {line}, column {column}")).unwrap_or_default();
    let failure = Failure::new(format_args!("cannot import {}{place}: {}", path.display(), problem.message));
    match problem.help {
        Some(help) => failure.help(help),
        None => failure,
    }
}

/// A cluster that is declared, where any is.
fn known(id: &str, declared: Option<&Workspace>) -> Result<String, Failure> {
    let clusters: &[Cluster] = declared.map_or(&[], |workspace| &workspace.clusters);
    if clusters.is_empty() || clusters.iter().any(|cluster| cluster.id.as_str() == id) {
        return Ok(spelled_out(id));
    }
    let ids: Vec<&str> = clusters.iter().map(|cluster| cluster.id.as_str()).collect();
    Err(Failure::new(format_args!("no cluster `{id}` is declared"))
        .help(format_args!("declared are {}", ids.join(", "))))
}

/// The declared cluster that a file names by identifier, name, context or UID; the name as it is if none is that. A file
/// that names none is taken to speak of the only one.
fn cluster(named: Option<&str>, declared: Option<&Workspace>) -> Option<String> {
    let clusters: &[Cluster] = declared.map_or(&[], |workspace| &workspace.clusters);
    let Some(named) = named else {
        return match clusters {
            [only] => Some(only.id.to_string()),
            _ => None,
        };
    };
    let is = |cluster: &&Cluster| {
        let names =
            [Some(cluster.id.as_str()), Some(&*cluster.name), cluster.context.as_deref(), cluster.uid.as_deref()];
        names.contains(&Some(named))
    };
    Some(clusters.iter().find(is).map_or_else(|| named.to_owned(), |cluster| cluster.id.to_string()))
}

/// What was imported, in one line.
fn said(file: &ResultFile) -> String {
    let count = |outcome| file.rules.iter().filter(|rule| rule.outcome() == outcome).count();
    let (fail, pass) = (count(Outcome::Fail), count(Outcome::Pass));
    let others = file.rules.len() - fail - pass;
    let version = file.tool_version.as_deref().map(|version| format!(" {version}")).unwrap_or_default();
    let cluster = file.cluster.as_deref().map(|id| format!(" of cluster {id}")).unwrap_or_default();
    format!(
        "{}{version}{cluster}, {}: {} ({fail} fail, {pass} pass, {others} neither)",
        mapping::title(&file.tool),
        file.observed,
        workspace::counted(file.rules.len(), "rule"),
    )
}

/// What somebody should know of what was not taken, not mapped, or is held against nothing.
fn not_taken(file: &ResultFile, declared: Option<&Workspace>, ui: &Ui) {
    for (what, count) in &file.left_out {
        ui.note(format_args!("  not taken: {what}: {count}"));
    }
    let Some(declared) = declared else {
        return ui.note("  the workspace has errors, so nobody knows its clusters; `scopefence check` shows them");
    };
    let unmapped = file
        .rules
        .iter()
        .filter(|rule| mapping::mapped(&declared.frameworks, &declared.result_mappings, file, rule).is_empty());
    let unmapped = unmapped.count();
    if unmapped > 0 {
        let against = if file.against.is_empty() { String::new() } else { format!(" of {}", file.against.join(", ")) };
        ui.note(format_args!(
            "  about no control that is known: {}{against}; `[[result-mapping]]` can say",
            workspace::counted(unmapped, "rule")
        ));
    }
    let id = file.cluster.as_deref();
    let known = id.is_some_and(|id| declared.clusters.iter().any(|cluster| cluster.id.as_str() == id));
    match id {
        Some(id) if !known && !declared.clusters.is_empty() => {
            ui.warn(format_args!("cluster `{id}` is not declared: say which one it is with `--cluster ID`"));
        }
        None if !declared.clusters.is_empty() => {
            ui.note("  held against no check of ours: if it speaks of a cluster, say which one with `--cluster ID`");
        }
        _ => {}
    }
}
