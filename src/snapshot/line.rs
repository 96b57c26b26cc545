//! An object's line: bytes in, object out, with texts shared and nothing copied twice; and back.
//!
//! Invariant: [`write`] gives the bytes that serializing the object gives.

use std::borrow::Cow;

use chrono::{DateTime, Datelike, Timelike, Utc};
use scopefence_json::{Cursor, OTHER_TYPE, Shape, Trouble, put_text};

use super::{
    Object, OwnerRef, moment,
    share::{Strings, Texts},
};

/// Texts by name, sorted by name, none twice.
pub(crate) type Pairs<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

/// What an object's line says, borrowed from wherever it was read.
#[derive(Default)]
pub(crate) struct Parts<'a> {
    pub(crate) namespace: Cow<'a, str>,
    pub(crate) name: Cow<'a, str>,
    pub(crate) uid: Cow<'a, str>,
    pub(crate) created: Option<DateTime<Utc>>,
    pub(crate) labels: Pairs<'a>,
    pub(crate) annotations: Pairs<'a>,
    pub(crate) owners: Vec<Owner<'a>>,
}

/// An owner reference.
#[derive(Default)]
pub(crate) struct Owner<'a> {
    pub(crate) group: Cow<'a, str>,
    pub(crate) kind: Cow<'a, str>,
    pub(crate) name: Cow<'a, str>,
    pub(crate) uid: Cow<'a, str>,
    pub(crate) controller: bool,
}

/// A place in the text of a line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
}

/// Where in the output things of a line stand, without quotes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Places {
    pub(super) namespace: Span,
    pub(super) name: Span,
    pub(super) uid: Span,
    pub(super) body: Span,
}

