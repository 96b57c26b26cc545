//! Kubernetes' `format` library: named forms of texts, as `k8s.io/apimachinery/pkg/util/validation` has them.

use regex::Regex;

use super::{Function, global, meaningless, method, text};
use crate::cel::value::Value;

/// A form that a text may have.
#[derive(Debug)]
pub(crate) struct Format {
    /// As `format.named(…)` asks for it.
    name: &'static str,
    longest: usize,
    /// Of the whole text; `None` where a parser decides.
    pattern: Option<&'static str>,
}

const LABEL: &str = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const SUBDOMAIN: &str = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
const LABEL_1035: &str = "[a-z]([-a-z0-9]*[a-z0-9])?";
const VALUE: &str = "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?";
const UUID: &str = "(?i)[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}";
const BYTE: &str = "([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})";

static FORMATS: [Format; 13] = [
    Format { name: "dns1123Label", longest: 63, pattern: Some(LABEL) },
    Format { name: "dns1123Subdomain", longest: 253, pattern: Some(SUBDOMAIN) },
    Format { name: "dns1035Label", longest: 63, pattern: Some(LABEL_1035) },
    Format { name: "dns1123LabelPrefix", longest: 63, pattern: Some(LABEL) },
    Format { name: "dns1123SubdomainPrefix", longest: 253, pattern: Some(SUBDOMAIN) },
    Format { name: "dns1035LabelPrefix", longest: 63, pattern: Some(LABEL_1035) },
    Format { name: "labelValue", longest: 63, pattern: Some(VALUE) },
    Format { name: "qualifiedName", longest: 317, pattern: None },
    Format { name: "uri", longest: 1000, pattern: None },
    Format { name: "uuid", longest: 36, pattern: Some(UUID) },
    Format { name: "byte", longest: usize::MAX, pattern: Some(BYTE) },
    Format { name: "date", longest: 10, pattern: None },
    Format { name: "datetime", longest: 64, pattern: None },
];

pub(super) const FUNCTIONS: &[Function] = &[
    global("format.named", 1..=1, |_, args| {
        let name = text("format.named", args, 0)?;
        Ok(match FORMATS.iter().find(|format| format.name == &**name) {
            Some(format) => Value::some(Value::Format(format)),
            None => Value::Optional(None),
        })
    }),
    global("format.dns1123Label", 0..=0, |_, _| Ok(Value::Format(&FORMATS[0]))),
    global("format.dns1123Subdomain", 0..=0, |_, _| Ok(Value::Format(&FORMATS[1]))),
    global("format.dns1035Label", 0..=0, |_, _| Ok(Value::Format(&FORMATS[2]))),
    global("format.dns1123LabelPrefix", 0..=0, |_, _| Ok(Value::Format(&FORMATS[3]))),
    global("format.dns1123SubdomainPrefix", 0..=0, |_, _| Ok(Value::Format(&FORMATS[4]))),
    global("format.dns1035LabelPrefix", 0..=0, |_, _| Ok(Value::Format(&FORMATS[5]))),
    global("format.labelValue", 0..=0, |_, _| Ok(Value::Format(&FORMATS[6]))),
    global("format.qualifiedName", 0..=0, |_, _| Ok(Value::Format(&FORMATS[7]))),
    global("format.uri", 0..=0, |_, _| Ok(Value::Format(&FORMATS[8]))),
    global("format.uuid", 0..=0, |_, _| Ok(Value::Format(&FORMATS[9]))),
    global("format.byte", 0..=0, |_, _| Ok(Value::Format(&FORMATS[10]))),
    global("format.date", 0..=0, |_, _| Ok(Value::Format(&FORMATS[11]))),
    global("format.datetime", 0..=0, |_, _| Ok(Value::Format(&FORMATS[12]))),
    method("validate", 2..=2, |machine, args| {
        let Value::Format(format) = &args[0] else { return Err(meaningless("validate", args)) };
        let wrong = format.wrong(text("validate", args, 1)?, &mut |pattern| machine.pattern(pattern))?;
        Ok(match wrong.is_empty() {
            true => Value::Optional(None),
            false => Value::some(Value::list(wrong.into_iter().map(Value::text).collect())),
        })
    }),
];

type Compile<'c> = &'c mut dyn FnMut(&str) -> Result<Regex, crate::cel::Fault>;

impl Format {
    /// What is wrong with a text.
    fn wrong(&self, text: &str, compile: Compile<'_>) -> Result<Vec<String>, crate::cel::Fault> {
        let mut wrong = Vec::new();
        if text.len() > self.longest {
            wrong.push(format!("must be no more than {} bytes", self.longest));
        }
        let fits = match (self.name, self.pattern) {
            // The last character of a prefix may be a hyphen.
            (name, Some(pattern)) if name.ends_with("Prefix") => {
                let masked = match text.strip_suffix('-') {
                    Some(stem) if !stem.is_empty() => format!("{stem}a"),
                    _ => text.to_owned(),
                };
                whole(pattern, compile)?.is_match(&masked)
            }
            (_, Some(pattern)) => whole(pattern, compile)?.is_match(text),
            ("qualifiedName", None) => {
                let (prefix, name) = text.rsplit_once('/').map_or((None, text), |(prefix, name)| (Some(prefix), name));
                let prefix = match prefix {
                    Some(prefix) => prefix.len() <= 253 && whole(SUBDOMAIN, compile)?.is_match(prefix),
                    None => true,
                };
                prefix && !name.is_empty() && name.len() <= 63 && whole(VALUE, compile)?.is_match(name)
            }
            ("uri", None) => super::url::Url::parse(text).is_ok(),
            ("date", None) => text.len() == 10 && chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok(),
            _ => chrono::DateTime::parse_from_rfc3339(text).is_ok(),
        };
        if !fits {
            wrong.push(format!("is no {}", self.name));
        }
        Ok(wrong)
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }
}

fn whole(pattern: &str, compile: Compile<'_>) -> Result<Regex, crate::cel::Fault> {
    compile(&format!("^(?:{pattern})$"))
}
