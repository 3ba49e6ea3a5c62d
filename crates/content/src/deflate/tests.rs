//! What taking apart and putting together promise: the same bytes for every writer, few corrections for zlib's, and nothing
//! but an error for bytes that lie.

use std::io::{Read, Write};

use proptest::prelude::*;

use super::analyse::{Analysis, analyse};
use super::borrow::{Borrowed, runs, write_runs};
use super::parse::{Form, Parser};
use super::record::Head;
use super::trees::Frequencies;
use super::{Inflater, Kind, Recreator, Style, measure};
use crate::codec::{Reader, put_varint};

/// Text with words that come again near and far, runs, and bytes without a pattern.
fn text() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        6 => (0usize..40).prop_map(|word| format!("{} ", word * word * 7919).into_bytes()),
        1 => (any::<u8>(), 1usize..700).prop_map(|(byte, length)| vec![byte; length]),
        1 => proptest::collection::vec(any::<u8>(), 1..60),
    ];
    proptest::collection::vec(piece, 0..120).prop_map(|pieces| pieces.concat())
}

fn plain(stored: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut plain = Vec::new();
    Inflater::new(stored).read_to_end(&mut plain).map(|_| plain)
}

fn recreated(corrections: &[u8], plain: &[u8], length: usize) -> std::io::Result<Vec<u8>> {
    let mut out = Vec::new();
    let mut recreator = Recreator::new(corrections, None, length as u64, &mut out)?;
    // Pieces of odd lengths: where they end must not matter.
    plain.chunks(997).try_for_each(|piece| recreator.write_all(piece))?;
    recreator.finish()?;
    Ok(out)
}

/// Takes `stored` apart with what it has of `old`, and puts it together again. Gives how many runs there were, and the bytes of all words.
fn borrowed(old: &[u8], stored: &[u8]) -> Option<(usize, usize)> {
    let found = runs(old, stored).unwrap();
    let alone = analyse(stored, Style::USUAL, u64::MAX, &[]).unwrap();
    let Analysis { corrections, plain_length, style } = analyse(stored, Style::USUAL, u64::MAX, &found).unwrap()?;
    assert!(alone.is_none_or(|alone| alone.style == style), "what is borrowed hides the writer");
    let text = plain(stored).unwrap();
    assert_eq!(plain_length, text.len() as u64);
    let mut words = Vec::new();
    write_runs(&found, &mut words);
    let mut reader = Reader::new("runs", &words);
    let lender = Borrowed::read(&mut reader, Box::new(old)).unwrap();
    reader.end().unwrap();
    let mut out = Vec::new();
    let mut recreator = Recreator::new(&corrections, Some(lender), stored.len() as u64, &mut out).unwrap();
    text.chunks(997).try_for_each(|piece| recreator.write_all(piece)).unwrap();
    recreator.finish().unwrap();
    assert!(out == stored, "the stream comes out otherwise");
    Some((found.len(), words.len() + corrections.len()))
}

