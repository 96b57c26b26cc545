//! How controls are met: one statement a component, in the words of the declaration.

use serde_json::Value;

use super::{
    build::{Build, distinct, line, list, object, own, property, prose, prose_or, responsible, token, word},
    metadata::duty_role,
};
use crate::workspace::{
    Component, ComponentId, Duty, Fence, Implementation, ImplementationStatus, Inherited, OrganizationKind,
    Origination, Party,
};

/// What a property says that nobody declared.
pub(super) const DERIVED: &str = "derived from the fence";
/// What stands where nobody wrote a statement; the validator reports it.
pub(super) const UNSAID: &str = "No statement is declared.";

/// Whose job the control is, in the values of OSCAL's `control-origination`. OSCAL has no word for `shared`: a shared
/// control has the origin of each side.
fn originations(build: &Build<'_>, implementation: &Implementation) -> Vec<&'static str> {
    match implementation.origination {
        Origination::Organization => vec!["organization"],
        Origination::SystemSpecific => vec!["system-specific"],
        Origination::CustomerConfigured => vec!["customer-configured"],
        Origination::CustomerProvided => vec!["customer-provided"],
        Origination::Inherited => vec!["inherited"],
        Origination::Shared => {
            let mut sides: Vec<_> = implementation.components.iter().map(|id| side(build, id)).collect();
            sides.sort_unstable();
            sides.dedup();
            if sides.is_empty() { vec!["system-specific", "organization"] } else { sides }
        }
    }
}

/// Where one component's share of a control comes from.
fn side(build: &Build<'_>, id: &ComponentId) -> &'static str {
    let component = build.workspace.component(id);
    match (component.fence, build.relation(&component.team)) {
        (Fence::Inside, _) => "system-specific",
        (Fence::Outside, OrganizationKind::Customer) => "customer-provided",
        (Fence::Outside, OrganizationKind::Own) => "organization",
        (Fence::Outside, _) => "inherited",
    }
}

/// A requirement of the plan, with a statement of each component that meets it.
pub(super) fn of(build: &Build<'_>, implementation: &Implementation) -> Value {
    let control = build.control(&implementation.control);
    let by_components: Vec<Value> = match implementation.components.is_empty() {
        true => vec![by_component(build, implementation, None)],
        false => implementation.components.iter().map(|id| by_component(build, implementation, Some(id))).collect(),
    };
    let statement = object([
        ("statement-id", format!("{control}_smt").into()),
        ("uuid", build.names.id("statement", implementation.control.as_str())),
        ("by-components", by_components.into()),
    ]);
    let props = originations(build, implementation).into_iter().map(|it| property("control-origination", it));
    object([
        ("uuid", build.names.id("implemented-requirement", implementation.control.as_str())),
        ("control-id", control.into()),
        (
            "props",
            list(
                props
                    .chain(implementation.origination_derived.then(|| own("origination", DERIVED)))
                    .chain(implementation.review_by.map(|day| own("review-by", day)))
                    .chain(implementation.attested.map(|day| own("attested", day)))
                    .chain(implementation.attested_by.iter().map(|party| own("attested-by", declared(party)))),
            ),
        ),
        ("set-parameters", list(parameters(implementation))),
        ("responsible-roles", list([responsible("asset-owner", [build.team(&implementation.team)])])),
        ("statements", list([statement])),
    ])
}

/// A person or team as declarations name it.
fn declared(party: &Party) -> String {
    match party {
        Party::Person(id) => format!("@{id}"),
        Party::Team(id) => id.to_string(),
    }
}

/// Values of the control's parameters.
pub(super) fn parameters(implementation: &Implementation) -> impl Iterator<Item = Value> {
    let set =
        |(id, value): (&String, &String)| object([("param-id", token(id).into()), ("values", list([line(value)]))]);
    implementation.parameters.iter().map(set)
}

/// The share of one component; of the system as a whole where no component is named.
fn by_component(build: &Build<'_>, implementation: &Implementation, id: Option<&ComponentId>) -> Value {
    let name = format!("{}/{}", implementation.control, id.map_or("this-system", ComponentId::as_str));
    let component = id.map(|id| build.workspace.component(id));
    let not_applicable = implementation.status == ImplementationStatus::NotApplicable;
    let taken: Vec<&Inherited> = implementation.inherited.iter().filter(|it| Some(&it.component) == id).collect();
    object([
        ("component-uuid", id.map_or_else(|| this_system(build), |id| build.component(id))),
        ("uuid", build.names.id("by-component", &name)),
        ("description", prose_or(&implementation.narrative, UNSAID)),
        ("props", list(implementation.checks.iter().map(|check| own("check", check)).chain(unanswered(&taken)))),
        (
            "links",
            list(implementation.evidence.iter().map(|piece| {
                object([("href", line(&piece.location)), ("rel", "evidence".into()), ("text", line(&piece.title))])
            })),
        ),
        ("implementation-status", status(implementation.status)),
        ("responsible-roles", component.map_or(Value::Null, |it| roles(build, it))),
        (
            "export",
            component.filter(|_| !not_applicable).map_or(Value::Null, |it| export(build, implementation, it, &name)),
        ),
        ("inherited", inherited(build, &taken, component, &name)),
        ("satisfied", satisfied(build, &taken, &name)),
    ])
}

/// Identifier of the component that stands for the whole system.
pub(super) fn this_system(build: &Build<'_>) -> Value {
    build.names.id("component", "@this-system")
}

fn status(status: ImplementationStatus) -> Value {
    object([("state", word(status))])
}

/// A component of a supplier outside of the fence: its share is inherited.
fn is_inherited(build: &Build<'_>, component: &Component) -> bool {
    side(build, &component.id) == "inherited"
}

/// What is taken from a provider's component: each capability as declared, linked to the provider's plan where its
/// identifier there is known; where none is declared, that the share is inherited at all.
fn inherited(build: &Build<'_>, taken: &[&Inherited], component: Option<&Component>, name: &str) -> Value {
    let declared = taken.iter().filter_map(|it| {
        let provided = it.provided.as_deref()?;
        let which = it.provided_uuid.as_deref().unwrap_or_default();
        Some(object([
            ("uuid", build.names.id("inherited", &format!("{name}/{which}/{provided}"))),
            ("description", prose(provided)),
            ("provided-uuid", it.provided_uuid.as_deref().map_or(Value::Null, Value::from)),
        ]))
    });
    let mut all: Vec<Value> = declared.collect();
    if let Some(component) = component.filter(|it| all.is_empty() && is_inherited(build, it)) {
        all.push(object([
            ("uuid", build.names.id("inherited", name)),
            ("description", line(format_args!("Provided by {}.", provider(build, component)))),
            ("props", list([own("inherited", DERIVED)])),
        ]));
    }
    // The same capability may be named with each of the responsibilities that come with it.
    distinct(all)
}

/// How we do what a provider leaves to us.
fn satisfied(build: &Build<'_>, taken: &[&Inherited], name: &str) -> Value {
    distinct(taken.iter().filter_map(|it| {
        let (responsibility, satisfied) = (it.responsibility.as_deref()?, it.satisfied.as_deref()?);
        let which = it.responsibility_uuid.as_deref().unwrap_or_default();
        Some(object([
            ("uuid", build.names.id("satisfied", &format!("{name}/{which}/{responsibility}/{satisfied}"))),
            ("description", prose(satisfied)),
            ("responsibility-uuid", it.responsibility_uuid.as_deref().map_or(Value::Null, Value::from)),
            ("remarks", prose(responsibility)),
        ]))
    }))
}

/// What a provider leaves to us and nobody answered yet: OSCAL has no word for it. The remark is its identifier in the
/// provider's plan.
fn unanswered(taken: &[&Inherited]) -> impl Iterator<Item = Value> {
    let open = taken.iter().filter(|it| it.satisfied.is_none());
    open.filter_map(|it| {
        object([
            ("name", "responsibility-unanswered".into()),
            ("ns", super::build::NAMESPACE.into()),
            ("value", line(it.responsibility.as_deref()?)),
            ("remarks", it.responsibility_uuid.as_deref().map_or(Value::Null, Value::from)),
        ])
        .into()
    })
}

fn provider<'b>(build: &Build<'b>, component: &Component) -> &'b str {
    let team = build.workspace.team(&component.team);
    &build.workspace.organization(&team.organization).name
}

