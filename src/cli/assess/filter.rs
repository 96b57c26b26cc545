//! What of an assessment is asked for: `--team`, `--control`, `--check`, `--namespace`.

use std::collections::BTreeSet;

use super::Arguments;
use crate::{
    assess::{Assessment, Check, Finding},
    cli::{Failure, evidence::escaped},
    ownership::ObjectKey,
    workspace::{CheckId, ControlId, TeamId, Workspace, diagnostic::nearest},
};

/// What of an assessment is asked for.
#[derive(Default)]
pub(super) struct Filter {
    pub(super) team: Option<TeamId>,
    pub(super) control: Option<ControlId>,
    pub(super) checks: BTreeSet<CheckId>,
    pub(super) namespace: Option<String>,
    /// What nobody claims is the team's as well: it asks about files of its own.
    unclaimed: bool,
}

impl Filter {
    pub(super) fn new(arguments: &Arguments, workspace: &Workspace) -> Result<Self, Failure> {
        let team = match &arguments.team {
            None => None,
            Some(wanted) => {
                let names = || workspace.teams.iter().map(|team| team.id.as_str());
                let found = workspace.teams.iter().find(|team| team.id.as_str() == wanted);
                Some(found.map(|team| team.id.clone()).ok_or_else(|| unknown("team", wanted, names()))?)
            }
        };
        let unclaimed = !arguments.from_files.is_empty();
        let control = match &arguments.control {
            None => None,
            Some(wanted) => {
                let default = workspace.baseline.as_ref().map(|baseline| &*baseline.framework);
                Some(workspace.frameworks.resolve(wanted, default).map_err(Failure::new)?)
            }
        };
        let built_in: Vec<&str> = crate::checks::known_ids().collect();
        let own = workspace.checks.iter().map(|check| check.id.as_str());
        let known: Vec<&str> = built_in.into_iter().chain(own).collect();
        let mut checks = BTreeSet::new();
        for wanted in &arguments.check {
            if !known.contains(&wanted.as_str()) {
                return Err(unknown("check", wanted, known.iter().copied()));
            }
            checks.insert(CheckId::new(wanted.clone()));
        }
        Ok(Self { team, control, checks, namespace: arguments.namespace.clone(), unclaimed })
    }

    /// Whether a check is asked for.
    pub(super) fn asks(&self, check: &Check) -> bool {
        self.control.as_ref().is_none_or(|control| check.controls.contains(control))
            && (self.checks.is_empty() || self.checks.contains(&check.id))
    }

    fn inside(&self, key: &ObjectKey) -> bool {
        let namespace = if &*key.kind == "Namespace" { &key.name } else { &key.namespace };
        self.namespace.as_deref().is_none_or(|wanted| &**namespace == wanted)
    }

    /// The findings asked for, with the objects asked for.
    pub(super) fn findings(&self, assessment: &Assessment) -> Vec<Finding> {
        let asked = |finding: &&Finding| assessment.check(&finding.check).is_some_and(|check| self.asks(check));
        let ours = |finding: &&Finding| {
            self.team.is_none() || finding.team == self.team || self.unclaimed && finding.team.is_none()
        };
        let of = |finding: &Finding| {
            let mut finding = finding.clone();
            finding.objects.retain(|failure| self.inside(&failure.key));
            finding.excepted.retain(|accepted| self.inside(&accepted.key));
            (!finding.objects.is_empty() || !finding.excepted.is_empty()).then_some(finding)
        };
        assessment.findings.iter().filter(asked).filter(ours).filter_map(of).collect()
    }
}

fn unknown<'a>(what: &str, wanted: &str, names: impl Iterator<Item = &'a str> + Clone) -> Failure {
    let failure = Failure::new(format_args!("there is no {what} `{}`", escaped(wanted)));
    match nearest(wanted, names.clone()) {
        Some(near) => failure.help(format_args!("did you mean `{near}`?")),
        None => failure.help(format_args!("there are {}", names.collect::<Vec<_>>().join(", "))),
    }
}
