//! Check definitions: TOML data, embedded and the workspace's own, as [`Definition`]s.
//!
//! In: the text of a file with `[[check]]` tables (docs/data-format.md). Out: definitions whose evaluator exists.
//! `workspace` calls [`parse`] for the `[[check]]` tables of a workspace and [`built_in`] to resolve references.

use std::{
    collections::BTreeMap,
    fmt,
    ops::Range,
    sync::{Arc, LazyLock},
};

use serde::{Deserialize, Serialize};

use super::{
    evaluators::{self, Evaluator},
    params::Params,
};
use crate::{
    embedded::CONTROLS,
    workspace::{CheckId, ControlId, Duty, Severity},
};

/// A check as defined, before the workspace overrides it.
#[derive(Debug, Clone, Serialize)]
pub struct Definition {
    /// Identifier.
    pub id: CheckId,
    /// Title, true when the check passes.
    pub title: String,
    /// Severity.
    pub severity: Severity,
    /// Duty it questions.
    pub duty: Duty,
    /// Kinds it needs, as `group/Kind`; the first is its subject.
    pub needs: Vec<String>,
    /// An absent API is a failure instead of not applicable.
    pub required: bool,
    /// Names, labels and kept annotations answer it: lists of which only these were read are no gap.
    pub names_suffice: bool,
    /// The question.
    #[serde(skip)]
    pub evaluator: &'static Evaluator,
    /// What the evaluator is told to expect.
    #[serde(skip)]
    pub(crate) params: Option<Params>,
    /// Why it matters, Markdown.
    pub rationale: String,
    /// What the owner does about a failure, Markdown.
    pub remediation: String,
    /// Controls it serves.
    pub controls: Vec<ControlId>,
}

