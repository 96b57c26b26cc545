//! Publish: documents become the files of an output folder, in every format asked for.
//!
//! In: workspace, assessment, composed documents, a [`Selection`]. Out: [`Files`], not yet written. Steps: choose the
//! documents, render each in each format (all cores), then the start page, which knows what there is to lead to.
//!
//! Invariant: nothing here reads a clock, a file or the network.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use crate::{
    assess::Assessment,
    document::{self, Block, Document},
    fedramp,
    html::{self, Download, Site},
    markdown, oscal,
    output::{self, Files},
    pdf, sheet,
    workspace::Workspace,
};

/// A format that documents are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Format {
    /// A site that works from a folder
    Html,
    /// Paginated, for print and archive
    Pdf,
    /// GitHub flavoured Markdown
    Md,
    /// Every table as a file of comma-separated values
    Csv,
    /// The tables of each document as a workbook
    Xlsx,
    /// The whole plan for other programs, as NIST's OSCAL models in JSON
    Oscal,
    /// The package of a FedRAMP certification, in JSON; written where the workspace declares `[fedramp]`
    Fedramp,
}

impl Format {
    /// All formats.
    pub const ALL: [Format; 7] =
        [Format::Html, Format::Pdf, Format::Md, Format::Csv, Format::Xlsx, Format::Oscal, Format::Fedramp];

    fn label(self) -> &'static str {
        match self {
            Format::Html => "HTML",
            Format::Pdf => "PDF",
            Format::Md => "Markdown",
            Format::Csv => "CSV",
            Format::Xlsx => "XLSX",
            Format::Oscal => "OSCAL",
            Format::Fedramp => "FedRAMP",
        }
    }
}

/// What to write.
#[derive(Debug, Clone)]
pub struct Selection {
    /// Document ids; a folder's name means all documents in it (`team`), `oscal` and `fedramp` the files for other
    /// programs. Empty: all.
    pub documents: Vec<String>,
    /// Formats.
    pub formats: BTreeSet<Format>,
}

impl Default for Selection {
    fn default() -> Self {
        Self { documents: Vec::new(), formats: Format::ALL.into() }
    }
}

/// Why documents could not be rendered.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A document was asked for that the workspace does not have.
    #[error("there is no document `{wish}`; there are: {}", known.join(", "))]
    Unknown {
        /// What was asked for.
        wish: String,
        /// What there is.
        known: Vec<String>,
    },
    /// A FedRAMP package was asked for, and nothing says what is offered.
    #[error("the workspace declares no `[fedramp]`, so there is no FedRAMP package to write")]
    NoPackage,
    /// A PDF could not be laid out.
    #[error("cannot write {id}.pdf: {source}")]
    Pdf {
        /// Document.
        id: String,
        /// Why.
        source: pdf::Error,
    },
    /// A workbook could not be written.
    #[error(transparent)]
    Sheet(#[from] sheet::SheetError),
    /// Two documents want the same file.
    #[error(transparent)]
    Output(#[from] output::Error),
}

/// Renders the selected documents.
///
/// # Errors
/// When the selection names a document that is not there, or a format cannot hold what a document says.
pub fn publish(
    workspace: &Workspace,
    assessment: &Assessment,
    documents: Vec<Document>,
    logo: Option<Vec<u8>>,
    selection: &Selection,
) -> Result<Files, Error> {
    let theme = pdf::Theme::new(&workspace.style, logo);
    let for_programs = |wish: &String| [html::OSCAL, html::FEDRAMP].contains(&wish.as_str());
    let (models, wishes): (Vec<_>, Vec<_>) = selection.documents.iter().cloned().partition(for_programs);
    let documents = if wishes.is_empty() && !models.is_empty() { Vec::new() } else { select(documents, &wishes)? };
    let wanted = |format| selection.formats.contains(&format);
    // The files for other programs speak of the whole system, not of one document.
    let whole = |format, name: &str| {
        wanted(format) && (selection.documents.is_empty() || models.iter().any(|model| model == name))
    };
    let named = !models.is_empty() || selection.formats.len() < Format::ALL.len();
    if named && whole(Format::Fedramp, html::FEDRAMP) && workspace.fedramp.is_none() {
        return Err(Error::NoPackage);
    }
    let rendered: Vec<Vec<Rendered>> = documents
        .par_iter()
        .map(|document| {
            let mut files = Vec::new();
            for format in &selection.formats {
                files.extend(render_all(&theme, assessment, document, *format)?);
            }
            Ok(files)
        })
        .collect::<Result<_, Error>>()?;

    let mut files = Files::default();
    let mut downloads = Vec::new();
    for Rendered { file, bytes } in rendered.into_iter().flatten() {
        if file.listed {
            downloads.push(file.download());
        }
        files.add(file.path, bytes)?;
    }
    let mut add = |folder: &str, written: Vec<(String, Vec<u8>)>| {
        for (name, bytes) in written {
            let path = format!("{folder}/{name}");
            downloads.push(Download { document: folder.to_owned(), label: name, path: path.clone() });
            files.add(path, bytes)?;
        }
        Ok::<(), output::Error>(())
    };
    if whole(Format::Oscal, html::OSCAL) {
        add(html::OSCAL, oscal::export(workspace, assessment))?;
    }
    if whole(Format::Fedramp, html::FEDRAMP) {
        add(html::FEDRAMP, fedramp::export(workspace, assessment).unwrap_or_default())?;
    }
    if wanted(Format::Html) {
        let site = Site { workspace, assessment, documents: &documents, downloads: &downloads };
        for (path, bytes) in html::site(&site) {
            files.add(path, bytes.into_owned())?;
        }
    } else if wanted(Format::Md) {
        for (path, bytes) in pictures(&documents) {
            files.add(path, bytes)?;
        }
    }
    Ok(files)
}

struct Rendered {
    file: Planned,
    bytes: Vec<u8>,
}

/// A file that a document becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Planned {
    /// The document's identifier.
    pub(crate) document: String,
    pub(crate) format: Format,
    /// Path below the output folder.
    pub(crate) path: String,
    /// Pages lead to it.
    pub(crate) listed: bool,
}

