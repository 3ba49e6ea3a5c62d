//! Laws of the codec: what is encoded is made again, and nothing else can be made to happen.

use proptest::prelude::*;

use super::*;
use crate::read_at::ReadAt;

fn made(base: &[u8], difference: &[u8], length: usize) -> Result<Vec<u8>, DifferenceError> {
    let mut out = Vec::new();
    apply(&base, difference, length as u64, &mut out).map(|()| out)
}

fn is_made_again(base: &[u8], new: &[u8]) -> usize {
    let index = Base::new(base);
    let lengths = [Level::Publish, Level::Background].map(|level| {
        let difference = encode(&index, new, level);
        assert_eq!(made(base, &difference, new.len()).unwrap(), new);
        let raw = uncompressed(&difference, new.len() as u64).unwrap();
        assert_eq!(made(base, &raw, new.len()).unwrap(), new);
        difference.len()
    });
    lengths[0]
}

/// Bytes without a pattern, the same each time.
fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut out = vec![0; length];
    blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut out);
    out
}

/// Runs of noise and of repetitions of short periods, from few seeds so that bases and outputs share some.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let run = (0u64..6, 0usize..600, 1usize..40, any::<bool>()).prop_map(|(seed, length, period, periodic)| {
        if periodic { noise(seed, period).into_iter().cycle().take(length).collect() } else { noise(seed, length) }
    });
    proptest::collection::vec(run, 0..8).prop_map(|runs| runs.concat())
}

/// `bytes` after a few edits such as files see: bytes changed, taken out, put in, moved.
fn edited(bytes: Vec<u8>) -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    let edit = (0u8..4, any::<prop::sample::Index>(), 0usize..80, any::<u64>());
    proptest::collection::vec(edit, 0..12).prop_map(move |edits| {
        let mut new = bytes.clone();
        for (kind, at, length, seed) in edits {
            let start = at.index(new.len() + 1);
            let end = (start + length).min(new.len());
            match kind {
                0 => new[start..end].iter_mut().step_by(7).for_each(|byte| *byte ^= seed as u8),
                1 => drop(new.drain(start..end)),
                2 => drop(new.splice(start..start, noise(seed, length))),
                _ => new[start..].rotate_left(end - start),
            }
        }
        (bytes.clone(), new)
    })
}

proptest! {
    #[test]
    fn related_bytes_are_made_again((base, new) in bytes().prop_flat_map(edited)) {
        is_made_again(&base, &new);
    }

    #[test]
    fn any_bytes_are_made_again(base in bytes(), new in bytes()) {
        is_made_again(&base, &new);
    }

    #[test]
    fn a_difference_to_another_base_makes_the_length_or_nothing(base in bytes(), new in bytes(), other in bytes()) {
        let difference = encode(&Base::new(&base), &new, Level::Publish);
        if let Ok(out) = made(&other, &difference, new.len()) {
            prop_assert_eq!(out.len(), new.len());
        }
    }

    #[test]
    fn any_bytes_as_a_difference_make_the_length_or_nothing(
        base in bytes(),
        difference in proptest::collection::vec(any::<u8>(), 0..200),
        length in 0usize..300,
    ) {
        if let Ok(out) = made(&base, &difference, length) {
            prop_assert_eq!(out.len(), length);
        }
    }

    #[test]
    fn a_damaged_difference_makes_the_length_or_nothing(
        (base, new) in bytes().prop_flat_map(edited),
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut difference = encode(&Base::new(&base), &new, Level::Publish);
        for (at, byte) in damage {
            let at = at.index(difference.len());
            difference[at] = byte;
        }
        if let Ok(out) = made(&base, &difference, new.len()) {
            prop_assert_eq!(out.len(), new.len());
        }
    }

    #[test]
    fn a_difference_for_another_length_is_refused(base in bytes(), new in bytes(), length in 0usize..5000) {
        prop_assume!(length != new.len());
        let difference = encode(&Base::new(&base), &new, Level::Publish);
        prop_assert!(matches!(made(&base, &difference, length), Err(DifferenceError::Malformed(_))));
    }
}

proptest! {
    #[test]
    fn runs_of_another_base_are_a_start((base, new) in bytes().prop_flat_map(edited), flips in proptest::collection::vec(any::<prop::sample::Index>(), 0..20)) {
        let known = runs(&Base::new(&base), &new);
        let mut other = base;
        let flips = if other.is_empty() { Vec::new() } else { flips };
        for flip in flips {
            let place = flip.index(other.len());
            other[place] ^= 0x55;
        }
        for index in [Base::beside(&other, &known), Base::unindexed(&other), Base::new(&other)] {
            let found = runs_along(&index, &new, &known);
            let difference = encode_runs(&other, &new, &found, Level::Publish);
            prop_assert_eq!(&made(&other, &difference, new.len()).unwrap(), &new);
        }
    }

    #[test]
    fn parts_of_runs_make_up_parts(
        (base, new) in bytes().prop_flat_map(edited),
        cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let whole = runs(&Base::new(&base), &new);
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.index(new.len() + 1)).collect();
        cuts.extend([0, new.len()]);
        cuts.sort_unstable();
        for part in cuts.windows(2) {
            let part = part[0]..part[1];
            let difference = encode_runs(&base, &new[part.clone()], &part_of_runs(&whole, part.clone()), Level::Publish);
            prop_assert_eq!(&made(&base, &difference, part.len()).unwrap(), &new[part]);
        }
    }
}

