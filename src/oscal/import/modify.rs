//! Modify: parameters that a profile sets, and controls that it alters.

use serde_json::Value;

use super::members;

/// Lists that an alteration adds to and removes from.
const LISTS: &[&str] = &["params", "props", "links", "parts"];

/// Applies a profile's `modify` to the merged catalog.
pub(super) fn modify(catalog: &mut Value, modify: &Value) -> Result<(), String> {
    for (at, set) in members(modify, "set-parameters").enumerate() {
        let id = set["param-id"].as_str().unwrap_or_default();
        if !set_parameter(catalog, id, set) {
            return Err(format!(
                "$.profile.modify.set-parameters[{at}].param-id: no selected control has the parameter `{id}`"
            ));
        }
    }
    for (at, alter) in members(modify, "alters").enumerate() {
        let path = format!("$.profile.modify.alters[{at}]");
        let id = alter["control-id"].as_str().unwrap_or_default();
        let mut wrong = None;
        let any = each(catalog, &mut |control| control["id"] == id, &mut |control| {
            if let Err(why) = change(control, alter, &path) {
                wrong.get_or_insert(why);
            }
        });
        if let Some(why) = wrong {
            return Err(why);
        }
        if !any {
            return Err(format!("{path}.control-id: control `{id}` is not selected"));
        }
    }
    Ok(())
}

/// Visits the controls that `wanted` names; whether there were any.
pub(super) fn each(
    node: &mut Value,
    wanted: &mut dyn FnMut(&Value) -> bool,
    visit: &mut dyn FnMut(&mut Value),
) -> bool {
    let mut any = false;
    for field in ["groups", "controls"] {
        for inner in node.get_mut(field).and_then(Value::as_array_mut).into_iter().flatten() {
            if field == "controls" && wanted(inner) {
                visit(inner);
                any = true;
            }
            any |= each(inner, wanted, visit);
        }
    }
    any
}

/// Sets a parameter wherever it is declared: of a control, a part of one, or a group.
fn set_parameter(node: &mut Value, id: &str, set: &Value) -> bool {
    let mut any = false;
    for param in node.get_mut("params").and_then(Value::as_array_mut).into_iter().flatten() {
        let Some(fields) = param.as_object_mut().filter(|param| param.get("id").is_some_and(|it| it == id)) else {
            continue;
        };
        any = true;
        for field in ["class", "depends-on", "label", "usage", "constraints", "guidelines", "values", "select"] {
            if let Some(value) = set.get(field) {
                fields.insert(field.to_owned(), value.clone());
            }
        }
        // What describes it is added; the rest is set anew.
        for field in ["props", "links"] {
            let new: Vec<Value> = members(set, field).cloned().collect();
            insert(fields, field, new, None, true);
        }
    }
    for field in ["groups", "controls"] {
        for inner in node.get_mut(field).and_then(Value::as_array_mut).into_iter().flatten() {
            any |= set_parameter(inner, id, set);
        }
    }
    any
}

/// Puts items into a list: at this place, else at its end or start.
fn insert(fields: &mut serde_json::Map<String, Value>, field: &str, new: Vec<Value>, place: Option<usize>, last: bool) {
    if new.is_empty() {
        return;
    }
    if let Some(list) = fields.entry(field).or_insert_with(|| Value::Array(Vec::new())).as_array_mut() {
        let at = place.unwrap_or(if last { list.len() } else { 0 }).min(list.len());
        list.splice(at..at, new);
    }
}

/// Removes what an alteration names, then adds what it brings: into the control or the item of this identifier at its
/// end or start, or beside that item.
fn change(control: &mut Value, alter: &Value, path: &str) -> Result<(), String> {
    members(alter, "removes").for_each(|remove| take_out(control, remove));
    for (at, add) in members(alter, "adds").enumerate() {
        let path = format!("{path}.adds[{at}]");
        let position = add["position"].as_str().unwrap_or("ending");
        if !matches!(position, "before" | "after" | "starting" | "ending") {
            return Err(format!("{path}.position: `{position}` is not one of before, after, starting, ending"));
        }
        let target = add["by-id"].as_str().filter(|id| control["id"] != *id);
        let holder = match (target, position) {
            (Some(id), "before" | "after") => holder(control, id, position == "after"),
            (Some(id), _) => item(control, id).map(|item| (item, None)),
            // Nothing can stand beside the control itself: what is meant is its start or end.
            (None, _) => Some((&mut *control, None)),
        };
        let Some((holder, beside)) = holder else {
            return Err(format!(
                "{path}.by-id: the control has nothing with the identifier `{}`",
                target.unwrap_or_default()
            ));
        };
        let Some(fields) = holder.as_object_mut() else { continue };
        for field in LISTS {
            let new: Vec<Value> = members(add, field).cloned().collect();
            let place = beside.filter(|(list, _)| list == field).map(|(_, at)| at);
            insert(fields, field, new, place, matches!(position, "ending" | "after"));
        }
    }
    Ok(())
}

/// The parameter or part with this identifier, at any depth.
fn item<'v>(node: &'v mut Value, id: &str) -> Option<&'v mut Value> {
    let (holder, place) = holder(node, id, false)?;
    let (field, at) = place?;
    holder.get_mut(field)?.get_mut(at)
}

/// What holds the item with this identifier, and the place before it (or after it) in its list.
fn holder<'v>(node: &'v mut Value, id: &str, after: bool) -> Option<(&'v mut Value, Option<(&'static str, usize)>)> {
    for field in ["params", "parts"] {
        let found = members(node, field).position(|item| item["id"] == id);
        if let Some(at) = found {
            return Some((node, Some((field, at + usize::from(after)))));
        }
    }
    let inner = members(node, "parts").position(|part| holds(part, id))?;
    holder(node.get_mut("parts")?.get_mut(inner)?, id, after)
}

fn holds(node: &Value, id: &str) -> bool {
    ["params", "parts"].iter().any(|field| members(node, field).any(|item| item["id"] == id || holds(item, id)))
}

/// Takes out what a removal describes: all of what it names has to fit.
fn take_out(node: &mut Value, remove: &Value) {
    let fits = |item: &Value, field: &str| {
        let asked = [("by-id", "id"), ("by-name", "name"), ("by-class", "class"), ("by-ns", "ns")];
        let mut named = asked.iter().filter_map(|(by, of)| Some((remove[*by].as_str()?, *of))).peekable();
        let kind = match remove["by-item-name"].as_str() {
            Some("param") => field == "params",
            Some("prop") => field == "props",
            Some("link") => field == "links",
            Some("part") => field == "parts",
            Some(_) => false,
            None => named.peek().is_some(),
        };
        kind && named.all(|(value, of)| item[of] == value)
    };
    for field in LISTS {
        let Some(items) = node.get_mut(*field).and_then(Value::as_array_mut) else { continue };
        items.retain(|item| !fits(item, field));
        items.iter_mut().for_each(|item| take_out(item, remove));
        if items.is_empty()
            && let Some(fields) = node.as_object_mut()
        {
            fields.remove(*field);
        }
    }
}
