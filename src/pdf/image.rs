//! Pictures: PNG and JPEG files to PDF image objects, without decoding them where PDF can read them as they are.
//!
//! A picture that is neither, or is broken, is not an error: its text alternative is printed in its place.

use std::io::Read;

use lopdf::{Dictionary, Object, Stream, dictionary};

use super::{
    block::{Place, Setter},
    ink,
    page::{Dash, Draw, Item, Pen, Strip},
    tags::Role,
};
use crate::document::Inline;

/// Pictures of a document, in order of first use.
#[derive(Debug, Default)]
pub(super) struct Images {
    pub all: Vec<Picture>,
    names: Vec<Box<str>>,
}

/// A picture ready for the file.
#[derive(Debug)]
pub(super) struct Picture {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    pub image: Stream,
    /// Transparency.
    pub mask: Option<Stream>,
}

const MOST_PIXELS: u64 = 50_000_000;

impl Images {
    /// Number of the picture, read once per name.
    pub(super) fn add(&mut self, name: &str, bytes: &[u8]) -> Option<usize> {
        if let Some(known) = self.names.iter().position(|known| **known == *name) {
            return Some(known);
        }
        let picture = read(bytes)?;
        self.names.push(name.into());
        self.all.push(picture);
        Some(self.all.len() - 1)
    }
}

impl Setter<'_> {
    /// A picture at its size (at 96 dots per inch), made smaller to fit.
    pub(super) fn image(&mut self, file: &str, alt: &str, bytes: &[u8], place: Place, out: &mut Vec<Strip>) {
        let Some(index) = self.images.add(file, bytes) else {
            let elem = self.tags.add(Role::P, place.parent);
            let what = if alt.is_empty() { file } else { alt };
            let text = format!("[{}]", self.texts.fill("page.picture", &[("what", what)]));
            let place = Place { ink: ink::MUTED, ..place };
            let paragraph = self.read(&[Inline::text(text)], place);
            return self.paragraph(&paragraph, place, elem, out);
        };
        let (width, height) = (self.images.all[index].width as f32 * 0.75, self.images.all[index].height as f32 * 0.75);
        let most = self.upright.text_height().min(self.landscape.text_height()) * 0.9;
        let scale = (place.width / width).min(most / height).min(1.0);
        let (width, height) = (width * scale, height * scale);
        let elem = self.tags.add(Role::Figure, place.parent);
        if let Some(element) = self.tags.get_mut(elem) {
            element.alt = Some(super::chars::plain(if alt.is_empty() { file } else { alt }).into());
        }
        let draw = Draw::Image { x: place.x, y: 0.0, width, height, index };
        let items = vec![Item::new(elem, draw)];
        out.push(Strip { height, gap: place.gap + 2.0, items, ..Strip::default() });
    }

    /// A frame where something should be drawn by hand.
    pub(super) fn frame(x: f32, y: f32, width: f32, height: f32, radius: f32) -> Item {
        let stroke = Some(Pen { ink: ink::RULE, width: 0.7, dash: Dash::Solid });
        Item::artifact(Draw::Rect { x, y, width, height, radius, fill: None, stroke })
    }
}

fn read(bytes: &[u8]) -> Option<Picture> {
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        png(bytes)
    } else if bytes.starts_with(&[0xff, 0xd8]) {
        jpeg(bytes)
    } else {
        None
    }
}

fn header(width: u32, height: u32, space: Object, bits: u8) -> Dictionary {
    dictionary! {
        "Type" => "XObject",
        "Subtype" => "Image",
        "Width" => i64::from(width),
        "Height" => i64::from(height),
        "ColorSpace" => space,
        "BitsPerComponent" => i64::from(bits),
    }
}

fn sound(width: u32, height: u32) -> bool {
    width > 0 && height > 0 && u64::from(width) * u64::from(height) <= MOST_PIXELS
}

/// JPEG: PDF reads the file itself; only its size and components are needed (ITU T.81, B.2.2).
fn jpeg(bytes: &[u8]) -> Option<Picture> {
    let mut at = 2;
    loop {
        let marker = *bytes.get(at + 1).filter(|_| bytes.get(at) == Some(&0xff))?;
        if marker == 0xff {
            at += 1;
            continue;
        }
        let length = usize::from(u16::from_be_bytes([*bytes.get(at + 2)?, *bytes.get(at + 3)?]));
        if matches!(marker, 0xc0..=0xc2) {
            let frame = bytes.get(at + 4..at + 10)?;
            let height = u32::from(u16::from_be_bytes([frame[1], frame[2]]));
            let width = u32::from(u16::from_be_bytes([frame[3], frame[4]]));
            let space: Object = match frame[5] {
                1 => "DeviceGray".into(),
                3 => "DeviceRGB".into(),
                _ => return None,
            };
            if frame[0] != 8 || !sound(width, height) {
                return None;
            }
            let mut dict = header(width, height, space, 8);
            dict.set("Filter", "DCTDecode");
            return Some(Picture { width, height, image: Stream::new(dict, bytes.to_vec()), mask: None });
        }
        at += 2 + length.max(2);
    }
}

