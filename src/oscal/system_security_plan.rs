//! System security plan: the system, its users and parts, and how each control is met.

use serde_json::{Map, Value};

use super::{
    build::{Build, fields, line, list, object, own, property, prose, prose_or, token, word},
    metadata, requirements, system,
};
use crate::workspace::{Impact, OrganizationKind, Role};

pub(super) fn of(build: &Build<'_>) -> Map<String, Value> {
    let framework = build.framework().unwrap_or_default();
    fields(object([
        ("metadata", metadata::of(build, "System security plan")),
        ("import-profile", object([("href", "profile.json".into())])),
        ("system-characteristics", characteristics(build)),
        (
            "system-implementation",
            object([
                ("leveraged-authorizations", system::leveraged(build)),
                ("users", users(build)),
                ("components", system::components(build)),
                ("inventory-items", system::inventory(build)),
            ]),
        ),
        (
            "control-implementation",
            object([
                (
                    "description",
                    line(format_args!(
                        "How {} meets the controls selected in profile.json.",
                        build.workspace.system.name
                    )),
                ),
                ("implemented-requirements", list(build.implementations.iter().map(|it| requirements::of(build, it)))),
            ]),
        ),
        ("back-matter", metadata::back_matter(build, [framework], &build.assessment.clusters)),
    ]))
}

fn characteristics(build: &Build<'_>) -> Value {
    let declared = build.workspace;
    let system = &declared.system;
    let categories = &system.categorization;
    let types = categories.information_types.iter().map(|it| {
        information_type(build, &it.name, it.identifier.as_deref(), [it.confidentiality, it.integrity, it.availability])
    });
    let mut types: Vec<Value> = types.collect();
    if types.is_empty() {
        let all = [categories.confidentiality, categories.integrity, categories.availability];
        types.push(information_type(build, "All information of the system", None, all));
    }
    let identifiers = system.identifier.iter().map(|id| object([("id", line(id))]));
    let identifiers = identifiers.chain([object([
        ("identifier-type", "http://ietf.org/rfc/rfc4122".into()),
        ("id", build.names.system().into()),
    ])]);
    let laws = system.laws.iter().map(|law| {
        own(
            "applies",
            format_args!("{}{}", law.title, law.citation.as_ref().map(|it| format!(" ({it})")).unwrap_or_default()),
        )
    });
    object([
        ("system-ids", list(identifiers)),
        ("system-name", line(&system.name)),
        ("description", prose_or(&format!("{}\n\n{}", system.summary.trim(), system.purpose.trim()), &system.name)),
        ("props", list([own("system-type", word(system.kind).as_str().unwrap_or_default())].into_iter().chain(laws))),
        ("security-sensitivity-level", word(categories.overall())),
        ("system-information", object([("information-types", types.into())])),
        (
            "security-impact-level",
            object([
                ("security-objective-confidentiality", fips(categories.confidentiality)),
                ("security-objective-integrity", fips(categories.integrity)),
                ("security-objective-availability", fips(categories.availability)),
            ]),
        ),
        ("status", system::status(build)),
        (
            "authorization-boundary",
            object([("description", prose_or(&system.boundary, "The boundary is not described."))]),
        ),
        (
            "network-architecture",
            match system.environment.trim() {
                "" => Value::Null,
                text => object([("description", prose(text))]),
            },
        ),
    ])
}

fn fips(impact: Impact) -> Value {
    format!("fips-199-{}", word(impact).as_str().unwrap_or_default()).into()
}

fn information_type(build: &Build<'_>, name: &str, identifier: Option<&str>, impacts: [Impact; 3]) -> Value {
    let [confidentiality, integrity, availability] = impacts.map(|impact| object([("base", fips(impact))]));
    let category = identifier.map(|id| {
        object([
            ("system", "https://doi.org/10.6028/NIST.SP.800-60v2r1".into()),
            ("information-type-ids", list([line(id)])),
        ])
    });
    object([
        ("uuid", build.names.id("information-type", name)),
        ("title", line(name)),
        ("description", line(name)),
        ("categorizations", list(category)),
        ("confidentiality-impact", confidentiality),
        ("integrity-impact", integrity),
        ("availability-impact", availability),
    ])
}

/// Declared roles of users; where none is declared, every team uses the system.
fn users(build: &Build<'_>) -> Value {
    let declared = build.workspace.roles.iter().map(|it| user(build, it));
    let mut users: Vec<Value> = declared.collect();
    if users.is_empty() {
        users.extend(
            build
                .workspace
                .teams
                .iter()
                .map(|team| object([("uuid", build.names.id("user", team.id.as_str())), ("title", line(&team.name))])),
        );
    }
    users.into()
}

fn user(build: &Build<'_>, role: &Role) -> Value {
    let own_people = build.relation(&role.team) == OrganizationKind::Own;
    let subjects = (role.groups.iter().map(|it| own("group", it)))
        .chain(role.users.iter().map(|it| own("user", it)))
        .chain(role.service_accounts.iter().map(|it| own("service-account", it)));
    let rights = role.may.iter().flatten().map(|may| {
        let mut functions: Vec<Value> = may.roles.iter().map(|it| line(format_args!("role {it}"))).collect();
        if !may.verbs.is_empty() {
            functions.push(line(format_args!("{} {}", may.verbs.join(", "), may.resources.join(", "))));
        }
        let place = if may.namespaces.is_empty() { "the whole cluster".to_owned() } else { may.namespaces.join(", ") };
        object([("title", line(format_args!("In {place}"))), ("functions-performed", functions.into())])
    });
    object([
        ("uuid", build.names.id("user", role.id.as_str())),
        ("title", line(&role.title)),
        ("description", prose(&role.description)),
        (
            "props",
            list(
                [
                    property("type", if own_people { "internal" } else { "external" }),
                    property("privilege-level", if role.privileged { "privileged" } else { "non-privileged" }),
                ]
                .into_iter()
                .chain(subjects),
            ),
        ),
        ("role-ids", list([token(&format!("user-{}", role.id)).into()])),
        ("authorized-privileges", list(rights)),
    ])
}
