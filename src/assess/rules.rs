//! Asks checks whose question is CEL.
//!
//! In: the definitions in force and one snapshot. Out: an [`Answer`] for each that has [`Rules`]. All of one kind are
//! asked together, so that each object is parsed once, and dropped before the next.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    evaluators::{Answer, Tally},
    results::{Bench, split},
};
use crate::{
    cel::{Machine, Patterns, Slot, Value, json::Json},
    checks::{
        Definition, Question, Rules,
        rules::{AskedOf, LeaveOut, Message, Rule, template_kinds},
    },
    ownership::{
        Spot,
        pattern::{self, Pattern},
    },
    snapshot::{List, Object, Snapshot},
    workspace::CheckId,
};

/// Asks all of them.
pub(super) fn answers<'q>(definitions: &[&'q Definition], bench: &Bench<'q>) -> BTreeMap<CheckId, Answer> {
    let mut rounds: Vec<Round<'_>> = definitions
        .iter()
        .filter_map(|definition| match &definition.question {
            Question::Rules(rules) => Some(Round::new(definition, rules, bench)),
            Question::Named { .. } => None,
        })
        .collect();
    let shelf = Shelf::fill(&rounds, bench);
    let snapshot = bench.join.snapshot();
    for (number, list) in snapshot.lists.iter().enumerate() {
        let (group, kind) = (&*list.record.group, &*list.record.kind);
        let mut asking: Vec<(&mut Round<'_>, Option<&'static str>)> =
            rounds.iter_mut().filter_map(|round| round.asks(group, kind).map(|path| (round, path))).collect();
        if asking.is_empty() {
            continue;
        }
        let api_version = match group {
            "" => list.record.version.clone(),
            group => format!("{group}/{}", list.record.version),
        };
        for (index, object) in list.seen().iter().enumerate() {
            let spot = Spot { list: number, object: index };
            let json = Json::of_object(object, &api_version, kind);
            for (round, template) in &mut asking {
                round.ask(spot, object, &json, *template, &shelf, bench);
            }
        }
    }
    rounds.into_iter().map(|round| (round.definition.id.clone(), round.answer())).collect()
}

/// One check on its way through the objects.
struct Round<'d> {
    definition: &'d Definition,
    rules: &'d Rules,
    /// Numbers of the lists of the kinds needed.
    lists: Vec<Option<usize>>,
    tally: Tally,
    leave_out: Vec<Pattern>,
    left_out: BTreeSet<String>,
    objects_left_out: usize,
    patterns: Patterns,
}

impl<'d> Round<'d> {
    fn new(definition: &'d Definition, rules: &'d Rules, bench: &Bench<'_>) -> Self {
        let leave_out = match rules.leave_out {
            None => Vec::new(),
            Some(LeaveOut::PrivilegedNamespaces) => Pattern::list(&bench.policy.privileged_namespaces),
            Some(LeaveOut::OpenNamespaces) => Pattern::list(&bench.policy.open_namespaces),
        };
        Self {
            definition,
            rules,
            lists: definition.needs.iter().map(|kind| number(bench.join.snapshot(), kind)).collect(),
            tally: Tally::default(),
            leave_out,
            left_out: BTreeSet::new(),
            objects_left_out: 0,
            patterns: Patterns::default(),
        }
    }

