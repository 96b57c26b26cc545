//! Strips to pages.
//!
//! In: strips in reading order. Out: [`Page`]s with everything at its place, where each anchor and heading went, and
//! the structure tree's content in reading order. Strips that keep with the next move together; pages turn where wide
//! tables ask for it; a table that runs on repeats its head.

use std::collections::BTreeMap;

use super::{
    block::Setter,
    page::{Draw, Elem, Heading, Item, Page, Sheet, Strip, Turn, height_of},
    tags::{Kid, Role, Tags},
};

/// A point on a page, by its number in order of layout.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Spot {
    pub page: usize,
    pub y: f32,
}

/// What an area of a page is for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Use {
    /// It leads to a link of the document's list.
    Link(u32),
    /// It takes the answer to a field of the document's list, as one of its boxes.
    Field { field: u32, button: u16 },
}

/// An area that a reader acts on: an annotation of the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Area {
    pub page: usize,
    pub x: f32,
    pub y: f32,
    pub width: f32,
    pub height: f32,
    pub purpose: Use,
    pub elem: Elem,
}

/// Pages filled so far.
#[derive(Debug, Default)]
pub(super) struct Flow {
    pub pages: Vec<Page>,
    pub anchors: BTreeMap<Box<str>, Spot>,
    pub headings: Vec<(Heading, Spot)>,
    pub areas: Vec<Area>,
    /// Element of each marked content, by page.
    pub marks: Vec<Vec<Elem>>,
    /// Strips that keep with what has not come yet.
    waiting: Vec<Strip>,
    y: f32,
    turn: Turn,
    /// Level-1 heading in force.
    section: Option<Box<str>>,
    open: bool,
}

impl Flow {
    /// Fills pages with strips. The last ones may wait for what they keep with.
    pub(super) fn pour(&mut self, strips: Vec<Strip>, setter: &mut Setter) {
        for strip in strips {
            if strip.fresh {
                self.finish(setter);
            }
            let keep = strip.keep;
            self.waiting.push(strip);
            if !keep {
                self.finish(setter);
            }
        }
    }

    /// Places what still waits.
    pub(super) fn finish(&mut self, setter: &mut Setter) {
        if !self.waiting.is_empty() {
            let strips = std::mem::take(&mut self.waiting);
            self.chain(strips, setter);
        }
    }

    /// What follows begins on a new page and is of no section yet.
    pub(super) fn begin_part(&mut self) {
        self.open = false;
        self.section = None;
    }

    /// Adds an empty page.
    pub(super) fn blank(&mut self, setter: &mut Setter) {
        self.start_page(Turn::Upright, setter);
    }

    fn sheet(&self, turn: Turn, setter: &Setter) -> Sheet {
        match turn {
            Turn::Upright => setter.upright,
            Turn::Landscape => setter.landscape,
        }
    }

    fn start_page(&mut self, turn: Turn, setter: &Setter) {
        let sheet = self.sheet(turn, setter);
        self.pages.push(Page { sheet, items: Vec::new(), section: self.section.clone(), furniture: true });
        self.marks.push(Vec::new());
        self.y = 0.0;
        self.turn = turn;
        self.open = true;
    }

    /// Height left on the page.
    pub(super) fn room(&self, setter: &Setter) -> f32 {
        self.sheet(self.turn, setter).text_height() - self.y
    }

    /// Places strips that want to stay together.
    fn chain(&mut self, strips: Vec<Strip>, setter: &mut Setter) {
        let turn =
            if strips.iter().any(|strip| strip.turn == Turn::Landscape) { Turn::Landscape } else { Turn::Upright };
        let fresh = strips.first().is_some_and(|strip| strip.fresh);
        if !self.open || self.turn != turn || (fresh && self.y > 0.0) {
            self.start_page(turn, setter);
        }
        let at_top = self.y == 0.0;
        let repeat = strips.first().and_then(|strip| strip.repeat.as_ref()).map_or(0.0, |repeat| repeat.height);
        let gap = strips.first().map_or(0.0, |strip| strip.gap);
        let height = height_of(&strips);
        let page = self.sheet(turn, setter).text_height();
        if !at_top && height + gap > self.room(setter) && height + repeat <= page {
            self.start_page(turn, setter);
        }
        // A chain that no page can hold parts where it must, but a heading never stays behind alone.
        let mut strips = strips.into_iter().peekable();
        while let Some(strip) = strips.next() {
            let next = strips.peek().filter(|_| strip.keep && strip.heading.is_some());
            let ahead = next.map_or(0.0, |next| next.gap + next.height.min(page * 0.5));
            self.strip(strip, ahead, setter);
        }
    }

