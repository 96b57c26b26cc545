//! The face that readers type into fields with.
//!
//! What they will type is not known, so it holds every character of WinAnsiEncoding (PDF 1.7, annex D.2), under the codes
//! of that encoding: programs that fill in forms write those. The faces of the text hold only what was drawn.

use lopdf::{Dictionary, Object, ObjectId, dictionary};
use subsetter::GlyphRemapper;

use super::{
    Error, embed,
    file::File,
    font::{self, Face, Fonts},
};

const FACE: Face = Face::Regular;
/// First and last code with a character.
const CODES: std::ops::RangeInclusive<u8> = 32..=255;

/// The characters of the codes 128 to 159; `\0` where there is none.
const UPPER: [char; 32] = [
    '€', '\0', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\0', 'Ž', '\0', '\0', '‘', '’', '“', '”', '•',
    '–', '—', '˜', '™', 'š', '›', 'œ', '\0', 'ž', 'Ÿ',
];

/// The character of a code: those without one of their own show a bullet.
fn character(code: u8) -> char {
    match code {
        0x80..=0x9f if UPPER[usize::from(code - 0x80)] != '\0' => UPPER[usize::from(code - 0x80)],
        0x7f..=0x9f => '•',
        0xa0 => ' ',
        0xad => '-',
        _ => char::from(code),
    }
}

/// Writes the font.
pub(super) fn write(file: &mut File, fonts: &Fonts) -> Result<ObjectId, Error> {
    let whole = font::bytes(FACE).ok_or(Error::Fonts)?;
    let mut characters: Vec<char> = CODES.map(character).collect();
    characters.sort_unstable();
    characters.dedup();
    let mut remapper = GlyphRemapper::new();
    // In the order of the characters, so that runs of them are runs of glyphs.
    let map: Vec<(u16, u16)> = characters
        .iter()
        .filter_map(|character| {
            let (glyph, _) = fonts.nominal(FACE, *character)?;
            Some((u16::try_from(*character as u32).ok()?, remapper.remap(glyph)))
        })
        .collect();
    let subset = subsetter::subset(whole, 0, &remapper).map_err(|_| Error::Fonts)?;
    let program = with_table(&subset, *b"cmap", character_map(&map)).ok_or(Error::Fonts)?;
    let name = format!("{}+{}", embed::tag(&program), FACE.postscript_name());
    let descriptor = embed::descriptor(file, FACE, &name, whole, &program);
    let texts: Vec<String> = CODES.map(|code| character(code).to_string()).collect();
    let meanings = CODES.map(usize::from).zip(texts.iter().map(String::as_str));
    let unicode = file.add_deflated(Dictionary::new(), embed::to_unicode(1, meanings).as_bytes());
    let width = |code| fonts.nominal(FACE, character(code)).map_or(0, |(_, width)| i64::from(width));
    let widths: Vec<Object> = CODES.map(|code| width(code).into()).collect();
    Ok(file.add(dictionary! {
        "Type" => "Font",
        "Subtype" => "TrueType",
        "BaseFont" => name.as_str(),
        "FirstChar" => i64::from(*CODES.start()),
        "LastChar" => i64::from(*CODES.end()),
        "Widths" => widths,
        "FontDescriptor" => descriptor,
        "Encoding" => "WinAnsiEncoding",
        "ToUnicode" => unicode,
    }))
}

