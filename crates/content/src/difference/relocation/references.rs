//! Finding references in a block, by how they look.
//!
//! Nothing is disassembled: an operand counts as a reference when the bytes before it may be its instruction and its target lies
//! in the image. What is taken for one by mistake is mostly rewritten to itself, since most of a program moves together.

use super::{Image, Kind, Region};

/// A reference in a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::difference) struct Reference {
    /// Where it lies in the block.
    pub at: usize,
    /// The address that it means.
    pub target: u64,
    /// What its value is relative to.
    pub origin: Origin,
    /// How its value is written.
    pub encoding: Encoding,
}

/// What a reference is relative to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::difference) enum Origin {
    Nothing,
    Itself,
    Region,
}

/// How the value of a reference is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::difference) enum Encoding {
    /// 4 bytes, little-endian.
    Word,
    /// 8 bytes, little-endian.
    Long,
    /// The lower 26 bits of an instruction: a distance in instructions.
    Branch,
}

impl Encoding {
    pub(in crate::difference) fn length(self) -> usize {
        if self == Self::Long { 8 } else { 4 }
    }

    /// Changes the value at the beginning of `bytes`.
    pub(super) fn add(self, bytes: &mut [u8], change: i64) {
        let word = || u32::from_le_bytes(bytes[..4].try_into().expect("a reference lies in its block"));
        match self {
            Self::Word => put(bytes, word().wrapping_add(change as u32)),
            Self::Branch => {
                let instruction = word();
                let distance = instruction.wrapping_add((change >> 2) as u32) & BRANCH_MASK;
                put(bytes, instruction & !BRANCH_MASK | distance);
            }
            Self::Long => {
                let value = long(bytes, 0).wrapping_add_signed(change);
                bytes[..8].copy_from_slice(&value.to_le_bytes());
            }
        }
    }

    /// By how much the value at the beginning of `new` differs from that at the beginning of `old`.
    pub(in crate::difference) fn difference(self, old: &[u8], new: &[u8]) -> i64 {
        match self {
            Self::Word => i64::from(word(new, 0).wrapping_sub(word(old, 0)) as i32),
            Self::Branch => branch_distance(word(new, 0)) - branch_distance(word(old, 0)),
            Self::Long => long(new, 0).wrapping_sub(long(old, 0)) as i64,
        }
    }
}

const BRANCH_MASK: u32 = (1 << 26) - 1;

/// The distance of an ARM64 branch in bytes.
fn branch_distance(instruction: u32) -> i64 {
    i64::from((instruction << 6) as i32 >> 4)
}

fn put(bytes: &mut [u8], value: u32) {
    bytes[..4].copy_from_slice(&value.to_le_bytes());
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes are four bytes"))
}

fn long(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes are eight bytes"))
}

/// Finds references; keeps its memory from block to block.
#[derive(Debug, Default)]
pub(in crate::difference) struct Finder {
    found: Vec<Reference>,
}

impl Finder {
    /// The references in a block of a region that begins at `address`, in order, without overlap.
    pub(in crate::difference) fn find(
        &mut self,
        image: &Image,
        region: &Region,
        address: u64,
        block: &[u8],
    ) -> &[Reference] {
        self.found.clear();
        let mut search = Search { image, address, block, found: &mut self.found };
        match region.kind {
            Kind::X86_64 => search.x86_64(),
            Kind::Arm64 => search.arm64(),
            Kind::Pointers => search.pointers(),
            Kind::PointersAndOffsets => search.pointers_and_offsets(),
            Kind::FrameIndex => search.frame_index(region.address),
            Kind::Frames => search.frames(),
            Kind::JumpTables => search.jump_tables(),
        }
        &self.found
    }
}

struct Search<'a> {
    image: &'a Image,
    address: u64,
    block: &'a [u8],
    found: &'a mut Vec<Reference>,
}

