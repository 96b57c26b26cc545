//! The templates in force: built-in ones, overridden and extended file by file from the workspace's `templates/`.
//!
//! In: the embedded folder and the workspace's folder. Out: [`Templates`]: the declared documents, the texts, the
//! acronyms, and a Tera engine that escapes everything it prints.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    io::Write,
    path::Path,
    sync::Arc,
};

use serde::Deserialize;
use tera::{Kwargs, State, StringInput, Tera, Value};

use super::{
    error::{ComposeError, Problem},
    parse::web_address,
    texts::{self, FALLBACK, Texts},
};
use crate::{
    tables,
    workspace::{Paper, ReaderRole},
};

/// Everything that templates decide.
pub(super) struct Templates {
    /// Documents in the order in which they are listed.
    pub(super) documents: Vec<Declared>,
    /// Prose by key.
    pub(super) texts: Arc<Texts>,
    /// Who reads what, and why.
    pub(super) reading: Vec<ReadingPath>,
    /// Built-in acronyms.
    pub(super) acronyms: BTreeMap<String, String>,
    /// Files of the workspace that replace or add to built-in ones, relative to `templates/`.
    pub(super) overridden: Vec<String>,
    /// Sources of all templates, which the node token commits to.
    pub(super) sources: BTreeMap<String, String>,
    tera: Tera,
}

thread_local! {
    /// The token of the template that this thread renders, and the nodes that it has placed so far.
    static PLACED: RefCell<(String, Vec<NodeCall>)> = RefCell::default();
}

