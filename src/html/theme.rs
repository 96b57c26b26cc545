//! The generated part of the style: colours of both themes as CSS variables, classes of inks and teams, paper.

use std::{collections::BTreeSet, fmt::Write};

use super::{Site, escape::css_string, svg, table::Tracks};
use crate::{
    document::{
        Block, Tone,
        palette::{self, Palette, Theme},
        scene::Ink,
    },
    workspace::{Color, Paper},
};

const TONES: [Tone; 5] = [Tone::Good, Tone::Bad, Tone::Caution, Tone::Unknown, Tone::Neutral];

/// `assets/theme.css`.
pub(super) fn css(site: &Site<'_>) -> String {
    let mut out = colours(site.workspace.style.accent);
    columns(&mut out, site);
    paper(&mut out, site);
    out
}

/// Colours of both themes, and the classes that use them.
pub(crate) fn colours(accent: Color) -> String {
    let light = variables(Theme::Light, &Palette::new(Theme::Light, accent));
    let dark = variables(Theme::Dark, &Palette::new(Theme::Dark, accent));
    let mut out = String::new();
    let _ = write!(
        out,
        ":root{{color-scheme:light;{light}}}\n\
         @media screen and (prefers-color-scheme:dark){{:root:not([data-theme=light]){{color-scheme:dark;{dark}}}}}\n\
         @media screen{{:root[data-theme=dark]{{color-scheme:dark;{dark}}}}}\n"
    );
    for ink in inks() {
        let class = svg::class(ink);
        let _ = writeln!(out, ".f-{class}{{fill:var(--{class})}}.s-{class}{{stroke:var(--{class})}}");
    }
    for team in 0..palette::TEAMS {
        let _ = writeln!(out, ".team.t{team}{{--strong:var(--t{team});--faint:var(--t{team}-surface)}}");
    }
    for tone in TONES.map(svg::tone) {
        let _ = writeln!(out, ".{tone}{{--strong:var(--{tone});--faint:var(--{tone}-surface)}}");
    }
    for percent in 1..=100 {
        let _ = write!(out, ".w{percent}{{width:{percent}%}}");
    }
    out
}

/// Widths of the columns of very long tables.
fn columns(out: &mut String, site: &Site<'_>) {
    let blocks = site.documents.iter().flat_map(|document| &document.blocks);
    let tables = blocks.filter_map(|block| if let Block::Table(table) = block { Tracks::of(table) } else { None });
    let tracks: BTreeSet<Tracks> = tables.collect();
    if !tracks.is_empty() {
        let rules: String = tracks.iter().map(Tracks::css).collect();
        let _ = writeln!(out, "\n@media screen{{{rules}}}");
    }
}

fn inks() -> impl Iterator<Item = Ink> {
    let plain = [Ink::Text, Ink::Muted, Ink::Paper, Ink::Surface, Ink::Accent, Ink::AccentSurface];
    let teams = (0..palette::TEAMS).filter_map(|index| u8::try_from(index).ok());
    let teams = teams.flat_map(|index| [Ink::Team(index), Ink::TeamSurface(index)]);
    plain.into_iter().chain(teams).chain(TONES.map(Ink::Tone))
}

fn variables(theme: Theme, palette: &Palette) -> String {
    let mut out = String::new();
    for ink in inks() {
        let _ = write!(out, "--{}:{};", svg::class(ink), palette.ink(ink));
    }
    for tone in TONES {
        let _ = write!(out, "--{}-surface:{};", svg::tone(tone), palette::tone(tone, theme).surface);
    }
    let _ = write!(out, "--rule:{};--on-accent:{};", palette.rule(), palette.on_accent());
    out
}

/// Size and margin texts of printed pages. A browser that knows no margin texts leaves them out.
fn paper(out: &mut String, site: &Site<'_>) {
    let size = match site.workspace.style.paper {
        Paper::A4 => "A4",
        Paper::Letter => "letter",
    };
    let control = &site.workspace.control;
    let left = css_string(&site.workspace.system.name);
    let foot = css_string(&control.classification);
    let texts = site.texts();
    let version = [("identifier", &*control.identifier), ("version", &*control.version)];
    let version = css_string(&texts.fill("page.running", &version));
    let draft = css_string(texts.t("approval.draft"));
    let count = counters(texts.t("page.count"));
    let text = "font:8pt 'Scopefence Sans',sans-serif;color:#555f6b";
    let _ = write!(
        out,
        "\n@page{{size:{size};margin:20mm 16mm 18mm;\
         @top-left{{content:{left};{text}}}\
         @bottom-left{{content:{foot};{text}}}\
         @bottom-center{{content:{version};{text}}}\
         @bottom-right{{content:{count};{text}}}}}\n\
         @page draft{{@top-right{{content:{draft};{text};font-weight:600;color:#7a4d06}}}}\n\
         @page wide{{size:{size} landscape}}\n\
         @page wide-draft{{size:{size} landscape;@top-right{{content:{draft};{text};font-weight:600;color:#7a4d06}}}}\n"
    );
}

/// A text with `{n}` and `{all}` as CSS content: the page and the number of pages.
fn counters(text: &str) -> String {
    let string = |text: &str| if text.is_empty() { String::new() } else { css_string(text) };
    let pages = |text: &str| text.split("{all}").map(string).collect::<Vec<_>>().join(" counter(pages) ");
    let content = text.split("{n}").map(pages).collect::<Vec<_>>().join(" counter(page) ");
    content.trim().to_owned()
}
