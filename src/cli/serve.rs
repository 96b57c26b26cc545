//! `scopefence serve`: the pages of a workspace in a browser, while it is edited.

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use clap::Args;
use tokio::sync::oneshot;

use super::{
    Exit, Failure, Ui, build,
    evidence::{ClockArguments, Evidence, EvidenceArguments, clock},
    workspace,
};
use crate::{
    assess::{self, History},
    checklist,
    serve::{
        board::Board,
        page::Problem,
        preview::{self, Inputs, Preview},
        server,
        watch::{Change, Watch},
    },
    snapshot,
    workspace::{Diagnostic, Level, MAIN_FILE, Workspace},
};

/// Earlier snapshots are judged anew once nothing was saved for so long: it may take seconds.
const REST: Duration = Duration::from_secs(1);

/// Show the pages in a browser while the workspace is edited
///
/// Every save of TOML, templates or supplied files rebuilds what is shown and loads open pages anew. While the workspace
/// has errors, the pages stay as they were and list them. Nothing is written but what the pages show; Ctrl-C ends it.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Folder of the workspace; the nearest one upward unless given
    dir: Option<PathBuf>,
    #[command(flatten)]
    evidence: EvidenceArguments,
    #[command(flatten)]
    clock: ClockArguments,
    /// Leave the evidence folder alone and show a plan
    #[arg(long, conflicts_with = "evidence")]
    no_evidence: bool,
    /// Only this document, for example `ssp` or `team/platform`; `team` means all of them
    #[arg(long, value_name = "DOC")]
    only: Vec<String>,
    /// Where to listen; port 0 takes any that is free. Whoever reaches an address that is not of this machine alone
    /// can read everything
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8600")]
    address: SocketAddr,
}

pub(super) fn run(arguments: &Arguments, ui: &Ui) -> Result<Exit, Failure> {
    let root = workspace::folder(arguments.dir.as_deref())?;
    let failed = |error: std::io::Error| Failure::new(format_args!("cannot listen on {}: {error}", arguments.address));
    let listener = std::net::TcpListener::bind(arguments.address).map_err(|error| {
        let taken = error.kind() == std::io::ErrorKind::AddrInUse;
        let failure = failed(error);
        match taken {
            true => failure.help(
                "another program listens there, perhaps `scopefence serve` in another window; name another port with \
                 --address, or port 0 for any that is free",
            ),
            false => failure.help("name an address of this machine with --address, for example 127.0.0.1:8600"),
        }
    })?;
    listener.set_nonblocking(true).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    if !address.ip().is_loopback() {
        ui.warn(format_args!("whoever reaches {address} can read everything that the pages show"));
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .max_blocking_threads(8)
        .enable_all()
        .build()
        .map_err(|error| Failure::new(format_args!("cannot start: {error}")))?;
    let board = Board::new();
    let (ready, loaded) = oneshot::channel();
    let worker = Worker {
        board: board.clone(),
        ui: *ui,
        root,
        named: arguments.evidence.evidence.clone(),
        no_evidence: arguments.no_evidence,
        only: arguments.only.clone(),
        as_of: clock(arguments.clock.as_of)?,
        evidence: Arc::default(),
        evidence_is_missing: false,
        history: Arc::default(),
    };
    // It ends with the program: nothing that it does has to be finished.
    std::thread::spawn(move || worker.run(ready));
    let answer = runtime.block_on(async {
        let serve = async {
            loaded.await.unwrap_or_else(|_| Err(Failure::new("the workspace could not be loaded")))?;
            let listener = tokio::net::TcpListener::from_std(listener).map_err(failed)?;
            ui.print(format_args!("http://{address}/"));
            ui.note("following the workspace; Ctrl-C ends this");
            server::run(listener, board).await;
            Ok(Exit::Fine)
        };
        tokio::select! {
            answer = serve => answer,
            () = stopped() => Ok(Exit::Fine),
        }
    });
    runtime.shutdown_background();
    answer
}

/// Ctrl-C, or the signal that asks a program to end.
async fn stopped() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

/// Rebuilds what is shown, once at the start and then at every change.
struct Worker {
    board: Arc<Board>,
    ui: Ui,
    root: PathBuf,
    named: Vec<PathBuf>,
    no_evidence: bool,
    only: Vec<String>,
    as_of: Option<DateTime<Utc>>,
    /// Kept while its files stay the same.
    evidence: Arc<Evidence>,
    /// They could not be read when they last changed.
    evidence_is_missing: bool,
    /// Of the earlier snapshots, as the declarations judged them that were last at rest.
    history: Arc<Mutex<History>>,
}

/// Where the time of a rebuild went.
struct Laps {
    last: Instant,
    parts: Vec<(&'static str, Duration)>,
}

impl Laps {
    fn since(last: Instant) -> Self {
        Self { last, parts: Vec::new() }
    }

    fn lap(&mut self, what: &'static str) {
        self.parts.push((what, self.last.elapsed()));
        self.last = Instant::now();
    }
}

impl std::fmt::Display for Laps {
    /// `noticing 21, declarations 30`, in milliseconds.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, (what, time)) in self.parts.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{what} {}", time.as_millis())?;
        }
        Ok(())
    }
}

