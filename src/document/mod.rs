//! Compose: workspace and assessment become [`Document`]s.
//!
//! In: a [`Workspace`](crate::workspace::Workspace) and an [`Assessment`](crate::assess::Assessment). Out: block trees
//! that the renderers draw. Steps: build the published context, run each document's Tera template to Markdown, parse the
//! Markdown into blocks, swap `{{ node("…") }}` fences for typed nodes.
//!
//! Invariant: text from users and clusters reaches the tree as text or through the sanitising Markdown parser, never as
//! template or node syntax.

pub mod scene;
pub mod tree;

pub use tree::*;
