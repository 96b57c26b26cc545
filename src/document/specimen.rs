//! A document that holds one of everything, and something hostile in every place: for tests of the renderers.

use std::sync::Arc;

use super::{
    Align, Answer, Block, Callout, Cell, Column, ControlBlock, Disclosure, Document, Form, Influence, Inline, Question,
    Row, Table, Target, Texts, Tone, fence,
};
use crate::workspace::{Paper, Workspace};

/// Markup, a link that is none, quotes, a control, a direction override.
pub(crate) const HOSTILE: &str =
    "<script>alert(1)</script> ](javascript:alert(1)) \" onmouseover=\"x ' \u{1b}[31m \u{202e}txt.exe";

fn text(text: &str) -> Vec<Inline> {
    vec![Inline::text(text)]
}

fn paragraph(words: &str) -> Block {
    Block::Paragraph { text: text(words) }
}

fn heading(level: u8, id: &str, words: &str) -> Block {
    Block::Heading { level, id: id.to_owned(), text: text(words) }
}

fn row(cells: Vec<Cell>) -> Row {
    Row { id: None, group: false, cells }
}

fn group(words: &str, columns: u16) -> Row {
    Row { id: None, group: true, cells: vec![Cell { columns, ..Cell::text(words) }] }
}

/// The document, with the fence of `workspace` in it.
pub(crate) fn document(id: &str, workspace: &Workspace) -> Document {
    Document {
        id: id.to_owned(),
        title: "Specimen of everything".to_owned(),
        subtitle: workspace.system.name.clone(),
        summary: format!("One of everything, for tests. {HOSTILE}"),
        language: workspace.language.clone(),
        texts: Arc::new(Texts::built_in(&workspace.language)),
        paper: Paper::A4,
        control: control(),
        disclosures: vec![
            disclosure("sample evidence", "The snapshot is the sample.", Influence::Evidence),
            disclosure("check disabled", HOSTILE, Influence::Judgement),
        ],
        blocks: blocks(workspace),
        sheets: Vec::new(),
    }
}

fn disclosure(what: &str, detail: &str, kind: Influence) -> Disclosure {
    Disclosure { what: what.to_owned(), detail: detail.to_owned(), kind }
}

fn control() -> ControlBlock {
    ControlBlock {
        organisation: "Acme AB".to_owned(),
        identifier: "ACME-PLAT-SPECIMEN".to_owned(),
        version: "1.0".to_owned(),
        author: "Ada Lovelace".to_owned(),
        owner: "Platform team".to_owned(),
        approver: "Grace Hopper".to_owned(),
        approved: None,
        next_review: chrono::NaiveDate::from_ymd_opt(2027, 5, 9),
        distribution: "All teams and the auditor".to_owned(),
        retention: "3 years".to_owned(),
        classification: "Internal".to_owned(),
        revisions: vec![["1.0".to_owned(), "2026-11-02".to_owned(), "Ada Lovelace".to_owned(), HOSTILE.to_owned()]],
        as_of: "2026-11-20 09:30 UTC".to_owned(),
        evidence: Some(vec![
            "prod: 2026-11-20 09:30 UTC, collected, sha256 3f2a9c0184d1b6b9f6f0c4f0a3b7c2e19d5b8e7a6c4d3f2e1b0a99887766554"
                .to_owned(),
        ]),
    }
}

fn blocks(workspace: &Workspace) -> Vec<Block> {
    let rich = vec![
        Inline::text("Text with "),
        Inline::Strong { text: text("strong") },
        Inline::text(", "),
        Inline::Emphasis { text: text("emphasis") },
        Inline::text(", "),
        Inline::code("/apis/networking.k8s.io/v1/networkpolicies?limit=500&x=<y>"),
        Inline::text(", "),
        Inline::Link { target: Target::Anchor("tables".to_owned()), text: text("a link within") },
        Inline::text(", "),
        Inline::Link { target: Target::Url("https://example.com/?a=1&b=\"2\"".to_owned()), text: text("one outside") },
        Inline::Break,
        Inline::Badge { tone: Tone::Good, text: "Pass".to_owned() },
        Inline::text(" "),
        Inline::Badge { tone: Tone::Bad, text: "Fail".to_owned() },
        Inline::text(" "),
        Inline::Badge { tone: Tone::Caution, text: "Stale".to_owned() },
        Inline::text(" "),
        Inline::Badge { tone: Tone::Unknown, text: "Not visible".to_owned() },
        Inline::text(" "),
        Inline::Badge { tone: Tone::Neutral, text: "Not applicable".to_owned() },
        Inline::text(" "),
        Inline::Team { index: 0, text: HOSTILE.to_owned() },
        Inline::text(" Ελληνικά, Кириллица, → ✓ ≥."),
    ];
    vec![
        heading(1, "text", "Text"),
        Block::Paragraph { text: rich },
        heading(2, "lists", HOSTILE),
        Block::List { start: None, items: vec![vec![paragraph("First")], vec![paragraph("Second"), nested()]] },
        Block::List { start: Some(3), items: vec![vec![paragraph("Third")], vec![paragraph("Fourth")]] },
        Block::Terms {
            items: vec![
                (text("Owner"), vec![paragraph("Ada Lovelace, head of platform")]),
                (text("Status"), vec![paragraph(HOSTILE)]),
            ],
        },
        Block::Code { language: "yaml".to_owned(), text: "kind: Pod\nname: \"<script>\"\n".to_owned() },
        Block::Quote { blocks: vec![paragraph("Quoted.")] },
        Block::Callout { kind: Callout::Note, title: Vec::new(), blocks: vec![paragraph("A note.")] },
        Block::Callout { kind: Callout::Important, title: text("Mind"), blocks: vec![paragraph("Important.")] },
        Block::Callout { kind: Callout::Warning, title: Vec::new(), blocks: vec![paragraph(HOSTILE)] },
        heading(1, "tables", "Tables"),
        Block::Table(raci()),
        Block::Table(long()),
        Block::Table(spans()),
        Block::Table(Table {
            id: "nothing".to_owned(),
            caption: "Findings".to_owned(),
            empty: text("No check failed in the evidence read."),
            ..Table::default()
        }),
        Block::PageBreak,
        heading(1, "drawing", "Drawing"),
        Block::Diagram(fence::fence(workspace, &Texts::built_in(&workspace.language))),
        Block::Rule,
        heading(1, "form", "Form"),
        Block::Form(form()),
    ]
}

