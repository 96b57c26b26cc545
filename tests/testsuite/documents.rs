//! Documents of the starters, with and without evidence.

use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use scopefence::{
    assess::{self, Assessment, History},
    checklist,
    document::{self, Block, Document, Inline, Target},
    frameworks::Frameworks,
    html, markdown, snapshot,
    workspace::{self, Workspace},
};

use crate::support::copy;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scopes").join(name)
}

fn load(root: &Path) -> Workspace {
    let today = NaiveDate::from_ymd_opt(2026, 11, 21).expect("a date");
    let loaded = workspace::load(root, today).expect("a readable workspace");
    loaded.workspace.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics))
}

fn sample() -> snapshot::Snapshot {
    snapshot::read(&folder("samples/platform.snapshot.jsonl.zst")).expect("the sample snapshot")
}

fn assess(workspace: &Workspace, observed: bool) -> Assessment {
    let snapshots = if observed { vec![sample()] } else { Vec::new() };
    assess::assess(workspace, &snapshots, &History::default(), None)
}

fn compose(workspace: &Workspace, assessment: &Assessment) -> Vec<Document> {
    document::compose(workspace, assessment, Frameworks::builtin(), &checklist::builtin()).expect("documents")
}

fn starter(observed: bool) -> Vec<Document> {
    let workspace = load(&folder("compliant-kubernetes"));
    compose(&workspace, &assess(&workspace, observed))
}

fn by_id<'a>(documents: &'a [Document], id: &str) -> &'a Document {
    documents.iter().find(|document| document.id == id).unwrap_or_else(|| panic!("no document {id}"))
}

/// Writes what people will read to `target/documents/`, to look at while editing templates.
fn keep(documents: &[Document], name: &str) {
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("documents").join(name);
    for document in documents {
        let file = out.join(format!("{}.md", document.id));
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("a writable target");
        std::fs::write(file, markdown::render(document)).expect("a writable target");
    }
}

#[test]
fn the_starter_gives_every_document_with_and_without_evidence() {
    for (observed, name) in [(true, "observed"), (false, "plan")] {
        let documents = starter(observed);
        keep(&documents, name);
        for id in ["scope", "ssp", "raci", "team/platform", "audit-pack", "provider-audit", "reading-guide"] {
            assert!(!by_id(&documents, id).blocks.is_empty(), "{id} is empty");
        }
        let plan = markdown::render(by_id(&documents, "ssp"));
        assert_eq!(plan.contains("No snapshot of a cluster was given"), !observed, "{name}");
    }
}

#[test]
fn every_link_within_the_documents_leads_somewhere() {
    // Links that lead nowhere lose their target when documents are settled; the built-in templates have none such.
    let plan = markdown::render(by_id(&starter(true), "ssp"));
    for link in ["](<#appendix-verbs>)", "](<#appendix-workloads>)", "](<audit-pack.md#findings>)", "](<scope.md>)"] {
        assert!(plan.contains(link), "the plan lost its link {link}");
    }
    let guide = markdown::render(by_id(&starter(true), "reading-guide"));
    for link in
        ["](<team/platform.md>)", "](<scope.md#answer>)", "](<ssp.md#node-access>)", "](<audit-pack.md#summary>)"]
    {
        assert!(guide.contains(link), "the reading guide lost its link {link}");
    }
}

/// Every node that holds text, for tests that look for words in a whole document.
fn links(blocks: &[Block], out: &mut Vec<Target>) {
    fn inlines(text: &[Inline], out: &mut Vec<Target>) {
        for inline in text {
            match inline {
                Inline::Link { target, text } => {
                    out.push(target.clone());
                    inlines(text, out);
                }
                Inline::Strong { text } | Inline::Emphasis { text } => inlines(text, out),
                _ => {}
            }
        }
    }
    for block in blocks {
        match block {
            Block::Heading { text, .. } | Block::Paragraph { text } => inlines(text, out),
            Block::List { items, .. } => items.iter().for_each(|item| links(item, out)),
            Block::Terms { items } => {
                for (term, item) in items {
                    inlines(term, out);
                    links(item, out);
                }
            }
            Block::Table(table) => {
                let cells = table.head.iter().chain(&table.rows).flat_map(|row| &row.cells);
                cells.for_each(|cell| links(&cell.blocks, out));
            }
            Block::Quote { blocks } | Block::Callout { blocks, .. } => links(blocks, out),
            _ => {}
        }
    }
}

