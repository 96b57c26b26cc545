//! What bent a result: everything that makes it say something else than the built-in rules alone would say of what was
//! collected. Commands and documents print it beside every result.

use serde::Serialize;

use super::outcome::{Assessment, ExceptionState};
use crate::{
    checks,
    snapshot::Source,
    workspace::{CheckId, ExceptionId, Severity, Workspace},
};

/// One thing that bent a result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "what")]
pub enum Bent {
    /// The evidence is the sample shipped with the program.
    Sample {
        /// Cluster.
        cluster: String,
    },
    /// The evidence came from files, not from the cluster.
    Supplied {
        /// Cluster.
        cluster: String,
    },
    /// A check is switched off.
    Disabled {
        /// Check.
        check: CheckId,
        /// Why.
        reason: String,
    },
    /// A check has another severity than built in.
    Severity {
        /// Check.
        check: CheckId,
        /// Severity in force.
        severity: Severity,
        /// Why.
        reason: String,
    },
    /// A check has another value of a parameter than built in.
    Param {
        /// Check.
        check: CheckId,
        /// Parameter.
        param: String,
        /// Value in force.
        now: String,
        /// Value of the check.
        instead_of: String,
        /// Why.
        reason: String,
    },
    /// The workspace asks something else under the name of a built-in check.
    Replaced {
        /// Check.
        check: CheckId,
    },
    /// Checks of the workspace's own.
    Own {
        /// Checks.
        checks: Vec<CheckId>,
    },
    /// Namespaces of which some checks do not ask, by policy.
    LeftOut {
        /// Key of the policy.
        policy: &'static str,
        /// Globs.
        namespaces: Vec<String>,
    },
    /// An exception.
    Exception {
        /// Exception.
        exception: ExceptionId,
        /// Where it stands.
        state: ExceptionState,
        /// Objects that it covers; of an expired one, those that it would cover.
        objects: usize,
    },
}

/// What bent an assessment.
pub fn bent(workspace: &Workspace, assessment: &Assessment) -> Vec<Bent> {
    let mut bent = Vec::new();
    for header in assessment.clusters.iter().map(|cluster| &cluster.header) {
        let cluster = || header.cluster.id.clone();
        if header.sample || workspace.sample {
            bent.push(Bent::Sample { cluster: cluster() });
        }
        if header.source == Source::Supplied {
            bent.push(Bent::Supplied { cluster: cluster() });
        }
    }
    for change in &workspace.check_overrides {
        if change.disabled {
            bent.push(Bent::Disabled { check: change.check.clone(), reason: change.reason.clone() });
        }
        if let Some(severity) = change.severity {
            bent.push(Bent::Severity { check: change.check.clone(), severity, reason: change.reason.clone() });
        }
        bent.extend(change.params.iter().map(|param| Bent::Param {
            check: change.check.clone(),
            param: param.name.clone(),
            now: param.now.clone(),
            instead_of: param.instead_of.clone(),
            reason: change.reason.clone(),
        }));
    }
    let built_in = |check: &CheckId| checks::built_in().iter().any(|known| known.id == *check);
    let (replaced, own): (Vec<_>, Vec<_>) =
        workspace.checks.iter().map(|check| check.id.clone()).partition(|check| built_in(check));
    bent.extend(replaced.into_iter().map(|check| Bent::Replaced { check }));
    if !own.is_empty() {
        bent.push(Bent::Own { checks: own });
    }
    let policies = [
        ("privileged-namespaces", &workspace.policy.privileged_namespaces),
        ("open-namespaces", &workspace.policy.open_namespaces),
    ];
    for (policy, namespaces) in policies.into_iter().filter(|(_, namespaces)| !namespaces.is_empty()) {
        bent.push(Bent::LeftOut { policy, namespaces: namespaces.clone() });
    }
    bent.extend(assessment.exceptions.iter().map(|used| Bent::Exception {
        exception: used.exception.clone(),
        state: used.state,
        objects: used.matched.max(used.lapsed),
    }));
    bent
}

/// The workspace as the built-in rules alone see it: no check switched off or changed, none of its own, no exception.
/// What it declares of itself, thresholds and approved registries among it, stays: without it there is nothing to ask.
pub fn pristine(mut workspace: Workspace) -> Workspace {
    workspace.check_overrides.clear();
    workspace.exceptions.clear();
    workspace.checks.clear();
    workspace.policy.privileged_namespaces.clear();
    workspace.policy.open_namespaces.clear();
    workspace
}