/// PNG: the compressed rows are passed on as they are, unless they carry transparency.
fn png(bytes: &[u8]) -> Option<Picture> {
    let mut at = 8;
    let mut head: Option<(u32, u32, u8, u8)> = None;
    let (mut palette, mut transparent, mut data) = (Vec::new(), false, Vec::new());
    loop {
        let length = u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?) as usize;
        let kind = bytes.get(at + 4..at + 8)?;
        let body = bytes.get(at + 8..(at + 8).checked_add(length)?)?;
        match kind {
            b"IHDR" => {
                let (width, height) = (body.get(0..4)?.try_into().ok()?, body.get(4..8)?.try_into().ok()?);
                // Interlaced files are rare enough to be refused.
                if *body.get(12)? != 0 {
                    return None;
                }
                head = Some((u32::from_be_bytes(width), u32::from_be_bytes(height), *body.get(8)?, *body.get(9)?));
            }
            b"PLTE" => palette = body.to_vec(),
            b"tRNS" => transparent = true,
            b"IDAT" => data.extend_from_slice(body),
            b"IEND" => break,
            _ => {}
        }
        at += 12 + length;
    }
    let (width, height, bits, colour) = head.filter(|head| sound(head.0, head.1))?;
    let (components, space): (usize, Object) = match colour {
        0 | 4 => (1, "DeviceGray".into()),
        2 | 6 => (3, "DeviceRGB".into()),
        3 if !palette.is_empty() && !transparent => {
            let top = (palette.len() / 3) as i64 - 1;
            let table = Object::String(palette, lopdf::StringFormat::Hexadecimal);
            (1, Object::Array(vec!["Indexed".into(), "DeviceRGB".into(), top.into(), table]))
        }
        _ => return None,
    };
    if !matches!(colour, 4 | 6) {
        let mut dict = header(width, height, space, bits);
        dict.set("Filter", "FlateDecode");
        dict.set(
            "DecodeParms",
            dictionary! {
                "Predictor" => 15,
                "Colors" => components as i64,
                "BitsPerComponent" => i64::from(bits),
                "Columns" => i64::from(width),
            },
        );
        return Some(Picture { width, height, image: Stream::new(dict, data), mask: None });
    }
    let (colours, alpha) = unmixed(&data, width as usize, height as usize, components, bits)?;
    let image = packed(header(width, height, space, 8), &colours)?;
    let mask = packed(header(width, height, "DeviceGray".into(), 8), &alpha)?;
    Some(Picture { width, height, image, mask: Some(mask) })
}

fn packed(mut dict: Dictionary, bytes: &[u8]) -> Option<Stream> {
    dict.set("Filter", "FlateDecode");
    Some(Stream::new(dict, super::file::deflated(bytes)))
}

/// Undoes the row filters (PNG, section 9) and separates colours from transparency, at eight bits.
fn unmixed(data: &[u8], width: usize, height: usize, components: usize, bits: u8) -> Option<(Vec<u8>, Vec<u8>)> {
    if !matches!(bits, 8 | 16) {
        return None;
    }
    let sample = usize::from(bits / 8);
    let pixel = (components + 1) * sample;
    let row = width * pixel;
    let mut raw = Vec::new();
    let most = ((row + 1) * height) as u64;
    flate2::read::ZlibDecoder::new(data).take(most).read_to_end(&mut raw).ok()?;
    if raw.len() as u64 != most {
        return None;
    }
    let mut above = vec![0_u8; row];
    let (mut colours, mut alpha) =
        (Vec::with_capacity(width * height * components), Vec::with_capacity(width * height));
    for line in raw.chunks_exact_mut(row + 1) {
        let (filter, line) = line.split_first_mut()?;
        for at in 0..row {
            let left = if at >= pixel { line[at - pixel] } else { 0 };
            let corner = if at >= pixel { above[at - pixel] } else { 0 };
            let up = above[at];
            let guess = match filter {
                0 => 0,
                1 => left,
                2 => up,
                3 => ((u16::from(left) + u16::from(up)) / 2) as u8,
                4 => paeth(left, up, corner),
                _ => return None,
            };
            line[at] = line[at].wrapping_add(guess);
        }
        for point in line.chunks_exact(pixel) {
            colours.extend((0..components).map(|at| point[at * sample]));
            alpha.push(point[components * sample]);
        }
        above.copy_from_slice(line);
    }
    Some((colours, alpha))
}

fn paeth(left: u8, up: u8, corner: u8) -> u8 {
    let guess = i16::from(left) + i16::from(up) - i16::from(corner);
    let [a, b, c] = [left, up, corner].map(|value| (guess - i16::from(value)).abs());
    if a <= b && a <= c {
        left
    } else if b <= c {
        up
    } else {
        corner
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A 2 × 1 picture with transparency, every filter possible.
    fn transparent(filter: u8) -> Vec<u8> {
        let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
        let mut chunk = |kind: &[u8], body: &[u8]| {
            out.extend((body.len() as u32).to_be_bytes());
            out.extend(kind);
            out.extend(body);
            out.extend([0; 4]);
        };
        chunk(b"IHDR", &[0, 0, 0, 2, 0, 0, 0, 1, 8, 6, 0, 0, 0]);
        let row = [filter, 10, 20, 30, 255, 1, 1, 1, 0];
        chunk(b"IDAT", &super::super::file::deflated(&row));
        chunk(b"IEND", &[]);
        out
    }

    #[test]
    fn transparency_becomes_a_mask() {
        let picture = read(&transparent(1)).expect("a sound file");
        assert_eq!((picture.width, picture.height), (2, 1));
        let mut raw = Vec::new();
        flate2::read::ZlibDecoder::new(&picture.image.content[..]).read_to_end(&mut raw).expect("compressed");
        assert_eq!(raw, [10, 20, 30, 11, 21, 31]);
        assert!(picture.mask.is_some());
    }

    #[test]
    fn broken_files_are_no_pictures() {
        assert!(read(b"<svg/>").is_none());
        assert!(read(&[0xff, 0xd8, 0xff]).is_none());
        assert!(read(&transparent(9)).is_none());
        let whole = transparent(0);
        for end in 0..whole.len() - 1 {
            let _ = read(&whole[..end]);
        }
    }
}
