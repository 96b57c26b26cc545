//! `scopefence import catalog` and `import profile`: what publishers write in OSCAL, as data of the workspace.

use std::path::{Path, PathBuf};

use clap::Args;

use super::{Exit, Failure, Ui, keep, root, workspace};
use crate::{
    digest::sha256_hex,
    oscal::{
        import::{self, Given, Imported, Owner, Whose},
        validate::{File, bytes},
    },
};

/// Import a catalog in OSCAL: the text of its controls, and the framework itself where it is not known yet
///
/// A catalog whose controls are those of a built-in framework brings their text alone.
#[derive(Debug, Args)]
pub(super) struct Catalog {
    /// OSCAL catalog in JSON, version 1.0 to 1.2
    file: PathBuf,
    /// Framework that it is; recognised by its controls unless given
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// Folder of the workspace [default: the nearest one upward]
    #[arg(long, value_name = "DIR")]
    workspace: Option<PathBuf>,
}

/// Import a profile in OSCAL as a baseline, with the text of its controls as it tailors them
#[derive(Debug, Args)]
pub(super) struct Profile {
    /// OSCAL profile in JSON, version 1.0 to 1.2
    file: PathBuf,
    /// Catalog or profile that it imports, where that does not lie beside it; may be repeated
    #[arg(long, value_name = "FILE")]
    catalog: Vec<PathBuf>,
    /// Name of the baseline; taken from the title unless given
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Framework that its controls belong to; recognised by them unless given
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// Folder of the workspace [default: the nearest one upward]
    #[arg(long, value_name = "DIR")]
    workspace: Option<PathBuf>,
}

/// Import a component definition in OSCAL: components, and what they do for controls
#[derive(Debug, Args)]
pub(super) struct Components {
    /// OSCAL component definition in JSON, version 1.0 to 1.2
    file: PathBuf,
    /// The components are inside the fence
    #[arg(long)]
    inside: bool,
    #[command(flatten)]
    declared: Declarations,
}

/// Import a system security plan in OSCAL: what a provider provides and leaves to us, or a plan of our own
///
/// Of a provider's plan is taken what it exports: capabilities provided and responsibilities left to customers, by
/// component, and its authorization. With --own the plan is that of this system: components with their teams,
/// interfaces, connections, authorizations of providers, and one statement a control.
#[derive(Debug, Args)]
pub(super) struct Ssp {
    /// OSCAL system security plan in JSON, version 1.0 to 1.2
    file: PathBuf,
    /// It is the plan of this very system
    #[arg(long, conflicts_with = "authorized")]
    own: bool,
    /// Day on which the provider's system was authorized, where the plan does not say so
    #[arg(long, value_name = "DATE")]
    authorized: Option<chrono::NaiveDate>,
    #[command(flatten)]
    declared: Declarations,
}

#[derive(Debug, Args)]
struct Declarations {
    /// Team that is accountable for the components, for example that of the provider
    #[arg(long, value_name = "TEAM")]
    team: String,
    /// Framework that the controls belong to; that of the baseline unless given
    #[arg(long, value_name = "ID")]
    framework: Option<String>,
    /// File below scope/ to write; taken from the title unless given
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Folder of the workspace [default: the nearest one upward]
    #[arg(long, value_name = "DIR")]
    workspace: Option<PathBuf>,
}

pub(super) fn components(arguments: &Components, ui: &Ui) -> Result<Exit, Failure> {
    let whose = if arguments.inside { Whose::Inside } else { Whose::Others };
    declare(&arguments.file, "component-definition", (whose, None), &arguments.declared, ui)
}

pub(super) fn ssp(arguments: &Ssp, ui: &Ui) -> Result<Exit, Failure> {
    let whose = if arguments.own { Whose::Ours } else { Whose::Others };
    let authorized = arguments.authorized.map(|day| day.to_string());
    declare(&arguments.file, "system-security-plan", (whose, authorized.as_deref()), &arguments.declared, ui)
}

fn declare(
    path: &Path,
    model: &str,
    (whose, authorized): (Whose, Option<&str>),
    arguments: &Declarations,
    ui: &Ui,
) -> Result<Exit, Failure> {
    let root = root(arguments.workspace.as_deref())?;
    let Some(declared) = workspace::load(Some(&root), ui)? else { return Ok(Exit::BadNews) };
    if !declared.teams.iter().any(|team| team.id.as_str() == arguments.team) {
        let known: Vec<&str> = declared.teams.iter().map(|team| team.id.as_str()).collect();
        return Err(Failure::new(format_args!("there is no team `{}`", arguments.team))
            .help(format_args!("declared are {}", known.join(", "))));
    }
    let (file, _) = read(path)?;
    if file.model() != model {
        return Err(refused(path, &format!("it is a {}, not a {model}", file.model())));
    }
    let owner = Owner { team: &arguments.team, whose, framework: arguments.framework.as_deref(), authorized };
    let imported = import::declared(&file, &owner, &declared).map_err(|why| refused(path, &why))?;
    let name = arguments.name.clone().unwrap_or_else(|| import::slug(&name_of(path).replace(".json", "")));
    let target = root.join("scope").join(format!("{name}.toml"));
    if target.exists() {
        return Err(Failure::new(format_args!("{} is there already", target.display()))
            .help("give another --name, or remove the file to import anew"));
    }
    ui.print(keep(&root.join("scope"), format!("{name}.toml"), &imported.text)?.display());
    ui.note(format_args!(
        "{}, {}",
        workspace::counted(imported.components.len(), "component"),
        workspace::counted(imported.controls, "statement")
    ));
    for (control, place, component) in &imported.answered {
        ui.note(format_args!(
            "{control} is answered at {place}: add \"{component}\" to its components if it takes part"
        ));
    }
    for note in &imported.notes {
        ui.warn(note);
    }
    if !imported.unknown.is_empty() {
        ui.warn(format_args!("no framework has {}: left out", imported.unknown.join(", ")));
    }
    Ok(Exit::Fine)
}

