//! Characters that deceive: those that steer a terminal, or change what the eye sees without being seen themselves.
//!
//! Names and messages from clusters and people may hold any of them. Whoever shows such text spells them out first.

use std::fmt::Write;

/// Control characters, direction marks, overrides and isolates, zero-width and other invisible characters, line and
/// paragraph separators, tags, private use. Unicode Technical Report 36, section 2.
pub(crate) fn deceives(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e000}'..='\u{f8ff}' | '\u{e0000}'..='\u{e007f}')
}

/// One line of text in which nothing deceives: `[U+202E]` for an override, a space for a line feed or tab.
pub(crate) fn spelled_out(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        match c {
            '\n' | '\r' | '\t' => out.push(' '),
            c if deceives(c) => spell(&mut out, c),
            c => out.push(c),
        }
        out
    })
}

/// Appends the name of a character: `[U+202E]`.
pub(crate) fn spell(out: &mut String, c: char) {
    let _ = write!(out, "[U+{:04X}]", u32::from(c));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_deceives_is_spelled_out() {
        assert_eq!(spelled_out("a\u{1b}[31mb\u{202e}c\nd"), "a[U+001B][31mb[U+202E]c d");
        assert_eq!(spelled_out("Ελλάδα Привет é 日本 🙂"), "Ελλάδα Привет é 日本 🙂");
    }
}
