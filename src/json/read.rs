//! JSON into Rust values, through serde, from a [`Cursor`].
//!
//! What is read is the same as with `serde_json`; what the compiler makes of a type is a third of it, because maps, lists
//! and texts are read by code that is not copied for every type. Errors hold nothing of the text.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize,
    de::{
        self, DeserializeSeed, Deserializer, EnumAccess, Expected, MapAccess, SeqAccess, Unexpected, VariantAccess,
        Visitor,
    },
};

use super::{Cursor, Elements, Members, OTHER_TYPE, Trouble};

/// Why a text is not what was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// Of what kind it is.
    pub trouble: Trouble,
    /// What serde says, without anything of the text.
    message: String,
    /// Line and column, from 1.
    pub place: Option<(usize, usize)>,
}

type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// The field that is missing, if that is what is wrong.
    pub fn missing_field(&self) -> Option<&str> {
        self.message.strip_prefix("missing field `")?.strip_suffix('`')
    }

    /// The place where the cursor stands; of what is missing at an end, the end.
    fn at(mut self, cursor: &Cursor<'_>) -> Self {
        let bytes = cursor.bytes;
        let at = match self.trouble {
            Trouble::CutOff => bytes.len().saturating_sub(1),
            _ if self.missing_field().is_some() => cursor.at.saturating_sub(1),
            _ => cursor.at,
        };
        let before = &bytes[..at.min(bytes.len())];
        let line = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let lines = before.iter().filter(|byte| **byte == b'\n').count();
        self.place = Some((lines + 1, before.len() - line + 1));
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)?;
        match self.place {
            Some((line, column)) => write!(formatter, " at line {line} column {column}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}

impl From<Trouble> for Error {
    fn from(trouble: Trouble) -> Self {
        let message = match trouble {
            Trouble::CutOff => "it ends in the middle",
            Trouble::NotJson => "it is not JSON",
            Trouble::Shape(shape) => shape.why(),
        };
        Self { trouble, message: message.to_owned(), place: None }
    }
}

impl de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { trouble: OTHER_TYPE, message: message.to_string(), place: None }
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::custom(format_args!("a value of another type, expected {expected}"))
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::custom(format_args!("a value that cannot be, expected {expected}"))
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self::custom(format_args!("an unknown name, expected one of {}", expected.join(", ")))
    }

    fn unknown_field(_: &str, expected: &'static [&'static str]) -> Self {
        Self::custom(format_args!("an unknown field, expected one of {}", expected.join(", ")))
    }
}

/// Reads one value that is all of the text.
///
/// # Errors
/// The first thing that is wrong, with its place.
pub fn from_str<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T> {
    let mut reader = Reader(Cursor::new(text));
    T::deserialize(&mut reader).and_then(|value| reader.done(value)).map_err(|error| error.at(&reader.0))
}

/// Reads the first of the values that follow one another.
///
/// # Errors
/// The first thing that is wrong, with its place.
pub fn first<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T> {
    let mut reader = Reader(Cursor::new(text));
    T::deserialize(&mut reader).map_err(|error| error.at(&reader.0))
}

/// Reads values that follow one another.
///
/// # Errors
/// The first thing that is wrong, with its place.
pub fn each<'de, T: Deserialize<'de>>(text: &'de str) -> Result<Vec<T>> {
    let mut reader = Reader(Cursor::new(text));
    let mut values = Vec::new();
    while reader.0.end().is_err() {
        values.push(T::deserialize(&mut reader).map_err(|error| error.at(&reader.0))?);
    }
    Ok(values)
}

struct Reader<'de>(Cursor<'de>);

enum Number {
    Signed(i64),
    Unsigned(u64),
    Float(f64),
}

impl<'de> Reader<'de> {
    fn done<T>(&mut self, value: T) -> Result<T> {
        self.0.end()?;
        Ok(value)
    }

