//! What stands before and around the text: cover, document control, contents, running header and footer.

use super::{
    block::{Place, Setter},
    chars,
    flow::Spot,
    font::{Face, Figures},
    ink::{self},
    page::{Dash, Draw, Heading, Item, Link, Page, Pen, Strip, height_of},
    tags::Role,
    text::Style,
};
use crate::document::{Align, Block, Cell, Column, ControlBlock, Document, Inline, Row, Table, Target, Texts, Tone};

/// How much of the front a document gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Front {
    /// A cover page and contents.
    Full,
    /// A title above the text: the document has only a page or two.
    Compact,
}

impl Setter<'_> {
    /// Logo or organisation, title, subtitle, summary and markings.
    ///
    /// On a cover the title hangs a third down the page, or higher if `below` would not fit otherwise.
    pub(super) fn title(
        &mut self,
        document: &Document,
        logo: Option<&[u8]>,
        front: Front,
        below: f32,
        place: Place,
    ) -> Vec<Strip> {
        let control = &document.control;
        let full = front == Front::Full;
        let mut out = Vec::new();
        let before = out.len();
        if let Some(logo) = logo {
            let sized = Place { width: if full { 150.0 } else { 90.0 }, ..place };
            if self.images.add("logo", logo).is_some() {
                self.image("logo", &control.organisation, logo, sized, &mut out);
            }
        }
        if out.len() == before && !control.organisation.is_empty() {
            let own = Place { size: 11.5, leading: 15.0, bold: true, ink: self.inks.accent, prose: false, ..place };
            self.plain(&control.organisation, own, &mut out);
        }
        if full {
            out.push(Strip::default());
        }
        let drop = out.len().saturating_sub(1);
        let (size, leading, gap) = if full { (31.0, 36.0, 0.0) } else { (22.0, 27.0, 10.0) };
        self.plain(&document.title, Place { size, leading, gap, bold: true, prose: false, ..place }, &mut out);
        if let Some(strip) = out.last_mut().filter(|_| full) {
            strip.height += 5.0;
        }
        if !document.subtitle.is_empty() {
            let (size, leading) = if full { (16.0, 21.0) } else { (12.5, 17.0) };
            let own = Place { size, leading, gap: 2.0, ink: ink::MUTED, prose: false, ..place };
            self.plain(&document.subtitle, own, &mut out);
        }
        let pen = Pen { ink: self.inks.accent, width: if full { 2.4 } else { 1.4 }, dash: Dash::Solid };
        let width = if full { 72.0 } else { place.width };
        let items = vec![Item::rule(place.x, if full { 14.0 } else { 5.0 }, width, pen)];
        out.push(Strip { height: if full { 26.0 } else { 8.0 }, items, ..Strip::default() });
        if full && !document.summary.is_empty() {
            let own = Place { size: 11.0, leading: 15.6, gap: 0.0, width: place.width * 0.8, ..place };
            self.plain(&document.summary, own, &mut out);
        }
        let mut marks = Vec::new();
        if control.is_draft() {
            marks.push(Inline::Badge { tone: Tone::Caution, text: self.texts.t("approval.draft").to_owned() });
            marks.push(Inline::text("  "));
        }
        if !control.classification.is_empty() {
            marks.push(Inline::Badge { tone: Tone::Neutral, text: control.classification.clone() });
            marks.push(Inline::text("  "));
        }
        if !full {
            marks.push(Inline::text(identity(document, self.texts)));
        }
        let own = Place {
            size: if full { 11.5 } else { 9.0 },
            leading: if full { 18.0 } else { 14.0 },
            gap: 8.0,
            prose: false,
            ..place
        };
        self.said(&marks, own, &mut out);
        if full {
            let head = height_of(&out[..drop]);
            let room = self.upright.text_height() - height_of(&out) - below - 20.0;
            let wanted = 170.0 - head;
            out[drop].height = if room >= 24.0 { wanted.min(room) } else { wanted }.max(20.0);
        }
        out
    }

    fn plain(&mut self, text: &str, place: Place, out: &mut Vec<Strip>) {
        self.said(&[Inline::text(text)], place, out);
    }

    fn said(&mut self, text: &[Inline], place: Place, out: &mut Vec<Strip>) {
        let elem = self.tags.add(Role::P, place.parent);
        let paragraph = self.read(text, place);
        self.paragraph(&paragraph, place, elem, out);
    }

    /// Document control, revisions, evidence and disclosures.
    pub(super) fn control(&mut self, document: &Document, place: Place) -> Vec<Strip> {
        let texts = self.texts;
        let control = &document.control;
        let small = Place { size: 9.2, leading: 12.8, gap: 6.0, prose: false, ..place };
        let mut out = Vec::new();
        let label = |setter: &mut Self, text: &str, out: &mut Vec<Strip>| {
            let own = Place {
                size: 10.2,
                leading: 14.0,
                gap: 17.0,
                bold: true,
                ink: setter.inks.accent,
                prose: false,
                ..place
            };
            let first = out.len();
            setter.plain(text, own, out);
            out[first..].iter_mut().for_each(|strip| strip.keep = true);
        };
        label(self, texts.t("label.control"), &mut out);
        let facts = Block::Terms { items: facts(control, texts) };
        out.append(&mut self.blocks(&[facts], Place { gap: 4.5, ..small }));
        if !control.revisions.is_empty() {
            label(self, texts.t("label.revisions"), &mut out);
            let head =
                ["label.version", "label.date", "label.author", "label.change"].map(|key| Cell::text(texts.t(key)));
            let rows = control
                .revisions
                .iter()
                .map(|revision| Row { cells: revision.iter().map(Cell::text).collect(), ..Row::default() });
            let narrow = Column { narrow: true, ..Column::default() };
            let table = Table {
                columns: vec![narrow.clone(), narrow, Column::default(), Column { weight: 1, ..Column::default() }],
                head: vec![Row { cells: head.into(), ..Row::default() }],
                rows: rows.collect(),
                ..Table::default()
            };
            let mut strips = self.blocks(&[Block::Table(table)], Place { size: 9.2, ..small });
            if let Some(strip) = strips.first_mut() {
                strip.gap = 4.0;
            }
            out.append(&mut strips);
        }
        if let Some(lines) = &control.evidence {
            label(self, texts.t("page.evidence"), &mut out);
            if lines.is_empty() {
                self.plain(texts.t("page.no_evidence"), Place { gap: 3.0, ..small }, &mut out);
            } else {
                let items = lines.iter().map(|line| vec![Block::Paragraph { text: vec![Inline::text(line)] }]);
                let list = Block::List { start: None, items: items.collect() };
                out.append(&mut self.blocks(&[list], Place { gap: 3.5, ..small }));
            }
        }
        // Without evidence to show, there is nothing that a check or an exception could have influenced.
        if control.evidence.is_none() && document.disclosures.is_empty() {
            return out;
        }
        label(self, texts.t("page.influences"), &mut out);
        if document.disclosures.is_empty() {
            self.plain(texts.t("page.no_influences"), Place { gap: 3.0, ..small }, &mut out);
        } else {
            let items = document.disclosures.iter().map(|disclosure| {
                let what = Inline::Strong { text: vec![Inline::text(&disclosure.what)] };
                vec![Block::Paragraph { text: vec![what, Inline::text(format!(": {}", disclosure.detail))] }]
            });
            let list = Block::List { start: None, items: items.collect() };
            out.append(&mut self.blocks(&[list], Place { gap: 3.5, ..small }));
        }
        out
    }

    /// Contents: one line a heading, with its page's number. `number` gives that of a place.
    pub(super) fn contents(
        &mut self,
        headings: &[(Heading, Spot)],
        number: impl Fn(Spot) -> usize,
        place: Place,
    ) -> Vec<Strip> {
        let mut out = self.list_title("page.contents", place);
        // Three levels, unless that would be a book of its own.
        let deep = headings.iter().filter(|(heading, _)| heading.level <= 3).count();
        let deepest = if deep > 160 { 2 } else { 3 };
        let toc = self.tags.add(Role::Toc, place.parent);
        for (heading, spot) in headings.iter().filter(|(heading, _)| heading.level <= deepest) {
            let indent = f32::from(heading.level - 1) * 15.0;
            let strips = self.entry(heading, indent, number(*spot), Place { parent: toc, ..place });
            out.extend(strips);
        }
        out
    }

    /// The numbered tables, below a title of their own, with the pages where they begin; nothing if there are none.
    pub(super) fn list_of_tables(
        &mut self,
        tables: &[(Heading, Spot)],
        number: impl Fn(Spot) -> usize,
        place: Place,
    ) -> Vec<Strip> {
        if tables.is_empty() {
            return Vec::new();
        }
        let mut out = self.list_title("page.tables", place);
        if let Some(strip) = out.first_mut() {
            strip.gap = 30.0;
        }
        // The title never stands alone at the foot of a page.
        out.iter_mut().for_each(|strip| strip.keep = true);
        let toc = self.tags.add(Role::Toc, place.parent);
        for (heading, spot) in tables {
            let strips = self.entry(heading, 0.0, number(*spot), Place { parent: toc, ..place });
            out.extend(strips);
        }
        out
    }

    fn list_title(&mut self, key: &str, place: Place) -> Vec<Strip> {
        let mut out = Vec::new();
        let own =
            Place { size: 18.0, leading: 23.0, gap: 0.0, bold: true, ink: self.inks.accent, prose: false, ..place };
        let elem = self.tags.add(Role::P, place.parent);
        let paragraph = self.read(&[Inline::text(self.texts.t(key))], own);
        self.paragraph(&paragraph, own, elem, &mut out);
        if let Some(strip) = out.last_mut() {
            strip.height += 8.0;
        }
        out
    }

    fn entry(&mut self, heading: &Heading, indent: f32, number: usize, place: Place) -> Vec<Strip> {
        let top = heading.level == 1;
        let item = self.tags.add(Role::TocItem, place.parent);
        let reference = self.tags.add(Role::Reference, item);
        let link_elem = self.tags.add(Role::Link, reference);
        let room = 30.0;
        let inner = Place {
            size: if top { 10.5 } else { 9.8 },
            leading: if top { 15.0 } else { 13.6 },
            gap: if top { 7.0 } else { 0.8 },
            bold: top,
            prose: false,
            ..place
        };
        let mut inner = inner.indented(indent);
        inner.width -= room;
        let paragraph = self.read(&[Inline::text(&*heading.text)], inner);
        let lines = paragraph.lines(inner.width, &mut self.fonts);
        let count = lines.lines.len();
        let link = self.links.len() as u32;
        self.links.push(Link { target: Target::Anchor(heading.id.to_string()), text: heading.text.clone() });
        let mut out = Vec::new();
        for index in 0..count {
            let mut strip = Strip {
                height: inner.leading,
                gap: if index == 0 { inner.gap } else { 0.0 },
                keep: index + 1 < count,
                ..Strip::default()
            };
            self.line(&paragraph, &lines, index, inner, link_elem, &mut Vec::new(), &mut strip.items);
            if index + 1 == count {
                let shaped = self.fonts.shape(
                    if top { Face::Semibold } else { Face::Regular },
                    Figures::Tabular,
                    &number.to_string(),
                );
                let width = shaped.width as f32 / 1000.0 * inner.size;
                let y = inner.leading / 2.0 + inner.size * 0.33;
                let x = place.x + place.width - width;
                let from = inner.x + lines.lines[index].1 + 6.0;
                let to = x - 6.0;
                if !top && to > from {
                    let pen = Pen { ink: ink::RULE, width: 0.8, dash: Dash::Dotted };
                    strip.items.push(Item::artifact(Draw::Rule { x: from, y: y - 0.6, x2: to, y2: y - 0.6, pen }));
                }
                let face = if top { Face::Semibold } else { Face::Regular };
                let draw = Draw::Text { x, y, face, size: inner.size, ink: ink::TEXT, shaped, turned: false };
                strip.items.push(Item::new(link_elem, draw));
            }
            let area =
                Draw::Link { x: inner.x, y: 0.0, width: place.x + place.width - inner.x, height: inner.leading, link };
            strip.items.push(Item::new(link_elem, area));
            out.push(strip);
        }
        out
    }

    /// Running header and footer of a page.
    pub(super) fn furniture(&mut self, page: &mut Page, document: &Document, number: usize, of: usize) {
        let sheet = page.sheet;
        let (left, right) = (sheet.left, sheet.width - sheet.right);
        let half = sheet.text_width() / 2.0 - 8.0;
        let style = Style::new(8.2).ink(ink::MUTED);
        let line = Pen { ink: ink::HAIRLINE, width: 0.6, dash: Dash::Solid };
        if page.furniture {
            let y = sheet.top - 30.0;
            let title = match document.subtitle.as_str() {
                "" => document.title.clone(),
                subtitle => format!("{} · {subtitle}", document.title),
            };
            self.note(&title, (left, y), half, Align::Start, style, &mut page.items);
            if let Some(section) = page.section.clone() {
                self.note(&section, (right, y), half, Align::End, style.ink(ink::TEXT), &mut page.items);
            }
            page.items.push(Item::rule(left, y + 6.0, right - left, line));
        }
        let y = sheet.height - sheet.bottom + 32.0;
        page.items.push(Item::rule(left, y - 11.0, right - left, line));
        let third = sheet.text_width() / 3.0 - 6.0;
        self.note(&document.control.classification, (left, y), third, Align::Start, style, &mut page.items);
        let middle = identity(document, self.texts);
        let draft = document.control.is_draft();
        let width = self.note(&middle, (left + half + 8.0, y), third * 1.2, Align::Center, style, &mut page.items);
        if draft {
            let x = left + half + 8.0 + width / 2.0 + if width > 0.0 { 7.0 } else { 0.0 };
            let style = style.face(Face::Semibold).ink(ink::tone(Tone::Caution).0);
            self.note(self.texts.t("approval.draft"), (x, y), third, Align::Start, style, &mut page.items);
        }
        let count = self.texts.fill("page.count", &[("n", &number.to_string()), ("all", &of.to_string())]);
        self.note(&count, (right, y), third, Align::End, style, &mut page.items);
    }

    /// One line outside the text, shortened to fit. Returns its width.
    fn note(
        &mut self,
        text: &str,
        (x, y): (f32, f32),
        room: f32,
        align: Align,
        style: Style,
        items: &mut Vec<Item>,
    ) -> f32 {
        let mut shown = String::new();
        chars::visible(&mut self.fonts, style.face, text, |_, run| shown.push_str(run));
        let wide = |setter: &mut Self, text: &str| {
            let shaped = setter.fonts.shape(style.face, style.figures, text);
            (shaped, shaped.width as f32 / 1000.0 * style.size)
        };
        let (mut shaped, mut width) = wide(self, &shown);
        if width > room {
            // As many characters as the share of the room allows, then one by one less.
            let mut chars: Vec<char> = shown.chars().collect();
            chars.truncate((chars.len() as f32 * room / width) as usize);
            loop {
                let short: String = chars.iter().collect::<String>().trim_end().to_owned() + "…";
                (shaped, width) = wide(self, &short);
                if width <= room || chars.pop().is_none() {
                    break;
                }
            }
        }
        let x = match align {
            Align::Start => x,
            Align::Center => x - width / 2.0,
            Align::End => x - width,
        };
        let draw = Draw::Text { x, y, face: style.face, size: style.size, ink: style.ink, shaped, turned: false };
        items.push(Item::artifact(draw));
        width
    }
}

