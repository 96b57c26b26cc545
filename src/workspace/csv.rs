//! Comma-separated values (RFC 4180): what identity providers and spreadsheets export.
//!
//! In: bytes, with or without a byte-order mark; commas or semicolons, as the first line has them. Out: records with the
//! line that each begins in. A quote that never ends, or text that is not UTF-8, is an error with its line. [`Table`]
//! finds cells by what the first line calls their column.

use chrono::NaiveDate;

use crate::visible::spelled_out;

/// A record and the line, from 1, that it begins in.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Record {
    line: usize,
    cells: Vec<String>,
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
fn records(bytes: &[u8]) -> Result<Vec<Record>, Problem> {
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

/// Records below a line that names their columns.
pub(crate) struct Table {
    records: Vec<Record>,
}

/// One record of a table.
#[derive(Clone, Copy)]
pub(crate) struct Row<'t> {
    head: &'t Record,
    record: &'t Record,
}

impl Table {
    /// A table that has these two columns, whatever others it has.
    pub(crate) fn read(bytes: &[u8], [one, other]: [&str; 2]) -> Result<Self, Problem> {
        let records = records(bytes)?;
        let Some(head) = records.first() else {
            let message = format!("it is empty: the first line names the columns `{one}` and `{other}`");
            return Err(Problem { line: 1, message });
        };
        if column(head, one).is_none() || column(head, other).is_none() {
            let found = head.cells.iter().map(|cell| format!("`{}`", spelled_out(cell))).collect::<Vec<_>>().join(", ");
            let message = format!("its first line needs the columns `{one}` and `{other}`; it has {found}");
            return Err(Problem { line: head.line, message });
        }
        Ok(Self { records })
    }

    /// All of it but the first line.
    pub(crate) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        let head = self.records.first();
        head.into_iter().flat_map(|head| self.records.iter().skip(1).map(move |record| Row { head, record }))
    }

    /// What is wrong with a table that has no rows.
    pub(crate) fn without(&self, what: &str) -> Problem {
        let line = self.records.first().map_or(1, |head| head.line);
        Problem { line, message: format!("it names no {what}: there is nothing below its first line") }
    }
}

impl<'t> Row<'t> {
    /// Something that is wrong with it.
    pub(crate) fn problem(&self, message: String) -> Problem {
        Problem { line: self.record.line, message }
    }

    /// Refuses a row that has not as many cells as there are columns.
    pub(crate) fn whole(self) -> Result<Self, Problem> {
        let (found, wanted) = (self.record.cells.len(), self.head.cells.len());
        match found == wanted {
            true => Ok(self),
            false => Err(self.problem(format!("{found} cells where the first line has {wanted}"))),
        }
    }

    /// The cell in a column; empty where there is no such column.
    pub(crate) fn cell(&self, name: &str) -> &'t str {
        column(self.head, name).and_then(|at| self.record.cells.get(at)).map_or("", String::as_str)
    }

    /// The cell in a column, else what was given beside the table.
    pub(crate) fn or_given(&self, name: &str, given: Option<&str>) -> Option<String> {
        Some(self.cell(name)).filter(|text| !text.is_empty()).or(given).map(spelled_out)
    }

    /// [`Row::or_given`], and an error where neither says it.
    pub(crate) fn needed(&self, name: &str, given: Option<&str>, what: &str) -> Result<String, Problem> {
        self.or_given(name, given)
            .ok_or_else(|| self.problem(format!("nothing says {what}: give --{name}, or a column `{name}`")))
    }

    /// The day in the column `date`, else the one that was given.
    pub(crate) fn date(&self, given: Option<NaiveDate>) -> Result<NaiveDate, Problem> {
        match self.cell("date") {
            "" => given.ok_or_else(|| {
                self.problem("nothing says of which day it is: give --date, or a column `date`".to_owned())
            }),
            text => NaiveDate::parse_from_str(text, "%Y-%m-%d")
                .map_err(|_| self.problem(format!("`{}` is no date like 2026-11-21", spelled_out(text)))),
        }
    }
}

fn column(head: &Record, name: &str) -> Option<usize> {
    head.cells.iter().position(|cell| cell.eq_ignore_ascii_case(name))
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
