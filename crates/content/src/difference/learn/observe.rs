//! What old and new bytes that lie side by side tell about programs.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ops::Range;

use super::votes::Vote;
use super::{Program, Section};
use crate::difference::matching::Run;
use crate::difference::relocation::{BLOCK_BYTES, Finder, Image, Kind, Moves, Origin, Reference, Region};

/// Shorter pieces lie beside each other by chance too often.
const PIECE_BYTES_MIN: usize = 32;
/// So many references may come out worse than they were in a block before it is left out: what leaving it out costs.
const WORSE_MAX: i32 = 2;

/// A part of an old section with the new bytes beside it.
struct Piece {
    program: usize,
    old: Range<usize>,
    new: usize,
    address: u64,
    /// By how much its address moved.
    shift: i64,
}

/// A reference in the old bytes, and what became of it.
struct Observation<'a> {
    piece: &'a Piece,
    region: usize,
    /// Its place in the old bytes.
    place: u64,
    reference: &'a Reference,
    /// By how much its value changed.
    difference: i64,
}

/// Old and new bytes side by side.
pub(super) struct Observer<'a> {
    old: &'a [u8],
    new: &'a [u8],
    pieces: Vec<Piece>,
    programs: usize,
}

impl<'a> Observer<'a> {
    pub(super) fn new(old: &'a [u8], new: &'a [u8], from: &[Program], to: &[Program], runs: &[Run]) -> Self {
        let old_sections = sections(from);
        let new_sections = sections(to);
        let mut pieces = Vec::new();
        let mut made = 0;
        for run in runs {
            let range = run.base..run.base + run.beside;
            let first = old_sections.partition_point(|(_, section)| section.range.end <= range.start);
            for (program, section) in &old_sections[first..] {
                let old = range.start.max(section.range.start)..range.end.min(section.range.end);
                if old.start >= range.end {
                    break;
                }
                let new = made + (old.start - range.start);
                if let Some(moved) = address_of(&new_sections, new).filter(|_| old.len() >= PIECE_BYTES_MIN) {
                    let address = section.address + (old.start - section.range.start) as u64;
                    let shift = moved.wrapping_sub(address) as i64;
                    pieces.push(Piece { program: *program, old, new, address, shift });
                }
            }
            made += run.beside + run.extra;
        }
        Self { old, new, pieces, programs: from.len() }
    }

    /// Where the parts of each program moved to. Of pieces that overlap, the longer tells.
    pub(super) fn moves(&self) -> Vec<Moves> {
        let mut longest_first: Vec<&Piece> = self.pieces.iter().collect();
        longest_first.sort_by_key(|piece| Reverse(piece.old.len()));
        let mut parts = vec![BTreeMap::<u64, (u64, i64)>::new(); self.programs];
        for piece in longest_first {
            let end = piece.address + piece.old.len() as u64;
            let of_program = &mut parts[piece.program];
            if of_program.range(..end).next_back().is_none_or(|(_, (before, _))| *before <= piece.address) {
                of_program.insert(piece.address, (end, piece.shift));
            }
        }
        let moves =
            |parts: BTreeMap<u64, (u64, i64)>| Moves::new(parts.into_iter().map(|(start, (_, shift))| (start, shift)));
        parts.into_iter().map(moves).collect()
    }

    /// What the references in each program say about their targets.
    pub(super) fn votes(&self, images: &[Image]) -> Vec<Vec<Vote>> {
        let mut votes = vec![Vec::new(); images.len()];
        self.observe(images, |seen| {
            let image = &images[seen.piece.program];
            let shift = match seen.reference.origin {
                Origin::Nothing => seen.difference,
                Origin::Itself => seen.difference.wrapping_add(seen.piece.shift),
                Origin::Region => seen.difference.wrapping_add(image.moves.shift(image.regions[seen.region].address)),
            };
            if shift.unsigned_abs() < image.addresses.end - image.addresses.start {
                votes[seen.piece.program].push((seen.reference.target, shift));
            }
        });
        votes
    }

    /// Takes blocks out of regions in which more references become wrong than right. How many become right in all.
    pub(super) fn leave_out_worse(&self, images: &mut [Image]) -> usize {
        let blocks = |region: &Region| vec![0i32; region.blocks(&region.range).count()];
        let mut worse: Vec<Vec<Vec<i32>>> =
            images.iter().map(|image| image.regions.iter().map(blocks).collect()).collect();
        let mut better = 0;
        self.observe(images, |seen| {
            let image = &images[seen.piece.program];
            let region = &image.regions[seen.region];
            let change = image.change(seen.reference, region.address_of(seen.place), region.address);
            let (was, is) = (seen.difference == 0, seen.difference == change);
            better += usize::from(is && !was);
            let block = (seen.place - region.range.start) as usize / BLOCK_BYTES;
            worse[seen.piece.program][seen.region][block] += i32::from(was) - i32::from(is);
        });
        for (image, worse) in images.iter_mut().zip(worse) {
            let regions = std::mem::take(&mut image.regions).into_iter().zip(worse);
            image.regions = regions.flat_map(|(region, worse)| kept(region, &worse)).collect();
        }
        better
    }

    /// Visits each reference that lies in a piece, wholly.
    fn observe(&self, images: &[Image], mut visit: impl FnMut(Observation<'_>)) {
        let mut finder = Finder::default();
        for piece in &self.pieces {
            let image = &images[piece.program];
            let range = piece.old.start as u64..piece.old.end as u64;
            let index = image.regions.partition_point(|region| region.range.end <= range.start);
            let Some(region) = image.regions.get(index).filter(|region| region.range.start <= range.start) else {
                continue;
            };
            for block in region.blocks(&range) {
                let bytes = &self.old[block.start as usize..block.end as usize];
                for reference in finder.find(image, region, region.address_of(block.start), bytes) {
                    let place = block.start + reference.at as u64;
                    let length = reference.encoding.length();
                    if place < range.start || place + length as u64 > range.end {
                        continue;
                    }
                    let new = piece.new + (place - range.start) as usize;
                    let difference =
                        reference.encoding.difference(&bytes[reference.at..], &self.new[new..new + length]);
                    visit(Observation { piece, region: index, place, reference, difference });
                }
            }
        }
    }
}

/// All sections, each with the number of its program, in order.
fn sections(programs: &[Program]) -> Vec<(usize, &Section)> {
    let numbered = programs.iter().enumerate();
    numbered.flat_map(|(number, program)| program.sections.iter().map(move |section| (number, section))).collect()
}

fn address_of(sections: &[(usize, &Section)], place: usize) -> Option<u64> {
    let (_, section) = sections.get(sections.partition_point(|(_, section)| section.range.end <= place))?;
    let within = place.checked_sub(section.range.start)?;
    Some(section.address + within as u64)
}

/// What remains of a region without the blocks that are worse.
fn kept(region: Region, worse: &[i32]) -> Vec<Region> {
    if region.kind == Kind::FrameIndex {
        return vec![region];
    }
    let mut kept: Vec<Region> = Vec::new();
    for (block, _) in region.blocks(&region.range).zip(worse).filter(|(_, worse)| **worse <= WORSE_MAX) {
        match kept.last_mut().filter(|last| last.range.end == block.start) {
            Some(last) => last.range.end = block.end,
            None => kept.push(Region { address: region.address_of(block.start), range: block, kind: region.kind }),
        }
    }
    kept
}
