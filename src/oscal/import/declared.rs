//! From a component definition or a security plan to declarations of a workspace: components, what they do for
//! controls, and what a provider provides and leaves to us.
//!
//! Controls that the workspace answers already are not touched: the import says where, so that a person adds the
//! component there. A component that our own export wrote and the workspace still has is not declared again.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{
    catalog::framework_of,
    members, own, slug,
    tables::{Authorization, Component, Components, Connection, Implementation, Inherited, Interface, Out},
    toml,
};
use crate::{
    frameworks::{Frameworks, normalize},
    oscal::{build::NAMESPACE, validate::File},
    workspace::{ControlId, OrganizationKind, Workspace},
};

/// What the caller decides.
#[derive(Debug, Clone)]
pub struct Owner<'o> {
    /// Team that is accountable for the components; of our own plan, for those whose team the plan does not make plain.
    pub team: &'o str,
    /// Whose file it is.
    pub whose: Whose,
    /// Framework of controls whose catalog the file does not make plain.
    pub framework: Option<&'o str>,
    /// Day on which the provider was authorized, where a person said so.
    pub authorized: Option<&'o str>,
}

/// Whose file it is: decides what of it is declared, and on which side of the fence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// Components outside of the fence; of a plan, what it provides to others.
    Others,
    /// Components inside of the fence.
    Inside,
    /// The plan of this very system: everything in it.
    Ours,
}

/// Declarations from a file of somebody else.
#[derive(Debug, Default)]
pub struct Declared {
    /// A file of the workspace.
    pub text: String,
    /// Titles of the components that are declared.
    pub components: Vec<String>,
    /// Controls that got a statement.
    pub controls: usize,
    /// Controls that the workspace answers already: control, where, component to add.
    pub answered: Vec<(String, String, String)>,
    /// Controls that no framework has.
    pub unknown: Vec<String>,
    /// What could not be taken over, and what to do about it.
    pub notes: Vec<String>,
}

/// One component's share of a control, as the file says it.
#[derive(Debug, Default)]
pub(super) struct Share {
    /// Control as the file names it.
    pub control: String,
    /// Framework that the file says it is of.
    pub framework: Option<String>,
    /// Identifier of the component in the file; `None`: the system as a whole.
    pub component: Option<String>,
    pub status: String,
    pub text: Vec<String>,
    pub parameters: BTreeMap<String, String>,
    /// Without the component, which the workspace names otherwise.
    pub inherited: Vec<Inherited>,
}

/// What a file says, in the shapes of a workspace; components by their identifier in the file.
#[derive(Debug, Default)]
pub(super) struct Parts {
    pub authorizations: Vec<Authorization>,
    /// Identifier in the file, and the table, its id as the file wishes it.
    pub components: Vec<(String, Component)>,
    pub interfaces: Vec<Interface>,
    pub connections: Vec<Connection>,
    pub shares: Vec<Share>,
    /// What a plan says of a control beside the shares: by control as the file names it.
    pub requirements: BTreeMap<String, Implementation>,
    pub notes: Vec<String>,
}

