//! What every part of the resolution uses: reporting, required values, references.

use std::{cell::RefCell, collections::BTreeSet, ops::Range, path::Path, sync::Arc};

use chrono::NaiveDate;
use toml::{Spanned, value::Datetime};

use super::{
    super::{
        ComponentId, OrganizationId, Party, PersonId, TeamId,
        code::Code,
        diagnostic::{Diagnostic, nearest},
        parse::{Item, Raw},
        raw::{Date, Flag, Map, Text, Texts},
        source::{Place, Source},
    },
    data::Data,
    index::{Index, Kind},
};

/// What the whole resolution shares.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub root: &'a Path,
    pub today: NaiveDate,
    pub index: &'a Index,
    pub data: &'a Data,
    /// Framework of the baseline, for controls named without one; may be empty.
    pub framework: &'a str,
    /// A FedRAMP package is declared: it asks for statements about rules and indicators, whatever the baseline is.
    pub fedramp: bool,
    /// Every file could be parsed, so what is not there does not exist.
    pub complete: bool,
    pub found: &'a RefCell<Vec<Diagnostic>>,
}

/// One table, or a table within it, while it is resolved.
#[derive(Clone)]
pub(super) struct Table<'a> {
    pub context: Context<'a>,
    source: &'a Arc<Source>,
    span: Range<usize>,
    spoiled: &'a BTreeSet<String>,
    /// What it is, for messages: ``component `ingress` ``.
    what: String,
}

/// Words that a key allows.
pub(super) type Words<T> = &'static [(&'static str, T)];

impl<'a> Context<'a> {
    pub fn table<T>(self, item: &'a Item<T>, what: &str, id: Option<&Text>) -> Table<'a> {
        let what = match id.and_then(Option::as_ref) {
            Some(id) => format!("{what} `{}`", id.get_ref()),
            None => format!("a {what}"),
        };
        Table { context: self, source: &item.source, span: item.span.clone(), spoiled: &item.spoiled, what }
    }

    /// Where to report what the whole workspace lacks: the first line of `scopefence.toml`.
    pub fn main_place(self, raw: &Raw) -> Option<Place> {
        let source = raw.main.clone()?;
        let end = source.text().find('\n').unwrap_or(source.text().len());
        Some(Place { source, span: 0..end })
    }

    pub fn report(self, diagnostic: Diagnostic) {
        self.found.borrow_mut().push(diagnostic);
    }
}

impl<'a> Table<'a> {
    /// A table within this one.
    pub fn within<T>(&self, inner: &Spanned<T>, what: &str) -> Self {
        Table { span: inner.span(), what: format!("{what} of {}", self.what), ..self.clone() }
    }

    /// The same table by another name in messages.
    pub fn named(self, what: &str) -> Self {
        Table { what: what.to_owned(), ..self }
    }

    /// Every key that was written could be read.
    pub fn unspoiled(&self) -> bool {
        self.spoiled.is_empty()
    }

    pub fn what(&self) -> &str {
        &self.what
    }

    pub fn place(&self, span: Range<usize>) -> Place {
        Place { source: Arc::clone(self.source), span }
    }

    /// The table itself.
    pub fn here(&self) -> Place {
        self.place(self.span.clone())
    }

    pub fn at<T>(&self, value: &Spanned<T>) -> Place {
        self.place(value.span())
    }

    pub fn report(&self, diagnostic: Diagnostic) {
        self.context.report(diagnostic);
    }

    /// Reports a missing key, unless it was there and unreadable. All that one table lacks is one diagnostic.
    pub fn missing(&self, key: &str) {
        if self.spoiled.contains(key) {
            return;
        }
        let mut found = self.context.found.borrow_mut();
        let here = self.here();
        // What this table lacks was reported just before.
        let earlier = found.iter_mut().rev().take(32).find(|one| one.code == Code::MissingKey && one.place == here);
        if let Some(earlier) = earlier {
            earlier.message.push_str(&format!(", no `{key}`"));
            earlier.label = "these are required here".to_owned();
        } else {
            let message = format!("{} has no `{key}`", self.what);
            found.push(Diagnostic::new(Code::MissingKey, here, message, format!("`{key}` is required here")));
        }
    }

    /// True if the key was written, readable or not.
    pub fn was_written<T>(&self, key: &str, value: &Option<T>) -> bool {
        value.is_some() || self.spoiled.contains(key)
    }

