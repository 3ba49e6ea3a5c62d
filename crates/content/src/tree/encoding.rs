//! The canonical encoding of a tree. One tree has one encoding: the decoder refuses every other spelling of the same entries.
//!
//! Entries come first and their times behind them, so that an update of a package that was built again, and has other times
//! everywhere, still finds the entries as they were.

use std::collections::HashMap;

use super::extension::{Extension, is_name};
use super::{Entry, FileNode, FolderNode, InvalidTree, Node, Tree};
use crate::attributes::{FileMode, FolderMode, ModifiedAt};
use crate::codec::{self, DecodeError, Reader, put_prefixed, put_signed, put_varint};
use crate::limits::Limits;
use crate::path::{InvalidPath, LinkTarget, OutsideTarget, PathProblem, TreePath};

const MAGIC: &[u8; 8] = b"DRAYTREE";
/// Versions 1 and 2 were those of development.
const VERSION: u16 = 3;
const WHAT: &str = "tree";

const DIRECTORY: u8 = 0;
const FILE: u8 = 1;
const LINK: u8 = 2;
const OUTSIDE_LINK: u8 = 3;

const NO_MODE: &str = "an entry has permissions that are not allowed in a tree";

/// What stands for a time that is not among those before.
const NEW_TIME: u64 = 0;

pub(super) fn encode(tree: &Tree) -> Vec<u8> {
    let mut out = Vec::with_capacity(32 + tree.entries.len() * 80);
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&VERSION.to_le_bytes());
    let requires = tree.requires();
    put_varint(&mut out, requires.len() as u64);
    requires.iter().for_each(|name| put_prefixed(&mut out, name.as_bytes()));
    put_varint(&mut out, tree.entries.len() as u64);
    tree.entries.iter().for_each(|entry| put_entry(&mut out, entry));
    put_times(&mut out, &tree.entries);
    put_varint(&mut out, tree.extensions.len() as u64);
    for extension in &tree.extensions {
        put_prefixed(&mut out, extension.name.as_bytes());
        put_prefixed(&mut out, &extension.bytes);
    }
    out
}

fn put_entry(out: &mut Vec<u8>, entry: &Entry) {
    let path = entry.path.as_bytes();
    match &entry.node {
        Node::Directory(folder) => {
            out.push(DIRECTORY);
            put_varint(out, folder.mode.bits().into());
            put_prefixed(out, path);
        }
        Node::File(file) => {
            out.push(FILE);
            put_varint(out, file.mode.bits().into());
            put_prefixed(out, path);
            put_varint(out, file.size);
            out.extend_from_slice(file.digest.as_bytes());
        }
        Node::Link(target) => {
            out.push(LINK);
            put_prefixed(out, path);
            put_prefixed(out, target.as_str().as_bytes());
        }
        Node::OutsideLink(target) => {
            out.push(OUTSIDE_LINK);
            put_prefixed(out, path);
            put_prefixed(out, target.as_bytes());
        }
    }
}

/// For each folder and file which of the times before it has, then the times themselves: most packages have few different ones.
fn put_times(out: &mut Vec<u8>, entries: &[Entry]) {
    let mut numbers: HashMap<ModifiedAt, u64> = HashMap::new();
    let mut new = Vec::new();
    let mut before = 0i64;
    for time in entries.iter().filter_map(|entry| time_of(&entry.node)) {
        let next = numbers.len() as u64 + 1;
        let number = *numbers.entry(time).or_insert(next);
        if number == next {
            put_varint(out, NEW_TIME);
            put_signed(&mut new, time.secs() as i64 - before);
            before = time.secs() as i64;
        } else {
            put_varint(out, number);
        }
    }
    out.extend_from_slice(&new);
}

const fn time_of(node: &Node) -> Option<ModifiedAt> {
    match node {
        Node::Directory(folder) => Some(folder.modified),
        Node::File(file) => Some(file.modified),
        Node::Link(_) | Node::OutsideLink(_) => None,
    }
}

pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Tree, DecodeError> {
    codec::within("bytes in a tree", bytes.len() as u64, limits.tree_bytes_max)?;
    let mut reader = Reader::new(WHAT, bytes);
    reader.magic(MAGIC, VERSION)?;
    let requires = read_requires(&mut reader)?;
    let mut entries = read_entries(&mut reader, limits)?;
    read_times(&mut reader, &mut entries)?;
    let extensions = read_extensions(&mut reader, &requires)?;
    reader.end()?;
    let tree = Tree::with_extensions(entries, extensions)?;
    if tree.requires() == requires {
        Ok(tree)
    } else {
        Err(reader.malformed("what it requires does not match what it contains"))
    }
}

fn read_requires(reader: &mut Reader<'_>) -> Result<Vec<String>, DecodeError> {
    let count = reader.count("requirements of a tree", 2 + Extension::COUNT_MAX, 2)?;
    (0..count).map(|_| read_name(reader)).collect()
}

