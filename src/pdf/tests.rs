//! Tests that look at the layout and at the file.

use std::collections::BTreeSet;

use lopdf::Object;
use proptest::prelude::*;

use super::{
    page::{Draw, Elem, Item},
    tags::{Kid, Role},
    *,
};
use crate::document::{Align, Block, Cell, Column, Inline, Row, Table, Tone};

#[path = "../../tests/testsuite/pdf_sample.rs"]
mod sample;

fn laid(document: &Document) -> Laid {
    lay_out(document, &Theme::default()).expect("lays out")
}

fn file(document: &Document) -> lopdf::Document {
    let bytes = render(document, &Theme::default()).expect("renders");
    lopdf::Document::load_mem(&bytes).expect("is a file that lopdf reads")
}

/// A document with nothing but these blocks, long enough for a cover.
fn with(blocks: Vec<Block>) -> Document {
    Document { blocks, ..sample::document() }
}

/// Writes the sample where a person can look at it: `SCOPEFENCE_PDF_OUT=/tmp/sample.pdf cargo test pdf::tests::look`.
#[test]
fn look() {
    let bytes = render(&sample::document(), &Theme::default()).expect("renders");
    if let Some(path) = std::env::var_os("SCOPEFENCE_PDF_OUT") {
        std::fs::write(path, bytes).expect("writes");
    }
}

/// Panics if anything printed leaves the margins, or content the room for content.
fn assert_inside(laid: &Laid) {
    for (number, page) in laid.flow.pages.iter().enumerate() {
        let sheet = page.sheet;
        for item in &page.items {
            let Draw::Text { x, y, size, shaped, turned, face, .. } = &item.draw else { continue };
            let long = shaped.width as f32 / 1000.0 * size;
            let (left, right) = if *turned { (x - size, *x) } else { (*x, x + long) };
            let (top, foot) = if *turned { (y - long, *y) } else { (y - size * 0.7, *y) };
            let text: String = laid.fonts.glyphs[shaped.range()]
                .iter()
                .map(|glyph| &*laid.fonts.usage(*face).codes[glyph.code as usize].text)
                .collect();
            assert!(left >= sheet.left - 0.5, "page {number}: {text:?} begins at {left}");
            assert!(right <= sheet.width - sheet.right + 0.5, "page {number}: {text:?} ends at {right}");
            assert!(top >= 0.0 && foot <= sheet.height, "page {number}: {text:?} at {y}");
            if item.elem != Elem::ARTIFACT {
                assert!(top >= sheet.top - 0.5, "page {number}: {text:?} above the margin at {y}");
                assert!(foot <= sheet.height - sheet.bottom + 0.5, "page {number}: {text:?} below the margin at {y}");
            }
        }
    }
}

#[test]
fn nothing_is_printed_outside_the_margins() {
    for paper in [crate::workspace::Paper::A4, crate::workspace::Paper::Letter] {
        assert_inside(&laid(&Document { paper, ..sample::document() }));
    }
}

/// Elements below an element, itself included.
fn below(laid: &Laid, elem: Elem, into: &mut BTreeSet<Elem>) {
    into.insert(elem);
    for kid in &laid.tags.elements[elem.0 as usize].kids {
        if let Kid::Elem(elem) = kid {
            below(laid, *elem, into);
        }
    }
}

/// Rows of the tables, with the room that each of them takes on each page.
fn rows_of(laid: &Laid) -> Vec<Vec<f32>> {
    let rows = laid.tags.elements.iter().enumerate().filter(|(_, element)| element.role == Role::Row);
    rows.map(|(number, _)| {
        let mut elems = BTreeSet::new();
        below(laid, Elem(number as u32), &mut elems);
        let heights = laid.flow.pages.iter().filter_map(|page| {
            let own = page.items.iter().filter(|item| elems.contains(&item.elem)).map(Item::bounds);
            let ends = own.fold(None, |ends: Option<(f32, f32)>, own| {
                let (top, foot) = ends.unwrap_or((own[1], own[3]));
                Some((top.min(own[1]), foot.max(own[3])))
            });
            ends.map(|(top, foot)| foot - top)
        });
        heights.collect()
    })
    .collect()
}

