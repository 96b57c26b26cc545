//! Kubernetes' `url` library: absolute URIs and absolute paths, as Go's `url.ParseRequestURI` reads them.

use super::{Function, global, meaningless, method, text};
use crate::cel::{
    Fault,
    value::{Map, Value},
};

/// A URL in its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Url {
    scheme: String,
    /// With port, without user.
    host: String,
    path: String,
    query: String,
}

impl Url {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no absolute URI and no absolute path");
        if text.is_empty() || text.bytes().any(|byte| byte < 0x20 || byte == 0x7f) {
            return Err(wrong());
        }
        let (before, query) = text.split_once('?').unwrap_or((text, ""));
        if before.starts_with('/') && !before.starts_with("//") {
            return Ok(Self {
                scheme: String::new(),
                host: String::new(),
                path: escaped(before).ok_or_else(wrong)?,
                query: query.to_owned(),
            });
        }
        let (scheme, rest) = match before.strip_prefix("//") {
            Some(rest) => ("", rest),
            None => before.split_once("://").ok_or_else(wrong)?,
        };
        let sound = scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
        if !sound || (!before.starts_with("//") && !scheme.starts_with(|first: char| first.is_ascii_alphabetic())) {
            return Err(wrong());
        }
        let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let port = match host.strip_prefix('[') {
            Some(inner) => {
                let (address, after) = inner.split_once(']').ok_or_else(wrong)?;
                if address.is_empty() || !(after.is_empty() || after.starts_with(':')) {
                    return Err(wrong());
                }
                after.strip_prefix(':').unwrap_or_default()
            }
            None => {
                if host.contains(|odd: char| odd.is_ascii_whitespace() || "\"<>\\^`{|}[]".contains(odd)) {
                    return Err(wrong());
                }
                host.split_once(':').map_or("", |(_, port)| port)
            }
        };
        if !port.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(wrong());
        }
        Ok(Self {
            scheme: scheme.to_ascii_lowercase(),
            host: host.to_owned(),
            path: escaped(path).ok_or_else(wrong)?,
            query: query.to_owned(),
        })
    }

    /// Host name and port.
    fn name_and_port(&self) -> (&str, &str) {
        if let Some((address, after)) = self.host.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
            return (address, after.strip_prefix(':').unwrap_or_default());
        }
        self.host.split_once(':').unwrap_or((&self.host, ""))
    }
}

/// A path with what needs it escaped; `None` when an escape in it is none.
fn escaped(path: &str) -> Option<String> {
    decoded(path, b'%')?;
    let mut out = String::new();
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~$&+,/:;=@!*'()%".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    Some(out)
}

/// Undoes `%41`, and the byte that stands for a space.
fn decoded(text: &str, space: u8) -> Option<String> {
    let bytes = text.as_bytes();
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if byte == b'%' {
            let digits =
                text.get(at + 1..at + 3).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
            out.push(u8::from_str_radix(digits, 16).ok()?);
            at += 3;
        } else {
            out.push(if byte == space { b' ' } else { byte });
            at += 1;
        }
    }
    Some(String::from_utf8_lossy(&out).into_owned())
}

pub(super) const FUNCTIONS: &[Function] = &[
    global("isURL", 1..=1, |_, args| Ok(Value::Bool(Url::parse(text("isURL", args, 0)?).is_ok()))),
    global("url", 1..=1, |_, args| Ok(Value::Url(Url::parse(text("url", args, 0)?)?.into()))),
    method("getScheme", 1..=1, |_, args| Ok(Value::text(&*url("getScheme", args)?.scheme))),
    method("getHost", 1..=1, |_, args| Ok(Value::text(&*url("getHost", args)?.host))),
    method("getHostname", 1..=1, |_, args| Ok(Value::text(url("getHostname", args)?.name_and_port().0))),
    method("getPort", 1..=1, |_, args| Ok(Value::text(url("getPort", args)?.name_and_port().1))),
    method("getEscapedPath", 1..=1, |_, args| Ok(Value::text(&*url("getEscapedPath", args)?.path))),
    method("getQuery", 1..=1, |machine, args| {
        let mut pairs: Vec<(String, Vec<Value<'_>>)> = Vec::new();
        for pair in url("getQuery", args)?.query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (Some(key), Some(value)) = (decoded(key, b'+'), decoded(value, b'+')) else { continue };
            machine.charge(1 + pairs.len() as u64)?;
            match pairs.iter_mut().find(|(known, _)| *known == key) {
                Some((_, values)) => values.push(Value::text(value)),
                None => pairs.push((key, vec![Value::text(value)])),
            }
        }
        let pairs = pairs.into_iter().map(|(key, values)| (Value::text(key), Value::list(values)));
        Ok(Value::Map(Map::Values(pairs.collect())))
    }),
];

fn url<'v>(name: &str, args: &'v [Value<'_>]) -> Result<&'v Url, Fault> {
    match &args[0] {
        Value::Url(url) => Ok(url),
        _ => Err(meaningless(name, args)),
    }
}