    /// Whether it asks objects of this kind, and where in them: `None` inside stands for the object itself.
    fn asks(&self, group: &str, kind: &str) -> Option<Option<&'static str>> {
        match self.rules.asked_of {
            AskedOf::Objects => {
                let first = self.definition.needs.first()?;
                (split(first) == (group, kind)).then_some(None)
            }
            AskedOf::PodTemplates => template_kinds(&self.definition.needs)
                .find(|known| (known.0, known.1) == (group, kind))
                .map(|known| Some(known.2)),
        }
    }

    fn ask(
        &mut self,
        spot: Spot,
        object: &Object,
        json: &Result<Json<'_>, String>,
        template: Option<&'static str>,
        shelf: &Shelf<'_>,
        bench: &Bench<'_>,
    ) {
        if template.is_some() && self.made_by_another(spot, bench) {
            return;
        }
        let namespace = match (&*self.definition.needs[0], &*object.namespace) {
            ("Namespace", _) => &object.name,
            _ => &object.namespace,
        };
        if !namespace.is_empty() && pattern::any(&self.leave_out, namespace) {
            self.left_out.insert(namespace.to_string());
            self.objects_left_out += 1;
            return;
        }
        let json = match json {
            Ok(json) => json,
            Err(why) => {
                self.tally.subject();
                return self.tally.odd(spot, why);
            }
        };
        let path = template.unwrap_or_default();
        let asked = path.split('.').filter(|step| !step.is_empty()).try_fold(json, |value, step| value.get(step));
        let Some(asked) = asked else {
            self.tally.subject();
            return self.tally.odd(spot, format!("it has no {path}"));
        };
        self.judge(spot, asked, shelf.namespaces.get(&**namespace), shelf, bench);
    }

    /// Something that has the template made this object: its template is asked instead.
    fn made_by_another(&self, spot: Spot, bench: &Bench<'_>) -> bool {
        let root = bench.join.root(spot);
        if root == spot {
            return false;
        }
        let lists = &bench.join.snapshot().lists;
        lists.get(root.list).is_some_and(|list| self.asks(&list.record.group, &list.record.kind).is_some())
    }

    fn judge<'a>(
        &mut self,
        spot: Spot,
        object: &'a Json<'a>,
        namespace: Option<&'a Result<Json<'a>, String>>,
        shelf: &'a Shelf<'a>,
        bench: &Bench<'_>,
    ) where
        'd: 'a,
    {
        let rules: &'a Rules = self.rules;
        let mut machine = Machine::new(shelf.slots(rules, &self.lists, object, namespace, bench), &self.patterns);
        let mut wrong = Vec::new();
        let mut unclear = Vec::new();
        if let Some(only) = &rules.only {
            match machine.evaluate(only) {
                Ok(Value::Bool(true)) => {}
                Ok(Value::Bool(false)) => return,
                Ok(other) => unclear.push(format!("`match` is true or false, not {}", other.kind())),
                Err(fault) => unclear.push(fault.within(only)),
            }
        }
        if unclear.is_empty() {
            for rule in &rules.rules {
                match machine.evaluate(&rule.expression) {
                    Ok(Value::Bool(true)) => {}
                    Ok(Value::Bool(false)) => wrong.push(message(&mut machine, rule)),
                    Ok(other) => unclear.push(format!("a rule is true or false, not {}", other.kind())),
                    Err(fault) => unclear.push(fault.within(&rule.expression)),
                }
            }
        }
        self.tally.subject();
        if !wrong.is_empty() {
            self.tally.fail(spot, wrong.join("; "));
        }
        if !unclear.is_empty() {
            self.tally.odd(spot, unclear.join("; "));
        }
    }

    fn answer(mut self) -> Answer {
        if !self.left_out.is_empty() {
            let by = match self.rules.leave_out {
                Some(LeaveOut::OpenNamespaces) => "open",
                _ => "privileged",
            };
            let names = self.left_out.into_iter().collect::<Vec<_>>().join(", ");
            let what = match &*self.definition.needs[0] {
                "Namespace" => String::new(),
                _ => format!(" ({})", counted(self.objects_left_out, self.definition, self.rules)),
            };
            self.tally.remark(format!("left out as {by} by policy: {names}{what}"));
        }
        self.tally.answer()
    }
}

/// Longest message of a rule, in characters: it may quote an object.
const LONGEST_MESSAGE: usize = 1000;

/// What a failed rule says. A message that cannot be computed does not hide the failure.
fn message<'a>(machine: &mut Machine<'a>, rule: &'a Rule) -> String {
    match &rule.message {
        Message::Text(text) => text.clone(),
        Message::Expression(expression) => match machine.evaluate(expression) {
            Ok(Value::Text(text)) => match text.char_indices().nth(LONGEST_MESSAGE) {
                Some((end, _)) => format!("{}…", &text[..end]),
                None => text.to_string(),
            },
            Ok(other) => {
                format!("`{}` is not met (its message is no text but {})", rule.expression.text(), other.kind())
            }
            Err(fault) => {
                format!("`{}` is not met (its message fails: {})", rule.expression.text(), fault.within(expression))
            }
        },
    }
}

/// What is asked, in the plural: `Pods`.
pub(super) fn subjects(definition: &Definition, rules: &Rules) -> String {
    let kind = definition.needs.first().map_or("", |kind| split(kind).1);
    match (rules.asked_of, kind) {
        (AskedOf::PodTemplates, _) => "Pod templates".to_owned(),
        (_, "Namespace") => "namespaces".to_owned(),
        (_, "Node") => "nodes".to_owned(),
        (_, kind) if kind.ends_with('s') => format!("{kind}es"),
        (_, kind) if kind.ends_with('y') => format!("{}ies", kind.trim_end_matches('y')),
        (_, kind) => format!("{kind}s"),
    }
}

