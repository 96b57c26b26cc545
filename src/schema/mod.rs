//! JSON schemas that publishers of formats give away (without their texts, in `controls/`), applied to a value.
//!
//! In: schemas of one format ([`Schema::embedded`]), JSON ([`read`]). Out: [`Problem`]s, each with its JSON path.
//!
//! Understood are the words that those schemas use: `$ref` (within a schema, or to another by its `$id`), `type`,
//! `properties`, `required`, `additionalProperties`, `items`, `minItems`, `maxItems`, `contains`, `enum`, `const`,
//! `pattern`, `format`, `minimum`, `anyOf`, `allOf`, `oneOf`, `if`, `then`, `else`. A value that does not fit any
//! alternative is told what keeps it from the nearest one.

pub(crate) mod format;
mod place;

use std::{collections::HashMap, sync::LazyLock};

use regex::Regex;
use serde_json::{Map, Value};

use crate::embedded::CONTROLS;

/// Largest file that is read, in bytes.
pub const LARGEST: usize = 64 << 20;

/// Words that say something to [`Schema::problems`], and those that carry other schemas or nothing.
#[cfg(test)]
const WORDS: &[&str] = &[
    "$id",
    "$ref",
    "$schema",
    "$defs",
    "definitions",
    "$comment",
    "contentEncoding",
    "type",
    "properties",
    "required",
    "additionalProperties",
    "items",
    "minItems",
    "maxItems",
    "contains",
    "enum",
    "const",
    "pattern",
    "format",
    "minimum",
    "anyOf",
    "allOf",
    "oneOf",
    "if",
    "then",
    "else",
];

/// Text that somebody meant to replace.
pub(crate) static PLACEHOLDER: LazyLock<Regex> = LazyLock::new(|| {
    let words = r"\b(?:TODO|TBD|FIXME|XXX)\b|(?i:lorem ipsum|\[(?:insert|assignment|selection)\b|<(?:insert|your|fill|describe)\b)";
    Regex::new(words).expect("the pattern compiles")
});

/// Something that is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Problem {
    /// Where, as a JSON path: `$.profile.imports[0].href`.
    pub path: String,
    /// What is wrong.
    pub message: String,
}

impl Problem {
    /// What is wrong at this path.
    pub(crate) fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into() }
    }
}

/// JSON of anybody's.
///
/// # Errors
/// When it is too large, not JSON or nested too deeply; the path says where.
pub fn read(bytes: &[u8]) -> Result<Value, Problem> {
    if bytes.len() > LARGEST {
        return Err(Problem::new("$", format!("the file is larger than {} MB", LARGEST >> 20)));
    }
    serde_json::from_slice(bytes)
        .map_err(|error| Problem::new(place::of(bytes, error.line(), error.column()), format!("not JSON: {error}")))
}

/// A step into an object or a list, appended to a JSON path.
pub(crate) fn step(path: &str, field: &str) -> String {
    let plain = field.chars().all(|it| it.is_alphanumeric() || matches!(it, '-' | '_'));
    if plain { format!("{path}.{field}") } else { format!("{path}[{}]", Value::from(field)) }
}

/// The schemas of one format, and their patterns ready to be matched.
pub(crate) struct Schema {
    /// Whose format it is, for messages.
    owner: &'static str,
    /// The schema of a file first, then those that it refers to.
    files: Vec<Value>,
    patterns: HashMap<String, Regex>,
}

impl Schema {
    /// Of files below `controls/`, the schema that files are held to first.
    pub(crate) fn embedded(owner: &'static str, paths: &[&str]) -> Self {
        let parsed = |path: &&str| {
            let text = CONTROLS.get_file(path).and_then(|file| file.contents_utf8()).unwrap_or_default();
            serde_json::from_str(text).expect("embedded schemas are JSON")
        };
        let files: Vec<Value> = paths.iter().map(parsed).collect();
        let mut patterns = HashMap::new();
        files.iter().for_each(|file| compile(file, &mut patterns));
        Self { owner, files, patterns }
    }

    /// What the schema says against a file.
    pub(crate) fn problems(&self, content: &Value) -> Vec<Problem> {
        let mut problems = Vec::new();
        if let Some(first) = self.files.first() {
            self.apply(first, first, content, "$", &mut problems);
        }
        problems
    }

