//! Contents read where they are stored: from the chunks in packs, without a tree on disk.
//!
//! For sites and points, which hold packs. Every chunk is checked against its digest before a byte of it is given away. Memory: the
//! chunks that were read last, [`CACHE_BYTES_MAX`] at most.

use std::collections::{HashMap, VecDeque};
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use dray_model::Digest;

use crate::compress::Expander;
use crate::manifest::{Chunk, Manifest};
use crate::read_at::ReadAt;

/// Plain bytes of the chunks that are kept for the next read.
pub const CACHE_BYTES_MAX: usize = 16 << 20;

/// Something that can read ranges of packs.
pub trait Packs: Sync {
    /// Bytes `offset..offset + out.len()` of a pack.
    ///
    /// # Errors
    /// When the pack doesn't exist, can't be read, or is shorter.
    fn read(&self, pack: &Digest, offset: u64, out: &mut [u8]) -> io::Result<()>;
}

/// The contents of a manifest, read from packs.
pub struct Packed<'a> {
    manifest: &'a Manifest,
    packs: &'a dyn Packs,
    cache: Mutex<Cache>,
}

/// One content of a [`Packed`] manifest, readable at random.
#[derive(Clone)]
pub struct PackedContent<'a> {
    packed: &'a Packed<'a>,
    /// Where each piece begins in the content, and after the last one its length.
    starts: Vec<u64>,
    content: Digest,
}

impl<'a> Packed<'a> {
    /// Reads what `manifest` describes from `packs`.
    #[must_use]
    pub fn new(manifest: &'a Manifest, packs: &'a dyn Packs) -> Self {
        Self { manifest, packs, cache: Mutex::default() }
    }

    /// A content; `None` when the manifest doesn't say how it is built.
    #[must_use]
    pub fn content(&'a self, content: &Digest) -> Option<PackedContent<'a>> {
        let mut starts = vec![0];
        let mut at = 0;
        // Nothing has no recipe, and is never missing.
        let pieces = if *content == Digest::of(b"") { Some([].as_slice()) } else { self.manifest.recipe(content) };
        for piece in pieces? {
            at += u64::from(piece.length);
            starts.push(at);
        }
        Some(PackedContent { packed: self, starts, content: *content })
    }

    fn chunk(&self, number: u32) -> io::Result<Arc<Vec<u8>>> {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(plain) = cache.get(number) {
            return Ok(plain);
        }
        let chunk = self.manifest.chunks()[number as usize];
        let plain = Arc::new(self.expand(&chunk, &mut cache)?);
        cache.put(number, Arc::clone(&plain));
        Ok(plain)
    }

    fn expand(&self, chunk: &Chunk, cache: &mut Cache) -> io::Result<Vec<u8>> {
        let pack = self.manifest.pack_of(chunk).digest;
        let mut stored = vec![0; chunk.stored_length as usize];
        self.packs.read(&pack, chunk.offset, &mut stored)?;
        let mut plain = vec![0; chunk.length as usize];
        let expanded = cache.expander()?.expand(&stored, &mut plain);
        if expanded.is_err() || Digest::of(&plain) != chunk.digest {
            let text = format!("the chunk at {} of the pack {pack} is damaged", chunk.offset);
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
        Ok(plain)
    }
}

impl PackedContent<'_> {
    /// Writes all of it.
    ///
    /// # Errors
    /// When a chunk can't be read or is damaged ([`io::ErrorKind::InvalidData`]), the chunks don't make the content (the same), or
    /// `out` can't be written.
    pub fn copy_to(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut hasher = blake3::Hasher::new();
        for piece in self.packed.manifest.recipe(&self.content).into_iter().flatten() {
            let plain = self.packed.chunk(piece.chunk)?;
            let bytes = &plain[piece.offset as usize..][..piece.length as usize];
            hasher.update(bytes);
            out.write_all(bytes)?;
        }
        if Digest::from(hasher.finalize()) == self.content {
            return Ok(());
        }
        let text = format!("the manifest does not build the content {}", self.content.short());
        Err(io::Error::new(io::ErrorKind::InvalidData, text))
    }
}

impl ReadAt for PackedContent<'_> {
    fn length(&self) -> u64 {
        self.starts[self.starts.len() - 1]
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let end = offset.checked_add(out.len() as u64).filter(|end| *end <= self.length());
        if end.is_none() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let pieces = self.packed.manifest.recipe(&self.content).unwrap_or_default();
        let mut number = self.starts.partition_point(|start| *start <= offset) - 1;
        let (mut at, mut rest) = (offset, out);
        while !rest.is_empty() {
            let piece = pieces[number];
            let plain = self.packed.chunk(piece.chunk)?;
            let skip = (at - self.starts[number]) as usize;
            let bytes = &plain[piece.offset as usize..][..piece.length as usize][skip..];
            let length = bytes.len().min(rest.len());
            rest[..length].copy_from_slice(&bytes[..length]);
            rest = &mut rest[length..];
            at += length as u64;
            number += 1;
        }
        Ok(())
    }
}

/// Plain chunks in the order in which they came.
#[derive(Default)]
struct Cache {
    plain: HashMap<u32, Arc<Vec<u8>>>,
    order: VecDeque<u32>,
    bytes: usize,
    expander: Option<Expander>,
}

impl Cache {
    fn expander(&mut self) -> io::Result<&mut Expander> {
        if self.expander.is_none() {
            self.expander = Some(Expander::new()?);
        }
        Ok(self.expander.as_mut().expect("it was made just now"))
    }

    fn get(&self, number: u32) -> Option<Arc<Vec<u8>>> {
        self.plain.get(&number).cloned()
    }

    /// Reads mostly go forward, so what came first goes first.
    fn put(&mut self, number: u32, plain: Arc<Vec<u8>>) {
        self.bytes += plain.len();
        self.plain.insert(number, plain);
        self.order.push_back(number);
        while self.bytes > CACHE_BYTES_MAX && self.order.len() > 1 {
            if let Some(gone) = self.order.pop_front().and_then(|number| self.plain.remove(&number)) {
                self.bytes -= gone.len();
            }
        }
    }
}
