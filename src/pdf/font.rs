//! Faces, shaping, and the numbers under which glyphs are drawn.
//!
//! In: a face and a piece of text whose characters the face has (see [`super::chars`]). Out: a [`Shaped`] range of
//! [`Glyph`]s in one arena, measured in thousandths of the type size. Every distinct piece is shaped once per document.
//!
//! A glyph is drawn under a *code* that stands for (glyph, text it stands for): two characters that share an outline
//! keep their own `ToUnicode` entry, so copied text is always the text that was written. Codes are given out in order of
//! first use, which is the reading order, so they do not depend on anything but the document.

use std::{collections::HashMap, ops::Range, sync::OnceLock};

use harfrust::{Buffer, ClusterLevel, Direction, Feature, Font, Script, ShapeOptions, ShapePlan, ShaperFont, Tag};

use super::Error;

/// A face of the two families.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Face {
    Regular,
    Italic,
    Semibold,
    SemiboldItalic,
    Mono,
    MonoSemibold,
}

impl Face {
    pub(super) const ALL: [Face; 6] =
        [Face::Regular, Face::Italic, Face::Semibold, Face::SemiboldItalic, Face::Mono, Face::MonoSemibold];

    fn file(self) -> &'static str {
        match self {
            Face::Regular => "fonts/SourceSans3-Regular.ttf",
            Face::Italic => "fonts/SourceSans3-Italic.ttf",
            Face::Semibold => "fonts/SourceSans3-Semibold.ttf",
            Face::SemiboldItalic => "fonts/SourceSans3-SemiboldItalic.ttf",
            Face::Mono => "fonts/SourceCodePro-Regular.ttf",
            Face::MonoSemibold => "fonts/SourceCodePro-Semibold.ttf",
        }
    }

    /// Name of the face as PDF wants it, without the subset's tag.
    pub(super) fn postscript_name(self) -> &'static str {
        match self {
            Face::Regular => "SourceSans3-Regular",
            Face::Italic => "SourceSans3-It",
            Face::Semibold => "SourceSans3-Semibold",
            Face::SemiboldItalic => "SourceSans3-SemiboldIt",
            Face::Mono => "SourceCodePro-Regular",
            Face::MonoSemibold => "SourceCodePro-Semibold",
        }
    }

    /// Resource name in content streams.
    pub(super) fn resource(self) -> &'static str {
        match self {
            Face::Regular => "F0",
            Face::Italic => "F1",
            Face::Semibold => "F2",
            Face::SemiboldItalic => "F3",
            Face::Mono => "F4",
            Face::MonoSemibold => "F5",
        }
    }

    pub(super) fn is_mono(self) -> bool {
        matches!(self, Face::Mono | Face::MonoSemibold)
    }

    pub(super) fn is_italic(self) -> bool {
        matches!(self, Face::Italic | Face::SemiboldItalic)
    }

    /// The face where a character is looked for when this one lacks it.
    pub(super) fn fallback(self) -> Option<Face> {
        match self {
            Face::Mono => Some(Face::Regular),
            Face::MonoSemibold => Some(Face::Semibold),
            _ => None,
        }
    }

    fn index(self) -> usize {
        self as usize
    }
}

/// How figures look. The families' own figures are tabular.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Figures {
    /// All of one width, for tables and page numbers.
    Tabular,
    /// Each of its own width, for prose.
    Proportional,
}

/// One glyph as drawn. All measures are thousandths of the type size.
#[derive(Debug, Clone, Copy)]
pub(super) struct Glyph {
    /// Code in the content stream.
    pub code: u16,
    /// Pen movement, kerning included.
    pub advance: i16,
    /// Shift to the right.
    pub dx: i16,
    /// Shift upwards.
    pub dy: i16,
    /// Byte in the shaped text where its cluster begins.
    pub cluster: u16,
}

/// A shaped piece of text.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Shaped {
    /// First glyph in the arena.
    pub start: u32,
    /// Glyphs.
    pub len: u32,
    /// Width without trailing space, thousandths of the type size.
    pub width: i32,
    /// Width of the trailing space.
    pub trail: i32,
}

impl Shaped {
    pub(super) fn range(self) -> Range<usize> {
        self.start as usize..(self.start + self.len) as usize
    }
}

/// A code's meaning.
#[derive(Debug, Clone)]
pub(super) struct Code {
    /// Glyph in the whole face.
    pub glyph: u16,
    /// Its own width there.
    pub width: i16,
    /// Text it stands for.
    pub text: Box<str>,
}

/// What one face was used for.
#[derive(Debug, Default)]
pub(super) struct Usage {
    /// By code; code 0 is the missing glyph.
    pub codes: Vec<Code>,
    by_glyph: HashMap<(u16, Box<str>), u16>,
}

/// Longest piece that is shaped at once; longer ones are cut by the caller.
pub(super) const LONGEST_PIECE: usize = 2048;

