//! `scopefence assess --explain CHECK`: what a check asked, and what decided.

use std::fmt::Write;

use super::{
    Exit, Failure, Ui,
    assess::outcome,
    evidence::{Evidence, escaped, table},
};
use crate::{
    assess::explain::{Asked, Explanation, explain},
    checks,
    workspace::{Workspace, diagnostic::nearest},
};

/// Objects that are shown when none is named.
const MOST_OBJECTS: usize = 20;

/// What is to be explained.
pub(super) struct Wish<'a> {
    pub(super) check: &'a str,
    pub(super) object: Option<&'a str>,
    pub(super) json: bool,
    pub(super) as_of: Option<chrono::DateTime<chrono::Utc>>,
}

pub(super) fn run(wish: &Wish<'_>, workspace: &Workspace, evidence: &Evidence, ui: &Ui) -> Result<Exit, Failure> {
    let mut all = Vec::new();
    for snapshot in &evidence.snapshots {
        let found = explain(workspace, snapshot, wish.check, wish.object, wish.as_of);
        all.push(found.ok_or_else(|| unknown(workspace, wish.check))?);
    }
    if let Some(object) = wish.object
        && all.iter().all(|explanation| explanation.objects.is_empty())
    {
        let failure = Failure::new(format_args!("{} does not ask about `{}`", wish.check, escaped(object)));
        return Err(failure
            .help("name an object of a kind that it needs as NAMESPACE/NAME, or NAME where there is no namespace"));
    }
    if wish.json {
        let json = serde_json::to_string_pretty(&all)
            .map_err(|error| Failure::new(format_args!("cannot write the explanation: {error}")))?;
        ui.print(json);
    } else {
        ui.print(all.iter().map(|one| text(one, wish)).collect::<Vec<_>>().join("\n"));
    }
    Ok(Exit::Fine)
}

fn unknown(workspace: &Workspace, check: &str) -> Failure {
    let mut known: Vec<&str> = workspace.checks.iter().map(|check| check.id.as_str()).collect();
    for id in checks::known_ids() {
        known.push(id);
    }
    let failure = Failure::new(format_args!("there is no check `{}`", escaped(check)));
    match nearest(check, known) {
        Some(meant) => failure.help(format_args!("did you mean `{meant}`?")),
        None => failure.help("`scopefence assess` lists them"),
    }
}

fn text(one: &Explanation, wish: &Wish<'_>) -> String {
    let mut out = String::new();
    let mut say = |line: String| {
        let _ = writeln!(out, "{line}");
    };
    say(format!("{}: {}", one.check, escaped(&one.title)));
    say(format!("cluster {}: {}: {}", escaped(&one.cluster), outcome(one.outcome), escaped(&one.reason)));
    if let Some(why) = &one.disabled {
        say(format!("disabled by the workspace: {}", escaped(why)));
    }
    say("\nasked:".to_owned());
    for question in &one.question {
        let lines = question.lines().map(|line| format!("  {}", escaped(line.trim_end())));
        say(lines.collect::<Vec<_>>().join("\n"));
    }
    let rows = one.lists.iter().map(|list| {
        let read_at = list.read_at.map(|at| at.format("%Y-%m-%d %H:%M UTC").to_string()).unwrap_or_default();
        vec![list.kind.clone(), list.path.clone(), list.count.to_string(), read_at, list.state.clone()]
    });
    say(format!("\n{}", table(&["needs", "path", "objects", "read", "~how completely"], rows)));
    if wish.object.is_none() {
        say(format!("{} pass, {} are left out", one.passed, one.left_out));
    }
    for asked in one.objects.iter().take(MOST_OBJECTS) {
        say(format!("\n{}", object(asked)));
    }
    if let Some(more) = one.objects.len().checked_sub(MOST_OBJECTS).filter(|more| *more > 0) {
        say(format!("\nand {more} more; name one with --object"));
    }
    out
}

fn object(asked: &Asked) -> String {
    let mut lines = vec![format!("{}: {}", escaped(&asked.object), asked.verdict)];
    lines.extend(asked.messages.iter().map(|message| format!("  {}", escaped(message))));
    for (name, value) in &asked.variables {
        let value = value.as_deref().unwrap_or("(not needed)");
        lines.push(format!("  variables.{name} = {}", escaped(value)));
    }
    for rule in &asked.rules {
        let words: Vec<&str> = rule.expression.split_whitespace().collect();
        lines.push(format!("  {}\n    is {}", escaped(&words.join(" ")), escaped(&rule.is)));
        lines.extend(rule.because.iter().map(|because| format!("    because {}", escaped(because))));
    }
    lines.join("\n")
}
