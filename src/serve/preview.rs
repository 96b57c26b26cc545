//! One state of the documents, in memory; each file is made when it is first asked for.
//!
//! In: workspace, assessment, templates, and what was known of the state before. Out: files by path, those of a build.
//! Composing all documents takes longer than a person waits after a save. So a page is composed alone first, with links
//! that lead where they led before, and [`Preview::whole`] composes the rest meanwhile. Where a save changed nothing but
//! prose ([`shape`]), the assessment of the state before stands in for the new one for as long. [`Preview::recheck`] then
//! says whether a page that was sent shows anything else.

use std::{
    borrow::Cow,
    collections::HashMap,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use serde_json::Value;

use crate::{
    assess::Assessment,
    checklist::Checklist,
    document::{self, ComposeError, Document, Known, Outline, Sources},
    fedramp,
    html::{self, Download, Site},
    oscal, pdf,
    publish::{self, Format, Planned},
    workspace::Workspace,
};

/// What documents are made of.
pub(crate) struct Inputs {
    pub(crate) workspace: Workspace,
    pub(crate) assessment: Arc<Assessment>,
    /// The assessment is that of an earlier workspace of the same [`shape`]: good enough to look at for a moment.
    pub(crate) assumed: bool,
    pub(crate) shape: String,
    pub(crate) checklists: Vec<Checklist>,
    /// For PDF; an error says why it cannot be read.
    pub(crate) logo: Result<Option<Vec<u8>>, String>,
}

/// A workspace without its prose. Where only prose changed, no rule, owner or identifier did, and an assessment of one
/// can stand beside the other.
pub(crate) fn shape(workspace: &Workspace) -> String {
    fn blank(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                for (key, value) in fields {
                    match value {
                        Value::String(text) if PROSE.contains(&key.as_str()) => text.clear(),
                        other => blank(other),
                    }
                }
            }
            Value::Array(items) => items.iter_mut().for_each(blank),
            _ => {}
        }
    }
    let mut value = serde_json::to_value(workspace).unwrap_or_default();
    blank(&mut value);
    // What serialization leaves out judges as well.
    let Workspace { checks, members, grants, results, .. } = workspace;
    format!("{value} {checks:?} {members:?} {grants:?} {results:?}")
}

/// Fields that are printed. Where a name decides something as well, the exact assessment follows at once.
const PROSE: [&str; 6] = ["description", "name", "narrative", "purpose", "summary", "title"];

impl Inputs {
    fn sources(&self) -> Sources<'_> {
        let Self { workspace, assessment, checklists, .. } = self;
        Sources { workspace, assessment, frameworks: &workspace.frameworks, checklists }
    }
}

/// What the pages of one state need to know of the others of it.
#[derive(Clone, Default)]
pub(crate) struct Surroundings {
    known: Known,
    downloads: Vec<Download>,
    /// Its columns depend on the long tables of all documents.
    theme: Arc<[u8]>,
}

/// Where the theme is.
const THEME: &str = "assets/theme.css";

/// All documents of a state.
pub(crate) struct Whole {
    documents: Vec<Document>,
    files: Vec<Planned>,
    surroundings: Arc<Surroundings>,
}

/// Why there is no preview, or not this file of it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Compose(#[from] ComposeError),
    #[error(transparent)]
    Publish(#[from] publish::Error),
    #[error("{0}")]
    Logo(String),
}

/// One state of the documents.
pub(crate) struct Preview {
    inputs: Arc<Inputs>,
    outline: Outline,
    only: Vec<String>,
    heads: Vec<Document>,
    /// Those of the state before; without any, the first file waits for the whole.
    before: Option<Arc<Surroundings>>,
    whole: OnceLock<Result<Whole, ComposeError>>,
    /// Files already made.
    made: Mutex<HashMap<String, Arc<[u8]>>>,
}

impl Preview {
    /// # Errors
    /// When a template does not parse, or `only` names a document that is not there.
    pub(crate) fn new(
        inputs: Arc<Inputs>,
        only: Vec<String>,
        before: Option<Arc<Surroundings>>,
    ) -> Result<Self, Error> {
        let outline = Outline::load(&inputs.workspace, &inputs.assessment)?;
        let heads = publish::select(outline.heads(inputs.sources()), &only)?;
        Ok(Self { inputs, outline, only, heads, before, whole: OnceLock::new(), made: Mutex::default() })
    }

    pub(crate) fn inputs(&self) -> &Arc<Inputs> {
        &self.inputs
    }

    /// All documents; composes them unless that was done.
    ///
    /// # Errors
    /// When a template names what is not there.
    pub(crate) fn whole(&self) -> Result<&Whole, ComposeError> {
        self.whole.get_or_init(|| self.compose()).as_ref().map_err(Clone::clone)
    }