/// Reads a component definition or a security plan.
///
/// # Errors
/// When the file is neither, or holds no components.
pub fn declared(file: &File, owner: &Owner<'_>, workspace: &Workspace) -> Result<Declared, String> {
    let root = file.root();
    let parts = match (file.model(), owner.whose) {
        ("component-definition", _) => definition(root, owner),
        ("system-security-plan", Whose::Ours) => own::plan(root, owner, workspace),
        ("system-security-plan", _) => provider(root, owner, workspace),
        (other, _) => return Err(format!("it is a {other}, not a component definition or a system security plan")),
    };
    if parts.components.is_empty() {
        return Err(match file.model() {
            "component-definition" => "$.component-definition: it holds no components".to_owned(),
            model => format!("$.{model}.system-implementation: it holds no components that provide anything to others"),
        });
    }
    let Parts { mut authorizations, components, mut interfaces, mut connections, shares, requirements, notes } = parts;
    let mut declared = Declared { notes, ..Declared::default() };
    let mut ids: BTreeMap<String, String> = BTreeMap::new();
    let mut taken: BTreeSet<String> = workspace.components.iter().map(|it| it.id.to_string()).collect();
    let ours = ours(root);
    let mut rows = Vec::new();
    let mut renamed = BTreeMap::new();
    for (uuid, mut row) in components {
        let known = workspace.components.iter().find(|it| it.id.as_str() == row.id && it.title == row.title);
        if let Some(known) = known.filter(|_| ours) {
            ids.insert(uuid, known.id.to_string());
            continue;
        }
        let id = unused(&row.id, &mut taken);
        renamed.insert(std::mem::replace(&mut row.id, id.clone()), id);
        ids.insert(uuid, row.id.clone());
        declared.components.push(row.title.clone());
        rows.push(row);
    }
    // What the workspace declares already is not declared again; what is new names components as they are called here.
    let now = |id: &mut String| {
        if let Some(new) = renamed.get(id) {
            id.clone_from(new);
        }
    };
    let mut parts: Vec<&mut String> = rows.iter_mut().filter_map(|row| row.part_of.as_mut()).collect();
    interfaces.retain(|it| !workspace.interfaces.iter().any(|there| there.id.as_str() == it.id));
    connections.retain(|it| !workspace.connections.iter().any(|there| there.id.as_str() == it.id));
    authorizations.retain(|it| !workspace.authorizations.iter().any(|there| there.id == it.id));
    parts.extend(interfaces.iter_mut().flat_map(|it| [&mut it.from, &mut it.to]));
    parts.extend(connections.iter_mut().flat_map(|it| [&mut it.from, &mut it.to]));
    parts.into_iter().for_each(now);
    for authorization in &mut authorizations {
        authorization.components = authorization.components.iter().filter_map(|uuid| ids.get(uuid).cloned()).collect();
    }
    let (implementation, beside) = declared.statements(&ids, shares, requirements, owner, workspace);
    declared.controls = implementation.len();
    let out = Out {
        format: 1,
        authorization: authorizations,
        component: rows,
        interface: interfaces,
        connection: connections,
        implementation,
    };
    declared.text = toml(&out)? + &beside;
    Ok(declared)
}

/// A file that our own export wrote.
pub(super) fn ours(root: &Value) -> bool {
    members(root, "components")
        .chain(members(&root["system-implementation"], "components"))
        .any(|component| members(component, "props").any(|prop| prop["ns"] == NAMESPACE))
}

fn unused(wanted: &str, taken: &mut BTreeSet<String>) -> String {
    let mut id = wanted.to_owned();
    for number in 2.. {
        if taken.insert(id.clone()) {
            break;
        }
        id = format!("{wanted}-{number}");
    }
    id
}

