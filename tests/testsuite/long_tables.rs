//! A table of five thousand rows in a browser: how long a reader waits, and that nothing is lost to that.

use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use scopefence::{
    assess::{self, History},
    document::{Block, Cell, Column, Document, Inline, Row, Table, Tone},
    html,
    workspace::{self, Workspace},
};
use serde_json::json;

use crate::{
    browser::{Browser, View},
    pdf_sample,
    support::checkout,
};

const ROWS: usize = 5000;

/// Longest time in milliseconds that a key press may block the page.
const LONGEST: f64 = 50.0;

/// How much slower a machine may be that does other things besides; laid out as a whole, the table takes far longer.
const BUSY: f64 = 8.0;

/// A page with findings of three groups.
fn page(folder: &Path) -> PathBuf {
    let words = ["runs as root", "has no limits", "mounts the host", "lacks a policy", "holds a token"];
    let row = |index: usize| {
        let badge = Inline::Badge { tone: Tone::Bad, text: "High".to_owned() };
        let object = format!("Pod shop-{}/web-{index}", index % 40);
        let cells = [
            Cell::text(&object),
            Cell::new(vec![badge]),
            Cell::text(words[index % words.len()]),
            Cell::text("Platform"),
        ];
        Row { id: Some(format!("place-{index}")), cells: cells.into(), ..Row::default() }
    };
    let group = |title: &str| {
        let mut cell = Cell::text(title);
        cell.columns = 4;
        Row { group: true, cells: vec![cell], ..Row::default() }
    };
    let mut rows = Vec::new();
    for (index, title) in ["Production", "Staging", "Trial"].into_iter().enumerate() {
        rows.push(group(title));
        rows.extend((index * ROWS / 3..(index + 1) * ROWS / 3).map(row));
    }
    let narrow = Column { narrow: true, ..Column::default() };
    let head = ["Object", "Severity", "What was found", "Team"].map(Cell::text);
    let table = Table {
        id: "long".to_owned(),
        caption: "Findings".to_owned(),
        columns: vec![
            Column { header: true, weight: 2, ..Column::default() },
            narrow,
            Column::default(),
            Column::default(),
        ],
        head: vec![Row { cells: head.into(), ..Row::default() }],
        rows,
        ..Table::default()
    };
    let mut document = pdf_sample::document();
    document.blocks.insert(0, Block::Table(table));
    write(folder, document);
    folder.join("ssp.html")
}

fn write(folder: &Path, document: Document) {
    let today = NaiveDate::from_ymd_opt(2026, 11, 21).unwrap();
    let workspace: Workspace = workspace::load(&checkout("scopes/managed-cluster"), today).unwrap().workspace.unwrap();
    let assessment = assess::assess(&workspace, &[], &History::default(), None);
    let documents = [document];
    let site = html::Site { workspace: &workspace, assessment: &assessment, documents: &documents, downloads: &[] };
    for (path, content) in html::site(&site) {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
}

/// Milliseconds of script and layout until the page answers again.
fn blocked(browser: &mut Browser, action: &str) -> f64 {
    let timed = format!(
        "(() => {{ const start = performance.now(); {action}; document.body.offsetHeight;
            return performance.now() - start; }})()"
    );
    browser.evaluate(&timed).as_f64().unwrap()
}

