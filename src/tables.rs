//! TOML into Rust values, through serde.
//!
//! The `toml` crate parses and is what values are written with. Its own deserializer is made for every shape that serde
//! knows, and the compiler copies all of it for each of the hundred tables that this program reads, five times over: half
//! a million lines of intermediate code. This one has one way into a map and one type of value, so that a table costs
//! little more than its own fields.

use std::{borrow::Cow, fmt, ops::Range, vec};

use serde::{
    Deserialize,
    de::{
        self, DeserializeSeed, Deserializer, EnumAccess, Expected, MapAccess, SeqAccess, Unexpected, VariantAccess,
        Visitor,
    },
};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
    map,
};

/// Why a text is not the table that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Error {
    message: String,
    /// Bytes of the text.
    span: Option<Range<usize>>,
    /// Line and column of the span, from 1, once the text is known.
    place: Option<(usize, usize)>,
}

type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// What is wrong, without where.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// Where it is, in bytes of the text.
    pub(crate) fn span(&self) -> Option<Range<usize>> {
        self.span.clone()
    }

    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), span: None, place: None }
    }

    /// An error that knows of no place is at this one.
    fn at(mut self, span: &Range<usize>) -> Self {
        self.span.get_or_insert_with(|| span.clone());
        self
    }

    fn of(mut self, text: &str) -> Self {
        if let Some(before) = self.span.as_ref().and_then(|span| text.get(..span.start.min(text.len()))) {
            let line = before.rfind('\n').map_or(0, |at| at + 1);
            self.place = Some((before.matches('\n').count() + 1, before[line..].chars().count() + 1));
        }
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((line, column)) = self.place {
            write!(formatter, "line {line}, column {column}: ")?;
        }
        formatter.write_str(self.message.trim())
    }
}

impl std::error::Error for Error {}

impl de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message.to_string())
    }
}

impl From<toml::de::Error> for Error {
    fn from(error: toml::de::Error) -> Self {
        Self { message: error.message().to_owned(), span: error.span(), place: None }
    }
}

/// Reads a document.
///
/// # Errors
/// The first thing that is wrong with it, with its place.
pub(crate) fn from_str<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T> {
    parsed(text).and_then(T::deserialize).map_err(|error| error.of(text))
}

fn parsed(text: &str) -> Result<Node<'_>> {
    let root = DeTable::parse(text)?;
    let span = root.span();
    Ok(Node { held: Held::Value(DeValue::Table(root.into_inner())), span })
}

/// Reads a value that stands in a document.
///
/// # Errors
/// The first thing that is wrong with it, with its span.
pub(crate) fn from_value<'de, T: Deserialize<'de>>(value: Spanned<DeValue<'de>>) -> Result<T> {
    T::deserialize(Node::from(value))
}

/// A value, a key, or one of the parts that serde is told of where a value has a span or is a moment.
struct Node<'de> {
    held: Held<'de>,
    span: Range<usize>,
}

enum Held<'de> {
    Value(DeValue<'de>),
    Key(Cow<'de, str>),
    /// Start or end of a span.
    Offset(usize),
    /// A moment as it is written.
    Moment(String),
}

/// A number, in the smallest type that serde needs for it.
enum Number {
    Signed(i64),
    Unsigned(u64),
    Float(f64),
}

impl<'de> From<Spanned<DeValue<'de>>> for Node<'de> {
    fn from(value: Spanned<DeValue<'de>>) -> Self {
        let span = value.span();
        Self { held: Held::Value(value.into_inner()), span }
    }
}

impl<'de> Node<'de> {
    fn other(&self, expected: &dyn Expected) -> Error {
        let found = match &self.held {
            Held::Key(text) => Unexpected::Str(text),
            Held::Moment(text) => Unexpected::Str(text),
            Held::Offset(offset) => Unexpected::Unsigned(*offset as u64),
            Held::Value(DeValue::String(text)) => Unexpected::Str(text),
            Held::Value(DeValue::Boolean(truth)) => Unexpected::Bool(*truth),
            Held::Value(DeValue::Datetime(_) | DeValue::Table(_)) => Unexpected::Map,
            Held::Value(DeValue::Array(_)) => Unexpected::Seq,
            Held::Value(DeValue::Integer(_) | DeValue::Float(_)) => match self.number(expected) {
                Ok(Number::Signed(number)) => Unexpected::Signed(number),
                Ok(Number::Unsigned(number)) => Unexpected::Unsigned(number),
                Ok(Number::Float(number)) => Unexpected::Float(number),
                Err(error) => return error,
            },
        };
        de::Error::invalid_type(found, expected)
    }

