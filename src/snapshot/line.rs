//! An object's line: bytes in, object out, with texts shared and nothing copied twice; and back.
//!
//! Invariant: [`write`] gives the bytes that serializing the object gives.

use std::{borrow::Cow, fmt};

use chrono::{Datelike, Timelike};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{
    Object, OwnerRef, moment,
    share::{Strings, Texts},
};

/// A text, borrowed from the line where it has no escapes.
#[derive(Default, Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// A map of texts, in the line's order.
#[derive(Default)]
struct Pairs<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'de: 'a, 'a> Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each;
        impl<'de> Visitor<'de> for Each {
            type Value = Pairs<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map of texts")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some((Text(key), Text(value))) = map.next_entry()? {
                    pairs.push((key, value));
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Each)
    }
}

impl Pairs<'_> {
    fn shared(&self, strings: &Strings) -> Texts {
        self.0.iter().map(|(key, value)| (strings.get(key), strings.get(value))).collect()
    }
}

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow, default)]
    namespace: Text<'a>,
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow, default)]
    uid: Text<'a>,
    #[serde(borrow, default)]
    created: Option<Text<'a>>,
    #[serde(borrow, default)]
    labels: Option<&'a RawValue>,
    #[serde(borrow, default)]
    annotations: Pairs<'a>,
    #[serde(borrow, default)]
    owners: Vec<Owner<'a>>,
    #[serde(borrow, default)]
    body: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Owner<'a> {
    #[serde(borrow, default)]
    group: Text<'a>,
    #[serde(borrow)]
    kind: Text<'a>,
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow, default)]
    uid: Text<'a>,
    #[serde(default)]
    controller: bool,
}

/// Reads an object.
pub(super) fn parse(line: &[u8], strings: &Strings) -> serde_json::Result<Object> {
    let line: Line<'_> = match std::str::from_utf8(line) {
        Ok(line) => serde_json::from_str(line)?,
        // Says where it is none.
        Err(_) => serde_json::from_slice(line)?,
    };
    let owner = |owner: &Owner<'_>| OwnerRef {
        group: strings.get(&owner.group.0),
        kind: strings.get(&owner.kind.0),
        name: strings.get(&owner.name.0),
        uid: strings.get(&owner.uid.0),
        controller: owner.controller,
    };
    let created = match &line.created {
        None => None,
        Some(Text(text)) => {
            Some(moment::parse(text).ok_or_else(|| serde::de::Error::custom("it was created at no time"))?)
        }
    };
    let labels = line.labels.map(RawValue::get).unwrap_or("{}");
    Ok(Object {
        namespace: strings.get(&line.namespace.0),
        name: line.name.0.into(),
        uid: line.uid.0.into(),
        created,
        labels: strings.map(labels, || serde_json::from_str::<Pairs<'_>>(labels).map(|pairs| pairs.shared(strings)))?,
        annotations: line.annotations.shared(strings),
        owners: line.owners.iter().map(owner).collect(),
        body: strings.body(line.body.map_or("{}", RawValue::get)),
    })
}

/// Writes an object's line without the line break.
pub(super) fn write(object: &Object, out: &mut Vec<u8>) -> serde_json::Result<()> {
    out.push(b'{');
    if !object.namespace.is_empty() {
        out.extend_from_slice(br#""namespace":"#);
        put_text(out, &object.namespace);
        out.push(b',');
    }
    out.extend_from_slice(br#""name":"#);
    put_text(out, &object.name);
    if !object.uid.is_empty() {
        out.extend_from_slice(br#","uid":"#);
        put_text(out, &object.uid);
    }
    if let Some(created) = object.created {
        out.extend_from_slice(br#","created":"#);
        let (date, time) = (created.date_naive(), created.time());
        match u32::try_from(date.year()) {
            Ok(year @ 0..=9999) if time.nanosecond() == 0 => {
                let two = |out: &mut Vec<u8>, number: u32| {
                    out.extend([number / 10, number % 10].map(|digit| b'0' + (digit % 10) as u8));
                };
                out.push(b'"');
                two(out, year / 100);
                two(out, year % 100);
                for (before, number) in [(b'-', date.month()), (b'-', date.day()), (b'T', time.hour())] {
                    out.push(before);
                    two(out, number);
                }
                for number in [time.minute(), time.second()] {
                    out.push(b':');
                    two(out, number);
                }
                out.extend_from_slice(b"Z\"");
            }
            _ => serde_json::to_writer(&mut *out, &created)?,
        }
    }
    for (name, map) in [(&br#","labels":{"#[..], &*object.labels), (br#","annotations":{"#, &object.annotations)] {
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
    if !object.owners.is_empty() {
        out.extend_from_slice(br#","owners":"#);
        object.owners.serialize(&mut serde_json::Serializer::new(&mut *out))?;
    }
    out.extend_from_slice(br#","body":"#);
    out.extend_from_slice(object.body.get().as_bytes());
    out.push(b'}');
    Ok(())
}

/// Writes a text as JSON.
pub(crate) fn put_text(out: &mut Vec<u8>, text: &str) {
    // Without a branch per byte this takes many bytes at a time.
    let escapes = text.bytes().fold(false, |any, byte| any | (byte < 0x20) | (byte == b'"') | (byte == b'\\'));
    if escapes {
        // Writing a string into memory cannot fail.
        let _ = serde_json::to_writer(out, text);
        return;
    }
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
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
            write(&object, &mut line).expect("written");
            prop_assert_eq!(std::str::from_utf8(&line), Ok(&*serde_json::to_string(&object).expect("JSON")));
            let back = parse(&line, &Strings::default()).expect("an object");
            prop_assert_eq!(serde_json::to_vec(&back).expect("JSON"), line);
        }
    }
}
