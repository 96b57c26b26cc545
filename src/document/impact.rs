//! A picture of the blast radius: what may fail on the left, the teams that stop with it on the right.
//!
//! In: [`Row`]s. Out: a [`Scene`] that both HTML and PDF draw. Every team is named in its box, so that the picture says
//! the same in grey.
//!
//! Invariant: no text lies outside of its box, no box outside of the scene.

use super::{
    fence::advance::{width, wrap},
    scene::{Ink, Scene, Shape, Stroke, TextAnchor},
};

/// Something that may fail.
#[derive(Debug, Clone, Default)]
pub(crate) struct Row {
    /// What it is.
    pub(crate) what: String,
    /// What it does for others.
    pub(crate) does: String,
    /// The teams that stop: name and colour, as index into the teams; without an index nobody's.
    pub(crate) teams: Vec<(String, Option<u8>)>,
}

/// Width of the whole, that of a portrait page's text.
const WIDTH: f32 = 470.0;
const LEFT: f32 = 176.0;
const ARROW: f32 = 26.0;
const SIZE: f32 = 8.0;
const SMALL: f32 = 7.0;
const LINE: f32 = 10.0;
const PAD: f32 = 5.0;
const CHIP: f32 = 15.0;
const GAP: f32 = 5.0;

fn text(at: (f32, f32), size: f32, bold: bool, ink: Ink, text: String) -> Shape {
    Shape::Text { x: at.0, y: at.1, size, bold, anchor: TextAnchor::Start, ink, text }
}

fn boxed(at: (f32, f32), width: f32, height: f32, fill: Ink, ink: Ink) -> Shape {
    let stroke = Some(Stroke { ink, width: 0.7, dashed: false });
    Shape::Rect { x: at.0, y: at.1, width, height, radius: 2.0, fill: Some(fill), stroke, link: None }
}

/// A team's box with the lines of its name, placed from the left edge of the right side.
struct Chip {
    x: f32,
    y: f32,
    width: f32,
    height: f32,
    lines: Vec<String>,
    team: Option<u8>,
}

/// Places the teams of a row in lines; returns them with the height that they take.
fn place(teams: &[(String, Option<u8>)]) -> (Vec<Chip>, f32) {
    let room = WIDTH - LEFT - ARROW - 1.0;
    let (mut x, mut y, mut tall): (f32, f32, f32) = (0.0, 0.0, 0.0);
    let mut chips = Vec::new();
    for (name, team) in teams {
        let lines = wrap(name, SIZE, true, room - 2.0 * PAD);
        let widest = lines.iter().map(|line| width(line, SIZE, true)).fold(0.0, f32::max);
        let (wide, height) = (widest + 2.0 * PAD, CHIP + (lines.len().max(1) - 1) as f32 * LINE);
        if x > 0.0 && x + wide > room {
            (x, y, tall) = (0.0, y + tall + GAP, 0.0);
        }
        chips.push(Chip { x, y, width: wide, height, lines, team: *team });
        x += wide + GAP;
        tall = tall.max(height);
    }
    (chips, y + tall)
}

/// Draws the rows below two headings: of what fails, and of the teams.
pub(crate) fn draw(headings: [&str; 2], rows: &[Row]) -> Scene {
    let mut shapes = vec![
        text((0.0, SIZE), SIZE, true, Ink::Muted, headings[0].to_owned()),
        text((LEFT + ARROW, SIZE), SIZE, true, Ink::Muted, headings[1].to_owned()),
    ];
    let mut y = SIZE + 7.0;
    for row in rows {
        let (what, does) =
            (wrap(&row.what, SIZE, true, LEFT - 2.0 * PAD), wrap(&row.does, SMALL, false, LEFT - 2.0 * PAD));
        let left = what.len() as f32 * LINE + does.len() as f32 * (LINE - 1.0) + PAD + 1.0;
        let (chips, right) = place(&row.teams);
        let height = left.max(right);
        shapes.push(boxed((0.5, y), LEFT - 1.0, height, Ink::Surface, Ink::Text));
        let mut line = y + (height - left) / 2.0 + PAD / 2.0 + SIZE;
        for part in what {
            shapes.push(text((PAD, line), SIZE, true, Ink::Text, part));
            line += LINE;
        }
        for part in does {
            shapes.push(text((PAD, line - 1.0), SMALL, false, Ink::Muted, part));
            line += LINE - 1.0;
        }
        let middle = y + height / 2.0;
        let stroke = Stroke { ink: Ink::Muted, width: 0.9, dashed: false };
        let points = vec![(LEFT + 1.0, middle), (LEFT + ARROW - 4.0, middle)];
        shapes.push(Shape::Line { points, stroke, arrow: true });
        let top = y + (height - right) / 2.0;
        for chip in chips {
            let at = (LEFT + ARROW + chip.x, top + chip.y);
            let (fill, ink) =
                chip.team.map_or((Ink::Paper, Ink::Text), |team| (Ink::TeamSurface(team), Ink::Team(team)));
            shapes.push(boxed(at, chip.width, chip.height, fill, ink));
            for (number, part) in chip.lines.into_iter().enumerate() {
                let baseline = at.1 + 10.4 + number as f32 * LINE;
                shapes.push(text((at.0 + PAD, baseline), SIZE, true, Ink::Text, part));
            }
        }
        y += height + GAP + 2.0;
    }
    Scene { width: WIDTH, height: y, shapes }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_teams_wrap_and_everything_stays_inside() {
        let team = |number: u8| (format!("Team {number} of the customer relations department"), Some(number));
        let row = |teams: Vec<(String, Option<u8>)>| Row {
            what: "A controller with quite a long name that does not fit one line of its box".to_owned(),
            does: "traffic from outside".to_owned(),
            teams,
        };
        let rows = [row((0..9).map(team).collect()), row(vec![("nobody".to_owned(), None)]), row(Vec::new())];
        let scene = draw(["If this fails", "these teams stop"], &rows);
        let mut boxes = 0;
        for shape in &scene.shapes {
            match shape {
                Shape::Text { x, y, size, bold, text, .. } => {
                    assert!(x + width(text, *size, *bold) <= scene.width && *y <= scene.height, "{text}");
                }
                Shape::Rect { x, y, width, height, .. } => {
                    boxes += 1;
                    assert!(x + width <= scene.width && y + height <= scene.height);
                }
                Shape::Line { points, .. } => {
                    assert!(points.iter().all(|(x, y)| *x < scene.width && *y < scene.height))
                }
            }
        }
        assert_eq!(boxes, rows.len() + 10);
    }
}
