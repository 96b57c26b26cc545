//! Why an expression is true or false: the parts of it that decided, with what they read.
//!
//! In: an expression that was evaluated. Out: phrases such as `c.image.startsWith('a')` is false, where c.image = "b".
//! Evaluates parts again, within the steps that the expression has left.

use super::{
    Expression,
    eval::{Machine, Slot, truth, variables},
    lower::{Fold, Kind, Node, What},
    value::Value,
};

/// Phrases about one expression.
const MOST_PHRASES: usize = 8;

/// Longest value that is shown, in characters.
const LONGEST: usize = 200;

impl<'a> Machine<'a> {
    /// The parts that decided what the expression is.
    pub(crate) fn because(&mut self, expression: &'a Expression) -> Vec<String> {
        self.locals.clear();
        let mut phrases = Vec::new();
        self.decided(&expression.root, &expression.text, &mut phrases);
        phrases.dedup();
        phrases.truncate(MOST_PHRASES);
        phrases
    }

    /// The value of a name as far as anything asked for it: `None` when nothing did.
    pub(crate) fn known(&self, slot: usize) -> Option<Result<String, String>> {
        match self.slots.get(slot)? {
            Slot::Value(value) => Some(Ok(sketch(value))),
            Slot::Fault(fault) => Some(Err(fault.to_string())),
            Slot::Formula(_) => None,
        }
    }

    fn decided(&mut self, node: &'a Node, text: &'a str, phrases: &mut Vec<String>) {
        if phrases.len() > MOST_PHRASES {
            return;
        }
        match &node.kind {
            Kind::All(operands) | Kind::Any(operands) => {
                let decisive = matches!(node.kind, Kind::Any(_));
                let one = operands.iter().find(|operand| matches!(self.asked(operand), Ok(value) if value == decisive));
                for operand in one.map_or(&operands[..], std::slice::from_ref) {
                    self.decided(operand, text, phrases);
                }
            }
            Kind::Not(of) => self.decided(of, text, phrases),
            Kind::Choose(parts) => {
                self.decided(&parts[0], text, phrases);
                if let Ok(chosen) = self.asked(&parts[0]) {
                    self.decided(&parts[if chosen { 1 } else { 2 }], text, phrases);
                }
            }
            Kind::Bind(parts) => {
                if let Ok(value) = self.node(&parts[0]) {
                    self.locals.push(value);
                    self.decided(&parts[1], text, phrases);
                    self.locals.pop();
                }
            }
            Kind::Fold(fold) if matches!(fold.what, What::All | What::Exists) => {
                if !self.element(fold, text, phrases) {
                    self.phrase(node, text, phrases);
                }
            }
            _ => self.phrase(node, text, phrases),
        }
    }

    fn asked(&mut self, node: &'a Node) -> Result<bool, super::Fault> {
        self.node(node).and_then(truth)
    }

    /// The element that decided, if one did.
    fn element(&mut self, fold: &'a Fold, text: &'a str, phrases: &mut Vec<String>) -> bool {
        let Ok(over) = self.node(&fold.over) else { return false };
        let length = match &over {
            Value::List(list) => list.len(),
            Value::Map(map) => map.len(),
            _ => return false,
        };
        let before = self.locals.len();
        for index in 0..length {
            let Ok((first, second)) = variables(&over, index, fold.variables) else { continue };
            let element = second.as_ref().unwrap_or(&first);
            let name = element_name(element)
                .map_or_else(|| format!("element {index}"), |name| format!("element {index}, {name}"));
            self.locals.extend(std::iter::once(first.clone()).chain(second.clone()));
            let decides = matches!(self.asked(&fold.body), Ok(value) if value == (fold.what == What::Exists));
            if decides {
                let from = phrases.len();
                self.decided(&fold.body, text, phrases);
                let over = words(&fold.over, text);
                for phrase in &mut phrases[from..] {
                    phrase.push_str(&format!(", of {over} {name}"));
                }
            }
            self.locals.truncate(before);
            if decides {
                return true;
            }
        }
        false
    }

    /// What a part is, and what it read.
    fn phrase(&mut self, node: &'a Node, text: &'a str, phrases: &mut Vec<String>) {
        let is = match self.node(node) {
            Ok(value) => sketch(&value),
            Err(fault) => return phrases.push(format!("`{}` fails: {fault}", words(node, text))),
        };
        let mut read = Vec::new();
        match &node.kind {
            Kind::Binary(_, operands) => read.extend(operands.iter()),
            Kind::Call(_, args) | Kind::Pattern(_, args, _) => read.extend(args.iter()),
            Kind::Fold(fold) => read.push(&fold.over),
            _ => {}
        }
        let constant = |node: &&Node| {
            matches!(
                node.kind,
                Kind::Null
                    | Kind::Bool(_)
                    | Kind::Int(_)
                    | Kind::UInt(_)
                    | Kind::Double(_)
                    | Kind::Text(_)
                    | Kind::List(_)
            )
        };
        let values: Vec<String> = read
            .into_iter()
            .filter(|node| !constant(node))
            .filter_map(|node| Some(format!("{} = {}", words(node, text), sketch(&self.node(node).ok()?))))
            .collect();
        let with = if values.is_empty() { String::new() } else { format!(", where {}", values.join(" and ")) };
        phrases.push(format!("`{}` is {is}{with}", words(node, text)));
    }
}

