//! Formats of texts that JSON schemas name (JSON Schema 2020-12, Validation, section 7.3).

use chrono::{DateTime, NaiveDate};

/// The formats that [`fits`] judges.
#[cfg(test)]
pub(super) const KNOWN: &[&str] = &["date", "date-time", "email", "uri", "uri-reference"];

/// Whether a text is of this format. One that is not known asks nothing.
pub(crate) fn fits(format: &str, text: &str) -> bool {
    match format {
        // Years beyond four digits have a sign, which RFC 3339 does not know.
        "date" => text.len() == 10 && !text.starts_with(['+', '-']) && text.parse::<NaiveDate>().is_ok(),
        "date-time" => DateTime::parse_from_rfc3339(text).is_ok(),
        "email" => is_mail(text),
        "uri" => is_uri(text),
        "uri-reference" => text.chars().all(in_uri),
        _ => true,
    }
}

/// The format, for people.
pub(super) fn named(format: &str) -> &str {
    match format {
        "date" => "a date like `2027-05-01`",
        "date-time" => "a time like `2027-05-01T12:00:00Z`",
        "email" => "an e-mail address",
        "uri" => "a web address with its scheme",
        other => other,
    }
}

/// A URI with its scheme (RFC 3986, sections 3 and 2).
pub(crate) fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let sound = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.chars().all(|it| it.is_ascii_alphanumeric() || matches!(it, '+' | '-' | '.'));
    let authority =
        rest.strip_prefix("//").is_none_or(|rest| !rest.starts_with('/') || scheme == "file" || scheme == "ni");
    let escapes = rest.split('%').skip(1).all(|it| it.len() >= 2 && it.bytes().take(2).all(|b| b.is_ascii_hexdigit()));
    sound && authority && escapes && !rest.is_empty() && rest != "//" && rest.chars().all(in_uri)
}

fn in_uri(it: char) -> bool {
    it.is_ascii_alphanumeric() || "-._~:/?#[]@!$&'()*+,;=%".contains(it)
}

/// An e-mail address as people have them: a name and a host.
pub(crate) fn is_mail(text: &str) -> bool {
    let Some((name, host)) = text.rsplit_once('@') else { return false };
    let sound = |part: &str| !part.is_empty() && !part.contains("..") && !part.starts_with('.') && !part.ends_with('.');
    let local = |it: char| it.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(it);
    let domain = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '.');
    sound(name) && sound(host) && name.chars().all(local) && host.chars().all(domain)
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn formats_are_told_apart() {
        for (format, good, bad) in [
            ("date", &["2027-05-01"][..], &["2027-5-1", "2027-02-30", "01.05.2027", "+2027-05-1"][..]),
            ("date-time", &["2027-05-01T12:00:00Z"], &["2027-05-01", "2027-05-01T25:00:00Z"]),
            ("email", &["a.b+c@example.com"], &["a", "@example.com", "a@", "a b@example.com", "a@ex\u{202e}ample.com"]),
            (
                "uri",
                &["https://example.com/a?b#c", "mailto:a@example.com", "ni:///sha-256;abc_-", "urn:x:y"],
                &[
                    "example.com",
                    "https://",
                    "https:///a",
                    "1http://a",
                    "https://a b",
                    "https://a/%zz",
                    "https://ä",
                    "/a",
                ],
            ),
        ] {
            good.iter().for_each(|text| assert!(fits(format, text), "{format} {text}"));
            bad.iter().for_each(|text| assert!(!fits(format, text), "{format} {text}"));
        }
    }
}
