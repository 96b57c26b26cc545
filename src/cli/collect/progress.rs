//! How far a collection is, on a terminal; names of lists with `--verbose`.

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::{
    cli::Ui,
    cluster::Event,
    snapshot::{Completeness, ListRecord},
    visible::spelled_out,
};

pub(super) struct Progress<'a> {
    ui: &'a Ui,
    bars: Option<MultiProgress>,
    verbose: bool,
}

pub(super) struct Bar<'a> {
    progress: &'a Progress<'a>,
    bar: Option<ProgressBar>,
    name: String,
}

impl<'a> Progress<'a> {
    pub(super) fn new(ui: &'a Ui, verbose: bool) -> Self {
        Self { ui, bars: ui.progress().then(MultiProgress::new), verbose }
    }

    pub(super) fn bar(&'a self, name: &str) -> Bar<'a> {
        let bar = self.bars.as_ref().map(|bars| {
            let bar = bars.add(ProgressBar::new(0));
            if let Ok(style) = ProgressStyle::with_template("{prefix} {bar:30} {pos}/{len} lists, {msg}") {
                bar.set_style(style);
            }
            bar.set_prefix(spelled_out(name));
            bar
        });
        Bar { progress: self, bar, name: spelled_out(name) }
    }

    pub(super) fn warn(&self, text: String) {
        self.quietly(|| self.ui.warn(text));
    }

    pub(super) fn finish(&self) {
        if let Some(bars) = &self.bars {
            let _ = bars.clear();
        }
    }

    /// Lines and bars must not run into each other.
    fn quietly(&self, print: impl FnOnce()) {
        match &self.bars {
            Some(bars) => bars.suspend(print),
            None => print(),
        }
    }
}

impl Bar<'_> {
    pub(super) fn observe(&self, event: &Event<'_>) {
        match event {
            Event::Discovered(kinds) => {
                if let Some(bar) = &self.bar {
                    bar.set_length(*kinds as u64);
                }
            }
            Event::Listed(record) => {
                if let Some(bar) = &self.bar {
                    bar.inc(1);
                    bar.set_message(spelled_out(&record.resource));
                }
                if self.progress.verbose {
                    self.progress.quietly(|| self.progress.ui.note(line(&self.name, record)));
                }
            }
        }
    }

    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn line(name: &str, record: &ListRecord) -> String {
    let retries = match record.retries {
        0 => String::new(),
        1 => ", 1 request repeated".to_owned(),
        retries => format!(", {retries} requests repeated"),
    };
    let (word, reason) = ending(&record.completeness);
    let reason = if reason.is_empty() { String::new() } else { format!(": {}", spelled_out(reason)) };
    format!("{name}: GET {} {word}, {} objects{retries}{reason}", spelled_out(&record.path), record.count)
}

/// One word for how a list ended, and why.
pub(super) fn ending(completeness: &Completeness) -> (&'static str, &str) {
    match completeness {
        Completeness::Complete => ("complete", ""),
        Completeness::Partial(reason) => ("partial", reason),
        Completeness::Forbidden(reason) => ("forbidden", reason),
        Completeness::Absent => ("not installed", ""),
        Completeness::Failed(reason) => ("failed", reason),
        Completeness::NotCollected => ("not asked", ""),
    }
}