/// Identifier and version, as far as declared.
fn identity(document: &Document, texts: &Texts) -> String {
    let control = &document.control;
    let version = match control.version.as_str() {
        "" => String::new(),
        version => texts.fill("page.version", &[("version", version)]),
    };
    [control.identifier.clone(), version].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}

fn facts(control: &ControlBlock, texts: &Texts) -> Vec<(Vec<Inline>, Vec<Block>)> {
    let approved = control.approved.map_or_else(|| texts.t("approval.not_yet").to_owned(), |date| date.to_string());
    let review = control.next_review.map(|date| date.to_string()).unwrap_or_default();
    let rows = [
        ("label.identifier", control.identifier.clone()),
        ("label.version", control.version.clone()),
        ("label.as_of", control.as_of.clone()),
        ("label.classification", control.classification.clone()),
        ("label.author", control.author.clone()),
        ("label.owner", control.owner.clone()),
        ("label.approver", control.approver.clone()),
        ("label.approved", approved),
        ("label.next_review", review),
        ("label.distribution", control.distribution.clone()),
        ("label.retention", control.retention.clone()),
    ];
    rows.into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(term, value)| {
            (vec![Inline::text(texts.t(term))], vec![Block::Paragraph { text: vec![Inline::text(value)] }])
        })
        .collect()
}
