//! Rights that other authorizers than RBAC grant, as their administrators supply them: no object of the cluster shows
//! them.
//!
//! In: CSV with the columns `kind`, `subject` and `role`, or `verbs` and `resources`; `namespace`; and `authorizer`,
//! `cluster`, `source` and `date` unless they are given beside it. Out: [`GrantList`]s, one an authorizer, cluster, source
//! and date, kept as `evidence/grants/SOURCE-DATE.csv`.
//!
//! Invariant: a file is read as a whole or not at all; what names deceive with is spelled out when they come in.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use chrono::NaiveDate;

use super::{
    csv::{self, Problem, Row, Table},
    diagnostic::Diagnostic,
    supplied,
};
use crate::{sort::Sort, visible::spelled_out};

/// Folder of the workspace that holds the lists.
pub(crate) const FOLDER: &str = "evidence/grants";

/// Rights that one authorizer granted at one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantList {
    /// The authorizer as the API server names its mode: `Webhook`.
    pub authorizer: String,
    /// Identifier of the cluster; `None` for all.
    pub cluster: Option<String>,
    /// Who supplied it: `EKS access entries`.
    pub source: String,
    /// When it was true.
    pub date: NaiveDate,
    /// File within the workspace; empty before it is stored.
    pub file: String,
    /// SHA-256 of the file; empty before it is stored.
    pub digest: String,
    /// Its rows, sorted.
    pub grants: BTreeSet<SuppliedGrant>,
}

/// One right.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SuppliedGrant {
    /// `User`, `Group` or `ServiceAccount`.
    pub kind: String,
    /// Name; of a service account `namespace/name`.
    pub subject: String,
    /// Empty for the whole cluster.
    pub namespace: String,
    /// What it grants.
    pub rights: SuppliedRights,
}

/// What a right grants.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum SuppliedRights {
    /// What the ClusterRole with this name grants.
    Role(String),
    /// These verbs on these resources, as in `[[role.may]]`.
    Verbs {
        /// `get`, `*`.
        verbs: Vec<String>,
        /// `pods`, `deployments.apps`, `*`.
        resources: Vec<String>,
    },
}

/// What a file's rows do not say themselves.
#[derive(Debug, Clone, Default)]
pub(crate) struct Given<'g> {
    pub(crate) authorizer: Option<&'g str>,
    pub(crate) cluster: Option<&'g str>,
    pub(crate) source: Option<&'g str>,
    pub(crate) date: Option<NaiveDate>,
    /// Names of the provider's roles and the ClusterRoles that they equal.
    pub(crate) roles: BTreeMap<String, String>,
}

/// Authorizer, cluster, source and date of a list.
type Key = (String, Option<String>, String, NaiveDate);

/// Reads one file; lists sorted by authorizer, cluster, source and date.
pub(crate) fn parse(bytes: &[u8], given: &Given<'_>) -> Result<Vec<GrantList>, Problem> {
    let table = Table::read(bytes, ["kind", "subject"])?;
    let mut lists: BTreeMap<Key, BTreeSet<SuppliedGrant>> = BTreeMap::new();
    for row in table.rows() {
        let row = row.whole()?;
        let authorizer = row.needed("authorizer", given.authorizer, "which authorizer grants it")?;
        let source = row.needed("source", given.source, "where it is from")?;
        let date = row.date(given.date)?;
        let grant = grant(row, given).map_err(|message| row.problem(message))?;
        let key = (authorizer, row.or_given("cluster", given.cluster), source, date);
        lists.entry(key).or_default().insert(grant);
    }
    if lists.is_empty() {
        return Err(table.without("right"));
    }
    let list = |((authorizer, cluster, source, date), grants)| GrantList {
        authorizer,
        cluster,
        source,
        date,
        file: String::new(),
        digest: String::new(),
        grants,
    };
    Ok(lists.into_iter().map(list).collect())
}

fn grant(row: Row<'_>, given: &Given<'_>) -> Result<SuppliedGrant, String> {
    let cell = |name: &str| row.cell(name);
    const KINDS: [&str; 3] = ["User", "Group", "ServiceAccount"];
    let kind = KINDS.iter().find(|kind| kind.eq_ignore_ascii_case(cell("kind")));
    let kind = kind.ok_or_else(|| {
        format!("`{}` is no kind of subject: User, Group or ServiceAccount", spelled_out(cell("kind")))
    })?;
    let subject = cell("subject");
    if subject.is_empty() {
        return Err("the subject is empty".to_owned());
    }
    if *kind == "ServiceAccount" && subject.split('/').filter(|part| !part.is_empty()).count() != 2 {
        return Err(format!("`{}` is no service account: write `namespace/name`", spelled_out(subject)));
    }
    let words = |text: &str| -> Vec<String> {
        text.split(|c: char| c.is_whitespace() || c == ',' || c == '|')
            .filter(|word| !word.is_empty())
            .map(spelled_out)
            .collect()
    };
    let (verbs, resources) = (words(cell("verbs")), words(cell("resources")));
    let rights = match (cell("role"), verbs.is_empty(), resources.is_empty()) {
        ("", false, false) => SuppliedRights::Verbs { verbs, resources },
        ("", ..) => return Err("it grants nothing: name a `role`, or `verbs` and `resources`".to_owned()),
        (role, true, true) => SuppliedRights::Role(given.roles.get(role).cloned().unwrap_or_else(|| spelled_out(role))),
        _ => return Err("it has a `role`, and verbs or resources besides: write two rows".to_owned()),
    };
    let namespace = spelled_out(cell("namespace"));
    let namespace = if namespace == "*" { String::new() } else { namespace };
    Ok(SuppliedGrant { kind: (*kind).to_owned(), subject: spelled_out(subject), namespace, rights })
}

