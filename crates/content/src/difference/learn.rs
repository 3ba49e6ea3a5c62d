//! Finding out where the parts of programs moved to, from the old and the new bytes. Only whoever makes differences does this.
//!
//! Programs are found by their headers, in files and in files that were put one after the other. What lies beside what, found as
//! for any bytes, tells how parts moved; the references in them then tell more exactly how their targets did. A region whose
//! references come out worse than they were is left out.

mod elf;
mod observe;
mod pe;
mod votes;

use std::ops::Range;

use super::base::Base;
use super::matching;
use super::relocation::{Image, Kind, Moves, Region, Relocation};
use observe::Observer;

/// A part of a program that has addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Section {
    /// Where it lies in the bytes.
    range: Range<usize>,
    /// The address of its first byte.
    address: u64,
    /// Where references are looked for, if they are.
    kind: Option<Kind>,
}

/// A program or library, as its headers tell.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Program {
    /// What 4-byte offsets are relative to.
    origin: u64,
    /// Addresses that it takes when it runs.
    addresses: Range<u64>,
    /// Ascending, without overlap.
    sections: Vec<Section>,
}

impl Program {
    /// Puts sections in order. `None` when they overlap, reach beyond `length` or the last address, or there are none.
    fn new(origin: u64, addresses: Range<u64>, mut sections: Vec<Section>, length: usize) -> Option<Self> {
        sections.retain(|section| !section.range.is_empty());
        sections.sort_by_key(|section| section.range.start);
        let apart = sections.windows(2).all(|pair| pair[0].range.end <= pair[1].range.start);
        let within = sections.last()?.range.end <= length;
        let has_address = |section: &Section| section.address.checked_add(section.range.len() as u64).is_some();
        let placed = sections.iter().all(has_address) && addresses.start <= addresses.end;
        (apart && within && placed).then_some(Self { origin, addresses, sections })
    }

    fn moved_by(mut self, start: usize) -> Self {
        for section in &mut self.sections {
            section.range = section.range.start + start..section.range.end + start;
        }
        self
    }

    fn end(&self) -> usize {
        self.sections.last().map_or(0, |section| section.range.end)
    }

    /// From the first to the last address of code.
    fn code(&self) -> Range<u64> {
        let code = self.sections.iter().filter(|section| matches!(section.kind, Some(Kind::X86_64 | Kind::Arm64)));
        let ranges = code.map(|section| section.address..section.address + section.range.len() as u64);
        ranges.reduce(|a, b| a.start.min(b.start)..a.end.max(b.end)).unwrap_or_default()
    }

    /// The program with the regions of its references, and nothing moved yet.
    fn image(&self) -> Image {
        let regions = self.sections.iter().filter_map(|section| {
            let range = section.range.start as u64..section.range.end as u64;
            Some(Region { range, address: section.address, kind: section.kind? })
        });
        Image {
            origin: self.origin,
            addresses: self.addresses.clone(),
            code: self.code(),
            regions: regions.collect(),
            moves: Moves::default(),
        }
    }
}

/// The programs in some bytes, in order.
fn programs(bytes: &[u8]) -> Vec<Program> {
    let mut found: Vec<Program> = Vec::new();
    let mut start = 0;
    while let Some(next) = bytes[start..].iter().position(|byte| matches!(byte, 0x7f | b'M')) {
        start += next;
        let program = elf::parse(&bytes[start..]).or_else(|| pe::parse(&bytes[start..]));
        match program.map(|program| program.moved_by(start)) {
            Some(program) => {
                start = program.end().max(start + 1);
                found.push(program);
            }
            None => start += 1,
        }
    }
    found
}

/// What moved in the programs of `old`, so that they resemble those of `new`. `None` when there are none or nothing would change.
pub(super) fn relocation(old: &[u8], new: &[u8]) -> Option<Relocation> {
    let (old_programs, new_programs) = (programs(old), programs(new));
    if old_programs.is_empty() || new_programs.is_empty() {
        return None;
    }
    let runs = matching::runs(&Base::new(old), new);
    let mut images: Vec<Image> = old_programs.iter().map(Program::image).collect();
    let observer = Observer::new(old, new, &old_programs, &new_programs, &runs);
    for (image, moves) in images.iter_mut().zip(observer.moves()) {
        image.moves = moves;
    }
    let votes = observer.votes(&images);
    for (image, votes) in images.iter_mut().zip(votes) {
        image.moves = votes::settle(&image.moves, votes);
    }
    let changes = observer.leave_out_worse(&mut images);
    images.retain(|image| !image.regions.is_empty() && image.moves.pieces().iter().any(|(_, shift)| *shift != 0));
    (changes > 0 && !images.is_empty()).then_some(Relocation { images })
}
