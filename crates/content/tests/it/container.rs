//! Containers: whatever is opened is closed again bit for bit, and nothing that lies does harm.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use dray_content::Limits;
use dray_content::container::{self, ContainerError, Layout, Opened, Pair};
use dray_model::Digest;
use proptest::prelude::*;

use crate::archive::{END_BYTES, ENTRY_BYTES, LOCAL_BYTES, Member, zip};

fn golden(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/containers").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn threads(count: usize) -> NonZeroUsize {
    NonZeroUsize::new(count).unwrap()
}

fn open(file: &[u8]) -> Option<Opened> {
    container::open(&file, &BTreeSet::new(), &Limits::default(), threads(2)).unwrap()
}

fn inflate(layout: &Layout, file: &[u8]) -> Result<Vec<u8>, ContainerError> {
    let mut opened = Vec::new();
    container::inflate(layout, file, &mut opened).map(|()| opened)
}

fn rebuild(layout: &Layout, corrections: &[u8], opened: &[u8]) -> Result<Vec<u8>, ContainerError> {
    let mut file = Vec::new();
    container::rebuild(layout, corrections, None, opened, &mut file).map(|()| file)
}

fn open_pair(old: &[u8], new: &[u8], threads: NonZeroUsize) -> Option<Pair> {
    container::open_pair((&Digest::of(old), &old), &new, &Limits::default(), threads).unwrap()
}

/// Rebuilds what was opened beside an earlier version.
fn rebuild_beside(opened: &Opened, old: &[u8], form: &[u8]) -> Result<Vec<u8>, ContainerError> {
    assert_eq!(container::lender(&opened.corrections), Some(Digest::of(old)));
    let mut file = Vec::new();
    container::rebuild(&opened.layout, &opened.corrections, Some(&old), form, &mut file).map(|()| file)
}

/// Opens a file, checks that it closes again, and gives its opened form.
fn opened_and_closed(file: &[u8]) -> (Opened, Vec<u8>) {
    let opened = open(file).unwrap();
    let form = inflate(&opened.layout, file).unwrap();
    assert_eq!(form.len() as u64, opened.layout.opened_length());
    assert_eq!(file.len() as u64, opened.layout.stored_length());
    assert!(rebuild(&opened.layout, &opened.corrections, &form).unwrap() == file);
    (opened, form)
}

fn text(seed: u8, length: usize) -> Vec<u8> {
    let word = |n: usize| format!("{} of {seed}; ", n * n % 977).into_bytes();
    (0..length / 6).flat_map(word).take(length).collect()
}

#[test]
fn archives_of_common_tools_are_opened_whole_and_almost_without_corrections() {
    // Streams, opened bytes, and corrections, which are some bytes for each block when every token is predicted.
    for (name, streams) in
        [("zlib.gz", 11), ("gzip.gz", 4), ("python.zip", 4), ("infozip.zip", 3), ("java.jar", 5), ("nested.zip", 3)]
    {
        let (opened, _) = opened_and_closed(&golden(name));
        assert_eq!(opened.layout.streams().len(), streams, "{name}");
        assert!(opened.corrections.len() <= 16 * streams + 64, "{name}: {}", opened.corrections.len());
    }
}

#[test]
fn a_container_within_a_container_is_opened_to_its_text() {
    let file = golden("nested.zip");
    let (_, form) = opened_and_closed(&file);
    let (_, inner) = opened_and_closed(&golden("java.jar"));
    assert!(form.windows(inner.len()).any(|window| window == inner));

    let limits = Limits { container_depth_max: 1, ..Limits::default() };
    let flat = container::open(&&file[..], &BTreeSet::new(), &limits, threads(1)).unwrap().unwrap();
    let form = inflate(&flat.layout, &file).unwrap();
    assert!(form.windows(20).any(|window| golden("java.jar").starts_with(window)));
    assert!(rebuild(&flat.layout, &flat.corrections, &form).unwrap() == file);
    let deep = open(&file).unwrap().layout.encode();
    assert!(Layout::decode(&deep, &limits).is_err());
}

