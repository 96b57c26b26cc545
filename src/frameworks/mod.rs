//! Frameworks: catalogs of controls, their families and their named baselines.
//!
//! In: `controls/frameworks/*.toml` and `controls/crosswalks/*.toml`, those that travel in the program and those of a
//! workspace. Out: [`Frameworks`]. Steps: read and check each file ([`read`]), then answer look-ups
//! ([`Frameworks::control`]), name what people write ([`Frameworks::resolve`]), select ([`Framework::baseline`]) and lead
//! from a control to those of other frameworks ([`Frameworks::links`]).
//!
//! Invariant: every [`ControlId`] in here exists in its framework, each identifier once, in the order of the catalog.

mod crosswalk;
mod read;
mod resolve;
pub(crate) mod texts;

use std::{
    cmp::Ordering,
    collections::{BTreeSet, HashMap},
    path::Path,
    sync::{Arc, LazyLock, OnceLock},
};

use serde::Serialize;

pub use crosswalk::{Link, Relation};
pub use read::LoadError;
pub(crate) use read::{Selection, is_toml, workspace_files};
pub use resolve::Unresolved;
pub(crate) use resolve::normalize;

use crate::{
    sort::Sort,
    workspace::{BaselineChoice, ControlId, Implementation},
};

/// Every framework that is known: the built-in ones, then those of the workspace; and the crosswalks between them.
#[derive(Debug, Clone)]
pub struct Frameworks {
    list: Vec<Arc<Entry>>,
    crosswalks: Vec<Arc<crosswalk::Entry>>,
    texts: texts::Texts,
}

/// A framework, parsed when it is first asked for: most workspaces use few of them.
#[derive(Debug)]
struct Entry {
    id: String,
    file: &'static Path,
    text: &'static str,
    parsed: OnceLock<Option<Framework>>,
}

impl Entry {
    fn new(id: &str, file: &'static Path, text: &'static str) -> Self {
        Self { id: id.to_owned(), file, text, parsed: OnceLock::new() }
    }

    fn parsed(framework: Framework) -> Self {
        Self { id: framework.id.clone(), file: Path::new(""), text: "", parsed: OnceLock::from(Some(framework)) }
    }

    /// `None` for a broken built-in one, a defect of the build that the tests of this module catch.
    fn get(&self) -> Option<&Framework> {
        self.parsed.get_or_init(|| read::parse(self.file, self.text).ok()).as_ref()
    }
}

/// One catalog.
#[derive(Debug, Serialize)]
pub struct Framework {
    /// Identifier, for example `nist-800-53r5`.
    pub id: String,
    /// Title.
    pub title: String,
    /// Written before a label where frameworks stand side by side: `CIS`; empty where labels speak for themselves.
    pub prefix: String,
    /// Version of the catalog.
    pub version: String,
    /// Who publishes it.
    pub publisher: String,
    /// Where identifiers and titles come from.
    pub source: String,
    /// Controls and enhancements in the order of the catalog.
    pub controls: Vec<Control>,
    /// Named selections.
    pub baselines: Vec<Baseline>,
    #[serde(skip)]
    index: HashMap<Box<str>, usize>,
}

/// One control or enhancement.
#[derive(Debug, Serialize)]
pub struct Control {
    /// Identifier with its framework, `nist-800-53r5:ac-6.5`.
    pub id: ControlId,
    /// As its publisher writes it: `AC-6(5)`.
    pub label: String,
    /// Title.
    pub title: String,
    /// Family, theme or section.
    pub family: String,
    /// No longer part of the catalog; kept so that old references are explained.
    pub withdrawn: bool,
    /// Parameters of its statement that an organization sets: `ac-06.05_odp`. A value for any of the names of one sets
    /// it: its own, that of what a choice leaves open, or that of several parameters together.
    #[serde(skip)]
    pub parameters: Vec<Vec<String>>,
}

/// A named selection of controls.
#[derive(Debug, Serialize)]
pub struct Baseline {
    /// Name, for example `moderate`.
    pub name: String,
    /// Controls, in the order of the catalog.
    pub controls: Vec<ControlId>,
}

static BUILTIN: LazyLock<Frameworks> = LazyLock::new(|| Frameworks {
    list: read::builtin().into_iter().map(Arc::new).collect(),
    crosswalks: crosswalk::builtin(),
    texts: texts::Texts::default(),
});

