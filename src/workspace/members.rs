//! Members of groups, as the identity provider's administrators supply them: the cluster does not know them.
//!
//! In: CSV with the columns `group` and `person`, and `source` and `date` unless they are given beside it. Out:
//! [`MemberList`]s, one a source and date, kept as `evidence/groups/SOURCE-DATE.csv`.
//!
//! Invariant: a file is read as a whole or not at all; what names deceive with is spelled out when they come in.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::Path,
    sync::Arc,
};

use chrono::NaiveDate;

use super::{
    code::Code,
    csv::{self, Problem},
    diagnostic::Diagnostic,
    read,
    source::{Place, Source},
};
use crate::{digest::sha256_hex, visible::spelled_out};

/// Largest list that is read: a million memberships.
pub(crate) const LARGEST: u64 = 64 << 20;

/// Folder of the workspace that holds the lists.
pub(crate) const FOLDER: &str = "evidence/groups";

/// Members of groups at one day, from one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberList {
    /// Who supplied it: `Entra ID`.
    pub source: String,
    /// When it was true.
    pub date: NaiveDate,
    /// File within the workspace; empty before it is stored.
    pub file: String,
    /// SHA-256 of the file; empty before it is stored.
    pub digest: String,
    /// Group to members: names of people, or of other groups.
    pub groups: BTreeMap<String, BTreeSet<String>>,
}

/// What a file's rows do not say themselves.
#[derive(Debug, Clone, Default)]
pub(crate) struct Given<'g> {
    pub(crate) source: Option<&'g str>,
    pub(crate) date: Option<NaiveDate>,
    /// What the API server puts before the names of groups (`--oidc-groups-prefix`).
    pub(crate) prefix: &'g str,
}

/// Reads one file; lists sorted by source and date.
pub(crate) fn parse(bytes: &[u8], given: &Given<'_>) -> Result<Vec<MemberList>, Problem> {
    let problem = |line: usize, message: String| Problem { line, message };
    let records = csv::records(bytes)?;
    let Some((head, rows)) = records.split_first() else {
        return Err(problem(1, "it is empty: the first line names the columns `group` and `person`".to_owned()));
    };
    let column = |name: &str| head.cells.iter().position(|cell| cell.eq_ignore_ascii_case(name));
    let (Some(group), Some(person)) = (column("group"), column("person")) else {
        let found = head.cells.iter().map(|cell| format!("`{}`", spelled_out(cell))).collect::<Vec<_>>().join(", ");
        let message = format!("its first line needs the columns `group` and `person`; it has {found}");
        return Err(problem(head.line, message));
    };
    let (source, date) = (column("source"), column("date"));
    let mut lists: BTreeMap<(String, NaiveDate), BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
    let mut raw_groups: BTreeSet<&str> = BTreeSet::new();
    raw_groups.extend(rows.iter().filter_map(|row| row.cells.get(group)).map(String::as_str));
    for row in rows {
        if row.cells.len() != head.cells.len() {
            let (found, wanted) = (row.cells.len(), head.cells.len());
            return Err(problem(row.line, format!("{found} cells where the first line has {wanted}")));
        }
        let cell = |column: Option<usize>| column.and_then(|at| row.cells.get(at)).map(String::as_str).unwrap_or("");
        let (group, person) = (cell(Some(group)), cell(Some(person)));
        if group.is_empty() || person.is_empty() {
            return Err(problem(row.line, "the group or the person is empty".to_owned()));
        }
        let source = Some(cell(source)).filter(|text| !text.is_empty()).or(given.source).ok_or_else(|| {
            problem(row.line, "nothing says where it is from: give --source, or a column `source`".to_owned())
        })?;
        let date = match cell(date) {
            "" => given.date.ok_or_else(|| {
                problem(row.line, "nothing says of which day it is: give --date, or a column `date`".to_owned())
            })?,
            text => NaiveDate::parse_from_str(text, "%Y-%m-%d")
                .map_err(|_| problem(row.line, format!("`{}` is no date like 2026-11-21", spelled_out(text))))?,
        };
        let named = |name: &str| format!("{}{}", given.prefix, spelled_out(name));
        // A member that is a group of the same file is that group.
        let member = if raw_groups.contains(person) { named(person) } else { spelled_out(person) };
        let list = lists.entry((spelled_out(source), date)).or_default();
        list.entry(named(group)).or_default().insert(member);
    }
    if lists.is_empty() {
        return Err(problem(head.line, "it names no member: there is nothing below its first line".to_owned()));
    }
    let list =
        |((source, date), groups)| MemberList { source, date, file: String::new(), digest: String::new(), groups };
    Ok(lists.into_iter().map(list).collect())
}

impl MemberList {
    /// The list as it is stored.
    pub(crate) fn text(&self) -> String {
        let date = self.date.to_string();
        let mut text = csv::line(["group", "person", "source", "date"]);
        for (group, members) in &self.groups {
            for member in members {
                text.push_str(&csv::line([group.as_str(), member, &self.source, &date]));
            }
        }
        text
    }

    /// Name of its file: `entra-id-2026-11-21.csv`.
    pub(crate) fn file_name(&self) -> String {
        file_name(&self.source, self.date)
    }

