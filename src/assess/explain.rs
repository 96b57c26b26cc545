//! What a check asked, object by object, for people who write checks or doubt one.
//!
//! In: a workspace, one snapshot, a check and maybe one object. Out: an [`Explanation`]: the question, the lists that it
//! read, and of each object the outcome, the values of variables and the part of a rule that decided.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{in_force, outcome::Outcome, results, rules};
use crate::{
    checks::{Definition, Question, rules::Message},
    facts::{network::Network, pod::Pods},
    ownership,
    snapshot::{Snapshot, parts, reason},
    workspace::{CheckId, Workspace},
};

/// What a check asked of one cluster.
#[derive(Debug, Clone, Serialize)]
pub struct Explanation {
    /// The check.
    pub check: CheckId,
    /// Its title.
    pub title: String,
    /// The cluster.
    pub cluster: String,
    /// Switched off by the workspace; why.
    pub disabled: Option<String>,
    /// Outcome.
    pub outcome: Outcome,
    /// Why.
    pub reason: String,
    /// What has to be true, an entry each; for a question that is no rule its name.
    pub question: Vec<String>,
    /// Lists that it needs.
    pub lists: Vec<ListRead>,
    /// Objects asked about that pass, and those that it leaves out; not among `objects` unless one was named.
    pub passed: usize,
    /// Objects that policy or `match` leaves out.
    pub left_out: usize,
    /// Objects that fail or cannot be evaluated, or the one that was named.
    pub objects: Vec<Asked>,
}

/// A list that a check needs.
#[derive(Debug, Clone, Serialize)]
pub struct ListRead {
    /// As in `needs`.
    pub kind: String,
    /// API path; the kind, when the snapshot has no such list.
    pub path: String,
    /// `complete`, or why not.
    pub state: String,
    /// Objects in it.
    pub count: usize,
    /// When it was read.
    pub read_at: Option<DateTime<Utc>>,
}

/// One object and what the check said of it.
#[derive(Debug, Clone, Serialize)]
pub struct Asked {
    /// `Pod shop/web`.
    pub object: String,
    /// `pass`, `fail`, `error` or `left out`.
    pub verdict: &'static str,
    /// What findings say of it, or why it was left out.
    pub messages: Vec<String>,
    /// Variables in their order; `None`: nothing asked for it.
    pub variables: Vec<(String, Option<String>)>,
    /// For each rule, and `match`: its text, what it is, the parts that decided.
    pub rules: Vec<Evaluated>,
}

/// A rule as evaluated for one object.
#[derive(Debug, Clone, Serialize)]
pub struct Evaluated {
    /// The expression.
    pub expression: String,
    /// `true`, `false`, or why it has no answer.
    pub is: String,
    /// The parts that decided.
    pub because: Vec<String>,
}

/// Explains a check on one snapshot; `None` when no check has this name. `object` is `namespace/name` or a name.
pub fn explain(
    workspace: &Workspace,
    snapshot: &Snapshot,
    check: &str,
    object: Option<&str>,
    clock: Option<DateTime<Utc>>,
) -> Option<Explanation> {
    let definition = in_force(workspace).into_iter().find(|definition| definition.id.as_str() == check)?;
    let join = ownership::join(workspace, snapshot);
    let pods = Pods::of(snapshot);
    let network = Network::new(&join, &pods);
    let as_of = clock.unwrap_or(snapshot.header.ended);
    let bench = results::Bench::new(&join, &pods, &network, &workspace.policy, as_of);
    let answer = rules::answers(&[&*definition], &bench).remove(&definition.id);
    let asked = results::ask(&definition, &bench, answer);
    let mut explanation = Explanation {
        check: definition.id.clone(),
        title: definition.title.clone(),
        cluster: snapshot.header.cluster.id.clone(),
        disabled: super::overridden(workspace, &definition).disabled,
        outcome: asked.result.outcome,
        reason: asked.result.reason.clone(),
        question: question(&definition),
        lists: definition.needs.iter().map(|kind| list(snapshot, kind)).collect(),
        passed: 0,
        left_out: 0,
        objects: Vec::new(),
    };
    match &definition.question {
        Question::Rules(_) => rules::explain(&definition, &bench, object, &mut explanation),
        Question::Named { .. } => {
            explanation.passed = asked.result.subjects.saturating_sub(asked.failures.len());
            for failing in &asked.failures {
                let key = join.key(failing.spot);
                if object.is_none_or(|wanted| names(wanted, &key.namespace, &key.name)) {
                    explanation.objects.push(Asked {
                        object: key.to_string(),
                        verdict: "fail",
                        messages: vec![failing.message.clone()],
                        variables: Vec::new(),
                        rules: Vec::new(),
                    });
                }
            }
        }
    }
    Some(explanation)
}

/// Whether `namespace/name`, or a name alone, means this object.
pub(super) fn names(wanted: &str, namespace: &str, name: &str) -> bool {
    match wanted.split_once('/') {
        Some((in_namespace, wanted)) => in_namespace == namespace && wanted == name,
        None => wanted == name,
    }
}

fn question(check: &Definition) -> Vec<String> {
    match &check.question {
        Question::Named { name, .. } => {
            let params =
                check.params().into_iter().filter_map(|param| Some(format!("{param}: {}", check.param(&param)?)));
            std::iter::once(format!("evaluator {name}, in the program")).chain(params).collect()
        }
        Question::Rules(rules) => {
            let params = rules.names.params.iter().map(|param| format!("params.{} = {}", param.name, param.value));
            let only = rules.only.iter().map(|only| format!("match: {}", only.text().trim()));
            let variables =
                rules.variables().map(|(name, variable)| format!("variables.{name} = {}", variable.text().trim()));
            let each = rules.rules.iter().map(|rule| match &rule.message {
                Message::Text(text) => format!("{}\nelse: {text}", rule.expression.text().trim()),
                Message::Expression(text) => format!("{}\nelse: {}", rule.expression.text().trim(), text.text().trim()),
            });
            params.chain(only).chain(variables).chain(each).collect()
        }
    }
}

fn list(snapshot: &Snapshot, kind: &str) -> ListRead {
    let (group, name) = parts(kind);
    match snapshot.list(group, name) {
        None => ListRead {
            kind: kind.to_owned(),
            path: kind.to_owned(),
            state: "not in this snapshot".to_owned(),
            count: 0,
            read_at: None,
        },
        Some(list) => ListRead {
            kind: kind.to_owned(),
            path: list.record.path.clone(),
            state: if list.complete().is_ok() { "complete".to_owned() } else { reason(&list.record) },
            count: list.record.count,
            read_at: Some(list.record.read_at),
        },
    }
}