impl GrantList {
    /// The list as it is stored, without the line of heads.
    fn rows(&self) -> String {
        let date = self.date.to_string();
        let cluster = self.cluster.as_deref().unwrap_or_default();
        let row = |grant: &SuppliedGrant| {
            let (role, verbs, resources) = match &grant.rights {
                SuppliedRights::Role(role) => (role.clone(), String::new(), String::new()),
                SuppliedRights::Verbs { verbs, resources } => (String::new(), verbs.join(" "), resources.join(" ")),
            };
            let SuppliedGrant { kind, subject, namespace, .. } = grant;
            csv::line([
                &self.authorizer,
                cluster,
                kind,
                subject,
                namespace,
                &role,
                &verbs,
                &resources,
                &self.source,
                &date,
            ])
        };
        self.grants.iter().map(row).collect()
    }

    /// Beginning and end of its file's name.
    fn file_name(&self) -> String {
        supplied::file_name(&self.source, self.date)
    }
}

/// Files to store lists in: name and text. Lists of one source and day share a file.
pub(crate) fn files(lists: &[GrantList]) -> BTreeMap<String, String> {
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    for list in lists {
        let head = || {
            csv::line([
                "authorizer",
                "cluster",
                "kind",
                "subject",
                "namespace",
                "role",
                "verbs",
                "resources",
                "source",
                "date",
            ])
        };
        files.entry(list.file_name()).or_insert_with(head).push_str(&list.rows());
    }
    files
}

/// The lists of a workspace, by authorizer, cluster, source and date. One that cannot be read is a diagnostic.
pub(super) fn load(root: &Path, diagnostics: &mut Vec<Diagnostic>) -> Vec<GrantList> {
    let parse = |bytes: &[u8]| parse(bytes, &Given::default());
    let mut lists = Vec::new();
    for stored in supplied::load(root, (FOLDER, ".csv"), "scopefence import grants", parse, diagnostics) {
        let of = |list| GrantList { file: stored.file.clone(), digest: stored.digest.clone(), ..list };
        lists.extend(stored.lists.into_iter().map(of));
    }
    let key = |list: &GrantList| (list.authorizer.clone(), list.cluster.clone(), list.source.clone(), list.date);
    lists.order_by_key(key);
    lists
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given() -> Given<'static> {
        Given {
            authorizer: Some("Webhook"),
            cluster: None,
            source: Some("EKS access entries"),
            date: NaiveDate::from_ymd_opt(2026, 11, 1),
            roles: [("AmazonEKSViewPolicy".to_owned(), "view".to_owned())].into(),
        }
    }

    #[test]
    fn rows_become_rights_and_are_stored_as_they_were_read() {
        let text = b"Kind;Subject;Namespace;Role;Verbs;Resources\n\
            group;admins;*;cluster-admin;;\nUser;ada;shop;AmazonEKSViewPolicy;;\n\
            serviceaccount;ci/deployer;;;get, list;pods deployments.apps\n";
        let lists = parse(text, &given()).expect("a list");
        let [list] = lists.as_slice() else { panic!("one list") };
        let said: Vec<_> = list.grants.iter().map(|it| (&*it.subject, &*it.namespace, it.rights.clone())).collect();
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        assert_eq!(
            said,
            [
                ("admins", "", SuppliedRights::Role("cluster-admin".to_owned())),
                (
                    "ci/deployer",
                    "",
                    SuppliedRights::Verbs {
                        verbs: words(&["get", "list"]),
                        resources: words(&["pods", "deployments.apps"])
                    }
                ),
                ("ada", "shop", SuppliedRights::Role("view".to_owned())),
            ]
        );
        let files = files(&lists);
        let (name, text) = files.first_key_value().expect("a file");
        assert_eq!(name, "eks-access-entries-2026-11-01.csv");
        assert_eq!(parse(text.as_bytes(), &Given::default()).expect("as stored"), lists);
    }

    #[test]
    fn errors_name_the_line() {
        let wrong = |text: &[u8], given: &Given<'_>| {
            let problem = parse(text, given).expect_err("wrong");
            format!("{}: {}", problem.line, problem.message)
        };
        assert!(wrong(b"who,role\n", &given()).contains("it has `who`, `role`"));
        assert!(wrong(b"kind,subject,role\nuser,a\n", &given()).starts_with("2: 2 cells"));
        assert!(wrong(b"kind,subject,role\nrobot,a,view\n", &given()).contains("`robot` is no kind"));
        assert!(wrong(b"kind,subject,role\nserviceaccount,a,view\n", &given()).contains("namespace/name"));
        assert!(wrong(b"kind,subject,role\nuser,a,\n", &given()).contains("grants nothing"));
        assert!(wrong(b"kind,subject,role,verbs\nuser,a,view,get\n", &given()).contains("besides"));
        assert!(wrong(b"kind,subject,role\nuser,a,view\n", &Given::default()).contains("--authorizer"));
        assert!(wrong(b"kind,subject,role\n", &given()).contains("no right"));
        assert!(wrong(b"", &given()).contains("empty"));
    }
}
