//! Texts of controls: what publishers write, once a person imported it. Nothing of it travels in the program.
//!
//! In: `controls/texts/*.toml` of a workspace, as `scopefence import catalog` and `import profile` write them. Out:
//! [`Texts::of`]. A file that belongs to a baseline speaks before one that belongs to the whole framework.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
    sync::{Arc, LazyLock},
};

use regex::{Captures, Regex};
use serde::{Deserialize, Serialize};

use super::{LoadError, read::workspace_files};
use crate::{
    sort::Sort,
    tables,
    workspace::{BaselineChoice, ControlId, Implementation},
};

/// Where the files are, below `controls/`.
pub(crate) const FOLDER: &str = "texts";

/// One file: texts of a framework's controls, in Markdown, and what their parameters are called.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct File {
    pub(crate) format: u32,
    /// Framework that the controls belong to.
    pub(crate) framework: String,
    /// Baseline that the texts were tailored for; none for those of the whole catalog.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) baseline: Option<String>,
    /// What was imported: title, version, file.
    pub(crate) source: String,
    /// Digest of the file that was imported.
    pub(crate) sha_256: String,
    /// Parameters that the text leaves to an organization, and what they are called.
    #[serde(default)]
    pub(crate) parameters: BTreeMap<String, String>,
    /// Text by control.
    #[serde(default)]
    pub(crate) controls: BTreeMap<String, String>,
}

/// All texts of a workspace.
#[derive(Debug, Clone, Default)]
pub(super) struct Texts {
    files: HashMap<String, Vec<Arc<File>>>,
}

/// A place in a text where a parameter belongs.
pub(crate) static INSERT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\{\{\s*insert:\s*param,\s*([^\s}]+)\s*\}\}").expect("the pattern compiles"));

impl Texts {
    /// Those of a workspace. All errors at once.
    pub(super) fn load(root: &Path) -> Result<Self, Vec<LoadError>> {
        let mut texts = Self::default();
        let mut errors = Vec::new();
        for (path, text) in workspace_files(root, FOLDER).map_err(|error| vec![error])? {
            match tables::from_str::<File>(&text) {
                Ok(file) if file.format != 1 => errors.push(LoadError::new(
                    &path,
                    format!("format {} is not known; this program reads format 1", file.format),
                )),
                Ok(file) => texts.files.entry(file.framework.clone()).or_default().push(Arc::new(file)),
                Err(error) => errors.push(LoadError::toml(&path, &error)),
            }
        }
        if errors.is_empty() { Ok(texts) } else { Err(errors) }
    }

    /// Text of a control as Markdown, with the values that were declared in the place of parameters.
    pub(super) fn of(&self, item: &Implementation, choice: Option<&BaselineChoice>) -> Option<String> {
        let control: &ControlId = &item.control;
        let chosen = choice.and_then(|choice| choice.name_of(control.framework()));
        let mut files: Vec<&File> = self.files.get(control.framework())?.iter().map(Arc::as_ref).collect();
        files.retain(|file| file.baseline.is_none() || file.baseline.as_deref() == chosen);
        files.order_by_key(|file| file.baseline.is_none());
        let (file, text) = files.iter().find_map(|file| Some((file, file.controls.get(control.control())?)))?;
        Some(filled(text, &file.parameters, &item.parameters))
    }
}

/// A text with values, or what a value would be called in brackets.
fn filled(text: &str, names: &BTreeMap<String, String>, values: &BTreeMap<String, String>) -> String {
    let value = |found: &Captures<'_>| {
        let id = found.get(1).map_or("", |id| id.as_str());
        match values.get(id) {
            Some(value) => format!("**{}**", plain(value)),
            None => format!("\\[{}\\]", plain(names.get(id).map_or(id, String::as_str))),
        }
    };
    INSERT.replace_all(text, value).into_owned()
}

/// Words that Markdown must not read as its own.
fn plain(text: &str) -> String {
    text.chars().flat_map(|it| it.is_ascii_punctuation().then_some('\\').into_iter().chain([it])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_where_parameters_were() {
        let names = BTreeMap::from([("ac-1_odp".to_owned(), "frequency".to_owned())]);
        let text = "Review {{ insert: param, ac-1_odp }} and {{insert: param, ac-9}}.";
        assert_eq!(filled(text, &names, &BTreeMap::new()), "Review \\[frequency\\] and \\[ac\\-9\\].");
        let values = BTreeMap::from([("ac-1_odp".to_owned(), "every *year*".to_owned())]);
        assert_eq!(filled(text, &names, &values), "Review **every \\*year\\*** and \\[ac\\-9\\].");
    }
}
