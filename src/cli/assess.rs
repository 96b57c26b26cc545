//! `scopefence assess`: outcomes and findings, by team.

mod posture;

use std::{collections::BTreeMap, path::PathBuf};

use clap::{Args, ValueEnum};
use serde::Serialize;

use posture::Posture;

use super::{
    Exit, Failure, Ui, collect,
    evidence::{ClockArguments, Evidence, EvidenceArguments, clock, escaped, table},
    explain,
    workspace::load,
};
use crate::{
    assess::{Assessment, CheckResult, ControlPosture, ExceptionUse, Finding, Outcome},
    frameworks::Frameworks,
    workspace::{CheckId, ControlId, Severity, TeamId, Workspace, diagnostic::nearest},
};

/// Run the checks: outcomes and findings
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
    /// Only findings that this team answers for
    #[arg(long, value_name = "TEAM")]
    team: Option<String>,
    /// Only checks and findings of this control, for example AC-6(5) or iso-27001-2022:a.8.2
    #[arg(long, value_name = "CONTROL")]
    control: Option<String>,
    /// Only objects in this namespace
    #[arg(short, long, value_name = "NAMESPACE")]
    namespace: Option<String>,
    /// End with status 1 when a finding is at least this severe, or evidence is stale today; may be repeated
    #[arg(long, value_enum, value_name = "SEVERITY|stale")]
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
}

/// What makes the exit status 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum FailOn {
    Low,
    Medium,
    High,
    Critical,
    Stale,
}

impl FailOn {
    fn severity(self) -> Option<Severity> {
        match self {
            FailOn::Low => Some(Severity::Low),
            FailOn::Medium => Some(Severity::Medium),
            FailOn::High => Some(Severity::High),
            FailOn::Critical => Some(Severity::Critical),
            FailOn::Stale => None,
        }
    }

    /// The exit status that these wishes ask for.
    pub(super) fn exit(wishes: &[Self], findings: &[Finding], stale: Exit) -> Exit {
        let bad = wishes.iter().any(|wish| match wish.severity() {
            None => stale == Exit::BadNews,
            Some(least) => findings.iter().any(|finding| finding.severity >= least && !finding.objects.is_empty()),
        });
        if bad { Exit::BadNews } else { Exit::Fine }
    }
}

pub(super) fn run(arguments: &Arguments, ui: &Ui) -> Result<Exit, Failure> {
    collect::no_workspace(&arguments.from_files)?;
    let Some(workspace) = load(arguments.dir.as_deref(), ui)? else { return Ok(Exit::BadNews) };
    let filter = Filter::new(arguments, &workspace)?;
    let evidence = if arguments.from_files.is_empty() {
        Evidence::need(&workspace.root, &arguments.evidence.evidence, ui)?
    } else {
        Evidence::from_files(&workspace, &arguments.from_files, ui)?
    };
    if let Some(check) = &arguments.explain {
        let json = arguments.format == Format::Json;
        let wish =
            explain::Wish { check, object: arguments.object.as_deref(), json, as_of: clock(arguments.clock.as_of)? };
        return explain::run(&wish, &workspace, &evidence, ui);
    }
    let stale = evidence.warn_stale(&workspace, ui);
    let assessment = evidence.assess(&workspace, arguments.clock.as_of, ui)?;
    let report = filter.apply(&workspace, &assessment);
    match arguments.format {
        Format::Text => match arguments.by {
            Some(by) => ui.print(report.posture.text(by, &report.controls)),
            None => ui.print(report.text(&workspace, &assessment)),
        },
        Format::Json => {
            let json = serde_json::to_string_pretty(&report)
                .map_err(|error| Failure::new(format_args!("cannot write the result: {error}")))?;
            ui.print(json);
        }
    }
    Ok(FailOn::exit(&arguments.fail_on, &report.findings, stale))
}

/// What of an assessment is asked for.
struct Filter {
    team: Option<TeamId>,
    control: Option<ControlId>,
    namespace: Option<String>,
}

