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
    oscal::{
        self,
        validate::{self, File},
    },
    publish::{self, Format, Selection},
    snapshot::{self, Snapshot},
    workspace::{self, Workspace},
};

fn main() {
    divan::main();
}

/// Statements of the full plan: SP 800-53 moderate, some parts a control, each said for three components.
const STATEMENTS: usize = 2_100;

/// The starter, its statements replaced by those of a full plan.
fn full_plan() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let starter = at("scopes/compliant-kubernetes");
    std::fs::create_dir_all(folder.path().join("scope")).expect("a folder");
    std::fs::create_dir_all(folder.path().join("controls")).expect("a folder");
    let scope = std::fs::read_dir(starter.join("scope")).expect("a starter");
    let scope = scope.map(|entry| format!("scope/{}", entry.expect("an entry").file_name().to_string_lossy()));
    for file in scope.chain(["scopefence.toml".to_owned()]) {
        std::fs::copy(starter.join(&file), folder.path().join(&file)).expect("a copy");
    }
    let components = ["control-plane", "cluster-access", "identity-provider"];
    let moderate = &Frameworks::builtin().baseline("nist-800-53r5", "moderate").expect("a baseline").controls;
    let mut plan = String::from("format = 1\n[baseline]\nframework = \"nist-800-53r5\"\nname = \"moderate\"\n");
    for (number, control) in moderate.iter().enumerate() {
        let said = STATEMENTS * (number + 1) / moderate.len() - STATEMENTS * number / moderate.len();
        plan.push_str(&format!(
            "\n[[implementation]]\ncontrol = \"{control}\"\nstatus = \"implemented\"\ncomponents = {components:?}\n\
             team = \"platform\"\nnarrative = \"\"\"\n"
        ));
        for part in 0..said {
            let component = components[part % components.len()];
            plan.push_str(&format!(
                "**Part {}, `{component}`**: the platform team keeps what {control} asks for in Git, reviews each change \
                 by a second person, and compares what runs with what is declared every day; deviations become \
                 findings with an owner.\n\n",
                part / components.len() + 1
            ));
        }
        plan.push_str("\"\"\"\n");
    }
    std::fs::write(folder.path().join("controls/plan.toml"), plan).expect("written");
    folder
}

/// From the folder to the plan as HTML and PDF, and to OSCAL that is valid.
#[divan::bench]
fn full_moderate(bencher: Bencher<'_, '_>) {
    let folder = full_plan();
    let today = NaiveDate::from_ymd_opt(2026, 11, 21).expect("a date");
    let selection =
        Selection { documents: vec!["ssp".to_owned()], formats: [Format::Html, Format::Pdf].into_iter().collect() };
    bencher.bench_local(|| {
        let workspace = workspace::load(folder.path(), today).expect("readable").workspace.expect("sound");
        assert_eq!(workspace.implementations.len(), 287);
        let assessment = assess::assess(&workspace, &[], &History::default(), None);
        let frameworks = Frameworks::load(Some(&workspace.root)).expect("frameworks");
        let checklists = checklist::load(Some(&workspace.root), &frameworks).expect("checklists");
        let documents = document::compose(&workspace, &assessment, &frameworks, &checklists).expect("documents");
        let models = oscal::export(&workspace, &assessment);
        let files: Vec<File> = models.iter().map(|(_, bytes)| File::read(bytes).expect("OSCAL")).collect();
        for file in &files {
            assert_eq!(validate::problems(file, &files, &frameworks), []);
        }
        black_box((models, publish::publish(&workspace, &assessment, documents, None, &selection).expect("files")))
    });
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
