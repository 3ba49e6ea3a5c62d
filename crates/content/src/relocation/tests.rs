//! A real program, built twice by the system's compiler, and programs that lie about themselves.

use std::path::Path;
use std::process::Command;

use proptest::prelude::*;

use super::*;
use crate::codec::Reader;
use crate::difference::{Base, Level, encode, runs};

/// Compiles a program with many functions and tables that refer to each other; `more` comes before all of them.
fn program(folder: &Path, more: &str) -> Vec<u8> {
    let mut source = format!("#include <stdio.h>\n{more}\n");
    for number in 0..400 {
        source.push_str(&format!(
            "static int table{number}[4] = {{ {number}, 2, 3, 4 }};\n\
             __attribute__((noinline)) int f{number}(int x) {{ if (x > {number}) {{ printf(\"%d {number}\\n\", x); }} \
             return table{number}[x & 3] + {}; }}\n",
            if number == 0 { "x".to_owned() } else { format!("f{}(x - 1)", number - 1) }
        ));
    }
    let names: Vec<_> = (0..400).map(|number| format!("f{number}")).collect();
    source.push_str(&format!("int (*const all[])(int) = {{ {} }};\n", names.join(", ")));
    source.push_str("int main(int n, char **v) { (void)v; return all[n % 400](n); }\n");
    let (code, out) = (folder.join("program.c"), folder.join("program"));
    std::fs::write(&code, source).unwrap();
    let compiled = Command::new("cc").args(["-O1", "-o"]).arg(&out).arg(&code).status().unwrap();
    assert!(compiled.success());
    std::fs::read(out).unwrap()
}

fn two_builds() -> (Vec<u8>, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let more = "__attribute__((noinline)) int added(int x) { printf(\"a line that is new %d\\n\", x); return x * 77 + 5; }\n\
                int (*extern_added)(int) = added;";
    (program(folder.path(), ""), program(folder.path(), more))
}

fn map_of(old: &[u8], new: &[u8]) -> Map {
    Map::find(old, new, &runs(&Base::new(old), new)).unwrap().0
}

#[test]
fn a_program_that_was_built_again_costs_a_fraction() {
    let (old, new) = two_builds();
    let (map, relocated) = Map::find(&old, &new, &runs(&Base::new(&old), &new)).unwrap();
    assert_eq!(relocated, relocate(&old, &map));
    let plain = encode(&Base::new(&old), &new, Level::Publish).len();
    let better = encode(&Base::new(&relocated), &new, Level::Publish).len();
    assert!(better * 2 < plain, "{better} bytes after relocation, {plain} before");
}

#[test]
fn reading_at_random_gives_what_relocating_all_gives() {
    let (old, new) = two_builds();
    let map = map_of(&old, &new);
    let whole = relocate(&old, &map);
    assert_ne!(whole, old);
    let relocated = Relocated::new(old.as_slice(), map.into()).unwrap();
    for (offset, length) in [(0, whole.len()), (1, 70_000.min(whole.len() - 1)), (whole.len() - 5, 5), (65_530, 12)] {
        if offset + length <= whole.len() {
            let mut out = vec![0; length];
            relocated.read_at(offset as u64, &mut out).unwrap();
            assert_eq!(out, whole[offset..offset + length], "{offset}");
        }
    }
    assert!(relocated.read_at(whole.len() as u64, &mut [0]).is_err());
    assert!(relocated.read_at(u64::MAX, &mut [0]).is_err());
}

#[test]
fn a_map_reads_back() {
    let (old, new) = two_builds();
    let map = map_of(&old, &new);
    let mut bytes = Vec::new();
    map.put(&mut bytes);
    let mut reader = Reader::new("map", &bytes);
    assert_eq!(Map::read(&mut reader).unwrap(), map);
    reader.end().unwrap();
    for end in 0..bytes.len() {
        assert!(Map::read(&mut Reader::new("map", &bytes[..end])).is_err());
    }
}