/// How far a change reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reach {
    /// Declarations and their judgement stay as they are.
    Templates,
    /// Hand-written declarations.
    Scope,
    /// Anything that declarations name: catalogs, lists, imported results.
    Files,
    /// The snapshots as well.
    Evidence,
}

impl Worker {
    fn run(mut self, ready: oneshot::Sender<Result<(), Failure>>) {
        // What is saved while the first load goes on is a change already.
        let (mut watch, why) = Watch::new(&self.root, &self.named);
        if let Some(why) = why {
            self.ui
                .warn(format_args!("changes are looked for five times a second, since they cannot be watched: {why}"));
        }
        let first = self.first();
        let failed = first.is_err();
        if ready.send(first).is_err() || failed {
            return;
        }
        loop {
            let change = watch.next();
            self.again(&change);
        }
    }

    /// The first load: a folder that is no workspace, or evidence that cannot be read, ends the program.
    fn first(&mut self) -> Result<(), Failure> {
        if !self.root.join(MAIN_FILE).is_file() {
            return Err(workspace::missing(&self.root));
        }
        self.evidence = Arc::new(self.read_evidence()?);
        let generation = self.board.begin();
        let declared = self.declare(generation);
        if let Some(declared) = declared {
            let history = self.evidence.history(&declared.workspace, &self.ui);
            *self.history.lock().unwrap_or_else(PoisonError::into_inner) = history;
            self.evidence.warn_stale(&declared.workspace, &self.ui);
            let problems = declared.problems.clone();
            let inputs = self.inputs(declared, None);
            match self.preview(inputs, None) {
                Ok(pages) => self.show(generation, Arc::new(pages), problems),
                Err(preview::Error::Publish(error)) => return Err(Failure::new(error)),
                Err(error) => self.refuse(generation, refusal(error), problems),
            }
        }
        Ok(())
    }

    fn read_evidence(&self) -> Result<Evidence, Failure> {
        if self.no_evidence { Ok(Evidence::default()) } else { Evidence::choose(&self.root, &self.named, &self.ui) }
    }

    /// What follows from a change of files.
    fn again(&mut self, change: &Change) {
        let mut laps = Laps::since(change.noticed);
        laps.lap("noticing");
        let reach = self.reach(&change.paths);
        let generation = self.board.begin();
        if reach == Reach::Evidence || self.evidence_is_missing {
            match self.read_evidence() {
                Ok(evidence) => {
                    self.evidence = Arc::new(evidence);
                    self.evidence_is_missing = false;
                    laps.lap("evidence");
                }
                Err(failure) => {
                    self.evidence_is_missing = true;
                    self.ui.failure(&failure);
                    let help = failure.remedy().map(str::to_owned);
                    let problem = Problem { help, ..Problem::error(failure.to_string()) };
                    return self.refuse(generation, vec![problem], Vec::new());
                }
            }
        }
        let state = self.board.state();
        let kept = state.pages.as_ref().filter(|_| reach == Reach::Templates).map(|pages| pages.inputs().clone());
        let (inputs, problems) = match kept.filter(|_| !state.is_refused) {
            Some(inputs) => {
                let warnings = state.problems.iter().filter(|problem| problem.level == Level::Warning);
                (inputs, warnings.cloned().collect())
            }
            None => {
                let Some(declared) = self.declare(generation) else { return };
                laps.lap("declarations");
                let problems = declared.problems.clone();
                let earlier = state.pages.as_ref().filter(|_| reach == Reach::Scope);
                let inputs = self.inputs(declared, earlier.map(|pages| pages.inputs()));
                laps.lap("assessment");
                (inputs, problems)
            }
        };
        let before = state.pages.as_ref().and_then(|pages| pages.surroundings());
        match self.preview(inputs, before) {
            Ok(pages) => {
                self.show(generation, Arc::new(pages), problems);
                laps.lap("documents");
                self.ui.note(format_args!("rebuilt in {} ms ({laps})", change.noticed.elapsed().as_millis()));
            }
            Err(error) => self.refuse(generation, refusal(error), problems),
        }
    }

