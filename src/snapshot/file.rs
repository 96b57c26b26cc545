//! One snapshot as one file: compressed lines of JSON.
//!
//! ```text
//! {header}
//! {list record}                 per list, sorted by (group, kind)
//! {"template":{…}}              a Pod spec, before the first object that refers to it; since format 2
//! {object}                      as many as the record's count, sorted by (namespace, name)
//! {"probe":{record},"body":…}    per piece of evidence that is no list, sorted by name; since format 2
//! {"end":{"lists":…,"objects":…,"probes":…}}
//! ```
//!
//! In: a file ([`super::pack`] writes it). Out: a [`Snapshot`]. Steps: unpack ([`super::frames`]), cut into lines, put
//! objects together with their templates ([`super::template`]), verify, parse ([`super::line`]).
//!
//! Invariant: what [`read`] returns agrees with every count and digest in the file; memory is bounded by what the file
//! honestly holds, whatever its header claims.

use std::{
    fs,
    io::{self, BufRead, BufReader, Read},
    path::Path,
};

use rayon::prelude::*;
use scopefence_json::{OTHER_TYPE, Trouble};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{
    Error, FORMAT, Header, List, ListRecord, Object, Probe, Snapshot,
    frames::Frames,
    line,
    share::Strings,
    template::{self, Template},
};
use crate::digest::{hex, sha256_hex};

/// Compressed size beyond which a file is not read: a cluster of 200,000 objects needs a few tens of MB.
const MAX_FILE: u64 = 1 << 30;
/// Sum of all lines beyond which a file is not read.
const MAX_CONTENT: u64 = 4 << 30;
/// Length of one line beyond which a file is not read: etcd refuses objects above 1.5 MB.
const MAX_LINE: u64 = 16 << 20;
/// Objects parsed at a time.
const BATCH: usize = 2048;
/// Objects parsed by one thread in one go; they share their texts.
const SHARE: usize = 512;

/// Last line, so that a file cut off between two lists is noticed.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct End {
    pub(super) end: Totals,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Totals {
    pub(super) lists: usize,
    pub(super) objects: usize,
    /// Format 1 has none.
    #[serde(default)]
    pub(super) probes: usize,
}

/// Reads and verifies a snapshot, compressed with zstd or gzip or not at all; the content decides, not the name.
///
/// # Errors
/// When the file cannot be read, is cut off, contradicts its own counts or digests, exceeds the bounds of any sensible
/// snapshot, or was written by a newer program.
pub fn read(path: &Path) -> Result<Snapshot, Error> {
    let bytes = load(path)?;
    let mut lines = Lines::new(path, open(path, &bytes)?);
    let header = lines.header()?;
    let mut lists: Vec<List> = Vec::new();
    let mut probes: Vec<Probe> = Vec::new();
    let mut objects = 0;
    loop {
        if !lines.next()? {
            return Err(lines.truncated(match lists.last() {
                Some(list) => format!("after the list {}", list.record.path),
                None => "after its header".to_owned(),
            }));
        }
        if lines.line().starts_with(b"{\"end\":") {
            let end: End = lines.parse("end")?;
            if end.end.lists != lists.len() || end.end.objects != objects || end.end.probes != probes.len() {
                return Err(lines.damaged(format!(
                    "it ends with {} lists, {objects} objects and {} probes, its last line says {}, {} and {}",
                    lists.len(),
                    probes.len(),
                    end.end.lists,
                    end.end.objects,
                    end.end.probes
                )));
            }
            if lines.next()? {
                return Err(lines.damaged("it goes on after its end"));
            }
            break;
        }
        if lines.line().starts_with(b"{\"probe\":") {
            probes.push(read_probe(&lines, &probes)?);
            continue;
        }
        if !probes.is_empty() {
            return Err(lines.damaged("a list stands behind a probe"));
        }
        let record: ListRecord = lines.parse("list")?;
        if let Some(last) = lists.last()
            && (&last.record.group, &last.record.kind) >= (&record.group, &record.kind)
        {
            return Err(lines.damaged(format!("the list {} is not in order", record.path)));
        }
        let list = read_objects(&mut lines, record)?;
        objects += list.objects.len();
        lists.push(list);
    }
    Ok(Snapshot { header, digest: sha256_hex(&bytes), lists, probes })
}

fn read_probe(lines: &Lines<'_>, before: &[Probe]) -> Result<Probe, Error> {
    let probe: Probe = lines.parse("probe")?;
    if before.last().is_some_and(|last| last.record.name >= probe.record.name) {
        return Err(lines.damaged(format!("the probe {} is not in order", probe.record.path)));
    }
    if !probe.is_sound() {
        return Err(
            lines.damaged(format!("what was kept of {} does not have the digest recorded for it", probe.record.path))
        );
    }
    Ok(probe)
}

