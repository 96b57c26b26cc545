//! What is to be seen now, for everybody who looks: pages and problems.

use std::{sync::Arc, time::SystemTime};

use tokio::sync::watch;

use super::{page::Problem, preview::Preview};

/// What a browser is shown.
#[derive(Clone, Default)]
pub(crate) struct State {
    /// Changes whenever pages have to be loaded anew.
    pub(crate) number: u64,
    /// The newest pages.
    pub(crate) pages: Option<Arc<Preview>>,
    /// The newest pages of which every document is composed, for what `pages` turns out to be unable to show.
    pub(crate) sound: Option<Arc<Preview>>,
    /// What is wrong with the workspace as it is on disk.
    pub(crate) problems: Arc<[Problem]>,
    /// `pages` are older than the workspace, because of an error among the problems.
    pub(crate) is_refused: bool,
    /// Counts the changes of the workspace: what was begun for an earlier one is too late.
    generation: u64,
}

/// One [`State`], and whoever waits for the next.
pub(crate) struct Board {
    state: watch::Sender<State>,
    /// Tells the pages of this run from those of one before.
    run: u128,
}

impl Board {
    pub(crate) fn new() -> Arc<Self> {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Arc::new(Self { state: watch::Sender::new(State::default()), run: since.as_nanos() })
    }

    /// Starts the work for a change of the workspace; the answer goes with everything that comes of it.
    pub(crate) fn begin(&self) -> u64 {
        let mut generation = 0;
        self.state.send_if_modified(|state| {
            state.generation += 1;
            generation = state.generation;
            false
        });
        generation
    }

    /// Whether there was no later change.
    pub(crate) fn is_current(&self, generation: u64) -> bool {
        self.state.borrow().generation == generation
    }

    /// Shows something else, unless there was a later change; says whether it did.
    pub(crate) fn update(&self, generation: u64, change: impl FnOnce(&mut State)) -> bool {
        self.state.send_if_modified(|state| {
            let current = state.generation == generation;
            if current {
                change(state);
            }
            current
        })
    }

    pub(crate) fn state(&self) -> State {
        self.state.borrow().clone()
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<State> {
        self.state.subscribe()
    }

    /// The mark of pages that were loaded at this number.
    pub(crate) fn mark(&self, state: &State) -> String {
        format!("{:x}-{}", self.run, state.number)
    }
}
