//! Updates that are right, and those that a careless or hostile publisher could make.

use proptest::prelude::*;

use super::*;
use crate::codec::{Reader, put_varint};
use crate::container::Layout;
use crate::frame;
use crate::manifest::{Chunk, Piece, Recipe};
use crate::tree::{Entry, FileNode, Node};

const PACK: PackInfo = PackInfo { digest: Digest::from_bytes([7; 32]), size: 1 << 20 };
const OTHER_PACK: PackInfo = PackInfo { digest: Digest::from_bytes([8; 32]), size: 1 << 20 };

fn content(seed: u64) -> Digest {
    Digest::of(&seed.to_le_bytes())
}

/// The size of the content with this seed.
const fn size(seed: u64) -> u64 {
    100 + seed * 10
}

fn tree(files: &[(&str, u64)]) -> Tree {
    let entry = |(path, seed): &(&str, u64)| Entry {
        path: path.parse().unwrap(),
        node: Node::File(FileNode::plain(size(*seed), content(*seed))),
    };
    Tree::new(files.iter().map(entry).collect()).unwrap()
}

fn base(seed: u64) -> BasePart {
    BasePart { content: content(seed), offset: 0, length: size(seed) }
}

fn part(seed: u64, offset: u64, length: u32) -> OutputPart {
    OutputPart { content: content(seed), offset, length }
}

fn segment(offset: u64, base: Vec<BasePart>, output: Vec<OutputPart>) -> Segment {
    let at = PackedAt { pack: 0, offset, length: 10, digest: Digest::of(&offset.to_le_bytes()) };
    placed(Place::Packed(at), base, output)
}

fn carried(difference: &[u8], base: Vec<BasePart>, output: Vec<OutputPart>) -> Segment {
    placed(Place::Carried(difference.into()), base, output)
}

fn placed(place: Place, base: Vec<BasePart>, output: Vec<OutputPart>) -> Segment {
    let is_whole = |part: &OutputPart| (0..99).any(|s| part.content == content(s) && u64::from(part.length) == size(s));
    let digest = (!output.iter().all(is_whole)).then_some(Digest::of(b"output"));
    Segment { base, output, place, digest }
}

fn packed(segment: &mut Segment) -> &mut PackedAt {
    match &mut segment.place {
        Place::Packed(at) => at,
        Place::Carried(_) => panic!("it is carried"),
    }
}

fn from() -> Tree {
    tree(&[("a", 1), ("b", 2), ("c", 3), ("same", 9)])
}

/// `a` and `b` from one segment, `c` from two, `d` from a chunk, `e` and `f` from two that are carried.
fn sample() -> Update {
    let to = tree(&[("a", 11), ("b", 12), ("c", 13), ("d", 14), ("e", 15), ("f", 16), ("same", 9)]);
    let chunk = Chunk { digest: content(14), length: 240, pack: 0, offset: 16, stored_length: 100 };
    let recipe = Recipe { content: content(14), pieces: vec![Piece { chunk: 0, offset: 0, length: 240 }] };
    let manifest = Manifest::new(to, &[OTHER_PACK], &[chunk], vec![recipe]).unwrap();
    let segments = vec![
        carried(b"small", vec![base(9)], vec![part(15, 0, 250)]),
        carried(b"and another", vec![], vec![part(16, 0, 260)]),
        segment(16, vec![base(1), base(2)], vec![part(11, 0, 210), part(12, 0, 220)]),
        segment(26, vec![base(3), base(9)], vec![part(13, 0, 200)]),
        segment(50, vec![BasePart { offset: 5, length: 20, ..base(3) }], vec![part(13, 200, 30)]),
    ];
    Update {
        from: from().digest(),
        manifest,
        packs: vec![PACK],
        segments,
        relocations: vec![],
        forms: Forms::default(),
    }
}

fn decode(bytes: &[u8]) -> Result<Update, DecodeError> {
    Update::decode(bytes, &from(), &sample().manifest.tree().digest(), &Limits::default())
}

fn refusal(change: impl FnOnce(&mut Update)) -> InvalidUpdate {
    let mut update = sample();
    change(&mut update);
    update.encode(&from()).unwrap_err()
}

#[test]
fn an_update_reads_back() {
    let bytes = sample().encode(&from()).unwrap();
    assert_eq!(decode(&bytes).unwrap(), sample());
}

/// A layout of one deflate stream: stored bytes, plain bytes.
fn layout(stored: u64, plain: u64) -> Layout {
    let mut bytes = vec![1, 1, 0];
    put_varint(&mut bytes, stored);
    put_varint(&mut bytes, plain);
    bytes.extend([0, 0]);
    Layout::decode(&bytes, &Limits::default()).unwrap()
}

