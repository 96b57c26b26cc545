//! Makes every character visible: what comes from users and clusters may hold control codes, direction overrides and
//! characters that no embedded face has.
//!
//! Invariant: nothing vanishes. A character that cannot be drawn becomes `[U+202E]`, in the same place.

use super::font::{Face, Fonts};

/// Text split into runs of one face each, with everything unprintable spelled out.
pub(super) fn visible(fonts: &mut Fonts, face: Face, text: &str, mut run: impl FnMut(Face, &str)) {
    if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        if !text.is_empty() {
            run(face, text);
        }
        return;
    }
    let mut pending = String::new();
    let mut current = face;
    for character in text.chars() {
        let character = match character {
            '\n' | '\r' | '\t' => ' ',
            '\u{2011}' => '-',
            other => other,
        };
        let own = drawable(character) && fonts.covers(face, character);
        let wanted = if own {
            Some(face)
        } else {
            face.fallback().filter(|other| drawable(character) && fonts.covers(*other, character))
        };
        let target = wanted.unwrap_or(face);
        if target != current && !pending.is_empty() {
            run(current, &pending);
            pending.clear();
        }
        current = target;
        match wanted {
            Some(_) => pending.push(character),
            None => pending.push_str(&format!("[U+{:04X}]", character as u32)),
        }
    }
    if !pending.is_empty() {
        run(current, &pending);
    }
}

/// Not a control code, nor a character whose only purpose is to be invisible or to reorder its neighbours, nor one
/// without a meaning of its own (PDF/A wants each code to stand for a real character, XML refuses U+FFFE and U+FFFF).
fn drawable(character: char) -> bool {
    let code = character as u32;
    !character.is_control()
        && code & 0xfffe != 0xfffe
        && !matches!(code, 0xe000..=0xf8ff | 0xfdd0..=0xfdef | 0xf0000..)
        && !matches!(character,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// Plain text for metadata, bookmarks and alternative texts, where a viewer draws and any Unicode may stand: control
/// codes and direction overrides are spelled out, the rest is kept.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' | '\r' | '\t' => out.push(' '),
            _ if drawable(character) => out.push(character),
            _ => out.push_str(&format!("[U+{:04X}]", character as u32)),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(face: Face, text: &str) -> Vec<(Face, String)> {
        let mut fonts = Fonts::new().expect("the embedded faces load");
        let mut runs = Vec::new();
        visible(&mut fonts, face, text, |face, text| runs.push((face, text.to_owned())));
        runs
    }

    #[test]
    fn control_direction_and_foreign_characters_are_spelled_out() {
        let text: String = shown(Face::Regular, "a\u{1b}[31m\u{202e}b😀漢\u{200b}\u{e000}")
            .into_iter()
            .map(|(_, text)| text)
            .collect();
        assert_eq!(text, "a[U+001B][31m[U+202E]b[U+1F600][U+6F22][U+200B][U+E000]");
        assert_eq!(plain("a\u{ffff}😀\u{1}\nb"), "a[U+FFFF]😀[U+0001] b");
    }

    #[test]
    fn greek_and_cyrillic_are_drawn_and_symbols_fall_back_to_the_other_family() {
        assert_eq!(shown(Face::Regular, "Αθήνα Київ ✓"), [(Face::Regular, "Αθήνα Київ ✓".to_owned())]);
        assert_eq!(
            shown(Face::Mono, "a✗b"),
            [(Face::Mono, "a".to_owned()), (Face::Regular, "✗".to_owned()), (Face::Mono, "b".to_owned())]
        );
    }
}
