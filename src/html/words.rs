//! The words of the pages' script, as a script that sets one variable: pages hold no inline script.

use serde_json::Value;

use super::search;
use crate::document::Texts;

/// Keys of everything that `site/site.js` says; it knows them without their table.
const KEYS: [&str; 20] = [
    "script.light",
    "script.light_theme",
    "script.dark",
    "script.dark_theme",
    "script.contents",
    "script.sections",
    "script.copied",
    "script.more",
    "script.filter",
    "script.rows",
    "script.sort",
    "script.search",
    "script.search_all",
    "script.search_for",
    "script.search_hint",
    "script.close",
    "script.nothing",
    "script.places_first",
    "script.places.one",
    "script.places.other",
];

/// `assets/words.js`: the texts by key.
pub(super) fn script(texts: &Texts) -> String {
    let words = KEYS.iter().filter_map(|key| Some((key.strip_prefix("script.")?.to_owned(), texts.t(key).into())));
    search::assign("scopefenceWords", &Value::Object(words.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_says_every_word_and_has_no_other() {
        let script = crate::embedded::SITE.get_file("site.js").and_then(include_dir::File::contents_utf8).expect("it");
        for key in KEYS {
            let key = key.strip_prefix("script.").expect("of the script");
            assert!(script.contains(&format!("\"{key}\"")), "site.js does not say {key}");
        }
        for call in script.split("say(\"").skip(1) {
            let key = call.split('"').next().unwrap_or_default();
            assert!(KEYS.contains(&&*format!("script.{key}")), "site.js says {key}, which is not in the catalog");
        }
    }

    #[test]
    fn no_text_ends_the_script() {
        let mut texts = Texts::default();
        texts.add("[script]\nclose = '</script>\u{2028}\"'\n").expect("valid");
        let script = script(&texts);
        assert!(!script.contains('<') && !script.contains('\u{2028}'), "{script}");
    }
}
