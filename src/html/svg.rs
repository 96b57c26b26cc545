//! Draws a diagram as SVG.
//!
//! In: a [`Diagram`], and where its links lead. Out: an `<svg>` element styled by attributes and classes alone, since
//! the page's content security policy refuses inline styles; `theme.css` gives each class its colour in both themes.

use std::fmt::Write;

use super::escape::escape;
use crate::document::{
    Diagram, Tone, palette,
    scene::{Ink, Scene, Shape, Stroke, TextAnchor},
};

/// Draws a diagram on its own; its links lead to anchors of the page that it is put on.
pub fn svg(diagram: &Diagram) -> String {
    let mut out = String::new();
    draw(&mut out, diagram, &|anchor| Some(format!("#{anchor}")));
    out
}

/// Appends the diagram; `resolve` turns the anchor of a shape into a link, or `None` where there is nothing to link to.
pub(super) fn draw(out: &mut String, diagram: &Diagram, resolve: &dyn Fn(&str) -> Option<String>) {
    let scene = &diagram.scene;
    // A picture whose shapes can be followed is a group of links, not one image.
    let linked = scene.shapes.iter().any(|shape| match shape {
        Shape::Rect { link: Some(link), .. } => resolve(link).is_some(),
        _ => false,
    });
    let role = if linked { "group" } else { "img" };
    out.push_str("<svg class=\"scene\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 ");
    let _ = write!(
        out,
        "{} {}\" width=\"{}\" height=\"{}\"",
        n(scene.width),
        n(scene.height),
        px(scene.width),
        px(scene.height)
    );
    let _ = write!(out, " role=\"{role}\" aria-labelledby=\"");
    escape(out, &diagram.id);
    out.push_str("-title\" aria-describedby=\"");
    escape(out, &diagram.id);
    out.push_str("-desc\"><title id=\"");
    escape(out, &diagram.id);
    out.push_str("-title\">");
    escape(out, &diagram.caption);
    out.push_str("</title><desc id=\"");
    escape(out, &diagram.id);
    out.push_str("-desc\">");
    escape(out, &diagram.alt);
    out.push_str("</desc>\n");
    for (index, shape) in scene.shapes.iter().enumerate() {
        match shape {
            Shape::Rect { x, y, width, height, radius, fill, stroke, link } => {
                let href = link.as_deref().and_then(resolve);
                if let Some(href) = &href {
                    out.push_str("<a href=\"");
                    escape(out, href);
                    out.push_str("\" aria-label=\"");
                    escape(out, &words_within(scene, index));
                    out.push_str("\">");
                }
                let _ = write!(
                    out,
                    "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"",
                    n(*x),
                    n(*y),
                    n(*width),
                    n(*height)
                );
                if *radius > 0.0 {
                    let _ = write!(out, " rx=\"{}\"", n(*radius));
                }
                paint(out, *fill, stroke.as_ref());
                out.push_str(if href.is_some() { "/></a>\n" } else { "/>\n" });
            }
            Shape::Line { points, stroke, arrow } => line(out, points, *stroke, *arrow),
            Shape::Text { x, y, size, bold, anchor, ink, text } => {
                let _ = write!(out, "<text x=\"{}\" y=\"{}\" font-size=\"{}\"", n(*x), n(*y), n(*size));
                match anchor {
                    TextAnchor::Start => {}
                    TextAnchor::Middle => out.push_str(" text-anchor=\"middle\""),
                    TextAnchor::End => out.push_str(" text-anchor=\"end\""),
                }
                if *bold {
                    out.push_str(" font-weight=\"600\"");
                }
                let _ = write!(out, " class=\"f-{}\">", class(*ink));
                escape(out, text);
                out.push_str("</text>\n");
            }
        }
    }
    out.push_str("</svg>");
}