/// Why a file of checks cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong and what to do, one sentence without a full stop.
    pub message: String,
    /// Where in the text, in bytes.
    pub span: Option<Range<usize>>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    format: u32,
    #[serde(default)]
    check: Vec<toml::Spanned<RawCheck>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct RawCheck {
    id: String,
    title: String,
    severity: RawSeverity,
    duty: RawDuty,
    needs: Vec<String>,
    #[serde(default)]
    required: bool,
    #[serde(default)]
    names_suffice: bool,
    evaluator: toml::Spanned<String>,
    params: Option<toml::Spanned<toml::Table>>,
    rationale: String,
    remediation: String,
    #[serde(default)]
    controls: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum RawSeverity {
    Low,
    Medium,
    High,
    Critical,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum RawDuty {
    Image,
    Configuration,
    Data,
    Availability,
    Access,
    Network,
}

/// Reads the `[[check]]` tables of one file.
///
/// # Errors
/// The first thing that is wrong with it, with its place.
pub fn parse(text: &str) -> Result<Vec<Definition>, Problem> {
    let file: RawFile = toml::from_str(text)
        .map_err(|error| Problem { message: error.message().trim().to_owned(), span: error.span() })?;
    if file.format != 1 {
        return Err(Problem {
            message: format!("format {} is not known to this version; write `format = 1`", file.format),
            span: None,
        });
    }
    file.check
        .into_iter()
        .map(|check| {
            let span = check.span();
            let at = |message: String| Problem { message, span: Some(span.clone()) };
            let raw = check.into_inner();
            if raw.needs.is_empty() {
                return Err(at(format!("check `{}` needs no kind; name its subject in `needs`", raw.id)));
            }
            let evaluator = evaluators::find(raw.evaluator.get_ref()).ok_or_else(|| Problem {
                message: format!(
                    "no evaluator is named `{}`; there are {}",
                    raw.evaluator.get_ref(),
                    evaluators::names().collect::<Vec<_>>().join(", ")
                ),
                span: Some(raw.evaluator.span()),
            })?;
            let params = match (evaluators::takes_params(evaluator), raw.params) {
                (true, Some(table)) => {
                    let span = table.span();
                    let wrong = |why| format!("check `{}`: {why}", raw.id);
                    let params = Params::parse(table.into_inner());
                    Some(params.map_err(|why| Problem { message: wrong(why), span: Some(span) })?)
                }
                (true, None) => {
                    let why = format!("`{}` needs to be told what to expect in `[check.params]`", evaluator.name);
                    return Err(at(why));
                }
                (false, Some(_)) => return Err(at(format!("`{}` takes no `[check.params]`", evaluator.name))),
                (false, None) => None,
            };
            let controls = raw
                .controls
                .iter()
                .flat_map(|(framework, ids)| {
                    ids.iter().map(move |id| ControlId::new(format!("{framework}:{}", id.to_ascii_lowercase())))
                })
                .collect();
            Ok(Definition {
                id: CheckId::new(raw.id),
                title: raw.title,
                severity: match raw.severity {
                    RawSeverity::Low => Severity::Low,
                    RawSeverity::Medium => Severity::Medium,
                    RawSeverity::High => Severity::High,
                    RawSeverity::Critical => Severity::Critical,
                },
                duty: match raw.duty {
                    RawDuty::Image => Duty::Image,
                    RawDuty::Configuration => Duty::Configuration,
                    RawDuty::Data => Duty::Data,
                    RawDuty::Availability => Duty::Availability,
                    RawDuty::Access => Duty::Access,
                    RawDuty::Network => Duty::Network,
                },
                needs: raw.needs,
                required: raw.required,
                names_suffice: raw.names_suffice,
                evaluator,
                params,
                rationale: raw.rationale.trim().to_owned(),
                remediation: raw.remediation.trim().to_owned(),
                controls,
            })
        })
        .collect()
}

/// The checks that travel inside the program, by identifier.
pub fn built_in() -> &'static [Arc<Definition>] {
    static BUILT_IN: LazyLock<Vec<Arc<Definition>>> = LazyLock::new(|| {
        let files = CONTROLS.get_dir("checks").map(|folder| folder.files().collect::<Vec<_>>()).unwrap_or_default();
        let mut checks: Vec<Arc<Definition>> = files
            .into_iter()
            .filter(|file| file.path().extension().is_some_and(|extension| extension == "toml"))
            .filter_map(|file| file.contents_utf8())
            // A unit test parses every embedded file, so nothing is dropped here.
            .filter_map(|text| parse(text).ok())
            .flatten()
            .map(Arc::new)
            .collect();
        checks.sort_by(|a, b| a.id.cmp(&b.id));
        checks
    });
    &BUILT_IN
}

/// Identifiers of the built-in checks, sorted: what a reference to a check may name beside the workspace's own.
pub fn known_ids() -> impl Iterator<Item = &'static str> {
    built_in().iter().map(|check| check.id.as_str())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_embedded_file_parses_and_ids_are_unique() {
        let mut seen = BTreeSet::new();
        for file in CONTROLS.get_dir("checks").expect("controls/checks is embedded").files() {
            let text = file.contents_utf8().expect("UTF-8");
            let checks = parse(text).unwrap_or_else(|problem| panic!("{}: {problem}", file.path().display()));
            for check in checks {
                assert!(seen.insert(check.id.clone()), "{} is defined twice", check.id);
                assert!(!check.controls.is_empty(), "{} serves no control", check.id);
            }
        }
        assert_eq!(seen.len(), built_in().len());
    }

    #[test]
    fn an_unknown_evaluator_is_named_with_its_place() {
        let text = "format = 1\n[[check]]\nid = \"x\"\ntitle = \"t\"\nseverity = \"low\"\nduty = \"image\"\nneeds = [\"Pod\"]\nevaluator = \"nope\"\nrationale = \"r\"\nremediation = \"r\"\n";
        let problem = parse(text).expect_err("no such evaluator");
        assert!(problem.message.contains("no evaluator is named `nope`"), "{problem}");
        let span = problem.span.expect("a place");
        assert_eq!(&text[span], "\"nope\"");
    }
}