fn table(cells: Vec<Vec<(String, bool)>>, spans: &[u16]) -> Table {
    let columns = cells.first().map_or(1, Vec::len);
    let mut left = 0_u16;
    let mut spans = spans.iter().cycle();
    let rows = cells
        .into_iter()
        .map(|row| {
            let mut out = Vec::new();
            if left == 0 {
                left = *spans.next().unwrap_or(&1);
                let name =
                    if left.is_multiple_of(7) { "a long name of a group ".repeat(12) } else { "group-of-rows".into() };
                out.push(Cell { rows: left, ..Cell::text(name) });
            }
            left -= 1;
            out.extend(
                row.into_iter()
                    .map(|(text, code)| Cell::new(vec![if code { Inline::code(text) } else { Inline::text(text) }])),
            );
            Row { cells: out, ..Row::default() }
        })
        .collect();
    Table {
        id: "t".into(),
        caption: "A table".into(),
        columns: vec![Column { align: Align::Start, ..Column::default() }; columns + 1],
        head: vec![Row { cells: (0..=columns).map(|at| Cell::text(format!("Head {at}"))).collect(), ..Row::default() }],
        rows,
        ..Table::default()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rows_are_never_torn_and_stay_inside(
        cells in (1_usize..5).prop_flat_map(|columns| {
            let cell = (proptest::string::string_regex("([a-z]{1,12}[-/._ ]){0,40}\\PC{0,6}").expect("a pattern"), any::<bool>());
            proptest::collection::vec(proptest::collection::vec(cell, columns), 1..60)
        }),
        spans in proptest::collection::vec(1_u16..30, 1..5),
    ) {
        let laid = laid(&with(vec![Block::PageBreak, Block::Table(table(cells, &spans))]));
        assert_inside(&laid);
        let page = Sheet::new(crate::workspace::Paper::A4, Turn::Upright).text_height();
        for (row, heights) in rows_of(&laid).into_iter().enumerate() {
            // Only a row that no page can hold below the table's head may be divided.
            let whole: f32 = heights.iter().sum();
            prop_assert!(heights.len() <= 1 || whole > page - 120.0, "row {row} takes {heights:?}");
        }
    }
}

#[test]
fn a_row_that_no_page_holds_is_divided_and_nothing_of_it_is_lost() {
    let words: Vec<String> = (0..4000).map(|at| format!("w{at}")).collect();
    let tall = Cell::text(words.join(" "));
    let table = Table {
        columns: vec![Column::default(); 2],
        rows: vec![Row { cells: vec![Cell::text("AC-3"), tall], ..Row::default() }],
        ..Table::default()
    };
    let laid = laid(&with(vec![Block::PageBreak, Block::Table(table)]));
    assert_inside(&laid);
    let text = text_of(&laid);
    let seen: Vec<&str> = text.split_whitespace().filter(|word| word.starts_with('w') && word.len() > 1).collect();
    let wanted: Vec<&str> = words.iter().map(String::as_str).collect();
    assert!(seen.windows(wanted.len()).any(|part| part == wanted), "every word once, in order");
}

/// Content in reading order, lines as they are.
fn text_of(laid: &Laid) -> String {
    let mut out = String::new();
    for page in &laid.order {
        for item in laid.flow.pages[*page].items.iter().filter(|item| item.elem != Elem::ARTIFACT) {
            if let Draw::Text { shaped, face, .. } = &item.draw {
                let codes = &laid.fonts.usage(*face).codes;
                out.extend(laid.fonts.glyphs[shaped.range()].iter().map(|glyph| &*codes[glyph.code as usize].text));
                out.push(' ');
            }
        }
    }
    out
}

/// Without spaces and hyphens at the ends of lines.
fn dense(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && *c != '\u{ad}').collect()
}

