//! `scopefence completions`: shell completions on stdout.

use clap::{Args, Command};

use super::{Exit, Failure, Ui};

/// Print a completion script for a shell
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Shell to write for
    shell: clap_complete::Shell,
}

pub(super) fn run(arguments: &Arguments, command: &mut Command, ui: &Ui) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, command, "scopefence", &mut script);
    ui.print_bytes(&script);
    Ok(Exit::Fine)
}
