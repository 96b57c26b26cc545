//! Checklists: question sets for audits of providers, applications and the organization.
//!
//! In: `controls/checklists/*.toml`, those that travel in the program and those of a workspace. Out: [`Checklist`]s,
//! built-in ones first, each kind sorted by file.
//!
//! Invariant: question identifiers are unique within a checklist, and every control exists in its framework.

mod read;

use serde::Serialize;

use crate::workspace::ControlId;

pub use read::{builtin, load};

/// A question set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Checklist {
    /// Identifier, the file's stem: `provider`.
    pub id: String,
    /// Title.
    pub title: String,
    /// Who asks whom.
    pub audience: String,
    /// What it is for and how to use it.
    pub summary: String,
    /// Sections in order.
    pub sections: Vec<Section>,
}

/// Questions on one topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Section {
    /// Identifier, unique in the checklist.
    pub id: String,
    /// Title.
    pub title: String,
    /// What the section is after.
    pub intro: String,
    /// Questions in order.
    pub questions: Vec<Question>,
}

/// One question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Question {
    /// Identifier, unique in the checklist and never reused: `T-01`.
    pub id: String,
    /// The question.
    pub text: String,
    /// What a good answer shows.
    pub hint: String,
    /// How it is answered.
    pub answer: Answer,
    /// Controls that the answer serves.
    pub controls: Vec<ControlId>,
}

/// How a question is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// Yes, no or not applicable.
    YesNo,
    /// Free text of about this many lines.
    Text(u8),
    /// A date.
    Date,
    /// One of these.
    Choice(Vec<String>),
}

impl Checklist {
    /// Every question, in order.
    pub fn questions(&self) -> impl Iterator<Item = &Question> {
        self.sections.iter().flat_map(|section| &section.questions)
    }
}

#[cfg(test)]
mod tests;
