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
    while let Some(code) = part[at..].first_chunk::<{ 1 + DISPLACEMENT }>() {
        let form = FORMS[usize::from(code[0])];
        // Nearly all bytes end here.
        if code[usize::from(form.place)] & form.mask != form.value {
            at += 1;
            continue;
        }
        at += match displacement(&part[at..], form) {
            Some(skip) if rewrite(part, at + skip, address, context) => skip + DISPLACEMENT,
            _ => 1,
        };
    }
}

/// What tells that an opcode has a displacement: a byte at a place behind it, under a mask.
#[derive(Clone, Copy)]
struct Form {
    place: u8,
    mask: u8,
    value: u8,
}

impl Form {
    const NONE: Self = Self { place: 0, mask: 0, value: 1 };
    /// The displacement follows the opcode.
    const DIRECT: Self = Self { place: 0, mask: 0, value: 0 };
    /// The opcode has a second byte, of which it depends.
    const TWO_BYTES: Self = Self { place: 1, mask: 0, value: 0 };

    /// A ModRM byte, so far behind, says *relative to the next instruction*.
    const fn modrm(place: u8) -> Self {
        Self { place, mask: 0xc7, value: 0x05 }
    }
}

const FORMS: [Form; 256] = {
    let mut forms = [Form::NONE; 256];
    let mut opcode = 0;
    while opcode < forms.len() {
        forms[opcode] = match opcode {
            // CALL, JMP
            0xe8 | 0xe9 => Form::DIRECT,
            0x0f => Form::TWO_BYTES,
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
            | 0xff => Form::modrm(1),
            // VEX prefixes of two and three bytes, and then as above
            0xc5 => Form::modrm(3),
            0xc4 => Form::modrm(4),
            _ => Form::NONE,
        };
        opcode += 1;
    }
    forms
};

/// How far behind an opcode of this form its displacement is.
fn displacement(code: &[u8], form: Form) -> Option<usize> {
    if form.place != Form::TWO_BYTES.place || form.mask != 0 {
        return Some(usize::from(form.place) + 1);
    }
    match *code.get(1)? {
        // Jcc, and others with a ModRM byte
        0x80..=0x8f => Some(2),
        _ => (code.get(2)? & 0xc7 == 0x05).then_some(3),
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
