//! Where files are cut into chunks: FastCDC v2020, 16/64/256 KiB, normalisation level 1.
//!
//! Cut points are part of the format: another cut means that nothing of earlier versions is found again. They are frozen by
//! golden vectors, so that a new version of the library that cuts elsewhere fails the tests.

use std::io::{self, Read};

/// No chunk but a file's last is shorter. Files below this are grouped instead of cut.
pub const CHUNK_BYTES_MIN: usize = 16 << 10;
/// What chunks tend to.
pub const CHUNK_BYTES_AVERAGE: usize = 64 << 10;
/// No chunk is longer.
pub const CHUNK_BYTES_MAX: usize = 256 << 10;
/// How chunks are cut, as a manifest records it: 1 is what this module does.
pub const CHUNKING: u8 = 1;

/// Below the average a cut needs 17 zero bits, above it 15: `fastcdc::v2020::MASKS[16 ± 1]`.
const MASK_SMALL: u64 = 0x0000_d907_0353_7000;
const MASK_LARGE: u64 = 0x0000_d90f_0353_0000;

/// Length of the first chunk of `bytes`, which must reach to the file's end or be at least [`CHUNK_BYTES_MAX`] long.
#[must_use]
pub fn cut(bytes: &[u8]) -> usize {
    let (_, length) = fastcdc::v2020::cut(
        bytes,
        CHUNK_BYTES_MIN,
        CHUNK_BYTES_AVERAGE,
        CHUNK_BYTES_MAX,
        MASK_SMALL,
        MASK_LARGE,
        MASK_SMALL << 1,
        MASK_LARGE << 1,
    );
    length
}

/// Reads a source once and gives its chunks in order.
pub struct Chunker<R> {
    source: R,
    window: Vec<u8>,
    start: usize,
    end: usize,
    at_end: bool,
}

impl<R: Read> Chunker<R> {
    /// Bytes that are read ahead: each is moved at most once in four.
    const WINDOW: usize = 4 * CHUNK_BYTES_MAX;

    /// Starts at the beginning of `source`.
    pub fn new(source: R) -> Self {
        Self { source, window: vec![0; Self::WINDOW], start: 0, end: 0, at_end: false }
    }

    /// The next chunk; `None` after the last.
    ///
    /// # Errors
    /// When the source can't be read.
    pub fn next_chunk(&mut self) -> io::Result<Option<&[u8]>> {
        if self.end - self.start < CHUNK_BYTES_MAX {
            self.fill()?;
        }
        let ahead = &self.window[self.start..self.end];
        if ahead.is_empty() {
            return Ok(None);
        }
        let length = cut(ahead);
        self.start += length;
        Ok(Some(&self.window[self.start - length..self.start]))
    }

    fn fill(&mut self) -> io::Result<()> {
        self.window.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        while !self.at_end && self.end < self.window.len() {
            match self.source.read(&mut self.window[self.end..]) {
                Ok(0) => self.at_end = true,
                Ok(read) => self.end += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lengths(bytes: &[u8]) -> Vec<usize> {
        let mut chunker = Chunker::new(bytes);
        let mut lengths = Vec::new();
        while let Some(chunk) = chunker.next_chunk().unwrap() {
            lengths.push(chunk.len());
        }
        lengths
    }

    /// Bytes of BLAKE3's output stream: the same everywhere.
    fn stream(seed: &[u8], length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        blake3::Hasher::new().update(seed).finalize_xof().fill(&mut bytes);
        bytes
    }

    #[test]
    fn cut_points_are_frozen() {
        assert_eq!(lengths(&stream(b"golden", 1 << 20)), GOLDEN);
        assert_eq!(lengths(&vec![0; 600_000]), [262_144, 262_144, 75_712]);
        assert_eq!(lengths(b"short"), [5]);
        assert_eq!(lengths(b""), [0usize; 0]);
    }

    const GOLDEN: &[usize] = &[
        71_791, 89_804, 36_896, 71_775, 95_052, 38_007, 117_681, 73_470, 72_823, 83_293, 65_149, 130_731, 64_011,
        38_093,
    ];

    #[test]
    fn the_masks_are_those_of_the_paper() {
        use fastcdc::v2020::{Normalization, select_masks};
        assert_eq!(select_masks(CHUNK_BYTES_AVERAGE, Normalization::Level1), (MASK_SMALL, MASK_LARGE));
    }

    /// Gives few bytes at a time, as pipes do.
    struct Dripping<'a>(&'a [u8], usize);

    impl Read for Dripping<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let limit = buffer.len().min(self.1);
            self.0.read(&mut buffer[..limit])
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn chunks_join_to_the_source_however_it_is_read(seed: [u8; 4], length in 0usize..900_000, drip in 1usize..70_000) {
            let bytes = stream(&seed, length);
            let mut chunker = Chunker::new(Dripping(&bytes, drip));
            let mut joined = Vec::new();
            let mut cuts = Vec::new();
            while let Some(chunk) = chunker.next_chunk().unwrap() {
                prop_assert!(chunk.len() <= CHUNK_BYTES_MAX);
                cuts.push(chunk.len());
                joined.extend_from_slice(chunk);
            }
            prop_assert_eq!(cuts, lengths(&bytes));
            prop_assert_eq!(joined, bytes);
        }
    }
}
