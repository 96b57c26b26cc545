//! Render documents as PDF.
//!
//! In: a [`Document`] and a [`Theme`]. Out: the bytes of a tagged PDF 1.7 file. Steps:
//!
//! 1. *set*: blocks become strips, vertical pieces that never tear: lines of text ([`text`], [`lines`]), table rows ([`table`]),
//!    drawings ([`diagram`]), forms ([`form`]) with their fields ([`fields`]); text is shaped once per distinct word ([`font`]);
//! 2. *flow*: strips fill pages ([`flow`]), which fixes page numbers, anchors and the reading order;
//! 3. *front*: cover, contents, running header and footer ([`front`]);
//! 4. *draw*: pages become content streams, in parallel ([`draw`]);
//! 5. *write*: streams, fonts cut down to what was used ([`embed`]), structure tree, bookmarks, links and metadata
//!    become one file ([`file`], [`structure`], [`metadata`]).
//!
//! Invariants: the bytes depend on the document, the theme and nothing else; whatever strings a document holds, all of
//! them are visible and none is outside the margins.

mod block;
mod boxes;
mod chars;
mod columns;
mod diagram;
mod draw;
mod embed;
mod fields;
mod file;
mod flow;
mod font;
mod form;
mod front;
mod grid;
mod image;
mod ink;
mod lines;
mod metadata;
mod page;
mod rows;
mod serial;
mod structure;
mod table;
mod tags;
mod tall;
mod text;
mod typeface;

#[cfg(test)]
mod tests;

use lopdf::{Dictionary, Object, ObjectId, dictionary};
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::{
    document::{Block, Document, numbered_caption, table_numbers, tables, texts},
    workspace::{Color, Style},
};
use block::{Place, Setter};
use flow::{Flow, Spot};
use front::Front;
use page::{Page, Sheet, Strip, Turn, height_of};
use tags::{Role, Tags};

/// How documents look on paper.
#[derive(Debug, Clone)]
pub struct Theme {
    /// Colour of titles, links and the fence. Darkened until white paper gives it contrast enough.
    pub accent: Color,
    /// Content of the logo file: PNG or JPEG. Anything else is left out.
    pub logo: Option<Vec<u8>>,
}

impl Theme {
    /// The workspace's style; the caller reads the logo's file.
    pub fn new(style: &Style, logo: Option<Vec<u8>>) -> Self {
        Self { accent: style.accent, logo }
    }
}

impl Default for Theme {
    fn default() -> Self {
        Self { accent: Color { r: 0x0b, g: 0x5c, b: 0xad }, logo: None }
    }
}

/// Why a document could not be rendered.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The faces in the program do not load or cannot be cut down.
    #[error("the fonts inside this program are damaged: install it again")]
    Fonts,
    /// The file format's own limit.
    #[error("the PDF would be longer than 4 GiB: build fewer parts of it with `--only`")]
    TooLong,
}

/// Renders a document.
///
/// # Errors
///
/// Only for damaged fonts or a file beyond the format's limit; no content of a document is an error.
pub fn render(document: &Document, theme: &Theme) -> Result<Vec<u8>, Error> {
    let laid = lay_out(document, theme)?;
    write(document, laid)
}

/// A document laid out.
struct Laid {
    /// Pages in order of layout.
    flow: Flow,
    /// Their numbers in order of reading.
    order: Vec<usize>,
    fonts: font::Fonts,
    tags: Tags,
    links: Vec<page::Link>,
    fields: Vec<fields::Field>,
    images: image::Images,
}

/// Hyphenation for a BCP 47 tag, if there is one.
fn hyphenation(language: &str) -> Option<hypher::Lang> {
    hypher::Lang::from_iso(texts::primary(language).as_bytes().try_into().ok()?)
}

