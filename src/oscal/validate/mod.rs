//! Validate: is an OSCAL file of anybody's what it says it is?
//!
//! In: bytes ([`File::read`]). Out: [`Problem`]s, each with the JSON path. Steps: read (size, syntax, depth, model), the
//! published schema of OSCAL 1.2.1 (`schema`), then what a schema cannot see (`meaning`): identifiers that nothing
//! defines, controls that no catalog has, roles, states and originations that OSCAL does not know, placeholders left.
//!
//! Invariant: a file is judged with the files that it imports, where these lie beside it; what it takes from a file
//! that is not there is not judged.

mod meaning;
mod place;
mod schema;
#[cfg(test)]
mod tests;

use std::{
    fs,
    io::{self, Read},
    path::Path,
};

use serde_json::Value;

use crate::frameworks::Frameworks;

/// Largest file that is read, in bytes.
pub const LARGEST: usize = 64 << 20;

/// Models that OSCAL knows, by the field at the top.
const MODELS: &[&str] = &[
    "assessment-plan",
    "assessment-results",
    "catalog",
    "component-definition",
    "mapping-collection",
    "plan-of-action-and-milestones",
    "profile",
    "system-security-plan",
];

/// The bytes of a file; of one that is too large, enough that [`File::read`] says so.
///
/// # Errors
/// When it cannot be read.
pub fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(LARGEST as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Something that is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Problem {
    /// Where, as a JSON path: `$.profile.imports[0].href`.
    pub path: String,
    /// What is wrong.
    pub message: String,
}

/// A file that could be read.
#[derive(Debug)]
pub struct File {
    model: String,
    content: Value,
}

impl File {
    /// Reads a file's bytes.
    ///
    /// # Errors
    /// When it is too large, not JSON, nested too deeply, or holds no model of OSCAL.
    pub fn read(bytes: &[u8]) -> Result<Self, Problem> {
        let problem = |path: &str, message: String| Problem { path: path.to_owned(), message };
        if bytes.len() > LARGEST {
            return Err(problem("$", format!("the file is larger than {} MB", LARGEST >> 20)));
        }
        let content: Value = serde_json::from_slice(bytes).map_err(|error| Problem {
            path: place::of(bytes, error.line(), error.column()),
            message: format!("not JSON: {error}"),
        })?;
        let Some(fields) = content.as_object() else {
            return Err(problem("$", "an OSCAL file is an object with one model".to_owned()));
        };
        let models: Vec<&str> = fields.keys().map(String::as_str).filter(|key| *key != "$schema").collect();
        let [model] = models[..] else {
            return Err(problem("$", format!("an OSCAL file holds one model; here are {}", models.len())));
        };
        if !MODELS.contains(&model) {
            return Err(problem("$", format!("`{model}` is no model of OSCAL; there are {}", MODELS.join(", "))));
        }
        Ok(Self { model: model.to_owned(), content })
    }

    /// Name of the model: `system-security-plan`.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// The model itself.
    pub fn root(&self) -> &Value {
        &self.content[&self.model]
    }

    /// Files beside it that it builds on, as it names them.
    pub fn imports(&self) -> impl Iterator<Item = &str> {
        let single = ["import-ssp", "import-ap", "import-profile"].into_iter().map(|name| &self.root()[name]["href"]);
        let many = self.root()["imports"].as_array().into_iter().flatten().map(|import| &import["href"]);
        single.chain(many).filter_map(Value::as_str).filter(|href| !href.starts_with('#') && !href.contains(':'))
    }

    /// Where a resource of the back matter can be had.
    pub fn links(&self, uuid: &str) -> impl Iterator<Item = &str> {
        let resources = self.root()["back-matter"]["resources"].as_array().into_iter().flatten();
        let resource = resources.filter(move |resource| resource["uuid"].as_str() == Some(uuid));
        resource.flat_map(|it| it["rlinks"].as_array().into_iter().flatten()).filter_map(|link| link["href"].as_str())
    }
}

/// Everything that is wrong with `file`, by place; `beside` are files that it imports, directly or through others.
pub fn problems(file: &File, beside: &[File], frameworks: &Frameworks) -> Vec<Problem> {
    let mut problems = schema::problems(&file.content);
    problems.extend(meaning::problems(file, beside, frameworks));
    problems.sort();
    problems.dedup();
    problems
}

/// A step into an object or a list, appended to a JSON path.
fn step(path: &str, field: &str) -> String {
    let plain = field.chars().all(|it| it.is_alphanumeric() || matches!(it, '-' | '_'));
    if plain { format!("{path}.{field}") } else { format!("{path}[{}]", Value::from(field)) }
}
