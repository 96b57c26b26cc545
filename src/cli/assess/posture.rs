//! `scopefence assess --by`: where controls stand, by team, framework or control.

use clap::ValueEnum;
use serde::Serialize;

use crate::{
    assess::{Assessment, ControlPosture, Standing, Tally, by_framework, by_team},
    cli::evidence::table,
    workspace::Workspace,
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