#[test]
fn key_people_are_named_where_the_starter_hangs_on_them() {
    let documents = starter(false);
    let people = markdown::render(by_id(&documents, "people"));
    let row = |title: &str| people.lines().find(|line| line.contains(title)).unwrap_or_else(|| panic!("no {title}"));
    assert!(row("| **Dag Holmberg**").contains("component-certificates"), "nobody else knows cert-manager");
    assert!(!row("| **Dag Holmberg**").contains("component-dns"), "four people know Kubernetes");
    assert!(row("component-message-queue").contains("nobody"));
    assert!(row("component-virtual-machines").contains("another organization"));
    assert!(people.contains("Storefront, while the shop is busy: every day 07:00–23:00"));
    let brief = markdown::render(by_id(&documents, "team/platform"));
    assert!(brief.contains("Only Dag Holmberg can handle:") && brief.contains("](<../people.md>)"));
    assert!(markdown::render(by_id(&documents, "ssp")).contains("What fewer than two people can handle"));
    // The managed starter declares nobody of its application teams: that is said, and nothing is counted.
    let workspace = load(&folder("managed-cluster"));
    let people = compose(&workspace, &assess(&workspace, false));
    let people = markdown::render(by_id(&people, "people"));
    assert!(people.contains("**Teams without declared people**: Office IT, Portal team, Tiles team"), "{people}");
}

#[test]
fn hostile_declarations_stay_text() {
    let mut workspace = load(&folder("compliant-kubernetes"));
    let evil = "x` ``` {{ node(name=\"raci\") }} <script>alert(1)</script> [a](javascript:alert(1)) \u{1b}[31m\u{202e}";
    workspace.system.name = evil.to_owned();
    workspace.system.purpose = format!("{evil}\n\n<img src=x onerror=alert(1)>\n\n![x](/etc/passwd)");
    workspace.teams[0].name = evil.to_owned();
    workspace.components[0].title = evil.to_owned();
    workspace.components[0].description = evil.to_owned();
    workspace.activities[0].title = evil.to_owned();
    workspace.implementations[0].narrative = evil.to_owned();
    workspace.teams[0].chat = Some("javascript:alert(1)".to_owned());
    let assessment = assess(&workspace, true);
    for document in compose(&workspace, &assessment) {
        let mut targets = Vec::new();
        links(&document.blocks, &mut targets);
        for target in targets {
            if let Target::Url(url) = target {
                let known = ["https:", "http:", "mailto:", "tel:"].iter().any(|scheme| url.starts_with(scheme));
                assert!(known, "{} links to {url}", document.id);
            }
        }
        let markdown = markdown::render(&document);
        for sign in ["<script", "<img", "](<javascript", "\u{1b}", "\u{202e}"] {
            let escaped = markdown.replace("\\<", "");
            assert!(!escaped.contains(sign), "{} holds {sign:?}", document.id);
        }
        assert!(!markdown.contains("node\\-") && !markdown.contains("```node-"), "{} shows a fence", document.id);
    }
}

/// A copy of the starter with these files in its `templates/`.
fn overridden(files: &[(&str, &str)]) -> (tempfile::TempDir, Workspace) {
    let root = tempfile::tempdir().expect("a temporary folder");
    copy(&folder("compliant-kubernetes"), root.path());
    for (name, text) in files {
        let path = root.path().join("templates").join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a writable folder");
        std::fs::write(path, text).expect("a writable folder");
    }
    let workspace = load(root.path());
    (root, workspace)
}

#[test]
fn a_workspace_overrides_templates_texts_and_adds_documents_and_says_so() {
    let (_root, workspace) = overridden(&[
        (
            "raci.md",
            "# Our own matrix { #matrix }\n\n{{ system.name }} by {{ style.organisation }}\n\n{{ node(name=\"raci\") }}\n",
        ),
        ("lang/en.toml", "[scope.inside]\nheading = \"What is ours\"\n"),
        ("note.md", "# Note\n\nFor {{ system.id | code }}\n"),
        (
            "documents.toml",
            "format = 1\n[[document]]\nid = \"note\"\ntemplate = \"note.md\"\nsuffix = \"NOTE\"\ntext = \"raci\"\n",
        ),
    ]);
    let documents = compose(&workspace, &assess(&workspace, false));
    let matrix = by_id(&documents, "raci");
    let disclosed = |document: &Document| -> Vec<String> {
        document
            .disclosures
            .iter()
            .map(|bent| bent.detail.clone())
            .filter(|detail| detail.contains("templates/"))
            .collect()
    };
    let text = markdown::render(matrix);
    assert!(text.contains("## Our own matrix") && text.contains("**RACI matrix**"), "{text}");
    assert!(disclosed(matrix).iter().any(|detail| detail.contains("templates/raci.md")));
    let scope = by_id(&documents, "scope");
    assert!(markdown::render(scope).contains("## What is ours"));
    assert!(
        !disclosed(scope).iter().any(|detail| detail.contains("templates/raci.md")),
        "the matrix bent itself alone"
    );
    assert!(disclosed(scope).iter().any(|detail| detail.contains("templates/lang/en.toml")));
    by_id(&documents, "note");
}

