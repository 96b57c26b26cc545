//! A file's text and places in it.

use std::{fmt, ops::Range, sync::Arc};

/// One file of a workspace, as read.
#[derive(PartialEq, Eq)]
pub struct Source {
    path: String,
    text: String,
    /// Byte offset of the first byte of every line.
    lines: Vec<usize>,
}

impl Source {
    pub(crate) fn new(path: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        let text = text.into();
        let lines = std::iter::once(0)
            .chain(text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i + 1))
            .collect();
        Arc::new(Self { path: path.into(), text, lines })
    }

    /// A file without any text, for tests.
    #[cfg(test)]
    pub(crate) fn empty(path: &str) -> Arc<Self> {
        Self::new(path, "")
    }

    /// Path relative to the workspace, with `/`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The text; empty for a file that could not be read.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Line of a byte offset, counted from 1.
    pub fn line(&self, offset: usize) -> usize {
        self.lines.partition_point(|start| *start <= offset).max(1)
    }

    /// Byte offset of the start of a line, counted from 1.
    pub(super) fn line_start(&self, line: usize) -> usize {
        self.lines.get(line.saturating_sub(1)).copied().unwrap_or(self.text.len())
    }

    /// Column of a byte offset in characters, counted from 1.
    pub fn column(&self, offset: usize) -> usize {
        let start = self.lines.get(self.line(offset) - 1).copied().unwrap_or(0);
        self.text.get(start..offset).map_or(1, |before| before.trim_start_matches('\u{feff}').chars().count() + 1)
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({})", self.path)
    }
}

/// A stretch of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub source: Arc<Source>,
    /// Byte range in its text.
    pub span: Range<usize>,
}

impl Place {
    /// For declarations that tests make without a file.
    #[cfg(test)]
    pub(crate) fn nowhere() -> Self {
        Self { source: Source::new("", ""), span: 0..0 }
    }

    /// Line of its start, counted from 1.
    pub fn line(&self) -> usize {
        self.source.line(self.span.start)
    }

    /// Column of its start in characters, counted from 1.
    pub fn column(&self) -> usize {
        self.source.column(self.span.start)
    }
}

impl fmt::Display for Place {
    /// `scope/inside.toml:12`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.source.path(), self.line())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one_in_characters() {
        let source = Source::new("a.toml", "x\nåb = 1\r\n");
        assert_eq!((source.line(0), source.column(0)), (1, 1));
        assert_eq!((source.line(2), source.column(2)), (2, 1));
        assert_eq!((source.line(4), source.column(4)), (2, 2));
        assert_eq!((source.line(999), source.column(999)), (3, 1));
        assert_eq!((Source::new("e", "").line(0), Source::new("e", "").column(0)), (1, 1));
    }
}
