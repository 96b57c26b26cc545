//! Inline text to paragraphs.
//!
//! In: inlines and a base style. Out: a [`Paragraph`] of *atoms*, shaped pieces between the places where Unicode (UAX 14)
//! lets a line end, and how narrow and wide it can be. [`super::lines`] then breaks it for a width.

use std::ops::Range;

use unicode_linebreak::{BreakOpportunity, linebreaks};

use super::{
    chars,
    font::{Face, Figures, Fonts, LONGEST_PIECE, Shaped},
    ink::{self, Rgb},
    lines::places,
    page::Link,
};
use crate::document::{Inline, Tone, palette, plain};

/// How a piece of text looks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Style {
    pub face: Face,
    pub size: f32,
    pub ink: Rgb,
    pub figures: Figures,
    /// Link in the document's list.
    pub link: Option<u32>,
    /// A name of the machine: lines prefer to end elsewhere, never hyphenated.
    pub code: bool,
}

impl Style {
    pub(super) fn new(size: f32) -> Self {
        Self { face: Face::Regular, size, ink: ink::TEXT, figures: Figures::Tabular, link: None, code: false }
    }

    pub(super) fn ink(self, ink: Rgb) -> Self {
        Self { ink, ..self }
    }

    pub(super) fn face(self, face: Face) -> Self {
        Self { face, ..self }
    }

    fn strong(self) -> Self {
        let face = match self.face {
            Face::Regular | Face::Semibold => Face::Semibold,
            Face::Italic | Face::SemiboldItalic => Face::SemiboldItalic,
            Face::Mono | Face::MonoSemibold => Face::MonoSemibold,
        };
        Self { face, ..self }
    }

    fn emphasis(self) -> Self {
        let face = match self.face {
            Face::Regular => Face::Italic,
            Face::Semibold => Face::SemiboldItalic,
            Face::Italic => Face::Regular,
            Face::SemiboldItalic => Face::Semibold,
            mono => mono,
        };
        Self { face, ..self }
    }

    /// A name of the machine within this text: the mono family looks larger, so it is set smaller.
    fn machine(self) -> Self {
        let face = match self.face {
            Face::Semibold | Face::SemiboldItalic | Face::MonoSemibold => Face::MonoSemibold,
            _ => Face::Mono,
        };
        let size = if self.face.is_mono() { self.size } else { self.size * 0.9 };
        Self { face, size, code: true, ..self }
    }
}

/// May a line end after an atom?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum After {
    /// No: the style changes within a word.
    Glue,
    /// Only if the word fits no line.
    Reluctantly,
    Gladly,
    /// It must.
    Forced,
}

#[derive(Debug, Clone)]
pub(super) enum Atom {
    Text { shaped: Shaped, style: u16, text: Range<u32>, after: After },
    Badge(Badge),
    Dot(Rgb, f32),
}

/// A status as a round label.
#[derive(Debug, Clone, Copy)]
pub(super) struct Badge {
    pub tone: Tone,
    pub sign: Shaped,
    pub text: Shaped,
    pub size: f32,
}

impl Badge {
    pub(super) fn width(&self) -> f32 {
        self.padding() * 2.0 + self.sign_width() + self.text.width as f32 / 1000.0 * self.size
    }

    pub(super) fn padding(&self) -> f32 {
        self.size * 0.5
    }

    /// Width of the sign and the space after it.
    pub(super) fn sign_width(&self) -> f32 {
        (self.sign.width as f32 / 1000.0 + 0.3) * self.size
    }
}

/// How narrow and how wide a text can be.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Extent {
    /// Broken at every place where it may be.
    pub min: f32,
    /// Broken only where lines like to end.
    pub fair: f32,
    /// On one line.
    pub max: f32,
}

impl Extent {
    pub(super) fn union(self, other: Extent) -> Extent {
        Extent { min: self.min.max(other.min), fair: self.fair.max(other.fair), max: self.max.max(other.max) }
    }

    pub(super) fn widened(self, by: f32) -> Extent {
        Extent { min: self.min + by, fair: self.fair + by, max: self.max + by }
    }
}

/// Text ready to be broken into lines.
#[derive(Debug, Default)]
pub(super) struct Paragraph {
    pub text: String,
    pub styles: Vec<Style>,
    atoms: Vec<Atom>,
    /// Prose may be hyphenated, by the patterns of this language.
    pub hyphenate: Option<hypher::Lang>,
}

enum Span {
    Text(Range<usize>, u16),
    Badge(usize, Tone, String, u16),
    Dot(Rgb, f32),
}

