//! Organizations, teams, people, clusters and roles.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    super::{
        Cluster, ClusterId, ControlPlane, May, Organization, OrganizationId, OrganizationKind, Person, PersonId,
        ReaderRole, Role, RoleId, Team, TeamId,
        code::Code,
        diagnostic::Diagnostic,
        parse::{Item, Raw},
        raw,
        source::Place,
    },
    context::{Context, Table, Words, each},
};

const ORGANIZATION_KINDS: Words<OrganizationKind> = &[
    ("own", OrganizationKind::Own),
    ("supplier", OrganizationKind::Supplier),
    ("processor", OrganizationKind::Processor),
    ("sub-processor", OrganizationKind::SubProcessor),
    ("customer", OrganizationKind::Customer),
];

const READERS: Words<ReaderRole> = &[
    ("executive", ReaderRole::Executive),
    ("platform", ReaderRole::Platform),
    ("application", ReaderRole::Application),
    ("it", ReaderRole::It),
    ("infrastructure", ReaderRole::Infrastructure),
    ("security", ReaderRole::Security),
    ("auditor", ReaderRole::Auditor),
];

const CONTROL_PLANES: Words<ControlPlane> =
    &[("self-managed", ControlPlane::SelfManaged), ("managed", ControlPlane::Managed)];

pub(super) fn organizations(context: &Context<'_>, raw: &Raw) -> Vec<Organization> {
    let mut own: Vec<Place> = Vec::new();
    let list: Vec<_> = raw
        .organizations
        .iter()
        .map(|item| {
            let table = context.table(item, "organization", Some(&item.raw.id));
            let raw = &item.raw;
            let kind = table.word(&raw.kind, "kind", ORGANIZATION_KINDS);
            if kind == Some(OrganizationKind::Own) {
                own.push(table.here());
            }
            let contract_expires = table.date(&raw.contract_expires, "contract-expires");
            table.passed(&raw.contract_expires, contract_expires, Code::ExpiredContract, || {
                format!("the contract with {} has expired", table.what())
            });
            Organization {
                id: OrganizationId::new(table.id(&raw.id)),
                name: table.text(&raw.name, "name"),
                kind: kind.unwrap_or(OrganizationKind::Own),
                jurisdiction: table.optional(&raw.jurisdiction),
                contract: table.optional(&raw.contract),
                contract_expires,
                contact: table.optional(&raw.contact),
            }
        })
        .collect();
    exactly_one_own(context, raw, &own);
    list
}

fn exactly_one_own(context: &Context<'_>, raw: &Raw, own: &[Place]) {
    let unsure = raw.organizations.iter().any(|item| item.raw.kind.is_none());
    match own {
        [_] => {}
        [] if !context.complete || unsure => {}
        [] => {
            let place =
                raw.organizations.first().map(|item| Place { source: item.source.clone(), span: item.span.clone() });
            let place = place.or_else(|| context.main_place(raw));
            if let Some(place) = place {
                context.report(
                    Diagnostic::new(Code::NoOwnOrganization, place, "no organization is our own", "none of these")
                        .help("one `[[organization]]` has `kind = \"own\"`"),
                );
            }
        }
        [first, rest @ ..] => {
            for second in rest {
                context.report(
                    Diagnostic::new(
                        Code::NoOwnOrganization,
                        second.clone(),
                        "two organizations are our own",
                        "the second",
                    )
                    .also(first.clone(), "the first"),
                );
            }
        }
    }
}

pub(super) fn teams(context: &Context<'_>, raw: &Raw) -> Vec<Team> {
    let mut taken: BTreeMap<String, Place> = BTreeMap::new();
    for item in &raw.teams {
        let Some(short) = &item.raw.short else { continue };
        let table = context.table(item, "team", Some(&item.raw.id));
        if let Some(first) = taken.get(short.get_ref()) {
            let message = format!("two teams are `{}` for short", short.get_ref());
            table.report(
                Diagnostic::new(Code::DuplicateShort, table.at(short), message, "the second")
                    .also(first.clone(), "the first"),
            );
        } else {
            taken.insert(short.get_ref().clone(), table.at(short));
        }
    }
    let mut shorts: BTreeSet<String> = taken.into_keys().collect();
    raw.teams.iter().map(|item| team(context, item, &mut shorts)).collect()
}

