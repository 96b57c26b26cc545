//! Regular expressions: `matches`, and Kubernetes' `find` and `findAll`. The syntax is RE2's in all but rarities, and
//! the time to match is linear in the text.

use ::regex::{Regex, RegexBuilder};

use super::{Function, Style, int, text};
use crate::cel::{
    eval::{Answer, Machine},
    value::{Text, Value},
};

/// Memory that one compiled expression may take, in bytes.
const LARGEST: usize = 256 << 10;

const fn function(name: &'static str, style: Style, most: usize) -> Function {
    Function {
        name,
        style,
        arity: 2..=most,
        pattern: true,
        call: match name.as_bytes() {
            b"matches" => |machine, args| computed(machine, "matches", args),
            b"find" => |machine, args| computed(machine, "find", args),
            _ => |machine, args| computed(machine, "findAll", args),
        },
    }
}

pub(super) const FUNCTIONS: &[Function] =
    &[function("matches", Style::Both, 2), function("find", Style::Method, 2), function("findAll", Style::Method, 3)];

/// Compiles an expression.
pub(in crate::cel) fn compile(pattern: &str) -> Result<Regex, String> {
    RegexBuilder::new(pattern).size_limit(LARGEST).build().map_err(|error| match error {
        ::regex::Error::CompiledTooBig(_) => "this regular expression is too large".to_owned(),
        other => {
            let text = other.to_string();
            let why = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
            format!("this is no regular expression: {why}")
        }
    })
}

fn computed<'a>(machine: &mut Machine<'a>, name: &str, args: &[Value<'a>]) -> Answer<'a> {
    let pattern = machine.pattern(text(name, args, 1)?)?;
    apply(machine, name, &pattern, args)
}

/// Calls one of the functions with its pattern compiled.
pub(in crate::cel) fn apply<'a>(
    machine: &mut Machine<'a>,
    name: &str,
    pattern: &Regex,
    args: &[Value<'a>],
) -> Answer<'a> {
    let whole = text(name, args, 0)?;
    machine.charge(args[0].weight().saturating_mul(4))?;
    Ok(match name {
        "matches" => Value::Bool(pattern.is_match(whole)),
        "find" => pattern.find(whole).map_or(Value::Text(Text::Borrowed("")), |found| Value::text(found.as_str())),
        _ => {
            let limit = if args.len() > 2 { int(name, args, 2)? } else { -1 };
            let most = usize::try_from(limit).unwrap_or(usize::MAX);
            let mut all = Vec::new();
            for found in pattern.find_iter(whole).take(most) {
                // Each match may have looked at all that follows it.
                machine.charge(1 + whole.len() as u64 / 256)?;
                all.push(Value::text(found.as_str()));
            }
            Value::list(all)
        }
    })
}
