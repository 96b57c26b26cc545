//! Questions in CEL: which objects are asked, and what has to be true of each.
//!
//! In: the expressions of one `[[check]]` table. Out: [`Rules`], compiled, or problems at their places. The names that
//! expressions may use are those of Kubernetes' ValidatingAdmissionPolicy (`object`, `namespaceObject`, `params`,
//! `variables`), and `objects`, `facts` and `now`.

use std::{collections::BTreeMap, ops::Range};

use serde::Deserialize;
use toml::Spanned;

use super::{
    Problem, Subject,
    parse::{RawRule, RawVariable},
    place,
    reads::{self, Placed, Read},
};
use crate::{
    cel::{
        Expression, Names,
        json::Json,
        touch::{Origin, Touch},
    },
    facts::FAMILIES,
    snapshot::parts,
};

/// Variables that one check may declare: values may lie in each other as deep as all of them together.
const MOST_VARIABLES: usize = 32;

/// A compiled question.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    pub(crate) asked_of: AskedOf,
    /// What is asked about, in the plural, if the check says so.
    pub(crate) subjects: Option<String>,
    pub(crate) leave_out: Option<LeaveOut>,
    pub(crate) names: Slots,
    pub(crate) only: Option<Expression>,
    pub(crate) rules: Vec<Rule>,
    /// What all of them read of objects, each once, with the first place that does.
    pub(crate) reads: Vec<Placed>,
    /// Of `object` they read nothing but what Pods of one workload have in common.
    pub(crate) of_spec: bool,
    /// They read something of the `spec` of `object`.
    pub(crate) reads_spec: bool,
}

/// What `object` stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum AskedOf {
    /// Each object of the first kind needed.
    #[default]
    Objects,
    /// The Pod template of each object that makes Pods, and each Pod that no such object made.
    PodTemplates,
}

/// Namespaces that the workspace's policy leaves out of the question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LeaveOut {
    /// `policy.privileged-namespaces`
    PrivilegedNamespaces,
    /// `policy.open-namespaces`
    OpenNamespaces,
}

/// Where each name that the expressions use has its value from.
#[derive(Debug, Clone, Default)]
pub(crate) struct Slots {
    pub(crate) object: usize,
    pub(crate) namespace: usize,
    pub(crate) now: usize,
    pub(crate) params: Vec<Param>,
    /// Lists of other kinds: which of the kinds needed.
    pub(crate) objects: Vec<(usize, usize)>,
    /// Facts: the family.
    pub(crate) facts: Vec<(usize, &'static str)>,
    pub(crate) variables: Vec<(usize, Expression)>,
    /// Names of all, by slot.
    pub(crate) all: Names,
    /// Slots that anything reads, sorted.
    used: Vec<usize>,
}

/// A parameter: what TOML says, and the same as expressions read it.
#[derive(Debug, Clone)]
pub(crate) struct Param {
    pub(crate) slot: usize,
    pub(crate) name: String,
    pub(crate) value: toml::Value,
    pub(crate) json: Json<'static>,
}

impl Param {
    pub(super) fn set(&mut self, value: toml::Value) {
        self.json = json(value.clone());
        self.value = value;
    }
}

/// One thing that has to be true.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) expression: Expression,
    pub(crate) message: Message,
}

/// What is said when it is not.
#[derive(Debug, Clone)]
pub(crate) enum Message {
    Text(String),
    Expression(Expression),
}

/// What a `[[check]]` table says.
pub(super) struct RawRules {
    pub(super) subject: AskedOf,
    pub(super) subjects: Option<String>,
    pub(super) leave_out: Option<LeaveOut>,
    pub(super) asked: Option<Spanned<String>>,
    pub(super) params: toml::Table,
    pub(super) variables: Vec<RawVariable>,
    pub(super) rules: Vec<RawRule>,
}

impl Slots {
    /// Anything reads this name.
    pub(crate) fn reads(&self, slot: usize) -> bool {
        self.used.binary_search(&slot).is_ok()
    }
}

impl Rules {
    /// Every object answers for itself: what is seen of it stays, whatever else is read.
    pub(crate) fn alone(&self) -> bool {
        let slots = &self.names;
        !slots.reads(slots.namespace)
            && !slots.objects.iter().any(|(slot, _)| slots.reads(*slot))
            && !slots.facts.iter().any(|(slot, _)| slots.reads(*slot))
    }

