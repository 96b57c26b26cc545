//! What a schema cannot see: whether identifiers lead somewhere, and whether words mean what OSCAL lets them mean.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{File, Problem};
use crate::{
    frameworks::Frameworks,
    oscal::build,
    schema::{PLACEHOLDER, step},
};

/// Fields that name something defined elsewhere in the same file.
const LOCAL: &[&str] = &["party-uuid", "party-uuids", "member-of-organizations", "location-uuids", "related-task"];
/// Fields that name something defined in the same file or in one that it imports.
const SHARED: &[&str] = &[
    "component-uuid",
    "observation-uuid",
    "risk-uuid",
    "finding-uuid",
    "provided-uuid",
    "responsibility-uuid",
    "subject-uuid",
    "subject-placeholder-uuid",
    "activity-uuid",
    "task-uuid",
    "response-uuid",
    "actor-uuid",
    "leveraged-authorization-uuid",
];
/// Values of `control-origination`: OSCAL's own, then those that FedRAMP adds in its namespace.
const ORIGINATIONS: &[&str] =
    &["organization", "system-specific", "customer-configured", "customer-provided", "inherited"];
const FEDRAMP_ORIGINATIONS: &[&str] =
    &["sp-corporate", "sp-system", "customer-configured", "customer-provided", "inherited", "shared"];
/// Values of `implementation-status`.
const STATUSES: &[&str] = &["implemented", "partial", "planned", "alternative", "not-applicable"];
/// States of a risk.
const RISKS: &[&str] = &["open", "investigating", "remediating", "deviation-requested", "deviation-approved", "closed"];

/// What is wrong with a file, given those that it imports.
pub(super) fn problems(file: &File, beside: &[File], frameworks: &Frameworks) -> Vec<Problem> {
    let mut judge = Judge {
        roles: roles(file.root()),
        known: Known::of(file),
        shared: beside.iter().fold(Known::default(), Known::with),
        open: file.imports().count() > beside.len() || builds_on_others(file.root()),
        controls: catalog(file, beside, frameworks),
        problems: Vec::new(),
    };
    judge.version(file);
    judge.defined_twice();
    let root = step("$", file.model());
    judge.value(file.model(), file.root(), &root);
    judge.problems
}

/// A file that takes its parts from a resource of its back matter: nobody can say here what these hold.
fn builds_on_others(root: &Value) -> bool {
    ["import-ssp", "import-ap"]
        .iter()
        .any(|name| root[*name]["href"].as_str().is_some_and(|href| href.starts_with('#') || href.contains(':')))
}

fn roles(root: &Value) -> BTreeSet<&str> {
    root["metadata"]["roles"].as_array().into_iter().flatten().filter_map(|role| role["id"].as_str()).collect()
}

/// Identifiers of controls that a file may speak of; `None` when it builds on a catalog that is not known here.
fn catalog(file: &File, beside: &[File], frameworks: &Frameworks) -> Option<BTreeSet<String>> {
    if file.model() == "catalog" {
        return None;
    }
    let mut controls: BTreeSet<String> = frameworks
        .iter()
        .flat_map(|framework| &framework.controls)
        .map(|control| build::control_token(&control.id))
        .collect();
    for file in beside.iter().filter(|file| file.model() == "catalog") {
        identifiers(file.root(), &mut controls);
    }
    Some(controls)
}

/// What a plan inherits or satisfies is defined in the plan of its provider.
fn leveraged(path: &str) -> bool {
    path.contains(".inherited[") || path.contains(".satisfied[")
}

/// Identifiers of all controls of a catalog.
fn identifiers(node: &Value, into: &mut BTreeSet<String>) {
    for inner in ["groups", "controls"].iter().filter_map(|name| node[*name].as_array()).flatten() {
        into.extend(inner["id"].as_str().map(str::to_owned));
        identifiers(inner, into);
    }
}

/// Identifiers that a file defines, with how often.
#[derive(Default)]
struct Known<'v> {
    uuids: BTreeMap<&'v str, Vec<String>>,
}

impl<'v> Known<'v> {
    fn of(file: &'v File) -> Self {
        Self::default().with(file)
    }

    fn with(mut self, file: &'v File) -> Self {
        self.add(file.root(), &step("$", file.model()));
        self
    }

    fn add(&mut self, node: &'v Value, path: &str) {
        match node {
            Value::Object(fields) => {
                if let Some(uuid) = fields.get("uuid").and_then(Value::as_str) {
                    self.uuids.entry(uuid).or_default().push(path.to_owned());
                }
                fields.iter().for_each(|(name, inner)| self.add(inner, &step(path, name)));
            }
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(at, inner)| self.add(inner, &format!("{path}[{at}]")));
            }
            _ => {}
        }
    }
}