    /// People in a group, nested groups resolved; circles end.
    pub fn people<'l>(&'l self, group: &'l str) -> BTreeSet<&'l str> {
        let mut seen = BTreeSet::from([group]);
        let mut open = vec![group];
        let mut people = BTreeSet::new();
        while let Some(group) = open.pop() {
            for member in self.groups.get(group).into_iter().flatten() {
                if !self.groups.contains_key(member) {
                    people.insert(member.as_str());
                } else if seen.insert(member) {
                    open.push(member);
                }
            }
        }
        people
    }
}

/// Name of the file of what a source supplied on a day.
pub(crate) fn file_name(source: &str, date: NaiveDate) -> String {
    let mut name = String::new();
    for c in source.chars().flat_map(char::to_lowercase) {
        if c.is_ascii_alphanumeric() {
            name.push(c);
        } else if !name.is_empty() && !name.ends_with('-') {
            name.push('-');
        }
    }
    let name = Some(name.trim_matches('-')).filter(|name| !name.is_empty()).unwrap_or("list");
    format!("{name}-{date}.csv")
}

/// The lists of a workspace, by source and date. One that cannot be read is a diagnostic.
pub(super) fn load(root: &Path, diagnostics: &mut Vec<Diagnostic>) -> Vec<MemberList> {
    let Ok(entries) = fs::read_dir(root.join(FOLDER)) else { return Vec::new() };
    let mut names: Vec<String> =
        entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.retain(|name| name.ends_with(".csv") && !name.starts_with('.'));
    names.sort();
    let mut lists = Vec::new();
    for name in names {
        let file = format!("{FOLDER}/{name}");
        match stored(&root.join(&file)) {
            Ok((found, digest)) => lists.extend(found.into_iter().map(|list| MemberList {
                file: file.clone(),
                digest: digest.clone(),
                ..list
            })),
            Err(why) => {
                let place = Place { source: Source::new(file.clone(), String::new()), span: 0..0 };
                let message = format!("`{file}` cannot be used: {why}");
                diagnostics.push(
                    Diagnostic::new(
                        Code::InvalidData,
                        Place { source: Arc::clone(&place.source), ..place },
                        message,
                        "here",
                    )
                    .help("import the list anew with `scopefence import groups`, or remove the file"),
                );
            }
        }
    }
    lists.sort_by(|a, b| (&a.source, a.date).cmp(&(&b.source, b.date)));
    lists
}

fn stored(path: &Path) -> Result<(Vec<MemberList>, String), String> {
    let bytes = bytes(path).map_err(|error| read::plain(&error))?;
    let lists =
        parse(&bytes, &Given::default()).map_err(|problem| format!("line {}: {}", problem.line, problem.message))?;
    Ok((lists, sha256_hex(&bytes)))
}

/// The bytes of a list.
///
/// # Errors
/// When it cannot be read, or is larger than any list that a cluster needs.
pub(crate) fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    let size = fs::metadata(path)?.len();
    if size > LARGEST {
        return Err(io::Error::other(format!(
            "it has {} MB, and at most {} MB are read: export only the groups that the cluster knows",
            size >> 20,
            LARGEST >> 20
        )));
    }
    fs::read(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given() -> Given<'static> {
        Given { source: Some("Entra ID"), date: NaiveDate::from_ymd_opt(2026, 11, 1), prefix: "oidc:" }
    }

    #[test]
    fn nested_groups_resolve_and_circles_end() {
        let lists = parse(b"\xef\xbb\xbfGroup,Person\nall,dev\ndev,Ada\ndev,all\nall,Bob\n", &given()).expect("a list");
        let [list] = lists.as_slice() else { panic!("one list") };
        assert_eq!(list.people("oidc:all"), BTreeSet::from(["Ada", "Bob"]));
        assert_eq!(list.people("oidc:nobody").len(), 0);
        assert_eq!(list.file_name(), "entra-id-2026-11-01.csv");
        let again = parse(list.text().as_bytes(), &Given::default()).expect("as stored");
        assert_eq!(again, lists);
    }

    #[test]
    fn columns_say_source_and_date_and_errors_name_the_line() {
        let text = b"person;group;date;source\nAda;dev;2026-10-01;HR\nAda;dev;2026-11-01;HR\n";
        let lists = parse(text, &Given::default()).expect("lists");
        assert_eq!(lists.iter().map(|list| list.date.to_string()).collect::<Vec<_>>(), ["2026-10-01", "2026-11-01"]);
        let wrong = |text: &[u8], given: &Given<'_>| {
            let problem = parse(text, given).expect_err("wrong");
            format!("{}: {}", problem.line, problem.message)
        };
        assert!(wrong(b"team,who\n", &given()).contains("it has `team`, `who`"));
        assert!(wrong(b"group,person\na\n", &given()).starts_with("2: 1 cells where"));
        assert!(wrong(b"group,person\na,b\n", &Given::default()).contains("--source"));
        assert!(wrong(b"group,person,date\na,b,yesterday\n", &given()).contains("no date like"));
        assert!(wrong(b"group,person\n", &given()).contains("no member"));
        assert!(wrong(b"", &given()).contains("empty"));
    }

    #[test]
    fn what_deceives_is_spelled_out() {
        let lists = parse("group,person\ndev,E\u{202e}ve\n".as_bytes(), &given()).expect("a list");
        assert_eq!(lists[0].people("oidc:dev"), BTreeSet::from(["E[U+202E]ve"]));
    }
}