    /// Variables, with their names.
    pub(crate) fn variables(&self) -> impl Iterator<Item = (&str, &Expression)> {
        let name = |slot: usize| self.names.all.name(slot).map_or("", |name| name.trim_start_matches("variables."));
        self.names.variables.iter().map(move |(slot, variable)| (name(*slot), variable))
    }

    /// Families of facts that it reads.
    pub(crate) fn facts(&self) -> impl Iterator<Item = &'static str> {
        self.names.facts.iter().filter(|(slot, _)| self.names.reads(*slot)).map(|(_, family)| *family)
    }

    pub(super) fn compile(
        raw: RawRules,
        needs: &[String],
        file: &str,
        table: &Range<usize>,
    ) -> Result<Self, Vec<Problem>> {
        let mut compiler = Compiler {
            file,
            names: Names::default(),
            problems: Vec::new(),
            origins: BTreeMap::new(),
            touches: Vec::new(),
        };
        let mut slots = Slots {
            object: compiler.names.add("object"),
            namespace: compiler.names.add("namespaceObject"),
            now: compiler.names.add("now"),
            ..Slots::default()
        };
        for (name, value) in raw.params {
            let slot = compiler.names.add(format!("params.{name}"));
            slots.params.push(Param { slot, name, json: json(value.clone()), value });
        }
        for (number, kind) in needs.iter().enumerate() {
            let bare = kind.rsplit_once('/').map_or(kind.as_str(), |(_, bare)| bare);
            for name in std::iter::once(bare).chain((bare != kind).then_some(kind.as_str())) {
                // Of two kinds of one name the first has the short one.
                if compiler.names.slot(&format!("objects.{name}")).is_none() {
                    slots.objects.push((compiler.names.add(format!("objects.{name}")), number));
                }
            }
        }
        for family in FAMILIES {
            slots.facts.push((compiler.names.add(format!("facts.{family}")), family));
        }
        if let Some(first) = raw.variables.get(MOST_VARIABLES) {
            compiler.problems.push(Problem {
                message: format!("a check has at most {MOST_VARIABLES} variables"),
                help: None,
                span: Some(first.name.span()),
                subject: Subject::Expression,
            });
        }
        for variable in &raw.variables {
            let name = variable.name.get_ref();
            let sound = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
                && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
            if !sound || compiler.names.slot(&format!("variables.{name}")).is_some() {
                let why = if sound { "is declared twice" } else { "is no name: letters, digits and `_`" };
                compiler.problems.push(Problem {
                    message: format!("variable `{name}` {why}"),
                    help: None,
                    span: Some(variable.name.span()),
                    subject: Subject::Expression,
                });
            }
            // Declared before the name is: a variable sees those above it.
            let expression = compiler.compile(&variable.expression);
            let slot = compiler.names.add(format!("variables.{name}"));
            if let Some(expression) = expression {
                let (touches, origin) = expression.origin(&|slot| compiler.origins.get(&slot).cloned());
                compiler.place(touches, &variable.expression);
                compiler.origins.insert(slot, origin);
                slots.variables.push((slot, expression));
            }
        }
        let only = raw.asked.as_ref().map(|asked| compiler.expression(asked));
        let mut rules = Vec::new();
        for rule in &raw.rules {
            let expression = compiler.expression(&rule.expression);
            let message = match (&rule.message, &rule.message_expression) {
                (_, Some(message)) => compiler.expression(message).map(Message::Expression),
                (Some(message), None) => Some(Message::Text(message.trim().to_owned())),
                (None, None) => {
                    compiler.problems.push(Problem {
                        message: "a rule says what is wrong when it is not met".to_owned(),
                        help: Some("give it a `message`, or a `message-expression` that names the field".to_owned()),
                        span: Some(rule.expression.span()),
                        subject: Subject::Data,
                    });
                    None
                }
            };
            rules.extend(expression.zip(message).map(|(expression, message)| Rule { expression, message }));
        }
        let asked_of = raw.subject;
        if asked_of == AskedOf::PodTemplates && template_kinds(needs).next().is_none() {
            compiler.problems.push(Problem {
                message: "none of the kinds needed has a Pod template".to_owned(),
                help: Some("need `Pod`, `apps/Deployment` and the like".to_owned()),
                span: Some(table.clone()),
                subject: Subject::Data,
            });
        }
        if !compiler.problems.is_empty() {
            return Err(compiler.problems);
        }
        slots.all = compiler.names;
        let mut reads: Vec<Placed> = Vec::new();
        let of_object = || compiler.touches.iter().map(|(touch, _)| touch).filter(|touch| touch.slot == slots.object);
        let (of_spec, reads_spec) = (of_object().all(reads::is_of_spec), of_object().any(reads::is_in_spec));
        for (touch, place) in compiler.touches {
            for read in Read::of(&touch, &slots, asked_of, needs) {
                if reads.iter().all(|known| known.read != read) {
                    reads.push(Placed { read, place: place.clone() });
                }
            }
        }
        let only = only.flatten();
        let expressions = only.iter().chain(slots.variables.iter().map(|(_, variable)| variable));
        let mut used: Vec<usize> = expressions
            .chain(rules.iter().map(|rule| &rule.expression))
            .chain(rules.iter().filter_map(|rule| match &rule.message {
                Message::Expression(expression) => Some(expression),
                Message::Text(_) => None,
            }))
            .flat_map(|expression| expression.slots().iter().copied())
            .collect();
        used.sort_unstable();
        used.dedup();
        slots.used = used;
        if slots.reads(slots.namespace) && !needs.iter().any(|kind| kind == "Namespace") {
            return Err(vec![Problem {
                message: "`namespaceObject` is used, and `Namespace` is not among the kinds needed".to_owned(),
                help: Some(
                    "add it to `needs`, so that a list that was not read is told from a namespace without labels"
                        .to_owned(),
                ),
                span: Some(table.clone()),
                subject: Subject::Data,
            }]);
        }
        Ok(Self {
            asked_of,
            subjects: raw.subjects,
            leave_out: raw.leave_out,
            names: slots,
            only,
            rules,
            reads,
            of_spec,
            reads_spec,
        })
    }
}

