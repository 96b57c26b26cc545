//! One JSON value as text.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// One JSON value as compact text, shared by the objects that have the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body(Arc<str>);

impl Body {
    /// Takes over a text.
    ///
    /// # Errors
    /// When it is not JSON.
    pub fn new(text: &str) -> serde_json::Result<Self> {
        serde_json::from_str::<&RawValue>(text).map(|value| Self(value.get().into()))
    }

    /// A text that came out of a JSON parser or writer.
    pub(super) fn known(text: Arc<str>) -> Self {
        debug_assert!(serde_json::from_str::<&RawValue>(&text).is_ok(), "{text}");
        Self(text)
    }

    /// The text.
    pub fn get(&self) -> &str {
        &self.0
    }
}

impl Default for Body {
    /// An empty object.
    fn default() -> Self {
        Self("{}".into())
    }
}

impl Serialize for Body {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serde_json::from_str::<&RawValue>(&self.0).map_err(serde::ser::Error::custom)?.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Body {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(|value| Self(value.get().into()))
    }
}
