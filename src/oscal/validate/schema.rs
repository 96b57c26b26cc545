//! The published JSON schema of OSCAL 1.2.1 (`controls/oscal/`, without its texts), applied to a value.
//!
//! Only the words that OSCAL's schemas use are understood: `$ref`, `type`, `properties`, `required`,
//! `additionalProperties`, `items`, `minItems`, `enum`, `pattern`, `minimum`, `anyOf`, `allOf`, `oneOf`. A file that
//! does not fit any alternative is told what keeps it from the nearest one.

use std::{collections::HashMap, sync::LazyLock};

use regex::Regex;
use serde_json::{Map, Value};

use super::{Problem, step};
use crate::embedded::CONTROLS;

/// The schema, and its patterns ready to be matched.
struct Schema {
    root: Value,
    patterns: HashMap<String, Regex>,
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
    let file = CONTROLS.get_file("oscal/schema-1.2.1.json").and_then(|file| file.contents_utf8());
    let root: Value = serde_json::from_str(file.unwrap_or_default()).expect("the embedded schema is JSON");
    let mut patterns = HashMap::new();
    compile(&root, &mut patterns);
    Schema { root, patterns }
});

fn compile(node: &Value, patterns: &mut HashMap<String, Regex>) {
    match node {
        Value::Object(fields) => {
            if let Some(pattern) = fields.get("pattern").and_then(Value::as_str)
                && !patterns.contains_key(pattern)
            {
                let regex = Regex::new(pattern).expect("patterns of the embedded schema compile");
                patterns.insert(pattern.to_owned(), regex);
            }
            fields.values().for_each(|inner| compile(inner, patterns));
        }
        Value::Array(items) => items.iter().for_each(|inner| compile(inner, patterns)),
        _ => {}
    }
}

/// What the schema says against a file.
pub(super) fn problems(content: &Value) -> Vec<Problem> {
    let mut problems = Vec::new();
    SCHEMA.apply(&SCHEMA.root, content, "$", &mut problems);
    problems
}

impl Schema {
    fn apply(&self, rule: &Value, value: &Value, path: &str, problems: &mut Vec<Problem>) {
        let Some(rule) = rule.as_object() else { return };
        let mut wrong = |message: String| problems.push(Problem { path: path.to_owned(), message });
        if let Some(kind) = rule.get("type").and_then(Value::as_str)
            && !is(kind, value)
        {
            return wrong(format!("must be {}, is {}", named(kind), named(kind_of(value))));
        }
        if let Some(allowed) = rule.get("enum").and_then(Value::as_array)
            && !allowed.contains(value)
        {
            let words: Vec<String> = allowed.iter().map(ToString::to_string).collect();
            wrong(format!("{} is not one of {}", shown(value), words.join(", ")));
        }
        if let (Some(pattern), Some(text)) = (rule.get("pattern").and_then(Value::as_str), value.as_str())
            && !self.patterns.get(pattern).is_some_and(|regex| regex.is_match(text))
        {
            wrong(format!("{} is not written as OSCAL wants it", shown(value)));
        }
        if let (Some(least), Some(number)) = (rule.get("minimum").and_then(Value::as_f64), value.as_f64())
            && number < least
        {
            wrong(format!("{number} is less than {least}"));
        }
        if let Some(target) = rule.get("$ref").and_then(Value::as_str)
            && let Some(target) = target.strip_prefix("#/definitions/")
        {
            self.apply(&self.root["definitions"][target], value, path, problems);
        }
        for part in rule.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            self.apply(part, value, path, problems);
        }
        for name in ["anyOf", "oneOf"] {
            if let Some(alternatives) = rule.get(name).and_then(Value::as_array) {
                problems.extend(self.nearest(alternatives, value, path));
            }
        }
        if let Some(fields) = value.as_object() {
            self.fields(rule, fields, path, problems);
        }
        if let Some(items) = value.as_array() {
            self.items(rule, items, path, problems);
        }
    }

    /// Nothing if an alternative fits, else what keeps the value from the one that it comes nearest to.
    fn nearest(&self, alternatives: &[Value], value: &Value, path: &str) -> Vec<Problem> {
        let mut nearest: Option<Vec<Problem>> = None;
        for alternative in alternatives {
            let mut problems = Vec::new();
            self.apply(alternative, value, path, &mut problems);
            // Problems deeper inside mean that the outside fits.
            let far = |problems: &[Problem]| problems.iter().filter(|problem| problem.path == path).count();
            let nearer = |best: &Vec<Problem>| (far(&problems), problems.len()) < (far(best), best.len());
            if nearest.as_ref().is_none_or(nearer) {
                nearest = Some(problems);
            }
        }
        nearest.unwrap_or_default()
    }

    fn fields(&self, rule: &Map<String, Value>, fields: &Map<String, Value>, path: &str, problems: &mut Vec<Problem>) {
        let known = rule.get("properties").and_then(Value::as_object);
        for name in rule.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
            if !fields.contains_key(name) {
                problems.push(Problem { path: path.to_owned(), message: format!("`{name}` is missing") });
            }
        }
        let closed = rule.get("additionalProperties") == Some(&Value::Bool(false));
        for (name, inner) in fields {
            match known.and_then(|known| known.get(name)) {
                Some(rule) => self.apply(rule, inner, &step(path, name), problems),
                None if closed => {
                    problems
                        .push(Problem { path: step(path, name), message: "OSCAL has no such field here".to_owned() });
                }
                None => {}
            }
        }
    }

    fn items(&self, rule: &Map<String, Value>, items: &[Value], path: &str, problems: &mut Vec<Problem>) {
        let least = rule.get("minItems").and_then(Value::as_u64).unwrap_or_default();
        if (items.len() as u64) < least {
            problems.push(Problem { path: path.to_owned(), message: "an empty list; leave the field out".to_owned() });
        }
        if let Some(rule) = rule.get("items") {
            for (at, item) in items.iter().enumerate() {
                self.apply(rule, item, &format!("{path}[{at}]"), problems);
            }
        }
    }
}

fn is(kind: &str, value: &Value) -> bool {
    match kind {
        "integer" => value.is_i64() || value.is_u64(),
        _ => kind == kind_of(value),
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn named(kind: &str) -> &str {
    match kind {
        "object" => "an object",
        "array" => "a list",
        "string" => "a text",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        other => other,
    }
}

/// A value as a message shows it: short.
fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
