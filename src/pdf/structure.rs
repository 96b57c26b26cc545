//! Everything in the file that leads or is read aloud: structure tree, bookmarks, links and named places.

use std::collections::BTreeMap;

use lopdf::{Dictionary, Object, ObjectId, dictionary};

use super::{
    Error, chars,
    file::{File, text},
    flow::{Area, Flow, Spot, Use},
    page::{Elem, Heading, Link},
    tags::{Element, Kid, Role, Scope, Tags},
};
use crate::document::{Document, Target};

/// What the pages' objects are called.
pub(super) struct Places<'a> {
    /// Objects of the pages, by their number in order of layout.
    pub pages: &'a [ObjectId],
    /// Number of the page that is read first.
    pub first: usize,
    /// Heights of the pages.
    pub heights: &'a [f32],
}

impl Places<'_> {
    fn destination(&self, spot: Spot) -> Option<Object> {
        let page = *self.pages.get(spot.page)?;
        let top = (self.heights.get(spot.page)? - spot.y + 12.0).round() as i64;
        Some(vec![page.into(), "XYZ".into(), Object::Null, top.into(), Object::Null].into())
    }
}

/// Writes the structure tree. `numbers` are the pages' keys in the parent tree; annotations follow after them.
pub(super) fn tree(
    file: &mut File,
    tags: &Tags,
    flow: &Flow,
    places: &Places,
    areas: &[Option<ObjectId>],
) -> Result<ObjectId, Error> {
    let root = file.reserve();
    let ids: Vec<ObjectId> = tags.elements.iter().map(|_| file.reserve()).collect();
    for (number, element) in tags.elements.iter().enumerate() {
        let parent = ids.get(element.parent.0 as usize).copied().unwrap_or(root);
        file.put(ids[number], self::element(element, parent, &ids, tags, flow, places, areas));
    }
    let mut numbers: Vec<Object> = Vec::new();
    for (page, marks) in flow.marks.iter().enumerate() {
        let owners: Vec<Object> =
            marks.iter().filter_map(|elem| ids.get(elem.0 as usize)).map(|id| Object::from(*id)).collect();
        let array = file.add(Object::Array(owners));
        numbers.extend([(page as i64).into(), array.into()]);
    }
    for (number, area) in flow.areas.iter().enumerate() {
        if let (Some(_), Some(id)) = (areas.get(number).copied().flatten(), ids.get(area.elem.0 as usize)) {
            numbers.extend([annotation_key(flow, number).into(), (*id).into()]);
        }
    }
    let next = (flow.marks.len() + flow.areas.len()) as i64;
    let parents = file.add(dictionary! { "Nums" => numbers });
    file.put(
        root,
        dictionary! {
            "Type" => "StructTreeRoot",
            "K" => ids[0],
            "ParentTree" => parents,
            "ParentTreeNextKey" => next,
        },
    );
    Ok(root)
}

/// An annotation's key in the parent tree.
pub(super) fn annotation_key(flow: &Flow, number: usize) -> i64 {
    (flow.marks.len() + number) as i64
}

fn element(
    element: &Element,
    parent: ObjectId,
    ids: &[ObjectId],
    tags: &Tags,
    flow: &Flow,
    places: &Places,
    areas: &[Option<ObjectId>],
) -> Dictionary {
    let mut first_page = None;
    let mut kids: Vec<Object> = Vec::with_capacity(element.kids.len());
    for kid in &element.kids {
        match kid {
            Kid::Elem(elem) => kids.extend(ids.get(elem.0 as usize).map(|id| Object::from(*id))),
            Kid::Content { page, mark } => {
                let Some(id) = places.pages.get(*page as usize).copied() else { continue };
                if *first_page.get_or_insert(id) == id {
                    kids.push(i64::from(*mark).into());
                } else {
                    kids.push(dictionary! { "Type" => "MCR", "Pg" => id, "MCID" => i64::from(*mark) }.into());
                }
            }
            Kid::Annotation(number) => {
                let number = *number as usize;
                let (Some(id), Some(area)) = (areas.get(number).copied().flatten(), flow.areas.get(number)) else {
                    continue;
                };
                let Some(page) = places.pages.get(area.page).copied() else { continue };
                let mut kid = dictionary! { "Type" => "OBJR", "Obj" => id };
                if *first_page.get_or_insert(page) != page {
                    kid.set("Pg", page);
                }
                kids.push(kid.into());
            }
        }
    }
    let leads = element.kids.iter().any(|kid| match kid {
        Kid::Annotation(number) => areas.get(*number as usize).copied().flatten().is_some(),
        _ => false,
    });
    // A link whose place does not exist is text like any other.
    let name = if element.role == Role::Link && !leads { "Span" } else { element.role.name() };
    let mut out = dictionary! { "S" => name, "P" => parent };
    if let Some(page) = first_page {
        out.set("Pg", page);
    }
    match kids.len() {
        0 => {}
        1 => out.set("K", kids.remove(0)),
        _ => out.set("K", kids),
    }
    if let Some(alt) = &element.alt {
        out.set("Alt", text(alt));
    }
    if let Some(attributes) = attributes(element, tags, places) {
        out.set("A", attributes);
    }
    out
}

