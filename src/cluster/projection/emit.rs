//! Follows a projection while reading: what it names goes into compact JSON, all else is passed over, and no generic
//! value is built.
//!
//! A value that is not of the shape that the projection expects (a text where a list should be) becomes the marker
//! [`UNEXPECTED`], so that whoever reads the field fails loudly instead of reading absence into it.

use std::borrow::Cow;

use scopefence_json::{Cursor, OTHER_TYPE, Shape, Trouble, put_text};

use super::{Flags, Leaf, Node, Projection};
use crate::{
    snapshot::{OwnerParts, Pairs, Parts, REDACTED, UNEXPECTED, Writing, moment},
    sort::Sort,
};

/// Reads objects of one kind, one after the other, into lines of a snapshot.
pub(crate) struct Reader<'p, 'a> {
    projection: &'p Projection,
    parts: Parts<'a>,
    body: Vec<u8>,
}

impl<'p, 'a> Reader<'p, 'a> {
    pub(crate) fn new(projection: &'p Projection) -> Self {
        Self { projection, parts: Parts::default(), body: Vec::new() }
    }

    /// Reads the object at hand.
    ///
    /// # Errors
    /// When it is none; nothing of it is written then.
    pub(crate) fn read(&mut self, cursor: &mut Cursor<'a>, out: &mut Writing) -> Result<(), Trouble> {
        self.parts.clear();
        self.body.clear();
        self.body.push(b'{');
        let mut known = false;
        let mut members = cursor.members()?;
        while let Some(key) = members.next(cursor)? {
            let key: &str = &key;
            if key == "metadata" {
                self.metadata(cursor)?;
                known = true;
                continue;
            }
            let Some(node) = self.projection.root().field(key) else {
                cursor.skip()?;
                continue;
            };
            let flags = match known {
                true => FlagScope::of(self.projection.flags(), &self.parts),
                false => FlagScope::Unknown,
            };
            put_key(&mut self.body, key);
            Emit { projection: Some(self.projection), flags }.emit(cursor, node, &mut self.body)?;
        }
        self.body.push(b'}');
        match (known, self.parts.name.is_empty()) {
            (false, _) => Err(Trouble::Shape(Shape::NoMetadata)),
            (true, true) => Err(Trouble::Shape(Shape::NoName)),
            (true, false) => {
                out.put(&self.parts, &self.body);
                Ok(())
            }
        }
    }

    fn metadata(&mut self, cursor: &mut Cursor<'a>) -> Result<(), Trouble> {
        let parts = &mut self.parts;
        parts.clear();
        let mut members = cursor.members()?;
        while let Some(key) = members.next(cursor)? {
            match &*key {
                "name" => parts.name = cursor.text()?.unwrap_or_default(),
                "namespace" => parts.namespace = cursor.text()?.unwrap_or_default(),
                "uid" => parts.uid = cursor.text()?.unwrap_or_default(),
                "creationTimestamp" => {
                    parts.created = match cursor.text()? {
                        None => None,
                        Some(text) => Some(moment::parse(&text).ok_or(OTHER_TYPE)?),
                    };
                }
                "labels" => pairs(cursor, &mut parts.labels, |_| true)?,
                "annotations" => {
                    pairs(cursor, &mut parts.annotations, |name| self.projection.keeps_annotation(name))?;
                }
                "ownerReferences" => owners(cursor, &mut parts.owners)?,
                _ => cursor.skip()?,
            }
        }
        Ok(())
    }
}

/// A map of texts, of which some are kept; values that are not kept may be anything.
fn pairs<'a>(cursor: &mut Cursor<'a>, pairs: &mut Pairs<'a>, keep: impl Fn(&str) -> bool) -> Result<(), Trouble> {
    pairs.clear();
    if cursor.null()? {
        return Ok(());
    }
    let mut members = cursor.members()?;
    while let Some(key) = members.next(cursor)? {
        if keep(&key) {
            let value = cursor.text()?.unwrap_or_default();
            pairs.push((key, value));
        } else {
            cursor.skip()?;
        }
    }
    // Go writes maps in order. Of a name that comes twice the last counts.
    if !pairs.is_sorted_by(|a, b| a.0 < b.0) {
        pairs.reverse();
        pairs.order_by(|a, b| a.0.cmp(&b.0));
        pairs.dedup_by(|b, a| a.0 == b.0);
    }
    Ok(())
}

fn owners<'a>(cursor: &mut Cursor<'a>, owners: &mut Vec<OwnerParts<'a>>) -> Result<(), Trouble> {
    owners.clear();
    if cursor.null()? {
        return Ok(());
    }
    let mut elements = cursor.elements()?;
    while elements.next(cursor)? {
        let mut owner = OwnerParts::default();
        let (mut kind, mut name) = (None, None);
        let mut members = cursor.members()?;
        while let Some(key) = members.next(cursor)? {
            match &*key {
                "apiVersion" => owner.group = group(cursor.text()?.ok_or(OTHER_TYPE)?),
                "kind" => kind = cursor.text()?,
                "name" => name = cursor.text()?,
                "uid" => owner.uid = cursor.text()?.ok_or(OTHER_TYPE)?,
                "controller" => owner.controller = cursor.truth()?.unwrap_or(false),
                _ => cursor.skip()?,
            }
        }
        let (Some(kind), Some(name)) = (kind, name) else { return Err(OTHER_TYPE) };
        owners.push(OwnerParts { kind, name, ..owner });
    }
    Ok(())
}