/// What is written in the rectangle with this index: the words before the next linked rectangle that lie inside.
fn words_within(scene: &Scene, index: usize) -> String {
    let Some(Shape::Rect { x, y, width, height, .. }) = scene.shapes.get(index) else { return String::new() };
    let mut words = Vec::new();
    for shape in &scene.shapes[index + 1..] {
        match shape {
            Shape::Rect { link: Some(_), .. } => break,
            Shape::Text { x: left, y: base, text, .. }
                if (*x..=x + width).contains(left) && (*y..=y + height).contains(base) =>
            {
                words.push(&**text);
            }
            _ => {}
        }
    }
    words.join(" ")
}

fn line(out: &mut String, points: &[(f32, f32)], stroke: Stroke, arrow: bool) {
    let [.., before, end] = points else { return };
    let head = 3.2 + stroke.width * 2.0;
    let (dx, dy) = (end.0 - before.0, end.1 - before.1);
    let length = dx.hypot(dy).max(0.001);
    let (dx, dy) = (dx / length, dy / length);
    let neck = (end.0 - dx * head, end.1 - dy * head);
    out.push_str("<polyline points=\"");
    let last = points.len() - 1;
    for (index, point) in points.iter().enumerate() {
        let (x, y) = if arrow && index == last { neck } else { *point };
        let _ = write!(out, "{}{},{}", if index == 0 { "" } else { " " }, n(x), n(y));
    }
    out.push('"');
    paint(out, None, Some(&stroke));
    out.push_str("/>\n");
    if arrow {
        let wing = head * 0.48;
        let (left, right) = ((neck.0 - dy * wing, neck.1 + dx * wing), (neck.0 + dy * wing, neck.1 - dx * wing));
        let _ = writeln!(
            out,
            "<polygon points=\"{},{} {},{} {},{}\" class=\"f-{}\"/>",
            n(end.0),
            n(end.1),
            n(left.0),
            n(left.1),
            n(right.0),
            n(right.1),
            class(stroke.ink)
        );
    }
}

fn paint(out: &mut String, fill: Option<Ink>, stroke: Option<&Stroke>) {
    if fill.is_none() {
        out.push_str(" fill=\"none\"");
    }
    if let Some(stroke) = stroke {
        let _ = write!(out, " stroke-width=\"{}\"", n(stroke.width));
        if stroke.dashed {
            let _ = write!(out, " stroke-dasharray=\"{} {}\"", n(stroke.width * 4.0), n(stroke.width * 2.5));
        }
    }
    let classes =
        [fill.map(|ink| format!("f-{}", class(ink))), stroke.map(|stroke| format!("s-{}", class(stroke.ink)))];
    let classes: Vec<String> = classes.into_iter().flatten().collect();
    if !classes.is_empty() {
        let _ = write!(out, " class=\"{}\"", classes.join(" "));
    }
}

/// The name of an ink in class names and CSS variables.
pub(super) fn class(ink: Ink) -> String {
    match ink {
        Ink::Text => "text".to_owned(),
        Ink::Muted => "muted".to_owned(),
        Ink::Paper => "paper".to_owned(),
        Ink::Surface => "surface".to_owned(),
        Ink::Accent => "accent".to_owned(),
        Ink::AccentSurface => "accent-surface".to_owned(),
        Ink::Team(index) => format!("t{}", usize::from(index) % palette::TEAMS),
        Ink::TeamSurface(index) => format!("t{}-surface", usize::from(index) % palette::TEAMS),
        Ink::Tone(which) => tone(which).to_owned(),
    }
}

/// The name of a tone in class names and CSS variables.
pub(super) fn tone(tone: Tone) -> &'static str {
    match tone {
        Tone::Good => "good",
        Tone::Bad => "bad",
        Tone::Caution => "caution",
        Tone::Unknown => "unknown",
        Tone::Neutral => "neutral",
    }
}

/// A number with at most two decimals.
fn n(value: f32) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// Points as CSS pixels.
fn px(points: f32) -> String {
    n((points * 4.0 / 3.0).round())
}
