//! The system's parts as OSCAL components: this system, what was declared, interfaces and connections, machines seen.

use serde_json::Value;

use super::{
    build::{Build, line, list, object, own, property, prose_or, responsible, word},
    requirements::{self, this_system},
};
use crate::workspace::{Component, Connection, ConnectionNeed, Fence, Interface, Side, TeamId};

/// Types of components that OSCAL knows.
const KINDS: &[&str] = &[
    "guidance",
    "hardware",
    "interconnection",
    "physical",
    "plan",
    "policy",
    "process-procedure",
    "service",
    "software",
    "standard",
    "system",
    "validation",
];

/// Type of a component. A `process` of ours is OSCAL's `process-procedure`.
pub(super) fn kind(component: &Component) -> &str {
    match component.kind.as_str() {
        "process" => "process-procedure",
        known if KINDS.contains(&known) => known,
        _ => "software",
    }
}

/// Properties of a component: side of the fence, product, version, group.
pub(super) fn properties(build: &Build<'_>, component: &Component) -> impl Iterator<Item = Value> {
    let side = if component.fence == Fence::Inside { "internal" } else { "external" };
    let fence = word(component.fence);
    let part_of = component.part_of.iter().map(|id| own("part-of", build.workspace.component(id).title.as_str()));
    [
        property("implementation-point", side),
        own("component-id", &component.id),
        own("fence", fence.as_str().unwrap_or_default()),
    ]
    .into_iter()
    .chain(component.version.iter().map(|it| property("version", it)))
    .chain(component.product.iter().map(|it| own("product", it)))
    .chain((!component.group.trim().is_empty()).then(|| own("group", &component.group)))
    .chain(part_of)
    .chain(component.critical.then(|| own("critical", "yes")))
    .chain(component.recovery_point.map(|minutes| own("recovery-point-minutes", minutes)))
    .chain(component.recovery_time.map(|minutes| own("recovery-time-minutes", minutes)))
}

/// What says that a component is inherited, as in NIST's example of a leveraging system.
fn covered(build: &Build<'_>, component: &Component) -> impl Iterator<Item = Value> {
    let authorization = build.workspace.authorization(&component.id);
    let leveraged =
        authorization.map(|it| property("leveraged-authorization-uuid", build.names.uuid("authorization", &it.id)));
    leveraged.into_iter().chain(component.provider_uuid.iter().map(|uuid| property("inherited-uuid", uuid)))
}

/// Authorizations of providers that the system builds on.
pub(super) fn leveraged(build: &Build<'_>) -> Value {
    list(build.workspace.authorizations.iter().map(|it| {
        let impact = it.impact.map(word);
        let props = (it.identifier.iter().map(|number| own("authorization-identifier", number)))
            .chain(it.expires.map(|day| own("expires", day)))
            .chain(impact.iter().filter_map(Value::as_str).map(|impact| own("impact", impact)))
            .chain([own("authorization-id", &it.id)]);
        let plan = it.plan.iter().map(|place| object([("href", line(place)), ("rel", "reference".into())]));
        object([
            ("uuid", build.names.id("authorization", &it.id)),
            ("title", line(&it.title)),
            ("props", list(props)),
            ("links", list(plan)),
            ("party-uuid", build.names.id("organization", it.organization.as_str())),
            ("date-authorized", it.authorized.to_string().into()),
        ])
    }))
}

fn running() -> Value {
    object([("state", "operational".into())])
}

/// Components of the plan.
pub(super) fn components(build: &Build<'_>) -> Value {
    let system = &build.workspace.system;
    let whole = object([
        ("uuid", this_system(build)),
        ("type", "this-system".into()),
        ("title", line(&system.name)),
        ("description", prose_or(&system.summary, &system.name)),
        ("status", status(build)),
    ]);
    let declared = build.workspace.components.iter().map(|it| {
        object([
            ("uuid", build.component(&it.id)),
            ("type", kind(it).into()),
            ("title", line(&it.title)),
            ("description", prose_or(&it.description, &it.title)),
            ("props", list(properties(build, it).chain(covered(build, it)))),
            ("status", running()),
            ("responsible-roles", requirements::roles(build, it)),
        ])
    });
    let interfaces = build.workspace.interfaces.iter().map(|it| interface(build, it));
    let connections = build.workspace.connections.iter().map(|it| connection(build, it));
    list(std::iter::once(whole).chain(declared).chain(interfaces).chain(connections))
}

/// Status of the system, with a remark where OSCAL asks for one.
pub(super) fn status(build: &Build<'_>) -> Value {
    let state = word(build.workspace.system.status);
    let remarks = if state == "other" { "See the description of the system.".into() } else { Value::Null };
    object([("state", state), ("remarks", remarks)])
}

fn side(build: &Build<'_>, side: &Side) -> (String, TeamId) {
    match side {
        Side::Component(id) => {
            let component = build.workspace.component(id);
            (component.title.clone(), component.team.clone())
        }
        Side::Team(id) => (build.workspace.team(id).name.clone(), id.clone()),
    }
}

/// A side as declarations name it.
fn named(side: &Side) -> String {
    match side {
        Side::Component(id) => id.to_string(),
        Side::Team(id) => format!("team:{id}"),
    }
}

