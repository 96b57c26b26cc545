//! Named questions that checks ask: one file a family, each a table of [`Evaluator`]s.
//!
//! In: a [`Question`]: the lists that the check needs, pods parsed once, policy, clock. Out: an [`Answer`]: which
//! objects fail and why, or why a person must look. An evaluator never says pass: only `results` does, and only from
//! lists that were read completely.

mod access;
mod api_server;
mod availability;
mod backups;
mod certificates;
mod engines;
mod exposure;
mod grants;
mod images;
mod network;
mod nodes;
mod pods;
mod settings;
mod storage;
mod supply;
mod tenancy;
mod vulnerabilities;

use chrono::NaiveDate;

use super::results::Bench;
use crate::{
    checks::params::Params,
    ownership::Spot,
    snapshot::{List, Object},
};

/// A named question.
#[derive(Debug)]
pub struct Evaluator {
    /// Name, as checks write it.
    pub name: &'static str,
    /// What it looks at, in the plural: `Pods`.
    pub subjects: &'static str,
    /// A failure that is seen stays one whatever else is read: it looks at each subject by itself.
    pub(crate) alone: bool,
    pub(crate) ask: fn(&Question<'_, '_>) -> Answer,
}

/// What an evaluator is asked about.
pub(crate) struct Question<'b, 'q> {
    /// The snapshot, its owners, Pods and network, and what the workspace compares with.
    pub(crate) bench: &'b Bench<'q>,
    /// What the check expects, for evaluators that are told.
    pub(crate) params: Option<&'b Params>,
    /// Lists of the kinds needed, in the check's order: index in the snapshot.
    pub(crate) lists: Vec<usize>,
}

impl<'q> Question<'_, 'q> {
    /// The list of a needed kind.
    fn list(&self, group: &str, kind: &str) -> Option<(usize, &'q List)> {
        let lists = &self.bench.join.snapshot().lists;
        self.lists
            .iter()
            .filter_map(|&number| Some((number, lists.get(number)?)))
            .find(|(_, list)| list.record.group == group && list.record.kind == kind)
    }

    /// The answer when absence of these paths in a needed list would prove nothing: an earlier version took the snapshot
    /// and did not keep them. For paths that a projection gained after it was first released.
    pub(crate) fn unkept(&self, group: &str, kind: &str, paths: &[&str]) -> Option<Answer> {
        let (_, list) = self.list(group, kind)?;
        list.record.lacks(paths).map(Answer::NotVisible)
    }

    /// Objects of a needed kind with their spots; none when the check does not need the kind.
    pub(crate) fn objects(&self, group: &str, kind: &str) -> impl Iterator<Item = (Spot, &'q Object)> + use<'q> {
        self.list(group, kind).into_iter().flat_map(|(list, objects)| {
            objects.seen().iter().enumerate().map(move |(object, value)| (Spot { list, object }, value))
        })
    }
}

/// What an evaluator says.
#[derive(Debug)]
pub(crate) enum Answer {
    /// Each subject was looked at.
    Decided {
        /// Objects asked about.
        subjects: usize,
        /// Objects that fail.
        failures: Vec<Failing>,
        /// Objects that could not be read, with why: the outcome is `error`.
        odd: Vec<(Spot, String)>,
        /// What else the reader should know: `2 namespaces are privileged by policy`.
        remarks: Vec<String>,
    },
    /// A person must look; why.
    Manual(String),
    /// The API cannot show it; why.
    NotVisible(String),
}

/// An object that fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failing {
    /// The object itself; it is reported on its owner-reference root.
    pub(crate) spot: Spot,
    /// What is wrong, with the exact field.
    pub(crate) message: String,
    /// Day by which it has to be right, where the object itself sets one.
    pub(crate) by: Option<NaiveDate>,
}

/// Collects an answer.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    subjects: usize,
    failures: Vec<Failing>,
    odd: Vec<(Spot, String)>,
    remarks: Vec<String>,
}

impl Tally {
    pub(crate) fn subject(&mut self) {
        self.subjects += 1;
    }

    pub(crate) fn fail(&mut self, spot: Spot, message: impl Into<String>) {
        self.failures.push(Failing { spot, message: message.into(), by: None });
    }

    /// An object that fails, and has to be right by a day of its own.
    fn fail_by(&mut self, spot: Spot, message: impl Into<String>, by: Option<NaiveDate>) {
        self.failures.push(Failing { spot, message: message.into(), by });
    }

    /// Something failed so far.
    pub(crate) fn failed(&self) -> bool {
        !self.failures.is_empty()
    }

    pub(crate) fn odd(&mut self, spot: Spot, why: impl std::fmt::Display) {
        self.odd.push((spot, why.to_string()));
    }

    pub(crate) fn remark(&mut self, remark: impl Into<String>) {
        self.remarks.push(remark.into());
    }

    pub(crate) fn answer(self) -> Answer {
        Answer::Decided { subjects: self.subjects, failures: self.failures, odd: self.odd, remarks: self.remarks }
    }
}

/// All families.
const FAMILIES: &[&[Evaluator]] = &[
    access::EVALUATORS,
    availability::EVALUATORS,
    backups::EVALUATORS,
    api_server::EVALUATORS,
    certificates::EVALUATORS,
    engines::EVALUATORS,
    exposure::EVALUATORS,
    grants::EVALUATORS,
    images::EVALUATORS,
    network::EVALUATORS,
    nodes::EVALUATORS,
    pods::EVALUATORS,
    settings::EVALUATORS,
    storage::EVALUATORS,
    supply::EVALUATORS,
    tenancy::EVALUATORS,
    vulnerabilities::EVALUATORS,
];

fn all() -> impl Iterator<Item = &'static Evaluator> {
    FAMILIES.iter().copied().flatten()
}

/// The evaluator of this name.
pub fn find(name: &str) -> Option<&'static Evaluator> {
    all().find(|evaluator| evaluator.name == name)
}

/// Names of all evaluators.
pub fn names() -> impl Iterator<Item = &'static str> {
    all().map(|evaluator| evaluator.name)
}
