//! Finding the base of a file by pieces of about 8 KiB, for files that no chunk and no path explains.
//!
//! A rebuilt library rarely has a run of 64 KiB in common with the one before, but many of a few KiB.

use std::collections::HashMap;
use std::io::Read;

use dray_model::Digest;

use super::{BaseNumber, Shared, ranked};
use crate::update::numbering::Numbering;
use crate::update::prepare::{PrepareError, Source};

const PIECE_BYTES_MIN: usize = 2 << 10;
const PIECE_BYTES_AVERAGE: usize = 8 << 10;
const PIECE_BYTES_MAX: usize = 32 << 10;
/// Old files are read only for new ones that are at least this part of them together: reading costs, and gains at most that much.
const WORTH_PART: u64 = 64;
/// So many pieces are remembered, about: 48 MiB. Of more bytes only every 2nd, 4th … piece is.
const PIECES_MAX: u64 = 1 << 20;

/// The pieces of the contents that the new tree lacks.
pub(super) struct Fine {
    owners: HashMap<u64, BaseNumber>,
    /// Bits that are zero in each piece that is remembered.
    mask: u64,
}

impl Fine {
    /// Cuts the old contents that are gone; nothing when `orphan_bytes` are too few to pay for that.
    pub(super) fn new(old: &Source<'_>, numbering: &Numbering, orphan_bytes: u64) -> Result<Self, PrepareError> {
        let gone = numbering.gone();
        let gone_bytes: u64 = gone.iter().map(|(_, size)| size).sum();
        let sampling = (gone_bytes / PIECE_BYTES_AVERAGE as u64 / PIECES_MAX + 1).next_power_of_two();
        let mut fine = Self { owners: HashMap::new(), mask: sampling - 1 };
        if orphan_bytes < gone_bytes / WORTH_PART {
            return Ok(fine);
        }
        for (number, (content, size)) in gone.iter().enumerate() {
            for (piece, _) in pieces(old, content, *size)? {
                if piece & fine.mask == 0 {
                    fine.owners.entry(piece).or_insert(number as BaseNumber);
                }
            }
        }
        Ok(fine)
    }

    /// What a new content shares with those.
    pub(super) fn shared(&self, new: &Source<'_>, content: &Digest, size: u64) -> Result<Shared, PrepareError> {
        if self.owners.is_empty() {
            return Ok(Vec::new());
        }
        let known = |(piece, length): (u64, u64)| Some((*self.owners.get(&piece)?, length * (self.mask + 1)));
        Ok(ranked(pieces(new, content, size)?.into_iter().filter_map(known)))
    }
}

/// The pieces of a content: 64 bits of their digests, and their lengths. The content is read in windows.
fn pieces(source: &Source<'_>, content: &Digest, size: u64) -> Result<Vec<(u64, u64)>, PrepareError> {
    const WINDOW: usize = 16 * PIECE_BYTES_MAX;
    let mut file = source.open(content)?.take(size);
    let mut pieces = Vec::new();
    let mut window = Vec::with_capacity(WINDOW);
    loop {
        let wanted = (WINDOW - window.len()) as u64;
        let read = (&mut file).take(wanted).read_to_end(&mut window);
        read.map_err(|source| PrepareError::Read { content: *content, source })?;
        let is_end = window.len() < WINDOW;
        let mut at = 0;
        while at < window.len() && (is_end || window.len() - at >= PIECE_BYTES_MAX) {
            let length = cut(&window[at..]);
            let digest = Digest::of(&window[at..at + length]);
            let start = digest.as_bytes().first_chunk().expect("a digest is longer than 8 bytes");
            pieces.push((u64::from_le_bytes(*start), length as u64));
            at += length;
        }
        if is_end {
            return Ok(pieces);
        }
        window.drain(..at);
    }
}

fn cut(bytes: &[u8]) -> usize {
    let mut cuts = fastcdc::v2020::FastCDC::new(bytes, PIECE_BYTES_MIN, PIECE_BYTES_AVERAGE, PIECE_BYTES_MAX);
    cuts.next().map_or(bytes.len(), |piece| piece.length)
}
