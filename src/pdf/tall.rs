//! Rows that no page can hold: their cells are dealt out in parts, each part marked as continued.

use super::{
    ink,
    page::{Item, Pen, Strip},
};

/// Space above and below what a cell holds.
pub(super) const PAD_Y: f32 = 3.4;
/// Room for the mark below a part.
const MARK: f32 = 12.0;

/// A row that may be too high for any page.
#[derive(Debug)]
pub(super) struct Tall {
    /// What the cells hold, left to right.
    pub cells: Vec<Vec<Strip>>,
    pub x: f32,
    pub width: f32,
    /// Says below a part that the row goes on.
    pub mark: Item,
}

impl Tall {
    /// Everything in one strip, for a page that can hold it.
    pub(super) fn whole(self, height: f32, mut items: Vec<Item>, anchors: Vec<Box<str>>) -> Strip {
        let mut strip = Strip { height, anchors, ..Strip::default() };
        for cell in self.cells {
            let mut y = PAD_Y;
            for inner in cell {
                y += inner.gap;
                strip.anchors.extend(inner.anchors);
                items.extend(inner.items.into_iter().map(|item| item.moved(0.0, y)));
                y += inner.height;
            }
        }
        strip.items = items;
        strip
    }

    /// As much as fits into `room`, and what is left. The first part always takes something.
    pub(super) fn part(mut self, room: f32) -> (Strip, Option<Tall>) {
        let room = room - MARK;
        let mut strip = Strip::default();
        let mut reach = 0.0_f32;
        let mut left = false;
        let mut rest = Vec::with_capacity(self.cells.len());
        for cell in self.cells.drain(..) {
            let mut y = PAD_Y;
            let mut over = Vec::new();
            let mut first = true;
            for mut inner in cell {
                let gap = if first { 0.0 } else { inner.gap };
                if over.is_empty() && (y + gap + inner.height <= room - PAD_Y || first) {
                    y += gap;
                    strip.anchors.append(&mut inner.anchors);
                    strip.items.extend(inner.items.into_iter().map(|item| item.moved(0.0, y)));
                    y += inner.height;
                    first = false;
                } else {
                    over.push(inner);
                }
            }
            left |= !over.is_empty();
            reach = reach.max(y + PAD_Y);
            rest.push(over);
        }
        self.cells = rest;
        if left {
            strip.items.push(self.mark.clone().moved(0.0, reach));
            strip.height = reach + MARK;
            (strip, Some(self))
        } else {
            strip.height = reach;
            strip.items.push(Item::rule(self.x, reach, self.width, Pen::hairline(ink::HAIRLINE)));
            (strip, None)
        }
    }
}
