//! Kubernetes' list library, and cel-go's `ext.Lists`.

use std::cmp::Ordering;

use super::{Function, count, global, int, meaningless, method, strings::values};
use crate::cel::{
    eval::{Answer, Fault, Machine},
    value::Value,
};
use crate::sort::Sort;

pub(super) const FUNCTIONS: &[Function] = &[
    method("isSorted", 1..=1, |machine, args| {
        let list = values(machine, "isSorted", args, 0)?;
        for pair in list.windows(2) {
            if order(machine, &pair[0], &pair[1])?.is_gt() {
                return Ok(Value::Bool(false));
            }
        }
        Ok(Value::Bool(true))
    }),
    method("sum", 1..=1, sum),
    method("min", 1..=1, |machine, args| extreme(machine, "min", args, Ordering::Less)),
    method("max", 1..=1, |machine, args| extreme(machine, "max", args, Ordering::Greater)),
    method("distinct", 1..=1, |machine, args| {
        let mut kept: Vec<Value<'_>> = Vec::new();
        for value in values(machine, "distinct", args, 0)? {
            let mut known = false;
            for other in &kept {
                if machine.equal(&value, other)? {
                    known = true;
                    break;
                }
            }
            if !known {
                kept.push(value);
            }
        }
        Ok(Value::list(kept))
    }),
    method("flatten", 1..=2, |machine, args| {
        let depth = if args.len() > 1 { int("flatten", args, 1)? } else { 1 };
        let depth = u32::try_from(depth).map_err(|_| "`flatten` goes down 0 levels or more")?;
        let mut flat = Vec::new();
        let list = values(machine, "flatten", args, 0)?;
        flatten(machine, list, depth, &mut flat)?;
        Ok(Value::list(flat))
    }),
    method("sort", 1..=1, |machine, args| {
        let mut list: Vec<_> =
            values(machine, "sort", args, 0)?.into_iter().map(|value| (value.clone(), value)).collect();
        sort(machine, &mut list)?;
        Ok(Value::list(list.into_iter().map(|(_, value)| value).collect()))
    }),
    method("slice", 3..=3, |machine, args| {
        let list = values(machine, "slice", args, 0)?;
        machine.charge(args[0].weight())?;
        let (start, end) = (int("slice", args, 1)?, int("slice", args, 2)?);
        let range = usize::try_from(start).ok().zip(usize::try_from(end).ok());
        let part = range.and_then(|(start, end)| list.get(start..end));
        let part = part.ok_or_else(|| format!("{start} to {end} is out of bounds of {} elements", list.len()))?;
        Ok(Value::list(part.to_vec()))
    }),
    method("first", 1..=1, |_, args| match &args[0] {
        Value::List(list) => Ok(Value::Optional(list.get(0).transpose()?.map(std::rc::Rc::new))),
        _ => Err(meaningless("first", args)),
    }),
    method("last", 1..=1, |_, args| match &args[0] {
        Value::List(list) => {
            let last = list.len().checked_sub(1).and_then(|last| list.get(last)).transpose()?;
            Ok(Value::Optional(last.map(std::rc::Rc::new)))
        }
        _ => Err(meaningless("last", args)),
    }),
    global("lists.range", 1..=1, |machine, args| {
        let end = int("lists.range", args, 0)?;
        let end = usize::try_from(end).map_err(|_| format!("`lists.range` goes from 0, not down to {end}"))?;
        machine.charge(end as u64)?;
        Ok(Value::list((0..end).map(count).collect()))
    }),
];

fn order<'a>(machine: &mut Machine<'a>, a: &Value<'a>, b: &Value<'a>) -> Result<Ordering, Fault> {
    machine.charge(a.weight().min(b.weight()))?;
    a.order(b).ok_or_else(|| format!("{} and {} have no order", a.kind(), b.kind()).into())
}

/// Sorts by the first of each pair; equal ones keep their order.
pub(in crate::cel) fn sort<'a>(machine: &mut Machine<'a>, pairs: &mut [(Value<'a>, Value<'a>)]) -> Result<(), Fault> {
    let length = pairs.len() as u64;
    machine.charge(length * u64::from(length.checked_ilog2().unwrap_or(0) + 1))?;
    let mut fault = None;
    pairs.order_by(|(a, _), (b, _)| {
        a.order(b).unwrap_or_else(|| {
            fault.get_or_insert_with(|| Fault::from(format!("{} and {} have no order", a.kind(), b.kind())));
            Ordering::Equal
        })
    });
    fault.map_or(Ok(()), Err)
}

fn extreme<'a>(machine: &mut Machine<'a>, name: &str, args: &[Value<'a>], wanted: Ordering) -> Answer<'a> {
    let mut best: Option<Value<'a>> = None;
    for value in values(machine, name, args, 0)? {
        best = Some(match best {
            Some(known) if order(machine, &value, &known)? != wanted => known,
            _ => value,
        });
    }
    best.ok_or_else(|| format!("`{name}` of an empty list").into())
}

fn sum<'a>(machine: &mut Machine<'a>, args: &[Value<'a>]) -> Answer<'a> {
    machine.charge(args[0].weight())?;
    let overflow = "integer overflow";
    let mut total: Option<Value<'a>> = None;
    for value in values(machine, "sum", args, 0)? {
        total = Some(match (total, value) {
            (None, value @ (Value::Int(_) | Value::UInt(_) | Value::Double(_) | Value::Duration(_))) => value,
            (Some(Value::Int(a)), Value::Int(b)) => Value::Int(a.checked_add(b).ok_or(overflow)?),
            (Some(Value::UInt(a)), Value::UInt(b)) => Value::UInt(a.checked_add(b).ok_or(overflow)?),
            (Some(Value::Double(a)), Value::Double(b)) => Value::Double(a + b),
            (Some(Value::Duration(a)), Value::Duration(b)) => {
                Value::Duration(a.checked_add(&b).ok_or("duration overflow")?)
            }
            (_, other) => return Err(format!("`sum` does not add {}", other.kind()).into()),
        });
    }
    Ok(total.unwrap_or(Value::Int(0)))
}

fn flatten<'a>(
    machine: &mut Machine<'a>,
    list: Vec<Value<'a>>,
    depth: u32,
    into: &mut Vec<Value<'a>>,
) -> Result<(), Fault> {
    for value in list {
        machine.charge(1)?;
        match &value {
            Value::List(inner) if depth > 0 => {
                let inner = inner.values()?;
                machine.deeper(|machine| flatten(machine, inner, depth - 1, into))?;
            }
            _ => into.push(value),
        }
    }
    Ok(())
}
