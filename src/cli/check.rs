//! `scopefence check`: validate declarations.

use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use clap::{Args, ValueEnum};
use serde::Serialize;

use super::{
    Exit, Failure, Ui,
    evidence::Evidence,
    workspace::{counted, print, read, today},
};
use crate::{
    assess::{self, History},
    facts::control_plane::provider,
    ownership,
    sort::Sort,
    visible::spelled_out,
    workspace::{Code, Diagnostic, Level, Workspace},
};

/// Validate declarations
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Folder of the workspace; the nearest one upward unless given
    dir: Option<PathBuf>,
    /// Let warnings count as errors
    #[arg(long)]
    strict: bool,
    /// Also hold declared statuses against this snapshot; may be repeated
    #[arg(long, value_name = "FILE")]
    evidence: Vec<PathBuf>,
    /// How to report: for people on stderr, for programs on stdout
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    format: Format,
    /// Compare dates with this day instead of today
    #[arg(long, value_name = "DATE", hide = true)]
    as_of: Option<NaiveDate>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For programs
    Json,
}

pub(super) fn run(arguments: &Arguments, ui: &Ui) -> Result<Exit, Failure> {
    let today = arguments.as_of.unwrap_or_else(today);
    let (root, mut loaded) = read(arguments.dir.as_deref(), today, ui)?;
    if let Some(workspace) = &loaded.workspace {
        loaded.diagnostics.extend(contradicted(workspace, &root, ui));
        if !arguments.evidence.is_empty() {
            let evidence = Evidence::need(&root, &arguments.evidence, ui)?;
            let assessment = assess::assess(workspace, &evidence.snapshots, &History::default(), None);
            loaded.diagnostics.extend(assess::contradictions(workspace, &assessment));
        }
        loaded.diagnostics.order_by(|a, b| a.key().cmp(&b.key()));
    }
    let diagnostics = &loaded.diagnostics;
    let count = |level| diagnostics.iter().filter(|diagnostic| diagnostic.level() == level).count();
    let (errors, warnings) = (count(Level::Error), count(Level::Warning));
    match arguments.format {
        Format::Text => {
            print(diagnostics, ui);
            ui.note(summary(loaded.workspace.as_ref(), errors, warnings));
        }
        Format::Json => {
            let rows: Vec<_> = diagnostics.iter().map(Row::new).collect();
            let json = serde_json::to_string_pretty(&rows)
                .map_err(|error| Failure::new(format_args!("cannot write the diagnostics: {error}")))?;
            ui.print(json);
        }
    }
    // Without a workspace there is nothing that could be fine.
    let bad = loaded.workspace.is_none() || errors > 0 || arguments.strict && warnings > 0;
    Ok(if bad { Exit::BadNews } else { Exit::Fine })
}

/// Declarations about control planes that the newest snapshots contradict. Only a workspace that has such declarations
/// reads snapshots for this; one that cannot be read says nothing here.
fn contradicted(workspace: &Workspace, root: &Path, ui: &Ui) -> Vec<Diagnostic> {
    if workspace.provider_settings.is_empty() {
        return Vec::new();
    }
    let snapshots = Evidence::choose(root, &[], ui).map(|evidence| evidence.snapshots).unwrap_or_default();
    let mut found = Vec::new();
    for snapshot in &snapshots {
        let join = ownership::join(workspace, snapshot);
        for (declared, how) in provider::contradictions(&join) {
            let (cluster, date) = (&snapshot.header.cluster.id, snapshot.header.ended.date_naive());
            let message = format!("`{}` of {cluster} is declared as `{}`", declared.setting, declared.value);
            let label = format!("on {date}, {how}");
            found.push(
                Diagnostic::new(Code::ContradictedDeclaration, declared.place.clone(), message, spelled_out(&label))
                    .help("correct the declaration, or ask whoever runs the control plane"),
            );
        }
    }
    found
}

fn summary(workspace: Option<&Workspace>, errors: usize, warnings: usize) -> String {
    let problems: Vec<_> = [(errors, "error"), (warnings, "warning")]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| counted(count, what))
        .collect();
    let problems = if problems.is_empty() { "no problems".to_owned() } else { problems.join(", ") };
    match workspace {
        Some(workspace) => {
            let parts = [
                counted(workspace.components.len(), "component"),
                plural(workspace.activities.len(), "activity", "activities"),
                counted(workspace.implementations.len(), "implementation"),
                counted(workspace.teams.len(), "team"),
            ];
            format!("{}: {}: {problems}", workspace.system.id, parts.join(", "))
        }
        None => problems,
    }
}

fn plural(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// One diagnostic in JSON. Lines and columns count from 1, columns in characters; spans are byte offsets.
#[derive(Serialize)]
struct Row<'a> {
    code: &'static str,
    severity: &'static str,
    message: &'a str,
    #[serde(flatten)]
    at: At<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related: Vec<At<'a>>,
}

#[derive(Serialize)]
struct At<'a> {
    file: &'a str,
    line: usize,
    column: usize,
    span: [usize; 2],
    label: &'a str,
}

impl<'a> Row<'a> {
    fn new(diagnostic: &'a Diagnostic) -> Self {
        let at = |place: &'a crate::workspace::Place, label: &'a str| At {
            file: place.source.path(),
            line: place.line(),
            column: place.column(),
            span: [place.span.start, place.span.end],
            label,
        };
        Self {
            code: diagnostic.code.as_str(),
            severity: match diagnostic.level() {
                Level::Error => "error",
                Level::Warning => "warning",
            },
            message: &diagnostic.message,
            at: at(&diagnostic.place, &diagnostic.label),
            help: diagnostic.help.as_deref(),
            related: diagnostic.others.iter().map(|(place, label)| at(place, label)).collect(),
        }
    }
}
