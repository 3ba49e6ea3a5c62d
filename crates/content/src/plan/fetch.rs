//! Ranges of packs: chunks that lie close together are fetched together.

use dray_model::Digest;

use crate::manifest::Manifest;
use crate::object::ObjectName;

/// How chunks are put together into ranges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FetchOptions {
    /// Bytes that nobody needs are fetched rather than making another request, up to so many. Default 64 KiB: what a
    /// request's latency costs at 50 Mbit/s and 10 ms.
    pub gap_bytes_max: u64,
    /// No range is longer unless one chunk is; this bounds what a client has in memory. Default 4 MiB. Ranges that adjoin
    /// may be asked for in one request.
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

/// The ranges that cover `chunks` of `manifest`, in the order of its packs and of the bytes in them.
pub(crate) fn ranges(manifest: &Manifest, mut chunks: Vec<u32>, options: FetchOptions) -> Vec<FetchRange> {
    let chunk = |number: &u32| &manifest.chunks()[*number as usize];
    chunks.sort_unstable_by_key(|number| (chunk(number).pack, chunk(number).offset));
    let mut ranges: Vec<FetchRange> = Vec::new();
    for chunk in chunks.iter().map(chunk) {
        let pack = manifest.pack_of(chunk).digest;
        if let Some(last) = ranges.last_mut().filter(|last| last.pack == pack) {
            let close = chunk.offset.saturating_sub(last.end()) <= options.gap_bytes_max;
            let end = chunk.end().max(last.end());
            if close && end - last.offset <= options.range_bytes_max {
                last.length = end - last.offset;
                continue;
            }
        }
        ranges.push(FetchRange { pack, offset: chunk.offset, length: chunk.stored_length.into() });
    }
    ranges
}
