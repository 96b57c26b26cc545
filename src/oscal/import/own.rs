//! From the plan of this very system to declarations: everything that a workspace can say and `scopefence.toml` does
//! not say already: authorizations of providers, components with their fence, team and duties, interfaces,
//! connections, and one statement a control.
//!
//! Parties are those of the workspace, by identifier (where our own export wrote the file) or by name.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    declared::{Owner, Parts, Share, by_components, component, date, ours, prop, status_of},
    members, slug,
    tables::{Authorization, Connection, Evidence, Implementation, Inherited, Interface},
};
use crate::{
    oscal::{
        build::{NAMESPACE, word},
        names::Names,
        requirements::{DERIVED, UNSAID},
    },
    workspace::{Duty, Workspace},
};

/// Who is meant by the parties of a plan.
struct Parties<'w> {
    teams: BTreeMap<String, &'w str>,
    people: BTreeMap<String, &'w str>,
    organizations: BTreeMap<String, &'w str>,
}

impl<'w> Parties<'w> {
    fn of(root: &Value, workspace: &'w Workspace) -> Self {
        let names = Names::new(&workspace.system.id);
        let mut parties = Self { teams: BTreeMap::new(), people: BTreeMap::new(), organizations: BTreeMap::new() };
        for party in members(&root["metadata"], "parties") {
            let Some(uuid) = party["uuid"].as_str() else { continue };
            let called = |name: &str| party["name"].as_str().is_some_and(|it| it.trim().eq_ignore_ascii_case(name));
            let is = |kind: &str, id: &str, name: &str| names.uuid(kind, id) == uuid || called(name);
            let team = workspace.teams.iter().find(|it| is("team", it.id.as_str(), &it.name));
            let person = workspace.people.iter().find(|it| is("person", it.id.as_str(), &it.name));
            let organization = workspace.organizations.iter().find(|it| is("organization", it.id.as_str(), &it.name));
            parties.teams.extend(team.map(|it| (uuid.to_owned(), it.id.as_str())));
            parties.people.extend(person.map(|it| (uuid.to_owned(), it.id.as_str())));
            parties.organizations.extend(organization.map(|it| (uuid.to_owned(), it.id.as_str())));
        }
        parties
    }

    /// The team that answers in a role.
    fn team(&self, node: &Value, role: &str) -> Option<&'w str> {
        let roles = members(node, "responsible-roles").filter(|it| it["role-id"] == role);
        roles.flat_map(|it| members(it, "party-uuids")).find_map(|uuid| self.teams.get(uuid.as_str()?).copied())
    }
}

pub(super) fn plan(root: &Value, owner: &Owner<'_>, workspace: &Workspace) -> Parts {
    let parties = Parties::of(root, workspace);
    let mut parts = Parts::default();
    let title = root["metadata"]["title"].as_str().unwrap_or("Imported");
    let system = &root["system-implementation"];
    let ours = ours(root);
    let mut whole = None;
    let mut titles: BTreeMap<String, String> = BTreeMap::new();
    for node in members(system, "components") {
        let uuid = node["uuid"].as_str().unwrap_or_default().to_owned();
        if node["type"] == "this-system" {
            whole = Some(uuid);
        } else if let Some(id) = prop(node, "interface-id") {
            parts.interfaces.push(interface(node, id));
        } else if let Some(id) = prop(node, "connection-id") {
            parts.connections.push(connection(node, id));
        } else {
            let inside = prop(node, "fence").map_or_else(
                || {
                    prop(node, "implementation-point") != Some("external")
                        && prop(node, "leveraged-authorization-uuid").is_none()
                },
                |fence| fence == "inside",
            );
            let team = parties.team(node, "asset-owner").unwrap_or(owner.team);
            let mut row = component(node, title, if inside { "inside" } else { "outside" }, team);
            row.provider_uuid = prop(node, "inherited-uuid").map(str::to_owned);
            row.duties = duties(&parties, node);
            titles.insert(row.title.clone(), row.id.clone());
            row.part_of = prop(node, "part-of").map(str::to_owned);
            parts.components.push((uuid, row));
        }
    }
    // The plan names the whole by its title.
    for (_, row) in &mut parts.components {
        row.part_of = row.part_of.take().and_then(|title| titles.get(&title).cloned());
    }
    for node in members(system, "leveraged-authorizations") {
        authorization(&mut parts, &parties, system, node);
    }
    for requirement in members(&root["control-implementation"], "implemented-requirements") {
        let Some(control) = requirement["control-id"].as_str() else { continue };
        let mut stated = said(&mut parts, &parties, requirement, (owner, workspace, ours));
        stated.control = control.to_owned();
        parts.requirements.insert(control.to_owned(), stated);
        for by in by_components(requirement) {
            let component =
                by["component-uuid"].as_str().map(str::to_owned).filter(|uuid| whole.as_ref() != Some(uuid));
            let mut share = Share {
                control: control.to_owned(),
                component,
                status: status_of(by["implementation-status"]["state"].as_str()),
                inherited: inherited(by),
                ..Share::default()
            };
            share.say(&by["description"]);
            share.text.retain(|text| text != UNSAID);
            share.parameters(requirement);
            share.parameters(by);
            parts.shares.push(share);
        }
    }
    parts
}