fn team(context: &Context<'_>, item: &Item<raw::Team>, shorts: &mut BTreeSet<String>) -> Team {
    let table = context.table(item, "team", Some(&item.raw.id));
    let raw = &item.raw;
    let (email, phone, chat) = (table.optional(&raw.email), table.optional(&raw.phone), table.optional(&raw.chat));
    let written = table.was_written("email", &raw.email.as_ref().filter(|_| email.is_some()))
        || table.was_written("phone", &raw.phone.as_ref().filter(|_| phone.is_some()))
        || table.was_written("chat", &raw.chat.as_ref().filter(|_| chat.is_some()));
    if !written {
        let message = format!("{} cannot be reached", table.what());
        table.report(
            Diagnostic::new(Code::TeamWithoutContact, table.here(), message, "no `email`, `phone` or `chat`")
                .help("add at least one of `email`, `phone` and `chat`"),
        );
    }
    let name = table.text(&raw.name, "name");
    let short = table.optional(&raw.short).unwrap_or_else(|| {
        let short = short_name(&name, shorts);
        shorts.insert(short.clone());
        short
    });
    Team {
        id: TeamId::new(table.id(&raw.id)),
        short,
        name,
        organization: table
            .required(&raw.organization, "organization")
            .map_or_else(|| OrganizationId::new(""), |value| table.organization(value)),
        description: table.text(&raw.description, "description"),
        email,
        phone,
        chat,
        hours: table.optional(&raw.hours),
        response_time: table.optional(&raw.response_time),
        reader: table.word(&raw.reader, "reader", READERS).unwrap_or(ReaderRole::Platform),
    }
}

/// One or two letters for a team, of which no other team has the same: initials of its words, else two letters of its
/// name, else a letter and a number.
fn short_name(name: &str, taken: &BTreeSet<String>) -> String {
    let upper = |text: &str| text.chars().flat_map(char::to_uppercase).collect::<String>();
    let words: Vec<&str> = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let initials: String = words.iter().take(2).filter_map(|word| word.chars().next()).collect();
    let letters: Vec<char> = words.concat().chars().collect();
    let first = letters.first().copied().unwrap_or('T');
    let pairs = letters.iter().skip(1).map(|second| upper(&format!("{first}{second}")));
    let numbers = (1..).map(|n: u32| upper(&format!("{first}{n}")));
    std::iter::once(upper(&initials))
        .chain(pairs)
        .chain(numbers)
        .find(|short| !short.is_empty() && !taken.contains(short))
        .unwrap_or_default()
}

pub(super) fn people(context: &Context<'_>, raw: &Raw) -> Vec<Person> {
    raw.people
        .iter()
        .map(|item| {
            let table = context.table(item, "person", Some(&item.raw.id));
            let raw = &item.raw;
            if let Some(teams) = table.required(&raw.teams, "teams").filter(|teams| teams.get_ref().is_empty()) {
                let message = format!("{} belongs to no team", table.what());
                table.report(Diagnostic::new(Code::PersonWithoutTeam, table.at(teams), message, "name at least one"));
            }
            Person {
                id: PersonId::new(table.id(&raw.id)),
                name: table.text(&raw.name, "name"),
                title: table.optional(&raw.title),
                teams: table.teams(&raw.teams),
                email: table.optional(&raw.email),
                phone: table.optional(&raw.phone),
                skills: table.list(&raw.skills),
                on_call: table.flag(&raw.on_call),
                left: table.date(&raw.left, "left"),
                languages: table.list(&raw.languages),
                time_zone: table.optional(&raw.time_zone),
            }
        })
        .collect()
}

pub(super) fn clusters(context: &Context<'_>, raw: &Raw) -> Vec<Cluster> {
    let mut uids = BTreeMap::new();
    let mut contexts = BTreeMap::new();
    raw.clusters
        .iter()
        .map(|item| {
            let table = context.table(item, "cluster", Some(&item.raw.id));
            let raw = &item.raw;
            unique(&table, "uid", &raw.uid, &mut uids);
            unique(&table, "context", &raw.context, &mut contexts);
            Cluster {
                id: ClusterId::new(table.id(&raw.id)),
                name: table.text(&raw.name, "name"),
                uid: table.optional(&raw.uid),
                context: table.optional(&raw.context),
                environment: table.optional(&raw.environment),
                location: table.optional(&raw.location),
                control_plane: table
                    .word(&raw.control_plane, "control-plane", CONTROL_PLANES)
                    .unwrap_or(ControlPlane::SelfManaged),
                authorization_modes: authorization_modes(&table, &raw.authorization_modes),
            }
        })
        .collect()
}

