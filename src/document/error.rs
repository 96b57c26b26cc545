//! Why documents could not be composed: always something in a template, with its place and what to do.

use std::fmt;

use tera::ErrorKind;

/// Problems in templates, all that one run found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComposeError {
    /// At least one.
    pub problems: Vec<Problem>,
}

/// One problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// File, relative to the workspace.
    pub file: String,
    /// Line, from 1.
    pub line: Option<usize>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

impl Problem {
    pub(super) fn in_file(file: &str, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line: None, message: message.into(), help: help.into() }
    }
}

impl ComposeError {
    /// A problem that Tera reported; `template` is the one being rendered, where Tera names none.
    pub(super) fn from_tera(error: &tera::Error, template: &str) -> Self {
        let (file, line, message) = match error.kind() {
            ErrorKind::SyntaxError(report) | ErrorKind::RenderingError(report) => {
                let file = if report.filename().is_empty() { template } else { report.filename() };
                (file.to_owned(), Some(report.span().start_line), report.message().to_owned())
            }
            other => (template.to_owned(), None, other.to_string()),
        };
        let help = "correct the template, or remove it to use the built-in one".to_owned();
        let file = if file.starts_with("templates") { file } else { format!("templates/{file}") };
        Self { problems: vec![Problem { file, line, message: message.trim().to_owned(), help }] }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}\n  help: {}", self.message, self.help)
    }
}

impl fmt::Display for ComposeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ComposeError {}
