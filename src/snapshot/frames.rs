//! Frames of zstd that unpack several at a time.
//!
//! A file that this program wrote is a row of small frames. Other programs may pack the same lines into one: that is
//! read as a stream instead.

use std::{
    collections::VecDeque,
    io::{self, BufRead, Read},
};

use rayon::prelude::*;

/// Frames that say to unpack to more than this are read as a stream.
const LARGEST: u64 = 32 << 20;
/// Frames unpacked at a time.
const AHEAD: usize = 8;

/// What the frames of a file hold, in order.
pub(super) struct Frames<'a> {
    packed: VecDeque<&'a [u8]>,
    unpacked: VecDeque<Vec<u8>>,
    /// Bytes of the first unpacked frame that were taken.
    taken: usize,
}

impl<'a> Frames<'a> {
    /// `None` when the bytes are anything else than several whole frames of known and modest size.
    pub(super) fn of(mut bytes: &'a [u8]) -> Option<Self> {
        let mut packed = VecDeque::new();
        while !bytes.is_empty() {
            let length = zstd::zstd_safe::find_frame_compressed_size(bytes).ok()?;
            let size = zstd::zstd_safe::get_frame_content_size(bytes).ok()??;
            if length == 0 || size > LARGEST {
                return None;
            }
            packed.push_back(bytes.get(..length)?);
            bytes = &bytes[length..];
        }
        (packed.len() > 1).then_some(Self { packed, unpacked: VecDeque::new(), taken: 0 })
    }

    fn unpack(&mut self) -> io::Result<()> {
        let next: Vec<&[u8]> = self.packed.drain(..AHEAD.min(self.packed.len())).collect();
        let unpack = |frame: &&[u8]| {
            let size = zstd::zstd_safe::get_frame_content_size(frame).ok().flatten().unwrap_or_default();
            zstd::bulk::decompress(frame, usize::try_from(size.min(LARGEST)).unwrap_or_default())
        };
        self.unpacked = next.par_iter().map(unpack).collect::<io::Result<_>>()?;
        Ok(())
    }
}

impl BufRead for Frames<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.unpacked.front().is_none_or(|frame| frame.len() == self.taken) {
            self.taken = 0;
            if self.unpacked.pop_front().is_none() {
                if self.packed.is_empty() {
                    return Ok(&[]);
                }
                self.unpack()?;
            }
        }
        Ok(self.unpacked.front().map_or(&[], |frame| &frame[self.taken..]))
    }

    fn consume(&mut self, amount: usize) {
        self.taken += amount;
    }
}

impl Read for Frames<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut ready = self.fill_buf()?;
        let read = ready.read(out)?;
        self.consume(read);
        Ok(read)
    }
}
