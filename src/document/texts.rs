//! Prose by key: what documents say, apart from data.
//!
//! In: `templates/lang/LANGUAGE.toml`, built in and of the workspace. Out: [`Texts`]. A key is looked up in the
//! workspace's language file, the workspace's English one, the built-in language, built-in English, in this order.

use std::collections::BTreeMap;

use super::tree::Inline;

/// The language that every key exists in.
pub(crate) const FALLBACK: &str = "en";

/// Prose in the order of look-up.
#[derive(Debug, Clone, Default)]
pub(crate) struct Texts {
    layers: Vec<BTreeMap<String, String>>,
}

impl Texts {
    /// Adds the file that is asked after all those added before. Tables nest into dotted keys.
    pub(crate) fn add(&mut self, toml: &str) -> Result<(), toml::de::Error> {
        let table: toml::Table = toml::from_str(toml)?;
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
        let key = format!("{key}.{}", if n == 1 { "one" } else { "other" });
        self.fill(&key, &[("n", &n.to_string())])
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
    use super::*;

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
        assert_eq!(texts.t("missing.key"), "missing.key");
        assert_eq!(texts.inlines("a.b", &[("x", Inline::code("v"))]), [Inline::text("own "), Inline::code("v")]);
    }
}
