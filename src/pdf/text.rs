//! Inline text to lines.
//!
//! In: inlines and a base style. Out: a [`Paragraph`] of *atoms* (shaped pieces between places where a line may end),
//! then [`Lines`] for a width. Lines end where Unicode (UAX 14) allows it; a word that no line can hold is hyphenated
//! in prose, else broken after `/ . - _ @ :` and the like, else anywhere. Text is set ragged right.
//!
//! Invariant: no line is wider than asked, unless a single glyph is.

use std::ops::Range;

use unicode_linebreak::{BreakOpportunity, linebreaks};

use super::{
    chars,
    font::{Face, Figures, Fonts, LONGEST_PIECE, Shaped},
    ink::{self, Rgb},
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
enum After {
    /// No: the style changes within a word.
    Glue,
    /// Only if the word fits no line.
    Reluctantly,
    Gladly,
    /// It must.
    Forced,
}

#[derive(Debug, Clone)]
enum Atom {
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

/// A piece of a line.
#[derive(Debug, Clone, Copy)]
pub(super) enum Piece {
    Text { shaped: Shaped, style: u16 },
    Badge(Badge),
    Dot(Rgb, f32),
}

/// A piece and where it lies.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fragment {
    pub x: f32,
    pub width: f32,
    pub piece: Piece,
}

/// Lines of a paragraph at some width.
#[derive(Debug, Default)]
pub(super) struct Lines {
    pub fragments: Vec<Fragment>,
    /// Fragments and natural width of each line.
    pub lines: Vec<(Range<usize>, f32)>,
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
    text: String,
    pub styles: Vec<Style>,
    atoms: Vec<Atom>,
    hyphenate: Option<hypher::Lang>,
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

    fn size(&self, style: u16) -> f32 {
        self.styles.get(style as usize).map_or(10.0, |style| style.size) / 1000.0
    }

    /// Width of an atom without and of its trailing space.
    fn width(&self, atom: &Atom) -> (f32, f32) {
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
    fn words(&self) -> impl Iterator<Item = &[Atom]> {
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

    /// Breaks the paragraph into lines of at most `width`.
    pub(super) fn lines(&self, width: f32, fonts: &mut Fonts) -> Lines {
        let lines = self.filled(width, fonts);
        let count = lines.lines.len();
        let last = |lines: &Lines| lines.lines.last().map_or(0.0, |(_, width)| *width);
        // A single short word on the last line of prose: slightly shorter lines often give it company.
        if self.hyphenate.is_some() && (2..=40).contains(&count) && last(&lines) < width * 0.12 {
            for share in [0.97, 0.94, 0.91] {
                let other = self.filled(width * share, fonts);
                if other.lines.len() == count && last(&other) > width * 0.15 {
                    return other;
                }
            }
        }
        lines
    }

    fn filled(&self, width: f32, fonts: &mut Fonts) -> Lines {
        let mut filler =
            Filler { paragraph: self, limit: width + 0.01, x: 0.0, trail: 0.0, start: 0, out: Lines::default() };
        for word in self.words() {
            filler.word(word, fonts);
            if matches!(word.last(), Some(Atom::Text { after: After::Forced, .. })) {
                filler.end_line();
            }
        }
        if filler.out.fragments.len() > filler.start || filler.out.lines.is_empty() {
            filler.end_line();
        }
        filler.out
    }
}

/// Room that a team's dot takes.
pub(super) fn dot_width(size: f32) -> f32 {
    size * 0.85
}

/// Places within a name after which it may be broken.
fn places(text: &str) -> impl Iterator<Item = usize> {
    let bytes = text.as_bytes();
    (1..bytes.len()).filter(move |at| {
        matches!(
            bytes[at - 1],
            b'/' | b'.' | b'-' | b'_' | b'@' | b':' | b'=' | b',' | b';' | b'?' | b'&' | b'|' | b'+' | b'#'
        ) && !matches!(bytes[*at], b'/' | b'.' | b',' | b';' | b':' | b')' | b']')
    })
}

struct Filler<'p> {
    paragraph: &'p Paragraph,
    limit: f32,
    x: f32,
    trail: f32,
    start: usize,
    out: Lines,
}

impl Filler<'_> {
    fn end_line(&mut self) {
        self.out.lines.push((self.start..self.out.fragments.len(), self.x));
        self.start = self.out.fragments.len();
        self.x = 0.0;
        self.trail = 0.0;
    }

    fn is_fresh(&self) -> bool {
        self.out.fragments.len() == self.start
    }

    fn push(&mut self, piece: Piece, width: f32, trail: f32) {
        let x = self.x + self.trail;
        self.out.fragments.push(Fragment { x, width, piece });
        self.x = x + width;
        self.trail = trail;
    }

    fn push_atom(&mut self, atom: &Atom) {
        let (width, trail) = self.paragraph.width(atom);
        let piece = match atom {
            Atom::Text { shaped, style, .. } => Piece::Text { shaped: *shaped, style: *style },
            Atom::Badge(badge) => Piece::Badge(*badge),
            Atom::Dot(ink, size) => Piece::Dot(*ink, *size),
        };
        self.push(piece, width, trail);
    }

    fn word(&mut self, word: &[Atom], fonts: &mut Fonts) {
        let mut width = 0.0;
        let mut trail = 0.0;
        for atom in word {
            let (own, space) = self.paragraph.width(atom);
            width += trail + own;
            trail = space;
        }
        if self.x + self.trail + width <= self.limit {
            word.iter().for_each(|atom| self.push_atom(atom));
            return;
        }
        if self.hyphenated(word, fonts) {
            return;
        }
        if width <= self.limit && !self.is_fresh() {
            self.end_line();
            word.iter().for_each(|atom| self.push_atom(atom));
            return;
        }
        for atom in word {
            self.in_pieces(atom, fonts);
        }
    }

    /// Hyphenates a word of prose if a good part of the line would stay empty.
    fn hyphenated(&mut self, word: &[Atom], fonts: &mut Fonts) -> bool {
        let (Some(language), [Atom::Text { shaped, style, text, .. }]) = (self.paragraph.hyphenate, word) else {
            return false;
        };
        let look = self.paragraph.styles[*style as usize];
        let room = self.limit - self.x - self.trail;
        if look.code || (room < self.limit * 0.14 && !self.is_fresh()) {
            return false;
        }
        let text = &self.paragraph.text[text.start as usize..text.end as usize];
        let letters = text.find(|c: char| !c.is_alphabetic()).unwrap_or(text.len());
        // hypher without its allocator cannot take longer words.
        if !(7..=40).contains(&letters) || text[letters..].trim_end().len() > 2 {
            return false;
        }
        let (hyphen, hyphen_width) = fonts.hyphen(look.face, look.figures);
        let size = self.paragraph.size(*style);
        let mut at = 0;
        let mut best = None;
        for syllable in hypher::hyphenate(&text[..letters], language) {
            at += syllable.len();
            if at < 3 || letters.saturating_sub(at) < 3 {
                continue;
            }
            let part = fonts.part(*shaped, 0..at);
            if (part.width + hyphen_width) as f32 * size <= room {
                best = Some((at, part));
            }
        }
        let Some((at, part)) = best else { return false };
        self.push(Piece::Text { shaped: part, style: *style }, part.width as f32 * size, 0.0);
        self.push(Piece::Text { shaped: hyphen, style: *style }, hyphen_width as f32 * size, 0.0);
        self.end_line();
        let rest = fonts.part(*shaped, at..text.len());
        let rest = Shaped { width: rest.width - shaped.trail, trail: shaped.trail, ..rest };
        self.push(Piece::Text { shaped: rest, style: *style }, rest.width as f32 * size, shaped.trail as f32 * size);
        true
    }

    /// Sets an atom of a word that no line can hold, filling lines from where the pen is.
    fn in_pieces(&mut self, atom: &Atom, fonts: &mut Fonts) {
        let Atom::Text { shaped, style, text, .. } = atom else {
            let (width, _) = self.paragraph.width(atom);
            if !self.is_fresh() && self.x + self.trail + width > self.limit {
                self.end_line();
            }
            match atom {
                Atom::Badge(badge) if width > self.limit => {
                    // Too wide for a label: the sign and the text, which may then be divided.
                    self.glyphs(badge.sign, u16::MAX, badge, fonts);
                    self.trail = badge.size * 0.25;
                    self.glyphs(badge.text, u16::MAX, badge, fonts);
                }
                _ => self.push_atom(atom),
            }
            return;
        };
        let size = self.paragraph.size(*style);
        let text = &self.paragraph.text[text.start as usize..text.end as usize];
        let end = text.trim_end_matches(' ').len();
        let mut start = 0;
        while start < end {
            let room = self.limit - self.x - self.trail;
            let rest = fonts.part(*shaped, start..end);
            if rest.width as f32 * size <= room {
                self.push(Piece::Text { shaped: rest, style: *style }, rest.width as f32 * size, 0.0);
                break;
            }
            let fits = |to: usize| fonts.part(*shaped, start..to).width as f32 * size <= room;
            let mut cut = places(text).filter(|at| *at > start && *at < end).take_while(|at| fits(*at)).last();
            if cut.is_none() {
                if !self.is_fresh() {
                    self.end_line();
                    continue;
                }
                // Anywhere, but at least one character.
                let mut ends = text[start..end].char_indices().map(|(at, c)| start + at + c.len_utf8());
                let first = ends.next().unwrap_or(end);
                cut = Some(ends.take_while(|at| fits(*at)).last().unwrap_or(first));
            }
            let cut = cut.unwrap_or(end);
            let part = fonts.part(*shaped, start..cut);
            self.push(Piece::Text { shaped: part, style: *style }, part.width as f32 * size, 0.0);
            self.end_line();
            start = cut;
        }
        self.trail = shaped.trail as f32 * size;
    }

    /// Sets glyphs of a badge one line after the other.
    fn glyphs(&mut self, shaped: Shaped, _style: u16, badge: &Badge, fonts: &mut Fonts) {
        let size = badge.size / 1000.0;
        let mut from = shaped.start;
        let end = shaped.start + shaped.len;
        while from < end {
            let room = self.limit - self.x - self.trail;
            let mut width = 0.0;
            let mut to = from;
            let mut space = None;
            while to < end {
                let glyph = fonts.glyphs[to as usize];
                let advance = f32::from(glyph.advance) * size;
                if width + advance > room && to > from {
                    break;
                }
                width += advance;
                to += 1;
                let code = &fonts.usage(Face::Semibold).codes[glyph.code as usize];
                if &*code.text == " " {
                    space = Some((to, width));
                }
            }
            if to < end
                && let Some((place, upto)) = space
            {
                (to, width) = (place, upto);
            }
            let part = Shaped { start: from, len: to - from, width: (width / size) as i32, trail: 0 };
            let label = Badge { text: part, sign: Shaped::default(), ..*badge };
            // A badge without sign is drawn as plain text in the tone's colour.
            let x = self.x + self.trail;
            self.out.fragments.push(Fragment { x, width, piece: Piece::Badge(label) });
            self.x = x + width;
            self.trail = 0.0;
            if to < end {
                self.end_line();
            }
            from = to;
        }
    }
}
