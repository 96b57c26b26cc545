//! From a catalog to files of a workspace: texts, a baseline, and a framework where none is known yet.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use serde::Serialize;
use serde_json::{Value, json};

use super::{controls, members, resolve, text, toml};
use crate::{
    frameworks::{Framework, Frameworks, Selection, normalize, texts},
    oscal::{
        build::{NAMESPACE, control_token, token},
        validate::File,
    },
};

/// What the caller knows of a file.
#[derive(Debug, Clone)]
pub struct Given<'g> {
    /// Its name, for the record.
    pub file: &'g str,
    /// SHA-256 of its bytes, in hex.
    pub digest: &'g str,
    /// Identifier of the framework, where a person said which.
    pub framework: Option<&'g str>,
    /// Name of the baseline, where a person said which.
    pub baseline: Option<&'g str>,
}

/// What an import makes of a file.
#[derive(Debug)]
pub struct Imported {
    /// Files to write below `controls/`, with their text.
    pub files: Vec<(PathBuf, String)>,
    /// Framework that the controls belong to.
    pub framework: String,
    /// Baseline that was made.
    pub baseline: Option<String>,
    /// The framework was not known before.
    pub new: bool,
    /// Controls with a text.
    pub texts: usize,
    /// Controls selected, or listed in a new framework.
    pub controls: usize,
    /// Controls of the file that the framework does not have.
    pub unknown: Vec<String>,
}

#[derive(Serialize)]
struct FrameworkFile {
    format: u32,
    framework: Head,
    family: Vec<Family>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    parameters: BTreeMap<String, Vec<String>>,
}

#[derive(Serialize)]
struct Head {
    id: String,
    title: String,
    version: String,
    publisher: String,
    source: String,
}

#[derive(Serialize)]
struct Family {
    title: String,
    controls: Vec<Vec<String>>,
}

/// A control of the file, with what the framework calls it.
struct Row<'v> {
    id: String,
    label: String,
    family: &'v str,
    control: &'v Value,
}

/// Texts of a catalog, and the framework itself where it is not known yet.
///
/// # Errors
/// When the file is no catalog, or holds no controls.
pub fn catalog(file: &File, given: &Given<'_>, frameworks: &Frameworks) -> Result<Imported, String> {
    if file.model() != "catalog" {
        return Err(format!("it is a {}, not a catalog", file.model()));
    }
    import(file, file.root(), given, frameworks, None)
}

/// The catalog that a reference of a profile means, where its framework is known here: as far as a framework goes, with
/// controls, titles and parameters, without any text.
///
/// A framework is meant by a resource of our own export, and by the name under which NIST publishes its catalog.
pub fn known_catalog(from: &File, href: &str, frameworks: &Frameworks) -> Option<File> {
    let framework = frameworks.framework(framework_of(from.root(), href)?)?;
    Some(File::catalog(of_framework(framework)))
}

/// Identifier of the framework that a reference of a document means, where the document or NIST's name for it says so.
pub(super) fn framework_of<'v>(root: &'v Value, href: &str) -> Option<&'v str> {
    let resource = href.strip_prefix('#').and_then(|uuid| {
        let mut all = members(&root["back-matter"], "resources");
        all.find(|resource| resource["uuid"] == uuid)
    });
    let said = resource.and_then(|resource| {
        let mut props = members(resource, "props").filter(|prop| prop["ns"] == NAMESPACE);
        props.find(|prop| prop["name"] == "framework")?["value"].as_str()
    });
    let links = resource.into_iter().flat_map(|resource| members(resource, "rlinks"));
    let mut places = links.filter_map(|link| link["href"].as_str()).chain([href]);
    let published = || places.any(|place| place.contains("NIST_SP-800-53_rev5_catalog")).then_some("nist-800-53r5");
    said.or_else(published)
}

