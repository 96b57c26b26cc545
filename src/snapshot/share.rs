//! One copy of each text: labels, namespaces, owners and small bodies repeat on thousands of objects.

use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use super::Body;

/// Bodies up to this length are looked for among those already there; longer ones are seldom equal.
const SMALL: usize = 256;

/// A map of texts, for example labels.
pub type Texts = BTreeMap<Arc<str>, Arc<str>>;

/// Keeps one copy of each text.
#[derive(Debug, Default)]
pub(crate) struct Strings {
    texts: RefCell<HashSet<Arc<str>>>,
    /// Whole maps by the JSON that they were read from.
    maps: RefCell<HashMap<Box<str>, Arc<Texts>>>,
}

impl Strings {
    /// The shared copy of a text.
    pub(crate) fn get(&self, text: &str) -> Arc<str> {
        let mut set = self.texts.borrow_mut();
        if let Some(known) = set.get(text) {
            return known.clone();
        }
        let new: Arc<str> = text.into();
        set.insert(new.clone());
        new
    }

    /// The shared copy of a body, of text that came out of a JSON parser or writer.
    pub(crate) fn body(&self, text: &str) -> Body {
        Body::known(if text.len() > SMALL { text.into() } else { self.get(text) })
    }

    /// The map that this JSON stands for, which `read` is asked for once.
    pub(crate) fn map<E>(&self, json: &str, read: impl FnOnce() -> Result<Texts, E>) -> Result<Arc<Texts>, E> {
        if let Some(known) = self.maps.borrow().get(json) {
            return Ok(known.clone());
        }
        let map = Arc::new(read()?);
        self.maps.borrow_mut().insert(json.into(), map.clone());
        Ok(map)
    }
}
