//! Tables: caption, columns, head that repeats, body, source.
//!
//! Steps: find each cell's place in the grid ([`super::grid`]), measure the columns, decide whether heads stand upright
//! and the page turns, choose widths ([`super::columns`]), set the rows ([`super::rows`]).

use std::rc::Rc;

use super::{
    block::{Place, Setter},
    columns,
    grid::{Spot, grid, is_upright, says_nothing},
    ink,
    page::{Dash, Draw, Elem, Item, Pen, Repeat, Strip, Turn},
    rows::{Heads, PAD_X, Part, Plan, UPRIGHT},
    tags::Role,
    text::Extent,
};
use crate::document::{Align, Inline, Row, Table, numbered_caption};

impl Setter<'_> {
    /// Strips of a table with its caption and source.
    ///
    /// A caption that only repeats `title`, the heading right above, is not printed again.
    pub(super) fn table(&mut self, table: &Table, title: Option<&str>, place: Place, out: &mut Vec<Strip>) {
        let first = out.len();
        let is_empty = table.rows.is_empty();
        // A table without rows is none: it is said in paragraphs.
        let parent = if is_empty { place.parent } else { self.tags.add(Role::Table, place.parent) };
        let outer = Place { parent, bare: false, align: Align::Start, ..place };
        let number = self.numbers.get(table.id.as_str()).copied();
        let caption = numbered_caption(table, number, self.texts);
        if number.is_some() || title != Some(table.caption.trim()) {
            let role = if is_empty { Role::P } else { Role::Caption };
            self.caption(&caption, role, outer, out);
        }
        if is_empty {
            let text = if table.empty.is_empty() {
                vec![Inline::text(self.texts.t("page.empty"))]
            } else {
                table.empty.clone()
            };
            let elem = self.tags.add(Role::P, place.parent);
            let place = Place { ink: ink::MUTED, ..place };
            let paragraph = self.read(&text, place);
            self.paragraph(&paragraph, place, elem, out);
            self.anchor(&table.id, first, out);
            return;
        }
        let nested = place.size < 9.0;
        let size = if nested { place.size } else { 8.6 };
        let inner = Place {
            size,
            leading: size * 1.33,
            gap: size * 0.4,
            prose: false,
            bold: false,
            ink: ink::TEXT,
            bare: true,
            ..outer
        };
        let head_rows: &[Row] = if table.head.iter().all(says_nothing) { &[] } else { &table.head };
        let head_grid = grid(head_rows, table.columns.len());
        let body_grid = grid(&table.rows, table.columns.len());
        let mut width = place.width;
        // Heads are set upright only where they do not fit as they are.
        let mut upright = false;
        let mut extents = self.extents(table, &head_grid, &body_grid, inner, upright);
        if table.rotate_heads && extents.iter().map(|extent| extent.fair).sum::<f32>() > width * 0.92 {
            upright = true;
            extents = self.extents(table, &head_grid, &body_grid, inner, upright);
        }
        let mut turned = Turn::Upright;
        if table.landscape && !nested && extents.iter().map(|extent| extent.max).sum::<f32>() > width {
            turned = Turn::Landscape;
            width = self.landscape.text_width();
        }
        let widths = columns::widths(&table.columns, &extents, width);
        let plan = Plan::new(table, widths, Place { width, ..inner });
        let heads = Part::Head(if upright { Heads::Upright } else { Heads::Level });
        let mut strips = self.rows(&plan, head_rows, &head_grid, heads);
        let repeat = self.repeat(&plan, &caption, head_rows, &head_grid, heads);
        for strip in &mut strips {
            strip.keep = true;
        }
        let mut body = self.rows(&plan, &table.rows, &body_grid, Part::Body);
        if let Some(strip) = body.last_mut() {
            let pen = Pen { ink: ink::RULE, width: 0.7, dash: Dash::Solid };
            strip.items.push(Item::rule(place.x, strip.height, width, pen));
        }
        for strip in &mut body {
            strip.repeat = Some(repeat.clone());
        }
        strips.append(&mut body);
        if let Some(strip) = strips.first_mut() {
            strip.gap = if out.len() == first { place.gap + 2.0 } else { 3.0 };
        }
        if !table.source.is_empty()
            && let Some(strip) = strips.last_mut()
        {
            strip.keep = true;
        }
        out.append(&mut strips);
        if !table.source.is_empty() {
            let small = Place { parent: place.parent, width, ..outer }.small();
            let small = Place { size: 7.6, leading: 10.2, gap: 3.5, prose: false, ..small };
            let elem = self.tags.add(Role::P, small.parent);
            let paragraph = self.read(&table.source, small);
            self.paragraph(&paragraph, small, elem, out);
        }
        if let Some(strip) = out.get_mut(first) {
            strip.gap = strip.gap.max(place.gap + 3.0);
        }
        self.anchor(&table.id, first, out);
        super::block::turn(&mut out[first..], turned);
    }

    fn anchor(&mut self, id: &str, first: usize, out: &mut [Strip]) {
        if let Some(strip) = out.get_mut(first).filter(|_| !id.is_empty()) {
            strip.anchors.push(id.into());
        }
    }

    fn caption(&mut self, caption: &str, role: Role, place: Place, out: &mut Vec<Strip>) {
        if caption.is_empty() {
            return;
        }
        let place = Place { size: 9.2, leading: 12.2, gap: 12.0, bold: true, prose: false, ..place };
        let elem = self.tags.add(role, place.parent);
        let paragraph = self.read(&[Inline::text(caption)], place);
        let first = out.len();
        self.paragraph(&paragraph, place, elem, out);
        for strip in &mut out[first..] {
            strip.keep = true;
        }
    }

    /// How narrow and wide each column can be, padding included.
    fn extents(
        &mut self,
        table: &Table,
        head: &[Vec<Spot>],
        body: &[Vec<Spot>],
        place: Place,
        upright: bool,
    ) -> Vec<Extent> {
        let mut extents = vec![Extent::default(); table.columns.len()];
        let mut spanning = Vec::new();
        for (rows, grid, is_head) in [(&table.head, head, true), (&table.rows, body, false)] {
            for (row, spots) in rows.iter().zip(grid) {
                if row.group {
                    continue;
                }
                for (cell, spot) in row.cells.iter().zip(spots) {
                    let place = Place { bold: is_head || table.columns[spot.column].header, ..place };
                    if is_head && upright && is_upright(table, spot) {
                        let height = place.leading
                            * if self.upright_text(cell, place).lines(UPRIGHT, &mut self.fonts).lines.len() > 1 {
                                2.0
                            } else {
                                1.0
                            };
                        let own = Extent { min: height, fair: height, max: height }.widened(2.0 * 2.5);
                        extents[spot.column] = extents[spot.column].union(own);
                        continue;
                    }
                    let own = self.extent(&cell.blocks, place).widened(2.0 * PAD_X);
                    if spot.columns == 1 {
                        extents[spot.column] = extents[spot.column].union(own);
                    } else {
                        spanning.push((spot.column, spot.columns, own));
                    }
                }
            }
        }
        for (column, count, own) in spanning {
            let part = &mut extents[column..column + count];
            let have = part.iter().fold(Extent::default(), |sum, extent| Extent {
                min: sum.min + extent.min,
                fair: sum.fair + extent.fair,
                max: sum.max + extent.max,
            });
            let share = 1.0 / count as f32;
            for extent in part {
                extent.min += (own.min - have.min).max(0.0) * share;
                extent.fair += (own.fair - have.fair).max(0.0) * share;
                extent.max += (own.max - have.max).max(0.0) * share;
            }
        }
        extents
    }

    /// The head again, as something that is not read twice, below the word that the table goes on.
    fn repeat(&mut self, plan: &Plan, caption: &str, rows: &[Row], grid: &[Vec<Spot>], heads: Part) -> Rc<Repeat> {
        let mut repeat = Repeat::default();
        let table = plan.table;
        let place = Place { parent: Elem::ARTIFACT, ..plan.place };
        let plan = Plan::new(table, plan.widths.clone(), place);
        let mut label = vec![Inline::Emphasis { text: vec![Inline::text(self.texts.t("page.continued"))] }];
        if !caption.is_empty() {
            label.insert(0, Inline::text(format!("{caption} – ")));
        }
        let small = Place { ink: ink::MUTED, bold: false, ..place };
        let paragraph = self.read(&label, small);
        let lines = paragraph.lines(small.width, &mut self.fonts);
        let mut items = Vec::new();
        // One line is enough; a longer caption is cut at its end.
        self.line(&paragraph, &lines, 0, small, Elem::ARTIFACT, &mut Vec::new(), &mut items);
        repeat.items.extend(items);
        repeat.height += small.leading + 2.0;
        for strip in self.rows(&plan, rows, grid, heads) {
            let y = repeat.height;
            repeat.items.extend(strip.items.into_iter().map(|item| item.moved(0.0, y)));
            repeat.height += strip.height;
        }
        // Nothing of it may lead anywhere or be read.
        repeat.items.retain(|item| !matches!(item.draw, Draw::Link { .. } | Draw::Field { .. } | Draw::Mark));
        repeat.items.iter_mut().for_each(|item| item.elem = Elem::ARTIFACT);
        Rc::new(repeat)
    }
}