/// The sample, with `c` built from and in opened forms.
fn opened_sample() -> Update {
    let mut update = sample();
    let base = OpenedBase::new(content(3), layout(size(3), 1000));
    let container = Container::new(content(13), layout(size(13), 1200), vec![1, 2, 3]);
    let (opened, form) = (base.form(), container.form());
    update.segments[3].base[0] = BasePart { content: opened, offset: 100, length: 900 };
    update.segments[3].output = vec![OutputPart { content: form, offset: 0, length: 700 }];
    update.segments[4].output = vec![OutputPart { content: form, offset: 700, length: 500 }];
    update.forms = Forms { bases: vec![base], containers: vec![container] };
    update
}

#[test]
fn an_update_with_opened_forms_reads_back() {
    let update = opened_sample();
    assert_eq!(decode(&update.encode(&from()).unwrap()).unwrap(), update);
    // One segment that is all of a form has a digest of its own: the form's name is none.
    let mut whole = opened_sample();
    whole.segments[3].output[0].length = 1200;
    whole.segments.pop();
    assert_eq!(decode(&whole.encode(&from()).unwrap()).unwrap(), whole);
}

#[test]
fn a_container_that_cannot_be_opened_as_it_is_said_is_refused() {
    let refused = |seed: u64, change: &dyn Fn(&mut Forms)| {
        let mut update = opened_sample();
        change(&mut update.forms);
        assert_eq!(update.encode(&from()).unwrap_err(), InvalidUpdate::Container(content(seed)));
    };
    refused(3, &|forms| forms.bases.push(forms.bases[0].clone()));
    refused(3, &|forms| forms.bases[0] = OpenedBase::new(content(3), layout(size(3) + 1, 1000)));
    refused(13, &|forms| forms.bases[0] = OpenedBase::new(content(13), layout(size(13), 1000)));
    refused(13, &|forms| forms.containers.push(forms.containers[0].clone()));
    refused(13, &|forms| forms.containers[0] = Container::new(content(13), layout(size(13) + 1, 1200), vec![]));
    refused(14, &|forms| forms.containers[0] = Container::new(content(14), layout(size(14), 1200), vec![]));
    refused(9, &|forms| forms.containers[0] = Container::new(content(9), layout(size(9), 1200), vec![]));
    let borrowing = |lender: u64| {
        let corrections = [&[2][..], content(lender).as_bytes()].concat();
        Container::new(content(13), layout(size(13), 1200), corrections)
    };
    assert_eq!(borrowing(3).lender(), Some(content(3)));
    refused(13, &|forms| forms.containers[0] = borrowing(13));
    let mut lent = opened_sample();
    lent.forms.containers[0] = borrowing(3);
    assert_eq!(decode(&lent.encode(&from()).unwrap()).unwrap(), lent);
    let mut unbuilt = opened_sample();
    unbuilt.segments.pop();
    let form = unbuilt.forms.containers[0].form();
    assert_eq!(unbuilt.encode(&from()), Err(InvalidUpdate::Coverage(form)));
}

#[test]
fn the_update_of_a_tree_to_itself_is_short() {
    let manifest = Manifest::new(from(), &[], &[], vec![]).unwrap();
    let update = Update {
        from: from().digest(),
        manifest,
        packs: vec![],
        segments: vec![],
        relocations: vec![],
        forms: Forms::default(),
    };
    let bytes = update.encode(&from()).unwrap();
    assert!(bytes.len() < 70, "{}", bytes.len());
    assert_eq!(Update::decode(&bytes, &from(), &from().digest(), &Limits::default()).unwrap(), update);
}

#[test]
fn an_update_for_another_base_or_content_is_refused() {
    let bytes = sample().encode(&from()).unwrap();
    let limits = Limits::default();
    let to = sample().manifest.tree().digest();
    let other = Update::decode(&bytes, &Tree::default(), &to, &limits).unwrap_err();
    assert!(matches!(other, DecodeError::OtherBase { .. }), "{other}");
    let other = Update::decode(&bytes, &from(), &content(0), &limits).unwrap_err();
    assert!(matches!(other, DecodeError::OtherContent { .. }), "{other}");
    assert!(matches!(sample().encode(&Tree::default()), Err(InvalidUpdate::From { .. })));
}

#[test]
fn whatever_is_not_built_exactly_once_is_refused() {
    let uncovered = |change: fn(&mut Update), seed| assert_eq!(refusal(change), InvalidUpdate::Coverage(content(seed)));
    uncovered(|update| drop(update.segments.pop()), 13);
    uncovered(|update| drop(update.segments.remove(2)), 11);
    uncovered(|update| update.segments[4].output = vec![part(13, 199, 31)], 13);
    uncovered(|update| update.segments[4].output = vec![part(13, 200, 31)], 13);
    uncovered(|update| update.segments[4].output = vec![part(13, 201, 29)], 13);
    uncovered(|update| update.segments[4].output.push(part(12, 0, 0)), 12);
    uncovered(|update| update.segments[4].output.push(part(12, 0, 220)), 12);
    uncovered(|update| update.segments[4].output[0].offset = u64::MAX, 13);
}

