//! One file's text becomes raw tables, with every type error of the file at its exact span.
//!
//! Serde stops at the first error. So each table is deserialized by itself; on an error the diagnostic is recorded at
//! its span, the node at that span is removed, and the table is tried again. Keys lost this way are remembered in
//! [`Item::spoiled`], so that nobody reports them as missing as well.

use std::{collections::BTreeSet, ops::Range, sync::Arc};

use serde::de::DeserializeOwned;
use toml::{
    Spanned,
    de::{DeArray, DeTable, DeValue},
};

use super::{
    code::Code,
    diagnostic::{Diagnostic, nearest},
    raw,
    source::{Place, Source},
};
use crate::tables;

/// Format version that this program reads.
const FORMAT: i64 = 1;

/// Errors of one table after which the rest of it is not looked at.
const PATIENCE: usize = 64;

/// Values deserialized again, over all tries of one table: a list of a million wrong values shows fewer errors.
const WORK: usize = 4_000_000;

/// One table as written.
#[derive(Debug)]
pub(super) struct Item<T> {
    pub source: Arc<Source>,
    /// Its header, or the whole of an inline table.
    pub span: Range<usize>,
    pub raw: T,
    /// Keys that were there but could not be read.
    pub spoiled: BTreeSet<String>,
}

macro_rules! raw_tables {
    (one { $($one:ident $one_name:literal: $one_type:ty,)* } many { $($many:ident $many_name:literal: $many_type:ty,)* }) => {
        /// All tables of a workspace.
        #[derive(Debug, Default)]
        pub(super) struct Raw {
            /// `scopefence.toml`, where what is missing is reported.
            pub main: Option<Arc<Source>>,
            /// Files with frameworks, checks, checklists or projections, which other stages read.
            pub data_files: Vec<Arc<Source>>,
            /// Those of them that declare checks.
            pub check_files: BTreeSet<String>,
            pub languages: Vec<(Arc<Source>, Spanned<String>)>,
            /// Tables that stand somewhere but could not be read at all.
            pub unreadable: BTreeSet<&'static str>,
            $(pub $one: Vec<Item<$one_type>>,)*
            $(pub $many: Vec<Item<$many_type>>,)*
        }

        /// Names of all tables of a workspace.
        const TABLES: &[&str] = &["format", "language", $($one_name,)* $($many_name,)*];

        impl Raw {
            fn table(&mut self, key: &str, value: Spanned<DeValue<'_>>, file: &mut File<'_>) -> bool {
                match key {
                    $($one_name => match file.one($one_name, value) {
                        Some(item) => self.$one.push(item),
                        None => {
                            self.unreadable.insert($one_name);
                        }
                    },)*
                    $($many_name => {
                        if !file.many($many_name, value, &mut self.$many) {
                            self.unreadable.insert($many_name);
                        }
                    },)*
                    _ => return false,
                }
                true
            }
        }
    };
}

raw_tables! {
    one {
        system "system": raw::System,
        control "document-control": raw::DocumentControl,
        style "style": raw::Style,
        policy "policy": raw::Policy,
        acronyms "acronyms": std::collections::BTreeMap<String, Spanned<String>>,
        baseline "baseline": raw::Baseline,
        fedramp "fedramp": raw::Fedramp,
    }
    many {
        organizations "organization": raw::Organization,
        authorizations "authorization": raw::Authorization,
        teams "team": raw::Team,
        people "person": raw::Person,
        rotas "rota": raw::Rota,
        clusters "cluster": raw::Cluster,
        roles "role": raw::Role,
        components "component": raw::Component,
        interfaces "interface": raw::Interface,
        connections "connection": raw::Connection,
        node_access "node-access": raw::NodeAccess,
        activities "activity": raw::Activity,
        cryptography "cryptography": raw::Cryptography,
        lifecycles "lifecycle": raw::Lifecycle,
        provider_settings "provider-setting": raw::ProviderSetting,
        assessments "assessment": raw::Assessment,
        implementations "implementation": raw::Implementation,
        check_overrides "check-override": raw::CheckOverride,
        exceptions "exception": raw::Exception,
        poam "poam": raw::Poam,
        result_mappings "result-mapping": raw::ResultMapping,
    }
}