    /// What a reference leads to, and the file that this is in. Some schemas leave out the `#` before the way within.
    fn target<'s>(&'s self, home: &'s Value, reference: &str) -> Option<(&'s Value, &'s Value)> {
        if let Some(way) = reference.strip_prefix('#') {
            return Some((home, home.pointer(way)?));
        }
        self.files.iter().find_map(|file| {
            let way = reference.strip_prefix(file["$id"].as_str()?)?;
            Some((file, file.pointer(way.trim_start_matches('#'))?))
        })
    }

    fn apply(&self, home: &Value, rule: &Value, value: &Value, path: &str, problems: &mut Vec<Problem>) {
        let Some(rule) = rule.as_object() else { return };
        let mut wrong = |message: String| problems.push(Problem::new(path, message));
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
        if let Some(only) = rule.get("const")
            && only != value
        {
            wrong(format!("must be {}, is {}", shown(only), shown(value)));
        }
        if let Some(text) = value.as_str() {
            let pattern = rule.get("pattern").and_then(Value::as_str);
            let format = rule.get("format").and_then(Value::as_str);
            if pattern.is_some_and(|it| !self.patterns.get(it).is_some_and(|regex| regex.is_match(text))) {
                wrong(format!("{} is not written as {} wants it", shown(value), self.owner));
            } else if let Some(name) = format.filter(|name| !format::fits(name, text)) {
                wrong(format!("{} is not {}", shown(value), format::named(name)));
            }
        }
        if let (Some(least), Some(number)) = (rule.get("minimum").and_then(Value::as_f64), value.as_f64())
            && number < least
        {
            wrong(format!("{number} is less than {least}"));
        }
        if let Some((home, target)) = rule.get("$ref").and_then(Value::as_str).and_then(|it| self.target(home, it)) {
            self.apply(home, target, value, path, problems);
        }
        for part in rule.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            self.apply(home, part, value, path, problems);
        }
        for name in ["anyOf", "oneOf"] {
            if let Some(alternatives) = rule.get(name).and_then(Value::as_array) {
                problems.extend(self.nearest(home, alternatives, value, path));
            }
        }
        if let Some(condition) = rule.get("if") {
            let branch = if self.fits(home, condition, value) { "then" } else { "else" };
            if let Some(rule) = rule.get(branch) {
                self.apply(home, rule, value, path, problems);
            }
        }
        if let Some(fields) = value.as_object() {
            self.fields(home, rule, fields, path, problems);
        }
        if let Some(items) = value.as_array() {
            self.items(home, rule, items, path, problems);
        }
    }

    fn fits(&self, home: &Value, rule: &Value, value: &Value) -> bool {
        let mut problems = Vec::new();
        self.apply(home, rule, value, "$", &mut problems);
        problems.is_empty()
    }

    /// Nothing if an alternative fits, else what keeps the value from the one that it comes nearest to.
    fn nearest(&self, home: &Value, alternatives: &[Value], value: &Value, path: &str) -> Vec<Problem> {
        let mut nearest: Option<Vec<Problem>> = None;
        for alternative in alternatives {
            let mut problems = Vec::new();
            self.apply(home, alternative, value, path, &mut problems);
            // Problems deeper inside mean that the outside fits.
            let far = |problems: &[Problem]| problems.iter().filter(|problem| problem.path == path).count();
            let nearer = |best: &Vec<Problem>| (far(&problems), problems.len()) < (far(best), best.len());
            if nearest.as_ref().is_none_or(nearer) {
                nearest = Some(problems);
            }
        }
        nearest.unwrap_or_default()
    }

    fn fields(
        &self,
        home: &Value,
        rule: &Map<String, Value>,
        fields: &Map<String, Value>,
        path: &str,
        problems: &mut Vec<Problem>,
    ) {
        let known = rule.get("properties").and_then(Value::as_object);
        for name in rule.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
            if !fields.contains_key(name) {
                problems.push(Problem::new(path, format!("`{name}` is missing")));
            }
        }
        let closed = rule.get("additionalProperties") == Some(&Value::Bool(false));
        for (name, inner) in fields {
            match known.and_then(|known| known.get(name)) {
                Some(rule) => self.apply(home, rule, inner, &step(path, name), problems),
                None if closed => {
                    problems.push(Problem::new(step(path, name), format!("{} has no such field here", self.owner)));
                }
                None => {}
            }
        }
    }

    fn items(&self, home: &Value, rule: &Map<String, Value>, items: &[Value], path: &str, problems: &mut Vec<Problem>) {
        let number = |word: &str| rule.get(word).and_then(Value::as_u64);
        let count = items.len() as u64;
        if count == 0 && number("minItems").is_some_and(|least| least > 0) {
            problems.push(Problem::new(path, "an empty list; leave the field out"));
        } else if let Some(least) = number("minItems").filter(|least| count < *least) {
            problems.push(Problem::new(path, format!("a list of {count}; at least {least} are wanted")));
        }
        if let Some(most) = number("maxItems").filter(|most| count > *most) {
            problems.push(Problem::new(path, format!("a list of {count}; at most {most} are allowed")));
        }
        if let Some(wanted) = rule.get("contains")
            && !items.iter().any(|item| self.fits(home, wanted, item))
        {
            problems.push(Problem::new(path, format!("nothing in the list has {}", in_words(wanted))));
        }
        if let Some(rule) = rule.get("items") {
            for (at, item) in items.iter().enumerate() {
                self.apply(home, rule, item, &format!("{path}[{at}]"), problems);
            }
        }
    }
}

