//! `scopefence man`: the manual page, or one page per command into a folder.

use std::path::PathBuf;

use clap::{Args, Command};

use super::{Exit, Failure, Ui};

/// Print the manual page, or write one page per command
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Write scopefence.1 and one page per command into this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments, command: Command, ui: &Ui) -> Result<Exit, Failure> {
    let failed = |error: std::io::Error| Failure::new(format!("cannot write the manual page: {error}"));
    match &arguments.out {
        Some(folder) => {
            std::fs::create_dir_all(folder).map_err(failed)?;
            clap_mangen::generate_to(command, folder).map_err(failed)?;
        }
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(command).render(&mut page).map_err(failed)?;
            ui.print_bytes(&page);
        }
    }
    Ok(Exit::Fine)
}
