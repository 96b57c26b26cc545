//! OSCAL: the same declarations and evidence in NIST's Open Security Controls Assessment Language, version 1.2.1, as
//! JSON for other programs.
//!
//! In: a [`Workspace`], its [`Assessment`]. Out: files, one a model ([`export`]). The reverse
//! direction: a judgement on a file of anybody's ([`validate`]), a publisher's catalog or profile as data ([`import`]).
//!
//! | file | model | says |
//! | --- | --- | --- |
//! | `profile.json` | profile | which controls were selected, with their parameters |
//! | `component-definition.json` | component definition | what each component does for controls of every framework |
//! | `system-security-plan.json` | system security plan | the system, its parts and people, how each control is met |
//! | `assessment-plan.json` | assessment plan | which questions are asked, by whom, how often |
//! | `assessment-results.json` | assessment results | what was observed, with path, time and digest of the evidence |
//! | `plan-of-action-and-milestones.json` | plan of action and milestones | what is open, whose it is, until when |
//!
//! Invariants: identifiers are UUIDv5 of stable names, so that a rebuild differs only where the declarations do; a
//! document's own is that of its content. No reference dangles. Without a snapshot there are no results and no plan of
//! action: nothing was looked at.

mod assessment_plan;
mod assessment_results;
mod build;
mod component_definition;
pub mod import;
mod metadata;
mod names;
mod observations;
mod other_tools;
mod poam;
mod profile;
mod requirements;
mod risks;
mod system;
mod system_security_plan;
pub mod validate;
mod write;

use build::Build;
use serde_json::{Map, Value};

use crate::{assess::Assessment, workspace::Workspace};

/// Version of OSCAL that is written.
pub const VERSION: &str = "1.2.1";

type Model = fn(&Build<'_>) -> Map<String, Value>;

const MODELS: [(&str, Model); 6] = [
    ("component-definition", component_definition::of),
    ("profile", profile::of),
    ("system-security-plan", system_security_plan::of),
    ("assessment-plan", assessment_plan::of),
    ("assessment-results", assessment_results::of),
    ("plan-of-action-and-milestones", poam::of),
];

/// Those that the declarations and the evidence fill: the last two speak of what was observed.
fn models(assessment: &Assessment) -> impl Iterator<Item = (&'static str, Model)> {
    let count = if assessment.clusters.is_empty() { MODELS.len() - 2 } else { MODELS.len() };
    MODELS.into_iter().take(count)
}

/// Names of the files that [`export`] writes.
pub(crate) fn names(assessment: &Assessment) -> Vec<String> {
    models(assessment).map(|(model, _)| format!("{model}.json")).collect()
}

/// Writes every model that the declarations and the evidence fill: file name and content.
pub fn export(workspace: &Workspace, assessment: &Assessment) -> Vec<(String, Vec<u8>)> {
    let build = Build::new(workspace, assessment);
    models(assessment)
        .map(|(model, of)| (format!("{model}.json"), write::document(model, of(&build), &build.names).into_bytes()))
        .collect()
}
