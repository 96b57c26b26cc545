//! From a tree to what is evaluated: names become slots, macros become folds, calls find their function, and patterns
//! that are written out are compiled.

use std::collections::BTreeSet;

use super::{
    Mistake, Names, Span,
    functions::{self, Function, Style},
    parse::{Ast, AstKind, Operator, Optional},
};
use crate::workspace::diagnostic::nearest;

/// One step of an evaluation, and its place in the text.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) span: Span,
    pub(super) kind: Kind,
}

#[derive(Debug, Clone)]
pub(super) enum Kind {
    Null,
    Bool(bool),
    Int(i64),
    UInt(u64),
    Double(f64),
    Text(String),
    Bytes(Vec<u8>),
    Type(&'static str),
    /// A name that was given.
    Slot(usize),
    /// A variable of a macro: how many were bound before it.
    Local(usize),
    Select(Box<Node>, String, Optional),
    Has(Box<Node>, String),
    Index(Box<Node>, Box<Node>, Optional),
    List(Vec<(Optional, Node)>),
    Map(Vec<(Optional, Node, Node)>),
    Not(Box<Node>),
    Negate(Box<Node>),
    Binary(Operator, Box<[Node; 2]>),
    All(Vec<Node>),
    Any(Vec<Node>),
    Choose(Box<[Node; 3]>),
    /// A call; the receiver is the first argument.
    Call(&'static Function, Vec<Node>),
    /// `a.or(b)` and `a.orValue(b)`: the second is evaluated only when the first is empty.
    Else(Box<[Node; 2]>, Else),
    /// A call with a pattern that was compiled beforehand.
    Pattern(&'static Function, Vec<Node>, regex::Regex),
    Fold(Box<Fold>),
    /// `cel.bind(x, value, body)`.
    Bind(Box<[Node; 2]>),
    /// `optional.optMap(x, body)`.
    OptMap(Box<[Node; 2]>, Else),
}

/// What an optional value stands for in the end: itself again, or what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Else {
    Optional,
    Value,
}

/// A macro over the elements of a list or the keys of a map.
#[derive(Debug, Clone)]
pub(super) struct Fold {
    pub(super) over: Node,
    pub(super) variables: Variables,
    pub(super) what: What,
    pub(super) only: Option<Node>,
    pub(super) body: Node,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Variables {
    /// Element, or key.
    One,
    /// Index and element, or key and value.
    Two,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    All,
    Exists,
    ExistsOne,
    Filter,
    Map,
    TransformMap,
    TransformMapEntry,
    SortBy,
}

const TYPES: [&str; 13] = [
    "bool",
    "bytes",
    "double",
    "int",
    "list",
    "map",
    "null_type",
    "string",
    "type",
    "uint",
    "duration",
    "timestamp",
    "optional_type",
];

/// Names of admission policies that have no meaning for what is observed.
const OF_REQUESTS: [(&str, &str); 3] = [
    ("authorizer", "it asks an API server, and checks read a snapshot; who may do what is in `facts.access`"),
    ("request", "there is none, checks read what is in the cluster"),
    ("oldObject", "nothing changes while checks read what is in the cluster"),
];

/// Macros called on a value: name, arguments beside the receiver, variables, what.
const FOLDS: [(&str, usize, Variables, What); 17] = [
    ("all", 2, Variables::One, What::All),
    ("all", 3, Variables::Two, What::All),
    ("exists", 2, Variables::One, What::Exists),
    ("exists", 3, Variables::Two, What::Exists),
    ("existsOne", 2, Variables::One, What::ExistsOne),
    ("existsOne", 3, Variables::Two, What::ExistsOne),
    ("exists_one", 2, Variables::One, What::ExistsOne),
    ("filter", 2, Variables::One, What::Filter),
    ("map", 2, Variables::One, What::Map),
    ("map", 3, Variables::One, What::Map),
    ("sortBy", 2, Variables::One, What::SortBy),
    ("transformList", 3, Variables::Two, What::Map),
    ("transformList", 4, Variables::Two, What::Map),
    ("transformMap", 3, Variables::Two, What::TransformMap),
    ("transformMap", 4, Variables::Two, What::TransformMap),
    ("transformMapEntry", 3, Variables::Two, What::TransformMapEntry),
    ("transformMapEntry", 4, Variables::Two, What::TransformMapEntry),
];

/// Words that cannot be the name of a field as they are.
const KEYWORDS: [&str; 20] = [
    "true",
    "false",
    "null",
    "in",
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
];

/// The name of a field that is escaped as Kubernetes does: `foo__dash__bar`, `__namespace__`.
fn unescaped(field: &str) -> String {
    if let Some(word) = field.strip_prefix("__").and_then(|rest| rest.strip_suffix("__"))
        && (KEYWORDS.contains(&word) || word == "while")
    {
        return word.to_owned();
    }
    let mut name = String::with_capacity(field.len());
    let mut rest = field;
    'name: while !rest.is_empty() {
        for (escape, character) in [("__underscores__", "__"), ("__dot__", "."), ("__dash__", "-"), ("__slash__", "/")]
        {
            if let Some(after) = rest.strip_prefix(escape) {
                name.push_str(character);
                rest = after;
                continue 'name;
            }
        }
        let first = rest.chars().next().map_or(1, char::len_utf8);
        name.push_str(&rest[..first]);
        rest = &rest[first..];
    }
    name
}

/// Gives names their meaning. Also the slots that are used.
pub(super) fn lower(tree: &Ast, names: &Names) -> Result<(Node, Vec<usize>), Vec<Mistake>> {
    let mut lowering = Lowering { names, locals: Vec::new(), slots: BTreeSet::new(), mistakes: Vec::new() };
    let root = lowering.node(tree);
    match root {
        Some(root) if lowering.mistakes.is_empty() => Ok((root, lowering.slots.into_iter().collect())),
        _ => Err(lowering.mistakes),
    }
}

struct Lowering<'n> {
    names: &'n Names,
    locals: Vec<String>,
    slots: BTreeSet<usize>,
    mistakes: Vec<Mistake>,
}

impl Lowering<'_> {
    fn mistake(&mut self, span: Span, message: impl Into<String>) {
        self.mistakes.push(Mistake::new(span, message.into()));
    }

