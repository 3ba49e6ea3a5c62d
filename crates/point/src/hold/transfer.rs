//! Brings one object here: resumed where an earlier try broke off, hashed as it comes, in its place only when its digest is right.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::{Bytes, BytesMut};
use dray_client::content::{self, FetchError};
use dray_content::ObjectName;
use dray_model::Digest;

use super::reconcile::Fetch;
use crate::config::Clock;
use crate::error::PointError;
use crate::folder::{Folder, HeldObject};

/// Bytes that are written at once; what a crash may lose.
const WRITE_BYTES: usize = 1 << 20;
/// Bytes that are read at once when an earlier try is hashed.
const READ_BYTES: usize = 256 << 10;

/// Why a transfer ended without the object. What came stays for the next try.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TransferError {
    /// No source served it.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The folder could not take it.
    #[error(transparent)]
    Folder(#[from] PointError),
    /// The runtime is shutting down.
    #[error("the transfer was stopped")]
    Stopped(#[from] tokio::task::JoinError),
}

/// A transfer to be carried out.
pub(super) struct Transfer {
    pub(super) folder: Arc<Folder>,
    pub(super) sources: content::Fetch,
    pub(super) fetch: Fetch,
    /// Bytes that are here, for reports.
    pub(super) done: Arc<AtomicU64>,
    pub(super) clock: Clock,
}

impl Transfer {
    /// Carries it out. When this is dropped, the next try goes on from what was written.
    pub(super) async fn run(self) -> Result<HeldObject, TransferError> {
        let Fetch { object, bytes } = self.fetch;
        let mut partial = self.open().await?;
        // What an earlier try left may be bad without any source of now being to blame.
        let mut is_resumed = partial.length > 0;
        let mut reader = self.sources.read(object, partial.length, bytes);
        loop {
            partial = self.fill(partial, &mut reader).await?;
            if partial.digest() == object.digest() {
                return self.install(partial).await;
            }
            tracing::warn!(%object, is_resumed, "the received bytes do not match their digest; downloading them again");
            partial = on_blocking(object, &self.folder, partial, Partial::restart).await?;
            if is_resumed {
                is_resumed = false;
                reader = self.sources.read(object, 0, bytes);
            } else {
                reader.discard(0, "they do not match their digest");
            }
        }
    }

    async fn open(&self) -> Result<Partial, TransferError> {
        let (folder, object, limit) = (Arc::clone(&self.folder), self.fetch.object, self.fetch.bytes);
        let path = folder.partial(&object);
        let opened = tokio::task::spawn_blocking(move || Partial::open(&path, limit)).await?;
        Ok(opened.map_err(PointError::folder("open", folder.partial(&object)))?)
    }

    async fn fill(&self, mut partial: Partial, reader: &mut content::ObjectReader) -> Result<Partial, TransferError> {
        let object = self.fetch.object;
        let mut buffer = BytesMut::with_capacity(WRITE_BYTES);
        self.done.store(partial.length, Ordering::Relaxed);
        loop {
            let piece = reader.next().await;
            let more = matches!(piece, Ok(Some(_)));
            if let Ok(Some(piece)) = &piece {
                buffer.extend_from_slice(&piece.bytes);
                self.done.fetch_add(piece.bytes.len() as u64, Ordering::Relaxed);
            }
            // Also when no source has the rest: then the next try need not fetch this again.
            if !buffer.is_empty() && (buffer.len() >= WRITE_BYTES || !more) {
                let bytes = buffer.split().freeze();
                partial = on_blocking(object, &self.folder, partial, move |partial| partial.append(&bytes)).await?;
            }
            if piece?.is_none() {
                return Ok(partial);
            }
        }
    }

    async fn install(&self, partial: Partial) -> Result<HeldObject, TransferError> {
        let (folder, object, verified_at) = (Arc::clone(&self.folder), self.fetch.object, (self.clock)());
        let bytes = partial.length;
        let install = move || folder.install(&object, &folder.partial(&object), &partial.file, verified_at);
        tokio::task::spawn_blocking(install).await??;
        Ok(HeldObject { bytes, verified_at })
    }
}

async fn on_blocking(
    object: ObjectName,
    folder: &Folder,
    mut partial: Partial,
    work: impl FnOnce(&mut Partial) -> io::Result<()> + Send + 'static,
) -> Result<Partial, TransferError> {
    let done = tokio::task::spawn_blocking(move || work(&mut partial).map(|()| partial)).await?;
    Ok(done.map_err(PointError::folder("write", folder.partial(&object)))?)
}

/// A file on its way, and the hash of what it holds.
struct Partial {
    file: File,
    hasher: blake3::Hasher,
    length: u64,
}

impl Partial {
    /// Opens what an earlier try left, or a new file. More than `limit` bytes can't be right, so they are dropped.
    fn open(path: &std::path::Path, limit: u64) -> io::Result<Self> {
        let file = File::options().create(true).truncate(false).read(true).write(true).open(path)?;
        let mut partial = Self { file, hasher: blake3::Hasher::new(), length: 0 };
        if partial.file.metadata()?.len() > limit {
            partial.restart()?;
        }
        let mut buffer = vec![0; READ_BYTES];
        loop {
            match partial.file.read(&mut buffer)? {
                0 => return Ok(partial),
                count => {
                    partial.hasher.update(&buffer[..count]);
                    partial.length += count as u64;
                }
            }
        }
    }

    fn append(&mut self, bytes: &Bytes) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.hasher.update(bytes);
        self.length += bytes.len() as u64;
        Ok(())
    }

    fn restart(&mut self) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.seek(SeekFrom::Start(0))?;
        self.hasher = blake3::Hasher::new();
        self.length = 0;
        Ok(())
    }

    fn digest(&self) -> Digest {
        self.hasher.finalize().into()
    }
}
