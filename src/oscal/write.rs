//! OSCAL JSON for people and for `diff`: two blanks a level, fields in the order of the reference, one item a line.

use serde_json::{Map, Value};
use uuid::Uuid;

use super::names::Names;

/// Fields that come first, in this order, and those that come last; the others lie between, by name.
const FIRST: &[&str] = &[
    "uuid",
    "id",
    "control-id",
    "statement-id",
    "component-uuid",
    "name",
    "ns",
    "type",
    "value",
    "title",
    "description",
    "metadata",
    "import-ssp",
    "import-ap",
    "import-profile",
    "system-id",
    "system-characteristics",
    "system-implementation",
];
const LAST: &[&str] = &["remarks", "back-matter"];

/// A document: `{"model": {"uuid": …, …}}`, its identifier that of its content.
pub(super) fn document(model: &str, mut fields: Map<String, Value>, names: &Names) -> String {
    let content = Value::Object(fields.clone()).to_string();
    let system = Uuid::parse_str(&names.system()).unwrap_or_default();
    fields.insert("uuid".to_owned(), Uuid::new_v5(&system, format!("{model}/{content}").as_bytes()).to_string().into());
    let mut out = String::from("{\n  ");
    text(&mut out, model);
    out.push_str(": ");
    value(&mut out, &Value::Object(fields), 1);
    out.push_str("\n}\n");
    out
}

fn rank(field: &str) -> (usize, &str) {
    let first = FIRST.iter().position(|name| *name == field);
    let last = || LAST.iter().position(|name| *name == field).map(|at| FIRST.len() + 1 + at);
    (first.or_else(last).unwrap_or(FIRST.len()), field)
}

fn value(out: &mut String, node: &Value, depth: usize) {
    match node {
        Value::Object(fields) if !fields.is_empty() => {
            let mut sorted: Vec<_> = fields.iter().collect();
            sorted.sort_by_key(|(name, _)| rank(name));
            items(out, ['{', '}'], depth, sorted, |out, (name, inner)| {
                text(out, name);
                out.push_str(": ");
                value(out, inner, depth + 1);
            });
        }
        Value::Array(list) if !list.is_empty() => {
            items(out, ['[', ']'], depth, list, |out, inner| value(out, inner, depth + 1));
        }
        plain => out.push_str(&plain.to_string()),
    }
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

fn text(out: &mut String, plain: &str) {
    out.push_str(&Value::from(plain).to_string());
}
