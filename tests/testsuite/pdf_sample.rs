//! A hand-made document with every kind of block, a long table with spans, a wide matrix and hostile strings.

use std::sync::Arc;

use scopefence::document::{
    Align, Answer, Block, Callout, Cell, Column, ControlBlock, Diagram, Disclosure, Document, Form, Influence, Inline,
    Question, Row, Table, Target, Texts, Tone,
    scene::{Ink, Scene, Shape, Stroke, TextAnchor},
};
use scopefence::workspace::Paper;

/// Prose long enough to wrap and to be hyphenated.
const PROSE: &str = "The platform team operates the cluster, everything that makes it secure, observable and stable, and the \
    continuous-delivery tool. Application teams are responsible for the configuration of their workloads; the infrastructure \
    provider is accountable for virtual machines, load balancers and object storage. Responsibilities that cross this \
    demarcation are written down as interfaces, with an escalation path and a promised response time.";

/// Strings as an attacker would name things.
pub const HOSTILE: [&str; 9] = [
    "<script>alert(1)</script>",
    "](javascript:alert(1))",
    "=HYPERLINK(\"http://evil\")",
    "\u{1b}[31mred\u{1b}[0m",
    "user\u{202e}gpj.exe",
    "zero\u{200b}width\u{feff}",
    "emoji 😀 and 漢字",
    ") Tj ET /Launch (\\",
    "control \u{0}\u{7}\u{85} codes",
];

fn text(text: &str) -> Vec<Inline> {
    vec![Inline::text(text)]
}

fn paragraph(inlines: Vec<Inline>) -> Block {
    Block::Paragraph { text: inlines }
}

fn heading(level: u8, id: &str, title: &str) -> Block {
    Block::Heading { level, id: id.into(), text: text(title) }
}

fn strong(words: &str) -> Inline {
    Inline::Strong { text: text(words) }
}

fn badge(tone: Tone, words: &str) -> Inline {
    Inline::Badge { tone, text: words.into() }
}

/// The whole document.
pub fn document() -> Document {
    let mut blocks = opening();
    blocks.extend(lists());
    blocks.push(heading(1, "tables", "Tables"));
    blocks.push(paragraph(text(PROSE)));
    blocks.push(Block::Table(findings(300)));
    blocks.push(heading(2, "spans", "Rows grouped by what they share"));
    blocks.push(Block::Table(grouped(40)));
    blocks.push(heading(1, "matrix", "Responsibility matrix"));
    blocks.push(paragraph(text("Exactly one team is accountable for each activity.")));
    blocks.push(Block::Table(matrix(14, 46)));
    blocks.push(heading(1, "odd", "Oddities"));
    blocks.push(Block::Table(hostile()));
    blocks.push(Block::Table(Table {
        id: "nothing".into(),
        caption: "Exceptions in force".into(),
        columns: vec![Column::default(); 3],
        empty: text("No exception is in force: none is declared in controls/exceptions.toml."),
        ..Table::default()
    }));
    blocks.push(Block::Table(tall()));
    blocks.push(heading(1, "pictures", "Pictures"));
    blocks.push(Block::Diagram(diagram()));
    blocks.push(heading(1, "form", "Provider checklist"));
    blocks.push(Block::Form(form()));
    Document {
        id: "ssp".into(),
        title: "System security plan".into(),
        subtitle: "Acme Kubernetes Platform".into(),
        summary:
            "What the platform is responsible for, how each control is met, and what was observed, for auditors and \
                  authorizing officials."
                .into(),
        language: "en".into(),
        texts: Arc::new(Texts::built_in("en")),
        paper: Paper::A4,
        control: control(),
        disclosures: vec![
            Disclosure {
                what: "sample evidence".into(),
                detail: "the snapshot was made from a recorded cluster".into(),
                kind: Influence::Evidence,
            },
            Disclosure {
                what: "check disabled".into(),
                detail: "image-tag-latest, because the registry forbids mutable tags".into(),
                kind: Influence::Judgement,
            },
        ],
        blocks,
        sheets: Vec::new(),
    }
}

fn control() -> ControlBlock {
    ControlBlock {
        organisation: "Acme AB".into(),
        identifier: "ACME-PLAT-SSP".into(),
        version: "1.0".into(),
        author: "Ada Lovelace".into(),
        owner: "Platform team".into(),
        approver: "Grace Hopper".into(),
        approved: None,
        next_review: chrono::NaiveDate::from_ymd_opt(2027, 5, 9),
        distribution: "Platform, application, IT and infrastructure teams; auditors".into(),
        retention: "7 years".into(),
        classification: "Internal".into(),
        revisions: vec![
            ["0.9".into(), "2026-09-20".into(), "Ada Lovelace".into(), "First draft for review by the teams".into()],
            [
                "1.0".into(),
                "2026-11-02".into(),
                "Ada Lovelace".into(),
                "Interfaces to the identity provider settled, node access narrowed to break-glass accounts".into(),
            ],
        ],
        as_of: "2026-11-02 10:15 UTC".into(),
        evidence: Some(vec![
            "prod, 2026-11-02 10:15 UTC, sample, sha256:0f343b0931126a20f133d67c2b018a3b1d4f6c1e6f1d7d8a4c0a1f6b5b7f2b11".into(),
        ]),
    }
}

