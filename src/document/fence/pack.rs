//! Packs the groups of components into shelves.
//!
//! In: a [`Plan`], a [`Style`] and the least width of a box. Out: [`Packed`], for each band of the drawing shelves of
//! groups side by side, with the boxes of a shelf in aligned rows. Steps: measure all text once ([`Prepared`]), find the
//! lowest [`shelf`] for every run of groups, choose the runs whose shelves together are lowest ([`pack`]).

use super::{Item, Panel, Plan, advance::width};

/// Width of the text area of an A4 page in landscape, in points.
pub(super) const PAGE_WIDTH: f32 = 740.0;
/// Smallest text anywhere in the drawing.
pub(super) const SMALL: f32 = 6.5;
/// Lines of a name before an arrangement counts as bad.
const LINES: usize = 2;
/// Lengths are measured without hinting and with one fallback font in mind: leave a little air.
pub(super) const AIR: f32 = 1.03;

/// How generous an arrangement is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    /// Size of names.
    pub text: f32,
    /// Room between a box and its text, and between a panel and its boxes.
    pub pad: f32,
    /// Room between boxes.
    pub gap: f32,
    /// Room between panels.
    pub space: f32,
}

impl Style {
    pub(super) fn leading(&self) -> f32 {
        self.text * if self.text < 7.0 { 1.12 } else { 1.2 }
    }

    pub(super) fn title(&self) -> f32 {
        (self.text + 0.5).min(9.0)
    }
}

pub(super) const fn style(text: f32, pad: f32, gap: f32, space: f32) -> Style {
    Style { text, pad, gap, space }
}

/// Wider than this, a box looks lost in itself.
const WIDEST: f32 = 165.0;

/// Colour bar at the left edge of a box.
pub(super) const BAR: f32 = 3.0;
/// Room between fence and first panel.
pub(super) const FENCE_PAD: f32 = 10.0;

/// The shelves of all three bands.
pub(super) struct Packed {
    pub bands: [Vec<Shelf>; 3],
    pub width: f32,
}

impl Packed {
    pub(super) fn new(plan: &Plan, prepared: &Prepared, style: Style, least: f32) -> Option<Self> {
        let widest = bands(plan, prepared, style, least, PAGE_WIDTH)?;
        let used = widest.iter().flatten().map(|shelf| shelf.width).fold(0.0, f32::max) + 2.0 * FENCE_PAD;
        let label = wider(&plan.label, 10.0, true) + 2.0 * FENCE_PAD;
        let width = used.max(label).clamp(300.0, PAGE_WIDTH);
        // What does not fill the page is packed again, now that it is known how wide the widest shelf is.
        let bands = if width < PAGE_WIDTH - 1.0 { bands(plan, prepared, style, least, width)? } else { widest };
        Some(Self { bands, width })
    }
}

fn bands(plan: &Plan, prepared: &Prepared, style: Style, least: f32, width: f32) -> Option<[Vec<Shelf>; 3]> {
    let inner = width - 2.0 * FENCE_PAD;
    let above = pack(&plan.above, &prepared.above, style, least, inner)?;
    let inside = pack(&plan.inside, &prepared.inside, style, least, inner)?;
    let below = pack(&plan.below, &prepared.below, style, least, inner)?;
    Some([above, inside, below])
}

/// Texts measured once at size 1, so that trying a width is cheap.
pub(super) struct Prepared {
    above: Vec<MeasuredPanel>,
    inside: Vec<MeasuredPanel>,
    below: Vec<MeasuredPanel>,
}

struct MeasuredPanel {
    title: Vec<(f32, f32)>,
    items: Vec<Measured>,
}

struct Measured {
    /// Width of each piece between allowed breaks, with and without its trailing space.
    title: Vec<(f32, f32)>,
    references: Vec<(f32, f32)>,
    short: f32,
}

impl Prepared {
    pub(super) fn new(plan: &Plan) -> Self {
        let band = |panels: &[Panel]| {
            let measure = |panel: &Panel| MeasuredPanel {
                title: pieces(&panel.title, true),
                items: panel.items.iter().map(Measured::new).collect(),
            };
            panels.iter().map(measure).collect::<Vec<_>>()
        };
        Self { above: band(&plan.above), inside: band(&plan.inside), below: band(&plan.below) }
    }
}

impl Measured {
    fn new(item: &Item) -> Self {
        let short = wider(&item.short, 1.0, true);
        Self { title: pieces(&item.title, false), references: pieces(&item.references, true), short }
    }
}

fn pieces(text: &str, bold: bool) -> Vec<(f32, f32)> {
    let mut start = 0;
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    unicode_linebreak::linebreaks(&text)
        .map(|(end, _)| {
            let piece = &text[start..end];
            start = end;
            (wider(piece, 1.0, bold), wider(piece.trim_end(), 1.0, bold))
        })
        .collect()
}

/// How many lines the pieces take at `size` in `max` points, and how wide the last one is; a piece too wide for a line
/// takes as many as it needs.
fn count(pieces: &[(f32, f32)], size: f32, max: f32) -> (usize, f32) {
    let (mut lines, mut used, mut last) = (0, 0.0, 0.0);
    for (whole, trimmed) in pieces {
        let (whole, trimmed) = (whole * size, trimmed * size);
        if lines == 0 || used + trimmed > max {
            let more = if max > 0.0 { (trimmed / max).ceil().max(1.0) } else { 100.0 };
            // A broken word wastes up to one character a line.
            lines += if more > 1.0 { more as usize + 1 } else { 1 };
            used = 0.0;
        }
        last = used + trimmed;
        used += whole;
    }
    (lines, last)
}

pub(super) fn wider(text: &str, size: f32, bold: bool) -> f32 {
    width(text, size, bold) * AIR
}