fn duties(parties: &Parties<'_>, node: &Value) -> BTreeMap<String, String> {
    let split = Duty::ALL.iter().filter_map(|duty| {
        let team = parties.team(node, &crate::oscal::metadata::duty_role(*duty))?;
        Some((word(duty).as_str()?.to_owned(), team.to_owned()))
    });
    split.collect()
}

/// A text of the node, without blanks at its ends.
fn text(node: &Value, field: &str) -> String {
    node[field].as_str().unwrap_or_default().trim().to_owned()
}

fn interface(node: &Value, id: &str) -> Interface {
    let said = |name: &str| prop(node, name).map(str::to_owned);
    let (protocol, port) = protocol(node);
    let escalation = members(node, "props").filter(|it| it["name"] == "escalation-team" && it["ns"] == NAMESPACE);
    Interface {
        id: id.to_owned(),
        title: text(node, "title"),
        from: said("from").unwrap_or_default(),
        to: said("to").unwrap_or_default(),
        crosses: said("crosses").unwrap_or_default(),
        protocol,
        port: (!port.is_empty()).then(|| port.iter().map(range).collect::<Vec<_>>().join(", ")),
        supplies: text(node, "remarks"),
        relies: said("relies"),
        escalation: escalation.filter_map(|it| it["value"].as_str()).map(str::to_owned).collect(),
        response_time: said("response-time"),
    }
}

fn range((from, to): &(u64, u64)) -> String {
    if from == to { from.to_string() } else { format!("{from}-{to}") }
}

/// The first protocol of a component, with its ports.
fn protocol(node: &Value) -> (Option<String>, Vec<(u64, u64)>) {
    let Some(first) = members(node, "protocols").next() else { return (None, Vec::new()) };
    let ports = members(first, "port-ranges").filter_map(|it| Some((it["start"].as_u64()?, it["end"].as_u64()?)));
    (first["name"].as_str().map(str::to_owned), ports.collect())
}

fn connection(node: &Value, id: &str) -> Connection {
    let said = |name: &str| prop(node, name).map(str::to_owned);
    let (protocol, ports) = protocol(node);
    Connection {
        id: id.to_owned(),
        title: text(node, "title"),
        from: said("from").unwrap_or_default(),
        to: said("to").unwrap_or_default(),
        need: said("need").unwrap_or_else(|| "required".to_owned()),
        protocol: protocol.unwrap_or_default(),
        ports: ports.iter().map(|(from, _)| *from).collect(),
        organization: said("organization"),
        agreement: said("isa-title"),
        data: said("data").unwrap_or_default(),
        encryption: said("encryption").filter(|text| text != "none"),
    }
}

fn authorization(parts: &mut Parts, parties: &Parties<'_>, system: &Value, node: &Value) {
    let title = text(node, "title");
    let Some(organization) = node["party-uuid"].as_str().and_then(|uuid| parties.organizations.get(uuid)) else {
        parts
            .notes
            .push(format!("authorization `{title}` is of a party that is no organization of the workspace: left out"));
        return;
    };
    let covered = members(system, "components").filter(|it| {
        let of = members(it, "props").find(|prop| prop["name"] == "leveraged-authorization-uuid");
        of.is_some_and(|prop| prop["value"] == node["uuid"])
    });
    parts.authorizations.push(Authorization {
        id: prop(node, "authorization-id").map_or_else(|| slug(&title), str::to_owned),
        organization: (*organization).to_owned(),
        title,
        identifier: prop(node, "authorization-identifier").map(str::to_owned),
        authorized: node["date-authorized"].as_str().and_then(date),
        expires: prop(node, "expires").and_then(date),
        impact: prop(node, "impact").map(str::to_owned),
        plan: members(node, "links")
            .find_map(|it| it["href"].as_str())
            .filter(|it| !it.starts_with('#'))
            .map(str::to_owned),
        components: covered.filter_map(|it| it["uuid"].as_str()).map(str::to_owned).collect(),
    });
}