/// `apps` of `apps/v1`, nothing of `v1`.
fn group(version: Cow<'_, str>) -> Cow<'_, str> {
    match version {
        Cow::Borrowed(version) => Cow::Borrowed(version.rsplit_once('/').map_or("", |(group, _)| group)),
        Cow::Owned(version) => Cow::Owned(version.rsplit_once('/').map_or("", |(group, _)| group).to_owned()),
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
    fn of(flags: Option<&'a Flags>, parts: &Parts<'_>) -> Self {
        match flags {
            Some(flags) if flags.applies_to(&parts.namespace, &parts.labels) => Self::Listed(flags),
            _ => Self::Outside,
        }
    }
}

/// Writes what nodes keep of values, for values that stand in this object.
#[derive(Clone, Copy)]
struct Emit<'a> {
    projection: Option<&'a Projection>,
    flags: FlagScope<'a>,
}

/// Writes what a node keeps of a value outside of objects, for example a setting in a ConfigMap, where `flags` are kept
/// of arguments.
pub(crate) fn emit(json: &str, node: &Node, flags: Option<&Flags>, out: &mut Vec<u8>) -> Result<(), Trouble> {
    let flags = flags.map_or(FlagScope::Outside, FlagScope::Listed);
    Emit { projection: None, flags }.emit(&mut Cursor::new(json), node, out)
}

impl Emit<'_> {
    fn emit(self, cursor: &mut Cursor<'_>, node: &Node, out: &mut Vec<u8>) -> Result<(), Trouble> {
        if node.is_all() {
            return cursor.copy(out);
        }
        match cursor.peek()? {
            b'n' => cursor.copy(out),
            b'{' => self.map(cursor, node, out),
            b'[' => self.list(cursor, node, out),
            byte => {
                let whole = node.is_whole() && !node.expects_map();
                match node.leaf {
                    Leaf::Url if byte == b'"' => {
                        let url = cursor.text()?.unwrap_or_default();
                        put_text(out, &without_credentials(&url));
                        return Ok(());
                    }
                    _ if whole => return cursor.copy(out),
                    Leaf::Redacted | Leaf::Presence => put_text(out, REDACTED),
                    _ => put_text(out, UNEXPECTED),
                }
                cursor.skip()
            }
        }
    }

    fn map(self, cursor: &mut Cursor<'_>, node: &Node, out: &mut Vec<u8>) -> Result<(), Trouble> {
        let marker = match node.leaf {
            Leaf::Redacted => Some(REDACTED),
            Leaf::Nothing if !node.expects_map() => Some(UNEXPECTED),
            Leaf::Url | Leaf::Flags => Some(UNEXPECTED),
            _ => None,
        };
        if let Some(marker) = marker {
            put_text(out, marker);
            return cursor.skip();
        }
        let mut members = cursor.members()?;
        out.push(b'{');
        while let Some(key) = members.next(cursor)? {
            let key: &str = &key;
            let child = match node.leaf {
                Leaf::Annotations => self.projection.filter(|it| it.keeps_annotation(key)).map(|_| Node::all()),
                _ => node.field(key),
            };
            match child {
                Some(child) if !(child.leaf == Leaf::Flags && matches!(self.flags, FlagScope::Outside)) => {
                    put_key(out, key);
                    self.emit(cursor, child, out)?;
                }
                _ => cursor.skip()?,
            }
        }
        out.push(b'}');
        Ok(())
    }

    fn list(self, cursor: &mut Cursor<'_>, node: &Node, out: &mut Vec<u8>) -> Result<(), Trouble> {
        let item = match (node.leaf, node.item()) {
            (Leaf::Flags, _) => None,
            (Leaf::Nothing | Leaf::Whole, Some(item)) => Some(item),
            (leaf, _) => {
                match leaf {
                    Leaf::Redacted => put_text(out, REDACTED),
                    Leaf::Presence => out.extend_from_slice(b"[]"),
                    _ => put_text(out, UNEXPECTED),
                }
                return cursor.skip();
            }
        };
        let mut elements = cursor.elements()?;
        out.push(b'[');
        let empty = out.len();
        while elements.next(cursor)? {
            if out.len() > empty {
                out.push(b',');
            }
            match item {
                Some(item) => self.emit(cursor, item, out)?,
                None => self.word(cursor, out)?,
            }
        }
        out.push(b']');
        Ok(())
    }

    /// One word of a command line.
    fn word(self, cursor: &mut Cursor<'_>, out: &mut Vec<u8>) -> Result<(), Trouble> {
        let word = cursor.text()?.ok_or(OTHER_TYPE)?;
        match self.flags {
            FlagScope::Listed(flags) if flags.keeps(&word) => put_text(out, &without_credentials_each(&word)),
            _ => put_text(out, REDACTED),
        }
        Ok(())
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

/// Writes `"key":`, after a comma unless it is the first of its map.
fn put_key(out: &mut Vec<u8>, key: &str) {
    if out.last() != Some(&b'{') {
        out.push(b',');
    }
    put_text(out, key);
    out.push(b':');
}
