//! Kubernetes' `semver` library.

use std::rc::Rc;

use ::semver::Version;

use super::{Function, global, meaningless, method, text};
use crate::cel::value::Value;

pub(super) const FUNCTIONS: &[Function] = &[
    global("isSemver", 1..=2, |_, args| Ok(Value::Bool(parse("isSemver", args)?.is_ok()))),
    global("semver", 1..=2, |_, args| Ok(Value::Semver(Rc::new(parse("semver", args)??)))),
    method("major", 1..=1, |_, args| part("major", args, |version| version.major)),
    method("minor", 1..=1, |_, args| part("minor", args, |version| version.minor)),
    method("patch", 1..=1, |_, args| part("patch", args, |version| version.patch)),
];

fn part<'a>(name: &str, args: &[Value<'a>], part: impl Fn(&Version) -> u64) -> Result<Value<'a>, crate::cel::Fault> {
    match &args[0] {
        Value::Semver(version) => Ok(Value::Int(i64::try_from(part(version)).map_err(|_| "integer overflow")?)),
        _ => Err(meaningless(name, args)),
    }
}

/// Outer error: arguments of other types; inner one: no version.
fn parse(name: &str, args: &[Value<'_>]) -> Result<Result<Version, String>, crate::cel::Fault> {
    let text = text(name, args, 0)?;
    let normalize = match args.get(1) {
        None => false,
        Some(Value::Bool(normalize)) => *normalize,
        Some(_) => return Err(meaningless(name, args)),
    };
    let spelled = if normalize { normalized(text) } else { text.to_string() };
    Ok(Version::parse(&spelled).map_err(|_| format!("`{}` is no semantic version", &**text)))
}

/// Drops a leading `v`, adds missing numbers, drops leading zeros.
fn normalized(text: &str) -> String {
    let text = text.strip_prefix('v').unwrap_or(text);
    let end = text.find(['-', '+']).unwrap_or(text.len());
    let (numbers, rest) = text.split_at(end);
    let mut numbers: Vec<&str> = numbers
        .split('.')
        .map(|number| match number.trim_start_matches('0') {
            "" if !number.is_empty() => "0",
            trimmed => trimmed,
        })
        .collect();
    while numbers.len() < 3 {
        numbers.push("0");
    }
    format!("{}{rest}", numbers.join("."))
}
