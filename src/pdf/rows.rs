//! Tables: one strip a row, heads that repeat, cells that span.
//!
//! Steps: find each cell's place in the grid, measure the columns, set every cell, make rows high enough for the cells
//! that span them, draw grounds and rules. A row is one strip and so never tears; only a row that no page can hold is
//! divided ([`Tall`]) and marked.

use std::rc::Rc;

use super::{
    block::{Place, Setter},
    columns,
    font::{Face, Figures},
    ink,
    page::{Dash, Draw, Elem, Item, Pen, Repeat, Strip, Turn, height_of},
    tags::{Role, Scope},
    text::{Extent, Paragraph},
};
use crate::document::{Align, Block, Cell, Inline, Row, Table};

const PAD_X: f32 = 5.0;
const PAD_Y: f32 = 3.4;
/// Longest upright head before it is broken into two lines.
const UPRIGHT: f32 = 118.0;

/// A row that may be too high for any page: its cells, to be dealt out in parts.
#[derive(Debug)]
pub(super) struct Tall {
    cells: Vec<Vec<Strip>>,
    ground: Option<ink::Rgb>,
    x: f32,
    width: f32,
    mark: Item,
}

/// A cell in its place.
struct Set<'t> {
    cell: &'t Cell,
    row: usize,
    rows: usize,
    column: usize,
    columns: usize,
    elem: Elem,
    strips: Vec<Strip>,
    height: f32,
}