    fn reach(&self, paths: &BTreeSet<PathBuf>) -> Reach {
        let templates = self.root.join("templates");
        let reach = paths.iter().map(|path| {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if self.named.contains(path) || snapshot::is_snapshot_name(name) {
                Reach::Evidence
            } else if path.starts_with(&templates) {
                Reach::Templates
            } else if name.ends_with(".toml") && path.parent().is_some_and(|folder| declares(&self.root, folder)) {
                Reach::Scope
            } else {
                Reach::Files
            }
        });
        reach.max().unwrap_or(Reach::Files)
    }

    /// Loads the declarations; shows what is wrong with them if anything is.
    fn declare(&self, generation: u64) -> Option<Declared> {
        let (found, workspace) = match workspace::read(Some(&self.root), workspace::today(), &self.ui) {
            Ok((_, loaded)) => (loaded.diagnostics, loaded.workspace),
            Err(failure) => {
                self.ui.failure(&failure);
                self.refuse(generation, vec![Problem::error(failure.to_string())], Vec::new());
                return None;
            }
        };
        let problems: Vec<Problem> = found.iter().map(Problem::from).collect();
        let Some(workspace) = workspace else {
            let errors: Vec<Diagnostic> = found.into_iter().filter(|one| one.level() == Level::Error).collect();
            workspace::print(&errors, &self.ui);
            let count = workspace::counted(errors.len(), "error");
            self.ui.note(format_args!("the workspace has {count}; the pages stay as they are"));
            self.refuse(generation, problems, Vec::new());
            return None;
        };
        match checklist::load(Some(&self.root), &workspace.frameworks) {
            Ok(checklists) => Some(Declared { workspace, checklists, problems }),
            Err(errors) => {
                self.ui.failure(&workspace::listed(&errors));
                self.refuse(generation, errors.iter().map(Problem::of_load).collect(), problems);
                None
            }
        }
    }

    /// Assesses the declarations; where `earlier` ones differ in prose alone, theirs will do for the moment.
    fn inputs(&self, declared: Declared, earlier: Option<&Arc<Inputs>>) -> Arc<Inputs> {
        let Declared { workspace, checklists, .. } = declared;
        let shape = preview::shape(&workspace);
        let (assessment, assumed) = match earlier.filter(|earlier| earlier.shape == shape) {
            Some(earlier) => (earlier.assessment.clone(), true),
            None => {
                let history = self.history.lock().unwrap_or_else(PoisonError::into_inner).clone();
                (Arc::new(assess::assess(&workspace, &self.evidence.snapshots, &history, self.as_of)), false)
            }
        };
        let logo = build::logo(&workspace).map_err(|failure| failure.to_string());
        Arc::new(Inputs { workspace, assessment, assumed, shape, checklists, logo })
    }

    fn preview(
        &self,
        inputs: Arc<Inputs>,
        before: Option<Arc<preview::Surroundings>>,
    ) -> Result<Preview, preview::Error> {
        let first = before.is_none();
        let pages = Preview::new(inputs, self.only.clone(), before)?;
        if first {
            pages.whole()?;
        }
        Ok(pages)
    }

    /// Shows new pages, and composes what they do not need at once.
    fn show(&self, generation: u64, pages: Arc<Preview>, problems: Vec<Problem>) {
        self.board.update(generation, |state| {
            state.number += 1;
            state.pages = Some(pages.clone());
            state.problems = problems.clone().into();
            state.is_refused = false;
        });
        let rest = Rest {
            board: self.board.clone(),
            ui: self.ui,
            evidence: self.evidence.clone(),
            history: self.history.clone(),
            as_of: self.as_of,
            only: self.only.clone(),
            generation,
            problems,
        };
        std::thread::spawn(move || rest.run(pages));
    }

