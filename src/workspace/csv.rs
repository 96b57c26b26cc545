//! Comma-separated values (RFC 4180): what identity providers and spreadsheets export.
//!
//! In: bytes, with or without a byte-order mark; commas or semicolons, as the first line has them. Out: records with the
//! line that each begins in. A quote that never ends, or text that is not UTF-8, is an error with its line.

/// A record and the line, from 1, that it begins in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) line: usize,
    pub(crate) cells: Vec<String>,
}

/// What is wrong and in which line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) line: usize,
    pub(crate) message: String,
}

/// All records that are not empty.
///
/// # Errors
/// The first thing that is no CSV.
pub(crate) fn records(bytes: &[u8]) -> Result<Vec<Record>, Problem> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| Problem {
        line: 1 + bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count(),
        message: "it is not UTF-8 text: export it as UTF-8".to_owned(),
    })?;
    let first = text.lines().next().unwrap_or_default();
    let separator = if first.matches(';').count() > first.matches(',').count() { ';' } else { ',' };
    let mut records = Vec::new();
    let (mut line, mut start) = (1, 1);
    let mut cells: Vec<String> = Vec::new();
    let mut cell = String::new();
    let mut opened = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\n' {
            line += 1;
        }
        match (opened, c) {
            (Some(_), '"') if chars.peek() == Some(&'"') => cell.extend(chars.next()),
            (Some(_), '"') => opened = None,
            (Some(_), c) => cell.push(c),
            (None, '"') if cell.trim().is_empty() => {
                cell.clear();
                opened = Some(line);
            }
            (None, c) if c == separator => cells.push(std::mem::take(&mut cell)),
            (None, '\n') => {
                cells.push(std::mem::take(&mut cell));
                finish(&mut records, &mut cells, start);
                start = line;
            }
            (None, '\r') if chars.peek() == Some(&'\n') => {}
            (None, c) => cell.push(c),
        }
    }
    if let Some(line) = opened {
        return Err(Problem { line, message: "a quote is opened and never closed".to_owned() });
    }
    cells.push(cell);
    finish(&mut records, &mut cells, start);
    Ok(records)
}

fn finish(records: &mut Vec<Record>, cells: &mut Vec<String>, line: usize) {
    let cells: Vec<String> = cells.drain(..).map(|cell| cell.trim().to_owned()).collect();
    if cells.iter().any(|cell| !cell.is_empty()) {
        records.push(Record { line, cells });
    }
}

/// One record as a line; every cell quoted.
pub(crate) fn line<'c>(cells: impl IntoIterator<Item = &'c str>) -> String {
    let cells = cells.into_iter().map(|cell| format!("\"{}\"", cell.replace('"', "\"\"")));
    format!("{}\n", cells.collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(text: &[u8]) -> Vec<Vec<String>> {
        records(text).expect("CSV").into_iter().map(|record| record.cells).collect()
    }

    #[test]
    fn marks_quotes_semicolons_and_line_ends() {
        let text = "\u{feff}group;person\r\n\"a;\n\"\"b\"\"\";Eve\r\n\r\nc ; d";
        assert_eq!(cells(text.as_bytes()), [["group", "person"], ["a;\n\"b\"", "Eve"], ["c", "d"]]);
        assert_eq!(records(text.as_bytes()).expect("CSV")[2].line, 5);
        assert!(cells(b"").is_empty());
    }

    #[test]
    fn what_is_no_csv_is_said_with_its_line() {
        assert_eq!(records(b"a,b\n\"c,d\ne").expect_err("open quote").line, 2);
        assert_eq!(records(b"a,b\n\xff").expect_err("not UTF-8").line, 2);
    }

    #[test]
    fn what_is_written_is_read() {
        let hostile = ["=cmd|' /C calc'!A0", "a\"b,c\nd"];
        assert_eq!(cells(line(hostile).as_bytes()), [hostile]);
    }
}
