//! What a file says of itself: information dictionary, XMP packet and output intent, all from the document alone.

use lopdf::{Dictionary, Object, dictionary};

use super::{chars, file::text};
use crate::document::Document;

const PRODUCER: &str = concat!("scopefence ", env!("CARGO_PKG_VERSION"));

/// Title as shown in a window's title bar and a library.
fn title(document: &Document) -> String {
    let title = match document.subtitle.as_str() {
        "" => document.title.clone(),
        subtitle => format!("{}: {subtitle}", document.title),
    };
    chars::plain(&title)
}

/// The information dictionary (PDF 1.7, section 14.3.3). It says the same as the XMP packet, as PDF/A asks.
pub(super) fn info(document: &Document) -> Dictionary {
    let mut info = dictionary! {
        "Title" => text(&title(document)),
        "Producer" => text(PRODUCER),
        "Creator" => text(PRODUCER),
    };
    if !document.control.organisation.is_empty() {
        info.set("Author", text(&chars::plain(&document.control.organisation)));
    }
    if !document.summary.is_empty() {
        info.set("Subject", text(&chars::plain(&document.summary)));
    }
    if let Some(date) = date(&document.control.as_of) {
        let digits: String = date.chars().filter(char::is_ascii_digit).collect();
        info.set("CreationDate", text(&format!("D:{digits}Z")));
        info.set("ModDate", text(&format!("D:{digits}Z")));
    }
    info
}

/// The XMP packet (ISO 16684-1), with the claims of PDF/A-2a and PDF/UA-1.
pub(super) fn xmp(document: &Document) -> String {
    let mut body = format!(
        "<dc:format>application/pdf</dc:format>\
         <dc:title><rdf:Alt><rdf:li xml:lang=\"x-default\">{}</rdf:li></rdf:Alt></dc:title>\
         <dc:language><rdf:Bag><rdf:li>{}</rdf:li></rdf:Bag></dc:language>\
         <pdf:Producer>{PRODUCER}</pdf:Producer><xmp:CreatorTool>{PRODUCER}</xmp:CreatorTool>",
        escaped(&title(document)),
        escaped(&chars::plain(&document.language)),
    );
    if !document.control.organisation.is_empty() {
        let name = escaped(&chars::plain(&document.control.organisation));
        body.push_str(&format!("<dc:creator><rdf:Seq><rdf:li>{name}</rdf:li></rdf:Seq></dc:creator>"));
    }
    if !document.summary.is_empty() {
        let summary = escaped(&chars::plain(&document.summary));
        body.push_str(&format!(
            "<dc:description><rdf:Alt><rdf:li xml:lang=\"x-default\">{summary}</rdf:li></rdf:Alt></dc:description>"
        ));
    }
    if let Some(date) = date(&document.control.as_of) {
        body.push_str(&format!("<xmp:CreateDate>{date}Z</xmp:CreateDate><xmp:ModifyDate>{date}Z</xmp:ModifyDate>"));
    }
    format!(
        "<?xpacket begin=\"\u{feff}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n\
         <x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\
         <rdf:Description rdf:about=\"\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" \
         xmlns:pdf=\"http://ns.adobe.com/pdf/1.3/\" xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\" \
         xmlns:pdfaid=\"http://www.aiim.org/pdfa/ns/id/\" xmlns:pdfuaid=\"http://www.aiim.org/pdfua/ns/id/\">\
         {body}<pdfaid:part>2</pdfaid:part><pdfaid:conformance>A</pdfaid:conformance>\
         <pdfuaid:part>1</pdfuaid:part></rdf:Description>{EXTENSION}</rdf:RDF></x:xmpmeta>\n<?xpacket end=\"r\"?>"
    )
}

/// PDF/A wants properties outside its own list described: PDF/UA's is.
const EXTENSION: &str = "<rdf:Description rdf:about=\"\" xmlns:pdfaExtension=\"http://www.aiim.org/pdfa/ns/extension/\" \
    xmlns:pdfaSchema=\"http://www.aiim.org/pdfa/ns/schema#\" xmlns:pdfaProperty=\"http://www.aiim.org/pdfa/ns/property#\">\
    <pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType=\"Resource\">\
    <pdfaSchema:schema>PDF/UA identification schema</pdfaSchema:schema>\
    <pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>\
    <pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix><pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType=\"Resource\">\
    <pdfaProperty:name>part</pdfaProperty:name><pdfaProperty:valueType>Integer</pdfaProperty:valueType>\
    <pdfaProperty:category>internal</pdfaProperty:category>\
    <pdfaProperty:description>Part of ISO 14289 this file conforms to</pdfaProperty:description>\
    </rdf:li></rdf:Seq></pdfaSchema:property></rdf:li></rdf:Bag></pdfaExtension:schemas></rdf:Description>";