/// What a requirement says of the control as a whole.
fn said(
    parts: &mut Parts,
    parties: &Parties<'_>,
    requirement: &Value,
    (owner, workspace, ours): (&Owner<'_>, &Workspace, bool),
) -> Implementation {
    let mut stated = Implementation {
        team: parties.team(requirement, "asset-owner").unwrap_or(owner.team).to_owned(),
        review_by: prop(requirement, "review-by").and_then(date),
        attested: prop(requirement, "attested").and_then(date),
        attested_by: prop(requirement, "attested-by").map(str::to_owned),
        // What another program says is held against no fence: here the fence says it.
        origination: origination(requirement).filter(|_| ours),
        ..Implementation::default()
    };
    for by in by_components(requirement) {
        for check in members(by, "props").filter(|it| it["name"] == "check" && it["ns"] == NAMESPACE) {
            let Some(id) = check["value"].as_str() else { continue };
            let builtin = crate::checks::known_ids().any(|known| known == id);
            if !builtin && !workspace.checks.iter().any(|it| it.id.as_str() == id) {
                let note = format!("check `{id}` is not declared here: left out");
                if !parts.notes.contains(&note) {
                    parts.notes.push(note);
                }
            } else if !stated.checks.iter().any(|it| it == id) {
                stated.checks.push(id.to_owned());
            }
        }
        for link in members(by, "links").filter(|it| it["rel"] == "evidence") {
            let Some(place) = link["href"].as_str() else { continue };
            if stated.evidence.iter().any(|it| it.location == place) {
                continue;
            }
            if place.starts_with("https://") || workspace.root.join(place).is_file() {
                let title = link["text"].as_str().unwrap_or(place).to_owned();
                stated.evidence.push(Evidence { title, location: place.to_owned() });
            } else {
                let note = format!("evidence `{place}` is not in the workspace: left out");
                if !parts.notes.contains(&note) {
                    parts.notes.push(note);
                }
            }
        }
    }
    stated
}

/// Whose job a control is, where a person declared that and the fence does not say so anyway.
fn origination(requirement: &Value) -> Option<String> {
    let all: Vec<&Value> = members(requirement, "props").collect();
    let derived = all.iter().any(|it| it["name"] == "origination" && it["ns"] == NAMESPACE && it["value"] == DERIVED);
    let values: Vec<&str> =
        all.iter().filter(|it| it["name"] == "control-origination").filter_map(|it| it["value"].as_str()).collect();
    match values[..] {
        _ if derived => None,
        [] => None,
        [one] => Some(one.to_owned()),
        _ => Some("shared".to_owned()),
    }
}

/// What a component's share takes from a provider.
fn inherited(by: &Value) -> Vec<Inherited> {
    let uuid = |node: &Value, field: &str| node[field].as_str().map(str::to_owned);
    let derived = |it: &Value| members(it, "props").any(|prop| prop["ns"] == NAMESPACE && prop["value"] == DERIVED);
    let provided = members(by, "inherited").filter(|it| !derived(it)).map(|it| Inherited {
        provided: Some(text(it, "description")),
        provided_uuid: uuid(it, "provided-uuid"),
        ..Inherited::default()
    });
    let satisfied = members(by, "satisfied").map(|it| Inherited {
        // Who wrote the plan may not have repeated what was asked.
        responsibility: Some(text(it, "remarks"))
            .filter(|it| !it.is_empty())
            .or_else(|| Some("As the provider's plan asks.".to_owned())),
        responsibility_uuid: uuid(it, "responsibility-uuid"),
        satisfied: Some(text(it, "description")),
        ..Inherited::default()
    });
    let open = members(by, "props").filter(|it| it["name"] == "responsibility-unanswered" && it["ns"] == NAMESPACE);
    let open = open.map(|it| Inherited {
        responsibility: Some(text(it, "value")),
        responsibility_uuid: uuid(it, "remarks"),
        ..Inherited::default()
    });
    provided.chain(satisfied).chain(open).collect()
}