fn opening() -> Vec<Block> {
    vec![
        heading(1, "purpose", "Purpose and scope"),
        paragraph(vec![
            Inline::text("This plan describes the "),
            strong("Acme Kubernetes Platform"),
            Inline::text(", its "),
            Inline::Emphasis { text: text("boundary") },
            Inline::text(" and its controls. See "),
            Inline::Link { target: Target::Anchor("matrix".into()), text: text("the responsibility matrix") },
            Inline::text(", the "),
            Inline::Link {
                target: Target::Document("raci".into(), Some("ingress".into())),
                text: text("ingress rows of the RACI matrix"),
            },
            Inline::text(" and "),
            Inline::Link {
                target: Target::Url("https://csrc.nist.gov/pubs/sp/800/18/r1/final".into()),
                text: text("NIST SP 800-18"),
            },
            Inline::text(". Object names such as "),
            Inline::code("kube-system/ingress-nginx-controller-7d8f9c6b5-x2x9k"),
            Inline::text(" stay whole where they can."),
        ]),
        paragraph(text(PROSE)),
        heading(2, "status", "Status at a glance"),
        paragraph(vec![
            badge(Tone::Good, "Pass"),
            Inline::text(" "),
            badge(Tone::Bad, "Fail"),
            Inline::text(" "),
            badge(Tone::Caution, "Stale"),
            Inline::text(" "),
            badge(Tone::Unknown, "Not visible"),
            Inline::text(" "),
            badge(Tone::Neutral, "Not applicable"),
        ]),
        paragraph(vec![
            Inline::text("Owned by "),
            Inline::Team { index: 0, text: "Platform team".into() },
            Inline::text(", "),
            Inline::Team { index: 1, text: "Payments team".into() },
            Inline::text(" and "),
            Inline::Team { index: 2, text: "Infrastructure".into() },
            Inline::text(
                ". Symbols: ✓ ✗ → • – — “quoted” ‘single’ … × ≥ ≤ ± 24×7 §. Αθήνα, Київ, Ñandú, Łódź, œuvre, fi fl ffi.",
            ),
        ]),
        Block::Callout {
            kind: Callout::Note,
            title: Vec::new(),
            blocks: vec![paragraph(text(
                "A point in time is not a period: everything here was observed once, when it says so.",
            ))],
        },
        Block::Callout {
            kind: Callout::Warning,
            title: text("Evidence is older than allowed"),
            blocks: vec![
                paragraph(text(PROSE)),
                Block::List {
                    start: None,
                    items: vec![vec![paragraph(text("collect again"))], vec![paragraph(text("or say why not"))]],
                },
            ],
        },
        Block::Callout {
            kind: Callout::Important,
            title: Vec::new(),
            blocks: vec![paragraph(text("An empty, forbidden or failed list never becomes a pass."))],
        },
    ]
}

fn lists() -> Vec<Block> {
    let item = |words: &str| vec![paragraph(text(words))];
    vec![
        heading(1, "blocks", "Lists, terms and code"),
        heading(2, "lists", "Lists"),
        Block::List {
            start: None,
            items: vec![
                item("control plane and nodes"),
                vec![
                    paragraph(text("everything that makes the cluster observable:")),
                    Block::List { start: None, items: vec![item("monitoring and alerting"), item("log collection"), item("audit log")] },
                ],
                item(PROSE),
            ],
        },
        Block::List { start: Some(9), items: vec![item("collect"), item("assess"), item("build")] },
        heading(2, "terms", "Terms"),
        Block::Terms {
            items: vec![
                (text("System owner"), vec![paragraph(text("Ada Lovelace"))]),
                (text("Authorizing official"), vec![paragraph(text("Grace Hopper, who accepts the residual risk. ")), paragraph(text(PROSE))]),
                (text("A term that is so long that it has to be broken into lines"), vec![paragraph(text("short"))]),
            ],
        },
        heading(2, "code", "Code and quotations"),
        Block::Code {
            language: "yaml".into(),
            text: "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: default-deny\nspec:\n  podSelector: {}\n  policyTypes: [Ingress, Egress]\n# sha256:0f343b0931126a20f133d67c2b018a3b1d4f6c1e6f1d7d8a4c0a1f6b5b7f2b11-and-more-that-does-not-fit\n".into(),
        },
        Block::Quote { blocks: vec![paragraph(text(PROSE)), paragraph(text("NIST SP 800-18, section 3.11"))] },
        Block::Rule,
        heading(3, "third", "A heading of the third level"),
        paragraph(text(PROSE)),
        heading(4, "fourth", "A heading of the fourth level"),
        paragraph(text(PROSE)),
    ]
}

