//! From a component definition or a provider's security plan to declarations of a workspace: its components outside of
//! the fence (or inside, where a person says so), and what they do for controls.
//!
//! Controls that the workspace answers already are not touched: the import says where, so that a person adds the
//! component there. What a provider leaves to its customers stands in the statement, in its own words.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use super::{members, slug, toml};
use crate::{
    frameworks::{Frameworks, normalize},
    oscal::validate::File,
    workspace::{ControlId, Workspace},
};

/// What the caller decides.
#[derive(Debug, Clone)]
pub struct Owner<'o> {
    /// Team that is accountable for the components.
    pub team: &'o str,
    /// `inside` or `outside`.
    pub fence: &'o str,
    /// Framework of controls whose catalog the file does not make plain.
    pub framework: Option<&'o str>,
}

/// Declarations from a file of somebody else.
#[derive(Debug, Default)]
pub struct Declared {
    /// A file of the workspace.
    pub text: String,
    /// Titles of the components.
    pub components: Vec<String>,
    /// Controls that got a statement.
    pub controls: usize,
    /// Controls that the workspace answers already: control, where, component to add.
    pub answered: Vec<(String, String, String)>,
    /// Controls that no framework has.
    pub unknown: Vec<String>,
}

#[derive(Serialize)]
struct Out {
    format: u32,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    component: Vec<Component>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    implementation: Vec<Implementation>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Component {
    id: String,
    title: String,
    group: String,
    fence: String,
    team: String,
    description: String,
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    product: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
}

#[derive(Serialize)]
struct Implementation {
    control: String,
    status: String,
    components: Vec<String>,
    team: String,
    narrative: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    parameters: BTreeMap<String, String>,
}

/// One component's share of a control, as the file says it.
#[derive(Default)]
struct Share {
    status: String,
    text: Vec<String>,
    parameters: BTreeMap<String, String>,
}

/// Reads a component definition, or a plan whose system provides to others.
///
/// # Errors
/// When the file is neither, or holds no components.
pub fn declared(file: &File, owner: &Owner<'_>, workspace: &Workspace) -> Result<Declared, String> {
    let root = file.root();
    let (components, shares) = match file.model() {
        "component-definition" => definition(root),
        "system-security-plan" => plan(root),
        other => return Err(format!("it is a {other}, not a component definition or a system security plan")),
    };
    if components.is_empty() {
        return Err(format!("$.{}: it holds no components", file.model()));
    }
    let mut declared = Declared::default();
    let mut ids: BTreeMap<&str, String> = BTreeMap::new();
    let mut taken: BTreeSet<String> = workspace.components.iter().map(|it| it.id.to_string()).collect();
    let title = root["metadata"]["title"].as_str().unwrap_or("Imported");
    let mut rows = Vec::new();
    for component in components {
        let row = row(component, title, owner, &mut taken);
        ids.insert(component["uuid"].as_str().unwrap_or_default(), row.id.clone());
        declared.components.push(row.title.clone());
        rows.push(row);
    }
    let implementation = declared.statements(&ids, shares, owner, workspace);
    declared.controls = implementation.len();
    let out = Out { format: 1, component: rows, implementation };
    declared.text = toml(&out)?;
    Ok(declared)
}

impl Declared {
    /// Statements by control, of those that nobody answers yet.
    fn statements(
        &mut self,
        ids: &BTreeMap<&str, String>,
        shares: BTreeMap<(String, String), Share>,
        owner: &Owner<'_>,
        workspace: &Workspace,
    ) -> Vec<Implementation> {
        let frameworks = &workspace.frameworks;
        let chosen = owner.framework.or(workspace.baseline.as_ref().map(|choice| choice.framework.as_str()));
        let mut statements: BTreeMap<ControlId, Implementation> = BTreeMap::new();
        for ((control, component), share) in shares {
            let Some(component) = ids.get(component.as_str()) else { continue };
            let Some(known) = known(&control, chosen, frameworks) else {
                if !self.unknown.contains(&control) {
                    self.unknown.push(control);
                }
                continue;
            };
            if let Some(there) = workspace.implementations.iter().find(|it| it.control == known) {
                let label = frameworks.label(&known).to_owned();
                self.answered.push((label, there.declared_at.clone(), component.clone()));
                continue;
            }
            let text = share.text.join("\n\n");
            let entry = statements.entry(known.clone()).or_insert_with(|| Implementation {
                control: known.to_string(),
                status: share.status.clone(),
                components: Vec::new(),
                team: owner.team.to_owned(),
                narrative: String::new(),
                parameters: BTreeMap::new(),
            });
            entry.components.push(component.clone());
            entry.parameters.extend(share.parameters);
            // Met in part is what several shares of different status amount to.
            if entry.status != share.status {
                entry.status = "partial".to_owned();
            }
            if !text.is_empty() && !entry.narrative.contains(&text) {
                entry.narrative.push_str(if entry.narrative.is_empty() { "" } else { "\n\n" });
                entry.narrative.push_str(&text);
            }
        }
        statements.into_values().collect()
    }
}

/// The control that a file means: of the framework that a person named or the workspace chose, else of any.
fn known(control: &str, chosen: Option<&str>, frameworks: &Frameworks) -> Option<ControlId> {
    let name = normalize(control);
    let of = |id: &str| frameworks.framework(id)?.control(&name).map(|found| found.id.clone());
    // Our own export writes those that start with a digit behind the framework's name.
    let behind = || {
        frameworks.ids().find_map(|id| {
            let rest = control.strip_prefix(id)?.strip_prefix('-')?;
            frameworks.framework(id)?.control(&normalize(rest)).map(|found| found.id.clone())
        })
    };
    chosen.and_then(of).or_else(behind).or_else(|| frameworks.ids().find_map(of))
}

fn row(component: &Value, title: &str, owner: &Owner<'_>, taken: &mut BTreeSet<String>) -> Component {
    let text = |field: &str| component[field].as_str().unwrap_or_default().trim().to_owned();
    let prop = |name: &str| {
        members(component, "props")
            .find(|prop| prop["name"] == name)
            .and_then(|prop| prop["value"].as_str())
            .map(str::to_owned)
    };
    let wanted = prop("component-id").unwrap_or_else(|| slug(&text("title")));
    let mut id = wanted.clone();
    for number in 2.. {
        if taken.insert(id.clone()) {
            break;
        }
        id = format!("{wanted}-{number}");
    }
    let kind = match component["type"].as_str().unwrap_or_default() {
        "process-procedure" => "process",
        known @ ("service" | "hardware" | "interconnection") => known,
        _ => "software",
    };
    Component {
        id,
        title: text("title"),
        group: prop("group").unwrap_or_else(|| title.to_owned()),
        fence: owner.fence.to_owned(),
        team: owner.team.to_owned(),
        description: text("description"),
        kind: kind.to_owned(),
        product: prop("product"),
        version: prop("version"),
    }
}

type Shares = BTreeMap<(String, String), Share>;

/// Components of a definition, and what each says of controls.
fn definition(root: &Value) -> (Vec<&Value>, Shares) {
    let mut shares = Shares::new();
    let components: Vec<&Value> = members(root, "components").collect();
    for component in &components {
        let uuid = component["uuid"].as_str().unwrap_or_default();
        for set in members(component, "control-implementations") {
            for requirement in members(set, "implemented-requirements") {
                let Some(control) = requirement["control-id"].as_str() else { continue };
                let share = shares.entry((control.to_owned(), uuid.to_owned())).or_default();
                let status = members(requirement, "props").find(|prop| prop["name"] == "implementation-status");
                share.status = status_of(status.and_then(|prop| prop["value"].as_str()));
                share.say(&requirement["description"], "");
                for statement in members(requirement, "statements") {
                    share.say(&statement["description"], "");
                }
                share.parameters(set);
                share.parameters(requirement);
            }
        }
    }
    (components, shares)
}

/// Components of a plan that others may build on, with what they provide and what they leave to others. A plan that
/// exports nothing is taken as a whole: its system is one component.
fn plan(root: &Value) -> (Vec<&Value>, Shares) {
    let mut shares = Shares::new();
    let mut exporting = BTreeSet::new();
    for requirement in members(&root["control-implementation"], "implemented-requirements") {
        let Some(control) = requirement["control-id"].as_str() else { continue };
        let deep = members(requirement, "statements").flat_map(|statement| members(statement, "by-components"));
        for by in members(requirement, "by-components").chain(deep) {
            let export = &by["export"];
            let component = by["component-uuid"].as_str().unwrap_or_default();
            let provided: Vec<&Value> = members(export, "provided").collect();
            let left: Vec<&Value> = members(export, "responsibilities").collect();
            if provided.is_empty() && left.is_empty() {
                continue;
            }
            exporting.insert(component);
            let share = shares.entry((control.to_owned(), component.to_owned())).or_default();
            share.status = status_of(by["implementation-status"]["state"].as_str());
            provided.iter().for_each(|it| share.say(&it["description"], ""));
            left.iter().for_each(|it| share.say(&it["description"], "**Left to us:** "));
            share.parameters(by);
        }
    }
    let components = members(&root["system-implementation"], "components");
    let components = components.filter(|it| it["uuid"].as_str().is_some_and(|uuid| exporting.contains(uuid)));
    (components.collect(), shares)
}

impl Share {
    fn say(&mut self, text: &Value, before: &str) {
        let text = text.as_str().unwrap_or_default().trim();
        let said = format!("{before}{text}");
        if !text.is_empty() && !self.text.contains(&said) {
            self.text.push(said);
        }
    }

    fn parameters(&mut self, node: &Value) {
        for set in members(node, "set-parameters") {
            let values: Vec<&str> = members(set, "values").filter_map(Value::as_str).collect();
            if let Some(id) = set["param-id"].as_str().filter(|_| !values.is_empty()) {
                self.parameters.insert(id.to_owned(), values.join(", "));
            }
        }
    }
}

/// A status as declarations know it; what a file leaves out counts as met, as a definition of a capability says.
fn status_of(state: Option<&str>) -> String {
    let others = ["partial", "planned", "alternative", "not-applicable"];
    others.into_iter().find(|known| state == Some(*known)).unwrap_or("implemented").to_owned()
}