impl Declared {
    /// Statements by control, of those that nobody answers yet; and as comments what belongs below those that
    /// somebody does.
    fn statements(
        &mut self,
        ids: &BTreeMap<String, String>,
        shares: Vec<Share>,
        mut requirements: BTreeMap<String, Implementation>,
        owner: &Owner<'_>,
        workspace: &Workspace,
    ) -> (Vec<Implementation>, String) {
        let frameworks = &workspace.frameworks;
        let chosen = workspace.baseline.as_ref().map(|choice| choice.framework.as_str());
        let mut statements: BTreeMap<ControlId, Implementation> = BTreeMap::new();
        let mut beside = String::new();
        for share in shares {
            let component = match &share.component {
                Some(uuid) => match ids.get(uuid) {
                    Some(id) => Some(id.clone()),
                    None => continue,
                },
                None => None,
            };
            let of = owner.framework.or(share.framework.as_deref()).or(chosen);
            let Some(known) = known(&share.control, of, frameworks) else {
                if !self.unknown.contains(&share.control) {
                    self.unknown.push(share.control);
                }
                continue;
            };
            let inherited = |inherited: Vec<Inherited>| {
                let of = component.clone().unwrap_or_default();
                inherited.into_iter().map(move |it| Inherited { component: of.clone(), ..it })
            };
            if let Some(there) = workspace.implementations.iter().find(|it| it.control == known) {
                let named = component.as_ref().is_none_or(|id| there.components.iter().any(|it| it.as_str() == id));
                if !named {
                    let label = frameworks.label(&known).to_owned();
                    beside.push_str(&commented(&label, &there.declared_at, inherited(share.inherited).collect()));
                    self.answered.push((label, there.declared_at.clone(), component.clone().unwrap_or_default()));
                }
                continue;
            }
            let entry = statements.entry(known.clone()).or_insert_with(|| {
                let stated = requirements.remove(&share.control);
                let stated =
                    stated.unwrap_or_else(|| Implementation { team: owner.team.to_owned(), ..Default::default() });
                Implementation { control: known.to_string(), status: share.status.clone(), ..stated }
            });
            if let Some(component) = component.clone().filter(|id| !entry.components.0.contains(id)) {
                entry.components.0.push(component);
            }
            entry.inherited.extend(inherited(share.inherited));
            entry.parameters.extend(share.parameters);
            // Met in part is what several shares of different status amount to.
            if entry.status != share.status {
                entry.status = "partial".to_owned();
            }
            let text = share.text.join("\n\n");
            if !text.is_empty() && !entry.narrative.contains(&text) {
                entry.narrative.push_str(if entry.narrative.is_empty() { "" } else { "\n\n" });
                entry.narrative.push_str(&text);
            }
        }
        (statements.into_values().collect(), beside)
    }
}

/// What belongs below a statement that is there already, for a person to move.
fn commented(label: &str, place: &str, inherited: Vec<Inherited>) -> String {
    if inherited.is_empty() {
        return String::new();
    }
    let out = Implementation { inherited, components: Components::default(), ..Implementation::default() };
    let tables = BTreeMap::from([("implementation", [out])]);
    let text = toml(&tables).unwrap_or_default();
    let lines = text.lines().skip_while(|line| !line.starts_with("[[implementation.inherited]]"));
    let lines: String = lines.map(|line| format!("# {line}").trim_end().to_owned() + "\n").collect();
    format!("\n# {label} is answered at {place}; there belongs:\n#\n{lines}")
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

/// Value of a property, ours before others'.
pub(super) fn prop<'v>(node: &'v Value, name: &str) -> Option<&'v str> {
    let named = || members(node, "props").filter(|prop| prop["name"] == name);
    let found = named().find(|prop| prop["ns"] == NAMESPACE).or_else(|| named().next())?;
    found["value"].as_str()
}

/// A component as a table; `id` is what it wishes to be called.
pub(super) fn component(component: &Value, title: &str, fence: &str, team: &str) -> Component {
    let text = |field: &str| component[field].as_str().unwrap_or_default().trim().to_owned();
    let kind = match component["type"].as_str().unwrap_or_default() {
        "process-procedure" => "process",
        known @ ("service" | "hardware" | "interconnection") => known,
        _ => "software",
    };
    let minutes = |name: &str| prop(component, name).map(|minutes| format!("{minutes}m"));
    Component {
        id: prop(component, "component-id").map_or_else(|| slug(&text("title")), str::to_owned),
        title: text("title"),
        group: prop(component, "group").unwrap_or(title).to_owned(),
        fence: fence.to_owned(),
        team: team.to_owned(),
        description: text("description"),
        kind: kind.to_owned(),
        product: prop(component, "product").map(str::to_owned),
        version: prop(component, "version").map(str::to_owned),
        critical: prop(component, "critical") == Some("yes"),
        recovery_point_objective: minutes("recovery-point-minutes"),
        recovery_time_objective: minutes("recovery-time-minutes"),
        ..Component::default()
    }
}