#[test]
fn a_line_ends_after_a_badge() {
    let text = vec![Inline::Badge { tone: Tone::Good, text: "badge".to_owned() }, Inline::Break, Inline::text("below")];
    let laid = laid(&with(vec![Block::PageBreak, Block::Paragraph { text }]));
    let baseline = |word: &str| {
        laid.order
            .iter()
            .flat_map(|page| &laid.flow.pages[*page].items)
            .find_map(|item| match &item.draw {
                Draw::Text { shaped, face, y, .. } => {
                    let codes = &laid.fonts.usage(*face).codes;
                    let glyphs = laid.fonts.glyphs[shaped.range()].iter();
                    let text: String = glyphs.map(|glyph| &*codes[glyph.code as usize].text).collect();
                    (text.trim() == word).then_some(*y)
                }
                _ => None,
            })
            .unwrap_or_else(|| panic!("{word} is not on any page"))
    };
    assert!((baseline("badge") - baseline("below")).abs() > 5.0, "both stand on one line");
}

#[test]
fn hostile_strings_are_all_visible() {
    let blocks = sample::HOSTILE
        .iter()
        .flat_map(|text| [Inline::text(*text), Inline::code(*text), Inline::Break])
        .collect::<Vec<_>>();
    let text = dense(&text_of(&laid(&with(vec![Block::PageBreak, Block::Paragraph { text: blocks }]))));
    for wanted in [
        "<script>alert(1)</script>",
        "](javascript:alert(1))",
        "=HYPERLINK(\"http://evil\")",
        "[U+001B][31mred[U+001B][0m",
        "user[U+202E]gpj.exe",
        "zero[U+200B]width[U+FEFF]",
        "emoji[U+1F600]and[U+6F22][U+5B57]",
        ")TjET/Launch(\\",
        "control[U+0000][U+0007][U+0085]codes",
    ] {
        assert_eq!(text.matches(wanted).count(), 2, "{wanted} in {text}");
    }
}

#[test]
fn a_document_may_be_empty_or_short() {
    let long = laid(&sample::document());
    assert!(long.order.len() > 20);
    let short = laid(&with(vec![Block::Paragraph { text: vec![Inline::text("All there is.")] }]));
    assert_eq!(short.order.len(), 1, "no cover, no contents");
    assert!(text_of(&short).contains("DRAFT"));
    assert_inside(&short);
    assert_eq!(file(&with(Vec::new())).get_pages().len(), 1);
}

#[test]
fn the_same_document_gives_the_same_bytes() {
    let document = sample::document();
    let first = render(&document, &Theme::default()).expect("renders");
    assert!(first.starts_with(b"%PDF-1.7"));
    assert!(first == render(&document, &Theme::default()).expect("renders"));
}

#[test]
fn pages_turn_for_the_matrix_and_return() {
    let laid = laid(&sample::document());
    let wide: Vec<bool> = laid
        .order
        .iter()
        .map(|page| laid.flow.pages[*page].sheet.width > laid.flow.pages[*page].sheet.height)
        .collect();
    let first = wide.iter().position(|wide| *wide).expect("some page is turned");
    assert!(first > 1 && !wide[wide.len() - 1]);
    let matrix = laid.flow.headings.iter().find(|(heading, _)| &*heading.id == "matrix").expect("is a heading");
    let sheet = laid.flow.pages[matrix.1.page].sheet;
    assert!(sheet.width > sheet.height, "the heading goes with its table");
}

/// Dictionaries of a kind.
fn of_type<'d>(document: &'d lopdf::Document, key: &[u8], kind: &[u8]) -> Vec<&'d lopdf::Dictionary> {
    let objects = document.objects.values();
    objects
        .filter_map(|object| match object {
            Object::Dictionary(dict) => Some(dict),
            Object::Stream(stream) => Some(&stream.dict),
            _ => None,
        })
        .filter(|dict| dict.get(key).and_then(Object::as_name).is_ok_and(|name| name == kind))
        .collect()
}

