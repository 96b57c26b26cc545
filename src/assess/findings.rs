//! From failing objects to findings: one per check, component and cluster, with the team that answers for the duty.
//!
//! A failure is reported on the owner-reference root of its object, and counted there once. Exceptions take failures
//! out of a finding, never silently: each is listed with the exception that covers it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use sha2::{Digest, Sha256};

use super::{
    History,
    evaluators::Failing,
    outcome::{Accepted, Check, ExceptionState, ExceptionUse, Failure, Finding},
};
use crate::{
    ownership::{
        Join, ObjectKey,
        pattern::{self, Pattern},
    },
    workspace::{CheckId, Component, ComponentId, Exception, ExceptionId, Workspace},
};

/// A declared exception, ready to be matched, and what it covered.
pub(super) struct Exceptions<'w> {
    ready: Vec<Ready<'w>>,
}

struct Ready<'w> {
    declared: &'w Exception,
    namespaces: Vec<Pattern>,
    objects: Vec<Pattern>,
    expired: bool,
    matched: usize,
    lapsed: usize,
}

impl Ready<'_> {
    fn matches(&self, check: &Check, component: Option<&ComponentId>, namespace: &str, object: &str) -> bool {
        self.declared.check == check.id
            && self.declared.component.as_ref().is_none_or(|wanted| Some(wanted) == component)
            && (self.namespaces.is_empty() || pattern::any(&self.namespaces, namespace))
            && (self.objects.is_empty() || pattern::any(&self.objects, object))
    }
}

impl<'w> Exceptions<'w> {
    /// At `today`: an exception holds through its last day.
    pub(super) fn new(workspace: &'w Workspace, today: Option<NaiveDate>) -> Self {
        let ready = workspace
            .exceptions
            .iter()
            .map(|declared| Ready {
                declared,
                namespaces: Pattern::list(&declared.namespaces),
                objects: Pattern::list(&declared.objects),
                expired: today.is_some_and(|today| declared.expires < today),
                matched: 0,
                lapsed: 0,
            })
            .collect();
        Self { ready }
    }

    /// The exception that covers an object, if any does.
    fn covering(&mut self, check: &Check, component: Option<&ComponentId>, key: &ObjectKey) -> Option<ExceptionId> {
        let namespace = if &*key.kind == "Namespace" { &key.name } else { &key.namespace };
        let object = format!("{}/{}", key.kind, key.name);
        let mut matching = self.ready.iter_mut().filter(|ready| ready.matches(check, component, namespace, &object));
        let mut lapsed = None;
        let in_force = matching.find_map(|ready| match ready.expired {
            false => Some(ready),
            true => {
                lapsed.get_or_insert(ready);
                None
            }
        });
        match (in_force, lapsed) {
            (Some(found), _) => {
                found.matched += 1;
                Some(found.declared.id.clone())
            }
            (None, lapsed) => {
                lapsed.into_iter().for_each(|ready| ready.lapsed += 1);
                None
            }
        }
    }

    /// What became of each. `answered`: the checks that were answered on complete evidence everywhere.
    pub(super) fn uses(self, answered: &BTreeSet<CheckId>) -> Vec<ExceptionUse> {
        let of = |ready: Ready<'_>| ExceptionUse {
            exception: ready.declared.id.clone(),
            state: match ready.matched {
                _ if ready.expired => ExceptionState::Expired,
                0 if answered.contains(&ready.declared.check) => ExceptionState::Unused,
                0 => ExceptionState::NotAsked,
                _ => ExceptionState::InForce,
            },
            matched: ready.matched,
            lapsed: ready.lapsed,
        };
        self.ready.into_iter().map(of).collect()
    }
}

/// Identifier of a finding. Object names never enter it, so that a rename or one more Pod is the same finding.
pub fn finding_id(check: &str, component: Option<&str>, cluster: &str) -> String {
    let mut hash = Sha256::new();
    for part in [check, component.unwrap_or(""), cluster] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    let digest = hash.finalize();
    format!("F-{:02x}{:02x}{:02x}{:02x}", digest[0], digest[1], digest[2], digest[3])
}

/// What is wrong with one object, and by when at the latest it has to be right.
#[derive(Default)]
struct Wrong<'f> {
    messages: BTreeSet<&'f str>,
    by: Option<NaiveDate>,
}

/// Findings of one check on one cluster, and how many of its objects are covered by exceptions.
pub(super) fn group(
    check: &Check,
    join: &Join<'_>,
    failures: &[Failing],
    addressee: Option<&Component>,
    exceptions: &mut Exceptions<'_>,
    history: &History,
) -> (Vec<Finding>, usize) {
    // Messages of one root are one line each; the same message of many replicas is one message.
    let mut grouped: BTreeMap<Option<&ComponentId>, BTreeMap<ObjectKey, Wrong<'_>>> = BTreeMap::new();
    let mut components: BTreeMap<&ComponentId, &Component> = BTreeMap::new();
    let mut covered: BTreeMap<ObjectKey, usize> = BTreeMap::new();
    for failing in failures {
        let component = addressee.or_else(|| join.component(failing.spot));
        if let Some(component) = component {
            components.insert(&component.id, component);
        }
        let key = join.key(join.root(failing.spot));
        *covered.entry(key.clone()).or_default() += 1;
        let wrong = grouped.entry(component.map(|component| &component.id)).or_default().entry(key).or_default();
        wrong.messages.insert(&failing.message);
        wrong.by = wrong.by.into_iter().chain(failing.by).min();
    }
    let snapshot = join.snapshot();
    let cluster = &snapshot.header.cluster.id;
    let workspace = join.workspace();
    let mut excepted_failures = 0;
    let mut findings = Vec::new();
    for (id, objects) in grouped {
        let component = id.and_then(|id| components.get(id).copied());
        let mut failing = Vec::new();
        let mut excepted = Vec::new();
        let mut by = None;
        for (key, wrong) in objects {
            let messages = wrong.messages.into_iter();
            match exceptions.covering(check, id, &key) {
                Some(exception) => {
                    excepted_failures += covered.get(&key).copied().unwrap_or(0);
                    excepted.push(Accepted { key, exception, messages: messages.map(str::to_owned).collect() });
                }
                None => {
                    by = by.into_iter().chain(wrong.by).min();
                    failing.extend(messages.map(|message| Failure { key: key.clone(), message: message.to_owned() }));
                }
            }
        }
        let identifier = finding_id(check.id.as_str(), id.map(ComponentId::as_str), cluster);
        let first_seen = history.first_seen(cluster, &identifier).unwrap_or(snapshot.header.ended);
        findings.push(Finding {
            first_seen: first_seen.min(snapshot.header.ended),
            due: by.or_else(|| due(workspace, check, first_seen)),
            id: identifier,
            check: check.id.clone(),
            component: id.cloned(),
            team: component.and_then(|component| component.duties.get(&check.duty).cloned()),
            cluster: cluster.clone(),
            severity: check.severity,
            controls: check.controls.clone(),
            objects: failing,
            excepted,
            let_in_by: Vec::new(),
            lets_in: Vec::new(),
        });
    }
    (findings, excepted_failures)
}

fn due(workspace: &Workspace, check: &Check, first_seen: DateTime<Utc>) -> Option<NaiveDate> {
    let days = workspace.policy.remediation_days.get(&check.severity)?;
    first_seen.date_naive().checked_add_signed(TimeDelta::days(i64::from(*days)))
}
