//! Pages of a document that holds one of everything.

use std::path::Path;

use super::*;
use crate::document::{self, Block, Table, specimen, testing};

/// Every file of a small site with a document in a folder.
fn files() -> Vec<(String, Cow<'static, [u8]>)> {
    let workspace = testing::workspace();
    let assessment = testing::plan();
    let documents = [specimen::document("specimen", &workspace), specimen::document("team/platform", &workspace)];
    let downloads = [
        Download { document: "specimen".to_owned(), label: "PDF".to_owned(), path: "specimen.pdf".to_owned() },
        Download {
            document: "team/platform".to_owned(),
            label: "PDF".to_owned(),
            path: "team/platform.pdf".to_owned(),
        },
    ];
    let site = Site { workspace: &workspace, assessment: &assessment, documents: &documents, downloads: &downloads };
    super::site(&site)
}

fn pages() -> Vec<(String, String)> {
    let pages = files().into_iter().filter(|(path, _)| path.ends_with(".html"));
    pages.map(|(path, content)| (path, String::from_utf8(content.into_owned()).unwrap())).collect()
}

/// Writes the site and returns its folder; `SCOPEFENCE_TEST_KEEP` names one that stays for a person to look at.
fn written(name: &str) -> (Option<tempfile::TempDir>, std::path::PathBuf) {
    let kept = std::env::var_os("SCOPEFENCE_TEST_KEEP").map(|folder| Path::new(&folder).join(name));
    let temporary = kept.is_none().then(|| tempfile::tempdir().unwrap());
    let root = kept.unwrap_or_else(|| temporary.as_ref().unwrap().path().to_owned());
    for (path, content) in files() {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    (temporary, root)
}

/// Values of an attribute on a page.
fn attribute<'p>(page: &'p str, name: &str) -> Vec<&'p str> {
    let opening = format!(" {name}=\"");
    page.split(&*opening).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[test]
fn hostile_text_comes_out_as_text() {
    for (path, page) in pages() {
        assert!(!page.contains("<script>"), "{path}");
        assert!(!page.contains("\" onmouseover"), "{path}");
        assert!(!page.contains('\u{1b}') && !page.contains('\u{202e}'), "{path}");
        let hrefs = attribute(&page, "href");
        assert!(hrefs.iter().all(|href| !href.starts_with("javascript:")), "{path}");
    }
    let (_, page) = &pages()[0];
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && page.contains("[U+202E]txt.exe"));
}

#[test]
fn nothing_inline_and_nothing_from_outside() {
    for (path, page) in pages() {
        assert!(page.contains("default-src 'none'"), "{path} has a policy");
        assert!(!page.contains(" style=\"") && !page.contains("<style"), "{path} has no inline style");
        for script in page.split("<script").skip(1) {
            assert!(
                script.starts_with(" src=\"") || script.starts_with(" defer src=\""),
                "{path} has no inline script"
            );
        }
        for source in attribute(&page, "src") {
            assert!(!source.contains(':') && !source.starts_with('/'), "{path} loads {source}");
        }
    }
    for (path, content) in files().iter().filter(|(path, _)| path.ends_with(".css")) {
        let css = std::str::from_utf8(content).unwrap();
        assert!(!css.contains("http:") && !css.contains("https:") && !css.contains("@import"), "{path}");
    }
}

#[test]
fn every_link_within_the_site_leads_somewhere() {
    let files = files();
    let exists = |path: &str| files.iter().any(|(other, _)| other == path) || path.ends_with(".pdf");
    for (path, page) in pages() {
        let ids = attribute(&page, "id");
        let unique: std::collections::BTreeSet<_> = ids.iter().collect();
        assert_eq!(unique.len(), ids.len(), "{path} repeats an id");
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for href in attribute(&page, "href").into_iter().chain(attribute(&page, "src")) {
            if let Some(anchor) = href.strip_prefix('#') {
                let known = ids.contains(&anchor) || anchor.starts_with("component-");
                assert!(known, "{path} links to #{anchor}");
            } else if !href.starts_with("https:") {
                let target = href.split('#').next().unwrap();
                let target = match target.strip_prefix("../") {
                    Some(above) => above.to_owned(),
                    None if folder.is_empty() => target.to_owned(),
                    None => format!("{folder}/{target}"),
                };
                assert!(exists(&target), "{path} links to {target}");
            }
        }
        for reference in ["aria-labelledby", "aria-describedby"] {
            for id in attribute(&page, reference) {
                assert!(ids.contains(&id), "{path}: {reference} names {id}");
            }
        }
    }
}

