//! Programs whose parts moved: the base as it would be if only addresses had changed.
//!
//! Rebuilt programs differ mostly in addresses, because one function that grew moves all that follow. A relocation tells where parts
//! of the programs in a base moved to; with it both sides rewrite the references in the base before they lay it beside the new
//! bytes. It is a guess: what is rewritten wrongly costs bytes, never correctness. Whoever makes a difference reads the headers of
//! programs; whoever applies one gets ranges and addresses, and knows nothing of formats of programs.
//!
//! A base is rewritten block by block, each on its own, so that it can be read at any place.

mod encoding;
mod moves;
mod read;
mod references;

pub(super) use moves::Moves;
pub(super) use read::Relocated;
pub(super) use references::{Finder, Origin, Reference};

use std::ops::Range;

/// Regions are rewritten in blocks of so many bytes from their beginning; a reference that crosses their border is left alone.
pub(super) const BLOCK_BYTES: usize = 4096;

/// How references look in a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// x86-64 code: near calls and jumps, operands relative to the instruction pointer.
    X86_64,
    /// ARM64 code: branches, and pages with the offset into them.
    Arm64,
    /// Aligned addresses of 8 bytes.
    Pointers,
    /// Aligned addresses of 8 bytes, else aligned offsets of 4 bytes from the image's origin.
    PointersAndOffsets,
    /// Aligned 4 bytes relative to the beginning of the region.
    FrameIndex,
    /// Call frame information: 4 bytes relative to their own place.
    Frames,
    /// Jump tables: aligned 4 bytes, about relative to their own place, back into code.
    JumpTables,
}

/// A part of a base whose references look alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Region {
    /// Where it lies in the base.
    pub range: Range<u64>,
    /// The address of its first byte.
    pub address: u64,
    pub kind: Kind,
}

/// A program or library in a base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Image {
    /// What 4-byte offsets are relative to.
    pub origin: u64,
    /// Addresses that references may have.
    pub addresses: Range<u64>,
    /// Addresses that calls and jumps may have.
    pub code: Range<u64>,
    /// By their place in the base, without overlap.
    pub regions: Vec<Region>,
    /// Where its parts moved to.
    pub moves: Moves,
}

/// What moved in the programs of a base.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Relocation {
    /// By their place in the base; no region of one lies between regions of another.
    pub images: Vec<Image>,
}

impl Region {
    /// The range of a block in the base, by its number.
    fn block(&self, number: u64) -> Range<u64> {
        let start = self.range.start + number * BLOCK_BYTES as u64;
        start..(start + BLOCK_BYTES as u64).min(self.range.end)
    }

    /// The ranges of the blocks that `range` touches.
    pub(super) fn blocks(&self, range: &Range<u64>) -> impl Iterator<Item = Range<u64>> + use<'_> {
        let start = range.start.max(self.range.start);
        let end = range.end.min(self.range.end);
        let first = (start - self.range.start) / BLOCK_BYTES as u64;
        let count = if start < end { (end - self.range.start).div_ceil(BLOCK_BYTES as u64) } else { first };
        (first..count).map(|number| self.block(number))
    }

    /// The address of a place in the base.
    pub(super) fn address_of(&self, place: u64) -> u64 {
        self.address.wrapping_add(place - self.range.start)
    }
}

impl Image {
    /// The change of a reference at `address` in a region that begins at `start`.
    pub(super) fn change(&self, reference: &Reference, address: u64, start: u64) -> i64 {
        let target = self.moves.shift(reference.target);
        match reference.origin {
            Origin::Nothing => target,
            Origin::Itself => target.wrapping_sub(self.moves.shift(address)),
            Origin::Region => target.wrapping_sub(self.moves.shift(start)),
        }
    }

    /// Rewrites a block of a region.
    fn rewrite(&self, region: &Region, block: Range<u64>, bytes: &mut [u8], finder: &mut Finder) {
        let address = region.address_of(block.start);
        for reference in finder.find(self, region, address, bytes) {
            let change = self.change(reference, address.wrapping_add(reference.at as u64), region.address);
            if change != 0 {
                reference.encoding.add(&mut bytes[reference.at..], change);
            }
        }
    }
}

impl Relocation {
    /// Rewrites the bytes of a base from `start` on. References in blocks that lie there in part are left as they are.
    pub(super) fn rewrite(&self, start: u64, bytes: &mut [u8]) {
        let range = start..start + bytes.len() as u64;
        let mut finder = Finder::default();
        for (image, region) in self.regions_in(&range) {
            for block in region.blocks(&range) {
                if range.start <= block.start && block.end <= range.end {
                    let within = (block.start - start) as usize..(block.end - start) as usize;
                    image.rewrite(region, block, &mut bytes[within], &mut finder);
                }
            }
        }
    }

    fn regions_in(&self, range: &Range<u64>) -> impl Iterator<Item = (&Image, &Region)> {
        let first = self.images.partition_point(|image| image.end() <= range.start);
        let images = self.images[first..].iter().take_while(|image| image.start() < range.end);
        images.flat_map(|image| {
            let first = image.regions.partition_point(|region| region.range.end <= range.start);
            let regions = image.regions[first..].iter().take_while(|region| region.range.start < range.end);
            regions.map(move |region| (image, region))
        })
    }
}

impl Image {
    fn start(&self) -> u64 {
        self.regions.first().map_or(0, |region| region.range.start)
    }

    fn end(&self) -> u64 {
        self.regions.last().map_or(0, |region| region.range.end)
    }
}
