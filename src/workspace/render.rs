//! How a diagnostic looks on a terminal: miette draws it, this makes the text safe to draw.

use std::{fmt, sync::Arc};

use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, Severity, SourceCode};

use super::{
    diagnostic::{Diagnostic, Level},
    source::{Place, Source},
};

/// Draws diagnostics, each followed by an empty line.
pub struct Renderer {
    handler: GraphicalReportHandler,
    /// Texts already made safe, by file.
    texts: Vec<(Arc<Source>, Arc<NamedSource<String>>)>,
}

impl Renderer {
    /// A renderer with or without colour, for a terminal this many columns wide.
    pub fn new(color: bool, width: usize) -> Self {
        let theme = if color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
        Self {
            handler: GraphicalReportHandler::new_themed(theme).with_width(width).with_links(false),
            texts: Vec::new(),
        }
    }

    /// Draws one diagnostic.
    pub fn render(&mut self, diagnostic: &Diagnostic) -> String {
        let mut text = String::new();
        let view = self.view(diagnostic);
        // Writing into a string does not fail.
        let _ = self.handler.render_report(&mut text, &view);
        text.push('\n');
        text
    }

    fn view(&mut self, diagnostic: &Diagnostic) -> View {
        let (near, far): (Vec<_>, Vec<_>) =
            diagnostic.others.iter().partition(|(place, _)| place.source == diagnostic.place.source);
        let mut labels = Vec::new();
        if !diagnostic.place.source.text().is_empty() {
            labels.push(LabeledSpan::new_primary_with_span(words(&diagnostic.label), range(&diagnostic.place)));
            labels.extend(near.iter().map(|(place, text)| LabeledSpan::new_with_span(words(text), range(place))));
        }
        let related = far
            .into_iter()
            .map(|(place, text)| View {
                message: clean(&format!("see also {place}")),
                code: None,
                severity: Severity::Advice,
                help: None,
                source: Some(self.source(place)),
                labels: vec![LabeledSpan::new_primary_with_span(words(text), range(place))],
                related: Vec::new(),
            })
            .collect();
        View {
            message: clean(&diagnostic.message),
            code: Some(diagnostic.code.as_str()),
            severity: match diagnostic.level() {
                Level::Error => Severity::Error,
                Level::Warning => Severity::Warning,
            },
            help: diagnostic.help.as_deref().map(clean),
            source: (!labels.is_empty()).then(|| self.source(&diagnostic.place)),
            labels,
            related,
        }
    }

    fn source(&mut self, place: &Place) -> Arc<NamedSource<String>> {
        if let Some((_, text)) = self.texts.iter().find(|(source, _)| Arc::ptr_eq(source, &place.source)) {
            return Arc::clone(text);
        }
        let text = Arc::new(NamedSource::new(clean(place.source.path()), same_length(place.source.text())));
        self.texts.push((Arc::clone(&place.source), Arc::clone(&text)));
        text
    }
}

fn range(place: &Place) -> std::ops::Range<usize> {
    // Only the first line of a long stretch: what follows would fill the screen.
    let text = place.source.text().get(place.span.clone()).unwrap_or_default();
    let first = text.find('\n').map_or(text, |end| text.get(..end).unwrap_or(text)).trim_end();
    place.span.start..place.span.start + first.len()
}

fn words(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| clean(text))
}

/// Characters that would steer a terminal or hide what is written.
fn hostile(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// One line of text that steers nothing.
pub(crate) fn clean(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_whitespace() {
                ' '
            } else if hostile(c) {
                '\u{fffd}'
            } else {
                c
            }
        })
        .collect()
}

/// A file's text that steers nothing and keeps every byte position.
fn same_length(text: &str) -> String {
    text.chars()
        .map(|c| match (hostile(c), c.len_utf8()) {
            _ if matches!(c, '\n' | '\t') => c,
            (false, _) => c,
            (true, 1) => ' ',
            (true, 2) => '\u{b7}',
            (true, _) => '\u{fffd}',
        })
        .collect()
}

/// A diagnostic as miette wants it.
struct View {
    message: String,
    code: Option<&'static str>,
    severity: Severity,
    help: Option<String>,
    source: Option<Arc<NamedSource<String>>>,
    labels: Vec<LabeledSpan>,
    related: Vec<View>,
}

impl fmt::Debug for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Display for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for View {}

impl miette::Diagnostic for View {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.code.map(|code| Box::new(code) as Box<dyn fmt::Display>)
    }

    fn severity(&self) -> Option<Severity> {
        Some(self.severity)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| &**source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn miette::Diagnostic> + 'a>> {
        Some(Box::new(self.related.iter().map(|view| view as &dyn miette::Diagnostic)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_keeps_its_length_and_loses_its_power() {
        let text = "a\x1b[31m\u{9b}b\u{202e}c\r\n";
        let safe = same_length(text);
        assert_eq!(safe.len(), text.len());
        assert!(!safe.contains('\x1b') && !safe.contains('\u{9b}') && !safe.contains('\u{202e}'));
        assert_eq!(clean("a\x1bb\nc"), "a\u{fffd}b c");
    }
}