/// Builds paragraphs: collects links and knows the colours.
pub(super) struct Reader<'a> {
    pub fonts: &'a mut Fonts,
    pub links: &'a mut Vec<Link>,
    pub link_ink: Rgb,
}

impl Reader<'_> {
    /// Shapes the inlines. `hyphenate` is given for prose only.
    pub(super) fn read(&mut self, inlines: &[Inline], base: Style, hyphenate: Option<hypher::Lang>) -> Paragraph {
        let mut paragraph = Paragraph { hyphenate, ..Paragraph::default() };
        let mut spans = Vec::new();
        self.collect(inlines, base, &mut paragraph, &mut spans);
        self.cut(&mut paragraph, &spans);
        paragraph
    }

    fn collect(&mut self, inlines: &[Inline], style: Style, into: &mut Paragraph, spans: &mut Vec<Span>) {
        for inline in inlines {
            match inline {
                Inline::Text { text } => self.span(text, style, into, spans),
                Inline::Code { text } => self.span(text, style.machine(), into, spans),
                Inline::Strong { text } => self.collect(text, style.strong(), into, spans),
                Inline::Emphasis { text } => self.collect(text, style.emphasis(), into, spans),
                Inline::Link { target, text } => {
                    let link = self.links.len() as u32;
                    self.links.push(Link { target: target.clone(), text: plain(text).into() });
                    self.collect(text, Style { link: Some(link), ink: self.link_ink, ..style }, into, spans);
                }
                Inline::Badge { tone, text } => {
                    let at = into.text.len();
                    into.text.push('\u{fffc}');
                    let style = into.style(style);
                    spans.push(Span::Badge(at, *tone, text.clone(), style));
                }
                Inline::Team { index, text } => {
                    let strong = ink::team(*index);
                    spans.push(Span::Dot(strong, style.size));
                    self.span(text, style.ink(strong), into, spans);
                }
                Inline::Break => into.text.push('\n'),
            }
        }
    }

    fn span(&mut self, text: &str, style: Style, into: &mut Paragraph, spans: &mut Vec<Span>) {
        chars::visible(self.fonts, style.face, text, |face, run| {
            let start = into.text.len();
            into.text.push_str(run);
            let style = into.style(Style { face, ..style });
            spans.push(Span::Text(start..into.text.len(), style));
        });
    }

    /// Cuts the text into atoms at the ends of styles and where lines may end.
    fn cut(&mut self, paragraph: &mut Paragraph, spans: &[Span]) {
        let text = std::mem::take(&mut paragraph.text);
        let mut breaks = linebreaks(&text).peekable();
        for span in spans {
            match span {
                Span::Dot(ink, size) => paragraph.atoms.push(Atom::Dot(*ink, *size)),
                Span::Badge(at, tone, label, style) => {
                    while breaks.next_if(|(place, _)| *place <= *at).is_some() {}
                    let look = paragraph.styles[*style as usize];
                    self.badge(*tone, label, look, paragraph);
                    let end = *at + '\u{fffc}'.len_utf8();
                    if text[end..].starts_with('\n') {
                        // A badge cannot end a line by itself: an empty piece after it does.
                        let shaped = self.fonts.shape(look.face, look.figures, "");
                        let text = end as u32..end as u32;
                        paragraph.atoms.push(Atom::Text { shaped, style: *style, text, after: After::Forced });
                    }
                }
                Span::Text(range, style) => {
                    let look = paragraph.styles[*style as usize];
                    let mut start = range.start;
                    while start < range.end {
                        while breaks.next_if(|(place, _)| *place <= start).is_some() {}
                        let (mut end, mut after) = match breaks.peek() {
                            Some((place, _)) if *place > range.end => (range.end, After::Glue),
                            Some((place, BreakOpportunity::Mandatory)) => {
                                // The line feed itself belongs to no span.
                                (range.end.min(*place), if *place < text.len() { After::Forced } else { After::Gladly })
                            }
                            Some((place, BreakOpportunity::Allowed)) => {
                                let spaced = text[..*place].ends_with(' ');
                                (*place, if look.code && !spaced { After::Reluctantly } else { After::Gladly })
                            }
                            None => (range.end, After::Gladly),
                        };
                        if end - start > LONGEST_PIECE {
                            end = floor_boundary(&text, start + LONGEST_PIECE);
                            after = After::Reluctantly;
                        }
                        let shaped = self.fonts.shape(look.face, look.figures, &text[start..end]);
                        let text = start as u32..end as u32;
                        paragraph.atoms.push(Atom::Text { shaped, style: *style, text, after });
                        start = end;
                    }
                    // A line feed right after the span.
                    if text[range.end..].starts_with('\n')
                        && let Some(Atom::Text { after, .. }) = paragraph.atoms.last_mut()
                    {
                        *after = After::Forced;
                    }
                }
            }
        }
        drop(breaks);
        paragraph.text = text;
    }

    fn badge(&mut self, tone: Tone, label: &str, style: Style, paragraph: &mut Paragraph) {
        let size = style.size * 0.88;
        let mut shown = String::new();
        chars::visible(self.fonts, Face::Semibold, label, |_, run| shown.push_str(run));
        // A label longer than this would not fit any cell: it is cut off with an ellipsis only in looks of a label.
        let end = floor_boundary(&shown, LONGEST_PIECE.min(shown.len()));
        let sign = self.fonts.shape(Face::Semibold, Figures::Tabular, palette::symbol(tone));
        let text = self.fonts.shape(Face::Semibold, Figures::Tabular, &shown[..end]);
        paragraph.atoms.push(Atom::Badge(Badge { tone, sign, text, size }));
    }
}

