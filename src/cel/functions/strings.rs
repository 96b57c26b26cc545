//! cel-go's `ext.Strings`. Positions count characters, not bytes.

use super::{Function, Style, count, int, meaningless, method, standard, text};
use crate::cel::{
    eval::{Answer, Fault, Machine},
    value::{List, Value},
};
use crate::sort::Sort;

pub(super) const FUNCTIONS: &[Function] = &[
    method("charAt", 2..=2, |machine, args| {
        let (text, at) = (text("charAt", args, 0)?, int("charAt", args, 1)?);
        machine.charge(args[0].weight())?;
        let length = text.chars().count();
        let at = usize::try_from(at).ok().filter(|at| *at <= length);
        let at = at.ok_or_else(|| format!("index {} is out of range of {length} characters", shown(&args[1])))?;
        Ok(Value::text(text.chars().nth(at).map(String::from).unwrap_or_default()))
    }),
    method("indexOf", 2..=3, |machine, args| find(machine, "indexOf", args)),
    method("lastIndexOf", 2..=3, |machine, args| find(machine, "lastIndexOf", args)),
    method("join", 1..=2, join),
    method("lowerAscii", 1..=1, |machine, args| {
        machine.charge(args[0].weight())?;
        Ok(Value::text(text("lowerAscii", args, 0)?.to_ascii_lowercase()))
    }),
    method("upperAscii", 1..=1, |machine, args| {
        machine.charge(args[0].weight())?;
        Ok(Value::text(text("upperAscii", args, 0)?.to_ascii_uppercase()))
    }),
    method("trim", 1..=1, |_, args| Ok(Value::text(text("trim", args, 0)?.trim()))),
    method("replace", 3..=4, replace),
    method("split", 2..=3, split),
    method("substring", 2..=3, substring),
    method("format", 2..=2, format),
    Function {
        name: "strings.quote",
        style: Style::Global,
        arity: 1..=1,
        pattern: false,
        call: |machine, args| {
            machine.charge(args[0].weight())?;
            Ok(Value::text(quote(text("strings.quote", args, 0)?)))
        },
    },
    method("reverse", 1..=1, |machine, args| {
        machine.charge(args[0].weight())?;
        match &args[0] {
            Value::Text(text) => Ok(Value::text(text.chars().rev().collect::<String>())),
            Value::List(list) => {
                let mut values = list.values()?;
                values.reverse();
                Ok(Value::list(values))
            }
            _ => Err(meaningless("reverse", args)),
        }
    }),
];

fn shown(value: &Value<'_>) -> String {
    match value {
        Value::Int(value) => value.to_string(),
        other => other.kind().to_owned(),
    }
}