/// A long table with names, badges, teams and row anchors.
pub fn findings(rows: usize) -> Table {
    let tones = [
        (Tone::Bad, "Fail"),
        (Tone::Good, "Pass"),
        (Tone::Caution, "Stale"),
        (Tone::Unknown, "Not visible"),
        (Tone::Neutral, "Not applicable"),
    ];
    let row = |at: usize| {
        let (tone, word) = tones[at % tones.len()];
        Row {
            id: Some(format!("f-{at}")),
            group: false,
            cells: vec![
                Cell::new(vec![Inline::code(format!("F-{:08x}", at * 2_654_435_761 % 0xffff_ffff))]),
                Cell::new(vec![badge(tone, word)]),
                Cell::new(vec![
                    Inline::text(if at.is_multiple_of(3) {
                        "Containers run without privileges and without root: "
                    } else {
                        "Images carry a fixed tag: "
                    }),
                    Inline::code(format!("team-payments/ledger-{at}-deployment-with-a-long-name")),
                ]),
                Cell::new(vec![Inline::Team {
                    index: at % 6,
                    text: ["Platform team", "Payments team", "IT"][at % 3].into(),
                }]),
                Cell::text(format!("{}", at * 37 % 1000)),
            ],
        }
    };
    Table {
        id: "findings".into(),
        caption: "Findings by severity".into(),
        columns: vec![
            Column { header: true, ..Column::default() },
            Column::default(),
            Column { weight: 3, ..Column::default() },
            Column::default(),
            Column { align: Align::End, narrow: true, ..Column::default() },
        ],
        head: vec![Row {
            cells: ["Finding", "Outcome", "What", "Team", "Objects"].map(Cell::text).into(),
            ..Row::default()
        }],
        rows: (0..rows).map(row).collect(),
        source: vec![Inline::code("/apis/apps/v1/deployments"), Inline::text(", read 2026-11-02 10:15 UTC, complete")],
        ..Table::default()
    }
}

/// Rows that share a cell, some spans longer than a page.
pub fn grouped(rows: usize) -> Table {
    let mut out = Vec::new();
    for at in 0..rows {
        let span = if at < 30 { 30 } else { 5 };
        let mut cells = Vec::new();
        if at % span == 0 {
            cells.push(Cell {
                rows: span.min(rows - at) as u16,
                ..Cell::new(vec![Inline::code(format!("namespace-{at}"))])
            });
        }
        cells.push(Cell::new(vec![Inline::code(format!("rbac.authorization.k8s.io/v1 ClusterRole view-{at}"))]));
        cells.push(Cell::text("get, list, watch"));
        out.push(Row { cells, ..Row::default() });
    }
    let wide = Cell { columns: 2, ..Cell::text("What it holds") };
    Table {
        id: "grouped".into(),
        caption: "Roles by namespace".into(),
        columns: vec![Column { header: true, ..Column::default() }, Column::default(), Column::default()],
        head: vec![
            Row { cells: vec![Cell { rows: 2, ..Cell::text("Namespace") }, wide], ..Row::default() },
            Row { cells: ["Object", "Verbs"].map(Cell::text).into(), ..Row::default() },
        ],
        rows: out,
        ..Table::default()
    }
}

/// Activities by teams.
pub fn matrix(teams: usize, rows: usize) -> Table {
    let mut columns = vec![Column { weight: 2, header: true, ..Column::default() }];
    columns.extend((0..teams).map(|_| Column { narrow: true, align: Align::Center, ..Column::default() }));
    columns.push(Column { weight: 1, ..Column::default() });
    let mut head = vec![Cell::text("Activity")];
    let names = ["Platform team", "Payments team", "Identity and access management team", "IT", "Infrastructure"];
    head.extend((0..teams).map(|at| Cell::text(names[at % names.len()])));
    head.push(Cell::text("Frequency"));
    let mut out = Vec::new();
    for at in 0..rows {
        if at % 8 == 0 {
            let group = Cell {
                columns: columns.len() as u16,
                ..Cell::text(format!("Group {}: image vulnerabilities", at / 8 + 1))
            };
            out.push(Row { group: true, cells: vec![group], id: None });
        }
        let mut cells = vec![Cell::text("Scan images on push and at run time, and open an incident for their owner")];
        cells.extend((0..teams).map(|team| match (team + at) % 4 {
            0 => Cell::new(vec![strong("A")]),
            1 => Cell::text("R"),
            2 => Cell::text("C"),
            _ => Cell::text(""),
        }));
        cells.push(Cell::text("daily"));
        out.push(Row { cells, ..Row::default() });
    }
    Table {
        id: "raci".into(),
        caption: "RACI matrix".into(),
        columns,
        head: vec![Row { cells: head, ..Row::default() }],
        rows: out,
        landscape: true,
        rotate_heads: true,
        sheet_only: false,
        ..Table::default()
    }
}

