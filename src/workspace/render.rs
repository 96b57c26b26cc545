//! How a diagnostic looks on a terminal: miette draws it, this makes the text safe to draw.

use std::{fmt, sync::Arc};

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, Severity, SourceCode,
    SourceSpan, SpanContents,
};

use crate::visible::deceives;

use super::{
    diagnostic::{Diagnostic, Level},
    source::{Place, Source},
};

/// Bytes of the longest line that is drawn.
const LONGEST: usize = 400;

/// Draws diagnostics, each followed by an empty line.
pub struct Renderer {
    handler: GraphicalReportHandler,
    /// Texts already made safe, by file.
    texts: Vec<Arc<SafeText>>,
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
        let drawable = drawable(&diagnostic.place);
        if drawable {
            labels.push(LabeledSpan::new_primary_with_span(words(&diagnostic.label), range(&diagnostic.place)));
            labels.extend(
                near.iter()
                    .filter(|(place, _)| self::drawable(place))
                    .map(|(place, text)| LabeledSpan::new_with_span(words(text), range(place))),
            );
        }
        let related = far
            .into_iter()
            .filter(|(place, _)| self::drawable(place))
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
            message: match drawable || diagnostic.place.source.text().is_empty() {
                true => clean(&diagnostic.message),
                false => clean(&format!(
                    "{}, at {}, column {}",
                    diagnostic.message,
                    diagnostic.place,
                    diagnostic.place.column()
                )),
            },
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

    fn source(&mut self, place: &Place) -> Arc<SafeText> {
        if let Some(text) = self.texts.iter().find(|text| Arc::ptr_eq(&text.source, &place.source)) {
            return Arc::clone(text);
        }
        let text = Arc::new(SafeText {
            name: clean(place.source.path()),
            text: same_length(place.source.text()),
            source: Arc::clone(&place.source),
        });
        self.texts.push(Arc::clone(&text));
        text
    }
}

/// A file's text that steers nothing, byte for byte where the file has it. Unlike miette's own sources it finds lines
/// through the index of the file, not by reading from its start.
struct SafeText {
    name: String,
    text: String,
    source: Arc<Source>,
}

impl SourceCode for SafeText {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let first = self.source.line(span.offset()).saturating_sub(before).max(1);
        let base = self.source.line_start(first);
        let rest = self.text.as_bytes().get(base..).ok_or(MietteError::OutOfBounds)?;
        let near = SourceSpan::from((span.offset().saturating_sub(base), span.len()));
        // Bound by the slice's own lifetime, which is that of `self`.
        let contents = <[u8] as SourceCode>::read_span(rest, &near, before, after)?;
        let at = SourceSpan::from((contents.span().offset() + base, contents.span().len()));
        let line = contents.line() + first - 1;
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            contents.data(),
            at,
            line,
            contents.column(),
            contents.line_count(),
        )))
    }
}

/// Its lines are short enough for a screen, as far as they are drawn.
fn drawable(place: &Place) -> bool {
    let text = place.source.text();
    let (before, after) = text.split_at_checked(place.span.start).unwrap_or((text, ""));
    let short = |lines: &mut dyn Iterator<Item = &str>| lines.take(2).all(|line| line.len() <= LONGEST);
    !text.is_empty() && short(&mut before.rsplit('\n')) && short(&mut after.split('\n'))
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

/// One line of text that steers nothing.
pub(crate) fn clean(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_whitespace() {
                ' '
            } else if deceives(c) {
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
        .map(|c| match (deceives(c), c.len_utf8()) {
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
    source: Option<Arc<SafeText>>,
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