/// `indexOf` and `lastIndexOf`, of texts and lists.
fn find<'a>(machine: &mut Machine<'a>, name: &str, args: &[Value<'a>]) -> Answer<'a> {
    let last = name == "lastIndexOf";
    let whole = match (&args[0], args.len()) {
        (Value::List(list), 2) => {
            let mut found = None;
            for index in 0..list.len() {
                let element = list.get(index).ok_or("the list ended early")??;
                if machine.equal(&element, &args[1])? {
                    found = Some(index);
                    if !last {
                        break;
                    }
                }
            }
            return Ok(found.map_or(Value::Int(-1), count));
        }
        (Value::Text(text), _) => text,
        _ => return Err(meaningless(name, args)),
    };
    let part = text(name, args, 1)?;
    machine.charge(args[0].weight())?;
    let length = whole.chars().count();
    let offset = match args.get(2) {
        None if last => length,
        None => 0,
        Some(_) => {
            let offset = int(name, args, 2)?;
            let fits = usize::try_from(offset).ok().filter(|offset| *offset <= length);
            fits.ok_or_else(|| format!("index {offset} is out of range of {length} characters"))?
        }
    };
    let bytes = |characters: usize| whole.char_indices().nth(characters).map_or(whole.len(), |(at, _)| at);
    let found = if last {
        // The match begins at the offset at the latest.
        let end = bytes(offset).saturating_add(part.len()).min(whole.len());
        // Where a character is cut, nothing matches that begins at the offset itself.
        let end = (0..=end).rev().find(|end| whole.is_char_boundary(*end)).unwrap_or(0);
        whole[..end].rfind(&**part)
    } else {
        let start = bytes(offset);
        whole[start..].find(&**part).map(|at| start + at)
    };
    Ok(found.map_or(Value::Int(-1), |at| count(whole[..at].chars().count())))
}

fn join<'a>(machine: &mut Machine<'a>, args: &[Value<'a>]) -> Answer<'a> {
    let Value::List(list) = &args[0] else { return Err(meaningless("join", args)) };
    let separator = if args.len() > 1 { &**text("join", args, 1)? } else { "" };
    machine.charge(list.len() as u64)?;
    let mut joined = String::new();
    for (index, value) in list.values()?.iter().enumerate() {
        let Value::Text(part) = value else {
            return Err(format!("`join` joins texts, not {}", value.kind()).into());
        };
        machine.charge(value.weight() + separator.len() as u64 / 16)?;
        if index > 0 {
            joined.push_str(separator);
        }
        joined.push_str(part);
    }
    Ok(Value::text(joined))
}

fn replace<'a>(machine: &mut Machine<'a>, args: &[Value<'a>]) -> Answer<'a> {
    let (whole, from, to) = (text("replace", args, 0)?, text("replace", args, 1)?, text("replace", args, 2)?);
    let limit = if args.len() > 3 { int("replace", args, 3)? } else { -1 };
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    // What the result can weigh, before there is one.
    let matches = whole.matches(&**from).count().min(most) as u64;
    machine.charge(args[0].weight().saturating_add(matches.saturating_mul(args[2].weight())))?;
    Ok(Value::text(whole.replacen(&**from, to, most)))
}

fn split<'a>(machine: &mut Machine<'a>, args: &[Value<'a>]) -> Answer<'a> {
    let (whole, by) = (text("split", args, 0)?, text("split", args, 1)?);
    let limit = if args.len() > 2 { int("split", args, 2)? } else { -1 };
    machine.charge(args[0].weight() * if by.is_empty() { 16 } else { 1 })?;
    let parts: Vec<Value<'a>> = match limit {
        0 => Vec::new(),
        _ => {
            let most = usize::try_from(limit).unwrap_or(usize::MAX);
            if by.is_empty() {
                let mut rest = &**whole;
                let mut parts = Vec::new();
                while let Some(first) = rest.chars().next() {
                    if parts.len() + 1 == most {
                        break;
                    }
                    parts.push(Value::text(&rest[..first.len_utf8()]));
                    rest = &rest[first.len_utf8()..];
                }
                if !rest.is_empty() {
                    parts.push(Value::text(rest));
                }
                parts
            } else {
                let mut parts = Vec::new();
                for part in whole.splitn(most, &**by) {
                    machine.charge(1)?;
                    parts.push(Value::text(part));
                }
                parts
            }
        }
    };
    Ok(Value::list(parts))
}

fn substring<'a>(machine: &mut Machine<'a>, args: &[Value<'a>]) -> Answer<'a> {
    let whole = text("substring", args, 0)?;
    machine.charge(args[0].weight())?;
    let length = whole.chars().count();
    let at = |index: usize| -> Result<usize, Fault> {
        let position = int("substring", args, index)?;
        let fits = usize::try_from(position).ok().filter(|position| *position <= length);
        Ok(fits.ok_or_else(|| format!("index {position} is out of range of {length} characters"))?)
    };
    let start = at(1)?;
    let end = if args.len() > 2 { at(2)? } else { length };
    if start > end {
        return Err(format!("the substring ends at {end}, before it begins at {start}").into());
    }
    Ok(Value::text(whole.chars().skip(start).take(end - start).collect::<String>()))
}

fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '\u{7}' => quoted.push_str("\\a"),
            '\u{8}' => quoted.push_str("\\b"),
            '\u{c}' => quoted.push_str("\\f"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\u{b}' => quoted.push_str("\\v"),
            '\\' => quoted.push_str("\\\\"),
            '"' => quoted.push_str("\\\""),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

/// `"%s has %d".format([a, b])`: the verbs `s d f e x X o b` and `%%`, with a precision for `f` and `e`.
fn format<'a>(machine: &mut Machine<'a>, args: &[Value<'a>]) -> Answer<'a> {
    let pattern = text("format", args, 0)?;
    let Value::List(list) = &args[1] else { return Err(meaningless("format", args)) };
    let mut values = list.values()?.into_iter();
    let mut out = String::new();
    let mut rest = &**pattern;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('%') {
            out.push('%');
            rest = after;
            continue;
        }
        let mut precision = 6;
        if let Some(after) = rest.strip_prefix('.') {
            let digits = after.bytes().take_while(u8::is_ascii_digit).count();
            precision = after[..digits]
                .parse::<usize>()
                .ok()
                .filter(|digits| *digits <= 100)
                .ok_or("`%.` wants a precision up to 100")?;
            rest = &after[digits..];
        }
        let verb = rest.chars().next().ok_or("`format` ends with a `%`")?;
        rest = &rest[verb.len_utf8()..];
        let value = values.next().ok_or("`format` has fewer values than verbs")?;
        machine.charge(value.weight())?;
        let part = formatted(machine, verb, precision, &value)?;
        machine.charge(part.len() as u64 / 16)?;
        out.push_str(&part);
    }
    out.push_str(rest);
    machine.charge(out.len() as u64 / 16)?;
    Ok(Value::text(out))
}

fn formatted<'a>(machine: &mut Machine<'a>, verb: char, precision: usize, value: &Value<'a>) -> Result<String, Fault> {
    let wrong = || Fault::from(format!("`%{verb}` does not print {}", value.kind()));
    Ok(match (verb, value) {
        ('s', value) => printed(machine, value)?,
        ('d', Value::Int(value)) => value.to_string(),
        ('d', Value::UInt(value)) => value.to_string(),
        ('d' | 'e' | 'f', Value::Double(value)) if !value.is_finite() => plain(*value),
        ('f', Value::Double(value)) => format!("{value:.precision$}"),
        ('f', Value::Int(value)) => format!("{:.precision$}", *value as f64),
        ('f', Value::UInt(value)) => format!("{:.precision$}", *value as f64),
        ('e', Value::Double(_) | Value::Int(_) | Value::UInt(_)) => {
            let text = match value {
                Value::Int(value) => format!("{:.precision$e}", *value as f64),
                Value::UInt(value) => format!("{:.precision$e}", *value as f64),
                Value::Double(value) => format!("{value:.precision$e}"),
                _ => return Err(wrong()),
            };
            let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
            let (sign, digits) = exponent.strip_prefix('-').map_or(('+', exponent), |digits| ('-', digits));
            format!("{mantissa}e{sign}{digits:0>2}")
        }
        ('b', Value::Bool(value)) => u8::from(*value).to_string(),
        ('b', Value::Int(value)) if *value < 0 => format!("-{:b}", value.unsigned_abs()),
        ('b', Value::Int(value)) => format!("{value:b}"),
        ('b', Value::UInt(value)) => format!("{value:b}"),
        ('o', Value::Int(value)) if *value < 0 => format!("-{:o}", value.unsigned_abs()),
        ('o', Value::Int(value)) => format!("{value:o}"),
        ('o', Value::UInt(value)) => format!("{value:o}"),
        ('x' | 'X', value) => {
            let text = match value {
                Value::Int(value) if *value < 0 => format!("-{:x}", value.unsigned_abs()),
                Value::Int(value) => format!("{value:x}"),
                Value::UInt(value) => format!("{value:x}"),
                Value::Text(text) => crate::digest::hex(text.as_bytes()),
                Value::Bytes(bytes) => crate::digest::hex(bytes),
                _ => return Err(wrong()),
            };
            if verb == 'X' { text.to_ascii_uppercase() } else { text }
        }
        _ => return Err(wrong()),
    })
}

/// A double without an exponent.
fn plain(value: f64) -> String {
    match value {
        f64::INFINITY => "Infinity".to_owned(),
        f64::NEG_INFINITY => "-Infinity".to_owned(),
        value => value.to_string(),
    }
}

/// `%s`: texts as they are, lists and maps with their elements.
fn printed<'a>(machine: &mut Machine<'a>, value: &Value<'a>) -> Result<String, Fault> {
    machine.charge(value.weight())?;
    Ok(match value {
        Value::Null => "null".to_owned(),
        Value::Type(name) => (*name).to_owned(),
        Value::Double(value) => plain(*value),
        Value::List(list) => {
            let parts: Result<Vec<_>, Fault> =
                list.values()?.iter().map(|value| machine.deeper(|machine| printed(machine, value))).collect();
            format!("[{}]", parts?.join(", "))
        }
        Value::Map(map) => {
            let mut parts = Vec::new();
            for (key, value) in (0..map.len()).filter_map(|index| map.entry(index)) {
                let (key, value) = (printed(machine, &key)?, value?);
                parts.push(format!("{key}: {}", machine.deeper(|machine| printed(machine, &value))?));
            }
            parts.order();
            format!("{{{}}}", parts.join(", "))
        }
        other => match standard::string(other)? {
            Value::Text(text) => text.to_string(),
            _ => return Err(format!("`%s` does not print {}", other.kind()).into()),
        },
    })
}

/// Values as a list, for libraries that take one; copying it is counted.
pub(super) fn values<'a>(
    machine: &mut Machine<'a>,
    name: &str,
    args: &[Value<'a>],
    index: usize,
) -> Result<Vec<Value<'a>>, Fault> {
    match args.get(index) {
        Some(Value::List(list)) => {
            machine.charge(list.len() as u64)?;
            Ok(List::values(list)?)
        }
        _ => Err(meaningless(name, args)),
    }
}
