//! Every colour that any renderer uses, by meaning: text, accent, teams, tones.
//!
//! In: a theme, the workspace's accent colour, and an [`Ink`]. Out: an sRGB colour. HTML turns the whole palette into
//! CSS variables, PDF asks for one colour at a time, so a team looks the same in every document.
//!
//! Invariant: strong colours reach a contrast of 4.5:1 (WCAG 2.2, 1.4.3) on paper, on the faint surface and on their
//! own faint fill, in both themes.

use super::{Tone, scene::Ink};
use crate::workspace::Color;

/// Number of team colours; further teams start over, and are told apart by their letters.
pub const TEAMS: usize = 16;

/// Which page the colours lie on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// White page on a screen, and print.
    Light,
    /// Dark page on a screen.
    Dark,
}

/// A strong colour for text and lines, and a faint one to lay below text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    /// For text, lines and marks.
    pub strong: Color,
    /// For fills; text and the strong colour are legible on it.
    pub surface: Color,
}

/// The colours of one theme with the workspace's accent.
#[derive(Debug, Clone, Copy)]
pub struct Palette {
    theme: Theme,
    accent: Pair,
}

/// Light strong, light surface, dark strong, dark surface. Made in OKLCH with lightness as far apart as contrast allows,
/// ordered so that the first few differ most; reds come last because a tone owns red.
const TEAM: [[u32; 4]; TEAMS] = [
    [0x0453a3, 0xecf4ff, 0x85baff, 0x17273c], // blue
    [0x905205, 0xfff1e5, 0xf5ac69, 0x36210d], // amber
    [0x036565, 0xe5f8f8, 0x83d5d4, 0x0d2c2c], // teal
    [0x6635a3, 0xf5f1ff, 0xc3a5f9, 0x2a2139], // violet
    [0xa52051, 0xffeff2, 0xf896ad, 0x391d23], // rose
    [0x09672e, 0xe7f9ea, 0x83d494, 0x152d1a], // green
    [0x5f2d15, 0xfff0ea, 0xc2896f, 0x352117], // brown
    [0x067493, 0xe5f7ff, 0x8cdefe, 0x072b37], // cyan
    [0x981e87, 0xffeefa, 0xe093cf, 0x341e2f], // magenta
    [0x5a5d04, 0xf3f6e3, 0xccd184, 0x27290c], // olive
    [0x2b2a8e, 0xf0f3ff, 0x8391e2, 0x20243c], // indigo
    [0x3d4958, 0xf0f4f9, 0xa5b2c4, 0x22272d], // slate
    [0x0b432b, 0xeaf7ef, 0x72a689, 0x182b21], // forest
    [0x562159, 0xfdeefe, 0xb47ab7, 0x321e33], // plum
    [0x6b5010, 0xf9f3e5, 0xc9a648, 0x2e2511], // bronze
    [0xb71a18, 0xffefed, 0xed8c80, 0x3a1d1a], // red
];

const fn color(rgb: u32) -> Color {
    Color { r: (rgb >> 16) as u8, g: (rgb >> 8) as u8, b: rgb as u8 }
}

const fn pair(quad: [u32; 4], theme: Theme) -> Pair {
    match theme {
        Theme::Light => Pair { strong: color(quad[0]), surface: color(quad[1]) },
        Theme::Dark => Pair { strong: color(quad[2]), surface: color(quad[3]) },
    }
}

/// Colours of the team with this index into the workspace's teams.
pub const fn team(index: usize, theme: Theme) -> Pair {
    pair(TEAM[index % TEAMS], theme)
}

/// Colours of a tone. Never use them without [`symbol`] or words beside them.
pub const fn tone(tone: Tone, theme: Theme) -> Pair {
    let quad = match tone {
        Tone::Good => [0x03642b, 0xe7f9ea, 0x83d494, 0x152d1a],
        Tone::Bad => [0xa9131f, 0xffefee, 0xf4928a, 0x3a1d1b],
        Tone::Caution => [0x7a4d06, 0xfff1e2, 0xeeb97b, 0x34220b],
        Tone::Unknown => [0x44506a, 0xeef2f9, 0xaab8d3, 0x222835],
        Tone::Neutral => [0x4b5058, 0xf2f3f5, 0xb4b9c1, 0x26292d],
    };
    pair(quad, theme)
}

/// The symbol that stands before the words of a badge, so that a tone is not told by colour alone. All of them are in
/// the text font.
pub const fn symbol(tone: Tone) -> &'static str {
    match tone {
        Tone::Good => "✓",
        Tone::Bad => "✗",
        Tone::Caution => "▲",
        Tone::Unknown => "?",
        Tone::Neutral => "●",
    }
}

impl Palette {
    /// The palette of a theme. An accent that would be illegible is darkened or lightened until it is not.
    pub fn new(theme: Theme, accent: Color) -> Self {
        let [paper, surface] = [base(Ink::Paper, theme), base(Ink::Surface, theme)];
        let target = if theme == Theme::Light { Color { r: 0, g: 0, b: 0 } } else { Color { r: 255, g: 255, b: 255 } };
        let step = |share: u8| mix(accent, target, share);
        let fill = |strong: Color| mix(paper, strong, if theme == Theme::Light { 7 } else { 14 });
        let legible =
            |strong: Color| [paper, surface, fill(strong)].iter().all(|below| contrast(strong, *below) >= 4.6);
        let strong = (0..=100).step_by(4).map(step).find(|strong| legible(*strong)).unwrap_or(target);
        Self { theme, accent: Pair { strong, surface: fill(strong) } }
    }

