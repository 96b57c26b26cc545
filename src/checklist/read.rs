//! Reads checklist files. In: TOML text and the frameworks that its controls name. Out: a checked [`Checklist`].

use std::{collections::BTreeSet, path::Path};

use serde::Deserialize;

use super::{Answer, Checklist, Question, Section};
use crate::{
    embedded,
    frameworks::{Frameworks, LoadError, is_toml, workspace_files},
    sort::Sort,
    tables,
};

/// Where the files are, below `controls/`.
const FOLDER: &str = "checklists";

/// Lines for a text answer unless the question says.
const LINES: u8 = 3;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    format: u32,
    checklist: RawChecklist,
    #[serde(default)]
    section: Vec<RawSection>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawChecklist {
    id: String,
    title: String,
    audience: String,
    summary: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSection {
    id: String,
    title: String,
    intro: String,
    #[serde(default)]
    question: Vec<RawQuestion>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawQuestion {
    id: String,
    text: String,
    hint: String,
    answer: RawAnswer,
    choices: Option<Vec<String>>,
    lines: Option<u8>,
    #[serde(default)]
    controls: Vec<String>,
}

#[derive(Deserialize, Clone, Copy, PartialEq)]
#[serde(rename_all = "kebab-case")]
enum RawAnswer {
    YesNo,
    Text,
    Date,
    Choice,
}

/// The checklists that travel in the program, sorted by file.
pub fn builtin() -> Vec<Checklist> {
    let mut files: Vec<_> = embedded::CONTROLS.get_dir(FOLDER).map(|dir| dir.files().collect()).unwrap_or_default();
    files.order_by_key(|file| file.path());
    files
        .into_iter()
        .filter(|file| is_toml(file.path()))
        .filter_map(|file| parse(file.path(), file.contents_utf8()?, Frameworks::builtin()).ok())
        .collect()
}

/// The built-in checklists and those in `controls/checklists/` of a workspace. One of the workspace replaces the
/// built-in one with the same identifier. All errors at once.
pub fn load(workspace: Option<&Path>, frameworks: &Frameworks) -> Result<Vec<Checklist>, Vec<LoadError>> {
    let mut list = builtin();
    let mut errors = Vec::new();
    let Some(root) = workspace else { return Ok(list) };
    for (file, text) in workspace_files(root, FOLDER).map_err(|error| vec![error])? {
        match parse(&file, &text, frameworks) {
            Ok(own) => match list.iter_mut().find(|known| known.id == own.id) {
                Some(known) => *known = own,
                None => list.push(own),
            },
            Err(found) => errors.extend(found),
        }
    }
    if errors.is_empty() { Ok(list) } else { Err(errors) }
}

/// One file, checked; all of its errors at once.
pub(super) fn parse(file: &Path, text: &str, frameworks: &Frameworks) -> Result<Checklist, Vec<LoadError>> {
    let raw: RawFile = tables::from_str(text).map_err(|error| vec![LoadError::toml(file, &error)])?;
    let mut errors = Vec::new();
    if raw.format != 1 {
        errors.push(LoadError::new(file, format!("format {} is not known; this program reads format 1", raw.format)));
    }
    let RawChecklist { id, title, audience, summary } = raw.checklist;
    if file.file_stem().is_none_or(|stem| stem != id.as_str()) {
        errors.push(LoadError::new(file, format!("the checklist's id is `{id}`; name the file `{id}.toml`")));
    }
    let mut seen = BTreeSet::new();
    let mut sections = Vec::with_capacity(raw.section.len());
    for section in raw.section {
        if !seen.insert(section.id.clone()) {
            errors.push(LoadError::new(file, format!("id `{}` occurs twice; rename one", section.id)));
        }
        let mut questions = Vec::with_capacity(section.question.len());
        for question in section.question {
            if !seen.insert(question.id.clone()) {
                errors.push(LoadError::new(file, format!("id `{}` occurs twice; rename one", question.id)));
            }
            match check(question, frameworks) {
                Ok(question) => questions.push(question),
                Err(messages) => errors.extend(messages.into_iter().map(|message| LoadError::new(file, message))),
            }
        }
        sections.push(Section { id: section.id, title: section.title, intro: section.intro, questions });
    }
    if errors.is_empty() { Ok(Checklist { id, title, audience, summary, sections }) } else { Err(errors) }
}

fn check(raw: RawQuestion, frameworks: &Frameworks) -> Result<Question, Vec<String>> {
    let mut errors = Vec::new();
    let id = raw.id;
    if raw.choices.is_some() && raw.answer != RawAnswer::Choice {
        errors.push(format!("question {id} has `choices`, but its answer is not `choice`"));
    }
    if raw.lines.is_some() && raw.answer != RawAnswer::Text {
        errors.push(format!("question {id} has `lines`, but its answer is not `text`"));
    }
    let answer = match raw.answer {
        RawAnswer::YesNo => Answer::YesNo,
        RawAnswer::Text => Answer::Text(raw.lines.unwrap_or(LINES).max(1)),
        RawAnswer::Date => Answer::Date,
        RawAnswer::Choice => Answer::Choice(raw.choices.unwrap_or_default()),
    };
    if matches!(&answer, Answer::Choice(choices) if choices.len() < 2) {
        errors.push(format!("question {id} is answered by `choice` and needs at least two `choices`"));
    }
    let mut controls = Vec::with_capacity(raw.controls.len());
    for text in &raw.controls {
        match frameworks.resolve(text, None) {
            Ok(control) => controls.push(control),
            Err(error) => errors.push(match error.nearest().first() {
                Some(near) => format!("question {id}: {error}; did you mean `{near}`?"),
                None => format!("question {id}: {error}"),
            }),
        }
    }
    if errors.is_empty() { Ok(Question { id, text: raw.text, hint: raw.hint, answer, controls }) } else { Err(errors) }
}
