//! Selectors, of every API, as one expression with three answers: yes, no, not known.
//!
//! In: label selectors of `meta/v1`, and what policy APIs write instead. Out: [`Expr`], evaluated against a [`Target`]:
//! an object's labels, and those of its namespace where a policy asks for them.

use std::{collections::BTreeMap, fmt, sync::Arc};

use serde::Deserialize;

/// Labels of an object.
pub(crate) type Labels = BTreeMap<Arc<str>, Arc<str>>;

/// Kleene's three values; `and` is the lesser, `or` the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Match {
    No,
    Unknown,
    Yes,
}

impl Match {
    pub(crate) fn of(yes: bool) -> Self {
        if yes { Self::Yes } else { Self::No }
    }

    fn not(self) -> Self {
        match self {
            Self::No => Self::Yes,
            Self::Unknown => Self::Unknown,
            Self::Yes => Self::No,
        }
    }
}

/// What a test looks at.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    /// A label of the Pod.
    Pod(String),
    /// A label of its namespace.
    Namespace(String),
    /// The name of its namespace.
    NamespaceName,
}

impl Key {
    /// A label of the namespace. The API server keeps `kubernetes.io/metadata.name` equal to the name.
    pub(crate) fn namespace(label: &str) -> Self {
        match label {
            "kubernetes.io/metadata.name" => Self::NamespaceName,
            _ => Self::Namespace(label.to_owned()),
        }
    }
}

/// Where in a value a text has to stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Part {
    Anywhere,
    Start,
    End,
}

/// A selector.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) enum Expr {
    #[default]
    All,
    /// It cannot be evaluated.
    Unknown,
    Has(Key),
    In(Key, Vec<String>),
    Text(Key, Part, String),
    And(Vec<Expr>),
    Or(Vec<Expr>),
    Not(Box<Expr>),
}

/// A Pod, or any other object, as selectors see it.
#[derive(Clone, Copy)]
pub(crate) struct Target<'t> {
    pub(crate) namespace: &'t str,
    /// `None`: the namespace was not read.
    pub(crate) namespace_labels: Option<&'t Labels>,
    pub(crate) labels: &'t Labels,
}

impl<'t> Target<'t> {
    /// The value, if there is one; an error where that is not known.
    fn value(self, key: &Key) -> Result<Option<&'t str>, ()> {
        match key {
            Key::Pod(label) => Ok(self.labels.get(label.as_str()).map(|value| &**value)),
            Key::NamespaceName => Ok(Some(self.namespace)),
            Key::Namespace(label) => {
                let labels = self.namespace_labels.ok_or(())?;
                Ok(labels.get(label.as_str()).map(|value| &**value))
            }
        }
    }
}

impl Expr {
    pub(crate) fn not(self) -> Self {
        Self::Not(Box::new(self))
    }

    /// All of them; an empty list is everything.
    pub(crate) fn and(parts: Vec<Expr>) -> Self {
        let mut parts: Vec<Expr> = parts.into_iter().filter(|part| *part != Self::All).collect();
        match parts.len() {
            0 => Self::All,
            1 => parts.remove(0),
            _ => Self::And(parts),
        }
    }

    pub(crate) fn matches(&self, target: Target<'_>) -> Match {
        let test = |key: &Key, holds: &dyn Fn(&str) -> bool| match target.value(key) {
            Ok(value) => Match::of(value.is_some_and(holds)),
            Err(()) => Match::Unknown,
        };
        match self {
            Self::All => Match::Yes,
            Self::Unknown => Match::Unknown,
            Self::Has(key) => test(key, &|_| true),
            Self::In(key, values) => test(key, &|value| values.iter().any(|one| one == value)),
            Self::Text(key, part, text) => test(key, &|value| match part {
                Part::Anywhere => value.contains(text.as_str()),
                Part::Start => value.starts_with(text.as_str()),
                Part::End => value.ends_with(text.as_str()),
            }),
            Self::Or(parts) => parts.iter().map(|part| part.matches(target)).max().unwrap_or(Match::No),
            Self::And(parts) => parts.iter().map(|part| part.matches(target)).min().unwrap_or(Match::Yes),
            Self::Not(part) => part.matches(target).not(),
        }
    }

    /// Calls `each` with every label of Pods that it asks for.
    pub(crate) fn pod_labels<'e>(&'e self, each: &mut impl FnMut(&'e str)) {
        match self {
            Self::All | Self::Unknown => {}
            Self::Has(key) | Self::In(key, _) | Self::Text(key, ..) => {
                if let Key::Pod(label) = key {
                    each(label);
                }
            }
            Self::And(parts) | Self::Or(parts) => parts.iter().for_each(|part| part.pod_labels(each)),
            Self::Not(part) => part.pod_labels(each),
        }
    }
}

