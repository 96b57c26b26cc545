//! cel-spec's conformance tests, read from where somebody put them.
//!
//! `SCOPEFENCE_CEL_SPEC=DIR cargo test --lib conformance -- --nocapture` asks them; DIR is the folder
//! `tests/simple/testdata` of the Go module `cel.dev/expr`. Left out are messages, enumerations and extensions that
//! Kubernetes does not offer.

use std::{collections::BTreeMap, path::Path};

use super::{
    Expression, Machine, Names, Patterns, Slot, Value,
    value::{Map, Text},
};

/// Files asked: the language, and the extensions that Kubernetes offers.
const FILES: [&str; 20] = [
    "basic",
    "bindings_ext",
    "comparisons",
    "conversions",
    "fields",
    "fp_math",
    "integer_math",
    "lists",
    "lists_ext",
    "logic",
    "macros",
    "macros2",
    "namespace",
    "network_ext",
    "optionals",
    "parse",
    "plumbing",
    "string",
    "string_ext",
    "timestamps",
];

/// Words of what is not offered: messages, names with a dot in front, extensions.
const NOT_OFFERED: [&str; 8] =
    ["google.", "TestAllTypes", "NestedEnum", "GlobalEnum", "cel.block", "math.", "base64.", "proto."];

/// Tests that are answered otherwise, `file/section/test`, each with why.
const OTHERWISE: &[(&str, &str)] = &[
    ("basic/functions/unbound", "an unknown name is a mistake, found before anything is evaluated"),
    ("basic/variables/unbound", "the same"),
    ("parse/receiver_function_names/", "the same"),
    ("comparisons/gt_literal/not_gt_dyn_big_double_int", "integers and doubles are compared exactly"),
    ("comparisons/gte_literal/gte_dyn_int_big_lossy_double", "the same"),
    ("comparisons/lt_literal/not_lt_dyn_int_big_lossy_double", "the same"),
    ("comparisons/lte_literal/lte_dyn_big_double_int", "the same"),
    ("fields/qualified_identifier_resolution/", "no name that is given has a field of another one's name"),
    ("lists_ext/sort/incomparable_type_error", "one element is in order"),
    ("network_ext/cidr/", "types of libraries have no names"),
    ("network_ext/ip_type/ip_type", "the same"),
    ("network_ext/ipv4/", "Kubernetes refuses IPv4 addresses mapped into IPv6"),
    ("timestamps/timestamp_selectors_tz/", "time zones are offsets"),
];

/// A message of the text form: fields in order.
#[derive(Debug, Default, Clone)]
struct Message(Vec<(String, Field)>);

#[derive(Debug, Clone)]
enum Field {
    Text(Vec<u8>),
    Word(String),
    Message(Message),
}

impl Message {
    fn all<'m>(&'m self, name: &'m str) -> impl Iterator<Item = &'m Field> {
        self.0.iter().filter(move |(field, _)| field == name).map(|(_, value)| value)
    }

    fn messages<'m>(&'m self, name: &'m str) -> impl Iterator<Item = &'m Message> {
        self.all(name).filter_map(|field| match field {
            Field::Message(message) => Some(message),
            _ => None,
        })
    }

    fn text(&self, name: &str) -> Option<String> {
        self.all(name).find_map(|field| match field {
            Field::Text(text) => Some(String::from_utf8_lossy(text).into_owned()),
            _ => None,
        })
    }

    fn has(&self, name: &str) -> bool {
        self.all(name).next().is_some()
    }
}

/// Reads the text form of protocol buffers, as far as the tests use it.
struct Reader<'t> {
    text: &'t [u8],
    at: usize,
}

