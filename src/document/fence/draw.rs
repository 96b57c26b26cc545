//! Turns the layout of the fence diagram into shapes, back to front.

use super::{
    advance::width,
    layout::{ArrowAt, BoxAt, KEY, LEGEND, Layout, NUMBER, PanelAt, Place},
    pack::{BAR, SMALL, Style},
};
use crate::document::scene::{Ink, Scene, Shape, Stroke, TextAnchor};

/// Draws everything.
pub(super) fn draw(layout: &Layout<'_>) -> Scene {
    let mut pen = Pen { shapes: Vec::new() };
    let fence = Stroke { ink: Ink::Accent, width: 1.6, dashed: true };
    pen.rect(layout.fence, 6.0, Some(Ink::AccentSurface), Some(fence), None);
    pen.text((layout.fence.x + 9.0, layout.fence.y + 17.5), 10.0, true, Ink::Accent, &layout.plan.label);
    for (x, y) in &layout.outside_labels {
        pen.text((*x, *y), 8.5, true, Ink::Muted, &layout.plan.outside_label);
    }
    for panel in &layout.panels {
        pen.panel(panel, layout.style);
    }
    for arrow in &layout.arrows {
        pen.arrow(arrow);
    }
    pen.legend(layout);
    for line in &layout.key {
        if !line.number.is_empty() {
            pen.text((line.x, line.y), KEY, true, Ink::Accent, &line.number);
        }
        pen.text((line.text_x, line.y), KEY, false, Ink::Muted, &line.text);
    }
    Scene { width: layout.width, height: layout.height, shapes: pen.shapes }
}

struct Pen {
    shapes: Vec<Shape>,
}

impl Pen {
    fn rect(&mut self, at: Place, radius: f32, fill: Option<Ink>, stroke: Option<Stroke>, link: Option<String>) {
        let Place { x, y, width, height } = at;
        self.shapes.push(Shape::Rect { x, y, width, height, radius, fill, stroke, link });
    }

    fn text(&mut self, at: (f32, f32), size: f32, bold: bool, ink: Ink, text: &str) {
        self.anchored(at, size, bold, ink, text, TextAnchor::Start);
    }

    fn anchored(&mut self, (x, y): (f32, f32), size: f32, bold: bool, ink: Ink, text: &str, anchor: TextAnchor) {
        self.shapes.push(Shape::Text { x, y, size, bold, anchor, ink, text: text.to_owned() });
    }

    fn panel(&mut self, panel: &PanelAt<'_>, style: Style) {
        let outline = Stroke { ink: Ink::Muted, width: 0.35, dashed: false };
        self.rect(panel.place, 4.0, Some(Ink::Paper), Some(outline), None);
        let mut y = panel.place.y + style.pad * 0.6 + style.title() * 0.95;
        for line in &panel.title {
            self.text((panel.place.x + style.pad, y), style.title(), true, Ink::Text, line);
            y += style.title() * 1.2;
        }
        for boxed in &panel.boxes {
            self.boxed(boxed, style);
        }
    }

    fn boxed(&mut self, boxed: &BoxAt<'_>, style: Style) {
        let (place, team) = (boxed.place, boxed.item.team);
        let outline = Stroke { ink: Ink::Team(team), width: 0.6, dashed: false };
        self.rect(place, 2.5, Some(Ink::TeamSurface(team)), Some(outline), boxed.item.link.clone());
        let bar = Place { x: place.x + 1.4, y: place.y + 2.0, width: BAR - 1.2, height: place.height - 4.0 };
        self.rect(bar, 0.9, Some(Ink::Team(team)), None, None);
        let left = place.x + BAR + style.pad;
        let own_lines = if boxed.shared { 0 } else { boxed.references.len() };
        let text = boxed.lines.len() as f32 * style.leading() + own_lines as f32 * SMALL * 1.25;
        let mut y = place.y + (place.height - text) / 2.0;
        let right = place.x + place.width - style.pad;
        self.anchored(
            (right, y + style.leading() * 0.78),
            SMALL,
            true,
            Ink::Team(team),
            &boxed.item.short,
            TextAnchor::End,
        );
        for line in &boxed.lines {
            self.text((left, y + style.leading() * 0.78), style.text, false, Ink::Text, line);
            y += style.leading();
        }
        for line in &boxed.references {
            if boxed.shared {
                let at = (right, y - style.leading() * 0.22);
                self.anchored(at, SMALL, true, Ink::Accent, line, TextAnchor::End);
                continue;
            }
            self.text((left, y + SMALL * 0.98), SMALL, true, Ink::Accent, line);
            y += SMALL * 1.25;
        }
    }

    fn arrow(&mut self, arrow: &ArrowAt) {
        let stroke = Stroke { ink: Ink::Accent, width: 0.9, dashed: false };
        self.shapes.push(Shape::Line { points: vec![(arrow.x, arrow.from), (arrow.x, arrow.to)], stroke, arrow: true });
        for (number, middle) in &arrow.numbers {
            let width = width(number, SMALL, true) + 6.0;
            let pill = Place { x: arrow.x - width / 2.0, y: middle - NUMBER / 2.0, width, height: NUMBER };
            let outline = Stroke { ink: Ink::Accent, width: 0.6, dashed: false };
            self.rect(pill, NUMBER / 2.0, Some(Ink::Paper), Some(outline), None);
            let at = (arrow.x, middle + SMALL * 0.34);
            self.anchored(at, SMALL, true, Ink::Accent, number, TextAnchor::Middle);
        }
    }

    fn legend(&mut self, layout: &Layout<'_>) {
        for entry in &layout.legend {
            let team = &layout.plan.teams[entry.team];
            let swatch = Place { x: entry.x + 0.5, y: entry.y, width: entry.swatch - 1.0, height: 10.0 };
            let outline = Stroke { ink: Ink::Team(team.index), width: 0.6, dashed: false };
            self.rect(swatch, 2.0, Some(Ink::TeamSurface(team.index)), Some(outline), None);
            let middle = (entry.x + entry.swatch / 2.0, entry.y + 7.3);
            self.anchored(middle, SMALL, true, Ink::Team(team.index), &team.short, TextAnchor::Middle);
            self.text((entry.x + entry.swatch + 4.0, entry.y + 7.6), LEGEND, false, Ink::Text, &team.name);
        }
    }
}
