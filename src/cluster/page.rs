//! One answer to a list request: text in, lines of a snapshot out, without building values.
//!
//! The page is read in one pass. An object in it that is not what the API promises is passed over and named, so that it
//! costs itself and not its neighbours.

use std::{borrow::Cow, fmt};

use scopefence_json::{Cursor, Trouble};

use super::projection::{Projection, Reader};
use crate::snapshot::{Lines, Object, Strings, Writing};

/// Of an answer so many bytes are searched for the token of the next page.
const HEAD: usize = 8 << 10;

/// What one page held.
#[derive(Debug, Default)]
pub(crate) struct Page {
    /// `kind` of the answer, for example `PodList`.
    pub(crate) kind: String,
    /// Objects, in the server's order.
    pub(crate) lines: Lines,
    /// Token for the next page; empty on the last.
    pub(crate) next: String,
    /// `resourceVersion` of the list.
    pub(crate) resource_version: Option<String>,
    /// Objects that could not be read, each with its place and why, without any of its content.
    pub(crate) odd: Vec<String>,
}

/// Why an answer is no page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NotAPage {
    /// It ends in the middle.
    CutOff,
    /// It is no JSON.
    NotJson,
    /// It is JSON but no list of objects.
    NotAList,
}

impl fmt::Display for NotAPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CutOff => "the answer ends in the middle",
            Self::NotJson => "the answer is not valid JSON",
            Self::NotAList => "the answer is JSON but not a list of objects",
        })
    }
}

impl From<Trouble> for NotAPage {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::CutOff => Self::CutOff,
            Trouble::NotJson => Self::NotJson,
            Trouble::Shape(_) => Self::NotAList,
        }
    }
}

/// Reads one page.
///
/// # Errors
/// When the answer is no list at all.
pub(crate) fn parse(bytes: &[u8], projection: &Projection) -> Result<Page, NotAPage> {
    // Looked at once instead of text by text. The API server sends UTF-8; a text that is not stays no reason to fail.
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(bytes),
    };
    let mut cursor = Cursor::new(&text);
    let mut page = Page::default();
    let mut found = false;
    let mut members = cursor.members()?;
    while let Some(key) = members.next(&mut cursor)? {
        match &*key {
            "kind" => page.kind = cursor.text()?.unwrap_or_default().into_owned(),
            "metadata" => metadata(&mut cursor, &mut page)?,
            "items" if !found => {
                // Go writes an empty list as `null`, or leaves it out of a list that says so by its kind.
                found = true;
                if !cursor.null()? {
                    items(&mut cursor, projection, &mut page)?;
                }
            }
            _ => cursor.skip()?,
        }
    }
    cursor.end()?;
    if found || page.kind.ends_with("List") { Ok(page) } else { Err(NotAPage::NotAList) }
}

fn metadata(cursor: &mut Cursor<'_>, page: &mut Page) -> Result<(), Trouble> {
    if cursor.null()? {
        return Ok(());
    }
    let mut members = cursor.members()?;
    while let Some(key) = members.next(cursor)? {
        match &*key {
            "continue" => page.next = cursor.text()?.unwrap_or_default().into_owned(),
            "resourceVersion" => {
                let version = cursor.text()?.filter(|version| !version.is_empty());
                page.resource_version = version.map(|version| version.into_owned());
            }
            _ => cursor.skip()?,
        }
    }
    Ok(())
}

fn items<'a>(cursor: &mut Cursor<'a>, projection: &Projection, page: &mut Page) -> Result<(), Trouble> {
    let mut reader = Reader::new(projection);
    let mut writing = Writing::default();
    let mut place = 0;
    let mut elements = cursor.elements()?;
    while elements.next(cursor)? {
        place += 1;
        let (start, depth) = (cursor.at(), cursor.depth());
        match reader.read(cursor, &mut writing) {
            Err(Trouble::Shape(why)) => {
                page.odd.push(format!("object {place} of a page: {}", why.why()));
                cursor.back(start, depth);
                cursor.skip()?;
            }
            other => other?,
        }
    }
    page.lines = writing.finish();
    Ok(())
}