impl Reader<'_> {
    fn space(&mut self) {
        while let Some(&byte) = self.text.get(self.at) {
            match byte {
                b'#' => {
                    self.at +=
                        self.text[self.at..].iter().position(|byte| *byte == b'\n').unwrap_or(self.text.len() - self.at)
                }
                b',' | b';' => self.at += 1,
                byte if byte.is_ascii_whitespace() => self.at += 1,
                _ => return,
            }
        }
    }

    fn peek(&mut self) -> Option<u8> {
        self.space();
        self.text.get(self.at).copied()
    }

    fn word(&mut self) -> String {
        self.space();
        let length = match self.text[self.at] {
            b'[' => self.text[self.at..].iter().position(|byte| *byte == b']').expect("closed") + 1,
            _ => self.text[self.at..]
                .iter()
                .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'+' | b'.'))
                .count(),
        };
        assert!(
            length > 0,
            "no word at {}",
            String::from_utf8_lossy(&self.text[self.at..(self.at + 40).min(self.text.len())])
        );
        self.at += length;
        String::from_utf8_lossy(&self.text[self.at - length..self.at]).into_owned()
    }

    fn message(&mut self) -> Message {
        let mut message = Message::default();
        loop {
            match self.peek() {
                None => return message,
                Some(b'}' | b'>') => {
                    self.at += 1;
                    return message;
                }
                Some(_) => {}
            }
            let name = self.word();
            if self.peek() == Some(b':') {
                self.at += 1;
            }
            match self.peek() {
                Some(b'[') => {
                    self.at += 1;
                    while self.peek() != Some(b']') {
                        let value = self.value();
                        message.0.push((name.clone(), value));
                    }
                    self.at += 1;
                }
                _ => {
                    let value = self.value();
                    message.0.push((name, value));
                }
            }
        }
    }

    fn value(&mut self) -> Field {
        match self.peek() {
            Some(b'{' | b'<') => {
                self.at += 1;
                Field::Message(self.message())
            }
            Some(b'"' | b'\'') => {
                let mut text = Vec::new();
                while let Some(quote @ (b'"' | b'\'')) = self.peek() {
                    self.quoted(quote, &mut text);
                }
                Field::Text(text)
            }
            _ => Field::Word(self.word()),
        }
    }

    fn quoted(&mut self, quote: u8, into: &mut Vec<u8>) {
        self.at += 1;
        loop {
            let byte = self.text[self.at];
            self.at += 1;
            if byte == quote {
                return;
            }
            if byte != b'\\' {
                into.push(byte);
                continue;
            }
            let kind = self.text[self.at];
            self.at += 1;
            let digits = |most: usize, radix: u32, at: &mut usize| {
                let rest = &self.text[*at..];
                let count = rest.iter().take(most).take_while(|byte| char::from(**byte).is_digit(radix)).count();
                let text = std::str::from_utf8(&rest[..count]).expect("digits");
                *at += count;
                u32::from_str_radix(text, radix).expect("digits")
            };
            match kind {
                b'n' => into.push(b'\n'),
                b't' => into.push(b'\t'),
                b'r' => into.push(b'\r'),
                b'a' => into.push(7),
                b'b' => into.push(8),
                b'f' => into.push(12),
                b'v' => into.push(11),
                b'x' => into.push(u8::try_from(digits(2, 16, &mut self.at)).expect("a byte")),
                b'0'..=b'7' => {
                    self.at -= 1;
                    into.push(u8::try_from(digits(3, 8, &mut self.at)).expect("a byte"));
                }
                b'u' | b'U' => {
                    let code = digits(if kind == b'u' { 4 } else { 8 }, 16, &mut self.at);
                    into.extend(char::from_u32(code).expect("a character").to_string().bytes());
                }
                other => into.push(other),
            }
        }
    }
}

/// A value of the tests; `None` for messages and enumerations.
fn value(message: &Message) -> Option<Value<'static>> {
    let (kind, field) = message.0.first()?;
    Some(match (kind.as_str(), field) {
        ("null_value", _) => Value::Null,
        ("bool_value", Field::Word(word)) => Value::Bool(word == "true"),
        ("int64_value", Field::Word(word)) => Value::Int(word.parse().ok()?),
        ("uint64_value", Field::Word(word)) => Value::UInt(word.parse().ok()?),
        ("double_value", Field::Word(word)) => Value::Double(word.trim_end_matches('f').parse().ok()?),
        ("string_value", Field::Text(text)) => Value::Text(Text::Owned(String::from_utf8_lossy(text).into())),
        ("bytes_value", Field::Text(text)) => Value::Bytes(text.as_slice().into()),
        ("list_value", Field::Message(list)) => {
            Value::list(list.messages("values").map(value).collect::<Option<Vec<_>>>()?)
        }
        ("map_value", Field::Message(map)) => {
            let entry = |entry: &Message| {
                Some((value(entry.messages("key").next()?)?, value(entry.messages("value").next()?)?))
            };
            Value::Map(Map::Values(map.messages("entries").map(entry).collect::<Option<Vec<_>>>()?.into()))
        }
        ("type_value", Field::Text(name)) => {
            let name = String::from_utf8_lossy(name);
            let known = ["bool", "bytes", "double", "int", "list", "map", "null_type", "string", "type", "uint"];
            Value::Type(known.into_iter().find(|known| *known == name)?)
        }
        _ => return None,
    })
}

