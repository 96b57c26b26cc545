//! Timestamps and durations of cel-spec. Parts of a timestamp are those of UTC.

use chrono::{DateTime, Datelike, TimeDelta, Timelike, Utc};

use super::{Function, global, meaningless, method};
use crate::cel::{Fault, value::Value};

pub(super) const FUNCTIONS: &[Function] = &[
    global("timestamp", 1..=1, |_, args| match &args[0] {
        Value::Timestamp(_) => Ok(args[0].clone()),
        Value::Int(seconds) => {
            Ok(Value::Timestamp(DateTime::from_timestamp(*seconds, 0).ok_or("timestamp out of range")?))
        }
        Value::Text(text) => {
            let at = DateTime::parse_from_rfc3339(text).map_err(|_| format!("`{}` is no timestamp", &**text))?;
            Ok(Value::Timestamp(at.with_timezone(&Utc)))
        }
        _ => Err(meaningless("timestamp", args)),
    }),
    global("duration", 1..=1, |_, args| match &args[0] {
        Value::Duration(_) => Ok(args[0].clone()),
        Value::Text(text) => Ok(Value::Duration(parse(text).ok_or_else(|| format!("`{}` is no duration", &**text))?)),
        _ => Err(meaningless("duration", args)),
    }),
    method("getFullYear", 1..=1, |_, args| Ok(Value::Int(at("getFullYear", args)?.year().into()))),
    method("getMonth", 1..=1, |_, args| Ok(Value::Int(at("getMonth", args)?.month0().into()))),
    method("getDate", 1..=1, |_, args| Ok(Value::Int(at("getDate", args)?.day().into()))),
    method("getDayOfMonth", 1..=1, |_, args| Ok(Value::Int(at("getDayOfMonth", args)?.day0().into()))),
    method("getDayOfWeek", 1..=1, |_, args| {
        Ok(Value::Int(at("getDayOfWeek", args)?.weekday().num_days_from_sunday().into()))
    }),
    method("getDayOfYear", 1..=1, |_, args| Ok(Value::Int(at("getDayOfYear", args)?.ordinal0().into()))),
    method("getHours", 1..=1, |_, args| match &args[0] {
        Value::Duration(duration) => Ok(Value::Int(duration.num_hours())),
        _ => Ok(Value::Int(at("getHours", args)?.hour().into())),
    }),
    method("getMinutes", 1..=1, |_, args| match &args[0] {
        Value::Duration(duration) => Ok(Value::Int(duration.num_minutes())),
        _ => Ok(Value::Int(at("getMinutes", args)?.minute().into())),
    }),
    method("getSeconds", 1..=1, |_, args| match &args[0] {
        Value::Duration(duration) => Ok(Value::Int(duration.num_seconds())),
        _ => Ok(Value::Int(at("getSeconds", args)?.second().into())),
    }),
    method("getMilliseconds", 1..=1, |_, args| match &args[0] {
        Value::Duration(duration) => Ok(Value::Int(i64::from(duration.subsec_millis()))),
        _ => Ok(Value::Int(at("getMilliseconds", args)?.timestamp_subsec_millis().into())),
    }),
];

fn at(name: &str, args: &[Value<'_>]) -> Result<DateTime<Utc>, Fault> {
    match &args[0] {
        Value::Timestamp(at) => Ok(*at),
        _ => Err(meaningless(name, args)),
    }
}

/// Go's `time.ParseDuration`: `1h30m`, `-1.5s`, `100ms`.
fn parse(text: &str) -> Option<TimeDelta> {
    let (sign, mut rest) = match text.as_bytes().first()? {
        b'-' => (-1, &text[1..]),
        b'+' => (1, &text[1..]),
        _ => (1, text),
    };
    if rest == "0" {
        return Some(TimeDelta::zero());
    }
    if rest.is_empty() {
        return None;
    }
    let mut total: i128 = 0;
    while !rest.is_empty() {
        let end = rest.bytes().position(|byte| !byte.is_ascii_digit() && byte != b'.')?;
        let (number, after) = rest.split_at(end);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') || number.len() > 32 {
            return None;
        }
        let (unit, length): (i128, usize) = match after {
            _ if after.starts_with("ns") => (1, 2),
            _ if after.starts_with("us") => (1_000, 2),
            _ if after.starts_with("µs") => (1_000, 3),
            _ if after.starts_with("ms") => (1_000_000, 2),
            _ if after.starts_with('s') => (1_000_000_000, 1),
            _ if after.starts_with('m') => (60_000_000_000, 1),
            _ if after.starts_with('h') => (3_600_000_000_000, 1),
            _ => return None,
        };
        let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        total = total.checked_add(whole.checked_mul(unit)?)?;
        let mut part = unit;
        for digit in fraction.bytes() {
            total += i128::from(digit - b'0') * part / 10;
            part /= 10;
        }
        rest = &after[length..];
    }
    Some(TimeDelta::nanoseconds(i64::try_from(sign * total).ok()?))
}

/// A duration as `string(duration)` gives it: seconds.
pub(super) fn seconds(duration: TimeDelta) -> String {
    let nanoseconds = i128::from(duration.num_seconds()) * 1_000_000_000 + i128::from(duration.subsec_nanos());
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let (whole, part) = (nanoseconds.abs() / 1_000_000_000, nanoseconds.abs() % 1_000_000_000);
    match part {
        0 => format!("{sign}{whole}s"),
        part => format!("{sign}{whole}.{}s", format!("{part:09}").trim_end_matches('0')),
    }
}
