//! Widths of table columns from what their cells hold, as CSS does for automatic tables.
//!
//! In: per column how narrow and how wide its cells can be, its wish and the width to fill. Out: widths that add up to
//! that width. Columns get, in this order: room for names broken where names may break, room for whole words, room for
//! whole lines.

use super::text::Extent;
use crate::{document::Column, sort::Sort};

/// Width that a column of single letters likes to have.
const ROOMY: f32 = 27.0;

/// Widths for the columns, adding up to `total`. Extents include the cells' padding.
pub(super) fn widths(columns: &[Column], extents: &[Extent], total: f32) -> Vec<f32> {
    let count = columns.len();
    if count == 0 {
        return Vec::new();
    }
    let limit = total * 0.6;
    let min: Vec<f32> = extents.iter().map(|extent| extent.min.min(limit)).collect();
    let fair: Vec<f32> = extents.iter().zip(&min).map(|(extent, min)| extent.fair.min(limit).max(*min)).collect();
    let max: Vec<f32> = (0..count)
        .map(|at| {
            if columns[at].narrow {
                fair[at].max(extents[at].max.min(total * 0.2))
            } else {
                extents[at].max.max(fair[at])
            }
        })
        .collect();
    let sum = |widths: &[f32]| widths.iter().sum::<f32>();

    if sum(&min) >= total {
        // Not even broken names fit: all shrink, and lines break anywhere.
        let factor = total / sum(&min);
        return min.iter().map(|width| width * factor).collect();
    }
    if sum(&fair) >= total {
        return grow(&min, &fair, total, |at| fair[at] - min[at]);
    }
    if sum(&max) >= total {
        let weighted = columns.iter().any(|column| column.weight > 0 && !column.narrow);
        if weighted {
            return by_weight(columns, &fair, &max, total);
        }
        return lengthen(&fair, &max, total);
    }
    // Everything fits on one line: the rest goes to the columns that hold text.
    let mut max = max;
    let spare = total - sum(&max);
    let narrow: Vec<usize> = (0..count).filter(|at| columns[*at].narrow).collect();
    // Letters in a matrix get some air first.
    for at in &narrow {
        max[*at] += (ROOMY - max[*at]).clamp(0.0, spare * 0.5 / narrow.len() as f32);
    }
    let rest = total - sum(&max);
    let open: Vec<bool> = columns.iter().map(|column| !column.narrow).collect();
    let share = |at: usize| -> f32 {
        match columns[at].weight {
            0 => max[at],
            weight => f32::from(weight) * total / 4.0,
        }
    };
    let all: f32 = (0..count).filter(|at| open[*at]).map(share).sum();
    if all <= 0.0 {
        let factor = total / sum(&max).max(1.0);
        return max.iter().map(|width| width * factor).collect();
    }
    (0..count).map(|at| if open[at] { max[at] + rest * share(at) / all } else { max[at] }).collect()
}

/// Grows from `from` towards `to` until `total` is filled, in the given proportions, none beyond its `to`.
fn grow(from: &[f32], to: &[f32], total: f32, share: impl Fn(usize) -> f32) -> Vec<f32> {
    let mut widths = from.to_vec();
    for _ in 0..from.len() {
        let rest = total - widths.iter().sum::<f32>();
        let open: Vec<usize> = (0..widths.len()).filter(|at| to[*at] - widths[*at] > 0.01).collect();
        let all: f32 = open.iter().map(|at| share(*at)).sum();
        if rest <= 0.01 || all <= 0.0 {
            break;
        }
        for at in open {
            widths[at] = (widths[at] + rest * share(at) / all).min(to[at]);
        }
    }
    // Rounding and columns that want no more leave a little: the widest takes it.
    let rest = total - widths.iter().sum::<f32>();
    if let Some(widest) = (0..widths.len()).max_by(|a, b| widths[*a].total_cmp(&widths[*b])) {
        widths[widest] += rest;
    }
    widths
}

/// Grows from whole words towards whole lines. Columns that lack little get it first: two words on one line are worth
/// more than a paragraph's next word. Long text then gets more, but not in full proportion.
fn lengthen(fair: &[f32], max: &[f32], total: f32) -> Vec<f32> {
    let mut from = fair.to_vec();
    let mut rest = total - fair.iter().sum::<f32>();
    let mut lacks: Vec<usize> = (0..fair.len()).collect();
    lacks.order_by(|a, b| (max[*a] - fair[*a]).total_cmp(&(max[*b] - fair[*b])));
    for at in lacks {
        let lack = max[at] - fair[at];
        if lack > total * 0.14 || lack > rest * 0.6 {
            break;
        }
        from[at] += lack;
        rest -= lack;
    }
    grow(&from, max, total, |at| (max[at] - from[at]).powf(0.75))
}

