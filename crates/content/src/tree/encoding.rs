//! The canonical encoding of a tree. One tree has one encoding: the decoder refuses every other spelling of the same entries.
//!
//! Version 2 is for trees with links that lead out, and for no others, so that the digest of every other tree stays what it was
//! and a reader of version 1 says that it is too old instead of finding the tree damaged.

use crate::codec::{self, DecodeError, Reader, put_prefixed, put_varint};
use crate::limits::Limits;
use crate::path::{InvalidPath, LinkTarget, OutsideTarget, PathProblem, TreePath};
use crate::tree::{Entry, FileNode, InvalidTree, Node, Tree};

const MAGIC: &[u8; 8] = b"DRAYTREE";
const VERSION: u16 = 1;
const VERSION_WITH_OUTSIDE_LINKS: u16 = 2;
const WHAT: &str = "tree";

const DIRECTORY: u8 = 0;
const FILE: u8 = 1;
const EXECUTABLE: u8 = 2;
const LINK: u8 = 3;
const OUTSIDE_LINK: u8 = 4;

pub(super) fn encode(tree: &Tree) -> Vec<u8> {
    let mut out = Vec::with_capacity(32 + tree.entries.len() * 80);
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&version(&tree.entries).to_le_bytes());
    put_varint(&mut out, tree.entries.len() as u64);
    for entry in &tree.entries {
        out.push(kind(&entry.node));
        put_prefixed(&mut out, entry.path.as_str().as_bytes());
        match &entry.node {
            Node::Directory => {}
            Node::File(file) => {
                put_varint(&mut out, file.size);
                out.extend_from_slice(file.digest.as_bytes());
            }
            Node::Link(target) => put_prefixed(&mut out, target.as_str().as_bytes()),
            Node::OutsideLink(target) => put_prefixed(&mut out, target.as_str().as_bytes()),
        }
    }
    out
}

/// The only version in which these entries may be encoded.
fn version(entries: &[Entry]) -> u16 {
    let leads_out = entries.iter().any(|entry| matches!(entry.node, Node::OutsideLink(_)));
    if leads_out { VERSION_WITH_OUTSIDE_LINKS } else { VERSION }
}

fn kind(node: &Node) -> u8 {
    match node {
        Node::Directory => DIRECTORY,
        Node::File(FileNode { executable: false, .. }) => FILE,
        Node::File(FileNode { executable: true, .. }) => EXECUTABLE,
        Node::Link(_) => LINK,
        Node::OutsideLink(_) => OUTSIDE_LINK,
    }
}

pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Tree, DecodeError> {
    codec::within("bytes of a tree", bytes.len() as u64, limits.tree_bytes_max)?;
    let mut reader = Reader::new(WHAT, bytes);
    let found = reader.magic_up_to(MAGIC, VERSION_WITH_OUTSIDE_LINKS)?;
    let count = reader.count("entries of a tree", limits.entries_max, 3)?;
    let mut entries: Vec<Entry> = Vec::with_capacity(count);
    let mut total = 0u64;
    for _ in 0..count {
        let entry = decode_entry(&mut reader)?;
        if entries.last().is_some_and(|before| before.path >= entry.path) {
            return Err(reader.malformed("entries are not sorted by path"));
        }
        if let Node::File(file) = &entry.node {
            total = total.checked_add(file.size).ok_or(InvalidTree::TooLarge)?;
        }
        entries.push(entry);
    }
    reader.end()?;
    if found != version(&entries) {
        return Err(reader.malformed("its version is not that of its entries"));
    }
    codec::within("bytes of a tree's files", total, limits.total_bytes_max)?;
    Ok(Tree::new(entries)?)
}

fn decode_entry(reader: &mut Reader<'_>) -> Result<Entry, DecodeError> {
    let kind = reader.u8()?;
    let path: TreePath = text(reader)?.parse()?;
    let node = match kind {
        DIRECTORY => Node::Directory,
        FILE | EXECUTABLE => {
            let size = reader.varint()?;
            Node::File(FileNode { size, executable: kind == EXECUTABLE, digest: reader.digest()? })
        }
        LINK => {
            let given = text(reader)?;
            let target = LinkTarget::parse(given)?;
            if target.as_str() != given {
                return Err(InvalidPath::new(given, PathProblem::Dots).into());
            }
            Node::Link(target)
        }
        OUTSIDE_LINK => Node::OutsideLink(OutsideTarget::parse_at(&path, text(reader)?)?),
        _ => return Err(reader.malformed("an entry has an unknown kind")),
    };
    Ok(Entry { path, node })
}

fn text<'a>(reader: &mut Reader<'a>) -> Result<&'a str, DecodeError> {
    let bytes = reader.prefixed()?;
    std::str::from_utf8(bytes).map_err(|_| reader.malformed("a path is not UTF-8"))
}
