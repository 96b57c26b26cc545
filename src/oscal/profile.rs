//! Profile: which controls the plan answers, and with which parameters.

use serde_json::{Map, Value};

use super::{
    build::{Build, fields, list, object},
    metadata, requirements,
};
use crate::{sort::Sort, workspace::ControlId};

/// What [`Build::selected`] holds.
pub(super) fn selected(build: &Build<'_>) -> Vec<ControlId> {
    if let Some(choice) = &build.workspace.baseline {
        return build.frameworks.selected(choice);
    }
    let framework = build.framework().unwrap_or_default();
    let implementations = build.workspace.implementations.iter().map(|it| &it.control);
    let mut controls: Vec<ControlId> = implementations.filter(|it| it.framework() == framework).cloned().collect();
    controls.order_by(|a, b| build.frameworks.compare(a, b));
    controls.dedup();
    controls
}

pub(super) fn of(build: &Build<'_>) -> Map<String, Value> {
    let framework = build.framework().unwrap_or_default();
    let controls = &build.selected;
    let parameters = build.implementations.iter().flat_map(|it| requirements::parameters(it));
    let ids = controls.iter().map(|it| build.control(it).into());
    let select = match controls.is_empty() {
        true => ("include-all", Value::Object(Map::new())),
        false => ("include-controls", list([object([("with-ids", list(ids))])])),
    };
    fields(object([
        ("metadata", metadata::of(build, "Control selection")),
        ("imports", list([object([("href", build.resource("framework", framework)), select])])),
        ("merge", object([("as-is", true.into())])),
        ("modify", object([("set-parameters", list(parameters))])),
        ("back-matter", metadata::back_matter(build, [framework], &[])),
    ]))
}