impl Filter {
    fn new(arguments: &Arguments, workspace: &Workspace) -> Result<Self, Failure> {
        let team = match &arguments.team {
            None => None,
            Some(wanted) => {
                let names = || workspace.teams.iter().map(|team| team.id.as_str());
                let found = workspace.teams.iter().find(|team| team.id.as_str() == wanted);
                Some(found.map(|team| team.id.clone()).ok_or_else(|| unknown("team", wanted, names()))?)
            }
        };
        let control = match &arguments.control {
            None => None,
            Some(wanted) => {
                let frameworks = Frameworks::load(Some(&workspace.root)).map_err(|errors| {
                    Failure::new(errors.first().map_or("frameworks cannot be read".to_owned(), ToString::to_string))
                })?;
                let default = workspace.baseline.as_ref().map(|baseline| &*baseline.framework);
                Some(frameworks.resolve(wanted, default).map_err(Failure::new)?)
            }
        };
        Ok(Self { team, control, namespace: arguments.namespace.clone() })
    }

    fn apply<'a>(&self, workspace: &Workspace, assessment: &'a Assessment) -> Report<'a> {
        let serves: BTreeMap<&CheckId, bool> = assessment
            .checks
            .iter()
            .map(|check| (&check.id, self.control.as_ref().is_none_or(|control| check.controls.contains(control))))
            .collect();
        let asked = |check: &CheckId| serves.get(check).copied().unwrap_or(false);
        let inside = |key: &crate::ownership::ObjectKey| {
            self.namespace
                .as_ref()
                .is_none_or(|wanted| *key.namespace == **wanted || (&*key.kind == "Namespace" && *key.name == **wanted))
        };
        let findings = assessment
            .findings
            .iter()
            .filter(|finding| asked(&finding.check))
            .filter(|finding| self.team.is_none() || finding.team == self.team)
            .filter_map(|finding| {
                let mut finding = finding.clone();
                finding.objects.retain(|failure| inside(&failure.key));
                finding.excepted.retain(|(key, _)| inside(key));
                (!finding.objects.is_empty() || !finding.excepted.is_empty()).then_some(finding)
            })
            .collect();
        let controls = assessment.controls.iter();
        Report {
            as_of: assessment.as_of.map(|as_of| as_of.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)),
            snapshots: assessment
                .clusters
                .iter()
                .map(|cluster| SnapshotLine {
                    cluster: &cluster.header.cluster.id,
                    ended: cluster.header.ended.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
                    digest: &cluster.digest,
                })
                .collect(),
            results: assessment.results.iter().filter(|result| asked(&result.check)).collect(),
            findings,
            controls: controls
                .filter(|posture| self.control.as_ref().is_none_or(|control| posture.control == *control))
                .filter(|posture| self.team.is_none() || posture.team == self.team)
                .collect(),
            posture: Posture::of(workspace, assessment),
            trend: posture::trend(assessment, self.team.as_ref()),
            exceptions: &assessment.exceptions,
        }
    }
}

fn unknown<'a>(what: &str, wanted: &str, names: impl Iterator<Item = &'a str> + Clone) -> Failure {
    let failure = Failure::new(format_args!("there is no {what} `{}`", escaped(wanted)));
    match nearest(wanted, names.clone()) {
        Some(near) => failure.help(format_args!("did you mean `{near}`?")),
        None => failure.help(format_args!("there are {}", names.collect::<Vec<_>>().join(", "))),
    }
}

#[derive(Serialize)]
struct Report<'a> {
    as_of: Option<String>,
    snapshots: Vec<SnapshotLine<'a>>,
    results: Vec<&'a CheckResult>,
    findings: Vec<Finding>,
    controls: Vec<&'a ControlPosture>,
    posture: Posture,
    trend: Vec<posture::Point<'a>>,
    exceptions: &'a [ExceptionUse],
}

#[derive(Serialize)]
struct SnapshotLine<'a> {
    cluster: &'a str,
    ended: String,
    digest: &'a str,
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

/// `Deployment shop/web and 3 more`.
pub(super) fn objects(finding: &Finding) -> String {
    let mut keys: Vec<_> = finding.objects.iter().map(|failure| &failure.key).collect();
    keys.dedup();
    match keys[..] {
        [] => "none (all accepted)".to_owned(),
        [only] => only.to_string(),
        [first, .., _] => format!("{first} and {} more", keys.len() - 1),
    }
}