impl Search<'_> {
    fn push(&mut self, at: usize, target: u64, origin: Origin, encoding: Encoding) {
        self.found.push(Reference { at, target, origin, encoding });
    }

    fn address(&self, at: usize) -> u64 {
        self.address.wrapping_add(at as u64)
    }

    /// What the 4 bytes at a place mean, relative to the address `from`.
    fn relative(&self, at: usize, from: u64) -> u64 {
        from.wrapping_add_signed(i64::from(word(self.block, at) as i32))
    }

    /// Places of aligned fields, by the alignment of their addresses.
    fn aligned(&self, length: usize) -> impl Iterator<Item = usize> + use<> {
        let first = (self.address.wrapping_neg() % length as u64) as usize;
        let end = (self.block.len() + 1).saturating_sub(length);
        (first..end).step_by(length)
    }

    fn x86_64(&mut self) {
        let mut at = 0;
        while at + 6 <= self.block.len() {
            let Some((operand, is_code)) = x86_64_operand(self.block, at) else {
                at += 1;
                continue;
            };
            let target = self.relative(operand, self.address(operand + 4));
            let possible = if is_code { &self.image.code } else { &self.image.addresses };
            if possible.contains(&target) {
                self.push(operand, target, Origin::Itself, Encoding::Word);
                at = operand + 4;
            } else {
                at += 1;
            }
        }
    }

    fn arm64(&mut self) {
        for at in self.aligned(4) {
            let instruction = word(self.block, at);
            let target = self.address(at).wrapping_add_signed(branch_distance(instruction));
            if instruction & 0x7c00_0000 == 0x1400_0000 && self.image.code.contains(&target) {
                self.push(at, target, Origin::Itself, Encoding::Branch);
            }
        }
    }

    fn pointers(&mut self) {
        for at in self.aligned(8) {
            let target = long(self.block, at);
            if self.image.addresses.contains(&target) {
                self.push(at, target, Origin::Nothing, Encoding::Long);
            }
        }
    }

    fn pointers_and_offsets(&mut self) {
        let mut free = 0;
        for at in self.aligned(4) {
            if at < free {
                continue;
            }
            if self.address(at).is_multiple_of(8) && at + 8 <= self.block.len() {
                let target = long(self.block, at);
                if self.image.addresses.contains(&target) {
                    self.push(at, target, Origin::Nothing, Encoding::Long);
                    free = at + 8;
                    continue;
                }
            }
            let target = self.image.origin.wrapping_add(u64::from(word(self.block, at)));
            if self.image.addresses.contains(&target) {
                self.push(at, target, Origin::Nothing, Encoding::Word);
            }
        }
    }

    fn frame_index(&mut self, start: u64) {
        for at in self.aligned(4) {
            let target = self.relative(at, start);
            if self.image.addresses.contains(&target) {
                self.push(at, target, Origin::Region, Encoding::Word);
            }
        }
    }

    /// The beginning of a function is aligned and lies before the frames; a table of exceptions follows the length 4 of its address.
    fn frames(&mut self) {
        let mut at = 0;
        while at + 4 <= self.block.len() {
            let target = self.relative(at, self.address(at));
            let function = self.address(at).is_multiple_of(4) && self.image.code.contains(&target);
            let table = at > 0 && self.block[at - 1] == 4 && self.image.addresses.contains(&target);
            if function || table {
                self.push(at, target, Origin::Itself, Encoding::Word);
                at += 4;
            } else {
                at += 1;
            }
        }
    }

    fn jump_tables(&mut self) {
        for at in self.aligned(4) {
            let target = self.relative(at, self.address(at));
            if (word(self.block, at) as i32) < 0 && self.image.code.contains(&target) {
                self.push(at, target, Origin::Itself, Encoding::Word);
            }
        }
    }
}

/// Where the operand of an instruction whose opcode or addressing byte is at `at` lies, and whether it means code.
fn x86_64_operand(block: &[u8], at: usize) -> Option<(usize, bool)> {
    let byte = block[at];
    if byte & 0xfe == 0xe8 {
        return Some((at + 1, true));
    }
    if byte == 0x0f && block[at + 1] & 0xf0 == 0x80 {
        return Some((at + 2, true));
    }
    let relative = byte & 0xc7 == 0x05 && at > 0;
    let known = relative && (OPERATES_ON_MEMORY[usize::from(block[at - 1])] || at > 1 && block[at - 2] == 0x0f);
    known.then_some((at + 1, false))
}

/// One-byte opcodes that compilers use with an operand relative to the instruction pointer.
const OPERATES_ON_MEMORY: [bool; 256] = {
    const OPCODES: [u8; 35] = [
        0x01, 0x03, 0x09, 0x0b, 0x13, 0x1b, 0x21, 0x23, 0x29, 0x2b, 0x31, 0x33, 0x38, 0x39, 0x3a, 0x3b, 0x63, 0x69,
        0x6b, 0x80, 0x81, 0x83, 0x84, 0x85, 0x88, 0x89, 0x8a, 0x8b, 0x8d, 0xc6, 0xc7, 0xf6, 0xf7, 0xfe, 0xff,
    ];
    let mut table = [false; 256];
    let mut index = 0;
    while index < OPCODES.len() {
        table[OPCODES[index] as usize] = true;
        index += 1;
    }
    table
};
