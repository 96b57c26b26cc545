//! CEL: the Common Expression Language, as Kubernetes' admission policies use it.
//!
//! In: the text of an expression and the names that it may use ([`Names`]). Out: an [`Expression`] that answers with a
//! [`Value`] or a [`Fault`], or [`Mistake`]s with their places. Steps: `lex`, `parse` (a tree), `lower` (names, macros
//! and functions get their meaning, regular expressions are compiled), then, for each object, `eval` over lazy `json`.
//! `touch` tells beforehand what of an object an expression reads.
//!
//! The language is that of cel-spec with optional values, two-variable comprehensions and the function libraries of
//! `k8s.io/apiserver/pkg/cel/library`; `functions` has one file a library. Types are checked when an expression is
//! evaluated, not before. There are no messages (`Type{…}`) and no authorizer, and time zones are offsets.
//!
//! Invariants: evaluating cannot fail otherwise than by a [`Fault`]; it is bounded by [`LIMIT`] steps whatever the
//! expression and the object; a value that was redacted or has an unexpected shape is never read.
//!
//! Written here rather than taken from a crate: the one that is maintained counts no steps, says no place of an error
//! while evaluating, and is compiled without optimisation in the build that the README promises to be short.

pub(crate) mod because;
#[cfg(test)]
mod conformance;
mod eval;
pub(crate) mod functions;
pub(crate) mod json;
mod lex;
mod lower;
mod parse;
#[cfg(test)]
mod tests;
pub(crate) mod touch;
pub(crate) mod value;

use std::{fmt, ops::Range};

pub(crate) use eval::{Fault, Machine, Patterns, Slot};
pub(crate) use value::Value;

/// Steps that one expression may take for one object: what Kubernetes allows a call of an admission policy.
pub(crate) const LIMIT: u64 = 1_000_000;

/// A place in the text of an expression, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    fn new(start: usize, end: usize) -> Self {
        // Expressions are far shorter than 4 GB.
        Self { start: u32::try_from(start).unwrap_or(u32::MAX), end: u32::try_from(end).unwrap_or(u32::MAX) }
    }

    fn to(self, other: Self) -> Self {
        Self { start: self.start, end: other.end }
    }

    pub(crate) fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// What is wrong with an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mistake {
    pub(crate) span: Span,
    /// One sentence without a full stop.
    pub(crate) message: String,
    /// What was probably meant.
    pub(crate) help: Option<String>,
}

impl Mistake {
    fn new(span: Span, message: String) -> Self {
        Self { span, message, help: None }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.help.as_ref().map_or(Ok(()), |help| write!(f, "; {help}"))
    }
}

/// The names that an expression may use: `object`, or two words as in `params.limit`. The number of a name is its slot.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names(Vec<String>);

impl Names {
    pub(crate) fn add(&mut self, name: impl Into<String>) -> usize {
        self.0.push(name.into());
        self.0.len() - 1
    }

    pub(crate) fn slot(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|known| known == name)
    }

    pub(crate) fn name(&self, slot: usize) -> Option<&str> {
        self.0.get(slot).map(String::as_str)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

/// A compiled expression.
#[derive(Debug, Clone)]
pub(crate) struct Expression {
    text: String,
    root: lower::Node,
    slots: Vec<usize>,
}

impl Expression {
    /// Compiles a text.
    ///
    /// # Errors
    /// Everything that is wrong with it; one mistake when it is no expression at all.
    pub(crate) fn compile(text: &str, names: &Names) -> Result<Self, Vec<Mistake>> {
        let tree = parse::parse(text).map_err(|mistake| vec![mistake])?;
        let (root, slots) = lower::lower(&tree, names)?;
        Ok(Self { text: text.to_owned(), root, slots })
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Slots of the names that it uses, sorted.
    pub(crate) fn slots(&self) -> &[usize] {
        &self.slots
    }
}
