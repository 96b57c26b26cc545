//! The steps from workspace and assessment to documents.

use std::io;

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::{
    context, control,
    error::{ComposeError, Problem},
    nodes::{self, Ctx, Place, acronyms, reading},
    parse::{self, Anchors, Origin},
    settle,
    templates::{Declared, NodeCall, Per, Templates},
    tree::{Block, Document},
};
use crate::{
    assess::Assessment,
    checklist::Checklist,
    frameworks::Frameworks,
    workspace::{Team, Workspace},
};

/// Everything that documents are made of.
#[derive(Debug, Clone, Copy)]
pub struct Sources<'a> {
    /// The declarations.
    pub workspace: &'a Workspace,
    /// What was observed of them.
    pub assessment: &'a Assessment,
    /// Catalogs of controls.
    pub frameworks: &'a Frameworks,
    /// Question sets.
    pub checklists: &'a [Checklist],
}

/// Composes all documents that the templates declare, in their order; those per team in the order of the teams.
///
/// Templates in the workspace's `templates/` folder replace built-in ones file by file.
///
/// # Errors
/// When a template of the workspace cannot be read, does not parse or names what is not there: every problem with its
/// file, line and remedy.
pub fn compose(
    workspace: &Workspace,
    assessment: &Assessment,
    frameworks: &Frameworks,
    checklists: &[Checklist],
) -> Result<Vec<Document>, ComposeError> {
    let sources = Sources { workspace, assessment, frameworks, checklists };
    Outline::load(workspace, assessment)?.all(sources)
}

/// The templates of a workspace, read, and nothing composed yet.
pub(crate) struct Outline {
    templates: Templates,
    token: String,
}

impl Outline {
    /// # Errors
    /// When a template cannot be read or does not parse.
    pub(crate) fn load(workspace: &Workspace, assessment: &Assessment) -> Result<Self, ComposeError> {
        let templates = Templates::load(&workspace.root, &workspace.language)?;
        let token = token(workspace, assessment, &templates);
        Ok(Self { templates, token })
    }

    /// The documents there are, with everything but their blocks.
    pub(crate) fn heads(&self, sources: Sources<'_>) -> Vec<Document> {
        let ctx = self.context(sources);
        let abouts = self.abouts(sources.workspace);
        let mut heads: Vec<Document> =
            abouts.into_iter().map(|(declared, about)| head(&ctx, &self.templates, declared, about)).collect();
        settle::settle(&mut heads);
        heads
    }

    /// One of these documents. `None` for one that cannot be composed alone, because it speaks of the others.
    ///
    /// In: what links of it may lead to. Its own anchors are added.
    ///
    /// # Errors
    /// As [`compose`].
    pub(crate) fn document(
        &self,
        sources: Sources<'_>,
        id: &str,
        mut known: settle::Known,
    ) -> Result<Option<Document>, ComposeError> {
        let ctx = self.context(sources);
        let published = context::publish(&ctx);
        let mut abouts = self.abouts(sources.workspace).into_iter();
        let Some((declared, about)) = abouts.find(|(declared, about)| about.id(declared) == id) else {
            return Ok(None);
        };
        let written = self.write(&ctx, &published, declared, about)?;
        if written.speaks_of_others() {
            return Ok(None);
        }
        let mut document = self.build(&ctx, written)?;
        known.extend(settle::known(std::slice::from_ref(&document)));
        settle::one(&mut document, &known);
        Ok(Some(document))
    }

