//! Puts objects into the store and reads manifests back. Storing an object that is there already costs a look.

use std::io;
use std::path::PathBuf;

use bytes::{Bytes, BytesMut};
use dray_content::{DecodeError, Limits, Manifest, ObjectName};
use dray_model::Digest;
use object_store::ObjectStoreExt as _;
use object_store::buffered::BufWriter;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{failed, location};
use crate::error::SiteError;
use crate::site::Site;

/// Bytes of one part: smaller objects are sent whole.
const PART_BYTES: usize = 8 << 20;
/// Bytes that are read from a file at a time.
const READ_BYTES: usize = 1 << 20;

/// Bytes to be stored.
#[derive(Debug, Clone)]
pub(crate) enum Upload {
    /// In memory.
    Bytes(Bytes),
    /// In a file of so many bytes.
    File(PathBuf, u64),
}

impl Upload {
    pub(crate) fn size_bytes(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File(_, size_bytes) => *size_bytes,
        }
    }
}

/// Stores an object unless it is there. The object has its name only once all of it is stored.
pub(crate) async fn store(site: &Site, name: &ObjectName, upload: Upload) -> Result<(), SiteError> {
    let place = location(name);
    match site.content().head(&place).await {
        Ok(meta) if meta.size == upload.size_bytes() => return Ok(()),
        Ok(_) | Err(object_store::Error::NotFound { .. }) => {}
        Err(error) => return Err(failed("look for an object")(error)),
    }
    match upload {
        Upload::Bytes(bytes) => {
            site.content().put(&place, bytes.into()).await.map_err(failed("store an object"))?;
        }
        Upload::File(path, _) => {
            let mut writer = BufWriter::with_capacity(site.content().clone(), place, PART_BYTES);
            if let Err(error) = copy(path, &mut writer).await {
                // The first failure is told; an unfinished upload that stays is the store's to forget.
                let _ = writer.abort().await;
                return Err(failed("store an object")(error));
            }
        }
    }
    Ok(())
}

async fn copy(path: PathBuf, writer: &mut BufWriter) -> Result<(), object_store::Error> {
    let io = |source: io::Error| object_store::Error::Generic { store: "staging", source: Box::new(source) };
    let mut file = tokio::fs::File::open(path).await.map_err(io)?;
    file.set_max_buf_size(READ_BYTES);
    loop {
        let mut piece = BytesMut::with_capacity(READ_BYTES);
        if file.read_buf(&mut piece).await.map_err(io)? == 0 {
            return writer.shutdown().await.map_err(io);
        }
        writer.put(piece.freeze()).await?;
    }
}

/// Why a manifest can't be read back.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    /// The store.
    #[error("cannot read the manifest {manifest}")]
    Store {
        /// Which.
        manifest: Digest,
        /// Why not.
        #[source]
        source: object_store::Error,
    },
    /// Its bytes.
    #[error("the manifest {manifest} is damaged")]
    Damaged {
        /// Which.
        manifest: Digest,
        /// How.
        #[source]
        source: DecodeError,
    },
}

/// Reads a manifest from the store.
pub(crate) async fn load(site: &Site, content: Digest, manifest: Digest) -> Result<Manifest, LoadError> {
    let unreadable = |source| LoadError::Store { manifest, source };
    let got = site.content().get(&location(&ObjectName::Manifest(manifest))).await.map_err(unreadable)?;
    let bytes = got.bytes().await.map_err(unreadable)?;
    let decoded = tokio::task::spawn_blocking(move || Manifest::decode(&bytes, &content, &Limits::default())).await;
    decoded
        .map_err(|source| unreadable(object_store::Error::JoinError { source }))?
        .map_err(|source| LoadError::Damaged { manifest, source })
}
