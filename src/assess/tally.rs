//! How many controls stand where: by team, by framework, never as one number.

use serde::{Serialize, Serializer, ser::SerializeMap};

use super::outcome::{Assessment, ControlPosture, Standing};
use crate::{
    sort::Sort,
    workspace::{TeamId, Workspace},
};

/// Controls by standing, with how much of what they need was observed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    counts: [usize; Standing::ALL.len()],
    /// Checks that serve these controls and were decided on complete evidence.
    pub observed: usize,
    /// Checks that serve these controls.
    pub needed: usize,
    /// Controls at which somebody should have looked by now.
    pub overdue: usize,
}

impl Tally {
    /// Counts these.
    pub fn of<'p>(postures: impl Iterator<Item = &'p ControlPosture>) -> Self {
        let mut tally = Self::default();
        for posture in postures {
            tally.counts[posture.standing as usize] += 1;
            tally.observed += posture.observed;
            tally.needed += posture.needed;
            tally.overdue += usize::from(posture.look_by.is_some_and(|by| by.overdue));
        }
        tally
    }

    /// Controls that stand there.
    pub fn count(&self, standing: Standing) -> usize {
        self.counts[standing as usize]
    }

    /// All controls.
    pub fn total(&self) -> usize {
        self.counts.iter().sum()
    }
}

impl Serialize for Tally {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for standing in Standing::ALL {
            map.serialize_entry(&standing, &self.count(standing))?;
        }
        map.serialize_entry("controls", &self.total())?;
        map.serialize_entry("checks-decided", &self.observed)?;
        map.serialize_entry("checks-needed", &self.needed)?;
        map.serialize_entry("overdue", &self.overdue)?;
        map.end()
    }
}

/// By the team that answers for a control, in the order of declaration; last those that no statement gives to a team.
pub fn by_team<'w>(workspace: &'w Workspace, assessment: &Assessment) -> Vec<(Option<&'w TeamId>, Tally)> {
    let teams = workspace.teams.iter().map(|team| Some(&team.id)).chain([None]);
    let tallies =
        teams.map(|team| (team, Tally::of(assessment.controls.iter().filter(|posture| posture.team.as_ref() == team))));
    tallies.filter(|(_, tally)| tally.total() > 0).collect()
}

/// By framework, the chosen one first, then in catalog order.
pub fn by_framework<'a>(workspace: &Workspace, assessment: &'a Assessment) -> Vec<(&'a str, Tally)> {
    let mut frameworks: Vec<&str> = Vec::new();
    for posture in &assessment.controls {
        if !frameworks.contains(&posture.control.framework()) {
            frameworks.push(posture.control.framework());
        }
    }
    let chosen = workspace.baseline.as_ref().map(|choice| choice.framework.as_str());
    frameworks.order_by_key(|framework| Some(*framework) != chosen);
    let of = |framework: &str| {
        Tally::of(assessment.controls.iter().filter(|posture| posture.control.framework() == framework))
    };
    frameworks.into_iter().map(|framework| (framework, of(framework))).collect()
}
