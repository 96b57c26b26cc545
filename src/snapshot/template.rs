//! Equal Pod specs stored once: a template line, and object lines that refer to it.
//!
//! Pods of one workload differ in the node they run on and in the name of their token volume. Both become holes `"$1"`
//! and `"$2"` of a template; the object's line begins with `{"of":[TEMPLATE,"node","volume"],` and has `"$0"` in place
//! of its spec.
//!
//! Invariant: a line that is put together again is byte for byte the line of an object that stands alone, so digests
//! do not depend on what was shared. A spec with a text that begins with `$` stands alone.

use std::collections::HashMap;

use scopefence_json::Cursor;

/// Specs shorter than this stand alone: the reference would be as long.
const SHORTEST: usize = 128;
/// Where the spec stands in an object's line. Quotes are escaped in texts, so nothing else in the line reads like it.
const SPEC: &str = r#""body":{"spec":"#;
/// Begins the body of a Pod of which the spec can be shared.
const FIRST: &str = r#"{"spec":"#;
/// Before the name of the node.
const NODE: &str = r#""nodeName":"#;
/// Begins the name of the volume with the token.
const TOKEN: &str = r#""kube-api-access-"#;
/// Begins the line of an object that refers to a template.
const OF: &str = r#"{"of":["#;
/// Begins the line of a template.
const TEMPLATE: &str = r#"{"template":"#;

/// Templates of a list that is being written.
#[derive(Default)]
pub(super) struct Sharing {
    numbers: HashMap<String, usize>,
    /// The template at hand.
    template: String,
}

impl Sharing {
    /// Writes an object's line, of which the body begins at `body`, after its template if that is new.
    pub(super) fn put(&mut self, line: &str, body: usize, out: &mut Vec<u8>) {
        let Some(shared) = Shared::of(line, body, &mut self.template) else {
            out.extend_from_slice(line.as_bytes());
            return out.push(b'\n');
        };
        let next = self.numbers.len();
        let number = match self.numbers.get(&self.template) {
            Some(number) => *number,
            None => {
                out.extend_from_slice(format!("{TEMPLATE}{}}}\n", self.template).as_bytes());
                self.numbers.insert(self.template.clone(), next);
                next
            }
        };
        let (before, after) = shared.around;
        out.extend_from_slice(format!("{OF}{number}").as_bytes());
        for hole in shared.holes.into_iter().flatten() {
            out.push(b',');
            out.extend_from_slice(hole.as_bytes());
        }
        // Behind the brace that opens the object.
        for text in ["],", &before[1..], "\"$0\"", after, "\n"] {
            out.extend_from_slice(text.as_bytes());
        }
    }
}

/// An object's line taken apart.
struct Shared<'a> {
    /// The line before and after its spec.
    around: (&'a str, &'a str),
    /// Texts with their quotes.
    holes: [Option<&'a str>; 2],
}

