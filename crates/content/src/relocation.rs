//! Relocation: a base rewritten as if its code and data lay where the new program has them (`docs/design/0005-relocation.md`).
//!
//! A [`Map`] tells how far each address of the old program has moved. [`Relocated`] is the old program with every reference that can be
//! recognised rewritten by it, readable at random. What is taken for a reference is decided from the old bytes alone, in blocks of
//! 64 KiB, so everybody who has them gets the same base. A wrong guess costs bytes of a difference and nothing else.

mod arm64;
mod block;
mod elf;
mod image;
mod lookup;
mod map;
mod pe;
mod x86_64;

#[cfg(test)]
mod tests;

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use crate::read_at::ReadAt;
use block::BLOCK_BYTES;
use image::Image;
use lookup::Index;

pub use map::Map;

/// Blocks that are kept for the next read: 8 MiB, because runs of a difference lead to and fro in a program.
const CACHED_BLOCKS: usize = 128;

/// A program as a base, relocated.
pub struct Relocated<T> {
    base: T,
    image: Image,
    map: Arc<Map>,
    index: Index,
    /// The blocks that were read last, with their numbers.
    cache: Mutex<Vec<(u64, Vec<u8>)>>,
}

impl<T: ReadAt> Relocated<T> {
    /// Relocates `base` by `map`. What is not a known program stays as it is. Memory: 8 MiB of blocks, and eight bytes for
    /// each function's unwind record.
    ///
    /// # Errors
    /// When `base` can't be read.
    pub fn new(base: T, map: Arc<Map>) -> io::Result<Self> {
        let image = Image::read(&base)?.unwrap_or_default();
        let index = Index::new(&map);
        Ok(Self { base, image, map, index, cache: Mutex::default() })
    }

    /// Gives the bytes of a block to `use_bytes`.
    fn with_block<R>(&self, number: u64, use_bytes: impl FnOnce(&[u8]) -> R) -> io::Result<R> {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, bytes)) = cache.iter().find(|(cached, _)| *cached == number) {
            return Ok(use_bytes(bytes));
        }
        let start = number * BLOCK_BYTES;
        let mut bytes = if cache.len() < CACHED_BLOCKS { Vec::new() } else { cache.remove(0).1 };
        bytes.resize((self.base.length() - start).min(BLOCK_BYTES) as usize, 0);
        self.base.read_at(start, &mut bytes)?;
        block::relocate(&mut bytes, start, &self.image, &self.map, &self.index);
        let result = use_bytes(&bytes);
        cache.push((number, bytes));
        Ok(result)
    }
}

impl<T: ReadAt> ReadAt for Relocated<T> {
    fn length(&self) -> u64 {
        self.base.length()
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let end = offset.checked_add(out.len() as u64).filter(|end| *end <= self.length());
        if end.is_none() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let (mut at, mut rest) = (offset, out);
        while !rest.is_empty() {
            let skip = (at % BLOCK_BYTES) as usize;
            let length = rest.len().min(BLOCK_BYTES as usize - skip);
            let (now, later) = rest.split_at_mut(length);
            self.with_block(at / BLOCK_BYTES, |bytes| now.copy_from_slice(&bytes[skip..skip + length]))?;
            (at, rest) = (at + length as u64, later);
        }
        Ok(())
    }
}

/// All of `old`, relocated: what [`Relocated`] gives.
#[must_use]
pub fn relocate(old: &[u8], map: &Map) -> Vec<u8> {
    let mut bytes = old.to_vec();
    if let Ok(Some(image)) = Image::read(&old) {
        let index = Index::new(map);
        for (number, bytes) in bytes.chunks_mut(BLOCK_BYTES as usize).enumerate() {
            block::relocate(bytes, number as u64 * BLOCK_BYTES, &image, map, &index);
        }
    }
    bytes
}
