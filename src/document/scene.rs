//! A drawing as values: shapes in points, origin top left, y downwards. HTML draws it as SVG, PDF as vectors.

use serde::Serialize;

/// A drawing of `width` × `height` points.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Scene {
    /// Width in points.
    pub width: f32,
    /// Height in points.
    pub height: f32,
    /// Shapes, back to front.
    pub shapes: Vec<Shape>,
}

/// A shape.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "shape")]
pub enum Shape {
    /// A rectangle.
    Rect {
        /// Left edge.
        x: f32,
        /// Top edge.
        y: f32,
        /// Width.
        width: f32,
        /// Height.
        height: f32,
        /// Corner radius.
        radius: f32,
        /// Fill.
        fill: Option<Ink>,
        /// Outline.
        stroke: Option<Stroke>,
        /// A link over the shape, to an anchor of the same document.
        link: Option<String>,
    },
    /// Connected straight lines.
    Line {
        /// Corners, at least two.
        points: Vec<(f32, f32)>,
        /// Pen.
        stroke: Stroke,
        /// An arrow head at the last point.
        arrow: bool,
    },
    /// One line of text, already broken and measured.
    Text {
        /// Anchor point.
        x: f32,
        /// Baseline.
        y: f32,
        /// Size in points.
        size: f32,
        /// Semibold.
        bold: bool,
        /// Where `x` lies in the text.
        anchor: TextAnchor,
        /// Colour.
        ink: Ink,
        /// The text.
        text: String,
    },
}

/// A pen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Stroke {
    /// Colour.
    pub ink: Ink,
    /// Width in points.
    pub width: f32,
    /// Dashed, as the fence is.
    pub dashed: bool,
}

/// Where a text's `x` lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum TextAnchor {
    Start,
    Middle,
    End,
}

/// A colour by meaning, so that dark mode and print can choose their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ink {
    /// Body text.
    Text,
    /// Secondary text and lines.
    Muted,
    /// Page background.
    Paper,
    /// Faint fill behind groups.
    Surface,
    /// The workspace's accent: the fence.
    Accent,
    /// Faint accent fill: inside the fence.
    AccentSurface,
    /// A team's strong colour, by index into the workspace's teams.
    Team(u8),
    /// A team's faint fill.
    TeamSurface(u8),
    /// The colour of a tone.
    Tone(super::tree::Tone),
}