/// Patterns of a schema. In ECMA-262, which JSON schemas are written for, `\d` is an ASCII digit.
fn compile(node: &Value, patterns: &mut HashMap<String, Regex>) {
    match node {
        Value::Object(fields) => {
            if let Some(pattern) = fields.get("pattern").and_then(Value::as_str)
                && !patterns.contains_key(pattern)
            {
                let regex = Regex::new(&pattern.replace(r"\d", "[0-9]")).expect("patterns of embedded schemas compile");
                patterns.insert(pattern.to_owned(), regex);
            }
            fields.values().for_each(|inner| compile(inner, patterns));
        }
        Value::Array(items) => items.iter().for_each(|inner| compile(inner, patterns)),
        _ => {}
    }
}

/// What a rule asks of an item: `` `contactType` = "Security" ``.
fn in_words(rule: &Value) -> String {
    let fields = rule["properties"].as_object().into_iter().flatten();
    let wanted: Vec<String> = fields.map(|(name, rule)| format!("`{name}` = {}", shown(&rule["const"]))).collect();
    wanted.join(" and ")
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema(root: Value, others: &[Value]) -> Schema {
        let mut files = vec![root];
        files.extend(others.iter().cloned());
        let mut patterns = HashMap::new();
        files.iter().for_each(|file| compile(file, &mut patterns));
        Schema { owner: "Somebody", files, patterns }
    }

    fn said(schema: &Schema, value: &Value) -> Vec<String> {
        schema.problems(value).into_iter().map(|it| format!("{}: {}", it.path, it.message)).collect()
    }

    /// Every word that an embedded schema uses is understood, and every reference in it leads somewhere.
    #[test]
    fn embedded_schemas_use_no_other_words() {
        fn words<'v>(node: &'v Value, names: bool, visit: &mut impl FnMut(&'v str, &'v Value)) {
            match node {
                Value::Object(fields) => {
                    for (name, inner) in fields {
                        if !names {
                            visit(name, inner);
                        }
                        let holds_names = !names && matches!(&**name, "properties" | "definitions" | "$defs");
                        if names || !matches!(&**name, "enum" | "const") {
                            words(inner, holds_names, visit);
                        }
                    }
                }
                Value::Array(items) => items.iter().for_each(|inner| words(inner, false, visit)),
                _ => {}
            }
        }
        let fedramp = crate::fedramp::validate::SCHEMAS.iter().map(|(_, files)| Schema::embedded("FedRAMP", files));
        let all = std::iter::once(Schema::embedded("OSCAL", &["oscal/schema-1.2.1.json"])).chain(fedramp);
        for schema in all {
            for file in &schema.files {
                let mut references = 0;
                words(file, false, &mut |word, value| {
                    assert!(WORDS.contains(&word), "{word}");
                    if let ("$ref", Some(reference)) = (word, value.as_str()) {
                        references += 1;
                        assert!(schema.target(file, reference).is_some(), "{reference} leads nowhere");
                    }
                    if let ("format", Some(name)) = (word, value.as_str()) {
                        assert!(format::KNOWN.contains(&name), "{name}");
                    }
                });
                assert!(references > 0 || file["$id"].as_str().is_some_and(|id| id.contains("common-definitions")));
            }
        }
    }

    #[test]
    fn a_reference_leads_within_and_to_other_files() {
        let common = json!({"$id": "https://x.example/common.json", "$defs": {
            "address": {"type": "string", "format": "uri"}, "again": {"$ref": "#/$defs/address"}}});
        for reference in ["https://x.example/common.json/$defs/again", "https://x.example/common.json#/$defs/again"] {
            let root = json!({"properties": {"at": {"$ref": reference}, "own": {"$ref": "#/$defs/own"}},
                "$defs": {"own": {"type": "integer"}}});
            let schema = schema(root, std::slice::from_ref(&common));
            assert_eq!(said(&schema, &json!({"at": "https://a.example/b", "own": 3})), [""; 0]);
            assert_eq!(
                said(&schema, &json!({"at": "nowhere", "own": "3"})),
                ["$.at: \"nowhere\" is not a web address with its scheme", "$.own: must be a whole number, is a text"]
            );
        }
    }

    #[test]
    fn conditions_and_lists_are_judged() {
        let schema = schema(
            json!({"type": "array", "maxItems": 2, "minItems": 1,
                "contains": {"properties": {"kind": {"const": "Sales"}}, "required": ["kind"]},
                "items": {"if": {"properties": {"locked": {"const": true}}, "required": ["locked"]},
                    "then": {"required": ["how"]}, "else": {"required": ["why"]}}}),
            &[],
        );
        assert_eq!(said(&schema, &json!([{"kind": "Sales", "locked": true, "how": ""}])), [""; 0]);
        assert_eq!(
            said(&schema, &json!([{"locked": true}, {"locked": false}, {"why": ""}])),
            [
                "$: a list of 3; at most 2 are allowed",
                "$: nothing in the list has `kind` = \"Sales\"",
                "$[0]: `how` is missing",
                "$[1]: `why` is missing"
            ]
        );
    }

    #[test]
    fn a_digit_is_an_ascii_digit() {
        let schema = schema(json!({"pattern": r"^\d{3}$"}), &[]);
        assert_eq!(said(&schema, &json!("123")), [""; 0]);
        assert_eq!(said(&schema, &json!("١٢٣")), ["$: \"١٢٣\" is not written as Somebody wants it"]);
    }
}
