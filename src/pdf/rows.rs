//! Rows of a table: one strip each, cells that span, grounds and rules.
//!
//! A row is one strip and so never tears; only a row that no page can hold is divided ([`Tall`]) and marked.

use std::rc::Rc;

use super::{
    block::{Place, Setter},
    font::{Face, Figures},
    grid::{Spot, is_upright, is_written_in},
    ink,
    page::{Dash, Draw, Elem, Item, Pen, Strip, Turn, height_of},
    tags::{Role, Scope},
    tall::{PAD_Y, Tall},
    text::Paragraph,
};
use crate::document::{Align, Block, Cell, Inline, Row, Table};

/// Space left and right of what a cell holds.
pub(super) const PAD_X: f32 = 5.0;
/// Longest upright head before it is broken into two lines.
pub(super) const UPRIGHT: f32 = 118.0;
/// A row below this height looks lost alone on a page.
const LOW: f32 = 60.0;
/// Height that a hand needs to write in.
const WRITABLE: f32 = 27.0;
/// A row this high could meet a page that is lower.
const TALL: f32 = 250.0;

/// Which part of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Head(Heads),
    Body,
}

/// How the heads of narrow columns are set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heads {
    Level,
    Upright,
}

impl Part {
    fn is_head(self) -> bool {
        matches!(self, Part::Head(_))
    }
}

/// A table with its columns in place.
pub(super) struct Plan<'t> {
    pub table: &'t Table,
    pub widths: Vec<f32>,
    lefts: Vec<f32>,
    /// Whether columns are so many and narrow that lines between them guide the eye.
    dense: bool,
    pub place: Place,
}

impl<'t> Plan<'t> {
    pub(super) fn new(table: &'t Table, widths: Vec<f32>, place: Place) -> Self {
        let after = |x: &mut f32, width: &f32| {
            *x += width;
            Some(*x - width)
        };
        let lefts = widths.iter().scan(place.x, after).collect();
        let dense = table.columns.iter().filter(|column| column.narrow).count() >= 5;
        Self { table, widths, lefts, dense, place }
    }

    fn total(&self) -> f32 {
        self.widths.iter().sum()
    }
}

/// A cell in its place.
struct Set {
    row: usize,
    rows: usize,
    column: usize,
    columns: usize,
    elem: Elem,
    strips: Vec<Strip>,
    height: f32,
    upright: bool,
    /// What is written into it.
    field: Option<(u32, Elem)>,
}

impl Set {
    /// Height of the rows it covers, and of all of them but the last.
    fn span(&self, heights: &[f32]) -> (f32, f32) {
        let above = heights[self.row..self.row + self.rows - 1].iter().sum::<f32>();
        (above + heights[self.row + self.rows - 1], above)
    }
}

