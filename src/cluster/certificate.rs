//! What an X.509 certificate says of itself: whose it is, for which names, by whom, from when until when.
//!
//! In: DER (ITU-T X.690) as a server presents it. Out: a [`Certificate`]. RFC 5280, section 4.1, gives the fields.
//!
//! Nothing is verified here: the handshake did that.

use crate::sort::Sort;
use chrono::{DateTime, NaiveDateTime, Utc};
use serde::Serialize;

/// Longest name that is kept, in characters.
const LONGEST: usize = 200;
/// Most names that are kept.
const MOST: usize = 200;

/// What is kept of a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Certificate {
    /// Whose, for example `CN=kube-apiserver`.
    pub(super) subject: String,
    /// By whom, for example `CN=kubernetes`.
    pub(super) issuer: String,
    /// DNS names and addresses that it is valid for.
    pub(super) names: Vec<String>,
    /// Valid from, UTC.
    pub(super) not_before: DateTime<Utc>,
    /// Valid until, UTC.
    pub(super) not_after: DateTime<Utc>,
}

/// Elements one after another.
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    /// The next element: its tag and content.
    fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            0x81..=0x84 => {
                let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((tag, content))
    }

    /// The content of the next element, if it has this tag.
    fn expect(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.next().filter(|(found, _)| *found == tag).map(|(_, content)| content)
    }
}

const OBJECT_IDENTIFIER: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;

impl Certificate {
    /// Reads the first certificate of `der`.
    pub(super) fn read(der: &[u8]) -> Option<Self> {
        let mut body = Der(Der(Der(der).expect(SEQUENCE)?).expect(SEQUENCE)?);
        let mut ahead = Der(body.0);
        // [0] version, which old certificates leave out.
        if ahead.next()?.0 == 0xa0 {
            body = ahead;
        }
        body.next()?; // serial number
        body.expect(SEQUENCE)?; // signature algorithm
        let issuer = name(body.expect(SEQUENCE)?)?;
        let mut validity = Der(body.expect(SEQUENCE)?);
        let (not_before, not_after) = (time(validity.next()?)?, time(validity.next()?)?);
        let subject = name(body.expect(SEQUENCE)?)?;
        body.expect(SEQUENCE)?; // public key
        let mut names = Vec::new();
        while let Some((tag, content)) = body.next() {
            if tag == 0xa3 {
                names = alternative_names(content)?;
            }
        }
        Some(Self { subject, issuer, names, not_before, not_after })
    }
}

/// `CN=a, O=b` of a distinguished name; attributes of other types are left out.
fn name(content: &[u8]) -> Option<String> {
    let mut parts = Vec::new();
    let mut sets = Der(content);
    while !sets.0.is_empty() {
        let mut set = Der(sets.expect(SET)?);
        while !set.0.is_empty() {
            let mut attribute = Der(set.expect(SEQUENCE)?);
            let kind = match attribute.expect(OBJECT_IDENTIFIER)? {
                [0x55, 0x04, 0x03] => "CN",
                [0x55, 0x04, 0x06] => "C",
                [0x55, 0x04, 0x07] => "L",
                [0x55, 0x04, 0x08] => "ST",
                [0x55, 0x04, 0x0a] => "O",
                [0x55, 0x04, 0x0b] => "OU",
                _ => continue,
            };
            parts.push(format!("{kind}={}", text(attribute.next()?)));
        }
    }
    Some(parts.join(", "))
}

fn text((tag, content): (u8, &[u8])) -> String {
    let text = match tag {
        // BMPString
        0x1e => {
            let units: Vec<u16> = content.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
            String::from_utf16_lossy(&units)
        }
        _ => String::from_utf8_lossy(content).into_owned(),
    };
    text.chars().filter(|it| !it.is_control()).take(LONGEST).collect()
}

/// UTCTime or GeneralizedTime, in the one form that RFC 5280, section 4.1.2.5, allows of each.
fn time((tag, content): (u8, &[u8])) -> Option<DateTime<Utc>> {
    let text = std::str::from_utf8(content).ok()?.strip_suffix('Z')?;
    let text = match tag {
        0x17 => {
            let year: u32 = text.get(..2)?.parse().ok()?;
            format!("{}{text}", if year < 50 { 20 } else { 19 })
        }
        0x18 => text.to_owned(),
        _ => return None,
    };
    NaiveDateTime::parse_from_str(&text, "%Y%m%d%H%M%S").ok().map(|time| time.and_utc())
}

/// DNS names and addresses of the extension `subjectAltName`.
fn alternative_names(content: &[u8]) -> Option<Vec<String>> {
    let mut names = Vec::new();
    let mut extensions = Der(Der(content).expect(SEQUENCE)?);
    while !extensions.0.is_empty() {
        let mut extension = Der(extensions.expect(SEQUENCE)?);
        if extension.expect(OBJECT_IDENTIFIER)? != [0x55, 0x1d, 0x11] {
            continue;
        }
        // A boolean, whether it is critical, may stand before the value.
        let mut value = extension.next()?;
        if value.0 == 0x01 {
            value = extension.next()?;
        }
        let mut all = Der(Der(value.1).expect(SEQUENCE)?);
        while let Some((tag, content)) = all.next() {
            let name = match (tag, content.len()) {
                (0x82, _) => text((tag, content)),
                (0x87, 4) => std::net::Ipv4Addr::from(<[u8; 4]>::try_from(content).ok()?).to_string(),
                (0x87, 16) => std::net::Ipv6Addr::from(<[u8; 16]>::try_from(content).ok()?).to_string(),
                _ => continue,
            };
            if names.len() < MOST {
                names.push(name);
            }
        }
    }
    names.order();
    Some(names)
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DnType, KeyPair, date_time_ymd};

    use super::*;

    fn made() -> Vec<u8> {
        let names = ["kubernetes.default.svc", "10.96.0.1", "fd00::1"].map(str::to_owned);
        let mut params = CertificateParams::new(names).expect("names");
        params.distinguished_name.push(DnType::CommonName, "kube-\u{7}apiserver");
        params.distinguished_name.push(DnType::OrganizationName, "Müller");
        (params.not_before, params.not_after) = (date_time_ymd(2026, 1, 2), date_time_ymd(2051, 3, 4));
        let _ = rustls::crypto::ring::default_provider().install_default();
        params.self_signed(&KeyPair::generate().expect("a key")).expect("a certificate").der().to_vec()
    }

    #[test]
    fn a_certificate_says_whose_it_is_for_what_and_until_when() {
        let found = Certificate::read(&made()).expect("a certificate");
        assert!(found.subject.contains("CN=kube-apiserver") && found.subject.contains("O=Müller"), "{}", found.subject);
        assert_eq!(found.issuer, found.subject);
        assert_eq!(found.names, ["10.96.0.1", "fd00::1", "kubernetes.default.svc"]);
        assert_eq!(found.not_before.to_rfc3339(), "2026-01-02T00:00:00+00:00");
        assert_eq!(found.not_after.to_rfc3339(), "2051-03-04T00:00:00+00:00");
    }

    #[test]
    fn what_is_cut_or_no_certificate_is_refused_without_panic() {
        let made = made();
        for end in 0..made.len() {
            assert_eq!(Certificate::read(&made[..end]), None, "cut at {end}");
        }
        for at in 0..made.len() {
            let mut broken = made.clone();
            broken[at] ^= 0xff;
            let _ = Certificate::read(&broken);
        }
    }
}
