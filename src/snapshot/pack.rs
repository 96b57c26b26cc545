//! Lists on their way into a file: as soon as one is read it becomes compressed lines, and its objects are let go.
//!
//! Invariants: equal lists give equal bytes; every frame but that of a single long line unpacks to little more than
//! [`CHUNK`], so that a reader can unpack several at a time in bounded memory.

use std::{
    fs,
    io::{self, Write},
    path::Path,
};

use rayon::prelude::*;
use serde::Serialize;
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use super::{
    Error, FORMAT, Header, ListRecord, Probe, Snapshot,
    file::{End, Totals},
    lines::Lines,
    template::Sharing,
};
use crate::digest::hex;

/// Unpacked bytes of a frame.
const CHUNK: usize = 2 << 20;
/// Higher levels take twice as long for a few percent; `collect` must not be slower than the network.
const LEVEL: i32 = 1;

/// A list as it stands in a file.
pub struct Packed {
    /// What was asked and how it ended.
    pub record: ListRecord,
    frames: Vec<u8>,
}

impl Packed {
    /// Binds lines to the record of how they were read: sorts them and sets the record's count and digest from them.
    ///
    /// # Errors
    /// When the memory for it cannot be had.
    pub(crate) fn new(record: ListRecord, mut lines: Lines) -> io::Result<Self> {
        lines.sort();
        Self::of(record, &lines)
    }

    fn of(mut record: ListRecord, lines: &Lines) -> io::Result<Self> {
        record.count = lines.len();
        record.digest = lines.digest();
        let mut sharing = (record.group.is_empty() && record.kind == "Pod").then(Sharing::default);
        let mut frames = Frames::new()?;
        let mut text = line_of(&record)?;
        for (line, body) in lines.texts() {
            match &mut sharing {
                Some(sharing) => sharing.put(line, body, &mut text),
                None => {
                    text.extend_from_slice(line.as_bytes());
                    text.push(b'\n');
                }
            }
            if text.len() >= CHUNK {
                frames.put(&text)?;
                text.clear();
            }
        }
        if !text.is_empty() {
            frames.put(&text)?;
        }
        Ok(Self { record, frames: frames.out })
    }
}

/// Frames of zstd, each with its length and checksum.
struct Frames {
    compressor: zstd::bulk::Compressor<'static>,
    out: Vec<u8>,
}

impl Frames {
    fn new() -> io::Result<Self> {
        let mut compressor = zstd::bulk::Compressor::new(LEVEL)?;
        compressor.include_checksum(true)?;
        Ok(Self { compressor, out: Vec::new() })
    }

    fn put(&mut self, text: &[u8]) -> io::Result<()> {
        self.out.extend_from_slice(&self.compressor.compress(text)?);
        Ok(())
    }
}

fn line_of(value: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    Ok(line)
}

/// Writes a snapshot to `path` in one step: an interrupted run leaves what was there before. The name decides on the
/// compression: `.zst`, `.gz`, else none. Equal snapshots give equal bytes. Returns the SHA-256 of the file in hex.
///
/// # Errors
/// When the folder does not exist or cannot be written.
pub fn write(snapshot: &Snapshot, path: &Path) -> Result<String, Error> {
    let lists = pack(snapshot).map_err(|source| Error::Write { path: path.to_owned(), source })?;
    write_packed(&snapshot.header, &lists, &snapshot.probes, path)
}

/// The lists of a snapshot as they stand in a file.
///
/// # Errors
/// As [`Packed::new`].
pub fn pack(snapshot: &Snapshot) -> io::Result<Vec<Packed>> {
    snapshot.lists.par_iter().map(|list| Packed::of(list.record.clone(), &Lines::of(&list.objects))).collect()
}

/// As [`write`], of lists that were packed as they were read. Lists and probes are in the order of a file.
///
/// # Errors
/// As [`write`].
pub fn write_packed(header: &Header, lists: &[Packed], probes: &[Probe], path: &Path) -> Result<String, Error> {
    let failed = |source| Error::Write { path: path.to_owned(), source };
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let file = tempfile::Builder::new().prefix(".snapshot-").tempfile_in(folder).map_err(failed)?;
    let mut out = Hashing { out: file, digest: Sha256::new() };
    let put = |out: &mut Hashing<NamedTempFile>| match path.extension().and_then(|extension| extension.to_str()) {
        Some("zst") => put_frames(header, lists, probes, &mut |frame| out.write_all(frame)),
        Some("gz") => {
            // No name and no time in the gzip header, so that equal content gives equal bytes.
            let mut encoder = flate2::GzBuilder::new().mtime(0).write(out, flate2::Compression::default());
            put_lines(header, lists, probes, &mut encoder)?;
            encoder.finish().map(drop)
        }
        _ => put_lines(header, lists, probes, out),
    };
    put(&mut out).map_err(failed)?;
    out.out.as_file().sync_all().map_err(failed)?;
    readable(out.out.as_file()).map_err(failed)?;
    out.out.persist(path).map_err(|error| failed(error.error))?;
    Ok(hex(&out.digest.finalize()))
}

/// Hands over the frames of a whole file, in order.
fn put_frames(
    header: &Header,
    lists: &[Packed],
    probes: &[Probe],
    put: &mut dyn FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let mut frames = Frames::new()?;
    frames.put(&line_of(&Header { format: FORMAT, ..header.clone() })?)?;
    put(&frames.out)?;
    lists.iter().try_for_each(|list| put(&list.frames))?;
    let objects = lists.iter().map(|list| list.record.count).sum();
    frames.out.clear();
    let mut last = Vec::new();
    for probe in probes {
        last.extend(line_of(probe)?);
    }
    last.extend(line_of(&End { end: Totals { lists: lists.len(), objects, probes: probes.len() } })?);
    frames.put(&last)?;
    put(&frames.out)
}

fn put_lines(header: &Header, lists: &[Packed], probes: &[Probe], out: &mut impl Write) -> io::Result<()> {
    put_frames(header, lists, probes, &mut |frame| zstd::stream::copy_decode(frame, &mut *out))
}

/// The lines of a snapshot without compression.
#[cfg(test)]
pub(super) fn write_lines(snapshot: &Snapshot, out: &mut impl Write) -> io::Result<()> {
    put_lines(&snapshot.header, &pack(snapshot)?, &snapshot.probes, out)
}

/// Takes the digest of what goes through it.
struct Hashing<W> {
    out: W,
    digest: Sha256,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.digest.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
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
