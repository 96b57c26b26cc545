//! The functions of the language: one file a library, each a table of [`Function`]s.
//!
//! Standard functions as in cel-spec; strings, lists, sets and optional values as in cel-go's `ext`; the others as in
//! `k8s.io/apiserver/pkg/cel/library`, whose examples are the tests.

pub(crate) mod format;
pub(super) mod lists;
pub(crate) mod net;
pub(crate) mod quantity;
pub(super) mod regex;
mod semver;
mod sets;
mod standard;
mod strings;
pub(super) mod time;
pub(crate) mod url;

use std::ops::RangeInclusive;

use super::{
    eval::{Answer, Fault, Machine},
    value::{Text, Value},
};

/// A function of the language.
#[derive(Debug)]
pub(crate) struct Function {
    pub(super) name: &'static str,
    pub(super) style: Style,
    /// Arguments, the receiver among them.
    pub(super) arity: RangeInclusive<usize>,
    /// The second argument is a regular expression.
    pub(super) pattern: bool,
    pub(super) call: for<'a> fn(&mut Machine<'a>, &[Value<'a>]) -> Answer<'a>,
}

/// How a function is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// `f(x)`
    Global,
    /// `x.f()`
    Method,
    /// Either.
    Both,
}

const fn global(
    name: &'static str,
    arity: RangeInclusive<usize>,
    call: for<'a> fn(&mut Machine<'a>, &[Value<'a>]) -> Answer<'a>,
) -> Function {
    Function { name, style: Style::Global, arity, pattern: false, call }
}

const fn method(
    name: &'static str,
    arity: RangeInclusive<usize>,
    call: for<'a> fn(&mut Machine<'a>, &[Value<'a>]) -> Answer<'a>,
) -> Function {
    Function { name, style: Style::Method, arity, pattern: false, call }
}

/// All libraries.
pub(super) static ALL: [&[Function]; 11] = [
    standard::FUNCTIONS,
    strings::FUNCTIONS,
    lists::FUNCTIONS,
    sets::FUNCTIONS,
    regex::FUNCTIONS,
    quantity::FUNCTIONS,
    semver::FUNCTIONS,
    net::FUNCTIONS,
    url::FUNCTIONS,
    time::FUNCTIONS,
    format::FUNCTIONS,
];

/// Functions of this name.
pub(super) fn with_name(name: &str) -> impl Iterator<Item = &'static Function> {
    ALL.iter().flat_map(|list| list.iter()).filter(move |function| function.name == name)
}

/// Names of all functions.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    ALL.iter().flat_map(|list| list.iter()).map(|function| function.name)
}

/// An error for arguments of types that a function has no meaning for.
fn meaningless(name: &str, args: &[Value<'_>]) -> Fault {
    let kinds: Vec<&str> = args.iter().map(Value::kind).collect();
    format!("`{name}` has no meaning for {}", kinds.join(", ")).into()
}

fn text<'v, 'a>(name: &str, args: &'v [Value<'a>], index: usize) -> Result<&'v Text<'a>, Fault> {
    match args.get(index) {
        Some(Value::Text(text)) => Ok(text),
        _ => Err(meaningless(name, args)),
    }
}

fn int(name: &str, args: &[Value<'_>], index: usize) -> Result<i64, Fault> {
    match args.get(index) {
        Some(Value::Int(value)) => Ok(*value),
        _ => Err(meaningless(name, args)),
    }
}

/// A value as `string(value)` gives it, if it can.
pub(super) fn as_text(value: &Value<'_>) -> Option<String> {
    match standard::string(value) {
        Ok(Value::Text(text)) => Some(text.to_string()),
        _ => None,
    }
}

fn count<'a>(count: usize) -> Value<'a> {
    Value::Int(i64::try_from(count).unwrap_or(i64::MAX))
}
