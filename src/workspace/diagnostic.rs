//! What is wrong with a workspace: code, sentence, places, help.

use super::{code::Code, source::Place};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nothing can be built from the workspace.
    Error,
    /// Fine to build from, worth attention.
    Warning,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Which rule.
    pub code: Code,
    /// What is wrong, a sentence without a full stop.
    pub message: String,
    /// Where, with what to say there.
    pub place: Place,
    /// Text at the place.
    pub label: String,
    /// Other places that matter, in this file or another.
    pub others: Vec<(Place, String)>,
    /// What to do.
    pub help: Option<String>,
}

impl Diagnostic {
    pub(crate) fn new(code: Code, place: Place, message: impl Into<String>, label: impl Into<String>) -> Self {
        Self { code, message: message.into(), place, label: label.into(), others: Vec::new(), help: None }
    }

    #[must_use]
    pub(super) fn also(mut self, place: Place, label: impl Into<String>) -> Self {
        self.others.push((place, label.into()));
        self
    }

    #[must_use]
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Error or warning.
    pub fn level(&self) -> Level {
        self.code.level()
    }

    /// Orders diagnostics as a person reads files: by path, then place, then code.
    pub(crate) fn key(&self) -> (&str, usize, usize, Code, &str) {
        (self.place.source.path(), self.place.span.start, self.place.span.end, self.code, &self.message)
    }
}

/// The nearest of some names, if one is near enough to be a slip of the finger.
pub(crate) fn nearest<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (wanted.chars().count() / 3).max(1);
    names
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(wanted, name), name))
        .filter(|(distance, name)| {
            *distance <= limit || (wanted.len() >= 3 && (name.starts_with(wanted) || wanted.starts_with(*name)))
        })
        .min()
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn nearest_name_is_near() {
        assert_eq!(nearest("platfrom", ["platform", "payments"]), Some("platform"));
        assert_eq!(nearest("tema", ["team", "title"]), Some("team"));
        assert_eq!(nearest("database", ["ingress", "ci"]), None);
        assert_eq!(nearest("teams", ["team"]), Some("team"));
    }
}
