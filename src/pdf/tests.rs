//! Tests that look at the layout and at the file.

use super::*;

#[path = "../../tests/testsuite/pdf_sample.rs"]
mod sample;

/// Writes the sample where a person can look at it: `SCOPEFENCE_PDF_OUT=/tmp/sample.pdf cargo test pdf::tests::look`.
#[test]
fn look() {
    let bytes = render(&sample::document(), &Theme::default()).expect("renders");
    if let Some(path) = std::env::var_os("SCOPEFENCE_PDF_OUT") {
        std::fs::write(path, bytes).expect("writes");
    }
}