    /// A required value.
    pub fn required<'v, T>(&self, value: &'v Option<Spanned<T>>, key: &str) -> Option<&'v Spanned<T>> {
        if value.is_none() {
            self.missing(key);
        }
        value.as_ref()
    }

    /// A required text that is not empty.
    pub fn text(&self, value: &Text, key: &str) -> String {
        let Some(value) = self.required(value, key) else { return String::new() };
        if value.get_ref().trim().is_empty() {
            let message = format!("{} has an empty `{key}`", self.what);
            self.report(Diagnostic::new(Code::MissingKey, self.at(value), message, "nothing in here"));
        }
        self.look_for_placeholders(value);
        value.get_ref().trim().to_owned()
    }

    /// A text that may be left out; empty counts as left out.
    pub fn optional(&self, value: &Text) -> Option<String> {
        let value = value.as_ref()?;
        self.look_for_placeholders(value);
        Some(value.get_ref().trim().to_owned()).filter(|text| !text.is_empty())
    }

    /// A list of texts that may be left out.
    pub fn list(&self, values: &Texts) -> Vec<String> {
        each(values).map(|value| value.get_ref().clone()).collect()
    }

    pub fn flag(&self, value: &Flag) -> bool {
        value.as_ref().is_some_and(|value| *value.get_ref())
    }

    pub fn map(&self, values: &Map) -> std::collections::BTreeMap<String, String> {
        values.iter().flatten().for_each(|(_, value)| self.look_for_placeholders(value));
        values.iter().flatten().map(|(key, value)| (key.get_ref().clone(), value.get_ref().clone())).collect()
    }

    /// A required identifier in kebab-case.
    pub fn id(&self, value: &Text) -> String {
        let Some(value) = self.required(value, "id") else { return String::new() };
        let id = value.get_ref();
        let sound = !id.is_empty()
            && id.len() <= 64
            && id
                .split('-')
                .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()));
        if !sound {
            let message = format!("`{id}` is not a kebab-case identifier");
            let kebab = kebab(id);
            let label = "lower-case letters, digits and single hyphens, at most 64";
            let diagnostic = Diagnostic::new(Code::InvalidId, self.at(value), message, label);
            self.report(if kebab.is_empty() || kebab == *id {
                diagnostic
            } else {
                diagnostic.help(format!("for example `{kebab}`"))
            });
        }
        id.clone()
    }

    /// One of a set of words.
    pub fn word<T: Copy>(&self, value: &Text, key: &str, words: Words<T>) -> Option<T> {
        let value = self.required(value, key)?;
        let text = value.get_ref().as_str();
        if let Some((_, found)) = words.iter().find(|(word, _)| *word == text) {
            return Some(*found);
        }
        let all = words.iter().map(|(word, _)| *word);
        let list = all.clone().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
        let help = match nearest(&text.to_lowercase(), all) {
            Some(word) => format!("did you mean `{word}`? Possible are {list}"),
            None => format!("possible are {list}"),
        };
        let message = format!("`{key}` cannot be `{text}`");
        self.report(Diagnostic::new(Code::UnknownValue, self.at(value), message, "not a value of this key").help(help));
        None
    }

    /// One of a set of words, with a default.
    pub fn word_or<T: Copy>(&self, value: &Text, key: &str, words: Words<T>, default: T) -> T {
        if value.is_none() { default } else { self.word(value, key, words).unwrap_or(default) }
    }

    /// A length of time as `30m`, `24h` or `7d`, in minutes.
    pub fn minutes(&self, value: &Text, key: &str) -> Option<u32> {
        let value = value.as_ref()?;
        let text = value.get_ref().trim();
        let unit = match text.chars().last() {
            Some('m') => Some(1),
            Some('h') => Some(60),
            Some('d') => Some(24 * 60),
            _ => None,
        };
        let digits = text.get(..text.len().saturating_sub(1)).unwrap_or_default();
        let minutes = unit.zip(digits.parse::<u32>().ok()).and_then(|(unit, number)| number.checked_mul(unit));
        if minutes.is_none_or(|minutes| minutes == 0) {
            let message = format!("`{key}` cannot be `{text}`");
            self.report(
                Diagnostic::new(Code::UnknownValue, self.at(value), message, "not a length of time")
                    .help("write a number of minutes, hours or days: `30m`, `24h`, `7d`"),
            );
        }
        minutes
    }

    /// A date without a time.
    pub fn date(&self, value: &Date, key: &str) -> Option<NaiveDate> {
        let value = value.as_ref()?;
        let date = day(*value.get_ref());
        if date.is_none() {
            let message = format!("`{key}` takes a date without a time");
            let diagnostic = Diagnostic::new(Code::WrongType, self.at(value), message, "a date and nothing else");
            self.report(diagnostic.help("write it like `2027-05-01`"));
        }
        date
    }

    /// A reference: true if the name exists. Reports a dangling one.
    pub fn refers(&self, kind: Kind, name: &str, span: Range<usize>) -> bool {
        let names = self.context.index.names.get(&kind);
        if names.is_some_and(|names| names.contains_key(name)) {
            return true;
        }
        if self.context.complete && !self.context.index.uncertain.contains(&kind) {
            let message = format!("{} `{name}` does not exist", kind.word());
            let diagnostic = Diagnostic::new(
                Code::DanglingReference,
                self.place(span),
                message,
                format!("no {} has this identifier", kind.word()),
            );
            let near = nearest(name, names.iter().flat_map(|names| names.keys().map(String::as_str)));
            let renamed = self.context.index.renamed.get(&(kind, name.to_owned()));
            let help = match (renamed, near) {
                (Some(new), _) => format!("it was renamed to `{new}`"),
                (None, Some(near)) => format!("did you mean `{near}`?"),
                (None, None) => match names.filter(|names| names.len() <= 8) {
                    Some(names) => {
                        let list: Vec<_> = names.keys().map(|name| format!("`{name}`")).collect();
                        format!("declared are {}", list.join(", "))
                    }
                    None => format!("declare it with `[[{}]]`", kind.table()),
                },
            };
            self.report(diagnostic.help(help));
        }
        false
    }

    /// A reference to a team.
    pub fn team(&self, value: &Text, key: &str) -> TeamId {
        match self.required(value, key) {
            Some(value) => self.team_named(value),
            None => TeamId::new(""),
        }
    }

    pub fn team_named(&self, value: &Spanned<String>) -> TeamId {
        if value.get_ref() == "@owner" {
            self.owner_outside_raci(value);
        } else {
            self.refers(Kind::Team, value.get_ref(), value.span());
        }
        TeamId::new(value.get_ref().as_str())
    }

    fn owner_outside_raci(&self, value: &Spanned<String>) {
        self.report(
            Diagnostic::new(Code::OwnerOutsideRaci, self.at(value), "`@owner` has no meaning here", "whose object?")
                .help("name the team; `@owner` stands only in `r`, `a`, `c` and `i` of an activity"),
        );
    }

    pub fn teams(&self, values: &Texts) -> Vec<TeamId> {
        each(values).map(|value| self.team_named(value)).collect()
    }

    pub fn people(&self, values: &Texts) -> Vec<PersonId> {
        each(values)
            .map(|value| {
                let name = value.get_ref().strip_prefix('@').unwrap_or(value.get_ref());
                if self.refers(Kind::Person, name, value.span()) {
                    self.still_here(name, value);
                }
                PersonId::new(name)
            })
            .collect()
    }

    /// Warns of a person who is named for what they have to do from now on, and has left.
    fn still_here(&self, person: &str, value: &Spanned<String>) {
        let left = self.context.index.person_left.get(person).filter(|left| **left <= self.context.today);
        if let Some(left) = left {
            let message = format!("{} names `{person}`, who left on {left}", self.what);
            self.report(
                Diagnostic::new(Code::LeftStillNamed, self.at(value), message, "no longer here")
                    .help("name whoever took over, or a team, which stays when people leave"),
            );
        }
    }

    /// A person as `@id`, or a team, from whom something is still expected.
    pub fn party(&self, value: &Text, key: &str) -> Party {
        let party = self.party_on_record(value, key);
        if let (Party::Person(person), Some(value)) = (&party, value) {
            self.still_here(person.as_str(), value);
        }
        party
    }

    /// A person as `@id`, or a team, for something that is done.
    pub fn party_on_record(&self, value: &Text, key: &str) -> Party {
        let Some(value) = self.required(value, key) else { return Party::Team(TeamId::new("")) };
        match value.get_ref().strip_prefix('@') {
            Some("owner") => {
                self.owner_outside_raci(value);
                Party::Team(TeamId::new(""))
            }
            Some(person) => {
                self.refers(Kind::Person, person, value.span());
                Party::Person(PersonId::new(person))
            }
            None => Party::Team(self.team_named(value)),
        }
    }

    /// Who approves, or did: an approval on record stays when its author leaves.
    pub fn approver(&self, value: &Text, approved: Option<NaiveDate>) -> Party {
        match approved {
            Some(_) => self.party_on_record(value, "approver"),
            None => self.party(value, "approver"),
        }
    }

    pub fn component(&self, value: &Text, key: &str) -> ComponentId {
        match self.required(value, key) {
            Some(value) => self.component_named(value),
            None => ComponentId::new(""),
        }
    }

    pub fn component_named(&self, value: &Spanned<String>) -> ComponentId {
        self.refers(Kind::Component, value.get_ref(), value.span());
        ComponentId::new(value.get_ref().as_str())
    }

    pub fn optional_component(&self, value: &Text) -> Option<ComponentId> {
        value.as_ref().map(|value| self.component_named(value))
    }

    pub fn organization(&self, value: &Spanned<String>) -> OrganizationId {
        self.refers(Kind::Organization, value.get_ref(), value.span());
        OrganizationId::new(value.get_ref().as_str())
    }

    /// Warns of a date that has passed.
    pub fn passed(&self, value: &Date, date: Option<NaiveDate>, code: Code, message: impl FnOnce() -> String) {
        if let (Some(value), Some(date)) = (value, date)
            && date < self.context.today
        {
            let label = format!("before today, {}", self.context.today);
            self.report(Diagnostic::new(code, self.at(value), message(), label));
        }
    }

    fn look_for_placeholders(&self, value: &Spanned<String>) {
        let Some(placeholder) = placeholder(value.get_ref()) else { return };
        // Escapes and multi-line strings shift positions; point at the word only where the text stands as it is.
        let span = value.span();
        let written = self.source.text().get(span.clone()).unwrap_or_default();
        let span = match written.find(placeholder) {
            Some(at) => span.start + at..span.start + at + placeholder.len(),
            None => span,
        };
        let message = format!("{} still has the placeholder `{placeholder}`", self.what);
        self.report(Diagnostic::new(Code::Placeholder, self.place(span), message, "would be printed"));
    }
}

