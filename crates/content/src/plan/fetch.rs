//! Ranges of packs: chunks and segments that lie close together are fetched together.

use std::collections::HashMap;

use dray_model::Digest;

use super::Plan;
use crate::object::ObjectName;

/// How chunks and segments are put together into ranges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FetchOptions {
    /// Bytes that nobody needs are fetched rather than making another request, up to so many. Default 64 KiB: what a
    /// request's latency costs at 50 Mbit/s and 10 ms.
    pub gap_bytes_max: u64,
    /// No range is longer unless one chunk or segment is; this bounds what a client has in memory. Default 4 MiB. Ranges that
    /// adjoin may be asked for in one request.
    pub range_bytes_max: u64,
}

impl Default for FetchOptions {
    fn default() -> Self {
        Self { gap_bytes_max: 64 << 10, range_bytes_max: 4 << 20 }
    }
}

/// Bytes of a pack that are to be fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FetchRange {
    /// The pack.
    pub pack: Digest,
    /// Where the range begins.
    pub offset: u64,
    /// Its length in bytes.
    pub length: u64,
}

impl FetchRange {
    /// The object that it is a range of.
    #[must_use]
    pub const fn object(&self) -> ObjectName {
        ObjectName::Pack(self.pack)
    }

    /// Where the range ends.
    #[must_use]
    pub const fn end(&self) -> u64 {
        self.offset + self.length
    }
}

/// What is stored in a pack and checked as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Stored {
    /// A chunk, by its number in `want.chunks()`.
    Chunk(u32),
    /// A segment, by its number in `segments`.
    Segment(u32),
}

impl Plan {
    /// All chunks and segments in packs that the plan knows of.
    pub(crate) fn all_stored(&self) -> impl Iterator<Item = Stored> + '_ {
        let segments = (0..).zip(&self.segments).filter(|(_, segment)| segment.range().is_some());
        let chunks = (0..self.want.chunks().len() as u32).map(Stored::Chunk);
        chunks.chain(segments.map(|(number, _)| Stored::Segment(number)))
    }

    /// Where one of them is stored.
    pub(crate) fn range_of(&self, stored: Stored) -> FetchRange {
        match stored {
            Stored::Chunk(number) => {
                let chunk = &self.want.chunks()[number as usize];
                let pack = self.want.pack_of(chunk).digest;
                FetchRange { pack, offset: chunk.offset, length: chunk.stored_length.into() }
            }
            Stored::Segment(number) => {
                self.segments[number as usize].range().expect("what is carried is not counted among what is stored")
            }
        }
    }

    /// The ranges that cover all of `stored`, in the order of the packs and of the bytes in them.
    pub(crate) fn ranges(&self, stored: &[Stored]) -> Vec<FetchRange> {
        let order = self.order_of_packs();
        let mut wanted: Vec<_> = stored
            .iter()
            .map(|stored| {
                let range = self.range_of(*stored);
                (order[&range.pack], range)
            })
            .collect();
        wanted.sort_unstable();
        join(wanted.into_iter().map(|(_, range)| range), self.options)
    }

    /// The manifest's packs in its order, then those of the segments in theirs.
    fn order_of_packs(&self) -> HashMap<Digest, usize> {
        let of_chunks = self.want.packs().iter().map(|pack| pack.digest);
        let of_segments = self.segments.iter().filter_map(|segment| Some(segment.range()?.pack));
        let mut order = HashMap::new();
        for pack in of_chunks.chain(of_segments) {
            let next = order.len();
            order.entry(pack).or_insert(next);
        }
        order
    }
}

/// Puts neighbours of one pack together; they come in order.
fn join(wanted: impl Iterator<Item = FetchRange>, options: FetchOptions) -> Vec<FetchRange> {
    let mut ranges: Vec<FetchRange> = Vec::new();
    for range in wanted {
        if let Some(last) = ranges.last_mut().filter(|last| last.pack == range.pack) {
            let close = range.offset.saturating_sub(last.end()) <= options.gap_bytes_max;
            let end = range.end().max(last.end());
            if close && end - last.offset <= options.range_bytes_max {
                last.length = end - last.offset;
                continue;
            }
        }
        ranges.push(range);
    }
    ranges
}