/// Attributes (PDF 1.7, section 14.8.5).
fn attributes(element: &Element, tags: &Tags, places: &Places) -> Option<Dictionary> {
    match element.role {
        Role::HeaderCell(_) | Role::Cell => {
            let mut out = dictionary! { "O" => "Table" };
            if let Role::HeaderCell(scope) = element.role {
                out.set(
                    "Scope",
                    match scope {
                        Scope::Column => "Column",
                        Scope::Row => "Row",
                    },
                );
            }
            if element.columns > 1 {
                out.set("ColSpan", i64::from(element.columns));
            }
            if element.rows > 1 {
                out.set("RowSpan", i64::from(element.rows));
            }
            (out.len() > 1).then_some(out)
        }
        Role::L => {
            let labelled = element.kids.iter().any(|kid| match kid {
                Kid::Elem(Elem(number)) => {
                    tags.elements.get(*number as usize).is_some_and(|item| item.role == Role::Li)
                }
                _ => false,
            });
            labelled.then(|| dictionary! { "O" => "List", "ListNumbering" => "Disc" })
        }
        Role::Figure => {
            let [left, top, right, bottom] = element.bounds?;
            let page = element.kids.iter().find_map(|kid| match kid {
                Kid::Content { page, .. } => Some(*page as usize),
                _ => None,
            })?;
            let height = *places.heights.get(page)?;
            let (top, bottom) = (height - top, height - bottom);
            let corners = [left, bottom, right, top].map(|value| Object::from(value.round() as i64));
            Some(dictionary! { "O" => "Layout", "Placement" => "Block", "BBox" => corners.to_vec() })
        }
        _ => None,
    }
}

/// Writes nested bookmarks; deeper levels are closed at first.
pub(super) fn outline(
    file: &mut File,
    headings: &[(Heading, Spot)],
    places: &Places,
) -> Result<Option<ObjectId>, Error> {
    if headings.is_empty() {
        return Ok(None);
    }
    struct Node {
        id: ObjectId,
        parent: Option<usize>,
        kids: Vec<usize>,
    }
    let root = file.reserve();
    let mut nodes: Vec<Node> = Vec::with_capacity(headings.len());
    let mut path: Vec<(u8, usize)> = Vec::new();
    let mut tops = Vec::new();
    for (number, (heading, _)) in headings.iter().enumerate() {
        path.retain(|(level, _)| *level < heading.level);
        let parent = path.last().map(|(_, node)| *node);
        nodes.push(Node { id: file.reserve(), parent, kids: Vec::new() });
        match parent {
            Some(parent) => nodes[parent].kids.push(number),
            None => tops.push(number),
        }
        path.push((heading.level, number));
    }
    for (number, (heading, spot)) in headings.iter().enumerate() {
        let node = &nodes[number];
        let brothers = node.parent.map_or(&tops, |parent| &nodes[parent].kids);
        let at = brothers.binary_search(&number).unwrap_or(0);
        let mut entry = dictionary! {
            "Title" => text(&chars::plain(&heading.text)),
            "Parent" => node.parent.map_or(root, |parent| nodes[parent].id),
        };
        if let Some(destination) = places.destination(*spot) {
            entry.set("Dest", destination);
        }
        if at > 0 {
            entry.set("Prev", nodes[brothers[at - 1]].id);
        }
        if let Some(next) = brothers.get(at + 1) {
            entry.set("Next", nodes[*next].id);
        }
        if let (Some(first), Some(last)) = (node.kids.first(), node.kids.last()) {
            entry.set("First", nodes[*first].id);
            entry.set("Last", nodes[*last].id);
            entry.set("Count", -(node.kids.len() as i64));
        }
        file.put(node.id, entry);
    }
    let ends = (tops.first(), tops.last());
    if let (Some(first), Some(last)) = ends {
        let (first, last) = (nodes[*first].id, nodes[*last].id);
        file.put(
            root,
            dictionary! { "Type" => "Outlines", "First" => first, "Last" => last, "Count" => tops.len() as i64 },
        );
    }
    Ok(Some(root))
}