fn floor_boundary(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

impl Paragraph {
    fn style(&mut self, style: Style) -> u16 {
        if let Some(at) = self.styles.iter().position(|known| *known == style) {
            return at as u16;
        }
        self.styles.push(style);
        (self.styles.len() - 1).min(u16::MAX as usize) as u16
    }

    pub(super) fn is_empty(&self) -> bool {
        self.atoms.is_empty()
    }

    pub(super) fn size(&self, style: u16) -> f32 {
        self.styles.get(style as usize).map_or(10.0, |style| style.size) / 1000.0
    }

    /// Width of an atom without and of its trailing space.
    pub(super) fn width(&self, atom: &Atom) -> (f32, f32) {
        match atom {
            Atom::Text { shaped, style, .. } => {
                let size = self.size(*style);
                (shaped.width as f32 * size, shaped.trail as f32 * size)
            }
            Atom::Badge(badge) => (badge.width(), 0.0),
            Atom::Dot(_, size) => (dot_width(*size), 0.0),
        }
    }

    /// Words: atoms up to a place where lines like to end.
    pub(super) fn words(&self) -> impl Iterator<Item = &[Atom]> {
        self.atoms.split_inclusive(|atom| match atom {
            Atom::Text { after, .. } => matches!(after, After::Gladly | After::Forced),
            Atom::Badge(_) => true,
            Atom::Dot(..) => false,
        })
    }

    /// Narrowest, fair and widest width.
    pub(super) fn extent(&self, fonts: &Fonts) -> Extent {
        let mut extent = Extent::default();
        let mut line = 0.0_f32;
        for word in self.words() {
            let mut width = 0.0;
            let mut trail = 0.0;
            for atom in word {
                width += trail;
                let (own, space) = self.width(atom);
                width += own;
                trail = space;
                extent.min = extent.min.max(self.narrowest(atom, fonts));
            }
            // A long name is better broken than a column made so wide for it that others suffer.
            let most = self.breakable(word);
            extent.fair = extent.fair.max(if width > most && most > 0.0 { most.max(extent.min) } else { width });
            line += width;
            extent.max = extent.max.max(line);
            line += trail;
            if matches!(word.last(), Some(Atom::Text { after: After::Forced, .. })) {
                line = 0.0;
            }
        }
        extent.min = extent.min.min(extent.fair);
        extent
    }

    /// Width above which a word should be broken; 0 if it has no place for that.
    fn breakable(&self, word: &[Atom]) -> f32 {
        match word.first() {
            Some(Atom::Text { style, text, .. }) => {
                let text = &self.text[text.start as usize..text.end as usize];
                let divided = word.len() > 1 || places(text).next().is_some();
                if divided { self.size(*style) * 1000.0 * 16.0 } else { 0.0 }
            }
            _ => 0.0,
        }
    }

    /// Width of the widest piece of an atom broken wherever names may be.
    fn narrowest(&self, atom: &Atom, fonts: &Fonts) -> f32 {
        let Atom::Text { shaped, style, text, .. } = atom else { return self.width(atom).0 };
        let size = self.size(*style);
        let text = &self.text[text.start as usize..text.end as usize];
        if text.len() < 6 {
            return shaped.width as f32 * size;
        }
        let mut widest = 0;
        let mut start = 0;
        for end in places(text).chain([text.trim_end().len()]) {
            if end > start {
                widest = widest.max(fonts.part(*shaped, start..end).width);
                start = end;
            }
        }
        widest as f32 * size
    }
}

/// Room that a team's dot takes.
pub(super) fn dot_width(size: f32) -> f32 {
    size * 0.85
}