    fn strip(&mut self, mut strip: Strip, ahead: f32, setter: &mut Setter) {
        let gap = if self.y == 0.0 { 0.0 } else { strip.gap };
        let room = self.room(setter) - gap;
        let page = self.sheet(self.turn, setter).text_height();
        let repeat = strip.repeat.as_ref().map_or(0.0, |repeat| repeat.height);
        if strip.height + ahead > room && self.y > 0.0 && (strip.height + repeat <= page || room < page * 0.3) {
            let turn = self.turn;
            self.start_page(turn, setter);
        }
        if self.y == 0.0 {
            self.head(&strip, setter);
        } else {
            self.y += strip.gap;
        }
        let room = self.room(setter);
        match strip.tall.take() {
            Some(tall) if strip.height > room => self.tall(*tall, strip, setter),
            Some(tall) => {
                let heading = strip.heading.take();
                let mut whole = tall.whole(strip.height, strip.items, strip.anchors);
                whole.heading = heading;
                self.put(whole, setter);
            }
            None => self.put(strip, setter),
        }
    }

    /// Repeats the head of the table that the strip belongs to, at the top of a page.
    fn head(&mut self, strip: &Strip, setter: &mut Setter) {
        let left = self.sheet(self.turn, setter).left;
        let top = self.sheet(self.turn, setter).top;
        let Some(page) = self.pages.last_mut() else { return };
        if let Some(repeat) = &strip.repeat {
            page.items.extend(repeat.items.iter().cloned().map(|item| item.moved(left, top)));
            self.y += repeat.height;
        }
        let y = top + self.y;
        page.items.extend(strip.resume.iter().flat_map(|again| again.iter().cloned()).map(|item| item.moved(left, y)));
    }

    /// Deals a row that no page can hold out over pages.
    fn tall(&mut self, tall: super::tall::Tall, strip: Strip, setter: &mut Setter) {
        let Strip { repeat, anchors, items, .. } = strip;
        // Of what else the row holds only what is read: grounds and rules are as high as the whole row.
        let mut first = Some((anchors, items.into_iter().filter(|item| item.elem != Elem::ARTIFACT)));
        let mut left = Some(tall);
        while let Some(tall) = left.take() {
            let (mut part, rest) = tall.part(self.room(setter));
            if let Some((anchors, items)) = first.take() {
                part.anchors.extend(anchors);
                part.items.splice(0..0, items);
            }
            self.put(part, setter);
            left = rest;
            if left.is_some() {
                let turn = self.turn;
                self.start_page(turn, setter);
                let again = Strip { repeat: repeat.clone(), ..Strip::default() };
                self.head(&again, setter);
            }
        }
    }

    /// Puts a strip where the pen is.
    fn put(&mut self, strip: Strip, setter: &mut Setter) {
        let number = self.pages.len().saturating_sub(1);
        let sheet = self.sheet(self.turn, setter);
        let spot = Spot { page: number, y: sheet.top + self.y };
        for anchor in strip.anchors {
            self.anchors.entry(anchor).or_insert(spot);
        }
        if let Some(heading) = strip.heading {
            if heading.level == 1 {
                self.section = Some(heading.text.clone());
                if let Some(page) = self.pages.last_mut()
                    && (page.section.is_none() || self.y == 0.0)
                {
                    page.section = Some(heading.text.clone());
                }
            }
            self.headings.push((heading, spot));
        }
        for item in strip.items {
            self.item(item.moved(sheet.left, spot.y), number, &mut setter.tags);
        }
        self.y += strip.height;
    }

    /// Puts an item on a page and its content into the reading order.
    fn item(&mut self, item: Item, number: usize, tags: &mut Tags) {
        let Some(page) = self.pages.get_mut(number) else { return };
        match item.draw {
            Draw::Mark => tags.attach(item.elem),
            Draw::Link { x, y, width, height, link } => {
                tags.content(item.elem, Kid::Annotation(self.areas.len() as u32));
                let purpose = Use::Link(link);
                self.areas.push(Area { page: number, x, y, width, height, purpose, elem: item.elem });
            }
            Draw::Field { x, y, width, height, field, button } => {
                tags.content(item.elem, Kid::Annotation(self.areas.len() as u32));
                let purpose = Use::Field { field, button };
                self.areas.push(Area { page: number, x, y, width, height, purpose, elem: item.elem });
            }
            _ => {
                if item.elem != Elem::ARTIFACT && page.items.last().is_none_or(|last| last.elem != item.elem) {
                    let marks = &mut self.marks[number];
                    if let Ok(mark) = u16::try_from(marks.len()) {
                        tags.content(item.elem, Kid::Content { page: number as u32, mark });
                    }
                    marks.push(item.elem);
                }
                if let Some(element) = tags.get_mut(item.elem).filter(|element| element.role == Role::Figure) {
                    let own = item.bounds();
                    let all = element.bounds.get_or_insert(own);
                    *all = [all[0].min(own[0]), all[1].min(own[1]), all[2].max(own[2]), all[3].max(own[3])];
                }
                page.items.push(item);
            }
        }
    }
}