    fn compose(&self) -> Result<Whole, ComposeError> {
        let documents = self.outline.all(self.inputs.sources())?;
        // `new` has held the wishes against the same list.
        let documents = publish::select(documents, &self.only).unwrap_or_default();
        let files: Vec<Planned> = documents
            .iter()
            .flat_map(|document| Format::ALL.into_iter().flat_map(move |format| publish::plan(document, format)))
            .collect();
        let mut downloads: Vec<Download> = files.iter().filter(|file| file.listed).map(Planned::download).collect();
        let mut models = |folder: &str, names: Vec<String>| {
            downloads.extend(names.into_iter().map(|name| {
                let path = format!("{folder}/{name}");
                Download { document: folder.to_owned(), label: name, path }
            }));
        };
        if self.only.is_empty() {
            models(html::OSCAL, oscal::names(&self.inputs.assessment));
            if self.inputs.workspace.fedramp.is_some() {
                models(html::FEDRAMP, fedramp::FILES.map(str::to_owned).to_vec());
            }
        }
        let theme = html::asset(&self.site(&documents, &downloads), THEME).unwrap_or_default();
        let surroundings = Surroundings { known: document::known(&documents), downloads, theme: theme.as_ref().into() };
        let surroundings = Arc::new(surroundings);
        Ok(Whole { documents, files, surroundings })
    }

    /// What the pages of the next state may take as known: of this one if it is whole, else of the one before.
    pub(crate) fn surroundings(&self) -> Option<Arc<Surroundings>> {
        match self.whole.get() {
            Some(Ok(whole)) => Some(whole.surroundings.clone()),
            _ => self.before.clone(),
        }
    }

    /// Makes the pages that were shown so far out of the whole of `exact`, which may be the same state; says whether any
    /// is different.
    ///
    /// # Errors
    /// When the whole cannot be composed.
    pub(crate) fn recheck(&self, exact: &Preview) -> Result<bool, ComposeError> {
        let whole = exact.whole()?;
        let shown: Vec<(String, Arc<[u8]>)> =
            lock(&self.made).iter().map(|(path, bytes)| (path.clone(), bytes.clone())).collect();
        let mut changed = false;
        for (path, bytes) in shown.into_iter().filter(|(path, _)| path.ends_with(".html") || path == THEME) {
            let now: Option<Arc<[u8]>> = match path == THEME {
                true => Some(whole.surroundings.theme.clone()),
                false => exact.page(&path, Some(whole))?.map(|text| text.into_bytes().into()),
            };
            changed |= now.as_deref() != Some(&*bytes);
            match now {
                Some(now) => lock(&exact.made).insert(path, now),
                None => lock(&exact.made).remove(&path),
            };
        }
        Ok(changed)
    }

    /// A file by its path below the output folder of a build.
    ///
    /// # Errors
    /// When it cannot be composed or rendered.
    pub(crate) fn file(&self, path: &str) -> Result<Option<Arc<[u8]>>, Error> {
        if let Some(bytes) = lock(&self.made).get(path) {
            return Ok(Some(bytes.clone()));
        }
        loop {
            let was_whole = self.whole.get().is_some();
            let bytes = self.make(path)?.map(|bytes| Arc::<[u8]>::from(bytes.as_ref()));
            if let Some(bytes) = &bytes {
                lock(&self.made).insert(path.to_owned(), bytes.clone());
            }
            // The whole came meanwhile, and whoever rechecks may not have seen this page.
            if was_whole || self.whole.get().is_none() {
                return Ok(bytes);
            }
        }
    }

