//! Columns over time: one stacked column a snapshot, oldest first, with the date and how much was decided below it.
//!
//! In: the snapshots of one cluster. Out: a [`Diagram`] that both HTML and PDF draw. A column of a snapshot that shows less than the newest
//! one is dashed: it can be lower for that reason alone.

use crate::{
    assess::{Open, Past},
    workspace::Severity,
};

use super::{
    Diagram, Texts,
    chart::{SIZE, WIDTH, fill, key, part},
    scene::{Ink, Scene, Shape, Stroke, TextAnchor},
    words,
};

/// Columns drawn at most; whoever has more chooses the newest.
pub(crate) const MOST: usize = 20;

/// Stacked columns.
#[derive(Debug, Clone, Default)]
struct Columns {
    /// What the parts are, from the bottom up; at most five.
    kinds: Vec<String>,
    /// The columns, oldest first; at most [`MOST`].
    columns: Vec<Column>,
}

/// One column.
#[derive(Debug, Clone, Default)]
struct Column {
    /// Day, as `11-21`.
    day: String,
    /// Year; printed where it changes.
    year: String,
    /// As many as there are kinds.
    parts: Vec<u64>,
    /// How much was decided: `92 %`.
    decided: String,
    /// Shows less than the newest.
    less: bool,
}

const HEIGHT: f32 = 72.0;
const SMALL: f32 = 7.0;
/// Space for one column and what is between two.
const ROOMY: f32 = 52.0;
/// Columns for which there is always room, so that two do not fill the page.
const FEW: usize = 8;
const LEAST: f32 = 1.5;

/// The newest snapshots of one cluster as a picture, of the findings that are asked for.
pub(crate) fn diagram(id: String, points: &[Past], wanted: &dyn Fn(&Open) -> bool, texts: &Texts) -> Diagram {
    let columns = columns(points, wanted, texts);
    let cluster = points.last().map_or("", |point| &point.cluster);
    Diagram {
        id,
        caption: texts.fill("trend.caption", &[("cluster", cluster)]),
        alt: in_words(&columns),
        scene: draw(&columns),
        landscape: false,
    }
}

/// What changed since the snapshot before, which ended at `time`.
pub(crate) fn since(time: &str, [before, now]: [&Past; 2], wanted: &dyn Fn(&Open) -> bool, texts: &Texts) -> String {
    let change = now.since(before, wanted);
    let [new, gone, unknown] = [change.new, change.gone, change.unknown].map(|number| number.to_string());
    let mut said = texts.fill("trend.since", &[("time", time), ("new", &new), ("gone", &gone)]);
    if change.unknown > 0 {
        said.push(' ');
        said.push_str(&texts.fill("trend.unknown", &[("n", &unknown)]));
    }
    said
}

fn columns(points: &[Past], wanted: &dyn Fn(&Open) -> bool, texts: &Texts) -> Columns {
    let newest = points.last().map_or(0, |newest| newest.decided.len());
    let shown = &points[points.len().saturating_sub(MOST)..];
    let column = |point: &Past| {
        let open: Vec<&Open> = point.open.iter().filter(|open| wanted(open)).collect();
        let count = |severity: Severity| open.iter().filter(|open| open.severity == severity).count() as u64;
        Column {
            day: point.ended.format("%m-%d").to_string(),
            year: point.ended.format("%Y").to_string(),
            parts: Severity::ALL.into_iter().map(count).collect(),
            // Rounded down: 100 % is all of them.
            decided: format!("{} %", point.decided.len() * 100 / point.asked.max(1)),
            less: point.decided.len() < newest,
        }
    };
    let kind = |severity: Severity| texts.t(words::severity(severity)).to_owned();
    Columns { kinds: Severity::ALL.into_iter().map(kind).collect(), columns: shown.iter().map(column).collect() }
}

/// Everything that the columns say.
fn in_words(chart: &Columns) -> String {
    let column = |column: &Column| {
        let parts: Vec<String> =
            column.parts.iter().zip(&chart.kinds).map(|(count, kind)| format!("{count} {kind}")).collect();
        format!("{}-{}: {} ({})", column.year, column.day, parts.join(", "), column.decided)
    };
    chart.columns.iter().map(column).collect::<Vec<_>>().join("; ")
}

/// Draws the columns.
fn draw(chart: &Columns) -> Scene {
    let mut shapes = Vec::new();
    let top = key(&mut shapes, &chart.kinds, |index| fill(index, chart.kinds.len()), 0.0) + SIZE + 8.0;
    let slot = (WIDTH / chart.columns.len().max(FEW) as f32).min(ROOMY);
    let wide = slot * 0.6;
    let most = chart.columns.iter().map(|column| column.parts.iter().sum::<u64>()).max().unwrap_or(0).max(1);
    let floor = top + HEIGHT;
    let mut year = "";
    for (number, column) in chart.columns.iter().enumerate() {
        let x = number as f32 * slot + (slot - wide) / 2.0;
        let middle = x + wide / 2.0;
        let mut y = floor;
        for (index, &count) in column.parts.iter().enumerate().filter(|(_, count)| **count > 0) {
            let tall = (count as f32 / most as f32 * HEIGHT).max(LEAST);
            y -= tall;
            part(&mut shapes, (x, y), (wide, tall), fill(index, chart.kinds.len()), column.less);
        }
        let total = column.parts.iter().sum::<u64>().to_string();
        let mut say = |y: f32, bold: bool, ink: Ink, text: &str| {
            shapes.push(Shape::Text {
                x: middle,
                y,
                size: SMALL,
                bold,
                anchor: TextAnchor::Middle,
                ink,
                text: text.to_owned(),
            });
        };
        say(y - 3.0, true, Ink::Text, &total);
        say(floor + SMALL + 3.0, false, Ink::Text, &column.day);
        say(floor + 2.0 * SMALL + 5.0, false, Ink::Muted, &column.decided);
        if year != column.year {
            say(floor + 3.0 * SMALL + 7.0, false, Ink::Muted, &column.year);
            year = &column.year;
        }
    }
    let end = chart.columns.len() as f32 * slot;
    let stroke = Stroke { ink: Ink::Muted, width: 0.7, dashed: false };
    shapes.push(Shape::Line { points: vec![(0.0, floor), (end, floor)], stroke, arrow: false });
    Scene { width: WIDTH, height: floor + 3.0 * SMALL + 10.0, shapes }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::fence::advance::width;

    #[test]
    fn as_many_as_are_allowed_stay_inside_and_are_seen() {
        for count in [2, MOST] {
            let column = |number: usize| Column {
                day: "11-21".to_owned(),
                year: if number < 4 { "2025" } else { "2026" }.to_owned(),
                parts: vec![1, 0, 90_000, 3],
                decided: "100 %".to_owned(),
                less: number == 0,
            };
            let scene = draw(&Columns {
                kinds: ["critical", "high", "medium", "low"].map(str::to_owned).to_vec(),
                columns: (0..count).map(column).collect(),
            });
            let mut right = 0.0_f32;
            for shape in &scene.shapes {
                match shape {
                    Shape::Rect { x, y, width, height, .. } => {
                        assert!(
                            *height >= LEAST && *y >= 0.0 && x + width <= scene.width && y + height <= scene.height
                        );
                    }
                    Shape::Text { x, y, size, bold, text, .. } if *size == SMALL => {
                        let half = width(text, *size, *bold) / 2.0;
                        assert!(*y <= scene.height && x + half <= scene.width, "{text}");
                        if text == "11-21" {
                            assert!(x - half >= right, "{count}: labels overlap");
                            right = x + half;
                        }
                    }
                    _ => {}
                }
            }
        }
    }
}
