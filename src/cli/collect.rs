//! `scopefence collect`.

use clap::Args;

use super::{Exit, Failure, Ui};

/// Read evidence from a cluster into a snapshot
#[derive(Debug, Args)]
pub(super) struct Arguments {}

pub(super) fn run(_arguments: &Arguments, _ui: &Ui) -> Result<Exit, Failure> {
    Err(Failure::new("not built yet"))
}
