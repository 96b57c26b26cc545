//! One copy of each text: labels, namespaces, owners and small bodies repeat on thousands of objects.

use std::{cell::RefCell, collections::HashSet, sync::Arc};

use serde_json::value::RawValue;

/// Bodies up to this length are looked for among those already there; longer ones are seldom equal.
const SMALL: usize = 256;

/// Keeps one copy of each text.
#[derive(Debug, Default)]
pub(crate) struct Strings {
    texts: RefCell<HashSet<Arc<str>>>,
    bodies: RefCell<std::collections::HashMap<Box<str>, Arc<RawValue>>>,
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

    /// The shared copy of a body.
    pub(crate) fn body(&self, body: Box<RawValue>) -> Arc<RawValue> {
        if body.get().len() > SMALL {
            return Arc::from(body);
        }
        let mut bodies = self.bodies.borrow_mut();
        if let Some(known) = bodies.get(body.get()) {
            return known.clone();
        }
        let text: Box<str> = body.get().into();
        let shared: Arc<RawValue> = Arc::from(body);
        bodies.insert(text, shared.clone());
        shared
    }
}
