//! From a control's parts to Markdown: its statement with lettered items, and the guidance.

use std::{collections::BTreeMap, sync::LazyLock};

use regex::{Captures, Regex};
use serde_json::Value;

use super::members;
use crate::frameworks::texts::INSERT;

/// Deepest nesting of parts that is followed.
const DEEPEST: usize = 8;

/// A link into the catalog's back matter, which does not come along.
static INNER_LINK: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\[([^\]]*)\]\(#[^)]*\)").expect("the pattern compiles"));

/// Text of a control: statement, then guidance.
pub(super) fn of(control: &Value) -> String {
    let mut out = String::new();
    for part in members(control, "parts") {
        match part["name"].as_str().unwrap_or_default() {
            "statement" => statement(part, 0, &mut out),
            "guidance" => {
                let guidance = prose(part);
                if !guidance.is_empty() {
                    out.push_str(&format!("\n**Guidance.** {guidance}\n"));
                }
            }
            _ => {}
        }
    }
    out.trim().to_owned()
}

/// A part and its items, each below the one that holds it.
fn statement(part: &Value, depth: usize, out: &mut String) {
    let text = prose(part);
    let label = members(part, "props").find(|prop| prop["name"] == "label" && prop["class"] != "sp800-53a");
    let label = label.and_then(|prop| prop["value"].as_str()).unwrap_or_default();
    if depth > 0 {
        let label = if label.is_empty() { String::new() } else { format!("**{label}** ") };
        out.push_str(&format!("{}- {label}{text}\n", "  ".repeat(depth - 1)));
    } else if !text.is_empty() {
        out.push_str(&format!("{text}\n\n"));
    }
    if depth < DEEPEST {
        for inner in members(part, "parts").filter(|inner| inner["name"] == "item") {
            statement(inner, depth + 1, out);
        }
    }
}

/// Prose on one line, without links into the catalog.
fn prose(part: &Value) -> String {
    let text = part["prose"].as_str().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
    INNER_LINK.replace_all(&text, "$1").into_owned()
}

/// Parameters of a control: identifier, and its value, or what it is called.
pub(super) fn parameters(control: &Value, into: &mut BTreeMap<String, String>) {
    for param in members(control, "params") {
        let Some(id) = param["id"].as_str() else { continue };
        let values: Vec<&str> = members(param, "values").filter_map(Value::as_str).collect();
        let choices: Vec<&str> = members(&param["select"], "choice").filter_map(Value::as_str).collect();
        let name = match (values.is_empty(), choices.is_empty(), param["label"].as_str()) {
            (false, _, _) => values.join(", "),
            (true, false, _) => {
                let one = param["select"]["how-many"] != "one-or-more";
                format!("{}: {}", if one { "one of" } else { "one or more of" }, choices.join("; "))
            }
            (true, true, Some(label)) => label.to_owned(),
            (true, true, None) => id.to_owned(),
        };
        into.insert(id.to_owned(), name.split_whitespace().collect::<Vec<_>>().join(" "));
    }
}

/// Names of parameters with those that they mention spelled out.
pub(super) fn spelled(names: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let spell = |text: &str| {
        INSERT
            .replace_all(text, |found: &Captures<'_>| {
                let id = found.get(1).map_or("", |id| id.as_str());
                // One level: a name that mentions itself must not go round.
                INSERT.replace_all(names.get(id).map_or(id, String::as_str), "…").into_owned()
            })
            .into_owned()
    };
    names.iter().map(|(id, name)| (id.clone(), spell(name))).collect()
}
