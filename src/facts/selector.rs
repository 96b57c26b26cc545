//! Label selectors, as the API machinery evaluates them.

use std::{collections::BTreeMap, sync::Arc};

use serde::Deserialize;

/// Labels of an object.
pub(crate) type Labels = BTreeMap<Arc<str>, Arc<str>>;

/// `metav1.LabelSelector`. Empty, it selects everything.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Selector {
    match_labels: Option<BTreeMap<String, String>>,
    match_expressions: Option<Vec<Expression>>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Expression {
    key: String,
    operator: String,
    values: Option<Vec<String>>,
}

impl Selector {
    /// It selects everything.
    pub(crate) fn is_empty(&self) -> bool {
        self.match_labels.as_ref().is_none_or(BTreeMap::is_empty)
            && self.match_expressions.as_ref().is_none_or(Vec::is_empty)
    }

    /// Whether it selects an object with these labels. An operator that is not known selects nothing.
    pub(crate) fn selects(&self, labels: &Labels) -> bool {
        let equal = |(key, value): (&String, &String)| labels.get(&**key).is_some_and(|have| **have == **value);
        self.match_labels.iter().flatten().all(equal)
            && self.match_expressions.iter().flatten().all(|expression| {
                let have = labels.get(&*expression.key);
                let listed = || {
                    let values = expression.values.as_deref().unwrap_or_default();
                    have.is_some_and(|have| values.iter().any(|value| **value == **have))
                };
                match &*expression.operator {
                    "In" => listed(),
                    "NotIn" => !listed(),
                    "Exists" => have.is_some(),
                    "DoesNotExist" => have.is_none(),
                    _ => false,
                }
            })
    }
}

/// As `kubectl` writes selectors: `app=web, tier notin (test)`.
impl std::fmt::Display for Selector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let labels = self.match_labels.iter().flatten().map(|(key, value)| format!("{key}={value}"));
        let expressions = self.match_expressions.iter().flatten().map(|Expression { key, operator, values }| {
            let values = values.as_deref().unwrap_or_default().join(", ");
            match &**operator {
                "In" => format!("{key} in ({values})"),
                "NotIn" => format!("{key} notin ({values})"),
                "Exists" => key.clone(),
                "DoesNotExist" => format!("!{key}"),
                other => format!("{key} {other} ({values})"),
            }
        });
        f.write_str(&labels.chain(expressions).collect::<Vec<_>>().join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selects(selector: serde_json::Value, labels: &[(&str, &str)]) -> bool {
        let selector: Selector = serde_json::from_value(selector).expect("a selector");
        selector.selects(&labels.iter().map(|&(key, value)| (Arc::from(key), Arc::from(value))).collect())
    }

    #[test]
    fn expressions_are_evaluated_as_the_api_server_does() {
        let expression = |operator: &str, values: &[&str]| serde_json::json!({ "matchExpressions": [{ "key": "tier", "operator": operator, "values": values }] });
        assert!(selects(serde_json::json!({}), &[]));
        assert!(selects(expression("In", &["web", "db"]), &[("tier", "db")]));
        assert!(!selects(expression("In", &["web"]), &[]));
        // What has no such label is not in the list either.
        assert!(selects(expression("NotIn", &["web"]), &[]));
        assert!(selects(expression("Exists", &[]), &[("tier", "")]));
        assert!(!selects(expression("DoesNotExist", &[]), &[("tier", "")]));
        assert!(!selects(expression("Sometimes", &[]), &[("tier", "")]));
    }
}
