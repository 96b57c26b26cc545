//! Merge: what several imports select becomes one catalog, in the groups that the profile asks for.
//!
//! `as-is` keeps the groups of the catalogs, those of the same identifier joined; `custom` makes groups of the profile's
//! own and inserts selected controls into them; `flat`, and a profile that says nothing, makes one list. A control that
//! several imports bring is kept as often as it comes (`keep`, the default), once (`use-first`), or once with what
//! each brings (`merge`).

use std::cmp::Ordering;

use serde_json::{Map, Value};

use super::{
    members,
    resolve::{Selection, catalog},
};
use crate::sort::Sort;

/// What a group or a control has beside those below it.
const LISTS: &[&str] = &["params", "props", "links", "parts"];

/// The catalog that selections make together.
pub(super) fn merge(catalogs: Vec<Value>, merge: &Value) -> Result<Value, String> {
    let method = merge["combine"]["method"].as_str().unwrap_or("keep");
    if !matches!(method, "keep" | "use-first" | "merge") {
        return Err(format!("$.profile.merge.combine.method: `{method}` is not one of use-first, merge, keep"));
    }
    let wanted = ["flat", "as-is", "custom"].into_iter().filter(|name| match merge.get(*name) {
        None => false,
        // `as-is: false` is as if it was not there.
        Some(value) => *value != Value::Bool(false),
    });
    let wanted: Vec<&str> = wanted.collect();
    if wanted.len() > 1 {
        return Err(format!("$.profile.merge: it asks for {} at once; one is possible", wanted.join(" and ")));
    }
    let (mut groups, mut controls) = (Vec::new(), Vec::new());
    for mut one in catalogs {
        take(&mut one, "groups", &mut groups);
        take(&mut one, "controls", &mut controls);
    }
    let mut all = catalog(groups, controls);
    if method != "keep" {
        once(&mut all, method == "merge");
    }
    match wanted.first() {
        Some(&"as-is") => {
            join(&mut all);
            Ok(all)
        }
        Some(&"custom") => {
            let (groups, controls) = custom(&merge["custom"], &all, "$.profile.merge.custom")?;
            Ok(catalog(groups, controls))
        }
        _ => Ok(catalog(Vec::new(), flat(all))),
    }
}

/// Moves a list out of an object.
fn take(node: &mut Value, field: &str, into: &mut Vec<Value>) {
    if let Some(Value::Array(mut items)) = node.as_object_mut().and_then(|fields| fields.remove(field)) {
        into.append(&mut items);
    }
}

/// Every control in one list, enhancements behind their control.
fn flat(mut node: Value) -> Vec<Value> {
    let (mut groups, mut controls, mut all) = (Vec::new(), Vec::new(), Vec::new());
    take(&mut node, "groups", &mut groups);
    take(&mut node, "controls", &mut controls);
    all.extend(groups.into_iter().flat_map(flat));
    for mut control in controls {
        let mut inner = Vec::new();
        take(&mut control, "controls", &mut inner);
        all.push(control);
        all.append(&mut flat(catalog(Vec::new(), inner)));
    }
    all
}

/// Groups with the same identifier become one, as when two imports select of one catalog.
fn join(node: &mut Value) {
    let Some(groups) = node.get_mut("groups").and_then(Value::as_array_mut) else { return };
    let mut joined: Vec<Value> = Vec::new();
    for mut group in std::mem::take(groups) {
        let same = |one: &&mut Value| one["id"].is_string() && one["id"] == group["id"];
        match joined.iter_mut().find(same) {
            Some(first) => {
                for field in ["groups", "controls"] {
                    let mut items = Vec::new();
                    take(&mut group, field, &mut items);
                    append(first, field, items);
                }
                add(first, &group);
            }
            None => joined.push(group),
        }
    }
    joined.iter_mut().for_each(join);
    *groups = joined;
}

fn append(node: &mut Value, field: &str, items: Vec<Value>) {
    let Some(fields) = node.as_object_mut().filter(|_| !items.is_empty()) else { return };
    if let Some(list) = fields.entry(field).or_insert_with(|| Value::Array(Vec::new())).as_array_mut() {
        list.extend(items);
    }
}

