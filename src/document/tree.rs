//! The block tree: what every renderer draws. Text in it is plain; each renderer escapes for its own format.
//!
//! The shape follows CommonMark with tables that can span, plus the few nodes that compliance documents need: status
//! badges, call-outs, diagrams and blank forms.

use std::sync::Arc;

use chrono::NaiveDate;
use serde::Serialize;

use super::{scene::Scene, texts::Texts};
use crate::workspace::Paper;

/// One document, complete and self-contained.
#[derive(Debug, Clone, Serialize)]
pub struct Document {
    /// File stem under the output folder, with `/` for sub-folders: `ssp`, `team/platform`.
    pub id: String,
    /// Title.
    pub title: String,
    /// Line below the title: the system's name, the team's.
    pub subtitle: String,
    /// One sentence on what it is and for whom; shown on the index page and as PDF subject.
    pub summary: String,
    /// BCP 47 language tag.
    pub language: String,
    /// What renderers say around the blocks, in this language.
    #[serde(skip)]
    pub texts: Arc<Texts>,
    /// Paper and orientation of the first section.
    pub paper: Paper,
    /// Document control, printed on the cover.
    pub control: ControlBlock,
    /// What bent this document (DESIGN rule 6); empty means nothing did.
    pub disclosures: Vec<Disclosure>,
    /// Body. Headings start at level 1; the title is not among them.
    pub blocks: Vec<Block>,
    /// Tables too wide for a page, which only spreadsheets have.
    pub sheets: Vec<Block>,
}

/// Document control as printed: dates and names already as text in the document's language.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ControlBlock {
    /// Organisation name.
    pub organisation: String,
    /// Document identifier.
    pub identifier: String,
    /// Version.
    pub version: String,
    /// Author's name.
    pub author: String,
    /// Document owner's name.
    pub owner: String,
    /// Approver's name.
    pub approver: String,
    /// Approval date; `None` makes the document a draft.
    pub approved: Option<NaiveDate>,
    /// Next review date.
    pub next_review: Option<NaiveDate>,
    /// Who may have it.
    pub distribution: String,
    /// How long it is kept.
    pub retention: String,
    /// Marking in every footer.
    pub classification: String,
    /// Revision table: version, date, author, change.
    pub revisions: Vec<[String; 4]>,
    /// Time that fixes the content (`--as-of`, else `SOURCE_DATE_EPOCH`, else the newest snapshot's end), as text.
    pub as_of: String,
    /// Evidence it rests on, one line a snapshot: cluster, time, `collected`, `supplied` or `sample`, digest. No line in a
    /// plan; `None` where the document shows no evidence on purpose, since it is handed out.
    pub evidence: Option<Vec<String>>,
}

impl ControlBlock {
    /// No recorded approval: every page says DRAFT.
    pub fn is_draft(&self) -> bool {
        self.approved.is_none()
    }
}

/// Something that bent a document.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Disclosure {
    /// What it is called: `sample evidence`, `supplied evidence`, `check disabled`, `severity changed`, `template overridden`, `exceptions in force`.
    pub what: String,
    /// Which one and why.
    pub detail: String,
    /// What kind.
    pub kind: Influence,
}

/// What bends a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Influence {
    /// Evidence that was not collected from the cluster: decides what all the rest is worth.
    Evidence,
    /// A check, policy or exception: what was asked, and what was accepted.
    Judgement,
    /// A template or text of the workspace's own.
    Wording,
}

/// A block.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "block")]
pub enum Block {
    /// A heading. `id` is unique within the document and stable across builds.
    Heading {
        /// 1 to 6.
        level: u8,
        /// Anchor.
        id: String,
        /// Text.
        text: Vec<Inline>,
    },
    /// A paragraph.
    Paragraph {
        /// Text.
        text: Vec<Inline>,
    },
    /// A bulleted or numbered list.
    List {
        /// First number of a numbered list; `None` for bullets.
        start: Option<u64>,
        /// Items, each a sequence of blocks.
        items: Vec<Vec<Block>>,
    },
    /// A list of terms and their details, drawn as two columns: `Owner — Ada Lovelace`.
    Terms {
        /// Term and what it stands for.
        items: Vec<(Vec<Inline>, Vec<Block>)>,
    },
    /// A table.
    Table(Table),
    /// Preformatted text.
    Code {
        /// Language tag, may be empty.
        language: String,
        /// Text with line feeds.
        text: String,
    },
    /// A quotation.
    Quote {
        /// What is quoted.
        blocks: Vec<Block>,
    },
    /// A boxed remark.
    Callout {
        /// Which kind.
        kind: Callout,
        /// Title; empty means the kind's own name.
        title: Vec<Inline>,
        /// Body.
        blocks: Vec<Block>,
    },
    /// A drawing.
    Diagram(Diagram),
    /// A raster or vector picture from the workspace.
    Image {
        /// File below the output's `assets/`.
        file: String,
        /// Text alternative.
        alt: String,
        /// Content.
        #[serde(skip)]
        bytes: Arc<[u8]>,
    },
    /// Questions to be filled in on paper or as a PDF.
    Form(Form),
    /// A horizontal rule.
    Rule,
    /// The next block starts a new page in PDF and print.
    PageBreak,
}

/// Kinds of call-out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Callout {
    Note,
    Important,
    Warning,
}

