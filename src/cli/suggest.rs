//! `scopefence suggest`.

use clap::Args;

use super::{Exit, Failure, Ui};

/// Draft claims for unclaimed objects
#[derive(Debug, Args)]
pub(super) struct Arguments {}

pub(super) fn run(_arguments: &Arguments, _ui: &Ui) -> Result<Exit, Failure> {
    Err(Failure::new("not built yet"))
}