#[test]
fn whatever_need_not_be_built_is_refused() {
    for seed in [9, 14, 77] {
        let surplus = refusal(|update| update.segments[4].output.push(part(seed, 0, 5)));
        assert_eq!(surplus, InvalidUpdate::Surplus(content(seed)));
    }
    let kept = refusal(|update| {
        let chunk = Chunk { digest: content(9), length: 190, pack: 0, offset: 16, stored_length: 100 };
        let recipe = Recipe { content: content(9), pieces: vec![Piece { chunk: 0, offset: 0, length: 190 }] };
        let tree = update.manifest.tree().clone();
        update.manifest = Manifest::new(tree, &[OTHER_PACK], &[chunk], vec![recipe]).unwrap();
    });
    assert_eq!(kept, InvalidUpdate::Surplus(content(9)));
    assert!(matches!(refusal(|update| update.segments[3].output.clear()), InvalidUpdate::NoOutput(_)));
}

#[test]
fn a_base_that_is_not_there_is_refused() {
    let absent = |part: BasePart| {
        let refused = refusal(|update| update.segments[2].base[0] = part);
        assert_eq!(refused, InvalidUpdate::Base(part.content));
    };
    absent(base(11));
    absent(BasePart { length: 0, ..base(1) });
    absent(BasePart { offset: 1, ..base(1) });
    absent(BasePart { offset: u64::MAX, ..base(1) });
}

#[test]
fn a_difference_that_cannot_be_where_it_is_said_to_be_is_refused() {
    let misplaced = |change: fn(&mut PackedAt)| {
        let refused = refusal(|update| change(packed(&mut update.segments[3])));
        assert!(matches!(refused, InvalidUpdate::Stored(_)), "{refused}");
    };
    misplaced(|at| at.offset = 25);
    misplaced(|at| at.offset = 41);
    misplaced(|at| at.offset = 15);
    misplaced(|at| at.offset = u64::MAX);
    misplaced(|at| at.length = 0);
    misplaced(|at| at.length = 1 << 20);
    misplaced(|at| at.pack = 1);
    let late = refusal(|update| update.segments.swap(1, 2));
    assert_eq!(late, InvalidUpdate::Stored(Digest::of(b"and another")));
    assert_eq!(refusal(|update| update.packs.push(PACK)), InvalidUpdate::PackTwice(PACK.digest));
}

#[test]
fn an_output_has_a_digest_of_its_own_unless_it_is_whole_contents() {
    for (number, digest) in [(3, None), (0, Some(content(15))), (2, Some(content(1)))] {
        let refused = refusal(|update| update.segments[number].digest = digest);
        assert!(matches!(refused, InvalidUpdate::Digest(_)), "{refused}");
    }
}

#[test]
fn more_than_the_limits_is_refused() {
    let bytes = sample().encode(&from()).unwrap();
    let to = sample().manifest.tree().digest();
    let tight: [fn(&mut Limits); 8] = [
        |limits| limits.manifest_bytes_max = bytes_of_a_header(),
        |limits| limits.chunk_bytes_max = 429,
        |limits| limits.chunk_bytes_max = 10,
        |limits| limits.chunks_max = 1,
        |limits| limits.chunks_max = 4,
        |limits| limits.pieces_max = 8,
        |limits| limits.pack_bytes_max = 1 << 19,
        |limits| limits.entries_max = 4,
    ];
    for tighten in tight {
        let mut limits = Limits::default();
        tighten(&mut limits);
        let refused = Update::decode(&bytes, &from(), &to, &limits).unwrap_err();
        assert!(matches!(refused, DecodeError::Limit { .. }), "{refused}");
    }
}

const fn bytes_of_a_header() -> u64 {
    8 + 2 + 32
}

/// The bytes inside of the frame.
fn plain(bytes: &[u8]) -> Vec<u8> {
    let mut reader = Reader::new("test", &bytes[bytes_of_a_header() as usize..]);
    let length = reader.varint().unwrap() as usize;
    frame::expand(reader.take(reader.remaining()).unwrap(), &from().encode(), length).unwrap()
}

/// An update with these bytes inside.
fn seal(plain: &[u8]) -> Vec<u8> {
    let mut bytes = sample().encode(&from()).unwrap()[..bytes_of_a_header() as usize].to_vec();
    put_varint(&mut bytes, plain.len() as u64);
    bytes.extend(frame::compress(plain, &from().encode()));
    bytes
}

