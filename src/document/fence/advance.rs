//! Measures and breaks text for drawings, before any renderer has opened a font.
//!
//! In: text, size, weight, width. Out: points, or lines that fit. The numbers are the advances of Source Sans 3, which
//! both HTML and PDF draw with; kerning is left out, and makes real lines slightly shorter.
//!
//! Invariant: a line returned by [`wrap`] is never wider than asked, and no character of the text is lost but the
//! spaces at the breaks.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthChar;

/// Width of `text` in points at `size` points.
pub(crate) fn width(text: &str, size: f32, bold: bool) -> f32 {
    text.chars().map(|char| f32::from(advance(char, bold))).sum::<f32>() * size / 1000.0
}

/// Breaks `text` into lines of at most `max` points, at spaces and other places that Unicode allows, and within a word
/// only where the word alone is too wide. Never returns fewer than one line.
pub(crate) fn wrap(text: &str, size: f32, bold: bool, max: f32) -> Vec<String> {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let fits = |line: &str| width(line.trim_end(), size, bold) <= max;
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut start = 0;
    for (end, _) in unicode_linebreak::linebreaks(&text) {
        let piece = &text[start..end];
        start = end;
        if !fits(&format!("{line}{piece}")) {
            flush(&mut lines, &mut line);
        }
        if fits(piece) {
            line.push_str(piece);
            continue;
        }
        for cluster in piece.graphemes(true) {
            if !line.is_empty() && !fits(&format!("{line}{cluster}")) {
                flush(&mut lines, &mut line);
            }
            line.push_str(cluster);
        }
    }
    flush(&mut lines, &mut line);
    if lines.is_empty() {
        lines.push(String::new());
    }
    lines
}

fn flush(lines: &mut Vec<String>, line: &mut String) {
    let done = line.trim_end();
    if !done.is_empty() {
        lines.push(done.to_owned());
    }
    line.clear();
}

/// Advance in thousandths of the size.
fn advance(char: char, bold: bool) -> u16 {
    let table = if bold { &SEMIBOLD } else { &REGULAR };
    let code = u32::from(char);
    let mut index = 0;
    for (first, last) in RANGES {
        if code < first {
            break;
        }
        if code <= last {
            let advance = table[index + (code - first) as usize];
            return if advance == 0 { 600 } else { advance };
        }
        index += (last - first + 1) as usize;
    }
    match char.width() {
        Some(0) => 0,
        Some(2) => 1000,
        // A renderer shows controls and unknown characters as a box or a full-width stand-in.
        _ => 700,
    }
}

/// Blocks of characters whose advances are known, ascending.
const RANGES: [(u32, u32); 5] = [(0x20, 0x17f), (0x370, 0x3ff), (0x400, 0x45f), (0x2010, 0x2026), (0x2190, 0x2193)];

