//! Evidence from files: saved answers of `kubectl get … -o json|yaml`, or folders of manifests.
//!
//! In: paths. Out: [`Supplied`], a snapshot of source `supplied`. Steps: find the files, split them into documents,
//! read each object through its kind's projection, decide what each kind's list proves.
//!
//! What a file proves: an object in it was there. That nothing else was there follows only from a list of the whole
//! cluster, so a kind is complete when exactly one list gave it and nothing contradicts that it is the whole: no further
//! page, not all objects of a namespaced kind in one namespace (`kubectl get` without `-A` looks just like that), no
//! manifest of the same kind beside it, no object in a namespace that a supplied list of namespaces lacks. A manifest
//! never proves absence.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Read,
    path::{Path, PathBuf},
    sync::Arc,
};

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    manifests::{self, Lines},
    page,
    projection::Projections,
    settings,
};
use crate::{
    snapshot::{
        Body, ClusterIdentity, Completeness, FORMAT, Header, List, ListRecord, Object, Snapshot, Source as Origin,
        Strings,
    },
    sort::Sort,
};

/// Larger files are refused: they would have to be held in memory.
const MAX_FILE: u64 = 512 << 20;
/// YAML takes several times its size while it is parsed.
const MAX_YAML: u64 = 64 << 20;

/// What the files gave.
#[derive(Debug)]
pub struct Supplied {
    /// The evidence, source `supplied`.
    pub snapshot: Snapshot,
    /// What was passed over and why, one sentence each.
    pub notes: Vec<String>,
    /// Where each object stands.
    pub places: Places,
    /// How much there was.
    pub counts: Counts,
}

/// Where objects stand: by group, kind, namespace and name.
pub type Places = BTreeMap<[Arc<str>; 4], Place>;

/// Where an object stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// File, as it was named or found below a folder that was.
    pub file: PathBuf,
    /// First line of the object, from 1.
    pub line: usize,
}

/// How much the files held.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    /// Files with objects.
    pub files: usize,
    /// Files without any Kubernetes object.
    pub passed_over: usize,
    /// Objects.
    pub objects: usize,
}

/// How files are read.
#[derive(Debug, Clone, Copy)]
pub struct Reading<'a> {
    /// Which cluster they are of.
    pub cluster: &'a str,
    /// Date of the evidence; the newest file's unless given.
    pub as_of: Option<DateTime<Utc>>,
    /// What becomes of Pod templates.
    pub templates: Templates,
    /// Namespace of namespaced objects that name none.
    pub namespace: Option<&'a str>,
}

/// What becomes of Pod templates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Templates {
    /// They are templates: evidence holds what was there.
    Stay,
    /// Each is also the Pod that it makes, for answers before anything is deployed.
    ArePods,
}

/// Why files could not be used: everything that is wrong with them.
#[derive(Debug)]
pub struct Errors(pub(super) Vec<Error>);

impl std::error::Error for Errors {}

impl std::fmt::Display for Errors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let lines: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

/// Why a file could not be used: what, where, what to do.
#[derive(Debug, thiserror::Error)]
#[error("{}: {message}", path.display())]
pub(super) struct Error {
    path: PathBuf,
    message: String,
}

impl Error {
    fn new(path: &Path, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), message: message.into() }
    }
}

