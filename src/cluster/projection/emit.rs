//! Follows a projection while parsing: what it names goes into compact JSON, all else is skipped, and no generic value
//! is built.
//!
//! A value that is not of the shape that the projection expects (a text where a list should be) becomes the marker
//! [`UNEXPECTED`], so that whoever reads the field fails loudly instead of reading absence into it.

use std::{borrow::Cow, fmt, sync::Arc};

use chrono::{DateTime, Utc};
use serde::{
    Deserialize,
    de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{Flags, Leaf, Node, Projection, path::WHOLE};
use crate::snapshot::{self, Object, OwnerRef, REDACTED, Strings, UNEXPECTED, moment, put_text};

/// Reads one object.
#[derive(Clone, Copy)]
pub(crate) struct ObjectSeed<'a> {
    /// What to keep.
    pub(crate) projection: &'a Projection,
    /// Where repeated texts live.
    pub(crate) strings: &'a Strings,
}

/// A key, borrowed from the input where it has no escapes.
#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> DeserializeSeed<'de> for ObjectSeed<'_> {
    type Value = Object;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Object, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for ObjectSeed<'_> {
    type Value = Object;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with metadata")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
        let mut metadata: Option<Metadata> = None;
        let mut body = Vec::with_capacity(1024);
        body.push(b'{');
        while let Some(Key(key)) = map.next_key()? {
            match &*key {
                "metadata" => metadata = Some(map.next_value_seed(MetadataSeed(self))?),
                _ => match self.projection.root().field(&key) {
                    None => {
                        map.next_value::<IgnoredAny>()?;
                    }
                    Some(node) => {
                        let flags = match &metadata {
                            Some(metadata) => FlagScope::of(self.projection.flags(), metadata),
                            None => FlagScope::Unknown,
                        };
                        let scope = Scope { projection: Some(self.projection), flags };
                        put_key(&mut body, &key);
                        map.next_value_seed(Emit { node, out: &mut body, scope })?;
                    }
                },
            }
        }
        body.push(b'}');
        let Metadata { name, namespace, uid, created, labels, annotations, owners } =
            metadata.ok_or_else(|| A::Error::custom("it has no metadata"))?;
        if name.is_empty() {
            return Err(A::Error::custom("it has no name"));
        }
        let body = self.strings.body(std::str::from_utf8(&body).map_err(A::Error::custom)?);
        Ok(Object { namespace, name, uid, created, labels, annotations, owners, body })
    }
}

#[derive(Default)]
struct Metadata {
    name: Arc<str>,
    namespace: Arc<str>,
    uid: Arc<str>,
    created: Option<DateTime<Utc>>,
    labels: Arc<snapshot::Texts>,
    annotations: snapshot::Texts,
    owners: Vec<OwnerRef>,
}

struct MetadataSeed<'a>(ObjectSeed<'a>);

impl<'de> DeserializeSeed<'de> for MetadataSeed<'_> {
    type Value = Metadata;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Metadata, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for MetadataSeed<'_> {
    type Value = Metadata;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("metadata")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Metadata, A::Error> {
        let ObjectSeed { projection, strings } = self.0;
        let mut metadata = Metadata::default();
        while let Some(Key(key)) = map.next_key()? {
            match &*key {
                "name" => metadata.name = text(&mut map)?.as_deref().unwrap_or_default().into(),
                "namespace" => metadata.namespace = strings.get(text(&mut map)?.as_deref().unwrap_or_default()),
                "uid" => metadata.uid = text(&mut map)?.as_deref().unwrap_or_default().into(),
                "creationTimestamp" => metadata.created = created(&mut map)?,
                "labels" => {
                    // Thousands of objects have the same.
                    let json = map.next_value::<&'de RawValue>()?.get();
                    let read = || {
                        let mut deserializer = serde_json::Deserializer::from_str(json);
                        Texts { strings, keep: &|_| true }.deserialize(&mut deserializer)
                    };
                    metadata.labels = strings.map(json, read).map_err(A::Error::custom)?;
                }
                "annotations" => {
                    let keep = |name: &str| projection.keeps_annotation(name);
                    metadata.annotations = map.next_value_seed(Texts { strings, keep: &keep })?;
                }
                "ownerReferences" => {
                    let owners: Option<Vec<Owner<'de>>> = map.next_value()?;
                    metadata.owners = owners.unwrap_or_default().iter().map(|owner| owner.keep(strings)).collect();
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(metadata)
    }
}

fn text<'de, A: MapAccess<'de>>(map: &mut A) -> Result<Option<Cow<'de, str>>, A::Error> {
    Ok(map.next_value::<Option<Key<'de>>>()?.map(|Key(text)| text))
}

fn created<'de, A: MapAccess<'de>>(map: &mut A) -> Result<Option<DateTime<Utc>>, A::Error> {
    let Some(text) = text(map)? else { return Ok(None) };
    moment::parse(&text).map(Some).ok_or_else(|| A::Error::custom("it was created at no time"))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Owner<'a> {
    #[serde(borrow, default)]
    api_version: Cow<'a, str>,
    #[serde(borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow, default)]
    uid: Cow<'a, str>,
    #[serde(default)]
    controller: Option<bool>,
}

impl Owner<'_> {
    fn keep(&self, strings: &Strings) -> OwnerRef {
        OwnerRef {
            group: strings.get(self.api_version.rsplit_once('/').map_or("", |(group, _)| group)),
            kind: strings.get(&self.kind),
            name: strings.get(&self.name),
            uid: strings.get(&self.uid),
            controller: self.controller.unwrap_or(false),
        }
    }
}

/// A map of texts, of which some are kept; values that are not kept may be anything.
struct Texts<'a> {
    strings: &'a Strings,
    keep: &'a dyn Fn(&str) -> bool,
}

