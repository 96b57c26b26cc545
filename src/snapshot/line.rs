//! An object's line: bytes in, object out, with texts shared and nothing copied twice.

use std::{borrow::Cow, collections::BTreeMap, fmt, sync::Arc};

use chrono::{DateTime, Utc};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{Object, OwnerRef, share::Strings};

/// A text, borrowed from the line where it has no escapes.
#[derive(Default, Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// A map of texts, in the line's order.
#[derive(Default)]
struct Texts<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'de: 'a, 'a> Deserialize<'de> for Texts<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Texts<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map of texts")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some((Text(key), Text(value))) = map.next_entry()? {
                    pairs.push((key, value));
                }
                Ok(Texts(pairs))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}

impl Texts<'_> {
    fn shared(&self, strings: &Strings) -> BTreeMap<Arc<str>, Arc<str>> {
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
    #[serde(default)]
    created: Option<DateTime<Utc>>,
    #[serde(borrow, default)]
    labels: Texts<'a>,
    #[serde(borrow, default)]
    annotations: Texts<'a>,
    #[serde(borrow, default)]
    owners: Vec<Owner<'a>>,
    #[serde(default)]
    body: Option<Box<RawValue>>,
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
    let line: Line<'_> = serde_json::from_slice(line)?;
    let owner = |owner: &Owner<'_>| OwnerRef {
        group: strings.get(&owner.group.0),
        kind: strings.get(&owner.kind.0),
        name: strings.get(&owner.name.0),
        uid: strings.get(&owner.uid.0),
        controller: owner.controller,
    };
    Ok(Object {
        namespace: strings.get(&line.namespace.0),
        name: Arc::from(&*line.name.0),
        uid: Arc::from(&*line.uid.0),
        created: line.created,
        labels: line.labels.shared(strings),
        annotations: line.annotations.shared(strings),
        owners: line.owners.iter().map(owner).collect(),
        body: line.body.map_or_else(super::empty_body, |body| strings.body(body)),
    })
}