/// Reads files and folders (recursively, `*.json`, `*.yaml` and `*.yml`) into one snapshot.
///
/// # Errors
/// When a path does not exist, files cannot be parsed, a file named directly holds no Kubernetes object, or nothing was
/// found at all.
pub fn from_files(paths: &[PathBuf], reading: &Reading<'_>, projections: &Projections) -> Result<Supplied, Errors> {
    let mut reader = Reader {
        projections,
        reading: *reading,
        strings: Strings::default(),
        kinds: BTreeMap::new(),
        notes: Vec::new(),
        places: BTreeMap::new(),
        counts: Counts::default(),
        made: Vec::new(),
    };
    let mut newest = None;
    let mut errors = Vec::new();
    for path in paths {
        let files = find(path).unwrap_or_else(|error| {
            errors.push(error);
            Vec::new()
        });
        for file in files {
            newest = newest.max(fs::metadata(&file).and_then(|metadata| metadata.modified()).ok());
            let before = reader.counts.objects;
            match reader.file(&file, file == *path) {
                Ok(()) if reader.counts.objects > before => reader.counts.files += 1,
                Ok(()) => reader.counts.passed_over += 1,
                Err(error) => errors.push(error),
            }
        }
    }
    if errors.is_empty() && reader.kinds.is_empty() {
        let first = paths.first().map(PathBuf::as_path).unwrap_or(Path::new("."));
        errors.push(Error::new(first, "no Kubernetes object found; save some with `kubectl get -A -o json`"));
    }
    if !errors.is_empty() {
        return Err(Errors(errors));
    }
    let date = reading.as_of.unwrap_or_else(|| newest.map_or(DateTime::UNIX_EPOCH, truncated));
    Ok(reader.finish(date))
}

/// File times have nanoseconds, which copying loses.
fn truncated(time: std::time::SystemTime) -> DateTime<Utc> {
    let time = DateTime::<Utc>::from(time);
    DateTime::from_timestamp(time.timestamp(), 0).unwrap_or(time)
}

fn find(path: &Path) -> Result<Vec<PathBuf>, Error> {
    let failed = |error: std::io::Error| Error::new(path, format!("cannot be read: {error}"));
    let metadata = fs::metadata(path).map_err(failed)?;
    if !metadata.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        // Links are not followed below the path given: they can lead in circles.
        let kind = entry.file_type().map_err(failed)?;
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        if kind.is_dir() && !hidden {
            files.extend(find(&entry.path())?);
        } else if kind.is_file() && !hidden {
            let name = entry.path();
            if name.extension().and_then(|it| it.to_str()).is_some_and(|it| ["json", "yaml", "yml"].contains(&it)) {
                files.push(name);
            }
        }
    }
    files.order();
    Ok(files)
}

#[derive(Default)]
struct Kind {
    version: String,
    objects: Vec<Object>,
    paths: BTreeSet<String>,
    lists: usize,
    manifests: usize,
    odd: Vec<String>,
    more: bool,
    resource_version: Option<String>,
}

struct Reader<'a> {
    projections: &'a Projections,
    reading: Reading<'a>,
    strings: Strings,
    kinds: BTreeMap<(String, String), Kind>,
    notes: Vec<String>,
    places: Places,
    counts: Counts,
    /// Pods that templates make, and whether a list held the template.
    made: Vec<(Object, bool)>,
}

/// Where in which file a document stands.
#[derive(Clone, Copy)]
struct Source<'s> {
    path: &'s Path,
    lines: &'s Lines<'s>,
    /// The file was named, not found in a folder.
    named: bool,
}

/// What a document says of itself.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head<'a> {
    #[serde(default)]
    api_version: Option<String>,
    #[serde(default)]
    kind: Option<String>,
    #[serde(borrow, default)]
    metadata: Option<&'a RawValue>,
    #[serde(borrow, default)]
    items: Option<Vec<&'a RawValue>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListMeta {
    #[serde(default, rename = "continue")]
    next: Option<String>,
    #[serde(default)]
    resource_version: Option<String>,
}