#[test]
fn any_number_of_threads_opens_the_same() {
    let file = golden("zlib.gz");
    let alone = container::open(&&file[..], &BTreeSet::new(), &Limits::default(), threads(1)).unwrap();
    assert_eq!(alone, container::open(&&file[..], &BTreeSet::new(), &Limits::default(), threads(5)).unwrap());
}

#[test]
fn golden_layouts_and_corrections_rebuild_their_archives() {
    // Every level of zlib, streams that were flushed on the way and by other strategies, containers within containers.
    for (name, archive) in [("zlib", "zlib.gz"), ("flushed", "flushed.gz"), ("nested", "nested.zip")] {
        let file = golden(archive);
        let encoded = golden(&format!("{name}.layout"));
        let layout = Layout::decode(&encoded, &Limits::default()).unwrap();
        let form = inflate(&layout, &file).unwrap();
        let corrections = golden(&format!("{name}.corrections"));
        assert!(rebuild(&layout, &corrections, &form).unwrap() == file, "{name}");
        assert_eq!(layout.encode(), encoded);
    }
}

#[test]
fn corrections_of_version_2_are_read() {
    let (old, file, encoded) = (golden("borrowed-old.gz"), golden("borrowed.gz"), golden("borrowed.layout"));
    let layout = Layout::decode(&encoded, &Limits::default()).unwrap();
    let opened = Opened { layout, corrections: golden("borrowed.corrections") };
    let form = inflate(&opened.layout, &file).unwrap();
    assert!(rebuild_beside(&opened, &old, &form).unwrap() == file);
    assert!(opened.corrections.len() < 100, "it borrows");
}

#[test]
fn streams_that_both_versions_have_stay_closed() {
    let (same, old, new) = (text(1, 9000), text(2, 5000), text(3, 5000));
    let before = zip(&[Member::new("same", &same), Member::new("other", &old)]);
    let after = zip(&[Member::new("first", &new), Member::new("same", &same)]);
    let pair = open_pair(&before, &after, threads(2)).unwrap();
    assert_eq!((pair.old.streams().len(), pair.new.layout.streams().len()), (1, 1));
    let (old_form, new_form) = (inflate(&pair.old, &before).unwrap(), inflate(&pair.new.layout, &after).unwrap());
    assert!(
        old_form.ends_with(&before[before.len() - 50..]) && old_form.windows(old.len()).any(|window| window == old)
    );
    assert!(rebuild_beside(&pair.new, &before, &new_form).unwrap() == after);
    assert_eq!(open_pair(&before, &before, threads(2)), None);
    assert_eq!(open_pair(&old, &after, threads(2)), None);
}

#[test]
fn a_member_borrows_from_the_one_of_its_name_in_the_earlier_version() {
    let body = text(5, 200_000);
    let mut changed = body.clone();
    changed[50_000..50_004].copy_from_slice(b"????");
    let before = zip(&[Member::new("first", &text(6, 9000)), Member::new("body", &body)]);
    let after = zip(&[Member::new("body", &changed), Member::new("first", &text(7, 9000))]);
    let pair = open_pair(&before, &after, threads(2)).unwrap();
    assert_eq!(open_pair(&before, &after, threads(1)).unwrap(), pair);
    let form = inflate(&pair.new.layout, &after).unwrap();
    assert!(rebuild_beside(&pair.new, &before, &form).unwrap() == after);
    assert!(rebuild(&pair.new.layout, &pair.new.corrections, &form).is_err(), "nobody lends");
    let mut other = before.clone();
    let middle = other.len() / 2;
    other[middle] ^= 1;
    let (corrections, mut file) = (&pair.new.corrections, Vec::new());
    let rebuilt = container::rebuild(&pair.new.layout, corrections, Some(&&other[..]), &form[..], &mut file);
    assert!(rebuilt.is_err() || file != after, "a damaged lender is not passed over");
    assert!(container::rebuild(&pair.new.layout, corrections, Some(&&b"short"[..]), &form[..], Vec::new()).is_err());
}

