//! Rights that other authorizers than RBAC grant, as imported: they stand in the matrix beside what bindings grant.
//!
//! In: the workspace's [`GrantList`]s. Out: [`Binding`]s that say where they come from, and which lists count for a
//! cluster: of each authorizer and source the newest that is not younger than a day after the snapshot.
//!
//! Invariant: what was supplied is never shown as observed; a list that is too old counts, and makes the fact partial.

use super::{
    Subject,
    declared::split,
    rbac::{Binding, Origin, Roles, Rule},
};
use crate::{
    ownership::Join,
    workspace::{GrantList, SuppliedGrant, SuppliedRights},
};

/// The lists that count for the cluster of a snapshot.
pub(super) fn lists<'w>(join: &Join<'w>) -> Vec<&'w GrantList> {
    let header = &join.snapshot().header;
    let workspace = join.workspace();
    let declared = workspace.cluster_of(&header.cluster.id, header.cluster.uid.as_deref());
    let ids = [Some(header.cluster.id.as_str()), declared.map(|cluster| cluster.id.as_str())];
    let here = |list: &&GrantList| list.cluster.as_deref().is_none_or(|id| ids.contains(&Some(id)));
    let all: Vec<&GrantList> = workspace.grants.iter().filter(here).collect();
    // Sorted by date within one authorizer, cluster and source.
    let same = |a: &&GrantList, b: &&GrantList| {
        (&a.authorizer, &a.cluster, &a.source) == (&b.authorizer, &b.cluster, &b.source)
    };
    all.chunk_by(same).filter_map(|lists| lists.last().copied()).collect()
}

/// Days between a list and the snapshot that it stands beside.
pub(super) fn age(join: &Join<'_>, list: &GrantList) -> i64 {
    (join.snapshot().header.ended.date_naive() - list.date).num_days()
}

/// What the lists grant, as bindings; rights without a role are added to the roles.
pub(super) fn bindings(join: &Join<'_>, roles: &mut Roles) -> Vec<Binding> {
    let mut bindings = Vec::new();
    for list in lists(join) {
        let from = format!("{} grant ({}, {})", list.authorizer, list.source, list.date);
        bindings.extend(list.grants.iter().map(|grant| binding(grant, &from, roles)));
    }
    bindings
}

fn binding(grant: &SuppliedGrant, from: &str, roles: &mut Roles) -> Binding {
    let (namespace, name) = match (&*grant.kind, grant.subject.split_once('/')) {
        ("ServiceAccount", Some((namespace, name))) => (namespace.to_owned(), name.to_owned()),
        _ => (String::new(), grant.subject.clone()),
    };
    let (role, origin) = match &grant.rights {
        SuppliedRights::Role(role) => (role.clone(), Origin::Supplied(from.to_owned())),
        SuppliedRights::Verbs { verbs, resources } => {
            let name = format!("{} on {}", verbs.join(", "), resources.join(", "));
            for resource in resources {
                let (group, resource) = split(resource);
                let (urls, resources) =
                    if resource.starts_with('/') { (vec![resource], Vec::new()) } else { (Vec::new(), vec![resource]) };
                let rule = Rule { api_groups: vec![group], resources, verbs: verbs.clone(), urls, ..Rule::default() };
                roles.add_rights(name.clone(), rule);
            }
            (name, Origin::Rights(from.to_owned()))
        }
    };
    Binding {
        namespace: grant.namespace.clone(),
        name: String::new(),
        role,
        role_is_cluster: true,
        subjects: vec![Subject { kind: grant.kind.clone(), namespace, name }],
        default: false,
        origin,
    }
}
