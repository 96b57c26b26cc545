//! What is peculiar to manifests in a repository: YAML documents and their places, charts that nobody rendered, and the
//! Pods that templates will make.

use std::{cell::Cell, path::Path};

use serde_json::Value;

use crate::snapshot::Object;

/// What to do about a template of a Helm chart.
pub(super) const HELM: &str = "is a Helm template, not a manifest; render the chart first, `helm template RELEASE CHART > \
                               rendered.yaml`, and name what was rendered";

/// Kinds whose objects make Pods, with where the template is: group, kind, path.
const MAKERS: [(&str, &str, &str); 7] = [
    ("", "ReplicationController", "/spec/template"),
    ("apps", "DaemonSet", "/spec/template"),
    ("apps", "Deployment", "/spec/template"),
    ("apps", "ReplicaSet", "/spec/template"),
    ("apps", "StatefulSet", "/spec/template"),
    ("batch", "CronJob", "/spec/jobTemplate/spec/template"),
    ("batch", "Job", "/spec/template"),
];

/// One YAML document of a file.
pub(super) struct Part<'t> {
    pub(super) text: &'t str,
    /// Line of the file that the text begins with, from 1.
    begin: usize,
    /// First line with content, from 1.
    pub(super) first: usize,
}

impl Part<'_> {
    /// A place in the part as one in the file: ` (line 3, column 4)`.
    pub(super) fn place(&self, place: Option<(usize, usize)>) -> String {
        place.map_or(String::new(), |(line, column)| {
            format!(" (line {}, column {column})", self.begin + line.saturating_sub(1))
        })
    }
}

/// The documents of a YAML file. A line that begins with `---` begins a document wherever it stands (YAML 1.2, 9.1.2).
pub(super) fn documents(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let (mut start, mut begin, mut first) = (0, 1, None);
    let mut at = 0;
    let mut push = |from: usize, to: usize, begin: usize, first: Option<usize>| {
        parts.extend(first.map(|first| Part { text: &text[from..to], begin, first }));
    };
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let bare = line.trim_end();
        if bare == "---" || bare.starts_with("--- ") {
            push(start, at, begin, first.take());
            (start, begin) = (at, index + 1);
        }
        let content = bare.strip_prefix("---").unwrap_or(bare).trim_start();
        if first.is_none() && !content.is_empty() && !content.starts_with(['#', '%']) {
            first = Some(index + 1);
        }
        at += line.len();
    }
    push(start, at, begin, first);
    parts
}

/// A file that belongs to the templates of a Helm chart and is one: nothing in it means anything before it is rendered.
pub(super) fn of_chart(path: &Path, text: &str) -> bool {
    templated(text)
        && path.ancestors().skip(1).any(|folder| {
            folder.file_name().is_some_and(|name| name == "templates")
                && folder.parent().is_some_and(|chart| chart.join("Chart.yaml").is_file())
        })
}

/// Text with an action of Go's templates in it.
pub(super) fn templated(text: &str) -> bool {
    text.contains("{{")
}

/// Why a document that looks like an object is none.
pub(super) fn passed_over(api_version: &str, kind: &str) -> Option<&'static str> {
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    match (group, kind) {
        ("kustomize.config.k8s.io", _) => {
            Some("a kustomization; render it, `kubectl kustomize FOLDER > rendered.yaml`, and name what was rendered")
        }
        _ => None,
    }
}

/// The Pod that a workload makes, as the API server would hold it.
pub(super) fn pod(json: &str, api_version: &str, kind: &str, workload: &Object) -> Option<String> {
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    let (_, _, path) = MAKERS.iter().find(|known| (known.0, known.1) == (group, kind))?;
    let whole: Value = serde_json::from_str(json).ok()?;
    // What another object made is a step on the way to the Pod, not another one.
    let made =
        whole.pointer("/metadata/ownerReferences").and_then(Value::as_array).is_some_and(|owners| !owners.is_empty());
    let template = whole.pointer(path).filter(|_| !made)?;
    let part = |name: &str| template.pointer(name).cloned().unwrap_or(Value::Null);
    let owner = serde_json::json!({
        "apiVersion": api_version, "kind": kind, "name": &*workload.name, "uid": &*workload.uid, "controller": true,
    });
    let pod = serde_json::json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": &*workload.name,
            "namespace": &*workload.namespace,
            "labels": part("/metadata/labels"),
            "annotations": part("/metadata/annotations"),
            "ownerReferences": [owner],
        },
        "spec": part("/spec"),
    });
    Some(pod.to_string())
}

/// Lines of a file, by the part of its text.
pub(super) struct Lines<'t> {
    text: &'t str,
    /// Offset and line of the part asked about last: parts come in order.
    last: Cell<(usize, usize)>,
}

impl<'t> Lines<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        Self { text, last: Cell::new((0, 1)) }
    }

    /// Everything is in one line.
    pub(super) fn fixed(line: usize) -> Self {
        Self { text: "", last: Cell::new((0, line)) }
    }

    /// The line where a part of the text begins, from 1; the last known one for any other text.
    pub(super) fn line(&self, part: &str) -> usize {
        let (at, line) = self.last.get();
        let offset = (part.as_ptr() as usize).wrapping_sub(self.text.as_ptr() as usize);
        // Another text may lie right behind this one.
        let inside = offset < self.text.len();
        let Some(between) = self.text.as_bytes().get(at..offset).filter(|_| inside) else { return line };
        let line = line + between.iter().filter(|byte| **byte == b'\n').count();
        self.last.set((offset, line));
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_have_their_lines() {
        let text = "# head\n---\n# note\nkind: A\n---\n\n---\nkind: B\nx: |\n  ---\n--- # c\nkind: C\n";
        let parts: Vec<(&str, usize)> = documents(text).iter().map(|part| (part.text, part.first)).collect();
        let first: Vec<usize> = parts.iter().map(|(_, first)| *first).collect();
        assert_eq!(first, [4, 8, 12]);
        assert!(parts[1].0.contains("x: |") && parts[1].0.ends_with("  ---\n"));
        assert_eq!(documents(text)[1].place(Some((2, 7))), " (line 8, column 7)");
    }

    #[test]
    fn lines_of_json_are_counted_onward() {
        let text = "{\n \"a\": [\n  {},\n  {}\n ]\n}";
        let lines = Lines::of(text);
        let part = |from: usize| &text[from..from + 2];
        let objects: Vec<usize> = text.match_indices("{}").map(|(at, _)| lines.line(part(at))).collect();
        assert_eq!(objects, [3, 4]);
        assert_eq!(lines.line("elsewhere"), 4);
    }
}
