//! Timestamps and durations of cel-spec. Parts of a timestamp are those of UTC, or of an offset.

use chrono::{DateTime, Datelike, FixedOffset, TimeDelta, Timelike, Utc};

use super::{Function, global, meaningless, method};
use crate::cel::{eval::Answer, value::Value};

pub(super) const FUNCTIONS: &[Function] = &[
    global("timestamp", 1..=1, |_, args| match &args[0] {
        Value::Timestamp(_) => Ok(args[0].clone()),
        Value::Int(seconds) => timestamp(DateTime::from_timestamp(*seconds, 0)),
        Value::Text(text) => {
            let at = DateTime::parse_from_rfc3339(text).map_err(|_| format!("`{}` is no timestamp", &**text))?;
            timestamp(Some(at.with_timezone(&Utc)))
        }
        _ => Err(meaningless("timestamp", args)),
    }),
    global("duration", 1..=1, |_, args| match &args[0] {
        Value::Duration(_) => Ok(args[0].clone()),
        Value::Text(text) => Ok(Value::Duration(parse(text).ok_or_else(|| format!("`{}` is no duration", &**text))?)),
        _ => Err(meaningless("duration", args)),
    }),
    method("getFullYear", 1..=2, |_, args| part("getFullYear", args, |at| at.year().into())),
    method("getMonth", 1..=2, |_, args| part("getMonth", args, |at| at.month0().into())),
    method("getDate", 1..=2, |_, args| part("getDate", args, |at| at.day().into())),
    method("getDayOfMonth", 1..=2, |_, args| part("getDayOfMonth", args, |at| at.day0().into())),
    method("getDayOfWeek", 1..=2, |_, args| {
        part("getDayOfWeek", args, |at| at.weekday().num_days_from_sunday().into())
    }),
    method("getDayOfYear", 1..=2, |_, args| part("getDayOfYear", args, |at| at.ordinal0().into())),
    method("getHours", 1..=2, |_, args| match args {
        [Value::Duration(duration)] => Ok(Value::Int(duration.num_hours())),
        _ => part("getHours", args, |at| at.hour().into()),
    }),
    method("getMinutes", 1..=2, |_, args| match args {
        [Value::Duration(duration)] => Ok(Value::Int(duration.num_minutes())),
        _ => part("getMinutes", args, |at| at.minute().into()),
    }),
    method("getSeconds", 1..=2, |_, args| match args {
        [Value::Duration(duration)] => Ok(Value::Int(duration.num_seconds())),
        _ => part("getSeconds", args, |at| at.second().into()),
    }),
    method("getMilliseconds", 1..=2, |_, args| match args {
        [Value::Duration(duration)] => Ok(Value::Int(i64::from(duration.subsec_millis()))),
        _ => part("getMilliseconds", args, |at| at.timestamp_subsec_millis().into()),
    }),
];

/// A timestamp, if it is in one of the years 1 to 9999.
pub(in crate::cel) fn timestamp<'a>(at: Option<DateTime<Utc>>) -> Answer<'a> {
    let sound = at.filter(|at| (1..=9999).contains(&at.year()));
    Ok(Value::Timestamp(sound.ok_or("timestamp overflow: years go from 1 to 9999")?))
}

/// A part of a timestamp, in the time zone of the second argument.
fn part<'a>(name: &str, args: &[Value<'a>], of: fn(&DateTime<FixedOffset>) -> i64) -> Answer<'a> {
    match args {
        [Value::Timestamp(at)] => Ok(Value::Int(of(&at.fixed_offset()))),
        [Value::Timestamp(at), Value::Text(text)] => Ok(Value::Int(of(&at.with_timezone(&zone(text)?)))),
        _ => Err(meaningless(name, args)),
    }
}

/// A time zone: an offset such as `+02:00`, or UTC. What a name such as `Europe/Berlin` stands for differs from machine to
/// machine and from year to year, so that the same evidence would not give the same answer.
pub(in crate::cel) fn zone(text: &str) -> Result<FixedOffset, String> {
    let refused = || format!("`{text}` is no time zone here: write UTC or an offset such as +02:00");
    let (sign, rest) = match text.as_bytes().first() {
        Some(b'-') => (-1, &text[1..]),
        Some(b'+') => (1, &text[1..]),
        _ => (1, text),
    };
    if matches!(text, "" | "UTC" | "Z") {
        return FixedOffset::east_opt(0).ok_or_else(refused);
    }
    let number = |digits: &str| -> Option<i32> {
        let plain = matches!(digits.len(), 1 | 2) && digits.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| digits.parse().ok()).flatten()
    };
    let (hours, minutes) = rest.split_once(':').ok_or_else(refused)?;
    let (hours, minutes) =
        number(hours).zip(number(minutes)).filter(|(_, minutes)| *minutes < 60).ok_or_else(refused)?;
    FixedOffset::east_opt(sign * (hours * 3600 + minutes * 60)).ok_or_else(refused)
}

/// Functions that take a time zone.
pub(in crate::cel) fn takes_zone(name: &str) -> bool {
    name.starts_with("get") && FUNCTIONS.iter().any(|function| function.name == name)
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
