//! The Pod inside the kinds that make Pods. Admission warns about and audits these; it refuses only Pods themselves.

use std::{collections::BTreeMap, sync::Arc};

use serde::Deserialize;

use super::{Level, PolicyVersion, Subject, Violation, evaluate};
use crate::facts::pod::PodSpec;

/// Kinds that admission evaluates, each with where its Pod is: group, kind, path.
pub(crate) const KINDS: &[(&str, &str, &str)] = &[
    ("", "Pod", ""),
    ("", "PodTemplate", "template"),
    ("", "ReplicationController", "spec.template"),
    ("apps", "DaemonSet", "spec.template"),
    ("apps", "Deployment", "spec.template"),
    ("apps", "ReplicaSet", "spec.template"),
    ("apps", "StatefulSet", "spec.template"),
    ("batch", "CronJob", "spec.jobTemplate.spec.template"),
    ("batch", "Job", "spec.template"),
];

#[derive(Default, Deserialize)]
#[serde(default)]
struct Template {
    metadata: Option<Metadata>,
    spec: Option<PodSpec>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata {
    annotations: Option<BTreeMap<Arc<str>, Arc<str>>>,
}

/// What a level forbids about a Pod, or about the Pod template of a Deployment, StatefulSet, DaemonSet, ReplicaSet,
/// ReplicationController, Job, CronJob or PodTemplate: any object as the API writes it, with `apiVersion` and `kind`.
/// Paths of fields begin at the object. An object without a template is without violations.
///
/// # Errors
/// When the object is of no such kind, or its fields do not have the types that the API gives them.
pub fn violations_of_object(
    object: &serde_json::Value,
    level: Level,
    version: PolicyVersion,
) -> Result<Vec<Violation>, String> {
    let text = |field: &str| object.get(field).and_then(|value| value.as_str()).unwrap_or_default();
    let group = text("apiVersion").split_once('/').map_or("", |(group, _)| group);
    let kind = text("kind");
    let Some((_, _, path)) = KINDS.iter().find(|known| (known.0, known.1) == (group, kind)) else {
        return Err(format!("{kind:?} is no kind that Pod Security admission evaluates"));
    };
    let at = path.split('.').filter(|step| !step.is_empty()).try_fold(object, |value, step| value.get(step));
    let Some(template) = at.filter(|value| !value.is_null()) else { return Ok(Vec::new()) };
    let template = Template::deserialize(template).map_err(|error| error.to_string())?;
    let (spec, metadata) = (template.spec.unwrap_or_default(), template.metadata.unwrap_or_default());
    let annotations = metadata.annotations.unwrap_or_default();
    let mut found = evaluate(&Subject { spec: &spec, annotations: &annotations }, level, version);
    if !path.is_empty() {
        for violation in &mut found {
            violation.field.insert_str(0, &format!("{path}."));
        }
    }
    Ok(found)
}
