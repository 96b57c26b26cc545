//! `scopefence whose`: who owns an object, and whom to call.

mod find;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::Serialize;

use self::find::{Hit, Search};
use super::{
    Exit, Failure, Ui,
    assess::severity,
    evidence::{ClockArguments, Evidence, EvidenceArguments, escaped, table},
    workspace::load,
};
use crate::{
    ownership::{Join, Owner, join},
    workspace::{Component, Duty, Fence, Side, Team, Workspace},
};

/// Say who owns an object
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Object as kubectl names it: deploy/web, pod/web-0, certificate.cert-manager.io/shop
    #[arg(value_name = "KIND/NAME")]
    object: String,
    /// Name, when the first argument is a kind alone
    #[arg(value_name = "NAME", hide = true)]
    name: Option<String>,
    /// Namespace of the object
    #[arg(short, long, value_name = "NAMESPACE")]
    namespace: Option<String>,
    /// Only this cluster
    #[arg(long, value_name = "CLUSTER")]
    cluster: Option<String>,
    /// Folder of the workspace; the nearest one upward unless given
    #[arg(long, value_name = "DIR")]
    workspace: Option<PathBuf>,
    #[command(flatten)]
    evidence: EvidenceArguments,
    #[command(flatten)]
    clock: ClockArguments,
    /// How to print the answer
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

pub(super) fn run(arguments: &Arguments, ui: &Ui) -> Result<Exit, Failure> {
    let Some(workspace) = load(arguments.workspace.as_deref(), ui)? else { return Ok(Exit::BadNews) };
    let mut evidence = Evidence::need(&workspace.root, &arguments.evidence.evidence, ui)?;
    if let Some(cluster) = &arguments.cluster {
        let names: Vec<String> = evidence.snapshots.iter().map(|it| escaped(&it.header.cluster.id)).collect();
        evidence.snapshots.retain(|snapshot| snapshot.header.cluster.id == *cluster);
        if evidence.snapshots.is_empty() {
            return Err(Failure::new(format_args!("there is no snapshot of the cluster `{cluster}`"))
                .help(format_args!("there are snapshots of {}", names.join(", "))));
        }
    }
    let search = Search::new(&arguments.object, arguments.name.as_deref(), arguments.namespace.as_deref())?;
    let hits = search.hits(&evidence.snapshots);
    let hit = match hits[..] {
        [] => {
            ui.failure(&search.nothing(&evidence.snapshots));
            return Ok(Exit::BadNews);
        }
        [hit] => hit,
        _ => {
            ui.failure(&search.several(&hits, &evidence.snapshots));
            return Ok(Exit::BadNews);
        }
    };
    let snapshot = &evidence.snapshots[hit.snapshot];
    let join = join(&workspace, snapshot);
    let assessment = evidence.assess(&workspace, arguments.clock.as_of, ui)?;
    let answer = Answer::of(hit, &join, &workspace, &assessment.findings);
    match arguments.format {
        Format::Text => ui.print(answer.text()),
        Format::Json => {
            let json = serde_json::to_string_pretty(&answer)
                .map_err(|error| Failure::new(format_args!("cannot write the answer: {error}")))?;
            ui.print(json);
        }
    }
    Ok(if answer.component.is_some() { Exit::Fine } else { Exit::BadNews })
}

#[derive(Serialize)]
struct Answer {
    cluster: String,
    observed: String,
    object: String,
    /// The object that made it, if another one did.
    root: Option<String>,
    component: Option<ComponentLine>,
    /// Why no component owns it.
    reason: Option<String>,
    duties: Vec<DutyLine>,
    interfaces: Vec<InterfaceLine>,
    findings: Vec<FindingLine>,
}

#[derive(Serialize)]
struct ComponentLine {
    id: String,
    title: String,
    fence: &'static str,
    declared_at: String,
    team: TeamLine,
}

