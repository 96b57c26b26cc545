//! Colours on paper: the light palette as numbers for printing. Every meaning also has a sign or a word, so that a grey
//! print loses nothing.

use crate::{
    document::{
        Callout, Tone,
        palette::{self, Palette, Theme},
        scene::Ink,
    },
    workspace::Color,
};

/// An sRGB colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Rgb(pub u8, pub u8, pub u8);

impl From<Color> for Rgb {
    fn from(color: Color) -> Self {
        Self(color.r, color.g, color.b)
    }
}

pub(super) const TEXT: Rgb = Rgb(0x1c, 0x21, 0x28);
pub(super) const MUTED: Rgb = Rgb(0x55, 0x5f, 0x6b);
pub(super) const SURFACE: Rgb = Rgb(0xf4, 0xf6, 0xf8);
/// Below the heads of tables.
pub(super) const SURFACE_STRONG: Rgb = Rgb(0xe8, 0xec, 0xf1);
pub(super) const HAIRLINE: Rgb = Rgb(0xd0, 0xd6, 0xde);
pub(super) const RULE: Rgb = Rgb(0x8a, 0x95, 0xa3);

/// The workspace's accent and what is derived from it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Inks {
    palette: Palette,
    pub accent: Rgb,
    /// Below links: light, so that a list of links stays legible.
    pub link_line: Rgb,
}

impl Inks {
    pub(super) fn new(accent: Color) -> Self {
        let palette = Palette::new(Theme::Light, accent);
        let strong: Rgb = palette.ink(Ink::Accent).into();
        let halfway = |part: u8| part / 2 + 127;
        Self { palette, accent: strong, link_line: Rgb(halfway(strong.0), halfway(strong.1), halfway(strong.2)) }
    }

    /// The colour for a meaning.
    pub(super) fn ink(&self, ink: Ink) -> Rgb {
        self.palette.ink(ink).into()
    }

    /// Strong and faint colour of a call-out.
    pub(super) fn callout(&self, kind: Callout) -> (Rgb, Rgb) {
        match kind {
            Callout::Note => tone(Tone::Neutral),
            Callout::Important => (self.accent, self.ink(Ink::AccentSurface)),
            Callout::Warning => tone(Tone::Caution),
        }
    }
}

/// Strong colour of a team.
pub(super) fn team(index: usize) -> Rgb {
    palette::team(index, Theme::Light).strong.into()
}

/// Strong and faint colour of a tone.
pub(super) fn tone(tone: Tone) -> (Rgb, Rgb) {
    let pair = palette::tone(tone, Theme::Light);
    (pair.strong.into(), pair.surface.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_legible_on_the_grounds_that_only_paper_has() {
        let color = |Rgb(r, g, b): Rgb| Color { r, g, b };
        for ink in [TEXT, MUTED] {
            for ground in [SURFACE, SURFACE_STRONG] {
                assert!(palette::contrast(color(ink), color(ground)) >= 4.5, "{ink:?} on {ground:?}");
            }
        }
        let inks = Inks::new(Color { r: 1, g: 2, b: 3 });
        assert_eq!((inks.ink(Ink::Text), inks.ink(Ink::Muted)), (TEXT, MUTED), "paper follows the shared palette");
    }
}
