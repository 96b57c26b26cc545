//! Globs over names, with how much of them is literal.

use globset::{Glob, GlobMatcher};

/// One glob of a claim, policy or exception.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    text: String,
    /// `None`: no wildcard, compare as text.
    matcher: Option<GlobMatcher>,
}

impl Pattern {
    pub(crate) fn new(text: &str) -> Self {
        let matcher = text
            .contains(['*', '?', '[', '{'])
            // An invalid glob is a diagnostic of the workspace; here it matches itself only.
            .then(|| Glob::new(text).ok().map(|glob| glob.compile_matcher()))
            .flatten();
        Self { text: text.to_owned(), matcher }
    }

    pub(crate) fn list(texts: &[String]) -> Vec<Self> {
        texts.iter().map(|text| Self::new(text)).collect()
    }

    pub(crate) fn matches(&self, name: &str) -> bool {
        match &self.matcher {
            None => self.text == name,
            Some(matcher) => matcher.is_match(name),
        }
    }

    /// The whole name, if there is no wildcard in it.
    pub(crate) fn exact(&self) -> Option<&str> {
        self.matcher.is_none().then_some(&*self.text)
    }

    /// Characters before the first wildcard; all of them and one more for an exact name, which is more specific.
    pub(crate) fn literal(&self) -> usize {
        match self.matcher {
            None => usize::MAX,
            Some(_) => self.text.find(['*', '?', '[', '{']).unwrap_or(self.text.len()),
        }
    }
}

/// Any of these matches.
pub(crate) fn any(patterns: &[Pattern], name: &str) -> bool {
    patterns.iter().any(|pattern| pattern.matches(name))
}
