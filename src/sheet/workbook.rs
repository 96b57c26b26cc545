//! One workbook from the tables of a document.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use rust_xlsxwriter::{
    DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, FormatPattern, Workbook, Worksheet, XlsxError,
};

use super::flat::{Flat, FlatCell};
use crate::document::{Disclosure, Document, Table, Texts, Tone, plain};

/// Longest text that a cell of a spreadsheet holds.
const LONGEST: usize = 32_767;
/// Widest column, in characters.
const WIDEST: usize = 60;

/// Why a workbook could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the workbook of {document}: {source}")]
pub struct SheetError {
    /// Document that the tables come from.
    pub document: String,
    /// What the writer said.
    pub source: XlsxError,
}

/// A workbook with one sheet a table and one on where it comes from. `as_of` is its creation time; without one the time
/// is fixed, so that the same tables give the same bytes.
///
/// # Errors
/// When a table exceeds what a spreadsheet can hold, for example its 1,048,576 rows.
pub fn workbook(document: &Document, tables: &[&Table], as_of: Option<DateTime<Utc>>) -> Result<Vec<u8>, SheetError> {
    write(document, tables, as_of).map_err(|source| SheetError { document: document.title.clone(), source })
}

fn write(document: &Document, tables: &[&Table], as_of: Option<DateTime<Utc>>) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    // 2000-01-01: any fixed time will do where nothing is dated.
    let created = ExcelDateTime::from_timestamp(as_of.map_or(946_684_800, |time| time.timestamp()))?;
    workbook.set_properties(
        &DocProperties::new()
            .set_title(&document.title)
            .set_company(&document.control.organisation)
            .set_author(&document.control.author)
            .set_creation_datetime(&created),
    );
    let texts = &*document.texts;
    let mut names = BTreeSet::new();
    for table in tables {
        let name = sheet_name(&table.caption, texts, &mut names);
        let sheet = workbook.add_worksheet();
        sheet.set_name(name)?;
        fill(sheet, table, texts)?;
    }
    let sheet = workbook.add_worksheet();
    sheet.set_name(sheet_name(texts.t("sheet.about"), texts, &mut names))?;
    about(sheet, document, tables)?;
    workbook.save_to_buffer()
}

fn fill(sheet: &mut Worksheet, table: &Table, texts: &Texts) -> Result<(), XlsxError> {
    let flat = Flat::new(table, texts);
    let extra = flat.head.len() - table.columns.len().min(flat.head.len());
    let upright = |column: usize| {
        table.rotate_heads && column.checked_sub(extra).and_then(|at| table.columns.get(at)).is_some_and(|at| at.narrow)
    };
    for (column, head) in flat.head.iter().enumerate() {
        let mut format = head_format();
        if upright(column) {
            format = format.set_rotation(90).set_align(FormatAlign::Center);
        }
        sheet.write_string_with_format(0, at(column), clipped(head), &format)?;
    }
    for (index, row) in flat.rows.iter().enumerate() {
        let line = u32::try_from(index + 1).unwrap_or(u32::MAX);
        for (column, cell) in row.iter().enumerate() {
            sheet.write_string_with_format(
                line,
                at(column),
                clipped(&cell.text),
                &cell_format(cell, column < flat.names),
            )?;
        }
    }
    for column in 0..flat.head.len() {
        let head =
            if upright(column) { 3 } else { longest_word(&flat.head[column]).max(flat.head[column].len().min(14)) };
        let body = flat.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.text.chars().count()).max();
        let width = head.max(body.unwrap_or(0)).clamp(4, WIDEST);
        sheet.set_column_width(at(column), width as f64 + 2.0)?;
    }
    let last_row = u32::try_from(flat.rows.len()).unwrap_or(u32::MAX);
    if !flat.head.is_empty() && last_row > 0 {
        sheet.autofilter(0, 0, last_row, at(flat.head.len() - 1))?;
    }
    sheet.set_freeze_panes(1, at(flat.names))?;
    sheet.set_repeat_rows(0, 0)?;
    sheet.set_print_fit_to_pages(1, 0);
    sheet.set_landscape();
    // `&` begins a field: the name of the sheet, the page, the number of pages.
    sheet.set_footer(format!("&L&A&R{}", texts.fill("page.count", &[("n", "&P"), ("all", "&N")])));
    Ok(())
}

