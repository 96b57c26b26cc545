//! `scopefence import`: what other systems know, kept as evidence beside the snapshots.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use chrono::NaiveDate;
use clap::{Args, Subcommand};

use super::{Exit, Failure, Ui, workspace};
use crate::workspace::{members, read::plain};

/// Keep what other systems know as evidence of the workspace
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Groups(Groups),
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
    let What::Groups(arguments) = &arguments.what;
    let root = workspace::root(arguments.workspace.as_deref())?;
    if !root.join(crate::workspace::MAIN_FILE).is_file() {
        return Err(Failure::new(format_args!("{} is not a workspace", root.display()))
            .help("name its folder with --workspace, or start one with `scopefence init`"));
    }
    let file = arguments.file.display();
    let bytes = members::bytes(&arguments.file)
        .map_err(|error| Failure::new(format_args!("cannot import {file}: {}", plain(&error))))?;
    let given = members::Given { source: arguments.source.as_deref(), date: arguments.date, prefix: &arguments.prefix };
    let lists = members::parse(&bytes, &given).map_err(|problem| {
        Failure::new(format_args!("cannot import {file}, line {}: {}", problem.line, problem.message))
    })?;
    for list in lists {
        let name = list.file_name();
        let folder = root.join(members::FOLDER);
        let path = folder.join(&name);
        store(&folder, &path, list.text().as_bytes())
            .map_err(|error| Failure::new(format_args!("cannot write {}: {}", path.display(), plain(&error))))?;
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
    let mut file = tempfile::Builder::new().prefix(".groups-").tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
