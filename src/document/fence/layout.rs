//! Finds places for everything the fence diagram shows.
//!
//! In: a [`Plan`]. Out: a [`Layout`], every box and line of text with its place. Steps: for each text size from large
//! to small and each width of box, pack the groups of every band into shelves ([`Packed`]: groups side by side, their
//! boxes in aligned rows, as few points high as possible), and take the first size at which everything fits a page and
//! no name needs a third line; else the arrangement that comes nearest.

use super::{
    Item, Panel, Plan,
    advance::wrap,
    pack::{
        AIR, FENCE_PAD, PAGE_WIDTH, Packed, Prepared, SMALL, Shelf, Style, panel_width, reference_width, share, style,
        text_width, title_height, wider,
    },
};

/// Height of the text area of an A4 page in landscape, less heading, caption and footer.
const PAGE_HEIGHT: f32 = 470.0;
/// Height of a number on an arrow.
pub(super) const NUMBER: f32 = 10.5;
/// Width that an arrow with its number takes.
const SLOT: f32 = 21.0;
/// From generous to tight.
const STYLES: [Style; 6] = [
    style(9.0, 6.0, 6.0, 10.0),
    style(8.5, 5.5, 5.5, 9.0),
    style(8.0, 5.0, 5.0, 8.0),
    style(7.5, 4.5, 4.5, 7.0),
    style(7.0, 4.0, 4.0, 6.0),
    style(6.5, 2.6, 2.6, 4.5),
];
/// Least widths of a box that are tried.
const WIDTHS: [f32; 9] = [150.0, 132.0, 118.0, 106.0, 96.0, 88.0, 80.0, 72.0, 64.0];

/// A rectangle.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Place {
    pub x: f32,
    pub y: f32,
    pub width: f32,
    pub height: f32,
}

/// Everything with its place.
#[derive(Debug, Clone)]
pub(super) struct Layout<'p> {
    pub plan: &'p Plan,
    pub style: Style,
    pub width: f32,
    pub height: f32,
    pub fence: Place,
    pub outside_labels: Vec<(f32, f32)>,
    pub panels: Vec<PanelAt<'p>>,
    pub arrows: Vec<ArrowAt>,
    pub legend: Vec<LegendAt>,
    pub key: Vec<KeyLine>,
    /// Lines of names beyond the second.
    crowded: usize,
}

/// A group with its place.
#[derive(Debug, Clone)]
pub(super) struct PanelAt<'p> {
    pub place: Place,
    pub title: Vec<String>,
    pub boxes: Vec<BoxAt<'p>>,
}

/// A component with its place.
#[derive(Debug, Clone)]
pub(super) struct BoxAt<'p> {
    pub item: &'p Item,
    pub place: Place,
    pub lines: Vec<String>,
    pub references: Vec<String>,
    /// The references stand at the end of the last line of the name.
    pub shared: bool,
}

/// Arrows that share one line between a group and the fence.
#[derive(Debug, Clone)]
pub(super) struct ArrowAt {
    pub x: f32,
    /// Where it starts and where its head is.
    pub from: f32,
    pub to: f32,
    /// Numbers on it with the middle of each.
    pub numbers: Vec<(String, f32)>,
}

/// A line of the key with its place.
#[derive(Debug, Clone)]
pub(super) struct KeyLine {
    /// Number in front of the first line of an entry.
    pub number: String,
    pub text: String,
    /// Where the number starts, where the text starts, and the baseline.
    pub x: f32,
    pub text_x: f32,
    pub y: f32,
}

/// A legend entry with its place.
#[derive(Debug, Clone, Copy)]
pub(super) struct LegendAt {
    pub team: usize,
    pub x: f32,
    pub y: f32,
    pub swatch: f32,
}