/// `2026-11-02T10:00:00` from the printed clock, if it begins with a date.
fn date(as_of: &str) -> Option<String> {
    let day = as_of.get(0..10)?;
    chrono::NaiveDate::parse_from_str(day, "%Y-%m-%d").ok()?;
    let clock = as_of.get(11..).unwrap_or("");
    let seconds = clock.get(0..8).filter(|clock| chrono::NaiveTime::parse_from_str(clock, "%H:%M:%S").is_ok());
    let minutes = clock.get(0..5).filter(|clock| chrono::NaiveTime::parse_from_str(clock, "%H:%M").is_ok());
    let clock = match (seconds, minutes) {
        (Some(clock), _) => clock.to_owned(),
        (None, Some(clock)) => format!("{clock}:00"),
        (None, None) => "00:00:00".to_owned(),
    };
    Some(format!("{day}T{clock}"))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The output intent that names sRGB, and the profile's dictionary entries.
pub(super) fn output_intent(profile: lopdf::ObjectId) -> Dictionary {
    dictionary! {
        "Type" => "OutputIntent",
        "S" => "GTS_PDFA1",
        "OutputConditionIdentifier" => Object::string_literal("sRGB IEC61966-2.1"),
        "Info" => Object::string_literal("sRGB IEC61966-2.1"),
        "DestOutputProfile" => profile,
    }
}

/// A small ICC profile of sRGB: version 2.1, three primaries, one tone curve (ICC.1:2001-04).
pub(super) fn srgb() -> Vec<u8> {
    let fixed = |value: f64| ((value * 65536.0).round() as i32).to_be_bytes();
    let xyz = |values: [f64; 3]| {
        let mut out = b"XYZ \0\0\0\0".to_vec();
        values.into_iter().for_each(|value| out.extend(fixed(value)));
        out
    };
    let described = {
        let name = b"sRGB\0";
        let mut out = b"desc\0\0\0\0".to_vec();
        out.extend((name.len() as u32).to_be_bytes());
        out.extend(name);
        // No Unicode and no Macintosh name.
        out.extend([0; 4 + 4 + 2 + 1 + 67]);
        out
    };
    let curve = {
        let points: Vec<u16> = (0..=255)
            .map(|at| {
                let value = f64::from(at) / 255.0;
                let linear = if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) };
                (linear * 65535.0).round() as u16
            })
            .collect();
        let mut out = b"curv\0\0\0\0".to_vec();
        out.extend((points.len() as u32).to_be_bytes());
        points.iter().for_each(|point| out.extend(point.to_be_bytes()));
        out
    };
    let parts: [(&[u8; 4], Vec<u8>); 7] = [
        (b"desc", described),
        (b"cprt", b"text\0\0\0\0Public domain\0".to_vec()),
        (b"wtpt", xyz([0.9642, 1.0, 0.8249])),
        (b"rXYZ", xyz([0.43607, 0.22249, 0.01392])),
        (b"gXYZ", xyz([0.38515, 0.71687, 0.09708])),
        (b"bXYZ", xyz([0.14307, 0.06061, 0.71410])),
        (b"rTRC", curve),
    ];
    let tags = parts.len() + 2;
    let mut table = (tags as u32).to_be_bytes().to_vec();
    let mut data: Vec<u8> = Vec::new();
    let start = 128 + 4 + tags * 12;
    for (name, part) in &parts {
        let place = ((start + data.len()) as u32).to_be_bytes();
        let names: &[&[u8; 4]] = if *name == b"rTRC" { &[b"rTRC", b"gTRC", b"bTRC"] } else { &[name] };
        for name in names {
            table.extend(*name);
            table.extend(place);
            table.extend((part.len() as u32).to_be_bytes());
        }
        data.extend(part);
        data.resize(data.len().next_multiple_of(4), 0);
    }
    let mut out = vec![0_u8; 128];
    let length = (start + data.len()) as u32;
    out[0..4].copy_from_slice(&length.to_be_bytes());
    out[8..12].copy_from_slice(&[2, 0x10, 0, 0]);
    out[12..24].copy_from_slice(b"mntrRGB XYZ ");
    // A date is required; the standard's own, so that it says nothing of this build.
    out[24..36].copy_from_slice(&[0x07, 0xcf, 0, 10, 0, 1, 0, 0, 0, 0, 0, 0]);
    out[36..40].copy_from_slice(b"acsp");
    for (at, value) in [0.9642, 1.0, 0.8249].into_iter().enumerate() {
        out[68 + at * 4..72 + at * 4].copy_from_slice(&fixed(value));
    }
    out.extend(table);
    out.extend(data);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_come_from_the_documents_clock_only() {
        assert_eq!(date("2026-11-02 10:15 UTC").as_deref(), Some("2026-11-02T10:15:00"));
        assert_eq!(date("2026-11-02T10:15:59Z").as_deref(), Some("2026-11-02T10:15:59"));
        assert_eq!(date("2026-11-02").as_deref(), Some("2026-11-02T00:00:00"));
        assert_eq!(date("2 November 2026"), None);
        assert_eq!(date(""), None);
    }

    #[test]
    fn the_profile_is_as_long_as_it_says() {
        let profile = srgb();
        assert_eq!(u32::from_be_bytes([profile[0], profile[1], profile[2], profile[3]]) as usize, profile.len());
        assert_eq!(profile.len() % 4, 0);
    }
}
