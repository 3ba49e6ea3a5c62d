//! The encoding of a source index. One index has one encoding.

use dray_model::Digest;

use super::{IndexedFile, SourceIndex};
use crate::codec::{self, DecodeError, Reader, put_prefixed, put_signed, put_varint};
use crate::limits::Limits;
use crate::path::TreePath;
use crate::scan::Stamp;

const MAGIC: &[u8; 8] = b"DRAYSIDX";
const VERSION: u16 = 1;
const WHAT: &str = "source index";
/// An entry has at least a digest, five numbers and a path of one byte.
const ENTRY_BYTES_MIN: usize = Digest::LENGTH + 5 + 2;

pub(super) fn encode(index: &SourceIndex) -> Vec<u8> {
    let mut out = Vec::with_capacity(64 + index.files.len() * 128);
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&VERSION.to_le_bytes());
    put_varint(&mut out, index.files.len() as u64);
    let mut before = NOTHING;
    for file in &index.files {
        put_prefixed(&mut out, file.path.as_bytes());
        put_stamp(&mut out, &file.stamp, &before);
        out.extend_from_slice(file.content.as_bytes());
        before = file.stamp;
    }
    let digest = Digest::of(&out);
    out.extend_from_slice(digest.as_bytes());
    out
}

/// What the first stamp is told apart from.
const NOTHING: Stamp = Stamp { size: 0, modified_ns: 0, changed_ns: 0, inode: 0, device: 0 };

/// Files of a folder mostly came at once, to one device, so their stamps are told as distances.
fn put_stamp(out: &mut Vec<u8>, stamp: &Stamp, before: &Stamp) {
    put_varint(out, stamp.size);
    put_signed(out, stamp.modified_ns.wrapping_sub(before.modified_ns));
    put_signed(out, stamp.changed_ns.wrapping_sub(before.changed_ns));
    put_signed(out, stamp.inode.wrapping_sub(before.inode) as i64);
    put_signed(out, stamp.device.wrapping_sub(before.device) as i64);
}

pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<SourceIndex, DecodeError> {
    codec::within("bytes in a source index", bytes.len() as u64, limits.tree_bytes_max)?;
    let mut reader = Reader::new(WHAT, bytes);
    reader.magic(MAGIC, VERSION)?;
    let (body, digest) = bytes.split_last_chunk().ok_or(DecodeError::Truncated { what: WHAT })?;
    if Digest::of(body).as_bytes() != digest {
        return Err(DecodeError::Damaged { what: WHAT });
    }
    let count = reader.count("files in a source index", limits.entries_max, ENTRY_BYTES_MIN)?;
    let mut files: Vec<IndexedFile> = Vec::with_capacity(count);
    let mut before = NOTHING;
    for _ in 0..count {
        let path = read_path(&mut reader)?;
        if files.last().is_some_and(|last| last.path >= path) {
            return Err(reader.malformed("files are not sorted by path"));
        }
        let stamp = read_stamp(&mut reader, &before)?;
        files.push(IndexedFile { path, stamp, content: reader.digest()? });
        before = stamp;
    }
    reader.digest()?;
    reader.end()?;
    Ok(SourceIndex { files })
}

fn read_path(reader: &mut Reader<'_>) -> Result<TreePath, DecodeError> {
    Ok(TreePath::new(reader.prefixed()?)?)
}

fn read_stamp(reader: &mut Reader<'_>, before: &Stamp) -> Result<Stamp, DecodeError> {
    Ok(Stamp {
        size: reader.varint()?,
        modified_ns: before.modified_ns.wrapping_add(reader.signed()?),
        changed_ns: before.changed_ns.wrapping_add(reader.signed()?),
        inode: before.inode.wrapping_add(reader.signed()? as u64),
        device: before.device.wrapping_add(reader.signed()? as u64),
    })
}
