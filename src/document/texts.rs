//! Prose by key: what documents, and the pages around them, say apart from data.
//!
//! In: `templates/lang/LANGUAGE.toml`, built in and of the workspace. Out: [`Texts`]. A key is looked up in the
//! workspace's language file, the workspace's English one, the built-in language, built-in English, in this order. A
//! language with a region comes before the one without: `de-AT`, `de`.
//!
//! Invariant: no renderer has a word of its own. A test compares the built-in languages key by key.

use std::collections::BTreeMap;

use super::tree::Inline;
use crate::tables;

/// The language that every key exists in.
pub(crate) const FALLBACK: &str = "en";

/// Names of a language's files below `templates/`, in order of look-up, English last.
pub(crate) fn files(language: &str) -> Vec<String> {
    let primary = primary(language);
    let mut languages = vec![language];
    languages.extend([&*primary, FALLBACK]);
    languages.dedup();
    languages.into_iter().map(|language| format!("lang/{language}.toml")).collect()
}

/// The language of a BCP 47 tag, without script and region.
pub(crate) fn primary(language: &str) -> String {
    language.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase()
}

/// Prose in the order of look-up.
#[derive(Debug, Clone, Default)]
pub struct Texts {
    layers: Vec<BTreeMap<String, String>>,
}

impl Texts {
    /// The texts that travel in the program, for a BCP 47 tag; English where there are none in its language.
    pub fn built_in(language: &str) -> Self {
        let mut texts = Self::default();
        for name in files(language) {
            let file = crate::embedded::TEMPLATES.get_file(&name).and_then(include_dir::File::contents_utf8);
            // A test reads every built-in file, so none is refused here.
            file.into_iter().for_each(|toml| drop(texts.add(toml)));
        }
        texts
    }

    /// Adds the file that is asked after all those added before. Tables nest into dotted keys.
    pub(crate) fn add(&mut self, toml: &str) -> Result<(), tables::Error> {
        let table: toml::Table = tables::from_str(toml)?;
        let mut layer = BTreeMap::new();
        flatten("", &table, &mut layer);
        self.layers.push(layer);
        Ok(())
    }

    /// The text of a key.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.layers.iter().find_map(|layer| layer.get(key)).map(String::as_str)
    }

    /// Every key that some file has.
    #[cfg(test)]
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        self.layers.iter().flat_map(|layer| layer.keys()).map(String::as_str)
    }

    /// The text of a key that the program itself uses; a test proves that each exists.
    pub(crate) fn t<'a>(&'a self, key: &'a str) -> &'a str {
        self.get(key).unwrap_or(key)
    }

    /// The text of a key with `{name}` replaced.
    pub(crate) fn fill(&self, key: &str, values: &[(&str, &str)]) -> String {
        self.pieces(key).fold(String::new(), |mut out, piece| {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Hole(name) => match values.iter().find(|(known, _)| *known == name) {
                    Some((_, value)) => out.push_str(value),
                    None => out.extend(["{", name, "}"]),
                },
            }
            out
        })
    }

    /// As [`Texts::fill`], with inline text for the names.
    pub(crate) fn inlines(&self, key: &str, values: &[(&str, Inline)]) -> Vec<Inline> {
        self.pieces(key)
            .map(|piece| match piece {
                Piece::Text(text) => Inline::text(text),
                Piece::Hole(name) => values
                    .iter()
                    .find(|(known, _)| *known == name)
                    .map_or_else(|| Inline::text(format!("{{{name}}}")), |(_, value)| value.clone()),
            })
            .collect()
    }

    /// The text for a number of things: `KEY.one` or `KEY.other`, with `{n}` replaced.
    pub(crate) fn count(&self, key: &str, n: usize) -> String {
        self.counted(key, n, &[])
    }

    /// As [`Texts::count`], with more to fill in than the number.
    pub(crate) fn counted(&self, key: &str, n: usize, values: &[(&str, &str)]) -> String {
        let key = format!("{key}.{}", if n == 1 { "one" } else { "other" });
        let n = n.to_string();
        let values: Vec<(&str, &str)> = values.iter().copied().chain([("n", &*n)]).collect();
        self.fill(&key, &values)
    }

    fn pieces<'a>(&'a self, key: &'a str) -> impl Iterator<Item = Piece<'a>> {
        let mut rest = self.t(key);
        std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let hole = rest.find('{').and_then(|start| {
                let end = start + rest[start..].find('}')?;
                let name = &rest[start + 1..end];
                let known = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
                known.then_some((start, end))
            });
            let Some((start, end)) = hole else { return Some(Piece::Text(std::mem::take(&mut rest))) };
            if start > 0 {
                let text = &rest[..start];
                rest = &rest[start..];
                return Some(Piece::Text(text));
            }
            let name = &rest[1..end];
            rest = &rest[end + 1..];
            Some(Piece::Hole(name))
        })
    }
}