/// Groups side by side, their boxes in aligned rows.
pub(super) struct Shelf {
    /// First panel and one past the last.
    pub range: std::ops::Range<usize>,
    /// Columns of boxes in each panel.
    pub columns: Vec<usize>,
    pub box_width: f32,
    pub row_heights: Vec<f32>,
    pub title_lines: usize,
    pub width: f32,
    pub height: f32,
    pub crowded: usize,
}

/// Breaks the panels, in order, into shelves so that the band becomes as low as possible.
fn pack(panels: &[Panel], measured: &[MeasuredPanel], style: Style, least: f32, width: f32) -> Option<Vec<Shelf>> {
    // Least cost of the first n panels, and where their last shelf starts.
    let mut best: Vec<Option<(f32, usize)>> = vec![Some((0.0, 0))];
    for end in 1..=panels.len() {
        let mut choice: Option<(f32, usize)> = None;
        for start in (0..end).rev() {
            let Some(shelf) = shelf(panels, measured, style, least, width, start..end) else { break };
            let Some((before, _)) = best[start] else { continue };
            let empty = (width - shelf.width).max(0.0) / width;
            let crowd = shelf.crowded as f32 * if style.text > SMALL { 40.0 } else { 2.0 };
            let cost = before + shelf.height + style.space + crowd + empty * 16.0;
            if choice.is_none_or(|(least, _)| cost < least) {
                choice = Some((cost, start));
            }
        }
        best.push(choice);
    }
    let mut shelves = Vec::new();
    let mut end = panels.len();
    while end > 0 {
        let (_, start) = best[end]?;
        shelves.push(shelf(panels, measured, style, least, width, start..end)?);
        end = start;
    }
    shelves.reverse();
    Some(shelves)
}

/// The lowest shelf of these panels in which no box is narrower than `least`; `None` when they do not fit side by side.
fn shelf(
    panels: &[Panel],
    measured: &[MeasuredPanel],
    style: Style,
    least: f32,
    width: f32,
    range: std::ops::Range<usize>,
) -> Option<Shelf> {
    let counts = || panels[range.clone()].iter().map(|panel| panel.items.len().max(1));
    let many = range.len() as f32;
    let frame = style.space * (many - 1.0) + many * 2.0 * style.pad;
    let mut fitting = None;
    for rows in 1..=counts().max().unwrap_or(1) {
        let columns: usize = counts().map(|count| count.div_ceil(rows)).sum();
        let gaps = style.gap * (columns as f32 - many);
        let box_width = (width - frame - gaps) / columns as f32;
        if box_width >= least {
            fitting = Some((rows, box_width));
            break;
        }
    }
    let (rows, box_width) = fitting?;
    let box_width = box_width.min(least * 1.4).min(WIDEST.max(least));
    let columns: Vec<usize> = counts().map(|count| count.div_ceil(rows)).collect();
    let total: usize = columns.iter().sum();
    let mut row_heights: Vec<f32> = Vec::new();
    let mut crowded = 0;
    let mut title_lines = 1;
    for (panel, columns) in range.clone().zip(&columns) {
        for (index, item) in measured[panel].items.iter().enumerate() {
            let (lines, references) = lines(item, style, box_width);
            crowded += lines.saturating_sub(LINES);
            let height = box_height(lines, references, style);
            let row = index / columns;
            if row_heights.len() <= row {
                row_heights.push(0.0);
            }
            row_heights[row] = row_heights[row].max(height);
        }
        let panel_width = panel_width(*columns, box_width, style);
        let (lines, _) = count(&measured[panel].title, style.title(), panel_width - 2.0 * style.pad);
        title_lines = title_lines.max(lines);
    }
    crowded += title_lines.saturating_sub(LINES);
    let rows = row_heights.len() as f32;
    let height = title_height(title_lines, style)
        + row_heights.iter().sum::<f32>()
        + style.gap * (rows - 1.0).max(0.0)
        + style.pad;
    let width = frame + style.gap * (total as f32 - many) + box_width * total as f32;
    Some(Shelf { range, columns, box_width, row_heights, title_lines, width, height, crowded })
}

pub(super) fn panel_width(columns: usize, box_width: f32, style: Style) -> f32 {
    let columns = columns as f32;
    columns * box_width + (columns - 1.0) * style.gap + 2.0 * style.pad
}

pub(super) fn title_height(lines: usize, style: Style) -> f32 {
    style.pad * 0.6 + lines as f32 * style.title() * 1.2 + style.pad * 0.6
}

/// Width of the text of a box whose team letters are `short` wide at size 1.
pub(super) fn text_width(short: f32, style: Style, box_width: f32) -> f32 {
    box_width - BAR - 2.0 * style.pad - short * SMALL - 2.0
}

/// Width of the references of a box.
pub(super) fn reference_width(style: Style, box_width: f32) -> f32 {
    box_width - BAR - 2.0 * style.pad
}

/// Whether references so wide may follow the last line of a name: not on the line of the team's letters.
pub(super) fn share(lines: usize, last: f32, references: f32, room: f32) -> bool {
    references > 0.0 && lines > 1 && last + 5.0 + references <= room
}

fn lines(item: &Measured, style: Style, box_width: f32) -> (usize, usize) {
    let (title, last) = count(&item.title, style.text, text_width(item.short, style, box_width));
    let room = reference_width(style, box_width);
    let (references, width) = count(&item.references, SMALL, room);
    let shared = references == 1 && share(title, last, width, room);
    (title.max(1), if shared { 0 } else { references })
}

fn box_height(lines: usize, references: usize, style: Style) -> f32 {
    lines as f32 * style.leading() + references as f32 * SMALL * 1.25 + style.pad * 1.4
}