pub(super) fn catalog(arguments: &Catalog, ui: &Ui) -> Result<Exit, Failure> {
    let root = root(arguments.workspace.as_deref())?;
    let frameworks = workspace::frameworks(Some(&root))?;
    let (file, digest) = read(&arguments.file)?;
    let name = name_of(&arguments.file);
    let given = Given { file: &name, digest: &digest, framework: arguments.id.as_deref(), baseline: None };
    let imported = import::catalog(&file, &given, &frameworks).map_err(|why| refused(&arguments.file, &why))?;
    write(&root, &imported, ui)
}

pub(super) fn profile(arguments: &Profile, ui: &Ui) -> Result<Exit, Failure> {
    let root = root(arguments.workspace.as_deref())?;
    let frameworks = workspace::frameworks(Some(&root))?;
    let (file, digest) = read(&arguments.file)?;
    let name = name_of(&arguments.file);
    let baseline = arguments.name.as_deref();
    let given = Given { file: &name, digest: &digest, framework: arguments.id.as_deref(), baseline };
    let without_text = std::cell::Cell::new(false);
    let open = |from: &File, href: &str| match open(arguments, from, href) {
        Ok(file) => Ok(file),
        Err(Some(why)) => Err(why),
        Err(None) => {
            let known = import::known_catalog(from, href, &frameworks);
            without_text.set(without_text.get() || known.is_some());
            let wanted = || format!("{} does not lie beside the profile; name it with --catalog", wanted(from, href));
            known.ok_or_else(wanted)
        }
    };
    let imported = import::profile(&file, &given, &frameworks, &open).map_err(|why| refused(&arguments.file, &why))?;
    let exit = write(&root, &imported, ui)?;
    if without_text.get() {
        ui.note(
            "the catalog is not at hand, so texts and parameters were not taken over: name it with --catalog for these",
        );
    }
    if let Some(name) = &imported.baseline {
        ui.note(format_args!("choose it: [baseline] framework = \"{}\", name = \"{name}\"", imported.framework));
    }
    Ok(exit)
}

fn name_of(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn refused(path: &Path, why: &str) -> Failure {
    Failure::new(format_args!("cannot import {}: {why}", path.display()))
}

fn read(path: &Path) -> Result<(File, String), Failure> {
    parse(path).map_err(|why| refused(path, &why))
}

fn parse(path: &Path) -> Result<(File, String), String> {
    let bytes = bytes(path).map_err(|error| error.to_string())?;
    let file = File::read(&bytes).map_err(|problem| format!("{}: {}", problem.path, problem.message))?;
    Ok((file, sha256_hex(&bytes)))
}

/// The file that a profile imports: what a person named, else what lies beside the profile under the name that the
/// reference, or the resource that it leads to, gives.
///
/// # Errors
/// Why it cannot be read; nothing where it is not there.
fn open(arguments: &Profile, from: &File, href: &str) -> Result<File, Option<String>> {
    let names = names(from, href);
    let beside = names.iter().map(|name| arguments.file.with_file_name(name)).filter(|path| path.is_file());
    let named = arguments.catalog.iter().filter(|path| names.contains(&name_of(path))).cloned();
    // One catalog that a person named is meant, whatever its name.
    let only = (arguments.catalog.len() == 1).then(|| arguments.catalog[0].clone());
    let path = named.chain(only).chain(beside).next().ok_or(None)?;
    parse(&path).map(|(file, _)| file).map_err(|why| Some(format!("{}: {why}", path.display())))
}

/// Names of files that a reference may mean.
fn names(from: &File, href: &str) -> Vec<String> {
    let names: Vec<&str> = match href.strip_prefix('#') {
        None => vec![href],
        Some(uuid) => from.links(uuid).collect(),
    };
    let last = |name: &&str| name.rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
    names.iter().map(last).filter(|name| name.ends_with(".json")).collect()
}

/// What a reference means, in words.
fn wanted(from: &File, href: &str) -> String {
    let names = names(from, href);
    if names.is_empty() { href.to_owned() } else { names.join(" or ") }
}

fn write(root: &Path, imported: &Imported, ui: &Ui) -> Result<Exit, Failure> {
    for (name, text) in &imported.files {
        ui.print(keep(&root.join("controls"), name, text)?.display());
    }
    let controls = workspace::counted(imported.controls, "control");
    let texts = workspace::counted(imported.texts, "text");
    match (&imported.baseline, imported.new) {
        (Some(name), _) => ui.note(format_args!("baseline {name} of {}: {controls}, {texts}", imported.framework)),
        (None, true) => ui.note(format_args!("framework {}: {controls}, {texts}", imported.framework)),
        (None, false) => ui.note(format_args!("{}: {texts} for {controls}", imported.framework)),
    }
    if !imported.unknown.is_empty() {
        ui.warn(format_args!(
            "{} has no {}: left out",
            imported.framework,
            imported.unknown.iter().take(10).cloned().collect::<Vec<_>>().join(", ")
        ));
    }
    Ok(Exit::Fine)
}