enum Answer {
    Right,
    Wrong(String),
    LeftOut,
}

fn ask(test: &Message) -> Answer {
    let Some(expression) = test.text("expr") else { return Answer::LeftOut };
    let unusual = ["container", "type_env", "check_only", "any_eval_errors", "unknown", "any_unknowns", "typed_result"];
    if NOT_OFFERED.iter().any(|word| expression.contains(word))
        || unusual.iter().any(|field| test.has(field) && *field != "type_env")
    {
        return Answer::LeftOut;
    }
    let mut names = Names::default();
    let mut slots = Vec::new();
    for binding in test.messages("bindings") {
        let bound = binding.messages("value").next().and_then(|outer| value(outer.messages("value").next()?));
        let (Some(key), Some(bound)) = (binding.text("key"), bound) else { return Answer::LeftOut };
        names.add(key);
        slots.push(Slot::Value(bound));
    }
    let expected = match test.messages("value").next() {
        Some(message) => match value(message) {
            Some(value) => Some(value),
            None => return Answer::LeftOut,
        },
        None if test.has("eval_error") => None,
        None => Some(Value::Bool(true)),
    };
    let compiled = match (Expression::compile(&expression, &names), &expected) {
        (Ok(compiled), _) => compiled,
        (Err(_), None) => return Answer::Right,
        (Err(mistakes), Some(_)) => return Answer::Wrong(format!("{expression}: {}", mistakes[0])),
    };
    let patterns = Patterns::default();
    let mut machine = Machine::new(slots, &patterns);
    match (machine.evaluate(&compiled), expected) {
        (Err(_), None) => Answer::Right,
        (Ok(found), None) => Answer::Wrong(format!("{expression}: {found:?} instead of an error")),
        (Err(fault), Some(_)) => Answer::Wrong(format!("{expression}: {fault}")),
        (Ok(found), Some(expected)) => {
            let nan = matches!((&found, &expected), (Value::Double(a), Value::Double(b)) if a.is_nan() && b.is_nan());
            let mut steps = u64::MAX;
            match nan || (found.kind() == expected.kind() && found.equals(&expected, &mut steps, 64)) {
                true => Answer::Right,
                false => Answer::Wrong(format!("{expression}: {found:?} instead of {expected:?}")),
            }
        }
    }
}

#[test]
fn conformance_of_the_specification() {
    let Some(folder) = std::env::var_os("SCOPEFENCE_CEL_SPEC") else {
        return eprintln!("skipped: SCOPEFENCE_CEL_SPEC does not say where the tests are");
    };
    let (mut right, mut left_out, mut wrong) = (0, 0, BTreeMap::new());
    for file in FILES {
        let path = Path::new(&folder).join(format!("{file}.textproto"));
        let text = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let whole = Reader { text: &text, at: 0 }.message();
        for section in whole.messages("section") {
            for test in section.messages("test") {
                match ask(test) {
                    Answer::Right => right += 1,
                    Answer::LeftOut => left_out += 1,
                    Answer::Wrong(why) => {
                        let name = |message: &Message| message.text("name").unwrap_or_default();
                        wrong.insert(format!("{file}/{}/{}", name(section), name(test)), why);
                    }
                }
            }
        }
    }
    println!("{right} as the specification says, {left_out} left out, {} otherwise", wrong.len());
    for (name, why) in &wrong {
        println!("{name}: {why}");
    }
    let surprising: Vec<_> =
        wrong.keys().filter(|name| OTHERWISE.iter().all(|(known, _)| !name.starts_with(known))).collect();
    assert!(surprising.is_empty() && right > 1400, "{surprising:?}");
}
