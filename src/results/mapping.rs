//! What rules of other tools are about: controls, and checks of this program that ask the same.
//!
//! In: `controls/results/*.toml`, and `[[result-mapping]]` of a workspace, a row of which stands in place of all that the
//! program knows of the rule. Out: [`Mapped`], of one rule.
//!
//! Invariant: nothing is guessed. A benchmark in a version that the program does not carry, and a rule that no row
//! names, are mapped to nothing and counted as that.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use serde::{Deserialize, Serialize};

use super::{ResultFile, RuleResult};
use crate::{
    embedded::CONTROLS,
    frameworks::{self, Frameworks},
    ownership::pattern::Pattern,
    tables,
    workspace::{CheckId, ControlId, ResultMapping},
};

/// How a rule of another tool relates to a check of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Relation {
    /// Both ask the same.
    Same,
    /// The rule asks a part of what the check asks: it cannot fail where the check passes.
    PartOf,
    /// The check asks a part of what the rule asks: the rule cannot pass where the check fails.
    Contains,
}

/// What one rule is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mapped {
    /// Controls it is about, in no order that matters.
    pub controls: BTreeSet<ControlId>,
    /// Checks of ours that ask the same, or a part, or more.
    pub checks: BTreeMap<CheckId, Relation>,
    /// The pattern that named it, where that names many rules: `CVE-*`.
    pub pattern: Option<String>,
}