/// The faces of one document with everything shaped so far.
pub(super) struct Fonts {
    shapers: Vec<ShaperFont<'static, 'static>>,
    caches: [HashMap<Box<str>, Shaped>; 12],
    plans: HashMap<(Face, Figures, [u8; 4]), ShapePlan>,
    covered: HashMap<(Face, char), bool>,
    buffer: Buffer,
    usage: [Usage; 6],
    pub(super) glyphs: Vec<Glyph>,
}

fn fonts() -> Option<&'static [Font]> {
    static FONTS: OnceLock<Option<Vec<Font>>> = OnceLock::new();
    FONTS.get_or_init(|| Face::ALL.iter().map(|face| Font::new(bytes(*face)?, 0)).collect()).as_deref()
}

/// The face's file as embedded in the program.
pub(super) fn bytes(face: Face) -> Option<&'static [u8]> {
    crate::embedded::SITE.get_file(face.file()).map(include_dir::File::contents)
}

impl Fonts {
    pub(super) fn new() -> Result<Self, Error> {
        let fonts = fonts().ok_or(Error::Fonts)?;
        Ok(Self {
            shapers: fonts.iter().map(ShaperFont::new).collect(),
            caches: Default::default(),
            plans: HashMap::new(),
            covered: HashMap::new(),
            buffer: Buffer::new(),
            usage: Default::default(),
            glyphs: Vec::new(),
        })
    }

    /// Whether the face has a glyph for the character.
    pub(super) fn covers(&mut self, face: Face, character: char) -> bool {
        if character.is_ascii() {
            return !character.is_ascii_control();
        }
        let shaper = &self.shapers[face.index()];
        *self
            .covered
            .entry((face, character))
            .or_insert_with(|| shaper.default_nominal_glyph(character as u32).is_some_and(|glyph| glyph.to_u32() != 0))
    }

    /// The face's own glyph for a character, and its width.
    pub(super) fn nominal(&self, face: Face, character: char) -> Option<(u16, i16)> {
        let shaper = &self.shapers[face.index()];
        let glyph = shaper.default_nominal_glyph(character as u32)?;
        Some((u16::try_from(glyph.to_u32()).ok()?, small(shaper.default_glyph_h_advance(glyph))))
    }

    /// Shapes a piece of at most [`LONGEST_PIECE`] bytes, left to right.
    pub(super) fn shape(&mut self, face: Face, figures: Figures, text: &str) -> Shaped {
        let cache = face.index() * 2 + figures as usize;
        if let Some(shaped) = self.caches[cache].get(text) {
            return *shaped;
        }
        let shaped = self.shape_anew(face, figures, text);
        self.caches[cache].insert(text.into(), shaped);
        shaped
    }

    fn shape_anew(&mut self, face: Face, figures: Figures, text: &str) -> Shaped {
        let script = script_of(text);
        let features: &[Feature] = match figures {
            Figures::Proportional if !face.is_mono() => {
                &[Feature { tag: Tag::new(b"pnum"), value: 1, start: Feature::GLOBAL_START, end: Feature::GLOBAL_END }]
            }
            _ => &[],
        };
        let shaper = &self.shapers[face.index()];
        let plan = self
            .plans
            .entry((face, figures, script_key(text)))
            .or_insert_with(|| ShapePlan::new(shaper, Direction::LeftToRight, Some(script), None, features));
        let buffer = &mut self.buffer;
        buffer.clear();
        buffer.push_str(text);
        buffer.set_direction(Direction::LeftToRight);
        buffer.set_script(Some(script));
        buffer.set_cluster_level(ClusterLevel::MonotoneCharacters);
        // Shaping fails only for a mismatched plan; the piece then draws nothing, which the text tests would show.
        if harfrust::shape(shaper, buffer, ShapeOptions::new().plan(Some(plan)).features(features)).is_err() {
            return Shaped::default();
        }
        let start = self.glyphs.len() as u32;
        let trimmed = text.trim_end_matches(' ').len();
        let (mut width, mut trail) = (0, 0);
        let infos = buffer.glyph_infos();
        let mut first = 0;
        while first < infos.len() {
            let cluster = infos[first].cluster as usize;
            let mut end = first + 1;
            while end < infos.len() && infos[end].cluster as usize == cluster {
                end += 1;
            }
            let next = infos.get(end).map_or(text.len(), |info| info.cluster as usize);
            for (index, info) in infos.iter().enumerate().take(end).skip(first) {
                // The text of a cluster goes to its first glyph; further ones stand for nothing of their own.
                let meaning = if index == first { text.get(cluster..next).unwrap_or("") } else { "" };
                let glyph = u16::try_from(info.glyph_id).unwrap_or(0);
                let position = buffer.glyph_positions()[index];
                let own = shaper.default_glyph_h_advance(info.glyph_id.into());
                let code = self.usage[face.index()].code(glyph, small(own), meaning);
                self.glyphs.push(Glyph {
                    code,
                    advance: small(position.x_advance),
                    dx: small(position.x_offset),
                    dy: small(position.y_offset),
                    cluster: cluster.min(u16::MAX as usize) as u16,
                });
                if cluster >= trimmed {
                    trail += position.x_advance;
                } else {
                    width += position.x_advance;
                }
            }
            first = end;
        }
        Shaped { start, len: self.glyphs.len() as u32 - start, width, trail }
    }

