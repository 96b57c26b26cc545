//! Profile resolution after NIST's specification: import (include, exclude, with their enhancements), merge, set
//! parameters, alter. The result is a catalog that holds the selected controls.
//!
//! Groups are kept as the catalogs have them (`merge.as-is`); a profile that asks for a flat list or groups of its own
//! gets the same controls in the catalogs' groups, which changes no selection.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::members;
use crate::oscal::validate::File;

/// Deepest chain of profiles that import profiles.
const DEEPEST: usize = 8;

/// The catalog that a profile means. `open` finds what it imports, by reference.
pub(super) fn resolve(profile: &File, open: &dyn Fn(&File, &str) -> Result<File, String>) -> Result<Value, String> {
    deep(profile, open, 0)
}

fn deep(profile: &File, open: &dyn Fn(&File, &str) -> Result<File, String>, depth: usize) -> Result<Value, String> {
    if depth > DEEPEST {
        return Err(format!("profiles import each other more than {DEEPEST} deep"));
    }
    let mut groups = Vec::new();
    let mut loose = Vec::new();
    for (at, import) in members(profile.root(), "imports").enumerate() {
        let path = format!("$.profile.imports[{at}]");
        let href = import["href"].as_str().ok_or_else(|| format!("{path}: it names no file"))?;
        let found = open(profile, href).map_err(|why| format!("{path}.href: {why}"))?;
        let catalog = match found.model() {
            "catalog" => found.root().clone(),
            "profile" => deep(&found, open, depth + 1)?,
            other => return Err(format!("{path}.href: {href} is a {other}, not a catalog or a profile")),
        };
        let selection = Selection::of(import, &catalog, &path)?;
        let kept = selection.cut(&catalog);
        groups.extend(members(&kept, "groups").cloned());
        loose.extend(members(&kept, "controls").cloned());
    }
    let mut catalog = json!({"groups": groups, "controls": loose});
    let modify = &profile.root()["modify"];
    for (at, set) in members(modify, "set-parameters").enumerate() {
        let id = set["param-id"].as_str().unwrap_or_default();
        if !set_parameter(&mut catalog, id, set) {
            return Err(format!("$.profile.modify.set-parameters[{at}]: no selected control has the parameter `{id}`"));
        }
    }
    for (at, alter) in members(modify, "alters").enumerate() {
        let id = alter["control-id"].as_str().unwrap_or_default();
        if !each(&mut catalog, &mut |control| control["id"] == id, &mut |control| change(control, alter)) {
            return Err(format!("$.profile.modify.alters[{at}]: control `{id}` is not selected"));
        }
    }
    Ok(catalog)
}

/// Which controls of a catalog an import takes.
struct Selection {
    kept: BTreeSet<String>,
}

impl Selection {
    fn of(import: &Value, catalog: &Value, path: &str) -> Result<Self, String> {
        let mut all = Vec::new();
        super::controls(catalog, "", &mut all);
        let ids: Vec<&str> = all.iter().filter_map(|(_, control)| control["id"].as_str()).collect();
        let mut kept = BTreeSet::new();
        let includes_all = import.get("include-all").is_some() || import.get("include-controls").is_none();
        if includes_all {
            kept.extend(ids.iter().map(|id| (*id).to_owned()));
        }
        for (at, selection) in members(import, "include-controls").enumerate() {
            let place = format!("{path}.include-controls[{at}]");
            kept.extend(selected(selection, &all, &ids, &place)?);
        }
        for (at, selection) in members(import, "exclude-controls").enumerate() {
            for id in selected(selection, &all, &ids, &format!("{path}.exclude-controls[{at}]"))? {
                kept.remove(&id);
            }
        }
        Ok(Self { kept })
    }

    /// The catalog with the selected controls alone. An enhancement whose control was left out moves up.
    fn cut(&self, node: &Value) -> Value {
        let mut cut = node.clone();
        let Some(fields) = cut.as_object_mut() else { return cut };
        let groups: Vec<Value> = members(node, "groups").map(|group| self.cut(group)).collect();
        let groups: Vec<Value> = groups
            .into_iter()
            .filter(|group| members(group, "groups").next().is_some() || members(group, "controls").next().is_some())
            .collect();
        let mut controls = Vec::new();
        self.collect(node, &mut controls);
        fields.insert("groups".to_owned(), groups.into());
        fields.insert("controls".to_owned(), controls.into());
        cut
    }

