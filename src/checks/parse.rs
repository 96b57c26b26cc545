//! Reads the `[[check]]` tables of one file.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::{
    Addressee, Definition, Problem, Question, Subject, known_evaluators,
    params::Params,
    rules::{AskedOf, LeaveOut, RawRules, Rules},
};
use crate::{
    tables,
    workspace::{CheckId, ControlId, Duty, Severity, diagnostic::nearest},
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    format: u32,
    #[serde(default)]
    check: Vec<Spanned<RawCheck>>,
}

/// A workspace's file may have tables of other kinds beside its checks; they are read elsewhere.
#[derive(Deserialize)]
struct RawWorkspaceFile {
    #[serde(default)]
    check: Vec<Spanned<RawCheck>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct RawCheck {
    id: String,
    title: String,
    severity: Severity,
    duty: Duty,
    needs: Vec<String>,
    #[serde(default)]
    needs_any: Vec<String>,
    #[serde(default)]
    required: bool,
    #[serde(default)]
    names_suffice: bool,
    evaluator: Option<Spanned<String>>,
    #[serde(default)]
    subject: AskedOf,
    /// What is asked about, in the plural.
    subjects: Option<String>,
    leave_out: Option<LeaveOut>,
    r#match: Option<Spanned<String>>,
    params: Option<Spanned<toml::Table>>,
    #[serde(default)]
    variable: Vec<RawVariable>,
    #[serde(default)]
    rule: Vec<RawRule>,
    rationale: String,
    remediation: String,
    #[serde(default)]
    controls: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    prevented_by: Vec<String>,
    #[serde(default)]
    addressee: Addressee,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct RawVariable {
    pub(super) name: Spanned<String>,
    pub(super) expression: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct RawRule {
    pub(super) expression: Spanned<String>,
    pub(super) message: Option<String>,
    pub(super) message_expression: Option<Spanned<String>>,
}

/// Which evaluators may be named.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Names {
    /// Any: the embedded files say what there is.
    Any,
    /// Those of the built-in checks.
    Known,
}

/// Reads the `[[check]]` tables of one file of a workspace; its other tables are left alone.
///
/// # Errors
/// Everything that is wrong with its expressions, else the first thing that is wrong with its tables, with their places.
pub fn parse(text: &str) -> Result<Vec<Definition>, Vec<Problem>> {
    let file: RawWorkspaceFile = tables::from_str(text).map_err(malformed)?;
    definitions(text, file.check, Names::Known)
}

/// Reads one file that has checks only.
pub(super) fn read(text: &str, names: Names) -> Result<Vec<Definition>, Vec<Problem>> {
    let file: RawFile = tables::from_str(text).map_err(malformed)?;
    if file.format != 1 {
        let message = format!("format {} is not known to this version; write `format = 1`", file.format);
        return Err(vec![Problem { message, help: None, span: None, subject: Subject::Data }]);
    }
    definitions(text, file.check, names)
}

fn malformed(error: tables::Error) -> Vec<Problem> {
    let message = error.message().trim().to_owned();
    vec![Problem { message, help: None, span: error.span(), subject: Subject::Data }]
}

fn definitions(text: &str, checks: Vec<Spanned<RawCheck>>, names: Names) -> Result<Vec<Definition>, Vec<Problem>> {
    let mut all = Vec::new();
    let mut problems = Vec::new();
    for check in checks {
        match definition(text, check, names) {
            Ok(definition) => all.push(definition),
            Err(mut found) => problems.append(&mut found),
        }
    }
    if problems.is_empty() { Ok(all) } else { Err(problems) }
}

fn definition(text: &str, check: Spanned<RawCheck>, names: Names) -> Result<Definition, Vec<Problem>> {
    let span = check.span();
    let problem =
        |message: String, span| vec![Problem { message, help: None, span: Some(span), subject: Subject::Data }];
    let wrong = |message: String| problem(message, span.clone());
    let raw = check.into_inner();
    if raw.needs.is_empty() {
        return Err(wrong(format!("check `{}` needs no kind; name its subject in `needs`", raw.id)));
    }
    let question = match (raw.evaluator, raw.rule.is_empty()) {
        (Some(name), true) => {
            let name = evaluator(name, names)?;
            // What evaluators of settings are told has a form of its own.
            let params = match (name.ends_with("-setting"), raw.params) {
                (true, Some(table)) => {
                    let span = table.span();
                    let params = Params::parse(table.into_inner());
                    let message = |why| format!("check `{}`: {why}", raw.id);
                    Some(params.map_err(|why| problem(message(why), span))?)
                }
                (true, None) => {
                    return Err(wrong(format!("`{name}` needs to be told what to expect in `[check.params]`")));
                }
                (false, Some(_)) => return Err(wrong(format!("`{name}` takes no `[check.params]`"))),
                (false, None) => None,
            };
            Question::Named { name, params }
        }
        (None, false) => {
            let rules = RawRules {
                subject: raw.subject,
                subjects: raw.subjects,
                leave_out: raw.leave_out,
                asked: raw.r#match,
                params: raw.params.map(Spanned::into_inner).unwrap_or_default(),
                variables: raw.variable,
                rules: raw.rule,
            };
            Question::Rules(Rules::compile(rules, &raw.needs, text, &span)?.into())
        }
        (Some(_), false) => {
            return Err(wrong(format!("check `{}` has both an `evaluator` and rules; one of them answers it", raw.id)));
        }
        (None, true) => {
            return Err(wrong(format!("check `{}` asks nothing; give it a `[[check.rule]]`", raw.id)));
        }
    };
    Ok(Definition {
        id: CheckId::new(raw.id),
        title: raw.title,
        severity: raw.severity,
        duty: raw.duty,
        needs: raw.needs,
        needs_any: raw.needs_any,
        required: raw.required,
        names_suffice: raw.names_suffice,
        question,
        rationale: raw.rationale.trim().to_owned(),
        remediation: raw.remediation.trim().to_owned(),
        controls: ControlId::of_table(&raw.controls),
        prevented_by: raw.prevented_by.into_iter().map(CheckId::new).collect(),
        addressee: raw.addressee,
    })
}

fn evaluator(name: Spanned<String>, names: Names) -> Result<String, Vec<Problem>> {
    if names == Names::Any {
        return Ok(name.into_inner());
    }
    let known = known_evaluators();
    if known.contains(name.get_ref().as_str()) {
        return Ok(name.into_inner());
    }
    let help = match nearest(name.get_ref(), known.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("there are {}", known.into_iter().collect::<Vec<_>>().join(", ")),
    };
    Err(vec![Problem {
        message: format!("no evaluator is named `{}`", name.get_ref()),
        help: Some(help),
        span: Some(name.span()),
        subject: Subject::Data,
    }])
}