/// One document of `documents.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Declared {
    /// File stem of the output; `{team}` and `{framework}` stand for their identifiers.
    pub(super) id: String,
    /// Template file.
    pub(super) template: String,
    /// Appended to the workspace's document identifier.
    pub(super) suffix: String,
    /// Key below which `title`, `subtitle` and `summary` are found.
    pub(super) text: String,
    /// Once, once a team, or once a framework chosen.
    #[serde(default)]
    pub(super) per: Per,
    /// Framework that it is about; it is made only where the workspace chose that one.
    #[serde(default)]
    pub(super) framework: Option<String>,
    /// Handed out beyond those who may read the plan: it names no evidence and no exceptions.
    #[serde(default)]
    pub(super) shareable: bool,
    /// Paper, where the workspace's own does not fit.
    #[serde(default)]
    pub(super) paper: Option<DeclaredPaper>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Per {
    #[default]
    Once,
    Team,
    Framework,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum DeclaredPaper {
    A4,
    Letter,
}

impl From<DeclaredPaper> for Paper {
    fn from(paper: DeclaredPaper) -> Self {
        match paper {
            DeclaredPaper::A4 => Paper::A4,
            DeclaredPaper::Letter => Paper::Letter,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DocumentsFile {
    format: u32,
    #[serde(default)]
    document: Vec<Declared>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AcronymsFile {
    format: u32,
    acronyms: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReadingFile {
    format: u32,
    #[serde(default)]
    path: Vec<ReadingPath>,
}

/// One stop on a reader's way through the documents.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReadingPath {
    /// Whose.
    pub(super) role: ReaderRole,
    /// Document by id; `team` stands for the briefs of the reader's teams.
    pub(super) document: String,
    /// Anchor of the section; empty for the whole document.
    #[serde(default)]
    pub(super) section: String,
    /// Key of the reason.
    pub(super) why: String,
}

/// A node as placed by a template.
#[derive(Debug, Clone)]
pub(super) struct NodeCall {
    /// Name in the registry.
    pub(super) name: String,
    /// Its other arguments, as text.
    pub(super) arguments: BTreeMap<String, String>,
}

impl Templates {
    /// Reads built-in and overriding templates and compiles them.
    pub(super) fn load(root: &Path, language: &str) -> Result<Self, ComposeError> {
        let mut files = BTreeMap::new();
        embedded_files(&crate::embedded::TEMPLATES, &mut files);
        let built_in = files.clone();
        let own = own_files(&root.join("templates"))?;
        let mut problems = Vec::new();

        let mut texts = Texts::default();
        let names = texts::files(language);
        for (files, ours) in [(&own, true), (&built_in, false)] {
            for name in &names {
                if let Some(text) = files.get(name)
                    && let Err(error) = texts.add(text)
                {
                    problems.push(toml_problem(name, ours, text, &error));
                }
            }
        }
        // English below a tag that says otherwise would be read aloud, hyphenated and sorted wrongly.
        let english = texts::primary(language) == FALLBACK;
        let spoken = |name: &&String| own.contains_key(*name) || built_in.contains_key(*name);
        if let Some(name) = names.first().filter(|_| !english && names.iter().filter(spoken).count() < 2) {
            problems.push(Problem::in_file(
                "scopefence.toml",
                format!("there are no texts in the language `{language}`"),
                format!(
                    "write them in `templates/{name}` of the workspace, as far as you need them (what is missing there is \
                     said in English), or choose one of {}",
                    spoken_languages(&built_in).join(", ")
                ),
            ));
        }
        let texts = Arc::new(texts);
        let overridden: Vec<String> = own.keys().cloned().collect();
        let mut documents: Vec<Declared> = Vec::new();
        for (files, ours) in [(&built_in, false), (&own, true)] {
            let name = "documents.toml";
            let Some(text) = files.get(name) else { continue };
            match tables::from_str::<DocumentsFile>(text) {
                Ok(file) if file.format == 1 => {
                    for declared in file.document {
                        match documents.iter_mut().find(|known| known.id == declared.id) {
                            Some(known) => *known = declared,
                            None => documents.push(declared),
                        }
                    }
                }
                Ok(file) => problems.push(Problem::in_file(
                    &shown(name, ours),
                    format!("format = {} is newer than this program reads", file.format),
                    "write `format = 1`, or use a newer scopefence",
                )),
                Err(error) => problems.push(toml_problem(name, ours, text, &error)),
            }
        }
        let mut acronyms = BTreeMap::new();
        for (files, ours) in [(&built_in, false), (&own, true)] {
            let name = "acronyms.toml";
            let Some(text) = files.get(name) else { continue };
            match tables::from_str::<AcronymsFile>(text) {
                Ok(file) if file.format == 1 => acronyms.extend(file.acronyms),
                Ok(file) => problems.push(Problem::in_file(
                    &shown(name, ours),
                    format!("format = {} is newer than this program reads", file.format),
                    "write `format = 1`, or use a newer scopefence",
                )),
                Err(error) => problems.push(toml_problem(name, ours, text, &error)),
            }
        }

        let mut reading = Vec::new();
        let name = "reading.toml";
        let ours = own.contains_key(name);
        if let Some(text) = own.get(name).or_else(|| built_in.get(name)) {
            match tables::from_str::<ReadingFile>(text) {
                Ok(file) if file.format == 1 => reading = file.path,
                Ok(file) => problems.push(Problem::in_file(
                    &shown(name, ours),
                    format!("format = {} is newer than this program reads", file.format),
                    "write `format = 1`, or use a newer scopefence",
                )),
                Err(error) => problems.push(toml_problem(name, ours, text, &error)),
            }
        }

        files.extend(own);
        let sources: BTreeMap<String, String> = files.into_iter().filter(|(name, _)| name.ends_with(".md")).collect();
        for declared in &documents {
            if !sources.contains_key(&declared.template) {
                problems.push(Problem::in_file(
                    "templates/documents.toml",
                    format!(
                        "document `{}` names the template `{}`, which is not there",
                        declared.id, declared.template
                    ),
                    "add the file to the workspace's templates folder, or correct the name",
                ));
            }
        }
        for (name, source) in &sources {
            lint(&shown(name, overridden.contains(name)), source, &mut problems);
        }
        if !problems.is_empty() {
            return Err(ComposeError { problems });
        }

        let tera = engine(&sources, &texts)?;
        Ok(Self { documents, texts, reading, acronyms, overridden, sources, tera })
    }

    /// Renders one document's template to Markdown; the nodes it placed come with it.
    pub(super) fn render(
        &self,
        template: &str,
        token: &str,
        context: &tera::Context,
    ) -> Result<(String, Vec<NodeCall>), ComposeError> {
        PLACED.replace((token.to_owned(), Vec::new()));
        let markdown =
            self.tera.render(template, context).map_err(|error| ComposeError::from_tera(&error, template))?;
        Ok((markdown, PLACED.take().1))
    }
}

fn engine(sources: &BTreeMap<String, String>, texts: &Arc<Texts>) -> Result<Tera, ComposeError> {
    let mut tera = Tera::new();
    tera.autoescape_on([".md"]);
    tera.set_escape_fn(escape);
    let texts = texts.clone();
    tera.register_function("t", move |arguments: Kwargs, state: &State| -> tera::TeraResult<Value> {
        let key = arguments.must_get::<&str>("key")?;
        if texts.get(key).is_none() {
            return Err(tera::Error::message(format!("no language file has the text `{key}`")));
        }
        let mut values = Vec::new();
        for (name, value) in arguments.iter() {
            let name = name.as_str().unwrap_or_default();
            if name != "key" {
                values.push((name.to_owned(), state.escape_if_needed(value)?));
            }
        }
        let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        Ok(Value::safe_string(&texts.fill(key, &values)))
    });
    tera.register_function("node", |arguments: Kwargs, _: &State| -> tera::TeraResult<Value> {
        let name = arguments.must_get::<&str>("name")?.to_owned();
        if !super::nodes::exists(&name) {
            let nearest =
                super::nodes::nearest(&name).map_or_else(String::new, |nearest| format!("; did you mean `{nearest}`?"));
            return Err(tera::Error::message(format!("there is no node `{name}`{nearest}")));
        }
        let rest = arguments
            .iter()
            .filter_map(|(key, value)| Some((key.as_str()?.to_owned(), value.to_string())))
            .filter(|(key, _)| key != "name")
            .collect();
        let fence = PLACED.with_borrow_mut(|(token, calls)| {
            calls.push(NodeCall { name, arguments: rest });
            format!("\n\n```{token} {}\n```\n\n", calls.len() - 1)
        });
        Ok(Value::safe_string(&fence))
    });
    tera.register_filter("code", |value: StringInput, _: Kwargs, _: &State| Value::safe_string(&code(value.as_str())));
    tera.register_filter("link", |value: StringInput, arguments: Kwargs, state: &State| -> tera::TeraResult<Value> {
        let text = state.escape(arguments.get::<&str>("text")?.unwrap_or(value.as_str()))?;
        Ok(Value::safe_string(&match web_address(value.as_str()) {
            Some(url) => format!("[{text}](<{}>)", url.replace(['<', '>', '\\'], "")),
            None => text,
        }))
    });
    tera.add_raw_templates(sources.iter()).map_err(|error| ComposeError::from_tera(&error, "templates"))?;
    Ok(tera)
}

/// Escapes text for Markdown: every ASCII punctuation mark, and white space flattened so that it can neither end a
/// line nor indent one.
fn escape(text: &str, out: &mut dyn Write) -> std::io::Result<()> {
    let mut space = false;
    let mut buffer = [0; 4];
    for c in text.chars() {
        if c.is_whitespace() {
            space = true;
            continue;
        }
        if std::mem::take(&mut space) {
            out.write_all(b" ")?;
        }
        if c.is_ascii_punctuation() {
            out.write_all(b"\\")?;
        }
        out.write_all(c.encode_utf8(&mut buffer).as_bytes())?;
    }
    if space {
        out.write_all(b" ")?;
    }
    Ok(())
}

/// A code span that holds any text.
fn code(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.is_empty() {
        return String::new();
    }
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    format!("{fence} {text} {fence}")
}

/// Refuses `{{ }}` where Markdown knows no escapes: in code spans and in link targets.
fn lint(file: &str, source: &str, problems: &mut Vec<Problem>) {
    for (index, line) in source.lines().enumerate() {
        let mut from = 0;
        while let Some(at) = line[from..].find("{{").map(|at| at + from) {
            let before = &line[..at];
            let in_code = before.bytes().filter(|byte| *byte == b'`').count() % 2 == 1;
            let in_target = before.rfind("](").is_some_and(|start| !before[start..].contains(')'));
            let (place, filter) = if in_code { ("a code span", "code") } else { ("a link target", "link") };
            if in_code || in_target {
                problems.push(Problem {
                    file: file.to_owned(),
                    line: Some(index + 1),
                    message: format!("`{{{{ }}}}` inside {place}: Markdown cannot escape text there"),
                    help: format!("print the whole with the filter: `{{{{ value | {filter} }}}}`"),
                });
            }
            from = at + 2;
        }
    }
}

fn embedded_files(folder: &include_dir::Dir<'_>, out: &mut BTreeMap<String, String>) {
    for file in folder.files() {
        if let (Some(path), Some(text)) = (file.path().to_str(), file.contents_utf8()) {
            out.insert(path.replace('\\', "/"), text.to_owned());
        }
    }
    folder.dirs().for_each(|folder| embedded_files(folder, out));
}

/// Templates, language files and lists of a workspace, by name relative to its `templates/`.
fn own_files(folder: &Path) -> Result<BTreeMap<String, String>, ComposeError> {
    let mut out = BTreeMap::new();
    let mut open = BTreeSet::from([folder.to_path_buf()]);
    // Links may lead in circles: every folder is read once.
    let mut seen = BTreeSet::new();
    while let Some(next) = open.pop_first() {
        if next.canonicalize().is_ok_and(|real| !seen.insert(real)) {
            continue;
        }
        let entries = match std::fs::read_dir(&next) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(unreadable(&next, &error)),
        };
        for entry in entries {
            let path = entry.map_err(|error| unreadable(&next, &error))?.path();
            let known = path.extension().is_some_and(|extension| extension == "md" || extension == "toml");
            if path.is_dir() {
                open.insert(path);
            } else if known {
                if path.exists() && !path.is_file() {
                    return Err(unreadable(&path, &std::io::Error::other("it is not a regular file")));
                }
                let text = std::fs::read_to_string(&path).map_err(|error| unreadable(&path, &error))?;
                let name = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().replace('\\', "/");
                out.insert(name, text);
            }
        }
    }
    Ok(out)
}

/// Languages that files are written in.
fn spoken_languages(files: &BTreeMap<String, String>) -> Vec<String> {
    let names = files.keys().filter_map(|name| name.strip_prefix("lang/")?.strip_suffix(".toml"));
    names.map(|language| format!("`{language}`")).collect()
}

fn unreadable(path: &Path, error: &std::io::Error) -> ComposeError {
    ComposeError {
        problems: vec![Problem::in_file(
            &path.display().to_string(),
            format!("cannot read it: {error}"),
            "make it readable, as UTF-8 text, or remove it from the templates folder",
        )],
    }
}

fn toml_problem(name: &str, ours: bool, text: &str, error: &tables::Error) -> Problem {
    let line = error.span().map(|span| text[..span.start.min(text.len())].matches('\n').count() + 1);
    Problem {
        file: shown(name, ours),
        line,
        message: error.message().to_owned(),
        help: "correct the file; docs/templates.md lists what it may hold".to_owned(),
    }
}

fn shown(name: &str, ours: bool) -> String {
    if ours { format!("templates/{name}") } else { format!("built-in templates/{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaped_text_stays_on_its_line_and_means_nothing() {
        let mut out = Vec::new();
        escape("a\n# b *c* <i> `d` [e](f) 1. \\", &mut out).expect("memory");
        assert_eq!(String::from_utf8(out).expect("UTF-8"), r"a \# b \*c\* \<i\> \`d\` \[e\]\(f\) 1\. \\");
    }

    #[test]
    fn a_code_span_holds_backticks() {
        assert_eq!(code("a`b``c"), "``` a`b``c ```");
    }

    #[test]
    fn the_lint_names_file_line_and_filter() {
        let mut problems = Vec::new();
        lint("templates/x.md", "fine {{ a }}\nbad `{{ b }}`\n[x]({{ c }})\n", &mut problems);
        assert_eq!(problems.len(), 2);
        assert_eq!(problems[0].line, Some(2));
        assert!(problems[0].help.contains("| code"));
        assert_eq!(problems[1].line, Some(3));
        assert!(problems[1].help.contains("| link"));
    }

    #[test]
    fn the_built_in_templates_load() {
        let templates = Templates::load(Path::new("/nowhere"), "en-GB").expect("built-in templates");
        assert!(templates.documents.iter().any(|declared| declared.id == "ssp"));
        assert!(templates.overridden.is_empty());
    }

    /// Keys that the program's own sources and templates name, found by their shape.
    fn keys(text: &str, quote: char) -> impl Iterator<Item = &str> {
        text.split(quote).skip(1).step_by(2).filter(|literal| {
            literal.contains('.')
                && !literal.ends_with(".toml")
                && !literal.ends_with(".md")
                && literal
                    .split('.')
                    .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'))
        })
    }

    fn sources(folder: &Path, out: &mut Vec<(String, String)>) {
        for entry in std::fs::read_dir(folder).expect("sources").flatten() {
            let path = entry.path();
            if path.is_dir() {
                sources(&path, out);
            } else {
                out.push((path.display().to_string(), std::fs::read_to_string(&path).expect("text")));
            }
        }
    }

    #[test]
    fn every_key_used_exists_and_every_key_is_used() {
        let templates = Templates::load(Path::new("/nowhere"), FALLBACK).expect("built-in templates");
        let texts = &templates.texts;
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut files = Vec::new();
        for folder in ["src/document", "src/html", "src/markdown", "src/pdf", "src/sheet", "templates"] {
            sources(&root.join(folder), &mut files);
        }
        let tables: BTreeSet<&str> = texts.keys().filter_map(|key| key.split('.').next()).collect();
        let mut used = BTreeSet::new();
        for (file, text) in files.iter().filter(|(file, _)| !file.contains("/lang/") && !file.ends_with("tests.rs")) {
            let code = text.split("\nmod tests {").next().unwrap_or_default();
            // Quotes that begin or end no literal.
            let code = code.replace("\\\"", "").replace("'\"'", "");
            for key in keys(&code, '"') {
                if !tables.contains(key.split('.').next().unwrap_or_default()) {
                    continue;
                }
                let forms = ["", ".one", ".other", ".caption", ".empty"].map(|end| format!("{key}{end}"));
                let known: Vec<String> = forms.into_iter().filter(|key| texts.get(key).is_some()).collect();
                assert!(!known.is_empty(), "{file} uses the text `{key}`, which no language file has");
                used.extend(known);
            }
        }
        for declared in &templates.documents {
            for what in ["title", "subtitle", "summary"] {
                let key = format!("{}.{what}", declared.text);
                assert!(texts.get(&key).is_some(), "document {} needs the text `{key}`", declared.id);
                used.insert(key);
            }
        }
        let unused: Vec<&str> = texts.keys().filter(|key| !used.contains(*key)).collect();
        assert!(unused.is_empty(), "nothing uses the texts {unused:?}");
    }
}
