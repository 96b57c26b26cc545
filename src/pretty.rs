//! JSON for people and for `diff`: two blanks a level, fields in a stated order, one item a line.

use serde::Serialize;
use serde_json::Value;

/// Fields that come first, in this order, and those that come last; the others lie between, by name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Order {
    pub(crate) first: &'static [&'static str],
    pub(crate) last: &'static [&'static str],
}

impl Order {
    /// The whole value, with a line end after it.
    pub(crate) fn write(&self, value: &Value) -> String {
        let mut out = String::new();
        self.value(&mut out, value, 0);
        out.push('\n');
        out
    }

    fn rank<'f>(&self, field: &'f str) -> (usize, &'f str) {
        let first = self.first.iter().position(|name| *name == field);
        let last = || self.last.iter().position(|name| *name == field).map(|at| self.first.len() + 1 + at);
        (first.or_else(last).unwrap_or(self.first.len()), field)
    }

    fn value(&self, out: &mut String, node: &Value, depth: usize) {
        match node {
            Value::Object(fields) if !fields.is_empty() => {
                let mut sorted: Vec<_> = fields.iter().collect();
                sorted.sort_by_key(|(name, _)| self.rank(name));
                items(out, ['{', '}'], depth, sorted, |out, (name, inner)| {
                    out.push_str(&text(name));
                    out.push_str(": ");
                    self.value(out, inner, depth + 1);
                });
            }
            Value::Array(list) if !list.is_empty() => {
                items(out, ['[', ']'], depth, list, |out, inner| self.value(out, inner, depth + 1));
            }
            plain => out.push_str(&text(plain)),
        }
    }
}

/// An object of these fields; of two by one name the later. Not collected: that would be compiled for every caller, with a
/// sort of its own.
pub(crate) fn object(fields: &mut dyn Iterator<Item = (&str, Value)>) -> Value {
    let mut map = serde_json::Map::new();
    for (name, value) in fields {
        map.insert(name.to_owned(), value);
    }
    Value::Object(map)
}

/// The same on one line, without blanks. What has text keys only is always JSON.
pub(crate) fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn items<T>(
    out: &mut String,
    [open, close]: [char; 2],
    depth: usize,
    all: impl IntoIterator<Item = T>,
    each: impl Fn(&mut String, T),
) {
    out.push(open);
    for (at, item) in all.into_iter().enumerate() {
        out.push_str(if at == 0 { "\n" } else { ",\n" });
        out.extend(std::iter::repeat_n("  ", depth + 1));
        each(out, item);
    }
    out.push('\n');
    out.extend(std::iter::repeat_n("  ", depth));
    out.push(close);
}
