//! Access: who is cluster-admin, and which roles hold wildcards.

use std::collections::BTreeSet;

use super::{Answer, Evaluator, Question, Tally, grants};
use crate::facts::access::{
    rbac::{GROUP, RoleBody, Rule, is_default},
    readable,
};

pub(super) const EVALUATORS: &[Evaluator] = &[
    Evaluator { name: "rbac-cluster-admin", subjects: "bindings", alone: true, ask: cluster_admin },
    Evaluator { name: "rbac-wildcard", subjects: "roles", alone: true, ask: wildcard },
];

/// Only subjects of roles that the workspace declares as privileged hold unrestricted access. Kubernetes' own binding
/// of `system:masters` is left out.
fn cluster_admin(question: &Question<'_, '_>) -> Answer {
    let mut tally = Tally::default();
    let roles = grants::roles(question, &mut tally);
    let declared = readable::privileged(question.bench.join.workspace());
    let mut expected = 0;
    for (spot, binding) in grants::bindings(question, &mut tally) {
        if !roles.grants_everything(&binding) {
            continue;
        }
        let strangers: Vec<String> =
            binding.subjects.iter().filter(|subject| !declared.contains(subject)).map(ToString::to_string).collect();
        if strangers.is_empty() {
            expected += 1;
            continue;
        }
        let scope = if binding.namespace.is_empty() { "the whole cluster" } else { "its namespace" };
        tally.fail(
            spot,
            format!("{} grants everything in {scope} to {}", binding.role_kind_and_name(), strangers.join(", ")),
        );
    }
    if expected > 0 {
        tally.remark(format!("{expected} bindings of subjects that the workspace declares as privileged are expected"));
    }
    tally.answer()
}

/// No role but Kubernetes' own holds `*`.
fn wildcard(question: &Question<'_, '_>) -> Answer {
    let mut tally = Tally::default();
    let mut own = 0;
    for kind in ["ClusterRole", "Role"] {
        for (spot, object) in question.objects(GROUP, kind) {
            if is_default(object) || object.name.starts_with("system:") {
                own += 1;
                continue;
            }
            tally.subject();
            match object.body::<RoleBody>() {
                Err(error) => tally.odd(spot, error),
                Ok(body) => {
                    let rules = body.rules.unwrap_or_default();
                    let found: BTreeSet<&str> = rules.iter().flat_map(Rule::wildcards).collect();
                    if !found.is_empty() {
                        let fields: Vec<_> = found.into_iter().map(|field| format!("rules[].{field}")).collect();
                        tally.fail(spot, format!("{} = *", fields.join(", ")));
                    }
                }
            }
        }
    }
    if own > 0 {
        tally.remark(format!("{own} roles of Kubernetes itself left out"));
    }
    tally.answer()
}
