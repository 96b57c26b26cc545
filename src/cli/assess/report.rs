//! What `assess` says, whatever the format: the part of an assessment that was asked for.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use serde::Serialize;

use super::{
    filter::Filter,
    posture::{self, Posture},
};
use crate::{
    assess::{
        self, Assessment, Bent, BesideFile, Check, CheckResult, ControlPosture, Disagreement, ExceptionState, Failure,
        Finding, OpenPoint, Outcome, Vanished,
    },
    cli::evidence::Files,
    ownership::ObjectKey,
    results::When,
    sort::Sort,
    workspace::{CheckId, Exception, ExceptionId, Severity, TeamId, Workspace},
};

/// The part of an assessment that was asked for.
#[derive(Serialize)]
pub(super) struct Report<'a> {
    #[serde(skip)]
    pub(super) workspace: &'a Workspace,
    #[serde(skip)]
    pub(super) assessment: &'a Assessment,
    /// The files that it rests on, if not on snapshots.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) files: Option<&'a Files>,
    pub(super) as_of: Option<String>,
    pub(super) pristine: bool,
    snapshots: Vec<Source<'a>>,
    pub(super) bent: Vec<Bent>,
    pub(super) results: Vec<Line<'a>>,
    pub(super) findings: Vec<Finding>,
    pub(super) vanished: Vec<&'a Vanished>,
    pub(super) controls: Vec<&'a ControlPosture>,
    pub(super) posture: Posture,
    trend: Vec<posture::Point<'a>>,
    pub(super) exceptions: Vec<ExceptionLine<'a>>,
    pub(super) plan: PlanLine,
    /// What other tools say, if anything was imported; of a cluster, so not beside files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) other_tools: Option<OtherTools<'a>>,
}

/// What other tools say beside all this.
#[derive(Serialize)]
pub(super) struct OtherTools<'a> {
    pub(super) files: Vec<OtherFile<'a>>,
    /// Rules and checks of ours that cannot both be right.
    pub(super) disagreements: Vec<&'a Disagreement>,
    /// Failing rules that no check of ours decides.
    pub(super) open: Vec<&'a OpenPoint>,
}

#[derive(Serialize)]
pub(super) struct OtherFile<'a> {
    pub(super) tool: &'a str,
    pub(super) tool_version: Option<&'a str>,
    pub(super) cluster: Option<&'a str>,
    pub(super) observed: When,
    pub(super) stale: bool,
    pub(super) file: &'a str,
    pub(super) original_digest: &'a str,
    /// Rules by their outcome.
    pub(super) rules: &'a BTreeMap<Outcome, usize>,
    /// Rules about no control that is known.
    pub(super) unmapped: usize,
}

/// What of the plan of action needs somebody now.
#[derive(Default, Serialize)]
pub(super) struct PlanLine {
    /// Findings past their date.
    pub(super) overdue: Vec<String>,
    /// Entries about findings that no snapshot at hand shows.
    pub(super) orphans: Vec<String>,
}

#[derive(Serialize)]
struct Source<'a> {
    cluster: &'a str,
    ended: String,
    digest: &'a str,
    source: crate::snapshot::Source,
}

/// A result and what follows from it for a reader.
#[derive(Serialize)]
pub(super) struct Line<'a> {
    #[serde(flatten)]
    pub(super) result: &'a CheckResult,
    pub(super) standing: Standing,
}

/// What a result means to the reader of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Standing {
    /// Objects asked for fail.
    Fails,
    /// Objects fail, none of those asked for.
    FailsElsewhere,
    /// The evaluation itself failed.
    Error,
    /// Everything was read, nothing fails.
    Passes,
    /// Nothing that the files show fails. Only the cluster shows that there is nothing else.
    NothingFound,
    /// The files do not hold what the answer needs.
    NeedsCluster,
    /// Evidence is missing, incomplete or too old.
    NotAnswered,
    /// A person must look.
    Manual,
    /// There is nothing to ask about.
    NotApplicable,
}