fn lay_out(document: &Document, theme: &Theme) -> Result<Laid, Error> {
    let mut images = image::Images::default();
    let mut tags = Tags::new();
    let first = tags.add(Role::Sect, Tags::ROOT);
    let main = tags.add(Role::Sect, Tags::ROOT);
    // The front is read first although it is laid out last.
    tags.attach(first);
    tags.attach(main);
    let mut setter = Setter {
        fonts: font::Fonts::new()?,
        tags,
        links: Vec::new(),
        fields: Vec::new(),
        blank: document.blocks.iter().any(|block| matches!(block, Block::Form(_))),
        section: Box::default(),
        images: &mut images,
        inks: ink::Inks::new(theme.accent),
        texts: &document.texts,
        numbers: table_numbers(document),
        hyphenation: hyphenation(&document.language),
        upright: Sheet::new(document.paper, Turn::Upright),
        landscape: Sheet::new(document.paper, Turn::Landscape),
        reserved: 0.0,
        level: 0,
        titled: None,
    };
    let mut flow = Flow::default();
    let place = Place::body(setter.upright.text_width(), main);
    let start = Place { parent: first, ..place };
    let logo = theme.logo.as_deref();

    // A few pages need no cover and no contents. The first strips tell.
    let most = setter.upright.text_height() * 3.2;
    let mut fresh = false;
    let mut blocks = document.blocks.iter();
    let mut read: Vec<Strip> = Vec::new();
    let mut intro = Intro::default();
    let mut height = 0.0;
    for block in blocks.by_ref() {
        setter.reserved = intro.height();
        let own = setter.top_block(block, place, &mut fresh);
        height += height_of(&own) + own.first().map_or(0.0, |strip| strip.gap);
        let breaks = own.iter().any(|strip| strip.turn == Turn::Landscape || strip.fresh);
        read.append(&mut intro.take(block, own));
        if height > most || breaks {
            height = f32::INFINITY;
            break;
        }
    }
    let front = if height.is_finite() { Front::Compact } else { Front::Full };
    let mut order: Vec<usize>;
    match front {
        Front::Compact => {
            let title = setter.title(document, logo, front, 0.0, start);
            flow.pour(title, &mut setter);
            flow.pour(read, &mut setter);
            flow.pour(intro.release(), &mut setter);
            let control = setter.control(document, place);
            flow.pour(control, &mut setter);
            flow.finish(&mut setter);
            // The title itself heads the first page.
            if let Some(page) = flow.pages.first_mut() {
                page.furniture = false;
            }
            order = (0..flow.pages.len()).collect();
        }
        Front::Full => {
            flow.pour(read, &mut setter);
            for block in blocks {
                setter.reserved = intro.height();
                let strips = setter.top_block(block, place, &mut fresh);
                flow.pour(intro.take(block, strips), &mut setter);
            }
            flow.pour(intro.release(), &mut setter);
            flow.finish(&mut setter);
            let body = flow.pages.len();
            flow.begin_part();
            let control = setter.control(document, start);
            let title = setter.title(document, logo, front, height_of(&control), start);
            // What does not fit below the title begins a page of its own.
            let fits = height_of(&title) + height_of(&control) + 17.0 <= setter.upright.text_height();
            flow.pour(title, &mut setter);
            if !fits {
                flow.begin_part();
            }
            flow.pour(control, &mut setter);
            flow.finish(&mut setter);
            if let Some(cover) = flow.pages.get_mut(body) {
                cover.furniture = false;
            }
            let covers = flow.pages.len() - body;
            let headings = std::mem::take(&mut flow.headings);
            if !headings.is_empty() {
                let tables = listed(document, &setter, &flow);
                let (mut contents, height) = contents_pages(&mut setter, &headings, &tables, start);
                // Short contents share the page of the document control.
                if covers > 1 && height + 40.0 < flow.room(&setter) {
                    flow.pour(vec![Strip { height: 30.0, ..Strip::default() }], &mut setter);
                    contents = 0;
                } else {
                    flow.begin_part();
                }
                let number = |spot: Spot| spot.page + 1 + covers + contents;
                let mut strips = setter.contents(&headings, number, start);
                strips.append(&mut setter.list_of_tables(&tables, number, start));
                flow.pour(strips, &mut setter);
                flow.finish(&mut setter);
            }
            flow.headings = headings;
            order = (body..flow.pages.len()).collect();
            order.extend(0..body);
        }
    }
    if order.is_empty() {
        flow.begin_part();
        flow.blank(&mut setter);
        order = (0..flow.pages.len()).collect();
    }
    let of = order.len();
    for (at, page) in order.iter().enumerate() {
        if let Some(page) = flow.pages.get_mut(*page) {
            setter.furniture(page, document, at + 1, of);
        }
    }
    let Setter { fonts, tags, links, fields, .. } = setter;
    Ok(Laid { flow, order, fonts, tags, links, fields, images })
}

