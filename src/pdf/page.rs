//! What layout produces and drawing consumes: positioned items in points, origin top left, y downwards.

use super::{
    font::{Face, Shaped},
    ink::Rgb,
};

/// A structure element, by number; see [`super::tags`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Elem(pub u32);

impl Elem {
    /// Not part of the text: rules, backgrounds, running headers.
    pub(super) const ARTIFACT: Elem = Elem(u32::MAX);
}

/// Where a link leads, and its text for those who do not see it.
#[derive(Debug, Clone)]
pub(super) struct Link {
    pub target: crate::document::Target,
    pub text: Box<str>,
}

/// How a pen draws.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dash {
    Solid,
    Dashed,
    Dotted,
}

/// A pen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pen {
    pub ink: Rgb,
    pub width: f32,
    pub dash: Dash,
}

impl Pen {
    pub(super) const fn hairline(ink: Rgb) -> Self {
        Self { ink, width: 0.5, dash: Dash::Solid }
    }
}

/// Something drawn at a place.
#[derive(Debug, Clone)]
pub(super) struct Item {
    /// What it belongs to.
    pub elem: Elem,
    pub draw: Draw,
}

/// Kinds of things drawn.
#[derive(Debug, Clone)]
pub(super) enum Draw {
    /// Shaped text from `x` on the baseline `y`; `turned` runs upwards.
    Text { x: f32, y: f32, face: Face, size: f32, ink: Rgb, shaped: Shaped, turned: bool },
    /// A rectangle with round corners.
    Rect { x: f32, y: f32, width: f32, height: f32, radius: f32, fill: Option<Rgb>, stroke: Option<Pen> },
    /// A straight line.
    Rule { x: f32, y: f32, x2: f32, y2: f32, pen: Pen },
    /// Connected straight lines, stroked or filled.
    Path { points: Vec<(f32, f32)>, stroke: Option<Pen>, fill: Option<Rgb> },
    /// A picture of the document's list.
    Image { x: f32, y: f32, width: f32, height: f32, index: usize },
    /// An area that leads to a link of the document's list.
    Link { x: f32, y: f32, width: f32, height: f32, link: u32 },
    /// An area that takes the answer to a field of the document's list; `button` counts the boxes of one field.
    Field { x: f32, y: f32, width: f32, height: f32, field: u32, button: u16 },
    /// Nothing visible: the element takes its place in the reading order even if it stays empty.
    Mark,
}

impl Item {
    pub(super) fn new(elem: Elem, draw: Draw) -> Self {
        Self { elem, draw }
    }

    pub(super) fn artifact(draw: Draw) -> Self {
        Self { elem: Elem::ARTIFACT, draw }
    }

    /// A filled rectangle.
    pub(super) fn fill(x: f32, y: f32, width: f32, height: f32, ink: Rgb) -> Self {
        Self::artifact(Draw::Rect { x, y, width, height, radius: 0.0, fill: Some(ink), stroke: None })
    }

    /// A horizontal line.
    pub(super) fn rule(x: f32, y: f32, width: f32, pen: Pen) -> Self {
        Self::artifact(Draw::Rule { x, y, x2: x + width, y2: y, pen })
    }

    /// Left, top, right and bottom of what is drawn; text counts from its base line.
    pub(super) fn bounds(&self) -> [f32; 4] {
        match &self.draw {
            Draw::Text { x, y, size, shaped, .. } => {
                [*x, y - size, x + shaped.width as f32 / 1000.0 * size, y + size * 0.3]
            }
            Draw::Rect { x, y, width, height, .. }
            | Draw::Image { x, y, width, height, .. }
            | Draw::Link { x, y, width, height, .. }
            | Draw::Field { x, y, width, height, .. } => [*x, *y, x + width, y + height],
            Draw::Rule { x, y, x2, y2, .. } => [x.min(*x2), y.min(*y2), x.max(*x2), y.max(*y2)],
            Draw::Path { points, .. } => points.iter().fold([f32::MAX, f32::MAX, f32::MIN, f32::MIN], |all, (x, y)| {
                [all[0].min(*x), all[1].min(*y), all[2].max(*x), all[3].max(*y)]
            }),
            Draw::Mark => [f32::MAX, f32::MAX, f32::MIN, f32::MIN],
        }
    }

