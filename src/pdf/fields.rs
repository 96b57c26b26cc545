//! Fields that a reader fills in: an AcroForm (PDF 1.7, section 12.7).
//!
//! In: the document's [`Field`]s and the areas that pages have for them. Out: widget annotations, the tree of field names
//! and the form's dictionary.
//!
//! Invariants: nothing in a form acts, and every state of every field has an appearance, so no program has to make one up
//! before the form can be printed (PDF/A-2, section 6.4). A name depends on the question's identifier only, so whoever
//! collects filled-in forms finds the same answer under the same name in every edition and language.

use std::collections::{BTreeMap, HashMap};

use lopdf::{Dictionary, Object, ObjectId, dictionary};

use super::{
    Error, chars,
    file::{File, text},
    flow::{Area, Flow, Use},
    font::Fonts,
    ink::{RULE, Rgb, TEXT},
    structure::{Places, annotation_key, rectangle},
    typeface,
};

/// Type size of answers.
const SIZE: f32 = 9.5;
/// Side of a box to tick, in points.
pub(super) const BOX: f32 = 11.0;
/// Resource name of the face for answers.
const FACE: &str = "Sans";

/// Something to be filled in.
#[derive(Debug)]
pub(super) struct Field {
    /// Parts from the outside in: `provider`, `T-04`, `answer`.
    pub name: Vec<String>,
    /// What is asked, for those who do not see the page.
    pub label: String,
    pub kind: Kind,
}

/// How a field is filled in.
#[derive(Debug)]
pub(super) enum Kind {
    /// Text on one line or on several.
    Text { multiline: bool },
    /// One of a list.
    Choice(Vec<String>),
    /// Boxes, of which one may be ticked.
    Boxes(Vec<Tick>),
}

/// A box to tick.
#[derive(Debug)]
pub(super) struct Tick {
    /// What the field's value is when it is ticked, the same in every language.
    pub value: &'static str,
    /// The word beside it.
    pub label: String,
}

// Field flags (PDF 1.7, tables 228 and 230).
const MULTILINE: i64 = 1 << 12;
const COMBO: i64 = 1 << 17;

/// A field name being built.
struct Node {
    id: ObjectId,
    part: String,
    parent: Option<usize>,
    kids: Vec<usize>,
}

/// The tree of names: those that share their first parts share fields above them.
struct Names {
    nodes: Vec<Node>,
    known: HashMap<(Option<usize>, String), usize>,
}

impl Names {
    /// The node for a name; one that is taken gets a number after it.
    fn claim(&mut self, parts: &[String], file: &mut File) -> Option<usize> {
        let (last, outer) = parts.split_last()?;
        let mut parent = None;
        for part in outer {
            let part = self::part(part);
            parent = Some(match self.known.get(&(parent, part.clone())) {
                Some(node) => *node,
                None => self.add(parent, part, file),
            });
        }
        let last = part(last);
        let mut part = last.clone();
        let mut number = 2;
        while self.known.contains_key(&(parent, part.clone())) {
            part = format!("{last}-{number}");
            number += 1;
        }
        Some(self.add(parent, part, file))
    }

    fn add(&mut self, parent: Option<usize>, part: String, file: &mut File) -> usize {
        let node = self.nodes.len();
        self.nodes.push(Node { id: file.reserve(), part: part.clone(), parent, kids: Vec::new() });
        if let Some(parent) = parent {
            self.nodes[parent].kids.push(node);
        }
        self.known.insert((parent, part), node);
        node
    }
}

/// A part of a name: full stops stand between parts.
fn part(name: &str) -> String {
    let part = chars::plain(name).replace('.', "_");
    if part.is_empty() { "_".to_owned() } else { part }
}

/// Writes the fields that have a place on a page, and returns the form's dictionary if there are any. The annotations'
/// objects go to `ids`, by the number of their area.
pub(super) fn write(
    file: &mut File,
    flow: &Flow,
    fields: &[Field],
    fonts: &Fonts,
    places: &Places,
    ids: &mut [Option<ObjectId>],
) -> Result<Option<Dictionary>, Error> {
    let mut placed: BTreeMap<u32, Vec<(usize, u16)>> = BTreeMap::new();
    for (number, area) in flow.areas.iter().enumerate() {
        if let Use::Field { field, button } = area.purpose {
            placed.entry(field).or_default().push((number, button));
        }
    }
    if placed.is_empty() {
        return Ok(None);
    }
    let face = typeface::write(file, fonts)?;
    let mut form = Form { file, flow, places, ids, ticks: None };
    let mut names = Names { nodes: Vec::new(), known: HashMap::new() };
    for (number, areas) in &placed {
        let Some(field) = fields.get(*number as usize) else { continue };
        let Some(node) = names.claim(&field.name, form.file) else { continue };
        let node = &names.nodes[node];
        let mut entry = dictionary! { "T" => text(&node.part), "TU" => text(&chars::plain(&field.label)) };
        if let Some(parent) = node.parent {
            entry.set("Parent", names.nodes[parent].id);
        }
        form.field(field, node.id, entry, areas);
    }
    let roots: Vec<Object> =
        names.nodes.iter().filter(|node| node.parent.is_none()).map(|node| node.id.into()).collect();
    for node in names.nodes.iter().filter(|node| !node.kids.is_empty()) {
        let kids: Vec<Object> = node.kids.iter().map(|kid| names.nodes[*kid].id.into()).collect();
        let mut entry = dictionary! { "T" => text(&node.part), "Kids" => kids };
        if let Some(parent) = node.parent {
            entry.set("Parent", names.nodes[parent].id);
        }
        file.put(node.id, entry);
    }
    Ok(Some(dictionary! {
        "Fields" => roots,
        "DR" => dictionary! { "Font" => dictionary! { FACE => face } },
        "DA" => Object::string_literal(look()),
    }))
}