/// An exception with what became of it.
#[derive(Serialize)]
pub(super) struct ExceptionLine<'a> {
    pub(super) exception: &'a ExceptionId,
    pub(super) state: ExceptionState,
    pub(super) check: &'a CheckId,
    pub(super) matched: usize,
    pub(super) lapsed: usize,
    pub(super) objects: Vec<String>,
    pub(super) reason: &'a str,
    pub(super) owner: &'a str,
    pub(super) approver: &'a str,
    pub(super) approved: Option<NaiveDate>,
    pub(super) expires: NaiveDate,
    pub(super) compensating: Option<&'a str>,
}

/// What other tools say of what was asked for.
fn other_tools<'a>(assessment: &'a Assessment, filter: &Filter) -> Option<OtherTools<'a>> {
    let beside = &assessment.beside;
    let file = |file: &'a BesideFile| OtherFile {
        tool: &file.tool,
        tool_version: file.tool_version.as_deref(),
        cluster: file.cluster.as_deref(),
        observed: file.observed,
        stale: file.stale,
        file: &file.file,
        original_digest: &file.original_digest,
        rules: &file.counts,
        unmapped: file.unmapped,
    };
    let asked = |it: &&Disagreement| assessment.check(&it.check).is_some_and(|check| filter.asks(check));
    let about = |point: &&OpenPoint| filter.control.as_ref().is_none_or(|control| point.controls.contains(control));
    // What no check of ours decides belongs to none that was asked for, and to no team.
    let whole = filter.team.is_none() && filter.namespace.is_none() && filter.checks.is_empty();
    (!beside.files.is_empty()).then(|| OtherTools {
        files: beside.files.iter().map(file).collect(),
        disagreements: beside.disagreements.iter().filter(asked).collect(),
        open: beside.open.iter().filter(|_| whole).filter(about).collect(),
    })
}