    /// What is wrong with a value of another type than was expected.
    fn other(&mut self, trouble: Trouble, expected: &dyn Expected) -> Error {
        if trouble == OTHER_TYPE { de::Error::invalid_type(Unexpected::Unit, expected) } else { Error::from(trouble) }
    }

    fn text(&mut self, expected: &dyn Expected) -> Result<Cow<'de, str>> {
        match self.0.text() {
            Ok(Some(text)) => Ok(text),
            Ok(None) => Err(self.other(OTHER_TYPE, expected)),
            Err(trouble) => Err(self.other(trouble, expected)),
        }
    }

    fn truth(&mut self, expected: &dyn Expected) -> Result<bool> {
        match self.0.truth() {
            Ok(Some(truth)) => Ok(truth),
            Ok(None) => Err(self.other(OTHER_TYPE, expected)),
            Err(trouble) => Err(self.other(trouble, expected)),
        }
    }

    fn number(&mut self, expected: &dyn Expected) -> Result<Number> {
        match self.0.peek()? {
            b'-' | b'0'..=b'9' => {}
            byte => return Err(self.other(super::other(byte), expected)),
        }
        let start = self.0.at;
        let whole = self.0.number();
        let text = &self.0.text[start..self.0.at];
        if let (true, Ok(number)) = (whole, text.parse()) {
            return Ok(Number::Signed(number));
        }
        let number: serde_json::Number = serde_json::from_str(text).map_err(|_| Trouble::NotJson)?;
        let signed = number.as_i64().map(Number::Signed);
        signed
            .or_else(|| number.as_u64().map(Number::Unsigned))
            .or_else(|| number.as_f64().map(Number::Float))
            .ok_or(Error::from(Trouble::NotJson))
    }

    fn members(&mut self, expected: &dyn Expected) -> Result<Members> {
        self.0.members().map_err(|trouble| self.other(trouble, expected))
    }

    fn elements(&mut self, expected: &dyn Expected) -> Result<Elements> {
        self.0.elements().map_err(|trouble| self.other(trouble, expected))
    }

    /// The end of a map or list that was entered at this depth, where the visitor did not ask for it.
    fn leave(&mut self, depth: usize, end: u8) -> Result<()> {
        if self.0.depth > depth {
            if self.0.peek()? != end {
                return Err(Error::from(OTHER_TYPE));
            }
            self.0.at += 1;
            self.0.depth = depth;
        }
        Ok(())
    }
}

macro_rules! numbers {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
            match self.number(&visitor)? {
                Number::Signed(number) => visitor.visit_i64(number),
                Number::Unsigned(number) => visitor.visit_u64(number),
                Number::Float(number) => visitor.visit_f64(number),
            }
        })*
    };
}

macro_rules! texts {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
            match self.text(&visitor)? {
                Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
                Cow::Owned(text) => visitor.visit_string(text),
            }
        })*
    };
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = Error;

    numbers! { deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128 deserialize_u8
    deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128 deserialize_f32 deserialize_f64 }

    texts! { deserialize_str deserialize_string deserialize_identifier deserialize_char deserialize_bytes
    deserialize_byte_buf }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.0.peek()? {
            b'"' => self.deserialize_str(visitor),
            b'{' => self.deserialize_map(visitor),
            b'[' => self.deserialize_seq(visitor),
            b't' | b'f' => self.deserialize_bool(visitor),
            b'n' => self.deserialize_unit(visitor),
            _ => self.deserialize_i64(visitor),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.0.skip()?;
        visitor.visit_unit()
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let truth = self.truth(&visitor)?;
        visitor.visit_bool(truth)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        if self.0.null()? { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        if self.0.null()? { visitor.visit_unit() } else { Err(self.other(OTHER_TYPE, &visitor)) }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let depth = self.0.depth;
        let elements = self.elements(&visitor)?;
        let value = visitor.visit_seq(Rest { reader: self, rest: Some(elements) })?;
        self.leave(depth, b']')?;
        Ok(value)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(self, _: &'static str, _: usize, visitor: V) -> Result<V::Value> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let depth = self.0.depth;
        let members = self.members(&visitor)?;
        let value = visitor.visit_map(Rest { reader: self, rest: Some(members) })?;
        self.leave(depth, b'}')?;
        Ok(value)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        if self.0.peek()? != b'{' {
            return visitor.visit_enum(Variant { reader: self, content: false });
        }
        let depth = self.0.depth;
        self.members(&visitor)?;
        let value = visitor.visit_enum(Variant { reader: self, content: true })?;
        self.leave(depth, b'}')?;
        Ok(value)
    }
}

/// What is left of a map or a list; none once its end was passed.
struct Rest<'r, 'de, T> {
    reader: &'r mut Reader<'de>,
    rest: Option<T>,
}

impl<'de> Rest<'_, 'de, Elements> {
    fn more(&mut self) -> Result<bool> {
        let Some(elements) = &mut self.rest else { return Ok(false) };
        let more = elements.next(&mut self.reader.0)?;
        if !more {
            self.rest = None;
        }
        Ok(more)
    }
}