/// Headings and a few lines after them wait for what follows: if that is a table on a landscape page, they go there
/// with it instead of staying behind alone.
#[derive(Default)]
struct Intro {
    strips: Vec<Strip>,
}

impl Intro {
    const MOST: usize = 12;

    /// Takes a block's strips and gives back those that need not wait.
    fn take(&mut self, block: &Block, mut strips: Vec<Strip>) -> Vec<Strip> {
        let wide = strips.first().is_some_and(|strip| strip.turn == Turn::Landscape);
        if wide {
            block::turn(&mut self.strips, Turn::Landscape);
        }
        match block {
            Block::Heading { .. } => {
                let under = self.strips.last().is_some_and(|strip| strip.heading.is_some());
                let ready = if under { Vec::new() } else { self.release() };
                self.strips.append(&mut strips);
                ready
            }
            Block::Paragraph { .. } if !self.strips.is_empty() && self.strips.len() + strips.len() <= Self::MOST => {
                self.strips.append(&mut strips);
                Vec::new()
            }
            _ => {
                let mut ready = self.release();
                // Whoever fills in a form finds its purpose above the first question.
                if let (Block::Form(_), Some(last)) = (block, ready.last_mut()) {
                    last.keep = true;
                }
                ready.append(&mut strips);
                ready
            }
        }
    }

    fn height(&self) -> f32 {
        height_of(&self.strips)
    }

    fn release(&mut self) -> Vec<Strip> {
        std::mem::take(&mut self.strips)
    }
}

impl Setter<'_> {
    /// Strips of a block that stands by itself; a page break before it makes its first strip begin a page.
    fn top_block(&mut self, block: &Block, place: Place, fresh: &mut bool) -> Vec<Strip> {
        let mut strips = Vec::new();
        let was = *fresh;
        self.block(block, place, &mut strips, fresh);
        if let Some(strip) = strips.first_mut() {
            strip.fresh |= was;
            *fresh = false;
        }
        strips
    }
}

/// The numbered tables with their places, in order.
fn listed(document: &Document, setter: &Setter, flow: &Flow) -> Vec<(page::Heading, Spot)> {
    let numbered = tables(document).into_iter().filter_map(|table| {
        let number = *setter.numbers.get(table.id.as_str())?;
        let text = chars::plain(&numbered_caption(table, Some(number), setter.texts)).into();
        let heading = page::Heading { level: 2, id: table.id.as_str().into(), text };
        Some((heading, *flow.anchors.get(table.id.as_str())?))
    });
    numbered.collect()
}

/// How many pages the contents take, and how high they are: their lines are as high whatever the numbers are.
fn contents_pages(
    setter: &mut Setter,
    headings: &[(page::Heading, Spot)],
    tables: &[(page::Heading, Spot)],
    place: Place,
) -> (usize, f32) {
    let links = setter.links.len();
    let trial = Place { parent: page::Elem::ARTIFACT, ..place };
    let mut strips = setter.contents(headings, |_| 1, trial);
    strips.append(&mut setter.list_of_tables(tables, |_| 1, trial));
    setter.links.truncate(links);
    let height = height_of(&strips);
    let mut flow = Flow::default();
    flow.pour(strips.into_iter().map(|strip| Strip { items: Vec::new(), ..strip }).collect(), setter);
    flow.finish(setter);
    (flow.pages.len(), height)
}

