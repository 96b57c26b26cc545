//! Results of other tools beside our own: what each file says, what it is about, and where it contradicts a check.
//!
//! In: the workspace's [`ResultFile`]s, the results of our checks, where controls stand. Out: [`Beside`].
//!
//! Invariant: what another tool says changes no outcome, finding or standing of ours: nobody here saw what it saw. It is
//! shown beside them, and a contradiction is pointed out with both times.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use super::outcome::{CheckResult, ClusterEvidence, ControlPosture, Outcome};
use crate::{
    results::{
        ResultFile, RuleResult, When,
        mapping::{self, Mapped, Relation},
    },
    sort::Sort,
    workspace::{CheckId, ControlId, Severity, Workspace},
};

/// What other tools say.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Beside {
    /// One per file, by tool, day and name.
    pub files: Vec<BesideFile>,
    /// Where a rule and a check of ours cannot both be right.
    pub disagreements: Vec<Disagreement>,
    /// Failing rules that no check of ours answers, and the controls they are about.
    pub open: Vec<OpenPoint>,
    /// Rules about a control: file and rule, as numbers.
    #[serde(skip)]
    about: BTreeMap<ControlId, Vec<(usize, usize)>>,
    /// Rules about a control that a crosswalk relates to this one.
    #[serde(skip)]
    through: BTreeMap<ControlId, Vec<(usize, usize)>>,
}

/// One file of results.
#[derive(Debug, Clone, Serialize)]
pub struct BesideFile {
    /// Name of the tool.
    pub tool: String,
    /// Its version.
    pub tool_version: Option<String>,
    /// What it held the cluster against.
    pub against: Vec<String>,
    /// The cluster as declared, or as the file names it.
    pub cluster: Option<String>,
    /// When it looked.
    pub observed: When,
    /// Older than evidence may be: held against nothing.
    pub stale: bool,
    /// File within the workspace.
    pub file: String,
    /// SHA-256 of the file within the workspace.
    pub digest: String,
    /// Name of the file that was supplied.
    pub original: String,
    /// SHA-256 of the file that was supplied.
    pub original_digest: String,
    /// What of it was not taken over.
    pub left_out: BTreeMap<String, usize>,
    /// Rules by their outcome.
    pub counts: BTreeMap<Outcome, usize>,
    /// Rules that nobody says the subject of.
    pub unmapped: usize,
    /// The rules.
    pub rules: Vec<BesideRule>,
}

/// One rule and what it is about.
#[derive(Debug, Clone, Serialize)]
pub struct BesideRule {
    /// What the tool says.
    #[serde(flatten)]
    pub result: RuleResult,
    /// The worst that it says.
    pub outcome: Outcome,
    /// Controls, in the order of catalogs.
    pub controls: Vec<ControlId>,
    /// Checks of ours and how the rule relates to each.
    pub checks: BTreeMap<CheckId, Relation>,
    /// Pattern of the mapping that names it and others.
    pub pattern: Option<String>,
}

/// A rule and a check of ours that cannot both be right about the same time.
#[derive(Debug, Clone, Serialize)]
pub struct Disagreement {
    /// Cluster.
    pub cluster: String,
    /// Our check.
    pub check: CheckId,
    /// How the rule relates to it.
    pub relation: Relation,
    /// What our check says.
    pub ours: Outcome,
    /// Why.
    pub reason: String,
    /// When our evidence was read, UTC.
    pub observed: DateTime<Utc>,
    /// API paths that our check read.
    pub evidence: Vec<String>,
    /// Tool.
    pub tool: String,
    /// Rule, with its engine.
    pub rule: String,
    /// Its title.
    pub title: Option<String>,
    /// What the rule says.
    pub theirs: Outcome,
    /// How often it says so.
    pub count: usize,
    /// Some of the objects of which it says so.
    pub objects: Vec<String>,
    /// When the tool looked.
    pub their_observed: When,
    /// File within the workspace.
    pub file: String,
}

