//! The catalogue of facts: what each is called, which kinds it is computed from, which controls it serves, where the
//! documents show it, and what no API can show of it.
//!
//! In: the embedded folder `controls/facts`. Out: [`Entry`]s, by identifier. A family of [`Facts`](super::Facts) may
//! carry several facts; each has one entry.

use std::{collections::BTreeMap, sync::LazyLock};

use serde::Deserialize;

use crate::{embedded::CONTROLS, workspace::ControlId};
use crate::{sort::Sort, tables};

/// One fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Identifier.
    pub id: String,
    /// Title: what is known, in a few words.
    pub title: String,
    /// Field of [`Facts`](super::Facts) that carries it.
    pub family: String,
    /// Kinds without which it says little, as `group/Kind`.
    pub needs: Vec<String>,
    /// Kinds that add to it where their API is installed, as `group/Kind`.
    pub wishes: Vec<String>,
    /// What cannot be seen, one or two sentences.
    pub limit: String,
    /// Where documents show it: `ssp#isolation`.
    pub section: String,
    /// Controls it is evidence for.
    pub controls: Vec<ControlId>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    format: u32,
    fact: Vec<RawEntry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct RawEntry {
    id: String,
    title: String,
    family: String,
    needs: Vec<String>,
    #[serde(default)]
    wishes: Vec<String>,
    limit: String,
    section: String,
    controls: BTreeMap<String, Vec<String>>,
}

fn parse(text: &str) -> Result<Vec<Entry>, String> {
    let file: RawFile = tables::from_str(text).map_err(|error| error.to_string())?;
    if file.format != 1 {
        return Err(format!("format {} is not known", file.format));
    }
    let entry = |raw: RawEntry| Entry {
        controls: ControlId::of_table(&raw.controls),
        id: raw.id,
        title: raw.title,
        family: raw.family,
        needs: raw.needs,
        wishes: raw.wishes,
        limit: raw.limit.trim().to_owned(),
        section: raw.section,
    };
    Ok(file.fact.into_iter().map(entry).collect())
}

/// All facts, by identifier.
pub fn entries() -> &'static [Entry] {
    static ENTRIES: LazyLock<Vec<Entry>> = LazyLock::new(|| {
        let files = CONTROLS.get_dir("facts").map(|folder| folder.files().collect::<Vec<_>>()).unwrap_or_default();
        // A unit test parses every embedded file, so nothing is dropped here.
        let texts = files.into_iter().filter_map(|file| file.contents_utf8());
        let mut entries: Vec<Entry> = texts.filter_map(|text| parse(text).ok()).flatten().collect();
        entries.order_by(|a, b| a.id.cmp(&b.id));
        entries
    });
    &ENTRIES
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{embedded::TEMPLATES, facts::Facts, frameworks::Frameworks};

    #[test]
    fn every_entry_names_a_family_a_section_and_controls_that_exist() {
        let facts = Facts::default();
        let frameworks = Frameworks::builtin();
        let mut seen = BTreeSet::new();
        for file in CONTROLS.get_dir("facts").expect("controls/facts is embedded").files() {
            let name = file.path().display();
            for entry in parse(file.contents_utf8().expect("UTF-8")).unwrap_or_else(|why| panic!("{name}: {why}")) {
                assert!(seen.insert(entry.id.clone()), "{} stands twice", entry.id);
                assert!(facts.account(&entry.family).is_some(), "{}: no family {}", entry.id, entry.family);
                let (document, anchor) = entry.section.split_once('#').expect("document#anchor");
                let template = TEMPLATES.get_file(format!("{document}.md")).expect("a template");
                let anchor = format!("{{ #{anchor} }}");
                assert!(template.contents_utf8().expect("UTF-8").contains(&anchor), "{}: {anchor}", entry.id);
                for control in &entry.controls {
                    assert!(frameworks.control(control).is_some(), "{}: no control {control}", entry.id);
                }
            }
        }
        assert_eq!(seen.len(), entries().len());
    }
}
