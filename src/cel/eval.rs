//! Evaluates a compiled expression: strict steps, counted.

use std::{cell::RefCell, collections::HashMap, fmt, rc::Rc};

use super::{
    Expression, LIMIT, Span,
    functions::{self, regex},
    lower::{Else, Fold, Kind, Node, Variables, What},
    parse::{Operator, Optional},
    value::{List, Map, Text, Value},
};

/// Why an expression has no answer.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    message: String,
    span: Option<Span>,
    /// Nothing can absorb it: the expression ran too long.
    last: bool,
}

impl Fault {
    /// The fault, with the words of the expression that it is about.
    pub(crate) fn within(&self, expression: &Expression) -> String {
        let words = self.span.and_then(|span| expression.text.get(span.range())).unwrap_or_default();
        match words {
            "" => self.message.clone(),
            words => {
                let mut short: String = words.split_whitespace().collect::<Vec<_>>().join(" ");
                if let Some((end, _)) = short.char_indices().nth(80) {
                    short.truncate(end);
                    short.push('…');
                }
                format!("`{short}`: {}", self.message)
            }
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Longest message, in characters: it may name a text of the cluster.
const LONGEST: usize = 300;

impl From<String> for Fault {
    fn from(mut message: String) -> Self {
        if let Some((end, _)) = message.char_indices().nth(LONGEST) {
            message.truncate(end);
            message.push('…');
        }
        Self { message, span: None, last: false }
    }
}

impl From<&str> for Fault {
    fn from(message: &str) -> Self {
        message.to_owned().into()
    }
}

pub(crate) type Answer<'a> = Result<Value<'a>, Fault>;

/// What a name stands for.
pub(crate) enum Slot<'a> {
    /// A value.
    Value(Value<'a>),
    /// An expression over other names, evaluated when it is first read.
    Formula(&'a Expression),
    /// Why it has no value.
    Fault(Fault),
}

impl<'a> Slot<'a> {
    /// A value, or why there is none.
    pub(crate) fn of(value: Result<Value<'a>, String>) -> Self {
        match value {
            Ok(value) => Slot::Value(value),
            Err(why) => Slot::Fault(why.into()),
        }
    }
}

/// Regular expressions that were computed, kept from one object to the next.
#[derive(Debug, Default)]
pub(crate) struct Patterns(RefCell<HashMap<String, ::regex::Regex>>);

/// Depth of evaluation: one expression is less deep, one that reads variables that read others may be deeper.
const DEEPEST: usize = 128;

/// Evaluates expressions over one set of names.
pub(crate) struct Machine<'a> {
    pub(super) slots: Vec<Slot<'a>>,
    pub(super) locals: Vec<Value<'a>>,
    patterns: &'a Patterns,
    left: u64,
    depth: usize,
}

impl<'a> Machine<'a> {
    /// One slot for each of the names that the expressions were compiled with, in their order.
    pub(crate) fn new(slots: Vec<Slot<'a>>, patterns: &'a Patterns) -> Self {
        Self { slots, locals: Vec::new(), patterns, left: LIMIT, depth: 0 }
    }

    /// Evaluates one expression.
    ///
    /// # Errors
    /// A missing field, an operator without meaning for its values, a call that fails, too many steps.
    pub(crate) fn evaluate(&mut self, expression: &'a Expression) -> Answer<'a> {
        self.locals.clear();
        self.node(&expression.root)
    }

    /// Takes steps.
    pub(super) fn charge(&mut self, steps: u64) -> Result<(), Fault> {
        self.left = self.left.saturating_sub(steps);
        if self.left == 0 {
            let message = format!("the expression took more than {LIMIT} steps");
            return Err(Fault { message, span: None, last: true });
        }
        Ok(())
    }

    /// Equality, counted.
    pub(super) fn equal(&mut self, a: &Value<'a>, b: &Value<'a>) -> Result<bool, Fault> {
        let equal = a.equals(b, &mut self.left, DEEPEST);
        self.charge(1)?;
        Ok(equal)
    }

    /// A pattern that was computed, compiled once.
    pub(super) fn pattern(&mut self, text: &str) -> Result<::regex::Regex, Fault> {
        let patterns: &'a Patterns = self.patterns;
        if let Some(known) = patterns.0.borrow().get(text) {
            return Ok(known.clone());
        }
        self.charge(5000)?;
        let compiled = regex::compile(text)?;
        let mut kept = patterns.0.borrow_mut();
        if kept.len() >= 64 {
            kept.clear();
        }
        kept.insert(text.to_owned(), compiled.clone());
        Ok(compiled)
    }

    pub(super) fn node(&mut self, node: &'a Node) -> Answer<'a> {
        self.charge(1)?;
        self.deeper(|machine| machine.kind(&node.kind)).map_err(|mut fault| {
            fault.span.get_or_insert(node.span);
            fault
        })
    }

    /// Goes one level down, if there are levels left.
    pub(super) fn deeper<T>(&mut self, step: impl FnOnce(&mut Self) -> Result<T, Fault>) -> Result<T, Fault> {
        if self.depth == DEEPEST {
            let message = format!("the expression and what it reads are more than {DEEPEST} levels deep");
            return Err(Fault { message, span: None, last: true });
        }
        self.depth += 1;
        let answer = step(self);
        self.depth -= 1;
        answer
    }

    /// Looking for a member takes longer in a map that has many.
    fn charge_member(&mut self, of: &Value<'a>) -> Result<(), Fault> {
        match of {
            Value::Map(map) => self.charge(map.len() as u64 / 16),
            _ => Ok(()),
        }
    }

    fn kind(&mut self, kind: &'a Kind) -> Answer<'a> {
        Ok(match kind {
            Kind::Null => Value::Null,
            Kind::Bool(value) => Value::Bool(*value),
            Kind::Int(value) => Value::Int(*value),
            Kind::UInt(value) => Value::UInt(*value),
            Kind::Double(value) => Value::Double(*value),
            Kind::Text(text) => Value::Text(Text::Borrowed(text)),
            Kind::Bytes(bytes) => Value::Bytes(bytes.as_slice().into()),
            Kind::Type(name) => Value::Type(name),
            Kind::Slot(slot) => self.slot(*slot)?,
            Kind::Local(local) => self.locals[*local].clone(),
            Kind::Select(of, field, optional) => {
                let of = self.node(of)?;
                self.charge_member(&of)?;
                select(&of, field, *optional)?
            }
            Kind::Has(of, field) => {
                let of = self.node(of)?;
                self.charge_member(&of)?;
                match select(&of, field, Optional::Yes)? {
                    Value::Optional(found) => Value::Bool(found.is_some()),
                    _ => Value::Bool(true),
                }
            }
            Kind::Index(of, index, optional) => {
                let of = self.node(of)?;
                let index = self.node(index)?;
                self.charge_member(&of)?;
                self::index(&of, &index, *optional)?
            }
            Kind::List(elements) => {
                let mut list = Vec::with_capacity(elements.len());
                for (optional, element) in elements {
                    let value = self.node(element)?;
                    list.extend(present(value, *optional)?);
                }
                Value::list(list)
            }
            Kind::Map(entries) => {
                let mut map: Vec<(Value<'a>, Value<'a>)> = Vec::with_capacity(entries.len());
                for (optional, key, value) in entries {
                    let key = self.node(key)?;
                    let value = self.node(value)?;
                    if let Some(value) = present(value, *optional)? {
                        self.charge(map.len() as u64)?;
                        insert(&mut map, key, value)?;
                    }
                }
                Value::Map(Map::Values(map.into()))
            }
            Kind::Not(of) => Value::Bool(!truth(self.node(of)?)?),
            Kind::Negate(of) => match self.node(of)? {
                Value::Int(value) => Value::Int(value.checked_neg().ok_or("integer overflow")?),
                Value::Double(value) => Value::Double(-value),
                other => return Err(format!("`-` has no meaning for {}", other.kind()).into()),
            },
            Kind::Binary(operator, operands) => {
                let a = self.node(&operands[0])?;
                let b = self.node(&operands[1])?;
                self.binary(*operator, &a, &b)?
            }
            Kind::All(operands) => Value::Bool(self.series(operands, false)?),
            Kind::Any(operands) => Value::Bool(self.series(operands, true)?),
            Kind::Choose(parts) => {
                let chosen = if truth(self.node(&parts[0])?)? { &parts[1] } else { &parts[2] };
                self.node(chosen)?
            }
            Kind::Call(function, args) => {
                let args = self.arguments(args)?;
                (function.call)(self, &args)?
            }
            Kind::Pattern(function, args, pattern) => {
                let args = self.arguments(args)?;
                regex::apply(self, function.name, pattern, &args)?
            }
            Kind::Else(parts, kind) => match (self.node(&parts[0])?, kind) {
                (Value::Optional(Some(value)), Else::Value) => (*value).clone(),
                (Value::Optional(Some(value)), Else::Optional) => Value::Optional(Some(value)),
                (Value::Optional(None), _) => self.node(&parts[1])?,
                (other, _) => {
                    return Err(format!("`or` and `orValue` ask optional values, not {}", other.kind()).into());
                }
            },
            Kind::Fold(fold) => self.fold(fold)?,
            Kind::Bind(parts) => {
                let value = self.node(&parts[0])?;
                self.with([Some(value), None], &parts[1])?
            }
            Kind::OptMap(parts, kind) => match self.node(&parts[0])? {
                Value::Optional(None) => Value::Optional(None),
                Value::Optional(Some(value)) => {
                    let mapped = self.with([Some((*value).clone()), None], &parts[1])?;
                    match kind {
                        Else::Value => Value::some(mapped),
                        Else::Optional => mapped,
                    }
                }
                other => return Err(format!("`optMap` asks optional values, not {}", other.kind()).into()),
            },
        })
    }

    fn slot(&mut self, slot: usize) -> Answer<'a> {
        let answer = match &self.slots[slot] {
            Slot::Value(value) => return Ok(value.clone()),
            Slot::Fault(fault) => return Err(fault.clone()),
            Slot::Formula(formula) => {
                let formula = *formula;
                let locals = std::mem::take(&mut self.locals);
                let answer = self.node(&formula.root);
                self.locals = locals;
                // Its span is one of another text.
                answer.map_err(|fault| Fault { message: fault.within(formula), span: None, ..fault })
            }
        };
        self.slots[slot] = match &answer {
            Ok(value) => Slot::Value(value.clone()),
            Err(fault) => Slot::Fault(fault.clone()),
        };
        answer
    }

    /// Arguments of a call. A function reads its texts at least once.
    fn arguments(&mut self, nodes: &'a [Node]) -> Result<Vec<Value<'a>>, Fault> {
        let arguments: Vec<Value<'a>> = nodes.iter().map(|node| self.node(node)).collect::<Result<_, _>>()?;
        for argument in &arguments {
            if matches!(argument, Value::Text(_) | Value::Bytes(_)) {
                self.charge(argument.weight())?;
            }
        }
        Ok(arguments)
    }

    /// `&&` and `||`: one operand that decides outweighs a fault of another.
    fn series(&mut self, operands: &'a [Node], decisive: bool) -> Result<bool, Fault> {
        let mut fault = None;
        for operand in operands {
            match self.node(operand).and_then(truth) {
                Ok(value) if value == decisive => return Ok(decisive),
                Ok(_) => {}
                Err(found) if found.last => return Err(found),
                Err(found) => fault = fault.or(Some(found)),
            }
        }
        fault.map_or(Ok(!decisive), Err)
    }

    /// Evaluates a body with one or two more variables.
    fn with(&mut self, values: [Option<Value<'a>>; 2], body: &'a Node) -> Answer<'a> {
        let before = self.locals.len();
        self.locals.extend(values.into_iter().flatten());
        let answer = self.node(body);
        self.locals.truncate(before);
        answer
    }

    fn fold(&mut self, fold: &'a Fold) -> Answer<'a> {
        let over = self.node(&fold.over)?;
        let length = match &over {
            Value::List(list) => list.len(),
            Value::Map(map) => map.len(),
            other => return Err(format!("there are no elements in a value of type {}", other.kind()).into()),
        };
        let mut kept = Vec::new();
        let mut pairs: Vec<(Value<'a>, Value<'a>)> = Vec::new();
        let mut sorted = Vec::new();
        let mut count = 0;
        let mut fault = None;
        for index in 0..length {
            let (first, second) = match variables(&over, index, fold.variables) {
                Ok(bound) => bound,
                // An element that cannot be asked about: another one may decide.
                Err(why) if matches!(fold.what, What::All | What::Exists) => {
                    fault = fault.or(Some(why));
                    continue;
                }
                Err(why) => return Err(why),
            };
            if let Some(only) = &fold.only
                && !truth(self.with([Some(first.clone()), second.clone()], only)?)?
            {
                continue;
            }
            let answer = self.with([Some(first.clone()), second], &fold.body);
            match fold.what {
                What::All | What::Exists => match answer.and_then(truth) {
                    Ok(value) if value == (fold.what == What::Exists) => return Ok(Value::Bool(value)),
                    Ok(_) => {}
                    Err(found) if found.last => return Err(found),
                    Err(found) => fault = fault.or(Some(found)),
                },
                What::ExistsOne => count += usize::from(truth(answer?)?),
                What::Filter => {
                    if truth(answer?)? {
                        kept.push(first);
                    }
                }
                What::Map => kept.push(answer?),
                What::TransformMap => pairs.push((first, answer?)),
                What::TransformMapEntry => match answer? {
                    Value::Map(entries) => {
                        for at in 0..entries.len() {
                            let (key, value) = entries.entry(at).ok_or("the map ended early")?;
                            self.charge(pairs.len() as u64)?;
                            insert(&mut pairs, key, value?)?;
                        }
                    }
                    other => return Err(format!("`transformMapEntry` makes maps, not {}", other.kind()).into()),
                },
                What::SortBy => sorted.push((answer?, first)),
            }
        }
        if let Some(fault) = fault {
            return Err(fault);
        }
        Ok(match fold.what {
            What::All => Value::Bool(true),
            What::Exists => Value::Bool(false),
            What::ExistsOne => Value::Bool(count == 1),
            What::Filter | What::Map => Value::list(kept),
            What::TransformMap | What::TransformMapEntry => Value::Map(Map::Values(pairs.into())),
            What::SortBy => {
                functions::lists::sort(self, &mut sorted)?;
                Value::list(sorted.into_iter().map(|(_, element)| element).collect())
            }
        })
    }

    fn binary(&mut self, operator: Operator, a: &Value<'a>, b: &Value<'a>) -> Answer<'a> {
        use Operator::*;
        let meaningless =
            || Fault::from(format!("`{}` has no meaning for {} and {}", operator.sign(), a.kind(), b.kind()));
        Ok(match operator {
            Equal => Value::Bool(self.equal(a, b)?),
            Differ => Value::Bool(!self.equal(a, b)?),
            Less | LessEqual | Greater | GreaterEqual => {
                self.charge(a.weight().min(b.weight()))?;
                let Some(order) = a.order(b) else {
                    // Nothing is less or greater than what is no number.
                    if a.is_number() && b.is_number() {
                        return Ok(Value::Bool(false));
                    }
                    return Err(meaningless());
                };
                Value::Bool(match operator {
                    Less => order.is_lt(),
                    LessEqual => order.is_le(),
                    Greater => order.is_gt(),
                    _ => order.is_ge(),
                })
            }
            In => match b {
                Value::List(list) => {
                    let mut found = false;
                    for index in 0..list.len() {
                        let element = list.get(index).ok_or("the list ended early")??;
                        if self.equal(a, &element)? {
                            found = true;
                            break;
                        }
                    }
                    Value::Bool(found)
                }
                Value::Map(map) => {
                    self.charge(1 + map.len() as u64 / 8)?;
                    Value::Bool(map.get(a).is_some())
                }
                _ => return Err(meaningless()),
            },
            Add | Subtract | Multiply | Divide | Remainder => {
                if operator == Add {
                    self.charge(a.weight().saturating_add(b.weight()))?;
                }
                arithmetic(operator, a, b)?.ok_or_else(meaningless)?
            }
        })
    }
}

/// What the variables of a macro stand for at one element.
pub(super) fn variables<'a>(
    over: &Value<'a>,
    index: usize,
    variables: Variables,
) -> Result<(Value<'a>, Option<Value<'a>>), Fault> {
    match over {
        Value::List(list) => {
            let element = list.get(index).ok_or("the list ended early")??;
            Ok(match variables {
                Variables::One => (element, None),
                Variables::Two => (number(index), Some(element)),
            })
        }
        Value::Map(map) => {
            let (key, value) = map.entry(index).ok_or("the map ended early")?;
            Ok(match variables {
                Variables::One => (key, None),
                Variables::Two => (key, Some(value?)),
            })
        }
        other => Err(format!("there are no elements in a value of type {}", other.kind()).into()),
    }
}

fn number<'a>(index: usize) -> Value<'a> {
    Value::Int(i64::try_from(index).unwrap_or(i64::MAX))
}

/// A condition's answer.
pub(super) fn truth(value: Value<'_>) -> Result<bool, Fault> {
    match value {
        Value::Bool(value) => Ok(value),
        other => Err(format!("a condition is true or false, not {}", other.kind()).into()),
    }
}

/// The value of an element that may be marked with `?`.
fn present<'a>(value: Value<'a>, optional: Optional) -> Result<Option<Value<'a>>, Fault> {
    match (optional, value) {
        (Optional::No, value) => Ok(Some(value)),
        (Optional::Yes, Value::Optional(value)) => Ok(value.map(|value| (*value).clone())),
        (Optional::Yes, other) => Err(format!("`?` marks optional values, not {}", other.kind()).into()),
    }
}

fn insert<'a>(map: &mut Vec<(Value<'a>, Value<'a>)>, key: Value<'a>, value: Value<'a>) -> Result<(), Fault> {
    if !matches!(key, Value::Bool(_) | Value::Int(_) | Value::UInt(_) | Value::Text(_)) {
        return Err(format!("a value of type {} cannot be a key", key.kind()).into());
    }
    if map.iter().any(|(known, _)| known.same_key(&key)) {
        return Err("a map has each key once".into());
    }
    map.push((key, value));
    Ok(())
}

fn select<'a>(of: &Value<'a>, field: &str, optional: Optional) -> Answer<'a> {
    match of {
        Value::Map(map) => match (map.field(field), optional) {
            (Some(found), Optional::No) => Ok(found.map_err(|why| format!("`{field}`: {why}"))?),
            (Some(found), Optional::Yes) => Ok(Value::some(found.map_err(|why| format!("`{field}`: {why}"))?)),
            (None, Optional::No) => Err(format!("no such key: {field}").into()),
            (None, Optional::Yes) => Ok(Value::Optional(None)),
        },
        // Behind an optional value everything is optional.
        Value::Optional(Some(of)) => select(of, field, Optional::Yes),
        Value::Optional(None) => Ok(Value::Optional(None)),
        other => Err(format!("a value of type {} has no fields, so no `{field}`", other.kind()).into()),
    }
}

