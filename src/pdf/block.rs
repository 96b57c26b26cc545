//! Blocks to strips: every block becomes vertical pieces that pages are filled with.
//!
//! In: blocks, a left edge and a width. Out: [`Strip`]s in reading order. Lines of a paragraph are strips, so are
//! table rows.

use std::collections::HashMap;

use super::{
    chars,
    fields::Field,
    font::{Face, Figures, Fonts},
    ink::{self, Inks, Rgb},
    lines::{Lines, Piece},
    page::{Dash, Draw, Elem, Heading, Item, Link, Pen, Sheet, Strip, Turn},
    tags::{Role, Tags},
    text::{Extent, Paragraph, Reader, Style, dot_width},
};
use crate::document::{Align, Block, Inline, Texts, plain};

/// Everything that laying out a document shares.
pub(super) struct Setter<'a> {
    pub fonts: Fonts,
    pub tags: Tags,
    pub links: Vec<Link>,
    /// What readers may fill in.
    pub fields: Vec<Field>,
    /// The document is a form: cells left empty to be written in are fields as well.
    pub blank: bool,
    /// Identifier of the last heading.
    pub section: Box<str>,
    pub images: &'a mut super::image::Images,
    pub inks: Inks,
    pub texts: &'a Texts,
    /// Numbers of tables, by anchor, in documents that list them.
    pub numbers: HashMap<&'a str, usize>,
    pub hyphenation: Option<hypher::Lang>,
    pub upright: Sheet,
    pub landscape: Sheet,
    /// Text of the heading that was set last, if nothing came after it.
    pub titled: Option<String>,
    /// Level of the last heading as tagged.
    pub level: u8,
    /// Height that a drawing leaves to what introduces it.
    pub reserved: f32,
}

/// Text is not indented below this width: whoever nests a hundred lists still gets all of them printed.
const NARROWEST: f32 = 28.0;

/// Where and how blocks are set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub x: f32,
    pub width: f32,
    /// Type size.
    pub size: f32,
    /// Distance of base lines.
    pub leading: f32,
    /// Space between paragraphs.
    pub gap: f32,
    pub align: Align,
    /// Hyphenate, with figures for prose.
    pub prose: bool,
    pub bold: bool,
    pub ink: Rgb,
    /// Element that the blocks lie in.
    pub parent: Elem,
    /// The parent itself holds the text of paragraphs, as table cells do.
    pub bare: bool,
}

impl Place {
    /// The body of a document.
    pub(super) fn body(width: f32, parent: Elem) -> Self {
        Self {
            x: 0.0,
            width,
            size: 10.0,
            leading: 14.0,
            gap: 7.0,
            align: Align::Start,
            prose: true,
            bold: false,
            ink: ink::TEXT,
            parent,
            bare: false,
        }
    }

    /// The same, moved to the right, unless so much is moved already that no room would be left.
    pub(super) fn indented(self, by: f32) -> Self {
        if self.width - by < NARROWEST {
            return self;
        }
        Self { x: self.x + by, width: self.width - by, ..self }
    }

    /// Small print.
    pub(super) fn small(self) -> Self {
        Self { size: 8.2, leading: 11.0, gap: 3.0, ink: ink::MUTED, ..self }
    }

    fn style(&self) -> Style {
        let figures = if self.prose { Figures::Proportional } else { Figures::Tabular };
        let face = if self.bold { Face::Semibold } else { Face::Regular };
        Style { figures, ..Style::new(self.size) }.ink(self.ink).face(face)
    }
}