impl Reader<'_> {
    fn file(&mut self, path: &Path, named: bool) -> Result<(), Error> {
        let failed = |error: std::io::Error| Error::new(path, format!("cannot be read: {error}"));
        let mut text = String::new();
        // A pipe or device has no size to ask for, so the limit holds while reading.
        let read = fs::File::open(path).and_then(|file| file.take(MAX_FILE + 1).read_to_string(&mut text));
        read.map_err(|error| match error.kind() {
            std::io::ErrorKind::InvalidData => Error::new(path, "is not text"),
            _ => failed(error),
        })?;
        let size = text.len() as u64;
        if size > MAX_FILE {
            return Err(Error::new(path, format!("is larger than {} MB; save it kind by kind", MAX_FILE >> 20)));
        }
        let text = text.trim_start_matches('\u{feff}');
        if text.trim().is_empty() {
            return match named {
                true => Err(Error::new(path, "is empty")),
                false => Ok(()),
            };
        }
        if text.trim_start().starts_with('{') {
            let lines = Lines::of(text);
            let mut documents = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
            for document in documents.by_ref() {
                let document = document.map_err(|error| {
                    let what = if error.is_eof() { "ends in the middle" } else { "is not valid JSON" };
                    Error::new(path, format!("{what} (line {}, column {})", error.line(), error.column()))
                })?;
                self.document(&Source { path, lines: &lines, named }, document.get())?;
            }
            return Ok(());
        }
        if size > MAX_YAML {
            return Err(Error::new(path, format!("is larger than {} MB; save it with `-o json`", MAX_YAML >> 20)));
        }
        if manifests::of_chart(path, text) {
            return Err(Error::new(path, manifests::HELM));
        }
        for part in manifests::documents(text) {
            let documents = yaml(part.text).map_err(|place| match manifests::templated(part.text) {
                true => Error::new(path, manifests::HELM),
                false => Error::new(path, format!("is not valid YAML{}", part.place(place))),
            })?;
            let lines = Lines::fixed(part.first);
            for document in documents {
                self.document(&Source { path, lines: &lines, named }, &document.to_string())?;
            }
        }
        Ok(())
    }

    fn document(&mut self, source: &Source<'_>, json: &str) -> Result<(), Error> {
        let Source { path, named, .. } = *source;
        let head = match serde_json::from_str::<Head<'_>>(json) {
            Ok(head) => head,
            Err(_) if named => return Err(Error::new(path, "holds something that is no Kubernetes object")),
            Err(_) => Head::default(),
        };
        let (Some(api_version), Some(kind)) = (head.api_version, head.kind) else {
            if named {
                return Err(Error::new(path, "holds a document without `apiVersion` and `kind`"));
            }
            self.notes.push(format!("{}: passed over, no Kubernetes object", path.display()));
            return Ok(());
        };
        if let Some(why) = manifests::passed_over(&api_version, &kind) {
            self.notes.push(format!("{}: passed over, {why}", path.display()));
            return Ok(());
        }
        if kind == "Status" {
            return Err(Error::new(path, "holds an error answer of the API server (kind Status), not evidence"));
        }
        let Some(items) = head.items.filter(|_| kind.ends_with("List")) else {
            return self.object(source, json, &api_version, &kind, None);
        };
        // `kubectl` writes a `List` whose items name their kinds, the API server a `PodList` whose items do not.
        let item_kind = kind.strip_suffix("List").filter(|kind| !kind.is_empty());
        let meta: ListMeta = match head.metadata {
            Some(metadata) => serde_json::from_str(metadata.get()).unwrap_or_default(),
            None => ListMeta::default(),
        };
        let mut seen = BTreeSet::new();
        if let Some(item_kind) = item_kind {
            seen.insert(key(&api_version, item_kind));
            self.kind(&api_version, item_kind);
        } else if items.is_empty() {
            self.notes.push(format!("{}: passed over, an empty list does not say of which kind", path.display()));
        }
        for item in items {
            let Ok(head) = serde_json::from_str::<Head<'_>>(item.get()) else {
                return Err(Error::new(path, "holds a list with something in it that is no object"));
            };
            let api_version = head.api_version.as_deref().unwrap_or(&api_version);
            let Some(kind) = head.kind.as_deref().or(item_kind) else {
                return Err(Error::new(path, "holds a list with an object that does not say its kind"));
            };
            seen.insert(key(api_version, kind));
            self.object(source, item.get(), api_version, kind, Some(()))?;
        }
        for key in seen {
            if let Some(kind) = self.kinds.get_mut(&key) {
                kind.lists += 1;
                kind.paths.insert(path.display().to_string());
                kind.more |= meta.next.as_deref().is_some_and(|next| !next.is_empty());
                kind.resource_version = meta.resource_version.clone().filter(|version| !version.is_empty());
            }
        }
        Ok(())
    }

    fn kind(&mut self, api_version: &str, kind: &str) -> &mut Kind {
        let version = api_version.rsplit_once('/').map_or(api_version, |(_, version)| version);
        self.kinds
            .entry(key(api_version, kind))
            .or_insert_with(|| Kind { version: version.to_owned(), ..Kind::default() })
    }

    fn object(
        &mut self,
        source: &Source<'_>,
        json: &str,
        api_version: &str,
        kind: &str,
        listed: Option<()>,
    ) -> Result<(), Error> {
        let path = source.path;
        let (group, _) = key(api_version, kind);
        if self.projections.left_out(&group, kind).is_some() {
            return Ok(());
        }
        let projection = self.projections.get_or_metadata(&group, kind);
        let read = page::parse_object(json, &projection, &self.strings);
        self.counts.objects += 1;
        let namespace = self.reading.namespace.filter(|_| projection.namespaced && !projection.resource.is_empty());
        let list = self.kind(api_version, kind);
        list.paths.insert(path.display().to_string());
        list.manifests += usize::from(listed.is_none());
        match read {
            Ok(mut object) => {
                if let Some(namespace) = namespace.filter(|_| object.namespace.is_empty()) {
                    object.namespace = Arc::from(namespace);
                }
                let named = |settings: &&super::projection::Settings| {
                    *settings.namespace == *object.namespace && *settings.name == *object.name
                };
                if let Some(settings) = projection.settings.iter().find(named)
                    && let Ok(body) = settings::body(json.as_bytes(), settings)
                    && let Ok(body) = Body::new(&body)
                {
                    object.body = body;
                }
                let known = [Arc::from(&*group), Arc::from(kind), object.namespace.clone(), object.name.clone()];
                if self.reading.templates == Templates::ArePods
                    && let Some(json) = manifests::pod(json, api_version, kind, &object)
                {
                    let pods = self.projections.get_or_metadata("", "Pod");
                    if let Ok(mut pod) = page::parse_object(&json, &pods, &self.strings) {
                        pod.namespace = object.namespace.clone();
                        self.made.push((pod, listed.is_some()));
                    }
                }
                self.kind(api_version, kind).objects.push(object);
                let line = source.lines.line(json);
                self.places.entry(known).or_insert_with(|| Place { file: path.to_owned(), line });
            }
            Err(why) if listed.is_some() => list.odd.push(why.to_owned()),
            Err(why) => return Err(Error::new(path, format!("holds a {kind} that cannot be read: {why}"))),
        }
        Ok(())
    }

    /// Pods that templates make join the Pods; those of workloads read from a cluster only where its Pods were not.
    fn make_pods(&mut self) {
        let listed = self.kinds.get(&key("v1", "Pod")).is_some_and(|pods| pods.lists > 0);
        for (pod, from_list) in std::mem::take(&mut self.made) {
            if !(from_list && listed) {
                let pods = self.kind("v1", "Pod");
                pods.manifests += 1;
                pods.objects.push(pod);
            }
        }
    }

    fn finish(mut self, date: DateTime<Utc>) -> Supplied {
        self.make_pods();
        let namespaces: Option<BTreeSet<Arc<str>>> = self
            .kinds
            .get(&(String::new(), "Namespace".to_owned()))
            .filter(|kind| kind.lists == 1)
            .map(|kind| kind.objects.iter().map(|object| object.name.clone()).collect());
        let uid = self
            .kinds
            .get(&(String::new(), "Namespace".to_owned()))
            .and_then(|kind| kind.objects.iter().find(|object| &*object.name == "kube-system"))
            .map(|object| object.uid.to_string())
            .filter(|uid| !uid.is_empty());
        let beyond = |kind: &Kind| {
            let namespaces = namespaces.as_ref()?;
            let object =
                kind.objects.iter().find(|it| !it.namespace.is_empty() && !namespaces.contains(&it.namespace))?;
            Some(format!("the namespace {} is not in the supplied list of namespaces", object.namespace))
        };
        let contradiction = self.kinds.values().find_map(beyond);
        let mut lists = Vec::new();
        for ((group, kind), mut found) in std::mem::take(&mut self.kinds) {
            let projection = self.projections.get_or_metadata(&group, &kind);
            let namespaced = match projection.resource.is_empty() {
                true => found.objects.iter().any(|object| !object.namespace.is_empty()),
                false => projection.namespaced,
            };
            let doubt = if group.is_empty() && kind == "Namespace" { contradiction.clone() } else { beyond(&found) };
            let completeness = completeness(&found, namespaced, doubt);
            let before = found.objects.len();
            found.objects.order_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
            found.objects.dedup_by(|b, a| (&a.namespace, &a.name) == (&b.namespace, &b.name));
            if found.objects.len() < before {
                self.notes.push(format!("{kind}: {} objects were given more than once", before - found.objects.len()));
            }
            let resource = match projection.resource.as_str() {
                "" => format!("{}s", kind.to_ascii_lowercase()),
                resource => resource.to_owned(),
            };
            let record = ListRecord {
                group,
                version: found.version,
                kind,
                resource,
                namespaced,
                path: found.paths.into_iter().collect::<Vec<_>>().join(", "),
                resource_version: found.resource_version,
                count: 0,
                completeness,
                metadata_only: projection.metadata_only,
                read_at: date,
                retries: 0,
                warnings: Vec::new(),
                digest: String::new(),
                kept: projection.kept(),
            };
            lists.push(List::new(record, found.objects));
        }
        let header = Header {
            format: FORMAT,
            generator: concat!("scopefence ", env!("CARGO_PKG_VERSION")).to_owned(),
            source: Origin::Supplied,
            cluster: ClusterIdentity {
                id: self.reading.cluster.to_owned(),
                uid,
                server: None,
                version: None,
                context: None,
            },
            collector: None,
            started: date,
            ended: date,
            previous: None,
            sample: false,
        };
        self.notes.order();
        self.notes.dedup();
        let snapshot = Snapshot::new(header, lists);
        Supplied { snapshot, notes: self.notes, places: self.places, counts: self.counts }
    }
}