impl Frameworks {
    /// The frameworks that travel in the program, each parsed on first use.
    pub fn builtin() -> &'static Frameworks {
        &BUILTIN
    }

    /// The built-in frameworks and those in `controls/frameworks/` of a workspace, with its baselines and texts. All
    /// errors at once.
    pub fn load(workspace: Option<&Path>) -> Result<Frameworks, Vec<LoadError>> {
        let mut frameworks = Self::builtin().clone();
        if let Some(root) = workspace {
            read::folder(root, &mut frameworks.list)?;
            read::baselines(root, &mut frameworks.list)?;
            frameworks.texts = texts::Texts::load(root)?;
            crosswalk::folder(root, &mut frameworks)?;
        }
        Ok(frameworks)
    }

    /// All frameworks: built-in ones by identifier, then the workspace's. Parses all of them.
    pub fn iter(&self) -> impl Iterator<Item = &Framework> {
        self.list.iter().filter_map(|entry| entry.get())
    }

    /// Identifiers of all frameworks, in the same order.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.list.iter().map(|entry| entry.id.as_str())
    }

    /// The framework with this identifier.
    pub fn framework(&self, id: &str) -> Option<&Framework> {
        self.list.iter().find(|entry| entry.id == id)?.get()
    }

    /// The control with this identifier.
    pub fn control(&self, id: &ControlId) -> Option<&Control> {
        self.framework(id.framework())?.control(id.control())
    }

    /// A named selection of a framework.
    pub fn baseline(&self, framework: &str, name: &str) -> Option<&Baseline> {
        self.framework(framework)?.baseline(name)
    }

    /// The controls selected: the baseline without what was excluded, with what was added, in catalog order.
    pub fn selected(&self, choice: &BaselineChoice) -> Vec<ControlId> {
        self.selected_in(choice, &choice.framework)
    }

    /// The controls selected of one of the frameworks chosen, in catalog order.
    pub fn selected_in(&self, choice: &BaselineChoice, framework: &str) -> Vec<ControlId> {
        let baseline = choice.name_of(framework).and_then(|name| self.baseline(framework, name));
        let mut controls: BTreeSet<&ControlId> = baseline.iter().flat_map(|baseline| &baseline.controls).collect();
        controls.retain(|control| !choice.excluded.contains_key(*control));
        // What is added from a framework that was not chosen belongs to the baseline.
        let here = |control: &&ControlId| {
            let own = control.framework();
            own == framework || framework == choice.framework && choice.name_of(own).is_none()
        };
        controls.extend(choice.added.iter().filter(here));
        // A place takes a search, so each is looked up once.
        let mut placed: Vec<_> = controls.into_iter().map(|control| (self.place(control), control)).collect();
        placed.order();
        placed.into_iter().map(|(_, control)| control.clone()).collect()
    }

    /// Whether a control is among those selected.
    pub fn selects(&self, choice: &BaselineChoice, control: &ControlId) -> bool {
        let framework = control.framework();
        let baseline = choice.name_of(framework).and_then(|name| self.baseline(framework, name));
        choice.added.contains(control)
            || !choice.excluded.contains_key(control) && baseline.is_some_and(|one| one.controls.contains(control))
    }

    /// What the publisher says of the control that is implemented, as Markdown with the declared values in it; `None`
    /// unless a person imported it.
    pub fn text(&self, item: &Implementation, choice: Option<&BaselineChoice>) -> Option<String> {
        self.texts.of(item, choice)
    }

    /// What a person wrote, as a control: `nist-800-53r5:ac-6.5`, or without the framework when `default` names it.
    /// `AC-6(5)`, `ac-6(5)`, `AC-06(05)` and `A.8.2` are understood.
    pub fn resolve(&self, text: &str, default: Option<&str>) -> Result<ControlId, Unresolved> {
        resolve::resolve(self, text, default)
    }

    /// How the publisher writes this control (`AC-6(5)`), or its identifier if the control is unknown.
    pub fn label<'a>(&'a self, id: &'a ControlId) -> &'a str {
        self.control(id).map_or(id.control(), |control| control.label.as_str())
    }

    /// Order of two controls: by framework, then as in the catalog; unknown ones last, by name.
    pub fn compare(&self, left: &ControlId, right: &ControlId) -> Ordering {
        self.place(left).cmp(&self.place(right)).then_with(|| left.cmp(right))
    }

    fn place(&self, id: &ControlId) -> (usize, usize) {
        let unknown = (usize::MAX, usize::MAX);
        let Some(at) = self.list.iter().position(|framework| framework.id == id.framework()) else { return unknown };
        self.list.get(at).and_then(|entry| entry.get()?.index.get(id.control())).map_or(unknown, |place| (at, *place))
    }
}

impl Framework {
    /// The control with this identifier, without the framework: `ac-6.5`.
    pub fn control(&self, id: &str) -> Option<&Control> {
        self.controls.get(*self.index.get(id)?)
    }

    /// A named selection.
    pub fn baseline(&self, name: &str) -> Option<&Baseline> {
        self.baselines.iter().find(|baseline| baseline.name == name)
    }

    /// Families in the order of the catalog.
    pub fn families(&self) -> Vec<&str> {
        let mut families: Vec<&str> = Vec::new();
        for control in &self.controls {
            if !families.contains(&control.family.as_str()) {
                families.push(&control.family);
            }
        }
        families
    }

    /// The control that this one enhances: `ac-6` for `ac-6.5`; `None` for a control of its own.
    pub fn enhanced(&self, control: &Control) -> Option<&Control> {
        let (base, _) = control.id.control().rsplit_once('.')?;
        self.control(base)
    }
}

#[cfg(test)]
mod tests;
