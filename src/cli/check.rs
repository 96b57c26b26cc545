//! `scopefence check`.

use clap::Args;

use super::{Exit, Failure, Ui};

/// Validate declarations
#[derive(Debug, Args)]
pub(super) struct Arguments {}

pub(super) fn run(_arguments: &Arguments, _ui: &Ui) -> Result<Exit, Failure> {
    Err(Failure::new("not built yet"))
}
