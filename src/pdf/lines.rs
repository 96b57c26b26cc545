//! Paragraphs to lines.
//!
//! Lines are filled greedily and set ragged right. A word that does not fit goes to the next line; in prose it is
//! hyphenated if a good part of the line would stay empty. A word that no line can hold is broken after
//! `/ . - _ @ :` and the like, else anywhere. Invariant: no line is wider than asked, unless a single glyph is.

use std::ops::Range;

use super::{
    font::{Face, Fonts, Shaped},
    ink::Rgb,
    text::{After, Atom, Badge, Paragraph},
};

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

impl Paragraph {
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

/// Places within a name after which it may be broken.
pub(super) fn places(text: &str) -> impl Iterator<Item = usize> {
    let bytes = text.as_bytes();
    (1..bytes.len()).filter(move |at| {
        matches!(
            bytes[at - 1],
            b'/' | b'.' | b'-' | b'_' | b'@' | b':' | b'=' | b',' | b';' | b'?' | b'&' | b'|' | b'+' | b'#'
        ) && !matches!(bytes[*at], b'/' | b'.' | b',' | b';' | b':' | b')' | b']')
    })
}

/// A line being filled.
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
                    self.glyphs(badge.sign, badge, fonts);
                    self.trail = badge.size * 0.25;
                    self.glyphs(badge.text, badge, fonts);
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
    fn glyphs(&mut self, shaped: Shaped, badge: &Badge, fonts: &Fonts) {
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