/// Reads the header alone.
///
/// # Errors
/// As [`read`], for the first line.
pub fn read_header(path: &Path) -> Result<Header, Error> {
    let file = fs::File::open(path).map_err(|source| Error::Open { path: path.to_owned(), source })?;
    let mut file = BufReader::new(file);
    let start = file.fill_buf().map_err(|source| Error::Open { path: path.to_owned(), source })?.to_owned();
    if start.is_empty() {
        return Err(Error::Empty { path: path.to_owned() });
    }
    Lines::new(path, decoder(path, &start, file)?).header()
}

fn read_objects(lines: &mut Lines<'_>, record: ListRecord) -> Result<List, Error> {
    let mut digest = Sha256::new();
    let mut objects = Vec::new();
    let mut templates = Vec::new();
    let mut batch = Batch::default();
    while objects.len() < record.count {
        batch.clear();
        while batch.ends.len() < BATCH && objects.len() + batch.ends.len() < record.count {
            if !lines.next()? {
                return Err(lines.truncated(format!(
                    "within the list {}, after {} of {} objects",
                    record.path,
                    objects.len() + batch.ends.len(),
                    record.count
                )));
            }
            if let Some(template) = Template::read(lines.line()) {
                templates.push(template);
            } else if template::refers(lines.line()) {
                let whole = template::whole(lines.line(), &templates)
                    .ok_or_else(|| lines.damaged(format!("line {} refers to no template", lines.number)))?;
                lines.count(whole.len())?;
                batch.push(whole.as_bytes(), lines.number);
            } else {
                batch.push(lines.line(), lines.number);
            }
        }
        let (_, parsed) = rayon::join(|| digest.update(&batch.text), || batch.parse(lines.path));
        objects.extend(parsed?);
    }
    let digest = hex(&digest.finalize());
    if digest != record.digest {
        return Err(lines.damaged(format!("the objects of {} do not have the digest recorded for them", record.path)));
    }
    Ok(List { record, objects })
}

/// Lines of objects that are parsed together.
#[derive(Default)]
struct Batch {
    text: Vec<u8>,
    /// Where each line ends, behind its line break, and its number in the file.
    ends: Vec<(usize, usize)>,
}

impl Batch {
    fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
    }

    fn push(&mut self, line: &[u8], number: usize) {
        self.text.extend_from_slice(line);
        self.text.push(b'\n');
        self.ends.push((self.text.len(), number));
    }

    fn parse(&self, path: &Path) -> Result<Vec<Object>, Error> {
        let chunks: Vec<Vec<Object>> = (0..self.ends.len().div_ceil(SHARE))
            .into_par_iter()
            .map(|chunk| {
                let strings = Strings::default();
                let first = chunk * SHARE;
                let mut start = if first == 0 { 0 } else { self.ends[first - 1].0 };
                let ends = &self.ends[first..(first + SHARE).min(self.ends.len())];
                ends.iter()
                    .map(|&(end, number)| {
                        let line = std::str::from_utf8(&self.text[start..end - 1]).map_err(|_| Trouble::NotJson);
                        start = end;
                        line.and_then(|line| line::parse(line, &strings))
                            .map_err(|trouble| line_error(path, number, "object", trouble))
                    })
                    .collect()
            })
            .collect::<Result<_, _>>()?;
        Ok(chunks.into_iter().flatten().collect())
    }
}

fn load(path: &Path) -> Result<Vec<u8>, Error> {
    let failed = |source| Error::Open { path: path.to_owned(), source };
    let file = fs::File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.is_empty() {
        return Err(Error::Empty { path: path.to_owned() });
    }
    if bytes.len() as u64 > MAX_FILE {
        return Err(Error::TooLarge { path: path.to_owned(), reason: format!("larger than {} MB", MAX_FILE >> 20) });
    }
    Ok(bytes)
}

fn open<'a>(path: &Path, bytes: &'a [u8]) -> Result<Box<dyn BufRead + Send + Sync + 'a>, Error> {
    match Frames::of(bytes) {
        Some(frames) => Ok(Box::new(frames)),
        None => decoder(path, bytes, bytes),
    }
}

