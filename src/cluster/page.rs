//! One answer to a list request: bytes in, objects out, without building generic values.
//!
//! The whole page is parsed in one pass. Only when an object in it is not what the API promises is the page parsed a
//! second time, object by object, so that one odd object costs itself and not its neighbours.

use std::fmt;

use serde::{
    Deserialize,
    de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::{error::Category, value::RawValue};

use super::projection::{ObjectSeed, Projection, Strings};
use crate::snapshot::Object;

/// What one page held.
#[derive(Debug, Default)]
pub(crate) struct Page {
    /// `kind` of the answer, for example `PodList`.
    pub(crate) kind: String,
    /// Objects, in the server's order.
    pub(crate) objects: Vec<Object>,
    /// Token for the next page; empty on the last.
    pub(crate) next: String,
    /// `resourceVersion` of the list.
    pub(crate) resource_version: Option<String>,
    /// Objects that could not be read, each with its place and why, without any of its content.
    pub(crate) odd: Vec<String>,
}

/// Why an answer is no page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NotAPage {
    /// It ends in the middle.
    CutOff,
    /// It is no JSON.
    NotJson,
    /// It is JSON but no list of objects.
    NotAList,
}

impl fmt::Display for NotAPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CutOff => "the answer ends in the middle",
            Self::NotJson => "the answer is not valid JSON",
            Self::NotAList => "the answer is JSON but not a list of objects",
        })
    }
}

#[derive(Default, Deserialize)]
struct ListMeta {
    #[serde(default, rename = "resourceVersion")]
    resource_version: Option<String>,
    #[serde(default, rename = "continue")]
    next: Option<String>,
}

/// Reads one page.
///
/// # Errors
/// When the answer is no list at all.
pub(crate) fn parse(bytes: &[u8], projection: &Projection, strings: &Strings) -> Result<Page, NotAPage> {
    let seed = ObjectSeed { projection, strings };
    // Looked at once instead of text by text. The API server sends UTF-8; a text that is not stays no reason to fail.
    let text = String::from_utf8_lossy(bytes);
    let mut deserializer = serde_json::Deserializer::from_str(&text);
    let fast = PageSeed(Fast(seed)).deserialize(&mut deserializer).and_then(|page| deserializer.end().map(|()| page));
    let page = match fast {
        Ok(page) => page,
        Err(error) if error.classify() == Category::Eof => return Err(NotAPage::CutOff),
        Err(_) => {
            let mut deserializer = serde_json::Deserializer::from_str(&text);
            PageSeed(Careful(seed))
                .deserialize(&mut deserializer)
                .and_then(|page| deserializer.end().map(|()| page))
                .map_err(|error| match error.classify() {
                    Category::Eof => NotAPage::CutOff,
                    Category::Data => NotAPage::NotAList,
                    Category::Syntax | Category::Io => NotAPage::NotJson,
                })?
        }
    };
    page.ok_or(NotAPage::NotAList)
}

/// Reads one object, for example the answer to a GET.
pub(crate) fn parse_object(json: &str, projection: &Projection, strings: &Strings) -> serde_json::Result<Object> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let object = ObjectSeed { projection, strings }.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(object)
}

/// How the items of a page are read.
trait Items<'de>: Sized {
    fn read<A: SeqAccess<'de>>(self, items: A, page: &mut Page) -> Result<(), A::Error>;
}

#[derive(Clone, Copy)]
struct Fast<'a>(ObjectSeed<'a>);

impl<'de> Items<'de> for Fast<'_> {
    fn read<A: SeqAccess<'de>>(self, mut items: A, page: &mut Page) -> Result<(), A::Error> {
        while let Some(object) = items.next_element_seed(self.0)? {
            page.objects.push(object);
        }
        Ok(())
    }
}

#[derive(Clone, Copy)]
struct Careful<'a>(ObjectSeed<'a>);

impl<'de> Items<'de> for Careful<'_> {
    fn read<A: SeqAccess<'de>>(self, mut items: A, page: &mut Page) -> Result<(), A::Error> {
        let mut place = 0;
        while let Some(raw) = items.next_element::<&'de RawValue>()? {
            place += 1;
            match parse_object(raw.get(), self.0.projection, self.0.strings) {
                Ok(object) => page.objects.push(object),
                Err(error) => page.odd.push(format!("object {place} of a page: {}", why_odd(&error))),
            }
        }
        Ok(())
    }
}

/// What is wrong with an object, in words that cannot hold any of its content.
pub(crate) fn why_odd(error: &serde_json::Error) -> &'static str {
    let message = error.to_string();
    if message.starts_with("it has no metadata") {
        "it has no metadata"
    } else if message.starts_with("it has no name") {
        "it has no name"
    } else if message.starts_with("recursion limit") {
        "it is nested too deeply"
    } else {
        "a field has another type than the API promises"
    }
}

struct PageSeed<I>(I);

impl<'de, I: Items<'de>> DeserializeSeed<'de> for PageSeed<I> {
    type Value = Option<Page>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, I: Items<'de>> Visitor<'de> for PageSeed<I> {
    type Value = Option<Page>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of objects")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut page = Page::default();
        let mut items = Some(self.0);
        let mut found = false;
        while let Some(key) = map.next_key::<std::borrow::Cow<'de, str>>()? {
            match &*key {
                "kind" => page.kind = map.next_value::<Option<String>>()?.unwrap_or_default(),
                "metadata" => {
                    let meta: ListMeta = map.next_value::<Option<ListMeta>>()?.unwrap_or_default();
                    page.next = meta.next.unwrap_or_default();
                    page.resource_version = meta.resource_version.filter(|version| !version.is_empty());
                }
                "items" => match items.take() {
                    Some(items) => {
                        map.next_value_seed(ItemsSeed { items, page: &mut page })?;
                        found = true;
                    }
                    None => {
                        map.next_value::<IgnoredAny>()?;
                    }
                },
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        // Go writes an empty list as `null`, or leaves it out of a list that says so by its kind.
        Ok((found || page.kind.ends_with("List")).then_some(page))
    }
}

struct ItemsSeed<'a, I> {
    items: I,
    page: &'a mut Page,
}

impl<'de, I: Items<'de>> DeserializeSeed<'de> for ItemsSeed<'_, I> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, I: Items<'de>> Visitor<'de> for ItemsSeed<'_, I> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of objects")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<(), A::Error> {
        self.items.read(seq, self.page)
    }
}