/// `LabelSelector` of `meta/v1`. Empty, it selects everything.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(from = "Raw")]
pub(crate) struct Selector {
    labels: BTreeMap<String, String>,
    requirements: Vec<Requirement>,
    /// Over labels of the object itself; made once, since a selector is asked about many.
    own: Expr,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Raw {
    match_labels: Option<BTreeMap<String, String>>,
    match_expressions: Option<Vec<Requirement>>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Requirement {
    key: String,
    operator: String,
    values: Option<Vec<String>>,
}

impl From<Raw> for Selector {
    fn from(raw: Raw) -> Self {
        let (labels, requirements) = (raw.match_labels.unwrap_or_default(), raw.match_expressions.unwrap_or_default());
        let selector = Self { labels, requirements, own: Expr::All };
        Self { own: selector.expression(|label| Key::Pod(label.to_owned())), ..selector }
    }
}

impl Selector {
    /// It selects everything.
    pub(crate) fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.requirements.is_empty()
    }

    /// Whether it selects an object with these labels. An operator that is not known selects nothing.
    pub(crate) fn selects(&self, labels: &Labels) -> bool {
        self.own.matches(Target { namespace: "", namespace_labels: None, labels }) == Match::Yes
    }

    /// Labels that it asks for.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        self.labels.keys().chain(self.requirements.iter().map(|part| &part.key)).map(String::as_str)
    }

    /// The selector as an expression over keys that `key` makes of its labels. An operator that the API does not have
    /// is not known.
    pub(crate) fn expression(&self, key: impl Fn(&str) -> Key) -> Expr {
        let equal = self.labels.iter().map(|(label, value)| Expr::In(key(label), vec![value.clone()]));
        let required = self.requirements.iter().map(|part| {
            let (key, values) = (key(&part.key), part.values.clone().unwrap_or_default());
            match part.operator.as_str() {
                "In" => Expr::In(key, values),
                // It also matches where there is no such label.
                "NotIn" => Expr::In(key, values).not(),
                "Exists" => Expr::Has(key),
                "DoesNotExist" => Expr::Has(key).not(),
                _ => Expr::Unknown,
            }
        });
        Expr::and(equal.chain(required).collect())
    }

    pub(crate) fn pods(&self) -> Expr {
        self.own.clone()
    }

    pub(crate) fn namespaces(&self) -> Expr {
        self.expression(Key::namespace)
    }
}

/// As `kubectl` writes selectors: `app=web, tier notin (test)`.
impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let labels = self.labels.iter().map(|(key, value)| format!("{key}={value}"));
        let expressions = self.requirements.iter().map(|Requirement { key, operator, values }| {
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

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        pairs.iter().map(|&(key, value)| (Arc::from(key), Arc::from(value))).collect()
    }

    fn selects(selector: serde_json::Value, pairs: &[(&str, &str)]) -> Match {
        let selector: Selector = serde_json::from_value(selector).expect("a selector");
        let labels = labels(pairs);
        selector.pods().matches(Target { namespace: "shop", namespace_labels: None, labels: &labels })
    }

    #[test]
    fn all_four_operators_select_as_the_api_says() {
        use serde_json::json;
        let one = |operator: &str, values: &[&str]| json!({ "matchExpressions": [{ "key": "tier", "operator": operator, "values": values }] });
        assert_eq!(selects(json!({}), &[]), Match::Yes);
        assert_eq!(selects(json!({ "matchLabels": { "app": "a", "tier": "b" } }), &[("app", "a")]), Match::No);
        assert_eq!(selects(one("In", &["a", "b"]), &[("tier", "b")]), Match::Yes);
        assert_eq!(selects(one("In", &["a"]), &[]), Match::No);
        assert_eq!(selects(one("NotIn", &["a"]), &[]), Match::Yes);
        assert_eq!(selects(one("NotIn", &["a"]), &[("tier", "a")]), Match::No);
        assert_eq!(selects(one("Exists", &[]), &[("tier", "")]), Match::Yes);
        assert_eq!(selects(one("DoesNotExist", &[]), &[("tier", "")]), Match::No);
        assert_eq!(selects(one("Gt", &["1"]), &[("tier", "2")]), Match::Unknown);
    }

    #[test]
    fn labels_of_a_namespace_that_was_not_read_are_not_known_but_its_name_is() {
        let none = Labels::new();
        let target = Target { namespace: "shop", namespace_labels: None, labels: &none };
        let by = |label: &str, value: &str| Expr::In(Key::namespace(label), vec![value.to_owned()]).matches(target);
        assert_eq!(by("team", "shop"), Match::Unknown);
        assert_eq!(by("kubernetes.io/metadata.name", "shop"), Match::Yes);
        assert_eq!(by("kubernetes.io/metadata.name", "other"), Match::No);
    }
}
