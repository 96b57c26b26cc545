//! Equal Pod specs stored once: a template line, and object lines that refer to it.
//!
//! Pods of one workload differ in the node they run on and in the name of their token volume. Both become holes `"$1"`
//! and `"$2"` of a template; the object's line begins with `{"of":[TEMPLATE,"node","volume"],` and has `"$0"` in place
//! of its spec.
//!
//! Invariant: a line that is put together again is byte for byte the line of an object that stands alone, so digests
//! do not depend on what was shared. A spec with a text that begins with `$` stands alone.

use std::collections::HashMap;

/// Specs shorter than this stand alone: the reference would be as long.
const SHORTEST: usize = 128;
/// Where the spec stands in an object's line. Quotes are escaped in texts, so nothing else in the line reads like it.
const SPEC: &str = r#""body":{"spec":"#;
/// Begins the line of an object that refers to a template.
const OF: &str = r#"{"of":["#;
/// Begins the line of a template.
const TEMPLATE: &str = r#"{"template":"#;

/// Templates of a list that is being written.
#[derive(Default)]
pub(super) struct Sharing(HashMap<String, usize>);

impl Sharing {
    /// Writes an object's line, after its template if that is new.
    pub(super) fn put(&mut self, line: &str, out: &mut Vec<u8>) {
        let Some(shared) = Shared::of(line) else {
            out.extend_from_slice(line.as_bytes());
            return out.push(b'\n');
        };
        let next = self.0.len();
        let number = match self.0.get(&shared.template) {
            Some(number) => *number,
            None => {
                out.extend_from_slice(format!("{TEMPLATE}{}}}\n", shared.template).as_bytes());
                self.0.insert(shared.template, next);
                next
            }
        };
        let holes: String = shared.holes.iter().map(|hole| format!(",{hole}")).collect();
        let (before, after) = shared.around;
        // Behind the brace that opens the object.
        let before = &before[1..];
        out.extend_from_slice(format!("{OF}{number}{holes}],{before}\"$0\"{after}\n").as_bytes());
    }
}

/// An object's line taken apart.
struct Shared<'a> {
    /// The line before and after its spec.
    around: (&'a str, &'a str),
    template: String,
    /// Texts with their quotes.
    holes: Vec<&'a str>,
}

impl<'a> Shared<'a> {
    fn of(line: &'a str) -> Option<Self> {
        let start = line.find(SPEC)? + SPEC.len();
        let spec = &line[start..];
        let spec = &spec[..end_of_map(spec)?];
        if spec.len() < SHORTEST || spec.contains("\"$") {
            return None;
        }
        let node = text_at(spec, spec.find(r#""nodeName":"#)? + r#""nodeName":"#.len())?;
        let token = spec.find(r#""kube-api-access-"#).and_then(|at| text_at(spec, at));
        let holes: Vec<&str> = [Some(node), token].into_iter().flatten().collect();
        let mut template = spec.to_owned();
        for (hole, mark) in holes.iter().zip([r#""$1""#, r#""$2""#]) {
            template = template.replace(hole, mark);
        }
        let whole = Template::new(&template).fill(&holes)?;
        (whole == spec).then_some(Self { around: (&line[..start], &line[start + spec.len()..]), template, holes })
    }
}

/// Length of the JSON map that `text` begins with.
fn end_of_map(text: &str) -> Option<usize> {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => quoted = !quoted,
            b'{' | b'[' if !quoted => depth += 1,
            b'}' | b']' if !quoted => depth = depth.checked_sub(1)?,
            _ => {}
        }
        if depth == 0 {
            return (at > 0).then_some(at + 1);
        }
    }
    None
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
        lines.iter().for_each(|line| sharing.put(line, &mut out));
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