#[test]
fn a_broken_template_is_named_with_its_line_and_what_to_do() {
    let cases = [
        ("raci.md", "# A\n\n{{ system.nam }}\n", 3, "nam"),
        ("raci.md", "# A\n{% if %}\n", 2, ""),
        ("raci.md", "{{ node(name=\"rasi\") }}\n", 1, "did you mean `raci`"),
        ("raci.md", "\n{{ t(key=\"no.such\") }}\n", 2, "no.such"),
        ("raci.md", "x\n\n[a]({{ system.name }})\n", 3, "link target"),
        ("lang/en.toml", "[a]\nb = \n", 2, ""),
        ("documents.toml", "format = 1\n[[document]]\nid = \"x\"\nfoo = 1\n", 4, "foo"),
    ];
    for (file, text, line, says) in cases {
        let (_root, workspace) = overridden(&[(file, text)]);
        let error =
            document::compose(&workspace, &assess(&workspace, false), Frameworks::builtin(), &checklist::builtin())
                .expect_err(file);
        let problem = &error.problems[0];
        assert_eq!((problem.file.as_str(), problem.line), (&*format!("templates/{file}"), Some(line)), "{error}");
        assert!(error.to_string().contains(says) && !problem.help.is_empty(), "{error}");
    }
}

#[test]
fn the_same_inputs_give_the_same_documents() {
    let once: Vec<String> = starter(true).iter().map(markdown::render).collect();
    let twice: Vec<String> = starter(true).iter().map(markdown::render).collect();
    assert!(once == twice);
}

#[test]
fn every_row_of_the_matrix_has_exactly_one_a() {
    let documents = starter(true);
    let tables = document::tables(by_id(&documents, "raci"));
    let matrix = tables.iter().find(|table| table.id == "raci").expect("the matrix");
    let csv = scopefence::sheet::csv(matrix, &by_id(&documents, "raci").texts);
    let rows: Vec<&str> = csv.lines().skip(1).collect();
    assert!(rows.len() >= 45, "{} activities", rows.len());
    for row in rows {
        let answering = row.split(',').filter(|cell| *cell == "A" || *cell == "A R").count();
        assert_eq!(answering, 1, "{row}");
    }
}

#[test]
fn a_large_plan_composes_quickly() {
    let mut workspace = load(&folder("compliant-kubernetes"));
    let few = workspace.implementations.clone();
    while workspace.implementations.len() < 1_200 {
        workspace.implementations.extend(few.iter().cloned());
    }
    workspace.implementations.truncate(1_200);
    let assessment = assess(&workspace, true);
    let start = std::time::Instant::now();
    let documents = compose(&workspace, &assessment);
    let took = start.elapsed();
    assert!(!documents.is_empty());
    println!("{took:?}");
    // Unoptimised and on a busy machine; in a release build it takes some tens of milliseconds.
    assert!(took.as_secs() < 20, "composing took {took:?}");
}

fn matrix_row(documents: &[Document], id: &str, control: &str) -> String {
    let text = markdown::render(by_id(documents, id));
    let row = text.lines().find(|line| line.starts_with('|') && line.contains(control));
    row.unwrap_or_else(|| panic!("{id} has no row of {control}")).to_owned()
}

#[test]
fn a_control_is_never_said_to_be_met_beyond_the_relation() {
    let mut workspace = load(&folder("compliant-kubernetes"));
    let choice = workspace.baseline.as_mut().expect("a baseline");
    choice.beside.push(workspace::Beside {
        framework: "nist-800-171r3".to_owned(),
        name: "all".to_owned(),
        because: None,
    });
    let documents = compose(&workspace, &assess(&workspace, false));
    let row = |documents: &[Document], framework: &str, control: &str| {
        matrix_row(documents, &format!("matrix/{framework}"), control)
    };
    // Separation of duties is a part of what SP 800-53 asks for, and what ISO asks for holds more than that.
    assert!(row(&documents, "nist-800-171r3", "03.01.04").contains("met through"));
    let iso = row(&documents, "iso-27001-2022", "A.5.3 ");
    assert!(iso.contains("partly through") && iso.contains("(superset)"), "{iso}");
    assert!(row(&documents, "iso-27001-2022", "A.5.5 ").contains("partly through"));
    let together = row(&documents, "iso-27001-2022", "A.5.18");
    assert!(together.contains("met through") && together.contains("(together)"), "{together}");

    for item in &mut workspace.implementations {
        if ["ac-5", "ps-5"].contains(&item.control.control()) {
            item.status = workspace::ImplementationStatus::Planned;
        }
    }
    let documents = compose(&workspace, &assess(&workspace, false));
    assert!(row(&documents, "nist-800-171r3", "03.01.04").contains("through, unfinished"));
    assert!(row(&documents, "iso-27001-2022", "A.5.3 ").contains("open"), "planned is not yet a part");
    assert!(row(&documents, "iso-27001-2022", "A.5.18").contains("partly through"), "one of those together is missing");
}