fn read_name(reader: &mut Reader<'_>) -> Result<String, DecodeError> {
    let name = reader.prefixed()?;
    let text = std::str::from_utf8(name).ok().filter(|_| is_name(name));
    text.map(str::to_owned).ok_or_else(|| reader.malformed("the name of a requirement or an extension is not valid"))
}

fn read_entries(reader: &mut Reader<'_>, limits: &Limits) -> Result<Vec<Entry>, DecodeError> {
    let count = reader.count("entries in a tree", limits.entries_max, 3)?;
    let mut entries: Vec<Entry> = Vec::with_capacity(count);
    let mut total = 0u64;
    for _ in 0..count {
        let entry = read_entry(reader)?;
        if entries.last().is_some_and(|before| before.path >= entry.path) {
            return Err(reader.malformed("entries are not sorted by path"));
        }
        if let Node::File(file) = &entry.node {
            total = total.checked_add(file.size).ok_or(InvalidTree::TooLarge)?;
        }
        entries.push(entry);
    }
    codec::within("bytes in a tree's files", total, limits.total_bytes_max)?;
    Ok(entries)
}

fn read_entry(reader: &mut Reader<'_>) -> Result<Entry, DecodeError> {
    let kind = reader.u8()?;
    let mode = if matches!(kind, DIRECTORY | FILE) { reader.varint()? } else { 0 };
    let path = TreePath::new(reader.prefixed()?)?;
    let node = match kind {
        DIRECTORY => {
            let mode = FolderMode::from_bits(mode).ok_or_else(|| reader.malformed(NO_MODE))?;
            Node::Directory(FolderNode { mode, ..FolderNode::default() })
        }
        FILE => {
            let mode = FileMode::from_bits(mode).ok_or_else(|| reader.malformed(NO_MODE))?;
            let size = reader.varint()?;
            Node::File(FileNode { mode, ..FileNode::plain(size, reader.digest()?) })
        }
        LINK => Node::Link(read_target(reader)?),
        OUTSIDE_LINK => Node::OutsideLink(OutsideTarget::parse_at(&path, reader.prefixed()?)?),
        _ => return Err(reader.malformed("an entry has an unknown kind")),
    };
    Ok(Entry { path, node })
}

fn read_target(reader: &mut Reader<'_>) -> Result<LinkTarget, DecodeError> {
    let given = reader.prefixed()?;
    let text = std::str::from_utf8(given).map_err(|_| InvalidPath::new(given, PathProblem::NotUtf8))?;
    let target = LinkTarget::parse(text)?;
    if target.as_str() == text { Ok(target) } else { Err(InvalidPath::new(given, PathProblem::Dots).into()) }
}

fn read_times(reader: &mut Reader<'_>, entries: &mut [Entry]) -> Result<(), DecodeError> {
    let timed = entries.iter().filter(|entry| time_of(&entry.node).is_some()).count();
    let mut numbers = Vec::with_capacity(timed);
    let mut new = 0u64;
    for _ in 0..timed {
        let number = reader.varint()?;
        if number > new {
            return Err(reader.malformed("an entry refers to a time that does not exist"));
        }
        new += u64::from(number == NEW_TIME);
        numbers.push(if number == NEW_TIME { new } else { number });
    }
    let times = read_new_times(reader, new)?;
    let nodes = entries.iter_mut().map(|entry| &mut entry.node);
    let timed = nodes.filter_map(|node| match node {
        Node::Directory(folder) => Some(&mut folder.modified),
        Node::File(file) => Some(&mut file.modified),
        Node::Link(_) | Node::OutsideLink(_) => None,
    });
    timed.zip(numbers).for_each(|(modified, number)| *modified = times[number as usize - 1]);
    Ok(())
}

/// The different times in order of their first appearance.
fn read_new_times(reader: &mut Reader<'_>, count: u64) -> Result<Vec<ModifiedAt>, DecodeError> {
    let mut times = Vec::new();
    let mut seen = std::collections::HashSet::new();
    let mut before = 0i64;
    for _ in 0..count {
        let secs = before.checked_add(reader.signed()?).and_then(|secs| u64::try_from(secs).ok());
        let time = secs.and_then(ModifiedAt::from_secs).ok_or_else(|| reader.malformed("a time is out of range"))?;
        if !seen.insert(time) {
            return Err(reader.malformed("a time appears twice"));
        }
        before = time.secs() as i64;
        times.push(time);
    }
    Ok(times)
}

fn read_extensions(reader: &mut Reader<'_>, requires: &[String]) -> Result<Vec<Extension>, DecodeError> {
    let count = reader.count("extensions in a tree", Extension::COUNT_MAX, 2)?;
    let mut extensions: Vec<Extension> = Vec::with_capacity(count);
    for _ in 0..count {
        let name = read_name(reader)?;
        if extensions.last().is_some_and(|before| before.name >= name) {
            return Err(reader.malformed("extensions are not sorted by name"));
        }
        let is_required = requires.contains(&name);
        extensions.push(Extension { name, is_required, bytes: reader.prefixed()?.to_vec() });
    }
    Ok(extensions)
}
