//! Writing a pack, front to back, without seeking.

use std::io::{self, Write};

use dray_model::Digest;

use super::{PackedChunk, trailer_bytes};

/// Appends chunks to one pack.
pub struct PackWriter<W> {
    out: W,
    hasher: blake3::Hasher,
    index: Vec<u8>,
    chunks: u64,
    position: u64,
}

/// A pack that is written completely.
#[derive(Debug)]
pub struct FinishedPack<W> {
    /// Where it was written.
    pub out: W,
    /// BLAKE3 of its bytes: its name.
    pub digest: Digest,
    /// Its length in bytes.
    pub size: u64,
}

impl<W: Write> PackWriter<W> {
    /// Begins a pack with its header.
    ///
    /// # Errors
    /// When `out` can't be written.
    pub fn new(out: W) -> io::Result<Self> {
        let mut writer = Self { out, hasher: blake3::Hasher::new(), index: Vec::new(), chunks: 0, position: 0 };
        writer.put(&super::header())?;
        Ok(writer)
    }

    /// Appends a chunk whose plain bytes have this digest and length; `stored` is compressed when it is shorter.
    ///
    /// # Errors
    /// When the pack can't be written.
    pub fn append(&mut self, digest: Digest, length: u32, stored: &[u8]) -> io::Result<PackedChunk> {
        let stored_length = u32::try_from(stored.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
        let chunk = PackedChunk { digest, offset: self.position, stored_length, length };
        self.put(stored)?;
        super::put_index_entry(&mut self.index, &digest, stored_length, length);
        self.chunks += 1;
        Ok(chunk)
    }

    /// The length that the pack would have with another chunk of `stored` bytes.
    #[must_use]
    pub fn size_with(&self, stored: u64) -> u64 {
        self.position + stored + trailer_bytes(self.chunks + 1)
    }

    /// Whether it holds no chunk yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.chunks == 0
    }

    /// Writes index and footer.
    ///
    /// # Errors
    /// When the pack can't be written.
    pub fn finish(mut self) -> io::Result<FinishedPack<W>> {
        let trailer = super::trailer(&self.index, self.chunks);
        self.put(&trailer)?;
        self.out.flush()?;
        Ok(FinishedPack { out: self.out, digest: self.hasher.finalize().into(), size: self.position })
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)?;
        self.hasher.update(bytes);
        self.position += bytes.len() as u64;
        Ok(())
    }
}
