//! Members of the groups that hold rights, as supplied: the cluster knows the names of groups alone.
//!
//! In: bindings, the imported lists of members, the workspace's people. Out: [`Members`]. The newest list of each source
//! counts; the one before it says who left since.
//!
//! Invariant: partial unless every group that a binding names stands in a list that is not too old.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use super::{
    access::rbac,
    observed::{Observed, Reading},
};
use crate::{
    ownership::Join,
    snapshot::State,
    workspace::{MemberList, Person, PersonId, Workspace},
};

/// Who is in the groups that hold rights.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Members {
    /// Lists that count, with their digests.
    pub lists: Vec<SuppliedList>,
    /// Groups that bindings name, with their members.
    pub groups: Vec<GroupMembers>,
    /// Groups that bindings name and no list has.
    pub unknown_groups: Vec<String>,
    /// Names in lists that no person of the workspace has.
    pub unknown_people: Vec<String>,
    /// Who left and is still in a group, or left the lists since the one before.
    pub leavers: Vec<Leaver>,
}

/// A list that was imported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SuppliedList {
    /// Who supplied it.
    pub source: String,
    /// When it was true.
    pub date: NaiveDate,
    /// File within the workspace.
    pub file: String,
    /// SHA-256 of the file.
    pub digest: String,
}

/// A group and who is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GroupMembers {
    /// Group, as bindings name it.
    pub group: String,
    /// Members, nested groups resolved: name, and person of the workspace.
    pub people: Vec<(String, Option<PersonId>)>,
}

/// Somebody who left.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Leaver {
    /// Name as listed.
    pub name: String,
    /// When the workspace says that they left; `None` when they are only gone from the list.
    pub left: Option<NaiveDate>,
    /// Groups with rights that they are still in, or were in before.
    pub groups: Vec<String>,
}

/// The person of the workspace that a name means: by identifier, e-mail address or name, whatever the case.
pub(crate) fn person<'w>(workspace: &'w Workspace, name: &str) -> Option<&'w Person> {
    let same = |text: &str| text.to_lowercase() == name.to_lowercase();
    workspace
        .people
        .iter()
        .find(|person| same(person.id.as_str()) || same(&person.name) || person.email.as_deref().is_some_and(same))
}

/// Newest list of each source, and the one before it.
pub(crate) fn newest(workspace: &Workspace) -> Vec<(&MemberList, Option<&MemberList>)> {
    let by_source = workspace.members.chunk_by(|a, b| a.source == b.source);
    by_source.filter_map(|lists| Some((lists.last()?, lists.iter().rev().nth(1)))).collect()
}

/// A list is older than the workspace allows.
pub(crate) fn is_old(workspace: &Workspace, list: &MemberList, as_of: DateTime<Utc>) -> bool {
    (as_of.date_naive() - list.date).num_days() > i64::from(workspace.policy.evidence_days)
}

pub(super) fn observe(join: &Join<'_>, as_of: DateTime<Utc>) -> Observed<Members> {
    let mut reading = Reading::new(join.snapshot());
    let (_, bindings) = rbac::read(&mut reading, join);
    let workspace = join.workspace();
    let lists = newest(workspace);
    let named: BTreeSet<&str> = bindings
        .iter()
        .flat_map(|binding| &binding.subjects)
        .filter(|subject| subject.kind == "Group" && !subject.name.starts_with("system:"))
        .map(|subject| subject.name.as_str())
        .collect();
    let mut found = Members::default();
    let mut unknown: BTreeSet<&str> = BTreeSet::new();
    let mut left: BTreeMap<(&str, Option<NaiveDate>), Vec<String>> = BTreeMap::new();
    for group in &named {
        let mut people: BTreeSet<&str> = BTreeSet::new();
        let mut known = false;
        for (list, before) in lists.iter().filter(|(list, _)| list.groups.contains_key(*group)) {
            known = true;
            let now = list.people(group);
            let gone = before.iter().flat_map(|before| before.people(group)).filter(|name| !now.contains(name));
            for name in gone.filter(|name| person(workspace, name).is_none()) {
                left.entry((name, None)).or_default().push((*group).to_owned());
            }
            people.extend(now);
        }
        if !known {
            found.unknown_groups.push((*group).to_owned());
            continue;
        }
        let mut members = Vec::new();
        for name in people {
            let person = person(workspace, name);
            match person {
                None => {
                    unknown.insert(name);
                }
                Some(person) => {
                    if let Some(date) = person.left.filter(|date| *date <= as_of.date_naive()) {
                        left.entry((name, Some(date))).or_default().push((*group).to_owned());
                    }
                }
            }
            members.push((name.to_owned(), person.map(|person| person.id.clone())));
        }
        found.groups.push(GroupMembers { group: (*group).to_owned(), people: members });
    }
    found.unknown_people = unknown.into_iter().map(str::to_owned).collect();
    found.leavers =
        left.into_iter().map(|((name, left), groups)| Leaver { name: name.to_owned(), left, groups }).collect();
    found.lists = lists
        .iter()
        .map(|(list, _)| SuppliedList {
            source: list.source.clone(),
            date: list.date,
            file: list.file.clone(),
            digest: list.digest.clone(),
        })
        .collect();
    if lists.is_empty() {
        reading.worsen(
            State::Partial,
            "no list of members was imported: `scopefence import groups` takes one from the identity provider"
                .to_owned(),
        );
    } else if !found.unknown_groups.is_empty() {
        reading.worsen(State::Partial, format!("no list has the members of {}", found.unknown_groups.join(", ")));
    }
    for (list, _) in lists.iter().filter(|(list, _)| is_old(workspace, list, as_of)) {
        let days = workspace.policy.evidence_days;
        let why = format!("the members from {} are of {}, more than {days} days old", list.source, list.date);
        reading.worsen(State::Partial, why);
    }
    reading.finish(found)
}
