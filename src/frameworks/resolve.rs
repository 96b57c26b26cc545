//! From what people write to a control: `AC-6(5)`, `ac-6(5)`, `AC-06(05)`, `A.8.2`, `nist-800-53r5:ac-6.5`.

use std::fmt;

use super::{Framework, Frameworks};
use crate::{sort::Sort, workspace::ControlId};

/// How many near names an [`Unresolved`] offers.
const NEAREST: usize = 3;

/// A text that names no known control.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unresolved {
    /// No framework is named and there is none to fall back on.
    NoFramework {
        /// What was written.
        text: String,
    },
    /// The framework is not known.
    Framework {
        /// The framework as written.
        framework: String,
        /// Known frameworks, nearest first.
        nearest: Vec<String>,
    },
    /// The framework has no such control.
    Control {
        /// The control as written.
        control: String,
        /// Title of the framework searched.
        framework: String,
        /// Controls with a similar identifier, nearest first; may be empty.
        nearest: Vec<ControlId>,
    },
}

impl fmt::Display for Unresolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unresolved::NoFramework { text } => {
                write!(f, "`{text}` names no framework; write it as `framework:control` or choose a baseline")
            }
            Unresolved::Framework { framework, .. } => write!(f, "framework `{framework}` is not known"),
            Unresolved::Control { control, framework, .. } => write!(f, "{framework} has no control `{control}`"),
        }
    }
}

impl std::error::Error for Unresolved {}

impl Unresolved {
    /// Names that may have been meant, nearest first.
    pub fn nearest(&self) -> Vec<&str> {
        match self {
            Unresolved::NoFramework { .. } => Vec::new(),
            Unresolved::Framework { nearest, .. } => nearest.iter().map(String::as_str).collect(),
            Unresolved::Control { nearest, .. } => nearest.iter().map(ControlId::as_str).collect(),
        }
    }
}

pub(super) fn resolve(frameworks: &Frameworks, text: &str, default: Option<&str>) -> Result<ControlId, Unresolved> {
    let (framework, control) = match (text.split_once(':'), default) {
        (Some((framework, control)), _) => (framework.trim(), control.trim()),
        (None, Some(framework)) => (framework, text.trim()),
        (None, None) => return Err(Unresolved::NoFramework { text: text.trim().to_string() }),
    };
    let Some(framework) = frameworks.framework(framework).or_else(|| frameworks.framework(&framework.to_lowercase()))
    else {
        let known = frameworks.ids();
        let nearest = nearest(framework, known, usize::MAX).into_iter().map(str::to_string).collect();
        return Err(Unresolved::Framework { framework: framework.to_string(), nearest });
    };
    match framework.control(&normalize(control)) {
        Some(found) => Ok(found.id.clone()),
        None => Err(Unresolved::Control {
            control: control.to_string(),
            framework: framework.title.clone(),
            nearest: similar(framework, control),
        }),
    }
}

/// Lower case, no white space, enhancements after a dot, no leading zeros: the form of the identifiers in the data.
pub(crate) fn normalize(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    let mut in_number = false;
    while let Some(character) = characters.next() {
        match character {
            '0' if !in_number && characters.peek().is_some_and(char::is_ascii_digit) => continue,
            '(' => out.push('.'),
            ')' => {}
            _ if character.is_whitespace() => {}
            _ => out.extend(character.to_lowercase()),
        }
        in_number = character.is_ascii_digit();
    }
    out
}

fn similar(framework: &Framework, control: &str) -> Vec<ControlId> {
    let wanted = normalize(control);
    let known = framework.controls.iter().filter(|control| !control.withdrawn).map(|control| control.id.control());
    nearest(&wanted, known, 1 + wanted.len() / 3)
        .into_iter()
        .filter_map(|id| framework.control(id))
        .map(|control| control.id.clone())
        .collect()
}

/// The nearest names by edit distance, at most `far` away; among equals the order given.
fn nearest<'a>(wanted: &str, known: impl Iterator<Item = &'a str>, far: usize) -> Vec<&'a str> {
    let mut scored: Vec<(usize, &str)> = known
        .map(|name| (strsim::damerau_levenshtein(wanted, name), name))
        .filter(|(distance, _)| *distance <= far)
        .collect();
    scored.order_by_key(|(distance, _)| *distance);
    scored.into_iter().map(|(_, name)| name).take(NEAREST).collect()
}