/// How answers are set.
fn look() -> String {
    format!("/{FACE} {SIZE} Tf {} rg", colour(TEXT))
}

fn colour(Rgb(r, g, b): Rgb) -> String {
    let part = |value: u8| (f32::from(value) / 255.0 * 1000.0).round() / 1000.0;
    format!("{} {} {}", part(r), part(g), part(b))
}

/// The form being written.
struct Form<'a> {
    file: &'a mut File,
    flow: &'a Flow,
    places: &'a Places<'a>,
    ids: &'a mut [Option<ObjectId>],
    /// Appearances of a box without and with a tick.
    ticks: Option<(ObjectId, ObjectId)>,
}

impl Form<'_> {
    fn field(&mut self, field: &Field, id: ObjectId, mut entry: Dictionary, areas: &[(usize, u16)]) {
        match &field.kind {
            Kind::Boxes(ticks) => {
                let mut kids: Vec<Object> = Vec::new();
                for (number, button) in areas {
                    let Some(tick) = ticks.get(usize::from(*button)) else { continue };
                    let (off, on) = self.ticks();
                    let mut widget = dictionary! {
                        "Parent" => id,
                        "TU" => text(&chars::plain(&format!("{}: {}", field.label, tick.label))),
                        "AS" => "Off",
                        "AP" => dictionary! { "N" => dictionary! { tick.value => on, "Off" => off } },
                    };
                    if let Some(area) = self.flow.areas.get(*number) {
                        self.widget(&mut widget, *number, area);
                        let widget = self.file.add(widget);
                        self.own(*number, widget);
                        kids.push(widget.into());
                    }
                }
                entry.set("FT", "Btn");
                entry.set("Kids", kids);
            }
            Kind::Text { .. } | Kind::Choice(_) => {
                let Some((number, area)) =
                    areas.first().and_then(|(number, _)| Some((*number, self.flow.areas.get(*number)?)))
                else {
                    return;
                };
                match &field.kind {
                    Kind::Choice(choices) => {
                        let choices: Vec<Object> = choices.iter().map(|choice| text(&chars::plain(choice))).collect();
                        entry.set("FT", "Ch");
                        entry.set("Ff", COMBO);
                        entry.set("Opt", choices);
                    }
                    Kind::Text { multiline: true } => {
                        entry.set("FT", "Tx");
                        entry.set("Ff", MULTILINE);
                    }
                    _ => entry.set("FT", "Tx"),
                }
                entry.set("DA", Object::string_literal(look()));
                entry.set("AP", dictionary! { "N" => self.empty(area) });
                self.widget(&mut entry, number, area);
                self.own(number, id);
            }
        }
        self.file.put(id, entry);
    }

    fn own(&mut self, number: usize, id: ObjectId) {
        if let Some(place) = self.ids.get_mut(number) {
            *place = Some(id);
        }
    }

    /// What every widget annotation has.
    fn widget(&self, entry: &mut Dictionary, number: usize, area: &Area) {
        entry.set("Type", "Annot");
        entry.set("Subtype", "Widget");
        entry.set("Rect", rectangle(area, self.places));
        // It is printed.
        entry.set("F", 4);
        entry.set("StructParent", annotation_key(self.flow, number));
        if let Some(page) = self.places.pages.get(area.page) {
            entry.set("P", *page);
        }
    }

    /// Nothing yet: the frame is drawn on the page. Each field has its own, since tools write the answer into it.
    fn empty(&mut self, area: &Area) -> ObjectId {
        self.appearance([area.width, area.height], b"/Tx BMC\nEMC\n")
    }

    fn ticks(&mut self) -> (ObjectId, ObjectId) {
        if let Some(known) = self.ticks {
            return known;
        }
        let frame = format!("0.7 w {} RG 0.35 0.35 {} {} re S\n", colour(RULE), BOX - 0.7, BOX - 0.7);
        let tick = format!("{frame}1.5 w 1 J 1 j {} RG 2.6 5.6 m 4.6 3.2 l 8.5 8.2 l S\n", colour(TEXT));
        let off = self.appearance([BOX, BOX], frame.as_bytes());
        let on = self.appearance([BOX, BOX], tick.as_bytes());
        *self.ticks.insert((off, on))
    }

    fn appearance(&mut self, size: [f32; 2], content: &[u8]) -> ObjectId {
        let [width, height] = size.map(|side| Object::Real((side * 10.0).round() / 10.0));
        let dict = dictionary! {
            "Type" => "XObject",
            "Subtype" => "Form",
            "BBox" => vec![0.into(), 0.into(), width, height],
            "Resources" => Dictionary::new(),
        };
        self.file.add_deflated(dict, content)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_share_their_first_parts_and_stay_unique() {
        let mut file = File::new();
        let mut names = Names { nodes: Vec::new(), known: HashMap::new() };
        for name in [["provider", "T.1", "answer"], ["provider", "T.1", "remarks"], ["provider", "T_1", "answer"]] {
            names.claim(&name.map(str::to_owned), &mut file).expect("has parts");
        }
        let full = |mut node: usize| {
            let mut parts = vec![names.nodes[node].part.clone()];
            while let Some(parent) = names.nodes[node].parent {
                parts.insert(0, names.nodes[parent].part.clone());
                node = parent;
            }
            parts.join(".")
        };
        let leaves = (0..names.nodes.len()).filter(|node| names.nodes[*node].kids.is_empty());
        let names: Vec<String> = leaves.map(full).collect();
        assert_eq!(names, ["provider.T_1.answer", "provider.T_1.remarks", "provider.T_1.answer-2"]);
    }
}