#[test]
fn a_stream_that_is_kept_stays_closed() {
    let body = text(4, 4000);
    let file = zip(&[Member::new("one", &body)]);
    let start = LOCAL_BYTES + 3;
    let stored = &file[start..file.len() - ENTRY_BYTES - 3 - END_BYTES];
    let keep = BTreeSet::from([Digest::of(stored)]);
    assert_eq!(container::open(&&file[..], &keep, &Limits::default(), threads(1)).unwrap(), None);
}

#[test]
fn members_that_are_not_compressed_and_bytes_around_the_archive_stay_as_they_are() {
    let body = text(5, 4000);
    let file = zip(&[
        Member { deflated: false, ..Member::new("stored", &body) },
        Member { long: true, ..Member::new("long", &body) },
    ]);
    let program = [b"a program that unpacks itself; ", &file[..]].concat();
    for file in [file, program] {
        let (opened, _) = opened_and_closed(&file);
        assert_eq!(opened.layout.streams().len(), 1);
    }
}

#[test]
fn what_holds_no_stream_is_not_opened() {
    let long = vec![7; 100_000];
    for file in [&b""[..], b"P", b"PK\x05\x06", b"\x1f\x8b\x08", &long, &golden("nested.layout"), &zip(&[])] {
        assert_eq!(open(file), None);
    }
}

#[test]
fn bytes_behind_a_gzip_member_stay_as_they_are() {
    let file = [golden("gzip.gz"), vec![0; 600], text(6, 300)].concat();
    assert_eq!(opened_and_closed(&file).0.layout.streams().len(), 4);
    let broken = &golden("gzip.gz")[..5000];
    let streams = open(broken).map_or(0, |opened| opened.layout.streams().len());
    assert!(streams < 4);
}

#[test]
fn members_that_overlap_are_opened_once() {
    let (one, two) = (text(7, 6000), text(8, 6000));
    let mut file = zip(&[Member::new("one", &one), Member::new("two", &two)]);
    // The second entry says that its member is the first one, too.
    let entry = file.len() - END_BYTES - ENTRY_BYTES - 3;
    file[entry + 42..entry + 46].fill(0);
    let (opened, _) = opened_and_closed(&file);
    assert_eq!(opened.layout.streams().len(), 1);
}

#[test]
fn a_layout_of_another_file_is_refused() {
    let file = golden("python.zip");
    let opened = open(&file).unwrap();
    let form = inflate(&opened.layout, &file).unwrap();
    let cut = &file[..file.len() - 1];
    assert!(matches!(inflate(&opened.layout, cut), Err(ContainerError::Mismatch(_))));
    assert!(matches!(inflate(&opened.layout, &[&file[..], b"x"].concat()), Err(ContainerError::Mismatch(_))));
    assert!(matches!(inflate(&opened.layout, &golden("infozip.zip")), Err(ContainerError::Mismatch(_))));
    let short = &form[..form.len() - 1];
    assert!(matches!(rebuild(&opened.layout, &opened.corrections, short), Err(ContainerError::Mismatch(_))));
    let long = [&form[..], b"x"].concat();
    assert!(matches!(rebuild(&opened.layout, &opened.corrections, &long), Err(ContainerError::Mismatch(_))));
    let [mut newer, mut longer] = [opened.corrections.clone(), opened.corrections.clone()];
    newer[0] += 1;
    longer.push(0);
    for corrections in [newer, longer, Vec::new()] {
        assert!(matches!(rebuild(&opened.layout, &corrections, &form), Err(ContainerError::Corrections(_))));
    }
}

#[test]
fn every_flipped_bit_of_a_layout_is_refused_or_makes_no_more_than_it_says() {
    let file = golden("nested.zip");
    let opened = open(&file).unwrap();
    let bytes = opened.layout.encode();
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        if let Ok(layout) = Layout::decode(&flipped, &Limits::default()) {
            assert!(inflate(&layout, &file).is_err(), "bit {bit}");
        }
    }
}