/// Lists of another copy, without what is there already.
fn add(node: &mut Value, other: &Value) {
    for field in LISTS {
        let there: Vec<&Value> = members(node, field).collect();
        let new: Vec<Value> = members(other, field).filter(|item| !there.contains(item)).cloned().collect();
        append(node, field, new);
    }
}

/// Keeps the first of the controls that have one identifier; with `joined`, what the others bring is added to it.
fn once(all: &mut Value, joined: bool) {
    let mut firsts: Vec<String> = Vec::new();
    let mut others: Vec<Value> = Vec::new();
    drop_repeated(all, &mut firsts, &mut others);
    if joined {
        for other in others {
            super::modify::each(all, &mut |control| control["id"] == other["id"], &mut |control| add(control, &other));
        }
    }
}

fn drop_repeated(node: &mut Value, firsts: &mut Vec<String>, others: &mut Vec<Value>) {
    for group in node.get_mut("groups").and_then(Value::as_array_mut).into_iter().flatten() {
        drop_repeated(group, firsts, others);
    }
    let Some(controls) = node.get_mut("controls").and_then(Value::as_array_mut) else { return };
    let mut kept = Vec::new();
    for mut control in std::mem::take(controls) {
        let id = control["id"].as_str().unwrap_or_default().to_owned();
        let again = firsts.contains(&id);
        firsts.push(id);
        drop_repeated(&mut control, firsts, others);
        if again {
            // Enhancements that nobody had before stay, in its place.
            take(&mut control, "controls", &mut kept);
            others.push(control);
        } else {
            kept.push(control);
        }
    }
    *controls = kept;
}

/// Groups of the profile's own, and controls that stand in none of them.
fn custom(custom: &Value, all: &Value, path: &str) -> Result<(Vec<Value>, Vec<Value>), String> {
    let mut groups = Vec::new();
    for (at, group) in members(custom, "groups").enumerate() {
        let path = format!("{path}.groups[{at}]");
        let (inner, controls) = self::custom(group, all, &path)?;
        let said = group.as_object().into_iter().flatten();
        let said = said.filter(|(name, _)| !matches!(name.as_str(), "groups" | "insert-controls"));
        let mut made: Map<String, Value> = said.map(|(name, value)| (name.clone(), value.clone())).collect();
        if !inner.is_empty() {
            made.insert("groups".to_owned(), inner.into());
        }
        if !controls.is_empty() {
            made.insert("controls".to_owned(), controls.into());
        }
        groups.push(made.into());
    }
    let mut controls = Vec::new();
    for (at, insert) in members(custom, "insert-controls").enumerate() {
        let path = format!("{path}.insert-controls[{at}]");
        let mut found = Selection::of(insert, all, &path)?.all(all);
        let id = |control: &Value| control["id"].as_str().unwrap_or_default().to_owned();
        match insert["order"].as_str() {
            None | Some("keep") => {}
            Some("ascending") => found.order_by(|a, b| natural(&id(a), &id(b))),
            Some("descending") => found.order_by(|a, b| natural(&id(b), &id(a))),
            Some(other) => return Err(format!("{path}.order: `{other}` is not one of keep, ascending, descending")),
        }
        controls.append(&mut found);
    }
    Ok((groups, controls))
}

/// Order of identifiers in which `ac-2` comes before `ac-10`.
fn natural(one: &str, other: &str) -> Ordering {
    let parts = |text: &str| {
        let mut parts: Vec<(u64, String)> = Vec::new();
        for part in text.split_inclusive(|it: char| !it.is_ascii_digit()) {
            let digits: String = part.chars().take_while(char::is_ascii_digit).collect();
            parts.push((digits.parse().unwrap_or_default(), part[digits.len()..].to_owned()));
        }
        parts
    };
    parts(one).cmp(&parts(other)).then_with(|| one.cmp(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_identifiers_count() {
        let mut ids = ["ac-10", "ac-2.10", "ac-2", "ac-2.9", "ab-11"];
        ids.sort_by(|a, b| natural(a, b));
        assert_eq!(ids, ["ab-11", "ac-2", "ac-2.9", "ac-2.10", "ac-10"]);
    }
}
