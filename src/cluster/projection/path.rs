//! Paths such as `spec.containers[].ports[].hostPort`, and the tree of many of them.
//!
//! A segment names a field; `[]` after it means every element of a list; `*` means every field of a map. A path that
//! ends at a map or list keeps all below it, one that ends in `{}` only that something is there.

use serde_json::Value;

/// What is kept of a value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Leaf {
    /// Nothing of its own.
    #[default]
    Nothing,
    /// The value and all below, except where a field says otherwise.
    Whole,
    /// A marker stands for it.
    Redacted,
    /// That it is there, as an empty map or list.
    Presence,
    /// A URL without credentials and query.
    Url,
    /// A list of words of a command line, filtered by the projection's flags.
    Flags,
    /// A map of annotations, filtered by the projection's allow-list.
    Annotations,
}

/// One place in an object: what of the value there is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Node {
    /// What becomes of the value; with fields or items below, they decide.
    pub(super) leaf: Leaf,
    /// Sorted by name.
    fields: Vec<(Box<str>, Node)>,
    /// [`tag`] of each field's name.
    tags: Vec<u64>,
    any: Option<Box<Node>>,
    items: Option<Box<Node>>,
}

static WHOLE: Node = Node { leaf: Leaf::Whole, fields: Vec::new(), tags: Vec::new(), any: None, items: None };

/// Length, beginning and end of a name: telling most names apart without looking at them.
fn tag(name: &str) -> u64 {
    let bytes = name.as_bytes();
    let mut tag = (bytes.len() as u64) << 48;
    let mut at = 0;
    while at < bytes.len() && at < 3 {
        tag |= u64::from(bytes[at]) << (40 - 8 * at) | u64::from(bytes[bytes.len() - 1 - at]) << (16 - 8 * at);
        at += 1;
    }
    tag
}

enum Step<'a> {
    Field(&'a str),
    Any,
    Items,
}

fn steps(path: &str) -> Result<Vec<Step<'_>>, String> {
    let mut steps = Vec::new();
    for segment in path.split('.') {
        let name = segment.trim_end_matches("[]");
        if name.is_empty() || name.contains(['[', ']', ' ']) {
            return Err(format!("`{path}` is not a path such as `spec.containers[].image`"));
        }
        steps.push(if name == "*" { Step::Any } else { Step::Field(name) });
        steps.extend((0..(segment.len() - name.len()) / 2).map(|_| Step::Items));
    }
    Ok(steps)
}

impl Node {
    /// Adds a path to keep; `{}` at its end means presence alone.
    pub(super) fn keep(&mut self, path: &str) -> Result<(), String> {
        match path.strip_suffix("{}") {
            Some(path) => self.mark(path, Leaf::Presence),
            None => self.mark(path, Leaf::Whole),
        }
    }

    pub(super) fn mark(&mut self, path: &str, leaf: Leaf) -> Result<(), String> {
        self.at(path)?.leaf = leaf;
        Ok(())
    }

    /// Adds a mark beside those that are there; none that keeps less or something else.
    pub(super) fn add(&mut self, path: &str, leaf: Leaf) -> Result<(), ()> {
        let node = self.at(path).map_err(|_| ())?;
        match node.leaf {
            Leaf::Nothing | Leaf::Presence => node.leaf = leaf,
            Leaf::Whole => {}
            Leaf::Redacted | Leaf::Url | Leaf::Flags | Leaf::Annotations => return Err(()),
        }
        Ok(())
    }

    fn at(&mut self, path: &str) -> Result<&mut Node, String> {
        let mut node = self;
        for step in steps(path)? {
            node = match step {
                Step::Any => node.any.get_or_insert_default(),
                Step::Items => node.items.get_or_insert_default(),
                Step::Field(name) => {
                    let index = match node.fields.binary_search_by(|(field, _)| (**field).cmp(name)) {
                        Ok(index) => index,
                        Err(index) => {
                            node.fields.insert(index, (name.into(), Node::default()));
                            node.tags.insert(index, tag(name));
                            index
                        }
                    };
                    &mut node.fields[index].1
                }
            };
        }
        Ok(node)
    }

    pub(super) fn is_empty(&self) -> bool {
        *self == Node::default()
    }

    /// What is kept of a field: nothing, if `None`.
    pub(super) fn field(&self, name: &str) -> Option<&Node> {
        let sought = tag(name);
        let mut at = 0;
        while at < self.tags.len() {
            if self.tags[at] == sought && *self.fields[at].0 == *name {
                return Some(&self.fields[at].1);
            }
            at += 1;
        }
        self.any.as_deref().or_else(|| self.is_whole().then_some(&WHOLE))
    }

    /// What is kept of an element.
    pub(super) fn item(&self) -> Option<&Node> {
        self.items.as_deref().or_else(|| self.is_whole().then_some(&WHOLE))
    }

