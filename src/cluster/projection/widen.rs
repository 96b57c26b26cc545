//! Adds what a workspace's own checks read to what is kept.
//!
//! In: a [`Read`]. Out: projections that show it, or why nothing may. As narrow as it can be told: that something is
//! there, how many there are, or all of one field.

use std::sync::Arc;

use super::{
    Leaf, Projection, Projections,
    path::{self, refuse},
};
use crate::{
    checks::{
        Definition, Question,
        reads::{Extent, METADATA, Placed, Read, Shown, Step},
    },
    snapshot::{Kept, parts},
    sort::Sort,
};

/// Computed keys that one path may go through, each of which may be an index or a name.
const MOST_COMPUTED: usize = 3;

impl Projections {
    /// Adds what a check reads. Returns what can never be kept, with why: one sentence without a full stop.
    pub(crate) fn widen<'d>(&mut self, check: &'d Definition) -> Vec<(&'d Placed, String)> {
        let Question::Rules(rules) = &check.question else { return Vec::new() };
        let mut reads: Vec<&Placed> = rules.reads.iter().collect();
        // What is read of elements says that there are some; so the longest come first.
        reads.order_by_key(|placed| std::cmp::Reverse(placed.read.path.len()));
        let mut refused: Vec<_> =
            reads.into_iter().filter_map(|placed| Some((placed, self.widen_by(&placed.read).err()?))).collect();
        refused.order_by_key(|(placed, _)| (placed.place.start, placed.place.end));
        // Of several kinds the first is enough.
        refused.dedup_by(|(a, _), (b, _)| a.place == b.place);
        refused
    }

    fn widen_by(&mut self, read: &Read) -> Result<(), String> {
        let (group, kind) = parts(&read.kind);
        if let Some(reason) = self.left_out(group, kind) {
            return Err(format!("no snapshot holds {}: {reason}", read.kind));
        }
        let projection = self.get_or_metadata(group, kind);
        match read.annotation() {
            None => {}
            Some(None) => {
                let help = "snapshots hold named ones only; name one, as in annotations['example.com/owner']";
                return Err(format!("all annotations of {} are read: {help}", read.kind));
            }
            Some(Some(key)) if projection.keeps_annotation(key) => return Ok(()),
            Some(Some(key)) if path::is_refused_annotation(key) => {
                return Err(format!("the annotation `{key}` holds whole objects and is never kept"));
            }
            Some(Some(key)) => {
                let own = self.own(group, kind);
                Arc::make_mut(&mut own.annotations).extend(&[key.to_owned()]);
                return Ok(());
            }
        }
        match read.shown(&projection.kept()) {
            Shown::Yes => return Ok(()),
            Shown::Redacted => return Err(format!("{read} is redacted in every snapshot, wholly or in part")),
            Shown::List(steps) => {
                let list = Read { path: read.path[..steps].to_vec(), extent: Extent::All, ..read.clone() };
                return Err(format!("{list} is a list: ask its elements, as in `.all(x, …)`"));
            }
            Shown::No => {}
        }
        if read.common() == Some(Shown::No) {
            return Err(match read.path.first() {
                Some(Step::Field(_)) => {
                    format!("{read} is in no snapshot; of metadata they hold {}", METADATA.join(", "))
                }
                _ => format!("{read} is read; snapshots hold named fields only, so name those that are asked about"),
            });
        }
        if group.is_empty() && matches!(kind, "Secret" | "ConfigMap") {
            return Err(format!("{read} is in no snapshot: of {kind}s only names, labels and annotations are read"));
        }
        let marks = marks(read)?;
        for (path, leaf) in &marks {
            let written = if *leaf == Leaf::Presence { format!("{path}{{}}") } else { path.clone() };
            refuse(group, kind, &written)?;
        }
        let own = self.own(group, kind);
        for (path, leaf) in marks {
            own.root.add(&path, leaf).map_err(|()| format!("{read} is kept of some objects only, and only in part"))?;
        }
        own.metadata_only = false;
        Ok(())
    }

    /// The projection of a kind, to change.
    fn own(&mut self, group: &str, kind: &str) -> &mut Projection {
        let known = self.get(group, kind).map(|projection| Projection::clone(projection));
        let projection = self.kinds.entry((group.to_owned(), kind.to_owned())).or_insert_with(|| {
            Arc::new(Projection {
                group: group.to_owned(),
                kind: kind.to_owned(),
                ..known.unwrap_or_else(|| Projection {
                    version: "v1".to_owned(),
                    resource: super::plural(kind),
                    namespaced: true,
                    metadata_only: true,
                    annotations: self.annotations.clone(),
                    ..Projection::default()
                })
            })
        });
        Arc::make_mut(projection)
    }
}

/// Paths to keep, so that the read is shown whether values turn out to be lists or maps.
fn marks(read: &Read) -> Result<Vec<(String, Leaf)>, String> {
    let mut paths = vec![String::new()];
    let computed = read.path.iter().filter(|step| **step == Step::Any).count();
    if computed > MOST_COMPUTED {
        return Err(format!("{read} goes through more than {MOST_COMPUTED} computed keys"));
    }
    let (last, before) = read.path.split_last().ok_or_else(|| format!("{read} is read"))?;
    let plain = |name: &str| !name.is_empty() && name != "*" && !name.contains(['.', '[', ']', ' ', '{', '}']);
    let named = |paths: Vec<String>, name: &str| -> Vec<String> {
        let joined = |path: String| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        paths.into_iter().map(joined).collect()
    };
    let items = |paths: &[String]| -> Vec<String> { paths.iter().map(|path| format!("{path}[]")).collect() };
    for step in before {
        paths = match step {
            Step::Field(name) if plain(name) => named(paths, name),
            // Of such a map all keys are kept.
            Step::Field(_) => return Ok(paths.into_iter().map(|path| (path, Leaf::Whole)).collect()),
            Step::Each => items(&paths),
            Step::Any => [items(&paths), named(paths, "*")].concat(),
        };
    }
    let leaf = if read.extent == Extent::There { Leaf::Presence } else { Leaf::Whole };
    let marked = |paths: Vec<String>, leaf: Leaf| paths.into_iter().map(move |path| (path, leaf));
    let below = |paths: &[String], key: Option<&str>, leaf: Leaf| -> Vec<(String, Leaf)> {
        marked(items(paths), leaf).chain(marked(named(paths.to_vec(), key.unwrap_or("*")), Leaf::Presence)).collect()
    };
    Ok(match last {
        Step::Field(name) if !plain(name) => marked(paths, Leaf::Whole).collect(),
        Step::Field(name) => {
            let paths = named(paths, name);
            match &read.extent {
                Extent::There | Extent::All => marked(paths, leaf).collect(),
                Extent::Length => below(&paths, None, Leaf::Presence),
                Extent::Member(Some(key)) if plain(key) => below(&paths, Some(key), Leaf::Whole),
                Extent::Member(_) => marked(paths, Leaf::Whole).collect(),
            }
        }
        Step::Each => below(&paths, None, leaf),
        Step::Any => marked([items(&paths), named(paths, "*")].concat(), leaf).collect(),
    })
}

impl Read {
    /// Whether a list shows it whose record says that this was kept.
    pub(crate) fn is_in(&self, kept: &Kept) -> bool {
        let (group, kind) = parts(&self.kind);
        match self.annotation() {
            None => self.shown(kept) == Shown::Yes,
            Some(None) => false,
            Some(Some(key)) => {
                let embedded =
                    Projections::builtin().is_ok_and(|all| all.get_or_metadata(group, kind).keeps_annotation(key));
                embedded || kept.keeps_annotation(key)
            }
        }
    }
}