/// Words without much order, so that there are some thousand tokens.
fn words(seed: u64, count: u64) -> Vec<u8> {
    let next = |number: u64| (number ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    (0..count).flat_map(|number| format!("{} ", next(number) % 3000).into_bytes()).collect()
}

#[test]
fn what_two_streams_have_alike_is_borrowed_whoever_made_them() {
    let old = words(1, 60_000);
    let mut new = old.clone();
    new[100_000..100_008].copy_from_slice(b"anything");
    new[200_000..200_002].copy_from_slice(b"??");
    // Of this no style of zlib's predicts much.
    let deflate = |text: &[u8]| miniz_oxide::deflate::compress_to_vec(text, 1);
    let alone = analyse(&deflate(&new)[..], Style::USUAL, u64::MAX, &[]).unwrap();
    assert!(alone.is_none());
    let stored = deflate(&new);
    let (count, bytes) = borrowed(&deflate(&old), &stored).unwrap();
    assert!(count > 1 && bytes * 10 < stored.len(), "{count} runs, {bytes} bytes for {}", stored.len());
}

#[test]
fn nothing_is_borrowed_from_what_is_not_alike() {
    let stored = miniz_oxide::deflate::compress_to_vec(&words(1, 5000), 6);
    assert_eq!(borrowed(&miniz_oxide::deflate::compress_to_vec(&words(2, 5000), 6), &stored).unwrap().0, 0);
    assert_eq!(borrowed(&stored, &stored).unwrap().0, 1);
    assert!(runs(&b"not a stream"[..], &stored[..]).is_err());
}

#[test]
fn runs_that_lie_give_an_error() {
    let text = words(1, 3000);
    let stored = miniz_oxide::deflate::compress_to_vec(&text, 6);
    let found = runs(&stored[..], &stored[..]).unwrap();
    let corrections = analyse(&stored[..], Style::USUAL, u64::MAX, &found).unwrap().unwrap().corrections;
    let tried = |numbers: &[u64], old: &[u8]| {
        let mut words = Vec::new();
        numbers.iter().for_each(|number| put_varint(&mut words, *number));
        let lender = Borrowed::read(&mut Reader::new("runs", &words), Box::new(std::io::Cursor::new(old.to_vec())))?;
        let mut out = Vec::new();
        let mut recreator = Recreator::new(&corrections, Some(lender), stored.len() as u64, &mut out)?;
        recreator.write_all(&text)?;
        recreator.finish()?;
        std::io::Result::Ok(out)
    };
    let tokens = found[0].tokens();
    assert_eq!(tried(&[1, 0, 0, tokens], &stored).unwrap(), stored);
    assert!(tried(&[1, 0, 0, 0], &stored).is_err(), "an empty run");
    assert!(tried(&[1, 0, 1, tokens], &stored).is_err(), "behind the end of the earlier stream");
    assert!(tried(&[2, 0, 0, tokens, 0, 0, 5], &stored).is_err(), "behind the end of this one");
    assert!(tried(&[1, 0, u64::MAX, tokens], &stored).is_err());
    assert!(tried(&[9], &stored).is_err(), "more runs than there are bytes");
    assert!(tried(&[1, 0, 0, tokens], b"no stream at all").is_err());
}

/// The style of zlib at level 6, and one block of so many predicted tokens.
fn one_block(kind: Kind, count: u64) -> Vec<u8> {
    let mut corrections = vec![6, 15];
    Head { kind, last: true, count, header: None }.write_to(&mut corrections);
    if kind != Kind::Stored {
        put_varint(&mut corrections, 0);
    }
    corrections
}

proptest! {
    // Texts are longer than a match reaches, so that tables are left behind.
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_stream_is_put_together_out_of_an_earlier_one(
        seed in 0u64..50,
        edits in proptest::collection::vec((any::<prop::sample::Index>(), 0usize..600, text()), 0..6),
        level in 0u8..=10,
        other_level in prop_oneof![4 => Just(None), 1 => (0u8..=10).prop_map(Some)],
    ) {
        let old = words(seed, 20_000);
        let mut new = old.clone();
        for (at, gone, text) in edits {
            let at = at.index(new.len());
            new.splice(at..(at + gone).min(new.len()), text);
        }
        let old = miniz_oxide::deflate::compress_to_vec(&old, other_level.unwrap_or(level));
        borrowed(&old, &miniz_oxide::deflate::compress_to_vec(&new, level));
    }
}

proptest! {
    #[test]
    fn any_stream_is_put_together_bit_for_bit(text in text(), level in 0u8..=10) {
        let stored = miniz_oxide::deflate::compress_to_vec(&text, level);
        prop_assert_eq!(&plain(&stored).unwrap(), &text);
        prop_assert_eq!(measure(&stored[..]).unwrap(), (stored.len() as u64, text.len() as u64));
        if let Some(Analysis { corrections, plain_length, .. }) = analyse(&stored[..], Style::USUAL, u64::MAX, &[]).unwrap() {
            prop_assert_eq!(plain_length, text.len() as u64);
            prop_assert_eq!(recreated(&corrections, &text, stored.len()).unwrap(), stored);
        }
    }

    #[test]
    fn what_is_put_together_can_be_inflated(text in text(), dynamic: bool) {
        // Literals alone: one correction for each token that would be a match.
        let kind = if dynamic { Kind::Dynamic } else { Kind::Fixed };
        let mut corrections = vec![1, 15];
        Head { kind, last: true, count: text.len() as u64, header: None }.write_to(&mut corrections);
        put_varint(&mut corrections, text.len() as u64);
        corrections.extend(text.iter().flat_map(|_| [0, 0]));
        let mut stored = Vec::new();
        let mut recreator = Recreator::new(&corrections, None, u64::MAX, &mut stored).unwrap();
        recreator.write_all(&text).unwrap();
        // The length can't be known before; all else is right.
        recreator.finish().unwrap_err();
        prop_assert_eq!(&plain(&stored).unwrap(), &text);
        prop_assert_eq!(&miniz_oxide::inflate::decompress_to_vec(&stored).unwrap(), &text);
    }

    #[test]
    fn corrections_that_lie_never_make_more_than_asked_for(
        text in text(),
        flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        tail in proptest::collection::vec(any::<u8>(), 0..20),
    ) {
        let stored = miniz_oxide::deflate::compress_to_vec(&text, 6);
        let mut corrections = analyse(&stored[..], Style::USUAL, u64::MAX, &[]).unwrap().map_or(vec![6, 15], |found| found.corrections);
        for (index, byte) in flips {
            let index = index.index(corrections.len());
            corrections[index] = byte;
        }
        corrections.extend(tail);
        if let Ok(out) = recreated(&corrections, &text, stored.len()) {
            prop_assert_eq!(out.len(), stored.len());
        }
    }

    #[test]
    fn arbitrary_bytes_are_taken_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let inflated = plain(&bytes).ok();
        let expected = miniz_oxide::inflate::decompress_to_vec(&bytes).ok();
        if let (Some(inflated), Some(expected)) = (&inflated, &expected) {
            prop_assert_eq!(inflated, expected);
        }
        let analysis = analyse(&bytes[..], Style::USUAL, u64::MAX, &[]);
        prop_assert!(inflated.is_some() || !matches!(analysis, Ok(Some(_))));
        let _ = recreated(&bytes, &bytes, 1000);
    }
}