#[test]
fn the_file_has_what_readers_and_archives_ask_for() {
    let document = sample::document();
    let laid = laid(&document);
    let file = file(&document);
    let pages = file.get_pages();
    assert_eq!(pages.len(), laid.order.len());
    let catalog = file.catalog().expect("has a catalog");
    assert_eq!(catalog.get(b"Lang").and_then(Object::as_str).expect("a language"), b"en");
    for key in [&b"StructTreeRoot"[..], b"MarkInfo", b"Metadata", b"OutputIntents", b"Outlines", b"ViewerPreferences"] {
        assert!(catalog.has(key), "{}", String::from_utf8_lossy(key));
    }
    for page in pages.values() {
        let page = file.get_dictionary(*page).expect("a page");
        let size: Vec<f32> = page
            .get(b"MediaBox")
            .and_then(Object::as_array)
            .expect("a size")
            .iter()
            .map(|side| side.as_float().expect("a number"))
            .collect();
        assert!(size == [0.0, 0.0, 595.28, 841.89] || size == [0.0, 0.0, 841.89, 595.28], "{size:?}");
        assert!(page.has(b"StructParents"));
    }
}

#[test]
fn fonts_are_embedded_cut_down_and_map_to_text() {
    let file = file(&sample::document());
    let fonts = of_type(&file, b"Subtype", b"Type0");
    assert!(fonts.len() >= 5);
    for font in fonts {
        let name =
            String::from_utf8_lossy(font.get(b"BaseFont").and_then(Object::as_name).expect("a name")).into_owned();
        assert_eq!(name.as_bytes().get(6), Some(&b'+'), "{name} is a subset");
        assert!(font.has(b"ToUnicode"), "{name}");
    }
    for descriptor in of_type(&file, b"Type", b"FontDescriptor") {
        let program = descriptor.get(b"FontFile2").and_then(Object::as_reference).expect("is embedded");
        let program = file.get_object(program).and_then(Object::as_stream).expect("a stream");
        assert!(program.content.len() < 60_000, "{} bytes", program.content.len());
    }
}

#[test]
fn bookmarks_nest_as_headings_do() {
    let file = file(&sample::document());
    let root = file.catalog().and_then(|catalog| catalog.get(b"Outlines")?.as_reference()).expect("bookmarks");
    let walk = |mut at: Option<lopdf::ObjectId>| {
        let mut titles = Vec::new();
        while let Some(id) = at {
            let entry = file.get_dictionary(id).expect("an entry");
            assert!(entry.has(b"Dest"));
            let title = entry.get(b"Title").and_then(Object::as_str).expect("a title");
            titles.push((
                String::from_utf8_lossy(title).into_owned(),
                entry.get(b"First").and_then(Object::as_reference).ok(),
            ));
            at = entry.get(b"Next").and_then(Object::as_reference).ok();
        }
        titles
    };
    let first = file.get_dictionary(root).and_then(|root| root.get(b"First")?.as_reference()).expect("a first");
    let tops = walk(Some(first));
    let names: Vec<&str> = tops.iter().map(|(title, _)| title.as_str()).collect();
    assert_eq!(names[..3], ["Purpose and scope", "Lists, terms and code", "Tables"]);
    let second = walk(tops[1].1);
    assert_eq!(
        second.iter().map(|(title, _)| title.as_str()).collect::<Vec<_>>(),
        ["Lists", "Terms", "Code and quotations"]
    );
}

#[test]
fn links_lead_somewhere() {
    let document = sample::document();
    let laid = laid(&document);
    let file = file(&document);
    let links = of_type(&file, b"Subtype", b"Link");
    let areas = laid.flow.areas.iter().filter(|area| matches!(area.purpose, flow::Use::Link(_)));
    assert_eq!(links.len(), areas.count(), "every link of the sample resolves");
    let pages: BTreeSet<_> = file.get_pages().into_values().collect();
    let (mut inside, mut other, mut web) = (0, 0, 0);
    for link in links {
        if let Ok(place) = link.get(b"Dest").and_then(Object::as_array) {
            assert!(pages.contains(&place[0].as_reference().expect("a page")));
            inside += 1;
            continue;
        }
        let action = link.get(b"A").and_then(Object::as_dict).expect("an action");
        match action.get(b"S").and_then(Object::as_name).expect("a kind") {
            b"GoToR" => {
                assert_eq!(action.get(b"D").and_then(Object::as_str).expect("a place"), b"ingress");
                let target = action.get(b"F").and_then(Object::as_dict).expect("a file");
                assert_eq!(target.get(b"F").and_then(Object::as_str).expect("a path"), b"raci.pdf");
                other += 1;
            }
            b"URI" => web += 1,
            kind => panic!("{}", String::from_utf8_lossy(kind)),
        }
    }
    assert!(inside > 10 && other == 1 && web == 1, "{inside} {other} {web}");
}

