//! Crosswalks: how controls of one framework relate to those of another.
//!
//! In: `controls/crosswalks/FROM-to-TO.toml`, those that travel in the program and those of a workspace. Out: [`Link`]s
//! from a control, in both directions of each file. Steps: a built-in file is parsed when a framework of its name is
//! first asked for; a workspace's is parsed and checked at once.
//!
//! Invariant: every control named in here exists in its framework.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, OnceLock},
};

use serde::{Deserialize, Serialize};

use super::{Frameworks, LoadError, read};
use crate::sort::Sort;
use crate::{tables, workspace::ControlId};

/// Where the files are, below `controls/`.
const FOLDER: &str = "crosswalks";

/// What a control is to another, as sets of what they ask for (NIST IR 8477, section 4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Relation {
    /// Both ask for the same.
    Equal,
    /// The other asks for all of this, and more.
    Subset,
    /// The other and those beside it in the same row, all taken together, ask for all of this.
    Together,
    /// This asks for all of the other, and more.
    Superset,
    /// Each asks for something that the other does not.
    Intersects,
}

impl Relation {
    /// Every relation, the strongest first.
    pub const ALL: [Relation; 5] =
        [Relation::Equal, Relation::Subset, Relation::Together, Relation::Superset, Relation::Intersects];

    /// Who meets the other meets all of this.
    pub fn covers(self) -> bool {
        matches!(self, Relation::Equal | Relation::Subset)
    }

    fn reversed(self) -> Self {
        match self {
            Relation::Subset => Relation::Superset,
            Relation::Superset => Relation::Subset,
            Relation::Together => Relation::Intersects,
            same => same,
        }
    }
}

/// A control of another framework.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The other control.
    pub to: ControlId,
    /// What this control is to it.
    pub relation: Relation,
}

/// A crosswalk, parsed when first asked for.
#[derive(Debug)]
pub(super) struct Entry {
    from: String,
    to: String,
    text: &'static str,
    parsed: OnceLock<Crosswalk>,
}

