//! SARIF 2.1.0: rules and results of each run. Tags of a rule that read `framework:control` name a control. Messages, code
//! and flows are not kept.

use serde::Deserialize;

use super::{
    super::rows::{Answer, Rows, severity, short, time},
    Problem, json, or_none,
};
use crate::{assess::Outcome, workspace::Severity};

#[derive(Deserialize)]
struct Log {
    version: String,
    runs: Vec<Run>,
}

#[derive(Deserialize)]
struct Run {
    tool: Tool,
    /// `null` where the tool could not run; then nothing was found, and nothing was asked either.
    results: Option<Vec<Found>>,
    #[serde(default, deserialize_with = "or_none")]
    invocations: Vec<Invocation>,
}

#[derive(Deserialize)]
struct Tool {
    driver: Driver,
}

#[derive(Deserialize)]
struct Driver {
    name: String,
    #[serde(default, deserialize_with = "or_none")]
    version: String,
    #[serde(rename = "semanticVersion", default, deserialize_with = "or_none")]
    semantic: String,
    #[serde(default, deserialize_with = "or_none")]
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
struct Rule {
    id: String,
    #[serde(rename = "shortDescription", default, deserialize_with = "or_none")]
    short: Text,
    #[serde(default, deserialize_with = "or_none")]
    name: String,
    #[serde(default, deserialize_with = "or_none")]
    properties: Properties,
}

#[derive(Default, Deserialize)]
struct Text {
    #[serde(default, deserialize_with = "or_none")]
    text: String,
}

#[derive(Default, Deserialize)]
struct Properties {
    #[serde(default, deserialize_with = "or_none")]
    tags: Vec<String>,
    #[serde(rename = "security-severity")]
    severity: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Invocation {
    #[serde(rename = "startTimeUtc", default, deserialize_with = "or_none")]
    started: String,
    #[serde(rename = "endTimeUtc", default, deserialize_with = "or_none")]
    ended: String,
}

#[derive(Deserialize)]
struct Found {
    #[serde(rename = "ruleId", default, deserialize_with = "or_none")]
    id: String,
    #[serde(rename = "ruleIndex")]
    index: Option<i64>,
    rule: Option<Reference>,
    #[serde(default, deserialize_with = "or_none")]
    kind: String,
    #[serde(default, deserialize_with = "or_none")]
    level: String,
    #[serde(default, deserialize_with = "or_none")]
    locations: Vec<Location>,
    #[serde(default, deserialize_with = "or_none")]
    suppressions: Vec<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Reference {
    #[serde(default, deserialize_with = "or_none")]
    id: String,
    index: Option<i64>,
}

#[derive(Deserialize)]
struct Location {
    #[serde(rename = "physicalLocation")]
    physical: Option<Physical>,
    #[serde(rename = "logicalLocations", default, deserialize_with = "or_none")]
    logical: Vec<Logical>,
}

#[derive(Deserialize)]
struct Physical {
    #[serde(rename = "artifactLocation")]
    artifact: Option<Artifact>,
}

#[derive(Deserialize)]
struct Artifact {
    #[serde(default, deserialize_with = "or_none")]
    uri: String,
}

#[derive(Deserialize)]
struct Logical {
    #[serde(rename = "fullyQualifiedName", default, deserialize_with = "or_none")]
    full: String,
    #[serde(default, deserialize_with = "or_none")]
    name: String,
}

pub(super) fn read(text: &str) -> Result<Rows, Problem> {
    let log: Log = json(text)?;
    if log.version != "2.1.0" {
        return Err(Problem::new("it is SARIF of another version than 2.1.0"));
    }
    let mut rows = Rows::default();
    let mut names: Vec<&str> = log.runs.iter().map(|run| &*run.tool.driver.name).collect();
    names.sort_unstable();
    names.dedup();
    let [name] = names.as_slice() else {
        return Err(Problem {
            help: Some("export the results of each tool to a file of its own"),
            ..Problem::new(if names.is_empty() { "it has no runs" } else { "it holds runs of several tools" })
        });
    };
    rows.tool = Some(short(name));
    for run in &log.runs {
        let driver = &run.tool.driver;
        let version = if driver.semantic.is_empty() { &driver.version } else { &driver.semantic };
        rows.version = rows.version.take().or_else(|| Some(short(version)).filter(|version| !version.is_empty()));
        for invocation in &run.invocations {
            rows.at(time(&invocation.ended).or_else(|| time(&invocation.started)));
        }
        match &run.results {
            None => rows.leave_out("runs without results", 1),
            Some(results) => results.iter().for_each(|found| one(&mut rows, driver, found)),
        }
    }
    Ok(rows)
}

/// Section 3.27 of SARIF: how a result finds its rule.
fn one(rows: &mut Rows, driver: &Driver, found: &Found) {
    let index = found.index.or(found.rule.as_ref().and_then(|rule| rule.index));
    let by_index = index.and_then(|index| driver.rules.get(usize::try_from(index).ok()?));
    let id = match (&*found.id, &found.rule, by_index) {
        ("", Some(rule), _) if !rule.id.is_empty() => &rule.id,
        ("", _, Some(rule)) => &rule.id,
        (id, ..) => id,
    };
    if id.is_empty() {
        return rows.leave_out("results without a rule", 1);
    }
    // `RULE/sub` belongs to the rule.
    let known = |rule: &&Rule| rule.id == id || id.strip_prefix(&rule.id).is_some_and(|rest| rest.starts_with('/'));
    let rule = by_index.or_else(|| driver.rules.iter().find(known));
    let title = rule.map(|rule| if rule.short.text.is_empty() { &*rule.name } else { &*rule.short.text });
    let object = found.locations.iter().find_map(|location| {
        let logical = location.logical.iter().flat_map(|it| [&it.full, &it.name]).find(|name| !name.is_empty());
        let physical = location.physical.as_ref().and_then(|it| Some(&it.artifact.as_ref()?.uri));
        logical.or(physical).filter(|name| !name.is_empty()).cloned()
    });
    let answer = Answer {
        rule: id,
        title,
        severity: rule.and_then(score).or_else(|| of_level(&found.level)),
        object,
        ..Answer::default()
    };
    for tag in rule.iter().flat_map(|rule| &rule.properties.tags) {
        if let Some((framework, control)) = tag.split_once(':') {
            rows.name(&answer, framework, control);
        }
    }
    rows.add(answer, outcome(found));
}

/// Section 3.27.9 of SARIF: a result without a kind is a failure.
fn outcome(found: &Found) -> Outcome {
    match &*found.kind {
        // The tool was told to accept it.
        "" | "fail" if !found.suppressions.is_empty() => Outcome::Manual,
        "" | "fail" => Outcome::Fail,
        "pass" => Outcome::Pass,
        "open" | "review" | "informational" => Outcome::Manual,
        "notApplicable" => Outcome::NotApplicable,
        _ => Outcome::Error,
    }
}

/// GitHub's `security-severity`, a score as of CVSS, or a word.
fn score(rule: &Rule) -> Option<Severity> {
    let value = rule.properties.severity.as_ref()?;
    let number = value.as_f64().or_else(|| value.as_str()?.parse().ok());
    match number {
        None => severity(value.as_str()?),
        Some(score) if score >= 9.0 => Some(Severity::Critical),
        Some(score) if score >= 7.0 => Some(Severity::High),
        Some(score) if score >= 4.0 => Some(Severity::Medium),
        Some(score) if score > 0.0 => Some(Severity::Low),
        Some(_) => None,
    }
}

fn of_level(level: &str) -> Option<Severity> {
    match level {
        "error" => Some(Severity::High),
        "" | "warning" => Some(Severity::Medium),
        "note" => Some(Severity::Low),
        _ => None,
    }
}
