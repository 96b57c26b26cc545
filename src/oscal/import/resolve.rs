//! Profile resolution after NIST's specification: import (include, exclude, with their enhancements), [`merge`](super::merge),
//! then [`modify`](super::modify). The result is a catalog that holds the selected controls.
//!
//! Errors name the place in the profile; of a profile that is imported, behind the name under which it was.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{members, merge, modify};
use crate::oscal::validate::File;

/// Deepest chain of profiles that import profiles.
const DEEPEST: usize = 8;

/// Finds what a file imports, by reference.
pub(super) type Open<'o> = dyn Fn(&File, &str) -> Result<File, String> + 'o;

/// The catalog that a profile means.
pub(super) fn resolve(profile: &File, open: &Open<'_>) -> Result<Value, String> {
    deep(profile, open, &mut Vec::new())
}

/// `above` are the profiles that lead here, by identifier and title.
fn deep(profile: &File, open: &Open<'_>, above: &mut Vec<(String, String)>) -> Result<Value, String> {
    let root = profile.root();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let me = (text(&root["uuid"]), text(&root["metadata"]["title"]));
    if let Some(at) = above.iter().position(|(uuid, _)| !uuid.is_empty() && *uuid == me.0) {
        let circle: Vec<&str> = above[at..].iter().chain([&me]).map(|(_, title)| title.as_str()).collect();
        return Err(format!("profiles import each other in a circle: {}", circle.join(" → ")));
    }
    if above.len() > DEEPEST {
        return Err(format!("profiles import each other more than {DEEPEST} deep"));
    }
    above.push(me);
    if members(root, "imports").next().is_none() {
        return Err("$.profile.imports: it imports nothing".to_owned());
    }
    let mut catalogs = Vec::new();
    for (at, import) in members(root, "imports").enumerate() {
        let path = format!("$.profile.imports[{at}]");
        let href = import["href"].as_str().ok_or_else(|| format!("{path}: it names no file"))?;
        let found = open(profile, href).map_err(|why| format!("{path}.href: {why}"))?;
        let catalog = match found.model() {
            "catalog" => None,
            "profile" => Some(deep(&found, open, above).map_err(|why| format!("{path}.href: {href}: {why}"))?),
            other => return Err(format!("{path}.href: {href} is a {other}, not a catalog or a profile")),
        };
        let catalog = catalog.as_ref().unwrap_or(found.root());
        catalogs.push(Selection::of(import, catalog, &path)?.cut(catalog));
    }
    above.pop();
    let mut catalog = merge::merge(catalogs, &root["merge"])?;
    modify::modify(&mut catalog, &root["modify"])?;
    Ok(catalog)
}

/// Which controls of a catalog are taken.
pub(super) struct Selection {
    kept: BTreeSet<String>,
}

impl Selection {
    /// Of an import, or of an insertion into a group.
    pub(super) fn of(import: &Value, catalog: &Value, path: &str) -> Result<Self, String> {
        let mut all = Vec::new();
        super::controls(catalog, "", &mut all);
        let ids: BTreeSet<&str> = all.iter().filter_map(|(_, control)| control["id"].as_str()).collect();
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

    /// The catalog, or a group of it, with the selected controls alone. An enhancement whose control was left out moves
    /// up.
    pub(super) fn cut(&self, node: &Value) -> Value {
        let mut cut = Map::new();
        for (name, value) in node.as_object().into_iter().flatten() {
            if !matches!(name.as_str(), "groups" | "controls") {
                cut.insert(name.clone(), value.clone());
            }
        }
        let groups = members(node, "groups").map(|group| self.cut(group));
        let groups: Vec<Value> = groups
            .filter(|group| members(group, "groups").next().is_some() || members(group, "controls").next().is_some())
            .collect();
        let mut controls = Vec::new();
        self.collect(node, &mut controls);
        if !groups.is_empty() {
            cut.insert("groups".to_owned(), groups.into());
        }
        if !controls.is_empty() {
            cut.insert("controls".to_owned(), controls.into());
        }
        cut.into()
    }

    /// The selected controls below a group or a control.
    fn collect(&self, node: &Value, into: &mut Vec<Value>) {
        for control in members(node, "controls") {
            if control["id"].as_str().is_some_and(|id| self.kept.contains(id)) {
                // What is said of its enhancements is the same as of a group's controls.
                into.push(self.cut(control));
            } else {
                self.collect(control, into);
            }
        }
    }

    /// All selected controls below a catalog, whatever group they are in.
    pub(super) fn all(&self, catalog: &Value) -> Vec<Value> {
        let mut all = Vec::new();
        for group in members(catalog, "groups") {
            all.append(&mut self.all(group));
        }
        self.collect(catalog, &mut all);
        all
    }
}

/// Identifiers that one selection names, or that match its patterns; with their enhancements where it says so.
fn selected(
    selection: &Value,
    all: &[(&str, &Value)],
    ids: &BTreeSet<&str>,
    path: &str,
) -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    for (at, id) in members(selection, "with-ids").enumerate() {
        let id = id.as_str().ok_or_else(|| format!("{path}.with-ids[{at}]: it is no text"))?;
        if !ids.contains(id) {
            return Err(format!("{path}.with-ids[{at}]: there is no control `{id}` to select"));
        }
        found.push(id.to_owned());
    }
    for (at, matching) in members(selection, "matching").enumerate() {
        let pattern = matching["pattern"].as_str().unwrap_or_default();
        let glob = globset::Glob::new(pattern)
            .map_err(|error| format!("{path}.matching[{at}].pattern: `{pattern}`: {}", error.kind()))?;
        let matcher = glob.compile_matcher();
        found.extend(ids.iter().filter(|id| matcher.is_match(id)).map(|id| (*id).to_owned()));
    }
    match selection["with-child-controls"].as_str() {
        None | Some("no") => {}
        Some("yes") => {
            let parents: BTreeSet<&str> = found.iter().map(String::as_str).collect();
            let mut inner = Vec::new();
            for (_, control) in all.iter().filter(|(_, it)| it["id"].as_str().is_some_and(|id| parents.contains(id))) {
                super::controls(control, "", &mut inner);
            }
            let inner: Vec<String> = inner.iter().filter_map(|(_, it)| it["id"].as_str()).map(str::to_owned).collect();
            found.extend(inner);
        }
        Some(other) => return Err(format!("{path}.with-child-controls: `{other}` is not one of yes, no")),
    }
    Ok(found)
}

/// A catalog of these groups and controls.
pub(super) fn catalog(groups: Vec<Value>, controls: Vec<Value>) -> Value {
    json!({"groups": groups, "controls": controls})
}