/// Tables of the workspace's own frameworks, checks, checklists and projections (`docs/data-format.md`), which the
/// stages that use them read. A file of a framework, its baselines or texts, or of a checklist is theirs as a whole.
const DATA_TABLES: &[&str] = &["framework", "control", "check", "checklist", "section", "kind"];

/// Adds the tables of one file. False when the file could not be parsed at all.
pub(super) fn file(source: &Arc<Source>, raw: &mut Raw, diagnostics: &mut Vec<Diagnostic>) -> bool {
    let text = source.text();
    let root = match DeTable::parse(text) {
        Ok(root) => root.into_inner(),
        Err(error) => {
            let span = syntax_span(text, error.span());
            let place = Place { source: Arc::clone(source), span };
            diagnostics.push(
                Diagnostic::new(Code::Syntax, place, format!("`{}` is not valid TOML", source.path()), error.message())
                    .help("references are checked once every file can be parsed"),
            );
            return false;
        }
    };
    let mut file = File { source, diagnostics };
    file.format(&root);
    let data = root.contains_key("framework") || root.contains_key("checklist");
    if DATA_TABLES.iter().any(|table| root.contains_key(*table)) {
        raw.data_files.push(Arc::clone(source));
    }
    if root.contains_key("check") {
        raw.check_files.insert(source.path().to_owned());
    }
    for (key, value) in root {
        let name: &str = key.get_ref();
        if name == "format" || data || DATA_TABLES.contains(&name) {
            continue;
        }
        if name == "language" {
            match value.get_ref().as_str() {
                Some(language) => {
                    raw.languages.push((Arc::clone(source), Spanned::new(value.span(), language.to_owned())));
                }
                None => {
                    let node = Node { key: name.to_owned(), element: false, value: value.get_ref().clone() };
                    file.wrong_type(&node, value.span(), "a text");
                }
            }
        } else if !raw.table(name, value, &mut file) {
            file.unknown_key(name, key.span(), TABLES.iter().copied());
        }
    }
    true
}

/// A span that shows something: an error at the end of the text points at its last line.
fn syntax_span(text: &str, span: Option<Range<usize>>) -> Range<usize> {
    let span = span.unwrap_or(0..0);
    let start = floor(text, span.start.min(text.len()));
    let end = floor(text, span.end.clamp(start, text.len()));
    if start == text.len() && start > 0 {
        let end = text.trim_end().len();
        let line = text[..end].rfind('\n').map_or(0, |at| at + 1);
        return line..end.max(line);
    }
    start..end
}

fn floor(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

struct File<'a> {
    source: &'a Arc<Source>,
    diagnostics: &'a mut Vec<Diagnostic>,
}