fn index<'a>(of: &Value<'a>, index: &Value<'a>, optional: Optional) -> Answer<'a> {
    let found = match of {
        Value::Optional(Some(of)) => return self::index(of, index, Optional::Yes),
        Value::Optional(None) => return Ok(Value::Optional(None)),
        Value::Map(map) => map.get(index).transpose()?.ok_or_else(|| format!("no such key: {}", shown(index))),
        Value::List(list) => {
            let position = match index {
                Value::Int(index) => usize::try_from(*index).ok(),
                Value::UInt(index) => usize::try_from(*index).ok(),
                Value::Double(index) if index.fract() == 0.0 && *index >= 0.0 => Some(*index as usize),
                other => return Err(format!("a list is not indexed by {}", other.kind()).into()),
            };
            let found = position.and_then(|position| list.get(position)).transpose()?;
            found.ok_or_else(|| format!("index {} is out of bounds of {} elements", shown(index), list.len()))
        }
        other => return Err(format!("a value of type {} has no elements", other.kind()).into()),
    };
    match (found, optional) {
        (Ok(value), Optional::No) => Ok(value),
        (Ok(value), Optional::Yes) => Ok(Value::some(value)),
        (Err(why), Optional::No) => Err(why.into()),
        (Err(_), Optional::Yes) => Ok(Value::Optional(None)),
    }
}