    fn number(&self, expected: &dyn Expected) -> Result<Number> {
        match &self.held {
            Held::Offset(offset) => Ok(Number::Unsigned(*offset as u64)),
            Held::Value(DeValue::Integer(number)) => {
                let (digits, radix) = (number.as_str(), number.radix());
                let signed = i64::from_str_radix(digits, radix).map(Number::Signed);
                signed
                    .or_else(|_| u64::from_str_radix(digits, radix).map(Number::Unsigned))
                    .map_err(|_| Error::new("integer number overflowed"))
            }
            Held::Value(DeValue::Float(number)) => {
                let number = number.as_str().parse().map(Number::Float);
                number.map_err(|_| Error::new("floating-point number overflowed"))
            }
            _ => Err(self.other(expected)),
        }
    }

    fn truth(&self, expected: &dyn Expected) -> Result<bool> {
        match &self.held {
            Held::Value(DeValue::Boolean(truth)) => Ok(*truth),
            _ => Err(self.other(expected)),
        }
    }

    fn text(self, expected: &dyn Expected) -> Result<Cow<'de, str>> {
        match self.held {
            Held::Key(text) | Held::Value(DeValue::String(text)) => Ok(text),
            Held::Moment(text) => Ok(Cow::Owned(text)),
            _ => Err(self.other(expected)),
        }
    }

    fn elements(self, expected: &dyn Expected) -> Result<Elements<'de>> {
        match self.held {
            Held::Value(DeValue::Array(values)) => Ok(Elements(values.into_iter())),
            _ => Err(self.other(expected)),
        }
    }

    /// The entries of a table, or what serde wants to be told under the name of a type as if it were one.
    fn entries(self, name: &'static str, expected: &dyn Expected) -> Result<Entries<'de>> {
        if name == SPANNED {
            return Ok(Entries::Spanned { node: Some(self), next: 0 });
        }
        match self.held {
            Held::Value(DeValue::Table(table)) => Ok(Entries::Table { rest: table.into_iter(), value: None }),
            Held::Value(DeValue::Datetime(moment)) if name == MOMENT || name.is_empty() => {
                Ok(Entries::Moment { text: Some(moment.to_string()), span: self.span })
            }
            _ => Err(self.other(expected)),
        }
    }

    fn variant(self) -> Result<Variant<'de>> {
        match self.held {
            Held::Key(text) | Held::Value(DeValue::String(text)) => {
                Ok(Variant { name: Node { held: Held::Key(text), span: self.span }, value: None })
            }
            Held::Value(DeValue::Table(table)) if table.len() == 1 => {
                let mut entries = table.into_iter();
                let (key, value) = entries.next().ok_or_else(|| Error::new("wanted exactly 1 element"))?;
                Ok(Variant { name: Node::key(key), value: Some(Node::from(value)) })
            }
            Held::Value(DeValue::Table(_)) => Err(Error::new("wanted exactly 1 element")),
            _ => Err(Error::new("wanted string or table")),
        }
    }

    fn key(key: Spanned<Cow<'de, str>>) -> Self {
        let span = key.span();
        Self { held: Held::Key(key.into_inner()), span }
    }
}

/// Name under which [`Spanned`] asks for a value with its span.
const SPANNED: &str = "$__serde_spanned_private_Spanned";
/// Start, end and value, as [`Spanned`] names them.
const SPANNED_FIELDS: [&str; 3] =
    ["$__serde_spanned_private_start", "$__serde_spanned_private_end", "$__serde_spanned_private_value"];
/// Name and field of a moment, as `toml::value::Datetime` asks for them.
const MOMENT: &str = "$__toml_private_Datetime";
const MOMENT_FIELD: &str = "$__toml_private_datetime";

/// Numbers of every type are one to TOML.
macro_rules! numbers {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
            match self.number(&visitor) {
                Ok(Number::Signed(number)) => visitor.visit_i64(number),
                Ok(Number::Unsigned(number)) => visitor.visit_u64(number),
                Ok(Number::Float(number)) => visitor.visit_f64(number),
                Err(error) => Err(error),
            }
            .map_err(|error| error.at(&self.span))
        })*
    };
}

macro_rules! texts {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
            let span = self.span.clone();
            match self.text(&visitor) {
                Ok(Cow::Borrowed(text)) => visitor.visit_borrowed_str(text),
                Ok(Cow::Owned(text)) => visitor.visit_string(text),
                Err(error) => Err(error),
            }
            .map_err(|error| error.at(&span))
        })*
    };
}

