//! `scopefence completions`: shell completions on stdout.

use clap::{Args, Command};

use super::{Exit, Failure};

/// Print a completion script for a shell
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Shell to write for
    shell: clap_complete::Shell,
}

pub(super) fn run(arguments: &Arguments, command: &mut Command) -> Result<Exit, Failure> {
    clap_complete::generate(arguments.shell, command, "scopefence", &mut std::io::stdout());
    Ok(Exit::Fine)
}
