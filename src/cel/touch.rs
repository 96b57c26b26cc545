//! Which parts of its names an expression reads, told without evaluating it.
//!
//! In: a compiled expression, and for names that stand for other expressions what those are made of. Out: [`Touch`]es,
//! each the path that is read, how, and where in the text. A value that only passes through (`filter`, `orValue`,
//! `cel.bind`, a variable) is followed; what an operator or function takes is read there.
//!
//! Invariant: evaluating reads nothing that no touch covers. Where it cannot be told what is read, all of it counts.

use std::collections::BTreeSet;

use super::{
    Expression, Span,
    lower::{Fold, Kind, Node, Variables, What},
    parse::Operator,
};

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    /// A field, or the value of a key that is written out.
    Field(String),
    /// An element of a list; of a map its keys.
    Each,
    /// An element of a list, or the value of a key that is computed.
    Any,
}

/// How a value is read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Extent {
    /// Whether it is there.
    There,
    /// How many elements or which keys it has.
    Length,
    /// Whether an element is in it, or a key: which one, if it is written out.
    Member(Option<String>),
    /// All of it.
    All,
}

/// Something that an expression reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Touch {
    pub(crate) slot: usize,
    pub(crate) path: Vec<Step>,
    pub(crate) extent: Extent,
    pub(crate) span: Span,
}

/// Where a value may come from.
#[derive(Debug, Clone, Default)]
pub(crate) struct Origin {
    places: BTreeSet<(usize, Vec<Step>)>,
    /// Where the elements of a list or map that the expression itself writes may come from.
    inner: Option<Box<Origin>>,
}

/// Places that one value may come from, and lists that may lie in each other, before all counts as read.
const MOST_PLACES: usize = 64;
const DEEPEST: usize = 8;

impl Origin {
    fn of(slot: usize) -> Self {
        Self { places: BTreeSet::from([(slot, Vec::new())]), inner: None }
    }

    fn step(self, step: &Step) -> Self {
        let below = |(slot, mut path): (usize, Vec<Step>)| {
            path.push(step.clone());
            (slot, path)
        };
        let next = Self { places: self.places.into_iter().map(below).collect(), inner: None };
        match self.inner {
            Some(inner) => next.join(*inner),
            None => next,
        }
    }

    fn join(mut self, other: Self) -> Self {
        self.places.extend(other.places);
        self.inner = match (self.inner, other.inner) {
            (Some(a), Some(b)) => Some(Box::new(a.join(*b))),
            (a, b) => a.or(b),
        };
        self
    }

    fn depth(&self) -> usize {
        self.inner.as_ref().map_or(0, |inner| 1 + inner.depth())
    }
}

impl Expression {
    /// What it reads, its answer included.
    pub(crate) fn touches(&self, variables: &dyn Fn(usize) -> Option<Origin>) -> Vec<Touch> {
        let mut reader = Reader::new(variables);
        let origin = reader.node(&self.root);
        reader.read(&origin, &Extent::All, self.root.span);
        reader.touches
    }

    /// What it reads, and where its answer comes from, which whoever uses it reads.
    pub(crate) fn origin(&self, variables: &dyn Fn(usize) -> Option<Origin>) -> (Vec<Touch>, Origin) {
        let mut reader = Reader::new(variables);
        let origin = reader.node(&self.root);
        (reader.touches, origin)
    }
}

struct Reader<'v> {
    variables: &'v dyn Fn(usize) -> Option<Origin>,
    locals: Vec<Origin>,
    touches: Vec<Touch>,
}

impl<'v> Reader<'v> {
    fn new(variables: &'v dyn Fn(usize) -> Option<Origin>) -> Self {
        Self { variables, locals: Vec::new(), touches: Vec::new() }
    }

    fn read(&mut self, origin: &Origin, extent: &Extent, span: Span) {
        for (slot, path) in &origin.places {
            self.touches.push(Touch { slot: *slot, path: path.clone(), extent: extent.clone(), span });
        }
        if let Some(inner) = &origin.inner
            && matches!(extent, Extent::All | Extent::Member(_))
        {
            self.read(inner, &Extent::All, span);
        }
    }

    /// Reads the answer of a node.
    fn take(&mut self, node: &Node, extent: &Extent) {
        let origin = self.node(node);
        self.read(&origin, extent, node.span);
    }