/// Components of a definition, and what each says of controls.
fn definition(root: &Value, owner: &Owner<'_>) -> Parts {
    let mut parts = Parts::default();
    let title = root["metadata"]["title"].as_str().unwrap_or("Imported");
    let fence = if owner.whose == Whose::Others { "outside" } else { "inside" };
    for node in members(root, "components") {
        let uuid = node["uuid"].as_str().unwrap_or_default();
        parts.components.push((uuid.to_owned(), component(node, title, fence, owner.team)));
        for set in members(node, "control-implementations") {
            for requirement in members(set, "implemented-requirements") {
                let Some(control) = requirement["control-id"].as_str() else { continue };
                let mut share = Share {
                    control: control.to_owned(),
                    framework: set["source"].as_str().and_then(|href| framework_of(root, href)).map(str::to_owned),
                    component: Some(uuid.to_owned()),
                    status: status_of(prop(requirement, "implementation-status")),
                    ..Share::default()
                };
                share.say(&requirement["description"]);
                for statement in members(requirement, "statements") {
                    share.say(&statement["description"]);
                }
                share.parameters(set);
                share.parameters(requirement);
                parts.shares.push(share);
            }
        }
    }
    parts
}

/// Everything that a requirement says by component: of its statements, and of itself.
pub(super) fn by_components(requirement: &Value) -> impl Iterator<Item = &Value> {
    let deep = members(requirement, "statements").flat_map(|statement| members(statement, "by-components"));
    members(requirement, "by-components").chain(deep)
}

/// Components of a plan that others may build on, with what they provide and what they leave to others; and what the
/// plan says of its authorization.
fn provider(root: &Value, owner: &Owner<'_>, workspace: &Workspace) -> Parts {
    let mut parts = Parts::default();
    let mut exporting = BTreeSet::new();
    let all = || members(&root["system-implementation"], "components");
    for requirement in members(&root["control-implementation"], "implemented-requirements") {
        let Some(control) = requirement["control-id"].as_str() else { continue };
        for by in by_components(requirement) {
            let component = by["component-uuid"].as_str().unwrap_or_default();
            let inherited = exported(&by["export"]);
            if inherited.is_empty() {
                continue;
            }
            exporting.insert(component);
            let title = all().find(|it| it["uuid"] == component).map_or("the provider", |it| named(root, it));
            let status = status_of(by["implementation-status"]["state"].as_str());
            // What is left to us is not done by being inherited.
            let open = status == "implemented" && inherited.iter().any(|it| it.responsibility.is_some());
            let mut share = Share {
                control: control.to_owned(),
                component: Some(component.to_owned()),
                status: if open { "partial".to_owned() } else { status },
                text: vec![format!("Inherited from {title}, as its security plan says.")],
                inherited,
                ..Share::default()
            };
            share.parameters(by);
            parts.shares.push(share);
        }
    }
    let title = root["metadata"]["title"].as_str().unwrap_or("Imported");
    for node in all().filter(|it| it["uuid"].as_str().is_some_and(|uuid| exporting.contains(uuid))) {
        let mut row = component(node, title, "outside", owner.team);
        if node["type"] == "this-system" {
            row.title = named(root, node).to_owned();
            row.id = slug(&row.title);
            row.kind = "service".to_owned();
        }
        row.provider_uuid = node["uuid"].as_str().filter(|uuid| uuid::Uuid::try_parse(uuid).is_ok()).map(str::to_owned);
        parts.components.push((node["uuid"].as_str().unwrap_or_default().to_owned(), row));
    }
    parts.authorized(root, owner, workspace);
    parts
}

/// Title of a component; of the one that stands for the whole system, the system's name.
fn named<'v>(root: &'v Value, component: &'v Value) -> &'v str {
    let system = root["system-characteristics"]["system-name"].as_str().filter(|_| component["type"] == "this-system");
    system.or(component["title"].as_str()).unwrap_or("the provider").trim()
}

