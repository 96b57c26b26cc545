//! What a snapshot keeps of each kind: allow-lists of paths, as data, compiled into trees that a parser can follow.
//!
//! In: `controls/projections/*.toml`, embedded and the workspace's own. Out: [`Projections`], one [`Projection`] a kind.
//! Steps: parse each file ([`raw`]), compile paths into a [`Node`] tree ([`path`]), then, per object read, follow the
//! tree while reading ([`emit`]). What the rules of a workspace's own checks read is added ([`widen`]).
//!
//! Invariant: nothing is kept that no path names, and no file can name values of Secrets, ConfigMaps or environment
//! variables, nor `managedFields` and `last-applied-configuration` ([`path::refuse`]).

mod emit;
mod path;
mod raw;
mod widen;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

pub(crate) use emit::{Reader, emit};
use path::Leaf;
pub(crate) use path::Node;

use crate::{
    snapshot::{Kept, Pairs},
    sort::Sort,
};

/// Projections of all kinds.
#[derive(Debug, Clone, Default)]
pub struct Projections {
    kinds: BTreeMap<(String, String), Arc<Projection>>,
    left_out: Vec<raw::LeaveOut>,
    annotations: Arc<Patterns>,
}

/// What a snapshot keeps of one kind.
#[derive(Debug, Clone, Default)]
pub struct Projection {
    /// API group, empty for core.
    pub group: String,
    /// Version the paths were written for; the server's preferred version is read.
    pub version: String,
    /// Kind.
    pub kind: String,
    /// Plural resource name.
    pub resource: String,
    /// What to ask for as `resourceVersion`: some aggregated APIs send whole objects only for a word of their own.
    pub resource_version: Option<String>,
    /// Namespaced or cluster-scoped.
    pub namespaced: bool,
    /// Only metadata is asked for.
    pub metadata_only: bool,
    /// Asked for only when the user opts in; see `permissions --with`.
    pub risk: Option<String>,
    /// Part of Kubernetes itself, not of an add-on.
    pub built_in: bool,
    root: Node,
    annotations: Arc<Patterns>,
    flags: Option<Flags>,
    /// Named objects of which some settings are read although the kind is metadata only.
    pub(crate) settings: Vec<Settings>,
}

/// Command-line flags of control-plane Pods worth keeping.
#[derive(Debug, Clone, Default)]
pub(crate) struct Flags {
    namespaces: Vec<String>,
    labels: BTreeMap<String, String>,
    programs: BTreeSet<String>,
    names: BTreeSet<String>,
}

/// One named ConfigMap with known settings in it.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// Namespace.
    pub(crate) namespace: String,
    /// Name.
    pub(crate) name: String,
    /// Keys of `data` that hold YAML, each with the settings kept of it.
    pub(crate) keys: BTreeMap<String, Node>,
    /// Which flags are kept of arguments in it: those that are kept of the command lines of Pods.
    pub(crate) flags: Option<Flags>,
}

/// Names, or beginnings of names ending in `*`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Patterns {
    names: BTreeSet<String>,
    prefixes: Vec<String>,
}

impl Patterns {
    fn extend(&mut self, patterns: &[String]) {
        for pattern in patterns {
            match pattern.strip_suffix('*') {
                Some(prefix) => self.prefixes.push(prefix.to_owned()),
                None => {
                    self.names.insert(pattern.clone());
                }
            }
        }
    }

    fn matches(&self, name: &str) -> bool {
        self.names.contains(name) || self.prefixes.iter().any(|prefix| name.starts_with(prefix.as_str()))
    }
}

/// A projection file that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}: {message}", file.display())]
pub struct Error {
    /// Which file.
    pub file: PathBuf,
    /// What is wrong and where in it.
    pub message: String,
}

