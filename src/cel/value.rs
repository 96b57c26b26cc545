//! What an expression computes with.

use std::{cmp::Ordering, ops::Deref, rc::Rc};

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    functions::{format::Format, net::Cidr, quantity::Quantity, url::Url},
    json::Json,
};

/// A value. Lists and maps of objects stay in their JSON until somebody asks for an element.
#[derive(Debug, Clone)]
pub(crate) enum Value<'a> {
    Null,
    Bool(bool),
    Int(i64),
    UInt(u64),
    Double(f64),
    Text(Text<'a>),
    Bytes(Rc<[u8]>),
    List(List<'a>),
    Map(Map<'a>),
    Duration(TimeDelta),
    Timestamp(DateTime<Utc>),
    Optional(Option<Rc<Value<'a>>>),
    Type(&'static str),
    Quantity(Quantity),
    Semver(Rc<semver::Version>),
    Ip(std::net::IpAddr),
    Cidr(Cidr),
    Url(Rc<Url>),
    Format(&'static Format),
}

/// A text, borrowed from an object or an expression where it can be.
#[derive(Debug, Clone)]
pub(crate) enum Text<'a> {
    Borrowed(&'a str),
    Owned(Rc<str>),
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Borrowed(text) => text,
            Self::Owned(text) => text,
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) enum List<'a> {
    Json(&'a [Json<'a>]),
    Values(Rc<[Value<'a>]>),
}

#[derive(Debug, Clone)]
pub(crate) enum Map<'a> {
    Json(&'a [(std::borrow::Cow<'a, str>, Json<'a>)]),
    Values(Rc<[(Value<'a>, Value<'a>)]>),
}

impl<'a> List<'a> {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Json(list) => list.len(),
            Self::Values(list) => list.len(),
        }
    }

    /// The element at an index; `Err` when it cannot be asked about.
    pub(super) fn get(&self, index: usize) -> Option<Result<Value<'a>, String>> {
        match self {
            Self::Json(list) => list.get(index).map(Value::of_json),
            Self::Values(list) => list.get(index).cloned().map(Ok),
        }
    }

    pub(super) fn values(&self) -> Result<Vec<Value<'a>>, String> {
        match self {
            Self::Json(list) => list.iter().map(Value::of_json).collect(),
            Self::Values(list) => Ok(list.to_vec()),
        }
    }
}

impl<'a> Map<'a> {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Json(map) => map.len(),
            Self::Values(map) => map.len(),
        }
    }

    /// The member of this name, and whether it can be asked about.
    pub(super) fn field(&self, name: &str) -> Option<Result<Value<'a>, String>> {
        match self {
            Self::Json(map) => map.iter().find(|(key, _)| key == name).map(|(_, value)| Value::of_json(value)),
            Self::Values(map) => map
                .iter()
                .find(|(key, _)| matches!(key, Value::Text(key) if &**key == name))
                .map(|(_, value)| Ok(value.clone())),
        }
    }

    pub(super) fn get(&self, wanted: &Value<'a>) -> Option<Result<Value<'a>, String>> {
        match (self, wanted) {
            (_, Value::Text(name)) => self.field(name),
            (Self::Json(_), _) => None,
            (Self::Values(map), _) => {
                map.iter().find(|(key, _)| key.same_key(wanted)).map(|(_, value)| Ok(value.clone()))
            }
        }
    }

    /// The member at a place in the map's own order: its key, and its value unless it cannot be asked about.
    pub(super) fn entry(&self, index: usize) -> Option<(Value<'a>, Result<Value<'a>, String>)> {
        match self {
            Self::Json(map) => {
                map.get(index).map(|(key, value)| (Value::Text(Text::Borrowed(key)), Value::of_json(value)))
            }
            Self::Values(map) => map.get(index).map(|(key, value)| (key.clone(), Ok(value.clone()))),
        }
    }
}

impl<'a> Value<'a> {
    pub(crate) fn of_json(json: &'a Json<'a>) -> Result<Self, String> {
        Ok(match json {
            Json::Null => Value::Null,
            Json::Bool(value) => Value::Bool(*value),
            Json::Int(value) => Value::Int(*value),
            Json::UInt(value) => Value::UInt(*value),
            Json::Double(value) => Value::Double(*value),
            Json::Text(text) => Value::Text(Text::Borrowed(text)),
            Json::List(list) => Value::List(List::Json(list)),
            Json::Map(map) => Value::Map(Map::Json(map)),
            Json::Withheld(why) => return Err(format!("the value {why}")),
        })
    }