fn of_framework(framework: &Framework) -> Value {
    let mut groups: Vec<(&str, Vec<Value>)> = Vec::new();
    for control in &framework.controls {
        let params: Vec<Value> = control.parameters.iter().flatten().map(|id| json!({ "id": token(id) })).collect();
        let mut props = vec![json!({ "name": "label", "value": control.label })];
        props.extend(control.withdrawn.then(|| json!({ "name": "status", "value": "withdrawn" })));
        let made = json!({
            "id": control_token(&control.id),
            "title": control.title,
            "props": props,
            "params": params,
        });
        match groups.last_mut().filter(|(family, _)| *family == control.family) {
            Some((_, controls)) => controls.push(made),
            None => groups.push((&control.family, vec![made])),
        }
    }
    let groups: Vec<Value> = groups
        .into_iter()
        .map(|(family, controls)| json!({ "id": slug(family), "title": family, "controls": controls }))
        .collect();
    json!({ "metadata": { "title": framework.title, "version": framework.version }, "groups": groups })
}

/// A baseline from a profile, with the texts as the profile tailored them.
///
/// # Errors
/// When the file is no profile, imports what cannot be read, or selects what its catalogs do not have.
pub fn profile(
    file: &File,
    given: &Given<'_>,
    frameworks: &Frameworks,
    open: &dyn Fn(&File, &str) -> Result<File, String>,
) -> Result<Imported, String> {
    if file.model() != "profile" {
        return Err(format!("it is a {}, not a profile", file.model()));
    }
    let resolved = resolve::resolve(file, open)?;
    let title = file.root()["metadata"]["title"].as_str().unwrap_or("profile");
    let name = given.baseline.map_or_else(|| slug(title), str::to_owned);
    import(file, &resolved, given, frameworks, Some(name))
}

fn import(
    file: &File,
    catalog: &Value,
    given: &Given<'_>,
    frameworks: &Frameworks,
    baseline: Option<String>,
) -> Result<Imported, String> {
    let mut all = Vec::new();
    controls(catalog, "Controls", &mut all);
    if all.is_empty() {
        return Err(format!("$.{}: it holds no controls", file.model()));
    }
    let metadata = &file.root()["metadata"];
    let title = metadata["title"].as_str().unwrap_or("Catalog");
    let known = match given.framework {
        Some(id) => frameworks.framework(id),
        None => nearest(&all, frameworks),
    };
    let id = known.map_or_else(|| given.framework.map_or_else(|| slug(title), str::to_owned), |it| it.id.clone());
    let mut unknown = Vec::new();
    let mut rows = Vec::new();
    for (family, control) in all {
        match row(family, control, known) {
            Some(row) => rows.push(row),
            None => unknown.push(control["id"].as_str().unwrap_or("?").to_owned()),
        }
    }
    let version = metadata["version"].as_str().unwrap_or("unknown version");
    let source = format!("{title}, {version} ({})", given.file);
    let mut files = Vec::new();
    if known.is_none() {
        let head = Head {
            id: id.clone(),
            title: title.to_owned(),
            version: version.to_owned(),
            publisher: publisher(file.root()),
            source: source.clone(),
        };
        files.push((format!("frameworks/{id}.toml").into(), toml(&framework(head, &rows))?));
    }
    if let Some(name) = &baseline {
        // A profile that keeps every copy of a control selects it once all the same.
        let mut seen = BTreeSet::new();
        let selected = rows.iter().filter(|row| !withdrawn(row.control) && seen.insert(&row.id));
        let selected = selected.map(|row| row.id.clone()).collect();
        let (framework, name, source) = (id.clone(), name.clone(), source.clone());
        let path = format!("baselines/{name}.toml").into();
        files.push((path, toml(&Selection { format: 1, framework, name, source, controls: selected })?));
    }
    let mut names = BTreeMap::new();
    rows.iter().for_each(|row| text::parameters(row.control, &mut names));
    let written = rows.iter().map(|row| (row.id.clone(), text::of(row.control))).filter(|(_, text)| !text.is_empty());
    let texts = texts::File {
        format: 1,
        framework: id.clone(),
        baseline: baseline.clone(),
        source,
        sha_256: given.digest.to_owned(),
        parameters: text::spelled(&names),
        controls: written.collect(),
    };
    let count = texts.controls.len();
    if count > 0 {
        let name = baseline.as_ref().map_or_else(|| id.clone(), |name| format!("{id}-{name}"));
        files.push((format!("{}/{name}.toml", texts::FOLDER).into(), toml(&texts)?));
    }
    let controls = rows.len();
    Ok(Imported { files, framework: id, baseline, new: known.is_none(), texts: count, controls, unknown })
}