    /// The item moved.
    pub(super) fn moved(mut self, dx: f32, dy: f32) -> Self {
        match &mut self.draw {
            Draw::Text { x, y, .. }
            | Draw::Rect { x, y, .. }
            | Draw::Image { x, y, .. }
            | Draw::Link { x, y, .. }
            | Draw::Field { x, y, .. } => {
                *x += dx;
                *y += dy;
            }
            Draw::Rule { x, y, x2, y2, .. } => {
                *x += dx;
                *x2 += dx;
                *y += dy;
                *y2 += dy;
            }
            Draw::Path { points, .. } => {
                for (x, y) in points {
                    *x += dx;
                    *y += dy;
                }
            }
            Draw::Mark => {}
        }
        self
    }
}

/// How a sheet lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Turn {
    #[default]
    Upright,
    Landscape,
}

/// Paper and margins in points.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sheet {
    pub width: f32,
    pub height: f32,
    pub left: f32,
    pub right: f32,
    pub top: f32,
    pub bottom: f32,
}

impl Sheet {
    /// The sheet for a paper, margins as printed reports have them.
    pub(super) fn new(paper: crate::workspace::Paper, turn: Turn) -> Self {
        let (short, long) = match paper {
            crate::workspace::Paper::A4 => (595.28, 841.89),
            crate::workspace::Paper::Letter => (612.0, 792.0),
        };
        match turn {
            Turn::Upright => Self { width: short, height: long, left: 62.0, right: 62.0, top: 76.0, bottom: 68.0 },
            Turn::Landscape => Self { width: long, height: short, left: 50.0, right: 50.0, top: 70.0, bottom: 60.0 },
        }
    }

    /// Width between the margins.
    pub(super) fn text_width(&self) -> f32 {
        self.width - self.left - self.right
    }

    /// Height between the margins.
    pub(super) fn text_height(&self) -> f32 {
        self.height - self.top - self.bottom
    }
}

/// A page.
#[derive(Debug, Clone)]
pub(super) struct Page {
    pub sheet: Sheet,
    pub items: Vec<Item>,
    /// The level-1 heading in force at the page's top, else the first on it.
    pub section: Option<Box<str>>,
    /// Whether it carries the running header and footer.
    pub furniture: bool,
}

/// A vertical piece that never tears: a line of text, a table row.
#[derive(Debug, Default)]
pub(super) struct Strip {
    pub height: f32,
    /// Space before it, left out at the top of a page.
    pub gap: f32,
    /// Stays on one page with the strip after it.
    pub keep: bool,
    /// Begins a new page.
    pub fresh: bool,
    pub turn: Turn,
    pub items: Vec<Item>,
    /// Names of places that links lead to.
    pub anchors: Vec<Box<str>>,
    pub heading: Option<Heading>,
    /// Drawn above the strip when it comes first on a page: a table's head.
    pub repeat: Option<std::rc::Rc<Repeat>>,
    /// Drawn with the strip when it comes first on a page: cells that began on the page before.
    pub resume: Vec<std::rc::Rc<[Item]>>,
    /// How to divide it when no page can hold it.
    pub tall: Option<Box<super::tall::Tall>>,
}

/// A heading for the contents, the bookmarks and the running header.
#[derive(Debug, Clone)]
pub(super) struct Heading {
    pub level: u8,
    pub id: Box<str>,
    pub text: Box<str>,
}

/// What is repeated at the top of each page that a table runs on to.
#[derive(Debug, Default)]
pub(super) struct Repeat {
    pub height: f32,
    pub items: Vec<Item>,
}

/// Height of a sequence of strips, the first one's gap left out.
pub(super) fn height_of(strips: &[Strip]) -> f32 {
    strips.iter().enumerate().map(|(at, strip)| strip.height + if at == 0 { 0.0 } else { strip.gap }).sum()
}
