//! One snapshot as one file: compressed lines of JSON.
//!
//! ```text
//! {header}
//! {list record}                 per list, sorted by (group, kind)
//! {object}                      as many as the record's count, sorted by (namespace, name)
//! {"end":{"lists":…,"objects":…}}
//! ```
//!
//! Invariant: what [`read`] returns agrees with every count and digest in the file; memory is bounded by what the file
//! honestly holds, whatever its header claims.

use std::{
    fs,
    io::{self, BufRead, BufReader, Read, Write},
    path::Path,
};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Error, FORMAT, Header, List, ListRecord, Object, Snapshot};
use crate::digest::{hex, sha256_hex};

/// Compressed size beyond which a file is not read: a cluster of 200,000 objects needs a few tens of MB.
const MAX_FILE: u64 = 1 << 30;
/// Sum of all lines beyond which a file is not read.
const MAX_CONTENT: u64 = 4 << 30;
/// Length of one line beyond which a file is not read: etcd refuses objects above 1.5 MB.
const MAX_LINE: u64 = 16 << 20;
/// Objects parsed at a time.
const BATCH: usize = 2048;
/// Above this level the file shrinks by a few percent and takes several times as long.
const ZSTD_LEVEL: i32 = 12;

/// Last line, so that a file cut off between two lists is noticed.
#[derive(Debug, Serialize, Deserialize)]
struct End {
    end: Totals,
}

#[derive(Debug, Serialize, Deserialize)]
struct Totals {
    lists: usize,
    objects: usize,
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
            if end.end.lists != lists.len() || end.end.objects != objects {
                return Err(lines.damaged(format!(
                    "it ends with {} lists and {objects} objects, its last line says {} and {}",
                    lists.len(),
                    end.end.lists,
                    end.end.objects
                )));
            }
            if lines.next()? {
                return Err(lines.damaged("it goes on after its end"));
            }
            break;
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
    Ok(Snapshot { header, digest: sha256_hex(&bytes), lists })
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
    let mut text = Vec::new();
    let mut ends = Vec::new();
    while objects.len() < record.count {
        text.clear();
        ends.clear();
        while ends.len() < BATCH && objects.len() + ends.len() < record.count {
            if !lines.next()? {
                return Err(lines.truncated(format!(
                    "within the list {}, after {} of {} objects",
                    record.path,
                    objects.len() + ends.len(),
                    record.count
                )));
            }
            text.extend_from_slice(lines.line());
            ends.push(text.len());
            digest.update(lines.line());
            digest.update(b"\n");
        }
        let first = lines.number - ends.len();
        let batch: Vec<Object> = (0..ends.len())
            .into_par_iter()
            .map(|index| {
                let start = if index == 0 { 0 } else { ends[index - 1] };
                serde_json::from_slice(&text[start..ends[index]])
                    .map_err(|error| lines_error(lines.path, first + index + 1, "object", &error))
            })
            .collect::<Result<_, _>>()?;
        objects.extend(batch);
    }
    let digest = hex(&digest.finalize());
    if digest != record.digest {
        return Err(lines.damaged(format!("the objects of {} do not have the digest recorded for them", record.path)));
    }
    Ok(List { record, objects })
}

/// Writes a snapshot to `path` in one step: an interrupted run leaves what was there before. The name decides on the
/// compression: `.zst`, `.gz`, else none. Equal snapshots give equal bytes. Returns the SHA-256 of the file in hex.
///
/// # Errors
/// When the folder does not exist or cannot be written.
pub fn write(snapshot: &Snapshot, path: &Path) -> Result<String, Error> {
    let failed = |source| Error::Write { path: path.to_owned(), source };
    let bytes = encode(snapshot, path.extension().and_then(|extension| extension.to_str())).map_err(failed)?;
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut file = tempfile::Builder::new().prefix(".snapshot-").tempfile_in(folder).map_err(failed)?;
    file.write_all(&bytes).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    readable(file.as_file()).map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(sha256_hex(&bytes))
}

/// A temporary file is private to its owner; evidence is meant to be handed on like any other file.
#[cfg(unix)]
fn readable(file: &fs::File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable(_file: &fs::File) -> io::Result<()> {
    Ok(())
}

fn encode(snapshot: &Snapshot, extension: Option<&str>) -> io::Result<Vec<u8>> {
    match extension {
        Some("zst") => {
            let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), ZSTD_LEVEL)?;
            encoder.include_checksum(true)?;
            write_lines(snapshot, &mut encoder)?;
            encoder.finish()
        }
        Some("gz") => {
            // No name and no time in the gzip header, so that equal content gives equal bytes.
            let mut encoder = flate2::GzBuilder::new().mtime(0).write(Vec::new(), flate2::Compression::default());
            write_lines(snapshot, &mut encoder)?;
            encoder.finish()
        }
        _ => {
            let mut bytes = Vec::new();
            write_lines(snapshot, &mut bytes)?;
            Ok(bytes)
        }
    }
}

pub(super) fn write_lines(snapshot: &Snapshot, out: &mut impl Write) -> io::Result<()> {
    let mut line = Vec::new();
    let mut put = |value: &dyn Fn(&mut Vec<u8>) -> serde_json::Result<()>| -> io::Result<()> {
        line.clear();
        value(&mut line)?;
        line.push(b'\n');
        out.write_all(&line)
    };
    put(&|line| serde_json::to_writer(line, &snapshot.header))?;
    for list in &snapshot.lists {
        put(&|line| serde_json::to_writer(line, &list.record))?;
        for object in &list.objects {
            put(&|line| serde_json::to_writer(line, object))?;
        }
    }
    let objects = snapshot.lists.iter().map(|list| list.objects.len()).sum();
    put(&|line| serde_json::to_writer(line, &End { end: Totals { lists: snapshot.lists.len(), objects } }))
}

/// SHA-256 in hex over the lines of `objects`, as a record's digest.
pub(super) fn digest_of(objects: &[Object]) -> String {
    let mut digest = Sha256::new();
    let mut line = Vec::new();
    for object in objects {
        line.clear();
        // Strings, maps with string keys and raw JSON always serialize.
        if serde_json::to_writer(&mut line, object).is_ok() {
            line.push(b'\n');
            digest.update(&line);
        }
    }
    hex(&digest.finalize())
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
    decoder(path, bytes, bytes)
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
        self.total += read as u64;
        if read as u64 > MAX_LINE {
            return Err(self.too_large(format!("line {} is longer than {} MB", self.number, MAX_LINE >> 20)));
        }
        if self.total > MAX_CONTENT {
            return Err(self.too_large(format!("it unpacks to more than {} MB", MAX_CONTENT >> 20)));
        }
        if self.line.pop_if(|last| *last == b'\n').is_none() && self.number > 1 {
            return Err(self.truncated(format!("within line {}", self.number)));
        }
        Ok(true)
    }

    fn line(&self) -> &[u8] {
        &self.line
    }

    fn parse<T: for<'de> Deserialize<'de>>(&self, what: &str) -> Result<T, Error> {
        serde_json::from_slice(&self.line).map_err(|error| lines_error(self.path, self.number, what, &error))
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
fn lines_error(path: &Path, number: usize, what: &str, error: &serde_json::Error) -> Error {
    let how = match error.classify() {
        serde_json::error::Category::Data => "lacks a field or has one of the wrong type",
        _ => "is not JSON",
    };
    Error::Damaged { path: path.to_owned(), reason: format!("line {number} is no {what}: it {how}") }
}
