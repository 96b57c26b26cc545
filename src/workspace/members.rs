//! Members of groups, as the identity provider's administrators supply them: the cluster does not know them.
//!
//! In: CSV with the columns `group` and `person`, and `source` and `date` unless they are given beside it. Out:
//! [`MemberList`]s, one a source and date, kept as `evidence/groups/SOURCE-DATE.csv`.
//!
//! Invariant: a file is read as a whole or not at all; what names deceive with is spelled out when they come in.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use chrono::NaiveDate;

use super::{
    csv::{self, Problem, Table},
    diagnostic::Diagnostic,
    supplied,
};
use crate::{sort::Sort, visible::spelled_out};

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
    let table = Table::read(bytes, ["group", "person"])?;
    let mut lists: BTreeMap<(String, NaiveDate), BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
    let raw_groups: BTreeSet<&str> = table.rows().map(|row| row.cell("group")).collect();
    for row in table.rows() {
        let row = row.whole()?;
        let (group, person) = (row.cell("group"), row.cell("person"));
        if group.is_empty() || person.is_empty() {
            return Err(row.problem("the group or the person is empty".to_owned()));
        }
        let source = row.needed("source", given.source, "where it is from")?;
        let date = row.date(given.date)?;
        let named = |name: &str| format!("{}{}", given.prefix, spelled_out(name));
        // A member that is a group of the same file is that group.
        let member = if raw_groups.contains(person) { named(person) } else { spelled_out(person) };
        let list = lists.entry((source, date)).or_default();
        list.entry(named(group)).or_default().insert(member);
    }
    if lists.is_empty() {
        return Err(table.without("member"));
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
        supplied::file_name(&self.source, self.date)
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

/// The lists of a workspace, by source and date. One that cannot be read is a diagnostic.
pub(super) fn load(root: &Path, diagnostics: &mut Vec<Diagnostic>) -> Vec<MemberList> {
    let parse = |bytes: &[u8]| parse(bytes, &Given::default());
    let mut lists = Vec::new();
    for stored in supplied::load(root, (FOLDER, ".csv"), "scopefence import groups", parse, diagnostics) {
        let of = |list| MemberList { file: stored.file.clone(), digest: stored.digest.clone(), ..list };
        lists.extend(stored.lists.into_iter().map(of));
    }
    lists.order_by(|a, b| (&a.source, a.date).cmp(&(&b.source, b.date)));
    lists
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