fn write(document: &Document, laid: Laid) -> Result<Vec<u8>, Error> {
    let Laid { flow, order, fonts, tags, links, fields, images } = laid;
    let mut file = file::File::new();
    let catalog = file.reserve();
    let tree = file.reserve();
    let resources = file.reserve();
    let pages: Vec<ObjectId> = {
        let mut ids = vec![(0, 0); flow.pages.len()];
        for page in &order {
            ids[*page] = file.reserve();
        }
        ids
    };
    let heights: Vec<f32> = flow.pages.iter().map(|page| page.sheet.height).collect();
    let places = structure::Places { pages: &pages, first: order.first().copied().unwrap_or(0), heights: &heights };

    let in_order: Vec<&Page> = order.iter().map(|page| &flow.pages[*page]).collect();
    let streams: Vec<Vec<u8>> =
        draw::contents(&in_order, &fonts, &tags).into_par_iter().map(|stream| file::deflated(&stream)).collect();
    let mut contents = Vec::with_capacity(streams.len());
    for stream in streams {
        contents.push(file.add_packed(Dictionary::new(), stream));
    }
    let mut areas = structure::links(&mut file, &flow, &links, document, &places)?;
    let form = fields::write(&mut file, &flow, &fields, &fonts, &places, &mut areas)?;
    let mut annotations: Vec<Vec<Object>> = vec![Vec::new(); flow.pages.len()];
    for (area, id) in flow.areas.iter().zip(&areas) {
        if let (Some(id), Some(page)) = (id, annotations.get_mut(area.page)) {
            page.push((*id).into());
        }
    }
    for (at, page) in order.iter().enumerate() {
        let sheet = flow.pages[*page].sheet;
        let size = [0.0, 0.0, sheet.width, sheet.height].map(Object::Real).to_vec();
        let mut entry = dictionary! {
            "Type" => "Page",
            "Parent" => tree,
            "MediaBox" => size,
            "Resources" => resources,
            "Contents" => contents[at],
            "StructParents" => *page as i64,
            "Tabs" => "S",
        };
        let annotations = std::mem::take(&mut annotations[*page]);
        if !annotations.is_empty() {
            entry.set("Annots", annotations);
        }
        file.put(pages[*page], entry);
    }
    let kids: Vec<Object> = order.iter().map(|page| pages[*page].into()).collect();
    file.put(tree, dictionary! { "Type" => "Pages", "Count" => kids.len() as i64, "Kids" => kids });

    let mut objects = Dictionary::new();
    for (number, picture) in images.all.into_iter().enumerate() {
        let mut image = picture.image;
        if let Some(mask) = picture.mask {
            image.dict.set("SMask", file.add_stream(mask));
        }
        objects.set(format!("I{number}"), file.add_stream(image));
    }
    let faces = embed::fonts(&mut file, &fonts)?;
    file.put(resources, dictionary! { "Font" => faces, "XObject" => objects });

    let root = structure::tree(&mut file, &tags, &flow, &places, &areas)?;
    let outline = structure::outline(&mut file, &flow.headings, &places)?;
    let names = structure::names(&mut file, &flow.anchors, &places)?;
    let packet = metadata::xmp(document);
    // Not compressed, so that tools which know nothing of PDF find it.
    let dict = dictionary! { "Type" => "Metadata", "Subtype" => "XML" };
    let metadata = file.add_stream(lopdf::Stream::new(dict, packet.into_bytes()));
    let profile = file.add_deflated(dictionary! { "N" => 3 }, &metadata::srgb());
    let mut entry = dictionary! {
        "Type" => "Catalog",
        "Pages" => tree,
        "Lang" => file::text(&document.language),
        "MarkInfo" => dictionary! { "Marked" => true },
        "StructTreeRoot" => root,
        "Metadata" => metadata,
        "OutputIntents" => vec![metadata::output_intent(profile).into()],
        "ViewerPreferences" => dictionary! { "DisplayDocTitle" => true },
    };
    if let Some(outline) = outline {
        entry.set("Outlines", outline);
        entry.set("PageMode", "UseOutlines");
    }
    if let Some(names) = names {
        entry.set("Names", names);
    }
    if let Some(form) = form {
        entry.set("AcroForm", form);
    }
    file.put(catalog, entry);
    let info = file.add(metadata::info(document));
    let digest = Sha256::digest(file.bytes());
    let mut identifier = [0; 16];
    identifier.copy_from_slice(&digest[..16]);
    file.finish(catalog, info, identifier)
}
