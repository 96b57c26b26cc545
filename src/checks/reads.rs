//! What the rules of a check read of objects, and whether a snapshot shows it.
//!
//! In: what each expression touches of its names ([`crate::cel::touch`]). Out: [`Read`]s by kind, and of each whether the
//! outline of a projection ([`Kept`]) covers it. `cluster::projection` adds the reads of a workspace's own checks to what
//! is collected; `assess` asks of each snapshot whether it has them.

use std::{fmt, ops::Range};

use serde_json::Value;

pub(crate) use crate::cel::touch::{Extent, Step};
use crate::{
    cel::touch::Touch,
    checks::rules::{AskedOf, Slots, template_kinds},
    facts::pod_security::templates::KINDS,
    snapshot::{Kept, parts, qualified},
};

/// One thing that is read of the objects of one kind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Read {
    /// As in `needs`.
    pub(crate) kind: String,
    /// From the object.
    pub(crate) path: Vec<Step>,
    pub(crate) extent: Extent,
}

/// A read and where it stands in the file.
#[derive(Debug, Clone)]
pub(crate) struct Placed {
    pub(crate) read: Read,
    pub(crate) place: Range<usize>,
}

/// What an outline says of a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    Yes,
    No,
    /// A marker stands for the value.
    Redacted,
    /// A list stands where the read expects a field: how many steps lead to it.
    List(usize),
}

/// Fields of metadata that a snapshot has of every object.
pub(crate) const METADATA: [&str; 7] =
    ["name", "namespace", "uid", "creationTimestamp", "labels", "annotations", "ownerReferences"];

/// Fields of owner references that a snapshot has.
pub(crate) const OWNER: [&str; 4] = ["kind", "name", "uid", "controller"];

/// Parts of a Pod's spec in which Pods of one workload differ: the node, and the name of the volume with the token.
const OWN_PARTS: [&[&str]; 5] = [
    &["spec", "nodeName"],
    &["spec", "volumes", "", "name"],
    &["spec", "containers", "", "volumeMounts", "", "name"],
    &["spec", "initContainers", "", "volumeMounts", "", "name"],
    &["spec", "ephemeralContainers", "", "volumeMounts", "", "name"],
];

/// The touch of a Pod or its template reads only what Pods of one workload have in common.
pub(super) fn is_of_spec(touch: &Touch) -> bool {
    let spec = matches!(touch.path.first(), Some(Step::Field(name)) if name == "spec");
    spec && OWN_PARTS.iter().all(|part| {
        let apart = part.iter().zip(&touch.path).any(|(name, step)| match step {
            Step::Field(field) => !name.is_empty() && field != name,
            Step::Each | Step::Any => false,
        });
        // A shorter path holds the part; it does no harm if only asked whether it is there, or how long.
        let above = touch.path.len() < part.len() && matches!(touch.extent, Extent::There | Extent::Length);
        apart || above
    })
}

/// The touch reads the spec, or what holds it.
pub(super) fn is_in_spec(touch: &Touch) -> bool {
    !matches!(touch.path.first(), Some(Step::Field(name)) if name != "spec")
}

impl Read {
    /// The reads of one touch; none when it is of something else than objects.
    pub(super) fn of(touch: &Touch, slots: &Slots, asked_of: AskedOf, needs: &[String]) -> Vec<Self> {
        let of = |kind: &str, path: Vec<Step>| Self { kind: kind.to_owned(), path, extent: touch.extent.clone() };
        if touch.slot == slots.object {
            return match asked_of {
                AskedOf::Objects => needs.first().map(|kind| of(kind, touch.path.clone())).into_iter().collect(),
                AskedOf::PodTemplates => template_kinds(needs)
                    .map(|&(group, kind, prefix)| {
                        let prefix = prefix.split('.').filter(|step| !step.is_empty());
                        let path = prefix.map(|step| Step::Field(step.to_owned())).chain(touch.path.iter().cloned());
                        of(&qualified(group, kind), path.collect())
                    })
                    .collect(),
            };
        }
        if touch.slot == slots.namespace {
            return match (&touch.extent, touch.path.is_empty()) {
                // Whether an object has a namespace at all.
                (Extent::There, true) => Vec::new(),
                _ => vec![of("Namespace", touch.path.clone())],
            };
        }
        let list = slots.objects.iter().find(|(slot, _)| *slot == touch.slot).and_then(|(_, need)| needs.get(*need));
        match (list, touch.path.split_first()) {
            (Some(kind), Some((_, path))) => vec![of(kind, path.to_vec())],
            (Some(kind), None) if touch.extent == Extent::All => vec![of(kind, Vec::new())],
            _ => Vec::new(),
        }
    }