/// Authorizers that an API server can have, `--authorization-mode`.
fn authorization_modes(table: &Table<'_>, modes: &raw::Texts) -> Vec<String> {
    const MODES: [&str; 6] = ["AlwaysAllow", "AlwaysDeny", "ABAC", "Webhook", "RBAC", "Node"];
    for mode in each(modes).filter(|mode| !MODES.contains(&mode.get_ref().as_str())) {
        let message = format!("`{}` is not an authorization mode", mode.get_ref());
        table.report(
            Diagnostic::new(Code::UnknownValue, table.at(mode), message, "not a mode of the API server")
                .help(format!("possible are {}", MODES.map(|mode| format!("`{mode}`")).join(", "))),
        );
    }
    table.list(modes)
}

fn unique(table: &Table<'_>, key: &str, value: &raw::Text, seen: &mut BTreeMap<String, Place>) {
    let Some(value) = value.as_ref().filter(|value| !value.get_ref().trim().is_empty()) else { return };
    let place = table.at(value);
    if let Some(first) = seen.get(value.get_ref()) {
        let message = format!("two clusters have the {key} `{}`", value.get_ref());
        table.report(
            Diagnostic::new(Code::DuplicateCluster, place, message, "the second").also(first.clone(), "the first"),
        );
    } else {
        seen.insert(value.get_ref().clone(), place);
    }
}

pub(super) fn roles(context: &Context<'_>, raw: &Raw) -> Vec<Role> {
    raw.roles
        .iter()
        .map(|item| {
            let table = context.table(item, "role", Some(&item.raw.id));
            let raw = &item.raw;
            table.required(&raw.privileged, "privileged");
            for account in raw.service_accounts.iter().flat_map(|list| list.get_ref()) {
                if account.get_ref().split('/').filter(|part| !part.is_empty()).count() != 2 {
                    let message = format!("`{}` is not a service account", account.get_ref());
                    table.report(
                        Diagnostic::new(Code::UnknownValue, table.at(account), message, "not `namespace/name`")
                            .help("write it as `namespace/name`"),
                    );
                }
            }
            Role {
                id: RoleId::new(table.id(&raw.id)),
                title: table.text(&raw.title, "title"),
                team: table.team(&raw.team, "team"),
                description: table.text(&raw.description, "description"),
                privileged: table.flag(&raw.privileged),
                groups: table.list(&raw.groups),
                users: table.list(&raw.users),
                service_accounts: table.list(&raw.service_accounts),
                may: raw.may.as_ref().map(|list| list.iter().map(|may| may_hold(&table, may)).collect()),
            }
        })
        .collect()
}

/// What a role may hold: Kubernetes roles, or verbs on resources, not both.
fn may_hold(table: &Table<'_>, item: &toml::Spanned<raw::May>) -> May {
    let table = table.within(item, "a `may`");
    let raw = item.get_ref();
    if raw.roles.is_none() {
        table.required(&raw.verbs, "verbs");
        table.required(&raw.resources, "resources");
    } else if let Some(verbs) = raw.verbs.as_ref().or(raw.resources.as_ref()) {
        let message = format!("{} names roles, and verbs or resources besides", table.what());
        table.report(
            Diagnostic::new(Code::UnknownValue, table.at(verbs), message, "of which role?")
                .help("write a `[[role.may]]` with `roles`, and another with `verbs` and `resources`"),
        );
    }
    May {
        roles: table.list(&raw.roles),
        verbs: table.list(&raw.verbs),
        resources: table.list(&raw.resources),
        namespaces: table.list(&raw.namespaces),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_are_unique() {
        let mut taken = BTreeSet::new();
        let shorts: Vec<_> = ["Platform team", "Payments team", "P", "P", "IT"]
            .into_iter()
            .map(|name| {
                let short = short_name(name, &taken);
                taken.insert(short.clone());
                short
            })
            .collect();
        assert_eq!(shorts, ["PT", "PA", "P", "P1", "I"]);
    }
}