impl File<'_> {
    fn place(&self, span: Range<usize>) -> Place {
        Place { source: Arc::clone(self.source), span }
    }

    fn format(&mut self, root: &DeTable<'_>) {
        let path = self.source.path();
        let Some((key, value)) = root.get_key_value("format") else {
            let place = self.place(0..self.source.text().find('\n').unwrap_or(self.source.text().len()));
            let what = if root.is_empty() { "has no declarations and no" } else { "does not say its" };
            self.diagnostics.push(
                Diagnostic::new(Code::Format, place, format!("`{path}` {what} format"), "expected before this")
                    .help("write `format = 1` as the first line"),
            );
            return;
        };
        let _ = key;
        let number = value.get_ref().as_integer().and_then(|n| i64::from_str_radix(n.as_str(), n.radix()).ok());
        let diagnostic = match number {
            Some(FORMAT) => return,
            Some(n) if n > FORMAT => Diagnostic::new(
                Code::Format,
                self.place(value.span()),
                format!("`{path}` has format {n}, which is newer than this program"),
                format!("this scopefence reads format {FORMAT}"),
            )
            .help("update scopefence"),
            _ => Diagnostic::new(
                Code::Format,
                self.place(value.span()),
                format!("`{path}` names a format that does not exist"),
                "not a format",
            )
            .help("write `format = 1`"),
        };
        self.diagnostics.push(diagnostic);
    }

    /// False when any of the tables could not be read at all.
    fn many<T: DeserializeOwned>(
        &mut self,
        table: &'static str,
        value: Spanned<DeValue<'_>>,
        into: &mut Vec<Item<T>>,
    ) -> bool {
        let span = value.span();
        match value.into_inner() {
            DeValue::Array(values) => {
                let (wanted, before) = (values.len(), into.len());
                into.extend(values.into_iter().filter_map(|value| self.item(table, value)));
                into.len() - before == wanted
            }
            other => {
                let place = self.place(span);
                let message = format!("`{table}` is a list of tables, not {}", kind(&other));
                self.diagnostics.push(
                    Diagnostic::new(Code::WrongType, place, message, "one of possibly several")
                        .help(format!("write `[[{table}]]`")),
                );
                false
            }
        }
    }

    fn one<T: DeserializeOwned>(&mut self, table: &'static str, value: Spanned<DeValue<'_>>) -> Option<Item<T>> {
        if let DeValue::Array(values) = value.get_ref() {
            let span = values.first().map_or(value.span(), Spanned::span);
            let message = format!("`{table}` stands once in a workspace, not as a list");
            self.diagnostics.push(
                Diagnostic::new(Code::WrongType, self.place(span), message, "a list of tables")
                    .help(format!("write `[{table}]`")),
            );
            return None;
        }
        self.item(table, value)
    }

    fn item<T: DeserializeOwned>(&mut self, table: &'static str, value: Spanned<DeValue<'_>>) -> Option<Item<T>> {
        let span = value.span();
        let mut value = value;
        let mut spoiled = BTreeSet::new();
        if !value.get_ref().is_table() {
            let node = Node { key: table.to_owned(), element: false, value: value.into_inner() };
            self.wrong_type(&node, span, "a table");
            return None;
        }
        let tries = (WORK / count(value.get_ref()).max(1)).clamp(2, PATIENCE);
        for _ in 0..tries {
            let error = match tables::from_value::<T>(value.clone()) {
                Ok(raw) => return Some(Item { source: Arc::clone(self.source), span, raw, spoiled }),
                Err(error) => error,
            };
            let found = error.span().and_then(|at| remove(table, &mut value, &at).map(|node| (at, node)));
            let Some((at, node)) = found else {
                let at = error.span().unwrap_or_else(|| span.clone());
                let message = format!("`{table}` cannot be read: {}", error.message());
                self.diagnostics.push(Diagnostic::new(Code::WrongType, self.place(at), message, "in this table"));
                return None;
            };
            match error.message().strip_prefix("unknown field ") {
                Some(rest) => {
                    let known: Vec<_> = rest.split('`').skip(1).step_by(2).skip(1).collect();
                    spoiled.extend(self.unknown_key(&node.key, at, known));
                }
                None => {
                    let expected = error.message().rsplit_once(", expected ").map_or("another type", |(_, what)| what);
                    self.wrong_type(&node, at, expected_words(expected));
                }
            }
            spoiled.insert(node.key);
        }
        None
    }

    /// Reports a key that does not exist, and returns the one that was probably meant.
    fn unknown_key<'k>(
        &mut self,
        key: &str,
        span: Range<usize>,
        known: impl IntoIterator<Item = &'k str>,
    ) -> Option<String> {
        let mut known: Vec<_> = known.into_iter().collect();
        known.sort_unstable();
        let meant = nearest(&key.replace('_', "-"), known.iter().copied());
        let place = self.place(span);
        let help = match meant {
            Some(name) => format!("did you mean `{name}`?"),
            None => format!("possible here: {}", known.join(", ")),
        };
        let message = format!("unknown key `{key}`");
        self.diagnostics.push(Diagnostic::new(Code::UnknownKey, place, message, "no such key here").help(help));
        meant.map(str::to_owned)
    }

    fn wrong_type(&mut self, node: &Node<'_>, span: Range<usize>, expected: &str) {
        let (key, found) = (&node.key, kind(&node.value));
        let place = self.place(span);
        if key == "a" && node.value.is_array() {
            let message = "an activity has exactly one accountable team, not a list of them";
            self.diagnostics.push(
                Diagnostic::new(Code::RaciAccountable, place, message, "name one")
                    .help("write `a = \"team\"` and name the others in `r` or `c`"),
            );
            return;
        }
        let takes = if node.element { format!("each of `{key}` is") } else { format!("`{key}` takes") };
        let (message, label) = if found == expected {
            (format!("{takes} {expected} within limits"), "out of range".to_owned())
        } else {
            (format!("{takes} {expected}, not {found}"), format!("{found}, expected {expected}"))
        };
        let help = match (expected, &node.value) {
            ("a list", DeValue::String(_)) => Some("put it in brackets: `[\"…\"]`"),
            ("a list", DeValue::Table(_)) => Some("write a table that may be repeated with double brackets: `[[…]]`"),
            ("a date", DeValue::String(_)) => Some("write the date without quotes: `2027-05-01`"),
            _ => None,
        };
        let diagnostic = Diagnostic::new(Code::WrongType, place, message, label);
        self.diagnostics.push(match help {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        });
    }
}

