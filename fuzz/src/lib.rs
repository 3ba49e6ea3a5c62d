//! What bytes from outside are thrown at: one function for each decoder, called by a fuzz target and, on every run of the tests, by
//! `crates/content/tests/it/fuzz.rs`.
//!
//! A function may take any bytes. It ends without a panic, in memory that the bytes can't choose, and checks what must hold of whatever
//! is accepted. Digests and compression would keep a fuzzer out, so where a format has them they are put around the bytes here.

use std::collections::BTreeSet;
use std::io::Cursor;
use std::num::NonZeroUsize;

use dray_content::container::{self, Layout};
use dray_content::ingest::SourceIndex;
use dray_content::manifest::{self, Header};
use dray_content::read_at::ReadAt;
use dray_content::{Entry, FileNode, Limits, Manifest, Node, Tree, Update, difference, pack};
use dray_model::Digest;

/// Limits under which a run stays quick.
fn limits() -> Limits {
    Limits { total_bytes_max: 1 << 20, chunk_bytes_max: 1 << 16, ..Limits::default() }
}

/// Decodes a tree.
pub fn tree(data: &[u8]) {
    if let Ok(tree) = Tree::decode(data, &limits()) {
        assert_eq!(tree.encode(), data, "a tree has one encoding");
    }
}

/// Decodes a source index whose files are `data`.
pub fn source_index(data: &[u8]) {
    let mut bytes = b"DRAYSIDX\x01\0".to_vec();
    bytes.extend_from_slice(data);
    bytes.extend_from_slice(Digest::of(&bytes).as_bytes());
    if let Ok(index) = SourceIndex::decode(&bytes, &limits()) {
        assert_eq!(index.encode(), bytes, "an index has one encoding");
    }
}

/// Decodes a manifest: as it is, and with `data` as a table of packs and one block of a good manifest.
pub fn manifest(data: &[u8]) {
    let _ = Header::decode(data, &limits());
    let (tree, contents) = sample_tree(b"wanted");
    let Some((&split, data)) = data.split_first() else { return };
    let (packs, block) = data.split_at(usize::from(split).min(data.len()));
    let stored = zstd_raw(block, Some(ZSTD_MAGIC));
    let mut index = vec![1];
    index.extend_from_slice(packs);
    index.push(1);
    varint(&mut index, contents);
    varint(&mut index, stored.len() as u64);
    varint(&mut index, block.len() as u64);
    index.extend_from_slice(Digest::of(&stored).as_bytes());
    let encoded = tree.encode();
    let sections = [
        (1, zstd_raw(&encoded, Some(ZSTD_MAGIC)), encoded.len()),
        (2, zstd_raw(&index, Some(ZSTD_MAGIC)), index.len()),
        (3, stored, block.len()),
    ];
    let content = Digest::of(&encoded);
    if let Ok(manifest) = Manifest::decode(&around_sections(&content, &sections), &content, &limits()) {
        let again = manifest.encode().expect("a decoded manifest is complete");
        assert_eq!(Manifest::decode(&again, &content, &limits()).expect("what was written reads"), manifest);
    }
}

/// Decodes a manifest difference behind its compression.
pub fn manifest_difference(data: &[u8]) {
    let nothing = Tree::new(Vec::new()).expect("a tree may be empty");
    let old = Manifest::new(nothing, &[], &[], Vec::new()).expect("an empty tree needs nothing");
    let (tree, _) = sample_tree(b"wanted");
    let mut bytes = b"DRAYMDIF\x01\0".to_vec();
    varint(&mut bytes, data.len() as u64);
    bytes.extend(zstd_raw(data, None));
    let known = [Digest::of(b"known")];
    if let Ok(manifest) = manifest::difference::decode(&bytes, &tree, &old, &known, &limits()) {
        let again = manifest::difference::encode(&manifest, &old, &known).expect("a decoded manifest is complete");
        let read = manifest::difference::decode(&again, &tree, &old, &known, &limits());
        assert_eq!(read.expect("what was written reads"), manifest);
    }
}

