//! Frameworks and checks that a workspace may name: those in the program and its own.

use std::{collections::BTreeSet, path::Path, sync::Arc};

use super::super::{
    code::Code,
    diagnostic::Diagnostic,
    parse::Raw,
    source::{Place, Source},
};
use crate::{
    checks::{self, Definition, Subject, reads::Placed},
    cluster::projection::Projections,
    frameworks::Frameworks,
};

/// What controls and checks can be named.
pub(super) struct Data {
    pub frameworks: Frameworks,
    /// The workspace's own checks.
    pub own_checks: Vec<Arc<Definition>>,
    pub check_ids: BTreeSet<String>,
    /// Every framework and check file could be read, so what is not there does not exist.
    pub complete: bool,
}

impl Data {
    pub fn load(root: &Path, raw: &Raw, diagnostics: &mut Vec<Diagnostic>) -> Self {
        let before = diagnostics.len();
        let frameworks = Frameworks::load(Some(root)).unwrap_or_else(|errors| {
            for error in errors {
                let path = error.file.to_string_lossy().replace('\\', "/");
                // A file that is not even TOML has been reported as that.
                if diagnostics.iter().any(|diagnostic| diagnostic.place.source.path() == path) {
                    continue;
                }
                let source = raw.data_files.iter().find(|source| source.path() == path).cloned();
                let source = source.unwrap_or_else(|| Source::new(path, ""));
                diagnostics.push(unusable(&source, error.span, &error.message));
            }
            Frameworks::builtin().clone()
        });
        let mut own_checks: Vec<Arc<Definition>> = Vec::new();
        let mut projections = projections(root, raw, diagnostics);
        for source in raw.data_files.iter().filter(|source| raw.check_files.contains(source.path())) {
            match checks::parse(source.text()) {
                Ok(found) => {
                    for check in found {
                        if own_checks.iter().any(|known| known.id == check.id) {
                            let message = format!("check `{}` is declared twice", check.id);
                            diagnostics.push(unusable(source, None, &message));
                        }
                        let refused = projections.widen(&check).into_iter();
                        diagnostics.extend(refused.map(|(placed, why)| not_collected(source, placed, why)));
                        own_checks.push(Arc::new(check));
                    }
                }
                Err(problems) => diagnostics.extend(problems.into_iter().map(|problem| wrong(source, problem))),
            }
        }
        let mut check_ids: BTreeSet<String> = checks::known_ids().map(str::to_owned).collect();
        check_ids.extend(own_checks.iter().map(|check| check.id.to_string()));
        for (check, cause) in own_checks.iter().flat_map(|check| check.prevented_by.iter().map(move |it| (check, it))) {
            if !check_ids.contains(cause.as_str()) {
                diagnostics.extend(no_cause(raw, check, cause.as_str()));
            }
        }
        Self { frameworks, own_checks, check_ids, complete: diagnostics.len() == before }
    }
}

impl Data {
    /// The check of this name that is in force.
    pub fn definition(&self, id: &str) -> Option<&Definition> {
        let mut all = self.own_checks.iter().chain(checks::built_in());
        all.find(|check| check.id.as_str() == id).map(Arc::as_ref)
    }
}

/// What the workspace's own projection files keep.
fn projections(root: &Path, raw: &Raw, diagnostics: &mut Vec<Diagnostic>) -> Projections {
    Projections::of_files(root).unwrap_or_else(|error| {
        let path = error.file.strip_prefix(root).unwrap_or(&error.file).to_string_lossy().replace('\\', "/");
        // A file that is not even TOML has been reported as that.
        if !diagnostics.iter().any(|diagnostic| diagnostic.place.source.path() == path) {
            let source = raw.data_files.iter().find(|source| source.path() == path).cloned();
            let source = source.unwrap_or_else(|| Source::new(path, ""));
            diagnostics.push(unusable(&source, None, &error.message));
        }
        Projections::builtin().cloned().unwrap_or_default()
    })
}

fn not_collected(source: &Arc<Source>, placed: &Placed, why: String) -> Diagnostic {
    let place = Place { source: Arc::clone(source), span: placed.place.clone() };
    Diagnostic::new(Code::NotCollected, place, why, "read here")
}

/// A check names another that is not there as what prevents it.
fn no_cause(raw: &Raw, check: &Definition, cause: &str) -> Option<Diagnostic> {
    let written = format!("\"{cause}\"");
    let mut sources = raw.data_files.iter().filter(|source| raw.check_files.contains(source.path()));
    let (source, at) = sources.find_map(|source| Some((source, source.text().find(&written)?)))?;
    let message = format!("`prevented-by` of `{}` names no check: `{cause}`", check.id);
    Some(unusable(source, Some(at..at + written.len()), &message))
}

fn wrong(source: &Arc<Source>, problem: checks::Problem) -> Diagnostic {
    match (problem.subject, problem.span) {
        (Subject::Expression, Some(span)) => {
            let place = Place { source: Arc::clone(source), span };
            let diagnostic = Diagnostic::new(Code::InvalidExpression, place, problem.message, "in this expression");
            match problem.help {
                Some(help) => diagnostic.help(help),
                None => diagnostic,
            }
        }
        (_, span) => {
            let diagnostic = unusable(source, span, &problem.message);
            match problem.help {
                Some(help) => diagnostic.help(help),
                None => diagnostic,
            }
        }
    }
}

fn unusable(source: &Arc<Source>, span: Option<std::ops::Range<usize>>, message: &str) -> Diagnostic {
    let place = Place { source: Arc::clone(source), span: span.unwrap_or(0..source.text().find('\n').unwrap_or(0)) };
    Diagnostic::new(Code::InvalidData, place, format!("`{}` cannot be used: {message}", source.path()), "here")
        .help("docs/data-format.md describes frameworks, checks and other data")
}