/// Inline text.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "inline")]
pub enum Inline {
    /// Plain text.
    Text {
        /// The text.
        text: String,
    },
    /// Strong emphasis.
    Strong {
        /// What is emphasised.
        text: Vec<Inline>,
    },
    /// Emphasis.
    Emphasis {
        /// What is emphasised.
        text: Vec<Inline>,
    },
    /// A name of the machine: paths, object names, TOML keys.
    Code {
        /// The text.
        text: String,
    },
    /// A link.
    Link {
        /// Where to.
        target: Target,
        /// Text.
        text: Vec<Inline>,
    },
    /// A status that does not rely on colour alone.
    Badge {
        /// Decides colour and symbol.
        tone: Tone,
        /// Text.
        text: String,
    },
    /// A team, drawn in its colour.
    Team {
        /// Index into the workspace's teams, which decides the colour in all documents.
        index: usize,
        /// Name.
        text: String,
    },
    /// A forced line break.
    Break,
}

impl Inline {
    /// Plain text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into() }
    }

    /// A name of the machine.
    pub fn code(text: impl Into<String>) -> Self {
        Self::Code { text: text.into() }
    }
}

/// Where a link leads. Only these; every other scheme was refused when the tree was built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// An anchor in the same document.
    Anchor(String),
    /// A document of the same build, by its id, and an anchor in it.
    Document(String, Option<String>),
    /// `https:`, `http:`, `mailto:` or `tel:`.
    Url(String),
}

/// Tone of a badge; each has its own symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tone {
    /// Fine: pass, implemented, inside.
    Good,
    /// Bad news: fail.
    Bad,
    /// Needs attention: stale, partial, expiring.
    Caution,
    /// Not seen: forbidden, not visible, not collected, manual.
    Unknown,
    /// Neither.
    Neutral,
}

/// A table. Every row's cells, with their spans, cover `columns.len()` columns.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Table {
    /// Stable anchor, unique within the document.
    pub id: String,
    /// Caption; also the name in the list of tables and of the CSV or sheet.
    pub caption: String,
    /// Columns, left to right.
    pub columns: Vec<Column>,
    /// Header rows; repeated on every page. Usually one, two where columns are grouped.
    pub head: Vec<Row>,
    /// Body rows.
    pub rows: Vec<Row>,
    /// What the table rests on: source paths, time, completeness; printed small below it.
    pub source: Vec<Inline>,
    /// Said instead of the table when it has no rows: why it is empty.
    pub empty: Vec<Inline>,
    /// Wider than a portrait page can hold: the PDF puts it on landscape pages.
    pub landscape: bool,
    /// Header cells of columns marked `narrow` are set upright (rotated) where they do not fit.
    pub rotate_heads: bool,
    /// Too wide for any page: only spreadsheets have it.
    pub sheet_only: bool,
}

/// A column.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Column {
    /// Alignment.
    pub align: Align,
    /// Holds a letter or a number: never wider than its content.
    pub narrow: bool,
    /// Its cells name the row (`<th scope="row">`).
    pub header: bool,
    /// Relative wish for width among the columns that wrap; 0 means by content.
    pub weight: u16,
}

/// Alignment within a column.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Align {
    #[default]
    Start,
    Center,
    End,
}

/// A row.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Row {
    /// Anchor, where something links to the row.
    pub id: Option<String>,
    /// A group's heading: one cell across all columns, kept with the row after it.
    pub group: bool,
    /// Cells.
    pub cells: Vec<Cell>,
}

/// A cell.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cell {
    /// Content; one paragraph mostly.
    pub blocks: Vec<Block>,
    /// Columns covered.
    pub columns: u16,
    /// Rows covered.
    pub rows: u16,
}

impl Cell {
    /// A cell with one paragraph.
    pub fn new(text: Vec<Inline>) -> Self {
        Self { blocks: if text.is_empty() { Vec::new() } else { vec![Block::Paragraph { text }] }, columns: 1, rows: 1 }
    }

    /// A cell with plain text.
    pub fn text(text: impl Into<String>) -> Self {
        let text = text.into();
        Self::new(if text.is_empty() { Vec::new() } else { vec![Inline::Text { text }] })
    }
}

/// A drawing with its text alternative.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Diagram {
    /// Anchor.
    pub id: String,
    /// Caption.
    pub caption: String,
    /// Long text alternative: everything the drawing says.
    pub alt: String,
    /// What is drawn.
    pub scene: Scene,
    /// Wider than high: the PDF may turn the page.
    pub landscape: bool,
}

/// A printable form: numbered questions with room for answers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Form {
    /// Anchor.
    pub id: String,
    /// What names of fields in a fillable PDF begin with, the checklist's identifier: `provider` for `provider.T-04.answer`.
    pub name: String,
    /// Questions.
    pub questions: Vec<Question>,
}

/// One question of a form.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Question {
    /// Stable identifier, printed: `T-04`.
    pub id: String,
    /// The question.
    pub text: Vec<Inline>,
    /// Why it is asked, or what a good answer shows.
    pub hint: Vec<Inline>,
    /// Controls it serves, printed small.
    pub controls: Vec<Inline>,
    /// How it is answered.
    pub answer: Answer,
    /// Answer already known, printed in place.
    pub given: Option<String>,
}

/// How a question is answered. Every kind also has a line for evidence and remarks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// Boxes: yes, no, not applicable.
    YesNo,
    /// Free text of about this many lines.
    Text(u8),
    /// A date.
    Date,
    /// One of these.
    Choice(Vec<String>),
}
