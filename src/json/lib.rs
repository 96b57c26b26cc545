//! A place in a JSON text that moves forward: what nobody wants is passed over, what somebody wants is borrowed or
//! copied, and no value is built.
//!
//! Invariants: a value that was passed over is whole and well-formed but for what stands between the quotes of its texts
//! and in its numbers; what is copied is compact JSON as `serde_json` writes it, so that equal values are equal bytes.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

use std::borrow::Cow;

pub mod read;

/// Maps and lists within each other; `serde_json` allows as many.
const DEEPEST: usize = 128;

/// Why a text cannot be read on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// It ends in the middle.
    CutOff,
    /// It is no JSON.
    NotJson,
    /// It is JSON, but not what was promised.
    Shape(Shape),
}

/// What is wrong with JSON that is not what was promised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A value where another was promised.
    OtherType,
    /// More than [`DEEPEST`].
    TooDeep,
    /// An object without metadata.
    NoMetadata,
    /// An object without a name.
    NoName,
}

impl Shape {
    /// In words that hold nothing of the text.
    pub fn why(self) -> &'static str {
        match self {
            Self::OtherType => "a field has another type than the API promises",
            Self::TooDeep => "it is nested too deeply",
            Self::NoMetadata => "it has no metadata",
            Self::NoName => "it has no name",
        }
    }
}

/// A value where another was promised.
pub const OTHER_TYPE: Trouble = Trouble::Shape(Shape::OtherType);

type Result<T> = std::result::Result<T, Trouble>;

/// What a byte is within a text.
const PLAIN: u8 = 0;
const QUOTE: u8 = 1;
const ESCAPE: u8 = 2;
const CONTROL: u8 = 3;
static WITHIN_TEXT: [u8; 256] = {
    let mut table = [PLAIN; 256];
    let mut byte = 0;
    while byte < 0x20 {
        table[byte] = CONTROL;
        byte += 1;
    }
    table[b'"' as usize] = QUOTE;
    table[b'\\' as usize] = ESCAPE;
    table
};

/// A place in a JSON text.
///
/// Nearly all of the time that reading a large cluster takes is spent in [`Cursor::skip`] and what it calls. The release
/// is built at a level that does not inline what the standard library has for slices, hence loops over places.
pub struct Cursor<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    depth: usize,
    /// What was passed over is just as it would be written.
    plain: bool,
    /// Ends of the maps and lists that are being passed over.
    ends: Vec<u8>,
}

/// Keys of a map, in turn.
pub struct Members(bool);

/// Elements of a list, in turn.
pub struct Elements(bool);

impl Members {
    /// The next key; the cursor stands before its value, which has to be read before the next call.
    pub fn next<'a>(&mut self, cursor: &mut Cursor<'a>) -> Result<Option<Cow<'a, str>>> {
        match cursor.peek()? {
            b'}' => {
                cursor.at += 1;
                cursor.depth -= 1;
                return Ok(None);
            }
            b',' if !self.0 => cursor.at += 1,
            _ if self.0 => {}
            _ => return Err(Trouble::NotJson),
        }
        self.0 = false;
        let key = cursor.key()?;
        cursor.expect(b':')?;
        Ok(Some(key))
    }
}

impl Elements {
    /// Whether the cursor stands before another element, which has to be read before the next call.
    pub fn next(&mut self, cursor: &mut Cursor<'_>) -> Result<bool> {
        match cursor.peek()? {
            b']' => {
                cursor.at += 1;
                cursor.depth -= 1;
                return Ok(false);
            }
            b',' if !self.0 => {
                cursor.at += 1;
                if cursor.peek()? == b']' {
                    return Err(Trouble::NotJson);
                }
            }
            _ if self.0 => {}
            _ => return Err(Trouble::NotJson),
        }
        self.0 = false;
        Ok(true)
    }
}

impl<'a> Cursor<'a> {
    /// The start of a text.
    pub fn new(text: &'a str) -> Self {
        Self { text, bytes: text.as_bytes(), at: 0, depth: 0, plain: true, ends: Vec::new() }
    }

    /// Bytes passed so far.
    pub fn at(&self) -> usize {
        self.at
    }