    /// The part of a shaped piece whose clusters begin within `bytes` of its text, and its width.
    pub(super) fn part(&self, whole: Shaped, bytes: Range<usize>) -> Shaped {
        let glyphs = &self.glyphs[whole.range()];
        let from = glyphs.partition_point(|glyph| (glyph.cluster as usize) < bytes.start);
        let to = glyphs.partition_point(|glyph| (glyph.cluster as usize) < bytes.end);
        let width = glyphs[from..to].iter().map(|glyph| i32::from(glyph.advance)).sum();
        Shaped { start: whole.start + from as u32, len: (to - from) as u32, width, trail: 0 }
    }

    /// The hyphen at the end of a line that is not in the text: copied, it is a soft one. And its width.
    pub(super) fn hyphen(&mut self, face: Face, figures: Figures) -> (Shaped, i32) {
        let cache = face.index() * 2 + figures as usize;
        if let Some(shaped) = self.caches[cache].get("\u{ad}") {
            return (*shaped, shaped.width);
        }
        let dash = self.shape(face, figures, "-");
        let Some(mut glyph) = self.glyphs.get(dash.start as usize).copied().filter(|_| dash.len == 1) else {
            return (dash, dash.width);
        };
        let usage = &mut self.usage[face.index()];
        let Some(Code { glyph: outline, width, .. }) = usage.codes.get(glyph.code as usize).cloned() else {
            return (dash, dash.width);
        };
        glyph.code = usage.code(outline, width, "\u{ad}");
        let shaped = Shaped { start: self.glyphs.len() as u32, ..dash };
        self.glyphs.push(glyph);
        self.caches[cache].insert("\u{ad}".into(), shaped);
        (shaped, shaped.width)
    }

    /// What the face was used for, empty if it was not.
    pub(super) fn usage(&self, face: Face) -> &Usage {
        &self.usage[face.index()]
    }
}

impl Usage {
    fn code(&mut self, glyph: u16, width: i16, text: &str) -> u16 {
        if self.codes.is_empty() {
            self.codes.push(Code { glyph: 0, width: 0, text: "".into() });
        }
        if let Some(code) = self.by_glyph.get(&(glyph, text.into())) {
            return *code;
        }
        let Ok(code) = u16::try_from(self.codes.len()) else { return 0 };
        self.codes.push(Code { glyph, width, text: text.into() });
        self.by_glyph.insert((glyph, text.into()), code);
        code
    }
}

fn small(value: i32) -> i16 {
    value.clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16
}

fn script_key(text: &str) -> [u8; 4] {
    for character in text.chars() {
        match character as u32 {
            0x370..=0x3ff | 0x1f00..=0x1fff => return *b"Grek",
            0x400..=0x52f => return *b"Cyrl",
            _ if character.is_ascii_alphabetic() => return *b"Latn",
            _ => {}
        }
    }
    *b"Latn"
}

fn script_of(text: &str) -> Script {
    match &script_key(text) {
        b"Grek" => Script::GREEK,
        b"Cyrl" => Script::CYRILLIC,
        _ => Script::LATIN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ligature_or_kerned_pair_keeps_its_text_and_its_clusters() {
        let mut fonts = Fonts::new().expect("the embedded faces load");
        let shaped = fonts.shape(Face::Regular, Figures::Proportional, "AVα office ");
        assert!(shaped.trail > 0 && shaped.width > 0);
        let text: String = fonts.glyphs[shaped.range()]
            .iter()
            .map(|glyph| &*fonts.usage(Face::Regular).codes[glyph.code as usize].text)
            .collect();
        assert_eq!(text, "AVα office ");
        let pair = fonts.shape(Face::Regular, Figures::Proportional, "AV").width;
        let apart = fonts.shape(Face::Regular, Figures::Proportional, "A").width
            + fonts.shape(Face::Regular, Figures::Proportional, "V").width;
        assert!(pair < apart, "AV is kerned: {pair} < {apart}");
    }

    #[test]
    fn figures_are_of_one_width_in_tables_only() {
        let mut fonts = Fonts::new().expect("the embedded faces load");
        let mut width = |figures, text: &str| fonts.shape(Face::Regular, figures, text).width;
        assert_eq!(width(Figures::Tabular, "1"), width(Figures::Tabular, "8"));
        assert_ne!(width(Figures::Proportional, "1"), width(Figures::Proportional, "8"));
    }

    #[test]
    fn the_same_piece_is_shaped_once() {
        let mut fonts = Fonts::new().expect("the embedded faces load");
        let first = fonts.shape(Face::Mono, Figures::Tabular, "kube-system");
        let second = fonts.shape(Face::Mono, Figures::Tabular, "kube-system");
        assert_eq!(first.start, second.start);
    }
}