#[test]
fn every_length_of_a_stream_but_its_own_is_refused() {
    let stored = miniz_oxide::deflate::compress_to_vec(&b"some words, some words, and others".repeat(9), 6);
    for length in 0..stored.len() {
        plain(&stored[..length]).unwrap_err();
    }
    let mut longer = stored.clone();
    longer.push(0);
    plain(&longer).unwrap_err();
    let analysis = analyse(&stored[..], Style::USUAL, u64::MAX, &[]).unwrap().unwrap();
    let text = plain(&stored).unwrap();
    recreated(&analysis.corrections, &text, stored.len() - 1).unwrap_err();
    recreated(&analysis.corrections, &text, stored.len() + 1).unwrap_err();
}

#[test]
fn a_text_that_is_shorter_or_longer_is_refused() {
    let text = b"what a text is made of".repeat(3000);
    let stored = miniz_oxide::deflate::compress_to_vec(&text, 1);
    let corrections = analyse(&stored[..], Style::USUAL, u64::MAX, &[]).unwrap().unwrap().corrections;
    recreated(&corrections, &text[..text.len() / 2], stored.len()).unwrap_err();
    recreated(&corrections, &[&text[..], b"x"].concat(), stored.len()).unwrap_err();
}

#[test]
fn no_block_may_claim_more_tokens_than_fit_in_memory() {
    assert!(recreated(&one_block(Kind::Dynamic, 1 << 20), b"text", 1000).is_err());
    let too_many = one_block(Kind::Dynamic, (1 << 20) + 1);
    let error = recreated(&too_many, b"text", 1000).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidData);
}

#[test]
fn an_empty_text_has_a_stream() {
    for (kind, expected) in [(Kind::Stored, &[1, 0, 0, 0xff, 0xff][..]), (Kind::Fixed, &[3, 0])] {
        assert_eq!(recreated(&one_block(kind, 0), b"", expected.len()).unwrap(), expected);
        assert_eq!(plain(expected).unwrap(), b"");
    }
}

#[test]
fn codes_that_would_be_too_long_are_shortened_as_zlib_does() {
    let stored = include_bytes!("../../tests/golden/containers/skewed.deflate");
    let mut parser = Parser::new(&stored[..]);
    let block = parser.next_block().unwrap().unwrap();
    let mut frequencies = Frequencies::new();
    while let Some(token) = parser.token().unwrap() {
        frequencies.add(token);
    }
    let Form::Dynamic(header) = block.form else { panic!("the block has a code of its own") };
    assert_eq!(header.literals.iter().max(), Some(&15));
    assert_eq!(header, frequencies.header());
}

#[test]
fn a_text_longer_than_allowed_is_not_taken_apart() {
    let stored = miniz_oxide::deflate::compress_to_vec(&vec![0; 1 << 20], 6);
    assert!(analyse(&stored[..], Style::USUAL, 1 << 20, &[]).unwrap().is_some());
    assert!(analyse(&stored[..], Style::USUAL, (1 << 20) - 1, &[]).unwrap().is_none());
}