fn interface(build: &Build<'_>, interface: &Interface) -> Value {
    let ((from, one), (to, other)) = (side(build, &interface.from), side(build, &interface.to));
    let escalation = interface.escalation.iter().map(|team| build.workspace.team(team).name.as_str());
    object([
        ("uuid", build.names.id("interface", interface.id.as_str())),
        ("type", "interconnection".into()),
        ("title", line(&interface.title)),
        ("description", line(format_args!("Between {from} and {to}: {}", interface.crosses))),
        (
            "props",
            list(
                [
                    own("demarcation", format_args!("{from} / {to}")),
                    own("interface-id", &interface.id),
                    own("from", named(&interface.from)),
                    own("to", named(&interface.to)),
                    own("crosses", &interface.crosses),
                ]
                .into_iter()
                .chain(interface.relies.iter().map(|it| own("relies", word(it).as_str().unwrap_or_default())))
                .chain(interface.escalation.iter().map(|team| own("escalation-team", team)))
                .chain(interface.response_time.iter().map(|it| own("response-time", it)))
                .chain(
                    (!interface.escalation.is_empty())
                        .then(|| own("escalation", escalation.collect::<Vec<_>>().join(", then "))),
                ),
            ),
        ),
        ("status", running()),
        ("responsible-roles", list([responsible("asset-owner", [build.team(&one), build.team(&other)])])),
        ("protocols", protocols(interface.protocol.as_deref(), interface.port.iter().flat_map(|it| ports(it)))),
        ("remarks", super::build::prose(&interface.supplies)),
    ])
}

/// The ports that a declaration's text names: `443, 6443`, `30000-32767`.
fn ports(text: &str) -> Vec<(u16, u16)> {
    let range = |word: &str| {
        let (from, to) = word.split_once(['-', '–']).unwrap_or((word, word));
        Some((from.trim().parse().ok()?, to.trim().parse().ok()?))
    };
    text.split([',', ' ', ';']).filter_map(range).collect()
}

fn protocols(name: Option<&str>, ports: impl Iterator<Item = (u16, u16)>) -> Value {
    let Some(name) = name.filter(|name| !name.trim().is_empty()) else { return Value::Null };
    let transport = if name.to_ascii_uppercase().contains("UDP") { "UDP" } else { "TCP" };
    let ranges = ports
        .map(|(start, end)| object([("start", start.into()), ("end", end.into()), ("transport", transport.into())]));
    list([object([("name", line(name)), ("port-ranges", list(ranges))])])
}

fn connection(build: &Build<'_>, connection: &Connection) -> Value {
    let (from, to) = (build.workspace.component(&connection.from), build.workspace.component(&connection.to));
    let need = if connection.need == ConnectionNeed::Required { "required" } else { "allowed" };
    let direction = match (from.fence, to.fence) {
        (Fence::Outside, Fence::Inside) => Some("incoming"),
        (Fence::Inside, Fence::Outside) => Some("outgoing"),
        _ => None,
    };
    let far = connection
        .organization
        .iter()
        .flat_map(|id| [own("far-end", &build.workspace.organization(id).name), own("organization", id)]);
    object([
        ("uuid", build.names.id("connection", connection.id.as_str())),
        ("type", "interconnection".into()),
        ("title", line(&connection.title)),
        ("description", line(format_args!("From {} to {}: {}", from.title, to.title, connection.data))),
        (
            "props",
            list(
                [
                    own("connection-id", &connection.id),
                    own("from", &connection.from),
                    own("to", &connection.to),
                    own("data", &connection.data),
                    own("need", need),
                    own("encryption", connection.encryption.as_deref().unwrap_or("none")),
                ]
                .into_iter()
                .chain(direction.map(|it| property("direction", it)))
                .chain(connection.agreement.iter().map(|it| property("isa-title", it)))
                .chain(far),
            ),
        ),
        ("status", running()),
        ("responsible-roles", list([responsible("asset-owner", [build.team(&from.team), build.team(&to.team)])])),
        ("protocols", protocols(Some(&connection.protocol), connection.ports.iter().map(|port| (*port, *port)))),
    ])
}

/// Machines that the evidence shows.
pub(super) fn inventory(build: &Build<'_>) -> Value {
    list(build.assessment.clusters.iter().flat_map(|cluster| {
        let id = &cluster.header.cluster.id;
        cluster.facts.nodes.seen().iter().map(move |node| {
            let named = |name, value: &str| (!value.trim().is_empty()).then(|| property(name, value));
            object([
                ("uuid", build.names.id("node", &format!("{id}/{}", node.name))),
                ("description", line(format_args!("Node {} of cluster {id}", node.name))),
                (
                    "props",
                    list(
                        [property("asset-id", format_args!("{id}/{}", node.name)), property("asset-type", "compute")]
                            .into_iter()
                            .chain(named("os-name", &node.os_image))
                            .chain(named("software-version", &node.kubelet))
                            .chain((!node.runtime.is_empty()).then(|| own("container-runtime", &node.runtime)))
                            .chain(node.zone.iter().map(|zone| own("zone", zone)))
                            .chain([own("observed", cluster.header.ended.format("%Y-%m-%dT%H:%M:%SZ"))]),
                    ),
                ),
            ])
        })
    }))
}
