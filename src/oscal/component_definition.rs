//! Component definition: what each component does for the controls of every framework.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::{
    build::{Build, fields, line, list, object, own, prose_or, word},
    metadata, requirements, system,
};
use crate::{
    sort::Sort,
    workspace::{Component, Implementation},
};

pub(super) fn of(build: &Build<'_>) -> Map<String, Value> {
    let components = build.workspace.components.iter().map(|it| component(build, it));
    let frameworks: BTreeSet<&str> = build.workspace.implementations.iter().map(|it| it.control.framework()).collect();
    fields(object([
        ("metadata", metadata::of(build, "Component definition")),
        ("components", list(components)),
        ("back-matter", metadata::back_matter(build, frameworks, &[])),
    ]))
}

fn component(build: &Build<'_>, component: &Component) -> Value {
    let mut by_framework: BTreeMap<&str, Vec<&Implementation>> = BTreeMap::new();
    for implementation in build.workspace.implementations.iter().filter(|it| it.components.contains(&component.id)) {
        by_framework.entry(implementation.control.framework()).or_default().push(implementation);
    }
    let implementations = by_framework.into_iter().map(|(framework, mut all)| {
        // In the order of the catalog, whichever file says what.
        all.order_by(|a, b| build.frameworks.compare(&a.control, &b.control));
        let name = format!("{}/{framework}", component.id);
        object([
            ("uuid", build.names.id("control-implementation", &name)),
            ("source", build.resource("framework", framework)),
            ("description", line(format_args!("What {} does for these controls.", component.title))),
            ("implemented-requirements", list(all.into_iter().map(|it| requirement(build, component, it)))),
        ])
    });
    object([
        ("uuid", build.component(&component.id)),
        ("type", system::kind(component).into()),
        ("title", line(&component.title)),
        ("description", prose_or(&component.description, &component.title)),
        ("props", list(system::properties(build, component))),
        ("responsible-roles", requirements::roles(build, component)),
        ("control-implementations", list(implementations)),
    ])
}

fn requirement(build: &Build<'_>, component: &Component, implementation: &Implementation) -> Value {
    let name = format!("{}/{}", component.id, implementation.control);
    let status = word(implementation.status);
    object([
        ("uuid", build.names.id("component-requirement", &name)),
        ("control-id", build.control(&implementation.control).into()),
        ("description", prose_or(&implementation.narrative, requirements::UNSAID)),
        ("props", list([own("implementation-status", status.as_str().unwrap_or_default())])),
        ("set-parameters", list(requirements::parameters(implementation))),
    ])
}
