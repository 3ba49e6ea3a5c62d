//! Puts objects into the store, noted before they come, and reads manifests back. Storing an object that is already there costs a look,
//! and a file that is on the store's own file system takes its place there without being copied.

use std::io;
use std::path::PathBuf;

use bytes::Bytes;
use dray_content::{DecodeError, Limits, Manifest, ObjectName, durable};
use dray_model::Digest;
use dray_model::ObjectKind;
use dray_store::content::{StoredObject, damage};
use futures_util::TryStreamExt as _;
use futures_util::stream::FuturesUnordered;
use object_store::path::Path;
use object_store::{MultipartUpload, ObjectStoreExt as _};
use tokio::fs::File;
use tokio::io::AsyncReadExt as _;

use super::{Sweep, failed, location};
use crate::actor::{Actor, Permission};
use crate::error::SiteError;
use crate::site::Site;

/// Bytes of one part: smaller objects are sent whole. S3 wants at least 5 MiB.
const PART_BYTES: usize = 8 << 20;
/// Parts of one object that travel side by side. With the one that is read next they are what an upload keeps in memory.
const PARTS_UNDER_WAY: usize = 2;
/// Bytes that are read from a file at a time.
const READ_BYTES: usize = 1 << 20;

/// Bytes to be stored.
#[derive(Debug, Clone)]
pub(crate) enum Upload {
    /// In memory.
    Bytes(Bytes),
    /// In a durable file of so many bytes, which may be gone afterwards.
    File(PathBuf, u64),
}

impl Upload {
    pub(crate) fn size_bytes(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File(_, size_bytes) => *size_bytes,
        }
    }

    /// What the database says of it.
    pub(crate) fn as_object(&self, name: &ObjectName) -> StoredObject {
        StoredObject { name: name.to_string(), size_bytes: self.size_bytes() }
    }
}

/// Notes what is about to be stored, so that no sweep removes it. False when some of it is just being removed.
pub(crate) async fn begin(site: &Site, uploads: &[(ObjectName, Upload)]) -> Result<bool, SiteError> {
    let mut change = site.change(&Actor::System, Permission::Manage(ObjectKind::Package)).await?;
    let objects: Vec<_> = uploads.iter().map(|(name, upload)| upload.as_object(name)).collect();
    let now = change.now();
    if !dray_store::content::begin_upload(&mut change, &objects, now).await? {
        return Ok(false);
    }
    Sweep::after_uploads(&mut change).await?;
    change.commit_unrecorded().await?;
    Ok(true)
}

/// Stores an object unless it is there. The object has its name only once all of it is stored. One that is known to be damaged is
/// replaced.
pub(crate) async fn store(site: &Site, name: &ObjectName, upload: Upload) -> Result<(), SiteError> {
    if damage::is_damaged(&mut site.db().read().await?, &name.to_string()).await? {
        return replace(site, name, upload).await;
    }
    match site.content().head(&location(name)).await {
        Ok(meta) if meta.size == upload.size_bytes() => Ok(()),
        Ok(_) | Err(object_store::Error::NotFound { .. }) => put(site, name, upload).await,
        Err(error) => Err(failed("look for an object")(error)),
    }
}

/// Puts a good object in the place of a damaged or missing one, and forgets the damage.
pub(crate) async fn replace(site: &Site, name: &ObjectName, upload: Upload) -> Result<(), SiteError> {
    put(site, name, upload).await?;
    let mut change = site.change(&Actor::System, Permission::Manage(ObjectKind::Package)).await?;
    let now = change.now();
    if damage::note_restored(&mut change, &name.to_string(), now).await? {
        tracing::info!(object = %name, "repaired a damaged object of the content store");
    }
    Ok(change.commit_unrecorded().await?)
}

async fn put(site: &Site, name: &ObjectName, upload: Upload) -> Result<(), SiteError> {
    let place = location(name);
    let stored = match upload {
        Upload::Bytes(bytes) => site.content().put(&place, bytes.into()).await.map(drop),
        Upload::File(path, _) if move_in(site, name, &path).await? => Ok(()),
        Upload::File(path, _) => store_file(site, &place, path).await,
    };
    stored.map_err(failed("store an object"))
}

/// Moves the file to its place in a store that is a folder on the same file system; false when the store is none.
async fn move_in(site: &Site, name: &ObjectName, path: &std::path::Path) -> Result<bool, SiteError> {
    let Some(store) = site.config().content.folder_in(site.dir()) else { return Ok(false) };
    let (folder, from) = (store.join(name.folder()), path.to_owned());
    let to = folder.join(name.digest().to_string());
    let moving = tokio::task::spawn_blocking(move || {
        std::fs::create_dir_all(&folder)?;
        match std::fs::rename(from, &to) {
            Err(error) if error.kind() == io::ErrorKind::CrossesDevices => return Ok(false),
            moved => moved?,
        }
        durable::sync_parent(&to).map(|()| true)
    });
    let moved = moving.await.unwrap_or_else(|stopped| Err(io::Error::other(stopped)));
    moved.map_err(|error| failed("store an object")(unreadable(error)))
}

async fn store_file(site: &Site, place: &Path, path: PathBuf) -> Result<(), object_store::Error> {
    let mut file = tokio::fs::File::open(path).await.map_err(unreadable)?;
    file.set_max_buf_size(READ_BYTES);
    let first = read_part(&mut file).await?;
    if first.len() < PART_BYTES {
        return site.content().put(place, first.into()).await.map(drop);
    }
    let mut upload = site.content().put_multipart(place).await?;
    let mut stored = send_parts(upload.as_mut(), first, &mut file).await;
    if stored.is_ok() {
        stored = upload.complete().await.map(drop);
    }
    if stored.is_err() {
        // The first failure is told; an unfinished upload that stays is the store's to forget.
        let _ = upload.abort().await;
    }
    stored
}

async fn send_parts(
    upload: &mut dyn MultipartUpload,
    first: Bytes,
    file: &mut File,
) -> Result<(), object_store::Error> {
    let mut part = first;
    let mut under_way = FuturesUnordered::new();
    while !part.is_empty() {
        under_way.push(upload.put_part(part.into()));
        if under_way.len() == PARTS_UNDER_WAY {
            under_way.try_next().await?;
        }
        part = read_part(file).await?;
    }
    while under_way.try_next().await?.is_some() {}
    Ok(())
}

/// The next part of a file, smaller than [`PART_BYTES`] only at the file's end.
async fn read_part(file: &mut File) -> Result<Bytes, object_store::Error> {
    let mut part = Vec::with_capacity(PART_BYTES);
    file.take(PART_BYTES as u64).read_to_end(&mut part).await.map_err(unreadable)?;
    Ok(part.into())
}

fn unreadable(source: io::Error) -> object_store::Error {
    object_store::Error::Generic { store: "staging", source: Box::new(source) }
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
