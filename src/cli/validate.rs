//! `scopefence validate`: are files for other programs, OSCAL's and FedRAMP's, what they say they are?

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::{Exit, Failure, Ui, workspace};
use crate::{
    fedramp,
    frameworks::Frameworks,
    oscal::validate::{File, bytes, problems},
    schema::{self, Problem},
    sort::Sort,
};

/// Most files that imports lead to.
const DEEPEST: usize = 16;

/// Validate OSCAL and FedRAMP files: the published schema, and what a schema misses
///
/// OSCAL: identifiers that lead nowhere, controls that no catalog has, roles, states and originations that OSCAL does
/// not know, placeholders left. Files that a file imports are read too where they lie beside it. FedRAMP (Security
/// Decision Record, Certification Package Overview): controls, rules, Key Security Indicators and parameters that there
/// are not or that stand twice, a status that nothing bears out, placeholders left.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Files in JSON, or folders of them
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// How to report
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    format: Format,
    /// Folder of a workspace whose frameworks count as known too
    #[arg(long, value_name = "DIR")]
    workspace: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For programs
    Json,
}

#[derive(Serialize)]
struct Row<'r> {
    file: String,
    #[serde(flatten)]
    problem: &'r Problem,
}

pub(super) fn run(arguments: &Arguments, ui: &Ui) -> Result<Exit, Failure> {
    let frameworks = workspace::frameworks(arguments.workspace.as_deref())?;
    let mut found: Vec<(PathBuf, Vec<Problem>)> = Vec::new();
    for path in listed(&arguments.files)? {
        let bytes = bytes(&path).map_err(|error| unread(&path, &error))?;
        let wrong = judged(&path, &bytes, &frameworks).unwrap_or_else(|problem| vec![problem]);
        found.push((path, wrong));
    }
    let count = found.iter().map(|(_, problems)| problems.len()).sum::<usize>();
    match arguments.format {
        Format::Text => {
            for (path, problems) in &found {
                for problem in problems {
                    ui.print(format_args!("{}: {}: {}", path.display(), problem.path, problem.message));
                }
            }
        }
        Format::Json => {
            let rows = found.iter().flat_map(|(path, problems)| {
                problems.iter().map(|problem| Row { file: path.display().to_string(), problem })
            });
            let json = serde_json::to_string_pretty(&rows.collect::<Vec<_>>())
                .map_err(|error| Failure::new(format_args!("cannot write the problems: {error}")))?;
            ui.print(json);
        }
    }
    let files = workspace::counted(found.len(), "file");
    ui.note(if count == 0 {
        format!("{files} valid")
    } else {
        format!("{} in {files}", workspace::counted(count, "problem"))
    });
    Ok(if count == 0 { Exit::Fine } else { Exit::BadNews })
}

/// What is wrong with a file of one of the formats.
fn judged(path: &Path, bytes: &[u8], frameworks: &Frameworks) -> Result<Vec<Problem>, Problem> {
    let content = schema::read(bytes)?;
    if let Some(kind) = fedramp::validate::kind(&content)? {
        return Ok(fedramp::validate::problems(kind, &content, frameworks));
    }
    let file = File::of(content)?;
    Ok(problems(&file, &beside(path, &file), frameworks))
}

/// The files named, and those in folders named, by name.
fn listed(named: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in named {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let entries = fs::read_dir(path).map_err(|error| unread(path, &error))?;
        let mut inside: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        inside.retain(|path| path.extension().is_some_and(|end| end == "json"));
        if inside.is_empty() {
            return Err(Failure::new(format_args!("{} holds no JSON files", path.display())));
        }
        inside.order();
        files.append(&mut inside);
    }
    Ok(files)
}

fn unread(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format_args!("cannot read {}: {error}", path.display()))
}

/// What a file imports from beside it, and what that imports; files that are not there or not OSCAL are left out.
fn beside(path: &Path, file: &File) -> Vec<File> {
    let mut wanted: Vec<PathBuf> = file.imports().map(|href| path.with_file_name(href)).collect();
    let mut seen = vec![path.to_owned()];
    let mut files = Vec::new();
    while let Some(next) = wanted.pop() {
        if seen.contains(&next) || seen.len() > DEEPEST {
            continue;
        }
        seen.push(next.clone());
        let Some(imported) = bytes(&next).ok().and_then(|bytes| File::read(&bytes).ok()) else { continue };
        wanted.extend(imported.imports().map(|href| next.with_file_name(href)));
        files.push(imported);
    }
    files
}