    /// Goes back to where [`Cursor::at`] and [`Cursor::depth`] were so.
    pub fn back(&mut self, at: usize, depth: usize) {
        (self.at, self.depth) = (self.at.min(at), depth);
    }

    /// Maps and lists around this place.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// The byte that the next value begins with, or whatever stands there.
    #[inline(always)]
    pub fn peek(&mut self) -> Result<u8> {
        while self.at < self.bytes.len() {
            let byte = self.bytes[self.at];
            if byte > b' ' {
                return Ok(byte);
            }
            if byte != b' ' && byte != b'\n' && byte != b'\t' && byte != b'\r' {
                return Err(Trouble::NotJson);
            }
            self.plain = false;
            self.at += 1;
        }
        Err(Trouble::CutOff)
    }

    #[inline(always)]
    fn expect(&mut self, byte: u8) -> Result<()> {
        if self.peek()? != byte {
            return Err(Trouble::NotJson);
        }
        self.at += 1;
        Ok(())
    }

    /// Nothing but spaces follows.
    pub fn end(&mut self) -> Result<()> {
        match self.peek() {
            Err(Trouble::CutOff) => Ok(()),
            _ => Err(Trouble::NotJson),
        }
    }

    fn enter(&mut self, open: u8) -> Result<()> {
        match self.peek()? {
            byte if byte == open => {}
            byte => return Err(other(byte)),
        }
        if self.depth == DEEPEST {
            return Err(Trouble::Shape(Shape::TooDeep));
        }
        self.at += 1;
        self.depth += 1;
        Ok(())
    }

    /// Enters a map.
    pub fn members(&mut self) -> Result<Members> {
        self.enter(b'{').map(|()| Members(true))
    }

    /// Enters a list.
    pub fn elements(&mut self) -> Result<Elements> {
        self.enter(b'[').map(|()| Elements(true))
    }

    /// Passes `null`, if it stands here.
    pub fn null(&mut self) -> Result<bool> {
        if self.peek()? != b'n' {
            return Ok(false);
        }
        self.word("null").map(|()| true)
    }

    /// A boolean; `null` is none.
    pub fn truth(&mut self) -> Result<Option<bool>> {
        match self.peek()? {
            b'n' => self.word("null").map(|()| None),
            b't' => self.word("true").map(|()| Some(true)),
            b'f' => self.word("false").map(|()| Some(false)),
            byte => Err(other(byte)),
        }
    }

