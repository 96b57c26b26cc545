//! Forms on paper: numbered questions with boxes to tick and lines to write on.

use super::{
    block::{Place, Setter},
    boxes::side_by_side,
    ink,
    page::{Dash, Draw, Item, Pen, Strip},
    tags::Role,
};
use crate::document::{Answer, Form, Inline, Question};

const LINE: f32 = 19.0;

impl Setter<'_> {
    /// Strips of a form. A question and its answer stay together.
    pub(super) fn form(&mut self, form: &Form, place: Place, out: &mut Vec<Strip>) {
        let first = out.len();
        let list = self.tags.add(Role::L, place.parent);
        for question in &form.questions {
            let li = self.tags.add(Role::Li, list);
            let mut strips = self.question(question, Place { parent: li, bare: false, ..place });
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

    fn question(&mut self, question: &Question, place: Place) -> Vec<Strip> {
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
        match (&question.given, &question.answer) {
            (Some(given), _) => {
                let text = [
                    Inline::Strong { text: vec![Inline::text(format!("{}: ", self.texts.t("form.answer")))] },
                    Inline::text(given),
                ];
                self.text(&text, Place { size: 9.4, leading: 12.8, gap: 4.0, ..inner }, &mut right);
            }
            (None, Answer::YesNo) => {
                let words = ["form.yes", "form.no", "form.not_applicable"].map(|key| self.texts.t(key));
                self.boxes(&words, inner, &mut right);
            }
            (None, Answer::Choice(choices)) => {
                let words: Vec<&str> = choices.iter().map(String::as_str).collect();
                self.boxes(&words, inner, &mut right);
            }
            (None, Answer::Date) => {
                self.ruled(self.texts.t("form.date"), 170.0, 1, inner, &mut right);
            }
            (None, Answer::Text(lines)) => {
                self.ruled(
                    self.texts.t("form.answer"),
                    inner.width,
                    usize::from((*lines).clamp(1, 30)),
                    inner,
                    &mut right,
                );
            }
        }
        self.ruled(self.texts.t("form.remarks"), inner.width, 1, inner, &mut right);
        side_by_side(left, right)
    }

    fn text(&mut self, text: &[Inline], place: Place, out: &mut Vec<Strip>) {
        let elem = self.tags.add(Role::P, place.parent);
        let paragraph = self.read(text, place);
        self.paragraph(&paragraph, place, elem, out);
    }

    /// Boxes to tick, as many on a line as fit.
    fn boxes(&mut self, words: &[&str], place: Place, out: &mut Vec<Strip>) {
        let place = Place { size: 9.4, leading: 16.0, prose: false, ..place };
        let side = 9.5;
        let elem = self.tags.add(Role::P, place.parent);
        let mut strip = Strip { height: 16.0, gap: 4.0, ..Strip::default() };
        let mut x = place.x;
        for word in words {
            let own = Place { width: place.width - side - 6.0, ..place };
            let paragraph = self.read(&[Inline::text(*word)], own);
            let lines = paragraph.lines(own.width, &mut self.fonts);
            let width = lines.lines.iter().map(|(_, width)| *width).fold(0.0, f32::max);
            if x > place.x && x + side + 6.0 + width > place.x + place.width {
                out.push(std::mem::replace(&mut strip, Strip { height: 16.0, gap: 0.0, ..Strip::default() }));
                x = place.x;
            }
            strip.items.push(Self::frame(x, 8.0 - side / 2.0, side, side, 1.5));
            for index in 0..lines.lines.len() {
                let mut items = Vec::new();
                let at = Place { x: x + side + 6.0, ..own };
                self.line(&paragraph, &lines, index, at, elem, &mut Vec::new(), &mut items);
                let y = index as f32 * 13.0;
                strip.items.extend(items.into_iter().map(|item| item.moved(0.0, y)));
                strip.height = strip.height.max(16.0 + y);
            }
            x += side + 6.0 + width + 22.0;
        }
        out.push(strip);
    }

    /// Lines to write on, with a small label before the first.
    fn ruled(&mut self, label: &str, width: f32, lines: usize, place: Place, out: &mut Vec<Strip>) {
        let small = Place { size: 7.8, leading: 10.0, prose: false, ink: ink::MUTED, ..place };
        let elem = self.tags.add(Role::P, place.parent);
        let paragraph = self.read(&[Inline::text(label)], small);
        let broken = paragraph.lines(small.width, &mut self.fonts);
        let taken = broken.lines.first().map_or(0.0, |(_, width)| *width) + 6.0;
        let pen = Pen { ink: ink::RULE, width: 0.5, dash: Dash::Solid };
        for index in 0..lines {
            let mut strip = Strip { height: LINE, ..Strip::default() };
            let mut x = place.x;
            if index == 0 {
                let mut items = Vec::new();
                self.line(&paragraph, &broken, 0, small, elem, &mut Vec::new(), &mut items);
                strip.items.extend(items.into_iter().map(|item| item.moved(0.0, LINE - 10.5)));
                x += taken;
            }
            let x2 = (place.x + width).max(x + 40.0).min(place.x + place.width);
            strip.items.push(Item::artifact(Draw::Rule { x, y: LINE - 3.0, x2, y2: LINE - 3.0, pen }));
            out.push(strip);
        }
    }
}
