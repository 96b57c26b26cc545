//! What all commands share in talking to a person: colour, quiet, exit status, failures.

use std::{
    fmt,
    io::{IsTerminal, Write},
    process::ExitCode,
};

use clap::{Args, ValueEnum};

use crate::visible::{deceives, spell};

/// Where the help lists what every command takes.
const HEADING: &str = "Options of every command";

#[derive(Debug, Clone, Args)]
pub(super) struct UiArguments {
    /// Print results and errors only
    #[arg(short, long, global = true, help_heading = HEADING)]
    quiet: bool,
    /// Colour in output; `auto` follows the terminal and NO_COLOR
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN", help_heading = HEADING)]
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

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Failure {
    /// What to do about it.
    pub(super) fn remedy(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// A failure that names what happened and where, as a sentence without a full stop.
    pub fn new(message: impl fmt::Display) -> Self {
        Self { message: sentence(&message.to_string()), help: None }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl fmt::Display) -> Self {
        self.help = Some(sentence(&help.to_string()));
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
            self.stderr(&format!("{}\n", sentence(&text.to_string())));
        }
    }

    /// Says something on stderr that the person should act on, even when quiet.
    pub fn warn(&self, text: impl fmt::Display) {
        let (on, off) = if self.color_err { ("\x1b[1;33m", "\x1b[0m") } else { ("", "") };
        self.stderr(&format!("{on}warning:{off} {}\n", sentence(&text.to_string())));
    }

    pub(super) fn failure(&self, failure: &Failure) {
        let (on, off) = if self.color_err { ("\x1b[1;31m", "\x1b[0m") } else { ("", "") };
        let mut text = format!("{on}error:{off} {}\n", failure.message);
        if let Some(help) = &failure.help {
            text.push_str(&format!("  help: {help}\n"));
        }
        self.stderr(&text);
    }

    /// Prints a result on stdout. A closed pipe ends the output quietly: whoever closed it has seen enough.
    ///
    /// Ends the program with status 2 when the result cannot be written, for example to a full disk: a result that is
    /// cut off must not look like one.
    pub fn print(&self, text: impl fmt::Display) {
        self.print_bytes(format!("{text}\n").as_bytes());
    }

    /// As [`Ui::print`], exactly these bytes.
    pub(super) fn print_bytes(&self, bytes: &[u8]) {
        let mut stdout = std::io::stdout().lock();
        match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
                self.failure(&Failure::new(format_args!("cannot write the result: {error}")));
                std::process::exit(2);
            }
            _ => {}
        }
    }

    fn stderr(&self, text: &str) {
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
    }
}

/// A message as a terminal may show it: characters that deceive are spelled out, whoever they came from, and the
/// numbers that the operating system gives its errors are left out.
fn sentence(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(" (os error ") {
        let (before, number) = rest.split_at(at);
        let after = number.find(')').and_then(|end| number.get(end + 1..));
        let Some(after) = after else { break };
        push_visible(&mut out, before);
        rest = after;
    }
    push_visible(&mut out, rest);
    out
}

fn push_visible(out: &mut String, text: &str) {
    for c in text.chars() {
        if c != '\n' && deceives(c) { spell(out, c) } else { out.push(c) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_steer_no_terminal_and_have_no_numbers_of_errors() {
        assert_eq!(sentence("a\x1b[31m\nb\u{202e}"), "a[U+001B][31m\nb[U+202E]");
        let error = std::io::Error::from_raw_os_error(2);
        assert_eq!(sentence(&format!("cannot read x: {error}: y")), "cannot read x: No such file or directory: y");
        assert_eq!(sentence("odd (os error "), "odd (os error ");
    }
}
