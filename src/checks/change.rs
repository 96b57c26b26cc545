//! What a workspace may change of a check's parameters: `[[check-override]]` with `params`.
//!
//! In: a definition, the name of a parameter, its new value. Out: the definition with it, or why not. Parameters are
//! those of `[check.params]`; what a check of settings expects is named `expect.SETTING`.

use serde::Deserialize;
use toml::Value;

use super::{Definition, Question, params::Expectation};

/// Why a parameter cannot be changed so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refused {
    /// There is none of this name; those that there are.
    Unknown(Vec<String>),
    /// The value is none for it: one sentence without a full stop.
    Wrong(String),
}

impl Definition {
    /// Names of its parameters.
    pub(crate) fn params(&self) -> Vec<String> {
        match &self.question {
            Question::Rules(rules) => rules.names.params.iter().map(|param| param.name.clone()).collect(),
            Question::Named { params: Some(params), .. } => {
                params.expect.iter().map(|(setting, _)| format!("expect.{}", setting.name)).collect()
            }
            Question::Named { params: None, .. } => Vec::new(),
        }
    }

    /// A parameter's value as a person reads it.
    pub(crate) fn param(&self, name: &str) -> Option<String> {
        match &self.question {
            Question::Rules(rules) => {
                let param = rules.names.params.iter().find(|param| param.name == name)?;
                Some(param.value.to_string())
            }
            Question::Named { params, .. } => {
                let mut expect = params.iter().flat_map(|params| &params.expect);
                let (_, expectation) =
                    expect.find(|(setting, _)| name.strip_prefix("expect.") == Some(&setting.name))?;
                Some(expectation.wanted())
            }
        }
    }

    /// The check with another value of a parameter.
    pub(crate) fn with(&self, name: &str, value: &Value) -> Result<Self, Refused> {
        let mut changed = self.clone();
        match &mut changed.question {
            Question::Rules(rules) => {
                let mut new = (**rules).clone();
                let param = new.names.params.iter_mut().find(|param| param.name == name);
                let param = param.ok_or_else(|| Refused::Unknown(self.params()))?;
                same_type(name, &param.value, value)?;
                param.set(value.clone());
                *rules = new.into();
            }
            Question::Named { params, .. } => {
                let mut expect = params.iter_mut().flat_map(|params| &mut params.expect);
                let known = expect.find(|(setting, _)| name.strip_prefix("expect.") == Some(&setting.name));
                let (_, expectation) = known.ok_or_else(|| Refused::Unknown(self.params()))?;
                *expectation = Expectation::deserialize(value.clone())
                    .map_err(|error| Refused::Wrong(format!("`{name}`: {}", error.message().trim())))?;
            }
        }
        Ok(changed)
    }
}

fn same_type(name: &str, old: &Value, new: &Value) -> Result<(), Refused> {
    if !old.same_type(new) {
        return Err(Refused::Wrong(format!("parameter `{name}` is {}, not {}", word(old), word(new))));
    }
    if let (Value::Array(old), Value::Array(new)) = (old, new)
        && let Some(first) = old.first()
        && let Some(other) = new.iter().find(|element| !element.same_type(first))
    {
        let message = format!("each element of parameter `{name}` is {}, not {}", word(first), word(other));
        return Err(Refused::Wrong(message));
    }
    Ok(())
}

fn word(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "a text",
        Value::Integer(_) => "a whole number",
        Value::Float(_) => "a number with a point",
        Value::Boolean(_) => "true or false",
        Value::Datetime(_) => "a date",
        Value::Array(_) => "a list",
        Value::Table(_) => "a table",
    }
}
