//! What a check tells its evaluator besides which kinds it needs: the table `[check.params]`.
//!
//! In: the table as written. Out: [`Params`] whose component and settings the catalogue of settings knows.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::facts::control_plane::{
    flags::Value,
    settings::{self, Component, Setting},
};

/// Settings of one component, each with what is expected of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Params {
    /// Whose settings.
    pub(crate) component: &'static Component,
    /// Only asked where this one is set.
    pub(crate) when_set: Option<&'static Setting>,
    /// What is expected; all of it.
    pub(crate) expect: Vec<(&'static Setting, Expectation)>,
    /// What will do instead; all of it.
    pub(crate) or: Vec<(&'static Setting, Expectation)>,
}

/// What is expected of one setting.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Expectation {
    /// Somebody set it.
    Set,
    /// Nobody set it.
    Unset,
    /// It is one of these.
    OneOf(Vec<String>),
    /// Of its list, these are in it.
    Has(Vec<String>),
    /// Of its list, these are not in it.
    Lacks(Vec<String>),
    /// Of its list, nothing else is in it.
    Only(Vec<String>),
    /// It is a number of at least this.
    AtLeast(i64),
    /// It is a number of at least this, or 0, which stands for no limit.
    AtLeastOrZero(i64),
    /// Somebody set it, to another value than this setting of another component has.
    DiffersFrom(Other),
}

/// A setting of another component.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Other {
    /// Whose.
    pub(crate) component: String,
    /// Which.
    pub(crate) setting: String,
}

/// Values that the setting of another component was seen to have, or why they cannot be seen.
pub(crate) type Elsewhere<'e> = &'e dyn Fn(&Other) -> Result<Vec<String>, String>;

/// For settings that are compared with nothing else.
pub(crate) fn nowhere(_: &Other) -> Result<Vec<String>, String> {
    Err("what it is compared with was not looked for".to_owned())
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct RawParams {
    component: String,
    when_set: Option<String>,
    expect: BTreeMap<String, Expectation>,
    #[serde(default)]
    or: BTreeMap<String, Expectation>,
}

/// What a value says to an expectation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is as expected.
    Met,
    /// It is not; how it is instead.
    Failed(String),
    /// It cannot be seen; why.
    NotVisible(String),
}

impl Params {
    /// Reads the table.
    ///
    /// # Errors
    /// When a key, the component or a setting is not known; one sentence without a full stop.
    pub(crate) fn parse(table: toml::Table) -> Result<Self, String> {
        let raw: RawParams = table.try_into().map_err(|error: toml::de::Error| error.message().trim().to_owned())?;
        let component = settings::component(&raw.component).ok_or_else(|| {
            let known: Vec<&str> = settings::components().iter().map(|component| component.id.as_str()).collect();
            format!("no component is named `{}`; there are {}", raw.component, known.join(", "))
        })?;
        let setting = |name: &str| {
            component.setting(name).ok_or_else(|| format!("{} has no known setting `{name}`", component.id))
        };
        let all = |raw: BTreeMap<String, Expectation>| -> Result<Vec<_>, String> {
            raw.into_iter().map(|(name, expectation)| Ok((setting(&name)?, expectation))).collect()
        };
        let (expect, or) = (all(raw.expect)?, all(raw.or)?);
        for other in expect.iter().chain(&or).filter_map(|(_, expectation)| expectation.other()) {
            let known = settings::component(&other.component).and_then(|it| it.setting(&other.setting));
            known.ok_or_else(|| format!("{} has no known setting `{}`", other.component, other.setting))?;
        }
        if expect.is_empty() {
            return Err("`expect` names no setting".to_owned());
        }
        Ok(Self { component, when_set: raw.when_set.as_deref().map(setting).transpose()?, expect, or })
    }
}

impl Expectation {
    /// The setting of another component that it is compared with.
    fn other(&self) -> Option<&Other> {
        match self {
            Self::DiffersFrom(other) => Some(other),
            _ => None,
        }
    }

