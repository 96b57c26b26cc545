//! What missing rights cost: the facts that would be partial or missing, by the catalogue of facts.
//!
//! In: what the API server says may be read. Out: one [`Cost`] for each fact that would not be complete. An API that is
//! not installed costs nothing that rights could buy, so it is not counted.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::{
    cluster::{Preflight, Readable},
    facts::catalogue::Entry,
    snapshot::parts,
};

/// A fact that would not be complete.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Cost<'a> {
    /// Identifier of the fact.
    fact: &'a str,
    /// Its title.
    pub(super) title: &'a str,
    /// How much of it would be there.
    pub(super) expected: Expected,
    /// Kinds it would have to do without, as `group/Kind`.
    pub(super) without: Vec<&'a str>,
    /// Where documents show it.
    section: &'a str,
}

/// How much of a fact would be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Expected {
    Partial,
    Missing,
}

impl Expected {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Partial => "partial",
            Self::Missing => "missing",
        }
    }
}

/// Whether a kind will be there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Readable,
    NotInstalled,
    Unreadable,
}

fn kind(answers: &[Preflight], name: &str) -> Kind {
    let (group, kind) = parts(name);
    let of_group = || answers.iter().filter(|answer| answer.group == group);
    match of_group().find(|answer| answer.kind == kind).or_else(|| of_group().find(|answer| answer.kind == "*")) {
        None => Kind::NotInstalled,
        Some(answer) if answer.answer == Readable::Yes => Kind::Readable,
        Some(_) => Kind::Unreadable,
    }
}

/// The facts that would not be complete, in the catalogue's order.
pub(super) fn costs<'a>(answers: &[Preflight], entries: &'a [Entry]) -> Vec<Cost<'a>> {
    let cost = |entry: &'a Entry| {
        let named = entry.needs.iter().chain(&entry.wishes);
        let without: Vec<&str> =
            named.filter(|name| kind(answers, name) == Kind::Unreadable).map(String::as_str).collect();
        let expected = match entry.needs.iter().any(|name| kind(answers, name) == Kind::Readable) {
            _ if without.is_empty() => return None,
            true => Expected::Partial,
            false => Expected::Missing,
        };
        Some(Cost { fact: &entry.id, title: &entry.title, expected, without, section: &entry.section })
    };
    entries.iter().filter_map(cost).collect()
}

/// What to ask for so that nothing is missing: `resource.group`, those of the core group without a group.
pub(super) fn grants(answers: &[Preflight], costs: &[Cost<'_>]) -> BTreeSet<String> {
    let wanted: BTreeSet<&str> = costs.iter().flat_map(|cost| cost.without.iter().copied()).collect();
    let refused = answers.iter().filter(|answer| answer.answer == Readable::No);
    refused
        .filter(|answer| match &*answer.group {
            "" => wanted.contains(&*answer.kind),
            group => wanted.contains(&*format!("{group}/{}", answer.kind)),
        })
        .map(|answer| match &*answer.group {
            "" => answer.resource.clone(),
            group => format!("{}.{group}", answer.resource),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(group: &str, kind: &str, answer: Readable) -> Preflight {
        let resource = format!("{}s", kind.to_lowercase());
        Preflight { group: group.to_owned(), kind: kind.to_owned(), resource, answer, metadata_only: false, risk: None }
    }

    fn entry(id: &str, needs: &[&str], wishes: &[&str]) -> Entry {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        Entry {
            id: id.to_owned(),
            title: id.to_owned(),
            family: "namespaces".to_owned(),
            needs: names(needs),
            wishes: names(wishes),
            limit: String::new(),
            section: "ssp#isolation".to_owned(),
            controls: Vec::new(),
        }
    }

    #[test]
    fn a_fact_is_as_complete_as_what_may_be_read() {
        let unknown = || Readable::Unknown("down".to_owned());
        let answers = [
            answer("", "Pod", Readable::Yes),
            answer("", "Node", Readable::No),
            answer("apps", "Deployment", Readable::No),
            answer("broken.example", "*", unknown()),
        ];
        let entries = [
            entry("all", &["Pod"], &["cilium.io/CiliumNetworkPolicy"]),
            entry("some", &["Pod", "Node"], &[]),
            entry("wish", &["Pod"], &["apps/Deployment"]),
            entry("none", &["Node"], &["apps/Deployment"]),
            entry("broken", &["broken.example/Thing"], &[]),
        ];
        let costs = costs(&answers, &entries);
        let got: Vec<_> =
            costs.iter().map(|cost| (cost.fact, cost.expected.as_str(), cost.without.join(" "))).collect();
        let expected = [
            ("some", "partial", "Node"),
            ("wish", "partial", "apps/Deployment"),
            ("none", "missing", "Node apps/Deployment"),
            ("broken", "missing", "broken.example/Thing"),
        ];
        assert_eq!(got, expected.map(|(fact, state, without)| (fact, state, without.to_owned())));
        assert_eq!(grants(&answers, &costs).into_iter().collect::<Vec<_>>(), ["deployments.apps", "nodes"]);
    }
}