impl Setter<'_> {
    /// Strips of a table with its caption and source.
    ///
    /// A caption that only repeats `title`, the heading right above, is not printed again.
    pub(super) fn table(&mut self, table: &Table, title: Option<&str>, place: Place, out: &mut Vec<Strip>) {
        let first = out.len();
        let parent = self.tags.add(Role::Table, place.parent);
        let outer = Place { parent, bare: false, align: Align::Start, ..place };
        if title != Some(table.caption.trim()) {
            self.caption(&table.caption, outer, out);
        }
        if table.rows.is_empty() {
            let text = if table.empty.is_empty() { vec![Inline::text(self.words.empty)] } else { table.empty.clone() };
            // Said as a paragraph: a table without rows is none.
            let elem = self.tags.add(Role::P, place.parent);
            let place = Place { ink: ink::MUTED, ..place };
            let paragraph = self.read(&text, place);
            self.paragraph(&paragraph, place, elem, out);
            for strip in &mut out[first..] {
                strip.items.iter_mut().filter(|item| item.elem == parent).for_each(|item| item.elem = elem);
            }
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
        let inner = Place { width, ..inner };
        let dense = table.columns.iter().filter(|column| column.narrow).count() >= 5;

        let heads = Part::Head(if upright { Heads::Upright } else { Heads::Level });
        let head = self.rows(table, head_rows, &head_grid, &widths, heads, dense, inner);
        let repeat = self.repeat(table, &head_grid, &widths, heads, dense, inner);
        let mut strips = head;
        for strip in &mut strips {
            strip.keep = true;
        }
        let mut body = self.rows(table, &table.rows, &body_grid, &widths, Part::Body, dense, inner);
        if let Some(strip) = body.last_mut() {
            strip.items.push(Item::rule(
                place.x,
                strip.height,
                width,
                Pen { ink: ink::RULE, width: 0.7, dash: Dash::Solid },
            ));
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

    fn caption(&mut self, caption: &str, place: Place, out: &mut Vec<Strip>) {
        if caption.is_empty() {
            return;
        }
        let place = Place { size: 9.2, leading: 12.2, gap: 12.0, bold: true, prose: false, ..place };
        let elem = self.tags.add(Role::Caption, place.parent);
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
                        let height = place.leading * if self.upright_lines(cell, place) > 1 { 2.0 } else { 1.0 };
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

    fn upright_lines(&mut self, cell: &Cell, place: Place) -> usize {
        self.upright_text(cell, place).lines(UPRIGHT, &mut self.fonts).lines.len()
    }

    fn upright_text(&mut self, cell: &Cell, place: Place) -> Paragraph {
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

    /// The head again, as something that is not read twice, below the word that the table goes on.
    fn repeat(
        &mut self,
        table: &Table,
        grid: &[Vec<Spot>],
        widths: &[f32],
        heads: Part,
        dense: bool,
        place: Place,
    ) -> Rc<Repeat> {
        let mut repeat = Repeat::default();
        let place = Place { parent: Elem::ARTIFACT, ..place };
        let mut label = vec![Inline::Emphasis { text: vec![Inline::text(self.words.continued)] }];
        if !table.caption.is_empty() {
            label.insert(0, Inline::text(format!("{} – ", table.caption)));
        }
        let small = Place { ink: ink::MUTED, bold: false, ..place };
        let paragraph = self.read(&label, small);
        let lines = paragraph.lines(small.width, &mut self.fonts);
        let mut items = Vec::new();
        // One line is enough; a longer caption is cut at its end.
        self.line(&paragraph, &lines, 0, small, Elem::ARTIFACT, &mut Vec::new(), &mut items);
        repeat.items.extend(items);
        repeat.height += small.leading + 2.0;
        let head = table.head.get(..grid.len()).unwrap_or_default();
        for strip in self.rows(table, head, grid, widths, heads, dense, place) {
            let y = repeat.height;
            repeat.items.extend(strip.items.into_iter().map(|item| item.moved(0.0, y)));
            repeat.height += strip.height;
        }
        // Nothing of it may lead anywhere or be read.
        repeat.items.retain(|item| !matches!(item.draw, Draw::Link { .. } | Draw::Mark));
        repeat.items.iter_mut().for_each(|item| item.elem = Elem::ARTIFACT);
        Rc::new(repeat)
    }

    #[allow(clippy::too_many_arguments)]
    fn rows(
        &mut self,
        table: &Table,
        rows: &[Row],
        grid: &[Vec<Spot>],
        widths: &[f32],
        part: Part,
        dense: bool,
        place: Place,
    ) -> Vec<Strip> {
        let lefts: Vec<f32> = widths
            .iter()
            .scan(place.x, |x, width| {
                let left = *x;
                *x += width;
                Some(left)
            })
            .collect();
        let mut sets: Vec<Set> = Vec::new();
        let mut heights = vec![0.0_f32; rows.len()];
        let mut row_elems = Vec::with_capacity(rows.len());
        for (index, (row, spots)) in rows.iter().zip(grid).enumerate() {
            let row_elem = self.tags.add(Role::Row, place.parent);
            row_elems.push(row_elem);
            for (cell, spot) in row.cells.iter().zip(spots) {
                let set = self.cell(table, row, cell, spot, index, rows.len(), (&lefts, widths), part, row_elem, place);
                if set.rows == 1 {
                    heights[index] = heights[index].max(set.height);
                }
                sets.push(set);
            }
            heights[index] = heights[index].max(place.leading + 2.0 * PAD_Y);
        }
        for set in sets.iter().filter(|set| set.rows > 1) {
            let have: f32 = heights[set.row..set.row + set.rows].iter().sum();
            if set.height > have {
                heights[set.row + set.rows - 1] += set.height - have;
            }
        }
        self.assemble(table, rows, sets, &heights, (&lefts, widths), part, dense, place)
    }

    #[allow(clippy::too_many_arguments)]
    fn cell<'t>(
        &mut self,
        table: &Table,
        row: &Row,
        cell: &'t Cell,
        spot: &Spot,
        index: usize,
        count: usize,
        (lefts, widths): (&[f32], &[f32]),
        part: Part,
        row_elem: Elem,
        place: Place,
    ) -> Set<'t> {
        let column = &table.columns[spot.column];
        let role = match part {
            Part::Head(_) => Role::HeaderCell(Scope::Column),
            Part::Body if row.group || column.header => Role::HeaderCell(Scope::Row),
            Part::Body => Role::Cell,
        };
        let elem = self.tags.add(role, row_elem);
        let rows = spot.rows.min(count - index);
        if let Some(element) = self.tags.get_mut(elem) {
            element.columns = spot.columns as u16;
            element.rows = rows as u16;
        }
        let width: f32 = widths[spot.column..spot.column + spot.columns].iter().sum();
        let inset = if column.narrow && !row.group { PAD_X.min(width * 0.12).max(1.5) } else { PAD_X };
        let bold = matches!(role, Role::HeaderCell(_));
        let align = match () {
            () if row.group => Align::Start,
            () if spot.columns > 1 && part.is_head() => Align::Center,
            () => column.align,
        };
        let inner = Place {
            x: lefts[spot.column] + inset,
            width: (width - 2.0 * inset).max(3.0),
            bold,
            align,
            parent: elem,
            ..place
        };
        let mut set = Set {
            cell,
            row: index,
            rows,
            column: spot.column,
            columns: spot.columns,
            elem,
            strips: Vec::new(),
            height: 0.0,
        };
        if part == Part::Head(Heads::Upright) && is_upright(table, spot) {
            let strip = self.upright(cell, inner, lefts[spot.column], width);
            set.height = strip.height;
            set.strips = vec![strip];
        } else {
            let mut strips = self.blocks(&cell.blocks, inner);
            for strip in &mut strips {
                // Whatever stands in a cell goes where the row goes.
                strip.fresh = false;
                strip.turn = Turn::Upright;
            }
            set.height = height_of(&strips) + 2.0 * PAD_Y;
            set.strips = strips;
        }
        set
    }

    /// A head set upright, read from below.
    fn upright(&mut self, cell: &Cell, place: Place, left: f32, width: f32) -> Strip {
        let paragraph = self.upright_text(cell, place);
        let lines = paragraph.lines(UPRIGHT, &mut self.fonts);
        let longest = lines.lines.iter().map(|(_, width)| *width).fold(0.0, f32::max);
        let height = longest + 2.0 * PAD_Y + 2.0;
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

    #[allow(clippy::too_many_arguments)]
    fn assemble(
        &mut self,
        table: &Table,
        rows: &[Row],
        sets: Vec<Set>,
        heights: &[f32],
        (lefts, widths): (&[f32], &[f32]),
        part: Part,
        dense: bool,
        place: Place,
    ) -> Vec<Strip> {
        let total: f32 = widths.iter().sum();
        let mut strips: Vec<Strip> = rows
            .iter()
            .zip(heights)
            .map(|(row, height)| {
                let mut strip = Strip { height: *height, ..Strip::default() };
                let ground = match part {
                    Part::Head(_) => Some(ink::SURFACE_STRONG),
                    Part::Body if row.group => Some(ink::SURFACE),
                    Part::Body => None,
                };
                if let Some(ink) = ground {
                    strip.items.push(Item::fill(place.x, 0.0, total, *height, ink));
                }
                strip.keep = row.group;
                strip.anchors.extend(row.id.as_deref().map(Into::into));
                strip
            })
            .collect();
        // Which columns are covered by a cell that goes on below each row.
        let mut open = vec![vec![false; widths.len()]; rows.len()];
        for set in sets {
            let top = PAD_Y;
            for row in open.iter_mut().take(set.row + set.rows - 1).skip(set.row) {
                row[set.column..set.column + set.columns].fill(true);
            }
            // The first rows of a spanning cell stay together until they hold what it says.
            let mut have = 0.0;
            for row in set.row..set.row + set.rows - 1 {
                have += heights[row];
                if have < set.height {
                    strips[row].keep = true;
                }
            }
            self.fill(table, set, top, heights, (lefts, widths), part, place, &mut strips);
        }
        let count = strips.len();
        for (index, strip) in strips.iter_mut().enumerate() {
            let last = index + 1 == count;
            let pen = match part {
                Part::Head(_) => Pen { ink: ink::RULE, width: if last { 0.9 } else { 0.5 }, dash: Dash::Solid },
                Part::Body => Pen::hairline(ink::HAIRLINE),
            };
            if last && part == Part::Body {
                continue;
            }
            let mut column = 0;
            while column < widths.len() {
                if open[index][column] {
                    column += 1;
                    continue;
                }
                let from = column;
                while column < widths.len() && !open[index][column] {
                    column += 1;
                }
                let width: f32 = widths[from..column].iter().sum();
                // Within its own row, or the next row's ground would cover it.
                strip.items.push(Item::rule(lefts[from], strip.height - pen.width / 2.0, width, pen));
            }
        }
        if dense {
            for (strip, row) in strips.iter_mut().zip(rows).filter(|(_, row)| !row.group) {
                if part.is_head() && row.cells.iter().any(|cell| cell.columns > 1) {
                    continue;
                }
                for (pair, x) in table.columns.windows(2).zip(&lefts[1..]) {
                    if pair.iter().any(|column| column.narrow) {
                        let (x, pen) = (*x, Pen { ink: ink::HAIRLINE, width: 0.4, dash: Dash::Solid });
                        strip.items.push(Item::artifact(Draw::Rule { x, y: 0.0, x2: x, y2: strip.height, pen }));
                    }
                }
            }
        }
        if part == Part::Body && count > 2 {
            // No row alone at the head or the foot of a page.
            strips[0].keep = true;
            strips[count - 2].keep = true;
        }
        strips
    }

    /// Puts a cell's content into the strips of its rows.
    #[allow(clippy::too_many_arguments)]
    fn fill(
        &mut self,
        table: &Table,
        set: Set,
        top: f32,
        heights: &[f32],
        (lefts, widths): (&[f32], &[f32]),
        part: Part,
        place: Place,
        strips: &mut [Strip],
    ) {
        let span: f32 = heights[set.row..set.row + set.rows].iter().sum();
        let column = &table.columns[set.column];
        // Heads stand on their foot; letters in a matrix stand in the middle; text hangs from the top.
        let shift = match part {
            Part::Head(_) => span - set.height,
            Part::Body if column.narrow && column.align == Align::Center && set.rows == 1 => (span - set.height) / 2.0,
            Part::Body => 0.0,
        };
        strips[set.row].items.push(Item::new(set.elem, Draw::Mark));
        // The grounds of later rows would cover a head that stands on its foot in them.
        let (base, down) = match part {
            Part::Head(_) => (set.row + set.rows - 1, -heights[set.row..set.row + set.rows - 1].iter().sum::<f32>()),
            Part::Body => (set.row, 0.0),
        };
        let strip = &mut strips[base];
        let is_upright = set
            .strips
            .first()
            .is_some_and(|strip| strip.items.iter().any(|item| matches!(item.draw, Draw::Text { turned: true, .. })));
        if is_upright {
            for inner in set.strips {
                let foot = span - PAD_Y + down;
                strip.items.extend(inner.items.into_iter().map(|item| item.moved(0.0, foot)));
            }
            return;
        }
        // Rows as high as this could meet a page that is lower; they keep their parts.
        if set.rows == 1 && heights[set.row] > 250.0 {
            let tall = strip.tall.get_or_insert_with(|| {
                let shaped = self.fonts.shape(Face::Italic, Figures::Tabular, self.words.continued);
                let width = shaped.width as f32 / 1000.0 * 7.6;
                let x = lefts.first().copied().unwrap_or(0.0) + widths.iter().sum::<f32>() - width - PAD_X;
                Box::new(Tall {
                    cells: Vec::new(),
                    ground: None,
                    x: place.x,
                    width: widths.iter().sum(),
                    mark: Item::artifact(Draw::Text {
                        x,
                        y: 8.5,
                        face: Face::Italic,
                        size: 7.6,
                        ink: ink::MUTED,
                        shaped,
                        turned: false,
                    }),
                })
            });
            let mut own = set.strips;
            if let Some(first) = own.first_mut() {
                first.gap = 0.0;
                first.items.insert(0, Item::new(set.elem, Draw::Mark));
            }
            tall.cells.push(own);
            return;
        }
        let mut y = top + shift + down;
        let mut resume = Vec::new();
        for (index, inner) in set.strips.into_iter().enumerate() {
            y += if index == 0 { 0.0 } else { inner.gap };
            if set.rows > 1 {
                resume.extend(inner.items.iter().cloned().map(|item| (y, item)));
            }
            strip.anchors.extend(inner.anchors);
            strip.items.extend(inner.items.into_iter().map(|item| item.moved(0.0, y)));
            y += inner.height;
        }
        // Said again where the rows go on at the head of a page, if there is room for it.
        for row in set.row + 1..set.row + set.rows {
            let rest: f32 = heights[row..set.row + set.rows].iter().sum();
            if rest >= set.height {
                let again = resume.iter().filter(|(_, item)| !matches!(item.draw, Draw::Link { .. } | Draw::Mark));
                strips[row].resume.extend(again.map(|(y, item)| {
                    let mut item = item.clone().moved(0.0, *y);
                    item.elem = Elem::ARTIFACT;
                    item
                }));
            }
        }
        let _ = set.cell;
    }
}

/// Which part of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Head(Heads),
    Body,
}

/// How the heads of narrow columns are set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Heads {
    Level,
    Upright,
}

impl Part {
    fn is_head(self) -> bool {
        matches!(self, Part::Head(_))
    }
}

/// Markdown has no tables without heads; an empty one is not printed.
fn says_nothing(row: &Row) -> bool {
    row.cells.iter().all(|cell| cell.blocks.is_empty())
}

fn is_upright(table: &Table, spot: &Spot) -> bool {
    spot.columns == 1 && table.columns[spot.column].narrow
}

/// Where a cell lies in the grid.
#[derive(Debug, Clone, Copy)]
struct Spot {
    column: usize,
    columns: usize,
    rows: usize,
}

/// Places of all cells. A tree that does not keep its promise (spans that overlap or leave the table) is cut to fit.
fn grid(rows: &[Row], columns: usize) -> Vec<Vec<Spot>> {
    let mut taken = vec![0_usize; columns];
    let mut out = Vec::with_capacity(rows.len());
    for (index, row) in rows.iter().enumerate() {
        let mut spots = Vec::with_capacity(row.cells.len());
        let mut column = 0;
        for cell in &row.cells {
            while column < columns && taken[column] > 0 {
                column += 1;
            }
            if column >= columns {
                break;
            }
            let free = taken[column..].iter().take_while(|taken| **taken == 0).count();
            let wanted = if row.group { columns } else { usize::from(cell.columns.max(1)) };
            let spot =
                Spot { column, columns: wanted.min(free), rows: usize::from(cell.rows.max(1)).min(rows.len() - index) };
            for taken in &mut taken[column..column + spot.columns] {
                *taken = spot.rows;
            }
            column += spot.columns;
            spots.push(spot);
        }
        for taken in &mut taken {
            *taken = taken.saturating_sub(1);
        }
        out.push(spots);
    }
    out
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
        let room = room - 12.0;
        let mut strip = Strip::default();
        let mut reach = 0.0_f32;
        let mut left = false;
        if let Some(ink) = self.ground {
            strip.items.push(Item::fill(self.x, 0.0, self.width, room, ink));
        }
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
            strip.height = reach + 12.0;
            (strip, Some(self))
        } else {
            strip.height = reach;
            strip.items.push(Item::rule(self.x, reach, self.width, Pen::hairline(ink::HAIRLINE)));
            (strip, None)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_that_leave_the_table_are_cut() {
        let cell = |columns, rows| Cell { blocks: Vec::new(), columns, rows };
        let rows = vec![
            Row { cells: vec![cell(1, 9), cell(9, 1), cell(1, 1)], ..Row::default() },
            Row { cells: vec![cell(2, 1), cell(1, 1)], ..Row::default() },
        ];
        let grid = grid(&rows, 3);
        assert_eq!(grid[0].len(), 2);
        assert_eq!((grid[0][0].rows, grid[0][1].columns), (2, 2));
        assert_eq!((grid[1].len(), grid[1][0].column, grid[1][0].columns), (1, 1, 2));
    }
}
