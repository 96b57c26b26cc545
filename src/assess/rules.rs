//! Asks checks whose question is CEL.
//!
//! In: the definitions in force and one snapshot. Out: an [`Answer`] for each that has [`Rules`]. All of one kind are
//! asked together, so that each object is parsed once, and dropped before the next; Pods with equal specs are asked once
//! where the spec alone is asked about.

mod spec;

use std::{
    borrow::Cow,
    cell::OnceCell,
    collections::{BTreeMap, BTreeSet, HashMap},
    rc::Rc,
};

use super::{
    evaluators::{Answer, Tally},
    explain::{Asked, Evaluated, Explanation, names},
    results::Bench,
};
use crate::{
    cel::{
        Expression, Machine, Patterns, Slot, Value,
        because::sketch,
        json::{Json, Part},
    },
    checks::{
        Definition, Question, Rules,
        reads::Placed,
        rules::{AskedOf, LeaveOut, Message, Rule, template_kinds},
    },
    ownership::{
        Spot,
        pattern::{self, Pattern},
    },
    snapshot::{List, ListRecord, Object, Snapshot, parts},
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
        // Pods of one workload have one answer to what is asked of their spec alone.
        let share = (group, kind) == ("", "Pod") && asking.iter().any(|(round, _)| round.rules.of_spec);
        let mut specs = HashMap::new();
        for (index, object) in list.seen().iter().enumerate() {
            let spot = Spot { list: number, object: index };
            let read = |part| Json::of_object(object, api_version(&list.record), kind, part);
            let (whole, rest) = (OnceCell::new(), OnceCell::new());
            let next = specs.len();
            let spec = share.then(|| spec::shared_spec(object.body.get())).flatten();
            let spec = spec.map(|spec| *specs.entry(spec).or_insert(next));
            for (round, template) in &mut asking {
                let json = || match round.rules.reads_spec || template.is_some() {
                    true => whole.get_or_init(|| read(Part::Whole)),
                    false => rest.get_or_init(|| read(Part::WithoutSpec)),
                };
                round.ask((spot, object, spec), json, *template, &shelf, bench);
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
    /// Whether a namespace is left out.
    spared: HashMap<String, bool>,
    patterns: Patterns,
    /// By number of the spec, where that alone is asked about.
    judged: Vec<Option<Verdict>>,
}

/// What the rules say of one object.
#[derive(Debug, Clone)]
enum Verdict {
    /// `match` leaves it out.
    NotAsked,
    /// Messages of rules that are not met, and of those that could not be evaluated.
    Asked { wrong: Option<Rc<str>>, unclear: Option<Rc<str>> },
}

impl Verdict {
    fn of(wrong: &[String], unclear: &[String]) -> Self {
        let joined = |texts: &[String]| (!texts.is_empty()).then(|| texts.join("; ").into());
        Self::Asked { wrong: joined(wrong), unclear: joined(unclear) }
    }
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
            lists: definition.needs.iter().map(|kind| bench.join.snapshot().numbered(kind)).collect(),
            tally: Tally::default(),
            leave_out,
            left_out: BTreeSet::new(),
            objects_left_out: 0,
            spared: HashMap::new(),
            patterns: Patterns::default(),
            judged: Vec::new(),
        }
    }

    /// Whether it asks objects of this kind, and where in them: `None` inside stands for the object itself.
    fn asks(&self, group: &str, kind: &str) -> Option<Option<&'static str>> {
        match self.rules.asked_of {
            AskedOf::Objects => {
                let first = self.definition.needs.first()?;
                (parts(first) == (group, kind)).then_some(None)
            }
            AskedOf::PodTemplates => template_kinds(&self.definition.needs)
                .find(|known| (known.0, known.1) == (group, kind))
                .map(|known| Some(known.2)),
        }
    }

    /// Asks about one object. `spec` is the number of a Pod's spec, `json` reads the object.
    fn ask<'a>(
        &mut self,
        (spot, object, spec): (Spot, &Object, Option<usize>),
        json: impl FnOnce() -> &'a Result<Json<'a>, String>,
        template: Option<&'static str>,
        shelf: &'a Shelf<'a>,
        bench: &Bench<'_>,
    ) where
        'd: 'a,
    {
        if template.is_some() && self.made_by_another(spot, bench) {
            return;
        }
        let namespace = self.namespace_of(object);
        if self.spares(namespace) {
            self.left_out.insert(namespace.to_string());
            self.objects_left_out += 1;
            return;
        }
        let number = spec.filter(|_| self.rules.of_spec);
        let known = number.and_then(|number| self.judged.get(number)?.clone());
        let verdict = known.unwrap_or_else(|| match at(json(), template.unwrap_or_default()) {
            Ok(asked) => self.judge(asked, namespace, shelf, bench),
            Err(why) => Verdict::of(&[], &[why]),
        });
        if let Some(number) = number {
            if self.judged.len() <= number {
                self.judged.resize(number + 1, None);
            }
            self.judged[number].get_or_insert_with(|| verdict.clone());
        }
        let Verdict::Asked { wrong, unclear } = verdict else { return };
        self.tally.subject();
        if let Some(wrong) = wrong {
            self.tally.fail(spot, &*wrong);
        }
        if let Some(unclear) = unclear {
            self.tally.odd(spot, unclear);
        }
    }

    fn explain<'a>(
        &'a self,
        (spot, object, spared): (Spot, &Object, bool),
        whole: &'a Result<Json<'a>, String>,
        template: Option<&'static str>,
        shelf: &'a Shelf<'a>,
        bench: &Bench<'_>,
    ) -> Asked {
        let mut asked = Asked {
            object: bench.join.key(spot).to_string(),
            verdict: "left out",
            messages: Vec::new(),
            variables: Vec::new(),
            rules: Vec::new(),
        };
        let namespace = self.namespace_of(object);
        if template.is_some() && self.made_by_another(spot, bench) {
            let root = bench.join.key(bench.join.root(spot));
            asked.messages.push(format!("its template is asked about in {root}"));
            return asked;
        }
        if spared {
            asked.messages.push("the policy of the workspace leaves out its namespace".to_owned());
            return asked;
        }
        let json = match at(whole, template.unwrap_or_default()) {
            Ok(json) => json,
            Err(why) => {
                asked.verdict = "error";
                asked.messages.push(why);
                return asked;
            }
        };
        let rules: &'a Rules = self.rules;
        let mut machine = Machine::new(self.slots(json, namespace, shelf, bench), &self.patterns);
        let mut evaluate = |machine: &mut Machine<'a>, expression: &'a Expression| {
            let (is, because) = match machine.evaluate(expression) {
                Ok(value) => (sketch(&value), machine.because(expression)),
                Err(fault) => (format!("without an answer: {}", fault.within(expression)), Vec::new()),
            };
            let answer = is.clone();
            asked.rules.push(Evaluated { expression: expression.text().trim().to_owned(), is, because });
            answer
        };
        let matched = rules.only.as_ref().map(|only| evaluate(&mut machine, only));
        if matched.as_deref().is_none_or(|matched| matched == "true") {
            for rule in &rules.rules {
                evaluate(&mut machine, &rule.expression);
            }
        }
        let variables = rules.variables().zip(&rules.names.variables);
        asked.variables = variables
            .map(|((name, _), (slot, _))| {
                let value =
                    machine.known(*slot).map(|known| known.unwrap_or_else(|why| format!("without a value: {why}")));
                (name.to_owned(), value)
            })
            .collect();
        match self.judge(json, namespace, shelf, bench) {
            Verdict::NotAsked => asked.messages.push("`match` leaves it out".to_owned()),
            Verdict::Asked { wrong, unclear } => {
                asked.verdict = match (&wrong, &unclear) {
                    (Some(_), _) => "fail",
                    (None, Some(_)) => "error",
                    (None, None) => "pass",
                };
                asked.messages.extend(wrong.into_iter().chain(unclear).map(|text| text.to_string()));
            }
        }
        asked
    }

    /// The namespace that decides whether policy leaves an object out.
    fn namespace_of<'o>(&self, object: &'o Object) -> &'o str {
        match &*self.definition.needs[0] {
            "Namespace" => &object.name,
            _ => &object.namespace,
        }
    }

    fn slots<'a>(&self, object: &'a Json<'a>, namespace: &str, shelf: &'a Shelf<'a>, bench: &Bench<'_>) -> Vec<Slot<'a>>
    where
        'd: 'a,
    {
        shelf.slots(self.rules, &self.lists, object, shelf.namespaces.get(namespace), bench)
    }

    fn spares(&mut self, namespace: &str) -> bool {
        if self.leave_out.is_empty() || namespace.is_empty() {
            return false;
        }
        if let Some(known) = self.spared.get(namespace) {
            return *known;
        }
        let spared = pattern::any(&self.leave_out, namespace);
        self.spared.insert(namespace.to_owned(), spared);
        spared
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

    fn judge<'a>(&self, object: &'a Json<'a>, namespace: &str, shelf: &'a Shelf<'a>, bench: &Bench<'_>) -> Verdict
    where
        'd: 'a,
    {
        let rules: &'a Rules = self.rules;
        let mut machine = Machine::new(self.slots(object, namespace, shelf, bench), &self.patterns);
        let mut wrong = Vec::new();
        let mut unclear = Vec::new();
        if let Some(only) = &rules.only {
            match machine.evaluate(only) {
                Ok(Value::Bool(true)) => {}
                Ok(Value::Bool(false)) => return Verdict::NotAsked,
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
        Verdict::of(&wrong, &unclear)
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

/// Says of each object, or of the one that is named, what the rules of a check say of it and what decided.
pub(super) fn explain<'q>(definition: &'q Definition, bench: &Bench<'q>, wanted: Option<&str>, into: &mut Explanation) {
    let Question::Rules(rules) = &definition.question else { return };
    let mut round = Round::new(definition, rules, bench);
    let shelf = Shelf::fill(std::slice::from_ref(&round), bench);
    for (number, list) in bench.join.snapshot().lists.iter().enumerate() {
        let (group, kind) = (&*list.record.group, &*list.record.kind);
        let Some(template) = round.asks(group, kind) else { continue };
        for (index, object) in list.seen().iter().enumerate() {
            let spot = Spot { list: number, object: index };
            let named = wanted.is_some_and(|wanted| names(wanted, &object.namespace, &object.name));
            if wanted.is_some() && !named {
                continue;
            }
            let whole = Json::of_object(object, api_version(&list.record), kind, Part::Whole);
            let spared = round.spares(round.namespace_of(object).to_owned().as_str());
            let asked = round.explain((spot, object, spared), &whole, template, &shelf, bench);
            match asked.verdict {
                "pass" => into.passed += 1,
                "left out" => into.left_out += 1,
                _ => {}
            }
            if named || matches!(asked.verdict, "fail" | "error") {
                into.objects.push(asked);
            }
        }
    }
}

/// What is asked about: the object, or what lies in it at a path.
fn at<'a>(json: &'a Result<Json<'a>, String>, path: &str) -> Result<&'a Json<'a>, String> {
    let object = json.as_ref().map_err(Clone::clone)?;
    let asked = path.split('.').filter(|step| !step.is_empty()).try_fold(object, |value, step| value.get(step));
    asked.ok_or_else(|| format!("it has no {path}"))
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

/// Lists that hold objects of which something that these rules read was not kept, with what that is.
pub(super) fn unkept<'s>(check: &Definition, rules: &Rules, snapshot: &'s Snapshot) -> Vec<(&'s ListRecord, String)> {
    let mut unkept: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for Placed { read, .. } in &rules.reads {
        let Some(number) = snapshot.numbered(&read.kind) else { continue };
        let list = &snapshot.lists[number];
        // Of an empty list nothing is missing; of one whose objects are bare names, `survey` says it.
        let asked = !list.seen().is_empty() && (check.names_suffice || !list.record.metadata_only);
        if asked && !read.is_in(&list.record.kept) {
            let text = read.text();
            let missing = unkept.entry(number).or_default();
            if !missing.contains(&text) {
                missing.push(text);
            }
        }
    }
    unkept.into_iter().map(|(number, missing)| (&snapshot.lists[number].record, missing.join(", "))).collect()
}

/// What is asked, in the plural: `Pods`.
pub(super) fn subjects(definition: &Definition, rules: &Rules) -> String {
    if let Some(subjects) = &rules.subjects {
        return subjects.clone();
    }
    let kind = definition.needs.first().map_or("", |kind| parts(kind).1);
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
    let kind = definition.needs.first().map_or("", |kind| parts(kind).1);
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
        let mut slots: Vec<Slot<'a>> =
            std::iter::repeat_with(|| Slot::Value(Value::Null)).take(names.all.len()).collect();
        slots[names.object] = Slot::of(Value::of_json(object));
        slots[names.namespace] = match namespace {
            Some(Ok(json)) => Slot::of(Value::of_json(json)),
            Some(Err(why)) => Slot::of(Err(why.clone())),
            None => Slot::Value(Value::Null),
        };
        slots[names.now] = Slot::Value(Value::Timestamp(bench.as_of));
        for param in &names.params {
            slots[param.slot] = Slot::of(Value::of_json(&param.json));
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

fn api_version(record: &ListRecord) -> Cow<'_, str> {
    match &*record.group {
        "" => Cow::Borrowed(&record.version),
        group => Cow::Owned(format!("{group}/{}", record.version)),
    }
}

fn all(list: &List) -> Result<Vec<Json<'_>>, String> {
    let version = |object| {
        Json::of_object(object, api_version(&list.record), &list.record.kind, Part::Whole)
            .map_err(|why| format!("an object of the list: {why}"))
    };
    list.seen().iter().map(version).collect()
}

fn namespaces(snapshot: &Snapshot) -> BTreeMap<&str, Result<Json<'_>, String>> {
    let list = snapshot.list("", "Namespace").map_or(&[][..], List::seen);
    list.iter()
        .map(|namespace| (&*namespace.name, Json::of_object(namespace, "v1".into(), "Namespace", Part::Whole)))
        .collect()
}

fn fact(bench: &Bench<'_>, family: &str) -> Result<Json<'static>, String> {
    let value = bench.facts().value(family).ok_or("there is no such fact")?;
    <Json<'static> as serde::Deserialize>::deserialize(value).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests;