fn decoder<'a>(
    path: &Path,
    start: &[u8],
    bytes: impl BufRead + Send + Sync + 'a,
) -> Result<Box<dyn BufRead + Send + Sync + 'a>, Error> {
    Ok(if start.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        let mut decoder = zstd::stream::read::Decoder::with_buffer(bytes)
            .map_err(|source| Error::Open { path: path.to_owned(), source })?;
        // The window decides on memory: 128 MB is what zstd itself accepts by default.
        decoder.window_log_max(27).map_err(|source| Error::Open { path: path.to_owned(), source })?;
        Box::new(BufReader::with_capacity(1 << 17, decoder))
    } else if start.starts_with(&[0x1f, 0x8b]) {
        Box::new(BufReader::with_capacity(1 << 17, flate2::bufread::MultiGzDecoder::new(bytes)))
    } else {
        Box::new(bytes)
    })
}

/// Lines of bounded length and sum.
struct Lines<'a> {
    path: &'a Path,
    reader: Box<dyn BufRead + Send + Sync + 'a>,
    line: Vec<u8>,
    number: usize,
    total: u64,
}

impl<'a> Lines<'a> {
    fn new(path: &'a Path, reader: Box<dyn BufRead + Send + Sync + 'a>) -> Self {
        Self { path, reader, line: Vec::new(), number: 0, total: 0 }
    }

    /// Moves to the next line; `false` at the end of the file.
    fn next(&mut self) -> Result<bool, Error> {
        self.line.clear();
        let read = (&mut self.reader).take(MAX_LINE + 1).read_until(b'\n', &mut self.line).map_err(|source| {
            if source.kind() == io::ErrorKind::UnexpectedEof {
                self.truncated(format!("after line {}", self.number))
            } else {
                self.damaged(format!("it cannot be unpacked after line {}: {source}", self.number))
            }
        })?;
        if read == 0 {
            return Ok(false);
        }
        self.number += 1;
        self.count(read)?;
        if self.line.pop_if(|last| *last == b'\n').is_none() && self.number > 1 {
            return Err(self.truncated(format!("within line {}", self.number)));
        }
        Ok(true)
    }

    /// Takes account of a line of this length.
    fn count(&mut self, length: usize) -> Result<(), Error> {
        self.total += length as u64;
        if length as u64 > MAX_LINE {
            return Err(self.too_large(format!("line {} is longer than {} MB", self.number, MAX_LINE >> 20)));
        }
        if self.total > MAX_CONTENT {
            return Err(self.too_large(format!("it unpacks to more than {} MB", MAX_CONTENT >> 20)));
        }
        Ok(())
    }

    fn line(&self) -> &[u8] {
        &self.line
    }

    fn parse<T: for<'de> Deserialize<'de>>(&self, what: &str) -> Result<T, Error> {
        serde_json::from_slice(&self.line).map_err(|error| {
            let trouble = match error.classify() {
                serde_json::error::Category::Data => OTHER_TYPE,
                _ => Trouble::NotJson,
            };
            line_error(self.path, self.number, what, trouble)
        })
    }

    fn header(&mut self) -> Result<Header, Error> {
        #[derive(Deserialize)]
        struct Format {
            format: u64,
            generator: Option<serde::de::IgnoredAny>,
        }
        let not = |reason: String| Error::NotSnapshot { path: self.path.to_owned(), reason };
        match self.next() {
            Ok(true) => {}
            Ok(false) => return Err(Error::Empty { path: self.path.to_owned() }),
            Err(Error::TooLarge { path, .. }) => {
                return Err(Error::NotSnapshot { path, reason: "its first line does not end".to_owned() });
            }
            Err(error) => return Err(error),
        }
        let Format { format, generator: Some(_) } = serde_json::from_slice(&self.line)
            .map_err(|_| not("its first line is not a snapshot header".to_owned()))?
        else {
            return Err(not("its first line is not a snapshot header".to_owned()));
        };
        if format > u64::from(FORMAT) {
            return Err(Error::Future { path: self.path.to_owned(), format });
        }
        if format == 0 {
            return Err(not("its header says format 0".to_owned()));
        }
        self.parse("header")
    }

    fn truncated(&self, place: String) -> Error {
        Error::Truncated { path: self.path.to_owned(), place }
    }

    fn damaged(&self, reason: impl Into<String>) -> Error {
        Error::Damaged { path: self.path.to_owned(), reason: reason.into() }
    }

    fn too_large(&self, reason: String) -> Error {
        Error::TooLarge { path: self.path.to_owned(), reason }
    }
}

/// Names the place and the kind of mistake, never the content: a damaged file may hold anything.
fn line_error(path: &Path, number: usize, what: &str, trouble: Trouble) -> Error {
    let how = match trouble {
        Trouble::Shape(_) => "lacks a field or has one of the wrong type",
        Trouble::CutOff | Trouble::NotJson => "is not JSON",
    };
    Error::Damaged { path: path.to_owned(), reason: format!("line {number} is no {what}: it {how}") }
}
