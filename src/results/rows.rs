//! Collecting what a tool says, rule by rule.
//!
//! In: one answer at a time, in any order. Out: [`RuleResult`]s by engine and identifier, objects sorted and bounded, text
//! short and spelled out.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::{MOST_OBJECTS, Named, ObjectResult, RuleResult};
use crate::{assess::Outcome, visible::spelled_out, workspace::Severity};

/// Longest text that is kept, in characters.
const LONGEST: usize = 300;

/// One line of at most [`LONGEST`] characters in which nothing deceives.
pub(super) fn short(text: &str) -> String {
    let text = spelled_out(text.trim());
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// One answer of a tool.
#[derive(Debug, Default)]
pub(super) struct Answer<'a> {
    pub(super) rule: &'a str,
    pub(super) engine: Option<&'a str>,
    pub(super) title: Option<&'a str>,
    pub(super) severity: Option<Severity>,
    /// The object, if the tool names one.
    pub(super) object: Option<String>,
}

/// What was collected.
#[derive(Debug, Default)]
pub(super) struct Rows {
    rules: BTreeMap<(Option<String>, String), Rule>,
    pub(super) left_out: BTreeMap<String, usize>,
    pub(super) tool: Option<String>,
    pub(super) version: Option<String>,
    pub(super) cluster: Option<String>,
    /// It speaks of a cluster, not of an image, a cloud or files, even if it does not name it.
    pub(super) of_cluster: bool,
    pub(super) against: BTreeSet<String>,
    /// The latest time that the file says.
    pub(super) observed: Option<DateTime<Utc>>,
}

#[derive(Debug, Default)]
struct Rule {
    title: Option<String>,
    severity: Option<Severity>,
    named: BTreeSet<Named>,
    counts: BTreeMap<Outcome, usize>,
    objects: BTreeSet<ObjectResult>,
    more: usize,
}

impl Rows {
    /// Nothing yet, of a tool that looks at clusters.
    pub(super) fn of_cluster() -> Self {
        Self { of_cluster: true, ..Self::default() }
    }

    /// Counts one answer.
    pub(super) fn add(&mut self, answer: Answer<'_>, outcome: Outcome) {
        self.add_many(answer, outcome, 1);
    }

    /// Counts several answers alike. None of them still shows that the rule is there.
    pub(super) fn add_many(&mut self, answer: Answer<'_>, outcome: Outcome, count: usize) {
        let object = answer.object.as_deref().map(short).filter(|object| !object.is_empty());
        let rule = self.rule(&answer);
        if count > 0 {
            *rule.counts.entry(outcome).or_default() += count;
        }
        // What passed, or was not asked, is counted; the others somebody has to find.
        let kept = !matches!(outcome, Outcome::Pass | Outcome::NotApplicable);
        if let Some(object) = object.filter(|_| kept && count > 0) {
            let object = ObjectResult { outcome, object };
            if rule.objects.len() < MOST_OBJECTS {
                rule.objects.insert(object);
            } else if !rule.objects.contains(&object) {
                rule.more += 1;
            }
        }
    }

    /// Says which control the file itself assigns a rule to.
    pub(super) fn name(&mut self, answer: &Answer<'_>, framework: &str, control: &str) {
        let named = Named { framework: short(framework), control: short(control) };
        self.rule(answer).named.insert(named);
    }

    fn rule(&mut self, answer: &Answer<'_>) -> &mut Rule {
        let key = (answer.engine.map(short).filter(|engine| !engine.is_empty()), short(answer.rule));
        let rule = self.rules.entry(key).or_default();
        if rule.title.is_none() {
            rule.title = answer.title.map(short).filter(|title| !title.is_empty());
        }
        rule.severity = rule.severity.max(answer.severity);
        rule
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    pub(super) fn leave_out(&mut self, what: &str, count: usize) {
        if count > 0 {
            *self.left_out.entry(what.to_owned()).or_default() += count;
        }
    }

    /// Takes note of a time; the latest counts.
    pub(super) fn at(&mut self, time: Option<DateTime<Utc>>) {
        // Go writes the year 1 for a time that was never set.
        let real = time.filter(|time| time.timestamp() > 0);
        self.observed = self.observed.max(real);
    }

    pub(super) fn rules(&mut self) -> Vec<RuleResult> {
        let rules = std::mem::take(&mut self.rules);
        let rule = |((engine, id), rule): ((Option<String>, String), Rule)| RuleResult {
            id,
            engine,
            title: rule.title,
            severity: rule.severity,
            named: rule.named.into_iter().collect(),
            counts: rule.counts,
            objects: rule.objects.into_iter().collect(),
            more: rule.more,
        };
        rules.into_iter().map(rule).collect()
    }
}

/// A severity as tools write it: `HIGH`, `Medium`, `moderate`.
pub(super) fn severity(text: &str) -> Option<Severity> {
    match text.to_ascii_lowercase().as_str() {
        "critical" => Some(Severity::Critical),
        "high" | "important" => Some(Severity::High),
        "medium" | "moderate" => Some(Severity::Medium),
        "low" | "negligible" => Some(Severity::Low),
        _ => None,
    }
}

/// A time as tools write it: RFC 3339, with or without a zone, which is then UTC.
pub(super) fn time(text: &str) -> Option<DateTime<Utc>> {
    let zoned = DateTime::parse_from_rfc3339(text).map(|time| time.to_utc()).ok();
    zoned.or_else(|| text.parse::<chrono::NaiveDateTime>().ok().map(|time| time.and_utc()))
}

/// An object of Kubernetes as this program writes it: `Deployment shop/cart`.
pub(super) fn object(kind: &str, namespace: &str, name: &str) -> Option<String> {
    let path = if namespace.is_empty() { name.to_owned() } else { format!("{namespace}/{name}") };
    (!name.is_empty()).then(|| if kind.is_empty() { path.clone() } else { format!("{kind} {path}") })
}
