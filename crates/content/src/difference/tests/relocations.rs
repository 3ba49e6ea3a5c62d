//! Laws of relocations: any of them, on any base, reads the same from everywhere and does no harm.

use std::ops::Range;

use proptest::prelude::*;

use super::{bytes, noise};
use crate::difference::relocation::{Image, Kind, Moves, Region, Relocated, Relocation};
use crate::difference::{DifferenceError, ReadAt, apply};

fn addresses() -> impl Strategy<Value = Range<u64>> {
    prop_oneof![
        3 => (0u64..0x4000, 0u64..0x20000).prop_map(|(start, length)| start..start + length),
        1 => any::<(u64, u64)>().prop_map(|(a, b)| a.min(b)..a.max(b)),
    ]
}

fn kind() -> impl Strategy<Value = Kind> {
    prop::sample::select(vec![
        Kind::X86_64,
        Kind::Arm64,
        Kind::Pointers,
        Kind::PointersAndOffsets,
        Kind::FrameIndex,
        Kind::Frames,
        Kind::JumpTables,
    ])
}

fn moves() -> impl Strategy<Value = Moves> {
    let shift = prop_oneof![-4096i64..4096, any::<i64>()];
    let pieces = proptest::collection::btree_map(prop_oneof![0u64..0x20000, any::<u64>()], shift, 0..20);
    pieces.prop_map(Moves::new)
}

fn relocation() -> impl Strategy<Value = Relocation> {
    let region = (0u64..3000, 1u64..20_000, prop_oneof![0u64..0x8000, any::<u64>()], kind());
    let regions = proptest::collection::vec(region, 1..5);
    let image = (any::<u16>(), addresses(), addresses(), regions, moves());
    proptest::collection::vec(image, 0..3).prop_map(|images| {
        let mut end = 0;
        let images = images.into_iter().map(|(origin, addresses, code, regions, moves)| {
            let place = |(gap, length, address, kind)| {
                let start = end + gap;
                end = start + length;
                Region { range: start..end, address, kind }
            };
            let regions = regions.into_iter().map(place).collect();
            Image { origin: origin.into(), addresses, code, regions, moves }
        });
        Relocation { images: images.collect() }
    })
}

/// Bytes with many small numbers, which are references more often than noise is.
fn base() -> impl Strategy<Value = Vec<u8>> {
    let value = prop_oneof![
        any::<u8>().prop_map(|byte| vec![byte]),
        (0u32..0x20000).prop_map(|word| word.to_le_bytes().to_vec()),
        (0u64..0x20000).prop_map(|long| long.to_le_bytes().to_vec()),
        (-0x8000i32..0x8000).prop_map(|distance| [&[0xe8][..], &distance.to_le_bytes()].concat()),
        (-0x2000i32..0x2000).prop_map(|distance| (0x9400_0000 | distance as u32 & 0x3ff_ffff).to_le_bytes().to_vec()),
    ];
    let many = proptest::collection::vec(value, 0..400).prop_map(|values| values.concat());
    (many, 1usize..30).prop_map(|(bytes, times)| bytes.repeat(times))
}

proptest! {
    #[test]
    fn a_relocation_reads_back(relocation in relocation()) {
        prop_assert_eq!(Relocation::decode(&relocation.encode()).unwrap(), relocation);
    }

    #[test]
    fn whatever_is_read_as_a_relocation_is_written_as_it_was(bytes in proptest::collection::vec(0u8..9, 0..60)) {
        if let Ok(relocation) = Relocation::decode(&bytes) {
            prop_assert_eq!(relocation.encode(), bytes);
        }
    }

    #[test]
    fn a_relocated_base_reads_the_same_from_everywhere(
        relocation in relocation(),
        base in base(),
        at in any::<prop::sample::Index>(),
        length in 0usize..9000,
    ) {
        let mut whole = base.clone();
        relocation.rewrite(0, &mut whole);
        let start = at.index(base.len() + 1);
        let end = (start + length).min(base.len());
        let mut out = vec![0; end - start];
        Relocated::new(&base.as_slice(), relocation).read_at(start as u64, &mut out).unwrap();
        prop_assert_eq!(&out[..], &whole[start..end]);
    }

    #[test]
    fn any_bytes_as_a_relocation_make_the_length_or_nothing(
        relocation in proptest::collection::vec(prop_oneof![0u8..9, any::<u8>()], 0..120),
        base in bytes(),
    ) {
        // One operation: all of the base.
        let mut difference = vec![1, relocation.len() as u8];
        if !relocation.is_empty() {
            difference.push(0);
        }
        difference.extend(relocation);
        let mut columns = Vec::new();
        crate::codec::put_varint(&mut columns, base.len() as u64);
        columns.extend([0, 0, 0]);
        difference.extend([1, columns.len() as u8, 0]);
        difference.extend(columns);
        let mut out = Vec::new();
        match apply(&base.as_slice(), &difference, base.len() as u64, &mut out) {
            Ok(()) => prop_assert_eq!(out.len(), base.len()),
            Err(error) => prop_assert!(matches!(error, DifferenceError::Malformed(_))),
        }
    }
}

#[test]
fn a_reference_moves_with_its_target() {
    let mut base = noise(1, 0x100);
    base[0x10..0x15].copy_from_slice(&[0xe8, 0x40, 0, 0, 0]);
    let region = Region { range: 0..0x100, address: 0x1000, kind: Kind::X86_64 };
    let moves = Moves::new([(0x1000, 0), (0x1030, 0x20)]);
    let (addresses, code) = (0x1000..0x1100, 0x1050..0x1060);
    let image = Image { origin: 0, addresses, code, regions: vec![region], moves };
    Relocation { images: vec![image] }.rewrite(0, &mut base);
    assert_eq!(base[0x10..0x15], [0xe8, 0x60, 0, 0, 0]);
}
