//! The sample build, stage by stage and as a whole: both starters, all documents, all formats.
//!
//! `cargo bench --bench build`. The whole build has to stay well under a second.

use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use divan::{Bencher, black_box};
use scopefence::{
    assess::{self, Assessment, History},
    checklist::{self, Checklist},
    document::{self, Document},
    frameworks::Frameworks,
    publish::{self, Format, Selection},
    snapshot::{self, Snapshot},
    workspace::{self, Workspace},
};

fn main() {
    divan::main();
}

/// Starter, and the evidence that its build rests on.
const STARTERS: [(&str, Option<&str>); 2] = [
    ("scopes/compliant-kubernetes", Some("scopes/samples/platform.snapshot.jsonl.zst")),
    ("scopes/managed-cluster", None),
];

fn at(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn declared(starter: &str) -> Workspace {
    let today = NaiveDate::from_ymd_opt(2026, 11, 21).expect("a date");
    let loaded = workspace::load(&at(starter), today).expect("a workspace");
    loaded.workspace.expect("a sound workspace")
}

fn observed(sample: Option<&str>) -> Vec<Snapshot> {
    sample.iter().map(|sample| snapshot::read(&at(sample)).expect("a snapshot")).collect()
}

struct Inputs {
    workspace: Workspace,
    assessment: Assessment,
    frameworks: Frameworks,
    checklists: Vec<Checklist>,
}

fn inputs(starter: &str, sample: Option<&str>) -> Inputs {
    let workspace = declared(starter);
    let assessment = assess::assess(&workspace, &observed(sample), &History::default(), None);
    let frameworks = Frameworks::load(Some(&workspace.root)).expect("frameworks");
    let checklists = checklist::load(Some(&workspace.root), &frameworks).expect("checklists");
    Inputs { workspace, assessment, frameworks, checklists }
}

impl Inputs {
    fn compose(&self) -> Vec<Document> {
        document::compose(&self.workspace, &self.assessment, &self.frameworks, &self.checklists).expect("documents")
    }

    fn publish(&self, documents: Vec<Document>, formats: &[Format]) -> usize {
        let selection = Selection { documents: Vec::new(), formats: formats.iter().copied().collect() };
        publish::publish(&self.workspace, &self.assessment, documents, None, &selection).expect("files").bytes()
    }
}

#[divan::bench]
fn both_starters_all_formats() -> usize {
    STARTERS
        .iter()
        .map(|(starter, sample)| {
            let inputs = inputs(starter, *sample);
            let documents = inputs.compose();
            inputs.publish(documents, &Format::ALL)
        })
        .sum()
}

#[divan::bench]
fn declare() -> Workspace {
    declared(black_box(STARTERS[0].0))
}

#[divan::bench]
fn assess(bencher: Bencher<'_, '_>) {
    let workspace = declared(STARTERS[0].0);
    let snapshots = observed(STARTERS[0].1);
    bencher.bench(|| assess::assess(&workspace, &snapshots, &History::default(), None));
}

#[divan::bench]
fn compose(bencher: Bencher<'_, '_>) {
    let inputs = inputs(STARTERS[0].0, STARTERS[0].1);
    bencher.bench(|| inputs.compose());
}

#[divan::bench(args = [Format::Html, Format::Pdf, Format::Md, Format::Csv, Format::Xlsx])]
fn render(bencher: Bencher<'_, '_>, format: Format) {
    let inputs = inputs(STARTERS[0].0, STARTERS[0].1);
    bencher.with_inputs(|| inputs.compose()).bench_values(|documents| inputs.publish(documents, &[format]));
}
