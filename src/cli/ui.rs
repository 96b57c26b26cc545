//! What all commands share in talking to a person: colour, quiet, exit status, failures.

use std::{
    fmt,
    io::{IsTerminal, Write},
    process::ExitCode,
};

use clap::{Args, ValueEnum};

#[derive(Debug, Clone, Args)]
pub(super) struct UiArguments {
    /// Print results and errors only
    #[arg(short, long, global = true)]
    quiet: bool,
    /// Colour in output; `auto` follows the terminal and NO_COLOR
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    color: Color,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

/// How a command ended when it could run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Status 0.
    Fine,
    /// Status 1: diagnostics, drift, failed checks.
    BadNews,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Fine => ExitCode::SUCCESS,
            Exit::BadNews => ExitCode::FAILURE,
        }
    }
}

/// Why a command could not run: what, where, and what to do about it. Status 2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    message: String,
    help: Option<String>,
}

impl Failure {
    /// A failure that names what happened and where, as a sentence without a full stop.
    pub fn new(message: impl fmt::Display) -> Self {
        Self { message: message.to_string(), help: None }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl fmt::Display) -> Self {
        self.help = Some(help.to_string());
        self
    }
}

/// How to talk to the person at the keyboard.
#[derive(Debug, Clone, Copy)]
pub struct Ui {
    quiet: bool,
    color_out: bool,
    color_err: bool,
}

impl Ui {
    pub(super) fn new(arguments: &UiArguments) -> Self {
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let decide = |terminal: bool| match arguments.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => terminal && !no_color,
        };
        Self {
            quiet: arguments.quiet,
            color_out: decide(std::io::stdout().is_terminal()),
            color_err: decide(std::io::stderr().is_terminal()),
        }
    }

    /// Colour results on stdout.
    pub fn color_out(&self) -> bool {
        self.color_out
    }

    /// Colour diagnostics on stderr.
    pub fn color_err(&self) -> bool {
        self.color_err
    }

    /// Progress bars: only on a terminal, never when quiet.
    pub fn progress(&self) -> bool {
        !self.quiet && std::io::stderr().is_terminal()
    }

    /// Says something on stderr that is neither result nor error.
    pub fn note(&self, text: impl fmt::Display) {
        if !self.quiet {
            self.stderr(&format!("{text}\n"));
        }
    }

    /// Says something on stderr that the person should act on, even when quiet.
    pub fn warn(&self, text: impl fmt::Display) {
        let (on, off) = if self.color_err { ("\x1b[1;33m", "\x1b[0m") } else { ("", "") };
        self.stderr(&format!("{on}warning:{off} {text}\n"));
    }

    pub(super) fn failure(&self, failure: &Failure) {
        let (on, off) = if self.color_err { ("\x1b[1;31m", "\x1b[0m") } else { ("", "") };
        let mut text = format!("{on}error:{off} {}\n", failure.message);
        if let Some(help) = &failure.help {
            text.push_str(&format!("  help: {help}\n"));
        }
        self.stderr(&text);
    }

    /// Prints a result on stdout. A closed pipe ends the output quietly.
    pub fn print(&self, text: impl fmt::Display) {
        let _ = writeln!(std::io::stdout().lock(), "{text}");
    }

    fn stderr(&self, text: &str) {
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
    }
}
