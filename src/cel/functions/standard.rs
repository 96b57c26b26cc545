//! Standard functions and conversions of cel-spec, optional values, and comparisons that several types share.

use std::cmp::Ordering;

use super::{Function, Style, count, global, meaningless, method, text};
use crate::cel::{eval::Answer, value::Value};

pub(super) const FUNCTIONS: &[Function] = &[
    Function { name: "size", style: Style::Both, arity: 1..=1, pattern: false, call: |_, args| size(args) },
    global("bool", 1..=1, |_, args| match &args[0] {
        Value::Bool(_) => Ok(args[0].clone()),
        Value::Text(text) => match &**text {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(Value::Bool(true)),
            "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(Value::Bool(false)),
            other => Err(format!("`{other}` is neither true nor false").into()),
        },
        _ => Err(meaningless("bool", args)),
    }),
    global("bytes", 1..=1, |_, args| match &args[0] {
        Value::Bytes(_) => Ok(args[0].clone()),
        Value::Text(text) => Ok(Value::Bytes(text.as_bytes().into())),
        _ => Err(meaningless("bytes", args)),
    }),
    global("double", 1..=1, |_, args| match &args[0] {
        Value::Double(_) => Ok(args[0].clone()),
        Value::Int(value) => Ok(Value::Double(*value as f64)),
        Value::UInt(value) => Ok(Value::Double(*value as f64)),
        Value::Text(text) => Ok(Value::Double(text.parse().map_err(|_| format!("`{}` is no number", &**text))?)),
        _ => Err(meaningless("double", args)),
    }),
    global("int", 1..=1, |_, args| match &args[0] {
        Value::Int(_) => Ok(args[0].clone()),
        Value::UInt(value) => Ok(Value::Int(i64::try_from(*value).map_err(|_| "integer overflow")?)),
        // Both ends of the range are beyond what a double can tell apart.
        Value::Double(value) if *value > -9_223_372_036_854_775_808.0 && *value < 9_223_372_036_854_775_808.0 => {
            Ok(Value::Int(*value as i64))
        }
        Value::Double(_) => Err("integer overflow".into()),
        Value::Text(text) => Ok(Value::Int(text.parse().map_err(|_| format!("`{}` is no integer", &**text))?)),
        Value::Timestamp(at) => Ok(Value::Int(at.timestamp())),
        _ => Err(meaningless("int", args)),
    }),
    global("uint", 1..=1, |_, args| match &args[0] {
        Value::UInt(_) => Ok(args[0].clone()),
        Value::Int(value) => Ok(Value::UInt(u64::try_from(*value).map_err(|_| "integer overflow")?)),
        Value::Double(value) if *value >= 0.0 && *value < 18_446_744_073_709_551_616.0 => {
            Ok(Value::UInt(*value as u64))
        }
        Value::Double(_) => Err("integer overflow".into()),
        Value::Text(text) => Ok(Value::UInt(text.parse().map_err(|_| format!("`{}` is no integer", &**text))?)),
        _ => Err(meaningless("uint", args)),
    }),
    global("string", 1..=1, |_, args| string(&args[0])),
    global("dyn", 1..=1, |_, args| Ok(args[0].clone())),
    global("type", 1..=1, |_, args| Ok(Value::Type(args[0].kind()))),
    global("optional.of", 1..=1, |_, args| Ok(Value::some(args[0].clone()))),
    global("optional.none", 0..=0, |_, _| Ok(Value::Optional(None))),
    global("optional.ofNonZeroValue", 1..=1, |_, args| {
        Ok(if zero(&args[0]) { Value::Optional(None) } else { Value::some(args[0].clone()) })
    }),
    method("hasValue", 1..=1, |_, args| match &args[0] {
        Value::Optional(value) => Ok(Value::Bool(value.is_some())),
        _ => Err(meaningless("hasValue", args)),
    }),
    method("value", 1..=1, |_, args| match &args[0] {
        Value::Optional(Some(value)) => Ok((**value).clone()),
        Value::Optional(None) => Err("optional.none() has no value".into()),
        _ => Err(meaningless("value", args)),
    }),
    method("contains", 2..=2, |machine, args| {
        let (whole, part) = (text("contains", args, 0)?, text("contains", args, 1)?);
        machine.charge(args[0].weight())?;
        Ok(Value::Bool(whole.contains(&**part)))
    }),
    method("startsWith", 2..=2, |_, args| {
        Ok(Value::Bool(text("startsWith", args, 0)?.starts_with(&**text("startsWith", args, 1)?)))
    }),
    method("endsWith", 2..=2, |_, args| {
        Ok(Value::Bool(text("endsWith", args, 0)?.ends_with(&**text("endsWith", args, 1)?)))
    }),
    method("compareTo", 2..=2, |_, args| {
        let order = compare("compareTo", args)?;
        Ok(Value::Int(order as i64))
    }),
    method("isGreaterThan", 2..=2, |_, args| Ok(Value::Bool(compare("isGreaterThan", args)? == Ordering::Greater))),
    method("isLessThan", 2..=2, |_, args| Ok(Value::Bool(compare("isLessThan", args)? == Ordering::Less))),
];