impl<'de> Deserializer<'de> for Node<'de> {
    type Error = Error;

    numbers! { deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128 deserialize_u8
    deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128 deserialize_f32 deserialize_f64 }

    texts! { deserialize_str deserialize_string deserialize_identifier deserialize_char deserialize_bytes
    deserialize_byte_buf }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match &self.held {
            Held::Offset(_) | Held::Value(DeValue::Integer(_) | DeValue::Float(_)) => self.deserialize_i64(visitor),
            Held::Value(DeValue::Boolean(_)) => self.deserialize_bool(visitor),
            Held::Value(DeValue::Array(_)) => self.deserialize_seq(visitor),
            Held::Value(DeValue::Table(_) | DeValue::Datetime(_)) => self.deserialize_struct("", &[], visitor),
            Held::Key(_) | Held::Moment(_) | Held::Value(DeValue::String(_)) => self.deserialize_str(visitor),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_unit()
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let truth = self.truth(&visitor);
        truth.and_then(|truth| visitor.visit_bool(truth)).map_err(|error| error.at(&self.span))
    }

    /// A key that is missing has no value; there is no other nothing.
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value> {
        let span = self.span.clone();
        visitor.visit_newtype_struct(self).map_err(|error| error.at(&span))
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        Err(self.other(&visitor).at(&self.span))
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let span = self.span.clone();
        let elements = self.elements(&visitor);
        elements.and_then(|elements| visitor.visit_seq(elements)).map_err(|error| error.at(&span))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(self, _: &'static str, _: usize, visitor: V) -> Result<V::Value> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.deserialize_struct("", &[], visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        let span = self.span.clone();
        let entries = self.entries(name, &visitor);
        entries.and_then(|entries| visitor.visit_map(entries)).map_err(|error| error.at(&span))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        let span = self.span.clone();
        self.variant().and_then(|variant| visitor.visit_enum(variant)).map_err(|error| error.at(&span))
    }
}

/// Elements of a list.
struct Elements<'de>(vec::IntoIter<Spanned<DeValue<'de>>>);

impl<'de> SeqAccess<'de> for Elements<'de> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>> {
        match self.0.next() {
            Some(value) => seed.deserialize(Node::from(value)).map(Some),
            None => Ok(None),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.0.len())
    }
}

/// Whatever serde takes for a map.
enum Entries<'de> {
    Table {
        rest: map::IntoIter<Spanned<Cow<'de, str>>, Spanned<DeValue<'de>>>,
        value: Option<Node<'de>>,
    },
    /// A value with its span; `next` counts [`SPANNED_FIELDS`].
    Spanned {
        node: Option<Node<'de>>,
        next: usize,
    },
    Moment {
        text: Option<String>,
        span: Range<usize>,
    },
}

impl<'de> Entries<'de> {
    fn key(&mut self) -> Option<Node<'de>> {
        match self {
            Self::Table { rest, value } => {
                let (key, next) = rest.next()?;
                *value = Some(Node::from(next));
                Some(Node::key(key))
            }
            Self::Spanned { node, next } => {
                let span = node.as_ref()?.span.clone();
                Some(Node { held: Held::Key(Cow::Borrowed(SPANNED_FIELDS.get(*next)?)), span })
            }
            Self::Moment { text, span } => {
                text.as_ref()?;
                Some(Node { held: Held::Key(Cow::Borrowed(MOMENT_FIELD)), span: span.clone() })
            }
        }
    }

    fn value(&mut self) -> Option<Node<'de>> {
        match self {
            Self::Table { value, .. } => value.take(),
            Self::Spanned { node, next } => {
                let span = node.as_ref()?.span.clone();
                *next += 1;
                match next {
                    1 => Some(Node { held: Held::Offset(span.start), span }),
                    2 => Some(Node { held: Held::Offset(span.end), span }),
                    _ => node.take(),
                }
            }
            Self::Moment { text, span } => Some(Node { held: Held::Moment(text.take()?), span: span.clone() }),
        }
    }
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        match self.key() {
            Some(key) => seed.deserialize(key).map(Some),
            None => Ok(None),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value> {
        match self.value() {
            Some(value) => {
                let span = value.span.clone();
                seed.deserialize(value).map_err(|error| error.at(&span))
            }
            None => Err(Error::new("a key has no value")),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        match self {
            Self::Table { rest, .. } => Some(rest.len()),
            Self::Spanned { .. } | Self::Moment { .. } => None,
        }
    }
}

/// A variant as a text, or as a table with the variant as its one key.
struct Variant<'de> {
    name: Node<'de>,
    value: Option<Node<'de>>,
}