struct Judge<'v> {
    roles: BTreeSet<&'v str>,
    /// What this file defines.
    known: Known<'v>,
    /// What those beside it define.
    shared: Known<'v>,
    /// It builds on a file that is not here.
    open: bool,
    controls: Option<BTreeSet<String>>,
    problems: Vec<Problem>,
}

impl Judge<'_> {
    fn wrong(&mut self, path: &str, message: String) {
        self.problems.push(Problem { path: path.to_owned(), message });
    }

    fn version(&mut self, file: &File) {
        let path = format!("$.{}.metadata.oscal-version", file.model());
        if let Some(version) = file.root()["metadata"]["oscal-version"].as_str()
            && !version.trim_start_matches('v').starts_with("1.")
        {
            self.wrong(&path, format!("version {version} of OSCAL is not known here; 1.0 to 1.2 are"));
        }
    }

    fn defined_twice(&mut self) {
        let twice: Vec<_> = self.known.uuids.iter().filter(|(_, paths)| paths.len() > 1).collect();
        let twice: Vec<(String, String, usize)> = twice
            .into_iter()
            .filter_map(|(uuid, paths)| Some(((*uuid).to_owned(), paths.get(1)?.clone(), paths.len())))
            .collect();
        for (uuid, path, times) in twice {
            self.wrong(&path, format!("{uuid} is defined {times} times"));
        }
    }

    fn value(&mut self, field: &str, node: &Value, path: &str) {
        match node {
            Value::Object(fields) => {
                self.property(node, path);
                for (name, inner) in fields {
                    self.value(name, inner, &step(path, name));
                }
            }
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(at, inner)| self.value(field, inner, &format!("{path}[{at}]")));
            }
            Value::String(text) => self.text(field, text, path),
            _ => {}
        }
    }

    fn text(&mut self, field: &str, text: &str, path: &str) {
        match field {
            local if LOCAL.contains(&local) && !self.known.uuids.contains_key(text) => {
                self.wrong(path, format!("nothing in this file has the identifier {text}"));
            }
            shared
                if SHARED.contains(&shared)
                    && !self.open
                    && !leveraged(path)
                    && !self.known.uuids.contains_key(text)
                    && !self.shared.uuids.contains_key(text) =>
            {
                self.wrong(path, format!("nothing in this file, nor in those it imports, has the identifier {text}"));
            }
            "role-id" | "role-ids" if !self.roles.contains(text) => {
                self.wrong(path, format!("the metadata define no role `{text}`"));
            }
            "control-id" | "with-ids" => self.control(text, text, path),
            "statement-id" => self.control(text.split("_smt").next().unwrap_or(text), text, path),
            "href" => {
                if let Some(uuid) = text.strip_prefix('#')
                    && uuid::Uuid::try_parse(uuid).is_ok()
                    && !self.known.uuids.contains_key(uuid)
                {
                    self.wrong(path, format!("nothing in this file has the identifier {uuid}"));
                }
            }
            "description" | "statement" | "prose" | "title" | "value" => {
                if let Some(found) = PLACEHOLDER.find(text) {
                    self.wrong(path, format!("`{}` is a placeholder", found.as_str()));
                }
            }
            _ => {}
        }
    }

    fn control(&mut self, control: &str, text: &str, path: &str) {
        if self.controls.as_ref().is_some_and(|known| !known.contains(control)) {
            self.wrong(path, format!("no catalog that is known here has the control `{text}`"));
        }
    }

    /// Words that OSCAL gives a meaning.
    fn property(&mut self, node: &Value, path: &str) {
        if let (Some("control-origination"), Some(value)) = (node["name"].as_str(), node["value"].as_str()) {
            let fedramp = node["ns"].as_str().is_some_and(|ns| ns.contains("fedramp"));
            let allowed = if fedramp { FEDRAMP_ORIGINATIONS } else { ORIGINATIONS };
            self.one_of(value, allowed, &step(path, "value"));
        }
        if let Some(state) = node["implementation-status"]["state"].as_str() {
            self.one_of(state, STATUSES, &format!("{path}.implementation-status.state"));
        }
        if let (Some(status), Some(_)) = (node["status"].as_str(), node["statement"].as_str()) {
            self.one_of(status, RISKS, &step(path, "status"));
        }
    }

    fn one_of(&mut self, value: &str, allowed: &[&str], path: &str) {
        if !allowed.contains(&value) {
            self.wrong(path, format!("`{value}` is not one of {}", allowed.join(", ")));
        }
    }
}