fn size<'a>(args: &[Value<'a>]) -> Answer<'a> {
    match &args[0] {
        Value::Text(text) => Ok(count(text.chars().count())),
        Value::Bytes(bytes) => Ok(count(bytes.len())),
        Value::List(list) => Ok(count(list.len())),
        Value::Map(map) => Ok(count(map.len())),
        _ => Err(meaningless("size", args)),
    }
}

pub(super) fn string<'a>(value: &Value<'a>) -> Answer<'a> {
    Ok(Value::text(match value {
        Value::Text(_) => return Ok(value.clone()),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::UInt(value) => value.to_string(),
        Value::Double(value) => double(*value),
        Value::Bytes(bytes) => std::str::from_utf8(bytes).map_err(|_| "these bytes are not UTF-8")?.to_owned(),
        Value::Timestamp(at) => at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true),
        Value::Duration(duration) => super::time::seconds(*duration),
        Value::Ip(ip) => ip.to_string(),
        Value::Cidr(cidr) => cidr.to_string(),
        Value::Semver(version) => version.to_string(),
        other => return Err(meaningless("string", std::slice::from_ref(other))),
    }))
}

/// As Go prints `%g`: the shortest digits, with an exponent where that is below -4 or above 5.
fn double(value: f64) -> String {
    if !value.is_finite() {
        return if value.is_nan() {
            "NaN"
        } else if value > 0.0 {
            "+Inf"
        } else {
            "-Inf"
        }
        .to_owned();
    }
    let text = format!("{value:e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let power: i32 = exponent.parse().unwrap_or(0);
    if (-4..LARGEST_PLAIN).contains(&power) {
        return value.to_string();
    }
    let sign = if power < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", power.unsigned_abs())
}

/// From this power of ten on Go prints an exponent.
const LARGEST_PLAIN: i32 = 6;

fn zero(value: &Value<'_>) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Int(value) => *value == 0,
        Value::UInt(value) => *value == 0,
        Value::Double(value) => *value == 0.0,
        Value::Text(text) => text.is_empty(),
        Value::Bytes(bytes) => bytes.is_empty(),
        Value::List(list) => list.len() == 0,
        Value::Map(map) => map.len() == 0,
        Value::Duration(duration) => duration.is_zero(),
        Value::Optional(value) => value.is_none(),
        _ => false,
    }
}

fn compare(name: &str, args: &[Value<'_>]) -> Result<Ordering, crate::cel::Fault> {
    match (&args[0], &args[1]) {
        (Value::Quantity(a), Value::Quantity(b)) => Ok(a.cmp(b)),
        (Value::Semver(a), Value::Semver(b)) => Ok(a.cmp_precedence(b)),
        _ => Err(meaningless(name, args)),
    }
}
