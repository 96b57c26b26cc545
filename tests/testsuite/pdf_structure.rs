//! PDF/UA-1 and PDF/A-2a as far as the structure of a file shows them: what a screen reader walks, what an archive asks for,
//! and what a form must have. Every document of the first starter and the hand-made sample are looked at object by object.

use std::collections::{BTreeMap, BTreeSet};

use lopdf::{Dictionary, Document, Object, ObjectId, content::Content};
use rayon::prelude::*;
use scopefence::pdf::{Theme, render};

use crate::{pdf_sample, support};

/// Operators that leave something on the page (PDF 1.7, annex A).
const PAINTING: [&str; 16] = ["Tj", "TJ", "'", "\"", "f", "F", "f*", "B", "B*", "b", "b*", "S", "s", "Do", "sh", "EI"];

/// Structure types that these documents use, all of them standard (PDF 1.7, section 14.8.4).
const ROLES: [&str; 27] = [
    "Document",
    "Sect",
    "Div",
    "BlockQuote",
    "Caption",
    "TOC",
    "TOCI",
    "P",
    "H1",
    "H2",
    "H3",
    "H4",
    "H5",
    "H6",
    "L",
    "LI",
    "Lbl",
    "LBody",
    "Table",
    "TR",
    "TH",
    "TD",
    "Span",
    "Reference",
    "Link",
    "Figure",
    "Form",
];

/// Actions that neither standard allows in these documents.
const ACTIONS: [&str; 11] = [
    "JavaScript",
    "Launch",
    "Sound",
    "Movie",
    "ResetForm",
    "ImportData",
    "Hide",
    "SetOCGState",
    "Rendition",
    "Trans",
    "SubmitForm",
];

/// A file being looked at, and what is wrong with it.
struct Look<'f> {
    file: &'f Document,
    wrong: Vec<String>,
    /// Numbers of marked contents by page, as the content streams have them.
    marks: BTreeMap<ObjectId, BTreeSet<i64>>,
    /// The parent tree.
    parents: BTreeMap<i64, Object>,
    /// Elements in reading order, and where each annotation came in it.
    elements: Vec<ObjectId>,
    claimed: BTreeMap<ObjectId, (ObjectId, usize)>,
}

/// What is wrong with a file, in words; nothing if it keeps to both standards.
fn wrong(file: &Document) -> Vec<String> {
    let mut look = Look {
        file,
        wrong: Vec::new(),
        marks: BTreeMap::new(),
        parents: BTreeMap::new(),
        elements: Vec::new(),
        claimed: BTreeMap::new(),
    };
    look.catalog();
    look.objects();
    look.pages();
    look.tree();
    look.annotations();
    look.form();
    look.wrong
}

fn name<'d>(dict: &'d Dictionary, key: &str) -> &'d str {
    dict.get(key.as_bytes()).and_then(Object::as_name).map_or("", |name| std::str::from_utf8(name).unwrap_or(""))
}

fn number(dict: &Dictionary, key: &str) -> Option<i64> {
    dict.get(key.as_bytes()).and_then(Object::as_i64).ok()
}

fn says_something(dict: &Dictionary, key: &str) -> bool {
    dict.get(key.as_bytes()).and_then(Object::as_str).is_ok_and(|text| !text.is_empty())
}

impl<'f> Look<'f> {
    fn expect(&mut self, holds: bool, wrong: impl FnOnce() -> String) {
        if !holds {
            self.wrong.push(wrong());
        }
    }

