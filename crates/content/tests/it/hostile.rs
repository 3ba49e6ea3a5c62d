//! Bytes from outside: never a panic, never a wrong value.

use dray_content::ingest::KnownChunks;
use dray_content::manifest::Header;
use dray_content::{
    DecodeError, Entry, Extension, FileMode, FileNode, FolderMode, FolderNode, Limits, LinkTarget, Manifest,
    ModifiedAt, Node, OutsideTarget, Tree, TreePath, pack,
};
use dray_model::Digest;
use proptest::prelude::*;

use crate::world::{Files, World, any_files, noise};

fn any_node() -> impl Strategy<Value = Node> {
    let modified = || prop_oneof![Just(0), 0u64..4, Just(ModifiedAt::MAX.secs())].prop_map(at);
    prop_oneof![
        (any::<u8>(), any::<u32>(), modified()).prop_map(|(byte, mode, modified)| {
            let bytes = vec![byte; usize::from(byte)];
            let plain = FileNode::plain(bytes.len() as u64, Digest::of(&bytes));
            Node::File(FileNode { mode: FileMode::from_stat(mode), modified, ..plain })
        }),
        "[a-c]{1,3}".prop_map(|target| Node::Link(LinkTarget::parse(&target).unwrap())),
        "/[a-c\n]{0,3}".prop_map(|target| {
            Node::OutsideLink(OutsideTarget::parse_at(&"any".parse().unwrap(), target.as_bytes()).unwrap())
        }),
        (any::<u32>(), modified())
            .prop_map(|(mode, modified)| Node::Directory(FolderNode { mode: FolderMode::from_stat(mode), modified })),
    ]
}

fn at(secs: u64) -> ModifiedAt {
    ModifiedAt::from_secs(secs).unwrap()
}

fn any_name() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![6 => b'a'..=b'd', 2 => Just(b'A'), 1 => any::<u8>()];
    let legal = |name: &Vec<u8>| TreePath::new(name).is_ok_and(|path| path.depth() == 0);
    proptest::collection::vec(byte, 1..4).prop_filter("no name", legal)
}

fn any_tree() -> impl Strategy<Value = Tree> {
    let extensions = proptest::collection::btree_map("[a-z_]{3,9}", (any::<bool>(), any::<Vec<u8>>()), 0..3);
    (proptest::collection::btree_map(any_name(), any_node(), 0..12), extensions).prop_map(|(entries, extensions)| {
        let entry = |path: &[u8], node| Entry { path: TreePath::new(path).unwrap(), node };
        let folders = entries.iter().filter(|(_, node)| node.is_directory());
        let inner = folders.map(|(folder, node)| entry(&[folder, &b"/in"[..]].concat(), node.clone()));
        let entries = entries.iter().map(|(path, node)| entry(path, node.clone())).chain(inner).collect();
        let extensions =
            extensions.into_iter().map(|(name, (is_required, bytes))| Extension { name, is_required, bytes });
        Tree::with_extensions(entries, extensions.collect()).unwrap()
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
        let magic: [&[u8]; 4] = [b"DRAYTREE\x03\0", b"DRAYTREE\x03\0\0", b"DRAYMANI\x01\0", b"DRAYPACK\x01\0"];
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
fn a_target_inside_the_tree_is_no_outside_link() {
    let outside = Entry {
        path: "l".parse().unwrap(),
        node: Node::OutsideLink(OutsideTarget::parse_at(&"l".parse().unwrap(), b"/x").unwrap()),
    };
    let mut bytes = Tree::new(vec![outside]).unwrap().encode();
    let at = bytes.windows(2).position(|window| window == b"/x").unwrap();
    bytes[at] = b'.';
    assert!(matches!(Tree::decode(&bytes, &Limits::default()), Err(DecodeError::Illegal { .. })));
}

#[test]
fn paths_that_leave_the_tree_are_refused_whatever_it_requires() {
    let tree = |path: &str| {
        let node = Node::File(FileNode::plain(0, Digest::of(b"")));
        Tree::new(vec![Entry { path: path.parse().unwrap(), node }]).unwrap().encode()
    };
    for (good, bad) in
        [("ab", ".."), ("a", "."), ("/x", ""), ("abcd", "a/.."), ("abcd", "../d"), ("ab", "/b"), ("ab", "a\0")]
    {
        let good = if good.starts_with('/') { "ax" } else { good };
        let bytes = tree(good);
        let at = bytes.windows(good.len()).rposition(|window| window == good.as_bytes()).unwrap();
        let mut hostile = bytes.clone();
        if bad.is_empty() {
            hostile[at - 1] = 0;
            hostile.drain(at..at + good.len());
        } else {
            hostile[at..at + good.len()].copy_from_slice(bad.as_bytes());
        }
        let read = Tree::decode(&hostile, &Limits::default());
        assert!(matches!(read, Err(DecodeError::Illegal { .. })), "{bad:?}: {read:?}");
    }
}

#[test]
fn a_tree_whose_file_is_a_folder_too_is_refused() {
    let file =
        |path: &str| Entry { path: path.parse().unwrap(), node: Node::File(FileNode::plain(0, Digest::of(b""))) };
    let folder = Entry { path: "dir".parse().unwrap(), node: Node::Directory(FolderNode::default()) };
    let mut bytes = Tree::new(vec![folder, file("dir/f"), file("fil")]).unwrap().encode();
    let at = bytes.windows(5).position(|window| window == b"dir/f").unwrap();
    bytes[at..at + 3].copy_from_slice(b"fil");
    assert!(Tree::decode(&bytes, &Limits::default()).is_err());
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
