//! cel-go's `ext.Sets`: lists compared without their order and repetitions.

use super::{Function, global, strings::values};
use crate::cel::{
    eval::{Fault, Machine},
    value::Value,
};

pub(super) const FUNCTIONS: &[Function] = &[
    global("sets.contains", 2..=2, |machine, args| {
        let (all, some) = (values(machine, "sets.contains", args, 0)?, values(machine, "sets.contains", args, 1)?);
        Ok(Value::Bool(within(machine, &some, &all)?))
    }),
    global("sets.equivalent", 2..=2, |machine, args| {
        let (a, b) = (values(machine, "sets.equivalent", args, 0)?, values(machine, "sets.equivalent", args, 1)?);
        Ok(Value::Bool(within(machine, &a, &b)? && within(machine, &b, &a)?))
    }),
    global("sets.intersects", 2..=2, |machine, args| {
        let (a, b) = (values(machine, "sets.intersects", args, 0)?, values(machine, "sets.intersects", args, 1)?);
        for value in &a {
            if contains(machine, &b, value)? {
                return Ok(Value::Bool(true));
            }
        }
        Ok(Value::Bool(false))
    }),
];

fn contains<'a>(machine: &mut Machine<'a>, list: &[Value<'a>], value: &Value<'a>) -> Result<bool, Fault> {
    for element in list {
        if machine.equal(element, value)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn within<'a>(machine: &mut Machine<'a>, some: &[Value<'a>], all: &[Value<'a>]) -> Result<bool, Fault> {
    for value in some {
        if !contains(machine, all, value)? {
            return Ok(false);
        }
    }
    Ok(true)
}
