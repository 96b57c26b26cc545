//! A bar chart: stacked bars of a few kinds, one a row, with the numbers in words beside them.
//!
//! In: a [`Chart`]. Out: a [`Scene`] that both HTML and PDF draw. Every number is also written, and the kinds differ in
//! lightness and outline, so the chart says the same in grey.
//!
//! Invariant: a part above zero is never invisible, and no text lies outside the scene.

use super::{
    fence::advance::{width, wrap},
    scene::{Ink, Scene, Shape, Stroke, TextAnchor},
    tree::Tone,
};

/// Rows of stacked bars.
#[derive(Debug, Clone, Default)]
pub(crate) struct Chart {
    /// What the parts of each bar are, in order; at most five.
    pub(crate) kinds: Vec<String>,
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
const WIDTH: f32 = 470.0;
const LABEL: f32 = 110.0;
const BARS: f32 = 190.0;
const SIZE: f32 = 8.0;
const BAR: f32 = 11.0;
const GAP: f32 = 8.0;
/// The least width at which a part is seen.
const LEAST: f32 = 2.0;

const OUTLINE: Stroke = Stroke { ink: Ink::Text, width: 0.5, dashed: false };

/// Fill of the part at an index: from dark to light.
fn fill(index: usize) -> Ink {
    match index {
        0 => Ink::Text,
        1 => Ink::Tone(Tone::Bad),
        2 => Ink::Tone(Tone::Caution),
        3 => Ink::Surface,
        _ => Ink::Paper,
    }
}

fn text(at: (f32, f32), bold: bool, ink: Ink, text: String) -> Shape {
    Shape::Text { x: at.0, y: at.1, size: SIZE, bold, anchor: TextAnchor::Start, ink, text }
}

fn part(x: f32, y: f32, width: f32, index: usize) -> Shape {
    Shape::Rect { x, y, width, height: BAR, radius: 0.0, fill: Some(fill(index)), stroke: Some(OUTLINE), link: None }
}

/// Draws the chart.
pub(crate) fn draw(chart: &Chart) -> Scene {
    let mut shapes = Vec::new();
    let mut x = LABEL;
    for (index, kind) in chart.kinds.iter().enumerate() {
        shapes.push(part(x, 1.0, BAR, index));
        shapes.push(text((x + BAR + 4.0, 9.5), false, Ink::Text, kind.clone()));
        x += BAR + 16.0 + width(kind, SIZE, false);
    }
    let most = chart.rows.iter().map(|row| row.parts.iter().sum::<u64>()).max().unwrap_or(0).max(1);
    let mut y = BAR + 2.0 * GAP;
    for row in &chart.rows {
        let label = wrap(&row.label, SIZE, true, LABEL - 8.0);
        let numbers: Vec<String> = row.parts.iter().map(u64::to_string).collect();
        let numbers = [&*numbers.join(" · "), &*row.note].join(if row.note.is_empty() { "" } else { "; " });
        let mut x = LABEL;
        for (index, &count) in row.parts.iter().enumerate().filter(|(_, count)| **count > 0) {
            let wide = (count as f32 / most as f32 * BARS).max(LEAST);
            shapes.push(part(x, y, wide, index));
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