#[derive(Serialize)]
struct TeamLine {
    id: String,
    name: String,
    phone: Option<String>,
    chat: Option<String>,
    email: Option<String>,
    hours: Option<String>,
    response_time: Option<String>,
}

#[derive(Serialize)]
struct DutyLine {
    duty: &'static str,
    team: TeamLine,
}

#[derive(Serialize)]
struct InterfaceLine {
    id: String,
    title: String,
    other: String,
    escalation: Vec<String>,
    response_time: Option<String>,
}

#[derive(Serialize)]
struct FindingLine {
    id: String,
    severity: &'static str,
    check: String,
    team: Option<String>,
    due: Option<String>,
    messages: Vec<String>,
}

fn duty(duty: Duty) -> &'static str {
    match duty {
        Duty::Image => "image",
        Duty::Configuration => "configuration",
        Duty::Data => "data",
        Duty::Availability => "availability",
        Duty::Access => "access",
        Duty::Network => "network",
    }
}

fn side(side: &Side, workspace: &Workspace) -> String {
    match side {
        Side::Component(id) => workspace.component(id).title.clone(),
        Side::Team(id) => workspace.team(id).name.clone(),
    }
}

impl TeamLine {
    fn of(team: &Team) -> Self {
        Self {
            id: team.id.to_string(),
            name: team.name.clone(),
            phone: team.phone.clone(),
            chat: team.chat.clone(),
            email: team.email.clone(),
            hours: team.hours.clone(),
            response_time: team.response_time.clone(),
        }
    }

    /// Quickest first.
    fn contacts(&self) -> String {
        let ways = [&self.phone, &self.chat, &self.email];
        ways.into_iter().flatten().cloned().collect::<Vec<_>>().join(", ")
    }

    fn row(&self) -> [String; 4] {
        [
            self.name.clone(),
            self.contacts(),
            self.hours.clone().unwrap_or_default(),
            self.response_time.clone().unwrap_or_default(),
        ]
    }
}

impl Answer {
    fn of(hit: Hit, join: &Join<'_>, workspace: &Workspace, findings: &[crate::assess::Finding]) -> Self {
        let header = &join.snapshot().header;
        let root = join.root(hit.spot);
        let component = join.component(hit.spot);
        let reason = match join.owner(hit.spot) {
            Owner::Component(_) => None,
            Owner::Unclaimed(why) => Some(why.to_owned()),
            Owner::LeftOut => {
                Some("objects of this kind come and go with others and have no owner of their own".to_owned())
            }
            Owner::Contested(claims) => {
                let claims: Vec<String> = claims.iter().map(|(component, at)| format!("{component} ({at})")).collect();
                Some(format!("claimed equally by {}", claims.join(", ")))
            }
        };
        let key = join.key(root);
        let mut own: Vec<FindingLine> = findings
            .iter()
            .filter(|finding| finding.cluster == header.cluster.id)
            .filter_map(|finding| {
                let about = finding.objects.iter().filter(|failure| failure.key == key);
                let messages: Vec<String> = about.map(|failure| failure.message.clone()).collect();
                (!messages.is_empty()).then(|| FindingLine {
                    id: finding.id.clone(),
                    severity: severity(finding.severity),
                    check: finding.check.to_string(),
                    team: finding.team.as_ref().map(|team| workspace.team(team).name.clone()),
                    due: finding.due.map(|due| due.to_string()),
                    messages,
                })
            })
            .collect();
        own.dedup_by(|a, b| a.id == b.id);
        Self {
            cluster: header.cluster.id.clone(),
            observed: header.ended.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
            object: join.key(hit.spot).to_string(),
            root: (root != hit.spot).then(|| key.to_string()),
            component: component.map(|component| ComponentLine {
                id: component.id.to_string(),
                title: component.title.clone(),
                fence: match component.fence {
                    Fence::Inside => "inside",
                    Fence::Outside => "outside",
                },
                declared_at: component.declared_at.clone(),
                team: TeamLine::of(workspace.team(&component.team)),
            }),
            reason,
            duties: component.map_or(Vec::new(), |component| duties(component, workspace)),
            interfaces: component.map_or(Vec::new(), |component| interfaces(component, workspace)),
            findings: own,
        }
    }