    /// The key of the annotation that it reads, of the object or of its Pod template. `Some(None)`: of more than one.
    pub(crate) fn annotation(&self) -> Option<Option<&str>> {
        let name = |index: usize| match self.path.get(index) {
            Some(Step::Field(name)) => Some(name.as_str()),
            _ => None,
        };
        let (group, kind) = parts(&self.kind);
        let template = KINDS.iter().find(|known| (known.0, known.1) == (group, kind)).map(|known| known.2);
        let lengths = template.map(|path| path.split('.').filter(|step| !step.is_empty()).count());
        let at = [Some(0), lengths].into_iter().flatten().find(|&at| {
            let prefix = match at {
                0 => true,
                _ => template.is_some_and(|path| path.split('.').enumerate().all(|(i, step)| name(i) == Some(step))),
            };
            prefix && name(at) == Some("metadata") && name(at + 1) == Some("annotations")
        })?;
        Some(match (self.path.get(at + 2), &self.extent) {
            (Some(Step::Field(key)), _) => Some(key),
            (None, Extent::Member(Some(key))) => Some(key),
            // Whether there are annotations says nothing; it is asked before one of them is.
            (None, Extent::There) => return None,
            _ => None,
        })
    }

    /// Whether it reads what a snapshot has of every object, whatever the projection; `None` when that decides.
    pub(crate) fn common(&self) -> Option<Shown> {
        let name = |index: usize| match self.path.get(index) {
            Some(Step::Field(name)) => Some(name.as_str()),
            _ => None,
        };
        match (name(0), name(1)) {
            (Some("apiVersion" | "kind"), _) => Some(Shown::Yes),
            (Some("metadata"), Some("ownerReferences")) => Some(match (self.path.len(), name(3)) {
                (2, _) if self.extent != Extent::All => Shown::Yes,
                (4, Some(field)) if OWNER.contains(&field) => Shown::Yes,
                _ => Shown::No,
            }),
            (Some("metadata"), Some(field)) if METADATA.contains(&field) => Some(Shown::Yes),
            (Some("metadata"), None) if self.path.len() == 1 && self.extent == Extent::There => Some(Shown::Yes),
            (Some("metadata"), _) => Some(Shown::No),
            (Some(_), _) => None,
            (None, _) => Some(Shown::No),
        }
    }

    /// Whether an outline covers it. Annotations are for [`Read::annotation`].
    pub(crate) fn shown(&self, kept: &Kept) -> Shown {
        if let Some(shown) = self.common() {
            return shown;
        }
        let Some(mut node) = kept.outline() else { return Shown::No };
        for (number, step) in self.path.iter().enumerate() {
            let map = match node {
                Value::Object(map) => map,
                Value::Bool(true) => return Shown::Yes,
                // Of command lines only some words are kept, and of few objects.
                Value::String(mark) if mark == "redacted" => return Shown::Redacted,
                _ => return Shown::No,
            };
            let items = map.get("[]");
            let any = || map.get("*").or_else(|| map.get(""));
            let next = match step {
                Step::Field(name) => match map.get(name.as_str()).or_else(any) {
                    None if items.is_some() => return Shown::List(number),
                    next => next,
                },
                // The keys of a map: they are there if any key is kept.
                Step::Each if items.is_none() => return if any().is_some() { Shown::Yes } else { Shown::No },
                Step::Each | Step::Any => items.or_else(any),
            };
            match next {
                Some(next) => node = next,
                None => return Shown::No,
            }
        }
        self.extent.shown(node)
    }

    /// As a person writes it: `spec.containers[].image`.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for step in &self.path {
            match step {
                Step::Field(name) if name.contains('.') || name.contains('/') => text.push_str(&format!("['{name}']")),
                Step::Field(name) => {
                    if !text.is_empty() {
                        text.push('.');
                    }
                    text.push_str(name);
                }
                Step::Each | Step::Any => text.push_str("[]"),
            }
        }
        if let Extent::Member(Some(key)) = &self.extent {
            text.push_str(&format!("['{key}']"));
        }
        text
    }
}

impl fmt::Display for Read {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.text().as_str() {
            "" => write!(f, "the whole of a {}", self.kind),
            text => write!(f, "`{text}` of {}", self.kind),
        }
    }
}

impl Extent {
    fn shown(&self, node: &Value) -> Shown {
        match (node, self) {
            (Value::Bool(true), _) => Shown::Yes,
            (Value::String(_) | Value::Object(_), Self::There) => Shown::Yes,
            (Value::String(mark), _) if mark == "redacted" => Shown::Redacted,
            (Value::Object(map), Self::Length) => yes(map.contains_key("[]") || open(map)),
            (Value::Object(map), Self::Member(key)) => match (map.get("[]"), key) {
                (Some(items), _) => Self::All.shown(items),
                (None, Some(key)) => yes(map.contains_key(key) || open(map)),
                (None, None) => yes(open(map)),
            },
            (Value::Object(map), Self::All) => match map.values().map(|below| Self::All.shown(below)).max_by_key(bad) {
                Some(Shown::Yes) => yes(map.contains_key("[]") || open(map)),
                Some(other) => other,
                None => Shown::No,
            },
            _ => Shown::No,
        }
    }
}

