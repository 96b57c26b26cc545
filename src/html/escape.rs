//! The one way for text to enter HTML, in element content and in quoted attributes alike.
//!
//! Invariant: what comes out has no markup, no control character and no character that reorders its neighbours; the
//! reader sees instead what was there, as `[U+202E]`.

use crate::visible::{deceives, spell};

/// Appends `text` to `out`, escaped.
pub(crate) fn escape(out: &mut String, text: &str) {
    for char in text.chars() {
        match char {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(char),
            char if deceives(char) => spell(out, char),
            _ => out.push(char),
        }
    }
}

/// `text`, escaped.
#[cfg(test)]
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    escape(&mut out, text);
    out
}

/// `text` as a quoted CSS string.
pub(super) fn css_string(text: &str) -> String {
    let mut out = String::from("\"");
    for char in text.chars() {
        if char.is_alphanumeric() || " .,:;-–—·()×/".contains(char) {
            out.push(char);
        } else {
            out.push_str(&format!("\\{:x} ", u32::from(char)));
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_controls_and_reordering_come_out_as_visible_text() {
        assert_eq!(escaped("<script>alert('x')</script>"), "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;");
        assert_eq!(escaped("\" onload=\"x"), "&quot; onload=&quot;x");
        assert_eq!(escaped("a\x1b[31mred\u{7}"), "a[U+001B][31mred[U+0007]");
        assert_eq!(escaped("user\u{202e}gnp.exe"), "user[U+202E]gnp.exe");
        assert_eq!(escaped("](javascript:alert(1))"), "](javascript:alert(1))");
        assert_eq!(escaped("Ünïcödé Ω Ж 🚀"), "Ünïcödé Ω Ж 🚀");
    }

    #[test]
    fn css_strings_cannot_end_early() {
        assert_eq!(css_string("Internal"), "\"Internal\"");
        assert_eq!(css_string("a\"}*{x\\\n"), "\"a\\22 \\7d \\2a \\7b x\\5c \\a \"");
    }
}