/// A `cmap` table with one Unicode subtable of format 4 (OpenType 1.9). `map` is sorted by character.
fn character_map(map: &[(u16, u16)]) -> Vec<u8> {
    // First and last character of each run, and how far its glyphs are from its characters.
    let mut runs: Vec<(u16, u16, u16)> = Vec::new();
    for (character, glyph) in map {
        let away = glyph.wrapping_sub(*character);
        match runs.last_mut() {
            Some((_, last, known)) if last.checked_add(1) == Some(*character) && *known == away => *last = *character,
            _ => runs.push((*character, *character, away)),
        }
    }
    runs.push((u16::MAX, u16::MAX, 1));
    let count = runs.len() as u16;
    let power = 1_u16 << count.ilog2();
    let mut table: Vec<u16> = vec![4, 16 + 8 * count, 0];
    table.extend([count * 2, power * 2, count.ilog2() as u16, (count - power) * 2]);
    table.extend(runs.iter().map(|run| run.1));
    table.push(0);
    table.extend(runs.iter().map(|run| run.0));
    table.extend(runs.iter().map(|run| run.2));
    table.extend(runs.iter().map(|_| 0));
    // Version, number of subtables, Windows, Unicode, offset of the subtable.
    let mut out: Vec<u8> = [0, 1, 3, 1, 0, 12_u16].into_iter().flat_map(u16::to_be_bytes).collect();
    out.extend(table.into_iter().flat_map(u16::to_be_bytes));
    out
}

/// Sum of a table's words, as its directory wants it.
fn checksum(bytes: &[u8]) -> u32 {
    let word = |chunk: &[u8]| (0..4).fold(0, |sum, at| sum << 8 | u32::from(chunk.get(at).copied().unwrap_or(0)));
    bytes.chunks(4).map(word).fold(0, u32::wrapping_add)
}

/// A font file with a table more; `None` if it is no font file.
fn with_table(font: &[u8], tag: [u8; 4], table: Vec<u8>) -> Option<Vec<u8>> {
    let number = |at: usize| Some(u32::from_be_bytes(font.get(at..at + 4)?.try_into().ok()?) as usize);
    let count = usize::from(u16::from_be_bytes(font.get(4..6)?.try_into().ok()?));
    let mut tables = vec![(tag, table)];
    for at in (0..count).map(|table| 12 + table * 16) {
        let (start, length) = (number(at + 8)?, number(at + 12)?);
        let mut body = font.get(start..start.checked_add(length)?)?.to_vec();
        let tag: [u8; 4] = font.get(at..at + 4)?.try_into().ok()?;
        if tag == *b"head" {
            // The adjustment of the whole file's sum, set below.
            body.get_mut(8..12)?.fill(0);
        }
        tables.push((tag, body));
    }
    tables.sort();
    let count = u16::try_from(tables.len()).ok()?;
    let power = 1_u16 << count.ilog2();
    let mut out = font.get(0..4)?.to_vec();
    out.extend([count, power * 16, count.ilog2() as u16, (count - power) * 16].into_iter().flat_map(u16::to_be_bytes));
    let mut start = 12 + tables.len() * 16;
    let mut head = None;
    for (tag, body) in &tables {
        if tag == b"head" {
            head = Some(start);
        }
        out.extend(tag);
        for value in [checksum(body), u32::try_from(start).ok()?, u32::try_from(body.len()).ok()?] {
            out.extend(value.to_be_bytes());
        }
        start += body.len().next_multiple_of(4);
    }
    for (_, body) in &tables {
        out.extend(body);
        out.resize(out.len().next_multiple_of(4), 0);
    }
    let adjustment = 0xb1b0_afba_u32.wrapping_sub(checksum(&out));
    let head = head?;
    out.get_mut(head + 8..head + 12)?.copy_from_slice(&adjustment.to_be_bytes());
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_face_has_every_character_of_the_encoding() {
        let fonts = Fonts::new().expect("the embedded faces load");
        for code in CODES {
            assert!(fonts.nominal(FACE, character(code)).is_some_and(|(glyph, _)| glyph != 0), "{code}");
        }
        assert_eq!([0x41, 0x80, 0x9f, 0xe5].map(character), ['A', '€', 'Ÿ', 'å']);
    }

    #[test]
    fn a_character_map_finds_runs_and_ends_as_the_format_asks() {
        let table = character_map(&[(32, 1), (33, 2), (65, 3)]);
        let words: Vec<u16> = table.chunks(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
        assert_eq!(words[6..8], [4, (table.len() - 12) as u16]);
        assert_eq!(words[9..13], [6, 4, 1, 2], "three segments");
        assert_eq!(words[13..17], [33, 65, u16::MAX, 0]);
    }
}
