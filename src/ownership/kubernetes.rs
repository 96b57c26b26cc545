//! What the join has to know of Kubernetes itself, read from `controls/ownership/kubernetes.toml`.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::LazyLock,
};

use serde::Deserialize;

use super::pattern::{self, Pattern};
use crate::{
    embedded::CONTROLS,
    snapshot::{Object, qualified},
    tables,
};

/// The rules.
#[derive(Debug, Default)]
pub(super) struct Rules {
    leave_out: HashSet<String>,
    places: HashMap<String, Vec<String>>,
    follow: HashMap<String, Vec<Rule>>,
}

#[derive(Debug, Clone)]
struct Rule {
    names: Vec<Pattern>,
    namespaces: Vec<Pattern>,
    labels: BTreeMap<String, String>,
    follows: Follow,
}

/// What an unclaimed object follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Follow {
    Namespace,
    KubeSystem,
    Claim,
    Resource,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct RawFile {
    #[serde(rename = "format")]
    _format: u32,
    leave_out: RawLeaveOut,
    place: Vec<RawPlace>,
    follow: Vec<RawFollow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLeaveOut {
    kinds: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPlace {
    kind: String,
    owner: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFollow {
    kinds: Vec<String>,
    #[serde(default)]
    names: Vec<String>,
    #[serde(default)]
    namespaces: Vec<String>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    follows: Follow,
}

impl Rules {
    fn parse(text: &str) -> Result<Self, tables::Error> {
        let raw: RawFile = tables::from_str(text)?;
        let mut rules = Rules { leave_out: raw.leave_out.kinds.into_iter().collect(), ..Rules::default() };
        for place in raw.place {
            rules.places.entry(place.kind).or_default().push(place.owner);
        }
        for follow in raw.follow {
            let rule = Rule {
                names: Pattern::list(&follow.names),
                namespaces: Pattern::list(&follow.namespaces),
                labels: follow.labels,
                follows: follow.follows,
            };
            for kind in follow.kinds {
                rules.follow.entry(kind).or_default().push(rule.clone());
            }
        }
        Ok(rules)
    }

    /// The embedded rules.
    pub(super) fn embedded() -> &'static Self {
        static RULES: LazyLock<Rules> = LazyLock::new(|| {
            CONTROLS
                .get_file("ownership/kubernetes.toml")
                .and_then(|file| file.contents_utf8())
                // A unit test parses the embedded file.
                .and_then(|text| Rules::parse(text).ok())
                .unwrap_or_default()
        });
        &RULES
    }

    /// Kinds that nobody owns.
    pub(super) fn leaves_out(&self, group: &str, kind: &str) -> bool {
        self.leave_out.contains(&qualified(group, kind))
    }

    /// An owner of this kind says where the object runs, not whose it is.
    pub(super) fn is_place(&self, kind: &str, owner: &str) -> bool {
        self.places.get(kind).is_some_and(|owners| owners.iter().any(|known| known == owner))
    }

    /// Rules of a kind; looked up once a list.
    pub(super) fn of_kind(&self, group: &str, kind: &str) -> Followed<'_> {
        Followed(self.follow.get(&qualified(group, kind)).map_or(&[], Vec::as_slice))
    }
}

/// The rules for objects of one kind.
#[derive(Clone, Copy)]
pub(super) struct Followed<'r>(&'r [Rule]);

impl Followed<'_> {
    /// What the object follows when no claim matches it.
    pub(super) fn follows(self, object: &Object) -> Option<Follow> {
        self.0
            .iter()
            .find(|rule| {
                (rule.names.is_empty() || pattern::any(&rule.names, &object.name))
                    && (rule.namespaces.is_empty() || pattern::any(&rule.namespaces, &object.namespace))
                    && rule
                        .labels
                        .iter()
                        .all(|(key, value)| object.labels.get(key.as_str()).is_some_and(|v| **v == **value))
            })
            .map(|rule| rule.follows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_rules_parse() {
        let file = CONTROLS.get_file("ownership/kubernetes.toml").expect("embedded");
        let rules = Rules::parse(file.contents_utf8().expect("UTF-8")).expect("valid rules");
        assert!(rules.leaves_out("coordination.k8s.io", "Lease"));
        assert!(!rules.leaves_out("apps", "Deployment"));
        assert!(rules.is_place("Pod", "Node"));
    }
}