    /// A list of objects.
    pub(crate) fn of_list(list: &'a [Json<'a>]) -> Self {
        Value::List(List::Json(list))
    }

    pub(crate) fn text(text: impl Into<Rc<str>>) -> Self {
        Value::Text(Text::Owned(text.into()))
    }

    pub(crate) fn list(values: Vec<Value<'a>>) -> Self {
        Value::List(List::Values(values.into()))
    }

    pub(super) fn some(value: Value<'a>) -> Self {
        Value::Optional(Some(Rc::new(value)))
    }

    /// Name of the type, as `type(x)` gives it.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Value::Null => "null_type",
            Value::Bool(_) => "bool",
            Value::Int(_) => "int",
            Value::UInt(_) => "uint",
            Value::Double(_) => "double",
            Value::Text(_) => "string",
            Value::Bytes(_) => "bytes",
            Value::List(_) => "list",
            Value::Map(_) => "map",
            Value::Duration(_) => "duration",
            Value::Timestamp(_) => "timestamp",
            Value::Optional(_) => "optional_type",
            Value::Type(_) => "type",
            Value::Quantity(_) => "quantity",
            Value::Semver(_) => "semver",
            Value::Ip(_) => "ip",
            Value::Cidr(_) => "cidr",
            Value::Url(_) => "url",
            Value::Format(_) => "format",
        }
    }

    /// Equality of the specification: numbers compare across their types, other types never equal each other. Takes
    /// a step from `left` for each pair compared, all of them when values lie deeper in each other than `levels`, and ends
    /// as unequal when there are none left.
    pub(super) fn equals(&self, other: &Value<'a>, left: &mut u64, levels: usize) -> bool {
        let Some(levels) = levels.checked_sub(1) else {
            *left = 0;
            return false;
        };
        *left = left.saturating_sub(self.weight().min(other.weight()));
        if *left == 0 {
            return false;
        }
        match (self, other) {
            (Value::Null, Value::Null) => true,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Text(a), Value::Text(b)) => **a == **b,
            (Value::Bytes(a), Value::Bytes(b)) => a == b,
            (Value::Type(a), Value::Type(b)) => a == b,
            (Value::Duration(a), Value::Duration(b)) => a == b,
            (Value::Timestamp(a), Value::Timestamp(b)) => a == b,
            (Value::Quantity(a), Value::Quantity(b)) => a == b,
            (Value::Semver(a), Value::Semver(b)) => a.cmp_precedence(b) == Ordering::Equal,
            (Value::Ip(a), Value::Ip(b)) => a == b,
            (Value::Cidr(a), Value::Cidr(b)) => a == b,
            (Value::Url(a), Value::Url(b)) => a == b,
            (Value::Format(a), Value::Format(b)) => a.name() == b.name(),
            (Value::Optional(None), Value::Optional(None)) => true,
            (Value::Optional(Some(a)), Value::Optional(Some(b))) => a.equals(b, left, levels),
            (Value::List(a), Value::List(b)) => {
                a.len() == b.len()
                    && (0..a.len()).all(|index| match (a.get(index), b.get(index)) {
                        (Some(Ok(a)), Some(Ok(b))) => a.equals(&b, left, levels),
                        _ => false,
                    })
            }
            (Value::Map(a), Value::Map(b)) => {
                a.len() == b.len()
                    && (0..a.len()).all(|index| {
                        *left = left.saturating_sub(b.len() as u64 / 16);
                        let Some((key, Ok(a))) = a.entry(index) else { return false };
                        *left > 0 && matches!(b.get(&key), Some(Ok(b)) if a.equals(&b, left, levels))
                    })
            }
            _ => number_order(self, other) == Some(Ordering::Equal),
        }
    }

    /// Equality of what can be a key of a map: bool, int, uint, string.
    pub(super) fn same_key(&self, other: &Value<'a>) -> bool {
        match (self, other) {
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Text(a), Value::Text(b)) => **a == **b,
            _ => number_order(self, other) == Some(Ordering::Equal),
        }
    }

    /// Order of the specification, where there is one.
    pub(super) fn order(&self, other: &Value<'a>) -> Option<Ordering> {
        match (self, other) {
            (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
            (Value::Text(a), Value::Text(b)) => Some((**a).cmp(&**b)),
            (Value::Bytes(a), Value::Bytes(b)) => Some(a.cmp(b)),
            (Value::Duration(a), Value::Duration(b)) => Some(a.cmp(b)),
            (Value::Timestamp(a), Value::Timestamp(b)) => Some(a.cmp(b)),
            _ => number_order(self, other),
        }
    }

    pub(super) fn is_number(&self) -> bool {
        matches!(self, Value::Int(_) | Value::UInt(_) | Value::Double(_))
    }

    /// Elements and bytes below, up to a limit: what comparing or copying the value costs.
    pub(super) fn weight(&self) -> u64 {
        let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        match self {
            Value::Text(text) => 1 + count(text.len()) / 16,
            Value::Bytes(bytes) => 1 + count(bytes.len()) / 16,
            Value::List(list) => 1 + count(list.len()),
            Value::Map(map) => 1 + count(map.len()),
            _ => 1,
        }
    }
}

/// Order of two numbers of any types; exact where a double cannot hold the integer.
fn number_order(a: &Value<'_>, b: &Value<'_>) -> Option<Ordering> {
    let whole = |value: &Value<'_>| match value {
        Value::Int(value) => Some(i128::from(*value)),
        Value::UInt(value) => Some(i128::from(*value)),
        _ => None,
    };
    match (whole(a), whole(b)) {
        (Some(a), Some(b)) => Some(a.cmp(&b)),
        (None, Some(whole)) => match a {
            Value::Double(double) => double_order(*double, whole),
            _ => None,
        },
        (Some(whole), None) => match b {
            Value::Double(double) => double_order(*double, whole).map(Ordering::reverse),
            _ => None,
        },
        (None, None) => match (a, b) {
            (Value::Double(a), Value::Double(b)) => a.partial_cmp(b),
            _ => None,
        },
    }
}

fn double_order(double: f64, whole: i128) -> Option<Ordering> {
    if double.is_nan() {
        return None;
    }
    // Beyond 2^64 the integer's type cannot follow; casts of doubles saturate.
    let floor = double.floor();
    Some((floor as i128).cmp(&whole).then(if double > floor { Ordering::Greater } else { Ordering::Equal }))
}