enum Piece<'a> {
    Text(&'a str),
    Hole(&'a str),
}

fn flatten(prefix: &str, table: &toml::Table, out: &mut BTreeMap<String, String>) {
    for (key, value) in table {
        let key = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match value {
            toml::Value::Table(table) => flatten(&key, table, out),
            toml::Value::String(text) => {
                out.insert(key, text.trim().to_owned());
            }
            other => {
                out.insert(key, other.to_string());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// One layer for each built-in language, by its tag.
    fn languages() -> BTreeMap<String, Texts> {
        let folder = crate::embedded::TEMPLATES.get_dir("lang").expect("the catalog");
        let texts = folder.files().map(|file| {
            let name = file.path().file_stem().and_then(|stem| stem.to_str()).expect("a tag").to_owned();
            let mut texts = Texts::default();
            texts.add(file.contents_utf8().expect("UTF-8")).unwrap_or_else(|error| panic!("{name}: {error}"));
            (name, texts)
        });
        texts.collect()
    }

    fn holes(texts: &Texts, key: &str) -> BTreeSet<String> {
        let hole = |piece| match piece {
            Piece::Hole(name) => Some(name.to_owned()),
            Piece::Text(_) => None,
        };
        texts.pieces(key).filter_map(hole).collect()
    }

    #[test]
    fn every_language_says_the_same_with_the_same_holes() {
        let languages = languages();
        let english = &languages[FALLBACK];
        let known: BTreeSet<&str> = english.keys().collect();
        for (language, texts) in &languages {
            let own: BTreeSet<&str> = texts.keys().collect();
            let missing: Vec<_> = known.difference(&own).collect();
            let unknown: Vec<_> = own.difference(&known).collect();
            assert!(missing.is_empty(), "lang/{language}.toml lacks {missing:?}");
            assert!(unknown.is_empty(), "lang/{language}.toml has {unknown:?}, which English does not");
            for key in &known {
                assert_eq!(holes(texts, key), holes(english, key), "{key} in lang/{language}.toml");
            }
        }
    }

    #[test]
    fn a_language_is_looked_up_with_its_region_first() {
        assert_eq!(files("de-AT"), ["lang/de-AT.toml", "lang/de.toml", "lang/en.toml"]);
        assert_eq!(files("en-GB"), ["lang/en-GB.toml", "lang/en.toml"]);
        assert_eq!(files("en"), ["lang/en.toml"]);
        assert_eq!(Texts::built_in("tlh").t("page.contents"), "Contents");
    }

    #[test]
    fn earlier_layers_win_and_holes_fill() {
        let mut texts = Texts::default();
        texts.add("[a]\nb = 'own {x}'\n").expect("valid");
        texts
            .add("[a]\nb = 'built in'\nc = 'only {here} and {x}'\n[n]\none = '{n} thing'\nother = '{n} things'")
            .expect("valid");
        assert_eq!(texts.fill("a.b", &[("x", "{y}")]), "own {y}");
        assert_eq!(texts.fill("a.c", &[("x", "1")]), "only {here} and 1");
        assert_eq!(texts.count("n", 1), "1 thing");
        assert_eq!(texts.count("n", 2), "2 things");
        assert_eq!(texts.counted("n", 2, &[("n", "two")]), "two things");
        assert_eq!(texts.t("missing.key"), "missing.key");
        assert_eq!(texts.inlines("a.b", &[("x", Inline::code("v"))]), [Inline::text("own "), Inline::code("v")]);
    }
}
