//! Drawings as vectors: scaled to the page, turned with it if that makes them legible.

use super::{
    block::{Place, Setter},
    chars,
    font::{Face, Figures},
    page::{Dash, Draw, Item, Link, Pen, Strip, Turn},
    tags::Role,
};
use crate::document::{
    Diagram, Inline, Target,
    scene::{Shape, TextAnchor},
};

impl Setter<'_> {
    /// Strips of a drawing with its caption below.
    pub(super) fn diagram(&mut self, diagram: &Diagram, place: Place, out: &mut Vec<Strip>) {
        let scene = &diagram.scene;
        if scene.width <= 0.0 || scene.height <= 0.0 {
            return;
        }
        let first = out.len();
        let caption = if diagram.caption.is_empty() { 0.0 } else { 34.0 };
        let room = |width: f32, height: f32| {
            let free = height - caption - self.reserved.min(height * 0.3) - 12.0;
            (width / scene.width).min(free / scene.height).min(1.0)
        };
        let upright = room(place.width, self.upright.text_height());
        let wide = room(self.landscape.text_width(), self.landscape.text_height());
        // A turned page is worth it only where the drawing would become hard to read.
        let smallest = smallest_type(&scene.shapes);
        let is_turned = diagram.landscape && smallest * upright < 7.0 && wide > upright * 1.1;
        let (scale, width) = if is_turned { (wide, self.landscape.text_width()) } else { (upright, place.width) };

        let elem = self.tags.add(Role::Figure, place.parent);
        let (drawn_width, height) = (scene.width * scale, scene.height * scale);
        if let Some(element) = self.tags.get_mut(elem) {
            let alt = if diagram.alt.is_empty() { &diagram.caption } else { &diagram.alt };
            element.alt = Some(chars::plain(alt).into());
        }
        let x = place.x + (width - drawn_width) / 2.0;
        let mut items = Vec::new();
        for shape in &scene.shapes {
            self.shape(shape, scale, &mut items);
        }
        for item in &mut items {
            item.elem = if matches!(item.draw, Draw::Link { .. }) { self.tags.add(Role::Link, elem) } else { elem };
        }
        let items = items.into_iter().map(|item| item.moved(x, 0.0)).collect();
        out.push(Strip { height, gap: place.gap + 4.0, keep: !diagram.caption.is_empty(), items, ..Strip::default() });
        if !diagram.caption.is_empty() {
            let small = Place { width, size: 9.2, leading: 12.2, gap: 6.0, bold: true, prose: false, ..place };
            let caption = self.tags.add(Role::Caption, place.parent);
            let paragraph = self.read(&[Inline::text(&diagram.caption)], small);
            self.paragraph(&paragraph, small, caption, out);
        }
        if let Some(strip) = out.get_mut(first) {
            strip.anchors.push(diagram.id.as_str().into());
        }
        if is_turned {
            super::block::turn(&mut out[first..], Turn::Landscape);
        }
    }

    fn shape(&mut self, shape: &Shape, scale: f32, items: &mut Vec<Item>) {
        let pen = |stroke: &crate::document::scene::Stroke, inks: &super::ink::Inks| Pen {
            ink: inks.ink(stroke.ink),
            width: stroke.width * scale,
            dash: if stroke.dashed { Dash::Dashed } else { Dash::Solid },
        };
        match shape {
            Shape::Rect { x, y, width, height, radius, fill, stroke, link } => {
                let [x, y, width, height] = [x, y, width, height].map(|value| value * scale);
                let draw = Draw::Rect {
                    x,
                    y,
                    width,
                    height,
                    radius: (radius * scale).min(width / 2.0).min(height / 2.0),
                    fill: fill.map(|ink| self.inks.ink(ink)),
                    stroke: stroke.as_ref().map(|stroke| pen(stroke, &self.inks)),
                };
                items.push(Item::artifact(draw));
                if let Some(anchor) = link {
                    let link = self.links.len() as u32;
                    self.links.push(Link { target: Target::Anchor(anchor.clone()), text: anchor.as_str().into() });
                    items.push(Item::artifact(Draw::Link { x, y, width, height, link }));
                }
            }
            Shape::Line { points, stroke, arrow } => {
                let points: Vec<(f32, f32)> = points.iter().map(|(x, y)| (x * scale, y * scale)).collect();
                let pen = pen(stroke, &self.inks);
                if let (true, [.., from, to]) = (arrow, points.as_slice()) {
                    items.extend(arrow_head(*from, *to, pen, scale));
                }
                items.push(Item::artifact(Draw::Path { points, stroke: Some(pen), fill: None }));
            }
            Shape::Text { x, y, size, bold, anchor, ink, text } => {
                let face = if *bold { Face::Semibold } else { Face::Regular };
                let mut runs = Vec::new();
                chars::visible(&mut self.fonts, face, text, |face, run| runs.push((face, run.to_owned())));
                let size = size * scale;
                let shaped: Vec<_> =
                    runs.iter().map(|(face, run)| (*face, self.fonts.shape(*face, Figures::Tabular, run))).collect();
                let width: f32 =
                    shaped.iter().map(|(_, shaped)| (shaped.width + shaped.trail) as f32 / 1000.0 * size).sum();
                let mut at = x * scale
                    - match anchor {
                        TextAnchor::Start => 0.0,
                        TextAnchor::Middle => width / 2.0,
                        TextAnchor::End => width,
                    };
                for (face, shaped) in shaped {
                    let ink = self.inks.ink(*ink);
                    items.push(Item::artifact(Draw::Text {
                        x: at,
                        y: y * scale,
                        face,
                        size,
                        ink,
                        shaped,
                        turned: false,
                    }));
                    at += (shaped.width + shaped.trail) as f32 / 1000.0 * size;
                }
            }
        }
    }
}

fn smallest_type(shapes: &[Shape]) -> f32 {
    let sizes = shapes.iter().filter_map(|shape| match shape {
        Shape::Text { size, .. } => Some(*size),
        _ => None,
    });
    sizes.fold(12.0, f32::min)
}

/// A filled triangle whose tip is the line's end.
fn arrow_head(from: (f32, f32), to: (f32, f32), pen: Pen, scale: f32) -> Option<Item> {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let length = dx.hypot(dy);
    if length < 0.01 {
        return None;
    }
    let (ux, uy) = (dx / length, dy / length);
    let (long, wide) = (7.0 * scale, 3.0 * scale);
    let foot = (to.0 - ux * long, to.1 - uy * long);
    let points = vec![to, (foot.0 - uy * wide, foot.1 + ux * wide), (foot.0 + uy * wide, foot.1 - ux * wide)];
    Some(Item::artifact(Draw::Path { points, stroke: None, fill: Some(pen.ink) }))
}