impl<'a> Shared<'a> {
    /// Takes a line apart, with its spec as a template into `template`.
    fn of(line: &'a str, body: usize, template: &mut String) -> Option<Self> {
        let spec = line.get(body..)?.strip_prefix(FIRST)?;
        let start = line.len() - spec.len();
        let spec = Cursor::new(spec).raw().ok()?;
        if spec.len() < SHORTEST || spec.contains("\"$") {
            return None;
        }
        let at = spec.find(NODE)? + NODE.len();
        let node = text_at(spec, at)?;
        let mut marks = vec![(at, node, r#""$1""#)];
        let mut token = None;
        for (at, _) in spec.match_indices(TOKEN) {
            let Some(text) = text_at(spec, at) else { continue };
            if text == *token.get_or_insert(text) {
                marks.push((at, text, r#""$2""#));
            }
        }
        marks.sort_unstable();
        template.clear();
        let mut from = 0;
        for (at, text, mark) in marks {
            // Texts may stand within each other only where a name was made for that.
            template.push_str(spec.get(from..at)?);
            template.push_str(mark);
            from = at + text.len();
        }
        template.push_str(&spec[from..]);
        let holes = [Some(node), token];
        debug_assert_eq!(
            Template::new(template).fill(&holes.into_iter().flatten().collect::<Vec<_>>()).as_deref(),
            Some(spec)
        );
        Some(Self { around: (&line[..start], &line[start + spec.len()..]), holes })
    }
}

/// The text, with its quotes, that begins at a place; none with an escape in it.
fn text_at(json: &str, at: usize) -> Option<&str> {
    let rest = json.get(at..)?.strip_prefix('"')?;
    let length = rest.find(['"', '\\'])?;
    rest[length..].starts_with('"').then(|| &json[at..at + length + 2])
}

/// A template that was read: its pieces, each but the last followed by the number of a hole.
pub(super) struct Template {
    pieces: Vec<(String, usize)>,
    last: String,
}

impl Template {
    /// The template on a line, if it is the line of one.
    pub(super) fn read(line: &[u8]) -> Option<Self> {
        let line = line.strip_prefix(TEMPLATE.as_bytes())?.strip_suffix(b"}")?;
        std::str::from_utf8(line).ok().map(Self::new)
    }

    fn new(text: &str) -> Self {
        let mut pieces = Vec::new();
        let (mut begin, mut from) = (0, 0);
        while let Some(at) = text[from..].find("\"$").map(|at| at + from) {
            from = at + 2;
            if let [digit @ b'1'..=b'9', b'"', ..] = text.as_bytes()[from..] {
                pieces.push((text[begin..at].to_owned(), usize::from(digit - b'1')));
                from += 2;
                begin = from;
            }
        }
        Self { pieces, last: text[begin..].to_owned() }
    }

    fn fill(&self, holes: &[&str]) -> Option<String> {
        let mut whole = String::new();
        for (piece, hole) in &self.pieces {
            whole.push_str(piece);
            whole.push_str(holes.get(*hole)?);
        }
        whole.push_str(&self.last);
        Some(whole)
    }
}

/// Whether the line refers to a template.
pub(super) fn refers(line: &[u8]) -> bool {
    line.starts_with(OF.as_bytes())
}

/// The whole line of an object that refers to one of the templates read so far.
pub(super) fn whole(line: &[u8], templates: &[Template]) -> Option<String> {
    let line = std::str::from_utf8(line).ok()?.strip_prefix(OF)?;
    let digits = line.find([',', ']'])?;
    let template = templates.get(line[..digits].parse::<usize>().ok()?)?;
    let mut at = digits;
    let mut holes = Vec::new();
    while line[at..].starts_with(',') {
        let hole = text_at(line, at + 1)?;
        at += 1 + hole.len();
        holes.push(hole);
    }
    let rest = line[at..].strip_prefix("],")?;
    let spec = rest.find(SPEC)? + SPEC.len();
    let after = rest[spec..].strip_prefix(r#""$0""#)?;
    Some(format!("{{{}{}{after}", &rest[..spec], template.fill(&holes)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn round(lines: &[String]) -> (String, Vec<String>) {
        let mut sharing = Sharing::default();
        let mut out = Vec::new();
        for line in lines {
            // The label of a hostile Pod holds it too, with escapes.
            let body = line.find(SPEC).map_or(0, |at| at + SPEC.len() - FIRST.len());
            sharing.put(line, body, &mut out);
        }
        let text = String::from_utf8(out).expect("text");
        let mut templates = Vec::new();
        let mut back = Vec::new();
        for line in text.lines() {
            match Template::read(line.as_bytes()) {
                Some(template) => templates.push(template),
                None if refers(line.as_bytes()) => back.push(whole(line.as_bytes(), &templates).expect("its template")),
                None => back.push(line.to_owned()),
            }
        }
        (text, back)
    }

    fn pod(node: &str, token: &str, image: &str) -> String {
        let filler = "x".repeat(SHORTEST);
        format!(
            r#"{{"name":"p","labels":{{"a":"\"body\":{{\"spec\":"}},"body":{{"spec":{{"nodeName":"{node}","volumes":[{{"name":"{token}"}}],"containers":[{{"name":"{filler}","image":"{image}","volumeMounts":[{{"name":"{token}"}}]}}]}},"status":{{"phase":"Running"}}}}}}"#
        )
    }

    #[test]
    fn pods_of_one_workload_share_their_spec() {
        let lines = [
            pod("n1", "kube-api-access-aaaaa", "a:1"),
            pod("n2", "kube-api-access-bbbbb", "a:1"),
            pod("n2", "other", "a:1"),
            pod("n1", "kube-api-access-aaaaa", "a:2"),
        ];
        let (text, back) = round(&lines);
        assert_eq!(back, lines);
        assert_eq!(text.matches("{\"template\":").count(), 3, "{text}");
        assert!(text.contains(r#"{"of":[0,"n2","kube-api-access-bbbbb"],"name":"p""#), "{text}");
    }

    #[test]
    fn what_cannot_be_put_together_stands_alone() {
        for line in [
            pod("$1", "a", "b"),
            pod("n", "a", "$2"),
            pod("n\\\"", "a", "b"),
            r#"{"name":"p","body":{"spec":{}}}"#.to_owned(),
            r#"{"name":"p","body":{"status":{}}}"#.to_owned(),
        ] {
            let (text, back) = round(std::slice::from_ref(&line));
            assert_eq!((text.trim_end(), &back), (&*line, &vec![line.clone()]));
        }
    }

    #[test]
    fn a_damaged_reference_is_none() {
        let template = [Template::new(r#"{"nodeName":"$1"}"#)];
        let line = |text: &str| whole(text.as_bytes(), &template);
        assert!(line(r#"{"of":[0,"n"],"name":"p","body":{"spec":"$0"}}"#).is_some());
        for text in [
            r#"{"of":[1,"n"],"name":"p","body":{"spec":"$0"}}"#,
            r#"{"of":[0],"name":"p","body":{"spec":"$0"}}"#,
            r#"{"of":[0,"n],"name":"p","body":{"spec":"$0"}}"#,
            r#"{"of":[0,"n"],"name":"p","body":{"spec":"$9"}}"#,
            r#"{"of":[99999999999999999999,"n"],"body":{"spec":"$0"}}"#,
            r#"{"of":["#,
        ] {
            assert!(line(text).is_none(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_pod_comes_back_as_it_was(node in ".{0,12}", token in "(kube-api-access-)?.{0,6}", image in ".{0,20}") {
            let text = |text: &str| {
                let quoted = serde_json::to_string(text).expect("JSON");
                quoted[1..quoted.len() - 1].to_owned()
            };
            let line = pod(&text(&node), &text(&token), &text(&image));
            let lines = vec![line.clone(), line];
            prop_assert_eq!(round(&lines).1, lines);
        }
    }
}