/// Whatever is read is a legal update, and is written and read as the same again.
fn refused_or_legal(bytes: &[u8]) -> Result<(), TestCaseError> {
    if let Ok(update) = decode(bytes) {
        let again = update.encode(&from());
        prop_assert!(again.is_ok(), "{again:?}");
        prop_assert_eq!(decode(&again.unwrap()).unwrap(), update);
    }
    Ok(())
}

proptest! {
    #[test]
    fn a_changed_or_shortened_update_never_panics(at: prop::sample::Index, byte: u8) {
        let mut bytes = opened_sample().encode(&from()).unwrap();
        let at = at.index(bytes.len());
        prop_assert!(decode(&bytes[..at]).is_err());
        bytes[at] = byte;
        refused_or_legal(&bytes)?;
    }

    #[test]
    fn an_update_that_lies_inside_of_its_frame_never_panics(
        at: prop::sample::Index,
        replaced in 0usize..4,
        with in proptest::collection::vec(prop_oneof![Just(0u8), Just(1), Just(2), Just(0x7f), Just(0x80), Just(0xff), any::<u8>()], 0..10),
    ) {
        let mut inside = plain(&opened_sample().encode(&from()).unwrap());
        // What is behind the tree, whose digest guards it.
        let tree = sample().manifest.tree().encode().len() + 2;
        let start = tree + at.index(inside.len() - tree);
        let end = (start + replaced).min(inside.len());
        inside.splice(start..end, with);
        refused_or_legal(&seal(&inside))?;
    }

    #[test]
    fn any_legal_update_reads_back(
        old in proptest::collection::btree_map("[a-h]", 0u64..20, 0..8),
        new in proptest::collection::btree_map("[a-h]", 0u64..20, 0..8),
        cuts in proptest::collection::vec((1u32..300, proptest::collection::vec((0usize..9, 0u64..50), 0..3), 0u64..5, any::<bool>()), 1..6),
    ) {
        let files = |files: &std::collections::BTreeMap<String, u64>| {
            let files: Vec<_> = files.iter().map(|(path, seed)| (path.as_str(), *seed)).collect();
            tree(&files)
        };
        let (old, new) = (files(&old), files(&new));
        let update = any_update(&old, new, &cuts);
        let bytes = update.encode(&old).unwrap();
        let to = update.manifest.tree().digest();
        prop_assert_eq!(Update::decode(&bytes, &old, &to, &Limits::default()).unwrap(), update);
    }
}

type Cut = (u32, Vec<(usize, u64)>, u64, bool);

/// Joins what is lacking and cuts it into segments of the given lengths, with the given bases and gaps in the packs.
fn any_update(old: &Tree, new: Tree, cuts: &[Cut]) -> Update {
    let had = old.contents();
    let lacking: Vec<_> = new.contents().into_iter().filter(|content| !had.contains(content)).collect();
    let mut cuts = cuts.iter().cycle();
    let (mut segments, mut output, mut room) = (Vec::new(), Vec::new(), 0u64);
    let (mut cut, mut pack, mut end) = (cuts.next().unwrap(), 0, 16);
    let mut close = |output: &mut Vec<OutputPart>, cut: &Cut| {
        let mut made = segment(0, vec![], std::mem::take(output));
        let parts = cut.1.iter().filter_map(|(at, offset)| {
            let (content, size) = had.get(*at)?;
            Some(BasePart { content: *content, offset: *offset, length: size - offset })
        });
        made.base = parts.collect();
        if cut.3 && pack == 0 {
            (pack, end) = (1, 16);
        }
        if cut.2 == 4 && segments.iter().all(|segment: &Segment| segment.packed().is_none()) {
            made.place = Place::Carried(cut.0.to_le_bytes().as_slice().into());
        } else {
            let at = packed(&mut made);
            (at.pack, at.offset) = (pack, end + cut.2);
            end = at.end();
        }
        segments.push(made);
    };
    for (content, size) in &lacking {
        let mut at = 0;
        while at < *size {
            if room == 0 {
                cut = cuts.next().unwrap();
                room = cut.0.into();
            }
            let length = room.min(size - at);
            output.push(OutputPart { content: *content, offset: at, length: length as u32 });
            (at, room) = (at + length, room - length);
            if room == 0 {
                close(&mut output, cut);
            }
        }
    }
    if !output.is_empty() {
        close(&mut output, cut);
    }
    let manifest = Manifest::new(new, &[], &[], vec![]).unwrap();
    Update {
        from: old.digest(),
        manifest,
        packs: vec![PACK, OTHER_PACK],
        segments,
        relocations: vec![],
        forms: Forms::default(),
    }
}