/// Advances of Source Sans 3 Regular over RANGES in order; 0 where there is no glyph.
const REGULAR: [u16; 619] = [
    200, 289, 426, 497, 497, 824, 609, 249, 303, 303, 418, 497, 249, 311, 249, 350, 497, 497, 497, 497, 497, 497, 497,
    497, 497, 497, 249, 249, 497, 497, 497, 425, 847, 544, 588, 571, 615, 527, 494, 617, 652, 263, 480, 579, 486, 727,
    647, 664, 566, 664, 569, 534, 536, 645, 515, 786, 513, 476, 539, 303, 350, 303, 497, 500, 542, 504, 553, 456, 555,
    496, 292, 504, 544, 246, 247, 495, 255, 829, 547, 542, 555, 555, 347, 419, 338, 544, 467, 719, 446, 467, 425, 303,
    241, 303, 497, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    200, 289, 497, 497, 497, 497, 241, 497, 542, 744, 345, 429, 497, 311, 423, 542, 331, 497, 367, 367, 542, 562, 560,
    249, 542, 367, 365, 429, 781, 808, 796, 425, 544, 544, 544, 544, 544, 544, 822, 571, 527, 527, 527, 527, 263, 263,
    263, 263, 639, 647, 664, 664, 664, 664, 664, 497, 664, 645, 645, 645, 645, 476, 583, 576, 504, 504, 504, 504, 504,
    504, 778, 456, 496, 496, 496, 496, 246, 246, 246, 246, 544, 547, 542, 542, 542, 542, 542, 497, 542, 544, 544, 544,
    544, 467, 555, 467, 544, 504, 544, 504, 544, 504, 571, 456, 571, 456, 571, 456, 571, 456, 615, 573, 635, 562, 527,
    496, 527, 496, 527, 496, 527, 496, 527, 496, 617, 504, 617, 504, 617, 504, 617, 504, 652, 544, 692, 557, 263, 246,
    263, 246, 263, 246, 263, 246, 263, 246, 526, 493, 480, 247, 579, 495, 495, 486, 255, 486, 255, 486, 265, 486, 362,
    500, 298, 647, 547, 647, 547, 647, 547, 769, 635, 547, 664, 542, 664, 542, 664, 542, 847, 839, 569, 347, 569, 347,
    569, 347, 534, 419, 534, 419, 534, 419, 534, 419, 536, 338, 536, 338, 536, 338, 645, 544, 645, 544, 645, 544, 645,
    544, 645, 544, 645, 544, 786, 718, 476, 467, 476, 539, 425, 539, 425, 539, 425, 271, 0, 0, 0, 0, 249, 249, 0, 0, 0,
    0, 542, 0, 0, 0, 249, 0, 0, 0, 0, 0, 542, 542, 573, 249, 611, 736, 347, 0, 741, 0, 604, 745, 262, 544, 588, 498,
    588, 527, 539, 652, 664, 263, 579, 515, 727, 647, 533, 664, 645, 566, 0, 538, 536, 476, 719, 513, 699, 678, 263,
    476, 560, 448, 541, 262, 510, 560, 565, 484, 531, 448, 424, 541, 522, 262, 494, 494, 562, 474, 431, 535, 586, 549,
    432, 546, 458, 510, 680, 481, 689, 701, 262, 510, 535, 510, 701, 585, 556, 522, 0, 0, 0, 680, 0, 522, 0, 535, 0,
    466, 0, 413, 0, 0, 0, 498, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 664, 0, 0, 555, 528, 0, 0, 0, 0,
    0, 0, 0, 527, 527, 687, 498, 571, 534, 263, 263, 480, 897, 929, 696, 579, 656, 514, 645, 544, 580, 588, 498, 638,
    527, 830, 550, 658, 656, 579, 630, 727, 652, 664, 645, 566, 571, 536, 514, 732, 513, 642, 598, 877, 880, 720, 798,
    580, 571, 908, 582, 504, 544, 508, 411, 533, 496, 688, 456, 565, 565, 495, 531, 633, 562, 542, 553, 555, 456, 460,
    467, 734, 446, 558, 512, 749, 761, 596, 674, 491, 456, 738, 515, 496, 496, 560, 411, 456, 419, 246, 246, 247, 735,
    758, 544, 495, 565, 467, 558, 311, 311, 497, 480, 800, 800, 391, 500, 249, 249, 249, 249, 426, 426, 426, 0, 454,
    454, 304, 304, 0, 0, 948, 619, 619, 619, 619,
];