#[test]
fn five_thousand_rows_are_filtered_and_sorted_without_a_wait() {
    let Some(mut browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let page = page(folder.path());
    browser.view(View { still: true, ..View::WIDE });
    browser.open(&page);
    assert_eq!(browser.evaluate("document.querySelectorAll('#long tbody tr:not(.group)').length"), ROWS);
    assert_eq!(browser.evaluate("document.documentElement.scrollWidth <= innerWidth"), true);
    // Columns stand below their headers in every piece.
    let aligned = "(() => {
        const table = document.querySelector('#long table');
        const left = row => [...row.cells].map(cell => Math.round(cell.getBoundingClientRect().left)).join();
        const rows = [table.rows[0], table.rows[2], table.tBodies[1].rows[1], table.rows[table.rows.length - 1]];
        return [...new Set(rows.map(left))];
    })()";
    assert_eq!(browser.evaluate(aligned).as_array().unwrap().len(), 1, "{}", browser.evaluate(aligned));

    assert_eq!(browser.evaluate("PerformanceObserver.supportedEntryTypes.includes('longtask')"), true);
    // What the page did at one go, as it noticed itself.
    browser.evaluate(
        "window.figure = document.querySelector('#long'); window.longest = 0;
         new PerformanceObserver(list => list.getEntries().forEach(task => longest = Math.max(longest, task.duration)))
             .observe({type: 'longtask'}); figure.querySelector('input').focus()",
    );
    for (text, left) in [("w", 5000), ("web-49", 111), ("web-499", 11), ("web-4999", 1), ("", 5000)] {
        browser.evaluate(&format!(
            "figure.querySelector('input').value = '{text}'; figure.querySelector('input').dispatchEvent(new Event('input'))"
        ));
        let said = if text.is_empty() { "=== ''".to_owned() } else { format!(".startsWith('{left} ')") };
        browser.until(&format!("figure.querySelector('output').textContent{said}"));
        browser.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done)))");
        assert_eq!(browser.evaluate("figure.querySelectorAll('tbody tr.gone').length"), ROWS - left, "{text}");
    }
    let typing = browser.evaluate("longest").as_f64().unwrap();
    let sort = "figure.querySelector('button.sort').click()";
    let sorts = [blocked(&mut browser, sort), blocked(&mut browser, sort)];
    println!("longest task while typing: {typing:.0} ms, sorting: {sorts:.0?} ms");
    assert!(typing < LONGEST * BUSY, "{typing} ms");
    assert!(sorts.iter().all(|time| *time < 4.0 * LONGEST * BUSY), "{sorts:?}");

    // Sorted over all pieces of a group, and within it alone.
    let first = "figure.querySelectorAll('tbody')[0].rows[1].cells[0].textContent.trim()";
    assert_eq!(browser.evaluate(first), "Pod shop-39/web-1639");
    let order = browser.evaluate(
        "(() => { const names = [...figure.querySelectorAll('tbody tr')].filter(row => !row.classList.contains('group'))
            .slice(0, 1600).map(row => row.cells[0].textContent.trim());
            const compare = new Intl.Collator('en', {numeric: true}).compare;
            return names.every((name, index) => !index || compare(names[index - 1], name) >= 0); })()",
    );
    assert_eq!(order, true);
}

#[test]
fn a_row_far_down_is_found_by_its_anchor_and_printed() {
    let Some(mut browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let page = page(folder.path());
    browser.view(View { still: true, ..View::WIDE });
    browser.open(&page);
    browser.evaluate("location.hash = 'place-4321'");
    let seen = "(() => { const box = document.querySelector('#place-4321').getBoundingClientRect();
        return box.height > 0 && box.top >= 0 && box.bottom <= innerHeight; })()";
    browser.until(seen);
    browser.evaluate("scrollTo(0, 0)");
    // The browser's own search.
    assert_eq!(browser.evaluate("window.find('web-2345', true)"), true);
    let found = "getSelection().anchorNode.parentElement.closest('tr').id";
    assert_eq!(browser.evaluate(found), "place-2345");
    browser.view(View { print: true, ..View::WIDE });
    let paper = browser.evaluate(
        "['table', 'tbody', 'tr', 'td'].map(tag => getComputedStyle(document.querySelector('#long ' + tag)).display)",
    );
    assert_eq!(paper, json!(["table", "table-row-group", "table-row", "table-cell"]));
    let hidden = browser.evaluate(
        "[...document.querySelectorAll('#long tr')].filter(row => !row.checkVisibility({contentVisibilityAuto: true})).length",
    );
    assert_eq!(hidden, 0);
}