impl Report<'_> {
    fn text(&self, workspace: &Workspace, assessment: &Assessment) -> String {
        let mut parts: Vec<String> = assessment
            .clusters
            .iter()
            .map(|cluster| {
                let header = &cluster.header;
                let ended = header.ended.format("%Y-%m-%d %H:%M UTC");
                format!("cluster {}, observed {ended}", escaped(&header.cluster.id))
            })
            .collect();
        let teams = workspace.teams.iter().map(|team| (Some(&team.id), &*team.name));
        for (id, name) in teams.chain([(None, "Nobody: these objects are unclaimed or contested")]) {
            let own: Vec<&Finding> = self.findings.iter().filter(|finding| finding.team.as_ref() == id).collect();
            if own.is_empty() {
                continue;
            }
            let rows = own.iter().map(|finding| {
                vec![
                    severity(finding.severity).to_owned(),
                    finding.check.to_string(),
                    finding.component.as_ref().map(ToString::to_string).unwrap_or_default(),
                    objects(finding),
                    if finding.excepted.is_empty() { String::new() } else { finding.excepted.len().to_string() },
                    finding.due.map(|due| due.to_string()).unwrap_or_default(),
                    finding.id.clone(),
                ]
            });
            let head = ["severity", "check", "component", "~objects", "accepted", "due", "finding"];
            parts.push(format!("{}\n{}", escaped(name), table(&head, rows)));
        }
        let several = assessment.clusters.len() > 1;
        let rows = self.results.iter().map(|result| {
            let mut row = vec![result.check.to_string()];
            row.extend(several.then(|| result.cluster.clone()));
            row.extend([outcome(result.outcome).to_owned(), result.reason.clone()]);
            row
        });
        let mut head = vec!["check"];
        head.extend(several.then_some("cluster"));
        head.extend(["outcome", "~why"]);
        let sound =
            |result: &&&CheckResult| matches!(result.outcome, Outcome::Pass | Outcome::Fail | Outcome::NotApplicable);
        parts.push(format!(
            "checks: {}, of which {} rest on complete evidence\n{}",
            self.results.len(),
            self.results.iter().filter(sound).count(),
            table(&head, rows)
        ));
        let contradictions: Vec<String> = self
            .controls
            .iter()
            .filter_map(|posture| Some(format!("{}: {}", posture.control, posture.contradiction.as_ref()?)))
            .collect();
        if !contradictions.is_empty() {
            parts.push(format!("contradictions: {}\n{}", contradictions.len(), contradictions.join("\n")));
        }
        let bent = bent(workspace, assessment);
        if !bent.is_empty() {
            parts.push(format!("what bent this:\n{}", bent.join("\n")));
        }
        parts.join("\n\n") + "\n"
    }
}

/// Checks disabled or changed, and exceptions that are expired or cover nothing.
fn bent(workspace: &Workspace, assessment: &Assessment) -> Vec<String> {
    let mut bent = Vec::new();
    for change in &workspace.check_overrides {
        let disabled = change.disabled.then(|| "disabled".to_owned());
        let changed = change.severity.filter(|_| !change.disabled);
        let changed = changed.map(|to| format!("severity changed to {}", severity(to)));
        let params = change.params.iter().map(|it| format!("{} is {} instead of {}", it.name, it.now, it.instead_of));
        for what in disabled.into_iter().chain(changed).chain(params) {
            bent.push(escaped(&format!("check {} {what}: {}", change.check, change.reason)));
        }
    }
    for used in &assessment.exceptions {
        bent.push(match (used.expired, used.matched) {
            (true, _) => format!("exception {} has expired and covers nothing", used.exception),
            (false, 0) => format!("exception {} covers nothing; remove it", used.exception),
            (false, 1) => format!("exception {} covers 1 object", used.exception),
            (false, count) => format!("exception {} covers {count} objects", used.exception),
        });
    }
    bent
}