    fn suggest<'k>(&mut self, span: Span, message: String, name: &str, known: impl Iterator<Item = &'k str>) {
        let mut known: Vec<&str> = known.collect();
        known.sort_unstable();
        known.dedup();
        let help = match nearest(name, known.iter().copied()) {
            Some(meant) => Some(format!("did you mean `{meant}`?")),
            None if known.is_empty() || known.len() > 12 => None,
            None => Some(format!("there are {}", known.join(", "))),
        };
        self.mistakes.push(Mistake { span, message, help });
    }

    /// All children are looked at, so that every mistake is found; `None` when there was one.
    fn all(&mut self, trees: &[Ast]) -> Option<Vec<Node>> {
        let nodes: Vec<Option<Node>> = trees.iter().map(|tree| self.node(tree)).collect();
        nodes.into_iter().collect()
    }

    fn pair(&mut self, a: &Ast, b: &Ast) -> Option<Box<[Node; 2]>> {
        let (a, b) = (self.node(a), self.node(b));
        Some(Box::new([a?, b?]))
    }

    fn node(&mut self, tree: &Ast) -> Option<Node> {
        let kind = match &tree.kind {
            AstKind::Null => Kind::Null,
            AstKind::Bool(value) => Kind::Bool(*value),
            AstKind::Int(value) => Kind::Int(*value),
            AstKind::UInt(value) => Kind::UInt(*value),
            AstKind::Double(value) => Kind::Double(*value),
            AstKind::Text(text) => Kind::Text(text.clone()),
            AstKind::Bytes(bytes) => Kind::Bytes(bytes.clone()),
            AstKind::Ident(name) => self.name(name, tree.span)?,
            AstKind::Select { of, field, at, optional } => match self.compound(of, &unescaped(field), *at) {
                Some(found) => found?,
                None => Kind::Select(self.node(of)?.into(), unescaped(field), *optional),
            },
            AstKind::Index { of, index, optional } => {
                if let AstKind::Text(key) = &index.kind
                    && let Some(found) = self.compound(of, key, index.span)
                {
                    found?
                } else {
                    let (of, index) = (self.node(of), self.node(index));
                    Kind::Index(of?.into(), index?.into(), *optional)
                }
            }
            AstKind::List(elements) => {
                let nodes: Vec<_> =
                    elements.iter().map(|(optional, tree)| Some((*optional, self.node(tree)?))).collect();
                Kind::List(nodes.into_iter().collect::<Option<_>>()?)
            }
            AstKind::Map(entries) => {
                let nodes: Vec<_> = entries
                    .iter()
                    .map(|(optional, key, value)| {
                        let (key, value) = (self.node(key), self.node(value));
                        Some((*optional, key?, value?))
                    })
                    .collect();
                Kind::Map(nodes.into_iter().collect::<Option<_>>()?)
            }
            AstKind::Not(of) => Kind::Not(self.node(of)?.into()),
            AstKind::Negate(of) => Kind::Negate(self.node(of)?.into()),
            AstKind::Binary(operator, a, b) => Kind::Binary(*operator, self.pair(a, b)?),
            AstKind::All(operands) => Kind::All(self.all(operands)?),
            AstKind::Any(operands) => Kind::Any(self.all(operands)?),
            AstKind::Choose(parts) => {
                let [a, b, c] = &**parts;
                let (a, b, c) = (self.node(a), self.node(b), self.node(c));
                Kind::Choose(Box::new([a?, b?, c?]))
            }
            AstKind::Call { target, name, at, args } => self.call(tree.span, target.as_deref(), name, *at, args)?,
        };
        Some(Node { span: tree.span, kind })
    }

    fn name(&mut self, name: &str, span: Span) -> Option<Kind> {
        if let Some(local) = self.locals.iter().rposition(|local| local == name) {
            return Some(Kind::Local(local));
        }
        if let Some(slot) = self.names.slot(name) {
            self.slots.insert(slot);
            return Some(Kind::Slot(slot));
        }
        if let Some(known) = TYPES.into_iter().find(|known| *known == name) {
            return Some(Kind::Type(known));
        }
        let below: Vec<String> = self.below(name).map(str::to_owned).collect();
        if let Some((_, why)) = OF_REQUESTS.iter().find(|(known, _)| *known == name) {
            self.mistake(span, format!("`{name}` is not known here: {why}"));
        } else if below.is_empty() {
            let known: Vec<String> = self
                .names
                .iter()
                .map(|known| known.split('.').next().unwrap_or_default().to_owned())
                .chain(self.locals.iter().cloned())
                .collect();
            self.suggest(span, format!("no variable is named `{name}`"), name, known.iter().map(String::as_str));
        } else {
            self.mistake(span, format!("`{name}` is used with one of its names: {}", below.join(", ")));
        }
        None
    }

    /// Second words of the names that begin with this one.
    fn below<'s>(&'s self, first: &'s str) -> impl Iterator<Item = &'s str> + 's {
        self.names.iter().filter_map(move |known| known.strip_prefix(first)?.strip_prefix('.'))
    }

    /// A name of two words, as in `params.limit`; outer `None`: this is an ordinary field.
    fn compound(&mut self, of: &Ast, field: &str, at: Span) -> Option<Option<Kind>> {
        let AstKind::Ident(first) = &of.kind else { return None };
        if self.locals.contains(first) || self.names.slot(first).is_some() || self.below(first).next().is_none() {
            return None;
        }
        if let Some(slot) = self.names.slot(&format!("{first}.{field}")) {
            self.slots.insert(slot);
            return Some(Some(Kind::Slot(slot)));
        }
        let known: Vec<String> = self.below(first).map(str::to_owned).collect();
        let message = format!("`{first}` has no `{field}`");
        self.suggest(at, message, field, known.iter().map(String::as_str));
        Some(None)
    }

    fn call(&mut self, span: Span, target: Option<&Ast>, name: &str, at: Span, args: &[Ast]) -> Option<Kind> {
        if let Some(found) = self.macros(span, target, name, at, args) {
            return found;
        }
        // `sets.contains(a, b)` names one function, unless somebody called a variable `sets`.
        if let Some(Ast { kind: AstKind::Ident(first), .. }) = target
            && !self.locals.contains(first)
            && self.names.slot(first).is_none()
        {
            let full = format!("{first}.{name}");
            if functions::with_name(&full).next().is_some() {
                let args = self.all(args);
                return self.function(&full, Style::Global, span, at, args?);
            }
            if functions::ALL.iter().any(|list| list.iter().any(|known| known.name.starts_with(&format!("{first}.")))) {
                let known = functions::names().filter(|known| known.starts_with(&format!("{first}.")));
                self.suggest(at, format!("no function is named `{full}`"), &full, known);
                return None;
            }
        }
        let receiver = target.map(|target| self.node(target));
        let rest = self.all(args);
        let (style, all) = match receiver {
            Some(receiver) => (Style::Method, std::iter::once(receiver?).chain(rest?).collect()),
            None => (Style::Global, rest?),
        };
        self.function(name, style, span, at, all)
    }

    fn function(&mut self, name: &str, style: Style, span: Span, at: Span, mut args: Vec<Node>) -> Option<Kind> {
        if style == Style::Method && args.len() == 2 && matches!(name, "or" | "orValue") {
            let second = args.pop()?;
            let kind = if name == "or" { Else::Optional } else { Else::Value };
            return Some(Kind::Else(Box::new([args.pop()?, second]), kind));
        }
        let given = args.len();
        let mut other_style = false;
        let mut counts = Vec::new();
        for function in functions::with_name(name) {
            if function.style != style && function.style != Style::Both {
                other_style = true;
            } else if function.arity.contains(&given) {
                if function.pattern
                    && let Some(Node { span, kind: Kind::Text(pattern) }) = args.get(1)
                {
                    return match functions::regex::compile(pattern) {
                        Ok(compiled) => Some(Kind::Pattern(function, args, compiled)),
                        Err(why) => {
                            let span = *span;
                            self.mistake(span, why);
                            None
                        }
                    };
                }
                if functions::time::takes_zone(name)
                    && let Some(Node { span, kind: Kind::Text(zone) }) = args.get(1)
                    && let Err(why) = functions::time::zone(zone)
                {
                    let span = *span;
                    self.mistake(span, why);
                    return None;
                }
                return Some(Kind::Call(function, args));
            } else {
                counts.push(function.arity.clone());
            }
        }
        if !counts.is_empty() {
            let receiver = usize::from(style == Style::Method);
            let mut wanted: Vec<usize> = counts.into_iter().flatten().map(|count| count - receiver).collect();
            wanted.sort_unstable();
            wanted.dedup();
            let wanted: Vec<String> = wanted.iter().map(usize::to_string).collect();
            let message = format!("`{name}` takes {} arguments, not {}", wanted.join(" or "), given - receiver);
            self.mistake(span, message);
        } else if other_style {
            let message = match style {
                Style::Method => format!("`{name}` is called on its own, as in `{name}(…)`"),
                _ => format!("`{name}` is called on a value, as in `x.{name}(…)`"),
            };
            self.mistake(at, message);
        } else {
            let macros = FOLDS.iter().map(|fold| fold.0).chain(["has", "optMap", "optFlatMap", "or", "orValue"]);
            let known: Vec<&str> = functions::names().chain(macros).collect();
            self.suggest(at, format!("no function is named `{name}`"), name, known.into_iter());
        }
        None
    }

    /// Outer `None`: this is no macro.
    fn macros(&mut self, span: Span, target: Option<&Ast>, name: &str, at: Span, args: &[Ast]) -> Option<Option<Kind>> {
        match (target, name, args) {
            (None, "has", [Ast { kind: AstKind::Select { of, field, optional: Optional::No, .. }, .. }]) => {
                // A name that was declared is always there.
                let field = unescaped(field);
                if let Some(found) = self.compound(of, &field, span) {
                    return Some(found.map(|_| Kind::Bool(true)));
                }
                Some(self.node(of).map(|of| Kind::Has(of.into(), field)))
            }
            (None, "has", _) => {
                self.mistake(span, "`has` asks for a field, as in `has(object.spec.replicas)`");
                Some(None)
            }
            (Some(Ast { kind: AstKind::Ident(first), .. }), "bind", [variable, value, body]) if first == "cel" => {
                let value = self.node(value);
                let body = self.bound(&[variable], body);
                Some(value.zip(body).map(|(value, body)| Kind::Bind(Box::new([value, body]))))
            }
            (Some(target), "optMap" | "optFlatMap", [variable, body]) => {
                let of = self.node(target);
                let body = self.bound(&[variable], body);
                let kind = if name == "optMap" { Else::Value } else { Else::Optional };
                Some(of.zip(body).map(|(of, body)| Kind::OptMap(Box::new([of, body]), kind)))
            }
            (Some(target), ..) if FOLDS.iter().any(|fold| fold.0 == name) => {
                Some(self.fold(span, target, name, at, args))
            }
            _ => None,
        }
    }

    fn fold(&mut self, span: Span, target: &Ast, name: &str, at: Span, args: &[Ast]) -> Option<Kind> {
        let Some(&(_, _, variables, what)) = FOLDS.iter().find(|fold| (fold.0, fold.1) == (name, args.len())) else {
            let counts: Vec<_> = FOLDS.iter().filter(|fold| fold.0 == name).map(|fold| fold.1.to_string()).collect();
            self.mistake(span, format!("`{name}` takes {} arguments, not {}", counts.join(" or "), args.len()));
            return None;
        };
        let over = self.node(target);
        let count = if variables == Variables::One { 1 } else { 2 };
        let (bound, rest) = args.split_at(count);
        let bound: Vec<&Ast> = bound.iter().collect();
        let (only, body) = match rest {
            [body] => (None, self.bound(&bound, body)),
            [only, body] => (Some(self.bound(&bound, only)), self.bound(&bound, body)),
            _ => {
                self.mistake(at, format!("`{name}` lacks its body"));
                return None;
            }
        };
        let only = match only {
            Some(only) => Some(only?),
            None => None,
        };
        Some(Kind::Fold(Box::new(Fold { over: over?, variables, what, only, body: body? })))
    }

    /// A body in which these variables stand for something.
    fn bound(&mut self, variables: &[&Ast], body: &Ast) -> Option<Node> {
        let before = self.locals.len();
        let mut fine = true;
        for variable in variables {
            match &variable.kind {
                AstKind::Ident(name) => self.locals.push(name.clone()),
                _ => {
                    fine = false;
                    self.mistake(variable.span, "a macro begins with the name of its variable");
                }
            }
        }
        let node = if fine { self.node(body) } else { None };
        self.locals.truncate(before);
        node
    }
}