fn shown(value: &Value<'_>) -> String {
    match value {
        Value::Text(text) => text.to_string(),
        Value::Int(value) => value.to_string(),
        Value::UInt(value) => value.to_string(),
        Value::Double(value) => value.to_string(),
        Value::Bool(value) => value.to_string(),
        other => other.kind().to_owned(),
    }
}

/// Arithmetic of two integers of one type, checked.
macro_rules! whole {
    ($operator:expr, $a:expr, $b:expr) => {{
        let result = match $operator {
            Operator::Divide | Operator::Remainder if *$b == 0 => {
                let what = if $operator == Operator::Divide { "division" } else { "modulus" };
                return Err(format!("{what} by zero").into());
            }
            Operator::Add => $a.checked_add(*$b),
            Operator::Subtract => $a.checked_sub(*$b),
            Operator::Multiply => $a.checked_mul(*$b),
            Operator::Divide => $a.checked_div(*$b),
            _ => $a.checked_rem(*$b),
        };
        result.ok_or("integer overflow")?
    }};
}

/// `None`: the operator has no meaning for these types.
fn arithmetic<'a>(operator: Operator, a: &Value<'a>, b: &Value<'a>) -> Result<Option<Value<'a>>, Fault> {
    use Operator::*;
    Ok(Some(match (a, b) {
        (Value::Int(a), Value::Int(b)) => Value::Int(whole!(operator, a, b)),
        (Value::UInt(a), Value::UInt(b)) => Value::UInt(whole!(operator, a, b)),
        (Value::Double(a), Value::Double(b)) => Value::Double(match operator {
            Add => a + b,
            Subtract => a - b,
            Multiply => a * b,
            Divide => a / b,
            _ => return Ok(None),
        }),
        (Value::Text(a), Value::Text(b)) if operator == Add => Value::text(format!("{}{}", &**a, &**b)),
        (Value::Bytes(a), Value::Bytes(b)) if operator == Add => Value::Bytes([&**a, &**b].concat().into()),
        (Value::List(a), Value::List(b)) if operator == Add => {
            let mut all = a.values()?;
            all.extend(b.values()?);
            Value::List(List::Values(Rc::from(all)))
        }
        (Value::Duration(a), Value::Duration(b)) => match operator {
            Add => Value::Duration(a.checked_add(b).ok_or("duration overflow")?),
            Subtract => Value::Duration(a.checked_sub(b).ok_or("duration overflow")?),
            _ => return Ok(None),
        },
        (Value::Timestamp(at), Value::Duration(by)) => match operator {
            Add => functions::time::timestamp(at.checked_add_signed(*by))?,
            Subtract => functions::time::timestamp(at.checked_sub_signed(*by))?,
            _ => return Ok(None),
        },
        (Value::Duration(by), Value::Timestamp(at)) if operator == Add => {
            functions::time::timestamp(at.checked_add_signed(*by))?
        }
        (Value::Timestamp(a), Value::Timestamp(b)) if operator == Subtract => {
            let between = a.signed_duration_since(*b);
            // A duration counts nanoseconds in 64 bits.
            between.num_nanoseconds().ok_or("duration overflow")?;
            Value::Duration(between)
        }
        _ => return Ok(None),
    }))
}