/// Kinds among those needed that are Pods or have a Pod template: group, kind, path to the template.
pub(crate) fn template_kinds(
    needs: &[String],
) -> impl Iterator<Item = &'static (&'static str, &'static str, &'static str)> {
    crate::facts::pod_security::templates::KINDS
        .iter()
        .filter(|(group, kind, _)| needs.iter().any(|need| parts(need) == (*group, *kind)))
}

struct Compiler<'f> {
    file: &'f str,
    names: Names,
    problems: Vec<Problem>,
    /// What variables are made of, by slot.
    origins: BTreeMap<usize, Origin>,
    /// Of all expressions, with their place in the file.
    touches: Vec<(Touch, Range<usize>)>,
}

impl Compiler<'_> {
    /// An expression whose answer is used.
    fn expression(&mut self, text: &Spanned<String>) -> Option<Expression> {
        let expression = self.compile(text)?;
        let touches = expression.touches(&|slot| self.origins.get(&slot).cloned());
        self.place(touches, text);
        Some(expression)
    }

    fn place(&mut self, touches: Vec<Touch>, text: &Spanned<String>) {
        let placed = touches.into_iter().map(|touch| {
            let place = place::in_file(self.file, &text.span(), &touch.span.range());
            (touch, place)
        });
        self.touches.extend(placed.collect::<Vec<_>>());
    }

    fn compile(&mut self, text: &Spanned<String>) -> Option<Expression> {
        match Expression::compile(text.get_ref(), &self.names) {
            Ok(expression) => Some(expression),
            Err(mistakes) => {
                self.problems.extend(mistakes.into_iter().map(|mistake| Problem {
                    span: Some(place::in_file(self.file, &text.span(), &mistake.span.range())),
                    message: mistake.message,
                    help: mistake.help,
                    subject: Subject::Expression,
                }));
                None
            }
        }
    }
}

/// A parameter's value as expressions read it.
fn json(value: toml::Value) -> Json<'static> {
    match value {
        toml::Value::String(text) => Json::Text(text.into()),
        toml::Value::Integer(number) => Json::Int(number),
        toml::Value::Float(number) => Json::Double(number),
        toml::Value::Boolean(value) => Json::Bool(value),
        toml::Value::Datetime(moment) => Json::Text(moment.to_string().into()),
        toml::Value::Array(values) => Json::List(values.into_iter().map(json).collect()),
        toml::Value::Table(table) => {
            Json::Map(table.into_iter().map(|(key, value)| (key.into(), json(value))).collect())
        }
    }
}