/// Places everything.
pub(super) fn lay_out(plan: &Plan) -> Layout<'_> {
    let prepared = Prepared::new(plan);
    let mut nearest: Option<(f32, Layout<'_>)> = None;
    // With the key beside it the drawing may shrink a little, but rather than become tiny it goes without.
    let with_key = STYLES[..4].iter().map(|style| (style, true)).filter(|_| plan.key.len() <= 36);
    for (style, with_key) in with_key.chain(STYLES.iter().map(|style| (style, false))) {
        for least in WIDTHS {
            let Some(packed) = Packed::new(plan, &prepared, *style, least) else { continue };
            // Placing is dear: leave it when the shelves alone already cost more.
            let shelves = packed.bands.iter().flatten();
            let height: f32 = shelves.clone().map(|shelf| shelf.height + style.space).sum();
            let crowded = shelves.map(|shelf| shelf.crowded).sum();
            if nearest.as_ref().is_some_and(|(lowest, _)| cost(*style, height, crowded) >= *lowest) {
                continue;
            }
            let layout = place(plan, packed, *style, with_key);
            let cost = cost(*style, layout.height, layout.crowded);
            if nearest.as_ref().is_none_or(|(lowest, _)| cost < *lowest) {
                nearest = Some((cost, layout));
            }
        }
        if nearest.as_ref().is_some_and(|(_, layout)| layout.late() <= 0.0 && layout.crowded == 0) {
            break;
        }
    }
    nearest.map_or_else(|| arrange_in_one_column(plan, &prepared), |(_, layout)| layout)
}

/// How bad an arrangement is. A third line is a blemish; in a crowd it is better than a drawing that has to shrink.
fn cost(style: Style, height: f32, crowded: usize) -> f32 {
    let late = (height - PAGE_HEIGHT).max(0.0);
    late * 4.0 + crowded as f32 * if style.text > SMALL { 60.0 } else { 8.0 } + height * 0.01
}

/// The last resort: a shelf for every group.
fn arrange_in_one_column<'p>(plan: &'p Plan, prepared: &Prepared) -> Layout<'p> {
    let style = STYLES[STYLES.len() - 1];
    let packed = Packed::new(plan, prepared, style, 1.0);
    place(
        plan,
        packed.unwrap_or(Packed { bands: [Vec::new(), Vec::new(), Vec::new()], width: PAGE_WIDTH }),
        style,
        false,
    )
}

fn place(plan: &Plan, packed: Packed, style: Style, with_key: bool) -> Layout<'_> {
    let Packed { bands, width } = packed;
    let [above, inside, below] = &bands;
    let mut layout = Layout {
        plan,
        style,
        width,
        height: 0.0,
        fence: Place::default(),
        outside_labels: Vec::new(),
        panels: Vec::new(),
        arrows: Vec::new(),
        legend: Vec::new(),
        key: Vec::new(),
        crowded: bands.iter().flatten().map(|shelf| shelf.crowded).sum(),
    };
    let mut y = 2.0;
    if !above.is_empty() {
        layout.outside_labels.push((FENCE_PAD, y + 8.0));
        y = place_band(&mut layout, &plan.above, above, y + 13.0);
        let (gap, facing) = (arrow_gap(&plan.above, above.last(), style), layout.facing(above.last(), y));
        let bottom = y;
        y += gap;
        layout.arrows.extend(arrows(&plan.above, above.last(), &facing, bottom, y));
    }
    let top = y;
    y = place_band(&mut layout, &plan.inside, inside, y + 23.0) + FENCE_PAD;
    layout.fence = Place { x: 1.0, y: top, width: width - 2.0, height: y - top };
    if !below.is_empty() {
        let bottom = y;
        y += arrow_gap(&plan.below, below.first(), style);
        let band = y;
        y = place_band(&mut layout, &plan.below, below, y);
        let facing = layout.facing_from(below.first(), band);
        layout.arrows.extend(arrows(&plan.below, below.first(), &facing, band, bottom));
        layout.outside_labels.push((FENCE_PAD, y + 10.0));
        y += 11.0;
    }
    y = legend(&mut layout, y + 8.0);
    if with_key && !plan.key.is_empty() {
        y = key(&mut layout, &plan.key, y + 4.0);
    } else if !plan.key.is_empty() {
        for line in wrap(&plan.key_elsewhere, 7.0 * AIR, false, width) {
            y += 9.0;
            layout.key.push(KeyLine { number: String::new(), text: line, x: 0.0, text_x: 0.0, y });
        }
    }
    layout.height = y + 3.0;
    layout
}