    /// A text; `null` is none.
    pub fn text(&mut self) -> Result<Option<Cow<'a, str>>> {
        match self.peek()? {
            b'"' => self.key().map(Some),
            b'n' => self.word("null").map(|()| None),
            byte => Err(other(byte)),
        }
    }

    fn key(&mut self) -> Result<Cow<'a, str>> {
        self.peek()?;
        let start = self.at;
        match self.quoted()? {
            true => Ok(Cow::Borrowed(&self.text[start + 1..self.at - 1])),
            false => serde_json::from_str(&self.text[start..self.at]).map(Cow::Owned).map_err(|_| OTHER_TYPE),
        }
    }

    /// Passes over a text; whether it has no escapes.
    fn quoted(&mut self) -> Result<bool> {
        let bytes = self.bytes;
        let mut at = self.at;
        if at >= bytes.len() {
            return Err(Trouble::CutOff);
        }
        if bytes[at] != b'"' {
            return Err(Trouble::NotJson);
        }
        at += 1;
        let mut plain = true;
        while at < bytes.len() {
            match WITHIN_TEXT[bytes[at] as usize] {
                PLAIN => at += 1,
                QUOTE => {
                    self.at = at + 1;
                    return Ok(plain);
                }
                ESCAPE => {
                    plain = false;
                    // What follows is a byte of its own: the rest of a longer character cannot end a text.
                    at += 2;
                }
                _ => return Err(Trouble::NotJson),
            }
        }
        Err(Trouble::CutOff)
    }

    fn word(&mut self, word: &'static str) -> Result<()> {
        let rest = &self.bytes[self.at..];
        match rest.starts_with(word.as_bytes()) {
            true => {
                self.at += word.len();
                Ok(())
            }
            false if word.as_bytes().starts_with(rest) => Err(Trouble::CutOff),
            false => Err(Trouble::NotJson),
        }
    }

    /// Passes over a number; whether it is a whole one as it would be written.
    fn number(&mut self) -> bool {
        let start = self.at;
        let mut digits = 0;
        let mut first = 0;
        while self.at < self.bytes.len() {
            match self.bytes[self.at] {
                byte @ b'0'..=b'9' => {
                    if digits == 0 {
                        first = byte;
                    }
                    digits += 1;
                }
                b'+' | b'-' | b'.' | b'e' | b'E' => {}
                _ => break,
            }
            self.at += 1;
        }
        let length = self.at - start;
        let whole = digits == length || (digits + 1 == length && self.bytes[start] == b'-');
        whole && digits > 0 && digits <= 18 && (first != b'0' || length == 1)
    }

    /// Passes over a value.
    pub fn skip(&mut self) -> Result<()> {
        self.ends.clear();
        loop {
            match self.peek()? {
                b'"' => self.plain &= self.quoted()?,
                open @ (b'{' | b'[') => {
                    let end = if open == b'{' { b'}' } else { b']' };
                    self.at += 1;
                    if self.peek()? == end {
                        self.at += 1;
                    } else {
                        self.ends.push(end);
                        if open == b'{' {
                            self.skip_key()?;
                        }
                        continue;
                    }
                }
                b't' => self.word("true")?,
                b'f' => self.word("false")?,
                b'n' => self.word("null")?,
                b'-' | b'0'..=b'9' => self.plain &= self.number(),
                _ => return Err(Trouble::NotJson),
            }
            loop {
                if self.ends.is_empty() {
                    return Ok(());
                }
                let end = self.ends[self.ends.len() - 1];
                match self.peek()? {
                    b',' => {
                        self.at += 1;
                        if end == b'}' {
                            self.skip_key()?;
                        }
                        break;
                    }
                    byte if byte == end => {
                        self.at += 1;
                        self.ends.pop();
                    }
                    _ => return Err(Trouble::NotJson),
                }
            }
        }
    }

    fn skip_key(&mut self) -> Result<()> {
        self.peek()?;
        self.plain &= self.quoted()?;
        self.expect(b':')
    }

    /// The value here as it stands, well-formed to its last character.
    pub fn raw(&mut self) -> Result<&'a str> {
        self.peek()?;
        let start = self.at;
        self.plain = true;
        self.skip()?;
        let raw = &self.text[start..self.at];
        if !self.plain && serde_json::from_str::<&serde_json::value::RawValue>(raw).is_err() {
            return Err(Trouble::NotJson);
        }
        Ok(raw)
    }

    /// Copies a value.
    pub fn copy(&mut self, out: &mut Vec<u8>) -> Result<()> {
        self.peek()?;
        let start = self.at;
        self.plain = true;
        self.skip()?;
        if self.plain {
            out.extend_from_slice(&self.bytes[start..self.at]);
            return Ok(());
        }
        let mut again = Cursor::new(&self.text[start..self.at]);
        again.depth = self.depth;
        again.rewrite(out)
    }

    /// Copies a value token by token.
    fn rewrite(&mut self, out: &mut Vec<u8>) -> Result<()> {
        match self.peek()? {
            b'{' => {
                let mut members = self.members()?;
                out.push(b'{');
                while let Some(key) = members.next(self)? {
                    if out.last() != Some(&b'{') {
                        out.push(b',');
                    }
                    put_text(out, &key);
                    out.push(b':');
                    self.rewrite(out)?;
                }
                out.push(b'}');
            }
            b'[' => {
                let mut elements = self.elements()?;
                out.push(b'[');
                let empty = out.len();
                while elements.next(self)? {
                    if out.len() > empty {
                        out.push(b',');
                    }
                    self.rewrite(out)?;
                }
                out.push(b']');
            }
            b'"' => put_text(out, &self.key()?),
            _ => {
                let start = self.at;
                self.skip()?;
                let raw = &self.text[start..self.at];
                match serde_json::from_str::<serde_json::Number>(raw) {
                    Ok(number) => out.extend_from_slice(number.to_string().as_bytes()),
                    Err(_) if raw.starts_with(['t', 'f', 'n']) => out.extend_from_slice(raw.as_bytes()),
                    Err(_) => return Err(OTHER_TYPE),
                }
            }
        }
        Ok(())
    }
}

