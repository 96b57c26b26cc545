//! A bar chart: stacked bars of a few kinds, one a row, with the numbers in words beside them.
//!
//! In: a [`Chart`]. Out: a [`Scene`] that both HTML and PDF draw. Every number is also written, and the kinds differ in
//! lightness, lines and outline, so the chart says the same in grey.
//!
//! Invariant: a part above zero is never invisible, and no text lies outside the scene.

use crate::assess::{Standing, Tally};

use super::{
    fence::advance::{width, wrap},
    scene::{Ink, Scene, Shape, Stroke, TextAnchor},
    tree::Tone,
};

/// Rows of stacked bars.
#[derive(Debug, Clone, Default)]
pub(crate) struct Chart {
    /// What the parts of each bar are, in order; at most seven.
    pub(crate) kinds: Vec<String>,
    /// The last kind is what is left: it is not filled, and notes alone say the numbers.
    pub(crate) light: bool,
    /// The bars.
    pub(crate) rows: Vec<Bar>,
}

/// One bar.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bar {
    /// What it is of.
    pub(crate) label: String,
    /// As many as there are kinds.
    pub(crate) parts: Vec<u64>,
    /// Said after the numbers.
    pub(crate) note: String,
}

/// Width of the whole, that of a portrait page's text.
pub(super) const WIDTH: f32 = 470.0;
const LABEL: f32 = 110.0;
const BARS: f32 = 190.0;
pub(super) const SIZE: f32 = 8.0;
const BAR: f32 = 11.0;
const GAP: f32 = 8.0;
/// The least width at which a part is seen.
const LEAST: f32 = 2.0;

const OUTLINE: Stroke = Stroke { ink: Ink::Text, width: 0.5, dashed: false };

/// Lines across a part that has no fill of its own.
const HATCH: Stroke = Stroke { ink: Ink::Muted, width: 0.5, dashed: false };
const PITCH: f32 = 2.75;

/// How a kind looks.
#[derive(Clone, Copy)]
pub(super) struct Fill {
    ink: Ink,
    lines: Lines,
}

/// What tells light kinds apart.
#[derive(Clone, Copy)]
enum Lines {
    None,
    Down,
    Across,
    Middle,
}

/// Look of the kind at an index, of so many kinds: from dark to light, beyond five with lines.
pub(super) fn fill(index: usize, kinds: usize) -> Fill {
    let (ink, lines) = match (index, kinds > 5) {
        (0, _) => (Ink::Text, Lines::None),
        (1, _) => (Ink::Tone(Tone::Bad), Lines::None),
        (2, _) => (Ink::Tone(Tone::Caution), Lines::None),
        (3, true) => (Ink::Paper, Lines::Down),
        (4, true) => (Ink::Paper, Lines::Across),
        (5, true) => (Ink::Surface, Lines::Middle),
        (3, false) => (Ink::Surface, Lines::None),
        _ => (Ink::Paper, Lines::None),
    };
    Fill { ink, lines }
}

pub(super) fn text(at: (f32, f32), bold: bool, ink: Ink, text: String) -> Shape {
    Shape::Text { x: at.0, y: at.1, size: SIZE, bold, anchor: TextAnchor::Start, ink, text }
}

/// A rectangle in the look of a kind. `dashed` outlines it as uncertain.
pub(super) fn part(shapes: &mut Vec<Shape>, at: (f32, f32), size: (f32, f32), fill: Fill, dashed: bool) {
    let ((x, y), (width, height)) = (at, size);
    let outline = Stroke { dashed, ..OUTLINE };
    shapes.push(Shape::Rect {
        x,
        y,
        width,
        height,
        radius: 0.0,
        fill: Some(fill.ink),
        stroke: Some(outline),
        link: None,
    });
    let offsets = |to: f32| (1..).map(|number| number as f32 * PITCH).take_while(move |offset| *offset < to);
    let mut line = |from: (f32, f32), to: (f32, f32)| {
        shapes.push(Shape::Line { points: vec![from, to], stroke: HATCH, arrow: false });
    };
    match fill.lines {
        Lines::None => {}
        Lines::Down => offsets(width).for_each(|at| line((x + at, y), (x + at, y + height))),
        Lines::Across => offsets(height).for_each(|at| line((x, y + at), (x + width, y + at))),
        Lines::Middle => line((x, y + height / 2.0), (x + width, y + height / 2.0)),
    }
}

/// The key above a chart: as many lines as it takes. Returns where it ends.
pub(super) fn key(shapes: &mut Vec<Shape>, kinds: &[String], look: impl Fn(usize) -> Fill, from: f32) -> f32 {
    let (mut x, mut y) = (from, 1.0);
    for (index, kind) in kinds.iter().enumerate() {
        let wide = BAR + 16.0 + width(kind, SIZE, false);
        if x > from && x + wide > WIDTH {
            (x, y) = (from, y + BAR + 4.0);
        }
        part(shapes, (x, y), (BAR, BAR), look(index), false);
        shapes.push(text((x + BAR + 4.0, y + 8.5), false, Ink::Text, kind.clone()));
        x += wide;
    }
    y + BAR
}

