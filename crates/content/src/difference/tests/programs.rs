//! Programs whose parts moved: what would be rewritten all over costs little.

use super::{made, noise};
use crate::difference::{Base, Level, encode};

const MACHINE_X86_64: u16 = 62;
const MACHINE_ARM64: u16 = 183;
/// Where code begins, in the file and in memory.
const CODE: usize = 0x1000;
const FUNCTIONS: usize = 1500;
const GROWN: [usize; 6] = [90, 300, 520, 810, 1111, 1300];

/// The code of functions that each call three others. Some are longer by what `grown` says.
fn code(machine: u16, grown: &[usize]) -> Vec<u8> {
    let length = |function: usize| 96 + if grown.contains(&function) { 32 } else { 0 };
    let starts: Vec<usize> =
        (0..FUNCTIONS).scan(0, |end, function| Some(std::mem::replace(end, *end + length(function)))).collect();
    let mut code = Vec::new();
    for (function, start) in starts.iter().enumerate() {
        code.extend(noise(function as u64, length(function)).iter().map(|byte| byte & 0x3f));
        let choices = noise(function as u64, 6);
        for (choice, at) in choices.chunks(2).zip([24, 48, 72]) {
            let (at, target) =
                (start + at, starts[(usize::from(choice[0]) * 256 + usize::from(choice[1])) % FUNCTIONS]);
            let instruction = if machine == MACHINE_X86_64 {
                let distance = (target as i32 - at as i32 - 5).to_le_bytes();
                [&[0xe8][..], &distance].concat()
            } else {
                let distance = (target as i32 - at as i32) / 4;
                (0x9400_0000 | distance as u32 & 0x3ff_ffff).to_le_bytes().to_vec()
            };
            code[at..at + instruction.len()].copy_from_slice(&instruction);
        }
    }
    code
}

/// An ELF library with nothing but code.
fn elf(machine: u16, grown: &[usize]) -> Vec<u8> {
    let code = code(machine, grown);
    let mut out = b"\x7fELF\x02\x01\x01".to_vec();
    out.resize(18, 0);
    out.extend(machine.to_le_bytes());
    out.resize(40, 0);
    out.extend(((CODE + code.len()) as u64).to_le_bytes());
    out.resize(60, 0);
    out.extend([1, 0, 0, 0]);
    out.resize(CODE, 0);
    out.extend(&code);
    out.extend([0, 0, 0, 0, 1, 0, 0, 0]);
    for field in [6, CODE, CODE, code.len(), 0, 16, 0] {
        out.extend((field as u64).to_le_bytes());
    }
    out
}

/// A PE library with nothing but code, at offset 0x400 of the file.
fn pe(grown: &[usize]) -> Vec<u8> {
    let code = code(MACHINE_X86_64, grown);
    let mut out = b"MZ".to_vec();
    out.resize(60, 0);
    out.extend(64u32.to_le_bytes());
    out.extend(b"PE\0\0");
    out.extend([0x64, 0x86, 1, 0]);
    out.resize(84, 0);
    out.extend(112u16.to_le_bytes());
    out.resize(88 + 24, 0);
    out.extend(0x1_8000_0000u64.to_le_bytes());
    out.resize(88 + 56, 0);
    out.extend((CODE as u32 + code.len() as u32).to_le_bytes());
    out.resize(88 + 112, 0);
    out.extend(b".text\0\0\0");
    for field in [code.len(), CODE, code.len(), 0x400, 0, 0, 0, 0x2000_0000] {
        out.extend((field as u32).to_le_bytes());
    }
    out.resize(0x400, 0);
    out.extend(code);
    out
}

/// Bytes of the difference without and with what moved, both of which make `new`.
fn costs(old: &[u8], new: &[u8]) -> (usize, usize) {
    let cost = |base: Base<'_>| {
        let difference = encode(&base, new, Level::Publish);
        assert_eq!(made(old, &difference, new.len()).unwrap(), new);
        difference.len()
    };
    (cost(Base::new(old)), cost(Base::for_output(old, new)))
}

#[test]
fn calls_of_functions_that_moved_cost_little() {
    for machine in [MACHINE_X86_64, MACHINE_ARM64] {
        let (plain, relocated) = costs(&elf(machine, &[]), &elf(machine, &GROWN));
        assert!(relocated * 5 < plain, "machine {machine}: {relocated} of {plain} bytes");
    }
}

#[test]
fn libraries_of_windows_are_known() {
    let (plain, relocated) = costs(&pe(&[]), &pe(&GROWN));
    assert!(relocated * 5 < plain, "{relocated} of {plain} bytes");
}

#[test]
fn several_programs_in_one_base_move_apart() {
    let text = noise(9, 5000);
    let whole =
        |grown: &[usize], others: &[usize]| [&text, &elf(MACHINE_X86_64, grown)[..], &pe(others), &text].concat();
    let (plain, relocated) = costs(&whole(&[], &[]), &whole(&GROWN, &GROWN[2..]));
    assert!(relocated * 5 < plain, "{relocated} of {plain} bytes");
}

#[test]
fn damaged_programs_are_bytes_like_others() {
    let (old, new) = (elf(MACHINE_X86_64, &[]), elf(MACHINE_X86_64, &[700]));
    for at in (7..64).chain(old.len() - 64..old.len()).step_by(3) {
        for value in [0, 0xff] {
            let mut damaged = old[old.len() - 20_000..].to_vec();
            damaged.splice(0..64, old[..64].iter().copied());
            let place = if at < 64 { at } else { damaged.len() - (old.len() - at) };
            damaged[place] = value;
            let table = (damaged.len() - 64) as u64;
            if at >= 64 {
                damaged[40..48].copy_from_slice(&table.to_le_bytes());
            }
            let new = &new[..10_000];
            let difference = encode(&Base::for_output(&damaged, new), new, Level::Publish);
            assert_eq!(made(&damaged, &difference, new.len()).unwrap(), new);
        }
    }
}
