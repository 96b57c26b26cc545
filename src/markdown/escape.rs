//! Escaping for GitHub Flavored Markdown.

use std::borrow::Cow;

/// Text within a line or a table cell: everything that could begin markup is escaped, white space flattened.
pub(crate) fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut last = ' ';
    for c in text.chars() {
        let c = if c.is_whitespace() { ' ' } else { c };
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '~' | '&' | '$' | '^' | '{' | '}' => {
                out.push('\\');
                out.push(c);
            }
            // A bare address would become a link.
            ':' if text.contains("://") => out.push_str("\\:"),
            '.' if out.ends_with("www") => out.push_str("\\."),
            ' ' if last == ' ' && !out.is_empty() => {}
            c => out.push(c),
        }
        last = c;
    }
    out
}

/// Text that may stand at the start of a line.
pub(super) fn line(words: &str) -> String {
    line_start(text(words.trim()).as_str()).into_owned()
}

/// Escapes what means something at the start of a line only: headings, lists, rules, setext underlines, definitions.
pub(super) fn line_start(line: &str) -> Cow<'_, str> {
    let line = line.trim_start();
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    match line.as_bytes().get(digits) {
        Some(b'.' | b')') if digits > 0 => Cow::Owned(format!("{}\\{}", &line[..digits], &line[digits..])),
        Some(b'#' | b'-' | b'+' | b'=' | b':') if digits == 0 => Cow::Owned(format!("\\{line}")),
        _ => Cow::Borrowed(line),
    }
}

/// A code span; a bar in it is escaped, as tables need and as GitHub reads it in tables only.
pub(crate) fn code_span(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.is_empty() {
        return String::new();
    }
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let gap = if longest > 0 { " " } else { "" };
    format!("{fence}{gap}{text}{gap}{fence}")
}

/// A link target between `<` and `>`.
pub(super) fn target(target: &str) -> String {
    target.chars().filter(|c| !matches!(c, '<' | '>' | '\\') && !c.is_control()).collect()
}

/// An attribute's value.
pub(super) fn attribute(value: &str) -> String {
    value.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.')).collect()
}

/// The anchor that GitHub gives a heading.
pub(super) fn anchor(heading: &str) -> String {
    heading
        .trim()
        .to_lowercase()
        .chars()
        .filter_map(|c| match c {
            ' ' => Some('-'),
            c if c.is_alphanumeric() || matches!(c, '-' | '_') => Some(c),
            _ => None,
        })
        .collect()
}
