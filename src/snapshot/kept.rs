//! What of each object a list keeps, as it stood when the snapshot was taken.
//!
//! In: the outline of a projection, stored with the list's record. Out: whether a path was kept. A snapshot that an
//! earlier program took says nothing of it, so no absence may be read into paths that were added since.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ListRecord;

/// The outline of a projection: a tree of field names, `[]` for elements, `*` for any field, empty for a map of which
/// all is kept but what stands beside it. Its leaves say what is kept: `true` all, `"present"` that something is there,
/// `"redacted"` a marker, a list the command-line flags in it. Under `metadata.annotations` stand those that a workspace
/// keeps beside the usual ones.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Kept(Option<Value>);

impl Kept {
    /// As the outline says.
    pub fn new(outline: Value) -> Self {
        Self(Some(outline))
    }

    /// Says as well that these annotations are kept, or those that begin so where there is a `*` at the end.
    pub(crate) fn with_annotations(mut self, names: Vec<String>) -> Self {
        if !names.is_empty() {
            let outline = self.0.get_or_insert_with(|| Value::Object(serde_json::Map::new()));
            if let Value::Object(map) = outline {
                map.insert("metadata".to_owned(), serde_json::json!({ "annotations": names }));
            }
        }
        self
    }

    /// Whether an annotation was kept that this program does not keep of itself.
    pub(crate) fn keeps_annotation(&self, name: &str) -> bool {
        let names = self.0.as_ref().and_then(|outline| outline.pointer("/metadata/annotations")?.as_array());
        names.into_iter().flatten().filter_map(Value::as_str).any(|known| match known.strip_suffix('*') {
            Some(prefix) => name.starts_with(prefix),
            None => name == known,
        })
    }

    pub(crate) fn outline(&self) -> Option<&Value> {
        self.0.as_ref()
    }

    /// The snapshot does not say.
    pub fn is_unknown(&self) -> bool {
        self.0.is_none()
    }

    /// Whether what `path` names was kept: `spec.containers[].image`; with `{}` at its end, whether it was kept that
    /// something is there; `spec.containers[].command.--profiling` for a flag.
    pub fn keeps(&self, path: &str) -> bool {
        let Some(mut node) = self.0.as_ref() else { return false };
        let (path, presence) = match path.strip_suffix("{}") {
            Some(path) => (path, true),
            None => (path, false),
        };
        for segment in path.split('.') {
            let name = segment.trim_end_matches("[]");
            let items = (segment.len() - name.len()) / 2;
            for step in std::iter::once(name).chain(std::iter::repeat_n("[]", items)) {
                node = match node {
                    Value::Object(map) => match map.get(step).or_else(|| map.get("*")).or_else(|| map.get("")) {
                        Some(next) => next,
                        None => return false,
                    },
                    Value::Array(flags) => return flags.iter().any(|flag| flag == step),
                    Value::Bool(all) => return *all,
                    _ => return false,
                };
            }
        }
        match node {
            Value::Bool(all) => *all,
            Value::String(_) => presence,
            Value::Object(_) | Value::Array(_) => true,
            _ => false,
        }
    }
}

impl ListRecord {
    /// The record without the outline, which nobody reads in a document.
    pub(crate) fn cited(&self) -> Self {
        Self { kept: Kept::default(), ..self.clone() }
    }

    /// Why absence of any of these paths proves nothing, if it does not.
    pub(crate) fn lacks(&self, paths: &[&str]) -> Option<String> {
        let missing: Vec<&str> =
            paths.iter().filter(|path| !self.kept.keeps(path)).map(|path| path.trim_end_matches("{}")).collect();
        (!missing.is_empty()).then(|| {
            format!("when {} was read, {} was not kept: collect again with this version", self.path, missing.join(", "))
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_path_is_kept_as_the_outline_says() {
        let kept = Kept::new(json!({
            "spec": {
                "containers": { "[]": { "image": true, "env": { "[]": { "name": true } }, "readinessProbe": { "exec": "present" },
                    "command": ["--profiling"] } },
                "selector": true,
                "store": { "": true, "token": "redacted" },
                "sources": { "[]": { "*": "present" } },
            },
        }));
        for path in [
            "spec.containers[].image",
            "spec.containers[].env",
            "spec.containers[].env[].name",
            "spec.containers[].readinessProbe.exec{}",
            "spec.containers[].command.--profiling",
            "spec.selector.matchLabels.app",
            "spec.store.server",
            "spec.sources[].downwardAPI{}",
        ] {
            assert!(kept.keeps(path), "{path}");
        }
        for path in [
            "spec.containers[].env[].value",
            "spec.containers[].readinessProbe.exec",
            "spec.containers[].readinessProbe.exec.command",
            "spec.containers[].readinessProbe.grpc{}",
            "spec.containers[].command.--etcd-servers",
            "spec.store.token",
            "spec.sources[].downwardAPI",
            "status",
        ] {
            assert!(!kept.keeps(path), "{path}");
        }
        assert!(!Kept::default().keeps("spec.selector"));
    }
}