/// The search passes over most of what has nothing in common with the base. It must stop wherever the base goes on.
#[test]
fn what_comes_behind_noise_is_found_wherever_it_lies() {
    let base = noise(1, 200_000);
    for place in 0..24 {
        let new = [noise(2, 150_000 + place), base[50_000..70_000 + place].to_vec(), noise(3, 100_000)].concat();
        let length = is_made_again(&base, &new);
        assert!(length < 250_000 + place + 200, "{length} bytes at {place}");
    }
}

#[test]
fn noise_is_kept_and_what_is_none_beside_it_compressed() {
    let (noise, text) = (noise(1, 300_000), b"some words of a text ".repeat(5000));
    assert!(is_made_again(b"", &noise) <= noise.len() + 20);
    assert!(is_made_again(b"", &[noise.clone(), text.clone()].concat()) < noise.len() + text.len() / 50);
    assert!(is_made_again(b"", &[noise.clone(), noise.clone()].concat()) < noise.len() * 3 / 2);
}

#[test]
fn a_cut_or_longer_difference_is_refused() {
    let (base, mut new) = (noise(1, 5000), noise(1, 5000));
    new[2000..2100].copy_from_slice(&noise(2, 100));
    let mut difference = encode(&Base::new(&base), &new, Level::Publish);
    for length in 0..difference.len() {
        assert!(made(&base, &difference[..length], new.len()).is_err());
    }
    difference.push(0);
    assert!(made(&base, &difference, new.len()).is_err());
}

#[test]
fn a_small_change_costs_little() {
    let base = noise(1, 1 << 20);
    let mut new = base.clone();
    new.splice(500_000..500_100, noise(2, 50));
    assert!(is_made_again(&base, &new) <= 50 + 30);
    assert!(is_made_again(&base, &base) <= 10);
    assert!(is_made_again(b"", b"a") <= 10);
}

#[test]
fn nothing_is_made_from_and_to_nothing() {
    assert!(is_made_again(b"some base that is long enough", b"") <= 4);
    assert!(is_made_again(b"", b"") <= 4);
}

#[test]
fn without_a_base_the_bytes_are_compressed() {
    let new = noise(1, 100).repeat(1000);
    assert!(is_made_again(b"", &new) < 300);
}

#[test]
fn a_base_that_shrank_is_refused() {
    let base = noise(1, 200_000);
    let difference = encode(&Base::new(&base), &base, Level::Publish);
    assert!(matches!(made(&base[..199_999], &difference, base.len()), Err(DifferenceError::Malformed(_))));
}

#[test]
fn a_base_that_can_not_be_read_is_told_apart() {
    struct Broken;
    impl ReadAt for Broken {
        fn length(&self) -> u64 {
            200_000
        }
        fn read_at(&self, _: u64, _: &mut [u8]) -> io::Result<()> {
            Err(io::ErrorKind::TimedOut.into())
        }
    }
    let base = noise(1, 200_000);
    let difference = encode(&Base::new(&base), &base, Level::Publish);
    let result = apply(&Broken, &difference, base.len() as u64, &mut Vec::new());
    assert!(matches!(result, Err(DifferenceError::Base(_))));
}

#[test]
fn more_than_a_segment_is_refused() {
    let result = made(b"", &[0, 0, 0], SEGMENT_BYTES_MAX + 1);
    assert!(matches!(result, Err(DifferenceError::Malformed(DecodeError::Limit { .. }))));
}

/// Would take minutes each if every place were compared with every other.
#[test]
fn repetitive_bytes_take_no_more_work_than_others() {
    const LENGTH: usize = 256 << 10;
    let periodic = |period: usize| noise(1, period).into_iter().cycle().take(LENGTH).collect::<Vec<u8>>();
    let changed_every = |step: usize, mut bytes: Vec<u8>| {
        bytes.iter_mut().step_by(step).for_each(|byte| *byte ^= 0x55);
        bytes
    };
    for base in [vec![0; LENGTH], periodic(2), periodic(17), periodic(4096)] {
        let index = Base::new(&base);
        for step in [19, 31, 1000] {
            let new = changed_every(step, base[5..].to_vec());
            let difference = encode(&index, &new, Level::Publish);
            assert_eq!(made(&base, &difference, new.len()).unwrap(), new);
        }
    }
}
