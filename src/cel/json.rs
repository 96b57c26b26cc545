//! JSON as expressions read it: borrowed from the snapshot's text, never copied into CEL values as a whole.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};

use crate::snapshot::{Object, REDACTED, UNEXPECTED};

/// A JSON value that borrows its texts.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Json<'a> {
    Null,
    Bool(bool),
    Int(i64),
    UInt(u64),
    Double(f64),
    Text(Cow<'a, str>),
    List(Vec<Json<'a>>),
    /// In the order of the text. Members that are null are left out: to Kubernetes they are not set.
    Map(Vec<(Cow<'a, str>, Json<'a>)>),
    /// Something is there that cannot be asked about; why.
    Withheld(&'static str),
}

/// How much of an object is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Whole,
    /// For those who do not ask for `spec`, which is most of an object.
    WithoutSpec,
}

impl<'a> Json<'a> {
    /// An object of a snapshot as the API would show it: metadata, and what its projection kept.
    ///
    /// # Errors
    /// When the body is not a map.
    pub(crate) fn of_object(
        object: &'a Object,
        api_version: Cow<'a, str>,
        kind: &'a str,
        part: Part,
    ) -> Result<Self, String> {
        let mut text = serde_json::Deserializer::from_str(object.body.get());
        let body = text.deserialize_map(Body(part, std::marker::PhantomData)).map_err(|error| error.to_string())?;
        let text = |text: &'a str| Json::Text(Cow::Borrowed(text));
        let mut metadata = vec![("name", text(&object.name))];
        if !object.namespace.is_empty() {
            metadata.push(("namespace", text(&object.namespace)));
        }
        if !object.uid.is_empty() {
            metadata.push(("uid", text(&object.uid)));
        }
        if let Some(created) = object.created {
            let created = created.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
            metadata.push(("creationTimestamp", Json::Text(Cow::Owned(created))));
        }
        let texts = |map: &'a crate::snapshot::Texts| {
            Json::Map(map.iter().map(|(key, value)| (Cow::Borrowed(&**key), marked(Cow::Borrowed(&**value)))).collect())
        };
        if !object.labels.is_empty() {
            metadata.push(("labels", texts(&object.labels)));
        }
        if !object.annotations.is_empty() {
            metadata.push(("annotations", texts(&object.annotations)));
        }
        if !object.owners.is_empty() {
            let owner = |owner: &'a crate::snapshot::OwnerRef| {
                let mut fields = vec![
                    (Cow::Borrowed("kind"), text(&owner.kind)),
                    (Cow::Borrowed("name"), text(&owner.name)),
                    (Cow::Borrowed("uid"), text(&owner.uid)),
                ];
                if owner.controller {
                    fields.push((Cow::Borrowed("controller"), Json::Bool(true)));
                }
                Json::Map(fields)
            };
            metadata.push(("ownerReferences", Json::List(object.owners.iter().map(owner).collect())));
        }
        let metadata = metadata.into_iter().map(|(key, value)| (Cow::Borrowed(key), value)).collect();
        let mut whole = vec![
            (Cow::Borrowed("apiVersion"), Json::Text(api_version)),
            (Cow::Borrowed("kind"), text(kind)),
            (Cow::Borrowed("metadata"), Json::Map(metadata)),
        ];
        whole.extend(body.into_iter().filter(|(key, _)| !matches!(&**key, "apiVersion" | "kind" | "metadata")));
        Ok(Json::Map(whole))
    }

    /// The member of this name, of a map.
    pub(crate) fn get(&self, name: &str) -> Option<&Json<'a>> {
        match self {
            Json::Map(members) => members.iter().find(|(key, _)| key == name).map(|(_, value)| value),
            _ => None,
        }
    }
}

/// The members of an object's body.
struct Body<'a>(Part, std::marker::PhantomData<&'a ()>);

impl<'de: 'a, 'a> Visitor<'de> for Body<'a> {
    type Value = Vec<(Cow<'a, str>, Json<'a>)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(Key(key)) = map.next_key::<Key<'a>>()? {
            if key == "spec" && self.0 == Part::WithoutSpec {
                map.next_value::<serde::de::IgnoredAny>()?;
                continue;
            }
            match map.next_value()? {
                Json::Null => {}
                value => members.push((key, value)),
            }
        }
        Ok(members)
    }
}

/// Texts that the collector writes in place of a value.
fn marked(text: Cow<'_, str>) -> Json<'_> {
    match &*text {
        REDACTED => Json::Withheld("was redacted when it was collected"),
        UNEXPECTED => Json::Withheld("does not have the shape that its API promises"),
        _ => Json::Text(text),
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Json<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader(std::marker::PhantomData))
    }
}

struct Reader<'a>(std::marker::PhantomData<&'a ()>);

impl<'de: 'a, 'a> Visitor<'de> for Reader<'a> {
    type Value = Json<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json<'a>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json<'a>, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json<'a>, E> {
        Ok(Json::Int(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json<'a>, E> {
        Ok(i64::try_from(value).map_or(Json::UInt(value), Json::Int))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json<'a>, E> {
        Ok(Json::Double(value))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Json<'a>, E> {
        Ok(marked(Cow::Borrowed(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json<'a>, E> {
        Ok(marked(Cow::Owned(value.to_owned())))
    }

    fn visit_string<E>(self, value: String) -> Result<Json<'a>, E> {
        Ok(marked(Cow::Owned(value)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Json<'a>, A::Error> {
        let mut list = Vec::new();
        while let Some(value) = seq.next_element()? {
            list.push(value);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json<'a>, A::Error> {
        let mut members = Vec::new();
        while let Some((Key(key), value)) = map.next_entry::<Key<'a>, Json<'a>>()? {
            if value != Json::Null {
                members.push((key, value));
            }
        }
        Ok(Json::Map(members))
    }
}

/// A name of a member, borrowed where the text has no escapes in it.
struct Key<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Key<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name<'a>(std::marker::PhantomData<&'a ()>);
        impl<'de: 'a, 'a> Visitor<'de> for Name<'a> {
            type Value = Key<'a>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Key<'a>, E> {
                Ok(Key(Cow::Borrowed(value)))
            }

            fn visit_str<E>(self, value: &str) -> Result<Key<'a>, E> {
                Ok(Key(Cow::Owned(value.to_owned())))
            }

            fn visit_string<E>(self, value: String) -> Result<Key<'a>, E> {
                Ok(Key(Cow::Owned(value)))
            }
        }
        deserializer.deserialize_str(Name(std::marker::PhantomData))
    }
}