/// Advances of Source Sans 3 Semibold over RANGES in order; 0 where there is no glyph.
const SEMIBOLD: [u16; 619] = [
    200, 315, 482, 513, 513, 841, 639, 275, 324, 324, 438, 513, 275, 322, 275, 344, 513, 513, 513, 513, 513, 513, 513,
    513, 513, 513, 275, 275, 513, 513, 513, 444, 875, 558, 597, 576, 625, 538, 510, 628, 663, 282, 494, 597, 502, 745,
    657, 674, 582, 674, 592, 545, 546, 655, 536, 800, 541, 501, 540, 324, 344, 324, 513, 500, 549, 516, 563, 462, 564,
    507, 317, 520, 558, 262, 263, 522, 271, 843, 560, 549, 564, 564, 373, 431, 361, 556, 495, 748, 481, 495, 443, 324,
    255, 324, 513, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    200, 315, 513, 513, 513, 513, 255, 513, 549, 747, 352, 455, 513, 322, 443, 549, 348, 513, 372, 372, 549, 578, 599,
    275, 549, 372, 369, 455, 795, 827, 807, 444, 558, 558, 558, 558, 558, 558, 834, 576, 538, 538, 538, 538, 282, 282,
    282, 282, 651, 656, 674, 674, 674, 674, 674, 513, 674, 655, 655, 655, 655, 501, 600, 604, 516, 516, 516, 516, 516,
    516, 780, 462, 507, 507, 507, 507, 262, 262, 262, 262, 552, 560, 549, 549, 549, 549, 549, 513, 549, 556, 556, 556,
    556, 495, 564, 495, 558, 516, 558, 516, 558, 516, 576, 462, 576, 462, 576, 462, 576, 462, 625, 594, 645, 564, 538,
    507, 538, 507, 538, 507, 538, 507, 538, 507, 628, 520, 628, 520, 628, 520, 628, 520, 663, 558, 703, 566, 282, 262,
    282, 262, 282, 262, 282, 262, 282, 262, 565, 524, 494, 263, 597, 522, 522, 502, 271, 502, 271, 502, 292, 502, 408,
    522, 329, 656, 560, 656, 560, 656, 560, 810, 651, 560, 674, 549, 674, 549, 674, 549, 859, 830, 592, 373, 592, 373,
    592, 373, 545, 431, 545, 431, 545, 431, 545, 431, 546, 361, 546, 361, 546, 361, 655, 556, 655, 556, 655, 556, 655,
    556, 655, 556, 655, 556, 800, 748, 501, 495, 501, 540, 443, 540, 443, 540, 443, 292, 0, 0, 0, 0, 275, 275, 0, 0, 0,
    0, 549, 0, 0, 0, 275, 0, 0, 0, 0, 0, 549, 549, 606, 275, 650, 775, 394, 0, 774, 0, 659, 785, 282, 558, 597, 510,
    614, 538, 540, 663, 674, 282, 597, 536, 745, 656, 552, 674, 654, 582, 0, 544, 546, 501, 740, 541, 726, 695, 282,
    501, 578, 460, 552, 282, 521, 578, 583, 509, 540, 460, 445, 552, 536, 282, 520, 524, 578, 499, 450, 544, 611, 559,
    439, 560, 474, 521, 710, 504, 721, 724, 282, 521, 544, 521, 724, 601, 574, 536, 0, 0, 0, 710, 0, 541, 0, 544, 0,
    478, 0, 423, 0, 0, 0, 517, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 674, 0, 0, 578, 547, 0, 0, 0, 0,
    0, 0, 0, 538, 538, 694, 510, 576, 545, 282, 282, 494, 902, 931, 707, 597, 666, 535, 654, 558, 590, 597, 510, 654,
    538, 853, 553, 670, 666, 597, 644, 745, 663, 674, 654, 582, 576, 546, 535, 748, 541, 656, 614, 896, 904, 725, 826,
    590, 576, 929, 600, 516, 553, 518, 422, 559, 507, 726, 466, 574, 574, 522, 552, 647, 572, 549, 564, 564, 462, 476,
    495, 757, 481, 577, 531, 777, 796, 610, 707, 504, 462, 757, 530, 507, 507, 568, 422, 462, 431, 262, 262, 263, 758,
    774, 558, 522, 574, 495, 568, 322, 322, 513, 480, 800, 800, 423, 500, 275, 275, 275, 275, 482, 482, 482, 0, 482,
    482, 325, 325, 0, 0, 964, 618, 618, 618, 618,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_cover_their_ranges() {
        let characters: u32 = RANGES.iter().map(|(first, last)| last - first + 1).sum();
        assert_eq!(characters as usize, REGULAR.len());
        assert!((width("A", 1000.0, false) - 544.0).abs() < 0.1);
        assert!(width("Щ", 10.0, false) > width("г", 10.0, false), "Cyrillic comes from the table");
        assert!(width("Ingress", 10.0, true) > width("Ingress", 10.0, false));
    }

    #[test]
    fn lines_fit_and_nothing_is_lost() {
        let text = "Kubernetes control-plane observability supercalifragilisticexpialidocious 日本語テキスト é\u{301}x";
        for max in [12.0, 30.0, 60.0, 200.0, 2000.0] {
            let lines = wrap(text, 8.0, false, max);
            for line in &lines {
                assert!(width(line, 8.0, false) <= max || line.graphemes(true).count() == 1, "{line} in {max}");
            }
            let squeeze = |text: &str| text.split_whitespace().collect::<String>();
            assert_eq!(squeeze(&lines.concat()), squeeze(text));
        }
        assert_eq!(wrap("two words", 8.0, false, 1000.0), ["two words"]);
        assert_eq!(wrap("", 8.0, false, 10.0), [""]);
    }
}
