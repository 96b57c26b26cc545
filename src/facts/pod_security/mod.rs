//! Pod Security Standards, as Pod Security admission evaluates them: which level a Pod meets, and which field stops it.
//!
//! In: a Pod's spec and annotations, or those of a Pod template; a level; a policy version. Out: [`Violation`]s, each
//! with its exact field. Steps: [`rules::RULES`] says which control is judged how from which minor version on; a
//! function of [`judges`] looks at the fields; [`templates`] finds the Pod inside the kinds that make Pods; [`labels`]
//! reads what a namespace asks for.
//!
//! Invariant: for every level and version a Pod is without violations exactly when admission of that policy version
//! lets it in, as the API server sees the Pod: with defaults filled in.
//!
//! Sources: <https://kubernetes.io/docs/concepts/security/pod-security-standards/>; behavior by version as in
//! `k8s.io/pod-security-admission` 0.37.

mod judges;
pub(crate) mod labels;
pub(crate) mod rules;
pub(crate) mod templates;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, fmt, sync::Arc};

use serde::Serialize;

use super::pod::PodSpec;
pub use labels::{Mode, Policy};
pub use templates::violations_of_object;

/// A Pod Security level, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// No restriction.
    Privileged,
    /// Prevents known privilege escalations.
    Baseline,
    /// Current hardening practice.
    Restricted,
}

impl Level {
    /// As namespace labels write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Privileged => "privileged",
            Level::Baseline => "baseline",
            Level::Restricted => "restricted",
        }
    }

    /// A level as a namespace label writes it.
    pub fn parse(text: &str) -> Option<Self> {
        [Level::Privileged, Level::Baseline, Level::Restricted].into_iter().find(|level| level.as_str() == text)
    }
}

/// The minor version of the policy: `latest`, or 36 for `v1.36`. One newer than the rules known here means the newest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PolicyVersion(u32);

impl PolicyVersion {
    /// The newest rules known here.
    pub const LATEST: Self = Self(u32::MAX);

    /// `v1.MINOR`.
    pub fn minor(minor: u32) -> Self {
        Self(minor)
    }

    /// A version as a namespace label writes it; anything else is `latest`, as Pod Security admission has it.
    pub fn parse(text: &str) -> Self {
        Self::read(text).unwrap_or(Self::LATEST)
    }

    /// A version as a namespace label writes it; `None` for what admission calls invalid.
    pub fn read(text: &str) -> Option<Self> {
        if text == "latest" {
            return Some(Self::LATEST);
        }
        let minor = text.strip_prefix("v1.")?;
        let plain = minor.bytes().all(|byte| byte.is_ascii_digit()) && (minor == "0" || !minor.starts_with('0'));
        minor.parse().ok().filter(|_| plain).map(Self)
    }

    /// The version that an API server evaluates when asked for this one: it knows no rules newer than itself.
    /// `server` is its `gitVersion`, for example `v1.36.2`.
    pub fn on_server(self, server: Option<&str>) -> Self {
        let minor = server.and_then(|version| version.strip_prefix("v1.")).and_then(|rest| {
            let digits = rest.find(|digit: char| !digit.is_ascii_digit()).unwrap_or(rest.len());
            rest.get(..digits)?.parse().ok()
        });
        minor.map_or(self, |minor| self.min(Self(minor)))
    }
}

impl fmt::Display for PolicyVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::LATEST => f.write_str("latest"),
            Self(minor) => write!(f, "v1.{minor}"),
        }
    }
}

/// What is evaluated: a Pod, or a Pod template.
pub(crate) struct Subject<'p> {
    pub(crate) spec: &'p PodSpec,
    pub(crate) annotations: &'p BTreeMap<Arc<str>, Arc<str>>,
}

/// One field that a level forbids. As text: `container web: securityContext.privileged = true`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// Control that it breaks, by its name in Pod Security admission: `privileged`.
    pub check: &'static str,
    /// Why, in the few words of admission's answer: `privileged`, `runAsNonRoot != true`.
    pub reason: &'static str,
    /// Path of the field in its object: `spec.containers[0].securityContext.privileged`.
    pub field: String,
    /// Its value, or what it lacks: `= true`, `is not set`.
    pub problem: String,
    /// The same for people: container or volume by name, the field in it, its value or that it is not set.
    pub text: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Everything about the Pod that the level forbids: controls of baseline first, each in the order of the Pod's fields.
pub(crate) fn evaluate(subject: &Subject<'_>, level: Level, version: PolicyVersion) -> Vec<Violation> {
    let mut found = Vec::new();
    for (rule, judge) in rules::in_force(level, version) {
        judge(subject, &mut judges::Found::new(rule, &mut found));
    }
    found
}

/// The same as text.
pub(crate) fn violations(subject: &Subject<'_>, level: Level, version: PolicyVersion) -> Vec<String> {
    evaluate(subject, level, version).into_iter().map(|violation| violation.text).collect()
}

/// The strictest level that the Pod meets.
pub(crate) fn level_met(subject: &Subject<'_>, version: PolicyVersion) -> Level {
    let meets = |level: &Level| evaluate(subject, *level, version).is_empty();
    [Level::Restricted, Level::Baseline].into_iter().find(meets).unwrap_or(Level::Privileged)
}
