//! Lists, terms, code, quotations and call-outs: blocks that hold blocks.
//!
//! Boxes are drawn strip by strip, so that they may run over a page.

use super::{
    block::{Place, Setter},
    font::{Face, Figures},
    ink::{self, Rgb},
    page::{Draw, Item, Strip, height_of},
    tags::Role,
    text::{Paragraph, Style},
};
use crate::document::{Align, Block, Callout, Inline};

impl Setter<'_> {
    pub(super) fn list(&mut self, start: Option<u64>, items: &[Vec<Block>], place: Place, out: &mut Vec<Strip>) {
        let list = self.tags.add(Role::L, place.parent);
        let last = start.unwrap_or(0).saturating_add(items.len() as u64);
        let indent = match start {
            Some(_) => place.size * (1.1 + 0.52 * last.to_string().len() as f32),
            None => place.size * 1.3,
        };
        let tight = items.iter().all(|item| item.len() <= 1);
        let spacing = if tight { place.gap * 0.35 } else { place.gap * 0.7 };
        for (index, item) in items.iter().enumerate() {
            let li = self.tags.add(Role::Li, list);
            let label = self.tags.add(Role::Lbl, li);
            let body = self.tags.add(Role::LBody, li);
            let inner = Place { parent: body, bare: false, ..place }.indented(indent);
            let mut strips = self.blocks(item, inner);
            if strips.is_empty() {
                strips.push(Strip { height: place.leading, ..Strip::default() });
            }
            let mark = match start {
                Some(start) => format!("{}.", start.saturating_add(index as u64)),
                None => "•".to_owned(),
            };
            let shaped = self.fonts.shape(Face::Regular, Figures::Tabular, &mark);
            let width = shaped.width as f32 / 1000.0 * place.size;
            let x = match start {
                Some(_) => place.x + indent - place.size * 0.5 - width,
                None => place.x + place.size * 0.35,
            };
            let draw = Draw::Text {
                x,
                y: place.leading / 2.0 + place.size * 0.33,
                face: Face::Regular,
                size: place.size,
                ink: place.ink,
                shaped,
                turned: false,
            };
            strips[0].gap = if index == 0 { place.gap.min(place.gap * 0.6) } else { spacing };
            strips[0].items.insert(0, Item::new(label, draw));
            out.append(&mut strips);
        }
    }

    pub(super) fn terms(&mut self, items: &[(Vec<Inline>, Vec<Block>)], place: Place, out: &mut Vec<Strip>) {
        let style = Place { bold: true, ink: ink::MUTED, prose: false, align: Align::Start, ..place };
        let terms: Vec<Paragraph> = items.iter().map(|(term, _)| self.read(term, style)).collect();
        let widest = terms.iter().map(|term| term.extent(&self.fonts).max).fold(0.0, f32::max);
        let column = widest.clamp(place.width * 0.12, place.width * 0.34) + 14.0;
        let list = self.tags.add(Role::L, place.parent);
        let first_strip = out.len();
        for (index, (term, (_, blocks))) in terms.iter().zip(items).enumerate() {
            let li = self.tags.add(Role::Li, list);
            let label = self.tags.add(Role::Lbl, li);
            let body = self.tags.add(Role::LBody, li);
            let mut left = Vec::new();
            self.paragraph(term, Place { width: column - 14.0, ..style }, label, &mut left);
            let inner = Place { parent: body, bare: false, ..place }.indented(column);
            let right = self.blocks(blocks, inner);
            let mut strips = side_by_side(left, right);
            if let Some(first) = strips.first_mut() {
                first.gap = if index == 0 { place.gap } else { place.gap * 0.45 };
            }
            out.append(&mut strips);
        }
        // A short list is one thing to look at: it does not part.
        let count = out.len() - first_strip;
        if height_of(&out[first_strip..]) < 190.0 {
            out[first_strip..].iter_mut().take(count.saturating_sub(1)).for_each(|strip| strip.keep = true);
        }
    }

    pub(super) fn code(&mut self, text: &str, place: Place, out: &mut Vec<Strip>) {
        let elem = self.tags.add(Role::Code, place.parent);
        let size = (place.size * 0.84).min(8.4);
        let leading = size * 1.42;
        let inner = Place { size, leading, gap: 0.0, prose: false, align: Align::Start, ..place };
        let style = Style { code: true, ..Style::new(size) }.face(Face::Mono);
        let padding = 8.0;
        let inner = Place { width: (place.width - 2.0 * padding).max(size), x: place.x + padding, ..inner };
        let first = out.len();
        for line in text.trim_end_matches('\n').split('\n') {
            // Leading blanks are layout here; UAX 14 would let them go at a line's end.
            let line = line.replace('\t', "    ");
            let paragraph = self.read_as(&[Inline::text(line)], style, None);
            if paragraph.is_empty() {
                out.push(Strip { height: leading, ..Strip::default() });
            } else {
                let before = out.len();
                self.paragraph(&paragraph, inner, elem, out);
                for strip in &mut out[before..] {
                    strip.keep = false;
                }
            }
        }
        framed(&mut out[first..], place, padding * 0.7, ink::SURFACE, None);
    }

    pub(super) fn callout(
        &mut self,
        kind: Callout,
        title: &[Inline],
        blocks: &[Block],
        place: Place,
        out: &mut Vec<Strip>,
    ) {
        let (strong, faint) = self.inks.callout(kind);
        let parent = self.tags.add(Role::Div, place.parent);
        let name = match kind {
            Callout::Note => "callout.note",
            Callout::Important => "callout.important",
            Callout::Warning => "callout.warning",
        };
        let own = [Inline::text(self.texts.t(name))];
        let title = if title.is_empty() { &own } else { title };
        let inner = Place { parent, bare: false, ..place }.indented(15.0);
        let inner = Place { width: (inner.width - 11.0).max(place.size), ..inner };
        let first = out.len();
        let elem = self.tags.add(Role::P, parent);
        let head = Place { bold: true, ink: strong, prose: false, ..inner };
        let paragraph = self.read(title, head);
        self.paragraph(&paragraph, head, elem, out);
        for strip in &mut out[first..] {
            strip.keep = true;
        }
        let tight = Place { gap: place.gap * 0.6, ..inner };
        let body = out.len();
        self.blocks_into(blocks, tight, out);
        if let Some(strip) = out.get_mut(body) {
            strip.gap = strip.gap.min(1.5);
        }
        framed(&mut out[first..], place, 7.0, faint, Some(strong));
    }

    pub(super) fn quote(&mut self, blocks: &[Block], place: Place, out: &mut Vec<Strip>) {
        let parent = self.tags.add(Role::BlockQuote, place.parent);
        let inner = Place { parent, bare: false, ink: ink::MUTED, ..place }.indented(14.0);
        let mut strips = self.blocks(blocks, inner);
        for strip in &mut strips {
            // The bar covers the gap above as well, so that it runs through.
            let top = -strip.gap.min(place.gap);
            strip.items.insert(0, Item::fill(place.x + 2.0, top, 2.0, strip.height - top, ink::HAIRLINE));
        }
        if let Some(first) = strips.first_mut() {
            first.gap = place.gap;
            first.items[0] = Item::fill(place.x + 2.0, 0.0, 2.0, first.height, ink::HAIRLINE);
        }
        out.append(&mut strips);
    }
}