/// A failing rule of another tool that no check of ours answers.
#[derive(Debug, Clone, Serialize)]
pub struct OpenPoint {
    /// Tool.
    pub tool: String,
    /// Rule with its engine, or the pattern that names it and others.
    pub rule: String,
    /// Its title.
    pub title: Option<String>,
    /// The worst severity that the tool says.
    pub severity: Option<Severity>,
    /// Rules that fail: more than one of a pattern.
    pub rules: usize,
    /// How often it fails.
    pub count: usize,
    /// Controls that it is about.
    pub controls: Vec<ControlId>,
    /// When the tool looked.
    pub observed: When,
    /// File within the workspace.
    pub file: String,
}

/// Objects named in a disagreement.
const SOME: usize = 5;

/// Holds what was imported against what the checks say.
pub(super) fn of(
    workspace: &Workspace,
    clusters: &[ClusterEvidence],
    results: &[CheckResult],
    controls: &[ControlPosture],
    today: Option<NaiveDate>,
) -> Beside {
    let mut beside = Beside::default();
    for file in &workspace.results {
        let rules: Vec<BesideRule> = file.rules.iter().map(|rule| self::rule(workspace, file, rule)).collect();
        let age = today.map_or(0, |today| (today - file.observed.day()).num_days());
        let stale = age > i64::from(workspace.policy.evidence_days);
        if !stale {
            let here = cluster(workspace, clusters, file);
            compare(&mut beside, file, &rules, here, results);
        }
        let mut counts = BTreeMap::new();
        for rule in &rules {
            *counts.entry(rule.outcome).or_default() += 1;
        }
        beside.files.push(BesideFile {
            tool: mapping::title(&file.tool).to_owned(),
            tool_version: file.tool_version.clone(),
            against: file.against.clone(),
            cluster: file.cluster.clone(),
            observed: file.observed,
            stale,
            file: file.file.clone(),
            digest: file.digest.clone(),
            original: file.original.name.clone(),
            original_digest: file.original.sha256.clone(),
            left_out: file.left_out.clone(),
            counts,
            unmapped: rules.iter().filter(|rule| rule.controls.is_empty() && rule.checks.is_empty()).count(),
            rules,
        });
    }
    index(&mut beside, workspace, controls);
    beside
}

fn rule(workspace: &Workspace, file: &ResultFile, rule: &RuleResult) -> BesideRule {
    let mapped = mapping::mapped(&workspace.frameworks, &workspace.result_mappings, file, rule);
    let Mapped { controls, checks, pattern } = mapped;
    let mut controls: Vec<ControlId> = controls.into_iter().collect();
    controls.order_by(|a, b| workspace.frameworks.compare(a, b));
    BesideRule { outcome: rule.outcome(), result: rule.clone(), controls, checks, pattern }
}

/// The cluster of a snapshot that a file speaks of. One that names none speaks of the only one there is, where none is
/// declared.
fn cluster<'c>(
    workspace: &Workspace,
    clusters: &'c [ClusterEvidence],
    file: &ResultFile,
) -> Option<&'c ClusterEvidence> {
    let Some(id) = &file.cluster else {
        return clusters.first().filter(|_| workspace.clusters.is_empty() && clusters.len() == 1);
    };
    clusters.iter().find(|cluster| {
        let seen = &cluster.header.cluster;
        let declared = workspace.cluster_of(&seen.id, seen.uid.as_deref());
        seen.id == *id || declared.is_some_and(|declared| declared.id.as_str() == id)
    })
}

fn compare(
    beside: &mut Beside,
    file: &ResultFile,
    rules: &[BesideRule],
    cluster: Option<&ClusterEvidence>,
    results: &[CheckResult],
) {
    let mut many: BTreeMap<&str, OpenPoint> = BTreeMap::new();
    for rule in rules {
        let mut answered = false;
        for (check, relation) in &rule.checks {
            let Some(cluster) = cluster else { break };
            let ours = results.iter().find(|it| it.check == *check && it.cluster == cluster.header.cluster.id);
            let Some(ours) = ours else { continue };
            answered |= matches!(ours.outcome, Outcome::Fail | Outcome::Pass | Outcome::NotApplicable);
            if disagree(ours.outcome, rule.outcome, *relation) {
                beside.disagreements.push(disagreement(file, rule, *relation, ours, cluster));
            }
        }
        if rule.outcome != Outcome::Fail || answered || rule.controls.is_empty() {
            continue;
        }
        let point = OpenPoint {
            tool: mapping::title(&file.tool).to_owned(),
            rule: rule.pattern.clone().unwrap_or_else(|| rule.result.name()),
            title: rule.result.title.clone().filter(|_| rule.pattern.is_none()),
            severity: rule.result.severity,
            rules: 1,
            count: rule.result.count(Outcome::Fail),
            controls: rule.controls.clone(),
            observed: file.observed,
            file: file.file.clone(),
        };
        match &rule.pattern {
            None => beside.open.push(point),
            Some(pattern) => {
                let all = many.entry(pattern).or_insert_with(|| OpenPoint { rules: 0, count: 0, ..point.clone() });
                all.rules += 1;
                all.count += point.count;
                all.severity = all.severity.max(point.severity);
            }
        }
    }
    beside.open.extend(many.into_values());
}