    /// Leaves the pages as they are, and lists what stands in the way of newer ones.
    fn refuse(&self, generation: u64, errors: Vec<Problem>, more: Vec<Problem>) {
        refuse(&self.board, generation, errors, more);
    }
}

/// Whether the TOML in a folder is declarations and nothing else.
fn declares(root: &Path, folder: &Path) -> bool {
    folder == root || folder == root.join("controls") || folder.starts_with(root.join("scope"))
}

fn refuse(board: &Board, generation: u64, mut errors: Vec<Problem>, more: Vec<Problem>) {
    errors.extend(more);
    board.update(generation, |state| {
        // Pages whose documents turned out to be wrong make room for those before.
        let sound = state.sound.clone();
        let replaced = matches!((&state.pages, &sound), (Some(pages), Some(sound)) if !Arc::ptr_eq(pages, sound));
        if state.pages.is_none() || replaced {
            state.number += 1;
        }
        state.pages = sound.or_else(|| state.pages.take());
        state.problems = errors.into();
        state.is_refused = true;
    });
}

fn refusal(error: preview::Error) -> Vec<Problem> {
    match error {
        preview::Error::Compose(error) => Problem::of_compose(error),
        other => vec![Problem::error(other.to_string())],
    }
}

/// Declarations without an error.
struct Declared {
    workspace: Workspace,
    checklists: Vec<checklist::Checklist>,
    /// Warnings.
    problems: Vec<Problem>,
}

/// What is left to do once new pages are shown: the documents that nobody asked for, and earlier snapshots as the new
/// declarations judge them.
struct Rest {
    board: Arc<Board>,
    ui: Ui,
    evidence: Arc<Evidence>,
    history: Arc<Mutex<History>>,
    as_of: Option<DateTime<Utc>>,
    only: Vec<String>,
    generation: u64,
    problems: Vec<Problem>,
}

impl Rest {
    fn run(self, pages: Arc<Preview>) {
        let Some(pages) =
            (if pages.inputs().assumed { self.replace(&pages) } else { self.settle(&pages, pages.clone()) })
        else {
            return;
        };
        if self.evidence.older.is_empty() {
            return;
        }
        std::thread::sleep(REST);
        let current = || self.board.is_current(self.generation);
        let workspace = &pages.inputs().workspace;
        let Some(history) = self.evidence.history_while(workspace, &current) else { return };
        let mut known = self.history.lock().unwrap_or_else(PoisonError::into_inner);
        if known.past == history.past || !current() {
            return;
        }
        known.clone_from(&history);
        drop(known);
        self.replace(&pages);
    }

    /// Assesses the same declarations anew, with the history known now.
    fn replace(&self, shown: &Arc<Preview>) -> Option<Arc<Preview>> {
        let history = self.history.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Inputs { workspace, shape, checklists, logo, .. } = &**shown.inputs();
        let assessment = assess::assess(workspace, &self.evidence.snapshots, &history, self.as_of);
        let inputs = Inputs {
            workspace: workspace.clone(),
            assessment: Arc::new(assessment),
            assumed: false,
            shape: shape.clone(),
            checklists: checklists.clone(),
            logo: logo.clone(),
        };
        match Preview::new(Arc::new(inputs), self.only.clone(), None) {
            Ok(exact) => self.settle(shown, Arc::new(exact)),
            Err(error) => self.refuse(refusal(error)),
        }
    }

    /// Composes the whole and puts it in the place of what is shown; open pages are loaded anew only if they differ.
    fn settle(&self, shown: &Arc<Preview>, exact: Arc<Preview>) -> Option<Arc<Preview>> {
        let changed = match shown.recheck(&exact) {
            Ok(changed) => changed,
            Err(error) => {
                if self.board.is_current(self.generation) {
                    self.ui.failure(&Failure::new(&error));
                }
                return self.refuse(Problem::of_compose(error));
            }
        };
        let current = self.board.update(self.generation, |state| {
            state.number += u64::from(changed);
            state.pages = Some(exact.clone());
            state.sound = Some(exact.clone());
        });
        // Pages that somebody asked for during the change.
        if current && !Arc::ptr_eq(shown, &exact) && !changed && shown.recheck(&exact).unwrap_or(true) {
            self.board.update(self.generation, |state| state.number += 1);
        }
        current.then_some(exact)
    }

    fn refuse(&self, errors: Vec<Problem>) -> Option<Arc<Preview>> {
        refuse(&self.board, self.generation, errors, self.problems.clone());
        None
    }
}
