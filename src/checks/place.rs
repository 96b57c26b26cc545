//! From a place in a text that TOML gave to the place in the file.

use std::ops::Range;

/// The range of a file that a range of a string's value stands at. `string` is where the string stands, with its quotes.
pub(super) fn in_file(file: &str, string: &Range<usize>, value: &Range<usize>) -> Range<usize> {
    let Some(raw) = file.get(string.clone()) else { return string.clone() };
    let start = offset(raw, value.start);
    let end = if value.is_empty() { start } else { offset(raw, value.end) };
    // An empty range at the end shows the closing quote.
    let end = if end > start { end } else { (start + 1).min(raw.len()) };
    string.start + start..string.start + end
}

/// The offset in a TOML string, as written, of an offset in its value.
fn offset(raw: &str, wanted: usize) -> usize {
    let (delimiter, literal) = match raw.as_bytes() {
        [b'\'', b'\'', b'\'', ..] => (3, true),
        [b'"', b'"', b'"', ..] => (3, false),
        [b'\'', ..] => (1, true),
        _ => (1, false),
    };
    let mut at = delimiter.min(raw.len());
    if delimiter == 3 {
        // A line break right behind three quotes is no part of the value.
        at += raw[at..].strip_prefix("\r\n").map_or(usize::from(raw[at..].starts_with('\n')), |_| 2);
    }
    let mut value = 0;
    while value < wanted {
        let rest = &raw[at..];
        let Some(character) = rest.chars().next() else { break };
        if character != '\\' || literal {
            at += character.len_utf8();
            value += character.len_utf8();
            continue;
        }
        let kind = rest[1..].chars().next().unwrap_or_default();
        let digits = match kind {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => 0,
        };
        if digits > 0 {
            let code = rest.get(2..2 + digits).and_then(|code| u32::from_str_radix(code, 16).ok());
            value += code.and_then(char::from_u32).map_or(1, char::len_utf8);
            at += (2 + digits).min(rest.len());
        } else if kind.is_whitespace() {
            // A backslash at the end of a line swallows all white space that follows.
            let trimmed = rest[1..].trim_start();
            at += rest.len() - trimmed.len();
        } else {
            at += 1 + kind.len_utf8();
            value += 1;
        }
    }
    at.min(raw.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_found_in_every_kind_of_string() {
        for file in [
            r#"x = "a == bad""#,
            r#"x = 'a == bad'"#,
            "x = '''\na == bad'''",
            "x = \"\"\"\nå == '\\u00e5' && \\\n   a == bad\"\"\"",
            r#"x = "\"\\\u00e5\U0001F600\t\xe5 == bad""#,
        ] {
            let table: toml::Table = toml::from_str(file).expect("TOML");
            let value = table["x"].as_str().expect("a text");
            let at = value.find("bad").expect("there");
            let place = in_file(file, &(4..file.len()), &(at..at + 3));
            assert_eq!(&file[place], "bad", "{file}");
        }
    }

    #[test]
    fn the_end_shows_the_closing_quote() {
        let file = r#"x = "a ==""#;
        assert_eq!(&file[in_file(file, &(4..10), &(4..4))], "\"");
    }
}