impl Layout<'_> {
    /// Points by which it is higher than a page.
    fn late(&self) -> f32 {
        (self.height - PAGE_HEIGHT).max(0.0)
    }

    /// Places of the panels of the shelf that was placed last and ends at `bottom`.
    fn facing(&self, shelf: Option<&Shelf>, bottom: f32) -> Vec<Place> {
        let on_shelf = |panel: &&PanelAt<'_>| (panel.place.y + panel.place.height - bottom).abs() < 0.5;
        let places = self.panels.iter().filter(on_shelf).map(|panel| panel.place);
        places.take(shelf.map_or(0, |shelf| shelf.range.len())).collect()
    }

    /// Places of the panels of the shelf that starts at `top`.
    fn facing_from(&self, shelf: Option<&Shelf>, top: f32) -> Vec<Place> {
        let on_shelf = |panel: &&PanelAt<'_>| (panel.place.y - top).abs() < 0.5;
        let places = self.panels.iter().filter(on_shelf).map(|panel| panel.place);
        places.take(shelf.map_or(0, |shelf| shelf.range.len())).collect()
    }
}

/// Places the shelves of a band from `y` down and returns where they end.
fn place_band<'p>(layout: &mut Layout<'p>, panels: &'p [Panel], shelves: &[Shelf], mut y: f32) -> f32 {
    let style = layout.style;
    for (number, shelf) in shelves.iter().enumerate() {
        if number > 0 {
            y += style.space;
        }
        let mut x = FENCE_PAD;
        for (panel, columns) in shelf.range.clone().map(|index| &panels[index]).zip(&shelf.columns) {
            let width = panel_width(*columns, shelf.box_width, style);
            let mut row_top = y + title_height(shelf.title_lines, style);
            let mut boxes = Vec::new();
            for (index, item) in panel.items.iter().enumerate() {
                let (row, column) = (index / columns, index % columns);
                if index > 0 && column == 0 {
                    row_top += shelf.row_heights[row - 1] + style.gap;
                }
                let place = Place {
                    x: x + style.pad + column as f32 * (shelf.box_width + style.gap),
                    y: row_top,
                    width: shelf.box_width,
                    height: shelf.row_heights[row],
                };
                boxes.push(boxed(item, place, style));
            }
            let title = wrap(&panel.title, style.title() * AIR, true, width - 2.0 * style.pad);
            layout.panels.push(PanelAt { place: Place { x, y, width, height: shelf.height }, title, boxes });
            x += width + style.space;
        }
        y += shelf.height;
    }
    y
}

fn boxed(item: &Item, place: Place, style: Style) -> BoxAt<'_> {
    let short = wider(&item.short, 1.0, true);
    let lines = wrap(&item.title, style.text * AIR, false, text_width(short, style, place.width));
    let room = reference_width(style, place.width);
    let references = match &*item.references {
        "" => Vec::new(),
        some => wrap(some, SMALL * AIR, true, room),
    };
    let last = lines.last().map_or(0.0, |line| wider(line, style.text, false));
    let width = references.first().map_or(0.0, |line| wider(line, SMALL, true));
    let shared = references.len() == 1 && share(lines.len(), last, width, room);
    BoxAt { item, place, lines, references, shared }
}

/// Lines between a panel and the fence: how many fit side by side.
fn slots(width: f32) -> usize {
    ((width / SLOT) as usize).max(1)
}

/// Splits the slots of a panel between what points inward and what points outward, and deals the numbers out to them.
fn deal(panel: &Panel, width: f32) -> Vec<(bool, Vec<&str>)> {
    let of = |inward: bool| panel.arrows.iter().filter(move |(_, way)| *way == inward).map(|(number, _)| &**number);
    let (inward, outward) = (of(true).count(), of(false).count());
    if inward + outward == 0 {
        return Vec::new();
    }
    let all = slots(width).min(inward + outward).max(usize::from(inward > 0) + usize::from(outward > 0));
    let for_inward = match (inward, outward) {
        (0, _) => 0,
        (_, 0) => all,
        _ => (all * inward / (inward + outward)).clamp(1, all - 1).min(inward),
    };
    let for_outward = (all - for_inward).min(outward);
    let mut dealt = Vec::new();
    for (way, slots) in [(true, for_inward), (false, for_outward)] {
        for slot in 0..slots {
            dealt.push((way, of(way).skip(slot).step_by(slots).collect()));
        }
    }
    dealt
}