fn counted(count: usize, definition: &Definition, rules: &Rules) -> String {
    let kind = definition.needs.first().map_or("", |kind| split(kind).1);
    match (count, rules.asked_of) {
        (1, AskedOf::Objects) => format!("1 {kind}"),
        (1, AskedOf::PodTemplates) => "1 Pod template".to_owned(),
        (count, _) => format!("{count} {}", subjects(definition, rules)),
    }
}

/// What does not change from one object to the next, parsed once.
struct Shelf<'s> {
    namespaces: BTreeMap<&'s str, Result<Json<'s>, String>>,
    /// By number of the list in the snapshot.
    lists: BTreeMap<usize, Result<Vec<Json<'s>>, String>>,
    facts: BTreeMap<&'static str, Result<Json<'static>, String>>,
}

impl<'s> Shelf<'s> {
    fn fill(rounds: &[Round<'s>], bench: &Bench<'s>) -> Self {
        let snapshot = bench.join.snapshot();
        let mut shelf = Self { namespaces: BTreeMap::new(), lists: BTreeMap::new(), facts: BTreeMap::new() };
        for round in rounds {
            let slots = &round.rules.names;
            if slots.reads(slots.namespace) && shelf.namespaces.is_empty() {
                shelf.namespaces = namespaces(snapshot);
            }
            for (_, need) in slots.objects.iter().filter(|(slot, _)| slots.reads(*slot)) {
                if let Some(number) = round.lists.get(*need).copied().flatten() {
                    shelf.lists.entry(number).or_insert_with(|| all(&snapshot.lists[number]));
                }
            }
            for family in round.rules.facts() {
                shelf.facts.entry(family).or_insert_with(|| fact(bench, family));
            }
        }
        shelf
    }
}

impl<'s> Shelf<'s> {
    /// The names of a check's expressions for one object.
    fn slots<'a>(
        &'a self,
        rules: &'a Rules,
        lists: &[Option<usize>],
        object: &'a Json<'a>,
        namespace: Option<&'a Result<Json<'a>, String>>,
        bench: &Bench<'_>,
    ) -> Vec<Slot<'a>> {
        let names = &rules.names;
        let mut slots: Vec<Slot<'a>> = std::iter::repeat_with(|| Slot::Value(Value::Null)).take(names.count).collect();
        slots[names.object] = Slot::of(Value::of_json(object));
        slots[names.namespace] = match namespace {
            Some(Ok(json)) => Slot::of(Value::of_json(json)),
            Some(Err(why)) => Slot::of(Err(why.clone())),
            None => Slot::Value(Value::Null),
        };
        slots[names.now] = Slot::Value(Value::Timestamp(bench.as_of));
        for (slot, value) in &names.params {
            slots[*slot] = Slot::of(Value::of_json(value));
        }
        for (slot, need) in names.objects.iter().filter(|(slot, _)| names.reads(*slot)) {
            let list = lists.get(*need).copied().flatten().and_then(|number| self.lists.get(&number));
            slots[*slot] = match list {
                Some(Ok(list)) => Slot::Value(Value::of_list(list)),
                Some(Err(why)) => Slot::of(Err(why.clone())),
                None => Slot::of(Err("the list was not read".to_owned())),
            };
        }
        for (slot, family) in names.facts.iter().filter(|(slot, _)| names.reads(*slot)) {
            slots[*slot] = match self.facts.get(family) {
                Some(Ok(fact)) => Slot::of(Value::of_json(fact)),
                Some(Err(why)) => Slot::of(Err(why.clone())),
                None => Slot::of(Err("the fact was not computed".to_owned())),
            };
        }
        for (slot, variable) in &names.variables {
            slots[*slot] = Slot::Formula(variable);
        }
        slots
    }
}

fn number(snapshot: &Snapshot, kind: &str) -> Option<usize> {
    let wanted = split(kind);
    snapshot.lists.binary_search_by(|list| (&*list.record.group, &*list.record.kind).cmp(&wanted)).ok()
}

fn all(list: &List) -> Result<Vec<Json<'_>>, String> {
    let version = |object| Json::of_object(object, "", "").map_err(|why| format!("an object of the list: {why}"));
    list.seen().iter().map(version).collect()
}

fn namespaces(snapshot: &Snapshot) -> BTreeMap<&str, Result<Json<'_>, String>> {
    let list = snapshot.list("", "Namespace").map_or(&[][..], List::seen);
    list.iter().map(|namespace| (&*namespace.name, Json::of_object(namespace, "v1", "Namespace"))).collect()
}

fn fact(bench: &Bench<'_>, family: &str) -> Result<Json<'static>, String> {
    let value = bench.facts().value(family).ok_or("there is no such fact")?;
    <Json<'static> as serde::Deserialize>::deserialize(value).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests;