impl<'a> Report<'a> {
    pub(super) fn new(
        workspace: &'a Workspace,
        assessment: &'a Assessment,
        filter: &Filter,
        files: Option<&'a Files>,
        pristine: bool,
    ) -> Self {
        let findings = filter.findings(assessment);
        let asked = |check: &CheckId| assessment.check(check).is_some_and(|check| filter.asks(check));
        let line = |result: &'a CheckResult| {
            let fails =
                |it: &Finding| it.check == result.check && it.cluster == result.cluster && !it.objects.is_empty();
            let here = findings.iter().any(fails);
            Line { result, standing: Standing::of(result, here, files.is_some()) }
        };
        let exceptions = workspace.exceptions.iter().zip(&assessment.exceptions).filter(|(declared, _)| {
            let covers = findings.iter().any(|it| it.excepted.iter().any(|by| by.exception == declared.id));
            let idle = filter.team.is_none() && filter.namespace.is_none();
            asked(&declared.check) && (covers || idle)
        });
        let vanished = assessment.vanished.iter().filter(|gone| {
            let team = gone.component.as_ref().and_then(|id| {
                let duty = assessment.check(&gone.check)?.duty;
                workspace.component(id).duties.get(&duty)
            });
            asked(&gone.check) && filter.team.as_ref().is_none_or(|wanted| team == Some(wanted))
        });
        let plan = match files {
            // What is not deployed yet has no plan.
            Some(_) => PlanLine::default(),
            None => plan(workspace, assessment, &findings),
        };
        let other_tools = other_tools(assessment, filter).filter(|_| files.is_none());
        Self {
            plan,
            other_tools,
            as_of: assessment.as_of.map(time),
            pristine,
            snapshots: assessment
                .clusters
                .iter()
                .map(|cluster| Source {
                    cluster: &cluster.header.cluster.id,
                    ended: time(cluster.header.ended),
                    digest: &cluster.digest,
                    source: cluster.header.source,
                })
                .collect(),
            bent: assess::bent(workspace, assessment),
            results: assessment.results.iter().filter(|result| asked(&result.check)).map(line).collect(),
            vanished: vanished.collect(),
            controls: assessment
                .controls
                .iter()
                .filter(|posture| filter.control.as_ref().is_none_or(|control| posture.control == *control))
                .filter(|posture| filter.team.is_none() || posture.team == filter.team)
                .collect(),
            posture: Posture::of(workspace, assessment),
            trend: posture::trend(assessment, filter.team.as_ref()),
            exceptions: exceptions.map(|(declared, used)| exception(workspace, assessment, declared, used)).collect(),
            workspace,
            assessment,
            files,
            findings,
        }
    }

    /// Findings that somebody has to act on.
    pub(super) fn open(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.is_open())
    }

    /// Open findings by team, in the order of the teams; last those that nobody answers for.
    pub(super) fn by_team(&self) -> Vec<(Option<&TeamId>, &'a str, Vec<&Finding>)> {
        let teams = self.workspace.teams.iter().map(|team| (Some(&team.id), &*team.name));
        let all = teams.chain([(None, "Nobody: these objects are unclaimed or contested")]);
        let of = |id: Option<&TeamId>| self.open().filter(|finding| finding.team.as_ref() == id).collect::<Vec<_>>();
        all.map(|(id, name)| (id, name, of(id))).filter(|(_, _, findings)| !findings.is_empty()).collect()
    }

    pub(super) fn check(&self, id: &CheckId) -> Option<&'a Check> {
        self.assessment.check(id)
    }

    /// Title of a check, else its identifier.
    pub(super) fn title<'b>(&self, id: &'b CheckId) -> &'b str
    where
        'a: 'b,
    {
        self.check(id).map_or(id.as_str(), |check| &check.title)
    }

    /// Name of a finding's team.
    pub(super) fn team(&self, finding: &Finding) -> &'a str {
        finding.team.as_ref().map_or("nobody", |id| &self.workspace.team(id).name)
    }

    /// Findings that let in any of those asked for, each with those; asked for or not.
    pub(super) fn causes(&self) -> Vec<(&'a Finding, Vec<&str>)> {
        let let_in = |cause: &&'a Finding| {
            let open = self.open().filter(|finding| finding.let_in_by.contains(&cause.id));
            open.map(|finding| &*finding.id).collect::<Vec<_>>()
        };
        let causes = self.assessment.findings.iter().filter(|finding| !finding.lets_in.is_empty());
        causes.map(|cause| (cause, let_in(&cause))).filter(|(_, found)| !found.is_empty()).collect()
    }

    /// How many open findings are of a severity.
    pub(super) fn count(&self, severity: Severity) -> usize {
        self.open().filter(|finding| finding.severity == severity).count()
    }

    /// `3 findings: 1 critical, 2 low`.
    pub(super) fn headline(&self) -> String {
        let all = self.open().count();
        let of = |severity: Severity| {
            let count = self.count(severity);
            (count > 0).then(|| format!("{count} {}", super::severity(severity)))
        };
        let parts: Vec<String> = Severity::ALL.into_iter().filter_map(of).collect();
        match all {
            0 => "no open findings".to_owned(),
            1 => format!("1 open finding: {}", parts.join(", ")),
            _ => format!("{all} open findings: {}", parts.join(", ")),
        }
    }

    /// What it rests on, a line a cluster.
    pub(super) fn rests_on(&self) -> Vec<String> {
        match self.files {
            Some(files) => vec![files.to_string()],
            None => {
                let clusters = self.assessment.clusters.iter().map(|cluster| &cluster.header);
                let line = |header: &crate::snapshot::Header| {
                    let ended = header.ended.format("%Y-%m-%d %H:%M UTC");
                    format!("cluster {}, observed {ended}", header.cluster.id)
                };
                clusters.map(line).collect()
            }
        }
    }
}

impl Standing {
    fn of(result: &CheckResult, here: bool, files: bool) -> Self {
        match result.outcome {
            _ if here => Standing::Fails,
            _ if result.odd > 0 => Standing::Error,
            Outcome::Fail if result.excepted == result.failures => Standing::NotAnswered,
            Outcome::Fail => Standing::FailsElsewhere,
            Outcome::Pass => Standing::Passes,
            Outcome::NotApplicable => Standing::NotApplicable,
            Outcome::Manual => Standing::Manual,
            Outcome::Error if files && result.subjects > 0 && result.failures == 0 => Standing::NothingFound,
            _ if files => Standing::NeedsCluster,
            _ => Standing::NotAnswered,
        }
    }
}