/// What an export provides, each with what it leaves to others; then what is left without a capability.
fn exported(export: &Value) -> Vec<Inherited> {
    let text = |node: &Value| node["description"].as_str().map(|text| text.trim().to_owned());
    let uuid = |node: &Value, field: &str| {
        let uuid = node[field].as_str().filter(|uuid| uuid::Uuid::try_parse(uuid).is_ok());
        uuid.map(str::to_owned)
    };
    let left: Vec<&Value> = members(export, "responsibilities").collect();
    let mut all = Vec::new();
    for provided in members(export, "provided") {
        let of = left.iter().filter(|it| it["provided-uuid"] == provided["uuid"]);
        let mut one =
            Inherited { provided: text(provided), provided_uuid: uuid(provided, "uuid"), ..Inherited::default() };
        for responsibility in of {
            one.responsibility = text(responsibility);
            one.responsibility_uuid = uuid(responsibility, "uuid");
            all.push(std::mem::take(&mut one));
        }
        if one != Inherited::default() {
            all.push(one);
        }
    }
    let known = |it: &Value| members(export, "provided").any(|provided| provided["uuid"] == it["provided-uuid"]);
    all.extend(left.iter().filter(|it| !known(it)).map(|it| Inherited {
        responsibility: text(it),
        responsibility_uuid: uuid(it, "uuid"),
        ..Inherited::default()
    }));
    all
}

impl Parts {
    /// The authorization of a provider, where its plan or a person says when that was.
    fn authorized(&mut self, root: &Value, owner: &Owner<'_>, workspace: &Workspace) {
        let system = &root["system-characteristics"];
        let name = system["system-name"].as_str().or(root["metadata"]["title"].as_str()).unwrap_or("Provider").trim();
        let Some(team) = workspace.teams.iter().find(|team| team.id.as_str() == owner.team) else { return };
        let organization = workspace.organization(&team.organization);
        if organization.kind == OrganizationKind::Own {
            self.notes.push(format!(
                "team {} is one of our own, so no authorization of a provider is declared; import with the provider's team",
                team.id
            ));
            return;
        }
        if let Some(there) = workspace.authorizations.iter().find(|it| it.organization == organization.id) {
            let uncovered = format!("authorization `{}` of {} is there already", there.id, organization.name);
            self.notes.push(format!("{uncovered}: see that its `components` name what it covers"));
            return;
        }
        let given = owner.authorized.or_else(|| system["date-authorized"].as_str());
        let Some(day) = given.and_then(date) else {
            self.notes.push(format!(
                "the plan does not say when {name} was authorized: import again with --authorized DATE, or declare \
                 [[authorization]] of `{}`",
                organization.id
            ));
            return;
        };
        let impact = system["security-sensitivity-level"].as_str().unwrap_or_default().to_ascii_lowercase();
        let impact = ["low", "moderate", "high"].into_iter().find(|word| impact.ends_with(word));
        let number = members(system, "system-ids")
            .filter(|it| !it["identifier-type"].as_str().is_some_and(|kind| kind.contains("rfc4122")))
            .find_map(|it| it["id"].as_str());
        self.authorizations.push(Authorization {
            id: slug(name),
            organization: organization.id.to_string(),
            title: name.split_whitespace().collect::<Vec<_>>().join(" "),
            identifier: number.map(str::to_owned),
            authorized: Some(day),
            impact: impact.map(str::to_owned),
            components: self.components.iter().map(|(uuid, _)| uuid.clone()).collect(),
            ..Authorization::default()
        });
    }
}

/// The day of a date or a moment.
pub(super) fn date(text: &str) -> Option<toml::value::Datetime> {
    text.get(..10)?.parse().ok().filter(|date: &toml::value::Datetime| date.date.is_some())
}

impl Share {
    pub(super) fn say(&mut self, text: &Value) {
        let text = text.as_str().unwrap_or_default().trim();
        if !text.is_empty() && !self.text.iter().any(|said| said == text) {
            self.text.push(text.to_owned());
        }
    }

    pub(super) fn parameters(&mut self, node: &Value) {
        for set in members(node, "set-parameters") {
            let values: Vec<&str> = members(set, "values").filter_map(Value::as_str).collect();
            if let Some(id) = set["param-id"].as_str().filter(|_| !values.is_empty()) {
                self.parameters.insert(id.to_owned(), values.join(", "));
            }
        }
    }
}

/// A status as declarations know it; what a file leaves out counts as met, as a definition of a capability says.
pub(super) fn status_of(state: Option<&str>) -> String {
    let others = ["partial", "planned", "alternative", "not-applicable"];
    others.into_iter().find(|known| state == Some(*known)).unwrap_or("implemented").to_owned()
}