impl<'de> Rest<'_, 'de, Members> {
    fn key(&mut self) -> Result<Option<Key<'de>>> {
        let Some(members) = &mut self.rest else { return Ok(None) };
        let key = members.next(&mut self.reader.0)?;
        if key.is_none() {
            self.rest = None;
        }
        Ok(key.map(Key))
    }
}

impl<'de> SeqAccess<'de> for Rest<'_, 'de, Elements> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>> {
        if self.more()? { seed.deserialize(&mut *self.reader).map(Some) } else { Ok(None) }
    }
}

impl<'de> MapAccess<'de> for Rest<'_, 'de, Members> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        match self.key()? {
            Some(key) => seed.deserialize(key).map(Some),
            None => Ok(None),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value> {
        seed.deserialize(&mut *self.reader)
    }
}

/// The key of a map: a text, whatever it is to become.
struct Key<'de>(Cow<'de, str>);

impl<'de> Deserializer<'de> for Key<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.0 {
            Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
            Cow::Owned(text) => visitor.visit_string(text),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        visitor.visit_enum(de::value::CowStrDeserializer::new(self.0))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

/// A variant as a text, or as a map with the variant as its one key.
struct Variant<'r, 'de> {
    reader: &'r mut Reader<'de>,
    content: bool,
}

impl<'de> EnumAccess<'de> for Variant<'_, 'de> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self)> {
        let name = seed.deserialize(&mut *self.reader)?;
        if self.content {
            self.reader.0.expect(b':')?;
        }
        Ok((name, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_, 'de> {
    type Error = Error;

    fn unit_variant(self) -> Result<()> {
        if self.content { Deserialize::deserialize(self.reader) } else { Ok(()) }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value> {
        if self.content { seed.deserialize(self.reader) } else { Err(Error::from(OTHER_TYPE)) }
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value> {
        if self.content { self.reader.deserialize_seq(visitor) } else { Err(Error::from(OTHER_TYPE)) }
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value> {
        if self.content { self.reader.deserialize_map(visitor) } else { Err(Error::from(OTHER_TYPE)) }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde_json::Value;

    use super::super::tests::any_json;
    use super::*;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default, rename_all = "camelCase")]
    struct Body<'a> {
        text: String,
        #[serde(borrow)]
        borrowed: Cow<'a, str>,
        number: Option<u16>,
        large: u64,
        part: f64,
        truth: bool,
        list: Vec<i64>,
        pair: Option<(String, i64)>,
        inner: Option<Box<Body<'a>>>,
        named: BTreeMap<String, Option<Value>>,
        by_number: BTreeMap<Name, u8>,
        choice: Option<Choice>,
        either: Option<Either>,
        nothing: (),
    }

    #[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
    struct Name(String);

    #[derive(Debug, PartialEq, Deserialize)]
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
    fn values_are_read_as_serde_json_reads_them() {
        for text in [
            "{}",
            " {\"text\" : \"a\\u00e9\\n\", \"borrowed\":\"b\", \"number\":65535, \"large\":18446744073709551615} ",
            r#"{"part":1,"truth":true,"list":[1,-2,9223372036854775807],"pair":["a",-1],"unknown":[{"a":[1.5e3]}]}"#,
            r#"{"part":-0.5,"number":null,"inner":{"inner":{"large":7}},"named":{"a":null,"b":{"c":[1,2.5,"d",true]}}}"#,
            r#"{"byNumber":{"1":2},"choice":"Plain","nothing":null,"list":[ ]}"#,
            r#"{"choice":{"Held":"a"},"either":"a"}"#,
            r#"{"choice":{"Named":{"a":1}},"either":["a","b"]}"#,
            r#"{"choice":{"Both":[1,2]}}"#,
            r#"{"choice":{"Plain":null}}"#,
            r#"{"choice":{"Both":[1,2,3]}}"#,
            r#"{"choice":{"Held":"a","Plain":null}}"#,
            r#"{"choice":"Held"}"#,
            r#"{"choice":{}}"#,
            r#"{"choice":"Other"}"#,
            r#"{"number":65536}"#,
            r#"{"number":-1}"#,
            r#"{"number":1.5}"#,
            r#"{"number":01}"#,
            r#"{"large":1e999}"#,
            r#"{"text":1}"#,
            r#"{"text":null}"#,
            r#"{"list":{}}"#,
            r#"{"list":[1,]}"#,
            r#"{"list":[1 2]}"#,
            r#"{"pair":["a"]}"#,
            r#"{"pair":["a",1,2]}"#,
            r#"{"nothing":0}"#,
            r#"{"text":"a",}"#,
            r#"{"text":"a"} {}"#,
            r#"{"text":"a""#,
            "",
        ] {
            let ours = from_str::<Body<'_>>(text);
            match serde_json::from_str::<Body<'_>>(text) {
                Ok(theirs) => assert_eq!(ours.expect(text), theirs, "{text}"),
                Err(_) => assert!(ours.is_err(), "{text}: {ours:?}"),
            }
        }
    }

    #[test]
    fn an_error_says_what_and_where_and_nothing_of_the_text() {
        let said = |text: &str| from_str::<Vec<Either>>(text).map(|_| ()).expect_err(text).to_string();
        assert_eq!(said("[\"hunter2\",\n \"x\" \"hunter2\"]"), "it is not JSON at line 2 column 6");
        assert_eq!(said("[\"a\", \"b"), "it ends in the middle at line 1 column 8");
        let error = from_str::<Vec<u8>>("[\"hunter2\"]").expect_err("a text");
        assert_eq!(error.to_string(), "a value of another type, expected u8 at line 1 column 2");
        assert!(!from_str::<Choice>("\"hunter2\"").expect_err("no variant").to_string().contains("hunter2"));
        let deep = "[".repeat(4000);
        assert_eq!(
            from_str::<Value>(&deep).expect_err("too deep").trouble,
            Trouble::Shape(super::super::Shape::TooDeep)
        );
    }

    #[test]
    fn values_that_follow_one_another() {
        assert_eq!(each::<u8>(" 1 2\n3 "), Ok(vec![1, 2, 3]));
        assert_eq!(each::<u8>(""), Ok(vec![]));
        assert_eq!(first::<u8>("1 x"), Ok(1));
        assert!(each::<u8>("1 x").is_err());
        assert_eq!(from_str::<Vec<[u8; 0]>>("[[], []]"), Ok(vec![[], []]));
    }

    proptest! {
        #[test]
        fn any_value_comes_back(value in any_json()) {
            for text in [value.to_string(), format!("{value:#}")] {
                prop_assert_eq!(from_str::<Value>(&text), Ok(value.clone()));
            }
        }
    }
}
