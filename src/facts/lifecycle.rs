//! Until when versions are supported, as their makers publish it.
//!
//! In: the embedded folder `controls/lifecycle` and the `[[lifecycle]]` tables of the workspace, which are asked first.
//! Out: for a version as a cluster reports it, the [`Support`] that a [`Table`] knows of.
//!
//! Invariant: a version that no table knows is unknown, never supported.

use std::sync::LazyLock;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    embedded::CONTROLS,
    ownership::pattern::{self, Pattern},
    tables,
    workspace::{Lifecycle, Product, Workspace},
};

/// How long a version is supported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Support {
    /// Release line, for example `Kubernetes 1.36`.
    pub title: String,
    /// First day.
    pub released: Option<NaiveDate>,
    /// Last day of support.
    pub end: NaiveDate,
    /// Days from the assessment's clock to the end; negative once it is past.
    pub days_left: i64,
    /// Who published the date.
    pub source: String,
    /// When the table was compared with its source; `None` for a declaration of the workspace.
    pub checked: Option<NaiveDate>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    format: u32,
    table: RawTable,
    lifecycle: Vec<RawRelease>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTable {
    source: String,
    checked: toml::value::Datetime,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRelease {
    product: RawProduct,
    title: String,
    versions: Vec<String>,
    released: Option<toml::value::Datetime>,
    end: toml::value::Datetime,
    source: Option<String>,
    checked: Option<toml::value::Datetime>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum RawProduct {
    Kubernetes,
    Runtime,
    OperatingSystem,
}

/// One release line of a table.
#[derive(Debug, Clone)]
struct Line {
    product: Product,
    versions: Vec<Pattern>,
    title: String,
    released: Option<NaiveDate>,
    end: NaiveDate,
    source: String,
    checked: Option<NaiveDate>,
}

impl Line {
    fn declared(lifecycle: &Lifecycle) -> Self {
        Self {
            product: lifecycle.product,
            versions: Pattern::list(&lifecycle.versions),
            title: lifecycle.title.clone(),
            released: lifecycle.released,
            end: lifecycle.end,
            source: lifecycle.source.clone(),
            checked: None,
        }
    }
}

fn date(value: &toml::value::Datetime) -> Result<NaiveDate, String> {
    let date = value.date.ok_or_else(|| format!("{value} is not a date"))?;
    NaiveDate::from_ymd_opt(date.year.into(), date.month.into(), date.day.into())
        .ok_or_else(|| format!("{value} is not a date"))
}

fn parse(text: &str) -> Result<Vec<Line>, String> {
    let file: RawFile = tables::from_str(text).map_err(|error| error.to_string())?;
    if file.format != 1 {
        return Err(format!("format {} is not known", file.format));
    }
    let checked = date(&file.table.checked)?;
    let line = |raw: RawRelease| {
        Ok(Line {
            product: match raw.product {
                RawProduct::Kubernetes => Product::Kubernetes,
                RawProduct::Runtime => Product::Runtime,
                RawProduct::OperatingSystem => Product::OperatingSystem,
            },
            versions: Pattern::list(&raw.versions),
            title: raw.title,
            released: raw.released.as_ref().map(date).transpose()?,
            end: date(&raw.end)?,
            source: raw.source.unwrap_or_else(|| file.table.source.clone()),
            checked: Some(raw.checked.as_ref().map(date).transpose()?.unwrap_or(checked)),
        })
    };
    file.lifecycle.into_iter().map(line).collect()
}

fn embedded() -> &'static [Line] {
    static LINES: LazyLock<Vec<Line>> = LazyLock::new(|| {
        let files = CONTROLS.get_dir("lifecycle").map(|folder| folder.files().collect::<Vec<_>>()).unwrap_or_default();
        // A unit test parses every embedded file, so nothing is dropped here.
        files.into_iter().filter_map(|file| parse(file.contents_utf8()?).ok()).flatten().collect()
    });
    &LINES
}

/// What is known of versions at one moment.
pub(crate) struct Table {
    declared: Vec<Line>,
    today: NaiveDate,
}

impl Table {
    /// The workspace's declarations before the embedded tables, at the assessment's clock.
    pub(crate) fn new(workspace: &Workspace, as_of: DateTime<Utc>) -> Self {
        Self { declared: workspace.lifecycles.iter().map(Line::declared).collect(), today: as_of.date_naive() }
    }

    /// How long a version is supported; `None` when no table knows it.
    pub(crate) fn support(&self, product: Product, version: &str) -> Option<Support> {
        let mut lines = self.declared.iter().chain(embedded());
        let line = lines.find(|line| line.product == product && pattern::any(&line.versions, version))?;
        Some(Support {
            title: line.title.clone(),
            released: line.released,
            end: line.end,
            days_left: (line.end - self.today).num_days(),
            source: line.source.clone(),
            checked: line.checked,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::testing::{moment, workspace};

    #[test]
    fn every_embedded_table_parses_and_no_line_hides_another() {
        for file in CONTROLS.get_dir("lifecycle").expect("controls/lifecycle is embedded").files() {
            let name = file.path().display();
            let lines = parse(file.contents_utf8().expect("UTF-8")).unwrap_or_else(|why| panic!("{name}: {why}"));
            for line in &lines {
                assert!(line.released.is_none_or(|released| released < line.end), "{}", line.title);
                assert!(line.source.starts_with("https://"), "{}", line.title);
            }
        }
        let known = |product, version: &str| {
            embedded().iter().filter(|line| line.product == product && pattern::any(&line.versions, version)).count()
        };
        assert_eq!(known(Product::Kubernetes, "v1.36.2"), 1);
        assert_eq!(known(Product::Kubernetes, "v1.33.1-eks-1234"), 1);
        assert_eq!(known(Product::Runtime, "containerd://2.1.4"), 1);
        assert_eq!(known(Product::OperatingSystem, "Ubuntu 24.04.3 LTS"), 1);
        assert_eq!(known(Product::OperatingSystem, "Amazon Linux 2023.6.20241010"), 0);
    }

    #[test]
    fn a_version_that_no_table_knows_is_unknown_until_the_workspace_declares_it() {
        let mut workspace = workspace(Vec::new());
        let support = |workspace: &Workspace, version| {
            Table::new(workspace, moment()).support(Product::Kubernetes, version).map(|support| support.days_left)
        };
        assert_eq!(support(&workspace, "v1.36.2"), Some(219));
        assert_eq!(support(&workspace, "v1.34.6"), Some(-25));
        assert_eq!(support(&workspace, "v1.99.0"), None);
        workspace.lifecycles.push(Lifecycle {
            product: Product::Kubernetes,
            title: "Provider build of 1.34".to_owned(),
            versions: vec!["v1.34.*".to_owned()],
            released: None,
            end: NaiveDate::from_ymd_opt(2026, 12, 1).expect("a day"),
            source: "https://provider.example/lifecycle".to_owned(),
        });
        assert_eq!(support(&workspace, "v1.34.6"), Some(10));
    }
}
