//! Projection files as written; see `docs/data-format.md`.

use std::collections::BTreeMap;

use crate::tables;
use serde::Deserialize;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct File {
    pub(super) format: u32,
    /// Annotations kept of every kind.
    #[serde(default)]
    pub(super) annotations: Vec<String>,
    #[serde(default)]
    pub(super) fragment: Vec<Fragment>,
    #[serde(default)]
    pub(super) kind: Vec<Kind>,
    #[serde(default)]
    pub(super) leave_out: Vec<LeaveOut>,
}

/// Paths that several kinds share, for example those of a Pod's spec.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Fragment {
    pub(super) id: String,
    #[serde(default)]
    pub(super) keep: Vec<String>,
    #[serde(default)]
    pub(super) redact: Vec<String>,
    #[serde(default)]
    pub(super) urls: Vec<String>,
    #[serde(default)]
    pub(super) annotation_maps: Vec<String>,
    #[serde(default)]
    pub(super) include: Vec<Include>,
    /// Annotations kept of every kind that includes it.
    #[serde(default)]
    pub(super) annotations: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Kind {
    #[serde(default)]
    pub(super) group: String,
    pub(super) version: Option<String>,
    pub(super) kind: String,
    pub(super) resource: Option<String>,
    pub(super) resource_version: Option<String>,
    #[serde(default = "yes")]
    pub(super) namespaced: bool,
    #[serde(default)]
    pub(super) built_in: bool,
    pub(super) risk: Option<String>,
    #[serde(default)]
    pub(super) keep: Vec<String>,
    #[serde(default)]
    pub(super) redact: Vec<String>,
    #[serde(default)]
    pub(super) urls: Vec<String>,
    #[serde(default)]
    pub(super) annotation_maps: Vec<String>,
    #[serde(default)]
    pub(super) include: Vec<Include>,
    #[serde(default)]
    pub(super) annotations: Vec<String>,
    pub(super) flags: Option<Flags>,
    #[serde(default)]
    pub(super) settings: Vec<Settings>,
}

impl Kind {
    pub(super) fn name(&self) -> String {
        if self.group.is_empty() { self.kind.clone() } else { format!("{}/{}", self.group, self.kind) }
    }

    /// The kind's own paths and annotations, in the shape of a fragment.
    pub(super) fn paths(&self) -> Fragment {
        Fragment {
            id: String::new(),
            keep: self.keep.clone(),
            redact: self.redact.clone(),
            urls: self.urls.clone(),
            annotation_maps: self.annotation_maps.clone(),
            include: self.include.clone(),
            annotations: self.annotations.clone(),
        }
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Include {
    pub(super) fragment: String,
    #[serde(default)]
    pub(super) at: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Flags {
    pub(super) paths: Vec<String>,
    pub(super) namespaces: Vec<String>,
    #[serde(default)]
    pub(super) labels: BTreeMap<String, String>,
    pub(super) programs: Vec<String>,
    pub(super) names: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Settings {
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) keys: BTreeMap<String, Vec<String>>,
    /// By key, arguments of components, of which known flags are kept as of Pods.
    #[serde(default)]
    pub(super) arguments: BTreeMap<String, Vec<String>>,
}

/// A kind that no snapshot holds, `*` for all of a group.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct LeaveOut {
    #[serde(default)]
    pub(super) group: String,
    pub(super) kind: String,
    pub(super) reason: String,
}

fn yes() -> bool {
    true
}

pub(super) fn parse(text: &str) -> Result<File, String> {
    let file: File = tables::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())?;
    if file.format != 1 {
        return Err(format!("has format {}, this program reads format 1", file.format));
    }
    Ok(file)
}