impl<'de> DeserializeSeed<'de> for Texts<'_> {
    type Value = snapshot::Texts;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Texts<'_> {
    type Value = snapshot::Texts;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of texts")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Self::Value::new())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut texts = Self::Value::new();
        while let Some(Key(key)) = map.next_key()? {
            if (self.keep)(&key) {
                let value = text(&mut map)?.unwrap_or_default();
                texts.insert(self.strings.get(&key), self.strings.get(&value));
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(texts)
    }
}

/// What may be kept of command lines in this object.
#[derive(Clone, Copy)]
enum FlagScope<'a> {
    /// Flags on the allow-list.
    Listed(&'a Flags),
    /// Nothing: another namespace or other labels, or the projection has no flags.
    Outside,
    /// Namespace and labels have not been read yet: that there are words, but none of them.
    Unknown,
}

impl<'a> FlagScope<'a> {
    fn of(flags: Option<&'a Flags>, metadata: &Metadata) -> Self {
        match flags {
            Some(flags) if flags.applies_to(&metadata.namespace, &metadata.labels) => Self::Listed(flags),
            _ => Self::Outside,
        }
    }
}

/// What a value's surroundings say about it.
#[derive(Clone, Copy)]
struct Scope<'a> {
    projection: Option<&'a Projection>,
    flags: FlagScope<'a>,
}

/// Writes what a node keeps of a value.
pub(crate) struct Emit<'a> {
    node: &'a Node,
    out: &'a mut Vec<u8>,
    scope: Scope<'a>,
}

impl<'a> Emit<'a> {
    /// For values outside of objects, for example settings in a ConfigMap.
    pub(crate) fn new(node: &'a Node, out: &'a mut Vec<u8>) -> Self {
        Self { node, out, scope: Scope { projection: None, flags: FlagScope::Outside } }
    }

    /// The same, where these flags are kept of arguments.
    pub(crate) fn with_flags(node: &'a Node, out: &'a mut Vec<u8>, flags: Option<&'a Flags>) -> Self {
        let flags = flags.map_or(FlagScope::Outside, FlagScope::Listed);
        Self { node, out, scope: Scope { projection: None, flags } }
    }

    fn scalar<E: serde::de::Error>(self, value: impl serde::Serialize) -> Result<(), E> {
        match self.node.leaf {
            Leaf::Whole if !self.node.expects_map() => put(self.out, value),
            Leaf::Redacted | Leaf::Presence => put(self.out, REDACTED),
            _ => put(self.out, UNEXPECTED),
        }
    }
}

/// A URL without user, password and query.
fn without_credentials(url: &str) -> String {
    let (url, query) = match url.split_once(['?', '#']) {
        Some((url, _)) => (url, format!("?{REDACTED}")),
        None => (url, String::new()),
    };
    let (scheme, rest) = url.split_once("://").map_or(("", url), |(scheme, rest)| (scheme, rest));
    let separator = if scheme.is_empty() { "" } else { "://" };
    let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    match authority.rsplit_once('@') {
        // `git@host:path` names a user that everybody has.
        Some(("git", _)) | None => format!("{scheme}{separator}{authority}{path}{query}"),
        Some((_, host)) => format!("{scheme}{separator}{REDACTED}@{host}{path}{query}"),
    }
}