/// Puts two sequences of strips beside each other, the left one read first.
pub(super) fn side_by_side(left: Vec<Strip>, right: Vec<Strip>) -> Vec<Strip> {
    let left_is_longer = height_of(&left) > height_of(&right);
    let (mut out, other) = if left_is_longer { (left, right) } else { (right, left) };
    // Everything of the shorter side goes to the strips of the longer, at the same height.
    let mut tops = Vec::with_capacity(out.len());
    let mut y = 0.0;
    for (index, strip) in out.iter().enumerate() {
        y += if index == 0 { 0.0 } else { strip.gap };
        tops.push(y);
        y += strip.height;
    }
    let mut added: Vec<Vec<Item>> = out.iter().map(|_| Vec::new()).collect();
    let mut y = 0.0;
    let mut reach = 0;
    for (index, strip) in other.into_iter().enumerate() {
        y += if index == 0 { 0.0 } else { strip.gap };
        let target = tops.partition_point(|top| *top <= y + 0.01).saturating_sub(1);
        // Strips that carry the shorter side are not parted.
        for kept in out.iter_mut().take(target).skip(reach) {
            kept.keep = true;
        }
        reach = target;
        let dy = y - tops.get(target).copied().unwrap_or(0.0);
        if let Some(into) = added.get_mut(target) {
            into.extend(strip.items.into_iter().map(|item| item.moved(0.0, dy)));
        }
        if let Some(into) = out.get_mut(target) {
            into.anchors.extend(strip.anchors);
        }
        y += strip.height;
    }
    for (strip, added) in out.iter_mut().zip(added) {
        if left_is_longer {
            strip.items.extend(added);
        } else {
            strip.items.splice(0..0, added);
        }
    }
    out
}

/// Draws a box behind strips, each its own part, with space above the first and below the last.
fn framed(strips: &mut [Strip], place: Place, padding: f32, fill: Rgb, bar: Option<Rgb>) {
    let count = strips.len();
    for (index, strip) in strips.iter_mut().enumerate() {
        // Gaps within the box become part of the strips, so that the ground runs through.
        let above = if index == 0 { padding } else { std::mem::take(&mut strip.gap) };
        if above > 0.0 {
            strip.items = std::mem::take(&mut strip.items).into_iter().map(|item| item.moved(0.0, above)).collect();
            strip.height += above;
        }
        if index + 1 == count {
            strip.height += padding;
        }
        if index == 0 {
            strip.gap = place.gap;
        }
        strip.items.insert(0, Item::fill(place.x, 0.0, place.width, strip.height, fill));
        if let Some(ink) = bar {
            strip.items.insert(1, Item::fill(place.x, 0.0, 3.0, strip.height, ink));
        }
    }
    if count > 1 {
        strips[0].keep = true;
        strips[count - 2].keep = true;
    }
}