fn completeness(kind: &Kind, namespaced: bool, doubt: Option<String>) -> Completeness {
    let mut namespaces = kind.objects.iter().map(|object| &object.namespace);
    let single = namespaces.next().filter(|first| namespaces.all(|other| other == *first));
    let reason = if let Some(odd) = kind.odd.first() {
        format!("{} of {} objects could not be read: {odd}", kind.odd.len(), kind.odd.len() + kind.objects.len())
    } else if kind.lists == 0 {
        "supplied as manifests, which do not show what else the cluster holds".to_owned()
    } else if kind.manifests > 0 {
        "supplied as a list and as manifests beside it".to_owned()
    } else if kind.lists > 1 {
        "supplied as several lists, which do not show what none of them holds".to_owned()
    } else if kind.more {
        "the supplied list is only the first of several pages".to_owned()
    } else if let (true, Some(namespace)) = (namespaced, single.filter(|namespace| !namespace.is_empty())) {
        format!("all supplied objects are in the namespace {namespace}; the list may be of that namespace only")
    } else if let Some(doubt) = doubt {
        doubt
    } else {
        return Completeness::Complete;
    };
    Completeness::Partial(reason)
}

/// API group and kind.
fn key(api_version: &str, kind: &str) -> (String, String) {
    (api_version.split_once('/').map_or("", |(group, _)| group).to_owned(), kind.to_owned())
}

/// The documents of a YAML text; an error is where it is none, if that is known: line and column.
pub(crate) fn yaml(text: &str) -> Result<Vec<serde_json::Value>, Option<(usize, usize)>> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            // The file's size bounds these; aliases keep their own, tight bounds.
            max_events: 64 << 20,
            max_nodes: 32 << 20,
            max_documents: 1 << 20,
        },
    };
    serde_saphyr::from_multiple_with_options(text, options).map_err(|error| {
        let place = error.location()?;
        Some((usize::try_from(place.line()).ok()?, usize::try_from(place.column()).ok()?))
    })
}