    /// An object with references followed.
    fn follow(&self, object: &'f Object) -> &'f Object {
        match object {
            Object::Reference(id) => self.file.get_object(*id).unwrap_or(&Object::Null),
            own => own,
        }
    }

    fn at(&self, dict: &'f Dictionary, key: &str) -> &'f Object {
        dict.get(key.as_bytes()).map_or(&Object::Null, |object| self.follow(object))
    }

    fn dict(&self, dict: &'f Dictionary, key: &str) -> Option<&'f Dictionary> {
        match self.at(dict, key) {
            Object::Dictionary(dict) => Some(dict),
            Object::Stream(stream) => Some(&stream.dict),
            _ => None,
        }
    }

    /// A value that may stand alone or in an array.
    fn list(&self, dict: &'f Dictionary, key: &str) -> Vec<&'f Object> {
        match dict.get(key.as_bytes()) {
            Ok(Object::Array(array)) => array.iter().collect(),
            Ok(Object::Reference(id)) => match self.file.get_object(*id) {
                Ok(Object::Array(array)) => array.iter().collect(),
                _ => dict.get(key.as_bytes()).into_iter().collect(),
            },
            Ok(one) => vec![one],
            Err(_) => Vec::new(),
        }
    }

    fn catalog(&mut self) {
        let catalog = self.file.catalog().expect("has a catalog");
        self.expect(says_something(catalog, "Lang"), || "no language".to_owned());
        let flag = |look: &Self, outer: &str, key: &str| {
            look.dict(catalog, outer)
                .is_some_and(|dict| dict.get(key.as_bytes()).and_then(Object::as_bool).unwrap_or(false))
        };
        for (outer, key) in [("MarkInfo", "Marked"), ("ViewerPreferences", "DisplayDocTitle")] {
            let holds = flag(self, outer, key);
            self.expect(holds, || format!("{outer} without {key}"));
        }
        for key in ["AA", "OpenAction", "OCProperties", "Requirements", "Perms"] {
            self.expect(!catalog.has(key.as_bytes()), || format!("the catalog has {key}"));
        }
        let intents = self.list(catalog, "OutputIntents");
        let intent = intents.first().and_then(|intent| self.follow(intent).as_dict().ok());
        let profile = intent.and_then(|intent| self.dict(intent, "DestOutputProfile"));
        let holds = intent.is_some_and(|intent| name(intent, "S") == "GTS_PDFA1")
            && profile.is_some_and(|profile| number(profile, "N") == Some(3));
        self.expect(holds, || "no output intent with a profile of three colours".to_owned());
        match self.at(catalog, "Metadata") {
            Object::Stream(stream) => {
                let packet = String::from_utf8_lossy(&stream.content).into_owned();
                self.expect(!stream.dict.has(b"Filter"), || "the metadata is compressed".to_owned());
                for wanted in [
                    "<pdfaid:part>2</pdfaid:part>",
                    "<pdfaid:conformance>A</pdfaid:conformance>",
                    "<pdfuaid:part>1</pdfuaid:part>",
                    "<dc:title>",
                    "<dc:language>",
                ] {
                    self.expect(packet.contains(wanted), || format!("the metadata lacks {wanted}"));
                }
            }
            _ => self.wrong.push("no metadata".to_owned()),
        }
        let trailer = &self.file.trailer;
        self.expect(!trailer.has(b"Encrypt"), || "encrypted".to_owned());
        let id = trailer.get(b"ID").and_then(Object::as_array).map(Vec::as_slice).unwrap_or_default();
        let holds = matches!(id, [first, second] if first == second && first.as_str().is_ok_and(|id| id.len() == 16));
        self.expect(holds, || "no identifier".to_owned());
    }

    /// What no object may have.
    fn objects(&mut self) {
        let file = self.file;
        for (id, object) in &file.objects {
            let dict = match object {
                Object::Dictionary(dict) => dict,
                Object::Stream(stream) => &stream.dict,
                _ => continue,
            };
            for key in ["JS", "AA", "XFA", "PieceInfo", "Alternates", "OPI", "Ref", "PS", "TR", "HTP"] {
                self.expect(!dict.has(key.as_bytes()), || format!("{id:?} has {key}"));
            }
            let actions = [Some(dict), self.dict(dict, "A"), self.dict(dict, "Next")];
            for kind in actions.into_iter().flatten().map(|action| name(action, "S")) {
                self.expect(!ACTIONS.contains(&kind), || format!("{id:?} has the action {kind}"));
            }
            if object.as_stream().is_ok() {
                let filters = self.list(dict, "Filter");
                let lzw = filters.iter().any(|filter| filter.as_name().is_ok_and(|name| name == b"LZWDecode"));
                self.expect(!lzw, || format!("{id:?} is packed with LZW"));
                self.expect(!dict.has(b"F"), || format!("{id:?} lies outside the file"));
                let smoothed = dict.get(b"Interpolate").and_then(Object::as_bool).unwrap_or(false);
                self.expect(!smoothed, || format!("{id:?} is interpolated"));
            }
            for key in ["CA", "ca"] {
                let value = dict.get(key.as_bytes()).and_then(Object::as_float).unwrap_or(1.0);
                self.expect(value == 1.0, || format!("{id:?} is transparent"));
            }
            match (name(dict, "Type"), name(dict, "Subtype")) {
                ("Font", "Type0" | "TrueType") => {
                    self.expect(dict.has(b"ToUnicode"), || format!("the font {id:?} has no map to text"));
                }
                ("Font", "CIDFontType2") => {}
                ("Font", other) => self.wrong.push(format!("{id:?} is a font of the kind {other:?}")),
                ("FontDescriptor", _) => {
                    let program = self.at(dict, "FontFile2").as_stream().is_ok();
                    self.expect(program, || format!("the font {id:?} is not embedded"));
                }
                _ => {}
            }
        }
    }

    /// Every mark on a page is an artifact or belongs to an element.
    fn pages(&mut self) {
        let file = self.file;
        for (at, id) in file.get_pages() {
            let page = file.get_dictionary(id).expect("a page");
            self.expect(name(page, "Tabs") == "S", || format!("page {at}: tabs do not follow the structure"));
            self.expect(page.has(b"StructParents"), || format!("page {at} is not in the parent tree"));
            let content = Content::decode(&file.get_page_content(id)).expect("operations");
            let mut open: Vec<bool> = Vec::new();
            let mut seen = BTreeSet::new();
            for operation in &content.operations {
                match operation.operator.as_str() {
                    "BMC" | "BDC" => {
                        let tag = operation.operands.first().and_then(|tag| tag.as_name().ok()).unwrap_or_default();
                        let mark = operation.operands.get(1).and_then(|map| map.as_dict().ok());
                        let mark = mark.and_then(|map| number(map, "MCID"));
                        if let Some(mark) = mark {
                            self.expect(seen.insert(mark), || format!("page {at}: mark {mark} occurs twice"));
                        }
                        self.expect(open.is_empty(), || format!("page {at}: marked content in marked content"));
                        open.push(tag == b"Artifact" || mark.is_some());
                    }
                    "EMC" => {
                        let was = open.pop().is_some();
                        self.expect(was, || format!("page {at}: an end without a beginning"));
                    }
                    operator if PAINTING.contains(&operator) => {
                        let known = open.last() == Some(&true);
                        self.expect(known, || format!("page {at}: {operator} is neither content nor artifact"));
                    }
                    _ => {}
                }
            }
            self.expect(open.is_empty(), || format!("page {at}: marked content does not end"));
            self.marks.insert(id, seen);
        }
    }

    fn tree(&mut self) {
        let catalog = self.file.catalog().expect("has a catalog");
        let Ok(Object::Reference(root_id)) = catalog.get(b"StructTreeRoot") else {
            return self.wrong.push("no structure tree".to_owned());
        };
        let root = self.file.get_dictionary(*root_id).expect("a root");
        let parents = self.dict(root, "ParentTree").map(|tree| self.list(tree, "Nums")).unwrap_or_default();
        for pair in parents.chunks(2) {
            if let [key, value] = pair {
                self.parents.insert(key.as_i64().expect("a number"), (*value).clone());
            }
        }
        let next = number(root, "ParentTreeNextKey").unwrap_or(0);
        let last = self.parents.keys().next_back().copied().unwrap_or(-1);
        self.expect(next > last, || "the parent tree's next key is taken".to_owned());
        let mut claims: BTreeMap<(ObjectId, i64), ObjectId> = BTreeMap::new();
        let top = root.get(b"K").and_then(Object::as_reference).expect("one document");
        self.expect(name(self.file.get_dictionary(top).expect("is there"), "S") == "Document", || {
            "the root is no document".to_owned()
        });
        self.element(top, *root_id, &mut claims);
        // Both ways: pages to elements.
        for (page, marks) in self.marks.clone() {
            let entry = self.file.get_dictionary(page).expect("a page");
            let owners = number(entry, "StructParents").and_then(|key| self.parents.get(&key)).cloned();
            let owners = match owners {
                Some(Object::Reference(id)) => self.file.get_object(id).ok().cloned(),
                other => other,
            };
            let owners = owners.and_then(|owners| owners.as_array().ok().cloned()).unwrap_or_default();
            self.expect(owners.len() == marks.len(), || {
                format!("{page:?}: {} owners, {} marks", owners.len(), marks.len())
            });
            for mark in marks {
                let owner = owners.get(mark as usize).and_then(|owner| owner.as_reference().ok());
                let claim = claims.remove(&(page, mark));
                self.expect(owner.is_some() && owner == claim, || {
                    format!("{page:?}: mark {mark} is of {owner:?} and claimed by {claim:?}")
                });
            }
        }
        self.expect(claims.is_empty(), || format!("{} contents are on no page", claims.len()));
        self.headings();
    }

    fn role(&self, id: ObjectId) -> &'f str {
        self.file.get_dictionary(id).map_or("", |element| name(element, "S"))
    }

    /// Kids of an element that are elements.
    fn kids(&self, id: ObjectId) -> Vec<ObjectId> {
        let Ok(element) = self.file.get_dictionary(id) else { return Vec::new() };
        self.list(element, "K").into_iter().filter_map(|kid| kid.as_reference().ok()).collect()
    }

    fn element(&mut self, id: ObjectId, parent: ObjectId, claims: &mut BTreeMap<(ObjectId, i64), ObjectId>) {
        let element = self.file.get_dictionary(id).expect("an element");
        let role = name(element, "S");
        self.elements.push(id);
        self.expect(ROLES.contains(&role) || role == "Code", || format!("{id:?} is a {role:?}"));
        let own = element.get(b"P").and_then(Object::as_reference).ok();
        self.expect(own == Some(parent), || format!("{role} {id:?} lies in {parent:?} and says {own:?}"));
        let page = element.get(b"Pg").and_then(Object::as_reference).ok();
        for kid in self.list(element, "K") {
            match kid {
                Object::Reference(kid) => self.element(*kid, id, claims),
                Object::Integer(mark) => {
                    let taken = page.and_then(|page| claims.insert((page, *mark), id));
                    self.expect(page.is_some() && taken.is_none(), || format!("{role} {id:?}: mark {mark} is lost"));
                }
                Object::Dictionary(kid) => {
                    let page = kid.get(b"Pg").and_then(Object::as_reference).ok().or(page);
                    match (name(kid, "Type"), page) {
                        ("MCR", Some(page)) => {
                            claims.insert((page, number(kid, "MCID").unwrap_or(-1)), id);
                        }
                        ("OBJR", Some(page)) => {
                            let annotation = kid.get(b"Obj").and_then(Object::as_reference).unwrap_or((0, 0));
                            let order = self.claimed.len();
                            self.claimed.insert(annotation, (id, order));
                            let there = self.annotations_of(page).contains(&annotation);
                            self.expect(there, || format!("{role} {id:?}: {annotation:?} is not on its page"));
                        }
                        other => self.wrong.push(format!("{role} {id:?} holds {other:?}")),
                    }
                }
                other => self.wrong.push(format!("{role} {id:?} holds {other:?}")),
            }
        }
        let inside: Vec<&str> = self.kids(id).into_iter().map(|kid| self.role(kid)).collect();
        let only = |allowed: &[&str]| inside.iter().all(|kid| allowed.contains(kid));
        let holds = match role {
            "Table" => only(&["Caption", "TR"]) && inside.contains(&"TR"),
            "TR" => only(&["TH", "TD"]),
            "L" => only(&["LI"]),
            "LI" => only(&["Lbl", "LBody"]),
            "TOC" => only(&["TOCI"]),
            "Figure" => says_something(element, "Alt"),
            _ => true,
        };
        self.expect(holds, || format!("{role} {id:?} holds {inside:?}, or lacks a text alternative"));
        match role {
            "Table" => self.table(id),
            "Link" | "Form" => {
                let leads = self.claimed.values().any(|(owner, _)| *owner == id);
                self.expect(leads, || format!("{role} {id:?} has no annotation"));
            }
            "TR" | "TH" | "TD" | "LI" | "LBody" | "Lbl" => {
                let outer = self.role(parent);
                let holds = match role {
                    "TR" => outer == "Table",
                    "TH" | "TD" => outer == "TR",
                    "LI" => outer == "L",
                    _ => outer == "LI",
                };
                self.expect(holds, || format!("{role} {id:?} lies in {outer}"));
            }
            _ => {}
        }
    }

    /// Every cell of the grid is covered once, and header cells say what they head.
    fn table(&mut self, id: ObjectId) {
        let mut open: Vec<i64> = Vec::new();
        let mut width = None;
        let rows: Vec<ObjectId> = self.kids(id).into_iter().filter(|kid| self.role(*kid) == "TR").collect();
        for (at, row) in rows.into_iter().enumerate() {
            let mut column = 0;
            for cell in self.kids(row) {
                let dict = self.file.get_dictionary(cell).expect("a cell");
                let attributes = self.dict(dict, "A");
                if name(dict, "S") == "TH" {
                    let scope = attributes.map_or("", |attributes| name(attributes, "Scope"));
                    self.expect(matches!(scope, "Row" | "Column" | "Both"), || format!("{cell:?} heads nothing"));
                }
                let span = |key| attributes.and_then(|attributes| number(attributes, key)).unwrap_or(1).max(1);
                while open.get(column).is_some_and(|rows| *rows > 0) {
                    column += 1;
                }
                for _ in 0..span("ColSpan") {
                    if open.len() <= column {
                        open.resize(column + 1, 0);
                    }
                    let free = open[column] == 0;
                    self.expect(free, || format!("table {id:?}, row {at}: cells overlap"));
                    open[column] = span("RowSpan");
                    column += 1;
                }
            }
            let covered = open.iter().filter(|rows| **rows > 0).count();
            let wide = *width.get_or_insert(covered);
            self.expect(covered == wide, || format!("table {id:?}: row {at} has {covered} columns of {wide}"));
            open.iter_mut().for_each(|rows| *rows -= 1);
            open.iter_mut().for_each(|rows| *rows = (*rows).max(0));
        }
        self.expect(open.iter().all(|rows| *rows == 0), || format!("table {id:?}: a cell reaches below the last row"));
    }

    fn headings(&mut self) {
        let mut level = 0;
        for id in self.elements.clone() {
            let own = self.role(id).strip_prefix('H').and_then(|level| level.parse::<u8>().ok());
            if let Some(own) = own {
                self.expect(own <= level + 1, || {
                    format!("{id:?}: a heading of level {own} after one of level {level}")
                });
                level = own;
            }
        }
    }

    fn annotations_of(&self, page: ObjectId) -> Vec<ObjectId> {
        let Ok(page) = self.file.get_dictionary(page) else { return Vec::new() };
        self.list(page, "Annots").into_iter().filter_map(|id| id.as_reference().ok()).collect()
    }

    fn annotations(&mut self) {
        for (at, page) in self.file.get_pages() {
            let mut before = None;
            for id in self.annotations_of(page) {
                let annotation = self.file.get_dictionary(id).expect("an annotation");
                let kind = name(annotation, "Subtype");
                let claim = self.claimed.get(&id).copied();
                let owner = number(annotation, "StructParent").and_then(|key| self.parents.get(&key)).cloned();
                let owner = owner.and_then(|owner| owner.as_reference().ok());
                self.expect(owner.is_some() && owner == claim.map(|claim| claim.0), || {
                    format!("page {at}: {kind} {id:?} is of {owner:?} and claimed by {claim:?}")
                });
                self.expect(number(annotation, "F") == Some(4), || format!("page {at}: {kind} {id:?} is not printed"));
                let role = claim.map_or("", |(element, _)| self.role(element));
                match kind {
                    "Link" => {
                        self.expect(role == "Link", || format!("page {at}: link {id:?} is a {role}"));
                        self.expect(says_something(annotation, "Contents"), || {
                            format!("page {at}: link {id:?} is mute")
                        });
                    }
                    "Widget" => {
                        self.expect(role == "Form", || format!("page {at}: field {id:?} is a {role}"));
                        self.expect(says_something(annotation, "TU"), || format!("page {at}: field {id:?} is mute"));
                        self.expect(!annotation.has(b"A"), || format!("page {at}: field {id:?} acts"));
                        let own = annotation.get(b"P").and_then(Object::as_reference).ok();
                        self.expect(own == Some(page), || format!("page {at}: field {id:?} is of another page"));
                    }
                    other => self.wrong.push(format!("page {at}: {id:?} is a {other}")),
                }
                // The tab key goes through a page in reading order, whatever a viewer goes by.
                let order = claim.map(|claim| claim.1);
                self.expect(before <= order, || format!("page {at}: {id:?} is out of order"));
                before = order;
            }
        }
    }

    fn form(&mut self) {
        let catalog = self.file.catalog().expect("has a catalog");
        let Some(form) = self.dict(catalog, "AcroForm") else {
            let widgets = self.elements.iter().filter(|element| self.role(**element) == "Form").count();
            return self.expect(widgets == 0, || "fields without a form".to_owned());
        };
        for key in ["NeedAppearances", "SigFlags", "CO", "XFA"] {
            self.expect(!form.has(key.as_bytes()), || format!("the form has {key}"));
        }
        let fonts: Vec<String> = self
            .dict(form, "DR")
            .and_then(|resources| self.dict(resources, "Font"))
            .map(|fonts| fonts.iter().map(|(name, _)| format!("/{} ", String::from_utf8_lossy(name))).collect())
            .unwrap_or_default();
        let mut names = BTreeSet::new();
        for root in self.list(form, "Fields") {
            self.field(root.as_reference().expect("a field"), None, "", &fonts, &mut names);
        }
    }

    fn field(
        &mut self,
        id: ObjectId,
        parent: Option<ObjectId>,
        outer: &str,
        fonts: &[String],
        names: &mut BTreeSet<String>,
    ) {
        let field = self.file.get_dictionary(id).expect("a field");
        let own = String::from_utf8_lossy(field.get(b"T").and_then(Object::as_str).unwrap_or_default()).into_owned();
        let full = if outer.is_empty() { own.clone() } else { format!("{outer}.{own}") };
        self.expect(!own.is_empty() && !own.contains('.'), || format!("{id:?} is called {own:?}"));
        self.expect(names.insert(full.clone()), || format!("{full} occurs twice"));
        let said = field.get(b"Parent").and_then(Object::as_reference).ok();
        self.expect(said == parent, || format!("{full} lies in {parent:?} and says {said:?}"));
        self.expect(!field.has(b"V"), || format!("{full} is not blank"));
        let kids: Vec<ObjectId> =
            self.list(field, "Kids").into_iter().filter_map(|kid| kid.as_reference().ok()).collect();
        match name(field, "FT") {
            "" => kids.into_iter().for_each(|kid| self.field(kid, Some(id), &full, fonts, names)),
            "Btn" => {
                self.expect(says_something(field, "TU"), || format!("{full} is mute"));
                let mut values = BTreeSet::new();
                for kid in kids {
                    let widget = self.file.get_dictionary(kid).expect("a box");
                    self.expect(name(widget, "AS") == "Off", || format!("{full} is ticked"));
                    let states = self.dict(widget, "AP").and_then(|looks| self.dict(looks, "N"));
                    let states: Vec<String> = states
                        .map(|states| {
                            states.iter().map(|(name, _)| String::from_utf8_lossy(name).into_owned()).collect()
                        })
                        .unwrap_or_default();
                    let value = states.iter().find(|state| *state != "Off").cloned().unwrap_or_default();
                    let holds = states.len() == 2 && states.iter().any(|state| state == "Off") && values.insert(value);
                    self.expect(holds, || format!("{full} has the states {states:?}"));
                }
            }
            "Tx" | "Ch" => {
                let look = self.dict(field, "AP").map(|looks| self.at(looks, "N"));
                let holds = look.is_some_and(|look| look.as_stream().is_ok());
                self.expect(holds, || format!("{full} has no appearance"));
                let look = field.get(b"DA").and_then(Object::as_str).unwrap_or_default();
                let look = String::from_utf8_lossy(look).into_owned();
                let known = fonts.iter().any(|font| look.contains(font.as_str()));
                self.expect(known, || format!("{full} is set in {look}, which {fonts:?} lack"));
            }
            other => self.wrong.push(format!("{full} is a {other}")),
        }
    }
}

fn sample() -> Document {
    let bytes = render(&pdf_sample::document(), &Theme::default()).expect("renders");
    Document::load_mem(&bytes).expect("is a file that lopdf reads")
}

fn assert_sound(title: &str, file: &Document) {
    let wrong = wrong(file);
    let shown: Vec<&str> = wrong.iter().take(12).map(String::as_str).collect();
    assert!(wrong.is_empty(), "{title}: {} things are wrong, among them\n{}", wrong.len(), shown.join("\n"));
}

#[test]
fn the_sample_keeps_to_both_standards() {
    assert_sound("sample", &sample());
}

#[test]
fn every_document_of_a_starter_keeps_to_both_standards() {
    let folder = tempfile::tempdir().expect("a folder");
    let done = support::scopefence()
        .args(["build", "--format", "pdf", "--evidence"])
        .arg(support::checkout("scopes/samples/platform.snapshot.jsonl.zst"))
        .arg("--out")
        .arg(folder.path())
        .arg(support::checkout("scopes/compliant-kubernetes"))
        .output()
        .expect("runs");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let mut files = Vec::new();
    for folder in [folder.path().to_owned(), folder.path().join("team"), folder.path().join("matrix")] {
        let entries = std::fs::read_dir(folder).expect("is there").map(|entry| entry.expect("is there").path());
        files.extend(entries.filter(|path| path.extension().is_some_and(|extension| extension == "pdf")));
    }
    assert!(files.len() > 15, "{files:?}");
    files.par_iter().for_each(|path| {
        let file = Document::load(path).expect("is a file that lopdf reads");
        assert_sound(&path.display().to_string(), &file);
        let form = file.catalog().expect("has a catalog").has(b"AcroForm");
        assert_eq!(form, path.ends_with("provider-audit.pdf"), "{}", path.display());
    });
}

/// Each way to spoil the file is found by its words, so that a check that sees nothing does not pass for one that holds.
#[test]
fn what_spoils_a_file_is_found() {
    type Spoil = fn(&mut Dictionary) -> bool;
    let ways: [(&str, Spoil); 11] = [
        ("lacks a text alternative", |dict| name(dict, "S") == "Figure" && dict.remove(b"Alt").is_some()),
        ("heads nothing", |dict| name(dict, "S") == "TH" && dict.remove(b"A").is_some()),
        ("is mute", |dict| name(dict, "Subtype") == "Link" && dict.remove(b"Contents").is_some()),
        ("is mute", |dict| name(dict, "Subtype") == "Widget" && dict.remove(b"TU").is_some()),
        ("claimed by", |dict| name(dict, "Subtype") == "Widget" && dict.remove(b"StructParent").is_some()),
        ("is not in the parent tree", |dict| dict.remove(b"StructParents").is_some()),
        ("is not embedded", |dict| dict.remove(b"FontFile2").is_some()),
        ("has no map to text", |dict| name(dict, "Subtype") == "TrueType" && dict.remove(b"ToUnicode").is_some()),
        ("no language", |dict| dict.remove(b"Lang").is_some()),
        ("a heading of level", |dict| {
            let hit = name(dict, "S") == "H2";
            if hit {
                dict.set("S", "H5");
            }
            hit
        }),
        ("has no appearance", |dict| name(dict, "FT") == "Tx" && dict.remove(b"AP").is_some()),
    ];
    let file = sample();
    for (words, spoil) in ways {
        let mut spoilt = file.clone();
        let hit = spoilt.objects.values_mut().any(|object| match object {
            Object::Dictionary(dict) => spoil(dict),
            Object::Stream(stream) => spoil(&mut stream.dict),
            _ => false,
        });
        assert!(hit, "{words}: nothing to spoil");
        let found = wrong(&spoilt);
        assert!(found.iter().any(|wrong| wrong.contains(words)), "{words} is not among {found:?}");
    }
}