#[test]
fn every_flipped_bit_of_corrections_is_refused_or_makes_another_file_of_the_same_length() {
    let file = golden("java.jar");
    let (opened, form) = opened_and_closed(&file);
    for bit in 0..opened.corrections.len() * 8 {
        let mut flipped = opened.corrections.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        if let Ok(rebuilt) = rebuild(&opened.layout, &flipped, &form) {
            assert_eq!(rebuilt.len(), file.len());
        }
    }
}

#[test]
fn a_stream_is_inflated_to_its_declared_length_and_no_further() {
    let file = zip(&[Member::new("bomb", &vec![0; 1 << 20])]);
    let opened = open(&file).unwrap();
    let plain = 1u64 << 20;
    let encoded = opened.layout.encode();
    let varint = |mut value: u64| {
        let mut out = Vec::new();
        while value >= 0x80 {
            out.push(value as u8 | 0x80);
            value >>= 7;
        }
        out.push(value as u8);
        out
    };
    let long = varint(plain);
    let at = encoded.windows(long.len()).position(|window| window == long).unwrap();
    let short = [&encoded[..at], &varint(1000), &encoded[at + long.len()..]].concat();
    let layout = Layout::decode(&short, &Limits::default()).unwrap();
    let mut out = Vec::new();
    assert!(container::inflate(&layout, &file[..], &mut out).is_err());
    assert!(out.len() as u64 <= layout.opened_length());
}

#[test]
fn a_bomb_stays_closed() {
    let body = text(9, 3000);
    let file = zip(&[Member::new("bomb", &vec![0; 3 << 20]), Member::new("text", &body)]);
    assert_eq!(opened_and_closed(&file).0.layout.streams().len(), 1);
    let changed = zip(&[Member::new("bomb", &vec![1; 3 << 20]), Member::new("text", &text(10, 3000))]);
    let pair = open_pair(&file, &changed, threads(1)).unwrap();
    assert_eq!((pair.old.streams().len(), pair.new.layout.streams().len()), (1, 1));
}

#[test]
fn limits_are_kept() {
    let file = golden("zlib.gz");
    let encoded = open(&file).unwrap().layout.encode();
    for limits in [
        Limits { streams_max: 10, ..Limits::default() },
        Limits { total_bytes_max: file.len() as u64 - 1, ..Limits::default() },
        Limits { container_depth_max: 0, ..Limits::default() },
    ] {
        assert!(Layout::decode(&encoded, &limits).is_err());
    }
}

proptest! {
    #[test]
    fn an_archive_with_any_damage_is_opened_and_closed(
        lengths in proptest::collection::vec(0usize..3000, 1..5),
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
    ) {
        let texts: Vec<_> = lengths.iter().enumerate().map(|(n, length)| text(n as u8, *length)).collect();
        let mut file = zip(&texts.iter().map(|text| Member::new("name", text)).collect::<Vec<_>>());
        for (index, byte) in damage {
            let index = index.index(file.len());
            file[index] = byte;
        }
        if let Some(opened) = open(&file) {
            let form = inflate(&opened.layout, &file).unwrap();
            prop_assert_eq!(rebuild(&opened.layout, &opened.corrections, &form).unwrap(), file);
            let encoded = opened.layout.encode();
            prop_assert_eq!(Layout::decode(&encoded, &Limits::default()).unwrap(), opened.layout);
        }
    }

    #[test]
    fn arbitrary_bytes_are_no_layout_or_a_harmless_one(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(layout) = Layout::decode(&bytes, &Limits::default()) {
            prop_assert_eq!(layout.encode(), &bytes[..]);
            let mut out = Vec::new();
            let _ = container::inflate(&layout, &bytes[..], &mut out);
            prop_assert!(out.len() as u64 <= layout.opened_length());
            let _ = rebuild(&layout, &bytes, &bytes);
        }
        prop_assert_eq!(open(&bytes), None);
    }
}
