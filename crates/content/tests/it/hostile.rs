//! Bytes from outside: never a panic, never a wrong value.

use dray_content::ingest::KnownChunks;
use dray_content::manifest::Header;
use dray_content::{DecodeError, Entry, FileNode, Limits, LinkTarget, Manifest, Node, OutsideTarget, Tree, pack};
use dray_model::Digest;
use proptest::prelude::*;

use crate::world::{Files, World, any_files, noise};

fn any_tree() -> impl Strategy<Value = Tree> {
    let node = prop_oneof![
        (any::<u8>(), any::<bool>()).prop_map(|(byte, executable)| {
            let bytes = vec![byte; usize::from(byte)];
            Node::File(FileNode { size: bytes.len() as u64, executable, digest: Digest::of(&bytes) })
        }),
        "[a-c]{1,3}".prop_map(|target| Node::Link(LinkTarget::parse(&target).unwrap())),
        "/[a-c]{0,3}".prop_map(|target| {
            Node::OutsideLink(OutsideTarget::parse_at(&"any".parse().unwrap(), &target).unwrap())
        }),
        Just(Node::Directory),
    ];
    // A digit in third place keeps names that are reserved on Windows out.
    proptest::collection::btree_map("[a-zé0-9]{1,2}[0-9]?", node, 0..12).prop_map(|entries| {
        let entry = |path: &str, node| Entry { path: path.parse().unwrap(), node };
        let folders = entries.iter().filter(|(_, node)| **node == Node::Directory);
        let inner = folders.map(|(folder, _)| entry(&format!("{folder}/in"), Node::Directory));
        Tree::new(entries.iter().map(|(path, node)| entry(path, node.clone())).chain(inner).collect()).unwrap()
    })
}

fn a_manifest() -> (Tree, Vec<u8>) {
    let world = World::new();
    let files: Files = [("a", 10), ("b", 40_000), ("c/d", 10), ("e", 0)]
        .into_iter()
        .enumerate()
        .map(|(seed, (path, length))| (path.to_owned(), Some(noise(seed as u64, length))))
        .collect();
    let published = world.publish(&files, &KnownChunks::default());
    (published.manifest.tree().clone(), published.manifest_bytes)
}

proptest! {
    #[test]
    fn a_tree_reads_back(tree in any_tree()) {
        prop_assert_eq!(Tree::decode(&tree.encode(), &Limits::default()).unwrap(), tree);
    }

    #[test]
    fn whatever_reads_as_a_tree_is_its_canonical_encoding(tree in any_tree(), at: prop::sample::Index, byte: u8) {
        let mut bytes = tree.encode();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(other) = Tree::decode(&bytes, &Limits::default()) {
            prop_assert_eq!(other.encode(), bytes);
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), kind in 0usize..4) {
        let magic: [&[u8]; 4] = [b"DRAYTREE\x01\0", b"DRAYTREE\x02\0", b"DRAYMANI\x01\0", b"DRAYPACK\x01\0"];
        let bytes = [magic[kind], &bytes].concat();
        let limits = Limits::default();
        let _ = Tree::decode(&bytes, &limits);
        let _ = Header::decode(&bytes, &limits);
        let _ = Manifest::decode(&bytes, &Digest::of(&bytes), &limits);
        let _ = pack::verify(std::io::Cursor::new(&bytes), &Digest::of(&bytes), &limits);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn a_manifest_reads_back(files in any_files()) {
        let published = World::new().publish(&files, &KnownChunks::default());
        let manifest = Manifest::decode(&published.manifest_bytes, &published.content, &Limits::default()).unwrap();
        prop_assert_eq!(manifest.encode().unwrap(), published.manifest_bytes);
        prop_assert_eq!(manifest, published.manifest);
    }
}

#[test]
fn every_flipped_byte_of_a_manifest_is_refused() {
    let (tree, bytes) = a_manifest();
    let content = tree.digest();
    assert!(Manifest::decode(&bytes, &content, &Limits::default()).is_ok());
    for at in 0..bytes.len() {
        let mut bad = bytes.clone();
        bad[at] ^= 0x10;
        assert!(Manifest::decode(&bad, &content, &Limits::default()).is_err(), "byte {at}");
        assert!(Manifest::decode(&bytes[..at], &content, &Limits::default()).is_err(), "cut at {at}");
    }
}

#[test]
fn every_flipped_byte_of_a_tree_changes_its_digest_or_is_refused() {
    let (tree, _) = a_manifest();
    let bytes = tree.encode();
    for at in 0..bytes.len() {
        let mut bad = bytes.clone();
        bad[at] ^= 0x10;
        let read = Tree::decode(&bad, &Limits::default());
        assert!(read.is_err() || read.unwrap().digest() != tree.digest(), "byte {at}");
    }
}

#[test]
fn a_tree_has_the_version_of_its_entries_and_no_other() {
    let with = |node| Tree::new(vec![Entry { path: "l".parse().unwrap(), node }]).unwrap().encode();
    let plain = with(Node::Link(LinkTarget::parse("x").unwrap()));
    let outside = with(Node::OutsideLink(OutsideTarget::parse_at(&"l".parse().unwrap(), "/x").unwrap()));
    assert_eq!((plain[8], outside[8]), (1, 2));
    for (mut bytes, other) in [(plain, 2), (outside, 1)] {
        bytes[8] = other;
        assert!(matches!(Tree::decode(&bytes, &Limits::default()), Err(DecodeError::Malformed { .. })));
    }
}

#[test]
fn a_target_inside_the_tree_is_no_outside_link() {
    let outside = Entry {
        path: "l".parse().unwrap(),
        node: Node::OutsideLink(OutsideTarget::parse_at(&"l".parse().unwrap(), "/x").unwrap()),
    };
    let mut bytes = Tree::new(vec![outside]).unwrap().encode();
    let at = bytes.len() - 2;
    bytes[at] = b'.';
    assert!(matches!(Tree::decode(&bytes, &Limits::default()), Err(DecodeError::Illegal { .. })));
}

#[test]
fn a_manifest_for_other_content_is_refused() {
    let (_, bytes) = a_manifest();
    let other = Manifest::decode(&bytes, &Digest::of(b"other"), &Limits::default());
    assert!(matches!(other, Err(DecodeError::OtherContent { .. })));
}

#[test]
fn a_manifest_beyond_each_limit_is_refused() {
    let (tree, bytes) = a_manifest();
    let tight: [fn(&mut Limits); 10] = [
        |limits| limits.entries_max = 4,
        |limits| limits.tree_bytes_max = 100,
        |limits| limits.total_bytes_max = 40_019,
        |limits| limits.manifest_bytes_max = 300,
        |limits| limits.index_bytes_max = 20,
        |limits| limits.block_bytes_max = 50,
        |limits| limits.packs_max = 0,
        |limits| limits.chunks_max = 1,
        |limits| limits.pieces_max = 2,
        |limits| limits.chunk_bytes_max = 100,
    ];
    for (number, tighten) in tight.into_iter().enumerate() {
        let mut limits = Limits::default();
        tighten(&mut limits);
        let refused = Manifest::decode(&bytes, &tree.digest(), &limits);
        assert!(matches!(refused, Err(DecodeError::Limit { .. })), "limit {number}: {refused:?}");
    }
}
