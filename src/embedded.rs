//! Data that travels inside the program: templates, starters, controls, and what the HTML needs.
//!
//! A new check, framework, question set, document or starter is a new file in one of these folders, no Rust.

use include_dir::{Dir, include_dir};

/// Documents as Tera templates of Markdown, their list, and the language catalogs.
pub static TEMPLATES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates");

/// Starter workspaces, one folder each.
pub static SCOPES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/scopes");

/// Frameworks, baselines, built-in checks, checklists, projections.
pub static CONTROLS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/controls");

/// Layout, CSS, script, fonts, icons of the HTML output.
pub static SITE: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/site");
