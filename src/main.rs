//! `scopefence`: parse arguments, call one command, turn its answer into an exit status.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    scopefence::cli::main()
}