impl Projections {
    /// The embedded projections.
    ///
    /// # Errors
    /// Never for a released program: a test reads every embedded file.
    pub fn builtin() -> Result<&'static Self, Error> {
        static BUILTIN: OnceLock<Projections> = OnceLock::new();
        if let Some(projections) = BUILTIN.get() {
            return Ok(projections);
        }
        let mut files = Vec::new();
        if let Some(folder) = crate::embedded::CONTROLS.get_dir("projections") {
            for file in folder.files() {
                if file.path().extension().is_some_and(|extension| extension == "toml") {
                    files.push((file.path().to_owned(), String::from_utf8_lossy(file.contents()).into_owned()));
                }
            }
        }
        let projections = Self::compile(Self::default(), files)?;
        Ok(BUILTIN.get_or_init(|| projections))
    }

    /// The embedded projections, those below `controls/projections/` of a workspace, which add to them, and what the
    /// rules of its own checks read.
    ///
    /// # Errors
    /// When a file cannot be read, holds no projections or checks, or names what must never be kept.
    pub fn of_workspace(root: &Path) -> Result<Self, Error> {
        let mut all = Self::of_files(root)?;
        for check in crate::workspace::own_checks(root)? {
            // `check` says what can never be kept, and the outcome of the check as well.
            all.widen(&check);
        }
        Ok(all)
    }

    /// The embedded projections and those of a workspace's files.
    pub(crate) fn of_files(root: &Path) -> Result<Self, Error> {
        let builtin = Self::builtin()?.clone();
        if !root.join("scopefence.toml").is_file() {
            return Ok(builtin);
        }
        let folder = root.join("controls").join("projections");
        let mut files = Vec::new();
        if let Ok(entries) = std::fs::read_dir(&folder) {
            for path in entries.flatten().map(|entry| entry.path()) {
                if path.extension().is_some_and(|extension| extension == "toml") {
                    let text = std::fs::read_to_string(&path)
                        .map_err(|error| Error { file: path.clone(), message: format!("cannot be read: {error}") })?;
                    files.push((path, text));
                }
            }
        }
        Self::compile(builtin, files)
    }

    fn compile(mut self, mut files: Vec<(PathBuf, String)>) -> Result<Self, Error> {
        files.order();
        let mut parsed = Vec::new();
        for (file, text) in files {
            let raw = raw::parse(&text).map_err(|message| Error { file: file.clone(), message })?;
            parsed.push((file, raw));
        }
        let mut fragments: BTreeMap<String, raw::Fragment> = BTreeMap::new();
        let mut annotations = (*self.annotations).clone();
        for (_, raw) in &parsed {
            fragments.extend(raw.fragment.iter().map(|fragment| (fragment.id.clone(), fragment.clone())));
            annotations.extend(&raw.annotations);
            self.left_out.extend(raw.leave_out.iter().cloned());
        }
        self.annotations = Arc::new(annotations);
        for (file, raw) in parsed {
            for kind in raw.kind {
                let key = (kind.group.clone(), kind.kind.clone());
                let name = kind.name();
                let earlier = self.kinds.get(&key).map(|projection| Projection::clone(projection));
                let projection = self
                    .compile_kind(kind, earlier, &fragments)
                    .map_err(|message| Error { file: file.clone(), message: format!("{name}: {message}") })?;
                self.kinds.insert(key, Arc::new(projection));
            }
        }
        Ok(self)
    }

    fn compile_kind(
        &self,
        raw: raw::Kind,
        earlier: Option<Projection>,
        fragments: &BTreeMap<String, raw::Fragment>,
    ) -> Result<Projection, String> {
        let mut projection = earlier.unwrap_or_else(|| Projection {
            group: raw.group.clone(),
            version: raw.version.clone().unwrap_or_else(|| "v1".to_owned()),
            kind: raw.kind.clone(),
            resource: raw.resource.clone().unwrap_or_else(|| plural(&raw.kind)),
            resource_version: raw.resource_version.clone(),
            namespaced: raw.namespaced,
            metadata_only: true,
            built_in: raw.built_in,
            risk: raw.risk.clone(),
            annotations: self.annotations.clone(),
            ..Projection::default()
        });
        add(&mut projection, &raw.paths(), "", fragments, 0)?;
        if let Some(flags) = raw.flags {
            for path in &flags.paths {
                projection.root.mark(path, Leaf::Flags)?;
            }
            projection.flags = Some(Flags {
                namespaces: flags.namespaces,
                labels: flags.labels,
                programs: flags.programs.into_iter().collect(),
                names: flags.names.into_iter().collect(),
            });
        }
        for settings in raw.settings {
            let mut keys = BTreeMap::new();
            for (key, paths) in settings.keys {
                let mut node = Node::default();
                for path in paths {
                    node.keep(&path)?;
                }
                for path in settings.arguments.get(&key).into_iter().flatten() {
                    node.mark(path, Leaf::Flags)?;
                }
                keys.insert(key, node);
            }
            let flags = self.kinds.get(&(String::new(), "Pod".to_owned())).and_then(|pod| pod.flags.clone());
            projection.settings.push(Settings { namespace: settings.namespace, name: settings.name, keys, flags });
        }
        projection.metadata_only = projection.root.is_empty();
        Ok(projection)
    }

    /// The projection of a kind, or the one of `*` for every kind of its group; `None` means that only metadata is kept.
    pub fn get(&self, group: &str, kind: &str) -> Option<&Arc<Projection>> {
        let of = |kind: &str| self.kinds.get(&(group.to_owned(), kind.to_owned()));
        of(kind).or_else(|| of("*"))
    }

    /// The projection of a kind, or metadata with the usual annotations.
    pub fn get_or_metadata(&self, group: &str, kind: &str) -> Arc<Projection> {
        self.get(group, kind).cloned().unwrap_or_else(|| {
            Arc::new(Projection {
                group: group.to_owned(),
                kind: kind.to_owned(),
                metadata_only: true,
                annotations: self.annotations.clone(),
                ..Projection::default()
            })
        })
    }

    /// All kinds that have a projection of their own, sorted by (group, kind).
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Projection>> {
        self.kinds.values().filter(|projection| projection.kind != "*")
    }

    /// Groups of which every kind has the same projection: which kinds there are, each cluster says.
    pub fn open_groups(&self) -> impl Iterator<Item = &str> {
        self.kinds.values().filter(|projection| projection.kind == "*").map(|projection| &*projection.group)
    }

    /// Why a kind is left out of every snapshot, if it is.
    pub fn left_out(&self, group: &str, kind: &str) -> Option<&str> {
        self.left_out
            .iter()
            .find(|entry| entry.group == group && (entry.kind == "*" || entry.kind == kind))
            .map(|entry| &*entry.reason)
    }
}

