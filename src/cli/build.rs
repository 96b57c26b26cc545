//! `scopefence build`.

use clap::Args;

use super::{Exit, Failure, Ui};

/// Render the documents
#[derive(Debug, Args)]
pub(super) struct Arguments {}

pub(super) fn run(_arguments: &Arguments, _ui: &Ui) -> Result<Exit, Failure> {
    Err(Failure::new("not built yet"))
}