impl Setter<'_> {
    /// Strips for a sequence of blocks.
    pub(super) fn blocks(&mut self, blocks: &[Block], place: Place) -> Vec<Strip> {
        let mut out = Vec::new();
        self.blocks_into(blocks, place, &mut out);
        out
    }

    pub(super) fn blocks_into(&mut self, blocks: &[Block], place: Place, out: &mut Vec<Strip>) {
        let mut fresh = false;
        for block in blocks {
            let first = out.len();
            self.block(block, place, out, &mut fresh);
            if let Some(strip) = out.get_mut(first).filter(|_| !matches!(block, Block::PageBreak)) {
                strip.fresh |= fresh;
                fresh = false;
            }
        }
    }

    pub(super) fn block(&mut self, block: &Block, place: Place, out: &mut Vec<Strip>, fresh: &mut bool) {
        let titled = self.titled.take();
        match block {
            Block::Heading { level, id, text } => {
                self.heading(*level, id, text, place, out);
                self.titled = Some(plain(text));
            }
            Block::Paragraph { text } => {
                let elem = if place.bare { place.parent } else { self.tags.add(Role::P, place.parent) };
                let paragraph = self.read(text, place);
                self.paragraph(&paragraph, place, elem, out);
            }
            Block::List { start, items } => self.list(*start, items, place, out),
            Block::Terms { items } => self.terms(items, place, out),
            Block::Table(table) => self.table(table, titled.as_deref(), place, out),
            Block::Code { text, .. } => self.code(text, place, out),
            Block::Quote { blocks } => self.quote(blocks, place, out),
            Block::Callout { kind, title, blocks } => self.callout(*kind, title, blocks, place, out),
            Block::Diagram(diagram) => self.diagram(diagram, place, out),
            Block::Image { file, alt, bytes } => self.image(file, alt, bytes, place, out),
            Block::Form(form) => self.form(form, place, out),
            Block::Rule => {
                let items = vec![Item::rule(place.x, 4.0, place.width, Pen::hairline(ink::HAIRLINE))];
                out.push(Strip { height: 8.0, gap: place.gap, items, ..Strip::default() });
            }
            Block::PageBreak => *fresh = true,
        }
    }

    /// Shapes inlines in the style of a place.
    pub(super) fn read(&mut self, text: &[Inline], place: Place) -> Paragraph {
        let hyphenate = self.hyphenation.filter(|_| place.prose);
        self.read_as(text, place.style(), hyphenate)
    }

    pub(super) fn read_as(&mut self, text: &[Inline], style: Style, hyphenate: Option<hypher::Lang>) -> Paragraph {
        let mut reader = Reader { fonts: &mut self.fonts, links: &mut self.links, link_ink: self.inks.accent };
        reader.read(text, style, hyphenate)
    }

    /// Strips of a paragraph: never one line alone at the foot or the head of a page.
    pub(super) fn paragraph(&mut self, paragraph: &Paragraph, place: Place, elem: Elem, out: &mut Vec<Strip>) {
        if paragraph.is_empty() {
            return;
        }
        let lines = paragraph.lines(place.width, &mut self.fonts);
        let count = lines.lines.len();
        let mut linked = Vec::new();
        for index in 0..count {
            let mut strip = Strip {
                height: place.leading,
                gap: if index == 0 { place.gap } else { 0.0 },
                keep: count > 1 && (index == 0 || index + 2 == count),
                ..Strip::default()
            };
            self.line(paragraph, &lines, index, place, elem, &mut linked, &mut strip.items);
            out.push(strip);
        }
    }

    /// Items of one line, its top at 0.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn line(
        &mut self,
        paragraph: &Paragraph,
        lines: &Lines,
        index: usize,
        place: Place,
        elem: Elem,
        linked: &mut Vec<(u32, Elem)>,
        items: &mut Vec<Item>,
    ) {
        let (range, width) = &lines.lines[index];
        let x = place.x
            + match place.align {
                Align::Start => 0.0,
                Align::Center => (place.width - width).max(0.0) / 2.0,
                Align::End => (place.width - width).max(0.0),
            };
        let base = place.leading / 2.0 + place.size * 0.33;
        let mut area: Option<(u32, f32, f32)> = None;
        for fragment in &lines.fragments[range.clone()] {
            let at = x + fragment.x;
            let link = match fragment.piece {
                Piece::Text { shaped, style } => {
                    let look = paragraph.styles[style as usize];
                    let owner = match look.link {
                        Some(link) => self.link_elem(link, elem, linked),
                        None => elem,
                    };
                    let draw = Draw::Text {
                        x: at,
                        y: base,
                        face: look.face,
                        size: look.size,
                        ink: look.ink,
                        shaped,
                        turned: false,
                    };
                    items.push(Item::new(owner, draw));
                    look.link
                }
                Piece::Badge(badge) => {
                    self.badge(badge, at, base, elem, items);
                    None
                }
                Piece::Dot(ink, size) => {
                    let side = size * 0.5;
                    items.push(Item::artifact(Draw::Rect {
                        x: at,
                        y: base - size * 0.33 - side / 2.0,
                        width: side,
                        height: side,
                        radius: side / 2.0,
                        fill: Some(ink),
                        stroke: None,
                    }));
                    debug_assert!(side < dot_width(size));
                    None
                }
            };
            match (&mut area, link) {
                (Some((link, _, end)), Some(this)) if *link == this => *end = at + fragment.width,
                _ => {
                    if let Some(area) = area.take() {
                        self.link_area(area, base, place, elem, linked, items);
                    }
                    area = link.map(|link| (link, at, at + fragment.width));
                }
            }
        }
        if let Some(area) = area {
            self.link_area(area, base, place, elem, linked, items);
        }
    }

    fn link_elem(&mut self, link: u32, parent: Elem, linked: &mut Vec<(u32, Elem)>) -> Elem {
        if let Some((_, elem)) = linked.iter().find(|(known, _)| *known == link) {
            return *elem;
        }
        let elem = self.tags.add(Role::Link, parent);
        linked.push((link, elem));
        elem
    }

    fn link_area(
        &mut self,
        (link, from, to): (u32, f32, f32),
        base: f32,
        place: Place,
        elem: Elem,
        linked: &mut Vec<(u32, Elem)>,
        items: &mut Vec<Item>,
    ) {
        items.push(Item::rule(
            from,
            base + 1.6,
            to - from,
            Pen { ink: self.inks.link_line, width: 0.5, dash: Dash::Solid },
        ));
        let elem = self.link_elem(link, elem, linked);
        let (y, height) = (base - place.size * 0.85, place.size * 1.15);
        items.push(Item::new(elem, Draw::Link { x: from, y, width: to - from, height, link }));
    }

    /// A label with its sign; without one it is the continuation of a label that was too wide.
    fn badge(&mut self, badge: super::text::Badge, x: f32, base: f32, elem: Elem, items: &mut Vec<Item>) {
        let (strong, faint) = ink::tone(badge.tone);
        let text = |x, shaped| {
            let draw =
                Draw::Text { x, y: base, face: Face::Semibold, size: badge.size, ink: strong, shaped, turned: false };
            Item::new(elem, draw)
        };
        if badge.sign.len == 0 {
            items.push(text(x, badge.text));
            return;
        }
        let height = badge.size * 1.32;
        items.push(Item::artifact(Draw::Rect {
            x,
            y: base - badge.size * 0.33 - height / 2.0,
            width: badge.width(),
            height,
            radius: height / 2.0,
            fill: Some(faint),
            stroke: Some(Pen { ink: strong, width: 0.5, dash: Dash::Solid }),
        }));
        items.push(text(x + badge.padding(), badge.sign));
        items.push(text(x + badge.padding() + badge.sign_width(), badge.text));
    }

    fn heading(&mut self, level: u8, id: &str, text: &[Inline], place: Place, out: &mut Vec<Strip>) {
        let level = level.clamp(1, 6);
        self.section = id.into();
        let (size, leading, gap, after) = match level {
            1 => (18.0, 23.0, 30.0, 5.0),
            2 => (13.5, 18.0, 20.0, 2.0),
            3 => (11.5, 15.5, 15.0, 0.0),
            _ => (10.0, 14.0, 11.0, 0.0),
        };
        // A heading right below another needs less room above it.
        let gap = if out.last().is_some_and(|strip| strip.keep && strip.heading.is_some()) { gap * 0.45 } else { gap };
        // Readers that walk by headings expect no level left out.
        self.level = level.min(self.level + 1);
        let elem = self.tags.add(Role::Heading(self.level), place.parent);
        let ink = if level == 1 { self.inks.accent } else { ink::TEXT };
        let inner = Place { size, leading, gap, ink, bold: true, prose: false, align: Align::Start, ..place };
        let paragraph = self.read(text, inner);
        let first = out.len();
        self.paragraph(&paragraph, inner, elem, out);
        let heading = Heading { level, id: id.into(), text: chars::plain(&plain(text)).into() };
        for strip in &mut out[first..] {
            strip.keep = true;
        }
        if let Some(strip) = out.get_mut(first) {
            strip.anchors.push(id.into());
            strip.heading = Some(heading);
        }
        if let Some(strip) = out.last_mut().filter(|_| level == 1) {
            strip.items.push(Item::rule(
                place.x,
                leading + 2.0,
                place.width,
                Pen { ink: self.inks.accent, width: 0.8, dash: Dash::Solid },
            ));
        }
        if let Some(strip) = out.last_mut() {
            strip.height += after;
        }
    }

    /// Narrowest and widest width of blocks, for table columns.
    pub(super) fn extent(&mut self, blocks: &[Block], place: Place) -> Extent {
        let mut extent = Extent::default();
        for block in blocks {
            let own = match block {
                Block::Paragraph { text } | Block::Heading { text, .. } => self.read(text, place).extent(&self.fonts),
                Block::List { items, .. } => items
                    .iter()
                    .map(|item| self.extent(item, place))
                    .fold(Extent::default(), Extent::union)
                    .widened(place.size * 1.6),
                Block::Quote { blocks } => self.extent(blocks, place).widened(14.0),
                Block::Callout { blocks, .. } => self.extent(blocks, place).widened(26.0),
                Block::Code { text, .. } => {
                    let style = Style { code: true, ..Style::new(place.size * 0.84) }.face(Face::Mono);
                    let lines: Vec<Extent> = text
                        .lines()
                        .map(|line| self.read_as(&[Inline::text(line)], style, None).extent(&self.fonts))
                        .collect();
                    lines.into_iter().fold(Extent::default(), Extent::union).widened(16.0)
                }
                Block::Terms { items } => items
                    .iter()
                    .map(|(term, blocks)| {
                        let term = self.read(term, place).extent(&self.fonts);
                        let rest = self.extent(blocks, place);
                        Extent { min: term.min + rest.min, fair: term.fair + rest.fair, max: term.max + rest.max }
                    })
                    .fold(Extent::default(), Extent::union)
                    .widened(14.0),
                Block::Table(table) => Extent {
                    min: table.columns.len() as f32 * 24.0,
                    fair: table.columns.len() as f32 * 40.0,
                    max: table.columns.len() as f32 * 90.0,
                },
                Block::Diagram(diagram) => Extent { min: 60.0, fair: 120.0, max: diagram.scene.width },
                Block::Image { .. } => Extent { min: 40.0, fair: 80.0, max: 200.0 },
                Block::Form(_) => Extent { min: 150.0, fair: 200.0, max: 400.0 },
                Block::Rule | Block::PageBreak => Extent::default(),
            };
            extent = extent.union(own);
        }
        extent
    }
}

/// The sheet's turn that strips of wide things ask for.
pub(super) fn turn(strips: &mut [Strip], turn: Turn) {
    for strip in strips {
        strip.turn = turn;
    }
}
