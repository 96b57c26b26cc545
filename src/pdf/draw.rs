//! A page's items to its content stream, through printpdf's drawing operations.
//!
//! Consecutive items of one structure element become one marked content, numbered as [`super::flow`] numbered them;
//! everything else is marked as an artifact. Text that goes on where the last text ended joins it, so a line in one
//! style is one operation.

use printpdf::{
    Color, DictItem, FontId, Line, LineDashPattern, LinePoint, Mm, Op, PaintMode, PdfDocument, PdfFontHandle, PdfPage,
    PdfSaveOptions, Point, Polygon, PolygonRing, Pt, Rgb as PdfRgb, TextMatrix, WindingOrder, XObjectId,
};
use rayon::prelude::*;

use super::{
    font::{Face, Fonts, Shaped},
    ink::Rgb,
    page::{Dash, Draw, Elem, Page, Pen},
    tags::Tags,
};

/// Pages given to printpdf at once: enough to share its fixed costs, few enough to keep its objects small in memory.
const BATCH: usize = 32;

/// Content streams of the pages, in the given order, not yet compressed.
pub(super) fn contents(pages: &[&Page], fonts: &Fonts, tags: &Tags) -> Vec<Vec<u8>> {
    let usages = Widths::new(fonts);
    pages
        .par_chunks(BATCH)
        .flat_map_iter(|batch| {
            let pages = batch.iter().map(|page| operations(page, &usages, tags)).collect();
            streams(pages)
        })
        .collect()
}

/// What drawing needs to know of the fonts, free to be shared between threads.
struct Widths<'f> {
    glyphs: &'f [super::font::Glyph],
    widths: Vec<Vec<i16>>,
}

impl<'f> Widths<'f> {
    fn new(fonts: &'f Fonts) -> Self {
        let widths =
            Face::ALL.iter().map(|face| fonts.usage(*face).codes.iter().map(|code| code.width).collect()).collect();
        Self { glyphs: &fonts.glyphs, widths }
    }
}

/// Serialises a batch and takes the streams out of it. Pages draw on shared resources that the file adds itself.
fn streams(pages: Vec<PdfPage>) -> Vec<Vec<u8>> {
    let count = pages.len();
    let mut document = PdfDocument::new("");
    document.pages = pages;
    // `secure` would drop the show-text operations with whole strings, which printpdf has no name for.
    let options = PdfSaveOptions { optimize: false, subset_fonts: false, secure: false, image_optimization: None };
    let mut file = document.to_lopdf_document(&options, &mut Vec::new());
    let ids: Vec<_> = file.get_pages().into_values().collect();
    let mut out: Vec<Vec<u8>> = ids
        .into_iter()
        .map(|page| {
            let contents = file.get_dictionary(page).and_then(|page| page.get(b"Contents")?.as_reference()).ok();
            match contents.and_then(|id| file.objects.remove(&id)) {
                Some(lopdf::Object::Stream(stream)) => stream.content,
                _ => Vec::new(),
            }
        })
        .collect();
    out.resize(count, Vec::new());
    out
}

fn operations(page: &Page, fonts: &Widths, tags: &Tags) -> PdfPage {
    let mut pen = Painter {
        ops: Vec::with_capacity(page.items.len() * 4),
        height: page.sheet.height,
        fonts,
        fill: None,
        stroke: None,
        face: None,
        run: None,
        in_text: false,
    };
    let mut current: Option<Elem> = None;
    let mut marks = 0_i64;
    for item in &page.items {
        if current != Some(item.elem) {
            pen.end_text();
            if current.is_some() {
                pen.ops.push(Op::EndMarkedContent);
            }
            current = Some(item.elem);
            if item.elem == Elem::ARTIFACT {
                pen.ops.push(Op::BeginMarkedContent { tag: "Artifact".into() });
            } else {
                let role = tags.elements.get(item.elem.0 as usize).map_or("P", |element| element.role.name());
                let map = [("MCID".to_owned(), DictItem::Int(marks))].into();
                let properties = DictItem::Dict { map };
                pen.ops.push(Op::BeginMarkedContentWithProperties { tag: role.into(), properties });
                marks += 1;
            }
        }
        pen.draw(&item.draw);
    }
    pen.end_text();
    if current.is_some() {
        pen.ops.push(Op::EndMarkedContent);
    }
    PdfPage::new(Mm::from(Pt(page.sheet.width)), Mm::from(Pt(page.sheet.height)), pen.ops)
}

/// A run of text being collected into one operation.
struct Run {
    x: f32,
    y: f32,
    end: f32,
    turned: bool,
    face: Face,
    size: f32,
    ink: Rgb,
    bytes: Vec<u8>,
    parts: Vec<DictItem>,
}

