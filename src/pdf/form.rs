//! Forms to be filled in on screen or on paper: numbered questions with boxes to tick and frames to write in.

use super::{
    block::{Place, Setter},
    boxes::side_by_side,
    fields::{BOX, Field, Kind, Tick},
    ink,
    page::{Draw, Elem, Item, Pen, Strip},
    tags::Role,
};
use crate::document::{Answer, Block, Cell, Form, Inline, Question, Table, plain};

/// Height of a line, for a hand as for a keyboard.
const LINE: f32 = 16.0;
/// Height of a caption in the corner of a frame.
const CAPTION: f32 = 9.5;
/// Lines for evidence and remarks.
const REMARKS: usize = 2;

/// A question that fields are made for.
#[derive(Clone, Copy)]
struct Asked<'a> {
    form: &'a Form,
    question: &'a Question,
}

impl Asked<'_> {
    /// A field for `part` of the answer, which the page calls `caption`.
    fn field(self, part: &str, caption: &str, kind: Kind) -> Field {
        let Question { id, text, .. } = self.question;
        let label = format!("{id} {} – {caption}", plain(text));
        Field { name: vec![self.form.name.clone(), id.clone(), part.to_owned()], label, kind }
    }
}

impl Setter<'_> {
    /// Strips of a form. A question and its answer stay together.
    pub(super) fn form(&mut self, form: &Form, place: Place, out: &mut Vec<Strip>) {
        let first = out.len();
        let list = self.tags.add(Role::L, place.parent);
        for question in &form.questions {
            let li = self.tags.add(Role::Li, list);
            let mut strips = self.question(form, question, Place { parent: li, bare: false, ..place });
            if let Some((last, rest)) = strips.split_last_mut() {
                rest.iter_mut().for_each(|strip| strip.keep = true);
                last.height += 7.0;
                let pen = Pen::hairline(ink::HAIRLINE);
                last.items.push(Item::rule(place.x, last.height, place.width, pen));
            }
            if let Some(strip) = strips.first_mut() {
                strip.gap = 7.0;
                strip.anchors.push(format!("{}-{}", form.id, question.id).into());
            }
            out.append(&mut strips);
        }
        if let Some(strip) = out.get_mut(first) {
            strip.gap = place.gap;
            strip.anchors.push(form.id.as_str().into());
        }
    }

    fn question(&mut self, form: &Form, question: &Question, place: Place) -> Vec<Strip> {
        let label = self.tags.add(Role::Lbl, place.parent);
        let body = self.tags.add(Role::LBody, place.parent);
        let number =
            Place { width: 44.0, bold: true, prose: false, size: 9.2, leading: 13.4, ink: self.inks.accent, ..place };
        let mut left = Vec::new();
        let paragraph = self.read(&[Inline::text(&question.id)], number);
        self.paragraph(&paragraph, number, label, &mut left);
        let inner = Place { parent: body, ..place }.indented(50.0);
        let mut right = Vec::new();
        let head = Place { size: 10.0, leading: 13.4, ..inner };
        let elem = self.tags.add(Role::P, body);
        let paragraph = self.read(&question.text, Place { bold: true, ..head });
        self.paragraph(&paragraph, head, elem, &mut right);
        let small = Place { size: 8.6, leading: 11.6, gap: 2.0, ..inner.small() };
        if !question.hint.is_empty() {
            self.text(&question.hint, small, &mut right);
        }
        if !question.controls.is_empty() {
            let mut text = vec![Inline::text(format!("{}: ", self.texts.t("form.controls")))];
            text.extend(question.controls.iter().cloned());
            self.text(&text, small, &mut right);
        }
        let asked = Asked { form, question };
        match (&question.given, &question.answer) {
            (Some(given), _) => {
                let text = [
                    Inline::Strong { text: vec![Inline::text(format!("{}: ", self.texts.t("form.answer")))] },
                    Inline::text(given),
                ];
                self.text(&text, Place { size: 9.4, leading: 12.8, gap: 4.0, ..inner }, &mut right);
            }
            (None, Answer::YesNo) => self.boxes(asked, inner, &mut right),
            (None, Answer::Choice(choices)) => {
                // On paper a choice is a word to mark.
                let text = self.texts.fill("form.one_of", &[("choices", &choices.join(" · "))]);
                let legible = Place { size: 9.4, leading: 12.8, gap: 4.0, prose: false, ..inner };
                self.text(&[Inline::text(text)], legible, &mut right);
                let caption = self.texts.t("form.answer");
                let field = asked.field("answer", caption, Kind::Choice(choices.clone()));
                self.room(field, caption, (inner.width, 1), inner, &mut right);
            }
            (None, Answer::Date) => {
                let caption = self.texts.t("form.date");
                let field = asked.field("answer", caption, Kind::Text { multiline: false });
                self.room(field, caption, (170.0, 1), inner, &mut right);
            }
            (None, Answer::Text(lines)) => {
                let caption = self.texts.t("form.answer");
                let field = asked.field("answer", caption, Kind::Text { multiline: true });
                self.room(field, caption, (inner.width, usize::from((*lines).clamp(1, 30))), inner, &mut right);
            }
        }
        let caption = self.texts.t("form.remarks");
        let field = asked.field("remarks", caption, Kind::Text { multiline: true });
        self.room(field, caption, (inner.width, REMARKS), inner, &mut right);
        side_by_side(left, right)
    }

    fn text(&mut self, text: &[Inline], place: Place, out: &mut Vec<Strip>) {
        let elem = self.tags.add(Role::P, place.parent);
        let paragraph = self.read(text, place);
        self.paragraph(&paragraph, place, elem, out);
    }

    /// Boxes to tick for yes, no and not applicable, as many on a line as fit.
    fn boxes(&mut self, asked: Asked, place: Place, out: &mut Vec<Strip>) {
        let words = [("yes", "form.yes"), ("no", "form.no"), ("not-applicable", "form.not_applicable")];
        let words = words.map(|(value, key)| (value, self.texts.t(key)));
        let ticks = words.map(|(value, label)| Tick { value, label: label.to_owned() });
        let field = self.add_field(asked.field("answer", self.texts.t("form.answer"), Kind::Boxes(ticks.into())));
        let place = Place { size: 9.4, leading: 16.0, prose: false, ..place };
        let elem = self.tags.add(Role::P, place.parent);
        let beside = BOX + 6.0;
        let mut strip = Strip { height: 16.0, gap: 4.0, ..Strip::default() };
        let mut x = place.x;
        for (button, (_, word)) in words.into_iter().enumerate() {
            let own = Place { width: place.width - beside, ..place };
            let paragraph = self.read(&[Inline::text(word)], own);
            let lines = paragraph.lines(own.width, &mut self.fonts);
            let width = lines.lines.iter().map(|(_, width)| *width).fold(0.0, f32::max);
            if x > place.x && x + beside + width > place.x + place.width {
                out.push(std::mem::replace(&mut strip, Strip { height: 16.0, ..Strip::default() }));
                x = place.x;
            }
            let tag = self.tags.add(Role::Form, elem);
            let (y, button) = (8.0 - BOX / 2.0, button as u16);
            strip.items.push(Item::new(tag, Draw::Field { x, y, width: BOX, height: BOX, field, button }));
            for index in 0..lines.lines.len() {
                let mut items = Vec::new();
                let at = Place { x: x + beside, ..own };
                self.line(&paragraph, &lines, index, at, elem, &mut Vec::new(), &mut items);
                let y = index as f32 * 13.0;
                strip.items.extend(items.into_iter().map(|item| item.moved(0.0, y)));
                strip.height = strip.height.max(16.0 + y);
            }
            x += beside + width + 22.0;
        }
        out.push(strip);
    }

    /// A frame to write in, so wide and with so many lines, its caption small in the corner.
    fn room(&mut self, field: Field, caption: &str, (width, lines): (f32, usize), place: Place, out: &mut Vec<Strip>) {
        let width = width.min(place.width);
        let small = Place { x: place.x + 4.0, width: (width - 8.0).max(3.0), ..place };
        let small = Place { size: 7.2, leading: CAPTION, prose: false, ink: ink::MUTED, ..small };
        let elem = self.tags.add(Role::P, place.parent);
        let paragraph = self.read(&[Inline::text(caption)], small);
        let broken = paragraph.lines(small.width, &mut self.fonts);
        // In a narrow place the caption takes several lines.
        let top = CAPTION * broken.lines.len() as f32;
        let height = top + LINE * lines as f32 + 2.0;
        let mut strip = Strip { height, gap: 4.0, ..Strip::default() };
        strip.items.push(Self::frame(place.x, 0.0, width, height, 1.5));
        for index in 0..broken.lines.len() {
            let mut items = Vec::new();
            self.line(&paragraph, &broken, index, small, elem, &mut Vec::new(), &mut items);
            let y = index as f32 * CAPTION;
            strip.items.extend(items.into_iter().map(|item| item.moved(0.0, y + 1.4)));
        }
        let tag = self.tags.add(Role::Form, elem);
        let field = self.add_field(field);
        let (x, width, height) = (place.x + 2.0, width - 4.0, height - top - 1.5);
        strip.items.push(Item::new(tag, Draw::Field { x, y: top, width, height, field, button: 0 }));
        out.push(strip);
    }

    fn add_field(&mut self, field: Field) -> u32 {
        self.fields.push(field);
        (self.fields.len() - 1) as u32
    }

    /// A field for a cell that is there to be written in, and its element: named by the section, the row and the column.
    pub(super) fn cell_field(&mut self, table: &Table, row: usize, column: usize, cell: Elem) -> (u32, Elem) {
        let section = if self.section.is_empty() { table.id.clone() } else { self.section.to_string() };
        let said = |cell: Option<&Cell>| match cell.and_then(|cell| cell.blocks.first()) {
            Some(Block::Paragraph { text }) => plain(text),
            _ => String::new(),
        };
        let line = said(table.rows.get(row).and_then(|row| row.cells.first()));
        let head = said(table.head.last().and_then(|row| row.cells.get(column)));
        let label = [line, head].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" – ");
        let name = vec![section, (row + 1).to_string(), (column + 1).to_string()];
        let tag = self.tags.add(Role::Form, cell);
        (self.add_field(Field { name, label, kind: Kind::Text { multiline: true } }), tag)
    }
}
