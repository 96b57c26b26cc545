//! Import: a publisher's catalog or profile becomes data of a workspace, with the publisher's text; a component
//! definition or a security plan becomes declarations.
//!
//! In: a [`File`](super::validate::File), the frameworks that are known. Out: [`Imported`] files, not yet written. Steps:
//! a profile is resolved to the catalog that it means (`resolve`, `merge`, `modify`); a catalog's controls are matched
//! with those of a known framework, or make a new one (`catalog`); their parts become Markdown (`text`). Components and
//! statements become tables (`declared`, of our own plan `own`, as `tables`).

mod catalog;
mod declared;
mod merge;
mod modify;
mod own;
mod resolve;
mod tables;
#[cfg(test)]
mod tests;
mod text;

use serde::Serialize;
use serde_json::Value;

pub use catalog::{Given, Imported, catalog, known_catalog, profile, slug};
pub use declared::{Declared, Owner, Whose, declared};

/// Members of a list field.
fn members<'v>(node: &'v Value, field: &str) -> impl Iterator<Item = &'v Value> + use<'v> {
    node[field].as_array().into_iter().flatten()
}

/// Every control below a catalog, a group or a control, in order, with the title of the group that holds it.
fn controls<'v>(node: &'v Value, family: &'v str, into: &mut Vec<(&'v str, &'v Value)>) {
    for group in members(node, "groups") {
        controls(group, group["title"].as_str().unwrap_or(family), into);
    }
    for control in members(node, "controls") {
        into.push((family, control));
        controls(control, family, into);
    }
}

fn toml<T: Serialize>(file: &T) -> Result<String, String> {
    toml::to_string_pretty(file).map_err(|error| error.to_string())
}
