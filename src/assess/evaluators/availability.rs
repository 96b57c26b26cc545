//! What keeps workloads up: disruption budgets, more than one replica where it matters.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Answer, Evaluator, Question, Tally};
use crate::{
    facts::selector::{Labels, Selector},
    ownership::Spot,
};

pub(super) const EVALUATORS: &[Evaluator] = &[
    Evaluator {
        name: "workload-disruption-budget",
        subjects: "workloads with more than one replica",
        alone: false,
        ask: budgets,
    },
    Evaluator { name: "critical-replicas", subjects: "workloads of critical components", alone: true, ask: critical },
];

/// Kinds that keep a number of Pods up.
const SCALED: [&str; 2] = ["Deployment", "StatefulSet"];

#[derive(Default, Deserialize)]
#[serde(default)]
struct Scaled {
    spec: ScaledSpec,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ScaledSpec {
    replicas: Option<u64>,
    template: Template,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Template {
    metadata: Metadata,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata {
    labels: Option<Labels>,
}

impl ScaledSpec {
    /// Pods wanted; without the field it is one.
    fn wanted(&self) -> u64 {
        self.replicas.unwrap_or(1)
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Budget {
    spec: BudgetSpec,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct BudgetSpec {
    selector: Option<Selector>,
}

/// Every workload with more than one replica is selected by a budget.
fn budgets(question: &Question<'_, '_>) -> Answer {
    let mut tally = Tally::default();
    let mut selectors: BTreeMap<&str, Vec<Selector>> = BTreeMap::new();
    for (spot, object) in question.objects("policy", "PodDisruptionBudget") {
        match object.body::<Budget>() {
            // Without a selector it selects nothing.
            Ok(budget) => selectors.entry(&object.namespace).or_default().extend(budget.spec.selector),
            Err(why) => tally.odd(spot, why),
        }
    }
    for (spot, object) in SCALED.into_iter().flat_map(|kind| question.objects("apps", kind)) {
        let spec = match object.body::<Scaled>() {
            Ok(body) => body.spec,
            Err(why) => {
                tally.subject();
                tally.odd(spot, why);
                continue;
            }
        };
        if spec.wanted() < 2 {
            continue;
        }
        tally.subject();
        let labels = spec.template.metadata.labels.as_ref().cloned().unwrap_or_default();
        let budgets = selectors.get(&*object.namespace).map(Vec::as_slice).unwrap_or_default();
        if !budgets.iter().any(|selector| selector.selects(&labels)) {
            tally.fail(spot, format!("spec.replicas = {}, and no PodDisruptionBudget selects its Pods", spec.wanted()));
        }
    }
    tally.answer()
}

/// Workloads of critical components have more than one replica.
fn critical(question: &Question<'_, '_>) -> Answer {
    let mut tally = Tally::default();
    let is_critical = |spot: Spot| question.bench.join.component(spot).is_some_and(|component| component.critical);
    for (spot, object) in SCALED.into_iter().flat_map(|kind| question.objects("apps", kind)) {
        if !is_critical(spot) {
            continue;
        }
        match object.body::<Scaled>() {
            Ok(body) if body.spec.wanted() == 0 => {}
            Ok(body) => {
                tally.subject();
                if body.spec.wanted() == 1 {
                    tally.fail(spot, "spec.replicas = 1, and its component is declared critical");
                }
            }
            Err(why) => {
                tally.subject();
                tally.odd(spot, why);
            }
        }
    }
    if !question.bench.join.workspace().components.iter().any(|component| component.critical) {
        tally.remark("no component is declared critical");
    }
    tally.answer()
}