#[derive(Debug, Default)]
struct Crosswalk {
    source: String,
    links: BTreeMap<ControlId, Vec<Link>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    format: u32,
    crosswalk: RawCrosswalk,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCrosswalk {
    from: String,
    to: String,
    source: String,
    #[serde(default)]
    map: Vec<RawMap>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMap {
    from: String,
    #[serde(default)]
    equal: Vec<String>,
    #[serde(default)]
    subset: Vec<String>,
    #[serde(default)]
    together: Vec<String>,
    #[serde(default)]
    superset: Vec<String>,
    #[serde(default)]
    intersects: Vec<String>,
}

impl Entry {
    fn get(&self) -> &Crosswalk {
        self.parsed
            .get_or_init(|| tables::from_str::<RawFile>(self.text).map(|raw| join(raw.crosswalk)).unwrap_or_default())
    }
}

impl Frameworks {
    /// Controls of the framework `to` that crosswalks relate to this one, each once, the strongest relation first, then
    /// in the order of files.
    pub fn links(&self, control: &ControlId, to: &str) -> Vec<Link> {
        let mut links: Vec<Link> = Vec::new();
        for crosswalk in self.between(control.framework(), to) {
            for link in crosswalk.links.get(control).into_iter().flatten().filter(|link| link.to.framework() == to) {
                match links.iter_mut().find(|known| known.to == link.to) {
                    Some(known) => known.relation = known.relation.min(link.relation),
                    None => links.push(link.clone()),
                }
            }
        }
        links.order_by_key(|link| link.relation);
        links
    }

    /// Where the crosswalks between two frameworks come from.
    pub fn crosswalk_sources(&self, one: &str, other: &str) -> Vec<&str> {
        self.between(one, other).into_iter().map(|crosswalk| crosswalk.source.as_str()).collect()
    }

    /// Frameworks that a crosswalk relates to this one, sorted.
    pub fn related(&self, framework: &str) -> Vec<&str> {
        let other = |entry: &'_ Arc<Entry>| match framework {
            id if entry.from == id => Some(0),
            id if entry.to == id => Some(1),
            _ => None,
        };
        let mut related: Vec<&str> = self
            .crosswalks
            .iter()
            .filter_map(|entry| {
                other(entry).map(|side| if side == 0 { entry.to.as_str() } else { entry.from.as_str() })
            })
            .collect();
        related.sort_unstable();
        related.dedup();
        related
    }

    fn between(&self, one: &str, other: &str) -> Vec<&Crosswalk> {
        let joins =
            |entry: &&Arc<Entry>| (entry.from == one && entry.to == other) || (entry.from == other && entry.to == one);
        self.crosswalks.iter().filter(joins).map(|entry| entry.get()).collect()
    }
}

/// The crosswalks in the program, none of them parsed yet.
pub(super) fn builtin() -> Vec<Arc<Entry>> {
    let named = |(path, text): (&'static Path, &'static str)| {
        let (from, to) = read::stem(path).split_once("-to-")?;
        Some(Arc::new(Entry { from: from.to_owned(), to: to.to_owned(), text, parsed: OnceLock::new() }))
    };
    read::embedded_files(FOLDER).into_iter().filter_map(named).collect()
}

/// Adds the crosswalks of a workspace, checked against all frameworks.
pub(super) fn folder(root: &Path, frameworks: &mut Frameworks) -> Result<(), Vec<LoadError>> {
    let mut errors = Vec::new();
    for (file, text) in read::workspace_files(root, FOLDER).map_err(|error| vec![error])? {
        match checked(&file, &text, frameworks) {
            Ok((from, to, crosswalk)) => {
                frameworks.crosswalks.push(Arc::new(Entry { from, to, text: "", parsed: OnceLock::from(crosswalk) }));
            }
            Err(found) => errors.extend(found),
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

fn checked(file: &Path, text: &str, frameworks: &Frameworks) -> Result<(String, String, Crosswalk), Vec<LoadError>> {
    let raw: RawFile = tables::from_str(text).map_err(|error| vec![LoadError::toml(file, &error)])?;
    let mut errors = Vec::new();
    if raw.format != 1 {
        errors.push(LoadError::new(file, format!("format {} is not known; this program reads format 1", raw.format)));
    }
    let crosswalk = raw.crosswalk;
    for (side, framework, controls) in [
        ("from", &crosswalk.from, crosswalk.map.iter().map(|map| &map.from).collect::<Vec<_>>()),
        ("to", &crosswalk.to, crosswalk.map.iter().flat_map(targets).map(|(control, _)| control).collect()),
    ] {
        if frameworks.framework(framework).is_none() {
            errors.push(LoadError::new(file, format!("`{side}` names framework `{framework}`, which is not known")));
            continue;
        }
        for control in controls {
            if let Err(unresolved) = frameworks.resolve(control, Some(framework)) {
                errors.push(LoadError::new(file, unresolved.to_string()));
            }
        }
    }
    if errors.is_empty() { Ok((crosswalk.from.clone(), crosswalk.to.clone(), join(crosswalk))) } else { Err(errors) }
}

/// Links in both directions.
fn join(raw: RawCrosswalk) -> Crosswalk {
    let id =
        |framework: &str, control: &str| ControlId::new(format!("{framework}:{}", super::resolve::normalize(control)));
    let mut links: BTreeMap<ControlId, Vec<Link>> = BTreeMap::new();
    for map in &raw.map {
        let from = id(&raw.from, &map.from);
        for (control, relation) in targets(map) {
            let to = id(&raw.to, control);
            links.entry(to.clone()).or_default().push(Link { to: from.clone(), relation: relation.reversed() });
            links.entry(from.clone()).or_default().push(Link { to, relation });
        }
    }
    Crosswalk { source: raw.source, links }
}

fn targets(map: &RawMap) -> impl Iterator<Item = (&String, Relation)> {
    let RawMap { equal, subset, together, superset, intersects, .. } = map;
    Relation::ALL
        .into_iter()
        .zip([equal, subset, together, superset, intersects])
        .flat_map(|(relation, controls)| controls.iter().map(move |control| (control, relation)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn embedded_files_are_sound_and_named_after_what_they_join() {
        let frameworks = Frameworks::builtin();
        for (path, text) in read::embedded_files(FOLDER) {
            let (from, to, _) = checked(path, text, frameworks).unwrap_or_else(|errors| panic!("{errors:#?}"));
            assert_eq!(read::stem(path), format!("{from}-to-{to}"));
            let raw: RawFile = tables::from_str(text).unwrap();
            let mut seen = BTreeSet::new();
            for map in &raw.crosswalk.map {
                assert!(seen.insert(&map.from), "{}: {} stands twice", path.display(), map.from);
                let mut targets: Vec<_> = targets(map).map(|(control, _)| control).collect();
                let count = targets.len();
                targets.sort();
                targets.dedup();
                assert!(count > 0 && count == targets.len(), "{}: {}: none or twice", path.display(), map.from);
                for control in targets {
                    let id = frameworks.resolve(control, Some(&to)).unwrap();
                    assert!(!frameworks.control(&id).unwrap().withdrawn, "{}: {id} is withdrawn", path.display());
                }
            }
            assert!(raw.crosswalk.source.len() > 20, "{}: says where it comes from", path.display());
        }
    }

    #[test]
    fn links_lead_both_ways_and_never_say_more() {
        let frameworks = Frameworks::builtin();
        let requirement = ControlId::new("nist-800-171r3:3.1.7");
        let links = frameworks.links(&requirement, "nist-800-53r5");
        assert!(!links.is_empty());
        for link in links {
            let back = frameworks.links(&link.to, "nist-800-171r3");
            let back = back.iter().find(|back| back.to == requirement).expect("the way back");
            assert_eq!(back.relation, link.relation.reversed(), "{link:?}");
            assert!(!(link.relation == Relation::Subset && back.relation.covers()));
        }
        assert!(frameworks.related("nist-800-53r5").contains(&"iso-27001-2022"));
        assert_eq!(frameworks.links(&ControlId::new("other:x"), "nist-800-53r5"), []);
    }

    #[test]
    fn a_workspace_adds_its_own() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("controls/crosswalks");
        std::fs::create_dir_all(&folder).unwrap();
        let text = "format = 1\n[crosswalk]\nfrom = 'iso-27001-2022'\nto = 'nist-800-53r5'\nsource = 'ours'\n\
                    map = [{ from = 'A.8.34', subset = ['CA-7(1)'] }]\n";
        std::fs::write(folder.join("ours.toml"), text).unwrap();
        let frameworks = Frameworks::load(Some(root.path())).unwrap();
        let links = frameworks.links(&ControlId::new("iso-27001-2022:a.8.34"), "nist-800-53r5");
        assert_eq!(links[0], Link { to: ControlId::new("nist-800-53r5:ca-7.1"), relation: Relation::Subset });
        assert!(frameworks.crosswalk_sources("nist-800-53r5", "iso-27001-2022").contains(&"ours"));

        std::fs::write(folder.join("ours.toml"), text.replace("CA-7(1)", "CA-99").replace("A.8.34", "B.1")).unwrap();
        let errors = Frameworks::load(Some(root.path())).unwrap_err();
        assert_eq!(errors.len(), 2, "{errors:?}");
        assert!(errors.iter().any(|error| error.message.contains("has no control `CA-99`")));
    }
}