/// Whether both cannot be right: see [`Relation`]. Where we found nothing to ask about, nothing should fail either.
fn disagree(ours: Outcome, theirs: Outcome, relation: Relation) -> bool {
    match (ours, theirs) {
        (Outcome::Pass | Outcome::NotApplicable, Outcome::Fail) => relation != Relation::Contains,
        (Outcome::Fail, Outcome::Pass) => relation != Relation::PartOf,
        _ => false,
    }
}

fn disagreement(
    file: &ResultFile,
    rule: &BesideRule,
    relation: Relation,
    ours: &CheckResult,
    cluster: &ClusterEvidence,
) -> Disagreement {
    let objects = rule.result.objects.iter().filter(|object| object.outcome == rule.outcome);
    let paths: BTreeSet<&str> = ours.evidence.iter().map(|evidence| &*evidence.path).collect();
    Disagreement {
        cluster: ours.cluster.clone(),
        check: ours.check.clone(),
        relation,
        ours: ours.outcome,
        reason: ours.reason.clone(),
        observed: cluster.header.ended,
        evidence: paths.into_iter().map(str::to_owned).collect(),
        tool: mapping::title(&file.tool).to_owned(),
        rule: rule.result.name(),
        title: rule.result.title.clone(),
        theirs: rule.outcome,
        count: rule.result.count(rule.outcome),
        objects: objects.take(SOME).map(|object| object.object.clone()).collect(),
        their_observed: file.observed,
        file: file.file.clone(),
    }
}

/// Which rules each control finds.
fn index(beside: &mut Beside, workspace: &Workspace, controls: &[ControlPosture]) {
    for (file, found) in beside.files.iter().enumerate() {
        for (rule, found) in found.rules.iter().enumerate() {
            for control in &found.controls {
                beside.about.entry(control.clone()).or_default().push((file, rule));
            }
        }
    }
    let known: BTreeSet<&ControlId> = controls.iter().map(|posture| &posture.control).collect();
    let frameworks: BTreeSet<&str> = known.iter().map(|control| control.framework()).collect();
    for (control, rules) in &beside.about {
        for to in frameworks.iter().filter(|to| **to != control.framework()) {
            for link in workspace.frameworks.links(control, to) {
                if known.contains(&link.to) {
                    beside.through.entry(link.to).or_default().extend(rules);
                }
            }
        }
    }
    for (control, rules) in &mut beside.through {
        let direct = beside.about.get(control);
        rules.sort_unstable();
        rules.dedup();
        rules.retain(|rule| direct.is_none_or(|direct| !direct.contains(rule)));
    }
}

impl Beside {
    /// Rules that are about a control, with their files.
    pub fn about(&self, control: &ControlId) -> impl Iterator<Item = (&BesideFile, &BesideRule)> {
        self.at(self.about.get(control))
    }

    /// Rules about controls of other frameworks that crosswalks relate to this one.
    pub fn through(&self, control: &ControlId) -> impl Iterator<Item = (&BesideFile, &BesideRule)> {
        self.at(self.through.get(control))
    }

    fn at<'a>(
        &'a self,
        places: Option<&'a Vec<(usize, usize)>>,
    ) -> impl Iterator<Item = (&'a BesideFile, &'a BesideRule)> {
        let places = places.into_iter().flatten();
        places.filter_map(|(file, rule)| Some((self.files.get(*file)?, self.files.get(*file)?.rules.get(*rule)?)))
    }
}

#[cfg(test)]
mod tests;