    /// Keeps everything below it.
    pub(super) fn all() -> &'static Self {
        &WHOLE
    }

    /// Nothing below it says otherwise.
    pub(super) fn is_all(&self) -> bool {
        self.is_whole() && self.fields.is_empty() && self.any.is_none() && self.items.is_none()
    }

    pub(super) fn is_whole(&self) -> bool {
        self.leaf == Leaf::Whole
    }

    /// A map is expected here.
    pub(super) fn expects_map(&self) -> bool {
        !self.fields.is_empty() || self.any.is_some()
    }

    /// The tree as [`Kept`](crate::snapshot::Kept) describes it; `flags` are what is kept of command lines.
    pub(super) fn outline(&self, flags: &[&String]) -> Value {
        let below = self.fields.iter().map(|(name, node)| (&**name, node));
        let below = below.chain(self.any.as_deref().map(|node| ("*", node)));
        let below = below.chain(self.items.as_deref().map(|node| ("[]", node)));
        let mut map: serde_json::Map<String, Value> =
            below.map(|(name, node)| (name.to_owned(), node.outline(flags))).collect();
        if map.is_empty() {
            return match self.leaf {
                Leaf::Nothing => Value::Bool(false),
                Leaf::Whole | Leaf::Url | Leaf::Annotations => Value::Bool(true),
                Leaf::Redacted => Value::from("redacted"),
                Leaf::Presence => Value::from("present"),
                Leaf::Flags => flags.iter().map(|flag| Value::from(format!("--{flag}"))).collect(),
            };
        }
        if self.is_whole() {
            map.insert(String::new(), Value::Bool(true));
        }
        Value::Object(map)
    }

    pub(super) fn keeps(&self, path: &str) -> bool {
        let Ok(steps) = steps(path) else { return false };
        let mut node = self;
        for step in steps {
            let next = match step {
                Step::Any => node.any.as_deref().or_else(|| node.is_whole().then_some(&WHOLE)),
                Step::Items => node.item(),
                Step::Field(name) => node.field(name),
            };
            let Some(next) = next else { return false };
            node = next;
        }
        match node.leaf {
            Leaf::Whole | Leaf::Url | Leaf::Flags | Leaf::Annotations => true,
            Leaf::Redacted | Leaf::Presence => false,
            Leaf::Nothing => node.expects_map() || node.items.is_some(),
        }
    }
}

/// Refuses paths that would carry secrets out of the cluster, whoever wrote them.
pub(super) fn refuse(group: &str, kind: &str, path: &str) -> Result<(), String> {
    let plain = path.replace("[]", "");
    let segments: Vec<&str> = plain.split('.').collect();
    if segments.first() == Some(&"metadata") {
        return Err(format!("`{path}`: metadata is kept by its own rules, list annotations under `annotations`"));
    }
    if group.is_empty() && (kind == "Secret" || kind == "ConfigMap") {
        return Err(format!("`{path}`: content of Secrets and ConfigMaps is never kept, only their metadata is read"));
    }
    if path.ends_with("{}") {
        return Ok(());
    }
    // For Pods and Pod templates every path is known; for other kinds, whatever is called like containers counts.
    let base: Option<&[&str]> = match (group, kind) {
        ("", "Pod") => Some(&["spec"]),
        ("", "PodTemplate") => Some(&["template", "spec"]),
        ("batch", "CronJob") => Some(&["spec", "jobTemplate", "spec", "template", "spec"]),
        ("" | "apps" | "batch", _) => Some(&["spec", "template", "spec"]),
        _ => None,
    };
    let base = match base {
        Some(base) => base,
        None => match segments.iter().position(|name| CONTAINERS.contains(name)) {
            Some(at) => &segments[..at],
            None => return Ok(()),
        },
    };
    for containers in CONTAINERS {
        for secret in [&["env", "value"][..], &["command"], &["args"]] {
            let never = base.iter().chain([&containers]).chain(secret);
            if segments.iter().zip(never).all(|(segment, never)| *segment == "*" || segment == never) {
                return Err(format!(
                    "`{path}`: values of environment variables and command lines can hold secrets, name the fields \
                     beside them"
                ));
            }
        }
    }
    Ok(())
}

const CONTAINERS: [&str; 3] = ["containers", "initContainers", "ephemeralContainers"];

/// Annotations that hold whole objects, with all that was secret in them.
pub(super) fn is_refused_annotation(name: &str) -> bool {
    name == "*"
        || "kubectl.kubernetes.io/last-applied-configuration".starts_with(name.trim_end_matches('*'))
            && (name.ends_with('*') || name == "kubectl.kubernetes.io/last-applied-configuration")
        || name.ends_with("/last-applied-configuration")
        || name.ends_with("/last-applied")
}
