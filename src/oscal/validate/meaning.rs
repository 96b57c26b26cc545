//! What a schema cannot see: whether identifiers lead somewhere, and whether words mean what OSCAL lets them mean.

use std::collections::{BTreeSet, HashMap};

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

/// Where in a file something stands: written out only where something is wrong.
#[derive(Clone, Copy)]
enum Place<'p> {
    Model(&'p str),
    Field(&'p Place<'p>, &'p str),
    Item(&'p Place<'p>, usize),
}

impl Place<'_> {
    /// As a JSON path.
    fn path(&self) -> String {
        match self {
            Place::Model(model) => step("$", model),
            Place::Field(above, field) => step(&above.path(), field),
            Place::Item(above, at) => format!("{}[{at}]", above.path()),
        }
    }

    /// Below a field of one of these names.
    fn below(&self, names: &[&str]) -> bool {
        match self {
            Place::Model(_) => false,
            Place::Field(above, field) => names.contains(field) || above.below(names),
            Place::Item(above, _) => above.below(names),
        }
    }
}

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
    judge.value(file.model(), file.root(), &Place::Model(file.model()));
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
fn leveraged(place: &Place<'_>) -> bool {
    place.below(&["inherited", "satisfied"])
}

/// Identifiers of all controls of a catalog.
fn identifiers(node: &Value, into: &mut BTreeSet<String>) {
    for inner in ["groups", "controls"].iter().filter_map(|name| node[*name].as_array()).flatten() {
        into.extend(inner["id"].as_str().map(str::to_owned));
        identifiers(inner, into);
    }
}

/// Identifiers that a file defines, with how often, and where again.
#[derive(Default)]
struct Known<'v> {
    uuids: HashMap<&'v str, (usize, Option<String>)>,
}

impl<'v> Known<'v> {
    fn of(file: &'v File) -> Self {
        Self::default().with(file)
    }

    fn with(mut self, file: &'v File) -> Self {
        self.add(file.root(), &Place::Model(file.model()));
        self
    }

    fn add(&mut self, node: &'v Value, place: &Place<'_>) {
        match node {
            Value::Object(fields) => {
                if let Some(uuid) = fields.get("uuid").and_then(Value::as_str) {
                    let (times, again) = self.uuids.entry(uuid).or_default();
                    *times += 1;
                    if *times == 2 {
                        *again = Some(place.path());
                    }
                }
                fields.iter().for_each(|(name, inner)| self.add(inner, &Place::Field(place, name)));
            }
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(at, inner)| self.add(inner, &Place::Item(place, at)));
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
    fn wrong(&mut self, place: &Place<'_>, message: String) {
        self.problems.push(Problem { path: place.path(), message });
    }

    fn version(&mut self, file: &File) {
        let root = Place::Model(file.model());
        let metadata = Place::Field(&root, "metadata");
        if let Some(version) = file.root()["metadata"]["oscal-version"].as_str()
            && !version.trim_start_matches('v').starts_with("1.")
        {
            self.wrong(
                &Place::Field(&metadata, "oscal-version"),
                format!("version {version} of OSCAL is not known here; 1.0 to 1.2 are"),
            );
        }
    }

    fn defined_twice(&mut self) {
        let twice = self.known.uuids.iter().filter_map(|(uuid, (times, again))| {
            Some(Problem { path: again.clone()?, message: format!("{uuid} is defined {times} times") })
        });
        self.problems.extend(twice);
    }

    fn value(&mut self, field: &str, node: &Value, place: &Place<'_>) {
        match node {
            Value::Object(fields) => {
                self.property(node, place);
                for (name, inner) in fields {
                    self.value(name, inner, &Place::Field(place, name));
                }
            }
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(at, inner)| self.value(field, inner, &Place::Item(place, at)));
            }
            Value::String(text) => self.text(field, text, place),
            _ => {}
        }
    }

    fn text(&mut self, field: &str, text: &str, place: &Place<'_>) {
        match field {
            local if LOCAL.contains(&local) && !self.known.uuids.contains_key(text) => {
                self.wrong(place, format!("nothing in this file has the identifier {text}"));
            }
            shared
                if SHARED.contains(&shared)
                    && !self.open
                    && !leveraged(place)
                    && !self.known.uuids.contains_key(text)
                    && !self.shared.uuids.contains_key(text) =>
            {
                self.wrong(place, format!("nothing in this file, nor in those it imports, has the identifier {text}"));
            }
            "role-id" | "role-ids" if !self.roles.contains(text) => {
                self.wrong(place, format!("the metadata define no role `{text}`"));
            }
            "control-id" | "with-ids" => self.control(text, text, place),
            "statement-id" => self.control(text.split("_smt").next().unwrap_or(text), text, place),
            "href" => {
                if let Some(uuid) = text.strip_prefix('#')
                    && uuid::Uuid::try_parse(uuid).is_ok()
                    && !self.known.uuids.contains_key(uuid)
                {
                    self.wrong(place, format!("nothing in this file has the identifier {uuid}"));
                }
            }
            "description" | "statement" | "prose" | "title" | "value" => {
                if let Some(found) = PLACEHOLDER.find(text) {
                    self.wrong(place, format!("`{}` is a placeholder", found.as_str()));
                }
            }
            _ => {}
        }
    }

    fn control(&mut self, control: &str, text: &str, place: &Place<'_>) {
        if self.controls.as_ref().is_some_and(|known| !known.contains(control)) {
            self.wrong(place, format!("no catalog that is known here has the control `{text}`"));
        }
    }

    /// Words that OSCAL gives a meaning, and a property that names something of the same file.
    fn property(&mut self, node: &Value, place: &Place<'_>) {
        if let (Some("control-origination"), Some(value)) = (node["name"].as_str(), node["value"].as_str()) {
            let fedramp = node["ns"].as_str().is_some_and(|ns| ns.contains("fedramp"));
            let allowed = if fedramp { FEDRAMP_ORIGINATIONS } else { ORIGINATIONS };
            self.one_of(value, allowed, &Place::Field(place, "value"));
        }
        if let (Some("leveraged-authorization-uuid"), Some(uuid)) = (node["name"].as_str(), node["value"].as_str())
            && !self.known.uuids.contains_key(uuid)
        {
            self.wrong(&Place::Field(place, "value"), format!("nothing in this file has the identifier {uuid}"));
        }
        if let Some(state) = node["implementation-status"]["state"].as_str() {
            self.one_of(state, STATUSES, &Place::Field(&Place::Field(place, "implementation-status"), "state"));
        }
        if let (Some(status), Some(_)) = (node["status"].as_str(), node["statement"].as_str()) {
            self.one_of(status, RISKS, &Place::Field(place, "status"));
        }
    }

    fn one_of(&mut self, value: &str, allowed: &[&str], place: &Place<'_>) {
        if !allowed.contains(&value) {
            self.wrong(place, format!("`{value}` is not one of {}", allowed.join(", ")));
        }
    }
}
