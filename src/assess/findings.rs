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
    outcome::{Check, ExceptionUse, Failure, Finding},
};
use crate::{
    ownership::{
        Join, ObjectKey,
        pattern::{self, Pattern},
    },
    workspace::{Component, ComponentId, Exception, ExceptionId, Workspace},
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
            })
            .collect();
        Self { ready }
    }

    /// The exception that covers an object, if any does.
    fn covering(&mut self, check: &Check, component: Option<&ComponentId>, key: &ObjectKey) -> Option<ExceptionId> {
        let namespace = if &*key.kind == "Namespace" { &key.name } else { &key.namespace };
        let object = format!("{}/{}", key.kind, key.name);
        let found = self.ready.iter_mut().find(|ready| {
            !ready.expired
                && ready.declared.check == check.id
                && ready.declared.component.as_ref().is_none_or(|wanted| Some(wanted) == component)
                && (ready.namespaces.is_empty() || pattern::any(&ready.namespaces, namespace))
                && (ready.objects.is_empty() || pattern::any(&ready.objects, &object))
        })?;
        found.matched += 1;
        Some(found.declared.id.clone())
    }

    pub(super) fn uses(self) -> Vec<ExceptionUse> {
        self.ready
            .into_iter()
            .map(|ready| ExceptionUse {
                exception: ready.declared.id.clone(),
                matched: ready.matched,
                expired: ready.expired,
            })
            .collect()
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

/// Findings of one check on one cluster, and how many of its objects are covered by exceptions.
pub(super) fn group(
    check: &Check,
    join: &Join<'_>,
    failures: &[Failing],
    exceptions: &mut Exceptions<'_>,
    history: &History,
) -> (Vec<Finding>, usize) {
    // Messages of one root are one line each; the same message of many replicas is one message.
    let mut grouped: BTreeMap<Option<&ComponentId>, BTreeMap<ObjectKey, BTreeSet<&str>>> = BTreeMap::new();
    let mut components: BTreeMap<&ComponentId, &Component> = BTreeMap::new();
    let mut covered: BTreeMap<ObjectKey, usize> = BTreeMap::new();
    for failing in failures {
        let component = join.component(failing.spot);
        if let Some(component) = component {
            components.insert(&component.id, component);
        }
        let key = join.key(join.root(failing.spot));
        *covered.entry(key.clone()).or_default() += 1;
        grouped
            .entry(component.map(|component| &component.id))
            .or_default()
            .entry(key)
            .or_default()
            .insert(&failing.message);
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
        for (key, messages) in objects {
            match exceptions.covering(check, id, &key) {
                Some(exception) => {
                    excepted_failures += covered.get(&key).copied().unwrap_or(0);
                    excepted.push((key, exception));
                }
                None => failing.extend(
                    messages.into_iter().map(|message| Failure { key: key.clone(), message: message.to_owned() }),
                ),
            }
        }
        let identifier = finding_id(check.id.as_str(), id.map(ComponentId::as_str), cluster);
        let first_seen = history.first_seen(cluster, &identifier).unwrap_or(snapshot.header.ended);
        findings.push(Finding {
            first_seen: first_seen.min(snapshot.header.ended),
            due: due(workspace, check, first_seen),
            id: identifier,
            check: check.id.clone(),
            component: id.cloned(),
            team: component.and_then(|component| component.duties.get(&check.duty).cloned()),
            cluster: cluster.clone(),
            severity: check.severity,
            controls: check.controls.clone(),
            objects: failing,
            excepted,
        });
    }
    (findings, excepted_failures)
}

fn due(workspace: &Workspace, check: &Check, first_seen: DateTime<Utc>) -> Option<NaiveDate> {
    let days = workspace.policy.remediation_days.get(&check.severity)?;
    first_seen.date_naive().checked_add_signed(TimeDelta::days(i64::from(*days)))
}