fn nested() -> Block {
    Block::List { start: None, items: vec![vec![paragraph("Nested")]] }
}

/// Twelve narrow columns with upright headers, groups, an anchor.
fn raci() -> Table {
    let teams: Vec<String> = (1..=12).map(|number| format!("Application team number {number}")).collect();
    let mut columns = vec![Column { header: true, weight: 40, ..Column::default() }];
    columns.extend(teams.iter().map(|_| Column { narrow: true, align: Align::Center, ..Column::default() }));
    let mut head = vec![Cell::text("Activity")];
    head.extend(
        teams.iter().enumerate().map(|(index, name)| Cell::new(vec![Inline::Team { index, text: name.clone() }])),
    );
    let letters = |row: usize| (0..12).map(move |column| Cell::text(["A", "R", "C", "I", ""][(row * 7 + column) % 5]));
    let mut rows = Vec::new();
    for (number, title) in ["Upgrade the cluster", "Rotate certificates", HOSTILE, "Test restores"].iter().enumerate() {
        if number % 2 == 0 {
            rows.push(group(if number == 0 { "Operations" } else { "Security" }, 13));
        }
        let mut cells = vec![Cell::text(*title)];
        cells.extend(letters(number));
        rows.push(Row { id: Some(format!("activity-{number}")), group: false, cells });
    }
    Table {
        id: "raci".to_owned(),
        caption: "Who does what".to_owned(),
        columns,
        head: vec![row(head)],
        rows,
        source: text("Declared in scope/activities.toml."),
        empty: Vec::new(),
        landscape: true,
        rotate_heads: true,
        sheet_only: false,
    }
}

/// Enough rows to filter.
fn long() -> Table {
    let column = |weight| Column { weight, ..Column::default() };
    let rows = (1..=30).map(|number| {
        let outcome = match number % 3 {
            0 => Inline::Badge { tone: Tone::Good, text: "Pass".to_owned() },
            1 => Inline::Badge { tone: Tone::Bad, text: "Fail".to_owned() },
            _ => Inline::Badge { tone: Tone::Unknown, text: "Forbidden".to_owned() },
        };
        Row {
            id: Some(format!("finding-{number}")),
            group: false,
            cells: vec![
                Cell::text(format!("F-{:08x}", number * 7919)),
                Cell::new(vec![outcome]),
                Cell::new(vec![Inline::code(format!(
                    "Deployment team-payments/ledger-service-with-a-long-name-{number}"
                ))]),
                Cell::new(vec![Inline::Team { index: number % 5, text: format!("Team {}", number % 5) }]),
            ],
        }
    });
    Table {
        id: "findings".to_owned(),
        caption: "Findings".to_owned(),
        columns: vec![Column { header: true, ..column(10) }, column(12), column(40), column(20)],
        head: vec![row(["Finding", "Outcome", "Object", "Team"].map(Cell::text).to_vec())],
        rows: rows.collect(),
        ..Table::default()
    }
}

/// Two header rows and a cell across rows.
fn spans() -> Table {
    let wide = |words: &str, columns| Cell { columns, ..Cell::text(words) };
    let tall = |words: &str, rows| Cell { rows, ..Cell::text(words) };
    Table {
        id: "spans".to_owned(),
        caption: "Images by namespace".to_owned(),
        columns: vec![
            Column { header: true, ..Column::default() },
            Column { weight: 60, ..Column::default() },
            Column { align: Align::End, narrow: true, ..Column::default() },
        ],
        head: vec![
            row(vec![Cell::text(""), wide("Observed", 2)]),
            row(["Namespace", "Image", "Pods"].map(Cell::text).to_vec()),
        ],
        rows: vec![
            row(vec![tall("payments", 2), Cell::text("registry.example.com/ledger:1.4.2"), Cell::text("3")]),
            row(vec![Cell::text(HOSTILE), Cell::text("12")]),
            row(vec![Cell::text("web"), Cell::text("registry.example.com/web:2.0"), Cell::text("7")]),
        ],
        ..Table::default()
    }
}

fn form() -> Form {
    let question = |id: &str, words: &str, answer, given: Option<&str>| Question {
        id: id.to_owned(),
        text: text(words),
        hint: text("A good answer names the document and its date."),
        controls: text("NIST SP 800-53 PE-3"),
        answer,
        given: given.map(str::to_owned),
    };
    Form {
        id: "provider".to_owned(),
        name: "provider".to_owned(),
        questions: vec![
            question("T-01", "Is access to the data centre logged?", Answer::YesNo, Some("yes")),
            question("T-02", HOSTILE, Answer::Text(3), None),
            question("T-03", "When was the last restore test?", Answer::Date, Some("2026-09-01")),
            question(
                "T-04",
                "Where are backups kept?",
                Answer::Choice(vec!["Same site".to_owned(), "Other site".to_owned()]),
                None,
            ),
        ],
    }
}
