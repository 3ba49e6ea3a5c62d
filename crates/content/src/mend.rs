//! Mending: a pack that is damaged or gone is made again from what is left of it and from files that hold the same bytes.
//!
//! Which chunks belong where is told by the pack's own index, when that is whole, else by manifests. Each chunk is taken as it is stored
//! when it still has its digest, else it is compressed again from a file's bytes, which prove themselves by the same digest. Nothing is
//! trusted: a pack counts as mended when all its bytes have the digest of its name, and a file that changed since gives no chunk.

mod gather;

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use dray_model::Digest;

use crate::limits::Limits;
use crate::manifest::Manifest;
use crate::object::ObjectName;
use crate::pack::{self, PackWriter, PackedChunk};
use crate::tree::Tree;
use crate::update::prepare::{Contents, Folder};

use gather::Gather;

/// Files that may hold what a pack lacks.
pub struct Source<'a> {
    manifest: &'a Manifest,
    contents: Box<dyn Contents + 'a>,
}

/// What became of a pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mended {
    /// The new file has the digest of the pack's name.
    Whole,
    /// So many chunks, with so many plain bytes, are nowhere.
    Lacking {
        /// Chunks.
        chunks: u64,
        /// Their bytes.
        bytes: u64,
    },
    /// Its index is damaged, and no manifest lists all that was in it.
    Unlisted,
    /// Everything is there and yet other bytes come out: another release of zstd made it.
    Different,
}

impl<'a> Source<'a> {
    /// The contents of `manifest` in a folder, at the paths that its tree says. They may have changed since.
    #[must_use]
    pub fn folder(root: &Path, manifest: &'a Manifest) -> Self {
        Self { manifest, contents: Box::new(Folder::new(root, manifest.tree())) }
    }

    /// A manifest alone: it tells what is in packs.
    #[must_use]
    pub fn bare(manifest: &'a Manifest) -> Self {
        Self { manifest, contents: Box::new(Folder::new(Path::new(""), &Tree::default())) }
    }
}

/// Writes the pack named `digest` to `out`, an empty file, from what is left in `damaged` and from `sources`. Memory: the index
/// and one chunk.
///
/// # Errors
/// When `out` can't be written. What can't be read of the others counts as not there.
pub fn mend(
    digest: &Digest,
    damaged: Option<File>,
    sources: &[Source<'_>],
    out: &mut File,
    limits: &Limits,
) -> io::Result<Mended> {
    let mut damaged = damaged;
    let of_index = damaged.as_mut().and_then(|file| pack::index(file, limits).ok());
    let Some(chunks) = of_index.or_else(|| listed(digest, sources)) else { return Ok(Mended::Unlisted) };
    let mut gather = Gather::new(damaged, sources, &chunks)?;
    let mut writer = PackWriter::new(&*out)?;
    let (mut lacking, mut bytes) = (0, 0);
    for chunk in &chunks {
        match gather.stored(chunk)? {
            // Once something is lacking nothing needs to be written any more; the rest is counted.
            Some(stored) if lacking == 0 => {
                writer.append(chunk.digest, chunk.length, &stored)?;
            }
            Some(_) => {}
            None => (lacking, bytes) = (lacking + 1, bytes + u64::from(chunk.length)),
        }
    }
    if lacking > 0 {
        return Ok(Mended::Lacking { chunks: lacking, bytes });
    }
    let finished = writer.finish()?;
    if finished.digest != *digest {
        return Ok(Mended::Different);
    }
    out.flush()?;
    out.seek(SeekFrom::Start(0))?;
    let is_whole = ObjectName::Pack(*digest).check(out)?.is_some();
    Ok(if is_whole { Mended::Whole } else { Mended::Different })
}

/// The chunks of a pack by what manifests say of it, when that is everything in it.
fn listed(digest: &Digest, sources: &[Source<'_>]) -> Option<Vec<PackedChunk>> {
    let mut at: HashMap<u64, PackedChunk> = HashMap::new();
    let mut sizes = HashSet::new();
    for source in sources {
        for chunk in source.manifest.chunks() {
            let of = source.manifest.pack_of(chunk);
            if of.digest == *digest {
                sizes.insert(of.size);
                let (offset, stored_length, length) = (chunk.offset, chunk.stored_length, chunk.length);
                at.insert(offset, PackedChunk { digest: chunk.digest, offset, stored_length, length });
            }
        }
    }
    let mut chunks: Vec<_> = at.into_values().collect();
    chunks.sort_unstable_by_key(|chunk| chunk.offset);
    let mut end = pack::HEADER_BYTES;
    for chunk in &chunks {
        if chunk.offset != end {
            return None;
        }
        end += u64::from(chunk.stored_length);
    }
    sizes.contains(&(end + pack::trailer_bytes(chunks.len() as u64))).then_some(chunks)
}

#[cfg(test)]
mod tests;
