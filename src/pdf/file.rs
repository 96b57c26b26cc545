//! The file itself, written object by object: nothing is kept but the offsets.
//!
//! Dictionaries go into compressed object streams (PDF 1.7, section 7.5.7), which makes the structure tree of a long
//! document small; streams are written as they come. Numbers of objects are given out in order, so equal documents are
//! equal files.

use std::io::Write;

use flate2::{Compression, write::ZlibEncoder};
use lopdf::{Dictionary, Object, ObjectId, Stream, dictionary};

use super::{Error, serial};

/// Objects in one object stream: more compress better, fewer are found faster.
const PACKED: usize = 200;

/// Where an object lies.
#[derive(Debug, Clone, Copy)]
enum Entry {
    Reserved,
    At(usize),
    In(u32, u16),
}

/// A file being written.
pub(super) struct File {
    out: Vec<u8>,
    entries: Vec<Entry>,
    packed: Vec<(u32, Vec<u8>)>,
}

impl File {
    pub(super) fn new() -> Self {
        // The four bytes above 127 say that the file is not text.
        let out = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec();
        Self { out, entries: vec![Entry::Reserved], packed: Vec::new() }
    }

    /// A number for an object that is written later.
    pub(super) fn reserve(&mut self) -> ObjectId {
        self.entries.push(Entry::Reserved);
        ((self.entries.len() - 1) as u32, 0)
    }

    /// Writes an object that is not a stream.
    pub(super) fn put(&mut self, id: ObjectId, object: impl Into<Object>) {
        let mut bytes = Vec::new();
        serial::write(&mut bytes, &object.into());
        self.packed.push((id.0, bytes));
        if self.packed.len() >= PACKED {
            self.pack();
        }
    }

    /// Writes an object that is not a stream and returns its number.
    pub(super) fn add(&mut self, object: impl Into<Object>) -> ObjectId {
        let id = self.reserve();
        self.put(id, object);
        id
    }

    /// Compresses and writes a stream.
    pub(super) fn add_deflated(&mut self, dict: Dictionary, bytes: &[u8]) -> ObjectId {
        self.add_packed(dict, deflated(bytes))
    }

    /// Writes a stream that is compressed already.
    pub(super) fn add_packed(&mut self, mut dict: Dictionary, bytes: Vec<u8>) -> ObjectId {
        dict.set("Filter", "FlateDecode");
        self.add_stream(Stream::new(dict, bytes))
    }

    /// Writes a stream as it is.
    pub(super) fn add_stream(&mut self, stream: Stream) -> ObjectId {
        let id = self.reserve();
        self.write_stream(id, stream);
        id
    }

    fn write_stream(&mut self, id: ObjectId, mut stream: Stream) {
        stream.dict.set("Length", stream.content.len() as i64);
        self.entries[id.0 as usize] = Entry::At(self.out.len());
        let number = id.0;
        self.out.extend_from_slice(format!("{number} 0 obj\n").as_bytes());
        serial::write(&mut self.out, &Object::Stream(stream));
        self.out.extend_from_slice(b"\nendobj\n");
    }

    fn pack(&mut self) {
        if self.packed.is_empty() {
            return;
        }
        let id = self.reserve();
        let (mut index, mut body) = (Vec::new(), Vec::new());
        for (place, (number, bytes)) in std::mem::take(&mut self.packed).into_iter().enumerate() {
            index.extend_from_slice(format!("{number} {} ", body.len()).as_bytes());
            body.extend_from_slice(&bytes);
            body.push(b'\n');
            self.entries[number as usize] = Entry::In(id.0, place as u16);
        }
        let count = index.iter().filter(|byte| **byte == b' ').count() / 2;
        let dict = dictionary! { "Type" => "ObjStm", "N" => count as i64, "First" => index.len() as i64 };
        index.extend_from_slice(&body);
        let mut stream = Stream::new(dict, deflated(&index));
        stream.dict.set("Filter", "FlateDecode");
        self.write_stream(id, stream);
    }

    /// Bytes written so far, to derive an identifier from.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.out
    }

    /// Writes the cross-reference stream and returns the file.
    pub(super) fn finish(mut self, root: ObjectId, info: ObjectId, identifier: [u8; 16]) -> Result<Vec<u8>, Error> {
        self.pack();
        let id = self.reserve();
        let start = self.out.len();
        self.entries[id.0 as usize] = Entry::At(start);
        let mut table = Vec::with_capacity(self.entries.len() * 7);
        for (number, entry) in self.entries.iter().enumerate() {
            let (kind, first, second) = match entry {
                // Object 0 heads the list of free objects; a reserved number that stayed unused is free as well.
                Entry::Reserved => (0_u8, 0, if number == 0 { u16::MAX } else { 0 }),
                Entry::At(offset) => (1, u32::try_from(*offset).map_err(|_| Error::TooLong)?, 0),
                Entry::In(stream, place) => (2, *stream, *place),
            };
            table.push(kind);
            table.extend(first.to_be_bytes());
            table.extend(second.to_be_bytes());
        }
        let name = || Object::String(identifier.to_vec(), lopdf::StringFormat::Hexadecimal);
        let dict = dictionary! {
            "Type" => "XRef",
            "Size" => self.entries.len() as i64,
            "W" => vec![1.into(), 4.into(), 2.into()],
            "Root" => root,
            "Info" => info,
            "ID" => vec![name(), name()],
            "Filter" => "FlateDecode",
        };
        self.write_stream(id, Stream::new(dict, deflated(&table)));
        self.out.extend_from_slice(format!("startxref\n{start}\n%%EOF\n").as_bytes());
        Ok(self.out)
    }
}

/// Compressed bytes.
pub(super) fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::with_capacity(bytes.len() / 3 + 64), Compression::new(5));
    // Writing to memory does not fail.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

/// A text string: ASCII as it is, anything else as UTF-16 with its mark.
pub(super) fn text(text: &str) -> Object {
    if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        return Object::String(text.as_bytes().to_vec(), lopdf::StringFormat::Literal);
    }
    let units = std::iter::once(0xfeff).chain(text.encode_utf16());
    Object::String(units.flat_map(u16::to_be_bytes).collect(), lopdf::StringFormat::Hexadecimal)
}