#[test]
fn every_marked_content_has_its_element_and_every_element_its_place() {
    let document = sample::document();
    let laid = laid(&document);
    let contents = laid.tags.elements.iter().flat_map(|element| &element.kids);
    let counted = contents.filter(|kid| matches!(kid, Kid::Content { .. })).count();
    assert_eq!(counted, laid.flow.marks.iter().map(Vec::len).sum::<usize>());
    let file = file(&document);
    let cells = of_type(&file, b"S", b"TH");
    assert!(cells.iter().all(|cell| cell.get(b"A").and_then(Object::as_dict).is_ok_and(|a| a.has(b"Scope"))));
    for figure in of_type(&file, b"S", b"Figure") {
        assert!(figure.has(b"Alt"));
    }
    // The streams count their marks as the tree does.
    let first = file.get_pages().into_values().next().expect("a page");
    let stream = String::from_utf8_lossy(&file.get_page_content(first)).into_owned();
    let cover = laid.order[0];
    assert_eq!(stream.matches("/MCID").count(), laid.flow.marks[cover].len());
    assert_eq!(stream.matches("BDC").count() + stream.matches("BMC").count(), stream.matches("EMC").count());
}

#[test]
fn many_tables_are_numbered_and_listed_with_their_pages() {
    let several = |count: usize| {
        let table = |at: usize| {
            let table = Table { id: format!("list-{at}"), caption: format!("Part {at}"), ..sample::findings(30) };
            // Rows of different tables have different names.
            let rows = table.rows.into_iter().map(|row| Row { id: None, ..row }).collect();
            Block::Table(Table { rows, ..table })
        };
        let heading = Block::Heading { level: 1, id: "parts".into(), text: vec![Inline::text("Parts")] };
        with(std::iter::once(heading).chain((1..=count).map(table)).collect())
    };
    let laid = self::laid(&several(9));
    let text = dense(&text_of(&laid));
    for at in 1..=9 {
        assert_eq!(text.matches(&format!("Table{at}·Part{at}")).count(), 2, "in the list and above the table: {at}");
        let spot = laid.flow.anchors[format!("list-{at}").as_str()];
        let page = laid.order.iter().position(|page| *page == spot.page).expect("is in the document") + 1;
        assert!(text.contains(&format!("Table{at}·Part{at}{page}")), "table {at} is on page {page}");
    }
    assert!(!dense(&text_of(&self::laid(&several(7)))).contains("Table1"), "a few are found without a list");
    assert!(table_numbers(&several(151)).is_empty(), "nobody reads so long a list");
}

#[test]
fn a_form_has_a_field_for_each_answer_that_is_not_known() {
    let document = sample::document();
    let laid = laid(&document);
    let kinds: Vec<(String, &str)> = laid
        .fields
        .iter()
        .map(|field| {
            let kind = match &field.kind {
                fields::Kind::Text { multiline: true } => "lines",
                fields::Kind::Text { multiline: false } => "line",
                fields::Kind::Choice(_) => "choice",
                fields::Kind::Boxes(_) => "boxes",
            };
            (field.name.join("."), kind)
        })
        .filter(|(name, _)| !name.ends_with(".remarks"))
        .collect();
    let wanted = [
        ("provider.T-01.answer", "boxes"),
        ("provider.T-02.answer", "lines"),
        ("provider.T-03.answer", "line"),
        ("provider.O-01.answer", "choice"),
    ];
    assert_eq!(kinds, wanted.map(|(name, kind)| (name.to_owned(), kind)));
    assert_eq!(laid.fields.len(), 9, "remarks for each of the five questions");
    assert!(laid.fields[4].label.contains("T-03") && laid.fields[4].label.ends_with("Date (YYYY-MM-DD)"));

    let empty = Cell { blocks: Vec::new(), columns: 1, rows: 1 };
    let blank = Table {
        id: "blank".into(),
        columns: vec![Column::default(); 2],
        rows: vec![Row { cells: vec![Cell::text("Place and date"), empty], ..Row::default() }],
        ..Table::default()
    };
    let mut form = document.clone();
    form.blocks.push(Block::Table(blank.clone()));
    let fields = self::laid(&form).fields;
    assert!(fields.iter().any(|field| field.name == ["form", "1", "2"] && field.label == "Place and date"));
    assert!(self::laid(&with(vec![Block::Table(blank)])).fields.is_empty(), "a document that is no form has none");
}