    /// All documents, on all cores.
    ///
    /// # Errors
    /// As [`compose`].
    pub(crate) fn all(&self, sources: Sources<'_>) -> Result<Vec<Document>, ComposeError> {
        let ctx = self.context(sources);
        let published = context::publish(&ctx);
        let abouts = self.abouts(sources.workspace);
        let finish = |written| {
            let document = self.build(&ctx, written)?;
            let counted = reading::count(&document);
            Ok((document, counted))
        };
        let composed: Vec<_> = abouts
            .par_iter()
            .map(|(declared, about)| {
                let written = self.write(&ctx, &published, declared, *about)?;
                if written.speaks_of_others() {
                    return Ok(Composed::Later(written));
                }
                finish(written).map(|(document, counted)| Composed::Now(document, counted))
            })
            .collect();
        let mut documents = Vec::new();
        let mut problems = Vec::new();
        for one in composed {
            let built = one.and_then(|composed| match composed {
                Composed::Now(document, counted) => Ok((document, counted)),
                Composed::Later(written) => finish(written),
            });
            match built {
                Ok((document, counted)) => {
                    reading::counted(&ctx).add(counted);
                    documents.push(document);
                }
                Err(ComposeError { problems: found }) => problems.extend(found),
            }
        }
        if !problems.is_empty() {
            problems.dedup();
            return Err(ComposeError { problems });
        }
        settle::settle(&mut documents);
        Ok(documents)
    }

    fn context<'a>(&'a self, sources: Sources<'a>) -> Ctx<'a> {
        let Sources { workspace, assessment, frameworks, checklists } = sources;
        Ctx::new(workspace, assessment, frameworks, checklists, &self.templates)
    }

    fn abouts<'a>(&'a self, workspace: &'a Workspace) -> Vec<(&'a Declared, About<'a>)> {
        let declared = self.templates.documents.iter();
        declared
            .flat_map(|declared| abouts(workspace, declared).into_iter().map(move |about| (declared, about)))
            .collect()
    }

    /// Runs the template of a document.
    fn write<'a>(
        &'a self,
        ctx: &Ctx<'a>,
        published: &tera::Context,
        declared: &'a Declared,
        about: About<'a>,
    ) -> Result<Written<'a>, ComposeError> {
        let head = head(ctx, &self.templates, declared, about);
        let mut published = published.clone();
        context::publish_document(&mut published, &head.id, &head.title, about.team);
        let (markdown, calls) = self.templates.render(&declared.template, &self.token, &published)?;
        Ok(Written { declared, about, head, markdown, calls })
    }

    /// Makes blocks of what a template wrote.
    fn build(&self, ctx: &Ctx<'_>, written: Written<'_>) -> Result<Document, ComposeError> {
        let Written { declared, about: About { team, framework }, head, markdown, calls } = written;
        let mut problems = Vec::new();
        let mut swap = |number: usize, level: u8, anchors: &mut Anchors| {
            let Some(call) = calls.get(number) else { return Vec::new() };
            let place = Place { anchors, level, arguments: &call.arguments, team, framework };
            nodes::build(ctx, &call.name, place).unwrap_or_else(|message| {
                problems.push(Problem::in_file(
                    &format!("templates/{}", declared.template),
                    format!("node `{}`: {message}", call.name),
                    "correct the arguments; docs/templates.md lists what each node takes",
                ));
                Vec::new()
            })
        };
        let mut anchors = Anchors::default();
        let origin = Origin::Template { token: &self.token, swap: &mut swap };
        let mut blocks: Vec<Block> = parse::blocks(&markdown, origin, &mut anchors);
        if !problems.is_empty() {
            return Err(ComposeError { problems });
        }
        let sheets = blocks.extract_if(.., |block| matches!(block, Block::Table(table) if table.sheet_only)).collect();
        acronyms::fill(ctx, &mut blocks);
        Ok(Document { blocks, sheets, ..head })
    }
}

/// What a template made of a document.
struct Written<'a> {
    declared: &'a Declared,
    about: About<'a>,
    head: Document,
    markdown: String,
    calls: Vec<NodeCall>,
}

impl Written<'_> {
    fn speaks_of_others(&self) -> bool {
        self.calls.iter().any(|call| call.name == reading::PATHS)
    }
}

/// A document, or what becomes one once those before it are there.
enum Composed<'a> {
    Now(Document, reading::Counted),
    Later(Written<'a>),
}

/// What one document of several made from a template is about.
#[derive(Clone, Copy, Default)]
struct About<'a> {
    team: Option<&'a Team>,
    framework: Option<&'a str>,
}

impl About<'_> {
    /// The document's identifier.
    fn id(&self, declared: &Declared) -> String {
        let id = declared.id.replace("{team}", self.team.map_or("", |team| team.id.as_str()));
        id.replace("{framework}", self.framework.unwrap_or_default())
    }
}