    fn make(&self, path: &str) -> Result<Option<Cow<'static, [u8]>>, Error> {
        if path.ends_with(".html") {
            let whole = match (self.whole.get(), &self.before) {
                (None, Some(_)) => None,
                _ => Some(self.whole()?),
            };
            return Ok(self.page(path, whole)?.map(|text| Cow::Owned(text.into_bytes())));
        }
        if let Some(bytes) = html::shipped(path) {
            return Ok(Some(bytes));
        }
        if path == "assets/words.js" {
            return Ok(html::asset(&self.site(&self.heads, &[]), path));
        }
        if path == THEME
            && let (None, Some(before)) = (self.whole.get(), &self.before)
        {
            return Ok(Some(Cow::Owned(before.theme.to_vec())));
        }
        let whole = self.whole()?;
        if path.starts_with("assets/") {
            return Ok(html::asset(&self.site(&whole.documents, &whole.surroundings.downloads), path));
        }
        if let Some(file) = whole.files.iter().find(|file| file.path == path)
            && let Some(document) = whole.documents.iter().find(|document| document.id == file.document)
        {
            let logo = self.inputs.logo.clone().map_err(Error::Logo)?;
            let theme = pdf::Theme::new(&self.inputs.workspace.style, logo);
            return Ok(Some(Cow::Owned(publish::render(&theme, &self.inputs.assessment, document, file)?)));
        }
        Ok(self.model(whole, path).map(Cow::Owned))
    }

    /// A file for other programs.
    fn model(&self, whole: &Whole, path: &str) -> Option<Vec<u8>> {
        whole.surroundings.downloads.iter().find(|file| file.path == path)?;
        let Inputs { workspace, assessment, .. } = &*self.inputs;
        let (folder, name) = path.split_once('/')?;
        let files = match folder {
            html::OSCAL => oscal::export(workspace, assessment),
            html::FEDRAMP => fedramp::export(workspace, assessment)?,
            _ => return None,
        };
        files.into_iter().find(|(known, _)| known == name).map(|(_, bytes)| bytes)
    }

    fn site<'a>(&'a self, documents: &'a [Document], downloads: &'a [Download]) -> Site<'a> {
        Site { workspace: &self.inputs.workspace, assessment: &self.inputs.assessment, documents, downloads }
    }

    /// A page out of the whole, or without it out of its own document.
    fn page(&self, path: &str, whole: Option<&Whole>) -> Result<Option<String>, ComposeError> {
        let Some(id) = path.strip_suffix(".html") else { return Ok(None) };
        if let Some(whole) = whole {
            let site = self.site(&whole.documents, &whole.surroundings.downloads);
            if path == "index.html" {
                return Ok(Some(html::index(&site)));
            }
            let document = whole.documents.iter().find(|document| document.id == id);
            return Ok(document.map(|document| html::render(document, &site)));
        }
        let Surroundings { known, downloads, .. } = self.before.as_deref().cloned().unwrap_or_default();
        let site = self.site(&self.heads, &downloads);
        if path == "index.html" {
            return Ok(Some(html::index(&site)));
        }
        if !self.heads.iter().any(|head| head.id == id) {
            return Ok(None);
        }
        let now = self.heads.iter().map(|head| (head.id.clone(), known.get(&head.id).cloned().unwrap_or_default()));
        match self.outline.document(self.inputs.sources(), id, now.collect())? {
            Some(document) => Ok(Some(html::render(&document, &site))),
            None => self.page(path, Some(self.whole()?)),
        }
    }
}

/// The file that a path of the web means: `index.html` for the start page. Only a name to look up, never opened.
pub(crate) fn named(path: &str) -> &str {
    match path.trim_start_matches('/') {
        "" => "index.html",
        name => name,
    }
}

/// Content type of a file, by its name.
pub(crate) fn content_type(path: &str) -> &'static str {
    match Path::new(path).extension().and_then(|extension| extension.to_str()).unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "woff2" => "font/woff2",
        "pdf" => "application/pdf",
        "json" => "application/json",
        "csv" => "text/csv; charset=utf-8",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        _ => "text/plain; charset=utf-8",
    }
}

/// Whoever panicked while holding the lock left a whole value.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::testing;

    fn inputs(workspace: Workspace) -> Arc<Inputs> {
        let shape = shape(&workspace);
        let (assessment, checklists) = (Arc::new(testing::plan()), crate::checklist::builtin());
        Arc::new(Inputs { workspace, assessment, assumed: false, shape, checklists, logo: Ok(None) })
    }

    #[test]
    fn a_page_made_alone_is_that_of_the_whole() {
        let inputs = inputs(testing::workspace());
        let first = Preview::new(inputs.clone(), Vec::new(), None).expect("built-in templates");
        first.whole().expect("built-in templates");
        let again = Preview::new(inputs, Vec::new(), first.surroundings()).expect("built-in templates");
        let documents = again.heads.iter().map(|head| format!("{}.html", head.id));
        for path in std::iter::once("index.html".to_owned()).chain(documents) {
            let [alone, whole] =
                [&again, &first].map(|preview| preview.file(&path).expect("it composes").expect("it is there"));
            assert!(alone == whole, "{path}");
        }
        assert!(!again.recheck(&again).expect("it composes"), "nothing was different");
    }

    #[test]
    fn a_page_of_an_older_state_is_found_out() {
        let shown = Preview::new(inputs(testing::workspace()), Vec::new(), None).expect("built-in templates");
        shown.file("scope.html").expect("it composes");
        let mut workspace = testing::workspace();
        workspace.system.name = "Another".to_owned();
        let exact = Preview::new(inputs(workspace), Vec::new(), None).expect("built-in templates");
        assert!(shown.recheck(&exact).expect("it composes"));
    }

    #[test]
    fn only_prose_leaves_the_shape_as_it_is() {
        let workspace = testing::workspace();
        let mut prose = testing::workspace();
        prose.system.purpose.push_str("More.");
        prose.components[0].title.push_str("More.");
        assert_eq!(shape(&workspace), shape(&prose));
        let mut owner = testing::workspace();
        owner.components[0].team = owner.teams.last().expect("a team").id.clone();
        assert_ne!(shape(&workspace), shape(&owner));
    }

    #[test]
    fn paths_are_names_and_nothing_more() {
        assert_eq!(named("/"), "index.html");
        assert_eq!(named("/team/platform.html"), "team/platform.html");
        assert_eq!(named("//etc/passwd"), "etc/passwd");
    }
}
