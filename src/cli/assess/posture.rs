//! `scopefence assess --by`: where controls stand, by team, framework or control.

use std::collections::BTreeMap;

use clap::ValueEnum;
use serde::Serialize;

use crate::{
    assess::{Assessment, ControlPosture, Past, Standing, Tally, by_framework, by_team},
    cli::evidence::table,
    workspace::{Severity, TeamId, Workspace},
};

/// What standings are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum By {
    /// By the team that answers for the control
    Team,
    /// By framework
    Framework,
    /// Each control by itself
    Control,
}

/// Open findings of one snapshot, as judged by the rules of today.
#[derive(Serialize)]
pub(super) struct Point<'a> {
    cluster: &'a str,
    ended: String,
    digest: &'a str,
    open: BTreeMap<Severity, usize>,
    #[serde(rename = "checks-decided")]
    decided: usize,
    checks: usize,
}

/// One point a snapshot; of one team where one is asked for.
pub(super) fn trend<'a>(assessment: &'a Assessment, team: Option<&TeamId>) -> Vec<Point<'a>> {
    let point = |past: &'a Past| {
        let mut open = BTreeMap::new();
        for found in past.open.iter().filter(|open| team.is_none_or(|team| open.team.as_deref() == Some(team.as_str())))
        {
            *open.entry(found.severity).or_default() += 1;
        }
        Point {
            cluster: &past.cluster,
            ended: past.ended.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
            digest: &past.digest,
            open,
            decided: past.decided.len(),
            checks: past.asked,
        }
    };
    assessment.trend.iter().map(point).collect()
}

/// Where controls stand, for programs.
#[derive(Serialize)]
pub(super) struct Posture {
    teams: Vec<Row>,
    frameworks: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    id: Option<String>,
    #[serde(flatten)]
    tally: Tally,
}

impl Posture {
    pub(super) fn of(workspace: &Workspace, assessment: &Assessment) -> Self {
        let teams = by_team(workspace, assessment).into_iter();
        let frameworks = by_framework(workspace, assessment).into_iter();
        Self {
            teams: teams.map(|(team, tally)| Row { id: team.map(ToString::to_string), tally }).collect(),
            frameworks: frameworks.map(|(id, tally)| Row { id: Some(id.to_owned()), tally }).collect(),
        }
    }

    /// A table by team or framework.
    pub(super) fn text(&self, by: By, controls: &[&ControlPosture]) -> String {
        let (what, rows) = match by {
            By::Control => return each(controls),
            By::Team => ("team", &self.teams),
            By::Framework => ("framework", &self.frameworks),
        };
        let mut head = vec![what];
        head.extend(Standing::ALL.map(word));
        head.extend(["checks decided", "overdue"]);
        let rows = rows.iter().map(|row| {
            let mut cells = vec![row.id.clone().unwrap_or_else(|| "no statement".to_owned())];
            let number = |count: usize| if count == 0 { String::new() } else { count.to_string() };
            cells.extend(Standing::ALL.map(|standing| number(row.tally.count(standing))));
            cells.extend([format!("{} of {}", row.tally.observed, row.tally.needed), number(row.tally.overdue)]);
            cells
        });
        table(&head, rows)
    }
}

fn each(controls: &[&ControlPosture]) -> String {
    let rows = controls.iter().map(|posture| {
        let by = posture.look_by.map(|by| format!("{}{}", by.date, if by.overdue { " (overdue)" } else { "" }));
        vec![
            posture.control.to_string(),
            word(posture.standing).to_owned(),
            posture.team.as_ref().map(ToString::to_string).unwrap_or_default(),
            format!("{} of {}", posture.observed, posture.needed),
            by.unwrap_or_default(),
            posture.contradiction.clone().unwrap_or_default(),
        ]
    });
    table(&["control", "stands", "team", "checks decided", "look by", "~contradiction"], rows)
}

fn word(standing: Standing) -> &'static str {
    match standing {
        Standing::Contradicted => "contradicted",
        Standing::Failing => "fails",
        Standing::Incomplete => "not in place",
        Standing::Unseen => "not shown",
        Standing::Manual => "manual",
        Standing::Attested => "attested",
        Standing::Passing => "passes",
        Standing::NotApplicable => "n/a",
    }
}