/// Of such a map every key is kept.
fn open(map: &serde_json::Map<String, Value>) -> bool {
    map.contains_key("*") || map.contains_key("")
}

fn yes(shown: bool) -> Shown {
    if shown { Shown::Yes } else { Shown::No }
}

fn bad(shown: &Shown) -> u8 {
    match shown {
        Shown::Yes => 0,
        Shown::No | Shown::List(_) => 1,
        Shown::Redacted => 2,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(path: &str, extent: Extent) -> Read {
        let mut steps = Vec::new();
        for segment in path.split('.').filter(|segment| !segment.is_empty()) {
            let name = segment.trim_end_matches("[]").trim_end_matches("[?]");
            steps.push(Step::Field(name.to_owned()));
            match &segment[name.len()..] {
                "[]" => steps.push(Step::Each),
                "[?]" => steps.push(Step::Any),
                _ => {}
            }
        }
        Read { kind: "apps/Deployment".to_owned(), path: steps, extent }
    }

    #[test]
    fn outlines_cover_what_they_say() {
        let kept = Kept::new(json!({ "spec": {
            "replicas": true,
            "containers": { "[]": { "image": true, "env": { "[]": { "name": true, "value": "redacted" } }, "exec": "present",
                "command": ["--profiling"] } },
            "selector": true,
            "open": { "*": "present", "known": true },
            "store": { "": true, "token": "redacted" },
            "words": { "[]": true },
        } }));
        let (there, length, all) = (Extent::There, Extent::Length, Extent::All);
        let member = |key: &str| Extent::Member(Some(key.to_owned()));
        for (path, extent, shown) in [
            ("spec.replicas", &all, Shown::Yes),
            ("spec.missing", &there, Shown::No),
            ("spec", &there, Shown::Yes),
            ("spec", &all, Shown::Redacted),
            ("spec.containers", &length, Shown::Yes),
            ("spec.containers", &all, Shown::Redacted),
            ("spec.containers[].image", &all, Shown::Yes),
            ("spec.containers[?].image", &all, Shown::Yes),
            ("spec.containers.image", &all, Shown::List(2)),
            ("spec.containers[].env[].value", &there, Shown::Yes),
            ("spec.containers[].env[].value", &all, Shown::Redacted),
            ("spec.containers[].exec", &there, Shown::Yes),
            ("spec.containers[].exec.command", &all, Shown::No),
            ("spec.containers[].command", &there, Shown::No),
            ("spec.containers[].command[]", &all, Shown::No),
            ("spec.selector.matchLabels.app", &all, Shown::Yes),
            ("spec.open", &length, Shown::Yes),
            ("spec.open[?].x", &all, Shown::No),
            ("spec.open.known", &all, Shown::Yes),
            ("spec.store.server", &all, Shown::Yes),
            ("spec.store", &all, Shown::Redacted),
            ("spec.words", &member("x"), Shown::Yes),
            ("spec.open", &member("x"), Shown::Yes),
            ("spec.containers[]", &member("image"), Shown::Yes),
            ("spec.containers[]", &member("ports"), Shown::No),
            ("metadata.labels.app", &all, Shown::Yes),
            ("metadata.ownerReferences[].kind", &all, Shown::Yes),
            ("metadata.ownerReferences[].apiVersion", &all, Shown::No),
            ("metadata.finalizers", &there, Shown::No),
            ("kind", &all, Shown::Yes),
            ("", &all, Shown::No),
        ] {
            assert_eq!(read(path, extent.clone()).shown(&kept), shown, "{path} {extent:?}");
        }
        assert_eq!(read("spec.replicas", all).shown(&Kept::default()), Shown::No);
    }

    #[test]
    fn annotations_are_told_by_their_key() {
        let of = |path: &[&str], extent| Read {
            kind: "apps/Deployment".to_owned(),
            path: path.iter().map(|step| Step::Field((*step).to_owned())).collect(),
            extent,
        };
        let key = "example.com/owner";
        for path in [&["metadata", "annotations"][..], &["spec", "template", "metadata", "annotations"]] {
            let one = [path, &[key]].concat();
            assert_eq!(of(&one, Extent::All).annotation(), Some(Some(key)));
            assert_eq!(of(path, Extent::Member(Some(key.to_owned()))).annotation(), Some(Some(key)));
            assert_eq!(of(path, Extent::Length).annotation(), Some(None));
            assert_eq!(of(path, Extent::There).annotation(), None);
        }
        assert_eq!(of(&["spec", "metadata", "annotations", key], Extent::All).annotation(), None);
    }
}
