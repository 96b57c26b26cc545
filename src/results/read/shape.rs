//! Which tool wrote a file, from what its outermost level holds.

use std::fmt;

use scopefence_json::{OTHER_TYPE, read};
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use super::{Format, Problem, UNDERSTOOD, wrong};

/// Keys of the outermost level that tell tools apart, and what stands at the few that have to be read.
#[derive(Debug, Default)]
struct Shape {
    keys: Vec<String>,
    api_version: String,
    list: bool,
}

/// Most keys that are looked at.
const MOST_KEYS: usize = 64;

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Outermost)
    }
}

struct Outermost;

impl<'de> Visitor<'de> for Outermost {
    type Value = Shape;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map or a list of maps")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Shape, M::Error> {
        let mut shape = Shape::default();
        while let Some(key) = map.next_key::<String>()? {
            if key == "apiVersion" {
                let value = map.next_value::<serde_json::Value>()?;
                shape.api_version = value.as_str().unwrap_or_default().to_owned();
            } else {
                map.next_value::<IgnoredAny>()?;
            }
            if shape.keys.len() < MOST_KEYS {
                shape.keys.push(key);
            }
        }
        Ok(shape)
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut list: S) -> Result<Shape, S::Error> {
        let first = list.next_element::<Shape>()?.unwrap_or_default();
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Shape { list: true, ..first })
    }
}

/// The format of a text.
///
/// # Errors
/// When it is neither JSON nor YAML, or of none of the tools.
pub(super) fn recognise(text: &str) -> Result<Format, Problem> {
    let unknown = || Problem { help: Some(UNDERSTOOD), ..Problem::new("no tool that is understood writes such files") };
    if !text.trim_start().starts_with(['{', '[']) {
        // Only objects of Kubernetes come as YAML.
        let documents = super::yaml(text).map_err(|problem| Problem { help: Some(UNDERSTOOD), ..problem })?;
        let first = documents.iter().find(|document| document.is_object()).ok_or_else(unknown)?;
        let shape: Shape = super::document(first).map_err(|_| unknown())?;
        return shape.format().ok_or_else(unknown);
    }
    // Some tools write one JSON value after another: the first says which.
    let shape: Shape = read::first(text).map_err(|error| match error.trouble {
        OTHER_TYPE => unknown(),
        _ => wrong(&error),
    })?;
    shape.format().ok_or_else(unknown)
}

impl Shape {
    fn has(&self, keys: &[&str]) -> bool {
        keys.iter().all(|wanted| self.keys.iter().any(|key| key == wanted))
    }

    fn format(&self) -> Option<Format> {
        let group = self.api_version.split('/').next().unwrap_or_default();
        let found = match group {
            "wgpolicyk8s.io" | "openreports.io" | "reports.x-k8s.io" => Some(Format::PolicyReport),
            "aquasecurity.github.io" => Some(Format::Trivy),
            // A list of objects of any kind: the reader finds what is in it.
            "v1" if self.has(&["items"]) => Some(Format::PolicyReport),
            _ => None,
        };
        let tells: [(&[&str], Format); 12] = [
            (&["Controls"], Format::KubeBench),
            (&["node_type", "tests"], Format::KubeBench),
            (&["runs", "version"], Format::Sarif),
            (&["summaryDetails"], Format::Kubescape),
            (&["controls", "resourcesSeverityCounters"], Format::Kubescape),
            (&["controls", "frameworks", "ResourceCounters"], Format::Kubescape),
            (&["finding_info", "metadata"], Format::Prowler),
            (&["ClusterName"], Format::Trivy),
            (&["ArtifactName"], Format::Trivy),
            (&["SummaryControls"], Format::Trivy),
            (&["ID", "Title", "Results"], Format::Trivy),
            (&["summary", "detailReport"], Format::Trivy),
        ];
        let told = tells.into_iter().find(|(keys, _)| self.has(keys)).map(|(_, format)| format);
        let found = found.or(told).or_else(|| self.has(&["summary", "summaryReport"]).then_some(Format::Trivy));
        // Only kube-bench and Prowler write lists.
        found.filter(|format| !self.list || matches!(format, Format::KubeBench | Format::Prowler))
    }
}