/// Reads a pack whose index is the end of `data`.
pub fn pack(data: &[u8]) {
    const ENTRY_BYTES: usize = 40;
    let Some((&entries, data)) = data.split_first() else { return };
    let entries = usize::from(entries).min(data.len() / ENTRY_BYTES);
    let index = &data[data.len() - entries * ENTRY_BYTES..];
    let mut bytes = b"DRAYPACK\x01\0\0\0\0\0\0\0".to_vec();
    bytes.extend_from_slice(data);
    bytes.extend_from_slice(&(entries as u64).to_le_bytes());
    bytes.extend_from_slice(Digest::of(index).as_bytes());
    bytes.extend_from_slice(b"DRAYPEND");
    let _ = pack::verify(Cursor::new(&bytes), &Digest::of(&bytes), &limits());
}

/// Decodes an update from one tree to another, in which `data` follows the wanted tree.
pub fn update(data: &[u8]) {
    let (from, _) = sample_tree(b"held");
    let (wanted, _) = sample_tree(b"wanted");
    let wanted = wanted.encode();
    let mut plain = Vec::new();
    varint(&mut plain, wanted.len() as u64);
    plain.extend_from_slice(&wanted);
    plain.extend_from_slice(data);
    let mut bytes = b"DRAYUPDT\x02\0".to_vec();
    bytes.extend_from_slice(Digest::of(&from.encode()).as_bytes());
    varint(&mut bytes, plain.len() as u64);
    bytes.extend(zstd_raw(&plain, None));
    let to = Digest::of(&wanted);
    if let Ok(update) = Update::decode(&bytes, &from, &to, &limits()) {
        let again = update.encode(&from).expect("a decoded update is complete");
        assert_eq!(Update::decode(&again, &from, &to, &limits()).expect("what was written reads"), update);
    }
}

/// Applies a difference to a base, for an output whose length is the first two bytes.
pub fn difference(data: &[u8]) {
    let Some((length, data)) = data.split_first_chunk::<2>() else { return };
    let length = u16::from_le_bytes(*length);
    let base: Vec<u8> = (0..4000u32).flat_map(|n| (n * n).to_le_bytes()).collect();
    let mut out = Vec::new();
    if difference::apply(&base.as_slice(), data, length.into(), &mut out).is_ok() {
        assert_eq!(out.len(), usize::from(length), "a difference makes as much as it was asked for");
    }
}

/// Opens a file and closes it again.
pub fn container(data: &[u8]) {
    let opened = container::open(&data, &BTreeSet::new(), &limits(), NonZeroUsize::MIN);
    let Some(opened) = opened.expect("bytes in memory can be read") else { return };
    let mut form = Vec::new();
    container::inflate(&opened.layout, data, &mut form).expect("a file is inflated by its own layout");
    let mut file = Vec::new();
    container::rebuild(&opened.layout, &opened.corrections, None, form.as_slice(), &mut file)
        .expect("what was opened closes");
    assert!(file == data, "a file is rebuilt bit for bit");
}

/// Decodes the layout at the beginning of `data`, and takes the rest for its file and for its opened form.
pub fn container_layout(data: &[u8]) {
    let Some((&split, data)) = data.split_first() else { return };
    let (layout, file) = data.split_at(usize::from(split).min(data.len()));
    let Ok(decoded) = Layout::decode(layout, &limits()) else { return };
    assert_eq!(decoded.encode(), layout, "a layout has one encoding");
    let (mut form, mut rebuilt) = (Vec::new(), Vec::new());
    if container::inflate(&decoded, file, &mut form).is_ok() {
        assert_eq!(form.len() as u64, decoded.opened_length());
    }
    let _ = container::rebuild(&decoded, file, Some(&file), file, &mut rebuilt);
    assert!(rebuilt.len() as u64 <= decoded.stored_length(), "no more is made than was declared");
}