/// The documents of the starter with the sample snapshot.
fn starter() -> Vec<Document> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("scopes");
    let today = chrono::NaiveDate::from_ymd_opt(2026, 11, 21).expect("a date");
    let loaded = crate::workspace::load(&root.join("compliant-kubernetes"), today).expect("is there");
    let workspace = loaded.workspace.expect("is valid");
    let snapshot = crate::snapshot::read(&root.join("samples/platform.snapshot.jsonl.zst")).expect("reads");
    let assessment = crate::assess::assess(&workspace, &[snapshot], &crate::assess::History::default(), None);
    let frameworks = crate::frameworks::Frameworks::builtin();
    let checklists = crate::checklist::builtin();
    crate::document::compose(&workspace, &assessment, frameworks, &checklists).expect("composes")
}

#[test]
fn the_starters_documents_stay_inside_their_margins() {
    for document in starter() {
        let laid = laid(&document);
        assert_inside(&laid);
        if let Some(folder) = std::env::var_os("SCOPEFENCE_PDF_FOLDER") {
            let path = std::path::Path::new(&folder).join(format!("{}.pdf", document.id.replace('/', "-")));
            std::fs::write(path, render(&document, &Theme::default()).expect("renders")).expect("writes");
        }
    }
}

#[test]
fn a_hundred_lists_within_each_other_stay_on_the_page() {
    let words = || Block::Paragraph { text: vec![Inline::text("words that have to stay within the margins")] };
    let mut block = words();
    for depth in 0..100 {
        block = match depth % 4 {
            0 => Block::List { start: Some(9_999_999_999), items: vec![vec![words(), block]] },
            1 => Block::Quote { blocks: vec![block] },
            2 => Block::Callout { kind: crate::document::Callout::Note, title: Vec::new(), blocks: vec![block] },
            _ => Block::Terms { items: vec![(vec![Inline::text("a rather long term")], vec![block])] },
        };
    }
    let laid = laid(&with(vec![block]));
    assert!(dense(&text_of(&laid)).matches("withinthemargins").count() >= 25);
    for page in &laid.flow.pages {
        for item in &page.items {
            if let Draw::Text { x, .. } = &item.draw {
                assert!(*x < page.sheet.width - page.sheet.right);
            }
        }
    }
}

#[test]
fn a_caption_that_repeats_the_heading_and_an_empty_head_are_not_printed() {
    let mut table = sample::findings(2);
    table.head = vec![Row { cells: vec![Cell::text(""); 5], ..Row::default() }];
    let heading = Block::Heading { level: 1, id: "t".into(), text: vec![Inline::text("Findings by severity")] };
    let laid = laid(&with(vec![Block::PageBreak, heading, Block::Table(table)]));
    assert_eq!(dense(&text_of(&laid)).matches("Findingsbyseverity").count(), 2, "in the contents and above the table");
    let heads =
        laid.tags.elements.iter().filter(|element| element.role == Role::HeaderCell(super::tags::Scope::Column));
    assert_eq!(heads.count(), 4, "those of the revision table");
}

#[test]
fn words_break_as_in_the_language_of_the_document() {
    assert_eq!(hyphenation("de-AT"), Some(hypher::Lang::German));
    assert_eq!(hyphenation("sv"), Some(hypher::Lang::Swedish));
    assert_eq!(hyphenation("tlh"), None);
}