impl Mapped {
    /// Nobody says what the rule is about.
    pub fn is_empty(&self) -> bool {
        self.controls.is_empty() && self.checks.is_empty()
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: u32,
    tool: Option<Tool>,
    #[serde(default)]
    questions: Vec<Questions>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tool {
    id: String,
    title: String,
    source: String,
    #[serde(default)]
    frameworks: Vec<Named>,
    #[serde(default)]
    rules: Vec<Row>,
}

/// A framework as the tool's files name it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    named: String,
    is: String,
    tests: Extent,
}

/// How much of a control one rule tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Extent {
    Whole,
    Part,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Row {
    id: String,
    engine: Option<String>,
    /// Controls that the rule is: it asks what they ask.
    #[serde(default)]
    asks: Vec<String>,
    /// Controls that it serves.
    #[serde(default)]
    controls: Vec<String>,
    #[serde(default)]
    same: Vec<String>,
    #[serde(default)]
    part_of: Vec<String>,
    #[serde(default)]
    contains: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Questions {
    framework: String,
    map: Vec<Question>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Question {
    control: String,
    #[serde(default)]
    same: Vec<String>,
    #[serde(default)]
    part_of: Vec<String>,
    #[serde(default)]
    contains: Vec<String>,
}

/// Version of the form of these files.
const FORMAT: u32 = 1;

/// Checks with their relation.
type Checks = Vec<(CheckId, Relation)>;

/// What is known of a tool's rules.
struct ToolMap {
    id: String,
    title: String,
    source: String,
    frameworks: Vec<Named>,
    rules: Vec<RuleMap>,
}

struct RuleMap {
    pattern: Pattern,
    /// The pattern as written, if it names many rules.
    many: Option<String>,
    engine: Option<String>,
    asks: Vec<ControlId>,
    controls: Vec<ControlId>,
    checks: Checks,
}

#[derive(Default)]
struct Known {
    tools: Vec<ToolMap>,
    questions: BTreeMap<ControlId, Checks>,
    /// Frameworks that questions are about.
    asked: BTreeSet<String>,
}

impl ToolMap {
    fn of(tool: Tool) -> Self {
        let Tool { id, title, source, frameworks, rules } = tool;
        Self { id, title, source, frameworks, rules: rules.into_iter().map(RuleMap::of).collect() }
    }
}

impl RuleMap {
    fn of(row: Row) -> Self {
        let controls = |names: &[String]| names.iter().map(|name| ControlId::new(&**name)).collect();
        Self {
            pattern: Pattern::new(&row.id),
            asks: controls(&row.asks),
            controls: controls(&row.controls),
            checks: related(&row.same, &row.part_of, &row.contains),
            many: row.id.ends_with("-*").then_some(row.id),
            engine: row.engine,
        }
    }
}

/// A unit test reads every file, so nothing is dropped here.
static KNOWN: LazyLock<Known> = LazyLock::new(|| {
    let mut known = Known::default();
    for (_, text) in embedded() {
        let Some(file) = tables::from_str::<File>(text).ok().filter(|file| file.format == FORMAT) else { continue };
        known.tools.extend(file.tool.map(ToolMap::of));
        for questions in file.questions {
            for question in questions.map {
                let control = ControlId::new(format!("{}:{}", questions.framework, question.control));
                known.questions.insert(control, related(&question.same, &question.part_of, &question.contains));
            }
            known.asked.insert(questions.framework);
        }
    }
    known
});

fn embedded() -> impl Iterator<Item = (&'static std::path::Path, &'static str)> {
    let files = CONTROLS.get_dir("results").map(|folder| folder.files().collect::<Vec<_>>()).unwrap_or_default();
    let toml = files.into_iter().filter(|file| frameworks::is_toml(file.path()));
    toml.filter_map(|file| Some((file.path(), file.contents_utf8()?)))
}

fn related(same: &[String], part_of: &[String], contains: &[String]) -> Checks {
    let with =
        |checks: &[String], relation| checks.iter().map(move |it| (CheckId::new(&**it), relation)).collect::<Vec<_>>();
    [with(same, Relation::Same), with(part_of, Relation::PartOf), with(contains, Relation::Contains)].concat()
}

/// Name of a tool as it calls itself; its identifier where it is not known.
pub fn title(tool: &str) -> &str {
    KNOWN.tools.iter().find(|known| known.id == tool).map_or(tool, |known| &known.title)
}

/// Where the mapping of a tool comes from, if there is one.
pub fn source(tool: &str) -> Option<&'static str> {
    KNOWN.tools.iter().find(|known| known.id == tool).map(|known| &*known.source)
}

/// What a rule is about.
pub fn mapped(frameworks: &Frameworks, own: &[ResultMapping], file: &ResultFile, rule: &RuleResult) -> Mapped {
    let id = canonical(&file.tool, &rule.id);
    let here = |row: &&ResultMapping| row.tool == file.tool && Pattern::new(&row.rule).matches(&id);
    let mut out = Mapped::default();
    let mut rows = own.iter().filter(here).peekable();
    if rows.peek().is_some() {
        for row in rows {
            out.controls.extend(row.controls.iter().cloned());
            out.checks.extend(row.checks.iter().map(|check| (check.clone(), Relation::Same)));
            out.pattern = (row.rule != id).then(|| row.rule.clone());
        }
        return out;
    }
    let tool = KNOWN.tools.iter().find(|tool| tool.id == file.tool);
    let rows = tool.iter().flat_map(|tool| &tool.rules).filter(|row| {
        row.engine.as_deref().is_none_or(|engine| rule.engine.as_deref() == Some(engine)) && row.pattern.matches(&id)
    });
    for row in rows {
        out.controls.extend(row.asks.iter().chain(&row.controls).cloned());
        for control in &row.asks {
            ask(frameworks, control, Extent::Whole, &mut out.checks);
        }
        for (check, relation) in &row.checks {
            add(&mut out.checks, check.clone(), *relation);
        }
        out.pattern = row.many.clone();
    }
    for named in &rule.named {
        let known = tool.and_then(|tool| tool.frameworks.iter().find(|it| it.named == named.framework));
        let (framework, extent) = known.map_or((&*named.framework, Extent::Part), |it| (&*it.is, it.tests));
        let control = control(&named.control);
        let Ok(control) = frameworks.resolve(&format!("{framework}:{control}"), None) else { continue };
        ask(frameworks, &control, extent, &mut out.checks);
        out.controls.insert(control);
    }
    out
}

/// Adds the checks that ask what a control asks, directly or by a crosswalk that says that another asks the same.
fn ask(frameworks: &Frameworks, control: &ControlId, extent: Extent, checks: &mut BTreeMap<CheckId, Relation>) {
    let direct = KNOWN.questions.get(control);
    let other = KNOWN.asked.iter().filter(|to| direct.is_none() && *to != control.framework());
    let linked = other.flat_map(|to| frameworks.links(control, to));
    let equal = linked.filter(|link| link.relation == frameworks::Relation::Equal).map(|link| link.to);
    let through = equal.filter_map(|control| KNOWN.questions.get(&control)).flatten();
    for (check, relation) in direct.into_iter().flatten().chain(through) {
        match (extent, relation) {
            (Extent::Whole, relation) => add(checks, check.clone(), *relation),
            // A part of a part; what contains a part says nothing.
            (Extent::Part, Relation::Same | Relation::PartOf) => add(checks, check.clone(), Relation::PartOf),
            (Extent::Part, Relation::Contains) => {}
        }
    }
}

fn add(checks: &mut BTreeMap<CheckId, Relation>, check: CheckId, relation: Relation) {
    let known = checks.entry(check).or_insert(relation);
    *known = relation.min(*known);
}

/// The identifier by which the data knows a rule: Trivy has written `KSV017`, `AVD-KSV-0017` and `KSV-0017`.
fn canonical(tool: &str, id: &str) -> String {
    let upper = id.to_ascii_uppercase();
    let rest = upper.strip_prefix("AVD-").unwrap_or(&upper);
    let split = ["KSV", "KCV"].into_iter().find_map(|family| Some((family, rest.strip_prefix(family)?)));
    match split {
        Some((family, number)) if tool == "trivy" => {
            let number = number.trim_start_matches('-');
            number.parse::<u16>().map_or_else(|_| id.to_owned(), |number| format!("{family}-{number:04}"))
        }
        _ => id.to_owned(),
    }
}

/// A control as Prowler writes those of NIST, `ac_2_1`, as everybody else does.
fn control(text: &str) -> String {
    match text.split_once('_') {
        Some((family, number)) => format!("{family}-{}", number.replace('_', ".")),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
