//! Render tables as CSV and XLSX.
//!
//! In: tables of a document, and the texts of its language. Out: CSV text, or one workbook with a sheet a table and a
//! sheet on where it comes from. Group rows become a first column, so that sorting and filtering keep them.
//!
//! Invariant: a cell's text is text. A spreadsheet that opens the file evaluates nothing ([`csv`] guards formulas,
//! [`workbook`] writes strings as strings).

mod flat;
mod workbook;

use crate::document::{Table, Texts};
use flat::Flat;
pub use workbook::{SheetError, workbook};

/// A table as CSV after RFC 4180: UTF-8, lines end in CR LF, one header line. A cell that a spreadsheet would take for
/// a formula gets a leading apostrophe.
pub fn csv(table: &Table, texts: &Texts) -> String {
    let flat = Flat::new(table, texts);
    let mut out = String::new();
    push_record(&mut out, flat.head.iter().map(String::as_str));
    for row in &flat.rows {
        push_record(&mut out, row.iter().map(|cell| cell.text.as_str()));
    }
    out
}

fn push_record<'a>(out: &mut String, cells: impl Iterator<Item = &'a str>) {
    for (index, cell) in cells.enumerate() {
        if index > 0 {
            out.push(',');
        }
        let guard = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
        let quote = cell.contains([',', '"', '\n', '\r']) || cell.starts_with(' ') || cell.ends_with(' ');
        if quote {
            out.push('"');
        }
        if guard {
            out.push('\'');
        }
        out.push_str(&cell.replace('"', "\"\""));
        if quote {
            out.push('"');
        }
    }
    out.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Cell, Column, Row};

    pub(super) fn table() -> Table {
        let group = |text: &str| {
            let mut cell = Cell::text(text);
            cell.columns = 2;
            Row { group: true, cells: vec![cell], id: None }
        };
        let row = |a: &str, b: &str| Row { cells: vec![Cell::text(a), Cell::text(b)], ..Row::default() };
        Table {
            id: "raci-matrix".to_owned(),
            caption: "RACI / matrix".to_owned(),
            columns: vec![Column { header: true, ..Column::default() }, Column { narrow: true, ..Column::default() }],
            head: vec![row("Activity", "Platform")],
            rows: vec![
                group("Images"),
                row("Scan, \"daily\"", "A R"),
                group("Other"),
                row("=HYPERLINK(\"http://evil\")", "C"),
                row("+1", "-"),
            ],
            ..Table::default()
        }
    }

    #[test]
    fn csv_has_groups_as_a_column_and_no_formulas() {
        assert_eq!(
            csv(&table(), &Texts::built_in("en")),
            "Group,Activity,Platform\r\nImages,\"Scan, \"\"daily\"\"\",A R\r\n\
             Other,\"'=HYPERLINK(\"\"http://evil\"\")\",C\r\nOther,'+1,'-\r\n"
        );
    }
}
