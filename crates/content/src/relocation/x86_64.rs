//! References in x86-64 instructions (Intel's manual, volume 2, chapter 2.1 and appendix A).
//!
//! Instructions aren't decoded, which would have to begin at the right byte. Two forms cover nearly all references: an opcode of a
//! jump or call with 32 bits, and an opcode with a ModRM byte that says *relative to the next instruction*.

use super::block::Context;
use super::image::u32_at;

/// Bytes of a displacement.
const DISPLACEMENT: usize = 4;

/// Rewrites the displacements in `part`, which begins at `address`.
pub(super) fn relocate(part: &mut [u8], address: u64, context: &mut Context<'_>) {
    let mut at = 0;
    while at + 1 + DISPLACEMENT <= part.len() {
        at += match displacement(&part[at..]) {
            Some(skip) if rewrite(part, at + skip, address, context) => skip + DISPLACEMENT,
            _ => 1,
        };
    }
}

/// How far behind an opcode its displacement is.
fn displacement(code: &[u8]) -> Option<usize> {
    let is_relative = |modrm: usize| code.get(modrm).is_some_and(|byte| byte & 0xc7 == 0x05);
    match *code.first()? {
        // CALL, JMP
        0xe8 | 0xe9 => Some(1),
        // Jcc, and two-byte opcodes with a ModRM byte
        0x0f => match *code.get(1)? {
            0x80..=0x8f => Some(2),
            _ => is_relative(2).then_some(3),
        },
        // ALU, MOVSXD, IMUL, group 1, TEST, XCHG, MOV, LEA, shifts, MOV immediate, groups 3 to 5
        0x00..=0x3b
        | 0x63
        | 0x69
        | 0x6b
        | 0x80..=0x8d
        | 0xc0
        | 0xc1
        | 0xc6
        | 0xc7
        | 0xd0..=0xd3
        | 0xf6
        | 0xf7
        | 0xfe
        | 0xff => is_relative(1).then_some(2),
        // VEX prefixes of two and three bytes, and then as above
        0xc5 => is_relative(3).then_some(4),
        0xc4 => is_relative(4).then_some(5),
        _ => None,
    }
}

/// Rewrites the displacement at `at` if it leads into the program. Relative to the next instruction, which is mostly 4 bytes on; an
/// immediate between doesn't matter, because what lies so near has moved as far.
fn rewrite(part: &mut [u8], at: usize, address: u64, context: &mut Context<'_>) -> bool {
    let Some(value) = u32_at(part, at) else { return false };
    let relative = i64::from(value as i32);
    let here = address.wrapping_add((at + DISPLACEMENT) as u64);
    let target = here.wrapping_add_signed(relative);
    if !context.image.has(target) {
        return false;
    }
    let value = context.relative_to(here, target, relative) as u32;
    part[at..at + DISPLACEMENT].copy_from_slice(&value.to_le_bytes());
    true
}
