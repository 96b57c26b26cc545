//! `scopefence import`: what other systems know, kept as evidence beside the snapshots.

mod oscal;
mod results;

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use chrono::NaiveDate;
use clap::{Args, Subcommand};

use oscal::{Catalog, Components, Profile, Ssp};
use results::Results;

use super::{Exit, Failure, Ui, workspace};
use crate::workspace::{csv::Problem, grants, members, read::plain, supplied};

/// Keep what other systems know as evidence of the workspace
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Groups(Groups),
    Grants(Grants),
    Results(Results),
    Catalog(Catalog),
    Profile(Profile),
    Components(Components),
    Ssp(Ssp),
}

/// Import the rights that other authorizers than RBAC grant (cloud IAM, a webhook)
#[derive(Debug, Args)]
struct Grants {
    /// CSV with the columns `kind` (User, Group, ServiceAccount), `subject`, `namespace` (empty: the whole cluster) and
    /// `role` (a ClusterRole), or `verbs` and `resources`; `authorizer`, `cluster`, `source` and `date` may be columns too
    file: PathBuf,
    /// The authorizer that grants it, as the API server names its mode: Webhook
    #[arg(long, value_name = "MODE")]
    authorizer: Option<String>,
    /// Identifier of the cluster [default: all clusters of the workspace]
    #[arg(long, value_name = "ID")]
    cluster: Option<String>,
    /// Who supplied it
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// The day on which it was true: 2026-11-21
    #[arg(long, value_name = "DATE")]
    date: Option<NaiveDate>,
    /// A role of the provider and the ClusterRole that it equals: AmazonEKSViewPolicy=view; may be repeated
    #[arg(long, value_name = "ROLE=CLUSTERROLE", value_parser = pair)]
    role: Vec<(String, String)>,
    /// Folder of the workspace [default: the nearest one upward]
    #[arg(long, value_name = "DIR")]
    workspace: Option<PathBuf>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (from, to) = text.split_once('=').ok_or("write it as ROLE=CLUSTERROLE")?;
    Ok((from.trim().to_owned(), to.trim().to_owned()))
}

/// Import the members of groups, which the cluster does not know
#[derive(Debug, Args)]
struct Groups {
    /// CSV with the columns `group` and `person`, as the identity provider exports it; `source` and `date` may be
    /// columns too. A person that is a group of the same file is a nested group
    file: PathBuf,
    /// Who supplied it
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// The day on which it was true: 2026-11-21
    #[arg(long, value_name = "DATE")]
    date: Option<NaiveDate>,
    /// What the API server puts before the names of groups (its flag --oidc-groups-prefix)
    #[arg(long, value_name = "TEXT", default_value = "")]
    prefix: String,
    /// Folder of the workspace [default: the nearest one upward]
    #[arg(long, value_name = "DIR")]
    workspace: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments, ui: &Ui) -> Result<Exit, Failure> {
    match &arguments.what {
        What::Groups(arguments) => groups(arguments, ui),
        What::Grants(arguments) => grants(arguments, ui),
        What::Results(arguments) => results::run(arguments, ui),
        What::Catalog(arguments) => oscal::catalog(arguments, ui),
        What::Profile(arguments) => oscal::profile(arguments, ui),
        What::Components(arguments) => oscal::components(arguments, ui),
        What::Ssp(arguments) => oscal::ssp(arguments, ui),
    }
}

/// Folder of the workspace, which has to be one.
fn root(dir: Option<&Path>) -> Result<PathBuf, Failure> {
    let root = workspace::root(dir)?;
    if !root.join(crate::workspace::MAIN_FILE).is_file() {
        return Err(Failure::new(format_args!("{} is not a workspace", root.display()))
            .help("name its folder with --workspace, or start one with `scopefence init`"));
    }
    Ok(root)
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    supplied::bytes(file)
        .map_err(|error| Failure::new(format_args!("cannot import {}: {}", file.display(), plain(&error))))
}

fn wrong(file: &Path, problem: &Problem) -> Failure {
    Failure::new(format_args!("cannot import {}, line {}: {}", file.display(), problem.line, problem.message))
}

fn keep(folder: &Path, name: impl AsRef<Path>, text: &str) -> Result<PathBuf, Failure> {
    let path = folder.join(name);
    store(path.parent().unwrap_or(folder), &path, text.as_bytes())
        .map_err(|error| Failure::new(format_args!("cannot write {}: {}", path.display(), plain(&error))))?;
    Ok(path)
}

fn grants(arguments: &Grants, ui: &Ui) -> Result<Exit, Failure> {
    let root = root(arguments.workspace.as_deref())?;
    let given = grants::Given {
        authorizer: arguments.authorizer.as_deref(),
        cluster: arguments.cluster.as_deref(),
        source: arguments.source.as_deref(),
        date: arguments.date,
        roles: arguments.role.iter().cloned().collect(),
    };
    let lists = grants::parse(&read(&arguments.file)?, &given).map_err(|problem| wrong(&arguments.file, &problem))?;
    for (name, text) in grants::files(&lists) {
        keep(&root.join(grants::FOLDER), &name, &text)?;
    }
    for list in &lists {
        let cluster = list.cluster.as_deref().map(|id| format!(" of cluster {id}")).unwrap_or_default();
        ui.note(format_args!(
            "{} by {}{cluster} from {}, {}",
            workspace::counted(list.grants.len(), "right"),
            list.authorizer,
            list.source,
            list.date,
        ));
    }
    Ok(Exit::Fine)
}

fn groups(arguments: &Groups, ui: &Ui) -> Result<Exit, Failure> {
    let root = root(arguments.workspace.as_deref())?;
    let bytes = read(&arguments.file)?;
    let given = members::Given { source: arguments.source.as_deref(), date: arguments.date, prefix: &arguments.prefix };
    let lists = members::parse(&bytes, &given).map_err(|problem| wrong(&arguments.file, &problem))?;
    for list in lists {
        let path = keep(&root.join(members::FOLDER), list.file_name(), &list.text())?;
        let people = list.groups.values().flatten().filter(|member| !list.groups.contains_key(*member));
        let people = people.collect::<std::collections::BTreeSet<_>>().len();
        ui.note(format_args!(
            "{} from {}, {}: {} in {}",
            workspace::counted(list.groups.len(), "group"),
            list.source,
            list.date,
            if people == 1 { "1 person".to_owned() } else { format!("{people} people") },
            path.display()
        ));
    }
    Ok(Exit::Fine)
}

fn store(folder: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let mut file = tempfile::Builder::new().prefix(".import-").tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