/// What a component inside the fence offers to those who build on it, and what it leaves to them where the control is
/// shared with a team outside.
fn export(build: &Build<'_>, implementation: &Implementation, component: &Component, name: &str) -> Value {
    if component.fence == Fence::Outside {
        return Value::Null;
    }
    let provided = build.names.id("provided", name);
    let others = implementation.components.iter().map(|id| build.workspace.component(id));
    let others = others.filter(|other| other.fence == Fence::Outside && !is_inherited(build, other));
    let responsibilities = others.map(|other| {
        let team = build.workspace.team(&other.team);
        object([
            ("uuid", build.names.id("responsibility", &format!("{name}/{}", other.id))),
            ("provided-uuid", provided.clone()),
            ("description", line(format_args!("{} answers for the share of {}.", team.name, other.title))),
            ("responsible-roles", list([responsible("asset-owner", [build.team(&other.team)])])),
        ])
    });
    let responsibilities = list(responsibilities);
    if implementation.status != ImplementationStatus::Implemented && responsibilities == list([]) {
        return Value::Null;
    }
    object([
        (
            "provided",
            list([object([
                ("uuid", provided.clone()),
                ("description", line(format_args!("{} serves everything that runs on the platform.", component.title))),
            ])]),
        ),
        ("responsibilities", responsibilities),
    ])
}

/// The accountable team, and the teams that answer for single duties where these are split.
pub(super) fn roles(build: &Build<'_>, component: &Component) -> Value {
    let split = Duty::ALL.iter().filter_map(|duty| {
        let team = component.duties.get(duty).filter(|team| **team != component.team)?;
        Some(responsible(&duty_role(*duty), [build.team(team)]))
    });
    let mut all = vec![responsible("asset-owner", [build.team(&component.team)])];
    if build.relation(&component.team) != OrganizationKind::Own {
        let team = build.workspace.team(&component.team);
        all.push(responsible("provider", [build.names.id("organization", team.organization.as_str())]));
    }
    distinct(all.into_iter().chain(split))
}