/// Of the findings asked for, those that are late; of all entries, those without a finding.
fn plan(workspace: &Workspace, assessment: &Assessment, findings: &[Finding]) -> PlanLine {
    let plan = assess::plan(workspace, assessment);
    let asked = |id: &str| findings.iter().any(|finding| finding.id == id);
    let late = plan.open.iter().filter(|item| item.overdue && asked(&item.finding.id));
    PlanLine {
        overdue: late.map(|item| item.finding.id.clone()).collect(),
        orphans: plan.orphans.iter().map(|entry| entry.finding.clone()).collect(),
    }
}

fn exception<'a>(
    workspace: &'a Workspace,
    assessment: &'a Assessment,
    declared: &'a Exception,
    used: &'a assess::ExceptionUse,
) -> ExceptionLine<'a> {
    let mut objects: Vec<String> = assessment.covered(&declared.id).map(|(_, key)| key.to_string()).collect();
    objects.order();
    objects.dedup();
    ExceptionLine {
        exception: &declared.id,
        state: used.state,
        check: &declared.check,
        matched: used.matched,
        lapsed: used.lapsed,
        objects,
        reason: &declared.reason,
        owner: workspace.party_name(&declared.owner),
        approver: workspace.party_name(&declared.approver),
        approved: declared.approved,
        expires: declared.expires,
        compensating: declared.compensating.as_deref(),
    }
}

fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Objects of a finding, each once, in its order.
pub(super) fn keys(failures: &[Failure]) -> Vec<&ObjectKey> {
    let mut keys: Vec<&ObjectKey> = failures.iter().map(|failure| &failure.key).collect();
    keys.dedup();
    keys
}

/// Objects by name, each kind said once: `Node cp-1, cp-2; Deployment shop/web and 3 more`.
pub(super) fn names(keys: &[&ObjectKey], most: usize) -> String {
    let mut text = String::new();
    let mut last: Option<&ObjectKey> = None;
    for key in keys.iter().take(most) {
        match last {
            Some(before) if before.kind == key.kind && before.group == key.group => {
                text.push_str(", ");
                if !key.namespace.is_empty() {
                    text.push_str(&format!("{}/", key.namespace));
                }
                text.push_str(&key.name);
            }
            Some(_) => text.push_str(&format!("; {key}")),
            None => text.push_str(&key.to_string()),
        }
        last = Some(key);
    }
    match keys.len().saturating_sub(most) {
        0 => text,
        more => format!("{text} and {more} more"),
    }
}

/// What bent a result, in words.
pub(super) fn bent(bent: &Bent) -> String {
    match bent {
        Bent::Sample { cluster } => format!("the evidence of cluster {cluster} is the program's sample"),
        Bent::Supplied { cluster } => {
            format!("the evidence of cluster {cluster} was supplied as files, not collected")
        }
        Bent::Disabled { check, reason } => format!("check {check} disabled: {reason}"),
        Bent::Severity { check, severity, reason } => {
            format!("check {check} severity changed to {}: {reason}", super::severity(*severity))
        }
        Bent::Param { check, param, now, instead_of, reason } => {
            format!("check {check} {param} is {now} instead of {instead_of}: {reason}")
        }
        Bent::Replaced { check } => format!("check {check} is the workspace's own, not the built-in one"),
        Bent::Own { checks } => {
            let checks: Vec<&str> = checks.iter().map(CheckId::as_str).collect();
            format!("checks of the workspace's own: {}", checks.join(", "))
        }
        Bent::LeftOut { policy, namespaces } => {
            format!("namespaces that some checks leave out (policy.{policy}): {}", namespaces.join(", "))
        }
        Bent::Exception { exception, state, objects } => {
            let objects = super::super::workspace::counted(*objects, "object");
            match state {
                ExceptionState::InForce => format!("exception {exception} covers {objects}"),
                ExceptionState::Unused => format!("exception {exception} covers nothing; remove it"),
                ExceptionState::NotAsked => format!("exception {exception}: its check was not answered"),
                ExceptionState::Expired => {
                    format!("exception {exception} has expired and covers nothing ({objects} open)")
                }
            }
        }
    }
}
