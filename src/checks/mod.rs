//! Check definitions: TOML data, embedded and the workspace's own, as [`Definition`]s.
//!
//! In: the text of a file with `[[check]]` tables (docs/data-format.md). Out: definitions whose question is a named
//! evaluator or [`rules`] in CEL, compiled. Steps: read the tables (`parse`), compile expressions (`rules`), put their
//! mistakes where they stand in the file (`place`). `workspace` calls [`parse`] for its own checks and [`built_in`] to
//! resolve references; `assess` asks the questions.
//!
//! Invariant: nothing in here knows how a question is answered.

pub(crate) mod change;
pub(crate) mod params;
mod parse;
mod place;
pub(crate) mod reads;
pub(crate) mod rules;

use std::{
    collections::BTreeSet,
    fmt,
    ops::Range,
    sync::{Arc, LazyLock},
};

use serde::{Deserialize, Serialize};

pub use parse::parse;
pub(crate) use rules::Rules;

use crate::{
    embedded::CONTROLS,
    sort::Sort,
    workspace::{CheckId, ControlId, Duty, Severity},
};

/// A check as defined, before the workspace overrides it.
#[derive(Debug, Clone, Serialize)]
pub struct Definition {
    /// Identifier.
    pub id: CheckId,
    /// Title, true when the check passes.
    pub title: String,
    /// Severity.
    pub severity: Severity,
    /// Duty it questions.
    pub duty: Duty,
    /// Kinds it needs, as `group/Kind`; the first is its subject.
    pub needs: Vec<String>,
    /// Kinds of which it reads those whose API is installed; without any of them it is not applicable.
    pub needs_any: Vec<String>,
    /// An absent API is a failure instead of not applicable.
    pub required: bool,
    /// Names, labels and kept annotations answer it: lists of which only these were read are no gap.
    pub names_suffice: bool,
    /// The question.
    #[serde(skip)]
    pub(crate) question: Question,
    /// Why it matters, Markdown.
    pub rationale: String,
    /// What the owner does about a failure, Markdown.
    pub remediation: String,
    /// Controls it serves.
    pub controls: Vec<ControlId>,
    /// Checks whose failure lets in what this one finds.
    pub prevented_by: Vec<CheckId>,
    /// Whose its findings are.
    pub addressee: Addressee,
}

/// Whose the findings of a check are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Addressee {
    /// The component of the failing object.
    #[default]
    Object,
    /// The component that answers for what admission lets into the cluster.
    Admission,
}

/// How a check is answered.
#[derive(Debug, Clone)]
pub(crate) enum Question {
    /// By the evaluator of this name, told what to expect.
    Named { name: String, params: Option<params::Params> },
    /// By expressions over each object.
    Rules(Arc<Rules>),
}

/// Why a check cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong, one sentence without a full stop.
    pub message: String,
    /// What was probably meant, or what to do.
    pub help: Option<String>,
    /// Where in the text, in bytes.
    pub span: Option<Range<usize>>,
    /// What it is wrong with.
    pub subject: Subject,
}

/// What a problem is wrong with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// The file or one of its tables.
    Data,
    /// A CEL expression.
    Expression,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Embedded files of checks: path and text.
fn embedded() -> impl Iterator<Item = (&'static std::path::Path, &'static str)> {
    let files = CONTROLS.get_dir("checks").map(|folder| folder.files().collect::<Vec<_>>()).unwrap_or_default();
    files
        .into_iter()
        .filter(|file| file.path().extension().is_some_and(|extension| extension == "toml"))
        .filter_map(|file| Some((file.path(), file.contents_utf8()?)))
}

/// The checks that travel inside the program, by identifier.
pub fn built_in() -> &'static [Arc<Definition>] {
    static BUILT_IN: LazyLock<Vec<Arc<Definition>>> = LazyLock::new(|| {
        let mut checks: Vec<Arc<Definition>> = embedded()
            // A unit test parses every embedded file, so nothing is dropped here.
            .filter_map(|(_, text)| parse::read(text, parse::Names::Any).ok())
            .flatten()
            .map(Arc::new)
            .collect();
        checks.order_by(|a, b| a.id.cmp(&b.id));
        checks
    });
    &BUILT_IN
}

/// Identifiers of the built-in checks, sorted: what a reference to a check may name beside the workspace's own.
pub fn known_ids() -> impl Iterator<Item = &'static str> {
    built_in().iter().map(|check| check.id.as_str())
}

/// Names of evaluators that a workspace's own checks may use: those of the built-in ones.
fn known_evaluators() -> BTreeSet<&'static str> {
    built_in()
        .iter()
        .filter_map(|check| match &check.question {
            Question::Named { name, .. } => Some(name.as_str()),
            Question::Rules(_) => None,
        })
        .collect()
}

#[cfg(test)]
mod tests;