impl Parts<'_> {
    /// Empty again, with the memory that it has.
    pub(crate) fn clear(&mut self) {
        let Self { namespace, name, uid, created, labels, annotations, owners } = self;
        (*namespace, *name, *uid, *created) = (Cow::Borrowed(""), Cow::Borrowed(""), Cow::Borrowed(""), None);
        labels.clear();
        annotations.clear();
        owners.clear();
    }

    /// Writes the line without the line break.
    pub(super) fn write(&self, body: &[u8], out: &mut Vec<u8>) -> Places {
        let mut places = Places::default();
        out.push(b'{');
        if !self.namespace.is_empty() {
            places.namespace = put_named(out, br#""namespace":"#, &self.namespace);
            out.push(b',');
        }
        places.name = put_named(out, br#""name":"#, &self.name);
        if !self.uid.is_empty() {
            places.uid = put_named(out, br#","uid":"#, &self.uid);
        }
        if let Some(created) = self.created {
            out.extend_from_slice(br#","created":"#);
            put_time(out, created);
        }
        for (name, map) in [(&br#","labels":{"#[..], &self.labels), (br#","annotations":{"#, &self.annotations)] {
            if map.is_empty() {
                continue;
            }
            out.extend_from_slice(name);
            for (number, (key, value)) in map.iter().enumerate() {
                if number > 0 {
                    out.push(b',');
                }
                put_text(out, key);
                out.push(b':');
                put_text(out, value);
            }
            out.push(b'}');
        }
        for (number, owner) in self.owners.iter().enumerate() {
            out.extend_from_slice(if number == 0 { br#","owners":["# } else { b"," });
            owner.write(out);
        }
        if !self.owners.is_empty() {
            out.push(b']');
        }
        out.extend_from_slice(br#","body":"#);
        places.body.start = out.len();
        out.extend_from_slice(body);
        places.body.end = out.len();
        out.push(b'}');
        places
    }
}

impl Owner<'_> {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(b'{');
        if !self.group.is_empty() {
            put_named(out, br#""group":"#, &self.group);
            out.push(b',');
        }
        put_named(out, br#""kind":"#, &self.kind);
        put_named(out, br#","name":"#, &self.name);
        if !self.uid.is_empty() {
            put_named(out, br#","uid":"#, &self.uid);
        }
        if self.controller {
            out.extend_from_slice(br#","controller":true"#);
        }
        out.push(b'}');
    }
}

/// Writes a name and its text; where the text stands.
fn put_named(out: &mut Vec<u8>, name: &[u8], text: &str) -> Span {
    out.extend_from_slice(name);
    let start = out.len() + 1;
    put_text(out, text);
    Span { start, end: out.len() - 1 }
}

fn put_time(out: &mut Vec<u8>, time: DateTime<Utc>) {
    let (date, clock) = (time.date_naive(), time.time());
    let two = |out: &mut Vec<u8>, number: u32| {
        out.extend([number / 10, number % 10].map(|digit| b'0' + (digit % 10) as u8));
    };
    match u32::try_from(date.year()) {
        Ok(year @ 0..=9999) if clock.nanosecond() == 0 => {
            out.push(b'"');
            two(out, year / 100);
            two(out, year % 100);
            for (before, number) in [(b'-', date.month()), (b'-', date.day()), (b'T', clock.hour())] {
                out.push(before);
                two(out, number);
            }
            for number in [clock.minute(), clock.second()] {
                out.push(b':');
                two(out, number);
            }
            out.extend_from_slice(b"Z\"");
        }
        // Writing a time into memory cannot fail.
        _ => drop(serde_json::to_writer(out, &time)),
    }
}

/// Writes an object's line without the line break.
pub(super) fn write(object: &Object, out: &mut Vec<u8>) -> Places {
    let Object { namespace, name, uid, created, labels, annotations, owners, body } = object;
    let owners = owners.iter().map(|OwnerRef { group, kind, name, uid, controller }| Owner {
        group: group.as_ref().into(),
        kind: kind.as_ref().into(),
        name: name.as_ref().into(),
        uid: uid.as_ref().into(),
        controller: *controller,
    });
    let parts = Parts {
        namespace: namespace.as_ref().into(),
        name: name.as_ref().into(),
        uid: uid.as_ref().into(),
        created: *created,
        labels: pairs(labels),
        annotations: pairs(annotations),
        owners: owners.collect(),
    };
    parts.write(body.get().as_bytes(), out)
}

fn pairs(texts: &Texts) -> Pairs<'_> {
    texts.iter().map(|(key, value)| (key.as_ref().into(), value.as_ref().into())).collect()
}

/// Reads an object.
pub(super) fn parse(line: &str, strings: &Strings) -> Result<Object, Trouble> {
    let mut cursor = Cursor::new(line);
    let mut object = Object {
        namespace: strings.get(""),
        name: strings.get(""),
        uid: strings.get(""),
        created: None,
        labels: strings.map("{}", || Ok::<_, Trouble>(Texts::new()))?,
        annotations: Texts::new(),
        owners: Vec::new(),
        body: strings.body("{}"),
    };
    let mut named = false;
    let mut members = cursor.members()?;
    while let Some(key) = members.next(&mut cursor)? {
        match &*key {
            "namespace" => object.namespace = strings.get(&text(&mut cursor)?),
            "name" => {
                object.name = text(&mut cursor)?.into();
                named = true;
            }
            "uid" => object.uid = text(&mut cursor)?.into(),
            "created" => {
                object.created = match cursor.text()? {
                    None => None,
                    Some(text) => Some(moment::parse(&text).ok_or(OTHER_TYPE)?),
                };
            }
            "labels" => {
                let json = cursor.raw()?;
                object.labels = strings.map(json, || texts(&mut Cursor::new(json), strings))?;
            }
            "annotations" => object.annotations = texts(&mut cursor, strings)?,
            "owners" => {
                let mut elements = cursor.elements()?;
                while elements.next(&mut cursor)? {
                    object.owners.push(owner(&mut cursor, strings)?);
                }
            }
            "body" => object.body = strings.body(cursor.raw()?),
            _ => cursor.skip()?,
        }
    }
    cursor.end()?;
    if named { Ok(object) } else { Err(Trouble::Shape(Shape::NoName)) }
}

fn text<'a>(cursor: &mut Cursor<'a>) -> Result<Cow<'a, str>, Trouble> {
    cursor.text()?.ok_or(OTHER_TYPE)
}

fn texts(cursor: &mut Cursor<'_>, strings: &Strings) -> Result<Texts, Trouble> {
    let mut texts = Texts::new();
    let mut members = cursor.members()?;
    while let Some(key) = members.next(cursor)? {
        texts.insert(strings.get(&key), strings.get(&text(cursor)?));
    }
    Ok(texts)
}

fn owner(cursor: &mut Cursor<'_>, strings: &Strings) -> Result<OwnerRef, Trouble> {
    let none = strings.get("");
    let (mut kind, mut name) = (None, None);
    let mut owner =
        OwnerRef { group: none.clone(), kind: none.clone(), name: none.clone(), uid: none, controller: false };
    let mut members = cursor.members()?;
    while let Some(key) = members.next(cursor)? {
        match &*key {
            "group" => owner.group = strings.get(&text(cursor)?),
            "kind" => kind = Some(strings.get(&text(cursor)?)),
            "name" => name = Some(strings.get(&text(cursor)?)),
            "uid" => owner.uid = strings.get(&text(cursor)?),
            "controller" => owner.controller = cursor.truth()?.ok_or(OTHER_TYPE)?,
            _ => cursor.skip()?,
        }
    }
    let (Some(kind), Some(name)) = (kind, name) else { return Err(OTHER_TYPE) };
    Ok(OwnerRef { kind, name, ..owner })
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};
    use proptest::prelude::*;

    use super::*;
    use crate::snapshot::Body;

    proptest! {
        #[test]
        fn an_object_is_written_as_it_is_serialized_and_read_back(
            texts in prop::collection::vec(".{0,9}", 5),
            seconds in -70_000_000_000_i64..300_000_000_000,
            nanos in prop::sample::select(vec![0, 1, 500_000_000]),
            labels in prop::collection::btree_map(".{0,9}", ".{0,9}", 0..4),
        ) {
            let labels: Texts = labels.iter().map(|(key, value)| (key.as_str().into(), value.as_str().into())).collect();
            let text = |number: usize| texts[number].as_str().into();
            let object = Object {
                namespace: text(0),
                name: text(1),
                uid: text(2),
                created: DateTime::<Utc>::from_timestamp(seconds, nanos),
                labels: labels.clone().into(),
                annotations: labels,
                owners: vec![OwnerRef { group: text(3), kind: text(4), name: text(1), uid: text(2), controller: true }],
                body: Body::new(r#"{"spec":{"a":[1,"\"",null]}}"#).expect("JSON"),
            };
            let mut line = Vec::new();
            write(&object, &mut line);
            prop_assert_eq!(std::str::from_utf8(&line), Ok(&*serde_json::to_string(&object).expect("JSON")));
            let back = parse(std::str::from_utf8(&line).expect("text"), &Strings::default()).expect("an object");
            prop_assert_eq!(serde_json::to_vec(&back).expect("JSON"), line);
        }
    }
}