impl Setter<'_> {
    /// Strips of the rows of a part.
    pub(super) fn rows(&mut self, plan: &Plan, rows: &[Row], grid: &[Vec<Spot>], part: Part) -> Vec<Strip> {
        let written = part == Part::Body && is_written_in(plan.table);
        let mut sets: Vec<Set> = Vec::new();
        let mut heights = vec![0.0_f32; rows.len()];
        for (index, (row, spots)) in rows.iter().zip(grid).enumerate() {
            let elem = self.tags.add(Role::Row, plan.place.parent);
            for (cell, spot) in row.cells.iter().zip(spots) {
                let mut set = self.cell(plan, row, cell, spot, part, elem);
                set.row = index;
                if written && self.blank && !row.group && spot.column > 0 {
                    set.field = Some(self.cell_field(plan.table, index, spot.column, set.elem));
                }
                // What would fill a page by itself stands in its first row only, which can be divided.
                set.rows = if set.height > TALL { 1 } else { set.rows.min(rows.len() - index) };
                if set.rows == 1 {
                    heights[index] = heights[index].max(set.height);
                }
                sets.push(set);
            }
            let least = if written && !row.group { WRITABLE } else { plan.place.leading + 2.0 * PAD_Y };
            heights[index] = heights[index].max(least);
        }
        for set in sets.iter().filter(|set| set.rows > 1) {
            let (have, _) = set.span(&heights);
            if set.height > have {
                heights[set.row + set.rows - 1] += set.height - have;
            }
        }
        self.assemble(plan, rows, sets, &heights, part)
    }

    fn cell(&mut self, plan: &Plan, row: &Row, cell: &Cell, spot: &Spot, part: Part, row_elem: Elem) -> Set {
        let column = &plan.table.columns[spot.column];
        let role = match part {
            Part::Head(_) => Role::HeaderCell(Scope::Column),
            Part::Body if row.group || column.header => Role::HeaderCell(Scope::Row),
            Part::Body => Role::Cell,
        };
        let elem = self.tags.add(role, row_elem);
        if let Some(element) = self.tags.get_mut(elem) {
            element.columns = spot.columns as u16;
            element.rows = spot.rows as u16;
        }
        let left = plan.lefts[spot.column];
        let width: f32 = plan.widths[spot.column..spot.column + spot.columns].iter().sum();
        let inset = if column.narrow && !row.group { PAD_X.min(width * 0.12).max(1.5) } else { PAD_X };
        let align = match () {
            () if row.group => Align::Start,
            () if spot.columns > 1 && part.is_head() => Align::Center,
            () => column.align,
        };
        let inner = Place {
            x: left + inset,
            width: (width - 2.0 * inset).max(3.0),
            bold: matches!(role, Role::HeaderCell(_)),
            align,
            parent: elem,
            ..plan.place
        };
        let upright = part == Part::Head(Heads::Upright) && is_upright(plan.table, spot);
        let (strips, height) = if upright {
            let strip = self.upright(cell, inner, left, width);
            let height = strip.height;
            (vec![strip], height)
        } else {
            let mut strips = self.blocks(&cell.blocks, inner);
            for strip in &mut strips {
                // Whatever stands in a cell goes where the row goes.
                strip.fresh = false;
                strip.turn = Turn::Upright;
            }
            let height = height_of(&strips) + 2.0 * PAD_Y;
            (strips, height)
        };
        Set {
            row: 0,
            rows: spot.rows,
            column: spot.column,
            columns: spot.columns,
            elem,
            strips,
            height,
            upright,
            field: None,
        }
    }

    /// Text of a head as one paragraph.
    pub(super) fn upright_text(&mut self, cell: &Cell, place: Place) -> Paragraph {
        let text: Vec<Inline> = cell
            .blocks
            .iter()
            .flat_map(|block| match block {
                Block::Paragraph { text } => text.clone(),
                _ => Vec::new(),
            })
            .collect();
        self.read(&text, Place { bold: true, ..place })
    }

    /// A head set upright, read from below.
    fn upright(&mut self, cell: &Cell, place: Place, left: f32, width: f32) -> Strip {
        let paragraph = self.upright_text(cell, place);
        let lines = paragraph.lines(UPRIGHT, &mut self.fonts);
        let longest = lines.lines.iter().map(|(_, width)| *width).fold(0.0, f32::max);
        let height = longest + 2.0 * PAD_Y + 4.0;
        let mut strip = Strip { height, ..Strip::default() };
        let all = lines.lines.len() as f32 * place.leading;
        let mut x = left + (width - all) / 2.0;
        let mut items = Vec::new();
        for index in 0..lines.lines.len() {
            items.clear();
            let flat = Place { x: 0.0, align: Align::Start, ..place };
            self.line(&paragraph, &lines, index, flat, place.parent, &mut Vec::new(), &mut items);
            for item in items.drain(..) {
                // Text only: a quarter turn about the line's start. `line` put the base line at `y`.
                if let Draw::Text { x: along, y, face, size, ink, shaped, .. } = item.draw {
                    let draw = Draw::Text { x: x + y, y: -along, face, size, ink, shaped, turned: true };
                    strip.items.push(Item::new(item.elem, draw));
                }
            }
            x += place.leading;
        }
        strip
    }

    fn assemble(&mut self, plan: &Plan, rows: &[Row], sets: Vec<Set>, heights: &[f32], part: Part) -> Vec<Strip> {
        let mut strips: Vec<Strip> = rows
            .iter()
            .zip(heights)
            .map(|(row, height)| {
                let ground = match part {
                    Part::Head(_) => Some(ink::SURFACE_STRONG),
                    Part::Body if row.group => Some(ink::SURFACE),
                    Part::Body => None,
                };
                let ground = ground.map(|ink| Item::fill(plan.place.x, 0.0, plan.total(), *height, ink));
                Strip {
                    height: *height,
                    keep: row.group,
                    items: ground.into_iter().collect(),
                    anchors: row.id.as_deref().map(Into::into).into_iter().collect(),
                    ..Strip::default()
                }
            })
            .collect();
        // Which columns are covered by a cell that goes on below each row.
        let mut open = vec![vec![false; plan.widths.len()]; rows.len()];
        for set in sets {
            for row in open.iter_mut().take(set.row + set.rows - 1).skip(set.row) {
                row[set.column..set.column + set.columns].fill(true);
            }
            // The first rows of a spanning cell stay together until they hold what it says.
            let mut have = 0.0;
            for row in set.row..set.row + set.rows - 1 {
                have += heights[row];
                strips[row].keep |= have < set.height;
            }
            self.fill(plan, set, heights, part, &mut strips);
        }
        rule(plan, rows, &open, part, &mut strips);
        let count = strips.len();
        if part == Part::Body && count > 2 {
            // No low row alone at the head or the foot of a page.
            for row in [0, count - 2] {
                strips[row].keep |= strips[row].height.min(strips[row + 1].height) < LOW;
            }
        }
        strips
    }

    /// Puts a cell's content into the strips of its rows.
    fn fill(&mut self, plan: &Plan, set: Set, heights: &[f32], part: Part, strips: &mut [Strip]) {
        let (span, above) = set.span(heights);
        let column = &plan.table.columns[set.column];
        strips[set.row].items.push(Item::new(set.elem, Draw::Mark));
        // Heads stand on their foot; letters in a matrix stand in the middle; text hangs from the top. A head stands in
        // its last row, since the ground of that row would cover it elsewhere.
        let (row, top) = match part {
            Part::Head(_) => (set.row + set.rows - 1, span - set.height - above),
            Part::Body if column.narrow && column.align == Align::Center && set.rows == 1 => {
                (set.row, (span - set.height) / 2.0)
            }
            Part::Body => (set.row, 0.0),
        };
        let strip = &mut strips[row];
        if set.upright {
            let foot = span - PAD_Y - above;
            strip.items.extend(set.strips.into_iter().flat_map(|inner| inner.items).map(|item| item.moved(0.0, foot)));
            return;
        }
        if set.rows == 1 && heights[set.row] > TALL {
            let tall = strip.tall.get_or_insert_with(|| Box::new(self.tall(plan)));
            let mut own = set.strips;
            if let Some(first) = own.first_mut() {
                first.gap = 0.0;
                first.items.insert(0, Item::new(set.elem, Draw::Mark));
            }
            tall.cells.push(own);
            return;
        }
        if let Some((field, elem)) = set.field {
            let (x, y) = (plan.lefts[set.column] + 2.0, 2.0);
            let width = plan.widths[set.column..set.column + set.columns].iter().sum::<f32>() - 4.0;
            let draw = Draw::Field { x, y, width, height: heights[set.row] - 4.0, field, button: 0 };
            strip.items.push(Item::new(elem, draw));
        }
        let mut y = PAD_Y + top;
        let mut again = Vec::new();
        for (index, inner) in set.strips.into_iter().enumerate() {
            y += if index == 0 { 0.0 } else { inner.gap };
            if set.rows > 1 {
                let seen = inner
                    .items
                    .iter()
                    .filter(|item| !matches!(item.draw, Draw::Link { .. } | Draw::Field { .. } | Draw::Mark));
                again.extend(seen.map(|item| Item { elem: Elem::ARTIFACT, ..item.clone().moved(0.0, y) }));
            }
            strip.anchors.extend(inner.anchors);
            strip.items.extend(inner.items.into_iter().map(|item| item.moved(0.0, y)));
            y += inner.height;
        }
        // Said again where the rows go on at the head of a page, if there is room for it.
        let again: Rc<[Item]> = again.into();
        let mut rest = span - heights[set.row];
        for row in set.row + 1..set.row + set.rows {
            if rest >= set.height && !again.is_empty() {
                strips[row].resume.push(again.clone());
            }
            rest -= heights[row];
        }
    }

    fn tall(&mut self, plan: &Plan) -> Tall {
        let size = 7.6;
        let shaped = self.fonts.shape(Face::Italic, Figures::Tabular, self.texts.t("page.continued"));
        let x = plan.place.x + plan.total() - shaped.width as f32 / 1000.0 * size - PAD_X;
        let draw = Draw::Text { x, y: 8.5, face: Face::Italic, size, ink: ink::MUTED, shaped, turned: false };
        Tall { cells: Vec::new(), x: plan.place.x, width: plan.total(), mark: Item::artifact(draw) }
    }
}

