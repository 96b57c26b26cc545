//! Powers as data: rights whose holder can get more than they name, read from `controls/access`.

use std::sync::LazyLock;

use serde::Deserialize;

use super::RuleLine;
use crate::{embedded::CONTROLS, tables};

/// A power.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Power {
    /// Identifier.
    pub(crate) id: String,
    /// What its holder may do, after `may`.
    pub(crate) does: String,
    /// What that allows.
    pub(crate) allows: String,
    scope: Scope,
    rules: Vec<Right>,
    #[serde(default)]
    also: Vec<Right>,
    leads: Option<Leads>,
}

/// Where a grant has to hold for the power to be one.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Scope {
    /// The resources are cluster-scoped.
    Cluster,
    Any,
}

/// Where a power leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Leads {
    /// To everything, where it is held for the whole cluster.
    Everything,
    /// To any service account of the namespace.
    Accounts,
    /// To the service accounts of the Pods that run there.
    Pods,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Right {
    group: String,
    resources: Vec<String>,
    verbs: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "format")]
    _format: u32,
    power: Vec<Power>,
}

impl Right {
    fn held(&self, line: &RuleLine) -> bool {
        self.resources.iter().any(|resource| line.allows(&self.group, resource, &self.verbs))
    }
}

impl Power {
    /// Rules that give it; `whole` says whether they hold for the whole cluster.
    pub(crate) fn given_by<'r>(&self, rules: &'r [RuleLine], whole: Whole) -> Vec<&'r RuleLine> {
        if self.scope == Scope::Cluster && whole == Whole::No {
            return Vec::new();
        }
        rules.iter().filter(|line| self.rules.iter().any(|right| right.held(line))).collect()
    }

    /// Where it leads, given everything that its holder has in the same place.
    pub(crate) fn leads<'r>(&self, mut rules: impl Iterator<Item = &'r RuleLine>, whole: Whole) -> Option<Leads> {
        let leads = self.leads?;
        if leads == Leads::Everything && whole == Whole::No {
            return None;
        }
        (self.also.is_empty() || rules.any(|line| self.also.iter().any(|right| right.held(line)))).then_some(leads)
    }
}

/// Whether a grant is for the whole cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whole {
    Yes,
    No,
}

impl Whole {
    pub(crate) fn of(scope: &str) -> Self {
        if scope.is_empty() { Self::Yes } else { Self::No }
    }
}

fn parse(text: &str) -> Result<Vec<Power>, String> {
    tables::from_str::<File>(text).map(|file| file.power).map_err(|error| error.to_string())
}

/// All powers, in the order of the data.
pub(crate) fn all() -> &'static [Power] {
    static POWERS: LazyLock<Vec<Power>> = LazyLock::new(|| {
        // A unit test parses the embedded file, so nothing is dropped here.
        let text = CONTROLS.get_file("access/powers.toml").and_then(|file| file.contents_utf8()).unwrap_or_default();
        parse(text).unwrap_or_default()
    });
    &POWERS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_powers_parse_and_are_unique() {
        let text = CONTROLS.get_file("access/powers.toml").expect("embedded").contents_utf8().expect("UTF-8");
        let powers = parse(text).unwrap_or_else(|why| panic!("{why}"));
        let ids: std::collections::BTreeSet<_> = powers.iter().map(|power| &power.id).collect();
        assert_eq!(ids.len(), powers.len());
        assert_eq!(powers.len(), all().len());
        assert!(powers.iter().all(|power| !power.rules.is_empty() && !power.allows.is_empty()));
    }

    #[test]
    fn a_power_over_cluster_objects_needs_the_whole_cluster() {
        let line = RuleLine {
            group: "*".to_owned(),
            resources: vec!["*".to_owned()],
            names: Vec::new(),
            verbs: vec!["*".to_owned()],
        };
        let lines = [line];
        let volumes = all().iter().find(|power| power.id == "create-volumes").expect("a power");
        assert!(volumes.given_by(&lines, Whole::No).is_empty());
        assert_eq!(volumes.given_by(&lines, Whole::Yes).len(), 1);
        let escalate = all().iter().find(|power| power.id == "escalate").expect("a power");
        assert_eq!(escalate.leads(lines.iter(), Whole::No), None);
        assert_eq!(escalate.leads(lines.iter(), Whole::Yes), Some(Leads::Everything));
    }
}
