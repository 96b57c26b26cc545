//! Fonts into the file: each face cut down to the glyphs that were drawn, with widths and the text that every code
//! stands for.

use lopdf::{Dictionary, Object, ObjectId, dictionary};
use sha2::{Digest, Sha256};
use subsetter::GlyphRemapper;

use super::{
    Error,
    file::File,
    font::{self, Code, Face, Fonts},
};

/// Writes the faces that were used and returns the resource dictionary for all pages.
pub(super) fn fonts(file: &mut File, fonts: &Fonts) -> Result<Dictionary, Error> {
    let mut resources = Dictionary::new();
    for face in Face::ALL {
        let codes = &fonts.usage(face).codes;
        if !codes.is_empty() {
            resources.set(face.resource(), self::font(file, face, codes)?);
        }
    }
    Ok(resources)
}

fn font(file: &mut File, face: Face, codes: &[Code]) -> Result<ObjectId, Error> {
    let whole = font::bytes(face).ok_or(Error::Fonts)?;
    let mut remapper = GlyphRemapper::new();
    // Codes stand for (glyph, text), so several may lead to one glyph.
    let map: Vec<u8> = codes.iter().flat_map(|code| remapper.remap(code.glyph).to_be_bytes()).collect();
    let subset = subsetter::subset(whole, 0, &remapper).map_err(|_| Error::Fonts)?;
    let name = format!("{}+{}", tag(&subset), face.postscript_name());

    let descriptor = descriptor(file, face, &name, whole, &subset);
    let glyphs = file.add_deflated(Dictionary::new(), &map);
    let widths: Vec<Object> = codes.iter().map(|code| i64::from(code.width).into()).collect();
    let descendant = file.add(dictionary! {
        "Type" => "Font",
        "Subtype" => "CIDFontType2",
        "BaseFont" => name.as_str(),
        "CIDSystemInfo" => dictionary! {
            "Registry" => Object::string_literal("Adobe"),
            "Ordering" => Object::string_literal("Identity"),
            "Supplement" => 0,
        },
        "FontDescriptor" => descriptor,
        "DW" => 0,
        "W" => vec![0.into(), Object::Array(widths)],
        "CIDToGIDMap" => glyphs,
    });
    let meanings = codes.iter().enumerate().map(|(number, code)| (number, &*code.text));
    let unicode = file.add_deflated(Dictionary::new(), to_unicode(2, meanings).as_bytes());
    Ok(file.add(dictionary! {
        "Type" => "Font",
        "Subtype" => "Type0",
        "BaseFont" => name.as_str(),
        "Encoding" => "Identity-H",
        "DescendantFonts" => vec![descendant.into()],
        "ToUnicode" => unicode,
    }))
}

/// Writes a face's descriptor with its program.
pub(super) fn descriptor(file: &mut File, face: Face, name: &str, whole: &[u8], subset: &[u8]) -> ObjectId {
    let program = file.add_deflated(dictionary! { "Length1" => subset.len() as i64 }, subset);
    // Flags: fixed pitch, not symbolic, italic.
    let flags = if face.is_mono() { 1 } else { 0 } | 32 | if face.is_italic() { 64 } else { 0 };
    let semibold = matches!(face, Face::Semibold | Face::SemiboldItalic | Face::MonoSemibold);
    let (ascent, descent) = if face.is_mono() { (984, -273) } else { (1024, -400) };
    file.add(dictionary! {
        "Type" => "FontDescriptor",
        "FontName" => name,
        "Flags" => flags,
        "FontBBox" => bounds(whole),
        "ItalicAngle" => if face.is_italic() { -11 } else { 0 },
        "Ascent" => ascent,
        "Descent" => descent,
        "CapHeight" => 660,
        "XHeight" => 486,
        "StemV" => if semibold { 120 } else { 84 },
        "FontFile2" => program,
    })
}

/// Six letters that tell subsets apart (PDF 1.7, section 9.6.4), from the subset's own bytes.
pub(super) fn tag(subset: &[u8]) -> String {
    Sha256::digest(subset).iter().take(6).map(|byte| char::from(b'A' + byte % 26)).collect()
}

/// The face's bounding box, from its `head` table.
fn bounds(whole: &[u8]) -> Object {
    let tables = whole.get(4..6).map_or(0, |bytes| usize::from(u16::from_be_bytes([bytes[0], bytes[1]])));
    let head =
        (0..tables).filter_map(|at| whole.get(12 + at * 16..28 + at * 16)).find(|record| &record[..4] == b"head");
    let offset = head.map_or(0, |record| u32::from_be_bytes([record[8], record[9], record[10], record[11]]) as usize);
    let corner = |at: usize| -> Object {
        let at = offset + 36 + at * 2;
        i64::from(whole.get(at..at + 2).map_or(0, |bytes| i16::from_be_bytes([bytes[0], bytes[1]]))).into()
    };
    Object::Array((0..4).map(corner).collect())
}

/// The map from codes of so many bytes to text (PDF 1.7, section 9.10.3).
pub(super) fn to_unicode<'t>(bytes: usize, codes: impl Iterator<Item = (usize, &'t str)>) -> String {
    let digits = bytes * 2;
    let mut out = String::from(
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) \
         /Supplement 0 >> def\n/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n1 begincodespacerange\n",
    );
    out.push_str(&format!("<{}> <{}>\nendcodespacerange\n", "0".repeat(digits), "F".repeat(digits)));
    let entries: Vec<(usize, &str)> = codes.filter(|(_, text)| !text.is_empty()).collect();
    for chunk in entries.chunks(100) {
        out.push_str(&format!("{} beginbfchar\n", chunk.len()));
        for (number, text) in chunk {
            out.push_str(&format!("<{number:0digits$X}> <"));
            for unit in text.encode_utf16() {
                out.push_str(&format!("{unit:04X}"));
            }
            out.push_str(">\n");
        }
        out.push_str("endbfchar\n");
    }
    out.push_str("endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n");
    out
}