/// A flag whose value may be a list of URLs, for example of etcd, without what they hold of credentials.
fn without_credentials_each(word: &str) -> Cow<'_, str> {
    match word.split_once('=') {
        Some((flag, value)) if value.contains("://") => {
            Cow::Owned(format!("{flag}={}", value.split(',').map(without_credentials).collect::<Vec<_>>().join(",")))
        }
        _ => Cow::Borrowed(word),
    }
}

fn put<E: serde::de::Error>(out: &mut Vec<u8>, value: impl serde::Serialize) -> Result<(), E> {
    serde_json::to_writer(out, &value).map_err(E::custom)
}

/// Writes `"key":`, after a comma unless it is the first of its map.
fn put_key(out: &mut Vec<u8>, key: &str) {
    if out.last() != Some(&b'{') {
        out.push(b',');
    }
    put_text(out, key);
    out.push(b':');
}

impl<'de> DeserializeSeed<'de> for Emit<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Emit<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        self.out.extend_from_slice(b"null");
        Ok(())
    }

    fn visit_none<E: serde::de::Error>(self) -> Result<(), E> {
        self.visit_unit()
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<(), E> {
        self.scalar(value)
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<(), E> {
        self.scalar(value)
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<(), E> {
        self.scalar(value)
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<(), E> {
        self.scalar(value)
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<(), E> {
        match self.node.leaf {
            Leaf::Url => put(self.out, without_credentials(value)),
            Leaf::Whole if !self.node.expects_map() => {
                put_text(self.out, value);
                Ok(())
            }
            _ => self.scalar(value),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let Self { node, out, scope } = self;
        let item = match (node.leaf, node.item()) {
            (Leaf::Flags, _) => {
                out.push(b'[');
                while seq.next_element_seed(Word { out: &mut *out, flags: scope.flags })?.is_some() {}
                out.push(b']');
                return Ok(());
            }
            (Leaf::Nothing | Leaf::Whole, Some(item)) => item,
            (leaf, _) => {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                return match leaf {
                    Leaf::Redacted => put(out, REDACTED),
                    Leaf::Presence => put(out, [(); 0]),
                    _ => put(out, UNEXPECTED),
                };
            }
        };
        out.push(b'[');
        loop {
            let end = out.len();
            if out.last() != Some(&b'[') {
                out.push(b',');
            }
            if seq.next_element_seed(Emit { node: item, out: &mut *out, scope })?.is_none() {
                out.truncate(end);
                break;
            }
        }
        out.push(b']');
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { node, out, scope } = self;
        let nested = node.expects_map();
        let marker = match node.leaf {
            Leaf::Redacted => Some(REDACTED),
            Leaf::Nothing if !nested => Some(UNEXPECTED),
            Leaf::Url | Leaf::Flags => Some(UNEXPECTED),
            _ => None,
        };
        if let Some(marker) = marker {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return put(out, marker);
        }
        out.push(b'{');
        while let Some(Key(key)) = map.next_key()? {
            let child = match node.leaf {
                Leaf::Annotations => {
                    scope.projection.filter(|projection| projection.keeps_annotation(&key)).map(|_| &WHOLE)
                }
                _ => node.field(&key),
            };
            match child {
                Some(child) if !(child.leaf == Leaf::Flags && matches!(scope.flags, FlagScope::Outside)) => {
                    put_key(out, &key);
                    map.next_value_seed(Emit { node: child, out: &mut *out, scope })?;
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        out.push(b'}');
        Ok(())
    }
}

/// One word of a command line.
struct Word<'a> {
    out: &'a mut Vec<u8>,
    flags: FlagScope<'a>,
}

impl<'de> DeserializeSeed<'de> for Word<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let Key(word) = Key::deserialize(deserializer)?;
        if self.out.last() != Some(&b'[') {
            self.out.push(b',');
        }
        match self.flags {
            FlagScope::Listed(flags) if flags.keeps(&word) => put(self.out, without_credentials_each(&word)),
            _ => put(self.out, REDACTED),
        }
    }
}
