//! Where in a JSON text a parser stopped, as a path: for files that are cut off or broken.

use super::step;

/// The path of the value that holds this line and column, both counted from 1.
pub(super) fn of(bytes: &[u8], line: usize, column: usize) -> String {
    let before =
        bytes.split_inclusive(|byte| *byte == b'\n').take(line.saturating_sub(1)).map(<[u8]>::len).sum::<usize>();
    let end = (before + column).min(bytes.len());
    let mut levels: Vec<Level> = Vec::new();
    let mut rest = bytes.get(..end).unwrap_or_default();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        match first {
            b'{' => levels.push(Level { index: None, field: None }),
            b'[' => levels.push(Level { index: Some(0), field: None }),
            b'}' | b']' => {
                levels.pop();
            }
            b',' => {
                if let Some(level) = levels.last_mut() {
                    level.index = level.index.map(|index| index + 1);
                    level.field = None;
                }
            }
            b'"' => {
                let length = string(rest);
                let (text, tail) = rest.split_at(length);
                rest = tail.get(1..).unwrap_or_default();
                if let Some(level) = levels.last_mut().filter(|level| level.index.is_none() && level.field.is_none()) {
                    level.field = Some(String::from_utf8_lossy(text).into_owned());
                }
            }
            _ => {}
        }
    }
    // Deeper than this nobody reads a path.
    levels.iter().take(24).fold("$".to_owned(), |path, level| match (&level.index, &level.field) {
        (Some(index), _) => format!("{path}[{index}]"),
        (None, Some(field)) => step(&path, field),
        (None, None) => path,
    })
}

/// An object or a list that is open, and where in it the parser is.
struct Level {
    index: Option<usize>,
    field: Option<String>,
}

/// Length of a string up to its closing quote.
fn string(bytes: &[u8]) -> usize {
    let mut escaped = false;
    let end = bytes.iter().position(|byte| {
        let closes = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        closes
    });
    end.unwrap_or(bytes.len())
}