/// Columns with weights share what the others leave, none below its words.
fn by_weight(columns: &[Column], fair: &[f32], max: &[f32], total: f32) -> Vec<f32> {
    let weight = |at: usize| if columns[at].narrow { 0.0 } else { f32::from(columns[at].weight) };
    let mut widths: Vec<f32> = (0..columns.len())
        .map(|at| if weight(at) > 0.0 { fair[at] } else { max[at].min(fair[at].max(total * 0.25)) })
        .collect();
    if widths.iter().sum::<f32>() > total {
        return lengthen(fair, max, total);
    }
    let mut open: Vec<usize> = (0..columns.len()).filter(|at| weight(*at) > 0.0).collect();
    // A column whose share would be below its words keeps its words, one that needs less than its share leaves the
    // rest; the others share again. Shortages are settled first, or the rest would be given away twice.
    loop {
        let fixed: f32 = (0..columns.len()).filter(|at| !open.contains(at)).map(|at| widths[at]).sum();
        let all: f32 = open.iter().map(|at| weight(*at)).sum();
        let share = |at: usize| (total - fixed) * weight(at) / all;
        let tight = open.iter().position(|at| share(*at) < fair[*at]);
        let loose = || open.iter().position(|at| share(*at) > max[*at] + 0.01);
        match tight.or_else(loose) {
            Some(place) => {
                let at = open.remove(place);
                widths[at] = if tight.is_some() { fair[at] } else { max[at] };
            }
            None => {
                for at in &open {
                    widths[*at] = share(*at);
                }
                break;
            }
        }
    }
    let rest = total - widths.iter().sum::<f32>();
    if let Some(widest) = (0..widths.len()).max_by(|a, b| widths[*a].total_cmp(&widths[*b])) {
        widths[widest] += rest;
    }
    widths
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extent(min: f32, fair: f32, max: f32) -> Extent {
        Extent { min, fair, max }
    }

    fn total(widths: &[f32]) -> f32 {
        widths.iter().sum()
    }

    #[test]
    fn widths_fill_the_table_and_words_stay_whole_if_they_can() {
        let columns = vec![Column::default(), Column { narrow: true, ..Column::default() }, Column::default()];
        let extents = [extent(20.0, 60.0, 90.0), extent(12.0, 12.0, 12.0), extent(30.0, 80.0, 2000.0)];
        let got = widths(&columns, &extents, 400.0);
        assert!((total(&got) - 400.0).abs() < 0.1, "{got:?}");
        assert!(got[0] >= 60.0 && got[1] >= 12.0 && got[2] >= 80.0, "{got:?}");
        assert!(got[1] < 20.0, "a narrow column stays narrow: {got:?}");
    }

    #[test]
    fn too_little_room_breaks_names_before_it_shrinks_columns_below_them() {
        let columns = vec![Column::default(); 2];
        let extents = [extent(40.0, 200.0, 300.0), extent(40.0, 60.0, 300.0)];
        let got = widths(&columns, &extents, 150.0);
        assert!((total(&got) - 150.0).abs() < 0.1 && got.iter().all(|width| *width >= 40.0), "{got:?}");
    }

    #[test]
    fn a_column_takes_no_more_than_it_needs() {
        let columns = vec![Column { weight: 1, ..Column::default() }; 3];
        let got =
            widths(&columns, &[extent(20.0, 30.0, 50.0), extent(20.0, 50.0, 900.0), extent(20.0, 50.0, 900.0)], 400.0);
        assert!((got[0] - 50.0).abs() < 0.1 && (got[1] - 175.0).abs() < 0.1, "{got:?}");
    }

    #[test]
    fn weights_decide_among_columns_that_wrap() {
        let columns = vec![
            Column { weight: 1, ..Column::default() },
            Column { weight: 3, ..Column::default() },
            Column::default(),
        ];
        let extents = [extent(20.0, 50.0, 900.0), extent(20.0, 50.0, 900.0), extent(20.0, 40.0, 60.0)];
        let got = widths(&columns, &extents, 460.0);
        assert!((got[1] / got[0] - 3.0).abs() < 0.1, "{got:?}");
        assert!((total(&got) - 460.0).abs() < 0.1);
    }

    #[test]
    fn nothing_fits() {
        let columns = vec![Column::default(); 30];
        let got = widths(&columns, &vec![extent(40.0, 80.0, 100.0); 30], 300.0);
        assert!((total(&got) - 300.0).abs() < 0.1 && got.iter().all(|width| *width > 0.0));
        assert!(widths(&[], &[], 300.0).is_empty());
    }
}
