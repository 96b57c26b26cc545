//! Objects of one list that are lines of a file already, in the order in which they were read or in that of a file.
//!
//! In: what a reader keeps of each object, or objects. Out: [`Packed`](super::Packed) lines, or a [`List`].
//!
//! Invariant: a line is what serializing the object gives, so both ways out have one digest.

use rayon::prelude::*;
use scopefence_json::Trouble;
use sha2::{Digest, Sha256};

use super::{
    List, ListRecord, Object, Strings,
    line::{self, Parts, Places, Span},
};
use crate::digest::hex;

/// Objects made by one thread in one go; they share their texts.
const SHARE: usize = 512;

/// Lines of objects.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    /// One or more a page of the API server.
    texts: Vec<String>,
    lines: Vec<Place>,
}

/// Where a line is.
#[derive(Debug, Clone, Copy)]
struct Place {
    text: usize,
    line: Span,
    parts: Places,
}

/// One line, without its line break.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line<'a> {
    /// All of it.
    pub(crate) text: &'a str,
    /// Where its body begins.
    pub(super) body: usize,
    pub(crate) namespace: &'a str,
    pub(crate) name: &'a str,
    pub(crate) uid: &'a str,
}

/// Lines of one page while it is read.
#[derive(Debug, Default)]
pub(crate) struct Writing {
    text: Vec<u8>,
    lines: Vec<Place>,
}

impl Writing {
    /// Adds an object. Names with escapes in them are ordered by what is written.
    pub(crate) fn put(&mut self, parts: &Parts<'_>, body: &[u8]) {
        let start = self.text.len();
        let parts = parts.write(body, &mut self.text);
        self.lines.push(Place { text: 0, line: Span { start, end: self.text.len() }, parts });
    }

    pub(crate) fn finish(self) -> Lines {
        let Self { mut text, lines } = self;
        // It grew by doubling, and stays until the list ends.
        text.shrink_to_fit();
        // What is written was text before.
        let text = String::from_utf8(text).unwrap_or_default();
        Lines { texts: vec![text], lines }
    }
}

impl Lines {
    pub(super) fn of(objects: &[Object]) -> Self {
        let mut writing = Writing::default();
        for object in objects {
            let start = writing.text.len();
            let parts = line::write(object, &mut writing.text);
            writing.lines.push(Place { text: 0, line: Span { start, end: writing.text.len() }, parts });
        }
        writing.finish()
    }

    pub(crate) fn len(&self) -> usize {
        self.lines.len()
    }

    /// The first object.
    pub(crate) fn first(&self, strings: &Strings) -> Result<Object, Trouble> {
        let line = self.iter().next().ok_or(Trouble::CutOff)?;
        line::parse(line.text, strings)
    }

    /// Adds the lines of another page.
    pub(crate) fn append(&mut self, other: Self) {
        let before = self.texts.len();
        self.texts.extend(other.texts);
        self.lines.extend(other.lines.into_iter().map(|place| Place { text: place.text + before, ..place }));
    }

    fn line(&self, place: &Place) -> Line<'_> {
        let text = &self.texts[place.text];
        let part = |span: Span| &text[span.start..span.end];
        Line {
            text: part(place.line),
            body: place.parts.body.start - place.line.start,
            namespace: part(place.parts.namespace),
            name: part(place.parts.name),
            uid: part(place.parts.uid),
        }
    }

    /// All of each line, without line breaks, and where its body begins.
    pub(super) fn texts(&self) -> impl Iterator<Item = (&str, usize)> {
        self.lines.iter().map(|Place { text, line, parts }| {
            (&self.texts[*text][line.start..line.end], parts.body.start - line.start)
        })
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Line<'_>> {
        self.lines.iter().map(|place| self.line(place))
    }

    /// Gives another body to an object, if it is there.
    pub(crate) fn set_body(&mut self, namespace: &str, name: &str, body: &str) {
        let found = self.iter().position(|line| line.namespace == namespace && line.name == name);
        let Some(place) = found.map(|at| self.lines[at]) else { return };
        let line = self.line(&place);
        let text = format!("{}{body}}}", &line.text[..line.body]);
        let moved = |span: Span| Span { start: span.start - place.line.start, end: span.end - place.line.start };
        let none = |span: Span| if span == Span::default() { span } else { moved(span) };
        let parts = Places {
            namespace: none(place.parts.namespace),
            name: moved(place.parts.name),
            uid: none(place.parts.uid),
            body: Span { start: line.body, end: text.len() - 1 },
        };
        let at = found.unwrap_or_default();
        self.lines[at] = Place { text: self.texts.len(), line: Span { start: 0, end: text.len() }, parts };
        self.texts.push(text);
    }

    /// Into the order of a file.
    pub(super) fn sort(&mut self) {
        let texts = &self.texts;
        let of = |place: &Place, span: Span| &texts[place.text].as_bytes()[span.start..span.end];
        // Nearly in order as etcd has them.
        self.lines.sort_by(|a, b| {
            let by = |span: fn(&Places) -> Span| of(a, span(&a.parts)).cmp(of(b, span(&b.parts)));
            by(|it| it.namespace).then_with(|| by(|it| it.name)).then_with(|| by(|it| it.uid))
        });
    }

    /// SHA-256 in hex, as a record's digest.
    pub(super) fn digest(&self) -> String {
        let mut digest = Sha256::new();
        for (line, _) in self.texts() {
            digest.update(line);
            digest.update(b"\n");
        }
        hex(&digest.finalize())
    }

    /// The objects, bound to the record of how they were read.
    pub(crate) fn into_list(mut self, mut record: ListRecord) -> Result<List, Trouble> {
        self.sort();
        record.count = self.len();
        record.digest = self.digest();
        let shares: Vec<Vec<Object>> = self
            .lines
            .par_chunks(SHARE)
            .map(|places| {
                let strings = Strings::default();
                places.iter().map(|place| line::parse(self.line(place).text, &strings)).collect()
            })
            .collect::<Result<_, _>>()?;
        Ok(List { record, objects: shares.into_iter().flatten().collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(names: &[(&str, &str)]) -> Lines {
        let mut writing = Writing::default();
        for (namespace, name) in names {
            let parts = Parts { namespace: (*namespace).into(), name: (*name).into(), ..Parts::default() };
            writing.put(&parts, br#"{"spec":1}"#);
        }
        writing.finish()
    }

    #[test]
    fn pages_become_one_list_in_order() {
        let mut lines = written(&[("a-b", "x"), ("b", "y")]);
        lines.append(written(&[("a", "z"), ("a", "y")]));
        lines.set_body("a", "z", r#"{"data":2}"#);
        lines.set_body("a", "none", "3");
        lines.sort();
        let keys: Vec<String> = lines.iter().map(|line| format!("{}/{}", line.namespace, line.name)).collect();
        assert_eq!(keys, ["a/y", "a/z", "a-b/x", "b/y"]);
        let texts: Vec<&str> = lines.iter().map(|line| line.text).collect();
        assert_eq!(texts[1], r#"{"namespace":"a","name":"z","body":{"data":2}}"#);
        for line in lines.iter() {
            assert!(line.text[line.body..].starts_with('{'), "{line:?}");
        }
    }
}