/// Document control, disclosures and what each table rests on.
fn about(sheet: &mut Worksheet, document: &Document, tables: &[&Table]) -> Result<(), XlsxError> {
    let control = &document.control;
    let texts = &*document.texts;
    let status = texts.t(if control.is_draft() { "approval.missing" } else { "approval.recorded" });
    let approved = match control.approved {
        Some(date) => date.to_string(),
        None => texts.t("approval.no_date").to_owned(),
    };
    let facts = [
        ("label.document", &*document.title),
        ("label.system", &*document.subtitle),
        ("label.status", status),
        ("label.organization", &*control.organisation),
        ("label.identifier", &*control.identifier),
        ("label.version", &*control.version),
        ("label.classification", &*control.classification),
        ("label.owner", &*control.owner),
        ("label.approver", &*control.approver),
        ("label.approved", &*approved),
        ("label.content_as_of", &*control.as_of),
    ];
    let facts = facts.into_iter().chain(control.evidence.iter().flatten().map(|line| ("label.evidence", &**line)));
    let mut rows: Vec<(String, String)> =
        facts.map(|(key, value)| (texts.t(key).to_owned(), value.to_owned())).collect();
    let disclosed = |bent: &Disclosure| texts.fill("label.disclosed", &[("what", &bent.what)]);
    rows.extend(document.disclosures.iter().map(|bent| (disclosed(bent), bent.detail.clone())));
    for table in tables {
        let source = plain(&table.source);
        if !source.is_empty() {
            rows.push((texts.fill("label.source", &[("table", &table.caption)]), source));
        }
    }
    let wrap = Format::new().set_text_wrap().set_align(FormatAlign::Top);
    for (index, (name, value)) in rows.iter().enumerate() {
        let line = u32::try_from(index).unwrap_or(u32::MAX);
        sheet.write_string_with_format(line, 0, clipped(name), &wrap.clone().set_bold())?;
        sheet.write_string_with_format(line, 1, clipped(value), &wrap)?;
    }
    sheet.set_column_width(0, 28)?;
    sheet.set_column_width(1, 100)?;
    Ok(())
}

fn head_format() -> Format {
    Format::new()
        .set_bold()
        .set_text_wrap()
        .set_align(FormatAlign::Top)
        .set_background_color(0x1F_2A_37)
        .set_font_color(0xFF_FF_FF)
        .set_border(FormatBorder::Thin)
        .set_border_color(0x9A_A5_B1)
}

/// Letters of the matrix and badges are told apart in grey print too: by weight, shade and hatching.
fn cell_format(cell: &FlatCell, name: bool) -> Format {
    let format = Format::new()
        .set_text_wrap()
        .set_align(FormatAlign::Top)
        .set_border(FormatBorder::Thin)
        .set_border_color(0xC5_CC_D3);
    if name {
        return format.set_bold();
    }
    match raci(&cell.text) {
        Some('A') => {
            format.set_align(FormatAlign::Center).set_bold().set_background_color(0x1D_4E_89).set_font_color(0xFF_FF_FF)
        }
        Some('R') => format.set_align(FormatAlign::Center).set_bold().set_background_color(0xA9_C8_E8),
        Some('C') => format.set_align(FormatAlign::Center).set_background_color(0xF3_E9_C6),
        Some(_) => format
            .set_align(FormatAlign::Center)
            .set_pattern(FormatPattern::Gray0625)
            .set_foreground_color(0x9A_A5_B1)
            .set_background_color(0xFF_FF_FF),
        None => match cell.tone {
            Some(Tone::Good) => format.set_background_color(0xDC_F1_E2),
            Some(Tone::Bad) => format.set_background_color(0xF6_C9_C9).set_bold(),
            Some(Tone::Caution) => format.set_background_color(0xFB_E8_B8),
            Some(Tone::Unknown) => format.set_background_color(0xE4_E7_EB).set_italic(),
            Some(Tone::Neutral) | None => format,
        },
    }
}

