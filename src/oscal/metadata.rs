//! Metadata and back matter: title, version, roles, parties, sources. The same parts in every model.

use serde_json::Value;

use super::build::{Build, line, list, moment, object, own, property, prose, responsible};
use crate::{
    assess::ClusterEvidence,
    frameworks::Framework,
    workspace::{Duty, Organization, OrganizationKind, Person, Team},
};

/// Where NIST publishes its catalog and baselines of SP 800-53 Rev. 5 as OSCAL, up to the name.
const NIST: &str =
    "https://raw.githubusercontent.com/usnistgov/oscal-content/main/nist.gov/SP800-53/rev5/json/NIST_SP-800-53_rev5_";

/// Roles that every document knows: identifier and title.
const ROLES: &[(&str, &str)] = &[
    ("action-owner", "Who does a step of the plan of action"),
    ("asset-owner", "Team that is accountable for a component"),
    ("authorizing-official", "Authorizing official"),
    ("content-approver", "Approver of the document"),
    ("creator", "Author of the document"),
    ("document-owner", "Owner of the document"),
    ("information-system-security-officer", "Information system security officer"),
    ("provider", "Who provides a component or an authorization"),
    ("risk-owner", "Who owns an accepted risk"),
    ("system-owner", "System owner"),
];

/// Identifier of the role that answers for a duty of a component.
pub(super) fn duty_role(duty: Duty) -> String {
    format!("duty-{}", super::build::word(duty).as_str().unwrap_or_default())
}

/// Metadata of a document with this title.
pub(super) fn of(build: &Build<'_>, what: &str) -> Value {
    let workspace = build.workspace;
    let control = &workspace.control;
    let system = &workspace.system;
    let roles = ROLES.iter().map(|(id, title)| object([("id", (*id).into()), ("title", (*title).into())]));
    let duties = Duty::ALL.iter().map(|duty| {
        let title =
            format!("Team that answers for {} of a component", super::build::word(duty).as_str().unwrap_or_default());
        object([("id", duty_role(*duty).into()), ("title", title.into())])
    });
    let users = workspace.roles.iter().map(|role| {
        object([
            ("id", super::build::token(&format!("user-{}", role.id)).into()),
            ("title", line(&role.title)),
            ("description", prose(&role.description)),
        ])
    });
    let parties = (workspace.organizations.iter().map(|it| organization(build, it)))
        .chain(workspace.teams.iter().map(|it| team(build, it)))
        .chain(workspace.people.iter().map(|it| person(build, it)));
    let responsible_parties = [
        ("authorizing-official", &system.authorizing_official),
        ("content-approver", &control.approver),
        ("creator", &control.author),
        ("document-owner", &control.owner),
        ("information-system-security-officer", &system.security_officer),
        ("system-owner", &system.owner),
    ];
    let draft = control.approved.is_none();
    object([
        ("title", line(format_args!("{what}: {}", system.name))),
        ("last-modified", moment(build.modified())),
        ("version", line(&control.version)),
        ("oscal-version", super::VERSION.into()),
        (
            "props",
            list(
                [property("marking", &control.classification)]
                    .into_iter()
                    .filter(|_| !control.classification.trim().is_empty())
                    .chain(control.next_review.map(|day| own("next-review", day)))
                    .chain(draft.then(|| own("approval", "draft")))
                    .chain(control.approved.map(|day| own("approval", format_args!("approved {day}"))))
                    .chain(workspace.sample.then(|| own("evidence", "sample"))),
            ),
        ),
        (
            "document-ids",
            list((!control.identifier.trim().is_empty()).then(|| object([("identifier", line(&control.identifier))]))),
        ),
        (
            "revisions",
            list(control.revisions.iter().rev().map(|revision| {
                object([
                    ("version", line(&revision.version)),
                    ("last-modified", format!("{}T00:00:00Z", revision.date).into()),
                    ("remarks", prose(&format!("{} ({})", revision.change, revision.author))),
                ])
            })),
        ),
        ("roles", list(roles.chain(duties).chain(users))),
        ("parties", list(parties)),
        ("responsible-parties", list(responsible_parties.map(|(role, party)| responsible(role, [build.party(party)])))),
        ("remarks", prose(if draft { "Draft: no approval is recorded." } else { "" })),
    ])
}