/// A bar a row with a part for each standing, from worst to best; what does not apply is not drawn.
pub(crate) fn standings<'t>(
    kind: &dyn Fn(Standing) -> String,
    rows: impl Iterator<Item = (String, &'t Tally, String)>,
) -> Chart {
    let drawn = Standing::ALL.into_iter().filter(|standing| *standing != Standing::NotApplicable);
    let bar = |(label, tally, note): (String, &Tally, String)| {
        let parts = drawn.clone().map(|standing| tally.count(standing) as u64).collect();
        Bar { label, parts, note }
    };
    Chart { kinds: drawn.clone().map(kind).collect(), light: false, rows: rows.map(bar).collect() }
}

/// Everything that a chart says.
pub(crate) fn in_words(chart: &Chart) -> String {
    let row = |bar: &Bar| {
        let parts = bar.parts.iter().zip(&chart.kinds).filter(|(count, _)| **count > 0);
        let parts: Vec<String> = parts.map(|(count, kind)| format!("{count} {kind}")).collect();
        format!("{}: {}; {}", bar.label, parts.join(", "), bar.note)
    };
    chart.rows.iter().map(row).collect::<Vec<_>>().join(". ")
}

/// Draws the chart.
pub(crate) fn draw(chart: &Chart) -> Scene {
    let mut shapes = Vec::new();
    let look = |index: usize| match chart.light && index + 1 == chart.kinds.len() {
        true => Fill { ink: Ink::Paper, lines: Lines::None },
        false => fill(index, chart.kinds.len()),
    };
    let from = if chart.kinds.len() > 5 { 0.0 } else { LABEL };
    let mut y = key(&mut shapes, &chart.kinds, look, from) + if chart.light { GAP } else { 2.0 * GAP - 1.0 };
    let most = chart.rows.iter().map(|row| row.parts.iter().sum::<u64>()).max().unwrap_or(0).max(1);
    for row in &chart.rows {
        let label = wrap(&row.label, SIZE, true, LABEL - 8.0);
        let numbers: Vec<String> = row.parts.iter().map(u64::to_string).collect();
        let numbers = match chart.light {
            true => row.note.clone(),
            false => [&*numbers.join(" · "), &*row.note].join(if row.note.is_empty() { "" } else { "; " }),
        };
        let mut x = LABEL;
        for (index, &count) in row.parts.iter().enumerate().filter(|(_, count)| **count > 0) {
            let wide = (count as f32 / most as f32 * BARS).max(LEAST);
            part(&mut shapes, (x, y), (wide, BAR), look(index), false);
            x += wide;
        }
        let said = wrap(&numbers, SIZE, false, WIDTH - x - 6.0);
        let lines = label.len().max(said.len());
        let baseline = |line: usize| y + SIZE * 1.05 + line as f32 * SIZE * 1.25;
        shapes.extend(label.into_iter().enumerate().map(|(at, line)| text((0.0, baseline(at)), true, Ink::Text, line)));
        shapes.extend(
            said.into_iter().enumerate().map(|(at, line)| text((x + 6.0, baseline(at)), false, Ink::Muted, line)),
        );
        y += BAR.max(lines as f32 * SIZE * 1.25) + GAP;
    }
    Scene { width: WIDTH, height: y, shapes }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_parts_are_seen_and_everything_stays_inside() {
        let row = |label: &str, parts: &[u64]| Bar {
            label: label.to_owned(),
            parts: parts.to_vec(),
            note: "twelve workloads without a report, which is more than fits one line".to_owned(),
        };
        let scene = draw(&Chart {
            light: false,
            kinds: ["critical", "high", "medium", "low"].map(str::to_owned).to_vec(),
            rows: vec![row("Platform team with quite a long name", &[1, 0, 3, 100_000]), row("Nobody", &[0, 0, 0, 0])],
        });
        let bars = scene.shapes.iter().filter_map(|shape| match shape {
            Shape::Rect { x, y, width, height, .. } => Some((*x, *y, *width, *height)),
            _ => None,
        });
        let bars: Vec<_> = bars.collect();
        // Four of the key, three parts above zero.
        assert_eq!(bars.len(), 7);
        assert!(bars.iter().all(|(x, y, width, height)| {
            *width >= LEAST && x + width <= scene.width && y + height <= scene.height
        }));
        for shape in &scene.shapes {
            if let Shape::Text { x, y, size, bold, text, .. } = shape {
                assert!(x + width(text, *size, *bold) <= scene.width && *y <= scene.height, "{text}");
            }
        }
    }
}