impl<'de> Variant<'de> {
    fn content(self) -> Result<Node<'de>> {
        self.value.ok_or_else(|| Error::new("wanted a table with a value").at(&self.name.span))
    }
}

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self)> {
        let span = self.name.span.clone();
        let name = seed.deserialize(self.name)?;
        Ok((name, Self { name: Node { held: Held::Key(Cow::Borrowed("")), span }, value: self.value }))
    }
}

impl<'de> VariantAccess<'de> for Variant<'de> {
    type Error = Error;

    fn unit_variant(self) -> Result<()> {
        match self.value {
            None => Ok(()),
            Some(Node { held: Held::Value(DeValue::Table(table)), .. }) if table.is_empty() => Ok(()),
            Some(value) => Err(Error::new("expected nothing but the name").at(&value.span)),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value> {
        seed.deserialize(self.content()?)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value> {
        self.content()?.deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value> {
        self.content()?.deserialize_struct("", &[], visitor)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use toml::value::Datetime;

    use super::*;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
    struct Table {
        text: String,
        spanned: Option<Spanned<String>>,
        number: Option<u16>,
        large: u64,
        part: f64,
        truth: bool,
        day: Option<Datetime>,
        spanned_day: Option<Spanned<Datetime>>,
        list: Vec<Spanned<u8>>,
        pair: Option<(String, i64)>,
        inner: Option<Box<Table>>,
        named: BTreeMap<Spanned<String>, Spanned<toml::Value>>,
        choice: Option<Choice>,
        either: Option<Either>,
        anything: Option<toml::Value>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    enum Choice {
        Plain,
        Held(String),
        Named { a: u8 },
        Both(u8, u8),
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(untagged)]
    enum Either {
        Text(String),
        List(Vec<String>),
    }

    #[test]
    fn tables_are_read_as_the_toml_crate_reads_them() {
        for text in [
            "",
            "text = 'a'\nspanned = \"b\\n\"\nnumber = 0xff\nlarge = 18446744073709551615\npart = 1\ntruth = true",
            "part = -2.5e3\nday = 2026-11-22\nspanned-day = 2026-11-22T10:00:00Z\nlist = [1, 2, 3]\npair = ['a', -1]",
            "[inner]\ntext = 'x'\n[inner.inner]\nlarge = 7",
            "[named]\na = 1\n'b c' = { d = 2026-11-22, e = [1.5, 'f', true] }\n[named.g]\nh = inf",
            "choice = 'plain'",
            "choice = { held = 'a' }",
            "choice = { named = { a = 1 } }",
            "choice = { both = [1, 2] }",
            "choice.plain = {}",
            "either = 'a'",
            "either = ['a', 'b']",
            "anything = { a = [{ b = 2026-11-22 }, -1, nan_ish], c = 1 }",
            "anything = [[], {}, 1979-05-27T07:32:00-08:00, 07:32:00]",
        ] {
            let ours = from_str::<Table>(text);
            match toml::from_str::<Table>(text) {
                Ok(theirs) => assert_eq!(ours.expect(text), theirs, "{text}"),
                Err(_) => assert!(ours.is_err(), "{text}"),
            }
        }
    }

    #[test]
    fn an_error_says_the_same_and_stands_at_the_same_place() {
        for text in [
            "text = 1",
            "text = [1]",
            "text = { a = 1 }",
            "number = 70000",
            "number = -1",
            "number = 'a'",
            "large = 99999999999999999999999999999999999999999",
            "truth = 1.5",
            "list = [1, 'a']",
            "list = [1, 300]",
            "list = 'a'",
            "inner = { text = 'a', txt = 'b' }",
            "unknown = 1",
            "[inner.inner]\nnumber = true",
            "choice = 'other'",
            "choice = 1",
            "choice = { plain = {}, held = 'a' }",
            "either = 1",
            "day = '2026-11-22'",
            "spanned = 5",
            "a = [",
            "text = 'a'\ntext = 'b'",
        ] {
            let theirs = toml::from_str::<Table>(text).expect_err(text);
            let ours = from_str::<Table>(text).expect_err(text);
            let exactly = "wanted exactly 1 element";
            if !ours.message().starts_with(exactly) {
                assert_eq!(ours.message(), theirs.message(), "{text}");
            }
            assert_eq!(ours.span(), theirs.span(), "{text}: {ours}");
        }
    }

    #[test]
    fn what_it_prints_says_where() {
        let said = |text: &str| from_str::<Table>(text).expect_err(text).to_string();
        assert!(said("text = 'ä'\n  nope = 1").starts_with("line 2, column 3: unknown field `nope`"));
        assert!(said("choice = { held = 1 }").starts_with("line 1, column 19: invalid type"));
        assert!(said("choice = { plain = 1 }").contains("nothing but the name"));
        assert!(said("choice = 'held'").contains("with a value"));
    }
}
