//! Results of other tools, beside what this program asks itself: kube-bench, Trivy, Kubescape, Prowler, policy reports, SARIF.
//!
//! In: a file as the tool writes it ([`read::file`]), and what a workspace keeps of it ([`stored`]). Out: a
//! [`ResultFile`]; [`mapping`] says which controls a rule of it is about, and which of our checks ask the same.
//!
//! Invariants: what is kept is rule, outcome, severity and object, never a message, a match or a setting's value, which may
//! hold secrets; an outcome that is not known by name is an error, never a pass; text of tools is spelled out when it
//! comes in.

pub mod mapping;
pub(crate) mod read;
mod rows;
pub(crate) mod stored;

use std::{collections::BTreeMap, fmt};

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::{assess::Outcome, workspace::Severity};

/// What one file of another tool says, as a workspace keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResultFile {
    /// Version of this form: 1.
    pub format: u32,
    /// The tool, in kebab case: `kube-bench`. Of policy reports `policy-report`: one file may hold those of many engines.
    pub tool: String,
    /// Its version, if the file says it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tool_version: Option<String>,
    /// What was read: `kube-bench`, `sarif`.
    pub read_as: String,
    /// What the tool held the cluster against, as it names it: `cis-1.12`.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub against: Vec<String>,
    /// Identifier of the cluster it speaks of, if that is known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cluster: Option<String>,
    /// When the tool looked.
    pub observed: When,
    /// The file as it was supplied.
    pub original: Original,
    /// What of it was not taken over, with the number of each.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub left_out: BTreeMap<String, usize>,
    /// Its rules, by engine and identifier.
    pub rules: Vec<RuleResult>,
    /// File within the workspace; empty before it is stored.
    #[serde(skip)]
    pub file: String,
    /// SHA-256 of that file; empty before it is stored.
    #[serde(skip)]
    pub digest: String,
}

/// A file as somebody supplied it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Original {
    /// Its name, without folders.
    pub name: String,
    /// SHA-256.
    pub sha256: String,
    /// Its size.
    pub bytes: u64,
}

/// When a tool looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum When {
    /// A time that the file itself says.
    Time(DateTime<Utc>),
    /// A day that whoever imported it says, because the file says none.
    Day(NaiveDate),
}

impl When {
    /// The day, in UTC.
    pub fn day(self) -> NaiveDate {
        match self {
            When::Time(time) => time.date_naive(),
            When::Day(day) => day,
        }
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            When::Time(time) => write!(f, "{}", time.format("%Y-%m-%dT%H:%M:%SZ")),
            When::Day(day) => write!(f, "{day}"),
        }
    }
}

impl Serialize for When {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for When {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let time = DateTime::parse_from_rfc3339(&text).map(|time| When::Time(time.to_utc()));
        time.or_else(|_| text.parse().map(When::Day)).map_err(|_| serde::de::Error::custom("`observed` is no time"))
    }
}

/// What a tool says of one of its rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleResult {
    /// Identifier as the tool names it: `C-0057`, `disallow-capabilities/adding-capabilities`.
    pub id: String,
    /// The engine that asked, where a file holds several.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub engine: Option<String>,
    /// Title as the tool writes it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub title: Option<String>,
    /// How bad a failure is, as the tool says.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub severity: Option<Severity>,
    /// Framework and control that the file itself assigns it to, as it names both.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub named: Vec<Named>,
    /// How often each outcome occurs.
    pub counts: BTreeMap<Outcome, usize>,
    /// What did not pass, sorted: at most [`MOST_OBJECTS`].
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub objects: Vec<ObjectResult>,
    /// More of them than are kept.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub more: usize,
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// Objects kept of one rule.
pub const MOST_OBJECTS: usize = 1_000;

/// A control as a file names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// `CIS-1.12`.
    pub framework: String,
    /// `1.2.1`.
    pub control: String,
}

/// An object that did not pass.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectResult {
    /// What the tool says of it.
    pub outcome: Outcome,
    /// The object as the tool names it: `Deployment shop/cart`.
    pub object: String,
}

impl RuleResult {
    /// The worst that was said.
    pub fn outcome(&self) -> Outcome {
        // A rule without any answer says nothing.
        Outcome::roll_up(self.counts.keys().copied()).unwrap_or(Outcome::NotCollected)
    }

    /// How often an outcome occurs.
    pub fn count(&self, outcome: Outcome) -> usize {
        self.counts.get(&outcome).copied().unwrap_or_default()
    }

    /// Identifier with its engine, where there is one.
    pub fn name(&self) -> String {
        match &self.engine {
            Some(engine) => format!("{engine}: {}", self.id),
            None => self.id.clone(),
        }
    }
}