#[test]
fn tables_say_what_their_headers_head() {
    let (_, page) = &pages()[0];
    assert!(page.contains("<th scope=\"rowgroup\" rowspan=\"2\">payments</th>"));
    assert!(page.contains("<th scope=\"colgroup\" colspan=\"2\">Observed</th>"));
    assert!(page.contains("<tr class=\"group\"><th scope=\"rowgroup\" colspan=\"13\">Operations</th></tr>"));
    assert!(page.contains("<tr id=\"finding-3\"><th scope=\"row\">"));
    assert_eq!(
        page.matches("<table>").count(),
        page.matches("<caption").count() + page.matches("class=\"revisions\"").count()
    );
    // The row below a cell that covers two rows begins in the second column.
    assert!(page.contains("txt.exe</td><td class=\"end narrow\">12</td>"));
}

#[test]
fn very_long_tables_come_in_pieces_with_columns_of_known_widths() {
    use crate::document::{Block, Cell, Column, Row, Table};
    let row = |index: usize| Row {
        id: Some(format!("place-{index}")),
        cells: vec![Cell::text("name"), Cell::text("High")],
        ..Row::default()
    };
    let table = |rows: usize| {
        let mut group = Row { group: true, cells: vec![Cell::text("Group")], ..Row::default() };
        group.cells[0].columns = 2;
        let mut rows: Vec<Row> = (0..rows).map(row).collect();
        rows.insert(120, group);
        Table {
            id: "long".to_owned(),
            columns: vec![Column { weight: 3, ..Column::default() }, Column { narrow: true, ..Column::default() }],
            head: vec![Row { cells: vec![Cell::text("Name"), Cell::text("Severity")], ..Row::default() }],
            rows,
            ..Table::default()
        }
    };
    let workspace = testing::workspace();
    let assessment = testing::plan();
    let files = |table: Table| {
        let mut document = specimen::document("specimen", &workspace);
        document.blocks = vec![Block::Table(table)];
        let documents = [document];
        let site = Site { workspace: &workspace, assessment: &assessment, documents: &documents, downloads: &[] };
        (render(&documents[0], &site), theme::css(&site))
    };
    let (page, css) = files(table(450));
    assert!(page.contains("<table class=\"many columns-s3-c8\">"), "{page}");
    assert!(css.contains("table.many.columns-s3-c8{min-width:248px}"), "{css}");
    assert!(css.contains(".columns-s3-c8 tr{grid-template-columns:minmax(0,3fr) 120px}"), "{css}");
    // 120 rows, then a group of 330 with its own header row.
    let article = page.split("<article>").nth(1).unwrap();
    assert_eq!(article.matches("<tbody>").count(), 2);
    assert_eq!(article.matches("<tbody class=\"part\">").count(), 2 + 6);
    assert_eq!(page.matches(" id=\"place-").count(), 450);
    let (page, css) = files(table(399));
    assert!(!page.contains("many") && !page.contains("class=\"part\"") && !css.contains("grid-template-columns"));
    let mut spanned = table(450);
    spanned.rows[3].cells[0].rows = 2;
    assert!(!files(spanned).0.contains("many"));
}

#[test]
fn a_draft_says_so_on_every_page_and_an_approved_document_does_not() {
    assert!(pages().iter().all(|(_, page)| page.contains("class=\"draft-mark\"") && page.contains("DRAFT</span>")));
    let workspace = testing::workspace();
    let assessment = testing::plan();
    let mut document = specimen::document("specimen", &workspace);
    document.control.approved = chrono::NaiveDate::from_ymd_opt(2026, 11, 9);
    let documents = [document];
    let site = Site { workspace: &workspace, assessment: &assessment, documents: &documents, downloads: &[] };
    let page = render(&documents[0], &site);
    assert!(!page.contains("DRAFT") && page.contains("Approved 2026-11-09"));
}