/// The token for the next page, if it stands before the items, where API servers write it: so the next page can be
/// asked for while this one is read.
pub(crate) fn token_ahead(bytes: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(HEAD)]);
    let mut cursor = Cursor::new(&head);
    let mut members = cursor.members().ok()?;
    while let Some(key) = members.next(&mut cursor).ok()? {
        match &*key {
            "metadata" => {
                let mut page = Page::default();
                metadata(&mut cursor, &mut page).ok()?;
                return Some(page.next).filter(|token| !token.is_empty());
            }
            "items" => return None,
            _ => cursor.skip().ok()?,
        }
    }
    None
}

/// Reads one object, for example the answer to a GET.
///
/// # Errors
/// When it is none; the reason holds none of its content.
pub(crate) fn parse_object(json: &str, projection: &Projection, strings: &Strings) -> Result<Object, &'static str> {
    let mut cursor = Cursor::new(json);
    let mut writing = Writing::default();
    let read = Reader::new(projection).read(&mut cursor, &mut writing).and_then(|()| cursor.end());
    let object = read.and_then(|()| writing.finish().first(strings));
    object.map_err(|trouble| match trouble {
        Trouble::Shape(why) => why.why(),
        Trouble::CutOff | Trouble::NotJson => "it is not valid JSON",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::projection::Projections;

    fn read(text: &str) -> Result<Page, NotAPage> {
        parse(text.as_bytes(), Projections::builtin().expect("embedded").get("", "Pod").expect("Pod"))
    }

    fn names(page: &Page) -> Vec<String> {
        page.lines.iter().map(|line| line.name.to_owned()).collect()
    }

    #[test]
    fn one_odd_object_costs_itself() {
        let page = read(
            r#"{"kind":"PodList","metadata":{"continue":"t","resourceVersion":"7"},"items":[
                {"metadata":{"name":"a"}}, {"metadata":{"name":["b"]}}, 7, null, {"spec":{}},
                {"metadata":{"name":"c","labels":{"z":"1","a":"2","z":"3"}}}, {"metadata":{"name":""}}]}"#,
        )
        .expect("a page");
        assert_eq!(names(&page), ["a", "c"]);
        assert_eq!((&*page.next, page.resource_version.as_deref()), ("t", Some("7")));
        assert_eq!(page.odd.len(), 5, "{:?}", page.odd);
        assert!(page.odd[4].contains("it has no name") && page.odd[3].contains("it has no metadata"), "{:?}", page.odd);
        let last = page.lines.iter().last().expect("c").text.to_owned();
        assert_eq!(last, r#"{"name":"c","labels":{"a":"2","z":"3"},"body":{}}"#);
    }

    #[test]
    fn what_is_no_page_says_why() {
        for (text, why) in [
            ("", NotAPage::CutOff),
            (r#"{"kind":"PodList","items":[{"metadata":{"name":"a"#, NotAPage::CutOff),
            (r#"{"kind":"PodList","items":[{"metadata":{"name":"a"},}]}"#, NotAPage::NotJson),
            (r#"{"kind":"PodList","items":[]} more"#, NotAPage::NotJson),
            ("<html>", NotAPage::NotJson),
            ("[]", NotAPage::NotAList),
            (r#"{"kind":"Status","code":200}"#, NotAPage::NotAList),
            (r#"{"kind":"PodList","items":{}}"#, NotAPage::NotAList),
        ] {
            assert_eq!(read(text).expect_err(text), why, "{text}");
        }
        assert!(read(r#"{"kind":"PodList","items":null}"#).is_ok() && read(r#"{"kind":"PodList"}"#).is_ok());
    }

    #[test]
    fn the_next_token_is_seen_before_the_items() {
        let ahead = |text: &str| token_ahead(text.as_bytes());
        assert_eq!(ahead(r#"{"kind":"PodList","metadata":{"continue":"abc"},"items":[{"#), Some("abc".to_owned()));
        assert_eq!(ahead(r#"{"kind":"PodList","items":[],"metadata":{"continue":"abc"}}"#), None);
        assert_eq!(ahead(r#"{"metadata":{"resourceVersion":"7"},"items":[]}"#), None);
        assert_eq!(ahead("<html>"), None);
    }
}