    fn take_all<'n>(&mut self, nodes: impl IntoIterator<Item = &'n Node>) -> Origin {
        for node in nodes {
            self.take(node, &Extent::All);
        }
        Origin::default()
    }

    fn joined<'n>(&mut self, nodes: impl IntoIterator<Item = &'n Node>) -> Origin {
        nodes.into_iter().map(|node| self.node(node)).fold(Origin::default(), Origin::join)
    }

    /// A list or map with these elements.
    fn holding(inner: Origin) -> Origin {
        Origin { places: BTreeSet::new(), inner: Some(Box::new(inner)) }
    }

    fn with(&mut self, bound: impl IntoIterator<Item = Origin>, body: &Node) -> Origin {
        let before = self.locals.len();
        self.locals.extend(bound);
        let origin = self.node(body);
        self.locals.truncate(before);
        origin
    }

    fn node(&mut self, node: &Node) -> Origin {
        let origin = self.kind(node);
        if origin.places.len() <= MOST_PLACES && origin.depth() <= DEEPEST {
            return origin;
        }
        self.read(&origin, &Extent::All, node.span);
        Origin::default()
    }

    fn kind(&mut self, node: &Node) -> Origin {
        match &node.kind {
            Kind::Null
            | Kind::Bool(_)
            | Kind::Int(_)
            | Kind::UInt(_)
            | Kind::Double(_)
            | Kind::Text(_)
            | Kind::Bytes(_)
            | Kind::Type(_) => Origin::default(),
            Kind::Slot(slot) => (self.variables)(*slot).unwrap_or_else(|| Origin::of(*slot)),
            Kind::Local(local) => self.locals.get(*local).cloned().unwrap_or_default(),
            Kind::Select(of, field, _) => self.node(of).step(&Step::Field(field.clone())),
            Kind::Has(of, field) => {
                let origin = self.node(of).step(&Step::Field(field.clone()));
                self.read(&origin, &Extent::There, node.span);
                Origin::default()
            }
            Kind::Index(of, index, _) => {
                let step = match &index.kind {
                    Kind::Text(key) => Step::Field(key.clone()),
                    _ => Step::Any,
                };
                self.take(index, &Extent::All);
                self.node(of).step(&step)
            }
            Kind::List(elements) => Self::holding(self.joined(elements.iter().map(|(_, element)| element))),
            Kind::Map(entries) => {
                self.take_all(entries.iter().map(|(_, key, _)| key));
                Self::holding(self.joined(entries.iter().map(|(_, _, value)| value)))
            }
            Kind::Not(of) | Kind::Negate(of) => self.take_all([&**of]),
            Kind::Binary(operator, operands) => self.binary(*operator, operands),
            Kind::All(operands) | Kind::Any(operands) => self.take_all(operands),
            Kind::Choose(parts) => {
                self.take(&parts[0], &Extent::All);
                self.joined(&parts[1..])
            }
            Kind::Call(function, args) => self.call(function.name, args),
            Kind::Pattern(_, args, _) => self.take_all(args),
            Kind::Else(parts, _) => self.joined(&**parts),
            Kind::Fold(fold) => self.fold(fold),
            Kind::Bind(parts) | Kind::OptMap(parts, _) => {
                let bound = self.node(&parts[0]);
                // Whether there is a value decides, whatever the body does with it.
                self.read(&bound, &Extent::There, parts[0].span);
                self.with([bound], &parts[1])
            }
        }
    }

    fn binary(&mut self, operator: Operator, operands: &[Node; 2]) -> Origin {
        let [a, b] = operands;
        match operator {
            Operator::Equal | Operator::Differ => {
                for (one, other) in [(a, b), (b, a)] {
                    let extent = match &other.kind {
                        Kind::Null => Extent::There,
                        Kind::List(elements) if elements.is_empty() => Extent::Length,
                        _ => Extent::All,
                    };
                    self.take(one, &extent);
                }
                Origin::default()
            }
            Operator::In => {
                self.take(a, &Extent::All);
                let key = match &a.kind {
                    Kind::Text(key) => Some(key.clone()),
                    _ => None,
                };
                self.take(b, &Extent::Member(key));
                Origin::default()
            }
            // Lists that are put together keep their elements.
            Operator::Add => self.joined(operands),
            _ => self.take_all(operands),
        }
    }

    fn call(&mut self, name: &str, args: &[Node]) -> Origin {
        let Some((first, rest)) = args.split_first() else { return Origin::default() };
        match name {
            "size" | "type" | "hasValue" => {
                let extent = if name == "size" { Extent::Length } else { Extent::There };
                self.take(first, &extent);
                Origin::default()
            }
            "dyn" | "optional.of" | "value" | "slice" | "reverse" => {
                self.take_all(rest);
                self.node(first)
            }
            "first" | "last" => {
                let origin = self.node(first);
                self.read(&origin, &Extent::Length, first.span);
                origin.step(&Step::Any)
            }
            _ => self.take_all(args),
        }
    }

    fn fold(&mut self, fold: &Fold) -> Origin {
        let over = self.node(&fold.over);
        self.read(&over, &Extent::Length, fold.over.span);
        let bound = match fold.variables {
            Variables::One => vec![over.clone().step(&Step::Each)],
            Variables::Two => vec![Origin::default(), over.clone().step(&Step::Any)],
        };
        if let Some(only) = &fold.only {
            let origin = self.with(bound.iter().cloned(), only);
            self.read(&origin, &Extent::All, only.span);
        }
        let body = self.with(bound, &fold.body);
        if matches!(fold.what, What::Map | What::TransformMap | What::TransformMapEntry) {
            return Self::holding(body);
        }
        self.read(&body, &Extent::All, fold.body.span);
        match fold.what {
            What::Filter | What::SortBy => over,
            _ => Origin::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cel::Names;

    /// `path how` of everything read of `object`.
    fn reads(text: &str) -> Vec<String> {
        let mut names = Names::default();
        names.add("object");
        let expression = Expression::compile(text, &names).unwrap_or_else(|mistakes| panic!("{text}: {}", mistakes[0]));
        let mut all: Vec<String> = expression
            .touches(&|_| None)
            .into_iter()
            .map(|touch| {
                let path = touch.path.iter().map(|step| match step {
                    Step::Field(name) => format!(".{name}"),
                    Step::Each => "[]".to_owned(),
                    Step::Any => "[?]".to_owned(),
                });
                format!("{} {:?}", path.collect::<String>(), touch.extent)
            })
            .collect();
        all.sort();
        all.dedup();
        all
    }

    #[test]
    fn paths_are_followed_to_where_they_are_read() {
        for (text, expected) in [
            ("object.spec.hostPID == true", &[".spec.hostPID All"][..]),
            ("!has(object.spec.a) || object.spec.a > 1", &[".spec.a All", ".spec.a There"]),
            ("object.?spec.?a.orValue(object.b) == 1", &[".b All", ".spec.a All"]),
            ("object.spec.list.all(c, c.image != '')", &[".spec.list Length", ".spec.list[].image All"]),
            ("object.spec.map.all(k, v, v.x == k)", &[".spec.map Length", ".spec.map[?].x All"]),
            ("object.spec.list.filter(c, has(c.a)).size() == 1", &[".spec.list Length", ".spec.list[].a There"]),
            ("object.spec.list.map(c, c.a).exists(a, a == 1)", &[".spec.list Length", ".spec.list[].a All"]),
            ("(object.a + object.b)[0].c == 1", &[".a[?].c All", ".b[?].c All"]),
            ("cel.bind(s, object.spec, s.x == s['y'].z)", &[".spec There", ".spec.x All", ".spec.y.z All"]),
            ("'x' in object.metadata.annotations", &[".metadata.annotations Member(Some(\"x\"))"]),
            ("object.a == null || object.b == []", &[".a There", ".b Length"]),
            ("(object.a ? object.b : object.c).d == 1", &[".a All", ".b.d All", ".c.d All"]),
            ("[object.a, object.b].all(x, x.c == 1)", &[".a.c All", ".b.c All"]),
            ("{'k': object.a}.k.b == 1", &[".a.b All"]),
            ("object.l.first().value().x == 1", &[".l Length", ".l[?].x All"]),
            ("sets.contains(object.a, object.b)", &[".a All", ".b All"]),
            ("object[object.key] == 1", &[".key All", "[?] All"]),
            ("object.x.optMap(y, y.z).orValue(1) == 1", &[".x There", ".x.z All"]),
            ("string(object.metadata)", &[".metadata All"]),
        ] {
            assert_eq!(reads(text), expected, "{text}");
        }
    }

    #[test]
    fn what_branches_without_end_counts_as_read_whole() {
        let doubled = (0..20)
            .fold("x == 1".to_owned(), |body, level| format!("cel.bind(x, true ? x.a{level} : x.b{level}, {body})"));
        let found = reads(&format!("cel.bind(x, object, {doubled})"));
        assert!(found.len() < 2000 && found.iter().any(|read| read.ends_with(" All")), "{}", found.len());
        let nested = format!("{}object.a{} == []", "[".repeat(30), "]".repeat(30));
        assert!(reads(&nested).contains(&".a All".to_owned()));
    }
}
