//! scopefence: declare what a Kubernetes platform is responsible for, read what the cluster shows, and render the
//! documents that a platform lead, an application team and an auditor need.
//!
//! One direction, each stage a value:
//!
//! ```text
//! TOML ──declare──▶ Workspace ─┐
//!                              ├─assess─▶ Assessment ─compose─▶ Document ─render─▶ HTML · PDF · Markdown · CSV · XLSX
//! cluster ──collect─▶ Snapshot ┘              └──────────────────────────────────▶ OSCAL · FedRAMP
//! ```
//!
//! | stage | takes | returns | where |
//! | --- | --- | --- | --- |
//! | declare | a folder of TOML | [`workspace::Workspace`] or diagnostics | [`workspace`], [`checks`] |
//! | collect | an API server or saved files | [`snapshot::Snapshot`] | [`cluster`] |
//! | assess | workspace, snapshots, clock | [`assess::Assessment`] | [`ownership`], [`facts`], [`assess`] |
//! | compose | workspace, assessment | [`document::Document`]s | [`document`] |
//! | render | documents | files | [`html`], [`pdf`], [`markdown`], [`sheet`] |
//! | exchange | workspace, assessment | files for other programs | [`oscal`], [`fedramp`] |
//! | serve | the same, again at every change | pages in a browser | `serve` |
//! | import | files of other tools | results beside the snapshots | [`results`] |
//!
//! Architecture invariants: no stage reaches back (rendering never asks the cluster, assessing never reads TOML), and
//! given the same workspace, snapshot and clock every output is byte-identical.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

#[cfg(test)]
extern crate self as scopefence;

pub mod assess;
mod cel;
pub mod checklist;
pub mod checks;
pub mod cli;
pub mod cluster;
pub mod digest;
pub mod document;
pub mod embedded;
pub mod facts;
pub mod fedramp;
pub mod frameworks;
pub mod html;
pub mod markdown;
pub mod oscal;
pub mod output;
pub mod ownership;
pub mod pdf;
mod pretty;
pub mod publish;
pub mod results;
pub mod schema;
mod serve;
pub mod sheet;
pub mod snapshot;
mod sort;
mod tables;
mod visible;
pub mod workspace;