struct Node<'i> {
    key: String,
    /// It was one of a list.
    element: bool,
    value: DeValue<'i>,
}

/// Takes the key, value or list element at exactly this span out of the tree.
fn remove<'i>(key: &str, value: &mut Spanned<DeValue<'i>>, at: &Range<usize>) -> Option<Node<'i>> {
    match value.get_mut() {
        DeValue::Table(table) => {
            let hit = table.iter().find(|(key, value)| key.span() == *at || value.span() == *at);
            if let Some(key) = hit.map(|(key, _)| key.get_ref().to_string()) {
                let value = table.remove(key.as_str())?.into_inner();
                return Some(Node { key, element: false, value });
            }
            table.iter_mut().find_map(|(key, value)| remove(key.get_ref(), value, at))
        }
        DeValue::Array(values) => {
            if let Some(index) = values.iter().position(|value| value.span() == *at) {
                let (mut hit, rest): (Vec<_>, Vec<_>) = std::mem::replace(values, DeArray::new())
                    .into_iter()
                    .enumerate()
                    .partition(|(position, _)| *position == index);
                rest.into_iter().for_each(|(_, value)| values.push(value));
                return hit.pop().map(|(_, value)| Node {
                    key: key.to_owned(),
                    element: true,
                    value: value.into_inner(),
                });
            }
            values.iter_mut().find_map(|value| remove(key, value, at))
        }
        _ => None,
    }
}

/// How many values there are in a value.
fn count(value: &DeValue<'_>) -> usize {
    match value {
        DeValue::Table(table) => 1 + table.values().map(|value| count(value.get_ref())).sum::<usize>(),
        DeValue::Array(values) => 1 + values.iter().map(|value| count(value.get_ref())).sum::<usize>(),
        _ => 1,
    }
}

/// The type of a value, in words.
fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// The type that serde expected, in the same words as [`kind`].
fn expected_words(expected: &str) -> &str {
    match expected {
        "a string" => "a text",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "u16" | "u32" => "a whole number",
        other if other.contains("datetime") => "a date",
        other if other.starts_with("struct ") || other == "a map" => "a table",
        other => other,
    }
}
