//! The structure tree: what a screen reader walks. Elements are made while blocks are laid out and take their place in
//! the reading order when their first content reaches a page.

use super::page::Elem;

/// Standard structure types of PDF 1.7, section 14.8.4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Document,
    Sect,
    Heading(u8),
    P,
    L,
    Li,
    Lbl,
    LBody,
    Table,
    Row,
    HeaderCell(Scope),
    Cell,
    Caption,
    Link,
    Figure,
    Code,
    BlockQuote,
    Toc,
    TocItem,
    Reference,
    Div,
    Form,
}

/// What a header cell heads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    Column,
    Row,
}

impl Role {
    /// Name in the file.
    pub(super) fn name(self) -> &'static str {
        match self {
            Role::Document => "Document",
            Role::Sect => "Sect",
            Role::Heading(1) => "H1",
            Role::Heading(2) => "H2",
            Role::Heading(3) => "H3",
            Role::Heading(4) => "H4",
            Role::Heading(5) => "H5",
            Role::Heading(_) => "H6",
            Role::P => "P",
            Role::L => "L",
            Role::Li => "LI",
            Role::Lbl => "Lbl",
            Role::LBody => "LBody",
            Role::Table => "Table",
            Role::Row => "TR",
            Role::HeaderCell(_) => "TH",
            Role::Cell => "TD",
            Role::Caption => "Caption",
            Role::Link => "Link",
            Role::Figure => "Figure",
            Role::Code => "Code",
            Role::BlockQuote => "BlockQuote",
            Role::Toc => "TOC",
            Role::TocItem => "TOCI",
            Role::Reference => "Reference",
            Role::Div => "Div",
            Role::Form => "Form",
        }
    }
}

/// A child of an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kid {
    Elem(Elem),
    /// Marked content on a page, by the page's number in order of layout.
    Content {
        page: u32,
        mark: u16,
    },
    /// An annotation, by its number in the document.
    Annotation(u32),
}

/// An element.
#[derive(Debug)]
pub(super) struct Element {
    pub role: Role,
    pub parent: Elem,
    pub kids: Vec<Kid>,
    pub columns: u16,
    pub rows: u16,
    pub alt: Option<Box<str>>,
    /// Left, top, right, bottom on its page, for figures.
    pub bounds: Option<[f32; 4]>,
    attached: bool,
}

/// All elements of a document; number 0 is the document itself.
#[derive(Debug)]
pub(super) struct Tags {
    pub elements: Vec<Element>,
}

impl Tags {
    pub(super) const ROOT: Elem = Elem(0);

    pub(super) fn new() -> Self {
        let root = Element {
            role: Role::Document,
            parent: Elem::ARTIFACT,
            kids: Vec::new(),
            columns: 1,
            rows: 1,
            alt: None,
            bounds: None,
            attached: true,
        };
        Self { elements: vec![root] }
    }

    /// A new element below `parent`; below an artifact everything is one.
    pub(super) fn add(&mut self, role: Role, parent: Elem) -> Elem {
        if parent == Elem::ARTIFACT {
            return Elem::ARTIFACT;
        }
        let elem = Elem(self.elements.len() as u32);
        self.elements.push(Element {
            role,
            parent,
            kids: Vec::new(),
            columns: 1,
            rows: 1,
            alt: None,
            bounds: None,
            attached: false,
        });
        elem
    }

    pub(super) fn get_mut(&mut self, elem: Elem) -> Option<&mut Element> {
        self.elements.get_mut(elem.0 as usize)
    }

    /// Gives the element, and those it lies in, their place in the reading order.
    pub(super) fn attach(&mut self, elem: Elem) {
        let Some(element) = self.elements.get_mut(elem.0 as usize) else { return };
        if element.attached {
            return;
        }
        element.attached = true;
        let parent = element.parent;
        self.attach(parent);
        if let Some(parent) = self.elements.get_mut(parent.0 as usize) {
            parent.kids.push(Kid::Elem(elem));
        }
    }

    /// Records content of the element.
    pub(super) fn content(&mut self, elem: Elem, kid: Kid) {
        self.attach(elem);
        if let Some(element) = self.elements.get_mut(elem.0 as usize) {
            element.kids.push(kid);
        }
    }
}
