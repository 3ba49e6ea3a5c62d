//! Where the addresses of an image moved to: pieces, each with one shift.
//!
//! A piece begins at an address and reaches to the next one; what comes before the first moves as it does.

use crate::codec::{DecodeError, Reader, put_signed, put_varint};

/// The shifts of an image's addresses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::difference) struct Moves {
    /// First address of a piece and its shift, strictly ascending.
    pieces: Vec<(u64, i64)>,
}

impl Moves {
    /// Pieces in ascending order. Those that repeat the shift before are left out.
    pub(in crate::difference) fn new(pieces: impl IntoIterator<Item = (u64, i64)>) -> Self {
        let mut pieces: Vec<_> = pieces.into_iter().collect();
        pieces.dedup_by_key(|(_, shift)| *shift);
        Self { pieces }
    }

    /// By how much an address moved.
    pub(in crate::difference) fn shift(&self, address: u64) -> i64 {
        let after = self.pieces.partition_point(|(start, _)| *start <= address);
        self.pieces.get(after.saturating_sub(1)).map_or(0, |(_, shift)| *shift)
    }

    pub(in crate::difference) fn pieces(&self) -> &[(u64, i64)] {
        &self.pieces
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        put_varint(out, self.pieces.len() as u64);
        let mut before = 0;
        for (start, _) in &self.pieces {
            put_varint(out, start - before);
            before = *start;
        }
        let mut before = 0i64;
        for (_, shift) in &self.pieces {
            put_signed(out, shift.wrapping_sub(before));
            before = *shift;
        }
    }

    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let count = reader.count("pieces of a relocation", u64::MAX, 2)?;
        let mut pieces = Vec::with_capacity(count);
        let mut address = 0u64;
        for index in 0..count {
            let gap = reader.varint()?;
            address = address
                .checked_add(gap)
                .filter(|_| gap > 0 || index == 0)
                .ok_or_else(|| reader.malformed("the pieces of a relocation are not in order"))?;
            pieces.push((address, 0));
        }
        let mut before = 0i64;
        for (_, shift) in &mut pieces {
            before = before.wrapping_add(reader.signed()?);
            *shift = before;
        }
        Ok(Self { pieces })
    }
}