    fn collect(&self, node: &Value, into: &mut Vec<Value>) {
        for control in members(node, "controls") {
            let mut inner = Vec::new();
            self.collect(control, &mut inner);
            if control["id"].as_str().is_some_and(|id| self.kept.contains(id)) {
                let mut control = control.clone();
                if let Some(fields) = control.as_object_mut() {
                    fields.insert("controls".to_owned(), inner.into());
                }
                into.push(control);
            } else {
                into.append(&mut inner);
            }
        }
    }
}

/// Identifiers that one selection names, or that match its patterns; with their enhancements where it says so.
fn selected(selection: &Value, all: &[(&str, &Value)], ids: &[&str], path: &str) -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    for id in members(selection, "with-ids").filter_map(Value::as_str) {
        if !ids.contains(&id) {
            return Err(format!("{path}: the catalog has no control `{id}`"));
        }
        found.push(id.to_owned());
    }
    for matching in members(selection, "matching") {
        let pattern = matching["pattern"].as_str().unwrap_or_default();
        let glob = globset::Glob::new(pattern).map_err(|error| format!("{path}: pattern `{pattern}`: {error}"))?;
        let matcher = glob.compile_matcher();
        found.extend(ids.iter().filter(|id| matcher.is_match(id)).map(|id| (*id).to_owned()));
    }
    if selection["with-child-controls"] == "yes" {
        let parents: BTreeSet<&str> = found.iter().map(String::as_str).collect();
        let mut inner = Vec::new();
        for (_, control) in all.iter().filter(|(_, it)| it["id"].as_str().is_some_and(|id| parents.contains(id))) {
            super::controls(control, "", &mut inner);
        }
        let inner: Vec<String> = inner.iter().filter_map(|(_, it)| it["id"].as_str()).map(str::to_owned).collect();
        found.extend(inner);
    }
    Ok(found)
}

/// Visits the controls that `wanted` names; whether there were any.
fn each(node: &mut Value, wanted: &mut dyn FnMut(&Value) -> bool, visit: &mut dyn FnMut(&mut Value)) -> bool {
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

fn set_parameter(catalog: &mut Value, id: &str, set: &Value) -> bool {
    let mut has = |control: &Value| members(control, "params").any(|param| param["id"] == id);
    each(catalog, &mut has, &mut |control| {
        for param in control.get_mut("params").and_then(Value::as_array_mut).into_iter().flatten() {
            if param["id"] == id {
                for field in ["label", "values", "select", "constraints", "guidelines"] {
                    if let (Some(value), Some(fields)) = (set.get(field), param.as_object_mut()) {
                        fields.insert(field.to_owned(), value.clone());
                    }
                }
            }
        }
    })
}

/// Removes what an alteration names, then adds its parts, properties and parameters at the control's end, or at the
/// start where it says so.
fn change(control: &mut Value, alter: &Value) {
    for remove in members(alter, "removes") {
        take_out(control, remove);
    }
    for add in members(alter, "adds") {
        let first = matches!(add["position"].as_str(), Some("starting" | "before"));
        for field in ["params", "props", "links", "parts"] {
            let new: Vec<Value> = members(add, field).cloned().collect();
            if new.is_empty() {
                continue;
            }
            let target = add["by-id"].as_str();
            let holder = match target {
                Some(id) if control["id"] != id => part(control, id),
                _ => Some(&mut *control),
            };
            let Some(fields) = holder.and_then(Value::as_object_mut) else { continue };
            let old = fields.remove(field).and_then(|old| old.as_array().cloned()).unwrap_or_default();
            let all: Vec<Value> =
                if first { new.into_iter().chain(old).collect() } else { old.into_iter().chain(new).collect() };
            fields.insert(field.to_owned(), all.into());
        }
    }
}

/// The part with this identifier, at any depth.
fn part<'v>(node: &'v mut Value, id: &str) -> Option<&'v mut Value> {
    let parts = node.get_mut("parts")?.as_array_mut()?;
    for inner in parts {
        if inner["id"] == id {
            return Some(inner);
        }
        if let Some(found) = part(inner, id) {
            return Some(found);
        }
    }
    None
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
            _ => named.peek().is_some(),
        };
        kind && named.all(|(value, of)| item[of] == value)
    };
    for field in ["params", "props", "links", "parts"] {
        let Some(items) = node.get_mut(field).and_then(Value::as_array_mut) else { continue };
        items.retain(|item| !fits(item, field));
        for item in items.iter_mut() {
            take_out(item, remove);
        }
    }
}
