//! Colours on paper: every pair of text and ground has a contrast of at least 4.5 to 1, and every meaning also has a
//! symbol or a word, so that a grey print loses nothing.

use crate::document::{Callout, Tone, scene::Ink};

/// An sRGB colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Rgb(pub u8, pub u8, pub u8);

pub(super) const TEXT: Rgb = Rgb(0x1b, 0x22, 0x2c);
pub(super) const MUTED: Rgb = Rgb(0x55, 0x5f, 0x6d);
pub(super) const PAPER: Rgb = Rgb(0xff, 0xff, 0xff);
pub(super) const SURFACE: Rgb = Rgb(0xf3, 0xf5, 0xf8);
pub(super) const SURFACE_STRONG: Rgb = Rgb(0xe6, 0xea, 0xf0);
pub(super) const HAIRLINE: Rgb = Rgb(0xcd, 0xd4, 0xdd);
pub(super) const RULE: Rgb = Rgb(0x8a, 0x95, 0xa3);

/// Strong and faint colours of the teams, told apart with the common forms of colour blindness as far as ten can be.
const TEAMS: [(Rgb, Rgb); 10] = [
    (Rgb(0x0b, 0x5c, 0xad), Rgb(0xe3, 0xee, 0xf9)),
    (Rgb(0xa8, 0x48, 0x00), Rgb(0xfb, 0xec, 0xdf)),
    (Rgb(0x00, 0x6d, 0x5b), Rgb(0xdd, 0xf2, 0xed)),
    (Rgb(0x7a, 0x32, 0x9e), Rgb(0xf2, 0xe6, 0xf8)),
    (Rgb(0xa3, 0x1f, 0x4f), Rgb(0xfa, 0xe5, 0xed)),
    (Rgb(0x5b, 0x62, 0x00), Rgb(0xf1, 0xf2, 0xd9)),
    (Rgb(0x00, 0x67, 0x7e), Rgb(0xdc, 0xf1, 0xf5)),
    (Rgb(0x6b, 0x4a, 0x2b), Rgb(0xf2, 0xea, 0xe2)),
    (Rgb(0x3c, 0x48, 0x9f), Rgb(0xe8, 0xea, 0xf8)),
    (Rgb(0x4c, 0x55, 0x60), Rgb(0xea, 0xec, 0xef)),
];

/// The workspace's accent and what is derived from it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Inks {
    pub accent: Rgb,
    pub accent_surface: Rgb,
}

impl Inks {
    pub(super) fn new(accent: crate::workspace::Color) -> Self {
        let accent = dark_enough(Rgb(accent.r, accent.g, accent.b));
        Self { accent, accent_surface: mix(accent, PAPER, 0.1) }
    }

    /// The colour for a meaning.
    pub(super) fn ink(&self, ink: Ink) -> Rgb {
        match ink {
            Ink::Text => TEXT,
            Ink::Muted => MUTED,
            Ink::Paper => PAPER,
            Ink::Surface => SURFACE,
            Ink::Accent => self.accent,
            Ink::AccentSurface => self.accent_surface,
            Ink::Team(index) => team(index as usize).0,
            Ink::TeamSurface(index) => team(index as usize).1,
            Ink::Tone(tone) => self::tone(tone).0,
        }
    }
}

/// Strong and faint colour of a team.
pub(super) fn team(index: usize) -> (Rgb, Rgb) {
    TEAMS[index % TEAMS.len()]
}

/// Strong and faint colour of a tone.
pub(super) fn tone(tone: Tone) -> (Rgb, Rgb) {
    match tone {
        Tone::Good => (Rgb(0x12, 0x66, 0x3a), Rgb(0xdf, 0xf3, 0xe6)),
        Tone::Bad => (Rgb(0xa3, 0x1b, 0x1b), Rgb(0xfb, 0xe4, 0xe4)),
        Tone::Caution => (Rgb(0x86, 0x51, 0x00), Rgb(0xfc, 0xef, 0xd6)),
        Tone::Unknown => (Rgb(0x4b, 0x4f, 0x8f), Rgb(0xe9, 0xe9, 0xf7)),
        Tone::Neutral => (Rgb(0x47, 0x50, 0x5c), Rgb(0xe9, 0xec, 0xf0)),
    }
}

/// The tone's own sign, legible without colour.
pub(super) fn sign(tone: Tone) -> &'static str {
    match tone {
        Tone::Good => "✓",
        Tone::Bad => "✗",
        Tone::Caution => "!",
        Tone::Unknown => "?",
        Tone::Neutral => "•",
    }
}

/// Strong and faint colour of a call-out.
pub(super) fn callout(kind: Callout) -> (Rgb, Rgb) {
    match kind {
        Callout::Note => (Rgb(0x3c, 0x5a, 0x80), Rgb(0xee, 0xf3, 0xf9)),
        Callout::Important => (Rgb(0x7a, 0x32, 0x9e), Rgb(0xf6, 0xee, 0xfa)),
        Callout::Warning => (Rgb(0x9a, 0x55, 0x00), Rgb(0xfd, 0xf4, 0xe3)),
    }
}

fn mix(a: Rgb, b: Rgb, share: f32) -> Rgb {
    let part = |a: u8, b: u8| (f32::from(a) * share + f32::from(b) * (1.0 - share)).round() as u8;
    Rgb(part(a.0, b.0), part(a.1, b.1), part(a.2, b.2))
}

/// Darkens a colour until white paper gives it a contrast of 4.5.
fn dark_enough(mut ink: Rgb) -> Rgb {
    while 1.05 / (luminance(ink) + 0.05) < 4.5 {
        ink = mix(ink, Rgb(0, 0, 0), 0.92);
    }
    ink
}

/// Relative luminance, WCAG 2.2.
fn luminance(ink: Rgb) -> f32 {
    let linear = |part: u8| {
        let part = f32::from(part) / 255.0;
        if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * linear(ink.0) + 0.7152 * linear(ink.1) + 0.0722 * linear(ink.2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contrast(a: Rgb, b: Rgb) -> f32 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn text_is_legible_on_its_ground() {
        let tones = [Tone::Good, Tone::Bad, Tone::Caution, Tone::Unknown, Tone::Neutral].map(tone);
        let callouts = [Callout::Note, Callout::Important, Callout::Warning].map(callout);
        let pairs = tones.into_iter().chain(callouts).chain((0..TEAMS.len()).map(team));
        for (strong, faint) in pairs.chain([(MUTED, SURFACE), (MUTED, SURFACE_STRONG), (TEXT, SURFACE_STRONG)]) {
            assert!(contrast(strong, faint) >= 4.5, "{strong:?} on {faint:?}: {}", contrast(strong, faint));
        }
    }

    #[test]
    fn a_pale_accent_is_darkened() {
        let inks = Inks::new(crate::workspace::Color { r: 0xff, g: 0xf0, b: 0x80 });
        assert!(contrast(inks.accent, PAPER) >= 4.5);
    }
}
