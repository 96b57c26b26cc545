//! The steps from workspace and assessment to documents.

use std::io;

use sha2::{Digest, Sha256};

use super::{
    context, control,
    error::{ComposeError, Problem},
    nodes::{self, Ctx, Place, acronyms, reading},
    parse::{self, Anchors, Origin},
    settle,
    templates::{Declared, Per, Templates},
    tree::{Block, Document},
};
use crate::{
    assess::Assessment,
    checklist::Checklist,
    frameworks::Frameworks,
    workspace::{Team, Workspace},
};

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
    let templates = Templates::load(&workspace.root, &workspace.language)?;
    let token = token(workspace, assessment, &templates);
    let ctx = Ctx::new(workspace, assessment, frameworks, checklists, &templates);
    let published = context::publish(&ctx);
    let mut documents = Vec::new();
    let mut problems = Vec::new();
    for declared in &templates.documents {
        for about in abouts(workspace, declared) {
            match document(&ctx, &templates, &token, &published, declared, about) {
                Ok(document) => {
                    reading::count(&ctx, &document);
                    documents.push(document);
                }
                Err(error) => problems.extend(error.problems),
            }
        }
    }
    if !problems.is_empty() {
        problems.dedup();
        return Err(ComposeError { problems });
    }
    settle::settle(&mut documents);
    Ok(documents)
}

/// What one document of several made from a template is about.
#[derive(Clone, Copy, Default)]
struct About<'a> {
    team: Option<&'a Team>,
    framework: Option<&'a str>,
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

fn document(
    ctx: &Ctx<'_>,
    templates: &Templates,
    token: &str,
    published: &tera::Context,
    declared: &Declared,
    about: About<'_>,
) -> Result<Document, ComposeError> {
    let workspace = ctx.ws;
    let About { team, framework } = about;
    let id = declared.id.replace("{team}", team.map_or("", |team| team.id.as_str()));
    let id = id.replace("{framework}", framework.unwrap_or_default());
    let known = framework.and_then(|id| ctx.frameworks.framework(id));
    let values = [
        ("team", team.map_or("", |team| team.name.as_str())),
        ("system", workspace.system.name.as_str()),
        ("framework", known.map_or("", |known| known.title.as_str())),
    ];
    let text = |what: &str| templates.texts.fill(&format!("{}.{what}", declared.text), &values);
    let title = text("title");

    let mut published = published.clone();
    context::publish_document(&mut published, &id, &title, team);
    let (markdown, calls) = templates.render(&declared.template, token, &published)?;

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
    let mut blocks: Vec<Block> = parse::blocks(&markdown, Origin::Template { token, swap: &mut swap }, &mut anchors);
    if !problems.is_empty() {
        return Err(ComposeError { problems });
    }
    let sheets = blocks.extract_if(.., |block| matches!(block, Block::Table(table) if table.sheet_only)).collect();
    acronyms::fill(ctx, &mut blocks);
    Ok(Document {
        id,
        title,
        subtitle: text("subtitle"),
        summary: text("summary"),
        language: workspace.language.clone(),
        texts: templates.texts.clone(),
        paper: declared.paper.map_or(workspace.style.paper, Into::into),
        control: control::block(ctx, declared, team, framework),
        disclosures: control::disclosures(ctx, templates, declared, team),
        blocks,
        sheets,
    })
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