#[test]
fn the_matrix_leads_both_ways() {
    let documents = starter(true);
    let row = matrix_row(&documents, "matrix/nist-800-53r5", "AC-6(5)");
    for part in
        ["ssp.md#control-nist-800-53r5-ac-6-5", "audit-pack.md#control-nist-800-53r5-ac-6-5", "rbac-cluster-admin"]
    {
        assert!(row.contains(part), "{row}");
    }
    let text = markdown::render(by_id(&documents, "matrix/nist-800-53r5"));
    let back = text.split("From components to controls").nth(1).expect("the way back");
    let component = back.lines().find(|line| line.contains("component-cluster-access")).expect("a component");
    assert!(component.contains("#row-nist-800-53r5-ac-6-5"), "{component}");
    let benchmark = matrix_row(&documents, "matrix/cis-kubernetes-1.12", "CIS 5.2.2 ");
    assert!(benchmark.contains("pod-privileged"), "{benchmark}");
}

#[test]
fn the_statement_of_applicability_has_every_control_with_a_reason() {
    let documents = starter(true);
    let text = markdown::render(by_id(&documents, "statement-of-applicability"));
    let rows: Vec<&str> = text.lines().filter(|line| line.contains("ISO A.") && line.starts_with('|')).collect();
    assert_eq!(rows.len(), 93);
    assert_eq!(rows.iter().filter(|row| row.contains("| yes |")).count(), 92);
    assert!(rows.iter().any(|row| row.contains("A.8.30") && row.contains("Nothing is developed by others")));
    let managed = load(&folder("managed-cluster"));
    let documents = compose(&managed, &assess(&managed, false));
    assert!(documents.iter().any(|document| document.id == "statement-of-applicability"));
}

#[test]
fn the_responsibility_matrix_can_be_handed_out_alone() {
    let mut workspace = load(&folder("compliant-kubernetes"));
    const SECRET: &str = "Kept-to-ourselves";
    for item in &mut workspace.implementations {
        item.narrative = SECRET.to_owned();
        item.parameters.values_mut().for_each(|value| *value = SECRET.to_owned());
    }
    for exception in &mut workspace.exceptions {
        exception.reason = SECRET.to_owned();
    }
    for component in workspace.components.iter_mut().filter(|one| one.fence == workspace::Fence::Inside) {
        component.title = format!("{SECRET} {}", component.title);
        component.description = SECRET.to_owned();
    }
    let assessment = assess(&workspace, true);
    let documents = compose(&workspace, &assessment);
    let document = by_id(&documents, "responsibilities");
    let text = markdown::render(document);
    assert!(!text.contains(SECRET), "{}", text.lines().find(|line| line.contains(SECRET)).unwrap_or_default());
    assert!(!text.contains(&assessment.clusters[0].digest));
    assert!(document.disclosures.iter().all(|bent| bent.what == "sample evidence"), "{:?}", document.disclosures);
    for finding in &assessment.findings {
        assert!(!text.contains(&finding.id));
    }
    let row = text.lines().find(|line| line.contains("AC-2 Account Management")).expect("a row");
    assert!(row.contains("Answers for it") && row.contains("Identity provider"), "{row}");
    assert_eq!(text.matches("https://").count(), 0, "links lead to nothing that its reader has");
    says_nothing_of_evidence(&workspace, &assessment, &documents);
}

/// A document that shows no evidence on purpose may not say that there is none.
fn says_nothing_of_evidence(workspace: &Workspace, assessment: &Assessment, documents: &[Document]) {
    let rendered = |documents: &[Document], id: &str| {
        let document = by_id(documents, id);
        let site = html::Site { workspace, assessment, documents, downloads: &[] };
        (markdown::render(document), html::render(document, &site), html::index(&site))
    };
    let (text, page, start) = rendered(documents, "responsibilities");
    assert!(!text.contains("| Evidence |") && !page.contains("<dt>Evidence</dt>") && !page.contains("this is a plan"));
    assert!(start.contains("<dt>Evidence</dt>") && start.contains(&assessment.clusters[0].digest));
    let (text, page, _) = rendered(documents, "ssp");
    assert!(text.contains("| Evidence |") && page.contains("<dt>Evidence</dt>") && !page.contains("this is a plan"));
    let alone = [by_id(documents, "responsibilities").clone()];
    let (_, _, start) = rendered(&alone, "responsibilities");
    assert!(!start.contains("these documents are a plan"));
}