#[test]
fn evidence_is_told_by_kind_and_not_by_its_words() {
    let mut workspace = testing::workspace();
    workspace.language = "de".to_owned();
    let assessment = testing::plan();
    let mut document = specimen::document("specimen", &workspace);
    let other = document.disclosures[1].clone();
    document.disclosures[0].what = "Beispielnachweise".to_owned();
    document.disclosures.extend(std::iter::repeat_n(other, 4));
    let documents = [document];
    let site = Site { workspace: &workspace, assessment: &assessment, documents: &documents, downloads: &[] };
    let page = render(&documents[0], &site);
    let open = page.find("<strong>Beispielnachweise</strong>").unwrap();
    assert!(open < page.find("<details><summary>check disabled: 5</summary>").unwrap());
}

#[test]
fn rendering_twice_gives_the_same_bytes() {
    assert_eq!(files(), files());
}

#[test]
fn a_browser_finds_nothing_to_complain_about() {
    let Some(browser) = ["chromium", "chromium-browser", "google-chrome"].into_iter().find(|name| {
        std::process::Command::new(name).arg("--version").output().is_ok_and(|output| output.status.success())
    }) else {
        assert!(std::env::var_os("SCOPEFENCE_TEST_ALL").is_none(), "chromium is needed");
        println!("skipped: chromium not found");
        return;
    };
    let (_kept, root) = written("site");
    let profile = tempfile::tempdir().unwrap();
    for page in ["index.html", "specimen.html", "team/platform.html"] {
        let output = std::process::Command::new(browser)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
            .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
            .args(["--enable-logging=stderr", "--v=0", "--virtual-time-budget=2000", "--dump-dom"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg(format!("file://{}", root.join(page).display()))
            .output()
            .unwrap();
        let dom = String::from_utf8_lossy(&output.stdout);
        let log = String::from_utf8_lossy(&output.stderr);
        assert!(dom.contains("class=\"tool\""), "{page}: the script ran under the policy\n{log}");
        assert!(dom.contains("title=\"Search all documents\""), "{page}: the script has its words\n{log}");
        let complaints: Vec<_> = log.lines().filter(|line| line.contains("CONSOLE")).collect();
        assert!(complaints.is_empty(), "{page}: {complaints:?}");
    }
}

#[test]
fn search_names_the_section_that_a_heading_belongs_to() {
    let files = files();
    let (_, index) = files.iter().find(|(path, _)| path == "assets/search-index.js").unwrap();
    let index = std::str::from_utf8(index).unwrap();
    let json = index.strip_prefix("window.scopefenceIndex=").unwrap().trim_end().strip_suffix(';').unwrap();
    let pages: serde_json::Value = serde_json::from_str(json).unwrap();
    let entries = pages[0][2].as_array().unwrap();
    let section = |anchor: &str| entries.iter().find(|entry| entry[0] == anchor).map(|entry| entry[2].clone());
    assert_eq!(section("lists").unwrap(), "Text");
    assert_eq!(section("tables").unwrap(), "");
    assert_eq!(section("finding-3").unwrap(), "Tables");
    assert!(!index.contains("<script"));
}

#[test]
fn many_tables_carry_the_numbers_that_the_pdf_lists_them_under() {
    let workspace = testing::workspace();
    let assessment = testing::plan();
    let captions = |count: usize| {
        let mut document = specimen::document("specimen", &workspace);
        let table = document::tables(&document).into_iter().find(|table| !table.rows.is_empty()).unwrap().clone();
        let table = |at: usize| Table { id: format!("t{at}"), caption: "Part".into(), ..table.clone() };
        document.blocks = (1..=count).map(|at| Block::Table(table(at))).collect();
        let documents = [document];
        let site = Site { workspace: &workspace, assessment: &assessment, documents: &documents, downloads: &[] };
        page::render(&documents[0], &site)
    };
    let page = captions(8);
    for at in 1..=8 {
        assert!(page.contains(&format!("<caption id=\"t{at}-caption\"><span>Table {at} · Part")), "{at}");
    }
    assert!(captions(7).contains("<caption id=\"t1-caption\"><span>Part"));
}