/// The first letter of a cell of the matrix, if it is one.
fn raci(text: &str) -> Option<char> {
    let letters = !text.is_empty() && text.split(' ').all(|letter| matches!(letter, "R" | "A" | "C" | "I"));
    letters.then(|| text.chars().next()).flatten()
}

fn longest_word(text: &str) -> usize {
    text.split_whitespace().map(|word| word.chars().count()).max().unwrap_or(0)
}

fn clipped(text: &str) -> String {
    match text.char_indices().nth(LONGEST - 1) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn at(column: usize) -> u16 {
    u16::try_from(column).unwrap_or(u16::MAX)
}

/// A sheet's name: at most 31 characters, none of `[]:*?/\`, unique without regard to case.
fn sheet_name(caption: &str, texts: &Texts, taken: &mut BTreeSet<String>) -> String {
    let allowed = |caption: &str| {
        let forbidden = |c: char| matches!(c, '[' | ']' | ':' | '*' | '?' | '/' | '\\') || c.is_control();
        let clean = caption.replace(forbidden, " ");
        clean.split_whitespace().collect::<Vec<_>>().join(" ").trim_matches('\'').to_owned()
    };
    let names = [caption, texts.t("page.table"), "1"].into_iter().map(allowed);
    let clean = names.into_iter().find(|name| !name.is_empty()).unwrap_or_default();
    let mut number = 1;
    loop {
        let suffix = if number == 1 { String::new() } else { format!(" {number}") };
        // The limit counts UTF-16 units; two of them a character is the worst case.
        let mut name = String::new();
        for c in clean.chars() {
            if name.encode_utf16().count() + c.len_utf16() + suffix.len() > 31 {
                break;
            }
            name.push(c);
        }
        let name = format!("{}{suffix}", name.trim_end());
        if taken.insert(name.to_lowercase()) {
            return name;
        }
        number += 1;
    }
}

#[cfg(test)]
mod tests {
    use calamine::{Data, Reader, Xlsx, open_workbook_from_rs};

    use super::*;
    use crate::document::testing;

    #[test]
    fn strings_stay_strings_and_bytes_stay_the_same() {
        let documents = testing::compose(&testing::workspace(), &testing::plan()).expect("built-in templates");
        let table = super::super::tests::table();
        let bytes = workbook(&documents[0], &[&table, &table], None).expect("workbook");
        assert_eq!(bytes, workbook(&documents[0], &[&table, &table], None).expect("workbook"));
        let mut book: Xlsx<_> = open_workbook_from_rs(std::io::Cursor::new(bytes)).expect("readable");
        assert_eq!(book.sheet_names(), ["RACI matrix", "RACI matrix 2", "About"]);
        let range = book.worksheet_range("RACI matrix").expect("sheet");
        assert_eq!(range.get_value((2, 1)), Some(&Data::String("=HYPERLINK(\"http://evil\")".to_owned())));
        assert!(book.worksheet_formula("RACI matrix").expect("sheet").cells().next().is_none());
    }

    #[test]
    fn names_of_sheets_fit() {
        let texts = Texts::built_in("en");
        let mut taken = BTreeSet::new();
        let long = "Every workload of every component / all clusters";
        assert_eq!(sheet_name(long, &texts, &mut taken), "Every workload of every compone");
        assert_eq!(sheet_name(long, &texts, &mut taken), "Every workload of every compo 2");
        assert_eq!(sheet_name("[]", &texts, &mut taken), "Table");
    }
}
