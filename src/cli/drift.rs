//! `scopefence drift`.

use clap::Args;

use super::{Exit, Failure, Ui};

/// Compare the fence with the cluster: unclaimed, contested, missing
#[derive(Debug, Args)]
pub(super) struct Arguments {}

pub(super) fn run(_arguments: &Arguments, _ui: &Ui) -> Result<Exit, Failure> {
    Err(Failure::new("not built yet"))
}