impl Planned {
    /// How pages lead to it.
    pub(crate) fn download(&self) -> Download {
        Download { document: self.document.clone(), label: self.format.label().to_owned(), path: self.path.clone() }
    }
}

/// The files that a document becomes in a format. Pages know of each other, so they are written together by
/// [`html::site`]; files for programs speak of the whole.
pub(crate) fn plan(document: &Document, format: Format) -> Vec<Planned> {
    let id = &document.id;
    let file = |path: String, listed| Planned { document: id.clone(), format, path, listed };
    match format {
        Format::Html | Format::Oscal | Format::Fedramp => Vec::new(),
        Format::Pdf => vec![file(format!("{id}.pdf"), true)],
        Format::Md => vec![file(format!("{id}.md"), true)],
        Format::Csv => filled(document).into_iter().map(|table| csv_file(document, table)).collect(),
        Format::Xlsx if filled(document).is_empty() => Vec::new(),
        Format::Xlsx => vec![file(format!("{id}.xlsx"), true)],
    }
}

/// The table that a document is about lies beside it, the others in a folder.
fn csv_file(document: &Document, table: &document::Table) -> Planned {
    let id = &document.id;
    let main = table.id == id.replace(['/', '.'], "-");
    let path = if main { format!("{id}.csv") } else { format!("tables/{id}/{}.csv", table.id) };
    Planned { document: id.clone(), format: Format::Csv, path, listed: main }
}

/// Renders all files of a document in a format.
fn render_all(
    theme: &pdf::Theme,
    assessment: &Assessment,
    document: &Document,
    format: Format,
) -> Result<Vec<Rendered>, Error> {
    if format == Format::Csv {
        let csv = |table| Rendered {
            file: csv_file(document, table),
            bytes: sheet::csv(table, &document.texts).into_bytes(),
        };
        return Ok(filled(document).into_iter().map(csv).collect());
    }
    let files = plan(document, format).into_iter();
    files.map(|file| Ok(Rendered { bytes: render(theme, assessment, document, &file)?, file })).collect()
}

/// Renders a planned file.
pub(crate) fn render(
    theme: &pdf::Theme,
    assessment: &Assessment,
    document: &Document,
    file: &Planned,
) -> Result<Vec<u8>, Error> {
    let id = &document.id;
    Ok(match file.format {
        Format::Html | Format::Oscal | Format::Fedramp => Vec::new(),
        Format::Pdf => pdf::render(document, theme).map_err(|source| Error::Pdf { id: id.clone(), source })?,
        Format::Md => markdown::render(document).into_bytes(),
        Format::Csv => {
            let table = filled(document).into_iter().find(|table| csv_file(document, table) == *file);
            table.map(|table| sheet::csv(table, &document.texts).into_bytes()).unwrap_or_default()
        }
        Format::Xlsx => sheet::workbook(document, &filled(document), assessment.as_of)?,
    })
}

fn filled(document: &Document) -> Vec<&document::Table> {
    let sheets = document.sheets.iter().filter_map(|block| match block {
        Block::Table(table) => Some(table),
        _ => None,
    });
    sheets.chain(document::tables(document)).filter(|table| !table.rows.is_empty()).collect()
}

fn pictures(documents: &[Document]) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for document in documents {
        walk(&document.blocks, &mut |block| {
            if let Block::Image { file, bytes, .. } = block {
                files.insert(format!("assets/{file}"), bytes.to_vec());
            }
        });
    }
    files
}

fn walk(blocks: &[Block], visit: &mut impl FnMut(&Block)) {
    for block in blocks {
        visit(block);
        match block {
            Block::List { items, .. } => items.iter().for_each(|item| walk(item, visit)),
            Block::Terms { items } => items.iter().for_each(|(_, item)| walk(item, visit)),
            Block::Quote { blocks } | Block::Callout { blocks, .. } => walk(blocks, visit),
            _ => {}
        }
    }
}

/// A wish names a document, or the folder that it is in.
fn wanted(id: &str, wish: &str) -> bool {
    id == wish || id.strip_prefix(wish).is_some_and(|rest| rest.starts_with('/'))
}

/// Keeps the wished documents; links to the others become plain text, since there is nothing to lead to.
///
/// # Errors
/// When a wish names none.
pub(crate) fn select(documents: Vec<Document>, wishes: &[String]) -> Result<Vec<Document>, Error> {
    if wishes.is_empty() {
        return Ok(documents);
    }
    for wish in wishes {
        if !documents.iter().any(|document| wanted(&document.id, wish)) {
            let known = documents.iter().map(|document| document.id.clone()).collect();
            return Err(Error::Unknown { wish: wish.clone(), known });
        }
    }
    let mut kept: Vec<Document> =
        documents.into_iter().filter(|document| wishes.iter().any(|wish| wanted(&document.id, wish))).collect();
    document::settle(&mut kept);
    Ok(kept)
}
