//! Validate: is a FedRAMP file of anybody's what it says it is?
//!
//! In: JSON. Out: [`Problem`]s, each with its path. Steps: which file it is ([`kind`]), the schema that FedRAMP publishes
//! (`controls/fedramp/`, without its texts), then what a schema cannot see: controls, rules, indicators and parameters
//! that there are not or that stand twice, a positive status that nothing bears out, placeholders left.

use std::{collections::BTreeSet, sync::LazyLock};

use serde_json::Value;

use super::{OVERVIEW, RECORD, SCHEMAS as PUBLISHED};
use crate::{
    frameworks::Frameworks,
    schema::{PLACEHOLDER, Problem, Schema, step},
    sort::Sort,
    workspace::{
        ControlId,
        fedramp::{CONTROLS, INDICATORS, RULES},
    },
};

/// A file of the package that can be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Certification Package Overview.
    Overview,
    /// Security Decision Record.
    Record,
}

/// Schemas of each kind, below `controls/`; the file's own first.
pub(crate) const SCHEMAS: [(Kind, &[&str]); 2] = [
    (Kind::Overview, &["fedramp/certification-package-overview-schema.json"]),
    (Kind::Record, &["fedramp/security-decision-record-schema.json", "fedramp/common-definitions-schema.json"]),
];

static OVERVIEWS: LazyLock<Schema> = LazyLock::new(|| Schema::embedded("FedRAMP", SCHEMAS[0].1));
static RECORDS: LazyLock<Schema> = LazyLock::new(|| Schema::embedded("FedRAMP", SCHEMAS[1].1));

/// Fields that only one of the files has.
const TELLING: [(Kind, &[&str]); 2] = [
    (Kind::Overview, &["serviceIdentification", "serviceProperties", "contactInformation"]),
    (Kind::Record, &["certificationPackageOverviewUri", "fedRampRequirements", "keySecurityIndicators"]),
];

/// Which file of FedRAMP's this is; `None` where it is none.
///
/// # Errors
/// When it is one of FedRAMP's that is not judged here.
pub fn kind(content: &Value) -> Result<Option<Kind>, Problem> {
    let Some(fields) = content.as_object() else { return Ok(None) };
    if let Some(name) = fields.get("$schema").and_then(Value::as_str).and_then(|it| it.strip_prefix(PUBLISHED)) {
        return match name {
            OVERVIEW => Ok(Some(Kind::Overview)),
            RECORD => Ok(Some(Kind::Record)),
            other => {
                let known = format!("`{other}` is no schema that is known here; there are {OVERVIEW} and {RECORD}");
                Err(Problem::new("$[\"$schema\"]", known))
            }
        };
    }
    let has = |names: &[&str]| names.iter().any(|name| fields.contains_key(*name));
    Ok(TELLING.iter().find(|(_, names)| has(names)).map(|(kind, _)| *kind))
}

/// Everything that is wrong with a file of this kind, by place.
pub fn problems(kind: Kind, content: &Value, frameworks: &Frameworks) -> Vec<Problem> {
    let schema = match kind {
        Kind::Overview => &OVERVIEWS,
        Kind::Record => &RECORDS,
    };
    let mut judge = Judge { frameworks, problems: schema.problems(content) };
    judge.placeholders(content, "$");
    if kind == Kind::Record {
        judge.items(content, "securityControls", "controlId", CONTROLS);
        judge.items(content, "fedRampRequirements", "frrID", RULES);
        judge.items(content, "keySecurityIndicators", "ksiId", INDICATORS);
        judge.parameters(content);
        judge.shown(content);
    }
    judge.problems.order();
    judge.problems.dedup();
    judge.problems
}

struct Judge<'f> {
    frameworks: &'f Frameworks,
    problems: Vec<Problem>,
}

impl Judge<'_> {
    fn wrong(&mut self, path: &str, message: String) {
        self.problems.push(Problem::new(path, message));
    }

    fn placeholders(&mut self, node: &Value, path: &str) {
        match node {
            Value::Object(fields) => fields.iter().for_each(|(name, it)| self.placeholders(it, &step(path, name))),
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(at, it)| self.placeholders(it, &format!("{path}[{at}]")));
            }
            Value::String(text) => {
                if let Some(found) = PLACEHOLDER.find(text) {
                    self.wrong(path, format!("`{}` is a placeholder", found.as_str()));
                }
            }
            _ => {}
        }
    }

    /// Identifiers of one list: each exists in its framework, and stands once.
    fn items(&mut self, content: &Value, list: &str, field: &str, framework: &str) {
        let mut seen: BTreeSet<ControlId> = BTreeSet::new();
        for (at, item) in content[list].as_array().into_iter().flatten().enumerate() {
            let path = format!("$.{list}[{at}].{field}");
            let Some(text) = item[field].as_str() else { continue };
            match self.frameworks.resolve(text, Some(framework)) {
                Err(unresolved) => self.wrong(&path, unresolved.to_string()),
                Ok(id) => {
                    if self.frameworks.control(&id).is_some_and(|control| control.withdrawn) {
                        self.wrong(&path, format!("{text} was withdrawn from {framework}"));
                    }
                    if !seen.insert(id) {
                        self.wrong(&path, format!("{text} stands twice"));
                    }
                }
            }
        }
    }

    /// Parameters that a control does not have. Names of earlier releases of the catalog are not known here.
    fn parameters(&mut self, content: &Value) {
        for (at, item) in content["securityControls"].as_array().into_iter().flatten().enumerate() {
            let id = item["controlId"].as_str().and_then(|text| self.frameworks.resolve(text, Some(CONTROLS)).ok());
            let Some(control) = id.and_then(|id| self.frameworks.control(&id)) else { continue };
            for (place, value) in item["parameterValues"].as_array().into_iter().flatten().enumerate() {
                let Some(name) = value["parameterId"].as_str() else { continue };
                if !name.contains("_prm_") && !control.parameters.iter().flatten().any(|known| known == name) {
                    let path = format!("$.securityControls[{at}].parameterValues[{place}].parameterId");
                    self.wrong(&path, format!("{} has no parameter `{name}`", control.label));
                }
            }
        }
    }

    /// A status that says more than the item holds: implemented, and not a word of how, or nothing that shows it.
    fn shown(&mut self, content: &Value) {
        let empty = |value: &Value| value.as_array().is_none_or(|items| items.is_empty());
        for (list, field, prefix) in [
            ("fedRampRequirements", "frrImplementationStatus", "frr"),
            ("keySecurityIndicators", "ksiImplementationStatus", "ksi"),
        ] {
            for (at, item) in content[list].as_array().into_iter().flatten().enumerate() {
                let Some(status @ ("Implemented" | "Partially Implemented")) = item[field].as_str() else { continue };
                let path = format!("$.{list}[{at}].{field}");
                if empty(&item[format!("{prefix}Implementation")]) {
                    self.wrong(&path, format!("`{status}`, and no statement says how"));
                } else if empty(&item["ksiEvidence"])
                    && empty(&item["ksiTests"])
                    && empty(&item[format!("{prefix}Validation")])
                {
                    self.wrong(&path, format!("`{status}`, and nothing shows it"));
                }
            }
        }
    }
}
