//! Manifests whose digests are right and whose contents lie: what a careless or hostile publisher could make.

use std::io::Write;

use proptest::prelude::*;

use super::header::{BLOCKS, INDEX, Part, TREE};
use super::*;
use crate::compress::{compress_section, expand_section};
use crate::tree::{Entry, FileNode, Node};

const PACK: PackInfo = PackInfo { digest: Digest::from_bytes([7; 32]), size: 10_000 };

fn content(size: u64) -> Digest {
    Digest::of(&size.to_le_bytes())
}

fn tree(sizes: &[u64]) -> Tree {
    let entry = |(number, size): (usize, &u64)| Entry {
        path: format!("f{number:03}").parse().unwrap(),
        node: Node::File(FileNode::plain(*size, content(*size))),
    };
    Tree::new(sizes.iter().enumerate().map(entry).collect()).unwrap()
}

fn chunk(name: &[u8], offset: u64, length: u32) -> Chunk {
    Chunk { digest: Digest::of(name), length, pack: 0, offset, stored_length: length }
}

fn recipe(size: u64, pieces: &[(u32, u32, u32)]) -> Recipe {
    let pieces = pieces.iter().map(|&(chunk, offset, length)| Piece { chunk, offset, length }).collect();
    Recipe { content: content(size), pieces }
}

fn sample() -> Manifest {
    let chunks = [chunk(b"a", 16, 100), chunk(b"b", 200, 50), chunk(b"unused", 900, 5)];
    let recipes = vec![recipe(150, &[(1, 0, 50), (0, 0, 100)]), recipe(30, &[(0, 70, 30)])];
    Manifest::new(tree(&[150, 30]), &[PACK], &chunks, recipes).unwrap()
}

/// The plain sections of a manifest: tree, index, blocks (of which there is one).
fn sections(manifest: &Manifest) -> [Vec<u8>; 3] {
    let bytes = manifest.encode().unwrap();
    let header = Header::decode(&bytes, &Limits::default()).unwrap();
    [&header.tree, &header.index, &header.blocks].map(|section| {
        let stored = &bytes[section.range.start as usize..section.range.end as usize];
        expand_section("test", stored, section.length as usize).unwrap()
    })
}

/// Chunking, the table of one pack, the number of blocks, and the first block's count of files.
const INDEX_START_BYTES: usize = 1 + (1 + 32 + 2) + 1 + 1;

/// A manifest with these plain sections and all digests right.
fn seal([tree, index, block]: &[Vec<u8>; 3], more: Vec<Part>) -> Vec<u8> {
    let part = |kind, plain: &Vec<u8>| Part { kind, stored: compress_section(plain), length: plain.len() as u64 };
    let blocks = part(BLOCKS, block);
    // What follows the only block's count of files is made again: its lengths and digest.
    let mut index = index[..index.len().min(INDEX_START_BYTES)].to_vec();
    crate::codec::put_varint(&mut index, blocks.stored.len() as u64);
    crate::codec::put_varint(&mut index, blocks.length);
    index.write_all(Digest::of(&blocks.stored).as_bytes()).unwrap();
    let mut parts = vec![part(TREE, tree), part(INDEX, &index), blocks];
    parts.extend(more);
    let mut bytes = header::encode(&Digest::of(tree), &parts);
    parts.iter().for_each(|part| bytes.extend_from_slice(&part.stored));
    bytes
}

fn decode(bytes: &[u8], tree: &Tree) -> Result<Manifest, DecodeError> {
    Manifest::decode(bytes, &tree.digest(), &Limits::default())
}

#[test]
fn packs_and_chunks_are_put_in_order_of_use_and_unused_ones_dropped() {
    let manifest = sample();
    let names: Vec<_> = manifest.chunks().iter().map(|chunk| chunk.digest).collect();
    assert_eq!(names, [Digest::of(b"b"), Digest::of(b"a")]);
    assert_eq!(manifest.recipe(&content(30)).unwrap(), [Piece { chunk: 1, offset: 70, length: 30 }]);
    assert_eq!(decode(&seal(&sections(&manifest), vec![]), manifest.tree()).unwrap(), manifest);
}

#[test]
fn parts_that_contradict_each_other_are_refused() {
    let refused = |packs: &[PackInfo], chunks: &[Chunk], pieces: &[(u32, u32, u32)]| {
        Manifest::new(tree(&[150]), packs, chunks, vec![recipe(150, pieces)]).unwrap_err()
    };
    let good = [chunk(b"a", 16, 150)];
    for pieces in [&[][..], &[(0, 0, 149)], &[(0, 0, 150), (0, 0, 1)], &[(0, 1, 150)], &[(1, 0, 150)], &[(0, 0, 0)]] {
        assert_eq!(refused(&[PACK], &good, pieces), InvalidManifest::Pieces(content(150)), "{pieces:?}");
    }
    for bad in [chunk(b"a", 15, 150), chunk(b"a", 9_800, 150), chunk(b"a", u64::MAX, 150)] {
        assert_eq!(refused(&[PACK], &[bad], &[(0, 0, 150)]), InvalidManifest::Chunk(bad.digest), "{bad:?}");
    }
    assert_eq!(refused(&[PACK, PACK], &good, &[(0, 0, 150)]), InvalidManifest::PackTwice(PACK.digest));
    let twice = [chunk(b"a", 16, 75), chunk(b"a", 91, 75)];
    let twice = refused(&[PACK], &twice, &[(0, 0, 75), (1, 0, 75)]);
    assert_eq!(twice, InvalidManifest::ChunkTwice(Digest::of(b"a")));
    let surplus = Manifest::new(tree(&[]), &[PACK], &good, vec![recipe(150, &[(0, 0, 150)])]);
    assert_eq!(surplus, Err(InvalidManifest::Surplus(content(150))));
}

#[test]
fn an_unknown_section_is_skipped_only_when_it_is_optional() {
    let manifest = sample();
    let extra = |kind| vec![Part { kind, stored: b"later".to_vec(), length: 5 }];
    let sections = sections(&manifest);
    assert_eq!(decode(&seal(&sections, extra(128)), manifest.tree()).unwrap(), manifest);
    assert!(matches!(decode(&seal(&sections, extra(127)), manifest.tree()), Err(DecodeError::Malformed { .. })));
}

proptest! {
    #[test]
    fn sections_that_lie_under_right_digests_never_panic(
        section in 0usize..3,
        at: prop::sample::Index,
        replaced in 0usize..4,
        with in proptest::collection::vec(prop_oneof![Just(0u8), Just(1), Just(0x7f), Just(0x80), Just(0xff), any::<u8>()], 0..10),
    ) {
        let manifest = sample();
        let mut sections = sections(&manifest);
        let bytes = &mut sections[section];
        let start = at.index(bytes.len());
        let end = (start + replaced).min(bytes.len());
        bytes.splice(start..end, with);
        let content = Digest::of(&sections[0]);
        let sealed = seal(&sections, vec![]);
        if let Ok(decoded) = Manifest::decode(&sealed, &content, &Limits::default()) {
            let again = Manifest::decode(&decoded.encode().unwrap(), &content, &Limits::default());
            prop_assert_eq!(again.unwrap(), decoded);
        }
    }
}