/// The words of a part on one line. Parts of variables stand in another text.
fn words(node: &Node, text: &str) -> String {
    let words = text.get(node.span.range()).unwrap_or_default();
    short(words.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn element_name(element: &Value<'_>) -> Option<String> {
    match element {
        Value::Map(map) => match map.field("name")?.ok()? {
            Value::Text(name) => Some(short(format!("name {}", &*name))),
            _ => None,
        },
        Value::Text(text) => Some(short(format!("\"{}\"", &**text))),
        _ => None,
    }
}

fn short(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(LONGEST) {
        text.truncate(end);
        text.push('…');
    }
    text
}

/// A value as CEL writes it, as far as it is short.
pub(crate) fn sketch(value: &Value<'_>) -> String {
    let mut out = String::new();
    draw(value, 0, &mut out);
    short(out)
}

fn draw(value: &Value<'_>, depth: usize, out: &mut String) {
    if out.len() > 4 * LONGEST {
        return;
    }
    match value {
        Value::Null => out.push_str("null"),
        Value::Text(text) => out.push_str(&format!("\"{}\"", short(text.to_string()))),
        Value::List(_) | Value::Map(_) if depth > 4 => out.push('…'),
        Value::List(list) => {
            out.push('[');
            for index in 0..list.len() {
                if index > 0 {
                    out.push_str(", ");
                }
                element(list.get(index), depth, out);
                if out.len() > 4 * LONGEST {
                    break;
                }
            }
            out.push(']');
        }
        Value::Map(map) => {
            out.push('{');
            for index in 0..map.len() {
                let Some((key, value)) = map.entry(index) else { break };
                if index > 0 {
                    out.push_str(", ");
                }
                draw(&key, depth + 1, out);
                out.push_str(": ");
                element(Some(value), depth, out);
                if out.len() > 4 * LONGEST {
                    break;
                }
            }
            out.push('}');
        }
        Value::Optional(None) => out.push_str("optional.none()"),
        Value::Optional(Some(value)) => {
            out.push_str("optional.of(");
            draw(value, depth + 1, out);
            out.push(')');
        }
        other => match super::functions::as_text(other) {
            Some(text) => out.push_str(&text),
            None => out.push_str(other.kind()),
        },
    }
}

fn element(value: Option<Result<Value<'_>, String>>, depth: usize, out: &mut String) {
    match value {
        Some(Ok(value)) => draw(&value, depth + 1, out),
        Some(Err(why)) => out.push_str(&format!("({why})")),
        None => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cel::{Names, Patterns, json::Json};

    fn because(text: &str) -> Vec<String> {
        let mut names = Names::default();
        names.add("object");
        let expression = Expression::compile(text, &names).unwrap_or_else(|mistakes| panic!("{text}: {}", mistakes[0]));
        let json: Json<'_> = serde_json::from_str(
            r#"{"a": 1, "list": [{"name": "web", "image": "x:1"}, {"name": "db", "image": "y"}], "tags": ["p", "q"]}"#,
        )
        .expect("JSON");
        let patterns = Patterns::default();
        let mut machine = Machine::new(vec![Slot::of(Value::of_json(&json))], &patterns);
        machine.because(&expression)
    }

    #[test]
    fn the_part_that_decided_is_named() {
        for (text, phrases) in [
            ("object.a == 1 && object.a > 3", &["`object.a > 3` is false, where object.a = 1"][..]),
            ("object.a > 3 || !has(object.b)", &["`has(object.b)` is false"]),
            (
                "object.a > 3 || object.a > 2",
                &["`object.a > 3` is false, where object.a = 1", "`object.a > 2` is false, where object.a = 1"],
            ),
            (
                "object.list.all(c, c.image.contains(':'))",
                &["`c.image.contains(':')` is false, where c.image = \"y\", of object.list element 1, name db"],
            ),
            (
                "object.tags.exists(t, t == 'q')",
                &["`t == 'q'` is true, where t = \"q\", of object.tags element 1, \"q\""],
            ),
            (
                "object.list.all(c, c.image != '')",
                &[
                    "`object.list.all(c, c.image != '')` is true, where object.list = [{\"name\": \"web\", \"image\": \"x:1\"}, {\"name\": \"db\", \"image\": \"y\"}]",
                ],
            ),
            ("cel.bind(x, object.a, x == 2)", &["`x == 2` is false, where x = 1"]),
            (
                "object.a == 1 ? object.b == 2 : true",
                &["`object.a == 1` is true, where object.a = 1", "`object.b == 2` fails: no such key: b"],
            ),
            ("'q' in object.tags", &["`'q' in object.tags` is true, where object.tags = [\"p\", \"q\"]"]),
        ] {
            assert_eq!(because(text), phrases, "{text}");
        }
    }
}