fn hostile() -> Table {
    let mut rows: Vec<Row> = HOSTILE
        .iter()
        .map(|name| Row { cells: vec![Cell::text(*name), Cell::new(vec![Inline::code(*name)])], ..Row::default() })
        .collect();
    let long = "a".repeat(300);
    rows.push(Row {
        cells: vec![Cell::text(&long), Cell::new(vec![badge(Tone::Bad, &"wide label ".repeat(12))])],
        ..Row::default()
    });
    Table {
        id: "hostile".into(),
        caption: "Names as an attacker would choose them".into(),
        columns: vec![Column::default(); 2],
        head: vec![Row { cells: ["As text", "As a name"].map(Cell::text).into(), ..Row::default() }],
        rows,
        ..Table::default()
    }
}

fn tall() -> Table {
    let long: Vec<Block> = (0..22).map(|_| paragraph(text(PROSE))).collect();
    Table {
        id: "tall".into(),
        caption: "A row that no page can hold".into(),
        columns: vec![Column { header: true, ..Column::default() }, Column { weight: 1, ..Column::default() }],
        head: vec![Row { cells: ["Control", "Implementation"].map(Cell::text).into(), ..Row::default() }],
        rows: vec![
            Row { cells: vec![Cell::text("AC-3"), Cell { blocks: long, columns: 1, rows: 1 }], ..Row::default() },
            Row { cells: ["AC-4", "Short."].map(Cell::text).into(), ..Row::default() },
        ],
        ..Table::default()
    }
}

fn diagram() -> Diagram {
    let stroke = |ink, dashed| Stroke { ink, width: 1.0, dashed };
    let mut shapes = vec![Shape::Rect {
        x: 20.0,
        y: 30.0,
        width: 420.0,
        height: 220.0,
        radius: 10.0,
        fill: Some(Ink::AccentSurface),
        stroke: Some(stroke(Ink::Accent, true)),
        link: None,
    }];
    for at in 0..6_u8 {
        let (x, y) = (40.0 + f32::from(at % 3) * 130.0, 60.0 + f32::from(at / 3) * 90.0);
        shapes.push(Shape::Rect {
            x,
            y,
            width: 110.0,
            height: 50.0,
            radius: 5.0,
            fill: Some(Ink::TeamSurface(at)),
            stroke: Some(stroke(Ink::Team(at), false)),
            link: Some("matrix".into()),
        });
        shapes.push(Shape::Text {
            x: x + 55.0,
            y: y + 28.0,
            size: 10.0,
            bold: true,
            anchor: TextAnchor::Middle,
            ink: Ink::Text,
            text: format!("Component {at} ✓"),
        });
    }
    shapes.push(Shape::Line {
        points: vec![(395.0, 85.0), (500.0, 85.0), (500.0, 160.0)],
        stroke: stroke(Ink::Muted, false),
        arrow: true,
    });
    shapes.push(Shape::Text {
        x: 500.0,
        y: 176.0,
        size: 9.0,
        bold: false,
        anchor: TextAnchor::Middle,
        ink: Ink::Muted,
        text: "outside".into(),
    });
    Diagram {
        id: "fence".into(),
        caption: "The fence: what is inside, what crosses it".into(),
        alt: "Six components inside the fence; an arrow leads outside.".into(),
        scene: Scene { width: 560.0, height: 270.0, shapes },
        landscape: true,
    }
}

fn form() -> Form {
    let question = |id: &str, answer: Answer, given: Option<&str>| Question {
        id: id.into(),
        text: text("Does the provider encrypt data at rest, and who holds the keys?"),
        hint: text("A good answer names the mechanism, where keys are kept, and how often they are rotated."),
        controls: text("SC-28, SC-12"),
        answer,
        given: given.map(Into::into),
    };
    Form {
        id: "provider".into(),
        name: "provider".into(),
        questions: vec![
            question("T-01", Answer::YesNo, None),
            question("T-02", Answer::Text(4), None),
            question("T-03", Answer::Date, None),
            question(
                "O-01",
                Answer::Choice(["yearly", "half-yearly", "quarterly", "never"].map(Into::into).into()),
                None,
            ),
            question("L-01", Answer::YesNo, Some("Yes, AES-256, keys with the customer")),
        ],
    }
}
