//! Reads framework files. In: TOML text. Out: a checked [`Framework`].
//!
//! Checks: each identifier once, every baseline names controls that exist and are not withdrawn.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::{Deserialize, Serialize};

use super::{Baseline, Control, Entry, Framework};
use crate::{embedded, workspace::ControlId};
use crate::{sort::Sort, tables};

/// Where the files are, below `controls/`.
const FOLDER: &str = "frameworks";

/// A data file that cannot be used: where and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", file.display())]
pub struct LoadError {
    /// File, relative to the workspace where it is in one.
    pub file: PathBuf,
    /// Bytes in the file, where known.
    pub span: Option<Range<usize>>,
    /// What is wrong and what to do.
    pub message: String,
}

impl LoadError {
    pub(crate) fn new(file: &Path, message: impl Into<String>) -> Self {
        Self { file: file.to_path_buf(), span: None, message: message.into() }
    }

    pub(crate) fn toml(file: &Path, error: &tables::Error) -> Self {
        Self { file: file.to_path_buf(), span: error.span(), message: error.message().to_string() }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    format: u32,
    framework: RawFramework,
    #[serde(default)]
    family: Vec<RawFamily>,
    #[serde(default)]
    control: Vec<RawControl>,
    #[serde(default)]
    baseline: Vec<RawBaseline>,
    #[serde(default)]
    parameters: BTreeMap<String, Vec<String>>,
}

/// A family with one line a control: label and title, and `withdrawn` where it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFamily {
    title: String,
    controls: Vec<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFramework {
    id: String,
    title: String,
    #[serde(default)]
    prefix: String,
    version: String,
    publisher: String,
    source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawControl {
    id: String,
    label: String,
    title: String,
    family: String,
    #[serde(default)]
    withdrawn: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawBaseline {
    name: String,
    controls: Vec<String>,
}

/// The frameworks in the program, none of them parsed yet: each file is named after its framework.
pub(super) fn builtin() -> Vec<Entry> {
    embedded_files(FOLDER).into_iter().map(|(path, text)| Entry::new(stem(path), path, text)).collect()
}

/// The TOML files of a folder that travels in the program, by name.
pub(super) fn embedded_files(folder: &str) -> Vec<(&'static Path, &'static str)> {
    let mut files: Vec<_> = embedded::CONTROLS
        .get_dir(folder)
        .into_iter()
        .flat_map(|dir| dir.files())
        .filter(|file| is_toml(file.path()))
        .filter_map(|file| Some((file.path(), file.contents_utf8()?)))
        .collect();
    files.order_by_key(|(path, _)| *path);
    files
}

/// Name of a file without its ending.
pub(super) fn stem(path: &Path) -> &str {
    path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default()
}

/// Adds the frameworks of a workspace.
pub(super) fn folder(root: &Path, list: &mut Vec<Arc<Entry>>) -> Result<(), Vec<LoadError>> {
    let mut errors = Vec::new();
    for (file, text) in workspace_files(root, FOLDER).map_err(|error| vec![error])? {
        match parse(&file, &text) {
            Ok(framework) if list.iter().any(|known| known.id == framework.id) => errors.push(LoadError::new(
                &file,
                format!("framework `{}` exists already; give this one an id of its own", framework.id),
            )),
            Ok(framework) => list.push(Arc::new(Entry::parsed(framework))),
            Err(found) => errors.extend(found),
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

/// A baseline that lies beside its framework, as `import profile` writes it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Selection {
    pub(crate) format: u32,
    /// Framework that it selects from.
    pub(crate) framework: String,
    /// Name of the baseline.
    pub(crate) name: String,
    /// What was imported: title, version, file.
    #[serde(default)]
    pub(crate) source: String,
    /// Identifiers of the controls.
    pub(crate) controls: Vec<String>,
}

/// Adds the baselines of a workspace to their frameworks.
pub(super) fn baselines(root: &Path, list: &mut [Arc<Entry>]) -> Result<(), Vec<LoadError>> {
    let mut errors = Vec::new();
    for (file, text) in workspace_files(root, "baselines").map_err(|error| vec![error])? {
        let selection: Selection = match tables::from_str(&text) {
            Ok(selection) => selection,
            Err(error) => {
                errors.push(LoadError::toml(&file, &error));
                continue;
            }
        };
        let Selection { format, framework, name, .. } = &selection;
        if *format != 1 {
            errors.push(LoadError::new(&file, format!("format {format} is not known; this program reads format 1")));
        }
        match list.iter_mut().find(|entry| entry.id == *framework) {
            Some(entry) => add(&file, entry, selection, &mut errors),
            None => {
                let message = format!("baseline `{name}` selects from framework `{framework}`, which is not known");
                errors.push(LoadError::new(&file, message));
            }
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

/// Adds one baseline. The framework of the program is shared by all workspaces, so this one gets a copy of its own.
fn add(file: &Path, entry: &mut Arc<Entry>, selection: Selection, errors: &mut Vec<LoadError>) {
    if Arc::get_mut(entry).is_none() {
        match parse(entry.file, entry.text) {
            Ok(framework) => *entry = Arc::new(Entry::parsed(framework)),
            Err(found) => return errors.extend(found),
        }
    }
    let Some(framework) = Arc::get_mut(entry).and_then(|entry| entry.parsed.get_mut()?.as_mut()) else { return };
    let raw = RawBaseline { name: selection.name, controls: selection.controls };
    if let Some(baseline) = baseline(file, raw, &framework.baselines, &framework.index, &framework.controls, errors) {
        framework.baselines.push(baseline);
    }
}

/// One selection, checked against the framework's controls.
fn baseline(
    file: &Path,
    raw: RawBaseline,
    others: &[Baseline],
    index: &HashMap<Box<str>, usize>,
    controls: &[Control],
    errors: &mut Vec<LoadError>,
) -> Option<Baseline> {
    let mut wrong = |message: String| errors.push(LoadError::new(file, message));
    if others.iter().any(|known| known.name == raw.name) {
        wrong(format!("baseline `{}` is listed twice; rename one", raw.name));
        return None;
    }
    let mut places = Vec::with_capacity(raw.controls.len());
    for name in &raw.controls {
        match index.get(name.as_str()) {
            None => wrong(format!("baseline `{}` names control `{name}`, which its framework does not list", raw.name)),
            Some(place) if places.contains(place) => {
                wrong(format!("baseline `{}` names control `{name}` twice; remove one", raw.name));
            }
            Some(place) if controls.get(*place).is_some_and(|control| control.withdrawn) => {
                wrong(format!("baseline `{}` names control `{name}`, which is withdrawn", raw.name));
            }
            Some(place) => places.push(*place),
        }
    }
    places.sort_unstable();
    let controls = places.iter().filter_map(|place| controls.get(*place)).map(|control| control.id.clone());
    Some(Baseline { name: raw.name, controls: controls.collect() })
}

/// The `*.toml` of `controls/<folder>/` in a workspace, sorted: path relative to the workspace, and text. A folder
/// that is not there is an empty one.
pub(crate) fn workspace_files(root: &Path, folder: &str) -> Result<Vec<(PathBuf, String)>, LoadError> {
    let relative = Path::new("controls").join(folder);
    let unreadable = |path: &Path, error: &std::io::Error| LoadError::new(path, format!("cannot be read: {error}"));
    let entries = match fs::read_dir(root.join(&relative)) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(&relative, &error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry.map_err(|error| unreadable(&relative, &error))?.file_name();
        if is_toml(Path::new(&name)) {
            names.push(name);
        }
    }
    names.order();
    names
        .into_iter()
        .map(|name| {
            let file = relative.join(name);
            let text = fs::read_to_string(root.join(&file)).map_err(|error| unreadable(&file, &error))?;
            Ok((file, text))
        })
        .collect()
}

pub(crate) fn is_toml(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "toml")
}

/// One file, checked; all of its errors at once.
pub(super) fn parse(file: &Path, text: &str) -> Result<Framework, Vec<LoadError>> {
    let raw: RawFile = tables::from_str(text).map_err(|error| vec![LoadError::toml(file, &error)])?;
    let mut errors = Vec::new();
    if raw.format != 1 {
        errors.push(LoadError::new(file, format!("format {} is not known; this program reads format 1", raw.format)));
    }
    let RawFramework { id, title, prefix, version, publisher, source } = raw.framework;
    if id.is_empty() || id.contains(':') {
        errors.push(LoadError::new(file, format!("framework id `{id}` must not be empty or contain a colon")));
    }

    let listed = listed(file, raw.family, raw.control, &mut errors);
    let mut index = HashMap::with_capacity(listed.len());
    let mut controls: Vec<Control> = Vec::with_capacity(listed.len());
    for control in listed {
        if index.insert(control.id.as_str().into(), controls.len()).is_some() {
            errors.push(LoadError::new(file, format!("control `{}` is listed twice; remove one", control.id)));
        }
        if control.id != super::resolve::normalize(&control.id) {
            errors.push(LoadError::new(
                file,
                format!(
                    "control id `{}` must be in lower case without spaces, parentheses or leading zeros: `{}`",
                    control.id,
                    super::resolve::normalize(&control.id)
                ),
            ));
        }
        controls.push(Control {
            id: ControlId::new(format!("{id}:{}", control.id)),
            label: control.label,
            title: control.title,
            family: control.family,
            withdrawn: control.withdrawn,
            parameters: Vec::new(),
        });
    }
    for (control, names) in raw.parameters {
        match index.get(control.as_str()).and_then(|place| controls.get_mut(*place)) {
            Some(found) => {
                let split = |names: String| names.split('|').map(str::to_owned).collect();
                found.parameters = names.into_iter().map(split).collect();
            }
            None => {
                let message = format!("parameters are given for control `{control}`, which the file does not list");
                errors.push(LoadError::new(file, message));
            }
        }
    }

    let mut baselines: Vec<Baseline> = Vec::with_capacity(raw.baseline.len());
    for selection in raw.baseline {
        baselines.extend(baseline(file, selection, &baselines, &index, &controls, &mut errors));
    }

    if errors.is_empty() {
        Ok(Framework { id, title, prefix, version, publisher, source, controls, baselines, index })
    } else {
        Err(errors)
    }
}

/// Controls of both forms, in the order of the file: families first.
fn listed(
    file: &Path,
    families: Vec<RawFamily>,
    single: Vec<RawControl>,
    errors: &mut Vec<LoadError>,
) -> Vec<RawControl> {
    let mut controls = Vec::with_capacity(single.len() + families.iter().map(|one| one.controls.len()).sum::<usize>());
    for family in families {
        for line in family.controls {
            let withdrawn = line.get(2).is_some_and(|word| word == "withdrawn");
            let ((2, false) | (3, true)) = (line.len(), withdrawn) else {
                let message = format!(
                    "a control of family `{}` is [\"label\", \"title\"], with \"withdrawn\" behind them where it is; not {line:?}",
                    family.title
                );
                errors.push(LoadError::new(file, message));
                continue;
            };
            let mut line = line.into_iter();
            let label = line.next().unwrap_or_default();
            controls.push(RawControl {
                id: super::resolve::normalize(&label),
                title: line.next().unwrap_or_default(),
                label,
                family: family.title.clone(),
                withdrawn,
            });
        }
    }
    controls.extend(single);
    controls
}
