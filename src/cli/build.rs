//! `scopefence build`: workspace and evidence in, a folder of documents out.

use std::{
    io::Read,
    path::{Path, PathBuf},
};

use clap::Args;

use super::{
    Exit, Failure, Ui,
    assess::FailOn,
    evidence::{ClockArguments, Evidence, EvidenceArguments, LiveArguments},
    workspace,
};
use crate::{
    checklist,
    document::{self, ComposeError},
    output,
    publish::{self, Format, Selection},
    workspace::Workspace,
};

/// Largest logo that is read, in bytes.
const LARGEST_LOGO: u64 = 8 << 20;

/// Render the documents: scope statement, security plan, RACI matrix, team briefs, audit pack, checklist, reading guide
///
/// Without any snapshot the result is a plan: everything declared, with observed parts "not yet observed".
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Folder of the workspace; the nearest one upward unless given
    dir: Option<PathBuf>,
    #[command(flatten)]
    evidence: EvidenceArguments,
    #[command(flatten)]
    clock: ClockArguments,
    #[command(flatten)]
    live: LiveArguments,
    /// Leave the evidence folder alone and write a plan
    #[arg(long, conflicts_with_all = ["evidence", "live"])]
    no_evidence: bool,
    /// Folder to write; replaced as a whole if an earlier build wrote it
    #[arg(short, long, value_name = "DIR", default_value = "out")]
    out: PathBuf,
    /// Only this document, for example `ssp` or `team/platform`; `team` means all of them, `oscal` and `fedramp` the
    /// files for other programs
    #[arg(long, value_name = "DOC")]
    only: Vec<String>,
    /// Formats to write
    #[arg(long, value_name = "FORMAT", value_enum, value_delimiter = ',', default_values_t = Format::ALL)]
    format: Vec<Format>,
    /// End with status 1 when a finding is at least this severe, evidence is stale today, or an exception has expired or
    /// covers nothing; may be repeated
    #[arg(long, value_enum, value_name = "SEVERITY|stale|exceptions")]
    fail_on: Vec<FailOn>,
}

pub(super) fn run(arguments: &Arguments, ui: &Ui) -> Result<Exit, Failure> {
    let Some(declared) = workspace::load(arguments.dir.as_deref(), ui)? else {
        return Ok(Exit::BadNews);
    };
    output::check(&arguments.out, &declared.root).map_err(refused)?;
    let evidence = match Evidence::live(&declared, &arguments.live, ui)? {
        Some(evidence) => evidence,
        None if arguments.no_evidence => Evidence::default(),
        None => Evidence::choose(&declared.root, &arguments.evidence.evidence, ui)?,
    };
    let assessment = evidence.assess(&declared, arguments.clock.as_of, ui)?;
    let frameworks = &declared.frameworks;
    let checklists = checklist::load(Some(&declared.root), frameworks).map_err(|errors| workspace::listed(&errors))?;
    let documents = match document::compose(&declared, &assessment, frameworks, &checklists) {
        Ok(documents) => documents,
        Err(error) => return Ok(report(&error, ui)),
    };
    let selection =
        Selection { documents: arguments.only.clone(), formats: arguments.format.iter().copied().collect() };
    let files =
        publish::publish(&declared, &assessment, documents, logo(&declared)?, &selection).map_err(unpublished)?;
    output::write(&files, &arguments.out, &declared.root).map_err(refused)?;
    ui.note(format_args!("{}, {} kB", workspace::counted(files.len(), "file"), files.bytes().div_ceil(1000)));
    let start = if files.paths().any(|path| path == "index.html") { "index.html" } else { "" };
    ui.print(arguments.out.join(start).display());
    let stale = evidence.warn_stale(&declared, ui);
    Ok(FailOn::exit_of(&arguments.fail_on, &assessment, stale))
}

/// Mistakes in the workspace's own templates are bad news about the workspace, as diagnostics are.
fn report(error: &ComposeError, ui: &Ui) -> Exit {
    ui.failure(&Failure::new(error));
    Exit::BadNews
}

/// The picture for covers, if the workspace has one.
pub(super) fn logo(declared: &Workspace) -> Result<Option<Vec<u8>>, Failure> {
    let Some(path) = &declared.style.logo else { return Ok(None) };
    read_logo(&declared.root.join(path)).map(Some)
}

fn read_logo(path: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |error: std::io::Error| Failure::new(format_args!("cannot read the logo {}: {error}", path.display()));
    let mut bytes = Vec::new();
    std::fs::File::open(path).map_err(failed)?.take(LARGEST_LOGO + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > LARGEST_LOGO {
        return Err(Failure::new(format_args!("the logo {} is larger than 8 MB", path.display())));
    }
    // A picture that cannot be drawn would be missing from the documents without a word.
    let text = || String::from_utf8_lossy(&bytes).contains("<svg");
    if !(bytes.starts_with(b"\x89PNG\r\n\x1a\n") || bytes.starts_with(b"\xff\xd8\xff") || text()) {
        return Err(Failure::new(format_args!("the logo {} is no PNG, JPEG or SVG", path.display()))
            .help("save the picture again in one of these formats"));
    }
    Ok(bytes)
}

fn unpublished(error: publish::Error) -> Failure {
    let missing = matches!(error, publish::Error::NoPackage);
    let failure = Failure::new(error);
    match missing {
        true => failure.help(
            "declare it: where the overview is published, type, acronym, website, logo, service models, deployment \
             model, the official, and contacts for security and sales; docs/workspace-format.md has an example, and \
             `scopefence check` says what still lacks",
        ),
        false => failure,
    }
}

fn refused(error: output::Error) -> Failure {
    let help = match error {
        output::Error::Foreign(_) => "name a new or empty folder with --out, or empty this one yourself",
        _ => "name another folder with --out",
    };
    Failure::new(error).help(help)
}