    /// Compares. `name` is how the setting is written: `--profiling`.
    pub(crate) fn judge(&self, name: &str, value: &Value, elsewhere: Elsewhere<'_>) -> Verdict {
        let (text, how) = match value {
            Value::Hidden(why) => return Verdict::NotVisible(format!("{name}: {why}")),
            Value::Set(text) => {
                (Some(text.as_str()), format!("{name} is {}", if text.is_empty() { "empty" } else { text }))
            }
            Value::Default(text) => (Some(text.as_str()), format!("{name} is not set, and the default is {text}")),
            Value::Unset => (None, format!("{name} is not set")),
        };
        let items = || text.unwrap_or_default().split(',').map(str::trim).filter(|item| !item.is_empty());
        let others = match self.other().map(elsewhere).transpose() {
            Ok(others) => others.unwrap_or_default(),
            Err(why) => return Verdict::NotVisible(format!("{name}: {why}")),
        };
        let number = || text.and_then(|text| text.parse::<i64>().ok());
        let met = match self {
            Self::Set => matches!(value, Value::Set(text) if !text.is_empty()),
            Self::Unset => matches!(value, Value::Unset),
            Self::OneOf(allowed) => text.is_some_and(|text| allowed.iter().any(|item| item == text)),
            Self::Has(wanted) => wanted.iter().all(|wanted| items().any(|item| item == wanted)),
            Self::Lacks(unwanted) => items().all(|item| !unwanted.iter().any(|unwanted| unwanted == item)),
            Self::Only(allowed) => text.is_some() && items().all(|item| allowed.iter().any(|allowed| allowed == item)),
            Self::AtLeast(least) => number().is_some_and(|number| number >= *least),
            Self::AtLeastOrZero(least) => number().is_some_and(|number| number == 0 || number >= *least),
            Self::DiffersFrom(_) => {
                matches!(value, Value::Set(text) if !text.is_empty() && others.iter().all(|other| other != text))
            }
        };
        if met { Verdict::Met } else { Verdict::Failed(format!("{how}; expected {}", self.wanted())) }
    }

    /// As a phrase after "expected".
    pub(super) fn wanted(&self) -> String {
        match self {
            Self::Set => "that it is set".to_owned(),
            Self::Unset => "that it is not set".to_owned(),
            Self::OneOf(allowed) => allowed.join(" or "),
            Self::Has(wanted) => format!("with {}", wanted.join(" and ")),
            Self::Lacks(unwanted) => format!("without {}", unwanted.join(" and ")),
            Self::Only(allowed) => format!("nothing but {}", allowed.join(", ")),
            Self::AtLeast(least) => format!("at least {least}"),
            Self::AtLeastOrZero(least) => format!("at least {least}, or 0 for no limit"),
            Self::DiffersFrom(other) => format!("another than --{} of {}", other.setting, other.component),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(text: &str) -> Value {
        Value::Set(text.to_owned())
    }

    fn meets(expectation: &Expectation, value: &Value) -> bool {
        expectation.judge("--x", value, &|_| Ok(vec!["/ca".to_owned()])) == Verdict::Met
    }

    #[test]
    fn expectations_tell_good_from_bad() {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        for (expectation, good, bad) in [
            (Expectation::Set, set("/a"), Value::Unset),
            (Expectation::Unset, Value::Unset, set("/a")),
            (Expectation::OneOf(words(&["false"])), set("false"), Value::Default("true".to_owned())),
            (Expectation::Has(words(&["Node", "RBAC"])), set("RBAC,Node"), set("RBAC")),
            (Expectation::Lacks(words(&["AlwaysAllow"])), Value::Unset, Value::Default("AlwaysAllow".to_owned())),
            (Expectation::Only(words(&["A", "B"])), set("B"), set("B,C")),
            (Expectation::Only(words(&["A"])), set("A"), Value::Unset),
            (Expectation::AtLeast(30), set("30"), set("x")),
            (Expectation::AtLeastOrZero(30), Value::Default("0".to_owned()), set("7")),
            (
                Expectation::DiffersFrom(Other { component: "a".to_owned(), setting: "b".to_owned() }),
                set("/etcd"),
                set("/ca"),
            ),
        ] {
            assert!(meets(&expectation, &good) && !meets(&expectation, &bad), "{expectation:?}");
            let hidden = Value::Hidden("why".to_owned());
            assert_eq!(expectation.judge("--x", &hidden, &nowhere), Verdict::NotVisible("--x: why".to_owned()));
        }
        let verdict =
            Expectation::OneOf(words(&["false"])).judge("--profiling", &Value::Default("true".to_owned()), &nowhere);
        let text = "--profiling is not set, and the default is true; expected false";
        assert_eq!(verdict, Verdict::Failed(text.to_owned()));
    }

    #[test]
    fn unknown_names_are_refused() {
        let parse = |text: &str| Params::parse(toml::from_str(text).expect("TOML")).expect_err("refused");
        assert!(
            parse("component = 'kube-proxy'\nexpect = { a = 'set' }").contains("no component is named `kube-proxy`")
        );
        assert!(parse("component = 'etcd'\nexpect = { a = 'set' }").contains("no known setting `a`"));
        assert!(parse("component = 'etcd'\nexpect = {}").contains("no setting"));
        assert!(!parse("component = 'etcd'\nexpect = { auto-tls = 'maybe' }").is_empty());
        let other = "expect = { auto-tls = { differs-from = { component = 'etcd', setting = 'b' } } }";
        assert!(parse(&format!("component = 'etcd'\n{other}")).contains("no known setting `b`"));
    }
}
