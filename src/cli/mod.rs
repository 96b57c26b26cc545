//! The command line: one file a command, no logic beyond arguments and reporting.
//!
//! Results go to stdout; progress, diagnostics and errors to stderr. Exit status: 0 fine; 1 the answer is bad news;
//! 2 it could not run.

mod assess;
mod build;
mod check;
mod collect;
mod completions;
mod drift;
mod evidence;
mod explain;
mod import;
mod init;
mod man;
mod permissions;
mod serve;
mod suggest;
mod ui;
mod validate;
mod whose;
mod workspace;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

pub use ui::{Exit, Failure, Ui};

/// Arguments of the program.
#[derive(Debug, Parser)]
#[command(name = "scopefence", version, about, max_term_width = 100)]
struct Arguments {
    #[command(flatten)]
    ui: ui::UiArguments,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::Arguments),
    Check(check::Arguments),
    Permissions(permissions::Arguments),
    Collect(collect::Arguments),
    Drift(drift::Arguments),
    Suggest(suggest::Arguments),
    Whose(whose::Arguments),
    Assess(assess::Arguments),
    Build(build::Arguments),
    Serve(serve::Arguments),
    Import(import::Arguments),
    Validate(validate::Arguments),
    Completions(completions::Arguments),
    Man(man::Arguments),
}

/// Parses the arguments, runs the command, reports a failure on stderr.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let ui = Ui::new(&arguments.ui);
    let answer = match arguments.command {
        Command::Init(command) => init::run(&command, &ui),
        Command::Check(command) => check::run(&command, &ui),
        Command::Permissions(command) => permissions::run(&command, &ui),
        Command::Collect(command) => collect::run(&command, &ui),
        Command::Drift(command) => drift::run(&command, &ui),
        Command::Suggest(command) => suggest::run(&command, &ui),
        Command::Whose(command) => whose::run(&command, &ui),
        Command::Assess(command) => assess::run(&command, &ui),
        Command::Build(command) => build::run(&command, &ui),
        Command::Serve(command) => serve::run(&command, &ui),
        Command::Import(command) => import::run(&command, &ui),
        Command::Validate(command) => validate::run(&command, &ui),
        Command::Completions(command) => completions::run(&command, &mut Arguments::command(), &ui),
        Command::Man(command) => man::run(&command, Arguments::command(), &ui),
    };
    match answer {
        Ok(exit) => exit.into(),
        Err(failure) => {
            ui.failure(&failure);
            ExitCode::from(2)
        }
    }
}
