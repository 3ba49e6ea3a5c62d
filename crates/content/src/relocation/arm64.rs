//! References in ARM64 instructions (Arm Architecture Reference Manual, C4.1 and C6.2).
//!
//! Branches hold a distance in words; an address in data takes two instructions, `ADRP` for the page and an addition or a load or
//! store for the rest. The second is known by its register.

use super::block::Context;
use super::image::u32_at;

const PAGE: u64 = 4096;

/// How far behind an `ADRP` the instruction is looked for that gives the rest of the address.
const REACH: usize = 8;

/// Rewrites the instructions in `part`, which begins at `address`.
pub(super) fn relocate(part: &mut [u8], address: u64, context: &mut Context<'_>) {
    let skip = (address.wrapping_neg() & 3) as usize;
    let Some(part) = part.get_mut(skip..) else { return };
    let mut pages = [None; 32];
    for at in (0..part.len() / 4 * 4).step_by(4) {
        let (code, here) = (instruction(part, at), address.wrapping_add((skip + at) as u64));
        let code = match code {
            // B, BL
            _ if code & 0x7c00_0000 == 0x1400_0000 => branch(code, 0, 26, here, context),
            // B.cond, CBZ, CBNZ
            _ if code & 0xff00_0000 == 0x5400_0000 || code & 0x7e00_0000 == 0x3400_0000 => {
                branch(code, 5, 19, here, context)
            }
            _ if is_page(code) => {
                let end = part.len().min(at + 4 + REACH * 4);
                let low = (at + 4..end).step_by(4).map(|at| instruction(part, at)).find_map(|next| {
                    low_bits(next).filter(|_| next >> 5 & 31 == code & 31).map(|(low, scale)| low << scale)
                });
                let page = page_of(code, here);
                pages[(code & 31) as usize] = Some(page);
                // The middle of the page stands for all of it when it isn't said which byte is meant.
                page_to(code, here, page + low.unwrap_or(PAGE / 2), context)
            }
            _ => match (low_bits(code), pages[(code >> 5 & 31) as usize]) {
                (Some((low, scale)), Some(page)) => low_bits_to(code, page + (low << scale), scale, context),
                _ => code,
            },
        };
        part[at..at + 4].copy_from_slice(&code.to_le_bytes());
    }
}

fn instruction(part: &[u8], at: usize) -> u32 {
    u32_at(part, at).unwrap_or(0)
}

/// A distance in words in `bits` bits, `at` bits from the right.
fn branch(code: u32, at: u32, bits: u32, here: u64, context: &mut Context<'_>) -> u32 {
    let mask = ((1 << bits) - 1) << at;
    let distance = sign_extended(code >> at, bits) * 4;
    let target = here.wrapping_add_signed(distance);
    if !context.image.has(target) {
        return code;
    }
    let distance = context.relative_to(here, target, distance) / 4;
    code & !mask | (distance as u32) << at & mask
}

/// ADRP: a distance in pages, its two lowest bits apart.
const fn is_page(code: u32) -> bool {
    code & 0x9f00_0000 == 0x9000_0000
}

fn page_of(code: u32, here: u64) -> u64 {
    let distance = sign_extended((code >> 5 & 0x7_ffff) << 2 | code >> 29 & 3, 21);
    // So far below the end of memory that no sum with it is out of range.
    (here & !(PAGE - 1)).wrapping_add_signed(distance * PAGE as i64) & (u64::MAX >> 1)
}

fn page_to(code: u32, here: u64, target: u64, context: &mut Context<'_>) -> u32 {
    if !context.image.has(target) {
        return code;
    }
    let to = context.moved(target) & !(PAGE - 1);
    let from = here.wrapping_add_signed(context.here.shift(here)) & !(PAGE - 1);
    let distance = (to.wrapping_sub(from) as i64 / PAGE as i64) as u32;
    code & !0x60ff_ffe0 | (distance & 3) << 29 | (distance >> 2 & 0x7_ffff) << 5
}

/// The low 12 bits of an address, and by how many bits they are scaled, if the instruction adds such to a register.
fn low_bits(code: u32) -> Option<(u64, u32)> {
    let scale = match code {
        // ADD immediate, 64 bits, not shifted
        _ if code & 0xffc0_0000 == 0x9100_0000 => 0,
        // loads and stores with an unsigned offset, scaled by their size
        _ if code & 0x3b00_0000 == 0x3900_0000 => {
            let is_128_bits = code & 0x0480_0000 == 0x0480_0000 && code >> 30 == 0;
            if is_128_bits { 4 } else { code >> 30 }
        }
        _ => return None,
    };
    Some((u64::from(code >> 10 & 0xfff), scale))
}

fn low_bits_to(code: u32, target: u64, scale: u32, context: &mut Context<'_>) -> u32 {
    if !context.image.has(target) {
        return code;
    }
    let low = (context.moved(target) & (PAGE - 1)) >> scale;
    code & !0x003f_fc00 | (low as u32) << 10
}

fn sign_extended(value: u32, bits: u32) -> i64 {
    i64::from((value << (32 - bits)) as i32 >> (32 - bits))
}
