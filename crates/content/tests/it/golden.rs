//! Golden files: what was written once is read forever, and a tree's encoding never changes.

use std::path::PathBuf;

use dray_content::manifest::{Chunk, PackInfo, Piece, Recipe, difference};
use dray_content::pack::{self, PackSummary, PackWriter, PackedChunk};
use dray_content::relocation::Map;
use dray_content::update::{BasePart, Forms, OutputPart, PackedAt, Place, Relocation, Segment};
use dray_content::{
    Entry, Extension, FileMode, FileNode, FolderMode, FolderNode, Limits, LinkTarget, Manifest, ModifiedAt, Node,
    OutsideTarget, Tree, TreePath, Update,
};
use dray_model::Digest;

fn golden(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn tree() -> Tree {
    let modified = |secs| ModifiedAt::from_secs(secs).unwrap();
    let file = |path: &str, bytes: &[u8], mode, secs| Entry {
        path: path.parse().unwrap(),
        node: Node::File(FileNode {
            mode: FileMode::from_bits(mode).unwrap(),
            modified: modified(secs),
            ..FileNode::plain(bytes.len() as u64, Digest::of(bytes))
        }),
    };
    let folder = FolderNode { mode: FolderMode::from_bits(0o1770).unwrap(), modified: modified(1_700_000_000) };
    let entries = vec![
        Entry { path: "bin".parse().unwrap(), node: Node::Directory(folder) },
        file("bin/run", &[b'x'; 1000], 0o755, 1_700_000_000),
        Entry { path: "bin/same".parse().unwrap(), node: Node::Link(LinkTarget::parse("../bin/run").unwrap()) },
        file("empty", b"", 0o600, 0),
        file("größe", b"raw bytes", 0o644, 1_700_000_005),
    ];
    Tree::new(entries).unwrap()
}

/// The golden pack: a compressed chunk of 1003 bytes that both files share, and a raw one of 6.
fn pack() -> PackSummary {
    let bytes = golden("pack");
    pack::verify(std::io::Cursor::new(&bytes), &Digest::of(&bytes), &Limits::default()).unwrap()
}

fn chunks() -> Vec<Chunk> {
    let chunk = |packed: PackedChunk| Chunk {
        digest: packed.digest,
        length: packed.length,
        pack: 0,
        offset: packed.offset,
        stored_length: packed.stored_length,
    };
    pack().chunks.into_iter().map(chunk).collect()
}

fn manifest() -> Manifest {
    let pack = PackInfo { digest: Digest::of(&golden("pack")), size: pack().size };
    let chunks = chunks();
    let recipes = vec![
        Recipe { content: Digest::of(&[b'x'; 1000]), pieces: vec![Piece { chunk: 0, offset: 0, length: 1000 }] },
        Recipe {
            content: Digest::of(b"raw bytes"),
            pieces: vec![Piece { chunk: 0, offset: 1000, length: 3 }, Piece { chunk: 1, offset: 0, length: 6 }],
        },
    ];
    Manifest::new(tree(), &[pack], &chunks, recipes).unwrap()
}

#[test]
fn the_encoding_of_a_tree_is_frozen() {
    assert_eq!(tree().encode(), golden("tree"));
    assert_eq!(tree().digest().to_string(), "7165fec9c6422dbabe4550887e18506d41ab990e415f0a06b985f7f7c3681aca");
}

/// The same with names that only Unix can hold, a link that leads out, and what later versions may say.
fn tree_with_all() -> Tree {
    let path: TreePath = "bin/java".parse().unwrap();
    let target = OutsideTarget::parse_at(&path, b"/etc//alternatives/java").unwrap();
    let link = Entry { path, node: Node::OutsideLink(target) };
    let names = [&b"AUX"[..], b"Bin:caf\xe9", b"bin/RUN"].map(|name| {
        let node = Node::File(FileNode::plain(0, Digest::of(b"")));
        Entry { path: TreePath::new(name).unwrap(), node }
    });
    let entries = tree().entries().iter().cloned().chain([link]).chain(names).collect();
    let extension = |name: &str, is_required| Extension { name: name.into(), is_required, bytes: name.into() };
    Tree::with_extensions(entries, vec![extension("owners", true), extension("comments", false)]).unwrap()
}

#[test]
fn the_encoding_of_a_tree_with_all_that_there_may_be_is_frozen() {
    assert_eq!(tree_with_all().encode(), golden("tree-all"));
    assert_eq!(Tree::decode(&golden("tree-all"), &Limits::default()).unwrap(), tree_with_all());
    assert_eq!(tree_with_all().requires(), ["outside_links", "owners", "unix_names"]);
}

#[test]
fn a_manifest_of_version_1_is_read() {
    assert_eq!(Manifest::decode(&golden("manifest"), &tree().digest(), &Limits::default()).unwrap(), manifest());
}

/// A manifest before that: of the one file that is a chunk of its own.
fn earlier() -> Manifest {
    let digest = Digest::of(b" bytes");
    let node = Node::File(FileNode::plain(6, digest));
    let tree = Tree::new(vec![Entry { path: "run".parse().unwrap(), node }]).unwrap();
    let pack = PackInfo { digest: Digest::of(&golden("pack")), size: pack().size };
    let recipe = Recipe { content: digest, pieces: vec![Piece { chunk: 1, offset: 0, length: 6 }] };
    Manifest::new(tree, &[pack], &chunks(), vec![recipe]).unwrap()
}

#[test]
fn a_manifest_difference_of_version_1_is_read() {
    let known = [chunks()[0].digest];
    let bytes = golden("manifest-difference");
    let read = difference::decode(&bytes, &tree(), &earlier(), &known, &Limits::default()).unwrap();
    assert_eq!(read, manifest());
}

#[test]
fn a_pack_of_version_1_is_verified() {
    let chunks = chunks();
    let grouped = [&[b'x'; 1000][..], b"raw"].concat();
    let seen: Vec<_> = chunks.iter().map(|chunk| (chunk.digest, chunk.offset, chunk.length)).collect();
    assert_eq!(seen, [(Digest::of(&grouped), 16, 1003), (Digest::of(b" bytes"), chunks[0].end(), 6)]);
    assert!(chunks[0].is_compressed() && !chunks[1].is_compressed());
}

#[test]
fn a_raw_pack_is_written_byte_for_byte_as_ever() {
    let mut writer = PackWriter::new(Vec::new()).unwrap();
    writer.append(Digest::of(b"raw"), 3, b"raw").unwrap();
    let finished = writer.finish().unwrap();
    let index = [&Digest::of(b"raw").as_bytes()[..], &[3, 0, 0, 0, 3, 0, 0, 0]].concat();
    let expected = [
        b"DRAYPACK\x01\0\0\0\0\0\0\0raw",
        &index[..],
        &[1, 0, 0, 0, 0, 0, 0, 0],
        Digest::of(&index).as_bytes(),
        b"DRAYPEND",
    ]
    .concat();
    assert_eq!(finished.out, expected);
}

/// The update from a tree that has one of the files, another in its place and one more: `größe` from a segment of a range of that,
/// the rest is there.
fn update() -> (Tree, Update) {
    let file = |path: &str, bytes: &[u8]| Entry {
        path: path.parse().unwrap(),
        node: Node::File(FileNode::plain(bytes.len() as u64, Digest::of(bytes))),
    };
    let from = Tree::new(vec![file("größe", b"raw bites"), file("run", &[b'x'; 1000])]).unwrap();
    let segment = |base, output, offset: u64, stored: &[u8]| Segment {
        base,
        output: vec![output],
        place: Place::Packed(PackedAt { pack: 0, offset, length: stored.len() as u32, digest: Digest::of(stored) }),
        digest: Some(Digest::of(b"an output")),
    };
    let content = Digest::of(b"raw bytes");
    let base = BasePart { content: Digest::of(b"raw bites"), offset: 2, length: 4 };
    let segments = vec![
        segment(vec![base], OutputPart { content, offset: 0, length: 6 }, 16, b"first"),
        segment(vec![], OutputPart { content, offset: 6, length: 3 }, 23, b"second"),
    ];
    let packs = vec![PackInfo { digest: Digest::of(b"a pack"), size: 1000 }];
    let manifest = Manifest::new(tree(), &[], &[], vec![]).unwrap();
    let map = Map::new([(0x1000, 16), (0x2000, -48)], [1..2, 5..9]).unwrap();
    let relocation = Relocation { content: base.content, offset: 1, length: 8, map: map.into() };
    let update = Update {
        from: from.digest(),
        manifest,
        packs,
        segments,
        relocations: vec![relocation],
        forms: Forms::default(),
    };
    (from, update)
}

/// The same, with the end of `größe` from a segment that is carried.
fn update_with_carried() -> (Tree, Update) {
    let (from, mut update) = update();
    let mut carried = update.segments.pop().unwrap();
    carried.place = Place::Carried(b"carried".as_slice().into());
    update.segments.insert(0, carried);
    (from, update)
}

#[test]
fn an_update_of_version_2_is_read() {
    let (from, update) = update_with_carried();
    let read = Update::decode(&golden("update-2"), &from, &tree().digest(), &Limits::default());
    assert_eq!(read.unwrap(), update);
}

/// A base and what differences make from it: moved, changed in places, and with new bytes put in.
fn base_and_new() -> (Vec<u8>, Vec<u8>) {
    let base: Vec<u8> = (0..600u32).flat_map(|n| (n * n).to_le_bytes()).collect();
    let mut new = base[1200..].to_vec();
    new.iter_mut().skip(40).step_by(9).take(80).for_each(|byte| *byte = byte.wrapping_add(7));
    new.extend_from_slice(&base[..1200]);
    let text = (0..40).map(|n| format!("line {n} of {}\n", n * n)).collect::<String>();
    new.splice(900..900, text.bytes());
    (base, new)
}

#[test]
fn differences_of_both_levels_are_applied() {
    let (base, new) = base_and_new();
    for name in ["difference", "difference-background"] {
        let mut out = Vec::new();
        dray_content::difference::apply(&base.as_slice(), &golden(name), new.len() as u64, &mut out).unwrap();
        assert_eq!(out, new, "{name}");
    }
}