    /// Which theme this is.
    pub fn theme(&self) -> Theme {
        self.theme
    }

    /// The colour of an ink.
    pub fn ink(&self, ink: Ink) -> Color {
        match ink {
            Ink::Text | Ink::Muted | Ink::Paper | Ink::Surface => base(ink, self.theme),
            Ink::Accent => self.accent.strong,
            Ink::AccentSurface => self.accent.surface,
            Ink::Team(index) => team(usize::from(index), self.theme).strong,
            Ink::TeamSurface(index) => team(usize::from(index), self.theme).surface,
            Ink::Tone(which) => tone(which, self.theme).strong,
        }
    }

    /// Hairlines between rows and around boxes: decoration, so they need no contrast.
    pub fn rule(&self) -> Color {
        color(if self.theme == Theme::Light { 0xd5dae1 } else { 0x363d47 })
    }

    /// Text on a solid fill of the accent colour.
    pub fn on_accent(&self) -> Color {
        let dark = color(0x10141a);
        let light = color(0xffffff);
        if contrast(self.accent.strong, light) >= contrast(self.accent.strong, dark) { light } else { dark }
    }
}

/// The inks that do not depend on the workspace.
const fn base(ink: Ink, theme: Theme) -> Color {
    let (light, dark) = match ink {
        Ink::Muted => (0x555f6b, 0xa3acb8),
        Ink::Paper => (0xffffff, 0x14181e),
        Ink::Surface => (0xf4f6f8, 0x1d222a),
        _ => (0x1c2128, 0xe6e9ed),
    };
    match theme {
        Theme::Light => color(light),
        Theme::Dark => color(dark),
    }
}

/// `share` percent of `over` laid on `under`.
fn mix(under: Color, over: Color, share: u8) -> Color {
    let channel = |under: u8, over: u8| {
        let share = u32::from(share);
        ((u32::from(under) * (100 - share) + u32::from(over) * share + 50) / 100) as u8
    };
    Color { r: channel(under.r, over.r), g: channel(under.g, over.g), b: channel(under.b, over.b) }
}

/// Contrast ratio of two colours, 1 to 21 (WCAG 2.2, definition of contrast ratio).
pub fn contrast(a: Color, b: Color) -> f32 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

fn luminance(color: Color) -> f32 {
    let linear = |channel: u8| {
        let value = f32::from(channel) / 255.0;
        if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * linear(color.r) + 0.7152 * linear(color.g) + 0.0722 * linear(color.b)
}

#[cfg(test)]
mod tests {
    use super::*;

    const THEMES: [Theme; 2] = [Theme::Light, Theme::Dark];
    const TONES: [Tone; 5] = [Tone::Good, Tone::Bad, Tone::Caution, Tone::Unknown, Tone::Neutral];

    #[test]
    fn every_strong_colour_is_legible_on_every_fill_it_may_lie_on() {
        for theme in THEMES {
            let [paper, surface, text] = [Ink::Paper, Ink::Surface, Ink::Text].map(|ink| base(ink, theme));
            let pairs = (0..TEAMS).map(|index| team(index, theme)).chain(TONES.map(|which| tone(which, theme)));
            for pair in pairs {
                for below in [paper, surface, pair.surface] {
                    assert!(contrast(pair.strong, below) >= 4.5, "{} on {below} in {theme:?}", pair.strong);
                }
                assert!(contrast(text, pair.surface) >= 7.0, "text on {} in {theme:?}", pair.surface);
            }
            assert!(contrast(base(Ink::Muted, theme), surface) >= 4.5);
        }
    }

    #[test]
    fn any_accent_becomes_legible() {
        for accent in [0x000000, 0xffffff, 0xffff00, 0x0b5cad, 0x808080, 0xff0000, 0x00ff00] {
            for theme in THEMES {
                let palette = Palette::new(theme, color(accent));
                for below in [Ink::Paper, Ink::Surface, Ink::AccentSurface] {
                    assert!(contrast(palette.ink(Ink::Accent), palette.ink(below)) >= 4.5, "{accent:06x} {theme:?}");
                }
                assert!(contrast(palette.on_accent(), palette.ink(Ink::Accent)) >= 4.5, "{accent:06x} {theme:?}");
            }
        }
    }

    #[test]
    fn team_colours_differ() {
        for theme in THEMES {
            for a in 0..TEAMS {
                for b in 0..a {
                    let (x, y) = (team(a, theme).strong, team(b, theme).strong);
                    let channels = [x.r.abs_diff(y.r), x.g.abs_diff(y.g), x.b.abs_diff(y.b)];
                    let apart: u32 = channels.into_iter().map(u32::from).sum();
                    assert!(apart >= 40, "teams {a} and {b} look alike in {theme:?}: {x} {y}");
                }
            }
        }
    }
}