/// The documents that one declaration makes.
fn abouts<'a>(workspace: &'a Workspace, declared: &'a Declared) -> Vec<About<'a>> {
    let chosen: Vec<&str> = workspace.baseline.iter().flat_map(|choice| choice.frameworks()).collect();
    let framework = declared.framework.as_deref();
    if framework.is_some_and(|framework| !chosen.contains(&framework)) {
        return Vec::new();
    }
    match declared.per {
        Per::Once => vec![About { team: None, framework }],
        Per::Team => workspace.teams.iter().map(|team| About { team: Some(team), framework }).collect(),
        Per::Framework => chosen.into_iter().map(|one| About { team: None, framework: Some(one) }).collect(),
    }
}

/// Everything of a document but its blocks.
fn head(ctx: &Ctx<'_>, templates: &Templates, declared: &Declared, about: About<'_>) -> Document {
    let workspace = ctx.ws;
    let About { team, framework } = about;
    let known = framework.and_then(|id| ctx.frameworks.framework(id));
    let values = [
        ("team", team.map_or("", |team| team.name.as_str())),
        ("system", workspace.system.name.as_str()),
        ("framework", known.map_or("", |known| known.title.as_str())),
    ];
    let text = |what: &str| templates.texts.fill(&format!("{}.{what}", declared.text), &values);
    Document {
        id: about.id(declared),
        title: text("title"),
        subtitle: text("subtitle"),
        summary: text("summary"),
        language: workspace.language.clone(),
        texts: templates.texts.clone(),
        paper: declared.paper.map_or(workspace.style.paper, Into::into),
        control: control::block(ctx, declared, team, framework),
        disclosures: control::disclosures(ctx, templates, declared, team),
        blocks: Vec::new(),
        sheets: Vec::new(),
    }
}

/// Marks node fences. It commits to everything that can reach a template, so that no content can contain it: a text
/// that held its own hash would be a preimage of it.
fn token(workspace: &Workspace, assessment: &Assessment, templates: &Templates) -> String {
    struct Hasher(Sha256);
    impl io::Write for Hasher {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.update(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut hasher = Hasher(Sha256::new());
    // Serialising to a hash cannot fail for want of space, and a workspace has no map keys that JSON lacks.
    let _ = serde_json::to_writer(&mut hasher, workspace);
    for cluster in &assessment.clusters {
        hasher.0.update(cluster.digest.as_bytes());
    }
    for (name, source) in &templates.sources {
        hasher.0.update(name.as_bytes());
        hasher.0.update(source.as_bytes());
    }
    let digest = hasher.0.finalize();
    digest.iter().take(16).fold("node-".to_owned(), |token, byte| format!("{token}{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::super::{parse::plain, testing};
    use super::*;

    #[test]
    fn a_workspace_alone_gives_every_document() {
        let documents = testing::compose(&testing::workspace(), &testing::plan()).expect("built-in templates");
        let ids: Vec<_> = documents.iter().map(|document| document.id.as_str()).collect();
        assert!(ids.starts_with(&["scope", "ssp", "raci"]), "{ids:?}");
        for document in &documents {
            assert!(!document.blocks.is_empty(), "{} is empty", document.id);
            assert!(document.control.is_draft());
        }
    }

    #[test]
    fn hostile_text_stays_text() {
        let mut workspace = testing::workspace();
        let evil = "x` ``` {{ node(name=\"raci\") }} <script> [a](javascript:b)\n\n# Forged\n\n```node-0 0\n```";
        workspace.system.name = evil.to_owned();
        workspace.activities[0].title = evil.to_owned();
        workspace.system.purpose = evil.to_owned();
        let documents = testing::compose(&workspace, &testing::plan()).expect("built-in templates");
        let forged = documents
            .iter()
            .flat_map(|document| &document.blocks)
            .filter(|block| matches!(block, Block::Heading { text, id, .. } if plain(text) == "Forged" && !id.starts_with("n-")))
            .count();
        assert_eq!(forged, 0, "only a narrative may have headings of its own, under its section");
    }
}