/// A program of one section at an address at the end of memory.
fn at_the_end_of_memory(machine: u16, name: &[u8], flags: u64) -> Vec<u8> {
    let mut file = vec![0u8; 64];
    file[..6].copy_from_slice(b"\x7fELF\x02\x01");
    file[18..20].copy_from_slice(&machine.to_le_bytes());
    file[40..48].copy_from_slice(&1024u64.to_le_bytes());
    file[58..64].copy_from_slice(&[64, 0, 2, 0, 1, 0]);
    file.resize(1024, 0x14);
    file[900..900 + name.len()].copy_from_slice(name);
    file[900 + name.len()] = 0;
    let mut header = |name: u32, kind: u32, flags: u64, address: u64, offset: u64, size: u64| {
        file.extend([name.to_le_bytes(), kind.to_le_bytes()].concat());
        file.extend([flags, address, offset, size, 0, 0, 0].map(u64::to_le_bytes).concat());
    };
    header(0, 1, flags, u64::MAX - 40, 64, 800);
    header(0, 3, 0, 0, 900, 100);
    file
}

#[test]
fn programs_at_the_end_of_memory_are_read_without_harm() {
    let map = Map::new([(1, 8), (u64::MAX - 30, -9)], []).unwrap();
    for (machine, name, flags) in [
        (62, b".text".as_slice(), 6),
        (183, b".text", 6),
        (62, b".eh_frame", 2),
        (62, b".eh_frame_hdr", 2),
        (62, b".data", 2),
    ] {
        let old = at_the_end_of_memory(machine, name, flags);
        assert!(Image::read(&old.as_slice()).unwrap().is_some(), "it is a program");
        assert_eq!(relocate(&old, &map).len(), old.len());
        let runs = [crate::difference::Run { base: 0, beside: old.len(), extra: 0 }];
        assert_eq!(Map::find(&old, &old, &runs), None);
    }
}

#[test]
fn pages_beyond_any_file_stay_without_harm_or_are_refused() {
    assert_eq!(Map::new([], std::iter::once(0..1 << 52)), None);
    let map = Map::new([(1, 8)], [0..1, 9..1 << 51]).unwrap();
    let (old, _) = two_builds();
    assert_eq!(relocate(&old, &map).len(), old.len());
}

#[test]
fn what_is_no_program_stays_as_it_is() {
    let map = Map::find(b"text", b"text", &[]);
    assert_eq!(map, None);
    let (old, new) = two_builds();
    let map = map_of(&old, &new);
    let text = b"no program".repeat(1000);
    assert_eq!(relocate(&text, &map), text);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn programs_that_lie_about_themselves_are_read_without_harm(
        flips in proptest::collection::vec((0usize..4096, any::<u8>()), 1..20),
        tail in proptest::collection::vec((0usize..4096, any::<u8>()), 0..20),
        cut in 0usize..20_000,
    ) {
        thread_local!(static BUILDS: (Vec<u8>, Vec<u8>) = two_builds());
        let (mut old, new) = BUILDS.with(Clone::clone);
        let map = map_of(&old, &new);
        let length = old.len();
        for (at, value) in flips { old[at] = value; }
        // The section headers are at the end.
        for (at, value) in tail { old[length - 1 - at] = value; }
        old.truncate(length - cut.min(length));
        let whole = relocate(&old, &map);
        prop_assert_eq!(whole.len(), old.len());
        let relocated = Relocated::new(old.as_slice(), map.into()).unwrap();
        let mut out = vec![0; old.len()];
        relocated.read_at(0, &mut out).unwrap();
        prop_assert_eq!(out, whole);
    }

    #[test]
    fn arbitrary_bytes_after_a_header_are_read_without_harm(
        is_elf in any::<bool>(),
        bytes in proptest::collection::vec(any::<u8>(), 64..3000),
    ) {
        let mut bytes = bytes;
        if is_elf {
            bytes[..6].copy_from_slice(b"\x7fELF\x02\x01");
            bytes[18..20].copy_from_slice(&183u16.to_le_bytes());
            bytes[40..48].copy_from_slice(&64u64.to_le_bytes());
            let count = (bytes.len() / 64 - 1) as u8;
            bytes[58..62].copy_from_slice(&[64, 0, count, 0]);
        } else {
            bytes[..2].copy_from_slice(b"MZ");
            bytes[60..64].copy_from_slice(&0u32.to_le_bytes());
        }
        let map = Map::default();
        prop_assert_eq!(relocate(&bytes, &map), bytes);
    }
}