    fn text(&self) -> String {
        let mut head =
            vec![escaped(&self.object), format!("  cluster    {}, observed {}", escaped(&self.cluster), self.observed)];
        if let Some(root) = &self.root {
            head.push(format!("  made by    {}", escaped(root)));
        }
        match &self.component {
            Some(component) => {
                head.push(format!(
                    "  component  {} ({}), {} the fence, declared at {}",
                    escaped(&component.title),
                    component.id,
                    component.fence,
                    escaped(&component.declared_at)
                ));
                head.push(format!("  team       {}", escaped(&component.team.name)));
                let call = component.team.contacts();
                if !call.is_empty() {
                    head.push(format!("  call       {}", escaped(&call)));
                }
                for (word, value) in [("hours", &component.team.hours), ("answers in", &component.team.response_time)] {
                    if let Some(value) = value {
                        head.push(format!("  {word:<10} {}", escaped(value)));
                    }
                }
            }
            None => head.push(format!("  nobody owns it: {}", escaped(self.reason.as_deref().unwrap_or_default()))),
        }
        let mut parts = vec![head.join("\n")];
        // Teams in the order of the first duty they have, each with all of its duties.
        let mut teams: Vec<(&TeamLine, Vec<&str>)> = Vec::new();
        for line in &self.duties {
            match teams.iter_mut().find(|(team, _)| team.id == line.team.id) {
                Some((_, duties)) => duties.push(line.duty),
                None => teams.push((&line.team, vec![line.duty])),
            }
        }
        if !teams.is_empty() {
            let rows = teams.iter().map(|(team, duties)| {
                let mut row = vec![duties.join(", ")];
                row.extend(team.row());
                row
            });
            parts.push(table(&["~duties", "team", "~call", "hours", "answers in"], rows));
        }
        if !self.interfaces.is_empty() {
            let rows = self.interfaces.iter().map(|line| {
                vec![
                    line.title.clone(),
                    line.other.clone(),
                    line.escalation.join(", then "),
                    line.response_time.clone().unwrap_or_default(),
                ]
            });
            parts.push(table(&["~interface", "~with", "~escalation", "answers in"], rows));
        }
        if self.findings.is_empty() {
            parts.push("no open finding on it".to_owned());
        } else {
            let rows = self.findings.iter().map(|line| {
                vec![
                    line.severity.to_owned(),
                    line.check.clone(),
                    line.messages.join("; "),
                    line.team.clone().unwrap_or_default(),
                    line.due.clone().unwrap_or_default(),
                    line.id.clone(),
                ]
            });
            parts.push(table(&["severity", "check", "~what is wrong", "team", "due", "finding"], rows));
        }
        parts.join("\n\n") + "\n"
    }
}

fn duties(component: &Component, workspace: &Workspace) -> Vec<DutyLine> {
    let lines = component.duties.iter();
    lines.map(|(&which, team)| DutyLine { duty: duty(which), team: TeamLine::of(workspace.team(team)) }).collect()
}

fn interfaces(component: &Component, workspace: &Workspace) -> Vec<InterfaceLine> {
    let own = Side::Component(component.id.clone());
    workspace
        .interfaces
        .iter()
        .filter(|interface| interface.from == own || interface.to == own)
        .map(|interface| InterfaceLine {
            id: interface.id.to_string(),
            title: interface.title.clone(),
            other: side(if interface.from == own { &interface.to } else { &interface.from }, workspace),
            escalation: interface.escalation.iter().map(|team| workspace.team(team).name.clone()).collect(),
            response_time: interface.response_time.clone(),
        })
        .collect()
}