/// How the API most likely calls the resource of a kind.
fn plural(kind: &str) -> String {
    let kind = kind.to_ascii_lowercase();
    match kind.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'i', 'o', 'u']) => format!("{stem}ies"),
        _ if kind.ends_with(['s', 'x']) || kind.ends_with("ch") => format!("{kind}es"),
        _ => format!("{kind}s"),
    }
}

/// Adds the paths and annotations of a fragment, placed at `at`, to a projection.
fn add(
    projection: &mut Projection,
    fragment: &raw::Fragment,
    at: &str,
    fragments: &BTreeMap<String, raw::Fragment>,
    depth: usize,
) -> Result<(), String> {
    let place = |path: &str| match (at, path) {
        ("", path) => path.to_owned(),
        (at, "") => at.to_owned(),
        (at, path) => format!("{at}.{path}"),
    };
    for path in fragment.keep.iter().map(|path| place(path)) {
        path::refuse(&projection.group, &projection.kind, &path)?;
        projection.root.keep(&path)?;
    }
    for (paths, leaf) in [
        (&fragment.redact, Leaf::Redacted),
        (&fragment.urls, Leaf::Url),
        (&fragment.annotation_maps, Leaf::Annotations),
    ] {
        for path in paths {
            projection.root.mark(&place(path), leaf)?;
        }
    }
    if let Some(name) = fragment.annotations.iter().find(|name| path::is_refused_annotation(name)) {
        return Err(format!("the annotation `{name}` holds whole objects and is never kept"));
    }
    if !fragment.annotations.is_empty() {
        Arc::make_mut(&mut projection.annotations).extend(&fragment.annotations);
    }
    if depth > 8 {
        return Err("fragments include each other in a circle".to_owned());
    }
    for include in &fragment.include {
        let inner = fragments
            .get(&include.fragment)
            .ok_or_else(|| format!("includes the fragment `{}`, which no file has", include.fragment))?;
        add(projection, inner, &place(&include.at), fragments, depth + 1)?;
    }
    Ok(())
}

impl Projection {
    /// Whether the snapshot of this kind keeps what `path` names, for example `spec.containers[].image`.
    pub fn keeps(&self, path: &str) -> bool {
        self.root.keeps(path)
    }

    /// Whether an annotation is on the allow-list.
    pub fn keeps_annotation(&self, name: &str) -> bool {
        !path::is_refused_annotation(name) && self.annotations.matches(name)
    }

    pub(crate) fn root(&self) -> &Node {
        &self.root
    }

    /// What a snapshot records of it.
    pub(crate) fn kept(&self) -> Kept {
        match self.metadata_only {
            true => Kept::default(),
            false => Kept::new(self.root.outline(&self.flags.iter().flat_map(|it| &it.names).collect::<Vec<_>>())),
        }
        .with_annotations(self.own_annotations())
    }

    /// Annotations that are kept beside those which this program keeps of itself.
    fn own_annotations(&self) -> Vec<String> {
        let Ok(builtin) = Projections::builtin() else { return Vec::new() };
        let known = builtin.get_or_metadata(&self.group, &self.kind);
        let prefixes = self.annotations.prefixes.iter().map(|prefix| format!("{prefix}*"));
        let mut own: Vec<String> = self.annotations.names.iter().cloned().chain(prefixes).collect();
        own.retain(|name| !known.annotations.matches(name.trim_end_matches('*')));
        own
    }

    /// Whether the snapshot of this kind keeps `--name=value` of the command lines that it keeps at all.
    #[cfg(test)]
    pub(crate) fn keeps_flag(&self, name: &str) -> bool {
        self.flags.as_ref().is_some_and(|flags| flags.names.contains(name))
    }

    pub(crate) fn flags(&self) -> Option<&Flags> {
        self.flags.as_ref()
    }
}

impl Flags {
    /// Whether flags of an object in this namespace with these labels are kept.
    fn applies_to(&self, namespace: &str, labels: &Pairs<'_>) -> bool {
        self.namespaces.iter().any(|name| name == namespace)
            && self.labels.iter().all(|(key, value)| labels.iter().any(|label| label.0 == *key && label.1 == *value))
    }

    /// Whether one word of a command line may be kept: a known program, or `--flag[=value]` with a known flag. The
    /// value of `--flag value` is another word, which cannot be told from an argument, so it is not kept.
    fn keeps(&self, word: &str) -> bool {
        match word.strip_prefix("--") {
            Some(flag) => self.names.contains(flag.split('=').next().unwrap_or(flag)),
            None => self.programs.contains(word.rsplit('/').next().unwrap_or(word)),
        }
    }
}

#[cfg(test)]
mod tests;
