//! `scopefence init`: copy a starter workspace.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use clap::{Args, ValueEnum};
use include_dir::{Dir, DirEntry};
use serde_json::json;

use super::{Exit, Failure, Ui};
use crate::{
    embedded::SCOPES,
    sort::Sort,
    workspace::{MAIN_FILE, diagnostic::nearest, read::plain},
};

/// Starter that `init` copies unless told.
const DEFAULT: &str = "compliant-kubernetes";

/// What a new workspace keeps out of version control: what `build` writes.
const IGNORED: &str = "out/\n";

/// Start a workspace
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Folder to write, new or empty
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// Starter to copy
    #[arg(long, value_name = "STARTER", default_value = DEFAULT)]
    from: String,
    /// List the starters instead
    #[arg(long)]
    list: bool,
    /// How to print the list
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT", requires = "list")]
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
    if arguments.list {
        let starters = starters();
        match arguments.format {
            Format::Text => {
                let lines = starters.iter().map(|(name, starter)| format!("{name:<24} {}", title(starter)));
                ui.print(lines.collect::<Vec<_>>().join("\n"));
            }
            Format::Json => {
                let list = starters.iter().map(|(name, starter)| json!({"name": name, "summary": title(starter)}));
                ui.print(format!("{:#}", serde_json::Value::from_iter(list)));
            }
        }
        return Ok(Exit::Fine);
    }
    let starter = find(&arguments.from)?;
    write(starter, &arguments.dir)?;
    let dir = arguments.dir.display();
    ui.note(format_args!("wrote a workspace from the starter {} to {dir}", arguments.from));
    ui.note("next:");
    for (command, what) in [
        (format!("scopefence check {dir}"), "validate it, now and after every edit"),
        (format!("scopefence collect {dir}"), "read evidence from the cluster of the current context"),
        (format!("scopefence build {dir} --out out"), "write the documents"),
    ] {
        ui.note(format_args!("  {command:<40} {what}"));
    }
    Ok(Exit::Fine)
}

/// Every starter: a folder with a `scopefence.toml`.
fn starters() -> Vec<(&'static str, &'static Dir<'static>)> {
    let mut starters: Vec<_> = SCOPES
        .dirs()
        .filter(|dir| dir.get_file(dir.path().join(MAIN_FILE)).is_some())
        .filter_map(|dir| Some((dir.path().file_name()?.to_str()?, dir)))
        .collect();
    starters.order_by_key(|(name, _)| *name);
    starters
}

/// The one-line summary of the starter's system.
fn title(starter: &Dir<'_>) -> String {
    let text =
        starter.get_file(starter.path().join(MAIN_FILE)).and_then(|file| file.contents_utf8()).unwrap_or_default();
    let table: Option<toml::Table> = text.parse().ok();
    let system = table.as_ref().and_then(|table| table.get("system"));
    let summary = system.and_then(|system| system.get("summary")).and_then(toml::Value::as_str);
    summary.unwrap_or_default().to_owned()
}

fn find(name: &str) -> Result<&'static Dir<'static>, Failure> {
    let starters = starters();
    if let Some((_, starter)) = starters.iter().find(|(known, _)| *known == name) {
        return Ok(starter);
    }
    let names: Vec<_> = starters.iter().map(|(name, _)| *name).collect();
    let list = names.join(", ");
    let help = match nearest(name, names) {
        Some(near) => format!("did you mean {near}? There are {list}"),
        None => format!("there are {list}"),
    };
    Err(Failure::new(format_args!("there is no starter {name}")).help(help))
}

/// Writes the starter beside the target and renames it into place, so that nothing half-written is ever there.
fn write(starter: &Dir<'_>, dir: &Path) -> Result<(), Failure> {
    let failed =
        |what: &str, error: &io::Error| Failure::new(format_args!("cannot {what} {}: {}", dir.display(), plain(error)));
    let target = std::path::absolute(dir).map_err(|error| failed("find", &error))?;
    let exists = match fs::read_dir(&target) {
        Ok(mut entries) => {
            if entries.next().is_some() {
                return Err(Failure::new(format_args!("{} is not empty", dir.display()))
                    .help("name a folder that is new or empty"));
            }
            true
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            return Err(Failure::new(format_args!("{} is not a folder", dir.display())).help("name a folder"));
        }
        Err(error) => return Err(failed("read", &error)),
    };
    let parent = target.parent().unwrap_or(&target);
    fs::create_dir_all(parent).map_err(|error| failed("create", &error))?;
    let beside = tempfile::Builder::new()
        .prefix(".scopefence-init-")
        .tempdir_in(parent)
        .map_err(|error| failed("write beside", &error))?;
    let fresh = beside.path().join("workspace");
    copy(starter, starter.path(), &fresh).map_err(|error| failed("write", &error))?;
    if starter.get_file(starter.path().join(".gitignore")).is_none() {
        fs::write(fresh.join(".gitignore"), IGNORED).map_err(|error| failed("write", &error))?;
    }
    if exists && std::env::current_dir().is_ok_and(|current| current == target) {
        // The current folder must stay the same folder. The main file comes last: without it there is no workspace.
        let entries = fs::read_dir(&fresh).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let mut entries = entries.map_err(|error| failed("write", &error))?;
        entries.order_by_key(|entry| (entry.file_name() == MAIN_FILE, entry.file_name()));
        for entry in entries {
            fs::rename(entry.path(), target.join(entry.file_name())).map_err(|error| failed("write", &error))?;
        }
        return Ok(());
    }
    if exists {
        fs::remove_dir(&target).map_err(|error| failed("replace", &error))?;
    }
    fs::rename(&fresh, &target).map_err(|error| failed("write", &error))
}

fn copy(from: &Dir<'_>, root: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in from.entries() {
        let relative = entry.path().strip_prefix(root).map_err(io::Error::other)?;
        match entry {
            DirEntry::Dir(dir) => copy(dir, root, to)?,
            DirEntry::File(file) => {
                let path = to.join(relative);
                if let Some(parent) = path.parent() {
                    fs::create_dir_all(parent)?;
                }
                fs::write(path, file.contents())?;
            }
        }
    }
    Ok(())
}
