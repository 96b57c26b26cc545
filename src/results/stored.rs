//! Results as a workspace keeps them: `evidence/results/TOOL-NAME-DAY.results.json`.
//!
//! In and out: [`ResultFile`]s. The same file imported twice is the same bytes at the same place.

use std::path::Path;

use chrono::NaiveDate;

use super::{ResultFile, rows::short};
use crate::{
    sort::Sort,
    workspace::{Code, Diagnostic, Place, Source, Workspace, csv, supplied},
};

/// Version of the form.
pub(super) const FORMAT: u32 = 1;

/// Folder of the workspace that holds them.
pub(crate) const FOLDER: &str = "evidence/results";

/// End of the names of the files.
const ENDING: &str = ".results.json";

/// Longest part of a name that is the original's.
const LONGEST_NAME: usize = 80;

impl ResultFile {
    /// Name of its file: `kube-bench-node-1-2026-11-20.results.json`.
    pub(crate) fn file_name(&self) -> String {
        let stem = self.original.name.rsplit_once('.').map_or(&*self.original.name, |(stem, _)| stem);
        let mut stem = supplied::slug(stem);
        stem.truncate(LONGEST_NAME);
        let tool = if stem.starts_with(&*self.tool) { String::new() } else { format!("{}-", self.tool) };
        format!("{tool}{stem}-{}{ENDING}", self.observed.day())
    }

    /// The file as it is stored.
    pub(crate) fn text(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }
}

/// What a workspace keeps, by tool, time and file. One that cannot be read is a diagnostic.
pub(crate) fn load(root: &Path, diagnostics: &mut Vec<Diagnostic>) -> Vec<ResultFile> {
    let mut files = Vec::new();
    for stored in supplied::load(root, (FOLDER, ENDING), "scopefence import results", parse, diagnostics) {
        let of = |list| ResultFile { file: stored.file.clone(), digest: stored.digest.clone(), ..list };
        files.extend(stored.lists.into_iter().map(of));
    }
    files.order_by(|a, b| (&a.tool, a.observed.day(), &a.file).cmp(&(&b.tool, b.observed.day(), &b.file)));
    files
}

fn parse(bytes: &[u8]) -> Result<Vec<ResultFile>, csv::Problem> {
    let problem = |line, message: &str| csv::Problem { line, message: message.to_owned() };
    let mut file: ResultFile = serde_json::from_slice(bytes)
        .map_err(|error| problem(error.line(), "it is not what `scopefence import results` writes"))?;
    if file.format != FORMAT {
        return Err(problem(1, "a later version of the program wrote it"));
    }
    // Somebody may have edited it.
    let rules = file.rules.iter_mut();
    for rule in rules {
        rule.id = short(&rule.id);
        rule.title = rule.title.as_deref().map(short);
        rule.engine = rule.engine.as_deref().map(short);
        rule.objects.iter_mut().for_each(|object| object.object = short(&object.object));
    }
    file.original.name = short(&file.original.name);
    file.tool = supplied::slug(&file.tool);
    file.tool_version = file.tool_version.as_deref().map(short);
    file.cluster = file.cluster.as_deref().map(short);
    file.against.iter_mut().for_each(|against| *against = short(against));
    Ok(vec![file])
}

/// Warns of results that are too old to be held against anything, or that speak of a cluster nobody declared.
pub(crate) fn warn(workspace: &Workspace, today: NaiveDate, diagnostics: &mut Vec<Diagnostic>) {
    for file in &workspace.results {
        let place = || Place { source: Source::new(file.file.clone(), String::new()), span: 0..0 };
        let age = (today - file.observed.day()).num_days();
        let most = workspace.policy.evidence_days;
        if age > i64::from(most) {
            let message = format!("`{}` is of {}, and evidence counts for {most} days", file.file, file.observed.day());
            diagnostics.push(
                Diagnostic::new(Code::StaleResults, place(), message, "too old")
                    .help("scan again and import the new results, then remove this file"),
            );
        }
        let unknown = file.cluster.as_deref().filter(|id| {
            !workspace.clusters.is_empty() && workspace.clusters.iter().all(|cluster| cluster.id.as_str() != *id)
        });
        if let Some(id) = unknown {
            let message = format!("`{}` speaks of cluster `{id}`, which is not declared", file.file);
            diagnostics.push(
                Diagnostic::new(Code::ResultsOfUnknownCluster, place(), message, "no such cluster")
                    .help("import it anew with `--cluster ID`, or declare the cluster"),
            );
        }
    }
}