fn arrow_gap(panels: &[Panel], shelf: Option<&Shelf>, style: Style) -> f32 {
    let Some(shelf) = shelf else { return style.space };
    let stack = shelf.range.clone().zip(&shelf.columns).map(|(panel, columns)| {
        let width = panel_width(*columns, shelf.box_width, style);
        deal(&panels[panel], width).iter().map(|(_, numbers)| numbers.len()).max().unwrap_or(0)
    });
    match stack.max().unwrap_or(0) {
        0 => style.space + 2.0,
        stack => 12.0 + stack as f32 * (NUMBER + 1.5),
    }
}

/// Arrows between the panels of a shelf and the fence; `edge` is the panels' side, `fence` the fence's.
fn arrows(panels: &[Panel], shelf: Option<&Shelf>, places: &[Place], edge: f32, fence: f32) -> Vec<ArrowAt> {
    let Some(shelf) = shelf else { return Vec::new() };
    // The head ends a little beyond the fence, so that it is seen to cross it.
    let beyond = if fence > edge { fence + 8.0 } else { fence - 8.0 };
    let mut arrows = Vec::new();
    for (panel, place) in shelf.range.clone().zip(places) {
        let dealt = deal(&panels[panel], place.width);
        let many = dealt.len() as f32;
        for (slot, (inward, numbers)) in dealt.into_iter().enumerate() {
            let x = place.x + place.width * (slot as f32 + 0.5) / many;
            let middle = (edge + fence) / 2.0 + if fence > edge { -1.0 } else { 1.0 };
            let top = middle - (numbers.len() as f32 - 1.0) * (NUMBER + 1.5) / 2.0;
            let numbers = numbers.into_iter().enumerate();
            let numbers =
                numbers.map(|(index, number)| (number.to_owned(), top + index as f32 * (NUMBER + 1.5))).collect();
            let (from, to) = if inward { (edge, beyond) } else { (beyond, edge) };
            arrows.push(ArrowAt { x, from, to, numbers });
        }
    }
    arrows
}

/// Size of legend text.
pub(super) const LEGEND: f32 = 7.5;

fn legend(layout: &mut Layout<'_>, mut y: f32) -> f32 {
    let mut x = 0.0;
    for (index, team) in layout.plan.teams.iter().enumerate() {
        let swatch = (wider(&team.short, SMALL, true) + 6.0).max(14.0);
        let name = wider(&team.name, LEGEND, false);
        if x > 0.0 && x + swatch + 4.0 + name > layout.width {
            x = 0.0;
            y += 13.0;
        }
        layout.legend.push(LegendAt { team: index, x, y, swatch });
        x += swatch + 4.0 + name + 14.0;
    }
    if layout.plan.teams.is_empty() { y } else { y + 12.0 }
}

/// Size of key text.
pub(super) const KEY: f32 = 7.0;

/// Room for the number of a key line.
const KEY_INDENT: f32 = 20.0;

fn key(layout: &mut Layout<'_>, key: &[(String, String)], top: f32) -> f32 {
    let columns = ((layout.width / 230.0) as usize).clamp(1, 3).min(key.len().max(1));
    let width = layout.width / columns as f32 - 10.0;
    let entries: Vec<Vec<String>> =
        key.iter().map(|(_, text)| wrap(text, KEY * AIR, false, width - KEY_INDENT)).collect();
    let total: usize = entries.iter().map(Vec::len).sum();
    let share = total.div_ceil(columns);
    let (mut column, mut filled, mut bottom) = (0, 0, top);
    for ((number, _), lines) in key.iter().zip(entries) {
        if filled > 0 && filled + lines.len() > share && column + 1 < columns {
            column += 1;
            filled = 0;
        }
        let x = column as f32 * (width + 10.0);
        for (index, text) in lines.into_iter().enumerate() {
            let y = top + (filled as f32 + 1.0) * 9.0;
            let number = if index == 0 { number.clone() } else { String::new() };
            layout.key.push(KeyLine { number, text, x, text_x: x + KEY_INDENT, y });
            bottom = bottom.max(y);
            filled += 1;
        }
    }
    bottom
}