fn organization(build: &Build<'_>, organization: &Organization) -> Value {
    let relation = super::build::word(organization.kind);
    object([
        ("uuid", build.names.id("organization", organization.id.as_str())),
        ("type", "organization".into()),
        ("name", line(&organization.name)),
        (
            "props",
            list(
                (organization.kind != OrganizationKind::Own)
                    .then(|| own("relation", relation.as_str().unwrap_or_default()))
                    .into_iter()
                    .chain(organization.jurisdiction.iter().map(|it| own("jurisdiction", it)))
                    .chain(organization.contract.iter().map(|it| own("contract", it)))
                    .chain(organization.contract_expires.map(|day| own("contract-expires", day))),
            ),
        ),
        ("remarks", prose(organization.contact.as_deref().unwrap_or_default())),
    ])
}

fn team(build: &Build<'_>, team: &Team) -> Value {
    object([
        ("uuid", build.team(&team.id)),
        ("type", "organization".into()),
        ("name", line(&team.name)),
        ("short-name", line(&team.short)),
        (
            "props",
            list(
                (team.hours.iter().map(|it| own("hours", it)))
                    .chain(team.response_time.iter().map(|it| own("response-time", it)))
                    .chain(team.chat.iter().map(|it| own("chat", it))),
            ),
        ),
        ("email-addresses", mail(team.email.as_deref())),
        ("telephone-numbers", telephone(team.phone.as_deref())),
        ("member-of-organizations", list([build.names.id("organization", team.organization.as_str())])),
        ("remarks", prose(&team.description)),
    ])
}

fn person(build: &Build<'_>, person: &Person) -> Value {
    object([
        ("uuid", build.names.id("person", person.id.as_str())),
        ("type", "person".into()),
        ("name", line(&person.name)),
        (
            "props",
            list(
                (person.title.iter().map(|it| property("job-title", it)))
                    .chain(person.left.map(|day| own("left", day))),
            ),
        ),
        ("email-addresses", mail(person.email.as_deref())),
        ("telephone-numbers", telephone(person.phone.as_deref())),
        ("member-of-organizations", list(person.teams.iter().map(|team| build.team(team)))),
    ])
}

/// An address that looks like one; OSCAL refuses others.
fn mail(address: Option<&str>) -> Value {
    let whole = |it: &&str| it.split_once('@').is_some_and(|(left, right)| !left.is_empty() && !right.is_empty());
    list(address.map(str::trim).filter(whole).map(line))
}

fn telephone(number: Option<&str>) -> Value {
    list(number.filter(|it| !it.trim().is_empty()).map(|number| object([("number", line(number))])))
}

/// The catalogs and snapshots that a document refers to.
pub(super) fn back_matter<'b>(
    build: &Build<'_>,
    frameworks: impl IntoIterator<Item = &'b str>,
    clusters: &[ClusterEvidence],
) -> Value {
    let known = frameworks.into_iter().filter_map(|id| build.frameworks.framework(id));
    let resources = known.map(|it| catalog(build, it)).chain(clusters.iter().map(|it| snapshot(build, it)));
    object([("resources", list(resources))])
}

fn catalog(build: &Build<'_>, framework: &Framework) -> Value {
    let published = (framework.id == "nist-800-53r5")
        .then(|| object([("href", format!("{NIST}catalog.json").into()), ("media-type", "application/json".into())]));
    object([
        ("uuid", build.names.id("framework", &framework.id)),
        ("title", line(&framework.title)),
        (
            "props",
            list([
                property("version", &framework.version),
                property("type", "standard"),
                own("framework", &framework.id),
            ]),
        ),
        (
            "citation",
            object([(
                "text",
                line(format_args!("{}, {}, {}", framework.title, framework.version, framework.publisher)),
            )]),
        ),
        ("rlinks", list(published)),
    ])
}

fn snapshot(build: &Build<'_>, cluster: &ClusterEvidence) -> Value {
    let header = &cluster.header;
    let came = super::build::word(header.source);
    let came = if header.sample { "sample" } else { came.as_str().unwrap_or_default() };
    object([
        ("uuid", build.names.id("snapshot", &cluster.digest)),
        ("title", line(format_args!("Evidence of cluster {}", header.cluster.id))),
        (
            "description",
            line(format_args!("What was read of the cluster from {} to {}, redacted.", header.started, header.ended)),
        ),
        (
            "props",
            list(
                [property("type", "artifact"), own("sha-256", &cluster.digest), own("evidence", came)]
                    .into_iter()
                    .chain(header.cluster.uid.iter().map(|uid| own("kube-system-uid", uid)))
                    .chain(header.cluster.version.iter().map(|version| own("kubernetes-version", version)))
                    .chain(header.collector.iter().map(|by| own("collector", &by.username))),
            ),
        ),
    ])
}