/// A date that has no time.
pub(super) fn day(value: Datetime) -> Option<NaiveDate> {
    let Datetime { date, time, offset } = value;
    date.filter(|_| time.is_none() && offset.is_none())
        .and_then(|date| NaiveDate::from_ymd_opt(i32::from(date.year), u32::from(date.month), u32::from(date.day)))
}

/// The elements of a list that may be left out.
pub(super) fn each(values: &Texts) -> impl Iterator<Item = &Spanned<String>> {
    values.iter().flat_map(|values| values.get_ref())
}

/// What in a text is meant to be replaced by its author.
fn placeholder(text: &str) -> Option<&str> {
    let word = |word: &str| {
        text.match_indices(word).find_map(|(at, found)| {
            let edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != '-');
            (edge(text[..at].chars().next_back()) && edge(text[at + found.len()..].chars().next())).then_some(found)
        })
    };
    let blank = |name: &str| {
        let at = text.char_indices().map(|(at, _)| at).find(|at| {
            text.as_bytes().get(*at..*at + name.len()).is_some_and(|found| found.eq_ignore_ascii_case(name.as_bytes()))
        })?;
        text.get(at..at + name.len())
    };
    let words = ["TODO", "FIXME", "TBD"].into_iter().find_map(word);
    words.or_else(|| ["<…>", "<...>", "[insert", "[assignment", "[selection"].into_iter().find_map(blank))
}

fn kebab(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if c.is_ascii_uppercase() && out.chars().next_back().is_some_and(|last| last.is_ascii_lowercase()) {
            out.push('-');
        }
        if c.is_ascii_alphanumeric() {
            out.push(c.to_ascii_lowercase());
        } else if !out.is_empty() && !out.ends_with('-') {
            out.push('-');
        }
    }
    out.truncate(64);
    out.trim_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_whole_words() {
        assert_eq!(placeholder("Ask TODO: who?"), Some("TODO"));
        assert_eq!(placeholder("the TODO-list app"), None);
        assert_eq!(placeholder("method <…>"), Some("<…>"));
        assert_eq!(placeholder("every [Assignment: frequency]"), Some("[Assignment"));
        assert_eq!(placeholder("é [Insert name]"), Some("[Insert"));
        assert_eq!(placeholder("a < b > c and <https://a.example>"), None);
    }

    #[test]
    fn kebab_of_anything() {
        assert_eq!(kebab("Ingress Controller"), "ingress-controller");
        assert_eq!(kebab("platformTeam"), "platform-team");
        assert_eq!(kebab("_ä_"), "");
    }
}