/// Draws lines below rows, where no cell goes on, and between the columns of a matrix.
fn rule(plan: &Plan, rows: &[Row], open: &[Vec<bool>], part: Part, strips: &mut [Strip]) {
    let count = strips.len();
    for (index, (strip, row)) in strips.iter_mut().zip(rows).enumerate() {
        let last = index + 1 == count;
        let pen = match part {
            Part::Head(_) => Pen { ink: ink::RULE, width: if last { 0.9 } else { 0.5 }, dash: Dash::Solid },
            Part::Body => Pen::hairline(ink::HAIRLINE),
        };
        let mut column = 0;
        while column < plan.widths.len() && !(last && part == Part::Body) {
            if open[index][column] {
                column += 1;
                continue;
            }
            let from = column;
            while column < plan.widths.len() && !open[index][column] {
                column += 1;
            }
            let width: f32 = plan.widths[from..column].iter().sum();
            // Within its own row, or the next row's ground would cover it.
            strip.items.push(Item::rule(plan.lefts[from], strip.height - pen.width / 2.0, width, pen));
        }
        let grouped = part.is_head() && row.cells.iter().any(|cell| cell.columns > 1);
        if !plan.dense || row.group || grouped {
            continue;
        }
        for (pair, x) in plan.table.columns.windows(2).zip(plan.lefts.iter().skip(1)) {
            if pair.iter().any(|column| column.narrow) {
                let (x, pen) = (*x, Pen { ink: ink::HAIRLINE, width: 0.4, dash: Dash::Solid });
                strip.items.push(Item::artifact(Draw::Rule { x, y: 0.0, x2: x, y2: strip.height, pen }));
            }
        }
    }
}