/// Writes link annotations; `None` for those that lead nowhere, which then are plain text, and for fields.
pub(super) fn links(
    file: &mut File,
    flow: &Flow,
    links: &[Link],
    document: &Document,
    places: &Places,
) -> Result<Vec<Option<ObjectId>>, Error> {
    let mut out = Vec::with_capacity(flow.areas.len());
    for (number, area) in flow.areas.iter().enumerate() {
        let link = match area.purpose {
            Use::Link(link) => links.get(link as usize),
            Use::Field { .. } => None,
        };
        let action = link.and_then(|link| self::action(&link.target, flow, document, places));
        out.push(match (action, link) {
            (Some((key, value)), Some(link)) => {
                let mut annotation = dictionary! {
                    "Type" => "Annot",
                    "Subtype" => "Link",
                    "Rect" => rectangle(area, places),
                    "Border" => vec![0.into(), 0.into(), 0.into()],
                    "F" => 4,
                    "StructParent" => annotation_key(flow, number),
                    "Contents" => text(&chars::plain(&link.text)),
                };
                annotation.set(key, value);
                Some(file.add(annotation))
            }
            _ => None,
        });
    }
    Ok(out)
}

/// An area's rectangle on its page.
pub(super) fn rectangle(area: &Area, places: &Places) -> Object {
    let height = places.heights.get(area.page).copied().unwrap_or_default();
    let corners = [area.x, height - area.y - area.height, area.x + area.width, height - area.y];
    corners.map(|value| Object::Real((value * 10.0).round() / 10.0)).to_vec().into()
}

fn action(target: &Target, flow: &Flow, document: &Document, places: &Places) -> Option<(&'static str, Object)> {
    match target {
        Target::Anchor(anchor) => Some(("Dest", places.destination(*flow.anchors.get(anchor.as_str())?)?)),
        Target::Document(id, anchor) if *id == document.id => {
            let spot = match anchor {
                Some(anchor) => *flow.anchors.get(anchor.as_str())?,
                None => Spot { page: places.first, y: 0.0 },
            };
            Some(("Dest", places.destination(spot)?))
        }
        Target::Document(id, anchor) => {
            let path = relative(&document.id, id);
            let mut action = dictionary! {
                "S" => "GoToR",
                "F" => dictionary! { "Type" => "Filespec", "F" => text(&path), "UF" => text(&path) },
            };
            match anchor {
                Some(anchor) => action.set("D", Object::string_literal(anchor.as_str())),
                None => action.set("D", vec![0.into(), "Fit".into()]),
            }
            Some(("A", action.into()))
        }
        Target::Url(url) => {
            let uri = Object::string_literal(percent_encoded(url));
            Some(("A", dictionary! { "S" => "URI", "URI" => uri }.into()))
        }
    }
}

/// Path of another document's file, from this document's folder.
fn relative(from: &str, to: &str) -> String {
    let from: Vec<&str> = from.split('/').collect();
    let to: Vec<&str> = to.split('/').collect();
    let common = from.iter().zip(&to).take(from.len().min(to.len()) - 1).take_while(|(a, b)| a == b).count();
    let up = "../".repeat(from.len() - 1 - common);
    format!("{up}{}.pdf", to[common..].join("/"))
}

/// A URI holds ASCII only (RFC 3986).
fn percent_encoded(url: &str) -> String {
    let mut out = String::with_capacity(url.len());
    for byte in url.bytes() {
        if (0x21..0x7f).contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// Writes the tree of named places that links from other documents lead to.
pub(super) fn names(
    file: &mut File,
    anchors: &BTreeMap<Box<str>, Spot>,
    places: &Places,
) -> Result<Option<ObjectId>, Error> {
    let mut kids: Vec<Object> = Vec::new();
    let all: Vec<(&Box<str>, Object)> =
        anchors.iter().filter_map(|(name, spot)| Some((name, places.destination(*spot)?))).collect();
    for chunk in all.chunks(64) {
        let name = |at: usize| Object::string_literal(chunk[at].0.as_bytes());
        let limits = vec![name(0), name(chunk.len() - 1)];
        let entries: Vec<Object> = (0..chunk.len()).flat_map(|at| [name(at), chunk[at].1.clone()]).collect();
        kids.push(file.add(dictionary! { "Names" => entries, "Limits" => limits }).into());
    }
    if kids.is_empty() {
        return Ok(None);
    }
    let tree = file.add(dictionary! { "Kids" => kids });
    Ok(Some(file.add(dictionary! { "Dests" => tree })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_between_documents_are_relative() {
        assert_eq!(relative("ssp", "raci"), "raci.pdf");
        assert_eq!(relative("team/platform", "ssp"), "../ssp.pdf");
        assert_eq!(relative("team/platform", "team/it"), "it.pdf");
        assert_eq!(relative("ssp", "team/it"), "team/it.pdf");
    }
}
