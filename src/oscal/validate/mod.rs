//! Validate: is an OSCAL file of anybody's what it says it is?
//!
//! In: bytes ([`File::read`]). Out: [`Problem`]s, each with the JSON path. Steps: read (size, syntax, depth, model), the
//! published schema of OSCAL 1.2.1 ([`crate::schema`]), then what a schema cannot see (`meaning`): identifiers that
//! nothing defines, controls that no catalog has, roles, states and originations that OSCAL does not know, placeholders
//! left.
//!
//! Invariant: a file is judged with the files that it imports, where these lie beside it; what it takes from a file
//! that is not there is not judged.

mod meaning;
#[cfg(test)]
mod tests;

use std::{
    fs,
    io::{self, Read},
    path::Path,
    sync::LazyLock,
};

use serde_json::Value;

pub use crate::schema::{LARGEST, Problem};
use crate::{
    frameworks::Frameworks,
    schema::{self, Schema},
    sort::Sort,
};

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| Schema::embedded("OSCAL", &["oscal/schema-1.2.1.json"]));

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
        Self::of(schema::read(bytes)?)
    }

    /// A file that was read.
    ///
    /// # Errors
    /// When it holds no model of OSCAL.
    pub fn of(content: Value) -> Result<Self, Problem> {
        let problem = |path: &str, message: String| Problem::new(path, message);
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

    /// A catalog that was made here.
    pub(in crate::oscal) fn catalog(content: Value) -> Self {
        Self { model: "catalog".to_owned(), content: serde_json::json!({ "catalog": content }) }
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
    let mut problems = SCHEMA.problems(&file.content);
    problems.extend(meaning::problems(file, beside, frameworks));
    problems.order();
    problems.dedup();
    problems
}
