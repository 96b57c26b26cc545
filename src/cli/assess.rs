//! `scopefence assess`.

use clap::Args;

use super::{Exit, Failure, Ui};

/// Run the checks: outcomes and findings
#[derive(Debug, Args)]
pub(super) struct Arguments {}

pub(super) fn run(_arguments: &Arguments, _ui: &Ui) -> Result<Exit, Failure> {
    Err(Failure::new("not built yet"))
}