/// Rebuilds a container of one stream by the corrections `data`, alone and with another file to borrow from. The stream's length is the first two bytes.
pub fn corrections(data: &[u8]) {
    let Some((length, data)) = data.split_first_chunk::<2>() else { return };
    let stored = u64::from(u16::from_le_bytes(*length)).max(1);
    let text: Vec<u8> = (0..900u32).flat_map(|n| format!("{} and ", n * n % 271).into_bytes()).collect();
    let mut layout = vec![1, 1, 0];
    varint(&mut layout, stored);
    varint(&mut layout, text.len() as u64);
    layout.extend([0, 0]);
    let layout = Layout::decode(&layout, &limits()).expect("a layout of one stream is legal");
    let mut corrections = vec![1];
    varint(&mut corrections, data.len() as u64);
    corrections.extend_from_slice(data);
    let borrowing = [&[2][..], &[0; 32], &corrections[1..]].concat();
    for corrections in [corrections, borrowing] {
        let mut rebuilt = Vec::new();
        let lender: &(dyn ReadAt + Sync) = &LENDER;
        if container::rebuild(&layout, &corrections, Some(lender), text.as_slice(), &mut rebuilt).is_ok() {
            assert_eq!(rebuilt.len() as u64, stored, "a stream is as long as was declared");
        }
    }
}

/// A deflate stream of the literals `abcdefgh`.
const LENDER: &[u8] = &[75, 76, 74, 78, 73, 77, 75, 207, 0, 0];

/// A tree with some files, most of them with contents of its own, and how many contents it has.
fn sample_tree(own: &[u8]) -> (Tree, u64) {
    let file = |path: &str, seed: &[u8], size| Entry {
        path: path.parse().expect("the path is legal"),
        node: Node::File(FileNode::plain(size, Digest::of(seed))),
    };
    let first = [own, b"1"].concat();
    let second = [own, b"2"].concat();
    let entries =
        vec![file("a", b"both", 70_000), file("b", &first, 300), file("c", &second, 5), file("d", &first, 300)];
    (Tree::new(entries).expect("the entries make a tree"), 3)
}

fn around_sections(content: &Digest, sections: &[(u8, Vec<u8>, usize)]) -> Vec<u8> {
    let mut bytes = b"DRAYMANI\x01\0".to_vec();
    bytes.push(sections.len() as u8);
    bytes.extend_from_slice(content.as_bytes());
    for (kind, stored, length) in sections {
        bytes.push(*kind);
        bytes.extend_from_slice(&(stored.len() as u64).to_le_bytes());
        bytes.extend_from_slice(&(*length as u64).to_le_bytes());
        bytes.extend_from_slice(Digest::of(stored).as_bytes());
    }
    bytes.extend_from_slice(Digest::of(&bytes).as_bytes());
    bytes.extend(sections.iter().flat_map(|(_, stored, _)| stored.iter().copied()));
    bytes
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

const ZSTD_MAGIC: [u8; 4] = 0xfd2f_b528u32.to_le_bytes();

/// A zstd frame that holds `plain` as it is (RFC 8878, 3.1.1).
fn zstd_raw(plain: &[u8], magic: Option<[u8; 4]>) -> Vec<u8> {
    const BLOCK_BYTES_MAX: usize = 128 << 10;
    const WINDOW_128_KIB: u8 = 7 << 3;
    let mut frame = Vec::from_iter(magic.into_iter().flatten());
    frame.extend([0, WINDOW_128_KIB]);
    let mut blocks = plain.chunks(BLOCK_BYTES_MAX).peekable();
    if blocks.peek().is_none() {
        frame.extend([1, 0, 0]);
    }
    while let Some(block) = blocks.next() {
        let header = (block.len() as u32) << 3 | u32::from(blocks.peek().is_none());
        frame.extend_from_slice(&header.to_le_bytes()[..3]);
        frame.extend_from_slice(block);
    }
    frame
}