/// The framework that knows most of the controls, if it knows nearly all.
fn nearest<'f>(all: &[(&str, &Value)], frameworks: &'f Frameworks) -> Option<&'f Framework> {
    let all: Vec<_> = all.iter().filter(|(_, control)| !withdrawn(control)).collect();
    let shares = frameworks.iter().map(|framework| {
        let shared = all.iter().filter(|(family, control)| row(family, control, Some(framework)).is_some()).count();
        (shared, framework)
    });
    let (shared, framework) = shares.max_by_key(|(shared, _)| *shared)?;
    (shared * 10 >= all.len() * 8).then_some(framework)
}

/// A control as the framework names it: by its label, what stands in brackets behind its label, or its identifier.
/// `None` when the framework has none of these.
fn row<'v>(family: &'v str, control: &'v Value, framework: Option<&Framework>) -> Option<Row<'v>> {
    let id = control["id"].as_str()?;
    let labels: Vec<_> = members(control, "props").filter(|prop| prop["name"] == "label").collect();
    let label = labels.iter().find(|prop| prop.get("class").is_none()).or(labels.first());
    let label = label.and_then(|prop| prop["value"].as_str()).unwrap_or(id);
    let bracketed = label.rsplit_once(" (").and_then(|(_, inner)| inner.strip_suffix(')'));
    let mut names = bracketed.into_iter().chain([label, id]);
    match framework {
        Some(framework) => {
            let id = names.map(normalize).find(|name| framework.control(name).is_some())?;
            let label = framework.control(&id).map_or_else(|| label.to_owned(), |known| known.label.clone());
            Some(Row { id, label, family, control })
        }
        None => {
            let label = names.find(|name| !name.contains(' ')).unwrap_or(id);
            Some(Row { id: normalize(label), label: label.to_owned(), family, control })
        }
    }
}

fn framework(head: Head, rows: &[Row<'_>]) -> FrameworkFile {
    let mut family: Vec<Family> = Vec::new();
    let mut listed = BTreeSet::new();
    let mut parameters = BTreeMap::new();
    for row in rows.iter().filter(|row| listed.insert(&row.id)) {
        if family.last().is_none_or(|last| last.title != row.family) {
            family.push(Family { title: row.family.to_owned(), controls: Vec::new() });
        }
        let title = row.control["title"].as_str().unwrap_or(&row.label);
        let mut line = vec![row.label.clone(), title.split_whitespace().collect::<Vec<_>>().join(" ")];
        if withdrawn(row.control) {
            line.push("withdrawn".to_owned());
        }
        family.last_mut().into_iter().for_each(|last| last.controls.push(line.clone()));
        let names: Vec<String> =
            members(row.control, "params").filter_map(|param| param["id"].as_str()).map(str::to_owned).collect();
        if !names.is_empty() {
            parameters.insert(row.id.clone(), names);
        }
    }
    FrameworkFile { format: 1, framework: head, family, parameters }
}

fn withdrawn(control: &Value) -> bool {
    members(control, "props").any(|prop| prop["name"] == "status" && prop["value"] == "withdrawn")
}

/// The party that published it, where the metadata say.
fn publisher(root: &Value) -> String {
    let metadata = &root["metadata"];
    let responsible =
        members(metadata, "responsible-parties").find(|it| it["role-id"] == "publisher" || it["role-id"] == "creator");
    let uuid = responsible.and_then(|it| it["party-uuids"][0].as_str());
    let parties = || members(metadata, "parties");
    let party = parties().find(|party| party["uuid"].as_str() == uuid && uuid.is_some()).or_else(|| parties().next());
    party.and_then(|party| party["name"].as_str()).unwrap_or("unknown").to_owned()
}

/// A name as an identifier: letters, digits and hyphens, at most 40.
pub fn slug(title: &str) -> String {
    let words: Vec<String> = title
        .split(|it: char| !it.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    let mut slug = String::new();
    for word in words {
        if slug.len() + word.len() >= 40 {
            break;
        }
        if !slug.is_empty() {
            slug.push('-');
        }
        slug.push_str(&word);
    }
    if slug.is_empty() { "imported".to_owned() } else { slug }
}
