//! How fast documents become PDF: pages a second for text that is mostly tables.
//!
//! `cargo bench --bench pdf` prints the time per document; the items a second are pages.

use divan::{Bencher, counter::ItemsCount};
use scopefence::{document::Document, pdf};

#[path = "../tests/testsuite/pdf_sample.rs"]
#[allow(dead_code)]
mod sample;

fn main() {
    divan::main();
}

/// A document of findings, one table after the other, with its number of pages.
fn tables(rows: usize) -> (Document, usize) {
    let mut document = sample::document();
    document.blocks.retain(|block| matches!(block, scopefence::document::Block::Heading { .. }));
    document.blocks.extend((0..rows / 100).map(|at| {
        let mut table = sample::findings(100);
        table.id = format!("findings-{at}");
        table.rows.iter_mut().for_each(|row| row.id = row.id.take().map(|id| format!("{id}-{at}")));
        scopefence::document::Block::Table(table)
    }));
    let bytes = pdf::render(&document, &pdf::Theme::default()).expect("renders");
    let pages = lopdf::Document::load_mem(&bytes).expect("is a file").get_pages().len();
    (document, pages)
}

#[divan::bench]
fn sample_document(bencher: Bencher) {
    let document = sample::document();
    bencher.bench(|| pdf::render(&document, &pdf::Theme::default()));
}

#[divan::bench(args = [1_000, 10_000], sample_count = 10)]
fn table_heavy(bencher: Bencher, rows: usize) {
    let (document, pages) = tables(rows);
    bencher.counter(ItemsCount::new(pages)).bench(|| pdf::render(&document, &pdf::Theme::default()));
}