struct Painter<'f> {
    ops: Vec<Op>,
    height: f32,
    fonts: &'f Widths<'f>,
    fill: Option<Rgb>,
    stroke: Option<Pen>,
    face: Option<(Face, f32)>,
    run: Option<Run>,
    in_text: bool,
}

/// Two decimals are finer than any printer.
fn round(value: f32) -> f32 {
    (value * 100.0).round() / 100.0
}

impl Painter<'_> {
    fn draw(&mut self, draw: &Draw) {
        if let Draw::Text { x, y, face, size, ink, shaped, turned } = draw {
            return self.text(*x, *y, *face, *size, *ink, *shaped, *turned);
        }
        self.end_text();
        match draw {
            Draw::Rect { x, y, width, height, radius, fill, stroke } => {
                let ring = self.rectangle(*x, *y, *width, *height, *radius);
                self.paint(ring, *fill, *stroke);
            }
            Draw::Rule { x, y, x2, y2, pen } => {
                self.pen(*pen);
                let points = [(*x, *y), (*x2, *y2)].map(|(x, y)| LinePoint { p: self.point(x, y), bezier: false });
                self.ops.push(Op::DrawLine { line: Line { points: points.into(), is_closed: false } });
            }
            Draw::Path { points, stroke, fill } => {
                let ring: Vec<LinePoint> =
                    points.iter().map(|(x, y)| LinePoint { p: self.point(*x, *y), bezier: false }).collect();
                if fill.is_some() {
                    self.paint(ring, *fill, *stroke);
                } else if let Some(pen) = stroke {
                    self.pen(*pen);
                    self.ops.push(Op::DrawLine { line: Line { points: ring, is_closed: false } });
                }
            }
            Draw::Image { x, y, width, height, index } => {
                // The matrix is written out: printpdf scales pictures by their pixels, which it does not know here.
                let matrix = [*width, 0.0, 0.0, *height, *x, self.height - y - height].map(round);
                self.ops.push(Op::SaveGraphicsState);
                self.ops.push(Op::Unknown { key: "cm".into(), value: matrix.map(DictItem::Real).into() });
                let name = XObjectId(format!("I{index}"));
                self.ops.push(Op::Unknown { key: "Do".into(), value: vec![DictItem::Name(name.0.into_bytes())] });
                self.ops.push(Op::RestoreGraphicsState);
            }
            Draw::Text { .. } | Draw::Link { .. } | Draw::Field { .. } | Draw::Mark => {}
        }
    }

    fn point(&self, x: f32, y: f32) -> Point {
        Point { x: Pt(round(x)), y: Pt(round(self.height - y)) }
    }

    fn rectangle(&self, x: f32, y: f32, width: f32, height: f32, radius: f32) -> Vec<LinePoint> {
        let line = |x, y| LinePoint { p: self.point(x, y), bezier: false };
        let (right, foot) = (x + width, y + height);
        if radius < 0.1 {
            return vec![line(x, y), line(right, y), line(right, foot), line(x, foot)];
        }
        let curve = |x, y| LinePoint { p: self.point(x, y), bezier: true };
        // Distance of the handles that make a quarter of a circle.
        let handle = radius * 0.4477;
        vec![
            line(x + radius, y),
            line(right - radius, y),
            curve(right - handle, y),
            curve(right, y + handle),
            line(right, y + radius),
            line(right, foot - radius),
            curve(right, foot - handle),
            curve(right - handle, foot),
            line(right - radius, foot),
            line(x + radius, foot),
            curve(x + handle, foot),
            curve(x, foot - handle),
            line(x, foot - radius),
            line(x, y + radius),
            curve(x, y + handle),
            curve(x + handle, y),
            line(x + radius, y),
        ]
    }

    fn paint(&mut self, points: Vec<LinePoint>, fill: Option<Rgb>, stroke: Option<Pen>) {
        let mode = match (fill, stroke) {
            (Some(_), Some(_)) => PaintMode::FillStroke,
            (Some(_), None) => PaintMode::Fill,
            (None, Some(_)) => PaintMode::Stroke,
            (None, None) => return,
        };
        if let Some(ink) = fill {
            self.ink(ink);
        }
        if let Some(pen) = stroke {
            self.pen(pen);
        }
        let polygon = Polygon { rings: vec![PolygonRing { points }], mode, winding_order: WindingOrder::NonZero };
        self.ops.push(Op::DrawPolygon { polygon });
    }

    fn ink(&mut self, ink: Rgb) {
        if self.fill != Some(ink) {
            self.fill = Some(ink);
            self.ops.push(Op::SetFillColor { col: colour(ink) });
        }
    }

    fn pen(&mut self, pen: Pen) {
        if self.stroke.is_none_or(|known| known.ink != pen.ink) {
            self.ops.push(Op::SetOutlineColor { col: colour(pen.ink) });
        }
        if self.stroke.is_none_or(|known| known.width != pen.width) {
            self.ops.push(Op::SetOutlineThickness { pt: Pt(round(pen.width)) });
        }
        if self.stroke.map_or(Dash::Solid, |known| known.dash) != pen.dash || pen.dash != Dash::Solid {
            let dash = match pen.dash {
                Dash::Solid => LineDashPattern::solid(),
                Dash::Dashed => LineDashPattern::new(0.0, &[round(pen.width * 4.0), round(pen.width * 2.5)]),
                Dash::Dotted => LineDashPattern::new(0.0, &[round(pen.width), round(pen.width * 3.5)]),
            };
            self.ops.push(Op::SetLineDashPattern { dash });
        }
        self.stroke = Some(pen);
    }

    #[allow(clippy::too_many_arguments)]
    fn text(&mut self, x: f32, y: f32, face: Face, size: f32, ink: Rgb, shaped: Shaped, turned: bool) {
        if shaped.len == 0 {
            return;
        }
        let joins = self.run.as_ref().is_some_and(|run| {
            (run.face, run.size, run.ink, run.turned) == (face, size, ink, turned)
                && if turned { run.x == x } else { run.y == y && (run.end - x).abs() < 0.02 }
        });
        if !joins || turned {
            self.flush();
            let (bytes, parts) = (Vec::with_capacity(160), Vec::new());
            self.run = Some(Run { x, y, end: x, turned, face, size, ink, bytes, parts });
        }
        let widths = &self.fonts.widths[face as usize];
        let glyphs = &self.fonts.glyphs[shaped.range()];
        let mut pen = x;
        let mut rise = 0;
        for glyph in glyphs {
            // An accent above its letter: a run of its own, higher up.
            if glyph.dy != rise && !turned {
                rise = glyph.dy;
                self.flush();
                let (bytes, parts) = (Vec::new(), Vec::new());
                let y = y - f32::from(rise) / 1000.0 * size;
                self.run = Some(Run { x: pen, y, end: pen, turned, face, size, ink, bytes, parts });
            }
            let Some(run) = &mut self.run else { return };
            pen += f32::from(glyph.advance) / 1000.0 * size;
            let own = widths.get(glyph.code as usize).copied().unwrap_or(0);
            if glyph.dx != 0 {
                run.shift(-i64::from(glyph.dx));
            }
            run.bytes.extend(glyph.code.to_be_bytes());
            let after = i64::from(own) - i64::from(glyph.advance) + i64::from(glyph.dx);
            if after != 0 {
                run.shift(after);
            }
        }
        if let Some(run) = &mut self.run {
            run.end = x + (shaped.width + shaped.trail) as f32 / 1000.0 * size;
        }
    }

    fn flush(&mut self) {
        let Some(mut run) = self.run.take() else { return };
        run.close();
        if !self.in_text {
            self.ops.push(Op::StartTextSection);
            self.in_text = true;
            self.face = None;
        }
        self.ink(run.ink);
        if self.face != Some((run.face, run.size)) {
            self.face = Some((run.face, run.size));
            let font = PdfFontHandle::External(FontId(run.face.resource().to_owned()));
            self.ops.push(Op::SetFont { font, size: Pt(round(run.size)) });
        }
        let (x, y) = (round(run.x), round(self.height - run.y));
        let matrix = if run.turned { [0.0, 1.0, -1.0, 0.0, x, y] } else { [1.0, 0.0, 0.0, 1.0, x, y] };
        self.ops.push(Op::SetTextMatrix { matrix: TextMatrix::Raw(matrix) });
        self.ops.push(Op::Unknown { key: "TJ".into(), value: vec![DictItem::Array(run.parts)] });
    }

    fn end_text(&mut self) {
        self.flush();
        if self.in_text {
            self.ops.push(Op::EndTextSection);
            self.in_text = false;
        }
    }
}

impl Run {
    fn close(&mut self) {
        if !self.bytes.is_empty() {
            let data = std::mem::replace(&mut self.bytes, Vec::with_capacity(64));
            self.parts.push(DictItem::String { data, literal: true });
        }
    }

    /// Moves the pen to the left by thousandths of the type size.
    fn shift(&mut self, by: i64) {
        self.close();
        self.parts.push(DictItem::Int(by));
    }
}

fn colour(Rgb(r, g, b): Rgb) -> Color {
    let part = |value: u8| (f32::from(value) / 255.0 * 1000.0).round() / 1000.0;
    Color::Rgb(PdfRgb { r: part(r), g: part(g), b: part(b), icc_profile: None })
}