/// What a byte means that begins no value of the type that was promised.
fn other(byte: u8) -> Trouble {
    match byte {
        b'"' | b'{' | b'[' | b't' | b'f' | b'n' | b'-' | b'0'..=b'9' => OTHER_TYPE,
        _ => Trouble::NotJson,
    }
}

/// Writes a text as JSON.
pub fn put_text(out: &mut Vec<u8>, text: &str) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() && WITHIN_TEXT[bytes[at] as usize] == PLAIN {
        at += 1;
    }
    if at < bytes.len() {
        // Writing a string into memory cannot fail.
        let _ = serde_json::to_writer(out, text);
        return;
    }
    out.reserve(bytes.len() + 2);
    out.push(b'"');
    out.extend_from_slice(bytes);
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    pub(super) fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<i32>().prop_map(|number| Value::from(f64::from(number) / 8.0)),
            ".{0,20}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::vec((".{0,9}", inner), 0..5).prop_map(|it| Value::Object(it.into_iter().collect())),
            ]
        })
    }

    fn copied(text: &str) -> Result<String> {
        let mut cursor = Cursor::new(text);
        let mut out = Vec::new();
        cursor.copy(&mut out)?;
        cursor.end()?;
        Ok(String::from_utf8(out).expect("text"))
    }

    #[test]
    fn tiny_numbers_are_read_as_serde_json_reads_them() {
        let text = r#"[{"":-3.078293746743626e-290}]"#;
        let read: Value = serde_json::from_str(text).expect("JSON");
        assert_eq!(copied(text), Ok(read.to_string()));
    }

    proptest! {
        #[test]
        fn a_copy_is_what_serde_json_writes(value in any_json()) {
            for text in [value.to_string(), format!("{value:#}")] {
                prop_assert_eq!(copied(&text), Ok(value.to_string()));
                let mut cursor = Cursor::new(&text);
                prop_assert_eq!(cursor.skip().and_then(|()| cursor.end()), Ok(()));
            }
        }

        #[test]
        fn whatever_is_cut_off_says_so(value in any_json(), cut in 0.0..1.0_f64) {
            let text = serde_json::json!([value]).to_string();
            let mut at = (text.len() as f64 * cut) as usize;
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            prop_assert_eq!(copied(&text[..at]), Err(Trouble::CutOff));
        }

        #[test]
        fn it_takes_no_other_texts_than_serde_json(text in "[\\[\\]{},:\"a\\\\ 1e.-]{0,12}|[tfn][a-z]{0,4}") {
            match (copied(&text), serde_json::from_str::<&serde_json::value::RawValue>(&text)) {
                (Ok(copy), Ok(_)) => prop_assert!(serde_json::from_str::<Value>(&copy).is_ok()),
                (Err(_), Err(_)) => {}
                // Numbers and escapes are not looked into where they are passed over whole.
                (copy, raw) => prop_assert!(
                    text.contains(['\\', '1', '.', '-', 'e']), "{text}: {copy:?}, {raw:?}"
                ),
            }
        }
    }

    #[test]
    fn a_text_is_what_stands_between_its_quotes() {
        for text in ["", "a", "twelve bytes", "\"", "\\", "a\u{1}b", "é\"é", "eight by\\"] {
            let json = serde_json::to_string(text).expect("JSON");
            assert_eq!(Cursor::new(&json).text(), Ok(Some(Cow::Borrowed(text))));
        }
        assert_eq!(Cursor::new("\"a\u{1}\"").text(), Err(Trouble::NotJson));
        assert_eq!(Cursor::new("\"a\\é\"").text(), Err(OTHER_TYPE));
        assert_eq!(Cursor::new("7").text(), Err(OTHER_TYPE));
    }

    #[test]
    fn depth_is_bounded_where_values_are_read_and_not_where_they_are_passed_over() {
        let deep = "[".repeat(5000) + &"]".repeat(5000);
        assert_eq!(Cursor::new(&deep).skip(), Ok(()));
        let spaced = deep.replace('[', " [");
        assert!(matches!(copied(&spaced), Err(Trouble::Shape(_))));
    }
}
