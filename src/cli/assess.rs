//! `scopefence assess`: outcomes and findings, by team.

mod filter;
mod junit;
mod posture;
mod report;
mod sarif;
mod summary;
mod text;

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use self::{filter::Filter, report::Report};
use super::{
    Exit, Failure, Ui, collect,
    evidence::{ClockArguments, Evidence, EvidenceArguments, clock},
    explain,
    workspace::load,
};
use crate::{
    assess::{self, Assessment, ExceptionState, Finding, Outcome},
    workspace::Severity,
};

/// Run the checks: outcomes and findings
///
/// With --from-files it answers before anything is deployed: what the files show is judged, Pod templates as the Pods that
/// they make; checks that need the cluster say so and do not fail the run.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Folder of the workspace; the nearest one upward unless given
    dir: Option<PathBuf>,
    #[command(flatten)]
    evidence: EvidenceArguments,
    #[command(flatten)]
    clock: ClockArguments,
    /// Assess saved `kubectl get -o json|yaml` output or a folder of manifests instead of a snapshot
    #[arg(long, value_name = "PATH", num_args = 1.., conflicts_with = "evidence")]
    from_files: Vec<PathBuf>,
    /// Only findings that this team answers for; with --from-files, also those that nobody does
    #[arg(long, value_name = "TEAM")]
    team: Option<String>,
    /// Only checks and findings of this control, for example AC-6(5) or iso-27001-2022:a.8.2
    #[arg(long, value_name = "CONTROL")]
    control: Option<String>,
    /// Only this check; may be repeated
    #[arg(long, value_name = "CHECK")]
    check: Vec<String>,
    /// Only objects in this namespace; with --from-files, objects that name none are taken to be in it, as kubectl does
    #[arg(short, long, value_name = "NAMESPACE")]
    namespace: Option<String>,
    /// What the built-in rules alone would say: nothing switched off or changed, no own checks, no exceptions
    #[arg(long)]
    pristine: bool,
    /// End with status 1 when a finding is at least this severe, evidence is stale today, or an exception has expired or
    /// covers nothing; may be repeated
    #[arg(long, value_enum, value_name = "SEVERITY|stale|exceptions")]
    fail_on: Vec<FailOn>,
    /// Show what this check asked, the lists that it read, and what decided for each object that fails
    #[arg(long, value_name = "CHECK", conflicts_with_all = ["team", "control", "namespace", "by", "fail_on"])]
    explain: Option<String>,
    /// With --explain: only this object, also if it passes
    #[arg(long, value_name = "NAMESPACE/NAME", requires = "explain")]
    object: Option<String>,
    /// Instead of findings, where controls stand: counts by team or framework with coverage, or each control
    #[arg(long, value_enum, value_name = "WHAT")]
    by: Option<posture::By>,
    /// How to print the result
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For programs
    Json,
    /// For code scanning: SARIF 2.1.0
    Sarif,
    /// For CI servers: JUnit's XML
    Junit,
    /// For a comment on a pull request: Markdown
    Md,
}

/// What makes the exit status 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum FailOn {
    Low,
    Medium,
    High,
    Critical,
    /// Evidence that is older today than the workspace allows
    Stale,
    /// An exception that has expired, or covers nothing
    Exceptions,
}

impl FailOn {
    fn severity(self) -> Option<Severity> {
        match self {
            FailOn::Low => Some(Severity::Low),
            FailOn::Medium => Some(Severity::Medium),
            FailOn::High => Some(Severity::High),
            FailOn::Critical => Some(Severity::Critical),
            FailOn::Stale | FailOn::Exceptions => None,
        }
    }

    /// The exit status that these wishes ask for.
    pub(super) fn exit(
        wishes: &[Self],
        findings: &[Finding],
        exceptions: impl Iterator<Item = ExceptionState>,
        stale: Exit,
    ) -> Exit {
        let mut idle = exceptions.filter(|state| matches!(state, ExceptionState::Expired | ExceptionState::Unused));
        let idle = idle.next().is_some();
        let bad = wishes.iter().any(|wish| match (wish, wish.severity()) {
            (FailOn::Exceptions, _) => idle,
            (_, None) => stale == Exit::BadNews,
            (_, Some(least)) => findings.iter().any(|finding| finding.severity >= least && finding.is_open()),
        });
        if bad { Exit::BadNews } else { Exit::Fine }
    }

    /// The exit status that these wishes ask for about a whole assessment.
    pub(super) fn exit_of(wishes: &[Self], assessment: &Assessment, stale: Exit) -> Exit {
        Self::exit(wishes, &assessment.findings, assessment.exceptions.iter().map(|used| used.state), stale)
    }
}

pub(super) fn run(arguments: &Arguments, ui: &Ui) -> Result<Exit, Failure> {
    collect::no_workspace(&arguments.from_files)?;
    let Some(declared) = load(arguments.dir.as_deref(), ui)? else { return Ok(Exit::BadNews) };
    let filter = Filter::new(arguments, &declared)?;
    let evidence = if arguments.from_files.is_empty() {
        Evidence::need(&declared.root, &arguments.evidence.evidence, ui)?
    } else {
        Evidence::from_files(&declared, &arguments.from_files, arguments.namespace.as_deref(), ui)?
    };
    let workspace = if arguments.pristine { assess::pristine(declared) } else { declared };
    if let Some(check) = &arguments.explain {
        let json = arguments.format == Format::Json;
        let wish =
            explain::Wish { check, object: arguments.object.as_deref(), json, as_of: clock(arguments.clock.as_of)? };
        return explain::run(&wish, &workspace, &evidence, ui);
    }
    let stale = evidence.warn_stale(&workspace, ui);
    let assessment = evidence.assess(&workspace, arguments.clock.as_of, ui)?;
    let report = Report::new(&workspace, &assessment, &filter, evidence.files.as_ref(), arguments.pristine);
    match arguments.format {
        Format::Text => match arguments.by {
            Some(by) => ui.print(report.posture.text(by, &report.controls)),
            None => ui.print(text::text(&report)),
        },
        Format::Json => ui.print(json(&report)?),
        Format::Sarif => ui.print(json(&sarif::sarif(&report))?),
        Format::Junit => ui.print(junit::junit(&report)),
        Format::Md => ui.print(summary::summary(&report)),
    }
    let exceptions = report.exceptions.iter().map(|used| used.state);
    Ok(FailOn::exit(&arguments.fail_on, &report.findings, exceptions, stale))
}

fn json(value: &impl serde::Serialize) -> Result<String, Failure> {
    serde_json::to_string_pretty(value).map_err(|error| Failure::new(format_args!("cannot write the result: {error}")))
}

pub(super) fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Fail => "fail",
        Outcome::Error => "error",
        Outcome::Forbidden => "forbidden",
        Outcome::NotCollected => "not collected",
        Outcome::NotVisible => "not visible",
        Outcome::Stale => "stale",
        Outcome::Manual => "manual",
        Outcome::Pass => "pass",
        Outcome::NotApplicable => "not applicable",
    }
}

pub(super) fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Low => "low",
        Severity::Medium => "medium",
        Severity::High => "high",
        Severity::Critical => "critical",
    }
}
